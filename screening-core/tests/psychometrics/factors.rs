//! Exploratory factors against psych, factanal and GPArotation.

use nalgebra::DMatrix;
use screening_core::psychometrics::{
    Correlation, CorrelationMatrix, Efa, EfaReport, Extraction, ParallelAnalysis, Rotation, eigenvalues,
    minimum_average_partial, rotate,
};
use serde_json::Value;

use super::{apart, bfi25, close, matrix, number, numbered, responses};
use crate::peers::{Oracle, agree, figures};

fn bfi(oracle: &Oracle) -> CorrelationMatrix {
    Correlation::default().fit(&responses(oracle, "apt/bfi.csv", &bfi25())).unwrap()
}

fn same_fit(found: &EfaReport, theirs: &Value, tolerance: f64) {
    let fit = found.fit.unwrap();
    agree("communality", &found.communalities, &figures(&theirs["communality"]), tolerance);
    close("objective", fit.objective, number(&theirs["objective"]), tolerance);
    close("chi", fit.chi_square, number(&theirs["chi_statistic"]), tolerance);
    close("df", fit.df, number(&theirs["dof"]), 0.0);
    close("rms", fit.rms, number(&theirs["rms"]), tolerance);
    close("crms", fit.rms_corrected, number(&theirs["crms"]), tolerance);
    close("TLI", fit.tli, number(&theirs["TLI"]), tolerance);
    close("BIC", fit.bic, number(&theirs["BIC"]), 10.0 * tolerance);
    let rmsea = figures(&theirs["RMSEA"]);
    close("RMSEA", fit.rmsea, rmsea[0], tolerance);
    close("RMSEA lower", fit.rmsea_interval.0, rmsea[1], 2e-4);
    close("RMSEA upper", fit.rmsea_interval.1, rmsea[2], 2e-4);
}

#[test]
fn minimum_residual() {
    let Some(oracle) = Oracle::open("efa") else { return };
    let r = bfi(&oracle);
    // Not promax: psych normalises rows before it, R's own promax (below) does not.
    let cases = [
        ("bfi_minres5_none", Rotation::None),
        ("bfi_minres5_varimax", Rotation::Varimax),
        ("bfi_minres5_oblimin", Rotation::Oblimin),
    ];
    for (case, rotation) in cases {
        let theirs = oracle.results(case);
        let found = Efa { factors: 5, rotation, ..Efa::default() }.of(&r).unwrap();
        same_fit(&found, theirs, 2e-5);
        // psych's varimax stops at 1e-5, and promax follows it.
        let tolerance = match rotation {
            Rotation::None => 2e-5,
            Rotation::Oblimin => 2e-4,
            _ => 2e-3,
        };
        let apart = apart(found.loadings.values(), &matrix(&theirs["loadings"]));
        assert!(apart < tolerance, "{case}: {apart}");
        if rotation.is_oblique() {
            assert!((found.phi.values() - matrix(&theirs["Phi"])).amax() < tolerance, "{case}");
        }
        agree(case, &found.determinacy, &figures(&theirs["R2_scores"]), 1e-3);
    }
}

#[test]
fn maximum_likelihood() {
    let Some(oracle) = Oracle::open("efa") else { return };
    let theirs = oracle.results("bfi_ml5_oblimin");
    let efa = Efa { factors: 5, extraction: Extraction::MaximumLikelihood, ..Efa::default() };
    let found = efa.of(&bfi(&oracle)).unwrap();
    same_fit(&found, theirs, 2e-5);
    assert!(apart(found.loadings.values(), &matrix(&theirs["loadings"])) < 2e-4);

    let theirs = oracle.results("hs_factanal_ml3");
    let r = holzinger(&oracle);
    let names = numbered("x", 1, 9);
    let unrotated =
        Efa { factors: 3, extraction: Extraction::MaximumLikelihood, rotation: Rotation::None, ..Efa::default() };
    let found = unrotated.fit(&names, &r, 301).unwrap();
    agree("uniquenesses", &found.uniquenesses, &figures(&theirs["uniq"]), 1e-4);
    close("chi", found.fit.unwrap().chi_square, number(&theirs["chi"]), 1e-6);
    close("p", found.fit.unwrap().p, number(&theirs["p"]), 1e-6);
    let start = matrix(&theirs["loadings_none"]);
    for (name, rotation) in [("varimax", Rotation::Varimax), ("promax", Rotation::Promax)] {
        let own = rotate(&start, rotation).unwrap().loadings;
        // factanal sorts columns after the rotation and its varimax stops at 1e-5.
        for column in matrix(&theirs[name]).column_iter() {
            let near = |own: nalgebra::DVectorView<'_, f64>| (own - column).amax().min((own + column).amax());
            let nearest = own.column_iter().map(near).fold(f64::INFINITY, f64::min);
            assert!(nearest < 1e-3, "{name}: {nearest}");
        }
    }
}

