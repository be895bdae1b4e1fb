//! What the columns are.

use polars::prelude::*;
use screening_core::answers::{Missing, Sex};
use screening_core::coverage::Status;
use screening_core::instrument::model::{Definition, ItemKind};
use screening_core::instrument::{Instrument, Language, Text};

use super::rows::broken;
use super::texts::text;
use crate::error::IoError;
use crate::job::JobInput;
use crate::sav::{Dictionary, Measure, Variable, missing_word};

/// The definitions of all instruments of the job, in the order of its batteries.
pub(super) fn definitions(input: &JobInput) -> Vec<&Definition> {
    all(input).into_iter().map(Instrument::definition).collect()
}

fn all(input: &JobInput) -> Vec<&Instrument> {
    let mut found: Vec<&Instrument> = Vec::new();
    for id in input.batches.iter().flat_map(|batch| &batch.battery.definition().instruments) {
        if let Some(instrument) = input.library.get(id)
            && !found.iter().any(|known| known.id() == instrument.id())
        {
            found.push(instrument);
        }
    }
    found
}

/// The instruments of which there are columns.
pub(super) fn instruments<'a>(input: &'a JobInput, data: &DataFrame) -> Vec<&'a Instrument> {
    let mut found = all(input);
    let has = |instrument: &&Instrument| {
        let prefix = format!("{}.", instrument.id());
        data.columns().iter().any(|column| column.name().starts_with(&prefix))
    };
    found.retain(has);
    found
}

/// One column in words.
struct Described<'a> {
    label: Text,
    values: Vec<(String, Text)>,
    /// Whether codes for the kinds of missing occur.
    missing: bool,
    instrument: Option<&'a Instrument>,
}

fn describe<'a>(column: &str, instruments: &[&'a Instrument]) -> Described<'a> {
    let plain = |label: Text| Described { label, values: Vec::new(), missing: false, instrument: None };
    let own = instruments.iter().find_map(|i| Some((*i, column.strip_prefix(i.id())?.strip_prefix('.')?)));
    let Some((instrument, part)) = own else {
        let values = match column {
            "sex" => [Sex::Male, Sex::Female, Sex::Other]
                .map(|sex| (sex.word().to_owned(), text(&format!("sex.{}", sex.word()), &[])))
                .to_vec(),
            "status" => Status::ALL.map(|status| (status.word().to_owned(), status.name())).to_vec(),
            _ => Vec::new(),
        };
        return Described { values, ..plain(text(&format!("column.{column}"), &[])) };
    };
    let definition = instrument.definition();
    let of = |label: Text| {
        let name = &definition.abbreviation;
        Text { en: format!("{name}: {}", label.en), zh_cn: format!("{name}：{}", label.zh_cn) }
    };
    let scale = |id: &str| definition.scales.iter().find(|scale| scale.id == id);
    let mut described =
        Described { instrument: Some(instrument), ..plain(of(text("column.other", &[("column", part)]))) };
    if let Some(item) = definition.items.iter().find(|item| item.id == part) {
        described.label = of(item.label.clone());
        let options = instrument.definition().options_of(item).iter();
        described.values = options.map(|option| (option.code.to_string(), option.label.clone())).collect();
        described.missing = item.kind == ItemKind::Choice;
    } else if let Some(scale) = scale(part) {
        described.label = of(scale.name.clone());
        described.values = scale.values.iter().map(|(word, text)| (word.clone(), text.clone())).collect();
    } else if let Some(scale) = part.strip_suffix(".band").and_then(scale) {
        let name = |language| text("column.band", &[("scale", scale.name.get(language))]).get(language).to_owned();
        described.label = of(Text { en: name(Language::En), zh_cn: name(Language::ZhCn) });
        described.values = definition.bands.iter().map(|(id, band)| (id.clone(), band.label.clone())).collect();
    } else if let Some(flag) = part.strip_prefix("flag.").and_then(|id| definition.flags.iter().find(|f| f.id == id)) {
        described.label = of(flag.meaning.clone());
    } else if let Some(rule) =
        part.strip_prefix("validity.").and_then(|id| definition.validity.iter().find(|rule| rule.id == id))
    {
        described.label = of(rule.meaning.clone());
    }
    described
}

/// The dictionary as a table.
pub(super) fn table(data: &DataFrame, instruments: &[&Instrument]) -> Result<DataFrame, IoError> {
    let mut rows: Vec<[String; 11]> = Vec::with_capacity(data.width());
    for column in data.columns() {
        let described = describe(column.name().as_str(), instruments);
        let licence = described.instrument.map(|instrument| &instrument.definition().licence);
        let kinds = |language| {
            let words = Missing::ALL.map(|kind| format!("{} = {}", missing_word(kind, language), kind.code()));
            if described.missing { words.join("; ") } else { String::new() }
        };
        let note = |language| licence.map(|licence| licence.note.get(language).to_owned()).unwrap_or_default();
        rows.push([
            column.name().to_string(),
            type_word(column.dtype()).to_owned(),
            described.label.zh_cn.clone(),
            described.label.en.clone(),
            values(&described.values, Language::ZhCn),
            values(&described.values, Language::En),
            kinds(Language::ZhCn),
            kinds(Language::En),
            described.instrument.map(Instrument::citation).unwrap_or_default(),
            licence
                .and_then(|licence| Some(serde_json::to_value(licence.status).ok()?.as_str()?.to_owned()))
                .unwrap_or_default(),
            note(Language::En) + &separated(&note(Language::ZhCn)),
        ]);
    }
    let names = [
        "column",
        "type",
        "label_zh",
        "label_en",
        "values_zh",
        "values_en",
        "missing_zh",
        "missing_en",
        "instrument",
        "licence",
        "licence_note",
    ];
    let columns = names.iter().enumerate().map(|(at, name)| {
        let cells: Vec<&str> = rows.iter().filter_map(|row| row.get(at)).map(String::as_str).collect();
        Column::new((*name).into(), cells)
    });
    DataFrame::new(rows.len(), columns.collect()).map_err(broken)
}

fn separated(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" / {text}") }
}

fn values(values: &[(String, Text)], language: Language) -> String {
    let words: Vec<String> = values.iter().map(|(code, text)| format!("{code} = {}", text.get(language))).collect();
    words.join("; ")
}

/// The type of a column in the csv file.
fn type_word(dtype: &DataType) -> &'static str {
    match dtype {
        DataType::Boolean => "boolean",
        dtype if dtype.is_integer() => "integer",
        dtype if dtype.is_float() => "number",
        DataType::String => "text",
        _ => "category",
    }
}

/// Labels for the SPSS file.
pub(super) fn labels(data: &DataFrame, instruments: &[&Instrument], language: Language) -> Dictionary {
    let definitions: Vec<&Definition> = instruments.iter().map(|instrument| instrument.definition()).collect();
    let mut dictionary = Dictionary::of(&definitions, language);
    for column in data.columns() {
        let name = column.name().as_str();
        if dictionary.get(name).is_none() {
            let label = describe(name, instruments).label.get(language).to_owned();
            let measure = match column.dtype() {
                DataType::Boolean => Some(Measure::Nominal),
                _ => None,
            };
            dictionary.insert(name, Variable { label, measure, ..Variable::default() });
        }
    }
    dictionary
}
