//! What the pictures show equals what polars computes from the results, nothing is drawn that is not released, and every picture is
//! sound XML.

use std::fmt::Write as _;
use std::sync::LazyLock;

use indexmap::IndexMap;
use jiff::civil::date;
use polars::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use screening_core::change::ChangeOptions;
use screening_core::coverage::Status;
use screening_core::instrument::Language;
use screening_core::norms::NormSet;
use screening_core::screening::{
    Batch, Battery, Interpretation, Licences, ScreeningInput, WaveSettings, pupils_from_frame, screen,
};
use screening_core::stats::{Decimal, normal_cdf};
use screening_report::{
    Bin, Chart, Figure, Names, Panel, ProfileRow, Report, Results, Step, Survey, docx, html, pdf, pupil_page,
    pupil_page_over,
};

use super::world::{LIBRARY, RESULTS, folder, parquet, policy, screened, settings};

fn charts<'r>(report: &'r Report, id: &'r str) -> impl Iterator<Item = &'r Figure> {
    report.figures().filter(move |figure| figure.id == id)
}

fn bins(figure: &Figure) -> (&[Bin], &[(String, usize)]) {
    let Chart::Distribution { bins, bands, .. } = &figure.chart else { panic!("{figure:?}") };
    (bins, bands)
}

fn rows(figure: &Figure) -> &[ProfileRow] {
    let Chart::Profile { rows, .. } = &figure.chart else { panic!("{figure:?}") };
    rows
}

fn panels(figure: &Figure) -> &[Panel] {
    let Chart::Course { panels, .. } = &figure.chart else { panic!("{figure:?}") };
    panels
}

fn steps(report: &Report) -> &[Step] {
    let figure = charts(report, "waterfall").next().unwrap();
    let Chart::Waterfall { steps, .. } = &figure.chart else { panic!("{figure:?}") };
    steps
}

fn text(column: &str) -> Expr {
    col(column).cast(DataType::String)
}

fn count(filter: Expr) -> f64 {
    parquet().filter(filter).collect().unwrap().height() as f64
}

