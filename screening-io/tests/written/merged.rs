//! Parts that were screened apart give the files of one screening of all.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::date;
use polars::prelude::*;
use screening_core::instrument::Library;
use screening_core::screening::{
    Batch, Battery, Interpretation, Licences, ScreeningInput, ScreeningResult, WaveSettings, pupils_from_frame, screen,
};
use screening_core::tally::WaveTally;
use screening_io::output::{read_tally, write_merged, write_outputs};

use crate::{BATTERY, policy};

/// Schools of 60 pupils each. A school is the same whatever others are there.
fn wave(schools: &[usize], district: &str) -> ScreeningResult {
    let library = Library::bundled().expect("library");
    let policy = policy();
    let (mut ids, mut names, mut sexes, mut grades, mut sheets) = (vec![], vec![], vec![], vec![], vec![]);
    let mut codes: Vec<Vec<i8>> = vec![Vec::new(); 16];
    for school in schools {
        let mut state = 11 + *school as u64;
        let mut draw = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        for at in 0..60_usize {
            ids.push(format!("{school}-{at}"));
            names.push(format!("school {school}"));
            sexes.push(if draw(2) == 0 { "female" } else { "male" });
            grades.push(7 + (at / 30) as i32);
            let mood = draw(9);
            if at % 12 == 5 {
                continue;
            }
            sheets.push(format!("{school}-{at}"));
            for (item, codes) in codes.iter_mut().enumerate() {
                codes.push(if item == 8 { i8::from(draw(15) == 0) } else { ((mood + draw(3)) / 3) as i8 });
            }
        }
    }
    let roster = df![
        "student_id" => &ids, "school" => names, "grade" => grades, "class" => vec!["1"; ids.len()], "sex" => sexes,
    ]
    .expect("roster");
    let mut frame = df!["student_id" => sheets].expect("sheets");
    let items = (1..=9).map(|n| format!("phq-9.{n}")).chain((1..=7).map(|n| format!("gad-7.{n}")));
    for (item, codes) in items.zip(codes) {
        frame.with_column(Column::new(item.into(), codes)).expect("column");
    }
    let mut wave = WaveSettings::new("2026-autumn", date(2026, 10, 12));
    district.clone_into(&mut wave.district);
    screen(ScreeningInput {
        roster: pupils_from_frame(&roster).expect("pupils"),
        batches: vec![Batch { battery: Battery::from_toml(BATTERY).expect("battery"), sheets: frame }],
        wave,
        library: &library,
        policy: &policy,
        licences: Licences::default(),
        scoring: indexmap::IndexMap::default(),
        interpretation: Interpretation::default(),
    })
    .expect("screening")
}

/// Writes the outputs of a screening of these schools.
fn run(out: &Path, schools: &[usize], district: &str) {
    let result = wave(schools, district);
    write_outputs(out, &result, &policy(), &[], &BTreeMap::new(), &|_| {}).expect("outputs");
}

/// Puts folders of outputs together.
fn merge(out: &Path, parts: &[&Path]) -> Vec<std::path::PathBuf> {
    let read: Vec<_> = parts.iter().map(|part| read_tally(part).expect("tally")).collect();
    let mut whole: WaveTally = read[0].0.clone();
    read[1..].iter().for_each(|(tally, _)| whole.merge(tally).expect("merge"));
    let parts: Vec<_> = read.into_iter().map(|(_, part)| part).collect();
    write_merged(out, &whole, &parts).expect("merged")
}

#[test]
fn schools_that_were_screened_apart_give_the_files_of_their_district() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name);
    run(&at("whole"), &[1, 2, 3, 4], "d");
    run(&at("a"), &[3], "d");
    run(&at("b"), &[1, 4], "d");
    run(&at("c"), &[2], "d");
    merge(&at("ab"), &[&at("a"), &at("b")]);
    merge(&at("merged"), &[&at("c"), &at("ab")]);
    for file in
        ["tally.json", "coverage.csv", "published/aggregates.csv", "published/schools.csv", "published/schools.svg"]
    {
        let read = |folder: &str| std::fs::read_to_string(at(folder).join(file)).expect(file);
        assert_eq!(read("merged"), read("whole"), "{file}");
    }
    let json = |folder: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(at(folder).join("summary.json")).expect("summary")).expect("json")
    };
    let (merged, whole) = (json("merged"), json("whole"));
    for key in ["coverage", "tiers", "flagged", "critical", "rows", "flagged_without_sheet"] {
        let of = |own: &serde_json::Value| own.get(key).cloned().unwrap_or_else(|| 0.into());
        assert_eq!(of(&merged), of(&whole), "{key}");
    }
    assert_eq!(merged["parts"].as_array().map(Vec::len), Some(2));
    assert!(merged["parts"][0]["sha256"].as_str().is_some_and(|hash| hash.len() == 64));
    let norms = std::fs::read(at("merged").join("norms/phq-9.json")).expect("norms");
    let norms: screening_core::norms::NormState = serde_json::from_slice(&norms).expect("a state");
    assert_eq!((norms.rows(), norms.used()), (240, 220));
}

#[test]
fn districts_stand_beside_each_other_and_their_schools_do_not_mix() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name);
    run(&at("north"), &[1, 2], "north");
    run(&at("south"), &[1, 3], "south");
    let written = merge(&at("both"), &[&at("south"), &at("north")]);
    assert!(written.iter().any(|path| path.ends_with("published/districts.svg")));
    let coverage = std::fs::read_to_string(at("both").join("coverage.csv")).expect("coverage");
    let lines: Vec<&str> = coverage.trim_start_matches('\u{feff}').lines().collect();
    assert!(lines[0].starts_with("level,district,school,grade,class,enrolled,valid"), "{}", lines[0]);
    assert!(lines[1].starts_with("all,,,,,240,220"), "{}", lines[1]);
    assert!(lines[2].starts_with("district,north,,,,120,110"), "{}", lines[2]);
    let both_have = lines.iter().filter(|line| line.contains(",school 1,,,")).count();
    assert_eq!(both_have, 2, "a school of the same name in each");
    let counts = std::fs::read_to_string(at("both").join("published/aggregates.csv")).expect("aggregates");
    let heading = counts.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    assert!(heading.starts_with("level,district,grade,sex,measure"), "{heading}");
    assert!(counts.lines().any(|line| line.starts_with("district,north,,,status,")), "{counts}");
    assert!(!counts.contains("school 1"));
}

#[test]
fn what_is_no_tally_is_refused_with_the_file() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("tally.json");
    std::fs::write(&path, "{\"schema\": 1}").expect("file");
    let refused = read_tally(&path).expect_err("half a file");
    assert_eq!(refused.id(), "tally-unreadable");
    assert!(refused.to_string().contains("tally.json") && refused.to_string().contains("rests-on"), "{refused}");
    assert_eq!(read_tally(&folder.path().join("none")).expect_err("none").id(), "file-unreadable");
}
