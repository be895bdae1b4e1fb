//! How the scores of a scale are distributed, beside what a norm lets expect.
//!
//! A bin never holds more than the released counts tell: of a school the bins are the bands, and a band that is not shown stays
//! empty. Of the district a band that is shown is divided further, into bins of as many pupils as a count that is shown has at
//! least; no other table is divided by scores, so nothing can be worked out from the bins but the sums that are shown anyway.

use screening_core::stats::short;
use screening_core::svg::round_step;

use super::{Scope, Survey};
use crate::error::ReportError;
use crate::figures::Counted;
use crate::model::{Bin, Chart};
use crate::released::Of;
use crate::source::{Norm, Results};
use crate::writer::Writer;

/// About how many bins the range of a scale has.
const BINS: f64 = 15.0;

/// The scores of the broadest scale of an instrument, and its norm.
pub(super) struct Spread {
    /// Place among the scales of the survey.
    scale: usize,
    scores: Vec<f64>,
    norm: Option<Norm>,
}

/// One bin: its lowest score and the next bin's (none at an open end), its band, and how many pupils it has.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    from: Option<f64>,
    to: Option<f64>,
    band: usize,
    pupils: Option<u64>,
}

/// What is drawn: the bins, how many pupils all of them are, whether scores are whole, and whether only pupils with a score count
/// (the band of a sheet may be told although its score is not).
struct Cuts {
    list: Vec<Cut>,
    base: u64,
    whole: bool,
    scored: bool,
}

