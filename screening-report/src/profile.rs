//! Several scales of an instrument beside the range that is usual for each: by a norm where there is one, otherwise by the
//! cut-offs of the definition.

use crate::model::{Chart, ProfileRow};
use crate::writer::Writer;

/// Fewest scales of a profile.
pub(crate) const FEWEST: usize = 3;
/// A norm's mean and one standard deviation to both sides, as T scores: about two thirds of a norm group.
const T_BAND: (f64, f64) = (40.0, 60.0);

/// A value with its interval.
pub(crate) type Estimate = (f64, Option<(f64, f64)>);

/// One scale.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Name.
    pub(crate) name: String,
    /// T score.
    pub(crate) t: Option<Estimate>,
    /// Raw score.
    pub(crate) raw: Option<Estimate>,
    /// Lowest and highest possible raw score.
    pub(crate) range: Option<(f64, f64)>,
    /// Raw scores that are usual.
    pub(crate) usual: Option<(f64, f64)>,
}

/// How a profile is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// T scores of the norm.
    T,
    /// Parts of the possible range.
    Range,
}

/// The unit that most scales have; none where fewer than [`FEWEST`] have one. T scores go before.
pub(crate) fn unit(entries: &[Entry]) -> Option<Unit> {
    let with_t = entries.iter().filter(|entry| entry.t.is_some()).count();
    let with_range = entries.iter().filter(|entry| entry.raw.is_some() && entry.range.is_some()).count();
    if with_t >= FEWEST { Some(Unit::T) } else { (with_range >= FEWEST).then_some(Unit::Range) }
}

/// Adds the picture of an instrument; `point` is the text of the legend for the values. Gives the unit that was drawn.
pub(crate) fn draw(w: &mut Writer, instrument: &str, point: &str, entries: &[Entry]) -> Option<Unit> {
    let unit = unit(entries)?;
    let rows: Vec<ProfileRow> = entries.iter().filter_map(|entry| row(w, entry, unit)).collect();
    let ends = match unit {
        Unit::Range => (0.0, 1.0),
        Unit::T => {
            let values = rows
                .iter()
                .flat_map(|row| [Some(row.value), row.interval.map(|own| own.0), row.interval.map(|own| own.1)]);
            let ends =
                values.flatten().fold((20.0, 80.0), |(low, high): (f64, f64), own| (low.min(own), high.max(own)));
            ((ends.0 / 10.0).floor() * 10.0, (ends.1 / 10.0).ceil() * 10.0)
        }
    };
    let told = |row: &ProfileRow| match row.band {
        Some((low, high)) => {
            let inside = (low..=high).contains(&row.value);
            let key = if inside { "alt.within" } else { "alt.outside" };
            w.say(key, &[("scale", &row.name), ("value", &row.label)])
        }
        None => format!("{} {}", row.name, row.label),
    };
    let list: Vec<String> = rows.iter().map(told).collect();
    let alt = w.say("alt.profile", &[("rows", &list.join(&w.say("frame.list", &[])))]);
    let (axis, band) = match unit {
        Unit::T => ("axis.t", "legend.norm-band"),
        Unit::Range => ("axis.range", "legend.usual-range"),
    };
    let names = [w.say(point, &[]), w.say(band, &[])];
    let chart = Chart::Profile { axis: w.say(axis, &[]), ends, percent: unit == Unit::Range, rows, names };
    w.figure("profile", &[("scale", instrument)], alt, chart);
    Some(unit)
}

/// Says below the pictures how those that were drawn are read.
pub(crate) fn notes(w: &mut Writer, drawn: &[Unit]) {
    for (unit, key) in [(Unit::T, "note.profile-t"), (Unit::Range, "note.profile-range")] {
        if drawn.contains(&unit) {
            w.note(key, &[]);
        }
    }
}

fn row(w: &Writer, entry: &Entry, unit: Unit) -> Option<ProfileRow> {
    let name = entry.name.clone();
    match unit {
        Unit::T => {
            let (value, interval) = entry.t?;
            Some(ProfileRow { name, value, interval, band: Some(T_BAND), label: w.format.number(Some(value), 0) })
        }
        Unit::Range => {
            let ((raw, interval), (low, high)) = (entry.raw?, entry.range?);
            if high <= low {
                return None;
            }
            let part = |score: f64| (score - low) / (high - low);
            let label = format!("{} / {}", w.format.score(Some(raw)), w.format.score(Some(high)));
            let both = |(from, to): (f64, f64)| (part(from), part(to));
            let (interval, band) = (interval.map(both), entry.usual.map(both));
            Some(ProfileRow { name, value: part(raw), interval, band, label })
        }
    }
}

#[cfg(test)]
mod tests {
    use screening_core::instrument::Language;

    use super::*;

    fn entry(t: Option<f64>, raw: Option<f64>) -> Entry {
        let estimate = |own: f64| (own, None);
        let (range, usual) = (Some((0.0, 20.0)), Some((0.0, 10.0)));
        Entry { name: "<n>".into(), t: t.map(estimate), raw: raw.map(estimate), range, usual }
    }

    #[test]
    fn norms_go_before_ranges_and_few_scales_are_no_profile() {
        let list = |with_t: usize, with_raw: usize| -> Vec<Entry> {
            (0..4).map(|at| entry((at < with_t).then_some(55.0), (at < with_raw).then_some(5.0))).collect()
        };
        assert_eq!(unit(&list(3, 4)), Some(Unit::T));
        assert_eq!(unit(&list(2, 4)), Some(Unit::Range));
        assert_eq!((unit(&list(2, 2)), unit(&[])), (None, None));
    }

    #[test]
    fn values_are_parts_of_the_range_and_axes_reach_them() {
        let drawn = |entries: &[Entry]| {
            let mut w = Writer::new(Language::En, 10);
            draw(&mut w, "I", "legend.pupil", entries).unwrap();
            let report = w.finish(String::new(), Vec::new(), "notice.pupil", false);
            let figure = report.figures().next().unwrap().clone();
            let Chart::Profile { ends, rows, .. } = figure.chart else { panic!("{figure:?}") };
            (ends, rows, figure.alt)
        };
        let (ends, rows, alt) = drawn(&[entry(None, Some(5.0)), entry(None, Some(20.0)), entry(None, Some(0.0))]);
        assert_eq!((ends, rows[0].value, rows[1].value), ((0.0, 1.0), 0.25, 1.0));
        assert_eq!((rows[0].band, rows[1].label.as_str()), (Some((0.0, 0.5)), "20 / 20"));
        assert!(alt.contains("<n>"));
        let (ends, rows, _) = drawn(&[entry(Some(95.2), None), entry(Some(50.0), None), entry(Some(12.0), None)]);
        assert_eq!((ends, rows.len(), rows[0].label.as_str()), ((10.0, 100.0), 3, "95"));
    }
}
