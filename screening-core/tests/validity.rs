//! Validity plans over frames and single sheets.
#![cfg(feature = "frame")]

use std::sync::LazyLock;

use polars::prelude::*;
use proptest::prelude::*;
use screening_core::answers::{Context, Tri};
use screening_core::instrument::{Instrument, Language, Library};
use screening_core::scoring::{FrameOptions, Scorer, Sheet};
use screening_core::validity::{
    Answers, ScaleParameters, SheetFacts, SheetVerdict, ValidityCheck, ValidityPlan, WaveReference,
};

/// Read once for all tests.
fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::bundled().unwrap());
    &LIBRARY
}

fn default_plan() -> ValidityPlan {
    ValidityPlan::bundled("district-default").unwrap().unwrap()
}

/// A small generator: the same sheets every time, no crate of random numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Sheets to an instrument of `items` items coded `low..=high`: a severity for each pupil, noise for each answer.
fn wave(rows: usize, items: usize, low: i8, high: i8) -> Vec<Vec<i8>> {
    let mut dice = Dice(2026);
    let span = u64::from((high - low) as u8);
    (0..rows)
        .map(|_| {
            let severity = dice.roll(100).pow(2) / 100;
            let answer = |dice: &mut Dice, item: usize| {
                let rare = (item % 10) as u64 * 4;
                let reach = (severity + dice.roll(60)).saturating_sub(rare + 20) / 25;
                low + reach.min(span) as i8
            };
            (0..items).map(|item| answer(&mut dice, item)).collect()
        })
        .collect()
}

fn frame(instrument: &Instrument, sheets: &[Vec<i8>]) -> DataFrame {
    let columns = (0..instrument.definition().items.len()).map(|item| {
        let codes: Vec<Option<i8>> = sheets.iter().map(|sheet| (sheet[item] != -128).then_some(sheet[item])).collect();
        Column::new(instrument.item_column(item).into(), codes)
    });
    DataFrame::new(sheets.len(), columns.collect()).unwrap()
}

#[test]
fn careless_sheets_are_found_and_honest_ones_left_alone() {
    let library = library();
    let scorer = Scorer::new(library.get("scl-90").unwrap()).unwrap();
    let mut sheets = wave(600, 90, 1, 5);
    let mut dice = Dice(7);
    sheets[0] = vec![1; 90]; // no difficulty on any line
    sheets[1] = vec![3; 90]; // the middle column, clicked through
    sheets[2] = (0..90).map(|_| 1 + dice.roll(5) as i8).collect(); // at random
    let reports_much = |sheet: &Vec<i8>| (24..36).contains(&sheet.iter().filter(|code| **code > 1).count());
    let copied = 8 + sheets[8..30].iter().position(reports_much).unwrap();
    sheets[3] = sheets[copied].clone();
    sheets[5] = (0..90).map(|item| if item < 20 { 2 } else { -128 }).collect();
    let mut frame = frame(scorer.instrument(), &sheets);
    let mut seconds = vec![Some(600_i64); 600];
    (seconds[1], seconds[2], seconds[7]) = (Some(70), Some(80), None);
    let classes: Vec<String> = (0..600).map(|row| format!("{}", row / 30)).collect();
    frame.with_column(Column::new("duration_s".into(), seconds)).unwrap();
    frame.with_column(Column::new("class".into(), classes)).unwrap();

    let check = ValidityCheck::new(&default_plan(), scorer.instrument(), &[]).unwrap();
    let answers = Answers::of_frame(&scorer, &frame).unwrap();
    let scored = scorer.score_frame(&frame, &FrameOptions::default()).unwrap();
    let facts = SheetFacts::of_frame(&frame, &check, Some(90)).unwrap().with_scores(&scored);
    let reference = check.estimate(&answers, &facts).unwrap();
    let report = check.run(&answers, &facts, Some(&reference)).unwrap();

    assert_eq!(report.verdict(0), SheetVerdict::Valid, "{:?}", report.fired(0));
    assert_eq!((report.verdict(1), report.fired(1)), (SheetVerdict::Invalid, vec!["too-fast", "same-answer"]));
    assert_eq!(report.verdict(2), SheetVerdict::Doubtful, "{:?}", report.fired(2));
    assert!(report.fired(2).contains(&"too-fast") && report.fired(2).contains(&"rare-before-common"));
    assert_eq!((report.state("like-neighbour", 3), report.partner("like-neighbour", 3)), (Tri::Yes, Some(copied)));
    assert_eq!(
        (report.verdict(3), report.fired(3)),
        (SheetVerdict::Valid, vec!["like-neighbour"]),
        "one is not enough"
    );
    assert_eq!(report.verdict(5), SheetVerdict::Invalid);
    assert!(report.undecided(7).contains(&"too-fast"));
    let others = (8..600).filter(|row| report.verdict(*row) != SheetVerdict::Valid).count();
    assert!(others <= 6, "{others} of 592 honest sheets are suspected");

    let counts = report.counts();
    assert_eq!(counts.valid + counts.doubtful + counts.invalid, counts.sheets);
    assert!(check.left_out().iter().any(|left| left.rule == "pattern-unlikely"));
    let told = report.sentences(1);
    assert_eq!(told.len(), 2);
    for text in &told {
        for language in [Language::En, Language::ZhCn] {
            assert!(text.get(language).contains("SCL-90") && !text.get(language).contains('{'), "{text:?}");
        }
    }

    // The frame says the same, and holds no column of a rule that stays silent.
    let table = report.to_frame().unwrap();
    let verdicts =
        table.column("scl-90.validity.verdict").unwrap().as_materialized_series().cast(&DataType::String).unwrap();
    let verdicts: Vec<_> = verdicts.str().unwrap().iter().map(Option::unwrap).collect();
    assert_eq!(verdicts, report.verdicts().iter().map(|verdict| verdict.word()).collect::<Vec<_>>());
    let fired = table.column("scl-90.validity.fired").unwrap().str().unwrap().get(1).map(str::to_owned);
    assert_eq!(fired.as_deref(), Some("too-fast, same-answer"));
    assert!(table.column("scl-90.validity.pattern-unlikely").is_err());
    let value = table.column("scl-90.validity.too-fast.value").unwrap().f64().unwrap().get(1);
    assert_eq!(value, Some(70.0 / 90.0));

    // A reference that was stored and read back judges the same.
    let stored: WaveReference = serde_json::from_str(&serde_json::to_string(&reference).unwrap()).unwrap();
    let again = check.run(&answers, &facts, Some(&stored)).unwrap();
    assert_eq!(again.verdicts(), report.verdicts());
    let other = ValidityCheck::new(&default_plan(), library.get("phq-9").unwrap(), &[]).unwrap();
    assert!(other.run(&answers, &facts, None).is_err());
    let blank = Sheet::blank(library.get("phq-9").unwrap());
    assert!(other.sheet(&blank, &SheetFacts::default(), Some(&reference)).is_err());
}

