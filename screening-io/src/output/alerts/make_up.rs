//! Who is still to be reached, for the schools: no tier, no score, no answer stands here, so that class teachers may have it.

use std::collections::{BTreeMap, HashMap};
use std::io::{Seek, Write};

use polars::prelude::{Column, DataFrame, PolarsResult};
use rust_xlsxwriter::Workbook;
use screening_core::coverage::{FollowUp, Level, NextStep, sort_to_reach};
use screening_core::risk::Policy;
use screening_core::screening::ScreeningResult;

use super::lists::{identity, with_name};
use super::page::{Cell, LINE, List, ListColumn, PADDING, print_wide, write_link, write_text};
use super::sheet_names::SheetNames;
use super::style::Style;
use super::{Source, properties, shown};
use crate::output::stage::Failure;
use crate::output::texts::{beside, both, text};

const COLUMNS: [ListColumn; 8] = [
    ("grade", 6.0),
    ("class", 10.0),
    ("student_id", 18.0),
    ("status", 14.0),
    ("to_do", 40.0),
    ("done_on", 12.0),
    ("done_by", 12.0),
    ("remarks", 30.0),
];
/// Columns that somebody fills in.
const TO_FILL_IN: [&str; 3] = ["done_on", "done_by", "remarks"];

/// A pupil to reach, as the results tell of it.
struct ToReach<'a> {
    school: &'a str,
    grade: Option<u8>,
    class: &'a str,
    student_id: &'a str,
    entry: FollowUp,
}

/// One school with its list.
struct School<'a> {
    name: &'a str,
    sheet: String,
    pupils: Vec<&'a ToReach<'a>>,
}

/// Writes the workbook: how many are to be reached, and a list a school.
pub(in crate::output) fn write_make_up(
    writer: &mut (impl Write + Seek + Send),
    result: &ScreeningResult,
    policy: &Policy,
    names: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let source = Source { result, policy, names, style: Style::new(policy) };
    let pupils = to_reach(result)?;
    let mut of_school: HashMap<&str, Vec<&ToReach<'_>>> = HashMap::new();
    for pupil in &pupils {
        of_school.entry(pupil.school).or_default().push(pupil);
    }
    let mut sheet_names = SheetNames::default();
    let overview = sheet_names.take(&text("sheet.to-reach", &[]).zh_cn);
    let schools = result.coverage.rows().iter().filter(|row| row.level == Level::School);
    let schools: Vec<School<'_>> = schools
        .map(|row| row.school.as_deref().unwrap_or_default())
        .map(|name| School {
            name,
            sheet: sheet_names.take(&shown(name)),
            pupils: of_school.remove(name).unwrap_or_default(),
        })
        .collect();
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(result.summary.wave.date)?);
    head(&mut workbook, &source, &overview, &schools)?;
    for school in &schools {
        let (name, wave) = (shown(school.name), result.summary.wave.id.as_str());
        let title = beside(&text("title.to-reach-school", &[("school", &name), ("wave", wave)]));
        let list = List { sheet: &school.sheet, title, columns: &with_name(&COLUMNS, &source), frozen: 2 };
        let rows = school.pupils.iter().map(|pupil| cells(pupil, &source));
        list.write(&mut workbook, &source.style, &mut sheet_names, rows)?;
    }
    workbook.save_to_writer(writer)?;
    Ok(())
}

/// How many pupils of each school are to be reached in which way.
fn head(workbook: &mut Workbook, source: &Source<'_>, overview: &str, schools: &[School<'_>]) -> Result<(), Failure> {
    let style = &source.style;
    let sheet = workbook.add_worksheet().set_name(overview)?;
    sheet.set_column_width(0, 30.0)?;
    sheet.set_column_range_width(1, NextStep::ALL.len() as u16 + 1, 16.0)?;
    print_wide(sheet);
    write_text(sheet, 0, 0, &beside(&text("title.to-reach", &[])), &style.title)?;
    let notice = text("notice.private", &[]);
    for (row, line) in (1..).zip([&notice.zh_cn, &notice.en]) {
        write_text(sheet, row, 0, line, &style.running)?;
    }
    let mut row = 4;
    sheet.set_row_height(row, 2.0 * LINE + PADDING)?;
    write_text(sheet, row, 0, &both(&text("column.school", &[])), &style.heading)?;
    for (column, step) in (1..).zip(NextStep::ALL) {
        write_text(sheet, row, column, &both(&step.name()), &style.heading)?;
    }
    let last = NextStep::ALL.len() as u16 + 1;
    write_text(sheet, row, last, &both(&text("column.in_all", &[])), &style.heading)?;
    let mut sums = [0_u32; NextStep::ALL.len() + 1];
    for school in schools {
        row += 1;
        write_link(sheet, row, 0, (&school.sheet, &shown(school.name)), &style.link)?;
        let listed = &school.pupils;
        let of = |step: NextStep| listed.iter().filter(|pupil| pupil.entry.step == step).count() as u32;
        let counts = NextStep::ALL.map(of).into_iter().chain([listed.len() as u32]);
        for ((column, count), sum) in (1..).zip(counts).zip(&mut sums) {
            *sum += count;
            sheet.write_number_with_format(row, column, count, &style.cell)?;
        }
    }
    row += 1;
    write_text(sheet, row, 0, &beside(&text("table.total", &[])), &style.sum)?;
    for (column, sum) in (1..).zip(sums) {
        sheet.write_number_with_format(row, column, sum, &style.sum)?;
    }
    Ok(())
}

