//! Lines, boxes, marks and words of an SVG drawing that is read without colour.

use std::fmt::Write as _;

use super::{escaped, round_step};

/// Dark text and lines.
pub const INK: &str = "#1a1a1a";
/// Lines behind the figures.
pub const GRID: &str = "#d9d9d9";
/// Fonts with Chinese characters that systems bring along.
pub const FONTS: &str =
    "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','Noto Sans SC',sans-serif";
/// Room between the lines of a hatch.
const HATCH: f64 = 6.0;

/// A drawing that is being made. Writing to a string cannot fail, so results of `write!` are dropped.
///
/// ```
/// use screening_core::svg::{Anchor, Canvas, INK, Mark};
/// let mut canvas = Canvas::new(100.0, 50.0);
/// canvas.text((50.0, 20.0), Anchor::Middle, INK, "a < b");
/// canvas.mark((50.0, 30.0), Mark::Diamond, "#2b6cb0");
/// let svg = canvas.finish("title", "what is to be seen");
/// assert!(svg.contains("a &lt; b") && svg.contains("<desc>what is to be seen</desc>"));
/// ```
#[derive(Debug, Clone)]
pub struct Canvas {
    body: String,
    width: f64,
    height: f64,
}

/// Which point of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// Shape of a point: series are told apart by it, with and without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// A disc.
    Dot,
    /// A ring.
    Ring,
    /// A square.
    Square,
    /// A square on its tip.
    Diamond,
}

impl Canvas {
    /// An empty drawing of this size.
    pub fn new(width: f64, height: f64) -> Self {
        Self { body: String::with_capacity(4096), width, height }
    }

    /// A box with a thin rim, from its upper left corner.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\" stroke=\"{INK}\" stroke-width=\"0.6\"/>"
        );
    }

    /// A box without a rim.
    pub fn shade(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>"
        );
    }

    /// A white box with lines across and a thin rim. The lines are drawn one by one: a pattern would be a reference, and drawings
    /// stand side by side on one page.
    pub fn hatched(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
        self.shade((x, y), (width, height), "#ffffff");
        let mut lines = String::new();
        let steps = ((width + height) / HATCH).ceil().clamp(0.0, 2000.0) as usize;
        for at in 1..steps {
            // The line of all points that are this far to the right and below the corner together.
            let along = at as f64 * HATCH;
            let (x1, y1) = (along.min(width), (along - width).max(0.0));
            let (x2, y2) = ((along - height).max(0.0), along.min(height));
            let _ = write!(lines, "M{:.1} {:.1}L{:.1} {:.1}", x + x1, y + y1, x + x2, y + y2);
        }
        if !lines.is_empty() {
            let _ = writeln!(self.body, "<path d=\"{lines}\" stroke=\"{colour}\" stroke-width=\"0.9\" fill=\"none\"/>");
        }
        self.rect((x, y), (width, height), "none");
    }

    /// A straight line.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str, width: f64) {
        let _ = writeln!(
            self.body,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        );
    }

    /// A line through points; `dash` as SVG writes it, blank for none.
    pub fn path(&mut self, points: &[(f64, f64)], colour: &str, dash: &str, width: f64) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        let _ = writeln!(
            self.body,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash}/>",
            points.join(" ")
        );
    }

    /// A point.
    pub fn mark(&mut self, (x, y): (f64, f64), mark: Mark, colour: &str) {
        let _ = match mark {
            Mark::Dot => writeln!(
                self.body,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\" stroke=\"#ffffff\" stroke-width=\"0.8\"/>"
            ),
            Mark::Ring => writeln!(
                self.body,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.6\" fill=\"#ffffff\" stroke=\"{colour}\" stroke-width=\"1.8\"/>"
            ),
            Mark::Square => writeln!(
                self.body,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"7.6\" height=\"7.6\" fill=\"{colour}\" stroke=\"#ffffff\" stroke-width=\"0.8\"/>",
                x - 3.8,
                y - 3.8
            ),
            Mark::Diamond => writeln!(
                self.body,
                "<path d=\"M{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}Z\" fill=\"{colour}\" stroke=\"#ffffff\" stroke-width=\"0.8\"/>",
                y - 5.4,
                x + 5.4,
                y + 5.4,
                x - 5.4
            ),
        };
    }

    /// Words.
    pub fn text(&mut self, place: (f64, f64), anchor: Anchor, colour: &str, words: &str) {
        self.sized_text(place, anchor, colour, 13.0, words);
    }

    /// Words of another size than 13 pixels.
    pub fn sized_text(&mut self, (x, y): (f64, f64), anchor: Anchor, colour: &str, size: f64, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let size = if (size - 13.0).abs() < 0.05 { String::new() } else { format!(" font-size=\"{size:.1}\"") };
        let words = escaped(words);
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\"{size}>{words}</text>"
        );
    }

    /// The document; `title` and `alt` are read out to those who cannot see it.
    pub fn finish(self, title: &str, alt: &str) -> String {
        let Self { body, width, height } = self;
        let (title, alt) = (escaped(title), escaped(alt));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
             font-family=\"{FONTS}\" font-size=\"13\">\n<title>{title}</title>\n<desc>{alt}</desc>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }
}

/// Step and end of an axis from zero that holds `largest`: about `parts` steps of 1, 2 or 5 times a power of ten.
///
/// ```
/// assert_eq!(screening_core::svg::nice(95.0, 5.0), (20.0, 100.0));
/// ```
pub fn nice(largest: f64, parts: f64) -> (f64, f64) {
    if !largest.is_finite() || largest <= 0.0 {
        return (1.0, 1.0);
    }
    let step = round_step(largest / parts * 0.999);
    (step, (largest / step - 1e-9).ceil().max(1.0) * step)
}

#[cfg(test)]
mod tests {
    use super::super::ticks;
    use super::*;

    #[test]
    fn axes_end_on_a_step_and_words_stay_words() {
        assert_eq!(nice(95.0, 5.0), (20.0, 100.0));
        assert_eq!(nice(0.0, 5.0), (1.0, 1.0));
        let (step, end) = nice(0.031, 6.0);
        assert!(end >= 0.031 && step > 0.0 && ticks(step, end).count() < 10);
        assert_eq!(escaped("<a & \"b\">\u{7}"), "&lt;a &amp; &quot;b&quot;&gt; ");
    }

    #[test]
    fn a_hatch_stays_in_its_box_and_refers_to_nothing() {
        for (width, height) in [(40.0, 20.0), (3.0, 50.0), (0.0, 0.0)] {
            let mut canvas = Canvas::new(100.0, 100.0);
            canvas.hatched((10.0, 20.0), (width, height), INK);
            let svg = canvas.finish("", "");
            assert!(!svg.contains("url(") && !svg.contains("id="));
            let lines = svg.split("<path d=\"M").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            for point in lines.split(['M', 'L']).filter(|point| !point.is_empty()) {
                let (x, y) = point.split_once(' ').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                assert!((9.95..=10.05 + width).contains(&x) && (19.95..=20.05 + height).contains(&y), "{point}");
            }
        }
    }
}
