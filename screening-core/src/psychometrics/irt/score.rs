//! Theta of each person from known item parameters.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bank::{Coded, ItemBank};
use super::nodes::{Layout, posterior};
use super::quadrature::{Prior, Quadrature};
use super::{IrtError, solve};
use crate::psychometrics::Responses;
use crate::stats::item_response::Curves;

/// How theta is estimated from a pattern of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// Mean of the posterior; its standard error is the standard deviation of the posterior.
    #[default]
    Eap,
    /// Mode of the posterior; standard error from the curvature there.
    Map,
    /// Maximum of the likelihood; there is none for the lowest and the highest pattern. Standard error from the curvature.
    Ml,
    /// Warm's weighted likelihood: finite for every pattern, bias of order 1/n only. Standard error from the expected
    /// information.
    Wle,
}

/// How persons are scored.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreOptions {
    /// The estimator.
    pub estimator: Estimator,
    /// Distribution of theta assumed by EAP and MAP.
    pub prior: Prior,
    /// Points for EAP.
    pub quadrature: Quadrature,
}

impl Default for ScoreOptions {
    fn default() -> Self {
        Self { estimator: Estimator::Eap, prior: Prior::default(), quadrature: Quadrature::SCORING }
    }
}

/// Whether a person has a theta, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScoreState {
    /// There is an estimate.
    Estimated,
    /// Nothing was answered.
    NoAnswers,
    /// Every answer is the lowest: the likelihood has no maximum.
    Lowest,
    /// Every answer is the highest: the likelihood has no maximum.
    Highest,
    /// No maximum within 25 units of zero.
    NoMaximum,
}

/// Theta of one person with its standard error; both NaN where there is no estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PersonScore {
    /// The estimate.
    pub theta: f64,
    /// Its standard error.
    pub se: f64,
    /// Whether there is one.
    pub state: ScoreState,
}

impl PersonScore {
    pub(crate) fn none(state: ScoreState) -> Self {
        Self { theta: f64::NAN, se: f64::NAN, state }
    }

    /// On another metric: `deviation * theta + mean`. The T metric is mean 50, deviation 10.
    #[must_use]
    pub fn on_metric(&self, mean: f64, deviation: f64) -> Self {
        Self { theta: deviation * self.theta + mean, se: deviation * self.se, state: self.state }
    }
}

/// Thetas of all persons, in the order of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// How they were estimated.
    pub options: ScoreOptions,
    /// One score a person.
    pub persons: Vec<PersonScore>,
}

impl Scores {
    /// Thetas; NaN where there is none.
    pub fn thetas(&self) -> Vec<f64> {
        self.persons.iter().map(|person| person.theta).collect()
    }

    /// Standard errors; NaN where there is none.
    pub fn errors(&self) -> Vec<f64> {
        self.persons.iter().map(|person| person.se).collect()
    }

    /// Number of persons in a state.
    pub fn count(&self, state: ScoreState) -> usize {
        self.persons.iter().filter(|person| person.state == state).count()
    }

    /// T scores: mean 50, deviation 10.
    #[must_use]
    pub fn t_scores(&self) -> Self {
        Self { options: self.options, persons: self.persons.iter().map(|p| p.on_metric(50.0, 10.0)).collect() }
    }

