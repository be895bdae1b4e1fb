//! Derived scores of a frame, by columns.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;
use rayon::prelude::*;

use super::derive::{DeriveOptions, Derived, Limit};
use super::find::NoNorm;
use super::gives::Gives;
use super::people::{Class, People, Wanted, raw_scores};
use super::set::NormSet;

/// Derived scores of a frame, and how many rows have none and why.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The new columns, in the order of the scales of the set.
    pub columns: Vec<Column>,
    /// One account a scale.
    pub accounts: Vec<NormAccount>,
    /// Scales of the set that the frame has no column for.
    pub absent: Vec<String>,
}

/// What became of the rows of one scale.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NormAccount {
    /// Column of the score.
    pub scale: String,
    /// Rows.
    pub rows: u64,
    /// Rows with a norm.
    pub with_norm: u64,
    /// Rows without, by the word of the reason. Together with `with_norm` they are all rows.
    pub without: BTreeMap<String, u64>,
}

/// Why derived scores cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The frame has no score of the set.
    #[error("the file has none of the scores of `{set}`: {scales}; score it first, or choose other norms")]
    NoScale {
        /// Id of the set.
        set: String,
        /// Its scales.
        scales: String,
    },
    /// A column holds something else than numbers.
    #[error("column `{column}` holds {found}, but raw scores are needed; use the results of a scoring")]
    Type {
        /// Column.
        column: String,
        /// Type found.
        found: String,
    },
    /// A score is infinite or not a number.
    #[error(
        "row {row}, column `{column}`: the score is infinite or not a number; a missing score is null, correct the file"
    )]
    Score {
        /// Row, from 1.
        row: usize,
        /// Column.
        column: String,
    },
    /// A column of this name is there already.
    #[error("the file already has a column `{0}`; apply norms to results without derived scores")]
    Taken(String),
    /// Polars could not build a column.
    #[error(transparent)]
    Polars(#[from] PolarsError),
}

impl NormSet {
    /// Derived scores of every scale of the set that the frame has a column for.
    ///
    /// New columns stand behind the name of the score, each only where some cell of the set can give it: `.z`, `.t` (linear),
    /// `.percentile` (mid-rank), `.t_normalised`, `.t_limit` (`at-most`, `at-least`), `.stanine`, `.sten`, `.t_low` and `.t_high`
    /// (interval), `.norm` (the cell used) and `.no_norm` (the word of the reason why there is none).
    ///
    /// The person columns `sex`, `grade`, `birth_date` and `administered_on` (or `age_months`, or `age`) and those named by the
    /// set are used.
    ///
    /// # Errors
    /// When no score of the set is there, or a score is no number.
    ///
    /// ```
    /// # use polars::prelude::*;
    /// # use screening_core::norms::{DeriveOptions, NormSet};
    /// let set = NormSet::from_toml(r#"
    ///     schema = 1
    ///     id = "example"
    ///     version = "1.0.0"
    ///     name = { en = "example", zh-CN = "示例" }
    ///     kind = "published"
    ///     population = { en = "pupils", zh-CN = "学生" }
    ///     [[scales]]
    ///     id = "phq-9.total"
    ///     direction = "higher-worse"
    ///     source = "S1"
    ///     [[cells]]
    ///     scale = "phq-9.total"
    ///     group = { grades = { from = 7, to = 9 } }
    ///     mean = 6
    ///     sd = 4
    ///     [sources.S1]
    ///     cite = "a paper"
    ///     kind = "paper"
    /// "#)?;
    /// let frame = df!["grade" => [7, 3], "phq-9.total" => [12, 12]]?;
    /// let applied = set.apply(&frame, &DeriveOptions::default())?;
    /// let t = applied.columns.iter().find(|c| c.name() == "phq-9.total.t").unwrap();
    /// assert_eq!((t.f64()?.get(0), t.f64()?.get(1)), (Some(65.0), None));
    /// assert_eq!(applied.accounts[0].without["grade-outside"], 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&self, frame: &DataFrame, options: &DeriveOptions) -> Result<Applied, ApplyError> {
        let ids = self.definition().scales.iter().map(|scale| scale.id.as_str());
        let (present, absent): (Vec<&str>, Vec<&str>) = ids.partition(|id| frame.column(id).is_ok());
        if present.is_empty() {
            return Err(ApplyError::NoScale { set: self.id().to_owned(), scales: absent.join(", ") });
        }
        let people = People::read(frame, &self.wanted())?;
        let done: Vec<(Vec<Column>, NormAccount)> =
            present.par_iter().map(|scale| self.apply_one(frame, scale, &people, options)).collect::<Result<_, _>>()?;
        let mut applied = Applied { columns: Vec::new(), accounts: Vec::new(), absent: Vec::new() };
        applied.absent = absent.into_iter().map(str::to_owned).collect();
        for (columns, account) in done {
            if let Some(taken) = columns.iter().find(|column| frame.column(column.name()).is_ok()) {
                return Err(ApplyError::Taken(taken.name().to_string()));
            }
            applied.columns.extend(columns);
            applied.accounts.push(account);
        }
        Ok(applied)
    }

    /// The person columns that some group depends on.
    fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        let definition = self.definition();
        let groups = definition.cells.iter().map(|cell| &cell.group);
        for group in groups.chain(definition.omitted.iter().map(|omitted| &omitted.group)) {
            wanted.sex |= group.sex.is_some();
            wanted.grade |= group.grades.is_some();
            wanted.age |= group.ages.is_some();
            for column in group.labels.keys() {
                if !wanted.labels.contains(column) {
                    wanted.labels.push(column.clone());
                }
            }
        }
        for model in definition.cells.iter().filter_map(|cell| cell.model.as_ref()) {
            wanted.grade |= model.axis == super::model::Axis::Grade;
            wanted.age |= model.axis == super::model::Axis::Age;
        }
        wanted
    }

    fn apply_one(
        &self,
        frame: &DataFrame,
        scale: &str,
        people: &People,
        options: &DeriveOptions,
    ) -> Result<(Vec<Column>, NormAccount), ApplyError> {
        let series = frame.column(scale)?.as_materialized_series();
        if !(series.dtype().is_primitive_numeric() || *series.dtype() == DataType::Null) {
            return Err(ApplyError::Type { column: scale.to_owned(), found: series.dtype().to_string() });
        }
        let raw = raw_scores(series)?.map_err(|row| ApplyError::Score { row: row + 1, column: scale.to_owned() })?;
        let outcomes = Outcomes::of(self, scale, &raw, people, options);
        outcomes.columns(self, scale)
    }
}

