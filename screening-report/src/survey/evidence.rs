//! The pack for the yearly audit: what was screened, by what, of whom, on which basis, what was decided by people, how long it is
//! kept, and every file with its hash.

use std::fs;
use std::path::{Path, PathBuf};

use screening_core::coverage::Status;
use screening_core::instrument::Text;

use super::{Scope, Survey};
use crate::error::{ReportError, refuse};
use crate::model::{Block, Cell, Report};
use crate::released::Of;
use crate::source::{numbers, texts};
use crate::writer::Writer;

/// One wave of the year: its counts, and the folder with its files.
pub struct EvidenceWave<'a> {
    /// The counts.
    pub survey: &'a Survey<'a>,
    /// The folder that `screening run --out` wrote.
    pub folder: &'a Path,
}

/// The evidence pack of the waves of a year, in the order given. The settings are those of the first wave. `except` is a file that
/// is being written into one of the folders, with whatever ending, and is therefore not listed.
///
/// # Errors
/// When no wave is given, a file cannot be read, or a column of the results is missing.
pub fn evidence(waves: &[EvidenceWave<'_>], except: Option<&Path>) -> Result<Report, ReportError> {
    let Some(first) = waves.first() else { return Err(refuse("no-wave", &[])) };
    let settings = first.survey.settings;
    let mut writer = Writer::new(settings.language, first.survey.results.rule().threshold);
    let w = &mut writer;
    w.chapter("chapter.purpose");
    w.paragraph("evidence.intro", &[]);
    statement(w, "evidence.documents", &settings.basis, "form.basis");
    statement(w, "evidence.legal-basis", &settings.legal_basis, "form.legal-basis");
    statement(w, "evidence.consent", &settings.consent, "form.consent");
    for wave in waves {
        let heading = w.say("evidence.wave", &[("wave", wave.survey.results.wave())]);
        w.section(heading, 1, true);
        wave.survey.whom(w)?;
        wave.survey.coverage(w);
        wave.survey.processed(w);
        w.part("part.provenance");
        wave.survey.provenance(w);
    }
    w.chapter("chapter.retention");
    statement(w, "evidence.retention", &settings.retention, "form.retention");
    w.paragraph("evidence.deletions", &[]);
    w.form(&[
        ("form.deletions", String::new(), 3),
        ("form.requests", String::new(), 3),
        ("form.disclosures", String::new(), 3),
    ]);
    w.chapter("chapter.files");
    w.paragraph("evidence.files", &[]);
    for wave in waves {
        let rows = files(wave.folder, except)?;
        let name = wave.survey.results.wave().to_owned();
        let row = |(name, size, hash): (String, u64, String)| vec![Cell::Text(name), w.count(size), Cell::Text(hash)];
        let rows = rows.into_iter().map(row).collect();
        w.table("files", &[("wave", &name)], &[("file", 26.0), ("bytes", 10.0), ("sha256", 54.0)], rows, Vec::new());
    }
    w.form(&[("form.evidence-signature", String::new(), 1)]);
    let organisation = settings.organisation.as_ref().map(|text| w.pick(text).to_owned());
    let blank = || w.say("title.to-fill-in", &[]);
    let (organisation, day) =
        (organisation.unwrap_or_else(blank), settings.date.map_or_else(blank, |date| date.to_string()));
    let signed = w.say("title.signed", &[("organisation", &organisation), ("date", &day)]);
    let title = w.say("title.evidence", &[]);
    Ok(writer.finish(title, vec![signed], "notice.evidence", false))
}

/// What a unit says of itself; room to write where it said nothing.
fn statement(w: &mut Writer, key: &str, texts: &[Text], form: &str) {
    if texts.is_empty() {
        let field = [(form, String::new(), 2)];
        w.form(&field);
        return;
    }
    w.paragraph(key, &[]);
    let items = texts.iter().map(|text| w.pick(text).to_owned()).collect();
    w.block(Block::List(items));
}

impl Survey<'_> {
    /// Persons by the ages that the law tells apart.
    fn whom(&self, w: &mut Writer) -> Result<(), ReportError> {
        w.part("part.persons");
        let pupils = &self.results.pupils;
        let ages = numbers(&self.results.frame, "age")?.unwrap_or_else(|| vec![f64::NAN; pupils.ids.len()]);
        let days = texts(&self.results.frame, "administered_on")?;
        let sheet = |row: usize| days.get(row).is_some_and(|day| day.as_deref().is_some_and(|day| !day.is_empty()));
        let mut counts = [(0_u64, 0_u64); 4];
        for row in 0..pupils.ids.len() {
            let place = match ages.get(row).copied().unwrap_or(f64::NAN) {
                age if age < 14.0 => 0,
                age if age < 18.0 => 1,
                age if age.is_finite() => 2,
                _ => 3,
            };
            if let Some(own) = counts.get_mut(place) {
                own.0 += 1;
                own.1 += u64::from(sheet(row));
            }
        }
        let names = ["evidence.below-14", "evidence.from-14", "evidence.from-18", "evidence.age-unknown"];
        let rows = names
            .into_iter()
            .zip(counts)
            .map(|(key, (all, sheets))| vec![Cell::Text(w.say(key, &[])), w.count(all), w.count(sheets)]);
        let rows = rows.collect();
        let notes = vec![w.say("note.ages", &[])];
        w.table("persons", &[], &[("group", 30.0), ("enrolled", 14.0), ("with-sheet", 18.0)], rows, notes);
        Ok(())
    }

    /// Who was reached; the reasons of the others passed the suppression step.
    fn coverage(&self, w: &mut Writer) {
        let pupils = &self.results.pupils;
        let valid = Status::Valid.position() as u8;
        let enrolled = pupils.ids.len() as u64;
        let usable = pupils.status.iter().filter(|own| **own == valid).fold(0_u64, |sum, _| sum + 1);
        let mut rows = vec![
            vec![Cell::Text(w.say("status.enrolled", &[])), w.count(enrolled)],
            vec![w.text(&Status::Valid.name()), w.count(usable)],
        ];
        let scope = Scope { school: None };
        for (at, status) in Status::ALL.into_iter().filter(|status| *status != Status::Valid).enumerate() {
            rows.push(vec![w.text(&status.name()), w.shown(self.reasons.get(scope.all(), Of::Value(at)))]);
        }
        w.table("coverage", &[], &[("status", 30.0), ("pupils", 14.0)], rows, Vec::new());
    }

    /// What came in, and what people decided.
    fn processed(&self, w: &mut Writer) {
        w.part("part.processing");
        let summary = &self.results.summary;
        let rows = summary.rows;
        let (first, last) = self.days;
        let mut lines = vec![
            (
                w.say("evidence.days", &[]),
                Cell::Text(if first == last { first.to_string() } else { format!("{first} ~ {last}") }),
            ),
            (w.say("evidence.sheets-read", &[]), w.count(rows.read)),
            (w.say("evidence.sheets-used", &[]), w.count(rows.used)),
            (w.say("evidence.sheets-replaced", &[]), w.count(rows.superseded)),
            (w.say("evidence.sheets-rejected", &[]), w.count(rows.rejected)),
        ];
        if let Some(own) = summary.evidence {
            lines.push((w.say("evidence.records-read", &[]), w.count(own.read)));
            lines.push((w.say("evidence.records-used", &[]), w.count(own.used)));
        }
        match summary.agreement {
            Some(own) => {
                lines.push((w.say("evidence.decided", &[]), w.count(own.decided)));
                lines.push((w.say("evidence.open", &[]), w.count(own.open)));
            }
            None => lines.push((w.say("evidence.decided", &[]), Cell::Text(w.say("evidence.no-decisions", &[])))),
        }
        let lines = lines.into_iter().map(|(name, cell)| vec![Cell::Text(name), cell]).collect();
        let notes = vec![w.say("note.decisions", &[])];
        w.table("processing", &[], &[("what", 40.0), ("count", 20.0)], lines, notes);
    }
}

