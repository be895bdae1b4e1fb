use super::*;
use crate::psychometrics::irt::{PersonScorer, ScoreOptions, ScoreState};

/// Section 6 of the Law School Admission Test, by pattern (Bock & Lieberman 1970, Psychometrika 35:179): the item answered
/// last is the lowest bit.
const LSAT6: [usize; 32] = [
    3, 6, 2, 11, 1, 1, 3, 4, 1, 8, 0, 16, 0, 3, 2, 15, 10, 29, 14, 81, 3, 28, 15, 80, 16, 56, 21, 173, 11, 61, 28, 298,
];

fn lsat6() -> Responses {
    let rows: Vec<[Option<i64>; 5]> = LSAT6
        .iter()
        .enumerate()
        .flat_map(|(pattern, n)| {
            let row = std::array::from_fn(|item| Some((pattern >> (4 - item) & 1) as i64));
            std::iter::repeat_n(row, *n)
        })
        .collect();
    assert_eq!(rows.len(), 1000);
    Responses::from_rows(["1", "2", "3", "4", "5"], &rows).unwrap()
}

fn near(own: &[f64], published: &[f64], tolerance: f64) {
    assert_eq!(own.len(), published.len());
    for (own, published) in own.iter().zip(published) {
        assert!((own - published).abs() < tolerance, "{own} {published}");
    }
}

/// As printed by Rizopoulos 2006, J Stat Softw 17(5).
#[test]
fn lsat6_as_published() {
    let fit = Calibration::fit(&lsat6(), &CalibrationOptions::new(IrtModel::TwoParameter)).unwrap();
    assert!((fit.log_likelihood + 2466.65).abs() < 0.01, "{}", fit.log_likelihood);
    assert_eq!((fit.persons, fit.patterns, fit.parameters), (1000, 30, 10));
    let slopes: Vec<f64> = fit.items.iter().map(|item| item.slope).collect();
    let difficulties: Vec<f64> = fit.items.iter().map(|item| item.thresholds[0]).collect();
    near(&slopes, &[0.8254, 0.7229, 0.8905, 0.6886, 0.6575], 2e-3);
    near(&difficulties, &[-3.3597, -1.3696, -0.2799, -1.8659, -3.1236], 5e-3);

    let rasch = Calibration::fit(&lsat6(), &CalibrationOptions::new(IrtModel::Rasch)).unwrap();
    assert!((rasch.log_likelihood + 2466.94).abs() < 0.01, "{}", rasch.log_likelihood);
    near(&[rasch.prior.deviation], &[0.7551], 1e-3);
    let difficulties: Vec<f64> = rasch.items.iter().map(|item| item.thresholds[0] / rasch.prior.deviation).collect();
    near(&difficulties, &[-3.6153, -1.3224, -0.3176, -1.7301, -2.7802], 3e-3);
}

