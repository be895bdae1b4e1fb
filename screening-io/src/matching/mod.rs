//! Whose sheet is it? Sheets are matched to the pupils of a roster by number, by login code, or by school, class and
//! name, and every sheet that was not is listed with the reason.

mod index;
mod repeated;

use jiff::civil::Date;
use polars::prelude::*;

use crate::answers::AnswerSet;
use crate::error::{IoError, Place, Problem, Rejected, Scope};
use crate::roster::{Known, Roster, SchoolSystem, Stage, read_class};
use crate::words::narrow;

use index::{Found, Index, person_name, plain};
pub use repeated::drop_repeated;

/// A way to find the pupil of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchBy {
    /// The student id, or another number that the class list has for one pupil only.
    StudentId,
    /// The login code.
    LoginCode,
    /// School, class and name.
    SchoolClassName,
}

/// How sheets are matched.
#[derive(Debug, Clone)]
pub struct MatchSpec {
    /// The ways, in the order in which they are tried.
    pub by: Vec<MatchBy>,
    /// School of the sheets that name none.
    pub school: Option<String>,
    /// Day of the test, from which years of entry in class names are counted.
    pub day: Option<Date>,
    /// How long the stages of school are.
    pub system: SchoolSystem,
}

impl Default for MatchSpec {
    fn default() -> Self {
        Self { by: vec![MatchBy::StudentId], school: None, day: None, system: SchoolSystem::default() }
    }
}

impl MatchSpec {
    /// Whether names or login codes are needed, so that files have to be read with `for_matching`.
    pub fn needs_keys(&self) -> bool {
        self.by.iter().any(|by| *by != MatchBy::StudentId)
    }
}

/// What was matched how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MatchReport {
    /// Sheets by the way that found their pupil.
    pub matched: Vec<(MatchBy, usize)>,
    /// Sheets whose pupil was not found.
    pub unmatched: usize,
    /// Why not, a notice a sheet. Sheets with an unknown student id and no other way to try are not among them: the
    /// screening lists them.
    pub notices: Vec<Rejected>,
}

/// Finds the pupil of every sheet. In the frame `student_id` becomes that of the roster, and `matched_by` tells how it
/// was found; a sheet that matches no pupil, several, or one of another name keeps the id that it has, if any, and stays
/// in the frame, so that critical answers on it are seen. Name and login code leave the frame.
///
/// # Errors
/// When the frame cannot be put together.
///
/// ```
/// use screening_io::{MatchSpec, RosterOptions, SurveySpec, match_sheets, read_roster_bytes};
/// # use screening_core::instrument::Library;
/// # use screening_io::InstrumentPart;
/// # let library = Library::bundled().unwrap();
/// # let instruments = vec![InstrumentPart::new(library.get("gad-7").unwrap().definition())];
/// let options = RosterOptions { for_matching: true, ..RosterOptions::default() };
/// let roster = read_roster_bytes("r.csv", "学籍号,学号,姓名\nG1,7,甲\n".as_bytes(), &options)?;
/// let export = "序号,1、学号,2、a,3、b,4、c,5、d,6、e,7、f,8、g\n1,7,0,1,2,3,0,1,2\n";
/// let spec = SurveySpec { instruments, ..SurveySpec::default() };
/// let mut sheets = screening_io::read_survey_bytes("a.csv", export.as_bytes(), &spec)?;
/// let report = match_sheets(&mut sheets, &roster, &MatchSpec::default())?;
/// assert_eq!(report.unmatched, 0);
/// assert_eq!(sheets.frame.column("student_id").unwrap().str().unwrap().get(0), Some("G1"));
/// # Ok::<(), screening_io::IoError>(())
/// ```
pub fn match_sheets(set: &mut AnswerSet, roster: &Roster, spec: &MatchSpec) -> Result<MatchReport, IoError> {
    let index = Index::of(roster, spec);
    let sheets = Sheets::of(&set.frame);
    let height = set.frame.height();
    let mut report = MatchReport { matched: spec.by.iter().map(|by| (*by, 0)).collect(), ..MatchReport::default() };
    let mut ids: Vec<Option<String>> = Vec::with_capacity(height);
    let mut ways: Vec<Option<&str>> = Vec::with_capacity(height);
    for row in 0..height {
        let own = sheets.id(row);
        match find(&index, &sheets, row, spec) {
            Ok((by, id)) => {
                if let Some((_, count)) = report.matched.iter_mut().find(|(way, _)| *way == by) {
                    *count += 1;
                }
                ids.push(Some(id.to_owned()));
                ways.push(Some(by.word()));
            }
            Err(reason) => {
                report.unmatched += 1;
                // A sheet that contradicts the class list must not count for the pupil whose number it bears.
                let contradicted = reason == "match-other-name";
                if spec.needs_keys() || contradicted {
                    report.notices.push(Rejected::new(Scope::Notice, Problem::new(reason, sheets.place(row))));
                }
                ids.push(own.filter(|_| !contradicted).map(str::to_owned));
                ways.push(None);
            }
        }
    }
    let frame = &mut set.frame;
    let broken = |cause: PolarsError| Problem::new("frame-broken", Place::default()).with("cause", cause);
    frame.with_column(Column::new("student_id".into(), ids)).map_err(broken)?;
    frame.with_column(Column::new("matched_by".into(), ways)).map_err(broken)?;
    for name in ["name", "login_code"] {
        if frame.column(name).is_ok() {
            let _ = frame.drop_in_place(name).map_err(broken)?;
        }
    }
    Ok(report)
}

