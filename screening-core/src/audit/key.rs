//! Does the key fit: items that run against their scale, halves that run against each other, scales that do not hang together.

use crate::texts::Fill;
use crate::validity::PairMoments;

use super::expect::{Expectation, ScaleKey};
use super::finding::{Certainty, Finding, FindingKind, Silent};
use super::structure::{Correlations, Estimate, Structure, upper};

/// Standard errors of the levels for one item.
const POSSIBLE: f64 = 2.6;
const LIKELY: f64 = 3.3;
const CERTAIN: f64 = 3.9;
/// A certain finding is at least this far below 0 ...
const CLEARLY: f64 = -0.1;
/// ... and at least this share of what the other items have.
const COMPARABLE: f64 = 0.5;
/// Items below which a scale has no majority.
const FEWEST: usize = 4;

/// Findings on the key.
pub(super) fn check(
    structure: &Structure,
    expected: &Expectation,
    findings: &mut Vec<Finding>,
    silent: &mut Vec<Silent>,
) {
    let mut turned: Vec<Turned> = Vec::new();
    let mut halves: Vec<Finding> = Vec::new();
    for scale in &expected.scales {
        let mut items: Vec<(usize, f64)> = scale.items.clone();
        items.retain(|(place, _)| structure.varies.get(*place).copied().unwrap_or(false));
        findings.extend(fit(structure, scale, &items));
        if items.len() < FEWEST {
            continue;
        }
        if let Some(finding) = half(structure, expected, scale, &items) {
            let is_reversed = |place: usize| expected.items.get(place).is_some_and(|item| item.reverse);
            items.iter_mut().filter(|(place, _)| is_reversed(*place)).for_each(|(_, sign)| *sign = -*sign);
            halves.push(finding);
        }
        cannot_tell(structure, scale, &items, silent);
        for found in against(structure, &items) {
            match turned.iter_mut().find(|known| known.place == found.place) {
                Some(known) if known.certainty >= found.certainty => {}
                Some(known) => *known = found,
                None => turned.push(found),
            }
        }
    }
    // The same halves are seen in every scale that holds them: the surest one is told.
    halves.sort_by_key(|finding| (std::cmp::Reverse(finding.certainty), finding.items.len()));
    let mut told: Vec<String> = Vec::new();
    for half in halves {
        if half.items.iter().any(|item| !told.contains(item)) {
            told.extend(half.items.iter().cloned());
            findings.push(half);
        }
    }
    turned.sort_by_key(|found| found.place);
    findings.extend(turned.into_iter().filter_map(|found| found.told(structure, expected)));
}

/// An item that runs against the others.
struct Turned {
    place: usize,
    certainty: Certainty,
    /// Correlation with the sum of the others under the key.
    r: f64,
    /// Median of the others' own correlations.
    usual: f64,
    upper: f64,
}

/// Correlation of each item with the sum of the others, all standardised. With `S_i` the sum of an item's correlations (its own 1
/// included) and `T` the sum of all: `(S_i - 1) / sqrt(T - 2 S_i + 1)`.
fn with_rest(r: &Correlations, items: &[(usize, f64)]) -> Vec<f64> {
    let sum = |(i, s): &(usize, f64)| -> f64 {
        items.iter().map(|(j, t)| s * t * if i == j { 1.0 } else { r.r(*i, *j) }).sum()
    };
    let sums: Vec<f64> = items.iter().map(sum).collect();
    let total: f64 = sums.iter().sum();
    sums.iter()
        .map(|own| {
            let rest = total - 2.0 * own + 1.0;
            if rest > 0.0 { ((own - 1.0) / rest.sqrt()).clamp(-1.0, 1.0) } else { 0.0 }
        })
        .collect()
}

