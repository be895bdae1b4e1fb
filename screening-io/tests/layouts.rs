//! Every layout in every coding and kind of file reads to the truth it was written from.

mod common;
mod exports;

use common::{FROM_ONE, FROM_ZERO, instrument, texts};
use exports::platforms::{self, Matrix, Wenjuanxing};
use exports::{Wave, files};
use screening_core::instrument::{Definition, Language, Library};
use screening_io::{AnswerSet, Coding, FoundBy, InstrumentPart, SurveySpec, read_survey_bytes, read_survey_parts};

fn spec<'a>(definitions: &[&'a Definition]) -> SurveySpec<'a> {
    SurveySpec { instruments: definitions.iter().map(|d| InstrumentPart::new(d)).collect(), ..SurveySpec::default() }
}

/// Compares the frame with the truth: ids, days, durations where the layout has them, and every answer.
fn check(set: &AnswerSet, wave: &Wave<'_>, what: &str) {
    assert!(set.rejected.is_empty(), "{what}: {:?}", set.rejected);
    assert_eq!(set.rows_in, wave.sheets(), "{what}");
    let ids: Vec<Option<String>> = wave.ids.iter().cloned().map(Some).collect();
    assert_eq!(texts(&set.frame, "student_id"), ids, "{what}");
    let times: Vec<Option<String>> = (0..wave.sheets()).map(|sheet| Some(wave.time(sheet, '-'))).collect();
    assert_eq!(texts(&set.frame, "submitted_at"), times, "{what}");
    if let Ok(column) = set.frame.column("duration_s") {
        let seconds: Vec<Option<u32>> = column.u32().unwrap().iter().collect();
        let expected: Vec<Option<u32>> = wave.seconds.iter().copied().map(Some).collect();
        assert_eq!(seconds, expected, "{what}");
    }
    for asked in &wave.asked {
        for (n, item) in asked.definition.items.iter().enumerate() {
            let expected: Vec<Option<i8>> = asked.codes.iter().map(|sheet| sheet[n]).collect();
            let name = format!("{}.{}", asked.definition.id, item.id);
            assert_eq!(common::codes(&set.frame, &name), expected, "{what}: {name}");
        }
    }
}

fn layout_of(set: &AnswerSet) -> &str {
    &set.layout.as_ref().expect("a survey has a layout").layout
}

#[test]
fn wenjuanxing_in_all_its_forms() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let stress = instrument("stress", 6, &FROM_ONE);
    let wave = Wave::draw(1, 24, 9, &[(&mood, &FROM_ZERO), (&stress, &FROM_ONE)]);
    let matrix = [None, Some(Matrix::Sub), Some(Matrix::Dash)];
    for coding in Coding::ALL {
        for (n, matrix) in matrix.into_iter().enumerate() {
            for flags in 0..4 {
                let how = Wenjuanxing {
                    five: flags & 1 == 1,
                    hobbies: flags & 2 == 2,
                    total: false,
                    matrix,
                    mark: [None, Some("："), Some("."), Some(":")][(flags + n) % 4],
                };
                let rows = platforms::wenjuanxing(&wave, coding, how);
                let kinds =
                    [("xlsx", files::xlsx_bytes(&rows)), ("xls", files::xls(&rows)), ("csv", files::gbk(&rows))];
                for (kind, bytes) in kinds {
                    let what = format!("{coding:?} matrix {n} flags {flags} {kind}");
                    let set = read_survey_bytes("a", &bytes, &spec(&[&mood, &stress]))
                        .unwrap_or_else(|e| panic!("{what}: {e}"));
                    check(&set, &wave, &what);
                    assert_eq!(layout_of(&set), "wenjuanxing");
                    assert_eq!((set.codings[0].coding, set.codings[0].found_by), (coding, FoundBy::Order), "{what}");
                }
            }
        }
    }
}

