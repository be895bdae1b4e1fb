//! A plan made ready for one instrument.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::error::ValidityError;
use super::plan::{DistanceMeasure, IndexDef, ValidityPlan, ValidityRuleDef};
use super::{
    AnswerItem, Answers, EvenOdd, Gaps, Guttman, GuttmanMeasure, ItemParameters, LongString, Neighbours, PageTime,
    PairKind, PersonFit,
};
use crate::instrument::model::ResponseFigure;
use crate::instrument::{Direction, Instrument, Method, Text};
use crate::scoring::Sheet;
use crate::texts::{Fill, say};

/// Item parameters of one scale, estimated elsewhere.
///
/// ```
/// use screening_core::validity::ScaleParameters;
/// let parameters: ScaleParameters = toml::from_str(r#"
///     instrument = "gad-2"
///     scale = "total"
///     source = "calibration of the autumn wave"
///     [items]
///     1 = { model = "graded", a = 2.1, b = [0.1, 1.2, 2.0] }
///     2 = { model = "graded", a = 2.4, b = [0.3, 1.4, 2.2] }
/// "#)?;
/// assert_eq!(parameters.items.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleParameters {
    /// Instrument id.
    pub instrument: String,
    /// Scale id.
    pub scale: String,
    /// Where the parameters come from.
    pub source: String,
    /// Parameters by item id, for keyed answers counted from 0.
    pub items: IndexMap<String, ItemParameters>,
}

impl ScaleParameters {
    /// The item parameters that a definition itself states: those of its scales of the method `item-response`.
    ///
    /// ```
    /// use screening_core::instrument::Library;
    /// use screening_core::validity::ScaleParameters;
    /// let library = Library::bundled()?;
    /// let found = ScaleParameters::of(library.get("promis-anxiety-8a").expect("bundled"));
    /// assert_eq!((found.len(), found[0].items.len()), (1, 8));
    /// assert!(ScaleParameters::of(library.get("gad-7").expect("bundled")).is_empty());
    /// # Ok::<(), screening_core::instrument::LibraryError>(())
    /// ```
    pub fn of(instrument: &Instrument) -> Vec<Self> {
        let scales = instrument.definition().scales.iter();
        scales
            .filter_map(|scale| {
                let response = scale.response.as_ref().filter(|own| own.figure == ResponseFigure::Score)?;
                Some(Self {
                    instrument: instrument.id().to_owned(),
                    scale: scale.id.clone(),
                    source: scale.source.clone().unwrap_or_default(),
                    items: response.parameters.clone(),
                })
            })
            .collect()
    }
}

/// A plan made ready for one instrument.
///
/// ```
/// use screening_core::instrument::Library;
/// use screening_core::scoring::Sheet;
/// use screening_core::validity::{SheetFacts, SheetVerdict, ValidityCheck, ValidityPlan};
///
/// let library = Library::bundled()?;
/// let scl = library.get("scl-90").expect("bundled");
/// let plan = ValidityPlan::bundled("district-default").expect("bundled")?;
/// let check = ValidityCheck::new(&plan, scl, &[])?;
/// // Half the questions are open.
/// let sheet = Sheet::from_codes(scl, &(0..90).map(|n| if n < 40 { 1 + n % 5 } else { -128 }).collect::<Vec<i8>>())?;
/// let report = check.sheet(&sheet, &SheetFacts::default(), None)?;
/// assert_eq!(report.verdict(0), SheetVerdict::Invalid);
/// assert_eq!(report.fired(0), ["missing-most", "missing-some"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ValidityCheck {
    pub(super) plan: Arc<ValidityPlan>,
    pub(super) instrument: Arc<Instrument>,
    pub(super) rules: Vec<ReadyRule>,
    left_out: Vec<LeftOut>,
}

/// A rule that does not fit the instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Rule id.
    pub rule: String,
    /// Why.
    pub why: Text,
}

/// A rule of the plan with its index made ready.
#[derive(Debug, Clone)]
pub(super) struct ReadyRule {
    /// Place in the plan.
    pub(super) at: usize,
    pub(super) index: ReadyIndex,
}

