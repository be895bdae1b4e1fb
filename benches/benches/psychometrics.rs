//! Psychometrics beside what R's packages and numpy were measured to take for the same sizes, and beside the machine's limit:
//! all codes of the table read and added once.
//!
//! The peers' figures are constants: R is not part of the build. Where they come from stands in `benches/README.md`. A name
//! behind `--` times the cases whose name holds it.

use std::hint::black_box;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use screening_benches::medians;
use screening_core::psychometrics::irt::{
    BankItem, Calibration, CalibrationOptions, IrtModel, ItemBank, PersonScorer, ScoreOptions,
};
use screening_core::psychometrics::{Alpha, ItemAnalysis, Polychoric, Responses};
use screening_core::stats::ItemParameters;
use screening_core::validity::{AnswerItem, Answers, Gaps, LongString, Mahalanobis, PairMoments, ResponseVariability};

/// A case: name, rounds, what a peer took in seconds, and by whom.
struct Case {
    name: &'static str,
    rounds: usize,
    peers: &'static [(&'static str, f64)],
}

/// Graded items with four thresholds and their bank; slopes and thresholds as in questionnaires of distress.
fn bank(items: usize, categories: usize) -> ItemBank {
    let item = |at: usize| {
        let shift = at as f64 / items as f64 - 0.5;
        let b = (1..categories).map(|k| shift + (k as f64 - categories as f64 / 2.0) * 0.9 + 0.6).collect();
        let a = 1.0 + 1.2 * ((at * 7 % items) as f64 / items as f64);
        BankItem::new((at + 1).to_string(), 0, ItemParameters::Graded { a, b })
    };
    ItemBank::new((0..items).map(item).collect()).expect("a sound bank")
}

