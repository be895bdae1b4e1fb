//! The counts of a wave that may be published: statuses, tiers and bands by school, grade and sex, after one suppression step.
//!
//! All tables are asked for together, so that nothing can be worked out from several of them ([`crate::disclosure`]):
//!
//! | table | groups |
//! |---|---|
//! | district | all, by grade, by sex, by grade and sex |
//! | schools | each school, by grade, by sex |
//!
//! What is counted in each group is a *measure*: the status of every enrolled pupil, the tier of those whose grade is
//! screened, and each band of those whose grade is asked. A measure has a value for every pupil it is about (`no-result`
//! where nothing was measured), so its counts sum to the pupils of the group, which everybody knows.

mod count;

use serde::Serialize;

use crate::disclosure::{DisclosureError, ProtectedRelease, ProtectedTable, Rule, Shown};
use crate::instrument::Text;
use crate::risk::Policy;
use crate::screening::ScreeningResult;
use crate::texts::say;

/// Counts that may be published.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Aggregates {
    /// The rule of suppression.
    pub rule: Rule,
    /// The counts: measure by measure, the district before the schools. Groups without pupils are left out.
    pub rows: Vec<AggregateRow>,
    /// Of the tiers: how many pupils of the district and of each school are flagged.
    pub flagged: Vec<FlaggedCounts>,
    /// Small counts, and counts withheld so that no small one can be worked out.
    pub suppressed: (usize, usize),
}

/// Flagged pupils of a school or of the district.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FlaggedCounts {
    /// School; none for the district.
    pub school: Option<String>,
    /// Pupils with a tier that flags.
    pub flagged: Shown,
    /// Pupils with another tier.
    pub others: Shown,
}

/// Whom a count is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupLevel {
    /// All pupils.
    District,
    /// A grade of the district.
    Grade,
    /// A sex in the district.
    Sex,
    /// A grade and sex of the district.
    GradeSex,
    /// A school.
    School,
    /// A grade of a school.
    SchoolGrade,
    /// A sex in a school.
    SchoolSex,
}

impl GroupLevel {
    /// The word used in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::Grade => "grade",
            Self::Sex => "sex",
            Self::GradeSex => "grade_sex",
            Self::School => "school",
            Self::SchoolGrade => "school_grade",
            Self::SchoolSex => "school_sex",
        }
    }
}

/// One count.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AggregateRow {
    /// Level.
    pub level: GroupLevel,
    /// School; none where all are counted, `unknown` for pupils whose school is not known.
    pub school: Option<String>,
    /// Grade; none where all are counted, `unknown` for pupils whose grade is not known.
    pub grade: Option<String>,
    /// Sex; none where both are counted, `unknown` for pupils whose sex is not known.
    pub sex: Option<String>,
    /// `status`, `tier`, or the column of a band.
    pub measure: String,
    /// Its name.
    pub measure_name: Text,
    /// Id of the value: a status, a tier, a band, `no-result`; none for all pupils of the group.
    pub value: Option<String>,
    /// Its name.
    pub value_name: Text,
    /// What may be shown.
    pub shown: Shown,
}

/// Why counts cannot be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AggregatesError {
    /// The results lack a column, or it has another type.
    #[error("the results cannot be counted: {0}; count the results of a screening as they are")]
    Frame(#[from] polars::prelude::PolarsError),
    /// The tables cannot be protected.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
}

/// The value of pupils of whom nothing was measured.
pub const NO_RESULT: &str = "no-result";
/// Values that do not flag.
const OTHER: &str = "other";
/// The name of what is not known of a pupil.
pub(crate) const UNKNOWN: &str = "unknown";

/// Something that is counted.
struct Counted {
    id: String,
    /// Values that flag.
    flagged: Vec<String>,
    name: Text,
    /// Ids and names of its values.
    values: Vec<(String, Text)>,
    /// By grade from 0 (not known) to 12, whether its pupils are asked.
    asked: [bool; 13],
}

