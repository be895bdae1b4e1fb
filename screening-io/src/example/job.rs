//! The job file `screening.toml` and the folder's `README.md`.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::ExampleParams;
use super::config::{Config, Title};
use super::district::District;
use super::form::Battery;
use super::summary::Summary;

const README: &str = include_str!("../../resources/example-readme.md");
const README_EARLIER: &str = include_str!("../../resources/example-readme-earlier.md");
const JOB_HEAD: &str = include_str!("../../resources/example-job.toml");
const JOB_BESIDE: &str = include_str!("../../resources/example-job-beside.toml");
const JOB_REPORTS: &str = include_str!("../../resources/example-job-reports.toml");
/// The settings of the reports, `report.toml`.
pub(super) const REPORT: &str = include_str!("../../resources/example-report.toml");
const JOB_AGAINST: &str = include_str!("../../resources/example-job-against.toml");

/// The text of `screening.toml` of the later wave.
pub(super) fn job(whole: &District<'_>, summary: &Summary) -> String {
    let District { config, batteries, first_day: day, .. } = whole;
    let district = &config.district;
    let wave = Wave {
        title: &district.title,
        id: &district.wave,
        school_year: &district.school_year,
        semester: &district.semester,
        day: *day,
    };
    let [keys, tables] =
        if summary.earlier.is_some() { against(config, summary.pupils) } else { [String::new(), String::new()] };
    let [decisions, evidence] = beside(whole, summary);
    let text = text(config, batteries, &wave, summary, &[keys + &decisions, tables + &evidence]);
    format!("{text}\n{JOB_REPORTS}")
}

/// Records beside the sheets and decisions: keys of the job, and its tables. The lists of teachers came from all schools but
/// the last one.
fn beside(whole: &District<'_>, summary: &Summary) -> [String; 2] {
    let schools = u32::try_from(summary.schools).unwrap_or(u32::MAX);
    let name = |school: u32| {
        let which = (school as usize).checked_rem(whole.batteries.len())?;
        Some(quoted(&whole.school_name(school, whole.batteries.get(which)?)))
    };
    let named: Vec<String> = (0..schools.saturating_sub(1)).filter_map(name).collect();
    let schools = if named.is_empty() { String::new() } else { format!("schools = [{}]", named.join(", ")) };
    let text = fill_in(JOB_BESIDE, &[("schools", schools)]);
    let text = format!("{}\n", text.trim_end());
    let (keys, tables) = text.split_once("[[evidence]]").unwrap_or((&text, ""));
    [keys.to_owned(), format!("\n[[evidence]]{tables}")]
}

/// The text of `screening.toml` of the wave before.
pub(super) fn earlier_job(config: &Config, batteries: &[Battery], day: Date, summary: &Summary) -> String {
    let earlier = &config.earlier;
    let wave = Wave {
        title: &earlier.title,
        id: &earlier.wave,
        school_year: &earlier.school_year,
        semester: &earlier.semester,
        day,
    };
    text(config, batteries, &wave, summary, &[String::new(), String::new()])
}

/// What differs between the waves.
struct Wave<'a> {
    title: &'a Title,
    id: &'a str,
    school_year: &'a str,
    semester: &'a str,
    day: Date,
}

/// Pupils from which on a group of one sex and one grade has the people that local norms need.
const FEWEST_FOR_LOCAL_NORMS: u64 = 1_000;

/// Norms, and the wave before: keys of the job, and its tables.
fn against(config: &Config, pupils: u64) -> [String; 2] {
    let earlier = &config.earlier;
    let mut norms: Vec<String> = earlier.norms.iter().map(|id| quoted(id)).collect();
    let scales: Vec<String> = earlier.local_norms.iter().map(|scale| quoted(scale)).collect();
    if !scales.is_empty() && pupils >= FEWEST_FOR_LOCAL_NORMS {
        norms.push(format!("{{ wave = {}, scales = [{}] }}", quoted(&earlier.wave), scales.join(", ")));
    }
    let values = [
        ("norms", norms.iter().map(|entry| format!("  {entry},\n")).collect::<String>()),
        ("wave", quoted(&earlier.wave)),
        ("job", quoted(&format!("{}/screening.toml", earlier.wave))),
    ];
    let text = fill_in(JOB_AGAINST, &values);
    let (keys, tables) = text.split_once("[[earlier]]").unwrap_or((&text, ""));
    [keys.to_owned(), format!("\n[[earlier]]{tables}")]
}

fn text(config: &Config, batteries: &[Battery], wave: &Wave<'_>, summary: &Summary, against: &[String; 2]) -> String {
    let district = &config.district;
    let mut text = fill_in(
        JOB_HEAD,
        &[
            ("title-zh", quoted(&wave.title.zh_cn)),
            ("title-en", quoted(&wave.title.en)),
            ("district", quoted(&district.name)),
            ("wave", quoted(wave.id)),
            ("school-year", quoted(wave.school_year)),
            ("semester", quoted(wave.semester)),
            ("administered-on", wave.day.to_string()),
            ("policy", quoted(&district.policy)),
            ("attempts", quoted(&district.attempts)),
        ],
    );
    let [keys, tables] = against;
    text.push_str(keys);
    text.push_str(tables);
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
    let waves = if summary.earlier.is_some() { "" } else { " --waves 1" };
    let command = format!(
        "screening example --out DIR --pupils {} --schools {} --seed {}{waves}",
        params.pupils, summary.schools, params.seed
    );
    let mut values: Vec<(String, String)> = vec![
        ("title-zh".into(), config.district.title.zh_cn.clone()),
        ("title-en".into(), config.district.title.en.clone()),
        ("command".into(), command),
        ("earlier".into(), summary.earlier.as_ref().map_or_else(String::new, |earlier| earlier_note(config, earlier))),
    ];
    // Every count of the summary may be named in the text.
    if let Ok(serde_json::Value::Object(counts)) = serde_json::to_value(summary) {
        values.extend(counts.into_iter().filter(|(_, v)| v.is_u64()).map(|(key, v)| (key, v.to_string())));
    }
    let values: Vec<(&str, String)> = values.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    fill_in(README, &values)
}

/// What the README says of the wave before.
fn earlier_note(config: &Config, summary: &Summary) -> String {
    let values = [
        ("wave", config.earlier.wave.clone()),
        ("stability", config.earlier.stability.to_string()),
        ("pupils", summary.pupils.to_string()),
        ("sheets", summary.sheets.to_string()),
    ];
    fill_in(README_EARLIER, &values)
}

fn fill_in(template: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(template.to_owned(), |text, (key, value)| text.replace(&format!("{{{key}}}"), value))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
