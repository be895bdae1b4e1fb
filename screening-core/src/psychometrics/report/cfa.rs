use super::{Report, ResultTable, count, numbers, or_none, print_tables, whole_number};
use crate::instrument::Text;
use crate::psychometrics::{CfaFit, CfaReport, InvarianceReport};

print_tables!(CfaReport, InvarianceReport);

fn fit_list(fit: &CfaFit) -> ResultTable {
    let mut list = vec![
        ("chi2", fit.chi_square.value),
        ("df", fit.chi_square.df),
        ("p", fit.chi_square.p),
        ("chi2-plain", fit.chi_square_plain),
        ("scaling", fit.scaling),
        ("cfi", fit.cfi),
        ("tli", fit.tli),
        ("rmsea", fit.rmsea),
        ("rmsea-lower", fit.rmsea_interval.0),
        ("rmsea-upper", fit.rmsea_interval.1),
        ("srmr", fit.srmr),
    ];
    list.extend(
        [("lnl", fit.log_likelihood), ("aic", fit.aic), ("bic", fit.bic)]
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    ResultTable::list("fit", &list)
}

impl Report for CfaReport {
    fn tables(&self) -> Vec<ResultTable> {
        let headings = ["parameter", "estimate", "se", "z", "p", "standardised"];
        let mut parameters = ResultTable::new("parameters", headings);
        for own in &self.parameters {
            let cells = [own.estimate, or_none(own.standard_error), or_none(own.z), or_none(own.p), own.standardised];
            parameters.row(format!("{} {} {}", own.lhs, own.op, own.rhs), numbers(cells));
        }
        let mut fit = fit_list(&self.fit);
        fit.named("persons", [count(self.persons)]);
        if let Some(omega) = self.omega {
            fit.named("omega-total", numbers([omega]));
        }
        vec![fit, parameters]
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}

impl Report for InvarianceReport {
    fn tables(&self) -> Vec<ResultTable> {
        let headings =
            ["step", "chi2", "df", "cfi", "rmsea", "srmr", "bic", "chi2-change", "df-change", "p", "cfi-change"];
        let mut table = ResultTable::new("invariance", headings);
        for step in &self.steps {
            let fit = &step.fit;
            let before = [fit.cfi, fit.rmsea, fit.srmr, or_none(fit.bic), or_none(step.difference)];
            let cells = numbers([fit.chi_square.value])
                .chain([whole_number(fit.chi_square.df)])
                .chain(numbers(before))
                .chain([whole_number(or_none(step.difference_df))])
                .chain(numbers([or_none(step.difference_p), or_none(step.cfi_change)]));
            table.named(step.level.word(), cells);
        }
        let mut groups = ResultTable::new("groups", ["group", "persons"]);
        for (group, persons) in self.groups.iter().zip(&self.persons) {
            groups.row(group, [count(*persons)]);
        }
        let mut tables = vec![table, groups];
        if let Some(last) = self.steps.iter().rev().find(|step| !step.factor_means.is_empty()) {
            let mut means = ResultTable::new("factor-means", ["group"]).columns(&self.factors);
            for (group, own) in self.groups.iter().zip(&last.factor_means) {
                means.row(group, numbers(own.iter().copied()));
            }
            tables.push(means);
        }
        tables
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }
}
