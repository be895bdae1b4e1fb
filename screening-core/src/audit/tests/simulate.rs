//! Honest pupils: a graded-response model (Samejima 1969) with a general factor and one for each scale, few complaints, and a few
//! skipped answers.

use polars::prelude::*;

use crate::answers::Missing;
use crate::audit::expect::Expectation;
use crate::instrument::{Direction, Instrument, ItemKind};

/// Random numbers, the same every time (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub(super) fn below(&mut self, count: usize) -> usize {
        (self.unit() * count as f64) as usize
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (self.unit().max(1e-12), self.unit());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

/// Answers to the choice items of an instrument, in the order of the form.
#[derive(Clone)]
pub(super) struct Wave {
    pub(super) ids: Vec<String>,
    pub(super) items: Vec<String>,
    pub(super) options: Vec<Vec<i8>>,
    pub(super) codes: Vec<Vec<i8>>,
}

/// Blank.
pub(super) const BLANK: i8 = Missing::Skipped.code();

struct Drawn {
    slope: f64,
    thresholds: Vec<f64>,
    codes: Vec<i8>,
    scale: Option<usize>,
    asked: bool,
}

/// Parameters of the items. The item of a critical flag is the rarest by far, as in every published table.
fn draw(instrument: &Instrument, expected: &Expectation, dice: &mut Dice) -> Vec<Drawn> {
    let definition = instrument.definition();
    let better = |scale: usize| {
        let id = expected.scales.get(scale).map(|scale| scale.id.as_str());
        definition
            .scales
            .iter()
            .any(|scale| Some(scale.id.as_str()) == id && scale.direction == Direction::HigherBetter)
    };
    expected
        .items
        .iter()
        .map(|item| {
            let mut codes: Vec<i8> =
                definition.options_of(&definition.items[item.at]).iter().map(|option| option.code).collect();
            codes.sort_unstable();
            // From "no difficulty" to the worst answer.
            if item.home.is_some_and(|(scale, sign)| (sign > 0.0) == better(scale)) {
                codes.reverse();
            }
            let mut at = if item.critical { 2.4 } else { dice.between(0.1, 1.1) };
            let mut thresholds = Vec::new();
            for _ in 1..codes.len() {
                thresholds.push(at);
                at += dice.between(0.4, 0.9);
            }
            Drawn {
                slope: dice.between(1.3, 2.4),
                thresholds,
                codes,
                scale: item.home.map(|home| home.0),
                asked: item.asked,
            }
        })
        .collect()
}

/// Draws honest pupils.
pub(super) fn honest(instrument: &Instrument, pupils: usize, seed: u64) -> Wave {
    let mut dice = Dice::new(seed);
    let expected = Expectation::of(instrument.definition());
    let items = draw(instrument, &expected, &mut dice);
    let mut codes = vec![Vec::with_capacity(pupils); items.len()];
    for _ in 0..pupils {
        let general = dice.normal();
        let own: Vec<f64> = expected.scales.iter().map(|_| 0.74 * general + 0.67 * dice.normal()).collect();
        for (item, column) in items.iter().zip(&mut codes) {
            let severity = item.scale.and_then(|scale| own.get(scale)).copied().unwrap_or(general);
            let roll = dice.unit();
            let passed = |threshold: &f64| roll < 1.0 / (1.0 + (-item.slope * (severity - threshold)).exp());
            let category = item.thresholds.iter().take_while(|threshold| passed(threshold)).count();
            let skipped = dice.unit() < 0.01;
            column.push(match (item.asked, skipped) {
                (false, _) => Missing::NotShown.code(),
                (true, true) => BLANK,
                _ => item.codes[category],
            });
        }
    }
    let mut options: Vec<Vec<i8>> = items.into_iter().map(|item| item.codes).collect();
    options.iter_mut().for_each(|codes| codes.sort_unstable());
    let ids = (0..pupils).map(|pupil| format!("p{pupil}")).collect();
    Wave { ids, items: expected.items.into_iter().map(|item| item.id).collect(), options, codes }
}

impl Wave {
    /// The frame, with numbers and times where the form asks for them.
    pub(super) fn frame(&self, instrument: &Instrument) -> DataFrame {
        let rows = self.ids.len();
        let mut columns = vec![Column::new("student_id".into(), self.ids.clone())];
        for (at, item) in instrument.definition().items.iter().enumerate() {
            let name = PlSmallStr::from(instrument.item_column(at));
            columns.push(match item.kind {
                ItemKind::Choice => {
                    let place = self.items.iter().position(|id| *id == item.id).unwrap();
                    Column::new(name, self.codes[place].clone())
                }
                ItemKind::Number => {
                    let low = item.range.map_or(1.0, |range| range[0].to_f64());
                    Column::new(name, vec![low; rows])
                }
                ItemKind::Clock => Column::new(name, vec!["22:30"; rows]),
            });
        }
        DataFrame::new(rows, columns).unwrap()
    }

    /// An answer turned round by the range of its item.
    pub(super) fn turn(&mut self, place: usize) {
        let (low, high) = (self.options[place][0], *self.options[place].last().unwrap());
        for code in self.codes[place].iter_mut().filter(|code| **code >= -100) {
            *code = low + high - *code;
        }
    }

    /// Every row again at the end: rows `range` under new ids where `renamed`.
    pub(super) fn repeat(&mut self, range: std::ops::Range<usize>, renamed: bool) {
        for row in range {
            let id = if renamed { format!("again{row}") } else { self.ids[row].clone() };
            self.ids.push(id);
            for column in &mut self.codes {
                column.push(column[row]);
            }
        }
    }
}
