//! From a population and the tables that are asked for to a release that may be shown.

use serde::Serialize;

use super::cells::State;
use super::engine::{Engine, roster};
use super::population::{ALL, Population};
use super::search::{Found, Search, Way};
use super::table::{ProtectedTable, Shown, TableSpec};
use super::world::{World, room};
use super::{DisclosureError, Rule};

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
    /// What the marks tell.
    pub marks: Marks,
    /// Smallest width to which a small cell can be told from this release; none without small cells.
    pub narrowest: Option<u32>,
}

/// What the mark of a suppressed cell tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marks {
    /// [`Shown::Small`] is below the threshold, [`Shown::Withheld`] at or above it.
    Telling,
    /// All suppressed cells are [`Shown::Withheld`]: with telling marks a small cell could have been worked out.
    Same,
}

impl ProtectedRelease {
    /// A table by id.
    pub fn table(&self, id: &str) -> Option<&ProtectedTable> {
        self.tables.iter().find(|table| table.spec.id() == id)
    }
}

/// Decides what of these tables may be shown. See the [module](super) for what is promised.
///
/// When telling small cells from withheld ones would leave too little open, all suppressed cells get one mark
/// ([`Marks::Same`]). Deterministic: the same people and tables give the same release.
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
    let specs: Vec<&TableSpec> = tables.iter().chain(earlier.iter().map(|table| &table.spec)).collect();
    for (at, spec) in tables.iter().enumerate() {
        if tables.iter().take(at).any(|known| known.id == spec.id) {
            return Err(DisclosureError::Table { table: spec.id.clone(), what: "the id stands twice".to_owned() });
        }
    }
    // Telling which cells are small helps readers, and attackers. Where that leaves too little open, one mark stands for all.
    attempt(population, tables, rule, earlier, &specs, false)
        .or_else(|_| attempt(population, tables, rule, earlier, &specs, true))
}

fn attempt(
    population: &Population,
    tables: &[TableSpec],
    rule: Rule,
    earlier: &[ProtectedTable],
    specs: &[&TableSpec],
    same_mark: bool,
) -> Result<ProtectedRelease, DisclosureError> {
    let mut engine = Engine::new(population, specs, rule)?;
    engine.same_mark = same_mark;
    for (at, table) in earlier.iter().enumerate() {
        lock(&mut engine, tables.len() + at, table)?;
    }
    engine.mark_small();
    let mut targets: Vec<u32> = (0..engine.cells.list.len() as u32).filter(|at| is_target(&engine, *at)).collect();
    // The finest first: what protects them often protects their margins.
    targets.sort_by_key(|at| (engine.cells.list.get(*at as usize).map(|cell| cell.cost), *at));
    let mut proofs = Vec::with_capacity(targets.len());
    for target in targets {
        match open(&mut engine, target) {
            Ok(proof) => proofs.push(proof),
            Err(width) => return Err(unprotected(&engine, tables, target, width)),
        }
    }
    let mut narrowest: Option<u32> = None;
    for proof in &proofs {
        let width = audit(&engine, proof);
        if width < proof.need {
            return Err(unprotected(&engine, tables, proof.target, width as u32));
        }
        narrowest = Some(narrowest.map_or(width as u32, |known| known.min(width as u32)));
    }
    Ok(release(&engine, tables, narrowest))
}

/// Whether a cell has to be open: it is suppressed for its own count, now or earlier.
fn is_target(engine: &Engine<'_>, at: u32) -> bool {
    let small = |cell: &super::cells::Cell| cell.count < i64::from(engine.rule.threshold) && cell.state != State::Shown;
    engine.cells.list.get(at as usize).is_some_and(small)
}

/// Two worlds between which the target is open.
struct Proof {
    target: u32,
    /// Width that is owed.
    need: i64,
    up: World,
    down: World,
    /// Whether nobody's known properties differ in them.
    roster_kept: bool,
}

