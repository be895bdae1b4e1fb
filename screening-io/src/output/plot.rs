//! Plots as SVG, with no more than lines, points and words. Whatever they show has passed the suppression step before.

use std::fmt::Write as _;

use screening_core::svg::{round_step, text, ticks, width};

/// A curve or a cloud of points.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Colour, `#rrggbb`.
    pub colour: &'static str,
    /// Points; not finite ones are left out.
    pub points: Vec<(f64, f64)>,
    /// A word beside each point; may be shorter than the points, and blank where a point has none.
    pub labels: Vec<String>,
    /// How they are drawn.
    pub mark: Mark,
}

/// How the points of a series are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Single points.
    Points,
    /// A line, with a point wherever there is a label.
    Line,
    /// A broken line.
    Dashes,
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
const PLOT_HEIGHT: f64 = 380.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 60.0;
/// Height of a line of text.
const LINE: f64 = 20.0;

impl Plot {
    /// The SVG document. Writing to a string cannot fail, so results of `write!` are dropped.
    ///
    /// ```
    /// use screening_io::output::{Mark, Plot, Series};
    /// let series = Series { name: "a < b".into(), colour: "#1565c0", points: vec![(1.0, 2.0)], labels: Vec::new(), mark: Mark::Line };
    /// let plot = Plot { title: "t".into(), x: "x".into(), y: "y".into(), note: String::new(), series: vec![series] };
    /// assert!(plot.svg().contains("a &lt; b"));
    /// ```
    pub fn svg(&self) -> String {
        let legend = self.legend();
        let top = 44.0 + LINE * (legend.last().map_or(0.0, |entry| entry.1) + 2.0);
        let note = wrapped(&self.note, WIDTH - LEFT - RIGHT);
        let bottom = top + PLOT_HEIGHT;
        let height = bottom + 56.0 + LINE * note.len() as f64;
        let (x_step, x_end) = nice(self.largest(|point| point.0));
        let (y_step, y_end) = nice(self.largest(|point| point.1));
        let place = |(x, y): (f64, f64)| (LEFT + x / x_end * (WIDTH - LEFT - RIGHT), bottom - y / y_end * PLOT_HEIGHT);
        let mut svg = String::with_capacity(8192);
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
             font-family=\"'Microsoft YaHei','Noto Sans CJK SC','PingFang SC',sans-serif\" font-size=\"13\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        );
        text(&mut svg, WIDTH / 2.0, 26.0, "middle", &self.title);
        for (series, (x, row)) in self.series.iter().filter(|series| !series.name.is_empty()).zip(legend) {
            let y = 44.0 + LINE * row;
            let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\" fill=\"{}\"/>", series.colour);
            text(&mut svg, x + 18.0, y + 11.0, "start", &series.name);
        }
        text(&mut svg, f64::midpoint(LEFT, WIDTH - RIGHT), bottom + 40.0, "middle", &self.x);
        text(&mut svg, 12.0, top - 12.0, "start", &self.y);
        for (at, line) in note.iter().enumerate() {
            text(&mut svg, LEFT, bottom + 64.0 + LINE * at as f64, "start", line);
        }
        for at in ticks(x_step, x_end) {
            let (x, y) = place((at, 0.0));
            line(&mut svg, (x, y), (x, top), "#eeeeee");
            text(&mut svg, x, y + 18.0, "middle", &number(at));
        }
        for at in ticks(y_step, y_end) {
            let (x, y) = place((0.0, at));
            line(&mut svg, (x, y), (WIDTH - RIGHT, y), "#eeeeee");
            text(&mut svg, x - 8.0, y + 4.0, "end", &number(at));
        }
        line(&mut svg, place((0.0, 0.0)), place((x_end, 0.0)), "#424242");
        line(&mut svg, place((0.0, 0.0)), place((0.0, y_end)), "#424242");
        self.series.iter().for_each(|series| draw(&mut svg, series, &place));
        svg.push_str("</svg>\n");
        svg
    }

    fn largest(&self, of: fn(&(f64, f64)) -> f64) -> f64 {
        let points = self.series.iter().flat_map(|series| &series.points);
        points.filter(|(x, y)| x.is_finite() && y.is_finite()).map(of).fold(0.0, f64::max)
    }

    /// Left end and row of each name of the legend. A series without a name is not in it.
    fn legend(&self) -> Vec<(f64, f64)> {
        let (mut x, mut row) = (LEFT, 0.0);
        let mut places = Vec::with_capacity(self.series.len());
        for series in self.series.iter().filter(|series| !series.name.is_empty()) {
            let wide = width(&series.name) + 42.0;
            if x > LEFT && x + wide > WIDTH - 12.0 {
                (x, row) = (LEFT, row + 1.0);
            }
            places.push((x, row));
            x += wide;
        }
        places
    }
}

