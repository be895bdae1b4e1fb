//! Norm files: which cell serves whom, and what it gives.

use screening_core::instrument::Library;
use screening_core::norms::{Basis, Centre, DeriveOptions, Limit, Member, NoNorm, OmitReason};

use super::*;

#[test]
fn who_is_served_by_which_cell() {
    let gendered = set(BY_SEX);
    let both = set(&format!("{BY_SEX}{UNGENDERED}"));
    let find = |set: &NormSet, person: Context| set.find("a.total", &person.into());
    for set in [&gendered, &both] {
        assert_eq!(find(set, person(Some(Sex::Male), Some(7), None)), Ok(0));
        assert_eq!(find(set, person(Some(Sex::Female), Some(9), None)), Ok(1));
        assert_eq!(find(set, person(Some(Sex::Male), Some(6), None)), Err(NoNorm::GradeOutside { grade: 6 }));
        assert_eq!(find(set, person(Some(Sex::Male), None, None)), Err(NoNorm::GradeUnknown));
        assert!(matches!(find(set, person(Some(Sex::Female), Some(11), None)), Err(NoNorm::Unusable { .. })));
        assert!(matches!(set.find("b.total", &Member::default()), Err(NoNorm::NoScale { .. })));
    }
    // Unknown sex, and neither: the ungendered cell, or no norm.
    for sex in [None, Some(Sex::Other)] {
        assert_eq!(find(&gendered, person(sex, Some(8), None)), Err(NoNorm::SexUnknown));
        assert_eq!(find(&both, person(sex, Some(8), None)), Ok(3));
    }
}

