//! Correlations against R's `cor`, lavaan, psych and polycor.

use nalgebra::DMatrix;
use screening_core::psychometrics::{
    Correlation, CorrelationMethod, EmptyCells, Missing, PairSums, Polychoric, Polyserial, PolyserialMethod, smooth,
    tetrachoric,
};

use super::{apart, bfi25, close, matrix, number, numbered, responses};
use crate::peers::{Oracle, agree, figures};

#[test]
fn pearson_and_spearman() {
    let Some(oracle) = Oracle::open("item_analysis") else { return };
    let theirs = oracle.results("bfi_cor_pairwise");
    let responses = responses(&oracle, "apt/bfi.csv", &bfi25());
    let fit = |method, missing| Correlation { method, missing }.fit(&responses).unwrap();
    let pearson = fit(CorrelationMethod::Pearson, Missing::Pairwise);
    assert!(apart(pearson.matrix(), &matrix(&theirs["pairwise"])) < 1e-13);
    let covariance = PairSums::of(&responses).covariances().unwrap();
    assert!(apart(&covariance, &matrix(&theirs["cov_pairwise"])) < 1e-13);
    let listwise = fit(CorrelationMethod::Pearson, Missing::Listwise);
    assert!(apart(listwise.matrix(), &matrix(&theirs["complete"])) < 1e-13);
    let spearman = fit(CorrelationMethod::Spearman, Missing::Pairwise);
    assert!(apart(spearman.matrix(), &matrix(&theirs["spearman_pairwise"])) < 1e-13);
}

#[test]
fn polychoric() {
    let Some(oracle) = Oracle::open("polychoric") else { return };
    let theirs = oracle.results("bfi_A_C_polychoric_missing");
    let columns = [numbered("A", 1, 5), numbered("C", 1, 5)].concat();
    let responses = responses(&oracle, "apt/bfi.csv", &columns);
    let fitted = Polychoric::default().fit(&responses).unwrap();
    let reference = matrix(&theirs["reference_two_step_global_tau"]);
    // The reference compares values of the likelihood, which tell no more than about 4e-8; here its slope is nought.
    let far = apart(fitted.correlations().matrix(), &reference);
    assert!(far < 1e-7, "{far}");
    assert!(apart(fitted.correlations().matrix(), &matrix(&theirs["lavaan_pairwise"])) < 1e-7);
    assert!(apart(fitted.correlations().matrix(), &matrix(&theirs["psych_global"])) < 2e-4);
    for (thresholds, name) in fitted.thresholds().iter().zip(&columns) {
        agree(name, thresholds, &figures(&theirs["reference_tau"][name]), 1e-13);
    }
    let listwise = Polychoric { missing: Missing::Listwise, ..Polychoric::default() }.fit(&responses).unwrap();
    assert!(apart(listwise.correlations().matrix(), &matrix(&theirs["lavaan_listwise"])) < 1e-7);
}

#[test]
fn polychoric_of_four_categories() {
    let Some(oracle) = Oracle::open("reliability") else { return };
    let theirs = matrix(&oracle.results("phq_ordinal_alpha")["rho"]);
    let responses = responses(&oracle, "phq_10k.csv", &numbered("i", 1, 9));
    // psych stops its search at 1.2e-4.
    assert!(apart(Polychoric::default().fit(&responses).unwrap().correlations().matrix(), &theirs) < 5e-5);
}

#[test]
fn empty_cells_and_smoothing() {
    let Some(oracle) = Oracle::open("polychoric") else { return };
    let theirs = oracle.results("zero_cell_and_smoothing");
    let (rho, thresholds) = tetrachoric([[40.0, 10.0], [0.0, 50.0]], EmptyCells::Half).unwrap();
    close("rho", rho, number(&theirs["rho_correct_half"]), 1e-5);
    agree("tau", &thresholds, &figures(&theirs["tau"]), 1e-12);
    let (smoothed, smallest) = smooth(&matrix(&theirs["bad"])).unwrap();
    close("smallest", smallest, figures(&theirs["eig_bad"])[2], 1e-12);
    assert!(apart(&smoothed, &matrix(&theirs["smoothed"])) < 1e-12);
}

#[test]
fn polyserial() {
    let Some(oracle) = Oracle::open("polychoric") else { return };
    let theirs = oracle.results("polyserial_phq_total");
    let items = responses(&oracle, "phq_10k.csv", &numbered("i", 1, 9)).to_matrix();
    let rest: DMatrix<f64> = items.columns(1, 8).into_owned();
    let total: Vec<f64> = rest.row_iter().map(|row| row.sum()).collect();
    let first: Vec<Option<i16>> = items.column(0).iter().map(|code| Some(*code as i16)).collect();
    let fit = |method| Polyserial::fit(&total, &first, method).unwrap().rho;
    close("two step", fit(PolyserialMethod::TwoStep), number(&theirs["two_step"]), 1e-10);
    close("ml", fit(PolyserialMethod::MaximumLikelihood), number(&theirs["ml"]), 1e-4);
}
