//! Survey exports: one truth, many ways to write it.

mod common;

use common::{FROM_ONE, FROM_ZERO, codes, csv_bytes, headings, instrument, mixed_kinds, sheet, texts, xlsx_bytes};
use polars::prelude::DataFrame;
use screening_core::instrument::{Definition, ItemKind, Language, Library};
use screening_io::{Coding, FoundBy, Ground, InstrumentPart, Scope, SurveySpec, read_survey_bytes};

/// Codes of a few pupils on an instrument coded from 0; all options occur.
const TRUTH: [[i8; 4]; 5] = [[0, 1, 2, 3], [3, 0, 0, 1], [2, 2, 1, 0], [1, 3, 3, 2], [0, 0, 0, 0]];

fn spec<'a>(definitions: &[&'a Definition]) -> SurveySpec<'a> {
    SurveySpec { instruments: definitions.iter().map(|d| InstrumentPart::new(d)).collect(), ..SurveySpec::default() }
}

fn write(answer: i8, coding: Coding) -> String {
    match coding {
        Coding::Text => FROM_ZERO[answer as usize].1.to_owned(),
        Coding::Ordinal => (answer + 1).to_string(),
        Coding::Score => answer.to_string(),
    }
}

fn rows(coding: Coding) -> Vec<Vec<String>> {
    let mut rows = vec![headings(4)];
    for (n, codes) in TRUTH.iter().enumerate() {
        let answers: Vec<String> = codes.iter().map(|code| write(*code, coding)).collect();
        rows.push(sheet(n + 1, &format!("2024000{n}"), &answers));
    }
    rows
}

fn table_of(items: usize, answers: &[&[&str]]) -> Vec<Vec<String>> {
    let mut out = vec![headings(items)];
    for (n, row) in answers.iter().enumerate() {
        out.push(sheet(n + 1, &format!("{n}"), &row.iter().map(ToString::to_string).collect::<Vec<_>>()));
    }
    out
}

fn without_file(frame: &DataFrame) -> DataFrame {
    frame.drop("source_file").unwrap()
}

#[test]
fn three_codings_and_every_kind_of_file_give_the_same_frame() {
    let mood = instrument("mood", 4, &FROM_ZERO);
    let mut frames = Vec::new();
    for coding in Coding::ALL {
        let rows = rows(coding);
        let csv = csv_bytes(&rows);
        let text = String::from_utf8(csv.clone()).unwrap();
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let files = [
            ("a.xlsx", xlsx_bytes(&rows)),
            ("utf8.csv", csv.clone()),
            ("bom.csv", [&[0xef, 0xbb, 0xbf][..], &csv].concat()),
            ("gbk.csv", encoding_rs::GBK.encode(&text).0.into_owned()),
            ("gb18030.csv", encoding_rs::GB18030.encode(&text).0.into_owned()),
            ("utf16.csv", utf16),
        ];
        for (name, bytes) in files {
            let answers = read_survey_bytes(name, &bytes, &spec(&[&mood])).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(answers.codings[0].coding, coding, "{name}");
            assert_eq!(answers.codings[0].ground, Ground::Answers);
            assert!(answers.rejected.is_empty(), "{:?}", answers.rejected);
            frames.push((name, coding, without_file(&answers.frame)));
        }
    }
    let (_, _, first) = &frames[0];
    for (name, coding, frame) in &frames {
        assert!(frame.equals_missing(first), "{name} {coding:?}\n{frame}\n{first}");
    }
    for item in 0..4 {
        let expected: Vec<Option<i8>> = TRUTH.iter().map(|row| Some(row[item])).collect();
        assert_eq!(codes(first, &format!("mood.{}", item + 1)), expected);
    }
    let names: Vec<&str> = first.get_column_names().iter().map(|name| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "source_row",
            "sheet_id",
            "student_id",
            "class",
            "administered_on",
            "submitted_at",
            "duration_s",
            "mood.1",
            "mood.2",
            "mood.3",
            "mood.4"
        ]
    );
    assert_eq!(texts(first, "submitted_at")[0].as_deref(), Some("2026-09-03 12:00:00"));
}

