//! Norms beside the figures of R (stats, cNORM, equate). Skipped where the figures are not at hand.

use std::path::{Path, PathBuf};

use polars::prelude::*;
use screening_core::instrument::{Direction, Text, Version};
use screening_core::norms::{
    Axis, By, ContinuousOptions, LocalMeta, LocalOptions, LocalScale, LocationSample, NormSet, NormState,
    fit_continuous, norm_of, raw_of, stanine_of_percentile, stanine_of_z, sten_of_z, t_score, violations, z_score,
};
use screening_core::stats::{Block, PlottingPosition, QuantileType, log_linear, mean_ranks, normal_quantile, quantile};
use serde_json::Value;

struct Oracle {
    folder: PathBuf,
    cases: Value,
}

impl Oracle {
    fn open(family: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let named = std::env::var_os("SCREENING_SHARED").map(PathBuf::from);
        // A work tree of the repository stands one folder deeper.
        let places = [named, Some(root.join("../shared")), Some(root.join("../../shared"))];
        let folder = places.into_iter().flatten().map(|shared| shared.join("oracle")).find(|oracle| oracle.is_dir());
        let Some(folder) = folder else {
            println!("skipped: no figures of peers at hand");
            return None;
        };
        let text = std::fs::read_to_string(folder.join(format!("{family}.json"))).unwrap();
        let mut file: Value = serde_json::from_str(&text).unwrap();
        Some(Self { folder, cases: file["cases"].take() })
    }

    fn results(&self, id: &str) -> &Value {
        let case = self.cases.as_array().unwrap().iter().find(|case| case["id"] == id);
        &case.unwrap_or_else(|| panic!("no case {id}"))["results"]
    }

    /// Columns of a data set by heading.
    fn data(&self, file: &str) -> Vec<(String, Vec<f64>)> {
        let text = std::fs::read_to_string(self.folder.join("data").join(file)).unwrap();
        let mut lines = text.lines();
        let heads = lines.next().unwrap().split(',').map(|cell| cell.trim_matches('"').to_owned());
        let mut columns: Vec<(String, Vec<f64>)> = heads.map(|head| (head, Vec::new())).collect();
        for line in lines.filter(|line| !line.is_empty()) {
            for ((_, column), cell) in columns.iter_mut().zip(line.split(',')) {
                column.push(cell.parse().unwrap_or(f64::NAN));
            }
        }
        columns
    }

    fn column(&self, file: &str, name: &str) -> Vec<f64> {
        self.data(file).into_iter().find(|(head, _)| head == name).unwrap().1
    }

    /// Sum of the items `i1` to `i<items>`.
    fn totals(&self, file: &str, items: usize) -> Vec<f64> {
        let wanted: Vec<String> = (1..=items).map(|item| format!("i{item}")).collect();
        let columns: Vec<Vec<f64>> =
            self.data(file).into_iter().filter(|(head, _)| wanted.contains(head)).map(|(_, column)| column).collect();
        assert_eq!(columns.len(), items);
        (0..columns[0].len()).map(|row| columns.iter().map(|column| column[row]).sum()).collect()
    }
}

fn figures(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|figure| figure.as_f64().unwrap_or(f64::NAN)).collect()
}

fn agree(what: &str, own: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(own.len(), theirs.len(), "{what}");
    for (at, (own, theirs)) in own.iter().zip(theirs).enumerate() {
        let same = own.is_nan() && theirs.is_nan() || (own - theirs).abs() <= tolerance * (1.0 + theirs.abs());
        assert!(same, "{what}[{at}]: {own} instead of {theirs}");
    }
}

#[test]
fn quantiles_of_all_nine_types() {
    let Some(oracle) = Oracle::open("norms") else { return };
    let mut phq = oracle.totals("phq_10k.csv", 9);
    phq.sort_by(f64::total_cmp);
    let small = oracle.results("quantile_types_small");
    let mut few = figures(&small["x"]);
    few.sort_by(f64::total_cmp);
    let kinds = [
        QuantileType::Inverse,
        QuantileType::InverseAveraged,
        QuantileType::NearestEven,
        QuantileType::Linear,
        QuantileType::Midpoint,
        QuantileType::Expected,
        QuantileType::Modal,
        QuantileType::MedianUnbiased,
        QuantileType::NormalUnbiased,
    ];
    for (results, values) in [(oracle.results("quantile_types_phq"), &phq), (small, &few)] {
        let p = figures(&results["p"]);
        for (at, kind) in kinds.into_iter().enumerate() {
            let own: Vec<f64> = p.iter().map(|p| quantile(values, *p, kind).unwrap()).collect();
            let name = format!("type{}", at + 1);
            agree(&name, &own, &figures(&results["q"][&name]), 1e-12);
        }
    }
}

