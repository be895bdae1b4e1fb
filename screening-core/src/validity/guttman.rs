//! Guttman errors.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::answers::Answers;
use super::column::{IndexColumn, block_of, over_blocks};
use super::error::ValidityError;

/// What [`Guttman`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuttmanMeasure {
    /// Errors as a share of the most that a sheet with the same scores could have.
    #[default]
    Normed,
    /// Number of errors.
    Count,
}

/// Guttman errors: how often a pupil passed a rare step of a scale and failed a common one.
///
/// ```text
/// item step (i, s): the keyed answer to item i reaches its option s or a higher one, s = 1 .. options - 1
/// steps are ordered by the share of the wave that reaches them, the commonest first; ties keep the order of the form
/// G        = number of pairs of a failed step before a passed one
/// G max    = the largest G that the same raw score allows
/// normed   = sum of G over the scales / sum of G max over the scales; 0 where no error is possible
/// ```
///
/// Items without an answer are left out, and `G max` is that of the answered items. NaN when nothing was answered.
///
/// Unit: errors, or 0 to 1. Higher is worse. Source: van der Flier 1980; Meijer 1994; for ordered answers Emons 2008,
/// Appl Psychol Meas 32:224. Figures as `PerFit::G`, `Gnormed`, `Gpoly` and `Gnormed.poly`, not rounded to four digits.
/// There is no general threshold: the default plan flags the highest hundredth of a wave, as evidence beside other.
///
/// ```
/// use screening_core::validity::{AnswerItem, Answers, Guttman, GuttmanMeasure};
/// let items = (1..=3).map(|id| AnswerItem::new(id.to_string(), &[0, 1])).collect();
/// // The first item is the commonest. The last sheet passed the two rarer ones and failed it.
/// let answers = Answers::from_codes(items, vec![vec![1, 1, 1, 0], vec![1, 1, 0, 1], vec![1, 0, 0, 1]])?;
/// let index = Guttman::of_wave(&answers, &[vec![0, 1, 2]])?;
/// assert_eq!(index.run(&answers, GuttmanMeasure::Count).values(), [0.0, 0.0, 0.0, 2.0]);
/// assert_eq!(index.run(&answers, GuttmanMeasure::Normed).get(3), Some(1.0));
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Guttman {
    scales: Vec<StepOrder>,
}

/// The steps of one scale, the commonest first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct StepOrder {
    /// Positions of the items.
    pub items: Vec<usize>,
    /// Steps as (place among `items`, step from 1).
    pub steps: Vec<(usize, u8)>,
}

const UNANSWERED: u8 = u8::MAX;
/// Patterns of gaps remembered by a thread.
const KNOWN: usize = 512;

/// A scale made ready: tables from code to keyed place.
struct Ready<'a> {
    order: &'a StepOrder,
    tables: Vec<[u8; 256]>,
    options: Vec<usize>,
    most: Vec<u32>,
}

#[derive(Default)]
struct Scratch {
    places: Vec<u8>,
    failed: Vec<u32>,
    errors: Vec<u32>,
    score: Vec<u32>,
    open: Vec<bool>,
    sums: Vec<[u32; 2]>,
    /// Most errors by raw score, for patterns of gaps met before.
    known: HashMap<(usize, Vec<bool>), Vec<u32>>,
}

impl Guttman {
    /// Kind as written in plans.
    pub const KIND: &'static str = "guttman";