#[test]
fn a_critical_answer_is_told_on_an_invalid_sheet() {
    let library = library();
    let scorer = Scorer::new(library.get("phq-9").unwrap()).unwrap();
    let codes = [-128, -128, -128, -128, -128, -128, -128, 1, 3];
    let sheet = Sheet::from_codes(scorer.instrument(), &codes).unwrap();
    let scores = scorer.score(&sheet, &Context::default());
    let check = ValidityCheck::new(&default_plan(), scorer.instrument(), &[]).unwrap();
    let report = check.sheet(&sheet, &SheetFacts::default().with_sheet_scores(&scores), None).unwrap();
    assert_eq!((report.verdict(0), report.critical(0)), (SheetVerdict::Invalid, vec!["item-9"]));
}

#[test]
fn rules_of_the_definition_count_by_themselves() {
    let library = library();
    let scorer = Scorer::new(library.get("mht").unwrap()).unwrap();
    let lie: Vec<usize> = (81..100).step_by(2).collect();
    let definition = scorer.instrument().definition();
    let reversed = |item: usize| definition.items[item].reverse;
    let codes: Vec<i8> = (0..100).map(|item| i8::from(lie.contains(&item) != reversed(item))).collect();
    let sheet = Sheet::from_codes(scorer.instrument(), &codes).unwrap();
    let scores = scorer.score(&sheet, &Context::default());
    let check = ValidityCheck::new(&default_plan(), scorer.instrument(), &[]).unwrap();
    let report = check.sheet(&sheet, &SheetFacts::default().with_sheet_scores(&scores), None).unwrap();
    assert_eq!(report.verdict(0), SheetVerdict::Invalid, "{:?}", report.fired(0));
    assert_eq!(report.fired(0).first().copied(), definition.validity.first().map(|rule| rule.id.as_str()));
    assert!(!report.sentences(0).is_empty());
}

