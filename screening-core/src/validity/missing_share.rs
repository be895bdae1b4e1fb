//! Share of questions left without an answer.

use super::answers::{Answers, is_answer};
use super::column::{IndexColumn, block_of, over_blocks};
use crate::answers::Missing;

/// Share of the questions put to the pupil that were left without an answer.
///
/// ```text
/// share = (skipped + refused + not allowed) / (items - not shown)
/// ```
///
/// An item with a skip rule does not count: a blank there may be the right answer. NaN when no question was put.
///
/// Unit: 0 to 1. Higher is worse. Default: invalid above 0.5, doubtful above 0.2. The first is our own rule; a fifth is
/// the usual tolerance for scale scores (Downey & King 1998, J Soc Psychol 138:175).
///
/// ```
/// use screening_core::validity::{AnswerItem, Answers, MissingShare};
/// let items = (1..=4).map(|id| AnswerItem::new(id.to_string(), &[0, 1])).collect();
/// // Answered, skipped, not shown, refused: two of the three questions put are open.
/// let answers = Answers::from_codes(items, vec![vec![1], vec![-128], vec![-126], vec![-127]])?;
/// assert_eq!(MissingShare.run(&answers).get(0), Some(2.0 / 3.0));
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MissingShare;

impl MissingShare {
    /// Kind as written in plans.
    pub const KIND: &'static str = "missing-share";

    /// The share of every sheet.
    pub fn run(&self, answers: &Answers) -> IndexColumn {
        let asked: Vec<usize> =
            answers.items().iter().enumerate().filter(|(_, item)| item.is_always_asked()).map(|(at, _)| at).collect();
        let columns = answers.columns(&asked);
        let not_shown = Missing::NotShown.code();
        let values = over_blocks(
            answers.rows(),
            f64::NAN,
            || (Vec::new(), Vec::new()),
            |start, (open, put): &mut (Vec<u16>, Vec<u16>), to| {
                for counts in [&mut *open, &mut *put] {
                    counts.clear();
                    counts.resize(to.len(), 0);
                }
                for column in &columns {
                    let codes = block_of(column, start, to.len());
                    for ((open, put), code) in open.iter_mut().zip(put.iter_mut()).zip(codes) {
                        let shown = u16::from(*code != not_shown);
                        *put += shown;
                        *open += shown & u16::from(!is_answer(*code));
                    }
                }
                for ((to, open), put) in to.iter_mut().zip(&*open).zip(&*put) {
                    *to = f64::from(*open) / f64::from(*put);
                }
            },
        );
        IndexColumn::new(Self::KIND, values)
    }
}
