//! Counts by group, score and raw value.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::stats::{Block, FixedSum};

/// Largest weight of a person. Weights say how many people one stands for; larger ones point to a wrong column.
pub const MAX_WEIGHT: f64 = 1_048_576.0;

/// What a group is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Sex; pooled cells over both are made as well.
    Sex,
    /// School grade.
    Grade,
    /// Age in completed years.
    Age,
    /// Another column.
    Column(String),
}

impl By {
    /// Reads a name of the command line: `sex`, `grade`, `age`, or a column.
    ///
    /// ```
    /// use screening_core::norms::By;
    /// assert_eq!(By::parse("grade"), By::Grade);
    /// assert_eq!(By::parse("region"), By::Column("region".to_owned()));
    /// ```
    pub fn parse(name: &str) -> Self {
        match name {
            "sex" => Self::Sex,
            "grade" => Self::Grade,
            "age" => Self::Age,
            other => Self::Column(other.to_owned()),
        }
    }

    /// The name, as [`Self::parse`] reads it.
    pub fn name(&self) -> &str {
        match self {
            Self::Sex => "sex",
            Self::Grade => "grade",
            Self::Age => "age",
            Self::Column(name) => name,
        }
    }
}

/// A raw score that can be a key; minus zero is zero.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct RawKey(pub(super) f64);

impl RawKey {
    pub(super) fn new(raw: f64) -> Self {
        Self(if raw == 0.0 { 0.0 } else { raw })
    }
}

impl PartialEq for RawKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for RawKey {}
impl PartialOrd for RawKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for RawKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// People with one raw score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) n: u64,
    /// Sum of weights; unused without weights.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) weight: FixedSum,
    /// Sum of squared weights.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) square: FixedSum,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(sum: &FixedSum) -> bool {
    *sum == FixedSum::ZERO
}

impl Tally {
    pub(super) fn merge(&mut self, other: &Self) -> Option<()> {
        self.n = self.n.checked_add(other.n)?;
        self.weight = self.weight.merged(other.weight)?;
        self.square = self.square.merged(other.square)?;
        Some(())
    }

    /// Adds one person.
    #[inline]
    pub(super) fn add(&mut self, weight: Option<FixedWeight>) -> Option<()> {
        self.n += 1;
        if let Some(FixedWeight { weight, square }) = weight {
            self.weight = self.weight.merged(weight)?;
            self.square = self.square.merged(square)?;
        }
        Some(())
    }
}

/// The weight of a person and its square as they are summed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FixedWeight {
    weight: FixedSum,
    square: FixedSum,
}

impl FixedWeight {
    /// None for what is not a weight.
    pub(super) fn of(weight: f64) -> Option<Self> {
        (weight > 0.0 && weight <= MAX_WEIGHT)
            .then(|| Some(Self { weight: FixedSum::of(weight)?, square: FixedSum::of(weight * weight)? }))?
    }
}

/// One score in one group, by raw value.
pub(super) type Counts = BTreeMap<RawKey, Tally>;

/// One group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct GroupCounts {
    /// People on the roster, whether their scores were used or not.
    pub(super) enrolled: u64,
    /// By position of the scale.
    pub(super) scales: Vec<Counts>,
}

/// Values of the columns that groups are made of; none where it is not known.
pub(super) type GroupKey = Vec<Option<String>>;

/// Counts by group, score and raw value, that merge exactly.
///
/// ```
/// use screening_core::norms::{By, NormState, Record};
/// let scales = ["phq-9.total".to_owned()];
/// let mut school_a = NormState::new(vec![By::Grade], &scales, None);
/// let mut school_b = school_a.clone();
/// school_a.add(&Record { group: &[Some("7")], raw: &[Some(4.0)], weight: None, used: true })?;
/// school_b.add(&Record { group: &[Some("7")], raw: &[Some(9.0)], weight: None, used: true })?;
/// school_a.merge(&school_b)?;
/// assert_eq!((school_a.rows(), school_a.used()), (2, 2));
/// # Ok::<(), screening_core::norms::MergeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "super::stored::Stored", into = "super::stored::Stored")]
pub struct NormState {
    pub(super) by: Vec<By>,
    pub(super) scales: Vec<String>,
    pub(super) weight: Option<String>,
    pub(super) rows: u64,
    pub(super) used: u64,
    pub(super) set_aside: IndexMap<String, u64>,
    pub(super) groups: BTreeMap<GroupKey, GroupCounts>,
}

/// One person, for [`NormState::add`].
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// One value for each column of the groups.
    pub group: &'a [Option<&'a str>],
    /// One raw score for each scale.
    pub raw: &'a [Option<f64>],
    /// Weight; needed when the state has a weight column, and only then.
    pub weight: Option<f64>,
    /// Whether the scores count; otherwise the person is only enrolled.
    pub used: bool,
}

