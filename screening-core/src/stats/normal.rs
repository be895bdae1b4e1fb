//! The standard normal distribution to full double precision.
//!
//! The error function of statrs is good to about 3e-11, too coarse for norm scores that are compared to 1e-12; its inverse
//! builds on it. Hence the quantile of Wichura here, and a distribution function corrected by it.

use statrs::distribution::{ContinuousCDF, Normal};

/// Coefficients of Wichura's PPND16 (1988, algorithm AS 241, Applied Statistics 37:477): numerator and denominator for the
/// centre, the tail, and the far tail, by rising power.
const CENTRE: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_5,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_3e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_659_7e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_854e3,
    ],
];
const TAIL: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_4e-2,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_8e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];
const FAR_TAIL: [[f64; 8]; 2] = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_7e-1,
        2.653_218_952_657_612_4e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        5.998_322_065_558_88e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

fn ratio(of: &[[f64; 8]; 2], x: f64) -> f64 {
    let [above, below] = of.map(|coefficients| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c));
    above / below
}

/// The `z` below which the share `p` of the standard normal distribution lies, to about one part in 1e16; none outside the
/// open interval (0, 1), where it would not be finite.
///
/// ```
/// use screening_core::stats::normal_quantile;
/// assert!((normal_quantile(0.975).unwrap() - 1.959_963_984_540_054).abs() < 1e-15);
/// assert_eq!(normal_quantile(0.0), None);
/// ```
pub fn normal_quantile(p: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    let centre = p - 0.5;
    if centre.abs() <= 0.425 {
        return Some(centre * ratio(&CENTRE, 0.180_625 - centre * centre));
    }
    let tail = (-p.min(1.0 - p).ln()).sqrt();
    let z = if tail <= 5.0 { ratio(&TAIL, tail - 1.6) } else { ratio(&FAR_TAIL, tail - 5.0) };
    Some(if centre < 0.0 { -z } else { z })
}

/// Share of the standard normal distribution below `z`.
///
/// ```
/// use screening_core::stats::normal_cdf;
/// assert_eq!(normal_cdf(0.0), 0.5);
/// assert!((normal_cdf(-1.0) - 0.158_655_253_931_457_05).abs() < 1e-16);
/// ```
pub fn normal_cdf(z: f64) -> f64 {
    let below = -z.abs();
    let rough = Normal::standard().cdf(below);
    // One step of Newton on the quantile squares what the approximation leaves.
    let density = (-below * below / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let share = normal_quantile(rough).map_or(rough, |found| rough - density * (found - below));
    if z > 0.0 { 1.0 - share } else { share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_to_the_last_places() {
        // From tables of the error function with 20 digits.
        let known = [
            (-8.0, 6.220_960_574_271_785e-16),
            (-5.0, 2.866_515_718_791_939e-7),
            (-3.0, 1.349_898_031_630_094_6e-3),
            (-2.0, 2.275_013_194_817_921e-2),
            (-0.5, 0.308_537_538_725_986_9),
            (1.5, 0.933_192_798_731_141_9),
            (2.5, 0.993_790_334_674_223_8),
        ];
        for (z, p) in known {
            assert!((normal_cdf(z) / p - 1.0).abs() < 1e-13, "{z}: {} {p}", normal_cdf(z));
            let inverse = normal_quantile(p).unwrap();
            assert!((inverse - z).abs() < 1e-13 * z.abs(), "{p}: {inverse} {z}");
        }
    }

    #[test]
    fn nothing_is_said_at_the_ends() {
        for p in [-0.1, 0.0, 1.0, 1.1, f64::NAN] {
            assert_eq!(normal_quantile(p), None);
        }
        assert_eq!(normal_quantile(0.5), Some(0.0));
        assert_eq!((normal_cdf(f64::INFINITY), normal_cdf(f64::NEG_INFINITY)), (1.0, 0.0));
        assert!(normal_cdf(f64::NAN).is_nan());
    }
}