/// All files of a folder and its folders, by name: size and SHA-256. Links are not followed.
fn files(folder: &Path, except: Option<&Path>) -> Result<Vec<(String, u64, String)>, ReportError> {
    let unreadable = |path: &Path, cause: &std::io::Error| {
        refuse("unreadable", &[("file", &path.display().to_string()), ("cause", &cause.to_string())])
    };
    let plain = |path: &Path| std::path::absolute(path).ok().map(|path| path.with_extension(""));
    let except = except.and_then(plain);
    let (mut open, mut found): (Vec<PathBuf>, Vec<PathBuf>) = (vec![folder.to_owned()], Vec::new());
    while let Some(own) = open.pop() {
        for entry in fs::read_dir(&own).map_err(|cause| unreadable(&own, &cause))? {
            let entry = entry.map_err(|cause| unreadable(&own, &cause))?;
            let kind = entry.file_type().map_err(|cause| unreadable(&own, &cause))?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() && (except.is_none() || plain(&entry.path()) != except) {
                found.push(entry.path());
            }
        }
    }
    let row = |path: PathBuf| -> Result<(String, u64, String), ReportError> {
        let size = fs::metadata(&path).map_err(|cause| unreadable(&path, &cause))?.len();
        let hash = screening_io::file_hash(&path)?;
        let name = path.strip_prefix(folder).unwrap_or(&path);
        let name = name.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        Ok((name, size, hash))
    };
    let mut rows = found.into_iter().map(row).collect::<Result<Vec<_>, _>>()?;
    rows.sort();
    Ok(rows)
}