#[derive(Debug, Clone)]
pub(super) enum ReadyIndex {
    MissingShare,
    LongString(LongString),
    Variability,
    EvenOdd(EvenOdd),
    Pairs { kind: PairKind, critical: f64 },
    Mahalanobis { gaps: Gaps, measure: DistanceMeasure },
    Guttman { scales: Vec<Vec<usize>>, measure: GuttmanMeasure },
    PersonFit(PersonFit),
    ResponseTime,
    PageTime { index: PageTime, columns: Vec<String> },
    Neighbours(Neighbours),
}

impl ValidityCheck {
    /// Makes a plan ready for an instrument. Rules that do not fit it are listed in [`Self::left_out`] with the reason.
    ///
    /// # Errors
    /// When a rule has the id of a validity rule of the instrument, names a scale that it does not have, or parameters of
    /// items are not sound.
    pub fn new(
        plan: &ValidityPlan,
        instrument: &Instrument,
        parameters: &[ScaleParameters],
    ) -> Result<Self, ValidityError> {
        let blank = Answers::of_sheet(instrument, &Sheet::blank(instrument));
        // Parameters that are given with a run go before those of the definition.
        let given = parameters.iter().any(|own| own.instrument == instrument.id());
        let own = if given { Vec::new() } else { ScaleParameters::of(instrument) };
        let parameters = if given { parameters } else { own.as_slice() };
        let mut check = Self {
            plan: Arc::new(plan.clone()),
            instrument: Arc::new(instrument.clone()),
            rules: Vec::new(),
            left_out: Vec::new(),
        };
        for (at, rule) in plan.definition().rules.iter().enumerate() {
            if instrument.definition().validity.iter().any(|own| own.id == rule.id) {
                let allowed = format!("an id that is no validity rule of {}", instrument.id());
                return Err(ValidityError::parameter(rule.index.kind(), "id", &rule.id, allowed));
            }
            match ready(rule, instrument, blank.items(), parameters)? {
                Ok(index) => check.rules.push(ReadyRule { at, index }),
                Err(why) => check.left_out.push(LeftOut { rule: rule.id.clone(), why }),
            }
        }
        Ok(check)
    }

    /// The plan.
    pub fn plan(&self) -> &ValidityPlan {
        &self.plan
    }

    /// The instrument.
    pub fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// Rules of the plan that are used, in its order.
    pub fn rules(&self) -> impl Iterator<Item = &ValidityRuleDef> {
        self.rules.iter().filter_map(|rule| self.plan.definition().rules.get(rule.at))
    }

    /// Rules that do not fit the instrument.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Columns with the seconds spent on single pages.
    pub fn page_columns(&self) -> impl Iterator<Item = &String> {
        self.rules.iter().flat_map(|rule| match &rule.index {
            ReadyIndex::PageTime { columns, .. } => columns.as_slice(),
            _ => &[],
        })
    }
}