impl Spread {
    /// One a instrument.
    pub(super) fn all(results: &Results, scales: &[Counted<'_>]) -> Result<Vec<Self>, ReportError> {
        let mut found = Vec::new();
        for scale in broadest(scales, &|_| true) {
            let Some(counted) = scales.get(scale) else { continue };
            let measure = counted.measure;
            let Some(scores) = results.scores(&measure.id, &measure.instrument)? else { continue };
            found.push(Self { scale, scores, norm: Norm::of(results, &measure.id)? });
        }
        Ok(found)
    }

    /// The bins of a scope; none where the band does not follow from the score alone, or nothing may be shown.
    fn cuts(&self, counted: &Counted<'_>, survey: &Survey<'_>, scope: Scope) -> Option<Cuts> {
        let steps = counted.measure.cuts_of_all()?;
        let ascends = steps.windows(2).all(|pair| pair[0].0.is_none_or(|low| pair[1].0.is_some_and(|high| low < high)));
        let base = counted.counts.get(scope.all(), Of::Everybody).value().filter(|base| *base > 0 && ascends)?;
        let valued = counted.values.iter().zip(&self.scores).filter(|(value, _)| value.is_some());
        let whole = valued.map(|own| own.1).filter(|score| score.is_finite()).all(|score| score.fract() == 0.0);
        let range = counted.measure.range;
        let (mut bands, mut scores) = (Vec::new(), Vec::new());
        for (at, (from, band)) in steps.iter().enumerate() {
            let next = steps.get(at + 1).and_then(|own| own.0);
            let of_band = |row: &usize| counted.values.get(*row) == Some(&Some(*band as u8));
            let own = survey.rows(scope).filter(of_band).filter_map(|row| self.scores.get(row).copied());
            let own: Vec<f64> = own.filter(|score| score.is_finite()).collect();
            let (low, high) = (from.unwrap_or(f64::NEG_INFINITY), next.unwrap_or(f64::INFINITY));
            if !own.iter().all(|score| (low..high).contains(score)) {
                return None;
            }
            let end = range.map(|own| if whole { own.1 + 1.0 } else { own.1 });
            bands.push(Cut {
                from: from.or(range.map(|own| own.0)),
                to: next.or(end),
                band: *band,
                pupils: counted.counts.get(scope.all(), Of::Value(*band)).value(),
            });
            scores.push(own);
        }
        if bands.iter().all(|own| own.pupils.is_none()) {
            return None;
        }
        let least = u64::from(survey.results.rule().threshold).max(1);
        if scope.is_district() && may_divide(&bands, &scores, base, least) {
            let span = range.map_or(1.0, |own| own.1 - own.0);
            let step = round_step((span / BINS).max(if whole { 1.0 } else { 1e-6 }));
            let list = bands.iter().zip(&scores).flat_map(|(band, scores)| parts(*band, scores, step, least));
            let list = list.collect();
            let scored = scores.iter().map(Vec::len).sum::<usize>() as u64;
            return Some(Cuts { list, base: scored, whole, scored: scored < base });
        }
        Some(Cuts { list: bands, base, whole, scored: false })
    }
}

/// Whether bands may be divided by scores: no count that follows from it is small. Of each band that is shown these are the pupils
/// with a score and those without (whose number follows from both), and the same of all bands together that are not shown.
fn may_divide(bands: &[Cut], scores: &[Vec<f64>], base: u64, least: u64) -> bool {
    let enough = |count: u64| count == 0 || count >= least;
    let (mut told, mut scored, mut hidden) = (0, 0, 0);
    for (band, scores) in bands.iter().zip(scores) {
        let with = scores.len() as u64;
        match band.pupils {
            Some(pupils) => {
                let without = pupils.saturating_sub(with);
                if band.from.is_none() || band.to.is_none() || with < least.min(pupils) || !enough(without) {
                    return false;
                }
                (told, scored) = (told + pupils, scored + with);
            }
            None => hidden += with,
        }
    }
    scored > 0 && enough(hidden) && enough(base.saturating_sub(told).saturating_sub(hidden))
}

/// The parts of a band; one without a count where it is not shown.
fn parts(band: Cut, scores: &[f64], step: f64, least: u64) -> Vec<Cut> {
    let (Some(low), Some(high), Some(_)) = (band.from, band.to, band.pupils) else { return vec![band] };
    let part =
        |(from, to, pupils): (f64, f64, u64)| Cut { from: Some(from), to: Some(to), pupils: Some(pupils), ..band };
    divided(scores, (low, high), step, least).into_iter().map(part).collect()
}

/// Parts of a band, side by side, each with at least so many pupils: from, to, pupils.
fn divided(scores: &[f64], (low, high): (f64, f64), step: f64, least: u64) -> Vec<(f64, f64, u64)> {
    let cells = ((high - low) / step - 1e-9).ceil().clamp(1.0, 1000.0) as usize;
    let mut counts = vec![0_u64; cells];
    for score in scores {
        let at = (((score - low) / step + 1e-9).floor().max(0.0) as usize).min(cells - 1);
        if let Some(count) = counts.get_mut(at) {
            *count += 1;
        }
    }
    let mut parts: Vec<(f64, f64, u64)> = Vec::new();
    let (mut from, mut pupils) = (low, 0);
    for (at, count) in counts.iter().enumerate() {
        pupils += count;
        let to = if at + 1 == cells { high } else { step.mul_add(at as f64 + 1.0, low) };
        if pupils >= least {
            parts.push((from, to, pupils));
            (from, pupils) = (to, 0);
        }
    }
    // What is too few for a part of its own belongs to the last one.
    if from < high {
        match parts.last_mut() {
            Some(last) => (last.1, last.2) = (high, last.2 + pupils),
            None => parts.push((from, high, pupils)),
        }
    }
    parts
}

/// The scale with most items of each instrument, among those that are wanted.
pub(super) fn broadest(scales: &[Counted<'_>], wanted: &dyn Fn(&Counted<'_>) -> bool) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    for (at, counted) in scales.iter().enumerate().filter(|own| wanted(own.1)) {
        let of = |at: usize| scales.get(at).map(|own| own.measure);
        match found.iter_mut().find(|own| of(**own).is_some_and(|own| own.instrument == counted.measure.instrument)) {
            Some(known) if of(*known).is_some_and(|own| own.items < counted.measure.items) => *known = at,
            Some(_) => {}
            None => found.push(at),
        }
    }
    found
}