/// Finds two worlds that are far enough apart; the width reached when there are none.
///
/// A cell that tells something sensitive has to be open even to somebody who knows the roster, so only sensitive properties
/// change hands then.
fn open(engine: &mut Engine<'_>, target: u32) -> Result<Proof, u32> {
    let dimensions = &engine.population.dimensions;
    let key = engine.cells.list.get(target as usize).map(|cell| cell.key.clone()).unwrap_or_default();
    let bound: Vec<usize> = (0..dimensions.len()).filter(|at| key.get(*at).is_some_and(|node| *node != ALL)).collect();
    let sensitive: Vec<usize> =
        bound.iter().copied().filter(|at| dimensions.get(*at).is_some_and(|own| !own.is_known())).collect();
    if sensitive.is_empty() {
        let need = i64::from(engine.rule.protection);
        let (up, down) = widen(engine, target, &bound, need, true)?;
        return Ok(Proof { target, need, up, down, roster_kept: false });
    }
    // Where fewer people are known to be than the width asks for, all that can be open is how many of them it is.
    let group = roster(&key, engine.population);
    let people: i64 =
        engine.kinds_beside(&group, usize::MAX).iter().map(|kind| engine.people_of(*kind, &World::default())).sum();
    let need = i64::from(engine.rule.protection).min(people).max(1);
    let (up, down) = widen(engine, target, &sensitive, need, false)?;
    Ok(Proof { target, need, up, down, roster_kept: true })
}

fn widen(
    engine: &mut Engine<'_>,
    target: u32,
    dimensions: &[usize],
    need: i64,
    sizes: bool,
) -> Result<(World, World), u32> {
    let (mut up, mut down) = (World::default(), World::default());
    let mut withheld: Vec<u32> = Vec::new();
    loop {
        let width = up.cell(target) - down.cell(target);
        if width >= need {
            return Ok((up, down));
        }
        let mut best: Option<(Way, Found)> = None;
        for (way, world) in [(Way::Up, &up), (Way::Down, &down)] {
            let mut search = Search { target, way, world, need: need - width, best: None };
            engine.search(&mut search, dimensions);
            if search.best.is_none() && sizes {
                engine.search_size(&mut search);
            }
            let Some(found) = search.best else { continue };
            let free = found.cost == 0;
            if best.as_ref().is_none_or(|(_, known)| found.beats(known)) {
                best = Some((way, found));
            }
            if free {
                break;
            }
        }
        let Some((way, found)) = best else {
            // Nothing is withheld for a protection that does not work.
            for at in withheld {
                if let Some(cell) = engine.cells.list.get_mut(at as usize) {
                    cell.state = State::Shown;
                }
            }
            return Err(width as u32);
        };
        for (at, _) in &found.step.cells {
            if let Some(cell) = engine.cells.list.get_mut(*at as usize).filter(|cell| cell.state == State::Shown) {
                cell.state = State::Withheld;
                withheld.push(*at);
            }
        }
        match way {
            Way::Up => up.apply(&found.step, found.times),
            Way::Down => down.apply(&found.step, found.times),
        }
    }
}

/// Checks a proof from its people alone, and gives the width it proves; zero when it proves nothing.
fn audit(engine: &Engine<'_>, proof: &Proof) -> i64 {
    let mut differences = [0_i64; 2];
    for (difference, world) in differences.iter_mut().zip([&proof.up, &proof.down]) {
        let kinds: Vec<(u32, i64)> = world.kinds.iter().map(|(kind, change)| (*kind, *change)).collect();
        if kinds.iter().any(|(kind, _)| engine.people_of(*kind, world) < 0) {
            return 0;
        }
        let step = engine.step(kinds);
        for (at, change) in &step.cells {
            let Some(cell) = engine.cells.list.get(*at as usize) else { return 0 };
            let (lowest, highest) = room(cell, engine.rule, engine.same_mark);
            let now = cell.count + change;
            let known = roster(&cell.key, engine.population) == cell.key;
            if cell.state == State::Shown || now < lowest || now > highest || (proof.roster_kept && known) {
                return 0;
            }
            if *at == proof.target {
                *difference = *change;
            }
        }
    }
    differences[0] - differences[1]
}

