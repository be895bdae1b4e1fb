//! One leaf of a condition, made ready to be read from scored sheets.

use polars::prelude::{DataFrame, DataType};

use crate::answers::{MIN_CODE, Missing};
use crate::instrument::expr::Comparison;
use crate::instrument::{ItemKind, Level, Verdict};
use crate::scoring::ScoredSheets;

use super::super::condition::{BandWish, Leaf, Reference};
use super::super::tree::{NO, OPEN, YES};
use super::beside::{Derived, JudgedSheets, Since};
use super::{EngineError, SheetSet};
use crate::change::{ClinicalChange, Course, Outcome};
use crate::validity::{IndexColumn, SheetVerdict};

/// A leaf with everything it reads.
#[derive(Debug)]
pub(in crate::risk) struct Probe<'a> {
    /// The leaf.
    pub(in crate::risk) leaf: &'a Leaf,
    /// Position of its instrument.
    pub(in crate::risk) scored: usize,
    /// The scored sheets.
    pub(in crate::risk) sheets: &'a ScoredSheets,
    /// What it reads.
    pub(in crate::risk) kind: Kind<'a>,
}

/// What a probe reads.
#[derive(Debug)]
pub(in crate::risk) enum Kind<'a> {
    Score {
        scale: usize,
        op: Comparison,
        value: f64,
    },
    Answer {
        item: usize,
        values: Vec<f64>,
        op: Comparison,
        value: f64,
    },
    /// By band code, whether it is one of those asked for.
    Band {
        scale: usize,
        wanted: Vec<bool>,
    },
    /// By place of the word.
    Word {
        scale: usize,
        wanted: Vec<bool>,
    },
    Flag {
        flag: usize,
    },
    /// Positions of the validity rules of the definition, and what the plan says.
    Validity {
        rules: Vec<usize>,
        judged: Option<JudgedSheets<'a>>,
        least: SheetVerdict,
    },
    /// Position of a rule of the definition, or a rule of the plan.
    ValidityRule {
        own: Option<usize>,
        judged: Option<JudgedSheets<'a>>,
    },
    ValidityIndex {
        judged: JudgedSheets<'a>,
        /// None where the index has no value for any sheet.
        column: Option<&'a IndexColumn>,
        op: Comparison,
        value: f64,
    },
    Norm {
        scale: usize,
        derived: Derived<'a>,
        op: Comparison,
        value: f64,
    },
    Change {
        scale: usize,
        since: Since<'a>,
        wanted: &'a [Outcome],
    },
    ChangeIndex {
        scale: usize,
        since: Since<'a>,
        op: Comparison,
        value: f64,
    },
    Clinical {
        scale: usize,
        since: Since<'a>,
        wanted: &'a [ClinicalChange],
    },
    Course {
        scale: usize,
        since: Since<'a>,
        wanted: &'a [Course],
    },
}

impl<'a> Probe<'a> {
    pub(super) fn new(leaf: &'a Leaf, rule: &str, sheets: &SheetSet<'a>) -> Result<Self, EngineError> {
        let unknown = |part: String| EngineError::Reference { rule: rule.to_owned(), part };
        let found = sheets.scored.iter().enumerate().find(|(_, scored)| scored.instrument().id() == leaf.instrument());
        let (scored, own) = found.ok_or_else(|| unknown(leaf.instrument().to_owned()))?;
        let scale_of = |reference: &Reference| own.scale(&reference.part).ok_or_else(|| unknown(reference.to_string()));
        let kind = match leaf {
            Leaf::Score { scale, op, value } => Kind::Score { scale: scale_of(scale)?, op: *op, value: value.to_f64() },
            Leaf::Band { scale, wish } => {
                let at = scale_of(scale)?;
                let wanted = wanted_bands(own, at, wish);
                if !wanted.contains(&true) {
                    let set = own.cutoff_set(at).unwrap_or_default().to_owned();
                    return Err(EngineError::Band { rule: rule.to_owned(), scale: scale.to_string(), set });
                }
                Kind::Band { scale: at, wanted }
            }
            Leaf::Word { scale, words } => {
                let at = scale_of(scale)?;
                let values = own.instrument().definition().scales.get(at).map(|scale| scale.values.keys());
                Kind::Word {
                    scale: at,
                    wanted: values.into_iter().flatten().map(|word| words.contains(word)).collect(),
                }
            }
            Leaf::Flag { flag } => {
                Kind::Flag { flag: own.flag_position(&flag.part).ok_or_else(|| unknown(flag.to_string()))? }
            }
            Leaf::Validity { verdict, .. } => {
                let rules = own.instrument().definition().validity.iter().enumerate();
                let least = match verdict {
                    Verdict::Doubtful => SheetVerdict::Doubtful,
                    Verdict::Invalid => SheetVerdict::Invalid,
                };
                Kind::Validity {
                    rules: rules.filter(|(_, known)| known.verdict >= *verdict).map(|(at, _)| at).collect(),
                    judged: sheets.judged_of(leaf.instrument()),
                    least,
                }
            }
            Leaf::Answer { item, op, value } => {
                let at = own.instrument().item_position(&item.part).ok_or_else(|| unknown(item.to_string()))?;
                let lacking = |why: String| EngineError::Answers { rule: rule.to_owned(), item: item.to_string(), why };
                let values = answers(own, at, sheets.answers).map_err(lacking)?;
                Kind::Answer { item: at, values, op: *op, value: value.to_f64() }
            }
            _ => Kind::beside(leaf, rule, own, sheets)?,
        };
        Ok(Self { leaf, scored, sheets: own, kind })
    }

