//! `screening instruments show`

use std::path::Path;

use screening_core::instrument::wording::{OptionText, WordingPack, WordingPacks};
use screening_core::instrument::{Instrument, ItemKind, Language};
use screening_io::read_wording;

use super::super::{Context, print_json};
use super::find;
use crate::fail::Failure;
use crate::show::page;
use crate::table::table;
use crate::texts::{fill, say};

pub(super) fn run(context: &Context, id: &str, wording: Option<&Path>) -> Result<(), Failure> {
    let library = context.library()?;
    let instrument = find(context, &library, id)?;
    let packs = match wording {
        Some(folder) => read_wording(folder, &library)?,
        None => WordingPacks::default(),
    };
    let packs: Vec<&WordingPack> = packs.of(id).collect();
    if context.json {
        let mut value = serde_json::to_value(instrument.definition()).map_err(Failure::from_error)?;
        if let Some(object) = value.as_object_mut().filter(|_| wording.is_some()) {
            object.insert("wording".to_owned(), serde_json::to_value(&packs).map_err(Failure::from_error)?);
        }
        return print_json(&value);
    }
    print!("{}", page(instrument, context.language));
    if let Some(folder) = wording {
        if packs.is_empty() {
            let values = [folder.display().to_string(), id.to_owned()];
            println!("\n{}", fill("wording-none", context.language, &values));
        }
        for pack in packs {
            print!("\n{}", beside(instrument, pack, context.language));
        }
    }
    Ok(())
}

/// The wording of one pack beside the topics and labels of the definition.
fn beside(instrument: &Instrument, pack: &WordingPack, language: Language) -> String {
    let definition = instrument.definition();
    let mut text = fill("wording-of", language, &[pack.language.clone(), pack.citation()]);
    for (id, value) in [("source", Some(&pack.source)), ("licence", Some(&pack.licence))] {
        text.extend(value.map(|value| format!("\n  {}: {value}", say(id, language))));
    }
    text.extend(pack.instructions.as_ref().map(|told| format!("\n  {}: {told}", say("instructions", language))));
    let wording = |id: &str| pack.items.get(id).cloned().unwrap_or_default();
    let rows = definition.items.iter().map(|item| {
        vec![item.id.clone(), item.label.get(language).to_owned(), wording(&item.id), options(pack.options_of(item))]
    });
    let headings = ["item", "topic", "wording", "options"].map(|id| say(id, language));
    text = format!("{text}\n{}\n", table(&headings, rows.collect()));
    let choices = definition.items.iter().filter(|item| item.kind == ItemKind::Choice);
    let without = choices.filter(|item| pack.options_of(item).is_empty()).count();
    if without > 0 {
        text = format!("{text}{}\n", fill("wording-no-options", language, &[without.to_string()]));
    }
    text
}

fn options(texts: &[OptionText]) -> String {
    texts.iter().map(|option| format!("{} {}", option.code, option.text)).collect::<Vec<_>>().join(" | ")
}
