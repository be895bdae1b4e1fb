//! Item analysis: what each item does in this population.

mod person;
mod statistics;

use rayon::prelude::*;
use serde::Serialize;

use super::algebra::squared_multiple_correlations;
use super::{EstimationError, PairSums, Responses};
use crate::instrument::Text;
use crate::texts::{Fill, say};
pub(crate) use person::Persons;
pub use person::{MissingPattern, missing_patterns};
pub use statistics::{Describe, SkewType};

/// Item analysis of a scale whose items are keyed the same way.
///
/// ```
/// use screening_core::psychometrics::{ItemAnalysis, Responses};
///
/// let rows = [[0, 1, 0], [1, 1, 0], [2, 3, 1], [3, 3, 2], [1, 2, 2]].map(|row| row.map(Some));
/// let analysis = ItemAnalysis { range: Some((0, 3)), ..ItemAnalysis::default() };
/// let found = analysis.fit(&Responses::from_rows(["a", "b", "c"], &rows)?)?;
/// assert_eq!(found.items[1].describe.mean, 2.0);
/// assert_eq!(found.items[1].ceiling, 0.4);
/// assert!(found.items[0].item_rest > 0.8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ItemAnalysis {
    /// Lowest and highest code that the instrument offers; the observed ones of each item when not given.
    pub range: Option<(i16, i16)>,
    /// Share of persons in each of the two groups of the discrimination index (Kelley 1939: 27 %).
    pub tail: f64,
    /// Which skew and kurtosis.
    pub skew: SkewType,
}

impl Default for ItemAnalysis {
    fn default() -> Self {
        Self { range: None, tail: 0.27, skew: SkewType::default() }
    }
}

/// How often one option was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OptionUse {
    /// The code.
    pub code: i16,
    /// Persons.
    pub count: u64,
    /// Share of those who answered.
    pub share: f64,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemFigures {
    /// Its name.
    pub item: String,
    /// Persons who did not answer.
    pub missing: u64,
    /// Mean, deviation, skew and the like.
    pub describe: Describe,
    /// `(mean - lowest) / (highest - lowest)`: for answers of yes and no the share of yes.
    pub endorsement: f64,
    /// Share at the lowest code.
    pub floor: f64,
    /// Share at the highest code.
    pub ceiling: f64,
    /// How often each option was chosen, ascending; with a stated range also the options that nobody chose.
    pub options: Vec<OptionUse>,
    /// Correlation with the person's mean over the answered items, the item itself among them (`raw.r` of psych).
    pub item_total: f64,
    /// Correlation of the standardised item with the sum of the standardised items (`std.r`).
    pub item_total_standardised: f64,
    /// Item-total correlation corrected for overlap by the squared multiple correlation (`r.cor`); NaN with two items.
    pub item_total_corrected: f64,
    /// Correlation with the sum of the other items, from the covariances (`r.drop`).
    pub item_rest: f64,
    /// Difference of the means in the upper and the lower group by total, over the range. NaN when nobody answered all.
    pub discrimination: f64,
}

/// The total over persons who answered every item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TotalFigures {
    /// Its moments.
    pub describe: Describe,
    /// Share at the lowest total that the range allows.
    pub floor: f64,
    /// Share at the highest.
    pub ceiling: f64,
}

/// Item analysis of one scale.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemReport {
    /// Persons.
    pub persons: usize,
    /// Persons who answered every item.
    pub complete: usize,
    /// The items.
    pub items: Vec<ItemFigures>,
    /// The total; none when nobody answered every item.
    pub total: Option<TotalFigures>,
    /// Patterns of missing answers, the most frequent first.
    pub missing_patterns: Vec<MissingPattern>,
}

