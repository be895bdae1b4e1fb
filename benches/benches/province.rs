//! A province: drawn, screened, tallied and merged in districts of 100,000 pupils. Time on the clock, processor time, and the peak
//! of memory, for each size; the aim is a time that is linear in pupils and less than 2 GB.
//!
//! `cargo bench --workspace --bench province -- 100000 1000000 13000000` runs these sizes; without sizes it is the first two. The same as
//! `screening example --screen`.

use std::process::Command;
use std::time::Instant;

/// As in the `screening` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use screening_benches::{peak, processor};
use screening_core::instrument::Library;
use screening_io::province::{ProvinceParams, province};

const CHILD: &str = "SCREENING_BENCH_PUPILS";

fn main() {
    if let Ok(pupils) = std::env::var(CHILD) {
        return run(pupils.parse().expect("a number of pupils"));
    }
    let mut sizes: Vec<String> = std::env::args().skip(1).filter(|own| own.parse::<u64>().is_ok()).collect();
    if sizes.is_empty() {
        sizes = vec!["100000".to_owned(), "1000000".to_owned()];
    }
    println!("| pupils | seconds | processor seconds | seconds a 100,000 | peak MiB |\n|---|---|---|---|---|");
    let own = std::env::current_exe().expect("this program");
    for size in sizes {
        // Each size in a process of its own: none inherits the memory of another.
        Command::new(&own).env(CHILD, &size).status().expect("this program runs");
    }
}

fn run(pupils: u64) {
    let folder = std::env::temp_dir().join(format!("screening-province-{}", std::process::id()));
    let params = ProvinceParams { pupils, district_pupils: 100_000, seed: 2026, out: folder.clone() };
    let start = Instant::now();
    let library = Library::bundled().expect("bundled");
    let (tally, _) = province(&params, &library, &|_| {}).expect("a province");
    let (seconds, each) = (start.elapsed().as_secs_f64(), 100_000.0 / tally.pupils() as f64);
    let told = |own: Option<f64>| own.map_or_else(|| "-".to_owned(), |own| format!("{own:.0}"));
    println!(
        "| {} | {seconds:.0} | {} | {:.1} | {} |",
        tally.pupils(),
        told(processor()),
        seconds * each,
        told(peak().map(|own| own as f64))
    );
    let _ = std::fs::remove_dir_all(folder);
}
