//! The lists: a school's pupils, and unmatched critical answers.

use jiff::civil::Date;
use rust_xlsxwriter::{Workbook, XlsxError};
use screening_core::answers::Tri;
use screening_core::instrument::{Language, Text};
use screening_core::risk::{CriticalAnswer, Proposal};
use screening_core::screening::{
    AgreementCell, FormDue, PupilDecision, PupilProposal, StrayCritical, decision_reasons,
};

use super::page::{Cell, List, ListColumn};
use super::sheet_names::SheetNames;
use super::{School, Source, shown};
use crate::output::texts::{beside, both, text};

const NAME: ListColumn = ("name", 10.0);
const SCHOOL: [ListColumn; 15] = [
    ("tier", 15.0),
    ("student_id", 16.0),
    ("grade", 6.0),
    ("class", 8.0),
    ("status", 10.0),
    ("critical", 32.0),
    ("reasons_zh", 46.0),
    ("reasons_en", 46.0),
    ("undecided", 28.0),
    ("could_change", 28.0),
    ("due", 14.0),
    ("decision", 18.0),
    ("talk_date", 11.0),
    ("talk_by", 10.0),
    ("outcome", 20.0),
];
const STRAY: [ListColumn; 8] = [
    ("id_on_sheet", 18.0),
    ("source_file", 30.0),
    ("source_row", 8.0),
    ("battery", 16.0),
    ("critical", 44.0),
    ("why_not_used", 44.0),
    ("identified_as", 18.0),
    ("outcome", 24.0),
];
const FORMS: [ListColumn; 9] = [
    ("school", 24.0),
    ("grade", 6.0),
    ("class", 8.0),
    ("student_id", 18.0),
    ("form", 24.0),
    ("why_asked", 30.0),
    ("done_on", 12.0),
    ("done_by", 12.0),
    ("remarks", 24.0),
];
const AGREEMENT: [ListColumn; 3] = [("proposed", 24.0), ("decided", 24.0), ("pupils", 10.0)];

/// The pupils of one school, the most urgent first.
pub(super) fn school(
    workbook: &mut Workbook,
    source: &Source<'_>,
    school: &School<'_>,
    sheet_names: &mut SheetNames,
) -> Result<(), XlsxError> {
    let name = shown(school.name);
    let wave = source.result.summary.wave.id.as_str();
    let list = List {
        sheet: &school.sheet,
        title: beside(&text("title.school", &[("school", &name), ("wave", wave)])),
        columns: &with_name(&SCHOOL, source),
        frozen: 2,
    };
    let rows = school.listed.iter().map(|pupil| pupil_row(pupil, source));
    list.write(workbook, &source.style, sheet_names, rows)
}

/// The columns with that of the names behind the student id, where names were handed over.
pub(super) fn with_name(columns: &[ListColumn], source: &Source<'_>) -> Vec<ListColumn> {
    let named = !source.names.is_empty();
    let insert = |column: &ListColumn| {
        let name = (named && column.0 == "student_id").then_some(NAME);
        std::iter::once(*column).chain(name)
    };
    columns.iter().flat_map(insert).collect()
}

/// Student id, and the name where names were handed over.
pub(super) fn identity(student_id: &str, source: &Source<'_>) -> impl Iterator<Item = Cell> {
    let name =
        (!source.names.is_empty()).then(|| Cell::Text(source.names.get(student_id).cloned().unwrap_or_default()));
    std::iter::once(Cell::Text(student_id.to_owned())).chain(name)
}

fn pupil_row(pupil: &PupilProposal, source: &Source<'_>) -> Vec<Cell> {
    let proposal = &pupil.proposal;
    let tier = source.policy.tier(&proposal.tier);
    let name = tier.map_or_else(|| proposal.tier.clone(), |tier| both(&tier.name));
    let hours = tier.and_then(|tier| tier.response_hours);
    // What cannot be said has a column of its own.
    let decided = Proposal { undecided: Vec::new(), ..proposal.clone() };
    let undecided = proposal.undecided.iter().map(|open| &open.text);
    let mut cells = vec![Cell::Tier(proposal.tier.clone(), name)];
    cells.extend(identity(&pupil.student_id, source));
    cells.extend([
        Cell::Number(pupil.grade.map(u64::from)),
        Cell::Text(pupil.class.clone()),
        Cell::Text(both(&pupil.status.name())),
        Cell::Text(critical(&proposal.critical)),
        Cell::Text(decided.reasons(Language::ZhCn)),
        Cell::Text(decided.reasons(Language::En)),
        Cell::Text(lines(undecided)),
        Cell::Text(lines(proposal.prospects.iter().map(|prospect| &prospect.text))),
        Cell::Text(due_by(hours, pupil.due)),
        Cell::Text(decision(pupil, source)),
        Cell::Blank,
        Cell::Blank,
        Cell::Blank,
    ]);
    cells
}

