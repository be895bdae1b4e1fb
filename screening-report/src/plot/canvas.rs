//! Lines, boxes and words of an SVG drawing.

use std::fmt::Write as _;

use screening_core::svg::{escaped, round_step};

/// A drawing that is being made. Writing to a string cannot fail, so results of `write!` are dropped.
pub(super) struct Canvas {
    body: String,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Which point of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Fonts with Chinese characters that systems bring along.
pub(super) const FONTS: &str =
    "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','Noto Sans SC',sans-serif";
/// Dark text and lines.
pub(super) const INK: &str = "#1a1a1a";

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { body: String::with_capacity(4096), width, height }
    }

    pub(super) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\" stroke=\"{INK}\" stroke-width=\"0.6\"/>"
        );
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str, width: f64) {
        let _ = writeln!(
            self.body,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        );
    }

    /// A line through points; `dash` as SVG writes it, blank for none.
    pub(super) fn path(&mut self, points: &[(f64, f64)], dash: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            self.body,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{INK}\" stroke-width=\"1.2\" stroke-dasharray=\"{dash}\"/>",
            points.join(" ")
        );
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64)) {
        let _ = writeln!(
            self.body,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#2b6cb0\" stroke=\"#ffffff\" stroke-width=\"0.8\"/>"
        );
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, colour: &str, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let words = escaped(words);
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{words}</text>"
        );
    }

    /// The document; `title` and `alt` are read out to those who cannot see it.
    pub(super) fn finish(self, title: &str, alt: &str) -> String {
        let Self { body, width, height } = self;
        let (title, alt) = (escaped(title), escaped(alt));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
             font-family=\"{FONTS}\" font-size=\"13\">\n<title>{title}</title>\n<desc>{alt}</desc>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }
}

/// Step and end of an axis that holds `largest`: steps of 1, 2 or 5 times a power of ten.
pub(super) fn nice(largest: f64) -> (f64, f64) {
    if !largest.is_finite() || largest <= 0.0 {
        return (1.0, 1.0);
    }
    let rough = largest / 5.0;
    let step = round_step(rough * 0.999);
    (step, (largest / step - 1e-9).ceil().max(1.0) * step)
}

#[cfg(test)]
mod tests {
    use screening_core::svg::ticks;

    use super::*;

    #[test]
    fn axes_end_on_a_step_and_words_stay_words() {
        assert_eq!(nice(95.0), (20.0, 100.0));
        assert_eq!(nice(0.0), (1.0, 1.0));
        let (step, end) = nice(0.031);
        assert!(end >= 0.031 && step > 0.0 && ticks(step, end).count() < 10);
        assert_eq!(escaped("<a & \"b\">\u{7}"), "&lt;a &amp; &quot;b&quot;&gt; ");
    }
}