/// The different outcomes of a scale, and which one each row has.
struct Outcomes {
    distinct: Vec<Result<Derived, NoNorm>>,
    of_row: Vec<u32>,
}

impl Outcomes {
    fn of(set: &NormSet, scale: &str, raw: &[f64], people: &People, options: &DeriveOptions) -> Self {
        let cells: Vec<Result<usize, NoNorm>> =
            people.classes.iter().map(|class| set.find(scale, &class.member(&mut Vec::new()))).collect();
        // Classes of one cell share outcomes, unless the place on an axis matters.
        let mut same: HashMap<(usize, u64), u32> = HashMap::new();
        let mut lead: Vec<&Class> = Vec::new();
        let kind: Vec<Option<u32>> = people
            .classes
            .iter()
            .zip(&cells)
            .map(|(class, cell)| {
                let cell = *cell.as_ref().ok()?;
                let model = set.cell(cell).and_then(|cell| cell.model.as_ref());
                let place = model.and_then(|model| class.member(&mut Vec::new()).location(model.axis));
                let key = (cell, place.map_or(u64::MAX, f64::to_bits));
                Some(*same.entry(key).or_insert_with(|| {
                    lead.push(class);
                    lead.len() as u32 - 1
                }))
            })
            .collect();
        let mut all = Self { distinct: vec![Err(NoNorm::NoScore)], of_row: Vec::with_capacity(raw.len()) };
        let refused: Vec<Option<u32>> =
            cells.iter().map(|cell| cell.as_ref().err().map(|why| all.push_reason(why))).collect();
        let mut seen: HashMap<(u32, u64), u32> = HashMap::new();
        for (raw, class) in raw.iter().zip(&people.class) {
            let class = *class as usize;
            let outcome = match (refused.get(class).copied().flatten(), kind.get(class).copied().flatten()) {
                (Some(refused), _) => refused,
                (None, Some(_)) if raw.is_nan() => 0,
                (None, Some(kind)) => *seen.entry((kind, raw.to_bits())).or_insert_with(|| {
                    let (Some(Ok(cell)), Some(lead)) = (cells.get(class), lead.get(kind as usize)) else { return 0 };
                    let outcome = set.derive_in(*cell, *raw, &lead.member(&mut Vec::new()), options);
                    all.distinct.push(outcome);
                    all.distinct.len() as u32 - 1
                }),
                (None, None) => 0,
            };
            all.of_row.push(outcome);
        }
        all
    }

