//! What one piece of evidence found in a row.

use crate::instrument::Text;
use crate::instrument::expr::Comparison;
use crate::texts::{Fill, say};

use super::super::condition::{BandWish, Leaf};
use super::super::engine::{Kind, Probe, compare};
use super::super::model::RuleDef;
use super::super::proposal::{EvidenceKind, Undecided, WhyUndecided};
use super::operator_key;

/// A number for people: at most two decimals.
pub(super) fn number(value: f64) -> String {
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
pub(super) struct Observed {
    pub(super) kind: EvidenceKind,
    pub(super) found_key: &'static str,
    pub(super) basis_key: &'static str,
    pub(super) part: String,
    pub(super) name: Text,
    pub(super) value: Option<f64>,
    pub(super) value_text: String,
    pub(super) bounds: Option<(f64, f64)>,
    pub(super) found: String,
    pub(super) label: Text,
}

impl Probe<'_> {
    /// Scale, item, flag or validity rule.
    pub(super) fn part(&self) -> String {
        match self.leaf {
            Leaf::Score { scale, .. } | Leaf::Band { scale, .. } | Leaf::Word { scale, .. } => scale.part.clone(),
            Leaf::Answer { item, .. } => item.part.clone(),
            Leaf::Flag { flag } => flag.part.clone(),
            Leaf::Validity { .. } => "validity".to_owned(),
        }
    }

    pub(super) fn operator(&self) -> Option<Comparison> {
        match self.leaf {
            Leaf::Score { op, .. } | Leaf::Answer { op, .. } => Some(*op),
            _ => None,
        }
    }

    pub(super) fn threshold(&self) -> String {
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

    pub(super) fn observe(&self, row: usize) -> Observed {
        let definition = self.sheets.instrument().definition();
        let plain = |kind, found_key, basis_key| Observed {
            kind,
            found_key,
            basis_key,
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
                let (found, basis) = if value.is_some() {
                    ("found.score", "basis.compared")
                } else {
                    ("found.score-range", "basis.compared-range")
                };
                let name = self.scale_name(*scale);
                Observed {
                    name,
                    value,
                    found: value_text.clone(),
                    value_text,
                    bounds,
                    ..plain(EvidenceKind::Score, found, basis)
                }
            }
            Kind::Band { scale, wanted } => {
                let value = self.sheets.value(*scale, row);
                let bounds = if value.is_some() { None } else { self.sheets.bounds(*scale, row) };
                let key = if value.is_some() { "found.band" } else { "found.band-range" };
                let (ids, label) = self.bands_of(*scale, wanted, row);
                let value_text = value.map(number).unwrap_or_default();
                Observed {
                    name: self.scale_name(*scale),
                    value,
                    value_text,
                    bounds,
                    found: ids,
                    label,
                    ..plain(EvidenceKind::Band, key, "basis.named")
                }
            }
            Kind::Word { scale, .. } => {
                let word = self.sheets.word(*scale, row).unwrap_or_default().to_owned();
                let texts = definition.scales.get(*scale).map(|scale| &scale.values);
                let label = texts.and_then(|texts| texts.get(&word)).cloned().unwrap_or_else(no_text);
                let value = self.sheets.value(*scale, row);
                Observed {
                    name: self.scale_name(*scale),
                    value,
                    found: word,
                    label,
                    ..plain(EvidenceKind::Word, "found.word", "basis.named")
                }
            }
            Kind::Answer { item, values, .. } => {
                let item = definition.items.get(*item);
                let value = values.get(row).copied().filter(|value| !value.is_nan());
                let options = item.map_or(&[][..], |item| definition.options_of(item));
                let option = options.iter().find(|option| Some(f64::from(option.code)) == value);
                let label = option.map_or_else(no_text, |option| option.label.clone());
                let value_text = value.map(number).unwrap_or_default();
                let name = item.map_or_else(no_text, |item| item.label.clone());
                Observed {
                    name,
                    value,
                    found: value_text.clone(),
                    value_text,
                    label,
                    ..plain(EvidenceKind::Answer, "found.answer", "basis.compared")
                }
            }
            Kind::Flag { flag } => {
                let label = definition.flags.get(*flag).map_or_else(no_text, |flag| flag.meaning.clone());
                Observed { label, ..plain(EvidenceKind::Flag, "found.flag", "basis.named") }
            }
            Kind::Validity { rules } => {
                let fired = rules.iter().find(|rule| self.sheets.validity(**rule, row).is_yes());
                let rule = fired.and_then(|rule| definition.validity.get(*rule));
                let label = rule.map_or_else(no_text, |rule| rule.meaning.clone());
                let part = rule.map_or_else(|| self.part(), |rule| rule.id.clone());
                Observed {
                    label,
                    found: part.clone(),
                    part,
                    ..plain(EvidenceKind::Validity, "found.validity", "basis.named")
                }
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

    pub(super) fn undecided(&self, rule: &RuleDef, row: usize) -> Undecided {
        let definition = self.sheets.instrument().definition();
        let scale = match &self.kind {
            Kind::Score { scale, .. } | Kind::Band { scale, .. } | Kind::Word { scale, .. } => Some(*scale),
            Kind::Answer { .. } | Kind::Flag { .. } | Kind::Validity { .. } => None,
        };
        let no_reference = match &self.kind {
            Kind::Band { scale, .. } => {
                self.sheets.band_code(*scale, row).is_none() && !self.sheets.band_undecided(*scale, row)
            }
            Kind::Score { scale, .. } => self.sheets.lacks_norm(*scale, row),
            _ => false,
        };
        let bounds = scale
            .and_then(|scale| self.sheets.bounds(scale, row))
            .filter(|(low, high)| low.is_finite() && high.is_finite());
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

pub(super) fn no_text() -> Text {
    Text { en: String::new(), zh_cn: String::new() }
}

/// The word of a level or a verdict in the file.
fn word_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
