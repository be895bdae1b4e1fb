//! The walk through a district: school by school, class by class, pupil by pupil.
//!
//! Only one class of sheets is held at a time, and a few thousand make-up sheets, so that memory does not grow with the
//! number of pupils. Every school draws from a stream of its own: its pupils stay the same whatever else is generated.

use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Weekday, time};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::LogNormal;

use super::canonical::CanonicalWriter;
use super::config::{Config, MakeUpFile};
use super::earlier::EarlierWave;
use super::error::ExampleError;
use super::form::Battery;
use super::interviews::Interviews;
use super::latent::{LatentModel, Person};
use super::people::{ClassPlace, Fate, People, Pupil, mistyped, namesakes};
use super::records::RecordWriter;
use super::respond::{Style, fill};
use super::roster::Roster;
use super::summary::{AnswerFile, Summary};
use super::survey::{Sheet, SurveyWriter};
use super::{AnswerForm, ExampleParams, Progress};

/// Classes that one computer room takes on a day.
const SESSIONS_A_DAY: u32 = 6;
const MINUTES_A_SESSION: i64 = 60;

/// Everything that stays the same while a district is written.
pub(super) struct District<'a> {
    pub(super) config: &'a Config,
    pub(super) batteries: &'a [Battery],
    pub(super) latent: LatentModel,
    pub(super) people: People,
    pub(super) params: &'a ExampleParams,
    pub(super) first_day: Date,
}

/// A class as it sat the later wave: the wave before is drawn from it.
pub(super) struct SatClass<'c> {
    pub(super) place: ClassPlace,
    pub(super) pupils: &'c [Pupil],
    pub(super) effects: &'c [f64],
    /// Traits of each pupil; none of one who has no sheet.
    pub(super) traits: Vec<Option<Vec<f64>>>,
}

/// What is being written.
struct Output<'a> {
    interviews: Interviews<'a>,
    earlier: Option<EarlierWave<'a>>,
    records: RecordWriter<'a>,
    roster: Roster,
    make_up: Vec<Option<CanonicalWriter<'a>>>,
    /// With [`AnswerForm::Tables`], the sheets of the day by battery.
    tables: Vec<Option<CanonicalWriter<'a>>>,
    summary: Summary,
}

impl<'a> District<'a> {
    /// Writes roster and answers of all schools.
    pub(super) fn write(&'a self, schools: u32, progress: &dyn Fn(Progress)) -> Result<Summary, ExampleError> {
        let answers = self.params.out.join("answers");
        std::fs::create_dir_all(&answers).map_err(ExampleError::write(&answers))?;
        let mut output = Output {
            interviews: Interviews::create(&self.params.out, self.config, self.params.seed, self.first_day)?,
            roster: Roster::create(&self.params.out.join("roster.csv"))?,
            make_up: self.batteries.iter().map(|_| None).collect(),
            tables: self.batteries.iter().map(|_| None).collect(),
            summary: Summary::default(),
            earlier: if self.params.waves > 1 { Some(EarlierWave::create(self, schools)?) } else { None },
            records: RecordWriter::create(self)?,
        };
        let digits = schools.to_string().len().max(2);
        for school in 0..schools {
            let Some(which) = (school as usize).checked_rem(self.batteries.len()) else {
                break;
            };
            let file = format!("school-{:0digits$}.{}", school + 1, self.extension(which));
            let rows = self.school(school, schools, which, &answers.join(&file), &mut output, progress)?;
            if let (Some(battery), AnswerForm::Exports) = (self.batteries.get(which), self.params.answers) {
                output.summary.files.push(AnswerFile {
                    file: format!("answers/{file}"),
                    battery: battery.kind.id.clone(),
                    format: "survey",
                    coding: Some(battery.kind.coding.id()),
                    rows,
                });
            }
        }
        self.finish(output)
    }

    pub(super) fn school_name(&self, school: u32, battery: &Battery) -> String {
        let number = (school as usize).checked_div(self.batteries.len()).unwrap_or(0) + 1;
        battery.kind.school_name.replace("{n}", &number.to_string())
    }

