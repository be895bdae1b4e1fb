//! The people of a frame as classes: rows that norms cannot tell apart are one class, and are looked at once.

use std::collections::HashMap;

use jiff::civil::Date;
use polars::prelude::*;

use crate::answers::{Context, Sex, age_in_months};

use super::find::Member;

/// What norms see of the people of one class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class {
    pub(super) context: Context,
    pub(super) exact_age: Option<f64>,
    pub(super) labels: Vec<(String, Option<String>)>,
}

impl Class {
    /// The class as a member; `buffer` keeps the labels that are known.
    pub(super) fn member<'a>(&'a self, buffer: &'a mut Vec<(&'a str, &'a str)>) -> Member<'a> {
        buffer.clear();
        buffer.extend(self.labels.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?))));
        Member { context: self.context, exact_age: self.exact_age, labels: buffer }
    }
}

/// Which person columns are wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) sex: bool,
    pub(super) grade: bool,
    pub(super) age: bool,
    pub(super) labels: Vec<String>,
}

/// The people of a frame.
pub(super) struct People {
    /// Class of each row.
    pub(super) class: Vec<u32>,
    pub(super) classes: Vec<Class>,
}

/// A column as numbers into its distinct values.
struct Coded {
    codes: Vec<u32>,
    values: Vec<Option<String>>,
}

impl Coded {
    fn read(frame: &DataFrame, name: &str) -> PolarsResult<Option<Self>> {
        let Ok(column) = frame.column(name) else { return Ok(None) };
        let texts = column.as_materialized_series().cast(&DataType::String)?;
        let texts = texts.str()?;
        let mut known: HashMap<&str, u32> = HashMap::new();
        let mut values: Vec<Option<String>> = vec![None];
        let mut codes = Vec::with_capacity(texts.len());
        let mut last: (&str, u32) = ("", 0);
        for text in texts.iter() {
            let code = match text.map(str::trim) {
                None | Some("") => 0,
                Some(text) if text == last.0 => last.1,
                Some(text) => {
                    let code = *known.entry(text).or_insert_with(|| {
                        values.push(Some(text.to_owned()));
                        values.len() as u32 - 1
                    });
                    last = (text, code);
                    code
                }
            };
            codes.push(code);
        }
        Ok(Some(Self { codes, values }))
    }
}

/// Rows by the values of several columns together.
struct Combined {
    codes: Vec<u32>,
    /// For each combination, the code in each column.
    parts: Vec<Vec<u32>>,
}

impl Combined {
    fn none(rows: usize) -> Self {
        Self { codes: vec![0; rows], parts: vec![Vec::new()] }
    }

    fn with(self, column: &Coded) -> Self {
        let width = column.values.len();
        // Most frames have few combinations: a table finds them without hashing.
        let dense = self.parts.len().saturating_mul(width) <= 1 << 22;
        let mut table = vec![u32::MAX; if dense { self.parts.len() * width } else { 0 }];
        let mut map: HashMap<(u32, u32), u32> = HashMap::new();
        let mut parts: Vec<Vec<u32>> = Vec::new();
        let mut codes = self.codes;
        for (code, value) in codes.iter_mut().zip(&column.codes) {
            let mut add = || {
                let mut part = self.parts.get(*code as usize).cloned().unwrap_or_default();
                part.push(*value);
                parts.push(part);
                parts.len() as u32 - 1
            };
            let slot = if dense { table.get_mut(*code as usize * width + *value as usize) } else { None };
            *code = match slot {
                Some(slot) => {
                    if *slot == u32::MAX {
                        *slot = add();
                    }
                    *slot
                }
                None => *map.entry((*code, *value)).or_insert_with(add),
            };
        }
        Self { codes, parts }
    }
}

impl People {
    /// Reads the columns that are wanted and there. What is not there or cannot be read is unknown.
    pub(super) fn read(frame: &DataFrame, wanted: &Wanted) -> PolarsResult<Self> {
        let mut columns: Vec<(&str, Coded)> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        names.extend(wanted.sex.then_some("sex"));
        names.extend(wanted.grade.then_some("grade"));
        if wanted.age {
            names.extend(["birth_date", "administered_on", "age_months", "age"]);
        }
        names.extend(wanted.labels.iter().map(String::as_str));
        for name in names {
            if let Some(coded) = Coded::read(frame, name)? {
                columns.push((name, coded));
            }
        }
        let combined = columns.iter().fold(Combined::none(frame.height()), |all, (_, column)| all.with(column));
        let class = |part: &Vec<u32>| {
            let get = |name: &str| {
                let at = columns.iter().position(|(column, _)| *column == name)?;
                columns.get(at)?.1.values.get(*part.get(at)? as usize)?.as_deref()
            };
            class_of(&get, &wanted.labels)
        };
        Ok(Self { class: combined.codes, classes: combined.parts.iter().map(class).collect() })
    }
}

