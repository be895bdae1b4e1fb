//! Folders of packs, answers read by them, and damaged forms.

use proptest::prelude::*;
use screening_core::instrument::wording::{WordingPack, WordingPacks};
use screening_core::instrument::{Language, Library};
use screening_io::output::write_wording;
use screening_io::{
    Coding, ColumnNames, FoundBy, ImportSpec, InstrumentPart, SurveySpec, TablePart, TableSpec, import_fhir_bytes,
    import_redcap_bytes, read_answers_bytes, read_survey_bytes, read_wording,
};

use super::common::{codes, csv_bytes, headings, sheet};
use super::fhir::{fhir, questionnaire};
use super::{ANSWERS, moon};

#[test]
fn a_folder_of_packs_is_read_whole_or_refused() {
    let library = moon();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read_wording(folder.path(), &library).unwrap_err().id(), "wording-folder-empty");
    assert_eq!(read_wording(&folder.path().join("none"), &library).unwrap_err().id(), "wording-folder");
    let pack = fhir(&questionnaire(), &library, "moon", "en").unwrap().pack;
    write_wording(&folder.path().join("moon.en.toml"), &pack).unwrap();
    assert_eq!(write_wording(&folder.path().join("moon.txt"), &pack).unwrap_err().id(), "wording-extension");
    std::fs::write(folder.path().join("notes.md"), "not a pack").unwrap();
    let packs = read_wording(folder.path(), &library).unwrap();
    assert_eq!(packs.get("moon", "en"), Some(&pack));
    assert_eq!(read_wording(folder.path(), &Library::default()).unwrap_err().id(), "wording-refused");
    std::fs::write(folder.path().join("other.toml"), [0xff, 0xfe]).unwrap();
    assert_eq!(read_wording(folder.path(), &library).unwrap_err().id(), "wording-encoding");
    std::fs::write(folder.path().join("other.toml"), "\u{feff}schema = 1\nmood = 3\n").unwrap();
    let refused = read_wording(folder.path(), &library).unwrap_err();
    assert!(refused.render(Language::ZhCn).contains("2:1：不符合措辞文件的格式"), "{}", refused.render(Language::ZhCn));
}

fn packs_of(library: &Library) -> WordingPacks {
    let mut packs = WordingPacks::default();
    packs.add(fhir(&questionnaire(), library, "moon", "en").unwrap().pack, library).unwrap();
    packs
}

#[test]
fn exports_by_official_option_text_are_read() {
    let library = moon();
    let (moon, packs) = (library.get("moon").unwrap(), packs_of(&library));
    let truth: [[usize; 3]; 4] = [[0, 1, 2], [3, 3, 3], [2, 0, 1], [1, 2, 0]];
    let mut rows = vec![headings(3)];
    for (n, codes) in truth.iter().enumerate() {
        let answers: Vec<String> = codes.iter().map(|code| ANSWERS[*code].to_uppercase()).collect();
        rows.push(sheet(n + 1, &format!("2024000{n}"), &answers));
    }
    // A label of our own is still an answer.
    rows[1][9] = "标签0".to_owned();
    let part = InstrumentPart::new(moon.definition());
    let spec = SurveySpec { instruments: vec![part], wording: Some(&packs), ..SurveySpec::default() };
    let read = read_survey_bytes("a.csv", &csv_bytes(&rows), &spec).unwrap();
    assert_eq!(read.codings[0].coding, Coding::Text);
    assert!(read.rejected.is_empty());
    for item in 0..3 {
        let expected: Vec<Option<i8>> = truth.iter().map(|row| Some(row[item] as i8)).collect();
        assert_eq!(codes(&read.frame, &format!("moon.{}", item + 1)), expected);
    }
    let without = SurveySpec { wording: None, ..spec.clone() };
    assert_eq!(read_survey_bytes("a.csv", &csv_bytes(&rows), &without).unwrap_err().id(), "coding-none");
    // What is no option is told with the texts that are.
    let stated = SurveySpec { instruments: vec![part.coded(Coding::Text)], ..spec };
    rows[2][9] = "a quarter".to_owned();
    let read = read_survey_bytes("a.csv", &csv_bytes(&rows), &stated).unwrap();
    let told = read.rejected[0].problem.why(Language::En);
    assert!(told.contains("标签3 (label 3 / full moon)"), "{told}");

    // The same in a plain table.
    let csv = "q1,q2,q3\nno moon,full moon,half moon\nfull moon,no moon,new moon\n";
    let spec = TableSpec {
        parts: vec![TablePart::new(moon.definition(), ColumnNames::Prefix("q".to_owned()))],
        wording: Some(&packs),
        ..TableSpec::default()
    };
    let read = read_answers_bytes("b.csv", csv.as_bytes(), &spec).unwrap();
    assert_eq!(codes(&read.frame, "moon.3"), [Some(2), Some(1)]);
}

