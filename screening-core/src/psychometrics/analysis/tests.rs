use super::super::irt::{CalibrationOptions, IrtModel, Prior, ScoreOptions};
use super::super::random::Stream;
use super::super::report::tests::whole;
use super::super::roc::{CutCriterion, Roc};
use super::super::{CfaEstimator, CfaModel, CorrelationMethod, Report, Responses};
use super::*;

/// Answers 0 to `most` to six items with one factor behind them; the group of each person, and a condition.
fn data(persons: usize, most: i64) -> (Responses, Vec<Option<bool>>, Vec<f64>) {
    let mut random = Stream::new(3, 0);
    let (mut rows, mut marks, mut scores) = (Vec::new(), Vec::new(), Vec::new());
    for person in 0..persons {
        let theta = random.normal();
        let row: Vec<Option<i64>> = (0..6)
            .map(|item| {
                let y = theta + 0.9 * random.normal() + 0.15 * f64::from(item) - 0.3;
                let code = ((y + 1.5) / 3.0 * (most as f64 + 1.0)).floor().clamp(0.0, most as f64) as i64;
                (random.uniform() > 0.01).then_some(code)
            })
            .collect();
        scores.push(row.iter().flatten().map(|code| *code as f64).sum());
        rows.push(row);
        marks.push(if person == 5 { None } else { Some(theta + random.normal() > 0.8) });
    }
    (Responses::from_rows(["a", "b", "c", "d", "e", "f"], &rows).unwrap(), marks, scores)
}

/// Nothing is refused, every table and sentence has its texts, JSON holds each section.
fn sound(found: &Analysis) {
    let json = found.to_json();
    for section in &found.sections {
        assert_eq!(section.refused, None, "{}", section.id);
        assert!(json[&section.id]["explanation"].is_array(), "{}", section.id);
        whole(&Shown(section));
    }
    for plot in found.plots() {
        assert!(plot.svg.len() > 200, "{}", plot.name);
    }
}

struct Shown<'a>(&'a Section);

impl Report for Shown<'_> {
    fn tables(&self) -> Vec<ResultTable> {
        self.0.tables.clone()
    }

    fn explain(&self) -> Vec<Text> {
        self.0.explanation.clone()
    }

    fn plots(&self) -> Vec<Plot> {
        self.0.plots.clone()
    }
}

#[test]
fn reliability_items_correlations_and_factors() {
    let (responses, ..) = data(600, 3);
    let scores: Vec<f64> = (0..600).map(|person| f64::from(responses.code(person, 0).unwrap_or(0))).collect();
    let retest = Some((scores.clone(), scores.iter().rev().copied().collect()));
    let strata = vec![vec![0, 1, 2], vec![3, 4, 5]];
    let options = ReliabilityOptions { retest, strata, group_factors: 1, ..ReliabilityOptions::default() };
    let found = reliability(&responses, &options).unwrap();
    assert_eq!(found.sections.len(), 8);
    sound(&found);
    sound(&items(&responses, Some((0, 3))).unwrap());
    for method in [CorrelationMethod::Pearson, CorrelationMethod::Polychoric] {
        sound(&correlations(&responses, &CorrelationOptions { method, ..CorrelationOptions::default() }).unwrap());
    }
    let found = factors(&responses, &FactorOptions { samples: 20, ..FactorOptions::default() }).unwrap();
    sound(&found);
    assert_eq!(found.to_json()["parallel"]["components"], 1);
    // Two answers an item bring KR-21.
    let (responses, ..) = data(400, 1);
    let found =
        reliability(&responses, &ReliabilityOptions { group_factors: 1, ..ReliabilityOptions::default() }).unwrap();
    assert!(found.section("kr21").is_some());
}

#[test]
fn structure_and_invariance() {
    let (responses, marks, _) = data(900, 3);
    let model = CfaModel::new([("g", vec!["a", "b", "c", "d", "e", "f"])]);
    let groups: Vec<String> = (0..marks.len()).map(|at| ["x", "y"][at % 2].to_owned()).collect();
    for estimator in [CfaEstimator::MaximumLikelihood, CfaEstimator::RobustMaximumLikelihood, CfaEstimator::Dwls] {
        let options = StructureOptions { model: model.clone(), estimator };
        sound(&structure(&responses, &options).unwrap());
        sound(&invariance(&responses, &groups, &options).unwrap());
    }
}