/// Exact age from birth and test date where both are there, or from completed months; otherwise the age as it stands, a
/// whole one in the middle of its year.
fn class_of<'a>(get: &dyn Fn(&str) -> Option<&'a str>, labels: &[String]) -> Class {
    let date = |name| get(name).and_then(|text| text.get(..10)?.parse::<Date>().ok());
    let months = date("birth_date").zip(date("administered_on")).and_then(|(b, t)| age_in_months(b, t).ok());
    let months =
        months.or_else(|| get("age_months").and_then(|text| text.parse().ok()).filter(|months| *months < 1800));
    let years = get("age").and_then(|text| text.parse::<f64>().ok()).filter(|years| (0.0..150.0).contains(years));
    let exact_age = match (months, years) {
        (Some(months), _) => Some((f64::from(months) + 0.5) / 12.0),
        (None, Some(years)) if years.fract() == 0.0 => Some(years + 0.5),
        (None, years) => years,
    };
    Class {
        context: Context {
            sex: get("sex").and_then(Sex::parse),
            grade: get("grade").and_then(whole).filter(|grade| (1..=12).contains(grade)),
            age_months: months.or(years.map(|years| (years * 12.0) as u16)),
        },
        exact_age,
        labels: labels.iter().map(|name| (name.clone(), get(name).map(str::to_owned))).collect(),
    }
}

/// A whole number, also when it is written `7.0`.
fn whole(text: &str) -> Option<u8> {
    let value = text.parse::<f64>().ok()?;
    (value.fract() == 0.0 && (0.0..=255.0).contains(&value)).then_some(value as u8)
}

/// Raw scores of a column, NaN for a missing one; the row of the first that is not a number or infinite, if there is one.
pub(super) fn raw_scores(series: &Series) -> PolarsResult<Result<Vec<f64>, usize>> {
    let floats = series.cast(&DataType::Float64)?;
    let floats = floats.f64()?;
    let mut values: Vec<f64> = Vec::with_capacity(floats.len());
    for chunk in floats.downcast_iter() {
        let start = values.len();
        values.extend_from_slice(chunk.values());
        let own = values.get_mut(start..).unwrap_or_default();
        let bad = match chunk.validity() {
            None => own.iter().position(|value| !value.is_finite()),
            Some(valid) => {
                let mut bad = None;
                for (at, (value, valid)) in own.iter_mut().zip(valid.iter()).enumerate() {
                    if !valid {
                        *value = f64::NAN;
                    } else if !value.is_finite() && bad.is_none() {
                        bad = Some(at);
                    }
                }
                bad
            }
        };
        if let Some(at) = bad {
            return Ok(Err(start + at));
        }
    }
    Ok(Ok(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_norms_cannot_tell_apart_are_one_class() -> PolarsResult<()> {
        let frame = df![
            "sex" => [Some("男"), Some("male"), None, Some("f"), Some("男")],
            "grade" => [7.0, 7.0, 7.5, 8.0, 7.0],
            "birth_date" => [Some("2012-09-16"), None, None, Some("x"), Some("2012-09-16")],
            "administered_on" => ["2026-09-15", "2026-09-15", "2026-09-15", "2026-09-15", "2026-09-15"],
            "age" => [Some(3_i32), Some(13), None, Some(14), Some(3)],
        ]?;
        let wanted = Wanted { sex: true, grade: true, age: true, labels: Vec::new() };
        let people = People::read(&frame, &wanted)?;
        assert_eq!(people.class, [0, 1, 2, 3, 0]);
        let seen: Vec<_> =
            people.classes.iter().map(|c| (c.context.sex, c.context.grade, c.context.age_months)).collect();
        assert_eq!(seen[0], (Some(Sex::Male), Some(7), Some(167)));
        assert_eq!(seen[1], (Some(Sex::Male), Some(7), Some(156)));
        assert_eq!(seen[2], (None, None, None));
        assert_eq!(seen[3], (Some(Sex::Female), Some(8), Some(168)));
        assert_eq!(people.classes[1].exact_age, Some(13.5));
        Ok(())
    }

    #[test]
    fn null_is_missing_and_nan_is_refused() -> PolarsResult<()> {
        let column = Series::new("x".into(), [Some(1.0), None, Some(3.0)]);
        let values = raw_scores(&column)?.unwrap();
        assert!(values[1].is_nan() && values[2] == 3.0);
        assert_eq!(raw_scores(&Series::new("x".into(), [Some(1.0), None, Some(f64::NAN)]))?, Err(2));
        assert_eq!(raw_scores(&Series::new("x".into(), [1.0, f64::INFINITY]))?, Err(1));
        Ok(())
    }
}
