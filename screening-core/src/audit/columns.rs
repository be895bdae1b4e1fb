//! Do the answers stand under their own headings: columns shifted by one or two, two columns swapped, a rare item that is common.
//!
//! The definition says which items belong together and in which direction. With `r` the correlations of the columns and a
//! supposed place for each item, the *contrast* is
//!
//! ```text
//! F = mean of s_i s_j r(i, j) over pairs of one scale - mean of |r(i, j)| over pairs of different scales
//! ```
//!
//! It is largest when every item is in its place. A hypothesis (from column p on, answers stand one place further) is judged by
//! how much F grows when the columns are moved back, against the jackknife error of that growth. Forms of a single scale without
//! reversed items have the same F for every order: there is nothing to see.

use crate::texts::Fill;
use crate::validity::AnswerItem;

use super::expect::Expectation;
use super::finding::{Certainty, Finding, FindingKind, Silent};
use super::read::{Sheets, holds};
use super::structure::{Correlations, Estimate, Structure};

/// Standard errors of the levels; there are hundreds of hypotheses in a form.
const POSSIBLE: f64 = 4.5;
const LIKELY: f64 = 6.0;
const CERTAIN: f64 = 8.0;
/// Items that must come to another scale or direction before a shift can show.
const FEWEST_MOVED: usize = 4;

/// Findings on the order of the columns.
pub(super) fn check(
    sheets: &Sheets,
    structure: Option<&Structure>,
    expected: &Expectation,
    findings: &mut Vec<Finding>,
    silent: &mut Vec<Silent>,
) {
    let by_codes = shifted_by_codes(sheets, expected);
    let by_order = structure.and_then(|structure| shifted(structure, expected));
    if structure.is_some() && hypotheses(expected).is_empty() {
        silent.push(Silent::new(FindingKind::ColumnsShifted, "one-scale", &[]));
    }
    let found = match (by_codes, by_order) {
        (Some(codes), Some(order)) if order.certainty > codes.certainty => Some(order),
        (codes, order) => codes.or(order),
    };
    let explained = found.as_ref().is_some_and(|found| found.certainty >= Certainty::Likely);
    findings.extend(found);
    if let (Some(structure), false) = (structure, explained) {
        findings.extend(swapped(structure, expected));
    }
    if !explained {
        findings.extend(rare(sheets, expected));
    }
}

/// From place `from` on, the answers to an item stand `step` places further.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shift {
    from: usize,
    step: isize,
}

impl Shift {
    /// The column that holds the answers to an item.
    fn column(self, place: usize, items: usize) -> Option<usize> {
        if place < self.from {
            return Some(place);
        }
        place.checked_add_signed(self.step).filter(|column| *column < items && *column >= self.from.min(place))
    }
}

/// Shifts that bring enough items to another scale or direction.
fn hypotheses(expected: &Expectation) -> Vec<Shift> {
    let k = expected.items.len();
    let steps = [1_isize, -1, 2, -2];
    let all = (0..k).flat_map(|from| steps.map(|step| Shift { from, step }));
    let moves = |shift: &Shift| {
        let pairs = (shift.from..k).filter_map(|place| Some((place, shift.column(place, k)?)));
        pairs.filter(|(place, column)| expected.differ(*place, *column)).count() >= FEWEST_MOVED
    };
    all.filter(moves).collect()
}

/// Sums of a contrast.
#[derive(Default)]
struct Contrast {
    within: f64,
    pairs_within: usize,
    between: f64,
    pairs_between: usize,
}

impl Contrast {
    fn value(&self) -> f64 {
        let mean = |sum: f64, pairs: usize| if pairs == 0 { 0.0 } else { sum / pairs as f64 };
        mean(self.within, self.pairs_within) - mean(self.between, self.pairs_between)
    }
}

