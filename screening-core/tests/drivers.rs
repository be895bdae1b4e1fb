//! One plan, two drivers: a sheet and a frame of the same answers agree to the last bit, on every instrument.

use std::sync::LazyLock;

use polars::prelude::*;
use proptest::prelude::*;
use screening_core::answers::{Context, Missing, Sex};
use screening_core::instrument::{Instrument, ItemKind, Library};
use screening_core::scoring::{FrameOptions, ScoredSheets, Scorer, Scores, Sheet};

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::bundled().unwrap_or_else(|e| panic!("{e}")));

/// Every instrument, compiled once for all cases.
static SCORERS: LazyLock<Vec<Scorer>> =
    LazyLock::new(|| LIBRARY.iter().map(|instrument| Scorer::new(instrument).unwrap()).collect());

/// Answers to draw for a row: those of the longest instrument.
fn longest() -> usize {
    LIBRARY.iter().map(|instrument| instrument.definition().items.len()).max().unwrap()
}

/// One random answer: an allowed one, a kind of missing, or something that is not allowed.
#[derive(Debug, Clone)]
enum Drawn {
    Given(u16),
    Missing(Missing),
    Forbidden(i8),
}

fn drawn() -> impl Strategy<Value = Drawn> {
    prop_oneof![
        12 => any::<u16>().prop_map(Drawn::Given),
        2 => prop::sample::select(Missing::ALL.to_vec()).prop_map(Drawn::Missing),
        1 => (110..=127_i8).prop_map(Drawn::Forbidden),
    ]
}

fn context() -> impl Strategy<Value = Context> {
    let sex = prop::option::of(prop::sample::select(vec![Sex::Male, Sex::Female, Sex::Other]));
    (sex, prop::option::of(1..=12_u8), prop::option::of(60..900_u16)).prop_map(|(sex, grade, age_months)| Context {
        sex,
        grade,
        age_months,
    })
}

/// The same answers as a sheet and as the cells of a frame: code, number or text.
fn sheet_of(instrument: &Instrument, row: &[Drawn]) -> (Sheet, Vec<Cell>) {
    let mut sheet = Sheet::blank(instrument);
    let mut cells = Vec::new();
    for (item, drawn) in instrument.definition().items.iter().zip(row) {
        let options = instrument.definition().options_of(item);
        let (answer, cell) = match (drawn, item.kind) {
            (Drawn::Missing(kind), ItemKind::Choice) => (Err(*kind), Cell::Code(kind.code())),
            (Drawn::Missing(_), _) => (Err(Missing::Skipped), Cell::Nothing),
            (Drawn::Forbidden(code), ItemKind::Choice) => (Err(Missing::Invalid), Cell::Code(*code)),
            (Drawn::Forbidden(_), _) => (Err(Missing::Invalid), Cell::Text("25:99".into())),
            (Drawn::Given(n), ItemKind::Choice) => {
                let code = options[usize::from(*n) % options.len()].code;
                (Ok(code.to_string()), Cell::Code(code))
            }
            (Drawn::Given(n), ItemKind::Clock) => {
                let text = format!("{:02}:{:02}", n / 60 % 24, n % 60);
                (Ok(text.clone()), Cell::Text(text))
            }
            (Drawn::Given(n), ItemKind::Number) => {
                let [low, high] = item.range.unwrap();
                let value = low.to_f64() + f64::from(*n) / 65535.0 * (high.to_f64() - low.to_f64());
                (Ok(value.to_string()), Cell::Text(value.to_string()))
            }
        };
        match answer {
            Ok(text) => sheet.set(instrument, &item.id, &text).unwrap(),
            Err(kind) => sheet.set_missing(instrument, &item.id, kind).unwrap(),
        }
        cells.push(cell);
    }
    (sheet, cells)
}

#[derive(Debug, Clone)]
enum Cell {
    Code(i8),
    Text(String),
    Nothing,
}

