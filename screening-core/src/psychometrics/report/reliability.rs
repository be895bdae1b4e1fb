use super::{Report, ResultTable, count, numbers, or_none, print_tables};
use crate::instrument::Text;
use crate::psychometrics::{
    AlphaIfDropped, AlphaReport, GuttmanLambdas, IntraclassReport, OmegaReport, RetestReport, SplitHalfReport,
    StratifiedAlpha,
};

print_tables!(
    AlphaReport,
    GuttmanLambdas,
    IntraclassReport,
    OmegaReport,
    RetestReport,
    SplitHalfReport,
    StratifiedAlpha
);

impl Report for AlphaReport {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [
            ("alpha", self.raw),
            ("lower", self.feldt.0),
            ("upper", self.feldt.1),
            ("standardised-alpha", self.standardised),
            ("lambda6", self.lambda6),
            ("mean-r", self.mean_r),
            ("median-r", self.median_r),
            ("se-alpha", self.standard_error),
            ("sem-mean", or_none(self.standard_error_of_measurement)),
        ];
        let mut items = ResultTable::new("if-dropped", ["item", "r-drop", "r-cor", "alpha-without", "se"]);
        for (at, item) in self.item_figures.iter().enumerate() {
            let drop = self.if_dropped.get(at);
            let of = |figure: fn(&AlphaIfDropped) -> f64| drop.map_or(f64::NAN, figure);
            let cells = [item.item_rest, item.item_total_corrected, of(|d| d.raw), of(|d| d.standard_error)];
            items.row(&item.item, numbers(cells));
        }
        vec![ResultTable::list("alpha-title", &list), items]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for GuttmanLambdas {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [
            ("lambda1", self.lambda1),
            ("lambda2", self.lambda2),
            ("lambda3", self.lambda3),
            ("lambda4", self.lambda4),
            ("lambda5", self.lambda5),
            ("lambda6", self.lambda6),
        ];
        vec![ResultTable::list("guttman", &list)]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for IntraclassReport {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("icc-title", ["form", "icc", "lower", "upper", "f", "df1", "df2", "p"]);
        for form in &self.forms {
            let cells = [form.icc, form.lower, form.upper, form.f, form.df1, form.df2, form.p];
            table.row(form.form.word(), numbers(cells));
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for OmegaReport {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [
            ("omega-total", self.total),
            ("omega-hierarchical", self.hierarchical),
            ("omega-limit", self.limit),
            ("ecv", self.explained_common_variance),
        ];
        vec![ResultTable::list("omega", &list), ResultTable::matrix("schmid-leiman", &self.schmid_leiman)]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for RetestReport {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [
            ("pearson", self.r),
            ("lower", self.interval.0),
            ("upper", self.interval.1),
            ("spearman", self.spearman),
            ("change", self.change),
            ("t", self.t),
            ("p", self.t_p),
            ("sem", or_none(self.standard_error_of_measurement)),
        ];
        let mut tables = vec![ResultTable::list("retest", &list)];
        tables.extend(self.intraclass.tables());
        tables
    }

    fn explain(&self) -> Vec<Text> {
        let mut texts = self.explain();
        texts.extend(self.intraclass.explain());
        texts
    }
}

impl Report for SplitHalfReport {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [
            ("splits", self.splits as f64),
            ("best-split", self.best.reliability),
            ("worst-split", self.worst.reliability),
            ("mean", self.mean),
            ("lower", self.quantiles.0),
            ("median", self.quantiles.1),
            ("upper", self.quantiles.2),
        ];
        vec![ResultTable::list("split-half", &list)]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for StratifiedAlpha {
    fn tables(&self) -> Vec<ResultTable> {
        let list = [("stratified-alpha", self.alpha), ("sem", self.standard_error_of_measurement)];
        let mut scales = ResultTable::new("stratified", ["scale", "alpha", "variance"]);
        for (at, (alpha, variance)) in self.alphas.iter().zip(&self.variances).enumerate() {
            scales.row(count(at + 1), numbers([*alpha, *variance]));
        }
        vec![ResultTable::list("stratified", &list), scales]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}
