//! Two calibrations on one metric, by the items that both have.

use nalgebra::{Matrix2, Vector2};
use serde::{Deserialize, Serialize};

use super::IrtError;
use super::bank::{BankItem, ItemBank};
use super::quadrature::Quadrature;
use crate::stats::ItemParameters;

/// How the metric is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkMethod {
    /// Means of slopes and of thresholds (Loyd & Hoover 1980).
    MeanMean,
    /// Means and standard deviations of thresholds (Marco 1977).
    MeanSigma,
    /// Least squares of all response curves (Haebara 1980).
    Haebara,
    /// Least squares of the test characteristic curve (Stocking & Lord 1983).
    StockingLord,
}

/// `theta_onto = scale theta_from + shift`; slopes `a / scale`, thresholds `scale b + shift`.
///
/// The criteria of Haebara and of Stocking and Lord are taken on the metric of the second bank, at the points given, with
/// standard normal weights. Source: Kolen & Brennan 2014, Test Equating, Scaling, and Linking, chapter 6.
///
/// ```
/// use screening_core::psychometrics::irt::{BankItem, ItemBank, Link, LinkMethod, Quadrature};
/// use screening_core::stats::ItemParameters;
/// let item = |name, a, b| BankItem::new(name, 0, ItemParameters::Graded { a, b: vec![b] });
/// let from = ItemBank::new(vec![item("1", 1.0, -0.5), item("2", 1.4, 0.2), item("3", 0.8, 1.0)])?;
/// let onto = from.rescaled(1.2, 0.3)?;
/// let grid = Quadrature::new(41, -4.0, 4.0)?;
/// let link = Link::fit(&from, &onto, LinkMethod::StockingLord, grid)?;
/// assert!((link.scale - 1.2).abs() < 1e-6 && (link.shift - 0.3).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Link {
    /// How it was found.
    pub method: LinkMethod,
    /// Factor of theta.
    pub scale: f64,
    /// Shift of theta.
    pub shift: f64,
    /// Names of the common items.
    pub anchors: Vec<String>,
    /// Root of the weighted mean squared difference of each common item's expected answer after linking, as a share of the
    /// item's range: which anchors drifted.
    pub drift: Vec<f64>,
}

impl Link {
    /// Finds the metric.
    ///
    /// # Errors
    /// Fewer than two common items, common items of different models, thresholds without spread, no minimum.
    pub fn fit(from: &ItemBank, onto: &ItemBank, method: LinkMethod, grid: Quadrature) -> Result<Self, IrtError> {
        let anchors = anchors(from, onto)?;
        let (mut scale, mut shift) = by_moments(&anchors, method == LinkMethod::MeanMean)?;
        let (nodes, weights) = (grid.nodes(), grid.weights(0.0, 1.0));
        if matches!(method, LinkMethod::Haebara | LinkMethod::StockingLord) {
            let sum = method == LinkMethod::StockingLord;
            (scale, shift) = least_squares(|a, b| differences(&anchors, &nodes, &weights, a, b, sum), scale, shift)?;
        }
        let drift = anchors.iter().map(|(from, onto)| {
            let turned = from.parameters.rescaled(scale, shift);
            let range = (turned.categories() - 1) as f64;
            let of = |node: &f64| (turned.expected(*node) - onto.parameters.expected(*node)) / range;
            nodes.iter().zip(&weights).map(|(node, weight)| weight * of(node).powi(2)).sum::<f64>().sqrt()
        });
        let drift = drift.collect();
        let anchors = anchors.iter().map(|(from, _)| from.name.clone()).collect();
        Ok(Self { method, scale, shift, anchors, drift })
    }

    /// A bank of the first metric on the second.
    ///
    /// # Errors
    /// Never, as long as the link was fitted.
    pub fn apply(&self, bank: &ItemBank) -> Result<ItemBank, IrtError> {
        bank.rescaled(self.scale, self.shift)
    }
}

type Pair<'a> = (&'a BankItem, &'a BankItem);

