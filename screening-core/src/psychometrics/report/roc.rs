use super::{Plot, Report, ResultTable, count, number, numbers, or_none, print_tables};
use crate::instrument::Text;
use crate::psychometrics::chart::{Line, Panel, panels};
use crate::psychometrics::roc::{
    BestCut, Corrected, CutCriterion, CutRow, DecisionCurve, DelongTest, Direction, Interval, Roc, RocBootstrap,
    RocPoint,
};
use crate::texts::{Fill, say};

print_tables!(BestCut, Corrected, CutRow, DecisionCurve, DelongTest, Roc, RocBootstrap);

/// How sure the interval of the table is.
const CONFIDENCE: f64 = 0.95;

const POINT: [&str; 8] = ["cut", "tp", "fp", "fn", "tn", "sensitivity", "specificity", "youden"];

fn point_row(table: &mut ResultTable, p: &RocPoint) {
    let counts = [p.true_positive, p.false_positive, p.false_negative, p.true_negative].map(count);
    let shares = [p.sensitivity, p.specificity, p.sensitivity + p.specificity - 1.0].map(number);
    table.row(p.cut.to_string(), counts.into_iter().chain(shares));
}

fn interval_row(table: &mut ResultTable, key: &str, of: Interval) {
    table.named(key, numbers([of.estimate, of.low, of.high]));
}

impl Report for Roc {
    fn tables(&self) -> Vec<ResultTable> {
        let mut area = ResultTable::new("auc-title", ["figure", "estimate", "lower", "upper"]);
        if let Ok(interval) = self.interval(CONFIDENCE) {
            interval_row(&mut area, "auc", interval);
        }
        area.named("se", numbers([self.variance.sqrt()]));
        area.named("with-condition", [count(self.with_condition)]);
        area.named("without-condition", [count(self.without_condition)]);
        let mut points = ResultTable::new("roc-points", POINT);
        self.points.iter().for_each(|p| point_row(&mut points, p));
        vec![area, points]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }

    fn plots(&self) -> Vec<Plot> {
        let mut panel = Panel::new("", (0.0, 1.0), (0.0, 1.0), ("1 - spec", "sens"));
        let mut points: Vec<(f64, f64)> = self.points.iter().map(|p| (1.0 - p.specificity, p.sensitivity)).collect();
        points.extend([(0.0, 0.0), (1.0, 1.0)]);
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        panel.lines.push(Line::new(vec![(0.0, 0.0), (1.0, 1.0)], 4).dashed());
        panel.lines.push(Line::new(points, 0));
        vec![Plot::new("roc", panels(&[panel], 1, (420.0, 400.0)))]
    }
}

impl Roc {
    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let [with, without, out] = [self.with_condition, self.without_condition, self.left_out].map(|n| n.to_string());
        let fills = [("with", Fill::Same(with.as_str())), ("without", Fill::Same(&without)), ("out", Fill::Same(&out))];
        let key = if self.direction == Direction::Higher { "roc.higher" } else { "roc.lower" };
        let mut texts = vec![say("roc.curve", &fills), say(key, &[])];
        if self.auc < 0.5 {
            texts.push(say("roc.worse-than-chance", &[]));
        }
        texts
    }
}

