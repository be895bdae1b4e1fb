//! `screening instruments list`

use screening_core::catalogue::{Filter, has_data_of, minutes};
use screening_core::instrument::{Instrument, Span};

use super::super::{Context, print_json};
use crate::args::FilterArgs;
use crate::fail::Failure;
use crate::show;
use crate::table;
use crate::texts::{fill, say};

pub(super) fn run(context: &Context, filters: &FilterArgs) -> Result<(), Failure> {
    let library = context.library()?;
    let filter = Filter {
        construct: filters.construct.clone(),
        age: filters.age,
        grade: filters.grade,
        informant: filters.informant.map(Into::into),
        language: filters.form_language.clone(),
        licence: filters.licence.map(Into::into),
        evidence: filters.evidence.map(Into::into),
    };
    let found: Vec<&Instrument> = library.iter().filter(|instrument| filter.matches(instrument)).collect();
    if context.json {
        return print_json(&found.iter().map(|instrument| json(instrument)).collect::<Vec<_>>());
    }
    let language = context.language;
    let headings = ["id", "name", "construct", "items", "minutes", "ages", "informant", "licence", "evidence"]
        .map(|id| say(id, language));
    let rows = found.iter().map(|instrument| {
        let d = instrument.definition();
        let [informant, licence, evidence] =
            [show::word(&d.informant), show::word(&d.licence.status), show::word(&d.evidence)]
                .map(|word| show::translate(&word, language));
        vec![
            d.id.clone(),
            d.name.get(language).to_owned(),
            show::constructs(d, language),
            d.items.len().to_string(),
            minutes(d).0.to_string(),
            ages(d.ages, d.grades),
            informant,
            licence,
            evidence,
        ]
    });
    println!("{}", table::list(&headings, rows.collect()));
    println!("{}", fill("list-count", language, &[found.len().to_string(), library.len().to_string()]));
    Ok(())
}

fn ages(ages: Option<Span>, grades: Option<Span>) -> String {
    let span = |span: Span| format!("{}-{}", span.from, span.to);
    match (ages, grades) {
        (Some(ages), _) => span(ages),
        (None, Some(grades)) => format!("g{}", span(grades)),
        (None, None) => "-".to_owned(),
    }
}

fn json(instrument: &Instrument) -> serde_json::Value {
    let d = instrument.definition();
    let (minutes, estimated) = minutes(d);
    serde_json::json!({
        "id": d.id, "version": d.version, "hash": instrument.hash(), "name": d.name, "construct": d.construct,
        "informant": d.informant, "languages": d.languages, "ages": d.ages, "grades": d.grades, "items": d.items.len(),
        "minutes": minutes, "minutes_estimated": estimated, "evidence": d.evidence, "licence": d.licence.status,
        "chinese_data": has_data_of(d, "CN"),
    })
}
