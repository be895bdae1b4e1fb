//! Wording packs: made from forms, read from folders, used to read answers. All wording here is made up; only LOINC codes
//! are real.

mod common;

use std::fmt::Write as _;
use std::io::Write as _;

use common::{codes, csv_bytes, headings, sheet};
use screening_core::instrument::wording::{WordingPack, WordingPacks};
use screening_core::instrument::{Instrument, Language, Library};
use screening_io::output::write_wording;
use screening_io::{
    Coding, ColumnNames, ImportSpec, Imported, InstrumentPart, IoError, SurveySpec, TablePart, TableSpec,
    import_fhir_bytes, import_redcap_bytes, read_answers_bytes, read_survey_bytes, read_wording,
};
use serde_json::{Value, json};

const ORDINAL: &str = "http://hl7.org/fhir/StructureDefinition/ordinalValue";
const WEIGHT: &str = "http://hl7.org/fhir/StructureDefinition/itemWeight";
const TRANSLATION: &str = "http://hl7.org/fhir/StructureDefinition/translation";
const ANSWERS: [&str; 4] = ["no moon", "new moon", "half moon", "full moon"];

/// A definition with three choices; the last is asked in another order.
fn moon() -> Library {
    let option = |code: i8| format!("{{ code = {code}, label = {{ en = \"label {code}\", zh-CN = \"标签{code}\" }} }}");
    let list = |codes: &[i8]| codes.iter().map(|code| option(*code)).collect::<Vec<_>>().join(", ");
    let text = format!(
        r#"
schema = 1
id = "moon"
version = "1.0.0"
name = {{ en = "Moon", zh-CN = "月亮" }}
abbreviation = "M"
construct = ["depression"]
informant = "self"
recall = {{ en = "x", zh-CN = "x" }}
evidence = "high"
licence = {{ status = "permission", note = {{ en = "ask the moon", zh-CN = "问月" }} }}
option-sets.default = [{}]
option-sets.down = [{}]
items = [
  {{ id = "1", label = {{ en = "one", zh-CN = "一" }} }},
  {{ id = "2", label = {{ en = "two", zh-CN = "二" }} }},
  {{ id = "3", label = {{ en = "three", zh-CN = "三" }}, options = "down" }},
]
[[scales]]
id = "total"
name = {{ en = "total", zh-CN = "总分" }}
method = "sum"
items = ["1-3"]
range = [0, 9]
direction = "higher-worse"
source = "S1"
[[examples]]
answers = [0, 0, 0]
scores = {{ total = 0 }}
[sources]
S1 = {{ cite = "made up", kind = "own" }}
"#,
        list(&[0, 1, 2, 3]),
        list(&[3, 2, 1, 0])
    );
    let mut library = Library::default();
    library.add("moon.toml", &text).unwrap();
    library
}

fn scored(code: i8, text: &str) -> Value {
    json!({ "valueCoding": { "code": format!("at{code}"), "display": text },
            "extension": [{ "url": ORDINAL, "valueDecimal": code }] })
}

fn options(codes: &[i8]) -> Vec<Value> {
    codes.iter().map(|code| scored(*code, ANSWERS[usize::from(code.unsigned_abs())])).collect()
}

fn question(id: &str, text: &str, options: Vec<Value>) -> Value {
    json!({ "linkId": id, "type": "choice", "text": text, "answerOption": options })
}

/// The form of the moon with everything that forms have around their questions.
fn questionnaire() -> Value {
    json!({
        "resourceType": "Questionnaire", "url": "http://example.org/moon", "version": "2", "title": "Moon",
        "copyright": "Free for wolves.", "status": "active",
        "item": [
            { "linkId": "date", "type": "date", "text": "Day" },
            { "linkId": "panel", "type": "group", "text": "How was the night?", "item": [
                { "linkId": "told", "type": "display", "text": "Look up." },
                question("m1", "The first night", options(&[0, 1, 2, 3])),
                { "linkId": "inner", "type": "group", "item": [
                    question("m2", "The second night", options(&[0, 1, 2, 3])),
                    { "linkId": "note", "type": "display", "text": "Nearly done." },
                    question("m3", "The third night", options(&[3, 2, 1, 0])),
                ] },
                { "linkId": "sum", "type": "decimal", "readOnly": true, "text": "Sum" },
                { "linkId": "age", "type": "integer", "text": "Age of the moon" },
                { "linkId": "secret", "type": "choice", "text": "Hidden", "answerOption": options(&[0, 1]),
                  "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden", "valueBoolean": true }] },
            ] },
        ],
    })
}

