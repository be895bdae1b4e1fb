use super::{Report, ResultTable, count, number, numbers, or_none, print_tables};
use crate::instrument::Text;
use crate::psychometrics::{CorrelationMatrix, Polychorics, Polyserial};

print_tables!(CorrelationMatrix, Polychorics, Polyserial);

impl Report for CorrelationMatrix {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("correlations", ["item"]).columns(self.names());
        for (i, name) in self.names().iter().enumerate() {
            table.row(name, (0..=i).map(|j| number(self.r(i, j))));
        }
        let mut tables = vec![table];
        if self.standard_errors.is_some() {
            let mut errors = ResultTable::new("standard-errors", ["item"]).columns(self.names());
            for (i, name) in self.names().iter().enumerate() {
                errors.row(name, (0..i).map(|j| number(self.standard_error(i, j))));
            }
            tables.push(errors);
        }
        tables
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for Polychorics {
    fn tables(&self) -> Vec<ResultTable> {
        let mut tables = self.correlations().tables();
        let most = self.thresholds().iter().map(Vec::len).max().unwrap_or(0);
        let mut thresholds = ResultTable::new("thresholds", ["item"]).columns((1..=most).map(|at| format!("t{at}")));
        for (name, list) in self.correlations().names().iter().zip(self.thresholds()) {
            thresholds.row(name, numbers(list.iter().copied()));
        }
        tables.push(thresholds);
        tables
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for Polyserial {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [("rho", self.rho), ("se", or_none(self.standard_error))];
        let mut table = ResultTable::list("polyserial", &list);
        table.named("n", [count(self.n)]);
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}
