//! A synthetic district of two waves, screened by the engine and written as `screening run` writes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use indexmap::IndexMap;
use jiff::civil::date;
use polars::prelude::*;
use screening_core::change::{ChangeOptions, Wave};
use screening_core::instrument::{Language, Library};
use screening_core::risk::Policy;
use screening_core::screening::{
    Batch, Battery, Interpretation, Licences, ScreeningInput, ScreeningResult, WaveSettings, pupils_from_frame, screen,
};
use screening_io::output::write_outputs;
use screening_io::read_wave;
use screening_report::{Results, Settings};
use tempfile::TempDir;

pub(crate) static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::bundled().unwrap());

/// A policy of its own, so that the texts do not move with the bundled one.
pub(crate) fn policy() -> Policy {
    let tier = |id: &str, severity: u16, zh: &str, hours: &str| {
        format!(
            "[[tiers]]\nid = \"{id}\"\nseverity = {severity}\nname = {{ en = \"{id}\", zh-CN = \"{zh}\" }}\ncolour = \"#000000\"\n{hours}\
             owner = {{ en = \"counsellor\", zh-CN = \"心理教师\" }}\nnext-step = {{ en = \"talk\", zh-CN = \"谈话\" }}\n"
        )
    };
    let rule = |id: &str, tier: &str, when: &str| {
        format!(
            "[[rules]]\nid = \"{id}\"\ntier = \"{tier}\"\ndescription = {{ en = \"by rule\", zh-CN = \"按规则\" }}\nsource = \"S\"\nwhen = {when}\n"
        )
    };
    let text = format!(
        "schema = 1\nid = \"test\"\nversion = \"1.0.0\"\nname = {{ en = \"t\", zh-CN = \"t\" }}\npopulation = {{ en = \"t\", zh-CN = \"t\" }}\n\
         grades = {{ from = 4, to = 12 }}\nsource = \"S\"\neffective = {{ from = \"2024-09-01\" }}\nunflagged-tier = \"none\"\nretest-tier = \"retest\"\n\
         incomplete-tier = \"retest\"\ncritical-tier = \"soon\"\n{}{}{}{}{}{}{}[sources.S]\ncite = \"S\"\nkind = \"own\"\n",
        tier("none", 0, "无需跟进", ""),
        tier("retest", 10, "重测", ""),
        tier("month", 20, "本月了解", "response-hours = 720\n"),
        tier("soon", 30, "本周访谈", "response-hours = 168\n"),
        tier("today", 50, "当天谈话", "response-hours = 8\n"),
        rule("high", "month", "{ score = \"phq-9.total\", op = \">=\", value = 10 }"),
        rule("often", "today", "{ answer = \"phq-9.9\", op = \">=\", value = 2 }"),
    );
    Policy::from_toml(&text).unwrap()
}

/// Draws that are the same everywhere.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// Schools by the number of their classes a grade, grades 7 to 9, classes of 20.
fn roster(schools: &[(&str, usize)]) -> DataFrame {
    let (mut id, mut school, mut grade, mut class, mut sex, mut attendance, mut consent) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut draws = Draws(7);
    for (name, classes) in schools {
        for own in 7..=9_i32 {
            for room in 1..=*classes {
                for _ in 0..20 {
                    id.push(format!("S{:07}", 1_230_000 + id.len() * 7));
                    school.push((*name).to_owned());
                    grade.push(own);
                    class.push(format!("{room}班"));
                    sex.push(if draws.next() < 0.5 { "male" } else { "female" });
                    attendance.push((draws.next() < 0.05).then_some("absent"));
                    consent.push((draws.next() < 0.02).then_some("refused"));
                }
            }
        }
    }
    df!["student_id" => id, "school" => school, "grade" => grade, "class" => class, "sex" => sex,
        "attendance" => attendance, "consent" => consent]
    .unwrap()
}

