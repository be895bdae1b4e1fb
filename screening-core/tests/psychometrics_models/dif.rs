//! Against difR 5.1, MASS::polr and mirt.

use screening_core::psychometrics::Responses;
use screening_core::psychometrics::dif::{
    DifOptions, EtsClass, IrtDifOptions, LogisticDif, LogisticOptions, LogisticTest, Mantel, MantelHaenszel, TwoGroups,
};
use screening_core::psychometrics::irt::IrtModel;
use serde_json::Value;

use super::super::peers::{Oracle, agree, figures};
use super::{close, items, rows, table};

fn focal(oracle: &Oracle, file: &str, heading: &str) -> Vec<Option<bool>> {
    let (headings, columns) = oracle.data(file);
    let column = &columns[headings.iter().position(|own| own == heading).unwrap()];
    column.iter().map(|code| Some(*code == 1)).collect()
}

fn positions(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|at| at.as_u64().unwrap() as usize - 1).collect()
}

fn mantel_haenszel(oracle: &Oracle, case: &str, responses: &Responses, focal: &[Option<bool>], purify: bool) {
    let results = oracle.results(case);
    let fit = MantelHaenszel::fit(responses, focal, &DifOptions { purify, ..DifOptions::default() }).unwrap();
    let own = |f: fn(&screening_core::psychometrics::dif::MantelHaenszelRow) -> f64| {
        fit.rows.iter().map(f).collect::<Vec<_>>()
    };
    // Where the difference is smaller than the correction they square what is left below zero; R itself and we do not.
    let (theirs, p) = (figures(&results["MH_chisq"]), figures(&results["p"]));
    for (at, row) in fit.rows.iter().enumerate() {
        if row.chi_square == 0.0 {
            assert!(row.p == 1.0 && p[at] > 0.6, "{case} {}", row.name);
            continue;
        }
        close(case, row.chi_square, theirs[at], 1e-10);
        close(case, row.p, p[at], 1e-9);
    }
    if !purify {
        // Theirs was purified by the uncorrected test, which flags other items.
        agree(case, &own(|row| row.uncorrected), &figures(&results["MH_chisq_uncorrected"]), 1e-10);
    }
    agree(case, &own(|row| row.odds_ratio), &figures(&results["alphaMH"]), 1e-12);
    agree(case, &own(|row| row.ln_se * row.ln_se), &figures(&results["varLambda"]), 1e-12);
    agree(case, &own(|row| row.delta), &figures(&results["delta_MH"]), 1e-12);
    for (row, letter) in fit.rows.iter().zip(results["ets_by_size_only"].as_array().unwrap()) {
        assert_eq!(format!("{:?}", row.class_by_size), letter.as_str().unwrap(), "{case} {}", row.name);
        assert!(row.class <= row.class_by_size);
    }
    let flagged: Vec<usize> = fit.rows.iter().enumerate().filter(|(_, row)| row.flagged).map(|(at, _)| at).collect();
    assert_eq!(flagged, positions(&results["dif_items"]), "{case}");
    if purify {
        assert!(fit.purification.unwrap().settled);
    }
    // With two answers both generalisations are the uncorrected chi-square.
    if !purify {
        let mantel = Mantel::fit(responses, focal, &DifOptions::default()).unwrap();
        for (mantel, row) in mantel.rows.iter().zip(&fit.rows) {
            close(case, mantel.mantel, row.uncorrected, 1e-10);
            close(case, mantel.generalised, row.uncorrected, 1e-10);
            close(case, mantel.mean_difference, row.standardised_difference, 1e-12);
        }
    }
}

#[test]
fn mantel_haenszel_tests() {
    let Some(oracle) = Oracle::open("dif") else { return };
    let (responses, girls) = (items(&oracle, "mht_1k.csv", "i", 40), focal(&oracle, "mht_1k.csv", "sex"));
    mantel_haenszel(&oracle, "mh_mht40", &responses, &girls, false);
    mantel_haenszel(&oracle, "mh_mht40_purified", &responses, &girls, true);
    let (names, columns) = oracle.data("fetched/verbal.csv");
    let verbal = table(&names[..24], &columns[..24]);
    mantel_haenszel(&oracle, "mh_verbal", &verbal, &focal(&oracle, "fetched/verbal.csv", "Gender"), false);
    let fit = MantelHaenszel::fit(&responses, &girls, &DifOptions::default()).unwrap();
    let standardised: Vec<f64> = fit.rows.iter().map(|row| row.standardised_difference).collect();
    agree("std", &standardised, &figures(&oracle.results("std_bd_mht40")["PDIF"]), 1e-10);
    // The planted items 5 and 20.
    assert!(fit.rows[4].class >= EtsClass::B && fit.rows[19].class >= EtsClass::B);
}

