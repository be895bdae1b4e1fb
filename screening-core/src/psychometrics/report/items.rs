use super::{Plot, Report, ResultTable, count, numbers, print_tables};
use crate::instrument::Text;
use crate::psychometrics::ItemReport;
use crate::psychometrics::print::number;

print_tables!(ItemReport);

/// Patterns of missing answers that are listed.
const PATTERNS: usize = 20;

impl Report for ItemReport {
    fn tables(&self) -> Vec<ResultTable> {
        let mut tables = vec![self.figures(), self.options()];
        if let Some(total) = &self.total {
            let d = &total.describe;
            let list = [
                ("n", d.n as f64),
                ("mean", d.mean),
                ("sd", d.sd),
                ("skew", d.skew),
                ("kurtosis", d.kurtosis),
                ("minimum", d.min),
                ("maximum", d.max),
                ("floor", total.floor),
                ("ceiling", total.ceiling),
            ];
            tables.push(ResultTable::list("total", &list));
        }
        if !self.missing_patterns.is_empty() {
            let mut table = ResultTable::new("missing-patterns", ["missing-items", "persons"]);
            for pattern in self.missing_patterns.iter().take(PATTERNS) {
                let name = |at: &usize| self.items.get(*at).map_or("?", |item| item.item.as_str());
                let names: Vec<&str> = pattern.items.iter().map(name).collect();
                table.row(names.join(" "), [count(pattern.persons)]);
            }
            tables.push(table);
        }
        tables
    }

    fn explain(&self) -> Vec<Text> {
        self.explain()
    }

    fn plots(&self) -> Vec<Plot> {
        vec![Plot::new("items", self.to_svg())]
    }
}

impl ItemReport {
    fn figures(&self) -> ResultTable {
        let headings = [
            "item",
            "n",
            "missing",
            "mean",
            "sd",
            "skew",
            "kurtosis",
            "floor",
            "ceiling",
            "endorsement",
            "r-total",
            "r-cor",
            "r-rest",
            "discrimination",
        ];
        let mut table = ResultTable::new("items", headings);
        for item in &self.items {
            let d = &item.describe;
            let figures = [
                d.mean,
                d.sd,
                d.skew,
                d.kurtosis,
                item.floor,
                item.ceiling,
                item.endorsement,
                item.item_total,
                item.item_total_corrected,
                item.item_rest,
                item.discrimination,
            ];
            table.row(&item.item, [count(d.n), count(item.missing)].into_iter().chain(numbers(figures)));
        }
        table
    }

    /// Shares of the options; a code that an item lacks stays empty.
    fn options(&self) -> ResultTable {
        let mut codes: Vec<i16> = self.items.iter().flat_map(|item| item.options.iter().map(|o| o.code)).collect();
        codes.sort_unstable();
        codes.dedup();
        let mut table = ResultTable::new("option-use", ["item"]).columns(codes.iter().map(i16::to_string));
        for item in &self.items {
            let share = |code: &i16| {
                let option = item.options.iter().find(|option| option.code == *code);
                option.map_or_else(String::new, |option| number(option.share))
            };
            table.row(&item.item, codes.iter().map(share));
        }
        table
    }
}
