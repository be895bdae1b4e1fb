//! Attackers who try to work out what was suppressed.

mod attacker;
mod district;
mod linear;
mod whole;

use proptest::prelude::*;

use super::*;
use attacker::{Fact, Name, Reader};

fn place() -> Dimension {
    Dimension::known("place", &["school", "class"]).grouped_by(&["year"])
}

fn tier() -> Dimension {
    Dimension::sensitive("tier", &["tier"])
}

const TIERS: [&str; 3] = ["none", "soon", "today"];
const SEXES: [&str; 2] = ["female", "male"];

/// Pupils by class, sex and tier; the year is the parity of the class.
fn pupils(classes: &[[[u64; 3]; 2]]) -> Population {
    let sex = Dimension::known("sex", &["sex"]);
    let mut population = Population::new(vec![place(), sex, tier()]);
    for (at, counts) in classes.iter().enumerate() {
        let (school, class, year) = (format!("S{}", at / 3), format!("c{}", at % 3), format!("y{}", at % 2));
        for (sex, tiers) in SEXES.iter().zip(counts) {
            for (tier, count) in TIERS.iter().zip(tiers) {
                population.add(&[&[&school, &class, &year], &[sex], &[tier]], *count).unwrap();
            }
        }
    }
    population
}

/// Three linked tables: schools and classes by tier, sex by tier, years by sex by tier.
fn linked() -> Vec<TableSpec> {
    vec![
        TableSpec::new("place").axis("place", &["all", "school", "class"]).axis("tier", &["all", "tier"]),
        TableSpec::new("sex").axis("sex", &["all", "sex"]).axis("tier", &["all", "tier"]),
        TableSpec::new("cube")
            .axis("place", &["all", "year"])
            .axis("sex", &["all", "sex"])
            .axis("tier", &["all", "tier"]),
    ]
}

fn class() -> impl Strategy<Value = [[u64; 3]; 2]> {
    prop::array::uniform2((8_u64..30, 0_u64..9, 0_u64..4).prop_map(|(none, soon, today)| [none, soon, today]))
}

#[test]
fn the_attacker_finds_what_primary_suppression_alone_leaves_open() {
    // 14 + x + 21 = 38: anybody can tell that x is 3.
    let mut pupils = Population::new(vec![Dimension::known("place", &["school"]), tier()]);
    for (school, soon, none) in [("A", 14, 386), ("B", 3, 297), ("C", 21, 379)] {
        pupils.add(&[&[school], &["soon"]], soon).unwrap();
        pupils.add(&[&[school], &["none"]], none).unwrap();
    }
    let spec = TableSpec::new("t").axis("place", &["all", "school"]).axis("tier", &["all", "tier"]);
    let release = protect(&pupils, std::slice::from_ref(&spec), Rule::default()).unwrap();
    let mut naive = release.clone();
    let soon = vec![
        ("place".to_owned(), "school".to_owned(), vec!["B".to_owned()]),
        ("tier".to_owned(), "tier".to_owned(), vec!["soon".to_owned()]),
    ];
    for cell in naive.tables[0].cells.iter_mut().filter(|cell| cell.shown == Shown::Withheld) {
        let name: Name = vec![
            ("place".to_owned(), "school".to_owned(), cell.group[0].1.clone()),
            ("tier".to_owned(), "tier".to_owned(), cell.group[1].1.clone()),
        ];
        cell.shown = Shown::Value(truth(&pupils, &name));
    }
    let told = Reader::new(&[&naive], &[]).ranges(&|name| *name == soon);
    assert!(told.is_empty() || (told[0].low - 3.0).abs() < 1e-6 && (told[0].high - 3.0).abs() < 1e-6, "{told:?}");
    let protected = Reader::new(&[&release], &[]).ranges(&|name| *name == soon);
    assert!(protected.len() == 1 && protected[0].high - protected[0].low >= 5.0 - 1e-6, "{protected:?}");
}

/// The count behind a name.
fn truth(people: &Population, name: &Name) -> u64 {
    let inside = |leaves: &[u32]| {
        name.iter().all(|(dimension, level, names)| {
            let at = people.dimensions.iter().position(|own| own.id() == dimension).unwrap();
            let own = &people.dimensions[at];
            own.node(own.level(level).unwrap(), names).is_some_and(|node| own.lies_in(leaves[at], node))
        })
    };
    people.kinds.iter().filter(|(leaves, _)| inside(leaves)).map(|(_, count)| count).sum()
}

