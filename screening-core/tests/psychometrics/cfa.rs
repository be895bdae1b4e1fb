//! Confirmatory factor models against lavaan.

use screening_core::psychometrics::{
    CfaModel, CfaReport, FactorScale, FactorScores, Invariance, Missing, Polychoric, SampleMoments,
};
use serde_json::Value;

use super::{apart, close, decimals, matrix, number, numbered, responses};
use crate::peers::Oracle;

const FILE: &str = "apt/HolzingerSwineford1939.csv";

fn three_factors() -> CfaModel {
    CfaModel::new([("visual", numbered("x", 1, 3)), ("textual", numbered("x", 4, 6)), ("speed", numbered("x", 7, 9))])
}

/// Estimates, errors and standardised values of all parameters that both have.
fn same_parameters(found: &CfaReport, theirs: &Value, tolerance: f64) {
    let list = &theirs["parameters"];
    let text = |key: &str, at: usize| list[key][at].as_str().unwrap().to_owned();
    let mut compared = 0;
    for at in 0..list["lhs"].as_array().unwrap().len() {
        let (lhs, op, rhs) = (text("lhs", at), text("op", at), text("rhs", at));
        let Some(own) = found.parameter(&lhs, &op, &rhs) else { continue };
        let what = format!("{lhs} {op} {rhs}");
        close(&what, own.estimate, number(&list["est"][at]), tolerance);
        close(&what, own.standardised, number(&list["std.all"][at]), tolerance);
        close(&what, own.standard_error.unwrap_or(0.0), number(&list["se"][at]), tolerance);
        compared += 1;
    }
    assert_eq!(compared, found.parameters.len());
}

#[test]
fn maximum_likelihood() {
    let Some(oracle) = Oracle::open("cfa") else { return };
    let theirs = oracle.results("hs_ml");
    let data = decimals(&oracle, FILE, &numbered("x", 1, 9));
    let sample = SampleMoments::from_data(numbered("x", 1, 9), &data).unwrap();
    let found = three_factors().fit_ml(&sample).unwrap();
    same_parameters(&found, theirs, 1e-5);
    let fit = &theirs["fit"];
    let pairs = [
        ("chisq", found.fit.chi_square.value),
        ("df", found.fit.chi_square.df),
        ("pvalue", found.fit.chi_square.p),
        ("baseline.chisq", found.fit.baseline.value),
        ("cfi", found.fit.cfi),
        ("tli", found.fit.tli),
        ("rmsea", found.fit.rmsea),
        ("rmsea.ci.lower", found.fit.rmsea_interval.0),
        ("rmsea.ci.upper", found.fit.rmsea_interval.1),
        ("srmr", found.fit.srmr),
        ("logl", found.fit.log_likelihood.unwrap()),
        ("aic", found.fit.aic.unwrap()),
        ("bic", found.fit.bic.unwrap()),
        ("npar", found.fit.parameters as f64),
    ];
    pairs.iter().for_each(|(name, own)| close(name, *own, number(&fit[*name]), 1e-6));
    let details = oracle.results("hs_ml_details");
    assert!(apart(found.implied.values(), &matrix(&details["implied"])) < 1e-5);
    for (name, kind) in [("fscores_regression", FactorScores::Regression), ("fscores_bartlett", FactorScores::Bartlett)]
    {
        let scores = found.scores_of(&data.rows(0, 20).into_owned(), kind).unwrap();
        assert!(apart(scores.values(), &matrix(&details[name])) < 1e-5, "{name}");
    }
}

#[test]
fn robust_maximum_likelihood() {
    let Some(oracle) = Oracle::open("cfa") else { return };
    let theirs = oracle.results("hs_mlm");
    let names = numbered("x", 1, 9);
    let found = three_factors().fit_ml_robust_data(&names, &decimals(&oracle, FILE, &names)).unwrap();
    let fit = &theirs["fit"];
    let pairs = [
        ("chisq", found.fit.chi_square_plain),
        ("chisq.scaling.factor", found.fit.scaling),
        ("chisq.scaled", found.fit.chi_square.value),
        ("baseline.chisq.scaled", found.fit.baseline.value),
        ("cfi.scaled", found.fit.cfi),
        ("tli.scaled", found.fit.tli),
        ("rmsea.scaled", found.fit.rmsea),
        ("srmr", found.fit.srmr),
    ];
    pairs.iter().for_each(|(name, own)| close(name, *own, number(&fit[*name]), 1e-5));
    // lavaan puts the scaling into the noncentrality; here the scaled statistic stands as it is.
    close("rmsea lower", found.fit.rmsea_interval.0, number(&fit["rmsea.ci.lower.scaled"]), 2e-3);
    close("rmsea upper", found.fit.rmsea_interval.1, number(&fit["rmsea.ci.upper.scaled"]), 2e-3);
    same_parameters(&found, theirs, 1e-5);
}

