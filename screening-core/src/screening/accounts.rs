//! What was not used, and the count of the rows.

use crate::scoring::ScoredSheets;
use crate::texts::{Fill, say};

use super::input::AttemptPolicy;
use super::join::{Joined, origin_column};
use super::match_up::{Fate, Matched, Reason, ScoredBatch, attempts_rule};
use super::result::{Rejection, RejectionKind, SheetPlace, Superseded};
use super::summary::RowTotals;

/// Lists what was not used, and counts the rows.
pub(super) fn account(
    batches: &[ScoredBatch],
    matched: &Matched,
    attempts: AttemptPolicy,
    joined: Joined,
) -> (Vec<Rejection>, Vec<Superseded>, RowTotals) {
    let Joined { joined, mut superseded } = joined;
    let replaced = superseded.len() as u64;
    let mut rejected = Vec::new();
    let mut totals = RowTotals { read: joined + replaced, superseded: replaced, joined, ..RowTotals::default() };
    let rule = say(attempts_rule(attempts), &[]);
    for (batch, fates) in batches.iter().zip(&matched.fates) {
        for (row, fate) in fates.iter().enumerate() {
            totals.read += 1;
            match fate {
                Fate::Used => totals.used += 1,
                Fate::Superseded(other, other_row) => {
                    totals.superseded += 1;
                    let place = batch.rows.place(row);
                    let counts = batches
                        .get(*other as usize)
                        .map_or_else(|| place.clone(), |batch| batch.rows.place(*other_row as usize));
                    superseded.push(Superseded {
                        student_id: batch.rows.student_id(row).to_owned(),
                        place,
                        counts,
                        text: rule.clone(),
                    });
                }
                Fate::Rejected(reason) => {
                    totals.rejected += 1;
                    rejected.push(rejected_sheet(batch, row, *reason));
                }
            }
        }
        let values = rejected_values(batch, fates);
        totals.values_rejected += values.len() as u64;
        rejected.extend(values);
    }
    (rejected, superseded, totals)
}

fn rejected_sheet(batch: &ScoredBatch, row: usize, reason: Reason) -> Rejection {
    let value = batch.rows.student_id(row).to_owned();
    Rejection {
        kind: RejectionKind::Sheet,
        place: batch.rows.place(row),
        column: reason.column().to_owned(),
        text: reason.text(&value, &batch.batch.battery),
        value,
        reason: reason.id(),
    }
}

/// Single answers and dates of used and superseded sheets that cannot be used.
fn rejected_values(batch: &ScoredBatch, fates: &[Fate]) -> Vec<Rejection> {
    let kept = |row: usize| !matches!(fates.get(row), None | Some(Fate::Rejected(_)));
    let issues = batch.scored.iter().flat_map(ScoredSheets::issues).filter(|issue| kept(issue.row));
    let answers = issues.map(|issue| Rejection {
        kind: RejectionKind::Value,
        place: place_of(batch, issue.row, &issue.column),
        column: issue.column.clone(),
        value: issue.value.clone(),
        reason: "answer-not-allowed",
        text: say("rejected.answer-not-allowed", &[("allowed", Fill::Same(&issue.allowed))]),
    });
    let dates = (0..fates.len()).filter(|row| kept(*row)).filter_map(|row| {
        batch.rows.unread_date(row).map(|value| Rejection {
            kind: RejectionKind::Value,
            place: batch.rows.place(row),
            column: "administered_on".to_owned(),
            value: value.to_owned(),
            reason: "test-date",
            text: say("rejected.test-date", &[]),
        })
    });
    answers.chain(dates).collect()
}

/// Where an answer came from: its own file, where it was joined to the row.
fn place_of(batch: &ScoredBatch, row: usize, column: &str) -> SheetPlace {
    let place = batch.rows.place(row);
    let Some((instrument, _)) = column.rsplit_once('.') else { return place };
    let of = |name: &str| batch.batch.sheets.column(&origin_column(instrument, name)).ok()?.get(row).ok();
    let number = of("source_row").and_then(|value| value.extract::<u64>());
    let file = of("source_file").and_then(|value| value.get_str().map(str::to_owned));
    match number {
        Some(row) => SheetPlace { file: file.unwrap_or_default(), row, ..place },
        None => place,
    }
}
