//! Determinism, and the counts of the summary against the files.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::read_back::{Read, job, roster, sheets};
use super::{definitions, make, make_waves};

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let list = |path: &Path| {
        let entries = std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.is_file()).collect::<Vec<_>>()
    };
    let mut paths = list(folder);
    paths.extend(list(&folder.join("answers")));
    paths.sort();
    let name = |path: &Path| path.strip_prefix(folder).expect("below the folder").display().to_string();
    paths.iter().map(|path| (name(path), std::fs::read(path).expect("a file"))).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let summaries: Vec<_> =
        folders.iter().zip([7, 7, 8]).map(|(folder, seed)| make(folder.path(), 420, None, seed).unwrap()).collect();
    let [first, again, other] = [0, 1, 2].map(|index| files(folders[index].path()));
    assert_eq!(summaries[0], summaries[1]);
    assert_eq!(first.iter().map(|f| &f.0).collect::<Vec<_>>(), again.iter().map(|f| &f.0).collect::<Vec<_>>());
    for (a, b) in first.iter().zip(&again) {
        assert!(a == b, "{} differs between two runs", a.0);
    }
    for (a, b) in first.iter().zip(&other).filter(|(a, _)| !["screening.toml", "report.toml"].contains(&a.0.as_str())) {
        assert!(a != b, "{} is the same for another seed", a.0);
    }
}

#[test]
fn the_repository_size_is_small() {
    let folder = tempfile::tempdir().unwrap();
    let summary = make_waves(folder.path(), 2500, 2026, 2).unwrap();
    assert_eq!((summary.schools, summary.pupils), (3, 2500));
    let both = [folder.path().to_owned(), folder.path().join("2026-spring")];
    let bytes: usize = both.iter().flat_map(|folder| files(folder)).map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes < 3_000_000, "{bytes} bytes");
}

#[test]
fn the_later_wave_is_the_same_with_and_without_the_wave_before() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (folder, waves) in folders.iter().zip([1, 2, 2]) {
        make_waves(folder.path(), 420, 7, waves).unwrap();
    }
    let [one, two, again] = [0, 1, 2].map(|index| files(folders[index].path()));
    let same = |name: &str| name != "screening.toml" && name != "README.md";
    for ((name, a), (_, b)) in one.iter().zip(&two).filter(|((name, _), _)| same(name)) {
        assert!(a == b, "{name} differs");
    }
    assert_eq!(two, again);
    let [first, second] = [1, 2].map(|index| files(&folders[index].path().join("2026-spring")));
    assert!(first == second && first.len() == 5, "the wave before differs between two runs");
}

#[test]
fn most_pupils_sat_both_waves_in_the_grade_below() {
    let folder = tempfile::tempdir().unwrap();
    let summary = make_waves(folder.path(), 1200, 3, 2).unwrap();
    let before = summary.earlier.as_ref().unwrap();
    let (now, then) = (roster(folder.path()), roster(&folder.path().join("2026-spring")));
    assert_eq!(then.len() as u64, before.pupils);
    let grade = |row: &HashMap<String, String>| row["grade"].parse::<i32>().unwrap();
    let grades: HashMap<&str, i32> = now.iter().map(|row| (row["student_id"].as_str(), grade(row))).collect();
    let known: Vec<i32> =
        then.iter().filter_map(|row| Some(grades.get(row["student_id"].as_str())? - grade(row))).collect();
    assert!(known.iter().all(|step| *step == 1));
    // The highest grade has left, and the lowest was too young.
    assert!(known.len() * 10 > now.len() * 8 && known.len() < now.len(), "{} of {}", known.len(), now.len());
    let births: HashMap<&str, &str> =
        now.iter().map(|row| (row["student_id"].as_str(), row["birth_date"].as_str())).collect();
    assert!(then.iter().all(|row| births.get(row["student_id"].as_str()).is_none_or(|day| *day == row["birth_date"])));
    let parts =
        before.sat + before.absent + before.refused + before.withdrawn + before.out_of_scope + before.unexplained;
    assert_eq!(before.pupils, parts);
}

