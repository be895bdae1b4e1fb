//! Runs a plan: [`Machine`] over a block of lanes, for frames; [`Single`] over one sheet. What each step does to a value
//! is written once, in [`value`], hence the same bits.

mod lane;
mod ops;
mod reduce;
mod single;
mod value;

use crate::answers::{Context, Missing};
use crate::instrument::ItemSlot;

use super::plan::{ItemPlan, Plan, Val, belongs, is_missing, table_index};

pub(crate) use lane::Lane;
pub(crate) use single::Single;
pub(crate) use value::Ends;

/// Lanes of a block: small enough that a column slice, the accumulators and the registers of a step stay in cache.
pub(crate) const BLOCK: usize = 2048;

/// A register: lowest and highest numerator of each lane. `hi` is only filled when the block is not `exact`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Register<L> {
    lo: Vec<L>,
    hi: Vec<L>,
    /// Denominators of a quotient.
    den: Vec<L>,
    /// Whether lowest and highest are equal in every lane of this block.
    exact: bool,
}

impl<L: Lane> Register<L> {
    fn new(lanes: usize) -> Self {
        Self { lo: vec![L::default(); lanes], hi: vec![L::default(); lanes], den: Vec::new(), exact: true }
    }

    /// Highest numerators.
    #[inline]
    pub(crate) fn high(&self) -> &[L] {
        if self.exact { &self.lo } else { &self.hi }
    }

    /// Lowest numerators.
    #[inline]
    pub(crate) fn low(&self) -> &[L] {
        &self.lo
    }

    /// Whether every lane of the block is known.
    #[inline]
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    /// Denominators of a quotient.
    pub(crate) fn denominators(&self) -> &[L] {
        &self.den
    }
}

/// The answers of a block.
pub(crate) struct Input<'a> {
    /// One slice for each narrow slot, all of the length of the block.
    pub narrow: &'a [&'a [i8]],
    /// One slice for each wide slot.
    pub wide: &'a [&'a [i32]],
    /// Narrow slots whose bytes were unsigned: codes below 0 are then not answers but numbers above 127.
    pub unsigned: &'a [bool],
    /// The people.
    pub context: &'a dyn Fn(usize) -> Context,
}

/// An answer that is not an allowed code: narrow slot and lane.
pub(crate) type Refused = (usize, usize);

/// Registers and scratch space of one thread.
#[derive(Debug, Clone)]
pub(crate) struct Machine<L> {
    lanes: usize,
    registers: Vec<Register<L>>,
    /// Missing answers of each reduction and lane.
    missing: Vec<Vec<u8>>,
    /// Whether a reduction met a missing answer in this block.
    any_missing: Vec<bool>,
    /// Narrow slots that had to be rewritten: invalid codes, replacements, skip rules.
    scratch: Vec<i8>,
    in_scratch: Vec<bool>,
    clean: Vec<bool>,
    raw_clean: Vec<bool>,
    sum8: Vec<u8>,
    extra8: Vec<u8>,
}

impl<L: Lane> Machine<L> {
    pub(crate) fn new(plan: &Plan, lanes: usize) -> Self {
        Self {
            lanes,
            registers: vec![Register::new(lanes); plan.ops.len()],
            missing: vec![vec![0; lanes]; plan.reductions.len()],
            any_missing: vec![false; plan.reductions.len()],
            scratch: vec![0; lanes * plan.slots.0],
            in_scratch: vec![false; plan.slots.0],
            clean: vec![true; plan.slots.0],
            raw_clean: vec![true; plan.slots.0],
            sum8: vec![0; lanes],
            extra8: vec![0; lanes],
        }
    }

    /// Runs the plan on the first `len` lanes. Answers that are not allowed are reported to `refused` and count as missing.
    pub(crate) fn run(&mut self, plan: &Plan, input: &Input<'_>, len: usize, refused: &mut dyn FnMut(Refused)) {
        for slot in 0..plan.slots.0 {
            self.classify(plan, input, slot, len, refused);
        }
        for at in 0..plan.prelude {
            self.op(plan, input, at, len);
        }
        for &r in &plan.reduction_order {
            self.reduce(plan, input, r, len);
        }
        for at in plan.prelude..plan.ops.len() {
            self.op(plan, input, at, len);
        }
    }

    /// The register of a value.
    pub(crate) fn register(&self, val: Val) -> &Register<L> {
        &self.registers[val.reg]
    }

