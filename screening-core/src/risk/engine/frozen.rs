//! What an engine reads, as columns that outlive the sheets: a policy can then be run again with other thresholds.

use super::super::condition::Leaf;
use super::super::proposal::WhyUndecided;
use super::super::tree::{OPEN, Tree};
use super::beside::Since;
use super::probe::{Kind, Probe, compare, compare_bounds, decided};
use super::probe_beside::compare_sides;
use super::run::BLOCK;
use super::{Ask, Block, PolicyEngine};
use crate::instrument::expr::Comparison;

/// Everything a [`PolicyEngine`] reads from the sheets of one battery.
#[derive(Debug)]
pub(crate) struct Frozen {
    pub(in crate::risk) rows: usize,
    pub(in crate::risk) leaves: Vec<FrozenLeaf>,
    pub(in crate::risk) rules: Vec<FrozenRule>,
    /// Rows with a critical answer.
    pub(in crate::risk) critical: Vec<bool>,
    /// Rows in which a critical question was not answered, and that count.
    pub(in crate::risk) unanswered: Vec<bool>,
    /// Rows with a sheet that is not to be interpreted, and that count.
    pub(in crate::risk) invalid: Vec<bool>,
    /// Rows that do not count for scores.
    pub(in crate::risk) direct: Vec<bool>,
}

/// A rule about instruments that were asked.
#[derive(Debug, Clone)]
pub(in crate::risk) struct FrozenRule {
    /// Place in the policy.
    pub(in crate::risk) at: usize,
    pub(in crate::risk) level: Option<u8>,
    pub(in crate::risk) tree: Tree,
}

/// A leaf over all rows.
#[derive(Debug, Clone)]
pub(in crate::risk) struct FrozenLeaf {
    /// None for records: they have no threshold.
    pub(in crate::risk) leaf: Option<Leaf>,
    /// Codes at the threshold of the policy.
    pub(in crate::risk) codes: Vec<u8>,
    /// What is compared, where there is a threshold.
    pub(in crate::risk) compared: Option<Compared>,
    /// By row what an open code waits for, see [`Waits`].
    pub(in crate::risk) waits: Vec<Waits>,
    /// Leaves about the same part of an instrument are told once; they have the same number.
    pub(in crate::risk) part: usize,
    /// There is no earlier wave at all.
    pub(in crate::risk) first_wave: bool,
}

/// What an open code waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::risk) struct Waits(u8);

impl Waits {
    const ASKING: u8 = 1;
    const VAIN: u8 = 2;
    const SILENT: u8 = 4;

    /// Asking again may settle it.
    pub(in crate::risk) fn asking(self) -> bool {
        self.0 & Self::ASKING != 0
    }

    /// Only an earlier result could settle it.
    pub(in crate::risk) fn in_vain(self) -> bool {
        self.0 & Self::VAIN != 0
    }

    /// The sheet is not to be interpreted, which is told by itself.
    pub(in crate::risk) fn silent(self) -> bool {
        self.0 & Self::SILENT != 0
    }
}

/// Values that are compared with a threshold.
#[derive(Debug, Clone)]
pub(in crate::risk) struct Compared {
    pub(in crate::risk) op: Comparison,
    pub(in crate::risk) threshold: f64,
    /// NaN where no single value is known, or where it does not count.
    pub(in crate::risk) values: Vec<f64>,
    /// Lowest and highest possible value of rows without a single one.
    pub(in crate::risk) bounds: Vec<(u32, (f64, f64))>,
    /// Whether bounds were rounded to single precision.
    rounded: bool,
}

impl Compared {
    /// Codes at another threshold.
    pub(in crate::risk) fn codes(&self, threshold: f64, into: &mut Vec<u8>) {
        let (op, own) = (self.op, &self.values);
        into.clear();
        let code = |found: &f64| if found.is_nan() { OPEN } else { decided(compare(*found, op, threshold)) };
        into.extend(own.iter().map(code));
        for (row, bounds) in &self.bounds {
            if let Some(slot) = into.get_mut(*row as usize) {
                *slot = self.between(*bounds, threshold);
            }
        }
    }

