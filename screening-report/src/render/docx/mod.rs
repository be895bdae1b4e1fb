//! A Word document: real headings, table header rows that repeat, pictures as charts that can be edited, words for those who
//! cannot see them.

mod chart;
mod parts;

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use screening_core::svg::escaped;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::error::ReportError;
use crate::model::{Block, Cell, Report, Section, Table};

/// Width between the margins in twentieths of a point, upright and turned.
const TEXT_WIDTHS: (f64, f64) = (9638.0, 14_570.0);

/// The report as a Word document (Office Open XML, transitional).
///
/// # Errors
/// When the file cannot be put together.
pub fn docx(report: &Report) -> Result<Vec<u8>, ReportError> {
    let charts: Vec<chart::Part> = report.figures().map(chart::part).collect::<Result<_, _>>()?;
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("[Content_Types].xml".to_owned(), parts::content_types(charts.len()).into_bytes()),
        ("_rels/.rels".to_owned(), parts::RELATIONS.as_bytes().to_vec()),
        ("docProps/core.xml".to_owned(), parts::core(report).into_bytes()),
        ("word/document.xml".to_owned(), document(report).into_bytes()),
        ("word/styles.xml".to_owned(), parts::styles(report.language).into_bytes()),
        ("word/numbering.xml".to_owned(), parts::NUMBERING.as_bytes().to_vec()),
        ("word/settings.xml".to_owned(), parts::SETTINGS.as_bytes().to_vec()),
        ("word/footer1.xml".to_owned(), parts::footer(&report.notice).into_bytes()),
        ("word/_rels/document.xml.rels".to_owned(), parts::document_relations(charts.len()).into_bytes()),
    ];
    for (at, part) in charts.into_iter().enumerate() {
        let number = at + 1;
        files.push((format!("word/charts/chart{number}.xml"), part.chart.into_bytes()));
        files.push((format!("word/charts/_rels/chart{number}.xml.rels"), parts::chart_relations(number).into_bytes()));
        files.push((format!("word/embeddings/chart{number}.xlsx"), part.workbook));
    }
    zipped(files).map_err(ReportError::document)
}