#[test]
fn ages_are_completed_years_and_labels_must_match() {
    let set = set(r#"
[[cells]]
scale = "a.total"
group = { sex = "male", ages = { from = 11, to = 12 }, where = { region = "north" } }
mean = 10
sd = 4
"#);
    let find = |months: Option<u16>, labels: &[(&str, &str)]| {
        let context = Context { sex: Some(Sex::Male), grade: None, age_months: months };
        set.find("a.total", &Member { labels, ..Member::from(context) })
    };
    let north = [("region", "north")];
    assert_eq!(find(Some(13 * 12 - 1), &north), Ok(0));
    assert_eq!(find(Some(13 * 12), &north), Err(NoNorm::AgeOutside { age: 13 }));
    assert_eq!(find(None, &north), Err(NoNorm::AgeUnknown));
    assert_eq!(find(Some(140), &[]), Err(NoNorm::LabelUnknown { column: "region".into() }));
    let south = NoNorm::LabelOutside { column: "region".into(), value: "south".into() };
    assert_eq!(find(Some(140), &[("region", "south")]), Err(south.clone()));
    assert!(south.text().zh_cn.contains("south") && south.to_string().contains("region"));
    let girl = Context { sex: Some(Sex::Female), grade: None, age_months: Some(140) };
    assert_eq!(
        set.find("a.total", &Member { labels: &north, ..Member::from(girl) }),
        Err(NoNorm::SexOutside { sex: Sex::Female })
    );
}

#[test]
fn groups_of_many_schools_are_found_by_their_school() {
    let cells: String = (0..40)
        .map(|school| {
            let head = "[[cells]]\nscale = \"a.total\"\n";
            format!("{head}group = {{ where = {{ school = \"s{school}\" }} }}\nmean = {school}\nsd = 2\n")
        })
        .collect();
    let many = set(&cells);
    let find = |set: &NormSet, labels: &[(&str, &str)]| set.find("a.total", &Member { labels, ..Member::default() });
    assert_eq!(find(&many, &[("school", "s17")]), Ok(17));
    assert!(matches!(find(&many, &[("school", "s99")]), Err(NoNorm::LabelOutside { .. })));
    assert!(matches!(find(&many, &[]), Err(NoNorm::LabelUnknown { .. })));
    refused(
        &format!(
            "{cells}{}",
            &cells[..cells.find("[[cells]]\nscale = \"a.total\"\ngroup = { where = { school = \"s1\"").unwrap()]
        ),
        "norm-overlap",
    );
    // Some groups name other columns: everyone is looked at.
    let mixed =
        set(&format!("{cells}[[cells]]\nscale = \"a.total\"\ngroup = {{ sex = \"male\" }}\nmean = 1\nsd = 2\n"));
    assert_eq!(find(&mixed, &[("school", "s17")]), Ok(17));
}

#[test]
fn every_reason_has_words_in_both_languages() {
    let reasons = [
        NoNorm::NoScore,
        NoNorm::NoScale { scale: "a".into() },
        NoNorm::SexUnknown,
        NoNorm::SexOutside { sex: Sex::Male },
        NoNorm::GradeUnknown,
        NoNorm::GradeOutside { grade: 3 },
        NoNorm::AgeUnknown,
        NoNorm::AgeOutside { age: 3 },
        NoNorm::LabelUnknown { column: "c".into() },
        NoNorm::LabelOutside { column: "c".into(), value: "v".into() },
        NoNorm::Omitted { reason: OmitReason::TooFew },
        NoNorm::Omitted { reason: OmitReason::NoSpread },
        NoNorm::Omitted { reason: OmitReason::NotMonotone },
        NoNorm::Omitted { reason: OmitReason::NoModel },
        NoNorm::Unusable { group: "g".into(), reason: text("r") },
        NoNorm::OutsideTable,
    ];
    for reason in reasons {
        let text = reason.text();
        assert!(!text.en.starts_with("no-norm.") && text.en != text.zh_cn && !text.en.contains('{'), "{text:?}");
    }
}

#[test]
fn a_table_gives_percentiles_and_t_scores() {
    let set = set(r#"
[[cells]]
scale = "a.total"
mean = 2
sd = 2
[cells.table]
raw = [0, 1, 2.5]
percentile = [10, 50, 96]
t = [37.2, 50, 67.5]
at-least = [2.5]
"#);
    let derive = |raw: f64| set.derive("a.total", Some(raw), &Member::default(), &DeriveOptions::default()).unwrap();
    let middle = derive(1.0);
    assert_eq!((middle.z, middle.t), (Some(-0.5), Some(45.0)));
    assert_eq!((middle.percentile, middle.t_normalised, middle.limit), (Some(50.0), Some(50.0), None));
    assert_eq!((middle.stanine, middle.sten, middle.basis), (Some(5), Some(6), Some(Basis::Normalised)));
    // The interval is around the linear T where there is one: 45 ± 1.96 * 10 * sqrt(0.25).
    let interval = middle.interval.unwrap();
    assert!((interval.low - (45.0 - 1.959_963_984_540_054 * 5.0)).abs() < 1e-12 && interval.sem == 5.0);
    assert_eq!((derive(2.5).stanine, derive(2.5).limit), (Some(9), Some(Limit::AtLeast)));
    let outside = derive(1.7);
    assert!(outside.outside_table && outside.percentile.is_none() && outside.t_normalised.is_none());
    assert_eq!((outside.t, outside.basis), (Some(48.5), Some(Basis::Linear)));
    assert_eq!(set.derive("a.total", None, &Member::default(), &DeriveOptions::default()), Err(NoNorm::NoScore));
}

#[test]
fn the_true_score_interval_is_kelleys() {
    let options = DeriveOptions { centre: Centre::EstimatedTrue, level: 0.90 };
    let member = Member::from(person(Some(Sex::Male), Some(7), None));
    let interval = set(BY_SEX).derive("a.total", Some(18.0), &member, &options).unwrap().interval.unwrap();
    // T = 70; true score 50 + 0.75 * 20 = 65; error 10 sqrt(0.75 * 0.25).
    let half = 1.644_853_626_951_472_7 * 10.0 * (0.75_f64 * 0.25).sqrt();
    assert!((interval.low - (65.0 - half)).abs() < 1e-12 && (interval.high - (65.0 + half)).abs() < 1e-12);
}

#[test]
fn files_that_cannot_be_right_are_refused() {
    let cell = |body: &str| format!("[[cells]]\nscale = \"a.total\"\n{body}\n");
    refused(&cell("mean = 3\nsd = 0"), "norm");
    refused(&cell("mean = 3"), "norm");
    refused(&cell(""), "norm");
    refused(&cell("mean = 3\nsd = 1\nskwe = 1"), "format");
    refused(&format!("{}{}", cell("mean = 3\nsd = 1"), cell("mean = 4\nsd = 1")), "norm-overlap");
    refused(&cell("group = { grades = { from = 9, to = 7 } }\nmean = 3\nsd = 1"), "span");
    refused(&cell("[cells.table]\nraw = [0, 2, 1]\nt = [30, 40, 50]"), "table");
    refused(&cell("[cells.table]\nraw = [0, 1, 2]\nt = [30, 50, 40]"), "monotone");
    refused(&cell("[cells.table]\nraw = [0, 1, 2]\nt = [30, 50]"), "table");
    refused(&cell("[cells.table]\nraw = [0, 1]\npercentile = [10, 101]"), "table");
    refused(&cell("[cells.table]\nraw = [0, 1]\nt = [10, nan]"), "monotone");
    refused(&cell("[cells.table]\nraw = [0, 1]\nt = [10, 20]\nat-most = [5]"), "reference");
    refused(&cell("mean = 3\nsd = 1").replace("a.total", "a.other"), "reference");
    let falling = "[cells.model]\naxis = \"age\"\nfrom = 8\nto = 12\nterms = [[0, 0], [1, 0]]\ncoefficients = [50, -0.5]\nmin-t = 20\nmax-t = 80\nmin-raw = 0\nmax-raw = 40\nr2-adjusted = 1\nrmse = 0";
    refused(&cell(falling), "monotone");
    let head = |from: &str, to: &str| {
        NormSet::from_toml(&format!("{}{}{TAIL}", HEAD.replace(from, to), cell("mean = 1\nsd = 1")))
    };
    assert!(head("schema = 1", "schema = 2").is_err());
    assert!(head("source = \"S1\"\nreliability", "source = \"S9\"\nreliability").is_err());
    assert!(head("value = 0.75", "value = 1").is_err());
    assert!(head("\"published\"", "\"local\"").is_err());
    assert!(head("\"a.total\"", "\"total\"").is_err());
    assert!(head("schema = 1", "schema = 1").is_ok());
}

#[test]
fn bundled_sets_are_sound_and_fit_the_library() {
    let library = Library::bundled().unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../instruments/norms");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            let set = NormSet::bundled(&stem).expect("bundled").unwrap_or_else(|why| panic!("{stem}: {why}"));
            assert_eq!(set.id(), stem);
            let findings = set.check_against(&library);
            assert!(findings.0.is_empty(), "{stem}: {findings}");
            for scale in &set.definition().scales {
                assert!(LocalScale::of(&library, &scale.id, None).is_some(), "{stem}: {}", scale.id);
            }
            seen += 1;
        }
    }
    assert!(seen >= 2);
    // Adult norms serve no pupil.
    let adult = NormSet::bundled("scl-90-cn-1986").unwrap().unwrap();
    let pupil = Member::from(person(Some(Sex::Female), Some(8), Some(14)));
    assert_eq!(adult.find("scl-90.anxiety", &pupil), Err(NoNorm::AgeOutside { age: 14 }));
    let grown = Member::from(person(None, None, Some(30)));
    let derived = adult.derive("scl-90.anxiety", Some(2.25), &grown, &DeriveOptions::default()).unwrap();
    assert_eq!((derived.z, derived.percentile), (Some(2.0), None));
}

#[test]
fn another_version_of_a_key_is_not_accepted() {
    let library = Library::bundled().unwrap();
    let text = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../instruments/norms/cdi-zh-chongqing-2020.toml"),
    )
    .unwrap();
    let changed = NormSet::from_toml(&text.replace("cdi-zh@1.0.0", "cdi-zh@0.9.0")).unwrap();
    assert!(changed.check_against(&library).has_errors());
    let hash = NormSet::from_toml(&text.replace("cdi-zh@1.0.0", "cdi-zh@1.0.0+000000000000")).unwrap();
    let findings = hash.check_against(&library);
    assert!(!findings.has_errors() && findings.0.len() == 1);
}