fn anchors<'a>(from: &'a ItemBank, onto: &'a ItemBank) -> Result<Vec<Pair<'a>>, IrtError> {
    let mut pairs = Vec::new();
    for item in from.items() {
        let Some(other) = onto.items().iter().find(|other| other.name == item.name) else { continue };
        let same = std::mem::discriminant(&item.parameters) == std::mem::discriminant(&other.parameters);
        if !same || item.codes != other.codes {
            let missing = "in the other bank with another model or other codes";
            return Err(IrtError::Unmatched { item: item.name.clone(), missing });
        }
        pairs.push((item, other));
    }
    if pairs.len() < 2 {
        return Err(IrtError::TooFew { what: "common items", found: pairs.len(), needed: 2 });
    }
    Ok(pairs)
}

fn by_moments(anchors: &[Pair<'_>], by_slopes: bool) -> Result<(f64, f64), IrtError> {
    let all = |which: fn(&Pair<'_>) -> ItemParameters| -> (Vec<f64>, Vec<f64>) {
        let items: Vec<ItemParameters> = anchors.iter().map(which).collect();
        let slopes = items.iter().map(ItemParameters::slope).collect();
        (slopes, items.iter().flat_map(|item| item.thresholds().to_vec()).collect())
    };
    let (a_from, b_from) = all(|pair| pair.0.parameters.clone());
    let (a_onto, b_onto) = all(|pair| pair.1.parameters.clone());
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let spread = |values: &[f64]| values.iter().map(|value| (value - mean(values)).powi(2)).sum::<f64>().sqrt();
    let scale = if by_slopes { mean(&a_from) / mean(&a_onto) } else { spread(&b_onto) / spread(&b_from) };
    if !(scale.is_finite() && scale > 0.0) {
        return Err(IrtError::NotIdentified("the thresholds of the common items do not spread"));
    }
    Ok((scale, mean(&b_onto) - scale * mean(&b_from)))
}

/// Weighted differences of curves, of every answer or of the expected sum.
fn differences(anchors: &[Pair<'_>], nodes: &[f64], weights: &[f64], scale: f64, shift: f64, sum: bool) -> Vec<f64> {
    let turned: Vec<ItemParameters> = anchors.iter().map(|(from, _)| from.parameters.rescaled(scale, shift)).collect();
    let mut differences = Vec::new();
    for (node, weight) in nodes.iter().zip(weights) {
        let root = weight.sqrt();
        let pairs = turned.iter().zip(anchors);
        if sum {
            let all: f64 = pairs.map(|(own, (_, onto))| own.expected(*node) - onto.parameters.expected(*node)).sum();
            differences.push(root * all);
        } else {
            for (own, (_, onto)) in pairs {
                let (own, onto) = (own.probabilities(*node), onto.parameters.probabilities(*node));
                differences.extend(own.iter().zip(&onto).map(|(own, onto)| root * (own - onto)));
            }
        }
    }
    differences
}

/// Levenberg and Marquardt in the logarithm of the scale and the shift.
fn least_squares(f: impl Fn(f64, f64) -> Vec<f64>, scale: f64, shift: f64) -> Result<(f64, f64), IrtError> {
    let at = |x: &Vector2<f64>| f(x[0].exp(), x[1]);
    let square = |r: &[f64]| r.iter().map(|r| r * r).sum::<f64>();
    let mut x = Vector2::new(scale.ln(), shift);
    let mut r = at(&x);
    let mut damping = 1e-6;
    for iteration in 0..200 {
        let h = 1e-6;
        let slopes: [Vec<f64>; 2] = std::array::from_fn(|k| {
            let (mut up, mut down) = (x, x);
            up[k] += h;
            down[k] -= h;
            at(&up).iter().zip(at(&down)).map(|(up, down)| (up - down) / (2.0 * h)).collect()
        });
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let jj = Matrix2::from_fn(|k, l| dot(&slopes[k], &slopes[l]));
        let jr = Vector2::from_fn(|k, _| dot(&slopes[k], &r));
        loop {
            let step = (jj + Matrix2::from_diagonal(&(jj.diagonal() * damping))).cholesky().map(|c| -c.solve(&jr));
            let Some(step) = step else {
                return Err(IrtError::NotIdentified("the common items do not fix the metric"));
            };
            let next = x + step;
            let there = at(&next);
            if step.norm() < 1e-10 {
                return Ok((next[0].exp(), next[1]));
            }
            if square(&there) <= square(&r) {
                (x, r, damping) = (next, there, (damping / 10.0).max(1e-12));
                break;
            }
            damping = (damping * 10.0).max(1e-6);
            if damping > 1e12 {
                return if iteration > 0 || jr.norm() < 1e-8 {
                    Ok((x[0].exp(), x[1]))
                } else {
                    Err(IrtError::NoConvergence { iterations: iteration, gain: square(&r) })
                };
            }
        }
    }
    Err(IrtError::NoConvergence { iterations: 200, gain: square(&r) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bank() -> ItemBank {
        let graded = |name: &str, a, b: &[f64]| BankItem::new(name, 0, ItemParameters::Graded { a, b: b.to_vec() });
        let credit =
            |name: &str, a, b: &[f64]| BankItem::new(name, 0, ItemParameters::PartialCredit { a, b: b.to_vec() });
        ItemBank::new(vec![
            graded("1", 1.1, &[-1.0, 0.3, 1.2]),
            graded("2", 0.7, &[-0.4, 0.9]),
            credit("3", 1.6, &[0.5, -0.2]),
            graded("4", 2.0, &[0.1]),
        ])
        .unwrap()
    }

    #[test]
    fn every_method_finds_an_exact_change_of_metric() {
        let grid = Quadrature::new(41, -4.0, 4.0).unwrap();
        for (scale, shift) in [(1.0, 0.0), (0.7, -0.6), (1.4, 0.8)] {
            let onto = bank().rescaled(scale, shift).unwrap();
            for method in [LinkMethod::MeanMean, LinkMethod::MeanSigma, LinkMethod::Haebara, LinkMethod::StockingLord] {
                let link = Link::fit(&bank(), &onto, method, grid).unwrap();
                assert!((link.scale - scale).abs() < 1e-7 && (link.shift - shift).abs() < 1e-7, "{method:?} {link:?}");
                assert!(link.drift.iter().all(|drift| *drift < 1e-7));
            }
        }
    }

    /// A drifted item pulls the moments, and is named by the drift of the curves.
    #[test]
    fn drift_shows_where_it_is() {
        let mut items: Vec<BankItem> = bank().rescaled(1.2, 0.4).unwrap().into();
        if let ItemParameters::Graded { b, .. } = &mut items[3].parameters {
            b[0] += 0.8;
        }
        let onto = ItemBank::new(items).unwrap();
        let link = Link::fit(&bank(), &onto, LinkMethod::Haebara, Quadrature::SCORING).unwrap();
        let most = link.drift.iter().copied().fold(0.0, f64::max);
        assert_eq!(link.drift[3], most);
        assert!(most > 0.05);
    }

    #[test]
    fn what_has_no_common_metric_is_refused() {
        let one = ItemBank::new(vec![bank().items()[0].clone()]).unwrap();
        let fit = |from: &ItemBank, onto: &ItemBank| Link::fit(from, onto, LinkMethod::MeanSigma, Quadrature::SCORING);
        assert!(matches!(fit(&bank(), &one), Err(IrtError::TooFew { .. })));
        let mut items: Vec<BankItem> = bank().into();
        items[0].codes = vec![1, 2, 3, 4];
        assert!(matches!(fit(&bank(), &ItemBank::new(items).unwrap()), Err(IrtError::Unmatched { .. })));
        let same = |name| BankItem::new(name, 0, ItemParameters::Graded { a: 1.0, b: vec![0.5] });
        let flat = ItemBank::new(vec![same("1"), same("2")]).unwrap();
        assert!(matches!(fit(&flat, &flat), Err(IrtError::NotIdentified(_))));
    }
}