impl Survey<'_> {
    /// One picture an instrument.
    pub(super) fn distributions(&self, w: &mut Writer, scope: Scope) {
        let (mut drawn, mut with_norm, mut fractions, mut hidden, mut scored) = (false, false, false, false, false);
        for spread in &self.spreads {
            let Some(counted) = self.scales.get(spread.scale) else { continue };
            let Some(cuts) = spread.cuts(counted, self, scope) else { continue };
            let base = cuts.base as f64;
            let half = if cuts.whole { 0.5 } else { 0.0 };
            let edges: Vec<f64> = cuts.list.iter().skip(1).filter_map(|own| Some(own.from? - half)).collect();
            let least = u64::from(self.results.rule().threshold);
            let score = |row: usize| spread.scores.get(row).is_some_and(|score| score.is_finite());
            let rows = self.rows(scope).filter(|row| counted.values.get(*row).is_some_and(Option::is_some));
            let rows = rows.filter(|row| score(*row));
            let norm = spread.norm.as_ref().and_then(|norm| Some((norm, norm.shares(rows, &edges, least)?)));
            let bin = |(at, own): (usize, &Cut)| Bin {
                name: bin_name(own, cuts.whole),
                share: own.pupils.map(|pupils| pupils as f64 / base),
                norm: norm.as_ref().and_then(|(_, shares)| shares.get(at).copied()),
            };
            let bins: Vec<Bin> = cuts.list.iter().enumerate().map(bin).collect();
            let mut bands: Vec<(String, usize)> = Vec::new();
            let mut last = None;
            for own in &cuts.list {
                match bands.last_mut() {
                    Some((_, count)) if last == Some(own.band) => *count += 1,
                    _ => {
                        let name = counted.measure.values.get(own.band).map(|value| w.pick(&value.name).to_owned());
                        bands.push((name.unwrap_or_default(), 1));
                    }
                }
                last = Some(own.band);
            }
            let set = norm.as_ref().map_or("", |(norm, _)| norm.set.as_str());
            drawn = true;
            with_norm |= norm.is_some();
            fractions |= !cuts.whole;
            hidden |= bins.iter().any(|bin| bin.share.is_none());
            let names = [
                w.say(if scope.is_district() { "legend.district" } else { "legend.school" }, &[]),
                w.say("legend.norm", &[("norm", set)]),
                w.say("legend.hidden", &[]),
            ];
            let name = w.pick(&counted.measure.name).to_owned();
            let alt = told(w, &bins);
            scored |= cuts.scored;
            let (x, y) = (w.say("axis.score", &[]), w.say("axis.share-of-sheets", &[]));
            w.figure("distribution", &[("scale", &name)], alt, Chart::Distribution { x, y, bins, bands, names });
        }
        let notes = [
            ("note.distribution-school", drawn && !scope.is_district()),
            ("note.distribution", drawn && scope.is_district()),
            ("note.distribution-scored", scored),
            ("note.distribution-norm", with_norm),
            ("note.distribution-fractions", fractions),
            ("note.distribution-hidden", hidden),
        ];
        notes.into_iter().filter(|own| own.1).for_each(|(key, _)| w.note(key, &[]));
    }
}

fn told(w: &Writer, bins: &[Bin]) -> String {
    let one = |bin: &Bin| {
        let share = bin.share.map_or_else(|| w.say("alt.hidden", &[]), |share| w.format.share(Some(share)));
        match bin.norm {
            Some(norm) => {
                w.say("alt.bin-norm", &[("bin", &bin.name), ("share", &share), ("norm", &w.format.share(Some(norm)))])
            }
            None => w.say("alt.bin", &[("bin", &bin.name), ("share", &share)]),
        }
    };
    let list: Vec<String> = bins.iter().map(one).collect();
    w.say("alt.distribution", &[("bins", &list.join(&w.say("frame.list", &[])))])
}