impl MatchBy {
    /// The word of the job file.
    pub fn word(self) -> &'static str {
        match self {
            Self::StudentId => "student-id",
            Self::LoginCode => "login-code",
            Self::SchoolClassName => "school-class-name",
        }
    }
}

/// The pupil of a sheet, or why none can be told: the first way that finds one pupil counts, and no way may find a pupil
/// of another name.
fn find<'a>(
    index: &'a Index,
    sheets: &Sheets,
    row: usize,
    spec: &MatchSpec,
) -> Result<(MatchBy, &'a str), &'static str> {
    let mut reason = "match-none";
    for by in &spec.by {
        let found = match by {
            MatchBy::StudentId => sheets.id(row).map_or(Found::None, |id| index.by_number(id)),
            MatchBy::LoginCode => sheets.login(row).map_or(Found::None, |code| index.by_login(code)),
            MatchBy::SchoolClassName => by_name(index, sheets, row, spec),
        };
        match found {
            Found::None => {}
            Found::Several => reason = "match-several",
            Found::One(pupil) => {
                let named = sheets.name(row).map(person_name);
                if let (Some(named), Some(known)) = (named, index.name(pupil))
                    && named != known
                {
                    return Err("match-other-name");
                }
                return Ok((*by, index.id(pupil)));
            }
        }
    }
    Err(reason)
}

fn by_name(index: &Index, sheets: &Sheets, row: usize, spec: &MatchSpec) -> Found {
    let (Some(name), Some(class)) = (sheets.name(row), sheets.class(row)) else { return Found::None };
    let school = sheets.school(row).or(spec.school.as_deref());
    let stage = school.and_then(Stage::named_in);
    let known = Known { grade: sheets.grade(row), stage, day: spec.day, system: spec.system };
    let (class, _) = read_class(class, known);
    index.by_name(school.map(plain).as_deref(), &class, &person_name(name))
}

/// The columns of the sheets that tell whose they are.
struct Sheets {
    texts: Vec<(&'static str, Option<StringChunked>)>,
    grades: Option<UInt8Chunked>,
    rows: Option<UInt32Chunked>,
}

impl Sheets {
    fn of(frame: &DataFrame) -> Self {
        let text = |name: &str| frame.column(name).ok().and_then(|column| column.str().ok()).cloned();
        let names = ["student_id", "login_code", "name", "school", "class", "source_file"];
        Self {
            texts: names.into_iter().map(|name| (name, text(name))).collect(),
            grades: frame.column("grade").ok().and_then(|column| column.u8().ok()).cloned(),
            rows: frame.column("source_row").ok().and_then(|column| column.u32().ok()).cloned(),
        }
    }

    fn get(&self, name: &str, row: usize) -> Option<&str> {
        let (_, column) = self.texts.iter().find(|(known, _)| *known == name)?;
        column.as_ref()?.get(row).map(str::trim).filter(|text| !text.is_empty())
    }

    fn id(&self, row: usize) -> Option<&str> {
        self.get("student_id", row)
    }

    fn login(&self, row: usize) -> Option<&str> {
        self.get("login_code", row)
    }

    fn name(&self, row: usize) -> Option<&str> {
        self.get("name", row)
    }

    fn school(&self, row: usize) -> Option<&str> {
        self.get("school", row)
    }

    fn class(&self, row: usize) -> Option<&str> {
        self.get("class", row)
    }

    fn grade(&self, row: usize) -> Option<u8> {
        self.grades.as_ref()?.get(row)
    }

    fn place(&self, row: usize) -> Place {
        let source = self.rows.as_ref().and_then(|rows| rows.get(row));
        Place { row: source, ..Place::file(narrow(self.get("source_file", row).unwrap_or_default())) }
    }
}
