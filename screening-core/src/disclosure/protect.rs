//! From a population and the tables that are asked for to a release that may be shown.

use std::collections::HashMap;

use serde::Serialize;

use super::cells::{Grid, LIMIT, State};
use super::component::Component;
use super::population::{ALL, Population};
use super::proof::{self, Protected, Unprotected};
use super::table::{ProtectedTable, Shown, TableSpec};
use super::{CellView, DisclosureError, Rule};

/// Tables that may be shown, and what was done to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProtectedRelease {
    /// The rule.
    pub rule: Rule,
    /// The tables, in the order they were asked for.
    pub tables: Vec<ProtectedTable>,
    /// Different cells of all tables.
    pub cells: usize,
    /// Small cells.
    pub small: usize,
    /// Cells withheld to protect them.
    pub withheld: usize,
    /// Smallest width to which a small cell can be told from this release; none without small cells.
    pub narrowest: Option<u32>,
}

/// What the mark of a withheld cell tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marks {
    /// [`Shown::Small`] is below the threshold, [`Shown::Withheld`] at or above it.
    Telling,
    /// [`Shown::Withheld`] may stand for any count: with telling marks a small cell could have been worked out, so some small
    /// cells bear it too.
    Open,
}

impl ProtectedRelease {
    /// A table by id.
    pub fn table(&self, id: &str) -> Option<&ProtectedTable> {
        self.tables.iter().find(|table| table.spec.id() == id)
    }
}

/// Decides what of these tables may be shown. See the [module](super) for what is promised.
///
/// Where telling small cells from withheld ones would leave too little open, some small cells bear the mark of withheld ones
/// ([`Marks::Open`]). Deterministic: the same people and tables give the same release.
///
/// # Errors
/// When a table does not fit the population, or a small cell cannot be protected.
///
/// ```
/// use screening_core::disclosure::*;
/// let mut pupils = Population::new(vec![
///     Dimension::known("place", &["school"]),
///     Dimension::sensitive("tier", &["tier"]),
/// ]);
/// for (school, soon, none) in [("A", 14, 386), ("B", 3, 297), ("C", 21, 379)] {
///     pupils.add(&[&[school], &["soon"]], soon)?;
///     pupils.add(&[&[school], &["none"]], none)?;
/// }
/// let table = TableSpec::new("tiers").axis("place", &["all", "school"]).axis("tier", &["all", "tier"]);
/// let release = protect(&pupils, &[table], Rule::default())?;
/// let tiers = release.table("tiers").expect("asked for");
/// assert_eq!(tiers.get(&[&["B"], &["soon"]]), Some(Shown::Small));
/// // 38 pupils of the district are "soon": with A and C shown, B could be worked out, so one of them is withheld.
/// assert_eq!(tiers.get(&[&[], &["soon"]]), Some(Shown::Value(38)));
/// assert_eq!((release.small, release.withheld), (1, 3));
/// # Ok::<(), DisclosureError>(())
/// ```
pub fn protect(population: &Population, tables: &[TableSpec], rule: Rule) -> Result<ProtectedRelease, DisclosureError> {
    protect_after(population, tables, rule, &[])
}

/// As [`protect`], for people of whom tables were released before: what was shown then stays shown, what was withheld stays
/// withheld, and nothing can be worked out from both releases together.
///
/// # Errors
/// As [`protect`]; also when an earlier table does not agree with these people.
pub fn protect_after(
    population: &Population,
    tables: &[TableSpec],
    rule: Rule,
    earlier: &[ProtectedTable],
) -> Result<ProtectedRelease, DisclosureError> {
    rule.check()?;
    for (at, spec) in tables.iter().enumerate() {
        if tables.iter().take(at).any(|known| known.id == spec.id) {
            return Err(DisclosureError::Table { table: spec.id.clone(), what: "the id stands twice".to_owned() });
        }
    }
    let specs: Vec<&TableSpec> = tables.iter().chain(earlier.iter().map(|table| &table.spec)).collect();
    let grids = specs.iter().map(|spec| Grid::of(spec, population)).collect::<Result<Vec<_>, _>>()?;
    if grids.iter().fold(0_usize, |sum, grid| sum.saturating_add(grid.size())) > LIMIT {
        return Err(DisclosureError::TooLarge { limit: LIMIT });
    }
    let (groups, of) = apart(population, &grids);
    let one = |sensitive: &Vec<usize>, at: usize| -> Result<(Component, Protected), DisclosureError> {
        let own = |grid: &(usize, &Grid)| of.get(grid.0) == Some(&at);
        let members: Vec<(usize, &Grid)> = grids.iter().enumerate().filter(own).collect();
        let own: Vec<&Grid> = members.iter().map(|(_, grid)| *grid).collect();
        let mut component = Component::of(population, &own, sensitive, rule)?;
        for (at, grid) in &members {
            if let Some(table) = at.checked_sub(tables.len()).and_then(|at| earlier.get(at)) {
                lock(&mut component, grid, population, table)?;
            }
        }
        let told = |unprotected| refused(&component, &members, &specs, population, &unprotected);
        let protected = proof::protect(&component).map_err(told)?;
        Ok((component, protected))
    };
    let done = each(&groups, one)?;
    let table = |(at, (spec, grid)): (usize, (&TableSpec, &Grid))| -> ProtectedTable {
        let mut cells = Vec::with_capacity(grid.size());
        let own = of.get(at).and_then(|component| done.get(*component));
        grid.walk(&mut |key| {
            let cell = own.and_then(|(component, own)| own.cells.get(component.find(key)? as usize));
            // Nobody could be counted there, which everybody knows.
            let shown = cell.map_or(Shown::Value(0), |cell| match cell.state {
                State::Shown => Shown::Value(cell.count as u64),
                State::Small if !cell.blank => Shown::Small,
                State::Small | State::Withheld => Shown::Withheld,
            });
            cells.push(grid.view(key, population, shown));
        });
        let blank = own.is_some_and(|(_, own)| own.cells.iter().any(|cell| cell.blank));
        ProtectedTable { spec: spec.clone(), marks: if blank { Marks::Open } else { Marks::Telling }, cells }
    };
    let tables = tables.iter().zip(&grids).enumerate().map(table).collect();
    let cells = || done.iter().flat_map(|(_, own)| &own.cells);
    Ok(ProtectedRelease {
        rule,
        tables,
        cells: cells().count(),
        small: cells().filter(|cell| cell.state == State::Small).count(),
        withheld: cells().filter(|cell| cell.state == State::Withheld).count(),
        narrowest: done.iter().filter_map(|(_, own)| own.narrowest).min().map(|width| width as u32),
    })
}

