//! Sheets that are still being filled in.

use crate::instrument::model::{Definition, Missing};
use crate::instrument::{Instrument, ItemKind};

use super::{CompileError, Scorer, ScoringOptions, plan};

impl Scorer {
    /// Compiles a scorer for sheets that are still being filled in: a question that has no answer yet may still get any.
    ///
    /// No missing rule is applied, no blank is replaced, and whether an answer is missing cannot be said, since nothing was left
    /// out yet. So every score has the range that the finished sheet can still reach ([`super::ScaleView::bounds`]), and bands, flags and validity rules are decided as
    /// soon as no further answer can change them.
    ///
    /// # Errors
    /// As [`Self::with_options`].
    ///
    /// ```
    /// use screening_core::answers::{Context, Tri};
    /// use screening_core::instrument::Library;
    /// use screening_core::scoring::{Scorer, ScoringOptions, Sheet};
    ///
    /// let library = Library::bundled()?;
    /// let phq = library.get("phq-9").expect("bundled");
    /// let scorer = Scorer::for_open_sheets(phq, ScoringOptions::default())?;
    /// let mut sheet = Sheet::blank(phq);
    /// sheet.set(phq, "1", "3")?;
    /// sheet.set(phq, "9", "1")?;
    /// let scores = scorer.score(&sheet, &Context::default());
    /// assert_eq!(scores.scale("total").unwrap().bounds(), (4.0, 25.0));
    /// // The critical answer is seen before the sheet is handed in.
    /// assert!(scores.flags().any(|flag| flag.definition.id == "item-9" && flag.state == Tri::Yes));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_open_sheets(instrument: &Instrument, options: ScoringOptions) -> Result<Self, CompileError> {
        let open = Instrument::from_parts(opened(instrument.definition()), instrument.hash().to_owned());
        let plan = plan::compile(&open, &options.cutoffs).map_err(|diagnostic| CompileError {
            instrument: instrument.id().to_owned(),
            diagnostic: Box::new(diagnostic),
        })?;
        Ok(Self { instrument: instrument.clone().into(), options, plan: plan.into() })
    }
}

/// The definition without anything that a blank leads to.
fn opened(finished: &Definition) -> Definition {
    let mut definition = finished.clone();
    let open = |text: &mut String| *text = undecided_missing(finished, text);
    for item in &mut definition.items {
        item.when_blank = None;
        item.ask_if.as_mut().into_iter().for_each(open);
    }
    for scale in &mut definition.scales {
        scale.missing = Missing::Complete;
        scale.formula.as_mut().into_iter().for_each(open);
        for case in &mut scale.cases {
            case.when.as_mut().into_iter().for_each(open);
            open(&mut case.value);
        }
    }
    definition.flags.iter_mut().for_each(|flag| open(&mut flag.when));
    definition.validity.iter_mut().for_each(|rule| open(&mut rule.when));
    definition
}