    fn push_reason(&mut self, why: &NoNorm) -> u32 {
        let known = self.distinct.iter().position(|outcome| outcome.as_ref().err() == Some(why));
        known.unwrap_or_else(|| {
            self.distinct.push(Err(why.clone()));
            self.distinct.len() - 1
        }) as u32
    }

    fn number(&self, name: String, get: impl Fn(&Derived) -> Option<f64>) -> Column {
        let distinct: Vec<Option<f64>> = self.distinct.iter().map(|o| o.as_ref().ok().and_then(&get)).collect();
        let rows = self.of_row.iter().map(|at| distinct.get(*at as usize).copied().flatten());
        Float64Chunked::from_iter_options(name.into(), rows).into_column()
    }

    fn small(&self, name: String, get: impl Fn(&Derived) -> Option<u8>) -> Column {
        let distinct: Vec<Option<u8>> = self.distinct.iter().map(|o| o.as_ref().ok().and_then(&get)).collect();
        let rows = self.of_row.iter().map(|at| distinct.get(*at as usize).copied().flatten());
        UInt8Chunked::from_iter_options(name.into(), rows).into_column()
    }

    /// Texts share one buffer: a row costs a view.
    fn text(&self, name: String, get: impl Fn(&Result<Derived, NoNorm>) -> Option<String>) -> PolarsResult<Column> {
        let words: StringChunked = self.distinct.iter().map(get).collect();
        let rows = IdxCa::from_vec("rows".into(), self.of_row.iter().map(|at| IdxSize::from(*at)).collect());
        Ok(words.take(&rows)?.with_name(name.into()).into_column())
    }

    fn columns(self, set: &NormSet, scale: &str) -> Result<(Vec<Column>, NormAccount), ApplyError> {
        let gives = Gives::of(set, scale);
        let name = |suffix: &str| format!("{scale}.{suffix}");
        let mut columns = Vec::new();
        if gives.linear {
            columns.push(self.number(name("z"), |d| d.z));
        }
        if gives.t {
            columns.push(self.number(name("t"), |d| d.t));
        }
        if gives.percentile {
            columns.push(self.number(name("percentile"), |d| d.percentile));
        }
        if gives.normalised {
            columns.push(self.number(name("t_normalised"), |d| d.t_normalised));
        }
        if gives.limits {
            let word = |limit| match limit {
                Limit::AtMost => "at-most".to_owned(),
                Limit::AtLeast => "at-least".to_owned(),
            };
            columns.push(self.text(name("t_limit"), |o| o.as_ref().ok().and_then(|d| d.limit).map(word))?);
        }
        columns.push(self.small(name("stanine"), |d| d.stanine));
        columns.push(self.small(name("sten"), |d| d.sten));
        if gives.interval {
            columns.push(self.number(name("t_low"), |d| d.interval.map(|interval| interval.low)));
            columns.push(self.number(name("t_high"), |d| d.interval.map(|interval| interval.high)));
        }
        columns.push(self.text(name("norm"), |o| o.as_ref().ok().and_then(|d| set.cell_name(d.cell)))?);
        columns.push(self.text(name("no_norm"), |o| reason(o).map(str::to_owned))?);
        Ok((columns, self.account(scale)))
    }

    fn account(&self, scale: &str) -> NormAccount {
        let mut rows = vec![0_u64; self.distinct.len()];
        for at in &self.of_row {
            if let Some(count) = rows.get_mut(*at as usize) {
                *count += 1;
            }
        }
        let mut account = NormAccount {
            scale: scale.to_owned(),
            rows: self.of_row.len() as u64,
            with_norm: 0,
            without: BTreeMap::new(),
        };
        for (outcome, rows) in self.distinct.iter().zip(rows).filter(|(_, rows)| *rows > 0) {
            match outcome {
                Ok(_) => account.with_norm += rows,
                Err(why) => *account.without.entry(why.word().to_owned()).or_default() += rows,
            }
        }
        account
    }
}

/// Why a row has no norm, or a score that its table does not know.
fn reason(outcome: &Result<Derived, NoNorm>) -> Option<&'static str> {
    match outcome {
        Err(why) => Some(why.word()),
        Ok(derived) => derived.outside_table.then(|| NoNorm::OutsideTable.word()),
    }
}
