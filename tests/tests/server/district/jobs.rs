//! Uploads, the computation of a wave, histories.

use serde_json::{Value, json};
use std::fmt::Write as _;

use super::{Events, class_list, definition, done, ended, released, roster, upload};
use crate::store::on_both;
use crate::store::world::{World, good, text};

on_both!(an_upload_becomes_results, what_waits_finds_its_pupil, a_closed_wave_keeps_its_class_list);

/// A table of answers: student id, code of every item, code of the ninth.
pub(super) fn table(rows: &[(&str, i64, i64)]) -> String {
    let mut csv = String::from("student_id");
    (1..=9).for_each(|item| write!(csv, ",phq-9.{item}").unwrap());
    (1..=7).for_each(|item| write!(csv, ",gad-7.{item}").unwrap());
    csv.push('\n');
    for (id, code, ninth) in rows {
        csv.push_str(id);
        (1..=8).for_each(|_| write!(csv, ",{code}").unwrap());
        write!(csv, ",{ninth}").unwrap();
        (1..=7).for_each(|_| write!(csv, ",{code}").unwrap());
        csv.push('\n');
    }
    csv
}

/// Pupils 1 to 9.
pub(super) fn nine(world: &World) {
    let names: Vec<(String, String)> = (1..=9).map(|at| (at.to_string(), format!("marker-name-{at}"))).collect();
    let list: Vec<(&str, &str)> = names.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    roster(world, "", &class_list(&list));
}

pub(super) const ROWS: [(&str, i64, i64); 8] =
    [("1", 0, 0), ("2", 3, 3), ("3", 1, 0), ("4", 2, 0), ("5", 0, 1), ("6", 1, 0), ("7", 2, 0), ("8", 3, 0)];

fn an_upload_becomes_results(world: &World) {
    nine(world);
    let id = released(world, &definition("2026-autumn"));
    let target = format!("/api/v1/screenings/{id}/answers?source=table&file=../../marker-path/table.csv");
    let first = good(&upload(world, &world.officer, &target, table(&ROWS).as_bytes()));
    assert_eq!(first["file_name"], "table.csv");
    let job = text(&first["id"]);
    let report = done(world, &job);
    assert_eq!(
        (&report["rows"], &report["new"], &report["waiting"], &report["alerts"]),
        (&8.into(), &8.into(), &0.into(), &2.into()),
        "{report:#}"
    );
    let again = upload(world, &world.officer, &target, table(&ROWS).as_bytes());
    assert_eq!((again.status, text(&again.json()["id"])), (200, job), "the same file is the same job");
    let wave = text(&report["wave_job"]);
    let mut events =
        Events::open(&world.server, &format!("/api/v1/jobs/{wave}/stream"), &[("cookie", world.officer.cookie())]);
    while events.next().1 != "ended" {}
    let report = done(world, &wave);
    assert_eq!(report["summary"]["coverage"]["valid"], 8, "{:#}", report["summary"]["coverage"]);
    let files: Vec<String> = report["files"].as_array().unwrap().iter().map(text).collect();
    for file in ["results.csv", "results.parquet", "alerts.xlsx", "coverage.csv", "rejected.csv", "summary.json"] {
        assert!(files.iter().any(|known| known == file), "{file}: {files:?}");
    }
    let csv = world.get(&world.officer, &format!("/api/v1/jobs/{wave}/files/results.csv"));
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(csv.text().lines().count(), 10, "headings, and a row a pupil");
    assert!(!csv.text().contains("marker-name"));
    world.get(&world.officer, &format!("/api/v1/jobs/{wave}/files/upload")).refused(404, "not-in-scope", None);
    // Whoever hands in files sees that a wave was computed, and not what it found.
    let examiner = world.token("examiner", &world.district);
    let seen = good(&world.machine("GET", &examiner, &format!("/api/v1/jobs/{wave}"), None));
    assert_eq!((&seen["state"], &seen["report"]), (&"done".into(), &Value::Null));
    // The most urgent first, within the scope.
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    let results = good(&world.get(&counsellor, &format!("/api/v1/screenings/{id}/results")));
    let results = results.as_array().unwrap();
    assert_eq!((results.len(), &results[0]["tier"]), (9, &"today".into()), "{results:#?}");
    let total = |result: &Value| result["result"]["phq-9.total"].as_i64();
    assert!(results.iter().take(2).any(|result| total(result) == Some(27)), "{results:#?}");
    let elsewhere = world.person("elsewhere", "counsellor", &world.there.id);
    assert_eq!(good(&world.get(&elsewhere, &format!("/api/v1/screenings/{id}/results"))), json!([]));
    world.get(&elsewhere, &format!("/api/v1/jobs/{wave}")).refused(404, "not-in-scope", None);
    let pupil = text(&results[0]["pupil"]);
    let history = good(&world.get(&counsellor, &format!("/api/v1/pupils/{pupil}/history")));
    assert_eq!(history["waves"].as_array().unwrap().len(), 1);
    world.get(&elsewhere, &format!("/api/v1/pupils/{pupil}/history")).refused(404, "not-in-scope", None);
}

