//! A published FHIR answer: codes of LOINC in place of 0-3, and the score carried beside them.

use screening_core::answers::Context;
use screening_core::scoring::Sheet;
use screening_tests::{Ledger, Outcome};
use serde_json::Value;

use crate::support::{compile, data};

pub(crate) const FILE: &str = "fhir/QuestionnaireResponse-mii-exa-pro-phq-9-response.json";

/// What stands under a link id of the response.
fn answer<'a>(response: &'a Value, link: &str) -> Outcome<&'a Value> {
    let items = response["item"].as_array().ok_or("the response has no items")?;
    let item = items.iter().find(|item| item["linkId"] == link).ok_or_else(|| format!("there is no {link}"))?;
    Ok(&item["answer"][0])
}

#[test]
fn one_response_scores_what_it_carries() -> Outcome<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut ledger = Ledger::open(&data, FILE)?;
    let response: Value = serde_json::from_str(&std::fs::read_to_string(data.join(ledger.file()))?)?;
    let observation = data.join("fhir/Observation-mii-exa-pro-phq-9-observation.json");
    let observation: Value = serde_json::from_str(&std::fs::read_to_string(observation)?)?;

    let scorer = compile("phq-9")?;
    let loinc = scorer.instrument().definition().loinc.as_ref().ok_or("the instrument has no LOINC codes")?;
    let mut codes = Vec::new();
    for number in 1..=9 {
        let coded = answer(&response, &format!("PHQ.{number}"))?["valueCoding"]["code"].as_str();
        let coded = coded.ok_or_else(|| format!("item {number} has no code"))?;
        let own = loinc.answers.iter().find(|(_, loinc)| loinc.as_str() == coded);
        codes.push(own.ok_or_else(|| format!("{coded} is no answer code of the instrument"))?.0.parse()?);
    }
    // The tenth answer is about impairment and is no item of the score: its code is none of the instrument's.
    let tenth = answer(&response, "PHQ.10")?["valueCoding"]["code"].as_str();
    assert!(tenth.is_some_and(|tenth| loinc.answers.values().all(|code| code != tenth)));

    let sheet = Sheet::from_codes(scorer.instrument(), &codes)?;
    let scores = scorer.score(&sheet, &Context::default());
    let total = scores.scale("total").and_then(|scale| scale.value()).ok_or("there is no total")?;
    assert_eq!(answer(&response, "PHQ.Score")?["valueQuantity"]["value"].as_f64(), Some(total));
    assert_eq!(observation["valueQuantity"]["value"].as_f64(), Some(total));
    let measure = "PHQ-9 total (nine answers LA6571-9 = 3; linkId PHQ.10 is the impairment question and is not scored)";
    ledger.check("one response", measure, "value", total);
    ledger.close(1);
    Ok(())
}
