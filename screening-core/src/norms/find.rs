//! Which cell serves a person, or why none does.

use crate::answers::{Context, Sex};
use crate::instrument::{Span, Text};
use crate::texts::{Fill, say};

use super::model::{Axis, NormGroup, OmitReason};
use super::set::NormSet;

/// A person as norms see them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Member<'a> {
    /// Sex, grade and age.
    pub context: Context,
    /// Exact age in years, for continuous norms.
    pub exact_age: Option<f64>,
    /// Values of other columns, as `(column, value)`.
    pub labels: &'a [(&'a str, &'a str)],
}

impl From<Context> for Member<'_> {
    /// The exact age is taken in the middle of the running month.
    fn from(context: Context) -> Self {
        let exact_age = context.age_months.map(|months| (f64::from(months) + 0.5) / 12.0);
        Self { context, exact_age, labels: &[] }
    }
}

impl Member<'_> {
    fn label(&self, column: &str) -> Option<&str> {
        self.labels.iter().find(|(name, _)| *name == column).map(|(_, value)| *value)
    }

    /// Place on the axis of a continuous norm.
    pub(super) fn location(&self, axis: Axis) -> Option<f64> {
        match axis {
            Axis::Age => self.exact_age,
            Axis::Grade => self.context.grade.map(f64::from),
        }
    }
}

/// Why there is no norm.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NoNorm {
    /// The raw score has no value.
    NoScore,
    /// The set has no such scale.
    NoScale {
        /// Column of the score.
        scale: String,
    },
    /// The norm is by sex, the sex is not known (or neither), and no ungendered cell is published.
    SexUnknown,
    /// The norm is not for this sex.
    SexOutside {
        /// Sex of the person.
        sex: Sex,
    },
    /// The norm is by grade and the grade is not known.
    GradeUnknown,
    /// The norm does not reach this grade.
    GradeOutside {
        /// Grade of the person.
        grade: u8,
    },
    /// The norm is by age and no age follows from what is known.
    AgeUnknown,
    /// The norm does not reach this age.
    AgeOutside {
        /// Age in completed years.
        age: u16,
    },
    /// The norm is by another column, whose value is not known.
    LabelUnknown {
        /// The column.
        column: String,
    },
    /// The norm does not hold for this value.
    LabelOutside {
        /// The column.
        column: String,
        /// The value.
        value: String,
    },
    /// The group was there when the norm was built, but got no cell.
    Omitted {
        /// Why.
        reason: OmitReason,
    },
    /// The cell is known to be wrong.
    Unusable {
        /// The group.
        group: String,
        /// Why, in the words of the file.
        reason: Text,
    },
    /// The raw score is not in the table of the cell.
    OutsideTable,
}

impl NoNorm {
    /// The word used in files, for example `grade-outside`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoScore => "no-score",
            Self::NoScale { .. } => "no-scale",
            Self::SexUnknown => "sex-unknown",
            Self::SexOutside { .. } => "sex-outside",
            Self::GradeUnknown => "grade-unknown",
            Self::GradeOutside { .. } => "grade-outside",
            Self::AgeUnknown => "age-unknown",
            Self::AgeOutside { .. } => "age-outside",
            Self::LabelUnknown { .. } => "label-unknown",
            Self::LabelOutside { .. } => "label-outside",
            Self::Omitted { reason } => reason.word(),
            Self::Unusable { .. } => "unusable",
            Self::OutsideTable => "outside-table",
        }
    }

    /// A sentence for people, with what to do.
    ///
    /// ```
    /// use screening_core::norms::NoNorm;
    /// assert!(NoNorm::GradeOutside { grade: 3 }.text().en.contains("grade 3"));
    /// ```
    pub fn text(&self) -> Text {
        let key = format!("no-norm.{}", self.word());
        let same = |name, value: &str| say(&key, &[(name, Fill::Same(value))]);
        match self {
            Self::NoScale { scale } => same("scale", scale),
            Self::SexOutside { sex } => same("sex", sex.word()),
            Self::GradeOutside { grade } => same("grade", &grade.to_string()),
            Self::AgeOutside { age } => same("age", &age.to_string()),
            Self::LabelUnknown { column } => same("column", column),
            Self::LabelOutside { column, value } => {
                say(&key, &[("column", Fill::Same(column)), ("value", Fill::Same(value))])
            }
            Self::Unusable { group, reason } => {
                say(&key, &[("group", Fill::Same(group)), ("reason", Fill::Both(reason))])
            }
            _ => say(&key, &[]),
        }
    }
}