#[test]
fn the_total_tells_a_coding_that_the_answers_leave_open() {
    let mood = instrument("mood", 4, &FROM_ZERO);
    let mut wave = Wave::draw(2, 12, 0, &[(&mood, &FROM_ZERO)]);
    // Only 1 and 2 occur: ordinals and scores look alike.
    for code in wave.asked[0].codes.iter_mut().flatten().flatten() {
        *code = *code % 2 + 1;
    }
    let rows = platforms::wenjuanxing(&wave, Coding::Score, Wenjuanxing::default());
    assert_eq!(read_survey_bytes("a", &files::csv_bytes(&rows), &spec(&[&mood])).unwrap_err().id(), "coding-ambiguous");
    let how = Wenjuanxing { total: true, ..Wenjuanxing::default() };
    let rows = platforms::wenjuanxing(&wave, Coding::Score, how);
    check(&read_survey_bytes("a", &files::csv_bytes(&rows), &spec(&[&mood])).unwrap(), &wave, "total");
}

#[test]
fn tencent_with_letters_options_and_a_trailing_column() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let wave = Wave::draw(3, 30, 11, &[(&mood, &FROM_ZERO)]);
    for coding in Coding::ALL {
        let rows = platforms::tencent(&wave, coding);
        for (kind, bytes) in [("csv", files::csv_bytes(&rows)), ("xlsx", files::xlsx_bytes(&rows))] {
            let set = read_survey_bytes("a", &bytes, &spec(&[&mood])).unwrap_or_else(|e| panic!("{kind}: {e}"));
            check(&set, &wave, &format!("{coding:?} {kind}"));
            let layout = set.layout.as_ref().unwrap();
            assert_eq!(layout.layout, "tencent");
            assert_eq!(layout.set_aside, ["4.你喜欢什么？:A.打球", "4.你喜欢什么？:B.画画"]);
        }
    }
}

#[test]
fn jinshuju_as_table_and_as_json() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let wave = Wave::draw(4, 30, 11, &[(&mood, &FROM_ZERO)]);
    for coding in Coding::ALL {
        let rows = platforms::jinshuju(&wave, coding);
        let set = read_survey_bytes("a", &files::xlsx_bytes(&rows), &spec(&[&mood])).unwrap();
        check(&set, &wave, &format!("{coding:?} xlsx"));
        assert_eq!(layout_of(&set), "jinshuju");
        let json = platforms::jinshuju_json(&wave, coding);
        let set = read_survey_bytes("a", json.as_bytes(), &spec(&[&mood])).unwrap();
        check(&set, &wave, &format!("{coding:?} json"));
        assert_eq!(layout_of(&set), "jinshuju-json");
    }
}

#[test]
fn wenjuanwang_as_codes_and_as_texts() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let stress = instrument("stress", 6, &FROM_ONE);
    let wave = Wave::draw(5, 30, 11, &[(&mood, &FROM_ZERO), (&stress, &FROM_ONE)]);
    for coding in Coding::ALL {
        let rows = platforms::wenjuanwang(&wave, coding);
        let set = read_survey_bytes("a", &files::gbk(&rows), &spec(&[&mood, &stress])).unwrap();
        check(&set, &wave, &format!("{coding:?}"));
        let expected = if coding == Coding::Text { "wenjuanwang-text" } else { "wenjuanwang" };
        assert_eq!(layout_of(&set), expected);
    }
}