fn cells(pupil: &ToReach<'_>, source: &Source<'_>) -> Vec<Cell> {
    let to_do = text(&format!("to-do.{}", pupil.entry.step.word()), &[]);
    let mut cells = vec![Cell::Number(pupil.grade.map(u64::from)), Cell::Text(pupil.class.to_owned())];
    cells.extend(identity(pupil.student_id, source));
    cells.extend([Cell::Text(both(&pupil.entry.status.name())), Cell::Text(both(&to_do))]);
    cells.extend(TO_FILL_IN.map(|_| Cell::Blank));
    cells
}

/// The same as a table for programs: one row a pupil, school by school.
pub(in crate::output) fn make_up_frame(
    result: &ScreeningResult,
    names: &BTreeMap<String, String>,
) -> Result<DataFrame, Failure> {
    let pupils = to_reach(result)?;
    let texts = |own: &dyn Fn(&ToReach<'_>) -> String| pupils.iter().map(own).collect::<Vec<String>>();
    let to_do = |pupil: &ToReach<'_>| text(&format!("to-do.{}", pupil.entry.step.word()), &[]);
    let mut columns = vec![
        Column::new("school".into(), texts(&|pupil| pupil.school.to_owned())),
        Column::new("grade".into(), pupils.iter().map(|pupil| pupil.grade).collect::<Vec<_>>()),
        Column::new("class".into(), texts(&|pupil| pupil.class.to_owned())),
        Column::new("student_id".into(), texts(&|pupil| pupil.student_id.to_owned())),
    ];
    if !names.is_empty() {
        let name = |pupil: &ToReach<'_>| names.get(pupil.student_id).cloned().unwrap_or_default();
        columns.push(Column::new("name".into(), texts(&name)));
    }
    columns.extend([
        Column::new("status".into(), texts(&|pupil| pupil.entry.status.word().to_owned())),
        Column::new("to_do".into(), texts(&|pupil| pupil.entry.step.word().to_owned())),
        Column::new("to_do_zh".into(), texts(&|pupil| to_do(pupil).zh_cn)),
        Column::new("to_do_en".into(), texts(&|pupil| to_do(pupil).en)),
    ]);
    columns.extend(TO_FILL_IN.map(|name| Column::new(name.into(), vec![None::<&str>; pupils.len()])));
    Ok(DataFrame::new(pupils.len(), columns)?)
}

/// Everybody to reach, by school, grade, class and what is to be done.
fn to_reach(result: &ScreeningResult) -> PolarsResult<Vec<ToReach<'_>>> {
    let frame = &result.results;
    let (ids, schools) = (frame.column("student_id")?.str()?, frame.column("school")?.str()?);
    let (grades, classes) = (frame.column("grade")?.u8()?, frame.column("class")?.str()?);
    let pupil = |entry: &FollowUp| ToReach {
        school: schools.get(entry.pupil).unwrap_or_default(),
        grade: grades.get(entry.pupil),
        class: classes.get(entry.pupil).unwrap_or_default(),
        student_id: ids.get(entry.pupil).unwrap_or_default(),
        entry: *entry,
    };
    let mut pupils: Vec<ToReach<'_>> = result.follow_up.iter().map(pupil).collect();
    pupils.sort_by_key(|pupil| pupil.school);
    let school = |one: &ToReach<'_>, next: &ToReach<'_>| one.school == next.school;
    for list in pupils.chunk_by_mut(school) {
        sort_to_reach(list, |pupil| ((pupil.grade, pupil.class), pupil.entry.step));
    }
    Ok(pupils)
}
