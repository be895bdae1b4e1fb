//! Scoring beside the machine's limit and beside polars expressions, in one run.
//!
//! All figures are of one thread: `POLARS_MAX_THREADS` and the pool of rayon are set to 1 before anything else runs.

use std::hint::black_box;

/// As in the `screening` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use polars::prelude::*;
use screening_benches::{answers, items_of, medians, sum_bytes};
use screening_core::answers::Context;
use screening_core::instrument::{Instrument, Library};
use screening_core::scoring::{FrameOptions, Scorer, Sheet};

const ROWS: usize = 1_000_000;
const ROUNDS: usize = 9;

/// A sum that is null unless all items are answered, as published.
fn complete_sum(items: Vec<Expr>) -> Expr {
    polars::lazy::dsl::sum_horizontal(items.into_iter().map(|e| e.cast(DataType::UInt16)).collect::<Vec<_>>(), false)
        .expect("items")
}

fn at_least(value: &Expr, cuts: &[f64]) -> Expr {
    cuts.iter().enumerate().fold(lit("0"), |out, (n, cut)| {
        when(value.clone().gt_eq(lit(*cut))).then(lit((n + 1).to_string())).otherwise(out)
    })
}

/// The ten sums of MHT alone.
fn mht_sums(instrument: &Instrument) -> Vec<Expr> {
    let scales = instrument.definition().scales.iter();
    scales
        .map(|s| {
            let items = items_of(instrument, &s.id);
            polars::lazy::dsl::sum_horizontal(items, true).expect("items").alias(s.id.as_str())
        })
        .collect()
}

/// The outputs of SCL-90 with its missing rule, bands and indices.
fn scl_expressions(instrument: &Instrument) -> Vec<Expr> {
    let mut out = Vec::new();
    let all = items_of(instrument, "total");
    for scale in instrument.definition().scales.iter().filter(|s| s.method == screening_core::instrument::Method::Mean)
    {
        let items = items_of(instrument, &scale.id);
        let n = items.len() as f64;
        let mean = complete_sum(items).cast(DataType::Float64) / lit(n);
        out.push(at_least(&mean, &[2.0, 3.0, 4.0]).alias(format!("{}.band", scale.id)));
        out.push(mean.alias(scale.id.as_str()));
    }
    let total = complete_sum(all.clone());
    let positive = complete_sum(all.into_iter().map(|e| e.gt_eq(lit(2_u8))).collect());
    out.push(
        ((total.clone() - (lit(90_u16) - positive.clone())).cast(DataType::Float64)
            / positive.clone().cast(DataType::Float64))
        .alias("psdi"),
    );
    out.push((lit(90_u16) - positive.clone()).alias("negative_items"));
    out.push(at_least(&total.clone().cast(DataType::Float64), &[160.0]).alias("total.band"));
    out.push(positive.alias("pst"));
    out.push(total.alias("total"));
    for item in ["15", "59", "16"] {
        out.push(col(format!("{}.{item}", instrument.id())).gt_eq(lit(2_u8)).alias(format!("flag{item}")));
    }
    out
}

/// PHQ-9 total, band and item 9.
fn phq_expressions(instrument: &Instrument) -> Vec<Expr> {
    let total = complete_sum(items_of(instrument, "total"));
    let band = at_least(&total.clone().cast(DataType::Float64), &[5.0, 10.0, 15.0, 20.0]).alias("band");
    vec![total.alias("total"), band, col(format!("{}.9", instrument.id())).gt_eq(lit(1_u8)).alias("flag")]
}

fn row(name: &str, seconds: f64, limit: f64, peer: Option<f64>) {
    let peer = peer.map_or_else(|| "-".to_owned(), |p| format!("{:.1} ms ({:.2}x)", p * 1e3, p / seconds));
    println!(
        "| {name} | {:.1} ms | {:.1} ms ({:.2} of its speed) | {peer} |",
        seconds * 1e3,
        limit * 1e3,
        limit / seconds
    );
}

