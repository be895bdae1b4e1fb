//! Reliability and item analysis against psych, irr and formulas in R.

use nalgebra::DMatrix;
use screening_core::psychometrics::{
    Alpha, AlphaReport, Intraclass, IntraclassForm, IntraclassReport, ItemAnalysis, Omega, PairSums, Polychoric,
    Responses, SkewType, SplitHalf, guttman_lambdas, halves, omega_categorical, standard_error_of_measurement,
    stratified_alpha, test_retest,
};
use serde_json::Value;

use super::{apart, bfi25, close, matrix, number, numbered, responses};
use crate::peers::{Oracle, agree, figures};

fn same_alpha(found: &AlphaReport, theirs: &Value, tolerance: f64) {
    let total = &theirs["total"];
    let pairs = [
        ("raw_alpha", found.raw),
        ("std.alpha", found.standardised),
        ("G6(smc)", found.lambda6),
        ("average_r", found.mean_r),
        ("S/N", found.signal_to_noise),
        ("ase", found.standard_error),
        ("median_r", found.median_r),
    ];
    pairs.iter().for_each(|(name, own)| close(name, *own, number(&total[*name]), tolerance));
    let drop = &theirs["alpha_drop"];
    let of = |name: &str, own: Vec<f64>| agree(name, &own, &figures(&drop[name]), tolerance);
    of("raw_alpha", found.if_dropped.iter().map(|d| d.raw).collect());
    of("std.alpha", found.if_dropped.iter().map(|d| d.standardised).collect());
    of("G6(smc)", found.if_dropped.iter().map(|d| d.lambda6).collect());
    of("average_r", found.if_dropped.iter().map(|d| d.mean_r).collect());
    of("alpha se", found.if_dropped.iter().map(|d| d.standard_error).collect());
    of("var.r", found.if_dropped.iter().map(|d| d.variance_r).collect());
    of("med.r", found.if_dropped.iter().map(|d| d.median_r).collect());
}

fn same_items(responses: &Responses, found: &AlphaReport, theirs: &Value) {
    let items = ItemAnalysis::default().fit(responses).unwrap().items;
    let of = |name: &str, own: Vec<f64>| agree(name, &own, &figures(&theirs["item_stats"][name]), 1e-10);
    of("n", items.iter().map(|i| i.describe.n as f64).collect());
    of("mean", items.iter().map(|i| i.describe.mean).collect());
    of("sd", items.iter().map(|i| i.describe.sd).collect());
    of("raw.r", items.iter().map(|i| i.item_total).collect());
    of("std.r", items.iter().map(|i| i.item_total_standardised).collect());
    of("r.cor", items.iter().map(|i| i.item_total_corrected).collect());
    of("r.drop", items.iter().map(|i| i.item_rest).collect());
    of("r.drop", found.item_figures.iter().map(|i| i.item_rest).collect());
    of("r.cor", found.item_figures.iter().map(|i| i.item_total_corrected).collect());
}

#[test]
fn alpha() {
    let Some(oracle) = Oracle::open("reliability") else { return };
    let cases = [("phq", "phq_10k.csv", 9), ("mht_L_kr20", "mht_1k.csv", 15)];
    for (case, file, k) in cases {
        let theirs = oracle.results(case);
        let responses = responses(&oracle, file, &numbered("i", 1, k));
        let found = Alpha::default().fit(&responses).unwrap();
        same_alpha(&found, theirs, 1e-10);
        same_items(&responses, &found, theirs);
        let (mean, sd) = found.score.unwrap();
        close("mean", mean, number(&theirs["total"]["mean"]), 1e-12);
        close("sd", sd, number(&theirs["total"]["sd"]), 1e-12);
        if let Some(interval) = theirs.get("feldt_ci") {
            close("lower", found.feldt.0, number(&interval["lower.ci"]), 1e-9);
            close("upper", found.feldt.1, number(&interval["upper.ci"]), 1e-9);
        }
    }
}

#[test]
fn alpha_with_missing_answers() {
    let Some(oracle) = Oracle::open("reliability") else { return };
    let theirs = oracle.results("mht_L_kr20_missing");
    let responses = responses(&oracle, "mht_1k_miss.csv", &numbered("i", 1, 15));
    let found = Alpha::default().fit(&responses).unwrap();
    same_alpha(&found, theirs, 1e-10);
    close("mean", found.score.unwrap().0, number(&theirs["total"]["mean"]), 1e-12);
    close("sd", found.score.unwrap().1, number(&theirs["total"]["sd"]), 1e-12);
}

