//! Which question belongs to which item.

use std::collections::HashMap;

use screening_core::instrument::Definition;
use screening_core::instrument::wording::WordingPacks;

use super::SurveySpec;
use super::layout::{Layout, Question};
use crate::coding::ItemReader;
use crate::error::{IoError, Problem};
use crate::table::Table;
use crate::words::stem;

/// The columns of one instrument, in the order of its items.
pub(crate) struct Assigned<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) readers: Vec<ItemReader<'a>>,
    pub(crate) columns: Vec<usize>,
}

/// Gives each instrument its questions. Where no first question is stated anywhere, the questions that are not about
/// the person must be exactly as many as the instruments have: another number means another form.
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
    let free: Vec<&Question> = layout.questions.iter().filter(|question| !taken.contains(&question.column)).collect();
    let expected: usize = parts.iter().map(|part| part.definition.items.len()).sum();
    if parts.iter().all(|part| part.first_question.is_none()) && expected != free.len() {
        let names: Vec<&str> = parts.iter().map(|part| part.definition.id.as_str()).collect();
        let problem = Problem::new("layout-count", table.place()).with("found", free.len());
        return Err(problem.with("expected", expected).with("instruments", names.join(", ")).into());
    }
    let by_number: HashMap<u32, &Question> = free.iter().map(|question| (question.number, *question)).collect();
    let mut owners: HashMap<u32, &str> = HashMap::new();
    let mut next = free.first().map_or(1, |question| question.number);
    let mut assigned = Vec::with_capacity(parts.len());
    for part in parts {
        let definition = part.definition;
        let start = part.first_question.unwrap_or(next);
        let mut columns = Vec::with_capacity(definition.items.len());
        let mut number = start;
        for _ in &definition.items {
            let Some(question) = by_number.get(&number) else {
                let problem = Problem::new("layout-number-gap", table.place()).with("instrument", &definition.id);
                return Err(problem.with("number", number).into());
            };
            if let Some(first) = owners.insert(number, &definition.id) {
                let problem = Problem::new("layout-overlap", table.column_place(question.column));
                let problem = problem.with("number", number).with("first", first);
                return Err(problem.with("second", &definition.id).into());
            }
            columns.push(question.column);
            number = number.saturating_add(1);
        }
        // The next one starts at the next question that is not about the person.
        next = free.iter().map(|question| question.number).find(|free| *free >= number).unwrap_or(number);
        if let Some(packs) = spec.wording {
            headings_agree(table, &by_number, definition, start, packs)?;
        }
        assigned.push(Assigned { definition, readers: super::readers(definition, spec.wording), columns });
    }
    Ok(assigned)
}

/// Refuses a question whose text is the wording of another item than the one it stands for. A text that is no known
/// wording says nothing: forms are shortened and rephrased.
fn headings_agree(
    table: &Table,
    questions: &HashMap<u32, &Question>,
    definition: &Definition,
    start: u32,
    packs: &WordingPacks,
) -> Result<(), IoError> {
    for pack in packs.of(&definition.id) {
        let mut known: HashMap<String, Vec<&str>> = HashMap::new();
        for (id, text) in &pack.items {
            known.entry(stem(text)).or_default().push(id);
        }
        for (number, item) in (start..).zip(&definition.items) {
            let Some(question) = questions.get(&number) else {
                continue;
            };
            // A question of a matrix has the stem of the matrix before it.
            let last = question.text.rsplit('—').next().unwrap_or_default();
            let found = known.get(&stem(&question.text)).or_else(|| known.get(&stem(last)));
            if let Some(other) = found.filter(|ids| !ids.contains(&item.id.as_str())).and_then(|ids| ids.first()) {
                let problem = Problem::new("layout-other-item", table.column_place(question.column));
                let problem = problem.with("instrument", &definition.id).with("item", &item.id);
                return Err(problem.with("other", other).with("language", &pack.language).into());
            }
        }
    }
    Ok(())
}
