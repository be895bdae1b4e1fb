//! What must fit before anything is computed: batteries, licences, policy.

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::instrument::LicenceStatus;
use crate::risk::{Policy, PolicyContext, check_policy_with};

use super::battery::Battery;
use super::error::ScreeningError;
use super::input::ScreeningInput;

/// Every battery, licence, grade, norm set and rule that does not fit is an error.
pub(super) fn check(input: &ScreeningInput<'_>) -> Result<(), ScreeningError> {
    check_batteries(input)?;
    super::against::check_norms(&input.interpretation.norms, input.library)?;
    in_force(input)?;
    check_the_policy(input, input.policy)
}

fn check_batteries(input: &ScreeningInput<'_>) -> Result<(), ScreeningError> {
    let mut known: IndexMap<&str, &Battery> = IndexMap::new();
    for battery in input.batches.iter().map(|batch| &batch.battery) {
        if known.insert(battery.id(), battery).is_some_and(|earlier| earlier.citation() != battery.citation()) {
            return Err(ScreeningError::BatteryTwice { id: battery.id().to_owned() });
        }
    }
    for (at, battery) in known.values().enumerate() {
        let grades = battery.definition().grades;
        for earlier in known.values().take(at) {
            if let Some(grade) = (grades.from..=grades.to).find(|grade| earlier.definition().grades.contains(*grade)) {
                return Err(ScreeningError::Overlap {
                    grade,
                    first: earlier.id().to_owned(),
                    second: battery.id().to_owned(),
                });
            }
        }
        check_instruments(battery, input)?;
    }
    super::forms::check(&known.values().copied().collect::<Vec<_>>(), input.library)?;
    let used: HashSet<&String> = known.values().flat_map(|battery| battery.definition().all_instruments()).collect();
    match input.scoring.keys().find(|id| !used.contains(id)) {
        Some(id) => Err(ScreeningError::UnusedCutoffs { instrument: id.clone() }),
        None => Ok(()),
    }
}

fn check_instruments(battery: &Battery, input: &ScreeningInput<'_>) -> Result<(), ScreeningError> {
    for id in battery.definition().all_instruments() {
        let Some(instrument) = input.library.get(id) else {
            return Err(ScreeningError::UnknownInstrument { battery: battery.id().to_owned(), instrument: id.clone() });
        };
        let licence = &instrument.definition().licence;
        if licence.status != LicenceStatus::Free && !input.licences.acknowledged(id) {
            let status = serde_json::to_value(licence.status).ok().and_then(|value| value.as_str().map(str::to_owned));
            return Err(ScreeningError::Licence {
                battery: battery.id().to_owned(),
                instrument: id.clone(),
                status: status.unwrap_or_default(),
                note: format!("{} / {}", licence.note.zh_cn, licence.note.en),
            });
        }
    }
    Ok(())
}

fn in_force(input: &ScreeningInput<'_>) -> Result<(), ScreeningError> {
    let definition = input.policy.definition();
    let effective = definition.effective;
    if !effective.contains(input.wave.date) {
        let to = effective.to.map(|to| format!(" to {to}")).unwrap_or_default();
        return Err(ScreeningError::NotInForce {
            policy: definition.id.clone(),
            period: format!("from {}{to}", effective.from),
            day: input.wave.date.to_string(),
        });
    }
    Ok(())
}

/// Whether a policy fits batteries, norms and validity plan.
pub(super) fn check_the_policy(input: &ScreeningInput<'_>, policy: &Policy) -> Result<(), ScreeningError> {
    let definition = policy.definition();
    for battery in input.batches.iter().map(|batch| batch.battery.definition()) {
        if !definition.grades.contains(battery.grades.from) || !definition.grades.contains(battery.grades.to) {
            return Err(ScreeningError::PolicyGrades {
                battery: battery.id.clone(),
                from: battery.grades.from,
                to: battery.grades.to,
                policy: definition.id.clone(),
                policy_from: definition.grades.from,
                policy_to: definition.grades.to,
            });
        }
    }
    let used: Vec<&str> = input
        .batches
        .iter()
        .flat_map(|batch| batch.battery.definition().all_instruments())
        .map(String::as_str)
        .collect();
    let interpretation = &input.interpretation;
    let context = PolicyContext {
        norms: &interpretation.norms,
        validity: interpretation.validity.as_ref(),
        parameters: &interpretation.parameters,
    };
    let diagnostics = check_policy_with(policy, input.library, &used, &context);
    if diagnostics.has_errors() {
        return Err(ScreeningError::Policy { policy: definition.id.clone(), diagnostics });
    }
    Ok(())
}