#[test]
fn five_metadata_columns_a_total_and_every_separator() {
    let mood = instrument("mood", 4, &FROM_ZERO);
    for mark in ["、", ".", "．", ":", "：", ". "] {
        let mut rows = rows(Coding::Score);
        for (n, row) in rows.iter_mut().enumerate() {
            row.remove(4);
            let total: i8 = if n == 0 { 0 } else { TRUTH[n - 1].iter().sum() };
            row.insert(5, if n == 0 { "总分".to_owned() } else { total.to_string() });
        }
        for heading in &mut rows[0][6..] {
            *heading = heading.replacen('、', mark, 1);
        }
        let answers = read_survey_bytes("a.csv", &csv_bytes(&rows), &spec(&[&mood])).unwrap();
        assert_eq!(answers.frame.height(), 5, "{mark}");
    }
}

#[test]
fn several_instruments_follow_one_another_also_beyond_question_100() {
    let first = instrument("first", 60, &FROM_ZERO);
    let second = instrument("second", 60, &FROM_ONE);
    let mut rows = vec![headings(120)];
    for n in 0..10 {
        let mut answers: Vec<String> = (0..60).map(|item| ((item + n) % 4).to_string()).collect();
        answers.extend((0..60).map(|item| ((item + n) % 5 + 1).to_string()));
        rows.push(sheet(n + 1, &n.to_string(), &answers));
    }
    let bytes = xlsx_bytes(&rows);
    let answers = read_survey_bytes("a.xlsx", &bytes, &spec(&[&first, &second])).unwrap();
    assert_eq!(codes(&answers.frame, "second.60")[0], Some(5));
    assert_eq!(answers.codings[1].ground, Ground::Same);
    let mut stated = spec(&[&second]);
    stated.instruments[0] = stated.instruments[0].starting_at(64);
    let only = read_survey_bytes("a.xlsx", &bytes, &stated).unwrap();
    assert_eq!(codes(&only.frame, "second.60"), codes(&answers.frame, "second.60"));
    assert_eq!((only.ignored.len(), only.codings[0].found_by), (60, FoundBy::Number));
    // The wrong instrument has another number of questions.
    assert_eq!(read_survey_bytes("a.xlsx", &bytes, &spec(&[&first])).unwrap_err().id(), "layout-count");
}

#[test]
fn kinds_of_missing_and_cells_that_are_no_answers() {
    let mood = instrument("mood", 4, &FROM_ZERO);
    let rows = table_of(
        4,
        &[
            &["0", "(空)", "-2", ""],
            &["(跳过)", "-3", "拒答", "3"],
            &["7", "0", "1", "2"],
            &["0", "text", "1┋2", "0"],
            &["0", "0", "1", "3"],
            &["0", "2", "1", "0"],
            &["0", "0", "1", "3"],
            &["0", "0", "1", "3"],
            &["0", "0", "1", "3"],
        ],
    );
    for (name, bytes) in [("a.csv", csv_bytes(&rows)), ("a.xlsx", xlsx_bytes(&rows))] {
        let answers = read_survey_bytes(name, &bytes, &spec(&[&mood])).unwrap();
        let column = |n: usize| codes(&answers.frame, &format!("mood.{n}"))[..4].to_vec();
        assert_eq!(column(1), [Some(0), Some(-126), Some(-125), Some(0)]);
        assert_eq!(column(2), [None, Some(-126), Some(0), Some(-125)]);
        assert_eq!(column(3), [None, Some(-127), Some(1), Some(-125)]);
        assert_eq!(column(4), [None, Some(3), Some(2), Some(0)]);
        let listed: Vec<(&str, Option<u32>, &str)> = answers
            .rejected
            .iter()
            .map(|r| (r.problem.id, r.problem.place.row, r.problem.value.as_deref().unwrap_or_default()))
            .collect();
        let expected = [
            ("answer-out-of-range", Some(4), "7"),
            ("answer-not-a-number", Some(5), "text"),
            ("answer-several", Some(5), "1┋2"),
        ];
        assert_eq!(listed, expected, "{name}");
    }
}