/// Lowest and highest score of a bin of whole scores.
fn ends(name: &str) -> (f64, f64) {
    let (low, high) = name.split_once('–').unwrap_or((name, name));
    (low.parse().unwrap(), high.parse().unwrap())
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn a_distribution_counts_every_pupil_once_and_no_bin_is_small() {
    let report = Survey::of(&RESULTS, &settings(Language::En)).unwrap().district().unwrap();
    let figures: Vec<&Figure> = charts(&report, "distribution").collect();
    assert_eq!(figures.len(), 2, "one an instrument");
    for (figure, (scale, most)) in figures.into_iter().zip([("phq-9.total", 27.0), ("gad-7.total", 21.0)]) {
        let (bins, bands) = bins(figure);
        let counted = text("status").eq(lit("valid")).and(col(format!("{scale}.band")).is_not_null());
        let base = count(counted.clone());
        let (mut next, mut shown) = (0.0, 0.0);
        for bin in bins {
            let (low, high) = ends(&bin.name);
            assert!(near(low, next), "{}: {bins:?}", figure.caption);
            next = high + 1.0;
            let own = count(counted.clone().and(col(scale).gt_eq(lit(low))).and(col(scale).lt_eq(lit(high))));
            if let Some(share) = bin.share {
                assert!(near(share, own / base) && own >= 10.0, "{bin:?}: {own} of {base}");
                shown += own;
            }
            assert_eq!(bin.norm, None, "these results have no norms");
        }
        assert!(near(next, most + 1.0) && bins.len() > 6 && shown > 0.8 * base, "{bins:?}");
        assert_eq!(bands.iter().map(|own| own.1).sum::<usize>(), bins.len());
    }
}

#[test]
fn the_distribution_of_a_school_is_its_released_bands() {
    let settings = settings(Language::En);
    let survey = Survey::of(&RESULTS, &settings).unwrap();
    let (mut shown, mut hidden) = (0, 0);
    for school in RESULTS.schools() {
        let report = survey.school(school).unwrap();
        let table = report.table("bands").unwrap();
        for figure in charts(&report, "distribution") {
            let (bins, bands) = bins(figure);
            let name = figure.caption.split(". ").nth(1).unwrap();
            let scale = name.split(": distribution").next().unwrap();
            for (bin, (band, width)) in bins.iter().zip(bands) {
                let is = |row: &Vec<screening_report::Cell>| row[0].text() == scale && row[1].text() == band;
                let row = table.rows.iter().position(is).unwrap_or_else(|| panic!("{scale} {band}"));
                assert_eq!(*width, 1);
                assert_eq!(bin.share.is_some(), table.value(row, 2).is_some(), "{school} {scale} {band}");
                if let (Some(share), Some(told)) = (bin.share, table.value(row, 3)) {
                    assert!(near(share, told));
                }
                shown += usize::from(bin.share.is_some());
                hidden += usize::from(bin.share.is_none());
            }
        }
    }
    assert!(shown > 20 && hidden > 2, "{shown} shown, {hidden} hidden");
}

#[test]
fn the_waterfall_loses_whom_the_results_lose() {
    let settings = settings(Language::En);
    let survey = Survey::of(&RESULTS, &settings).unwrap();
    let (single, together) = waterfalls(&survey, &RESULTS, &parquet().collect().unwrap());
    assert!(together > 3, "{single} single, {together} together");
    // Where more are missing for each reason, reasons are shown.
    let n = 600;
    let ids: Vec<String> = (0..n).map(|at| format!("w{at}")).collect();
    let school: Vec<&str> = (0..n).map(|at| if at % 2 == 0 { "A" } else { "B" }).collect();
    let attendance: Vec<Option<&str>> = (0..n).map(|at| (at % 10 < 2).then_some("absent")).collect();
    let consent: Vec<Option<&str>> = (0..n)
        .map(|at| match at % 10 {
            2 => Some("refused"),
            3 | 4 if at % 3 == 0 => Some("withdrawn"),
            _ => None,
        })
        .collect();
    let mut columns = vec![Column::new("student_id".into(), &ids)];
    let mut state = 5_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % 4) as i8
    };
    for (instrument, items) in [("phq-9", 9), ("gad-7", 7)] {
        let trait_of: Vec<i8> = (0..n).map(|_| draw()).collect();
        for item in 1..=items {
            // One trait with a share of chance, as the auditor expects of a scale.
            let answers: Vec<i8> = trait_of.iter().map(|own| if draw() > 0 { *own } else { draw() }).collect();
            columns.push(Column::new(format!("{instrument}.{item}").into(), answers));
        }
    }
    let sheets = DataFrame::new(n, columns).unwrap();
    let there = attendance.iter().zip(&consent).map(|(own, other)| own.is_none() && other.is_none());
    let sheets = sheets.filter(&there.collect()).unwrap();
    let roster = df!["student_id" => &ids, "school" => school, "grade" => vec![7_i32; n],
        "attendance" => attendance, "consent" => consent]
    .unwrap();
    let policy = policy();
    let result = screened(&policy, &roster, sheets, ("w", 2026), Vec::new());
    let results = Results::from_screening(&result, LIBRARY.clone(), policy).unwrap();
    let survey = Survey::of(&results, &settings).unwrap();
    let (single, together) = waterfalls(&survey, &results, &result.results);
    assert!(single > 3, "{single} single, {together} together");
}

