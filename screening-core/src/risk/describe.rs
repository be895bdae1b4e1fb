//! Conditions in words, for people who read a policy.

use super::condition::{BandWish, Condition, Leaf, Reference};
use crate::change::{ClinicalChange, Course, Outcome};
use crate::instrument::expr::Comparison;
use crate::instrument::{Instrument, Language, Library, Text};
use crate::texts::{Fill, join, say};

impl Condition {
    /// The condition in words, with the names that the library has for instruments, scales, bands and flags. What the library
    /// does not know stands as it is written.
    ///
    /// ```
    /// use screening_core::instrument::{Language, Library};
    /// use screening_core::risk::Policy;
    /// let policy = Policy::bundled("phq-9-gad-7").expect("bundled")?;
    /// let rule = policy.definition().rules.iter().find(|rule| rule.id == "phq-9-20").expect("a rule");
    /// assert_eq!(rule.when.describe(&Library::bundled()?, Language::En), "PHQ-9 total score ≥ 20");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn describe(&self, library: &Library, language: Language) -> String {
        self.told(library, true).get(language).to_owned()
    }

    fn told(&self, library: &Library, outermost: bool) -> Text {
        let joined = |parts: &[Self], key: &str| {
            let inner = parts.iter().map(|part| part.told(library, parts.len() == 1 && outermost));
            let text = join(inner, key);
            if outermost || parts.len() < 2 { text } else { say("describe.group", &[("inner", Fill::Both(&text))]) }
        };
        match self {
            Self::Leaf(leaf) => leaf.told(library),
            Self::All(parts) => joined(parts, "describe.and"),
            Self::Any(parts) => joined(parts, "describe.or"),
            Self::Not(part) => say("describe.not", &[("inner", Fill::Both(&part.told(library, true)))]),
            Self::AtLeast { k, of } => {
                let list = join(of.iter().map(|part| part.told(library, false)), "describe.list");
                say("describe.at-least", &[("k", Fill::Same(&k.to_string())), ("list", Fill::Both(&list))])
            }
        }
    }
}

fn same(text: &str) -> Text {
    Text { en: text.to_owned(), zh_cn: text.to_owned() }
}

fn symbol(op: Comparison) -> &'static str {
    match op {
        Comparison::Eq => "=",
        Comparison::Ne => "≠",
        Comparison::Ge => "≥",
        Comparison::Gt => ">",
        Comparison::Le => "≤",
        Comparison::Lt => "<",
    }
}

/// The name of a scale behind the abbreviation of its instrument.
fn scale_name(scale: &Reference, library: &Library) -> Text {
    let known = library.get(&scale.instrument).and_then(|instrument| {
        let at = instrument.scale_position(&scale.part)?;
        Some((instrument, &instrument.definition().scales.get(at)?.name))
    });
    match known {
        Some((instrument, name)) => named(instrument, name),
        None => same(&scale.to_string()),
    }
}

fn named(instrument: &Instrument, name: &Text) -> Text {
    let abbreviation = Fill::Same(instrument.definition().abbreviation.as_str());
    say("describe.named", &[("instrument", abbreviation), ("name", Fill::Both(name))])
}

impl Leaf {
    fn told(&self, library: &Library) -> Text {
        let instrument = library.get(self.instrument());
        let definition = instrument.map(Instrument::definition);
        match self {
            Self::Score { scale, op, value } => compared(&scale_name(scale, library), *op, value.to_string()),
            Self::Answer { item, op, value } => {
                let known =
                    definition.and_then(|definition| definition.items.iter().find(|known| known.id == item.part));
                let label = known.map_or_else(|| same(&item.to_string()), |known| known.label.clone());
                let abbreviation = definition.map_or("", |definition| definition.abbreviation.as_str());
                let fills = [
                    ("instrument", Fill::Same(abbreviation)),
                    ("item", Fill::Same(&item.part)),
                    ("label", Fill::Both(&label)),
                ];
                compared(&say("describe.item", &fills), *op, value.to_string())
            }
            Self::Band { scale, wish: BandWish::In(ids) } => {
                let label = |id: &String| {
                    let band = definition.and_then(|definition| definition.bands.get(id));
                    band.map_or_else(|| same(id), |band| band.label.clone())
                };
                of("describe.band", &scale_name(scale, library), ids.iter().map(label).collect())
            }
            Self::Band { scale, wish: BandWish::AtLeast(level) } => {
                let level = serde_json::to_value(level).ok().and_then(|word| word.as_str().map(str::to_owned));
                let level = say(&format!("describe-level.{}", level.unwrap_or_default()), &[]);
                let name = scale_name(scale, library);
                say("describe.band-level", &[("name", Fill::Both(&name)), ("level", Fill::Both(&level))])
            }
            Self::Word { scale, words } => {
                let scales =
                    definition.and_then(|definition| definition.scales.iter().find(|known| known.id == scale.part));
                let label =
                    |id: &String| scales.and_then(|scale| scale.values.get(id)).cloned().unwrap_or_else(|| same(id));
                of("describe.word", &scale_name(scale, library), words.iter().map(label).collect())
            }
            Self::Flag { flag } => {
                let known =
                    definition.and_then(|definition| definition.flags.iter().find(|known| known.id == flag.part));
                match (instrument, known) {
                    (Some(instrument), Some(known)) => named(instrument, &known.meaning),
                    _ => same(&flag.to_string()),
                }
            }
            _ => self.told_beside(library),
        }
    }

