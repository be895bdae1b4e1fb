//! The words: the same text for the same figures, no diagnosis, no label, no identity where none belongs.

use screening_core::instrument::Language;
use screening_report::{
    EvidenceWave, Names, Naming, Reader, Report, Survey, Whose, evidence, html, invalid_list, key_list, letters,
    make_up_list, pupil_page, referral, refused_words,
};

use super::world::{RESULTS, folder, parquet, settings};

/// Hashes and versions of definitions change with the library; the words do not.
fn steady(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '+').unwrap_or(after.len());
        out.push_str(before);
        out.push_str("@…");
        rest = after.get(end..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn names() -> Names {
    Names::new(RESULTS.student_ids().iter().map(|id| (id.clone(), "王小明".to_owned())), Naming::Masked)
}

/// Somebody with a critical answer.
fn pupil() -> String {
    let list = key_list(&RESULTS, &settings(Language::En), &Names::new([], Naming::Full), None).unwrap();
    list.tables().next().unwrap().rows[0][1].text().to_owned()
}

fn all(language: Language) -> Vec<Report> {
    let settings = settings(language);
    let survey = Survey::of(&RESULTS, &settings).unwrap();
    let names = names();
    vec![
        survey.district().unwrap(),
        survey.school("甲校").unwrap(),
        pupil_page(&RESULTS, &settings, &names, &pupil()).unwrap(),
        key_list(&RESULTS, &settings, &names, None).unwrap(),
        invalid_list(&RESULTS, &settings, &names, None).unwrap(),
        make_up_list(&RESULTS, &settings, &names, Some("丁校")).unwrap(),
        referral(&RESULTS, &settings, &names, Some(&pupil())).unwrap(),
        referral(&RESULTS, &settings, &names, None).unwrap(),
        survey.classes("甲校", Some(7), Some("2班")).unwrap(),
        survey.grades("丁校", None).unwrap(),
        letters(&RESULTS, &settings, &names, Reader::Pupil, &Whose::Pupil(at_ease())).unwrap(),
        letters(&RESULTS, &settings, &names, Reader::Parent, &class_of("甲校")).unwrap(),
        evidence(&[EvidenceWave { survey: &survey, folder: folder() }], None).unwrap(),
    ]
}

fn class_of(school: &str) -> Whose {
    Whose::Class { school: school.to_owned(), grade: Some(7), class: Some("1班".to_owned()) }
}

/// The first pupil for whom no talk is proposed and whose sheet counts.
fn at_ease() -> String {
    let frame = parquet().collect().unwrap();
    let text = |name: &str, row: usize| {
        let column = frame.column(name).unwrap().cast(&polars::prelude::DataType::String).unwrap();
        column.str().unwrap().get(row).map(str::to_owned)
    };
    let row = (0..frame.height()).find(|row| text("tier", *row).as_deref() == Some("none")).unwrap();
    text("student_id", row).unwrap()
}

#[test]
fn no_report_names_a_diagnosis_or_labels_a_child() {
    assert!(!refused_words("This pupil is depressed.").is_empty() && !refused_words("异常学生名单").is_empty());
    for language in [Language::ZhCn, Language::En] {
        for report in all(language) {
            let found = refused_words(&report.plain_text());
            assert!(found.is_empty(), "{}: {found:?}", report.title);
            assert!(refused_words(&html(&report)).is_empty());
            let denied = if language == Language::ZhCn { "不是诊断" } else { "not diagnosis" };
            assert!(report.notice.contains(denied), "{}", report.notice);
        }
    }
}

#[test]
fn what_reports_take_from_the_library_passes_the_same_check() {
    let mut texts = Vec::new();
    for instrument in super::world::LIBRARY.iter() {
        let definition = instrument.definition();
        texts.push(definition.name.clone());
        texts.extend(definition.scales.iter().map(|scale| scale.name.clone()));
        texts.extend(definition.bands.values().map(|band| band.label.clone()));
        texts.extend(definition.flags.iter().map(|flag| flag.meaning.clone()));
        texts.extend(definition.validity.iter().map(|rule| rule.meaning.clone()));
    }
    let policy = screening_core::risk::Policy::bundled("district-default").unwrap().unwrap();
    texts.extend(policy.tiers().flat_map(|tier| [tier.name.clone(), tier.owner.clone(), tier.next_step.clone()]));
    texts.extend(policy.definition().rules.iter().map(|rule| rule.description.clone()));
    assert!(texts.len() > 1000);
    for text in texts.iter().flat_map(|text| [&text.zh_cn, &text.en]) {
        assert!(refused_words(text).is_empty(), "{text}: {:?}", refused_words(text));
    }
}

#[test]
fn every_text_is_found_and_filled() {
    for language in [Language::ZhCn, Language::En] {
        for report in all(language) {
            let text = report.plain_text();
            assert!(!text.contains('{') && !text.contains('}'), "{}: a place was not filled", report.title);
            for line in text.lines() {
                let key = line.split_once('.').is_some_and(|(group, rest)| {
                    !group.is_empty()
                        && !rest.is_empty()
                        && line.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '-')
                });
                assert!(!key, "{line} stands for a text that is missing");
            }
        }
    }
}