fn fhir(form: &Value, library: &Library, id: &str, language: &str) -> Result<Imported, IoError> {
    fhir_with(form, &[], &ImportSpec::new(library.get(id).unwrap(), language))
}

fn fhir_with(form: &Value, sets: &[Value], spec: &ImportSpec<'_>) -> Result<Imported, IoError> {
    let sets: Vec<(String, Vec<u8>)> =
        sets.iter().map(|s| ("set.json".to_owned(), s.to_string().into_bytes())).collect();
    import_fhir_bytes("folder/form.json", form.to_string().as_bytes(), &sets, spec)
}

fn refusal(form: &Value) -> &'static str {
    fhir(form, &moon(), "moon", "en").unwrap_err().id()
}

fn left_out(imported: &Imported) -> Vec<(&str, &str)> {
    imported.left_out.iter().map(|p| (p.id, p.value.as_deref().unwrap_or_default())).collect()
}

/// The item at a JSON pointer, to be changed.
fn at<'v>(form: &'v mut Value, pointer: &str) -> &'v mut Value {
    form.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}"))
}

const M1: &str = "/item/1/item/1";
const M2: &str = "/item/1/item/2/item/0";
const M3: &str = "/item/1/item/2/item/2";

#[test]
fn a_questionnaire_becomes_a_pack() {
    let imported = fhir(&questionnaire(), &moon(), "moon", "en").unwrap();
    let pack = &imported.pack;
    assert_eq!(pack.items.values().collect::<Vec<_>>(), ["The first night", "The second night", "The third night"]);
    assert_eq!(pack.instructions.as_deref(), Some("How was the night?\nLook up."));
    assert_eq!(pack.source, "Moon, http://example.org/moon|2, form.json");
    assert_eq!(pack.licence, "Free for wolves.");
    assert_eq!(pack.fingerprint.len(), 2, "{:?}", pack.fingerprint);
    assert_eq!(pack.options["down"][0].text, "full moon");
    assert!(pack.item_options.is_empty());
    let expected = [
        ("wording-left-score", "sum"),
        ("wording-left-hidden", "secret"),
        ("wording-left-entry", "date"),
        ("wording-left-text", "m3"),
        ("wording-left-question", "age"),
    ];
    assert_eq!(left_out(&imported), expected);
}

#[test]
fn every_way_to_write_a_score_is_read() {
    let coding = |code: &str, extension: Value| json!({ "code": code, "display": "x", "extension": extension });
    let ways: [(&str, fn(i8, &str) -> Value); 6] = [
        (
            "on the coding",
            |n, t| json!({ "valueCoding": { "code": "x", "display": t, "extension": [{ "url": WEIGHT, "valueDecimal": n }] } }),
        ),
        ("both, equal", |n, t| {
            json!({ "valueCoding": { "display": t, "extension": [{ "url": WEIGHT, "valueDecimal": n }] },
                                       "extension": [{ "url": ORDINAL, "valueInteger": n }] })
        }),
        ("older address", |n, t| {
            json!({ "valueCoding": { "display": t },
             "extension": [{ "url": "http://fhir.org/guides/argonaut-questionnaire/StructureDefinition/extension-score", "valueDecimal": n }] })
        }),
        ("the code is a number", |n, t| json!({ "valueCoding": { "code": n.to_string(), "display": t } })),
        (
            "a text with a score",
            |n, t| json!({ "valueString": t, "extension": [{ "url": ORDINAL, "valueDecimal": f64::from(n) }] }),
        ),
        ("the score stands before the code", |n, t| {
            json!({ "valueCoding": { "code": (n + 1).to_string(), "display": t },
             "extension": [{ "url": ORDINAL, "valueDecimal": n }] })
        }),
    ];
    for (name, way) in ways {
        let mut form = questionnaire();
        for (place, order) in [(M1, [0, 1, 2, 3]), (M2, [0, 1, 2, 3]), (M3, [3, 2, 1, 0])] {
            let list: Vec<Value> = order.iter().map(|n| way(*n, ANSWERS[*n as usize])).collect();
            at(&mut form, place)["answerOption"] = json!(list);
        }
        let pack = fhir(&form, &moon(), "moon", "en").unwrap_or_else(|e| panic!("{name}: {e}")).pack;
        let texts: Vec<&str> = pack.options["default"].iter().map(|option| option.text.as_str()).collect();
        assert_eq!(texts, ANSWERS, "{name}");
    }
    // Bare numbers have codes and no wording.
    let mut form = questionnaire();
    for (place, order) in [(M1, [0, 1, 2, 3]), (M2, [0, 1, 2, 3]), (M3, [3, 2, 1, 0])] {
        at(&mut form, place)["answerOption"] = json!(order.map(|n| json!({ "valueInteger": n })));
    }
    let imported = fhir(&form, &moon(), "moon", "en").unwrap();
    assert!(imported.pack.options.is_empty());
    assert_eq!(imported.left_out.iter().filter(|p| p.id == "wording-left-options").count(), 2);

    let broken = [
        ("fhir-option-no-code", json!({ "valueCoding": { "code": "x", "display": "y" } })),
        ("fhir-option-no-code", json!({ "valueString": "1" })),
        ("fhir-option-no-code", json!({ "valueDate": "2026-01-01" })),
        ("fhir-score", json!({ "valueCoding": coding("1", json!([{ "url": ORDINAL, "valueDecimal": 0.5 }])) })),
        ("fhir-score", json!({ "valueCoding": coding("1", json!([{ "url": ORDINAL, "valueDecimal": "many" }])) })),
        (
            "fhir-score",
            json!({ "valueCoding": coding("1", json!([{ "url": ORDINAL, "valueDecimal": 1 }, { "url": WEIGHT, "valueDecimal": 2 }])) }),
        ),
        ("fhir-score", json!({ "valueCoding": coding("1", json!([{ "url": ORDINAL, "valueDecimal": 1e300 }])) })),
    ];
    for (id, option) in broken {
        let mut form = questionnaire();
        at(&mut form, M2)["answerOption"][1] = option.clone();
        assert_eq!(refusal(&form), id, "{option}");
    }
}

