//! The first sheet: what this is, what the levels mean, and how many pupils stand where.

use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};

use super::lists::due;
use super::page::{LINE, PADDING, height, print_wide, write_link, write_text};
use super::{CommonSheets, School, Source, shown};
use crate::output::texts::{beside, both, text};

/// Width of the first column, and of the others.
const WIDTHS: (f64, f64) = (30.0, 13.0);
/// First columns of the texts of a tier that run over several columns: who acts, what next.
const OWNER: u16 = 3;
const NEXT_STEP: u16 = 5;
/// Last column of what is to be done next.
const RIGHT: u16 = 11;

/// Writes the sheet.
pub(super) fn write(
    workbook: &mut Workbook,
    source: &Source<'_>,
    schools: &[School<'_>],
    common: &CommonSheets,
) -> Result<(), XlsxError> {
    let sheet = workbook.add_worksheet().set_name(&common.overview)?;
    sheet.set_column_width(0, WIDTHS.0)?;
    sheet.set_column_range_width(1, RIGHT, WIDTHS.1)?;
    print_wide(sheet);
    sheet.set_row_height(0, 1.6 * LINE)?;
    let row = head(sheet, source, common)?;
    let row = tiers(sheet, source, schools, row + 1)?;
    let row = by_school(sheet, source, schools, row + 1)?;
    facts(sheet, source, row + 1)
}

/// Title and notices; gives the next free row.
fn head(sheet: &mut Worksheet, source: &Source<'_>, common: &CommonSheets) -> Result<u32, XlsxError> {
    let style = &source.style;
    let wave = &source.result.summary.wave;
    let title = beside(&text("title.overview", &[]));
    write_text(sheet, 0, 0, &title, &style.title)?;
    let when = format!("{}　{}　{}", beside(&text("facts.wave", &[])), wave.id, wave.date);
    write_text(sheet, 1, 0, &when, &style.strong)?;
    let diagnosis = beside(&text("notice.not-a-diagnosis", &[]));
    write_text(sheet, 2, 0, &diagnosis, &style.strong)?;
    let mut row = 3;
    for key in ["notice.decide", "notice.critical", "notice.private"] {
        let notice = text(key, &[]);
        for line in [notice.zh_cn, notice.en] {
            write_text(sheet, row, 0, &line, &style.running)?;
            row += 1;
        }
    }
    let stray = source.result.stray_critical.len();
    if stray > 0 {
        let count = stray.to_string();
        let notice = text("notice.stray", &[("count", &count), ("sheet", &common.stray)]);
        for line in [notice.zh_cn, notice.en] {
            write_link(sheet, row, 0, (&common.stray, &line), &style.strong)?;
            row += 1;
        }
    }
    Ok(row)
}

/// What the tiers mean; gives the next free row.
fn tiers(sheet: &mut Worksheet, source: &Source<'_>, schools: &[School<'_>], first: u32) -> Result<u32, XlsxError> {
    let style = &source.style;
    write_text(sheet, first, 0, &beside(&text("table.tiers", &[])), &style.strong)?;
    let heading = |key: &str| both(&text(&format!("column.{key}"), &[]));
    let mut row = first + 1;
    sheet.set_row_height(row, 2.0 * LINE + PADDING)?;
    for (column, key) in (0..).zip(["tier", "pupils", "due"]) {
        write_text(sheet, row, column, &heading(key), &style.heading)?;
    }
    sheet.merge_range(row, OWNER, row, NEXT_STEP - 1, &heading("owner"), &style.heading)?;
    sheet.merge_range(row, NEXT_STEP, row, RIGHT, &heading("next_step"), &style.heading)?;
    for (at, tier) in source.policy.tiers().enumerate() {
        row += 1;
        let pupils = schools.iter().filter_map(|school| school.tiers.get(at)).sum();
        write_text(sheet, row, 0, &both(&tier.name), style.tier(&tier.id))?;
        write_count(sheet, row, 1, pupils, source)?;
        write_text(sheet, row, 2, &both(&due(tier.response_hours)), &style.cell)?;
        let (owner, next) = (both(&tier.owner), both(&tier.next_step));
        sheet.merge_range(row, OWNER, row, NEXT_STEP - 1, &owner, &style.cell)?;
        sheet.merge_range(row, NEXT_STEP, row, RIGHT, &next, &style.cell)?;
        // Spreadsheets do not fit the height of a row to merged cells.
        let room = |columns: u16| f64::from(columns) * WIDTHS.1;
        let high = height(&owner, room(NEXT_STEP - OWNER)).max(height(&next, room(RIGHT - NEXT_STEP + 1)));
        sheet.set_row_height(row, high.max(2.0 * LINE) + PADDING)?;
    }
    Ok(row + 1)
}

