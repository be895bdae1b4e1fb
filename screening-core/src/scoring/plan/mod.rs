//! The compiled instrument: a straight list of steps over registers, run by both drivers.
//!
//! Every value is an exact fraction. A register holds, for each lane (person), the lowest and the highest numerator that
//! the value can still have; they are equal when it is known. The denominator is fixed for the register, except for
//! quotients, which carry one per lane. Conditions are numbers 0 and 1, so three-valued logic is arithmetic on intervals.

mod build;
mod compile;
mod reduce;
mod response;

use crate::answers::Context;
use crate::instrument::expr::Comparison;
use crate::instrument::model::{GroupDef, RoundMode};

pub(crate) use build::round_div;
pub(crate) use compile::compile;
pub(crate) use reduce::{Affine, Key, OwnKeys, Reduction, SingleSum, Term, is_missing, table_index};
pub(crate) use response::ResponsePlan;

/// A register together with its unit and the range its numerators can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Val {
    /// Register.
    pub reg: usize,
    /// Denominator; 0 when the register carries one per lane.
    pub den: i64,
    /// Lowest numerator.
    pub lo: i64,
    /// Highest numerator.
    pub hi: i64,
}

impl Val {
    pub(crate) fn per_lane(self) -> bool {
        self.den == 0
    }
}

/// One operation; its result goes to a register of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// A constant numerator.
    Const(i64),
    /// Nothing is known but the range.
    Unknown { lo: i64, hi: i64 },
    /// The stored answer of an item (position in the definition).
    Item(usize),
    /// How many of these items have no answer.
    CountMissing(Vec<usize>),
    /// Stores what stands for the answer of a narrow item that the skip rule left out: when the condition surely fails
    /// and there is no answer, the slot becomes `value`.
    Resolve { item: usize, condition: usize, value: i8 },
    /// Sum over items.
    Reduce(usize),
    /// `a * ka + c`
    Linear1 { a: usize, ka: i64, c: i64 },
    /// `a * ka + b * kb`
    Linear2 { a: usize, ka: i64, b: usize, kb: i64 },
    /// `a * b`
    Mul { a: usize, b: usize },
    /// Numerator `a * ka`, denominator `b * kb` per lane.
    Div { a: usize, ka: i64, b: usize, kb: i64 },
    /// `a mod m`, never negative.
    Mod { a: usize, m: i64 },
    /// `a * mul / den`, rounded.
    Round { a: usize, mul: i64, den: i64, mode: RoundMode },
    /// The same for a register with a denominator per lane.
    RoundPerLane { a: usize, mul: i64, mode: RoundMode },
    /// 1 when `a >= c`.
    Ge { a: usize, c: i64 },
    /// 1 when `a == c`.
    Eq { a: usize, c: i64 },
    /// Comparison of a register with a denominator per lane with `num / den`.
    ComparePerLane { a: usize, comparison: Comparison, num: i64, den: i64 },
    /// The smaller of `a * ka` and `b * kb`; of conditions: "and".
    Min { a: usize, ka: i64, b: usize, kb: i64 },
    /// The larger of `a * ka` and `b * kb`; of conditions: "or".
    Max { a: usize, ka: i64, b: usize, kb: i64 },
    /// `a * ka` when the condition holds, else `b * kb`.
    Select { condition: usize, a: usize, ka: i64, b: usize, kb: i64 },
    /// A table from a dense range of numerators: the first of `variants` tables, from `table` on, that serves the person.
    Lookup { a: usize, table: usize, variants: usize },
    /// A norm.
    Norm { a: usize, norm: usize },
    /// The missing rule of an item scale.
    Answered(AnsweredRule),
    /// Theta of a pattern of answers.
    Response(usize),
}

/// A score from the answered items alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AnsweredRule {
    /// The reduction.
    pub reduction: usize,
    /// Its register.
    pub a: usize,
    /// Items of the scale.
    pub items: i64,
    /// Fewest answered items.
    pub min_answered: i64,
    /// Lowest contribution of an item, the same for all.
    pub item_min: i64,
    /// What is computed from the sum `s` of `k` answered items.
    pub result: AnsweredResult,
}

/// What an [`AnsweredRule`] gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AnsweredResult {
    /// `s`
    Sum,
    /// `s * items * mul / (k * den)` rounded; bounds are multiplied and rounded alike.
    Rounded { mul: i64, den: i64, mode: RoundMode },
    /// `s * items * (common / k)`, with `common` a multiple of every possible `k`; unit `common`.
    Common { common: i64 },
    /// Numerator `s * items`, denominator `k` per lane.
    PerLane,
}

/// An item as the machine sees it.
#[derive(Debug, Clone)]
pub(crate) struct ItemPlan {
    /// Slot among narrow or wide items.
    pub slot: crate::instrument::ItemSlot,
    /// Lowest and highest stored answer.
    pub min: i64,
    /// Highest stored answer.
    pub max: i64,
    /// Value that stands for a skipped answer.
    pub when_blank: Option<i8>,
    /// For a choice: allowed codes as a set, by code + 128.
    pub allowed: Box<[bool; 256]>,
    /// Whether all codes from `min` to `max` are allowed.
    pub contiguous: bool,
}

/// A table from source numerators.
#[derive(Debug, Clone)]
pub(crate) struct TablePlan {
    /// For whom; `None` = everyone.
    pub group: Option<GroupDef>,
    /// Numerator of the first entry.
    pub first: i64,
    /// Target numerators; `None` where the table has a hole.
    pub values: Vec<Option<i64>>,
    /// Range of the target.
    pub lo: i64,
    /// Range of the target.
    pub hi: i64,
}

