//! Settles the coding of every instrument of a file, with the evidence that only the whole file gives.

use screening_core::answers::Missing;

use super::InstrumentPart;
use super::assign::Assigned;
use super::layout::Layout;
use crate::coding::{Answer, Coding, CodingReport, Evidence, Ground, Verdict, decide};
use crate::error::{IoError, Problem};
use crate::parse::cell_number;
use crate::table::Table;

/// Complete sheets whose totals are compared.
const SHEETS_COMPARED: usize = 500;
/// Fewer agreeing totals could be chance.
const SHEETS_NEEDED: usize = 3;

/// The coding of each instrument.
pub(crate) fn settle(
    table: &Table,
    layout: &Layout,
    assigned: &[Assigned<'_>],
    parts: &[InstrumentPart<'_>],
) -> Result<Vec<CodingReport>, IoError> {
    let evidence: Vec<Evidence> =
        assigned.iter().map(|part| Evidence::gather(table, &part.readers, &part.columns)).collect();
    let mut verdicts = Vec::with_capacity(parts.len());
    for (part, evidence) in parts.iter().zip(&evidence) {
        let id = part.definition.id.as_str();
        match decide(evidence, id, table.place(), part.coding, part.accept_strays) {
            Verdict::Refuse(problem) => return Err(problem.into()),
            verdict => verdicts.push(verdict),
        }
    }
    let common = common_coding(table, parts, &verdicts)?;
    let total = layout.metadata("total").and_then(|column| total_coding(table, column, assigned, &verdicts));
    let mut reports = Vec::with_capacity(parts.len());
    for ((found, evidence), verdict) in assigned.iter().zip(&evidence).zip(&verdicts) {
        let id = found.definition.id.clone();
        let (coding, ground) = match verdict {
            Verdict::Use(coding, ground) => (*coding, *ground),
            Verdict::Ambiguous(candidates) => resolve(candidates, common, total).ok_or_else(|| {
                Problem::new(Verdict::ambiguity(candidates), table.place())
                    .with("instrument", &id)
                    .detail(evidence.describe())
            })?,
            Verdict::Refuse(problem) => return Err(problem.clone().into()),
        };
        reports.push(CodingReport {
            instrument: id,
            found_by: found.found_by,
            coding,
            ground,
            evidence: evidence.describe(),
        });
    }
    Ok(reports)
}

/// Evidence from outside the instrument counts when all of it says the same and the answers allow it.
fn resolve(candidates: &[Coding], common: Option<Coding>, total: Option<Coding>) -> Option<(Coding, Ground)> {
    let found = match (total, common) {
        (Some(total), Some(common)) if total != common => return None,
        (Some(total), _) => (total, Ground::Total),
        (None, Some(common)) => (common, Ground::SameFile),
        (None, None) => return None,
    };
    candidates.contains(&found.0).then_some(found)
}

/// The one coding that the answers to other instruments of the file leave. Two different ones refuse the file: it was
/// downloaded in one coding, so one of them is a shift that happens to look like a coding.
fn common_coding(table: &Table, parts: &[InstrumentPart<'_>], verdicts: &[Verdict]) -> Result<Option<Coding>, IoError> {
    let known: Vec<(Coding, Ground, &str)> = parts
        .iter()
        .zip(verdicts)
        .filter_map(|(part, verdict)| match verdict {
            Verdict::Use(coding, ground @ (Ground::Answers | Ground::Stated)) => {
                Some((*coding, *ground, part.definition.id.as_str()))
            }
            _ => None,
        })
        .collect();
    let Some((first, _, first_id)) = known.first().copied() else {
        return Ok(None);
    };
    if known.iter().all(|(coding, ..)| *coding == first) {
        return Ok(Some(first));
    }
    // Stated one by one for all: the caller knows, and the file says nothing about the rest.
    if known.iter().all(|(_, ground, _)| *ground == Ground::Stated) {
        return Ok(None);
    }
    let (second, second_id) =
        known.iter().find(|(coding, ..)| *coding != first).map_or((first, first_id), |(coding, _, id)| (*coding, *id));
    let problem = Problem::new("coding-mixed", table.place());
    let problem = problem.with("first", first_id).with("first_coding", first.word());
    Err(problem.with("second", second_id).with("second_coding", second.word()).into())
}

/// The one coding under which the platform's total of every complete sheet is the sum of the codes. A platform may
/// reverse or weight, so totals that agree with no coding say nothing.
fn total_coding(table: &Table, column: usize, assigned: &[Assigned<'_>], verdicts: &[Verdict]) -> Option<Coding> {
    let mut agreeing = [Coding::Ordinal, Coding::Score]
        .into_iter()
        .filter(|candidate| totals_agree(table, column, assigned, verdicts, *candidate));
    let found = agreeing.next()?;
    agreeing.next().is_none().then_some(found)
}

fn totals_agree(
    table: &Table,
    column: usize,
    assigned: &[Assigned<'_>],
    verdicts: &[Verdict],
    candidate: Coding,
) -> bool {
    let mut compared = 0;
    for row in 0..table.height() {
        let Some(stated) = cell_number(table.cell(row, column)) else {
            continue;
        };
        let Some(sum) = sum_of_codes(table, row, assigned, verdicts, candidate) else {
            continue;
        };
        if f64::from(sum) != stated {
            return false;
        }
        compared += 1;
        if compared == SHEETS_COMPARED {
            break;
        }
    }
    compared >= SHEETS_NEEDED
}

/// Sum of all codes of a sheet, or `None` when an answer is missing.
fn sum_of_codes(
    table: &Table,
    row: usize,
    assigned: &[Assigned<'_>],
    verdicts: &[Verdict],
    candidate: Coding,
) -> Option<i32> {
    let mut sum = 0_i32;
    for (part, verdict) in assigned.iter().zip(verdicts) {
        let coding = match verdict {
            Verdict::Use(coding, _) => *coding,
            _ => candidate,
        };
        for (reader, column) in part.readers.iter().zip(&part.columns) {
            match reader.read(table.cell(row, *column), coding) {
                Answer::Code(code) => sum = sum.saturating_add(i32::from(code)),
                Answer::Missing(Missing::NotShown) | Answer::Number(_) | Answer::Clock(_) => {}
                Answer::Missing(_) | Answer::Misfit(_) => return None,
            }
        }
    }
    Some(sum)
}
