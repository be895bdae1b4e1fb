//! What is said of each sheet.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::IndexColumn;
use super::facts::{OwnFlag, OwnRule};
use super::plan::{ValidityPlan, ValidityRuleDef};
use super::run::{FIRED, UNDECIDED};
use crate::answers::Tri;
use crate::instrument::{Instrument, Text};
use crate::texts::{Fill, operator, say};

/// What is said of a sheet. It concerns the sheet, never the pupil.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SheetVerdict {
    /// Nothing speaks against it.
    Valid,
    /// Read with care.
    Doubtful,
    /// Not to be interpreted; ask again.
    Invalid,
}

impl SheetVerdict {
    /// All verdicts, the mildest first.
    pub const ALL: [Self; 3] = [Self::Valid, Self::Doubtful, Self::Invalid];

    /// The word used in files: `valid`, `doubtful`, `invalid`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Doubtful => "doubtful",
            Self::Invalid => "invalid",
        }
    }

    /// The name for people.
    pub fn name(self) -> Text {
        say(&format!("validity-verdict.{}", self.word()), &[])
    }
}

/// One rule over all sheets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RuleResult {
    /// Place in the plan.
    pub(super) rule: usize,
    /// The values of the index; none when the rule is silent.
    pub(super) column: Option<IndexColumn>,
    /// The threshold in use.
    pub(super) cut: Option<f64>,
    pub(super) silent: Option<Text>,
    pub(super) partners: Vec<Option<usize>>,
    pub(super) fired: Vec<u8>,
}

/// The verdicts on the sheets to one instrument.
#[derive(Debug, Clone)]
pub struct ValidityReport {
    pub(super) plan: Arc<ValidityPlan>,
    pub(super) instrument: Arc<Instrument>,
    pub(super) results: Vec<RuleResult>,
    pub(super) own: Vec<OwnRule>,
    pub(super) critical: Vec<OwnFlag>,
    pub(super) verdicts: Vec<SheetVerdict>,
}

/// How many sheets each verdict and each rule found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValidityCounts {
    /// Sheets.
    pub sheets: usize,
    /// Sheets that nothing speaks against.
    pub valid: usize,
    /// Sheets to be read with care.
    pub doubtful: usize,
    /// Sheets not to be interpreted.
    pub invalid: usize,
    /// Sheets by rule that fired, rules of the definition first.
    pub fired: Vec<(String, usize)>,
    /// Rules that could not be used in this run, with the reason.
    pub silent: Vec<(String, Text)>,
}

impl ValidityReport {
    /// Number of sheets.
    pub fn rows(&self) -> usize {
        self.verdicts.len()
    }

    /// The plan, as `id@version+hash`.
    pub fn plan(&self) -> String {
        self.plan.citation()
    }

    /// The instrument.
    pub fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// A rule of the plan that is used for this instrument, and what it means.
    pub fn rule(&self, id: &str) -> Option<&ValidityRuleDef> {
        self.rules().find(|(rule, _)| rule.id == id).map(|(rule, _)| rule)
    }

    /// Rules of the plan with a verdict that fired for a sheet, with the sentence that tells value, threshold and source.
    pub fn fired_rules(&self, row: usize) -> Vec<(&ValidityRuleDef, Text)> {
        let fired =
            self.rules().filter(|(rule, result)| rule.verdict.is_some() && result.fired.get(row) == Some(&FIRED));
        fired.filter_map(|(rule, result)| Some((rule, self.plan_sentence(rule, result, row)?))).collect()
    }

    /// The verdict on a sheet; a row beyond the last has no sheet that anything speaks against.
    pub fn verdict(&self, row: usize) -> SheetVerdict {
        self.verdicts.get(row).copied().unwrap_or(SheetVerdict::Valid)
    }

    /// All verdicts, one a sheet.
    pub fn verdicts(&self) -> &[SheetVerdict] {
        &self.verdicts
    }

    fn rules(&self) -> impl Iterator<Item = (&ValidityRuleDef, &RuleResult)> {
        let rules = &self.plan.definition().rules;
        self.results.iter().filter_map(move |result| Some((rules.get(result.rule)?, result)))
    }