/// A norm for one source scale: `round((add * unit + 10 * (raw - mean)) / sd)` prepared per cell as `(a * ka + c) / d`.
#[derive(Debug, Clone)]
pub(crate) struct NormPlan {
    /// The cells that hold for this scale.
    pub cells: Vec<NormCellPlan>,
    /// Rounding of the result.
    pub mode: RoundMode,
    /// Range of the target.
    pub lo: i64,
    /// Range of the target.
    pub hi: i64,
}

/// One prepared cell.
#[derive(Debug, Clone)]
pub(crate) struct NormCellPlan {
    /// For whom.
    pub group: GroupDef,
    /// Position in the definition's norm.
    pub index: usize,
    /// Whether the published cell may be used.
    pub usable: bool,
    /// Factor of the raw numerator.
    pub ka: i64,
    /// Constant.
    pub c: i64,
    /// Divisor.
    pub den: i64,
}

/// How a scale leaves the machine.
#[derive(Debug, Clone)]
pub(crate) struct ScalePlan {
    /// The value.
    pub val: Val,
    /// The reduction with the count of answered items, for item methods.
    pub reduction: Option<usize>,
    /// Items of the scale (for item methods).
    pub items: Vec<usize>,
    /// Cut-off variants of the chosen set, tried in order.
    pub cutoffs: Vec<CutoffPlan>,
    /// Band ids that can result, from the lowest score up, over all variants.
    pub band_ids: Vec<String>,
    /// The norm behind the value, if any.
    pub norm: Option<usize>,
    /// The tables behind the value, when they differ between people: the first and their number.
    pub tables: Option<(usize, usize)>,
}

/// One cut-off variant.
#[derive(Debug, Clone)]
pub(crate) struct CutoffPlan {
    /// Position in the definition.
    pub index: usize,
    /// For whom.
    pub group: Option<GroupDef>,
    /// Starts of the second and further bands: as numerators in the unit of the scale, rounded up.
    pub starts: Vec<i64>,
    /// The same as fractions, for scales with a denominator per lane.
    pub exact: Vec<(i64, i64)>,
    /// Position of each band in [`ScalePlan::band_ids`].
    pub bands: Vec<u8>,
}

/// The narrowest integer that holds every intermediate result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// 16 bits.
    I16,
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

/// The compiled instrument.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Items in the order of the definition.
    pub items: Vec<ItemPlan>,
    /// Number of narrow and wide slots.
    pub slots: (usize, usize),
    /// Item position of each narrow slot.
    pub narrow_items: Vec<usize>,
    /// The offset that each narrow item gives by its own keying; an item whose codes leave gaps allows its lowest alone.
    pub own_keys: OwnKeys,
    /// The sums as a single sheet runs them.
    pub single_sums: Vec<SingleSum>,
    /// Reductions.
    pub reductions: Vec<Reduction>,
    /// The order in which they run: parts before wholes.
    pub reduction_order: Vec<usize>,
    /// The register of each reduction.
    pub reduction_regs: Vec<usize>,
    /// Number of operations that run before the reductions: the skip rules.
    pub prelude: usize,
    /// The operations that one sheet runs after its sums: all but sums and constants.
    pub single_ops: Vec<usize>,
    /// Operations; the result of the n-th goes to register n.
    pub ops: Vec<Op>,
    /// Tables.
    pub tables: Vec<TablePlan>,
    /// Norms.
    pub norms: Vec<NormPlan>,
    /// Scores from item parameters.
    pub responses: Vec<ResponsePlan>,
    /// Scales in the order of the definition.
    pub scales: Vec<ScalePlan>,
    /// Registers of the flags.
    pub flags: Vec<usize>,
    /// Registers of the validity rules.
    pub validity: Vec<usize>,
    /// Lane width.
    pub width: Width,
}

impl Plan {
    /// Room that the scores from item parameters work in.
    pub(crate) fn response_room(&self) -> usize {
        self.responses.iter().map(ResponsePlan::room).max().unwrap_or(0)
    }

    /// Whether a score comes from tables that differ between people and none of them serves this person.
    pub(crate) fn lacks_table(&self, scale: &ScalePlan, context: &Context) -> bool {
        let Some((first, count)) = scale.tables else { return false };
        let serves = |table: &TablePlan| table.group.as_ref().is_none_or(|g| belongs(g, context) == Some(true));
        !self.tables[first..first + count].iter().any(serves)
    }

    /// Whether scores depend on who the person is.
    pub(crate) fn needs_context(&self) -> bool {
        !self.norms.is_empty()
            || self.tables.iter().any(|table| table.group.is_some())
            || self.scales.iter().any(|scale| scale.cutoffs.iter().any(|cutoff| cutoff.group.is_some()))
    }
}

/// Whether a person belongs to a group: `None` when what the group asks for is not known.
pub(crate) fn belongs(group: &GroupDef, context: &Context) -> Option<bool> {
    let sex = group.sex.map(|sex| context.sex.map(|s| s == sex));
    let ages = group.ages.map(|ages| context.age_years().map(|age| ages.contains(age)));
    let grades = group.grades.map(|grades| context.grade.map(|g| grades.contains(u16::from(g))));
    let tests = [sex, ages, grades];
    if tests.iter().flatten().any(|test| *test == Some(false)) {
        return Some(false);
    }
    tests.iter().flatten().all(Option::is_some).then_some(true)
}
