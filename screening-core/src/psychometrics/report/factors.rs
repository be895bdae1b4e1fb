use super::{Plot, Report, ResultTable, count, numbers, print_tables};
use crate::instrument::Text;
use crate::psychometrics::{Adequacy, EfaReport, MinimumAveragePartial, ParallelReport};

print_tables!(Adequacy, EfaReport, MinimumAveragePartial, ParallelReport);

impl Report for Adequacy {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [("kmo", self.kmo), ("bartlett", self.bartlett), ("df", self.df), ("p", self.p)];
        let mut items = ResultTable::new("kmo-items", ["item", "kmo"]);
        for (item, kmo) in self.items.iter().zip(&self.kmo_items) {
            items.row(item, numbers([*kmo]));
        }
        vec![ResultTable::list("adequacy", &list), items]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for MinimumAveragePartial {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("map", ["components", "map-value"]);
        for (at, value) in std::iter::once(&self.none).chain(&self.partials).enumerate() {
            table.row(count(at), [format!("{value:.5}")]);
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for ParallelReport {
    fn tables(&self) -> Vec<ResultTable> {
        let headings = ["component", "eigenvalue", "random-mean", "random-quantile"];
        let mut table = ResultTable::new("parallel", headings);
        let random = self.random_mean.iter().zip(&self.random_quantile);
        for (at, (own, (mean, quantile))) in self.observed.iter().zip(random).enumerate() {
            table.row(count(at + 1), numbers([*own, *mean, *quantile]));
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }

    fn plots(&self) -> Vec<Plot> {
        vec![Plot::new("scree", self.to_svg())]
    }
}

impl Report for EfaReport {
    fn tables(&self) -> Vec<ResultTable> {
        let mut loadings = ResultTable::new("loadings", ["item"]).columns(self.loadings.columns());
        loadings.headings.extend(["communality", "uniqueness", "complexity"].map(super::word));
        let own = self.communalities.iter().zip(&self.uniquenesses).zip(&self.complexity);
        for ((name, row), ((h2, u2), complexity)) in
            self.loadings.rows().iter().zip(self.loadings.values().row_iter()).zip(own)
        {
            loadings.row(name, numbers(row.iter().copied().chain([*h2, *u2, *complexity])));
        }
        let mut variance = ResultTable::new("factor-variance", ["factor", "ss-loadings", "determinacy"]);
        for (at, (name, sum)) in self.loadings.columns().iter().zip(&self.variance).enumerate() {
            variance.row(name, numbers([*sum, self.determinacy.get(at).copied().unwrap_or(f64::NAN)]));
        }
        let mut tables = vec![loadings, variance];
        if self.rotation.is_oblique() {
            tables.push(ResultTable::matrix("factor-correlations", &self.phi));
        }
        if let Some(fit) = &self.fit {
            let list = [
                ("chi2", fit.chi_square),
                ("df", fit.df),
                ("p", fit.p),
                ("rmsea", fit.rmsea),
                ("rmsea-lower", fit.rmsea_interval.0),
                ("rmsea-upper", fit.rmsea_interval.1),
                ("tli", fit.tli),
                ("bic", fit.bic),
                ("rmsr", fit.rms),
            ];
            tables.push(ResultTable::list("fit", &list));
        }
        tables
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}
