//! What can be scored with, and by what it can be read.

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::Uri;
use axum::response::Response;
use screening_core::catalogue::{Filter, minutes};
use screening_core::instrument::{Evidence, Informant, Language, LicenceStatus, Span, Text};
use screening_core::risk::{Effective, Policy, TierDef};
use serde::Serialize;

use crate::catalogue::{Catalogue, Named, Ready, Shelf};
use crate::middleware::Asked;
use crate::order::missing;
use crate::problem::{Problem, ProblemKind};
use crate::state::App;

use super::query::Query;
use super::score::{at_version, json};

/// Parameters of the list of instruments.
const FILTERS: &[&str] = &["construct", "age", "grade", "informant", "form_language", "licence", "evidence"];

/// What every entry of a list begins with.
#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    version: String,
    versions: Vec<String>,
    citation: String,
    name: &'a str,
}

impl<'a> Head<'a> {
    fn of<T: Named>(own: &'a T, shelf: &Shelf<T>, name: &'a Text, language: Language) -> Self {
        Self {
            id: own.id(),
            version: own.version().to_string(),
            versions: versions(shelf, own.id()),
            citation: own.citation(),
            name: name.get(language),
        }
    }
}

#[derive(Serialize)]
struct InstrumentEntry<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    abbreviation: &'a str,
    construct: &'a [String],
    informant: Informant,
    ages: Option<Span>,
    grades: Option<Span>,
    form_languages: &'a [String],
    minutes: u32,
    minutes_estimated: bool,
    items: usize,
    scales: Vec<&'a str>,
    licence: LicenceStatus,
    evidence: Evidence,
    loinc: Option<&'a str>,
}

#[derive(Serialize)]
struct Whole<'a, T> {
    citation: String,
    hash: &'a str,
    versions: Vec<String>,
    definition: &'a T,
}

#[derive(Serialize)]
struct PolicyEntry<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    population: &'a str,
    grades: Span,
    effective: Effective,
    /// The most urgent first.
    tiers: Vec<TierEntry<'a>>,
}

#[derive(Serialize)]
struct TierEntry<'a> {
    id: &'a str,
    name: &'a str,
    severity: u16,
    urgent: bool,
    response_hours: Option<u32>,
}

#[derive(Serialize)]
struct NormEntry<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    population: &'a str,
    scales: Vec<&'a str>,
}

#[derive(Serialize)]
struct PlanEntry<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    population: &'a str,
    rules: Vec<&'a str>,
}

/// A word of the definitions, as a value of a query.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

/// `GET /api/v1/instruments`
pub(super) async fn instruments(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, FILTERS)?;
    let text = |text: &str| Some(text.to_owned());
    let filter = Filter {
        construct: query.parsed("construct", text)?,
        age: query.parsed("age", |text| text.parse().ok())?,
        grade: query.parsed("grade", |text| text.parse().ok().filter(|grade| (1..=12).contains(grade)))?,
        informant: query.parsed("informant", word)?,
        language: query.parsed("form_language", text)?,
        licence: query.parsed("licence", word)?,
        evidence: query.parsed("evidence", word)?,
    };
    let catalogue = app.definitions.now();
    let found = catalogue.instruments.newest().filter(|own| filter.matches(own.instrument()));
    written(&found.map(|own| entry(own, &catalogue, asked.language)).collect::<Vec<_>>())
}

fn entry<'a>(ready: &'a Ready, catalogue: &Catalogue, language: Language) -> InstrumentEntry<'a> {
    let definition = ready.instrument().definition();
    let (minutes, minutes_estimated) = minutes(definition);
    InstrumentEntry {
        head: Head::of(ready, &catalogue.instruments, &definition.name, language),
        abbreviation: &definition.abbreviation,
        construct: &definition.construct,
        informant: definition.informant,
        ages: definition.ages,
        grades: definition.grades,
        form_languages: &definition.languages,
        minutes,
        minutes_estimated,
        items: definition.items.len(),
        scales: definition.scales.iter().filter(|scale| !scale.internal).map(|scale| scale.id.as_str()).collect(),
        licence: definition.licence.status,
        evidence: definition.evidence,
        loinc: definition.loinc.as_ref().and_then(|loinc| loinc.panel.as_deref()),
    }
}