#[test]
fn person_fit_is_used_where_parameters_are_given() {
    let library = library();
    let gad = library.get("gad-7").unwrap();
    let items = (1..=7).map(|item| {
        let shift = f64::from(item) * 0.3;
        format!("{item} = {{ model = \"graded\", a = 2.0, b = [{}, {}, {}] }}\n", shift - 1.0, shift, shift + 1.0)
    });
    let text = format!(
        "instrument = \"gad-7\"\nscale = \"total\"\nsource = \"a test\"\n[items]\n{}",
        items.collect::<String>()
    );
    let parameters: ScaleParameters = toml::from_str(&text).unwrap();
    let check = ValidityCheck::new(&default_plan(), gad, std::slice::from_ref(&parameters)).unwrap();
    let sheet =
        |codes: &[i8]| check.sheet(&Sheet::from_codes(gad, codes).unwrap(), &SheetFacts::default(), None).unwrap();
    let ordinary = sheet(&[2, 2, 1, 1, 1, 0, 0]);
    let odd = sheet(&[0, 0, 0, 0, 3, 3, 3]);
    assert_eq!(ordinary.state("pattern-unlikely", 0), Tri::No);
    assert_eq!(odd.state("pattern-unlikely", 0), Tri::Yes);
    let silent: Vec<&str> = odd.silent().map(|(rule, _)| rule).collect();
    assert!(silent.contains(&"unusual-combination") && silent.contains(&"rare-before-common"), "{silent:?}");
    // Two sets and no scale named, or an unknown item: not guessed.
    let twice = ValidityCheck::new(&default_plan(), gad, &[parameters.clone(), parameters.clone()]).unwrap();
    assert!(twice.left_out().iter().any(|left| left.rule == "pattern-unlikely"));
    let mut wrong = parameters;
    let item = wrong.items["1"].clone();
    wrong.items.insert("99".into(), item);
    assert!(ValidityCheck::new(&default_plan(), gad, &[wrong]).is_err());
}

#[test]
fn every_bundled_instrument_takes_the_default_plan() {
    let library = library();
    let plan = default_plan();
    for instrument in library.iter() {
        let check = ValidityCheck::new(&plan, instrument, &[]).unwrap_or_else(|e| panic!("{}: {e}", instrument.id()));
        let report = check.sheet(&Sheet::blank(instrument), &SheetFacts::default(), None).unwrap();
        let always = instrument.definition().items.iter().any(|item| item.ask_if.is_none());
        assert_eq!(report.verdict(0) == SheetVerdict::Invalid, always, "{}", instrument.id());
        assert_eq!(check.rules().count() + check.left_out().len(), plan.definition().rules.len());
    }
}

#[test]
fn a_broken_plan_is_refused_with_the_place() {
    let base = include_str!("../../instruments/validity/district-default.toml");
    let refused = |from: &str, to: &str| {
        let text = base.replacen(from, to, 1);
        assert_ne!(text, base, "{from}");
        let found = ValidityPlan::from_toml(&text).unwrap_err().0;
        (found[0].code, found[0].span.is_some())
    };
    assert_eq!(refused("schema = 1", "schema = 2"), ("schema", true));
    assert_eq!(refused("min-invalid = 2", "min-invalid = 0"), ("number", true));
    assert_eq!(refused("id = \"missing-some\"", "id = \"missing-most\""), ("duplicate", true));
    assert_eq!(refused("id = \"missing-some\"", "id = \"fired\""), ("id", true));
    assert_eq!(refused("source = \"S9\"", "source = \"S99\""), ("reference", true));
    assert_eq!(refused("op = \">\", value = 0.5", "op = \"==\", value = 0.5"), ("operator", true));
    assert_eq!(refused("percentile = 1 ", "percentile = 100 "), ("percentile", true));
    assert_eq!(refused("percentile = 99", "percentile = 99, value = 1"), ("threshold", true));
    assert_eq!(refused("verdict = \"invalid\"\nalone", "alone"), ("verdict", true));
    assert_eq!(refused("critical = 0.6", "critical = 1.6"), ("parameter", true));
    assert_eq!(refused("fewest = 20", "fewest = 0"), ("parameter", true));
    assert_eq!(refused("kind = \"variability\"", "kind = \"moon-phase\"").0, "format");
    assert_eq!(
        refused("index.kind = \"response-time\"", "index = { kind = \"response-time\", colour = 1 }").0,
        "format"
    );
    assert_eq!(refused("min-items = 20", "min-item = 20").0, "format");
}

