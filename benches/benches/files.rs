//! Reading and scoring whole files beside the plain readers: time, and the peak of memory of a process that does nothing else.
//!
//! Each case runs in a process of its own, which this program starts with the name of the case, so that no case inherits
//! the memory of another. Without options the files are a workbook of 100,000 rows and a csv and a parquet file of 1,000,000.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// As in the `screening` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use calamine::{Reader, Xlsx, open_workbook};
use polars::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_xlsxwriter::Workbook;
use screening_benches::peak;
use screening_core::instrument::{Instrument, Library};
use screening_core::scoring::{FrameOptions, Scorer};
use screening_io::output::{score_table, write_in_parts};
use screening_io::{CHUNK_ROWS, ColumnNames, Source, TablePart, TableSpec, read_answers, stream_answers};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The instrument whose items fill the first hundred columns.
const INSTRUMENT: &str = "mht";
const SHEET_COLUMNS: usize = 160;
const TABLE_COLUMNS: usize = 101;
const CHILD: &str = "SCREENING_BENCH_CASE";

/// One thing to be measured.
struct Case {
    name: &'static str,
    file: &'static str,
    run: fn(&Path) -> Outcome<usize>,
}

const CASES: [Case; 9] = [
    Case { name: "xlsx, calamine alone, cell by cell", file: "answers.xlsx", run: calamine_cells },
    Case { name: "xlsx, in parts, scored", file: "answers.xlsx", run: scored },
    Case { name: "xlsx, as a whole, not scored", file: "answers.xlsx", run: whole },
    Case { name: "csv, polars alone", file: "answers.csv", run: polars_csv },
    Case { name: "csv, in parts, scored", file: "answers.csv", run: scored },
    Case { name: "csv, as a whole, not scored", file: "answers.csv", run: whole },
    Case { name: "parquet, polars alone", file: "answers.parquet", run: polars_parquet },
    Case { name: "parquet, in parts, scored", file: "answers.parquet", run: scored },
    Case { name: "parquet, as a whole, not scored", file: "answers.parquet", run: whole },
];

fn main() -> Outcome<()> {
    if let Ok(case) = std::env::var(CHILD) {
        return child(&case);
    }
    let (rows, folder) = arguments()?;
    let (sheet_rows, table_rows) = rows.map_or((100_000, 1_000_000), |rows| (rows, rows));
    let scratch =
        folder.unwrap_or_else(|| std::env::temp_dir().join(format!("screening-files-{}", std::process::id())));
    std::fs::create_dir_all(&scratch)?;
    println!("{sheet_rows} x {SHEET_COLUMNS} in a workbook, {table_rows} x {TABLE_COLUMNS} in csv and parquet");
    let library = Library::bundled()?;
    let instrument = library.get(INSTRUMENT).ok_or("the instrument is not bundled")?;
    workbook(&scratch.join("answers.xlsx"), instrument, sheet_rows)?;
    tables(&scratch, instrument, table_rows)?;
    println!("{:36} {:>10} {:>12} {:>10}", "case", "seconds", "peak MiB", "rows");
    for case in &CASES {
        let output = Command::new(std::env::current_exe()?).env(CHILD, case.name).current_dir(&scratch).output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", case.name, String::from_utf8_lossy(&output.stderr)).into());
        }
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
    std::fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// `--rows N` for all files, `--folder DIR` for where they go; what cargo adds is left aside.
fn arguments() -> Outcome<(Option<usize>, Option<PathBuf>)> {
    let (mut rows, mut folder) = (None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rows" => rows = Some(arguments.next().ok_or("--rows needs a number")?.parse()?),
            "--folder" => folder = Some(PathBuf::from(arguments.next().ok_or("--folder needs a path")?)),
            "--bench" => {}
            other => return Err(format!("`{other}` is not known; use --rows N, --folder DIR").into()),
        }
    }
    Ok((rows, folder))
}

fn child(name: &str) -> Outcome<()> {
    let case = CASES.iter().find(|case| case.name == name).ok_or("no such case")?;
    let start = Instant::now();
    let rows = (case.run)(Path::new(case.file))?;
    let seconds = start.elapsed().as_secs_f64();
    println!("{name:36} {seconds:>10.2} {:>12} {rows:>10}", peak().map_or("-".to_owned(), |peak| peak.to_string()));
    Ok(())
}

fn spec(instrument: &Instrument) -> TableSpec<'_> {
    let part = TablePart::new(instrument.definition(), ColumnNames::Canonical);
    TableSpec { parts: vec![part], ..TableSpec::default() }
}

fn scored(path: &Path) -> Outcome<usize> {
    let library = Library::bundled()?;
    let instrument = library.get(INSTRUMENT).ok_or("the instrument is not bundled")?;
    let scorer = Scorer::new(instrument)?;
    let mut rows = 0;
    let out = PathBuf::from(format!("scores-{}.parquet", path.display()));
    write_in_parts::<Stop>(&out, &[], &screening_io::sav::Dictionary::default(), |sink| {
        let done = stream_answers::<Stop>(Source::File(path), &spec(instrument), CHUNK_ROWS, &mut |set| {
            let scored = scorer.score_frame(&set.frame, &FrameOptions::default()).map_err(Stop::new)?;
            Ok(sink.push(&score_table(&set.frame, &scored).map_err(Stop::new)?)?)
        })?;
        rows = done.rows;
        Ok(())
    })?;
    Ok(rows)
}

