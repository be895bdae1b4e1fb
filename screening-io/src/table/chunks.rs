//! A file as tables of some rows each: csv, parquet and xlsx without ever holding the whole, other kinds from memory.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::Path;
use std::sync::mpsc::sync_channel;

use polars::io::mmap::MmapBytesReader;
use polars::prelude::DataFrame;

use super::builder::Builder;
use super::decoded::{Decoded, TextFacts, look};
use super::kind::{Kind, kind_of};
use super::spool::Spool;
use super::{Keep, ReadOptions, Table, csv, json, parquet, read_bytes, read_kept, xlsx};
use crate::error::{IoError, Place, Problem};

/// Where a table comes from: it is read more than once.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A file.
    File(&'a Path),
    /// Bytes in memory; the name stands for them in messages.
    Bytes {
        /// Name.
        name: &'a str,
        /// Content.
        bytes: &'a [u8],
    },
}

/// What all readers want of a file.
trait Whole: Read + Seek {}
impl<T: Read + Seek> Whole for T {}

impl<'a> Source<'a> {
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Bytes { name, .. } => (*name).to_owned(),
        }
    }

    fn open(&self) -> io::Result<Box<dyn Whole + 'a>> {
        Ok(match self {
            Self::File(path) => Box::new(BufReader::with_capacity(1 << 16, File::open(path)?)),
            Self::Bytes { bytes, .. } => Box::new(Cursor::new(*bytes)),
        })
    }

    fn map(&self) -> Result<Box<dyn MmapBytesReader + 'a>, IoError> {
        Ok(match self {
            Self::File(path) => Box::new(File::open(path).map_err(|cause| self.unreadable(&cause))?),
            Self::Bytes { bytes, .. } => Box::new(Cursor::new(*bytes)),
        })
    }

    fn unreadable(&self, cause: &io::Error) -> IoError {
        Problem::new("file-unreadable", Place::file(self.name())).with("cause", cause).into()
    }
}

/// Some rows of a file.
pub(crate) struct Chunk {
    pub(crate) table: Table,
    /// The same rows with their types, where the file has types.
    pub(crate) original: Option<Original>,
}

/// Rows of a frame as they are in the file.
pub(crate) struct Original {
    pub(crate) frame: DataFrame,
    /// Row number of the first of them in the source.
    pub(crate) first_row: u32,
}

/// A file of which is known how it is read.
pub(crate) struct Chunks<'a> {
    source: Source<'a>,
    name: String,
    options: &'a ReadOptions,
    how: How,
}

enum How {
    Csv(TextFacts),
    Xlsx,
    /// Rows.
    Parquet(usize),
    /// Every other kind: read in one piece.
    Whole(Vec<u8>),
}

/// How a file is handed over a second time: from what was set aside, or by reading it again.
pub(crate) struct Again(Option<Spool>);

impl<'a> Chunks<'a> {
    /// Looks at a file once. Its size is limited only where it is read in one piece.
    pub(crate) fn open(source: Source<'a>, options: &'a ReadOptions) -> Result<Self, IoError> {
        let name = source.name();
        let unreadable = |cause: io::Error| source.unreadable(&cause);
        let mut first = Vec::new();
        source.open().map_err(unreadable)?.take(16).read_to_end(&mut first).map_err(unreadable)?;
        if first.is_empty() {
            return Err(Problem::new("file-empty", Place::file(&name)).into());
        }
        let again = source.open().map_err(unreadable)?;
        let how = match kind_of(&first, || again) {
            Kind::Xlsx => How::Xlsx,
            Kind::Parquet => {
                let (height, _) = parquet::shape(&name, source.map()?, options)?;
                How::Parquet(height)
            }
            Kind::Text => {
                let open = || -> io::Result<Box<dyn Read + 'a>> { Ok(Box::new(source.open()?)) };
                let facts = look(&name, &open, options.encoding.as_deref())?;
                if json::is_json(&facts.head) {
                    How::Whole(whole(&source, options)?)
                } else {
                    csv::paired(&name, facts.quotes)?;
                    How::Csv(facts)
                }
            }
            Kind::Ods | Kind::Xls | Kind::Sav | Kind::Zip => How::Whole(whole(&source, options)?),
        };
        Ok(Self { source, name, options, how })
    }

    /// Whether the file keeps the types of its columns.
    pub(crate) fn is_typed(&self) -> bool {
        matches!(self.how, How::Parquet(_))
    }

    /// Reads the file and hands it over, so many rows at a time, and gives what is needed to do so again.
    pub(crate) fn first<E: From<IoError>>(
        &self,
        keep: Keep<'_>,
        rows: usize,
        each: &mut dyn FnMut(Chunk) -> Result<(), E>,
    ) -> Result<Again, E> {
        if matches!(self.how, How::Csv(_) | How::Parquet(_)) {
            self.each(keep, rows, each)?;
            return Ok(Again(None));
        }
        // Reading these takes far longer than writing their cells down and reading that.
        let mut spool = Spool::new(&self.name)?;
        self.each::<E>(keep, rows, &mut |chunk| {
            spool.push(&chunk.table)?;
            each(chunk)
        })?;
        Ok(Again(Some(spool)))
    }

