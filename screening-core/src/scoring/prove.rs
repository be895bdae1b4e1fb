//! The part of a definition's checks that computes scores: reachable ranges, tables without holes, both sides of every
//! cut-off, one probe per item, and the worked examples.

use crate::answers::{Context, Missing, Tri};
use crate::instrument::model::{ExampleAnswer, ExampleDef, ExampleValue, Method};
use crate::instrument::{Diagnostic, Instrument, ItemKind, Place};
use crate::place;

use super::plan::Val;
use super::row::{Band, band};
use super::{Scorer, ScoringOptions, Sheet};

/// Everything that is wrong with an instrument when it is run. Empty means proved.
///
/// ```
/// use screening_core::instrument::Library;
/// let library = Library::bundled()?;
/// assert!(screening_core::scoring::prove(library.get("phq-9").expect("bundled")).is_empty());
/// # Ok::<(), screening_core::instrument::LibraryError>(())
/// ```
pub fn prove(instrument: &Instrument) -> Vec<Diagnostic> {
    let scorer = match Scorer::new(instrument) {
        Ok(scorer) => scorer,
        Err(error) => return vec![*error.diagnostic],
    };
    let mut findings = Vec::new();
    for at in 0..instrument.definition().scales.len() {
        range(&scorer, at, &mut findings);
        table(&scorer, at, &mut findings);
        cutoffs(&scorer, at, &mut findings);
    }
    every_set(instrument, &mut findings);
    for position in 0..instrument.definition().items.len() {
        probe(&scorer, position, &mut findings);
    }
    for (at, example) in instrument.definition().examples.iter().enumerate() {
        run_example(&scorer, at, example, &mut findings);
    }
    findings
}

/// Stated and computed range of a scale.
fn range(scorer: &Scorer, at: usize, findings: &mut Vec<Diagnostic>) {
    let scale = &scorer.instrument.definition().scales[at];
    let (Some([low, high]), Some((lo, hi))) = (scale.range, scorer.reachable(at)) else { return };
    let (low, high) = (low.to_f64(), high.to_f64());
    // Intervals of formulas may be wider than what answers can produce; those of sums are exact.
    let exact = scale.method.is_item_method() || scale.method == Method::SumOfScales;
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    let agrees = if exact { near(low, lo) && near(high, hi) } else { low >= lo - 1e-9 && high <= hi + 1e-9 };
    if !agrees {
        findings.push(Diagnostic::error(
            "range",
            place!["scales", at, "range"],
            format!("the file states {low} to {high}, the items give {lo} to {hi}"),
            "check the item list, the option codes and the recode table",
        ));
    }
}

/// A look-up table must answer every value its source can take.
fn table(scorer: &Scorer, at: usize, findings: &mut Vec<Diagnostic>) {
    let scale = &scorer.instrument.definition().scales[at];
    if scale.method != Method::Lookup {
        return;
    }
    let Some((lo, hi)) = scale
        .of
        .first()
        .and_then(|id| scorer.instrument.scale_position(id))
        .and_then(|source| scorer.reachable(source))
    else {
        return;
    };
    for (n, (_, table)) in scale.lookup_tables().enumerate() {
        let path = if scale.tables.is_empty() {
            place!["scales", at, "table"]
        } else {
            place!["scales", at, "tables", n, "table"]
        };
        table_covers(table, (lo, hi), scale.holes, &path, findings);
    }
}

fn table_covers(
    table: &indexmap::IndexMap<String, crate::stats::Decimal>,
    (lo, hi): (f64, f64),
    holes: bool,
    path: &[Place],
    findings: &mut Vec<Diagnostic>,
) {
    let keys: Vec<f64> = table.keys().filter_map(|key| key.parse().ok()).collect();
    let mut raw = lo;
    while raw <= hi && !holes {
        if !keys.iter().any(|key| (key - raw).abs() < 1e-9) {
            let message = format!("raw {raw} can be reached, but has no entry");
            findings.push(Diagnostic::error(
                "table-gap",
                path.to_vec(),
                message,
                "add the printed value, or say `holes = true` when the printed table has none",
            ));
        }
        raw += 1.0;
    }
    if let Some(outside) = keys.iter().find(|key| **key < lo || **key > hi) {
        let message = format!("raw {outside} can never be reached (the source runs from {lo} to {hi})");
        findings.push(Diagnostic::error("table-range", path.to_vec(), message, "check the table or the source scale"));
    }
}

