//! Texts for pupils and for those who bring them up: what the questionnaire was, what went well, whom to talk with. They describe,
//! they name no level and no band, and by default no score.

use screening_core::coverage::Status;
use screening_core::instrument::Instrument;
use screening_core::instrument::model::Direction;

use super::pupil::{answered, usable, value, word};
use super::{Names, class_of, row_of, tier_of};
use crate::error::{ReportError, refuse};
use crate::model::{Block, Cell, Report};
use crate::settings::Settings;
use crate::source::Results;
use crate::writer::Writer;

/// To whom a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The pupil.
    Pupil,
    /// Parents or guardians.
    Parent,
}

/// Whose texts are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// One pupil's, by student id.
    Pupil(String),
    /// Those of a school, of one of its grades, or of a class.
    Class {
        /// School.
        school: String,
        /// Grade; all where none.
        grade: Option<u8>,
        /// Class; all where none.
        class: Option<String>,
    },
}

/// Texts for pupils or parents, one page each, in the order of the roster. Of pupils who refused, withdrew or are out of scope
/// nothing is written.
///
/// What stands in a text: scales in which a higher score is better and which lie in the usual range or above; other scales within
/// the usual range, unless a talk is proposed or a critical answer was given, since a text that puts at ease must not come before
/// the talk. What lies outside the usual range is for a talk and not for a letter. The sentence that somebody may come and talk is
/// the same in all texts, so that nobody is marked by it.
///
/// # Errors
/// When there is no such pupil, school or class, or a column of the results is missing.
pub fn letters(
    results: &Results,
    settings: &Settings,
    names: &Names,
    reader: Reader,
    whose: &Whose,
) -> Result<Report, ReportError> {
    let mut writer = Writer::new(settings.language, results.rule().threshold);
    let w = &mut writer;
    let silent = [Status::Refused, Status::Withdrawn, Status::OutOfScope];
    for row in rows(results, whose)? {
        let status = results.pupils.status.get(row).and_then(|at| Status::ALL.get(usize::from(*at)));
        if status.is_some_and(|status| silent.contains(status)) {
            continue;
        }
        letter(results, settings, w, names, reader, row)?;
    }
    let (title, notice) = match reader {
        Reader::Pupil => ("title.pupil-text", "notice.pupil-text"),
        Reader::Parent => ("title.parent-text", "notice.parent-text"),
    };
    let (title, below) = (w.say(title, &[]), vec![w.say("title.wave", &[("wave", results.wave())])]);
    Ok(writer.finish(title, below, notice, false))
}

fn rows(results: &Results, whose: &Whose) -> Result<Vec<usize>, ReportError> {
    match whose {
        Whose::Pupil(id) => Ok(vec![row_of(results, id)?]),
        Whose::Class { school, grade, class } => {
            let mut rows: Vec<usize> =
                super::schools(results, Some(school))?.into_iter().flat_map(|own| own.1).collect();
            let pupils = &results.pupils;
            let mut known: Vec<String> = rows
                .iter()
                .map(|row| {
                    let grade = pupils.grade.get(*row).copied().unwrap_or(0);
                    format!("{grade} {}", pupils.class.get(*row).map_or("", String::as_str))
                })
                .collect();
            rows.retain(|row| grade.is_none_or(|grade| pupils.grade.get(*row) == Some(&grade)));
            rows.retain(|row| class.as_ref().is_none_or(|class| pupils.class.get(*row) == Some(class)));
            if rows.is_empty() {
                known.sort();
                known.dedup();
                return Err(refuse("class", &[("school", school), ("known", &known.join(", "))]));
            }
            Ok(rows)
        }
    }
}

fn letter(
    results: &Results,
    settings: &Settings,
    w: &mut Writer,
    names: &Names,
    reader: Reader,
    row: usize,
) -> Result<(), ReportError> {
    let id = results.pupils.ids.get(row).map_or("", String::as_str);
    let whom = format!("{} {}", names.name(id), class_of(results, w, row)).trim().to_owned();
    let text = |part: &str| match reader {
        Reader::Pupil => format!("letter.pupil-{part}"),
        Reader::Parent => format!("letter.parent-{part}"),
    };
    w.section(w.say(&text("head"), &[("pupil", &whom), ("id", &names.id(id))]), 1, true);
    w.paragraph(&text("what"), &[]);
    let answered = answered(results, row)?;
    let usable = usable(results, &answered, row)?;
    if usable.is_empty() {
        w.paragraph(&text("no-answers"), &[]);
    } else {
        let (strong, at_ease) = in_usual_range(results, w, row, &usable)?;
        let quiet = results.policy.flagged_above();
        let asked =
            tier_of(results, row).is_none_or(|tier| tier.severity > quiet) || word(results, "critical", row)?.is_some();
        let list = |names: &[String]| names.join(&w.say("frame.comma", &[]));
        let (strong_list, ease_list) = (list(&strong), list(&at_ease));
        if !strong.is_empty() {
            w.paragraph(&text("strong"), &[("scales", &strong_list)]);
        }
        if !asked && !at_ease.is_empty() {
            w.paragraph(&text("at-ease"), &[("scales", &ease_list)]);
        }
        if settings.scores_in_texts {
            scores(results, w, row, &usable)?;
        }
    }
    for part in ["limits", "talk", "use"] {
        w.paragraph(&text(part), &[]);
    }
    let contact = settings.contact.as_ref().map(|text| w.pick(text).to_owned()).unwrap_or_default();
    w.form(&[("form.contact", contact, 1)]);
    if !settings.help_lines.is_empty() {
        w.paragraph("conclusions.help", &[]);
        let lines = settings.help_lines.iter().map(|text| w.pick(text).to_owned()).collect();
        w.block(Block::List(lines));
    }
    Ok(())
}

/// Scales in the usual range: those in which a higher value is better, and the others.
pub(super) fn in_usual_range(
    results: &Results,
    w: &Writer,
    row: usize,
    usable: &[&Instrument],
) -> Result<(Vec<String>, Vec<String>), ReportError> {
    let (mut strong, mut at_ease) = (Vec::new(), Vec::new());
    for measure in results.scales.iter().filter(|own| usable.iter().any(|known| known.id() == own.instrument)) {
        let Some(band) = word(results, &format!("{}.band", measure.id), row)? else { continue };
        if measure.values.iter().find(|value| value.id == band).is_none_or(|value| value.raised) {
            continue;
        }
        let name = w.pick(&measure.name).to_owned();
        if measure.direction == Some(Direction::HigherBetter) { strong.push(name) } else { at_ease.push(name) }
    }
    Ok((strong, at_ease))
}

/// Scores with their range, where a unit has decided to hand them out: no band and no level.
fn scores(results: &Results, w: &mut Writer, row: usize, usable: &[&Instrument]) -> Result<(), ReportError> {
    let mut rows = Vec::new();
    for measure in results.scales.iter().filter(|own| usable.iter().any(|known| known.id() == own.instrument)) {
        let Some(score) = value(results, &measure.id, row)? else { continue };
        rows.push(vec![w.text(&measure.name), Cell::figure(w.format.score(Some(score)), Some(score))]);
    }
    let notes = vec![w.say("note.letter-scores", &[])];
    w.table("letter-scores", &[], &[("scale", 50.0), ("score", 20.0)], rows, notes);
    Ok(())
}
