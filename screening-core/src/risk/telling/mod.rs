//! The evidence of a row in words.

mod beside;
mod observe;
mod open;
mod prospects;
mod record;

use crate::instrument::model::{FlagDef, SourceDef, ValidityDef};
use crate::instrument::{Text, Verdict};
use crate::texts::{Fill, operator, say};
use crate::validity::{SheetVerdict, ValidityRuleDef};

use super::engine::{Ask, Block, PolicyEngine, Probe, ReadyRule};
use super::model::RuleDef;
use super::proposal::{CriticalAnswer, Evidence, EvidenceKind, InvalidSheet};
use super::tree::{OPEN, YES};

use observe::{no_text, number};

impl PolicyEngine<'_> {
    /// Critical answers of a row.
    pub(super) fn critical_answers(&self, row: usize) -> Vec<CriticalAnswer> {
        let mut list = Vec::new();
        for critical in &self.critical {
            let Some(sheets) = self.sheets.scored.get(critical.scored) else { continue };
            let definition = sheets.instrument().definition();
            let Some(flag) = definition.flags.get(critical.flag) else { continue };
            if sheets.flag(critical.flag, row).is_yes() {
                let source = cite(definition.sources.get(&flag.source), &flag.source);
                let fills =
                    [("instrument", Fill::Same(&definition.abbreviation)), ("meaning", Fill::Both(&flag.meaning))];
                list.push(CriticalAnswer {
                    instrument: definition.id.clone(),
                    flag: flag.id.clone(),
                    meaning: flag.meaning.clone(),
                    source: source.to_owned(),
                    other_sheet: false,
                    text: say("critical.answer", &fills),
                });
            }
        }
        list
    }

    /// Sheets of a row that are not to be interpreted, with the rule that says so.
    pub(super) fn invalid_sheets(&self, block: &Block, lane: usize) -> Vec<InvalidSheet> {
        let mut list = Vec::new();
        for (sheets, invalid) in self.sheets.scored.iter().zip(&block.invalid) {
            if !invalid.get(lane).copied().unwrap_or(false) {
                continue;
            }
            let definition = sheets.instrument().definition();
            let fired = |(at, rule): &(usize, &ValidityDef)| {
                rule.verdict == Verdict::Invalid && sheets.validity(*at, block.start + lane).is_yes()
            };
            list.extend(definition.validity.iter().enumerate().filter(fired).map(|(_, rule)| InvalidSheet {
                instrument: definition.id.clone(),
                rule: rule.id.clone(),
                meaning: rule.meaning.clone(),
                text: say(
                    "invalid.sheet",
                    &[("instrument", Fill::Same(&definition.abbreviation)), ("meaning", Fill::Both(&rule.meaning))],
                ),
            }));
            list.extend(self.judged(&definition.id, block.start + lane, SheetVerdict::Invalid, "invalid.plan"));
        }
        list
    }

    /// What the rules of the plan say against a sheet of this verdict. Of an invalid sheet those that make it so.
    fn judged(&self, instrument: &str, row: usize, verdict: SheetVerdict, key: &str) -> Vec<InvalidSheet> {
        let Some(judged) = self.sheets.judged_of(instrument) else { return Vec::new() };
        let Some(row) = judged.row(row).filter(|row| judged.report.verdict(*row) == verdict) else { return Vec::new() };
        let fired = judged.report.fired_rules(row).into_iter();
        let counts =
            |rule: &ValidityRuleDef| verdict == SheetVerdict::Doubtful || rule.verdict == Some(Verdict::Invalid);
        fired
            .filter(|(rule, _)| counts(rule))
            .map(|(rule, told)| InvalidSheet {
                instrument: instrument.to_owned(),
                rule: rule.id.clone(),
                meaning: rule.meaning.clone(),
                text: say(key, &[("told", Fill::Both(&told))]),
            })
            .collect()
    }

    /// Sheets to be read with care by the plan, unless the evidence tells it already.
    pub(super) fn doubtful_sheets(&self, row: usize, evidence: &[Evidence]) -> Vec<InvalidSheet> {
        let told =
            |id: &str| evidence.iter().any(|entry| entry.kind == EvidenceKind::Validity && entry.instrument == id);
        let ids = self.sheets.scored.iter().map(|sheets| sheets.instrument().id()).filter(|id| !told(id));
        ids.flat_map(|id| self.judged(id, row, SheetVerdict::Doubtful, "doubtful.plan")).collect()
    }

    /// Evidence of every rule that holds, the most urgent first, notes last.
    pub(super) fn evidence(&self, block: &Block, lane: usize) -> Vec<Evidence> {
        let mut list = Vec::new();
        for (_, rule) in self.rules_with(block, lane, YES) {
            let mut grounds = Vec::new();
            rule.tree.grounds(&|leaf| code(block, leaf, lane), YES, &mut grounds);
            let before = list.len();
            let asks = grounds.iter().filter_map(|at| self.asks.get(*at));
            list.extend(asks.map(|ask| match ask {
                Ask::Sheet(probe) => self.evidence_of(rule.definition, probe, block.start + lane),
                Ask::Pupil(probe) => self.record_evidence(rule.definition, probe, block.start + lane),
            }));
            if list.len() == before {
                list.push(self.bare_evidence(rule.definition));
            }
        }
        list
    }

    /// Rules with this code in the order of telling.
    fn rules_with<'s>(&'s self, block: &Block, lane: usize, wanted: u8) -> Vec<(Option<u8>, &'s ReadyRule<'s>)> {
        let has = |codes: &Vec<u8>| codes.get(lane) == Some(&wanted);
        let mut rules: Vec<_> = self
            .rules
            .iter()
            .zip(&block.rules)
            .filter(|(_, codes)| has(codes))
            .map(|(rule, _)| (rule.level, rule))
            .collect();
        // None sorts below every tier; the sort is stable, so rules of one tier keep the order of the file.
        rules.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
        rules
    }

    fn source(&self, rule: &RuleDef) -> String {
        cite(self.policy.definition().sources.get(&rule.source), &rule.source).to_owned()
    }

    /// A rule that holds because something does not.
    fn bare_evidence(&self, rule: &RuleDef) -> Evidence {
        let source = self.source(rule);
        let fills = [("description", Fill::Both(&rule.description)), ("source", Fill::Same(&source))];
        blank(rule, EvidenceKind::Rule, say("found.rule", &fills), say("basis.rule", &fills))
    }

    fn evidence_of(&self, rule: &RuleDef, probe: &Probe<'_>, row: usize) -> Evidence {
        let source = self.source(rule);
        let said = probe.observe(row);
        let operator = probe.operator().map(operator);
        let blank_text = no_text();
        let operator = operator.as_ref().unwrap_or(&blank_text);
        let threshold = probe.threshold();
        let (low, high) = said.bounds.map_or_else(Default::default, |(low, high)| (number(low), number(high)));
        let fills = [
            ("instrument", Fill::Same(probe.sheets.instrument().definition().abbreviation.as_str())),
            ("name", Fill::Both(&said.name)),
            ("item", Fill::Same(&said.part)),
            ("value", Fill::Same(&said.value_text)),
            ("label", Fill::Both(&said.label)),
            ("operator", Fill::Both(operator)),
            ("threshold", Fill::Same(&threshold)),
            ("low", Fill::Same(&low)),
            ("high", Fill::Same(&high)),
            ("before", Fill::Same(&said.before)),
            ("wave", Fill::Same(&said.wave)),
            ("cell", Fill::Same(&said.cell)),
            ("description", Fill::Both(&rule.description)),
            ("source", Fill::Same(&source)),
        ];
        Evidence {
            instrument: probe.leaf.instrument().to_owned(),
            part: said.part.clone(),
            value: said.value,
            bounds: said.bounds,
            found: said.found.clone(),
            operator: probe.operator(),
            threshold: threshold.clone(),
            ..blank(rule, said.kind, say(said.found_key, &fills), say(said.basis_key, &fills))
        }
    }
}

fn blank(rule: &RuleDef, kind: EvidenceKind, found: Text, basis: Text) -> Evidence {
    let text = Text { en: found.en + &basis.en, zh_cn: found.zh_cn + &basis.zh_cn };
    Evidence {
        rule: rule.id.clone(),
        tier: rule.tier.clone(),
        kind,
        instrument: String::new(),
        part: String::new(),
        value: None,
        bounds: None,
        found: String::new(),
        operator: None,
        threshold: String::new(),
        source: rule.source.clone(),
        text,
        basis,
    }
}

fn code(block: &Block, leaf: usize, lane: usize) -> u8 {
    block.leaves.get(leaf).and_then(|codes| codes.get(lane)).copied().unwrap_or(OPEN)
}

fn cite<'a>(source: Option<&'a SourceDef>, key: &'a str) -> &'a str {
    source.map_or(key, |source| source.cite.as_str())
}

fn flag_text(key: &str, instrument: &str, flag: &FlagDef) -> Text {
    say(key, &[("instrument", Fill::Same(instrument)), ("meaning", Fill::Both(&flag.meaning))])
}
