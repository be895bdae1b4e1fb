//! What is known of the pupils beside their sheets, and what was decided about some of them.
//!
//! Drawn from streams of its own: the answers are the same with and without it. Pupils with more of the first trait are
//! nominated more often, and pupils without a sheet are among them.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::Date;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::config::{RecordKind, Records as Rates};
use super::district::District;
use super::error::ExampleError;
use super::people::{Fate, Pupil};
use super::survey::csv_writer;

/// Added to the number of a school for its stream.
const STREAMS: u64 = 2 << 32;

/// One csv file.
struct Table {
    writer: csv::Writer<BufWriter<File>>,
    path: PathBuf,
    rows: u64,
}

impl Table {
    fn create(path: PathBuf, heading: &[&str]) -> Result<Self, ExampleError> {
        let mut writer = csv_writer(&path)?;
        writer.write_record(heading).map_err(ExampleError::csv(&path))?;
        Ok(Self { writer, path, rows: 0 })
    }

    fn push(&mut self, row: [&str; 5]) -> Result<(), ExampleError> {
        self.rows += 1;
        self.writer.write_record(row).map_err(ExampleError::csv(&self.path))
    }

    fn finish(mut self) -> Result<u64, ExampleError> {
        self.writer.flush().map_err(ExampleError::write(&self.path))?;
        Ok(self.rows)
    }
}

/// Writes `evidence/files.csv`, `evidence/nominations.csv` and `decisions.csv`.
pub(super) struct RecordWriter<'a> {
    rates: &'a Rates,
    first_day: Date,
    seed: u64,
    files: Table,
    nominations: Table,
    decisions: Table,
    rng: ChaCha8Rng,
}

/// How many rows were written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub(super) records: u64,
    pub(super) decisions: u64,
}

impl<'a> RecordWriter<'a> {
    pub(super) fn create(district: &'a District<'a>) -> Result<Self, ExampleError> {
        let out: &Path = &district.params.out;
        let folder = out.join("evidence");
        std::fs::create_dir_all(&folder).map_err(ExampleError::write(&folder))?;
        let record = ["student_id", "kind", "source", "value", "date"];
        let seed = district.params.seed;
        Ok(Self {
            rates: &district.config.records,
            first_day: district.first_day,
            seed,
            files: Table::create(folder.join("files.csv"), &record)?,
            nominations: Table::create(folder.join("nominations.csv"), &record)?,
            decisions: Table::create(
                out.join("decisions.csv"),
                &["student_id", "decided_by", "decided_on", "tier", "reason"],
            )?,
            rng: ChaCha8Rng::seed_from_u64(seed),
        })
    }

    /// The classes of a school follow.
    pub(super) fn enter(&mut self, school: u32) {
        self.rng = ChaCha8Rng::seed_from_u64(self.seed);
        self.rng.set_stream(STREAMS + u64::from(school));
    }

    /// The records about the pupils of a class; `traits` are those of the pupils with a sheet.
    pub(super) fn class(&mut self, pupils: &[Pupil], traits: &[Option<Vec<f64>>]) -> Result<(), ExampleError> {
        for (pupil, traits) in pupils.iter().zip(traits) {
            if matches!(pupil.fate, Fate::OutOfScope | Fate::Refused | Fate::Withdrawn) {
                continue;
            }
            let trait_of = traits.as_ref().and_then(|traits| traits.first()).copied().unwrap_or(0.0);
            let mut telling = false;
            for at in 0..self.rates.kinds.len() {
                let Some(kind) = self.rates.kinds.get(at) else { continue };
                let share = (kind.share * (kind.slope * trait_of).exp()).min(0.9);
                if self.rng.random_bool(share) {
                    telling |= self.record(pupil, kind)?;
                }
            }
            if telling && self.rng.random_bool(self.rates.decided) {
                self.decide(pupil)?;
            }
        }
        Ok(())
    }

    /// Writes one record; tells whether somebody has to decide about it.
    fn record(&mut self, pupil: &Pupil, kind: &RecordKind) -> Result<bool, ExampleError> {
        let value = pick(&kind.values, &mut self.rng);
        let days = self.rng.random_range(1..=kind.days.max(1));
        let day = self.first_day.saturating_sub(i64::from(days).days()).to_string();
        let row = [pupil.student_id.as_str(), &kind.kind, &kind.source, value, &day];
        if kind.source.is_empty() {
            self.files.push(row)?
        } else {
            self.nominations.push(row)?
        }
        Ok(kind.decide.iter().any(|own| own == value))
    }

    fn decide(&mut self, pupil: &Pupil) -> Result<(), ExampleError> {
        let rates = self.rates;
        let (by, tier) = (pick(&rates.decided_by, &mut self.rng), pick(&rates.tiers, &mut self.rng));
        let reason = pick(&rates.reasons, &mut self.rng);
        let later = self.rng.random_range(2..=14_i64);
        let day = self.first_day.saturating_add(later.days()).to_string();
        self.decisions.push([&pupil.student_id, by, &day, tier, reason])
    }

    pub(super) fn finish(self) -> Result<Written, ExampleError> {
        let records = self.files.finish()? + self.nominations.finish()?;
        Ok(Written { records, decisions: self.decisions.finish()? })
    }
}

/// One of several words, each as often as it stands in the list.
fn pick<'w>(words: &'w [String], rng: &mut ChaCha8Rng) -> &'w str {
    let at = rng.random_range(0..words.len().max(1));
    words.get(at).map_or("", String::as_str)
}