impl ItemAnalysis {
    /// Analyses the items.
    ///
    /// # Errors
    /// Fewer than two items, an item that does not vary, a pair that nobody answered, a code outside the range, a tail
    /// that is not between 0 and one half.
    pub fn fit(&self, responses: &Responses) -> Result<ItemReport, EstimationError> {
        let k = responses.items();
        if k < 2 {
            return Err(EstimationError::TooFewItems { method: "an item analysis", needed: 2, found: k });
        }
        if !(self.tail > 0.0 && self.tail <= 0.5) {
            return Err(EstimationError::option("tail", self.tail, "it lies above 0 and at most at 0.5"));
        }
        let uses = statistics::option_use(responses, self.range)?;
        let sums = PairSums::of(responses);
        let (covariance, correlation) = (sums.covariances()?, sums.correlations()?);
        let persons = Persons::of(responses);
        let smc = squared_multiple_correlations(&correlation)?;
        let mut adjusted = correlation.clone();
        adjusted.set_diagonal(&smc);
        let (sum, own) = (covariance.sum(), adjusted.sum());
        let tails = persons.tails(self.tail);
        let items = (0..k).into_par_iter().map(|at| {
            let (lowest, highest) = uses[at].range;
            let rest = covariance.row(at).sum() - covariance[(at, at)];
            let rest_variance = sum - 2.0 * rest - covariance[(at, at)];
            let describe = uses[at].describe(self.skew);
            let share = |code: i16| uses[at].share(code);
            ItemFigures {
                item: responses.names()[at].clone(),
                missing: responses.persons() as u64 - describe.n,
                endorsement: (describe.mean - f64::from(lowest)) / (f64::from(highest) - f64::from(lowest)),
                floor: share(lowest),
                ceiling: share(highest),
                options: uses[at].options(),
                item_total: persons.item_total(responses.raw(at)),
                item_total_standardised: correlation.row(at).sum() / correlation.sum().sqrt(),
                item_total_corrected: if k > 2 { adjusted.row(at).sum() / own.sqrt() } else { f64::NAN },
                item_rest: rest / (covariance[(at, at)] * rest_variance).sqrt(),
                discrimination: persons.discrimination(responses.raw(at), tails)
                    / (f64::from(highest) - f64::from(lowest)),
                describe,
            }
        });
        let items = items.collect();
        let lowest = uses.iter().map(|uses| i64::from(uses.range.0)).sum();
        let highest = uses.iter().map(|uses| i64::from(uses.range.1)).sum();
        Ok(ItemReport {
            persons: responses.persons(),
            complete: persons.complete(),
            items,
            total: persons.total(lowest, highest, self.skew),
            missing_patterns: missing_patterns(responses),
        })
    }
}

impl ItemReport {
    /// Items that go against the rest: their correlation with it is negative, so they may be keyed the other way.
    pub fn against_the_rest(&self) -> impl Iterator<Item = &ItemFigures> {
        self.items.iter().filter(|item| item.item_rest < 0.0)
    }

    /// What was computed, on whom, and what to look at.
    pub fn explain(&self) -> Vec<Text> {
        let (persons, complete) = (self.persons.to_string(), self.complete.to_string());
        let fills = [("persons", Fill::Same(persons.as_str())), ("complete", Fill::Same(complete.as_str()))];
        let mut texts = vec![say("items.persons", &fills), say("items.columns", &[])];
        let against: Vec<&str> = self.against_the_rest().map(|item| item.item.as_str()).collect();
        if !against.is_empty() {
            texts.push(say("items.against", &[("items", Fill::Same(&against.join(", ")))]));
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn responses() -> Responses {
        let rows = [
            [Some(0), Some(3), Some(1)],
            [Some(1), Some(2), None],
            [Some(2), Some(1), Some(2)],
            [Some(3), Some(0), Some(3)],
            [Some(1), None, None],
            [Some(1), Some(2), None],
        ];
        Responses::from_rows(["a", "b", "c"], &rows).unwrap()
    }

    #[test]
    fn figures_by_hand() {
        let found = ItemAnalysis { range: Some((0, 4)), ..ItemAnalysis::default() }.fit(&responses()).unwrap();
        assert_eq!((found.persons, found.complete), (6, 3));
        let a = &found.items[0];
        assert!((a.describe.mean - 8.0 / 6.0).abs() < 1e-15);
        assert!((a.endorsement - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!((a.missing, a.floor, a.ceiling), (0, 1.0 / 6.0, 0.0));
        assert_eq!(a.options.iter().map(|o| o.count).collect::<Vec<_>>(), [1, 3, 1, 1, 0]);
        assert_eq!(found.against_the_rest().map(|i| i.item.as_str()).collect::<Vec<_>>(), ["b"]);
        // Totals 4, 5, 6: upper group the 6, lower the 4; a has 3 and 0 there.
        assert_eq!(a.discrimination, 0.75);
        let total = found.total.as_ref().unwrap();
        assert_eq!((total.describe.mean, total.floor), (5.0, 0.0));
        let patterns: Vec<_> = found.missing_patterns.iter().map(|p| (p.items.as_slice(), p.persons)).collect();
        assert_eq!(patterns, [(&[2_usize][..], 2), (&[1, 2][..], 1)]);
        assert_eq!(found.explain().len(), 3);
    }

    #[test]
    fn codes_outside_the_range_and_constants_are_refused() {
        let error = ItemAnalysis { range: Some((0, 2)), ..ItemAnalysis::default() }.fit(&responses()).unwrap_err();
        assert!(error.to_string().contains("`a`"), "{error}");
        assert!(ItemAnalysis { tail: 0.0, ..ItemAnalysis::default() }.fit(&responses()).is_err());
        let rows = [[Some(1), Some(1)], [Some(1), Some(2)]];
        let error = ItemAnalysis::default().fit(&Responses::from_rows(["x", "y"], &rows).unwrap()).unwrap_err();
        assert_eq!(error, EstimationError::Constant { item: "x".to_owned() });
    }
}