/// The contrast when the items stand where `column` says.
fn contrast(r: &Correlations, expected: &Expectation, column: &dyn Fn(usize) -> Option<usize>) -> f64 {
    let placed: Vec<(usize, usize, f64)> = expected
        .items
        .iter()
        .enumerate()
        .filter_map(|(place, item)| {
            let (scale, sign) = item.home.filter(|_| item.asked)?;
            Some((column(place)?, scale, sign))
        })
        .collect();
    let mut sums = Contrast::default();
    for (nth, (i, scale, sign)) in placed.iter().enumerate() {
        for (j, other, turn) in placed.iter().take(nth) {
            if scale == other {
                sums.within += sign * turn * r.r(*i, *j);
                sums.pairs_within += 1;
            } else {
                sums.between += r.r(*i, *j).abs();
                sums.pairs_between += 1;
            }
        }
    }
    sums.value()
}

fn shifted(structure: &Structure, expected: &Expectation) -> Option<Finding> {
    let k = expected.items.len();
    let under = |r: &Correlations, shift: Shift| contrast(r, expected, &|place| shift.column(place, k));
    let as_it_stands = |r: &Correlations| contrast(r, expected, &Some);
    let all = hypotheses(expected).into_iter().map(|shift| (under(&structure.whole, shift), shift));
    let (moved_back, shift) = all.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let stands = as_it_stands(&structure.whole);
    let growth = structure.estimate(|r, _| under(r, shift) - as_it_stands(r));
    let share = growth.value / moved_back.max(f64::MIN_POSITIVE);
    let certainty = if moved_back < 0.03 || growth.value <= 0.0 {
        return None;
    } else if growth.steps() > CERTAIN && share > 0.25 {
        Certainty::Certain
    } else if (growth.steps() > CERTAIN && share > 0.1) || (growth.steps() > LIKELY && share > 0.5) {
        Certainty::Likely
    } else if growth.steps() > POSSIBLE && share > 0.1 {
        Certainty::Possible
    } else {
        return None;
    };
    let moved = expected.items.iter().skip(shift.from).map(|item| item.id.clone());
    let finding = Finding::new(FindingKind::ColumnsShifted, "", certainty)
        .items(moved)
        .figure("step", shift.step as f64)
        .figure("contrast", stands)
        .figure("contrast_moved_back", moved_back)
        .figure("growth_errors", growth.steps());
    Some(tell_shift(finding, expected, shift, "columns-shifted"))
}

fn tell_shift(finding: Finding, expected: &Expectation, shift: Shift, key: &str) -> Finding {
    let from = expected.items.get(shift.from).map(|item| item.id.clone()).unwrap_or_default();
    let step = shift.step.unsigned_abs().to_string();
    let way = if shift.step > 0 { "audit-way.right" } else { "audit-way.left" };
    let way = crate::texts::say(way, &[]);
    finding.told(key, &[("from", Fill::Same(&from)), ("by", Fill::Same(&step)), ("way", Fill::Both(&way))])
}

/// Where items have different options, codes tell: many are impossible as they stand and next to none one place further.
fn shifted_by_codes(sheets: &Sheets, expected: &Expectation) -> Option<Finding> {
    let k = expected.items.len();
    let allowed = |place: usize| {
        expected
            .items
            .get(place)
            .and_then(|item| sheets.answers.items().get(item.at))
            .map_or(&[][..], |item| item.codes())
    };
    let count = |shift: Shift| -> (u64, u64) {
        let (mut outside, mut answers) = (0, 0);
        for place in 0..k {
            let Some(seen) = shift.column(place, k).and_then(|column| sheets.seen.get(column)) else { continue };
            answers += seen.answers();
            outside +=
                seen.codes.iter().filter(|(code, _)| !holds(allowed(place), **code)).map(|(_, n)| n).sum::<u64>();
        }
        (outside, answers)
    };
    let stands = Shift { from: k, step: 0 };
    let (outside, answers) = count(stands);
    if answers == 0 || outside < 20 || outside * 50 < answers {
        return None;
    }
    let all = (0..k).flat_map(|from| [1_isize, -1, 2, -2].map(|step| Shift { from, step }));
    let enough = all.filter(|shift| k - shift.from >= FEWEST_MOVED);
    let (left, shift) = enough.map(|shift| (count(shift).0, shift)).min_by_key(|(left, shift)| (*left, shift.from))?;
    if left * 20 > outside {
        return None;
    }
    let certainty = if sheets.rows() >= 30 { Certainty::Certain } else { Certainty::Likely };
    let finding = Finding::new(FindingKind::ColumnsShifted, "", certainty)
        .items(expected.items.iter().skip(shift.from).map(|item| item.id.clone()))
        .figure("step", shift.step as f64)
        .figure("impossible", outside as f64)
        .figure("impossible_moved_back", left as f64);
    Some(tell_shift(finding, expected, shift, "columns-shifted-codes"))
}

