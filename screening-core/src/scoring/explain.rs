//! Why a score is what it is.

use serde::Serialize;

use crate::instrument::Evidence;
use crate::instrument::model::Missing;

use super::Sheet;
use super::row::{Reason, ScaleView, Scores};

/// The way from answers to one score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Scale id.
    pub scale: String,
    /// The value.
    pub value: Option<f64>,
    /// The word of a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Lowest and highest value still possible.
    pub bounds: (f64, f64),
    /// Method of the definition.
    pub method: crate::instrument::Method,
    /// Answered and all items.
    pub answered: usize,
    /// Number of items.
    pub items: usize,
    /// The items with their keyed value, for scales computed straight from items.
    pub parts: Vec<ItemPart>,
    /// The formula or the cases, as written in the definition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<String>,
    /// The scales it was computed from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from_scales: Vec<String>,
    /// The missing rule.
    pub missing_rule: Missing,
    /// The cut-off set used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutoff_set: Option<String>,
    /// Band.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub band: Option<String>,
    /// Lowest value of the band, included; none for the first band.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub band_from: Option<crate::stats::Decimal>,
    /// The norm cell used: norm, and position of the cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm_cell: Option<(String, usize)>,
    /// How well key and cut-offs are established, the weaker of the two.
    pub evidence: Evidence,
    /// Sources of key and cut-offs.
    pub sources: Vec<String>,
}

/// One item of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemPart {
    /// Item id.
    pub item: String,
    /// Stored answer.
    pub answer: Option<i32>,
    /// The kind of missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<crate::answers::Missing>,
    /// Whether it is reverse keyed.
    pub reversed: bool,
    /// What stands for the answer in the score after keying.
    pub keyed: Option<i32>,
}

impl Scores<'_> {
    /// Explains one scale of the sheet that was scored.
    ///
    /// ```
    /// use screening_core::answers::Context;
    /// use screening_core::instrument::Library;
    /// use screening_core::scoring::{Scorer, Sheet};
    /// let library = Library::bundled()?;
    /// let scorer = Scorer::new(library.get("gad-7").expect("bundled"))?;
    /// let sheet = Sheet::from_codes(scorer.instrument(), &[1, 1, 1, 1, 0, 1, 1])?;
    /// let why = scorer.score(&sheet, &Context::default()).explain(&sheet, "total").unwrap();
    /// assert_eq!(why.parts.iter().filter_map(|part| part.keyed).sum::<i32>(), 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self, sheet: &Sheet, scale: &str) -> Option<Explanation> {
        let view = self.scale(scale)?;
        let definition = view.definition();
        let cutoff = view.cutoff();
        let band = view.band_id();
        let band_from = cutoff.zip(band).and_then(|(set, id)| set.bands.iter().find(|step| step.band == id)?.from);
        let rule = definition
            .formula
            .iter()
            .cloned()
            .chain(definition.cases.iter().map(|case| match &case.when {
                Some(when) => format!("{when} -> {}", case.value),
                None => format!("otherwise -> {}", case.value),
            }))
            .collect();
        let sources = definition.source.iter().cloned().chain(cutoff.map(|c| c.source.clone())).collect();
        Some(Explanation {
            scale: scale.to_owned(),
            value: view.value(),
            word: view.word().map(str::to_owned),
            reason: view.reason(),
            bounds: view.bounds(),
            method: definition.method,
            answered: view.answered(),
            items: view.items(),
            parts: self.parts(sheet, &view),
            rule,
            from_scales: definition.of.clone(),
            missing_rule: definition.missing,
            cutoff_set: cutoff.map(|c| c.id.clone()),
            band: band.map(str::to_owned),
            band_from,
            norm_cell: definition.norm.clone().zip(view.norm_cell()),
            evidence: view.evidence(),
            sources,
        })
    }

    fn parts(&self, sheet: &Sheet, view: &ScaleView<'_>) -> Vec<ItemPart> {
        let instrument = self.instrument();
        let definition = instrument.definition();
        let positions = definition.expand_items(&view.definition().items).unwrap_or_default();
        positions
            .into_iter()
            .map(|position| {
                let item = &definition.items[position];
                let codes = || definition.options_of(item).iter().map(|option| i32::from(option.code));
                let ends = codes().min().unwrap_or(0) + codes().max().unwrap_or(0);
                let answer = sheet.answer(instrument, position);
                ItemPart {
                    item: item.id.clone(),
                    answer,
                    missing: sheet.missing(instrument, position),
                    reversed: item.reverse,
                    keyed: answer.map(|code| if item.reverse { ends - code } else { code }),
                }
            })
            .collect()
    }
}