fn column(name: String, cells: &[Vec<Cell>], at: usize, choice: bool) -> Column {
    if choice {
        let codes: Vec<Option<i8>> =
            cells.iter().map(|row| if let Cell::Code(code) = row[at] { Some(code) } else { None }).collect();
        // Skipped answers as nulls, as every reader delivers them.
        let codes = codes.into_iter().map(|code| code.filter(|c| *c != Missing::Skipped.code()));
        return Int8Chunked::from_iter_options(name.into(), codes).into_column();
    }
    let texts = cells.iter().map(|row| if let Cell::Text(text) = &row[at] { Some(text.clone()) } else { None });
    StringChunked::from_iter_options(name.into(), texts).into_column()
}

fn frame(instrument: &Instrument, cells: &[Vec<Cell>]) -> DataFrame {
    let items = &instrument.definition().items;
    let columns = items
        .iter()
        .enumerate()
        .map(|(at, item)| column(instrument.item_column(at), cells, at, item.kind == ItemKind::Choice));
    DataFrame::new(cells.len(), columns.collect()).unwrap()
}

fn same(scores: &Scores<'_>, sheets: &ScoredSheets, row: usize) -> Result<(), TestCaseError> {
    for (at, scale) in scores.scales().enumerate() {
        let id = format!("{}.{}", scores.instrument().id(), scale.definition().id);
        prop_assert_eq!(scale.value().map(f64::to_bits), sheets.value(at, row).map(f64::to_bits), "value of {}", id);
        prop_assert_eq!(scale.word(), sheets.word(at, row), "word of {}", id);
        prop_assert_eq!(scale.band_id(), sheets.band(at, row), "band of {}", id);
        prop_assert_eq!(scale.band_undecided(), sheets.band_undecided(at, row), "undecided band of {}", id);
        prop_assert_eq!(scale.norm_cell(), sheets.norm_cell(at, row), "norm cell of {}", id);
        if scale.value().is_none() {
            let (lo, hi) = scale.bounds();
            let (low, high) = sheets.bounds(at, row).unwrap();
            prop_assert_eq!((lo as f32, hi as f32), (low as f32, high as f32), "bounds of {}", id);
        }
        if let Some((answered, items)) = sheets.scale_answered(at, row) {
            prop_assert_eq!((scale.answered(), scale.items()), (answered, items), "answered items of {}", id);
        }
    }
    for (at, flag) in scores.flags().enumerate() {
        prop_assert_eq!(flag.state, sheets.flag(at, row), "flag {}.{}", scores.instrument().id(), flag.definition.id);
    }
    for (at, rule) in scores.validity().enumerate() {
        prop_assert_eq!(
            rule.state,
            sheets.validity(at, row),
            "validity {}.{}",
            scores.instrument().id(),
            rule.definition.id
        );
    }
    prop_assert_eq!(scores.answered(), sheets.answered(row));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn row_and_column_driver_agree(
        rows in prop::collection::vec((prop::collection::vec(drawn(), longest()), context(), any::<bool>()), 1..12),
    ) {
        for scorer in &*SCORERS {
            let instrument = scorer.instrument();
            let drawn: Vec<Vec<Drawn>> = rows.iter().map(|(row, _, complete)| {
                // Half of the rows are complete, so that exact blocks and exact lanes in open blocks are both met.
                row.iter().map(|d| if *complete { Drawn::Given(match d { Drawn::Given(n) => *n, _ => 1 }) } else { d.clone() }).collect()
            }).collect();
            let (sheets, cells): (Vec<_>, Vec<_>) = drawn.iter().map(|row| sheet_of(instrument, row)).unzip();
            let people: Vec<Context> = rows.iter().map(|(_, context, _)| *context).collect();
            let scored = scorer.score_with(&frame(instrument, &cells), &people, &FrameOptions::default()).unwrap();
            let forbidden = drawn.iter().flat_map(|row| row.iter().take(instrument.definition().items.len()))
                .filter(|d| matches!(d, Drawn::Forbidden(_))).count();
            prop_assert_eq!(scored.issues().len(), forbidden, "every forbidden answer is reported once");
            let mut buffer = scorer.buffer();
            for (row, sheet) in sheets.iter().enumerate() {
                scorer.score_into(sheet, &people[row], &mut buffer);
                same(&buffer, &scored, row)?;
            }
        }
    }

    /// What the engine calls certain holds however the blanks are filled.
    #[test]
    fn certain_results_survive_every_completion(
        row in prop::collection::vec(drawn(), longest()),
        fill in prop::collection::vec(any::<u16>(), longest()),
        context in context(),
    ) {
        for scorer in &*SCORERS {
            let instrument = scorer.instrument();
            let (open, _) = sheet_of(instrument, &row);
            let closed: Vec<Drawn> = row.iter().zip(&fill).map(|(d, n)| match d { Drawn::Given(_) => d.clone(), _ => Drawn::Given(*n) }).collect();
            let (closed, _) = sheet_of(instrument, &closed);
            let (before, after) = (scorer.score(&open, &context), scorer.score(&closed, &context));
            for (open, closed) in before.scales().zip(after.scales()) {
                let rules = instrument.definition().items.iter().any(|i| i.when_blank.is_some() || i.ask_if.is_some());
                let prorated = open.definition().missing != screening_core::instrument::model::Missing::Complete;
                if rules || prorated || depends_on_prorated(instrument, &open.definition().id) { continue; }
                if let (Some(value), None) = (closed.value(), open.value()) {
                    let (lo, hi) = open.bounds();
                    prop_assert!(lo - 1e-9 <= value && value <= hi + 1e-9, "{}.{}: {value} outside {lo}..{hi}", instrument.id(), open.definition().id);
                }
                if let (Some(open_band), false) = (open.band_id(), closed.band_undecided()) {
                    prop_assert_eq!(Some(open_band), closed.band_id());
                }
            }
            let rules = instrument.definition().items.iter().any(|i| i.when_blank.is_some() || i.ask_if.is_some());
            for (open, closed) in before.flags().zip(after.flags()).filter(|_| !rules) {
                prop_assert!(open.state == closed.state || open.state.known().is_none());
            }
        }
    }
}

