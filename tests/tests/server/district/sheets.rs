//! Class lists, screenings, sheets and drafts.

use serde_json::json;

use super::{answers, class_list, definition, done, released, roster, upload};
use crate::store::on_both;
use crate::store::world::{World, good, text};

on_both!(a_class_list_tells_who_joined_moved_and_left, a_sheet_is_there_once, drafts_give_way_to_later_ones);

fn a_class_list_tells_who_joined_moved_and_left(world: &World) {
    let first = roster(world, "", &class_list(&[("1", "marker-name-a"), ("2", "b"), ("3", "c")]));
    assert_eq!(
        (&first["joined"], &first["left"], &first["classes_added"]),
        (&3.into(), &0.into(), &1.into()),
        "{first:#}"
    );
    let again = roster(world, "&dry_run=false", &class_list(&[("1", "marker-name-a"), ("2", "b"), ("3", "c")]));
    assert_eq!((&again["joined"], &again["unchanged"], &again["left"]), (&0.into(), &3.into(), &0.into()));
    // Only tell.
    let without = class_list(&[("1", "marker-name-a"), ("4", "d")]);
    let told = roster(world, "&dry_run=true", &without);
    assert_eq!((&told["joined"], &told["left"]), (&1.into(), &2.into()));
    let after = roster(world, "", &without);
    assert_eq!(
        (&after["joined"], &after["left"], &after["unchanged"]),
        (&1.into(), &2.into(), &1.into()),
        "the try changed nothing"
    );
    let moved = without.replace("1,marker-name-a,School S01,7,2,", "1,marker-name-a,School S01,7,3,");
    let moved = roster(world, "", &moved);
    assert_eq!((&moved["moved"], &moved["classes_added"], &moved["left"]), (&1.into(), &1.into(), &0.into()));
    // Somebody comes back; a row without a grade is told; a column that nobody needs is not read.
    let csv =
        "student_id,name,school,grade,class,家庭住址\n2,b,School S01,7,2,x\n4,d,School S01,7,2,x\n9,e,School S01,,,x\n";
    let back = roster(world, "", csv);
    assert_eq!((&back["returned"], &back["rejected"]), (&1.into(), &1.into()), "{back:#}");
    assert_eq!(back["ignored_columns"][0], "家庭住址");
    assert!(!back.to_string().contains("marker-name"), "a report names nobody");
    // A file that is no class list.
    let job = good(&upload(world, &world.officer, "/api/v1/rosters?file=x.csv", b"a,b\n1,2\n"));
    let ended = super::ended(world, &text(&job["id"]));
    assert_eq!(
        (&ended["state"], &ended["problem"]["type"]),
        (&"failed".into(), &"/problems/file-refused".into()),
        "{ended:#}"
    );
}

#[test]
fn a_school_uploads_its_own_list_and_no_other() {
    let world = World::sqlite();
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    let csv = "student_id,name,school,grade,class\n1,a,School S01,7,2\n2,b,School S02,7,2\n";
    let job = good(&upload(&world, &counsellor, "/api/v1/rosters?file=list.csv", csv.as_bytes()));
    let report = done(&world, &text(&job["id"]));
    assert_eq!(
        (&report["joined"], &report["rejected"], &report["schools_added"]),
        (&1.into(), &1.into(), &0.into()),
        "{report:#}"
    );
    assert_eq!(report["notices"][0]["id"], "roster-school");
    let teacher = world.person("teacher", "class-teacher", &world.here.class);
    upload(&world, &teacher, "/api/v1/rosters", csv.as_bytes()).refused(403, "forbidden", None);
}

