//! Wording packs against their instrument. All wording here is made up.

#![cfg(feature = "bundled")]

use std::sync::LazyLock;

use proptest::prelude::*;
use screening_core::instrument::wording::{FormRun, OptionText, WORDING_SCHEMA, WordingPack, WordingPacks};
use screening_core::instrument::{Instrument, ItemKind, Language, Library};

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::bundled().unwrap());

const DEFINITION: &str = r#"
schema = 1
id = "fruit"
version = "1.2.0"
name = { en = "Fruit", zh-CN = "水果" }
abbreviation = "F"
construct = ["depression"]
informant = "self"
recall = { en = "today", zh-CN = "今天" }
languages = ["en"]
evidence = "high"
licence = { status = "free", note = { en = "made up", zh-CN = "虚构" } }

option-sets.default = [
  { code = 0, label = { en = "never", zh-CN = "从不" } },
  { code = 1, label = { en = "at times", zh-CN = "有时" } },
  { code = 2, label = { en = "always", zh-CN = "总是" } },
]
option-sets.worst-first = [
  { code = 2, label = { en = "bad", zh-CN = "差" } },
  { code = 1, label = { en = "so so", zh-CN = "一般" } },
  { code = 0, label = { en = "good", zh-CN = "好" } },
]
items = [
  { id = "1", label = { en = "apples", zh-CN = "苹果" } },
  { id = "2", label = { en = "pears", zh-CN = "梨" } },
  { id = "3", label = { en = "plums", zh-CN = "李子" }, options = "worst-first" },
  { id = "4", label = { en = "how many", zh-CN = "几个" }, kind = "number", range = [0, 50], unscored = true },
]

[[scales]]
id = "total"
name = { en = "total", zh-CN = "总分" }
method = "sum"
items = ["1-3"]
range = [0, 6]
direction = "higher-worse"
source = "S1"

[[examples]]
answers = [0, 0, 0, 1]
scores = { total = 0 }

[sources]
S1 = { cite = "made up", kind = "own" }
"#;

const PACK: &str = r#"
schema = 1
instrument = "fruit"
version = "1"
language = "en"
source = "made up"
licence = "free"
instructions = "Think of this morning."

fingerprint = [
  { items = ["1", "2"], codes = [0, 1, 2] },
  { items = ["3"], codes = [2, 1, 0] },
  { items = ["4"], kind = "number" },
]

[items]
1 = "I dreamt of apples."
2 = "I dreamt of pears."
3 = "Plums and I:"
4 = "Number of cherries:"

[options]
default = [{ code = 0, text = "Not today" }, { code = 1, text = "A little" }, { code = 2, text = "All day" }]
worst-first = [{ code = 2, text = "foes" }, { code = 1, text = "strangers" }, { code = 0, text = "friends" }]

[item-options]
2 = [{ code = 0, text = "None" }, { code = 1, text = "One" }, { code = 2, text = "Many" }]
"#;

fn fruit() -> Instrument {
    Instrument::from_toml(DEFINITION).unwrap_or_else(|found| panic!("{found}"))
}

fn pack() -> WordingPack {
    WordingPack::from_toml(PACK).unwrap_or_else(|found| panic!("{found}"))
}

/// The codes of everything that is wrong with a pack, of its own or against the instrument.
fn codes(text: &str) -> Vec<&'static str> {
    let found = WordingPack::from_toml(text).and_then(|pack| pack.check(&fruit())).err();
    found.map(|found| found.0.iter().map(|problem| problem.code).collect()).unwrap_or_default()
}

#[test]
fn a_pack_of_the_same_form_fits() {
    let (fruit, pack) = (fruit(), pack());
    pack.check(&fruit).unwrap();
    let definition = fruit.definition();
    let texts = |at: usize| -> Vec<(i8, &str)> {
        pack.options_of(&definition.items[at]).iter().map(|option| (option.code, option.text.as_str())).collect()
    };
    assert_eq!(texts(0), [(0, "Not today"), (1, "A little"), (2, "All day")]);
    assert_eq!(texts(1), [(0, "None"), (1, "One"), (2, "Many")], "an item's own texts stand before those of its set");
    assert_eq!(texts(2)[0], (2, "foes"));
    assert!(texts(3).is_empty());
    assert_eq!(pack.form().map(|item| item.id).collect::<Vec<_>>(), ["1", "2", "3", "4"]);
}