#[test]
fn rows_in_are_rows_out_plus_rows_rejected() {
    let mood = instrument("mood", 4, &FROM_ZERO);
    let mut rows = rows(Coding::Score);
    rows[2][6] = String::new();
    rows[4][6] = "1.2E+17".to_owned();
    rows[5][1] = "yesterday".to_owned();
    let answers = read_survey_bytes("a.csv", &csv_bytes(&rows), &spec(&[&mood])).unwrap();
    assert_eq!((answers.rows_in, answers.frame.height(), answers.rows_rejected()), (5, 3, 2));
    let ids: Vec<(&str, Scope)> = answers.rejected.iter().map(|r| (r.problem.id, r.scope)).collect();
    assert_eq!(ids, [("row-no-student", Scope::Row), ("id-precision", Scope::Row), ("survey-not-a-time", Scope::Cell)]);
    let place = &answers.rejected[0].problem.place;
    assert_eq!((place.row, place.letter().as_deref()), (Some(3), Some("G")));
}

#[test]
fn a_coding_that_cannot_be_told_is_refused_with_the_evidence() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let rows = table_of(2, &[&["1", "2"], &["3", "1"], &["2", "2"]]);
    let bytes = csv_bytes(&rows);
    let error = read_survey_bytes("a.csv", &bytes, &spec(&[&mood])).unwrap_err();
    assert_eq!(error.id(), "coding-ambiguous");
    insta::assert_snapshot!("ambiguous_en", error.render(Language::En));
    insta::assert_snapshot!("ambiguous_zh", error.render(Language::ZhCn));
    for (coding, first) in [(Coding::Score, 1), (Coding::Ordinal, 0)] {
        let mut stated = spec(&[&mood]);
        stated.instruments[0] = stated.instruments[0].coded(coding);
        let answers = read_survey_bytes("a.csv", &bytes, &stated).unwrap();
        assert_eq!(codes(&answers.frame, "mood.1")[0], Some(first));
    }
}

#[test]
fn a_total_or_another_instrument_of_the_file_can_settle_it() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let other = instrument("other", 2, &FROM_ZERO);
    let rows = table_of(4, &[&["1", "2", "0", "3"], &["3", "1", "0", "0"], &["2", "2", "1", "0"]]);
    let answers = read_survey_bytes("a.csv", &csv_bytes(&rows), &spec(&[&mood, &other])).unwrap();
    assert_eq!((answers.codings[0].coding, answers.codings[0].ground), (Coding::Score, Ground::SameFile));

    let mut rows = table_of(2, &[&["1", "2"], &["3", "1"], &["2", "2"]]);
    for (row, total) in rows.iter_mut().zip(["总分", "1", "2", "2"]) {
        row.insert(6, total.to_owned());
    }
    let answers = read_survey_bytes("a.csv", &csv_bytes(&rows), &spec(&[&mood])).unwrap();
    assert_eq!((answers.codings[0].coding, answers.codings[0].ground), (Coding::Ordinal, Ground::Total));
}

#[test]
fn a_file_shifted_by_one_is_refused() {
    let severe = instrument("severe", 4, &FROM_ONE);
    let mood = instrument("mood", 4, &FROM_ZERO);
    let error = |definition: &Definition, coding: Option<Coding>, answers: &[&[&str]]| {
        let rows = table_of(4, answers);
        let mut spec = spec(&[definition]);
        spec.instruments[0].coding = coding;
        read_survey_bytes("a.csv", &csv_bytes(&rows), &spec).map(|a| a.codings[0].coding).map_err(|e| e.id())
    };
    // 0-4 for a scale coded 1-5, and 2-6.
    let below: &[&[&str]] = &[&["0", "1", "2", "3"], &["4", "0", "0", "1"]];
    let above: &[&[&str]] = &[&["2", "3", "4", "5"], &["6", "2", "2", "3"]];
    assert!(matches!(error(&severe, None, below), Err("coding-none" | "coding-shifted")));
    assert!(matches!(error(&severe, None, above), Err("coding-none" | "coding-shifted")));
    assert_eq!(error(&severe, Some(Coding::Score), below), Err("coding-shifted"));
    assert_eq!(error(&severe, Some(Coding::Score), above), Err("coding-shifted"));
    // 1-4 for a scale coded 0-3 is the ordinal coding, and never the score coding.
    let ordinal: &[&[&str]] = &[&["1", "2", "3", "4"], &["4", "1", "1", "2"]];
    assert_eq!(error(&mood, None, ordinal), Ok(Coding::Ordinal));
    assert_eq!(error(&mood, Some(Coding::Score), ordinal), Err("coding-shifted"));
    let score: &[&[&str]] = &[&["0", "1", "2", "3"], &["3", "0", "0", "1"]];
    assert_eq!(error(&mood, Some(Coding::Ordinal), score), Err("coding-contradicted"));
    assert_eq!(error(&mood, Some(Coding::Text), score), Err("coding-contradicted"));
}

