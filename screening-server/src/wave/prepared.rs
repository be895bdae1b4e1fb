//! A screening made ready: its definitions looked up, checked against each other, and cited.

use std::sync::Arc;

use indexmap::IndexMap;
use polars::prelude::{Column, DataFrame, DataType, Series};
use screening_core::coverage::{Attendance, Consent, Scope};
use screening_core::instrument::wording::WordingPacks;
use screening_core::instrument::{Instrument, ItemKind, Library};
use screening_core::norms::NormSet;
use screening_core::risk::Policy;
use screening_core::scoring::{ENGINE_VERSION, ScoringOptions};
use screening_core::screening::{
    Batch, Battery, Interpretation, Pupil, ScreeningError, ScreeningInput, ScreeningResult, WaveSettings, screen,
};
use screening_core::validity::ValidityPlan;
use sha2::{Digest, Sha256};

use crate::catalogue::{Catalogue, Ready};

use super::definition::{Definition, Frozen, spelt_out};

/// The plan that is used when a screening names none.
const DEFAULT_PLAN: &str = "district-default";
/// Says that no plan is to be used.
const NO_PLAN: &str = "none";

/// A screening with everything that it rests on.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) definition: Definition,
    pub(crate) frozen: Frozen,
    pub(crate) batteries: Vec<Battery>,
    pub(crate) instruments: Vec<Arc<Ready>>,
    pub(crate) library: Library,
    pub(crate) policy: Arc<Policy>,
    pub(crate) norms: Vec<Arc<NormSet>>,
    pub(crate) validity: Option<Arc<ValidityPlan>>,
    pub(crate) wording: WordingPacks,
}

/// Why a screening cannot be used. The text names definitions only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unusable(pub(crate) String);

impl Prepared {
    /// Looks everything up in its newest version and checks that it fits together.
    pub(crate) fn newest(text: &[u8], catalogue: &Catalogue) -> Result<Self, Unusable> {
        let prepared = Self::look_up(text, catalogue, None)?;
        // The checks of the pipeline, on a wave of one pupil without a sheet.
        prepared
            .screen(prepared.somebody(), prepared.no_sheets(), Vec::new())
            .map_err(|error| Unusable(error.to_string()))?;
        Ok(prepared)
    }

    /// Looks up exactly what was cited when the screening was released.
    pub(crate) fn as_released(text: &[u8], catalogue: &Catalogue, frozen: &Frozen) -> Result<Self, Unusable> {
        let prepared = Self::look_up(text, catalogue, Some(frozen))?;
        let same = Frozen { engine: frozen.engine.clone(), ..prepared.frozen.clone() } == *frozen;
        if same {
            return Ok(prepared);
        }
        let all = |frozen: &Frozen| [frozen.batteries.join(", "), frozen.norms.join(", ")].join("; ");
        Err(Unusable(format!("what was released was {}; what is here is {}", all(frozen), all(&prepared.frozen))))
    }

    /// The same, with corrections of how answers are read: name of the source and its text, in their order.
    pub(crate) fn corrected<'a>(
        mut self,
        changes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Unusable> {
        for (source, text) in changes {
            self.definition.change_source(source, text).map_err(Unusable)?;
        }
        Ok(self)
    }

