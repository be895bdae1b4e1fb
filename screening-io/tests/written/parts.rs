//! A table that is read and written in parts is the same table.

use std::fmt::Write as _;
use std::path::Path;

use polars::prelude::*;
use proptest::prelude::*;
use screening_core::instrument::{Definition, Instrument, Language, Library};
use screening_core::scoring::{FrameOptions, Scorer};
use screening_io::output::{score_table, write_in_parts, write_labelled};
use screening_io::sav::Dictionary;
use screening_io::{
    ColumnNames, IoError, Place, Problem, Rejected, Source, TablePart, TableSpec, read_answers_bytes, stream_answers,
};

fn library() -> &'static Library {
    static LIBRARY: std::sync::LazyLock<Library> = std::sync::LazyLock::new(|| Library::bundled().unwrap());
    &LIBRARY
}

fn phq() -> &'static Instrument {
    library().get("phq-2").unwrap()
}

fn spec(definition: &Definition, needs_student_id: bool) -> TableSpec<'_> {
    let part = TablePart { accept_strays: true, ..TablePart::new(definition, ColumnNames::Canonical) };
    TableSpec { parts: vec![part], needs_student_id, ..TableSpec::default() }
}

fn refuse(cause: impl std::fmt::Display) -> IoError {
    Problem::new("frame-broken", Place::default()).with("cause", cause).into()
}

/// What one run leaves: the file, and the messages in order, or the refusal.
type Left = Result<(Vec<u8>, Vec<Rejected>, usize), String>;

fn in_parts(source: &[u8], rows: usize, out: &Path, needs_id: bool) -> Left {
    let scorer = Scorer::new(phq()).unwrap();
    let mut rejected = Vec::new();
    let mut rows_in = 0;
    let dictionary = Dictionary::of(&[phq().definition()], Language::En);
    write_in_parts::<IoError>(out, &[], &dictionary, |sink| {
        let source = Source::Bytes { name: "t", bytes: source };
        let done = stream_answers(source, &spec(phq().definition(), needs_id), rows, &mut |set| {
            let scored = scorer.score_frame(&set.frame, &FrameOptions::default()).map_err(refuse)?;
            rejected.extend(set.rejected.clone());
            sink.push(&score_table(&set.frame, &scored).map_err(refuse)?)
        })?;
        assert_eq!(done.rows_in, done.rows + done.rows_rejected);
        rows_in = done.rows_in;
        Ok(())
    })
    .map_err(|error| error.to_string())?;
    Ok((std::fs::read(out).unwrap(), rejected, rows_in))
}

fn as_a_whole(source: &[u8], out: &Path, needs_id: bool) -> Left {
    let scorer = Scorer::new(phq()).unwrap();
    let set =
        read_answers_bytes("t", source, &spec(phq().definition(), needs_id)).map_err(|error| error.to_string())?;
    let scored = scorer.score_frame(&set.frame, &FrameOptions::default()).unwrap();
    let dictionary = Dictionary::of(&[phq().definition()], Language::En);
    write_labelled(out, &score_table(&set.frame, &scored).unwrap(), &[], &dictionary).map_err(|e| e.to_string())?;
    let mut rejected = set.rejected;
    rejected.sort_by_key(|entry| (entry.problem.place.row, entry.problem.place.column));
    Ok((std::fs::read(out).unwrap(), rejected, set.rows_in))
}

/// The same for every size of the parts and every format that is written.
fn alike(source: &[u8], needs_id: bool, extensions: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    for extension in extensions {
        let out = folder.path().join(format!("scores.{extension}"));
        let expected = as_a_whole(source, &out, needs_id);
        for rows in [1, 7, 1000] {
            assert_eq!(in_parts(source, rows, &out, needs_id), expected, "{extension}, {rows} rows a part");
        }
    }
}

const ALL: [&str; 5] = ["csv", "ndjson", "parquet", "xlsx", "sav"];

/// Blank lines, line ends in cells, answers that are none, a column that is a number until its last row.
fn untidy() -> String {
    let mut text = "student_id,phq-2.1,phq-2.2,grade,note,size\r\n".to_owned();
    for row in 0..40 {
        let (one, two) = (row % 4, if row % 11 == 5 { "9".to_owned() } else { (row % 3).to_string() });
        let id = if row % 13 == 4 { String::new() } else { format!("s{row}") };
        let note = if row % 7 == 3 { "\"two\nlines\"" } else { "x" };
        let size = if row == 39 { "tall".to_owned() } else { row.to_string() };
        write!(text, "{id},{one},{two},{},{note},{size}\r\n", if row == 20 { 77 } else { 7 }).unwrap();
        if row % 5 == 0 {
            text.push_str("\r\n");
        }
    }
    text
}

#[test]
fn csv_in_every_encoding() {
    let text = untidy();
    for needs_id in [false, true] {
        alike(text.as_bytes(), needs_id, &ALL);
    }
    let chinese = text.replace("tall", "高个子").replace(",x,", ",班长,");
    alike(&encoding_rs::GBK.encode(&chinese).0, false, &["csv"]);
    let utf16: Vec<u8> = chinese.encode_utf16().flat_map(u16::to_le_bytes).collect();
    alike(&[&[0xff, 0xfe], utf16.as_slice()].concat(), false, &["csv"]);
}