    fn extension(&self, which: usize) -> &'static str {
        self.batteries.get(which).map_or("csv", |battery| battery.kind.file.extension())
    }

    fn finish(&self, output: Output<'a>) -> Result<Summary, ExampleError> {
        let Output { roster, make_up, tables, mut summary, earlier, interviews, records } = output;
        roster.finish()?;
        summary.interviews = interviews.finish()?;
        let written = records.finish()?;
        (summary.records, summary.decisions) = (written.records, written.decisions);
        summary.earlier = earlier.map(|earlier| earlier.finish().map(Box::new)).transpose()?;
        let make_up = self.batteries.iter().zip(make_up);
        let make_up =
            make_up.filter_map(|(battery, own)| Some((battery, make_up_name(battery, battery.kind.make_up?), own?)));
        let tables = self.batteries.iter().zip(tables);
        let tables = tables.filter_map(|(battery, own)| Some((battery, table_name(battery), own?)));
        for (battery, file, writer) in tables.chain(make_up) {
            summary.files.push(AnswerFile {
                file,
                battery: battery.kind.id.clone(),
                format: "canonical",
                coding: None,
                rows: writer.finish()?,
            });
        }
        summary.sheets = summary.files.iter().map(|file| file.rows).sum();
        Ok(summary)
    }

    fn school(
        &'a self,
        school: u32,
        schools: u32,
        which: usize,
        path: &Path,
        output: &mut Output<'a>,
        progress: &dyn Fn(Progress),
    ) -> Result<u64, ExampleError> {
        let Some(battery) = self.batteries.get(which) else {
            return Ok(0);
        };
        let mut rng = ChaCha8Rng::seed_from_u64(self.params.seed);
        rng.set_stream(u64::from(school) + 1);
        let effects = self.latent.school(&mut rng);
        let name = self.school_name(school, battery);
        let mut writer = match self.params.answers {
            AnswerForm::Tables => None,
            AnswerForm::Exports => {
                let created = self.first_day.to_datetime(time(8, 0, 0, 0));
                Some(SurveyWriter::create(path, &self.config.survey, battery, created)?)
            }
        };
        let mut make_up = Vec::new();
        if let Some(earlier) = &mut output.earlier {
            earlier.enter(school, which)?;
        }
        output.records.enter(school);
        let size = share(self.params.pupils, u64::from(schools), u64::from(school));
        for (session, (place, class_size)) in (0..).zip(self.classes(battery, school, size)) {
            let pupils = self.people.class(place, class_size, battery.kind.make_up.is_some(), &mut rng);
            let class_effects = self.latent.class(&effects, &mut rng);
            let class = Class { battery, place, first_day: self.first_day, session, effects: &class_effects };
            count(&pupils, &mut output.summary);
            let class_name = self.config.district.class_name.replace("{n}", &place.class.to_string());
            output.roster.push(&name, place.grade, &class_name, &pupils)?;
            let mut sheets = Vec::new();
            let mut known = Vec::with_capacity(pupils.len());
            for pupil in &pupils {
                known.push(match pupil.fate {
                    Fate::Sat => {
                        let traits = self.sit(&class, pupil, &mut rng, &mut sheets, &mut output.summary);
                        // The first sheet stands last.
                        let answers = sheets.last().map_or(&[][..], |sheet| &sheet.answers);
                        output.interviews.see(&pupil.student_id, battery, answers, &traits);
                        Some(traits)
                    }
                    Fate::MakeUp => {
                        let traits = self.traits(&class, pupil, &mut rng);
                        let sheet = self.sheet(&class, pupil, &traits, &mut rng, &mut output.summary);
                        output.interviews.see(&pupil.student_id, battery, &sheet.answers, &traits);
                        make_up.push(sheet);
                        Some(traits)
                    }
                    _ => None,
                });
            }
            output.records.class(&pupils, &known)?;
            if let Some(earlier) = &mut output.earlier {
                let sat = SatClass { place, pupils: &pupils, effects: &class_effects, traits: known };
                earlier.class(&sat)?;
            }
            sheets.sort_by(|a, b| (a.submitted, &a.student_id).cmp(&(b.submitted, &b.student_id)));
            match &mut writer {
                Some(writer) => sheets.iter().try_for_each(|sheet| writer.push(sheet))?,
                None => {
                    let path = self.params.out.join(table_name(battery));
                    self.push_table(output.tables.get_mut(which), &path, MakeUpFile::Parquet, battery, &mut sheets)?;
                }
            }
            progress(Progress {
                pupils_done: output.summary.pupils,
                pupils: self.params.pupils,
                school: school + 1,
                schools,
            });
        }
        self.push_make_up(which, battery, &mut make_up, output)?;
        output.interviews.leave(school)?;
        if let Some(earlier) = &mut output.earlier {
            earlier.leave(&effects, size)?;
        }
        output.summary.schools += 1;
        writer.map_or(Ok(0), SurveyWriter::finish)
    }

    fn push_make_up(
        &'a self,
        which: usize,
        battery: &'a Battery,
        sheets: &mut Vec<Sheet>,
        output: &mut Output<'a>,
    ) -> Result<(), ExampleError> {
        let Some(form) = battery.kind.make_up else { return Ok(()) };
        let path: PathBuf = self.params.out.join(make_up_name(battery, form));
        self.push_table(output.make_up.get_mut(which), &path, form, battery, sheets)
    }

    /// Appends sheets to a table, which is opened with the first of them.
    fn push_table(
        &'a self,
        slot: Option<&mut Option<CanonicalWriter<'a>>>,
        path: &Path,
        form: MakeUpFile,
        battery: &'a Battery,
        sheets: &mut Vec<Sheet>,
    ) -> Result<(), ExampleError> {
        let Some(slot) = slot.filter(|_| !sheets.is_empty()) else { return Ok(()) };
        let writer = match slot {
            Some(writer) => writer,
            None => slot.insert(CanonicalWriter::create(path, form, battery, &self.config.survey)?),
        };
        writer.push(sheets)
    }

    /// The classes of a school with their sizes, evenly filled.
    pub(super) fn classes(&self, battery: &Battery, school: u32, size: u64) -> impl Iterator<Item = (ClassPlace, u64)> {
        let grades = battery.kind.grades;
        let count = u64::from(grades.to - grades.from) + 1;
        let class_size = self.config.district.class_size;
        (grades.from..=grades.to).zip(0..).flat_map(move |(grade, index)| {
            let in_grade = share(size, count, index);
            let classes = in_grade.div_ceil(class_size);
            (1..)
                .zip(0..classes)
                .map(move |(class, place)| (ClassPlace { school, grade, class }, share(in_grade, classes, place)))
        })
    }

    /// The sheet of a pupil who sits with the class, and sometimes a second one; gives the traits behind the first.
    pub(super) fn sit(
        &self,
        class: &Class<'_>,
        pupil: &Pupil,
        rng: &mut ChaCha8Rng,
        sheets: &mut Vec<Sheet>,
        summary: &mut Summary,
    ) -> Vec<f64> {
        let traits = self.traits(class, pupil, rng);
        let again = |rng: &mut ChaCha8Rng| self.traits(class, pupil, rng);
        self.sit_with(class, pupil, &traits, again, rng, sheets, summary);
        traits
    }

    /// The same with given traits; `again` gives those behind a second sheet.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn sit_with(
        &self,
        class: &Class<'_>,
        pupil: &Pupil,
        traits: &[f64],
        again: impl FnOnce(&mut ChaCha8Rng) -> Vec<f64>,
        rng: &mut ChaCha8Rng,
        sheets: &mut Vec<Sheet>,
        summary: &mut Summary,
    ) {
        let rates = &self.config.rates;
        let mut sheet = self.sheet(class, pupil, traits, rng, summary);
        if rng.random_bool(rates.unknown_id) {
            sheet.student_id = mistyped(&pupil.student_id, rng);
            summary.unknown_ids += 1;
        } else if rng.random_bool(rates.duplicate) {
            let traits = again(rng);
            let mut second = self.sheet(class, pupil, &traits, rng, summary);
            second.submitted = sheet.submitted.saturating_add((i64::from(second.seconds) + 30).seconds());
            summary.duplicates += 1;
            sheets.push(second);
        }
        sheets.push(sheet);
    }

    fn traits(&self, class: &Class<'_>, pupil: &Pupil, rng: &mut ChaCha8Rng) -> Vec<f64> {
        self.latent.pupil(class.effects, Person { grade: class.place.grade, girl: pupil.girl }, rng)
    }

    fn sheet(
        &self,
        class: &Class<'_>,
        pupil: &Pupil,
        traits: &[f64],
        rng: &mut ChaCha8Rng,
        summary: &mut Summary,
    ) -> Sheet {
        let rates = &self.config.rates;
        let too_fast = rng.random_bool(rates.too_fast);
        let style = Style {
            straight: rng.random_bool(rates.straight_line).then(|| rng.random()),
            random: too_fast && rng.random_bool(rates.too_fast_random),
            heavy_blank: rng.random_bool(rates.blank_heavy_sheet),
            clock_slip: rng.random_bool(rates.clock_slip),
        };
        summary.too_fast += u64::from(too_fast);
        summary.straight_lined += u64::from(style.straight.is_some());
        summary.blank_heavy_sheets += u64::from(style.heavy_blank);
        let mut answers = Vec::with_capacity(class.battery.len());
        for form in &class.battery.forms {
            fill(form, traits, style, rates, rng, &mut answers, summary);
        }
        let seconds = seconds(answers.len(), too_fast, rng);
        let start = match pupil.fate {
            Fate::MakeUp => self.make_up_day(),
            _ => session(class.first_day, class.session),
        };
        let late = rng.random_range(0..180_i64);
        Sheet {
            student_id: pupil.student_id.clone(),
            submitted: start.saturating_add((late + i64::from(seconds)).seconds()),
            seconds,
            source: rng.random_range(0..usize::from(u8::MAX)),
            address: rng.random_range(1..255),
            answers,
        }
    }

    fn make_up_day(&self) -> DateTime {
        let later = i64::from(self.config.district.make_up_days_later);
        next_school_day(self.first_day.saturating_add(later.days())).to_datetime(time(14, 0, 0, 0))
    }
}