    fn look_up(text: &[u8], catalogue: &Catalogue, frozen: Option<&Frozen>) -> Result<Self, Unusable> {
        let definition = Definition::read(text).map_err(Unusable)?;
        let gone = |what: &str, id: &str| {
            Unusable(format!("there is no {what} `{id}` here; add its file to the folder of `--instruments`"))
        };
        // What was released is found by its citation, everything else by what the definition says.
        let cited = |list: &dyn Fn(&Frozen) -> &[String], id: &str| {
            let of = |citation: &&String| citation.split('@').next() == id.split('@').next();
            frozen.and_then(|frozen| list(frozen).iter().find(of).cloned()).unwrap_or_else(|| id.to_owned())
        };
        let mut batteries = Vec::with_capacity(definition.batteries.len());
        for wanted in &definition.batteries {
            let battery = match spelt_out(wanted) {
                Some(own) => Battery::from_definition(own),
                None => Battery::bundled(&wanted.id).ok_or_else(|| gone("battery", &wanted.id))?,
            };
            batteries.push(battery.map_err(|found| Unusable(format!("battery `{}`: {found}", wanted.id)))?);
        }
        let mut instruments: Vec<Arc<Ready>> = Vec::new();
        for id in batteries.iter().flat_map(|battery| battery.definition().all_instruments()) {
            if instruments.iter().any(|known| known.instrument().id() == id) {
                continue;
            }
            let citation = cited(&|frozen| &frozen.instruments, id);
            instruments.push(catalogue.instruments.find(&citation).map_err(|_| gone("instrument", &citation))?.clone());
        }
        let policy = cited(&|frozen| std::slice::from_ref(&frozen.policy), &definition.policy);
        let policy = catalogue.policies.find(&policy).map_err(|_| gone("policy", &policy))?.clone();
        let mut norms = Vec::with_capacity(definition.norms.len());
        for id in &definition.norms {
            let citation = cited(&|frozen| &frozen.norms, id);
            norms.push(catalogue.norms.find(&citation).map_err(|_| gone("norm set", &citation))?.clone());
        }
        let plan = definition.validity.as_deref().unwrap_or(DEFAULT_PLAN);
        let validity = if plan == NO_PLAN {
            None
        } else {
            let citation = cited(&|frozen| frozen.validity.as_slice(), plan);
            Some(catalogue.plans.find(&citation).map_err(|_| gone("validity plan", &citation))?.clone())
        };
        let frozen = Frozen {
            definition: data_encoding::HEXLOWER.encode(&Sha256::digest(text)),
            batteries: batteries.iter().map(Battery::citation).collect(),
            instruments: instruments.iter().map(|ready| ready.instrument().citation()).collect(),
            policy: policy.citation(),
            norms: norms.iter().map(|set| set.citation()).collect(),
            validity: validity.as_ref().map(|plan| plan.citation()),
            engine: ENGINE_VERSION.to_owned(),
        };
        // A policy is checked against every instrument that it speaks of; of those that are asked it is the cited version.
        let all = catalogue.instruments.newest().chain(&instruments);
        let library = all.map(|ready| ready.instrument().clone()).collect();
        Ok(Self {
            definition,
            frozen,
            batteries,
            instruments,
            library,
            policy,
            norms,
            validity,
            wording: WordingPacks::default(),
        })
    }

    /// The battery of a grade.
    pub(crate) fn battery_of(&self, grade: u8) -> Option<&Battery> {
        self.batteries.iter().find(|battery| battery.definition().grades.contains(u16::from(grade)))
    }

    /// A battery by id.
    pub(crate) fn battery(&self, id: &str) -> Option<&Battery> {
        self.batteries.iter().find(|battery| battery.id() == id)
    }

    /// An instrument by id.
    pub(crate) fn instrument(&self, id: &str) -> Option<&Arc<Ready>> {
        self.instruments.iter().find(|ready| ready.instrument().id() == id)
    }

    /// Cut-off sets that the screening chose for an instrument.
    pub(crate) fn cutoffs(&self, instrument: &str) -> Vec<(String, String)> {
        let chosen = self.definition.cutoffs.get(instrument);
        chosen.into_iter().flatten().map(|(scale, set)| (scale.clone(), set.clone())).collect()
    }

    /// Norm sets that have a score of one of these instruments.
    pub(crate) fn norms_of(&self, instruments: &[&str]) -> Vec<Arc<NormSet>> {
        let is_about = |set: &&Arc<NormSet>| {
            let owners = set.definition().scales.iter().filter_map(|scale| scale.id.rsplit_once('.'));
            owners.map(|(owner, _)| owner).any(|owner| instruments.contains(&owner))
        };
        self.norms.iter().filter(is_about).cloned().collect()
    }

    /// Runs the pipeline of the engine over the wave.
    pub(crate) fn screen(
        &self,
        roster: Vec<Pupil>,
        batches: Vec<Batch>,
        earlier: Vec<screening_core::change::Wave>,
    ) -> Result<ScreeningResult, ScreeningError> {
        let definition = &self.definition;
        let mut wave = WaveSettings::new(definition.wave.clone(), definition.administered_on);
        wave.attempts = definition.attempts;
        wave.consent = definition.consent;
        wave.audit = definition.audit.clone();
        let scoring: IndexMap<String, ScoringOptions> = definition
            .cutoffs
            .iter()
            .map(|(id, sets)| (id.clone(), ScoringOptions { cutoffs: sets.clone().into_iter().collect() }))
            .collect();
        let interpretation = Interpretation {
            norms: self.norms.iter().map(|set| set.as_ref().clone()).collect(),
            validity: self.validity.as_ref().map(|plan| plan.as_ref().clone()),
            earlier,
            ..Interpretation::default()
        };
        screen(ScreeningInput {
            roster,
            batches,
            wave,
            library: &self.library,
            policy: &self.policy,
            licences: definition.licences.clone(),
            scoring,
            interpretation,
        })
    }

