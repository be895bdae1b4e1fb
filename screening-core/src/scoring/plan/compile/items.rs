//! Scores computed straight from items: keying, counting, missing rules.

use indexmap::IndexMap;

use crate::instrument::expr::{BinaryOp, Comparison, Expr};
use crate::instrument::model::{ItemDef, Method, Missing, RoundMode, ScaleDef};
use crate::instrument::{Diagnostic, Instrument, ItemKind, ItemSlot};
use crate::place;
use crate::stats::Decimal;
use crate::stats::exact::lcm;

use super::super::build::{BuildError, Operand, refuse};
use super::super::reduce::{Affine, Key, Term, Wanted, table_index};
use super::super::{AnsweredResult, AnsweredRule, ItemPlan, Op, Val};
use super::{Compiled, Compiler, constant, diagnose};

impl Compiler<'_> {
    /// The items of a scale, as positions in the definition.
    pub(super) fn positions(&self, at: usize, scale: &ScaleDef) -> Compiled<Vec<usize>> {
        self.definition.expand_items(&scale.items).map_err(|name| {
            let (path, why) = (place!["scales", at, "items"], format!("`{name}` names no item"));
            Diagnostic::error("reference", path, why, "use item ids")
        })
    }

    pub(super) fn item_scale(
        &mut self,
        at: usize,
        scale: &ScaleDef,
    ) -> Compiled<(Operand, Option<usize>, Option<usize>)> {
        let path = place!["scales", at];
        let positions = self.positions(at, scale)?;
        if matches!(scale.method, Method::Weighted | Method::Max | Method::Min) {
            return Ok((self.by_formula(at, scale, &positions)?, None, None));
        }
        let wanted = self.terms(at, scale, &positions)?;
        let count = positions.len() as i64;
        let (item_min, same_min) = (wanted.terms[0].1, wanted.terms.iter().all(|(_, min)| *min == wanted.terms[0].1));
        let (reduction, sum) = self.reduction(wanted).map_err(diagnose(path.clone()))?;
        let operand = match scale.missing {
            Missing::Complete => Operand::Val(sum),
            _ if !same_min => {
                return refuse(
                    "the items have different lowest values, so a missing answer has no common meaning",
                    "use `complete`",
                )
                .map_err(diagnose(path));
            }
            Missing::Prorate { min_answered, round } => {
                let rule = (reduction, sum, count, i64::from(min_answered), item_min);
                self.prorated(rule, round.map(|r| (r.mode, r.decimals))).map_err(diagnose(path.clone()))?
            }
            Missing::AsAnswered { min_answered } => {
                let rule = (reduction, sum, count, i64::from(min_answered), item_min);
                if scale.method == Method::Mean {
                    self.prorated(rule, None).map_err(diagnose(path.clone()))?
                } else {
                    self.answered(rule, AnsweredResult::Sum, 1).map_err(diagnose(path.clone()))?
                }
            }
        };
        let operand = match (scale.method, operand) {
            (Method::Mean, Operand::Val(v)) if v.per_lane() => refuse(
                "so many items may be missing that the exact mean has too many denominators",
                "state `round`, or raise min-answered",
            )
            .map_err(diagnose(path))?,
            (Method::Mean, operand) => {
                self.builder.divide(operand, Operand::Const(count, 1)).map_err(diagnose(path))?
            }
            (_, operand) => operand,
        };
        Ok((operand, Some(reduction), None))
    }

    /// A sum over items, made once for all who want it.
    pub(super) fn reduction(&mut self, wanted: Wanted) -> Result<(usize, Val), BuildError> {
        let base: i64 = wanted.terms.iter().map(|(_, min)| min).sum();
        let span: i64 = wanted.terms.iter().map(|(term, _)| i64::from(term.span)).sum();
        let reduction = match self.wanted.iter().position(|known| *known == wanted) {
            Some(known) => known,
            None => {
                self.wanted.push(wanted);
                self.wanted.len() - 1
            }
        };
        let sum = self.builder.emit(Op::Reduce(reduction), 1, base.into(), (base + span).into())?;
        Ok((reduction, sum))
    }

    /// `count` over plain comparisons of choice items with numbers, as one sum over the items: far fewer steps than one
    /// for each comparison. `None` when the arguments are anything else.
    pub(super) fn counted(&self, arguments: &[Expr]) -> Option<Wanted> {
        if self.skipping || arguments.len() < 2 {
            return None;
        }
        let mut terms: Vec<(Term, i64)> = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let Expr::Binary(BinaryOp::Compare(comparison), item, number) = argument else { return None };
            let (Expr::Item(id), Expr::Number(number)) = (&**item, &**number) else { return None };
            let item = self.definition.items.iter().position(|item| item.id == *id)?;
            let ItemSlot::Narrow(slot) = self.items[item].slot else { return None };
            let (key, span, min) = self.key(item, false, None, Some((*comparison, *number))).ok()?;
            let term = Term { item, slot, key, span };
            if terms.iter().any(|(known, _)| known.item == item) {
                return None;
            }
            terms.push((term, min));
        }
        Some(Wanted { terms })
    }

    pub(super) fn prorated(
        &mut self,
        rule: (usize, Val, i64, i64, i64),
        round: Option<(RoundMode, u8)>,
    ) -> Result<Operand, BuildError> {
        let (_, sum, items, min_answered, _) = rule;
        if let Some((mode, decimals)) = round {
            let unit = 10_i64.pow(u32::from(decimals.min(6)));
            self.builder.meet(&[i128::from(sum.hi.max(-sum.lo)) * i128::from(items) * i128::from(unit) * 4])?;
            return self.answered(rule, AnsweredResult::Rounded { mul: unit, den: 1, mode }, unit);
        }
        let common = (min_answered..=items).try_fold(1_i64, lcm).filter(|c| *c <= 1_000_000);
        match common {
            Some(common) => {
                self.builder.meet(&[i128::from(sum.hi.max(-sum.lo)) * i128::from(items) * i128::from(common)])?;
                self.answered(rule, AnsweredResult::Common { common }, common)
            }
            None => self.answered(rule, AnsweredResult::PerLane, 0),
        }
    }

    pub(super) fn answered(
        &mut self,
        rule: (usize, Val, i64, i64, i64),
        result: AnsweredResult,
        den: i64,
    ) -> Result<Operand, BuildError> {
        let (reduction, sum, items, min_answered, item_min) = rule;
        let (lo, hi) = match result {
            AnsweredResult::Sum => (sum.lo.min(sum.lo - item_min.max(0) * items), sum.hi),
            AnsweredResult::PerLane => (sum.lo * items, sum.hi * items),
            AnsweredResult::Rounded { mul: unit, .. } | AnsweredResult::Common { common: unit } => {
                (sum.lo * unit, sum.hi * unit)
            }
        };
        let op = Op::Answered(AnsweredRule { reduction, a: sum.reg, items, min_answered, item_min, result });
        Ok(Operand::Val(self.builder.emit(op, den, lo.min(hi).into(), hi.max(lo).into())?))
    }

    /// Weighted sums and extremes are formulas over keyed answers; all items are needed.
    pub(super) fn by_formula(&mut self, at: usize, scale: &ScaleDef, positions: &[usize]) -> Compiled<Operand> {
        let path = place!["scales", at];
        if scale.missing != Missing::Complete || scale.recode.is_some() {
            return refuse("this method needs all answers and takes no recode", "remove `missing` and `recode`")
                .map_err(diagnose(path));
        }
        let mut result: Option<Operand> = None;
        for (n, &position) in positions.iter().enumerate() {
            let id = &self.definition.items[position].id;
            let mut value = self.keyed(id, &path)?;
            if let Some(weight) = scale.weights.get(n) {
                value = self.builder.multiply(value, constant(*weight)).map_err(diagnose(path.clone()))?;
            }
            result = Some(match result {
                None => value,
                Some(sum) if scale.method == Method::Weighted => {
                    self.builder.add(sum, value).map_err(diagnose(path.clone()))?
                }
                Some(best) => {
                    self.builder.extreme(scale.method == Method::Max, best, value).map_err(diagnose(path.clone()))?
                }
            });
        }
        Ok(result.unwrap_or(Operand::Const(0, 1)))
    }

    /// How each answer enters the sum of this scale.
    pub(super) fn terms(&self, at: usize, scale: &ScaleDef, positions: &[usize]) -> Compiled<Wanted> {
        let condition = scale.where_answer.as_deref().map(|text| answer_condition(text, at)).transpose()?;
        let mut terms = Vec::with_capacity(positions.len());
        for &position in positions {
            let item = &self.definition.items[position];
            let ItemSlot::Narrow(slot) = self.items[position].slot else {
                return refuse("an item method takes choice items only", "use a formula")
                    .map_err(diagnose(place!["scales", at, "items"]));
            };
            let recode = scale.recode.as_ref().and_then(|name| self.definition.recodes.get(name));
            let (key, span, min) =
                self.key(position, item.reverse, recode, condition).map_err(diagnose(place!["scales", at]))?;
            terms.push((Term { item: position, slot, key, span }, min));
        }
        Ok(Wanted { terms })
    }

    /// How the answers of one item enter a sum: the key, the highest offset and the lowest contribution.
    fn key(
        &self,
        position: usize,
        reversed: bool,
        recode: Option<&IndexMap<String, Decimal>>,
        condition: Option<(Comparison, Decimal)>,
    ) -> Result<(Key, u8, i64), BuildError> {
        let (item, plan) = (&self.definition.items[position], &self.items[position]);
        let (low, high) = (plan.min, plan.max);
        let keyed = |code: i8| if reversed { low + high - i64::from(code) } else { i64::from(code) };
        if recode.is_none() && condition.is_none() {
            let span = u8::try_from(high - low).map_err(|_| BuildError {
                message: "the codes are too far apart".into(),
                help: "use a number item".into(),
            })?;
            let key = if reversed { Key::Reversed { max: high as i8 } } else { Key::Plain { min: low as i8 } };
            return Ok((key, span, low));
        }
        let mut contributions = Vec::new();
        for code in (0..256_usize).filter(|&index| plan.allowed[index]).map(|index| ((index as u8) ^ 0x80) as i8) {
            let value = match recode {
                None => keyed(code),
                Some(table) => {
                    let value = table.get(&keyed(code).to_string()).copied().unwrap_or(Decimal::ZERO);
                    if value.decimals() > 0 {
                        return refuse(
                            "a recode table gives fractions",
                            "recode to whole numbers and use `multiplier`",
                        );
                    }
                    value.mantissa()
                }
            };
            let value = condition.map_or(value, |(comparison, limit)| {
                let order = (i128::from(value) * i128::from(limit.denominator())).cmp(&i128::from(limit.mantissa()));
                i64::from(comparison.holds(order))
            });
            contributions.push((code, value));
        }
        let plain = recode.is_none() && !reversed;
        table_key(item, condition.filter(|_| plain), &contributions)
    }
}