impl std::fmt::Display for NoNorm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text().en)
    }
}

impl std::error::Error for NoNorm {}

impl NormSet {
    /// Position of the cell that serves a person.
    ///
    /// A cell of the person's sex comes before an ungendered one. A person whose sex is unknown, or neither, is served by an
    /// ungendered cell only. There is no other step back: a group without a cell has no norm.
    ///
    /// # Errors
    /// Why there is none; with several reasons, the first of scale, sex, grade, age, other columns.
    pub fn find(&self, scale: &str, member: &Member<'_>) -> Result<usize, NoNorm> {
        let index = self.index(scale).ok_or_else(|| NoNorm::NoScale { scale: scale.to_owned() })?;
        let key: Option<Vec<String>> = index.columns.iter().map(|name| member.label(name).map(str::to_owned)).collect();
        let bucket = key.and_then(|key| index.buckets.get(&key));
        if let Some((cells, omitted)) = bucket
            && let Some(found) = self.serving(cells, omitted, member)
        {
            return found;
        }
        // The group that comes nearest tells what is wrong.
        let definition = self.definition();
        let cells = index.cells.iter().filter_map(|at| definition.cells.get(*at).map(|cell| &cell.group));
        let omitted = index.omitted.iter().filter_map(|at| definition.omitted.get(*at).map(|omitted| &omitted.group));
        let failures = cells.chain(omitted).filter_map(|group| holds(group, member).err());
        let nearest = failures.max_by_key(|(step, _)| *step);
        Err(nearest.map_or_else(|| NoNorm::NoScale { scale: scale.to_owned() }, |(_, reason)| reason))
    }

    /// The cell that holds for a person, or why its group has none; none when no group holds.
    fn serving(&self, cells: &[usize], omitted: &[usize], member: &Member<'_>) -> Option<Result<usize, NoNorm>> {
        let definition = self.definition();
        let cells = cells.iter().filter_map(|at| {
            let cell = definition.cells.get(*at)?;
            let outcome = match &cell.unusable {
                Some(reason) => Err(NoNorm::Unusable { group: cell.group.to_string(), reason: reason.clone() }),
                None => Ok(*at),
            };
            Some((&cell.group, outcome))
        });
        let omitted = omitted.iter().filter_map(|at| {
            let omitted = definition.omitted.get(*at)?;
            Some((&omitted.group, Err(NoNorm::Omitted { reason: omitted.reason })))
        });
        let serving = cells.chain(omitted).filter(|(group, _)| holds(group, member).is_ok());
        let mut ungendered = None;
        for (group, outcome) in serving {
            if group.sex.is_some() {
                return Some(outcome);
            }
            ungendered.get_or_insert(outcome);
        }
        ungendered
    }
}

/// Whether a group holds for a person; if not, at which step it fails.
fn holds(group: &NormGroup, member: &Member<'_>) -> Result<(), (u8, NoNorm)> {
    let context = &member.context;
    match (group.sex, context.sex) {
        (None, _) => {}
        (Some(sex), Some(own)) if sex == own => {}
        (Some(_), Some(sex)) if sex != Sex::Other => return Err((0, NoNorm::SexOutside { sex })),
        (Some(_), _) => return Err((0, NoNorm::SexUnknown)),
    }
    let within = |span: Option<Span>, own: Option<u16>| match (span, own) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(None),
        (Some(span), Some(own)) if span.contains(own) => Ok(()),
        (Some(_), Some(own)) => Err(Some(own)),
    };
    within(group.grades, context.grade.map(u16::from)).map_err(|own| {
        let outside = |grade: u16| NoNorm::GradeOutside { grade: grade as u8 };
        (1, own.map_or(NoNorm::GradeUnknown, outside))
    })?;
    within(group.ages, context.age_years())
        .map_err(|own| (2, own.map_or(NoNorm::AgeUnknown, |age| NoNorm::AgeOutside { age })))?;
    for (column, wanted) in &group.labels {
        match member.label(column) {
            Some(value) if value == wanted => {}
            Some(value) => {
                return Err((3, NoNorm::LabelOutside { column: column.clone(), value: value.to_owned() }));
            }
            None => return Err((3, NoNorm::LabelUnknown { column: column.clone() })),
        }
    }
    Ok(())
}
