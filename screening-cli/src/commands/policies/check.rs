//! `screening policies check`

use screening_core::instrument::Library;
use screening_core::risk::{LintScope, Policy, lint_policy};
use screening_core::screening::Battery;

use super::super::{Context, print_json};
use super::{Source, batteries, render};
use crate::args::PolicyCheck;
use crate::fail::Failure;
use crate::texts::fill;

pub(super) fn run(context: &Context, command: &PolicyCheck) -> Result<(), Failure> {
    let library = context.library()?;
    let names: Vec<String> = if command.policies.is_empty() {
        Library::bundled_ids("policies").into_iter().map(str::to_owned).collect()
    } else {
        command.policies.clone()
    };
    let batteries = if command.battery.is_empty() {
        batteries()
    } else {
        command.battery.iter().map(|name| battery(context, name)).collect::<Result<_, _>>()?
    };
    let mut clean = true;
    let mut told = Vec::new();
    for name in names {
        let source = match Source::read(context, &name) {
            Ok(source) => source,
            Err(Failure::Told) => {
                clean = false;
                continue;
            }
            Err(other) => return Err(other),
        };
        let findings = lint_policy(&source.policy, &library, &scopes(&source.policy, &batteries)).located(&source.text);
        clean &= !findings.has_errors();
        if context.json {
            told.push(serde_json::json!({ "file": source.file, "findings": findings }));
            continue;
        }
        for finding in &findings.0 {
            println!("{}\n", render(&source.file, &source.text, finding));
        }
        let counts = [source.policy.citation(), findings.0.len().to_string()];
        println!("{}", fill("policy-checked", context.language, &counts));
    }
    if context.json {
        print_json(&told)?;
    }
    if clean { Ok(()) } else { Err(Failure::Told) }
}

/// The instruments of the batteries whose grades the policy serves; the others are not its own.
pub(super) fn scopes<'a>(policy: &Policy, batteries: &'a [Battery]) -> Vec<LintScope<'a>> {
    let grades = policy.definition().grades;
    let own = batteries
        .iter()
        .map(Battery::definition)
        .filter(|battery| grades.contains(battery.grades.from) && grades.contains(battery.grades.to));
    own.flat_map(|battery| battery.all_instruments().map(|instrument| LintScope { instrument, grades: battery.grades }))
        .collect()
}

fn battery(context: &Context, name: &str) -> Result<Battery, Failure> {
    if let Some(battery) = Battery::bundled(name) {
        return battery.map_err(Failure::from_error);
    }
    let text = std::fs::read_to_string(name).map_err(|_| {
        let known = Library::bundled_ids("batteries").join(", ");
        Failure::Message(fill("no-battery", context.language, &[name.to_owned(), known]))
    })?;
    Battery::from_toml(&text).map_err(|diagnostics| Failure::Message(format!("{name}: {diagnostics}")))
}