#[test]
fn logistic_regressions() {
    let Some(oracle) = Oracle::open("dif") else { return };
    let (responses, girls) = (items(&oracle, "mht_1k.csv", "i", 40), focal(&oracle, "mht_1k.csv", "sex"));
    let results = oracle.results("logistic_mht40");
    let tests = [("both", LogisticTest::Both), ("udif", LogisticTest::Uniform), ("nudif", LogisticTest::NonUniform)];
    for (name, test) in tests {
        let options = LogisticOptions { test, ..LogisticOptions::default() };
        let fit = LogisticDif::fit(&responses, &girls, &options).unwrap();
        let change = |row: &screening_core::psychometrics::dif::LogisticRow| match test {
            LogisticTest::Both => row.both,
            LogisticTest::Uniform => row.uniform,
            LogisticTest::NonUniform => row.non_uniform,
        };
        let own = |f: &dyn Fn(usize) -> f64| (0..40).map(f).collect::<Vec<_>>();
        agree(name, &own(&|at| change(&fit.rows[at]).chi_square), &figures(&results[name]["stat"]), 1e-7);
        agree(name, &own(&|at| change(&fit.rows[at]).p), &figures(&results[name]["p"]), 1e-7);
        agree(name, &own(&|at| change(&fit.rows[at]).nagelkerke), &figures(&results[name]["deltaR2"]), 1e-8);
        let flagged: Vec<usize> =
            fit.rows.iter().enumerate().filter(|(_, row)| row.flagged).map(|(at, _)| at).collect();
        assert_eq!(flagged, positions(&results[name]["dif_items"]), "{name}");
    }
}

#[test]
fn ordinal_regressions() {
    let Some(oracle) = Oracle::open("dif") else { return };
    let columns: Vec<Vec<i16>> =
        oracle.items("phq_10k.csv", "i").iter().map(|column| column[..3000].to_vec()).collect();
    let names: Vec<String> = (1..=9).map(|number| format!("i{number}")).collect();
    let girls = focal(&oracle, "phq_10k.csv", "sex");
    let fit = LogisticDif::fit(&table(&names, &columns), &girls[..3000], &LogisticOptions::default()).unwrap();
    let results = oracle.results("ordinal_logistic_phq");
    for (row, theirs) in fit.rows.iter().zip(rows(&results["data"])) {
        for (own, theirs) in row.log_likelihood.iter().zip(&theirs[..4]) {
            close(&row.name, *own, *theirs, 1e-7);
        }
        close(&row.name, row.uniform.chi_square, theirs[4], 1e-5);
        close(&row.name, row.both.chi_square, theirs[5], 1e-5);
        close(&row.name, row.non_uniform.chi_square, theirs[6], 1e-5);
        close(&row.name, row.uniform.mcfadden, theirs[7], 1e-8);
        close(&row.name, row.both.mcfadden, theirs[8], 1e-8);
        close(&row.name, row.uniform.nagelkerke, theirs[10] - theirs[9], 1e-8);
        close(&row.name, row.total_slope, theirs[12], 1e-4);
        close(&row.name, row.slope_change, theirs[14], 1e-4);
        close(&row.name, row.group_slope, theirs[15], 1e-3);
    }
}

#[test]
fn likelihood_ratio_of_two_groups() {
    let Some(oracle) = Oracle::open("dif") else { return };
    let (responses, girls) = (items(&oracle, "mht_1k.csv", "i", 15), focal(&oracle, "mht_1k.csv", "sex"));
    let options = IrtDifOptions::new(IrtModel::TwoParameter);
    let results = oracle.results("irt_lr_item5");
    let of = |name: &str| results[name].as_f64().unwrap();
    let equal = TwoGroups::fit(&responses, &girls, &[], &options).unwrap();
    let free = TwoGroups::fit(&responses, &girls, &[4], &options).unwrap();
    assert!((equal.log_likelihood - of("logLik_equal")).abs() < 1e-3, "{}", equal.log_likelihood);
    assert!((free.log_likelihood - of("logLik_free")).abs() < 1e-3, "{}", free.log_likelihood);
    assert_eq!(free.parameters - equal.parameters, 2);
    let chi_square = 2.0 * (free.log_likelihood - equal.log_likelihood);
    assert!((chi_square - of("chi2")).abs() < 2e-3, "{chi_square}");
    // Their group figures may be of either calibration.
    let means = [equal.focal_prior.mean, free.focal_prior.mean];
    assert!(means.iter().any(|mean| (mean - of("girl_mean")).abs() < 2e-3), "{means:?}");
    let variances = [equal.focal_prior, free.focal_prior].map(|prior| prior.deviation.powi(2));
    assert!(variances.iter().any(|variance| (variance - of("girl_var")).abs() < 5e-3), "{variances:?}");
}
