//! Chapters 1 and 2: basis; subjects and methods.

use screening_core::coverage::Status;
use screening_core::disclosure::Shown;

use super::{Scope, Survey};
use crate::model::{Block, Cell};
use crate::released::{Group, Of};
use crate::source::RAISED;
use crate::writer::Writer;

impl Survey<'_> {
    pub(super) fn basis(&self, w: &mut Writer, scope: Scope) {
        w.chapter("chapter.basis");
        w.paragraph("basis.purpose", &[("wave", self.results.wave())]);
        if self.settings.basis.is_empty() {
            w.form(&[("form.basis", String::new(), 3)]);
        } else {
            w.paragraph("basis.documents", &[]);
            let documents = self.settings.basis.iter().map(|text| w.pick(text).to_owned()).collect();
            w.block(Block::List(documents));
        }
        w.warning("notice.not-a-diagnosis", &[]);
        if scope.is_district() {
            w.paragraph("basis.no-ranking", &[]);
        }
    }

    pub(super) fn methods(&self, w: &mut Writer, scope: Scope) {
        w.chapter("chapter.methods");
        w.part("part.subjects");
        self.subjects(w, scope);
        w.part("part.instruments");
        self.instruments(w);
        w.part("part.validity");
        self.validity(w, scope);
        w.part("part.levels");
        self.levels(w);
        w.part("part.statistics");
        let level = w.format.share(Some(self.settings.level)).replace(".0%", "%");
        w.paragraph("methods.intervals", &[("level", &level)]);
        if scope.is_district() {
            let (tests, schools) = (self.tests.made().to_string(), self.results.schools().len().to_string());
            w.paragraph("methods.tests", &[("tests", &tests), ("schools", &schools)]);
        }
        let (threshold, sign) = (self.results.rule().threshold.to_string(), w.format.shown(Shown::Withheld));
        w.paragraph("methods.suppression", &[("threshold", threshold.as_str()), ("sign", &sign)]);
    }

    /// Who was to be reached and who was. How many pupils have a valid sheet is told of every group, since all shares rest on
    /// it; why the others have none passes the suppression step.
    fn subjects(&self, w: &mut Writer, scope: Scope) {
        let pupils = &self.results.pupils;
        let valid = Status::Valid.position() as u8;
        let rows: Vec<usize> = self.rows(scope).collect();
        let with_status = |place: u8| rows.iter().filter(|row| pupils.status.get(**row) == Some(&place)).count() as u64;
        let (enrolled, usable) = (rows.len() as u64, with_status(valid));
        let rate = (enrolled > 0).then(|| usable as f64 / enrolled as f64);
        let (first, last) = self.days;
        let days = if first == last { first.to_string() } else { format!("{first} ~ {last}") };
        let counts = (w.format.count(enrolled), w.format.count(usable), w.format.share(rate));
        let fills = [("days", days.as_str()), ("enrolled", &counts.0), ("valid", &counts.1), ("rate", &counts.2)];
        w.paragraph("methods.subjects", &fills);
        w.paragraph("methods.valid-rate", &[]);
        let mut reasons = vec![
            vec![Cell::Text(w.say("status.enrolled", &[])), w.count(enrolled), w.share(None)],
            vec![w.text(&Status::Valid.name()), w.count(usable), w.share(rate)],
        ];
        for (at, status) in Status::ALL.into_iter().filter(|status| *status != Status::Valid).enumerate() {
            let shown = self.reasons.get(scope.all(), Of::Value(at));
            let share = shown.value().filter(|_| enrolled > 0).map(|count| count as f64 / enrolled as f64);
            reasons.push(vec![w.text(&status.name()), w.shown(shown), w.share(share)]);
        }
        let notes = vec![w.say("note.coverage", &[])];
        w.table("coverage", &[], &[("status", 24.0), ("pupils", 12.0), ("of-enrolled", 14.0)], reasons, notes);
        self.waterfall(w, scope, enrolled, usable);
        let mut grades: Vec<u8> = rows.iter().filter_map(|row| pupils.grade.get(*row).copied()).collect();
        grades.sort_unstable();
        grades.dedup();
        let row = |grade: &u8| {
            let own = rows.iter().filter(|row| pupils.grade.get(**row) == Some(grade));
            let (mut enrolled, mut usable) = (0_u64, 0_u64);
            for row in own {
                enrolled += 1;
                usable += u64::from(pupils.status.get(*row) == Some(&valid));
            }
            let rate = (enrolled > 0).then(|| usable as f64 / enrolled as f64);
            vec![Cell::Text(grade_name(w, *grade)), w.count(enrolled), w.count(usable), w.share(rate)]
        };
        let rows = grades.iter().map(row).collect();
        let columns = [("grade", 16.0), ("enrolled", 12.0), ("valid", 12.0), ("valid-rate", 12.0)];
        w.table("grades", &[], &columns, rows, Vec::new());
    }

    fn instruments(&self, w: &mut Writer) {
        w.paragraph("methods.instruments", &[]);
        let mut rows = Vec::new();
        for (fact, grades) in self.results.summary.provenance.instruments.iter().zip(&self.grades) {
            let Some(instrument) = self.results.library.get(&fact.id) else { continue };
            let definition = instrument.definition();
            let grades: Vec<String> = grades.iter().map(u8::to_string).collect();
            let mut sources: Vec<&str> = Vec::new();
            for measure in self.results.scales.iter().filter(|measure| measure.instrument == fact.id) {
                if !measure.source.is_empty() && !sources.contains(&measure.source.as_str()) {
                    sources.push(&measure.source);
                }
            }
            let scales = self.results.scales.iter().filter(|measure| measure.instrument == fact.id).count();
            rows.push(vec![
                Cell::Text(format!("{} ({})", w.pick(&definition.name), definition.abbreviation)),
                Cell::Text(grades.join(", ")),
                w.count(definition.items.len() as u64),
                w.count(scales as u64),
                Cell::Text(sources.join(&w.say("frame.list", &[]))),
                Cell::Text(fact.citation.clone()),
            ]);
        }
        let columns = [
            ("scale", 30.0),
            ("grades", 9.0),
            ("items", 7.0),
            ("scores", 8.0),
            ("cutoff-source", 32.0),
            ("version", 16.0),
        ];
        w.table("instruments", &[], &columns, rows, Vec::new());
    }

    fn validity(&self, w: &mut Writer, scope: Scope) {
        let plan = self.results.summary.provenance.validity.as_deref();
        match plan {
            Some(plan) => w.paragraph("methods.validity", &[("plan", plan)]),
            None => w.paragraph("methods.no-validity", &[]),
        }
        let rows = self.results.summary.rows;
        let [read, used, superseded, rejected] =
            [rows.read, rows.used, rows.superseded, rows.rejected].map(|count| w.format.count(count));
        if !scope.is_district() {
            return;
        }
        let fills = [("read", read.as_str()), ("used", &used), ("superseded", &superseded), ("rejected", &rejected)];
        w.paragraph("methods.rows", &fills);
        let Some(facts) = &self.results.summary.validity else { return };
        let limit = u64::from(self.results.rule().threshold);
        let shown = |count: u64| {
            if count > 0 && count < limit { Shown::Small } else { Shown::Value(count) }
        };
        let rows = facts.instruments.iter().map(|fact| {
            let name = self.results.library.get(&fact.instrument);
            let name = name.map_or(fact.instrument.clone(), |own| own.definition().abbreviation.clone());
            // One small part alone could be worked out from the sum.
            let parts = [fact.valid, fact.doubtful, fact.invalid];
            let small = parts.iter().filter(|part| **part > 0 && **part < limit).count();
            let cell = |count: u64| {
                let hidden = small == 1 && Some(&count) == parts.iter().filter(|part| **part >= limit).min();
                w.shown(if hidden { Shown::Withheld } else { shown(count) })
            };
            vec![Cell::Text(name), w.count(fact.sheets), cell(fact.valid), cell(fact.doubtful), cell(fact.invalid)]
        });
        let rows = rows.collect();
        let columns = [
            ("scale", 20.0),
            ("sheets", 10.0),
            ("sheets-valid", 12.0),
            ("sheets-doubtful", 14.0),
            ("sheets-invalid", 14.0),
        ];
        let notes = vec![w.say("note.sheets", &[])];
        w.table("validity", &[], &columns, rows, notes);
    }

    fn levels(&self, w: &mut Writer) {
        w.paragraph("methods.levels", &[("policy", &self.results.summary.provenance.policy)]);
        let rows = self.results.policy.tiers().map(|tier| {
            let due = due(w, tier.response_hours);
            vec![w.text(&tier.name), Cell::Text(due), w.text(&tier.owner), w.text(&tier.next_step)]
        });
        let rows = rows.collect();
        let columns = [("level", 14.0), ("due", 12.0), ("owner", 16.0), ("next-step", 50.0)];
        w.table("levels", &[], &columns, rows, Vec::new());
    }

    /// The sentence on all pupils whose level asks for a talk.
    pub(super) fn flagged_of(&self, scope: Scope) -> crate::figures::Share {
        self.tiers.share(&self.results.pupils, &[scope.all()], Of::Part(RAISED), self.settings.level)
    }

    /// A grade of the scope.
    pub(super) fn grade_of(scope: Scope, grade: u8) -> Group {
        Group { grade: Some(grade), ..scope.all() }
    }
}

/// A time limit in words.
pub(crate) fn due(w: &Writer, hours: Option<u32>) -> String {
    match hours {
        None => w.say("due.none", &[]),
        Some(hours) if hours % 24 == 0 => w.say("due.days", &[("count", &(hours / 24).to_string())]),
        Some(hours) => w.say("due.hours", &[("count", &hours.to_string())]),
    }
}

/// A grade in words.
pub(crate) fn grade_name(w: &Writer, grade: u8) -> String {
    if grade == 0 { w.say("group.grade-unknown", &[]) } else { w.say("group.grade", &[("grade", &grade.to_string())]) }
}