fn what_waits_finds_its_pupil(world: &World) {
    let id = released(world, &definition("2026-autumn"));
    let target = format!("/api/v1/screenings/{id}/answers?source=table&file=t.csv");
    let job = good(&upload(world, &world.officer, &target, table(&ROWS).as_bytes()));
    let report = done(world, &text(&job["id"]));
    assert_eq!(
        (&report["waiting"], &report["new"], &report["alerts"]),
        (&8.into(), &0.into(), &2.into()),
        "{report:#}"
    );
    // A critical answer is told before anybody knows whose it is.
    let alerts = good(&world.get(&world.officer, "/api/v1/alerts"));
    assert_eq!((alerts.as_array().unwrap().len(), &alerts[0]["pupil"]), (2, &Value::Null));
    let inbox = format!("/api/v1/screenings/{id}/inbox?state=waiting");
    assert_eq!(good(&world.get(&world.officer, &inbox)).as_array().unwrap().len(), 8);
    let csv = class_list(&[("2", "b"), ("5", "e")]);
    let report = roster(world, "", &csv);
    assert_eq!(report["sheets_matched"], 2, "{report:#}");
    assert_eq!(good(&world.get(&world.officer, &inbox)).as_array().unwrap().len(), 6);
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    let alerts = good(&world.get(&counsellor, "/api/v1/alerts"));
    assert_eq!(alerts.as_array().unwrap().len(), 2, "now the school sees them: {alerts}");
}

#[test]
fn a_job_is_cancelled_and_a_wrong_file_is_told() {
    let world = World::sqlite();
    nine(&world);
    let id = released(&world, &definition("2026-autumn"));
    let target = format!("/api/v1/screenings/{id}/answers?source=table");
    let job = good(&upload(&world, &world.officer, &target, b"student_id,phq-9.1\n1,0\n"));
    let failed = ended(&world, &text(&job["id"]));
    assert_eq!(
        (&failed["state"], &failed["problem"]["type"]),
        (&"failed".into(), &"/problems/file-refused".into()),
        "{failed:#}"
    );
    upload(&world, &world.officer, &format!("/api/v1/screenings/{id}/answers?source=nowhere"), b"x").refused(
        404,
        "unknown-source",
        None,
    );
    upload(&world, &world.officer, "/api/v1/screenings/nowhere/answers?source=table", b"x").refused(
        404,
        "not-in-scope",
        None,
    );
    // Queued behind another, it is cancelled before it begins, or at its next step.
    let first = good(&upload(&world, &world.officer, &target, table(&ROWS).as_bytes()));
    let second = good(&upload(&world, &world.officer, &target, table(&ROWS[..3]).as_bytes()));
    let second = text(&second["id"]);
    good(&world.send("DELETE", &world.officer, &format!("/api/v1/jobs/{second}"), &json!({}), &[]));
    let state = ended(&world, &second)["state"].clone();
    assert!(state == "cancelled" || state == "done", "{state}");
    done(&world, &text(&first["id"]));
    let jobs = good(&world.get(&world.officer, "/api/v1/jobs"));
    assert!(jobs.as_array().unwrap().len() >= 4);
}

#[test]
fn a_closed_wave_is_scored_again_and_stays_what_it_is() {
    let world = World::sqlite();
    nine(&world);
    let id = released(&world, &definition("2026-autumn"));
    let target = format!("/api/v1/screenings/{id}/answers?source=table");
    let job = good(&upload(&world, &world.officer, &target, table(&ROWS).as_bytes()));
    done(&world, &text(&done(&world, &text(&job["id"]))["wave_job"]));
    let target = format!("/api/v1/screenings/{id}/rescore");
    let again = |body: &Value| world.post(&world.officer, &target, body);
    again(&json!({})).refused(409, "not-now", None);
    good(&world.post(&world.officer, &format!("/api/v1/screenings/{id}/close"), &json!({})));
    again(&json!({ "norms": 1 })).refused(422, "wrong-type", Some("/norms"));
    let same = done(&world, &text(&good(&again(&json!({})))["id"]));
    assert_eq!((&same["pupils"], &same["same"], &same["different"]), (&9.into(), &9.into(), &0.into()), "{same:#}");
    let before = world.get(&world.officer, &format!("/api/v1/screenings/{id}/results")).text();
    let job = text(&good(&again(&json!({ "policy": "phq-9-gad-7", "validity": "district-default" })))["id"]);
    let other = done(&world, &job);
    assert!(
        other["different"].as_i64() > Some(0) && other["before"]["policy"] != other["after"]["policy"],
        "{other:#}"
    );
    let csv = world.get(&world.officer, &format!("/api/v1/jobs/{job}/files/differences.csv")).text();
    assert!(csv.lines().count() > 1, "{csv}");
    assert_eq!(world.get(&world.officer, &format!("/api/v1/screenings/{id}/results")).text(), before);
    let failed = ended(&world, &text(&good(&again(&json!({ "policy": "nowhere" })))["id"]));
    assert_eq!(failed["problem"]["type"], "/problems/invalid-screening", "{failed:#}");
}