fn columns(library: &Library, peers: bool, only: Option<&str>) {
    println!("| case, {ROWS} rows, one thread | engine | bytes summed | polars expressions |\n|---|---|---|---|");
    let cases: [(&str, f64, fn(&Instrument) -> Vec<Expr>); 5] = [
        ("mht", 0.0, mht_sums),
        ("phq-9", 0.0, phq_expressions),
        ("phq-9", 0.05, phq_expressions),
        ("scl-90", 0.0, scl_expressions),
        ("scl-90", 0.05, scl_expressions),
    ];
    for (id, missing, expressions) in cases {
        if only.is_some_and(|only| only != id) {
            continue;
        }
        let instrument = library.get(id).expect("bundled");
        let scorer = Scorer::new(instrument).expect("compiles");
        let frame = answers(instrument, ROWS, missing);
        let options = FrameOptions { bounds: false };
        let score = || drop(black_box(scorer.score_frame(&frame, &options).expect("scores")));
        let bytes = || _ = black_box(sum_bytes(&frame));
        let lazy = frame.clone().lazy().select(expressions(instrument));
        let compute = || drop(black_box(lazy.clone().collect().expect("computes")));
        let (engine, limit, peer) = if peers {
            let [engine, limit, peer] = medians(ROUNDS, [&score, &bytes, &compute]);
            (engine, limit, Some(peer))
        } else {
            let [engine, limit] = medians(ROUNDS, [&score, &bytes]);
            (engine, limit, None)
        };
        row(&format!("{id}, {:.0} % missing", missing * 100.0), engine, limit, peer);
    }
    if only.is_some_and(|only| only != "psqi") {
        return;
    }
    let psqi = library.get("psqi").expect("bundled");
    let scorer = Scorer::new(psqi).expect("compiles");
    let frame = answers(psqi, ROWS, 0.0);
    let score = || drop(black_box(scorer.score_frame(&frame, &FrameOptions { bounds: false }).expect("scores")));
    let [engine, limit] = medians(ROUNDS, [&score, &|| _ = black_box(sum_bytes(&frame))]);
    row("psqi, clock times as text", engine, limit, None);
}

/// The whole library from inside the program.
fn loading() {
    let load = || drop(black_box(Library::bundled().expect("bundled")));
    let [seconds] = medians(ROUNDS, [&load]);
    println!("\nloading the library: {:.1} ms", seconds * 1e3);
}

fn rows(library: &Library) {
    println!("\n| row driver | ns a sheet |\n|---|---|");
    for id in ["phq-9", "gad-7", "mht", "scl-90", "psqi"] {
        let instrument = library.get(id).expect("bundled");
        let scorer = Scorer::new(instrument).expect("compiles");
        let mut sheet = Sheet::blank(instrument);
        for item in &instrument.definition().items {
            let code =
                instrument.definition().options_of(item).get(1).map_or_else(|| "7".to_owned(), |o| o.code.to_string());
            let answer =
                if item.kind == screening_core::instrument::ItemKind::Clock { "07:00".to_owned() } else { code };
            sheet.set(instrument, &item.id, &answer).expect("allowed");
        }
        let scores = std::cell::RefCell::new(scorer.buffer());
        let sheets = 100_000;
        let score = || {
            for _ in 0..sheets {
                scorer.score_into(black_box(&sheet), &Context::default(), &mut scores.borrow_mut());
            }
        };
        let [seconds] = medians(ROUNDS, [&score]);
        println!("| {id} | {:.0} |", seconds / f64::from(sheets) * 1e9);
    }
}

fn main() {
    // Before any thread pool starts.
    for (name, value) in [("POLARS_MAX_THREADS", "1"), ("RAYON_NUM_THREADS", "1")] {
        if std::env::var(name).as_deref() != Ok(value) {
            eprintln!("set {name}=1, so that all figures are of one thread");
            std::process::exit(2);
        }
    }
    let library = Library::bundled().expect("bundled");
    // Where polars is built without optimisation its figures mean nothing.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--frames-only") {
        loading();
        rows(&library);
        println!();
    }
    let only = arguments.iter().find(|argument| !argument.starts_with('-'));
    columns(&library, !arguments.iter().any(|argument| argument == "--engine-only"), only.map(String::as_str));
}
