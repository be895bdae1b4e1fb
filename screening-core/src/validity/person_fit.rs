//! Standardised log-likelihood of an answer pattern.

use serde::{Deserialize, Serialize};

use super::answers::Answers;
use super::column::{IndexColumn, over_blocks};
use super::error::ValidityError;
use crate::stats::ItemParameters;
use crate::stats::item_response::Curves;

/// Which statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitStatistic {
    /// lz*: corrected for theta being estimated from the same answers.
    #[default]
    LzStar,
    /// lz (for ordered answers also called lzp or Zh), as if theta were known.
    Lz,
}

/// How theta is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThetaEstimate {
    /// Warm's weighted likelihood; finite for every pattern.
    #[default]
    Wle,
    /// Maximum likelihood; there is none for the lowest and the highest pattern.
    Ml,
    /// Mode of the posterior with a standard normal prior.
    Map,
}

/// Person fit lz and lz*: is this pattern as likely as patterns of this severity usually are?
///
/// ```text
/// l    = sum over items of ln P_i(x_i)             at the estimated theta
/// E(l) = sum over items and answers of P ln P
/// V(l) = sum over items of ( sum P (ln P)^2 - (sum P ln P)^2 )
/// lz   = (l - E) / sqrt(V)
/// c    = sum P' ln P / sum P'^2 / P                 (covariance of l with the score function / information)
/// lz*  = (l - E + c r0) / sqrt(V - c^2 I)
/// r0   = 0 (ML), J / (2 I) with J = sum P' P'' / P (WLE), -theta (MAP)
/// ```
///
/// Both are about standard normal for a pupil who answers like the model, lz* also in short scales. Items without an
/// answer are left out. NaN when nothing was answered, when theta does not exist, and when the pattern leaves no room
/// (variance 0).
///
/// Lower is worse. Source: Drasgow, Levine & Williams 1985, Br J Math Stat Psychol 38:67 (lz, also for ordered answers);
/// Snijders 2001, Psychometrika 66:331 (lz*); Sinharay 2016, Psychometrika 81:992 (lz* for ordered answers). Default:
/// doubtful below -2.326, the lowest hundredth; among the indices tried on symptom lists this one depends least on severity
/// (Conijn et al. 2019, Multivar Behav Res 54:593).
///
/// ```
/// use screening_core::validity::{AnswerItem, Answers, FitStatistic, ItemParameters, PersonFit, ThetaEstimate};
/// let items = (1..=5).map(|id| AnswerItem::new(id.to_string(), &[0, 1])).collect();
/// // The first sheet passes the easy items, the second the hard ones.
/// let answers = Answers::from_codes(items, vec![vec![1, 0], vec![1, 0], vec![1, 0], vec![0, 1], vec![0, 1]])?;
/// let curves = [-2.0, -1.0, 0.0, 1.0, 2.0].map(|b| ItemParameters::Graded { a: 1.5, b: vec![b] });
/// let items = curves.into_iter().enumerate().collect();
/// let index = PersonFit::new(items, FitStatistic::LzStar, ThetaEstimate::Wle, answers.items())?;
/// let fit = index.run(&answers);
/// assert!(fit.get(0).unwrap() > 0.5 && fit.get(1).unwrap() < -2.326);
/// # Ok::<(), screening_core::validity::ValidityError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PersonFit {
    items: Vec<(usize, ItemParameters)>,
    statistic: FitStatistic,
    estimate: ThetaEstimate,
}

/// Range of theta that is searched.
const RANGE: f64 = 12.0;

/// Sums at one theta.
#[derive(Default)]
struct At {
    /// Derivative of the log-likelihood.
    score: f64,
    information: f64,
    j: f64,
    l: f64,
    expected: f64,
    variance: f64,
    covariance: f64,
}

impl PersonFit {
    /// Kind as written in plans.
    pub const KIND: &'static str = "person-fit";

    /// The index over the items of one scale, by position, each with its parameters.
    ///
    /// # Errors
    /// When parameters are not sound, a position names no choice item, or an item has another number of answers than its
    /// parameters; with fewer than two items.
    pub fn new(
        items: Vec<(usize, ItemParameters)>,
        statistic: FitStatistic,
        estimate: ThetaEstimate,
        form: &[super::AnswerItem],
    ) -> Result<Self, ValidityError> {
        if items.len() < 2 {
            return Err(ValidityError::parameter(Self::KIND, "items", items.len(), "two or more items"));
        }
        for (position, parameters) in &items {
            parameters.check().map_err(|e| ValidityError::parameter(Self::KIND, e.parameter, e.value, e.allowed))?;
            let item = form.get(*position).filter(|item| item.is_choice());
            let item =
                item.ok_or_else(|| ValidityError::NoSuchItem { index: Self::KIND, item: position.to_string() })?;
            if item.codes().len() != parameters.categories() {
                let value = format!("{} answers for item `{}`", parameters.categories(), item.id());
                let allowed = format!("{}, as the item has", item.codes().len());
                return Err(ValidityError::parameter(Self::KIND, "parameters", value, allowed));
            }
        }
        Ok(Self { items, statistic, estimate })
    }

