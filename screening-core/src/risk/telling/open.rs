//! What cannot be said of a row, and what it waits for.

use polars::prelude::AnyValue;

use super::super::engine::{Ask, Block, FurtherSheets, Kind, PolicyEngine, Probe, ReadyRule};
use super::super::proposal::{Undecided, WhyUndecided};
use super::super::tree::{NO, OPEN, YES};
use super::observe::no_text;
use super::{code, flag_text};
use crate::answers::Missing;
use crate::instrument::Text;
use crate::instrument::model::Definition;
use crate::texts::{Fill, say};

/// From so many missing items on they are counted, not named.
const MANY_ITEMS: usize = 10;

impl PolicyEngine<'_> {
    /// Rules of a higher tier, further forms and critical answers that cannot be decided.
    pub(in crate::risk) fn undecided(&self, block: &Block, lane: usize, level: u8) -> Vec<Undecided> {
        let row = block.start + lane;
        let mut list: Vec<Undecided> = self.due_forms(row).map(|form| self.due_form(block, lane, form)).collect();
        for (own, rule) in self.rules_with(block, lane, OPEN) {
            if own.is_some_and(|own| own > level) {
                self.open_rule(block, lane, rule, &mut list);
            }
        }
        self.unanswered_critical(row, &mut list);
        list
    }

    /// What one rule waits for.
    fn open_rule(&self, block: &Block, lane: usize, rule: &ReadyRule<'_>, list: &mut Vec<Undecided>) {
        let row = block.start + lane;
        let leaf = |at: usize| code(block, at, lane);
        let mut grounds = Vec::new();
        rule.tree.grounds(&leaf, OPEN, &mut grounds);
        // Whether answers to the questions left open could make the rule hold, whatever nobody can find out.
        let in_vain = rule.tree.reach(&|at| self.ends(block, lane, at, &|ask| !self.waits_in_vain(ask, row))).1 != YES;
        let assume = |at: usize| match self.asks.get(at) {
            Some(Ask::Pupil(probe)) if leaf(at) == OPEN && probe.is_undelivered(row) => NO,
            _ => leaf(at),
        };
        let unless = rule.reads_records && rule.tree.row(&assume) == YES;
        for at in grounds {
            let Some(ask) = self.asks.get(at) else { continue };
            let vain = self.waits_in_vain(ask, row);
            let alone = self.alone(block, lane, rule, ask);
            let entry = match ask {
                Ask::Pupil(probe) => {
                    // What was delivered for nobody is said once, in the summary.
                    let silent = (in_vain && !vain) || (probe.nowhere && !unless);
                    if silent { None } else { Some(probe.undecided(rule.definition, row, unless)) }
                }
                Ask::Sheet(probe) => {
                    let rows = block.invalid.get(probe.scored);
                    let invalid = rows.and_then(|rows| rows.get(lane)).copied().unwrap_or(false);
                    let awaited = self.sheets.awaited(probe.leaf.instrument(), row);
                    // A sheet that is not to be interpreted is told as such, and so is a form that is due. On a first wave
                    // nobody has an earlier result: that is said once, in the summary.
                    let silent = (invalid && probe.is_interpreted())
                        || (in_vain && !vain)
                        || (vain && awaited.is_none() && probe.is_first_wave())
                        || awaited.is_some_and(|form| !form.optional);
                    match awaited {
                        _ if silent => None,
                        Some(form) => Some(missing_form(form, rule, probe)),
                        None => Some(self.with_items(probe.undecided(rule.definition, row), probe, row)),
                    }
                }
            };
            let Some(entry) = entry.map(|entry| Undecided { alone, ..entry }) else { continue };
            if !list.iter().any(|known| known.instrument == entry.instrument && known.part == entry.part) {
                list.push(entry);
            }
        }
    }

    /// Whether something is open that nobody can find out by asking.
    fn waits_in_vain(&self, ask: &Ask<'_>, row: usize) -> bool {
        match ask {
            Ask::Pupil(probe) => probe.is_undelivered(row),
            Ask::Sheet(probe) => {
                let optional = self.sheets.awaited(probe.leaf.instrument(), row).is_some_and(|form| form.optional);
                optional || probe.waits_in_vain(row)
            }
        }
    }

    /// Lowest and highest code of a leaf, where the open ones that `free` names may come out either way.
    fn ends(&self, block: &Block, lane: usize, at: usize, free: &dyn Fn(&Ask<'_>) -> bool) -> (u8, u8) {
        match code(block, at, lane) {
            OPEN if self.asks.get(at).is_some_and(free) => (NO, YES),
            code => (code, code),
        }
    }

    /// Whether what a leaf waits for could make the rule hold by itself: all answers to its instrument, or its record.
    fn alone(&self, block: &Block, lane: usize, rule: &ReadyRule<'_>, ask: &Ask<'_>) -> bool {
        let same = |other: &Ask<'_>| match (ask, other) {
            (Ask::Sheet(own), Ask::Sheet(other)) => own.leaf.instrument() == other.leaf.instrument(),
            (Ask::Pupil(own), Ask::Pupil(other)) => own.of == other.of,
            _ => false,
        };
        self.could_hold(block, lane, rule, &same)
    }

    /// Whether a rule could hold once the open leaves that `free` names are known.
    pub(super) fn could_hold(
        &self,
        block: &Block,
        lane: usize,
        rule: &ReadyRule<'_>,
        free: &dyn Fn(&Ask<'_>) -> bool,
    ) -> bool {
        rule.tree.reach(&|at| self.ends(block, lane, at, free)).1 == YES
    }

    /// A form that has to be handed in: one entry for all rules that read it.
    fn due_form(&self, block: &Block, lane: usize, form: &FurtherSheets<'_>) -> Undecided {
        let of_form = |ask: &Ask<'_>| {
            ask.sheet().is_some_and(|probe| form.instruments.iter().any(|id| id == probe.leaf.instrument()))
        };
        // The rules come with the most urgent first.
        let rule = self
            .rules_with(block, lane, OPEN)
            .into_iter()
            .find(|(level, rule)| level.is_some() && self.could_hold(block, lane, rule, &of_form));
        let definition = self.policy.definition();
        let tier = rule.and_then(|(_, rule)| rule.definition.tier.clone());
        let text = say("undecided.form-due", &[("form", Fill::Both(form.name))]);
        Undecided {
            rule: rule.map(|(_, rule)| rule.definition.id.clone()),
            alone: tier.is_some(),
            tier: tier.unwrap_or_else(|| definition.incomplete_tier.clone()),
            instrument: form.instruments.first().cloned().unwrap_or_default(),
            part: form.id.to_owned(),
            why: WhyUndecided::FormDue,
            bounds: None,
            missing: Vec::new(),
            subject: form.name.clone(),
            text,
        }
    }

    fn unanswered_critical(&self, row: usize, list: &mut Vec<Undecided>) {
        for critical in &self.critical {
            let Some(sheets) = self.sheets.scored.get(critical.scored) else { continue };
            let definition = sheets.instrument().definition();
            let Some(flag) = definition.flags.get(critical.flag) else { continue };
            let told = list.iter().any(|known| known.instrument == definition.id && known.part == flag.id);
            let elsewhere =
                self.sheets.is_absent(&definition.id, row) || self.sheets.awaited(&definition.id, row).is_some();
            if sheets.flag(critical.flag, row).known().is_none() && !told && !elsewhere {
                let tier = self.policy.definition().critical_tier.clone();
                let text = flag_text("undecided.flag", &definition.abbreviation, flag);
                list.push(Undecided {
                    rule: None,
                    tier,
                    instrument: definition.id.clone(),
                    part: flag.id.clone(),
                    why: WhyUndecided::MissingAnswers,
                    bounds: None,
                    missing: Vec::new(),
                    alone: true,
                    subject: flag_text("subject.flag", &definition.abbreviation, flag),
                    text,
                });
            }
        }
    }

    /// Names the items of the scale that have no answer.
    fn with_items(&self, entry: Undecided, probe: &Probe<'_>, row: usize) -> Undecided {
        let (Kind::Score { scale, .. } | Kind::Band { scale, .. } | Kind::Word { scale, .. }) = probe.kind else {
            return entry;
        };
        if entry.why != WhyUndecided::MissingAnswers {
            return entry;
        }
        let instrument = probe.sheets.instrument();
        let definition = instrument.definition();
        let mut items: Vec<usize> = Vec::new();
        items_of(definition, scale, 0, &mut items);
        items.sort_unstable();
        items.dedup();
        let Some(frame) = self.sheets.answers else { return entry };
        let lacks = |at: &usize| {
            let column = frame.column(&instrument.item_column(*at)).ok();
            column.is_some_and(|column| column.get(row).is_ok_and(|value| is_missing(&value)))
        };
        let missing = items.iter().filter(|at| lacks(at));
        let missing: Vec<String> =
            missing.filter_map(|at| definition.items.get(*at)).map(|item| item.id.clone()).collect();
        let told = match missing.len() {
            0 => no_text(),
            few if few <= MANY_ITEMS => say("undecided.items", &[("items", Fill::Both(&join(&missing)))]),
            many => say("undecided.many-items", &[("count", Fill::Same(&many.to_string()))]),
        };
        let text = Text { en: entry.text.en + &told.en, zh_cn: entry.text.zh_cn + &told.zh_cn };
        Undecided { missing, text, ..entry }
    }
}

