//! Reports of a district of 100,000 pupils in 130 schools: what is counted once, then the survey report of the district and of every
//! school, the pages of grades and classes, and the page of one pupil. Two waves, so that change is part of them.
//!
//! The aims are two minutes for all school reports on two cores, and 50 ms for a pupil's page. All cores are used;
//! `RAYON_NUM_THREADS=2` gives the figures of two. `SCREENING_BENCH_PUPILS` and `SCREENING_BENCH_SCHOOLS` give another size.

use std::hint::black_box;
use std::time::Instant;

/// As in the `screening` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use screening_benches::wave::Wave;
use screening_benches::{medians, peak};
use screening_core::change::ChangeOptions;
use screening_core::instrument::Language;
use screening_core::norms::NormSet;
use screening_core::screening::{Interpretation, screen};
use screening_core::validity::ValidityPlan;
use screening_io::job::{JobReports, ReportFormat, ReportKind};
use screening_io::output::write_outputs;
use screening_io::read_wave;
use screening_report::{Names, Results, Settings, Survey, html, pdf, pupil_page, write_reports};

const ROUNDS: usize = 9;

fn main() {
    let size = |name: &str, usual: usize| std::env::var(name).map_or(usual, |own| own.parse().expect("a number"));
    let (pupils, schools) = (size("SCREENING_BENCH_PUPILS", 100_000), size("SCREENING_BENCH_SCHOOLS", 130));
    let instruments = ["scl-90", "phq-9", "gad-7"];
    let wave = Wave::sized(&instruments, 10, pupils, schools);
    let folder = tempfile::tempdir().expect("a folder");
    let norms = || vec![NormSet::bundled("scl-90-cn-1986").expect("bundled").expect("valid")];
    let plan = || ValidityPlan::bundled("district-default").expect("bundled").expect("valid");
    let before = screen(wave.input(Interpretation::default())).expect("a screening");
    let earlier = folder.path().join("before");
    write_outputs(&earlier, &before, &wave.policy, &[], &std::collections::BTreeMap::new(), &|_| {}).expect("outputs");
    let mut first = read_wave(&earlier).expect("a wave");
    "2026-spring".clone_into(&mut first.id);
    first.date = first.date.and_then(|date| date.yesterday().ok());
    let interpretation = Interpretation {
        norms: norms(),
        validity: Some(plan()),
        earlier: vec![first],
        change: ChangeOptions::default(),
        ..Interpretation::default()
    };
    let result = screen(wave.input(interpretation)).expect("a screening");
    let results = Results::from_screening(&result, wave.library.clone(), wave.policy.clone()).expect("results");
    let settings = Settings { language: Language::ZhCn, ..Settings::default() };

    println!("| {pupils} pupils, {schools} schools | s |\n|---|---|");
    let told = |name: &str, start: Instant| println!("| {name} | {:.2} |", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let survey = Survey::of(&results, &settings).expect("a survey");
    told("counts, suppression and tests, once for all reports", start);
    drop(survey);
    let write = |name: &str, kind: ReportKind, formats: &[ReportFormat]| {
        let wanted =
            JobReports { settings: None, kinds: vec![kind], formats: formats.to_vec(), language: Language::ZhCn };
        let start = Instant::now();
        let files = write_reports(&results, &settings, &Names::default(), &wanted, folder.path()).expect("reports");
        told(&format!("{name}, counting included: {} files", files.len()), start);
    };
    let three = [ReportFormat::Html, ReportFormat::Docx, ReportFormat::Pdf];
    write("district as html, docx and pdf", ReportKind::District, &three);
    for format in three {
        write(&format!("all schools as {}", format.extension()), ReportKind::School, &[format]);
    }
    write("all schools as html, docx and pdf", ReportKind::School, &three);
    write("all grades as docx and pdf", ReportKind::Grade, &three[1..]);
    write("all classes as docx and pdf", ReportKind::Class, &three[1..]);

    let pupil = results.student_ids().get(pupils / 2).expect("a pupil");
    let page = || pupil_page(&results, &settings, &Names::default(), pupil).expect("a page");
    let works: [&dyn Fn(); 3] = [&|| drop(black_box(page())), &|| drop(black_box(html(&page()))), &|| {
        drop(black_box(pdf(&page()).expect("a document")))
    }];
    println!("| page of one pupil | ms |\n|---|---|");
    for (name, seconds) in ["what stands in it", "as html", "as pdf"].into_iter().zip(medians(ROUNDS, works)) {
        println!("| {name} | {:.1} |", seconds * 1e3);
    }
    println!("peak {} MiB", peak().map_or_else(|| "-".to_owned(), |own| own.to_string()));
}