#[test]
fn mean_ranks_of_ties() {
    let Some(oracle) = Oracle::open("norms") else { return };
    let results = oracle.results("ranks_ties");
    let (x, average) = (figures(&results["x"]), figures(&results["average"]));
    let known: Vec<usize> = (0..x.len()).filter(|at| !x[*at].is_nan()).collect();
    let ranks = mean_ranks(&known.iter().map(|at| x[*at]).collect::<Vec<_>>());
    agree("average", &ranks, &known.iter().map(|at| average[*at]).collect::<Vec<_>>(), 0.0);
}

fn scale(id: &str) -> LocalScale {
    LocalScale { id: id.into(), direction: Direction::HigherWorse, range: None, definition: None, reliability: None }
}

fn build(frame: &DataFrame, by: Vec<By>, options: &LocalOptions) -> NormSet {
    let mut state = NormState::new(by, &["a.total".to_owned()], None);
    state.add_frame(frame).unwrap();
    let text = || Text { en: "x".into(), zh_cn: "某".into() };
    let meta = LocalMeta {
        id: "x".into(),
        version: Version::new(1, 0, 0),
        name: text(),
        population: text(),
        region: None,
        year: None,
        inputs: Vec::new(),
        scales: vec![scale("a.total")],
    };
    state.finish(&meta, options).unwrap()
}

#[test]
fn norm_tables_of_a_wave() {
    let Some(oracle) = Oracle::open("norms") else { return };
    for (id, file, items) in [("norm_table_phq", "phq_10k.csv", 9), ("norm_table_mht_90", "mht_1k.csv", 90)] {
        let results = oracle.results(id);
        let totals = oracle.totals(file, items);
        let frame = df!["a.total" => totals].unwrap();
        let score = figures(&results["score"]);
        let n = results["n"].as_f64().unwrap();
        for (position, key, normalised) in [
            (PlottingPosition::RankIt, "rankit", Some("T_normalised_rankit")),
            (PlottingPosition::Blom, "blom", Some("T_normalised_blom")),
            (PlottingPosition::Tukey, "tukey", None),
            (PlottingPosition::VanDerWaerden, "van_der_waerden", None),
        ] {
            let ranks = figures(&results["mean_rank"]);
            let own: Vec<f64> = ranks.iter().map(|rank| position.proportion(*rank, n)).collect();
            agree(key, &own, &figures(&results[key]), 1e-14);
            let set = build(&frame, Vec::new(), &LocalOptions { position, max_degree: 0, ..LocalOptions::default() });
            let cell = &set.definition().cells[0];
            let table = cell.table.as_ref().unwrap();
            // The file holds scores that nobody had as well; the figures do not.
            let rows: Vec<usize> = score.iter().map(|s| table.raw.iter().position(|raw| raw == s).unwrap()).collect();
            let pick = |column: &[f64]| rows.iter().map(|row| column[*row]).collect::<Vec<f64>>();
            agree("pr_mid", &pick(&table.percentile), &figures(&results["pr_mid"]), 1e-11);
            agree("pr_at_or_below", &pick(&table.cumulative), &figures(&results["pr_at_or_below"]), 1e-11);
            if let Some(normalised) = normalised {
                agree(normalised, &pick(&table.t), &figures(&results[normalised]), 1e-11);
            }
            let (mean, sd) = (cell.mean.unwrap().to_f64(), cell.sd.unwrap().to_f64());
            agree("mean, sd", &[mean, sd], &[results["mean"].as_f64().unwrap(), results["sd"].as_f64().unwrap()], 1e-9);
            let z: Vec<f64> = score.iter().map(|raw| z_score(*raw, mean, sd)).collect();
            agree("z_linear", &z, &figures(&results["z_linear"]), 1e-8);
            let t: Vec<f64> = z.iter().map(|z| t_score(*z)).collect();
            agree("T_linear", &t, &figures(&results["T_linear"]), 1e-8);
        }
        let normal = figures(&results["z_normalised_rankit"]);
        let own: Vec<f64> = figures(&results["rankit"]).iter().map(|p| normal_quantile(*p).unwrap()).collect();
        agree("z_normalised_rankit", &own, &normal, 1e-13);
        let numbers =
            |values: &[f64], f: &dyn Fn(f64) -> u8| values.iter().map(|v| f64::from(f(*v))).collect::<Vec<_>>();
        let percentile = figures(&results["pr_mid"]);
        agree(
            "stanine_from_pct",
            &numbers(&percentile, &stanine_of_percentile),
            &figures(&results["stanine_from_pct"]),
            0.0,
        );
        agree("stanine_from_z", &numbers(&normal, &stanine_of_z), &figures(&results["stanine_from_z"]), 0.0);
        agree("sten_normalised", &numbers(&normal, &sten_of_z), &figures(&results["sten_normalised"]), 0.0);
    }
}

