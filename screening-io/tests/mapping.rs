//! Mapping files: long and wide tables whose columns say nothing by themselves.

mod common;
mod exports;

use common::{FROM_ONE, FROM_ZERO, codes, csv_bytes, instrument, texts};
use exports::{Wave, files, platforms};
use screening_core::instrument::{Definition, Language};
use screening_io::{AnswerSet, Coding, Form, IoError, MappedSpec, Mapping, draft_mapping, read_mapped_bytes};

fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn read(mapping: &str, bytes: &[u8], definitions: &[&Definition]) -> Result<AnswerSet, IoError> {
    let mapping = Mapping::parse("m.toml", mapping)?;
    read_mapped_bytes("t", bytes, &MappedSpec::new(&mapping, definitions.to_vec()))
}

const WIDE: &str = r#"
schema = 1
[person]
student_id = "no"
class = "form"
[sheet]
submitted = "when"
[instruments.mood]
items = { 2 = "b", 1 = "a", 3 = "c" }
answers = { "nie" = 0, "oft" = 2, "9" = 3 }
"#;

#[test]
fn a_wide_table_with_titles_other_words_and_columns_nobody_asked_for() {
    let mood = instrument("mood", 3, &FROM_ZERO);
    let table = rows(&[
        &["Results of class 7", "", "", "", "", "", ""],
        &["no", "form", "when", "home address", "b", "a", "c"],
        &["7", "7-1", "2026-09-03 10:00:00", "some street", "nie", "oft", "9"],
        &["8", "7-1", "2026-09-03 10:01:00", "some street", "OFT", "3", ""],
    ]);
    let set = read(WIDE, &csv_bytes(&table), &[&mood]).unwrap();
    assert_eq!(codes(&set.frame, "mood.1"), [Some(2), Some(-125)]);
    assert_eq!(codes(&set.frame, "mood.2"), [Some(0), Some(2)]);
    assert_eq!(codes(&set.frame, "mood.3"), [Some(3), None]);
    assert_eq!(texts(&set.frame, "class")[0].as_deref(), Some("7-1"));
    assert_eq!(set.ignored, ["home address"]);
    // A number that the mapping does not name is no code, even where it would be one.
    let place = &set.rejected[0].problem.place;
    assert_eq!((set.rejected.len(), place.row, place.letter().as_deref()), (1, Some(4), Some("F")));
}

#[test]
fn mistakes_in_a_mapping_are_refused_by_name() {
    let mood = instrument("mood", 3, &FROM_ZERO);
    let table =
        csv_bytes(&rows(&[&["no", "form", "when", "a", "b", "c"], &["7", "1", "2026-09-03", "nie", "oft", "9"]]));
    let id = |from: &str, to: &str| {
        assert!(WIDE.contains(from));
        read(&WIDE.replace(from, to), &table, &[&mood]).map_or_else(|error| error.id(), |_| "")
    };
    assert_eq!(id("schema = 1", "schema = 2"), "mapping-file");
    assert_eq!(id("answers =", "answer ="), "mapping-file");
    assert_eq!(id("[instruments.mood]", "[instruments.mud]"), "mapping-unknown-instrument");
    assert_eq!(id("student_id = \"no\"", "student_id = \"number\""), "mapping-unknown-column");
    assert_eq!(id("class =", "clas ="), "mapping-person");
    assert_eq!(id("3 = \"c\"", "4 = \"c\""), "mapping-unknown-item");
    assert_eq!(id(", 3 = \"c\"", ""), "mapping-items");
    assert_eq!(id("3 = \"c\"", "3 = \"a\""), "mapping-column-twice");
    assert_eq!(id("student_id = \"no\"", ""), "student-column");
    assert_eq!(id("schema = 1", "schema = 1\nform = \"long\""), "mapping-long");
    let stress = instrument("stress", 2, &FROM_ONE);
    let left_out = read(WIDE, &table, &[&mood, &stress]).unwrap_err();
    assert_eq!(left_out.id(), "mapping-instrument-missing");
    let line = Mapping::parse("m.toml", "schema = 1\n\n[person]\nx = 3\n").unwrap_err();
    assert_eq!(line.problem().place.row, Some(4));
}

const LONG: &str = r#"
schema = 1
form = "long"
[person]
student_id = "pupil"
[sheet]
id = "sheet"
[long]
item = "question"
answer = "answer"
instrument = "scale"
[instruments.mood]
columns = ["Q1", "Q2", "Q3"]
[instruments.stress]
name = "PSS"
columns = ["Q1", "Q2"]
"#;

