//! What a system file says about its variables beside their values.

use std::collections::HashMap;

use screening_core::answers::Missing;
use screening_core::instrument::model::ItemKind;
use screening_core::instrument::{Definition, Language};

use crate::messages::say;

/// A kind of missing in words.
pub(crate) fn missing_word(kind: Missing, language: Language) -> String {
    let key = match kind {
        Missing::Skipped => "skipped",
        Missing::Refused => "refused",
        Missing::NotShown => "not-shown",
        Missing::Invalid => "invalid",
    };
    say(&format!("frame.missing.{key}"), language, &[])
}

/// How the values of a variable are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// Names without an order.
    #[default]
    Nominal,
    /// Ordered options.
    Ordinal,
    /// Numbers.
    Scale,
}

/// Values that stand for no answer.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum MissingValues {
    /// None but the system's own.
    #[default]
    None,
    /// All from the first to the second, ends included.
    Range(f64, f64),
}

/// One variable.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Variable {
    /// What it is.
    pub label: String,
    /// What single values mean.
    pub values: Vec<(f64, String)>,
    /// Values that stand for no answer.
    pub missing: MissingValues,
    /// How its values are meant; told from the type of the column by default.
    pub measure: Option<Measure>,
}

/// Labels of variables by column name. Columns without an entry are labelled with their own name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dictionary {
    variables: HashMap<String, Variable>,
}

impl Dictionary {
    /// The columns of answers and results of instruments: topics of items and labels of options, names of scales and
    /// bands, and the kinds of missing.
    ///
    /// ```
    /// use screening_core::instrument::{Language, Library};
    /// use screening_io::sav::{Dictionary, Measure};
    /// let library = Library::bundled().unwrap();
    /// let gad = library.get("gad-7").unwrap().definition();
    /// let dictionary = Dictionary::of(&[gad], Language::En);
    /// let item = dictionary.get("gad-7.1").unwrap();
    /// assert_eq!((item.measure, item.values.len()), (Some(Measure::Ordinal), 8));
    /// ```
    pub fn of(definitions: &[&Definition], language: Language) -> Self {
        let mut variables = HashMap::new();
        for definition in definitions {
            for item in &definition.items {
                let name = format!("{}.{}", definition.id, item.id);
                let label = format!("{}: {}", definition.abbreviation, item.label.get(language));
                variables.insert(name, Self::item(definition, item.kind, item.options.as_deref(), label, language));
            }
            for scale in &definition.scales {
                let label = format!("{}: {}", definition.abbreviation, scale.name.get(language));
                let name = format!("{}.{}", definition.id, scale.id);
                let variable = Variable { label, measure: Some(Measure::Scale), ..Variable::default() };
                variables.insert(name, variable);
            }
        }
        Self { variables }
    }

    fn item(
        definition: &Definition,
        kind: ItemKind,
        options: Option<&str>,
        label: String,
        language: Language,
    ) -> Variable {
        if kind != ItemKind::Choice {
            return Variable { label, measure: Some(Measure::Scale), ..Variable::default() };
        }
        let set = definition.option_sets.get(options.unwrap_or("default"));
        let options = set.into_iter().flatten().map(|o| (f64::from(o.code), o.label.get(language).to_owned()));
        let kinds = Missing::ALL.map(|kind| (f64::from(kind.code()), missing_word(kind, language)));
        let codes = kinds.iter().map(|(code, _)| *code);
        let range = codes.clone().fold((f64::MAX, f64::MIN), |(low, high), code| (low.min(code), high.max(code)));
        Variable {
            label,
            values: options.chain(kinds).collect(),
            missing: MissingValues::Range(range.0, range.1),
            measure: Some(Measure::Ordinal),
        }
    }

    /// Adds or replaces a variable.
    pub fn insert(&mut self, column: impl Into<String>, variable: Variable) {
        self.variables.insert(column.into(), variable);
    }

    /// The variable of a column.
    pub fn get(&self, column: &str) -> Option<&Variable> {
        self.variables.get(column)
    }
}
