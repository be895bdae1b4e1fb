//! Lists of a school: whom to talk with, whose sheet cannot be interpreted, who was not reached.

use screening_core::coverage::{NextStep, Status, sort_to_reach};

use super::{FiredRules, Names, class_of, due, schools, subtitle, tier_of};
use crate::error::ReportError;
use crate::model::{Cell, Report};
use crate::settings::Settings;
use crate::source::{Results, places, texts};
use crate::writer::Writer;

/// Key list: pupils above the quiet levels, and all with a critical answer, the most urgent first, with room for what was
/// done. One section a school.
///
/// # Errors
/// When there is no such school, or a column of the results is missing.
pub fn key_list(
    results: &Results,
    settings: &Settings,
    names: &Names,
    school: Option<&str>,
) -> Result<Report, ReportError> {
    let mut w = Writer::new(settings.language, results.rule().threshold);
    let reasons = texts(&results.frame, w.say("column-name.reasons", &[]).as_str())?;
    let critical = texts(&results.frame, "critical")?;
    let quiet = results.policy.flagged_above();
    let is_critical =
        |row: usize| critical.get(row).is_some_and(|own| own.as_deref().is_some_and(|own| !own.is_empty()));
    for (school, rows) in schools(results, school)? {
        let severity = |row: usize| tier_of(results, row).map_or(0, |tier| tier.severity);
        let mut listed: Vec<usize> =
            rows.into_iter().filter(|row| severity(*row) > quiet || is_critical(*row)).collect();
        // The roster's order stands within a level.
        listed.sort_by_key(|row| std::cmp::Reverse(severity(*row)));
        let lines = listed.iter().enumerate().map(|(at, row)| {
            let tier = tier_of(results, *row);
            let mut cells = pupil_cells(results, &w, names, at, *row);
            cells.extend([
                tier.map_or(Cell::Blank, |tier| w.text(&tier.name)),
                Cell::Text(tier.map(|tier| due(&w, tier.response_hours)).unwrap_or_default()),
                Cell::Text(w.say(if is_critical(*row) { "word.yes" } else { "word.no" }, &[])),
                Cell::Text(reasons.get(*row).cloned().flatten().unwrap_or_default()),
                Cell::Blank,
                Cell::Blank,
                Cell::Blank,
                Cell::Blank,
            ]);
            cells
        });
        let lines = lines.collect();
        let columns = [
            ("level", 10.0),
            ("due", 8.0),
            ("critical", 8.0),
            ("reasons", 44.0),
            ("talk-date", 10.0),
            ("talk-by", 10.0),
            ("plan-made", 10.0),
            ("outcome", 14.0),
        ];
        page(&mut w, "key-list", school, names, &columns, lines, Vec::new());
    }
    Ok(finish(w, results, "title.key-list"))
}

/// Sheets that cannot be interpreted, with the rule that fired; never dropped in silence.
///
/// # Errors
/// As [`key_list`].
pub fn invalid_list(
    results: &Results,
    settings: &Settings,
    names: &Names,
    school: Option<&str>,
) -> Result<Report, ReportError> {
    let mut w = Writer::new(settings.language, results.rule().threshold);
    let fired = FiredRules::of(results)?;
    let wanted = [Status::RetestPending, Status::Invalid];
    for (school, rows) in schools(results, school)? {
        let listed = rows.into_iter().filter_map(|row| Some((row, status_in(results, row, &wanted)?)));
        let lines = listed.enumerate().map(|(at, (row, status))| {
            let rules = fired.row(results, &w, row);
            let mut cells = pupil_cells(results, &w, names, at, row);
            let to_do = if status == Status::Invalid { "to-do.talk" } else { "to-do.retest" };
            cells.extend([
                w.text(&status.name()),
                Cell::Text(rules.join(&w.say("frame.list", &[]))),
                Cell::Text(w.say(to_do, &[])),
                Cell::Blank,
                Cell::Blank,
                Cell::Blank,
            ]);
            cells
        });
        let lines = lines.collect();
        let columns = [
            ("status", 12.0),
            ("rules-fired", 40.0),
            ("to-do", 24.0),
            ("retest-date", 10.0),
            ("retest-by", 10.0),
            ("outcome", 14.0),
        ];
        let notes = vec![w.say("note.invalid", &[])];
        page(&mut w, "invalid", school, names, &columns, lines, notes);
    }
    Ok(finish(w, results, "title.invalid"))
}

