//! What the definition lets expect: which items belong together, and in which direction.

use std::collections::BTreeSet;

use crate::instrument::expr::Expr;
use crate::instrument::model::ScaleDef;
use crate::instrument::{Definition, FlagSeverity, ItemDef, ItemKind, Method, Text};
use crate::stats::Decimal;

/// A scale with the items that count in one direction.
pub(super) struct ScaleKey {
    pub(super) id: String,
    pub(super) name: Text,
    /// Position among the choice items and direction: 1 as answered, -1 turned by the key.
    pub(super) items: Vec<(usize, f64)>,
    /// Lowest published alpha.
    pub(super) alpha: Option<f64>,
}

/// An item of the form that is answered by an option.
pub(super) struct ItemKey {
    /// Position in the definition.
    pub(super) at: usize,
    /// Item id.
    pub(super) id: String,
    /// The smallest scale it belongs to, and its direction there.
    pub(super) home: Option<(usize, f64)>,
    /// The definition reverses it.
    pub(super) reverse: bool,
    /// It is put to everybody.
    pub(super) asked: bool,
    /// A critical flag rests on this item alone.
    pub(super) critical: bool,
}

/// What the definition lets expect.
pub(super) struct Expectation {
    pub(super) scales: Vec<ScaleKey>,
    /// Choice items in the order of the form.
    pub(super) items: Vec<ItemKey>,
}

/// Fewest items of a scale that can hang together.
const FEWEST_ITEMS: usize = 3;

impl Expectation {
    pub(super) fn of(definition: &Definition) -> Self {
        let choices: Vec<usize> = definition
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.kind == ItemKind::Choice)
            .map(|(at, _)| at)
            .collect();
        let scales = scales(definition, &choices);
        let critical = critical(definition);
        let items = choices.iter().enumerate().filter_map(|(place, at)| {
            let item = definition.items.get(*at)?;
            Some(ItemKey {
                at: *at,
                id: item.id.clone(),
                home: home(&scales, place),
                reverse: item.reverse,
                asked: item.ask_if.is_none(),
                critical: critical.contains(item.id.as_str()),
            })
        });
        let items = items.collect();
        Self { scales, items }
    }

    /// Whether two items say different things about the same place: their scales or directions differ.
    pub(super) fn differ(&self, one: usize, other: usize) -> bool {
        let home = |at: usize| self.items.get(at).and_then(|item| item.home).map(|(scale, sign)| (scale, sign > 0.0));
        home(one) != home(other)
    }
}

/// Scales whose items are added up, each set of items once.
fn scales(definition: &Definition, choices: &[usize]) -> Vec<ScaleKey> {
    let mut known: Vec<BTreeSet<usize>> = Vec::new();
    let mut scales = Vec::new();
    for scale in &definition.scales {
        if !matches!(scale.method, Method::Sum | Method::Mean | Method::Weighted | Method::Count) {
            continue;
        }
        let positions = definition.expand_items(&scale.items).unwrap_or_default();
        let mut items: Vec<(usize, f64)> = Vec::with_capacity(positions.len());
        for (nth, at) in positions.iter().enumerate() {
            let (Some(item), Ok(place)) = (definition.items.get(*at), choices.binary_search(at)) else { continue };
            if let Some(sign) = direction(definition, scale, item, nth).filter(|_| item.ask_if.is_none()) {
                items.push((place, sign));
            }
        }
        let set: BTreeSet<usize> = items.iter().map(|(place, _)| *place).collect();
        if set.len() < FEWEST_ITEMS || set.len() != items.len() || known.contains(&set) {
            continue;
        }
        known.push(set);
        scales.push(ScaleKey {
            id: scale.id.clone(),
            name: scale.name.clone(),
            items,
            alpha: alpha(definition, scale),
        });
    }
    scales
}

/// Whether a higher answer makes the score higher (1) or lower (-1); none where it does neither.
fn direction(definition: &Definition, scale: &ScaleDef, item: &ItemDef, nth: usize) -> Option<f64> {
    let mut codes: Vec<i32> = definition.options_of(item).iter().map(|option| i32::from(option.code)).collect();
    codes.sort_unstable();
    let turn = codes.first().zip(codes.last()).map_or(0, |(low, high)| low + high);
    let keyed = codes.iter().map(|code| if item.reverse { turn - code } else { *code });
    let value = |code: i32| -> Option<Decimal> {
        match &scale.recode {
            None => Some(Decimal::from_int(code)),
            Some(name) => definition.recodes.get(name)?.get(&code.to_string()).copied(),
        }
    };
    let values: Vec<f64> = keyed.filter_map(value).map(Decimal::to_f64).collect();
    let counted = match scale.method {
        Method::Count => {
            values.iter().map(|value| meets(scale.where_answer.as_deref(), *value)).collect::<Option<_>>()?
        }
        _ => values,
    };
    let weight = match scale.method {
        Method::Weighted => scale.weights.get(nth).copied().map_or(0.0, Decimal::to_f64),
        _ => 1.0,
    };
    let rising = monotone(&counted)? * weight;
    (rising != 0.0).then(|| rising.signum())
}