/// Prorated scores are estimates by rule, not certainties; so is whatever is computed from them. Rules that count blanks
/// themselves are not certainties either.
fn depends_on_prorated(instrument: &Instrument, scale: &str) -> bool {
    use screening_core::instrument::expr::{Expr, Function};
    let definition = instrument.definition();
    let Some(scale) = definition.scales.iter().find(|s| s.id == scale) else { return false };
    if scale.missing != screening_core::instrument::model::Missing::Complete {
        return true;
    }
    let mut found = scale.of.iter().any(|id| depends_on_prorated(instrument, id));
    let texts = scale.formula.iter().chain(scale.cases.iter().filter_map(|c| c.when.as_ref()));
    for expr in texts.filter_map(|text| Expr::parse(text).ok()) {
        expr.walk(&mut |part| match part {
            Expr::Scale(id) => found |= depends_on_prorated(instrument, id),
            Expr::Call(Function::Missing | Function::CountMissing, _) => found = true,
            _ => {}
        });
    }
    found
}

#[test]
fn unsigned_bytes_above_127_are_refused_not_read_as_missing() {
    let library = &*LIBRARY;
    let scorer = Scorer::new(library.get("gad-7").unwrap()).unwrap();
    let columns = (1..=7).map(|item| {
        let codes: Vec<u8> = if item == 3 { vec![1, 128, 255] } else { vec![1, 1, 1] };
        Column::new(format!("gad-7.{item}").into(), codes)
    });
    let scored = scorer.score_frame(&DataFrame::new(3, columns.collect()).unwrap(), &FrameOptions::default()).unwrap();
    let issues: Vec<_> = scored.issues().iter().map(|i| (i.row, i.column.as_str(), i.value.as_str())).collect();
    assert_eq!(issues, [(1, "gad-7.3", "128"), (2, "gad-7.3", "255")]);
    assert_eq!(scored.value(0, 0), Some(7.0));
    assert_eq!(scored.value(0, 1), None);
}

