//! Leaves about records beside the sheets, and what the two kinds of leaves have in common.

use super::super::condition::Leaf;
use super::super::evidence::{EvidenceStream, EvidenceTable, Reading, Said, WhyOpen};
use super::super::tree::{NO, OPEN};
use super::{Beside, Probe};

/// A leaf with everything it reads.
#[derive(Debug)]
pub(in crate::risk) enum Ask<'a> {
    /// From a scored sheet.
    Sheet(Probe<'a>),
    /// From the records about the pupil.
    Pupil(RecordProbe<'a>),
}

impl<'a> Ask<'a> {
    /// The probe of a sheet.
    pub(in crate::risk) fn sheet(&self) -> Option<&Probe<'a>> {
        match self {
            Self::Sheet(probe) => Some(probe),
            Self::Pupil(_) => None,
        }
    }

    /// The probe of records.
    pub(in crate::risk) fn pupil(&self) -> Option<&RecordProbe<'a>> {
        match self {
            Self::Sheet(_) => None,
            Self::Pupil(probe) => Some(probe),
        }
    }
}

/// A leaf about records.
#[derive(Debug)]
pub(in crate::risk) struct RecordProbe<'a> {
    /// Kind and source.
    pub(in crate::risk) of: &'a EvidenceStream,
    /// Values asked for.
    pub(in crate::risk) values: &'a [String],
    /// How old a record may be.
    pub(in crate::risk) within_days: Option<u32>,
    reading: Reading,
    beside: Option<Beside<'a>>,
    /// Nothing of its sources was delivered for anybody.
    pub(in crate::risk) nowhere: bool,
}

impl<'a> RecordProbe<'a> {
    /// None for a leaf about a sheet.
    pub(super) fn new(leaf: &'a Leaf, beside: Option<Beside<'a>>) -> Option<Self> {
        let Leaf::Record { of, values, within_days } = leaf else { return None };
        let reading = Reading::new(of, values, *within_days);
        let table = beside.and_then(|beside| beside.evidence);
        let nowhere = table.is_none_or(|table| reading.is_nowhere(table));
        Some(Self { of, values, within_days: *within_days, reading, beside, nowhere })
    }

    fn table(&self, row: usize) -> Option<(&'a EvidenceTable, usize)> {
        let beside = self.beside?;
        Some((beside.evidence?, beside.pupil(row)?))
    }

    fn code(&self, row: usize) -> (u8, Option<WhyOpen>) {
        match self.table(row) {
            Some((table, pupil)) => self.reading.code(table, pupil),
            None => (OPEN, Some(WhyOpen::NotDelivered)),
        }
    }

    /// Codes of the rows from `start` on.
    pub(super) fn fill(&self, start: usize, codes: &mut [u8]) {
        codes.iter_mut().enumerate().for_each(|(lane, code)| *code = self.code(start + lane).0);
    }

    /// Why it is open in a row.
    pub(in crate::risk) fn why(&self, row: usize) -> Option<WhyOpen> {
        self.code(row).1
    }

    /// Whether nothing but the delivery of the source is lacking.
    pub(in crate::risk) fn is_undelivered(&self, row: usize) -> bool {
        self.why(row) == Some(WhyOpen::NotDelivered)
    }

    /// The codes with "nothing is recorded" for what was not delivered.
    pub(super) fn assume_nothing(&self, start: usize, codes: &[u8]) -> Vec<u8> {
        let assumed = |(lane, code): (usize, &u8)| {
            if *code == OPEN && self.is_undelivered(start + lane) { NO } else { *code }
        };
        codes.iter().enumerate().map(assumed).collect()
    }

    /// The records that make it hold.
    pub(in crate::risk) fn said(&self, row: usize) -> Vec<Said> {
        self.table(row).map(|(table, pupil)| self.reading.said(table, pupil)).unwrap_or_default()
    }
}
