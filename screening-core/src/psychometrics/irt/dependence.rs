//! What answers share beyond theta: Q3, and the limited-information statistic M2 of the whole model.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;
use serde::Serialize;

use super::IrtError;
use super::calibrate::{Block, Calibration, IrtModel};
use super::fit::upper_tail;
use super::quadrature::Quadrature;
use super::score::{PersonScorer, ScoreOptions};
use crate::psychometrics::Responses;
use crate::psychometrics::distributions::noncentrality;

/// Yen's Q3: correlations of residuals `x - E(x | theta)` at the EAP thetas, over the persons who answered both items.
///
/// With k locally independent items they lie near `-1 / (k - 1)`, not near 0: look at the distance from the mean. Source:
/// Yen 1984, Appl Psychol Meas 8:125; Christensen, Makransky & Horton 2017, Appl Psychol Meas 41:178.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Q3 {
    /// Names of the items.
    pub names: Vec<String>,
    /// Residual correlations, 1 on the diagonal; NaN where fewer than three persons answered both.
    pub correlations: Vec<Vec<f64>>,
    /// Mean of the correlations of different items.
    pub mean: f64,
}

impl Q3 {
    /// Residual correlations of a calibration.
    ///
    /// # Errors
    /// Answers that do not belong to the bank.
    pub fn of(calibration: &Calibration, responses: &Responses) -> Result<Self, IrtError> {
        let bank = &calibration.bank;
        let coded = bank.code(responses)?;
        let options = ScoreOptions { prior: calibration.prior, ..ScoreOptions::default() };
        let thetas = PersonScorer::new(bank.clone(), options)?.score(responses)?.thetas();
        let residuals: Vec<Vec<f64>> = (0..bank.len())
            .into_par_iter()
            .map(|item| {
                let parameters = &bank.items()[item].parameters;
                let answers = coded.column(item).iter().zip(&thetas);
                let residual = |(answer, theta): (&u8, &f64)| {
                    if *answer == super::bank::NONE {
                        f64::NAN
                    } else {
                        f64::from(*answer) - parameters.expected(*theta)
                    }
                };
                answers.map(residual).collect()
            })
            .collect();
        let k = bank.len();
        let pairs: Vec<(usize, usize)> = (0..k).flat_map(|i| (i + 1..k).map(move |j| (i, j))).collect();
        let found: Vec<f64> = pairs.par_iter().map(|(i, j)| correlation(&residuals[*i], &residuals[*j])).collect();
        let mut correlations = vec![vec![1.0; k]; k];
        for ((i, j), r) in pairs.iter().zip(&found) {
            correlations[*i][*j] = *r;
            correlations[*j][*i] = *r;
        }
        let known: Vec<f64> = found.into_iter().filter(|r| r.is_finite()).collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        Ok(Self { names: bank.items().iter().map(|item| item.name.clone()).collect(), correlations, mean })
    }

    /// Pairs whose correlation lies more than `above` over the mean, largest first: (first, second, distance).
    pub fn dependent(&self, above: f64) -> Vec<(&str, &str, f64)> {
        let k = self.names.len();
        let pairs = (0..k).flat_map(|i| (i + 1..k).map(move |j| (i, j)));
        let mut found: Vec<_> = pairs
            .map(|(i, j)| (self.names[i].as_str(), self.names[j].as_str(), self.correlations[i][j] - self.mean))
            .filter(|(_, _, distance)| *distance > above)
            .collect();
        found.sort_by(|a, b| b.2.total_cmp(&a.2));
        found
    }
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let pairs: Vec<(f64, f64)> =
        x.iter().zip(y).filter(|(x, y)| x.is_finite() && y.is_finite()).map(|(x, y)| (*x, *y)).collect();
    if pairs.len() < 3 {
        return f64::NAN;
    }
    let n = pairs.len() as f64;
    let (mx, my) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let sum = |f: fn(f64, f64) -> f64| pairs.iter().map(|(x, y)| f(x - mx, y - my)).sum::<f64>();
    sum(|x, y| x * y) / (sum(|x, _| x * x) * sum(|_, y| y * y)).sqrt()
}

