//! Wordings end to end: a job whose export is by official option text, and the forms that others publish.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;

use screening_core::instrument::wording::{FormRun, OptionText, WORDING_SCHEMA, WordingPack};
use screening_core::instrument::{Instrument, Library};
use screening_io::job::{JobError, run_job};
use screening_io::output::{write_outputs, write_wording};
use screening_io::{Coding, ImportSpec, import_fhir, import_redcap, read_wording};
use screening_tests::shared_data;

type Outcome = Result<(), Box<dyn Error>>;

/// Made-up option texts, the mildest first.
const MADE_UP: [&str; 4] = ["not one day", "a handful of days", "most days", "day in, day out"];

fn made_up(instrument: &Instrument) -> WordingPack {
    let d = instrument.definition();
    let text = |code: i8| OptionText { code, text: MADE_UP[usize::from(code.unsigned_abs())].to_owned() };
    WordingPack {
        schema: WORDING_SCHEMA,
        instrument: d.id.clone(),
        version: None,
        language: "en".to_owned(),
        source: "made up".to_owned(),
        licence: "free".to_owned(),
        instructions: None,
        fingerprint: vec![FormRun {
            items: d.items.iter().map(|item| item.id.clone()).collect(),
            kind: screening_core::instrument::ItemKind::Choice,
            codes: vec![0, 1, 2, 3],
        }],
        items: d.items.iter().map(|item| (item.id.clone(), format!("Made up question {}", item.id))).collect(),
        options: [("default".to_owned(), (0..4).map(text).collect())].into_iter().collect(),
        item_options: [].into_iter().collect(),
    }
}

#[test]
fn a_job_reads_an_export_by_option_text_with_the_wording_of_the_school() -> Outcome {
    let library = Library::bundled()?;
    let gad = library.get("gad-7").ok_or("bundled")?;
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("wording"))?;
    write_wording(&at("wording/gad-7.en.toml"), &made_up(gad))?;
    fs::write(at("roster.csv"), "student_id,school,grade,class\n1,A,8,1\n2,A,8,1\n")?;
    let mut export = "序号,提交答卷时间,所用时间,来源,来源详情,来自IP,1、学号".to_owned();
    (2..9).try_for_each(|number| write!(export, ",{number}、question"))?;
    let answers = |code: usize| vec![MADE_UP[code]; 7].join("\",\"");
    for (id, code) in [(1, 0), (2, 3)] {
        write!(export, "\n{id},2026-09-03 12:00:00,60,x,x,x,{id},\"{}\"", answers(code))?;
    }
    fs::write(at("answers.csv"), export)?;
    let job = |wording: &str| {
        format!(
            "schema = 1\ntitle = {{ en = \"t\", zh-CN = \"t\" }}\ndistrict = \"d\"\nwave = \"w\"\nadministered-on = 2026-09-03\n\
             policy = \"district-default\"\nroster = \"roster.csv\"\n{wording}\n\
             [[batteries]]\nid = \"b\"\ngrades = {{ from = 7, to = 9 }}\ninstruments = [\"gad-7\"]\n\
             [[answers]]\nfile = \"answers.csv\"\nbattery = \"b\"\nformat = \"survey\"\n"
        )
    };
    fs::write(at("job.toml"), job("wording = \"wording\""))?;
    let done = run_job(&at("job.toml"), false, &|_| {})?;
    assert_eq!(done.files[0].codings[0].coding, Coding::Text);
    let totals: Vec<Option<f64>> = done
        .screening
        .results
        .column("gad-7.total")?
        .cast(&polars::prelude::DataType::Float64)?
        .f64()?
        .iter()
        .collect();
    assert_eq!(totals, [Some(0.0), Some(21.0)]);
    // The results say by which wording they were read.
    let citation = made_up(gad).citation();
    assert_eq!(done.screening.summary.provenance.wording, std::slice::from_ref(&citation));
    let out = at("out");
    write_outputs(&out, &done.screening, &done.policy, &done.rejected, &done.names, &|_| {})?;
    assert!(fs::read_to_string(out.join("summary.json"))?.contains(&citation));

    // Without the wording the texts are no answers, and a pack that does not fit stops the job.
    fs::write(at("job.toml"), job(""))?;
    assert!(
        matches!(run_job(&at("job.toml"), false, &|_| {}), Err(JobError::Input(error)) if error.id() == "coding-none")
    );
    let mut longer = made_up(gad);
    longer.fingerprint[0].items.push("8".to_owned());
    longer.items.insert("8".to_owned(), "one more".to_owned());
    write_wording(&at("wording/gad-7.en.toml"), &longer)?;
    fs::write(at("job.toml"), job("wording = \"wording\""))?;
    let refused = run_job(&at("job.toml"), false, &|_| {});
    assert!(matches!(refused, Err(JobError::Input(error)) if error.id() == "wording-refused"));
    Ok(())
}

