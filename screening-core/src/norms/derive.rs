//! Derived scores of one person: z, T, percentile rank, stanine, sten, and the interval of the T score.

use serde::Serialize;

use crate::instrument::model::{RoundMode, Rounding};
use crate::stats::{Decimal, normal_cdf, normal_quantile};

use super::find::{Member, NoNorm};
use super::model::{ModelDef, NormCellDef, NormScaleDef, NormTable, TableT};
use super::set::NormSet;

/// How derived scores are computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeriveOptions {
    /// Level of the confidence interval, above 0 and below 1.
    pub level: f64,
    /// What the interval is about.
    pub centre: Centre,
}

impl Default for DeriveOptions {
    fn default() -> Self {
        Self { level: 0.95, centre: Centre::Observed }
    }
}

/// What a confidence interval is laid around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Centre {
    /// The score as it is: `T ± q SEM`, with `SEM = SD sqrt(1 - r)`.
    #[default]
    Observed,
    /// Kelley's estimate of the true score: `50 + r (T - 50) ± q SD sqrt(r (1 - r))`.
    EstimatedTrue,
}

/// What stanine and sten rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Percentile rank or normalised T of the cell.
    Normalised,
    /// Linear z: right in a normal distribution only.
    Linear,
}

/// A T score that is known to one side only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// The true value is this or lower.
    AtMost,
    /// The true value is this or higher.
    AtLeast,
}

/// Interval of a T score from the reliability of the scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TInterval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Level.
    pub level: f64,
    /// Reliability used.
    pub reliability: f64,
    /// Standard error of measurement on the T scale, `10 sqrt(1 - r)`.
    pub sem: f64,
}

/// What a norm says of one score. What the cell does not publish is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Derived {
    /// Position of the cell in the norm set.
    pub cell: usize,
    /// `(raw - mean) / SD`.
    pub z: Option<f64>,
    /// `50 + 10 z`, rounded as the publication says; a printed linear table comes first.
    pub t: Option<f64>,
    /// Percentile rank: percent of the group below, plus half of the percent at the score.
    pub percentile: Option<f64>,
    /// Normalised T, from the table or the continuous norm.
    pub t_normalised: Option<f64>,
    /// Whether that T is known to one side only.
    pub limit: Option<Limit>,
    /// 1 to 9.
    pub stanine: Option<u8>,
    /// 1 to 10.
    pub sten: Option<u8>,
    /// What stanine and sten rest on.
    pub basis: Option<Basis>,
    /// Interval around `t`, or around `t_normalised` where there is no `t`; needs a reliability.
    pub interval: Option<TInterval>,
    /// The cell has a table, and the raw score is not in it.
    pub outside_table: bool,
}

/// `(raw - mean) / SD`.
///
/// ```
/// use screening_core::norms::z_score;
/// assert_eq!(z_score(12.0, 6.5, 5.0), 1.1);
/// ```
pub fn z_score(raw: f64, mean: f64, sd: f64) -> f64 {
    (raw - mean) / sd
}

/// `50 + 10 z`.
///
/// ```
/// assert_eq!(screening_core::norms::t_score(1.5), 65.0);
/// ```
pub fn t_score(z: f64) -> f64 {
    10.0f64.mul_add(z, 50.0)
}

/// Cumulative percents at which the next stanine begins.
const STANINE_STARTS: [f64; 8] = [4.0, 11.0, 23.0, 40.0, 60.0, 77.0, 89.0, 96.0];

/// Stanine of a percentile rank: shares of 4, 7, 12, 17, 20, 17, 12, 7 and 4 percent. A rank on a limit belongs to the higher
/// stanine.
///
/// ```
/// use screening_core::norms::stanine_of_percentile;
/// assert_eq!([3.99, 4.0, 50.0, 96.0].map(stanine_of_percentile), [1, 2, 5, 9]);
/// ```
pub fn stanine_of_percentile(percentile: f64) -> u8 {
    1 + STANINE_STARTS.iter().filter(|start| percentile >= **start).count() as u8
}