/// The scores of a bin; of fractions the upper end belongs to the next one.
fn bin_name(own: &Cut, whole: bool) -> String {
    let number = |value: f64| short(value, 2);
    match (own.from, own.to) {
        (Some(from), Some(to)) if whole && to - from <= 1.0 => number(from),
        (Some(from), Some(to)) if whole => format!("{}–{}", number(from), number(to - 1.0)),
        (Some(from), Some(to)) => format!("{}–{}", number(from), number(to)),
        (None, Some(to)) => format!("<{}", number(to)),
        (Some(from), None) => format!("≥{}", number(from)),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_enough_pupils_tile_the_band_and_lose_nobody() {
        let scores: Vec<f64> = (0..60_u32).map(|at| f64::from(at % 7 * (at % 3))).collect();
        for least in [1, 5, 10, 100] {
            let parts = divided(&scores, (0.0, 20.0), 1.0, least);
            assert_eq!((parts.first().unwrap().0, parts.last().unwrap().1), (0.0, 20.0));
            assert!(parts.windows(2).all(|pair| pair[0].1 == pair[1].0));
            assert_eq!(parts.iter().map(|own| own.2).sum::<u64>(), 60);
            assert!(parts.len() == 1 || parts.iter().all(|own| own.2 >= least), "{parts:?}");
            for (from, to, pupils) in parts {
                assert_eq!(scores.iter().filter(|score| (from..to).contains(score)).count() as u64, pupils);
            }
        }
        assert_eq!(divided(&[], (0.0, 5.0), 1.0, 10), [(0.0, 5.0, 0)]);
        assert_eq!(divided(&[1.5; 12], (1.0, 2.0), 0.2, 10), [(1.0, 2.0, 12)], "one value alone");
    }

    #[test]
    fn bands_are_divided_only_where_no_small_count_follows() {
        let band = |pupils| Cut { from: Some(0.0), to: Some(5.0), band: 0, pupils };
        let scores = |counts: &[usize]| -> Vec<Vec<f64>> { counts.iter().map(|count| vec![1.0; *count]).collect() };
        let may = |pupils: &[Option<u64>], with: &[usize], base: u64| {
            let bands: Vec<Cut> = pupils.iter().map(|own| band(*own)).collect();
            may_divide(&bands, &scores(with), base, 10)
        };
        assert!(may(&[Some(50), Some(30)], &[50, 30], 80));
        assert!(may(&[Some(50), Some(30)], &[40, 20], 80), "ten without a score in each");
        assert!(!may(&[Some(50), Some(30)], &[48, 30], 80), "two without a score would be told");
        assert!(!may(&[Some(50), Some(30)], &[50, 3], 80), "three with a score would be told");
        assert!(may(&[Some(50), None, None], &[50, 8, 4], 62));
        assert!(!may(&[Some(50), None, None], &[50, 8, 4], 65), "three of the hidden bands have no score");
        assert!(!may(&[Some(50), None, None], &[50, 3, 4], 80), "seven of the hidden bands have one");
        assert!(!may(&[None, None], &[50, 30], 80) && !may(&[], &[], 0));
    }

    #[test]
    fn bins_are_named_by_their_scores() {
        let cut = |from, to| Cut { from, to, band: 0, pupils: None };
        let names = [(Some(0.0), Some(1.0)), (Some(5.0), Some(10.0)), (None, Some(5.0)), (Some(20.0), None)];
        assert_eq!(names.map(|(from, to)| bin_name(&cut(from, to), true)), ["0", "5–9", "<5", "≥20"]);
        assert_eq!(bin_name(&cut(Some(1.2), Some(1.4)), false), "1.2–1.4");
    }
}