#[test]
fn another_form_is_refused() {
    let mut fewer = questionnaire();
    at(&mut fewer, "/item/1/item/2/item").as_array_mut().unwrap().remove(0);
    assert_eq!(refusal(&fewer), "wording-count");
    let mut more = questionnaire();
    at(&mut more, "/item").as_array_mut().unwrap().push(question("m4", "The fourth", options(&[0, 1, 2, 3])));
    assert_eq!(refusal(&more), "wording-count");
    let changes: [(&str, &str, Value, &str); 9] = [
        ("one option less", "/answerOption", json!(options(&[0, 1, 2])), "wording-refused"),
        (
            "coded from 1",
            "/answerOption",
            json!((1..=4).map(|n| scored(n, "x")).collect::<Vec<_>>()),
            "wording-refused",
        ),
        ("reversed scores", "/answerOption", json!(options(&[3, 2, 1, 0])), "wording-refused"),
        ("several answers", "/repeats", json!(true), "wording-several"),
        ("yes or no", "/type", json!("boolean"), "wording-unscored"),
        ("nothing to choose", "/answerOption", json!([]), "fhir-no-options"),
        ("no text", "/text", json!(null), "wording-no-text"),
        ("a link id that numbers another item", "/linkId", json!("m3"), "wording-order"),
        ("a value set elsewhere", "/answerValueSet", json!("http://example.org/vs"), "fhir-value-set-outside"),
    ];
    for (what, field, value, id) in changes {
        let mut form = questionnaire();
        let item = at(&mut form, M2).as_object_mut().unwrap();
        item.insert(field[1..].to_owned(), value);
        if id == "fhir-value-set-outside" {
            item.shift_remove("answerOption");
        }
        if id == "wording-order" {
            at(&mut form, M3)["linkId"] = json!("m2");
        }
        assert_eq!(refusal(&form), id, "{what}");
    }
    let refused = {
        let mut form = questionnaire();
        at(&mut form, M2)["answerOption"] = json!(options(&[0, 1, 2]));
        fhir(&form, &moon(), "moon", "en").unwrap_err()
    };
    let told = refused.render(Language::En);
    assert!(told.starts_with("folder/form.json: the wording is refused for 1 reason(s)"), "{told}");
    assert!(told.contains("the options of the items 2 have the codes 0, 1, 2 on the form and 0, 1, 2, 3"), "{told}");
    for (id, bytes) in [
        ("fhir-broken", &b"{"[..]),
        ("fhir-broken", &b"{\"resourceType\": \"Questionnaire\", \"item\": 3}"[..]),
        ("fhir-kind", &b"[1]"[..]),
        ("fhir-kind", &b"{\"resourceType\": \"QuestionnaireResponse\"}"[..]),
        ("fhir-no-questionnaire", &b"{\"resourceType\": \"Bundle\", \"entry\": [{}]}"[..]),
        ("wording-count", &b"{\"resourceType\": \"Questionnaire\"}"[..]),
    ] {
        let library = moon();
        let spec = ImportSpec::new(library.get("moon").unwrap(), "en");
        assert_eq!(import_fhir_bytes("x", bytes, &[], &spec).unwrap_err().id(), id);
    }
}