    fn result(&self, rule: &str) -> Option<&RuleResult> {
        self.rules().find(|(definition, _)| definition.id == rule).map(|(_, result)| result)
    }

    /// The values of a rule's index; `None` when the rule does not fit the instrument or stays silent.
    pub fn column(&self, rule: &str) -> Option<&IndexColumn> {
        self.result(rule)?.column.as_ref()
    }

    /// The threshold of a rule; for a percentile, what it came to.
    pub fn cut(&self, rule: &str) -> Option<f64> {
        self.result(rule)?.cut
    }

    /// Whether a rule fired for a sheet: of the plan, or of the definition.
    pub fn state(&self, rule: &str, row: usize) -> Tri {
        if let Some(own) = self.own.iter().find(|own| own.id == rule) {
            return own.states.get(row).copied().unwrap_or(Tri::Unknown);
        }
        match self.result(rule).and_then(|result| result.fired.get(row)) {
            Some(&FIRED) => Tri::Yes,
            None | Some(&UNDECIDED) => Tri::Unknown,
            Some(_) => Tri::No,
        }
    }

    /// Row of the sheet that a sheet resembles most, by a rule about neighbours.
    pub fn partner(&self, rule: &str, row: usize) -> Option<usize> {
        self.result(rule)?.partners.get(row).copied().flatten()
    }

    /// Rules that fired for a sheet: those of the definition, then those of the plan in its order.
    pub fn fired(&self, row: usize) -> Vec<&str> {
        let own = self.own.iter().filter(|own| own.states.get(row).is_some_and(|state| state.is_yes()));
        let plan = self.rules().filter(|(_, result)| result.fired.get(row) == Some(&FIRED));
        own.map(|own| own.id.as_str()).chain(plan.map(|(rule, _)| rule.id.as_str())).collect()
    }

    /// Rules that have a verdict and could not be decided for a sheet.
    pub fn undecided(&self, row: usize) -> Vec<&str> {
        let own = self.own.iter().filter(|own| own.states.get(row) == Some(&Tri::Unknown));
        let open = |result: &RuleResult| matches!(result.fired.get(row), None | Some(&UNDECIDED));
        let plan = self.rules().filter(|(rule, result)| rule.verdict.is_some() && open(result));
        own.map(|own| own.id.as_str()).chain(plan.map(|(rule, _)| rule.id.as_str())).collect()
    }

    /// Critical flags that are raised on a sheet, whatever the verdict: a sheet that is not to be interpreted still says
    /// that somebody has to talk with the pupil. Empty when the facts held no scores.
    pub fn critical(&self, row: usize) -> Vec<&str> {
        let raised = self.critical.iter().filter(|flag| flag.states.get(row).is_some_and(|state| state.is_yes()));
        raised.map(|flag| flag.id.as_str()).collect()
    }

    /// Rules that could not be used in this run, with the reason.
    pub fn silent(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.rules().filter_map(|(rule, result)| Some((rule.id.as_str(), result.silent.as_ref()?)))
    }

    /// What speaks against a sheet, in words: meaning, value, threshold, source.
    pub fn sentences(&self, row: usize) -> Vec<Text> {
        let definition = self.instrument.definition();
        let instrument = Fill::Same(&definition.abbreviation);
        let own = self.own.iter().filter(|own| own.states.get(row).is_some_and(|state| state.is_yes()));
        let own = own.filter_map(|own| definition.validity.iter().find(|rule| rule.id == own.id));
        let own = own.map(|rule| {
            let fills = [("instrument", instrument), ("meaning", Fill::Both(&rule.meaning))];
            say("validity-fired.own", &fills)
        });
        let plan = self.rules().filter(|(_, result)| result.fired.get(row) == Some(&FIRED));
        let plan = plan.filter_map(|(rule, result)| self.plan_sentence(rule, result, row));
        own.chain(plan).collect()
    }

