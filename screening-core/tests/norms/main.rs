//! Norms through the public doors: which cell serves whom, derived scores, local norms that merge, drift, hostile files.

mod local;
mod published;

use screening_core::answers::{Context, Sex};
use screening_core::instrument::{Direction, Text, Version};
use screening_core::norms::{LocalMeta, LocalScale, NormSet};

const HEAD: &str = r#"
schema = 1
id = "example"
version = "1.2.0"
name = { en = "example", zh-CN = "示例" }
kind = "published"
population = { en = "pupils", zh-CN = "学生" }
[[scales]]
id = "a.total"
direction = "higher-worse"
source = "S1"
reliability = { value = 0.75, kind = "alpha", source = "S1" }
"#;
const TAIL: &str = "[sources.S1]\ncite = \"a paper\"\nkind = \"paper\"\n";

fn set(cells: &str) -> NormSet {
    NormSet::from_toml(&format!("{HEAD}{cells}{TAIL}")).unwrap_or_else(|why| panic!("{why}"))
}

fn refused(cells: &str, code: &str) {
    let why = NormSet::from_toml(&format!("{HEAD}{cells}{TAIL}")).expect_err("refused");
    assert!(why.0.iter().any(|finding| finding.code == code), "{code} is not said in: {why}");
}

fn person(sex: Option<Sex>, grade: Option<u8>, age: Option<u16>) -> Context {
    Context { sex, grade, age_months: age.map(|years| years * 12 + 3) }
}

fn text(text: &str) -> Text {
    Text { en: text.into(), zh_cn: text.into() }
}

fn meta(scales: &[&str]) -> LocalMeta {
    let scale = |id: &&str| LocalScale {
        id: (*id).into(),
        direction: Direction::HigherWorse,
        range: None,
        definition: None,
        reliability: None,
    };
    LocalMeta {
        id: "local".into(),
        version: Version::new(1, 0, 0),
        name: text("local"),
        population: text("pupils"),
        region: None,
        year: Some(2026),
        inputs: Vec::new(),
        scales: scales.iter().map(scale).collect(),
    }
}

const BY_SEX: &str = r#"
[[cells]]
scale = "a.total"
group = { sex = "male", grades = { from = 7, to = 9 } }
mean = 10
sd = 4
[[cells]]
scale = "a.total"
group = { sex = "female", grades = { from = 7, to = 9 } }
mean = 12
sd = 4
[[cells]]
scale = "a.total"
group = { sex = "female", grades = { from = 10, to = 12 } }
mean = 13
sd = 4
unusable = { en = "misprint", zh-CN = "印刷错误" }
"#;
const UNGENDERED: &str = r#"
[[cells]]
scale = "a.total"
group = { grades = { from = 7, to = 9 } }
mean = 11
sd = 4
"#;
