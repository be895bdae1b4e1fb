//! What the answers are read against: cut-off sets, norms, a validity plan, a policy.

use std::sync::Arc;

use screening_core::norms::NormSet;
use screening_core::risk::Policy;
use screening_core::scoring::Sheet;
use screening_core::validity::ValidityPlan;

use crate::catalogue::{Catalogue, Ready};
use crate::json::Json;
use crate::problem::{Fault, Faults, ProblemKind};

use super::fields::{Fields, object, wrong_type};
use super::{Person, Place, Subject, missing, shown};

/// As many norm sets as one body may name.
const MOST_NORMS: usize = 32;

pub(super) struct Options {
    pub(super) policy: Option<Arc<Policy>>,
    pub(super) norms: Vec<Arc<NormSet>>,
    pub(super) validity: Option<Arc<ValidityPlan>>,
}

pub(super) fn read(
    fields: &Fields<'_, '_, '_>,
    catalogue: &Catalogue,
    partial: bool,
    person: &Person,
    sheets: &[(Arc<Ready>, Sheet)],
    faults: &mut Faults,
) -> Options {
    let root = fields.place();
    if partial {
        for key in ["policy", "validity", "duration_s"].into_iter().filter(|key| fields.get(key).is_some()) {
            faults.push(Fault::new(ProblemKind::NotForOpenSheets).at(root.key(key).pointer()).with("key", key));
        }
    }
    let policy = fields.word("policy", faults).and_then(|name| {
        let found = catalogue.policies.find(name).cloned();
        found
            .map_err(|missed| faults.push(missing(missed, ProblemKind::UnknownPolicy).at(root.key("policy").pointer())))
            .ok()
    });
    if let Some(policy) = &policy {
        fits(policy, person, root, faults);
    }
    let validity = fields.word("validity", faults).and_then(|name| {
        let found = catalogue.plans.find(name).cloned();
        let place = root.key("validity");
        found.map_err(|missed| faults.push(missing(missed, ProblemKind::UnknownValidityPlan).at(place.pointer()))).ok()
    });
    Options { policy, norms: norms(fields, catalogue, sheets, faults), validity }
}

/// Whether a policy may be used on this day and in this grade, as far as both are known.
fn fits(policy: &Policy, person: &Person, root: &Place<'_>, faults: &mut Faults) {
    let definition = policy.definition();
    let pointer = || root.key("policy").pointer();
    if person.administered_on.is_some_and(|day| !definition.effective.contains(day)) {
        let to = definition.effective.to.map(|to| format!(" {to}")).unwrap_or_default();
        let fault = Fault::new(ProblemKind::PolicyNotInForce).at(pointer()).with("policy", policy.citation());
        faults.push(fault.with("period", format!("{} ..{to}", definition.effective.from)));
    }
    if person.context.grade.is_some_and(|grade| !definition.grades.contains(u16::from(grade))) {
        let fault = Fault::new(ProblemKind::PolicyGrade).at(pointer()).with("policy", policy.citation());
        faults.push(fault.with("low", definition.grades.from).with("high", definition.grades.to));
    }
}

/// Norm sets: each is there, has a score of these sheets, rests on their version, and no score has two.
fn norms(
    fields: &Fields<'_, '_, '_>,
    catalogue: &Catalogue,
    sheets: &[(Arc<Ready>, Sheet)],
    faults: &mut Faults,
) -> Vec<Arc<NormSet>> {
    let place = fields.place().key("norms");
    let Some(json) = fields.get("norms") else { return Vec::new() };
    let Json::List(names) = json else {
        faults.push(wrong_type(json, "array", &place));
        return Vec::new();
    };
    if names.len() > MOST_NORMS {
        faults.push(Fault::new(ProblemKind::OutOfRange).at(place.pointer()).with("low", 0).with("high", MOST_NORMS));
        return Vec::new();
    }
    let mut sets: Vec<Arc<NormSet>> = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let place = place.index(at);
        let Json::Text(name) = name else {
            faults.push(wrong_type(name, "string", &place));
            continue;
        };
        match catalogue.norms.find(name) {
            Ok(set) => {
                check_norms(set, &sets, sheets, &place, faults);
                sets.push(set.clone());
            }
            Err(missed) => faults.push(missing(missed, ProblemKind::UnknownNorms).at(place.pointer())),
        }
    }
    sets
}