/// Answers of all who are there: one trait with a share of chance, higher for girls and in later grades.
fn sheets(roster: &DataFrame, seed: u64) -> DataFrame {
    let mut draws = Draws(seed);
    let mut traits = Draws(11);
    let text = |name: &str| -> Vec<Option<String>> {
        let column = roster.column(name).unwrap().str().unwrap();
        column.iter().map(|own| own.map(str::to_owned)).collect()
    };
    let (ids, sexes, absent, refused) = (text("student_id"), text("sex"), text("attendance"), text("consent"));
    let grades: Vec<i32> = roster.column("grade").unwrap().i32().unwrap().iter().flatten().collect();
    let (mut id, mut items): (Vec<String>, Vec<Vec<i8>>) = (Vec::new(), vec![Vec::new(); 16]);
    for row in 0..ids.len() {
        let lift = if sexes[row].as_deref() == Some("female") { 0.35 } else { 0.0 };
        let level = 1.6 * traits.normal() + lift + 0.15 * f64::from(grades[row] - 7) + 0.6;
        let here = absent[row].is_none() && refused[row].is_none();
        for (at, list) in items.iter_mut().enumerate() {
            let hard = if at == 8 { 1.1 } else { 0.1 * (at % 5) as f64 };
            let answer = (level + 0.7 * draws.normal() - hard).clamp(0.0, 3.0).floor() as i8;
            if here {
                list.push(answer);
            }
        }
        if here {
            id.push(ids[row].clone().unwrap());
        }
    }
    let mut columns = vec![Column::new("student_id".into(), id)];
    for (at, list) in items.into_iter().enumerate() {
        let name = if at < 9 { format!("phq-9.{}", at + 1) } else { format!("gad-7.{}", at - 8) };
        columns.push(Column::new(name.into(), list));
    }
    DataFrame::new(columns[0].len(), columns).unwrap()
}

pub(crate) fn screened(
    policy: &Policy,
    roster: &DataFrame,
    sheets: DataFrame,
    wave: (&str, i16),
    earlier: Vec<Wave>,
) -> ScreeningResult {
    let battery = "schema = 1\nid = \"short\"\nversion = \"1.0.0\"\nname = { en = \"short\", zh-CN = \"简版\" }\n\
                   grades = { from = 7, to = 9 }\ninstruments = [\"phq-9\", \"gad-7\"]\n";
    let battery = Battery::from_toml(battery).unwrap();
    let batches = if sheets.height() > 0 { vec![Batch { battery, sheets }] } else { Vec::new() };
    screen(ScreeningInput {
        roster: pupils_from_frame(roster).unwrap(),
        batches,
        wave: WaveSettings::new(wave.0, date(wave.1, 10, 12)),
        library: &LIBRARY,
        policy,
        licences: Licences::default(),
        scoring: IndexMap::default(),
        interpretation: Interpretation { earlier, change: ChangeOptions::default(), ..Interpretation::default() },
    })
    .unwrap()
}

/// The folder of the district, written once.
pub(crate) static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let policy = policy();
    let schools = [("甲校", 6), ("乙 & <丙>校", 5), ("丁校", 5), ("戊校", 4), ("己校", 2), ("庚校", 6)];
    let roster = roster(&schools);
    let folder = tempfile::tempdir().unwrap();
    let before = screened(&policy, &roster, sheets(&roster, 3), ("2025-autumn", 2025), Vec::new());
    let first = folder.path().join("before");
    write_outputs(&first, &before, &policy, &[], &BTreeMap::new(), &|_| {}).unwrap();
    let earlier = vec![read_wave(&first).unwrap()];
    let now = screened(&policy, &roster, sheets(&roster, 5), ("2026-autumn", 2026), earlier);
    write_outputs(folder.path(), &now, &policy, &[], &BTreeMap::new(), &|_| {}).unwrap();
    folder
});

pub(crate) fn folder() -> &'static Path {
    FOLDER.path()
}

/// The results, read as the command reads them.
pub(crate) static RESULTS: LazyLock<Results> =
    LazyLock::new(|| Results::read(folder(), LIBRARY.clone(), Some(policy())).unwrap());

pub(crate) fn settings(language: Language) -> Settings {
    let text = "district = { zh-CN = \"示例区\", en = \"Example district\" }\n\
                organisation = { zh-CN = \"示例中心\", en = \"Example centre\" }\ndate = \"2026-11-01\"\n\
                basis = [{ zh-CN = \"示例文件\", en = \"an example document\" }]\n\
                help-lines = [{ zh-CN = \"心理援助热线 12356\", en = \"help line 12356\" }]\n";
    Settings { language, ..Settings::from_toml("report.toml", text).unwrap() }
}

/// The district's results of polars alone, for the other path to every figure.
pub(crate) fn parquet() -> LazyFrame {
    let file = std::fs::File::open(folder().join("results.parquet")).unwrap();
    ParquetReader::new(file).finish().unwrap().lazy()
}
