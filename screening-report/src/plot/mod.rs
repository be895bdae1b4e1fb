//! Pictures as SVG. They are read without colour: bars bear their figures, parts differ in lightness and are parted by lines, what a
//! norm lets expect is hatched, points have shapes. Whatever they show has passed the suppression step before.

mod bars;
mod course;
mod distribution;
mod funnel;
mod profile;
mod waterfall;

use screening_core::svg::{Anchor, Canvas, INK, width};

use crate::model::{Chart, Figure};

/// Across a page.
pub(crate) const WIDTH: f64 = 760.0;
/// In one of two columns.
pub(crate) const COLUMN: f64 = 430.0;
const BAR: &str = "#4a7fb5";
/// Points and lines of scores.
const POINT: &str = "#1f4e79";
/// Lines of a hatch.
const HATCH: &str = "#6b6b6b";
/// What is usual, light enough for lines upon it.
const BAND: &str = "#e6e6e6";
/// Height of a bar with the room around it.
const ROW: f64 = 30.0;

/// Draws a picture.
pub(crate) fn svg(figure: &Figure) -> String {
    svg_of(figure, WIDTH)
}

/// Draws a picture so wide; only those of a pupil's page are drawn for a column.
pub(crate) fn svg_of(figure: &Figure, wide: f64) -> String {
    let canvas = match &figure.chart {
        Chart::Bars { axis, bars } => bars::bars(axis, bars),
        Chart::Stacked { axis, parts, bars } => bars::stacked(axis, parts, bars),
        Chart::Funnel { x, y, points, target, limits, names } => funnel::funnel((x, y), points, *target, limits, names),
        Chart::Distribution { x, y, bins, bands, names } => distribution::distribution((x, y), bins, bands, names),
        Chart::Profile { axis, ends, percent: parts, rows, names } => {
            profile::profile(wide, (axis, *ends, *parts), rows, names)
        }
        Chart::Course { axis, panels, names } => course::course(wide, axis, panels, names),
        Chart::Waterfall { axis, steps } => waterfall::waterfall(axis, steps),
    };
    canvas.finish(&figure.caption, &figure.alt)
}

/// Greys and blues from light to dark, as many as there are parts: one hue, so that lightness alone tells them apart.
pub(crate) fn shades(parts: usize) -> Vec<String> {
    let (light, dark) = ([226.0, 236.0, 246.0], [8.0, 44.0, 92.0]);
    let shade = |at: usize| {
        let part = if parts > 1 { at as f64 / (parts - 1) as f64 } else { 0.5 };
        let mix = |light: f64, dark: f64| (light + (dark - light) * part).round() as u8;
        let [r, g, b] = [0, 1, 2].map(|own: usize| {
            mix(light.get(own).copied().unwrap_or_default(), dark.get(own).copied().unwrap_or_default())
        });
        format!("#{r:02x}{g:02x}{b:02x}")
    };
    (0..parts).map(shade).collect()
}

/// Room for the names on the left.
fn margin<'n>(names: impl Iterator<Item = &'n str>) -> f64 {
    names.map(width).fold(60.0, f64::max).min(260.0) + 16.0
}

/// Places of the entries of a legend, and the height of its lines.
fn legend(names: &[&str], left: f64, right: f64, sign: f64) -> (Vec<(f64, f64)>, f64) {
    let (mut x, mut row) = (left, 0.0);
    let mut places = Vec::with_capacity(names.len());
    for name in names {
        let wide = width(name) + sign + 26.0;
        if x > left && x + wide > right {
            (x, row) = (left, row + 1.0);
        }
        places.push((x, 10.0 + 22.0 * row));
        x += wide;
    }
    (places, 22.0 * (row + 1.0))
}

