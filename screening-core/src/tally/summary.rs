//! The sums of a tally.

use indexmap::IndexMap;
use serde::Serialize;

use crate::coverage::Counts;
use crate::instrument::Text;
use crate::screening::RowTotals;

use super::{RestsOn, TIER, WaveTally};

/// The sums of a tally.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TallySummary<'a> {
    /// What the counts rest on.
    pub rests_on: &'a RestsOn,
    /// Districts.
    pub districts: usize,
    /// Schools.
    pub schools: usize,
    /// Rows of the answers.
    pub rows: RowTotals,
    /// Enrolled pupils and their status.
    pub coverage: Counts,
    /// Pupils by tier, the most urgent first.
    pub tiers: Vec<TallyTier<'a>>,
    /// Pupils who are proposed a tier above the retest, incomplete and unflagged ones.
    pub flagged: u64,
    /// Of these, pupils without a sheet that counts.
    pub flagged_without_sheet: u64,
    /// Pupils with a critical answer on any of their sheets.
    pub critical: u64,
    /// Rejected sheets with a critical answer.
    pub stray_critical: u64,
    /// Rules, in the order of the policy.
    pub rules: Vec<TallyRule<'a>>,
}

/// One tier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TallyTier<'a> {
    /// Tier id.
    pub id: &'a str,
    /// Name.
    pub name: &'a Text,
    /// Severity; a higher number is more urgent.
    pub severity: u16,
    /// Pupils.
    pub pupils: u64,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TallyRule<'a> {
    /// Rule id.
    pub id: &'a str,
    /// Tier; none for a note.
    pub tier: Option<&'a str>,
    /// Pupils for whom it holds.
    pub holds: u64,
    /// Pupils for whom it cannot be said.
    pub cannot_say: u64,
}

impl WaveTally {
    /// The sums.
    pub fn summary(&self) -> TallySummary<'_> {
        let mut coverage = Counts::default();
        self.classes.values().for_each(|counts| coverage.merge(counts));
        let ids = self.measures.get(TIER).map_or(&[][..], |own| own.values.as_slice());
        let pupils: IndexMap<&str, u64> = ids.iter().map(|value| value.id.as_str()).zip(self.sums(TIER)).collect();
        let tiers: Vec<TallyTier<'_>> = self
            .tiers
            .iter()
            .map(|tier| TallyTier {
                id: &tier.id,
                name: &tier.name,
                severity: tier.severity,
                pupils: pupils.get(tier.id.as_str()).copied().unwrap_or(0),
            })
            .collect();
        TallySummary {
            rests_on: &self.rests_on,
            districts: self.districts().len(),
            schools: self.schools().count(),
            rows: self.totals.rows,
            coverage,
            flagged: tiers.iter().filter(|tier| tier.severity > self.flagged_above).map(|tier| tier.pupils).sum(),
            tiers,
            flagged_without_sheet: self.totals.flagged_without_sheet,
            critical: self.totals.critical,
            stray_critical: self.totals.stray_critical,
            rules: self
                .rules
                .iter()
                .map(|(id, own)| TallyRule {
                    id,
                    tier: own.tier.as_deref(),
                    holds: own.holds,
                    cannot_say: own.cannot_say,
                })
                .collect(),
        }
    }
}
