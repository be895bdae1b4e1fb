//! Plots as SVG. They carry names and numbers only, so they need no language.

use std::fmt::Write;

use super::{ItemReport, ParallelReport};
use crate::svg::text;

/// Greys and blues from light to dark, told apart in print too.
const SHADES: [&str; 6] = ["#eff3ff", "#c6dbef", "#9ecae1", "#6baed6", "#3182bd", "#08519c"];

pub(super) fn document(width: f64, height: f64, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n{body}</svg>\n"
    )
}

impl ItemReport {
    /// How often each option of each item was chosen, as bars of 100 %; at the right the correlation with the rest.
    ///
    /// ```
    /// use screening_core::psychometrics::{ItemAnalysis, Responses};
    ///
    /// let rows = [[0, 1], [1, 1], [2, 2], [1, 0]].map(|row| row.map(Some));
    /// let report = ItemAnalysis::default().fit(&Responses::from_rows(["a", "b"], &rows)?)?;
    /// assert!(report.to_svg().starts_with("<svg"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_svg(&self) -> String {
        const LEFT: f64 = 120.0;
        const WIDTH: f64 = 480.0;
        const ROW: f64 = 20.0;
        let mut body = String::new();
        for (at, item) in self.items.iter().enumerate() {
            let top = 10.0 + at as f64 * ROW;
            text(&mut body, LEFT - 8.0, top + 13.0, "end", &item.item);
            let mut left = LEFT;
            let last = item.options.len().saturating_sub(1).max(1);
            for (place, option) in item.options.iter().enumerate() {
                let wide = option.share * WIDTH;
                let shade = SHADES[(place * (SHADES.len() - 1) / last).min(SHADES.len() - 1)];
                let _ = writeln!(
                    body,
                    "<rect x=\"{left:.2}\" y=\"{top:.1}\" width=\"{wide:.2}\" height=\"16\" fill=\"{shade}\" \
                     stroke=\"#ffffff\"><title>{}: {:.1} %</title></rect>",
                    option.code,
                    100.0 * option.share
                );
                left += wide;
            }
            text(&mut body, LEFT + WIDTH + 8.0, top + 13.0, "start", &super::matrix::figure(item.item_rest));
        }
        document(LEFT + WIDTH + 60.0, 20.0 + self.items.len() as f64 * ROW, &body)
    }
}

impl ParallelReport {
    /// The scree: eigenvalues (points joined by a line) above the quantile of random samples (dashed).
    pub fn to_svg(&self) -> String {
        const LEFT: f64 = 50.0;
        const WIDTH: f64 = 480.0;
        const TOP: f64 = 15.0;
        const HEIGHT: f64 = 280.0;
        let most = self.observed.iter().chain(&self.random_quantile).copied().fold(1.0, f64::max);
        let count = self.observed.len();
        let x = |at: usize| LEFT + WIDTH * at as f64 / (count.max(2) - 1) as f64;
        let y = |value: f64| TOP + HEIGHT * (1.0 - value.max(0.0) / most);
        let line = |values: &[f64]| {
            let points = values.iter().enumerate().map(|(at, value)| format!("{:.1},{:.1}", x(at), y(*value)));
            points.collect::<Vec<_>>().join(" ")
        };
        let mut body = String::new();
        let mark = (most / 5.0).ceil();
        let mut value = 0.0;
        while value <= most {
            let _ = writeln!(
                body,
                "<line x1=\"{LEFT}\" y1=\"{0:.1}\" x2=\"{1}\" y2=\"{0:.1}\" stroke=\"#dddddd\"/>",
                y(value),
                LEFT + WIDTH
            );
            text(&mut body, LEFT - 8.0, y(value) + 4.0, "end", &format!("{value}"));
            value += mark;
        }
        for at in (0..count).step_by(count.div_ceil(15).max(1)) {
            text(&mut body, x(at), TOP + HEIGHT + 18.0, "middle", &(at + 1).to_string());
        }
        let _ = writeln!(
            body,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#888888\" stroke-dasharray=\"5 4\"/>",
            line(&self.random_quantile)
        );
        let _ = writeln!(body, "<polyline points=\"{}\" fill=\"none\" stroke=\"#08519c\"/>", line(&self.observed));
        for (at, value) in self.observed.iter().enumerate() {
            let fill = if at < self.components { "#08519c" } else { "#ffffff" };
            let _ = writeln!(
                body,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{fill}\" stroke=\"#08519c\"/>",
                x(at),
                y(*value)
            );
        }
        document(LEFT + WIDTH + 20.0, TOP + HEIGHT + 30.0, &body)
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::super::{ItemAnalysis, ParallelAnalysis, Responses};

    #[test]
    fn bars_fill_the_width_and_names_are_escaped() {
        let rows = [[0, 1], [1, 1], [2, 2], [1, 0]].map(|row| row.map(Some));
        let responses = Responses::from_rows(["a<b", "c"], &rows).unwrap();
        let svg = ItemAnalysis { range: Some((0, 3)), ..ItemAnalysis::default() }.fit(&responses).unwrap().to_svg();
        assert!(svg.contains("a&lt;b") && !svg.contains("a<b"));
        assert_eq!(svg.matches("<rect").count(), 8);
        let width = |part: &str| part.split('"').next().and_then(|value| value.parse::<f64>().ok()).unwrap_or(0.0);
        let sum: f64 =
            svg.lines().filter(|l| l.starts_with("<rect")).filter_map(|l| l.split(" width=\"").nth(1)).map(width).sum();
        assert!((sum - 960.0).abs() < 0.1, "{sum}");
    }

    #[test]
    fn the_scree_has_a_point_for_each_eigenvalue() {
        let r = DMatrix::from_fn(7, 7, |i, j| if i == j { 1.0 } else { 0.4 });
        let found = ParallelAnalysis { samples: 20, ..ParallelAnalysis::default() }.fit(&r, 300).unwrap();
        let svg = found.to_svg();
        assert_eq!(svg.matches("<circle").count(), 7);
        assert_eq!(svg.matches("fill=\"#08519c\"").count(), found.components);
        assert_eq!(svg.matches("<polyline").count(), 2);
    }
}
