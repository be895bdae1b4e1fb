//! The words of form files, read from `resources/forms.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

const SOURCE: &str = include_str!("../../resources/forms.toml");

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    // A broken resource must not take the program down; a test checks that it is whole.
    toml::from_str(SOURCE).unwrap_or_default()
});

/// The words of the resource file.
pub(super) fn forms() -> &'static Forms {
    &FORMS
}

/// See the comments in `resources/forms.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forms {
    pub(super) redcap: RedcapWords,
    pub(super) fhir: FhirWords,
}

/// Headings of a data dictionary.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RedcapWords {
    pub(super) name: Vec<String>,
    pub(super) form: Vec<String>,
    pub(super) section: Vec<String>,
    #[serde(rename = "type")]
    pub(super) kind: Vec<String>,
    pub(super) label: Vec<String>,
    pub(super) choices: Vec<String>,
    pub(super) validation: Vec<String>,
    pub(super) annotation: Vec<String>,
    pub(super) number: Vec<String>,
    pub(super) nothing: Vec<String>,
}

/// Extensions of a questionnaire.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FhirWords {
    pub(super) score: Vec<String>,
    pub(super) calculated: Vec<String>,
    pub(super) hidden: Vec<String>,
    pub(super) translation: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::normal;

    #[test]
    fn the_resource_is_whole() {
        let forms: Forms = toml::from_str(SOURCE).expect("forms.toml");
        assert!(forms.fhir.score.len() > 3);
        for word in forms.redcap.name.iter().chain(&forms.redcap.choices).chain(&forms.redcap.nothing) {
            assert_eq!(*word, normal(word), "words are kept in their normal form");
        }
    }
}
