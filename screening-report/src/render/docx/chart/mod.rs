//! Pictures as charts of the document, with their figures in a workbook beside them, so that they can be edited.

mod lines;
mod xml;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::error::ReportError;
use crate::model::{Chart, Figure};

/// A chart and the workbook with its figures.
pub(super) struct Part {
    pub(super) chart: String,
    pub(super) workbook: Vec<u8>,
}

/// English metric units a twentieth of a point.
const EMU: f64 = 635.0;
const ROW_EMU: u64 = 330_000;

/// Width and height in the document.
pub(super) fn size(chart: &Chart, width: f64) -> (u64, u64) {
    let width = (width.min(9638.0) * EMU) as u64;
    let rows = match chart {
        Chart::Bars { bars, .. } => bars.len() as u64 + 3,
        Chart::Stacked { bars, .. } => bars.len() as u64 + 5,
        Chart::Funnel { .. } => 12,
        Chart::Waterfall { steps, .. } => steps.len() as u64 + 3,
        Chart::Distribution { .. } | Chart::Profile { .. } => 10,
        Chart::Course { .. } => 11,
    };
    (width, rows.clamp(6, 24) * ROW_EMU)
}

/// A column of the workbook.
struct Data {
    heading: String,
    cells: Values,
}

impl Data {
    fn words(list: Vec<String>) -> Self {
        Self { heading: String::new(), cells: Values::Words(list) }
    }

    fn numbers(heading: &str, list: Vec<Option<f64>>) -> Self {
        Self { heading: heading.to_owned(), cells: Values::Numbers(list) }
    }
}

enum Values {
    Words(Vec<String>),
    Numbers(Vec<Option<f64>>),
}

pub(super) fn part(figure: &Figure) -> Result<Part, ReportError> {
    let (columns, plot) = match &figure.chart {
        Chart::Bars { axis, bars } => {
            let names = bars.iter().map(|bar| format!("{} {}", bar.name, bar.label)).collect();
            let side = |heading: &str, pick: fn(f64, (f64, f64)) -> f64| {
                let width = |bar: &crate::model::Bar| Some(pick(bar.value?, bar.interval?).max(0.0));
                Data::numbers(heading, bars.iter().map(width).collect())
            };
            let columns = vec![
                Data::words(names),
                Data::numbers(axis, bars.iter().map(|bar| bar.value).collect()),
                side("+", |value, (_, high)| high - value),
                side("-", |value, (low, _)| value - low),
            ];
            let plot = xml::bar_chart(&columns, axis, false);
            (columns, plot)
        }
        Chart::Stacked { axis, parts, bars } => {
            let names = bars.iter().map(|(name, _)| name.clone()).collect();
            let mut columns = vec![Data::words(names)];
            columns.extend(parts.iter().enumerate().map(|(at, part)| {
                let cells = bars.iter().map(|(_, shares)| shares.as_ref().and_then(|list| list.get(at)).copied());
                Data::numbers(part, cells.collect())
            }));
            let plot = xml::bar_chart(&columns, axis, true);
            (columns, plot)
        }
        Chart::Distribution { x, y, bins, names, .. } => lines::distribution((x, y), bins, names),
        Chart::Profile { axis, ends, percent, rows, names } => lines::profile((axis, *ends, *percent), rows, names),
        Chart::Course { axis, panels, names } => lines::course(axis, panels, names),
        Chart::Waterfall { axis, steps } => lines::waterfall(axis, steps),
        Chart::Funnel { x, y, points, target, limits, names } => {
            let numbers = |heading: &str, list: Vec<f64>| Data::numbers(heading, list.into_iter().map(Some).collect());
            let [school, district, p95, p998] = names;
            let limit = |at: usize| limits.iter().filter_map(|own| own.get(at).copied()).collect::<Vec<f64>>();
            let columns = vec![
                numbers(x, points.iter().map(|own| own.0).collect()),
                numbers(school, points.iter().map(|own| own.1).collect()),
                numbers(x, limit(0)),
                numbers(district, limits.iter().map(|_| *target).collect()),
                numbers(p95, limit(1)),
                numbers(p95, limit(2)),
                numbers(p998, limit(3)),
                numbers(p998, limit(4)),
            ];
            let plot = xml::scatter(&columns, x, y);
            (columns, plot)
        }
    };
    let legend = if matches!(figure.chart, Chart::Bars { .. } | Chart::Waterfall { .. }) {
        ""
    } else {
        "<c:legend><c:legendPos val=\"t\"/><c:overlay val=\"0\"/></c:legend>"
    };
    let chart = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <c:chartSpace xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\" \
         xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
         xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">\
         <c:roundedCorners val=\"0\"/><c:chart><c:autoTitleDeleted val=\"1\"/><c:plotArea><c:layout/>{plot}</c:plotArea>{legend}\
         <c:plotVisOnly val=\"1\"/><c:dispBlanksAs val=\"gap\"/></c:chart>\
         <c:txPr><a:bodyPr/><a:p><a:pPr><a:defRPr sz=\"900\"/></a:pPr><a:endParaRPr lang=\"zh-CN\"/></a:p></c:txPr>\
         <c:externalData r:id=\"rId1\"><c:autoUpdate val=\"0\"/></c:externalData></c:chartSpace>"
    );
    Ok(Part { chart, workbook: workbook(&columns).map_err(ReportError::document)? })
}

fn workbook(columns: &[Data]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(1900, 1, 1)?));
    let sheet = workbook.add_worksheet().set_name("Sheet1")?;
    let most = columns.iter().map(|own| own.cells.len()).max().unwrap_or(0);
    for (at, column) in (0_u16..).zip(columns) {
        sheet.write_string(0, at, &column.heading)?;
    }
    // Row by row: the writer keeps one row at a time.
    for row in 0..most {
        for (at, column) in (0_u16..).zip(columns) {
            match &column.cells {
                Values::Words(words) => {
                    if let Some(word) = words.get(row) {
                        sheet.write_string(row as u32 + 1, at, word)?;
                    }
                }
                Values::Numbers(numbers) => {
                    if let Some(Some(number)) = numbers.get(row) {
                        sheet.write_number(row as u32 + 1, at, *number)?;
                    }
                }
            }
        }
    }
    workbook.save_to_buffer()
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Words(words) => words.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }
}