#[test]
fn a_screening_is_frozen_when_it_is_released() {
    let world = World::sqlite();
    let officer = &world.officer;
    let wrong = |mut definition: serde_json::Value, key: &str, value: serde_json::Value| {
        definition[key] = value;
        world.post(officer, "/api/v1/screenings", &definition)
    };
    wrong(definition("w"), "wavve", json!(1)).refused(422, "invalid-screening", None);
    wrong(definition("w"), "batteries", json!([])).refused(422, "invalid-screening", None);
    let id = text(&good(&wrong(definition("2026-autumn"), "policy", json!("nowhere")))["id"]);
    world.post(officer, "/api/v1/screenings", &definition("2026-autumn")).refused(409, "already-there", None);
    let target = format!("/api/v1/screenings/{id}");
    let sheet = json!({ "student_id": "1", "answers": answers(0, 0) });
    let put = |body: &serde_json::Value| world.send("PUT", officer, &format!("{target}/sheets/s1"), body, &[]);
    put(&sheet).refused(409, "screening-not-open", None);
    world.post(officer, &format!("{target}/release"), &json!({})).refused(422, "invalid-screening", None);
    good(&world.send("PUT", officer, &target, &definition("2026-autumn"), &[]));
    let released = good(&world.post(officer, &format!("{target}/release"), &json!({})));
    assert!(released["frozen"]["policy"].as_str().unwrap().starts_with("district-default@"), "{released}");
    assert_eq!(released["frozen"]["instruments"].as_array().unwrap().len(), 2);
    world.send("PUT", officer, &target, &definition("2026-autumn"), &[]).refused(409, "not-now", None);
    world.post(officer, &format!("{target}/release"), &json!({})).refused(409, "not-now", None);
    assert_eq!(good(&world.post(officer, &format!("{target}/close"), &json!({})))["state"], "closed");
    put(&sheet).refused(409, "screening-not-open", None);
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    world.post(&counsellor, "/api/v1/screenings", &definition("x")).refused(403, "forbidden", None);
}

fn a_sheet_is_there_once(world: &World) {
    roster(world, "", &class_list(&[("1", "a"), ("2", "b")]));
    let id = released(world, &definition("2026-autumn"));
    let form = world.token("examiner", &world.here.id);
    let target = format!("/api/v1/screenings/{id}/sheets/sheet-1");
    let put = |target: &str, body: &serde_json::Value| world.machine("PUT", &form, target, Some(body));
    let sheet = json!({ "student_id": "1", "answers": answers(1, 0), "duration_s": 61.5 });
    let receipt = good(&put(&target, &sheet));
    assert_eq!((&receipt["taken"], &receipt["outside_window"]), (&"new".into(), &false.into()));
    assert!(!receipt.to_string().contains("scores"), "a form is told nothing of what the sheet says");
    assert_eq!(good(&put(&target, &sheet))["taken"], "same");
    let other = json!({ "student_id": "1", "answers": answers(2, 0) });
    put(&target, &other).refused(409, "sheet-differs", None);
    let late = json!({ "student_id": "2", "answers": answers(1, 0), "administered_on": "2026-12-01" });
    assert_eq!(good(&put(&format!("/api/v1/screenings/{id}/sheets/sheet-2"), &late))["outside_window"], true);
    // Everything that is wrong is told with its place.
    let wrong = |body: serde_json::Value, status: u16, kind: &str, pointer: Option<&str>| {
        put(&format!("/api/v1/screenings/{id}/sheets/sheet-3"), &body).refused(status, kind, pointer);
    };
    wrong(json!({ "answers": answers(0, 0) }), 422, "missing-key", Some("/student_id"));
    wrong(json!({ "student_id": "77", "answers": answers(0, 0) }), 422, "not-in-scope", Some("/student_id"));
    wrong(
        json!({ "student_id": "1", "pupil": "x", "answers": answers(0, 0) }),
        422,
        "conflicting-keys",
        Some("/pupil"),
    );
    wrong(json!({ "student_id": "1", "answers": {} }), 422, "no-sheet", Some("/answers"));
    wrong(json!({ "student_id": "1", "answers": { "mht": {} } }), 422, "unknown-instrument", Some("/answers/mht"));
    wrong(
        json!({ "student_id": "1", "answers": { "gad-7": answers(0, 0)["gad-7"] } }),
        422,
        "missing-key",
        Some("/answers/phq-9"),
    );
    let mut out_of_range = answers(0, 0);
    out_of_range["gad-7"]["3"] = json!(9);
    wrong(json!({ "student_id": "1", "answers": out_of_range }), 422, "answer-not-allowed", Some("/answers/gad-7/3"));
    put(&format!("/api/v1/screenings/{id}/sheets/a.b"), &sheet).refused(422, "invalid-id", None);
    // The same scores as without a store.
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    let scored = good(&world.get(&counsellor, &target));
    let body = json!({ "answers": answers(1, 0), "policy": "district-default",
        "duration_s": 61.5, "context": { "sex": "female", "grade": 7, "birth_date": "2013-05-04", "administered_on": "2026-10-12" } });
    let without = good(&world.server.post("/api/v1/score", &body.to_string()));
    assert_eq!(scored["sheets"], without["sheets"]);
    assert_eq!(scored["proposal"], without["proposal"]);
    world.machine("GET", &form, &target, None).refused(403, "forbidden", None);
    let elsewhere = world.person("elsewhere", "counsellor", &world.there.id);
    world.get(&elsewhere, &target).refused(404, "not-in-scope", None);
    let there = world.token("examiner", &world.there.id);
    world.machine("PUT", &there, &target, Some(&sheet)).refused(422, "not-in-scope", Some("/student_id"));
}

