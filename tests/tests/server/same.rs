//! The server says what the engine says: random sheets to random instruments.

use std::sync::LazyLock;

use proptest::prelude::*;
use screening_core::answers::{Context, Missing, Sex, Tri};
use screening_core::instrument::{ItemKind, Library};
use screening_core::scoring::{Scorer, ScoringOptions, Sheet};
use serde_json::{Map, Value, json};

use crate::client::SHARED;

static SCORERS: LazyLock<Vec<[Scorer; 2]>> = LazyLock::new(|| {
    let library = Library::bundled().unwrap();
    let both = library.iter().map(|instrument| {
        [Scorer::new(instrument).unwrap(), Scorer::for_open_sheets(instrument, ScoringOptions::default()).unwrap()]
    });
    both.collect()
});

/// Answers as the engine takes them, set as texts, and as the server takes them.
fn drawn(scorer: &Scorer, draws: &[u8], partial: bool) -> (Sheet, Value) {
    let instrument = scorer.instrument();
    let mut sheet = Sheet::blank(instrument);
    let mut answers = Map::new();
    for (at, item) in instrument.definition().items.iter().enumerate() {
        let draw = draws[at % draws.len()];
        let options = instrument.definition().options_of(item);
        let (text, value) = match (draw % 13, item.kind) {
            (0, _) => (None, Value::Null),
            (1, _) if partial => continue,
            (2, _) => {
                sheet.set_missing(instrument, &item.id, Missing::Refused).unwrap();
                answers.insert(item.id.clone(), json!({ "missing": "refused" }));
                continue;
            }
            (_, ItemKind::Choice) => {
                let code = options[usize::from(draw) % options.len()].code;
                (Some(code.to_string()), json!(code))
            }
            (_, ItemKind::Number) => {
                let low = item.range.map_or(1.0, |[low, _]| low.to_f64());
                (Some(low.to_string()), json!(low))
            }
            (_, ItemKind::Clock) => {
                let text = format!("{:02}:{:02}", draw % 24, draw % 60);
                (Some(text.clone()), json!(text))
            }
        };
        if let Some(text) = text {
            sheet.set(instrument, &item.id, &text).unwrap();
        }
        answers.insert(item.id.clone(), value);
    }
    (sheet, Value::Object(answers))
}

/// A number as the reader of this test reads it from an answer: the last bit of a long one may be lost there, and only there.
fn as_read(number: f64) -> f64 {
    serde_json::from_str(&number.to_string()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_answer_is_what_the_row_driver_says(
        which in any::<prop::sample::Index>(),
        draws in prop::collection::vec(any::<u8>(), 5..60),
        partial in any::<bool>(),
        sex in prop::option::of(prop::sample::select(vec![Sex::Male, Sex::Female, Sex::Other])),
        grade in prop::option::of(1..=12_u8),
        age in prop::option::of(5..20_u16),
    ) {
        let scorer = &which.get(&SCORERS)[usize::from(partial)];
        let instrument = scorer.instrument();
        let (sheet, answers) = drawn(scorer, &draws, partial);
        let context = Context { sex, grade, age_months: age.map(|years| years * 12) };
        let scores = scorer.score(&sheet, &context);
        let body = json!({
            "answers": answers, "partial": partial, "explain": false,
            "context": { "sex": sex.map(Sex::word), "grade": grade, "age": age },
        });
        let answer = SHARED.post(&format!("/api/v1/score/{}", instrument.id()), &body.to_string());
        prop_assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        prop_assert_eq!(&answer["provenance"]["instruments"][0], &instrument.citation());
        for scale in scores.scales() {
            let id = &scale.definition().id;
            let told = &answer["scores"][id];
            prop_assert_eq!(told["value"].as_f64(), scale.value().map(as_read), "{}.{}", instrument.id(), id);
            prop_assert_eq!(told["word"].as_str(), scale.word());
            prop_assert_eq!(told["band"]["id"].as_str(), scale.band_id());
            prop_assert_eq!(told["band_open"].as_bool(), Some(scale.band_undecided()));
            if let Some(range) = told["range"].as_array() {
                let (low, high) = scale.bounds();
                prop_assert_eq!((range[0].as_f64(), range[1].as_f64()), (Some(as_read(low)), Some(as_read(high))));
            } else {
                prop_assert!(scale.value().is_none());
            }
            if scale.items() > 0 {
                let missing = told["missing"].as_array().map_or(0, Vec::len);
                prop_assert_eq!(told["answered"].as_u64(), Some(scale.answered() as u64));
                prop_assert_eq!(missing, scale.items() - scale.answered());
            }
        }
        for flag in scores.flags() {
            prop_assert_eq!(answer["flags"][&flag.definition.id]["state"].as_str(), Some(flag.state.word()));
        }
        for rule in scores.validity() {
            prop_assert_eq!(answer["validity"]["rules"][&rule.definition.id]["state"].as_str(), Some(rule.state.word()));
        }
        let critical = scores.flags().filter(|flag| {
            flag.state == Tri::Yes && flag.definition.severity == screening_core::instrument::FlagSeverity::Critical
        });
        prop_assert_eq!(answer["critical"].as_array().map(Vec::len), Some(critical.count()));
    }
}
