//! Counting the columns of a frame: one pass, scales and chunks of rows in parallel.

use std::collections::HashMap;

use polars::prelude::*;
use rayon::prelude::*;

use super::super::people::{Class, People, Wanted, raw_scores};
use super::state::{
    By, Counts, FixedWeight, GroupCounts, GroupKey, MAX_WEIGHT, MergeError, NormState, RawKey, Tally, merge_counts,
};

/// Word of the column `status` on rows whose scores are used.
const USED: &str = "valid";
/// Word on rows of people that do not belong to the population.
const OUTSIDE: &str = "out_of_scope";

/// Rows counted at a time by one thread: their values and groups stay in the cache.
const CHUNK: usize = 1 << 16;
/// Whole scores that lie within so many of each other are counted in a table.
const DENSE: f64 = 4_096.0;
/// Cells of such a table, at most: each chunk of rows has one, and they are added up.
const TABLE: f64 = 262_144.0;

/// Why a frame cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A column is not there.
    #[error("there is no column `{column}`; {hint}")]
    MissingColumn {
        /// Column.
        column: String,
        /// What to do.
        hint: &'static str,
    },
    /// A column holds something else than numbers.
    #[error("column `{column}` holds {found}, but {expected} are needed; choose another column")]
    Type {
        /// Column.
        column: String,
        /// Type found.
        found: String,
        /// What is needed.
        expected: &'static str,
    },
    /// A score is infinite or not a number.
    #[error(
        "row {row}, column `{column}`: the score is infinite or not a number; a missing score is null, correct the file"
    )]
    Score {
        /// Row of the frame, from 1.
        row: usize,
        /// Column.
        column: String,
    },
    /// A weight is missing or out of range.
    #[error(
        "row {row}, column `{column}`: {value} is not a weight above 0 and up to {MAX_WEIGHT}; say how many people the row stands for"
    )]
    Weight {
        /// Row of the frame, from 1.
        row: usize,
        /// Column.
        column: String,
        /// The value.
        value: String,
    },
    /// The state has other scales or weights, or sums left their range.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// Polars could not read a column.
    #[error(transparent)]
    Polars(#[from] PolarsError),
}

/// Rows as the counting loops see them.
struct Rows<'a> {
    /// Group of each row; [`OUT`] where the scores are not used.
    group: &'a [u32],
    groups: usize,
    weight: Option<&'a [FixedWeight]>,
}

/// Group of a row that is not counted.
const OUT: u32 = u32::MAX;

impl NormState {
    /// Counts the rows of a frame of results: one row a person, a column for each scale, the columns of the groups, and the
    /// column of the weights, if there is one. Null scores are missing.
    ///
    /// Where a column `status` exists, only scores of rows that say `valid` are used; the others are enrolled and counted in
    /// the file as set aside. Rows that say `out_of_scope` do not count as enrolled.
    ///
    /// # Errors
    /// When a column is missing or holds no numbers, a score is no number, or a weight is none. The state is then as it was.
    ///
    /// ```
    /// use polars::prelude::*;
    /// use screening_core::norms::{By, NormState};
    /// let frame = df!["grade" => [7, 7, 8], "phq-9.total" => [Some(3), None, Some(5)]]?;
    /// let mut state = NormState::new(vec![By::Grade], &["phq-9.total".to_owned()], None);
    /// state.add_frame(&frame)?;
    /// assert_eq!((state.rows(), state.used()), (3, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_frame(&mut self, frame: &DataFrame) -> Result<(), BuildError> {
        let part = self.count(frame)?;
        self.merge(&part).map_err(BuildError::from)
    }

    fn count(&self, frame: &DataFrame) -> Result<Self, BuildError> {
        let mut part = Self::new(self.by.clone(), &self.scales, self.weight.clone());
        part.rows = frame.height() as u64;
        let (keys, mut group) = self.groups_of(frame)?;
        let mut enrolled = vec![0_u64; keys.len()];
        let status = statuses(frame)?;
        for (at, group) in group.iter_mut().enumerate() {
            let word = status.as_ref().map(|words| words.get(at).unwrap_or("unknown"));
            if word != Some(OUTSIDE)
                && let Some(count) = enrolled.get_mut(*group as usize)
            {
                *count += 1;
            }
            match word.filter(|word| *word != USED) {
                Some(word) => {
                    // Words are few: looking one up does not allocate.
                    match part.set_aside.get_mut(word) {
                        Some(rows) => *rows += 1,
                        None => {
                            part.set_aside.insert(word.to_owned(), 1);
                        }
                    }
                    *group = OUT;
                }
                None => part.used += 1,
            }
        }
        part.set_aside.sort_keys();
        let weight = self.weight.as_ref().map(|name| weights(frame, name, &group)).transpose()?;
        let rows = Rows { group: &group, groups: keys.len(), weight: weight.as_deref() };
        let scales: Vec<Vec<Counts>> =
            self.scales.par_iter().map(|scale| scale_counts(frame, scale, &rows)).collect::<Result<_, _>>()?;
        for (at, key) in keys.into_iter().enumerate() {
            let own = GroupCounts {
                enrolled: enrolled.get(at).copied().unwrap_or(0),
                scales: scales.iter().map(|groups| groups.get(at).cloned().unwrap_or_default()).collect(),
            };
            part.groups.insert(key, own);
        }
        Ok(part)
    }

    /// The keys of the groups, and the group of each row.
    fn groups_of(&self, frame: &DataFrame) -> Result<(Vec<GroupKey>, Vec<u32>), BuildError> {
        let mut wanted = Wanted::default();
        for by in &self.by {
            match by {
                By::Sex => wanted.sex = true,
                By::Grade => wanted.grade = true,
                By::Age => wanted.age = true,
                By::Column(name) => wanted.labels.push(name.clone()),
            }
            let there = match by {
                By::Age => ["age", "age_months", "birth_date"].iter().any(|name| frame.column(name).is_ok()),
                other => frame.column(other.name()).is_ok(),
            };
            if !there {
                let hint = "group by columns of the file";
                return Err(BuildError::MissingColumn { column: by.name().to_owned(), hint });
            }
        }
        let people = People::read(frame, &wanted)?;
        let mut keys: Vec<GroupKey> = Vec::new();
        let mut known: HashMap<GroupKey, u32> = HashMap::new();
        let of_class: Vec<u32> = people
            .classes
            .iter()
            .map(|class| {
                let key: GroupKey = self.by.iter().map(|by| key_part(by, class)).collect();
                *known.entry(key).or_insert_with_key(|key| {
                    keys.push(key.clone());
                    keys.len() as u32 - 1
                })
            })
            .collect();
        let groups = people.class.iter().map(|class| of_class.get(*class as usize).copied().unwrap_or(OUT)).collect();
        Ok((keys, groups))
    }
}

