//! Chapter 4: stages, grades, sexes, schools.

use screening_core::schools::{Funnel, Standing};

use super::basis::grade_name;
use super::tests::{Axis, Test, groups_of, stage};
use super::{Scope, Survey};
use crate::figures::Share;
use crate::model::{Bar, Cell, Chart};
use crate::released::{Group, Of};
use crate::source::RAISED;
use crate::writer::Writer;

/// Sign behind an interval that does not know of schools.
const PLAIN: &str = " †";

impl Survey<'_> {
    pub(super) fn groups(&self, w: &mut Writer, scope: Scope) {
        w.chapter("chapter.groups");
        w.paragraph("groups.intro", &[]);
        for axis in Axis::ALL {
            let groups = self.groups_of(w, scope, axis);
            if groups.len() < 2 {
                continue;
            }
            w.part(match axis {
                Axis::Stage => "part.stages",
                Axis::Grade => "part.grades",
                Axis::Sex => "part.sexes",
            });
            self.group_table(w, scope, axis, &groups);
        }
        if scope.is_district() {
            self.schools(w);
        }
    }

    /// Names of the groups of an axis with the released groups they are made of.
    fn groups_of(&self, w: &Writer, scope: Scope, axis: Axis) -> Vec<(String, Vec<Group>)> {
        let groups = groups_of(&self.tiers.counts, scope.school, axis);
        let mut found: Vec<(String, Vec<Group>)> = Vec::new();
        for group in groups {
            let name = match (axis, group.grade, group.sex) {
                (Axis::Stage, Some(grade), _) => match stage(grade) {
                    Some(stage) => w.say(&format!("group.stage-{stage}"), &[]),
                    None => w.say("group.grade-unknown", &[]),
                },
                (Axis::Grade, Some(grade), _) => grade_name(w, grade),
                (Axis::Sex, _, Some(sex)) => w.say(&format!("group.sex-{sex}"), &[]),
                _ => continue,
            };
            match found.iter_mut().find(|(known, _)| *known == name) {
                Some((_, list)) => list.push(group),
                None => found.push((name, vec![group])),
            }
        }
        found
    }

    fn group_table(&self, w: &mut Writer, scope: Scope, axis: Axis, groups: &[(String, Vec<Group>)]) {
        let (pupils, level) = (&self.results.pupils, self.settings.level);
        let (mut rows, mut bars, mut plain) = (Vec::new(), Vec::new(), false);
        for (name, list) in groups {
            let share = self.tiers.share(pupils, list, Of::Part(RAISED), level);
            plain |= scope.is_district() && share.interval.is_some() && !share.clustered;
            rows.push(share_row(w, name, &share, scope.is_district()));
            let label = w.format.share(share.share);
            bars.push(Bar { name: name.clone(), value: share.share, interval: share.interval, label });
        }
        let mut notes = vec![self.interval_note(w, scope)];
        if plain {
            notes.push(w.say("note.plain-interval", &[]));
        }
        let columns = [("group", 20.0), ("sheets-used", 14.0), ("flagged", 14.0), ("share", 10.0), ("interval", 20.0)];
        w.table(&format!("flagged-{}", axis.word()), &[], &columns, rows, notes);
        if axis == Axis::Grade && bars.iter().filter(|bar| bar.value.is_some()).count() > 1 {
            let told = bars.iter().map(|bar| format!("{} {}", bar.name, bar.label)).collect::<Vec<_>>();
            let alt = w.say("alt.grades", &[("bars", &told.join(&w.say("frame.list", &[])))]);
            let axis = w.say("axis.share-flagged", &[]);
            w.figure("grades", &[], alt, Chart::Bars { axis, bars });
        }
        if scope.is_district() {
            let test = self.tests.get(&self.tiers.measure.id, axis, false);
            let text = self.test_sentence(w, test);
            w.paragraph("groups.test", &[("words", &text)]);
        }
    }

    /// One comparison in words.
    fn test_sentence(&self, w: &Writer, test: Option<&Test>) -> String {
        let Some(test) = test else { return w.say("test.hidden", &[]) };
        let (Some(made), Some(eta)) = (test.comparison.test, test.comparison.eta_squared) else {
            let schools = test.comparison.clusters.to_string();
            return w.say("test.cannot", &[("schools", &schools)]);
        };
        let f = w.format.number(Some(made.f), 2);
        let (df1, df2) = (w.format.number(Some(made.df1), 0), w.format.number(Some(made.df2), 0));
        let (p, holm) = (w.format.probability(Some(made.p)), w.format.probability(test.adjusted));
        let v = w.format.number(Some(eta.max(0.0).sqrt()), 2);
        let fills = [("f", f.as_str()), ("df1", &df1), ("df2", &df2), ("p", &p), ("holm", &holm), ("v", &v)];
        let significant = test.adjusted.is_some_and(|p| p < 1.0 - self.settings.level);
        w.say(if significant { "test.differs" } else { "test.no-difference" }, &fills)
    }

    /// Schools as a funnel: who lies outside what chance draws is told to the school, not in this report.
    fn schools(&self, w: &mut Writer) {
        w.part("part.schools");
        let pupils = &self.results.pupils;
        let everybody = Group::default();
        let schools = self.tiers.by_school(pupils, &[everybody], Of::Part(RAISED));
        let funnel = Funnel::of(&schools).filter(|_| self.tiers.counts.free(everybody));
        let Some(funnel) = funnel else {
            w.paragraph("groups.schools-hidden", &[]);
            return;
        };
        let free = |school: &&screening_core::schools::SchoolCount| {
            let at = pupils.schools.iter().position(|name| *name == school.school);
            at.is_some_and(|at| self.tiers.counts.free(Group { school: Some(at as u32), ..everybody }))
        };
        let shown: Vec<_> = schools.iter().filter(free).collect();
        let points: Vec<(f64, f64)> =
            shown.iter().map(|own| (own.pupils as f64, own.cases as f64 / (own.pupils as f64).max(1.0))).collect();
        let outside = shown.iter().filter(|own| funnel.standing(own) == Some(Standing::Outside)).count();
        let edge = shown.iter().filter(|own| funnel.standing(own) == Some(Standing::Edge)).count();
        let hidden = schools.len() - shown.len();
        let [all, drawn, outside, edge, hidden] =
            [schools.len(), shown.len(), outside, edge, hidden].map(|count| w.format.count(count as u64));
        let target = w.format.share(Some(funnel.target));
        let fills = [
            ("schools", all.as_str()),
            ("shown", &drawn),
            ("outside", &outside),
            ("edge", &edge),
            ("hidden", &hidden),
            ("target", &target),
        ];
        w.paragraph("groups.schools", &fills);
        w.note("groups.funnel-means", &[]);
        if points.is_empty() {
            return;
        }
        let alt = w.say("alt.funnel", &fills);
        let largest = points.iter().fold(0.0, |most: f64, point| most.max(point.0));
        let chart = Chart::Funnel {
            x: w.say("axis.sheets-of-school", &[]),
            y: w.say("axis.share-flagged", &[]),
            limits: limits(&funnel, largest),
            target: funnel.target,
            points,
            names: ["funnel.school", "funnel.district", "funnel.p95", "funnel.p998"].map(|key| w.say(key, &[])),
        };
        w.figure("funnel", &[], alt, chart);
    }
}

/// Limits at enough sizes of school for a smooth line.
fn limits(funnel: &Funnel, largest: f64) -> Vec<[f64; 5]> {
    let most = (largest * 1.1).ceil().max(20.0) as u64;
    let step = (most / 40).max(1);
    let sizes = (1..).map(|at| at * step).skip_while(|size| *size < 10).take_while(|size| *size <= most + step);
    let line = |size: u64| {
        let limits = funnel.limits(size);
        [size as f64, limits.p95.0, limits.p95.1, limits.p998.0, limits.p998.1]
    };
    sizes.map(line).collect()
}

/// A group with its share and interval.
pub(super) fn share_row(w: &Writer, name: &str, share: &Share, district: bool) -> Vec<Cell> {
    let mut interval = w.format.share_interval(share.interval);
    if district && share.interval.is_some() && !share.clustered {
        interval.push_str(PLAIN);
    }
    vec![
        Cell::Text(name.to_owned()),
        w.shown(share.base),
        w.shown(share.cases),
        w.share(share.share),
        Cell::figure(interval, None),
    ]
}
