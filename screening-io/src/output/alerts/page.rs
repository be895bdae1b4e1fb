//! One sheet that is a list: title, headings, rows, and how it prints.

use rust_xlsxwriter::{Format, IgnoreError, Url, Workbook, Worksheet, XlsxError};

use super::sheet_names::SheetNames;
use super::style::Style;
use crate::output::texts::{beside, both, text};

/// Rows of a sheet below its headings; a longer list runs on in another sheet.
const MOST_ROWS: usize = 1_000_000;
/// Longest text of a cell, in UTF-16 units.
const LONGEST: usize = 32_767;
const A4: u8 = 9;
/// Height of a line of text, in points.
pub(super) const LINE: f64 = 14.0;
/// Room above and below the text of a row, in points.
pub(super) const PADDING: f64 = 4.0;
/// Highest row that spreadsheets allow, in points.
const HIGHEST: f64 = 409.0;
/// Row of the headings; the title stands above.
const HEADINGS: u32 = 1;

/// A column: key of its heading, and its width in characters.
pub(super) type ListColumn = (&'static str, f64);

/// What stands in a cell.
pub(super) enum Cell {
    /// Text, never taken for a formula.
    Text(String),
    /// A whole number; blank when there is none.
    Number(Option<u64>),
    /// Text on the colour of a tier.
    Tier(String, String),
    /// To be filled in by hand.
    Blank,
}

impl Cell {
    fn text(&self) -> &str {
        match self {
            Self::Text(content) | Self::Tier(_, content) => content,
            Self::Number(_) | Self::Blank => "",
        }
    }
}

/// A list to be written.
pub(super) struct List<'a> {
    pub(super) sheet: &'a str,
    pub(super) title: String,
    pub(super) columns: &'a [ListColumn],
    /// Columns that stay in view when the list is moved sideways.
    pub(super) frozen: u16,
}

impl List<'_> {
    /// Writes the list, over several sheets where one is not long enough.
    pub(super) fn write(
        &self,
        workbook: &mut Workbook,
        style: &Style,
        sheet_names: &mut SheetNames,
        rows: impl Iterator<Item = Vec<Cell>>,
    ) -> Result<(), XlsxError> {
        let mut rows = rows.peekable();
        let mut name = self.sheet.to_owned();
        loop {
            let sheet = workbook.add_worksheet().set_name(&name)?;
            self.head(sheet, style)?;
            let mut at = HEADINGS;
            for cells in rows.by_ref().take(MOST_ROWS) {
                at += 1;
                let mut high = LINE;
                for ((column, cell), (_, width)) in (0..).zip(&cells).zip(self.columns) {
                    write_cell(sheet, at, column, cell, style)?;
                    high = high.max(height(cell.text(), *width));
                }
                // Not every program fits the height of a row to text that it wraps.
                sheet.set_row_height(at, (high + PADDING).min(HIGHEST))?;
            }
            self.foot(sheet, style, at)?;
            if rows.peek().is_none() {
                return Ok(());
            }
            name = sheet_names.take(self.sheet);
        }
    }

    fn head(&self, sheet: &mut Worksheet, style: &Style) -> Result<(), XlsxError> {
        let title = format!("{}　{}", self.title, beside(&text("notice.not-a-diagnosis", &[])));
        write_text(sheet, 0, 0, &title, &style.title)?;
        sheet.set_row_height(0, 1.6 * LINE)?;
        sheet.set_row_height(HEADINGS, 2.0 * LINE + PADDING)?;
        for (at, (key, width)) in (0..).zip(self.columns) {
            let heading = both(&text(&format!("column.{key}"), &[]));
            write_text(sheet, HEADINGS, at, &heading, &style.heading)?;
            sheet.set_column_width(at, *width)?;
        }
        print_wide(sheet);
        sheet.set_repeat_rows(0, HEADINGS)?;
        sheet.set_freeze_panes(HEADINGS + 1, self.frozen)?;
        Ok(())
    }

    fn foot(&self, sheet: &mut Worksheet, style: &Style, last: u32) -> Result<(), XlsxError> {
        let right = (self.columns.len() as u16).saturating_sub(1);
        sheet.autofilter(HEADINGS, 0, last, right)?;
        if last == HEADINGS {
            let nobody = beside(&text("notice.nobody", &[]));
            write_text(sheet, HEADINGS + 1, 0, &nobody, &style.running)?;
        } else {
            // Student ids are text on purpose: a number would lose its zeros and its last digits.
            sheet.ignore_error_range(HEADINGS + 1, 0, last, right, IgnoreError::NumberStoredAsText)?;
        }
        Ok(())
    }
}

/// Landscape, one page wide, as many pages as it takes, with their numbers.
pub(in crate::output) fn print_wide(sheet: &mut Worksheet) {
    sheet
        .set_landscape()
        .set_paper_size(A4)
        .set_print_fit_to_pages(1, 0)
        .set_margins(0.4, 0.4, 0.5, 0.5, 0.25, 0.25)
        .set_footer("&L&A&R&P / &N");
}

/// Writes text as text, whatever it begins with, cut to what a cell holds.
pub(in crate::output) fn write_text(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    content: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    if content.is_empty() {
        sheet.write_blank(row, column, format)?;
    } else {
        sheet.write_string_with_format(row, column, fitting(content), format)?;
    }
    Ok(())
}

/// Writes a link to a sheet of the workbook.
pub(super) fn write_link(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    (target, content): (&str, &str),
    format: &Format,
) -> Result<(), XlsxError> {
    // The names given to sheets hold no apostrophe.
    let url = Url::new(format!("internal:'{target}'!A1")).set_text(fitting(content));
    sheet.write_url_with_format(row, column, url, format)?;
    Ok(())
}

fn write_cell(sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell, style: &Style) -> Result<(), XlsxError> {
    match cell {
        Cell::Text(content) => write_text(sheet, row, column, content, &style.cell),
        Cell::Tier(id, content) => write_text(sheet, row, column, content, style.tier(id)),
        Cell::Number(Some(number)) => {
            sheet.write_number_with_format(row, column, *number as f64, &style.cell)?;
            Ok(())
        }
        Cell::Number(None) | Cell::Blank => write_text(sheet, row, column, "", &style.cell),
    }
}

/// Height of a text in a column of so many digits, in points. A Chinese character is as wide as two digits, a letter a
/// little narrower than one: what is left over pays for words that move to the next line as a whole.
pub(super) fn height(content: &str, width: f64) -> f64 {
    let lines = content.lines().map(|line| {
        let wide: f64 = line.chars().map(|c| if c.is_ascii() { 0.95 } else { 2.0 }).sum();
        (wide / width.max(1.0)).ceil().max(1.0)
    });
    lines.sum::<f64>() * LINE
}

/// The text, cut with an ellipsis where it is longer than a cell.
fn fitting(content: &str) -> String {
    if content.len() <= LONGEST || content.encode_utf16().count() <= LONGEST {
        return content.to_owned();
    }
    let mut used = 1;
    let kept = content.chars().take_while(|c| {
        used += c.len_utf16();
        used <= LONGEST
    });
    kept.chain(['…']).collect()
}
