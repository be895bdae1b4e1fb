//! Validity indices against the R packages careless, PerFit and mirt.

mod peers;

use peers::{Oracle, agree, figures};
use screening_core::validity::{
    AnswerItem, Answers, EvenOdd, FitStatistic, Gaps, Guttman, GuttmanMeasure, ItemParameters, LongString, Mahalanobis,
    PairKind, PairMoments, PersonFit, ResponseVariability, RunLength, Synonyms, ThetaEstimate,
};

fn answers(columns: Vec<Vec<i16>>) -> Answers {
    let codes: Vec<i8> = (0..=7).collect();
    let items = (1..=columns.len()).map(|id| AnswerItem::new(id.to_string(), &codes)).collect();
    let columns = columns.into_iter().map(|column| column.into_iter().map(|code| code as i8).collect());
    Answers::from_codes(items, columns.collect()).unwrap()
}

fn careless(oracle: &Oracle) -> Answers {
    answers(oracle.data("fetched/careless_dataset.csv").1)
}

#[test]
fn long_strings() {
    let Some(oracle) = Oracle::open("careless") else { return };
    let sets = [
        ("longstring", careless(&oracle)),
        ("longstring_mht", answers(oracle.items("mht_1k.csv", "i"))),
        ("longstring_missing", answers(oracle.items("scl_1k_miss.csv", "i"))),
    ];
    for (case, answers) in sets {
        let theirs = oracle.results(case);
        agree(case, LongString::default().run(&answers).values(), &figures(&theirs["longstr"]), 0.0);
        let average = LongString { length: RunLength::Average, ..LongString::default() };
        agree(case, average.run(&answers).values(), &figures(&theirs["avgstr"]), 1e-12);
    }
}

#[test]
fn variability() {
    let Some(oracle) = Oracle::open("careless") else { return };
    let theirs = oracle.results("irv");
    agree("irv", ResponseVariability.run(&careless(&oracle)).values(), &figures(&theirs["irv"]), 1e-12);
    let holes = answers(oracle.items("scl_1k_miss.csv", "i"));
    let theirs = oracle.results("irv_missing");
    agree("irv_missing", ResponseVariability.run(&holes).values(), &figures(&theirs["irv"]), 1e-12);
}

/// With the covariance of the very sheets, however few they are.
fn mahalanobis(answers: &Answers, gaps: Gaps) -> Mahalanobis {
    let all = answers.choices();
    let moments = PairMoments::of(answers, &all);
    let means = (0..all.len()).map(|i| moments.mean(i)).collect();
    let covariance: Vec<f64> = (0..all.len())
        .flat_map(|i| (0..all.len()).map(move |j| (i, j)))
        .map(|(i, j)| moments.covariance(i, j))
        .collect();
    Mahalanobis::new(all, means, &covariance, gaps).unwrap()
}

#[test]
fn mahalanobis_distances() {
    let Some(oracle) = Oracle::open("careless") else { return };
    let sets = [
        ("mahad", careless(&oracle)),
        ("mahad_mht", answers(oracle.items("mht_1k.csv", "i"))),
        ("mahad_missing", answers(oracle.items("scl_1k_miss.csv", "i"))),
    ];
    for (case, answers) in sets {
        let theirs = oracle.results(case);
        let own = mahalanobis(&answers, Gaps::Mean).distance(&answers);
        agree(case, own.values(), &figures(&theirs["d_sq"]), 1e-8);
        if case == "mahad" {
            let p = mahalanobis(&answers, Gaps::Mean).probability(&answers);
            let flagged: Vec<bool> =
                theirs["flagged"].as_array().unwrap().iter().map(|f| f.as_bool().unwrap()).collect();
            assert_eq!(p.values().iter().map(|p| *p < 0.01).collect::<Vec<_>>(), flagged);
            assert!(flagged.contains(&true));
        }
    }
}

#[test]
fn even_odd() {
    let Some(oracle) = Oracle::open("careless") else { return };
    let answers = answers(oracle.items("mht_1k.csv", "i"));
    let mut start = 0;
    let scales = [15, 10, 10, 10, 10, 15, 10, 10, 10].map(|length| {
        start += length;
        (start - length..start).collect()
    });
    let own = EvenOdd::new(scales.to_vec()).unwrap().run(&answers);
    agree("evenodd", own.values(), &figures(&oracle.results("evenodd_mht")["evenodd"]), 1e-10);
}

#[test]
fn synonyms() {
    let Some(oracle) = Oracle::open("careless") else { return };
    let answers = careless(&oracle);
    let moments = PairMoments::of(&answers, &answers.choices());
    let theirs = oracle.results("psychsyn");
    let index = Synonyms::find(PairKind::Synonyms, &moments, 0.6).unwrap();
    assert_eq!(index.pairs().len() as f64, figures(&theirs["result"]["numPairs"])[0]);
    agree("psychsyn", index.run(&answers).values(), &figures(&theirs["result"]["cor"]), 1e-10);
    // The strongest pairs and their correlations.
    let (headings, _) = oracle.data("fetched/careless_dataset.csv");
    let place = |name: &serde_json::Value| headings.iter().position(|heading| name == heading.as_str()).unwrap();
    let top = &theirs["top_pairs"];
    for (pair, r) in figures(&top["cor"]).iter().enumerate() {
        let (later, earlier) = (place(&top["var1"][pair]), place(&top["var2"][pair]));
        assert!((moments.correlation(later, earlier) - r).abs() < 1e-10);
        assert_eq!(index.pairs().contains(&(later, earlier)), *r > 0.6);
    }
}

