//! Tables of answers in parts, so that memory does not grow with the file.
//!
//! [`stream_answers`] goes through a file twice. The first time it finds out what the columns are and how the answers are coded, from
//! all rows; nothing is handed over before that is certain. The second time it hands over the answers, some rows at a
//! time. Csv and parquet are read twice; the cells of a workbook are set aside in a temporary file instead. What is read, and every message, is the same as with [`read_answers`](crate::read_answers).

use crate::answers::{AnswerSet, rows_rejected};
use crate::coding::{CodingReport, Evidence, Tally};
use crate::error::{IoError, Place, Problem, Rejected};
use crate::survey::readers;
use crate::table::{Again, Chunk, Chunks, Keep, Source, Table};
use crate::tabular::{Plan, TableSpec, is_read, may_be_kept, only_numbers, settle_by};

/// Rows of a part that are a good measure for most machines: some ten megabytes of a wide table.
pub const CHUNK_ROWS: usize = 32_768;

/// What was handed over in all.
#[derive(Debug, Clone, PartialEq)]
pub struct Streamed {
    /// Rows of the file that were not blank.
    pub rows_in: usize,
    /// Rows handed over.
    pub rows: usize,
    /// Rows that were rejected as a whole: `rows_in` = `rows` + these.
    pub rows_rejected: usize,
    /// Cells that were listed.
    pub cells_rejected: usize,
    /// How the answers of each instrument were read.
    pub codings: Vec<CodingReport>,
    /// Headings of columns that were left aside.
    pub ignored: Vec<String>,
}

/// Reads a table of answers and hands it over in parts of at most `rows` rows, in the order of the file.
///
/// Csv, parquet and xlsx are read piece by piece (of a workbook the shared texts are held in memory, and of a parquet file
/// one group of rows); other kinds are read whole and are one part. `rejected` of each part is in the order of the rows, and
/// the columns and types of all parts are the same.
///
/// # Errors
/// As [`read_answers`](crate::read_answers), before the first part is handed over; and whatever `each` gives, which ends the
/// reading.
///
/// ```
/// use screening_core::instrument::Library;
/// use screening_io::{ColumnNames, IoError, Source, TablePart, TableSpec, stream_answers};
/// let library = Library::bundled().unwrap();
/// let phq = library.get("phq-2").unwrap().definition();
/// let spec = TableSpec { parts: vec![TablePart::new(phq, ColumnNames::Canonical)], ..TableSpec::default() };
/// let csv = b"phq-2.1,phq-2.2\n0,1\n2,3\n1,1\n";
/// let mut parts = Vec::new();
/// let done = stream_answers::<IoError>(Source::Bytes { name: "a.csv", bytes: csv }, &spec, 2, &mut |set| {
///     parts.push(set.frame.height());
///     Ok(())
/// })?;
/// assert_eq!((parts, done.rows_in), (vec![2, 1], 3));
/// # Ok::<(), IoError>(())
/// ```
pub fn stream_answers<E: From<IoError>>(
    source: Source<'_>,
    spec: &TableSpec<'_>,
    rows: usize,
    each: &mut dyn FnMut(AnswerSet) -> Result<(), E>,
) -> Result<Streamed, E> {
    let chunks = Chunks::open(source, &spec.read)?;
    // Where a file has types, columns that cells cannot hold pass through, so only those that are read become cells.
    let typed = chunks.is_typed();
    let kept = |heading: &str| if typed { is_read(heading, spec) } else { may_be_kept(heading, spec) };
    let keep = Keep::columns(&kept);
    let (first, again) = First::pass(&chunks, spec, keep, rows)?;
    let mut done = Streamed {
        rows_in: 0,
        rows: 0,
        rows_rejected: 0,
        cells_rejected: 0,
        codings: first.codings.clone(),
        ignored: Vec::new(),
    };
    chunks.again::<E>(again, keep, rows, &mut |chunk| {
        let Chunk { table, original } = &chunk;
        let mut set = first.plan.build(table, original.as_ref(), spec, &first.codings, &first.numeric)?;
        set.rejected.sort_by_key(position);
        let lost = rows_rejected(&set.rejected);
        done.rows_in += set.rows_in;
        done.rows += set.frame.height();
        done.rows_rejected += lost;
        done.cells_rejected += set.rejected.len() - lost;
        done.ignored.clone_from(&set.ignored);
        each(set)
    })?;
    if done.rows_in != first.rows {
        let place = Place { file: first.place.file, ..Place::default() };
        return Err(IoError::from(Problem::new("file-changed", place)).into());
    }
    Ok(done)
}

/// Row and column, so that messages come in the order of the file however it is cut.
fn position(rejected: &Rejected) -> (Option<u32>, Option<u32>) {
    (rejected.problem.place.row, rejected.problem.place.column)
}

/// What the first pass tells.
struct First<'a> {
    plan: Plan<'a>,
    codings: Vec<CodingReport>,
    /// Columns all of whose cells are numbers.
    numeric: Vec<bool>,
    rows: usize,
    place: Place,
}

impl<'a> First<'a> {
    fn pass(chunks: &Chunks<'_>, spec: &TableSpec<'a>, keep: Keep<'_>, rows: usize) -> Result<(Self, Again), IoError> {
        let mut counting: Option<Result<Counting<'a>, IoError>> = None;
        let again = chunks.first::<IoError>(keep, rows, &mut |chunk| {
            // A table that does not fit is told when the file is known to be a sound table.
            if let Ok(counting) = counting.get_or_insert_with(|| Counting::begin(&chunk.table, spec)) {
                counting.add(chunk.table, spec);
            }
            Ok(())
        })?;
        // Without rows the reader has refused the file.
        let counting = counting.ok_or_else(|| Problem::new("file-no-rows", Place::default()))??;
        Ok((counting.end(spec)?, again))
    }
}

struct Counting<'a> {
    plan: Plan<'a>,
    tallies: Vec<Tally>,
    numeric: Vec<bool>,
    rows: usize,
    /// The last part, which lends its headings.
    last: Option<Table>,
}

impl<'a> Counting<'a> {
    fn begin(table: &Table, spec: &TableSpec<'a>) -> Result<Self, IoError> {
        let plan = Plan::of(table, spec)?;
        let tallies = plan.columns_of.iter().map(|_| Tally::default()).collect();
        Ok(Self { plan, tallies, numeric: vec![true; table.width()], rows: 0, last: None })
    }

    fn add(&mut self, table: Table, spec: &TableSpec<'_>) {
        let parts = spec.parts.iter().zip(&self.plan.columns_of);
        for ((part, columns), tally) in parts.zip(&mut self.tallies) {
            tally.add(&table, &readers(part.definition, spec.wording), columns);
        }
        let keep = self.plan.keep(&table, spec, &mut Vec::new());
        only_numbers(&table, &keep, &mut self.numeric);
        self.rows += table.height();
        self.last = Some(table);
    }

    fn end(self, spec: &TableSpec<'_>) -> Result<First<'a>, IoError> {
        let table = self.last.ok_or_else(|| Problem::new("file-no-rows", Place::default()))?;
        let parts = spec.parts.iter().zip(&self.plan.columns_of).zip(&self.tallies);
        let evidence = parts.map(|((part, columns), tally)| {
            Evidence::of(tally, &table, &readers(part.definition, spec.wording), columns)
        });
        let place = table.place();
        let codings = settle_by(&place, &self.plan.coded, evidence)?;
        Ok(First { plan: self.plan, codings, numeric: self.numeric, rows: self.rows, place })
    }
}