#[test]
fn ordinal_alpha() {
    let Some(oracle) = Oracle::open("reliability") else { return };
    let theirs = oracle.results("phq_ordinal_alpha");
    let responses = responses(&oracle, "phq_10k.csv", &numbered("i", 1, 9));
    let found = Alpha::default().ordinal(&Polychoric::default().fit(&responses).unwrap()).unwrap();
    same_alpha(&found, theirs, 2e-4);
    // From psych's own correlations the algebra agrees to the last digits.
    let found = Alpha::default().of_matrix(responses.names(), &matrix(&theirs["rho"]), 10_000).unwrap();
    same_alpha(&found, theirs, 1e-10);
}

#[test]
fn split_halves() {
    let Some(oracle) = Oracle::open("reliability") else { return };
    let theirs = oracle.results("phq_splitHalf_all");
    let phq = PairSums::of(&responses(&oracle, "phq_10k.csv", &numbered("i", 1, 9)));
    let found = SplitHalf::default().fit(&phq.correlations().unwrap()).unwrap();
    assert_eq!(found.splits as u64, theirs["n_splits"].as_u64().unwrap());
    close("best", found.best.reliability, number(&theirs["maxrb"]), 1e-10);
    close("worst", found.worst.reliability, number(&theirs["minrb"]), 1e-10);
    close("mean", found.mean, number(&theirs["meanr"]), 1e-10);
    let (low, median, high) = found.quantiles;
    agree("quantiles", &[low, median, high], &figures(&theirs["ci"]), 1e-10);
    let lambda2 = guttman_lambdas(&phq.correlations().unwrap()).unwrap().lambda2;
    close("lambda2", lambda2, number(&theirs["lambda2"]), 1e-10);
    for (case, file, k) in [("phq_odd_even", "phq_10k.csv", 9), ("mht_L_odd_even", "mht_1k.csv", 15)] {
        let theirs = oracle.results(case);
        let c = PairSums::of(&responses(&oracle, file, &numbered("i", 1, k))).covariances().unwrap();
        let odd: Vec<usize> = (0..k).step_by(2).collect();
        let found = halves(&c, &odd).unwrap();
        close("r", found.r, number(&theirs["r"]), 1e-12);
        close("spearman_brown", found.spearman_brown, number(&theirs["spearman_brown"]), 1e-12);
        close("guttman", found.guttman, number(&theirs["guttman_lambda4"]), 1e-12);
        close("horst", found.horst, number(&theirs["horst"]), 1e-12);
    }
}

#[test]
fn guttman() {
    let Some(oracle) = Oracle::open("reliability") else { return };
    let theirs = oracle.results("phq_guttman_cov");
    let c = PairSums::of(&responses(&oracle, "phq_10k.csv", &numbered("i", 1, 9))).covariances().unwrap();
    let found = guttman_lambdas(&c).unwrap();
    let own = [found.lambda1, found.lambda2, found.lambda3, found.lambda5, found.lambda6];
    let names = ["lambda1", "lambda2", "lambda3", "lambda5", "lambda6"];
    names.iter().zip(own).for_each(|(name, own)| close(name, own, number(&theirs[*name]), 1e-12));
}

#[test]
fn omega() {
    let Some(oracle) = Oracle::open("reliability") else { return };
    let theirs = oracle.results("phq_omega_1factor");
    let phq = responses(&oracle, "phq_10k.csv", &numbered("i", 1, 9));
    let r = PairSums::of(&phq).correlations().unwrap();
    let found = Omega { group_factors: 1 }.fit(phq.names(), &r, 10_000).unwrap();
    close("total", found.total, number(&theirs["omega_tot"]), 1e-6);
    agree("loadings", found.schmid_leiman.values().as_slice(), &figures(&theirs["loadings"]), 1e-5);

    let theirs = oracle.results("ability_omega_minres4");
    let (headings, _) = oracle.data("apt/ability.csv");
    let items: Vec<String> = headings
        .into_iter()
        .filter(|name| ["reason", "letter", "matrix", "rotate"].iter().any(|s| name.starts_with(s)))
        .collect();
    let ability = responses(&oracle, "apt/ability.csv", &items);
    let r = PairSums::of(&ability).correlations().unwrap();
    let found = Omega { group_factors: 4 }.fit(ability.names(), &r, ability.persons()).unwrap();
    close("hierarchical", found.hierarchical, number(&theirs["omega_h"]), 1e-4);
    close("total", found.total, number(&theirs["omega_tot"]), 1e-5);
    close("limit", found.limit, number(&theirs["omega_lim"]), 1e-4);
}