/// The mean correlation of a column with the items of a scale, taken in the direction of a place of that scale.
fn belongs(r: &Correlations, expected: &Expectation, column: usize, place: usize, but: usize) -> f64 {
    let Some((scale, sign)) = expected.items.get(place).and_then(|item| item.home) else { return 0.0 };
    let others = expected.scales.get(scale).into_iter().flat_map(|scale| &scale.items);
    let (mut sum, mut count) = (0.0, 0_usize);
    for (other, turn) in others.filter(|(other, _)| *other != place && *other != but && *other != column) {
        sum += sign * turn * r.r(column, *other);
        count += 1;
    }
    if count == 0 { 0.0 } else { sum / count as f64 }
}

/// How much better two columns fit in each other's place than in their own: for each of the two.
fn exchange(r: &Correlations, expected: &Expectation, i: usize, j: usize) -> (f64, f64) {
    let gain =
        |column: usize, to: usize| belongs(r, expected, column, to, column) - belongs(r, expected, column, column, to);
    (gain(i, j), gain(j, i))
}

/// Pairs looked at more closely.
const MOST_PAIRS: usize = 6;

fn swapped(structure: &Structure, expected: &Expectation) -> Vec<Finding> {
    let k = expected.items.len();
    let home = |place: usize| expected.items.get(place).filter(|item| item.asked).and_then(|item| item.home);
    let varies = |place: usize| structure.varies.get(place).copied().unwrap_or(false);
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for i in 0..k {
        for j in 0..i {
            let (Some((a, _)), Some((b, _))) = (home(i), home(j)) else { continue };
            if a == b || !varies(i) || !varies(j) {
                continue;
            }
            let (one, other) = exchange(&structure.whole, expected, i, j);
            if one > 0.0 && other > 0.0 {
                pairs.push((one + other, j, i));
            }
        }
    }
    pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut used: Vec<usize> = Vec::new();
    let mut findings = Vec::new();
    for (_, i, j) in pairs.into_iter().take(MOST_PAIRS) {
        if used.contains(&i) || used.contains(&j) {
            continue;
        }
        let gain = structure.estimate(|r, _| {
            let (one, other) = exchange(r, expected, i, j);
            one + other
        });
        let Some(certainty) = level(gain) else { continue };
        used.extend([i, j]);
        let ids: Vec<String> =
            [i, j].iter().filter_map(|at| expected.items.get(*at)).map(|item| item.id.clone()).collect();
        let finding = Finding::new(FindingKind::ColumnsSwapped, &ids.join("+"), certainty)
            .items(ids)
            .figure("gain", gain.value)
            .figure("gain_errors", gain.steps());
        findings.push(finding.told("columns-swapped", &[]));
    }
    findings
}

/// A gain of .1 is a weak item; a certain swap gains more.
fn level(gain: Estimate) -> Option<Certainty> {
    if gain.steps() > CERTAIN && gain.value > 0.2 {
        Some(Certainty::Certain)
    } else if gain.steps() > LIKELY && gain.value > 0.1 {
        Some(Certainty::Likely)
    } else if gain.steps() > POSSIBLE && gain.value > 0.1 {
        Some(Certainty::Possible)
    } else {
        None
    }
}

