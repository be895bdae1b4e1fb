//! Norms estimated from a wave.

use polars::prelude::*;
use proptest::prelude::*;
use screening_core::norms::{
    Axis, By, ContinuousOptions, DeriveOptions, DriftOptions, Limit, LocalError, LocalOptions, Member, NoNorm,
    NormState, OmitReason, Record, drift,
};

use super::*;

/// A wave of made-up results, always the same.
fn wave(rows: usize) -> DataFrame {
    let mut seed = 12_345_u64;
    let mut draw = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let grade: Vec<i32> = (0..rows).map(|row| 7 + (row % 3) as i32).collect();
    let total: Vec<Option<f64>> = grade
        .iter()
        .map(|grade| (draw() > 0.05).then(|| ((draw() + draw() * draw()) * 10.0 + f64::from(*grade)).floor()))
        .collect();
    let mean: Vec<Option<f64>> = total.iter().map(|total| total.map(|total| total / 3.0)).collect();
    let sex: Vec<Option<&str>> = (0..rows).map(|_| [Some("male"), Some("女"), None][(draw() * 2.2) as usize]).collect();
    let weight: Vec<f64> = (0..rows).map(|_| 0.1 + 3.0 * draw()).collect();
    let status: Vec<&str> = (0..rows).map(|_| if draw() < 0.1 { "invalid" } else { "valid" }).collect();
    df!["sex" => sex, "grade" => grade, "status" => status, "w" => weight, "a.total" => total, "a.mean" => mean]
        .unwrap()
}

fn state(weight: bool) -> NormState {
    let scales = ["a.total".to_owned(), "a.mean".to_owned()];
    NormState::new(vec![By::Sex, By::Grade], &scales, weight.then(|| "w".to_owned()))
}

fn finish(state: &NormState) -> NormSet {
    state.finish(&meta(&["a.total", "a.mean"]), &LocalOptions::default()).unwrap()
}

#[test]
fn parts_in_any_order_give_the_file_of_one_pass() {
    let frame = wave(1_500);
    for weighted in [false, true] {
        let mut whole = state(weighted);
        whole.add_frame(&frame).unwrap();
        let parts: Vec<NormState> = [(0, 400), (400, 7), (407, 593), (1_000, 500)]
            .into_iter()
            .map(|(from, rows)| {
                let mut part = state(weighted);
                part.add_frame(&frame.slice(from, rows)).unwrap();
                // As a file of another district.
                serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap()
            })
            .collect();
        for order in [[0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]] {
            let mut merged = state(weighted);
            order.into_iter().for_each(|at| merged.merge(&parts[at]).unwrap());
            assert_eq!(merged, whole);
            assert_eq!(finish(&merged).to_toml().unwrap(), finish(&whole).to_toml().unwrap());
        }
    }
}

#[test]
fn a_frame_and_its_rows_one_by_one_are_counted_alike() {
    let frame = wave(300);
    let mut by_frame = state(true);
    by_frame.add_frame(&frame).unwrap();
    let mut by_row = state(true);
    let (sex, status) = (frame.column("sex").unwrap().str().unwrap(), frame.column("status").unwrap().str().unwrap());
    let number = |name: &str| frame.column(name).unwrap().cast(&DataType::Float64).unwrap().f64().unwrap().clone();
    let (grade, weight, total, mean) = (number("grade"), number("w"), number("a.total"), number("a.mean"));
    for row in 0..frame.height() {
        let grade = (grade.get(row).unwrap() as i32).to_string();
        by_row
            .add(&Record {
                group: &[sex.get(row).and_then(Sex::parse).map(Sex::word), Some(&grade)],
                raw: &[total.get(row), mean.get(row)],
                weight: weight.get(row),
                used: status.get(row) == Some("valid"),
            })
            .unwrap();
    }
    assert_eq!(finish(&by_frame).definition().cells, finish(&by_row).definition().cells);
}