/// Sensitive dimensions that stand in one table, put together, and for each table which of these it belongs to. Tables that
/// tell nothing sensitive belong together as well.
fn apart(population: &Population, grids: &[Grid]) -> (Vec<Vec<usize>>, Vec<usize>) {
    let sensitive = |grid: &Grid| -> Vec<usize> {
        let own = population.dimensions.iter().zip(&grid.nodes).enumerate();
        own.filter(|(_, (own, nodes))| !own.is_known() && nodes.iter().any(|node| *node != ALL))
            .map(|(at, _)| at)
            .collect()
    };
    let told: Vec<Vec<usize>> = grids.iter().map(sensitive).collect();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for own in &told {
        let (touched, mut rest): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group == own || group.iter().any(|at| own.contains(at)));
        let mut joined: Vec<usize> = touched.into_iter().flatten().chain(own.iter().copied()).collect();
        joined.sort_unstable();
        joined.dedup();
        rest.push(joined);
        groups = rest;
    }
    groups.sort();
    let of = |own: &Vec<usize>| groups.iter().position(|group| group == own || own.iter().any(|at| group.contains(at)));
    let of = told.iter().map(|own| of(own).unwrap_or(0)).collect();
    (groups, of)
}

/// Components are independent of each other.
#[cfg(any(feature = "frame", feature = "psychometrics"))]
fn each<T: Send>(
    groups: &[Vec<usize>],
    one: impl Fn(&Vec<usize>, usize) -> Result<T, DisclosureError> + Sync,
) -> Result<Vec<T>, DisclosureError> {
    use rayon::prelude::*;
    groups.par_iter().enumerate().map(|(at, group)| one(group, at)).collect()
}

#[cfg(not(any(feature = "frame", feature = "psychometrics")))]
fn each<T>(
    groups: &[Vec<usize>],
    one: impl Fn(&Vec<usize>, usize) -> Result<T, DisclosureError>,
) -> Result<Vec<T>, DisclosureError> {
    groups.iter().enumerate().map(|(at, group)| one(group, at)).collect()
}

/// Takes over what an earlier release shows.
fn lock(
    component: &mut Component,
    grid: &Grid,
    population: &Population,
    table: &ProtectedTable,
) -> Result<(), DisclosureError> {
    let then: HashMap<&[(String, Vec<String>)], Shown> =
        table.cells.iter().map(|cell| (cell.group.as_slice(), cell.shown)).collect();
    let threshold = i64::from(component.rule.threshold);
    let mut cells = Vec::with_capacity(grid.size());
    grid.walk(&mut |key| cells.push((component.find(key), grid.view(key, population, Shown::Withheld))));
    for (at, view) in cells {
        let then = then.get(view.group.as_slice()).copied();
        let Some(cell) = at.and_then(|at| component.cells.get_mut(at as usize)) else {
            if then == Some(Shown::Value(0)) {
                continue;
            }
            return Err(changed(table, &view, then, 0, component.rule));
        };
        (cell.state, cell.blank) = match then {
            Some(Shown::Value(count)) if i64::try_from(count) == Ok(cell.count) => (State::Shown, false),
            Some(Shown::Small) if cell.count < threshold => (State::Small, false),
            // A small count bears this mark where it tells nothing.
            Some(Shown::Withheld) => (State::Withheld, cell.count < threshold),
            _ => return Err(changed(table, &view, then, cell.count, component.rule)),
        };
        cell.locked = true;
    }
    Ok(())
}

/// An earlier table that is not about these people.
fn changed(table: &ProtectedTable, view: &CellView, then: Option<Shown>, now: i64, rule: Rule) -> DisclosureError {
    let text = |shown: Option<Shown>| shown.map_or("nothing".to_owned(), |shown| shown.text(rule.threshold).en);
    let now = if now < i64::from(rule.threshold) { Shown::Small } else { Shown::Value(now as u64) };
    let (table, cell) = (table.spec.id.clone(), view.describe());
    DisclosureError::Earlier { table, cell, then: text(then), now: text(Some(now)) }
}

fn refused(
    component: &Component,
    members: &[(usize, &Grid)],
    specs: &[&TableSpec],
    population: &Population,
    unprotected: &Unprotected,
) -> DisclosureError {
    let (mut table, mut cell) = (String::new(), String::new());
    for (at, grid) in members {
        grid.walk(&mut |key| {
            if cell.is_empty() && component.find(key) == Some(unprotected.cell) {
                table = specs.get(*at).map(|spec| spec.id.clone()).unwrap_or_default();
                cell = grid.view(key, population, Shown::Small).describe();
            }
        });
    }
    DisclosureError::Unprotected { table, cell, width: unprotected.width as u32 }
}