/// At each start the band begins, one step below it the band before is still in force.
fn cutoffs(scorer: &Scorer, at: usize, findings: &mut Vec<Diagnostic>) {
    let plan = &scorer.plan.scales[at];
    let val: Val = plan.val;
    for (n, cutoff) in plan.cutoffs.iter().enumerate() {
        for (step, &(num, den)) in cutoff.exact.iter().enumerate() {
            let path = place!["cutoffs", cutoff.index, "bands", step + 1];
            if val.per_lane() {
                continue;
            }
            let (start, lo, hi) =
                (num as f64 / den as f64, val.lo as f64 / val.den as f64, val.hi as f64 / val.den as f64);
            if start <= lo || start > hi {
                let message = format!("the band starts at {start}, but the score runs from {lo} to {hi}");
                findings.push(Diagnostic::error(
                    "band-unreachable",
                    path,
                    message,
                    "check the cut-off or the coding it was published for",
                ));
                continue;
            }
            let first = cutoff.starts[step];
            let at_start = band(plan, Some(n), first, first, val.den) == Band::Known(cutoff.bands[step + 1]);
            let below = band(plan, Some(n), first - 1, first - 1, val.den) == Band::Known(cutoff.bands[step]);
            if !(at_start && below) {
                findings.push(Diagnostic::error(
                    "band-edge",
                    path,
                    "the two sides of the cut-off do not get the two bands",
                    "report this as a defect of the engine",
                ));
            }
        }
    }
}

/// Sets that are not the default are compiled and checked too.
fn every_set(instrument: &Instrument, findings: &mut Vec<Diagnostic>) {
    let definition = instrument.definition();
    for cutoff in definition.cutoffs.iter().filter(|cutoff| !cutoff.default) {
        let chosen = cutoff.scales.iter().map(|scale| (scale.clone(), cutoff.id.clone())).collect();
        match Scorer::with_options(instrument, ScoringOptions { cutoffs: chosen }) {
            Err(error) => findings.push(*error.diagnostic),
            Ok(scorer) => {
                for at in cutoff.scales.iter().filter_map(|id| instrument.scale_position(id)) {
                    cutoffs(&scorer, at, findings);
                }
            }
        }
    }
    findings.dedup();
}

/// A sheet with every choice at its lowest keyed code and every number and time at a plausible middle.
fn baseline(instrument: &Instrument) -> Sheet {
    let mut sheet = Sheet::blank(instrument);
    for item in &instrument.definition().items {
        let codes = instrument.definition().options_of(item).iter().map(|option| option.code);
        let answer = match item.kind {
            ItemKind::Choice => if item.reverse { codes.max() } else { codes.min() }.unwrap_or_default().to_string(),
            ItemKind::Clock => "12:00".to_owned(),
            ItemKind::Number => item.range.map_or_else(String::new, |[low, _]| low.to_string()),
        };
        // A baseline that is not allowed shows up as an error of the examples.
        let _ = sheet.set(instrument, &item.id, &answer);
    }
    sheet
}

/// Changing one item alone moves each sum, mean or count it is in by the right amount, and no other.
fn probe(scorer: &Scorer, position: usize, findings: &mut Vec<Diagnostic>) {
    let instrument = &scorer.instrument;
    let definition = instrument.definition();
    let item = &definition.items[position];
    if item.kind != ItemKind::Choice {
        return;
    }
    let sheet = baseline(instrument);
    let before = scorer.score(&sheet, &Context::default());
    let base = sheet.answer(instrument, position).unwrap_or_default();
    for option in definition.options_of(item) {
        let mut changed = sheet.clone();
        if changed.set(instrument, &item.id, &option.code.to_string()).is_err() {
            continue;
        }
        let after = scorer.score(&changed, &Context::default());
        for (at, scale) in
            definition.scales.iter().enumerate().filter(|(_, s)| matches!(s.method, Method::Sum | Method::Mean))
        {
            let positions = definition.expand_items(&scale.items).unwrap_or_default();
            let contribution = |code: i32| -> f64 {
                let codes = || definition.options_of(item).iter().map(|o| i32::from(o.code));
                let keyed =
                    if item.reverse { codes().min().unwrap_or(0) + codes().max().unwrap_or(0) - code } else { code };
                let table = scale.recode.as_ref().and_then(|name| definition.recodes.get(name));
                table.map_or(f64::from(keyed), |t| t.get(&keyed.to_string()).map_or(0.0, |v| v.to_f64()))
            };
            let step = contribution(i32::from(option.code)) - contribution(base);
            let divisor = if scale.method == Method::Mean { positions.len() as f64 } else { 1.0 };
            let expected = if positions.contains(&position) {
                step / divisor * scale.multiplier.map_or(1.0, crate::stats::Decimal::to_f64)
            } else {
                0.0
            };
            let values =
                before.scale(&scale.id).and_then(|v| v.value()).zip(after.scale(&scale.id).and_then(|v| v.value()));
            if scale.round.is_none() && values.is_some_and(|(old, new)| (new - old - expected).abs() > 1e-9) {
                let message = format!(
                    "answering item `{}` with {} instead of {base} moves `{}` by another amount than {expected}",
                    item.id, option.code, scale.id
                );
                findings.push(Diagnostic::error(
                    "probe",
                    place!["scales", at],
                    message,
                    "check keying and recoding of the item",
                ));
            }
        }
    }
}

