//! Runs a policy over scored sheets, block by block; a row about which there is nothing to say costs no allocation.

mod beside;
mod frozen;
mod further;
mod probe;
mod probe_beside;
mod record;
mod run;

use polars::prelude::DataFrame;

use crate::instrument::FlagSeverity;
use crate::scoring::ScoredSheets;

use super::condition::Leaf;
use super::model::{PolicyDef, RuleDef};
use super::policy::Policy;
use super::proposal::Proposal;
use super::tree::Tree;

pub use beside::{Beside, JudgedSheets};
pub(super) use beside::{Reason, Since};
pub(crate) use frozen::Frozen;
pub(super) use frozen::{Compared, FrozenLeaf, FrozenRule, Waits};
pub use further::FurtherSheets;
pub(crate) use further::asked;
pub(super) use probe::{Kind, Probe, compare};
pub(super) use record::{Ask, RecordProbe};
pub(super) use run::Block;

/// The scored sheets of one battery: one entry an instrument, all with the same rows.
#[derive(Debug, Clone, Copy, Default)]
pub struct SheetSet<'a> {
    /// Scored sheets, one an instrument.
    pub scored: &'a [ScoredSheets],
    /// The answers, for rules on single answers.
    pub answers: Option<&'a DataFrame>,
    /// Rows that do not count for scores (superseded or rejected sheets): only flags and single answers speak. Empty when
    /// every row counts.
    pub direct_only: &'a [bool],
    /// What a validity plan says of the sheets, one entry an instrument that it judged; empty without a plan.
    pub judged: &'a [JudgedSheets<'a>],
    /// Derived scores, change and records of the pupils, where they are known.
    pub beside: Option<Beside<'a>>,
    /// Further forms of the battery, and which rows they were asked of; empty where everybody answers the same.
    pub further: &'a [FurtherSheets<'a>],
}

impl<'a> SheetSet<'a> {
    /// What a validity plan says of the sheets to an instrument.
    pub(super) fn judged_of(&self, instrument: &str) -> Option<JudgedSheets<'a>> {
        self.judged.iter().find(|judged| judged.report.instrument().id() == instrument).copied()
    }

    /// The further form that an instrument belongs to.
    pub(super) fn further_of(&self, instrument: &str) -> Option<&'a FurtherSheets<'a>> {
        self.further.iter().find(|further| further.instruments.iter().any(|id| id == instrument))
    }
}

/// Why a policy cannot be run over these sheets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The instruments do not have the same rows.
    #[error("`{instrument}` has {found} rows, the others {expected}; score all instruments over the same frame")]
    Rows {
        /// Instrument id.
        instrument: String,
        /// Its rows.
        found: usize,
        /// Rows of the others.
        expected: usize,
    },
    /// A part of an instrument is not there.
    #[error("rule `{rule}`: there is no `{part}`; check the policy against the library")]
    Reference {
        /// Rule id.
        rule: String,
        /// What is not there.
        part: String,
    },
    /// The cut-off set in use has none of the bands.
    #[error(
        "rule `{rule}`: the cut-off set `{set}` of `{scale}` has none of the bands it names; choose another set or change the rule"
    )]
    Band {
        /// Rule id.
        rule: String,
        /// Scale.
        scale: String,
        /// Cut-off set.
        set: String,
    },
    /// A rule about validity needs an index that is not at hand.
    #[error("rule `{rule}`: the validity index `{part}` is not computed; use a validity plan that has it")]
    Index {
        /// Rule id.
        rule: String,
        /// Index.
        part: String,
    },
    /// A rule on a derived score needs a norm set that is not at hand.
    #[error("rule `{rule}`: there is no derived score `{part}`; use norms that give it")]
    Norm {
        /// Rule id.
        rule: String,
        /// Derived score.
        part: String,
    },
    /// A rule on a single answer needs the answers.
    #[error("rule `{rule}`: the answers to `{item}` are not at hand ({why}); give the frame of answers")]
    Answers {
        /// Rule id.
        rule: String,
        /// Item.
        item: String,
        /// Cause.
        why: String,
    },
}

/// A rule made ready for the instruments at hand.
#[derive(Debug)]
pub(super) struct ReadyRule<'a> {
    pub(super) definition: &'a RuleDef,
    /// Position of its tier in [`PolicyEngine::levels`]; none for a note.
    pub(super) level: Option<u8>,
    pub(super) tree: Tree,
    /// It reads records, which may not have been delivered.
    pub(super) reads_records: bool,
    /// It reads a further form, which may not have been asked of a row.
    pub(super) reads_further: bool,
}

/// A flag of critical severity.
#[derive(Debug, Clone, Copy)]
pub(super) struct CriticalFlag {
    pub(super) scored: usize,
    pub(super) flag: usize,
}

/// A policy made ready for the scored sheets of one battery.
///
/// ```
/// use polars::prelude::*;
/// use screening_core::instrument::Library;
/// use screening_core::risk::{Policy, PolicyEngine, SheetSet};
/// use screening_core::scoring::{FrameOptions, Scorer};
///
/// let library = Library::bundled()?;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// let scorer = Scorer::new(library.get("phq-9").expect("bundled"))?;
/// let columns = (1..=9).map(|item| Column::new(format!("phq-9.{item}").into(), [2_i8, 0])).collect();
/// let answers = DataFrame::new(2, columns)?;
/// let scored = [scorer.score_frame(&answers, &FrameOptions::default())?];
/// let sheets = SheetSet { scored: &scored, answers: Some(&answers), ..SheetSet::default() };
/// let proposals = PolicyEngine::new(&policy, sheets)?.run();
/// assert_eq!(proposals.tier(0), Some("today"));
/// assert_eq!(proposals.tier(1), Some("none"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PolicyEngine<'a> {
    pub(super) policy: &'a Policy,
    pub(super) sheets: SheetSet<'a>,
    rows: usize,
    pub(super) asks: Vec<Ask<'a>>,
    pub(super) rules: Vec<ReadyRule<'a>>,
    pub(super) critical: Vec<CriticalFlag>,
    /// Positions of the tiers in the definition, mildest first.
    levels: Vec<usize>,
    quiet: Quiet,
}

