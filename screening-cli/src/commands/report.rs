//! `screening report`

use std::path::{Path, PathBuf};

use polars::prelude::*;
use screening_core::risk::Policy;
use screening_io::{RosterOptions, read_rosters};
use screening_report::{
    EvidenceWave, Names, Naming, Reader, Report, ReportError, Results, Settings, Survey, Whose, evidence, invalid_list,
    key_list, letters, make_up_list, pupil_page_over, referral, write, write_schools,
};

use super::{Context, print_json};
use crate::args::{KindArg, ReportCommand};
use crate::fail::Failure;
use crate::texts::{fill, say};

pub(crate) fn run(context: &Context, command: &ReportCommand) -> Result<(), Failure> {
    idle(context, command)?;
    let mut settings = command.settings.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
    settings.language = context.language;
    let results = Results::read(&command.results, context.library()?, policy(command)?)?;
    let written = match (command.kind, &command.school) {
        (KindArg::School | KindArg::Class | KindArg::Grade, None) => {
            let survey = Survey::of(&results, &settings)?;
            let of = |school: &str| of_school(command, &survey, school);
            write_schools(&results, &of, &command.output, &[command.format.extension()])?
        }
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

/// An option that this kind does not look at.
fn idle(context: &Context, command: &ReportCommand) -> Result<(), Failure> {
    use KindArg as Kind;
    let kind = command.kind;
    let letters = matches!(kind, Kind::PupilText | Kind::ParentText);
    let of_schools = matches!(kind, Kind::School | Kind::Class | Kind::Grade);
    let lists = matches!(kind, Kind::KeyList | Kind::Invalid | Kind::MakeUp);
    let given = [
        ("--school", command.school.is_some(), of_schools || lists || letters),
        ("--grade", command.grade.is_some(), letters || matches!(kind, Kind::Class | Kind::Grade)),
        ("--class", command.class.is_some(), letters || kind == Kind::Class),
        ("--pupil", command.pupil.is_some(), letters || matches!(kind, Kind::Pupil | Kind::Referral)),
        ("--also", !command.also.is_empty(), matches!(kind, Kind::Evidence | Kind::Pupil)),
    ];
    match given.into_iter().find(|(_, given, used)| *given && !used) {
        Some((option, ..)) => Err(Failure::Message(fill("report-idle", context.language, &[option.to_owned()]))),
        None => Ok(()),
    }
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
    let survey = || Survey::of(results, settings);
    Ok(match command.kind {
        KindArg::District => survey()?.district()?,
        KindArg::School | KindArg::Class | KindArg::Grade => {
            of_school(command, &survey()?, school.unwrap_or_default())?
        }
        KindArg::KeyList => key_list(results, settings, &names, school)?,
        KindArg::Invalid => invalid_list(results, settings, &names, school)?,
        KindArg::MakeUp => make_up_list(results, settings, &names, school)?,
        KindArg::Referral => referral(results, settings, &names, command.pupil.as_deref())?,
        KindArg::Pupil => {
            let pupil = command.pupil.as_deref();
            let pupil = pupil.ok_or_else(|| Failure::Message(say("report-needs-pupil", context.language)))?;
            let earlier = others(context, command)?;
            pupil_page_over(results, &earlier.iter().collect::<Vec<_>>(), settings, &names, pupil)?
        }
        KindArg::PupilText => letters(results, settings, &names, Reader::Pupil, &whose(context, command)?)?,
        KindArg::ParentText => letters(results, settings, &names, Reader::Parent, &whose(context, command)?)?,
        KindArg::Evidence => evidence_pack(context, command, results, settings)?,
    })
}

/// Of a school: its survey report, or the pages of its classes or grades.
fn of_school(command: &ReportCommand, survey: &Survey<'_>, school: &str) -> Result<Report, ReportError> {
    match command.kind {
        KindArg::Class => survey.classes(school, command.grade, command.class.as_deref()),
        KindArg::Grade => survey.grades(school, command.grade),
        _ => survey.school(school),
    }
}

/// Whose texts are asked for: a pupil's, or those of a school.
fn whose(context: &Context, command: &ReportCommand) -> Result<Whose, Failure> {
    match (&command.pupil, &command.school) {
        (Some(pupil), _) => Ok(Whose::Pupil(pupil.clone())),
        (None, Some(school)) => {
            Ok(Whose::Class { school: school.clone(), grade: command.grade, class: command.class.clone() })
        }
        (None, None) => Err(Failure::Message(say("report-needs-whose", context.language))),
    }
}

/// The other waves of the command.
fn others(context: &Context, command: &ReportCommand) -> Result<Vec<Results>, Failure> {
    let read = |folder: &PathBuf| Ok(Results::read(folder, context.library()?, policy(command)?)?);
    command.also.iter().map(read).collect()
}

/// The waves of a year, the one of the command first.
fn evidence_pack(
    context: &Context,
    command: &ReportCommand,
    results: &Results,
    settings: &Settings,
) -> Result<Report, Failure> {
    let others = others(context, command)?;
    let all: Vec<(&Results, &Path)> = std::iter::once((results, command.results.as_path()))
        .chain(others.iter().zip(command.also.iter().map(PathBuf::as_path)))
        .collect();
    let surveys = all.iter().map(|(results, _)| Survey::of(results, settings)).collect::<Result<Vec<_>, _>>()?;
    let waves: Vec<EvidenceWave<'_>> =
        surveys.iter().zip(&all).map(|(survey, (_, folder))| EvidenceWave { survey, folder }).collect();
    Ok(evidence(&waves, Some(&command.output))?)
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
