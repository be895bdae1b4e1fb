//! Which items, and what each answer counts.

use std::collections::HashMap;

use screening_core::instrument::model::{Method, ScaleDef};
use screening_core::instrument::{Definition, ItemKind};

use crate::error::{IoError, Place, Problem};

/// The items of a scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleItems {
    /// The scale; none when the items were named one by one.
    pub scale: Option<String>,
    /// Positions in the definition.
    pub positions: Vec<usize>,
    recode: Option<String>,
}

impl ScaleItems {
    /// Finds the items that are asked for.
    pub(super) fn choose(
        place: &Place,
        definition: &Definition,
        scale: Option<&str>,
        items: &[String],
    ) -> Result<Self, IoError> {
        let problem = |id: &'static str| Problem::new(id, place.clone()).with("instrument", &definition.id);
        let chosen = if items.is_empty() {
            let found = Self::scale(definition, scale, &problem)?;
            let Some(positions) = items_of(definition, found, 0) else {
                return Err(problem("sample-scale-without-items").with("scale", &found.id).into());
            };
            Self { scale: Some(found.id.clone()), positions, recode: found.recode.clone() }
        } else {
            let positions =
                definition.expand_items(items).map_err(|name| problem("sample-no-item").with("item", name))?;
            let scale = scale.map(|id| Self::scale(definition, Some(id), &problem)).transpose()?;
            Self { scale: scale.map(|scale| scale.id.clone()), positions, recode: None }
        };
        let wrong = chosen.positions.iter().find(|at| definition.items[**at].kind != ItemKind::Choice);
        if let Some(at) = wrong {
            return Err(problem("sample-no-choice").with("item", &definition.items[*at].id).into());
        }
        let mut once = chosen.positions.clone();
        once.sort_unstable();
        once.dedup();
        if once.len() != chosen.positions.len() {
            return Err(problem("sample-item-twice").into());
        }
        if let Some(name) = &chosen.recode
            && definition.recodes.get(name).is_none_or(|table| table.values().any(|value| value.decimals() > 0))
        {
            return Err(problem("sample-recode").with("recode", name).into());
        }
        Ok(chosen)
    }

    fn scale<'d>(
        definition: &'d Definition,
        wanted: Option<&str>,
        problem: &impl Fn(&'static str) -> Problem,
    ) -> Result<&'d ScaleDef, IoError> {
        let with_items =
            || definition.scales.iter().filter(|scale| !scale.internal && items_of(definition, scale, 0).is_some());
        let known = || with_items().map(|scale| scale.id.as_str()).collect::<Vec<_>>().join(", ");
        match wanted {
            Some(id) => {
                let found = definition.scales.iter().find(|scale| scale.id == id);
                found.ok_or_else(|| problem("sample-no-scale").with("scale", id).with("known", known()).into())
            }
            None => {
                let mut all = with_items();
                match (all.next(), all.next()) {
                    (Some(only), None) => Ok(only),
                    _ => Err(problem("sample-which-scale").with("known", known()).into()),
                }
            }
        }
    }

    /// Names of the items.
    pub(super) fn names(&self, definition: &Definition) -> Vec<String> {
        self.positions.iter().map(|at| definition.items[*at].id.clone()).collect()
    }

    /// What each code of an item counts.
    pub(super) fn key(&self, definition: &Definition, position: usize) -> HashMap<i8, i16> {
        let item = &definition.items[position];
        let codes: Vec<i8> = definition.options_of(item).iter().map(|option| option.code).collect();
        let ends =
            codes.iter().min().zip(codes.iter().max()).map_or(0, |(low, high)| i16::from(*low) + i16::from(*high));
        let table = self.recode.as_ref().and_then(|name| definition.recodes.get(name));
        codes
            .into_iter()
            .filter_map(|code| {
                let keyed = if item.reverse { ends - i16::from(code) } else { i16::from(code) };
                let counted = match table {
                    Some(table) => i16::try_from(table.get(&keyed.to_string())?.mantissa()).ok()?,
                    None => keyed,
                };
                Some((code, counted))
            })
            .collect()
    }

    /// Lowest and highest count, where all items have the same.
    pub(super) fn range(&self, definition: &Definition) -> Option<(i16, i16)> {
        let mut ranges = self.positions.iter().map(|at| {
            let key = self.key(definition, *at);
            Some((*key.values().min()?, *key.values().max()?))
        });
        let first = ranges.next()??;
        ranges.all(|range| range == Some(first)).then_some(first)
    }

    /// The scales that this one is the sum of, or those whose items lie within it without sharing one.
    fn parts<'d>(&self, definition: &'d Definition) -> Vec<(&'d ScaleDef, Vec<usize>)> {
        let of = self.scale.as_ref().and_then(|id| definition.scales.iter().find(|scale| scale.id == *id));
        let inside = |scale: &&ScaleDef| match of {
            Some(whole) if !whole.of.is_empty() => whole.of.contains(&scale.id),
            Some(whole) => scale.id != whole.id && matches!(scale.method, Method::Sum | Method::Mean),
            None => matches!(scale.method, Method::Sum | Method::Mean),
        };
        let mut parts: Vec<(&ScaleDef, Vec<usize>)> = Vec::new();
        for scale in definition.scales.iter().filter(inside) {
            let Some(items) = items_of(definition, scale, 0) else { continue };
            let own = items.len() < self.positions.len() && items.iter().all(|at| self.positions.contains(at));
            let apart = parts.iter().all(|(_, other)| !other.iter().any(|at| items.contains(at)));
            if own && apart {
                parts.push((scale, items));
            }
        }
        // Subscales that leave items out say nothing of the whole.
        let covered: usize = parts.iter().map(|(_, items)| items.len()).sum();
        if covered == self.positions.len() { parts } else { Vec::new() }
    }

    pub(super) fn strata(&self, definition: &Definition) -> Vec<Vec<usize>> {
        let place = |at: &usize| self.positions.iter().position(|own| own == at);
        self.parts(definition).into_iter().map(|(_, items)| items.iter().filter_map(place).collect()).collect()
    }

    pub(super) fn factors(&self, definition: &Definition) -> Vec<(String, Vec<String>)> {
        let names = |items: &[usize]| items.iter().map(|at| definition.items[*at].id.clone()).collect();
        let parts = self.parts(definition);
        if parts.is_empty() {
            let name = self.scale.clone().unwrap_or_else(|| "g".to_owned());
            return vec![(name, names(&self.positions))];
        }
        parts.into_iter().map(|(scale, items)| (scale.id.clone(), names(&items))).collect()
    }
}

/// The items behind a scale, through the scales that it is made of; none for formulas, rules and counts.
fn items_of(definition: &Definition, scale: &ScaleDef, depth: usize) -> Option<Vec<usize>> {
    match scale.method {
        Method::Sum | Method::Mean | Method::Weighted | Method::ItemResponse => {
            definition.expand_items(&scale.items).ok().filter(|items| items.len() > 1)
        }
        // A definition that passed its checks has no circle; the depth is a belt beside the braces.
        Method::SumOfScales | Method::Lookup | Method::Norm if depth < 8 => {
            let mut all = Vec::new();
            for id in &scale.of {
                let part = definition.scales.iter().find(|other| other.id == *id)?;
                for at in items_of(definition, part, depth + 1)? {
                    if !all.contains(&at) {
                        all.push(at);
                    }
                }
            }
            (all.len() > 1).then_some(all)
        }
        _ => None,
    }
}
