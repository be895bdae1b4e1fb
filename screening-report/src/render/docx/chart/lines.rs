//! Columns, lines and falls: distributions, profiles, courses, coverage. What is not the pupils' own is hatched or broken, so that
//! it is told apart without colour.

use std::fmt::Write as _;

use super::Data;
use super::xml::{INK, ZERO, axis_title, name, reference, value_axis};
use crate::model::{Bin, Panel, ProfileRow, Step};

const BAR: &str = "4A7FB5";
const POINT: &str = "1F4E79";

/// How a series looks.
#[derive(Debug, Clone, Copy)]
enum Look {
    Solid,
    Hatched,
    Unseen,
}

impl Look {
    fn properties(self) -> String {
        let rim = format!("<a:ln w=\"6350\"><a:solidFill><a:srgbClr val=\"{INK}\"/></a:solidFill></a:ln>");
        match self {
            Self::Solid => format!("<c:spPr><a:solidFill><a:srgbClr val=\"{BAR}\"/></a:solidFill>{rim}</c:spPr>"),
            Self::Hatched => format!(
                "<c:spPr><a:pattFill prst=\"wdUpDiag\"><a:fgClr><a:srgbClr val=\"6B6B6B\"/></a:fgClr>\
                 <a:bgClr><a:srgbClr val=\"FFFFFF\"/></a:bgClr></a:pattFill>{rim}</c:spPr>"
            ),
            Self::Unseen => "<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>".to_owned(),
        }
    }
}

/// The columns of the workbook, and the plot.
type Made = (Vec<Data>, String);

pub(super) fn distribution((x, y): (&str, &str), bins: &[Bin], names: &[String; 3]) -> Made {
    let word = |bin: &Bin| if bin.share.is_none() { format!("{} ×", bin.name) } else { bin.name.clone() };
    let [here, norm, _] = names;
    let mut columns = vec![
        Data::words(bins.iter().map(word).collect()),
        Data::numbers(here, bins.iter().map(|bin| bin.share).collect()),
    ];
    let mut looks = vec![Look::Solid];
    if bins.iter().any(|bin| bin.norm.is_some()) {
        columns.push(Data::numbers(norm, bins.iter().map(|bin| bin.norm).collect()));
        looks.push(Look::Hatched);
    }
    let plot = format!(
        "<c:barChart><c:barDir val=\"col\"/><c:grouping val=\"clustered\"/><c:varyColors val=\"0\"/>{}<c:gapWidth val=\"40\"/>\
         <c:axId val=\"1\"/><c:axId val=\"2\"/></c:barChart>{}{}",
        bars(&columns, &looks),
        categories("b", "minMax", x),
        value_axis((2, 1, "l"), y, "0%", "autoZero", ZERO)
    );
    (columns, plot)
}

pub(super) fn waterfall(axis: &str, steps: &[Step]) -> Made {
    let low = |step: &Step| step.from.min(step.to);
    let wide = |step: &Step, total: bool| (step.total == total).then_some((step.from - step.to).abs());
    let columns = vec![
        Data::words(steps.iter().map(|step| format!("{} {}", step.name, step.label)).collect()),
        Data::numbers("0", steps.iter().map(|step| Some(low(step))).collect()),
        Data::numbers("=", steps.iter().map(|step| wide(step, true)).collect()),
        Data::numbers("-", steps.iter().map(|step| wide(step, false)).collect()),
    ];
    let plot = format!(
        "<c:barChart><c:barDir val=\"bar\"/><c:grouping val=\"stacked\"/><c:varyColors val=\"0\"/>{}<c:gapWidth val=\"60\"/>\
         <c:overlap val=\"100\"/><c:axId val=\"1\"/><c:axId val=\"2\"/></c:barChart>{}{}",
        bars(&columns, &[Look::Unseen, Look::Solid, Look::Hatched]),
        categories("l", "maxMin", ""),
        value_axis((2, 1, "b"), axis, "0", "max", ZERO)
    );
    (columns, plot)
}

pub(super) fn profile(
    (axis, (low, high), percent): (&str, (f64, f64), bool),
    rows: &[ProfileRow],
    names: &[String; 2],
) -> Made {
    let [point, band] = names;
    let column =
        |heading: &str, of: &dyn Fn(&ProfileRow) -> Option<f64>| Data::numbers(heading, rows.iter().map(of).collect());
    let columns = vec![
        Data::words(rows.iter().map(|row| format!("{} {}", row.name, row.label)).collect()),
        column(point, &|row| Some(row.value)),
        column(band, &|row| row.band.map(|own| own.0)),
        column(band, &|row| row.band.map(|own| own.1)),
    ];
    let lines = [Line::Points, Line::Broken, Line::Broken];
    let code = if percent { "0%" } else { "0" };
    let plot = line_chart(&columns, &lines, &value_axis((2, 1, "l"), axis, code, "autoZero", (low, Some(high))));
    (columns, plot)
}

