//! Screenings of parts of a district, or of the districts of a province, put together exactly.
//!
//! A [`WaveTally`] holds what of a screening adds up: pupils by class and status, by school, grade, sex and level of attention,
//! by band of every scale, the rules, the rows, and the counts that local norms are made of. Parts that were screened apart,
//! anywhere and in any order, merge to the same tally as one screening of all of them; coverage, norms, published counts and
//! the comparison of schools are made of tallies only, so they are the same too.
//!
//! A school is counted once: two tallies that both have it are refused, and so are tallies of another wave, policy or version.
//!
//! A tally holds small counts. It is for the people in charge; [`crate::aggregates`] makes of it what may be passed on.

mod count;
mod error;
mod merge;
mod stored;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::coverage::{Counts, CoverageTable};
use crate::instrument::Text;
use crate::norms::NormState;
use crate::screening::RowTotals;

pub use count::usable;
pub use error::TallyError;
pub use summary::{TallyRule, TallySummary, TallyTier};

/// The value of pupils of whom nothing was measured.
pub const NO_RESULT: &str = "no-result";
/// The name of what is not known of a pupil.
pub const UNKNOWN: &str = "unknown";

/// A name without blanks around it; [`UNKNOWN`] where there is none.
///
/// ```
/// use screening_core::tally::known;
/// assert_eq!((known(" A "), known(" ")), ("A", "unknown"));
/// ```
pub fn known(name: &str) -> &str {
    match name.trim() {
        "" => UNKNOWN,
        name => name,
    }
}

/// Id of the measure that says what became of a pupil.
pub const STATUS: &str = "status";
/// Id of the measure that says which level of attention was proposed.
pub const TIER: &str = "tier";

/// What of a screening adds up. See the [module](self).
///
/// ```
/// use jiff::civil::date;
/// use polars::prelude::*;
/// use screening_core::instrument::Library;
/// use screening_core::risk::Policy;
/// use screening_core::screening::{ScreeningInput, WaveSettings, pupils_from_frame, screen};
/// use screening_core::tally::WaveTally;
///
/// let library = Library::bundled()?;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// let part = |school: &str| -> Result<WaveTally, Box<dyn std::error::Error>> {
///     let roster = df!["student_id" => ["1", "2"], "school" => [school; 2], "grade" => [7_i32; 2]]?;
///     let result = screen(ScreeningInput {
///         roster: pupils_from_frame(&roster)?,
///         batches: Vec::new(),
///         wave: WaveSettings::new("2026-autumn", date(2026, 10, 12)),
///         library: &library,
///         policy: &policy,
///         licences: Default::default(),
///         scoring: Default::default(),
///         interpretation: Default::default(),
///     })?;
///     Ok(WaveTally::of(&result, &policy)?)
/// };
/// let mut district = part("A")?;
/// district.merge(&part("B")?)?;
/// assert_eq!((district.pupils(), district.schools().count()), (4, 2));
/// assert!(district.merge(&part("A")?).is_err(), "nobody is counted twice");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "stored::Stored", into = "stored::Stored")]
pub struct WaveTally {
    pub(crate) rests_on: RestsOn,
    pub(crate) tiers: Vec<TierEntry>,
    pub(crate) flagged_above: u16,
    /// By rule, its tier, and how often it holds and cannot be said.
    pub(crate) rules: IndexMap<String, RuleTally>,
    pub(crate) totals: Totals,
    pub(crate) measures: IndexMap<String, MeasureEntry>,
    pub(crate) classes: BTreeMap<ClassKey, Counts>,
    /// By place and position of the measure, its pupils. A measure of which a place has nobody is not there.
    pub(crate) cells: BTreeMap<PlaceKey, BTreeMap<u16, Cell>>,
    /// By instrument, the counts that norms are made of, by sex and grade.
    pub(crate) norms: BTreeMap<String, NormState>,
}

/// What has to be the same for counts to be added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RestsOn {
    /// Wave id.
    pub wave: String,
    /// Version of the engine.
    pub engine: String,
    /// Policy, as `id@version+hash`.
    pub policy: String,
    /// By instrument, `id@version+hash` and the cut-off set of each scale.
    pub instruments: BTreeMap<String, InstrumentEntry>,
    /// Validity plan, as `id@version+hash`.
    pub validity: Option<String>,
    /// Norm sets of all parts, as `id@version+hash`. Local ones differ from part to part.
    pub norms: BTreeSet<String>,
}

/// One instrument of a tally.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InstrumentEntry {
    /// `id@version+hash`.
    pub citation: String,
    /// Cut-off set by scale.
    pub cutoffs: BTreeMap<String, String>,
}

