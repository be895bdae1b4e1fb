//! The example district from its files to its results: nothing is lost, nothing is counted twice, and the totals are those
//! that a plain reading of the file gives.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use calamine::{Reader, Xlsx, open_workbook};
use polars::prelude::*;
use screening_core::coverage::{Level, Status};
use screening_core::instrument::{FlagSeverity, Library};
use screening_core::screening::RejectionKind;
use screening_io::Scope;
use screening_io::job::{JobResult, run_job};
use screening_io::output::write_outputs;
use screening_tests::{Csv, Outcome, repository};

/// One run for all tests.
static RUN: LazyLock<JobResult> = LazyLock::new(|| {
    let path = district().join("screening.toml");
    run_job(&path, false, &|_| {}).unwrap_or_else(|error| panic!("{error}"))
});

fn district() -> PathBuf {
    repository().join("examples").join("district")
}

fn texts(frame: &DataFrame, name: &str) -> Outcome<Vec<Option<String>>> {
    let series = frame.column(name)?.as_materialized_series().cast(&DataType::String)?;
    let texts = series.str()?.iter().map(|text| text.map(str::to_owned)).collect();
    Ok(texts)
}

fn numbers(frame: &DataFrame, name: &str) -> Outcome<Vec<Option<f64>>> {
    let series = frame.column(name)?.as_materialized_series().cast(&DataType::Float64)?;
    let numbers = series.f64()?.iter().collect();
    Ok(numbers)
}

fn truths(frame: &DataFrame, name: &str) -> Outcome<Vec<Option<bool>>> {
    let series = frame.column(name)?.as_materialized_series();
    let truths = series.bool()?.iter().collect();
    Ok(truths)
}

/// Student ids in the order of the results.
fn pupils() -> Outcome<Vec<String>> {
    let ids = texts(&RUN.screening.results, "student_id")?;
    ids.into_iter().map(|id| id.ok_or_else(|| "a pupil without an id".into())).collect()
}

fn has_sheet(status: Option<&str>) -> bool {
    [Status::Valid, Status::Invalid, Status::RetestPending].into_iter().any(|known| status == Some(known.word()))
}

#[test]
fn every_row_that_came_in_is_used_superseded_or_rejected() -> Outcome<()> {
    let (screening, files) = (&RUN.screening, &RUN.files);
    let rows = screening.summary.rows;
    assert_eq!(rows.read, rows.used + rows.superseded + rows.rejected);
    assert_eq!(rows.superseded, screening.superseded.len() as u64);
    let of_kind = |kind: RejectionKind| screening.rejected.iter().filter(|entry| entry.kind == kind).count() as u64;
    assert_eq!(rows.rejected, of_kind(RejectionKind::Sheet));
    assert_eq!(rows.values_rejected, of_kind(RejectionKind::Value));
    assert!(rows.used > 0 && rows.superseded > 0 && rows.rejected > 0, "the example has none of one kind: {rows:?}");

    let (rows_in, rows_read): (usize, usize) =
        (files.iter().map(|file| file.rows_in).sum(), files.iter().map(|file| file.rows_read).sum());
    assert_eq!(rows_read as u64, rows.read);
    let refused = |file: &PathBuf| {
        let whole = RUN.rejected.iter().filter(|entry| entry.scope == Scope::Row);
        whole.filter(|entry| PathBuf::from(&entry.problem.place.file).ends_with(file)).count()
    };
    for file in files {
        assert_eq!(file.rows_in, file.rows_read + refused(&file.file), "{}", file.file.display());
        if file.file.extension().is_some_and(|extension| extension == "csv") {
            let plain = Csv::read(&district().join(&file.file))?;
            assert_eq!(file.rows_in, plain.height(), "{}", file.file.display());
        }
    }
    assert!(rows_in >= rows_read);
    Ok(())
}

#[test]
fn every_pupil_of_the_roster_stands_once_in_the_results() -> Outcome<()> {
    let roster = Csv::read(&district().join("roster.csv"))?;
    let (found, wanted) = (pupils()?, roster.column("student_id")?);
    assert_eq!(found, wanted);
    assert_eq!(found.iter().collect::<HashSet<_>>().len(), found.len());
    assert_eq!(found.len(), RUN.screening.coverage.district().enrolled() as usize);
    assert!(RUN.names.is_empty() && RUN.screening.results.column("name").is_err(), "names were not asked for");
    Ok(())
}