#[test]
fn survey_reports_hold_nobody_and_lists_are_masked() {
    let reports = all(Language::ZhCn);
    for report in &reports[..2] {
        let text = report.plain_text();
        assert!(RESULTS.student_ids().iter().all(|id| !text.contains(id.as_str())), "{}", report.title);
        assert!(!text.contains("王"));
    }
    let district = reports[0].plain_text();
    assert!(RESULTS.schools().iter().all(|school| !district.contains(school.as_str())), "no league table");
    // The list of invalid sheets is empty here.
    for report in [&reports[2], &reports[3], &reports[5]] {
        let text = report.plain_text();
        assert!(RESULTS.student_ids().iter().all(|id| !text.contains(id.as_str())), "{}", report.title);
        assert!(!text.contains("小明") && text.contains("王＊＊"));
    }
    let full = Names::new([(pupil(), "王小明".to_owned())], Naming::Full);
    let open = pupil_page(&RESULTS, &settings(Language::ZhCn), &full, &pupil()).unwrap().plain_text();
    assert!(open.contains("王小明") && open.contains(&pupil()));
}

#[test]
fn the_words_of_the_reports() {
    let zh = all(Language::ZhCn);
    let en = all(Language::En);
    insta::assert_snapshot!("district-zh", steady(&zh[0].plain_text()));
    insta::assert_snapshot!("district-en", steady(&en[0].plain_text()));
    insta::assert_snapshot!("school-en", steady(&en[1].plain_text()));
    insta::assert_snapshot!("pupil-zh", steady(&zh[2].plain_text()));
    insta::assert_snapshot!("make-up-en", steady(&en[5].plain_text()));
    insta::assert_snapshot!("referral-en", steady(&en[7].plain_text()));
}

#[test]
fn texts_for_pupils_and_parents_have_no_score_no_level_and_no_band() {
    for (language, reader) in [(Language::ZhCn, Reader::Pupil), (Language::En, Reader::Parent)] {
        let own = settings(language);
        let report = letters(&RESULTS, &own, &names(), reader, &class_of("甲校")).unwrap();
        assert!(report.tables().next().is_none(), "no scores by default");
        // Twenty pupils in the class; of those who refused nothing is written.
        let refused = refused_in_class();
        assert!(refused < 20);
        assert_eq!(report.sections.len(), 20 - refused);
        assert!(report.sections.iter().all(|section| section.new_page));
        let text = report.plain_text();
        let mut bands: Vec<String> = Vec::new();
        for instrument in ["phq-9", "gad-7"] {
            let definition = super::world::LIBRARY.get(instrument).unwrap().definition().clone();
            bands.extend(definition.bands.values().map(|band| band.label.get(language).to_owned()));
        }
        let levels = ["重测", "本月了解", "本周访谈", "当天谈话"].map(str::to_owned);
        for word in bands.iter().chain(&levels).filter(|word| word.chars().count() > 1) {
            assert!(!text.contains(word.as_str()), "{word}");
        }
        assert!(text.contains("12356"));
        let with_scores = screening_report::Settings { scores_in_texts: true, ..own };
        let scores = letters(&RESULTS, &with_scores, &names(), reader, &Whose::Pupil(at_ease())).unwrap();
        assert_eq!(scores.tables().next().unwrap().rows.len(), 2, "two scales, when a unit wants them");
    }
    // Somebody with a critical answer is not put at ease before the talk.
    let calm = letters(&RESULTS, &settings(Language::En), &names(), Reader::Pupil, &Whose::Pupil(at_ease())).unwrap();
    let asked = letters(&RESULTS, &settings(Language::En), &names(), Reader::Pupil, &Whose::Pupil(pupil())).unwrap();
    assert!(calm.plain_text().contains("in the usual range for"));
    assert!(!asked.plain_text().contains("in the usual range for"));
}

