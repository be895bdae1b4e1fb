//! Packs from FHIR Questionnaires.

use screening_core::instrument::{Instrument, Language, Library};
use screening_io::{ImportSpec, Imported, IoError, import_fhir_bytes};
use serde_json::{Value, json};

use super::{ANSWERS, left_out, moon};

const ORDINAL: &str = "http://hl7.org/fhir/StructureDefinition/ordinalValue";
const WEIGHT: &str = "http://hl7.org/fhir/StructureDefinition/itemWeight";
const TRANSLATION: &str = "http://hl7.org/fhir/StructureDefinition/translation";

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
pub(crate) fn questionnaire() -> Value {
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

pub(crate) fn fhir(form: &Value, library: &Library, id: &str, language: &str) -> Result<Imported, IoError> {
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
    let pack = fhir_with(&form, std::slice::from_ref(&down), &spec).unwrap().pack;
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
    let german = fhir_with(&form, std::slice::from_ref(&down), &ImportSpec::new(library.get("moon").unwrap(), "de"))
        .unwrap()
        .pack;
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
