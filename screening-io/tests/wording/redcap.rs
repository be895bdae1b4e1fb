//! Packs from REDCap data dictionaries.

use std::fmt::Write as _;
use std::io::Write as _;

use screening_core::instrument::Library;
use screening_io::{ImportSpec, Imported, IoError, import_redcap_bytes};

use super::common::csv_bytes;
use super::{left_out, moon};

const DICTIONARY: [&str; 9] = [
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Field Annotation",
];

/// A data dictionary with two forms.
fn dictionary() -> Vec<[String; 9]> {
    let up = "0, no moon | 1, new moon, thin | 2, half moon | 3, full moon";
    let down = "3, <b>full</b>&nbsp;moon | 2, half moon | 1, new moon, thin | 0, no moon";
    let row =
        |name: &str, form: &str, section: &str, kind: &str, label: &str, choices: &str, rule: &str, mark: &str| {
            [name, form, section, kind, label, choices, "", rule, mark].map(str::to_owned)
        };
    vec![
        row("record_id", "intake", "", "text", "Id", "", "", ""),
        row("night_1", "moon", "<p>How was the night?</p>", "radio", "<div>The <b>first</b> night</div>", up, "", ""),
        row("night_2", "moon", "", "dropdown", "The second night", up, "autocomplete", ""),
        row("night_3", "moon", "", "radio", "The third night", down, "", ""),
        row("sum", "moon", "", "calc", "Sum", "[night_1] + [night_2]", "", ""),
        row("word", "moon", "", "text", "Sum in words", "", "", "@CALCTEXT('x')"),
        row("remark", "moon", "", "notes", "Anything else?", "", "", ""),
        row("kept", "moon", "", "radio", "Hidden", up, "", "@HIDDEN @DEFAULT='1'"),
    ]
}

fn dictionary_bytes(rows: &[[String; 9]]) -> Vec<u8> {
    let mut all = vec![DICTIONARY.map(str::to_owned).to_vec()];
    all.extend(rows.iter().map(|row| row.to_vec()));
    csv_bytes(&all)
}

fn redcap(bytes: &[u8], form: Option<&str>) -> Result<Imported, IoError> {
    let library = moon();
    import_redcap_bytes("folder/dictionary.csv", bytes, form, &ImportSpec::new(library.get("moon").unwrap(), "en"))
}

#[test]
fn a_data_dictionary_becomes_a_pack() {
    let bytes = dictionary_bytes(&dictionary());
    assert_eq!(redcap(&bytes, None).unwrap_err().id(), "redcap-forms");
    assert_eq!(redcap(&bytes, Some("sun")).unwrap_err().id(), "redcap-no-form");
    let imported = redcap(&bytes, Some("moon")).unwrap();
    let pack = &imported.pack;
    assert_eq!(pack.items.values().collect::<Vec<_>>(), ["The first night", "The second night", "The third night"]);
    assert_eq!(pack.instructions.as_deref(), Some("How was the night?"));
    assert_eq!(pack.options["default"][1].text, "new moon, thin");
    assert_eq!(pack.options["down"][0].text, "full moon");
    assert_eq!(pack.source, "moon, dictionary.csv");
    assert_eq!(pack.licence, "permission: ask the moon", "the file says nothing, so that of the definition stands");
    let expected = [
        ("wording-left-score", "sum"),
        ("wording-left-score", "word"),
        ("wording-left-hidden", "kept"),
        ("wording-left-entry", "remark"),
    ];
    assert_eq!(left_out(&imported), expected);

    // An instrument archive, and the headings of the API.
    let rows = &dictionary()[1..];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("instrument.csv", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(&dictionary_bytes(rows)).unwrap();
    let archive = archive.finish().unwrap().into_inner();
    assert_eq!(redcap(&archive, None).unwrap().pack.items, pack.items);
    let text = String::from_utf8(dictionary_bytes(rows)).unwrap();
    let (_, body) = text.split_once('\n').unwrap();
    let api = format!(
        "field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,\
         text_validation_type_or_show_slider_number,field_annotation\n{body}"
    );
    assert_eq!(redcap(api.as_bytes(), None).unwrap().pack.items, pack.items);
}

#[test]
fn a_dictionary_of_another_form_is_refused() {
    let change = |edit: fn(&mut Vec<[String; 9]>)| {
        let mut rows = dictionary()[1..].to_vec();
        edit(&mut rows);
        redcap(&dictionary_bytes(&rows), None).unwrap_err().id()
    };
    assert_eq!(change(|rows| drop(rows.remove(1))), "wording-count");
    assert_eq!(change(|rows| rows[6][8].clear()), "wording-count");
    assert_eq!(change(|rows| rows.swap(0, 1)), "wording-order");
    assert_eq!(change(|rows| rows[1][3] = "checkbox".to_owned()), "wording-several");
    assert_eq!(change(|rows| rows[1][5].clear()), "redcap-no-choices");
    assert_eq!(change(|rows| rows[1][5] = "a, no | b, yes".to_owned()), "redcap-choice");
    assert_eq!(change(|rows| rows[1][5] = "0, no | 1, yes".to_owned()), "wording-refused");
    assert_eq!(change(|rows| rows[1][5].push_str(" | 9, no answer")), "wording-refused");
    assert_eq!(change(|rows| rows[1][4] = "<p></p>".to_owned()), "wording-no-text");
    assert_eq!(redcap(b"student_id,moon.1\n1,2\n", None).unwrap_err().id(), "redcap-columns");
    assert_eq!(redcap(b"", None).unwrap_err().id(), "file-empty");
    assert_eq!(redcap(b"PK\x03\x04rubbish", None).unwrap_err().id(), "xlsx-broken");
}

#[test]
fn yes_no_fields_of_redcap_have_codes_and_no_words() {
    let library = Library::bundled().unwrap();
    let mht = library.get("mht").unwrap();
    let mut csv =
        "Variable / Field Name,Form Name,Field Type,Field Label,\"Choices, Calculations, OR Slider Labels\"\n"
            .to_owned();
    for item in &mht.definition().items {
        writeln!(csv, "m{0},mht,yesno,Made up {0},", item.id).unwrap();
    }
    let spec = ImportSpec::new(mht, "zh-CN");
    let imported = import_redcap_bytes("d.csv", csv.as_bytes(), None, &spec).unwrap();
    assert_eq!((imported.pack.items.len(), imported.pack.options.len()), (100, 0));
    assert_eq!(left_out(&imported), [("wording-left-options", "")]);
    let less = csv.replace("m100,mht,yesno,Made up 100,\n", "");
    assert_eq!(import_redcap_bytes("d.csv", less.as_bytes(), None, &spec).unwrap_err().id(), "wording-count");
}