#[test]
fn coverage_adds_up_at_every_level() -> Outcome<()> {
    let table = &RUN.screening.coverage;
    for row in table.rows() {
        let parts: u32 = Status::ALL.into_iter().map(|status| row.counts.get(status)).sum();
        assert_eq!(row.counts.enrolled(), parts, "{row:?}");
    }
    for level in Level::ALL {
        for status in Status::ALL {
            let rows = table.rows().iter().filter(|row| row.level == level);
            let sum: u32 = rows.map(|row| row.counts.get(status)).sum();
            assert_eq!(sum, table.district().get(status), "{} {}", level.word(), status.word());
        }
    }

    let results = &RUN.screening.results;
    let (schools, grades, classes) = (texts(results, "school")?, texts(results, "grade")?, texts(results, "class")?);
    let statuses = texts(results, "status")?;
    let mut counted: HashMap<_, u32> = HashMap::new();
    for (((school, grade), class), status) in schools.into_iter().zip(grades).zip(classes).zip(statuses) {
        *counted.entry((school, grade, class, status)).or_default() += 1;
    }
    let mut compared = 0;
    for row in table.rows().iter().filter(|row| row.level == Level::Class) {
        for status in Status::ALL {
            let grade = row.grade.map(|grade| grade.to_string());
            let key = (row.school.clone(), grade, row.class.clone(), Some(status.word().to_owned()));
            let pupils = counted.remove(&key).unwrap_or(0);
            assert_eq!(row.counts.get(status), pupils, "{key:?}");
            compared += pupils;
        }
    }
    assert!(counted.is_empty(), "pupils in no class of the table: {counted:?}");
    assert_eq!(compared, table.district().enrolled());

    let roster = Csv::read(&district().join("roster.csv"))?;
    let schools = roster.column("school")?;
    for row in table.rows().iter().filter(|row| row.level == Level::School) {
        let pupils = schools.iter().filter(|school| Some(**school) == row.school.as_deref()).count();
        assert_eq!(row.counts.enrolled() as usize, pupils, "{row:?}");
    }
    Ok(())
}

/// Pupils who are proposed with a certain critical answer.
fn listed() -> HashSet<(String, String, String)> {
    let entries = RUN.screening.proposals.iter();
    let answers = entries.flat_map(|entry| entry.proposal.critical.iter().map(move |answer| (entry, answer)));
    answers.map(|(entry, answer)| (entry.student_id.clone(), answer.instrument.clone(), answer.flag.clone())).collect()
}

#[test]
fn a_critical_answer_is_listed_whatever_the_status() -> Outcome<()> {
    let library = Library::bundled()?;
    let (results, pupils, listed) = (&RUN.screening.results, pupils()?, listed());
    let statuses = texts(results, "status")?;
    let (mut raised, mut not_valid) = (0, 0);
    for instrument in library.iter() {
        let flags = instrument.definition().flags.iter().filter(|flag| flag.severity == FlagSeverity::Critical);
        for flag in flags {
            let name = format!("{}.flag.{}", instrument.id(), flag.id);
            if results.column(&name).is_err() {
                continue;
            }
            for (row, state) in truths(results, &name)?.into_iter().enumerate() {
                if state == Some(true) {
                    let key = (pupils[row].clone(), instrument.id().to_owned(), flag.id.clone());
                    assert!(listed.contains(&key), "{key:?}, status {:?}", statuses[row]);
                    raised += 1;
                    not_valid += usize::from(statuses[row].as_deref() != Some(Status::Valid.word()));
                }
            }
        }
    }
    assert!(raised > 20, "only {raised} critical answers in the example");
    println!("{raised} critical answers are listed, {not_valid} of them on sheets that are not valid");
    Ok(())
}

/// One file of the senior school: student ids, and the nine answers of each sheet as they stand there.
struct Plain {
    ids: Vec<String>,
    answers: Vec<Vec<String>>,
}

