//! Whole analyses: the methods that answer one question about a scale, run together.
//!
//! What one method cannot estimate (omega of items that do not go together, a sum that does not vary) does not end the
//! others: its section holds the reason in place of figures.

mod clusters;
mod factors;
mod functioning;
mod reliability;
mod response;
mod roc;
mod structure;

use std::fmt::Display;

use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

pub use clusters::{ClusterOptions, clusters};
pub use factors::{CorrelationOptions, FactorOptions, correlations, factors};
pub use functioning::{DifMethods, FunctioningOptions, functioning};
pub use reliability::{ReliabilityOptions, items, reliability};
pub use response::{CatStudyOptions, IrtOptions, IrtResult, adaptive, irt};
pub use roc::{CutOptions, roc};
pub use structure::{StructureOptions, invariance, structure};

use super::{Plot, Report, ResultTable};
use crate::instrument::Text;

/// What an analysis found, section by section.
///
/// ```
/// use screening_core::psychometrics::Responses;
/// use screening_core::psychometrics::analysis::{ReliabilityOptions, reliability};
///
/// let rows = [[0, 1, 0], [1, 1, 2], [2, 2, 2], [1, 0, 1], [3, 2, 2]].map(|row| row.map(Some));
/// let found = reliability(&Responses::from_rows(["a", "b", "c"], &rows)?, &ReliabilityOptions::default())?;
/// assert!(found.section("alpha").is_some_and(|section| section.refused.is_none()));
/// assert!(found.to_json()["alpha"]["raw"].as_f64() > Some(0.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Analysis {
    /// The sections, in the order in which they are shown.
    pub sections: Vec<Section>,
}

/// One method of an analysis: its result, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Name of the section, the same in every language.
    pub id: String,
    /// Tables; none when refused.
    pub tables: Vec<ResultTable>,
    /// What was computed, on whom, by which conventions.
    pub explanation: Vec<Text>,
    /// Pictures.
    pub plots: Vec<Plot>,
    /// The whole result for machines.
    pub json: Value,
    /// Why there is no result.
    pub refused: Option<String>,
}

/// An analysis of which nothing could be done.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum AnalysisError {
    /// No method gave a result.
    #[error("nothing could be estimated: {0}")]
    Nothing(String),
    /// Options that do not fit the data.
    #[error("{0}")]
    Options(String),
}

impl Analysis {
    /// Adds the result of a method, or the reason why there is none, and hands the result on.
    pub fn add<R: Report + Serialize, E: Display>(&mut self, id: &str, result: Result<R, E>) -> Option<R> {
        let mut section = Section {
            id: id.to_owned(),
            tables: Vec::new(),
            explanation: Vec::new(),
            plots: Vec::new(),
            json: Value::Null,
            refused: None,
        };
        let result = match result.map_err(|error| error.to_string()).and_then(|found| {
            let json = serde_json::to_value(&found).map_err(|error| error.to_string())?;
            Ok((found, json))
        }) {
            Ok((found, json)) => {
                section.tables = found.tables();
                section.explanation = found.explain();
                section.plots = found.plots();
                section.json = json;
                Some(found)
            }
            Err(why) => {
                section.refused = Some(why);
                None
            }
        };
        self.sections.push(section);
        result
    }

    /// Puts a sentence before those of the last section.
    fn say_first(&mut self, key: &str) {
        if let Some(section) = self.sections.last_mut() {
            section.explanation.insert(0, crate::texts::say(key, &[]));
        }
    }

    /// A section by its name.
    pub fn section(&self, id: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.id == id)
    }

    /// All pictures. A name that two sections use carries the section's name in front.
    pub fn plots(&self) -> Vec<Plot> {
        let mut all: Vec<Plot> = Vec::new();
        for section in &self.sections {
            for plot in &section.plots {
                let taken = all.iter().any(|known| known.name == plot.name);
                let name = if taken { format!("{}-{}", section.id, plot.name) } else { plot.name.clone() };
                all.push(Plot { name, svg: plot.svg.clone() });
            }
        }
        all
    }

    /// All sections as one object: the result of each with its explanation, or `{"refused": why}`.
    pub fn to_json(&self) -> Value {
        let section = |section: &Section| match &section.refused {
            Some(why) => serde_json::json!({ "refused": why }),
            None => {
                let explanation = serde_json::json!(section.explanation);
                match section.json.clone() {
                    Value::Object(mut fields) => {
                        fields.insert("explanation".to_owned(), explanation);
                        Value::Object(fields)
                    }
                    other => serde_json::json!({ "value": other, "explanation": explanation }),
                }
            }
        };
        Value::Object(self.sections.iter().map(|own| (own.id.clone(), section(own))).collect::<Map<_, _>>())
    }

    /// The analysis, when at least one method gave a result.
    fn whole(self) -> Result<Self, AnalysisError> {
        if self.sections.iter().any(|section| section.refused.is_none()) {
            return Ok(self);
        }
        let mut reasons: Vec<&str> = self.sections.iter().filter_map(|section| section.refused.as_deref()).collect();
        reasons.dedup();
        Err(AnalysisError::Nothing(reasons.join("; ")))
    }
}

/// A coefficient that stands alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Coefficient {
    value: f64,
    #[serde(skip)]
    key: &'static str,
    #[serde(skip)]
    sentence: &'static str,
}

impl Report for Coefficient {
    fn tables(&self) -> Vec<ResultTable> {
        vec![ResultTable::list(self.key, &[(self.key, self.value)])]
    }

    fn explain(&self) -> Vec<Text> {
        vec![crate::texts::say(self.sentence, &[])]
    }
}

#[cfg(test)]
mod tests;