/// Pupils by school and tier; gives the next free row.
fn by_school(sheet: &mut Worksheet, source: &Source<'_>, schools: &[School<'_>], first: u32) -> Result<u32, XlsxError> {
    let style = &source.style;
    write_text(sheet, first, 0, &beside(&text("table.schools", &[])), &style.strong)?;
    let mut row = first + 1;
    let heading = |key: &str| both(&text(&format!("column.{key}"), &[]));
    sheet.set_row_height(row, 2.0 * LINE + PADDING)?;
    for (column, key) in (0..).zip(["school", "enrolled", "valid"]) {
        write_text(sheet, row, column, &heading(key), &style.heading)?;
    }
    let mut column = 3;
    for tier in source.policy.tiers() {
        write_text(sheet, row, column, &both(&tier.name), style.tier(&tier.id))?;
        column += 1;
    }
    for key in ["no_sheet", "with_critical"] {
        write_text(sheet, row, column, &heading(key), &style.heading)?;
        column += 1;
    }
    let mut sums: Vec<u32> = Vec::new();
    for school in schools {
        row += 1;
        let counts = counts(school);
        sums.resize(counts.len(), 0);
        write_link(sheet, row, 0, (&school.sheet, &shown(school.name)), &style.link)?;
        for ((column, count), sum) in (1..).zip(&counts).zip(&mut sums) {
            *sum += count;
            write_count(sheet, row, column, *count, source)?;
        }
    }
    row += 1;
    write_text(sheet, row, 0, &beside(&text("table.total", &[])), &style.sum)?;
    for (column, sum) in (1..).zip(sums) {
        sheet.write_number_with_format(row, column, sum, &style.sum)?;
    }
    Ok(row + 1)
}

/// The figures of a school, in the order of the columns.
fn counts(school: &School<'_>) -> Vec<u32> {
    let mut counts = vec![school.enrolled, school.valid];
    counts.extend(&school.tiers);
    counts.extend([school.without_tier(), school.critical]);
    counts
}

fn write_count(sheet: &mut Worksheet, row: u32, column: u16, count: u32, source: &Source<'_>) -> Result<(), XlsxError> {
    sheet.write_number_with_format(row, column, count, &source.style.cell)?;
    Ok(())
}

/// What the list rests on.
fn facts(sheet: &mut Worksheet, source: &Source<'_>, first: u32) -> Result<(), XlsxError> {
    let style = &source.style;
    let provenance = &source.result.summary.provenance;
    let policy = source.policy.definition();
    let mut lines = vec![
        ("policy", provenance.policy.clone()),
        ("policy", beside(&policy.name)),
        ("batteries", provenance.batteries.join("  ")),
    ];
    let instruments = provenance.instruments.iter();
    lines.extend(instruments.map(|i| ("instruments", i.citation.clone())));
    lines.extend(provenance.norms.iter().map(|norms| ("norms", norms.clone())));
    lines.extend(provenance.validity.iter().map(|plan| ("validity", plan.clone())));
    lines.extend(provenance.earlier.iter().map(|earlier| ("earlier", earlier.wave.clone())));
    lines.push(("engine", provenance.engine.clone()));
    let licences = provenance.licences.iter();
    lines.extend(licences.map(|(id, told)| ("licences", format!("{id}: {told}"))));
    let mut before = "";
    for (row, (key, content)) in (first..).zip(&lines) {
        if before != *key {
            let label = beside(&text(&format!("facts.{key}"), &[]));
            write_text(sheet, row, 0, &label, &style.plain)?;
            before = key;
        }
        write_text(sheet, row, 1, content, &style.running)?;
    }
    Ok(())
}
