//! The pictures of a pupil's page: profile of factors, and scores over the waves. The page is for a counsellor, so nothing is
//! suppressed; sheets that cannot be interpreted are left out.

use screening_core::change::JacobsonTruax;
use screening_core::instrument::Instrument;

use super::pupil::{is_usable, usable, value};
use crate::error::ReportError;
use crate::format::NONE;
use crate::model::{Chart, Panel};
use crate::profile::{Entry, draw, notes};
use crate::source::{Measure, Person, Results};
use crate::writer::Writer;

/// Most panels that stand side by side.
const PANELS: usize = 5;

/// Profiles of the instruments with several scales.
pub(super) fn profiles(
    results: &Results,
    w: &mut Writer,
    row: usize,
    answered: &[&Instrument],
) -> Result<(), ReportError> {
    let person = person(results, row)?;
    let mut drawn = Vec::new();
    for instrument in usable(results, answered, row)? {
        let mut entries = Vec::new();
        for measure in results.scales.iter().filter(|own| own.instrument == instrument.id()) {
            let figure = |suffix: &str| value(results, &format!("{}{suffix}", measure.id), row);
            let t = match figure(".t")? {
                Some(t) => Some(t),
                None => figure(".t_normalised")?,
            };
            let interval = figure(".t_low")?.zip(figure(".t_high")?);
            entries.push(Entry {
                name: w.pick(&measure.scale).to_owned(),
                t: t.map(|t| (t, interval)),
                raw: figure("")?.map(|raw| (raw, None)),
                range: measure.range,
                usual: measure.usual(Some(&person)),
            });
        }
        let name = w.pick(&instrument.definition().name).to_owned();
        drawn.extend(draw(w, &name, "legend.pupil", &entries));
    }
    notes(w, &drawn);
    Ok(())
}

pub(super) fn person(results: &Results, row: usize) -> Result<Person, ReportError> {
    let pupils = &results.pupils;
    Ok(Person {
        sex: pupils.sex.get(row).copied().filter(|sex| *sex < 3),
        grade: pupils.grade.get(row).copied().filter(|grade| *grade > 0),
        age: value(results, "age", row)?,
    })
}

/// An earlier wave, and the row of the pupil in it.
struct Earlier<'r> {
    results: &'r Results,
    row: usize,
}

/// Scores over the waves: of each instrument the scale with most items that has a score in two waves.
pub(super) fn course(
    results: &Results,
    earlier: &[&Results],
    w: &mut Writer,
    row: usize,
    answered: &[&Instrument],
) -> Result<(), ReportError> {
    let id = results.pupils.ids.get(row).map_or("", String::as_str);
    let mut waves: Vec<Earlier<'_>> = Vec::new();
    for other in earlier.iter().filter(|own| own.summary.wave.date < results.summary.wave.date) {
        if let Some(row) = other.pupils.ids.iter().position(|own| own == id) {
            waves.push(Earlier { results: other, row });
        }
    }
    waves.sort_by(|a, b| {
        let key = |own: &Earlier<'_>| (own.results.summary.wave.date, own.results.summary.wave.id.clone());
        key(a).cmp(&key(b))
    });
    let person = person(results, row)?;
    let mut panels: Vec<(&Measure, Panel)> = Vec::new();
    for measure in results.scales.iter().filter(|own| answered.iter().any(|known| known.id() == own.instrument)) {
        let Some(panel) = panel(results, &waves, w, row, (measure, &person))? else { continue };
        match panels.iter_mut().find(|(known, _)| known.instrument == measure.instrument) {
            Some(known) if known.0.items < measure.items => *known = (measure, panel),
            Some(_) => {}
            None => panels.push((measure, panel)),
        }
    }
    for some in panels.chunks(PANELS) {
        let panels: Vec<Panel> = some.iter().map(|(_, panel)| panel.clone()).collect();
        let told: Vec<String> = panels.iter().map(|panel| told(w, panel)).collect();
        let alt = w.say("alt.course", &[("panels", &told.join(&w.say("frame.list", &[])))]);
        let names = ["legend.pupil", "legend.no-change", "legend.usual-end"].map(|key| w.say(key, &[]));
        w.figure("course", &[], alt, Chart::Course { axis: w.say("axis.range", &[]), panels, names });
    }
    if !panels.is_empty() {
        w.note("note.course", &[]);
    }
    Ok(())
}

/// One scale over the waves; none with fewer than two scores, or without a range.
fn panel(
    results: &Results,
    waves: &[Earlier<'_>],
    w: &Writer,
    row: usize,
    (measure, person): (&Measure, &Person),
) -> Result<Option<Panel>, ReportError> {
    let Some((low, high)) = measure.range.filter(|(low, high)| low < high) else { return Ok(None) };
    let part = |score: f64| (score - low) / (high - low);
    let comparison = results.comparison(measure);
    let mut scores: Vec<(String, Option<f64>)> = Vec::new();
    let before = value(results, &format!("{}.before", measure.id), row)?;
    for own in waves.iter().filter(|own| own.results.same_key(results, measure)) {
        let usable = is_usable(own.results, &measure.instrument, own.row)?;
        let score = if usable { value(own.results, &measure.id, own.row)? } else { None };
        scores.push((own.results.wave().to_owned(), score));
    }
    if let (Some(before), Some(comparison)) = (before, comparison)
        && scores.iter().all(|(wave, _)| *wave != comparison.from_wave)
    {
        scores.push((comparison.from_wave.clone(), Some(before)));
    }
    let now = if is_usable(results, &measure.instrument, row)? { value(results, &measure.id, row)? } else { None };
    scores.push((results.wave().to_owned(), now));
    if scores.iter().filter(|own| own.1.is_some()).count() < 2 {
        return Ok(None);
    }
    // Another index than that of Jacobson and Truax draws no band around the score before.
    let judge = results.summary.change.as_ref().is_some_and(|change| change.judge == JacobsonTruax::KIND);
    let smallest = comparison.filter(|_| judge).and_then(|own| own.basis.smallest_change);
    let beside = scores.iter().rev().nth(1).is_some_and(|own| comparison.is_some_and(|fact| fact.from_wave == own.0));
    let band = smallest.zip(before).filter(|_| beside && now.is_some());
    let band = band.map(|(most, before)| (part(before - most).max(0.0), part(before + most).min(1.0)));
    let usual = measure.usual(Some(person)).and_then(|(from, to)| {
        let ends = [Some(to).filter(|to| *to < high), Some(from).filter(|from| *from > low)];
        ends.into_iter().flatten().next()
    });
    let points = scores.into_iter().map(|(wave, score)| {
        let label = score.map_or_else(|| NONE.to_owned(), |score| w.format.score(Some(score)));
        (wave, score.map(part), label)
    });
    let name = format!("{} ({})", w.pick(&measure.name), super::pupil::ends(w, (low, high)));
    Ok(Some(Panel { name, points: points.collect(), band, usual: usual.map(part) }))
}

fn told(w: &Writer, panel: &Panel) -> String {
    let points: Vec<String> = panel.points.iter().map(|(wave, _, label)| format!("{wave} {label}")).collect();
    let inside = panel.points.last().and_then(|own| own.1).zip(panel.band);
    let change = inside.map(|(now, (low, high))| {
        // The rim itself is no reliable change.
        let within = now >= low - 1e-9 && now <= high + 1e-9;
        w.say(if within { "alt.no-reliable-change" } else { "alt.reliable-change" }, &[])
    });
    let points = points.join(&w.say("frame.comma", &[]));
    format!("{}: {points}{}", panel.name, change.unwrap_or_default())
}
