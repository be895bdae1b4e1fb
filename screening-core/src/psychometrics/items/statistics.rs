//! Moments and option use of one item from its counts.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::{EstimationError, Responses};
use super::OptionUse;
use crate::stats::Moments;

/// Which skew and kurtosis (Joanes and Gill 1998, The Statistician 47:183).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkewType {
    /// `m3 / m2^(3/2)`, moments over n: type 1, scipy and polars.
    Moments,
    /// The adjusted `G1`, `G2`: type 2, SAS and SPSS.
    Adjusted,
    /// `m3 / s^3` with s over n - 1: type 3, psych's default.
    #[default]
    Sample,
}

/// Moments of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Describe {
    /// Values.
    pub n: u64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation over n - 1.
    pub sd: f64,
    /// Skew; NaN when all values are equal.
    pub skew: f64,
    /// Excess kurtosis; NaN when all values are equal.
    pub kurtosis: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

impl Describe {
    pub(crate) fn of(moments: &Moments, ends: (f64, f64), kind: SkewType) -> Self {
        let n = moments.n() as f64;
        let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let (skew, kurtosis) = (or_nan(moments.skew()), or_nan(moments.kurtosis()));
        // From s over n - 1 to m2 over n.
        let shrink = (n - 1.0) / n;
        let (plain_skew, plain_kurtosis) = (skew / shrink.powf(1.5), (kurtosis + 3.0) / (shrink * shrink) - 3.0);
        let (skew, kurtosis) = match kind {
            SkewType::Sample => (skew, kurtosis),
            SkewType::Moments => (plain_skew, plain_kurtosis),
            SkewType::Adjusted => (
                plain_skew * (n * (n - 1.0)).sqrt() / (n - 2.0),
                ((n + 1.0) * plain_kurtosis + 6.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0)),
            ),
        };
        Self {
            n: moments.n(),
            mean: or_nan(moments.mean()),
            sd: or_nan(moments.sd()),
            skew,
            kurtosis,
            min: ends.0,
            max: ends.1,
        }
    }
}

/// How often each code of one item was chosen.
pub(crate) struct Uses {
    counts: Vec<(i16, u64)>,
    answered: u64,
    pub(crate) range: (i16, i16),
}

/// The use of every item's options.
pub(crate) fn option_use(responses: &Responses, range: Option<(i16, i16)>) -> Result<Vec<Uses>, EstimationError> {
    let one = |item: usize| {
        let name = || responses.names()[item].clone();
        let mut counts = vec![0_u64; 1 << 16];
        responses.raw(item).iter().for_each(|code| counts[usize::from(*code as u16)] += 1);
        counts[usize::from(Responses::MISSING as u16)] = 0;
        let seen = (i16::MIN..=i16::MAX).filter_map(|code| {
            let count = counts[usize::from(code as u16)];
            (count > 0).then_some((code, count))
        });
        let seen: Vec<(i16, u64)> = seen.collect();
        let (Some((low, _)), Some((high, _))) = (seen.first(), seen.last()) else {
            return Err(EstimationError::TooFewPersons { method: "an item analysis", needed: 2, found: 0 });
        };
        let observed = (*low, *high);
        let Some((lowest, highest)) = range else {
            let answered = seen.iter().map(|(_, n)| n).sum();
            return Ok(Uses { counts: seen, answered, range: observed });
        };
        if observed.0 < lowest || observed.1 > highest || lowest >= highest {
            let what = format!("{lowest} to {highest}, but `{}` holds {} to {}", name(), observed.0, observed.1);
            return Err(EstimationError::option("range", what, "every code must lie inside"));
        }
        let counts: Vec<(i16, u64)> = (lowest..=highest).map(|code| (code, counts[usize::from(code as u16)])).collect();
        Ok(Uses { answered: counts.iter().map(|(_, n)| n).sum(), counts, range: (lowest, highest) })
    };
    // Errors are looked for in order, so that the same is told whatever thread was first.
    (0..responses.items()).into_par_iter().map(one).collect::<Vec<_>>().into_iter().collect()
}

impl Uses {
    pub(crate) fn share(&self, code: i16) -> f64 {
        let count = self.counts.iter().find(|(own, _)| *own == code).map_or(0, |(_, n)| *n);
        count as f64 / self.answered as f64
    }

    pub(crate) fn options(&self) -> Vec<OptionUse> {
        let one = |(code, count): &(i16, u64)| OptionUse {
            code: *code,
            count: *count,
            share: *count as f64 / self.answered as f64,
        };
        self.counts.iter().map(one).collect()
    }

    pub(crate) fn describe(&self, kind: SkewType) -> Describe {
        let mut moments = Moments::default();
        self.counts.iter().for_each(|(code, n)| moments.push_block(f64::from(*code), *n, *n as f64));
        let used = || self.counts.iter().filter(|(_, n)| *n > 0).map(|(code, _)| f64::from(*code));
        let ends = (used().next().unwrap_or(f64::NAN), used().next_back().unwrap_or(f64::NAN));
        Describe::of(&moments, ends, kind)
    }
}