/// Stanine of a z score: `2 z + 5` rounded, halves up, within 1 to 9. Not the same as by percentile near the limits.
///
/// ```
/// use screening_core::norms::stanine_of_z;
/// assert_eq!([-3.0, -0.25, 0.24, 0.25, 9.0].map(stanine_of_z), [1, 5, 5, 6, 9]);
/// ```
pub fn stanine_of_z(z: f64) -> u8 {
    2.0f64.mul_add(z, 5.5).floor().clamp(1.0, 9.0) as u8
}

/// Sten of a z score: `2 z + 5.5` rounded, halves up, within 1 to 10.
///
/// ```
/// use screening_core::norms::sten_of_z;
/// assert_eq!([-3.0, -0.01, 0.0, 3.0].map(sten_of_z), [1, 5, 6, 10]);
/// ```
pub fn sten_of_z(z: f64) -> u8 {
    2.0f64.mul_add(z, 6.0).floor().clamp(1.0, 10.0) as u8
}

impl NormSet {
    /// Derived scores of one raw score of one person.
    ///
    /// # Errors
    /// Why there is no norm.
    ///
    /// ```
    /// use screening_core::answers::{Context, Sex};
    /// use screening_core::norms::{DeriveOptions, NoNorm, NormSet};
    /// let set = NormSet::from_toml(r#"
    ///     schema = 1
    ///     id = "example"
    ///     version = "1.0.0"
    ///     name = { en = "example", zh-CN = "示例" }
    ///     kind = "published"
    ///     population = { en = "pupils", zh-CN = "学生" }
    ///     [[scales]]
    ///     id = "phq-9.total"
    ///     direction = "higher-worse"
    ///     source = "S1"
    ///     reliability = { value = 0.84, kind = "alpha", source = "S1" }
    ///     [[cells]]
    ///     scale = "phq-9.total"
    ///     group = { sex = "female", grades = { from = 7, to = 9 } }
    ///     mean = 6.5
    ///     sd = 5
    ///     [sources.S1]
    ///     cite = "a paper"
    ///     kind = "paper"
    /// "#)?;
    /// let girl = Context { sex: Some(Sex::Female), grade: Some(8), age_months: None };
    /// let derived = set.derive("phq-9.total", Some(14.0), &girl.into(), &DeriveOptions::default()).unwrap();
    /// assert_eq!((derived.z, derived.t), (Some(1.5), Some(65.0)));
    /// let interval = derived.interval.unwrap();
    /// assert!((interval.sem - 4.0).abs() < 1e-12 && (interval.low - 57.16).abs() < 1e-2);
    /// let unknown = set.derive("phq-9.total", Some(14.0), &Context::default().into(), &DeriveOptions::default());
    /// assert_eq!(unknown, Err(NoNorm::SexUnknown));
    /// # Ok::<(), screening_core::instrument::Diagnostics>(())
    /// ```
    pub fn derive(
        &self,
        scale: &str,
        raw: Option<f64>,
        member: &Member<'_>,
        options: &DeriveOptions,
    ) -> Result<Derived, NoNorm> {
        let cell = self.find(scale, member)?;
        let raw = raw.filter(|raw| raw.is_finite()).ok_or(NoNorm::NoScore)?;
        self.derive_in(cell, raw, member, options)
    }

    /// As [`Self::derive`], for a cell that was found before.
    pub(super) fn derive_in(
        &self,
        at: usize,
        raw: f64,
        member: &Member<'_>,
        options: &DeriveOptions,
    ) -> Result<Derived, NoNorm> {
        let (Some(cell), Some(scale)) = (self.cell(at), self.cell(at).and_then(|cell| self.scale(&cell.scale))) else {
            return Err(NoNorm::NoScale { scale: String::new() });
        };
        let location = match &cell.model {
            Some(model) => Some(place_on(model, member)?),
            None => None,
        };
        Ok(derive(at, cell, scale, raw, location, options))
    }
}

/// Place of a person on the axis of a model, if it is within its range.
fn place_on(model: &ModelDef, member: &Member<'_>) -> Result<f64, NoNorm> {
    use super::model::Axis;
    let location = member.location(model.axis);
    match (model.axis, location) {
        (_, Some(at)) if (model.from..=model.to).contains(&at) => Ok(at),
        (Axis::Age, Some(at)) => Err(NoNorm::AgeOutside { age: at as u16 }),
        (Axis::Grade, Some(at)) => Err(NoNorm::GradeOutside { grade: at as u8 }),
        (Axis::Age, None) => Err(NoNorm::AgeUnknown),
        (Axis::Grade, None) => Err(NoNorm::GradeUnknown),
    }
}