/// The exact information against differences of the gradient, with holes and a free variance.
#[test]
fn information_is_minus_the_derivative_of_the_gradient() {
    let rows: Vec<[Option<i64>; 5]> = (0..90_i64)
        .map(|person| {
            std::array::from_fn(|item| {
                let code = (person * (item as i64 + 3) % 17 + person / 30) % 3;
                (person % 13 != item as i64).then_some(code)
            })
        })
        .collect();
    let observed = Observed::new(&Responses::from_rows(["1", "2", "3", "4", "5"], &rows).unwrap()).unwrap();
    for model in [IrtModel::Rasch, IrtModel::Graded, IrtModel::PartialCredit] {
        let (mut blocks, mut offset) = (Vec::new(), 0);
        for categories in &observed.coded.sizes {
            blocks.push(model.block(*categories, offset));
            offset += blocks.last().map_or(0, Block::parameters);
        }
        let mut group = Group::new(&observed.coded, (0..5).collect());
        (group.mean, group.log_deviation) = (Some(offset), Some(offset + 1));
        let quadrature = Quadrature::new(21, -5.0, 5.0).unwrap();
        let nodes = quadrature.nodes();
        let problem = Problem { quadrature, nodes, blocks, groups: vec![group], parameters: offset + 2 };
        let mut x = start(&problem, &observed, None).unwrap();
        (x[offset], x[offset + 1]) = (0.3, -0.2);
        let gradient = |x: &[f64]| problem.gradient(x, &problem.expect(x).unwrap()).0;
        let information = problem.information(&x, &problem.expect(&x).unwrap());
        let h = 1e-5;
        for k in 0..x.len() {
            let (mut up, mut down) = (x.clone(), x.clone());
            up[k] += h;
            down[k] -= h;
            let value = |x: &[f64]| problem.expect(x).unwrap().log_likelihood;
            let slope = (value(&up) - value(&down)) / (2.0 * h);
            assert!((slope - gradient(&x)[k]).abs() < 1e-5, "{model:?} {k}");
            let bend = (gradient(&down) - gradient(&up)) / (2.0 * h);
            for l in 0..x.len() {
                assert!(
                    (bend[l] - information[(l, k)]).abs() < 1e-4,
                    "{model:?} {l} {k}: {} {}",
                    bend[l],
                    information[(l, k)]
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_estimated_is_an_error() {
    let options = CalibrationOptions::new(IrtModel::TwoParameter);
    let plain = lsat6();
    let names = ["1", "2", "3", "4", "5"];
    let changed = |change: &dyn Fn(usize, usize, Option<i64>) -> Option<i64>| {
        let rows: Vec<Vec<Option<i64>>> = (0..plain.persons())
            .map(|person| (0..5).map(|item| change(person, item, plain.code(person, item).map(i64::from))).collect())
            .collect();
        Responses::from_rows(names, &rows).unwrap()
    };
    let constant = changed(&|_, item, code| if item == 2 { Some(1) } else { code });
    assert!(matches!(Calibration::fit(&constant, &options), Err(IrtError::Constant { item, .. }) if item == "3"));
    let more = changed(&|person, item, code| if item == 1 && person == 9 { Some(2) } else { code });
    assert!(matches!(Calibration::fit(&more, &options), Err(IrtError::Categories { categories: 3, .. })));
    let turned = changed(&|_, item, code| if item == 4 { code.map(|code| 1 - code) } else { code });
    assert!(
        matches!(Calibration::fit(&turned, &options), Err(IrtError::Slope { item, slope, .. }) if item == "5" && slope < 0.0)
    );
    let two = plain.select(&[0, 1]).unwrap();
    assert!(matches!(Calibration::fit(&two, &options), Err(IrtError::TooFew { found: 2, .. })));
    let short = CalibrationOptions { max_iterations: 2, ..options.clone() };
    assert!(matches!(Calibration::fit(&plain, &short), Err(IrtError::NoConvergence { iterations: 2, .. })));
    let loose = CalibrationOptions { tolerance: 1.0, ..options };
    assert!(matches!(Calibration::fit(&plain, &loose), Err(IrtError::Option { .. })));
}

/// Empty rows keep their place, change nothing, and have no score.
#[test]
fn empty_rows_are_counted_and_stay() {
    let plain = lsat6();
    let rows: Vec<Vec<Option<i64>>> = (0..1010)
        .map(|row| (0..5).map(|item| if row < 10 { None } else { plain.code(row - 10, item).map(i64::from) }).collect())
        .collect();
    let holed = Responses::from_rows(["1", "2", "3", "4", "5"], &rows).unwrap();
    let options = CalibrationOptions::new(IrtModel::Rasch);
    let (with, without) = (Calibration::fit(&holed, &options).unwrap(), Calibration::fit(&plain, &options).unwrap());
    assert_eq!((with.empty, with.persons), (10, 1000));
    assert!((with.log_likelihood - without.log_likelihood).abs() < 1e-8);
    let scores = PersonScorer::new(with.bank, ScoreOptions::default()).unwrap().score(&holed).unwrap();
    assert_eq!((scores.persons.len(), scores.count(ScoreState::NoAnswers)), (1010, 10));
    assert!(scores.persons[0].theta.is_nan() && scores.persons[10].theta.is_finite());
}