/// The items that a scale rests on, through the scales that it is made of.
fn items_of(definition: &Definition, scale: usize, depth: usize, items: &mut Vec<usize>) {
    let Some(scale) = definition.scales.get(scale).filter(|_| depth < 8) else { return };
    items.extend(definition.expand_items(&scale.items).unwrap_or_default());
    for part in &scale.of {
        if let Some(at) = definition.scales.iter().position(|scale| scale.id == *part) {
            items_of(definition, at, depth + 1, items);
        }
    }
}

fn is_missing(value: &AnyValue<'_>) -> bool {
    match value {
        AnyValue::Null => true,
        AnyValue::String(text) => text.trim().is_empty(),
        other => other.extract::<f64>().is_some_and(|number| {
            [Missing::Refused, Missing::Invalid].iter().any(|kind| f64::from(kind.code()) == number)
        }),
    }
}

fn join(items: &[String]) -> Text {
    let comma = say("join.items", &[]);
    Text { en: items.join(&comma.en), zh_cn: items.join(&comma.zh_cn) }
}

/// An optional form that did not come in.
fn missing_form(form: &FurtherSheets<'_>, rule: &ReadyRule<'_>, probe: &Probe<'_>) -> Undecided {
    Undecided {
        rule: Some(rule.definition.id.clone()),
        tier: rule.definition.tier.clone().unwrap_or_default(),
        instrument: probe.leaf.instrument().to_owned(),
        part: form.id.to_owned(),
        why: WhyUndecided::FormMissing,
        bounds: None,
        missing: Vec::new(),
        alone: false,
        subject: form.name.clone(),
        text: say("undecided.form-missing", &[("form", Fill::Both(form.name))]),
    }
}