fn derive(
    at: usize,
    cell: &NormCellDef,
    scale: &NormScaleDef,
    raw: f64,
    location: Option<f64>,
    options: &DeriveOptions,
) -> Derived {
    let (z, own_t) = cell.mean.zip(cell.sd).map(|(mean, sd)| linear(raw, mean, sd, scale.round)).unzip();
    let row = cell.table.as_ref().and_then(|table| TableRow::of(table, raw));
    let model =
        cell.model.as_ref().zip(location).map(|(model, location)| super::continuous::norm_of(model, raw, location));
    let from_table = row.as_ref().and_then(|row| row.t);
    let (printed, normalised) = match scale.table_t {
        TableT::Linear => (from_table, None),
        TableT::Normalised => (None, from_table.or(model.map(|(t, _)| t))),
    };
    let t = printed.or(own_t);
    let percentile = row
        .as_ref()
        .and_then(|row| row.percentile)
        .or_else(|| model.map(|(t, _)| 100.0 * normal_cdf((t - 50.0) / 10.0)));
    let normal_z = normalised
        .map(|t| (t - 50.0) / 10.0)
        .or_else(|| percentile.and_then(|percentile| normal_quantile(percentile / 100.0)));
    let linear_z = t.map(|t| (t - 50.0) / 10.0).filter(|_| z.is_none()).or(z);
    let stanine = percentile.map(stanine_of_percentile).or_else(|| normal_z.or(linear_z).map(stanine_of_z));
    let basis = if percentile.is_some() || normal_z.is_some() {
        Some(Basis::Normalised)
    } else {
        linear_z.map(|_| Basis::Linear)
    };
    Derived {
        cell: at,
        z,
        t,
        percentile,
        t_normalised: normalised,
        limit: row.as_ref().and_then(|row| row.limit).or(model.and_then(|(_, limit)| limit)),
        stanine,
        sten: normal_z.or(linear_z).map(sten_of_z),
        basis,
        interval: t.or(normalised).and_then(|t| interval(t, scale, options)),
        outside_table: cell.table.is_some() && row.is_none(),
    }
}

/// One row of a table.
struct TableRow {
    percentile: Option<f64>,
    t: Option<f64>,
    limit: Option<Limit>,
}

impl TableRow {
    fn of(table: &NormTable, raw: f64) -> Option<Self> {
        // Raw scores that are quotients differ in the last places between programs.
        let near = |value: f64| (value - raw).abs() <= 1e-9 * raw.abs().max(1.0);
        let after = table.raw.partition_point(|value| *value < raw);
        let at = [Some(after), after.checked_sub(1)]
            .into_iter()
            .flatten()
            .find(|at| table.raw.get(*at).is_some_and(|v| near(*v)))?;
        let one_sided = |list: &[f64]| list.iter().any(|value| near(*value));
        let limit = if one_sided(&table.at_most) {
            Some(Limit::AtMost)
        } else {
            one_sided(&table.at_least).then_some(Limit::AtLeast)
        };
        Some(Self { percentile: table.percentile.get(at).copied(), t: table.t.get(at).copied(), limit })
    }
}

/// z and T from the exact fraction: whether a T reaches 65 must not depend on how a double came out. A raw score that is no
/// short decimal (a quotient) is taken as the double it is.
fn linear(raw: f64, mean: Decimal, sd: Decimal, round: Option<Rounding>) -> (f64, f64) {
    let unit = 10_i128.pow(u32::from(round.map_or(0, |round| round.decimals.min(4))));
    let exact = Decimal::from_f64(raw).and_then(|raw| fraction(raw, mean, sd));
    let Some((above, den)) = exact else {
        let z = z_score(raw, mean.to_f64(), sd.to_f64());
        return (z, round.map_or(t_score(z), |round| rounded_double(t_score(z), unit as f64, round.mode)));
    };
    let t = 50 * den + 10 * above;
    let t = match round {
        Some(round) => rounded(t * unit, den, round.mode) as f64 / unit as f64,
        None => t as f64 / den as f64,
    };
    (above as f64 / den as f64, t)
}