    fn between(&self, (low, high): (f64, f64), threshold: f64) -> u8 {
        if self.rounded {
            compare_bounds((low, high), self.op, threshold)
        } else {
            compare_sides(low, high, self.op, threshold)
        }
    }

    /// The same for some rows, in their order.
    pub(in crate::risk) fn take(&self, rows: &[u32]) -> Self {
        let values = rows.iter().map(|row| self.values.get(*row as usize).copied().unwrap_or(f64::NAN)).collect();
        let known: std::collections::HashMap<u32, (f64, f64)> = self.bounds.iter().copied().collect();
        let bounds = rows.iter().enumerate().filter_map(|(at, row)| Some((at as u32, *known.get(row)?))).collect();
        Self { values, bounds, ..self.clone_head() }
    }

    fn clone_head(&self) -> Self {
        Self { op: self.op, threshold: self.threshold, values: Vec::new(), bounds: Vec::new(), rounded: self.rounded }
    }
}

impl PolicyEngine<'_> {
    /// Copies what the policy reads.
    pub(crate) fn freeze(&self) -> Frozen {
        let rules = self.rules.iter().filter_map(|rule| {
            let at = self.policy.definition().rules.iter().position(|own| own.id == rule.definition.id)?;
            Some(FrozenRule { at, level: rule.level, tree: rule.tree.clone() })
        });
        let mut frozen = Frozen {
            rows: self.rows,
            leaves: self.asks.iter().enumerate().map(|(at, ask)| self.empty_leaf(at, ask)).collect(),
            rules: rules.collect(),
            critical: vec![false; self.rows],
            unanswered: vec![false; self.rows],
            invalid: vec![false; self.rows],
            direct: (0..self.rows).map(|row| self.direct_only(row)).collect(),
        };
        for start in (0..self.rows).step_by(BLOCK) {
            let block = self.codes(start, BLOCK.min(self.rows - start));
            self.freeze_block(&block, &mut frozen);
        }
        frozen
    }

    fn empty_leaf(&self, at: usize, ask: &Ask<'_>) -> FrozenLeaf {
        let Ask::Sheet(probe) = ask else { return self.record_leaf(at) };
        let name = |probe: &Probe<'_>| (probe.leaf.instrument().to_owned(), probe.part());
        let own = name(probe);
        let alike = |known: &Ask<'_>| known.sheet().is_some_and(|known| name(known) == own);
        let part = self.asks.iter().position(alike).unwrap_or(at);
        let head = probe.comparison().map(|(op, threshold)| Compared {
            op,
            threshold,
            values: Vec::with_capacity(self.rows),
            bounds: Vec::new(),
            rounded: matches!(probe.kind, Kind::Score { .. }),
        });
        FrozenLeaf {
            leaf: Some(probe.leaf.clone()),
            codes: Vec::with_capacity(self.rows),
            compared: head,
            waits: vec![Waits::default(); self.rows],
            part,
            first_wave: probe.is_first_wave(),
        }
    }

    /// A record has no threshold that could be moved, and asking again brings none.
    fn record_leaf(&self, at: usize) -> FrozenLeaf {
        FrozenLeaf {
            leaf: None,
            codes: Vec::with_capacity(self.rows),
            compared: None,
            waits: vec![Waits::default(); self.rows],
            part: at,
            first_wave: false,
        }
    }

    fn freeze_block(&self, block: &Block, frozen: &mut Frozen) {
        for ((ask, leaf), codes) in self.asks.iter().zip(&mut frozen.leaves).zip(&block.leaves) {
            match ask {
                // As in the engine, a source that was not delivered raises nobody.
                Ask::Pupil(probe) => leaf.codes.extend(probe.assume_nothing(block.start, codes)),
                Ask::Sheet(probe) => {
                    leaf.codes.extend(codes);
                    for (lane, code) in codes.iter().enumerate() {
                        self.freeze_lane(block, lane, probe, *code, leaf);
                    }
                }
            }
        }
        for lane in 0..block.rows() {
            let row = block.start + lane;
            for flag in &self.critical {
                let state = self.critical_state(*flag, row);
                if let (Some(given), Some(open)) = (frozen.critical.get_mut(row), frozen.unanswered.get_mut(row)) {
                    *given |= state.is_yes();
                    *open |= state.known().is_none() && !self.direct_only(row);
                }
            }
            let invalid = block.invalid.iter().any(|rows| rows.get(lane) == Some(&true));
            if let (true, false, Some(slot)) = (invalid, self.direct_only(row), frozen.invalid.get_mut(row)) {
                *slot = !self.invalid_sheets(block, lane).is_empty();
            }
        }
    }

    fn freeze_lane(&self, block: &Block, lane: usize, probe: &Probe<'_>, code: u8, leaf: &mut FrozenLeaf) {
        let row = block.start + lane;
        let invalid = block.invalid.get(probe.scored).and_then(|rows| rows.get(lane)).copied().unwrap_or(false);
        let silent = invalid && probe.is_interpreted();
        let masked = silent || (self.direct_only(row) && !probe.is_direct());
        let mut may_be_open = code == OPEN;
        if let Some(compared) = &mut leaf.compared {
            let found = if masked { None } else { probe.possible(row) };
            let single = found.filter(|(low, high)| low.to_bits() == high.to_bits() && probe.is_single(row));
            compared.values.push(single.map_or(f64::NAN, |(value, _)| value));
            if let (Some(bounds), None) = (found, single) {
                compared.bounds.push((row as u32, bounds));
            }
            may_be_open |= single.is_none();
        }
        if may_be_open {
            let (vain, why) = (probe.waits_in_vain(row), probe.why_open(row));
            let asking = !matches!(why, WhyUndecided::NoEarlierResult | WhyUndecided::NoIndex);
            let mark = |is: bool, bit: u8| if is { bit } else { 0 };
            let bits = mark(asking, Waits::ASKING) | mark(vain, Waits::VAIN) | mark(silent, Waits::SILENT);
            if let Some(slot) = leaf.waits.get_mut(row) {
                *slot = Waits(bits);
            }
        }
    }
}

