//! The counts of a wave that may be published: statuses, tiers and bands by school, grade and sex, after one suppression step.
//!
//! All tables are asked for together, so that nothing can be worked out from several of them ([`crate::disclosure`]):
//!
//! | table | groups |
//! |---|---|
//! | district | all, by grade, by sex, by grade and sex |
//! | schools | each school, by grade, by sex |
//!
//! What is counted in each group is a *measure*: why pupils have no valid sheet, the tier, and each band of those whose sheet may
//! be interpreted ([`usable`]). How many pupils of a group have a value is known; which value is not. So `valid` (of statuses) and
//! `no-result` (of tiers and bands: pupils whose grade is asked, without a value) are told of every group, and the other values pass
//! the suppression step ([`decide`]). Reports take their counts from the same step. They are made of a [`WaveTally`], so parts that
//! were screened apart give the same counts as one screening of all.

mod count;
mod decide;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

pub use decide::{Counts, Group, Of, Pupils, decide};

pub use crate::tally::{NO_RESULT, UNKNOWN, Unit, known, usable};

use crate::coverage::Status;
use crate::disclosure::{DisclosureError, Rule, Shown};
use crate::instrument::Text;
use crate::tally::{MeasureEntry, STATUS, TIER, WaveTally};
use crate::texts::say;
use count::Counted;

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
    /// All, the widest first.
    pub const ALL: [Self; 7] =
        [Self::District, Self::Grade, Self::Sex, Self::GradeSex, Self::School, Self::SchoolGrade, Self::SchoolSex];

    /// Whether a group has a school, a grade, a sex.
    fn names(self) -> (bool, bool, bool) {
        match self {
            Self::District => (false, false, false),
            Self::Grade => (false, true, false),
            Self::Sex => (false, false, true),
            Self::GradeSex => (false, true, true),
            Self::School => (true, false, false),
            Self::SchoolGrade => (true, true, false),
            Self::SchoolSex => (true, false, true),
        }
    }

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
/// When the rule is none.
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
/// let counts = aggregate(&WaveTally::of(&result, &policy)?, Unit::School, Rule::default())?;
/// let absent = counts.rows.iter().find(|row| row.value.as_deref() == Some("absent")).expect("a status");
/// assert_eq!(absent.shown, Shown::Small);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn aggregate(tally: &WaveTally, unit: Unit, rule: Rule) -> Result<Aggregates, AggregatesError> {
    let measures: Vec<(usize, &String, &MeasureEntry)> =
        tally.measures.iter().enumerate().map(|(at, (id, measure))| (at, id, measure)).collect();
    let several = tally.districts().len() > 1;
    let one = |own: &(usize, &String, &MeasureEntry)| -> Result<(Counted, Counts), DisclosureError> {
        let counted = Counted::of(tally, (own.0, own.1, own.2), unit, several);
        let counts = decide(&counted.pupils, &counted.ids(), &counted.of, rule)?;
        Ok((counted, counts))
    };
    let decided: Vec<(Counted, Counts)> = measures.par_iter().map(one).collect::<Result<_, _>>()?;
    let mut rows = Vec::new();
    for (own, counts) in &decided {
        measure_rows(own, counts, &mut rows);
    }
    let flagged = decided.iter().find(|(own, _)| own.id == TIER);
    let flagged = flagged.map_or_else(Vec::new, |(own, counts)| flagged_rows(own, counts));
    let of = |wanted: Shown| rows.iter().filter(|row| row.shown == wanted).count();
    let suppressed = (of(Shown::Small), of(Shown::Withheld));
    Ok(Aggregates { rule, unit, rows, flagged, suppressed })
}

/// Pupils whose grade is asked, in every group of the tables.
fn asked(own: &Counted) -> BTreeMap<(GroupLevel, Order), (Group, u64)> {
    let mut groups: BTreeMap<(GroupLevel, Order), (Group, u64)> = BTreeMap::new();
    for ((school, grade, sex, count), _) in own.pupils.rows().zip(&own.asked).filter(|(_, asked)| **asked) {
        for level in GroupLevel::ALL {
            let (with_school, with_grade, with_sex) = level.names();
            let name = |wanted: bool, name: &String| wanted.then(|| name.clone());
            let group =
                Group { school: name(with_school, school), grade: name(with_grade, grade), sex: name(with_sex, sex) };
            let number = |grade: &String| grade.parse::<u8>().unwrap_or(u8::MAX);
            let order = (group.school.clone(), group.grade.as_ref().map(number), group.sex.clone());
            groups.entry((level, order)).or_insert((group, 0)).1 += count;
        }
    }
    groups
}

/// School, grade as a number, sex.
type Order = (Option<String>, Option<u8>, Option<String>);

/// All counts of a measure: all pupils of a group, those without a value (or, of statuses, with a valid sheet), and each value.
fn measure_rows(own: &Counted, counts: &Counts, rows: &mut Vec<AggregateRow>) {
    let (rest, rest_name) = if own.id == STATUS {
        (Status::Valid.word().to_owned(), Status::Valid.name())
    } else {
        (NO_RESULT.to_owned(), say("aggregates.no-result", &[]))
    };
    let everybody = say("aggregates.all", &[]);
    for ((level, _), (group, people)) in asked(own) {
        let mut add = |value: Option<String>, value_name: Text, shown: Shown| {
            rows.push(AggregateRow {
                level,
                school: group.school.clone(),
                grade: group.grade.clone(),
                sex: group.sex.clone(),
                measure: own.id.clone(),
                measure_name: own.name.clone(),
                value,
                value_name,
                shown,
            });
        };
        add(None, everybody.clone(), Shown::Value(people));
        // A grade that is not asked may have pupils with a value all the same: who is counted of a group is then its base.
        let base = counts.get(&group, Of::Everybody).value().unwrap_or(0);
        let without = Shown::Value(people.saturating_sub(base));
        if own.id == STATUS {
            add(Some(rest.clone()), rest_name.clone(), without);
        }
        for (at, (id, name, _)) in own.values.iter().enumerate() {
            let shown = if base == 0 { Shown::Value(0) } else { counts.get(&group, Of::Value(at)) };
            add(Some(id.clone()), name.clone(), shown);
        }
        if own.id != STATUS {
            add(Some(rest.clone()), rest_name.clone(), without);
        }
    }
}

/// The district, then the schools in the order of their names.
fn flagged_rows(own: &Counted, counts: &Counts) -> Vec<FlaggedCounts> {
    let groups = asked(own).into_values().map(|(group, _)| group);
    let whole = groups.filter(|group| group.grade.is_none() && group.sex.is_none());
    let row = |group: Group| {
        let nobody = counts.get(&group, Of::Everybody).value().unwrap_or(0) == 0;
        let shown = |of: Of| if nobody { Shown::Value(0) } else { counts.get(&group, of) };
        FlaggedCounts { flagged: shown(Of::Raised), others: shown(Of::Usual), school: group.school.clone() }
    };
    whole.map(row).collect()
}