#[test]
fn unsigned_bytes_with_nulls_keep_nulls_and_large_numbers_apart() {
    let library = &*LIBRARY;
    let scorer = Scorer::new(library.get("gad-7").unwrap()).unwrap();
    let columns = (1..=7).map(|item| {
        let codes = if item == 3 { [Some(1_u8), None, Some(128)] } else { [Some(1); 3] };
        UInt8Chunked::from_iter_options(format!("gad-7.{item}").into(), codes.into_iter()).into_column()
    });
    let scored = scorer.score_frame(&DataFrame::new(3, columns.collect()).unwrap(), &FrameOptions::default()).unwrap();
    let issues: Vec<_> = scored.issues().iter().map(|i| (i.row, i.column.as_str(), i.value.as_str())).collect();
    assert_eq!(issues, [(2, "gad-7.3", "128")]);
    assert_eq!([0, 1, 2].map(|row| scored.value(0, row)), [Some(7.0), None, None]);
    assert_eq!(scored.bounds(0, 1), Some((6.0, 9.0)));
}

#[test]
fn long_frames_cross_blocks_and_chunks() {
    let library = &*LIBRARY;
    let scorer = Scorer::new(library.get("gad-7").unwrap()).unwrap();
    let rows = 70_001_usize;
    let columns = (1..=7_usize).map(|item| {
        let codes = (0..rows).map(|row| if (row * 7 + item) % 97 == 0 { None } else { Some(((row + item) % 4) as u8) });
        UInt8Chunked::from_iter_options(format!("gad-7.{item}").into(), codes).into_column()
    });
    let frame = DataFrame::new(rows, columns.collect()).unwrap();
    let scored = scorer.score_frame(&frame, &FrameOptions::default()).unwrap();
    // A null is a skipped answer, and nothing that would have to be reported.
    assert!(scored.issues().is_empty(), "{:?}", scored.issues().first());
    for row in (0..rows).step_by(137).chain([1023, 1024, 4095, 4096, 65_535, 65_536, rows - 1]) {
        let codes: Vec<Option<u32>> = (1..=7)
            .map(|item| if (row * 7 + item) % 97 == 0 { None } else { Some(((row + item) % 4) as u32) })
            .collect();
        let sum = codes.iter().try_fold(0, |sum, code| code.map(|c| sum + c));
        assert_eq!(scored.value(0, row), sum.map(f64::from), "row {row}");
    }
    let out = scored.to_frame().unwrap();
    assert_eq!(out.height(), rows);
    assert!(out.column("gad-7.total.band").is_ok());
}

#[test]
fn a_frame_without_rows_has_the_columns_of_any_other() {
    let scorer = Scorer::new(LIBRARY.get("phq-9").unwrap()).unwrap();
    let items: Vec<Column> = (1..=9).map(|item| Column::new(format!("phq-9.{item}").into(), [0_i8, 3])).collect();
    let frame = DataFrame::new(2, items).unwrap();
    let columns = |frame: &DataFrame| {
        let scores = scorer.score_frame(frame, &FrameOptions::default()).unwrap().to_frame().unwrap();
        scores.get_column_names_owned()
    };
    assert_eq!(columns(&frame.slice(0, 0)), columns(&frame));
}

