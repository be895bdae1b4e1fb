//! Item parameters as a file, and scores as columns.

use std::path::Path;

use polars::prelude::{Column, NamedFrom as _, Series};
use screening_core::psychometrics::irt::{ItemBank, ScoreState, Scores};

use crate::error::{IoError, Place, Problem};

/// Reads item parameters, as [`write_bank`] writes them.
///
/// # Errors
/// When the file cannot be read, is no such list, or its parameters make no model.
pub fn read_bank(path: &Path) -> Result<ItemBank, IoError> {
    let place = || Place::file(path.display().to_string());
    let bad = |cause: &dyn std::fmt::Display| IoError::from(Problem::new("bank-unread", place()).with("cause", cause));
    let text = std::fs::read_to_string(path).map_err(|error| bad(&error))?;
    serde_json::from_str(&text).map_err(|error| bad(&error))
}

/// Item parameters as JSON: a list of items with name, codes and parameters.
///
/// ```
/// use screening_core::psychometrics::irt::{BankItem, ItemBank};
/// use screening_core::stats::ItemParameters;
/// let item = BankItem::new("1", 0, ItemParameters::Graded { a: 1.5, b: vec![-0.5, 1.0] });
/// let bank = ItemBank::new(vec![item])?;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("items.json");
/// std::fs::write(&path, screening_io::write_bank(&bank))?;
/// assert_eq!(screening_io::read_bank(&path)?, bank);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_bank(bank: &ItemBank) -> String {
    // A list of texts and numbers always serialises.
    serde_json::to_string_pretty(bank).unwrap_or_default() + "\n"
}

/// Theta, its error, both on the T metric, and the state of each person.
pub fn score_columns(scores: &Scores) -> Vec<Column> {
    let figure = |name: &str, values: Vec<f64>| {
        let known: Vec<Option<f64>> = values.into_iter().map(|value| Some(value).filter(|v| v.is_finite())).collect();
        Column::from(Series::new(name.into(), known))
    };
    let t = scores.t_scores();
    let state = |state: ScoreState| match state {
        ScoreState::Estimated => "estimated",
        ScoreState::NoAnswers => "no-answers",
        ScoreState::Lowest => "all-lowest",
        ScoreState::Highest => "all-highest",
        ScoreState::NoMaximum => "no-maximum",
    };
    let states: Vec<&str> = scores.persons.iter().map(|person| state(person.state)).collect();
    vec![
        figure("theta", scores.thetas()),
        figure("se", scores.errors()),
        figure("t", t.thetas()),
        figure("t_se", t.errors()),
        Column::from(Series::new("state".into(), states)),
    ]
}