    /// The index with the order of steps of an earlier wave.
    ///
    /// # Errors
    /// Without a scale, or when an order does not hold every step of its items once.
    pub fn new(scales: Vec<StepOrder>, answers: &[super::AnswerItem]) -> Result<Self, ValidityError> {
        if scales.is_empty() {
            return Err(ValidityError::parameter(Self::KIND, "scales", "none", "at least one scale"));
        }
        for order in &scales {
            let mut wanted = Vec::new();
            for (place, item) in order.items.iter().enumerate() {
                let item = answers
                    .get(*item)
                    .ok_or_else(|| ValidityError::NoSuchItem { index: Self::KIND, item: item.to_string() })?;
                wanted.extend((1..item.codes().len()).map(|step| (place, step as u8)));
            }
            let mut given = order.steps.clone();
            given.sort_unstable();
            let ascending = |place: usize| order.steps.iter().filter(move |step| step.0 == place).is_sorted();
            if given != wanted || !(0..order.items.len()).all(ascending) {
                let why =
                    "the order of steps does not hold every step of the items once and in turn; estimate it again"
                        .to_owned();
                return Err(ValidityError::Unfit { index: Self::KIND, why });
            }
        }
        Ok(Self { scales })
    }

    /// The index with the order of steps of a wave, over scales given as positions of items.
    ///
    /// # Errors
    /// Without a scale, when a position names no choice item, or when nobody answered an item.
    pub fn of_wave(answers: &Answers, scales: &[Vec<usize>]) -> Result<Self, ValidityError> {
        let orders = scales.iter().map(|items| StepOrder::of_wave(answers, items)).collect::<Result<_, _>>()?;
        Self::new(orders, answers.items())
    }

    /// The orders of steps.
    pub fn scales(&self) -> &[StepOrder] {
        &self.scales
    }

    /// The value of every sheet.
    pub fn run(&self, answers: &Answers, measure: GuttmanMeasure) -> IndexColumn {
        let ready: Vec<Ready<'_>> = self.scales.iter().map(|order| Ready::of(order, answers)).collect();
        let values = over_blocks(answers.rows(), f64::NAN, Scratch::default, |start, scratch, to| {
            scratch.sums.clear();
            scratch.sums.resize(to.len(), [0, 0]);
            let mut answered = vec![false; to.len()];
            for (at, scale) in ready.iter().enumerate() {
                scratch.run(at, scale, answers, (start, to.len()), &mut answered);
            }
            for ((to, [errors, most]), answered) in to.iter_mut().zip(&scratch.sums).zip(answered) {
                *to = match measure {
                    _ if !answered => f64::NAN,
                    GuttmanMeasure::Count => f64::from(*errors),
                    GuttmanMeasure::Normed if *most == 0 => 0.0,
                    GuttmanMeasure::Normed => f64::from(*errors) / f64::from(*most),
                };
            }
        });
        IndexColumn::new(Self::KIND, values)
    }
}

impl StepOrder {
    fn of_wave(answers: &Answers, items: &[usize]) -> Result<Self, ValidityError> {
        let mut shares = Vec::new();
        for (place, position) in items.iter().enumerate() {
            let item = answers.items().get(*position).filter(|item| item.is_choice());
            let item =
                item.ok_or_else(|| ValidityError::NoSuchItem { index: Guttman::KIND, item: position.to_string() })?;
            let mut counts = vec![0_u64; item.codes().len()];
            for category in answers.column(*position).iter().filter_map(|code| item.category(*code)) {
                counts[category] += 1;
            }
            let all: u64 = counts.iter().sum();
            if all == 0 {
                let why = format!("nobody answered item `{}`, so its place is open; leave it out", item.id());
                return Err(ValidityError::Unfit { index: Guttman::KIND, why });
            }
            let mut reached = all;
            for (step, count) in counts.iter().enumerate().take(counts.len() - 1) {
                reached -= count;
                shares.push((reached as f64 / all as f64, (place, step as u8 + 1)));
            }
        }
        // Stable: ties keep the order of the form.
        shares.sort_by(|a, b| b.0.total_cmp(&a.0));
        Ok(Self { items: items.to_vec(), steps: shares.into_iter().map(|(_, step)| step).collect() })
    }

