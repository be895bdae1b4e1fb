//! Wording packs: made from forms, read from folders, used to read answers. All wording here is made up; only LOINC codes
//! are real.

#[path = "../common/mod.rs"]
mod common;
mod fhir;
mod reading;
mod redcap;

use screening_core::instrument::Library;
use screening_io::Imported;

/// Texts of the options 0 to 3.
const ANSWERS: [&str; 4] = ["no moon", "new moon", "half moon", "full moon"];

/// A definition with three choices; the last is asked in another order.
fn moon() -> Library {
    let option = |code: i8| format!("{{ code = {code}, label = {{ en = \"label {code}\", zh-CN = \"标签{code}\" }} }}");
    let list = |codes: &[i8]| codes.iter().map(|code| option(*code)).collect::<Vec<_>>().join(", ");
    let text = format!(
        r#"
schema = 1
id = "moon"
version = "1.0.0"
name = {{ en = "Moon", zh-CN = "月亮" }}
abbreviation = "M"
construct = ["depression"]
informant = "self"
recall = {{ en = "x", zh-CN = "x" }}
evidence = "high"
licence = {{ status = "permission", note = {{ en = "ask the moon", zh-CN = "问月" }} }}
option-sets.default = [{}]
option-sets.down = [{}]
items = [
  {{ id = "1", label = {{ en = "one", zh-CN = "一" }} }},
  {{ id = "2", label = {{ en = "two", zh-CN = "二" }} }},
  {{ id = "3", label = {{ en = "three", zh-CN = "三" }}, options = "down" }},
]
[[scales]]
id = "total"
name = {{ en = "total", zh-CN = "总分" }}
method = "sum"
items = ["1-3"]
range = [0, 9]
direction = "higher-worse"
source = "S1"
[[examples]]
answers = [0, 0, 0]
scores = {{ total = 0 }}
[sources]
S1 = {{ cite = "made up", kind = "own" }}
"#,
        list(&[0, 1, 2, 3]),
        list(&[3, 2, 1, 0])
    );
    let mut library = Library::default();
    library.add("moon.toml", &text).unwrap();
    library
}

/// What was left out, and its name in the form.
fn left_out(imported: &Imported) -> Vec<(&str, &str)> {
    imported.left_out.iter().map(|p| (p.id, p.value.as_deref().unwrap_or_default())).collect()
}