/// Checks every picture of a wave, and counts the steps of one reason and those of several together.
fn waterfalls(survey: &Survey<'_>, results: &Results, frame: &DataFrame) -> (usize, usize) {
    let count = |filter: Expr| frame.clone().lazy().filter(filter).collect().unwrap().height() as f64;
    let everywhere = std::iter::once(None).chain(results.schools().iter().map(Some));
    let (mut single, mut together) = (0, 0);
    for school in everywhere {
        let here = || school.map_or_else(|| lit(true), |name| col("school").eq(lit(name.as_str())));
        let report = school.map_or_else(|| survey.district().unwrap(), |name| survey.school(name).unwrap());
        let steps = steps(&report);
        let status = |own: &Status| count(here().and(text("status").eq(lit(own.word()))));
        let (first, last) = (steps.first().unwrap(), steps.last().unwrap());
        assert!(first.total && near(first.to, count(here())) && last.total && near(last.to, status(&Status::Valid)));
        for pair in steps.windows(2).filter(|pair| !pair[1].total) {
            assert!(near(pair[0].to, pair[1].from) && pair[1].to <= pair[1].from, "{steps:?}");
        }
        assert!(near(steps[steps.len() - 2].to, last.to), "parts sum to the whole: {steps:?}");
        for step in steps.iter().filter(|step| !step.total) {
            let lost = step.from - step.to;
            match Status::ALL.iter().find(|own| own.name().en == step.name) {
                Some(own) => {
                    assert!(near(lost, status(own)) && lost >= 10.0, "{step:?}");
                    single += 1;
                }
                None => {
                    assert_eq!(step.name, "Other reasons");
                    assert!(lost >= 10.0 || step.label == "not shown", "{step:?}");
                    together += 1;
                }
            }
        }
    }
    (single, together)
}

/// Grades 10 to 12 with an instrument of many factors that has norms, and one that has none.
fn factors(missing_sex: usize) -> (Results, DataFrame) {
    let n = 240;
    let ids: Vec<String> = (0..n).map(|at| format!("F{at:04}")).collect();
    let school: Vec<String> = (0..n).map(|at| format!("school <{}> & \"co\"", at % 6)).collect();
    let sex: Vec<Option<&str>> =
        (0..n).map(|at| (at >= missing_sex).then_some(if at % 2 == 0 { "male" } else { "female" })).collect();
    let grade: Vec<i32> = (0..n).map(|at| 10 + (at % 3) as i32).collect();
    let roster = df!["student_id" => &ids, "school" => school, "grade" => grade, "sex" => sex].unwrap();
    let mut state = 9_u64;
    let mut draw = |options: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % options) as i8
    };
    let mut columns = vec![Column::new("student_id".into(), &ids)];
    for item in 1..=90 {
        columns.push(Column::new(
            format!("scl-90.{item}").into(),
            (0..n).map(|at| 1 + draw(if at % 4 < 2 { 2 } else { 4 })).collect::<Vec<i8>>(),
        ));
    }
    for item in 1..=21 {
        columns.push(Column::new(format!("dass-21.{item}").into(), (0..n).map(|_| draw(4)).collect::<Vec<i8>>()));
    }
    let battery = "schema = 1\nid = \"long\"\nversion = \"1.0.0\"\nname = { en = \"long\", zh-CN = \"长\" }\n\
                   grades = { from = 10, to = 12 }\ninstruments = [\"scl-90\", \"dass-21\"]\n";
    let batches =
        vec![Batch { battery: Battery::from_toml(battery).unwrap(), sheets: DataFrame::new(n, columns).unwrap() }];
    let policy = screening_core::risk::Policy::bundled("district-default").unwrap().unwrap();
    let mut wave = WaveSettings::new("long", date(2026, 10, 12));
    let norm = "schema = 1\nid = \"by-sex\"\nversion = \"1.0.0\"\nname = { en = \"x\", zh-CN = \"x\" }\nkind = \"published\"\n\
                population = { en = \"x\", zh-CN = \"x\" }\n[sources.S]\ncite = \"S\"\nkind = \"paper\"\n";
    let mut norm = norm.to_owned();
    let scales = &LIBRARY.get("scl-90").unwrap().definition().scales;
    for (at, scale) in scales.iter().filter(|scale| !scale.internal && scale.range.is_some()).enumerate() {
        let _ =
            writeln!(norm, "[[scales]]\nid = \"scl-90.{}\"\ndirection = \"higher-worse\"\nsource = \"S\"", scale.id);
        for (sex, mean) in [("male", 1.8), ("female", 2.1)] {
            // Totals and counts of items lie elsewhere than means.
            let far = scale.range.is_some_and(|range| range[1].to_f64() > 5.0);
            let (mean, sd) = if far { (180.0 + at as f64, 25.0) } else { (mean, 0.5) };
            let _ = writeln!(
                norm,
                "[[cells]]\nscale = \"scl-90.{}\"\ngroup = {{ sex = \"{sex}\" }}\nmean = {mean}\nsd = {sd}",
                scale.id
            );
        }
    }
    let input = |wave: WaveSettings| ScreeningInput {
        roster: pupils_from_frame(&roster).unwrap(),
        batches: batches.clone(),
        wave,
        library: &LIBRARY,
        policy: &policy,
        licences: Licences(["scl-90", "dass-21"].map(|id| (id.to_owned(), "test".to_owned())).into_iter().collect()),
        scoring: IndexMap::default(),
        interpretation: Interpretation {
            norms: vec![NormSet::from_toml(&norm).unwrap()],
            change: ChangeOptions::default(),
            ..Interpretation::default()
        },
    };
    // Answers drawn at random look to the auditor like a wrong key.
    if let Err(screening_core::screening::ScreeningError::Audit(refusal)) = screen(input(wave.clone())) {
        let accept = refusal.findings.iter().map(|own| format!("{} {}: random", own.finding.id, own.instrument));
        wave.audit.accept = accept.map(|text| text.parse().unwrap()).collect();
    }
    let result = screen(input(wave)).unwrap();
    (Results::from_screening(&result, LIBRARY.clone(), policy.clone()).unwrap(), result.results)
}