impl Probe<'_> {
    /// Operator and threshold, where a number is compared with one.
    fn comparison(&self) -> Option<(Comparison, f64)> {
        match &self.kind {
            Kind::Score { op, value, .. }
            | Kind::Answer { op, value, .. }
            | Kind::ValidityIndex { op, value, .. }
            | Kind::Norm { op, value, .. }
            | Kind::ChangeIndex { op, value, .. } => Some((*op, *value)),
            _ => None,
        }
    }

    /// Lowest and highest possible value of what is compared.
    fn possible(&self, row: usize) -> Option<(f64, f64)> {
        let single = |value: f64| (!value.is_nan()).then_some((value, value));
        let index = |since: &Since<'_>| since.at(row).and_then(|(scale, row)| scale.index(row));
        match &self.kind {
            Kind::Score { scale, .. } => match self.sheets.value(*scale, row) {
                Some(value) => single(value),
                None => self.sheets.bounds(*scale, row),
            },
            Kind::Answer { values, .. } => single(*values.get(row)?),
            Kind::ValidityIndex { judged, column, .. } => single(column.as_ref()?.get(judged.row(row)?)?),
            Kind::Norm { derived, .. } => derived.bounds(row),
            Kind::ChangeIndex { since, .. } => single(index(since)?),
            _ => None,
        }
    }

    /// Whether equal ends of the possible values are a value that was found, and not two that were rounded alike.
    fn is_single(&self, row: usize) -> bool {
        match &self.kind {
            Kind::Score { scale, .. } => self.sheets.value(*scale, row).is_some(),
            _ => true,
        }
    }
}