/// Small cells that the reader gets within the width, or within the people that are known to be there.
fn caught(people: &Population, releases: &[&ProtectedRelease], facts: &[Fact]) -> Vec<String> {
    let small = |name: &Name| truth(people, name) < 10;
    let told = Reader::new(releases, facts).ranges(&small);
    let mut caught = Vec::new();
    for range in told {
        let known: Name = range.cell.iter().filter(|(dimension, _, _)| dimension != "tier").cloned().collect();
        if range.high - range.low < truth(people, &known).min(5) as f64 - 1e-6 {
            caught.push(format!("{range:?}"));
        }
    }
    caught
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// A linear attacker with all linked tables, all marks and non-negativity cannot tell a small cell to within the width.
    #[test]
    fn no_linear_attack_on_linked_tables_gets_within_the_width(classes in prop::collection::vec(class(), 2..4)) {
        let people = pupils(&classes);
        let release = protect(&people, &linked(), Rule::default()).unwrap();
        prop_assert_eq!(caught(&people, &[&release], &[]), Vec::<String>::new());
        prop_assert_eq!(release.clone(), protect(&people, &linked(), Rule::default()).unwrap(), "not deterministic");
    }

    /// With zeros shown either the same holds, or there is no release.
    #[test]
    fn shown_zeros_do_not_help(classes in prop::collection::vec(class(), 2..4)) {
        let people = pupils(&classes);
        let rule = Rule { zeros: Zeros::Publish, ..Rule::default() };
        if let Ok(release) = protect(&people, &linked()[..1], rule) {
            prop_assert_eq!(caught(&people, &[&release], &[]), Vec::<String>::new());
        }
    }

    /// Nobody who also knows how many pupils are in each class gets within the width of what is sensitive.
    #[test]
    fn knowing_the_roster_does_not_help(classes in prop::collection::vec(class(), 2..4)) {
        let people = pupils(&classes);
        let release = protect(&people, &linked(), Rule::default()).unwrap();
        let fact = |at: usize| {
            let names = vec![format!("S{}", at / 3), format!("c{}", at % 3)];
            let name = vec![("place".to_owned(), "class".to_owned(), names)];
            (name.clone(), truth(&people, &name))
        };
        let facts: Vec<Fact> = (0..classes.len()).map(fact).collect();
        prop_assert_eq!(caught(&people, &[&release], &facts), Vec::<String>::new());
    }

    /// What is shown is true, and what is small is small.
    #[test]
    fn what_is_shown_is_the_count(classes in prop::collection::vec(class(), 1..9)) {
        let people = pupils(&classes);
        let release = protect(&people, &linked(), Rule::default()).unwrap();
        for tier in TIERS {
            let name = vec![("tier".to_owned(), "tier".to_owned(), vec![tier.to_owned()])];
            let count = truth(&people, &name);
            match release.tables[0].get(&[&[], &[tier]]).unwrap() {
                Shown::Value(shown) => prop_assert!(shown == count && count >= 10),
                Shown::Small => prop_assert!(count < 10),
                Shown::Withheld => prop_assert!(count >= 10 || release.tables[0].marks == Marks::Open),
            }
        }
    }

    /// A second release of the same people cannot undo the first.
    #[test]
    fn two_releases_together_tell_no_more(classes in prop::collection::vec(class(), 2..4)) {
        let people = pupils(&classes);
        let tables = linked();
        let first = protect(&people, &tables[..1], Rule::default()).unwrap();
        if let Ok(second) = protect_after(&people, &tables[1..], Rule::default(), &first.tables) {
            prop_assert_eq!(caught(&people, &[&first, &second], &[]), Vec::<String>::new());
        }
    }
}

#[test]
fn a_small_group_is_open_as_far_as_it_has_people() {
    let mut people = Population::new(vec![Dimension::known("place", &["class"]), tier()]);
    for (class, soon, none) in [("1", 1, 1), ("2", 9, 40), ("3", 12, 33)] {
        people.add(&[&[class], &["soon"]], soon).unwrap();
        people.add(&[&[class], &["none"]], none).unwrap();
    }
    let spec = TableSpec::new("t").axis("place", &["all", "class"]).axis("tier", &["all", "tier"]);
    let release = protect(&people, &[spec], Rule::default()).unwrap();
    let cell = release.tables[0].get(&[&["1"], &["soon"]]);
    assert_eq!((cell.and_then(Shown::value), release.narrowest), (None, Some(2)));
}