#[test]
fn workbooks_and_parquet() {
    let rows: Vec<Vec<String>> = (0..40)
        .map(|row| match row {
            0 => ["student_id", "phq-2.1", "phq-2.2", "note"].map(String::from).to_vec(),
            9 => vec![String::new(); 4],
            row => [format!("s{row}"), (row % 4).to_string(), (row % 5).to_string(), format!("n{}", row % 3)].to_vec(),
        })
        .collect();
    alike(&crate::common::xlsx_bytes(&rows), false, &ALL);
    let mut frame = df![
        "student_id" => (0..40).map(|row| format!("s{row}")).collect::<Vec<_>>(),
        "phq-2.1" => (0..40).map(|row| (row % 5 != 0).then_some(row % 4)).collect::<Vec<Option<i32>>>(),
        "phq-2.2" => (0..40).map(|row| row % 5).collect::<Vec<i32>>(),
        "income" => (0..40).collect::<Vec<i64>>(),
        "weight" => (0..40).map(|row| row as f32 / 4.0).collect::<Vec<_>>(),
    ]
    .unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_row_group_size(Some(16)).finish(&mut frame).unwrap();
    alike(&bytes, true, &ALL);
}

#[test]
fn other_kinds_are_one_part() {
    let ndjson = "{\"phq-2.1\": 1, \"phq-2.2\": 2, \"a\": \"x\"}\n{\"phq-2.1\": 0, \"phq-2.2\": 3, \"a\": \"y\"}\n";
    alike(ndjson.as_bytes(), false, &["csv", "parquet"]);
}

#[test]
fn refusals_are_the_same_and_leave_no_file() {
    let many = |line: &str| format!("phq-2.1,phq-2.2\n{}", line.repeat(30));
    let ragged = format!("{}1\n", many("1,2\n"));
    let nameless = format!("phq-2.1,phq-2.2,\n{}1,2,3\n", "1,2,\n".repeat(30));
    let quote = format!("{}\"1,2\n", many("1,2\n"));
    let damaged = [many("1,2\n").as_bytes(), "没有\n".repeat(30).as_bytes(), &[0xff, b'\n']].concat();
    for bytes in [
        &b""[..],
        b"phq-2.1,phq-2.2\n",
        b"phq-2.1\n1\n",
        b"phq-2.1,phq-2.2,phq-2.3\n1,2,3\n",
        ragged.as_bytes(),
        nameless.as_bytes(),
        quote.as_bytes(),
        &damaged,
        b"PAR1 this is none",
        b"PK\x03\x04 neither is this",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("a.csv");
        let expected = as_a_whole(bytes, &out, false);
        assert!(expected.is_err());
        assert_eq!(in_parts(bytes, 7, &out, false), expected, "{}", String::from_utf8_lossy(bytes));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// A coding is told from all rows, not from those of the first part.
#[test]
fn the_coding_is_told_from_the_whole_file() {
    let definition = phq().definition();
    let shifted = format!("q1,q2\n{}{}", "1,2\n".repeat(20), "4,4\n".repeat(20));
    let names = || ColumnNames::Prefix("q".into());
    let spec = || TableSpec { parts: vec![TablePart::new(definition, names())], ..TableSpec::default() };
    let whole = read_answers_bytes("t", shifted.as_bytes(), &spec()).map(|set| set.codings);
    for rows in [1, 7, 1000] {
        let mut seen = 0;
        let source = Source::Bytes { name: "t", bytes: shifted.as_bytes() };
        let parts = stream_answers::<IoError>(source, &spec(), rows, &mut |set| {
            seen += set.frame.height();
            Ok(())
        });
        match (&whole, parts) {
            (Ok(codings), Ok(done)) => assert_eq!((&done.codings, seen), (codings, 40)),
            (Err(expected), Err(error)) => assert_eq!(error, *expected),
            (whole, parts) => panic!("{whole:?} {parts:?}"),
        }
    }
    // Ambiguous as a whole: nothing may be handed over before that is known.
    let open = "q1,q2\n1,2\n2,1\n";
    let source = Source::Bytes { name: "t", bytes: open.as_bytes() };
    let refused = stream_answers::<IoError>(source, &spec(), 1, &mut |_| panic!("a part of a refused file"));
    assert_eq!(refused.unwrap_err().id(), "coding-ambiguous");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_table_in_any_parts(
        rows in prop::collection::vec(("[0-4x]{0,1}", "[0-3]{0,1}", "[a\n\"9]{0,3}"), 1..30),
        size in 1_usize..12,
        crlf in any::<bool>(),
    ) {
        let mut writer = csv::WriterBuilder::new();
        if crlf {
            writer.terminator(csv::Terminator::CRLF);
        }
        let mut writer = writer.from_writer(Vec::new());
        writer.write_record(["phq-2.1", "phq-2.2", "beside"]).unwrap();
        for (one, two, beside) in &rows {
            writer.write_record([one, two, beside]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("a.csv");
        prop_assert_eq!(in_parts(&bytes, size, &out, false), as_a_whole(&bytes, &out, false));
    }
}