/// Correlations of the nine tests of Holzinger and Swineford.
pub(crate) fn holzinger(oracle: &Oracle) -> DMatrix<f64> {
    let data = super::decimals(oracle, "apt/HolzingerSwineford1939.csv", &numbered("x", 1, 9));
    let means = data.row_mean();
    let centred = DMatrix::from_fn(data.nrows(), 9, |i, j| data[(i, j)] - means[j]);
    let c = centred.tr_mul(&centred);
    DMatrix::from_fn(9, 9, |i, j| c[(i, j)] / (c[(i, i)] * c[(j, j)]).sqrt())
}

#[test]
fn rotations_of_fixed_loadings() {
    let Some(oracle) = Oracle::open("efa") else { return };
    let theirs = oracle.results("rotations_of_fixed_loadings");
    let start = matrix(&theirs["unrotated"]);
    let oblimin = rotate(&start, Rotation::Oblimin).unwrap();
    let reference = &theirs["rotated"]["oblimin"];
    assert!(apart(&oblimin.loadings, &matrix(&reference["loadings"])) < 1e-6);
    assert!(apart(&oblimin.phi, &matrix(&reference["Phi"])) < 1e-6);
    for (name, rotation) in [("varimax", Rotation::Varimax), ("promax", Rotation::Promax)] {
        let list = theirs["rotated"].as_object().unwrap();
        let Some((key, reference)) = list.iter().find(|(key, _)| key.contains(name)) else { continue };
        let reference = reference.get("loadings").unwrap_or(reference);
        let apart = apart(&rotate(&start, rotation).unwrap().loadings, &matrix(reference));
        assert!(apart < 1e-6, "{key}: {apart}");
    }
}

#[test]
fn number_of_factors() {
    let Some(oracle) = Oracle::open("efa") else { return };
    let r = bfi(&oracle);
    let theirs = oracle.results("bfi_minres5_none");
    agree("eigenvalues", &eigenvalues(r.matrix()).unwrap(), &figures(&theirs["e_values"]), 1e-12);
    let theirs = oracle.results("bfi_map_vss");
    let found = minimum_average_partial(r.matrix(), 8).unwrap();
    agree("map", &found.partials, &figures(&theirs["map"]), 1e-10);
    assert_eq!(found.components, 5);
    let theirs = oracle.results("parallel_normal_2800x25");
    let found = ParallelAnalysis { samples: 400, ..ParallelAnalysis::default() }.fit(r.matrix(), 2800).unwrap();
    agree("random mean", &found.random_mean, &figures(&theirs["mean"]), 0.004);
    agree("random q95", &found.random_quantile, &figures(&theirs["q95"]), 0.006);
    assert_eq!(found.components as u64, theirs["n_pc_retained_q95"].as_u64().unwrap());
}

#[test]
fn principal_components() {
    let Some(oracle) = Oracle::open("efa") else { return };
    let theirs = oracle.results("bfi_principal5_varimax");
    let efa =
        Efa { factors: 5, extraction: Extraction::PrincipalComponents, rotation: Rotation::Varimax, ..Efa::default() };
    let found = efa.of(&bfi(&oracle)).unwrap();
    agree("communality", &found.communalities, &figures(&theirs["communality"]), 1e-10);
    let apart = apart(found.loadings.values(), &matrix(&theirs["loadings"]));
    // psych's varimax stops at 1e-5.
    assert!(apart < 1e-3, "{apart}");
}
