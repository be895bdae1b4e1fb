//! Small descriptions and definitions, made for one question each.

use screening_core::instrument::model::Definition;

use crate::example::config::Config;
use crate::example::district::share;
use crate::example::form::{AnswerKind, battery};
use crate::example::latent::LatentModel;
use crate::example::respond::{Answer, Style, fill};
use crate::example::{ExampleError, ExampleParams, Summary, generate};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const DEFINITION: &str = r#"
schema = 1
id = "tiny"
version = "1.0.0"
name = { en = "tiny", zh-CN = "小" }
abbreviation = "T"
construct = ["mood"]
informant = "self"
recall = { en = "now", zh-CN = "现在" }
evidence = "high"
licence = { status = "free", note = { en = "free", zh-CN = "免费" } }
items = [
  { id = "1", label = { en = "low", zh-CN = "低" } },
  { id = "2", label = { en = "well", zh-CN = "好" }, reverse = true },
]
examples = []
[[option-sets.default]]
code = 1
label = { en = "no", zh-CN = "否" }
[[option-sets.default]]
code = 2
label = { en = "some", zh-CN = "有些" }
[[option-sets.default]]
code = 3
label = { en = "yes", zh-CN = "是" }
[[scales]]
id = "total"
name = { en = "total", zh-CN = "总分" }
method = "sum"
items = ["1-2"]
direction = "higher-worse"
[sources]
"#;

const RESPONSE: &str = r#"{ trait = "internalising", a = 3.0, b = [-0.5, 0.5], groups = [{ scale = "total" }] }"#;

/// The bundled description with one kind of school and one instrument.
fn config(response: &str) -> Result<Config, ExampleError> {
    let mut config = Config::bundled()?;
    config.kinds.truncate(1);
    config.kinds[0].instruments = vec!["tiny".into()];
    let table: toml::Table = toml::from_str(&format!("tiny = {response}")).expect("a table");
    config.instruments = table.try_into().map_err(Box::new)?;
    Ok(config)
}

fn definition() -> Definition {
    toml::from_str(DEFINITION).expect("a definition that reads")
}

#[test]
fn a_reversed_item_is_answered_the_other_way_round() {
    let (definition, mut config) = (definition(), config(RESPONSE).unwrap());
    config.rates.blank_cell = 0.0;
    config.rates.wrong_cell = 0.0;
    let battery = battery(&config, &config.kinds[0], &|_| Some(&definition)).unwrap();
    let form = &battery.forms[0];
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut places = [0_usize; 2];
    for _ in 0..200 {
        let mut sheet = Vec::new();
        fill(
            form,
            &[2.0, 0.0, 0.0, 0.0],
            Style::default(),
            &config.rates,
            &mut rng,
            &mut sheet,
            &mut Summary::default(),
        );
        for (sum, answer) in places.iter_mut().zip(&sheet) {
            let Answer::Option(place) = answer else { panic!("{answer:?} is not an option") };
            *sum += place;
        }
    }
    // A pupil far above the thresholds says "yes" to the plain item and "no" to the reversed one.
    assert!(places[0] > 380 && places[1] < 20, "{places:?}");
    let AnswerKind::Choice(reversed) = &form.items[1].answer else { panic!("a choice") };
    assert_eq!([0, 1, 2].map(|place| reversed.keyed(place)), [3, 2, 1]);
}

#[test]
fn thresholds_that_do_not_fit_the_options_are_refused() {
    let definition = definition();
    let config = config(r#"{ trait = "internalising", a = 1.0, b = [0.0] }"#).unwrap();
    let error = battery(&config, &config.kinds[0], &|_| Some(&definition)).unwrap_err();
    assert!(error.to_string().contains("3 options need 2 thresholds, `b` holds 1"), "{error}");
}

#[test]
fn a_scale_that_is_not_there_is_refused() {
    let definition = definition();
    let response = RESPONSE.replace("\"total\"", "\"mood\"");
    let config = config(&response).unwrap();
    let error = battery(&config, &config.kinds[0], &|_| Some(&definition)).unwrap_err();
    assert!(error.to_string().contains("no such scale"), "{error}");
}

#[test]
fn a_correlation_matrix_that_cannot_be_is_refused() {
    let mut config = config(RESPONSE).unwrap();
    config.latent.correlation[0][1] = 2.0;
    config.latent.correlation[1][0] = 2.0;
    assert!(matches!(LatentModel::new(&config), Err(ExampleError::Description { .. })));
}

#[test]
fn a_district_that_does_not_fit_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("district");
    let definitions = super::definitions();
    for (pupils, schools) in [(0, None), (2, Some(1)), (100, Some(0)), (1_000_000, Some(3)), (10, Some(90_000))] {
        let params = ExampleParams { schools, waves: 1, ..ExampleParams::new(&out, pupils, 1) };
        let refused = generate(&params, &|id| definitions.get(id), &|_| {});
        assert!(matches!(refused, Err(ExampleError::Size { .. })), "{pupils} pupils, {schools:?} schools");
    }
    assert!(!out.exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = super::make(&file, 300, None, 1).unwrap_err();
    assert!(matches!(&error, ExampleError::Write { path, .. } if path.starts_with(&file)), "{error}");
}

#[test]
fn parts_sum_to_the_whole() {
    for total in [0, 1, 7, 840] {
        for parts in 1..9 {
            assert_eq!((0..parts).map(|index| share(total, parts, index)).sum::<u64>(), total);
        }
    }
    assert_eq!(share(7, 0, 0), 0);
}
