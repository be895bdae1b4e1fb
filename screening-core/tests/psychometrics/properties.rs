//! What must hold for any answers.

use proptest::prelude::*;
use screening_core::psychometrics::{
    Alpha, Correlation, CorrelationMatrix, CorrelationMethod, ItemAnalysis, Missing, PairSums, Polychoric, Responses,
    guttman_lambdas,
};

/// Answers of some persons to four items of 0 to 3, drawn to a common level, with holes.
fn answers() -> impl Strategy<Value = Vec<[Option<i64>; 4]>> {
    let person = (0_i64..4, prop::array::uniform4((-1_i64..=1, 0_u8..12)));
    let row =
        person.prop_map(|(level, items)| items.map(|(move_, hole)| (hole > 0).then_some((level + move_).clamp(0, 3))));
    prop::collection::vec(row, 40..120)
}

fn table(rows: &[[Option<i64>; 4]]) -> Responses {
    Responses::from_rows(["a", "b", "c", "d"], rows).unwrap()
}

fn all(responses: &Responses) -> Vec<CorrelationMatrix> {
    let methods = [CorrelationMethod::Pearson, CorrelationMethod::Spearman, CorrelationMethod::Kendall];
    let observed =
        methods.into_iter().filter_map(|method| Correlation { method, missing: Missing::Pairwise }.fit(responses).ok());
    let polychoric = Polychoric::default().fit(responses).ok().map(|fitted| fitted.correlations().clone());
    observed.chain(polychoric).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_turned_item_turns_its_correlations(rows in answers()) {
        let plain = table(&rows);
        let turned = plain.reversed(1, 0, 3).unwrap();
        for (before, after) in all(&plain).iter().zip(&all(&turned)) {
            for i in 0..4 {
                for j in 0..i {
                    let sign = if i == 1 || j == 1 { -1.0 } else { 1.0 };
                    let (a, b) = (before.r(i, j), sign * after.r(i, j));
                    prop_assert!((a - b).abs() < 1e-9, "{:?} {i} {j}: {a} {b}", before.method());
                    prop_assert!((-1.0..=1.0).contains(&a));
                    prop_assert_eq!(before.r(i, j), before.r(j, i));
                }
            }
        }
    }

    #[test]
    fn the_same_persons_twice_change_no_correlation(rows in answers()) {
        let twice: Vec<_> = rows.iter().chain(&rows).copied().collect();
        for (before, after) in all(&table(&rows)).iter().zip(&all(&table(&twice))) {
            for (i, j) in [(1, 0), (2, 0), (3, 2)] {
                prop_assert!((before.r(i, j) - after.r(i, j)).abs() < 1e-9, "{:?}", before.method());
                prop_assert_eq!(2 * before.n(i, j), after.n(i, j));
            }
        }
    }

    #[test]
    fn other_codes_of_the_same_distance_change_no_reliability(rows in answers(), shift in -300_i64..300) {
        let moved: Vec<_> = rows.iter().map(|row| row.map(|code| code.map(|code| 2 * code + shift))).collect();
        let (plain, moved) = (table(&rows), table(&moved));
        let (Ok(before), Ok(after)) = (Alpha::default().fit(&plain), Alpha::default().fit(&moved)) else { return Ok(()) };
        prop_assert!((before.raw - after.raw).abs() < 1e-10);
        prop_assert!(before.feldt.0 <= before.raw && before.raw <= before.feldt.1);
        let lambdas = guttman_lambdas(&PairSums::of(&plain).covariances().unwrap()).unwrap();
        prop_assert!((lambdas.lambda3 - before.raw).abs() < 1e-12);
        prop_assert!(lambdas.lambda2 >= lambdas.lambda3 - 1e-12 && lambdas.lambda3 >= lambdas.lambda1.min(0.0) * 2.0);
        let items = ItemAnalysis::default();
        let (before, after) = (items.fit(&plain).unwrap(), items.fit(&moved).unwrap());
        for (a, b) in before.items.iter().zip(&after.items) {
            prop_assert!((a.item_rest - b.item_rest).abs() < 1e-9 && (a.item_total - b.item_total).abs() < 1e-7);
            prop_assert!((a.endorsement - b.endorsement).abs() < 1e-12);
            prop_assert_eq!(a.missing + a.describe.n, rows.len() as u64);
            prop_assert_eq!(a.options.iter().map(|option| option.count).sum::<u64>(), a.describe.n);
        }
    }
}
