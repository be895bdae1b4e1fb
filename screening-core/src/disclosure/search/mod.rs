//! The search for possible worlds: exchanges of what is sensitive between people of whom different things are known.
//!
//! A pupil of class 1 moves from "soon" to "none" while one of class 2 moves the other way: every margin stays, and only the
//! four cells of the square change. Squares, their products over further dimensions (cubes), exchanges between people who
//! differ in several dimensions, and single moves are tried; the one that withholds least is taken.

mod pairs;

use super::cells::State;
use super::component::Component;
use super::world::World;

/// Strata of a group that are tried for one exchange.
const BASES: usize = 2;
/// Leaves of one dimension that are tried alone, and together with another dimension.
const ALONE: usize = 10;
const JOINED: usize = 6;
/// Most dimensions of a cube.
const DIMENSIONS: usize = 4;
/// Strata that differ in several dimensions.
const STRANGERS: usize = 24;
/// Leaves of past exchanges that are tried first.
const RECENT: usize = 4;

/// Which way a cell is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// What is to be changed, and how far at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aim {
    pub(super) target: u32,
    pub(super) way: Way,
    pub(super) need: i64,
    /// Whether marks may be given up that tell on which side of the threshold a suppressed cell is.
    pub(super) blank: bool,
}

/// Who moves: in strata with a sign above zero people leave one value for another, in the others it is the other way round.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    pub(super) corners: Vec<(u32, i64)>,
    pub(super) left: usize,
    pub(super) taken: usize,
    /// Cells, and how they change.
    pub(super) cells: Vec<(u32, i64)>,
}

/// A step that works.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) step: Step,
    pub(super) times: i64,
    pub(super) cost: u64,
}

impl Found {
    /// Cheaper for what it gives.
    pub(super) fn beats(&self, other: &Self) -> bool {
        beats((self.cost, self.times), (other.cost, other.times))
    }
}

fn beats((cost, times): (u64, i64), (other_cost, other_times): (u64, i64)) -> bool {
    let own = u128::from(cost) * other_times as u128;
    let others = u128::from(other_cost) * times as u128;
    own < others || (own == others && times > other_times)
}

/// One search, and what it needs room for.
pub(super) struct Search<'a> {
    pub(super) component: &'a Component,
    /// By group, how often it is left minus how often it is taken; zero between two looks.
    signs: Vec<i64>,
    touched: Vec<u32>,
    step: Step,
    /// Parts that change with the values of the step.
    effect: Vec<(u32, i64)>,
    /// By known dimension, leaves of past exchanges.
    recent: Vec<Vec<u32>>,
    /// Strata by size.
    largest: Vec<u32>,
    best: Option<Found>,
}

impl<'a> Search<'a> {
    pub(super) fn new(component: &'a Component) -> Self {
        let people = |stratum: &u32| -> i64 {
            let from = *stratum as usize * component.values;
            component.count.get(from..from + component.values).unwrap_or_default().iter().sum()
        };
        let mut largest: Vec<u32> = (0..component.strata.len() as u32).collect();
        largest.sort_by_cached_key(|stratum| std::cmp::Reverse(people(stratum)));
        largest.truncate(STRANGERS);
        Self {
            component,
            signs: vec![0; component.groups.len()],
            touched: Vec::new(),
            step: Step::default(),
            effect: Vec::new(),
            recent: vec![Vec::new(); component.known.leaves.len()],
            largest,
            best: None,
        }
    }

    /// The best step that changes the target.
    pub(super) fn best(&mut self, states: &[super::cells::Cell], aim: Aim, world: &World) -> Option<Found> {
        self.best = None;
        let target = states.get(aim.target as usize)?;
        let (group, part) = (target.group, target.part);
        let look = Look { states, aim, world };
        let component = self.component;
        let node: &[u32] = component.groups.get(group as usize).map_or(&[], Vec::as_slice);
        // Exchanges within a group leave it as it is, so only what the target is bound to changes hands.
        let bound: Vec<usize> = (0..node.len()).filter(|at| self.binds(*at, node)).take(DIMENSIONS).collect();
        for base in self.bases(group, part, &look) {
            for (left, taken) in self.pairs(group, part, base, &look) {
                self.turn(left, taken);
                self.cubes(base, &bound, node, &look);
                if self.done(aim) {
                    return self.best.take();
                }
            }
        }
        // Where schools share no grade, only people who differ in several dimensions can change hands without the totals.
        if self.best.as_ref().is_none_or(|best| best.cost > 0) {
            self.strangers(group, part, &look);
        }
        self.best.take()
    }