impl Counted {
    fn kind(&self, value: &str) -> &'static str {
        match value {
            NO_RESULT => NO_RESULT,
            _ if self.flagged.iter().any(|own| own == value) => count::FLAGGED,
            _ => OTHER,
        }
    }
}

/// Counts a wave for publication.
///
/// `policy` is that of the result. Deterministic.
///
/// # Errors
/// When the results lack a column, or a small count cannot be protected.
///
/// ```
/// use jiff::civil::date;
/// use polars::prelude::*;
/// use screening_core::aggregates::aggregate;
/// use screening_core::disclosure::{Rule, Shown};
/// use screening_core::instrument::Library;
/// use screening_core::risk::Policy;
/// use screening_core::screening::{ScreeningInput, WaveSettings, pupils_from_frame, screen};
///
/// let library = Library::bundled()?;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// let ids: Vec<String> = (0..30).map(|at| at.to_string()).collect();
/// let absent: Vec<Option<&str>> = (0..30).map(|at| (at < 4).then_some("absent")).collect();
/// let roster = df!["student_id" => ids, "school" => ["A"; 30], "grade" => [7_i32; 30], "attendance" => absent]?;
/// let result = screen(ScreeningInput {
///     roster: pupils_from_frame(&roster)?,
///     batches: Vec::new(),
///     wave: WaveSettings::new("2026-autumn", date(2026, 10, 12)),
///     library: &library,
///     policy: &policy,
///     licences: Default::default(),
///     scoring: Default::default(),
///     interpretation: Default::default(),
/// })?;
/// let counts = aggregate(&result, &policy, Rule::default())?;
/// let absent = counts.rows.iter().find(|row| row.value.as_deref() == Some("absent")).expect("a status");
/// assert_eq!(absent.shown, Shown::Small);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn aggregate(result: &ScreeningResult, policy: &Policy, rule: Rule) -> Result<Aggregates, AggregatesError> {
    let counted = counted(result, policy);
    let (people, tables) = count::population(result, &counted)?;
    let release = crate::disclosure::protect(&people, &tables, rule)?;
    let rows = rows(&release, &counted);
    Ok(Aggregates { rule, rows, flagged: flagged(&release), suppressed: (release.small, release.withheld) })
}

/// The district, then the schools in the order of their names.
fn flagged(release: &ProtectedRelease) -> Vec<FlaggedCounts> {
    let mut found: std::collections::BTreeMap<Option<String>, FlaggedCounts> = std::collections::BTreeMap::new();
    let cells = release.tables.iter().filter(|table| table.spec.id() == count::FLAGGED).flat_map(|table| &table.cells);
    for cell in cells {
        let [(_, school), (_, kind)] = cell.group.as_slice() else { continue };
        let school = school.last().cloned();
        let empty = FlaggedCounts { school: school.clone(), flagged: Shown::Value(0), others: Shown::Value(0) };
        let own = found.entry(school).or_insert(empty);
        match kind.last().map(String::as_str) {
            Some(count::FLAGGED) => own.flagged = cell.shown,
            Some(OTHER) => own.others = cell.shown,
            _ => {}
        }
    }
    found.into_values().collect()
}

