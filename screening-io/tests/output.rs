//! What a screening writes, read back.

mod common;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Range, Reader, Xlsx};
use jiff::civil::date;
use polars::prelude::*;
use screening_core::instrument::Library;
use screening_core::risk::Policy;
use screening_core::screening::{
    Batch, Battery, Licences, ScreeningInput, ScreeningResult, WaveSettings, pupils_from_frame, screen,
};
use screening_io::output::write_outputs;
use screening_io::{Place, Problem, Rejected, Scope};

/// A name of a school that a spreadsheet would run, with what a worksheet may not be called.
const HOSTILE: &str = "=cmd|'/c calc'!A0 第一实验中学（西校区）初中部";
const BATTERY: &str = r#"
    schema = 1
    id = "mood"
    version = "1.0.0"
    name = { en = "mood", zh-CN = "情绪" }
    grades = { from = 7, to = 9 }
    instruments = ["phq-9", "gad-7"]
"#;

fn policy() -> Policy {
    Policy::bundled("district-default").expect("bundled").expect("sound")
}

/// Answers of one sheet: all items of the first instrument, its ninth item, all items of the second.
type Sheet = (&'static str, i8, i8, i8);

fn small() -> ScreeningResult {
    let library = Library::bundled().expect("library");
    let policy = policy();
    let roster = df![
        "student_id" => ["p1", "p2", "p3", "+p4", "p5", "p6", "p7"],
        "school" => [HOSTILE, HOSTILE, "B", HOSTILE, "B", "B", "C"],
        "grade" => [7_i32, 7, 8, 7, 8, 8, 9],
        "class" => ["-1", "1", "2", "1", "2", "2", "3"],
        "attendance" => [None, None, None, None, Some("absent"), None, None],
    ]
    .expect("roster");
    let sheets: [Sheet; 7] = [
        ("p2", 0, 0, 0),
        ("p3", 0, 0, 3),
        ("p1", 3, 3, 3),
        ("+p4", 0, 1, 0),
        ("nobody", 0, 2, 0),
        ("p2", 0, 0, 0),
        ("p7", 1, 0, 77),
    ];
    let mut frame = df![
        "student_id" => sheets.map(|sheet| sheet.0),
        "source_file" => sheets.map(|_| "@answers.csv"),
        "source_row" => [2_u32, 3, 4, 5, 6, 7, 8],
    ]
    .expect("sheets");
    let mut add = |id: String, answers: [i8; 7]| {
        frame.with_column(Column::new(id.into(), answers)).expect("column");
    };
    for item in 1..=9 {
        let answer = |sheet: Sheet| if item == 9 { sheet.2 } else { sheet.1 };
        add(format!("phq-9.{item}"), sheets.map(answer));
    }
    for item in 1..=7 {
        add(format!("gad-7.{item}"), sheets.map(|sheet| sheet.3));
    }
    screen(ScreeningInput {
        roster: pupils_from_frame(&roster).expect("pupils"),
        batches: vec![Batch { battery: Battery::from_toml(BATTERY).expect("battery"), sheets: frame }],
        wave: WaveSettings::new("2026-autumn", date(2026, 10, 12)),
        library: &library,
        policy: &policy,
        licences: Licences::default(),
        scoring: indexmap::IndexMap::default(),
        interpretation: screening_core::screening::Interpretation::default(),
    })
    .expect("screening")
}

fn reading() -> Vec<Rejected> {
    let place = Place { row: Some(9), column: Some(3), heading: Some("=1+1".to_owned()), ..Place::file("survey.xlsx") };
    let problem = Problem::new("answer-not-a-number", place).value("-3 points").with("allowed", "0-3");
    vec![Rejected::new(Scope::Cell, problem)]
}

fn write(out: &Path, result: &ScreeningResult, names: &BTreeMap<String, String>) {
    let steps = std::cell::RefCell::new(Vec::new());
    let written = write_outputs(out, result, &policy(), &reading(), names, &|step| {
        steps.borrow_mut().push(step.file);
    });
    let written = written.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(written.len(), 12);
    assert_eq!(steps.borrow().len(), 13);
    assert!(steps.borrow().last().is_some_and(Option::is_none));
    let found: BTreeSet<_> = files(out).into_iter().collect();
    assert_eq!(found, written.into_iter().collect(), "nothing else stands in the folder");
}

/// All files of a folder and of those within.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn names() -> BTreeMap<String, String> {
    [("p1", "=甲"), ("p2", "乙")].map(|(id, name)| (id.to_owned(), name.to_owned())).into()
}