/// Lines of at most this width, broken at blanks and between Chinese characters.
fn wrapped(words: &str, most: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut current, mut word) = (String::new(), String::new());
    let mut put = |current: &mut String, word: &mut String| {
        if !current.is_empty() && width(current) + width(word) > most {
            lines.push(std::mem::take(current).trim_end().to_owned());
        }
        current.push_str(word);
        word.clear();
    };
    for letter in words.chars() {
        word.push(letter);
        // A closing mark does not begin a line.
        if letter == ' ' || (!letter.is_ascii() && letter.is_alphanumeric()) {
            put(&mut current, &mut word);
        }
    }
    put(&mut current, &mut word);
    if !current.trim().is_empty() {
        lines.push(current.trim_end().to_owned());
    }
    lines
}

fn draw(svg: &mut String, series: &Series, place: &dyn Fn((f64, f64)) -> (f64, f64)) {
    let shown: Vec<(usize, (f64, f64))> = series
        .points
        .iter()
        .enumerate()
        .filter(|(_, point)| point.0.is_finite() && point.1.is_finite())
        .map(|(at, point)| (at, place(*point)))
        .collect();
    if series.mark != Mark::Points {
        let path: Vec<String> = shown.iter().map(|(_, (x, y))| format!("{x:.1},{y:.1}")).collect();
        let dashes = if series.mark == Mark::Dashes { " stroke-dasharray=\"6 4\"" } else { "" };
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{dashes}/>",
            path.join(" "),
            series.colour
        );
    }
    let mut last: Option<(f64, f64)> = None;
    for (at, (x, y)) in shown {
        let label = series.labels.get(at).filter(|label| !label.is_empty());
        if series.mark == Mark::Points || label.is_some() {
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{}\"/>", series.colour);
        }
        // A label that would stand on the one before is left out; its point is there.
        let near = |(left, above): (f64, f64)| (x - left).abs() < 44.0 && (y - above).abs() < 14.0;
        if let (Some(label), false) = (label, last.is_some_and(near)) {
            let (shift, anchor) = if x + 8.0 + width(label) > WIDTH { (-7.0, "end") } else { (7.0, "start") };
            text(svg, x + shift, y - 6.0, anchor, label);
            last = Some((x, y));
        }
    }
}

fn line(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str) {
    let _ = writeln!(svg, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>");
}

/// Step and end of an axis that holds `largest`: steps of 1, 2 or 5 times a power of ten.
fn nice(largest: f64) -> (f64, f64) {
    if largest <= 0.0 || !largest.is_finite() {
        return (1.0, 1.0);
    }
    let rough = largest / 6.0;
    let step = round_step(rough);
    (step, (largest / step).ceil() * step)
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
            mark: Mark::Points,
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
    fn long_notes_are_broken_and_lose_nothing() {
        let note =
            "预计数字基于给定的比例。Expected figures rest on the stated prevalence, and on studies of other people."
                .repeat(3);
        let lines = wrapped(&note, 400.0);
        assert!(lines.len() > 3 && lines.iter().all(|line| width(line) < 520.0), "{lines:?}");
        let plain = |text: &str| text.chars().filter(|letter| *letter != ' ').collect::<String>();
        assert_eq!(plain(&lines.concat()), plain(&note));
        assert!(wrapped("", 400.0).is_empty());
    }

    #[test]
    fn axes_end_on_a_step() {
        assert_eq!(nice(95.0), (20.0, 100.0));
        assert_eq!(nice(0.0), (1.0, 1.0));
        let (step, end) = nice(0.031);
        assert!(end >= 0.031 && (end / step).fract() < 1e-9);
    }
}