/// `(raw - mean) / SD` as a fraction with a denominator above 0; none when its T would not fit 128 bits.
fn fraction(raw: Decimal, mean: Decimal, sd: Decimal) -> Option<(i128, i128)> {
    let scale = i128::from(raw.denominator().max(mean.denominator()).max(sd.denominator()));
    let whole = |value: Decimal| i128::from(value.mantissa()) * (scale / i128::from(value.denominator()));
    let (above, den) = (whole(raw) - whole(mean), whole(sd));
    let room = i128::MAX / 2_000_000;
    (den > 0 && above.abs() < room && den < room).then_some((above, den))
}

fn rounded_double(t: f64, unit: f64, mode: RoundMode) -> f64 {
    let value = t * unit;
    let whole = match mode {
        RoundMode::Floor => value.floor(),
        RoundMode::Ceil => value.ceil(),
        RoundMode::HalfUp => (value + 0.5).floor(),
        RoundMode::HalfEven => value.round_ties_even(),
    };
    whole / unit
}

fn rounded(num: i128, den: i128, mode: RoundMode) -> i128 {
    let whole = num.div_euclid(den);
    let rest = num.rem_euclid(den);
    let up = match mode {
        RoundMode::Floor => false,
        RoundMode::Ceil => rest > 0,
        RoundMode::HalfUp => 2 * rest >= den,
        RoundMode::HalfEven => 2 * rest > den || (2 * rest == den && whole % 2 != 0),
    };
    whole + i128::from(up)
}

fn interval(t: f64, scale: &NormScaleDef, options: &DeriveOptions) -> Option<TInterval> {
    let reliability = scale.reliability.as_ref()?.value.to_f64();
    let q = normal_quantile(f64::midpoint(1.0, options.level))?;
    let sem = 10.0 * (1.0 - reliability).sqrt();
    let (centre, half) = match options.centre {
        Centre::Observed => (t, q * sem),
        Centre::EstimatedTrue => (reliability.mul_add(t - 50.0, 50.0), q * sem * reliability.sqrt()),
    };
    Some(TInterval { low: centre - half, high: centre + half, level: options.level, reliability, sem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn halves_are_rounded_from_the_exact_fraction() {
        // 50 + 10 (7.5 - 4.6) / 2 = 64.5 exactly; in doubles 7.5 - 4.6 is not 2.9.
        let (mean, sd) = (decimal("4.6"), decimal("2"));
        let with = |mode| linear(7.5, mean, sd, Some(Rounding { mode, decimals: 0 })).1;
        assert_eq!(with(RoundMode::HalfUp), 65.0);
        assert_eq!(with(RoundMode::HalfEven), 64.0);
        assert_eq!(with(RoundMode::Floor), 64.0);
        assert_eq!(with(RoundMode::Ceil), 65.0);
        let tenths = Some(Rounding { mode: RoundMode::HalfUp, decimals: 1 });
        assert_eq!(linear(1.0 / 3.0, mean, sd, tenths).1, 28.7);
    }

    #[test]
    fn a_threshold_that_is_reached_is_reached() {
        // In doubles (2.25 - 1.39) / 0.43 is above 2, and (1.39 - 1.0) / 0.26 below 1.5.
        assert_eq!(linear(2.25, decimal("1.39"), decimal("0.43"), None), (2.0, 70.0));
        assert_eq!(linear(1.39, decimal("1.0"), decimal("0.26"), None), (1.5, 65.0));
        assert!(z_score(1.39, 1.0, 0.26) < 1.5);
    }

    #[test]
    fn negative_fractions_round_like_positive_ones() {
        assert_eq!(rounded(-5, 2, RoundMode::HalfUp), -2);
        assert_eq!(rounded(-5, 2, RoundMode::HalfEven), -2);
        assert_eq!(rounded(-7, 2, RoundMode::HalfEven), -4);
        assert_eq!(rounded(-5, 2, RoundMode::Ceil), -2);
    }
}
