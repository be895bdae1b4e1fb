use super::{Plot, Report, ResultTable, count, number, numbers, or_none, print_tables};
use crate::instrument::Text;
use crate::psychometrics::chart::{Line, Panel, panels};
use crate::psychometrics::irt::{
    Calibration, Estimator, IrtModel, ItemBank, ItemFit, Link, LinkMethod, M2, Q3, ScoreState, Scores, SumScores,
    TestInformation,
};
use crate::texts::{Fill, say};

print_tables!(Calibration, ItemFit, Link, M2, Q3, Scores, SumScores, TestInformation);

/// Q3 this far above the mean is listed.
const DEPENDENT: f64 = 0.2;

fn model_key(model: IrtModel) -> &'static str {
    match model {
        IrtModel::Rasch => "irt.rasch",
        IrtModel::TwoParameter => "irt.two-parameter",
        IrtModel::Graded => "irt.graded",
        IrtModel::PartialCredit => "irt.partial-credit",
    }
}

impl Report for Calibration {
    fn tables(&self) -> Vec<ResultTable> {
        let most = self.items.iter().map(|item| item.thresholds.len()).max().unwrap_or(0);
        let pairs = (1..=most).flat_map(|k| [format!("b{k}"), format!("se(b{k})")]);
        let names = ["a".to_owned(), "se(a)".to_owned()].into_iter().chain(pairs);
        let mut items = ResultTable::new("item-parameters", ["item", "n"]).columns(names);
        for item in &self.items {
            let thresholds = item.thresholds.iter().zip(&item.threshold_se).flat_map(|(b, se)| [*b, *se]);
            let figures = numbers([item.slope, item.slope_se].into_iter().chain(thresholds));
            items.row(&item.name, std::iter::once(count(item.answered)).chain(figures));
        }
        let mut model = ResultTable::list(
            "model",
            &[
                ("lnl", self.log_likelihood),
                ("aic", self.aic),
                ("bic", self.bic),
                ("theta-variance", self.variance),
                ("theta-variance-se", or_none(self.variance_se)),
            ],
        );
        model.named("persons", [count(self.persons)]);
        model.named("patterns", [count(self.patterns)]);
        model.named("empty", [count(self.empty)]);
        model.named("free-parameters", [count(self.parameters)]);
        vec![items, model]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }

    fn plots(&self) -> Vec<Plot> {
        vec![
            Plot::new("characteristic", characteristic(&self.bank)),
            Plot::new("item-information", item_information(&self.bank)),
        ]
    }
}

impl Calibration {
    /// What was computed, on whom, by which conventions.
    pub fn explain(&self) -> Vec<Text> {
        let [persons, empty] = [self.persons, self.empty].map(|n| n.to_string());
        let nodes = self.quadrature.count().to_string();
        let fills =
            [("persons", Fill::Same(persons.as_str())), ("empty", Fill::Same(&empty)), ("nodes", Fill::Same(&nodes))];
        let mut texts = vec![say(model_key(self.model), &[]), say("irt.calibration", &fills)];
        let unused: Vec<String> = self
            .items
            .iter()
            .filter(|item| !item.unused_codes.is_empty())
            .map(|item| {
                let codes: Vec<String> = item.unused_codes.iter().map(i16::to_string).collect();
                format!("{} ({})", item.name, codes.join(", "))
            })
            .collect();
        if !unused.is_empty() {
            texts.push(say("irt.unused", &[("items", Fill::Same(&unused.join("; ")))]));
        }
        texts
    }
}

const THETAS: (f64, f64) = (-4.0, 4.0);

fn grid() -> impl Iterator<Item = f64> + Clone {
    (0..=80).map(|at| THETAS.0 + (THETAS.1 - THETAS.0) * f64::from(at) / 80.0)
}