#[test]
fn a_pack_that_is_written_is_read_back() {
    let pack = pack();
    let again = WordingPack::from_toml(&pack.to_toml().unwrap()).unwrap();
    assert_eq!(again, pack);
    assert_eq!(again.citation(), pack.citation());
    let other = WordingPack { source: "other".to_owned(), ..pack.clone() };
    assert_ne!(other.citation(), pack.citation());
    assert!(pack.citation().starts_with("fruit/en+"));
}

/// The page that documents the format shows a pack that is read.
#[test]
fn the_documented_example_is_a_pack() {
    let page = include_str!("../../docs/wording.md");
    let (_, behind) = page.split_once("```toml\n").expect("an example");
    let (example, _) = behind.split_once("```").expect("its end");
    let pack = WordingPack::from_toml(example).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!((pack.form().count(), pack.options.len(), pack.item_options.len()), (4, 2, 1));
    // Every refusal of the engine is on the page.
    let texts = include_str!("../resources/texts.toml");
    let (_, behind) = texts.split_once("[wording-advice]\n").expect("the sentences");
    for code in behind.lines().take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = ")) {
        assert!(page.contains(&format!("`{}`", code.0)), "{} is not documented", code.0);
    }
}

#[test]
fn whatever_is_wrong_is_refused_by_name() {
    let edits: [(&str, &str, &[&str]); 33] = [
        // The file.
        ("schema = 1", "schema = 2", &["schema"]),
        ("schema = 1", "schema = 1\nitem = 3", &["format"]),
        ("language = \"en\"", "", &["format"]),
        ("[options]", "[options", &["format"]),
        // By itself.
        ("\"en\"", "\"EN\"", &["language"]),
        ("\"en\"", "\"english\"", &["language"]),
        ("licence = \"free\"", "licence = \" \"", &["text-blank"]),
        ("\"I dreamt of apples.\"", "\"I dreamt\\u001b[2J\"", &["text-control"]),
        ("items = [\"1\", \"2\"]", "items = [\"1\", \"2\", \"1\"]", &["form-item-twice"]),
        ("codes = [2, 1, 0] }", "codes = [2, 1, 1] }", &["form-codes-twice"]),
        ("codes = [2, 1, 0] }", "codes = [2] }", &["form-codes-few"]),
        ("kind = \"number\" }", "kind = \"number\", codes = [0, 1] }", &["form-codes-needless"]),
        ("4 = \"Number of cherries:\"", "", &["item-no-wording"]),
        ("4 = \"Number", "5 = \"x\"\n4 = \"Number", &["item-not-in-form"]),
        ("[item-options]", "[item-options]\n9 = []", &["item-not-in-form"]),
        ("{ code = 2, text = \"All day\" }", "{ code = 1, text = \"All day\" }", &["option-twice"]),
        ("\"All day\"", "\"Ａ　little \"", &["option-same-text"]),
        // Against the instrument.
        ("\"fruit\"", "\"vegetables\"", &["instrument"]),
        ("version = \"1\"", "version = \"2\"", &["version"]),
        ("version = \"1\"", "version = \"=1.2.0\"", &[]),
        ("[\"1\", \"2\"]", "[\"2\", \"1\"]", &["item-order"]),
        ("codes = [0, 1, 2] }", "codes = [0, 1, 2, 3] }", &["option-codes"]),
        ("codes = [0, 1, 2] }", "codes = [1, 2, 3] }", &["option-codes"]),
        ("codes = [2, 1, 0] }", "codes = [0, 1, 2] }", &["option-order"]),
        ("kind = \"number\"", "kind = \"clock\"", &["item-kind"]),
        ("worst-first =", "best-first =", &["set-unknown"]),
        ("{ code = 1, text = \"strangers\" }, ", "", &["set-codes"]),
        // The definition calls code 0 "never" and code 2 "总是".
        ("\"All day\"", "\" Never\"", &["option-contradicts"]),
        ("\"Not today\"", "\"总是\"", &["option-contradicts"]),
        ("\"All day\"", "\"always\"", &[]),
        (
            "[{ code = 0, text = \"None\" }, { code = 1, text = \"One\" }, { code = 2, text = \"Many\" }]",
            "[{ code = 2, text = \"not today\" }, { code = 1, text = \"a little\" }, { code = 0, text = \"all day\" }]",
            &["option-keyed"],
        ),
        ("instructions = \"Think of this morning.\"", "instructions = \"\"", &["text-blank"]),
        ("{ items = [\"4\"], kind = \"number\" },", "", &["item-not-in-form"]),
    ];
    for (from, to, expected) in edits {
        let text = PACK.replacen(from, to, 1);
        assert_ne!(text, PACK, "`{from}` is not in the pack");
        assert_eq!(codes(&text), expected, "{from} -> {to}");
    }
    assert_eq!(codes(&PACK.replace("\"4\"", "\"5\"").replace("4 = ", "5 = ")), ["item-unknown"]);
    let fewer = PACK.replace("{ items = [\"4\"], kind = \"number\" },", "").replace("4 = \"Number of cherries:\"", "");
    assert_eq!(codes(&fewer), ["item-count"]);
    let empty = "schema = 1\ninstrument = \"fruit\"\nlanguage = \"en\"\nsource = \"x\"\nlicence = \"x\"\n\
                 fingerprint = []\n[items]\n";
    assert_eq!(codes(empty), ["form-empty"]);
}