fn plain() -> Outcome<Plain> {
    let library = Library::bundled()?;
    let definition = library.get("phq-9").ok_or("the library has no phq-9")?.definition();
    let labels: Vec<&str> = definition.items.iter().map(|item| item.label.zh_cn.as_str()).collect();
    let csv = Csv::read(&district().join("answers").join("school-03.csv"))?;
    let stems: Vec<&str> = csv.headings().iter().map(|h| h.split_once('、').map_or("", |(_, stem)| stem)).collect();
    let first =
        stems.windows(labels.len()).position(|window| window == labels).ok_or("the questions were not found")?;
    let id = stems.iter().position(|stem| *stem == "学号").ok_or("the student id was not found")?;
    let columns: Vec<Vec<&str>> = (first..first + labels.len()).map(|column| csv.at(column)).collect();
    let answers = |row: usize| -> Vec<String> { columns.iter().map(|column| column[row].trim().to_owned()).collect() };
    Ok(Plain {
        ids: csv.at(id).into_iter().map(|id| id.trim().to_owned()).collect(),
        answers: (0..csv.height()).map(answers).collect(),
    })
}

#[test]
fn a_critical_answer_in_the_file_reaches_a_list() -> Outcome<()> {
    let (plain, listed) = (plain()?, listed());
    let stray: HashSet<&str> = RUN.screening.stray_critical.iter().map(|entry| entry.student_id.as_str()).collect();
    let mut seen = 0;
    for (id, answers) in plain.ids.iter().zip(&plain.answers) {
        let given = answers.last().and_then(|answer| answer.parse::<u8>().ok()).is_some_and(|code| code >= 1);
        if given {
            let key = (id.clone(), "phq-9".to_owned(), "item-9".to_owned());
            assert!(listed.contains(&key) || stray.contains(id.as_str()), "{id} is in no list");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} sheets with such an answer");
    Ok(())
}

#[test]
fn totals_are_those_of_a_plain_reading_of_the_file() -> Outcome<()> {
    let plain = plain()?;
    let sum = |answers: &Vec<String>| -> Option<f64> {
        let codes = answers.iter().map(|answer| answer.parse::<u8>().ok().filter(|code| *code <= 3).map(f64::from));
        codes.sum()
    };
    let mut expected: HashMap<&str, Vec<Option<f64>>> = HashMap::new();
    for (id, answers) in plain.ids.iter().zip(&plain.answers) {
        expected.entry(id).or_default().push(sum(answers));
    }
    // A pupil who also came to the make-up day has a sheet that this file does not show.
    let make_up = Csv::read(&district().join("answers").join("make-up-senior.csv"))?;
    let later: HashSet<&str> = make_up.column("student_id")?.into_iter().collect();
    let results = &RUN.screening.results;
    let (totals, statuses) = (numbers(results, "phq-9.total")?, texts(results, "status")?);
    let (mut compared, mut incomplete) = (0, 0);
    for (row, id) in pupils()?.iter().enumerate() {
        let Some(sheets) = expected.get(id.as_str()).filter(|_| !later.contains(id.as_str())) else { continue };
        match (has_sheet(statuses[row].as_deref()), sheets.as_slice()) {
            (false, _) => assert_eq!(totals[row], None, "{id}: {:?}", statuses[row]),
            (true, [only]) => {
                assert_eq!(totals[row], *only, "{id}");
                compared += 1;
                incomplete += usize::from(only.is_none());
            }
            (true, several) => assert!(several.contains(&totals[row]), "{id}: none of {several:?}"),
        }
    }
    assert!(compared > 600, "only {compared} totals were compared");
    assert!(incomplete > 0, "no incomplete sheet in the example");
    Ok(())
}

/// Every text of a sheet.
fn cells(workbook: &mut Xlsx<std::io::BufReader<std::fs::File>>, sheet: &str) -> Outcome<HashSet<String>> {
    let range = workbook.worksheet_range(sheet)?;
    let cells: HashSet<String> = range.used_cells().map(|(_, _, cell)| cell.to_string()).collect();
    Ok(cells)
}

/// What a run writes.
const FILES: [&str; 12] = [
    "results.parquet",
    "results.csv",
    "alerts.xlsx",
    "make-up.xlsx",
    "make-up.csv",
    "coverage.csv",
    "rejected.csv",
    "published/aggregates.csv",
    "published/schools.csv",
    "published/schools.svg",
    "summary.json",
    "tally.json",
];

#[test]
fn the_files_hold_what_the_screening_found() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let screening = &RUN.screening;
    let written = write_outputs(folder.path(), screening, &RUN.policy, &RUN.rejected, &RUN.names, &|_| {})?;
    for name in FILES {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
    assert_eq!(written.len(), FILES.len());

    let results = Csv::read(&folder.path().join("results.csv"))?;
    assert_eq!(results.column("student_id")?, pupils()?);
    let rejected = Csv::read(&folder.path().join("rejected.csv"))?;
    assert_eq!(rejected.height(), RUN.rejected.len() + screening.rejected.len() + screening.superseded.len());
    let coverage = Csv::read(&folder.path().join("coverage.csv"))?;
    assert_eq!(coverage.height(), screening.coverage.rows().len());
    let enrolled = screening.coverage.district().enrolled().to_string();
    assert_eq!(coverage.column("enrolled")?.first().copied(), Some(enrolled.as_str()));
    let summary: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path().join("summary.json"))?)?;
    assert!(summary.is_object());

    // Whoever gave a critical answer stands in the workbook: in the sheet of a school, or among the sheets without one.
    let mut workbook: Xlsx<_> = open_workbook(folder.path().join("alerts.xlsx"))?;
    let sheets = workbook.sheet_names();
    let mut texts = HashSet::new();
    for sheet in &sheets {
        texts.extend(cells(&mut workbook, sheet)?);
    }
    for row in screening.coverage.rows().iter().filter(|row| row.level == Level::School) {
        let school = row.school.as_deref().unwrap_or_default();
        assert!(sheets.iter().any(|sheet| sheet == school), "no sheet for {school} among {sheets:?}");
    }
    let stray = screening.stray_critical.iter().map(|entry| entry.student_id.clone());
    for id in listed().into_iter().map(|(id, _, _)| id).chain(stray) {
        assert!(texts.contains(&id), "{id} gave a critical answer and is not in the workbook");
    }
    Ok(())
}