/// One panel an item: the probability of each answer.
fn characteristic(bank: &ItemBank) -> String {
    let panel = |item: &crate::psychometrics::irt::BankItem| {
        let mut panel = Panel::new(item.name.clone(), THETAS, (0.0, 1.0), ("theta", "P"));
        let curves: Vec<Vec<f64>> = grid().map(|theta| item.parameters.probabilities(theta)).collect();
        for (category, code) in item.codes.iter().enumerate() {
            let points = grid().zip(&curves).map(|(theta, p)| (theta, p.get(category).copied().unwrap_or(f64::NAN)));
            panel.lines.push(Line::new(points.collect(), category).named(code.to_string()));
        }
        panel
    };
    panels(&bank.items().iter().map(panel).collect::<Vec<_>>(), 4, (240.0, 170.0))
}

/// All items in one panel.
fn item_information(bank: &ItemBank) -> String {
    let lines: Vec<Line> = bank
        .items()
        .iter()
        .enumerate()
        .map(|(at, item)| {
            Line::new(grid().map(|theta| (theta, item.parameters.information(theta))).collect(), at).named(&item.name)
        })
        .collect();
    let most = lines.iter().flat_map(|line| &line.points).map(|point| point.1).fold(0.0, f64::max);
    let mut panel = Panel::new("", THETAS, (0.0, most), ("theta", "I"));
    panel.lines = lines;
    panels(&[panel], 1, (560.0, 320.0))
}

impl Report for TestInformation {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("information", ["theta", "t-score", "information", "se", "expected-sum"]);
        for row in &self.rows {
            let cells = [50.0 + 10.0 * row.theta, row.information, row.se, row.expected_sum];
            table.row(number(row.theta), numbers(cells));
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }

    fn plots(&self) -> Vec<Plot> {
        let most = self.rows.iter().map(|row| row.information).fold(0.0, f64::max);
        let ends = (self.rows.first().map_or(-4.0, |row| row.theta), self.rows.last().map_or(4.0, |row| row.theta));
        let mut test = Panel::new("", ends, (0.0, most), ("theta", "I"));
        test.lines.push(Line::new(self.rows.iter().map(|row| (row.theta, row.information)).collect(), 0));
        let worst = self.rows.iter().map(|row| row.se).filter(|se| se.is_finite()).fold(0.0, f64::max).min(3.0);
        let mut errors = Panel::new("", ends, (0.0, worst), ("theta", "SE"));
        errors.lines.push(Line::new(self.rows.iter().map(|row| (row.theta, row.se)).collect(), 1));
        vec![Plot::new("information", panels(&[test, errors], 2, (420.0, 280.0)))]
    }
}

impl TestInformation {
    /// What was computed.
    pub fn explain(&self) -> Vec<Text> {
        vec![say("irt.information", &[])]
    }
}

