//! From a definition to a plan.

use std::collections::HashMap;

use crate::answers::Context;
use crate::instrument::expr::{BinaryOp, Comparison, Expr, Function};
use crate::instrument::model::{Definition, ItemDef, ItemKind, Method, Missing, RoundMode, ScaleDef};
use crate::instrument::{Diagnostic, Instrument, ItemSlot, Place};
use crate::place;
use crate::stats::Decimal;
use crate::stats::exact::lcm;

use super::build::{BuildError, Builder, Operand, refuse, round_div};
use super::reduce::{Key, Term, Wanted, arrange, order, table_index};
use super::{
    AnsweredResult, AnsweredRule, CutoffPlan, ItemPlan, NormCellPlan, NormPlan, Op, Plan, ScalePlan, TablePlan, Val,
    Width,
};

type Compiled<T> = Result<T, Diagnostic>;

/// Compiles an instrument. `cutoffs` names the set to use by scale where it is not the default.
pub(crate) fn compile(instrument: &Instrument, cutoffs: &HashMap<String, String>) -> Compiled<Plan> {
    let definition = instrument.definition();
    let mut compiler = Compiler::new(instrument);
    compiler.skip_rules()?;
    for at in 0..definition.scales.len() {
        compiler.scale(at)?;
    }
    let scales =
        (0..definition.scales.len()).map(|at| compiler.scale_plan(at, cutoffs)).collect::<Compiled<Vec<_>>>()?;
    let flags = definition
        .flags
        .iter()
        .enumerate()
        .map(|(at, flag)| compiler.condition(&flag.when, place!["flags", at, "when"]));
    let flags = flags.collect::<Compiled<Vec<_>>>()?;
    let rules = definition.validity.iter().enumerate();
    let validity = rules
        .map(|(at, rule)| compiler.condition(&rule.when, place!["validity", at, "when"]))
        .collect::<Compiled<Vec<_>>>()?;
    Ok(compiler.finish(scales, flags, validity))
}

struct Compiler<'a> {
    definition: &'a Definition,
    builder: Builder,
    items: Vec<ItemPlan>,
    slots: (usize, usize),
    wanted: Vec<Wanted>,
    tables: Vec<TablePlan>,
    norms: Vec<NormPlan>,
    /// The compiled value of each scale, and the reduction and norm behind it.
    values: Vec<Option<(Operand, Option<usize>, Option<usize>)>>,
    /// Scales being compiled, to find cycles.
    open: Vec<usize>,
}

fn diagnose(path: Vec<Place>) -> impl FnOnce(BuildError) -> Diagnostic {
    move |e| Diagnostic::error("compile", path, e.message, e.help)
}

impl<'a> Compiler<'a> {
    fn new(instrument: &'a Instrument) -> Self {
        let definition = instrument.definition();
        let items = definition.items.iter().enumerate().map(|(at, item)| item_plan(instrument, at, item)).collect();
        Self {
            definition,
            builder: Builder::default(),
            items,
            slots: instrument.slot_counts(),
            wanted: Vec::new(),
            tables: Vec::new(),
            norms: Vec::new(),
            values: vec![None; definition.scales.len()],
            open: Vec::new(),
        }
    }

    /// Skip rules come first: every later step sees what stands for an item that was not asked.
    fn skip_rules(&mut self) -> Compiled<()> {
        for (at, item) in self.definition.items.iter().enumerate() {
            let (Some(condition), Some(value)) = (&item.ask_if, item.when_not_asked) else { continue };
            let path = place!["items", at, "ask-if"];
            let condition = self.condition(condition, path.clone())?;
            let op = Op::Resolve { item: at, condition, value: value.mantissa() as i8 };
            self.builder.emit(op, 1, 0, 0).map_err(diagnose(path))?;
        }
        Ok(())
    }

    fn condition(&mut self, text: &str, path: Vec<Place>) -> Compiled<usize> {
        let operand = self.text(text, &path)?;
        Ok(self.builder.materialise(operand).map_err(diagnose(path))?.reg)
    }