/// Yes = 1 stands before no = 0: 1 and 2 mean one thing as ordinals and the opposite as scores that are one too high.
#[test]
fn ordinals_of_options_that_stand_in_another_order_are_not_taken_for_granted() {
    let lie = instrument("lie", 3, &[(1, "是", "yes"), (0, "否", "no")]);
    let mood = instrument("mood", 1, &FROM_ZERO);
    let table = |mood: bool| {
        let answers: [&[&str]; 3] = [&["1", "2", "1", "4"], &["2", "2", "1", "1"], &["2", "1", "2", "2"]];
        let width = if mood { 4 } else { 3 };
        let answers: Vec<&[&str]> = answers.iter().map(|row| &row[..width]).collect();
        csv_bytes(&table_of(width, &answers))
    };
    let mut spec_of_lie = spec(&[&lie]);
    let error = read_survey_bytes("a.csv", &table(false), &spec_of_lie).unwrap_err();
    assert_eq!(error.id(), "coding-turned");
    assert!(error.to_string().contains("with -1 on every answer, read as score, misfits: 0"), "{error}");
    spec_of_lie.instruments[0] = spec_of_lie.instruments[0].coded(Coding::Ordinal);
    let set = read_survey_bytes("a.csv", &table(false), &spec_of_lie).unwrap();
    assert_eq!(codes(&set.frame, "lie.1"), [Some(1), Some(0), Some(0)]);
    // Another instrument of the file can only be ordinals.
    let set = read_survey_bytes("a.csv", &table(true), &spec(&[&lie, &mood])).unwrap();
    assert_eq!((set.codings[0].coding, set.codings[0].ground), (Coding::Ordinal, Ground::SameFile));
    assert_eq!(codes(&set.frame, "lie.1"), [Some(1), Some(0), Some(0)]);
}

#[test]
fn a_large_file_without_the_lowest_option_is_refused_as_shifted() {
    let severe = instrument("severe", 4, &FROM_ONE);
    let rows: Vec<Vec<String>> = std::iter::once(headings(4))
        .chain((0..300).map(|n| sheet(n, &n.to_string(), &[2, 3, 2, 2 + n % 4].map(|v| v.to_string()))))
        .collect();
    let bytes = csv_bytes(&rows);
    let mut spec = spec(&[&severe]);
    assert_eq!(read_survey_bytes("a.csv", &bytes, &spec).unwrap_err().id(), "coding-shifted");
    spec.instruments[0].accept_strays = true;
    assert!(read_survey_bytes("a.csv", &bytes, &spec).is_ok());
}

#[test]
fn two_codings_in_one_export_are_refused() {
    let one = instrument("one", 2, &FROM_ZERO);
    let two = instrument("two", 2, &FROM_ZERO);
    let rows = table_of(4, &[&["0", "3", "1", "4"], &["3", "0", "4", "1"]]);
    let bytes = csv_bytes(&rows);
    assert_eq!(read_survey_bytes("a.csv", &bytes, &spec(&[&one, &two])).unwrap_err().id(), "coding-mixed");
}

#[test]
fn clock_and_number_items() {
    let night = mixed_kinds();
    let answers: &[&[&str]] =
        &[&["22:30", "7.5", "好"], &["25:00", "30", "差"], &["", "lots", "差"], &["７：05", "-2", "差"]];
    let rows = table_of(3, answers);
    let answers = read_survey_bytes("a.csv", &csv_bytes(&rows), &spec(&[&night])).unwrap();
    let clocks = texts(&answers.frame, "night.1");
    assert_eq!(clocks, [Some("22:30".into()), None, None, Some("07:05".into())]);
    let hours: Vec<Option<f64>> = answers.frame.column("night.2").unwrap().f64().unwrap().iter().collect();
    assert_eq!(hours, [Some(7.5), None, None, None]);
    assert_eq!(answers.rejected.len(), 3);
}

