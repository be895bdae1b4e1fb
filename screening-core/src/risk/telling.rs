//! The evidence of a row in words.

use crate::instrument::expr::Comparison;
use crate::instrument::model::{FlagDef, SourceDef, ValidityDef};
use crate::instrument::{Text, Verdict};
use crate::texts::{Fill, say};

use super::condition::{BandWish, Leaf};
use super::engine::{Block, Kind, PolicyEngine, Probe, ReadyRule, compare};
use super::model::RuleDef;
use super::proposal::{CriticalAnswer, Evidence, EvidenceKind, InvalidSheet, Undecided, WhyUndecided};
use super::tree::{OPEN, YES};

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
                let fills = [
                    ("instrument", Fill::Same(&definition.abbreviation)),
                    ("meaning", Fill::Both(&flag.meaning)),
                    ("source", Fill::Same(source)),
                ];
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
        }
        list
    }

    /// Evidence of every rule that holds, the most urgent first, notes last.
    pub(super) fn evidence(&self, block: &Block, lane: usize) -> Vec<Evidence> {
        let mut list = Vec::new();
        for (_, rule) in self.rules_with(block, lane, YES) {
            let mut grounds = Vec::new();
            rule.tree.grounds(&|leaf| code(block, leaf, lane), YES, &mut grounds);
            let before = list.len();
            let probes = grounds.iter().filter_map(|at| self.probes.get(*at));
            list.extend(probes.map(|probe| self.evidence_of(rule.definition, probe, block.start + lane)));
            if list.len() == before {
                list.push(self.bare_evidence(rule.definition));
            }
        }
        list
    }

    /// Rules with this code in the order of telling.
    fn rules_with<'s>(&'s self, block: &Block, lane: usize, wanted: u8) -> Vec<(Option<u8>, &'s ReadyRule<'s>)> {
        let has = |codes: &Vec<u8>| codes.get(lane) == Some(&wanted);
        let mut rules: Vec<_> =
            self.rules.iter().zip(&block.rules).filter(|(_, codes)| has(codes)).map(|(rule, _)| (rule.level, rule)).collect();
        // None sorts below every tier; the sort is stable, so rules of one tier keep the order of the file.
        rules.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
        rules
    }

    /// Rules of a higher tier, and critical answers, that cannot be decided.
    pub(super) fn undecided(&self, block: &Block, lane: usize, level: u8) -> Vec<Undecided> {
        let row = block.start + lane;
        let mut list: Vec<Undecided> = Vec::new();
        for (own, rule) in self.rules_with(block, lane, OPEN) {
            if own.is_none_or(|own| own <= level) {
                continue;
            }
            let mut grounds = Vec::new();
            rule.tree.grounds(&|leaf| code(block, leaf, lane), OPEN, &mut grounds);
            for probe in grounds.iter().filter_map(|at| self.probes.get(*at)) {
                let invalid = block.invalid.get(probe.scored).and_then(|rows| rows.get(lane)).copied().unwrap_or(false);
                let part = probe.part();
                let told = list.iter().any(|known| known.instrument == probe.leaf.instrument() && known.part == part);
                // A sheet that is not to be interpreted is told as such.
                if !told && !(invalid && probe.is_interpreted()) {
                    list.push(probe.undecided(rule.definition, row));
                }
            }
        }
        self.unanswered_critical(row, &mut list);
        list
    }

    fn unanswered_critical(&self, row: usize, list: &mut Vec<Undecided>) {
        for critical in &self.critical {
            let Some(sheets) = self.sheets.scored.get(critical.scored) else { continue };
            let definition = sheets.instrument().definition();
            let Some(flag) = definition.flags.get(critical.flag) else { continue };
            let told = list.iter().any(|known| known.instrument == definition.id && known.part == flag.id);
            if sheets.flag(critical.flag, row).known().is_none() && !told {
                let tier = self.policy.definition().critical_tier.clone();
                let text = flag_text("undecided.flag", &definition.abbreviation, flag);
                list.push(Undecided {
                    rule: None,
                    tier,
                    instrument: definition.id.clone(),
                    part: flag.id.clone(),
                    why: WhyUndecided::MissingAnswers,
                    bounds: None,
                    text,
                });
            }
        }
    }

    fn source(&self, rule: &RuleDef) -> String {
        cite(self.policy.definition().sources.get(&rule.source), &rule.source).to_owned()
    }

    /// A rule that holds because something does not.
    fn bare_evidence(&self, rule: &RuleDef) -> Evidence {
        let source = self.source(rule);
        let text = say("evidence.rule", &[("description", Fill::Both(&rule.description)), ("source", Fill::Same(&source))]);
        blank(rule, EvidenceKind::Rule, text)
    }

    fn evidence_of(&self, rule: &RuleDef, probe: &Probe<'_>, row: usize) -> Evidence {
        let source = self.source(rule);
        let said = probe.observe(row);
        let operator = probe.operator().map(|op| say(&format!("operator.{}", operator_key(op)), &[]));
        let blank_text = Text { en: String::new(), zh_cn: String::new() };
        let operator = operator.as_ref().unwrap_or(&blank_text);
        let threshold = probe.threshold();
        let (low, high) = said.bounds.map_or_else(Default::default, |(low, high)| (number(low), number(high)));
        let fills = [
            ("instrument", Fill::Same(probe.sheets.instrument().definition().abbreviation.as_str())),
            ("name", Fill::Both(&said.name)),
            ("item", Fill::Same(&said.part)),
            ("value", Fill::Same(&said.value_text)),
            ("label", Fill::Both(&said.label)),
            ("band", Fill::Both(&said.label)),
            ("word", Fill::Both(&said.label)),
            ("meaning", Fill::Both(&said.label)),
            ("operator", Fill::Both(operator)),
            ("threshold", Fill::Same(&threshold)),
            ("low", Fill::Same(&low)),
            ("high", Fill::Same(&high)),
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
            ..blank(rule, said.kind, say(said.key, &fills))
        }
    }
}