#[test]
fn options_may_stand_in_value_sets() {
    let concept = |n: i8| {
        json!({ "code": n.to_string(), "display": ANSWERS[n as usize],
                                  "designation": [{ "language": "de", "value": format!("Mond {n}") }] })
    };
    let set = |id: &str, codes: &[i8]| {
        let list: Vec<Value> = codes.iter().map(|n| concept(*n)).collect();
        json!({ "resourceType": "ValueSet", "id": id, "url": format!("http://example.org/{id}"), "version": "1", "language": "en",
                "compose": { "include": [{ "system": "http://example.org/cs", "concept": list }] } })
    };
    let (up, down) = (set("up", &[0, 1, 2, 3]), set("down", &[3, 2, 1, 0]));
    let mut form = questionnaire();
    for (place, address) in [(M1, "#up"), (M2, "http://example.org/up|1"), (M3, "http://example.org/down")] {
        let item = at(&mut form, place).as_object_mut().unwrap();
        item.shift_remove("answerOption");
        item.insert("answerValueSet".to_owned(), json!(address));
    }
    form["contained"] = json!([up.clone(), { "resourceType": "Patient" }]);
    let library = moon();
    let spec = ImportSpec::new(library.get("moon").unwrap(), "en");
    let outside = fhir_with(&form, &[], &spec).unwrap_err();
    assert_eq!((outside.id(), outside.problem().value.as_deref()), ("fhir-value-set-outside", Some("m3")));
    let pack = fhir_with(&form, &[down.clone()], &spec).unwrap().pack;
    assert_eq!(pack.options["down"][3].text, "no moon");
    // A bundle holds them together; resources of other kinds do not matter.
    let entries: Vec<Value> = [form.clone(), down.clone(), json!({ "resourceType": "Patient", "code": 3 })]
        .into_iter()
        .map(|resource| json!({ "resource": resource }))
        .collect();
    let bundle = json!({ "resourceType": "Bundle", "entry": entries });
    assert_eq!(fhir_with(&bundle, &[], &spec).unwrap().pack.options, pack.options);
    assert_eq!(fhir_with(&bundle, &[form.clone()], &spec).unwrap_err().id(), "fhir-several");
    // The value set has a language of its own.
    let german = fhir_with(&form, &[down.clone()], &ImportSpec::new(library.get("moon").unwrap(), "de")).unwrap().pack;
    assert_eq!(german.options["default"][2].text, "Mond 2");
    // An expansion is a list too; a filter is none.
    let mut expanded = down.clone();
    expanded["expansion"] = json!({ "contains": [{ "abstract": true, "code": "all", "contains": [concept(3), concept(2)] },
                                                 concept(1), { "inactive": true, "code": "9" }, concept(0)] });
    expanded["compose"] = json!({ "include": [{ "system": "http://example.org/cs", "filter": [{}] }] });
    assert_eq!(fhir_with(&form, &[expanded.clone()], &spec).unwrap().pack.options, pack.options);
    expanded.as_object_mut().unwrap().shift_remove("expansion");
    assert_eq!(fhir_with(&form, &[expanded], &spec).unwrap_err().id(), "fhir-value-set-open");
    let mut other_version = down;
    other_version["version"] = json!("7");
    other_version["url"] = json!("http://example.org/up");
    form["contained"] = json!([]);
    at(&mut form, M1)["answerValueSet"] = json!("http://example.org/up|1");
    assert_eq!(fhir_with(&form, &[other_version], &spec).unwrap_err().id(), "fhir-value-set-outside");
}