    /// Whether it reads answers as they were given, which hold whatever the validity says.
    pub(super) fn is_direct(&self) -> bool {
        matches!(self.kind, Kind::Flag { .. } | Kind::Answer { .. })
    }

    /// Whether it interprets a score.
    pub(in crate::risk) fn is_interpreted(&self) -> bool {
        match self.kind {
            Kind::Score { .. }
            | Kind::Band { .. }
            | Kind::Word { .. }
            | Kind::Norm { .. }
            | Kind::Change { .. }
            | Kind::ChangeIndex { .. }
            | Kind::Clinical { .. }
            | Kind::Course { .. } => true,
            Kind::Answer { .. }
            | Kind::Flag { .. }
            | Kind::Validity { .. }
            | Kind::ValidityRule { .. }
            | Kind::ValidityIndex { .. } => false,
        }
    }

    /// Codes of the rows from `start` on.
    pub(super) fn fill(&self, start: usize, codes: &mut [u8]) {
        let rows = codes.iter_mut().enumerate().map(|(lane, code)| (start + lane, code));
        match &self.kind {
            Kind::Score { scale, op, value } => rows.for_each(|(row, code)| {
                *code = match self.sheets.value(*scale, row) {
                    Some(found) => decided(compare(found, *op, *value)),
                    None => self.sheets.bounds(*scale, row).map_or(OPEN, |bounds| compare_bounds(bounds, *op, *value)),
                };
            }),
            Kind::Answer { values, op, value, .. } => rows.for_each(|(row, code)| {
                *code = match values.get(row) {
                    Some(found) if !found.is_nan() => decided(compare(*found, *op, *value)),
                    _ => OPEN,
                };
            }),
            Kind::Band { scale, wanted } => rows.for_each(|(row, code)| *code = self.band_code(*scale, wanted, row)),
            Kind::Word { scale, wanted } => rows.for_each(|(row, code)| {
                *code = match self.sheets.value(*scale, row) {
                    Some(place) => decided(wanted.get(place as usize).copied().unwrap_or(false)),
                    None => OPEN,
                };
            }),
            Kind::Flag { flag } => {
                rows.for_each(|(row, code)| *code = self.sheets.flag(*flag, row).known().map_or(OPEN, decided));
            }
            Kind::Validity { rules, judged, least } => rows.for_each(|(row, code)| {
                let plan = judged.and_then(|judged| Some(judged.report.verdict(judged.row(row)?)));
                let states = rules.iter().map(|rule| self.sheets.validity(*rule, row).known().map_or(OPEN, decided));
                let own = states.max().unwrap_or(NO);
                // A rule of the plan that cannot be decided does not count.
                *code = own.max(plan.map_or(NO, |verdict| decided(verdict >= *least)));
            }),
            _ => self.fill_beside(start, codes),
        }
    }

    /// A band that cannot be said may still be decided, when all bands that are possible are asked for, or none.
    fn band_code(&self, scale: usize, wanted: &[bool], row: usize) -> u8 {
        if let Some(code) = self.sheets.band_code(scale, row) {
            return decided(wanted.get(usize::from(code)).copied().unwrap_or(false));
        }
        let Some(possible) = self.sheets.possible_bands(scale, row) else { return OPEN };
        let (mut any, mut all) = (false, true);
        for code in possible {
            let is_wanted = wanted.get(usize::from(*code)).copied().unwrap_or(false);
            any |= is_wanted;
            all &= is_wanted;
        }
        match (any, all) {
            (false, _) => NO,
            (true, true) => YES,
            (true, false) => OPEN,
        }
    }
}