    /// Remembers whom a step that withheld something exchanged with: much is open there now.
    pub(super) fn remember(&mut self, step: &Step) {
        let strata = &self.component.strata;
        for leaves in step.corners.iter().skip(1).filter_map(|(stratum, _)| strata.get(*stratum as usize)) {
            for (recent, leaf) in self.recent.iter_mut().zip(leaves) {
                if recent.first() != Some(leaf) {
                    recent.retain(|known| known != leaf);
                    recent.insert(0, *leaf);
                    recent.truncate(RECENT);
                }
            }
        }
    }

    /// The next steps leave and take these values.
    fn turn(&mut self, left: usize, taken: usize) {
        (self.step.left, self.step.taken) = (left, taken);
        self.effect.clear();
        self.effect.extend(self.component.effect(left, taken));
    }

    fn done(&self, aim: Aim) -> bool {
        self.best.as_ref().is_some_and(|best| best.cost == 0 && best.times >= aim.need)
    }

    /// Whether some leaf lies outside a node.
    fn binds(&self, dimension: usize, node: &[u32]) -> bool {
        let node = node.get(dimension).copied().unwrap_or(0);
        let leaves = self.component.known.leaves.get(dimension).map_or(0, |own| own.nodes.len() as u32);
        node != super::population::ALL && (0..leaves).any(|leaf| !self.component.known.lies_in(dimension, leaf, node))
    }

    /// Strata of the group from which most can move.
    fn bases(&self, group: u32, part: u32, look: &Look<'_>) -> Vec<u32> {
        let (component, up) = (self.component, look.aim.way == Way::Up);
        let inside = component.counts.get(part as usize).map_or(&[][..], Vec::as_slice);
        let strata = component.strata_of.get(group as usize).map_or(&[][..], Vec::as_slice);
        let free = |stratum: &u32| -> i64 {
            let own = (0..component.values).filter(|value| inside.get(*value).is_some_and(|inside| *inside != up));
            own.map(|value| look.people(component, *stratum, value)).sum()
        };
        let mut found: Vec<(i64, u32)> = strata.iter().map(|stratum| (free(stratum), *stratum)).collect();
        found.retain(|(free, _)| *free > 0);
        found.sort_unstable_by_key(|(free, stratum)| (std::cmp::Reverse(*free), *stratum));
        found.into_iter().take(BASES).map(|(_, stratum)| stratum).collect()
    }

    /// All exchanges of people like these: alone, with others who differ in one dimension, or in several by turns.
    fn cubes(&mut self, base: u32, bound: &[usize], node: &[u32], look: &Look<'_>) {
        let component = self.component;
        let Some(leaves) = component.strata.get(base as usize) else { return };
        let key = component.known.key(leaves);
        let candidates: Vec<Vec<u32>> = bound
            .iter()
            .map(|at| {
                let (leaf, node) = (leaves.get(*at).copied().unwrap_or(0), node.get(*at).copied().unwrap_or(0));
                let recent = self.recent.get(*at).map_or(&[][..], Vec::as_slice).iter();
                let mut found: Vec<u32> = Vec::with_capacity(ALONE);
                for other in recent.chain(component.known.near(*at, leaf)) {
                    let outside = *other != leaf && !component.known.lies_in(*at, *other, node);
                    if outside && found.len() < ALONE && !found.contains(other) {
                        found.push(*other);
                    }
                }
                found
            })
            .collect();
        for mask in 1..1_usize << bound.len() {
            let chosen: Vec<usize> = (0..bound.len()).filter(|at| mask >> at & 1 == 1).collect();
            let most = if chosen.len() == 1 { ALONE } else { JOINED };
            let mut corners = vec![(key, 1_i64)];
            self.cube(&Cube { chosen: &chosen, bound, candidates: &candidates, leaves, most }, &mut corners, look);
            if self.done(look.aim) {
                return;
            }
        }
        self.step.corners.clear();
        self.step.corners.push((base, 1));
        self.consider(look);
    }

    fn cube(&mut self, cube: &Cube<'_>, corners: &mut Vec<(u64, i64)>, look: &Look<'_>) {
        let Some((first, rest)) = cube.chosen.split_first() else {
            self.step.corners.clear();
            for (key, sign) in corners.iter() {
                let Some(stratum) = self.component.known.at(*key) else { return };
                self.step.corners.push((stratum, *sign));
            }
            self.consider(look);
            return;
        };
        let Some(dimension) = cube.bound.get(*first).copied() else { return };
        let from = cube.leaves.get(dimension).copied().unwrap_or(0);
        let before = corners.len();
        for to in cube.candidates.get(*first).into_iter().flatten().take(cube.most) {
            for at in 0..before {
                if let Some((key, sign)) = corners.get(at).copied() {
                    corners.push((self.component.known.moved(key, dimension, from, *to), -sign));
                }
            }
            // Nobody is at most corners of what does not occur, such as the grade of another class.
            if corners.get(before..).unwrap_or_default().iter().all(|(key, _)| self.component.known.at(*key).is_some())
            {
                self.cube(&Cube { chosen: rest, ..*cube }, corners, look);
            }
            corners.truncate(before);
            if self.done(look.aim) {
                return;
            }
        }
    }