/// Fit of the whole model from means and products of items.
///
/// ```text
/// M2 = n (p - e)' C (p - e),   C = X^-1 - X^-1 D (D' X^-1 D)^-1 D' X^-1
/// ```
///
/// with `p` and `e` the observed and expected moments `x_i` and `x_i x_j`, `X` their covariance and `D` the derivatives by
/// the parameters. For items with two answers this is M2, with more the collapsed M2*. Source: Maydeu-Olivares & Joe 2006,
/// Psychometrika 71:713; Cai & Hansen 2013, Br J Math Stat Psychol 66:245.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct M2 {
    /// The statistic.
    pub m2: f64,
    /// Degrees of freedom: moments less parameters.
    pub df: usize,
    /// Probability of so much misfit or more.
    pub p: f64,
    /// `sqrt(max(M2 / df - 1, 0) / (n - 1))`.
    pub rmsea: f64,
    /// 90 % interval of the RMSEA, from the non-central chi-square distribution (Browne & Cudeck 1992).
    pub rmsea_interval: (f64, f64),
    /// Root mean squared difference of observed and expected correlations.
    pub srmsr: f64,
    /// Persons who answered everything, on whom it stands.
    pub complete: usize,
}

impl M2 {
    /// The statistic of a calibration.
    ///
    /// # Errors
    /// Answers that do not belong to the bank; fewer moments than parameters; moments that hang on each other.
    pub fn of(calibration: &Calibration, responses: &Responses) -> Result<Self, IrtError> {
        let bank = &calibration.bank;
        let coded = bank.code(responses)?;
        let k = bank.len();
        let pairs: Vec<(usize, usize)> = (0..k).flat_map(|i| (i + 1..k).map(move |j| (i, j))).collect();
        let moments = k + pairs.len();
        if moments <= calibration.parameters {
            return Err(IrtError::TooFew {
                what: "moments of items",
                found: moments,
                needed: calibration.parameters + 1,
            });
        }
        let complete: Vec<usize> = (0..coded.persons).filter(|person| coded.sum(*person).is_some()).collect();
        if complete.len() < 2 {
            return Err(IrtError::TooFew { what: "complete persons", found: complete.len(), needed: 2 });
        }
        let n = complete.len() as f64;
        let answers = |item: usize| {
            let column = coded.column(item);
            complete.iter().map(|person| f64::from(column[*person])).collect()
        };
        let columns: Vec<Vec<f64>> = (0..k).map(answers).collect();
        let product = |i: usize, j: usize| columns[i].iter().zip(&columns[j]).map(|(x, y)| x * y).sum::<f64>() / n;
        let mut observed: Vec<f64> = columns.iter().map(|column| column.iter().sum::<f64>() / n).collect();
        observed.extend(pairs.iter().map(|(i, j)| product(*i, *j)));

        let model = Moments::new(calibration);
        let expected = model.expected(&pairs);
        let difference = DVector::from_iterator(moments, observed.iter().zip(&expected).map(|(o, e)| o - e));
        let covariance = model.covariance(&pairs, &expected);
        let slopes = model.slopes(calibration, &pairs);
        let unsound = || IrtError::NotIdentified("the moments of the items hang on each other");
        let factor = covariance.cholesky().ok_or_else(unsound)?;
        let (by_moments, by_parameters) = (factor.solve(&difference), factor.solve(&slopes));
        let inner = (slopes.transpose() * &by_parameters).cholesky().ok_or_else(unsound)?;
        let through = slopes.transpose() * &by_moments;
        let m2 = n * (difference.dot(&by_moments) - through.dot(&inner.solve(&through)));
        let df = moments - calibration.parameters;

        let square = |item: usize| columns[item].iter().map(|x| x * x).sum::<f64>() / n;
        let seen: Vec<f64> = (0..k).map(|i| square(i) - observed[i] * observed[i]).collect();
        let meant: Vec<f64> = (0..k).map(|i| model.mean(|q| model.squares[i][q]) - expected[i] * expected[i]).collect();
        let squares = pairs.iter().enumerate().map(|(at, (i, j))| {
            let r = (observed[k + at] - observed[*i] * observed[*j]) / (seen[*i] * seen[*j]).sqrt();
            let rho = (expected[k + at] - expected[*i] * expected[*j]) / (meant[*i] * meant[*j]).sqrt();
            (r - rho).powi(2)
        });
        let srmsr = (squares.sum::<f64>() / pairs.len() as f64).sqrt();
        let rmsea = ((m2 / df as f64 - 1.0).max(0.0) / (n - 1.0)).sqrt();
        let bound = |p: f64| (noncentrality(m2, df as f64, p) / (df as f64 * (n - 1.0))).sqrt();
        let rmsea_interval = (bound(0.95), bound(0.05));
        Ok(Self { m2, df, p: upper_tail(m2, df as f64), rmsea, rmsea_interval, srmsr, complete: complete.len() })
    }
}

/// First and second moments of each item at the points of theta.
struct Moments {
    nodes: Vec<f64>,
    weights: Vec<f64>,
    means: Vec<Vec<f64>>,
    squares: Vec<Vec<f64>>,
}