/// Turns the item that is most against the others, and again, until none is: several turned items hide one another otherwise.
/// At most a third of the scale can be in the wrong; beyond that nobody knows who is.
fn against(structure: &Structure, items: &[(usize, f64)]) -> Vec<Turned> {
    let mut keyed = items.to_vec();
    let mut turned: Vec<usize> = Vec::new();
    while turned.len() < items.len() / 3 {
        let all = with_rest(&structure.whole, &keyed).into_iter().enumerate();
        let lowest = all.filter(|(nth, _)| !turned.contains(nth)).min_by(|a, b| a.1.total_cmp(&b.1));
        let Some((nth, r)) = lowest else { break };
        let answered = keyed.get(nth).and_then(|(place, _)| structure.answered.get(*place)).copied().unwrap_or(0);
        if upper(r, answered, POSSIBLE) >= 0.0 {
            break;
        }
        turned.push(nth);
        if let Some((_, sign)) = keyed.get_mut(nth) {
            *sign = -*sign;
        }
    }
    let all = with_rest(&structure.whole, &keyed);
    let others = all.iter().enumerate().filter(|(nth, _)| !turned.contains(nth)).map(|(_, r)| *r);
    let usual = median(others.collect());
    let found = turned.iter().filter_map(|nth| {
        let (place, _) = *keyed.get(*nth)?;
        // With the others as they belong.
        let r = -all.get(*nth)?;
        let answered = structure.answered.get(place).copied()?;
        let bound = upper(r, answered, LIKELY);
        let certainty = if upper(r, answered, CERTAIN) < CLEARLY && -r >= COMPARABLE * usual && usual >= 0.2 {
            Certainty::Certain
        } else if bound < 0.0 {
            Certainty::Likely
        } else if upper(r, answered, POSSIBLE) < 0.0 {
            Certainty::Possible
        } else {
            return None;
        };
        Some(Turned { place, certainty, r, usual, upper: bound })
    });
    found.collect()
}

/// The middle value, of an even number the upper one of the two; 0 without any.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

impl Turned {
    fn told(&self, structure: &Structure, expected: &Expectation) -> Option<Finding> {
        let item = expected.items.get(self.place)?;
        let key = if item.reverse { "item-turned-reversed" } else { "item-turned" };
        let finding = Finding::new(FindingKind::ItemTurned, &item.id, self.certainty)
            .items([item.id.clone()])
            .figure("r", self.r)
            .figure("r_turned", -self.r)
            .figure("r_upper", self.upper)
            .figure("r_usual", self.usual)
            .figure("sheets", structure.answered.get(self.place).copied().unwrap_or(0) as f64);
        Some(finding.told_by(key, key, &[]))
    }
}

/// Says so where the sheets are too few to tell a turned item from a weak one.
fn cannot_tell(structure: &Structure, scale: &ScaleKey, items: &[(usize, f64)], silent: &mut Vec<Silent>) {
    let usual = median(with_rest(&structure.whole, items).into_iter().map(f64::abs).collect());
    let sheets = items.iter().filter_map(|(place, _)| structure.answered.get(*place)).min().copied().unwrap_or(0);
    if upper(-usual, sheets, LIKELY) >= 0.0 {
        let (sheets, usual) = (sheets.to_string(), format!("{usual:.2}"));
        let fills =
            [("scale", Fill::Both(&scale.name)), ("sheets", Fill::Same(&sheets)), ("usual", Fill::Same(&usual))];
        silent.push(Silent::new(FindingKind::ItemTurned, "wide-interval", &fills));
    }
}