static FACTORS: LazyLock<(Results, DataFrame)> = LazyLock::new(|| factors(0));

fn numbers(frame: &DataFrame, name: &str) -> Vec<Option<f64>> {
    let column = frame.column(name).unwrap().cast(&DataType::Float64).unwrap();
    column.f64().unwrap().iter().collect()
}

#[test]
fn the_norm_beside_a_distribution_is_that_of_the_pupils_groups() {
    let (results, frame) = &*FACTORS;
    let report = Survey::of(results, &settings(Language::En)).unwrap().district().unwrap();
    let figure = charts(&report, "distribution").find(|own| own.caption.contains("SCL-90")).unwrap();
    let (bins, _) = bins(figure);
    let Chart::Distribution { names, .. } = &figure.chart else { unreachable!() };
    assert!(names[1].contains("by-sex"), "{names:?}");
    assert!(near(bins.iter().map(|bin| bin.norm.unwrap()).sum::<f64>(), 1.0));
    // The same from the figures of the norm file: half of the pupils are boys.
    let named = |name: &str| figure.caption.contains(&format!("SCL-90: {name}: distribution"));
    let scale = LIBRARY.get("scl-90").unwrap().definition().scales.iter().find(|own| named(&own.name.en));
    let column = format!("scl-90.{}", scale.unwrap().id);
    let z = numbers(frame, &format!("{column}.z"));
    let raw = numbers(frame, &column);
    let low = bins[0].name.split('–').next().unwrap().parse::<f64>().unwrap();
    assert!(low >= 0.0);
    let edge = bins[1].name.split('–').next().unwrap().parse::<f64>().unwrap();
    let whole = raw.iter().flatten().all(|own| own.fract() == 0.0);
    let edge = if whole { edge - 0.5 } else { edge };
    let mut below = 0.0;
    for (sex, wanted) in [("male", 0), ("female", 1)] {
        // Two pupils of a sex give the line of z by raw.
        let own: Vec<(f64, f64)> =
            (0..raw.len()).filter(|at| at % 2 == wanted).map(|at| (raw[at].unwrap(), z[at].unwrap())).collect();
        let (a, b) = (own[0], *own.iter().find(|other| (other.0 - own[0].0).abs() > 1e-9).unwrap());
        let slope = (b.1 - a.1) / (b.0 - a.0);
        below += 0.5 * normal_cdf(a.1 + slope * (edge - a.0));
        assert!(slope > 0.0, "{sex}");
    }
    assert!((bins[0].norm.unwrap() - below).abs() < 1e-9, "{} and {below}", bins[0].norm.unwrap());
}

