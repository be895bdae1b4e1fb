//! Pushes of survey platforms, and what their exports say later.

use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::fmt::Write as _;

use super::{class_list, definition, done, released, roster, upload};
use crate::client::Answer;
use crate::store::on_both;
use crate::store::world::{World, good, text};

on_both!(
    pushes_are_signed_and_there_once,
    an_answer_of_tencent_is_changed_and_deleted,
    what_could_not_be_read_is_read_again
);

/// Columns of both instruments from a first number on.
fn mapping(prefix: &str, first: usize, person: &str) -> Value {
    let columns =
        |from: usize, count: usize| (from..from + count).map(|at| format!("{prefix}{at}")).collect::<Vec<_>>();
    json!({
        "schema": 1,
        "person": { "student_id": person },
        "instruments": {
            "phq-9": { "columns": columns(first, 9), "coding": "score" },
            "gad-7": { "columns": columns(first + 9, 7), "coding": "score" },
        },
    })
}

fn with_source(platform: &str, mapping: &Value) -> Value {
    let mut definition = definition("2026-autumn");
    definition["sources"]["export"] = json!({ "same-as": platform, "read": { "battery": "junior", "format": "survey",
        "coding": "score", "student-id": "学号" } });
    definition["sources"][platform] =
        json!({ "platform": platform, "read": { "battery": "junior" }, "mapping": mapping });
    definition
}

fn address(world: &World, id: &str, source: &str, secret: Option<&str>) -> String {
    let body = json!({ "source": source, "secret": secret });
    text(&good(&world.post(&world.officer, &format!("/api/v1/screenings/{id}/pushes"), &body))["path"])
}

fn wjx(index: u32, joinid: u32, student: &str, code: i64, ninth: i64) -> Value {
    let sign = data_encoding::HEXLOWER.encode(&Sha1::digest(format!("55{index}key")));
    let mut body = json!({ "activity": "55", "name": "marker-title", "index": index.to_string(), "joinid": joinid.to_string(),
        "timetaken": "128", "submittime": "2026-10-13 10:01:59", "q1": student, "sign": sign });
    for at in 2..=17 {
        body[format!("q{at}")] = json!(if at == 10 { ninth } else { code }.to_string());
    }
    body
}

fn send(world: &World, path: &str, body: &Value) -> Answer {
    world.server.post(path, &body.to_string())
}