#[test]
fn a_long_table_in_any_order_reads_like_a_wide_one() {
    let mood = instrument("mood", 3, &FROM_ZERO);
    let stress = instrument("stress", 2, &FROM_ONE);
    let wave = Wave::draw(20, 30, 5, &[(&mood, &FROM_ZERO), (&stress, &FROM_ONE)]);
    for coding in Coding::ALL {
        let mut table = rows(&[&["pupil", "sheet", "scale", "question", "answer"]]);
        for sheet in 0..wave.sheets() {
            for (asked, name) in wave.asked.iter().zip(["mood", "pss"]) {
                for (n, code) in asked.codes[sheet].iter().enumerate() {
                    let Some(code) = code else { continue };
                    let answer = exports::answer(asked.options, *code, coding, str::to_owned);
                    table.push(vec![
                        wave.ids[sheet].clone(),
                        sheet.to_string(),
                        name.into(),
                        format!("q{}", n + 1),
                        answer,
                    ]);
                }
            }
        }
        table.push(rows(&[&["x", "99", "mood", "Q9", "0"]])[0].clone());
        // Answers of a sheet need not stand together.
        let half = table.len() / 2;
        table[1..].rotate_left(half);
        table[1..].reverse();
        let set = read(LONG, &csv_bytes(&table), &[&mood, &stress]).unwrap();
        let order: Vec<usize> = texts(&set.frame, "sheet_id").iter().flatten().map(|id| id.parse().unwrap()).collect();
        // A sheet of which no answer is there has no row; the stranger has one without answers.
        assert_eq!(set.ignored, ["mood: q9"]);
        for asked in &wave.asked {
            for (n, item) in asked.definition.items.iter().enumerate() {
                let found = codes(&set.frame, &format!("{}.{}", asked.definition.id, item.id));
                for (code, sheet) in found.iter().zip(&order) {
                    assert_eq!(*code, asked.codes.get(*sheet).and_then(|codes| codes[n]), "{coding:?}");
                }
            }
        }
    }
}

#[test]
fn two_answers_to_one_item_of_a_sheet_are_refused() {
    let mood = instrument("mood", 1, &FROM_ZERO);
    let mapping = LONG
        .replace(", \"Q2\", \"Q3\"", "")
        .replace("[instruments.stress]\nname = \"PSS\"\ncolumns = [\"Q1\", \"Q2\"]", "");
    let head: &[&str] = &["pupil", "sheet", "scale", "question", "answer"];
    let twice = rows(&[head, &["1", "1", "mood", "Q1", "0"], &["1", "1", "mood", "Q1", "3"]]);
    let error = read(&mapping, &csv_bytes(&twice), &[&mood]).unwrap_err();
    assert_eq!((error.id(), error.problem().place.row), ("long-twice", Some(3)));
    let same = rows(&[head, &["1", "1", "mood", "Q1", "0"], &["1", "1", "mood", "Q1", "0"]]);
    assert_eq!(read(&mapping, &csv_bytes(&same), &[&mood]).unwrap().frame.height(), 1);
    // A wrong cell is named with its own row.
    let wrong =
        rows(&[head, &["1", "1", "mood", "Q1", "0"], &["2", "2", "mood", "Q1", "0"], &["3", "3", "mood", "Q1", "x"]]);
    let mapping = mapping.replace("columns = [\"Q1\"]", "columns = [\"Q1\"]\ncoding = \"score\"\naccept-strays = true");
    let set = read(&mapping, &csv_bytes(&wrong), &[&mood]).unwrap();
    let place = &set.rejected[0].problem.place;
    assert_eq!((place.row, place.letter().as_deref()), (Some(4), Some("E")));
}

#[test]
fn the_draft_of_an_export_reads_it_as_it_is() {
    let mood = instrument("mood", 9, &FROM_ZERO);
    let stress = instrument("stress", 6, &FROM_ONE);
    let wave = Wave::draw(21, 20, 9, &[(&mood, &FROM_ZERO), (&stress, &FROM_ONE)]);
    let rows = platforms::wenjuanxing(&wave, Coding::Score, platforms::Wenjuanxing::default());
    for (bytes, language) in [(files::xlsx_bytes(&rows), Language::ZhCn), (files::xls(&rows), Language::En)] {
        let draft = draft_mapping("t", &bytes, &[&mood, &stress], Form::Wide, language).unwrap();
        assert!(!draft.contains("某某") && !draft.contains("20240") && !draft.contains("10.1.2.3"), "{draft}");
        let set = read(&draft, &bytes, &[&mood, &stress]).unwrap_or_else(|error| panic!("{error}\n{draft}"));
        for asked in &wave.asked {
            for (n, item) in asked.definition.items.iter().enumerate() {
                let expected: Vec<Option<i8>> = asked.codes.iter().map(|sheet| sheet[n]).collect();
                assert_eq!(codes(&set.frame, &format!("{}.{}", asked.definition.id, item.id)), expected);
            }
        }
    }
}

#[test]
fn a_draft_of_a_table_with_hostile_headings_is_still_a_mapping() {
    let mood = instrument("mood", 2, &FROM_ZERO);
    let table = rows(&[&["学号", "a\"]\n[person]", "\u{7}b\\"], &["1", "0\n# x", "3"]]);
    let draft = draft_mapping("a\nb", &csv_bytes(&table), &[&mood], Form::Wide, Language::En).unwrap();
    let mapping = Mapping::parse("m.toml", &draft).unwrap_or_else(|error| panic!("{error}\n{draft}"));
    assert_eq!(mapping.instruments["mood"].columns, ["a\"]\n[person]", "\u{7}b\\"]);
    let long = draft_mapping("t", &csv_bytes(&table), &[&mood], Form::Long, Language::ZhCn).unwrap();
    assert_eq!(Mapping::parse("m.toml", &long).unwrap().form, Form::Long);
}
