//! A report as the data of its layout.

use std::collections::BTreeSet;

use screening_core::instrument::Language;
use serde_json::{Value, json};

use crate::format::NONE;
use crate::model::{Block, Cell, Report, Table};
use crate::plot::{COLUMN, WIDTH, svg_of};

/// What stands where the fonts have no character.
const BOX: char = '□';

/// The report as JSON, and the characters that `has` does not know, each replaced by a box. With a size of letters, in points, it is laid
/// out for one page.
pub(super) fn data(report: &Report, one_page: Option<f64>, has: &dyn Fn(char) -> bool) -> (Value, Vec<char>) {
    let (language, region) = match report.language {
        Language::ZhCn => ("zh", "CN"),
        Language::En => ("en", "GB"),
    };
    let wide = if one_page.is_some() { COLUMN } else { WIDTH };
    let sections = report.sections.iter().map(|section| {
        json!({
            "heading": section.heading,
            "level": section.level.clamp(1, 3),
            "new-page": section.new_page,
            "blocks": section.blocks.iter().map(|own| block(own, wide)).collect::<Vec<_>>(),
        })
    });
    let mut value = json!({
        "lang": language,
        "region": region,
        "landscape": report.landscape,
        "one-page": one_page,
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
            let has = |sign: char| sign == BREAK || has(sign);
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

fn block(block: &Block, wide: f64) -> Value {
    let words = |kind: &str, text: &str| json!({ "kind": kind, "text": text });
    match block {
        Block::Paragraph(text) => words("paragraph", text),
        Block::Note(text) => words("note", text),
        Block::Warning(text) => words("warning", text),
        Block::List(items) => json!({ "kind": "list", "items": items }),
        Block::Form(fields) => {
            let field =
                |own: &crate::model::FormField| json!({ "label": own.label, "value": own.value, "lines": own.lines });
            json!({ "kind": "form", "fields": fields.iter().map(field).collect::<Vec<_>>() })
        }
        Block::Figure(figure) => {
            // A picture without words is refused by readers of screens: its caption stands for them.
            let said = [&figure.alt, &figure.caption, &figure.id].into_iter().find(|text| !text.trim().is_empty());
            let alt = said.map_or(NONE, String::as_str);
            json!({ "kind": "figure", "svg": svg_of(figure, wide), "alt": alt, "caption": figure.caption })
        }
        Block::Table(own) => table(own),
    }
}

fn table(table: &Table) -> Value {
    let columns = table.columns.iter().map(|own| json!({ "heading": own.heading, "width": own.width.max(1.0) }));
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => json!({ "kind": "text", "text": breakable(text) }),
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

/// Shortest word that may break behind its signs.
const LONG: usize = 12;
/// A place where a line may end, without any mark.
const BREAK: char = '\u{200b}';

/// Versions, hashes and names of files are long words: they may break behind their signs, and after every so many letters.
fn breakable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for word in text.split_inclusive(' ') {
        if !word.is_ascii() || word.len() < LONG {
            out.push_str(word);
            continue;
        }
        let mut since = 0;
        for sign in word.chars() {
            out.push(sign);
            since += 1;
            if "@+./_:-".contains(sign) || since == LONG {
                out.push(BREAK);
                since = 0;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_may_break_and_lose_nothing() {
        let hash = breakable("phq-9@1.0.0+0f0b9d248ba8cc11 and 中文 short");
        assert_eq!(hash.replace(BREAK, ""), "phq-9@1.0.0+0f0b9d248ba8cc11 and 中文 short");
        assert!(hash.split(BREAK).all(|part| part.len() <= 2 * LONG) && hash.contains(BREAK));
        assert_eq!(breakable("中文 short"), "中文 short");
    }

    #[test]
    fn what_the_fonts_lack_is_told_and_boxed() {
        let report = Report {
            language: Language::ZhCn,
            title: "a\u{20bb7}b".to_owned(),
            subtitle: vec!["x\ny".to_owned()],
            notice: "🙂".to_owned(),
            sections: Vec::new(),
            landscape: false,
            one_page: false,
        };
        let (value, missing) = data(&report, None, &|sign| u32::from(sign) < 0x3000);
        assert_eq!(missing, ['🙂', '\u{20bb7}']);
        assert_eq!(
            (&value["title"], &value["subtitle"][0], &value["notice"]),
            (&json!("a□b"), &json!("x y"), &json!("□"))
        );
    }
}
