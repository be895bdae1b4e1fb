//! From a definition to a plan.

mod items;
mod response;
mod tables;

use items::{item_plan, own_offset};

use std::collections::HashMap;

use crate::instrument::expr::{BinaryOp, Comparison, Expr, Function};
use crate::instrument::model::{Definition, Method, RoundMode, ScaleDef};
use crate::instrument::{Diagnostic, Instrument, ItemSlot, Place};
use crate::place;
use crate::stats::Decimal;
use crate::stats::exact::lcm;

use super::build::{BuildError, Builder, Operand, refuse};
use super::reduce::{Affine, OwnKeys, SingleSum, Wanted, arrange, order};
use super::{ItemPlan, NormPlan, Op, Plan, ResponsePlan, ScalePlan, TablePlan, Width};

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
    responses: Vec<ResponsePlan>,
    /// The compiled value of each scale, and the reduction and norm behind it.
    values: Vec<Option<(Operand, Option<usize>, Option<usize>)>>,
    /// Scales being compiled, to find cycles.
    open: Vec<usize>,
    /// The skip rules are being compiled: they run before any sum.
    skipping: bool,
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
            responses: Vec::new(),
            values: vec![None; definition.scales.len()],
            open: Vec::new(),
            skipping: true,
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
        self.skipping = false;
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
        if function == Function::Count
            && let Some(wanted) = self.counted(arguments)
        {
            return self.reduction(wanted).map(|(_, sum)| Operand::Val(sum)).map_err(diagnose(path.to_vec()));
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
        let mut items = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let Expr::Item(id) = argument else {
                return refuse("the function takes items only", "write for example missing(q7)")
                    .map_err(diagnose(path.to_vec()));
            };
            if function == Function::Keyed {
                return self.keyed(id, path);
            }
            items.push(self.item_at(id, path)?);
        }
        let most = items.len() as i128;
        self.builder.emit(Op::CountMissing(items), 1, 0, most).map(Operand::Val).map_err(diagnose(path.to_vec()))
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
            Method::ItemResponse => self.response(at, scale)?,
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
        let narrow_items: Vec<usize> =
            (0..self.items.len()).filter(|&at| matches!(self.items[at].slot, ItemSlot::Narrow(_))).collect();
        let own_offsets: Vec<Affine> = narrow_items
            .iter()
            .map(|&item| own_offset(&self.items[item], self.definition.items[item].reverse))
            .collect();
        let ops = self.builder.ops;
        let register = |r: usize| ops.iter().position(|op| *op == Op::Reduce(r)).unwrap_or(0);
        let prelude = ops.iter().rposition(|op| matches!(op, Op::Resolve { .. })).map_or(0, |last| last + 1);
        let steps = |op: &Op| !matches!(op, Op::Reduce(_) | Op::Const(_) | Op::Unknown { .. });
        Plan {
            single_ops: (prelude..ops.len()).filter(|&at| steps(&ops[at])).collect(),
            slots: self.slots,
            single_sums: reductions.iter().map(|reduction| SingleSum::new(reduction, &own_offsets)).collect(),
            own_keys: OwnKeys::new(&own_offsets),
            items: self.items,
            narrow_items,
            prelude,
            reduction_order: order(&reductions),
            reduction_regs: (0..reductions.len()).map(register).collect(),
            reductions,
            ops,
            tables: self.tables,
            norms: self.norms,
            responses: self.responses,
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
