//! What one piece of evidence found in a row.

use crate::instrument::Text;
use crate::instrument::expr::Comparison;
use crate::stats::short;
use crate::texts::{Fill, join, operator, say};

use super::super::condition::{BandWish, Leaf};
use super::super::engine::{Kind, Probe, Reason, compare};
use super::super::model::RuleDef;
use super::super::proposal::{EvidenceKind, Undecided, WhyUndecided};

/// A number for people: at most two decimals.
pub(super) fn number(value: f64) -> String {
    short(value, 2)
}

/// A number for people beside a threshold: as many decimals as it takes to be on the right side of it.
pub(super) fn number_beside(value: f64, op: Comparison, threshold: f64) -> String {
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
    /// Score at the earlier wave, and its name.
    pub(super) before: String,
    pub(super) wave: String,
    /// Cell of the norm, or the word of the reason why there is none.
    pub(super) cell: String,
}

impl Probe<'_> {
    /// Scale, item, flag or validity rule.
    pub(in crate::risk) fn part(&self) -> String {
        match self.leaf {
            Leaf::Score { scale, .. } | Leaf::Band { scale, .. } | Leaf::Word { scale, .. } => scale.part.clone(),
            Leaf::Answer { item, .. } => item.part.clone(),
            Leaf::Flag { flag } => flag.part.clone(),
            Leaf::Validity { .. } => "validity".to_owned(),
            Leaf::ValidityRule { rule } | Leaf::ValidityIndex { rule, .. } => rule.part.clone(),
            Leaf::Norm { scale, derived, .. } => format!("{}.{}", scale.part, derived.word()),
            Leaf::Change { scale, .. } | Leaf::Clinical { scale, .. } => format!("{}.change", scale.part),
            Leaf::ChangeIndex { scale, .. } => format!("{}.change_index", scale.part),
            Leaf::Course { scale, .. } => format!("{}.course", scale.part),
            Leaf::Record { of, .. } => of.to_string(),
        }
    }

    pub(super) fn operator(&self) -> Option<Comparison> {
        match self.leaf {
            Leaf::Score { op, .. }
            | Leaf::Answer { op, .. }
            | Leaf::Norm { op, .. }
            | Leaf::ValidityIndex { op, .. }
            | Leaf::ChangeIndex { op, .. } => Some(*op),
            _ => None,
        }
    }

    pub(super) fn threshold(&self) -> String {
        match self.leaf {
            Leaf::Score { value, .. }
            | Leaf::Answer { value, .. }
            | Leaf::Norm { value, .. }
            | Leaf::ValidityIndex { value, .. }
            | Leaf::ChangeIndex { value, .. } => value.to_string(),
            Leaf::Change { outcomes, .. } => joined(outcomes.iter().map(|outcome| outcome.word())),
            Leaf::Clinical { changes, .. } => joined(changes.iter().map(|change| change.word())),
            Leaf::Course { courses, .. } => joined(courses.iter().map(|course| course.word())),
            Leaf::Band { wish: BandWish::In(ids), .. } => ids.join(", "),
            Leaf::Band { wish: BandWish::AtLeast(level), .. } => word_of(level),
            Leaf::Word { words, .. } => words.join(", "),
            Leaf::Record { values, .. } => values.join(", "),
            Leaf::Validity { verdict, .. } => word_of(verdict),
            Leaf::Flag { .. } | Leaf::ValidityRule { .. } => String::new(),
        }
    }

    pub(super) fn scale_name(&self, scale: usize) -> Text {
        let scales = &self.sheets.instrument().definition().scales;
        scales.get(scale).map_or_else(no_text, |scale| scale.name.clone())
    }

    pub(super) fn observe(&self, row: usize) -> Observed {
        let definition = self.sheets.instrument().definition();
        let plain = |kind, found_key, basis_key| self.plain(kind, found_key, basis_key);
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
            Kind::Validity { rules, judged, .. } => {
                let fired = rules.iter().find(|rule| self.sheets.validity(**rule, row).is_yes());
                let own = fired.and_then(|rule| definition.validity.get(*rule));
                let plan = || {
                    let judged = judged.as_ref()?;
                    Some(judged.report.fired_rules(judged.row(row)?))
                };
                let (part, label) = match (own, plan()) {
                    (Some(rule), _) => (rule.id.clone(), rule.meaning.clone()),
                    (None, Some(fired)) if !fired.is_empty() => (
                        joined(fired.iter().map(|(rule, _)| rule.id.as_str())),
                        join(fired.iter().map(|(rule, _)| &rule.meaning), "join.items"),
                    ),
                    _ => (self.part(), no_text()),
                };
                Observed {
                    label,
                    found: part.clone(),
                    part,
                    ..plain(EvidenceKind::Validity, "found.validity", "basis.named")
                }
            }
            _ => self.observe_beside(row),
        }
    }

    pub(super) fn plain(&self, kind: EvidenceKind, found_key: &'static str, basis_key: &'static str) -> Observed {
        Observed {
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
            before: String::new(),
            wave: String::new(),
            cell: String::new(),
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
            _ => None,
        };
        let bounds = scale
            .and_then(|scale| self.sheets.bounds(scale, row))
            .filter(|(low, high)| low.is_finite() && high.is_finite());
        let (why, key) = self.why(row, bounds.is_some());
        let (low, high) = bounds.map_or_else(Default::default, |(low, high)| (number(low), number(high)));
        let operator = self.operator().map_or_else(no_text, operator);
        let said = self.observe(row);
        let threshold = self.threshold();
        let reason =
            if key == "undecided.no-norm" { say(&format!("no-norm-word.{}", said.cell), &[]) } else { no_text() };
        let fills = [
            ("instrument", Fill::Same(definition.abbreviation.as_str())),
            ("name", Fill::Both(&said.name)),
            ("item", Fill::Same(&said.part)),
            ("meaning", Fill::Both(&said.label)),
            ("operator", Fill::Both(&operator)),
            ("threshold", Fill::Same(&threshold)),
            ("low", Fill::Same(&low)),
            ("high", Fill::Same(&high)),
            ("reason", Fill::Both(&reason)),
            ("label", Fill::Both(&said.label)),
        ];
        Undecided {
            rule: Some(rule.id.clone()),
            tier: rule.tier.clone().unwrap_or_default(),
            instrument: definition.id.clone(),
            part: self.part(),
            why,
            bounds,
            missing: Vec::new(),
            alone: false,
            subject: say(if said.name.en.is_empty() { "subject.other" } else { "subject.named" }, &fills),
            text: say(key, &fills),
        }
    }
}

