//! Which share of pupils a condition on one score would concern, as far as the definition of the instrument can say.

use statrs::distribution::{ContinuousCDF, Normal};

use super::super::condition::Leaf;
use crate::instrument::Instrument;
use crate::instrument::expr::Comparison;

/// Share that is assumed of a subscale without published figures: the usual meaning of "raised" is the highest tenth.
pub(super) const BASE_RATE: f64 = 0.10;

/// The share of a published population beyond a threshold, from its mean and standard deviation under the normal law; none where
/// the leaf is no comparison upwards, or the definition has no figures for all people together.
pub(super) fn under_norm(leaf: &Leaf, instrument: &Instrument) -> Option<f64> {
    let Leaf::Score { scale, op: Comparison::Ge | Comparison::Gt, value } = leaf else { return None };
    let definition = instrument.definition();
    let whole = definition.reference.iter().filter(|figures| figures.scale == scale.part && figures.group.is_none());
    let figures = whole.filter_map(|figures| Some((figures.n.unwrap_or(0), figures.mean?, figures.sd?)));
    // The largest sample speaks.
    let (_, mean, sd) = figures.max_by_key(|(n, ..)| *n)?;
    let law = Normal::new(mean.to_f64(), sd.to_f64()).ok()?;
    Some(1.0 - law.cdf(value.to_f64()))
}

/// The share that reaches at least one of several, if they were independent.
pub(super) fn at_least_one(shares: &[f64]) -> f64 {
    1.0 - shares.iter().fold(1.0, |none, share| none * (1.0 - share))
}