/// Lines of words that fit in a width, at most three; what is left over is cut and marked.
fn lines_of(words: &str, most: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in words.split_inclusive(|sign: char| sign == ' ' || !sign.is_ascii()) {
        match lines.last_mut() {
            Some(line) if line.is_empty() || width(line) + width(part.trim_end()) <= most => line.push_str(part),
            _ => lines.push(part.to_owned()),
        }
    }
    if lines.len() > 3 {
        lines.truncate(3);
        if let Some(last) = lines.last_mut() {
            last.pop();
            last.push('…');
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The name of a row, on as many lines as it needs.
fn row_name(canvas: &mut Canvas, (right, middle): (f64, f64), most: f64, name: &str) {
    let lines = lines_of(name, most);
    let (size, step) = match lines.len() {
        0 | 1 => (13.0, 13.0),
        2 => (11.0, 13.0),
        _ => (9.5, 9.5),
    };
    let first = middle + 0.35 * size - (lines.len() as f64 - 1.0) * step / 2.0;
    for (at, line) in lines.iter().enumerate() {
        canvas.sized_text((right, first + step * at as f64), Anchor::End, INK, size, line);
    }
}

/// An interval: a line with a tip at both ends.
fn whisker(canvas: &mut Canvas, (low, high): (f64, f64), middle: f64) {
    canvas.line((low, middle), (high, middle), INK, 1.4);
    for tip in [low, high] {
        canvas.line((tip, middle - 4.0), (tip, middle + 4.0), INK, 1.4);
    }
}

fn percent(value: f64) -> String {
    let text = format!("{:.1}", 100.0 * value);
    format!("{}%", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bar, Bin, Panel, ProfileRow, Step};

    fn drawn(chart: Chart) -> String {
        svg(&Figure { id: "x".into(), caption: "<c>".into(), alt: "a & b".into(), chart })
    }

    #[test]
    fn pictures_have_no_figure_that_is_none_and_words_stay_words() {
        let bar = |value| Bar { name: "<n>".into(), value, interval: None, label: "l".into() };
        let bars = drawn(Chart::Bars { axis: "x".into(), bars: vec![bar(Some(0.25)), bar(None)] });
        assert!(bars.contains("<title>&lt;c&gt;</title>") && bars.contains("<desc>a &amp; b</desc>"));
        assert_eq!(bars.matches(BAR).count(), 1, "a bar without a value is not drawn");
        let parts = vec!["a".to_owned(), "b".to_owned()];
        let rows = vec![("g".to_owned(), Some(vec![0.75, 0.25])), ("h".to_owned(), None)];
        let stacked = drawn(Chart::Stacked { axis: "x".into(), parts, bars: rows });
        assert!(stacked.contains("75%") && stacked.contains("25%"));
        let names = ["a", "b", "c", "d"].map(str::to_owned);
        let chart = |points| Chart::Funnel {
            x: "x".into(),
            y: "y".into(),
            points,
            target: 0.1,
            limits: vec![[10.0, 0.0, 0.3, 0.0, 0.5]],
            names: names.clone(),
        };
        assert_eq!(drawn(chart(vec![(100.0, 0.12)])).matches("<circle").count(), 2, "a school and the legend");
        let empty = drawn(chart(Vec::new()));
        for svg in [bars, stacked, empty, drawn(Chart::Bars { axis: String::new(), bars: Vec::new() })] {
            assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{svg}");
        }
    }

    #[test]
    fn columns_points_and_steps_are_as_many_as_there_are_figures() {
        let bin = |share, norm| Bin { name: "0–4".into(), share, norm };
        let names = || ["a", "b", "c"].map(str::to_owned);
        let chart = |bins: Vec<Bin>| Chart::Distribution {
            x: "x".into(),
            y: "y".into(),
            bands: vec![("<band>".into(), bins.len())],
            bins,
            names: names(),
        };
        let own = drawn(chart(vec![bin(Some(0.6), Some(0.5)), bin(None, Some(0.5))]));
        assert_eq!(own.matches(BAR).count(), 2, "a column and the legend");
        assert_eq!(own.matches("<path d=").count(), 3, "two columns of the norm and the legend are hatched");
        assert_eq!(own.matches('×').count(), 2, "what is not shown has its mark, and the legend tells it");
        let plain = drawn(chart(vec![bin(Some(1.0), None)]));
        assert!(!plain.contains("<path") && !plain.contains('×') && plain.contains("&lt;band&gt;"));
        let row =
            ProfileRow { name: "n".into(), value: 55.0, interval: None, band: Some((40.0, 60.0)), label: "55".into() };
        let profile = Chart::Profile {
            axis: "T".into(),
            ends: (20.0, 80.0),
            percent: false,
            rows: vec![row.clone(), row],
            names: ["a", "b"].map(str::to_owned),
        };
        assert_eq!(drawn(profile).matches("<path d=").count(), 3, "two points and the legend");
        let points = vec![("w1".to_owned(), Some(0.2), "4".to_owned()), ("w2".to_owned(), None, "—".to_owned())];
        let panel = Panel { name: "n".into(), points, band: Some((0.1, 0.4)), usual: Some(0.3) };
        let course = drawn(Chart::Course { axis: "y".into(), panels: vec![panel], names: names() });
        assert_eq!(course.matches("<circle").count(), 2, "one score and the legend");
        let step = |from, to, total| Step { name: "n".into(), from, to, total, label: "l".into() };
        let steps = vec![step(0.0, 10.0, true), step(10.0, 8.0, false), step(0.0, 8.0, true)];
        let fall = drawn(Chart::Waterfall { axis: "x".into(), steps });
        assert_eq!((fall.matches(BAR).count(), fall.matches("<path d=").count()), (2, 1));
        let empty = [
            chart(Vec::new()),
            Chart::Waterfall { axis: String::new(), steps: Vec::new() },
            Chart::Course { axis: String::new(), panels: Vec::new(), names: names() },
        ];
        for svg in empty.into_iter().map(drawn).chain([own, plain, course, fall]) {
            assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{svg}");
        }
    }

    #[test]
    fn shades_grow_darker() {
        let grey = |shade: &String| u32::from_str_radix(&shade[1..3], 16).unwrap();
        let list: Vec<u32> = shades(5).iter().map(grey).collect();
        assert!(list.windows(2).all(|pair| pair[0] > pair[1] + 30), "{list:?}");
        assert_eq!(shades(1).len(), 1);
    }
}