    /// A register by number.
    pub(crate) fn register_at(&self, reg: usize) -> &Register<L> {
        &self.registers[reg]
    }

    /// Missing answers of a reduction by lane, or `None` when no lane has any.
    pub(crate) fn missing_of(&self, reduction: usize) -> Option<&[u8]> {
        self.any_missing[reduction].then(|| &self.missing[reduction][..])
    }

    /// Whether every answer of a narrow slot was given in this block, before any rule put something in its place.
    pub(crate) fn all_given(&self, slot: usize) -> bool {
        self.raw_clean[slot]
    }

    /// Looks at one column slice: are all answers there and allowed? If not, a corrected copy goes to the scratch space.
    fn classify(&mut self, plan: &Plan, input: &Input<'_>, slot: usize, len: usize, refused: &mut dyn FnMut(Refused)) {
        let item = &plan.items[plan.narrow_items[slot]];
        let codes = &input.narrow[slot][..len];
        self.in_scratch[slot] = false;
        let all_allowed = if item.contiguous {
            let (min, span) = (item.min as i8, (item.max - item.min) as u8);
            // One pass without a branch: the compiler turns it into vector compares.
            codes.iter().fold(0_u8, |bad, &code| bad | u8::from(code.wrapping_sub(min) as u8 > span)) == 0
        } else {
            codes.iter().all(|&code| item.allowed[table_index(code)])
        };
        self.clean[slot] = all_allowed;
        self.raw_clean[slot] = all_allowed;
        if all_allowed {
            return;
        }
        let (unsigned, scratch) = (input.unsigned[slot], &mut self.scratch[slot * self.lanes..][..len]);
        scratch.copy_from_slice(codes);
        let mut rewritten = false;
        for (lane, code) in scratch.iter_mut().enumerate() {
            let admitted = admit(item, *code, unsigned);
            rewritten |= admitted.code != *code || admitted.refused;
            *code = admitted.code;
            if admitted.refused {
                refused((slot, lane));
            }
        }
        if rewritten {
            self.in_scratch[slot] = true;
            self.clean[slot] = !scratch.iter().any(|&code| is_missing(code));
        }
    }

    /// The answers of a narrow slot as the rules see them.
    fn codes<'s>(&'s self, input: &'s Input<'_>, slot: usize, len: usize) -> &'s [i8] {
        if self.in_scratch[slot] { &self.scratch[slot * self.lanes..][..len] } else { &input.narrow[slot][..len] }
    }

    /// Whether the item at a position has no answer in a lane.
    pub(crate) fn lacks(&self, plan: &Plan, input: &Input<'_>, position: usize, lane: usize) -> bool {
        match plan.items[position].slot {
            ItemSlot::Narrow(slot) => !self.clean[slot] && is_missing(self.codes(input, slot, lane + 1)[lane]),
            ItemSlot::Wide(slot) => crate::answers::wide_kind(input.wide[slot][lane]).is_some(),
        }
    }
}

/// An answer code as the rules see it.
struct Admitted {
    code: i8,
    /// It is neither an allowed answer nor a kind of missing, and counts as missing.
    refused: bool,
}

/// Takes an allowed answer as it is, puts in what stands for a skipped one, and refuses the rest.
#[inline]
fn admit(item: &ItemPlan, code: i8, unsigned: bool) -> Admitted {
    let beyond = unsigned && code < 0;
    if !beyond && item.allowed[table_index(code)] {
        return Admitted { code, refused: false };
    }
    match (Missing::from_code(code).filter(|_| !beyond), item.when_blank) {
        (None, _) => Admitted { code: Missing::Invalid.code(), refused: true },
        (Some(Missing::Skipped), Some(value)) => Admitted { code: value, refused: false },
        (Some(_), _) => Admitted { code, refused: false },
    }
}

/// Position of the norm cell that serves a person, the cell of the own sex first.
pub(crate) fn norm_cell(plan: &Plan, norm: usize, context: &Context) -> Option<usize> {
    let cells = &plan.norms[norm].cells;
    let serves = |gendered: bool| {
        cells
            .iter()
            .position(|cell| cell.group.sex.is_some() == gendered && belongs(&cell.group, context) == Some(true))
    };
    serves(true).or_else(|| serves(false)).filter(|&cell| cells[cell].usable)
}
