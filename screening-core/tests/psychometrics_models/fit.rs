//! Fit statistics against mirt.

use screening_core::psychometrics::irt::{Calibration, CalibrationOptions, ItemFit, M2, Q3};

use super::super::peers::{Oracle, figures};
use super::irt::cases;
use super::{close, rows};

#[test]
fn item_fit_and_dependence() {
    let Some(oracle) = Oracle::open("irt") else { return };
    for (case, model, responses) in cases(&oracle) {
        let results = oracle.results(case);
        if results["itemfit"].is_null() {
            continue;
        }
        let calibration = Calibration::fit(&responses, &CalibrationOptions::new(model)).unwrap();
        let fit = ItemFit::of(&calibration, &responses).unwrap();
        println!("{case}\n{fit}");
        let theirs = &results["itemfit"];
        let of = |name: &str| figures(&theirs[name]);
        let (s_x2, df, p, rmsea) = (of("S_X2"), of("df.S_X2"), of("p.S_X2"), of("RMSEA.S_X2"));
        let (outfit, infit) = (of("outfit"), of("infit"));
        for (at, row) in fit.rows.iter().enumerate() {
            let what = format!("{case} {}", row.name);
            assert_eq!(row.df as f64, df[at], "{what}");
            close(&what, row.s_x2, s_x2[at], 2e-3);
            close(&what, row.p, p[at], 1e-3);
            close(&what, row.rmsea, rmsea[at], 1e-3);
            close(&what, row.outfit, outfit[at], 2e-3);
            close(&what, row.infit, infit[at], 2e-3);
        }
        let q3 = Q3::of(&calibration, &responses).unwrap();
        for (own, theirs) in q3.correlations.iter().zip(rows(&results["Q3"]["data"])) {
            for (own, theirs) in own.iter().zip(theirs) {
                assert!((own - theirs).abs() < 2e-3, "{case}: {own} {theirs}");
            }
        }
        if case.starts_with("lsat7") {
            let m2 = M2::of(&calibration, &responses).unwrap();
            let theirs = &results["M2"];
            assert_eq!(m2.df as u64, theirs["df"].as_u64().unwrap());
            close("M2", m2.m2, theirs["M2"].as_f64().unwrap(), 1e-3);
            close("RMSEA", m2.rmsea, theirs["RMSEA"].as_f64().unwrap(), 1e-4);
            close("SRMSR", m2.srmsr, theirs["SRMSR"].as_f64().unwrap(), 1e-4);
        }
        if case.starts_with("science") {
            // Four items have ten moments, fewer than parameters.
            assert!(M2::of(&calibration, &responses).is_err());
        }
    }
}
