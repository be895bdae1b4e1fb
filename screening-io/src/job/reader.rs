//! The answer files of a job.

use std::path::{Path, PathBuf};

use screening_core::instrument::Definition;
use screening_core::instrument::wording::WordingPacks;
use screening_core::screening::ScreeningError;

use super::{AnswerFile, AnswerFormat, JobError};
use crate::error::{Place, Problem};
use crate::{
    AnswerSet, ColumnNames, InstrumentPart, IoError, MappedSpec, Mapping, SurveySpec, TablePart, TableSpec,
    read_answers, read_answers_bytes, read_mapped, read_mapped_bytes, read_survey_bytes, read_survey_files,
};

/// Reads one entry of `[[answers]]`.
pub(super) struct Reader<'a> {
    pub(super) base: &'a Path,
    pub(super) answers: &'a AnswerFile,
    pub(super) definitions: Vec<&'a Definition>,
    pub(super) wording: &'a WordingPacks,
    /// The file and its mapping, where somebody holds them in memory.
    pub(super) held: Option<Held<'a>>,
}

/// A file with answers in memory, and its mapping.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// What stands for the file in messages.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
    /// The mapping, in place of the file that [`AnswerFile::mapping`] names.
    pub mapping: Option<&'a Mapping>,
}

impl Reader<'_> {
    pub(super) fn read(&self, for_matching: bool) -> Result<AnswerSet, JobError> {
        let answers = self.answers;
        let paths: Vec<PathBuf> = answers.file.paths().iter().map(|path| self.base.join(path)).collect();
        let stated = answers.codings.keys().chain(answers.first_questions.keys());
        if let Some(id) = stated.into_iter().find(|id| !self.definitions.iter().any(|d| d.id == **id)) {
            let (battery, instrument) = (answers.battery.clone(), id.clone());
            return Err(ScreeningError::UnknownInstrument { battery, instrument }.into());
        }
        let coding = |id: &str| answers.codings.get(id).copied().or(answers.coding);
        let accept_strays = answers.accept_strays;
        if answers.format == Some(AnswerFormat::Survey) {
            let part = |d| InstrumentPart { accept_strays, ..InstrumentPart::new(d) };
            let instruments = self.definitions.iter().map(|d| InstrumentPart {
                coding: coding(&d.id),
                first_question: answers.first_questions.get(&d.id).copied(),
                ..part(*d)
            });
            let spec = SurveySpec {
                instruments: instruments.collect(),
                student_id: answers.student_id.clone(),
                wording: Some(self.wording),
                layout: answers.layout.clone(),
                for_matching,
                ..SurveySpec::default()
            };
            return Ok(match self.held {
                Some(held) => read_survey_bytes(held.name, held.bytes, &spec)?,
                None => read_survey_files(&paths, &spec)?,
            });
        }
        let [path] = paths.as_slice() else {
            let place = Place::file(answers.file.first().display().to_string());
            return Err(IoError::from(Problem::new("several-files", place)).into());
        };
        let held = self.held.and_then(|held| held.mapping).cloned();
        let mapping = match (&answers.mapping, held) {
            (_, Some(held)) => Some(held),
            (Some(mapping), None) => Some(Mapping::read(&self.base.join(mapping))?),
            (None, None) => None,
        };
        if let Some(mut mapping) = mapping {
            for (id, part) in &mut mapping.instruments {
                part.coding = coding(id).or(part.coding);
                part.accept_strays |= accept_strays;
            }
            let definitions = self.definitions.clone();
            let spec =
                MappedSpec { wording: Some(self.wording), for_matching, ..MappedSpec::new(&mapping, definitions) };
            return Ok(match self.held {
                Some(held) => read_mapped_bytes(held.name, held.bytes, &spec)?,
                None => read_mapped(path, &spec)?,
            });
        }
        let part = |d| TablePart { accept_strays, ..TablePart::new(d, ColumnNames::Canonical) };
        let parts = self.definitions.iter().map(|d| TablePart { coding: coding(&d.id), ..part(*d) }).collect();
        let spec = TableSpec {
            parts,
            student_id: answers.student_id.clone(),
            needs_student_id: !for_matching,
            for_matching,
            wording: Some(self.wording),
            ..TableSpec::default()
        };
        Ok(match self.held {
            Some(held) => read_answers_bytes(held.name, held.bytes, &spec)?,
            None => read_answers(path, &spec)?,
        })
    }
}
