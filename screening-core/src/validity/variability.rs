//! Intra-individual response variability.

use super::answers::{Answers, is_answer};
use super::column::{IndexColumn, block_of, over_blocks};

/// Intra-individual response variability (IRV): the standard deviation of a pupil's own answers.
///
/// ```text
/// IRV = sqrt( (n sum x^2 - (sum x)^2) / (n (n - 1)) ),  x the raw codes of the n answered choice items
/// ```
///
/// Numerator and denominator are integers, so the value is correct to the last bit. NaN with fewer than two answers.
///
/// Unit: codes. Low values suggest the same answer throughout, high ones random answers. Source: Dunn, Heggestad, Shanock
/// & Theilgard 2018, J Bus Psychol 33:105; figures as `careless::irv`. There is no absolute threshold: the paper
/// looks at the lowest values of a sample. The value follows severity (Conijn et al. 2019), so the default plan reports
/// it and does not judge by it.
///
/// ```
/// use screening_core::validity::{AnswerItem, Answers, ResponseVariability};
/// let items = (1..=4).map(|id| AnswerItem::new(id.to_string(), &[1, 2, 3, 4, 5])).collect();
/// let answers = Answers::from_codes(items, [1, 2, 4, 5].map(|code| vec![code]).to_vec())?;
/// assert_eq!(ResponseVariability.run(&answers).get(0), Some((10.0_f64 / 3.0).sqrt()));
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResponseVariability;

#[derive(Default)]
struct Lanes {
    n: Vec<i32>,
    sum: Vec<i32>,
    squares: Vec<i32>,
}

impl ResponseVariability {
    /// Kind as written in plans.
    pub const KIND: &'static str = "variability";

    /// The value of every sheet.
    pub fn run(&self, answers: &Answers) -> IndexColumn {
        let columns = answers.columns(&answers.choices());
        let values = over_blocks(answers.rows(), f64::NAN, Lanes::default, |start, lanes, to| {
            for sums in [&mut lanes.n, &mut lanes.sum, &mut lanes.squares] {
                sums.clear();
                sums.resize(to.len(), 0);
            }
            for column in &columns {
                let sums = lanes.n.iter_mut().zip(&mut lanes.sum).zip(&mut lanes.squares);
                for (((n, sum), squares), code) in sums.zip(block_of(column, start, to.len())) {
                    let answered = i32::from(is_answer(*code));
                    let value = i32::from(*code) * answered;
                    *n += answered;
                    *sum += value;
                    *squares += value * value;
                }
            }
            for (((to, n), sum), squares) in to.iter_mut().zip(&lanes.n).zip(&lanes.sum).zip(&lanes.squares) {
                let (n, sum, squares) = (i64::from(*n), i64::from(*sum), i64::from(*squares));
                // 0/0 = NaN with one answer and with none.
                *to = ((n * squares - sum * sum) as f64 / (n * (n - 1)) as f64).sqrt();
            }
        });
        IndexColumn::new(Self::KIND, values)
    }
}
