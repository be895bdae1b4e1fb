//! The counts of a wave that may be published: statuses, tiers and bands by school, grade and sex, after one suppression step.
//!
//! All tables about a measure are asked for together, so that nothing can be worked out from several of them
//! ([`crate::disclosure`]); tables about different measures share nothing but who is there, which everybody knows. They are
//! made of a [`WaveTally`], so parts that were screened apart give the same counts as one screening of all:
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

use rayon::prelude::*;
use serde::Serialize;

use crate::disclosure::{DisclosureError, ProtectedRelease, ProtectedTable, Rule, Shown};
use crate::instrument::Text;
pub use crate::tally::Unit;
use crate::tally::{MeasureEntry, WaveTally};
use crate::texts::say;

/// Counts that may be published.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Aggregates {
    /// The rule of suppression.
    pub rule: Rule,
    /// What the district, or the province, is divided into.
    pub unit: Unit,
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
    /// The tables cannot be protected.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
}

/// Counts a wave for publication.
///
/// Deterministic.
///
/// # Errors
/// When a small count cannot be protected.
///
/// ```
/// use jiff::civil::date;
/// use polars::prelude::*;
/// use screening_core::aggregates::{Unit, aggregate};
/// use screening_core::disclosure::{Rule, Shown};
/// use screening_core::instrument::Library;
/// use screening_core::risk::Policy;
/// use screening_core::screening::{ScreeningInput, WaveSettings, pupils_from_frame, screen};
/// use screening_core::tally::WaveTally;
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
/// let tally = WaveTally::of(&result, &policy)?;
/// let counts = aggregate(&tally, Unit::School, Rule::default())?;
/// let absent = counts.rows.iter().find(|row| row.value.as_deref() == Some("absent")).expect("a status");
/// assert_eq!(absent.shown, Shown::Small);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn aggregate(tally: &WaveTally, unit: Unit, rule: Rule) -> Result<Aggregates, AggregatesError> {
    // Tables about different measures share nothing but who is there, which everybody knows: each is protected by itself.
    let protect = |own: (usize, (&String, &MeasureEntry))| -> Result<Option<ProtectedRelease>, AggregatesError> {
        let (at, (id, measure)) = own;
        let Some((people, tables)) = count::population(tally, (at, id, measure), unit)? else { return Ok(None) };
        Ok(Some(crate::disclosure::protect(&people, &tables, rule)?))
    };
    let measures: Vec<(usize, (&String, &MeasureEntry))> = tally.measures.iter().enumerate().collect();
    let releases: Vec<Option<ProtectedRelease>> =
        measures.par_iter().map(|own| protect(*own)).collect::<Result<_, _>>()?;
    let mut counts = Aggregates { rule, unit, rows: Vec::new(), flagged: Vec::new(), suppressed: (0, 0) };
    for ((id, measure), release) in tally.measures.iter().zip(&releases) {
        let Some(release) = release else { continue };
        counts.rows.extend(rows(release, id, measure));
        counts.flagged.extend(flagged(release));
        counts.suppressed.0 += release.small;
        counts.suppressed.1 += release.withheld;
    }
    Ok(counts)
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
            Some(count::OTHER) => own.others = cell.shown,
            _ => {}
        }
    }
    found.into_values().collect()
}

fn rows(release: &ProtectedRelease, id: &str, measure: &MeasureEntry) -> Vec<AggregateRow> {
    let everybody = say("aggregates.all", &[]);
    let mut rows = Vec::new();
    let tables = release.tables.iter().filter(|table| table.spec.id() != count::FLAGGED);
    for cell in tables.flat_map(|table| table_cells(table, measure)) {
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
                let known = measure.values.iter().find(|own| own.id == *id).map(|own| own.name.clone());
                known.unwrap_or_else(|| Text { en: id.clone(), zh_cn: id.clone() })
            }
        };
        rows.push(AggregateRow {
            level,
            school,
            grade,
            sex,
            measure: id.to_owned(),
            measure_name: measure.name.clone(),
            value,
            value_name,
            shown,
        });
    }
    rows
}

/// School, grade and sex of a cell, its value, what is shown, and the pupils of the group.
type AggregateCell = ([Option<String>; 3], Option<String>, Shown, Shown);

/// The cells of a table.
fn table_cells(table: &ProtectedTable, measure: &MeasureEntry) -> Vec<AggregateCell> {
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
    let order = |value: &Option<String>| value.as_ref().map(|id| measure.values.iter().position(|own| own.id == *id));
    let same_group = |_: &AggregateCell, next: &AggregateCell| next.1.is_some();
    cells.chunk_by_mut(same_group).for_each(|group| group.sort_by_key(|cell| order(&cell.1)));
    cells
}