#[test]
fn limesurvey_and_redcap() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let stress = instrument("stress", 6, &FROM_ONE);
    let wave = Wave::draw(6, 30, 11, &[(&mood, &FROM_ZERO), (&stress, &FROM_ONE)]);
    for coding in Coding::ALL {
        for (id, rows) in
            [("limesurvey", platforms::limesurvey(&wave, coding)), ("redcap", platforms::redcap(&wave, coding))]
        {
            let set = read_survey_bytes("a", &files::csv_bytes(&rows), &spec(&[&mood, &stress])).unwrap();
            check(&set, &wave, &format!("{id} {coding:?}"));
            assert_eq!(layout_of(&set), id);
            // Items are found by name, so one instrument alone is found too, wherever it stands.
            let set = read_survey_bytes("a", &files::csv_bytes(&rows), &spec(&[&stress])).unwrap();
            assert_eq!((set.codings.len(), set.codings[0].found_by), (1, FoundBy::Name));
        }
    }
    let rows = platforms::limesurvey(&wave, Coding::Score);
    let mut hidden = rows.clone();
    hidden[1][12] = "N/A".into();
    let set = read_survey_bytes("a", &files::csv_bytes(&hidden), &spec(&[&mood, &stress])).unwrap();
    assert_eq!(common::codes(&set.frame, "mood.1")[0], Some(-126));
    let school = texts(
        &read_survey_bytes("a", &files::csv_bytes(&platforms::redcap(&wave, Coding::Score)), &spec(&[&mood]))
            .unwrap()
            .frame,
        "school",
    );
    assert_eq!(school[0].as_deref(), Some("school_1"));
}

#[test]
fn fhir_responses_by_loinc_and_by_number() {
    let library = Library::bundled().unwrap();
    let phq = library.get("phq-9").unwrap().definition();
    let loinc = phq.loinc.as_ref().unwrap();
    let options: [(i8, &str, &str); 4] = [(0, "", ""), (1, "", ""), (2, "", ""), (3, "", "")];
    let wave = Wave::draw(7, 20, 9, &[(phq, &options)]);
    let coding = |code: i8| serde_json::json!({"valueCoding": {"code": loinc.answers[&code.to_string()]}});
    let by_code = |_: &str, item: &str| {
        let item = phq.items.iter().find(|known| known.id == item).unwrap();
        format!("/{}", item.loinc.as_ref().unwrap())
    };
    let by_number = |_: &str, item: &str| format!("PHQ.{item}");
    let integer = |code: i8| serde_json::json!({"valueInteger": code});
    for (what, json) in [
        ("codes", platforms::fhir(&wave, by_code, coding)),
        ("numbers", platforms::fhir(&wave, by_number, coding)),
        ("integers", platforms::fhir(&wave, by_number, integer)),
    ] {
        let set = read_survey_bytes("a", json.as_bytes(), &spec(&[phq])).unwrap_or_else(|e| panic!("{what}: {e}"));
        check(&set, &wave, what);
        assert_eq!(layout_of(&set), "fhir");
    }
    let json = platforms::fhir(&wave, by_number, integer).replacen("\"completed\"", "\"entered-in-error\"", 1);
    let set = read_survey_bytes("a", json.as_bytes(), &spec(&[phq])).unwrap();
    assert_eq!((set.frame.height(), set.rejected[0].problem.id), (19, "sheet-void"));
}

#[test]
fn a_survey_split_over_files() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let stress = instrument("stress", 6, &FROM_ONE);
    let wave = Wave::draw(8, 12, 0, &[(&mood, &FROM_ZERO), (&stress, &FROM_ONE)]);
    let rows = platforms::wenjuanxing(&wave, Coding::Ordinal, Wenjuanxing::default());
    let both = spec(&[&mood, &stress]);
    // By rows: what the small part cannot tell alone the whole tells.
    let parts = [files::xls(&rows[..3]), files::xls(&[&rows[..1], &rows[3..]].concat())];
    let set = read_survey_parts(&[("1.xls", &parts[0]), ("2.xls", &parts[1])], &both).unwrap();
    check(&set, &wave, "rows");
    let sources = texts(&set.frame, "source_file");
    assert_eq!((sources[1].as_deref(), sources[2].as_deref()), (Some("1.xls"), Some("2.xls")));
    // By columns, with the rows of the second file in another order, the identity questions in both.
    let first: Vec<Vec<String>> = rows.iter().map(|row| row[..14].to_vec()).collect();
    let mut second: Vec<Vec<String>> = rows.iter().map(|row| [&row[..9], &row[14..]].concat()).collect();
    second[1..].reverse();
    let read = |second: &[Vec<String>]| {
        let parts = [files::xls(&first), files::xls(second)];
        read_survey_parts(&[("1.xls", &parts[0]), ("2.xls", &parts[1])], &both)
    };
    check(&read(&second).unwrap(), &wave, "columns");
    let mut wrong = second.clone();
    wrong[3][14] = "9".into();
    let set = read(&wrong);
    let place = set.map(|set| set.rejected[0].problem.place.clone()).unwrap();
    // The place is that of the second file.
    assert_eq!((place.file.as_str(), place.row, place.column), ("2.xls", Some(4), Some(14)));
    assert_eq!(read(&second[..12]).unwrap_err().id(), "split-row-alone");
    let mut other_class = second.clone();
    other_class[2][8] = "初一9班".into();
    assert_eq!(read(&other_class).unwrap_err().id(), "split-contradiction");
    let mut twice = second.clone();
    twice[2] = twice[1].clone();
    assert_eq!(read(&twice).unwrap_err().id(), "split-key-twice");
}