pub(super) fn course(axis: &str, panels: &[Panel], names: &[String; 3]) -> Made {
    let (mut words, mut scores, mut lows, mut highs, mut usual) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (at, panel) in panels.iter().enumerate() {
        if at > 0 {
            // A place without a score parts the lines of two scales.
            words.push(String::new());
            [&mut scores, &mut lows, &mut highs, &mut usual].into_iter().for_each(|list| list.push(None));
        }
        let last = panel.points.len().saturating_sub(1);
        for (at, (wave, value, label)) in panel.points.iter().enumerate() {
            let scale = if at == 0 { format!("{} ", panel.name) } else { String::new() };
            words.push(format!("{scale}{wave} {label}"));
            scores.push(*value);
            let band = panel.band.filter(|_| at + 1 >= last);
            lows.push(band.map(|own| own.0));
            highs.push(band.map(|own| own.1));
            usual.push(panel.usual);
        }
    }
    let [point, band, end] = names;
    let columns = vec![
        Data::words(words),
        Data::numbers(point, scores),
        Data::numbers(band, lows),
        Data::numbers(band, highs),
        Data::numbers(end, usual),
    ];
    let lines = [Line::Joined, Line::Dotted, Line::Dotted, Line::Broken];
    let plot = line_chart(&columns, &lines, &value_axis((2, 1, "l"), axis, "0%", "autoZero", (0.0, Some(1.0))));
    (columns, plot)
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Points,
    Joined,
    Broken,
    Dotted,
}

fn line_chart(columns: &[Data], lines: &[Line], axis: &str) -> String {
    let mut out = "<c:lineChart><c:grouping val=\"standard\"/><c:varyColors val=\"0\"/>".to_owned();
    for (at, line) in lines.iter().enumerate() {
        let look = match line {
            Line::Points => "<c:spPr><a:ln><a:noFill/></a:ln></c:spPr>".to_owned(),
            Line::Joined => format!(
                "<c:spPr><a:ln w=\"22225\"><a:solidFill><a:srgbClr val=\"{POINT}\"/></a:solidFill></a:ln></c:spPr>"
            ),
            Line::Broken | Line::Dotted => {
                let dash = if *line == Line::Broken { "dash" } else { "sysDot" };
                format!(
                    "<c:spPr><a:ln w=\"12700\"><a:solidFill><a:srgbClr val=\"{INK}\"/></a:solidFill><a:prstDash val=\"{dash}\"/></a:ln></c:spPr>"
                )
            }
        };
        let marker = match line {
            Line::Points | Line::Joined => format!(
                "<c:marker><c:symbol val=\"diamond\"/><c:size val=\"8\"/><c:spPr><a:solidFill><a:srgbClr val=\"{POINT}\"/></a:solidFill></c:spPr></c:marker>"
            ),
            Line::Broken | Line::Dotted => "<c:marker><c:symbol val=\"none\"/></c:marker>".to_owned(),
        };
        let (cats, values) = (reference(columns, 0), reference(columns, at + 1));
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "<c:ser><c:idx val=\"{at}\"/><c:order val=\"{at}\"/>{}{look}{marker}<c:cat>{cats}</c:cat><c:val>{values}</c:val><c:smooth val=\"0\"/></c:ser>",
            name(columns, at + 1)
        );
    }
    let _ = write!(
        out,
        "<c:marker val=\"1\"/><c:axId val=\"1\"/><c:axId val=\"2\"/></c:lineChart>{}{axis}",
        categories("b", "minMax", "")
    );
    out
}

fn bars(columns: &[Data], looks: &[Look]) -> String {
    let mut out = String::new();
    for (at, look) in looks.iter().enumerate() {
        let (cats, values) = (reference(columns, 0), reference(columns, at + 1));
        let _ = write!(
            out,
            "<c:ser><c:idx val=\"{at}\"/><c:order val=\"{at}\"/>{}{}<c:invertIfNegative val=\"0\"/><c:cat>{cats}</c:cat><c:val>{values}</c:val></c:ser>",
            name(columns, at + 1),
            look.properties()
        );
    }
    out
}

/// The axis of categories.
fn categories(place: &str, direction: &str, title: &str) -> String {
    let title = if title.is_empty() { String::new() } else { axis_title(title) };
    format!(
        "<c:catAx><c:axId val=\"1\"/><c:scaling><c:orientation val=\"{direction}\"/></c:scaling><c:delete val=\"0\"/><c:axPos val=\"{place}\"/>{title}\
         <c:numFmt formatCode=\"General\" sourceLinked=\"0\"/><c:majorTickMark val=\"none\"/><c:minorTickMark val=\"none\"/><c:tickLblPos val=\"low\"/>\
         <c:crossAx val=\"2\"/><c:crosses val=\"autoZero\"/></c:catAx>"
    )
}