/// `GET /api/v1/instruments/{id}`
pub(super) async fn instrument(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, Problem> {
    let Path(reference) = path.map_err(|_| ProblemKind::NotFound)?;
    let catalogue = app.definitions.now();
    let instrument = super::score::named(&catalogue, &reference, &uri)?.instrument();
    written(&Whole {
        citation: instrument.citation(),
        hash: instrument.hash(),
        versions: versions(&catalogue.instruments, instrument.id()),
        definition: instrument.definition(),
    })
}

/// `GET /api/v1/policies`
pub(super) async fn policies(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let catalogue = app.definitions.now();
    let list = catalogue.policies.newest().map(|policy| policy_entry(policy, &catalogue, asked.language));
    written(&list.collect::<Vec<_>>())
}

fn policy_entry<'a>(policy: &'a Policy, catalogue: &Catalogue, language: Language) -> PolicyEntry<'a> {
    let definition = policy.definition();
    let tier = |tier: &'a TierDef| TierEntry {
        id: &tier.id,
        name: tier.name.get(language),
        severity: tier.severity,
        urgent: tier.urgent,
        response_hours: tier.response_hours,
    };
    PolicyEntry {
        head: Head::of(policy, &catalogue.policies, &definition.name, language),
        population: definition.population.get(language),
        grades: definition.grades,
        effective: definition.effective,
        tiers: policy.tiers().map(tier).collect(),
    }
}

/// `GET /api/v1/policies/{id}`
pub(super) async fn policy(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, Problem> {
    let Path(reference) = path.map_err(|_| ProblemKind::NotFound)?;
    let query = Query::read(&uri, &["version"])?;
    let catalogue = app.definitions.now();
    let look = |id: &str, version: Option<&str>| catalogue.policies.get(id, version);
    let found = at_version(&reference, query.get("version"), look);
    let policy = found.map_err(|missed| missing(missed, ProblemKind::UnknownPolicy))?;
    written(&Whole {
        citation: policy.citation(),
        hash: policy.hash(),
        versions: versions(&catalogue.policies, policy.id()),
        definition: policy.definition(),
    })
}

/// `GET /api/v1/norms`
pub(super) async fn norms(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let catalogue = app.definitions.now();
    let list = catalogue.norms.newest().map(|set| {
        let definition = set.definition();
        NormEntry {
            head: Head::of(set.as_ref(), &catalogue.norms, &definition.name, asked.language),
            population: definition.population.get(asked.language),
            scales: definition.scales.iter().map(|scale| scale.id.as_str()).collect(),
        }
    });
    written(&list.collect::<Vec<_>>())
}

/// `GET /api/v1/validity-plans`
pub(super) async fn plans(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let catalogue = app.definitions.now();
    let list = catalogue.plans.newest().map(|plan| {
        let definition = plan.definition();
        PlanEntry {
            head: Head::of(plan.as_ref(), &catalogue.plans, &definition.name, asked.language),
            population: definition.population.get(asked.language),
            rules: definition.rules.iter().map(|rule| rule.id.as_str()).collect(),
        }
    });
    written(&list.collect::<Vec<_>>())
}

fn versions<T: Named>(shelf: &Shelf<T>, id: &str) -> Vec<String> {
    shelf.versions(id).map(ToString::to_string).collect()
}

fn internal(error: serde_json::Error) -> Problem {
    tracing::error!(error = %error, "a definition cannot be written");
    ProblemKind::Internal.into()
}

fn written(value: &impl Serialize) -> Result<Response, Problem> {
    serde_json::to_vec(value).map(json).map_err(internal)
}
