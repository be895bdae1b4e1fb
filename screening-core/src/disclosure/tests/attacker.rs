//! What somebody who has all tables can work out by linear means.

use std::collections::BTreeMap;

use super::super::{Marks, ProtectedRelease, ProtectedTable, Shown, Zeros};
use super::linear::{Program, optimum};

/// A count that is known from elsewhere.
pub(super) type Fact = (Name, u64);

/// What can be told of a cell.
#[derive(Debug)]
#[allow(dead_code)]
pub(super) struct Range {
    pub(super) cell: Name,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// A cell by dimension, level and group; margins are left out.
pub(super) type Name = Vec<(String, String, Vec<String>)>;

/// What somebody knows of each cell from the marks, and which cells add up to which.
pub(super) struct Reader {
    bounds: BTreeMap<Name, (f64, f64)>,
    sums: Vec<(Name, Vec<Name>)>,
}

impl Reader {
    pub(super) fn new(releases: &[&ProtectedRelease], facts: &[Fact]) -> Self {
        let mut own = Self { bounds: BTreeMap::new(), sums: Vec::new() };
        for release in releases {
            release.tables.iter().for_each(|table| own.read(table, release));
        }
        for (name, count) in facts {
            own.learn(name.clone(), (*count as f64, *count as f64));
        }
        own
    }

    fn learn(&mut self, name: Name, (low, high): (f64, f64)) {
        let known = self.bounds.entry(name).or_insert((0.0, 100_000.0));
        *known = (known.0.max(low), known.1.min(high));
    }

    /// Every whole is the sum of its parts, along each axis and down each hierarchy.
    fn read(&mut self, table: &ProtectedTable, release: &ProtectedRelease) {
        let lowest = if release.rule.zeros == Zeros::Suppress { 0.0 } else { 1.0 };
        let threshold = f64::from(release.rule.threshold);
        let name = |group: &[(String, Vec<String>)]| -> Name {
            let axes = table.spec.axes.iter().zip(group).filter(|(_, (level, _))| level != "all");
            let mut name: Name = axes
                .map(|((dimension, _), (level, names))| (dimension.clone(), level.clone(), names.clone()))
                .collect();
            name.sort();
            name
        };
        for cell in &table.cells {
            let bounds = match cell.shown {
                Shown::Value(count) => (count as f64, count as f64),
                Shown::Small => (lowest, threshold - 1.0),
                Shown::Withheld if table.marks == Marks::Open => (lowest, 100_000.0),
                Shown::Withheld => (threshold, 100_000.0),
            };
            self.learn(name(&cell.group), bounds);
            for (axis, (_, levels)) in table.spec.axes.iter().enumerate() {
                let (level, names) = &cell.group[axis];
                let at = levels.iter().position(|own| own == level).unwrap();
                let Some(below) = levels.get(at + 1) else { continue };
                let parts = table.cells.iter().filter(|part| {
                    let same = part
                        .group
                        .iter()
                        .enumerate()
                        .all(|(other, group)| other == axis || *group == cell.group[other]);
                    same && part.group[axis].0 == *below && part.group[axis].1.starts_with(names)
                });
                self.sums.push((name(&cell.group), parts.map(|part| name(&part.group)).collect()));
            }
        }
    }

    /// The lowest and the highest count of each open cell that is asked about.
    pub(super) fn ranges(&self, wanted: &dyn Fn(&Name) -> bool) -> Vec<Range> {
        let open: Vec<&Name> = self.bounds.iter().filter(|(_, (low, high))| low < high).map(|(name, _)| name).collect();
        let mut program = Program { rows: Vec::new(), sums: Vec::new(), upper: Vec::new() };
        program.upper.extend(open.iter().map(|name| self.bounds[*name].1 - self.bounds[*name].0));
        for (whole, parts) in &self.sums {
            let mut row = vec![0.0; open.len()];
            let mut sum = 0.0;
            for (name, sign) in std::iter::once((whole, 1.0)).chain(parts.iter().map(|part| (part, -1.0))) {
                sum -= sign * self.bounds[name].0;
                if let Some(at) = open.iter().position(|own| *own == name) {
                    row[at] += sign;
                }
            }
            program.rows.push(row);
            program.sums.push(sum);
        }
        let asked = open.iter().enumerate().filter(|(_, name)| wanted(name));
        asked
            .map(|(at, name)| {
                let aim = |sign: f64| {
                    let mut goal = vec![0.0; open.len()];
                    goal[at] = sign;
                    sign * optimum(&program, &goal).expect("the truth is feasible") + self.bounds[*name].0
                };
                Range { cell: (*name).clone(), low: aim(-1.0), high: aim(1.0) }
            })
            .collect()
    }
}