/// The reverse-keyed items of a scale against the others.
fn half(structure: &Structure, expected: &Expectation, scale: &ScaleKey, items: &[(usize, f64)]) -> Option<Finding> {
    let is_reversed = |place: usize| expected.items.get(place).is_some_and(|item| item.reverse);
    let (reversed, forward): (Vec<_>, Vec<_>) = items.iter().partition(|(place, _)| is_reversed(*place));
    if reversed.len() < 2 || forward.len() < 2 {
        return None;
    }
    let r = structure.whole.between(&reversed, &forward)?;
    let answered = items.iter().filter_map(|(place, _)| structure.answered.get(*place)).min().copied()?;
    let cohesion = structure.whole.mean(&reversed).min(structure.whole.mean(&forward));
    // Pupils of one class answer alike: the wider of the two errors counts.
    let jack = structure.estimate(|r, _| r.between(&reversed, &forward).unwrap_or(0.0));
    let bound = |z: f64| upper(r, answered, z).max(r + z * jack.error);
    let certainty = if bound(CERTAIN) < CLEARLY && cohesion > 0.1 {
        Certainty::Certain
    } else if bound(LIKELY) < 0.0 {
        Certainty::Likely
    } else if bound(POSSIBLE) < 0.0 {
        Certainty::Possible
    } else {
        return None;
    };
    let ids = reversed.iter().filter_map(|(place, _)| expected.items.get(*place)).map(|item| item.id.clone());
    let finding = Finding::new(FindingKind::KeyGroupTurned, &scale.id, certainty)
        .items(ids)
        .figure("r", r)
        .figure("r_upper", bound(LIKELY))
        .figure("cohesion", cohesion)
        .figure("sheets", answered as f64);
    Some(finding.told("key-group-turned", &[("scale", Fill::Both(&scale.name))]))
}

/// Cronbach's alpha of raw answers in their directions, `k/(k-1) (1 - tr C / sum C)` (Cronbach 1951, Psychometrika 16:297).
fn alpha(moments: &PairMoments, items: &[(usize, f64)]) -> f64 {
    let (mut trace, mut sum) = (0.0, 0.0);
    for (i, s) in items {
        for (j, t) in items {
            let covariance = moments.covariance(*i, *j);
            let covariance = if covariance.is_finite() { covariance } else { 0.0 };
            sum += s * t * covariance;
            if i == j {
                trace += covariance;
            }
        }
    }
    let k = items.len() as f64;
    if sum > 0.0 { k / (k - 1.0) * (1.0 - trace / sum) } else { 0.0 }
}

/// A scale against the reliability that is published for it.
fn fit(structure: &Structure, scale: &ScaleKey, items: &[(usize, f64)]) -> Option<Finding> {
    if items.len() < FEWEST {
        return None;
    }
    let mean = structure.estimate(|r, _| r.mean(items));
    let own = structure.estimate(|_, moments| alpha(moments, items));
    let below = |limit: f64, z: f64| own.value + z * own.error < limit;
    let certainty = if mean.value + 5.0 * mean.error < 0.0 {
        Certainty::Certain
    } else {
        // Where none is published: below this no sum of five items is a score.
        let (likely, possible) = match scale.alpha {
            Some(published) => (published - 0.2, published - 0.1),
            None if items.len() >= 5 => (0.3, 0.3),
            None => return None,
        };
        if below(likely, 4.0) {
            Certainty::Likely
        } else if below(possible, 3.0) {
            Certainty::Possible
        } else {
            return None;
        }
    };
    Some(told(structure, scale, items, certainty, mean, own))
}

fn told(
    structure: &Structure,
    scale: &ScaleKey,
    items: &[(usize, f64)],
    certainty: Certainty,
    mean: Estimate,
    own: Estimate,
) -> Finding {
    let sheets = items.iter().filter_map(|(place, _)| structure.answered.get(*place)).min().copied().unwrap_or(0);
    let finding = Finding::new(FindingKind::KeyDoesNotFit, &scale.id, certainty)
        .figure("alpha", own.value)
        .figure("alpha_error", own.error)
        .figure("mean_r", mean.value)
        .figure("sheets", sheets as f64);
    let (finding, key) = match scale.alpha {
        Some(published) => (finding.figure("alpha_published", published), "key-does-not-fit"),
        None => (finding, "key-does-not-fit-unpublished"),
    };
    finding.told(key, &[("scale", Fill::Both(&scale.name))])
}