/// Theta from item parameters: a form with a reversed item and two models. Both drivers give what the library of
/// psychometrics gives, with and without holes, and bounds where too few are answered.
#[test]
fn scores_from_item_parameters_are_those_of_the_library() {
    let text = r#"
schema = 1
id = "theta"
version = "1.0.0"
name = { en = "x", zh-CN = "x" }
abbreviation = "X"
construct = ["mood"]
informant = "self"
recall = { en = "x", zh-CN = "x" }
evidence = "high"
licence = { status = "free", note = { en = "x", zh-CN = "x" } }
option-sets.default = [
  { code = 1, label = { en = "a", zh-CN = "a" } },
  { code = 2, label = { en = "b", zh-CN = "b" } },
  { code = 3, label = { en = "c", zh-CN = "c" } },
]
items = [
  { id = "1", label = { en = "1", zh-CN = "1" } },
  { id = "2", label = { en = "2", zh-CN = "2" }, reverse = true },
  { id = "3", label = { en = "3", zh-CN = "3" } },
]
examples = []

[[scales]]
id = "t"
name = { en = "t", zh-CN = "t" }
method = "item-response"
items = ["1-3"]
missing = { rule = "as-answered", min-answered = 2 }
round = { mode = "half-up", decimals = 3 }
direction = "higher-worse"

[scales.response]
metric = { mean = 50.0, sd = 10.0 }

[scales.response.parameters]
1 = { model = "graded", a = 1.4, b = [-0.6, 0.8] }
2 = { model = "partial-credit", a = 0.9, b = [0.4, -0.1] }
3 = { model = "graded", a = 2.1, b = [0, 1.2] }

[sources]
S1 = { cite = "x", kind = "own" }
"#;
    use screening_core::psychometrics::Responses;
    use screening_core::psychometrics::irt::{ItemBank, PersonScorer, ScoreOptions};

    let instrument = Instrument::from_toml(text).unwrap();
    let scorer = Scorer::new(&instrument).unwrap();
    let answers = [None, Some(1_i64), Some(2), Some(3)];
    let rows: Vec<[Option<i64>; 3]> =
        (0..64_usize).map(|at| [answers[at % 4], answers[at / 4 % 4], answers[at / 16]]).collect();
    let columns = (0..3).map(|item| {
        let cells: Vec<Option<i64>> = rows.iter().map(|row| row[item]).collect();
        Column::new(format!("theta.{}", item + 1).into(), cells)
    });
    let frame = DataFrame::new(64, columns.collect()).unwrap();
    let sheets = scorer.score_frame(&frame, &FrameOptions::default()).unwrap();

    // The library takes keyed answers: item 2 is turned by its range.
    let keyed: Vec<[Option<i64>; 3]> = rows.iter().map(|row| [row[0], row[1].map(|code| 4 - code), row[2]]).collect();
    let bank = ItemBank::of_scale(instrument.definition(), "t").unwrap().unwrap();
    let library = PersonScorer::new(bank, ScoreOptions::default()).unwrap();
    let expected = library.score(&Responses::from_rows(["1", "2", "3"], &keyed).unwrap()).unwrap().t_scores();
    let mut undecided = 0;
    for (row, answered) in rows.iter().enumerate() {
        let mut sheet = Sheet::blank(&instrument);
        for (item, code) in answered.iter().enumerate() {
            if let Some(code) = code {
                sheet.set(&instrument, &(item + 1).to_string(), &code.to_string()).unwrap();
            }
        }
        let scores = scorer.score(&sheet, &Context::default());
        let view = scores.scale("t").unwrap();
        // A frame keeps bounds in single precision.
        let single = |(low, high): (f64, f64)| (low as f32, high as f32);
        assert_eq!(view.value(), sheets.value(0, row), "{answered:?}");
        assert_eq!(Some(single(view.bounds())), sheets.bounds(0, row).map(single), "{answered:?}");
        let known = answered.iter().flatten().count();
        assert_eq!(view.answered(), known);
        match view.value() {
            Some(value) => assert!((value - expected.persons[row].theta).abs() <= 0.000_5 + 1e-9, "{answered:?}"),
            None => {
                undecided += 1;
                let (low, high) = view.bounds();
                let own = expected.persons[row].theta;
                assert!(known < 2 && low < high && (known == 0 || low <= own && own <= high), "{answered:?}");
            }
        }
    }
    assert_eq!(undecided, 10);

    for (wrong, told) in [
        ("round = { mode = \"half-up\", decimals = 3 }\n", "needs `round`"),
        ("3 = { model = \"graded\", a = 2.1, b = [0, 1.2] }\n", "no parameters"),
    ] {
        let error = Instrument::from_toml(&text.replace(wrong, "")).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    for (wrong, told) in [("b = [-0.6, 0.8]", "b = [0.8, -0.6]"), ("sd = 10.0", "sd = -1.0"), ("a = 0.9", "a = 0.0")] {
        assert!(Instrument::from_toml(&text.replace(wrong, told)).is_err(), "{told}");
    }
    // One threshold too few for three answers.
    let short = Instrument::from_toml(&text.replace("b = [0, 1.2]", "b = [0]")).unwrap();
    assert!(Scorer::new(&short).is_err());
}