/// A count's condition such as `>= 2`.
fn answer_condition(text: &str, at: usize) -> Compiled<(Comparison, Decimal)> {
    let parsed = Expr::parse(&format!("q0 {text}"));
    match parsed {
        Ok(Expr::Binary(BinaryOp::Compare(comparison), _, limit)) => match *limit {
            Expr::Number(number) => Ok((comparison, number)),
            Expr::Negate(inner) => match *inner {
                Expr::Number(number) => {
                    let minus = format!("-{number}").parse().unwrap_or(Decimal::ZERO);
                    Ok((comparison, minus))
                }
                _ => Err(bad_condition(text, at)),
            },
            _ => Err(bad_condition(text, at)),
        },
        _ => Err(bad_condition(text, at)),
    }
}

fn bad_condition(text: &str, at: usize) -> Diagnostic {
    let message = format!("`{text}` is not a comparison with a number");
    Diagnostic::error("where-answer", place!["scales", at, "where-answer"], message, "write for example \">= 2\"")
}

/// The key by what each code contributes; a plain comparison with a threshold is named as such.
fn table_key(
    item: &ItemDef,
    condition: Option<(Comparison, Decimal)>,
    contributions: &[(i8, i64)],
) -> Result<(Key, u8, i64), BuildError> {
    let min = contributions.iter().map(|(_, value)| *value).min().unwrap_or(0);
    let max = contributions.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let span = u8::try_from(max - min).map_err(|_| BuildError {
        message: format!("item `{}` contributes {min} to {max}, too wide a range", item.id),
        help: "recode to at most 255 steps and use `multiplier`".into(),
    })?;
    if let Some((Comparison::Ge, limit)) = condition
        && limit.decimals() == 0
        && min == 0
        && max == 1
        && let Ok(k) = i8::try_from(limit.mantissa())
    {
        return Ok((Key::AtLeast { k }, span, min));
    }
    let mut table = Box::new([0_u8; 256]);
    for (code, value) in contributions {
        table[table_index(*code)] = (value - min) as u8;
    }
    Ok((Key::Table(table), span, min))
}