/// Both languages of several texts, one a line.
fn lines<'a>(texts: impl Iterator<Item = &'a Text>) -> String {
    let lines: Vec<String> = texts.map(both).collect();
    lines.join("\n")
}

fn critical(answers: &[CriticalAnswer]) -> String {
    lines(answers.iter().map(|answer| &answer.text))
}

/// Within what time a person should have acted.
pub(super) fn due(hours: Option<u32>) -> Text {
    match hours {
        None => text("due.none", &[]),
        // Two days are easier to read than 48 hours; one day is left as hours, since it is not "tomorrow".
        Some(hours) if hours > 24 && hours % 24 == 0 => text("due.days", &[("count", &(hours / 24).to_string())]),
        Some(hours) => text("due.hours", &[("count", &hours.to_string())]),
    }
}

/// The day, and within what time that is.
fn due_by(hours: Option<u32>, day: Option<Date>) -> String {
    let within = both(&due(hours));
    day.map_or(within.clone(), |day| format!("{day}\n{within}"))
}

/// What was decided, by whom and when; blank while nobody has.
fn decision(pupil: &PupilProposal, source: &Source<'_>) -> String {
    let stands = |entry: &&PupilDecision| entry.pupil == pupil.pupil && entry.stands;
    let Some(entry) = source.result.decisions.iter().find(stands) else { return String::new() };
    let decision = &entry.decision;
    let tier = source.policy.tier(&decision.tier).map_or_else(|| decision.tier.clone(), |tier| both(&tier.name));
    let reason = decision_reasons().get(&decision.reason).map(both).unwrap_or_default();
    format!("{tier}\n{reason}\n{}, {}", decision.decided_by, decision.decided_on)
}

/// Pupils of whom a further form is awaited.
pub(super) fn forms(
    workbook: &mut Workbook,
    source: &Source<'_>,
    sheet: &str,
    sheet_names: &mut SheetNames,
) -> Result<(), XlsxError> {
    let columns = with_name(&FORMS, source);
    let list = List { sheet, title: beside(&text("title.forms", &[])), columns: &columns, frozen: 0 };
    let mut due: Vec<&FormDue> = source.result.forms_due.iter().collect();
    due.sort_by_key(|entry| (entry.school.as_str(), entry.grade));
    let row = |entry: &&FormDue| {
        let mut cells = vec![
            Cell::Text(shown(&entry.school)),
            Cell::Number(entry.grade.map(u64::from)),
            Cell::Text(entry.class.clone()),
        ];
        cells.extend(identity(&entry.student_id, source));
        let asked = if entry.asked == Tri::Yes { "forms.asked" } else { "forms.cannot-say" };
        cells.extend([
            Cell::Text(both(&entry.name)),
            Cell::Text(both(&text(asked, &[]))),
            Cell::Blank,
            Cell::Blank,
            Cell::Blank,
        ]);
        cells
    };
    list.write(workbook, &source.style, sheet_names, due.iter().map(row))
}

/// Proposed and decided tiers beside each other.
pub(super) fn agreement(
    workbook: &mut Workbook,
    source: &Source<'_>,
    sheet: &str,
    sheet_names: &mut SheetNames,
) -> Result<(), XlsxError> {
    let list = List { sheet, title: beside(&text("title.agreement", &[])), columns: &AGREEMENT, frozen: 0 };
    let name = |id: &str| source.policy.tier(id).map_or_else(|| id.to_owned(), |tier| both(&tier.name));
    let cells = source.result.summary.agreement.iter().flat_map(|agreement| &agreement.cells);
    let row = |cell: &AgreementCell| {
        let proposed = cell.proposed.as_deref();
        let nothing = || Cell::Text(both(&text("agreement.nothing", &[])));
        vec![
            proposed.map_or_else(nothing, |id| Cell::Tier(id.to_owned(), name(id))),
            Cell::Tier(cell.decided.clone(), name(&cell.decided)),
            Cell::Number(Some(u64::from(cell.pupils))),
        ]
    };
    list.write(workbook, &source.style, sheet_names, cells.map(row))
}

/// Critical answers on sheets that count for nobody.
pub(super) fn stray(
    workbook: &mut Workbook,
    source: &Source<'_>,
    sheet: &str,
    sheet_names: &mut SheetNames,
) -> Result<(), XlsxError> {
    let list = List { sheet, title: beside(&text("title.stray", &[])), columns: &STRAY, frozen: 1 };
    let row = |stray: &StrayCritical| {
        vec![
            Cell::Text(stray.student_id.clone()),
            Cell::Text(stray.place.file.clone()),
            Cell::Number(Some(stray.place.row)),
            Cell::Text(stray.place.battery.clone()),
            Cell::Text(critical(&stray.answers)),
            Cell::Text(both(&stray.text)),
            Cell::Blank,
            Cell::Blank,
        ]
    };
    let rows = source.result.stray_critical.iter().map(row);
    list.write(workbook, &source.style, sheet_names, rows)
}
