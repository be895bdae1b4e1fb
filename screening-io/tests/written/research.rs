//! Data for research: nobody can be recognised, nothing is lost, pupils can be followed with the key and only with it.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use polars::prelude::*;
use screening_core::instrument::Library;
use screening_core::screening::ScreeningResult;
use screening_io::example::{ExampleParams, generate};
use screening_io::job::{JobInput, read_job, screen_job};
use screening_io::output::write_research;
use screening_io::research::{ResearchExport, ResearchKey, ResearchOptions, Unit, export};

/// A small example district with a column on consent to research, and login codes.
struct District {
    folder: tempfile::TempDir,
    input: JobInput,
    result: ScreeningResult,
}

static DISTRICT: LazyLock<District> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::bundled().unwrap();
    let params = ExampleParams { schools: Some(3), ..ExampleParams::new(folder.path(), 120, 7) };
    generate(&params, &|id| library.get(id).map(screening_core::instrument::Instrument::definition), &|_| {}).unwrap();
    let roster = folder.path().join("roster.csv");
    let text = std::fs::read_to_string(&roster).unwrap();
    let mut lines = text.lines();
    let mut out = format!("{},login_code,research_consent,家庭住址\n", lines.next().unwrap());
    for (row, line) in lines.enumerate() {
        let consent = ["granted", "granted", "granted", "granted", "refused", "granted", "granted", ""][row % 8];
        writeln!(out, "{line},login-{row:04}-code,{consent},幸福路{row}号").unwrap();
    }
    std::fs::write(&roster, out).unwrap();
    let (input, result) = run(&folder.path().join("screening.toml"));
    District { folder, input, result }
});

fn run(job: &Path) -> (JobInput, ScreeningResult) {
    let input = read_job(job, true, &|_| {}).unwrap_or_else(|error| panic!("{error}"));
    let result = screen_job(&input, &|_| {}).unwrap_or_else(|error| panic!("{error}"));
    (input, result)
}

fn key(digit: char) -> ResearchKey {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), digit.to_string().repeat(64)).unwrap();
    ResearchKey::read(file.path()).unwrap()
}

fn made(digit: char, options: &ResearchOptions) -> ResearchExport {
    export(&DISTRICT.input, &DISTRICT.result, &key(digit), options).unwrap_or_else(|error| panic!("{error}"))
}

fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    let series = frame.column(column).unwrap().as_materialized_series().cast(&DataType::String).unwrap();
    series.str().unwrap().iter().map(|text| text.map(str::to_owned)).collect()
}

fn written(folder: &Path, export: &ResearchExport) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = write_research(folder, export).unwrap();
    assert_eq!(paths.len(), 6);
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn sheets_in_are_rows_and_exclusions() {
    let export = made('a', &ResearchOptions::default());
    assert_eq!(export.sheets_in, export.data.height() + export.sheets_excluded());
    assert_eq!(export.sheets_in, DISTRICT.input.files.iter().map(|file| file.rows_in).sum::<usize>());
    let rows = DISTRICT.result.summary.rows;
    let refused = |reason: &str| export.exclusions.iter().filter(|e| e.reason == reason).count();
    let of_research = refused("research-consent-refused") + refused("research-consent-missing");
    assert!(of_research > 0, "the roster of this test has such pupils");
    assert_eq!(export.data.height() + of_research, rows.used as usize);
    assert_eq!(refused("superseded"), rows.superseded as usize);
    // Pupils without a sheet are told too.
    let results = texts(&DISTRICT.result.results, "status");
    let absent = results.iter().filter(|status| status.as_deref() == Some("absent")).count();
    let told = export.exclusions.iter().filter(|e| e.unit == Unit::Pupil && e.reason == "absent").count();
    assert_eq!(told, absent);
    // Invalid sheets are there, and marked.
    let statuses: BTreeSet<_> = texts(&export.data, "status").into_iter().flatten().collect();
    assert!(statuses.contains("valid"), "{statuses:?}");
    let pseudonyms = texts(&export.data, "pupil");
    assert_eq!(pseudonyms.iter().collect::<BTreeSet<_>>().len(), export.data.height());
    assert!(pseudonyms.is_sorted(), "the order of the class lists would tell names");
}