#[test]
fn refusals_are_told_in_both_languages() {
    let refused = WordingPack { fingerprint: vec![run(&["1"], &[0, 1])], items: only(&["1"]), ..bare() };
    let found = refused.check(&fruit()).unwrap_err();
    insta::assert_snapshot!(found.render(Language::En), @"fingerprint: the form has 1 items, fruit has 4: this is another form. What to do: check the instrument and its edition: forms of the same name differ, and their wordings must not be mixed");
    insta::assert_snapshot!(found.render(Language::ZhCn), @"fingerprint：该表有 1 题，fruit 有 4 题：这是另一份量表。处理办法：请核对量表及其版本；同名的量表有不同版本，措辞不能混用");
    let place = WordingPack::from_toml("schema = 1\n  colour = 3\n").unwrap_err();
    assert_eq!((place.0[0].code, place.0[0].place.as_str()), ("format", "2:3"));
}

fn run(items: &[&str], codes: &[i8]) -> FormRun {
    FormRun { items: items.iter().map(ToString::to_string).collect(), kind: ItemKind::Choice, codes: codes.to_vec() }
}

fn only(ids: &[&str]) -> indexmap::IndexMap<String, String> {
    ids.iter().map(|id| ((*id).to_owned(), format!("Wording {id}"))).collect()
}

fn bare() -> WordingPack {
    WordingPack { version: None, options: indexmap::IndexMap::new(), item_options: indexmap::IndexMap::new(), ..pack() }
}

/// A pack with made-up wording and the form of a definition.
fn pack_of(instrument: &Instrument) -> WordingPack {
    let d = instrument.definition();
    let codes = |item| d.options_of(item).iter().map(|option| option.code).collect::<Vec<_>>();
    let text = |code: i8| OptionText { code, text: format!("made up answer {code}") };
    WordingPack {
        schema: WORDING_SCHEMA,
        instrument: d.id.clone(),
        version: None,
        language: "en".to_owned(),
        source: "made up".to_owned(),
        licence: "free".to_owned(),
        instructions: None,
        fingerprint: d
            .items
            .iter()
            .map(|item| FormRun { items: vec![item.id.clone()], kind: item.kind, codes: codes(item) })
            .collect(),
        items: d.items.iter().map(|item| (item.id.clone(), format!("Wording {}", item.id))).collect(),
        options: d
            .option_sets
            .iter()
            .map(|(set, options)| (set.clone(), options.iter().map(|option| text(option.code)).collect()))
            .collect(),
        item_options: indexmap::IndexMap::new(),
    }
}