#[test]
fn profiles_of_the_district_are_means_and_never_of_nearly_all() {
    let (results, frame) = &*FACTORS;
    let report = Survey::of(results, &settings(Language::En)).unwrap().district().unwrap();
    let figures: Vec<&Figure> = charts(&report, "profile").collect();
    assert_eq!(figures.len(), 2);
    let definition = LIBRARY.get("scl-90").unwrap().definition();
    let mut seen = 0;
    for row in rows(figures[0]) {
        let scale = definition.scales.iter().find(|own| own.name.en == row.name).unwrap();
        let t: Vec<f64> = numbers(frame, &format!("scl-90.{}.t", scale.id)).into_iter().flatten().collect();
        assert!(near(row.value, t.iter().sum::<f64>() / t.len() as f64), "{row:?}");
        assert_eq!(row.band, Some((40.0, 60.0)));
        assert!(row.interval.is_some_and(|(low, high)| low <= row.value && row.value <= high));
        seen += 1;
    }
    assert!(seen >= 9, "{seen}");
    let definition = LIBRARY.get("dass-21").unwrap().definition();
    for row in rows(figures[1]) {
        let scale = definition.scales.iter().find(|own| own.name.en == row.name).unwrap();
        let raw: Vec<f64> = numbers(frame, &format!("dass-21.{}", scale.id)).into_iter().flatten().collect();
        let [low, high] = scale.range.unwrap().map(Decimal::to_f64);
        assert!(near(row.value, (raw.iter().sum::<f64>() / raw.len() as f64 - low) / (high - low)), "{row:?}");
        assert!(row.band.is_some_and(|(from, to)| near(from, 0.0) && to < 1.0));
    }
    // With five pupils who have no norm, the mean T of the others would tell theirs.
    let (few, _) = factors(5);
    let report = Survey::of(&few, &settings(Language::En)).unwrap().district().unwrap();
    let figure = charts(&report, "profile").next().unwrap();
    assert!(matches!(figure.chart, Chart::Profile { percent: true, .. }), "parts of the range: {figure:?}");
    let (many, _) = factors(40);
    let report = Survey::of(&many, &settings(Language::En)).unwrap().district().unwrap();
    let figure = charts(&report, "profile").next().unwrap();
    assert!(matches!(figure.chart, Chart::Profile { percent: false, .. }), "T scores: {figure:?}");
}

#[test]
fn the_profile_of_a_pupil_is_the_pupils_own() {
    let (results, frame) = &*FACTORS;
    for at in [0, 17, 239] {
        let id = &results.student_ids()[at];
        let report = pupil_page(results, &settings(Language::En), &Names::default(), id).unwrap();
        let figures: Vec<&Figure> = charts(&report, "profile").collect();
        for row in figures.first().map_or(&[][..], |figure| rows(figure)) {
            let scale =
                LIBRARY.get("scl-90").unwrap().definition().scales.iter().find(|own| own.name.en == row.name).unwrap();
            assert_eq!(Some(row.value), numbers(frame, &format!("scl-90.{}.t", scale.id))[at], "{row:?}");
        }
        assert!(charts(&report, "course").next().is_none(), "one wave is no course");
        sound(&report);
    }
}