fn pushes_are_signed_and_there_once(world: &World) {
    roster(world, "", &class_list(&[("1", "a"), ("2", "b")]));
    let id = released(world, &with_source("wenjuanxing", &mapping("q", 2, "q1")));
    let target = format!("/api/v1/screenings/{id}/pushes");
    world.post(&world.officer, &target, &json!({ "source": "table" })).refused(422, "unknown-source", Some("/source"));
    world.post(&world.officer, &target, &json!({ "source": "wenjuanxing" })).refused(
        422,
        "missing-key",
        Some("/secret"),
    );
    let path = address(world, &id, "wenjuanxing", Some("key"));
    let push = |body: &Value| text(&good(&send(world, &path, body))["taken"]);
    assert_eq!(push(&wjx(1, 100, "1", 1, 0)), "new");
    assert_eq!(push(&wjx(1, 100, "1", 1, 0)), "same");
    assert_eq!(push(&wjx(1, 100, "1", 2, 0)), "changed");
    assert_eq!(push(&wjx(2, 101, "77", 0, 1)), "waiting");
    let mut unreadable = wjx(3, 102, "2", 0, 0);
    unreadable.as_object_mut().unwrap().remove("q5");
    assert_eq!(push(&unreadable), "kept");
    let mut forged = wjx(4, 103, "2", 0, 0);
    forged["sign"] = json!("00");
    send(world, &path, &forged).refused(401, "push-signature", None);
    send(world, &path, &json!({ "activity": "55" })).refused(422, "push-unreadable", None);
    send(world, "/api/v1/push/wenjuanxing/0000", &forged).refused(404, "not-found", None);
    send(world, &path.replace("wenjuanxing", "tencent"), &forged).refused(404, "not-found", None);
    let alerts = good(&world.get(&world.officer, "/api/v1/alerts"));
    assert_eq!(
        (alerts.as_array().unwrap().len(), &alerts[0]["pupil"]),
        (1, &Value::Null),
        "also of a pupil nobody knows"
    );
    // The export says what was pushed, what was lost, and what differs.
    let mut csv = String::from("序号,提交答卷时间,所用时间,来源,来源详情,来自IP,1、学号");
    (2..=17).for_each(|at| write!(csv, ",{at}、x{at}").unwrap());
    csv.push('\n');
    for (index, student, code) in [("1", "1", 2), ("9", "2", 1)] {
        write!(csv, "{index},2026/10/13 10:01:59,128秒,微信,N/A,1.1.1.1(广东-广州),{student}").unwrap();
        (2..=17).for_each(|at| write!(csv, ",{}", if at == 10 { 0 } else { code }).unwrap());
        csv.push('\n');
    }
    let job =
        good(&upload(world, &world.officer, &format!("/api/v1/screenings/{id}/answers?source=export"), csv.as_bytes()));
    let report = done(world, &text(&job["id"]));
    let reconciled = &report["reconciliation"];
    assert_eq!((&reconciled["same"], &reconciled["different"]), (&1.into(), &json!([])), "{report:#}");
    assert_eq!(reconciled["uploaded_only"], json!(["wenjuanxing:9"]), "{report:#}");
    assert_eq!(reconciled["pushed_only"], json!(["wenjuanxing:2", "wenjuanxing:3"]), "{report:#}");
    // A new address takes the place of the old.
    address(world, &id, "wenjuanxing", Some("key"));
    send(world, &path, &wjx(1, 100, "1", 2, 0)).refused(404, "not-found", None);
}

fn tencent(action: &str, code: i64) -> Value {
    let option = |at: i64| json!({ "id": format!("o-{at}"), "text": at.to_string(), "checked": i64::from(at == code) });
    let question = |at: usize| json!({ "id": format!("q-{at}"), "type": "radio", "options": [option(0), option(1), option(2), option(3)] });
    let mut questions = vec![json!({ "id": "q-1", "type": "text", "text": "1" })];
    questions.extend((2..=17).map(question));
    json!({ "id": "33cc", "object": "Answer", "action": action, "payload": { "survey_id": 5, "answer_id": 7,
        "ended_at": "2026-10-13 11:58:39", "duration": 189, "answer": [{ "id": "p-1", "questions": questions }] } })
}

fn an_answer_of_tencent_is_changed_and_deleted(world: &World) {
    roster(world, "", &class_list(&[("1", "a")]));
    let id = released(world, &with_source("tencent", &mapping("q-", 2, "q-1")));
    let path = address(world, &id, "tencent", None);
    let push = |body: &Value| text(&good(&send(world, &path, body))["taken"]);
    let answered = || {
        let completion = good(&world.get(&world.officer, &format!("/api/v1/screenings/{id}/completion")));
        completion["classes"].as_array().unwrap().iter().map(|class| class["answered"].as_i64().unwrap()).sum::<i64>()
    };
    assert_eq!(push(&json!({ "action": "ping" })), "ignored");
    assert_eq!(push(&tencent("answer.delete", 0)), "ignored");
    assert_eq!(push(&tencent("answer.create", 1)), "new");
    assert_eq!(push(&tencent("answer.update", 2)), "changed");
    assert_eq!(answered(), 1);
    assert_eq!(push(&tencent("answer.delete", 2)), "deleted");
    assert_eq!(answered(), 0);
    assert_eq!(push(&tencent("answer.create", 2)), "changed", "it is there again, and what it was is kept");
    assert_eq!(answered(), 1);
    let alerts = good(&world.get(&world.officer, "/api/v1/alerts"));
    assert_eq!(alerts.as_array().unwrap().len(), 1, "an alert outlasts the answer: {alerts}");
}