#[test]
fn a_form_in_several_languages_gives_the_one_wanted() {
    let translated = |text: &str| {
        json!({ "extension": [{ "url": TRANSLATION,
                 "extension": [{ "url": "lang", "valueCode": "fr" }, { "url": "content", "valueString": text }] }] })
    };
    let mut form = questionnaire();
    form["language"] = json!("en-GB");
    for place in [M1, M2, M3] {
        at(&mut form, place)["_text"] = translated(&format!("nuit {}", place.len()));
        for option in at(&mut form, place)["answerOption"].as_array_mut().unwrap() {
            let text = format!("lune {}", option["extension"][0]["valueDecimal"]);
            option["valueCoding"]["_display"] = translated(&text);
        }
    }
    let library = moon();
    assert_eq!(fhir(&form, &library, "moon", "en").unwrap().pack.items["1"], "The first night");
    let french = fhir(&form, &library, "moon", "fr").unwrap().pack;
    assert!(french.items.values().all(|text| text.starts_with("nuit")));
    assert_eq!(french.options["down"][0].text, "lune 3");
    assert_eq!(french.instructions, None, "nothing is taken over in another language");
    assert_eq!(fhir(&form, &library, "moon", "de").unwrap_err().id(), "wording-language");
    assert_eq!(fhir(&form, &library, "moon", "english").unwrap_err().id(), "wording-language");
    // Without a stated language the caller is believed, unless there is a translation into what was asked for.
    form.as_object_mut().unwrap().shift_remove("language");
    assert_eq!(fhir(&form, &library, "moon", "de").unwrap().pack.items["1"], "The first night");
    assert!(fhir(&form, &library, "moon", "fr").unwrap().pack.items["1"].starts_with("nuit"));
    at(&mut form, M2).as_object_mut().unwrap().shift_remove("_text");
    assert_eq!(fhir(&form, &library, "moon", "fr").unwrap_err().id(), "wording-no-text");
}

/// A form with the LOINC codes of the bundled PHQ-9 and made-up texts; answers are LOINC answer codes without scores.
fn loinc_form(instrument: &Instrument) -> Value {
    let d = instrument.definition();
    let loinc = d.loinc.as_ref().unwrap();
    let list: Vec<Value> = loinc
        .answers
        .iter()
        .map(|(code, answer)| json!({ "valueCoding": { "system": "http://loinc.org", "code": answer, "display": format!("made up {code}") } }))
        .collect();
    let mut items: Vec<Value> = d
        .items
        .iter()
        .map(|item| {
            json!({ "linkId": format!("q{}", item.id), "type": "choice", "text": format!("Made up {}", item.id), "answerOption": list,
                    "code": [{ "system": "http://loinc.org", "code": item.loinc }] })
        })
        .collect();
    items.push(json!({ "linkId": "total", "type": "decimal", "text": "Total",
                       "code": [{ "system": "http://loinc.org", "code": loinc.scales["total"] }] }));
    items.push(question("after", "And then?", options(&[0, 1])));
    json!({ "resourceType": "Questionnaire", "code": [{ "system": "http://loinc.org", "code": loinc.panel }], "item": items })
}

#[test]
fn questions_are_told_by_their_loinc_codes() {
    let library = Library::bundled().unwrap();
    let phq = library.get("phq-9").unwrap();
    let form = loinc_form(phq);
    let read = |form: &Value| fhir(form, &library, "phq-9", "en");
    let imported = read(&form).unwrap();
    assert_eq!(imported.pack.items["9"], "Made up 9");
    let codes: Vec<(i8, &str)> = imported.pack.options["default"].iter().map(|o| (o.code, o.text.as_str())).collect();
    assert_eq!(codes, [(0, "made up 0"), (1, "made up 1"), (2, "made up 2"), (3, "made up 3")]);
    assert_eq!(left_out(&imported), [("wording-left-score", "total"), ("wording-left-question", "after")]);
    // The codes may stand in the link ids of a panel.
    let mut linked = form.clone();
    for item in linked["item"].as_array_mut().unwrap().iter_mut().take(9) {
        item["linkId"] = json!(format!("/44249-1/{}", item["code"][0]["code"].as_str().unwrap()));
        item.as_object_mut().unwrap().shift_remove("code");
    }
    assert_eq!(read(&linked).unwrap().pack.items, imported.pack.items);

    let change = |edit: fn(&mut Vec<Value>)| {
        let mut form = form.clone();
        edit(form["item"].as_array_mut().unwrap());
        read(&form).unwrap_err()
    };
    assert_eq!(change(|items| items.swap(2, 5)).id(), "wording-order");
    assert_eq!(change(|items| drop(items.remove(8))).id(), "wording-loinc-missing");
    assert_eq!(change(|items| items.push(items[3].clone())).id(), "wording-loinc-twice");
    let stray = change(|items| items.insert(4, question("x", "x", options(&[0, 1]))));
    assert_eq!((stray.id(), stray.problem().value.as_deref()), ("wording-between", Some("x")));
    // A score that contradicts the answer code of the same option.
    let reversed = change(|items| {
        items[1]["answerOption"][0]["extension"] = json!([{ "url": ORDINAL, "valueDecimal": 3 }]);
    });
    assert_eq!(reversed.id(), "fhir-score-disagrees");
    // None of the codes: another instrument, though it has nine questions with four options.
    let other = change(|items| {
        items.truncate(9);
        for (n, item) in items.iter_mut().enumerate() {
            item["code"][0]["code"] = json!(format!("9999{n}-1"));
        }
    });
    assert_eq!(other.id(), "wording-loinc-missing");
    // Seven questions of a form of nine are not the seven of another instrument.
    assert_eq!(fhir(&form, &library, "gad-7", "en").unwrap_err().id(), "wording-loinc-missing");
    // Without any codes the order decides, and the panel speaks against another form.
    let mut bare = form;
    let items = bare["item"].as_array_mut().unwrap();
    items.truncate(9);
    items.iter_mut().for_each(|item| drop(item.as_object_mut().unwrap().shift_remove("code")));
    assert_eq!(read(&bare).unwrap().pack.items, imported.pack.items);
    bare["code"][0]["code"] = json!("99999-9");
    assert_eq!(read(&bare).unwrap_err().id(), "wording-panel");
}