    /// Hands over what [`Chunks::first`] did, with the same `keep` and `rows`.
    pub(crate) fn again<E: From<IoError>>(
        &self,
        again: Again,
        keep: Keep<'_>,
        rows: usize,
        each: &mut dyn FnMut(Chunk) -> Result<(), E>,
    ) -> Result<(), E> {
        match again.0 {
            Some(spool) => spool.each(&mut |table| each(Chunk { table, original: None })),
            None => self.each(keep, rows, each),
        }
    }

    /// Reads the file from its beginning and hands it over, so many rows at a time. The next rows are read while those before
    /// are looked at.
    fn each<E: From<IoError>>(
        &self,
        keep: Keep<'_>,
        rows: usize,
        each: &mut dyn FnMut(Chunk) -> Result<(), E>,
    ) -> Result<(), E> {
        if matches!(self.how, How::Whole(_)) {
            return self.read(keep, rows, each);
        }
        let (send, receive) = sync_channel::<Chunk>(1);
        std::thread::scope(|scope| {
            let reading = scope
                .spawn(move || self.read(keep, rows, &mut |chunk| send.send(chunk).map_err(|_| Ended::NobodyListens)));
            // The receiver goes with the loop: a reader that has more to give learns that nobody wants it.
            let done = receive.into_iter().try_for_each(each);
            let read = reading.join().unwrap_or_else(|defect| std::panic::resume_unwind(defect));
            done?;
            match read {
                Err(Ended::Refused(refused)) => Err(refused.into()),
                Ok(()) | Err(Ended::NobodyListens) => Ok(()),
            }
        })
    }

    fn read<E: From<IoError>>(
        &self,
        keep: Keep<'_>,
        rows: usize,
        each: &mut dyn FnMut(Chunk) -> Result<(), E>,
    ) -> Result<(), E> {
        let rows = rows.max(1);
        let mut plain = |table: Table| each(Chunk { table, original: None });
        match &self.how {
            How::Csv(facts) => self.csv(facts, keep, rows, &mut plain),
            How::Xlsx => {
                let open = || self.source.open().map_err(|cause| self.source.unreadable(&cause));
                xlsx::read_chunks(&self.name, open, self.options, keep, rows, &mut plain)
            }
            How::Parquet(height) => self.parquet(*height, keep, rows, each),
            How::Whole(bytes) => plain(read_kept(&self.name, bytes, self.options, keep)?),
        }
    }

    fn csv<E: From<IoError>>(
        &self,
        facts: &TextFacts,
        keep: Keep<'_>,
        rows: usize,
        each: &mut dyn FnMut(Table) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = self.source.open().map_err(|cause| self.source.unreadable(&cause))?;
        let text = Decoded::new(file, facts.encoding);
        let separator = csv::delimiter(csv::first_line(&facts.head).unwrap_or_default());
        let mut builder = Builder::new(&self.name, None, self.options.limits, keep);
        csv::records(text, csv::Form { separator, quotes: facts.quotes }, &mut builder, rows, each)?;
        builder.end()?;
        if builder.height() > 0 { each(builder.take()) } else { Ok(()) }
    }

    fn parquet<E: From<IoError>>(
        &self,
        height: usize,
        keep: Keep<'_>,
        rows: usize,
        each: &mut dyn FnMut(Chunk) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut builder = Builder::new(&self.name, None, self.options.limits, keep);
        let mut before = 0;
        loop {
            let count = rows.min(height.saturating_sub(before));
            let frame = parquet::slice(&self.name, self.source.map()?, Some((before, count)))?;
            if before == 0 {
                parquet::head(&mut builder, &frame)?;
            }
            parquet::add_rows(&mut builder, &frame, before)?;
            if builder.height() > 0 {
                let first_row = u32::try_from(before + 2).unwrap_or(u32::MAX);
                each(Chunk { table: builder.take(), original: Some(Original { frame, first_row }) })?;
            }
            before += count;
            if before >= height {
                return Ok(builder.end()?);
            }
        }
    }
}

/// Why a reader stopped before the end of its file.
enum Ended {
    Refused(IoError),
    /// Whoever takes the rows has had enough.
    NobodyListens,
}

impl From<IoError> for Ended {
    fn from(refused: IoError) -> Self {
        Self::Refused(refused)
    }
}

fn whole(source: &Source<'_>, options: &ReadOptions) -> Result<Vec<u8>, IoError> {
    match source {
        Source::File(path) => read_bytes(path, &options.limits),
        Source::Bytes { bytes, .. } => Ok(bytes.to_vec()),
    }
}
