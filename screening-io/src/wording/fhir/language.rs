//! Texts in the language wanted.

use super::model::{Designation, Element, Item, Questionnaire, is_one_of};
use crate::wording::words::forms;

/// Which of the languages of a questionnaire is read.
pub(super) struct Speaker<'a> {
    /// The language wanted.
    wanted: &'a str,
    /// The texts themselves are in it; otherwise their translations are.
    plain: bool,
}

impl<'a> Speaker<'a> {
    /// A questionnaire in the wanted language, or with translations into it. One that does not state its language and
    /// has no translation into the wanted one is taken to be in it, as the caller says. `None` when it is in another.
    pub(super) fn of(form: &Questionnaire, wanted: &'a str) -> Option<Self> {
        let translated = form.item.iter().any(|item| has_translation(item, wanted));
        match &form.language {
            Some(language) if agree(language, wanted) => Some(Self { wanted, plain: true }),
            _ if translated => Some(Self { wanted, plain: false }),
            None => Some(Self { wanted, plain: true }),
            Some(_) => None,
        }
    }

    /// A text of the questionnaire.
    pub(super) fn text(&self, plain: Option<&str>, element: &Element) -> Option<String> {
        let text = if self.plain { plain.map(str::to_owned) } else { translation(element, self.wanted) };
        text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A text of a value set, which may have a language of its own.
    pub(super) fn concept(
        &self,
        plain: Option<&str>,
        element: &Element,
        designations: &[Designation],
        set_language: Option<&str>,
    ) -> Option<String> {
        let is_plain = set_language.map_or(self.plain, |language| agree(language, self.wanted));
        let designated = || {
            let fits = |d: &&Designation| d.language.as_deref().is_some_and(|language| agree(language, self.wanted));
            designations.iter().find(fits).map(|d| d.value.clone())
        };
        let text = if is_plain { plain.map(str::to_owned) } else { None };
        text.or_else(|| translation(element, self.wanted))
            .or_else(designated)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }
}

/// Whether two tags name the same language: all parts that both have are the same. `en` and `en-GB` agree, `zh-CN` and
/// `zh-TW` do not.
fn agree(one: &str, other: &str) -> bool {
    let (one, other) = (one.replace('_', "-"), other.replace('_', "-"));
    one.split('-').zip(other.split('-')).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

fn has_translation(item: &Item, wanted: &str) -> bool {
    translation(&item.text_element, wanted).is_some() || item.inner.iter().any(|inner| has_translation(inner, wanted))
}

fn translation(element: &Element, wanted: &str) -> Option<String> {
    let words = &forms().fhir.translation;
    element.extension.iter().filter(|extension| is_one_of(extension, words)).find_map(|extension| {
        let part = |url: &str| extension.parts.iter().find(|part| part.url == url);
        let language = part("lang")?;
        let language = language.value_code.as_deref().or(language.value_string.as_deref())?;
        let content = part("content").filter(|_| agree(language, wanted))?;
        content.value_string.clone().or_else(|| content.value_markdown.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::agree;

    #[test]
    fn languages_agree_in_the_parts_that_both_state() {
        assert!(agree("en", "en-GB") && agree("ZH_cn", "zh-CN") && agree("de", "de"));
        assert!(!agree("zh-CN", "zh-TW") && !agree("en", "de"));
    }
}
