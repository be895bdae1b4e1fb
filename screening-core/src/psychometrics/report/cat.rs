use super::{Plot, Report, ResultTable, count, numbers, or_none, print_tables};
use crate::instrument::Text;
use crate::psychometrics::cat::CatSimulation;
use crate::texts::{Fill, say};

print_tables!(CatSimulation);

impl Report for CatSimulation {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::list(
            "cat",
            &[
                ("mean-items", self.mean_items),
                ("bias", self.bias),
                ("rmse", self.rmse),
                ("mean-se", self.mean_se),
                ("reached", or_none(self.reached)),
                ("highest-exposure", self.exposure.iter().copied().fold(0.0, f64::max)),
            ],
        );
        table.named("persons", [count(self.persons)]);
        table.named("never-asked", [count(self.exposure.iter().filter(|share| **share == 0.0).count())]);
        let mut exposure = ResultTable::new("exposure", ["item", "share"]);
        for (at, share) in self.exposure.iter().enumerate() {
            let name = self.names.get(at).cloned().unwrap_or_else(|| (at + 1).to_string());
            exposure.row(name, numbers([*share]));
        }
        vec![table, exposure]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }

    fn plots(&self) -> Vec<Plot> {
        use crate::psychometrics::chart::{Line, Panel, panels};
        let longest = self.walks.iter().map(|walk| walk.errors.len()).max().unwrap_or(0);
        let mean = |at: usize| {
            let errors: Vec<f64> = self.walks.iter().filter_map(|walk| walk.errors.get(at).copied()).collect();
            errors.iter().sum::<f64>() / errors.len() as f64
        };
        let points: Vec<(f64, f64)> = (0..longest).map(|at| ((at + 1) as f64, mean(at))).collect();
        let most = points.iter().map(|point| point.1).filter(|se| se.is_finite()).fold(0.1, f64::max);
        let mut panel = Panel::new("", (1.0, longest.max(2) as f64), (0.0, most), ("n", "SE"));
        panel.lines.push(Line::new(points, 0));
        vec![Plot::new("cat-error", panels(&[panel], 1, (480.0, 280.0)))]
    }
}

impl CatSimulation {
    /// What was simulated.
    pub fn explain(&self) -> Vec<Text> {
        let [persons, seed] = [self.persons.to_string(), self.seed.to_string()];
        vec![say("irt.cat", &[("persons", Fill::Same(persons.as_str())), ("seed", Fill::Same(&seed))])]
    }
}
