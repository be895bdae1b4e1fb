//! Plots as SVG. They carry names and numbers only, so they need no language.

use super::{ItemReport, ParallelReport, matrix::figure};
use crate::svg::{Anchor, Canvas, GRID, INK, Mark, ticks};

/// Greys and blues from light to dark, told apart in print too.
const SHADES: [&str; 6] = ["#eff3ff", "#c6dbef", "#9ecae1", "#6baed6", "#3182bd", "#08519c"];
const LINE: &str = "#08519c";
const RANDOM: &str = "#888888";

/// Names and numbers of a drawing for those who cannot see it.
pub(super) fn said<'n>(entries: impl Iterator<Item = (&'n str, f64)>) -> String {
    entries.map(|(name, value)| format!("{name} {}", figure(value))).collect::<Vec<_>>().join("; ")
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
        let mut canvas = Canvas::new(LEFT + WIDTH + 60.0, 20.0 + self.items.len() as f64 * ROW);
        for (at, item) in self.items.iter().enumerate() {
            let top = 10.0 + at as f64 * ROW;
            canvas.text((LEFT - 8.0, top + 13.0), Anchor::End, INK, &item.item);
            let mut left = LEFT;
            let last = item.options.len().saturating_sub(1).max(1);
            for (place, option) in item.options.iter().enumerate() {
                let wide = option.share * WIDTH;
                let shade = SHADES[(place * (SHADES.len() - 1) / last).min(SHADES.len() - 1)];
                canvas.rect((left, top), (wide, 16.0), shade);
                left += wide;
            }
            canvas.text((LEFT + WIDTH + 8.0, top + 13.0), Anchor::Start, INK, &figure(item.item_rest));
        }
        let shares = self.items.iter().map(|item| {
            let shares = item.options.iter().map(|own| format!("{}: {:.1}%", own.code, 100.0 * own.share));
            format!("{} {} ({})", item.item, shares.collect::<Vec<_>>().join(", "), figure(item.item_rest))
        });
        canvas.finish("", &shares.collect::<Vec<_>>().join("; "))
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
        let line = |values: &[f64]| -> Vec<(f64, f64)> {
            values.iter().enumerate().map(|(at, value)| (x(at), y(*value))).collect()
        };
        let mut canvas = Canvas::new(LEFT + WIDTH + 20.0, TOP + HEIGHT + 30.0);
        let mark = (most / 5.0).ceil();
        for value in ticks(mark, (most / mark).floor() * mark) {
            canvas.line((LEFT, y(value)), (LEFT + WIDTH, y(value)), GRID, 1.0);
            canvas.text((LEFT - 8.0, y(value) + 4.0), Anchor::End, INK, &format!("{value}"));
        }
        for at in (0..count).step_by(count.div_ceil(15).max(1)) {
            canvas.text((x(at), TOP + HEIGHT + 18.0), Anchor::Middle, INK, &(at + 1).to_string());
        }
        canvas.path(&line(&self.random_quantile), RANDOM, "5 4", 1.0);
        canvas.path(&line(&self.observed), LINE, "", 1.0);
        for (at, value) in self.observed.iter().enumerate() {
            let mark = if at < self.components { Mark::Dot } else { Mark::Ring };
            canvas.mark((x(at), y(*value)), mark, LINE);
        }
        let numbers: Vec<String> = (1..=count).map(|at| at.to_string()).collect();
        canvas.finish("", &said(numbers.iter().map(String::as_str).zip(self.observed.iter().copied())))
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
        assert_eq!(svg.matches("<rect x=").count(), 8);
        let width = |part: &str| part.split('"').next().and_then(|value| value.parse::<f64>().ok()).unwrap_or(0.0);
        let sum: f64 = svg
            .lines()
            .filter(|l| l.starts_with("<rect x="))
            .filter_map(|l| l.split(" width=\"").nth(1))
            .map(width)
            .sum();
        assert!((sum - 960.0).abs() < 0.5, "{sum}");
    }

    #[test]
    fn the_scree_has_a_point_for_each_eigenvalue() {
        let r = DMatrix::from_fn(7, 7, |i, j| if i == j { 1.0 } else { 0.4 });
        let found = ParallelAnalysis { samples: 20, ..ParallelAnalysis::default() }.fit(&r, 300).unwrap();
        let svg = found.to_svg();
        assert_eq!(svg.matches("<circle").count(), 7);
        assert_eq!(svg.matches("r=\"4\" fill=\"#08519c\"").count(), found.components);
        assert_eq!(svg.matches("<polyline").count(), 2);
    }
}
