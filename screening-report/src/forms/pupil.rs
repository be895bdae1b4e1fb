//! One page about a pupil for a case conference (研判会): strengths first, then what the answers say, how far they can be
//! trusted, and what changed.

use screening_core::change::Outcome;
use screening_core::coverage::Status;
use screening_core::instrument::model::ScaleDef;
use screening_core::instrument::{Instrument, Text};

use super::letters::in_usual_range;
use super::pictures::{course, profiles};
use super::{FiredRules, Names, class_of, due, row_of, tier_of};
use crate::error::ReportError;
use crate::model::{Block, Cell, Report};
use crate::settings::Settings;
use crate::source::{Results, SEXES, numbers, texts};
use crate::writer::Writer;

/// The page of one pupil. The person in charge opens it, so id and name are as `names` shows them.
///
/// # Errors
/// When there is no such pupil, or a column of the results is missing.
pub fn pupil_page(results: &Results, settings: &Settings, names: &Names, pupil: &str) -> Result<Report, ReportError> {
    pupil_page_over(results, &[], settings, names, pupil)
}

/// The page of one pupil, with the scores of further earlier waves in the picture of the waves. A score is drawn where version and
/// cut-offs are those of `results`; waves that are not earlier are passed over.
///
/// # Errors
/// As [`pupil_page`].
pub fn pupil_page_over(
    results: &Results,
    earlier: &[&Results],
    settings: &Settings,
    names: &Names,
    pupil: &str,
) -> Result<Report, ReportError> {
    let row = row_of(results, pupil)?;
    let mut writer = Writer::new(settings.language, results.rule().threshold);
    let w = &mut writer;
    person(results, w, names, row)?;
    let answered = answered(results, row)?;
    strengths(results, w, row, &answered)?;
    proposal(results, w, row)?;
    scores(results, w, row, &answered)?;
    profiles(results, w, row, &answered)?;
    validity(results, w, row)?;
    change(results, w, row, &answered)?;
    course(results, earlier, w, row, &answered)?;
    conference(w);
    if !settings.help_lines.is_empty() {
        let lines = settings.help_lines.iter().map(|text| w.pick(text).to_owned()).collect::<Vec<_>>();
        let lines = lines.join(&w.say("frame.list", &[]));
        w.block(Block::Note(lines));
    }
    let title = w.say("title.pupil", &[]);
    let below = vec![w.say("title.wave", &[("wave", results.wave())])];
    Ok(writer.finish_page(title, below, "notice.pupil"))
}

/// Instruments that the pupil answered.
pub(super) fn answered(results: &Results, row: usize) -> Result<Vec<&Instrument>, ReportError> {
    let mut found = Vec::new();
    for fact in &results.summary.provenance.instruments {
        let Some(instrument) = results.library.get(&fact.id) else { continue };
        for scale in &instrument.definition().scales {
            if value(results, &format!("{}.{}", fact.id, scale.id), row)?.is_some() {
                found.push(instrument);
                break;
            }
        }
    }
    Ok(found)
}

pub(super) fn value(results: &Results, column: &str, row: usize) -> Result<Option<f64>, ReportError> {
    let one = results.frame.column(column).is_ok();
    if !one {
        return Ok(None);
    }
    let cell = results.frame.select([column])?.slice(row as i64, 1);
    Ok(numbers(&cell, column)?.and_then(|values| values.first().copied()).filter(|value| value.is_finite()))
}

pub(super) fn word(results: &Results, column: &str, row: usize) -> Result<Option<String>, ReportError> {
    if results.frame.column(column).is_err() {
        return Ok(None);
    }
    let cell = results.frame.select([column])?.slice(row as i64, 1);
    Ok(texts(&cell, column)?.into_iter().next().flatten().filter(|text| !text.is_empty()))
}

fn person(results: &Results, w: &mut Writer, names: &Names, row: usize) -> Result<(), ReportError> {
    let pupils = &results.pupils;
    let id = pupils.ids.get(row).map_or("", String::as_str);
    let sex = pupils.sex.get(row).map_or(3, |sex| usize::from(*sex).min(SEXES.len()));
    let school = pupils.school.get(row).and_then(|at| pupils.schools.get(*at as usize)).cloned().unwrap_or_default();
    let day = word(results, "administered_on", row)?.unwrap_or_default();
    let age = value(results, "age", row)?;
    let name = names.name(id);
    let fields = [
        ("form.pupil", format!("{name} {}", names.id(id)).trim().to_owned(), 0),
        ("form.school-class", format!("{school} {}", class_of(results, w, row)), 0),
        ("form.sex-age", format!("{} / {}", w.say(&format!("group.sex-{sex}"), &[]), w.format.score(age)), 0),
        ("form.test-day", day, 0),
    ];
    w.section(w.say("part.pupil", &[]), 1, false);
    w.form(&fields);
    Ok(())
}