/// The package. No clock: all entries bear the first day that the format knows.
fn zipped(files: Vec<(String, Vec<u8>)>) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(1 << 16)));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    for (name, bytes) in files {
        writer.start_file(name, options)?;
        writer.write_all(&bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// What is counted through the document.
struct State {
    charts: usize,
    width: f64,
}

fn document(report: &Report) -> String {
    let mut out = String::with_capacity(1 << 16);
    out.push_str(parts::DOCUMENT_HEAD);
    paragraph(&mut out, "Title", &report.title);
    report.subtitle.iter().for_each(|line| paragraph(&mut out, "Subtitle", line));
    paragraph(&mut out, "Notice", &report.notice);
    let width = if report.landscape { TEXT_WIDTHS.1 } else { TEXT_WIDTHS.0 };
    let mut state = State { charts: 0, width };
    for (at, section) in report.sections.iter().enumerate() {
        heading(&mut out, section, at > 0);
        section.blocks.iter().for_each(|block| write_block(&mut out, block, &mut state));
    }
    let size = if report.landscape {
        "<w:pgSz w:w=\"16838\" w:h=\"11906\" w:orient=\"landscape\"/>"
    } else {
        "<w:pgSz w:w=\"11906\" w:h=\"16838\"/>"
    };
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<w:sectPr><w:footerReference w:type=\"default\" r:id=\"rIdFooter\"/>{size}\
         <w:pgMar w:top=\"1134\" w:right=\"1134\" w:bottom=\"1134\" w:left=\"1134\" w:header=\"567\" w:footer=\"567\" w:gutter=\"0\"/>\
         </w:sectPr></w:body></w:document>"
    );
    out
}

fn heading(out: &mut String, section: &Section, breaks: bool) {
    if section.heading.is_empty() {
        return;
    }
    let page = if section.new_page && breaks { "<w:pageBreakBefore/>" } else { "" };
    let level = section.level.clamp(1, 3);
    let _ =
        write!(out, "<w:p><w:pPr><w:pStyle w:val=\"Heading{level}\"/>{page}</w:pPr>{}</w:p>", run(&section.heading));
}

fn paragraph(out: &mut String, style: &str, text: &str) {
    let _ = write!(out, "<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{}</w:p>", run(text));
}

fn run(text: &str) -> String {
    format!("<w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>", escaped(text))
}

fn write_block(out: &mut String, block: &Block, state: &mut State) {
    match block {
        Block::Paragraph(text) => paragraph(out, "BodyText", text),
        Block::Note(text) => paragraph(out, "Note", text),
        Block::Warning(text) => paragraph(out, "Notice", text),
        Block::List(items) => items.iter().for_each(|item| paragraph(out, "ListBullet", item)),
        Block::Table(table) => write_table(out, table, state.width),
        Block::Form(fields) => {
            let widths = [0.28 * state.width, 0.72 * state.width];
            table_head(out, &widths, "", "");
            for field in fields {
                let height = u32::from(field.lines.max(1)) * 400;
                let _ = write!(
                    out,
                    "<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val=\"{height}\" w:hRule=\"atLeast\"/></w:trPr>"
                );
                let [label, value] = widths;
                table_cell(out, label, "TableHeading", "", &field.label);
                table_cell(out, value, "TableText", "", &field.value);
                out.push_str("</w:tr>");
            }
            out.push_str("</w:tbl>");
            paragraph(out, "Note", "");
        }
        Block::Figure(figure) => {
            state.charts += 1;
            let number = state.charts;
            let (width, height) = chart::size(&figure.chart, state.width);
            let _ = write!(
                out,
                "<w:p><w:pPr><w:pStyle w:val=\"Figure\"/></w:pPr><w:r><w:drawing>\
                 <wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\"><wp:extent cx=\"{width}\" cy=\"{height}\"/>\
                 <wp:docPr id=\"{number}\" name=\"{}\" title=\"{}\" descr=\"{}\"/><wp:cNvGraphicFramePr/>\
                 <a:graphic><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/chart\">\
                 <c:chart r:id=\"rIdChart{number}\"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>",
                escaped(&figure.id),
                escaped(&figure.caption),
                escaped(&figure.alt)
            );
            paragraph(out, "Caption", &figure.caption);
        }
    }
}

fn write_table(out: &mut String, table: &Table, width: f64) {
    let total: f64 = table.columns.iter().map(|column| column.width).sum::<f64>().max(1.0);
    let widths: Vec<f64> = table.columns.iter().map(|column| width * column.width / total).collect();
    let _ = write!(out, "<w:p><w:pPr><w:pStyle w:val=\"Caption\"/><w:keepNext/></w:pPr>{}</w:p>", run(&table.caption));
    table_head(out, &widths, &table.caption, &table.notes.join(" "));
    out.push_str("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
    for (column, width) in table.columns.iter().zip(&widths) {
        table_cell(
            out,
            *width,
            "TableHeading",
            "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"E8EDF3\"/>",
            &column.heading,
        );
    }
    out.push_str("</w:tr>");
    for row in &table.rows {
        out.push_str("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
        for (cell, width) in row.iter().zip(&widths) {
            let style = if matches!(cell, Cell::Figure { .. }) { "TableFigure" } else { "TableText" };
            table_cell(out, *width, style, "", cell.text());
        }
        out.push_str("</w:tr>");
    }
    out.push_str("</w:tbl>");
    if table.notes.is_empty() {
        // Two tables that touch would become one.
        paragraph(out, "Note", "");
    }
    table.notes.iter().for_each(|note| paragraph(out, "Note", note));
}

fn table_head(out: &mut String, widths: &[f64], caption: &str, description: &str) {
    let total: f64 = widths.iter().sum();
    let _ = write!(
        out,
        "<w:tbl><w:tblPr><w:tblStyle w:val=\"TableGrid\"/><w:tblW w:w=\"{total:.0}\" w:type=\"dxa\"/><w:tblLayout w:type=\"fixed\"/>\
         <w:tblLook w:val=\"0620\" w:firstRow=\"1\" w:lastRow=\"0\" w:firstColumn=\"0\" w:lastColumn=\"0\" w:noHBand=\"1\" w:noVBand=\"1\"/>"
    );
    for (name, text) in [("tblCaption", caption), ("tblDescription", description)] {
        if !text.is_empty() {
            let _ = write!(out, "<w:{name} w:val=\"{}\"/>", escaped(text));
        }
    }
    out.push_str("</w:tblPr><w:tblGrid>");
    for width in widths {
        let _ = write!(out, "<w:gridCol w:w=\"{width:.0}\"/>");
    }
    out.push_str("</w:tblGrid>");
}

fn table_cell(out: &mut String, width: f64, style: &str, shade: &str, text: &str) {
    let _ = write!(out, "<w:tc><w:tcPr><w:tcW w:w=\"{width:.0}\" w:type=\"dxa\"/>{shade}</w:tcPr>");
    paragraph(out, style, text);
    out.push_str("</w:tc>");
}
