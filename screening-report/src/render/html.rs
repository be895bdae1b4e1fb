//! One HTML file that needs no other: styles and pictures stand in it, nothing is fetched.

use std::fmt::Write as _;

use screening_core::instrument::Language;
use screening_core::svg::escaped;

use crate::model::{Block, Cell, Report, Table};
use crate::plot::svg;

const STYLE: &str = include_str!("report.css");

/// The report as a page that prints on A4.
pub fn html(report: &Report) -> String {
    let language = match report.language {
        Language::ZhCn => "zh-CN",
        Language::En => "en",
    };
    let title = escaped(&report.title);
    let page = if report.landscape { "A4 landscape" } else { "A4" };
    let mut out = String::with_capacity(1 << 16);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <title>{title}</title>\n<style>\n@page {{ size: {page}; margin: 18mm 16mm 20mm; }}\n{STYLE}</style>\n</head>\n\
         <body{}>\n<header>\n<h1>{title}</h1>\n",
        if report.landscape { " class=\"wide\"" } else { "" }
    );
    for line in &report.subtitle {
        let _ = writeln!(out, "<p class=\"subtitle\">{}</p>", escaped(line));
    }
    let _ = writeln!(out, "<p class=\"notice\">{}</p>\n</header>\n<main>", escaped(&report.notice));
    for section in &report.sections {
        let class = if section.new_page { " class=\"new-page\"" } else { "" };
        let _ = writeln!(out, "<section{class}>");
        if !section.heading.is_empty() {
            let level = section.level.clamp(1, 3) + 1;
            let _ = writeln!(out, "<h{level}>{}</h{level}>", escaped(&section.heading));
        }
        section.blocks.iter().for_each(|block| write_block(&mut out, block));
        out.push_str("</section>\n");
    }
    let _ = write!(out, "</main>\n<footer>{}</footer>\n</body>\n</html>\n", escaped(&report.notice));
    out
}

fn write_block(out: &mut String, block: &Block) {
    let _ = match block {
        Block::Paragraph(text) => writeln!(out, "<p>{}</p>", escaped(text)),
        Block::Note(text) => writeln!(out, "<p class=\"note\">{}</p>", escaped(text)),
        Block::Warning(text) => writeln!(out, "<p class=\"warning\">{}</p>", escaped(text)),
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                let _ = writeln!(out, "<li>{}</li>", escaped(item));
            }
            writeln!(out, "</ul>")
        }
        Block::Form(fields) => {
            out.push_str("<dl class=\"form\">\n");
            for field in fields {
                let height = f64::from(field.lines.max(1)) * 1.9;
                let _ = writeln!(
                    out,
                    "<dt>{}</dt><dd style=\"min-height:{height:.1}em\">{}</dd>",
                    escaped(&field.label),
                    escaped(&field.value)
                );
            }
            writeln!(out, "</dl>")
        }
        Block::Figure(figure) => {
            let caption = escaped(&figure.caption);
            writeln!(out, "<figure>\n{}<figcaption>{caption}</figcaption>\n</figure>", svg(figure))
        }
        Block::Table(table) => {
            write_table(out, table);
            Ok(())
        }
    };
}

fn write_table(out: &mut String, table: &Table) {
    let total: f64 = table.columns.iter().map(|column| column.width).sum::<f64>().max(1.0);
    let _ = writeln!(out, "<table>\n<caption>{}</caption>\n<colgroup>", escaped(&table.caption));
    for column in &table.columns {
        let _ = write!(out, "<col style=\"width:{:.1}%\">", 100.0 * column.width / total);
    }
    out.push_str("</colgroup>\n<thead>\n<tr>");
    for column in &table.columns {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(&column.heading));
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let _ = match cell {
                Cell::Text(text) if at == 0 => write!(out, "<th scope=\"row\">{}</th>", escaped(text)),
                Cell::Text(text) => write!(out, "<td>{}</td>", escaped(text)),
                Cell::Figure { text, .. } => write!(out, "<td class=\"figure\">{}</td>", escaped(text)),
                Cell::Blank => write!(out, "<td class=\"blank\"></td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
    for note in &table.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escaped(note));
    }
}