    fn text(&mut self, text: &str, path: &[Place]) -> Compiled<Operand> {
        let expr = Expr::parse(text).map_err(|e| Diagnostic::error("expression", path.to_vec(), e.message, e.help))?;
        self.expr(&expr, path)
    }

    fn expr(&mut self, expr: &Expr, path: &[Place]) -> Compiled<Operand> {
        let fail = || diagnose(path.to_vec());
        match expr {
            Expr::Number(number) => Ok(constant(*number)),
            Expr::Word(word) => {
                refuse(&format!("the word '{word}' stands alone"), "compare a rule scale with it: risk == 'high'")
                    .map_err(fail())
            }
            Expr::Item(id) => self.item(id, path),
            Expr::Scale(id) => self.scale_named(id, path),
            Expr::Negate(a) => {
                let a = self.expr(a, path)?;
                self.builder.negate(a).map_err(fail())
            }
            Expr::Not(a) => {
                let a = self.expr(a, path)?;
                self.builder.not(a).map_err(fail())
            }
            Expr::Binary(BinaryOp::Compare(comparison), a, b) => self.comparison(*comparison, a, b, path),
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.expr(a, path)?, self.expr(b, path)?);
                match op {
                    BinaryOp::Or => self.builder.extreme(true, a, b),
                    BinaryOp::And => self.builder.extreme(false, a, b),
                    BinaryOp::Add => self.builder.add(a, b),
                    BinaryOp::Subtract => self.builder.negate(b).and_then(|b| self.builder.add(a, b)),
                    BinaryOp::Multiply => self.builder.multiply(a, b),
                    BinaryOp::Divide => self.builder.divide(a, b),
                    BinaryOp::Compare(comparison) => self.builder.compare(*comparison, a, b),
                }
                .map_err(fail())
            }
            Expr::Call(function, arguments) => self.call(*function, arguments, path),
        }
    }

    /// Words of a rule scale are compared by their place in its list.
    fn comparison(&mut self, comparison: Comparison, a: &Expr, b: &Expr, path: &[Place]) -> Compiled<Operand> {
        let (scale, word, comparison) = match (a, b) {
            (Expr::Scale(scale), Expr::Word(word)) => (scale, word, comparison),
            (Expr::Word(_), _) => {
                return refuse("the word stands on the wrong side", "write the scale first: risk == 'high'")
                    .map_err(diagnose(path.to_vec()));
            }
            _ => {
                let (a, b) = (self.expr(a, path)?, self.expr(b, path)?);
                return self.builder.compare(comparison, a, b).map_err(diagnose(path.to_vec()));
            }
        };
        let value = self.scale_named(scale, path)?;
        let values = self.definition.scales.iter().find(|s| s.id == *scale).map(|s| &s.values);
        match values.and_then(|values| values.get_index_of(word)) {
            Some(place) => self
                .builder
                .compare(comparison, value, Operand::Const(place as i64, 1))
                .map_err(diagnose(path.to_vec())),
            None => refuse(&format!("scale `{scale}` has no value '{word}'"), "use one of its `values`")
                .map_err(diagnose(path.to_vec())),
        }
    }

    fn call(&mut self, function: Function, arguments: &[Expr], path: &[Place]) -> Compiled<Operand> {
        match function {
            Function::Keyed | Function::Missing | Function::CountMissing => {
                return self.item_call(function, arguments, path);
            }
            _ => {}
        }
        let values = arguments.iter().map(|a| self.expr(a, path)).collect::<Compiled<Vec<_>>>()?;
        let builder = &mut self.builder;
        let built = match (function, &values[..]) {
            (Function::If, &[c, a, b]) => builder.select(c, a, b),
            (Function::Mod, &[a, b]) => builder.modulo(a, b),
            (Function::Floor, &[a]) => builder.round(a, RoundMode::Floor, 0),
            (Function::Ceil, &[a]) => builder.round(a, RoundMode::Ceil, 0),
            (Function::RoundHalfUp, &[a, Operand::Const(d, 1)]) => builder.round(a, RoundMode::HalfUp, d),
            (Function::RoundHalfEven, &[a, Operand::Const(d, 1)]) => builder.round(a, RoundMode::HalfEven, d),
            (Function::Abs, &[a]) => builder.negate(a).and_then(|minus| builder.extreme(true, a, minus)),
            (Function::Count, [first, rest @ ..]) => rest.iter().try_fold(*first, |sum, next| builder.add(sum, *next)),
            (Function::Min | Function::Max, [first, rest @ ..]) => {
                rest.iter().try_fold(*first, |best, next| builder.extreme(function == Function::Max, best, *next))
            }
            _ => refuse("the function cannot take these values", "the number of decimals must be a whole number"),
        };
        built.map_err(diagnose(path.to_vec()))
    }

    fn item_call(&mut self, function: Function, arguments: &[Expr], path: &[Place]) -> Compiled<Operand> {
        let mut sum = Operand::Const(0, 1);
        for argument in arguments {
            let Expr::Item(id) = argument else {
                return refuse("the function takes items only", "write for example missing(q7)")
                    .map_err(diagnose(path.to_vec()));
            };
            if function == Function::Keyed {
                return self.keyed(id, path);
            }
            let at = self.item_at(id, path)?;
            let missing = self.builder.emit(Op::ItemMissing(at), 1, 0, 1).map_err(diagnose(path.to_vec()))?;
            sum = self.builder.add(sum, Operand::Val(missing)).map_err(diagnose(path.to_vec()))?;
        }
        Ok(sum)
    }

    fn item_at(&self, id: &str, path: &[Place]) -> Compiled<usize> {
        let found = self.definition.items.iter().position(|item| item.id == id);
        found.ok_or_else(|| {
            Diagnostic::error(
                "reference",
                path.to_vec(),
                format!("there is no item `{id}`"),
                "use an item of this file",
            )
        })
    }

    fn item(&mut self, id: &str, path: &[Place]) -> Compiled<Operand> {
        let at = self.item_at(id, path)?;
        let plan = &self.items[at];
        let (lo, hi) = (plan.min, plan.max);
        let den = 10_i64.pow(u32::from(self.definition.items[at].decimals));
        self.builder.emit(Op::Item(at), den, lo.into(), hi.into()).map(Operand::Val).map_err(diagnose(path.to_vec()))
    }

    fn keyed(&mut self, id: &str, path: &[Place]) -> Compiled<Operand> {
        let at = self.item_at(id, path)?;
        let raw = self.item(id, path)?;
        if !self.definition.items[at].reverse {
            return Ok(raw);
        }
        let ends = Operand::Const(self.items[at].min + self.items[at].max, 1);
        let minus = self.builder.negate(raw).map_err(diagnose(path.to_vec()))?;
        self.builder.add(minus, ends).map_err(diagnose(path.to_vec()))
    }

    fn scale_named(&mut self, id: &str, path: &[Place]) -> Compiled<Operand> {
        match self.definition.scales.iter().position(|scale| scale.id == id) {
            Some(at) => self.scale(at),
            None => Err(Diagnostic::error(
                "reference",
                path.to_vec(),
                format!("there is no scale `{id}`"),
                "use a scale of this file",
            )),
        }
    }

    /// The value of a scale, compiled on first use.
    fn scale(&mut self, at: usize) -> Compiled<Operand> {
        if let Some((operand, ..)) = self.values[at] {
            return Ok(operand);
        }
        if self.open.contains(&at) {
            let id = &self.definition.scales[at].id;
            return Err(Diagnostic::error(
                "cycle",
                place!["scales", at],
                format!("scale `{id}` depends on itself"),
                "break the circle",
            ));
        }
        self.open.push(at);
        let definition = self.definition;
        let scale = &definition.scales[at];
        let (mut operand, reduction, norm) = match scale.method {
            method if method.is_item_method() => self.item_scale(at, scale)?,
            Method::SumOfScales => {
                let mut sum = Operand::Const(0, 1);
                for id in &scale.of {
                    let part = self.scale_named(id, &place!["scales", at, "of"])?;
                    sum = self.builder.add(sum, part).map_err(diagnose(place!["scales", at, "of"]))?;
                }
                (sum, None, None)
            }
            Method::Formula => {
                let text = scale.formula.as_deref().unwrap_or_default();
                (self.text(text, &place!["scales", at, "formula"])?, None, None)
            }
            Method::Rule => (self.rule(at, scale)?, None, None),
            Method::Lookup => (self.lookup(at, scale)?, None, None),
            _ => {
                let (operand, norm) = self.norm(at, scale)?;
                (operand, None, Some(norm))
            }
        };
        let fail = || diagnose(place!["scales", at]);
        if let Some(multiplier) = scale.multiplier {
            operand = self.builder.multiply(operand, constant(multiplier)).map_err(fail())?;
        }
        if let Some(round) = scale.round {
            operand = self.builder.round(operand, round.mode, i64::from(round.decimals)).map_err(fail())?;
        }
        self.open.pop();
        self.values[at] = Some((operand, reduction, norm));
        Ok(operand)
    }

    fn rule(&mut self, at: usize, scale: &ScaleDef) -> Compiled<Operand> {
        let mut cases = Vec::new();
        for (n, case) in scale.cases.iter().enumerate() {
            let condition = case
                .when
                .as_ref()
                .map(|when| self.text(when, &place!["scales", at, "cases", n, "when"]))
                .transpose()?;
            let value = match scale.values.get_index_of(&case.value) {
                _ if case.value == "missing" => None,
                Some(place) => Some(Operand::Const(place as i64, 1)),
                None => Some(self.text(&case.value, &place!["scales", at, "cases", n, "value"])?),
            };
            cases.push((condition, value));
        }
        let fail = || diagnose(place!["scales", at, "cases"]);
        let unknown = self.unknown_of(&cases).map_err(fail())?;
        let mut result = unknown;
        for (condition, value) in cases.into_iter().rev() {
            let value = value.unwrap_or(unknown);
            result = match condition {
                None => value,
                Some(condition) => self.builder.select(condition, value, result).map_err(fail())?,
            };
        }
        Ok(result)
    }

    /// What stands for "missing" among the cases: the whole range that the other cases reach.
    fn unknown_of(&mut self, cases: &[(Option<Operand>, Option<Operand>)]) -> Result<Operand, BuildError> {
        let mut range = (0_i64, 0_i64, 1_i64);
        let mut first = true;
        for value in cases.iter().filter_map(|(_, value)| *value) {
            let (lo, hi, den) = match value {
                Operand::Const(n, d) => (n, n, d),
                Operand::Val(v) if v.per_lane() => return refuse("a case gives a quotient", "round it first"),
                Operand::Val(v) => (v.lo, v.hi, v.den),
            };
            let common = lcm(range.2, den).unwrap_or(1);
            let (lo, hi) = (lo * (common / den), hi * (common / den));
            let (old_lo, old_hi) = (range.0 * (common / range.2), range.1 * (common / range.2));
            range = if first { (lo, hi, common) } else { (old_lo.min(lo), old_hi.max(hi), common) };
            first = false;
        }
        let hi = range.1.max(range.0 + 1);
        Ok(Operand::Val(self.builder.emit(Op::Unknown { lo: range.0, hi }, range.2, range.0.into(), hi.into())?))
    }

    fn source(&mut self, at: usize, scale: &ScaleDef) -> Compiled<Val> {
        let path = place!["scales", at, "of"];
        let id = scale.of.first().map_or("", String::as_str);
        let operand = self.scale_named(id, &path)?;
        let val = self.builder.materialise(operand).map_err(diagnose(path.clone()))?;
        if val.per_lane() {
            refuse("the source is a quotient", "round it first").map_err(diagnose(path))
        } else {
            Ok(val)
        }
    }

    fn lookup(&mut self, at: usize, scale: &ScaleDef) -> Compiled<Operand> {
        let source = self.source(at, scale)?;
        let fail = || diagnose(place!["scales", at, "table"]);
        let den = scale.table.values().fold(1, |den, value| den.max(value.denominator()));
        let entries: HashMap<i64, i64> = scale
            .table
            .iter()
            .filter_map(|(key, value)| {
                let raw: Decimal = key.parse().ok()?;
                let scaled = raw.mantissa().checked_mul(source.den)?;
                (scaled % raw.denominator() == 0)
                    .then(|| (scaled / raw.denominator(), value.mantissa() * (den / value.denominator())))
            })
            .collect();
        if source.hi - source.lo > 100_000 {
            return refuse("the source has too many values for a table", "round the source scale").map_err(fail());
        }
        let values: Vec<Option<i64>> = (source.lo..=source.hi).map(|raw| entries.get(&raw).copied()).collect();
        let known = || values.iter().flatten().copied();
        let (Some(lo), Some(hi)) = (known().min(), known().max()) else {
            return refuse("no table entry lies in the range of the source", "check the raw scores").map_err(fail());
        };
        self.tables.push(TablePlan { first: source.lo, values, lo, hi: hi.max(lo + 1) });
        let op = Op::Lookup { a: source.reg, table: self.tables.len() - 1 };
        self.builder.emit(op, den, lo.into(), hi.max(lo + 1).into()).map(Operand::Val).map_err(fail())
    }

    fn norm(&mut self, at: usize, scale: &ScaleDef) -> Compiled<(Operand, usize)> {
        let source = self.source(at, scale)?;
        let fail = || diagnose(place!["scales", at, "norm"]);
        let Some(norm) = scale.norm.as_ref().and_then(|name| self.definition.norms.get(name)) else {
            return refuse("the norm does not exist", "define it under [norms]").map_err(fail());
        };
        let unit = 10_i64.pow(u32::from(norm.round.decimals.min(4)));
        let raw_scale = &scale.of[0];
        let mut plan = NormPlan { cells: Vec::new(), mode: norm.round.mode, lo: i64::MAX, hi: i64::MIN };
        for (index, cell) in norm.cells.iter().enumerate().filter(|(_, cell)| cell.scale == *raw_scale) {
            let (spread, centre) = match norm.unit {
                crate::instrument::model::NormUnit::T => (10, 50),
                crate::instrument::model::NormUnit::Z => (1, 0),
            };
            // value = centre + spread (raw - mean) / sd, over the common denominator of mean and sd.
            let scale_den = cell.mean.denominator().max(cell.sd.denominator());
            let (mean, sd) = (
                cell.mean.mantissa() * (scale_den / cell.mean.denominator()),
                cell.sd.mantissa() * (scale_den / cell.sd.denominator()),
            );
            let den = sd * source.den;
            let ka = spread * unit * scale_den;
            let c = unit * source.den * (centre * sd - spread * mean);
            for raw in [source.lo, source.hi] {
                let num = i128::from(raw) * i128::from(ka) + i128::from(c);
                self.builder
                    .meet(&[2 * num + 2 * i128::from(den), i128::from(c), 2 * i128::from(den)])
                    .map_err(fail())?;
                let value = round_div(num as i64, den, norm.round.mode);
                plan.lo = plan.lo.min(value);
                plan.hi = plan.hi.max(value);
            }
            let group = crate::instrument::model::GroupDef { sex: cell.sex, ages: cell.ages, grades: cell.grades };
            plan.cells.push(NormCellPlan { group, index, usable: cell.unusable.is_none(), ka, c, den });
        }
        if plan.cells.is_empty() {
            return refuse(&format!("the norm has no cell for scale `{raw_scale}`"), "add its cells").map_err(fail());
        }
        let (lo, hi) = (plan.lo, plan.hi.max(plan.lo + 1));
        plan.hi = hi;
        self.norms.push(plan);
        let op = Op::Norm { a: source.reg, norm: self.norms.len() - 1 };
        let val = self.builder.emit(op, unit, lo.into(), hi.into()).map_err(fail())?;
        Ok((Operand::Val(val), self.norms.len() - 1))
    }

    fn item_scale(&mut self, at: usize, scale: &ScaleDef) -> Compiled<(Operand, Option<usize>, Option<usize>)> {
        let path = place!["scales", at];
        let positions = self.definition.expand_items(&scale.items).map_err(|name| {
            Diagnostic::error(
                "reference",
                place!["scales", at, "items"],
                format!("`{name}` names no item"),
                "use item ids",
            )
        })?;
        if matches!(scale.method, Method::Weighted | Method::Max | Method::Min) {
            return Ok((self.by_formula(at, scale, &positions)?, None, None));
        }
        let wanted = self.terms(at, scale, &positions)?;
        let count = positions.len() as i64;
        let (item_min, same_min) = (wanted.terms[0].1, wanted.terms.iter().all(|(_, min)| *min == wanted.terms[0].1));
        let base: i64 = wanted.terms.iter().map(|(_, min)| min).sum();
        let span: i64 = wanted.terms.iter().map(|(term, _)| i64::from(term.span)).sum();
        let reduction = match self.wanted.iter().position(|known| *known == wanted) {
            Some(known) => known,
            None => {
                self.wanted.push(wanted);
                self.wanted.len() - 1
            }
        };
        let sum = self
            .builder
            .emit(Op::Reduce(reduction), 1, base.into(), (base + span).into())
            .map_err(diagnose(path.clone()))?;
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

    fn prorated(
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

    fn answered(
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
    fn by_formula(&mut self, at: usize, scale: &ScaleDef, positions: &[usize]) -> Compiled<Operand> {
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
    fn terms(&self, at: usize, scale: &ScaleDef, positions: &[usize]) -> Compiled<Wanted> {
        let condition = scale.where_answer.as_deref().map(|text| answer_condition(text, at)).transpose()?;
        let mut terms = Vec::with_capacity(positions.len());
        for &position in positions {
            let item = &self.definition.items[position];
            let ItemSlot::Narrow(slot) = self.items[position].slot else {
                return refuse("an item method takes choice items only", "use a formula")
                    .map_err(diagnose(place!["scales", at, "items"]));
            };
            let (key, span, min) =
                self.key(item, position, scale, condition).map_err(diagnose(place!["scales", at]))?;
            terms.push((Term { item: position, slot, key, span }, min));
        }
        Ok(Wanted { terms })
    }

    fn key(
        &self,
        item: &ItemDef,
        position: usize,
        scale: &ScaleDef,
        condition: Option<(Comparison, Decimal)>,
    ) -> Result<(Key, u8, i64), BuildError> {
        let plan = &self.items[position];
        let (low, high) = (plan.min, plan.max);
        let keyed = |code: i8| if item.reverse { low + high - i64::from(code) } else { i64::from(code) };
        let recode = scale.recode.as_ref().and_then(|name| self.definition.recodes.get(name));
        if recode.is_none() && condition.is_none() {
            let span = u8::try_from(high - low).map_err(|_| BuildError {
                message: "the codes are too far apart".into(),
                help: "use a number item".into(),
            })?;
            let key = if item.reverse { Key::Reversed { max: high as i8 } } else { Key::Plain { min: low as i8 } };
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
        table_key(item, recode.is_some(), condition, &contributions)
    }

    fn scale_plan(&mut self, at: usize, chosen: &HashMap<String, String>) -> Compiled<ScalePlan> {
        let definition = self.definition;
        let scale = &definition.scales[at];
        let (operand, reduction, norm) = match self.values[at] {
            Some(value) => value,
            None => (self.scale(at)?, None, None),
        };
        let val = self.builder.materialise(operand).map_err(diagnose(place!["scales", at]))?;
        let mut plan = ScalePlan {
            val,
            reduction,
            items: definition.expand_items(&scale.items).unwrap_or_default(),
            cutoffs: Vec::new(),
            band_ids: Vec::new(),
            norm,
        };
        let wanted = chosen.get(&scale.id);
        for (index, cutoff) in definition.cutoffs.iter().enumerate().filter(|(_, c)| c.scales.contains(&scale.id)) {
            let takes = wanted.map_or(cutoff.default, |id| *id == cutoff.id);
            if takes {
                let variant = self.cutoff(index, val, &mut plan.band_ids)?;
                plan.cutoffs.push(variant);
            }
        }
        if let Some(id) = wanted.filter(|_| plan.cutoffs.is_empty()) {
            let message = format!("scale `{}` has no cut-off set `{id}`", scale.id);
            return Err(Diagnostic::error(
                "cutoffs",
                place!["scales", at],
                message,
                "see `screening instruments show` for the sets",
            ));
        }
        Ok(plan)
    }

    fn cutoff(&mut self, index: usize, val: Val, band_ids: &mut Vec<String>) -> Compiled<CutoffPlan> {
        let cutoff = &self.definition.cutoffs[index];
        let mut plan =
            CutoffPlan { index, group: cutoff.when, starts: Vec::new(), exact: Vec::new(), bands: Vec::new() };
        for step in &cutoff.bands {
            let place = band_ids.iter().position(|id| *id == step.band).unwrap_or_else(|| {
                band_ids.push(step.band.clone());
                band_ids.len() - 1
            });
            plan.bands.push(place as u8);
            let Some(from) = step.from else { continue };
            let path = place!["cutoffs", index, "bands"];
            let scaled = i128::from(from.mantissa()) * i128::from(val.den.max(1));
            self.builder.meet(&[scaled]).map_err(diagnose(path.clone()))?;
            if val.per_lane() {
                let cross = [
                    i128::from(from.mantissa()) * i128::from(val.hi),
                    i128::from(val.hi) * i128::from(from.denominator()),
                ];
                self.builder.meet(&cross).map_err(diagnose(path))?;
            }
            let start = crate::stats::exact::ceil_div(scaled as i64, from.denominator());
            plan.starts.push(if val.per_lane() { 0 } else { start.clamp(val.lo, val.hi + 1) });
            plan.exact.push((from.mantissa(), from.denominator()));
        }
        Ok(plan)
    }

    fn finish(self, scales: Vec<ScalePlan>, flags: Vec<usize>, validity: Vec<usize>) -> Plan {
        let reductions = arrange(&self.wanted);
        // Byte counts of missing answers and item codes need at least 16 bits; one extra bit leaves room for signs.
        let peak = self.builder.peak.max(512);
        let width = if peak < 1 << 14 {
            Width::I16
        } else if peak < 1 << 30 {
            Width::I32
        } else {
            Width::I64
        };
        let narrow_items =
            (0..self.items.len()).filter(|&at| matches!(self.items[at].slot, ItemSlot::Narrow(_))).collect();
        let ops = self.builder.ops;
        let register = |r: usize| ops.iter().position(|op| *op == Op::Reduce(r)).unwrap_or(0);
        Plan {
            items: self.items,
            slots: self.slots,
            narrow_items,
            prelude: ops.iter().rposition(|op| matches!(op, Op::Resolve { .. })).map_or(0, |last| last + 1),
            reduction_order: order(&reductions),
            reduction_regs: (0..reductions.len()).map(register).collect(),
            reductions,
            ops,
            tables: self.tables,
            norms: self.norms,
            scales,
            flags,
            validity,
            width,
        }
    }
}

fn constant(number: Decimal) -> Operand {
    Operand::Const(number.mantissa(), number.denominator())
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

fn table_key(
    item: &ItemDef,
    recoded: bool,
    condition: Option<(Comparison, Decimal)>,
    contributions: &[(i8, i64)],
) -> Result<(Key, u8, i64), BuildError> {
    let min = contributions.iter().map(|(_, value)| *value).min().unwrap_or(0);
    let max = contributions.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let span = u8::try_from(max - min).map_err(|_| BuildError {
        message: format!("item `{}` contributes {min} to {max}, too wide a range", item.id),
        help: "recode to at most 255 steps and use `multiplier`".into(),
    })?;
    if let (false, false, Some((Comparison::Ge, limit))) = (recoded, item.reverse, condition)
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

fn item_plan(instrument: &Instrument, at: usize, item: &ItemDef) -> ItemPlan {
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

/// Whether a person belongs to a group: `None` when what the group asks for is not known.
pub(crate) fn belongs(group: &crate::instrument::model::GroupDef, context: &Context) -> Option<bool> {
    let sex = group.sex.map(|sex| context.sex.map(|s| s == sex));
    let ages = group.ages.map(|ages| context.age_years().map(|age| ages.contains(age)));
    let grades = group.grades.map(|grades| context.grade.map(|g| grades.contains(u16::from(g))));
    let tests = [sex, ages, grades];
    if tests.iter().flatten().any(|test| *test == Some(false)) {
        return Some(false);
    }
    tests.iter().flatten().all(Option::is_some).then_some(true)
}