#[test]
fn a_district_of_three_pupils_tells_only_how_many_they_are() {
    let mut people = Population::new(vec![Dimension::known("place", &["class"]), tier()]);
    people.add(&[&["1"], &["soon"]], 1).unwrap();
    people.add(&[&["1"], &["none"]], 2).unwrap();
    let spec = TableSpec::new("t").axis("place", &["all", "class"]).axis("tier", &["all", "tier"]);
    let release = protect(&people, &[spec], Rule::default()).unwrap();
    let told = |tier: &str| release.tables[0].get(&[&[], &[tier]]).and_then(Shown::value);
    assert_eq!((told("soon"), told("none")), (None, None));
    // That they are three, everybody knows.
    assert_eq!(release.tables[0].get(&[&[], &[]]), Some(Shown::Value(3)));
}

#[test]
fn everybody_in_one_group_is_not_told_where_it_would_tell_of_each() {
    // All twelve pupils of class 1 are "soon": showing 12 of 12 would tell of each of them.
    let mut people = Population::new(vec![Dimension::known("place", &["class"]), tier()]);
    people.add(&[&["1"], &["soon"]], 12).unwrap();
    people.add(&[&["2"], &["soon"]], 30).unwrap();
    people.add(&[&["2"], &["none"]], 60).unwrap();
    let spec = TableSpec::new("t").axis("place", &["all", "class"]).axis("tier", &["all", "tier"]);
    let release = protect(&people, &[spec], Rule::default()).unwrap();
    let table = &release.tables[0];
    assert_eq!(table.get(&[&["1"], &["none"]]).and_then(Shown::value), None);
    assert_eq!(table.get(&[&["1"], &["soon"]]).and_then(Shown::value), None);
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let people = pupils(&[[[20, 3, 1], [20, 2, 0]]]);
    let refuse = |spec: TableSpec| protect(&people, &[spec], Rule::default()).unwrap_err().to_string();
    assert!(refuse(TableSpec::new("t").axis("colour", &["all"])).contains("no dimension `colour`"));
    assert!(refuse(TableSpec::new("t").axis("sex", &["shade"])).contains("no level `shade`"));
    assert!(refuse(TableSpec::new("t").axis("sex", &["sex"]).axis("sex", &["all"])).contains("two axes"));
    assert!(refuse(TableSpec::new("t").within("sex", "sex", &["unknown"])).contains("no group unknown"));
    let twice = [TableSpec::new("t"), TableSpec::new("t")];
    assert!(protect(&people, &twice, Rule::default()).unwrap_err().to_string().contains("twice"));
    for (threshold, protection) in [(1, 1), (2, 1), (10, 0), (10, 10)] {
        let rule = Rule { threshold, protection, zeros: Zeros::Suppress };
        assert!(matches!(protect(&people, &[], rule), Err(DisclosureError::Rule { .. })));
    }
    let mut few = Population::new(vec![place(), tier()]);
    assert!(matches!(few.add(&[&["a"]], 1), Err(DisclosureError::Dimensions { .. })));
    assert!(matches!(few.add(&[&["a"], &["soon"]], 1), Err(DisclosureError::Levels { .. })));
}

#[test]
fn a_release_of_other_people_is_no_earlier_release() {
    let table = &linked()[..1];
    let before = protect(&pupils(&[[[20, 3, 1], [20, 2, 0]]]), table, Rule::default()).unwrap();
    let now = pupils(&[[[21, 3, 1], [20, 2, 0]]]);
    let refused = protect_after(&now, &[], Rule::default(), &before.tables).unwrap_err();
    assert!(matches!(refused, DisclosureError::Earlier { .. }), "{refused}");
}

#[test]
fn nobody_is_no_trouble() {
    let people = Population::new(vec![place(), tier()]);
    let release = protect(&people, &[TableSpec::new("all")], Rule::default()).unwrap();
    assert_eq!(release.tables[0].cells[0].shown, Shown::Value(0));
}
