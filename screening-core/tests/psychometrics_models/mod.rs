//! One module a family of methods.

mod cat;
mod dif;
mod fit;
mod irt;
mod roc;

use screening_core::psychometrics::Responses;
use serde_json::Value;

use super::peers::Oracle;

/// Columns of a data set as a table of answers.
pub(crate) fn table(names: &[String], columns: &[Vec<i16>]) -> Responses {
    let columns: Vec<Vec<Option<i64>>> = columns
        .iter()
        .map(|column| column.iter().map(|code| (*code != -128).then_some(i64::from(*code))).collect())
        .collect();
    Responses::from_columns(names.to_vec(), &columns).unwrap()
}

/// The first items `<prefix>1`, ... of a data set.
pub(crate) fn items(oracle: &Oracle, file: &str, prefix: &str, count: usize) -> Responses {
    let columns: Vec<_> = oracle.items(file, prefix).into_iter().take(count).collect();
    let names: Vec<String> = (1..=count).map(|number| format!("{prefix}{number}")).collect();
    table(&names, &columns)
}

/// Rows of a matrix of figures.
pub(crate) fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(super::peers::figures).collect()
}

/// Two figures agree, absolutely below 1 and relatively above.
pub(crate) fn close(what: &str, own: f64, theirs: f64, tolerance: f64) {
    assert!((own - theirs).abs() <= tolerance * theirs.abs().max(1.0), "{what}: {own} but {theirs}");
}
