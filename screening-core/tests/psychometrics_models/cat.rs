//! Against catR 3.17.

use screening_core::psychometrics::cat::{Cat, CatOptions, CatWalk, Stopping};
use screening_core::psychometrics::irt::{BankItem, Estimator, ItemBank, Prior, Quadrature};
use screening_core::stats::ItemParameters;
use serde_json::Value;

use super::super::peers::{Oracle, agree, figures};
use super::items;

/// The true parameters of one set, with the codes of its answers.
fn bank(set: &str, lowest: i16) -> Option<ItemBank> {
    let text = Oracle::text("true_params.csv")?;
    let items = text.lines().filter(|line| line.starts_with(&format!("{set},"))).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let figures: Vec<f64> = cells[3..].iter().map_while(|cell| cell.parse().ok()).collect();
        let parameters = ItemParameters::Graded { a: figures[0], b: figures[1..].to_vec() };
        BankItem::new(format!("i{}", cells[1]), lowest, parameters)
    });
    Some(ItemBank::new(items.collect()).unwrap())
}

fn compare(case: &str, walks: &[CatWalk], theirs: &[Value]) {
    assert!(!theirs.is_empty());
    for (person, (walk, theirs)) in walks.iter().zip(theirs).enumerate() {
        let what = format!("{case}, person {person}");
        let positions: Vec<f64> = walk.items.iter().map(|item| *item as f64 + 1.0).collect();
        agree(&what, &positions, &figures(&theirs["items"]), 0.0);
        agree(&what, &walk.thetas, &figures(&theirs["theta_path"]), 1e-5);
        agree(&what, &walk.errors, &figures(&theirs["se_path"]), 1e-5);
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

#[test]
fn walks_of_two_answers() {
    let Some(oracle) = Oracle::open("cat") else { return };
    let responses = items(&oracle, "mht_1k.csv", "i", 100);
    for (case, estimator, length) in
        [("cat_walks_length20", Estimator::Map, 20), ("cat_walks_eap", Estimator::Eap, 15)]
    {
        let cat = Cat::new(bank("mht", 0).unwrap(), options(estimator, length)).unwrap();
        let theirs = oracle.results(case).as_array().unwrap();
        compare(case, &cat.replay(&responses, 1).unwrap(), theirs);
    }
}

#[test]
fn walks_of_graded_answers() {
    let Some(oracle) = Oracle::open("cat") else { return };
    let responses = items(&oracle, "scl_1k_miss.csv", "i", 90);
    let cat = Cat::new(bank("scl", 1).unwrap(), options(Estimator::Eap, 12)).unwrap();
    let walks = cat.replay(&responses, 1).unwrap();
    let complete: Vec<CatWalk> = responses.complete().into_iter().map(|person| walks[person].clone()).collect();
    compare("cat_walks_grm", &complete, oracle.results("cat_walks_grm").as_array().unwrap());
}
