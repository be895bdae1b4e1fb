//! The roster file.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::error::ExampleError;
use super::people::{Fate, Pupil};
use super::survey::csv_writer;

const HEADER: [&str; 11] = [
    "student_id",
    "school",
    "grade",
    "class",
    "sex",
    "birth_date",
    "name",
    "consent",
    "attendance",
    "scope",
    "scope_reason",
];

/// Writes `roster.csv`, one row a pupil.
pub(super) struct Roster {
    writer: csv::Writer<BufWriter<File>>,
    path: PathBuf,
}

impl Roster {
    pub(super) fn create(path: &Path) -> Result<Self, ExampleError> {
        let mut writer = csv_writer(path)?;
        writer.write_record(HEADER).map_err(ExampleError::csv(path))?;
        Ok(Self { writer, path: path.to_owned() })
    }

    /// Appends a class.
    pub(super) fn push(&mut self, school: &str, grade: u8, class: &str, pupils: &[Pupil]) -> Result<(), ExampleError> {
        for pupil in pupils {
            let consent = match pupil.fate {
                Fate::Refused => "refused",
                Fate::Withdrawn => "withdrawn",
                _ => "granted",
            };
            let row = [
                pupil.student_id.as_str(),
                school,
                &grade.to_string(),
                class,
                if pupil.girl { "female" } else { "male" },
                &pupil.birth_date.to_string(),
                &pupil.name,
                consent,
                if pupil.fate == Fate::Absent { "absent" } else { "present" },
                if pupil.fate == Fate::OutOfScope { "out" } else { "in" },
                &pupil.scope_reason,
            ];
            self.writer.write_record(row).map_err(ExampleError::csv(&self.path))?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), ExampleError> {
        self.writer.flush().map_err(ExampleError::write(&self.path))
    }
}