#[test]
fn guttman_errors() {
    let Some(oracle) = Oracle::open("careless") else { return };
    let answers = answers_of_two(oracle.data("fetched/inadequacy.csv").1);
    let index = Guttman::of_wave(&answers, &[answers.choices()]).unwrap();
    let theirs = oracle.results("perfit_nonparametric_inadequacy");
    agree("G", index.run(&answers, GuttmanMeasure::Count).values(), &figures(&theirs["G"]), 0.0);
    agree("Gnormed", index.run(&answers, GuttmanMeasure::Normed).values(), &figures(&theirs["Gnormed"]), 1e-10);
}

/// mirt's Zh at mirt's own EAP estimates.
#[test]
fn person_fit() {
    let Some(oracle) = Oracle::open("irt") else { return };
    let sets = [
        ("lsat7_2pl", "fetched/lsat7.csv", 0),
        ("lsat7_rasch", "fetched/lsat7.csv", 0),
        ("science_gpcm", "fetched/science4.csv", 1),
        ("science_pcm", "fetched/science4.csv", 1),
    ];
    for (case, file, lowest) in sets {
        let theirs = oracle.results(case);
        let zh = figures(&theirs["personfit_first"]["Zh"]);
        let thetas = figures(&theirs["scores_first"]["EAP"]["theta"]);
        let rows = thetas.len().min(zh.len());
        let columns: Vec<Vec<i8>> =
            oracle.data(file).1.into_iter().map(|c| c[..rows].iter().map(|x| (x - lowest) as i8).collect()).collect();
        let parameters: Vec<ItemParameters> = theirs["irt_pars"]["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let row = figures(row);
                if lowest == 0 {
                    ItemParameters::Graded { a: row[0], b: vec![row[1]] }
                } else {
                    ItemParameters::PartialCredit { a: row[0], b: row[1..].to_vec() }
                }
            })
            .collect();
        let codes: Vec<i8> = (0..parameters[0].categories() as i8).collect();
        let items = (1..=columns.len()).map(|id| AnswerItem::new(id.to_string(), &codes)).collect();
        let answers = Answers::from_codes(items, columns).unwrap();
        let items = parameters.into_iter().enumerate().collect();
        let index = PersonFit::new(items, FitStatistic::Lz, ThetaEstimate::Wle, answers.items()).unwrap();
        let own = index.run_at(&answers, &thetas[..rows]).unwrap();
        agree(case, own.values(), &zh[..rows], 1e-6);
    }
}

/// lz* for answers 0 and 1 in the terms of Snijders 2001: weights w, w less c r, and r0 of Warm's estimate.
#[test]
fn lz_star() {
    let Some(oracle) = Oracle::open("irt") else { return };
    let parameters: Vec<Vec<f64>> =
        oracle.results("lsat7_2pl")["irt_pars"]["data"].as_array().unwrap().iter().map(figures).collect();
    let (_, columns) = oracle.data("fetched/lsat7.csv");
    let answers = answers_of_two(columns);
    let items = parameters.iter().map(|p| ItemParameters::Graded { a: p[0], b: vec![p[1]] }).enumerate().collect();
    let index = PersonFit::new(items, FitStatistic::LzStar, ThetaEstimate::Wle, answers.items()).unwrap();
    let own = index.run(&answers);
    let mut theirs = Vec::new();
    for (row, theta) in index.thetas(&answers).into_iter().enumerate() {
        let p: Vec<f64> = parameters.iter().map(|p| 1.0 / (1.0 + (-p[0] * (theta - p[1])).exp())).collect();
        let d1: Vec<f64> = p.iter().zip(&parameters).map(|(p, item)| item[0] * p * (1.0 - p)).collect();
        let d2: Vec<f64> =
            p.iter().zip(&parameters).zip(&d1).map(|((p, item), d1)| item[0] * d1 * (1.0 - 2.0 * p)).collect();
        let w: Vec<f64> = p.iter().map(|p| (p / (1.0 - p)).ln()).collect();
        let r: Vec<f64> = p.iter().zip(&d1).map(|(p, d1)| d1 / (p * (1.0 - p))).collect();
        let sum = |f: &dyn Fn(usize) -> f64| (0..5).map(f).sum::<f64>();
        let information = sum(&|i| d1[i] * r[i]);
        let r0 = sum(&|i| d1[i] * d2[i] / (p[i] * (1.0 - p[i]))) / (2.0 * information);
        let c = sum(&|i| d1[i] * w[i]) / information;
        let wn = sum(&|i| (f64::from(answers.code(i, row).unwrap()) - p[i]) * w[i]);
        let variance = sum(&|i| (w[i] - c * r[i]).powi(2) * p[i] * (1.0 - p[i]));
        theirs.push((wn + c * r0) / variance.sqrt());
    }
    agree("lz*", own.values(), &theirs, 1e-8);
}

fn answers_of_two(columns: Vec<Vec<i16>>) -> Answers {
    let items = (1..=columns.len()).map(|id| AnswerItem::new(id.to_string(), &[0, 1])).collect();
    let columns = columns.into_iter().map(|column| column.into_iter().map(|code| code as i8).collect()).collect();
    Answers::from_codes(items, columns).unwrap()
}
