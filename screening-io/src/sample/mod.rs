//! Answers to the items of one scale as a table for psychometrics, with the columns that describe the persons.

mod bank;
mod columns;
mod items;

use std::collections::HashMap;

use polars::prelude::DataFrame;
use screening_core::instrument::{Definition, Instrument};
use screening_core::psychometrics::Responses;
use screening_core::scoring::{FrameOptions, Scorer};
use screening_core::validity::Answers;

use crate::answers::AnswerSet;
use crate::error::{IoError, Place, Problem};

pub use bank::{read_bank, score_columns, write_bank};
pub use columns::GroupMarks;
pub use items::ScaleItems;

/// The answers of many persons to the items of a scale, keyed by the definition, with the score that the engine gives, and
/// whatever else the file says of the persons.
///
/// A reverse keyed item is turned by the codes of the definition, never by those that happen to occur. Skipped, refused and
/// invalid answers, and those not shown, are missing.
#[derive(Debug, Clone)]
pub struct Sample {
    file: String,
    citation: String,
    items: ScaleItems,
    responses: Responses,
    range: Option<(i16, i16)>,
    scores: Option<Vec<f64>>,
    frame: DataFrame,
    rows_in: usize,
    rows_rejected: usize,
    cells_rejected: usize,
}

impl Sample {
    /// Takes the items of a scale, or those of `items` (ids or ranges such as `1-9`), out of the answers of a file.
    ///
    /// # Errors
    /// When the scale is not named and there are several, does not exist, or has no items with a fixed key; when the items
    /// are no choices; when there is no row.
    pub fn of(
        file: &str,
        set: AnswerSet,
        instrument: &Instrument,
        scale: Option<&str>,
        items: &[String],
    ) -> Result<Self, IoError> {
        let definition = instrument.definition();
        let place = || Place::file(file.to_owned());
        let chosen = ScaleItems::choose(&place(), definition, scale, items)?;
        if set.frame.height() == 0 {
            return Err(Problem::new("sample-empty", place()).into());
        }
        let broken =
            |cause: &dyn std::fmt::Display| IoError::from(Problem::new("sample-unread", place()).with("cause", cause));
        let scorer = Scorer::new(instrument).map_err(|error| broken(&error))?;
        let answers = Answers::of_frame(&scorer, &set.frame).map_err(|error| broken(&error))?;
        let rows = answers.rows();
        let columns = chosen.positions.iter().map(|position| {
            let key = chosen.key(definition, *position);
            let answers = &answers;
            (0..rows).map(move |row| answers.code(*position, row).and_then(|code| key.get(&code).copied()))
        });
        let names = chosen.names(definition);
        let responses = Responses::from_codes(names, rows, columns).map_err(|error| broken(&error))?;
        let scores = match &chosen.scale {
            Some(id) => {
                let scored =
                    scorer.score_frame(&set.frame, &FrameOptions::default()).map_err(|error| broken(&error))?;
                let position = scored.scale(id);
                position.map(|at| (0..rows).map(|row| scored.value(at, row).unwrap_or(f64::NAN)).collect())
            }
            None => None,
        };
        let rows_rejected = set.rows_rejected();
        Ok(Self {
            file: file.to_owned(),
            citation: instrument.citation(),
            range: chosen.range(definition),
            items: chosen,
            responses,
            scores,
            rows_in: set.rows_in,
            rows_rejected,
            cells_rejected: set.rejected.len() - rows_rejected,
            frame: set.frame,
        })
    }

    /// The keyed answers.
    pub fn responses(&self) -> &Responses {
        &self.responses
    }

    /// Lowest and highest keyed code, where all items have the same.
    pub fn range(&self) -> Option<(i16, i16)> {
        self.range
    }

    /// The items and how they were chosen.
    pub fn items(&self) -> &ScaleItems {
        &self.items
    }

    /// `id@version+hash` of the instrument.
    pub fn citation(&self) -> &str {
        &self.citation
    }

    /// Rows of the file that were not blank, rows that were rejected, and single cells that were.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.rows_in, self.rows_rejected, self.cells_rejected)
    }

    /// The score of the scale as the engine gives it, by the published missing rule; NaN where there is none.
    ///
    /// # Errors
    /// When items were chosen without a scale.
    pub fn scores(&self) -> Result<Vec<f64>, IoError> {
        self.scores.clone().ok_or_else(|| Problem::new("sample-no-score", Place::file(self.file.clone())).into())
    }

    /// The scores of the same persons in another file, matched by a column: one pair a person of this file, NaN where one of
    /// the two is missing.
    ///
    /// # Errors
    /// When the column is missing in a file, or names a person twice.
    pub fn retest(&self, second: &Self, by: &str) -> Result<(Vec<f64>, Vec<f64>), IoError> {
        let later = second.ids(by)?;
        let own = self.ids(by)?;
        let (first_scores, second_scores) = (self.scores()?, second.scores()?);
        let at: HashMap<&str, usize> =
            later.iter().enumerate().filter_map(|(row, id)| Some((id.as_deref()?, row))).collect();
        let pair = |(row, id): (usize, &Option<String>)| {
            let other = id.as_deref().and_then(|id| at.get(id)).and_then(|row| second_scores.get(*row));
            (first_scores.get(row).copied().unwrap_or(f64::NAN), other.copied().unwrap_or(f64::NAN))
        };
        Ok(own.iter().enumerate().map(pair).unzip())
    }

    /// Ids that name one person each.
    fn ids(&self, by: &str) -> Result<Vec<Option<String>>, IoError> {
        let ids = self.texts(by)?;
        let mut seen = HashMap::new();
        for (row, id) in ids.iter().enumerate() {
            let Some(id) = id else { continue };
            if seen.insert(id.as_str(), row).is_some() {
                let place = Place { heading: Some(by.to_owned()), ..Place::file(self.file.clone()) };
                return Err(Problem::new("sample-twice", place).value(id).into());
            }
        }
        Ok(ids)
    }

    /// Subscales as positions among the items: for stratified alpha.
    pub fn strata(&self, definition: &Definition) -> Vec<Vec<usize>> {
        self.items.strata(definition)
    }

    /// Subscales with the names of their items: for a factor model.
    pub fn factors(&self, definition: &Definition) -> Vec<(String, Vec<String>)> {
        self.items.factors(definition)
    }
}