fn key_part(by: &By, class: &Class) -> Option<String> {
    match by {
        By::Sex => class.context.sex.map(|sex| sex.word().to_owned()),
        By::Grade => class.context.grade.map(|grade| grade.to_string()),
        By::Age => class.context.age_years().map(|age| age.to_string()),
        By::Column(name) => class.labels.iter().find(|(label, _)| label == name).and_then(|(_, value)| value.clone()),
    }
}

fn statuses(frame: &DataFrame) -> Result<Option<StringChunked>, BuildError> {
    let Ok(column) = frame.column("status") else { return Ok(None) };
    let texts = column.as_materialized_series().cast(&DataType::String)?.rechunk();
    Ok(Some(texts.str()?.clone()))
}

fn numbers(frame: &DataFrame, name: &str, expected: &'static str, hint: &'static str) -> Result<Series, BuildError> {
    let column = frame.column(name).map_err(|_| BuildError::MissingColumn { column: name.to_owned(), hint })?;
    let series = column.as_materialized_series();
    if series.dtype().is_primitive_numeric() || *series.dtype() == DataType::Null {
        return Ok(series.clone());
    }
    Err(BuildError::Type { column: name.to_owned(), found: series.dtype().to_string(), expected })
}

/// Weights in fixed point: they are converted once and added for every scale.
fn weights(frame: &DataFrame, name: &str, group: &[u32]) -> Result<Vec<FixedWeight>, BuildError> {
    let series = numbers(frame, name, "weights", "name the column of the weights")?;
    let refuse = |row: usize, value: String| BuildError::Weight { row: row + 1, column: name.to_owned(), value };
    let weights = raw_scores(&series)?.map_err(|row| refuse(row, "an infinite number".to_owned()))?;
    let fixed = |(row, (weight, group)): (usize, (&f64, &u32))| match FixedWeight::of(*weight) {
        Some(weight) => Ok(weight),
        None if *group == OUT => Ok(FixedWeight::default()),
        None => Err(refuse(row, if weight.is_nan() { "nothing".to_owned() } else { weight.to_string() })),
    };
    weights.iter().zip(group).enumerate().map(fixed).collect()
}

/// Counts of one scale by group.
fn scale_counts(frame: &DataFrame, scale: &str, rows: &Rows<'_>) -> Result<Vec<Counts>, BuildError> {
    let hint = "name columns of scores, <instrument>.<scale>";
    let series = numbers(frame, scale, "scores", hint)?;
    let raw = raw_scores(&series)?.map_err(|row| BuildError::Score { row: row + 1, column: scale.to_owned() })?;
    let (low, high, whole) = raw
        .par_chunks(CHUNK)
        .map(extent)
        .reduce(|| (f64::INFINITY, f64::NEG_INFINITY, true), |a, b| (a.0.min(b.0), a.1.max(b.1), a.2 && b.2));
    if low > high {
        return Ok(vec![Counts::new(); rows.groups]);
    }
    let width = high - low + 1.0;
    let counts = if whole && width <= DENSE && width * rows.groups as f64 <= TABLE {
        dense(&raw, rows, low, width as usize)
    } else {
        sparse(&raw, rows)
    };
    counts.map_err(BuildError::from)
}

