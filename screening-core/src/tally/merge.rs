//! Two tallies become one.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::{MeasureEntry, PlaceKey, RestsOn, TallyError, WaveTally};

impl WaveTally {
    /// Takes in the tally of other schools. The order does not matter.
    ///
    /// # Errors
    /// When the tallies rest on different things, or both have a school. The tally is then as it was.
    pub fn merge(&mut self, other: &Self) -> Result<(), TallyError> {
        self.same_kind(other)?;
        self.apart(other)?;
        let mut norms = self.norms.clone();
        for (instrument, state) in &other.norms {
            let refuse = |cause| TallyError::Norms { instrument: instrument.clone(), cause };
            match norms.get_mut(instrument) {
                Some(own) => own.merge(state).map_err(refuse)?,
                None => drop(norms.insert(instrument.clone(), state.clone())),
            }
        }
        let places = joined(&mut self.measures, &other.measures)?;
        self.norms = norms;
        for (place, counts) in &other.cells {
            let counts = counts.iter().filter_map(|(at, own)| Some((*places.get(usize::from(*at))?, own.clone())));
            self.cells.insert(place.clone(), counts.collect());
        }
        self.classes.extend(other.classes.iter().map(|(class, counts)| (class.clone(), *counts)));
        self.rests_on.instruments.extend(other.rests_on.instruments.clone());
        self.rests_on.norms.extend(other.rests_on.norms.iter().cloned());
        for (id, rule) in &other.rules {
            if let Some(own) = self.rules.get_mut(id) {
                own.holds += rule.holds;
                own.cannot_say += rule.cannot_say;
            }
        }
        self.add_totals(other);
        self.in_order();
        Ok(())
    }

    fn add_totals(&mut self, other: &Self) {
        let (own, more) = (&mut self.totals, &other.totals);
        own.critical += more.critical;
        own.stray_critical += more.stray_critical;
        own.flagged_without_sheet += more.flagged_without_sheet;
        let (own, more) = (&mut own.rows, &more.rows);
        own.read += more.read;
        own.used += more.used;
        own.superseded += more.superseded;
        own.joined += more.joined;
        own.rejected += more.rejected;
        own.values_rejected += more.values_rejected;
    }

    /// Puts the measures into the order of their ids after status and tier: the order of merging must not be seen.
    pub(super) fn in_order(&mut self) {
        let before: Vec<String> = self.measures.keys().cloned().collect();
        let rank = |id: &str| [super::STATUS, super::TIER].iter().position(|first| *first == id).unwrap_or(2);
        self.measures.sort_by(|a, _, b, _| (rank(a), a).cmp(&(rank(b), b)));
        let moved: Vec<u16> =
            before.iter().filter_map(|id| self.measures.get_index_of(id)).map(|at| at as u16).collect();
        if moved.iter().zip(0..).all(|(to, from)| *to == from) {
            return;
        }
        for counts in self.cells.values_mut() {
            let own = std::mem::take(counts).into_iter();
            *counts = own.filter_map(|(at, own)| Some((*moved.get(usize::from(at))?, own))).collect();
        }
    }

    fn same_kind(&self, other: &Self) -> Result<(), TallyError> {
        let (left, right) = (&self.rests_on, &other.rests_on);
        let pair = |of: fn(&RestsOn) -> &str| (of(left).to_owned(), of(right).to_owned());
        let plan = |own: &RestsOn| own.validity.clone().unwrap_or_else(|| "-".to_owned());
        let mut pairs = vec![
            ("the wave".to_owned(), pair(|own| &own.wave)),
            ("the version of the program".to_owned(), pair(|own| &own.engine)),
            ("the policy".to_owned(), pair(|own| &own.policy)),
            ("the validity plan".to_owned(), (plan(left), plan(right))),
        ];
        for (id, own) in &left.instruments {
            let Some(their) = right.instruments.get(id) else { continue };
            pairs.push((format!("the definition of {id}"), (own.citation.clone(), their.citation.clone())));
            let words = |sets: &BTreeMap<String, String>| {
                sets.iter().map(|(scale, set)| format!("{scale}={set}")).collect::<Vec<_>>().join(", ")
            };
            pairs.push((format!("the cut-offs of {id}"), (words(&own.cutoffs), words(&their.cutoffs))));
        }
        match pairs.into_iter().find(|(_, (left, right))| left != right) {
            Some((what, (left, right))) => Err(TallyError::Different { what, left, right }),
            None => Ok(()),
        }
    }

    /// No school stands in both.
    fn apart(&self, other: &Self) -> Result<(), TallyError> {
        let own: std::collections::HashSet<(&str, &str)> = self.schools().chain(places(&self.cells)).collect();
        match other.schools().chain(places(&other.cells)).find(|school| own.contains(school)) {
            Some((district, school)) => {
                Err(TallyError::Twice { district: district.to_owned(), school: school.to_owned() })
            }
            None => Ok(()),
        }
    }
}

fn places<T>(cells: &BTreeMap<PlaceKey, T>) -> impl Iterator<Item = (&str, &str)> {
    cells.keys().map(|place| (place.district.as_str(), place.school.as_str()))
}

/// Adds the measures of another tally, and gives the position of each of them.
fn joined(
    own: &mut IndexMap<String, MeasureEntry>,
    other: &IndexMap<String, MeasureEntry>,
) -> Result<Vec<u16>, TallyError> {
    for (id, measure) in other {
        if let Some(known) = own.get(id).filter(|known| *known != measure) {
            let words =
                |own: &MeasureEntry| own.values.iter().map(|value| value.id.as_str()).collect::<Vec<_>>().join(", ");
            let (left, right) = (words(known), words(measure));
            return Err(TallyError::Different { what: format!("the values of {id}"), left, right });
        }
    }
    let place = |(id, measure): (&String, &MeasureEntry)| match own.get_index_of(id) {
        Some(at) => at as u16,
        None => own.insert_full(id.clone(), measure.clone()).0 as u16,
    };
    Ok(other.iter().map(place).collect())
}