#[test]
fn norms_by_sex_and_grade() {
    let Some(oracle) = Oracle::open("norms") else { return };
    let results = oracle.results("norms_by_sex_grade_phq");
    let sex = oracle.column("phq_10k.csv", "sex");
    let frame = df![
        "a.total" => oracle.totals("phq_10k.csv", 9),
        "sex" => sex.iter().map(|sex| if *sex == 0.0 { "male" } else { "female" }).collect::<Vec<_>>(),
        "grade" => oracle.column("phq_10k.csv", "grade"),
    ]
    .unwrap();
    let set =
        build(&frame, vec![By::Sex, By::Grade], &LocalOptions { percentiles: vec![95.0], ..LocalOptions::default() });
    let (sexes, grades) = (figures(&results["sex"]), figures(&results["grade"]));
    for at in 0..sexes.len() {
        let group = format!("sex={} grade={}", if sexes[at] == 0.0 { "male" } else { "female" }, grades[at]);
        let cell = set.definition().cells.iter().find(|cell| cell.group.to_string() == group).unwrap();
        let own =
            [cell.n.unwrap() as f64, cell.mean.unwrap().to_f64(), cell.sd.unwrap().to_f64(), cell.percentiles[0].value];
        let theirs = ["n", "mean", "sd", "p95"].map(|key| figures(&results[key])[at]);
        agree(&group, &own, &theirs, 1e-9);
    }
    // Six grades by two sexes, and each grade with both.
    assert_eq!(set.definition().cells.len(), 18);
}

/// The people of each group, as counts.
fn samples(groups: &[f64], raw: &[f64]) -> Vec<LocationSample> {
    let mut places: Vec<f64> = groups.to_vec();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let sample = |at: f64| {
        let mut own: Vec<f64> =
            raw.iter().zip(groups).filter(|(_, group)| **group == at).map(|(raw, _)| *raw).collect();
        own.sort_by(f64::total_cmp);
        let blocks = own.chunk_by(|a, b| a == b);
        let block = |same: &[f64]| Block { value: same[0], n: same.len() as u64, weight: same.len() as f64 };
        LocationSample { at, blocks: blocks.map(block).collect() }
    };
    places.into_iter().map(sample).collect()
}

#[test]
fn ranks_by_group_as_in_cnorm() {
    let Some(oracle) = Oracle::open("norms") else { return };
    let results = oracle.results("cnorm_rankByGroup_elfe");
    let (groups, raw) = (figures(&results["group"]), figures(&results["raw"]));
    let (percentile, norm) = (figures(&results["percentile"]), figures(&results["normValue"]));
    for at in 0..raw.len() {
        let own: Vec<f64> = raw.iter().zip(&groups).filter(|(_, g)| **g == groups[at]).map(|(raw, _)| *raw).collect();
        if at % 97 == 0 {
            let ranks = mean_ranks(&own);
            let rank = ranks[own.iter().position(|r| *r == raw[at]).unwrap()];
            let p = PlottingPosition::RankIt.proportion(rank, own.len() as f64);
            agree("rank", &[p, t_score(normal_quantile(p).unwrap())], &[percentile[at], norm[at]], 1e-10);
        }
    }
}

