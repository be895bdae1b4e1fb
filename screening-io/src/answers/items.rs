//! From the cells of item columns to columns of codes.

use polars::prelude::*;
use screening_core::answers::Missing;
use screening_core::instrument::Definition;

use crate::coding::{Answer, Coding, ItemReader};
use crate::error::{Problem, Rejected, Scope};
use crate::table::Table;

/// The argument of a rejected cell that names the column of the frame.
pub(super) const ITEM: &str = "item-column";

/// Where an item is found and how it is read.
pub(crate) struct ItemColumn<'a> {
    pub(crate) reader: ItemReader<'a>,
    pub(crate) column: usize,
}

/// Remembers the reading of each distinct value, so that it is interpreted once a column. An epoch spares clearing
/// the memory between columns.
struct Memo {
    epoch: u32,
    entries: Vec<(u32, Answer)>,
}

impl Memo {
    fn new(distinct: usize) -> Self {
        Self { epoch: 0, entries: vec![(0, Answer::Missing(Missing::Skipped)); distinct] }
    }

    fn next_column(&mut self) {
        self.epoch += 1;
    }

    fn get(&mut self, id: u32, read: impl FnOnce() -> Answer) -> Answer {
        match self.entries.get_mut(id as usize) {
            Some((epoch, answer)) if *epoch == self.epoch => *answer,
            Some(entry) => {
                *entry = (self.epoch, read());
                entry.1
            }
            None => read(),
        }
    }
}

/// The columns of one instrument, for the rows kept. Cells that are no answers are listed and become invalid.
pub(crate) fn item_columns(
    table: &Table,
    definition: &Definition,
    items: &[ItemColumn<'_>],
    coding: Coding,
    keep: &[bool],
    rejected: &mut Vec<Rejected>,
) -> Vec<Column> {
    let mut memo = Memo::new(table.distinct());
    let mut columns = Vec::with_capacity(items.len());
    for item in items {
        memo.next_column();
        let name = format!("{}.{}", definition.id, item.reader.item().id);
        columns.push(one_column(table, item, &name, coding, keep, &mut memo, rejected));
    }
    columns
}

fn one_column(
    table: &Table,
    item: &ItemColumn<'_>,
    name: &str,
    coding: Coding,
    keep: &[bool],
    memo: &mut Memo,
    rejected: &mut Vec<Rejected>,
) -> Column {
    let cells = table.cells(item.column);
    let kept = cells.iter().zip(keep).enumerate().filter(|(_, (_, keep))| **keep);
    let answers = kept.map(|(row, (&id, _))| {
        let answer = memo.get(id, || item.reader.read(table.value(id), coding));
        if let Answer::Misfit(reason) = answer {
            rejected.push(misfit(table, item, name, row, coding, reason));
        }
        answer
    });
    let series_name = PlSmallStr::from_str(name);
    if item.reader.is_choice() {
        let codes: Vec<Option<i8>> = answers.map(code).collect();
        // A column without a hole is handed over as it is; the general way looks at each value again.
        let whole: Option<Vec<i8>> = codes.iter().copied().collect();
        return match whole {
            Some(codes) => Int8Chunked::from_vec(series_name, codes).into_column(),
            None => Column::new(series_name, codes),
        };
    }
    if item.reader.item().kind == screening_core::instrument::ItemKind::Clock {
        let times: Vec<Option<String>> = answers
            .map(|answer| match answer {
                Answer::Clock(minutes) => Some(format!("{:02}:{:02}", minutes / 60, minutes % 60)),
                _ => None,
            })
            .collect();
        return Column::new(series_name, times);
    }
    let numbers: Vec<Option<f64>> = answers
        .map(|answer| match answer {
            Answer::Number(number) => Some(number),
            _ => None,
        })
        .collect();
    Column::new(series_name, numbers)
}

fn code(answer: Answer) -> Option<i8> {
    match answer {
        Answer::Code(code) => Some(code),
        Answer::Missing(Missing::Skipped) => None,
        Answer::Missing(missing) => Some(missing.code()),
        Answer::Misfit(_) | Answer::Number(_) | Answer::Clock(_) => Some(Missing::Invalid.code()),
    }
}

/// A cell that is no answer. The item column of the frame is told beside it: the auditor sorts the texts by it.
fn misfit(
    table: &Table,
    item: &ItemColumn<'_>,
    name: &str,
    row: usize,
    coding: Coding,
    reason: &'static str,
) -> Rejected {
    let allowed = item.reader.allowed(coding);
    let problem = Problem::new(reason, table.cell_place(row, item.column))
        .value(table.cell(row, item.column).to_text())
        .with("allowed", allowed)
        .with(ITEM, name);
    Rejected::new(Scope::Cell, problem)
}