/// Scores in which a higher value is better and which lie in the usual range, then scores without difficulty.
fn strengths(results: &Results, w: &mut Writer, row: usize, answered: &[&Instrument]) -> Result<(), ReportError> {
    w.section(w.say("part.strengths", &[]), 1, false);
    let usable = usable(results, answered, row)?;
    let (strong, at_ease) = in_usual_range(results, w, row, &usable)?;
    let list = |names: &[String]| names.join(&w.say("frame.comma", &[]));
    let (strong_list, ease_list) = (list(&strong), list(&at_ease));
    if !strong.is_empty() {
        w.paragraph("pupil.strong", &[("scales", &strong_list)]);
    }
    if !at_ease.is_empty() {
        w.paragraph("pupil.at-ease", &[("scales", &ease_list)]);
    }
    w.form(&[("form.strengths", String::new(), 2)]);
    Ok(())
}

/// Whether the sheet of a row may be interpreted.
pub(super) fn is_usable(results: &Results, instrument: &str, row: usize) -> Result<bool, ReportError> {
    let verdict = word(results, &format!("{instrument}.validity.verdict"), row)?;
    let valid = results.pupils.status.get(row) == Some(&(Status::Valid.position() as u8));
    Ok(valid && verdict.as_deref() != Some("invalid"))
}

/// Instruments whose sheet may be interpreted.
pub(super) fn usable<'r>(
    results: &Results,
    answered: &[&'r Instrument],
    row: usize,
) -> Result<Vec<&'r Instrument>, ReportError> {
    let mut found = Vec::new();
    for instrument in answered {
        if is_usable(results, instrument.id(), row)? {
            found.push(*instrument);
        }
    }
    Ok(found)
}

/// What the rules propose, and why.
fn proposal(results: &Results, w: &mut Writer, row: usize) -> Result<(), ReportError> {
    w.section(w.say("part.proposal", &[]), 1, false);
    match tier_of(results, row) {
        Some(tier) => {
            let (name, due) = (w.pick(&tier.name).to_owned(), due(w, tier.response_hours));
            let step = w.pick(&tier.next_step).to_owned();
            w.paragraph("pupil.proposed", &[("level", &name), ("due", &due), ("step", &step)]);
        }
        None => w.paragraph("pupil.no-proposal", &[]),
    }
    let critical = word(results, "critical", row)?.unwrap_or_default();
    for flag in critical.split(", ").filter(|flag| !flag.is_empty()) {
        let meaning = flag_meaning(results, flag).map_or_else(|| flag.to_owned(), |text| w.pick(&text).to_owned());
        w.warning("pupil.critical", &[("meaning", &meaning)]);
    }
    if let Some(reasons) = word(results, &w.say("column-name.reasons", &[]), row)? {
        w.block(Block::Paragraph(reasons));
    }
    Ok(())
}

/// `<instrument>.<flag>` in words.
fn flag_meaning(results: &Results, flag: &str) -> Option<Text> {
    results.library.iter().find_map(|instrument| {
        let id = flag.strip_prefix(instrument.id())?.strip_prefix('.')?;
        let found = instrument.definition().flags.iter().find(|own| own.id == id)?;
        Some(found.meaning.clone())
    })
}