    /// The same for validity, norms, change and records.
    fn told_beside(&self, library: &Library) -> Text {
        let instrument = library.get(self.instrument());
        let definition = instrument.map(Instrument::definition);
        match self {
            Self::Validity { instrument: id, verdict } => {
                let verdict = serde_json::to_value(verdict).ok().and_then(|word| word.as_str().map(str::to_owned));
                let verdict = say(&format!("validity-verdict.{}", verdict.unwrap_or_default()), &[]);
                let name = same(definition.map_or(id.as_str(), |definition| definition.abbreviation.as_str()));
                say("describe.validity", &[("name", Fill::Both(&name)), ("verdict", Fill::Both(&verdict))])
            }
            Self::ValidityRule { rule } => {
                let known =
                    definition.and_then(|definition| definition.validity.iter().find(|known| known.id == rule.part));
                match (instrument, known) {
                    (Some(instrument), Some(known)) => named(instrument, &known.meaning),
                    _ => say("describe.validity-rule", &[("rule", Fill::Same(&rule.to_string()))]),
                }
            }
            Self::ValidityIndex { rule, op, value } => {
                let name = say("describe.validity-index", &[("rule", Fill::Same(&rule.to_string()))]);
                compared(&name, *op, value.to_string())
            }
            Self::Norm { scale, derived, op, value } => {
                let (name, derived) = (scale_name(scale, library), derived.name());
                let name = say("describe.derived", &[("name", Fill::Both(&name)), ("derived", Fill::Both(&derived))]);
                compared(&name, *op, value.to_string())
            }
            Self::ChangeIndex { scale, op, value } => {
                let name = say("describe.change-index", &[("name", Fill::Both(&scale_name(scale, library)))]);
                compared(&name, *op, value.to_string())
            }
            Self::Change { scale, outcomes } => {
                of("describe.change", &scale_name(scale, library), outcomes.iter().map(|o| Outcome::name(*o)).collect())
            }
            Self::Clinical { scale, changes } => of(
                "describe.change",
                &scale_name(scale, library),
                changes.iter().map(|c| ClinicalChange::name(*c)).collect(),
            ),
            Self::Course { scale, courses } => {
                of("describe.course", &scale_name(scale, library), courses.iter().map(|c| Course::name(*c)).collect())
            }
            Self::Record { of: stream, values, within_days } => {
                let kind = stream.definition();
                let mut name = kind.map_or_else(|| same(stream.kind()), |kind| kind.name.clone());
                if let Some(source) = stream.source().and_then(|source| kind?.sources.get(source)) {
                    name = say("record.of-source", &[("kind", Fill::Both(&name)), ("source", Fill::Both(source))]);
                }
                let label = |id: &String| {
                    kind.and_then(|kind| kind.values.get(id)).map_or_else(|| same(id), |value| value.name.clone())
                };
                let text = of("describe.record", &name, values.iter().map(label).collect());
                match within_days {
                    None => text,
                    Some(days) => {
                        let days = days.to_string();
                        say("describe.within", &[("inner", Fill::Both(&text)), ("days", Fill::Same(&days))])
                    }
                }
            }
            // The others are told above.
            _ => same(self.instrument()),
        }
    }
}

fn compared(name: &Text, op: Comparison, value: String) -> Text {
    let fills = [("name", Fill::Both(name)), ("op", Fill::Same(symbol(op))), ("value", Fill::Same(&value))];
    say("describe.compared", &fills)
}

/// A name and what it is asked for.
fn of(key: &str, name: &Text, words: Vec<Text>) -> Text {
    let words = join(words.into_iter(), "describe.slash");
    say(key, &[("name", Fill::Both(name)), ("words", Fill::Both(&words))])
}