/// A mapping that names a column which the survey does not have: everything is kept, and read when the mapping is corrected.
fn what_could_not_be_read_is_read_again(world: &World) {
    roster(world, "", &class_list(&[("1", "a"), ("2", "b")]));
    let wrong = mapping("q", 3, "q1");
    let right = mapping("q", 2, "q1");
    let id = released(world, &with_source("wenjuanxing", &wrong));
    let path = address(world, &id, "wenjuanxing", Some("key"));
    let push = |body: &Value| text(&good(&send(world, &path, body))["taken"]);
    assert_eq!(
        [push(&wjx(1, 100, "1", 1, 0)), push(&wjx(2, 101, "2", 0, 1)), push(&wjx(3, 102, "3", 0, 2))],
        ["kept"; 3]
    );
    let mut broken = wjx(4, 103, "2", 0, 0);
    broken.as_object_mut().unwrap().remove("q5");
    assert_eq!(push(&broken), "kept");
    let alerts = || good(&world.get(&world.officer, "/api/v1/alerts")).as_array().unwrap().len();
    assert_eq!(alerts(), 0, "nobody can tell what was answered");
    let retry = format!("/api/v1/screenings/{id}/inbox/retry");
    let tried = |tried: i64, read: i64, matched: i64, waiting: i64, unreadable: i64| json!({ "tried": tried, "read": read, "matched": matched, "waiting": waiting, "unreadable": unreadable });
    assert_eq!(good(&world.post(&world.officer, &retry, &json!({}))), tried(4, 0, 0, 0, 4), "nothing has changed");
    // What may be corrected is how answers are read, and nothing else.
    let target = |source: &str| format!("/api/v1/screenings/{id}/sources/{source}");
    let put = |source: &str, body: &Value| world.send("PUT", &world.officer, &target(source), body, &[]);
    let source = |platform: &str, battery: &str| json!({ "platform": platform, "read": { "battery": battery }, "mapping": right });
    put("nowhere", &source("wenjuanxing", "junior")).refused(404, "unknown-source", None);
    put("wenjuanxing", &source("tencent", "junior")).refused(422, "invalid-screening", None);
    put("wenjuanxing", &source("wenjuanxing", "senior")).refused(422, "invalid-screening", None);
    put("wenjuanxing", &json!({ "platform": "wenjuanxing", "marker": 1 })).refused(422, "invalid-screening", None);
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    world.send("PUT", &counsellor, &target("wenjuanxing"), &source("wenjuanxing", "junior"), &[]).refused(
        403,
        "forbidden",
        None,
    );
    assert_eq!(good(&put("wenjuanxing", &source("wenjuanxing", "junior"))), tried(4, 3, 2, 1, 1));
    assert_eq!(alerts(), 2, "critical answers are told, also of a pupil nobody knows");
    let screening = good(&world.get(&world.officer, &format!("/api/v1/screenings/{id}")));
    crate::documents::check(&screening, "Screening");
    assert_eq!(screening["source_changes"][0]["source"], "wenjuanxing");
    assert_eq!(
        screening["definition"]["sources"]["wenjuanxing"]["mapping"], wrong,
        "what was released stays as it was"
    );
    let completion = good(&world.get(&world.officer, &format!("/api/v1/screenings/{id}/completion")));
    assert_eq!(
        completion["classes"][0]["answered"].as_i64().unwrap()
            + completion["classes"][1]["answered"].as_i64().unwrap_or(0),
        2
    );
    // The platform sends it once more: it is the same. What is corrected there is read now.
    assert_eq!(push(&wjx(1, 100, "1", 1, 0)), "same");
    assert_eq!(push(&wjx(4, 103, "2", 0, 0)), "new");
    let report = roster(world, "", &class_list(&[("1", "a"), ("2", "b"), ("3", "c")]));
    assert_eq!(report["sheets_matched"], 1, "{report:#}");
    assert_eq!(good(&world.post(&world.officer, &retry, &json!({}))), tried(0, 0, 0, 0, 0));
    good(&world.post(&world.officer, &format!("/api/v1/screenings/{id}/close"), &json!({})));
    world.post(&world.officer, &retry, &json!({})).refused(409, "screening-not-open", None);
}
