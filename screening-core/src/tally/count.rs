//! From the results of a screening to a tally.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;
use rayon::prelude::*;

use crate::coverage::{Counts, Level, Status};
use crate::instrument::Text;
use crate::norms::{By, NormState};
use crate::risk::Policy;
use crate::screening::ScreeningResult;
use crate::texts::say;

use super::{
    Cell, ClassKey, InstrumentEntry, MeasureEntry, PlaceKey, RestsOn, RuleTally, STATUS, TIER, TallyError, TierEntry,
    Totals, ValueEntry, WaveTally, known,
};

/// Something that is counted.
struct Counted {
    id: String,
    entry: MeasureEntry,
    /// The word of pupils who have none of the values.
    none: Option<&'static str>,
    /// Where only sheets that may be interpreted count, the instrument.
    instrument: Option<String>,
    /// By grade from 0 (not known) to 12 whether its pupils are asked.
    asked: [bool; 13],
}

impl WaveTally {
    /// Counts a screening. `policy` is that of the result; the schools belong to the district of its wave.
    ///
    /// # Errors
    /// When the results lack a column or hold a value that policy and definitions do not have.
    pub fn of(result: &ScreeningResult, policy: &Policy) -> Result<Self, TallyError> {
        let district = result.summary.wave.district.as_str();
        let counted = counted(result, policy);
        let cells = cells(&result.results, &counted, district)?;
        let classes = result.coverage.rows().iter().filter(|row| row.level == Level::Class).map(|row| {
            let school = row.school.clone().unwrap_or_default();
            let class = row.class.clone().unwrap_or_default();
            (ClassKey { district: district.to_owned(), school, grade: row.grade, class }, row.counts)
        });
        let mut by_class: BTreeMap<ClassKey, Counts> = BTreeMap::new();
        classes.for_each(|(key, counts)| by_class.entry(key).or_default().merge(&counts));
        let summary = &result.summary;
        let rules = summary.rules.iter().map(|rule| {
            let own =
                RuleTally { tier: rule.tier.clone(), holds: rule.holds.into(), cannot_say: rule.cannot_say.into() };
            (rule.id.clone(), own)
        });
        let mut own = Self {
            rests_on: rests_on(result),
            tiers: policy
                .tiers()
                .map(|tier| TierEntry { id: tier.id.clone(), name: tier.name.clone(), severity: tier.severity })
                .collect(),
            flagged_above: policy.flagged_above(),
            rules: rules.collect(),
            totals: Totals {
                rows: summary.rows,
                critical: summary.critical.into(),
                stray_critical: summary.stray_critical.into(),
                flagged_without_sheet: summary.flagged_without_sheet.into(),
            },
            measures: counted.into_iter().map(|own| (own.id, own.entry)).collect(),
            classes: by_class,
            cells,
            norms: norms(result)?,
        };
        own.in_order();
        Ok(own)
    }
}

fn rests_on(result: &ScreeningResult) -> RestsOn {
    let provenance = &result.summary.provenance;
    let instruments = provenance.instruments.iter().map(|own| {
        let cutoffs = own.cutoffs.iter().map(|(scale, set)| (scale.clone(), set.clone())).collect();
        (own.id.clone(), InstrumentEntry { citation: own.citation.clone(), cutoffs })
    });
    RestsOn {
        wave: result.summary.wave.id.clone(),
        engine: provenance.engine.clone(),
        policy: provenance.policy.clone(),
        instruments: instruments.collect(),
        validity: provenance.validity.clone(),
        norms: provenance.norms.iter().cloned().collect(),
    }
}