#[test]
fn continuous_norms_as_in_cnorm() {
    let Some(oracle) = Oracle::open("norms") else { return };
    let cases = [
        (
            "cnorm_elfe_default",
            "fetched/elfe.csv",
            ContinuousOptions { max_terms: 4, ..ContinuousOptions::default() },
            4,
        ),
        (
            "cnorm_elfe_k4_t3_terms4",
            "fetched/elfe.csv",
            ContinuousOptions { k: 4, terms: Some(4), ..ContinuousOptions::default() },
            4,
        ),
        (
            "cnorm_ppvt_k4_t3_terms5",
            "fetched/ppvt.csv",
            ContinuousOptions { k: 4, terms: Some(5), ..ContinuousOptions::default() },
            5,
        ),
    ];
    for (id, file, options, sizes) in cases {
        let results = oracle.results(id);
        let samples = samples(&oracle.column(file, "group"), &oracle.column(file, "raw"));
        let fit = fit_continuous(Axis::Age, &samples, &options).unwrap();
        let model = &fit.model;
        let coefficients = results["coefficients"].as_object().unwrap();
        assert_eq!(coefficients.len(), model.terms.len(), "{id}: {:?}", model.terms);
        for (term, own) in model.terms.iter().zip(&model.coefficients) {
            let name = match term {
                [0, 0] => "(Intercept)".to_owned(),
                [0, j] => format!("A{j}"),
                [i, 0] => format!("L{i}"),
                [i, j] => format!("L{i}A{j}"),
            };
            let theirs = coefficients.get(&name).unwrap_or_else(|| panic!("{id} has no {name}")).as_f64().unwrap();
            assert!((own - theirs).abs() <= 1e-6 * theirs.abs(), "{id} {name}: {own} instead of {theirs}");
        }
        let own: Vec<f64> = fit.sizes.iter().map(|size| size.r2_adjusted).collect();
        agree(id, &own, &figures(&results["R2adj"])[..sizes], 1e-8);
        let own: Vec<f64> = fit.sizes.iter().map(|size| size.bic).collect();
        agree(id, &own, &figures(&results["bic"])[..sizes], 1e-7);
        let ends = [model.from, model.to, model.min_t, model.max_t, model.min_raw, model.max_raw];
        let theirs = ["minA", "maxA", "minL", "maxL", "minRaw", "maxRaw"].map(|key| results[key].as_f64().unwrap());
        agree(id, &ends, &theirs, 1e-9);
        for place in results["predictRaw"].as_array().unwrap() {
            let age = place["age"].as_f64().unwrap();
            let own: Vec<f64> = figures(&place["norm"]).iter().map(|t| raw_of(model, *t, age)).collect();
            agree("predictRaw", &own, &figures(&place["raw"]), 1e-6);
        }
        println!("{id}: rmse {} and {}; {} places fall", model.rmse, results["rmse"], violations(model).len());
        // And back, where the raw score is in range and the model rises.
        for t in [30.0, 42.5, 50.0, 60.0] {
            let at = f64::midpoint(model.from, model.to);
            let raw = raw_of(model, t, at);
            if raw > model.min_raw && raw < model.max_raw {
                agree("inverse", &[norm_of(model, raw, at).0], &[t], 1e-10);
            }
        }
    }
}

#[test]
fn the_smallest_sufficient_model_is_chosen() {
    let Some(oracle) = Oracle::open("norms") else { return };
    let samples = samples(&oracle.column("fetched/elfe.csv", "group"), &oracle.column("fetched/elfe.csv", "raw"));
    let fit = fit_continuous(Axis::Age, &samples, &ContinuousOptions::default()).unwrap();
    assert_eq!(fit.model.terms, [[0, 0], [3, 0], [1, 1], [3, 3]]);
    assert!(violations(&fit.model).is_empty());
    // Printed raw table of cNORM at age 2, two decimals.
    let printed = [(0.0, 32.82), (5.0, 45.18), (10.0, 56.17), (15.0, 65.95), (20.0, 74.72)];
    for (raw, t) in printed {
        assert!((norm_of(&fit.model, raw, 2.0).0 - t).abs() < 0.005, "{raw}");
    }
}

#[test]
fn log_linear_smoothing_as_in_equate() {
    let Some(oracle) = Oracle::open("equating") else { return };
    let results = oracle.results("act_loglinear6_equip");
    let data = oracle.data("fetched/actmath.csv");
    for (column, key) in [(1, "smooth_x"), (2, "smooth_y")] {
        let smooth = log_linear(&data[column].1, 6).unwrap();
        let total: f64 = data[column].1.iter().sum();
        let theirs = figures(&results[key]);
        let scale = theirs.iter().sum::<f64>() / total;
        let own: Vec<f64> = smooth.fitted.iter().map(|fitted| fitted * scale).collect();
        agree(key, &own, &theirs, 1e-6);
    }
}
