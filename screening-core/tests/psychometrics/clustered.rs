//! Clusters and shares against lme4, survey and Hmisc.

use screening_core::psychometrics::{
    ClusterMean, ClusterProportion, ProportionInterval, VarianceComponents, proportion_interval,
};

use screening_core::schools::{SchoolCount, district_share};

use super::{close, number, numbered, responses};
use crate::peers::{Oracle, agree, figures};

fn totals(oracle: &Oracle) -> (Vec<f64>, Vec<String>) {
    let items = responses(oracle, "phq_10k.csv", &numbered("i", 1, 9)).to_matrix();
    let (headings, columns) = oracle.data("phq_10k.csv");
    let school = &columns[headings.iter().position(|name| name == "school").unwrap()];
    (items.row_iter().map(|row| row.sum()).collect(), school.iter().map(ToString::to_string).collect())
}

#[test]
fn variance_components() {
    let Some(oracle) = Oracle::open("clustered") else { return };
    let theirs = oracle.results("lmer_null_reml");
    let (values, schools) = totals(&oracle);
    let found = VarianceComponents::fit(&values, &schools).unwrap();
    let variances = figures(&theirs["components"]["vcov"]);
    close("between", found.between, variances[0], 1e-5);
    close("within", found.within, variances[1], 1e-5);
    close("mean", found.mean, number(&theirs["fixed"]["(Intercept)"]), 1e-6);
    close("se", found.mean_standard_error, figures(&theirs["se_fixed"])[0], 1e-5);
    close("icc", found.icc, number(&theirs["icc"]), 1e-6);
    close("logLik", found.log_likelihood, number(&theirs["logLik"]), 1e-10);
    let names: Vec<String> = figures(&theirs["school"]).iter().map(ToString::to_string).collect();
    let of = |name: &String| found.clusters.iter().find(|cluster| cluster.cluster == *name).unwrap();
    let means: Vec<f64> = names.iter().map(|name| of(name).mean).collect();
    agree("means", &means, &figures(&theirs["mean"]), 1e-12);
    let blup: Vec<f64> = names.iter().map(|name| of(name).shrunken - found.mean).collect();
    agree("blup", &blup, &figures(&theirs["blup"]), 1e-5);
    let reliability: Vec<f64> = names.iter().map(|name| of(name).reliability).collect();
    agree("reliability", &reliability, &figures(&theirs["reliability_of_school_mean"]), 1e-6);
    let variance: Vec<f64> = names.iter().map(|name| of(name).standard_error.powi(2)).collect();
    agree("condvar", &variance, &figures(&theirs["blup_condvar"]), 1e-6);
}

#[test]
fn robust_means_and_shares() {
    let Some(oracle) = Oracle::open("clustered") else { return };
    let theirs = oracle.results("survey_cluster");
    let (values, schools) = totals(&oracle);
    let found = ClusterMean::fit(&values, &schools, 0.95).unwrap();
    close("mean", found.mean, number(&theirs["mean"]), 1e-12);
    close("se", found.standard_error, number(&theirs["se"]), 1e-10);
    close("deff", found.design_effect, number(&theirs["deff"]), 1e-8);
    let positive: Vec<Option<bool>> = values.iter().map(|total| Some(*total >= 10.0)).collect();
    let found = ClusterProportion::fit(&positive, &schools, 0.95).unwrap();
    close("prop", found.mean.mean, number(&theirs["prop"]), 1e-12);
    close("se_prop", found.mean.standard_error, number(&theirs["se_prop"]), 1e-10);
    close("deff_prop", found.mean.design_effect, number(&theirs["deff_prop"]), 1e-8);
    agree("mean", &[found.mean.interval.0, found.mean.interval.1], &figures(&theirs["ci"]["mean"]), 1e-8);
    agree("logit", &[found.logit.0, found.logit.1], &figures(&theirs["ci"]["xlogit"]), 1e-8);
    agree("beta", &[found.korn_graubard.0, found.korn_graubard.1], &figures(&theirs["ci"]["beta"]), 1e-8);
}

#[test]
fn intervals_of_shares() {
    let Some(oracle) = Oracle::open("clustered") else { return };
    for case in oracle.results("proportion_intervals").as_array().unwrap() {
        let (x, n) = (case["x"].as_u64().unwrap(), case["n"].as_u64().unwrap());
        let of = |kind| {
            let (low, high) = proportion_interval(x, n, 0.95, kind).unwrap();
            vec![low, high]
        };
        agree("exact", &of(ProportionInterval::ClopperPearson), &figures(&case["exact"]), 1e-10);
        agree("agresti", &of(ProportionInterval::AgrestiCoull), &figures(&case["agresti_coull"]), 1e-10);
        agree("jeffreys", &of(ProportionInterval::Jeffreys), &figures(&case["jeffreys"]), 1e-10);
        if x != 1 && x + 1 != n {
            // Hmisc replaces Wilson's bound there.
            agree("wilson", &of(ProportionInterval::Wilson), &figures(&case["wilson"]), 1e-10);
        }
    }
}

#[test]
fn the_share_of_a_district() {
    let Some(oracle) = Oracle::open("clustered") else { return };
    let (values, own) = totals(&oracle);
    let mut counts: std::collections::BTreeMap<String, (u64, u64)> = std::collections::BTreeMap::new();
    for (total, school) in values.iter().zip(own) {
        let count = counts.entry(school).or_default();
        *count = (count.0 + 1, count.1 + u64::from(*total >= 10.0));
    }
    let schools: Vec<SchoolCount> =
        counts.into_iter().map(|(school, (pupils, cases))| SchoolCount { school, pupils, cases }).collect();
    let share = district_share(&schools, 0.95).unwrap().unwrap();
    let (low, high) = share.interval.unwrap();
    assert!((share.share - 0.305).abs() < 1e-12 && share.schools == 40);
    assert!((share.error.unwrap() - 0.013_860_900_977_116_767).abs() < 1e-10);
    assert!((share.design_effect.unwrap() - 9.062_642_454_999_256).abs() < 1e-6);
    assert!(
        (low - 0.277_707_365_295_837_1).abs() < 1e-7 && (high - 0.333_735_564_350_450_1).abs() < 1e-7,
        "{low} {high}"
    );
}
