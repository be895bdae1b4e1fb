//! Figures to compare with: what others printed, stored beside their data, or computed.

use std::collections::HashMap;
use std::path::Path;

use crate::{Csv, Outcome};

/// One line of the file of figures.
#[derive(Debug)]
struct Figure {
    key: [String; 3],
    value: String,
    tolerance: f64,
    fate: Option<Fate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Compared,
    SetAside(&'static str),
}

/// The figures of one file, and what became of each: compared, or set aside with a reason.
/// Each comparison that fails is kept for [`Ledger::close`], which tells all of them at once.
#[derive(Debug)]
pub struct Ledger {
    file: &'static str,
    figures: Vec<Figure>,
    positions: HashMap<[String; 3], usize>,
    wrong: Vec<String>,
}

impl Ledger {
    /// Opens the figures of one file in the folder of the data.
    ///
    /// # Errors
    /// When the file of figures cannot be read, or has two lines for the same figure.
    pub fn open(data: &Path, file: &'static str) -> Outcome<Self> {
        let csv = Csv::read(&data.join("expected_figures.csv"))?;
        let (files, groups, measures) = (csv.column("file")?, csv.column("group")?, csv.column("measure")?);
        let (statistics, values, tolerances) =
            (csv.column("statistic")?, csv.column("value")?, csv.column("tolerance")?);
        let (mut figures, mut positions) = (Vec::new(), HashMap::new());
        for row in (0..csv.height()).filter(|row| files[*row] == file) {
            let key = [groups[row], measures[row], statistics[row]].map(str::to_owned);
            if positions.insert(key.clone(), figures.len()).is_some() {
                return Err(format!("{file}: two lines for {key:?}").into());
            }
            let (value, tolerance) = (values[row].to_owned(), tolerances[row].parse::<f64>()?);
            figures.push(Figure { key, value, tolerance, fate: None });
        }
        Ok(Self { file, figures, positions, wrong: Vec::new() })
    }

    /// File whose figures these are.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// Whether a figure agrees with what was found; a figure that does not exist is wrong as well.
    fn settle(
        &mut self,
        [group, measure, statistic]: [&str; 3],
        found: &str,
        agrees: impl Fn(&str, f64) -> bool,
    ) -> bool {
        let key = [group, measure, statistic].map(str::to_owned);
        let Some(at) = self.positions.get(&key) else {
            self.wrong.push(format!("{key:?}: the file of figures has no such line"));
            return false;
        };
        let figure = &mut self.figures[*at];
        let agrees = agrees(&figure.value, figure.tolerance);
        figure.fate = Some(Fate::Compared);
        if !agrees {
            self.wrong.push(format!("{group}, {measure}, {statistic}: {found} instead of {}", figure.value));
        }
        agrees
    }

    /// Compares a figure within the tolerance that the file states.
    pub fn check(&mut self, group: &str, measure: &str, statistic: &str, found: f64) {
        self.settle([group, measure, statistic], &found.to_string(), |value, tolerance| {
            value.parse::<f64>().is_ok_and(|expected| (expected - found).abs() <= tolerance + 1e-9)
        });
    }

    /// Compares a figure that is no single number.
    pub fn text(&mut self, group: &str, measure: &str, statistic: &str, found: &str) {
        self.settle([group, measure, statistic], found, |value, _| value == found);
    }

    /// Compares a count.
    pub fn count(&mut self, group: &str, measure: &str, found: usize) {
        self.check(group, measure, "count", found as f64);
    }

    /// Compares several counts that stand in one figure, separated by spaces.
    pub fn counts(&mut self, group: &str, measure: &str, found: &[usize]) {
        let found = found.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        self.text(group, measure, "counts", &found);
    }

    /// Compares seven figures of one score: rows, complete rows, mean, standard deviation, both ends, and alpha.
    pub fn summary(&mut self, group: &str, measure: &str, answers: &[Vec<Option<i8>>], totals: &[Option<f64>]) {
        let known: Vec<f64> = totals.iter().copied().flatten().collect();
        let found = [
            ("n_rows", totals.len() as f64),
            ("n_complete", known.len() as f64),
            ("sum_mean", known.iter().sum::<f64>() / known.len() as f64),
            ("sum_sd_n-1", variance(&known).sqrt()),
            ("sum_min", known.iter().copied().fold(f64::INFINITY, f64::min)),
            ("sum_max", known.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ];
        for (statistic, value) in found {
            self.check(group, measure, statistic, value);
        }
        self.alpha(group, measure, answers, totals);
    }

    /// Compares Cronbach's alpha = k / (k - 1) (1 - sum of item variances / variance of the total), on the rows that
    /// have a total. Reversing an item leaves its own variance as it is and changes that of the total: so alpha says
    /// whether the engine keyed the items as the figure's author did, although the answers here are not keyed.
    pub fn alpha(&mut self, group: &str, measure: &str, answers: &[Vec<Option<i8>>], totals: &[Option<f64>]) {
        let of_item = |codes: &Vec<Option<i8>>| -> f64 {
            let complete = codes.iter().zip(totals).filter(|(_, total)| total.is_some());
            variance(&complete.filter_map(|(code, _)| code.map(f64::from)).collect::<Vec<_>>())
        };
        let of_total = variance(&totals.iter().copied().flatten().collect::<Vec<_>>());
        let items = answers.len() as f64;
        let alpha = items / (items - 1.0) * (1.0 - answers.iter().map(of_item).sum::<f64>() / of_total);
        self.check(group, measure, "cronbach_alpha_listwise", alpha);
    }

    /// Sets aside every figure whose measure begins so and that was not compared.
    pub fn set_aside(&mut self, measure: &str, why: &'static str) {
        let mut found = false;
        for figure in self.figures.iter_mut().filter(|figure| figure.key[1].starts_with(measure)) {
            if figure.fate.is_none() {
                figure.fate = Some(Fate::SetAside(why));
                found = true;
            }
        }
        if !found {
            self.wrong.push(format!("`{measure}`: there is no such figure to set aside"));
        }
    }

    /// Ends the comparison.
    ///
    /// # Panics
    /// When a figure differs, does not exist, or was neither compared nor set aside, or when fewer than `at_least` were
    /// compared: a test must not pass empty.
    pub fn close(self, at_least: usize) {
        let Self { file, figures, mut wrong, .. } = self;
        let left = figures.iter().filter(|figure| figure.fate.is_none());
        wrong.extend(left.map(|figure| format!("{:?}: neither compared nor set aside", figure.key)));
        assert!(wrong.is_empty(), "{file}:\n{}", wrong.join("\n"));
        let compared = figures.iter().filter(|figure| figure.fate == Some(Fate::Compared)).count();
        assert!(compared >= at_least, "{file}: {compared} figures were compared, {at_least} are needed");
        println!("{file}: {compared} figures agree");
        let mut reasons: Vec<(&str, usize)> = Vec::new();
        for figure in &figures {
            let Some(Fate::SetAside(why)) = figure.fate else { continue };
            match reasons.iter_mut().find(|(known, _)| *known == why) {
                Some((_, count)) => *count += 1,
                None => reasons.push((why, 1)),
            }
        }
        for (why, count) in reasons {
            println!("{file}: {count} figures set aside: {why}");
        }
    }
}

/// Variance with n - 1.
fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)
}
