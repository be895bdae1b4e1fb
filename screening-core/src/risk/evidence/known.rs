//! The records of a wave, ready to be asked.

use jiff::civil::Date;
use serde::Serialize;

use super::stream::{CoveredStream, EvidenceStream, all};
use super::vocabulary::{EvidenceValueDef, Speaks, evidence_kinds};
use crate::risk::tree::{NO, OPEN, YES};

/// Where a record came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
pub struct RecordPlace {
    /// File; empty when not known.
    pub file: String,
    /// Row of the file, or of the list counted from 1.
    pub row: u64,
}

/// One record about a pupil.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PupilRecord {
    /// Student id.
    pub student_id: String,
    /// Kind of evidence.
    pub kind: String,
    /// Who reports; none for a kind with one source.
    pub source: Option<String>,
    /// What is reported, a word of the vocabulary.
    pub value: String,
    /// Day on which it happened or was reported; for an interview the day of the talk.
    pub date: Option<Date>,
    /// Where it came from.
    pub place: RecordPlace,
}

/// Why a record is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// The kind or the source is not in the vocabulary.
    #[error("{0}")]
    Stream(String),
    /// A kind with several sources without one.
    #[error("`{kind}` needs a source: {sources}")]
    NoSource {
        /// Kind.
        kind: String,
        /// Its sources.
        sources: String,
    },
    /// The value is not in the vocabulary.
    #[error("`{value}` is no value of `{kind}`; use {values}")]
    Value {
        /// Value found.
        value: String,
        /// Kind.
        kind: String,
        /// Its values.
        values: String,
    },
}

/// A record in positions: of the source in the list of all, and of the value in its kind.
#[derive(Debug, Clone, Copy)]
struct Entry {
    pupil: u32,
    stream: u8,
    value: u8,
    date: Option<Date>,
}

impl PupilRecord {
    fn entry(&self, pupil: u32) -> Result<Entry, RecordFault> {
        let name = self.source.as_ref().map_or_else(|| self.kind.clone(), |source| format!("{}.{source}", self.kind));
        let stream: EvidenceStream = name.parse().map_err(RecordFault::Stream)?;
        let words = |list: Vec<&String>| list.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let Some(kind) = stream.definition() else { return Err(RecordFault::Stream(name)) };
        if self.source.is_none() && !kind.sources.is_empty() {
            let sources = words(kind.sources.keys().collect());
            return Err(RecordFault::NoSource { kind: self.kind.clone(), sources });
        }
        let value = kind.values.get_index_of(&self.value).and_then(|at| u8::try_from(at).ok());
        let value = value.ok_or_else(|| RecordFault::Value {
            value: self.value.clone(),
            kind: self.kind.clone(),
            values: words(kind.values.keys().collect()),
        })?;
        let place = stream.places().next().and_then(|at| u8::try_from(at).ok());
        let stream = place.ok_or(RecordFault::Stream(name))?;
        Ok(Entry { pupil, stream, value, date: self.date })
    }

    /// Whether kind, source and value are in the vocabulary.
    ///
    /// # Errors
    /// When they are not; the error names the words that are.
    pub fn check(&self) -> Result<(), RecordFault> {
        self.entry(0).map(|_| ())
    }
}

/// What is known of the pupils of a roster beside the sheets.
///
/// ```
/// use jiff::civil::date;
/// use screening_core::risk::{EvidenceTable, PupilRecord, RecordPlace};
/// let record = PupilRecord {
///     student_id: "p1".into(),
///     kind: "history".into(),
///     source: None,
///     value: "earlier-attempt".into(),
///     date: Some(date(2025, 3, 2)),
///     place: RecordPlace::default(),
/// };
/// let table = EvidenceTable::new(date(2026, 10, 12), 1, [(0, &record)])?;
/// assert_eq!(table.records(), 1);
/// # Ok::<(), screening_core::risk::RecordFault>(())
/// ```
#[derive(Debug, Clone)]
pub struct EvidenceTable {
    day: Date,
    /// By pupil, then source; `starts` has one entry more than there are pupils.
    entries: Vec<Entry>,
    starts: Vec<u32>,
    /// By source and pupil.
    covered: Vec<Vec<bool>>,
}

