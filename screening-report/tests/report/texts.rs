//! The words: the same text for the same figures, no diagnosis, no label, no identity where none belongs.

use screening_core::instrument::Language;
use screening_report::{
    Names, Naming, Report, Survey, html, invalid_list, key_list, make_up_list, pupil_page, referral, refused_words,
};

use super::world::{RESULTS, settings};

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
    ]
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