#[test]
fn other_layouts_and_missing_ids_are_refused() {
    let mood = instrument("mood", 4, &FROM_ZERO);
    let id = |change: fn(&mut Vec<Vec<String>>)| {
        let mut rows = rows(Coding::Score);
        change(&mut rows);
        read_survey_bytes("a.csv", &csv_bytes(&rows), &spec(&[&mood])).unwrap_err().id()
    };
    assert_eq!(id(|rows| rows[0][1] = "时间".into()), "layout-unknown");
    assert_eq!(id(|rows| rows[0][6] = "1、编号".into()), "student-column");
    assert_eq!(id(|rows| rows[0][11] = "心情".into()), "layout-heading");
    assert_eq!(id(|rows| rows[0][10] = "4、另一题".into()), "layout-number-duplicate");
    assert_eq!(id(|rows| rows[0][10] = "9、另一题".into()), "layout-number-gap");
    let mut rows = rows(Coding::Score);
    rows[0][6] = "1、您的编号（必填）".into();
    let spec = SurveySpec { student_id: Some("您的编号".into()), ..spec(&[&mood]) };
    assert_eq!(read_survey_bytes("a.csv", &csv_bytes(&rows), &spec).unwrap().frame.height(), 5);
}

/// Answers that are all one too high or one too low are never read as other answers, whatever the instrument: they are
/// refused, or they are told to be ordinals and mean what was answered.
#[test]
fn no_instrument_is_scored_from_a_shifted_export() {
    let library = Library::bundled().unwrap();
    let (mut refused, mut ordinals) = (0, 0);
    for instrument in library.iter() {
        let definition = instrument.definition();
        let options: Vec<Vec<i8>> = definition
            .items
            .iter()
            .map(|item| {
                definition
                    .option_sets
                    .get(item.options.as_deref().unwrap_or("default"))
                    .map_or(Vec::new(), |set| set.iter().map(|option| option.code).collect())
            })
            .collect();
        // Items without options have no coding; one without a second option says nothing.
        let all_choices = definition.items.iter().all(|item| item.kind == ItemKind::Choice);
        if !all_choices || options.iter().any(|codes| codes.len() < 2) || definition.items.len() > 60 {
            continue;
        }
        for step in [-1_i32, 1] {
            let mut rows = vec![headings(options.len())];
            let mut truth: Vec<Vec<i8>> = Vec::new();
            for pupil in 0..24_usize {
                let chosen: Vec<i8> =
                    options.iter().enumerate().map(|(n, codes)| codes[(pupil + n * 3) % codes.len()]).collect();
                let answers: Vec<String> = chosen.iter().map(|code| (i32::from(*code) + step).to_string()).collect();
                rows.push(sheet(pupil + 1, &pupil.to_string(), &answers));
                truth.push(chosen);
            }
            let bytes = csv_bytes(&rows);
            for stated in [None, Some(Coding::Score)] {
                let part = InstrumentPart { coding: stated, ..InstrumentPart::new(definition) };
                let spec = SurveySpec { instruments: vec![part], ..SurveySpec::default() };
                let what = format!("{} {step:+} {stated:?}", definition.id);
                match read_survey_bytes("a", &bytes, &spec) {
                    Err(error) => {
                        assert!(error.id().starts_with("coding-"), "{what}: {error}");
                        refused += 1;
                    }
                    Ok(set) => {
                        assert_eq!((set.codings[0].coding, stated, step), (Coding::Ordinal, None, 1), "{what}");
                        for (n, item) in definition.items.iter().enumerate() {
                            let found = codes(&set.frame, &format!("{}.{}", definition.id, item.id));
                            let expected: Vec<Option<i8>> = truth.iter().map(|codes| Some(codes[n])).collect();
                            assert_eq!(found, expected, "{what} {}", item.id);
                        }
                        ordinals += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 100 && ordinals > 20, "{refused} refused, {ordinals} ordinals");
}