    fn plan_sentence(&self, rule: &ValidityRuleDef, result: &RuleResult, row: usize) -> Option<Text> {
        let (fires, cut) = (rule.fires?, result.cut?);
        let value = figure(result.column.as_ref()?.get(row)?);
        let (cut, operator) = (figure(cut), operator(fires.op));
        let source = self.plan.definition().sources.get(&rule.source).map_or("", |source| source.cite.as_str());
        let fills = [
            ("instrument", Fill::Same(&self.instrument.definition().abbreviation)),
            ("meaning", Fill::Both(&rule.meaning)),
            ("value", Fill::Same(&value)),
            ("operator", Fill::Both(&operator)),
            ("threshold", Fill::Same(&cut)),
            ("source", Fill::Same(source)),
        ];
        Some(say("validity-fired.plan", &fills))
    }

    /// Counts.
    pub fn counts(&self) -> ValidityCounts {
        let of = |verdict: SheetVerdict| self.verdicts.iter().filter(|own| **own == verdict).count();
        let own = self.own.iter().map(|own| (own.id.clone(), own.states.iter().filter(|state| state.is_yes()).count()));
        let plan = self.rules().filter(|(rule, _)| rule.verdict.is_some()).map(|(rule, result)| {
            (rule.id.clone(), (0..self.rows()).filter(|row| result.fired.get(*row) == Some(&FIRED)).count())
        });
        ValidityCounts {
            sheets: self.rows(),
            valid: of(SheetVerdict::Valid),
            doubtful: of(SheetVerdict::Doubtful),
            invalid: of(SheetVerdict::Invalid),
            fired: own.chain(plan).collect(),
            silent: self.silent().map(|(rule, why)| (rule.to_owned(), why.clone())).collect(),
        }
    }

    /// The report as columns: `<instrument>.validity.verdict` (`valid`, `doubtful`, `invalid`), `.fired`,
    /// `.undecided` and `.critical` (ids joined by `, `, null when there is none), and for each rule of the plan
    /// `<instrument>.validity.<rule>` (fired; null when it cannot be said; only with a verdict) and
    /// `<instrument>.validity.<rule>.value`. The rules of the definition have their columns from scoring.
    ///
    /// # Errors
    /// When polars cannot build the frame.
    #[cfg(feature = "frame")]
    pub fn to_frame(&self) -> polars::prelude::PolarsResult<polars::prelude::DataFrame> {
        use polars::prelude::*;

        use crate::scoring::sheets::{enum_column, tri_column};

        let id = self.instrument.id();
        let words = SheetVerdict::ALL.map(SheetVerdict::word);
        let codes = self.verdicts.iter().map(|verdict| *verdict as u8).collect();
        let mut columns = vec![enum_column(&format!("{id}.validity.verdict"), codes, &words)?];
        let lists: [(&str, fn(&Self, usize) -> Vec<&str>); 3] =
            [("fired", Self::fired), ("undecided", Self::undecided), ("critical", Self::critical)];
        for (name, list) in lists {
            let joined = (0..self.rows()).map(|row| Some(list(self, row).join(", ")).filter(|ids| !ids.is_empty()));
            let column: StringChunked = joined.collect();
            columns.push(column.with_name(format!("{id}.validity.{name}").into()).into_column());
        }
        for (rule, result) in self.rules() {
            let Some(column) = &result.column else { continue };
            let name = format!("{id}.validity.{}", rule.id);
            if rule.verdict.is_some() {
                columns.push(tri_column(&name, &result.fired));
            }
            let known = column.values().iter().map(|value| !value.is_nan()).collect();
            let values = Float64Chunked::from_vec_validity(
                format!("{name}.value").into(),
                column.values().to_vec(),
                Some(known),
            );
            columns.push(values.into_column());
        }
        DataFrame::new(self.rows(), columns)
    }
}

/// A figure for people: three decimals, or two digits where these would all be zeros.
fn figure(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.001 {
        return format!("{value:.1e}");
    }
    crate::stats::short(value, 3)
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures_are_short_and_never_a_false_zero() {
        let shown = [0.5, 12.0, 0.0, -0.333_333, 0.000_012].map(figure);
        assert_eq!(shown, ["0.5", "12", "0", "-0.333", "1.2e-5"]);
    }
}