/// A year later others are enrolled; the wave is still about those who were.
fn a_closed_wave_keeps_its_class_list(world: &World) {
    nine(world);
    let id = released(world, &definition("2026-autumn"));
    let target = format!("/api/v1/screenings/{id}/answers?source=table");
    let job = good(&upload(world, &world.officer, &target, table(&ROWS).as_bytes()));
    let first = done(world, &text(&done(world, &text(&job["id"]))["wave_job"]));
    let results = || world.get(&world.officer, &format!("/api/v1/screenings/{id}/results")).json();
    let before = results();
    let next_year = class_list(&[("1", "marker-name-1"), ("2", "marker-name-2"), ("20", "marker-name-20")]);
    let later = next_year.replace(",7,2,", ",8,2,");
    good(&world.post(&world.officer, &format!("/api/v1/screenings/{id}/close"), &json!({})));
    let report = roster(world, "&whole_schools=true", &later);
    assert!(report["left"].as_i64() > Some(0), "{report:#}");
    let job = good(&world.post(&world.officer, &format!("/api/v1/screenings/{id}/compute"), &json!({})));
    let again = done(world, &text(&job["id"]));
    assert_eq!(again["summary"]["coverage"], first["summary"]["coverage"]);
    let after = results();
    let told = |results: &Value| -> Vec<(String, String)> {
        let one = |row: &Value| (text(&row["pupil"]), text(&row["status"]));
        results.as_array().unwrap().iter().map(one).collect()
    };
    assert_eq!((told(&after).len(), told(&after)), (9, told(&before)));
    // A wave that is still open is about those of today.
    let open = released(world, &definition("2027-autumn"));
    let job = good(&world.post(&world.officer, &format!("/api/v1/screenings/{open}/compute"), &json!({})));
    let today = done(world, &text(&job["id"]));
    assert_eq!(today["summary"]["coverage"]["enrolled"], 3, "{:#}", today["summary"]["coverage"]);
}

#[test]
fn a_later_wave_is_compared_with_the_one_before() {
    let world = World::sqlite();
    nine(&world);
    let compute = |id: &str| {
        let job = good(&world.post(&world.officer, &format!("/api/v1/screenings/{id}/compute"), &json!({})));
        done(&world, &text(&job["id"]))
    };
    let import = |id: &str, rows: &[(&str, i64, i64)]| {
        let target = format!("/api/v1/screenings/{id}/answers?source=table");
        let job = good(&upload(&world, &world.officer, &target, table(rows).as_bytes()));
        let report = done(&world, &text(&job["id"]));
        done(&world, &text(&report["wave_job"]))
    };
    let mut spring = definition("2026-spring");
    spring["administered-on"] = json!("2026-04-13");
    let spring = released(&world, &spring);
    import(&spring, &ROWS);
    let mut autumn = definition("2026-autumn");
    autumn["earlier"] = json!(["2026-spring"]);
    let autumn = released(&world, &autumn);
    // Only what is closed is compared with.
    let job = good(&world.post(&world.officer, &format!("/api/v1/screenings/{autumn}/compute"), &json!({})));
    assert_eq!(ended(&world, &text(&job["id"]))["problem"]["type"], "/problems/earlier-wave");
    good(&world.post(&world.officer, &format!("/api/v1/screenings/{spring}/close"), &json!({})));
    let better: Vec<(&str, i64, i64)> = ROWS.iter().map(|(id, _, _)| (*id, 0, 0)).collect();
    let target = format!("/api/v1/screenings/{autumn}/answers?source=table");
    let job = good(&upload(&world, &world.officer, &target, table(&better).as_bytes()));
    done(&world, &text(&job["id"]));
    let report = compute(&autumn);
    assert_eq!(report["summary"]["provenance"]["earlier"][0]["wave"], "2026-spring", "{report:#}");
    let results = good(&world.get(&world.officer, &format!("/api/v1/screenings/{spring}/results")));
    let pupil = text(&results[0]["pupil"]);
    let history = good(&world.get(&world.officer, &format!("/api/v1/pupils/{pupil}/history")));
    let waves = history["waves"].as_array().unwrap();
    assert_eq!((waves.len(), &waves[0]["wave"], &waves[1]["wave"]), (2, &"2026-spring".into(), &"2026-autumn".into()));
    let later = waves[1]["result"].as_object().unwrap();
    let earlier = waves[0]["result"]["phq-9.total"].as_f64();
    assert_eq!((later["phq-9.total.before"].as_f64(), &later["phq-9.total"]), (earlier, &0.into()));
    assert!(later.contains_key("phq-9.total.course"), "{:?}", later.keys().collect::<Vec<_>>());
}
