//! `screening report`

use std::collections::BTreeSet;
use std::path::PathBuf;

use polars::prelude::*;
use screening_core::risk::Policy;
use screening_io::{RosterOptions, read_rosters};
use screening_report::{
    Names, Naming, Report, Results, Settings, Survey, invalid_list, key_list, make_up_list, pupil_page, referral, write,
};

use super::{Context, print_json};
use crate::args::{KindArg, ReportCommand};
use crate::fail::Failure;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &ReportCommand) -> Result<(), Failure> {
    let mut settings = command.settings.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
    settings.language = context.language;
    let results = Results::read(&command.results, context.library()?, policy(command)?)?;
    let written = match (command.kind, &command.school) {
        (KindArg::School, None) => all_schools(context, command, &results, &settings)?,
        _ => {
            write(&one(context, command, &results, &settings)?, &command.output)?;
            vec![command.output.clone()]
        }
    };
    if context.json {
        return print_json(&serde_json::json!({ "wave": results.wave(), "files": written }));
    }
    for path in written {
        println!("{}", fill("report-written", context.language, &[path.display().to_string()]));
    }
    if command.full {
        eprintln!("{}", say("report-names", context.language));
    }
    println!("{}", say("not-a-diagnosis", context.language));
    Ok(())
}

fn policy(command: &ReportCommand) -> Result<Option<Policy>, Failure> {
    let Some(path) = &command.policy else { return Ok(None) };
    let told = |cause: String| Failure::Message(format!("{}: {cause}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|cause| told(cause.to_string()))?;
    Policy::from_toml(&text).map(Some).map_err(|found| told(found.to_string()))
}

fn one(context: &Context, command: &ReportCommand, results: &Results, settings: &Settings) -> Result<Report, Failure> {
    let school = command.school.as_deref();
    let names = names(command)?;
    Ok(match command.kind {
        KindArg::District => Survey::of(results, settings)?.district()?,
        KindArg::School => Survey::of(results, settings)?.school(school.unwrap_or_default())?,
        KindArg::KeyList => key_list(results, settings, &names, school)?,
        KindArg::Invalid => invalid_list(results, settings, &names, school)?,
        KindArg::MakeUp => make_up_list(results, settings, &names, school)?,
        KindArg::Referral => referral(results, settings, &names, command.pupil.as_deref())?,
        KindArg::Pupil => {
            let pupil = command.pupil.as_deref();
            let pupil = pupil.ok_or_else(|| Failure::Message(say("report-needs-pupil", context.language)))?;
            pupil_page(results, settings, &names, pupil)?
        }
    })
}

/// One file a school.
fn all_schools(
    context: &Context,
    command: &ReportCommand,
    results: &Results,
    settings: &Settings,
) -> Result<Vec<PathBuf>, Failure> {
    let survey = Survey::of(results, settings)?;
    let (mut written, mut used) = (Vec::new(), BTreeSet::new());
    for school in results.schools() {
        let path = command.output.join(format!("{}.{}", file_name(school), command.format.extension()));
        if !used.insert(path.clone()) {
            let path = path.display().to_string();
            return Err(Failure::Message(fill("report-school-same-file", context.language, &[path])));
        }
        write(&survey.school(school)?, &path)?;
        written.push(path);
    }
    Ok(written)
}

/// The name of a school as the name of a file.
fn file_name(school: &str) -> String {
    let plain: String =
        school.chars().map(|sign| if sign.is_alphanumeric() || sign == '-' { sign } else { '_' }).collect();
    if plain.is_empty() { "_".to_owned() } else { plain }
}

/// Names of the class lists, where they are given.
fn names(command: &ReportCommand) -> Result<Names, Failure> {
    let naming = if command.full { Naming::Full } else { Naming::Masked };
    if command.roster.is_empty() {
        return Ok(Names::new([], naming));
    }
    let roster = read_rosters(&command.roster, &RosterOptions { names: true, ..RosterOptions::default() })?;
    let column = |name: &str| -> PolarsResult<Vec<Option<String>>> {
        let series = roster.frame.column(name)?.as_materialized_series().cast(&DataType::String)?;
        Ok(series.str()?.iter().map(|text| text.map(str::to_owned)).collect())
    };
    let (ids, names) =
        (column("student_id").map_err(Failure::from_error)?, column("name").map_err(Failure::from_error)?);
    let pairs = ids.into_iter().zip(names).filter_map(|(id, name)| Some((id?, name?)));
    Ok(Names::new(pairs, naming))
}
