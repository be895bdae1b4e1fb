//! Panels of curves as SVG: axes with round marks, lines, points. Names and numbers only.

use super::plot::said;
use crate::svg::{Anchor, Canvas, GRID, INK, Mark, round_step};

/// Dark colours that differ in print too.
pub(crate) const COLOURS: [&str; 8] =
    ["#08519c", "#d95f02", "#1b7837", "#7a0177", "#666666", "#b8860b", "#c51b7d", "#2b8cbe"];

const MARGIN: (f64, f64) = (46.0, 26.0);
/// Size of letters.
const SMALL: f64 = 12.0;

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

    fn draw(&self, canvas: &mut Canvas, (left, top): (f64, f64), (width, height): (f64, f64)) {
        let x = |value: f64| left + MARGIN.0 + (width - MARGIN.0 - 8.0) * (value - self.x.0) / (self.x.1 - self.x.0);
        let bottom = top + height - MARGIN.1;
        let y = |value: f64| bottom - (height - MARGIN.1 - 20.0) * (value - self.y.0) / (self.y.1 - self.y.0);
        let (from, to) = (x(self.x.0), x(self.x.1));
        for mark in marks(self.y) {
            canvas.line((from, y(mark)), (to, y(mark)), GRID, 1.0);
            canvas.sized_text((from - 5.0, y(mark) + 4.0), Anchor::End, INK, SMALL, &label(mark));
        }
        for mark in marks(self.x) {
            canvas.sized_text((x(mark), bottom + 15.0), Anchor::Middle, INK, SMALL, &label(mark));
        }
        canvas.sized_text((from, top + 13.0), Anchor::Start, INK, SMALL, &self.title);
        canvas.sized_text((to, bottom + 15.0), Anchor::End, INK, SMALL, self.labels.0);
        canvas.sized_text((left, top + 13.0), Anchor::Start, INK, SMALL, self.labels.1);
        let inside = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
            let finite = points.iter().filter(|(a, b)| a.is_finite() && b.is_finite());
            finite.map(|(a, b)| (x(*a), y(b.clamp(self.y.0, self.y.1)))).collect()
        };
        for line in &self.lines {
            canvas.path(&inside(&line.points), line.colour, if line.dashed { "5 4" } else { "" }, 1.5);
        }
        for place in inside(&self.points) {
            canvas.mark(place, Mark::Dot, COLOURS[0]);
        }
    }

    /// Title, axes and names of the lines.
    fn said(&self) -> String {
        let names = self.lines.iter().map(|line| line.name.as_str()).filter(|name| !name.is_empty());
        let names: Vec<&str> = names.collect();
        format!("{} ({} / {}): {}", self.title, self.labels.0, self.labels.1, names.join(", "))
    }
}

/// Panels beside and below each other, `columns` in a row.
pub(crate) fn panels(list: &[Panel], columns: usize, size: (f64, f64)) -> String {
    let columns = columns.clamp(1, list.len().max(1));
    let mut canvas = Canvas::new(columns as f64 * size.0, list.len().div_ceil(columns) as f64 * size.1);
    for (at, panel) in list.iter().enumerate() {
        let place = ((at % columns) as f64 * size.0, (at / columns) as f64 * size.1);
        panel.draw(&mut canvas, place, size);
    }
    canvas.finish("", &list.iter().map(Panel::said).collect::<Vec<_>>().join("; "))
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
    let mut canvas = Canvas::new(LEFT + WIDTH + 20.0, bottom + 24.0);
    for mark in at.iter().chain(&[0.0]) {
        canvas.line((x(*mark), 5.0), (x(*mark), bottom), GRID, 1.0);
        canvas.text((x(*mark), bottom + 14.0), Anchor::Middle, INK, &label(*mark));
    }
    for (row, (name, value, flagged)) in rows.iter().enumerate() {
        let y = 18.0 + row as f64 * ROW;
        canvas.text((LEFT - 8.0, y + 4.0), Anchor::End, INK, name);
        if value.is_finite() {
            // Flagged ones have another shape too, for print without colour.
            let (mark, colour) = if *flagged { (Mark::Diamond, COLOURS[1]) } else { (Mark::Dot, COLOURS[0]) };
            canvas.mark((x(*value), y), mark, colour);
        }
    }
    canvas.finish("", &said(rows.iter().map(|row| (row.0.as_str(), row.1))))
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
        // The flagged one has a shape of its own; the other has no value.
        assert_eq!((svg.matches("<circle").count(), svg.matches("<path").count()), (0, 1));
    }
}