#[test]
fn the_band_of_a_course_is_that_of_the_index() {
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder().join("summary.json")).unwrap()).unwrap();
    let comparisons = summary["change"]["comparisons"].as_array().unwrap();
    let smallest = |instrument: &str| {
        let found = comparisons.iter().find(|own| own["instrument"].as_str().unwrap().starts_with(instrument)).unwrap();
        found["basis"]["smallest_change"].as_f64()
    };
    let frame = parquet().collect().unwrap();
    let column = |name: &str| numbers(&frame, name);
    let outcome = frame.column("phq-9.total.change").unwrap().cast(&DataType::String).unwrap();
    let outcome: Vec<Option<String>> = outcome.str().unwrap().iter().map(|own| own.map(str::to_owned)).collect();
    let (now, before) = (column("phq-9.total"), column("phq-9.total.before"));
    let settings = settings(Language::En);
    let mut seen = std::collections::BTreeMap::new();
    let mut wanted: Vec<usize> = (0..now.len()).step_by(97).collect();
    for word in ["improved", "unchanged", "deteriorated"] {
        wanted.extend((0..now.len()).filter(|at| outcome[*at].as_deref() == Some(word)).take(12));
    }
    for at in wanted {
        let id = &RESULTS.student_ids()[at];
        let report = pupil_page(&RESULTS, &settings, &Names::default(), id).unwrap();
        let Some(figure) = charts(&report, "course").next() else {
            assert!(now[at].is_none() || before[at].is_none(), "{id}");
            continue;
        };
        let Some(panel) = panels(figure).iter().find(|own| own.name.starts_with("PHQ-9")) else { continue };
        let (now, before) = (now[at].unwrap(), before[at].unwrap());
        let points: Vec<Option<f64>> = panel.points.iter().map(|own| own.1).collect();
        assert_eq!(points, [Some(before / 27.0), Some(now / 27.0)]);
        assert_eq!(panel.usual.map(|own| (own * 27.0).round()), Some(5.0), "the first cut-off");
        match (smallest("phq-9@"), panel.band) {
            (None, band) => assert_eq!(band, None),
            (Some(most), Some((low, high))) => {
                assert!(near(low, ((before - most) / 27.0).max(0.0)) && near(high, ((before + most) / 27.0).min(1.0)));
                let outside = now / 27.0 < low - 1e-9 || now / 27.0 > high + 1e-9;
                assert_eq!(
                    outside,
                    outcome[at].as_deref() != Some("unchanged"),
                    "{id}: {outcome:?}",
                    outcome = outcome[at]
                );
                *seen.entry(outcome[at].clone()).or_insert(0) += 1;
            }
            (Some(_), None) => panic!("{id} has no band"),
        }
    }
    assert!(seen.len() >= 2, "{seen:?}");
}

#[test]
fn further_waves_stand_in_their_order_and_others_are_passed_over() {
    let policy = policy();
    let earlier = Results::read(&folder().join("before"), LIBRARY.clone(), Some(policy)).unwrap();
    let id = RESULTS.student_ids().iter().find(|id| {
        let report = pupil_page(&RESULTS, &settings(Language::En), &Names::default(), id).unwrap();
        charts(&report, "course").next().is_some()
    });
    let id = id.unwrap();
    let page = |waves: &[&Results]| {
        let report = pupil_page_over(&RESULTS, waves, &settings(Language::En), &Names::default(), id).unwrap();
        panels(charts(&report, "course").next().unwrap()).to_vec()
    };
    // The earlier wave is that of the comparison: nothing stands there twice. A wave of the same day is not earlier.
    assert_eq!(page(&[&earlier]), page(&[]));
    assert_eq!(page(&[&RESULTS]), page(&[]));
    let waves: Vec<String> = page(&[&earlier])[0].points.iter().map(|own| own.0.clone()).collect();
    assert_eq!(waves, ["2025-autumn", "2026-autumn"]);
}