/// The value set that a published questionnaire refers to, with LOINC answer codes and made-up texts.
fn value_set(instrument: &Instrument, url: &str) -> Result<String, Box<dyn Error>> {
    let loinc = instrument.definition().loinc.as_ref().ok_or("no LOINC codes")?;
    let concepts: Vec<serde_json::Value> = loinc
        .answers
        .values()
        .zip(MADE_UP)
        .map(|(code, text)| serde_json::json!({ "code": code, "display": text }))
        .collect();
    let include = serde_json::json!([{ "system": "http://loinc.org", "concept": concepts }]);
    Ok(serde_json::json!({ "resourceType": "ValueSet", "url": url, "compose": { "include": include } }).to_string())
}

#[test]
fn a_published_fhir_questionnaire_in_two_languages() -> Outcome {
    let Some(data) = shared_data().filter(|data| data.join("fhir").is_dir()) else {
        println!("skipped: no shared data");
        return Ok(());
    };
    let form = data.join("fhir/Questionnaire-mii-qst-pro-phq-9.json");
    let library = Library::bundled()?;
    let phq = library.get("phq-9").ok_or("bundled")?;
    let folder = tempfile::tempdir()?;
    let german = ImportSpec::new(phq, "de");
    // Its options are in a value set that the file does not hold; nothing is assumed about them.
    let refused = import_fhir(&form, &[], &german).err().ok_or("should be refused")?;
    assert_eq!(refused.id(), "fhir-value-set-outside");
    let (_, url) = refused.problem().arguments.first().ok_or("names the set")?;
    let set = folder.path().join("set.json");
    fs::write(&set, value_set(phq, url)?)?;
    let sets = [set];

    let imported = import_fhir(&form, &sets, &german)?;
    let left: Vec<(&str, Option<&str>)> = imported.left_out.iter().map(|p| (p.id, p.value.as_deref())).collect();
    assert_eq!(
        left,
        [("wording-left-score", Some("PHQ-9.Score")), ("wording-left-question", Some("PHQ-9.10"))],
        "the total and the question on impairment are no items"
    );
    let source: serde_json::Value = serde_json::from_slice(&fs::read(&form)?)?;
    let texts: Vec<&str> = (1..=9).filter_map(|n| source["item"][n]["text"].as_str()).collect();
    assert_eq!(imported.pack.items.values().collect::<Vec<_>>(), texts);
    let english = import_fhir(&form, &sets, &ImportSpec::new(phq, "en"))?.pack;
    let translated = |n: usize| source["item"][n]["_text"]["extension"][0]["extension"][1]["valueString"].as_str();
    let texts: Vec<&str> = (1..=9).filter_map(translated).collect();
    assert_eq!(english.items.values().collect::<Vec<_>>(), texts);
    assert_eq!(import_fhir(&form, &sets, &ImportSpec::new(phq, "fr")).err().map(|e| e.id()), Some("wording-language"));

    // As other instruments: one that shares its items is the same form shortened, one that does not is refused.
    let gad = library.get("gad-7").ok_or("bundled")?;
    let other = import_fhir(&form, &sets, &ImportSpec::new(gad, "de"));
    assert_eq!(other.err().map(|e| e.id()), Some("wording-loinc-missing"));

    write_wording(&folder.path().join("phq-9.de.toml"), &imported.pack)?;
    write_wording(&folder.path().join("phq-9.en.toml"), &english)?;
    assert_eq!(read_wording(folder.path(), &library)?.of("phq-9").count(), 2);
    // An answered form and a score are no forms.
    for file in
        ["QuestionnaireResponse-mii-exa-pro-phq-9-response.json", "Observation-mii-exa-pro-phq-9-observation.json"]
    {
        let refused = import_fhir(&data.join("fhir").join(file), &[], &german);
        assert_eq!(refused.err().map(|e| e.id()), Some("fhir-kind"), "{file}");
    }
    Ok(())
}

#[test]
fn a_published_redcap_form_as_archive_and_as_dictionary() -> Outcome {
    let Some(data) = shared_data().filter(|data| data.join("redcap").is_dir()) else {
        println!("skipped: no shared data");
        return Ok(());
    };
    let library = Library::bundled()?;
    let phq = library.get("phq-8").ok_or("bundled")?;
    let spec = ImportSpec::new(phq, "en");
    let archive = import_redcap(&data.join("redcap/phq8_instrument.zip"), None, &spec)?;
    assert!(archive.left_out.is_empty());
    assert_eq!(archive.pack.source, "phq8_s1_r1_e1, phq8_instrument.zip");
    // The project's own dictionary has other headings, and two computed variables behind the eight questions.
    let dictionary = import_redcap(&data.join("redcap/phq8_datadict.csv"), None, &spec)?;
    assert_eq!(dictionary.pack.items, archive.pack.items);
    assert_eq!(dictionary.pack.options, archive.pack.options);
    let left: Vec<Option<&str>> = dictionary.left_out.iter().map(|p| p.value.as_deref()).collect();
    assert_eq!(left, [Some("phq8_scrdTotal"), Some("phq8_percTotal")]);
    // Eight questions are not nine, nor seven.
    for id in ["phq-9", "gad-7"] {
        let other = library.get(id).ok_or("bundled")?;
        let refused = import_redcap(&data.join("redcap/phq8_instrument.zip"), None, &ImportSpec::new(other, "en"));
        assert_eq!(refused.err().map(|e| e.id()), Some("wording-count"), "{id}");
    }
    Ok(())
}