fn refused_in_class() -> usize {
    use polars::prelude::*;
    let here = col("school").eq(lit("甲校")).and(col("grade").eq(lit(7))).and(col("class").eq(lit("1班")));
    let refused = col("status").cast(DataType::String).eq(lit("refused"));
    parquet().filter(here.and(refused)).collect().unwrap().height()
}

#[test]
fn class_pages_count_who_took_part_and_no_result_of_the_class() {
    use polars::prelude::*;
    let settings = settings(Language::En);
    let survey = Survey::of(&RESULTS, &settings).unwrap();
    let report = survey.classes("甲校", None, None).unwrap();
    assert_eq!(
        report.sections.iter().filter(|section| section.new_page).count(),
        18,
        "six classes in each of three grades"
    );
    let first = report.table("completion").unwrap();
    let here = col("school").eq(lit("甲校")).and(col("grade").eq(lit(7)));
    let count = |filter: Expr| parquet().filter(filter).collect().unwrap().height() as f64;
    let valid = col("status").cast(DataType::String).eq(lit("valid"));
    let class = here.clone().and(col("class").eq(lit("1班")));
    assert_eq!(first.value(0, 1), Some(20.0));
    assert_eq!(first.value(0, 2), Some(count(class.and(valid.clone()))));
    assert_eq!(first.value(1, 2), Some(count(here.and(valid))));
    for table in report.tables().filter(|table| table.id == "picture") {
        assert!(table.rows.len() >= 2, "level and scales");
    }
    for wrong in [
        survey.classes("甲校", Some(12), None),
        survey.classes("甲校", None, Some("99班")),
        survey.grades("甲校", Some(1)),
    ] {
        assert!(wrong.unwrap_err().to_string().contains("no such grade or class"));
    }
    assert!(survey.classes("nowhere", None, None).is_err());
}

#[test]
fn the_evidence_pack_lists_every_file_with_its_hash() {
    use sha2::Digest as _;
    let settings = settings(Language::En);
    let survey = Survey::of(&RESULTS, &settings).unwrap();
    let report = evidence(&[EvidenceWave { survey: &survey, folder: folder() }], None).unwrap();
    let files = report.table("files").unwrap();
    let row = files.rows.iter().find(|row| row[0].text() == "summary.json").unwrap();
    let bytes = std::fs::read(folder().join("summary.json")).unwrap();
    let hash: String = sha2::Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((row[1].text().replace(',', ""), row[2].text()), (bytes.len().to_string(), hash.as_str()));
    assert!(files.rows.iter().any(|row| row[0].text() == "published/aggregates.csv"));
    let without =
        evidence(&[EvidenceWave { survey: &survey, folder: folder() }], Some(&folder().join("summary.docx"))).unwrap();
    assert_eq!(without.table("files").unwrap().rows.len(), files.rows.len() - 1, "what is being written is not listed");
    let text = report.plain_text();
    assert!(RESULTS.student_ids().iter().all(|id| !text.contains(id.as_str())));
    assert!(evidence(&[], None).is_err());
    let persons = report.table("persons").unwrap();
    let enrolled: f64 = (0..4).filter_map(|row| persons.value(row, 1)).sum();
    assert_eq!(enrolled as usize, RESULTS.student_ids().len());
}