/// Who is still to be reached, and how: the same pupils, in the same order, as in the workbook of `screening run`
/// ([`screening_core::coverage::next_step`]), with room for the reason. Who refused, withdrew or is left out on purpose is not on
/// it: nobody is pressed.
///
/// # Errors
/// As [`key_list`].
pub fn make_up_list(
    results: &Results,
    settings: &Settings,
    names: &Names,
    school: Option<&str>,
) -> Result<Report, ReportError> {
    let mut w = Writer::new(settings.language, results.rule().threshold);
    let steps = places(&results.frame, "next_step", &NextStep::ALL.map(NextStep::word))?;
    let step = |row: usize| NextStep::ALL.get(usize::from((*steps.get(row)?)?)).copied();
    let pupils = &results.pupils;
    for (school, rows) in schools(results, school)? {
        let mut listed: Vec<(usize, NextStep)> = rows.into_iter().filter_map(|row| Some((row, step(row)?))).collect();
        let facts = |row: usize| (pupils.grade.get(row).copied(), pupils.class.get(row).map_or("", String::as_str));
        sort_to_reach(&mut listed, |own| (facts(own.0), own.1));
        let lines = listed.into_iter().enumerate().map(|(at, (row, step))| {
            let mut cells = pupil_cells(results, &w, names, at, row);
            let status = pupils.status.get(row).and_then(|at| Status::ALL.get(usize::from(*at)));
            cells.push(status.map_or(Cell::Blank, |status| w.text(&status.name())));
            cells.push(w.text(&step.name()));
            cells.extend([Cell::Blank, Cell::Blank, Cell::Blank, Cell::Blank]);
            cells
        });
        let lines = lines.collect();
        let columns = [
            ("status", 12.0),
            ("to-do", 18.0),
            ("reason-absent", 26.0),
            ("make-up-date", 12.0),
            ("make-up-by", 12.0),
            ("remarks", 16.0),
        ];
        let notes = vec![w.say("note.make-up", &[])];
        page(&mut w, "make-up", school, names, &columns, lines, notes);
    }
    Ok(finish(w, results, "title.make-up"))
}

/// The list of a school, on a page of its own: who the pupils are, and then the columns of this list.
fn page(
    w: &mut Writer,
    id: &str,
    school: &str,
    names: &Names,
    columns: &[(&'static str, f64)],
    lines: Vec<Vec<Cell>>,
    notes: Vec<String>,
) {
    let mut all = pupil_columns(names);
    all.extend(columns);
    w.section(school_name(w, school), 1, true);
    w.table(id, &[("school", school)], &all, lines, notes);
}

fn finish(w: Writer, results: &Results, title: &str) -> Report {
    let (title, below) = (w.say(title, &[]), subtitle(results, &w));
    w.finish(title, below, "notice.list", true)
}

fn school_name(w: &Writer, school: &str) -> String {
    if school.is_empty() { w.say("group.school-unknown", &[]) } else { school.to_owned() }
}

fn status_in(results: &Results, row: usize, wanted: &[Status]) -> Option<Status> {
    let place = usize::from(*results.pupils.status.get(row)?);
    let status = *Status::ALL.get(place)?;
    wanted.contains(&status).then_some(status)
}

fn pupil_columns(names: &Names) -> Vec<(&'static str, f64)> {
    let mut columns = vec![("number", 5.0), ("student-id", 12.0)];
    if !names.is_empty() {
        columns.push(("name", 9.0));
    }
    columns.push(("class", 14.0));
    columns
}

fn pupil_cells(results: &Results, w: &Writer, names: &Names, at: usize, row: usize) -> Vec<Cell> {
    let id = results.pupils.ids.get(row).map_or("", String::as_str);
    let mut cells = vec![w.count(at as u64 + 1), Cell::Text(names.id(id))];
    if !names.is_empty() {
        cells.push(Cell::Text(names.name(id)));
    }
    cells.push(Cell::Text(class_of(results, w, row)));
    cells
}
