//! Runs a plan: [`Machine`] over a block of lanes, for frames; [`Single`] over one sheet. What each step does to a value
//! is written once, in [`value`], hence the same bits.

mod lane;
mod ops;
mod reduce;
mod single;
mod value;

use crate::answers::{Context, Missing};

use super::plan::{ItemPlan, Plan, Val, belongs, is_missing, table_index};

pub(crate) use lane::Lane;
pub(crate) use single::Single;
pub(crate) use value::Ends;

/// Lanes of a block: a page of each column, so that the processor fetches ahead, and few enough that the accumulators and
/// the registers of a step stay in cache.
pub(crate) const BLOCK: usize = 4096;

/// What is known of a narrow slot in this block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not looked at yet.
    Unseen,
    /// Every answer is there and allowed.
    Whole,
    /// Some answers are missing; those that are there are allowed.
    Holes,
}

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
    state: Vec<State>,
    /// Whether all answers were given, before any rule put something in the place of a missing one.
    given: Vec<bool>,
    /// Whether a reduction met a missing answer in the block before: then it will again.
    expect_holes: Vec<bool>,
    sum8: Vec<u8>,
    extra8: Vec<u8>,
    /// Room for scores from item parameters.
    work: Vec<f64>,
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
            state: vec![State::Unseen; plan.slots.0],
            given: vec![true; plan.slots.0],
            expect_holes: vec![false; plan.reductions.len()],
            sum8: vec![0; lanes],
            extra8: vec![0; lanes],
            work: vec![0.0; plan.response_room()],
        }
    }

    /// Runs the plan on the first `len` lanes. Answers that are not allowed are reported to `refused` and count as missing.
    pub(crate) fn run(&mut self, plan: &Plan, input: &Input<'_>, len: usize, refused: &mut dyn FnMut(Refused)) {
        self.state.fill(State::Unseen);
        self.in_scratch.fill(false);
        if plan.prelude > 0 {
            self.see_all(plan, input, len, refused);
        }
        for at in 0..plan.prelude {
            self.op(plan, input, at, len);
        }
        for &r in &plan.reduction_order {
            if self.expect_holes[r] || !self.reduce_whole(plan, input, r, len) {
                self.reduce(plan, input, r, len, refused);
            }
        }
        self.see_all(plan, input, len, refused);
        for at in plan.prelude..plan.ops.len() {
            self.op(plan, input, at, len);
        }
    }

    fn see_all(&mut self, plan: &Plan, input: &Input<'_>, len: usize, refused: &mut dyn FnMut(Refused)) {
        for slot in 0..plan.slots.0 {
            self.see(plan, input, slot, len, refused);
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
        self.given[slot]
    }

    /// Looks at one column slice: are all answers there and allowed? Where something has to be put in place of an answer,
    /// a corrected copy goes to the scratch space.
    fn see(&mut self, plan: &Plan, input: &Input<'_>, slot: usize, len: usize, refused: &mut dyn FnMut(Refused)) {
        if self.state[slot] != State::Unseen {
            return;
        }
        let item = &plan.items[plan.narrow_items[slot]];
        let codes = &input.narrow[slot][..len];
        let look = look(item, codes);
        self.given[slot] = look == Look::Allowed;
        self.state[slot] = if look == Look::Allowed { State::Whole } else { State::Holes };
        if look == Look::Allowed || (look == Look::OrMissing && item.when_blank.is_none() && !input.unsigned[slot]) {
            return;
        }
        let (unsigned, scratch) = (input.unsigned[slot], &mut self.scratch[slot * self.lanes..][..len]);
        for (lane, (to, &code)) in scratch.iter_mut().zip(codes).enumerate() {
            let admitted = admit(item, code, unsigned);
            *to = admitted.code;
            if admitted.refused {
                refused((slot, lane));
            }
        }
        self.in_scratch[slot] = true;
        if !scratch.iter().any(|&code| is_missing(code)) {
            self.state[slot] = State::Whole;
        }
    }

    /// The answers of a narrow slot as the rules see them.
    fn codes<'s>(&'s self, input: &'s Input<'_>, slot: usize, len: usize) -> &'s [i8] {
        if self.in_scratch[slot] { &self.scratch[slot * self.lanes..][..len] } else { &input.narrow[slot][..len] }
    }
}

/// What a column slice holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Allowed answers only.
    Allowed,
    /// Allowed answers and kinds of missing.
    OrMissing,
    /// Something else too.
    Strange,
}

/// One pass without a branch, so that the compiler makes vector code of it.
fn look(item: &ItemPlan, codes: &[i8]) -> Look {
    let (mut not_allowed, mut strange) = (0_u8, 0_u8);
    if item.contiguous {
        let (min, span) = (item.min as i8, (item.max - item.min) as u8);
        for &code in codes {
            // Both are 0 inside their range: from the lowest to the highest answer, and the four kinds of missing.
            let answer = (code.wrapping_sub(min) as u8).saturating_sub(span);
            let missing = (code.wrapping_sub(i8::MIN) as u8).saturating_sub(Missing::ALL.len() as u8 - 1);
            not_allowed |= answer;
            strange |= answer.min(missing);
        }
    } else {
        for &code in codes {
            let answer = u8::from(!item.allowed[table_index(code)]);
            not_allowed |= answer;
            strange |= answer & u8::from(Missing::from_code(code).is_none());
        }
    }
    match (not_allowed, strange) {
        (0, _) => Look::Allowed,
        (_, 0) => Look::OrMissing,
        _ => Look::Strange,
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