#[test]
fn one_factor_of_numbers() {
    let Some(oracle) = Oracle::open("cfa") else { return };
    let theirs = oracle.results("phq_ml_1f");
    let sample = SampleMoments::of(&responses(&oracle, "phq_10k.csv", &numbered("i", 1, 9))).unwrap();
    let model = CfaModel { scale: FactorScale::UnitVariance, ..CfaModel::new([("f", numbered("i", 1, 9))]) };
    let found = model.fit_ml(&sample).unwrap();
    same_parameters(&found, theirs, 1e-5);
    close("chisq", found.fit.chi_square.value, number(&theirs["fit"]["chisq"]), 1e-6);
    close("srmr", found.fit.srmr, number(&theirs["fit"]["srmr"]), 1e-7);
    if let Some(oracle) = Oracle::open("reliability") {
        let omega = number(&oracle.results("phq_cfa_omega_ml")["omega"]);
        assert!((found.omega.unwrap() - omega).abs() < 5e-5, "{:?} {omega}", found.omega);
    }
}

fn same_scaled(found: &CfaReport, theirs: &Value) {
    let fit = &theirs["fit"];
    let pairs = [
        ("chisq", found.fit.chi_square_plain),
        ("chisq.scaling.factor", found.fit.scaling),
        ("chisq.scaled", found.fit.chi_square.value),
        ("pvalue.scaled", found.fit.chi_square.p),
        ("baseline.chisq.scaled", found.fit.baseline.value),
        ("cfi.scaled", found.fit.cfi),
        ("tli.scaled", found.fit.tli),
        ("rmsea.scaled", found.fit.rmsea),
        ("rmsea.ci.lower.scaled", found.fit.rmsea_interval.0),
        ("rmsea.ci.upper.scaled", found.fit.rmsea_interval.1),
        ("srmr", found.fit.srmr),
    ];
    pairs.iter().for_each(|(name, own)| close(name, *own, number(&fit[*name]), 1e-4));
}

#[test]
fn ordered_answers() {
    let Some(oracle) = Oracle::open("cfa") else { return };
    for (case, file, k) in [("phq_wlsmv_1f", "phq_10k.csv", 9), ("mht_L_wlsmv_binary", "mht_1k.csv", 15)] {
        let theirs = oracle.results(case);
        let polychorics = Polychoric::default().fit(&responses(&oracle, file, &numbered("i", 1, k))).unwrap();
        let model = CfaModel { scale: FactorScale::UnitVariance, ..CfaModel::new([("f", numbered("i", 1, k))]) };
        let found = model.fit_dwls(&polychorics).unwrap();
        same_parameters(&found_without_residuals(found.clone()), theirs, 1e-4);
        same_scaled(&found, theirs);
    }
    let theirs = oracle.results("bfi_AC_wlsmv");
    let columns = [numbered("A", 1, 5), numbered("C", 1, 5)].concat();
    let options = Polychoric { missing: Missing::Listwise, ..Polychoric::default() };
    let polychorics = options.fit(&responses(&oracle, "apt/bfi.csv", &columns)).unwrap();
    let model = CfaModel::new([("A", numbered("A", 1, 5)), ("C", numbered("C", 1, 5))]);
    let found = model.fit_dwls(&polychorics).unwrap();
    same_parameters(&found_without_residuals(found.clone()), theirs, 1e-4);
    same_scaled(&found, theirs);
}

/// Residual variances of ordered answers follow from the loadings; lavaan lists them without an error too.
fn found_without_residuals(mut found: CfaReport) -> CfaReport {
    found.parameters.retain(|own| own.standard_error.is_some() || own.op == "=~");
    found
}

#[test]
fn invariance_over_schools() {
    let Some(oracle) = Oracle::open("cfa") else { return };
    let theirs = oracle.results("hs_invariance_school");
    let data = decimals(&oracle, FILE, &numbered("x", 1, 9));
    let text = oracle.text(FILE);
    let mut lines = text.lines().map(|line| line.split(',').map(|cell| cell.trim_matches('"')).collect::<Vec<_>>());
    let school = lines.next().unwrap().iter().position(|name| *name == "school").unwrap();
    let schools: Vec<String> = lines.map(|cells| cells[school].to_owned()).collect();
    let mut names = schools.clone();
    names.sort_unstable();
    names.dedup();
    let groups: Vec<(String, SampleMoments)> = names
        .into_iter()
        .map(|name| {
            let rows: Vec<usize> = (0..schools.len()).filter(|row| schools[*row] == name).collect();
            let sample = SampleMoments::from_data(numbered("x", 1, 9), &data.select_rows(&rows)).unwrap();
            (name, sample)
        })
        .collect();
    let found = three_factors().invariance_of(&groups).unwrap();
    let levels =
        [("configural", Invariance::Configural), ("metric", Invariance::Metric), ("scalar", Invariance::Scalar)];
    for (at, (name, level)) in levels.into_iter().enumerate() {
        let (own, theirs_fit) = (found.step(level).unwrap(), &theirs["fit"][name]);
        let fit = own.fit;
        let pairs = [
            ("chisq", fit.chi_square.value),
            ("df", fit.chi_square.df),
            ("cfi", fit.cfi),
            ("tli", fit.tli),
            ("rmsea", fit.rmsea),
            ("srmr", fit.srmr),
            ("aic", fit.aic.unwrap()),
            ("bic", fit.bic.unwrap()),
        ];
        pairs.iter().for_each(|(key, own)| close(&format!("{name} {key}"), *own, number(&theirs_fit[*key]), 1e-6));
        if at > 0 {
            close(name, own.difference.unwrap(), number(&theirs["lrt"]["Chisq diff"][at]), 1e-5);
            close(name, own.difference_p.unwrap(), number(&theirs["lrt"]["Pr(>Chisq)"][at]), 1e-6);
        }
    }
}
