//! Indices of reliable change against figures computed twice, in R and by hand.

mod peers;

use peers::{Oracle, agree, figures};
use screening_core::change::{
    ChangeIndex, ClinicalLines, EdwardsNunnally, HagemanArrindell, JacobsonTruax, PracticeAdjusted, PracticeError,
    RegressionBased, RegressionError, RetestGroup, ScoreChange,
};
use screening_core::instrument::Direction;

struct Data {
    before: Vec<f64>,
    after: Vec<f64>,
    untreated: RetestGroup,
    all: RetestGroup,
    alphas: [f64; 2],
}

fn sums(items: &[Vec<i16>]) -> Vec<f64> {
    (0..items[0].len()).map(|row| items.iter().map(|item| f64::from(item[row])).sum()).collect()
}

fn variance(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

fn alpha(items: &[Vec<i16>]) -> f64 {
    let k = items.len() as f64;
    let single: f64 = items.iter().map(|item| variance(&item.iter().map(|x| f64::from(*x)).collect::<Vec<_>>())).sum();
    k / (k - 1.0) * (1.0 - single / variance(&sums(items)))
}

fn data(oracle: &Oracle) -> Data {
    let file = "phq_retest.csv";
    let (first, second) = (oracle.items(file, "t1_i"), oracle.items(file, "t2_i"));
    let (headings, columns) = oracle.data(file);
    let treated = &columns[headings.iter().position(|heading| heading == "treated").unwrap()];
    let (before, after) = (sums(&first), sums(&second));
    let of = |wanted: i16, scores: &[f64]| {
        scores.iter().zip(treated).filter(|(_, own)| **own == wanted).map(|(score, _)| *score).collect::<Vec<_>>()
    };
    Data {
        untreated: RetestGroup::of(&of(0, &before), &of(0, &after)).unwrap(),
        all: RetestGroup::of(&before, &after).unwrap(),
        alphas: [alpha(&first), alpha(&second)],
        before,
        after,
    }
}

#[test]
fn jacobson_truax() {
    let Some(oracle) = Oracle::open("change") else { return };
    let data = data(&oracle);
    let theirs = oracle.results("jacobson_truax");
    for (kind, r) in [("alpha", data.alphas[0]), ("retest", data.untreated.correlation)] {
        let theirs = &theirs[kind];
        assert!((r - theirs["rel"].as_f64().unwrap()).abs() < 1e-12);
        let index = JacobsonTruax::new(data.all.sd_before, r).unwrap();
        assert!((index.sem() - theirs["sem"].as_f64().unwrap()).abs() < 1e-12);
        assert!((index.s_diff() - theirs["s_diff"].as_f64().unwrap()).abs() < 1e-12);
        assert!((index.smallest_change() - theirs["crit_95"].as_f64().unwrap()).abs() < 1e-11);
        agree(kind, &index.run(&data.before, &data.after), &figures(&theirs["rci"]), 1e-11);
        let count = |wanted: ScoreChange| {
            let changes = data.before.iter().zip(&data.after).map(|(b, a)| index.change(*b, *a));
            changes.filter(|change| *change == Some(wanted)).count() as u64
        };
        assert_eq!(count(ScoreChange::Decrease), theirs["n_better"].as_u64().unwrap());
        assert_eq!(count(ScoreChange::Increase), theirs["n_worse"].as_u64().unwrap());
    }
}

#[test]
fn lines() {
    let Some(oracle) = Oracle::open("change") else { return };
    let theirs = oracle.results("jacobson_cutoffs");
    let figure = |key: &str| theirs[key].as_f64().unwrap();
    let lines =
        ClinicalLines::new([figure("M1"), figure("S1")], [figure("M0"), figure("S0")], Direction::HigherWorse).unwrap();
    for (own, key) in [(lines.a, "a"), (lines.b, "b"), (lines.c, "c")] {
        assert!((own - figure(key)).abs() < 1e-12, "{key}");
    }
}

#[test]
fn the_other_indices() {
    let Some(oracle) = Oracle::open("change") else { return };
    let data = data(&oracle);
    let theirs = oracle.results("practice_and_regression");
    let compare = |key: &str, index: &dyn ChangeIndex| {
        agree(key, &index.run(&data.before, &data.after), &figures(&theirs[key]), 1e-11);
    };
    compare("chelune", &PracticeAdjusted::new(&data.untreated, PracticeError::First).unwrap());
    compare("iverson", &PracticeAdjusted::new(&data.untreated, PracticeError::Both).unwrap());
    let regression = RegressionBased::new(&data.untreated, RegressionError::Estimate).unwrap();
    assert!((regression.slope() - theirs["srb_slope"].as_f64().unwrap()).abs() < 1e-11);
    assert!((regression.standard_error() - theirs["srb_see"].as_f64().unwrap()).abs() < 1e-11);
    assert!((regression.expected(0.0) - theirs["srb_intercept"].as_f64().unwrap()).abs() < 1e-11);
    compare("srb", &regression);
    compare("srb_prediction_interval", &RegressionBased::new(&data.untreated, RegressionError::Prediction).unwrap());
    let hageman = HagemanArrindell::new(&data.all, data.alphas[0], data.alphas[1]).unwrap();
    let r_dd = theirs["reliability_difference"].as_f64().unwrap();
    assert!((hageman.reliability_of_differences() - r_dd).abs() < 1e-11);
    compare("hageman_arrindell", &hageman);

    let edwards = EdwardsNunnally::new(data.all.mean_before, data.all.sd_before, data.alphas[0]).unwrap();
    let bands: Vec<(f64, f64)> = data.before.iter().map(|before| edwards.band(*before)).collect();
    let (low, high): (Vec<f64>, Vec<f64>) = bands.into_iter().unzip();
    agree("low", &low, &figures(&theirs["edwards_nunnally_low"]), 1e-11);
    agree("high", &high, &figures(&theirs["edwards_nunnally_high"]), 1e-11);
}