/// The wave before, run on its own.
static SPRING: LazyLock<JobResult> = LazyLock::new(|| {
    let path = district().join("2026-spring").join("screening.toml");
    run_job(&path, false, &|_| {}).unwrap_or_else(|error| panic!("{error}"))
});

/// The job of the later wave in another folder: its files by their full paths, and something changed.
fn changed_job(folder: &std::path::Path, change: impl Fn(String) -> String) -> Outcome<PathBuf> {
    let text = std::fs::read_to_string(district().join("screening.toml"))?;
    let here = district().canonicalize()?.display().to_string().replace('\\', "/");
    let text = text.replace("\"roster.csv\"", &format!("\"{here}/roster.csv\""));
    let text = text.replace("\"answers/", &format!("\"{here}/answers/"));
    let text = text.replace("\"evidence/", &format!("\"{here}/evidence/"));
    let text = text.replace("\"decisions.csv\"", &format!("\"{here}/decisions.csv\""));
    let text = text.replace("job = \"2026-spring/", &format!("job = \"{here}/2026-spring/"));
    let path = folder.join("screening.toml");
    std::fs::write(&path, change(text))?;
    Ok(path)
}

#[test]
fn the_later_wave_shows_norms_validity_and_change() -> Outcome<()> {
    let summary = &RUN.screening.summary;
    let results = &RUN.screening.results;
    // Published norms of adults serve nearly nobody, and say why; local ones serve whoever has a valid score.
    let [published, local] = summary.norms.as_slice() else { panic!("two sets: {:?}", summary.norms) };
    assert!(published.norms.starts_with("scl-90-cn-1986@") && local.norms.starts_with("2026-spring@"));
    for account in published.scales.iter().chain(&local.scales) {
        assert_eq!(account.rows, account.with_norm + account.without.values().sum::<u64>(), "{account:?}");
        assert_eq!(account.rows as usize, results.height());
    }
    assert!(published.scales[0].without["age-outside"] > 500, "{:?}", published.scales[0]);
    let phq = local.scales.iter().find(|account| account.scale == "phq-9.total").ok_or("phq-9.total")?;
    assert!(phq.with_norm > 1200, "{phq:?}");
    let (percentiles, sources) = (numbers(results, "phq-9.total.percentile")?, texts(results, "phq-9.total.norm")?);
    assert!(percentiles.iter().zip(&sources).all(|(value, cell)| value.is_some() == cell.is_some()));
    let values: Vec<f64> = percentiles.into_iter().flatten().collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    assert!((40.0..60.0).contains(&mean), "mean percentile rank {mean}");

    let validity = summary.validity.as_ref().ok_or("no validity")?;
    assert_eq!(validity.instruments.len(), 6);
    for own in &validity.instruments {
        let counts = &own.counts;
        assert_eq!(counts.sheets, counts.valid + counts.doubtful + counts.invalid, "{}", own.instrument);
        assert!(counts.invalid * 20 < counts.sheets, "{}: {} of {}", own.instrument, counts.invalid, counts.sheets);
    }
    assert!(validity.instruments.iter().map(|own| own.counts.invalid).sum::<usize>() > 5);

    let change = summary.change.as_ref().ok_or("no change")?;
    assert_eq!(change.earlier, ["2026-spring"]);
    let phq = change.comparisons.iter().find(|own| own.scale == "total" && own.instrument.starts_with("phq-9@"));
    let counts = &phq.ok_or("phq-9 was not compared")?.counts;
    let parts = counts.compared + counts.only_before + counts.only_after + counts.not_interpreted + counts.no_score;
    assert_eq!(counts.pupils, parts);
    assert!(counts.compared > 900 && counts.course["persistent"] > 20 && counts.course["new-onset"] > 20, "{counts:?}");
    let correlation = phq.and_then(|own| own.basis.pupils).ok_or("no pupils of both waves")?.correlation;
    assert!((0.4..0.75).contains(&correlation), "correlation of the two waves {correlation}");

    let told = |words: &str| {
        let entries = RUN.screening.proposals.iter();
        entries.filter(|entry| entry.proposal.evidence.iter().any(|e| e.text.zh_cn.contains(words))).count()
    };
    assert!(told("（2026-spring），本次") > 20, "{}", told("（2026-spring），本次"));
    let folder = tempfile::tempdir()?;
    write_outputs(folder.path(), &RUN.screening, &RUN.policy, &RUN.rejected, &RUN.names, &|_| {})?;
    let mut workbook: Xlsx<_> = open_workbook(folder.path().join("alerts.xlsx"))?;
    let mut found = 0;
    for sheet in workbook.sheet_names() {
        found += cells(&mut workbook, &sheet)?.iter().filter(|cell| cell.contains("（2026-spring），本次")).count();
    }
    assert!(found > 20, "{found} cells of the alert lists tell of a change");
    Ok(())
}