#[test]
fn unknown_sex_counts_in_the_ungendered_cells_only() {
    let mut counts = state(false);
    counts.add_frame(&wave(1_500)).unwrap();
    let set = finish(&counts);
    let n = |group: &str| {
        let cells = &set.definition().cells;
        cells.iter().find(|c| c.scale == "a.total" && c.group.to_string() == group).unwrap().n.unwrap()
    };
    assert!(n("grade=7") > n("sex=male grade=7") + n("sex=female grade=7"));
    let built = set.definition().built.as_ref().unwrap();
    assert_eq!(built.rows, built.used + built.set_aside["invalid"]);
    assert_eq!(built.rows, 1_500);
}

#[test]
fn a_smoothed_table_rises_everywhere_and_ends_where_people_end() {
    let mut counts = state(false);
    counts.add_frame(&wave(1_500)).unwrap();
    let mut scales = meta(&["a.total", "a.mean"]);
    scales.scales[0].range = Some((0.0, 60.0));
    let set = counts.finish(&scales, &LocalOptions::default()).unwrap();
    for cell in set.definition().cells.iter().filter(|cell| cell.scale == "a.total") {
        let table = cell.table.as_ref().unwrap();
        assert_eq!(table.raw.len(), 61);
        assert!(cell.smoothing.is_some_and(|degree| degree >= 2));
        assert!(table.percentile.windows(2).all(|pair| pair[0] <= pair[1]));
        // Nobody had 60: the table says no more than that it is beyond the highest person.
        assert!(table.at_least.contains(&60.0), "{}", cell.group);
        let highest = 1.0 - 0.5 / cell.n.unwrap() as f64;
        let t = 50.0 + 10.0 * screening_core::stats::normal_quantile(highest).unwrap();
        assert!((table.t[60] - t).abs() < 1e-9);
        // Smoothing keeps the mean.
        let share = |at: usize| (table.cumulative[at] - if at == 0 { 0.0 } else { table.cumulative[at - 1] }) / 100.0;
        let mean: f64 = (0..61).map(|at| share(at) * table.raw[at]).sum();
        assert!((mean - cell.mean.unwrap().to_f64()).abs() < 1e-6);
    }
    // Quotients are tabulated as they occur.
    let mean = set.cells_of("a.mean").next().unwrap();
    assert!(mean.smoothing.is_none() && mean.table.as_ref().unwrap().raw.iter().any(|raw| raw.fract() != 0.0));
}