#[test]
fn other_kinds_of_files_hold_the_same_tables() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let wave = Wave::draw(9, 20, 7, &[(&mood, &FROM_ZERO)]);
    for coding in Coding::ALL {
        let rows = platforms::wenjuanxing(&wave, coding, Wenjuanxing::default());
        let kinds = [
            ("xls", files::xls(&rows)),
            ("ods", files::ods(&rows)),
            ("tsv", files::tsv(&rows)),
            ("ndjson", files::ndjson(&rows)),
        ];
        for (kind, bytes) in kinds {
            let set = read_survey_bytes("a", &bytes, &spec(&[&mood])).unwrap_or_else(|e| panic!("{kind}: {e}"));
            check(&set, &wave, &format!("{kind} {coding:?}"));
        }
    }
}

#[test]
fn every_platform_in_every_encoding() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let wave = Wave::draw(12, 20, 9, &[(&mood, &FROM_ZERO)]);
    let plain = Wenjuanxing::default();
    for coding in Coding::ALL {
        let exports = [
            ("wenjuanxing", platforms::wenjuanxing(&wave, coding, plain)),
            ("tencent", platforms::tencent(&wave, coding)),
            ("jinshuju", platforms::jinshuju(&wave, coding)),
            (
                if coding == Coding::Text { "wenjuanwang-text" } else { "wenjuanwang" },
                platforms::wenjuanwang(&wave, coding),
            ),
            ("limesurvey", platforms::limesurvey(&wave, coding)),
            ("redcap", platforms::redcap(&wave, coding)),
        ];
        for (id, rows) in exports {
            for (encoding, bytes) in files::encodings(&rows) {
                // These write UTF-8 only, and a file with a few characters of Chinese tells no other encoding.
                if encoding.starts_with("gb") && matches!(id, "limesurvey" | "redcap") {
                    continue;
                }
                let what = format!("{id} {coding:?} {encoding}");
                let set = read_survey_bytes("a", &bytes, &spec(&[&mood])).unwrap_or_else(|e| panic!("{what}: {e}"));
                check(&set, &wave, &what);
                assert_eq!(layout_of(&set), id, "{what}");
            }
        }
    }
}

#[test]
fn questions_that_were_not_shown_are_not_skipped() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let wave = Wave::draw(13, 30, 9, &[(&mood, &FROM_ZERO)]).hide(7);
    for coding in Coding::ALL {
        let rows = platforms::wenjuanxing(&wave, coding, Wenjuanxing::default());
        for (kind, bytes) in
            [("xlsx", files::xlsx_bytes(&rows)), ("xls", files::xls(&rows)), ("csv", files::gbk(&rows))]
        {
            let set = read_survey_bytes("a", &bytes, &spec(&[&mood])).unwrap_or_else(|e| panic!("{kind}: {e}"));
            check(&set, &wave, &format!("{coding:?} {kind}"));
        }
    }
}

