//! Time spent on a question.

use super::column::IndexColumn;
use super::error::ValidityError;

/// Seconds spent on a question, on average over the whole form.
///
/// ```text
/// value = duration of the form in seconds / number of questions on the form
/// ```
///
/// The duration is that of everything the pupil answered in one go: with several instruments on one form it is divided by
/// the questions of all of them. NaN where no duration is known, or it is not positive.
///
/// Lower is worse. Source: Huang, Curran, Keeney, Poposki & DeShon 2012, J Bus Psychol 27:99. Default: too fast below two
/// seconds a question (the same). One-word questions take less: adapt the threshold to the form.
///
/// ```
/// use screening_core::validity::ResponseTime;
/// let index = ResponseTime::new(90)?;
/// assert_eq!(index.run(&[Some(540.0), Some(90.0), None, Some(0.0)]).values()[..2], [6.0, 1.0]);
/// assert_eq!(index.run(&[None, Some(-3.0)]).get(1), None);
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseTime {
    questions: usize,
}

impl ResponseTime {
    /// Kind as written in plans.
    pub const KIND: &'static str = "response-time";

    /// The index for a form with this number of questions.
    ///
    /// # Errors
    /// Without a question.
    pub fn new(questions: usize) -> Result<Self, ValidityError> {
        if questions == 0 {
            return Err(ValidityError::parameter(Self::KIND, "questions", 0, "one question or more"));
        }
        Ok(Self { questions })
    }

    /// The value of every sheet from its duration in seconds.
    pub fn run(&self, durations: &[Option<f64>]) -> IndexColumn {
        let values = durations.iter().map(|duration| each(*duration, self.questions));
        IndexColumn::new(Self::KIND, values.collect())
    }
}

/// The fastest page: seconds spent on a question of the page that was answered fastest.
///
/// ```text
/// value = smallest of (seconds on the page / questions on the page) over the pages with a known time
/// ```
///
/// NaN where no time of a page is known. Lower is worse. Source and default as for [`ResponseTime`]: Huang et al. looked
/// at pages. A pupil who read most of the form and clicked through the last page is seen here only.
///
/// ```
/// use screening_core::validity::PageTime;
/// let index = PageTime::new(vec![10, 20])?;
/// let pages = [vec![Some(60.0), None], vec![Some(30.0), None]];
/// assert_eq!(index.run(&pages)?.get(0), Some(1.5));
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageTime {
    questions: Vec<usize>,
}

impl PageTime {
    /// Kind as written in plans.
    pub const KIND: &'static str = "page-time";

    /// The index for pages with these numbers of questions.
    ///
    /// # Errors
    /// Without a page, or with a page without a question.
    pub fn new(questions: Vec<usize>) -> Result<Self, ValidityError> {
        if questions.is_empty() || questions.contains(&0) {
            let allowed = "pages of one question or more";
            return Err(ValidityError::parameter(Self::KIND, "questions", format!("{questions:?}"), allowed));
        }
        Ok(Self { questions })
    }

    /// The value of every sheet from the seconds spent on each page, page by page.
    ///
    /// # Errors
    /// When there is not one column for each page, or they differ in length.
    pub fn run(&self, pages: &[Vec<Option<f64>>]) -> Result<IndexColumn, ValidityError> {
        if pages.len() != self.questions.len() {
            return Err(ValidityError::Columns { items: self.questions.len(), columns: pages.len() });
        }
        let rows = pages.first().map_or(0, Vec::len);
        let mut values = vec![f64::NAN; rows];
        for (number, (page, questions)) in pages.iter().zip(&self.questions).enumerate() {
            if page.len() != rows {
                let item = format!("page {}", number + 1);
                return Err(ValidityError::Length { item, expected: rows, found: page.len() });
            }
            for (value, time) in values.iter_mut().zip(page) {
                // The minimum of a number and NaN is the number.
                *value = value.min(each(*time, *questions));
            }
        }
        Ok(IndexColumn::new(Self::KIND, values))
    }
}

fn each(duration: Option<f64>, questions: usize) -> f64 {
    match duration {
        Some(seconds) if seconds.is_finite() && seconds > 0.0 => seconds / questions as f64,
        _ => f64::NAN,
    }
}