/// An item as the machine sees it.
pub(super) fn item_plan(instrument: &Instrument, at: usize, item: &ItemDef) -> ItemPlan {
    let codes: Vec<i8> = instrument.definition().options_of(item).iter().map(|option| option.code).collect();
    let mut allowed = Box::new([false; 256]);
    for code in &codes {
        allowed[table_index(*code)] = true;
    }
    let unit = 10_i64.pow(u32::from(item.decimals));
    let (min, max) = match item.kind {
        ItemKind::Choice => {
            (codes.iter().min().map_or(0, |c| i64::from(*c)), codes.iter().max().map_or(0, |c| i64::from(*c)))
        }
        ItemKind::Clock => (0, 1439),
        ItemKind::Number => {
            let [low, high] = item.range.unwrap_or([Decimal::ZERO, Decimal::ZERO]);
            (low.mantissa() * unit / low.denominator(), high.mantissa() * unit / high.denominator())
        }
    };
    ItemPlan {
        slot: instrument.slot(at),
        min,
        max,
        when_blank: item.when_blank.map(|code| code.mantissa() as i8),
        contiguous: codes.len() as i64 == max - min + 1,
        allowed,
    }
}

/// The offset that an item gives by its own keying.
pub(super) fn own_offset(item: &ItemPlan, reverse: bool) -> Affine {
    let (min, max) = (item.min as i8, item.max as i8);
    let span = if item.contiguous { (item.max - item.min) as u8 } else { 0 };
    if reverse && item.contiguous { Affine::reversed(max, span) } else { Affine::plain(min, span) }
}
