//! What a job names: its policy, its batteries, and the instruments of their forms.

use std::path::Path;

use screening_core::instrument::{Definition, Library, Text, Version};
use screening_core::risk::Policy;
use screening_core::screening::{BATTERY_SCHEMA, Battery, BatteryDef, MAIN_FORM, ScreeningError};

use super::{JobBattery, JobError};

pub(super) fn unknown(kind: &'static str, id: &str) -> JobError {
    let advice =
        if kind == "policy" { "the path of a policy file" } else { "spell it out with grades and instruments" };
    JobError::Unknown { kind, id: id.to_owned(), advice }
}

/// A policy by the id of a bundled one, or from a file; a path is taken from the folder `base`.
///
/// # Errors
/// When there is neither, or the file does not pass its checks.
///
/// ```
/// let policy = screening_io::job::read_policy("district-default", std::path::Path::new(""))?;
/// assert_eq!(policy.id(), "district-default");
/// # Ok::<(), screening_io::job::JobError>(())
/// ```
pub fn read_policy(name: &str, base: &Path) -> Result<Policy, JobError> {
    let refuse = |diagnostics| JobError::Definition { file: name.to_owned(), diagnostics };
    if let Some(policy) = Policy::bundled(name) {
        return policy.map_err(refuse);
    }
    let path = base.join(name);
    if !path.is_file() {
        return Err(unknown("policy", name));
    }
    let text =
        std::fs::read_to_string(&path).map_err(|source| JobError::File { file: path.display().to_string(), source })?;
    Policy::from_toml(&text).map_err(refuse)
}

pub(super) fn battery(wanted: &JobBattery) -> Result<Battery, JobError> {
    let refuse = |diagnostics| JobError::Definition { file: wanted.id.clone(), diagnostics };
    let (Some(grades), false) = (wanted.grades, wanted.instruments.is_empty()) else {
        return Battery::bundled(&wanted.id).ok_or_else(|| unknown("battery", &wanted.id))?.map_err(refuse);
    };
    let definition = BatteryDef {
        schema: BATTERY_SCHEMA,
        id: wanted.id.clone(),
        version: semver_one(),
        name: wanted.name.clone().unwrap_or_else(|| Text { en: wanted.id.clone(), zh_cn: wanted.id.clone() }),
        grades,
        instruments: wanted.instruments.clone(),
        further_forms: wanted.further_forms.clone(),
        minutes: None,
        notes: Vec::new(),
    };
    Battery::from_definition(definition).map_err(refuse)
}

/// A battery spelt out in a job has no history of its own.
fn semver_one() -> Version {
    Version::new(1, 0, 0)
}

/// The instruments of the forms that a file holds, in their order.
pub(super) fn definitions<'a>(
    battery: &Battery,
    forms: &[String],
    library: &'a Library,
) -> Result<Vec<&'a Definition>, JobError> {
    let unknown =
        |id: &String| ScreeningError::UnknownInstrument { battery: battery.id().to_owned(), instrument: id.clone() };
    let mut ids: Vec<&String> = Vec::new();
    for form in forms {
        let own = if form == MAIN_FORM {
            Some(&battery.definition().instruments)
        } else {
            battery.definition().further_form(form).map(|form| &form.instruments)
        };
        let known = || {
            let known = battery.definition().further_forms.iter().map(|form| form.id.as_str());
            std::iter::once(MAIN_FORM).chain(known).collect::<Vec<_>>().join(", ")
        };
        ids.extend(own.ok_or_else(|| JobError::UnknownForm {
            battery: battery.id().to_owned(),
            form: form.clone(),
            known: known(),
        })?);
    }
    ids.into_iter().map(|id| Ok(library.get(id).ok_or_else(|| unknown(id))?.definition())).collect()
}