/// Levels of the tiers that stand outside the rules.
#[derive(Debug, Clone, Copy)]
struct Quiet {
    unflagged: u8,
    critical: u8,
    retest: u8,
    incomplete: u8,
}

/// What a policy proposes for all rows.
#[derive(Debug, Clone)]
pub struct Proposals {
    tier_ids: Vec<String>,
    levels: Vec<u8>,
    /// Rows about which there is something to say, in their order.
    pub list: Vec<Proposal>,
    /// How often each rule holds; rules about instruments that were not asked are left out.
    pub rules: Vec<RuleCount>,
}

impl Proposals {
    /// The proposed tier of a row.
    pub fn tier(&self, row: usize) -> Option<&str> {
        self.levels.get(row).and_then(|level| self.tier_ids.get(usize::from(*level))).map(String::as_str)
    }

    /// Position of the proposed tier of each row in [`Self::tier_ids`].
    pub fn levels(&self) -> &[u8] {
        &self.levels
    }

    /// Tier ids, mildest first.
    pub fn tier_ids(&self) -> &[String] {
        &self.tier_ids
    }
}

/// How often a rule holds among the rows that count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCount {
    /// Rule id.
    pub rule: String,
    /// Rows for which it holds.
    pub holds: u32,
    /// Rows for which it cannot be said.
    pub cannot_say: u32,
}

impl<'a> PolicyEngine<'a> {
    /// Makes a policy ready for scored sheets.
    ///
    /// # Errors
    /// When the rows differ, a rule names what is not there, or answers are needed and missing.
    pub fn new(policy: &'a Policy, sheets: SheetSet<'a>) -> Result<Self, EngineError> {
        // Pupils without a sheet have a row too: records speak of them as well.
        let bare = || sheets.beside.map_or(0, |beside| beside.rows.len());
        let rows = sheets.scored.first().map_or_else(bare, ScoredSheets::rows);
        if let Some(odd) = sheets.scored.iter().find(|scored| scored.rows() != rows) {
            return Err(EngineError::Rows {
                instrument: odd.instrument().id().to_owned(),
                found: odd.rows(),
                expected: rows,
            });
        }
        let definition = policy.definition();
        let levels: Vec<usize> = policy
            .tiers()
            .filter_map(|tier| definition.tiers.iter().position(|known| known.id == tier.id))
            .rev()
            .collect();
        let level = |id: &str| {
            levels
                .iter()
                .position(|at| definition.tiers.get(*at).is_some_and(|tier| tier.id == id))
                .map_or(0, |at| at as u8)
        };
        let quiet = Quiet {
            unflagged: level(&definition.unflagged_tier),
            critical: level(&definition.critical_tier),
            retest: level(&definition.retest_tier),
            incomplete: level(&definition.incomplete_tier),
        };
        let leaves = asked_leaves(definition, &sheets);
        let mut place = |leaf: &Leaf| leaves.iter().position(|(known, _)| *known == leaf);
        let ready = |rule: &'a RuleDef| {
            let tree = Tree::prune(&rule.when, &mut place)?;
            let (mut reads_records, mut reads_further) = (false, false);
            tree.leaves(&mut |at| {
                let Some((leaf, _)) = leaves.get(at) else { return };
                reads_records |= matches!(leaf, Leaf::Record { .. });
                reads_further |= sheets.further_of(leaf.instrument()).is_some();
            });
            let level = rule.tier.as_deref().map(level);
            Some(ReadyRule { definition: rule, level, tree, reads_records, reads_further })
        };
        let rules = definition.rules.iter().filter_map(ready).collect();
        let ask = |(leaf, rule): &(&'a Leaf, &'a str)| match RecordProbe::new(leaf, sheets.beside) {
            Some(probe) => Ok(Ask::Pupil(probe)),
            None => Probe::new(leaf, rule, &sheets).map(Ask::Sheet),
        };
        let asks = leaves.iter().map(ask).collect::<Result<_, _>>()?;
        let critical = sheets.scored.iter().enumerate().flat_map(|(scored, sheets)| {
            let flags = sheets.instrument().definition().flags.iter().enumerate();
            flags
                .filter(|(_, flag)| flag.severity == FlagSeverity::Critical)
                .map(move |(flag, _)| CriticalFlag { scored, flag })
        });
        let critical = critical.collect();
        Ok(Self { policy, sheets, rows, asks, rules, critical, levels, quiet })
    }
}

/// Each different leaf about records or about an instrument that was asked, with the first rule that names it.
fn asked_leaves<'a>(definition: &'a PolicyDef, sheets: &SheetSet<'a>) -> Vec<(&'a Leaf, &'a str)> {
    let mut leaves: Vec<(&Leaf, &str)> = Vec::new();
    for rule in &definition.rules {
        rule.when.leaves(&mut |leaf| {
            let asked = matches!(leaf, Leaf::Record { .. })
                || sheets.scored.iter().any(|scored| scored.instrument().id() == leaf.instrument());
            if asked && !leaves.iter().any(|(known, _)| *known == leaf) {
                leaves.push((leaf, &rule.id));
            }
        });
    }
    leaves
}