/// Pupils by school and status that are to be reached; every one stands in the list once, and nobody else.
#[test]
fn everybody_who_was_not_reached_is_on_the_list_of_the_school() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    write_outputs(folder.path(), &RUN.screening, &RUN.policy, &RUN.rejected, &RUN.names, &|_| {})?;
    let list = Csv::read(&folder.path().join("make-up.csv"))?;
    let mut listed: HashMap<(String, String), u32> = HashMap::new();
    for (school, status) in list.column("school")?.into_iter().zip(list.column("status")?) {
        *listed.entry((school.to_owned(), status.to_owned())).or_default() += 1;
    }
    for row in RUN.screening.coverage.rows().iter().filter(|row| row.level == Level::School) {
        for status in [Status::Absent, Status::Unexplained, Status::RetestPending, Status::Invalid] {
            let key = (row.school.clone().unwrap_or_default(), status.word().to_owned());
            assert_eq!(listed.remove(&key).unwrap_or(0), row.counts.get(status), "{key:?}");
        }
    }
    assert!(listed.is_empty(), "{listed:?}");
    let ids: HashSet<&str> = list.column("student_id")?.into_iter().collect();
    assert_eq!(ids.len(), list.height());
    Ok(())
}

/// What is published of the district is true, no count below ten stands in it, and its values sum to the pupils.
#[test]
fn what_is_published_tells_no_small_count() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    write_outputs(folder.path(), &RUN.screening, &RUN.policy, &RUN.rejected, &RUN.names, &|_| {})?;
    let counts = Csv::read(&folder.path().join("published/aggregates.csv"))?;
    let columns = ["level", "school", "measure", "value", "pupils", "shown", "suppressed", "grade", "sex"];
    let columns = columns.map(|name| counts.column(name));
    let [levels, schools, measures, values, pupils, shown, suppressed, grades, sexes] =
        columns.map(Result::unwrap_or_default);
    // How many of a group have a value is known; where nobody has one, all its counts are zero.
    let group = |row: usize| (levels[row], schools[row], grades[row], sexes[row], measures[row]);
    let told = |wanted: &[&str]| -> HashMap<_, &str> {
        let rows = (0..counts.height()).filter(|row| wanted.contains(&values[*row]));
        rows.map(|row| (group(row), pupils[row])).collect()
    };
    let (everybody, without) = (told(&["all"]), told(&["valid", "no-result"]));
    assert_eq!(everybody.len(), without.len());
    let results = &RUN.screening.results;
    let (of_school, tiers) = (texts(results, "school")?, texts(results, "tier")?);
    let (mut true_counts, mut hidden) = (0, 0);
    for row in 0..counts.height() {
        if !suppressed[row].is_empty() {
            assert!(pupils[row].is_empty() && shown[row].parse::<u64>().is_err(), "row {row}");
            hidden += 1;
        } else if !["all", "valid", "no-result"].contains(&values[row]) {
            let count: u64 = pupils[row].parse()?;
            let nobody = everybody.get(&group(row)) == without.get(&group(row));
            assert!(count >= 10 || (count == 0 && nobody), "row {row}: {count} {}", values[row]);
            if levels[row] == "school" && measures[row] == "tier" {
                let own = |(school, tier): &(&Option<String>, &Option<String>)| {
                    school.as_deref() == Some(schools[row]) && tier.as_deref() == Some(values[row])
                };
                assert_eq!(count, of_school.iter().zip(&tiers).filter(own).count() as u64, "row {row}");
                true_counts += 1;
            }
        }
    }
    assert!(true_counts > 5 && hidden > 20, "{true_counts} counts compared, {hidden} hidden");
    assert!(measures.iter().any(|measure| measure.strip_suffix(".band").is_some()) && measures.contains(&"status"));
    Ok(())
}