/// What the page on files says of layouts and refusals is what the code has.
#[test]
fn the_page_on_files_is_current() {
    let page = include_str!("../../docs/formats.md");
    let mood = instrument("mood", 2, &FROM_ZERO);
    let stated = SurveySpec { layout: Some("?".into()), ..spec(&[&mood]) };
    let error = read_survey_bytes("a", b"a\n1\n", &stated).unwrap_err();
    let known = error.problem().arguments.iter().find(|(name, _)| *name == "known").unwrap().1.clone();
    let quoted = |line: &str| -> Vec<String> { line.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let section = |from: &str, to: &str| page.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let exports = section("| export |", "\n## ");
    let listed: Vec<String> = exports
        .lines()
        .filter(|line| line.starts_with("| "))
        .flat_map(|line| quoted(line.split('|').nth(1).unwrap()))
        .collect();
    assert_eq!(listed.join(", "), known);
    let ids = screening_io::message_ids();
    let told = section("Refused files, by message id", "Sheets rejected while screening");
    for id in quoted(&told).iter().filter(|id| id.contains('-') && !id.contains('/')) {
        assert!(ids.contains(id), "{id} is no message");
    }
    let families = [
        "file-",
        "encoding-",
        "csv-",
        "xls",
        "json-",
        "sav-",
        "parquet-",
        "heading-",
        "layout-",
        "split-",
        "coding-",
        "mapping-",
        "roster-",
        "class-",
        "match-",
        "answer-",
        "person-",
        "survey-",
        "sheet-",
        "row-",
        "id-",
        "table-",
        "long-",
    ];
    for id in ids.iter().filter(|id| families.iter().any(|family| id.starts_with(family))) {
        assert!(page.contains(&format!("`{id}`")), "{id} is not in docs/formats.md");
    }
}

#[test]
fn layouts_are_stated_refused_and_shown() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let wave = Wave::draw(10, 12, 0, &[(&mood, &FROM_ZERO)]);
    let rows = platforms::wenjuanxing(&wave, Coding::Text, Wenjuanxing::default());
    let read = |rows: &[Vec<String>], layout: Option<&str>| {
        let spec = SurveySpec { layout: layout.map(str::to_owned), ..spec(&[&mood]) };
        read_survey_bytes("a", &files::csv_bytes(rows), &spec)
    };
    let report = read(&rows, Some("wenjuanxing")).unwrap().layout.unwrap();
    assert_eq!(report.metadata[1], ("submitted".to_owned(), "提交答卷时间".to_owned()));
    assert_eq!(read(&rows, Some("tencent")).unwrap_err().id(), "layout-unknown");
    assert_eq!(read(&rows, Some("survey-monkey")).unwrap_err().id(), "layout-name");
    let mut strange = rows.clone();
    strange[0][10] = "心情如何".into();
    assert_eq!(read(&strange, None).unwrap_err().id(), "layout-heading");
    let plain: Vec<Vec<String>> = rows.iter().map(|row| row[6..].to_vec()).collect();
    let error = read(&plain, None).unwrap_err();
    assert_eq!(error.id(), "layout-unknown");
    insta::assert_snapshot!("unknown_en", error.render(Language::En));
    insta::assert_snapshot!("unknown_zh", error.render(Language::ZhCn));
    // A multiple choice and a matrix of the same size cannot be told apart by their number.
    let flags = instrument("flags", 3, &[(0, "否", "no"), (1, "是", "yes")]);
    let mut wave = Wave::draw(11, 12, 0, &[(&flags, &[(0, "否", "no"), (1, "是", "yes")])]);
    wave.seconds.fill(60);
    let how = Wenjuanxing { hobbies: true, matrix: Some(Matrix::Sub), ..Wenjuanxing::default() };
    let rows = platforms::wenjuanxing(&wave, Coding::Score, how);
    let error = read_survey_bytes("a", &files::csv_bytes(&rows), &spec(&[&flags])).unwrap_err();
    assert_eq!(error.id(), "layout-count");
    let start = |number| SurveySpec {
        instruments: vec![InstrumentPart::new(&flags).starting_at(number).coded(Coding::Score)],
        ..SurveySpec::default()
    };
    assert_eq!(read_survey_bytes("a", &files::csv_bytes(&rows), &start(5)).unwrap_err().id(), "layout-parts");
}