    /// Exchanges with people who differ in several dimensions.
    fn strangers(&mut self, group: u32, part: u32, look: &Look<'_>) {
        let component = self.component;
        let members = component.strata_of.get(group as usize).map_or(&[][..], Vec::as_slice);
        let outside: Vec<u32> = self.largest.iter().copied().filter(|at| members.binary_search(at).is_err()).collect();
        for base in self.bases(group, part, look) {
            for (left, taken) in self.pairs(group, part, base, look) {
                self.turn(left, taken);
                for other in &outside {
                    self.step.corners.clear();
                    self.step.corners.extend([(base, 1), (*other, -1)]);
                    self.consider(look);
                }
            }
        }
    }

    /// Keeps the step when it works and is the best so far.
    fn consider(&mut self, look: &Look<'_>) {
        let (component, aim) = (self.component, look.aim);
        let mut times = aim.need;
        for (stratum, sign) in &self.step.corners {
            let leaving = if *sign > 0 { self.step.left } else { self.step.taken };
            times = times.min(look.people(component, *stratum, leaving));
            if times < 1 {
                return;
            }
        }
        component.changes(&mut self.step, &self.effect, &mut self.signs, &mut self.touched);
        let best = self.best.as_ref().map(|best| (best.cost, best.times));
        let sign = if aim.way == Way::Up { 1 } else { -1 };
        let (mut cost, mut hit) = (0_u64, false);
        for (at, change) in &self.step.cells {
            let Some(cell) = look.states.get(*at as usize) else { return };
            hit |= *at == aim.target && *change == sign;
            let now = cell.count + look.world.cell(*at);
            let free = |(lowest, highest): (i64, i64)| {
                if *change > 0 { (highest - now) / change } else { (now - lowest) / -change }
            };
            let mut room = free(cell.room(component.rule));
            if cell.state == State::Shown {
                cost = cost.saturating_add(cell.cost);
            }
            if room < 1 && aim.blank {
                room = free(cell.widest(component.rule));
                cost = cost.saturating_add(cell.cost);
            }
            times = times.min(room);
            // With fewer times and more to withhold it only gets worse.
            if times < 1 || best.is_some_and(|best| !beats((cost, times), best)) {
                return;
            }
        }
        if hit && best.is_none_or(|best| beats((cost, times), best)) {
            self.best = Some(Found { step: self.step.clone(), times, cost });
        }
    }
}

/// What a search looks at.
struct Look<'a> {
    states: &'a [super::cells::Cell],
    aim: Aim,
    world: &'a World,
}

impl Look<'_> {
    fn people(&self, component: &Component, stratum: u32, value: usize) -> i64 {
        let at = stratum as usize * component.values + value;
        component.count.get(at).copied().unwrap_or(0) + self.world.people(at)
    }
}

/// The dimensions of a cube, and the leaves that are tried in each.
#[derive(Clone, Copy)]
struct Cube<'a> {
    chosen: &'a [usize],
    bound: &'a [usize],
    candidates: &'a [Vec<u32>],
    leaves: &'a [u32],
    most: usize,
}

impl Component {
    /// What a step does to the cells.
    fn changes(&self, step: &mut Step, effect: &[(u32, i64)], signs: &mut [i64], touched: &mut Vec<u32>) {
        touched.clear();
        for (stratum, sign) in &step.corners {
            for group in self.groups_of.get(*stratum as usize).into_iter().flatten() {
                if let Some(slot) = signs.get_mut(*group as usize) {
                    if *slot == 0 {
                        touched.push(*group);
                    }
                    *slot += sign;
                }
            }
        }
        step.cells.clear();
        for group in touched.iter() {
            // A group that came back to zero and left it again stands twice; the first look takes it.
            let sign = signs.get_mut(*group as usize).map_or(0, std::mem::take);
            if sign != 0 {
                let own = |(part, change): &(u32, i64)| Some((self.cell(*group, *part)?, sign * change));
                step.cells.extend(effect.iter().filter_map(own));
            }
        }
    }
}
