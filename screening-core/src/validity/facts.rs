//! What is known of sheets beside their answers.

use std::collections::HashMap;

use crate::answers::Tri;
use crate::instrument::{FlagSeverity, Verdict};
#[cfg(feature = "frame")]
use crate::scoring::ScoredSheets;
use crate::scoring::Scores;

/// What is known of the sheets beside their answers. Everything may be left out; rules that need it then say nothing.
#[derive(Debug, Clone, Default)]
pub struct SheetFacts {
    /// Seconds that each pupil took, one entry a sheet.
    pub durations: Option<Vec<Option<f64>>>,
    /// Number of questions that this time was spent on: those of all instruments on the form.
    pub questions: Option<usize>,
    /// Seconds spent on single pages, by column name.
    pub pages: HashMap<String, Vec<Option<f64>>>,
    /// A number for the class of each pupil, one entry a sheet.
    pub classes: Option<Vec<Option<u32>>>,
    /// A number for each pupil, one entry a sheet, where some handed in several: two sheets of one pupil are no neighbours.
    pub persons: Option<Vec<u32>>,
    pub(super) own: Vec<OwnRule>,
    pub(super) critical: Vec<OwnFlag>,
}

/// A validity rule of the definition, already decided.
#[derive(Debug, Clone)]
pub(super) struct OwnRule {
    pub(super) id: String,
    pub(super) verdict: Verdict,
    pub(super) states: Vec<Tri>,
}

/// A critical flag of the definition, already decided.
#[derive(Debug, Clone)]
pub(super) struct OwnFlag {
    pub(super) id: String,
    pub(super) states: Vec<Tri>,
}

impl SheetFacts {
    /// Adds the class of each pupil as a number.
    #[must_use]
    pub fn with_classes(mut self, classes: Vec<Option<u32>>) -> Self {
        self.classes = Some(classes);
        self
    }

    /// Adds the seconds that each pupil took for this number of questions.
    #[must_use]
    pub fn with_durations(mut self, durations: Vec<Option<f64>>, questions: usize) -> Self {
        (self.durations, self.questions) = (Some(durations), Some(questions));
        self
    }

    /// Adds what scoring found: the validity rules of the definition (lie scales, attention items), and the critical
    /// answers, which are told whatever the verdict.
    #[cfg(feature = "frame")]
    #[must_use]
    pub fn with_scores(self, scored: &ScoredSheets) -> Self {
        let rows: Vec<(u32, u32)> = (0..scored.rows()).map(|row| (0, row as u32)).collect();
        self.with_scores_of(&[scored], &rows)
    }

    /// The same for some rows of several scored sheets of one instrument, as (part, row).
    #[cfg(feature = "frame")]
    #[must_use]
    pub(crate) fn with_scores_of(mut self, parts: &[&ScoredSheets], rows: &[(u32, u32)]) -> Self {
        let Some(first) = parts.first() else { return self };
        let definition = first.instrument().definition();
        let states = |state: &dyn Fn(&ScoredSheets, usize) -> Tri| -> Vec<Tri> {
            let of = |(part, row): &(u32, u32)| parts.get(*part as usize).map(|part| state(part, *row as usize));
            rows.iter().map(|row| of(row).unwrap_or(Tri::Unknown)).collect()
        };
        let rules = definition.validity.iter().enumerate();
        self.own = rules
            .map(|(at, rule)| OwnRule {
                id: rule.id.clone(),
                verdict: rule.verdict,
                states: states(&|scored, row| scored.validity(at, row)),
            })
            .collect();
        let flags = definition.flags.iter().enumerate();
        self.critical = flags
            .filter(|(_, flag)| flag.severity == FlagSeverity::Critical)
            .map(|(at, flag)| OwnFlag { id: flag.id.clone(), states: states(&|scored, row| scored.flag(at, row)) })
            .collect();
        self
    }

    /// The same for one sheet.
    #[must_use]
    pub fn with_sheet_scores(mut self, scores: &Scores<'_>) -> Self {
        let rule = |view: crate::scoring::ValidityView<'_>| OwnRule {
            id: view.definition.id.clone(),
            verdict: view.definition.verdict,
            states: vec![view.state],
        };
        self.own = scores.validity().map(rule).collect();
        let critical = scores.flags().filter(|view| view.definition.severity == FlagSeverity::Critical);
        self.critical =
            critical.map(|view| OwnFlag { id: view.definition.id.clone(), states: vec![view.state] }).collect();
        self
    }

    /// What a frame knows of its sheets: `duration_s`, the page columns that the plan names, and the class (`school`,
    /// `grade` and `class` together). `questions` is the number of questions that `duration_s` was spent on.
    ///
    /// # Errors
    /// When a column of times holds no numbers.
    #[cfg(feature = "frame")]
    pub fn of_frame(
        frame: &polars::prelude::DataFrame,
        check: &super::ValidityCheck,
        questions: Option<usize>,
    ) -> Result<Self, crate::scoring::FrameError> {
        let mut facts = Self { questions, ..Self::default() };
        facts.durations = seconds(frame, "duration_s")?;
        for column in check.page_columns() {
            if let Some(times) = seconds(frame, column)? {
                facts.pages.insert(column.clone(), times);
            }
        }
        facts.classes = classes(frame)?;
        Ok(facts)
    }
}

#[cfg(feature = "frame")]
fn seconds(
    frame: &polars::prelude::DataFrame,
    name: &str,
) -> Result<Option<Vec<Option<f64>>>, crate::scoring::FrameError> {
    use polars::prelude::DataType;
    let Ok(column) = frame.column(name) else { return Ok(None) };
    let series = column.as_materialized_series();
    if !series.dtype().is_primitive_numeric() && *series.dtype() != DataType::Null {
        return Err(crate::scoring::FrameError::Type {
            column: name.to_owned(),
            found: series.dtype().to_string(),
            expected: "a number of seconds",
        });
    }
    Ok(Some(series.cast(&DataType::Float64)?.f64()?.iter().collect()))
}

/// A number for each class; none where the class is not known.
#[cfg(feature = "frame")]
fn classes(frame: &polars::prelude::DataFrame) -> Result<Option<Vec<Option<u32>>>, crate::scoring::FrameError> {
    use polars::prelude::{DataType, StringChunked};
    if frame.column("class").is_err() {
        return Ok(None);
    }
    let texts = |name: &str| -> Result<Option<StringChunked>, crate::scoring::FrameError> {
        let Ok(column) = frame.column(name) else { return Ok(None) };
        Ok(Some(column.as_materialized_series().cast(&DataType::String)?.str()?.clone()))
    };
    let (school, grade, class) = (texts("school")?, texts("grade")?, texts("class")?);
    let mut numbers: HashMap<(String, String, String), u32> = HashMap::new();
    let get = |column: &Option<StringChunked>, row: usize| {
        column.as_ref().and_then(|column| column.get(row)).map(str::trim).unwrap_or_default().to_owned()
    };
    let number = |row: usize| {
        let class = get(&class, row);
        if class.is_empty() {
            return None;
        }
        let next = numbers.len() as u32;
        Some(*numbers.entry((get(&school, row), get(&grade, row), class)).or_insert(next))
    };
    Ok(Some((0..frame.height()).map(number).collect()))
}
