//! Items that the names of the columns name: `phq9_3`, `PHQ-9.03`, the LOINC code of the item.

use screening_core::instrument::Definition;
use screening_core::instrument::model::ItemDef;

use super::layout::{Layout, Question};
use super::registry::Form;
use crate::error::{IoError, Problem};
use crate::table::Table;

/// The columns of all items of an instrument by name; `None` when no column names one. Layouts whose headings are the
/// wording of the questions have no names.
pub(super) fn named(
    table: &Table,
    layout: &Layout,
    questions: &[Question],
    definition: &Definition,
) -> Result<Option<Vec<usize>>, IoError> {
    let has_names = layout.def.headings.iter().any(|form| matches!(form, Form::Bracket | Form::Variable | Form::Link));
    if !has_names {
        return Ok(None);
    }
    let mut columns = Vec::with_capacity(definition.items.len());
    let mut missing = Vec::new();
    for item in &definition.items {
        let mut found = questions.iter().filter(|question| names(question, table, definition, item));
        match (found.next(), found.next()) {
            (Some(question), None) => columns.push(question.column),
            (Some(first), Some(second)) => {
                let problem = Problem::new("layout-item-twice", table.column_place(second.column));
                let problem = problem.with("instrument", &definition.id).with("item", &item.id);
                return Err(problem.with("first", table.heading(first.column)).into());
            }
            (None, _) => missing.push(item.id.as_str()),
        }
    }
    if columns.is_empty() {
        return Ok(None);
    }
    if !missing.is_empty() {
        let problem = Problem::new("layout-items-missing", table.place()).with("instrument", &definition.id);
        let shown: Vec<&str> = missing.iter().copied().take(8).collect();
        return Err(problem.with("count", missing.len()).with("items", shown.join(", ")).into());
    }
    Ok(Some(columns))
}

fn names(question: &Question, table: &Table, definition: &Definition, item: &ItemDef) -> bool {
    let heading = table.heading(question.column);
    let code = heading.rsplit('/').next().unwrap_or(heading);
    if item.loinc.as_deref() == Some(code) {
        return true;
    }
    // A name such as `phq9[SQ003]` is told from the row, `phq9_3` from the whole.
    let name = key(heading.split_once(". ").map_or(heading, |(name, _)| name));
    let Some(rest) = name.strip_prefix(&key(&definition.id)) else { return false };
    let rest = ["sq", "item", "i", "q"].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
    let rest = rest.trim_start_matches('0');
    !rest.is_empty() && rest == key(&item.id).trim_start_matches('0')
}

/// Letters and digits only, small.
fn key(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
