use super::*;
use crate::psychometrics::random::Stream;

/// Answers 0 to 3 of two groups to four items; group b has its factor at `mean`, and item d shifted by `drift`.
fn data(mean: f64, drift: f64, cuts: &[f64]) -> (Responses, Vec<&'static str>) {
    let mut random = Stream::new(11, 0);
    let (mut rows, mut groups) = (Vec::new(), Vec::new());
    for person in 0..3000 {
        let second = person % 2 == 1;
        let eta = if second { mean + 1.2 * random.normal() } else { random.normal() };
        let row: Vec<Option<i64>> = (0..5)
            .map(|item| {
                let shift = if second && item == 4 { drift } else { 0.0 };
                // Items differ in difficulty: with equal thresholds, scales of two answers would hardly be told from the
                // mean of the factor.
                let level = 0.3 * (f64::from(item) - 2.0);
                let y = (0.6 + 0.06 * f64::from(item)) * eta + 0.7 * random.normal() + shift + level;
                Some(cuts.iter().filter(|cut| y > **cut).count() as i64)
            })
            .collect();
        rows.push(row);
        groups.push(if second { "b" } else { "a" });
    }
    (Responses::from_rows(["p", "q", "r", "s", "t"], &rows).unwrap(), groups)
}

fn model() -> CfaModel {
    CfaModel::new([("x", vec!["p", "q", "r", "s", "t"])])
}

#[test]
fn invariant_groups_pass_and_their_means_differ() {
    let (responses, groups) = data(0.5, 0.0, &[-0.8, 0.1, 0.9]);
    let found = model().invariance_ordered(&responses, &groups).unwrap();
    let df: Vec<f64> = found.steps.iter().map(|step| step.fit.chi_square.df).collect();
    // Per group 15 thresholds and 10 correlations. Equal thresholds cost 15 less 10 for intercepts and scales; equal
    // loadings 5 less a variance; equal intercepts 5 less a mean.
    assert_eq!(df, [10.0, 15.0, 19.0, 23.0]);
    for step in &found.steps {
        assert!(step.fit.chi_square.p > 0.005 && step.fit.rmsea < 0.03, "{found}");
        assert!(step.difference_p.is_none_or(|p| p > 0.005), "{found}");
    }
    let means = &found.step(Invariance::Scalar).unwrap().factor_means;
    assert_eq!(means[0], [0.0]);
    assert!((means[1][0] - 0.5).abs() < 0.1, "{means:?}");
}

/// The configural model is one model a group: chi-squares (unscaled) and degrees of freedom add up.
#[test]
fn the_first_step_is_the_groups_alone() {
    let (responses, groups) = data(0.5, 0.0, &[-0.8, 0.1, 0.9]);
    let found = model().invariance_ordered(&responses, &groups).unwrap();
    let alone: f64 = ["a", "b"]
        .iter()
        .map(|name| {
            let inside: Vec<bool> = groups.iter().map(|group| group == name).collect();
            let own = responses.persons_where(&inside).unwrap();
            let fit = model().fit_dwls(&Polychoric::default().fit(&own).unwrap()).unwrap().fit;
            assert_eq!(fit.chi_square.df, 5.0);
            fit.chi_square_plain
        })
        .sum();
    let first = &found.steps[0].fit;
    assert!((first.chi_square_plain - alone).abs() < 1e-5 * alone, "{} {alone}", first.chi_square_plain);
    for pair in found.steps.windows(2) {
        assert!(pair[0].fit.chi_square_plain <= pair[1].fit.chi_square_plain + 1e-6);
    }
}

#[test]
fn a_shifted_item_breaks_the_intercepts() {
    let (responses, groups) = data(0.0, 0.6, &[-0.8, 0.1, 0.9]);
    let found = model().invariance_ordered(&responses, &groups).unwrap();
    let p = |level| found.step(level).unwrap().difference_p.unwrap();
    assert!(p(Invariance::Thresholds) > 0.005 && p(Invariance::Metric) > 0.005, "{found}");
    assert!(p(Invariance::Scalar) < 1e-6, "{found}");
}

/// With two thresholds an item, equal thresholds are a choice of unit and cost nothing.
#[test]
fn three_answers_do_not_test_thresholds_and_two_go_at_once() {
    let (responses, groups) = data(0.3, 0.0, &[-0.5, 0.6]);
    let found = model().invariance_ordered(&responses, &groups).unwrap();
    let [first, second] = [&found.steps[0], &found.steps[1]];
    assert_eq!((first.fit.chi_square.df, second.fit.chi_square.df, second.difference), (10.0, 10.0, None));
    assert!((first.fit.chi_square_plain - second.fit.chi_square_plain).abs() < 1e-5, "{found}");
    let (responses, groups) = data(0.3, 0.0, &[0.2]);
    let found = model().invariance_ordered(&responses, &groups).unwrap();
    let levels: Vec<Invariance> = found.steps.iter().map(|step| step.level).collect();
    assert_eq!(levels, [Invariance::Configural, Invariance::Scalar]);
    assert_eq!(found.steps[1].difference_df, Some(3.0));
}

#[test]
fn groups_with_other_answers_are_refused() {
    let (responses, groups) = data(0.0, 0.0, &[-0.8, 0.1, 0.9]);
    let merged: Vec<Vec<Option<i64>>> = (0..responses.persons())
        .map(|person| {
            (0..5)
                .map(|item| {
                    let code = responses.code(person, item).map(i64::from);
                    if person % 2 == 1 && item == 2 { code.map(|code| code.min(2)) } else { code }
                })
                .collect()
        })
        .collect();
    let merged = Responses::from_rows(["p", "q", "r", "s", "t"], &merged).unwrap();
    let error = model().invariance_ordered(&merged, &groups).unwrap_err();
    assert!(error.to_string().contains("`r`"), "{error}");
    assert!(model().invariance_ordered(&responses, &vec!["a"; responses.persons()]).is_err());
    assert!(model().invariance_ordered(&responses, &["a", "b"]).is_err());
}