/// 1 when values never fall, -1 when they never rise, none when both or neither.
fn monotone(values: &[f64]) -> Option<f64> {
    let steps = || values.windows(2).filter_map(|pair| Some(pair.last()? - pair.first()?));
    match (steps().any(|step| step > 0.0), steps().any(|step| step < 0.0)) {
        (true, false) => Some(1.0),
        (false, true) => Some(-1.0),
        _ => None,
    }
}

/// 1 or 0: whether a keyed answer is counted.
fn meets(condition: Option<&str>, value: f64) -> Option<f64> {
    let (sign, limit) = condition?.trim().split_once(' ')?;
    let limit: f64 = limit.trim().parse().ok()?;
    let holds = match sign {
        ">=" => value >= limit,
        ">" => value > limit,
        "<=" => value <= limit,
        "<" => value < limit,
        "==" => (value - limit).abs() < f64::EPSILON,
        "!=" => (value - limit).abs() >= f64::EPSILON,
        _ => return None,
    };
    Some(f64::from(u8::from(holds)))
}

fn alpha(definition: &Definition, scale: &ScaleDef) -> Option<f64> {
    let own = definition.reliability.iter().filter(|entry| entry.scale == scale.id);
    own.filter_map(|entry| entry.alpha).map(|figure| figure.lowest().to_f64()).min_by(f64::total_cmp)
}

/// The smallest scale an item belongs to; of equally small ones the first.
fn home(scales: &[ScaleKey], place: usize) -> Option<(usize, f64)> {
    let own = scales.iter().enumerate().filter_map(|(at, scale)| {
        let (_, sign) = scale.items.iter().find(|(item, _)| *item == place)?;
        Some((scale.items.len(), at, *sign))
    });
    own.min_by_key(|(size, at, _)| (*size, *at)).map(|(_, at, sign)| (at, sign))
}

/// Items on which alone a critical flag rests.
fn critical(definition: &Definition) -> BTreeSet<String> {
    let flags = definition.flags.iter().filter(|flag| flag.severity == FlagSeverity::Critical);
    let of = |text: &str| {
        let mut items = BTreeSet::new();
        if let Ok(condition) = Expr::parse(text) {
            condition.walk(&mut |part| {
                if let Expr::Item(id) = part {
                    items.insert(id.clone());
                }
            });
        }
        items
    };
    flags.map(|flag| of(&flag.when)).filter(|items| items.len() == 1).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Library;

    fn expectation(id: &str) -> Expectation {
        Expectation::of(Library::bundled().unwrap().get(id).unwrap().definition())
    }

    #[test]
    fn items_have_a_home_and_a_direction() {
        let phq = expectation("phq-9");
        assert!(phq.items.iter().take(9).all(|item| item.home.is_some_and(|(_, sign)| sign > 0.0)));
        let critical: Vec<&str> = phq.items.iter().filter(|item| item.critical).map(|item| item.id.as_str()).collect();
        assert_eq!(critical, ["9"]);
        // Reversed items run against the raw answers, whatever the scale is called.
        let pss = expectation("pss-10");
        assert!(pss.items.iter().all(|item| item.home.is_some_and(|(_, sign)| (sign < 0.0) == item.reverse)));
        // Small scales are the homes, not the total.
        let dass = expectation("dass-21");
        assert!(dass.items.iter().all(|item| dass.scales[item.home.unwrap().0].items.len() == 7));
        assert!(dass.differ(0, 1) && !dass.differ(0, 5));
    }

    #[test]
    fn directions_follow_counts_and_tables() {
        assert_eq!(
            (monotone(&[0.0, 0.0, 1.0]), monotone(&[2.0, 1.0]), monotone(&[0.0, 1.0, 0.0])),
            (Some(1.0), Some(-1.0), None)
        );
        assert_eq!(
            (meets(Some(">= 2"), 2.0), meets(Some("== 1"), 2.0), meets(Some("about 3"), 3.0)),
            (Some(1.0), Some(0.0), None)
        );
    }
}