#[test]
fn equal_weights_change_nothing_but_the_effective_number() {
    let frame = wave(1_200);
    let (mut plain, mut weighted) = (state(false), state(true));
    plain.add_frame(&frame).unwrap();
    let mut equal = frame.clone();
    equal.with_column(Column::new("w".into(), vec![0.75; 1_200])).unwrap();
    weighted.add_frame(&equal).unwrap();
    for (a, b) in finish(&plain).definition().cells.iter().zip(&finish(&weighted).definition().cells) {
        assert_eq!((a.n, a.mean, a.sd), (b.n, b.mean, b.sd));
        assert!((b.n_effective.unwrap() - b.n.unwrap() as f64).abs() < 1e-9);
        for (a, b) in a.percentiles.iter().zip(&b.percentiles) {
            assert!((a.value - b.value).abs() < 1e-9);
        }
        let (a, b) = (a.table.as_ref().unwrap(), b.table.as_ref().unwrap());
        assert!(a.t.iter().zip(&b.t).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}

#[test]
fn a_finite_population_that_was_tested_whole_has_no_error() {
    let mut counts = NormState::new(Vec::new(), &["a.total".to_owned()], None);
    for raw in (0..10).cycle().take(100) {
        counts.add(&Record { group: &[], raw: &[Some(f64::from(raw))], weight: None, used: true }).unwrap();
    }
    let options = LocalOptions { finite_population: true, ..LocalOptions::default() };
    let cell = |state: &NormState| state.finish(&meta(&["a.total"]), &options).unwrap().definition().cells[0].clone();
    let all = cell(&counts);
    assert_eq!((all.mean_se, all.enrolled), (Some(0.0), Some(100)));
    assert!(all.percentiles.iter().all(|entry| entry.low == Some(entry.value) && entry.high == Some(entry.value)));
    // Three in four were not tested.
    for _ in 0..300 {
        counts.add(&Record { group: &[], raw: &[None], weight: None, used: false }).unwrap();
    }
    let quarter = cell(&counts);
    let expected = quarter.sd.unwrap().to_f64() / 10.0 * 0.75_f64.sqrt();
    assert!((quarter.mean_se.unwrap() - expected).abs() < 1e-9);
    assert!(quarter.percentiles.iter().any(|entry| entry.low < entry.high));
}

#[test]
fn small_and_flat_groups_get_no_cell_and_their_people_no_norm() {
    let mut counts = NormState::new(vec![By::Grade], &["a.total".to_owned()], None);
    let mut add = |grade: &str, raw: f64| {
        counts.add(&Record { group: &[Some(grade)], raw: &[Some(raw)], weight: None, used: true }).unwrap();
    };
    (0..40).for_each(|at| add("7", f64::from(at % 9)));
    (0..29).for_each(|at| add("8", f64::from(at % 9)));
    (0..40).for_each(|_| add("9", 3.0));
    let set = counts.finish(&meta(&["a.total"]), &LocalOptions::default()).unwrap();
    assert_eq!(set.definition().cells.len(), 1);
    let find = |grade| set.find("a.total", &Member::from(person(None, Some(grade), None)));
    assert_eq!(find(7), Ok(0));
    assert_eq!(find(8), Err(NoNorm::Omitted { reason: OmitReason::TooFew }));
    assert_eq!(find(9), Err(NoNorm::Omitted { reason: OmitReason::NoSpread }));
    assert_eq!(find(10), Err(NoNorm::GradeOutside { grade: 10 }));
    // The number of a group that is too small is not said.
    assert!(!set.to_toml().unwrap().contains("n = 29"));
    let options = LocalOptions { min_n: 500, ..LocalOptions::default() };
    assert!(matches!(counts.finish(&meta(&["a.total"]), &options), Err(LocalError::NoCell { min_n: 500, .. })));
}

#[test]
fn one_person_and_a_frame_get_the_same() {
    let frame = wave(1_500);
    let mut counts = state(false);
    counts.add_frame(&frame).unwrap();
    let set = finish(&counts);
    let applied = set.apply(&frame, &DeriveOptions::default()).unwrap();
    let column = |name: &str| applied.columns.iter().find(|column| column.name() == name).unwrap();
    let (sex, grade) = (frame.column("sex").unwrap().str().unwrap(), frame.column("grade").unwrap().i32().unwrap());
    for scale in ["a.total", "a.mean"] {
        let raw = frame.column(scale).unwrap().f64().unwrap();
        let numbers = |suffix: &str| column(&format!("{scale}.{suffix}")).f64().unwrap().clone();
        let (z, t, percentile, normalised) =
            (numbers("z"), numbers("t"), numbers("percentile"), numbers("t_normalised"));
        let (cells, reasons) = (column(&format!("{scale}.norm")), column(&format!("{scale}.no_norm")));
        let stanine = column(&format!("{scale}.stanine"));
        for row in 0..frame.height() {
            let context = Context {
                sex: sex.get(row).and_then(Sex::parse),
                grade: grade.get(row).map(|grade| grade as u8),
                age_months: None,
            };
            match set.derive(scale, raw.get(row), &context.into(), &DeriveOptions::default()) {
                Ok(own) => {
                    assert_eq!((own.z, own.t), (z.get(row), t.get(row)));
                    assert_eq!((own.percentile, own.t_normalised), (percentile.get(row), normalised.get(row)));
                    assert_eq!(own.stanine, stanine.u8().unwrap().get(row));
                    assert_eq!(cells.str().unwrap().get(row), set.cell_name(own.cell).as_deref());
                }
                Err(why) => {
                    assert_eq!(reasons.str().unwrap().get(row), Some(why.word()));
                    assert_eq!((z.get(row), cells.str().unwrap().get(row)), (None, None));
                }
            }
        }
    }
    for account in &applied.accounts {
        assert_eq!(account.rows, account.with_norm + account.without.values().sum::<u64>());
        assert!(account.with_norm > 1_000 && account.without["no-score"] > 10);
    }
    let twice = frame.hstack(&applied.columns).unwrap();
    assert!(set.apply(&twice, &DeriveOptions::default()).is_err());
}

#[test]
fn continuous_norms_of_a_wave_serve_every_grade() {
    let mut counts = NormState::new(vec![By::Grade], &["a.total".to_owned()], None);
    for grade in 4..=9_u32 {
        for (step, people) in [1_u32, 4, 9, 15, 20, 15, 9, 4, 1].into_iter().enumerate() {
            for _ in 0..people {
                let raw = f64::from(3 * grade) + step as f64;
                let grade = grade.to_string();
                counts.add(&Record { group: &[Some(&grade)], raw: &[Some(raw)], weight: None, used: true }).unwrap();
            }
        }
    }
    let options = LocalOptions {
        continuous: Some((Axis::Grade, ContinuousOptions { k: 3, max_terms: 3, ..ContinuousOptions::default() })),
        ..LocalOptions::default()
    };
    let set = counts.finish(&meta(&["a.total"]), &options).unwrap();
    assert_eq!(set.definition().cells.len(), 1);
    let derive = |grade: u8, raw: f64| {
        set.derive("a.total", Some(raw), &Member::from(person(None, Some(grade), None)), &DeriveOptions::default())
    };
    for grade in 4..=9_u8 {
        let middle = derive(grade, f64::from(3 * u32::from(grade) + 4)).unwrap();
        assert!((middle.t_normalised.unwrap() - 50.0).abs() < 1.0, "{grade}: {middle:?}");
        assert!((middle.percentile.unwrap() - 50.0).abs() < 4.0 && middle.z.is_none());
        let high = derive(grade, 200.0).unwrap();
        assert_eq!(high.limit, Some(Limit::AtLeast));
    }
    assert_eq!(derive(10, 30.0), Err(NoNorm::GradeOutside { grade: 10 }));
    let frame = df!["grade" => [4, 10], "a.total" => [16, 16]].unwrap();
    let applied = set.apply(&frame, &DeriveOptions::default()).unwrap();
    assert_eq!(applied.accounts[0].without["grade-outside"], 1);
    let missing_axis = LocalOptions { continuous: Some((Axis::Age, ContinuousOptions::default())), ..options };
    assert!(matches!(counts.finish(&meta(&["a.total"]), &missing_axis), Err(LocalError::Axis("age"))));
}

#[test]
fn drift_says_what_would_change() {
    let make = |shift: u32| {
        let mut counts = NormState::new(Vec::new(), &["a.total".to_owned()], None);
        for at in 0..1_000_u32 {
            let raw = f64::from((at * at) % 20 + shift);
            counts.add(&Record { group: &[], raw: &[Some(raw)], weight: None, used: true }).unwrap();
        }
        counts.finish(&meta(&["a.total"]), &LocalOptions { max_degree: 0, ..LocalOptions::default() }).unwrap()
    };
    let (old, new) = (make(0), make(2));
    let same = drift(&old, &old, &DriftOptions::default());
    assert_eq!(
        (same.cells[0].effect, same.cells[0].distance, same.cells[0].t_shift),
        (Some(0.0), Some(0.0), Some(0.0))
    );
    let report = drift(&old, &new, &DriftOptions { thresholds: vec![60.0], level: 0.95 });
    let cell = &report.cells[0];
    assert!((cell.difference.unwrap() - 2.0).abs() < 1e-9 && (cell.sd_ratio.unwrap() - 1.0).abs() < 1e-9);
    let sd = cell.sd[0].unwrap();
    assert!((cell.effect.unwrap() - 2.0 / sd * (1.0 - 3.0 / (4.0 * 1_998.0 - 1.0))).abs() < 1e-9);
    let [low, high] = cell.effect_interval.unwrap();
    assert!(low < cell.effect.unwrap() && cell.effect.unwrap() < high);
    assert!(cell.t_shift.unwrap() < 0.0, "the same raw score means less now");
    let crossing = cell.crossing[0];
    let share = |shift: u32| {
        let beyond = (0..1_000_u32).filter(|at| f64::from((at * at) % 20 + shift) >= crossing.raw).count();
        beyond as f64 / 10.0
    };
    assert!((crossing.earlier - share(0)).abs() < 1e-9 && (crossing.later - share(2)).abs() < 1e-9);
    let other = drift(&old, &set(BY_SEX), &DriftOptions::default());
    assert_eq!((other.cells.len(), other.only_earlier.len(), other.only_later.len()), (0, 1, 2));
}

#[test]
fn states_of_other_kinds_and_broken_ones_are_refused() {
    let mut counts = state(false);
    let before = counts.clone();
    assert!(counts.merge(&state(true)).is_err());
    assert!(counts.merge(&NormState::new(vec![By::Grade], counts.scales(), None)).is_err());
    assert!(counts.merge(&NormState::new(counts.by().to_vec(), &["b.total".to_owned()], None)).is_err());
    for record in [
        Record { group: &[None], raw: &[None, None], weight: None, used: true },
        Record { group: &[None, None], raw: &[None], weight: None, used: true },
        Record { group: &[None, None], raw: &[Some(f64::NAN), None], weight: None, used: true },
        Record { group: &[None, None], raw: &[None, None], weight: Some(1.0), used: true },
    ] {
        assert!(counts.add(&record).is_err());
    }
    assert_eq!(counts, before);
    let good = serde_json::to_string(&state(false)).unwrap();
    for (from, to) in
        [("\"schema\":1", "\"schema\":9"), ("\"groups\":[]", "\"groups\":[{\"key\":[],\"enrolled\":1,\"scales\":[]}]")]
    {
        assert!(good.contains(from));
        assert!(serde_json::from_str::<NormState>(&good.replace(from, to)).is_err(), "{to}");
    }
}

#[test]
fn frames_that_cannot_be_counted_are_refused_with_the_place() {
    let refused = |frame: DataFrame, weighted: bool, parts: &[&str]| {
        let mut counts = NormState::new(vec![By::Grade], &["a.total".to_owned()], weighted.then(|| "w".to_owned()));
        let why = counts.add_frame(&frame).unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(why.contains(part), "`{part}` is not said in: {why}"));
        assert_eq!(counts.rows(), 0);
    };
    refused(df!["a.total" => [1]].unwrap(), false, &["grade"]);
    refused(df!["grade" => [7]].unwrap(), false, &["a.total"]);
    refused(df!["grade" => [7], "a.total" => ["x"]].unwrap(), false, &["a.total", "str"]);
    refused(df!["grade" => [7, 7], "a.total" => [1.0, f64::NAN]].unwrap(), false, &["row 2", "a.total"]);
    refused(
        df!["grade" => [7, 7], "a.total" => [1, 1], "w" => [Some(1.0), None]].unwrap(),
        true,
        &["row 2", "`w`", "nothing"],
    );
    refused(df!["grade" => [7, 7], "a.total" => [1, 1], "w" => [0.0, 1.0]].unwrap(), true, &["row 1", "0"]);
    refused(df!["grade" => [7], "a.total" => [1]].unwrap(), true, &["`w`"]);
    let set = set(BY_SEX);
    assert!(
        set.apply(&df!["b" => [1]].unwrap(), &DeriveOptions::default()).unwrap_err().to_string().contains("a.total")
    );
    assert!(set.apply(&df!["a.total" => ["x"]].unwrap(), &DeriveOptions::default()).is_err());
}

/// Ten pupils, as in the documentation.
fn ten(options: &LocalOptions, weighted: bool, absent: usize) -> NormSet {
    let weight = weighted.then(|| "w".to_owned());
    let mut counts = NormState::new(Vec::new(), &["a.total".to_owned()], weight);
    for raw in [0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 5.0, 9.0] {
        let weight = weighted.then_some(if raw >= 3.0 { 2.0 } else { 1.0 });
        counts.add(&Record { group: &[], raw: &[Some(raw)], weight, used: true }).unwrap();
    }
    for _ in 0..absent {
        counts.add(&Record { group: &[], raw: &[None], weight: None, used: false }).unwrap();
    }
    counts.finish(&meta(&["a.total"]), options).unwrap()
}

#[test]
fn the_worked_examples_of_the_documentation() {
    let close = |own: f64, printed: f64, decimals: i32| {
        assert!((own - printed).abs() <= 0.5 * 10_f64.powi(-decimals) + 1e-9, "{own} is not {printed}");
    };
    let options = LocalOptions { min_n: 2, max_degree: 0, ..LocalOptions::default() };
    let set = ten(&options, false, 0);
    let cell = &set.definition().cells[0];
    close(cell.mean.unwrap().to_f64(), 2.8, 9);
    close(cell.sd.unwrap().to_f64(), 2.5734, 4);
    close(cell.skew.unwrap(), 1.2548, 4);
    close(cell.kurtosis.unwrap(), 0.6137, 4);
    close(cell.mean_se.unwrap(), 0.8138, 4);
    let derive = |set: &NormSet, raw: f64| {
        set.derive("a.total", Some(raw), &Member::default(), &DeriveOptions::default()).unwrap()
    };
    let five = derive(&set, 5.0);
    close(five.z.unwrap(), 0.8549, 4);
    close(five.t.unwrap(), 58.549, 3);
    close(five.percentile.unwrap(), 85.0, 9);
    close(five.t_normalised.unwrap(), 60.364, 3);
    assert_eq!((five.stanine, five.sten), (Some(7), Some(8)));
    let nine = derive(&set, 9.0);
    assert_eq!((nine.stanine, screening_core::norms::stanine_of_z(nine.z.unwrap())), (Some(8), 9));
    let position = screening_core::stats::PlottingPosition::Blom;
    let blom = ten(&LocalOptions { position, ..options.clone() }, false, 0);
    close(derive(&blom, 5.0).t_normalised.unwrap(), 60.005, 3);
    let median = cell.percentiles.iter().find(|entry| entry.p == 50.0).unwrap();
    close(median.value, 2.0, 9);
    close(median.low.unwrap(), 1.13, 2);
    close(median.high.unwrap(), 3.0, 9);
    let finite = ten(&LocalOptions { finite_population: true, ..options.clone() }, false, 15);
    close(finite.definition().cells[0].mean_se.unwrap(), 0.6303, 4);
    let weighted = ten(&options, true, 0);
    let cell = &weighted.definition().cells[0];
    close(cell.mean.unwrap().to_f64(), 3.4286, 4);
    close(cell.sd.unwrap().to_f64(), 2.7807, 4);
    close(cell.n_effective.unwrap(), 8.91, 2);
    close(derive(&weighted, 1.0).percentile.unwrap(), 14.29, 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn derived_scores_never_fall_while_the_raw_score_rises(raws in prop::collection::vec(0_u8..30, 40..120), degree in 0_u8..7) {
        let mut counts = NormState::new(Vec::new(), &["a.total".to_owned()], None);
        for raw in &raws {
            counts.add(&Record { group: &[], raw: &[Some(f64::from(*raw))], weight: None, used: true }).unwrap();
        }
        let options = LocalOptions { max_degree: degree, ..LocalOptions::default() };
        let set = counts.finish(&meta(&["a.total"]), &options);
        prop_assume!(raws.iter().any(|raw| *raw != raws[0]));
        let set = set.unwrap();
        let all: Vec<_> = (0..30)
            .map(|raw| set.derive("a.total", Some(f64::from(raw)), &Member::default(), &DeriveOptions::default()).unwrap())
            .collect();
        for pair in all.windows(2) {
            prop_assert!(pair[0].t < pair[1].t);
            if !pair[0].outside_table && !pair[1].outside_table {
                prop_assert!(pair[0].percentile <= pair[1].percentile && pair[0].t_normalised <= pair[1].t_normalised);
                prop_assert!(pair[0].stanine <= pair[1].stanine && pair[0].sten <= pair[1].sten);
            }
        }
        let again = NormSet::from_toml(&set.to_toml().unwrap()).unwrap();
        prop_assert_eq!(again.definition(), set.definition());
        prop_assert_eq!(again.citation(), set.citation());
    }
}
