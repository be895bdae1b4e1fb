//! Schools beside each other: shares with intervals, funnel limits, shrunken estimates. No ranking: schools stand in the
//! order of their names, and nothing here sorts them by a result.
//!
//! | question | answer |
//! |---|---|
//! | what share in this school? | Wilson's interval ([`crate::stats::wilson`]) |
//! | what share in the district? | [`district_share`]: pupils of a school resemble each other, so schools are the sample |
//! | is this school unlike the others? | [`Funnel`]: exact binomial limits around the district, wider where schools differ anyway |
//! | best guess for a small school? | [`BetaBinomial`]: its own share drawn towards the district's, the more the fewer pupils it has |
//!
//! [`compare_schools`] does all of it and passes the result through the suppression step of [`crate::disclosure`];
//! [`compare_shown`] takes counts that passed it together with other tables.

mod cluster;
mod compare;
mod funnel;
mod shrink;

pub use cluster::{DistrictShare, district_share};
pub use compare::{SchoolComparison, SchoolRow, compare_schools, compare_shown};
pub use funnel::{Funnel, FunnelLimits, Overdispersion, Standing};
pub use shrink::BetaBinomial;

/// One school: pupils, and those among them with the property.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SchoolCount {
    /// School.
    pub school: String,
    /// Pupils.
    pub pupils: u64,
    /// Pupils with the property, for example flagged.
    pub cases: u64,
}

/// Why schools cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SchoolsError {
    /// More cases than pupils.
    #[error("school `{school}` has {cases} cases among {pupils} pupils; count both over the same pupils")]
    Cases {
        /// School.
        school: String,
        /// Cases.
        cases: u64,
        /// Pupils.
        pupils: u64,
    },
    /// A school twice.
    #[error("school `{0}` stands twice; join its rows")]
    Twice(String),
    /// A level outside 0 to 1.
    #[error("{0} is no level of confidence; it lies between 0 and 1")]
    Level(f64),
    /// The tables cannot be protected.
    #[error(transparent)]
    Disclosure(#[from] crate::disclosure::DisclosureError),
}

