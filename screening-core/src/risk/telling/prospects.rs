//! What could change a proposal.

use super::super::engine::{Ask, Block, PolicyEngine};
use super::super::proposal::{Direction, InvalidSheet, Prospect, Undecided};
use super::super::tree::OPEN;
use crate::texts::{Fill, say};

impl PolicyEngine<'_> {
    /// What could raise or lower the tier of a row. `levels` are the one that rules and critical answers give, and the one that
    /// is proposed: they differ where the pupil was raised for want of a sheet or of answers.
    pub(in crate::risk) fn prospects(
        &self,
        block: &Block,
        lane: usize,
        undecided: &[Undecided],
        invalid: &[InvalidSheet],
        levels: (u8, u8),
    ) -> Vec<Prospect> {
        let (settled, proposed) = levels;
        let mut list: Vec<Prospect> = Vec::new();
        for open in undecided.iter().filter(|open| open.why.can_become_known()) {
            list.extend(self.raise(open, proposed));
        }
        let mut instruments: Vec<&str> = invalid.iter().map(|sheet| sheet.instrument.as_str()).collect();
        instruments.dedup();
        list.extend(instruments.into_iter().filter_map(|id| self.after_retest(block, lane, id, proposed)));
        if settled < proposed {
            list.extend(self.lower(settled, invalid.is_empty(), undecided.iter().any(|open| open.why.raises())));
        }
        list
    }

    fn raise(&self, open: &Undecided, proposed: u8) -> Option<Prospect> {
        let tier = self.policy.tier(&open.tier)?;
        if self.tier(proposed).is_some_and(|own| own.severity >= tier.severity) {
            return None;
        }
        let key = if open.alone { "prospect.raise" } else { "prospect.raise-with" };
        Some(Prospect {
            direction: Direction::Raises,
            tier: tier.id.clone(),
            instrument: open.instrument.clone(),
            part: open.part.clone(),
            alone: open.alone,
            text: say(key, &[("subject", Fill::Both(&open.subject)), ("tier", Fill::Both(&tier.name))]),
        })
    }

    /// The most urgent tier that another sheet to an instrument could lead to.
    fn after_retest(&self, block: &Block, lane: usize, instrument: &str, proposed: u8) -> Option<Prospect> {
        let own = |ask: &Ask<'_>| ask.sheet().is_some_and(|probe| probe.leaf.instrument() == instrument);
        let rules = self.rules_with(block, lane, OPEN).into_iter();
        let (level, _) = rules
            .filter_map(|(level, rule)| Some((level?, rule)))
            .find(|(level, rule)| *level > proposed && self.could_hold(block, lane, rule, &own))?;
        let tier = self.tier(level)?;
        let sheets = self.sheets.scored.iter().find(|sheets| sheets.instrument().id() == instrument)?;
        let abbreviation = sheets.instrument().definition().abbreviation.as_str();
        Some(Prospect {
            direction: Direction::Raises,
            tier: tier.id.clone(),
            instrument: instrument.to_owned(),
            part: "sheet".to_owned(),
            alone: true,
            text: say(
                "prospect.raise-sheet",
                &[("instrument", Fill::Same(abbreviation)), ("tier", Fill::Both(&tier.name))],
            ),
        })
    }

    fn lower(&self, settled: u8, no_invalid: bool, open: bool) -> Option<Prospect> {
        let tier = self.tier(settled)?;
        let key = match (no_invalid, open) {
            (true, _) => "prospect.lower-answers",
            (false, false) => "prospect.lower-sheet",
            (false, true) => "prospect.lower-both",
        };
        Some(Prospect {
            direction: Direction::Lowers,
            tier: tier.id.clone(),
            instrument: String::new(),
            part: String::new(),
            alone: true,
            text: say(key, &[("tier", Fill::Both(&tier.name))]),
        })
    }
}
