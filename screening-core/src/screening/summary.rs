//! Counts of a screening.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::change::{Comparison, Refusal};
use crate::coverage::Counts;
use crate::instrument::Text;
use crate::norms::NormAccount;
use crate::risk::{Policy, RuleCount};
use crate::validity::{LeftOut, ValidityCounts};

use super::audit::WaveAudit;
use super::decisions::Agreement;
use super::evidence::EvidenceUse;
use super::input::WaveSettings;
use super::provenance::Provenance;
use super::result::PupilProposal;

/// Counts and provenance of a screening.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The wave.
    pub wave: WaveSettings,
    /// What the results rest on.
    pub provenance: Provenance,
    /// Rows of the answers.
    pub rows: RowTotals,
    /// Enrolled pupils and their status.
    pub coverage: Counts,
    /// Pupils by tier, the most urgent first.
    pub tiers: Vec<TierTotal>,
    /// Pupils who are proposed a tier above the retest, incomplete and unflagged ones.
    pub flagged: u32,
    /// Of these, pupils without a sheet that counts: what is known beside the sheets speaks for them.
    #[serde(skip_serializing_if = "is_nobody")]
    pub flagged_without_sheet: u32,
    /// Flagged pupils among those whose sheet counts; none when no sheet counts.
    pub share_flagged: Option<f64>,
    /// Pupils with a critical answer on any of their sheets.
    pub critical: u32,
    /// Rejected sheets with a critical answer.
    pub stray_critical: u32,
    /// Rules, in the order of the policy.
    pub rules: Vec<RuleTotal>,
    /// What the auditor found before anything was scored.
    pub audit: WaveAudit,
    /// Norm sets: which scores got a norm, and why others did not.
    pub norms: Vec<NormUse>,
    /// What the validity plan found; none without a plan.
    pub validity: Option<ValidityUse>,
    /// What changed since the earlier waves; none without an earlier wave.
    pub change: Option<ChangeUse>,
    /// Records about pupils beside the sheets; none where nothing was delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceUse>,
    /// What was proposed beside what was decided; none until decisions are recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// Further forms of the batteries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<FormTotal>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn is_nobody(count: &u32) -> bool {
    *count == 0
}

/// One further form, of the pupils whose sheet counts: `asked + not_asked + cannot_say` are all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormTotal {
    /// Battery id.
    pub battery: String,
    /// Form id.
    pub form: String,
    /// Pupils of whom it is asked.
    pub asked: u32,
    /// Pupils of whom it is not.
    pub not_asked: u32,
    /// Pupils of whom the first form cannot say.
    pub cannot_say: u32,
    /// Pupils who handed it in, whether asked or not.
    pub handed_in: u32,
    /// Pupils of whom it is asked and who did not.
    pub due: u32,
}

/// One norm set. Of each scale, `rows = with_norm + without`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NormUse {
    /// The set, as `id@version+hash`.
    pub norms: String,
    /// Scales of the set that were answered.
    pub scales: Vec<NormAccount>,
    /// Scales of the set that no battery has.
    pub absent: Vec<String>,
    /// Doubts about the fit of the set to the definitions in use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What a validity plan found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValidityUse {
    /// The plan, as `id@version+hash`.
    pub plan: String,
    /// By instrument.
    pub instruments: Vec<InstrumentValidity>,
}

/// The sheets to one instrument: all that may be used, those that others replace included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstrumentValidity {
    /// Instrument id.
    pub instrument: String,
    /// Counts; `sheets = valid + doubtful + invalid`.
    #[serde(flatten)]
    pub counts: ValidityCounts,
    /// Rules of the plan that do not fit the instrument.
    pub left_out: Vec<LeftOut>,
}

/// What changed since the earlier waves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeUse {
    /// The earlier waves, the earliest first.
    pub earlier: Vec<String>,
    /// Id of the index that decides.
    pub judge: String,
    /// What each comparison rests on, and its counts.
    pub comparisons: Vec<Comparison>,
    /// What was not compared, and why.
    pub refused: Vec<Refusal>,
}