pub(crate) fn check(schools: &[SchoolCount]) -> Result<(), SchoolsError> {
    let mut seen = std::collections::HashSet::new();
    for own in schools {
        if own.cases > own.pupils {
            let SchoolCount { school, pupils, cases } = own.clone();
            return Err(SchoolsError::Cases { school, cases, pupils });
        }
        if !seen.insert(own.school.as_str()) {
            return Err(SchoolsError::Twice(own.school.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::disclosure::{Rule, Shown};

    fn school(name: usize, pupils: u64, cases: u64) -> SchoolCount {
        SchoolCount { school: format!("S{name:02}"), pupils, cases }
    }

    #[test]
    fn binomial_limits_are_exact() {
        // Binomial(10, 1/2): P(X <= 1) = 11/1024 < 0.025 <= P(X <= 2) = 56/1024, so the limit is 2 minus the interpolation.
        let funnel = Funnel { target: 0.5, schools: 2, overdispersion: Overdispersion::None };
        let (low, high) = funnel.limits(10).p95;
        let part = (56.0 / 1024.0 - 0.025) / (45.0 / 1024.0);
        assert!((low - (2.0 - part) / 10.0).abs() < 1e-12, "{low}");
        let part = (1013.0 / 1024.0 - 0.975) / (45.0 / 1024.0);
        assert!((high - (8.0 - part) / 10.0).abs() < 1e-12, "{high}");
        let wider = Funnel { overdispersion: Overdispersion::Factor(1.21), ..funnel }.limits(10).p95;
        assert!((wider.0 - (0.5 - 1.1 * (0.5 - low))).abs() < 1e-12);
    }

    #[test]
    fn excess_is_the_winsorised_mean_square() {
        // Five schools of 100 around 1/2 with z = -2, -1, 0, 1, 2: the mean square is 2.
        let schools: Vec<SchoolCount> =
            [40, 45, 50, 55, 60].iter().enumerate().map(|(at, y)| school(at, 100, *y)).collect();
        let Overdispersion::Factor(phi) = Funnel::of(&schools).unwrap().overdispersion else { panic!("no excess") };
        assert!((phi - 2.0).abs() < 1e-12, "{phi}");
        let alike: Vec<SchoolCount> = (0..6).map(|at| school(at, 100, 50)).collect();
        assert_eq!(Funnel::of(&alike).unwrap().overdispersion, Overdispersion::None);
    }

    #[test]
    fn exact_intervals_are_those_of_the_tables() {
        let (low, high) = crate::stats::clopper_pearson(1, 25, 0.95);
        assert!((low - 0.001_012_199_699_310_845_4).abs() < 1e-10 && (high - 0.203_516_913_922_414_06).abs() < 1e-9);
        assert_eq!(crate::stats::clopper_pearson(7, 7, 0.95).1, 1.0);
    }

    #[test]
    fn the_prior_maximises_its_likelihood() {
        let counts = [(120, 6), (90, 20), (200, 30), (60, 3), (150, 40), (80, 4), (300, 33)];
        let schools: Vec<SchoolCount> = counts.iter().enumerate().map(|(at, (n, y))| school(at, *n, *y)).collect();
        let prior = BetaBinomial::fit(&schools).unwrap();
        // The likelihood of Polya's urn, pupil by pupil.
        let urn = |a: f64, b: f64| -> f64 {
            let of = |own: &SchoolCount| {
                let cases: f64 = (0..own.cases).map(|i| (a + i as f64).ln()).sum();
                let others: f64 = (0..own.pupils - own.cases).map(|i| (b + i as f64).ln()).sum();
                let all: f64 = (0..own.pupils).map(|i| (a + b + i as f64).ln()).sum();
                cases + others - all
            };
            schools.iter().map(of).sum()
        };
        let best = urn(prior.alpha, prior.beta);
        assert!((best - prior.log_likelihood).abs() < 1e-6);
        for (da, db) in [(1.02, 1.0), (0.98, 1.0), (1.0, 1.02), (1.0, 0.98), (1.02, 1.02), (0.98, 0.98)] {
            assert!(urn(prior.alpha * da, prior.beta * db) < best, "{da} {db}");
        }
    }

    #[test]
    fn schools_that_differ_by_chance_alone_have_no_prior() {
        let schools: Vec<SchoolCount> = (0..8).map(|at| school(at, 200, 20)).collect();
        assert_eq!(BetaBinomial::fit(&schools), None);
        assert_eq!(BetaBinomial::fit(&[]), None);
        assert!(Funnel::of(&[school(0, 0, 0)]).is_none());
        assert_eq!(district_share(&[], 0.95).unwrap(), None);
    }

    #[test]
    fn counts_that_make_no_sense_are_refused() {
        assert!(matches!(district_share(&[school(0, 3, 4)], 0.95), Err(SchoolsError::Cases { .. })));
        assert!(matches!(district_share(&[school(0, 3, 1), school(0, 3, 1)], 0.95), Err(SchoolsError::Twice(_))));
        assert!(matches!(district_share(&[], 1.0), Err(SchoolsError::Level(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Limits hold the share of the district between them, and are wider for smaller schools and for higher levels.
        #[test]
        fn limits_are_ordered(target in 0.01_f64..0.99, n in 5_u64..2_000) {
            let funnel = Funnel { target, schools: 9, overdispersion: Overdispersion::None };
            let (small, large) = (funnel.limits(n), funnel.limits(4 * n));
            prop_assert!(small.p998.0 <= small.p95.0 && small.p95.1 <= small.p998.1);
            prop_assert!(small.p95.0 <= target && target <= small.p95.1);
            prop_assert!(small.p95.1 - small.p95.0 >= large.p95.1 - large.p95.0 - 1e-9);
        }

        /// A shrunken share lies between the school's own and the district's; the interval holds it.
        #[test]
        fn shrinking_goes_towards_the_mean(counts in prop::collection::vec((20_u64..400, 0.0_f64..0.5), 4..12)) {
            let schools: Vec<SchoolCount> = counts.iter().enumerate().map(|(at, (n, p))| school(at, *n, (*n as f64 * p) as u64)).collect();
            if let Some(prior) = BetaBinomial::fit(&schools) {
                for own in &schools {
                    let (share, estimate) = (own.cases as f64 / own.pupils as f64, prior.estimate(own));
                    let (low, high) = prior.interval(own, 0.95);
                    prop_assert!(estimate >= share.min(prior.mean()) - 1e-9 && estimate <= share.max(prior.mean()) + 1e-9);
                    prop_assert!(low <= estimate && estimate <= high && low >= 0.0 && high <= 1.0);
                }
            }
        }

        /// No figure of a school whose cases may not be shown; the order is that of the names.
        #[test]
        fn what_is_suppressed_has_no_figures(counts in prop::collection::vec((20_u64..200, 0_u64..20), 1..8)) {
            let schools: Vec<SchoolCount> = counts.iter().enumerate().rev().map(|(at, (n, y))| school(at, *n, *y)).collect();
            let comparison = compare_schools(&schools, 0.95, Rule::default()).unwrap();
            prop_assert!(comparison.schools.windows(2).all(|pair| pair[0].school < pair[1].school));
            for row in &comparison.schools {
                let own = schools.iter().find(|own| own.school == row.school).unwrap();
                if own.cases < 10 || own.pupils - own.cases < 10 {
                    prop_assert!(row.share.is_none() && row.interval.is_none() && row.standing.is_none() && row.shrunken.is_none());
                }
                prop_assert!(row.share.is_none() || matches!(row.cases, Shown::Value(_)));
            }
        }
    }
}