    /// Empirical reliability `var(theta) / (var(theta) + mean(se^2))`, of EAP scores; for the others, whose variance holds
    /// the error, `(var(theta) - mean(se^2)) / var(theta)`. None with fewer than two estimates.
    pub fn reliability(&self) -> Option<f64> {
        let found: Vec<_> = self.persons.iter().filter(|person| person.state == ScoreState::Estimated).collect();
        if found.len() < 2 {
            return None;
        }
        let n = found.len() as f64;
        let mean = found.iter().map(|person| person.theta).sum::<f64>() / n;
        let variance = found.iter().map(|person| (person.theta - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let error = found.iter().map(|person| person.se * person.se).sum::<f64>() / n;
        Some(match self.options.estimator {
            Estimator::Eap | Estimator::Map => variance / (variance + error),
            Estimator::Ml | Estimator::Wle => (variance - error) / variance,
        })
    }
}

/// Scores persons with a bank of known items.
///
/// Missing answers leave the likelihood; a person without any answer has no score.
///
/// ```
/// use screening_core::psychometrics::Responses;
/// use screening_core::psychometrics::irt::{BankItem, ItemBank, PersonScorer, ScoreOptions, ScoreState};
/// use screening_core::stats::ItemParameters;
/// let item = |name, b| BankItem::new(name, 0, ItemParameters::Graded { a: 1.5, b: vec![b] });
/// let bank = ItemBank::new(vec![item("1", -1.0), item("2", 0.0), item("3", 1.0)])?;
/// let scorer = PersonScorer::new(bank, ScoreOptions::default())?;
/// let rows = [[Some(1), Some(1), Some(0)], [Some(0), None, Some(0)], [None, None, None]];
/// let scores = scorer.score(&Responses::from_rows(["1", "2", "3"], &rows)?)?;
/// assert!(scores.persons[0].theta > scores.persons[1].theta);
/// assert!(scores.persons[0].se < scores.persons[1].se);
/// assert_eq!(scores.persons[2].state, ScoreState::NoAnswers);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PersonScorer {
    bank: ItemBank,
    options: ScoreOptions,
}

/// Persons scored by one task: the tables stay in the cache, the parts are large enough to share out.
const BLOCK: usize = 1024;

impl PersonScorer {
    /// Checks the options.
    ///
    /// # Errors
    /// A prior that is no distribution.
    pub fn new(bank: ItemBank, options: ScoreOptions) -> Result<Self, IrtError> {
        options.prior.check()?;
        Ok(Self { bank, options })
    }

    /// The items.
    pub fn bank(&self) -> &ItemBank {
        &self.bank
    }

    /// Scores of all persons.
    ///
    /// # Errors
    /// Items that only the table or only the bank has, and answers that are no code of their item.
    pub fn score(&self, responses: &Responses) -> Result<Scores, IrtError> {
        let coded = self.bank.code(responses)?;
        let persons = match self.options.estimator {
            Estimator::Eap => self.eap(&coded),
            _ => self.modes(&coded),
        };
        Ok(Scores { options: self.options, persons })
    }

    fn eap(&self, coded: &Coded) -> Vec<PersonScore> {
        let quadrature = &self.options.quadrature;
        let nodes = quadrature.nodes();
        let layout = Layout::new(coded);
        let table = layout.table(&log_probabilities(&self.bank, &nodes), nodes.len());
        let prior = quadrature.log_weights(self.options.prior.mean, self.options.prior.deviation);
        let mut scores = vec![PersonScore::none(ScoreState::NoAnswers); coded.persons];
        scores.par_chunks_mut(BLOCK).enumerate().for_each(|(block, scores)| {
            let start = block * BLOCK;
            let cells = layout.cells(coded, start, scores.len());
            let mut weights = vec![0.0; nodes.len()];
            for (at, (score, cells)) in scores.iter_mut().zip(cells.chunks_exact(layout.width())).enumerate() {
                if coded.pattern(start + at).next().is_none() {
                    continue;
                }
                posterior(cells, &table, &prior, &mut weights);
                let (theta, se) = moments(&nodes, &weights);
                *score = PersonScore { theta, se, state: ScoreState::Estimated };
            }
        });
        scores
    }