#[test]
fn a_question_with_the_text_of_another_item_is_refused() {
    let library = moon();
    let packs = packs_of(&library);
    let part = InstrumentPart::new(library.get("moon").unwrap().definition());
    let spec = SurveySpec { instruments: vec![part], wording: Some(&packs), ..SurveySpec::default() };
    let read = |texts: [&str; 3]| {
        let mut head = headings(0);
        head.extend(texts.iter().enumerate().map(|(n, text)| format!("{}、{text}", n + 4)));
        let answers = ANSWERS[..3].iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut rows = vec![head, sheet(1, "1", &answers)];
        rows[1].truncate(12);
        read_survey_bytes("a.csv", &csv_bytes(&rows), &spec)
    };
    assert!(read(["The first night", "the second night：", "THE THIRD NIGHT"]).is_ok());
    assert!(read(["Night one", "Night two", "夜晚—The third night"]).is_ok(), "other texts say nothing");
    let refused = read(["The first night", "The third night", "Night three"]).unwrap_err();
    assert_eq!((refused.id(), refused.problem().place.column), ("layout-other-item", Some(10)));
    assert!(refused.to_string().contains("by its place this is item 2 of moon, by its text it is item 3"));
    assert_eq!(read(["Night one", "夜晚—The first night", "Night three"]).unwrap_err().id(), "layout-other-item");
}

#[test]
fn questions_in_another_order_are_found_by_their_texts() {
    let library = moon();
    let packs = packs_of(&library);
    let part = InstrumentPart::new(library.get("moon").unwrap().definition());
    let spec = SurveySpec { instruments: vec![part], wording: Some(&packs), ..SurveySpec::default() };
    let read = |texts: &[&str], answers: &[usize], spec: &SurveySpec<'_>| {
        let mut head = headings(0);
        head.extend(texts.iter().enumerate().map(|(n, text)| format!("{}、{text}", n + 4)));
        let answers: Vec<String> = answers.iter().map(|code| ANSWERS[*code].to_owned()).collect();
        let mut row = sheet(1, "1", &answers);
        row.truncate(9 + texts.len());
        read_survey_bytes("a.csv", &csv_bytes(&[head, row]), spec)
    };
    // Questions that are no items stand between; nobody has to say where the instrument begins.
    let texts = ["The third night：", "How old is the moon?", "夜晚—The first night", "THE SECOND NIGHT"];
    let set = read(&texts, &[2, 0, 0, 1], &spec).unwrap();
    assert_eq!(set.codings[0].found_by, FoundBy::Wording);
    let found: Vec<Option<i8>> = (1..=3).map(|item| codes(&set.frame, &format!("moon.{item}"))[0]).collect();
    assert_eq!(found, [Some(0), Some(1), Some(2)]);
    assert_eq!(set.ignored, ["5、How old is the moon?"]);
    // Two questions with one text tell nothing; neither does a text that is not there.
    assert_eq!(
        read(&["The first night", "The first night", "The second night", "The third night"], &[0; 4], &spec)
            .unwrap_err()
            .id(),
        "layout-count"
    );
    assert_eq!(
        read(&["The third night", "Night", "The first night"], &[0; 3], &spec).unwrap_err().id(),
        "layout-other-item"
    );
}

#[test]
fn a_pack_survives_the_file() {
    let pack = fhir(&questionnaire(), &moon(), "moon", "en").unwrap().pack;
    assert_eq!(WordingPack::from_toml(&pack.to_toml().unwrap()).unwrap(), pack);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A damaged form is refused or read, and never a panic.
    #[test]
    fn damaged_forms(at in 0_usize..4000, byte in any::<u8>(), cut in 0_usize..4000) {
        let library = moon();
        let spec = ImportSpec::new(library.get("moon").unwrap(), "en");
        let mut bytes = questionnaire().to_string().into_bytes();
        if let Some(slot) = bytes.get_mut(at) {
            *slot = byte;
        }
        let _ = import_fhir_bytes("a", &bytes, &[], &spec);
        let short = bytes.len().min(cut);
        let _ = import_fhir_bytes("a", &bytes[..short], &[], &spec);
        let _ = import_redcap_bytes("a", &bytes[..short], None, &spec);
    }
}
