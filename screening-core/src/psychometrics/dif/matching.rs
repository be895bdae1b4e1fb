//! Persons matched by their total: counts of answers by total and group.

use super::{DifError, DifOptions, GroupCounts, Purification};
use crate::psychometrics::Responses;

/// Complete answers of two groups, as categories from 0.
pub(super) struct Matched {
    pub(super) names: Vec<String>,
    /// Codes of each item, ascending.
    pub(super) codes: Vec<Vec<i16>>,
    columns: Vec<Vec<u8>>,
    focal: Vec<bool>,
    pub(super) counts: GroupCounts,
}

/// Answers to one item: at each total, reference and focal persons by category.
pub(super) struct Strata {
    /// Total, counts of the reference group, counts of the focal group.
    pub(super) rows: Vec<(f64, Vec<f64>, Vec<f64>)>,
}

impl Matched {
    /// # Errors
    /// Marks that are not one a person, fewer than two persons in a group, items with a single answer.
    pub(super) fn new(responses: &Responses, focal: &[Option<bool>]) -> Result<Self, DifError> {
        if focal.len() != responses.persons() {
            return Err(DifError::Lengths { found: focal.len(), persons: responses.persons() });
        }
        let kept: Vec<(usize, bool)> =
            responses.complete().into_iter().filter_map(|person| focal[person].map(|focal| (person, focal))).collect();
        let in_focal = kept.iter().filter(|(_, focal)| *focal).count();
        let counts = GroupCounts {
            reference: kept.len() - in_focal,
            focal: in_focal,
            left_out: responses.persons() - kept.len(),
        };
        for (found, group) in [(counts.reference, "reference"), (counts.focal, "focal")] {
            if found < 2 {
                return Err(DifError::TooFew { group, found, needed: 2 });
            }
        }
        let (mut codes, mut columns) = (Vec::new(), Vec::new());
        for (item, name) in responses.names().iter().enumerate() {
            let raw = responses.raw(item);
            let mut seen: Vec<i16> = kept.iter().map(|(person, _)| raw[*person]).collect();
            seen.sort_unstable();
            seen.dedup();
            if seen.len() < 2 || seen.len() > 64 {
                let (item, needed) = (name.clone(), "2 to 64 are needed among the complete answers");
                return Err(DifError::Categories { item, categories: seen.len(), needed });
            }
            let place = |code: i16| seen.binary_search(&code).unwrap_or(0) as u8;
            columns.push(kept.iter().map(|(person, _)| place(raw[*person])).collect());
            codes.push(seen);
        }
        let focal = kept.iter().map(|(_, focal)| *focal).collect();
        Ok(Self { names: responses.names().to_vec(), codes, columns, focal, counts })
    }

    /// # Errors
    /// An item with more than two different answers.
    pub(super) fn all_binary(&self, needed: &'static str) -> Result<(), DifError> {
        match self.codes.iter().position(|codes| codes.len() != 2) {
            Some(item) => {
                Err(DifError::Categories { item: self.names[item].clone(), categories: self.codes[item].len(), needed })
            }
            None => Ok(()),
        }
    }

    /// The matching total of every person over the items that are not flagged, in steps of codes.
    fn anchor(&self, flagged: &[usize]) -> Vec<i32> {
        let mut total = vec![0; self.focal.len()];
        for (item, column) in self.columns.iter().enumerate().filter(|(item, _)| !flagged.contains(item)) {
            self.add(&mut total, item, column);
        }
        total
    }

    fn add(&self, total: &mut [i32], item: usize, column: &[u8]) {
        let codes = &self.codes[item];
        total.iter_mut().zip(column).for_each(|(total, at)| *total += i32::from(codes[usize::from(*at)]));
    }

    /// Counts of one item by the total of the anchor, to which the item itself always belongs.
    pub(super) fn strata(&self, item: usize, anchor: &[i32], flagged: &[usize]) -> Strata {
        let column = &self.columns[item];
        let mut total = anchor.to_vec();
        if flagged.contains(&item) {
            self.add(&mut total, item, column);
        }
        let lowest = total.iter().copied().min().unwrap_or(0);
        let levels = total.iter().copied().max().map_or(0, |highest| (highest - lowest) as usize + 1);
        let categories = self.codes[item].len();
        let mut counts = vec![0.0; levels * 2 * categories];
        for ((total, focal), category) in total.iter().zip(&self.focal).zip(column) {
            let at = ((total - lowest) as usize * 2 + usize::from(*focal)) * categories + usize::from(*category);
            counts[at] += 1.0;
        }
        let rows = counts.chunks_exact(2 * categories).enumerate();
        let rows = rows.filter(|(_, row)| row.iter().any(|count| *count > 0.0)).map(|(level, row)| {
            let (reference, focal) = row.split_at(categories);
            (f64::from(lowest + level as i32), reference.to_vec(), focal.to_vec())
        });
        Strata { rows: rows.collect() }
    }

    /// Runs an analysis of every item, again without the flagged ones until nothing changes.
    pub(super) fn purified<T>(
        &self,
        options: &DifOptions,
        mut analyse: impl FnMut(usize, &Strata) -> Result<T, DifError>,
        flag: impl Fn(&T) -> bool,
    ) -> Result<(Vec<T>, Option<Purification>), DifError> {
        let mut flagged: Vec<usize> = Vec::new();
        let mut rounds = 0;
        loop {
            if flagged.len() == self.names.len() {
                return Err(DifError::NothingLeft);
            }
            let anchor = self.anchor(&flagged);
            let rows: Result<Vec<T>, DifError> =
                (0..self.names.len()).map(|item| analyse(item, &self.strata(item, &anchor, &flagged))).collect();
            let rows = rows?;
            let now: Vec<usize> = rows.iter().enumerate().filter(|(_, row)| flag(row)).map(|(item, _)| item).collect();
            if !options.purify {
                return Ok((rows, None));
            }
            let settled = now == flagged;
            if settled || rounds == options.max_rounds {
                return Ok((rows, Some(Purification { rounds, settled })));
            }
            flagged = now;
            rounds += 1;
        }
    }
}
