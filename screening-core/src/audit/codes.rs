//! The codes of the columns: impossible ones, moved ones, empty and constant columns.

use crate::texts::Fill;

use super::expect::Expectation;
use super::finding::{Certainty, Finding, FindingKind, Silent};
use super::read::{Seen, Sheets, holds};

/// Sheets below which an empty or constant column says nothing.
const FEW: u64 = 30;
/// Sheets from which one column is evidence by itself.
const MANY: u64 = 100;
/// Sheets among which somebody chooses the lowest option of some item.
const LOWEST_SEEN: u64 = 200;

/// One column with its allowed codes.
struct Column<'a> {
    place: usize,
    id: &'a str,
    allowed: &'a [i8],
    floor: Option<i8>,
    asked: bool,
    critical: bool,
    seen: &'a Seen,
}

/// Findings on codes.
pub(super) fn check(sheets: &Sheets, expected: &Expectation, findings: &mut Vec<Finding>, silent: &mut Vec<Silent>) {
    let columns: Vec<Column<'_>> = expected
        .items
        .iter()
        .zip(&sheets.seen)
        .enumerate()
        .filter_map(|(place, (item, seen))| {
            let answered = sheets.answers.items().get(item.at)?;
            Some(Column {
                place,
                id: &item.id,
                allowed: answered.codes(),
                floor: answered.floor(),
                asked: item.asked,
                critical: item.critical,
                seen,
            })
        })
        .collect();
    let moved = moved(&columns);
    findings.extend(moved.iter().map(|moved| moved.told(&columns)));
    let explained = |column: &Column<'_>| moved.iter().any(|moved| moved.columns.contains(&column.place));
    let rest: Vec<&Column<'_>> = columns.iter().filter(|column| !explained(column)).collect();
    findings.extend(impossible(&rest));
    findings.extend(empty(&columns, sheets.rows() as u64));
    findings.extend(constant(&columns));
    if (sheets.rows() as u64) < FEW {
        let count = FEW.to_string();
        silent.push(Silent::new(FindingKind::ConstantColumn, "few-sheets", &[("needed", Fill::Same(&count))]));
    }
}

/// Columns whose codes have moved by the same step.
struct Moved {
    step: i64,
    columns: Vec<usize>,
    impossible: u64,
    answers: u64,
    sheets: u64,
    /// Whether this is half of the form or more.
    form: bool,
}

/// The step by which all codes of a column have moved: impossible codes as they stand, next to none when moved back.
fn step(column: &Column<'_>) -> Option<i64> {
    let answers: u64 = column.seen.codes.values().sum();
    let outside = column.seen.outside(column.allowed);
    if outside == 0 || answers < FEW {
        return None;
    }
    let left = |step: i64| -> u64 {
        let codes = column.seen.codes.iter();
        codes.filter(|(code, _)| !holds(column.allowed, **code - step)).map(|(_, count)| count).sum()
    };
    let steps = (1..=4_i64).flat_map(|size| [size, -size]);
    steps
        .map(|step| (left(step), step))
        .filter(|(left, _)| left * 200 <= answers && left * 10 <= outside)
        .map(|(_, step)| step)
        .next()
}

fn moved(columns: &[Column<'_>]) -> Vec<Moved> {
    let mut found: Vec<Moved> = Vec::new();
    let mut add = |column: &Column<'_>, step: i64| {
        let answers: u64 = column.seen.codes.values().sum();
        let impossible = column.seen.outside(column.allowed);
        let own = match found.iter_mut().find(|moved| moved.step == step) {
            Some(own) => own,
            None => {
                found.push(Moved { step, columns: Vec::new(), impossible: 0, answers: 0, sheets: 0, form: false });
                let Some(own) = found.last_mut() else { return };
                own
            }
        };
        own.columns.push(column.place);
        own.impossible += impossible;
        own.answers += answers;
        own.sheets = own.sheets.max(answers);
    };
    for column in columns {
        if let Some(step) = step(column) {
            add(column, step);
        }
    }
    // Columns in which nobody chose the option at the far end moved with the others.
    let answered = columns.iter().filter(|column| column.seen.answers() > 0).count();
    if let [one] = found.as_mut_slice() {
        let fits = |column: &&Column<'_>| {
            let codes = &column.seen.codes;
            !codes.is_empty()
                && !one.columns.contains(&column.place)
                && codes.keys().all(|code| holds(column.allowed, code - one.step))
        };
        let more: Vec<&Column<'_>> = columns.iter().filter(fits).collect();
        if (one.columns.len() + more.len()) * 2 >= answered && one.columns.len() * 4 >= answered {
            one.answers += more.iter().map(|column| column.seen.codes.values().sum::<u64>()).sum::<u64>();
            one.columns.extend(more.iter().map(|column| column.place));
            one.columns.sort_unstable();
        }
    }
    for moved in &mut found {
        moved.form = moved.columns.len() * 2 >= answered;
    }
    if found.is_empty() {
        found.extend(lowest_unseen(columns));
    }
    found
}