/// One tier of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TierEntry {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) severity: u16,
}

/// One rule of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RuleTally {
    pub(crate) tier: Option<String>,
    pub(crate) holds: u64,
    pub(crate) cannot_say: u64,
}

/// Sums that belong to no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Totals {
    pub(crate) rows: RowTotals,
    pub(crate) critical: u64,
    pub(crate) stray_critical: u64,
    pub(crate) flagged_without_sheet: u64,
}

/// Pupils of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cell {
    /// Whether the grade is asked.
    pub(crate) asked: bool,
    /// By position of the value; those without one stand last.
    pub(crate) counts: Vec<u64>,
}

/// Something of which a pupil has one value, or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct MeasureEntry {
    pub(crate) name: Text,
    pub(crate) values: Vec<ValueEntry>,
}

/// One value of a measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ValueEntry {
    pub(crate) id: String,
    pub(crate) name: Text,
    /// Whether it is a tier that flags, or a band that is not usual.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) raised: bool,
}

/// Whose pupils are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PlaceKey {
    pub(crate) district: String,
    pub(crate) school: String,
    /// 0 where it is not known.
    pub(crate) grade: u8,
    pub(crate) sex: String,
}

impl PlaceKey {
    /// The name of its unit. Of several districts two may have schools of the same name.
    pub(crate) fn unit(&self, unit: Unit, several: bool) -> String {
        match unit {
            Unit::District => self.district.clone(),
            Unit::School if several => format!("{} {}", self.district, self.school),
            Unit::School => self.school.clone(),
        }
    }
}

/// What stands beside each other in published counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// The schools of a district.
    School,
    /// The districts of a province; rows about schools are about districts then.
    District,
}

/// One class.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClassKey {
    pub(crate) district: String,
    pub(crate) school: String,
    pub(crate) grade: Option<u8>,
    pub(crate) class: String,
}

impl WaveTally {
    /// What the counts rest on.
    pub fn rests_on(&self) -> &RestsOn {
        &self.rests_on
    }

    /// All pupils.
    pub fn pupils(&self) -> u64 {
        self.classes.values().map(|counts| u64::from(counts.enrolled())).sum()
    }

    /// The districts, by name.
    pub fn districts(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.classes.keys().map(|class| class.district.as_str()).collect();
        names.dedup();
        names
    }

    /// The schools with their districts, by name.
    pub fn schools(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut last = None;
        self.classes.keys().filter_map(move |class| {
            let own = (class.district.as_str(), class.school.as_str());
            (last.replace(own) != Some(own)).then_some(own)
        })
    }

    /// Coverage of each district, by name.
    pub fn coverage(&self) -> Vec<(&str, CoverageTable)> {
        let classes: Vec<(&ClassKey, &Counts)> = self.classes.iter().collect();
        let same = |a: &(&ClassKey, &Counts), b: &(&ClassKey, &Counts)| a.0.district == b.0.district;
        let table = |own: &[(&ClassKey, &Counts)]| {
            let rows = own.iter().map(|(key, counts)| (key.school.as_str(), key.grade, key.class.as_str(), **counts));
            CoverageTable::of_classes(rows)
        };
        classes.chunk_by(same).filter_map(|own| Some((own.first()?.0.district.as_str(), table(own)))).collect()
    }

    /// By instrument, the counts that local norms are made of: `screening norms build` takes them.
    pub fn norms(&self) -> &BTreeMap<String, NormState> {
        &self.norms
    }

    /// Pupils by position of the value of a measure, over all places; those without one stand last.
    pub(crate) fn sums(&self, measure: &str) -> Vec<u64> {
        let Some((at, _, entry)) = self.measures.get_full(measure) else { return Vec::new() };
        let mut sums = vec![0_u64; entry.values.len() + 1];
        for cell in self.cells.values().filter_map(|own| own.get(&(at as u16))) {
            sums.iter_mut().zip(&cell.counts).for_each(|(sum, count)| *sum += count);
        }
        sums
    }

    /// Of each unit, by name, pupils with a proposal and those of them who are flagged.
    pub fn flagged(&self, unit: Unit) -> BTreeMap<String, (u64, u64)> {
        let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let Some((at, _, entry)) = self.measures.get_full(TIER) else { return found };
        let several = self.districts().len() > 1;
        for (place, own) in &self.cells {
            let Some(cell) = own.get(&(at as u16)) else { continue };
            for (value, count) in entry.values.iter().zip(&cell.counts).filter(|(_, count)| **count > 0) {
                let (pupils, flagged) = found.entry(place.unit(unit, several)).or_default();
                *pupils += count;
                *flagged += if value.raised { *count } else { 0 };
            }
        }
        found
    }
}
