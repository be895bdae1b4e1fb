//! From the results of a wave to what is counted.

use polars::prelude::*;

use crate::coverage::Status;
use crate::instrument::Text;
use crate::risk::Policy;
use crate::screening::ScreeningResult;
use crate::texts::say;

use super::{AggregatesError, Pupils};

pub(super) const STATUS: &str = "status";
pub(super) const TIER: &str = "tier";

/// Something that is counted.
pub(super) struct Counted {
    pub(super) id: String,
    pub(super) name: Text,
    /// Id, name, and whether it is raised.
    pub(super) values: Vec<(String, Text, bool)>,
    /// By pupil, the place of the value.
    pub(super) of: Vec<Option<u8>>,
    /// By pupil, whether the grade is asked.
    pub(super) asked: Vec<bool>,
}

impl Counted {
    /// Ids of the values, and whether they are raised.
    pub(super) fn ids(&self) -> Vec<(&str, bool)> {
        self.values.iter().map(|(id, _, raised)| (id.as_str(), *raised)).collect()
    }
}

/// Who the pupils of results are.
///
/// # Errors
/// When a column is missing.
pub(super) fn pupils(frame: &DataFrame) -> PolarsResult<Pupils> {
    let (schools, sexes) = (texts(frame, "school")?, texts(frame, "sex")?);
    let grades = frame.column("grade")?.cast(&DataType::UInt8)?.u8()?.clone();
    let mut pupils = Pupils::default();
    for row in 0..frame.height() {
        pupils.push(schools.get(row).unwrap_or_default(), grades.get(row), sexes.get(row));
    }
    Ok(pupils)
}

/// Why pupils have no valid sheet, tiers, and all bands.
pub(super) fn counted(result: &ScreeningResult, policy: &Policy) -> Result<Vec<Counted>, AggregatesError> {
    let frame = &result.results;
    let text = |key: &str| say(&format!("aggregates.{key}"), &[]);
    let grades = frame.column("grade")?.cast(&DataType::UInt8)?.u8()?.clone();
    let asked = |asks: &dyn Fn(u8) -> bool| -> Vec<bool> {
        grades.iter().map(|grade| grade.is_some_and(|grade| grade > 0 && asks(grade))).collect()
    };
    let reasons = Status::ALL.into_iter().filter(|status| *status != Status::Valid);
    let reasons: Vec<(String, Text, bool)> =
        reasons.map(|status| (status.word().to_owned(), status.name(), false)).collect();
    let mut counted = vec![Counted {
        id: STATUS.to_owned(),
        name: text(STATUS),
        of: places(frame, STATUS, &reasons)?,
        values: reasons,
        asked: vec![true; frame.height()],
    }];
    let above = policy.flagged_above();
    let tiers = policy.tiers().map(|tier| (tier.id.clone(), tier.name.clone(), tier.severity > above));
    let tiers: Vec<(String, Text, bool)> = tiers.collect();
    counted.push(Counted {
        id: TIER.to_owned(),
        name: text(TIER),
        of: places(frame, TIER, &tiers)?,
        values: tiers,
        asked: asked(&|grade| result.measures.iter().any(|measure| measure.asks(grade))),
    });
    for measure in &result.measures {
        let raised = |id: &String| measure.raised.contains(id);
        let values: Vec<(String, Text, bool)> =
            measure.bands.iter().map(|(id, name)| (id.clone(), name.clone(), raised(id))).collect();
        let mut of = places(frame, &measure.column, &values)?;
        let usable = usable(frame, &measure.instrument)?;
        of.iter_mut().zip(usable).filter(|(_, usable)| !usable).for_each(|(value, _)| *value = None);
        counted.push(Counted {
            id: measure.column.clone(),
            name: measure.name.clone(),
            values,
            of,
            asked: asked(&|grade| measure.asks(grade)),
        });
    }
    Ok(counted)
}

/// Whether the scores of an instrument may be interpreted, pupil by pupil: the status is `valid`, and the sheet to this instrument
/// was not judged `invalid`. Whatever counts or averages scores counts these pupils.
///
/// # Errors
/// When there is no column of statuses.
pub fn usable(frame: &DataFrame, instrument: &str) -> PolarsResult<Vec<bool>> {
    let statuses = texts(frame, STATUS)?;
    let mut usable: Vec<bool> = statuses.iter().map(|status| status == Some(Status::Valid.word())).collect();
    let verdict = format!("{instrument}.validity.verdict");
    if frame.column(&verdict).is_ok() {
        let verdicts = texts(frame, &verdict)?;
        usable
            .iter_mut()
            .zip(verdicts.iter())
            .filter(|(_, own)| *own == Some("invalid"))
            .for_each(|(own, _)| *own = false);
    }
    Ok(usable)
}

/// The words of a column as places among values; none for what is not among them.
fn places(frame: &DataFrame, column: &str, values: &[(String, Text, bool)]) -> PolarsResult<Vec<Option<u8>>> {
    let place = |word: Option<&str>| {
        let word = word?;
        values.iter().position(|(id, ..)| id == word).and_then(|at| u8::try_from(at).ok())
    };
    Ok(texts(frame, column)?.iter().map(place).collect())
}

fn texts(frame: &DataFrame, name: &str) -> PolarsResult<StringChunked> {
    Ok(frame.column(name)?.as_materialized_series().cast(&DataType::String)?.str()?.clone())
}