fn run_example(scorer: &Scorer, at: usize, example: &ExampleDef, findings: &mut Vec<Diagnostic>) {
    let wrong = |part: &str, message: String| {
        Diagnostic::error(
            "example",
            place!["examples", at, part],
            message,
            "recompute the example by hand; correct the example or the definition",
        )
    };
    let sheet = match example_sheet(&scorer.instrument, example) {
        Ok(sheet) => sheet,
        Err(message) => {
            findings.push(wrong("answers", message));
            return;
        }
    };
    let context = example.context.as_ref().map_or_else(Context::default, |c| Context {
        sex: c.sex,
        grade: c.grade,
        age_months: c.age.map(|years| u16::from(years) * 12),
    });
    let scores = scorer.score(&sheet, &context);
    for (id, expected) in &example.scores {
        let Some(scale) = scores.scale(id) else {
            findings.push(wrong("scores", format!("there is no scale `{id}`")));
            continue;
        };
        let agrees = match expected {
            ExampleValue::Text(word) if word == "missing" => scale.value().is_none(),
            ExampleValue::Text(word) => scale.word() == Some(word),
            ExampleValue::Int(number) => scale.value().is_some_and(|v| close(v, *number as f64, example.decimals)),
            ExampleValue::Float(number) => scale.value().is_some_and(|v| close(v, *number, example.decimals)),
        };
        if !agrees {
            let found = scale
                .word()
                .map(str::to_owned)
                .or(scale.value().map(|v| v.to_string()))
                .unwrap_or_else(|| "missing".to_owned());
            findings.push(wrong("scores", format!("`{id}` should be {}, the engine gives {found}", told(expected))));
        }
    }
    bands(scorer, &sheet, &context, example, &wrong, findings);
    let flags = scores.flags().map(|f| (&f.definition.id, f.state));
    raised("flags", example.flags.as_deref(), flags, &wrong, findings);
    let rules = scores.validity().map(|v| (&v.definition.id, v.state));
    raised("invalid", example.invalid.as_deref(), rules, &wrong, findings);
}

/// An expected value for people.
fn told(expected: &ExampleValue) -> String {
    match expected {
        ExampleValue::Int(number) => number.to_string(),
        ExampleValue::Float(number) => number.to_string(),
        ExampleValue::Text(word) => word.clone(),
    }
}

fn close(value: f64, expected: f64, decimals: Option<u8>) -> bool {
    let tolerance = decimals.map_or(1e-6, |d| 0.5 * 10_f64.powi(-i32::from(d)) + 1e-9);
    (value - expected).abs() <= tolerance
}

fn raised<'a>(
    part: &str,
    expected: Option<&[String]>,
    found: impl Iterator<Item = (&'a String, Tri)>,
    wrong: &dyn Fn(&str, String) -> Diagnostic,
    findings: &mut Vec<Diagnostic>,
) {
    let Some(expected) = expected else { return };
    let mut known = Vec::new();
    for (id, state) in found {
        known.push(id);
        if state.is_yes() != expected.contains(id) {
            findings.push(wrong(part, format!("`{id}` is {}", state.word())));
        }
    }
    for id in expected.iter().filter(|id| !known.contains(id)) {
        findings.push(wrong(part, format!("there is no `{id}`")));
    }
}

fn bands(
    scorer: &Scorer,
    sheet: &Sheet,
    context: &Context,
    example: &ExampleDef,
    wrong: &dyn Fn(&str, String) -> Diagnostic,
    findings: &mut Vec<Diagnostic>,
) {
    for (key, expected) in &example.bands {
        let (set, scale) = key.split_once(':').map_or((None, key.as_str()), |(set, scale)| (Some(set), scale));
        let cutoffs = set.map(|set| [(scale.to_owned(), set.to_owned())].into()).unwrap_or_default();
        let chosen = Scorer::with_options(&scorer.instrument, ScoringOptions { cutoffs });
        let chosen = match chosen {
            Ok(chosen) => chosen,
            Err(error) => {
                findings.push(wrong("bands", error.diagnostic.message.clone()));
                continue;
            }
        };
        let scores = chosen.score(sheet, context);
        let Some(view) = scores.scale(scale) else {
            findings.push(wrong("bands", format!("there is no scale `{scale}`")));
            continue;
        };
        let found = view.band_id().unwrap_or("cannot-say");
        if found != expected {
            findings.push(wrong("bands", format!("`{key}` should be {expected}, the engine gives {found}")));
        }
    }
}

fn example_sheet(instrument: &Instrument, example: &ExampleDef) -> Result<Sheet, String> {
    let items = &instrument.definition().items;
    if items.len() != example.answers.len() {
        return Err(format!("{} answers for {} items", example.answers.len(), items.len()));
    }
    let mut sheet = Sheet::blank(instrument);
    for (item, answer) in items.iter().zip(&example.answers) {
        let text = match answer {
            ExampleAnswer::Int(code) => code.to_string(),
            ExampleAnswer::Float(number) => number.to_string(),
            ExampleAnswer::Text(text) => text.clone(),
        };
        let stored = if text.is_empty() {
            sheet.set_missing(instrument, &item.id, Missing::Skipped)
        } else {
            sheet.set(instrument, &item.id, &text)
        };
        stored.map_err(|e| e.to_string())?;
    }
    Ok(sheet)
}