    /// The value of every sheet.
    pub fn run(&self, answers: &Answers) -> IndexColumn {
        self.over(answers, |pattern, curves| self.theta(pattern, curves))
    }

    /// lz of every sheet at thetas estimated elsewhere, one a sheet; NaN where there is none.
    ///
    /// # Errors
    /// When the statistic is lz*, which has to know how theta was estimated, or the number of thetas is not that of the
    /// sheets.
    pub fn run_at(&self, answers: &Answers, thetas: &[f64]) -> Result<IndexColumn, ValidityError> {
        if self.statistic != FitStatistic::Lz {
            let allowed = "`lz` where theta is given";
            return Err(ValidityError::parameter(Self::KIND, "statistic", "lz-star", allowed));
        }
        if thetas.len() != answers.rows() {
            let allowed = format!("{} thetas, one a sheet", answers.rows());
            return Err(ValidityError::parameter(Self::KIND, "thetas", thetas.len(), allowed));
        }
        let mut column = vec![f64::NAN; answers.rows()];
        let mut curves = Curves::default();
        let mut pattern = Vec::new();
        for (row, (to, theta)) in column.iter_mut().zip(thetas).enumerate() {
            self.read(answers, row, &mut pattern);
            *to = self.value(&pattern, *theta, &mut curves);
        }
        Ok(IndexColumn::new(Self::KIND, column))
    }

    /// The estimated theta of every sheet; NaN where it does not exist.
    pub fn thetas(&self, answers: &Answers) -> Vec<f64> {
        self.each(answers, |pattern, curves| self.theta(pattern, curves))
    }

    fn over(
        &self,
        answers: &Answers,
        theta: impl Fn(&[(usize, usize)], &mut Curves) -> f64 + Sync + Send,
    ) -> IndexColumn {
        let values = self.each(answers, |pattern, curves| {
            let theta = theta(pattern, curves);
            self.value(pattern, theta, curves)
        });
        IndexColumn::new(Self::KIND, values)
    }

    /// A figure of every sheet's pattern.
    fn each(
        &self,
        answers: &Answers,
        figure: impl Fn(&[(usize, usize)], &mut Curves) -> f64 + Sync + Send,
    ) -> Vec<f64> {
        over_blocks(
            answers.rows(),
            f64::NAN,
            || (Vec::new(), Curves::default()),
            |start, (pattern, curves), to| {
                for (lane, to) in to.iter_mut().enumerate() {
                    self.read(answers, start + lane, pattern);
                    *to = figure(pattern, curves);
                }
            },
        )
    }

    /// The answered items (places among `self.items`) with their keyed answers.
    fn read(&self, answers: &Answers, row: usize, pattern: &mut Vec<(usize, usize)>) {
        pattern.clear();
        for (place, (position, _)) in self.items.iter().enumerate() {
            let item = answers.items().get(*position);
            let category = answers.code(*position, row).zip(item).and_then(|(code, item)| item.category(code));
            pattern.extend(category.map(|category| (place, category)));
        }
    }

    fn at(&self, pattern: &[(usize, usize)], theta: f64, curves: &mut Curves) -> At {
        let mut at = At::default();
        for (place, answer) in pattern {
            let Some((_, parameters)) = self.items.get(*place) else { continue };
            parameters.curves(theta, curves);
            let (mut mean, mut square) = (0.0, 0.0);
            for ((p, first), second) in curves.p.iter().zip(&curves.first).zip(&curves.second) {
                if *p <= 0.0 {
                    // Beyond what a double can hold: the answer carries nothing.
                    continue;
                }
                let ln = p.ln();
                mean += p * ln;
                square += p * ln * ln;
                at.information += first * first / p;
                at.j += first * second / p;
                at.covariance += first * ln;
            }
            at.expected += mean;
            at.variance += square - mean * mean;
            let (p, first) = (curves.p.get(*answer).copied(), curves.first.get(*answer).copied());
            let (p, first) = (p.unwrap_or(f64::NAN), first.unwrap_or(f64::NAN));
            at.l += p.ln();
            at.score += first / p;
        }
        at
    }