/// An expression in which `missing(q)` cannot be said of a blank. `q == c and q != c`, for a code `c` of the item, does just
/// that: it is no of every answer, and both halves are open while there is none.
fn undecided_missing(definition: &Definition, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("missing(") {
        let (before, call) = rest.split_at(at);
        let (before, counted) = before.strip_suffix("count_").map_or((before, false), |before| (before, true));
        let Some((arguments, after)) = call["missing(".len()..].split_once(')') else { break };
        let parts: Vec<String> = arguments.split(',').map(|item| neither(definition, item.trim())).collect();
        out.push_str(before);
        let joined = parts.join(", ");
        if counted {
            out.extend(["count(", &joined, ")"]);
        } else {
            out.push_str(&joined);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn neither(definition: &Definition, name: &str) -> String {
    let item = definition.items.iter().find(|item| name.strip_prefix('q') == Some(item.id.as_str()));
    let code = item.and_then(|item| match item.kind {
        ItemKind::Choice => definition.options_of(item).first().map(|option| option.code.to_string()),
        ItemKind::Number => item.range.map(|[low, _]| low.to_string()),
        ItemKind::Clock => Some("0".to_owned()),
    });
    let code = code.unwrap_or_else(|| "0".to_owned());
    format!("({name} == {code} and {name} != {code})")
}

#[cfg(all(test, feature = "bundled"))]
mod tests {
    use crate::answers::{Context, Tri};
    use crate::instrument::{ItemKind, Library};
    use crate::scoring::{Scorer, ScoringOptions, Sheet};

    /// An answer to every item, picked by `pick`.
    fn filled(scorer: &Scorer, pick: impl Fn(usize) -> usize) -> Sheet {
        let instrument = scorer.instrument();
        let mut sheet = Sheet::blank(instrument);
        for (at, item) in instrument.definition().items.iter().enumerate() {
            let options = instrument.definition().options_of(item);
            let text = match item.kind {
                ItemKind::Choice => options[pick(at) % options.len()].code.to_string(),
                ItemKind::Number => item.range.map_or_else(|| "1".to_owned(), |[low, _]| low.to_string()),
                ItemKind::Clock => format!("{:02}:00", pick(at) % 24),
            };
            sheet.set(instrument, &item.id, &text).unwrap();
        }
        sheet
    }

    #[test]
    fn the_finished_sheet_lies_within_the_range_of_the_open_one_for_every_instrument() {
        let library = Library::bundled().unwrap();
        for instrument in library.iter() {
            let open = Scorer::for_open_sheets(instrument, ScoringOptions::default()).unwrap();
            let done = Scorer::new(instrument).unwrap();
            let context = Context { sex: Some(crate::answers::Sex::Female), grade: Some(8), age_months: Some(14 * 12) };
            for seed in 0..3 {
                let whole = filled(&done, |at| at * 7 + seed);
                let mut part = Sheet::blank(instrument);
                for (at, item) in instrument.definition().items.iter().enumerate().filter(|(at, _)| at % 3 != seed) {
                    match instrument.slot(at) {
                        crate::instrument::ItemSlot::Narrow(slot) => part.narrow[slot] = whole.narrow[slot],
                        crate::instrument::ItemSlot::Wide(slot) => part.wide[slot] = whole.wide[slot],
                    }
                    assert!(part.missing(instrument, at).is_none(), "{}", item.id);
                }
                let (before, after) = (open.score(&part, &context), done.score(&whole, &context));
                for (early, late) in before.scales().zip(after.scales()) {
                    let name = format!("{}.{}", instrument.id(), late.definition().id);
                    let (low, high) = early.bounds();
                    let (first, last) = late.bounds();
                    assert!(low <= first && last <= high, "{name}: {first}..{last} is not in {low}..{high}");
                    assert!(early.band_id().is_none() || early.band_id() == late.band_id(), "{name}: the band changed");
                }
                for (early, late) in before.flags().zip(after.flags()) {
                    let name = format!("{}.{}", instrument.id(), early.definition.id);
                    assert!(early.state == Tri::Unknown || early.state == late.state, "{name}");
                }
                for (early, late) in before.validity().zip(after.validity()) {
                    let name = format!("{}.{}", instrument.id(), early.definition.id);
                    assert!(early.state == Tri::Unknown || early.state == late.state, "{name}");
                }
            }
        }
    }

    #[test]
    fn a_missing_rule_does_not_prorate_a_sheet_that_is_not_finished() {
        let library = Library::bundled().unwrap();
        let prorated = library.iter().find_map(|instrument| {
            let scale = instrument
                .definition()
                .scales
                .iter()
                .position(|scale| matches!(scale.missing, crate::instrument::model::Missing::Prorate { .. }))?;
            Some((instrument, scale))
        });
        let (instrument, scale) = prorated.expect("some instrument prorates");
        let done = Scorer::new(instrument).unwrap();
        let whole = filled(&done, |_| 1);
        let mut part = whole.clone();
        let items = &instrument.definition().scales[scale].items;
        let first = instrument.definition().expand_items(items).unwrap()[0];
        let id = instrument.definition().items[first].id.clone();
        part.set_missing(instrument, &id, crate::answers::Missing::Skipped).unwrap();
        let open = Scorer::for_open_sheets(instrument, ScoringOptions::default()).unwrap();
        let value = |scorer: &Scorer, sheet: &Sheet| {
            scorer.score(sheet, &Context::default()).scales().nth(scale).and_then(|scale| scale.value())
        };
        assert!(value(&done, &part).is_some(), "the missing rule applies to a sheet that was handed in");
        assert_eq!(value(&open, &part), None, "and not before");
    }

    #[test]
    fn a_question_that_is_still_open_is_not_a_question_left_out() {
        let library = Library::bundled().unwrap();
        let mut told = 0;
        for instrument in library.iter() {
            let done = Scorer::new(instrument).unwrap();
            let open = Scorer::for_open_sheets(instrument, ScoringOptions::default()).unwrap();
            let blank = Sheet::blank(instrument);
            let (before, after) = (open.score(&blank, &Context::default()), done.score(&blank, &Context::default()));
            told += after.flags().filter(|flag| flag.state == Tri::Yes).count();
            assert!(before.flags().all(|flag| flag.state != Tri::Yes), "{}", instrument.id());
        }
        assert!(told > 0, "some instrument counts a blank as a sign, so that the test says something");
    }
}