    /// A pupil who is not there: a wave needs one.
    fn somebody(&self) -> Vec<Pupil> {
        let grade = self.batteries.first().and_then(|battery| u8::try_from(battery.definition().grades.from).ok());
        vec![Pupil {
            student_id: "-".to_owned(),
            school: "-".to_owned(),
            grade,
            class: String::new(),
            sex: None,
            birth_date: None,
            consent: Consent::default(),
            attendance: Attendance::default(),
            scope: Scope::default(),
        }]
    }

    /// A batch without a sheet for each battery: what a wave has before the first sheet.
    fn no_sheets(&self) -> Vec<Batch> {
        let batch = |battery: &Battery| {
            let own = battery.definition().all_instruments().filter_map(|id| self.instrument(id));
            let items = own.flat_map(|ready| blank_columns(ready.instrument()));
            let columns =
                std::iter::once(Column::new("student_id".into(), Vec::<String>::new())).chain(items).collect();
            Some(Batch { battery: battery.clone(), sheets: DataFrame::new(0, columns).ok()? })
        };
        self.batteries.iter().filter_map(batch).collect()
    }
}

/// Columns of the items of an instrument, without a row.
fn blank_columns(instrument: &Instrument) -> impl Iterator<Item = Column> {
    instrument.definition().items.iter().map(|item| {
        let dtype = match item.kind {
            ItemKind::Choice => DataType::Int8,
            ItemKind::Number => DataType::Float64,
            ItemKind::Clock => DataType::String,
        };
        let name = format!("{}.{}", instrument.id(), item.id);
        Series::new_empty(name.as_str().into(), &dtype).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(policy: &str, more: &str) -> String {
        format!(
            r#"{{"title": {{"en": "t", "zh-CN": "t"}}, "wave": "2026-autumn", "administered-on": "2026-10-12", "policy": "{policy}",
            "batteries": [{{"id": "short", "grades": {{"from": 7, "to": 9}}, "instruments": ["phq-9", "gad-7"]}}]{more}}}"#
        )
    }

    #[test]
    fn a_screening_cites_what_it_rests_on_and_finds_it_again() {
        let catalogue = Catalogue::load(None, None).unwrap();
        let text = text("district-default", "");
        let prepared = Prepared::newest(text.as_bytes(), &catalogue).unwrap();
        assert_eq!(prepared.frozen.instruments.len(), 2);
        assert!(prepared.frozen.policy.starts_with("district-default@"));
        assert_eq!(prepared.battery_of(8).unwrap().id(), "short");
        assert!(prepared.battery_of(10).is_none());
        let again = Prepared::as_released(text.as_bytes(), &catalogue, &prepared.frozen).unwrap();
        assert_eq!(again.frozen, prepared.frozen);
        let mut other = prepared.frozen.clone();
        other.instruments[0] = "phq-9@1.0.0+ffffffffffff".to_owned();
        assert!(Prepared::as_released(text.as_bytes(), &catalogue, &other).is_err(), "another content is not taken");
    }

    #[test]
    fn what_does_not_fit_together_is_refused_before_release() {
        let catalogue = Catalogue::load(None, None).unwrap();
        let refused = |text: String, part: &str| {
            let why = Prepared::newest(text.as_bytes(), &catalogue).unwrap_err().to_string();
            assert!(why.contains(part), "{why}");
        };
        refused(text("nowhere", ""), "no policy `nowhere`");
        refused(text("district-default", r#", "norms": ["nowhere"]"#), "no norm set `nowhere`");
        refused(text("district-default", r#", "validity": "nowhere""#), "no validity plan `nowhere`");
        refused(text("district-default", r#", "cutoffs": {"mht": {"total": "x"}}"#), "mht");
        refused(text("district-default", "").replace("\"phq-9\"", "\"mht\""), "mht");
    }
}