impl EvidenceTable {
    /// Records of `pupils` pupils by their positions, as of the day of the wave. Records of nobody are left out.
    ///
    /// # Errors
    /// When a record is not in the vocabulary.
    pub fn new<'r>(
        day: Date,
        pupils: usize,
        records: impl IntoIterator<Item = (u32, &'r PupilRecord)>,
    ) -> Result<Self, RecordFault> {
        let mut entries: Vec<Entry> =
            records.into_iter().map(|(pupil, record)| record.entry(pupil)).collect::<Result<_, _>>()?;
        entries.retain(|entry| (entry.pupil as usize) < pupils);
        entries.sort_by_key(|entry| (entry.pupil, entry.stream, entry.date, entry.value));
        let mut starts = vec![0_u32; pupils + 1];
        for entry in &entries {
            if let Some(count) = starts.get_mut(entry.pupil as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Ok(Self { day, entries, starts, covered: vec![vec![false; pupils]; all().count()] })
    }

    /// Says for which pupils a source was delivered.
    pub fn cover(&mut self, covered: &CoveredStream, is_of: impl Fn(usize, &CoveredStream) -> bool) {
        for at in covered.stream.places().collect::<Vec<_>>() {
            let Some(pupils) = self.covered.get_mut(at) else { continue };
            for (pupil, mark) in pupils.iter_mut().enumerate() {
                *mark |= is_of(pupil, covered);
            }
        }
    }

    /// Records.
    pub fn records(&self) -> usize {
        self.entries.len()
    }

    /// Pupils of the roster.
    pub fn pupils(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there is a record about a pupil.
    pub fn speaks_of(&self, pupil: usize) -> bool {
        !self.of(pupil).is_empty()
    }

    /// Pupils for whom a source was delivered, by the name of the source.
    pub fn delivered(&self) -> Vec<(String, usize)> {
        let name = |(kind, source): (&str, Option<&str>)| {
            source.map_or_else(|| kind.to_owned(), |source| format!("{kind}.{source}"))
        };
        let count = |pupils: &Vec<bool>| pupils.iter().filter(|covered| **covered).count();
        all().map(name).zip(self.covered.iter().map(count)).collect()
    }

    fn of(&self, pupil: usize) -> &[Entry] {
        let (Some(from), Some(to)) = (self.starts.get(pupil), self.starts.get(pupil + 1)) else { return &[] };
        self.entries.get(*from as usize..*to as usize).unwrap_or_default()
    }
}

/// A condition about records, in positions.
#[derive(Debug, Clone)]
pub(in crate::risk) struct Reading {
    streams: Vec<One>,
    within_days: Option<u32>,
}

/// One source of a condition.
#[derive(Debug, Clone)]
struct One {
    stream: u8,
    speaks: Speaks,
    /// By value of the kind, whether it is asked for.
    wanted: Vec<bool>,
    values: Vec<&'static EvidenceValueDef>,
}

/// Why a condition about records cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::risk) enum WhyOpen {
    /// The source was not delivered for the pupil.
    NotDelivered,
    /// A record that matters has no date.
    NoDate,
    /// A record leaves the matter open.
    LeftOpen,
}

/// A record that makes a condition hold.
#[derive(Debug, Clone, Copy)]
pub(in crate::risk) struct Said {
    pub(in crate::risk) source: Option<&'static str>,
    pub(in crate::risk) value: &'static str,
    pub(in crate::risk) date: Option<Date>,
}

impl Reading {
    pub(in crate::risk) fn new(of: &EvidenceStream, values: &[String], within_days: Option<u32>) -> Self {
        let one = |stream: usize| {
            let kind = of.definition()?;
            Some(One {
                stream: u8::try_from(stream).ok()?,
                speaks: kind.speaks,
                wanted: kind.values.keys().map(|id| values.contains(id)).collect(),
                values: kind.values.values().collect(),
            })
        };
        Self { streams: of.places().filter_map(one).collect(), within_days }
    }

    /// Whether nothing at all was delivered of its sources.
    pub(in crate::risk) fn is_nowhere(&self, table: &EvidenceTable) -> bool {
        let covered = |one: &One| table.covered.get(usize::from(one.stream)).is_some_and(|list| list.contains(&true));
        let recorded = |one: &One| table.entries.iter().any(|entry| entry.stream == one.stream);
        !self.streams.iter().any(|one| covered(one) || recorded(one))
    }

    /// Code of a pupil, and why it is open.
    pub(in crate::risk) fn code(&self, table: &EvidenceTable, pupil: usize) -> (u8, Option<WhyOpen>) {
        let mut all = (NO, None);
        for one in &self.streams {
            let own = self.of_stream(one, table, pupil);
            // Of two open sources the one that somebody can complete is told.
            let outweighs = own.0 > all.0 || (own.0 == OPEN && all.1 == Some(WhyOpen::NotDelivered) && own.1 != all.1);
            if outweighs {
                all = own;
            }
        }
        all
    }

    fn of_stream(&self, one: &One, table: &EvidenceTable, pupil: usize) -> (u8, Option<WhyOpen>) {
        let entries = one.speaking(table.of(pupil));
        let delivered = table.covered.get(usize::from(one.stream)).and_then(|list| list.get(pupil)).copied();
        let mut told = delivered.unwrap_or(false);
        let mut open = None;
        for entry in entries {
            let at = usize::from(entry.value);
            let value = one.values.get(at);
            told |= one.speaks == Speaks::Latest || value.is_some_and(|value| value.nothing);
            if one.wanted.get(at).copied().unwrap_or(false) {
                match self.in_time(entry.date, table.day) {
                    Some(true) => return (YES, None),
                    Some(false) => {}
                    None => open = Some(WhyOpen::NoDate),
                }
            } else if value.is_some_and(|value| value.open) && self.in_time(entry.date, table.day) != Some(false) {
                open = open.or(Some(WhyOpen::LeftOpen));
            }
        }
        match (open, told) {
            (Some(why), _) => (OPEN, Some(why)),
            (None, true) => (NO, None),
            (None, false) => (OPEN, Some(WhyOpen::NotDelivered)),
        }
    }

    /// Whether a record is recent enough, on the day of the wave; not known where it has no date and one is needed. A record
    /// that is later than the wave is as recent as can be.
    fn in_time(&self, date: Option<Date>, day: Date) -> Option<bool> {
        let Some(within) = self.within_days else { return Some(true) };
        let hours = day.duration_since(date?).as_hours();
        Some(hours <= 24 * i64::from(within))
    }

    /// The records that make it hold, the latest of each value.
    pub(in crate::risk) fn said(&self, table: &EvidenceTable, pupil: usize) -> Vec<Said> {
        let mut list: Vec<Said> = Vec::new();
        let sources: Vec<_> = all().collect();
        for one in &self.streams {
            let Some((kind, source)) = sources.get(usize::from(one.stream)) else { continue };
            let Some(words) = evidence_kinds().get(*kind) else { continue };
            for entry in one.speaking(table.of(pupil)) {
                let at = usize::from(entry.value);
                let counts =
                    one.wanted.get(at).copied().unwrap_or(false) && self.in_time(entry.date, table.day) == Some(true);
                let Some((value, _)) = words.values.get_index(at).filter(|_| counts) else { continue };
                let said = Said { source: *source, value, date: entry.date };
                // Entries come in the order of their days.
                match list.iter_mut().find(|known| known.source == said.source && known.value == said.value) {
                    Some(known) => *known = said,
                    None => list.push(said),
                }
            }
        }
        list
    }
}

impl One {
    /// The records of a pupil that count for this source.
    fn speaking<'e>(&self, entries: &'e [Entry]) -> impl Iterator<Item = &'e Entry> {
        let own = entries.iter().filter({
            let stream = self.stream;
            move |entry| entry.stream == stream
        });
        let latest = match self.speaks {
            Speaks::Each => None,
            Speaks::Latest => own.clone().filter_map(|entry| entry.date).max(),
        };
        own.filter(move |entry| latest.is_none() || entry.date.is_none() || entry.date == latest)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const DAY: Date = date(2026, 10, 12);

    fn record(kind: &str, source: Option<&str>, value: &str, date: Option<Date>) -> PupilRecord {
        PupilRecord {
            student_id: "p".into(),
            kind: kind.into(),
            source: source.map(str::to_owned),
            value: value.into(),
            date,
            place: RecordPlace::default(),
        }
    }

    fn code(records: &[PupilRecord], covered: &[&str], of: &str, values: &[&str], within: Option<u32>) -> u8 {
        let mut table = EvidenceTable::new(DAY, 1, records.iter().map(|record| (0, record))).unwrap();
        for stream in covered {
            table.cover(&CoveredStream { stream: stream.parse().unwrap(), schools: None }, |_, _| true);
        }
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        Reading::new(&of.parse().unwrap(), &values, within).code(&table, 0).0
    }

    #[test]
    fn silence_is_a_no_only_of_a_source_that_was_delivered() {
        assert_eq!(code(&[], &[], "history", &["earlier-attempt"], None), OPEN);
        assert_eq!(code(&[], &["history"], "history", &["earlier-attempt"], None), NO);
        let other = [record("history", None, "bullied", None)];
        assert_eq!(code(&other, &[], "history", &["earlier-attempt"], None), OPEN);
        let asked = [record("history", None, "none", None)];
        assert_eq!(code(&asked, &[], "history", &["earlier-attempt"], None), NO);
        // Any source: as long as one was not delivered, it cannot be said.
        assert_eq!(code(&[], &["nomination.teacher"], "nomination", &["urgent"], None), OPEN);
        assert_eq!(code(&[], &["nomination"], "nomination", &["urgent"], None), NO);
        let urgent = [record("nomination", Some("peer"), "urgent", None)];
        assert_eq!(code(&urgent, &[], "nomination", &["urgent"], None), YES);
    }

    #[test]
    fn records_expire_to_the_day() {
        let at = |day: Date| [record("history", None, "earlier-attempt", Some(day))];
        let within = |records: &[PupilRecord]| code(records, &["history"], "history", &["earlier-attempt"], Some(30));
        assert_eq!(within(&at(date(2026, 9, 12))), YES);
        assert_eq!(within(&at(date(2026, 9, 11))), NO);
        assert_eq!(within(&at(date(2026, 10, 20))), YES);
        assert_eq!(within(&[record("history", None, "earlier-attempt", None)]), OPEN);
    }

    #[test]
    fn the_latest_interview_speaks() {
        let high = record("interview", None, "needs-support", Some(date(2026, 5, 1)));
        let low = record("interview", None, "no-need", Some(date(2026, 9, 1)));
        let unsure = record("interview", None, "cannot-say", Some(date(2026, 9, 20)));
        let ask = |records: &[PupilRecord]| code(records, &[], "interview", &["needs-support"], None);
        assert_eq!(ask(std::slice::from_ref(&high)), YES);
        assert_eq!(ask(&[low.clone(), high.clone()]), NO);
        assert_eq!(ask(&[low, high.clone(), unsure]), OPEN);
        // Two outcomes of one day cannot be put in order: both count.
        let same_day = record("interview", None, "no-need", Some(date(2026, 5, 1)));
        assert_eq!(ask(&[high, same_day]), YES);
    }

    #[test]
    fn words_outside_the_vocabulary_are_refused_with_those_that_are_inside() {
        let told = |record: PupilRecord| record.check().unwrap_err().to_string();
        assert!(told(record("gossip", None, "x", None)).contains("nomination"));
        assert!(told(record("nomination", None, "urgent", None)).contains("teacher"));
        assert!(told(record("nomination", Some("uncle"), "urgent", None)).contains("peer"));
        assert!(told(record("history", None, "was sad", None)).contains("earlier-attempt"));
    }
}