/// Lowest and highest score, and whether all are whole.
fn extent(raw: &[f64]) -> (f64, f64, bool) {
    raw.iter().fold((f64::INFINITY, f64::NEG_INFINITY, true), |(low, high, whole), value| {
        // Comparisons with NaN do not hold, so missing scores leave all three alone.
        (low.min(*value), high.max(*value), whole && !(value.fract() != 0.0 && !value.is_nan()))
    })
}

fn dense(raw: &[f64], rows: &Rows<'_>, low: f64, width: usize) -> Result<Vec<Counts>, MergeError> {
    let tables = match rows.weight {
        None => {
            let count = |(raw, group): (&[f64], &[u32])| {
                let mut table = vec![0_u64; rows.groups * width];
                for (raw, group) in raw.iter().zip(group) {
                    if *group != OUT
                        && !raw.is_nan()
                        && let Some(count) = table.get_mut(*group as usize * width + (raw - low) as usize)
                    {
                        *count += 1;
                    }
                }
                table
            };
            let add = |mut a: Vec<u64>, b: Vec<u64>| {
                a.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
                a
            };
            let chunks = raw.par_chunks(CHUNK).zip(rows.group.par_chunks(CHUNK));
            let table = chunks.map(count).reduce_with(add).unwrap_or_default();
            table.into_iter().map(|n| Tally { n, ..Tally::default() }).collect::<Vec<_>>()
        }
        Some(weight) => {
            let count = |((raw, group), weight): ((&[f64], &[u32]), &[FixedWeight])| {
                let mut table = vec![Tally::default(); rows.groups * width];
                for ((raw, group), weight) in raw.iter().zip(group).zip(weight) {
                    if *group != OUT
                        && !raw.is_nan()
                        && let Some(tally) = table.get_mut(*group as usize * width + (raw - low) as usize)
                    {
                        tally.add(Some(*weight)).ok_or(MergeError::Overflow)?;
                    }
                }
                Ok(table)
            };
            let add = |mut a: Vec<Tally>, b: Vec<Tally>| {
                let sum = a.iter_mut().zip(&b).try_for_each(|(a, b)| a.merge(b));
                sum.ok_or(MergeError::Overflow).map(|()| a)
            };
            let chunks = raw.par_chunks(CHUNK).zip(rows.group.par_chunks(CHUNK)).zip(weight.par_chunks(CHUNK));
            chunks.map(count).try_reduce_with(add).transpose()?.unwrap_or_default()
        }
    };
    let group = |tallies: &[Tally]| {
        let filled = tallies.iter().enumerate().filter(|(_, tally)| tally.n > 0);
        filled.map(|(at, tally)| (RawKey::new(low + at as f64), *tally)).collect()
    };
    let mut counts: Vec<Counts> = tables.chunks(width).map(group).collect();
    counts.resize_with(rows.groups, Counts::new);
    Ok(counts)
}

fn sparse(raw: &[f64], rows: &Rows<'_>) -> Result<Vec<Counts>, MergeError> {
    let count = |(chunk, raw): (usize, &[f64])| {
        let mut map: HashMap<(u32, u64), Tally> = HashMap::new();
        for (at, raw) in raw.iter().enumerate() {
            let row = chunk * CHUNK + at;
            let group = rows.group.get(row).copied().unwrap_or(OUT);
            if group != OUT && !raw.is_nan() {
                let weight = rows.weight.and_then(|weight| weight.get(row).copied());
                let key = (group, RawKey::new(*raw).0.to_bits());
                map.entry(key).or_default().add(weight).ok_or(MergeError::Overflow)?;
            }
        }
        let mut counts = vec![Counts::new(); rows.groups];
        for ((group, bits), tally) in map {
            if let Some(counts) = counts.get_mut(group as usize) {
                counts.insert(RawKey(f64::from_bits(bits)), tally);
            }
        }
        Ok(counts)
    };
    let add = |mut a: Vec<Counts>, b: Vec<Counts>| {
        a.iter_mut().zip(&b).try_for_each(|(a, b)| merge_counts(a, b))?;
        Ok(a)
    };
    let counts: Option<Vec<Counts>> = raw.par_chunks(CHUNK).enumerate().map(count).try_reduce_with(add).transpose()?;
    Ok(counts.unwrap_or_else(|| vec![Counts::new(); rows.groups]))
}