#[test]
fn a_pack_fits_exactly_the_instruments_with_the_same_form() {
    let form = |instrument: &Instrument| -> Vec<(String, ItemKind, Vec<i8>)> {
        let d = instrument.definition();
        let codes = |item| d.options_of(item).iter().map(|option| option.code).collect();
        d.items.iter().map(|item| (item.id.clone(), item.kind, codes(item))).collect()
    };
    let forms: Vec<_> = LIBRARY.iter().map(|instrument| (instrument, form(instrument))).collect();
    for (owner, own) in &forms {
        let mut pack = pack_of(owner);
        pack.check(owner).unwrap_or_else(|found| panic!("{}: {found}", owner.id()));
        // Option texts belong to sets by name; the question here is the form.
        pack.options.clear();
        // Another count is refused before anything else is looked at; one such pair in every seventh row is enough.
        let looked_at = |theirs: &[_], at: usize| theirs.len() == own.len() || at.is_multiple_of(7) && own.len() < 30;
        for (_, (other, theirs)) in forms.iter().enumerate().filter(|(at, (_, theirs))| looked_at(theirs, *at)) {
            pack.instrument = other.id().to_owned();
            assert_eq!(pack.check(other).is_ok(), own == theirs, "{} as {}", owner.id(), other.id());
        }
    }
}

#[test]
fn one_pack_for_each_instrument_and_language_and_no_text_with_two_meanings() {
    let mut library = Library::default();
    library.add("fruit.toml", DEFINITION).unwrap();
    let mut packs = WordingPacks::default();
    packs.add(pack(), &library).unwrap();
    let code = |packs: &mut WordingPacks, pack| packs.add(pack, &library).unwrap_err().0[0].code;
    assert_eq!(code(&mut packs, pack()), "pack-twice");
    let german = WordingPack { language: "de".to_owned(), ..pack() };
    let mut swapped = german.clone();
    for option in swapped.options.get_mut("default").unwrap() {
        option.text = ["a little", "x", "y"][usize::from(option.code.unsigned_abs())].to_owned();
    }
    assert_eq!(code(&mut packs, swapped), "languages-contradict");
    packs.add(german, &library).unwrap();
    assert_eq!(code(&mut packs, WordingPack { instrument: "nuts".to_owned(), ..pack() }), "instrument-unknown");
    assert_eq!((packs.len(), packs.of("fruit").count(), packs.of("nuts").count()), (2, 2, 0));
    assert_eq!(packs.get("fruit", "de").map(|pack| pack.language.as_str()), Some("de"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// One step away from the form, in any direction, is another form.
    #[test]
    fn no_other_form_fits(at in 0_usize..100, other in 0_usize..100, how in 0_u8..5, code in -5_i8..6) {
        let mht = LIBRARY.get("mht").unwrap();
        let mut pack = pack_of(mht);
        pack.options.clear();
        let form = &mut pack.fingerprint;
        match how {
            0 => {
                let gone = form.remove(at);
                pack.items.shift_remove(&gone.items[0]);
            }
            1 => form.swap(at, other),
            2 => form[at].codes.push(code),
            3 => form[at].codes[usize::from(other % 2 == 0)] = code,
            _ => form[at].kind = ItemKind::Number,
        }
        let same = pack.fingerprint == pack_of(mht).fingerprint;
        prop_assert_eq!(pack.check(mht).is_ok(), same);
    }

    /// No text makes the reader fall over.
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z=\\[\\]{}\",0-9\n -]{0,200}") {
        let _ = WordingPack::from_toml(&text);
        let _ = WordingPack::from_toml(&format!("{PACK}{text}"));
    }
}
