//! What the server answers: scores, bands, flags, validity, explanations, norms, a proposal, and what they rest on.

mod figure;
mod norms;
mod proposal;
mod sheet;
mod validity;

use screening_core::answers::Context;
use screening_core::instrument::Language;
use screening_core::risk::{OneSheet, propose_one};
use screening_core::scoring::{ENGINE_VERSION, Scores};
use screening_core::validity::{SheetFacts, ValidityReport};
use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::order::{Order, OrderedSheet};
use crate::problem::{Fault, Problem, ProblemKind, say};

use figure::Entries;
use proposal::ProposalAnswer;
use sheet::{CriticalOut, SheetAnswer};

/// Everything about one person.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// The sheets are still being filled in.
    partial: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheets: Option<Entries<'a, SheetAnswer<'a>>>,
    #[serde(flatten)]
    sheet: Option<SheetAnswer<'a>>,
    /// Critical answers of all sheets, whatever scores and validity say.
    critical: Vec<CriticalOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<ProposalAnswer<'a>>,
    provenance: Provenance<'a>,
    notice: String,
}

/// What the whole answer rests on.
#[derive(Serialize)]
struct Provenance<'a> {
    engine: &'a str,
    instruments: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    norms: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validity: Option<String>,
}

/// How an answer is to look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) language: Language,
    /// The line of a stream.
    pub(crate) line: Option<u64>,
    /// One sheet stands in the answer itself, several stand by instrument.
    pub(crate) single: bool,
}

/// Scores an order and writes the answer as JSON.
///
/// # Errors
/// When the policy or the validity plan does not fit what is at hand.
pub(crate) fn write(order: &Order, catalogue: &Catalogue, shape: Shape, out: &mut Vec<u8>) -> Result<(), Problem> {
    let context = &order.person.context;
    let scores: Vec<Scores<'_>> =
        order.sheets.iter().map(|ordered| ordered.scorer.score(&ordered.sheet, context)).collect();
    let judged = judge(order, catalogue, &scores)?;
    let proposal = propose(order, context, &scores, &judged)?;
    let sheets: Vec<SheetAnswer<'_>> = order
        .sheets
        .iter()
        .zip(&scores)
        .enumerate()
        .map(|(at, (ordered, scores))| sheet::answer(order, ordered, scores, judged.get(at), shape.language))
        .collect();
    let critical = scores.iter().flat_map(|scores| sheet::critical(scores, shape.language)).collect();
    let (sheet, sheets) = if shape.single {
        (sheets.into_iter().next(), None)
    } else {
        let ids = order.sheets.iter().map(|ordered| ordered.scorer.instrument().id());
        (None, Some(Entries(ids.zip(sheets).collect())))
    };
    let answer = Answer {
        line: shape.line,
        id: order.id.as_deref(),
        partial: order.partial,
        sheets,
        sheet,
        critical,
        proposal: proposal
            .as_ref()
            .zip(order.policy.as_deref())
            .map(|(proposal, policy)| proposal::answer(proposal, policy, shape.language)),
        provenance: provenance(order),
        notice: say("notice", shape.language, &[]),
    };
    serde_json::to_writer(out, &answer).map_err(|error| {
        tracing::error!(error = %error, "an answer cannot be written");
        ProblemKind::Internal.into()
    })
}

fn provenance(order: &Order) -> Provenance<'_> {
    Provenance {
        engine: ENGINE_VERSION,
        instruments: order.sheets.iter().map(|ordered| ordered.scorer.instrument().citation()).collect(),
        policy: order.policy.as_ref().map(|policy| policy.citation()),
        norms: order.norms.iter().map(|set| set.citation()).collect(),
        validity: order.validity.as_ref().map(|plan| plan.citation()),
    }
}

/// What the validity plan says of each sheet; nothing without a plan.
fn judge(order: &Order, catalogue: &Catalogue, scores: &[Scores<'_>]) -> Result<Vec<ValidityReport>, Problem> {
    let Some(plan) = &order.validity else { return Ok(Vec::new()) };
    // The time was spent on all sheets together.
    let questions: usize = scores.iter().map(|scores| scores.instrument().definition().items.len()).sum();
    let judge = |(ordered, scores): (&OrderedSheet, &Scores<'_>)| {
        let instrument = ordered.scorer.instrument();
        let mut facts = SheetFacts::default().with_sheet_scores(scores);
        if order.duration_s.is_some() {
            facts = facts.with_durations(vec![order.duration_s], questions);
        }
        let check = catalogue.check(plan, instrument)?;
        check.sheet(&ordered.sheet, &facts, None)
    };
    let judged = order.sheets.iter().zip(scores).map(|(ordered, scores)| {
        judge((ordered, scores)).map_err(|error| {
            let instrument = ordered.scorer.instrument().id();
            tracing::warn!(plan = plan.id(), instrument, error = %error, "a validity plan does not fit");
            let fault = Fault::new(ProblemKind::ValidityNotApplicable).at("/validity");
            fault.with("plan", plan.citation()).with("instrument", instrument).into()
        })
    });
    judged.collect()
}

/// What the policy proposes; nothing without a policy.
fn propose(
    order: &Order,
    context: &Context,
    scores: &[Scores<'_>],
    judged: &[ValidityReport],
) -> Result<Option<screening_core::risk::Proposal>, Problem> {
    let Some(policy) = &order.policy else { return Ok(None) };
    let sheets: Vec<OneSheet<'_>> = order
        .sheets
        .iter()
        .zip(scores)
        .enumerate()
        .map(|(at, (ordered, scores))| OneSheet { sheet: &ordered.sheet, scores, judged: judged.get(at) })
        .collect();
    let norms: Vec<&screening_core::norms::NormSet> = order.norms.iter().map(std::convert::AsRef::as_ref).collect();
    let proposal = propose_one(policy, &sheets, &norms, context).map_err(|error| {
        // The error names rules and columns of definitions, never an answer.
        let fault = Fault::new(ProblemKind::PolicyNotApplicable).at("/policy");
        Problem::from(fault.with("policy", policy.citation()).with("why", error))
    })?;
    Ok(Some(proposal))
}