/// Scores with range, band and norm.
fn scores(results: &Results, w: &mut Writer, row: usize, answered: &[&Instrument]) -> Result<(), ReportError> {
    w.section(w.say("part.scores", &[]), 1, false);
    if answered.is_empty() {
        w.paragraph("pupil.no-scores", &[]);
        return Ok(());
    }
    let mut rows = Vec::new();
    for instrument in answered {
        let definition = instrument.definition();
        let usable = is_usable(results, instrument.id(), row)?;
        for scale in definition.scales.iter().filter(|scale| !scale.internal) {
            let id = format!("{}.{}", instrument.id(), scale.id);
            let measure = results.scales.iter().find(|measure| measure.id == id);
            // A score without bands says nothing by itself; it stays in the tables of results.
            let Some(measure) = measure else { continue };
            let score = value(results, &id, row)?;
            let band = word(results, &format!("{id}.band"), row)?;
            if score.is_none() && band.is_none() {
                continue;
            }
            let band = band.and_then(|band| measure.values.iter().find(|value| value.id == band));
            // What a norm says of a sheet that is not interpreted would be an interpretation.
            let by_norm =
                |derived: &str| if usable { value(results, &format!("{id}.{derived}"), row) } else { Ok(None) };
            let (t, percentile) = (by_norm("t")?, by_norm("percentile")?);
            rows.push(vec![
                w.text(&measure.name),
                Cell::figure(w.format.score(score), score),
                Cell::Text(range(w, scale)),
                match band {
                    _ if !usable => Cell::Text(w.say("word.not-interpreted", &[])),
                    Some(value) => w.text(&value.name),
                    None => Cell::Text(w.say("word.cannot-say", &[])),
                },
                w.number(t, 0),
                w.number(percentile, 0),
            ]);
        }
    }
    let columns =
        [("scale", 29.0), ("score", 8.0), ("range", 10.0), ("band", 21.0), ("t-score", 9.0), ("percentile", 12.0)];
    let notes = vec![w.say("note.scores", &[])];
    w.table("pupil-scores", &[], &columns, rows, notes);
    Ok(())
}

fn range(w: &Writer, scale: &ScaleDef) -> String {
    scale.range.map_or_else(String::new, |[low, high]| ends(w, (low.to_f64(), high.to_f64())))
}

/// Lowest and highest score.
pub(super) fn ends(w: &Writer, (low, high): (f64, f64)) -> String {
    let whole = low.fract() == 0.0 && high.fract() == 0.0;
    w.format.interval(Some((low, high)), if whole { 0 } else { 2 })
}

fn validity(results: &Results, w: &mut Writer, row: usize) -> Result<(), ReportError> {
    w.section(w.say("part.trust", &[]), 1, false);
    let status = results.pupils.status.get(row).and_then(|at| Status::ALL.get(usize::from(*at)));
    let status = status.map(|status| w.pick(&status.name()).to_owned()).unwrap_or_default();
    w.paragraph("pupil.status", &[("status", &status)]);
    let fired = FiredRules::of(results)?.row(results, w, row);
    if fired.is_empty() {
        w.paragraph("pupil.no-rule-fired", &[]);
        return Ok(());
    }
    w.block(Block::List(fired));
    w.note("pupil.flags-stay", &[]);
    Ok(())
}

/// Reliable change since the wave before.
fn change(results: &Results, w: &mut Writer, row: usize, answered: &[&Instrument]) -> Result<(), ReportError> {
    w.section(w.say("part.change", &[]), 1, false);
    let mut rows = Vec::new();
    for measure in results.scales.iter().filter(|own| answered.iter().any(|known| known.id() == own.instrument)) {
        let Some(before) = value(results, &format!("{}.before", measure.id), row)? else { continue };
        let now = value(results, &measure.id, row)?;
        let outcome = word(results, &format!("{}.change", measure.id), row)?;
        let outcome = outcome.and_then(|word| Outcome::ALL.into_iter().find(|own| own.word() == word));
        rows.push(vec![
            w.text(&measure.name),
            Cell::figure(w.format.score(Some(before)), Some(before)),
            Cell::figure(w.format.score(now), now),
            outcome.map_or_else(|| Cell::Text(w.say("word.cannot-say", &[])), |own| w.text(&own.name())),
        ]);
    }
    if rows.is_empty() {
        w.paragraph("pupil.no-change", &[]);
        return Ok(());
    }
    let columns = [("scale", 36.0), ("score-before", 14.0), ("score-now", 14.0), ("reliable-change", 26.0)];
    w.table("pupil-change", &[], &columns, rows, Vec::new());
    Ok(())
}

/// What the conference adds and decides.
fn conference(w: &mut Writer) {
    w.section(w.say("part.conference", &[]), 1, false);
    w.form(&[
        ("form.teacher", String::new(), 2),
        ("form.talk", String::new(), 2),
        ("form.decision", String::new(), 1),
        ("form.signature", String::new(), 1),
    ]);
}