/// Nobody chose the lowest option of any item: codes that moved up and stay possible.
fn lowest_unseen(columns: &[Column<'_>]) -> Option<Moved> {
    let own: Vec<&Column<'_>> = columns.iter().filter(|column| column.allowed.len() > 2).collect();
    let sheets = own.iter().map(|column| column.seen.answers()).min()?;
    let unseen = |column: &&Column<'_>| {
        column.allowed.first().is_some_and(|lowest| column.seen.codes.keys().all(|code| *code > i64::from(*lowest)))
    };
    (own.len() >= 5 && sheets >= FEW && own.iter().all(unseen)).then(|| Moved {
        step: 1,
        columns: own.iter().map(|column| column.place).collect(),
        impossible: 0,
        answers: own.iter().map(|column| column.seen.answers()).sum(),
        sheets,
        form: true,
    })
}

impl Moved {
    /// Moved up: nobody chose the lowest options, and what would be the lowest after moving back is a usual answer.
    fn at_the_end(&self, columns: &[Column<'_>]) -> bool {
        let own = || self.columns.iter().filter_map(|place| columns.get(*place));
        let lowest = |column: &Column<'_>| column.allowed.first().map_or(0, |code| i64::from(*code));
        let below = own().any(|column| column.seen.codes.range(..lowest(column) + self.step).next().is_some());
        let there = |column: &Column<'_>| column.seen.codes.get(&(lowest(column) + self.step)).copied().unwrap_or(0);
        self.step > 0 && !below && own().map(there).sum::<u64>() * 5 >= self.answers
    }

    fn told(&self, columns: &[Column<'_>]) -> Finding {
        let items = self.columns.iter().filter_map(|place| columns.get(*place)).map(|column| column.id.to_owned());
        let about = if self.form { String::new() } else { items.clone().next().unwrap_or_default() };
        let enough = self.impossible >= 5 && (self.impossible * 50 >= self.answers || self.at_the_end(columns));
        let certainty = match (self.impossible, enough) {
            (0, _) if self.sheets >= LOWEST_SEEN => Certainty::Likely,
            (0, _) => Certainty::Possible,
            (_, true) if self.form || self.sheets >= MANY => Certainty::Certain,
            _ => Certainty::Likely,
        };
        let key = if self.impossible == 0 { "lowest-unseen" } else { "codes-moved" };
        let seen: Vec<i64> = self
            .columns
            .iter()
            .filter_map(|place| columns.get(*place))
            .flat_map(|c| c.seen.codes.keys().copied())
            .collect();
        let (low, high) = (seen.iter().min().copied().unwrap_or(0), seen.iter().max().copied().unwrap_or(0));
        let first = self.columns.first().and_then(|place| columns.get(*place));
        let ends = first.and_then(|c| c.allowed.first().zip(c.allowed.last())).map_or((0, 0), |(a, b)| (*a, *b));
        let (allowed, seen) = (format!("{}-{}", ends.0, ends.1), format!("{low}-{high}"));
        let step = format!("{:+}", self.step);
        Finding::new(FindingKind::CodesMoved, &about, certainty)
            .items(items)
            .figure("step", self.step as f64)
            .figure("impossible", self.impossible as f64)
            .figure("answers", self.answers as f64)
            .told(key, &[("allowed", Fill::Same(&allowed)), ("seen", Fill::Same(&seen)), ("moved", Fill::Same(&step))])
    }
}

fn impossible(columns: &[&Column<'_>]) -> Option<Finding> {
    let count = |column: &Column<'_>| column.seen.outside(column.allowed) + column.seen.unreadable;
    let faulty: Vec<&&Column<'_>> = columns.iter().filter(|column| count(column) > 0).collect();
    let worst = faulty.iter().map(|column| {
        let (own, answers) = (count(column), column.seen.answers());
        if own >= 5 && own * 20 >= answers {
            Certainty::Certain
        } else if own >= 2 && own * 100 >= answers {
            Certainty::Likely
        } else {
            Certainty::Possible
        }
    });
    let certainty = worst.max()?;
    let mut codes: Vec<i64> = faulty
        .iter()
        .flat_map(|column| column.seen.codes.keys().filter(|code| !holds(column.allowed, **code)).copied())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let shown: Vec<String> = codes.iter().take(8).map(i64::to_string).collect();
    let shown = if shown.is_empty() { "?".to_owned() } else { shown.join(", ") };
    let own: u64 = faulty.iter().map(|column| count(column)).sum();
    let answers: u64 = faulty.iter().map(|column| column.seen.answers()).sum();
    let finding = Finding::new(FindingKind::ImpossibleCodes, "", certainty)
        .items(faulty.iter().map(|column| column.id.to_owned()))
        .figure("impossible", own as f64)
        .figure("answers", answers as f64)
        .figure("percent", 100.0 * own as f64 / answers.max(1) as f64);
    Some(finding.told("impossible-codes", &[("codes", Fill::Same(&shown))]))
}

fn empty<'a>(columns: &'a [Column<'a>], rows: u64) -> impl Iterator<Item = Finding> + 'a {
    let others = columns.iter().any(|column| column.seen.answers() > 0);
    let is_empty = move |column: &&Column<'_>| column.seen.answers() == 0 && column.asked && rows >= FEW && others;
    columns.iter().filter(is_empty).map(move |column| {
        Finding::new(FindingKind::EmptyColumn, column.id, Certainty::Certain)
            .items([column.id.to_owned()])
            .figure("sheets", rows as f64)
            .told("empty-column", &[])
    })
}

fn constant<'a>(columns: &'a [Column<'a>]) -> impl Iterator<Item = Finding> + 'a {
    columns.iter().filter_map(|column| {
        let answers = column.seen.answers();
        let (code, times) = column.seen.codes.iter().next()?;
        if *times != answers || answers < FEW || column.allowed.len() < 2 || !holds(column.allowed, *code) {
            return None;
        }
        let ends = [column.allowed.first(), column.allowed.last()];
        let at_floor = match column.floor {
            Some(floor) => *code == i64::from(floor),
            None => ends.into_iter().flatten().any(|end| *code == i64::from(*end)),
        };
        // Critical answers are rarer than the others by far.
        let rarer = if column.critical { 40.0 } else { 4.0 };
        let expected = rarest_other(columns, column) * answers as f64 / rarer;
        let certainty = match at_floor {
            false if answers >= MANY => Certainty::Certain,
            true if expected < 7.0 => Certainty::Possible,
            _ => Certainty::Likely,
        };
        let value = code.to_string();
        let finding = Finding::new(FindingKind::ConstantColumn, column.id, certainty)
            .items([column.id.to_owned()])
            .figure("sheets", answers as f64)
            .figure("expected_other", expected);
        Some(finding.told("constant-column", &[("code", Fill::Same(&value))]))
    })
}

/// Smallest share of answers away from the floor among the other items that are not critical: what a rare item looks like here.
fn rarest_other(columns: &[Column<'_>], but: &Column<'_>) -> f64 {
    let shares = columns
        .iter()
        .filter(|column| column.place != but.place && !column.critical && column.seen.codes.len() > 1)
        .map(|column| {
            let answers = column.seen.answers().max(1) as f64;
            let at = |code: i8| column.seen.codes.get(&i64::from(code)).copied().unwrap_or(0) as f64;
            let most = column.seen.codes.values().max().copied().unwrap_or(0) as f64;
            1.0 - column.floor.map_or(most, at) / answers
        });
    shares.min_by(f64::total_cmp).unwrap_or(0.0)
}