#[test]
fn omega_of_ordered_answers() {
    let Some(oracle) = Oracle::open("reliability") else { return };
    let theirs = oracle.results("phq_cfa_omega_ordered");
    let phq = responses(&oracle, "phq_10k.csv", &numbered("i", 1, 9));
    let polychorics = Polychoric::default().fit(&phq).unwrap();
    let loadings = figures(&theirs["loadings"]);
    let omega = omega_categorical(&loadings, polychorics.thresholds(), polychorics.correlations().matrix()).unwrap();
    close("green and yang", omega, number(&theirs["omega_green_yang"]), 1e-7);
}

#[test]
fn strata() {
    let Some(oracle) = Oracle::open("reliability") else { return };
    let theirs = oracle.results("mht_stratified_alpha_sem");
    let (_, params) = read_scales(&oracle);
    let mht = responses(&oracle, "mht_1k.csv", &numbered("i", 1, 90));
    let found = stratified_alpha(&mht, &params).unwrap();
    agree("alphas", &found.alphas, &figures(&theirs["alpha_subscale"]), 1e-12);
    agree("variances", &found.variances, &figures(&theirs["var_subscale"]), 1e-12);
    close("stratified", found.alpha, number(&theirs["stratified"]), 1e-12);
    close("sem", found.standard_error_of_measurement, number(&theirs["sem_total_strat"]), 1e-12);
    let sem: Vec<f64> = found
        .variances
        .iter()
        .zip(&found.alphas)
        .map(|(variance, alpha)| standard_error_of_measurement(variance.sqrt(), *alpha).unwrap())
        .collect();
    agree("sem", &sem, &figures(&theirs["sem_subscale"]), 1e-12);
    close("all", Alpha::default().fit(&mht).unwrap().raw, number(&theirs["alpha_all90"]), 1e-12);
}

/// Scales in the order of their first item, from the file of parameters that the data were drawn with.
fn read_scales(oracle: &Oracle) -> (Vec<String>, Vec<Vec<usize>>) {
    let text = oracle.text("true_params.csv");
    let (mut names, mut scales): (Vec<String>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1).filter(|line| line.starts_with("mht,")) {
        let cells: Vec<&str> = line.split(',').collect();
        let item: usize = cells[1].parse().unwrap();
        if item > 90 {
            continue;
        }
        let at = names.iter().position(|name| name == cells[2]).unwrap_or_else(|| {
            names.push(cells[2].to_owned());
            scales.push(Vec::new());
            names.len() - 1
        });
        scales[at].push(item - 1);
    }
    (names, scales)
}