/// Takes over what an earlier release shows.
fn lock(engine: &mut Engine<'_>, grid: usize, table: &ProtectedTable) -> Result<(), DisclosureError> {
    let keys = engine.grids.get(grid).map(super::cells::Grid::keys).unwrap_or_default();
    let views: Vec<(Vec<u32>, super::CellView)> = {
        let Some(grid) = engine.grids.get(grid) else { return Ok(()) };
        keys.into_iter().map(|key| (key.clone(), grid.view(&key, engine.population, Shown::Withheld))).collect()
    };
    let threshold = i64::from(engine.rule.threshold);
    for (key, view) in views {
        let index = engine.cells.index.get(&key).copied();
        let Some(cell) = index.and_then(|at| engine.cells.list.get_mut(at as usize)) else { continue };
        let then = table.cells.iter().find(|known| known.group == view.group).map(|known| known.shown);
        let state = match then {
            Some(Shown::Value(count)) if i64::try_from(count) == Ok(cell.count) => State::Shown,
            Some(Shown::Small) if cell.count < threshold => State::Small,
            // A small count bears this mark where all bore the same.
            Some(Shown::Withheld) => State::Withheld,
            _ => {
                let text =
                    |shown: Option<Shown>| shown.map_or("nothing".to_owned(), |shown| shown.text(threshold as u32).en);
                let now = if cell.count < threshold { Shown::Small } else { Shown::Value(cell.count as u64) };
                let (table, cell) = (table.spec.id.clone(), view.describe());
                return Err(DisclosureError::Earlier { table, cell, then: text(then), now: text(Some(now)) });
            }
        };
        cell.state = state;
        cell.locked = true;
    }
    Ok(())
}

fn unprotected(engine: &Engine<'_>, tables: &[TableSpec], target: u32, width: u32) -> DisclosureError {
    let key = engine.cells.list.get(target as usize).map(|cell| cell.key.clone()).unwrap_or_default();
    let holds = |grid: &super::cells::Grid| grid.nodes.iter().zip(&key).all(|(nodes, node)| nodes.contains(node));
    let at = engine.grids.iter().position(holds).unwrap_or(0);
    let cell = engine.grids.get(at).map(|grid| grid.view(&key, engine.population, Shown::Small).describe());
    let table = tables.get(at).map_or("earlier", |spec| spec.id.as_str()).to_owned();
    DisclosureError::Unprotected { table, cell: cell.unwrap_or_default(), width }
}

fn release(engine: &Engine<'_>, tables: &[TableSpec], narrowest: Option<u32>) -> ProtectedRelease {
    let shown = |key: &Vec<u32>| {
        let cell = engine.cells.index.get(key).and_then(|at| engine.cells.list.get(*at as usize));
        cell.map_or(Shown::Withheld, |cell| match cell.state {
            State::Shown => Shown::Value(cell.count as u64),
            State::Small if cell.locked || !engine.same_mark => Shown::Small,
            State::Small | State::Withheld => Shown::Withheld,
        })
    };
    let table = |(spec, grid): (&TableSpec, &super::cells::Grid)| ProtectedTable {
        spec: spec.clone(),
        cells: grid.keys().iter().map(|key| grid.view(key, engine.population, shown(key))).collect(),
    };
    let count = |state: State| engine.cells.list.iter().filter(|cell| cell.state == state).count();
    ProtectedRelease {
        rule: engine.rule,
        tables: tables.iter().zip(&engine.grids).map(table).collect(),
        cells: engine.cells.list.len(),
        small: count(State::Small),
        withheld: count(State::Withheld),
        marks: if engine.same_mark { Marks::Same } else { Marks::Telling },
        narrowest,
    }
}
