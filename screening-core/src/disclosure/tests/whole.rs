//! Random sets of tables over the same people, and an attacker who has all of them, all marks and the whole roster.

use proptest::prelude::*;

use super::super::*;
use super::linear::{Program, optimum};

/// A count of people with these leaves that is told, and in what bounds.
struct Told {
    /// By kind of people, whether it is counted.
    counted: Vec<bool>,
    low: f64,
    high: f64,
}

/// All combinations of what is known of somebody and what could be true of them.
struct World {
    kinds: Vec<Vec<u32>>,
    /// People of whom the same is known: their kinds, and how many they are.
    roster: Vec<(Vec<usize>, u64)>,
    truth: Vec<u64>,
}

impl World {
    fn of(people: &Population) -> Self {
        let known: Vec<bool> = people.dimensions.iter().map(Dimension::is_known).collect();
        let mut own = Self { kinds: Vec::new(), roster: Vec::new(), truth: Vec::new() };
        let mut places: Vec<Vec<u32>> = Vec::new();
        for (leaves, _) in &people.kinds {
            let place: Vec<u32> =
                leaves.iter().zip(&known).filter(|(_, known)| **known).map(|(leaf, _)| *leaf).collect();
            if !places.contains(&place) {
                places.push(place);
            }
        }
        for place in places {
            let mut kinds: Vec<Vec<u32>> = vec![Vec::new()];
            let mut of_place = place.iter();
            for (at, dimension) in people.dimensions.iter().enumerate() {
                let choices: Vec<u32> = if known[at] {
                    vec![*of_place.next().unwrap()]
                } else {
                    (0..dimension.leaves.len() as u32).collect()
                };
                kinds = kinds
                    .iter()
                    .flat_map(|kind| choices.iter().map(|leaf| kind.iter().copied().chain([*leaf]).collect()))
                    .collect();
            }
            let first = own.kinds.len();
            own.truth.extend(kinds.iter().map(|kind| {
                people.kinds.iter().filter(|(leaves, _)| leaves == kind).map(|(_, count)| count).sum::<u64>()
            }));
            own.kinds.extend(kinds);
            let all: Vec<usize> = (first..own.kinds.len()).collect();
            let count = all.iter().map(|at| own.truth[*at]).sum();
            own.roster.push((all, count));
        }
        own
    }

    /// What the cells of a release tell.
    fn told(&self, people: &Population, release: &ProtectedRelease) -> Vec<Told> {
        let mut told = Vec::new();
        for table in &release.tables {
            let inside = |kind: &Vec<u32>, group: &[(String, Vec<String>)]| {
                table.spec.axes.iter().zip(group).all(|((id, _), (level, names))| {
                    let at = people.dimensions.iter().position(|own| own.id() == id).unwrap();
                    let own = &people.dimensions[at];
                    own.lies_in(kind[at], own.node(own.level(level).unwrap(), names).unwrap())
                })
            };
            for cell in &table.cells {
                let (low, high) = match cell.shown {
                    Shown::Value(count) => (count as f64, count as f64),
                    Shown::Small => (0.0, 9.0),
                    Shown::Withheld if table.marks == Marks::Open => (0.0, f64::INFINITY),
                    Shown::Withheld => (10.0, f64::INFINITY),
                };
                let counted = self.kinds.iter().map(|kind| inside(kind, &cell.group)).collect();
                told.push(Told { counted, low, high });
            }
        }
        told
    }

    /// Suppressed small cells that the attacker gets within the width that is owed, among the first few.
    fn caught(&self, told: &[Told], most: usize) -> Vec<String> {
        let suppressed: Vec<&Told> = told.iter().filter(|told| told.low < told.high).collect();
        let n = self.kinds.len();
        let width = n + suppressed.len();
        let mut program = Program { rows: Vec::new(), sums: Vec::new(), upper: vec![f64::INFINITY; width] };
        let mut equal = |counted: &[bool], sum: f64, slack: Option<usize>| {
            let mut row: Vec<f64> = counted.iter().map(|counted| f64::from(u8::from(*counted))).collect();
            row.resize(width, 0.0);
            if let Some(slack) = slack {
                row[n + slack] = -1.0;
            }
            program.rows.push(row);
            program.sums.push(sum);
        };
        for (kinds, count) in &self.roster {
            let counted: Vec<bool> = (0..n).map(|at| kinds.contains(&at)).collect();
            equal(&counted, *count as f64, None);
        }
        told.iter().filter(|told| told.low == told.high).for_each(|told| equal(&told.counted, told.low, None));
        for (slack, told) in suppressed.iter().enumerate() {
            equal(&told.counted, told.low, Some(slack));
        }
        for (slack, told) in suppressed.iter().enumerate() {
            program.upper[n + slack] = told.high - told.low;
        }
        let count = |told: &Told| -> u64 { (0..n).filter(|at| told.counted[*at]).map(|at| self.truth[at]).sum() };
        let mut caught = Vec::new();
        for told in suppressed.iter().filter(|told| count(told) < 10).take(most) {
            let known = |(kinds, count): &(Vec<usize>, u64)| {
                if kinds.iter().any(|at| told.counted[*at]) { *count } else { 0 }
            };
            let owed = self.roster.iter().map(known).sum::<u64>().min(5);
            let aim = |sign: f64| {
                let goal: Vec<f64> = (0..width).map(|at| if at < n && told.counted[at] { sign } else { 0.0 }).collect();
                sign * optimum(&program, &goal).expect("the truth is feasible")
            };
            let (low, high) = (aim(-1.0), aim(1.0));
            if high - low < owed as f64 - 1e-6 {
                caught.push(format!("{} is between {low} and {high}: {:?}", count(told), told.counted));
            }
        }
        caught
    }
}