/// Answers of persons drawn from the bank, `missing` of them absent.
fn draw(bank: &ItemBank, persons: usize, missing: f64) -> Responses {
    let mut random = ChaCha8Rng::seed_from_u64(20_260_901);
    let thetas: Vec<f64> = (0..persons)
        .map(|_| {
            let (u, v): (f64, f64) = (random.random::<f64>().max(1e-12), random.random());
            (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
        })
        .collect();
    let columns: Vec<Vec<Option<i16>>> = bank
        .items()
        .iter()
        .map(|item| {
            let (a, b) = (item.parameters.slope(), item.parameters.thresholds());
            thetas
                .iter()
                .map(|theta| {
                    let u: f64 = random.random();
                    let logit = (u / (1.0 - u)).ln();
                    let code = b.iter().filter(|b| a * (theta - **b) > logit).count() as i16;
                    (missing == 0.0 || random.random::<f64>() >= missing).then_some(code)
                })
                .collect()
        })
        .collect();
    let names: Vec<String> = bank.items().iter().map(|item| item.name.clone()).collect();
    Responses::from_codes(names, persons, columns).expect("small codes")
}

/// The machine's limit: every code read and added once, two bytes each.
fn sum_codes(codes: &[i16]) -> i64 {
    codes.chunks(128).map(|part| i64::from(part.iter().fold(0_i32, |sum, code| sum + i32::from(*code)))).sum()
}

fn codes_of(responses: &Responses) -> Vec<i16> {
    (0..responses.items()).flat_map(|item| responses.column(item)).map(|code| code.unwrap_or(-1)).collect()
}

fn report(case: &Case, cells: usize, [own, limit]: [f64; 2]) {
    let peers: Vec<String> =
        case.peers.iter().map(|(peer, seconds)| format!("{peer} {seconds:.3} s, {:.0} times", seconds / own)).collect();
    let share = limit / own;
    println!(
        "| {} | {:.1} ms | {:.1} ns a cell | {share:.3} | {} |",
        case.name,
        own * 1e3,
        own / cells as f64 * 1e9,
        if peers.is_empty() { "-".to_owned() } else { peers.join("; ") }
    );
}

fn time(case: &Case, responses: &Responses, work: &dyn Fn()) {
    let codes = codes_of(responses);
    let limit = || {
        black_box(sum_codes(black_box(&codes)));
    };
    report(case, codes.len(), medians(case.rounds, [work, &limit]));
}

fn calibrations(wanted: &dyn Fn(&str) -> bool) {
    let cases = [
        (Case { name: "GRM 10,000 x 40", rounds: 3, peers: &[("mirt", 17.871)] }, 40, 5, IrtModel::Graded),
        (Case { name: "GRM 10,000 x 9", rounds: 5, peers: &[("mirt", 2.021)] }, 9, 4, IrtModel::Graded),
        (Case { name: "2PL 10,000 x 15", rounds: 5, peers: &[("mirt", 1.187)] }, 15, 2, IrtModel::TwoParameter),
        (Case { name: "Rasch 10,000 x 100", rounds: 5, peers: &[("mirt", 7.170)] }, 100, 2, IrtModel::Rasch),
    ];
    for (case, items, categories, model) in cases {
        if !wanted(case.name) {
            continue;
        }
        let responses = draw(&bank(items, categories), 10_000, 0.0);
        // As mirt's default: estimates and log-likelihood, no standard errors.
        let options = CalibrationOptions { standard_errors: false, ..CalibrationOptions::new(model) };
        time(&case, &responses, &|| {
            black_box(Calibration::fit(&responses, &options).expect("converges"));
        });
    }
}

fn correlations(wanted: &dyn Fn(&str) -> bool) {
    let cases = [
        (Case { name: "polychoric 90 x 90 on 100,000", rounds: 3, peers: &[] }, 90, 100_000, 5),
        (Case { name: "polychoric 9 x 9 on 10,000", rounds: 5, peers: &[("psych", 0.395)] }, 9, 10_000, 4),
    ];
    for (case, items, persons, categories) in cases {
        if wanted(case.name) {
            let responses = draw(&bank(items, categories), persons, 0.0);
            time(&case, &responses, &|| {
                black_box(Polychoric::default().fit(&responses).expect("correlations"));
            });
        }
    }
}

fn items(wanted: &dyn Fn(&str) -> bool) {
    let of_100k: &[(&str, f64)] = &[("psych alpha", 20.488), ("psych describe", 8.477), ("numpy alpha alone", 0.25)];
    let cases = [
        (Case { name: "alpha and items 100,000 x 100", rounds: 5, peers: of_100k }, 100_000),
        (Case { name: "alpha and items 1,000,000 x 100", rounds: 3, peers: &[] }, 1_000_000),
    ];
    for (case, persons) in cases {
        if wanted(case.name) {
            let responses = draw(&bank(100, 2), persons, 0.0);
            time(&case, &responses, &|| {
                black_box(Alpha::default().fit(&responses).expect("alpha"));
                black_box(ItemAnalysis::default().fit(&responses).expect("items"));
            });
        }
    }
}

fn scores(wanted: &dyn Fn(&str) -> bool) {
    let peers: &[(&str, f64)] = &[("mirt", 26.417), ("numpy", 0.7)];
    let cases = [
        (Case { name: "EAP 100,000 x 40", rounds: 5, peers }, 0.0),
        (Case { name: "EAP 100,000 x 40, 5 % missing", rounds: 5, peers: &[] }, 0.05),
    ];
    for (case, missing) in cases {
        if wanted(case.name) {
            let bank = bank(40, 5);
            let responses = draw(&bank, 100_000, missing);
            let scorer = PersonScorer::new(bank, ScoreOptions::default()).expect("a prior");
            time(&case, &responses, &|| {
                black_box(scorer.score(&responses).expect("scores"));
            });
        }
    }
}

fn careless(wanted: &dyn Fn(&str) -> bool) {
    let name = "long string, IRV, Mahalanobis 100,000 x 90, 5 % missing";
    if !wanted(name) {
        return;
    }
    let peers: &[(&str, f64)] = &[("careless", 11.902 + 3.631 + 14.669)];
    let responses = draw(&bank(90, 5), 100_000, 0.05);
    let items: Vec<AnswerItem> = (1..=90).map(|at| AnswerItem::new(at.to_string(), &[0, 1, 2, 3, 4])).collect();
    let blank = screening_core::answers::Missing::Skipped.code();
    let columns = (0..90).map(|item| responses.column(item).map(|code| code.map_or(blank, |c| c as i8)).collect());
    let answers = Answers::from_codes(items, columns.collect()).expect("codes of the items");
    let positions: Vec<usize> = (0..90).collect();
    time(&Case { name, rounds: 5, peers }, &responses, &|| {
        black_box(LongString::default().run(&answers));
        black_box(ResponseVariability.run(&answers));
        let moments = PairMoments::of(&answers, &positions);
        let index = Mahalanobis::of_wave(&moments, Gaps::default(), |at| at.to_string()).expect("an inverse");
        black_box(index.distance(&answers));
    });
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    println!("| case | time | a cell | of the speed of summing the codes | peers |\n|---|---|---|---|---|");
    calibrations(&wanted);
    correlations(&wanted);
    items(&wanted);
    scores(&wanted);
    careless(&wanted);
}
