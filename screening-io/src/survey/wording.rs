//! Questions by their wording, where a wording pack of the school tells it.

use std::collections::HashMap;

use screening_core::instrument::Definition;
use screening_core::instrument::wording::{WordingPack, WordingPacks};

use super::assign::Assigned;
use super::layout::{Layout, Question};
use crate::error::{IoError, Problem};
use crate::table::Table;
use crate::words::stem;

/// The columns of all items, in any order, where the text of exactly one question is the wording of each.
pub(super) fn by_wording(
    layout: &Layout,
    questions: &[Question],
    definition: &Definition,
    packs: &WordingPacks,
) -> Option<Vec<usize>> {
    packs.of(&definition.id).find_map(|pack| {
        let known = Known::of(pack);
        let mut columns: HashMap<&str, usize> = HashMap::new();
        for question in questions {
            // One wording for two items tells neither, nor do two questions with one wording.
            if let Some(item) = known.only(layout, question)
                && columns.insert(item, question.column).is_some()
            {
                return None;
            }
        }
        definition.items.iter().map(|item| columns.get(item.id.as_str()).copied()).collect()
    })
}

/// Refuses a question whose text is the wording of another item than the one it stands for. A text that is no known
/// wording says nothing: forms are shortened and rephrased.
pub(super) fn headings_agree(
    table: &Table,
    layout: &Layout,
    assigned: &Assigned<'_>,
    packs: &WordingPacks,
) -> Result<(), IoError> {
    let definition = assigned.definition;
    for pack in packs.of(&definition.id) {
        let known = Known::of(pack);
        for (column, item) in assigned.columns.iter().zip(&definition.items) {
            let Some(question) = layout.questions.iter().find(|question| question.column == *column) else {
                continue;
            };
            let found = known.items(layout, question);
            if let Some(other) = found.filter(|ids| !ids.contains(&item.id.as_str())).and_then(|ids| ids.first()) {
                let problem = Problem::new("layout-other-item", table.column_place(*column));
                let problem = problem.with("instrument", &definition.id).with("item", &item.id);
                return Err(problem.with("other", other).with("language", &pack.language).into());
            }
        }
    }
    Ok(())
}

/// Items by their wording.
struct Known<'p>(HashMap<String, Vec<&'p str>>);

impl<'p> Known<'p> {
    fn of(pack: &'p WordingPack) -> Self {
        let mut known: HashMap<String, Vec<&str>> = HashMap::new();
        for (id, text) in &pack.items {
            known.entry(stem(text)).or_default().push(id);
        }
        Self(known)
    }

    /// The items that have the text of a question. A row of a matrix may have the stem of the matrix before it.
    fn items(&self, layout: &Layout, question: &Question) -> Option<&[&'p str]> {
        let last = layout.def.matrix_marks.iter().find_map(|mark| question.text.rsplit_once(mark.as_str()));
        let last = last.map_or(question.text.as_str(), |(_, last)| last);
        let found = self.0.get(&stem(&question.text)).or_else(|| self.0.get(&stem(last)));
        found.map(Vec::as_slice)
    }

    fn only(&self, layout: &Layout, question: &Question) -> Option<&'p str> {
        match self.items(layout, question)? {
            [only] => Some(only),
            _ => None,
        }
    }
}
