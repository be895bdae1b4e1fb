//! Against pROC 1.18, cutpointr 1.1 and formulas.

use screening_core::psychometrics::roc::{BootstrapOptions, CutCriterion, Direction, Roc, RocPair};

use super::super::peers::{Oracle, agree, figures};
use super::close;

/// A file with words in it, as cells by heading.
fn cells(file: &str) -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let text = Oracle::open("roc")?.text(file);
    let mut lines = text.lines();
    let split = |line: &str| line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect::<Vec<_>>();
    let headings = split(lines.next()?);
    Some((headings, lines.filter(|line| !line.is_empty()).map(split).collect()))
}

fn column(of: &(Vec<String>, Vec<Vec<String>>), name: &str) -> Vec<String> {
    let at = of.0.iter().position(|heading| heading == name).unwrap();
    of.1.iter().map(|row| row[at].clone()).collect()
}

fn numbers(words: &[String]) -> Vec<f64> {
    words.iter().map(|word| word.parse().unwrap_or(f64::NAN)).collect()
}

fn is(words: &[String], wanted: &str) -> Vec<Option<bool>> {
    words.iter().map(|word| Some(word == wanted)).collect()
}

/// Thresholds as pROC gives them: midpoints, infinite at the ends.
fn midpoint(roc: &Roc, at: usize) -> f64 {
    match at {
        0 => f64::NEG_INFINITY,
        _ if at + 1 == roc.points.len() => f64::INFINITY,
        _ => f64::midpoint(roc.points[at - 1].cut, roc.points[at].cut),
    }
}

fn curve(case: &str, oracle: &Oracle, roc: &Roc) {
    let results = oracle.results(case);
    close(case, roc.auc, results["auc"].as_f64().unwrap(), 1e-12);
    close(case, roc.variance, results["delong_var"].as_f64().unwrap(), 1e-14);
    let interval = roc.interval(0.95).unwrap();
    agree(case, &[interval.low, interval.estimate, interval.high], &figures(&results["delong_ci95"]), 1e-12);
    let theirs = |name: &str| figures(&results["coords"][name]);
    let own = |f: &dyn Fn(usize) -> f64| (0..roc.points.len()).map(f).collect::<Vec<_>>();
    agree(case, &own(&|at| roc.points[at].sensitivity), &theirs("sensitivity"), 1e-14);
    agree(case, &own(&|at| roc.points[at].specificity), &theirs("specificity"), 1e-14);
    agree(case, &own(&|at| roc.points[at].true_positive as f64), &theirs("tp"), 1e-12);
    agree(case, &own(&|at| roc.points[at].false_positive as f64), &theirs("fp"), 1e-12);
    let criteria = [
        ("best_youden", CutCriterion::Youden),
        ("best_topleft", CutCriterion::ClosestTopLeft),
        ("best_youden_weighted_c2_p.1", CutCriterion::WeightedYouden { cost: 2.0, prevalence: 0.1 }),
    ];
    for (name, criterion) in criteria {
        let best = roc.best(criterion).unwrap();
        let at = roc.points.iter().position(|point| *point == best.point).unwrap();
        let theirs = figures(&results[name]["threshold"]);
        assert!(theirs.iter().any(|threshold| *threshold == midpoint(roc, at)), "{case} {name}: {best:?} {theirs:?}");
        assert_eq!(best.ties, theirs.len());
    }
    let (area, standardised) = roc.partial_area(0.9, 1.0).unwrap();
    close(case, area, results["pauc_spec_1_.9"].as_f64().unwrap(), 1e-12);
    close(case, standardised, results["pauc_corrected"].as_f64().unwrap(), 1e-12);
}

#[test]
fn curves_and_best_cuts() {
    let Some(oracle) = Oracle::open("roc") else { return };
    let bleeding = cells("apt/aSAH.csv").unwrap();
    let condition = is(&column(&bleeding, "outcome"), "Poor");
    let scores = numbers(&column(&bleeding, "wfns"));
    curve("asah_wfns", &oracle, &Roc::fit(&scores, &condition, Direction::Higher).unwrap());
    let (scores, condition) = phq(&oracle);
    curve("phq_dx", &oracle, &Roc::fit(&scores, &condition, Direction::Higher).unwrap());
}

fn phq(oracle: &Oracle) -> (Vec<f64>, Vec<Option<bool>>) {
    let (headings, columns) = oracle.data("phq_10k.csv");
    let dx = &columns[headings.iter().position(|heading| heading == "dx").unwrap()];
    let items = oracle.items("phq_10k.csv", "i");
    let total = |person: usize| items.iter().map(|item| f64::from(item[person])).sum();
    ((0..dx.len()).map(total).collect(), dx.iter().map(|dx| Some(*dx == 1)).collect())
}

