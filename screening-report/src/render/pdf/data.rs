//! A report as the data of its layout.

use std::collections::BTreeSet;

use screening_core::instrument::Language;
use serde_json::{Value, json};

use crate::model::{Block, Cell, Report, Table};
use crate::plot::svg;

/// What stands where the fonts have no character.
const BOX: char = '□';

/// The report as JSON, and the characters that `has` does not know, each replaced by a box.
pub(super) fn data(report: &Report, has: &dyn Fn(char) -> bool) -> (Value, Vec<char>) {
    let (language, region) = match report.language {
        Language::ZhCn => ("zh", "CN"),
        Language::En => ("en", "GB"),
    };
    let sections = report.sections.iter().map(|section| {
        json!({
            "heading": section.heading,
            "level": section.level.clamp(1, 3),
            "new-page": section.new_page,
            "blocks": section.blocks.iter().map(block).collect::<Vec<_>>(),
        })
    });
    let mut value = json!({
        "lang": language,
        "region": region,
        "landscape": report.landscape,
        "title": report.title,
        "subtitle": report.subtitle,
        "notice": report.notice,
        "warnings": [],
        "sections": sections.collect::<Vec<_>>(),
    });
    let mut missing = BTreeSet::new();
    plain(&mut value, has, &mut missing);
    (value, missing.into_iter().collect())
}

/// Adds something that stands below the notice of the first page.
pub(super) fn warn(value: &mut Value, words: String) {
    if let Some(list) = value.get_mut("warnings").and_then(Value::as_array_mut) {
        list.push(Value::String(words));
    }
}

/// Replaces what cannot be drawn, in every text. Breaks of lines and other signs of control become blanks.
fn plain(value: &mut Value, has: &dyn Fn(char) -> bool, missing: &mut BTreeSet<char>) {
    match value {
        Value::String(text) => {
            let drawn = |sign: char| sign.is_control() || has(sign);
            if text.chars().any(|sign| sign.is_control() || !has(sign)) {
                missing.extend(text.chars().filter(|sign| !drawn(*sign)));
                let sign = |sign: char| match sign {
                    sign if sign.is_control() => ' ',
                    sign if has(sign) => sign,
                    _ => BOX,
                };
                *text = text.chars().map(sign).collect();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|own| plain(own, has, missing)),
        Value::Object(map) => map.values_mut().for_each(|own| plain(own, has, missing)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn block(block: &Block) -> Value {
    let words = |kind: &str, text: &str| json!({ "kind": kind, "text": text });
    match block {
        Block::Paragraph(text) => words("paragraph", text),
        Block::Note(text) => words("note", text),
        Block::Warning(text) => words("warning", text),
        Block::List(items) => json!({ "kind": "list", "items": items }),
        Block::Form(fields) => {
            let field = |own: &crate::model::FormField| json!({ "label": own.label, "value": own.value, "lines": own.lines });
            json!({ "kind": "form", "fields": fields.iter().map(field).collect::<Vec<_>>() })
        }
        Block::Figure(figure) => {
            json!({ "kind": "figure", "svg": svg(figure), "alt": figure.alt, "caption": figure.caption })
        }
        Block::Table(own) => table(own),
    }
}

fn table(table: &Table) -> Value {
    let columns = table.columns.iter().map(|own| json!({ "heading": own.heading, "width": own.width.max(1.0) }));
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => json!({ "kind": "text", "text": text }),
        Cell::Figure { text, .. } => json!({ "kind": "figure", "text": text }),
        Cell::Blank => json!({ "kind": "blank" }),
    };
    let rows = table.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>());
    json!({
        "kind": "table",
        "caption": table.caption,
        "columns": columns.collect::<Vec<_>>(),
        "rows": rows.collect::<Vec<_>>(),
        "notes": table.notes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_fonts_lack_is_told_and_boxed() {
        let report = Report {
            language: Language::ZhCn,
            title: "a\u{20bb7}b".to_owned(),
            subtitle: vec!["x\ny".to_owned()],
            notice: "🙂".to_owned(),
            sections: Vec::new(),
            landscape: false,
        };
        let (value, missing) = data(&report, &|sign| u32::from(sign) < 0x3000);
        assert_eq!(missing, ['🙂', '\u{20bb7}']);
        assert_eq!((&value["title"], &value["subtitle"][0], &value["notice"]), (&json!("a□b"), &json!("x y"), &json!("□")));
    }
}