/// Whatever ended a case.
#[derive(Debug)]
struct Stop(String);

impl Stop {
    fn new(cause: impl std::fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stop {}

impl From<screening_io::IoError> for Stop {
    fn from(error: screening_io::IoError) -> Self {
        Self::new(error)
    }
}

fn whole(path: &Path) -> Outcome<usize> {
    let library = Library::bundled()?;
    let instrument = library.get(INSTRUMENT).ok_or("the instrument is not bundled")?;
    Ok(read_answers(path, &spec(instrument))?.frame.height())
}

fn calamine_cells(path: &Path) -> Outcome<usize> {
    let mut workbook: Xlsx<_> = open_workbook(path)?;
    let sheet = workbook.sheet_names().first().cloned().ok_or("no sheet")?;
    let mut reader = workbook.worksheet_cells_reader(&sheet)?;
    let mut last = 0;
    while let Some(cell) = reader.next_cell()? {
        last = cell.get_position().0 as usize;
    }
    Ok(last)
}

fn polars_csv(path: &Path) -> Outcome<usize> {
    let options = CsvReadOptions::default().with_has_header(true);
    Ok(options.try_into_reader_with_file_path(Some(path.to_path_buf()))?.finish()?.height())
}

fn polars_parquet(path: &Path) -> Outcome<usize> {
    Ok(ParquetReader::new(File::open(path)?).finish()?.height())
}

/// Codes of the options of an item, low ones more often.
fn draw(rng: &mut ChaCha8Rng, codes: &[i8]) -> i8 {
    let at = (rng.random::<f64>().powi(2) * codes.len() as f64) as usize;
    codes.get(at).copied().unwrap_or_default()
}

fn codes(instrument: &Instrument) -> Vec<(String, Vec<i8>)> {
    let definition = instrument.definition();
    let items = definition.items.iter().enumerate();
    items
        .map(|(at, item)| (instrument.item_column(at), definition.options_of(item).iter().map(|o| o.code).collect()))
        .collect()
}

/// A workbook, written row by row: one that is built in memory would need more of it than any reader.
fn workbook(path: &Path, instrument: &Instrument, rows: usize) -> Outcome<()> {
    let codes = codes(instrument);
    let beside = SHEET_COLUMNS.saturating_sub(codes.len() + 1);
    let mut rng = ChaCha8Rng::seed_from_u64(20_260_901);
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    let extra = (0..beside).map(|at| format!("extra_{at}"));
    let headings = std::iter::once("student_id".to_owned()).chain(codes.iter().map(|(name, _)| name.clone()));
    for (column, heading) in (0_u16..).zip(headings.chain(extra)) {
        sheet.write(0, column, heading)?;
    }
    for row in 0..u32::try_from(rows)? {
        sheet.write(row + 1, 0, format!("G{row:08}"))?;
        let own = codes.iter().map(|(_, codes)| u32::try_from(draw(&mut rng, codes)).unwrap_or_default());
        let numbers: Vec<u32> = own.chain((0..beside as u32).map(|at| (row + at) % 7)).collect();
        for (column, number) in (1_u16..).zip(numbers) {
            sheet.write(row + 1, column, number)?;
        }
    }
    Ok(workbook.save(path)?)
}

/// The same answers as csv and as parquet, the latter in groups of rows.
fn tables(folder: &Path, instrument: &Instrument, rows: usize) -> Outcome<()> {
    const PART: usize = 100_000;
    let codes = codes(instrument);
    let mut rng = ChaCha8Rng::seed_from_u64(20_260_902);
    let empty = screening_io::sav::Dictionary::default();
    let part = |from: usize, rng: &mut ChaCha8Rng| -> PolarsResult<DataFrame> {
        let count = PART.min(rows - from);
        let ids: Vec<String> = (from..from + count).map(|row| format!("G{row:08}")).collect();
        let mut columns = vec![Column::new("student_id".into(), ids)];
        for (name, codes) in &codes {
            let answers: Vec<i8> = (0..count).map(|_| draw(rng, codes)).collect();
            columns.push(Column::new(name.as_str().into(), answers));
        }
        DataFrame::new(count, columns)
    };
    write_in_parts::<Stop>(&folder.join("answers.parquet"), &[], &empty, |parquet| {
        write_in_parts::<Stop>(&folder.join("answers.csv"), &[], &empty, |csv| {
            for from in (0..rows).step_by(PART) {
                let frame = part(from, &mut rng).map_err(Stop::new)?;
                parquet.push(&frame)?;
                csv.push(&frame)?;
            }
            Ok(())
        })
    })?;
    Ok(())
}