/// No identifier of the class lists stands in any file, also not in the unpacked parquet.
#[test]
fn no_identifier_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let options = ResearchOptions { class: true, ..ResearchOptions::default() };
    let files = written(folder.path(), &made('a', &options));
    let frame = ParquetReader::new(std::fs::File::open(folder.path().join("data.parquet")).unwrap()).finish().unwrap();
    let mut unpacked = Vec::new();
    CsvWriter::new(&mut unpacked).finish(&mut frame.clone()).unwrap();
    let roster = std::fs::read_to_string(DISTRICT.folder.path().join("roster.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(roster.trim_start_matches('\u{feff}').as_bytes());
    let headings = reader.headers().unwrap().clone();
    let at = |name: &str| headings.iter().position(|heading| heading == name).unwrap();
    let columns = ["student_id", "name", "school", "birth_date", "login_code", "家庭住址"].map(at);
    let mut identifiers = BTreeSet::new();
    for record in reader.records() {
        let record = record.unwrap();
        for column in columns {
            let cell = record.get(column).unwrap_or_default().to_owned();
            identifiers.insert(cell.replace('-', "/"));
            identifiers.insert(cell.replace('-', ""));
            identifiers.insert(cell);
        }
    }
    identifiers.remove("");
    assert!(identifiers.len() > 300);
    let files = files.iter().map(|(path, bytes)| (path.display().to_string(), bytes.as_slice()));
    for (file, bytes) in files.chain([("unpacked".to_owned(), unpacked.as_slice())]) {
        let found = identifiers.iter().find(|id| bytes.windows(id.len()).any(|window| window == id.as_bytes()));
        assert_eq!(found, None, "in {file}");
    }
    let names: Vec<&str> = frame.get_column_names().into_iter().map(PlSmallStr::as_str).collect();
    let persons: Vec<&str> = names.iter().copied().filter(|name| !name.contains('.')).collect();
    let allowed = ["pupil", "school", "class", "grade", "sex", "age", "wave", "status", "duration_s"];
    assert!(persons.iter().all(|name| allowed.contains(name)), "{persons:?}");
    // The dates of the sheets do not leave either.
    assert!(!String::from_utf8_lossy(&unpacked).contains("2026-09"));
}

#[test]
fn a_key_makes_the_same_pseudonyms_in_every_wave() {
    let folder = DISTRICT.folder.path();
    let job = std::fs::read_to_string(folder.join("screening.toml")).unwrap();
    let later = job.replace("2026-autumn", "2027-spring").replace("administered-on = 2026", "administered-on = 2027");
    assert_ne!(job, later);
    std::fs::write(folder.join("later.toml"), later).unwrap();
    let (input, result) = run(&folder.join("later.toml"));
    let options = ResearchOptions::default();
    let [first, second] = [made('a', &options), export(&input, &result, &key('a'), &options).unwrap()];
    assert_eq!(texts(&first.data, "pupil"), texts(&second.data, "pupil"));
    assert_eq!(texts(&second.data, "wave")[0].as_deref(), Some("2027-spring"));
    let schools =
        |export: &ResearchExport| texts(&export.data, "school").into_iter().flatten().collect::<BTreeSet<_>>();
    assert_eq!(schools(&first), schools(&second));
    let other = made('b', &options);
    let pseudonyms = |export: &ResearchExport| texts(&export.data, "pupil").into_iter().collect::<BTreeSet<_>>();
    assert!(pseudonyms(&first).is_disjoint(&pseudonyms(&other)));
    assert!(schools(&first).is_disjoint(&schools(&other)));
}

#[test]
fn small_groups_are_blanked_and_no_row_is_dropped() {
    let facts = ["school", "grade", "sex", "age"];
    let loose = made('a', &ResearchOptions { min_group: 1, ..ResearchOptions::default() });
    assert!(loose.suppressed.iter().all(|suppressed| suppressed.rows == 0));
    for least in [2, 5, 9] {
        let export = made('a', &ResearchOptions { min_group: least, ..ResearchOptions::default() });
        assert_eq!(export.data.height(), loose.data.height());
        let columns = facts.map(|fact| texts(&export.data, fact));
        let mut groups: HashMap<Vec<Option<String>>, usize> = HashMap::new();
        for row in 0..export.data.height() {
            *groups.entry(columns.iter().map(|column| column[row].clone()).collect()).or_default() += 1;
        }
        assert!(groups.values().all(|count| *count >= least), "{least}: {groups:?}");
        for (fact, column) in facts.iter().zip(&columns) {
            let before = texts(&loose.data, fact);
            let gone = before.iter().zip(column).filter(|(before, after)| before != after);
            assert!(gone.clone().all(|(_, after)| after.is_none()), "a fact is blank or as it was");
            let told = export.suppressed.iter().find(|suppressed| suppressed.column == *fact).unwrap().rows;
            assert_eq!(gone.count(), told);
            assert!(export.readme.contains(&format!("| `{fact}` | {told} |")));
        }
    }
}

/// Answers, kinds of missing and scores are those of the screening.
#[test]
fn answers_and_scores_join_by_pseudonym() {
    let export = made('a', &ResearchOptions::default());
    let folder = tempfile::tempdir().unwrap();
    let _ = written(folder.path(), &export);
    let data = &export.data;
    // By all answers to an instrument and its total together the rows can be found again in the results.
    let sums = |frame: &DataFrame| -> Vec<String> {
        let columns = ["gad-7.total", "phq-9.total", "phq-9.total.band", "status"].map(|column| texts(frame, column));
        (0..frame.height()).map(|row| format!("{:?}", columns.iter().map(|c| &c[row]).collect::<Vec<_>>())).collect()
    };
    let mut left: HashMap<String, i64> = HashMap::new();
    for sum in sums(&DISTRICT.result.results) {
        *left.entry(sum).or_default() += 1;
    }
    for sum in sums(data) {
        *left.entry(sum).or_default() -= 1;
    }
    assert!(left.values().all(|count| *count >= 0), "a row that the results do not have");
    let total = data.column("gad-7.total").unwrap().cast(&DataType::Float64).unwrap();
    let (mut checked, mut not_asked) = (0, 0);
    for row in 0..data.height() {
        let answers: Vec<Option<i8>> =
            (1..=7).map(|item| data.column(&format!("gad-7.{item}")).unwrap().i8().unwrap().get(row)).collect();
        if answers.iter().all(Option::is_none) {
            not_asked += 1;
            assert_eq!(total.f64().unwrap().get(row), None);
            continue;
        }
        // Within a battery a blank is a code, never null.
        let codes: Vec<i8> = answers.iter().map(|answer| answer.expect("a code for every kind of missing")).collect();
        if codes.iter().all(|code| (0..=3).contains(code)) {
            checked += 1;
            let sum: f64 = codes.iter().map(|code| f64::from(*code)).sum();
            assert_eq!(total.f64().unwrap().get(row), Some(sum));
        }
    }
    assert!(checked > 20 && not_asked > 10, "{checked} {not_asked}");
    // Every column is in the dictionary, with words in both languages.
    let dictionary = &export.dictionary;
    let columns: Vec<Option<String>> = data.get_column_names().iter().map(|name| Some(name.to_string())).collect();
    assert_eq!(texts(dictionary, "column"), columns);
    for label in ["label_zh", "label_en"] {
        assert!(texts(dictionary, label).iter().all(|text| text.as_deref().is_some_and(|text| !text.is_empty())));
    }
    let item = columns.iter().position(|name| name.as_deref() == Some("phq-9.1")).unwrap();
    assert!(texts(dictionary, "missing_en")[item].as_deref().unwrap().contains("skipped = -128"));
    assert!(texts(dictionary, "instrument")[item].as_deref().unwrap().starts_with("phq-9@"));
    let sav = screening_io::read_table(&folder.path().join("data.sav"), &screening_io::ReadOptions::default()).unwrap();
    assert_eq!((sav.height(), sav.width()), (data.height(), data.width()));
}

#[test]
fn without_the_column_the_consent_to_research_is_open_and_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::bundled().unwrap();
    let params = ExampleParams { schools: Some(3), ..ExampleParams::new(folder.path(), 60, 7) };
    generate(&params, &|id| library.get(id).map(screening_core::instrument::Instrument::definition), &|_| {}).unwrap();
    let (input, result) = run(&folder.path().join("screening.toml"));
    let made = export(&input, &result, &key('c'), &ResearchOptions::default()).unwrap();
    assert_eq!(made.data.height(), result.summary.rows.used as usize);
    assert!(made.readme.contains("no column for consent to research") && made.readme.contains("研究同意"));
}
