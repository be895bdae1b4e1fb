//! Records about pupils in words.

use super::super::engine::{PolicyEngine, RecordProbe};
use super::super::evidence::{Said, WhyOpen};
use super::super::model::RuleDef;
use super::super::proposal::{Evidence, EvidenceKind, Undecided, WhyUndecided};
use super::blank;
use super::observe::no_text;
use crate::instrument::Text;
use crate::texts::{Fill, join, say};

impl PolicyEngine<'_> {
    /// The records that make a leaf hold.
    pub(super) fn record_evidence(&self, rule: &RuleDef, probe: &RecordProbe<'_>, row: usize) -> Evidence {
        let source = self.source(rule);
        let said = probe.said(row);
        let told = join(said.iter().map(|one| probe.told(one)), "join.items");
        let fills = [
            ("kind", Fill::Both(&probe.kind_name())),
            ("told", Fill::Both(&told)),
            ("description", Fill::Both(&rule.description)),
            ("source", Fill::Same(&source)),
        ];
        Evidence {
            part: probe.part(),
            found: said.iter().map(|one| one.value).collect::<Vec<_>>().join(", "),
            threshold: probe.threshold(),
            ..blank(rule, EvidenceKind::Record, say("found.record", &fills), say("basis.named", &fills))
        }
    }
}

impl RecordProbe<'_> {
    /// Kind, source and values: two conditions about other values are two pieces of evidence.
    pub(super) fn part(&self) -> String {
        format!("{}: {}", self.of, self.values.join(", "))
    }

    fn threshold(&self) -> String {
        let within = self.within_days.map(|days| format!(" within-days {days}")).unwrap_or_default();
        format!("{}{within}", self.values.join(", "))
    }

    fn kind_name(&self) -> Text {
        self.of.definition().map_or_else(no_text, |kind| kind.name.clone())
    }

    /// Kind and source, as a heading.
    fn subject(&self) -> Text {
        let source = self.of.source().and_then(|source| self.of.definition()?.sources.get(source));
        match source {
            None => self.kind_name(),
            Some(source) => {
                say("record.of-source", &[("kind", Fill::Both(&self.kind_name())), ("source", Fill::Both(source))])
            }
        }
    }

    /// One record: who says what, and when.
    fn told(&self, said: &Said) -> Text {
        let kind = self.of.definition();
        let label = kind.and_then(|kind| kind.values.get(said.value)).map_or_else(no_text, |value| value.name.clone());
        let source = said.source.and_then(|source| kind?.sources.get(source));
        let date = said.date.map(|date| date.to_string()).unwrap_or_default();
        let blank = no_text();
        let fills = [
            ("label", Fill::Both(&label)),
            ("source", Fill::Both(source.unwrap_or(&blank))),
            ("date", Fill::Same(&date)),
        ];
        let key = match (source.is_some(), said.date.is_some()) {
            (true, true) => "record.by-on",
            (true, false) => "record.by",
            (false, true) => "record.on",
            (false, false) => "record.plain",
        };
        say(key, &fills)
    }

    pub(super) fn undecided(&self, rule: &RuleDef, row: usize, unless: bool) -> Undecided {
        let (why, key) = match self.why(row) {
            Some(WhyOpen::NoDate) => (WhyUndecided::NoDate, "undecided.record-no-date"),
            Some(WhyOpen::LeftOpen) => (WhyUndecided::LeftOpen, "undecided.record-left-open"),
            _ if unless => (WhyUndecided::UnlessRecorded, "undecided.record-unless"),
            _ => (WhyUndecided::NotDelivered, "undecided.record-not-delivered"),
        };
        let subject = self.subject();
        let fills = [("subject", Fill::Both(&subject)), ("description", Fill::Both(&rule.description))];
        Undecided {
            rule: Some(rule.id.clone()),
            tier: rule.tier.clone().unwrap_or_default(),
            instrument: String::new(),
            part: self.part(),
            why,
            bounds: None,
            missing: Vec::new(),
            alone: false,
            text: say(key, &fills),
            subject,
        }
    }
}