#[test]
fn item_response_functioning_and_adaptive() {
    let (responses, marks, _) = data(700, 3);
    let options = IrtOptions {
        calibration: CalibrationOptions::new(IrtModel::Graded),
        scores: ScoreOptions::default(),
        bank: None,
    };
    let found = irt(&responses, &options).unwrap();
    assert_eq!(found.analysis.sections[0].id, "calibration");
    // Six items with four answers each have fewer moments than parameters.
    let mut analysis = found.analysis.clone();
    let m2 = analysis.sections.iter().position(|section| section.id == "m2").unwrap();
    assert!(analysis.sections.remove(m2).refused.unwrap().contains("moments"));
    sound(&analysis);
    let known = irt(&responses, &IrtOptions { bank: Some(found.bank.clone()), ..options }).unwrap();
    assert!(known.analysis.section("calibration").is_none());
    let rules = crate::psychometrics::cat::CatOptions::default();
    let study = CatStudyOptions { rules, persons: 50, population: Prior::default(), seed: 1 };
    let cat = adaptive(&found.bank, &study).unwrap();
    sound(&cat);
    let narrow = CatStudyOptions { population: Prior { mean: 0.0, deviation: 0.0 }, ..study };
    assert!(matches!(adaptive(&found.bank, &narrow), Err(AnalysisError::Options(_))));

    let focal: Vec<Option<bool>> = (0..marks.len()).map(|at| Some(at % 2 == 0)).collect();
    let options = FunctioningOptions {
        dif: crate::psychometrics::dif::DifOptions { purify: true, ..Default::default() },
        methods: DifMethods::default(),
        model: IrtModel::Graded,
        cuts: vec![6, 12],
        tolerance: 0.05,
    };
    sound(&functioning(&responses, &focal, &options).unwrap());
    let (binary, ..) = data(700, 1);
    let options = FunctioningOptions { cuts: Vec::new(), model: IrtModel::TwoParameter, ..options };
    let found = functioning(&binary, &focal, &options).unwrap();
    assert!(found.section("mantel-haenszel").is_some());
    sound(&found);
}

#[test]
fn cut_offs_and_clusters() {
    let (_, marks, scores) = data(700, 3);
    let other: Vec<f64> = scores.iter().enumerate().map(|(at, score)| score + f64::from(at as u32 % 7)).collect();
    let options = CutOptions {
        prevalences: vec![0.05, 0.1],
        replicates: Some(100),
        other: Some(other),
        criterion: CutCriterion::SensitivityAtLeast { least: 0.9 },
        partly_verified: true,
        ..CutOptions::default()
    };
    let found = roc(&scores, &marks, &options).unwrap();
    sound(&found);
    let curve = Roc::fit(&scores, &marks, options.direction).unwrap();
    assert_eq!(found.to_json()["roc"]["auc"].as_f64(), Some(curve.auc));
    let nobody = vec![Some(false); scores.len()];
    assert!(matches!(roc(&scores, &nobody, &options), Err(AnalysisError::Nothing(_))));

    let schools: Vec<String> = (0..scores.len()).map(|at| format!("s{}", at % 9)).collect();
    let found = clusters(&scores, &schools, &ClusterOptions { level: 0.95, from: Some(9.0) }).unwrap();
    sound(&found);
}

#[test]
fn nothing_at_all_is_an_error_with_all_reasons() {
    let rows = vec![[Some(1), Some(1), Some(1)]; 20];
    let alike = Responses::from_rows(["a", "b", "c"], &rows).unwrap();
    let error = reliability(&alike, &ReliabilityOptions::default()).unwrap_err();
    assert!(error.to_string().contains("`a` does not vary"), "{error}");
    assert!(items(&alike, None).is_err());
    let empty = Responses::from_rows(["a", "b"], &[[None, None], [None, None]]).unwrap();
    let options = IrtOptions {
        calibration: CalibrationOptions::new(IrtModel::Graded),
        scores: ScoreOptions::default(),
        bank: None,
    };
    assert!(irt(&empty, &options).is_err());
    assert!(factors(&empty, &FactorOptions::default()).is_err());
}