fn check_norms(
    set: &NormSet,
    earlier: &[Arc<NormSet>],
    sheets: &[(Arc<Ready>, Sheet)],
    place: &Place<'_>,
    faults: &mut Faults,
) {
    let mut fits = false;
    for scale in &set.definition().scales {
        let owner = scale.id.rsplit_once('.').map(|(instrument, _)| instrument);
        let sheet = sheets.iter().find(|(ready, _)| Some(ready.instrument().id()) == owner);
        let Some((ready, _)) = sheet else { continue };
        fits = true;
        let current = ready.instrument().citation();
        if let Some(cited) =
            scale.definition.as_ref().filter(|cited| cited.split('+').next() != current.split('+').next())
        {
            let fault = Fault::new(ProblemKind::NormsOtherVersion).at(place.pointer()).with("scale", &scale.id);
            faults.push(fault.with("cited", cited).with("current", current));
        }
        if let Some(first) = earlier.iter().find(|first| first.scale(&scale.id).is_some()) {
            let fault = Fault::new(ProblemKind::NormTwice).at(place.pointer()).with("scale", &scale.id);
            faults.push(fault.with("first", first.citation()).with("second", set.citation()));
        }
    }
    // Where no sheet could be read, its faults are told and this one would mislead.
    if !fits && !sheets.is_empty() {
        let scales: Vec<&str> = set.definition().scales.iter().map(|scale| scale.id.as_str()).take(20).collect();
        let fault = Fault::new(ProblemKind::NormsNotApplicable).at(place.pointer()).with("norms", set.citation());
        faults.push(fault.with("allowed", scales.join(", ")));
    }
}

/// Cut-off sets by scale, one list a sheet. With one instrument `cutoffs` holds scales, with several instruments.
pub(super) fn cutoffs(
    fields: &Fields<'_, '_, '_>,
    subject: &Subject<'_>,
    sheets: &[(Arc<Ready>, Sheet)],
    faults: &mut Faults,
) -> Vec<Vec<(String, String)>> {
    let mut chosen = vec![Vec::new(); sheets.len()];
    let Some(json) = fields.get("cutoffs") else { return chosen };
    let place = fields.place().key("cutoffs");
    if let Subject::One(_) = subject {
        if let Some(((ready, _), slot)) = sheets.first().zip(chosen.first_mut()) {
            *slot = sets(json, ready, &place, faults);
        }
        return chosen;
    }
    for (reference, sets_of_one) in object(json, &place, faults).unwrap_or_default() {
        let place = place.key(reference);
        let id = reference.split('@').next().unwrap_or_default();
        match sheets.iter().zip(&mut chosen).find(|((ready, _), _)| ready.instrument().id() == id) {
            Some(((ready, _), slot)) => *slot = sets(sets_of_one, ready, &place, faults),
            None => {
                let fault = Fault::new(ProblemKind::UnknownKey).at(place.pointer()).with("key", shown(reference));
                let ids: Vec<&str> = sheets.iter().map(|(ready, _)| ready.instrument().id()).collect();
                faults.push(fault.with("allowed", ids.join(", ")));
            }
        }
    }
    chosen
}

/// The cut-off sets of one instrument, each of which must exist.
fn sets(json: &Json<'_>, ready: &Ready, place: &Place<'_>, faults: &mut Faults) -> Vec<(String, String)> {
    let definition = ready.instrument().definition();
    let id = ready.instrument().id();
    let mut chosen = Vec::new();
    for (scale, set) in object(json, place, faults).unwrap_or_default() {
        let place = place.key(scale);
        if ready.instrument().scale_position(scale).is_none() {
            let scales: Vec<&str> = definition.scales.iter().map(|scale| scale.id.as_str()).collect();
            let fault = Fault::new(ProblemKind::UnknownScale).at(place.pointer()).with("instrument", id);
            faults.push(fault.with("scale", shown(scale)).with("allowed", scales.join(", ")));
            continue;
        }
        let Json::Text(set) = set else {
            faults.push(wrong_type(set, "string", &place));
            continue;
        };
        let mut own: Vec<&str> = definition
            .cutoffs
            .iter()
            .filter(|own| own.scales.iter().any(|own| own == scale.as_ref()))
            .map(|own| own.id.as_str())
            .collect();
        own.dedup();
        if own.contains(&set.as_ref()) {
            chosen.push((scale.clone().into_owned(), set.clone().into_owned()));
        } else {
            let fault = Fault::new(ProblemKind::UnknownCutoffSet).at(place.pointer()).with("instrument", id);
            faults.push(fault.with("scale", scale).with("set", shown(set)).with("allowed", own.join(", ")));
        }
    }
    chosen
}
