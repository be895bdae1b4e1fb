//! Both ends of every score: the range that a definition states is reached by a sheet, found without looking at the key.
//! A sum states one always; so does a table, a formula or a rule where its source prints one.
//!
//! For each score, item by item, the answer is kept that moves the score furthest; in a sum, mean or count every item
//! pulls for itself, so one pass over the items ends at the extreme. Where an answer decides whether others are asked,
//! more than one start and a second pass are needed.

use screening_core::answers::{Context, Sex};
use screening_core::instrument::model::ScaleDef;
use screening_core::instrument::{Instrument, ItemKind, Library, Method};
use screening_core::scoring::{Scorer, Scores, Sheet};

/// Which end is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Lowest,
    Highest,
}

impl End {
    fn is_better(self, found: Option<f64>, than: Option<f64>) -> bool {
        match (found, than) {
            (Some(found), Some(than)) => {
                if self == Self::Lowest {
                    found < than
                } else {
                    found > than
                }
            }
            (found, than) => found.is_some() && than.is_none(),
        }
    }
}

/// The answers worth trying: all options, the ends of a number, the hours of a clock.
fn answers(instrument: &Instrument, position: usize) -> Vec<String> {
    let item = &instrument.definition().items[position];
    match item.kind {
        ItemKind::Choice => instrument.definition().options_of(item).iter().map(|o| o.code.to_string()).collect(),
        ItemKind::Number => item.range.unwrap().iter().map(ToString::to_string).collect(),
        ItemKind::Clock => (0..24).map(|hour| format!("{hour:02}:00")).collect(),
    }
}

/// One way of looking for an end: a score of a compiled instrument.
struct Search<'s> {
    scorer: &'s Scorer,
    scores: Scores<'s>,
    scale: &'s str,
    end: End,
    person: Context,
}

impl Search<'_> {
    fn value(&mut self, sheet: &Sheet) -> Option<f64> {
        self.scorer.score_into(sheet, &self.person, &mut self.scores);
        self.scores.scale(self.scale).and_then(|scale| scale.value())
    }

    /// One pass over some items: each keeps the answer that moves the score furthest.
    fn pass(&mut self, sheet: &mut Sheet, positions: &[usize]) -> Option<f64> {
        let instrument = self.scorer.instrument();
        let mut best = self.value(sheet);
        for position in positions {
            let id = &instrument.definition().items[*position].id;
            for answer in answers(instrument, *position) {
                let mut tried = sheet.clone();
                tried.set(instrument, id, &answer).unwrap();
                let found = self.value(&tried);
                if self.end.is_better(found, best) {
                    best = found;
                    *sheet = tried;
                }
            }
        }
        best
    }

    /// The furthest value: of nobody in particular, and of people whose table is their own.
    fn of_anybody(&mut self, own: &[usize], goal: f64) -> Option<f64> {
        let mut best = None;
        for sex in [None, Some(Sex::Male), Some(Sex::Female)] {
            self.person.sex = sex;
            let found = self.furthest(own, goal);
            if self.end.is_better(found, best) {
                best = found;
            }
            if best == Some(goal) {
                break;
            }
        }
        best
    }

    /// The furthest value from several starts.
    fn furthest(&mut self, own: &[usize], goal: f64) -> Option<f64> {
        let instrument = self.scorer.instrument();
        let all: Vec<usize> = (0..instrument.definition().items.len()).collect();
        let mut best = None;
        for (start, positions) in [(0, own), (usize::MAX, own), (0, &all), (usize::MAX, &all)] {
            let mut sheet = Sheet::blank(instrument);
            for (at, item) in instrument.definition().items.iter().enumerate() {
                let answers = answers(instrument, at);
                sheet.set(instrument, &item.id, &answers[start.min(answers.len() - 1)]).unwrap();
            }
            for _ in 0..2 {
                let found = self.pass(&mut sheet, positions);
                if self.end.is_better(found, best) {
                    best = found;
                }
                if best.is_some_and(|best| (best - goal).abs() < 1e-9) {
                    return best;
                }
            }
        }
        best
    }
}

/// Items of a score, through the scores it is made of.
fn own_items(instrument: &Instrument, scale: &ScaleDef) -> Vec<usize> {
    let definition = instrument.definition();
    let parts = definition.scales.iter().filter(|part| scale.of.contains(&part.id));
    let mut items = definition.expand_items(&scale.items).unwrap();
    items.extend(parts.flat_map(|part| own_items(instrument, part)));
    items.sort_unstable();
    items.dedup();
    items
}

#[test]
fn both_ends_of_every_score_are_reached() {
    let library = Library::bundled().unwrap_or_else(|e| panic!("{e}"));
    let (mut reached, mut wrong) = (0, Vec::new());
    for instrument in library.iter() {
        let scorer = Scorer::new(instrument).unwrap();
        for scale in &instrument.definition().scales {
            let Some([low, high]) = scale.range else {
                // Words have none, and a norm score runs as far as its cells.
                if scale.method.is_item_method() || scale.method == Method::SumOfScales {
                    wrong.push(format!("{}.{} states no range", instrument.id(), scale.id));
                }
                continue;
            };
            let items = own_items(instrument, scale);
            for (end, goal) in [(End::Lowest, low.to_f64()), (End::Highest, high.to_f64())] {
                let mut search = Search {
                    scorer: &scorer,
                    scores: scorer.buffer(),
                    scale: &scale.id,
                    end,
                    person: Context::default(),
                };
                match search.of_anybody(&items, goal) {
                    Some(found) if (found - goal).abs() < 1e-9 => reached += 1,
                    found => wrong.push(format!("{}.{} {end:?}: {found:?}, not {goal}", instrument.id(), scale.id)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{reached} ends are reached");
}
