//! Against mirt 1.45 and ltm.

use screening_core::psychometrics::Responses;
use screening_core::psychometrics::irt::{
    BankItem, Calibration, CalibrationOptions, Estimator, IrtModel, ItemBank, PersonScorer, Prior, Quadrature,
    ScoreOptions, ScoreState, SumScores,
};
use screening_core::stats::ItemParameters;
use serde_json::Value;

use super::super::peers::{Oracle, figures};
use super::{close, items, rows, table};

/// Cases with their model and table.
pub(crate) fn cases(oracle: &Oracle) -> Vec<(&'static str, IrtModel, Responses)> {
    let read = |file| {
        let (names, columns) = oracle.data(file);
        table(&names, &columns)
    };
    vec![
        ("lsat7_2pl", IrtModel::TwoParameter, read("fetched/lsat7.csv")),
        ("lsat7_rasch", IrtModel::Rasch, read("fetched/lsat7.csv")),
        ("science_gpcm", IrtModel::PartialCredit, read("fetched/science4.csv")),
        ("science_pcm", IrtModel::Rasch, read("fetched/science4.csv")),
        ("mht_L_rasch_missing", IrtModel::Rasch, items(oracle, "mht_1k_miss.csv", "i", 15)),
    ]
}

/// The bank and the distribution of theta that mirt found.
pub(crate) fn theirs(results: &Value, model: IrtModel, responses: &Responses) -> (ItemBank, Prior) {
    let parameters = rows(&results["irt_pars"]["data"]);
    let binary = responses.categories(0).len() == 2;
    let all = parameters.iter().enumerate().map(|(at, row)| {
        let b = if binary { vec![row[1]] } else { row[1..].to_vec() };
        let parameters = match model {
            IrtModel::TwoParameter | IrtModel::Graded => ItemParameters::Graded { a: row[0], b },
            IrtModel::Rasch | IrtModel::PartialCredit => ItemParameters::PartialCredit { a: row[0], b },
        };
        BankItem::new(responses.names()[at].clone(), responses.categories(at)[0], parameters)
    });
    let variance = figures(&results["group_cov"])[0];
    (ItemBank::new(all.collect()).unwrap(), Prior { mean: 0.0, deviation: variance.sqrt() })
}

#[test]
fn calibrations() {
    let Some(oracle) = Oracle::open("irt") else { return };
    for (case, model, responses) in cases(&oracle) {
        let results = oracle.results(case);
        let fit = Calibration::fit(&responses, &CalibrationOptions::new(model)).unwrap();
        println!("{case}: {} steps\n{fit}", fit.iterations);
        // Their maximum falls short of ours by less than their tolerance; ours may not fall short of theirs.
        let log_likelihood = results["logLik"].as_f64().unwrap();
        assert!(fit.log_likelihood > log_likelihood - 1e-6, "{case}: {} {log_likelihood}", fit.log_likelihood);
        // With a wide theta the ends of the grid cut off a little of the normal density. They take the variance of the whole
        // density for that of the points, which is not quite the maximum.
        let wide = case.starts_with("mht");
        let slack = if wide { 2e-3 } else { 1e-4 };
        assert!(fit.log_likelihood < log_likelihood + slack, "{case}: {} {log_likelihood}", fit.log_likelihood);
        close(case, fit.aic, results["AIC"].as_f64().unwrap(), 1e-6);
        close(case, fit.bic, results["BIC"].as_f64().unwrap(), 1e-6);
        assert_eq!(fit.parameters as u64, results["npar"].as_u64().unwrap());
        let (bank, prior) = theirs(results, model, &responses);
        close(case, fit.variance, prior.deviation.powi(2), if wide { 5e-3 } else { 5e-4 });
        for (own, other) in fit.bank.items().iter().zip(bank.items()) {
            close(case, own.parameters.slope(), other.parameters.slope(), 5e-4);
            for (own, other) in own.parameters.thresholds().iter().zip(other.parameters.thresholds()) {
                close(case, *own, *other, 1e-3);
            }
        }
        let covariance = rows(&results["se_params"]["vcov"]);
        let own = fit.covariance.as_ref().unwrap();
        for (own, other) in own.iter().zip(&covariance) {
            for (own, other) in own.iter().zip(other) {
                assert!(
                    (own - other).abs() < if wide { 2e-2 } else { 5e-3 } * other.abs().max(0.05),
                    "{case}: {own} {other}"
                );
            }
        }
    }
}