/// What became of the rows: `read = used + superseded + joined + rejected`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowTotals {
    /// Rows of all batches.
    pub read: u64,
    /// Sheets that count.
    pub used: u64,
    /// Sheets that another one replaces.
    pub superseded: u64,
    /// Sheets of further forms that are part of another sheet of the pupil.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub joined: u64,
    /// Sheets that are not used.
    pub rejected: u64,
    /// Single answers that are not used.
    pub values_rejected: u64,
}

/// One tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TierTotal {
    /// Tier id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Severity; a higher number is more urgent.
    pub severity: u16,
    /// Pupils.
    pub pupils: u32,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleTotal {
    /// Rule id.
    pub id: String,
    /// Tier; none for a note.
    pub tier: Option<String>,
    /// Sheets that count, and pupils without one of whom something is known, for which it holds.
    pub holds: u32,
    /// The same, for which it cannot be said.
    pub cannot_say: u32,
}

/// What is counted.
#[derive(Clone, Copy)]
pub(super) struct Counted<'a> {
    /// Level of the tier by pupil.
    pub(super) levels: &'a [Option<u8>],
    /// Whether a sheet of a pupil counts.
    pub(super) has_sheet: &'a dyn Fn(usize) -> bool,
    pub(super) proposals: &'a [PupilProposal],
    pub(super) rules: &'a [RuleCount],
}

/// Counts everything but the rows, the stray answers, the audit, and what the scores are read against, which stay empty.
pub(super) fn count(
    wave: WaveSettings,
    provenance: Provenance,
    coverage: Counts,
    policy: &Policy,
    counted: &Counted<'_>,
) -> Summary {
    let Counted { levels, has_sheet, proposals, rules } = *counted;
    let mut by_level: IndexMap<u8, u32> = IndexMap::new();
    for level in levels.iter().flatten() {
        *by_level.entry(*level).or_default() += 1;
    }
    let mut tiers: Vec<TierTotal> = policy
        .tiers()
        .rev()
        .enumerate()
        .map(|(level, tier)| TierTotal {
            id: tier.id.clone(),
            name: tier.name.clone(),
            severity: tier.severity,
            pupils: by_level.get(&(level as u8)).copied().unwrap_or(0),
        })
        .collect();
    tiers.reverse();
    let flagged = tiers.iter().filter(|tier| tier.severity > policy.flagged_above()).map(|tier| tier.pupils).sum();
    let with_sheet = (0..levels.len()).filter(|pupil| has_sheet(*pupil)).count();
    let above = policy.flagged_above();
    let bare =
        proposals.iter().filter(|entry| entry.proposal.severity > above && !has_sheet(entry.pupil)).count() as u32;
    let total = |rule: &crate::risk::RuleDef| {
        let own = || rules.iter().filter(|count| count.rule == rule.id);
        RuleTotal {
            id: rule.id.clone(),
            tier: rule.tier.clone(),
            holds: own().map(|count| count.holds).sum(),
            cannot_say: own().map(|count| count.cannot_say).sum(),
        }
    };
    Summary {
        wave,
        provenance,
        rows: RowTotals::default(),
        coverage,
        tiers,
        flagged,
        flagged_without_sheet: bare,
        share_flagged: (with_sheet > 0).then(|| f64::from(flagged.saturating_sub(bare)) / with_sheet as f64),
        critical: proposals.iter().filter(|entry| !entry.proposal.critical.is_empty()).count() as u32,
        stray_critical: 0,
        rules: policy.definition().rules.iter().map(total).collect(),
        audit: WaveAudit::default(),
        norms: Vec::new(),
        validity: None,
        change: None,
        evidence: None,
        agreement: None,
        forms: Vec::new(),
    }
}