impl Report for CutRow {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("cut-title", ["figure", "estimate", "lower", "upper"]);
        table.named("cut", [self.point.cut.to_string()]);
        interval_row(&mut table, "sensitivity", self.sensitivity);
        interval_row(&mut table, "sensitivity-exact", self.sensitivity_exact);
        interval_row(&mut table, "specificity", self.specificity);
        interval_row(&mut table, "specificity-exact", self.specificity_exact);
        for (key, value) in [
            ("lr-positive", self.likelihood_ratio_positive),
            ("lr-negative", self.likelihood_ratio_negative),
            ("odds-ratio", self.odds_ratio),
            ("youden", self.youden),
            ("kappa", self.kappa),
        ] {
            table.named(key, numbers([value]));
        }
        let mut predictive = ResultTable::new("predictive", ["prevalence", "ppv", "npv"]);
        for at in &self.predictive {
            predictive.row(number(at.prevalence), numbers([at.ppv, at.npv]));
        }
        vec![table, predictive]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl CutRow {
    /// What was computed.
    pub fn explain(&self) -> Vec<Text> {
        vec![say("roc.cut", &[("cut", Fill::Same(&self.point.cut.to_string()))])]
    }
}

impl Report for BestCut {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("best-cut", POINT);
        point_row(&mut table, &self.point);
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl BestCut {
    /// By which criterion, and how many cuts are equally good.
    pub fn explain(&self) -> Vec<Text> {
        let key = match self.criterion {
            CutCriterion::Youden => "roc.youden",
            CutCriterion::WeightedYouden { .. } => "roc.weighted-youden",
            CutCriterion::ClosestTopLeft => "roc.closest",
            CutCriterion::Accuracy => "roc.accuracy",
            CutCriterion::MisclassificationCost { .. } => "roc.cost",
            CutCriterion::SensitivityAtLeast { .. } => "roc.sensitivity-at-least",
            CutCriterion::SpecificityAtLeast { .. } => "roc.specificity-at-least",
        };
        let mut texts = vec![say(key, &[])];
        if self.ties > 1 {
            texts.push(say("roc.ties", &[("ties", Fill::Same(&self.ties.to_string()))]));
        }
        texts
    }
}

impl Report for RocBootstrap {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("bootstrap", ["figure", "estimate", "lower", "upper"]);
        interval_row(&mut table, "auc", self.auc);
        interval_row(&mut table, "best-cut-value", self.best_cut);
        interval_row(&mut table, "youden", self.best_youden);
        interval_row(&mut table, "sensitivity", self.sensitivity);
        interval_row(&mut table, "specificity", self.specificity);
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl RocBootstrap {
    /// How the samples were drawn.
    pub fn explain(&self) -> Vec<Text> {
        let [replicates, seed] = [self.options.replicates.to_string(), self.options.seed.to_string()];
        vec![say("roc.bootstrap", &[("replicates", Fill::Same(replicates.as_str())), ("seed", Fill::Same(&seed))])]
    }
}

impl Report for DelongTest {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("delong", ["figure", "estimate", "lower", "upper"]);
        interval_row(&mut table, "auc-difference", self.difference);
        for (key, value) in [("z", self.statistic), ("df", or_none(self.df)), ("p", self.p)] {
            table.named(key, numbers([value]));
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl DelongTest {
    /// What was tested.
    pub fn explain(&self) -> Vec<Text> {
        vec![say(if self.df.is_some() { "roc.delong-unpaired" } else { "roc.delong-paired" }, &[])]
    }
}

impl Report for Corrected {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("verification", ["figure", "estimate", "lower", "upper"]);
        interval_row(&mut table, "sensitivity", self.sensitivity);
        interval_row(&mut table, "specificity", self.specificity);
        interval_row(&mut table, "prevalence", self.prevalence);
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl Corrected {
    /// What was corrected, on which assumption.
    pub fn explain(&self) -> Vec<Text> {
        vec![say("roc.verification", &[])]
    }
}

impl Report for DecisionCurve {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("decision", ["decision-threshold", "net-benefit", "treat-all", "avoided"]);
        for p in &self.points {
            table.row(number(p.threshold), numbers([p.net_benefit, p.all, p.avoided]));
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }

    fn plots(&self) -> Vec<Plot> {
        let values = self.points.iter().flat_map(|p| [p.net_benefit, p.all]).filter(|value| value.is_finite());
        let most = values.fold(0.01, f64::max);
        let ends = (0.0, self.points.iter().map(|p| p.threshold).fold(0.1, f64::max));
        let mut panel = Panel::new("", ends, (-most / 2.0, most), ("risk", "NB"));
        panel.lines.push(Line::new(self.points.iter().map(|p| (p.threshold, p.net_benefit)).collect(), 0));
        panel.lines.push(Line::new(self.points.iter().map(|p| (p.threshold, p.all)).collect(), 4).dashed());
        vec![Plot::new("decision", panels(&[panel], 1, (460.0, 300.0)))]
    }
}

impl DecisionCurve {
    /// What was computed.
    pub fn explain(&self) -> Vec<Text> {
        let prevalence = number(self.prevalence);
        vec![say("roc.decision", &[("prevalence", Fill::Same(&prevalence))])]
    }
}