const TIERS: [&str; 3] = ["none", "soon", "today"];
const STATUSES: [&str; 2] = ["valid", "absent"];

/// Pupils by class, sex, tier and status; the year is the parity of the class.
fn pupils(classes: &[Vec<u64>]) -> Population {
    let mut people = Population::new(vec![
        Dimension::known("place", &["school", "class"]).grouped_by(&["year"]),
        Dimension::sensitive("tier", &["tier"]),
        Dimension::known("sex", &["sex"]),
        Dimension::sensitive("status", &["status"]),
    ]);
    for (at, counts) in classes.iter().enumerate() {
        let (school, class, year) = (format!("S{}", at / 2), format!("c{}", at % 2), format!("y{}", at % 2));
        for (kind, count) in counts.iter().enumerate() {
            let (tier, sex) = (TIERS[kind % 3], ["f", "m"][kind / 3 % 2]);
            let status = STATUSES[usize::from(kind >= 6)];
            people.add(&[&[&school, &class, &year], &[tier], &[sex], &[status]], *count).unwrap();
        }
    }
    people
}

/// Counts of a class: many without a finding, few with one, few without a sheet.
fn class() -> impl Strategy<Value = Vec<u64>> {
    let sex = || (6_u64..40, 0_u64..14, 0_u64..5).prop_map(|(none, soon, today)| vec![none, soon, today]);
    (sex(), sex(), 0_u64..6, 0_u64..3)
        .prop_map(|(girls, boys, absent, other)| [girls, boys, vec![absent, other, 0, other, 0, 0]].concat())
}

const PLACES: [&[&str]; 6] =
    [&["all"], &["all", "school"], &["school", "class"], &["all", "school", "class"], &["all", "year"], &["year"]];
const BY_SEX: [&[&str]; 3] = [&["all"], &["all", "sex"], &["sex"]];
/// What a table tells: tier, status, or both crossed.
const TELLS: [&[(&str, &[&str])]; 5] = [
    &[("tier", &["all", "tier"])],
    &[("tier", &["tier"])],
    &[("status", &["all", "status"])],
    &[("tier", &["all", "tier"]), ("status", &["all", "status"])],
    &[],
];

fn tables() -> impl Strategy<Value = Vec<TableSpec>> {
    let one = (0..PLACES.len(), 0..BY_SEX.len(), 0..TELLS.len());
    prop::collection::vec(one, 1..4).prop_map(|chosen| {
        let table = |(at, (place, sex, tells)): (usize, &(usize, usize, usize))| {
            let mut spec = TableSpec::new(&at.to_string()).axis("place", PLACES[*place]).axis("sex", BY_SEX[*sex]);
            for (dimension, levels) in TELLS[*tells] {
                spec = spec.axis(dimension, levels);
            }
            spec
        };
        chosen.iter().enumerate().map(table).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Whatever tables are released of the same people, somebody with all of them, all marks and the class lists gets no small
    /// cell to within the width.
    #[test]
    fn no_set_of_tables_tells_a_small_cell(classes in prop::collection::vec(class(), 2..4), specs in tables()) {
        let people = pupils(&classes);
        let release = protect(&people, &specs, Rule::default()).unwrap();
        let world = World::of(&people);
        prop_assert_eq!(world.caught(&world.told(&people, &release), 4), Vec::<String>::new());
    }

    /// The same when the tables come one after the other.
    #[test]
    fn no_sequence_of_releases_tells_a_small_cell(classes in prop::collection::vec(class(), 2..4), specs in tables()) {
        let people = pupils(&classes);
        let (first, second) = specs.split_at(1);
        let before = protect(&people, first, Rule::default()).unwrap();
        if let Ok(after) = protect_after(&people, second, Rule::default(), &before.tables) {
            let world = World::of(&people);
            let told: Vec<Told> = [&before, &after].into_iter().flat_map(|release| world.told(&people, release)).collect();
            prop_assert_eq!(world.caught(&told, 4), Vec::<String>::new());
        }
    }
}

/// Without complementary suppression this attacker wins, so the tests above can fail.
#[test]
fn the_attacker_wins_where_nothing_is_withheld() {
    let people = pupils(&[vec![30, 12, 3, 25, 11, 14], vec![30, 12, 20, 25, 11, 14]]);
    let spec =
        TableSpec::new("t").axis("place", &["all", "class"]).axis("tier", &["all", "tier"]).axis("sex", &["sex"]);
    let mut release = protect(&people, &[spec], Rule::default()).unwrap();
    let world = World::of(&people);
    assert_eq!(world.caught(&world.told(&people, &release), 9), Vec::<String>::new());
    let told = world.told(&people, &release);
    for (cell, told) in release.tables[0].cells.iter_mut().zip(told) {
        if cell.shown == Shown::Withheld {
            let count = (0..world.kinds.len()).filter(|at| told.counted[*at]).map(|at| world.truth[at]).sum();
            cell.shown = Shown::Value(count);
        }
    }
    assert!(!world.caught(&world.told(&people, &release), 9).is_empty());
}