struct Csv {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Csv {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("file");
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").expect("byte-order mark");
        let mut reader = csv::Reader::from_reader(text);
        let strings = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        let headings = strings(reader.headers().expect("headings"));
        let rows = reader.records().map(|row| strings(&row.expect("row"))).collect();
        Self { headings, rows }
    }

    fn column(&self, heading: &str) -> Vec<&str> {
        let at = self.headings.iter().position(|known| known == heading);
        let at = at.unwrap_or_else(|| panic!("no {heading}"));
        self.rows.iter().map(|row| row[at].as_str()).collect()
    }
}

struct Book(Xlsx<Cursor<Vec<u8>>>);

impl Book {
    fn read(out: &Path) -> Self {
        Self::of(&out.join("alerts.xlsx"))
    }

    fn of(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("file");
        Self(Xlsx::new(Cursor::new(bytes)).expect("workbook"))
    }

    fn sheet(&mut self, name: &str) -> Range<Data> {
        self.0.worksheet_range(name).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A column of a list below its heading, found by the English half of the heading.
    fn column(&mut self, sheet: &str, heading: &str) -> Vec<String> {
        let range = self.sheet(sheet);
        let rows: Vec<&[Data]> = range.rows().collect();
        let is = |cell: &Data| cell.to_string().lines().nth(1) == Some(heading);
        let at = rows[1].iter().position(is).unwrap_or_else(|| panic!("no {heading}"));
        rows[2..].iter().map(|row| row[at].to_string()).collect()
    }
}

#[test]
fn results_hold_every_enrolled_pupil_once_in_both_forms() {
    let folder = tempfile::tempdir().expect("folder");
    let result = small();
    write(folder.path(), &result, &names());

    let csv = Csv::read(&folder.path().join("results.csv"));
    let enrolled = result.summary.coverage.enrolled() as usize;
    assert_eq!((csv.rows.len(), enrolled), (7, 7));
    assert_eq!(csv.column("student_id"), ["p1", "p2", "p3", "'+p4", "p5", "p6", "p7"]);
    assert_eq!(csv.column("tier")[..4], ["today", "none", "soon", "two-days"]);
    assert_eq!(csv.column("status")[4..6], ["absent", "unexplained"]);
    assert_eq!(csv.column("phq-9.total")[0], "27");
    let frame_headings: Vec<&str> = result.results.get_column_names().into_iter().map(PlSmallStr::as_str).collect();
    assert_eq!(csv.headings, frame_headings);

    let file = std::fs::File::open(folder.path().join("results.parquet")).expect("file");
    let mut reader = ParquetReader::new(file);
    let metadata = reader.get_metadata().expect("metadata").clone();
    let back = reader.finish().expect("frame");
    assert!(back.equals_missing(&result.results), "the frame survives unchanged");
    let pairs: BTreeMap<String, String> = metadata
        .key_value_metadata()
        .iter()
        .flatten()
        .filter_map(|pair| Some((pair.key.clone(), pair.value.clone()?)))
        .collect();
    let provenance = &result.summary.provenance;
    assert_eq!(pairs["screening.policy"], provenance.policy);
    assert_eq!(pairs["screening.engine"], provenance.engine);
    for instrument in &provenance.instruments {
        assert!(pairs["screening.instruments"].contains(&instrument.citation));
        for (scale, set) in &instrument.cutoffs {
            let told: serde_json::Value = serde_json::from_str(&pairs["screening.cutoffs"]).expect("json");
            assert_eq!(told[&instrument.id][scale], set.as_str());
        }
    }
}

#[test]
fn school_lists_hold_those_with_a_tier_the_most_urgent_first() {
    let folder = tempfile::tempdir().expect("folder");
    let result = small();
    write(folder.path(), &result, &names());
    let mut book = Book::read(folder.path());
    let sheets = book.0.sheet_names();
    assert_eq!(sheets.len(), 5, "{sheets:?}");
    assert_eq!(sheets[0], "总览 Overview");
    assert!(sheets.iter().all(|name| name.encode_utf16().count() <= 31));
    let hostile = sheets.iter().find(|name| name.starts_with("=cmd")).expect("a sheet for the school");

    assert_eq!(book.column(hostile, "Student id"), ["p1", "+p4"]);
    assert_eq!(book.column(hostile, "Name"), ["=甲", ""]);
    assert_eq!(book.column(hostile, "Class"), ["-1", "1"]);
    let tiers = book.column(hostile, "Level");
    assert!(tiers[0].ends_with("talk today") && tiers[1].ends_with("talk within two days"));
    let due = book.column(hostile, "Due");
    assert!(due[0].ends_with("within 8 hours") && due[1].ends_with("within 2 days"), "{due:?}");
    assert!(book.column(hostile, "Critical answers").iter().all(|told| told.contains("critical answer")));
    assert_eq!(
        book.column(hostile, "Reasons (English)")[0],
        result.proposals[0].proposal.reasons(screening_core::instrument::Language::En)
    );
    assert_eq!(book.column("B", "Student id"), ["p3"]);

    let stray = "未对应的关键回答 Unmatched";
    assert_eq!(book.column(stray, "Id on the sheet"), ["nobody"]);
    assert_eq!(book.column(stray, "Row"), ["6"]);
}

#[test]
fn the_overview_adds_up() {
    let folder = tempfile::tempdir().expect("folder");
    let result = small();
    write(folder.path(), &result, &BTreeMap::new());
    let mut book = Book::read(folder.path());
    let overview = book.sheet("总览 Overview");
    let cells = overview.rows().flatten().map(ToString::to_string);
    let text = cells.collect::<Vec<_>>().join("\n");
    for part in ["不是诊断", "not a diagnosis", "2026-autumn", &result.summary.provenance.policy] {
        assert!(text.contains(part), "{part}");
    }
    let total = overview.rows().find(|row| row[0].to_string().ends_with("Total")).expect("a row of sums");
    let figures: Vec<u32> = total[1..].iter().filter_map(calamine::DataType::get_float).map(|f| f as u32).collect();
    assert_eq!(figures[0], 7);
    let tiers = policy().tiers().count();
    // Every enrolled pupil has one tier or no sheet.
    assert_eq!(figures[2..=2 + tiers].iter().sum::<u32>(), 7);
    assert_eq!(figures.last(), Some(&result.summary.critical));
    for total in &result.summary.tiers {
        let name = total.name.en.as_str();
        let row = overview.rows().find(|row| row[0].to_string().lines().nth(1) == Some(name));
        assert_eq!(row.and_then(|row| calamine::DataType::get_float(&row[1])), Some(f64::from(total.pupils)), "{name}");
    }
}

#[test]
fn names_stand_in_the_lists_only_and_only_when_handed_over() {
    let folder = tempfile::tempdir().expect("folder");
    let result = small();
    write(folder.path(), &result, &names());
    for file in
        ["results.csv", "results.parquet", "coverage.csv", "rejected.csv", "published/aggregates.csv", "summary.json"]
    {
        let bytes = std::fs::read(folder.path().join(file)).expect("file");
        let name = "甲".as_bytes();
        assert!(!bytes.windows(name.len()).any(|part| part == name), "{file}");
    }
    write(folder.path(), &result, &BTreeMap::new());
    let range = Book::read(folder.path()).sheet("B");
    assert!(!range.rows().flatten().any(|cell| cell.to_string().contains("Name")));
}

#[test]
fn coverage_and_rejections_are_told_whole() {
    let folder = tempfile::tempdir().expect("folder");
    let result = small();
    write(folder.path(), &result, &names());
    let coverage = Csv::read(&folder.path().join("coverage.csv"));
    assert_eq!(coverage.rows.len(), result.coverage.rows().len());
    for row in &coverage.rows {
        let counts: Vec<u32> = row[4..].iter().filter_map(|count| count.parse().ok()).collect();
        assert_eq!(counts[0], counts[1..].iter().sum::<u32>(), "{row:?}");
    }

    let rejected = Csv::read(&folder.path().join("rejected.csv"));
    let lines = 1 + result.rejected.len() + result.superseded.len();
    assert_eq!(rejected.rows.len(), lines);
    let kinds: BTreeSet<&str> = rejected.column("kind").into_iter().collect();
    assert_eq!(kinds, ["cell", "sheet", "superseded", "value"].into());
    assert_eq!(rejected.column("value")[0], "'-3 points");
    assert_eq!(rejected.column("column")[0], "'=1+1");
    let unknown = rejected.column("reason").iter().position(|reason| *reason == "unknown-pupil");
    let unknown = unknown.expect("the sheet of nobody");
    assert_eq!(rejected.column("row")[unknown], "6");
    assert_eq!(rejected.column("source_file")[unknown], "'@answers.csv");
    assert!(rejected.column("why_en")[unknown].ends_with("nobody"));
    assert!(rejected.column("to_do_zh")[unknown].contains("请核对"));

    let text = std::fs::read_to_string(folder.path().join("summary.json")).expect("file");
    let summary: serde_json::Value = serde_json::from_str(&text).expect("json");
    assert_eq!(summary["rows"]["read"], 7);
    assert_eq!(summary["rejected_by_reason"]["sheet"]["unknown-pupil"], 1);
    assert_eq!(summary["rejected_by_reason"]["superseded"]["superseded"], 1);
    assert_eq!(summary["rejected_by_reason"]["cell"]["answer-not-a-number"], 1);
}

#[test]
fn nothing_becomes_a_formula() {
    let folder = tempfile::tempdir().expect("folder");
    write(folder.path(), &small(), &names());
    for file in ["results.csv", "coverage.csv", "rejected.csv", "make-up.csv", "published/aggregates.csv"] {
        let csv = Csv::read(&folder.path().join(file));
        for cell in csv.rows.iter().flatten().chain(&csv.headings) {
            let number = cell.parse::<f64>().is_ok();
            assert!(number || !cell.starts_with(['=', '+', '-', '@']), "{file}: {cell}");
        }
    }
    for file in ["alerts.xlsx", "make-up.xlsx"] {
        let mut book = Book::of(&folder.path().join(file));
        for name in book.0.sheet_names() {
            let formulas = book.0.worksheet_formula(&name).expect("sheet");
            assert!(formulas.rows().flatten().all(String::is_empty), "{file}: {name}");
        }
    }
}

#[test]
fn the_same_screening_gives_the_same_bytes_and_replaces_what_stood_there() {
    let (first, second) = (tempfile::tempdir().expect("a"), tempfile::tempdir().expect("b"));
    let result = small();
    std::fs::write(second.path().join("alerts.xlsx"), b"old").expect("old file");
    write(first.path(), &result, &names());
    write(second.path(), &result, &names());
    for path in files(first.path()) {
        let twin = second.path().join(path.strip_prefix(first.path()).expect("within"));
        assert!(std::fs::read(&path).expect("file") == std::fs::read(twin).expect("twin"), "{path:?}");
    }
}

#[test]
fn a_failure_names_the_file_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("folder");
    let result = small();
    let blocked = folder.path().join("blocked");
    std::fs::write(&blocked, b"").expect("file");
    let none = BTreeMap::new();
    let refused = write_outputs(&blocked, &result, &policy(), &[], &none, &|_| {});
    assert_eq!(refused.expect_err("a file is no folder").id(), "output-folder");

