//! Counts and provenance for machines.

use std::collections::BTreeMap;
use std::io::Write;

use screening_core::screening::{ScreeningResult, Summary};
use serde::Serialize;

use super::rejected::{SUPERSEDED, kind_word};
use super::stage::Failure;
use crate::error::Rejected;

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    /// Lines of the list of rejections by kind and reason.
    rejected_by_reason: BTreeMap<&'a str, BTreeMap<&'a str, u64>>,
}

/// The summary with the rejections counted.
pub(super) fn write(writer: &mut impl Write, result: &ScreeningResult, reading: &[Rejected]) -> Result<(), Failure> {
    let reading = reading.iter().map(|r| (r.scope.word(), r.problem.id));
    let screening = result.rejected.iter().map(|r| (kind_word(r.kind), r.reason));
    let replaced = result.superseded.iter().map(|_| (SUPERSEDED, SUPERSEDED));
    let mut rejected_by_reason: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (kind, reason) in reading.chain(screening).chain(replaced) {
        let count = rejected_by_reason.entry(kind).or_default().entry(reason);
        *count.or_default() += 1;
    }
    let whole = Whole { summary: &result.summary, rejected_by_reason };
    serde_json::to_writer_pretty(&mut *writer, &whole)?;
    writer.write_all(b"\n")?;
    Ok(())
}