fn drafts_give_way_to_later_ones(world: &World) {
    roster(world, "", &class_list(&[("1", "a")]));
    let id = released(world, &definition("2026-autumn"));
    let form = world.token("examiner", &world.here.id);
    let target = format!("/api/v1/screenings/{id}/sheets/s1/draft");
    let save = |revision: i64, body: serde_json::Value| {
        let body = json!({ "student_id": "1", "answers": body, "revision": revision });
        world.machine("PUT", &form, &target, Some(&body))
    };
    assert_eq!(good(&save(1, json!({})))["saved"], true);
    assert_eq!(good(&save(3, json!({ "gad-7": { "1": 2 } })))["saved"], true);
    assert_eq!(good(&save(2, json!({ "gad-7": { "1": 0 } })))["saved"], false, "it came late");
    save(4, json!({ "gad-7": { "1": 9 } })).refused(422, "answer-not-allowed", Some("/answers/gad-7/1"));
    let draft = good(&world.machine("GET", &form, &target, None));
    assert_eq!((&draft["revision"], &draft["answers"]), (&3.into(), &json!({ "gad-7": { "1": 2 } })));
    let completion = good(&world.get(&world.officer, &format!("/api/v1/screenings/{id}/completion")));
    let class = completion["classes"].as_array().unwrap().iter().find(|class| class["begun"] == 1).unwrap().clone();
    assert_eq!((&class["enrolled"], &class["answered"]), (&1.into(), &0.into()));
    let sheet = json!({ "student_id": "1", "answers": answers(0, 0) });
    good(&world.machine("PUT", &form, &target.replace("/draft", ""), Some(&sheet)));
    assert_eq!(good(&save(9, json!({})))["saved"], false, "it was handed in");
    world.machine("GET", &form, &target, None).refused(404, "not-in-scope", None);
    // The class teacher sees counts and who is missing, and nothing else.
    let teacher = world.person("teacher", "class-teacher", &text(&class["class"]));
    let seen =
        good(&world.get(&teacher, &format!("/api/v1/screenings/{id}/completion?class={}", text(&class["class"]))));
    assert_eq!((&seen["classes"][0]["answered"], &seen["waiting"]), (&1.into(), &json!([])));
    assert_eq!(seen["classes"].as_array().unwrap().len(), 1, "no other class");
    for closed in [
        format!("/api/v1/screenings/{id}/results"),
        format!("/api/v1/screenings/{id}/sheets/s1"),
        "/api/v1/alerts".to_owned(),
    ] {
        world.get(&teacher, &closed).refused(403, "forbidden", None);
    }
}

#[test]
fn many_save_at_once_and_all_are_there() {
    let world = World::sqlite();
    let pupils: Vec<(String, String)> = (0..40).map(|at| (format!("p{at}"), format!("n{at}"))).collect();
    let list: Vec<(&str, &str)> = pupils.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    roster(&world, "", &class_list(&list));
    let id = released(&world, &definition("2026-autumn"));
    let form = world.token("examiner", &world.here.id);
    std::thread::scope(|scope| {
        for (student, _) in &pupils {
            let (world, form, id) = (&world, &form, &id);
            scope.spawn(move || {
                for revision in 1..=5 {
                    let body = json!({ "student_id": student, "answers": { "gad-7": { "1": revision % 4 } }, "revision": revision });
                    let target = format!("/api/v1/screenings/{id}/sheets/of-{student}/draft");
                    assert_eq!(good(&world.machine("PUT", form, &target, Some(&body)))["saved"], true);
                }
            });
        }
    });
    for (student, _) in &pupils {
        let target = format!("/api/v1/screenings/{id}/sheets/of-{student}/draft");
        let draft = good(&world.machine("GET", &form, &target, None));
        assert_eq!((&draft["revision"], &draft["answers"]["gad-7"]["1"]), (&5.into(), &1.into()));
    }
}
