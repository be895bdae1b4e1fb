//! Which question belongs to which item.

use std::collections::HashMap;

use screening_core::instrument::Definition;

use super::layout::{Group, Kind, Layout, Question, groups};
use super::named::named;
use super::wording::{by_wording, headings_agree};
use super::{InstrumentPart, SurveySpec};
use crate::coding::{FoundBy, ItemReader};
use crate::error::{IoError, Problem};
use crate::table::Table;

/// The columns of one instrument, in the order of its items.
pub(crate) struct Assigned<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) found_by: FoundBy,
    pub(crate) readers: Vec<ItemReader<'a>>,
    pub(crate) columns: Vec<usize>,
}

/// Questions whose columns may be rows of a matrix or options: so many are tried in every combination.
const MOST_UNDECIDED: usize = 12;

/// Gives each instrument its questions: by the names of the columns where they name its items, by their texts where those
/// are the wording of all its items, otherwise one after the other. Where no first question is stated, the questions that are left must be exactly as many as the items: another
/// number means another form.
pub(crate) fn assign<'a>(
    table: &Table,
    layout: &Layout,
    taken: &[usize],
    spec: &SurveySpec<'a>,
) -> Result<Vec<Assigned<'a>>, IoError> {
    let parts = &spec.instruments;
    if parts.is_empty() {
        return Err(Problem::new("layout-no-instrument", table.place()).into());
    }
    let mut free: Vec<Question> =
        layout.questions.iter().filter(|question| !taken.contains(&question.column)).cloned().collect();
    let mut columns_of: Vec<Option<(FoundBy, Vec<usize>)>> = Vec::with_capacity(parts.len());
    for part in parts {
        let found =
            if part.first_question.is_none() { told(table, layout, &free, part.definition, spec)? } else { None };
        if let Some((_, columns)) = &found {
            free.retain(|question| !columns.contains(&question.column));
        }
        columns_of.push(found);
    }
    let rest: Vec<&InstrumentPart<'a>> =
        parts.iter().zip(&columns_of).filter(|(_, found)| found.is_none()).map(|(part, _)| part).collect();
    let mut in_order = in_order(table, layout, &free, &rest)?.into_iter();
    let finish = |(part, found): (&InstrumentPart<'a>, Option<(FoundBy, Vec<usize>)>)| {
        let usual = if part.first_question.is_some() { FoundBy::Number } else { FoundBy::Order };
        let (found_by, columns) = found.or_else(|| Some((usual, in_order.next()?))).unwrap_or((usual, Vec::new()));
        let readers = super::readers(part.definition, spec.wording);
        Assigned { definition: part.definition, found_by, readers, columns }
    };
    let assigned: Vec<Assigned<'a>> = parts.iter().zip(columns_of).map(finish).collect();
    if let Some(packs) = spec.wording {
        for part in &assigned {
            headings_agree(table, layout, part, packs)?;
        }
    }
    Ok(assigned)
}

/// The columns that tell themselves which items they are.
fn told(
    table: &Table,
    layout: &Layout,
    free: &[Question],
    definition: &Definition,
    spec: &SurveySpec<'_>,
) -> Result<Option<(FoundBy, Vec<usize>)>, IoError> {
    if let Some(columns) = named(table, layout, free, definition)? {
        return Ok(Some((FoundBy::Name, columns)));
    }
    let by_wording = spec.wording.and_then(|packs| by_wording(layout, free, definition, packs));
    Ok(by_wording.map(|columns| (FoundBy::Wording, columns)))
}

