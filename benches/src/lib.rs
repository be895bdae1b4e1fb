//! Answers for the benchmarks, and the same outputs as a competent user of polars would write them.

pub mod wave;

use std::time::Instant;

use polars::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use screening_core::instrument::{Instrument, ItemKind};

/// A frame of random answers to one instrument, choices as unsigned bytes, `missing` of them null.
///
/// # Panics
/// When polars refuses the columns, which would be a defect of this function.
pub fn answers(instrument: &Instrument, rows: usize, missing: f64) -> DataFrame {
    let mut rng = ChaCha8Rng::seed_from_u64(20_260_901);
    let definition = instrument.definition();
    let columns = definition.items.iter().enumerate().map(|(at, item)| {
        let name = PlSmallStr::from(instrument.item_column(at));
        match item.kind {
            ItemKind::Choice => {
                let codes: Vec<u8> = definition.options_of(item).iter().map(|o| o.code as u8).collect();
                // Low codes are frequent, as in a school.
                let mut draw = || codes[((rng.random::<f64>().powi(2)) * codes.len() as f64) as usize % codes.len()];
                if missing == 0.0 {
                    return UInt8Chunked::from_vec(name, (0..rows).map(|_| draw()).collect()).into_column();
                }
                let drawn: Vec<u8> = (0..rows).map(|_| draw()).collect();
                let cells = drawn.into_iter().map(|code| (rng.random::<f64>() >= missing).then_some(code));
                UInt8Chunked::from_iter_options(name, cells).into_column()
            }
            ItemKind::Number => {
                let [low, high] = item.range.map_or([0.0, 1.0], |r| r.map(screening_core::stats::Decimal::to_f64));
                let values: Vec<f64> = (0..rows).map(|_| (low + rng.random::<f64>() * (high - low)).floor()).collect();
                Float64Chunked::from_vec(name, values).into_column()
            }
            ItemKind::Clock => {
                let texts = (0..rows).map(|_| format!("{:02}:{:02}", rng.random_range(0..24), rng.random_range(0..60)));
                StringChunked::from_iter_values(name, texts).into_column()
            }
        }
    });
    DataFrame::new(rows, columns.collect()).expect("columns of one length")
}

/// The machine's limit: every byte of the choice columns is read and added once.
pub fn sum_bytes(frame: &DataFrame) -> u64 {
    let mut total = 0_u64;
    for column in frame.columns() {
        let Ok(bytes) = column.u8() else { continue };
        for chunk in bytes.downcast_iter() {
            // Sums of 128 bytes in a 16-bit lane cannot overflow, and the compiler makes vector code of them.
            total += chunk
                .values()
                .chunks(128)
                .map(|part| u64::from(part.iter().fold(0_u16, |sum, byte| sum + u16::from(*byte))))
                .sum::<u64>();
        }
    }
    total
}

/// The item columns of a scale.
///
/// # Panics
/// When the instrument has no such scale.
pub fn items_of(instrument: &Instrument, scale: &str) -> Vec<Expr> {
    let definition = instrument.definition();
    let scale = definition.scales.iter().find(|s| s.id == scale).expect("a scale of the instrument");
    let mut positions = definition.expand_items(&scale.items).unwrap_or_default();
    if positions.is_empty() {
        for part in &scale.of {
            let part = definition.scales.iter().find(|s| s.id == *part).expect("a scale of the instrument");
            positions.extend(definition.expand_items(&part.items).unwrap_or_default());
        }
    }
    positions.into_iter().map(|at| col(instrument.item_column(at))).collect()
}

/// Medians of the run times of several works, in seconds. The works take turns, so that whatever the machine does in a
/// round (clock rate, other guests) befalls all of them; a first round is not counted.
pub fn medians<const N: usize>(rounds: usize, works: [&dyn Fn(); N]) -> [f64; N] {
    let mut seconds: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(rounds));
    for round in 0..=rounds {
        for (work, seconds) in works.iter().zip(&mut seconds) {
            let start = Instant::now();
            work();
            if round > 0 {
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
    }
    seconds.map(|mut seconds| {
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2]
    })
}

/// The most memory that this process has held, in MiB; only Linux tells.
pub fn peak() -> Option<u64> {
    status_of("self", "VmHWM:").map(|kib| kib / 1024)
}

/// Processor seconds that this process has used, on all cores; only Linux tells.
pub fn processor() -> Option<f64> {
    processor_of("self")
}

/// Processor seconds that a process has used; `process` is its number or `self`.
pub fn processor_of(process: &str) -> Option<f64> {
    // Fields 14 and 15 count from 1 and hundredths of a second; the name before them may hold blanks, and ends with `)`.
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// A figure of the status of a process, in KiB; `name` is as it stands there, for example `VmRSS:`.
pub fn status_of(process: &str, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