#[test]
fn tests_of_two_areas() {
    let Some(oracle) = Oracle::open("roc") else { return };
    let bleeding = cells("apt/aSAH.csv").unwrap();
    let condition = is(&column(&bleeding, "outcome"), "Poor");
    let [s100b, ndka, wfns] = ["s100b", "ndka", "wfns"].map(|name| numbers(&column(&bleeding, name)));
    let results = oracle.results("asah_delong_paired");
    let pair = RocPair::fit(&s100b, &ndka, &condition, [Direction::Higher; 2]).unwrap();
    let test = pair.test(0.95).unwrap();
    close("z", test.statistic, results["z_s100b_ndka"].as_f64().unwrap(), 1e-11);
    close("p", test.p, results["p"].as_f64().unwrap(), 1e-11);
    agree("ci", &[test.difference.low, test.difference.high], &figures(&results["ci_diff"]), 1e-11);
    let other = RocPair::fit(&s100b, &wfns, &condition, [Direction::Higher; 2]).unwrap();
    let test = other.test(0.95).unwrap();
    close("z", test.statistic, results["z_s100b_wfns"].as_f64().unwrap(), 1e-11);
    close("p", test.p, results["p2"].as_f64().unwrap(), 1e-11);
    let cov = results["cov"].as_f64().unwrap();
    assert!([pair.covariance, other.covariance].iter().any(|own| (own.abs() - cov.abs()).abs() < 1e-14));

    let sex = column(&bleeding, "gender");
    let of = |wanted: &str| {
        let scores: Vec<f64> =
            s100b.iter().zip(&sex).map(|(s, sex)| if sex == wanted { *s } else { f64::NAN }).collect();
        Roc::fit(&scores, &condition, Direction::Higher).unwrap()
    };
    let results = oracle.results("asah_delong_unpaired");
    let (female, male) = (of("Female"), of("Male"));
    close("female", female.auc, results["auc1"].as_f64().unwrap(), 1e-12);
    close("male", male.auc, results["auc2"].as_f64().unwrap(), 1e-12);
    let test = female.test_against(&male, 0.95).unwrap();
    close("D", test.statistic, results["D"].as_f64().unwrap(), 1e-10);
    close("df", test.df.unwrap(), results["df"].as_f64().unwrap(), 1e-10);
    close("p", test.p, results["p"].as_f64().unwrap(), 1e-9);
}

#[test]
fn rows_of_cuts() {
    let Some(oracle) = Oracle::open("roc") else { return };
    let (scores, condition) = phq(&oracle);
    let roc = Roc::fit(&scores, &condition, Direction::Higher).unwrap();
    for theirs in oracle.results("phq_cut_rows").as_array().unwrap() {
        let of = |name: &str| theirs[name].as_f64().unwrap();
        let row = roc.cut(of("cut"), 0.95, &[0.05, 0.1, 0.2]).unwrap();
        assert_eq!(row.point.true_positive as f64, of("tp"));
        assert_eq!(row.point.true_negative as f64, of("tn"));
        close("sens", row.sensitivity.estimate, of("sens"), 1e-14);
        let ends = |interval: &screening_core::psychometrics::roc::Interval| [interval.low, interval.high];
        agree("wilson", &ends(&row.sensitivity), &figures(&theirs["sens_wilson"]), 1e-10);
        agree("wilson", &ends(&row.specificity), &figures(&theirs["spec_wilson"]), 1e-10);
        agree("clopper", &ends(&row.sensitivity_exact), &figures(&theirs["sens_clopper"]), 1e-9);
        agree("clopper", &ends(&row.specificity_exact), &figures(&theirs["spec_clopper"]), 1e-9);
        close("ppv", row.predictive[0].ppv, of("ppv"), 1e-12);
        close("npv", row.predictive[0].npv, of("npv"), 1e-12);
        close("lr+", row.likelihood_ratio_positive, of("lr_pos"), 1e-12);
        close("lr-", row.likelihood_ratio_negative, of("lr_neg"), 1e-12);
        close("dor", row.odds_ratio, of("dor"), 1e-12);
        close("youden", row.youden, of("youden"), 1e-12);
        close("kappa", row.kappa, of("kappa"), 1e-12);
        for (own, theirs) in row.predictive[1..].iter().zip(theirs["at_prevalence"].as_array().unwrap()) {
            close("ppv", own.ppv, theirs["ppv"].as_f64().unwrap(), 1e-12);
            close("npv", own.npv, theirs["npv"].as_f64().unwrap(), 1e-12);
        }
    }
}

#[test]
fn cutpointr_and_bootstrap() {
    let Some(oracle) = Oracle::open("roc") else { return };
    let survey = cells("apt/suicide.csv").unwrap();
    let (scores, condition) = (numbers(&column(&survey, "dsi")), is(&column(&survey, "suicide"), "yes"));
    let roc = Roc::fit(&scores, &condition, Direction::Higher).unwrap();
    let results = oracle.results("suicide_cutpointr");
    let first = |name: &str, what: &str| figures(&results[name][what])[0];
    close("AUC", roc.auc, first("youden", "AUC"), 1e-12);
    let best = roc.best(CutCriterion::Youden).unwrap().point;
    assert_eq!(best.cut, first("youden", "optimal_cutpoint"));
    close("youden", best.sensitivity + best.specificity - 1.0, first("youden", "youden"), 1e-12);
    let cost = CutCriterion::MisclassificationCost { false_positive: 1.0, false_negative: 5.0 };
    let best = roc.best(cost).unwrap().point;
    assert_eq!(best.cut, first("cost", "optimal_cutpoint"));
    assert_eq!((best.false_positive + 5 * best.false_negative) as f64, first("cost", "misclassification_cost"));

    let bleeding = cells("apt/aSAH.csv").unwrap();
    let condition = is(&column(&bleeding, "outcome"), "Poor");
    let roc = Roc::fit(&numbers(&column(&bleeding, "s100b")), &condition, Direction::Higher).unwrap();
    let options = BootstrapOptions { replicates: 2000, seed: 42, confidence: 0.95 };
    let (boot, again) = (roc.bootstrap(0.22, options).unwrap(), roc.bootstrap(0.22, options).unwrap());
    assert_eq!(boot, again);
    let theirs = figures(&oracle.results("asah_bootstrap_ci")["ci"]);
    // Monte Carlo with a fifth of their samples.
    agree("bootstrap", &[boot.auc.low, boot.auc.high], &[theirs[0], theirs[2]], 0.015);
}