#[test]
fn graded_model_of_ltm() {
    let Some(oracle) = Oracle::open("irt") else { return };
    let (names, columns) = oracle.data("fetched/ltm_science.csv");
    let responses = table(&names, &columns).select(&[0, 2, 3, 6]).unwrap();
    let fit = Calibration::fit(&responses, &CalibrationOptions::new(IrtModel::Graded)).unwrap();
    let results = oracle.results("ltm_science_grm");
    // ltm takes Gauss-Hermite points.
    close("lnL", fit.log_likelihood, results["logLik"].as_f64().unwrap(), 1e-5);
    for (item, theirs) in fit.items.iter().zip(rows(&results["coef"]["data"])) {
        for (own, theirs) in item.thresholds.iter().chain([&item.slope]).zip(theirs) {
            assert!((own - theirs).abs() < 2e-2, "{}: {own} {theirs}", item.name);
        }
    }
}

#[test]
fn scores_of_all_estimators() {
    let Some(oracle) = Oracle::open("irt") else { return };
    for (case, model, responses) in cases(&oracle) {
        let results = oracle.results(case);
        let (bank, prior) = theirs(results, model, &responses);
        let kinds = [
            ("EAP", Estimator::Eap, 1e-9),
            ("MAP", Estimator::Map, 1e-5),
            ("ML", Estimator::Ml, 1e-5),
            ("WLE", Estimator::Wle, 2e-4),
        ];
        for (name, estimator, tolerance) in kinds {
            let options = ScoreOptions { estimator, prior, ..ScoreOptions::default() };
            let scores = PersonScorer::new(bank.clone(), options).unwrap().score(&responses).unwrap();
            let theirs = &results["scores_first"][name];
            let (theta, se) = (figures(&theirs["theta"]), figures(&theirs["se"]));
            let mut compared = 0;
            for (at, own) in scores.persons.iter().enumerate().take(theta.len()) {
                if own.state != ScoreState::Estimated {
                    assert!(theta[at].is_nan() && estimator == Estimator::Ml, "{case} {name} {at}: {own:?}");
                    continue;
                }
                compared += 1;
                close(&format!("{case} {name} {at}"), own.theta, theta[at], tolerance);
                // Their errors are numerical derivatives; that of WLE takes the weight for part of the likelihood.
                if estimator != Estimator::Wle {
                    close(&format!("{case} {name} se {at}"), own.se, se[at], if name == "EAP" { 1e-9 } else { 2e-3 });
                }
            }
            assert!(compared > 0 || case.starts_with("lsat7"), "{case} {name}");
        }
        let eap = ScoreOptions { prior, ..ScoreOptions::default() };
        let scores = PersonScorer::new(bank, eap).unwrap().score(&responses).unwrap();
        close(case, scores.reliability().unwrap(), results["empirical_rxx"].as_f64().unwrap(), 1e-6);
    }
}

#[test]
fn information_and_expected_scores() {
    let Some(oracle) = Oracle::open("irt") else { return };
    for (case, model, responses) in cases(&oracle) {
        let results = oracle.results(case);
        let (bank, _) = theirs(results, model, &responses);
        let lowest: f64 = bank.items().iter().map(|item| f64::from(item.codes[0])).sum();
        let (grid, test) = (figures(&results["theta_grid"]), figures(&results["test_info"]));
        let (each, expected) = (rows(&results["item_info"]), figures(&results["expected_test"]));
        for (at, theta) in grid.iter().enumerate() {
            close(case, bank.information(*theta), test[at], 1e-12);
            close(case, bank.expected_sum(*theta) + lowest, expected[at], 1e-12);
            for (item, theirs) in bank.items().iter().zip(&each[at]) {
                close(case, item.parameters.information(*theta), *theirs, 1e-12);
            }
        }
    }
}

#[test]
fn sum_scores() {
    let Some(oracle) = Oracle::open("irt") else { return };
    for (case, model, responses) in cases(&oracle) {
        let results = oracle.results(case);
        if results["eapsum"].is_null() {
            continue;
        }
        let (bank, prior) = theirs(results, model, &responses);
        let table = SumScores::new(&bank, prior, Quadrature::SCORING).unwrap();
        let (theta, se) = (figures(&results["eapsum"]["F1"]), figures(&results["eapsum"]["SE_F1"]));
        let expected = figures(&results["eapsum"]["expected"]);
        for (at, row) in table.rows.iter().enumerate() {
            close(case, row.theta, theta[at], 1e-12);
            close(case, row.se, se[at], 1e-12);
            close(case, row.probability * responses.persons() as f64, expected[at], 1e-10);
        }
    }
}
