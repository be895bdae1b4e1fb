//! Plots as SVG, with no more than lines, points and words. Whatever they show has passed the suppression step before. Series are told
//! apart by their lines and the shapes of their points, so that colour is not needed.

use screening_core::svg::{Anchor, Canvas, GRID, INK, Mark as Shape, nice, ticks, width};

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
    /// Single diamonds.
    Diamonds,
    /// A line, with a point wherever there is a label.
    Line,
    /// A line with a disc at each point.
    Discs,
    /// A broken line with a square at each point.
    Squares,
    /// A broken line.
    Dashes,
    /// A dotted line.
    Dots,
}

impl Mark {
    /// Shape of the points, where all of them are drawn.
    fn shape(self) -> Option<Shape> {
        match self {
            Self::Points | Self::Discs => Some(Shape::Dot),
            Self::Squares => Some(Shape::Square),
            Self::Diamonds => Some(Shape::Diamond),
            Self::Line | Self::Dashes | Self::Dots => None,
        }
    }

    fn line(self, canvas: &mut Canvas, points: &[(f64, f64)], colour: &str) {
        let dash = match self {
            Self::Points | Self::Diamonds => return,
            Self::Line | Self::Discs => "",
            Self::Squares | Self::Dashes => "6 4",
            Self::Dots => "2 3",
        };
        canvas.path(points, colour, dash, 2.0);
    }
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
/// Length of the line before a name of the legend.
const SIGN: f64 = 28.0;

impl Plot {
    /// The SVG document.
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
        let mut canvas = Canvas::new(WIDTH, bottom + 64.0 + LINE * note.len() as f64);
        let (x_step, x_end) = nice(self.largest(|point| point.0), 6.0);
        let (y_step, y_end) = nice(self.largest(|point| point.1), 6.0);
        let place = |(x, y): (f64, f64)| (LEFT + x / x_end * (WIDTH - LEFT - RIGHT), bottom - y / y_end * PLOT_HEIGHT);
        canvas.text((WIDTH / 2.0, 26.0), Anchor::Middle, INK, &self.title);
        for (series, (x, row)) in self.series.iter().filter(|series| !series.name.is_empty()).zip(legend) {
            let middle = 50.0 + LINE * row;
            series.mark.line(&mut canvas, &[(x, middle), (x + SIGN, middle)], series.colour);
            if let Some(shape) = series.mark.shape() {
                canvas.mark((x + SIGN / 2.0, middle), shape, series.colour);
            }
            canvas.text((x + SIGN + 6.0, middle + 5.0), Anchor::Start, INK, &series.name);
        }
        canvas.text((f64::midpoint(LEFT, WIDTH - RIGHT), bottom + 40.0), Anchor::Middle, INK, &self.x);
        canvas.text((12.0, top - 12.0), Anchor::Start, INK, &self.y);
        for (at, line) in note.iter().enumerate() {
            canvas.text((LEFT, bottom + 64.0 + LINE * at as f64), Anchor::Start, INK, line);
        }
        for at in ticks(x_step, x_end) {
            let (x, y) = place((at, 0.0));
            canvas.line((x, y), (x, top), GRID, 0.8);
            canvas.text((x, y + 18.0), Anchor::Middle, INK, &number(at));
        }
        for at in ticks(y_step, y_end) {
            let (x, y) = place((0.0, at));
            canvas.line((x, y), (WIDTH - RIGHT, y), GRID, 0.8);
            canvas.text((x - 8.0, y + 4.0), Anchor::End, INK, &number(at));
        }
        canvas.line(place((0.0, 0.0)), place((x_end, 0.0)), INK, 1.0);
        canvas.line(place((0.0, 0.0)), place((0.0, y_end)), INK, 1.0);
        self.series.iter().for_each(|series| draw(&mut canvas, series, &place));
        let names: Vec<&str> = self.series.iter().map(|own| own.name.as_str()).filter(|own| !own.is_empty()).collect();
        let alt = format!("{} / {}: {}. {}", self.x, self.y, names.join(", "), self.note);
        canvas.finish(&self.title, alt.trim())
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
            let wide = width(&series.name) + SIGN + 30.0;
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

fn draw(canvas: &mut Canvas, series: &Series, place: &dyn Fn((f64, f64)) -> (f64, f64)) {
    let shown: Vec<(usize, (f64, f64))> = series
        .points
        .iter()
        .enumerate()
        .filter(|(_, point)| point.0.is_finite() && point.1.is_finite())
        .map(|(at, point)| (at, place(*point)))
        .collect();
    let line: Vec<(f64, f64)> = shown.iter().map(|(_, point)| *point).collect();
    series.mark.line(canvas, &line, series.colour);
    let mut last: Option<(f64, f64)> = None;
    for (at, (x, y)) in shown {
        let label = series.labels.get(at).filter(|label| !label.is_empty());
        if let Some(shape) = series.mark.shape().or(label.map(|_| Shape::Dot)) {
            canvas.mark((x, y), shape, series.colour);
        }
        // A label that would stand on the one before is left out; its point is there.
        let near = |(left, above): (f64, f64)| (x - left).abs() < 44.0 && (y - above).abs() < 14.0;
        if let (Some(label), false) = (label, last.is_some_and(near)) {
            let (shift, anchor) =
                if x + 8.0 + width(label) > WIDTH { (-7.0, Anchor::End) } else { (7.0, Anchor::Start) };
            canvas.text((x + shift, y - 6.0), anchor, INK, label);
            last = Some((x, y));
        }
    }
}

fn number(value: f64) -> String {
    screening_core::stats::short(value, 3)
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
        // The only point that can be drawn, and the mark before the name in the legend.
        assert_eq!(svg.matches("<circle").count(), 2);
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
}
