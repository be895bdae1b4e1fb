//! All schools of a wave beside each other, ready to be shown.

use serde::Serialize;

use crate::disclosure::{Dimension, Population, Rule, Shown, TableSpec, protect};
use crate::stats::{normal_quantile, wilson};

use super::{
    BetaBinomial, DistrictShare, Funnel, FunnelLimits, SchoolCount, SchoolsError, Standing, check, district_share,
};

/// One school as it may be shown. Every figure is there only where its count may be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SchoolRow {
    /// School.
    pub school: String,
    /// Pupils.
    pub pupils: Shown,
    /// Cases.
    pub cases: Shown,
    /// Share of cases.
    pub share: Option<f64>,
    /// Wilson's interval.
    pub interval: Option<(f64, f64)>,
    /// Share drawn towards the district's.
    pub shrunken: Option<f64>,
    /// Its interval.
    pub shrunken_interval: Option<(f64, f64)>,
    /// Funnel limits at its size.
    pub limits: Option<FunnelLimits>,
    /// Where it lies in the funnel.
    pub standing: Option<Standing>,
}

/// All schools, in the order of their names.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SchoolComparison {
    /// The district, where its counts may be shown.
    pub district: Option<DistrictShare>,
    /// The funnel, where the district may be shown.
    pub funnel: Option<Funnel>,
    /// The schools, by name.
    pub schools: Vec<SchoolRow>,
    /// Level of all intervals.
    pub level: f64,
    /// The rule of suppression.
    pub rule: Rule,
}

/// Compares schools by the share of cases, and suppresses what may not be shown: a school whose cases are few, or withheld to
/// protect another school, has no share, no interval, no place in the funnel.
///
/// # Errors
/// When counts make no sense or cannot be protected.
///
/// ```
/// use screening_core::disclosure::{Rule, Shown};
/// use screening_core::schools::{SchoolCount, compare_schools};
/// let school = |school: &str, pupils, cases| SchoolCount { school: school.into(), pupils, cases };
/// let schools = [school("A", 400, 40), school("B", 60, 4), school("C", 800, 81), school("D", 500, 50)];
/// let comparison = compare_schools(&schools, 0.95, Rule::default())?;
/// assert_eq!((comparison.schools[1].cases, comparison.schools[1].share), (Shown::Small, None));
/// let shown = comparison.schools.iter().filter(|row| row.share.is_some()).count();
/// assert_eq!(shown, 2, "one more is withheld, or the four of B could be worked out");
/// # Ok::<(), screening_core::schools::SchoolsError>(())
/// ```
pub fn compare_schools(schools: &[SchoolCount], level: f64, rule: Rule) -> Result<SchoolComparison, SchoolsError> {
    check(schools)?;
    let mut people =
        Population::new(vec![Dimension::known("school", &["school"]), Dimension::sensitive("case", &["case"])]);
    for own in schools {
        people.add(&[&[&own.school], &["yes"]], own.cases)?;
        people.add(&[&[&own.school], &["no"]], own.pupils - own.cases)?;
    }
    let spec = TableSpec::new("schools").axis("school", &["all", "school"]).axis("case", &["case"]);
    let release = if schools.is_empty() { None } else { Some(protect(&people, &[spec], rule)?) };
    let table = release.as_ref().and_then(|release| release.tables.first());
    let shown = |school: Option<&str>| {
        let school: Vec<&str> = school.into_iter().collect();
        ["yes", "no"].map(|case| table.and_then(|table| table.get(&[&school, &[case]])).unwrap_or(Shown::Withheld))
    };
    compare_shown(schools, level, rule, &shown)
}

/// The same where the counts have been through the suppression step already, together with other tables about these pupils:
/// `shown` says what may be shown of the cases and of the other pupils of a school, or of the district.
///
/// # Errors
/// When counts make no sense.
pub fn compare_shown(
    schools: &[SchoolCount],
    level: f64,
    rule: Rule,
    shown: &dyn Fn(Option<&str>) -> [Shown; 2],
) -> Result<SchoolComparison, SchoolsError> {
    check(schools)?;
    let district = district_share(schools, level)?;
    // Limits and shrunken shares tell the district's share, so they need its counts to be free.
    let told = shown(None).iter().all(|shown| shown.value().is_some());
    let district = district.filter(|_| told);
    let funnel = Funnel::of(schools).filter(|_| told);
    let prior = BetaBinomial::fit(schools).filter(|_| told);
    let z = normal_quantile(f64::midpoint(1.0, level)).unwrap_or(f64::INFINITY);
    let row = |own: &SchoolCount| {
        let [cases, others] = shown(Some(&own.school));
        // A share tells the cases of a school of known size, so both parts have to be free; and the number of pupils with a
        // sheet tells how many have none.
        let free = cases == Shown::Value(own.cases) && others == Shown::Value(own.pupils - own.cases) && own.pupils > 0;
        let pupils = if free { Shown::Value(own.pupils) } else { Shown::Withheld };
        let share = own.cases as f64 / own.pupils as f64;
        let mean = district.map(|district| district.share);
        SchoolRow {
            school: own.school.clone(),
            pupils,
            cases,
            share: free.then_some(share),
            interval: free.then(|| wilson(share, own.pupils as f64, z)),
            shrunken: if free { prior.map(|prior| prior.estimate(own)).or(mean) } else { None },
            shrunken_interval: if free { prior.map(|prior| prior.interval(own, level)) } else { None },
            limits: funnel.filter(|_| pupils.value().is_some()).map(|funnel| funnel.limits(own.pupils)),
            standing: funnel.filter(|_| free).and_then(|funnel| funnel.standing(own)),
        }
    };
    let mut rows: Vec<SchoolRow> = schools.iter().map(row).collect();
    rows.sort_by(|a, b| a.school.cmp(&b.school));
    Ok(SchoolComparison { district, funnel, schools: rows, level, rule })
}
