//! Panels of curves as SVG: axes with round marks, lines, points. Names and numbers only.

use std::fmt::Write;

use super::plot::document;
use crate::svg::{escaped, round_step, text};

/// Dark colours that differ in print too.
pub(crate) const COLOURS: [&str; 8] =
    ["#08519c", "#d95f02", "#1b7837", "#7a0177", "#666666", "#b8860b", "#c51b7d", "#2b8cbe"];

const MARGIN: (f64, f64) = (46.0, 26.0);

/// One line of a panel.
pub(crate) struct Line {
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) colour: &'static str,
    pub(crate) dashed: bool,
    pub(crate) name: String,
}

impl Line {
    pub(crate) fn new(points: Vec<(f64, f64)>, number: usize) -> Self {
        Self { points, colour: COLOURS[number % COLOURS.len()], dashed: false, name: String::new() }
    }

    #[must_use]
    pub(crate) fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    #[must_use]
    pub(crate) fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

/// One pair of axes.
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
    pub(crate) labels: (&'static str, &'static str),
    pub(crate) lines: Vec<Line>,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Panel {
    pub(crate) fn new(
        title: impl Into<String>,
        x: (f64, f64),
        y: (f64, f64),
        labels: (&'static str, &'static str),
    ) -> Self {
        let wide = |(low, high): (f64, f64)| if high > low { (low, high) } else { (low, low + 1.0) };
        Self { title: title.into(), x: wide(x), y: wide(y), labels, lines: Vec::new(), points: Vec::new() }
    }

    fn draw(&self, body: &mut String, (left, top): (f64, f64), (width, height): (f64, f64)) {
        let x = |value: f64| left + MARGIN.0 + (width - MARGIN.0 - 8.0) * (value - self.x.0) / (self.x.1 - self.x.0);
        let bottom = top + height - MARGIN.1;
        let y = |value: f64| bottom - (height - MARGIN.1 - 20.0) * (value - self.y.0) / (self.y.1 - self.y.0);
        for mark in marks(self.y) {
            let at = y(mark);
            let ends = (x(self.x.0), x(self.x.1));
            let _ = writeln!(
                body,
                "<line x1=\"{:.1}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/>",
                ends.0, ends.1
            );
            text(body, ends.0 - 5.0, at + 4.0, "end", &label(mark));
        }
        for mark in marks(self.x) {
            text(body, x(mark), bottom + 15.0, "middle", &label(mark));
        }
        text(body, x(self.x.0), top + 13.0, "start", &self.title);
        text(body, x(self.x.1), bottom + 15.0, "end", self.labels.0);
        text(body, left, top + 13.0, "start", self.labels.1);
        for line in &self.lines {
            let inside = line.points.iter().filter(|(a, b)| a.is_finite() && b.is_finite());
            let points: Vec<String> =
                inside.map(|(a, b)| format!("{:.1},{:.1}", x(*a), y(b.clamp(self.y.0, self.y.1)))).collect();
            let dash = if line.dashed { " stroke-dasharray=\"5 4\"" } else { "" };
            let name =
                if line.name.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(&line.name)) };
            let _ = writeln!(
                body,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"{dash}>{name}</polyline>",
                points.join(" "),
                line.colour
            );
        }
        for (a, b) in self.points.iter().filter(|(a, b)| a.is_finite() && b.is_finite()) {
            let (cx, cy) = (x(*a), y(b.clamp(self.y.0, self.y.1)));
            let _ = writeln!(body, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3\" fill=\"{}\"/>", COLOURS[0]);
        }
    }
}

/// Panels beside and below each other, `columns` in a row.
pub(crate) fn panels(list: &[Panel], columns: usize, size: (f64, f64)) -> String {
    let columns = columns.clamp(1, list.len().max(1));
    let mut body = String::new();
    for (at, panel) in list.iter().enumerate() {
        let place = ((at % columns) as f64 * size.0, (at / columns) as f64 * size.1);
        panel.draw(&mut body, place, size);
    }
    document(columns as f64 * size.0, list.len().div_ceil(columns) as f64 * size.1, &body)
}

/// Names with a value each as points on a line, with lines at the marks given.
pub(crate) fn dots(rows: &[(String, f64, bool)], at: &[f64]) -> String {
    const LEFT: f64 = 120.0;
    const WIDTH: f64 = 420.0;
    const ROW: f64 = 18.0;
    let ends = rows.iter().map(|row| row.1.abs()).filter(|value| value.is_finite());
    let most = ends.chain(at.iter().map(|mark| mark.abs())).fold(0.5, f64::max) * 1.1;
    let x = |value: f64| LEFT + WIDTH * (value + most) / (2.0 * most);
    let bottom = 10.0 + rows.len() as f64 * ROW;
    let mut body = String::new();
    for mark in at.iter().chain(&[0.0]) {
        let _ = writeln!(
            body,
            "<line x1=\"{0:.1}\" y1=\"5\" x2=\"{0:.1}\" y2=\"{bottom:.1}\" stroke=\"#cccccc\"/>",
            x(*mark)
        );
        text(&mut body, x(*mark), bottom + 14.0, "middle", &label(*mark));
    }
    for (row, (name, value, flagged)) in rows.iter().enumerate() {
        let y = 18.0 + row as f64 * ROW;
        text(&mut body, LEFT - 8.0, y + 4.0, "end", name);
        if value.is_finite() {
            let fill = if *flagged { COLOURS[1] } else { COLOURS[0] };
            let _ = writeln!(body, "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{fill}\"/>", x(*value));
        }
    }
    document(LEFT + WIDTH + 20.0, bottom + 24.0, &body)
}

/// Round values from low to high, about five.
fn marks((low, high): (f64, f64)) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    if !(rough.is_finite() && rough > 0.0) {
        return Vec::new();
    }
    let step = round_step(rough * 0.999);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).take(40).map(|at| at as f64 * step).collect()
}

fn label(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_inside() {
        assert_eq!(marks((0.0, 1.0)).len(), 6);
        assert_eq!(marks((-6.0, 6.0)).first(), Some(&-5.0));
        assert!(marks((0.0, f64::NAN)).is_empty());
        assert_eq!((label(-0.0), label(0.1 + 0.2)), ("0".to_owned(), "0.3".to_owned()));
    }

    #[test]
    fn what_is_no_number_is_not_drawn() {
        let mut panel = Panel::new("a<b", (0.0, 1.0), (0.0, 0.0), ("x", "y"));
        panel.lines.push(Line::new(vec![(0.0, 0.0), (0.5, f64::NAN), (1.0, 2.0)], 0).dashed().named("q"));
        panel.points = vec![(f64::INFINITY, 1.0), (0.5, 0.5)];
        let svg = panels(&[panel], 3, (300.0, 200.0));
        assert!(svg.contains("a&lt;b") && !svg.contains("NaN") && !svg.contains("inf"));
        assert_eq!((svg.matches("<circle").count(), svg.matches("<polyline").count()), (1, 1));
        let svg = dots(&[("1".to_owned(), f64::NAN, false), ("2".to_owned(), -3.0, true)], &[-1.5, 1.5]);
        assert_eq!(svg.matches("<circle").count(), 1);
    }
}