/// The columns of the instruments that follow one another.
fn in_order(
    table: &Table,
    layout: &Layout,
    free: &[Question],
    parts: &[&InstrumentPart<'_>],
) -> Result<Vec<Vec<usize>>, IoError> {
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let groups = groups(table, free);
    let stated = parts.iter().any(|part| part.first_question.is_some());
    let slots = if stated { all_slots(&groups) } else { exact_slots(table, &groups, parts)? };
    let mut owners: HashMap<usize, &str> = HashMap::new();
    let mut next = 0;
    let mut out = Vec::with_capacity(parts.len());
    for part in parts {
        let id = part.definition.id.as_str();
        let gap = |number: u32| {
            let problem = Problem::new("layout-number-gap", table.place()).with("instrument", id);
            IoError::from(problem.with("number", number))
        };
        let start = match part.first_question {
            None => next,
            Some(number) => slots.iter().position(|(q, _)| q.number == number).ok_or_else(|| gap(number))?,
        };
        let mut columns = Vec::with_capacity(part.definition.items.len());
        let mut before: Option<u32> = None;
        for at in start..start + part.definition.items.len() {
            let expected = before.map_or(1, |number| number.saturating_add(1));
            let Some((question, kind)) = slots.get(at) else { return Err(gap(expected)) };
            if stated && *kind == Kind::Undecided {
                let problem = Problem::new("layout-parts", table.column_place(question.column));
                return Err(problem.with("number", question.number).into());
            }
            let follows = before.is_none_or(|number| question.number == number || question.number == expected);
            if layout.is_counted() && !follows {
                return Err(gap(expected));
            }
            if let Some(first) = owners.insert(question.column, id) {
                let problem = Problem::new("layout-overlap", table.column_place(question.column));
                return Err(problem.with("number", question.number).with("first", first).with("second", id).into());
            }
            columns.push(question.column);
            before = Some(question.number);
        }
        next = start + part.definition.items.len();
        out.push(columns);
    }
    Ok(out)
}

type Slot<'a> = (&'a Question, Kind);

fn all_slots<'a>(groups: &[Group<'a>]) -> Vec<Slot<'a>> {
    let answers = groups.iter().filter(|group| !matches!(group.kind, Kind::Options | Kind::Aside));
    answers.flat_map(|group| group.questions.iter().map(|question| (question, group.kind))).collect()
}

/// The answer columns, when the number of items leaves one way to read the undecided questions.
fn exact_slots<'a>(
    table: &Table,
    groups: &[Group<'a>],
    parts: &[&InstrumentPart<'_>],
) -> Result<Vec<Slot<'a>>, IoError> {
    let expected: usize = parts.iter().map(|part| part.definition.items.len()).sum();
    let open = |group: &&Group<'_>| matches!(group.kind, Kind::Undecided | Kind::Several);
    let certain: usize = groups.iter().filter(|g| g.kind == Kind::Answers).map(|g| g.questions.len()).sum();
    let undecided: Vec<usize> = groups.iter().filter(open).map(|group| group.questions.len()).collect();
    let total = certain + undecided.iter().sum::<usize>();
    let mut ways = (0_u32..1 << undecided.len().min(MOST_UNDECIDED)).filter(|mask| {
        let chosen = undecided.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, size)| size);
        certain + chosen.sum::<usize>() == expected
    });
    match (ways.next(), ways.next()) {
        (Some(mask), None) if undecided.len() <= MOST_UNDECIDED => {
            let mut bit = 0;
            let mut slots = Vec::with_capacity(expected);
            for group in groups {
                let used = match group.kind {
                    Kind::Answers => true,
                    Kind::Options | Kind::Aside => false,
                    Kind::Undecided | Kind::Several => {
                        bit += 1;
                        mask >> (bit - 1) & 1 == 1
                    }
                };
                if used {
                    slots.extend(group.questions.iter().map(|question| (question, Kind::Answers)));
                }
            }
            Ok(slots)
        }
        _ => {
            let names: Vec<&str> = parts.iter().map(|part| part.definition.id.as_str()).collect();
            let found = if undecided.is_empty() { total.to_string() } else { format!("{certain} - {total}") };
            let problem = Problem::new("layout-count", table.place()).with("found", found);
            Err(problem.with("expected", expected).with("instruments", names.join(", ")).into())
        }
    }
}