/// The index of a rule, or why the rule is left out.
fn ready(
    rule: &ValidityRuleDef,
    instrument: &Instrument,
    items: &[AnswerItem],
    parameters: &[ScaleParameters],
) -> Result<Result<ReadyIndex, Text>, ValidityError> {
    let name = Fill::Same(&instrument.definition().abbreviation);
    let choices = items.iter().filter(|item| item.is_choice()).count();
    if !rule.instruments.is_empty() && !rule.instruments.iter().any(|id| id == instrument.id()) {
        return Ok(Err(say("validity-left-out.other-instrument", &[("instrument", name)])));
    }
    let fewest = rule.min_items.map_or(1, usize::from).max(1);
    if choices < fewest {
        let (choices, fewest) = (choices.to_string(), fewest.to_string());
        let fills = [("instrument", name), ("items", Fill::Same(&choices)), ("fewest", Fill::Same(&fewest))];
        return Ok(Err(say("validity-left-out.few-items", &fills)));
    }
    Ok(Ok(match &rule.index {
        IndexDef::MissingShare {} => ReadyIndex::MissingShare,
        IndexDef::LongString { floor, length } => ReadyIndex::LongString(LongString { floor: *floor, length: *length }),
        IndexDef::Variability {} => ReadyIndex::Variability,
        IndexDef::EvenOdd { scales } => {
            let scales = scales_of(instrument, items, scales, EvenOdd::KIND, 2)?;
            match EvenOdd::new(scales) {
                Ok(index) => ReadyIndex::EvenOdd(index),
                Err(_) => return Ok(Err(say("validity-left-out.few-scales", &[("instrument", name)]))),
            }
        }
        IndexDef::Synonyms { critical } => ReadyIndex::Pairs { kind: PairKind::Synonyms, critical: critical.to_f64() },
        IndexDef::Antonyms { critical } => ReadyIndex::Pairs { kind: PairKind::Antonyms, critical: critical.to_f64() },
        IndexDef::Mahalanobis { gaps, measure } => ReadyIndex::Mahalanobis { gaps: *gaps, measure: *measure },
        IndexDef::Guttman { scales, measure } => {
            let scales = scales_of(instrument, items, scales, Guttman::KIND, 3)?;
            if scales.is_empty() {
                return Ok(Err(say("validity-left-out.no-scale", &[("instrument", name)])));
            }
            ReadyIndex::Guttman { scales, measure: *measure }
        }
        IndexDef::PersonFit { scale, statistic, estimate } => {
            let fits = |own: &&ScaleParameters| {
                own.instrument == instrument.id() && scale.as_ref().is_none_or(|scale| *scale == own.scale)
            };
            let mut own = parameters.iter().filter(fits);
            let Some(set) = own.next().filter(|_| own.next().is_none()) else {
                return Ok(Err(say("validity-left-out.no-parameters", &[("instrument", name)])));
            };
            let positions = parameters_of(set, items)?;
            ReadyIndex::PersonFit(PersonFit::new(positions, *statistic, *estimate, items)?)
        }
        IndexDef::ResponseTime {} => ReadyIndex::ResponseTime,
        IndexDef::PageTime { pages } => ReadyIndex::PageTime {
            index: PageTime::new(pages.iter().map(|page| usize::from(page.questions)).collect())?,
            columns: pages.iter().map(|page| page.column.clone()).collect(),
        },
        IndexDef::Neighbours { floor, fewest, window } => {
            ReadyIndex::Neighbours(Neighbours::new(*floor, usize::from(*fewest), window.map(usize::from))?)
        }
    }))
}

fn parameters_of(set: &ScaleParameters, items: &[AnswerItem]) -> Result<Vec<(usize, ItemParameters)>, ValidityError> {
    let place = |(id, parameters): (&String, &ItemParameters)| {
        let position = items.iter().position(|item| item.id() == id);
        let position =
            position.ok_or_else(|| ValidityError::NoSuchItem { index: PersonFit::KIND, item: id.clone() })?;
        Ok((position, parameters.clone()))
    };
    set.items.iter().map(place).collect()
}

/// Items of the named scales; without names, of the smallest item scales with a worse end that share no item.
fn scales_of(
    instrument: &Instrument,
    items: &[AnswerItem],
    names: &[String],
    index: &'static str,
    fewest: usize,
) -> Result<Vec<Vec<usize>>, ValidityError> {
    let definition = instrument.definition();
    let choice = |at: &usize| items.get(*at).is_some_and(AnswerItem::is_choice);
    let of = |scale: &crate::instrument::model::ScaleDef| -> Vec<usize> {
        definition.expand_items(&scale.items).unwrap_or_default().into_iter().filter(choice).collect()
    };
    if !names.is_empty() {
        let named = names.iter().map(|name| {
            let scale = definition.scales.iter().find(|scale| scale.id == *name && scale.method.is_item_method());
            let found = scale.map(of).filter(|items| items.len() >= fewest);
            found.ok_or_else(|| ValidityError::NoSuchScale {
                index,
                instrument: instrument.id().to_owned(),
                scale: name.clone(),
            })
        });
        return named.collect();
    }
    let additive = |method: Method| matches!(method, Method::Sum | Method::Mean);
    let mut candidates: Vec<Vec<usize>> = definition
        .scales
        .iter()
        .filter(|scale| additive(scale.method) && scale.direction != Direction::Neutral && scale.recode.is_none())
        .map(of)
        .filter(|items| items.len() >= fewest)
        .collect();
    candidates.sort_by_key(Vec::len);
    let mut taken = vec![false; items.len()];
    candidates.retain(|scale| {
        let free = scale.iter().all(|item| taken.get(*item) == Some(&false));
        if free {
            scale.iter().for_each(|item| taken[*item] = true);
        }
        free
    });
    candidates.sort_by_key(|items| items.first().copied());
    Ok(candidates)
}