/// Every picture is sound XML without a figure that is none, in every kind of file.
fn sound(report: &Report) {
    let page = html(report);
    assert!(!page.contains("NaN") && !page.contains("inf\"") && !page.contains("url("));
    let mut pictures = 0;
    for svg in page.split("<svg ").skip(1).filter_map(|rest| rest.split_once("</svg>")) {
        let svg = format!("<svg {}</svg>", svg.0);
        let mut reader = Reader::from_str(&svg);
        reader.config_mut().check_end_names = true;
        while reader.read_event().unwrap_or_else(|error| panic!("{error}: {svg}")) != Event::Eof {}
        pictures += 1;
    }
    assert_eq!(pictures, report.figures().count());
    assert!(report.figures().all(|figure| figure.alt.chars().count() > 5 && !figure.alt.contains("NaN")));
    assert!(docx(report).unwrap().starts_with(b"PK") && pdf(report).unwrap().starts_with(b"%PDF"));
}

#[test]
fn names_with_markup_one_value_and_nobody_draw_whole_pictures() {
    let (results, _) = &*FACTORS;
    let own = settings(Language::ZhCn);
    let survey = Survey::of(results, &own).unwrap();
    sound(&survey.district().unwrap());
    sound(&survey.school(&results.schools()[0]).unwrap());
    let policy = policy();
    let ids: Vec<String> = (0..40).map(|at| format!("p{at}")).collect();
    let roster = df!["student_id" => &ids, "school" => vec!["<b>&"; 40], "grade" => vec![7_i32; 40]].unwrap();
    let sheets = |answer: Option<i8>| {
        let mut columns = vec![Column::new("student_id".into(), &ids)];
        columns.extend((1..=9).map(|at| Column::new(format!("phq-9.{at}").into(), vec![answer; 40])));
        columns.extend((1..=7).map(|at| Column::new(format!("gad-7.{at}").into(), vec![answer; 40])));
        DataFrame::new(40, columns).unwrap()
    };
    let nobody = DataFrame::new(0, vec![Column::new("student_id".into(), Vec::<String>::new())]).unwrap();
    for (sheets, drawn) in [(sheets(Some(0)), true), (sheets(None), false), (nobody, false)] {
        let result = screened(&policy, &roster, sheets, ("w", 2026), Vec::new());
        let results = Results::from_screening(&result, LIBRARY.clone(), policy.clone()).unwrap();
        let survey = Survey::of(&results, &own).unwrap();
        let report = survey.district().unwrap();
        for report in [&report, &survey.school("<b>&").unwrap()] {
            sound(report);
            assert!(drawn || charts(report, "distribution").next().is_none());
        }
        let page = pupil_page(&results, &own, &Names::default(), "p0").unwrap();
        sound(&page);
        assert!(charts(&page, "course").next().is_none());
    }
}

#[test]
fn where_all_is_withheld_nothing_is_drawn() {
    let policy = policy();
    let ids = ["a", "b", "c"];
    let roster = df!["student_id" => ids, "school" => ["A", "A", "B"], "grade" => [7_i32, 7, 8]].unwrap();
    let mut columns = vec![Column::new("student_id".into(), ids)];
    columns.extend((1..=9).map(|at| Column::new(format!("phq-9.{at}").into(), vec![1_i8, 2, 3])));
    columns.extend((1..=7).map(|at| Column::new(format!("gad-7.{at}").into(), vec![0_i8, 1, 2])));
    let result = screened(&policy, &roster, DataFrame::new(3, columns).unwrap(), ("w", 2026), Vec::new());
    let results = Results::from_screening(&result, LIBRARY.clone(), policy).unwrap();
    let own = settings(Language::En);
    let survey = Survey::of(&results, &own).unwrap();
    for report in [survey.district().unwrap(), survey.school("A").unwrap()] {
        assert!(charts(&report, "distribution").next().is_none() && charts(&report, "profile").next().is_none());
        sound(&report);
    }
}
