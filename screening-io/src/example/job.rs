//! The job file `screening.toml` and the folder's `README.md`.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::ExampleParams;
use super::config::Config;
use super::form::Battery;
use super::summary::Summary;

const README: &str = include_str!("../../resources/example-readme.md");
const JOB_HEAD: &str = include_str!("../../resources/example-job.toml");

/// The text of `screening.toml`.
pub(super) fn job(config: &Config, batteries: &[Battery], day: Date, summary: &Summary) -> String {
    let district = &config.district;
    let mut text = fill_in(
        JOB_HEAD,
        &[
            ("title-zh", quoted(&district.title.zh_cn)),
            ("title-en", quoted(&district.title.en)),
            ("district", quoted(&district.name)),
            ("wave", quoted(&district.wave)),
            ("school-year", quoted(&district.school_year)),
            ("semester", quoted(&district.semester)),
            ("administered-on", day.to_string()),
            ("policy", quoted(&district.policy)),
            ("attempts", quoted(&district.attempts)),
        ],
    );
    for battery in batteries {
        let grades = battery.kind.grades;
        let instruments: Vec<String> = battery.kind.instruments.iter().map(|id| quoted(id)).collect();
        // Writing into a String cannot fail.
        let _ = write!(
            text,
            "\n[[batteries]]\nid = {}\ngrades = {{ from = {}, to = {} }}\ninstruments = [{}]\n",
            quoted(&battery.kind.id),
            grades.from,
            grades.to,
            instruments.join(", ")
        );
    }
    let mut licensed: Vec<&str> = batteries
        .iter()
        .flat_map(|b| &b.forms)
        .filter(|form| form.needs_licence)
        .map(|form| form.id.as_str())
        .collect();
    licensed.sort_unstable();
    licensed.dedup();
    text.push_str("\n[licences]\n");
    for id in licensed {
        let _ = writeln!(text, "{id} = {}", quoted(&district.licence_note));
    }
    for file in &summary.files {
        let _ = write!(
            text,
            "\n[[answers]]\nfile = {}\nbattery = {}\nformat = {}\n",
            quoted(&file.file),
            quoted(&file.battery),
            quoted(file.format)
        );
        if let Some(coding) = file.coding {
            let _ = write!(text, "coding = {}\nstudent-id = {}\n", quoted(coding), quoted(&config.survey.student_id));
        }
    }
    text
}

/// The text of `README.md`.
pub(super) fn readme(config: &Config, params: &ExampleParams, summary: &Summary) -> String {
    let command = format!(
        "screening example --out DIR --pupils {} --schools {} --seed {}",
        params.pupils, summary.schools, params.seed
    );
    let mut values: Vec<(String, String)> = vec![
        ("title-zh".into(), config.district.title.zh_cn.clone()),
        ("title-en".into(), config.district.title.en.clone()),
        ("command".into(), command),
    ];
    // Every count of the summary may be named in the text.
    if let Ok(serde_json::Value::Object(counts)) = serde_json::to_value(summary) {
        values.extend(counts.into_iter().filter(|(_, v)| v.is_u64()).map(|(key, v)| (key, v.to_string())));
    }
    let values: Vec<(&str, String)> = values.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    fill_in(README, &values)
}

fn fill_in(template: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(template.to_owned(), |text, (key, value)| text.replace(&format!("{{{key}}}"), value))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