fn blank(rule: &RuleDef, kind: EvidenceKind, text: Text) -> Evidence {
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

fn operator_key(op: Comparison) -> &'static str {
    match op {
        Comparison::Eq => "eq",
        Comparison::Ne => "ne",
        Comparison::Ge => "ge",
        Comparison::Gt => "gt",
        Comparison::Le => "le",
        Comparison::Lt => "lt",
    }
}

/// A number for people: at most two decimals.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

/// A number for people beside a threshold: as many decimals as it takes to be on the right side of it.
fn number_beside(value: f64, op: Comparison, threshold: f64) -> String {
    let short = number(value);
    let same = short.parse::<f64>().is_ok_and(|shown| compare(shown, op, threshold) == compare(value, op, threshold));
    if same { short } else { format!("{value:.4}") }
}

/// What a probe found in a row.
struct Observed {
    kind: EvidenceKind,
    key: &'static str,
    part: String,
    name: Text,
    value: Option<f64>,
    value_text: String,
    bounds: Option<(f64, f64)>,
    found: String,
    label: Text,
}

impl Probe<'_> {
    /// Scale, item, flag or validity rule.
    fn part(&self) -> String {
        match self.leaf {
            Leaf::Score { scale, .. } | Leaf::Band { scale, .. } | Leaf::Word { scale, .. } => scale.part.clone(),
            Leaf::Answer { item, .. } => item.part.clone(),
            Leaf::Flag { flag } => flag.part.clone(),
            Leaf::Validity { .. } => "validity".to_owned(),
        }
    }

    fn operator(&self) -> Option<Comparison> {
        match self.leaf {
            Leaf::Score { op, .. } | Leaf::Answer { op, .. } => Some(*op),
            _ => None,
        }
    }

    fn threshold(&self) -> String {
        match self.leaf {
            Leaf::Score { value, .. } | Leaf::Answer { value, .. } => value.to_string(),
            Leaf::Band { wish: BandWish::In(ids), .. } => ids.join(", "),
            Leaf::Band { wish: BandWish::AtLeast(level), .. } => word_of(level),
            Leaf::Word { words, .. } => words.join(", "),
            Leaf::Validity { verdict, .. } => word_of(verdict),
            Leaf::Flag { .. } => String::new(),
        }
    }

    fn scale_name(&self, scale: usize) -> Text {
        let scales = &self.sheets.instrument().definition().scales;
        scales.get(scale).map_or_else(no_text, |scale| scale.name.clone())
    }

    fn observe(&self, row: usize) -> Observed {
        let definition = self.sheets.instrument().definition();
        let plain = |kind, key| Observed {
            kind,
            key,
            part: self.part(),
            name: no_text(),
            value: None,
            value_text: String::new(),
            bounds: None,
            found: String::new(),
            label: no_text(),
        };
        match &self.kind {
            Kind::Score { scale, op, value: threshold } => {
                let value = self.sheets.value(*scale, row);
                let value_text = value.map(|value| number_beside(value, *op, *threshold)).unwrap_or_default();
                let bounds = if value.is_some() { None } else { self.sheets.bounds(*scale, row) };
                let key = if value.is_some() { "evidence.score" } else { "evidence.score-range" };
                let name = self.scale_name(*scale);
                Observed { name, value, found: value_text.clone(), value_text, bounds, ..plain(EvidenceKind::Score, key) }
            }
            Kind::Band { scale, wanted } => {
                let value = self.sheets.value(*scale, row);
                let bounds = if value.is_some() { None } else { self.sheets.bounds(*scale, row) };
                let key = if value.is_some() { "evidence.band" } else { "evidence.band-range" };
                let (ids, label) = self.bands_of(*scale, wanted, row);
                let value_text = value.map(number).unwrap_or_default();
                Observed { name: self.scale_name(*scale), value, value_text, bounds, found: ids, label, ..plain(EvidenceKind::Band, key) }
            }
            Kind::Word { scale, .. } => {
                let word = self.sheets.word(*scale, row).unwrap_or_default().to_owned();
                let texts = definition.scales.get(*scale).map(|scale| &scale.values);
                let label = texts.and_then(|texts| texts.get(&word)).cloned().unwrap_or_else(no_text);
                let value = self.sheets.value(*scale, row);
                Observed { name: self.scale_name(*scale), value, found: word, label, ..plain(EvidenceKind::Word, "evidence.word") }
            }
            Kind::Answer { item, values, .. } => {
                let item = definition.items.get(*item);
                let value = values.get(row).copied().filter(|value| !value.is_nan());
                let options = item.map_or(&[][..], |item| definition.options_of(item));
                let option = options.iter().find(|option| Some(f64::from(option.code)) == value);
                let label = option.map_or_else(no_text, |option| option.label.clone());
                let value_text = value.map(number).unwrap_or_default();
                let name = item.map_or_else(no_text, |item| item.label.clone());
                Observed { name, value, found: value_text.clone(), value_text, label, ..plain(EvidenceKind::Answer, "evidence.answer") }
            }
            Kind::Flag { flag } => {
                let label = definition.flags.get(*flag).map_or_else(no_text, |flag| flag.meaning.clone());
                Observed { label, ..plain(EvidenceKind::Flag, "evidence.flag") }
            }
            Kind::Validity { rules } => {
                let fired = rules.iter().find(|rule| self.sheets.validity(**rule, row).is_yes());
                let rule = fired.and_then(|rule| definition.validity.get(*rule));
                let label = rule.map_or_else(no_text, |rule| rule.meaning.clone());
                let part = rule.map_or_else(|| self.part(), |rule| rule.id.clone());
                Observed { label, found: part.clone(), part, ..plain(EvidenceKind::Validity, "evidence.validity") }
            }
        }
    }

    /// The bands that are possible in a row and asked for: ids and label.
    fn bands_of(&self, scale: usize, wanted: &[bool], row: usize) -> (String, Text) {
        let ids = self.sheets.band_ids(scale);
        let known = self.sheets.band_code(scale, row);
        let possible: Vec<u8> = match known {
            Some(code) => vec![code],
            None => self.sheets.possible_bands(scale, row).unwrap_or_default().to_vec(),
        };
        let ids: Vec<&String> = possible
            .iter()
            .filter(|code| wanted.get(usize::from(**code)).copied().unwrap_or(false))
            .filter_map(|code| ids.get(usize::from(*code)))
            .collect();
        let bands = &self.sheets.instrument().definition().bands;
        let labels: Vec<&Text> = ids.iter().filter_map(|id| bands.get(*id)).map(|band| &band.label).collect();
        let join = |texts: Vec<&str>| texts.join(" / ");
        let label = Text {
            en: join(labels.iter().map(|text| text.en.as_str()).collect()),
            zh_cn: join(labels.iter().map(|text| text.zh_cn.as_str()).collect()),
        };
        (ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", "), label)
    }

    fn undecided(&self, rule: &RuleDef, row: usize) -> Undecided {
        let definition = self.sheets.instrument().definition();
        let scale = match &self.kind {
            Kind::Score { scale, .. } | Kind::Band { scale, .. } | Kind::Word { scale, .. } => Some(*scale),
            Kind::Answer { .. } | Kind::Flag { .. } | Kind::Validity { .. } => None,
        };
        let no_reference = match &self.kind {
            Kind::Band { scale, .. } => self.sheets.band_code(*scale, row).is_none() && !self.sheets.band_undecided(*scale, row),
            Kind::Score { scale, .. } => self.sheets.lacks_norm(*scale, row),
            _ => false,
        };
        let bounds = scale.and_then(|scale| self.sheets.bounds(scale, row)).filter(|(low, high)| low.is_finite() && high.is_finite());
        let key = match (&self.kind, no_reference, bounds.is_some()) {
            (_, true, _) => "undecided.no-reference",
            (Kind::Score { .. }, _, true) => "undecided.score",
            (Kind::Score { .. }, _, false) => "undecided.score-open",
            (Kind::Band { .. }, _, true) => "undecided.band",
            (Kind::Band { .. }, _, false) => "undecided.band-open",
            (Kind::Word { .. }, ..) => "undecided.word",
            (Kind::Answer { .. }, ..) => "undecided.answer",
            (Kind::Flag { .. }, ..) => "undecided.flag",
            (Kind::Validity { .. }, ..) => "undecided.validity",
        };
        let (low, high) = bounds.map_or_else(Default::default, |(low, high)| (number(low), number(high)));
        let operator = self.operator().map_or_else(no_text, |op| say(&format!("operator.{}", operator_key(op)), &[]));
        let said = self.observe(row);
        let threshold = self.threshold();
        let fills = [
            ("instrument", Fill::Same(definition.abbreviation.as_str())),
            ("name", Fill::Both(&said.name)),
            ("item", Fill::Same(&said.part)),
            ("meaning", Fill::Both(&said.label)),
            ("operator", Fill::Both(&operator)),
            ("threshold", Fill::Same(&threshold)),
            ("low", Fill::Same(&low)),
            ("high", Fill::Same(&high)),
        ];
        Undecided {
            rule: Some(rule.id.clone()),
            tier: rule.tier.clone().unwrap_or_default(),
            instrument: definition.id.clone(),
            part: self.part(),
            why: if no_reference { WhyUndecided::NoReference } else { WhyUndecided::MissingAnswers },
            bounds,
            text: say(key, &fills),
        }
    }
}

fn no_text() -> Text {
    Text { en: String::new(), zh_cn: String::new() }
}

/// The word of a level or a verdict in the file.
fn word_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
