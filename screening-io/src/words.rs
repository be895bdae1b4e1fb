//! The words that files use (headings, special answers, status words, grades), read from `resources/words.toml`.

use std::sync::LazyLock;

use indexmap::IndexMap;
use serde::Deserialize;

pub(crate) use screening_core::instrument::compare::{narrow, normal, trim};

const SOURCE: &str = include_str!("../resources/words.toml");

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    // A broken resource must not take the program down; a test checks that it is whole.
    toml::from_str(SOURCE).unwrap_or_default()
});

/// The words of the resource file.
pub(crate) fn words() -> &'static Words {
    &WORDS
}

/// See the comments in `resources/words.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    pub(crate) headings: IndexMap<String, Vec<String>>,
    pub(crate) record_headings: IndexMap<String, Vec<String>>,
    pub(crate) never_read: NeverRead,
    pub(crate) special: Special,
    pub(crate) status: IndexMap<String, IndexMap<String, Vec<String>>>,
    pub(crate) grades: IndexMap<String, Vec<String>>,
    pub(crate) grade_codes: IndexMap<String, Vec<String>>,
    pub(crate) ids: Ids,
    pub(crate) classes: ClassWords,
    pub(crate) stages: IndexMap<String, StageWords>,
    pub(crate) marks: Marks,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ids {
    order: Vec<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassWords {
    pub(crate) class: Vec<String>,
    pub(crate) grade: Vec<String>,
    pub(crate) ordinal: Vec<String>,
    pub(crate) entry: Vec<String>,
    pub(crate) leaving: Vec<String>,
    pub(crate) english: Vec<String>,
    pub(crate) digits: Vec<String>,
    pub(crate) ten: String,
    pub(crate) open: Vec<String>,
    pub(crate) close: Vec<String>,
    pub(crate) between: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageWords {
    pub(crate) short: Vec<String>,
    pub(crate) long: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NeverRead {
    contains: Vec<String>,
    asked: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Special {
    pub(crate) skipped: Vec<String>,
    pub(crate) not_shown: Vec<String>,
    pub(crate) refused: Vec<String>,
    pub(crate) several: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marks {
    pub(crate) date: Vec<String>,
    pub(crate) hours: Vec<String>,
    pub(crate) minutes: Vec<String>,
    pub(crate) seconds: Vec<String>,
    pub(crate) question: Vec<String>,
    pub(crate) stem_trailing: Vec<String>,
}

impl Words {
    /// Whether a roster column with this heading is kept out of memory.
    pub(crate) fn is_never_read(&self, heading: &str) -> bool {
        let heading = normal(heading);
        self.never_read.contains.iter().any(|part| heading.contains(part.as_str()))
    }

    /// Whether a question, or a column beside answers, is about something that is never read. Longer parts are compared
    /// than in rosters: a question about the use of the phone is an item.
    pub(crate) fn is_private(&self, heading: &str) -> bool {
        let text = normal(heading);
        self.person_heading(heading) == Some("private")
            || self.never_read.asked.iter().any(|part| text.contains(part.as_str()))
    }

    /// Which of several columns of ids is preferred: the lower the better.
    pub(crate) fn id_rank(&self, heading: &str) -> usize {
        let heading = stem(heading);
        self.ids.order.iter().position(|kind| kind.contains(&heading)).unwrap_or(self.ids.order.len())
    }

    /// Whether a heading of a table of records or decisions names this column.
    pub(crate) fn names_column(&self, key: &str, heading: &str) -> bool {
        self.record_headings.get(key).is_some_and(|synonyms| synonyms.contains(&stem(heading)))
    }

    /// The canonical name of a person column with this heading.
    pub(crate) fn person_heading(&self, heading: &str) -> Option<&str> {
        let heading = stem(heading);
        self.headings.iter().find(|(_, synonyms)| synonyms.contains(&heading)).map(|(name, _)| name.as_str())
    }
}

/// A heading as it is compared: normal, and without the marks that forms put behind a question.
pub(crate) fn stem(heading: &str) -> String {
    let mut text = normal(heading);
    loop {
        let cut = words()
            .marks
            .stem_trailing
            .iter()
            .find_map(|mark| text.strip_suffix(mark.as_str()).map(|rest| rest.trim_end().len()));
        match cut {
            Some(length) => text.truncate(length),
            None => return text,
        }
    }
}

/// The key of the list that holds `text`, which must be normal.
pub(crate) fn lookup<'a>(lists: &'a IndexMap<String, Vec<String>>, text: &str) -> Option<&'a str> {
    lists.iter().find(|(_, list)| list.iter().any(|word| word == text)).map(|(key, _)| key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_is_whole() {
        let words: Words = toml::from_str(SOURCE).expect("words.toml");
        assert_eq!(words.grades.len(), 12);
        for list in words.headings.values().chain(words.grades.values()) {
            for word in list {
                assert_eq!(*word, normal(word), "words are kept in their normal form");
            }
        }
    }

    #[test]
    fn headings_are_compared_leniently() {
        assert_eq!(words().person_heading(" 学号： "), Some("student_id"));
        assert_eq!(words().person_heading("您的学号（必填）："), Some("student_id"));
        assert_eq!(words().person_heading("学号和姓名"), None);
        assert!(words().is_never_read("家庭住址") && words().is_never_read("家长手机号"));
        for private in ["请填写您的家庭住址（到门牌号）", "身份证号", "家庭年收入大约是？", "Home_Address", "income"]
        {
            assert!(words().is_private(private), "{private}");
        }
        for item in ["我每天用手机的时间", "smartphone.1", "家里的经济情况", "phone-2"] {
            assert!(!words().is_private(item), "{item}");
        }
    }
}