impl Probe<'_> {
    /// Why it cannot be said.
    pub(in crate::risk) fn why_open(&self, row: usize) -> WhyUndecided {
        self.why(row, false).0
    }

    /// Why it cannot be said, and the key of the sentence.
    fn why(&self, row: usize, bounds: bool) -> (WhyUndecided, &'static str) {
        use WhyUndecided::{MissingAnswers, NoEarlierResult, NoIndex, NoReference};
        if let Some((since, scale)) = self.since() {
            return match since.why(row, self.sheets.value(scale, row).is_some()) {
                Reason::Score => (MissingAnswers, "undecided.change-score"),
                Reason::Earlier => (NoEarlierResult, "undecided.change-earlier"),
                Reason::Figures => (NoReference, "undecided.change-figures"),
            };
        }
        let no_reference = match &self.kind {
            Kind::Band { scale, .. } => {
                self.sheets.band_code(*scale, row).is_none() && !self.sheets.band_undecided(*scale, row)
            }
            Kind::Score { scale, .. } => self.sheets.lacks_norm(*scale, row),
            _ => false,
        };
        if no_reference {
            return (NoReference, "undecided.no-reference");
        }
        match (&self.kind, bounds) {
            (Kind::Score { .. }, true) => (MissingAnswers, "undecided.score"),
            (Kind::Score { .. }, false) => (MissingAnswers, "undecided.score-open"),
            (Kind::Band { .. }, true) => (MissingAnswers, "undecided.band"),
            (Kind::Band { .. }, false) => (MissingAnswers, "undecided.band-open"),
            (Kind::Word { .. }, _) => (MissingAnswers, "undecided.word"),
            (Kind::Answer { .. }, _) => (MissingAnswers, "undecided.answer"),
            (Kind::Flag { .. }, _) => (MissingAnswers, "undecided.flag"),
            (Kind::Norm { derived, .. }, _) => match (derived.no_norm(row), derived.value(row)) {
                (_, Some(_)) => (NoReference, "undecided.norm-side"),
                ("no-score", _) => (MissingAnswers, "undecided.no-norm"),
                _ => (NoReference, "undecided.no-norm"),
            },
            (Kind::ValidityIndex { .. }, _) => (NoIndex, "undecided.validity-index"),
            (Kind::ValidityRule { own: None, .. }, _) => (NoIndex, "undecided.validity-index"),
            // What is about change was told above.
            _ => (MissingAnswers, "undecided.validity"),
        }
    }
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
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
