//! Scores from item parameters.

use crate::instrument::ItemSlot;
use crate::instrument::model::{Missing, ResponseDef, Rounding, ScaleDef};
use crate::place;

use super::super::Op;
use super::super::build::{Operand, refuse};
use super::super::response::{ResponseItem, ResponsePlan};
use super::{Compiled, Compiler, diagnose};

impl Compiler<'_> {
    /// The score of a pattern of answers. Its items are also summed, for the number of those answered.
    pub(super) fn response(
        &mut self,
        at: usize,
        scale: &ScaleDef,
    ) -> Compiled<(Operand, Option<usize>, Option<usize>)> {
        let path = place!["scales", at, "response"];
        let (Some(response), Some(round)) = (&scale.response, scale.round) else {
            return refuse("the method needs `response` and `round`", "state the item parameters and the decimals")
                .map_err(diagnose(place!["scales", at]));
        };
        let positions = self.positions(at, scale)?;
        let items = self.response_items(at, response, &positions)?;
        let count = items.len();
        let min_answered = match scale.missing {
            Missing::AsAnswered { min_answered } => usize::from(min_answered).clamp(1, count),
            _ => count,
        };
        let plan =
            ResponsePlan::new(response, items, min_answered, Rounding { decimals: round.decimals.min(6), ..round });
        let (lo, hi) = (plan.lo, plan.hi);
        let wanted = self.terms(at, scale, &positions)?;
        let (reduction, _) = self.reduction(wanted).map_err(diagnose(path.clone()))?;
        self.responses.push(plan);
        let op = Op::Response(self.responses.len() - 1);
        let unit = 10_i64.pow(u32::from(round.decimals.min(6)));
        let value = self.builder.emit(op, unit, lo.into(), hi.into()).map_err(diagnose(path))?;
        Ok((Operand::Val(value), Some(reduction), None))
    }

    fn response_items(&self, at: usize, response: &ResponseDef, positions: &[usize]) -> Compiled<Vec<ResponseItem>> {
        let points = ResponsePlan::points(response);
        let item = |position: &usize| {
            let item = &self.definition.items[*position];
            let fail = || diagnose(place!["scales", at, "response", "parameters"]);
            let ItemSlot::Narrow(slot) = self.items[*position].slot else {
                return refuse("item parameters belong to choice items", "leave the item out").map_err(fail());
            };
            let Some(parameters) = response.parameters.get(&item.id) else {
                return refuse(&format!("item `{}` has no parameters", item.id), "add them").map_err(fail());
            };
            let mut codes: Vec<i8> = self.definition.options_of(item).iter().map(|option| option.code).collect();
            codes.sort_unstable();
            if item.reverse {
                codes.reverse();
            }
            if codes.len() != parameters.categories() {
                let (own, given) = (codes.len(), parameters.categories());
                let message = format!("item `{}` has {own} answers, its parameters {given}", item.id);
                return refuse(&message, "give one threshold fewer than answers").map_err(fail());
            }
            Ok(ResponseItem::new(slot, &codes, parameters, &points))
        };
        positions.iter().map(item).collect()
    }
}