    /// The most errors by raw score, over the items that are there: the best choice of answers with that sum, item after
    /// item.
    fn most_errors(&self, options: &[usize], there: &[bool]) -> Vec<u32> {
        let mut worth: Vec<Vec<u32>> = options.iter().map(|options| Vec::with_capacity(*options)).collect();
        worth.iter_mut().for_each(|worth| worth.push(0));
        let steps = self.steps.iter().filter(|(place, _)| there.get(*place) == Some(&true));
        for (rank, (place, _)) in steps.enumerate() {
            // Within an item a higher step is never commoner, so its steps come in order.
            if let Some(worth) = worth.get_mut(*place) {
                worth.push(worth.last().copied().unwrap_or(0) + rank as u32 + 1);
            }
        }
        let mut best = vec![0_u32];
        for worth in worth.iter().zip(there).filter(|(_, there)| **there).map(|(worth, _)| worth) {
            let mut next = vec![0_u32; best.len() + worth.len() - 1];
            for (score, value) in best.iter().enumerate() {
                for (answer, more) in worth.iter().enumerate() {
                    let slot = &mut next[score + answer];
                    *slot = (*slot).max(value + more);
                }
            }
            best = next;
        }
        best.iter().enumerate().map(|(score, value)| value - (score * (score + 1) / 2) as u32).collect()
    }
}

impl<'a> Ready<'a> {
    fn of(order: &'a StepOrder, answers: &Answers) -> Self {
        let items: Vec<_> = order.items.iter().filter_map(|item| answers.items().get(*item)).collect();
        let table = |item: &&super::AnswerItem| {
            let mut table = [UNANSWERED; 256];
            for code in item.codes() {
                table[usize::from(*code as u8)] = item.category(*code).map_or(UNANSWERED, |place| place as u8);
            }
            table
        };
        let options: Vec<usize> = items.iter().map(|item| item.codes().len()).collect();
        let most = order.most_errors(&options, &vec![true; options.len()]);
        Self { order, tables: items.iter().map(table).collect(), options, most }
    }
}

