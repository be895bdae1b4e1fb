//! Longest run of the same answer.

use serde::{Deserialize, Serialize};

use super::answers::{Answers, BLANK, is_answer};
use super::column::{IndexColumn, block_of, over_blocks};

/// Whether answers that say "no difficulty at all" count as evidence against a sheet.
///
/// On a list of symptoms a healthy pupil answers "not at all" from the first line to the last. That is one run over the
/// whole sheet, no variability, and the same sheet as the neighbour's; none of it says that the pupil did not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Floor {
    /// They count like any other answer, as in the R package careless.
    #[default]
    Count,
    /// They are passed over.
    Skip,
}

/// Longest run of identical answers (raw codes) in the order of the form; or the mean length of all runs.
///
/// ```text
/// longest = max length of a stretch of neighbouring items with the same code
/// average = items / number of runs, a gap counting as a run of its own
/// ```
///
/// A gap ends a run and never joins one; so does a number or a clock time. With [`Floor::Skip`] the answer "no
/// difficulty" is treated like a gap. NaN when nothing was answered.
///
/// Unit: items (or a share of the choice items, see [`RunLength`]). Higher is worse. Source: Johnson 2005, J Res Pers
/// 39:103; figures as `careless::longstring`. Default: a run of at least half the form (Curran 2016, J Exp Soc Psychol
/// 66:4), answers without difficulty passed over. Long runs rise and fall with severity (Conijn et al. 2019, Multivar
/// Behav Res 54:593), so the default plan never judges a sheet by this alone.
///
/// ```
/// use screening_core::validity::{AnswerItem, Answers, Floor, LongString};
/// let items = (1..=6).map(|id| AnswerItem::new(id.to_string(), &[0, 1, 2]).with_floor(0)).collect();
/// let sheet = [0, 0, 0, 2, 2, 1].map(|code| vec![code]).to_vec();
/// let answers = Answers::from_codes(items, sheet)?;
/// assert_eq!(LongString::default().run(&answers).get(0), Some(3.0));
/// assert_eq!(LongString { floor: Floor::Skip, ..LongString::default() }.run(&answers).get(0), Some(2.0));
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LongString {
    /// Whether answers without difficulty make runs.
    pub floor: Floor,
    /// What is told of the runs.
    pub length: RunLength,
}

/// What [`LongString`] tells of the runs of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunLength {
    /// Items in the longest run.
    #[default]
    Longest,
    /// The longest run as a share of the choice items.
    LongestShare,
    /// Mean length of all runs, gaps included.
    Average,
}

#[derive(Default)]
struct Lanes {
    last: Vec<i8>,
    run: Vec<u16>,
    best: Vec<u16>,
    runs: Vec<u16>,
    answered: Vec<bool>,
}

impl LongString {
    /// Kind as written in plans.
    pub const KIND: &'static str = "long-string";

    /// The value of every sheet.
    pub fn run(&self, answers: &Answers) -> IndexColumn {
        let items = answers.items();
        let columns: Vec<(Option<&[i8]>, Option<i8>)> = items
            .iter()
            .enumerate()
            .map(|(at, item)| {
                let floor = item.floor().filter(|_| self.floor == Floor::Skip);
                (item.is_choice().then(|| answers.column(at)), floor)
            })
            .collect();
        let choices = items.iter().filter(|item| item.is_choice()).count();
        let values = over_blocks(answers.rows(), f64::NAN, Lanes::default, |start, lanes, to| {
            lanes.clear(to.len());
            for (column, floor) in &columns {
                match (column, floor) {
                    (Some(column), None) => lanes.step(block_of(column, start, to.len())),
                    (Some(column), Some(floor)) => lanes.step_over(block_of(column, start, to.len()), *floor),
                    (None, _) => lanes.last.fill(BLANK),
                }
            }
            self.write(lanes, choices, to);
        });
        IndexColumn::new(Self::KIND, values)
    }

    fn write(self, lanes: &Lanes, choices: usize, to: &mut [f64]) {
        let each = to.iter_mut().zip(&lanes.best).zip(&lanes.runs).zip(&lanes.answered);
        for (((to, best), runs), answered) in each {
            *to = match self.length {
                _ if !answered => f64::NAN,
                RunLength::Longest => f64::from(*best),
                RunLength::LongestShare => f64::from(*best) / choices as f64,
                RunLength::Average => choices as f64 / f64::from(*runs),
            };
        }
    }
}

impl Lanes {
    fn clear(&mut self, len: usize) {
        self.last.clear();
        self.last.resize(len, BLANK);
        for counts in [&mut self.run, &mut self.best, &mut self.runs] {
            counts.clear();
            counts.resize(len, 0);
        }
        self.answered.clear();
        self.answered.resize(len, false);
    }

    fn step(&mut self, codes: &[i8]) {
        let marks = self.answered.iter_mut().zip(codes);
        marks.for_each(|(answered, code)| *answered |= is_answer(*code));
        let lanes = self.last.iter_mut().zip(&mut self.run).zip(&mut self.best).zip(&mut self.runs).zip(codes);
        for ((((last, run), best), runs), code) in lanes {
            let answered = is_answer(*code);
            let same = answered && *code == *last;
            *run = if same { *run + 1 } else { u16::from(answered) };
            *best = (*best).max(*run);
            *runs += u16::from(!same);
            *last = *code;
        }
    }

    /// A step in which one code is as good as a gap.
    fn step_over(&mut self, codes: &[i8], floor: i8) {
        let marks = self.answered.iter_mut().zip(codes);
        marks.for_each(|(answered, code)| *answered |= is_answer(*code));
        let lanes = self.last.iter_mut().zip(&mut self.run).zip(&mut self.best).zip(&mut self.runs).zip(codes);
        for ((((last, run), best), runs), code) in lanes {
            let code = if *code == floor { BLANK } else { *code };
            let answered = is_answer(code);
            let same = answered && code == *last;
            *run = if same { *run + 1 } else { u16::from(answered) };
            *best = (*best).max(*run);
            *runs += u16::from(!same);
            *last = code;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validity::AnswerItem;

    fn one(codes: &[i8], index: LongString) -> Option<f64> {
        let items = (0..codes.len()).map(|at| AnswerItem::new(at.to_string(), &[0, 1, 2]).with_floor(0)).collect();
        let answers = Answers::from_codes(items, codes.iter().map(|code| vec![*code]).collect()).unwrap();
        index.run(&answers).get(0)
    }

    #[test]
    fn a_gap_ends_a_run_and_never_joins_one() {
        let longest = |codes: &[i8]| one(codes, LongString::default());
        assert_eq!(longest(&[1, 1, -128, 1, 1, 1]), Some(3.0));
        assert_eq!(longest(&[-128, -128, -128]), None);
        assert_eq!(longest(&[1, -126, -126, -126, 2]), Some(1.0));
        let average = LongString { length: RunLength::Average, ..LongString::default() };
        assert_eq!(one(&[1, 1, -128, -128, 2, 2], average), Some(6.0 / 4.0));
        let share = LongString { length: RunLength::LongestShare, ..LongString::default() };
        assert_eq!(one(&[1, 1, 1, 2], share), Some(0.75));
    }

    #[test]
    fn a_sheet_without_difficulty_has_no_run_when_the_floor_is_skipped() {
        let skip = LongString { floor: Floor::Skip, ..LongString::default() };
        assert_eq!(one(&[0, 0, 0, 0], skip), Some(0.0));
        assert_eq!(one(&[2, 0, 2, 2, 0], skip), Some(2.0));
    }
}
