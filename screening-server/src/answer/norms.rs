//! What norms say of the scores.

use screening_core::instrument::Language;
use screening_core::norms::{Basis, DeriveOptions, Derived, Limit, Member};
use screening_core::scoring::Scores;
use serde::Serialize;

use crate::order::Order;

use super::figure::Figure;

/// One score against one norm set.
#[derive(Serialize)]
pub(super) struct NormAnswer<'a> {
    scale: &'a str,
    /// The norm set, as `id@version+hash`.
    norms: String,
    #[serde(flatten)]
    found: Found,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Found {
    Yes(Box<Values>),
    No {
        /// The word of the reason.
        no_norm: &'static str,
        /// The same in a sentence.
        detail: String,
    },
}

#[derive(Serialize)]
struct Values {
    /// The cell that was used.
    cell: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    z: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    t: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percentile: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    t_normalised: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    t_limit: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stanine: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sten: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<Basis>,
    /// Interval of the T score, from the reliability.
    #[serde(skip_serializing_if = "Option::is_none")]
    t_interval: Option<[Figure; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Figure>,
}

/// Every score of the sheet that a norm set of the order is about.
pub(super) fn answer<'a>(order: &'a Order, scores: &Scores<'_>, language: Language) -> Vec<NormAnswer<'a>> {
    let member = Member::from(order.person.context);
    let id = scores.instrument().id();
    let mut list = Vec::new();
    for set in &order.norms {
        for scale in &set.definition().scales {
            let Some(own) = scale.id.strip_prefix(id).and_then(|rest| rest.strip_prefix('.')) else { continue };
            let Some(score) = scores.scale(own) else { continue };
            let found = match set.derive(&scale.id, score.value(), &member, &DeriveOptions::default()) {
                Ok(derived) => Found::Yes(Box::new(values(&derived, set.cell_name(derived.cell)))),
                Err(why) => Found::No { no_norm: why.word(), detail: why.text().get(language).to_owned() },
            };
            list.push(NormAnswer { scale: &scale.id, norms: set.citation(), found });
        }
    }
    list
}

fn values(derived: &Derived, cell: Option<String>) -> Values {
    Values {
        cell,
        z: derived.z.map(Figure),
        t: derived.t.map(Figure),
        percentile: derived.percentile.map(Figure),
        t_normalised: derived.t_normalised.map(Figure),
        t_limit: derived.limit,
        stanine: derived.stanine,
        sten: derived.sten,
        basis: derived.basis,
        t_interval: derived.interval.map(|interval| [Figure(interval.low), Figure(interval.high)]),
        level: derived.interval.map(|interval| Figure(interval.level)),
    }
}
