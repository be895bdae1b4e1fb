use proptest::prelude::*;

use super::*;
use crate::aggregates::{Unit, aggregate};
use crate::coverage::Status;
use crate::disclosure::Rule;

/// A part with these schools; each has pupils by status and by value of a band, in one or two grades.
fn part(schools: &[(String, Vec<[u8; 3]>)], measures: &[&str]) -> WaveTally {
    let named = |text: &str| Text { en: text.to_owned(), zh_cn: text.to_owned() };
    let values = |ids: &[&str]| {
        ids.iter()
            .map(|id| ValueEntry { id: (*id).to_owned(), name: named(id), raised: *id == "soon" })
            .collect::<Vec<_>>()
    };
    let statuses: Vec<&str> = Status::ALL.iter().skip(1).map(|status| status.word()).collect();
    let mut all = IndexMap::new();
    all.insert(STATUS.to_owned(), MeasureEntry { name: named(STATUS), values: values(&statuses) });
    all.insert(TIER.to_owned(), MeasureEntry { name: named(TIER), values: values(&["soon", "none"]) });
    for id in measures {
        all.insert((*id).to_owned(), MeasureEntry { name: named(id), values: values(&["low", "high"]) });
    }
    let (mut classes, mut cells) = (BTreeMap::new(), BTreeMap::new());
    for (school, grades) in schools {
        for (grade, counts) in (7_u8..).zip(grades) {
            let mut pupils = Counts::default();
            let [valid, absent, none] = counts.map(u64::from);
            (0..valid).for_each(|_| pupils.add(Status::Valid));
            (0..absent + none).for_each(|_| pupils.add(Status::Absent));
            let class = "1".to_owned();
            let key = ClassKey { district: "d".to_owned(), school: school.clone(), grade: Some(grade), class };
            classes.insert(key, pupils);
            let place = PlaceKey { district: "d".to_owned(), school: school.clone(), grade, sex: "female".to_owned() };
            let mut status = vec![0; 8];
            status[7] = valid;
            status[Status::Absent.position() - 1] = absent + none;
            let cell = |counts: Vec<u64>| Cell { asked: true, counts };
            let mut own = BTreeMap::from([(0_u16, cell(status))]);
            (1..=1 + measures.len()).for_each(|at| drop(own.insert(at as u16, cell(vec![valid, absent, none]))));
            cells.insert(place, own);
        }
    }
    let mut own = WaveTally {
        rests_on: RestsOn {
            wave: "w".to_owned(),
            engine: "1".to_owned(),
            policy: "p@1.0.0+0".to_owned(),
            instruments: BTreeMap::new(),
            validity: None,
            norms: BTreeSet::new(),
        },
        tiers: Vec::new(),
        flagged_above: 0,
        rules: IndexMap::new(),
        totals: Totals { critical: 1, ..Totals::default() },
        measures: all,
        classes,
        cells,
        norms: BTreeMap::new(),
    };
    own.in_order();
    own
}

fn schools() -> impl Strategy<Value = Vec<(String, Vec<[u8; 3]>)>> {
    proptest::collection::vec(proptest::collection::vec(proptest::array::uniform3(0_u8..40), 1..3), 2..7)
        .prop_map(|all| all.into_iter().enumerate().map(|(at, grades)| (format!("school {at}"), grades)).collect())
}

fn merged(parts: &[&WaveTally]) -> WaveTally {
    let mut whole = parts[0].clone();
    parts[1..].iter().for_each(|part| whole.merge(part).unwrap());
    whole
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parts_in_any_order_are_the_whole(schools in schools(), cut in 1_usize..6, other in 1_usize..6) {
        let (cut, other) = (cut.min(schools.len() - 1), other.min(schools.len() - 1));
        let (cut, other) = (cut.min(other), cut.max(other));
        let measures = ["b", "a"];
        let parts: Vec<WaveTally> = [&schools[..cut], &schools[cut..other], &schools[other..]]
            .into_iter().filter(|own| !own.is_empty()).map(|own| part(own, &measures)).collect();
        let forward = merged(&parts.iter().collect::<Vec<_>>());
        let back = merged(&parts.iter().rev().collect::<Vec<_>>());
        prop_assert_eq!(&forward, &back);
        let mut whole = part(&schools, &measures);
        whole.totals.critical = parts.len() as u64;
        prop_assert_eq!(&forward, &whole);
        let shown = |own: &WaveTally| aggregate(own, Unit::School, Rule::default()).unwrap();
        prop_assert_eq!(shown(&forward), shown(&whole));
        let json = serde_json::to_string(&forward).unwrap();
        prop_assert_eq!(serde_json::from_str::<WaveTally>(&json).unwrap(), forward);
    }
}

#[test]
fn parts_with_other_instruments_keep_their_own() {
    let mut one = part(&[("A".to_owned(), vec![[20, 1, 2]])], &["b"]);
    let two = part(&[("B".to_owned(), vec![[30, 4, 5]])], &["c", "a"]);
    one.merge(&two).unwrap();
    let sums = |id: &str| one.sums(id);
    assert_eq!((sums("a"), sums("b"), sums("c")), (vec![30, 4, 5], vec![20, 1, 2], vec![30, 4, 5]));
    assert_eq!(sums(TIER), [50, 5, 7]);
}

#[test]
fn nobody_is_counted_twice_and_nothing_else_is_mixed() {
    let one = part(&[("A".to_owned(), vec![[20, 1, 2]])], &[]);
    let mut own = one.clone();
    let told = own.merge(&part(&[("A".to_owned(), vec![[1, 1, 1]])], &[])).unwrap_err().to_string();
    assert!(told.contains("school `A` of `d`") && told.contains("twice"), "{told}");
    let mut other = part(&[("B".to_owned(), vec![[1, 1, 1]])], &[]);
    other.rests_on.policy = "p@1.1.0+1".to_owned();
    let told = own.merge(&other).unwrap_err().to_string();
    assert!(told.contains("the policy") && told.contains("p@1.1.0+1"), "{told}");
    assert_eq!(own, one, "what was refused changed nothing");
}

#[test]
fn a_tally_that_does_not_add_up_is_not_read() {
    let json = serde_json::to_value(part(&[("A".to_owned(), vec![[20, 1, 2]])], &[])).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json = json.clone();
        change(&mut json);
        serde_json::from_value::<WaveTally>(json).unwrap_err().to_string()
    };
    let told = refused(&|own| own["classes"][0]["pupils"]["valid"] = 21.into());
    assert!(told.contains("do not add up"), "{told}");
    let told = refused(&|own| own["places"][0]["measures"][0][1]["counts"][7] = 21.into());
    assert!(told.contains("23 pupils are enrolled and 24 have a status"), "{told}");
    let told = refused(&|own| own["places"][0]["measures"][0][1]["counts"] = serde_json::json!([1]));
    assert!(told.contains("`status` has 8 values with none, not 1"), "{told}");
    let told = refused(&|own| own["schema"] = 2.into());
    assert!(told.contains("schema 1"), "{told}");
}