#[test]
fn a_second_run_gives_the_same_bytes() -> Outcome<()> {
    let again = run_job(&district().join("screening.toml"), false, &|_| {})?;
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    for (folder, run) in folders.iter().zip([&*RUN, &again]) {
        write_outputs(folder.path(), &run.screening, &run.policy, &run.rejected, &run.names, &|_| {})?;
    }
    for name in FILES {
        let [first, second] = [0, 1].map(|at| std::fs::read(folders[at].path().join(name)));
        assert!(first? == second?, "{name} differs between two runs");
    }
    Ok(())
}

#[test]
fn an_invalid_sheet_is_on_the_list_for_a_retest_and_its_critical_answer_on_the_list_of_its_school() -> Outcome<()> {
    let results = &RUN.screening.results;
    let statuses = texts(results, "status")?;
    let mut judged = HashMap::new();
    for own in &RUN.screening.summary.validity.as_ref().ok_or("no validity")?.instruments {
        for (row, verdict) in texts(results, &format!("{}.validity.verdict", own.instrument))?.into_iter().enumerate() {
            if verdict.as_deref() == Some("invalid") {
                judged.insert(row, own.instrument.clone());
            }
        }
    }
    assert!(judged.len() > 5);
    for (row, instrument) in &judged {
        let status = statuses[*row].as_deref();
        assert!(matches!(status, Some("retest_pending" | "invalid")), "row {row}, {instrument}: {status:?}");
    }
    Ok(())
}