    fn modes(&self, coded: &Coded) -> Vec<PersonScore> {
        let mut scores = vec![PersonScore::none(ScoreState::NoAnswers); coded.persons];
        scores.par_chunks_mut(BLOCK).enumerate().for_each(|(block, scores)| {
            let (mut pattern, mut curves) = (Vec::new(), Curves::default());
            for (at, score) in scores.iter_mut().enumerate() {
                pattern.clear();
                pattern.extend(coded.pattern(block * BLOCK + at));
                *score = solve::mode(&self.bank, &pattern, self.options.estimator, self.options.prior, &mut curves);
            }
        });
        scores
    }
}

/// Mean and standard deviation of weights that sum to 1.
pub(crate) fn moments(nodes: &[f64], weights: &[f64]) -> (f64, f64) {
    let mean: f64 = nodes.iter().zip(weights).map(|(node, weight)| node * weight).sum();
    let variance: f64 = nodes.iter().zip(weights).map(|(node, weight)| (node - mean).powi(2) * weight).sum();
    (mean, variance.sqrt())
}

/// Log-probabilities of every answer at the nodes, `[item][category * nodes + node]`.
pub(crate) fn log_probabilities(bank: &ItemBank, nodes: &[f64]) -> Vec<Vec<f64>> {
    let mut curves = Curves::default();
    let items = bank.items().iter();
    items
        .map(|item| {
            let mut logs = vec![0.0; item.parameters.categories() * nodes.len()];
            for (at, node) in nodes.iter().enumerate() {
                item.parameters.curves(*node, &mut curves);
                for (k, p) in curves.p.iter().enumerate() {
                    // A probability below the smallest double has to stay a number in sums of logarithms.
                    logs[k * nodes.len() + at] = p.max(f64::MIN_POSITIVE).ln();
                }
            }
            logs
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::psychometrics::irt::{BankItem, SumScores};
    use crate::stats::ItemParameters;

    fn bank() -> ItemBank {
        let item = |name: &str, parameters| BankItem::new(name, 1, parameters);
        ItemBank::new(vec![
            item("a", ItemParameters::Graded { a: 1.4, b: vec![-0.6, 0.8] }),
            item("b", ItemParameters::PartialCredit { a: 0.9, b: vec![0.4, -0.1] }),
            item("c", ItemParameters::Graded { a: 2.1, b: vec![0.2] }),
        ])
        .unwrap()
    }

    fn patterns() -> Responses {
        let rows: Vec<[Option<i64>; 3]> =
            (0..18).map(|at| [Some(1 + at % 3), Some(1 + at / 3 % 3), Some(1 + at / 9)]).collect();
        Responses::from_rows(["a", "b", "c"], &rows).unwrap()
    }

    fn score(estimator: Estimator, responses: &Responses) -> Scores {
        PersonScorer::new(bank(), ScoreOptions { estimator, ..ScoreOptions::default() })
            .unwrap()
            .score(responses)
            .unwrap()
    }

    /// Sums of patterns are the table of sums: probabilities add up, thetas are their weighted means.
    #[test]
    fn sum_scores_are_means_over_their_patterns() {
        let table = SumScores::new(&bank(), Prior::default(), Quadrature::SCORING).unwrap();
        assert!((table.rows.iter().map(|row| row.probability).sum::<f64>() - 1.0).abs() < 1e-13);
        let (responses, eap) = (patterns(), score(Estimator::Eap, &patterns()));
        let (nodes, weights) = (Quadrature::SCORING.nodes(), Quadrature::SCORING.weights(0.0, 1.0));
        let mut sums = vec![(0.0, 0.0); table.rows.len()];
        for person in 0..responses.persons() {
            let codes: Vec<usize> = (0..3).map(|item| responses.code(person, item).unwrap() as usize - 1).collect();
            let likelihood = |node: f64| -> f64 {
                bank().items().iter().zip(&codes).map(|(item, k)| item.parameters.probabilities(node)[*k]).product()
            };
            let p: f64 = nodes.iter().zip(&weights).map(|(node, weight)| weight * likelihood(*node)).sum();
            let to = &mut sums[codes.iter().sum::<usize>()];
            *to = (to.0 + p, to.1 + p * eap.persons[person].theta);
        }
        for (row, (p, theta)) in table.rows.iter().zip(sums) {
            assert!((row.probability - p).abs() < 1e-14 && (row.theta - theta / p).abs() < 1e-12, "{row:?}");
        }
    }

    /// One item of the Rasch model, right: the mode solves logistic(-theta) = theta; by hand 0.4012.
    #[test]
    fn modes_solve_their_equations() {
        let one = ItemBank::new(vec![BankItem::new("1", 0, ItemParameters::Graded { a: 1.0, b: vec![0.0] })]).unwrap();
        let options = ScoreOptions { estimator: Estimator::Map, ..ScoreOptions::default() };
        let right = Responses::from_rows(["1"], &[[Some(1)]]).unwrap();
        let map = PersonScorer::new(one, options).unwrap().score(&right).unwrap().persons[0];
        assert!((map.theta - 0.401_058_137_5).abs() < 1e-8, "{map:?}");
        assert!(((-map.theta).exp() / (1.0 + (-map.theta).exp()) - map.theta).abs() < 1e-12);
        let ml = score(Estimator::Ml, &patterns());
        assert_eq!((ml.persons[0].state, ml.persons[17].state), (ScoreState::Lowest, ScoreState::Highest));
        assert_eq!(ml.count(ScoreState::Estimated), 16);
        // Warm's estimate is finite and lies inside of maximum likelihood.
        let wle = score(Estimator::Wle, &patterns());
        assert_eq!(wle.count(ScoreState::Estimated), 18);
        assert!(wle.persons[0].theta < -1.0 && wle.persons[17].theta > 1.0);
        let t = map.on_metric(50.0, 10.0);
        assert!((t.theta - 54.010_581_375).abs() < 1e-7 && (t.se - 10.0 * map.se).abs() < 1e-12);
    }

    #[test]
    fn holes_are_as_if_the_item_were_not_there() {
        let rows = [[Some(2), None, Some(2)], [Some(2), Some(3), Some(2)]];
        let holed = Responses::from_rows(["a", "b", "c"], &rows).unwrap();
        let shorter = ItemBank::new(vec![bank().items()[0].clone(), bank().items()[2].clone()]).unwrap();
        for estimator in [Estimator::Eap, Estimator::Map, Estimator::Ml, Estimator::Wle] {
            let options = ScoreOptions { estimator, ..ScoreOptions::default() };
            let alone = PersonScorer::new(shorter.clone(), options).unwrap();
            let alone = alone.score(&holed.select(&[0, 2]).unwrap()).unwrap();
            let whole = score(estimator, &holed);
            assert!((whole.persons[0].theta - alone.persons[0].theta).abs() < 1e-12, "{estimator:?}");
            assert!(whole.persons[1].theta > whole.persons[0].theta);
        }
    }

    #[test]
    fn answers_that_do_not_belong_are_refused() {
        let scorer = PersonScorer::new(bank(), ScoreOptions::default()).unwrap();
        let read =
            |names: [&str; 3], code| scorer.score(&Responses::from_rows(names, &[[Some(1), code, Some(1)]]).unwrap());
        assert!(matches!(read(["a", "b", "c"], Some(4)), Err(IrtError::Answer { code: 4, .. })));
        assert!(matches!(read(["a", "b", "x"], Some(1)), Err(IrtError::Unmatched { .. })));
        // Order does not matter, names do.
        let turned =
            scorer.score(&Responses::from_rows(["c", "a", "b"], &[[Some(2), Some(1), Some(3)]]).unwrap()).unwrap();
        let plain =
            scorer.score(&Responses::from_rows(["a", "b", "c"], &[[Some(1), Some(3), Some(2)]]).unwrap()).unwrap();
        assert_eq!(turned.persons, plain.persons);
        let prior = Prior { mean: 0.0, deviation: 0.0 };
        assert!(PersonScorer::new(bank(), ScoreOptions { prior, ..ScoreOptions::default() }).is_err());
    }

    /// Thousands of answers neither overflow nor vanish.
    #[test]
    fn very_long_tests_stay_finite() {
        let items =
            (0..1300).map(|item| BankItem::new(item.to_string(), 0, ItemParameters::Graded { a: 2.0, b: vec![0.0] }));
        let bank = ItemBank::new(items.collect()).unwrap();
        let names: Vec<String> = (0..1300).map(|item| item.to_string()).collect();
        let half: Vec<Option<i64>> = (0..1300).map(|item| Some(i64::from(item < 650))).collect();
        let ones = vec![Some(1); 1300];
        let responses = Responses::from_rows(names, &[half, ones]).unwrap();
        let scores = PersonScorer::new(bank, ScoreOptions::default()).unwrap().score(&responses).unwrap();
        assert!(scores.persons[0].theta.abs() < 1e-9 && scores.persons[1].theta > 2.5, "{scores:?}");
    }
}
