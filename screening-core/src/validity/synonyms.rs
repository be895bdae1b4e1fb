//! Psychometric synonyms and antonyms.

use serde::{Deserialize, Serialize};

use super::answers::{Answers, is_answer};
use super::column::{IndexColumn, block_of, over_blocks};
use super::error::ValidityError;
use super::moments::PairMoments;

/// Synonyms or antonyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PairKind {
    /// Items that nearly everybody answers alike.
    Synonyms,
    /// Items that nearly everybody answers in opposite ways.
    Antonyms,
}

/// Psychometric synonyms (or antonyms): over pairs of items that correlate highly in the whole wave, the correlation
/// within one pupil.
///
/// ```text
/// pairs = items i > j with r_ij > critical (synonyms) or r_ij < -critical (antonyms), r over the raw codes of the wave
/// index = correlation of (x_i, x_j) over the pairs that the pupil answered
/// ```
///
/// In each pair the later item comes first, as in careless: turning single pairs round would change the correlation. NaN
/// with fewer than three answered pairs, and where one side does not vary. Numerator and denominator are integers.
///
/// Unit: -1 to 1. Synonyms: lower is worse; antonyms: higher is worse. Source: Meade & Craig 2012, Psychol Methods
/// 17:437 (pairs above .60); figures as `careless::psychsyn` with `resample_na = FALSE`. Published limits: below .22 for
/// synonyms and above -.03 for antonyms (Meade & Craig 2012, Johnson 2005). Default plan: the first and the 99th percentile
/// of the wave.
///
/// ```
/// use screening_core::validity::{AnswerItem, Answers, PairKind, Synonyms};
/// let items = (1..=6).map(|id| AnswerItem::new(id.to_string(), &[0, 1, 2])).collect();
/// let answers = Answers::from_codes(items, [0, 0, 1, 1, 2, 2].map(|code| vec![code]).to_vec())?;
/// let index = Synonyms::new(PairKind::Synonyms, vec![(1, 0), (3, 2), (5, 4)])?;
/// assert_eq!(index.run(&answers).get(0), Some(1.0));
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Synonyms {
    kind: PairKind,
    pairs: Vec<(usize, usize)>,
}

/// Answered pairs below which the index says nothing.
const FEWEST: i64 = 3;

impl Synonyms {
    /// The index over known pairs, for example those of an earlier wave.
    ///
    /// # Errors
    /// With fewer than three pairs.
    pub fn new(kind: PairKind, pairs: Vec<(usize, usize)>) -> Result<Self, ValidityError> {
        if (pairs.len() as i64) < FEWEST {
            return Err(ValidityError::Unfit {
                index: kind.index(),
                why: format!(
                    "{} pair(s) of items correlate highly enough, three are needed; lower `critical`, or leave the rule out",
                    pairs.len()
                ),
            });
        }
        Ok(Self { kind, pairs })
    }

    /// The pairs of a wave that correlate beyond `critical`.
    ///
    /// # Errors
    /// When `critical` is not between 0 and 1, or fewer than three pairs are found.
    pub fn find(kind: PairKind, moments: &PairMoments, critical: f64) -> Result<Self, ValidityError> {
        if !(0.0..1.0).contains(&critical) {
            return Err(ValidityError::parameter(
                kind.index(),
                "critical",
                critical,
                "a correlation from 0 to below 1",
            ));
        }
        let mut pairs = Vec::new();
        for (j, earlier) in moments.items().iter().enumerate() {
            for (i, later) in moments.items().iter().enumerate().skip(j + 1) {
                let r = moments.correlation(i, j);
                let high = match kind {
                    PairKind::Synonyms => r > critical,
                    PairKind::Antonyms => r < -critical,
                };
                if high {
                    pairs.push((*later, *earlier));
                }
            }
        }
        Self::new(kind, pairs)
    }

    /// The pairs, the later item first.
    pub fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }

    /// The value of every sheet.
    pub fn run(&self, answers: &Answers) -> IndexColumn {
        let values = over_blocks(answers.rows(), f64::NAN, Lanes::default, |start, lanes, to| {
            lanes.clear(to.len());
            for (later, earlier) in &self.pairs {
                let (x, y) = (answers.column(*later), answers.column(*earlier));
                lanes.add(block_of(x, start, to.len()), block_of(y, start, to.len()));
            }
            lanes.correlations(to);
        });
        IndexColumn::new(self.kind.index(), values)
    }
}

impl PairKind {
    /// Kind of the index as written in plans.
    pub fn index(self) -> &'static str {
        match self {
            Self::Synonyms => "synonyms",
            Self::Antonyms => "antonyms",
        }
    }
}

/// n, sums, squares, products.
#[derive(Default)]
struct Lanes {
    n: Vec<i32>,
    x: Vec<i32>,
    y: Vec<i32>,
    xx: Vec<i32>,
    yy: Vec<i32>,
    xy: Vec<i32>,
}

impl Lanes {
    fn clear(&mut self, len: usize) {
        for sums in [&mut self.n, &mut self.x, &mut self.y, &mut self.xx, &mut self.yy, &mut self.xy] {
            sums.clear();
            sums.resize(len, 0);
        }
    }

    fn add(&mut self, x: &[i8], y: &[i8]) {
        let firsts = self.n.iter_mut().zip(&mut self.x).zip(&mut self.y);
        let seconds = self.xx.iter_mut().zip(&mut self.yy).zip(&mut self.xy);
        for ((((n, sx), sy), ((xx, yy), xy)), (x, y)) in firsts.zip(seconds).zip(x.iter().zip(y)) {
            let both = i32::from(is_answer(*x) & is_answer(*y));
            let (x, y) = (i32::from(*x) * both, i32::from(*y) * both);
            *n += both;
            *sx += x;
            *sy += y;
            *xx += x * x;
            *yy += y * y;
            *xy += x * y;
        }
    }

    fn correlations(&self, to: &mut [f64]) {
        let firsts = self.n.iter().zip(&self.x).zip(&self.y);
        let seconds = self.xx.iter().zip(&self.yy).zip(&self.xy);
        for ((((n, x), y), ((xx, yy), xy)), to) in firsts.zip(seconds).zip(to) {
            let [n, x, y, xx, yy, xy] = [n, x, y, xx, yy, xy].map(|sum| i64::from(*sum));
            // A side that does not vary gives 0/0.
            let r = (n * xy - x * y) as f64 / (((n * xx - x * x) as f64).sqrt() * ((n * yy - y * y) as f64).sqrt());
            *to = if n < FEWEST { f64::NAN } else { r.clamp(-1.0, 1.0) };
        }
    }
}