impl Scratch {
    fn run(&mut self, at: usize, scale: &Ready<'_>, answers: &Answers, block: (usize, usize), answered: &mut [bool]) {
        let (start, len) = block;
        for counts in [&mut self.failed, &mut self.errors, &mut self.score] {
            counts.clear();
            counts.resize(len, 0);
        }
        self.open.clear();
        self.open.resize(len, false);
        self.places.clear();
        for (item, table) in scale.order.items.iter().zip(&scale.tables) {
            let codes = block_of(answers.column(*item), start, len);
            self.places.extend(codes.iter().map(|code| table[usize::from(*code as u8)]));
        }
        for places in self.places.chunks(len.max(1)) {
            for (((place, score), open), answered) in
                places.iter().zip(&mut self.score).zip(&mut self.open).zip(answered.iter_mut())
            {
                let there = *place != UNANSWERED;
                *score += if there { u32::from(*place) } else { 0 };
                *open |= !there;
                *answered |= there;
            }
        }
        for (item, step) in &scale.order.steps {
            let places = &self.places[item * len..(item + 1) * len];
            for ((place, failed), errors) in places.iter().zip(&mut self.failed).zip(&mut self.errors) {
                let there = u32::from(*place != UNANSWERED);
                let passed = u32::from(*place >= *step) & there;
                *errors += passed * *failed;
                *failed += there - passed;
            }
        }
        for lane in 0..len {
            let score = self.score[lane] as usize;
            let most = if self.open[lane] {
                let there: Vec<bool> =
                    self.places.iter().skip(lane).step_by(len).map(|place| *place != UNANSWERED).collect();
                let key = (at, there);
                if !self.known.contains_key(&key) {
                    if self.known.len() >= KNOWN {
                        self.known.clear();
                    }
                    let most = scale.order.most_errors(&scale.options, &key.1);
                    self.known.insert(key.clone(), most);
                }
                self.known.get(&key).and_then(|most| most.get(score))
            } else {
                scale.most.get(score)
            };
            let sums = &mut self.sums[lane];
            sums[0] += self.errors[lane];
            sums[1] += most.copied().unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validity::AnswerItem;

    fn ordered(codes: &[i8]) -> Vec<AnswerItem> {
        (1..=3).map(|id| AnswerItem::new(id.to_string(), codes)).collect()
    }

    /// Every answer vector of three items with three options: the errors by counting pairs, the most by looking at all.
    #[test]
    fn errors_and_their_largest_number_are_those_of_plain_counting() {
        let order = StepOrder { items: vec![0, 1, 2], steps: vec![(1, 1), (0, 1), (1, 2), (2, 1), (2, 2), (0, 2)] };
        let all: Vec<[i8; 3]> = (0..27_i8).map(|n| [n / 9, n / 3 % 3, n % 3]).collect();
        let columns = (0..3).map(|item| all.iter().map(|sheet| sheet[item]).collect()).collect();
        let answers = Answers::from_codes(ordered(&[0, 1, 2]), columns).unwrap();
        let index = Guttman::new(vec![order.clone()], answers.items()).unwrap();
        let count = |sheet: &[i8; 3]| {
            let passed: Vec<bool> = order.steps.iter().map(|(item, step)| sheet[*item] >= *step as i8).collect();
            let pairs = (0..6).flat_map(|a| (a + 1..6).map(move |b| (a, b)));
            pairs.filter(|(a, b)| !passed[*a] && passed[*b]).count()
        };
        let errors = index.run(&answers, GuttmanMeasure::Count);
        let normed = index.run(&answers, GuttmanMeasure::Normed);
        for (row, sheet) in all.iter().enumerate() {
            assert_eq!(errors.get(row), Some(count(sheet) as f64), "{sheet:?}");
            let score: i8 = sheet.iter().sum();
            let most = all.iter().filter(|s| s.iter().sum::<i8>() == score).map(count).max().unwrap();
            let wanted = if most == 0 { 0.0 } else { count(sheet) as f64 / most as f64 };
            assert_eq!(normed.get(row), Some(wanted), "{sheet:?}");
        }
    }

    #[test]
    fn items_without_an_answer_are_as_if_they_were_not_there() {
        let columns = vec![vec![0, 1, 2, 0], vec![2, 1, 1, 2], vec![1, -128, 0, -128]];
        let all = Answers::from_codes(ordered(&[0, 1, 2]), columns.clone()).unwrap();
        let index = Guttman::of_wave(&all, &[vec![0, 1, 2]]).unwrap();
        let order = &index.scales()[0];
        let shorter =
            StepOrder { items: vec![0, 1], steps: order.steps.iter().copied().filter(|(item, _)| *item < 2).collect() };
        let two = Answers::from_codes(ordered(&[0, 1, 2])[..2].to_vec(), columns[..2].to_vec()).unwrap();
        let alone = Guttman::new(vec![shorter], two.items()).unwrap();
        for measure in [GuttmanMeasure::Count, GuttmanMeasure::Normed] {
            let (with_gap, without) = (index.run(&all, measure), alone.run(&two, measure));
            for row in [1, 3] {
                assert_eq!(with_gap.get(row), without.get(row));
            }
        }
    }

    #[test]
    fn an_order_with_a_hole_is_refused() {
        let items = ordered(&[0, 1]);
        let order = StepOrder { items: vec![0, 1, 2], steps: vec![(0, 1), (1, 1)] };
        assert!(matches!(Guttman::new(vec![order], &items), Err(ValidityError::Unfit { .. })));
        assert!(Guttman::new(Vec::new(), &items).is_err());
        let blank = Answers::from_codes(items, vec![vec![-128], vec![0], vec![1]]).unwrap();
        assert!(matches!(Guttman::of_wave(&blank, &[vec![0, 1]]), Err(ValidityError::Unfit { .. })));
        assert!(matches!(Guttman::of_wave(&blank, &[vec![9]]), Err(ValidityError::NoSuchItem { .. })));
    }
}