#[test]
fn facts_of_another_length_and_times_that_are_texts_are_refused() {
    let library = library();
    let scorer = Scorer::new(library.get("gad-7").unwrap()).unwrap();
    let mut frame = frame(scorer.instrument(), &wave(3, 7, 0, 3));
    let check = ValidityCheck::new(&default_plan(), scorer.instrument(), &[]).unwrap();
    let answers = Answers::of_frame(&scorer, &frame).unwrap();
    let short = SheetFacts::default().with_classes(vec![Some(1)]);
    assert!(check.run(&answers, &short, None).is_err());
    frame.with_column(Column::new("duration_s".into(), ["10", "20", "30"])).unwrap();
    assert!(SheetFacts::of_frame(&frame, &check, None).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// One sheet alone gets what it gets among others, from a frame of any type and through any kind of gap.
    #[test]
    fn a_sheet_and_a_frame_are_judged_alike(
        seed in any::<u64>(),
        gaps in prop::collection::vec((0_usize..120, 0_usize..21, prop::sample::select(vec![-128_i8, -127, -126, -125])), 0..200),
        wide in any::<bool>(),
    ) {
        let library = library();
        let scorer = Scorer::new(library.get("dass-21").unwrap()).unwrap();
        let mut dice = Dice(seed);
        let mut sheets: Vec<Vec<i8>> = wave(120, 21, 0, 3);
        sheets.iter_mut().step_by(3).for_each(|sheet| sheet.iter_mut().for_each(|code| *code = dice.roll(4) as i8));
        for (row, item, kind) in gaps {
            sheets[row][item] = kind;
        }
        let mut frame = frame(scorer.instrument(), &sheets);
        if wide {
            let names: Vec<String> = frame.columns().iter().map(|column| column.name().to_string()).collect();
            for name in names {
                let column = frame.column(&name).unwrap().cast(&DataType::Float64).unwrap();
                frame.with_column(column).unwrap();
            }
        }
        let check = ValidityCheck::new(&default_plan(), scorer.instrument(), &[]).unwrap();
        let answers = Answers::of_frame(&scorer, &frame).unwrap();
        let reference = check.estimate(&answers, &SheetFacts::default()).unwrap();
        let all = check.run(&answers, &SheetFacts::default(), Some(&reference)).unwrap();
        for row in [0, 1, 3, 60, 119] {
            let sheet = Sheet::from_codes(scorer.instrument(), &sheets[row]).unwrap();
            let one = check.sheet(&sheet, &SheetFacts::default(), Some(&reference)).unwrap();
            prop_assert_eq!(one.verdict(0), all.verdict(row));
            prop_assert_eq!(one.fired(0), all.fired(row));
            for rule in check.rules() {
                let pair = (one.column(&rule.id).and_then(|c| c.get(0)), all.column(&rule.id).and_then(|c| c.get(row)));
                match pair {
                    (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0), "{}", rule.id),
                    (a, b) => prop_assert_eq!(a.is_none(), b.is_none(), "{}", rule.id),
                }
            }
        }
    }

    /// Whatever stands on a sheet, every figure lies where it can lie.
    #[test]
    fn figures_stay_within_their_bounds(sheets in prop::collection::vec(prop::collection::vec(
        prop::sample::select(vec![0_i8, 1, 2, 3, -128, -126]), 21), 1..60)) {
        let library = library();
        let scorer = Scorer::new(library.get("dass-21").unwrap()).unwrap();
        let check = ValidityCheck::new(&default_plan(), scorer.instrument(), &[]).unwrap();
        let answers = Answers::of_frame(&scorer, &frame(scorer.instrument(), &sheets)).unwrap();
        let facts = SheetFacts::default().with_classes(vec![Some(1); sheets.len()]);
        let reference = check.estimate(&answers, &facts).unwrap();
        let report = check.run(&answers, &facts, Some(&reference)).unwrap();
        let bounds = [("missing-most", 0.0, 1.0), ("longest-run", 1.0, 21.0), ("same-answer", 0.0, 1.0),
            ("variability", 0.0, 3.0), ("like-neighbour", 0.0, 1.0)];
        for (rule, low, high) in bounds {
            let column = report.column(rule).unwrap();
            prop_assert!(column.values().iter().all(|v| v.is_nan() || (low..=high).contains(v)), "{rule}");
        }
        // What speaks against a sheet does not depend on the other verdicts: invalid implies fired.
        for row in 0..sheets.len() {
            prop_assert_eq!(report.verdict(row) == SheetVerdict::Valid && report.fired(row).iter().any(|r| r.starts_with("missing")), false);
        }
    }
}
