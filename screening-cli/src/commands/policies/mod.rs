//! `screening policies`

mod check;
mod list;
mod show;

use std::collections::BTreeMap;

use screening_core::instrument::Library;
use screening_core::risk::Policy;
use screening_core::screening::Battery;

use super::Context;
use super::instruments::check::render;
use super::instruments::pages::put;
use crate::args::{Policies, PoliciesCommand, PolicyPages};
use crate::fail::Failure;
use crate::markdown_policy;
use crate::texts::fill;

pub(crate) fn run(context: &Context, command: &PoliciesCommand) -> Result<(), Failure> {
    match &command.what {
        Policies::List => list::run(context),
        Policies::Show { policy } => show::run(context, policy),
        Policies::Check(command) => check::run(context, command),
        Policies::Pages(command) => pages(context, command),
    }
}

/// A policy with its text, for diagnostics that name a place.
struct Source {
    file: String,
    text: String,
    policy: Policy,
}

impl Source {
    /// A policy of the library by its id, or one of a file. What is wrong with the file itself is printed.
    fn read(context: &Context, name: &str) -> Result<Self, Failure> {
        let (file, text) = match Library::bundled_file(&format!("policies/{name}.toml")) {
            Some(text) => (format!("{name}.toml"), text.to_owned()),
            None if std::path::Path::new(name).is_file() => {
                let text = std::fs::read_to_string(name).map_err(|e| Failure::Message(format!("{name}: {e}")))?;
                (name.to_owned(), text)
            }
            None => {
                let known = Library::bundled_ids("policies").join(", ");
                return Err(Failure::Message(fill("no-policy", context.language, &[name.to_owned(), known])));
            }
        };
        match Policy::from_toml(&text) {
            Ok(policy) => Ok(Self { file, text, policy }),
            Err(diagnostics) => {
                for diagnostic in &diagnostics.0 {
                    eprintln!("{}\n", render(&file, &text, diagnostic));
                }
                Err(Failure::Told)
            }
        }
    }
}

/// The bundled policies, or nothing where one is broken, which a test excludes.
fn bundled() -> Vec<Policy> {
    Library::bundled_ids("policies").into_iter().filter_map(|id| Policy::bundled(id)?.ok()).collect()
}

/// The bundled batteries.
fn batteries() -> Vec<Battery> {
    Library::bundled_ids("batteries").into_iter().filter_map(|id| Battery::bundled(id)?.ok()).collect()
}

fn pages(context: &Context, command: &PolicyPages) -> Result<(), Failure> {
    let library = context.library()?;
    let policies = bundled();
    let mut pages: BTreeMap<String, String> = policies
        .iter()
        .map(|policy| (format!("{}.md", policy.id()), markdown_policy::page(policy, &library)))
        .collect();
    pages.insert("README.md".to_owned(), markdown_policy::index(&policies));
    put(context, &command.out, command.check, &pages, "policy-pages-stale")
}
