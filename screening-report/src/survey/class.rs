//! Pages for class teachers and for those in charge of a grade: who took part, and the picture of the whole grade. No name stands
//! beside a result, and no result of a single class is counted: in a class nearly every count is small.

use std::collections::BTreeMap;

use screening_core::coverage::Status;

use super::basis::grade_name;
use super::groups::share_row;
use super::{Scope, Survey};
use crate::error::{ReportError, refuse};
use crate::model::{Block, Cell, Report};
use crate::released::{Group, Of};
use crate::source::RAISED;
use crate::writer::Writer;

/// Pupils of a group, and those of them with a valid sheet.
#[derive(Debug, Clone, Copy, Default)]
struct Reached {
    enrolled: u64,
    valid: u64,
}

impl Survey<'_> {
    /// One page a class of a school: its own completion beside that of the grade and the school, the picture of the grade, and
    /// what class teachers can do. `grade` and `class` choose among the classes.
    ///
    /// # Errors
    /// When there is no such school or class.
    pub fn classes(&self, school: &str, grade: Option<u8>, class: Option<&str>) -> Result<Report, ReportError> {
        let (at, mut writer) = self.begin(school)?;
        let w = &mut writer;
        let classes = self.reached(at);
        let wanted =
            |own: &(u8, &str)| grade.is_none_or(|grade| grade == own.0) && class.is_none_or(|class| class == own.1);
        let chosen: Vec<(u8, &str)> = classes.keys().copied().filter(wanted).collect();
        if chosen.is_empty() {
            let known: Vec<String> = classes.keys().map(|(grade, class)| format!("{grade} {class}")).collect();
            return Err(refuse("class", &[("school", school), ("known", &known.join(", "))]));
        }
        for own in chosen {
            let name = class_name(w, own);
            w.section(name.clone(), 1, true);
            let mut of_grade = Reached::default();
            let mut of_school = Reached::default();
            for (key, reached) in &classes {
                of_school.add(*reached);
                if key.0 == own.0 {
                    of_grade.add(*reached);
                }
            }
            let whole = [(grade_name(w, own.0), of_grade), (w.say("group.whole-school", &[]), of_school)];
            let rows = classes.get(&own).map(|reached| (name.clone(), *reached)).into_iter().chain(whole);
            let rows = rows.map(|(name, reached)| reached.row(w, name)).collect();
            completion(w, &name, rows);
            self.picture(w, at, own.0);
            self.for_teachers(w);
        }
        Ok(self.end(writer, "title.class", school))
    }

    /// One page a grade of a school: completion of its classes, and the picture of the grade.
    ///
    /// # Errors
    /// When there is no such school or grade.
    pub fn grades(&self, school: &str, grade: Option<u8>) -> Result<Report, ReportError> {
        let (at, mut writer) = self.begin(school)?;
        let w = &mut writer;
        let classes = self.reached(at);
        let mut grades: Vec<u8> = classes.keys().map(|(grade, _)| *grade).collect();
        grades.dedup();
        let known: Vec<String> = grades.iter().map(u8::to_string).collect();
        grades.retain(|own| grade.is_none_or(|grade| grade == *own));
        if grades.is_empty() {
            return Err(refuse("class", &[("school", school), ("known", &known.join(", "))]));
        }
        for own in grades {
            let name = grade_name(w, own);
            w.section(name.clone(), 1, true);
            let mut whole = Reached::default();
            let mut rows = Vec::new();
            for (key, reached) in classes.iter().filter(|(key, _)| key.0 == own) {
                whole.add(*reached);
                rows.push(reached.row(w, class_name(w, *key)));
            }
            rows.push(whole.row(w, w.say("group.whole-grade", &[])));
            completion(w, &name, rows);
            self.picture(w, at, own);
        }
        Ok(self.end(writer, "title.grade", school))
    }

    fn begin(&self, school: &str) -> Result<(u32, Writer), ReportError> {
        Ok((self.school_at(school)?, Writer::new(self.settings.language, self.results.rule().threshold)))
    }

    fn end(&self, w: Writer, title: &str, school: &str) -> Report {
        let (title, below) =
            (w.say(title, &[("school", school)]), vec![w.say("title.wave", &[("wave", self.results.wave())])]);
        w.finish(title, below, "notice.class", false)
    }

    /// Pupils of a school by grade and class.
    fn reached(&self, school: u32) -> BTreeMap<(u8, &str), Reached> {
        let pupils = &self.results.pupils;
        let valid = Status::Valid.position() as u8;
        let mut found: BTreeMap<(u8, &str), Reached> = BTreeMap::new();
        for row in self.rows(Scope { school: Some(school) }) {
            let class = pupils.class.get(row).map_or("", String::as_str);
            let own = found.entry((pupils.grade.get(row).copied().unwrap_or(0), class)).or_default();
            own.enrolled += 1;
            own.valid += u64::from(pupils.status.get(row) == Some(&valid));
        }
        found
    }

    /// The shares of a grade of the school, as far as they may be shown.
    fn picture(&self, w: &mut Writer, school: u32, grade: u8) {
        let (pupils, level) = (&self.results.pupils, self.settings.level);
        let group = Group { school: Some(school), grade: Some(grade), sex: None };
        let name = grade_name(w, grade);
        let part = w.say("part.picture", &[("grade", &name)]);
        w.section(part, 2, false);
        w.paragraph("class.picture", &[("grade", &name)]);
        let mut rows = Vec::new();
        for counted in std::iter::once(&self.tiers).chain(&self.scales) {
            if !counted.counts.has(group) {
                continue;
            }
            let share = counted.share(pupils, &[group], Of::Part(RAISED), level);
            let own = counted.measure.instrument.is_empty();
            let name = if own { w.say("class.flagged", &[]) } else { w.pick(&counted.measure.name).to_owned() };
            rows.push(share_row(w, &name, &share, false));
        }
        let notes = vec![self.interval_note(w, Scope { school: Some(school) }), w.say("note.raised", &[])];
        let columns = [("what", 30.0), ("sheets-used", 12.0), ("pupils", 12.0), ("share", 10.0), ("interval", 18.0)];
        w.table("picture", &[("grade", &name)], &columns, rows, notes);
    }

    fn for_teachers(&self, w: &mut Writer) {
        let heading = w.say("part.teachers", &[]);
        w.section(heading, 2, false);
        let keys = ["class.watch", "class.no-guessing", "class.tell", "class.emergency"];
        let items = keys.map(|key| w.say(key, &[])).to_vec();
        w.block(Block::List(items));
        if !self.settings.help_lines.is_empty() {
            w.paragraph("conclusions.help", &[]);
            let lines = self.settings.help_lines.iter().map(|text| w.pick(text).to_owned()).collect();
            w.block(Block::List(lines));
        }
    }
}

impl Reached {
    fn add(&mut self, other: Self) {
        self.enrolled += other.enrolled;
        self.valid += other.valid;
    }

    fn row(self, w: &Writer, name: String) -> Vec<Cell> {
        let rate = (self.enrolled > 0).then(|| self.valid as f64 / self.enrolled as f64);
        let without = self.enrolled.saturating_sub(self.valid);
        vec![Cell::Text(name), w.count(self.enrolled), w.count(self.valid), w.count(without), w.share(rate)]
    }
}

fn class_name(w: &Writer, (grade, class): (u8, &str)) -> String {
    let class = if class.is_empty() { w.say("group.class-unknown", &[]) } else { class.to_owned() };
    format!("{} {class}", grade_name(w, grade))
}

/// The table of who took part.
fn completion(w: &mut Writer, name: &str, rows: Vec<Vec<Cell>>) {
    let columns = [("group", 24.0), ("enrolled", 12.0), ("valid", 12.0), ("without-sheet", 16.0), ("valid-rate", 12.0)];
    let notes = vec![w.say("note.completion", &[])];
    w.table("completion", &[("group", name)], &columns, rows, notes);
}
