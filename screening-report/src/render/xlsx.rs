//! Lists as a workbook: one worksheet a table, figures as numbers, text never a formula.

use std::collections::HashSet;

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use crate::error::{ReportError, refuse};
use crate::model::{Cell, Report, Section, Table};
use crate::words::say;

/// Longest name of a worksheet.
const LONGEST_NAME: usize = 31;
/// Longest text of a cell.
const LONGEST_TEXT: usize = 32_000;
const A4: u8 = 9;
/// Most rows of a list that is for people.
const MOST_ROWS: usize = 200_000;

struct Styles {
    title: Format,
    notice: Format,
    heading: Format,
    cell: Format,
}

/// The tables of the report as a workbook. Paragraphs and pictures are not in it.
///
/// # Errors
/// When a report has no table, or the workbook cannot be put together.
pub fn xlsx(report: &Report) -> Result<Vec<u8>, ReportError> {
    if report.tables().next().is_none() {
        return Err(refuse("no-table", &[("title", &report.title)]));
    }
    if report.tables().any(|table| table.rows.len() > MOST_ROWS) {
        return Err(refuse("too-long", &[("most", &MOST_ROWS.to_string())]));
    }
    workbook(report).map_err(ReportError::document)
}

fn workbook(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // No clock: the same report gives the same bytes. 1900 stands for no day.
    let none = ExcelDateTime::from_ymd(1900, 1, 1)?;
    let properties = DocProperties::new().set_title(&report.title).set_comment(&report.notice);
    workbook.set_properties(&properties.set_creation_datetime(&none));
    let font = "Microsoft YaHei";
    let framed = Format::new().set_font_name(font).set_font_size(10).set_border(FormatBorder::Thin);
    let styles = Styles {
        title: Format::new().set_font_name(font).set_font_size(14).set_bold(),
        notice: Format::new().set_font_name(font).set_font_size(9),
        heading: framed.clone().set_bold().set_text_wrap().set_background_color("E8EDF3"),
        cell: framed.set_text_wrap().set_align(FormatAlign::Top),
    };
    let mut names = HashSet::new();
    for section in &report.sections {
        for block in &section.blocks {
            if let crate::model::Block::Table(table) = block {
                let name = sheet_name(section, table, &mut names);
                let sheet = workbook.add_worksheet().set_name(name)?;
                write_table(sheet, report, table, &styles)?;
            }
        }
    }
    workbook.save_to_buffer()
}

fn write_table(sheet: &mut Worksheet, report: &Report, table: &Table, styles: &Styles) -> Result<(), XlsxError> {
    sheet.write_string_with_format(0, 0, format!("{}　{}", report.title, table.caption), &styles.title)?;
    sheet.write_string_with_format(1, 0, &report.notice, &styles.notice)?;
    for (at, column) in (0_u16..).zip(&table.columns) {
        sheet.write_string_with_format(2, at, &column.heading, &styles.heading)?;
        sheet.set_column_width(at, column.width.clamp(6.0, 60.0))?;
    }
    let mut last = 2;
    for row in &table.rows {
        last += 1;
        for (at, cell) in (0_u16..).zip(row) {
            match cell {
                // A figure keeps its value; one that is not given keeps its sign.
                Cell::Figure { value: Some(value), text } if whole(*value, text) => {
                    sheet.write_number_with_format(last, at, *value, &styles.cell)?;
                }
                Cell::Figure { text, .. } | Cell::Text(text) => {
                    let text: String = text.chars().take(LONGEST_TEXT).collect();
                    sheet.write_string_with_format(last, at, text, &styles.cell)?;
                }
                Cell::Blank => {
                    sheet.write_blank(last, at, &styles.cell)?;
                }
            }
        }
    }
    let right = (table.columns.len() as u16).saturating_sub(1);
    if table.rows.is_empty() {
        sheet.write_string_with_format(3, 0, say(report.language, "note.nobody", &[]), &styles.notice)?;
    } else {
        sheet.autofilter(2, 0, last, right)?;
    }
    for (at, note) in (last + 2..).zip(&table.notes) {
        sheet.write_string_with_format(at, 0, note, &styles.notice)?;
    }
    sheet.set_freeze_panes(3, 0)?;
    sheet.set_repeat_rows(0, 2)?;
    sheet.set_paper_size(A4);
    if report.landscape {
        sheet.set_landscape();
    }
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_footer(format!("&C{}&R&P / &N", report.notice.replace('&', "&&").chars().take(200).collect::<String>()));
    Ok(())
}

/// Whether the number is what is written, so that nothing is lost or added by storing it.
fn whole(value: f64, text: &str) -> bool {
    value.fract() == 0.0 && text.replace(',', "") == format!("{value:.0}")
}

/// A name that spreadsheets accept, and that no other sheet has.
fn sheet_name(section: &Section, table: &Table, used: &mut HashSet<String>) -> String {
    let wanted = if section.heading.is_empty() { &table.id } else { &section.heading };
    let allowed = |letter: char| if "[]:*?/\\'".contains(letter) || letter.is_control() { ' ' } else { letter };
    let plain: String = wanted.chars().map(allowed).take(LONGEST_NAME).collect();
    let plain = plain.trim().to_owned();
    let plain = if plain.is_empty() { table.id.clone() } else { plain };
    let mut name = plain.clone();
    let mut at = 2;
    while !used.insert(name.to_lowercase()) {
        let tail = format!(" {at}");
        name = plain.chars().take(LONGEST_NAME - tail.chars().count()).chain(tail.chars()).collect();
        at += 1;
    }
    name
}