/// Start of a class's session: classes follow each other on the school days of the wave.
fn session(first_day: Date, session: u32) -> DateTime {
    let mut day = next_school_day(first_day);
    for _ in 0..session / SESSIONS_A_DAY {
        day = next_school_day(day.saturating_add(1.day()));
    }
    let minutes = i64::from(session % SESSIONS_A_DAY) * MINUTES_A_SESSION;
    day.to_datetime(time(8, 20, 0, 0)).saturating_add(minutes.minutes())
}

pub(super) fn count(pupils: &[Pupil], summary: &mut Summary) {
    summary.classes += 1;
    summary.namesakes += namesakes(pupils);
    for pupil in pupils {
        summary.pupils += 1;
        *match pupil.fate {
            Fate::OutOfScope => &mut summary.out_of_scope,
            Fate::Refused => &mut summary.refused,
            Fate::Withdrawn => &mut summary.withdrawn,
            Fate::Absent => &mut summary.absent,
            Fate::Unexplained => &mut summary.unexplained,
            Fate::MakeUp => &mut summary.make_up,
            Fate::Sat => &mut summary.sat,
        } += 1;
    }
}

/// A class in its session.
pub(super) struct Class<'a> {
    pub(super) battery: &'a Battery,
    pub(super) place: ClassPlace,
    pub(super) first_day: Date,
    pub(super) session: u32,
    pub(super) effects: &'a [f64],
}

