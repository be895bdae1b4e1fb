//! Pictures as charts of the document, with their figures in a workbook beside them, so that they can be edited.

use std::fmt::Write as _;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use screening_core::svg::escaped;

use crate::error::ReportError;
use crate::model::{Chart, Figure};
use crate::plot::shades;

/// A chart and the workbook with its figures.
pub(super) struct Part {
    pub(super) chart: String,
    pub(super) workbook: Vec<u8>,
}

/// English metric units a twentieth of a point.
const EMU: f64 = 635.0;
const ROW_EMU: u64 = 330_000;
const INK: &str = "1A1A1A";

/// Width and height in the document.
pub(super) fn size(chart: &Chart, width: f64) -> (u64, u64) {
    let width = (width.min(9638.0) * EMU) as u64;
    let rows = match chart {
        Chart::Bars { bars, .. } => bars.len() as u64 + 3,
        Chart::Stacked { bars, .. } => bars.len() as u64 + 5,
        Chart::Funnel { .. } => 12,
    };
    (width, rows.clamp(6, 24) * ROW_EMU)
}

/// A column of the workbook.
struct Data {
    heading: String,
    cells: Values,
}

enum Values {
    Words(Vec<String>),
    Numbers(Vec<Option<f64>>),
}

pub(super) fn part(figure: &Figure) -> Result<Part, ReportError> {
    let (columns, plot) = match &figure.chart {
        Chart::Bars { axis, bars } => {
            let names = bars.iter().map(|bar| format!("{} {}", bar.name, bar.label)).collect();
            let side = |pick: fn(f64, (f64, f64)) -> f64| {
                let width = |bar: &crate::model::Bar| Some(pick(bar.value?, bar.interval?).max(0.0));
                Values::Numbers(bars.iter().map(width).collect())
            };
            let columns = vec![
                Data { heading: String::new(), cells: Values::Words(names) },
                Data { heading: axis.clone(), cells: Values::Numbers(bars.iter().map(|bar| bar.value).collect()) },
                Data { heading: "+".to_owned(), cells: side(|value, (_, high)| high - value) },
                Data { heading: "-".to_owned(), cells: side(|value, (low, _)| value - low) },
            ];
            let plot = bar_chart(&columns, axis, false);
            (columns, plot)
        }
        Chart::Stacked { axis, parts, bars } => {
            let names = bars.iter().map(|(name, _)| name.clone()).collect();
            let mut columns = vec![Data { heading: String::new(), cells: Values::Words(names) }];
            columns.extend(parts.iter().enumerate().map(|(at, part)| {
                let cells = bars.iter().map(|(_, shares)| shares.as_ref().and_then(|list| list.get(at)).copied());
                Data { heading: part.clone(), cells: Values::Numbers(cells.collect()) }
            }));
            let plot = bar_chart(&columns, axis, true);
            (columns, plot)
        }
        Chart::Funnel { x, y, points, target, limits, names } => {
            let numbers = |heading: &str, list: Vec<f64>| Data {
                heading: heading.to_owned(),
                cells: Values::Numbers(list.into_iter().map(Some).collect()),
            };
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
            let plot = scatter(&columns, x, y);
            (columns, plot)
        }
    };
    let legend = if matches!(figure.chart, Chart::Bars { .. }) {
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

/// The place of a column in the workbook.
fn place(at: usize, cells: usize) -> String {
    let letter = char::from(b'A' + (at % 26) as u8);
    format!("Sheet1!${letter}$2:${letter}${}", cells + 1)
}

/// A reference to a column with what stands in it.
fn reference(columns: &[Data], at: usize) -> String {
    let Some(column) = columns.get(at) else { return String::new() };
    let place = place(at, column.cells.len());
    let mut points = String::new();
    // Writing to a string cannot fail.
    match &column.cells {
        Values::Words(words) => {
            for (row, word) in words.iter().enumerate() {
                let _ = write!(points, "<c:pt idx=\"{row}\"><c:v>{}</c:v></c:pt>", escaped(word));
            }
            let count = words.len();
            format!(
                "<c:strRef><c:f>{place}</c:f><c:strCache><c:ptCount val=\"{count}\"/>{points}</c:strCache></c:strRef>"
            )
        }
        Values::Numbers(numbers) => {
            for (row, number) in numbers.iter().enumerate() {
                if let Some(number) = number {
                    let _ = write!(points, "<c:pt idx=\"{row}\"><c:v>{number}</c:v></c:pt>");
                }
            }
            let count = numbers.len();
            format!(
                "<c:numRef><c:f>{place}</c:f><c:numCache><c:formatCode>General</c:formatCode><c:ptCount val=\"{count}\"/>{points}</c:numCache></c:numRef>"
            )
        }
    }
}

/// Name of a series.
fn name(columns: &[Data], at: usize) -> String {
    let heading = columns.get(at).map(|own| escaped(&own.heading)).unwrap_or_default();
    let letter = char::from(b'A' + (at % 26) as u8);
    format!(
        "<c:tx><c:strRef><c:f>Sheet1!${letter}$1</c:f><c:strCache><c:ptCount val=\"1\"/><c:pt idx=\"0\"><c:v>{heading}</c:v></c:pt></c:strCache></c:strRef></c:tx>"
    )
}

fn bar_chart(columns: &[Data], axis: &str, stacked: bool) -> String {
    let series = if stacked { columns.len().saturating_sub(1) } else { 1 };
    let shades = if stacked { shades(series) } else { vec!["#4a7fb5".to_owned()] };
    let mut out = format!(
        "<c:barChart><c:barDir val=\"bar\"/><c:grouping val=\"{}\"/><c:varyColors val=\"0\"/>",
        if stacked { "percentStacked" } else { "clustered" }
    );
    for at in 0..series {
        let shade = shades.get(at).map_or("4a7fb5", |shade| shade.trim_start_matches('#'));
        let _ = write!(
            out,
            "<c:ser><c:idx val=\"{at}\"/><c:order val=\"{at}\"/>{}<c:spPr><a:solidFill><a:srgbClr val=\"{shade}\"/></a:solidFill>\
             <a:ln w=\"6350\"><a:solidFill><a:srgbClr val=\"{INK}\"/></a:solidFill></a:ln></c:spPr><c:invertIfNegative val=\"0\"/>",
            name(columns, at + 1)
        );
        if stacked {
            let letters = if 2 * at >= series { "FFFFFF" } else { INK };
            let _ = write!(
                out,
                "<c:dLbls><c:numFmt formatCode=\"0.0%\" sourceLinked=\"0\"/><c:spPr><a:noFill/></c:spPr><c:txPr><a:bodyPr/><a:p><a:pPr>\
                 <a:defRPr sz=\"800\"><a:solidFill><a:srgbClr val=\"{letters}\"/></a:solidFill></a:defRPr></a:pPr><a:endParaRPr lang=\"zh-CN\"/></a:p></c:txPr>\
                 <c:showLegendKey val=\"0\"/><c:showVal val=\"1\"/><c:showCatName val=\"0\"/><c:showSerName val=\"0\"/><c:showPercent val=\"0\"/><c:showBubbleSize val=\"0\"/></c:dLbls>"
            );
        } else {
            let _ = write!(
                out,
                "<c:errBars><c:errBarType val=\"both\"/><c:errValType val=\"cust\"/><c:noEndCap val=\"0\"/><c:plus>{}</c:plus><c:minus>{}</c:minus><c:spPr><a:ln w=\"12700\"><a:solidFill><a:srgbClr val=\"{INK}\"/></a:solidFill></a:ln></c:spPr></c:errBars>",
                reference(columns, 2),
                reference(columns, 3)
            );
        }
        let (cats, values) = (reference(columns, 0), reference(columns, at + 1));
        let _ = write!(out, "<c:cat>{cats}</c:cat><c:val>{values}</c:val></c:ser>");
    }
    let overlap = if stacked { "<c:overlap val=\"100\"/>" } else { "" };
    let _ = write!(
        out,
        "<c:gapWidth val=\"60\"/>{overlap}<c:axId val=\"1\"/><c:axId val=\"2\"/></c:barChart>\
         <c:catAx><c:axId val=\"1\"/><c:scaling><c:orientation val=\"maxMin\"/></c:scaling><c:delete val=\"0\"/><c:axPos val=\"l\"/>\
         <c:numFmt formatCode=\"General\" sourceLinked=\"0\"/><c:majorTickMark val=\"none\"/><c:minorTickMark val=\"none\"/><c:tickLblPos val=\"low\"/>\
         <c:crossAx val=\"2\"/><c:crosses val=\"autoZero\"/></c:catAx>{}",
        value_axis(2, 1, "b", axis, "0%", "max")
    );
    out
}

fn value_axis(id: u8, across: u8, place: &str, title: &str, code: &str, crosses: &str) -> String {
    format!(
        "<c:valAx><c:axId val=\"{id}\"/><c:scaling><c:orientation val=\"minMax\"/><c:min val=\"0\"/></c:scaling><c:delete val=\"0\"/><c:axPos val=\"{place}\"/>\
         <c:majorGridlines><c:spPr><a:ln w=\"6350\"><a:solidFill><a:srgbClr val=\"D9D9D9\"/></a:solidFill></a:ln></c:spPr></c:majorGridlines>\
         <c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr><a:defRPr sz=\"900\" b=\"0\"/></a:pPr><a:r><a:rPr lang=\"zh-CN\" sz=\"900\" b=\"0\"/><a:t>{}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val=\"0\"/></c:title>\
         <c:numFmt formatCode=\"{code}\" sourceLinked=\"0\"/><c:majorTickMark val=\"out\"/><c:minorTickMark val=\"none\"/><c:tickLblPos val=\"nextTo\"/>\
         <c:crossAx val=\"{across}\"/><c:crosses val=\"{crosses}\"/></c:valAx>",
        escaped(title)
    )
}

fn scatter(columns: &[Data], x: &str, y: &str) -> String {
    let mut out = "<c:scatterChart><c:scatterStyle val=\"lineMarker\"/><c:varyColors val=\"0\"/>".to_owned();
    // Column of x, column of y, line. The points come last: LibreOffice leaves out those of a first series that is shorter.
    let series: [(usize, usize, &str); 6] =
        [(2, 3, "solid"), (2, 4, "dash"), (2, 5, "dash"), (2, 6, "sysDot"), (2, 7, "sysDot"), (0, 1, "")];
    for (at, (across, up, dash)) in series.into_iter().enumerate() {
        let look = if dash.is_empty() {
            "<c:spPr><a:ln><a:noFill/></a:ln></c:spPr><c:marker><c:symbol val=\"circle\"/><c:size val=\"7\"/><c:spPr><a:solidFill><a:srgbClr val=\"2B6CB0\"/></a:solidFill></c:spPr></c:marker>".to_owned()
        } else {
            format!(
                "<c:spPr><a:ln w=\"12700\"><a:solidFill><a:srgbClr val=\"{INK}\"/></a:solidFill><a:prstDash val=\"{dash}\"/></a:ln></c:spPr><c:marker><c:symbol val=\"none\"/></c:marker>"
            )
        };
        let _ = write!(
            out,
            "<c:ser><c:idx val=\"{at}\"/><c:order val=\"{at}\"/>{}{look}<c:xVal>{}</c:xVal><c:yVal>{}</c:yVal><c:smooth val=\"0\"/></c:ser>",
            name(columns, up),
            reference(columns, across),
            reference(columns, up)
        );
    }
    let _ = write!(
        out,
        "<c:axId val=\"1\"/><c:axId val=\"2\"/></c:scatterChart>{}{}",
        value_axis(1, 2, "b", x, "General", "autoZero"),
        value_axis(2, 1, "l", y, "0%", "autoZero")
    );
    out
}