#[test]
fn results_and_norms_of_the_wave_before_can_be_given_as_files() -> Outcome<()> {
    use screening_core::norms::{By, LocalMeta, LocalOptions, LocalScale, NormState};
    let folder = tempfile::tempdir()?;
    let spring = &SPRING.screening;
    write_outputs(folder.path(), spring, &SPRING.policy, &SPRING.rejected, &SPRING.names, &|_| {})?;
    let scales = ["phq-9.total".to_owned()];
    let mut state = NormState::new(vec![By::Sex, By::Grade], &scales, None);
    state.add_frame(&spring.results)?;
    assert_eq!(state.used() as u32, spring.summary.coverage.get(Status::Valid));
    let both = |text: &str| screening_core::instrument::Text { en: text.to_owned(), zh_cn: text.to_owned() };
    let meta = LocalMeta {
        id: "spring".to_owned(),
        version: "1.0.0".parse()?,
        name: both("spring"),
        population: both("spring"),
        region: None,
        year: Some(2026),
        inputs: Vec::new(),
        scales: vec![LocalScale::of(&Library::bundled()?, "phq-9.total", None).ok_or("phq-9.total")?],
    };
    let set = state.finish(&meta, &LocalOptions::default())?;
    std::fs::write(folder.path().join("norms.toml"), set.to_toml()?)?;
    let path = changed_job(folder.path(), |text| {
        let (head, rest) = text.split_once("norms = [").unwrap_or_default();
        let (_, tail) = rest.split_once("\n]\n").unwrap_or_default();
        let text = format!("{head}norms = [\"norms.toml\"]\n{tail}");
        let (head, rest) = text.split_once("job = ").unwrap_or_default();
        let (_, tail) = rest.split_once('\n').unwrap_or_default();
        format!("{head}results = \"results.parquet\"\n{tail}")
    })?;
    let done = run_job(&path, false, &|_| {})?;
    let (own, first) = (&done.screening, &RUN.screening);
    // The wave read from its file is the wave that was scored again.
    for column in ["phq-9.total.before", "phq-9.total.change_index", "mht.total.before"] {
        assert_eq!(numbers(&own.results, column)?, numbers(&first.results, column)?, "{column}");
    }
    assert_eq!(texts(&own.results, "phq-9.total.course")?, texts(&first.results, "phq-9.total.course")?);
    assert_eq!(texts(&own.results, "tier")?, texts(&first.results, "tier")?);
    // Norms built from the file are those that the job made of the wave.
    assert_eq!(numbers(&own.results, "phq-9.total.percentile")?, numbers(&first.results, "phq-9.total.percentile")?);
    assert_eq!(own.summary.norms[0].norms, set.citation());
    let source = own.summary.provenance.earlier[0].source.as_deref().unwrap_or_default();
    assert!(source.starts_with("results.parquet sha256:"), "{source}");
    Ok(())
}

#[test]
fn what_does_not_fit_a_job_is_refused_with_place_and_advice() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let refuse = |change: &dyn Fn(String) -> String| -> Outcome<String> {
        let path = changed_job(folder.path(), change)?;
        Ok(run_job(&path, false, &|_| {}).map_or_else(|error| error.to_string(), |_| String::new()))
    };
    let wave =
        refuse(&|text| text.replace("[[earlier]]\nwave = \"2026-spring\"", "[[earlier]]\nwave = \"2025-autumn\""))?;
    assert!(wave.contains("2025-autumn") && wave.contains("screening.toml"), "{wave}");
    let unknown = refuse(&|text| text.replace("\"scl-90-cn-1986\"", "\"nobody-1900\""))?;
    assert!(unknown.contains("there is no norms `nobody-1900`"), "{unknown}");
    let key = refuse(&|text| text.replace("scales = [", "scale = ["))?;
    assert!(key.contains("scale") && key.contains("screening.toml:"), "{key}");
    let source = refuse(&|text| text.replace("[[earlier]]", "[[earlier]]\nresults = \"x.parquet\""))?;
    assert!(source.contains("`results` or `job`"), "{source}");
    let plan = refuse(&|text| text.replace("validity = \"district-default\"", "validity = \"nothing\""))?;
    assert!(plan.contains("there is no validity plan `nothing`"), "{plan}");
    let judge = refuse(&|text| text.replace("[[earlier]]", "[change]\njudge = \"luck\"\n\n[[earlier]]"))?;
    assert!(judge.contains("luck") && judge.contains("jacobson_truax"), "{judge}");
    Ok(())
}
