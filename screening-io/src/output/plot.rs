//! Plots as SVG, with no more than lines, points and words. Whatever they show has passed the suppression step before.

use std::fmt::Write as _;

/// A curve or a cloud of points.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Colour, `#rrggbb`.
    pub colour: &'static str,
    /// Points; not finite ones are left out.
    pub points: Vec<(f64, f64)>,
    /// A word beside each point; may be shorter than the points.
    pub labels: Vec<String>,
    /// Joined by a line, or single points.
    pub line: bool,
}

/// A plot with two axes that begin at zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Title.
    pub title: String,
    /// Name of the horizontal axis.
    pub x: String,
    /// Name of the vertical axis.
    pub y: String,
    /// A sentence below.
    pub note: String,
    /// What is drawn.
    pub series: Vec<Series>,
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 70.0;
const BOTTOM: f64 = 90.0;

impl Plot {
    /// The SVG document. Writing to a string cannot fail, so results of `write!` are dropped.
    ///
    /// ```
    /// use screening_io::output::{Plot, Series};
    /// let series = Series { name: "a < b".into(), colour: "#1565c0", points: vec![(1.0, 2.0)], labels: Vec::new(), line: true };
    /// let plot = Plot { title: "t".into(), x: "x".into(), y: "y".into(), note: String::new(), series: vec![series] };
    /// assert!(plot.svg().contains("a &lt; b"));
    /// ```
    pub fn svg(&self) -> String {
        let finite = |point: &&(f64, f64)| point.0.is_finite() && point.1.is_finite();
        let points = || self.series.iter().flat_map(|series| &series.points).filter(finite);
        let largest = |of: fn(&(f64, f64)) -> f64| nice(points().map(of).fold(0.0, f64::max));
        let (x_step, x_end) = largest(|point| point.0);
        let (y_step, y_end) = largest(|point| point.1);
        let place = |(x, y): (f64, f64)| {
            let right = LEFT + x / x_end * (WIDTH - LEFT - RIGHT);
            (right, HEIGHT - BOTTOM - y / y_end * (HEIGHT - TOP - BOTTOM))
        };
        let mut svg = String::with_capacity(8192);
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             font-family=\"'Microsoft YaHei','Noto Sans CJK SC','PingFang SC',sans-serif\" font-size=\"13\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        );
        text(&mut svg, WIDTH / 2.0, 26.0, "middle", &self.title);
        text(&mut svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 46.0, "middle", &self.x);
        text(&mut svg, LEFT, TOP - 12.0, "start", &self.y);
        text(&mut svg, LEFT, HEIGHT - 16.0, "start", &self.note);
        for at in ticks(x_step, x_end) {
            let (x, y) = place((at, 0.0));
            line(&mut svg, (x, y), (x, TOP), "#eeeeee");
            text(&mut svg, x, y + 18.0, "middle", &number(at));
        }
        for at in ticks(y_step, y_end) {
            let (x, y) = place((0.0, at));
            line(&mut svg, (x, y), (WIDTH - RIGHT, y), "#eeeeee");
            text(&mut svg, x - 8.0, y + 4.0, "end", &number(at));
        }
        line(&mut svg, place((0.0, 0.0)), place((x_end, 0.0)), "#424242");
        line(&mut svg, place((0.0, 0.0)), place((0.0, y_end)), "#424242");
        for (at, series) in self.series.iter().enumerate() {
            draw(&mut svg, series, &place);
            let x = LEFT + 150.0 * at as f64;
            let _ = writeln!(svg, "<rect x=\"{x}\" y=\"38\" width=\"12\" height=\"12\" fill=\"{}\"/>", series.colour);
            text(&mut svg, x + 18.0, 49.0, "start", &series.name);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn draw(svg: &mut String, series: &Series, place: &dyn Fn((f64, f64)) -> (f64, f64)) {
    let shown: Vec<(usize, (f64, f64))> = series
        .points
        .iter()
        .enumerate()
        .filter(|(_, point)| point.0.is_finite() && point.1.is_finite())
        .map(|(at, point)| (at, place(*point)))
        .collect();
    if series.line {
        let path: Vec<String> = shown.iter().map(|(_, (x, y))| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>",
            path.join(" "),
            series.colour
        );
    }
    for (at, (x, y)) in shown {
        if !series.line || !series.labels.is_empty() {
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{}\"/>", series.colour);
        }
        if let Some(label) = series.labels.get(at) {
            text(svg, x + 7.0, y - 6.0, "start", label);
        }
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escaped(words));
}

fn line(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str) {
    let _ = writeln!(svg, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>");
}

fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no other control characters.
            own if own.is_control() => out.push(' '),
            own => out.push(own),
        }
    }
    out
}

/// Step and end of an axis that holds `largest`: steps of 1, 2 or 5 times a power of ten.
fn nice(largest: f64) -> (f64, f64) {
    if largest <= 0.0 || !largest.is_finite() {
        return (1.0, 1.0);
    }
    let rough = largest / 6.0;
    let power = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|own| own * power).find(|step| *step >= rough).unwrap_or(rough);
    (step, (largest / step).ceil() * step)
}

fn ticks(step: f64, end: f64) -> impl Iterator<Item = f64> {
    (0..=((end / step).round() as usize).min(20)).map(move |at| at as f64 * step)
}

fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_label_leaves_its_place() {
        let series = Series {
            name: "\u{7}<script>".into(),
            colour: "#1565c0",
            points: vec![(f64::NAN, 1.0), (3.0, f64::INFINITY), (2.0, 1.0)],
            labels: vec!["a".into(), "b".into(), "c & d".into()],
            line: false,
        };
        let plot = Plot {
            title: String::new(),
            x: String::new(),
            y: String::new(),
            note: String::new(),
            series: vec![series],
        };
        let svg = plot.svg();
        assert!(!svg.contains("<script") && svg.contains("c &amp; d") && !svg.contains("NaN") && !svg.contains("inf"));
        assert_eq!(svg.matches("<circle").count(), 1);
        let empty = Plot { series: Vec::new(), ..plot };
        assert!(empty.svg().ends_with("</svg>\n"));
    }

    #[test]
    fn axes_end_on_a_step() {
        assert_eq!(nice(95.0), (20.0, 100.0));
        assert_eq!(nice(0.0), (1.0, 1.0));
        let (step, end) = nice(0.031);
        assert!(end >= 0.031 && (end / step).fract() < 1e-9);
    }
}