    fn value(&self, pattern: &[(usize, usize)], theta: f64, curves: &mut Curves) -> f64 {
        if pattern.is_empty() || theta.is_nan() {
            return f64::NAN;
        }
        let at = self.at(pattern, theta, curves);
        let (numerator, variance) = match self.statistic {
            FitStatistic::Lz => (at.l - at.expected, at.variance),
            FitStatistic::LzStar => {
                let c = at.covariance / at.information;
                (at.l - at.expected + c * self.r0(&at, theta), at.variance - c * c * at.information)
            }
        };
        // With equal items the pattern says nothing beyond the score: what is left is rounding.
        if variance <= 1e-12 * at.variance.max(f64::MIN_POSITIVE) { f64::NAN } else { numerator / variance.sqrt() }
    }

    fn r0(&self, at: &At, theta: f64) -> f64 {
        match self.estimate {
            ThetaEstimate::Ml => 0.0,
            ThetaEstimate::Wle => at.j / (2.0 * at.information),
            ThetaEstimate::Map => -theta,
        }
    }

    /// Root of score + r0, between two thetas where the sign changes; NaN when there is none.
    fn theta(&self, pattern: &[(usize, usize)], curves: &mut Curves) -> f64 {
        let options = |place: &usize| self.items.get(*place).map_or(0, |(_, item)| item.categories());
        let lowest = pattern.iter().all(|(_, answer)| *answer == 0);
        let highest = pattern.iter().all(|(place, answer)| answer + 1 == options(place));
        if pattern.is_empty() || (self.estimate == ThetaEstimate::Ml && (lowest || highest)) {
            return f64::NAN;
        }
        // NaN counts as no change of sign: the search goes on, and ends without a root.
        let mut slope = |theta: f64| {
            let at = self.at(pattern, theta, curves);
            at.score + self.r0(&at, theta)
        };
        let beyond = |value: f64, sign: f64| value.is_nan() || value * sign <= 0.0;
        // From the middle outwards, so that of several roots (three-parameter model) the most ordinary one is taken.
        let (mut low, mut high) = (-1.0, 1.0);
        while low > -RANGE && beyond(slope(low), 1.0) {
            low -= 1.0;
        }
        while high < RANGE && beyond(slope(high), -1.0) {
            high += 1.0;
        }
        illinois(&mut slope, low, high)
    }
}

