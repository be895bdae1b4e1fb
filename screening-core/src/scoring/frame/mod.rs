//! The column driver: the same plan over the columns of a polars frame, in cache-sized blocks, threads by chunk.

mod driver;
mod input;
mod nulls;
mod out;

use polars::prelude::*;

use crate::answers::Context;

use super::sheets::ScoredSheets;
use super::{Scorer, plan::Width};

pub use input::contexts;
pub(crate) use input::{Columns, Narrow};

/// How a frame is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameOptions {
    /// Keep the lowest and highest possible value of scores that have none.
    pub bounds: bool,
}

impl Default for FrameOptions {
    fn default() -> Self {
        Self { bounds: true }
    }
}

/// Why a frame cannot be scored.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Item columns are not there.
    #[error("{instrument}: {} column(s) are missing, first `{}`; name the columns `{instrument}.<item>` or map them", columns.len(), columns[0])]
    MissingColumns {
        /// Instrument id.
        instrument: String,
        /// The columns.
        columns: Vec<String>,
    },
    /// A column holds something else than answers.
    #[error(
        "column `{column}` holds {found}, but {expected} is needed; convert it, or read it with an explicit coding"
    )]
    Type {
        /// Column.
        column: String,
        /// Type found.
        found: String,
        /// Type needed.
        expected: &'static str,
    },
    /// Polars could not read a column.
    #[error(transparent)]
    Polars(#[from] PolarsError),
}

impl Scorer {
    /// Scores every row of a frame that has a column `<instrument>.<item>` for each item.
    ///
    /// Choice columns hold codes as integers (or whole floats); null stands for a skipped answer, and the codes of
    /// [`crate::answers::Missing`] for its other kinds. Number columns hold numbers, clock columns texts such as `22:30`.
    /// The person columns `sex`, `grade`, `age`, `birth_date` and `administered_on` are used when they are there.
    /// An answer that is not allowed is reported in [`ScoredSheets::issues`] and counts as missing.
    ///
    /// # Errors
    /// When an item column is missing or holds no answers.
    ///
    /// ```
    /// use polars::prelude::*;
    /// use screening_core::instrument::Library;
    /// use screening_core::scoring::{FrameOptions, Scorer};
    ///
    /// let library = Library::bundled()?;
    /// let scorer = Scorer::new(library.get("gad-7").expect("bundled"))?;
    /// let columns = (1..=7).map(|item| Column::new(format!("gad-7.{item}").into(), [Some(1_i64), Some(3), None])).collect();
    /// let scored = scorer.score_frame(&DataFrame::new(3, columns)?, &FrameOptions::default())?;
    /// let total = scored.scale("total").unwrap();
    /// assert_eq!((scored.value(total, 0), scored.value(total, 2)), (Some(7.0), None));
    /// assert_eq!(scored.bounds(total, 2), Some((0.0, 21.0)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn score_frame(&self, frame: &DataFrame, options: &FrameOptions) -> Result<ScoredSheets, FrameError> {
        let people = if self.plan.needs_context() { contexts(frame)? } else { Vec::new() };
        self.score_with(frame, &people, options)
    }

    /// Scores a frame whose people are given separately, one [`Context`] a row (or none at all).
    ///
    /// # Errors
    /// As [`Self::score_frame`].
    pub fn score_with(
        &self,
        frame: &DataFrame,
        people: &[Context],
        options: &FrameOptions,
    ) -> Result<ScoredSheets, FrameError> {
        let (columns, issues) = input::Columns::read(self, frame)?;
        Ok(match self.plan.width {
            Width::I16 => driver::run::<i16>(self, &columns, people, *options, issues),
            Width::I32 => driver::run::<i32>(self, &columns, people, *options, issues),
            Width::I64 => driver::run::<i64>(self, &columns, people, *options, issues),
        })
    }

    /// Scores a lazy frame: only the columns that the instrument needs are read.
    ///
    /// # Errors
    /// As [`Self::score_frame`], and when the lazy frame cannot be collected.
    pub fn score_lazy(&self, frame: LazyFrame, options: &FrameOptions) -> Result<ScoredSheets, FrameError> {
        let mut frame = frame;
        let schema = frame.collect_schema()?;
        let items = (0..self.plan.items.len()).map(|at| self.instrument.item_column(at));
        let people = ["sex", "grade", "age", "birth_date", "administered_on"].map(str::to_owned);
        let wanted: Vec<Expr> = items.chain(people).filter(|name| schema.contains(name)).map(col).collect();
        self.score_frame(&frame.select(wanted).collect()?, options)
    }
}
