//! A table that is written in parts.

use std::io::Write;
use std::path::Path;

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;

use super::stage::{Failure, Stage, problem};
use super::{frames, workbook};
use crate::error::{IoError, Place, Problem};
use crate::sav::{Dictionary, write_sav};

/// Rows of a group of a parquet file: the same, however the rows come in.
const GROUP: usize = 1 << 18;
/// Most rows of a file of SPSS, whose head says how long its texts are before the first row: it is held as a whole.
const MOST_SAV_ROWS: usize = 1_000_000;

/// Takes the parts of a table.
pub struct TableSink<'w> {
    path: &'w Path,
    rows: usize,
    /// Whether a part has been written, be it without rows.
    begun: bool,
    format: Format<'w>,
}

/// Where parts go.
type Writer<'w> = &'w mut (dyn Write + Send);

enum Format<'w> {
    Csv {
        writer: Writer<'w>,
        mark: bool,
    },
    Ndjson(Writer<'w>),
    Parquet {
        state: Box<Parquet<'w>>,
        facts: Vec<(String, String)>,
    },
    /// Written when all is there.
    Whole {
        kind: Kind,
        frame: Option<DataFrame>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Xlsx,
    Sav,
}

/// A parquet file in the making: the writer is made when the columns are known.
#[allow(clippy::large_enum_variant, reason = "there is one of it, in a box")]
enum Parquet<'w> {
    New(Writer<'w>),
    Open {
        writer: BatchedWriter<Writer<'w>>,
        pending: DataFrame,
    },
    /// Between two states, or after a failure.
    Broken,
}

impl<'w> TableSink<'w> {
    fn new(path: &'w Path, extension: &str, writer: Writer<'w>, facts: &[(String, String)]) -> Self {
        let format = match extension {
            "csv" => Format::Csv { writer, mark: true },
            "-" => Format::Csv { writer, mark: false },
            "ndjson" => Format::Ndjson(writer),
            "xlsx" => Format::Whole { kind: Kind::Xlsx, frame: None },
            "sav" => Format::Whole { kind: Kind::Sav, frame: None },
            _ => Format::Parquet { state: Box::new(Parquet::New(writer)), facts: facts.to_vec() },
        };
        Self { path, rows: 0, begun: false, format }
    }

    /// Writes some rows behind those that are there. All parts have the same columns.
    ///
    /// # Errors
    /// When the file cannot be written, or becomes too large for its format.
    pub fn push(&mut self, part: &DataFrame) -> Result<(), IoError> {
        let first = !std::mem::replace(&mut self.begun, true);
        self.rows += part.height();
        match &mut self.format {
            Format::Csv { writer, mark } => {
                let done = frames::write_csv_part(writer, part, first && *mark, first);
                done.map_err(|cause| problem("output-unwritable", self.path, &*cause))
            }
            Format::Ndjson(writer) => {
                frames::write_ndjson(writer, part).map_err(|cause| problem("output-unwritable", self.path, &*cause))
            }
            Format::Parquet { state, facts } => {
                state.push(part, facts).map_err(|cause| problem("output-unwritable", self.path, &*cause))
            }
            Format::Whole { kind, frame } => {
                check(*kind, self.path, self.rows, part.width())?;
                let broken = |cause: PolarsError| problem("output-unwritable", self.path, &cause);
                match frame {
                    Some(frame) => frame.vstack_mut(part).map(|_| ()).map_err(broken),
                    None => {
                        *frame = Some(part.clone());
                        Ok(())
                    }
                }
            }
        }
    }
}

impl TableSink<'_> {
    /// Ends the file, or gives the frame that is written as a whole.
    fn finish(self) -> Result<Option<(Kind, DataFrame)>, Failure> {
        match self.format {
            Format::Csv { .. } | Format::Ndjson(_) => Ok(None),
            Format::Parquet { state, .. } => state.finish().map(|()| None),
            Format::Whole { kind, frame } => Ok(Some((kind, frame.unwrap_or_default()))),
        }
    }
}

fn check(kind: Kind, path: &Path, rows: usize, columns: usize) -> Result<(), IoError> {
    match kind {
        Kind::Xlsx => workbook::check(path, rows, columns),
        Kind::Sav if rows > MOST_SAV_ROWS => {
            let problem = Problem::new("output-sav-size", Place::file(path.display().to_string()));
            Err(problem.with("rows", rows).with("most", MOST_SAV_ROWS).into())
        }
        Kind::Sav => Ok(()),
    }
}