/// Status, tier, and all bands.
fn counted(result: &ScreeningResult, policy: &Policy) -> Vec<Counted> {
    let text = |key: &str| say(&format!("aggregates.{key}"), &[]);
    let no_result = || (NO_RESULT.to_owned(), text("no-result"));
    let statuses = crate::coverage::Status::ALL;
    let mut counted = vec![Counted {
        id: "status".to_owned(),
        flagged: Vec::new(),
        name: text("status"),
        values: statuses.iter().map(|status| (status.word().to_owned(), status.name())).collect(),
        asked: [true; 13],
    }];
    let asked = |asks: &dyn Fn(u8) -> bool| std::array::from_fn(|grade| grade > 0 && asks(grade as u8));
    let above = policy.flagged_above();
    let tiers = policy.tiers().map(|tier| (tier.id.clone(), tier.name.clone()));
    counted.push(Counted {
        id: count::TIER.to_owned(),
        flagged: policy.tiers().filter(|tier| tier.severity > above).map(|tier| tier.id.clone()).collect(),
        name: text("tier"),
        values: tiers.chain([no_result()]).collect(),
        asked: asked(&|grade| result.measures.iter().any(|measure| measure.asks(grade))),
    });
    counted.extend(result.measures.iter().map(|measure| Counted {
        id: measure.column.clone(),
        flagged: Vec::new(),
        name: measure.name.clone(),
        values: measure.bands.iter().cloned().chain([no_result()]).collect(),
        asked: asked(&|grade| measure.asks(grade)),
    }));
    counted
}

fn rows(release: &ProtectedRelease, counted: &[Counted]) -> Vec<AggregateRow> {
    let everybody = say("aggregates.all", &[]);
    let mut rows = Vec::new();
    for own in counted {
        let tables =
            release.tables.iter().filter(|table| table.spec.id().split_once('/').is_some_and(|(id, _)| id == own.id));
        for cell in tables.flat_map(|table| table_cells(table, own)) {
            let (groups, value, shown, people) = cell;
            if people == Shown::Value(0) {
                continue;
            }
            let [school, grade, sex] = groups;
            let level = match (&school, &grade, &sex) {
                (None, None, None) => GroupLevel::District,
                (None, Some(_), None) => GroupLevel::Grade,
                (None, None, Some(_)) => GroupLevel::Sex,
                (None, Some(_), Some(_)) => GroupLevel::GradeSex,
                (Some(_), None, None) => GroupLevel::School,
                (Some(_), Some(_), _) => GroupLevel::SchoolGrade,
                (Some(_), None, Some(_)) => GroupLevel::SchoolSex,
            };
            let value_name = match &value {
                None => everybody.clone(),
                Some(id) => {
                    let known = own.values.iter().find(|(own, _)| own == id).map(|(_, name)| name.clone());
                    known.unwrap_or_else(|| Text { en: id.clone(), zh_cn: id.clone() })
                }
            };
            rows.push(AggregateRow {
                level,
                school,
                grade,
                sex,
                measure: own.id.clone(),
                measure_name: own.name.clone(),
                value,
                value_name,
                shown,
            });
        }
    }
    rows
}

/// School, grade and sex of a cell, its value, what is shown, and the pupils of the group.
type AggregateCell = ([Option<String>; 3], Option<String>, Shown, Shown);

/// The cells of a table.
fn table_cells(table: &ProtectedTable, counted: &Counted) -> Vec<AggregateCell> {
    let mut people = Shown::Value(0);
    let mut cells = Vec::with_capacity(table.cells.len());
    for cell in &table.cells {
        let (mut groups, mut value) = ([None, None, None], None);
        for (axis, (_, names)) in table.spec.axes().zip(&cell.group) {
            let slot = match axis {
                count::SCHOOL => groups.get_mut(0),
                count::GRADE => groups.get_mut(1),
                count::SEX => groups.get_mut(2),
                _ => Some(&mut value),
            };
            if let Some(slot) = slot {
                *slot = names.last().cloned();
            }
        }
        // The margin stands before the values of its group.
        if value.is_none() {
            people = cell.shown;
        }
        cells.push((groups, value, cell.shown, people));
    }
    // Values in the order of the measure, which is that of the policy and of the bands.
    let order = |value: &Option<String>| value.as_ref().map(|id| counted.values.iter().position(|(own, _)| own == id));
    let same_group = |_: &AggregateCell, next: &AggregateCell| next.1.is_some();
    cells.chunk_by_mut(same_group).for_each(|group| group.sort_by_key(|cell| order(&cell.1)));
    cells
}