impl Report for ItemFit {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("item-fit", ["item", "s-x2", "df", "p", "rmsea", "outfit", "infit"]);
        for row in &self.rows {
            let [s_x2, p, rmsea, outfit, infit] = [row.s_x2, row.p, row.rmsea, row.outfit, row.infit].map(number);
            table.row(&row.name, [s_x2, row.df.to_string(), p, rmsea, outfit, infit]);
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl ItemFit {
    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        let [complete, out] = [self.complete, self.incomplete].map(|n| n.to_string());
        vec![say("irt.item-fit", &[("complete", Fill::Same(complete.as_str())), ("out", Fill::Same(&out))])]
    }
}

impl Report for Q3 {
    fn tables(&self) -> Vec<ResultTable> {
        let mut pairs = ResultTable::new("dependent", ["item", "item", "above-mean"]);
        for (first, second, distance) in self.dependent(DEPENDENT) {
            pairs.row(first, [second.to_owned(), number(distance)]);
        }
        let mut table = ResultTable::new("q3", ["item"]).columns(&self.names);
        for (at, (name, row)) in self.names.iter().zip(&self.correlations).enumerate() {
            table.row(name, row.iter().take(at + 1).map(|r| number(*r)));
        }
        vec![pairs, table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl Q3 {
    /// What was computed, and what stands out.
    pub fn explain(&self) -> Vec<Text> {
        let (mean, found) = (number(self.mean), self.dependent(DEPENDENT).len().to_string());
        vec![say("irt.q3", &[("mean", Fill::Same(&mean)), ("found", Fill::Same(&found))])]
    }
}

impl Report for M2 {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::list(
            "m2",
            &[
                ("m2-value", self.m2),
                ("df", self.df as f64),
                ("p", self.p),
                ("rmsea", self.rmsea),
                ("rmsea-lower", self.rmsea_interval.0),
                ("rmsea-upper", self.rmsea_interval.1),
                ("srmsr", self.srmsr),
            ],
        );
        table.named("persons", [count(self.complete)]);
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl M2 {
    /// What was computed, on whom.
    pub fn explain(&self) -> Vec<Text> {
        vec![say("irt.m2", &[("complete", Fill::Same(&self.complete.to_string()))])]
    }
}

impl Report for SumScores {
    fn tables(&self) -> Vec<ResultTable> {
        let mut table = ResultTable::new("sum-scores", ["sum", "theta", "se", "t-score", "se-t", "share"]);
        for row in &self.rows {
            let cells = [row.theta, row.se, 50.0 + 10.0 * row.theta, 10.0 * row.se, row.probability];
            table.row(count(row.sum), numbers(cells));
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl SumScores {
    /// What was computed, under which distribution.
    pub fn explain(&self) -> Vec<Text> {
        let [mean, deviation] = [self.prior.mean, self.prior.deviation].map(number);
        let nodes = self.quadrature.count().to_string();
        let fills =
            [("mean", Fill::Same(mean.as_str())), ("sd", Fill::Same(&deviation)), ("nodes", Fill::Same(&nodes))];
        vec![say("irt.sum-scores", &fills)]
    }
}

impl Report for Link {
    fn tables(&self) -> Vec<ResultTable> {
        let mut drift = ResultTable::new("drift", ["item", "difference"]);
        for (name, by) in self.anchors.iter().zip(&self.drift) {
            drift.row(name, numbers([*by]));
        }
        vec![ResultTable::list("link", &[("scale-factor", self.scale), ("shift", self.shift)]), drift]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl Link {
    /// What was computed, by which method.
    pub fn explain(&self) -> Vec<Text> {
        let key = match self.method {
            LinkMethod::MeanMean => "irt.mean-mean",
            LinkMethod::MeanSigma => "irt.mean-sigma",
            LinkMethod::Haebara => "irt.haebara",
            LinkMethod::StockingLord => "irt.stocking-lord",
        };
        vec![say("irt.link", &[("anchors", Fill::Same(&self.anchors.len().to_string()))]), say(key, &[])]
    }
}

impl Report for Scores {
    fn tables(&self) -> Vec<ResultTable> {
        let found: Vec<f64> = self.thetas().into_iter().filter(|theta| theta.is_finite()).collect();
        let n = found.len() as f64;
        let mean = found.iter().sum::<f64>() / n;
        let sd = (found.iter().map(|theta| (theta - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let errors: Vec<f64> = self.errors().into_iter().filter(|se| se.is_finite()).collect();
        let mut table = ResultTable::list(
            "scores",
            &[
                ("mean", mean),
                ("sd", sd),
                ("mean-se", errors.iter().sum::<f64>() / errors.len() as f64),
                ("empirical-reliability", or_none(self.reliability())),
            ],
        );
        for (key, state) in [
            ("estimated", ScoreState::Estimated),
            ("no-answers", ScoreState::NoAnswers),
            ("all-lowest", ScoreState::Lowest),
            ("all-highest", ScoreState::Highest),
            ("no-maximum", ScoreState::NoMaximum),
        ] {
            table.named(key, [count(self.count(state))]);
        }
        vec![table]
    }

    fn explain(&self) -> Vec<Text> {
        Self::explain(self)
    }
}

impl Scores {
    /// What was computed, by which estimator.
    pub fn explain(&self) -> Vec<Text> {
        let key = match self.options.estimator {
            Estimator::Eap => "irt.eap",
            Estimator::Map => "irt.map",
            Estimator::Ml => "irt.ml",
            Estimator::Wle => "irt.wle",
        };
        let persons = self.persons.len().to_string();
        vec![say(key, &[]), say("irt.scores", &[("persons", Fill::Same(&persons))])]
    }
}