impl Parquet<'_> {
    fn push(&mut self, part: &DataFrame, facts: &[(String, String)]) -> Result<(), Failure> {
        *self = match std::mem::replace(self, Self::Broken) {
            Self::New(writer) => {
                let facts = Some(KeyValueMetadata::from_static(facts.to_vec()));
                let writer = ParquetWriter::new(writer).with_key_value_metadata(facts).batched(part.schema())?;
                Self::Open { writer, pending: part.clone() }
            }
            Self::Open { writer, mut pending } => {
                pending.vstack_mut(part)?;
                Self::Open { writer, pending }
            }
            Self::Broken => return Err("parquet".into()),
        };
        let Self::Open { writer, pending } = self else { return Ok(()) };
        while pending.height() >= GROUP {
            group(writer, pending.slice(0, GROUP))?;
            *pending = pending.slice(GROUP as i64, pending.height() - GROUP);
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Open { mut writer, pending } => {
                if pending.height() > 0 {
                    group(&mut writer, pending)?;
                }
                writer.finish()?;
                Ok(())
            }
            // A table without a single part has no columns either.
            Self::New(_) | Self::Broken => Err("parquet".into()),
        }
    }
}

/// One group of rows, in one piece: the writer makes a group of each piece.
fn group(writer: &mut BatchedWriter<Writer<'_>>, mut rows: DataFrame) -> Result<(), Failure> {
    rows.rechunk_mut();
    writer.write_batch(&rows)?;
    Ok(())
}

/// Writes a table by the extension of its path as [`write_labelled`](super::write_labelled) does, from the parts that `fill`
/// pushes. Csv, ndjson and parquet are written as they come; a workbook (at most 200,000 rows) and a file of SPSS (at most
/// 1,000,000) are held in memory until they are whole. The file takes its place when `fill` has ended well; the bytes do not
/// depend on how the rows are cut.
///
/// # Errors
/// When the extension is not known or the file cannot be written, and whatever `fill` gives.
///
/// ```
/// use polars::prelude::*;
/// use screening_io::IoError;
/// use screening_io::output::write_in_parts;
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("scores.csv");
/// write_in_parts::<IoError>(&path, &[], &Default::default(), |sink| {
///     sink.push(&df!["a" => [1]].unwrap())?;
///     sink.push(&df!["a" => [2]].unwrap())
/// })?;
/// assert_eq!(std::fs::read_to_string(path)?, "\u{feff}a\n1\n2\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_in_parts<E: From<IoError>>(
    path: &Path,
    facts: &[(String, String)],
    dictionary: &Dictionary,
    fill: impl FnOnce(&mut TableSink<'_>) -> Result<(), E>,
) -> Result<(), E> {
    if path.as_os_str() == "-" {
        let mut out = std::io::stdout();
        fill(&mut TableSink::new(path, "-", &mut out, facts))?;
        return out.flush().map_err(|cause| problem("output-unwritable", path, &cause).into());
    }
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let (folder, name) = (path.parent().filter(|p| !p.as_os_str().is_empty()), path.file_name());
    let known = matches!(extension.as_str(), "csv" | "parquet" | "xlsx" | "sav" | "ndjson");
    let (true, Some(name)) = (known, name) else {
        let place = Place::file(path.display().to_string());
        return Err(IoError::from(Problem::new("output-extension", place).with("extension", extension)).into());
    };
    let mut stage = Stage::open(folder.unwrap_or(Path::new(".")))?;
    // What `fill` gives is no trouble with the file, and is told as it is.
    let mut stopped = None;
    let written = stage.write(name.to_string_lossy().into_owned(), |writer| {
        let left = {
            let mut sink = TableSink::new(path, &extension, writer, facts);
            if let Err(cause) = fill(&mut sink) {
                stopped = Some(cause);
                return Err("stopped".into());
            }
            sink.finish()?
        };
        match left {
            Some((Kind::Xlsx, frame)) => workbook::write_workbook(writer, &frame, facts),
            Some((Kind::Sav, frame)) => write_sav(writer, &frame, dictionary),
            None => Ok(()),
        }
    });
    match stopped {
        Some(cause) => Err(cause),
        None => {
            written?;
            stage.publish()?;
            Ok(())
        }
    }
}
