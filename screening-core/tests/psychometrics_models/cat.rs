//! Against catR 3.17.

use screening_core::psychometrics::cat::{Cat, CatOptions, CatWalk, Stopping};
use screening_core::psychometrics::irt::{
    BankItem, Estimator, ItemBank, PersonScorer, Prior, Quadrature, ScoreOptions, ScoreState,
};
use screening_core::stats::ItemParameters;
use serde_json::Value;

use super::super::peers::{Oracle, agree, figures};
use super::items;

/// The true parameters of one set, with the codes of its answers.
fn bank(set: &str, lowest: i16) -> Option<ItemBank> {
    let text = Oracle::open("cat")?.text("true_params.csv");
    let items = text.lines().filter(|line| line.starts_with(&format!("{set},"))).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let figures: Vec<f64> = cells[3..].iter().map_while(|cell| cell.parse().ok()).collect();
        let parameters = ItemParameters::Graded { a: figures[0], b: figures[1..].to_vec() };
        BankItem::new(format!("i{}", cells[1]), lowest, parameters)
    });
    Some(ItemBank::new(items.collect()).unwrap())
}

fn compare(case: &str, walks: &[CatWalk], theirs: &[Value], tolerance: f64) {
    assert!(!theirs.is_empty());
    for (person, (walk, theirs)) in walks.iter().zip(theirs).enumerate() {
        let what = format!("{case}, person {person}");
        let positions: Vec<f64> = walk.items.iter().map(|item| *item as f64 + 1.0).collect();
        agree(&what, &positions, &figures(&theirs["items"]), 0.0);
        agree(&what, &walk.thetas, &figures(&theirs["theta_path"]), tolerance);
        agree(&what, &walk.errors, &figures(&theirs["se_path"]), tolerance);
    }
}

fn options(estimator: Estimator, length: usize) -> CatOptions {
    CatOptions {
        estimator,
        prior: Prior::default(),
        quadrature: Quadrature::new(33, -4.0, 4.0).unwrap(),
        stopping: Stopping { se: None, max_items: Some(length), ..Stopping::default() },
        ..CatOptions::default()
    }
}

/// Theta and its standard error by four estimators; maximum likelihood only inside of their range of -4 to 4.
#[test]
fn thetas_of_known_items() {
    let Some(oracle) = Oracle::open("cat") else { return };
    let first: Vec<BankItem> = bank("mht", 0).unwrap().items()[..15].to_vec();
    let bank = ItemBank::new(first).unwrap();
    let responses = items(&oracle, "mht_1k.csv", "i", 15);
    let kinds = [("ML", Estimator::Ml), ("BM", Estimator::Map), ("WL", Estimator::Wle)];
    for (name, estimator) in kinds {
        let options = ScoreOptions { estimator, ..ScoreOptions::default() };
        let scores = PersonScorer::new(bank.clone(), options).unwrap().score(&responses).unwrap();
        let mut compared = 0;
        for (person, theirs) in oracle.results("theta_2pl").as_array().unwrap().iter().enumerate() {
            let (own, theirs) = (&scores.persons[person], figures(&theirs[name]));
            if own.state != ScoreState::Estimated || own.theta.abs() >= 4.0 {
                assert_eq!((name, theirs[0].abs()), ("ML", 4.0), "{person}");
                continue;
            }
            agree(&format!("{name} {person}"), &[own.theta, own.se], &theirs, 5e-4);
            compared += 1;
        }
        assert!(compared > 30, "{name}");
    }
}

#[test]
fn walks_of_two_answers() {
    let Some(oracle) = Oracle::open("cat") else { return };
    // The last ten items are a scale of their own and not in the bank.
    let responses = items(&oracle, "mht_1k.csv", "i", 90);
    let bank = ItemBank::new(bank("mht", 0).unwrap().items()[..90].to_vec()).unwrap();
    // Their modes are good to about 3e-5.
    let cases = [("cat_walks_length20", Estimator::Map, 20, 2e-4), ("cat_walks_eap", Estimator::Eap, 15, 1e-6)];
    for (case, estimator, length, tolerance) in cases {
        let cat = Cat::new(bank.clone(), options(estimator, length)).unwrap();
        let theirs = oracle.results(case).as_array().unwrap();
        compare(case, &cat.replay(&responses, 1).unwrap(), theirs, tolerance);
    }
}

#[test]
fn walks_of_graded_answers() {
    let Some(oracle) = Oracle::open("cat") else { return };
    let responses = items(&oracle, "scl_1k_miss.csv", "i", 90);
    let cat = Cat::new(bank("scl", 1).unwrap(), options(Estimator::Eap, 12)).unwrap();
    let walks = cat.replay(&responses, 1).unwrap();
    let complete: Vec<CatWalk> = responses.complete().into_iter().map(|person| walks[person].clone()).collect();
    compare("cat_walks_grm", &complete, oracle.results("cat_walks_grm").as_array().unwrap(), 1e-6);
}