pub(super) fn decided(holds: bool) -> u8 {
    if holds { YES } else { NO }
}

/// Explicit operators on doubles: both sides are the doubles nearest to exact fractions, so equal fractions are equal.
pub(in crate::risk) fn compare(left: f64, op: Comparison, right: f64) -> bool {
    match op {
        Comparison::Eq => left == right,
        Comparison::Ne => left != right,
        Comparison::Ge => left >= right,
        Comparison::Gt => left > right,
        Comparison::Le => left <= right,
        Comparison::Lt => left < right,
    }
}

/// Bounds are kept in single precision, so the threshold is rounded alike: rounding keeps the order, and equal stays equal.
pub(super) fn compare_bounds((low, high): (f64, f64), op: Comparison, value: f64) -> u8 {
    let value = f64::from(value as f32);
    let both = (compare(low, op, value), compare(high, op, value));
    match op {
        Comparison::Ge | Comparison::Gt | Comparison::Le | Comparison::Lt => match both {
            (true, true) => YES,
            (false, false) if !low.is_nan() && !high.is_nan() => NO,
            _ => OPEN,
        },
        Comparison::Eq if value < low || value > high => NO,
        Comparison::Ne if value < low || value > high => YES,
        Comparison::Eq | Comparison::Ne => OPEN,
    }
}

fn wanted_bands(sheets: &ScoredSheets, scale: usize, wish: &BandWish) -> Vec<bool> {
    let bands = &sheets.instrument().definition().bands;
    let level = |id: &String| bands.get(id).map(|band| band.level);
    let wanted = |id: &String| match wish {
        BandWish::AtLeast(least) => level(id).is_some_and(|level: Level| level >= *least),
        BandWish::In(ids) => ids.contains(id),
    };
    sheets.band_ids(scale).iter().map(wanted).collect()
}

/// The stored answers of an item, NaN where there is none.
fn answers(sheets: &ScoredSheets, item: usize, frame: Option<&DataFrame>) -> Result<Vec<f64>, String> {
    let Some(definition) = sheets.instrument().definition().items.get(item) else {
        return Err("unknown item".to_owned());
    };
    let frame = frame.ok_or("no frame")?;
    if definition.kind == ItemKind::Clock {
        return Err("a time of day has no code".to_owned());
    }
    let column = frame.column(&sheets.instrument().item_column(item)).map_err(|error| error.to_string())?;
    let floats = column.as_materialized_series().cast(&DataType::Float64).map_err(|error| error.to_string())?;
    let floats = floats.f64().map_err(|error| error.to_string())?;
    let options = sheets.instrument().definition().options_of(definition);
    let allowed = |value: f64| match definition.kind {
        ItemKind::Choice => options.iter().any(|option| f64::from(option.code) == value),
        _ => definition.range.is_none_or(|[low, high]| (low.to_f64()..=high.to_f64()).contains(&value)),
    };
    let not_shown = f64::from(Missing::NotShown.code());
    let stands_in = definition.when_not_asked.map_or(f64::NAN, crate::stats::Decimal::to_f64);
    let blank = definition.when_blank.map_or(f64::NAN, crate::stats::Decimal::to_f64);
    let read = |value: Option<f64>| match value {
        None => blank,
        Some(value) if value == not_shown => stands_in,
        Some(value) if value < f64::from(MIN_CODE) || !allowed(value) => f64::NAN,
        Some(value) => value,
    };
    Ok(floats.iter().map(read).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPERATORS: [Comparison; 6] =
        [Comparison::Eq, Comparison::Ne, Comparison::Ge, Comparison::Gt, Comparison::Le, Comparison::Lt];

    proptest! {
        /// What the bounds decide holds for every value between them.
        #[test]
        fn bounds_decide_only_what_every_value_agrees_on(low in 0_i32..60, width in 0_i32..30, at in 0_i32..30, threshold in -5_i32..100, op in 0_usize..6, tenths in prop::bool::ANY) {
            let unit = if tenths { 10.0 } else { 1.0 };
            let scale = |n: i32| f64::from(n) / unit;
            let (bottom, top, value) = (scale(low), scale(low + width), scale(low + at.min(width)));
            let bounds = (f64::from(bottom as f32), f64::from(top as f32));
            let code = compare_bounds(bounds, OPERATORS[op], scale(threshold));
            if code != OPEN {
                prop_assert_eq!(code == YES, compare(value, OPERATORS[op], scale(threshold)));
            }
        }
    }
}
