//! Tables of answers and matrices as the files of figures hold them.

mod cfa;
mod clustered;
mod correlation;
mod factors;
mod properties;
mod reliability;

use nalgebra::DMatrix;
use screening_core::psychometrics::Responses;
use serde_json::Value;

use crate::peers::Oracle;

/// Columns of a data set by their headings.
pub(crate) fn responses(oracle: &Oracle, file: &str, columns: &[String]) -> Responses {
    let (headings, data) = oracle.data(file);
    let chosen: Vec<Vec<Option<i64>>> = columns
        .iter()
        .map(|name| {
            let at = headings.iter().position(|heading| heading == name).unwrap_or_else(|| panic!("no column {name}"));
            data[at].iter().map(|code| (*code != -128).then_some(i64::from(*code))).collect()
        })
        .collect();
    Responses::from_columns(columns.iter().cloned(), &chosen).unwrap()
}

/// `<prefix><first>` to `<prefix><last>`.
pub(crate) fn numbered(prefix: &str, first: usize, last: usize) -> Vec<String> {
    (first..=last).map(|number| format!("{prefix}{number}")).collect()
}

/// The 25 items of the personality inventory, A1 to O5.
pub(crate) fn bfi25() -> Vec<String> {
    ["A", "C", "E", "N", "O"].iter().flat_map(|scale| numbered(scale, 1, 5)).collect()
}

/// A list of lists, bare or under `data`.
pub(crate) fn matrix(value: &Value) -> DMatrix<f64> {
    let rows = value.get("data").unwrap_or(value).as_array().unwrap();
    let width = rows[0].as_array().unwrap().len();
    let cells =
        rows.iter().flat_map(|row| row.as_array().unwrap().iter().map(|cell| cell.as_f64().unwrap_or(f64::NAN)));
    DMatrix::from_row_iterator(rows.len(), width, cells)
}

/// One figure.
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no figure"))
}

/// Largest difference of two matrices.
pub(crate) fn apart(own: &DMatrix<f64>, theirs: &DMatrix<f64>) -> f64 {
    assert_eq!(own.shape(), theirs.shape());
    (own - theirs).amax()
}

/// A figure within a tolerance, relative above 1.
pub(crate) fn close(what: &str, own: f64, theirs: f64, tolerance: f64) {
    assert!((own - theirs).abs() <= tolerance * theirs.abs().max(1.0), "{what}: {own} but {theirs}");
}

/// Columns of a data set that are no whole numbers.
pub(crate) fn decimals(oracle: &Oracle, file: &str, columns: &[String]) -> DMatrix<f64> {
    let text = oracle.text(file);
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let clean = |cell: &str| cell.trim_matches('"').to_owned();
    let headings: Vec<String> = lines.next().unwrap().split(',').map(clean).collect();
    let at: Vec<usize> = columns.iter().map(|name| headings.iter().position(|h| h == name).unwrap()).collect();
    let rows: Vec<Vec<String>> = lines.map(|line| line.split(',').map(clean).collect()).collect();
    DMatrix::from_fn(rows.len(), at.len(), |i, j| rows[i][at[j]].parse().unwrap_or(f64::NAN))
}