#[test]
fn the_counts_are_those_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let definitions = definitions();
    let summary = make(folder.path(), 3000, Some(6), 11).unwrap();
    let roster = roster(folder.path());
    let rows = sheets(folder.path(), &summary, &definitions);

    let count = |column: &str, value: &str| roster.iter().filter(|row| row[column] == value).count() as u64;
    assert_eq!(roster.len() as u64, summary.pupils);
    assert_eq!(count("consent", "refused"), summary.refused);
    assert_eq!(count("consent", "withdrawn"), summary.withdrawn);
    assert_eq!(count("attendance", "absent"), summary.absent);
    assert_eq!(count("scope", "out"), summary.out_of_scope);
    assert!(roster.iter().all(|row| (row["scope"] == "out") != row["scope_reason"].is_empty()));

    let ids: HashSet<&str> = roster.iter().map(|row| row["student_id"].as_str()).collect();
    assert_eq!(ids.len(), roster.len(), "ids are unique");
    assert_eq!(rows.len() as u64, summary.sheets);
    let unknown = rows.iter().filter(|row| !ids.contains(row.student_id.as_str())).count() as u64;
    assert_eq!(unknown, summary.unknown_ids);
    let known: Vec<&str> = rows.iter().map(|row| row.student_id.as_str()).filter(|id| ids.contains(id)).collect();
    let distinct: HashSet<&str> = known.iter().copied().collect();
    assert_eq!((known.len() - distinct.len()) as u64, summary.duplicates);
    assert_eq!(distinct.len() as u64 + summary.unknown_ids, summary.sat + summary.make_up);
    assert_eq!(rows.iter().filter(|row| row.canonical).count() as u64, summary.make_up);

    let cells = |kind: &Read| rows.iter().flat_map(|row| &row.cells).filter(|cell| *cell == kind).count() as u64;
    assert_eq!(rows.iter().map(|row| row.cells.len() as u64).sum::<u64>(), summary.cells);
    assert_eq!(cells(&Read::Blank), summary.blank_cells);
    assert_eq!(cells(&Read::Wrong), summary.wrong_cells);

    let reached = summary.sat + summary.make_up;
    let not_reached = summary.absent + summary.refused + summary.withdrawn + summary.out_of_scope + summary.unexplained;
    assert_eq!(summary.pupils, reached + not_reached);

    let mut names: HashMap<[&str; 4], u64> = HashMap::new();
    for row in &roster {
        *names.entry(["school", "grade", "class", "name"].map(|column| row[column].as_str())).or_default() += 1;
    }
    assert_eq!(names.values().filter(|&&n| n > 1).sum::<u64>(), summary.namesakes);
    assert!(summary.namesakes > 0);
}

#[test]
fn who_is_not_to_be_asked_has_no_sheet() {
    let folder = tempfile::tempdir().unwrap();
    let summary = make(folder.path(), 3000, None, 12).unwrap();
    let rows = sheets(folder.path(), &summary, &definitions());
    let with_sheet: HashSet<&str> = rows.iter().map(|row| row.student_id.as_str()).collect();
    for pupil in roster(folder.path()) {
        let asked = pupil["consent"] == "granted" && pupil["attendance"] == "present" && pupil["scope"] == "in";
        assert!(asked || !with_sheet.contains(pupil["student_id"].as_str()), "{pupil:?}");
    }
}

#[test]
fn what_goes_wrong_goes_wrong_at_usual_rates() {
    let folder = tempfile::tempdir().unwrap();
    let summary = make(folder.path(), 6000, None, 13).unwrap();
    let of_pupils = |count: u64| count as f64 / summary.pupils as f64;
    let of_sheets = |count: u64| count as f64 / summary.sheets as f64;
    let of_cells = |count: u64| count as f64 / summary.cells as f64;
    for (what, share, low, high) in [
        ("absent", of_pupils(summary.absent), 0.025, 0.045),
        ("refused", of_pupils(summary.refused), 0.018, 0.032),
        ("withdrawn", of_pupils(summary.withdrawn), 0.002, 0.007),
        ("out of scope", of_pupils(summary.out_of_scope), 0.005, 0.012),
        ("unexplained", of_pupils(summary.unexplained), 0.002, 0.007),
        ("duplicates", of_sheets(summary.duplicates), 0.005, 0.012),
        ("unknown ids", of_sheets(summary.unknown_ids), 0.0015, 0.005),
        ("straight-lined", of_sheets(summary.straight_lined), 0.008, 0.017),
        ("too fast", of_sheets(summary.too_fast), 0.006, 0.014),
        ("blank cells", of_cells(summary.blank_cells), 0.006, 0.014),
        ("wrong cells", of_cells(summary.wrong_cells), 0.0001, 0.0004),
    ] {
        assert!((low..=high).contains(&share), "{what}: {share:.4} is not in {low}..{high}");
    }
}

#[test]
fn the_job_names_every_file_and_states_every_coding() {
    let folder = tempfile::tempdir().unwrap();
    let summary = make(folder.path(), 2500, None, 14).unwrap();
    let job = job(folder.path());
    let answers = job["answers"].as_array().unwrap();
    assert_eq!(answers.len(), summary.files.len());
    for (entry, file) in answers.iter().zip(&summary.files) {
        assert!(folder.path().join(entry["file"].as_str().unwrap()).is_file());
        assert_eq!(entry["file"].as_str(), Some(file.file.as_str()));
        assert_eq!(entry.get("coding").is_some(), entry["format"].as_str() == Some("survey"));
    }
    assert_eq!(job["schema"].as_integer(), Some(1));
    assert!(job["administered-on"].is_datetime());
    assert!(job["licences"].as_table().unwrap().contains_key("mht"));
    assert!(!job["licences"].as_table().unwrap().contains_key("phq-9"));
    let readme = std::fs::read_to_string(folder.path().join("README.md")).unwrap();
    assert!(!readme.contains('{'), "a placeholder was left open");
}
