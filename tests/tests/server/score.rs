//! What is answered.

use screening_core::answers::{Context, Sex};
use screening_core::instrument::{Language, Library};
use screening_core::norms::NormSet;
use screening_core::risk::{OneSheet, Policy, propose_one};
use screening_core::scoring::{Scorer, Sheet};
use screening_core::validity::{SheetFacts, ValidityCheck, ValidityPlan};
use serde_json::{Value, json};

use crate::client::{SHARED, numbered};

/// The same on every machine: without the version of the engine and the hashes of definitions.
fn stable(mut value: Value) -> String {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(entries) => {
                for (key, entry) in entries.iter_mut() {
                    match (key.as_str(), &*entry) {
                        ("hash" | "engine" | "request_id", Value::String(_)) => *entry = "...".into(),
                        _ => walk(entry),
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(walk),
            Value::String(text) => {
                if let Some((citation, hash)) = text.split_once('+')
                    && citation.contains('@')
                    && hash.len() >= 12
                {
                    let rest = hash.get(12..).unwrap_or_default();
                    *text = format!("{citation}+...{rest}");
                }
            }
            _ => {}
        }
    }
    walk(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

#[test]
fn a_whole_sheet() {
    let body =
        format!(r#"{{"answers": {}, "context": {{"sex": "female", "grade": 8}}}}"#, numbered(&[2, 2, 1, 1, 1, 2, 1]));
    let answer = SHARED.post("/api/v1/score/gad-7", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("content-language"), Some("en"));
    insta::assert_snapshot!(stable(answer.json()));
}

#[test]
fn chinese_is_the_default() {
    let body = format!(r#"{{"answers": {}, "explain": false}}"#, numbered(&[0, 0, 0, 0, 0, 0, 0, 0, 2]));
    let answer =
        SHARED.ask("POST", "/api/v1/score/phq-9", &[("content-type", "application/json")], Some(body.as_bytes()));
    assert_eq!(answer.header("content-language"), Some("zh-CN"));
    insta::assert_snapshot!(stable(answer.json()));
}

#[test]
fn a_critical_answer_is_told_before_the_sheet_is_finished() {
    let body = r#"{"partial": true, "answers": {"1": 3, "9": 1}, "explain": false}"#;
    let answer = SHARED.post("/api/v1/score/phq-9", body).json();
    assert_eq!(answer["scores"]["total"]["value"], Value::Null);
    assert_eq!(answer["scores"]["total"]["range"], json!([4, 25]));
    assert_eq!(answer["scores"]["total"]["missing"], json!(["2", "3", "4", "5", "6", "7", "8"]));
    assert_eq!(answer["critical"][0]["flag"], "item-9");
    assert_eq!(answer["validity"].get("verdict"), None, "nothing is said of a sheet that is not finished");
    assert_eq!(answer["partial"], true);
}

#[test]
fn what_is_missing_is_said_and_nothing_is_guessed() {
    let body = r#"{"answers": {"1": 3, "2": null, "3": {"missing": "refused"}, "4": 3, "5": 3, "6": 3, "7": 3}, "explain": false}"#;
    let total = &SHARED.post("/api/v1/score/gad-7", body).json()["scores"]["total"];
    assert_eq!(total["value"], Value::Null);
    assert_eq!(total["range"], json!([15, 21]));
    assert_eq!(total["band"]["id"], "severe", "whatever the two answers were");
    assert_eq!((&total["reason"], &total["missing"]), (&json!("missing-answers"), &json!(["2", "3"])));
}

#[test]
fn a_battery_with_policy_norms_and_validity() {
    let phq = numbered(&[2, 2, 1, 1, 1, 2, 1, 0, 1]);
    let gad = numbered(&[3, 3, 3, 2, 2, 2, 1]);
    let scl = numbered(&[2; 90]);
    let body = format!(
        r#"{{"answers": {{"phq-9": {phq}, "gad-7": {gad}, "scl-90": {scl}}},
            "context": {{"sex": "male", "birth_date": "2012-05-04", "administered_on": "2026-09-15", "grade": 9}},
            "policy": "district-default", "norms": ["scl-90-cn-1986"], "validity": "district-default",
            "duration_s": 60, "explain": false}}"#
    );
    let answer = SHARED.post("/api/v1/score", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["sheets"].as_object().unwrap().keys().collect::<Vec<_>>(), ["phq-9", "gad-7", "scl-90"]);
    let norms = answer["sheets"]["scl-90"]["norms"].as_array().unwrap();
    assert!(!norms.is_empty() && norms.iter().all(|norm| norm["z"].is_number() || norm["no_norm"].is_string()));
    assert_eq!(answer["critical"][0]["instrument"], "phq-9");
    assert!(answer["sheets"]["scl-90"]["validity"]["verdict"].is_string());
    // The proposal is that of the engine.
    let library = Library::bundled().unwrap();
    let context = Context { sex: Some(Sex::Male), grade: Some(9), age_months: Some(14 * 12 + 4) };
    let codes: [(&str, &[i8]); 3] =
        [("phq-9", &[2, 2, 1, 1, 1, 2, 1, 0, 1]), ("gad-7", &[3, 3, 3, 2, 2, 2, 1]), ("scl-90", &[2; 90])];
    let scorers = codes.map(|(id, _)| Scorer::new(library.get(id).unwrap()).unwrap());
    let sheets: Vec<Sheet> = scorers
        .iter()
        .zip(codes)
        .map(|(scorer, (_, codes))| Sheet::from_codes(scorer.instrument(), codes).unwrap())
        .collect();
    let scores: Vec<_> = scorers.iter().zip(&sheets).map(|(scorer, sheet)| scorer.score(sheet, &context)).collect();
    let plan = ValidityPlan::bundled("district-default").unwrap().unwrap();
    let judged: Vec<_> = scorers
        .iter()
        .zip(&sheets)
        .zip(&scores)
        .map(|((scorer, sheet), scores)| {
            let facts = SheetFacts::default().with_sheet_scores(scores).with_durations(vec![Some(60.0)], 9 + 7 + 90);
            ValidityCheck::new(&plan, scorer.instrument(), &[]).unwrap().sheet(sheet, &facts, None).unwrap()
        })
        .collect();
    let one: Vec<OneSheet<'_>> = sheets
        .iter()
        .zip(&scores)
        .zip(&judged)
        .map(|((sheet, scores), judged)| OneSheet { sheet, scores, judged: Some(judged) })
        .collect();
    let set = NormSet::bundled("scl-90-cn-1986").unwrap().unwrap();
    let policy = Policy::bundled("district-default").unwrap().unwrap();
    let proposal = propose_one(&policy, &one, &[&set], &context).unwrap();
    assert_eq!(answer["proposal"]["tier"], proposal.tier);
    assert_eq!(answer["proposal"]["severity"], proposal.severity);
    assert_eq!(answer["proposal"]["reasons"], proposal.reasons(Language::En));
    assert_eq!(answer["proposal"]["evidence"].as_array().map(Vec::len), Some(proposal.evidence.len()));
    assert_eq!(answer["proposal"]["urgent"], policy.tier(&proposal.tier).unwrap().urgent);
    for (id, report) in ["phq-9", "gad-7", "scl-90"].iter().zip(&judged) {
        assert_eq!(answer["sheets"][id]["validity"]["verdict"], report.verdict(0).word());
    }
    let rests_on = &answer["provenance"];
    assert_eq!(rests_on["policy"], policy.citation());
    assert_eq!((&rests_on["norms"][0], &rests_on["validity"]), (&set.citation().into(), &plan.citation().into()));
}

#[test]
fn numbers_and_times_of_day_are_answers_too() {
    let definition = SHARED.get("/api/v1/instruments/psqi").json();
    let mut answers = serde_json::Map::new();
    // To bed in the evening, up in the morning, seven hours of sleep.
    let mut clocks = ["22:30", "06:30"].iter().cycle();
    for item in definition["definition"]["items"].as_array().unwrap() {
        let value = match item["kind"].as_str() {
            Some("clock") => json!(clocks.next()),
            Some("number") => json!(7),
            _ => json!(0),
        };
        answers.insert(item["id"].as_str().unwrap().to_owned(), value);
    }
    let answer = SHARED.post("/api/v1/score/psqi", &json!({ "answers": answers, "explain": false }).to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert!(answer["scores"]["global"]["value"].is_number(), "{}", answer["scores"]);
}

#[test]
fn another_cutoff_set_and_a_named_version() {
    let answers = numbered(&[1; 7]);
    let ask = |target: &str, more: &str| {
        let answer = SHARED.post(target, &format!(r#"{{"answers": {answers}, "explain": false{more}}}"#));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let plain = ask("/api/v1/score/gad-7", "");
    let other = ask("/api/v1/score/gad-7", r#", "cutoffs": {"total": "hong-kong-7"}"#);
    assert_ne!(plain["cutoffs"]["total"], "hong-kong-7");
    assert_eq!(other["cutoffs"]["total"], "hong-kong-7");
    assert_ne!(plain["scores"]["total"]["band"], other["scores"]["total"]["band"]);
    let version = plain["version"].as_str().unwrap();
    assert_eq!(ask(&format!("/api/v1/score/gad-7@{version}"), ""), plain);
    assert_eq!(ask(&format!("/api/v1/score/gad-7?version={version}"), ""), plain);
    let citation = plain["provenance"]["instruments"][0].as_str().unwrap();
    assert_eq!(ask(&format!("/api/v1/score/{citation}"), ""), plain);
}

#[test]
fn what_can_be_scored_with() {
    let all = SHARED.get("/api/v1/instruments").json();
    assert!(all.as_array().unwrap().len() > 100);
    let some = SHARED.get("/api/v1/instruments?construct=anxiety&grade=8&licence=free").json();
    let ids: Vec<&str> = some.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"gad-7") && !ids.contains(&"psqi") && ids.len() < 60);
    let gad = SHARED.get("/api/v1/instruments/gad-7").json();
    assert_eq!(gad["definition"]["items"].as_array().unwrap().len(), 7);
    assert_eq!(gad["versions"][0], gad["definition"]["version"]);
    let policies = SHARED.get("/api/v1/policies").json();
    assert!(policies[0]["tiers"].as_array().is_some_and(|tiers| tiers.len() > 3));
    let id = policies[0]["id"].as_str().unwrap();
    assert!(SHARED.get(&format!("/api/v1/policies/{id}")).json()["definition"]["rules"].is_array());
    for list in ["norms", "validity-plans"] {
        let list = SHARED.get(&format!("/api/v1/{list}")).json();
        assert!(list.as_array().is_some_and(|list| !list.is_empty()));
    }
}
