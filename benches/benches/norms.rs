//! Local norms beside polars: the engine counts a wave and writes mean, SD, skew, percentiles with intervals, smoothed tables and
//! normalised T of every score in every group; polars gives number, mean, SD and three quantiles of the same groups.
//!
//! All figures are of one thread: `POLARS_MAX_THREADS` and the pool of rayon are set to 1 before anything else runs.

use std::hint::black_box;

use polars::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use screening_benches::medians;
use screening_core::instrument::{Direction, Text, Version};
use screening_core::norms::{By, DeriveOptions, LocalMeta, LocalOptions, LocalScale, NormState};

const ROWS: usize = 1_000_000;
const SCALES: usize = 20;
const ROUNDS: usize = 5;

/// A million pupils of nine grades and two sexes with twenty scores from 0 to 27, one in twenty missing, and weights.
fn wave() -> DataFrame {
    let mut rng = ChaCha8Rng::seed_from_u64(20_260_901);
    let sex: Vec<&str> = (0..ROWS).map(|_| if rng.random::<bool>() { "male" } else { "female" }).collect();
    let grade: Vec<u8> = (0..ROWS).map(|_| rng.random_range(4..=12)).collect();
    let weight: Vec<f64> = (0..ROWS).map(|_| 0.5 + rng.random::<f64>()).collect();
    let mut columns = vec![
        Column::new("sex".into(), sex),
        UInt8Chunked::from_vec("grade".into(), grade).into_column(),
        Column::new("w".into(), weight),
    ];
    for scale in 0..SCALES {
        let cells = (0..ROWS).map(|_| {
            let score = (rng.random::<f64>().powi(2) * 28.0) as i16;
            (rng.random::<f64>() >= 0.05).then_some(score)
        });
        columns.push(Int16Chunked::from_iter_options(name(scale).into(), cells).into_column());
    }
    DataFrame::new(ROWS, columns).expect("columns of one length")
}

fn name(scale: usize) -> String {
    format!("bench.s{scale}")
}

fn count(frame: &DataFrame, scales: &[String], weight: Option<&str>) -> NormState {
    let mut state = NormState::new(vec![By::Sex, By::Grade], scales, weight.map(str::to_owned));
    state.add_frame(frame).expect("counts");
    state
}

fn meta(scales: &[String]) -> LocalMeta {
    let text = || Text { en: "bench".into(), zh_cn: "测试".into() };
    let scale = |id: &String| LocalScale {
        id: id.clone(),
        direction: Direction::HigherWorse,
        range: Some((0.0, 27.0)),
        definition: None,
        reliability: None,
    };
    LocalMeta {
        id: "bench".into(),
        version: Version::new(1, 0, 0),
        name: text(),
        population: text(),
        region: None,
        year: None,
        inputs: Vec::new(),
        scales: scales.iter().map(scale).collect(),
    }
}

/// Number, mean, SD and quantiles of all scores by group, as a competent user writes them.
fn peer(frame: &DataFrame, scales: &[String]) -> LazyFrame {
    let mut out = Vec::new();
    for scale in scales {
        let score = || col(scale.as_str()).cast(DataType::Float64);
        out.push(col(scale.as_str()).count().alias(format!("{scale}.n")));
        out.push(score().mean().alias(format!("{scale}.mean")));
        out.push(score().std(1).alias(format!("{scale}.sd")));
        for p in [0.05, 0.5, 0.95] {
            out.push(score().quantile(lit(p), QuantileMethod::Linear).alias(format!("{scale}.{p}")));
        }
    }
    frame.clone().lazy().group_by([col("sex"), col("grade")]).agg(out)
}

fn row(name: &str, seconds: f64, peer: f64) {
    println!("| {name} | {:.0} ms | {:.0} ms | {:.2} |", seconds * 1e3, peer * 1e3, peer / seconds);
}

fn main() {
    // Before any thread pool starts.
    for (name, value) in [("POLARS_MAX_THREADS", "1"), ("RAYON_NUM_THREADS", "1")] {
        if std::env::var(name).as_deref() != Ok(value) {
            eprintln!("set {name}=1, so that all figures are of one thread");
            std::process::exit(2);
        }
    }
    let frame = wave();
    let scales: Vec<String> = (0..SCALES).map(name).collect();
    let lazy = peer(&frame, &scales);
    let options = LocalOptions::default();
    let build = |weight: Option<&str>| {
        let state = count(&frame, &scales, weight);
        drop(black_box(state.finish(&meta(&scales), &options).expect("norms")));
    };
    let counted = || drop(black_box(count(&frame, &scales, None)));
    let plain = || build(None);
    let weighted = || build(Some("w"));
    let compute = || drop(black_box(lazy.clone().collect().expect("computes")));
    let set = count(&frame, &scales, None).finish(&meta(&scales), &options).expect("norms");
    let apply = || drop(black_box(set.apply(&frame, &DeriveOptions::default()).expect("derived scores")));
    let [counted, plain, weighted, apply, peer] = medians(ROUNDS, [&counted, &plain, &weighted, &apply, &compute]);
    println!(
        "| case, {ROWS} rows, {SCALES} scores, 18 groups, one thread | engine | polars group_by | polars / engine |"
    );
    println!("|---|---|---|---|");
    row("counts alone", counted, peer);
    row("norm set, smoothed tables", plain, peer);
    row("norm set, weighted", weighted, peer);
    row("derived scores of all rows", apply, peer);
}