/// Why a person or a state cannot be added.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MergeError {
    /// The states count different things.
    #[error("the states differ in {what}: {left} and {right}; build both with the same options")]
    Different {
        /// Groups, scales or weights.
        what: &'static str,
        /// In this state.
        left: String,
        /// In the other.
        right: String,
    },
    /// A record has another number of values than the state has columns.
    #[error("a record has {found} {what}, the state has {expected}; give one for each")]
    Width {
        /// Group values or raw scores.
        what: &'static str,
        /// Found.
        found: usize,
        /// Expected.
        expected: usize,
    },
    /// A weight is not usable.
    #[error("{weight} is not a weight above 0 and up to {MAX_WEIGHT}; say how many people one stands for")]
    Weight {
        /// The weight.
        weight: f64,
    },
    /// A raw score is infinite or not a number.
    #[error("{raw} is not a raw score; check the column")]
    Raw {
        /// The score.
        raw: f64,
    },
    /// Sums left their range.
    #[error("the sum of weights is too large; scale the weights down")]
    Overflow,
}

impl NormState {
    /// A state without people. `weight` names the column of the weights, if people are weighted.
    pub fn new(by: Vec<By>, scales: &[String], weight: Option<String>) -> Self {
        Self {
            by,
            scales: scales.to_vec(),
            weight,
            rows: 0,
            used: 0,
            set_aside: IndexMap::new(),
            groups: BTreeMap::new(),
        }
    }

    /// What groups are made of.
    pub fn by(&self) -> &[By] {
        &self.by
    }

    /// The scores, as columns `<instrument>.<scale>`.
    pub fn scales(&self) -> &[String] {
        &self.scales
    }

    /// Column of the weights.
    pub fn weight(&self) -> Option<&str> {
        self.weight.as_deref()
    }

    /// People seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// People whose scores were used.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Adds one person.
    ///
    /// # Errors
    /// When the record does not fit the state, or a weight or score is no such thing.
    pub fn add(&mut self, record: &Record<'_>) -> Result<(), MergeError> {
        let width = |what, found, expected| {
            if found == expected { Ok(()) } else { Err(MergeError::Width { what, found, expected }) }
        };
        width("group values", record.group.len(), self.by.len())?;
        width("raw scores", record.raw.len(), self.scales.len())?;
        if self.weight.is_some() != record.weight.is_some() {
            return Err(MergeError::Weight { weight: f64::NAN });
        }
        let weigh = |weight| FixedWeight::of(weight).ok_or(MergeError::Weight { weight });
        let weight = record.weight.map(weigh).transpose()?;
        if let Some(raw) = record.raw.iter().flatten().find(|raw| !raw.is_finite()) {
            return Err(MergeError::Raw { raw: *raw });
        }
        let key: GroupKey = record.group.iter().map(|value| value.map(str::to_owned)).collect();
        let group = self.groups.entry(key).or_default();
        group.scales.resize_with(self.scales.len(), Counts::new);
        (group.enrolled, self.rows) = (group.enrolled + 1, self.rows + 1);
        if record.used {
            self.used += 1;
            for (counts, raw) in group.scales.iter_mut().zip(record.raw) {
                if let Some(raw) = raw {
                    counts.entry(RawKey::new(*raw)).or_default().add(weight).ok_or(MergeError::Overflow)?;
                }
            }
        }
        Ok(())
    }

    /// Takes in another state of the same kind.
    ///
    /// # Errors
    /// When the states count different things. The state is then as it was.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.same_kind(other)?;
        let mut groups = self.groups.clone();
        for (key, counts) in &other.groups {
            let group = groups.entry(key.clone()).or_default();
            group.scales.resize_with(self.scales.len(), Counts::new);
            group.enrolled += counts.enrolled;
            for (into, from) in group.scales.iter_mut().zip(&counts.scales) {
                merge_counts(into, from)?;
            }
        }
        self.groups = groups;
        self.rows += other.rows;
        self.used += other.used;
        for (word, rows) in &other.set_aside {
            *self.set_aside.entry(word.clone()).or_default() += rows;
        }
        self.set_aside.sort_keys();
        Ok(())
    }

    fn same_kind(&self, other: &Self) -> Result<(), MergeError> {
        let names = |by: &[By]| by.iter().map(|by| by.name().to_owned()).collect::<Vec<_>>().join(", ");
        let column = |weight: &Option<String>| weight.clone().unwrap_or_else(|| "-".to_owned());
        let pairs = [
            ("groups", names(&self.by), names(&other.by)),
            ("scales", self.scales.join(", "), other.scales.join(", ")),
            ("weights", column(&self.weight), column(&other.weight)),
        ];
        match pairs.into_iter().find(|(_, left, right)| left != right) {
            Some((what, left, right)) => Err(MergeError::Different { what, left, right }),
            None => Ok(()),
        }
    }
}

pub(super) fn merge_counts(into: &mut Counts, from: &Counts) -> Result<(), MergeError> {
    from.iter().try_for_each(|(raw, tally)| into.entry(*raw).or_default().merge(tally)).ok_or(MergeError::Overflow)
}

/// Blocks of equal raw scores with weights scaled to people: their sum is their number.
pub(super) fn blocks(counts: &Counts, weighted: bool) -> Vec<Block> {
    let n: u64 = counts.values().map(|tally| tally.n).sum();
    let total: f64 = counts.values().map(|tally| tally.weight.to_f64()).sum();
    let block = |(raw, tally): (&RawKey, &Tally)| {
        let weight = if weighted { tally.weight.to_f64() / total * n as f64 } else { tally.n as f64 };
        Block { value: raw.0, n: tally.n, weight }
    };
    counts.iter().map(block).collect()
}