/// A critical item stands for the rarest answers of its scale. Where another item of the same options is far rarer, the two
/// columns may have changed places, or all have moved by one.
fn rare(sheets: &Sheets, expected: &Expectation) -> Vec<Finding> {
    let mut findings = Vec::new();
    let k = expected.items.len();
    for (place, item) in expected.items.iter().enumerate().filter(|(_, item)| item.critical && item.asked) {
        let Some((scale, _)) = item.home else { continue };
        let others = expected.scales.get(scale).into_iter().flat_map(|scale| &scale.items).map(|(at, _)| *at);
        let others: Vec<(usize, Paired)> = others
            .filter(|at| *at != place && expected.items.get(*at).is_some_and(|item| !item.critical))
            .filter_map(|at| Some((at, paired(sheets, expected, place, at)?)))
            .collect();
        let above = others.iter().filter(|(_, pair)| pair.own > pair.other).count();
        let rarest = others.iter().min_by(|a, b| a.1.share().total_cmp(&b.1.share()));
        let Some((at, pair)) = rarest else { continue };
        let ratio = pair.own as f64 / (pair.other as f64).max(0.5);
        let beside = place.abs_diff(*at) == 1 || place.abs_diff(*at) == k - 1;
        let certainty = match (beside, ratio, pair.steps()) {
            (true, ratio, steps) if ratio >= 1.5 && steps >= 5.0 => Certainty::Likely,
            (_, ratio, steps) if ratio >= 2.0 && steps >= 5.0 && above * 2 >= others.len() => Certainty::Possible,
            _ => continue,
        };
        let other = expected.items.get(*at).map(|item| item.id.clone()).unwrap_or_default();
        let finding = Finding::new(FindingKind::RareItemCommon, &item.id, certainty)
            .items([item.id.clone(), other.clone()])
            .figure("sheets_critical", pair.own as f64)
            .figure("sheets_other", pair.other as f64)
            .figure("errors", pair.steps());
        findings.push(
            finding.told("rare-item-common", &[("critical", Fill::Same(&item.id)), ("other", Fill::Same(&other))]),
        );
    }
    findings
}

/// Sheets on which one of two items, or only one of them, is answered beyond the floor.
struct Paired {
    own: u64,
    other: u64,
    own_only: u64,
    other_only: u64,
    both_answered: u64,
}

impl Paired {
    fn share(&self) -> f64 {
        self.other as f64 / self.both_answered.max(1) as f64
    }

    /// McNemar's statistic: `(b - c) / sqrt(b + c)` (McNemar 1947, Psychometrika 12:153).
    fn steps(&self) -> f64 {
        let differing = (self.own_only + self.other_only) as f64;
        if differing > 0.0 { (self.own_only as f64 - self.other_only as f64) / differing.sqrt() } else { 0.0 }
    }
}

fn paired(sheets: &Sheets, expected: &Expectation, place: usize, other: usize) -> Option<Paired> {
    let at = |place: usize| expected.items.get(place).map(|item| item.at);
    let (own_at, other_at) = (at(place)?, at(other)?);
    let floor = |at: usize| sheets.answers.items().get(at).and_then(AnswerItem::floor);
    let (own_floor, other_floor) = (floor(own_at)?, floor(other_at)?);
    let mut pair = Paired { own: 0, other: 0, own_only: 0, other_only: 0, both_answered: 0 };
    for (own, other) in sheets.answers.column(own_at).iter().zip(sheets.answers.column(other_at)) {
        if !crate::validity::is_answer(*own) || !crate::validity::is_answer(*other) {
            continue;
        }
        let (own, other) = (*own != own_floor, *other != other_floor);
        pair.both_answered += 1;
        pair.own += u64::from(own);
        pair.other += u64::from(other);
        pair.own_only += u64::from(own && !other);
        pair.other_only += u64::from(other && !own);
    }
    Some(pair)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Library;

    #[test]
    fn a_shift_moves_what_stands_behind_it() {
        let right = Shift { from: 2, step: 1 };
        let columns: Vec<Option<usize>> = (0..5).map(|place| right.column(place, 5)).collect();
        assert_eq!(columns, [Some(0), Some(1), Some(3), Some(4), None]);
        let left = Shift { from: 2, step: -1 };
        let columns: Vec<Option<usize>> = (0..5).map(|place| left.column(place, 5)).collect();
        assert_eq!(columns, [Some(0), Some(1), None, Some(2), Some(3)]);
    }

    #[test]
    fn a_form_of_one_scale_has_no_hypotheses() {
        let library = Library::bundled().unwrap();
        let of = |id: &str| hypotheses(&Expectation::of(library.get(id).unwrap().definition())).len();
        assert_eq!((of("gad-7"), of("phq-9")), (0, 0));
        assert!(of("dass-21") > 40 && of("pss-10") > 3);
    }
}