impl Moments {
    fn new(calibration: &Calibration) -> Self {
        let grid = Quadrature::CALIBRATION;
        let (nodes, prior) = (grid.nodes(), calibration.prior);
        let power = |power: i32| -> Vec<Vec<f64>> {
            let items = calibration.bank.items().iter();
            let of = |p: &[f64]| p.iter().enumerate().map(|(k, p)| (k as f64).powi(power) * p).sum();
            items.map(|item| nodes.iter().map(|node| of(&item.parameters.probabilities(*node))).collect()).collect()
        };
        let (means, squares) = (power(1), power(2));
        Self { weights: grid.weights(prior.mean, prior.deviation), means, squares, nodes }
    }

    fn mean(&self, f: impl Fn(usize) -> f64) -> f64 {
        self.weights.iter().enumerate().map(|(q, weight)| weight * f(q)).sum()
    }

    fn expected(&self, pairs: &[(usize, usize)]) -> Vec<f64> {
        let single = self.means.iter().map(|mean| self.mean(|q| mean[q]));
        let double = pairs.iter().map(|(i, j)| self.mean(|q| self.means[*i][q] * self.means[*j][q]));
        single.chain(double).collect()
    }

    /// Covariance of the moments of one person.
    fn covariance(&self, pairs: &[(usize, usize)], expected: &[f64]) -> DMatrix<f64> {
        let k = self.means.len();
        let members: Vec<Vec<usize>> = (0..k).map(|i| vec![i]).chain(pairs.iter().map(|(i, j)| vec![*i, *j])).collect();
        let columns: Vec<Vec<f64>> = (0..members.len())
            .into_par_iter()
            .map(|b| {
                (0..=b)
                    .map(|a| {
                        let product = self.mean(|q| {
                            let once = |item: &usize, other: &[usize]| {
                                if other.contains(item) { self.squares[*item][q] } else { self.means[*item][q] }
                            };
                            let first: f64 = members[a].iter().map(|item| once(item, &members[b])).product();
                            let rest = members[b].iter().filter(|item| !members[a].contains(item));
                            first * rest.map(|item| self.means[*item][q]).product::<f64>()
                        });
                        product - expected[a] * expected[b]
                    })
                    .collect()
            })
            .collect();
        DMatrix::from_fn(members.len(), members.len(), |a, b| columns[a.max(b)][a.min(b)])
    }

    /// Derivatives of the expected moments by the free parameters.
    fn slopes(&self, calibration: &Calibration, pairs: &[(usize, usize)]) -> DMatrix<f64> {
        let k = self.means.len();
        let mut slopes = DMatrix::zeros(k + pairs.len(), calibration.parameters);
        let (mut offset, n) = (0, self.nodes.len());
        for (i, item) in calibration.bank.items().iter().enumerate() {
            let block: Block = calibration.model.block(item.parameters.categories(), 0);
            let (x, m) = (block.start(&item.parameters), block.parameters());
            let scores = block.scores(&x, &self.nodes);
            let logs = block.log_probabilities(&x, &self.nodes);
            for parameter in 0..m {
                // Of the expected answer at each point.
                let by = |q: usize| -> f64 {
                    let of = |c: usize| c as f64 * logs[c * n + q].exp() * scores[(c * m + parameter) * n + q];
                    (0..block.categories).map(of).sum()
                };
                let by: Vec<f64> = (0..n).map(by).collect();
                slopes[(i, offset + parameter)] = self.mean(|q| by[q]);
                for (at, (a, b)) in pairs.iter().enumerate().filter(|(_, (a, b))| *a == i || *b == i) {
                    let other = if *a == i { *b } else { *a };
                    slopes[(k + at, offset + parameter)] = self.mean(|q| by[q] * self.means[other][q]);
                }
            }
            offset += m;
        }
        if calibration.model == IrtModel::Rasch {
            // By the logarithm of the deviation of theta: z^2, centred.
            let z: Vec<f64> = self
                .nodes
                .iter()
                .map(|node| ((node - calibration.prior.mean) / calibration.prior.deviation).powi(2))
                .collect();
            let centre = self.mean(|q| z[q]);
            for i in 0..k {
                slopes[(i, offset)] = self.mean(|q| (z[q] - centre) * self.means[i][q]);
            }
            for (at, (a, b)) in pairs.iter().enumerate() {
                slopes[(k + at, offset)] = self.mean(|q| (z[q] - centre) * self.means[*a][q] * self.means[*b][q]);
            }
        }
        slopes
    }
}
