use super::{Plot, Report, ResultTable, number, numbers, print_tables, word};
use crate::instrument::Text;
use crate::psychometrics::chart::{Line, Panel, dots, panels};
use crate::psychometrics::dif::{BandFairness, GroupCounts, IrtDif, LogisticDif, Mantel, MantelHaenszel, Purification};
use crate::texts::{Fill, say};

print_tables!(BandFairness, IrtDif, LogisticDif, Mantel, MantelHaenszel);

fn explain(key: &str, counts: &GroupCounts, purification: Option<Purification>, flagged: &[&str]) -> Vec<Text> {
    let [reference, focal, out] = [counts.reference, counts.focal, counts.left_out].map(|n| n.to_string());
    let groups =
        [("reference", Fill::Same(reference.as_str())), ("focal", Fill::Same(&focal)), ("out", Fill::Same(&out))];
    let mut texts = vec![say(key, &[]), say("dif.groups", &groups)];
    if let Some(purification) = purification {
        let key = if purification.settled { "dif.purified" } else { "dif.not-settled" };
        texts.push(say(key, &[("rounds", Fill::Same(&purification.rounds.to_string()))]));
    }
    texts.push(if flagged.is_empty() {
        say("dif.none", &[])
    } else {
        say("dif.flagged", &[("items", Fill::Same(&flagged.join(", ")))])
    });
    texts
}

/// Names of the rows that are flagged.
macro_rules! flagged {
    ($rows:expr) => {
        $rows.iter().filter(|row| row.flagged).map(|row| row.name.as_str()).collect::<Vec<_>>()
    };
}

fn mark(flagged: bool) -> Text {
    if flagged { word("flag") } else { super::plain("") }
}

impl Report for MantelHaenszel {
    fn tables(&self) -> Vec<ResultTable> {
        let headings = ["item", "chi2", "p", "odds-ratio", "delta", "std-p-dif", "ets-class", "flag-heading"];
        let mut table = ResultTable::new("mantel-haenszel", headings);
        for row in &self.rows {
            let figures = [row.chi_square, row.p, row.odds_ratio, row.delta, row.standardised_difference];
            table.row(&row.name, numbers(figures).chain([format!("{:?}", row.class)]));
            table.append(mark(row.flagged));
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }

    fn plots(&self) -> Vec<Plot> {
        let rows: Vec<_> = self.rows.iter().map(|row| (row.name.clone(), row.delta, row.flagged)).collect();
        vec![Plot::new("dif-mantel-haenszel", dots(&rows, &[-1.5, -1.0, 1.0, 1.5]))]
    }
}

impl MantelHaenszel {
    /// What was tested, on whom, and what stands out.
    pub fn explain(&self) -> Vec<Text> {
        explain("dif.mantel-haenszel", &self.counts, self.purification, &flagged!(self.rows))
    }
}

impl Report for Mantel {
    fn tables(&self) -> Vec<ResultTable> {
        let headings = ["item", "mantel", "p", "generalised", "df", "p", "smd", "smd-sd", "ets-class", "flag-heading"];
        let mut table = ResultTable::new("mantel-title", headings);
        for row in &self.rows {
            let [mantel, p, gmh, gp] = [row.mantel, row.p, row.generalised, row.generalised_p].map(number);
            let [smd, effect] = [row.mean_difference, row.effect].map(number);
            let df = row.generalised_df.to_string();
            table.row(&row.name, [mantel, p, gmh, df, gp, smd, effect, format!("{:?}", row.class)]);
            table.append(mark(row.flagged));
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }

    fn plots(&self) -> Vec<Plot> {
        let rows: Vec<_> = self.rows.iter().map(|row| (row.name.clone(), row.effect, row.flagged)).collect();
        vec![Plot::new("dif-mantel", dots(&rows, &[-0.25, -0.17, 0.17, 0.25]))]
    }
}

impl Mantel {
    /// What was tested, on whom, and what stands out.
    pub fn explain(&self) -> Vec<Text> {
        explain("dif.mantel", &self.counts, self.purification, &flagged!(self.rows))
    }
}

impl Report for LogisticDif {
    fn tables(&self) -> Vec<ResultTable> {
        let headings = [
            "item",
            "both",
            "p",
            "uniform",
            "p",
            "non-uniform",
            "p",
            "nagelkerke-change",
            "mcfadden-change",
            "group-slope",
            "jg-class",
            "flag-heading",
        ];
        let mut table = ResultTable::new("logistic-title", headings);
        for row in &self.rows {
            let tests = [row.both, row.uniform, row.non_uniform].into_iter().flat_map(|c| [c.chi_square, c.p]);
            let sizes = [row.both.nagelkerke, row.both.mcfadden, row.group_slope];
            table.row(&row.name, numbers(tests.chain(sizes)).chain([format!("{:?}", row.class)]));
            table.append(mark(row.flagged));
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }

    fn plots(&self) -> Vec<Plot> {
        let rows: Vec<_> = self.rows.iter().map(|row| (row.name.clone(), row.group_slope, row.flagged)).collect();
        vec![Plot::new("dif-logistic", dots(&rows, &[]))]
    }
}

impl LogisticDif {
    /// What was tested, on whom, and what stands out.
    pub fn explain(&self) -> Vec<Text> {
        explain("dif.logistic", &self.counts, self.purification, &flagged!(self.rows))
    }
}

impl Report for IrtDif {
    fn tables(&self) -> Vec<ResultTable> {
        let headings = ["item", "chi2", "df", "p", "signed", "unsigned", "flag-heading"];
        let mut table = ResultTable::new("irt-dif", headings);
        for row in &self.rows {
            let [chi, p] = [row.chi_square, row.p].map(number);
            let [signed, unsigned] = [row.signed_difference, row.unsigned_difference].map(number);
            table.row(&row.name, [chi, row.df.to_string(), p, signed, unsigned]);
            table.append(mark(row.flagged));
        }
        let prior = self.equal.focal_prior;
        let groups = ResultTable::list("focal-theta", &[("mean", prior.mean), ("sd", prior.deviation)]);
        vec![table, groups]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }

    fn plots(&self) -> Vec<Plot> {
        let rows: Vec<_> = self.rows.iter().map(|row| (row.name.clone(), row.signed_difference, row.flagged)).collect();
        vec![Plot::new("dif-irt", dots(&rows, &[]))]
    }
}

impl IrtDif {
    /// What was tested, on whom, and what stands out.
    pub fn explain(&self) -> Vec<Text> {
        explain("dif.irt", &self.equal.counts, None, &flagged!(self.rows))
    }
}

impl Report for BandFairness {
    fn tables(&self) -> Vec<ResultTable> {
        let headings = ["from-sum", "as-reference", "as-focal", "difference", "largest", "theta", "flag-heading"];
        let mut table = ResultTable::new("band-fairness", headings);
        for row in &self.rows {
            let figures = [row.as_reference, row.as_focal, row.difference, row.largest, row.at];
            table.row(row.cut.to_string(), numbers(figures));
            table.append(mark(row.flagged));
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }

    fn plots(&self) -> Vec<Plot> {
        let most = self.rows.iter().map(|row| row.largest.abs()).fold(self.tolerance, f64::max);
        let ends = self
            .rows
            .iter()
            .map(|row| row.cut as f64)
            .fold((f64::MAX, f64::MIN), |(low, high), cut| (low.min(cut), high.max(cut)));
        if self.rows.is_empty() {
            return Vec::new();
        }
        let mut panel = Panel::new("", (ends.0 - 1.0, ends.1 + 1.0), (-most, most), ("cut", "dP"));
        panel.points = self.rows.iter().map(|row| (row.cut as f64, row.largest)).collect();
        for bound in [self.tolerance, -self.tolerance] {
            panel.lines.push(Line::new(vec![(ends.0 - 1.0, bound), (ends.1 + 1.0, bound)], 4).dashed());
        }
        vec![Plot::new("dif-bands", panels(&[panel], 1, (480.0, 260.0)))]
    }
}

impl BandFairness {
    /// What was compared, and what exceeds the tolerance.
    pub fn explain(&self) -> Vec<Text> {
        let cuts: Vec<String> = self.rows.iter().filter(|row| row.flagged).map(|row| row.cut.to_string()).collect();
        let tolerance = number(self.tolerance);
        let mut texts = vec![say("dif.bands", &[("tolerance", Fill::Same(&tolerance))])];
        texts.push(if cuts.is_empty() {
            say("dif.bands-fair", &[])
        } else {
            say("dif.bands-unfair", &[("cuts", Fill::Same(&cuts.join(", ")))])
        });
        texts
    }
}
