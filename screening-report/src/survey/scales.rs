//! Chapter 5: scales and factors.

use screening_core::instrument::model::Direction;
use screening_core::psychometrics::ClusterMean;
use screening_core::stats::Moments;

use super::basis::grade_name;
use super::distribution::broadest;
use super::tests::Axis;
use super::{Scope, Survey};
use crate::error::ReportError;
use crate::figures::Counted;
use crate::model::{Cell, Chart};
use crate::released::{Group, Of, free_means};
use crate::source::RAISED;
use crate::writer::Writer;

impl Survey<'_> {
    pub(super) fn by_scale(&self, w: &mut Writer, scope: Scope) -> Result<(), ReportError> {
        w.chapter("chapter.scales");
        w.paragraph("scales.intro", &[]);
        self.shares(w, scope);
        if scope.is_district() {
            self.scale_tests(w);
            self.means(w)?;
        }
        self.distributions(w, scope);
        self.profiles(w, scope);
        self.bands_by_grade(w, scope);
        Ok(())
    }

    /// Scales that somebody of the scope answered.
    pub(super) fn answered(&self, scope: Scope) -> impl Iterator<Item = &Counted<'_>> {
        self.scales.iter().filter(move |counted| counted.counts.has(scope.all()))
    }

    /// Share of pupils above the usual range, scale by scale.
    fn shares(&self, w: &mut Writer, scope: Scope) {
        let (pupils, level) = (&self.results.pupils, self.settings.level);
        let mut rows = Vec::new();
        for counted in self.answered(scope) {
            let share = counted.share(pupils, &[scope.all()], Of::Part(RAISED), level);
            let mut row = super::groups::share_row(w, w.pick(&counted.measure.name), &share, scope.is_district());
            if let Some(slot) = row.first_mut() {
                let low = counted.measure.direction == Some(Direction::HigherBetter);
                let name = w.pick(&counted.measure.name).to_owned();
                *slot = Cell::Text(if low { format!("{name} ‡") } else { name });
            }
            rows.push(row);
        }
        let low = self.answered(scope).any(|own| own.measure.direction == Some(Direction::HigherBetter));
        let mut notes = vec![self.interval_note(w, scope), w.say("note.raised", &[])];
        if scope.is_district() {
            notes.push(w.say("note.plain-interval", &[]));
        }
        if low {
            notes.push(w.say("note.low-is-worse", &[]));
        }
        let columns = [("scale", 30.0), ("sheets-used", 14.0), ("raised", 12.0), ("share", 10.0), ("interval", 20.0)];
        w.table("raised", &[], &columns, rows, notes);
    }

    /// Differences of the shares between stages, grades and sexes.
    fn scale_tests(&self, w: &mut Writer) {
        let mut rows = Vec::new();
        for counted in &self.scales {
            for axis in Axis::ALL {
                let Some(test) = self.tests.get(&counted.measure.id, axis, false) else { continue };
                let Some(made) = test.comparison.test else { continue };
                let difference = test.comparison.difference.filter(|_| axis == Axis::Sex);
                let width = difference.and_then(|own| own.interval);
                let effect = test.comparison.eta_squared.map(|eta| eta.max(0.0).sqrt());
                rows.push(vec![
                    w.text(&counted.measure.name),
                    Cell::Text(w.say(&format!("axis-name.{}", axis.word()), &[])),
                    Cell::figure(
                        w.format.points(difference.map(|own| own.difference)),
                        difference.map(|own| own.difference),
                    ),
                    w.interval(width.map(|(low, high)| (100.0 * low, 100.0 * high)), 1),
                    Cell::figure(
                        format!("{} ({:.0}, {:.0})", w.format.number(Some(made.f), 2), made.df1, made.df2),
                        Some(made.f),
                    ),
                    w.probability(Some(made.p)),
                    w.probability(test.adjusted),
                    w.number(effect, 2),
                ]);
            }
        }
        if rows.is_empty() {
            w.paragraph("scales.no-tests", &[]);
            return;
        }
        let columns = [
            ("scale", 24.0),
            ("compared", 8.0),
            ("points", 10.0),
            ("interval", 14.0),
            ("f", 14.0),
            ("p", 9.0),
            ("p-holm", 9.0),
            ("v", 8.0),
        ];
        let notes = vec![w.say("note.tests", &[("tests", &self.tests.made().to_string())]), w.say("note.points", &[])];
        w.table("scale-tests", &[], &columns, rows, notes);
    }

    /// Means of scores over the district, and the difference between the sexes.
    fn means(&self, w: &mut Writer) -> Result<(), ReportError> {
        let schools = self.results.school_names();
        let mut rows = Vec::new();
        for counted in &self.scales {
            let measure = counted.measure;
            let Some(scores) = self.results.scores(&measure.id, &measure.instrument)? else { continue };
            let everybody = counted.counts.get(Group::default(), Of::Everybody);
            if everybody.value().is_none() {
                continue;
            }
            let mut moments = Moments::default();
            scores.iter().filter(|score| score.is_finite()).for_each(|score| moments.push(*score));
            let interval = ClusterMean::fit(&scores, &schools, self.settings.level).ok().map(|mean| mean.interval);
            let sexes =
                [0_u8, 1].map(|sex| counted.counts.get(Group { sex: Some(sex), ..Group::default() }, Of::Everybody));
            let test = self.tests.get(&measure.id, Axis::Sex, true).filter(|_| free_means(&sexes) == [true, true]);
            let difference = test.and_then(|test| test.comparison.difference);
            rows.push(vec![
                w.text(&measure.name),
                w.count(moments.n()),
                w.number(moments.mean(), 2),
                w.number(moments.sd(), 2),
                w.interval(interval, 2),
                w.number(difference.map(|own| own.difference), 2),
                w.interval(difference.and_then(|own| own.interval), 2),
                w.number(difference.and_then(|own| own.cohen_d), 2),
                w.probability(test.and_then(|test| test.adjusted)),
            ]);
        }
        let columns = [
            ("scale", 24.0),
            ("n", 8.0),
            ("mean", 8.0),
            ("sd", 8.0),
            ("interval", 14.0),
            ("sex-difference", 10.0),
            ("interval", 14.0),
            ("d", 7.0),
            ("p-holm", 9.0),
        ];
        let notes = vec![self.interval_note(w, Scope { school: None }), w.say("note.sex-difference", &[])];
        w.table("means", &[], &columns, rows, notes);
        Ok(())
    }

    /// Bands by grade of one scale an instrument: the one with most items.
    fn bands_by_grade(&self, w: &mut Writer, scope: Scope) {
        let here = |counted: &Counted<'_>| counted.counts.has(scope.all());
        for counted in broadest(&self.scales, &here).into_iter().filter_map(|at| self.scales.get(at)) {
            let grades = counted.counts.grades(scope.school);
            let bars: Vec<(String, Option<Vec<f64>>)> = grades
                .iter()
                .map(|grade| (grade_name(w, *grade), all_shares(counted, Self::grade_of(scope, *grade))))
                .collect();
            if bars.iter().all(|(_, shares)| shares.is_none()) {
                continue;
            }
            let name = w.pick(&counted.measure.name).to_owned();
            let parts: Vec<String> =
                counted.measure.values.iter().map(|value| w.pick(&value.name).to_owned()).collect();
            let tell = |(grade, shares): &(String, Option<Vec<f64>>)| match shares {
                Some(shares) => {
                    let told = parts
                        .iter()
                        .zip(shares)
                        .map(|(part, share)| format!("{part} {}", w.format.share(Some(*share))));
                    format!("{grade}: {}", told.collect::<Vec<_>>().join(", "))
                }
                None => format!("{grade}: {}", w.say("alt.hidden", &[])),
            };
            let told: Vec<String> = bars.iter().map(tell).collect();
            let alt = w.say("alt.bands", &[("bars", &told.join(&w.say("frame.list", &[])))]);
            let axis = w.say("axis.share-of-sheets", &[]);
            w.figure("bands", &[("scale", &name)], alt, Chart::Stacked { axis, parts, bars });
        }
    }
}

/// The share of each band in a group; none unless all are shown.
fn all_shares(counted: &Counted<'_>, group: Group) -> Option<Vec<f64>> {
    let base = counted.counts.get(group, Of::Everybody);
    let share = |at: usize| counted.counts.get(group, Of::Value(at)).share_of(base);
    (0..counted.measure.values.len()).map(share).collect()
}