fn table_name(battery: &Battery) -> String {
    format!("answers/{}.parquet", battery.kind.id)
}

fn make_up_name(battery: &Battery, form: MakeUpFile) -> String {
    format!("answers/make-up-{}.{}", battery.kind.id, form.extension())
}

fn next_school_day(day: Date) -> Date {
    match day.weekday() {
        Weekday::Saturday => day.saturating_add(2.days()),
        Weekday::Sunday => day.saturating_add(1.day()),
        _ => day,
    }
}

/// Part number `index` of `total` cut into `parts` as evenly as whole numbers allow.
pub(super) fn share(total: u64, parts: u64, index: u64) -> u64 {
    match (total.checked_div(parts), total.checked_rem(parts)) {
        (Some(whole), Some(rest)) => whole + u64::from(index < rest),
        _ => 0,
    }
}

/// Time for a sheet: about four seconds a question, or far less than reading takes.
fn seconds(questions: usize, too_fast: bool, rng: &mut ChaCha8Rng) -> u32 {
    let each = if too_fast {
        rng.random_range(0.25..0.8)
    } else {
        LogNormal::new(4.0_f64.ln(), 0.25).map_or(4.0, |law| rng.sample(law)).clamp(1.8, 12.0)
    };
    (questions as f64 * each).ceil() as u32
}