/// Regula falsi with the Illinois correction: brackets the root at every step, and is fast near it.
fn illinois(f: &mut impl FnMut(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let (mut at_low, mut at_high) = (f(low), f(high));
    if !(at_low > 0.0 && at_high < 0.0) {
        return f64::NAN;
    }
    let mut side = 0_i8;
    for _ in 0..200 {
        let middle = (low * at_high - high * at_low) / (at_high - at_low);
        let at = f(middle);
        if at == 0.0 || (high - low).abs() < 1e-13 {
            return middle;
        }
        if at > 0.0 {
            if (middle - low).abs() < 1e-14 {
                return middle;
            }
            (low, at_low) = (middle, at);
            if side == 1 {
                at_high /= 2.0;
            }
            side = 1;
        } else {
            if (high - middle).abs() < 1e-14 {
                return middle;
            }
            (high, at_high) = (middle, at);
            if side == -1 {
                at_low /= 2.0;
            }
            side = -1;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validity::AnswerItem;

    fn scale() -> (Vec<AnswerItem>, Vec<(usize, ItemParameters)>) {
        let form = (1..=4).map(|id| AnswerItem::new(id.to_string(), &[0, 1, 2])).collect();
        let curves = vec![
            ItemParameters::Graded { a: 1.4, b: vec![-0.6, 0.8] },
            ItemParameters::Graded { a: 0.9, b: vec![-1.5, 0.1] },
            ItemParameters::PartialCredit { a: 1.1, b: vec![0.4, 0.9] },
            ItemParameters::Graded { a: 2.0, b: vec![0.0, 1.6] },
        ];
        (form, curves.into_iter().enumerate().collect())
    }

    fn all_patterns() -> Vec<Vec<i8>> {
        (0..4_u32).map(|item| (0..81_u32).map(|n| (n / 3_u32.pow(item) % 3) as i8).collect()).collect()
    }

    /// Over all 81 patterns, weighted by their probability at theta, lz has mean 0 and variance 1 exactly.
    #[test]
    fn lz_is_standardised_at_the_true_theta() {
        let (form, items) = scale();
        let answers = Answers::from_codes(form.clone(), all_patterns()).unwrap();
        let index = PersonFit::new(items.clone(), FitStatistic::Lz, ThetaEstimate::Ml, &form).unwrap();
        for theta in [-1.3, 0.0, 2.1] {
            let lz = index.run_at(&answers, &[theta; 81]).unwrap();
            let mut curves = Curves::default();
            let mut sums = [0.0; 3];
            for row in 0..81 {
                let mut weight = 1.0;
                for (item, parameters) in &items {
                    parameters.curves(theta, &mut curves);
                    weight *= curves.p[answers.code(*item, row).unwrap() as usize];
                }
                let value = lz.get(row).unwrap();
                sums = [sums[0] + weight, sums[1] + weight * value, sums[2] + weight * value * value];
            }
            assert!(
                (sums[0] - 1.0).abs() < 1e-13 && sums[1].abs() < 1e-13 && (sums[2] - 1.0).abs() < 1e-13,
                "{sums:?}"
            );
        }
    }

    /// Each estimate solves its own equation.
    #[test]
    fn theta_solves_its_equation() {
        let (form, items) = scale();
        let answers = Answers::from_codes(form.clone(), all_patterns()).unwrap();
        for estimate in [ThetaEstimate::Wle, ThetaEstimate::Ml, ThetaEstimate::Map] {
            let index = PersonFit::new(items.clone(), FitStatistic::LzStar, estimate, &form).unwrap();
            let thetas = index.thetas(&answers);
            let (mut pattern, mut curves) = (Vec::new(), Curves::default());
            let mut found = 0;
            for (row, theta) in thetas.iter().enumerate().filter(|(_, theta)| !theta.is_nan()) {
                index.read(&answers, row, &mut pattern);
                let at = index.at(&pattern, *theta, &mut curves);
                assert!((at.score + index.r0(&at, *theta)).abs() < 1e-10, "{estimate:?} {pattern:?}");
                found += 1;
            }
            // There is no maximum for the lowest and the highest pattern.
            assert_eq!(found, if estimate == ThetaEstimate::Ml { 79 } else { 81 });
            let lz = index.run(&answers);
            assert_eq!(lz.get(0).is_some(), estimate != ThetaEstimate::Ml);
        }
    }

    #[test]
    fn gaps_are_left_out_and_nothing_to_go_by_says_nothing() {
        let (form, items) = scale();
        let columns = vec![vec![2, -128], vec![0, -128], vec![-128, -128], vec![1, -128]];
        let answers = Answers::from_codes(form.clone(), columns).unwrap();
        let index = PersonFit::new(items.clone(), FitStatistic::LzStar, ThetaEstimate::Wle, &form).unwrap();
        let fit = index.run(&answers);
        let shorter: Vec<_> = items.iter().filter(|(item, _)| *item != 2).cloned().collect();
        let alone = PersonFit::new(shorter, FitStatistic::LzStar, ThetaEstimate::Wle, &form).unwrap().run(&answers);
        assert_eq!((fit.get(0), fit.get(1)), (alone.get(0), None));

        // Equal Rasch items: the score is all there is.
        let form: Vec<_> = (0..3).map(|id| AnswerItem::new(id.to_string(), &[0, 1])).collect();
        let items = (0..3).map(|at| (at, ItemParameters::Graded { a: 1.0, b: vec![0.3] })).collect();
        let answers = Answers::from_codes(form.clone(), vec![vec![1], vec![0], vec![1]]).unwrap();
        let index = PersonFit::new(items, FitStatistic::LzStar, ThetaEstimate::Wle, &form).unwrap();
        assert_eq!(index.run(&answers).get(0), None);
    }

    #[test]
    fn parameters_that_do_not_fit_the_items_are_refused() {
        let (form, mut items) = scale();
        items[1].1 = ItemParameters::Graded { a: 1.0, b: vec![0.0] };
        assert!(PersonFit::new(items.clone(), FitStatistic::Lz, ThetaEstimate::Ml, &form).is_err());
        items[1] = (9, ItemParameters::Graded { a: 1.0, b: vec![0.0, 1.0] });
        assert!(PersonFit::new(items.clone(), FitStatistic::Lz, ThetaEstimate::Ml, &form).is_err());
        assert!(PersonFit::new(items[..1].to_vec(), FitStatistic::Lz, ThetaEstimate::Ml, &form).is_err());
        let (form, items) = scale();
        let answers = Answers::from_codes(form.clone(), vec![vec![1]; 4]).unwrap();
        let star = PersonFit::new(items.clone(), FitStatistic::LzStar, ThetaEstimate::Wle, &form).unwrap();
        assert!(star.run_at(&answers, &[0.0]).is_err());
        let lz = PersonFit::new(items, FitStatistic::Lz, ThetaEstimate::Wle, &form).unwrap();
        assert!(lz.run_at(&answers, &[0.0, 1.0]).is_err());
    }
}
