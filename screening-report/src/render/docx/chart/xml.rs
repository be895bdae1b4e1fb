//! The XML of a chart.

use std::fmt::Write as _;

use screening_core::svg::escaped;

use super::{Data, Values};
use crate::plot::shades;

pub(super) const INK: &str = "1A1A1A";
/// An axis from zero on.
pub(super) const ZERO: (f64, Option<f64>) = (0.0, None);

/// The place of a column in the workbook.
fn place(at: usize, cells: usize) -> String {
    let letter = char::from(b'A' + (at % 26) as u8);
    format!("Sheet1!${letter}$2:${letter}${}", cells + 1)
}

/// A reference to a column with what stands in it.
pub(super) fn reference(columns: &[Data], at: usize) -> String {
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
pub(super) fn name(columns: &[Data], at: usize) -> String {
    let heading = columns.get(at).map(|own| escaped(&own.heading)).unwrap_or_default();
    let letter = char::from(b'A' + (at % 26) as u8);
    format!(
        "<c:tx><c:strRef><c:f>Sheet1!${letter}$1</c:f><c:strCache><c:ptCount val=\"1\"/><c:pt idx=\"0\"><c:v>{heading}</c:v></c:pt></c:strCache></c:strRef></c:tx>"
    )
}

pub(super) fn bar_chart(columns: &[Data], axis: &str, stacked: bool) -> String {
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
        value_axis((2, 1, "b"), axis, "0%", "max", ZERO)
    );
    out
}

/// An axis of values: its number, that of the other axis and its side; title, format, where the other axis crosses, and its ends.
pub(super) fn value_axis(
    (id, across, place): (u8, u8, &str),
    title: &str,
    code: &str,
    crosses: &str,
    (low, high): (f64, Option<f64>),
) -> String {
    let high = high.map_or_else(String::new, |high| format!("<c:max val=\"{high}\"/>"));
    format!(
        "<c:valAx><c:axId val=\"{id}\"/><c:scaling><c:orientation val=\"minMax\"/>{high}<c:min val=\"{low}\"/></c:scaling><c:delete val=\"0\"/><c:axPos val=\"{place}\"/>\
         <c:majorGridlines><c:spPr><a:ln w=\"6350\"><a:solidFill><a:srgbClr val=\"D9D9D9\"/></a:solidFill></a:ln></c:spPr></c:majorGridlines>\
         {}\
         <c:numFmt formatCode=\"{code}\" sourceLinked=\"0\"/><c:majorTickMark val=\"out\"/><c:minorTickMark val=\"none\"/><c:tickLblPos val=\"nextTo\"/>\
         <c:crossAx val=\"{across}\"/><c:crosses val=\"{crosses}\"/></c:valAx>",
        axis_title(title)
    )
}

/// Words beside an axis.
pub(super) fn axis_title(words: &str) -> String {
    format!(
        "<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr><a:defRPr sz=\"900\" b=\"0\"/></a:pPr><a:r><a:rPr lang=\"zh-CN\" sz=\"900\" b=\"0\"/><a:t>{}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val=\"0\"/></c:title>",
        escaped(words)
    )
}

pub(super) fn scatter(columns: &[Data], x: &str, y: &str) -> String {
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
        value_axis((1, 2, "b"), x, "General", "autoZero", ZERO),
        value_axis((2, 1, "l"), y, "0%", "autoZero", ZERO)
    );
    out
}
