//! Figures to compare with: what others printed, stored beside their data, or computed.

use std::collections::HashMap;
use std::path::Path;

use crate::{Csv, Outcome};

/// The figures of one file, and how many of them were compared.
/// Each comparison that fails is kept for [`Ledger::close`], which tells all of them at once.
#[derive(Debug)]
pub struct Ledger {
    file: &'static str,
    figures: HashMap<[String; 3], (String, f64)>,
    compared: usize,
    wrong: Vec<String>,
}

impl Ledger {
    /// Opens the figures of one file in the folder of the data.
    ///
    /// # Errors
    /// When the file of figures cannot be read.
    pub fn open(data: &Path, file: &'static str) -> Outcome<Self> {
        let csv = Csv::read(&data.join("expected_figures.csv"))?;
        let (files, groups, measures) = (csv.column("file")?, csv.column("group")?, csv.column("measure")?);
        let (statistics, values, tolerances) =
            (csv.column("statistic")?, csv.column("value")?, csv.column("tolerance")?);
        let mut figures = HashMap::new();
        for row in (0..csv.height()).filter(|row| files[*row] == file) {
            let key = [groups[row], measures[row], statistics[row]].map(str::to_owned);
            figures.insert(key, (values[row].to_owned(), tolerances[row].parse::<f64>()?));
        }
        Ok(Self { file, figures, compared: 0, wrong: Vec::new() })
    }

    /// File whose figures these are.
    pub fn file(&self) -> &'static str {
        self.file
    }

    fn figure(&mut self, group: &str, measure: &str, statistic: &str) -> Option<(String, f64)> {
        let key = [group, measure, statistic].map(str::to_owned);
        let figure = self.figures.get(&key).cloned();
        if figure.is_none() {
            self.wrong.push(format!("{key:?}: the file of figures has no such line"));
        }
        figure
    }

    /// Compares a figure within the tolerance that the file states.
    pub fn check(&mut self, group: &str, measure: &str, statistic: &str, found: f64) {
        let Some((value, tolerance)) = self.figure(group, measure, statistic) else { return };
        match value.parse::<f64>() {
            Ok(expected) if (expected - found).abs() <= tolerance + 1e-9 => self.compared += 1,
            _ => self.wrong.push(format!("{group}, {measure}, {statistic}: {found} instead of {value}")),
        }
    }

    /// Compares a count.
    pub fn count(&mut self, group: &str, measure: &str, found: usize) {
        self.check(group, measure, "count", found as f64);
    }

    /// Compares several counts that stand in one figure, separated by spaces.
    pub fn counts(&mut self, group: &str, measure: &str, found: &[usize]) {
        let found = found.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        match self.figure(group, measure, "counts") {
            Some((value, _)) if value == found => self.compared += 1,
            Some((value, _)) => self.wrong.push(format!("{group}, {measure}: {found} instead of {value}")),
            None => {}
        }
    }

    /// Compares six figures of one score: rows, complete rows, mean, standard deviation and both ends.
    pub fn summary(&mut self, group: &str, measure: &str, totals: &[Option<f64>]) {
        let known: Vec<f64> = totals.iter().copied().flatten().collect();
        let n = known.len() as f64;
        let mean = known.iter().sum::<f64>() / n;
        let variance = known.iter().map(|total| (total - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let found = [
            ("n_rows", totals.len() as f64),
            ("n_complete", n),
            ("sum_mean", mean),
            ("sum_sd_n-1", variance.sqrt()),
            ("sum_min", known.iter().copied().fold(f64::INFINITY, f64::min)),
            ("sum_max", known.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ];
        for (statistic, value) in found {
            self.check(group, measure, statistic, value);
        }
    }

    /// Ends the comparison.
    ///
    /// # Panics
    /// When a figure differs or does not exist, or fewer than `at_least` agree: a test must not pass empty.
    pub fn close(self, at_least: usize) {
        let Self { file, compared, wrong, .. } = self;
        assert!(wrong.is_empty(), "{file}:\n{}", wrong.join("\n"));
        assert!(compared >= at_least, "{file}: {compared} figures were compared, {at_least} are needed");
        println!("{file}: {compared} figures agree");
    }
}