#[test]
fn a_mapping_names_the_questions_of_a_form_that_holds_more() {
    let mut form = questionnaire();
    at(&mut form, "/item").as_array_mut().unwrap().insert(0, question("class", "Which class?", options(&[0, 1])));
    let library = moon();
    let mut spec = ImportSpec::new(library.get("moon").unwrap(), "en");
    assert_eq!(fhir_with(&form, &[], &spec).unwrap_err().id(), "wording-count");
    let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    spec.map = map(&[("1", "m1"), ("2", "m2"), ("3", "m3")]);
    let imported = fhir_with(&form, &[], &spec).unwrap();
    assert_eq!(imported.pack.items["3"], "The third night");
    assert!(left_out(&imported).contains(&("wording-left-question", "class")));
    for (pairs, id) in [
        (&[("1", "m1"), ("2", "m2")][..], "wording-map-missing"),
        (&[("1", "m1"), ("2", "m2"), ("3", "m9")], "wording-map-question"),
        (&[("1", "m1"), ("2", "m2"), ("3", "sum")], "wording-map-question"),
        (&[("1", "m1"), ("2", "m1"), ("3", "m3")], "wording-map-twice"),
        (&[("1", "m2"), ("2", "m1"), ("3", "m3")], "wording-order"),
        (&[("1", "m1"), ("2", "m2"), ("3", "date")], "wording-order"),
        (&[("1", "m1"), ("2", "m2"), ("3", "age")], "wording-kind"),
        (&[("1", "m1"), ("2", "m2"), ("4", "m3")], "mapping-unknown-item"),
    ] {
        spec.map = map(pairs);
        assert_eq!(fhir_with(&form, &[], &spec).unwrap_err().id(), id, "{pairs:?}");
    }
    spec.map.clear();
    spec.source = Some("a drawer".to_owned());
    spec.licence = Some("kept by us".to_owned());
    let pack = fhir_with(&questionnaire(), &[], &spec).unwrap().pack;
    assert_eq!((pack.source.as_str(), pack.licence.as_str()), ("a drawer", "kept by us"));
}

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
    let refused = read(["The first night", "The third night", "The second night"]).unwrap_err();
    assert_eq!((refused.id(), refused.problem().place.column), ("layout-other-item", Some(10)));
    assert!(refused.to_string().contains("by its place this is item 2 of moon, by its text it is item 3"));
    assert_eq!(read(["Night one", "夜晚—The first night", "Night three"]).unwrap_err().id(), "layout-other-item");
}

#[test]
fn a_pack_survives_the_file() {
    let pack = fhir(&questionnaire(), &moon(), "moon", "en").unwrap().pack;
    assert_eq!(WordingPack::from_toml(&pack.to_toml().unwrap()).unwrap(), pack);
}

mod hostile {
    use super::{ImportSpec, import_fhir_bytes, import_redcap_bytes, moon, questionnaire};
    use proptest::prelude::*;

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
}