/// Why pupils have no valid sheet, tiers, and all bands.
fn counted(result: &ScreeningResult, policy: &Policy) -> Vec<Counted> {
    let text = |key: &str| say(&format!("aggregates.{key}"), &[]);
    let value = |id: &str, name: &Text, raised: bool| ValueEntry { id: id.to_owned(), name: name.clone(), raised };
    let reasons = Status::ALL.into_iter().filter(|status| *status != Status::Valid);
    let asked = |asks: &dyn Fn(u8) -> bool| std::array::from_fn(|grade| grade > 0 && asks(grade as u8));
    let above = policy.flagged_above();
    let tiers = policy.tiers().map(|tier| value(&tier.id, &tier.name, tier.severity > above));
    let mut counted = vec![
        Counted {
            id: STATUS.to_owned(),
            entry: MeasureEntry {
                name: text(STATUS),
                values: reasons.map(|status| value(status.word(), &status.name(), false)).collect(),
            },
            none: Some(Status::Valid.word()),
            instrument: None,
            asked: [true; 13],
        },
        Counted {
            id: TIER.to_owned(),
            entry: MeasureEntry { name: text(TIER), values: tiers.collect() },
            none: None,
            instrument: None,
            asked: asked(&|grade| result.measures.iter().any(|measure| measure.asks(grade))),
        },
    ];
    counted.extend(result.measures.iter().map(|measure| {
        let bands = measure.bands.iter().map(|(id, name)| value(id, name, measure.raised.contains(id)));
        Counted {
            id: measure.column.clone(),
            entry: MeasureEntry { name: measure.name.clone(), values: bands.collect() },
            none: None,
            instrument: Some(measure.instrument.clone()),
            asked: asked(&|grade| measure.asks(grade)),
        }
    }));
    counted
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

type Cells = BTreeMap<PlaceKey, BTreeMap<u16, Cell>>;

fn cells(frame: &DataFrame, counted: &[Counted], district: &str) -> Result<Cells, TallyError> {
    let (places, place_of) = places(frame, district)?;
    let one = |own: &Counted| -> Result<Vec<Vec<u64>>, TallyError> { by_place(frame, own, places.len(), &place_of) };
    let measured: Vec<Vec<Vec<u64>>> = counted.par_iter().map(one).collect::<Result<_, _>>()?;
    let mut cells = Cells::new();
    for (at, place) in places.into_iter().enumerate() {
        let cell = |(own, measured): (&Counted, &Vec<Vec<u64>>)| {
            let counts = measured.get(at).cloned().unwrap_or_default();
            let asked = own.asked.get(usize::from(place.grade)) == Some(&true);
            Cell { asked, counts }
        };
        let own = counted.iter().zip(&measured).map(cell).enumerate();
        // Whoever is not asked has no value as a rule; nothing is to be told of them then.
        let told = own.filter(|(_, cell)| {
            let values = cell.counts.len().saturating_sub(1);
            cell.asked || cell.counts.iter().take(values).any(|count| *count > 0)
        });
        let told = told.map(|(measure, cell)| (measure as u16, cell)).collect();
        cells.insert(place, told);
    }
    Ok(cells)
}

/// The places, and that of each row.
fn places(frame: &DataFrame, district: &str) -> Result<(Vec<PlaceKey>, Vec<u32>), TallyError> {
    let (schools, sexes) = (texts(frame, "school")?, texts(frame, "sex")?);
    let grades = frame.column("grade")?.cast(&DataType::UInt8)?.u8()?.clone();
    let mut found: HashMap<(&str, u8, &str), u32> = HashMap::new();
    let mut places = Vec::new();
    let mut place_of = Vec::with_capacity(frame.height());
    for ((school, grade), sex) in schools.iter().zip(grades.iter()).zip(sexes.iter()) {
        let (school, grade, sex) =
            (known(school.unwrap_or_default()), grade.unwrap_or(0).min(12), known(sex.unwrap_or_default()));
        place_of.push(*found.entry((school, grade, sex)).or_insert_with(|| {
            let (district, school, sex) = (district.to_owned(), school.to_owned(), sex.to_owned());
            places.push(PlaceKey { district, school, grade, sex });
            places.len() as u32 - 1
        }));
    }
    Ok((places, place_of))
}

/// Pupils of each place by value, those without one last.
fn by_place(frame: &DataFrame, own: &Counted, places: usize, place_of: &[u32]) -> Result<Vec<Vec<u64>>, TallyError> {
    let width = own.entry.values.len();
    let mut at_of: HashMap<&str, usize> =
        own.entry.values.iter().enumerate().map(|(at, value)| (value.id.as_str(), at)).collect();
    at_of.extend(own.none.map(|word| (word, width)));
    let usable = own.instrument.as_ref().map(|id| usable(frame, id)).transpose()?;
    let mut counts = vec![vec![0_u64; width + 1]; places];
    let words = texts(frame, &own.id)?;
    for (row, (word, place)) in words.iter().zip(place_of).enumerate() {
        let counts_here = usable.as_ref().is_none_or(|usable| usable.get(row) == Some(&true));
        let at = word.filter(|_| counts_here).map_or(Some(width), |word| at_of.get(word).copied());
        let slot = at.and_then(|at| counts.get_mut(*place as usize)?.get_mut(at));
        let wrong =
            || TallyError::Value { row: row + 1, column: own.id.clone(), value: word.unwrap_or_default().to_owned() };
        *slot.ok_or_else(wrong)? += 1;
    }
    Ok(counts)
}

/// The counts that norms are made of: numeric scores for people to see, by sex and grade.
fn norms(result: &ScreeningResult) -> Result<BTreeMap<String, NormState>, TallyError> {
    let frame = &result.results;
    let mut states = BTreeMap::new();
    for (instrument, columns) in &result.scores {
        let scales: Vec<String> = columns.iter().filter(|column| frame.column(column).is_ok()).cloned().collect();
        if scales.is_empty() {
            continue;
        }
        let mut state = NormState::new(vec![By::Sex, By::Grade], &scales, None);
        state.add_frame(frame)?;
        states.insert(instrument.clone(), state);
    }
    Ok(states)
}

fn texts(frame: &DataFrame, name: &str) -> PolarsResult<StringChunked> {
    Ok(frame.column(name)?.as_materialized_series().cast(&DataType::String)?.str()?.clone())
}