    let out = folder.path().join("out");
    std::fs::create_dir_all(out.join("results.parquet/in-the-way")).expect("folder");
    let refused = write_outputs(&out, &result, &policy(), &[], &none, &|_| {}).expect_err("in the way");
    assert_eq!(refused.id(), "output-not-replaced");
    assert!(refused.to_string().contains("results.parquet"));
    assert_eq!(std::fs::read_dir(&out).expect("folder").count(), 1, "temporary files are gone");

    let mut other = result;
    other.summary.provenance.policy = "another@1.0.0+000000000000".to_owned();
    let refused = write_outputs(&out, &other, &policy(), &[], &none, &|_| {}).expect_err("policy");
    assert_eq!(refused.id(), "output-policy");
}

#[test]
fn school_lists_print_on_one_page_across_with_their_headings() {
    let folder = tempfile::tempdir().expect("folder");
    write(folder.path(), &small(), &names());
    let file = std::fs::File::open(folder.path().join("alerts.xlsx")).expect("file");
    let mut archive = ::zip::ZipArchive::new(file).expect("archive");
    let mut part = |name: &str| {
        let entry = archive.by_name(name).expect("part");
        std::io::read_to_string(entry).expect("text")
    };
    let sheet = part("xl/worksheets/sheet2.xml");
    for wanted in [
        r#"orientation="landscape""#,
        r#"fitToHeight="0""#,
        r#"topLeftCell="C3""#,
        r#"state="frozen""#,
        r#"<autoFilter ref="A2:P4""#,
        "numberStoredAsText",
    ] {
        assert!(sheet.contains(wanted), "{wanted}");
    }
    assert!(part("xl/workbook.xml").contains("_xlnm.Print_Titles"));
    let styles = part("xl/styles.xml");
    let red = policy().tier("today").expect("tier").colour.replace('#', "FF");
    assert!(styles.to_lowercase().contains(&red.to_lowercase()), "the colour of the policy");
    assert!(styles.contains("Microsoft YaHei"));
}