#[test]
fn retest_and_intraclass() {
    let Some(oracle) = Oracle::open("reliability") else { return };
    let theirs = oracle.results("phq_retest_pearson");
    let totals = ["t1_i", "t2_i"].map(|prefix| {
        let items = responses(&oracle, "phq_retest.csv", &numbered(prefix, 1, 9)).to_matrix();
        items.row_iter().map(|row| row.sum()).collect::<Vec<f64>>()
    });
    let found = test_retest(&totals[0], &totals[1], 0.95).unwrap();
    close("r", found.r, number(&theirs["r"]), 1e-12);
    agree("ci", &[found.interval.0, found.interval.1], &figures(&theirs["ci"]), 1e-12);
    close("spearman", found.spearman, number(&theirs["spearman"]), 1e-12);
    close("t", found.t, number(&theirs["paired_t"]["statistic.t"]), 1e-10);
    assert!((found.t_p / number(&theirs["paired_t"]["p.value"]) - 1.0).abs() < 1e-8);
    let theirs = oracle.results("phq_retest_ICC_aov");
    same_intraclass(&found.intraclass, theirs);

    let theirs = oracle.results("shrout_fleiss_ICC");
    let (_, columns) = oracle.data("apt/shrout_fleiss.csv");
    let ratings =
        |columns: &[Vec<i16>]| DMatrix::from_fn(columns[0].len(), columns.len(), |i, j| f64::from(columns[j][i]));
    let judges = &columns[columns.len() - 4..];
    same_intraclass(&IntraclassReport::fit(&ratings(judges), 0.95).unwrap(), theirs);

    let (_, columns) = oracle.data("fetched/irr_anxiety.csv");
    let found = IntraclassReport::fit(&ratings(&columns[columns.len() - 3..]), 0.95).unwrap();
    for (case, form) in [
        ("irr_anxiety_oneway_consistency_average", IntraclassForm::OneWayMean),
        ("irr_anxiety_twoway_agreement_single", IntraclassForm::AgreementSingle),
        ("irr_anxiety_twoway_agreement_average", IntraclassForm::AgreementMean),
    ] {
        let (theirs, own) = (oracle.results(case), found.form(form).unwrap());
        close(case, own.icc, number(&theirs["value"]), 1e-10);
        // The mean's interval in irr has its own degrees of freedom; psych steps up that of a single rating.
        if form != IntraclassForm::AgreementMean {
            close(case, own.lower, number(&theirs["lower"]), 1e-9);
            close(case, own.upper, number(&theirs["upper"]), 1e-9);
        }
    }
}

fn same_intraclass(found: &IntraclassReport, theirs: &Value) {
    let theirs = &theirs["results"];
    let of = |figure: fn(&Intraclass) -> f64| found.forms.iter().map(figure).collect::<Vec<_>>();
    agree("ICC", &of(|form| form.icc), &figures(&theirs["ICC"]), 1e-10);
    agree("F", &of(|form| form.f), &figures(&theirs["F"]), 1e-10);
    agree("df2", &of(|form| form.df2), &figures(&theirs["df2"]), 0.0);
    agree("p", &of(|form| form.p), &figures(&theirs["p"]), 1e-10);
    agree("lower", &of(|form| form.lower), &figures(&theirs["lower bound"]), 1e-9);
    agree("upper", &of(|form| form.upper), &figures(&theirs["upper bound"]), 1e-9);
}

#[test]
fn items() {
    let Some(oracle) = Oracle::open("item_analysis") else { return };
    let bfi = responses(&oracle, "apt/bfi.csv", &bfi25());
    for (case, skew) in [
        ("describe_bfi_type1", SkewType::Moments),
        ("describe_bfi_type2", SkewType::Adjusted),
        ("describe_bfi_type3", SkewType::Sample),
    ] {
        let Some(theirs) = oracle.find(case) else { continue };
        let items = ItemAnalysis { skew, ..ItemAnalysis::default() }.fit(&bfi).unwrap().items;
        let of = |name: &str, own: Vec<f64>| agree(name, &own, &figures(&theirs[name]), 1e-10);
        of("n", items.iter().map(|i| i.describe.n as f64).collect());
        of("mean", items.iter().map(|i| i.describe.mean).collect());
        of("sd", items.iter().map(|i| i.describe.sd).collect());
        of("skew", items.iter().map(|i| i.describe.skew).collect());
        // psych's type 1 counts the missing answers among the persons of the kurtosis.
        if skew != SkewType::Moments {
            of("kurtosis", items.iter().map(|i| i.describe.kurtosis).collect());
        }
        of("min", items.iter().map(|i| i.describe.min).collect());
        of("max", items.iter().map(|i| i.describe.max).collect());
    }
    let theirs = oracle.results("phq_items");
    let phq = responses(&oracle, "phq_10k.csv", &numbered("i", 1, 9));
    let found = ItemAnalysis { range: Some((0, 3)), ..ItemAnalysis::default() }.fit(&phq).unwrap();
    agree(
        "rest",
        &found.items.iter().map(|i| i.item_rest).collect::<Vec<_>>(),
        &figures(&theirs["r_item_rest"]),
        1e-12,
    );
    let shares = DMatrix::from_fn(9, 4, |i, j| found.items[i].options[j].share);
    assert!(apart(&shares, &matrix(&theirs["proportions"])) < 1e-15);
    let total = found.total.unwrap();
    close("floor", total.floor, number(&theirs["total_floor"]), 1e-15);
    close("ceiling", total.ceiling, number(&theirs["total_ceiling"]), 1e-15);
}
