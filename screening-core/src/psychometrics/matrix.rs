//! A matrix with names, as results carry it.

use std::fmt;

use nalgebra::DMatrix;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::EstimationError;

/// A matrix whose rows and columns have names. It prints as a table and serialises as `rows`, `columns` and `values` (row
/// by row; what is not a number becomes null).
///
/// ```
/// use nalgebra::dmatrix;
/// use screening_core::psychometrics::NamedMatrix;
///
/// let matrix = NamedMatrix::new(["a", "b"], ["g"], dmatrix![0.5; -0.25])?;
/// assert_eq!(matrix.to_string(), "         g\na    0.500\nb   -0.250\n");
/// assert_eq!(serde_json::to_string(&matrix)?, r#"{"rows":["a","b"],"columns":["g"],"values":[[0.5],[-0.25]]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NamedMatrix {
    rows: Vec<String>,
    columns: Vec<String>,
    values: DMatrix<f64>,
}

impl NamedMatrix {
    /// Names for a matrix.
    ///
    /// # Errors
    /// When their numbers are not those of its rows and columns.
    pub fn new<R: Into<String>, C: Into<String>>(
        rows: impl IntoIterator<Item = R>,
        columns: impl IntoIterator<Item = C>,
        values: DMatrix<f64>,
    ) -> Result<Self, EstimationError> {
        let rows: Vec<String> = rows.into_iter().map(Into::into).collect();
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        if values.shape() != (rows.len(), columns.len()) {
            return Err(EstimationError::Shape {
                what: "a named matrix",
                expected: format!("{} x {}", rows.len(), columns.len()),
                found: format!("{} x {}", values.nrows(), values.ncols()),
            });
        }
        Ok(Self { rows, columns, values })
    }

    /// For names and values that were made together.
    pub(crate) fn of(rows: &[String], columns: &[String], values: DMatrix<f64>) -> Self {
        debug_assert_eq!(values.shape(), (rows.len(), columns.len()));
        Self { rows: rows.to_vec(), columns: columns.to_vec(), values }
    }

    /// A square matrix with the same names for rows and columns.
    pub(crate) fn square(names: &[String], values: DMatrix<f64>) -> Self {
        Self::of(names, names, values)
    }

    /// Names of the rows.
    pub fn rows(&self) -> &[String] {
        &self.rows
    }

    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The values.
    pub fn values(&self) -> &DMatrix<f64> {
        &self.values
    }

    /// One value by the names of its row and column.
    pub fn get(&self, row: &str, column: &str) -> Option<f64> {
        let row = self.rows.iter().position(|name| name == row)?;
        let column = self.columns.iter().position(|name| name == column)?;
        Some(self.values[(row, column)])
    }
}

impl Serialize for NamedMatrix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values: Vec<Vec<f64>> = self.values.row_iter().map(|row| row.iter().copied().collect()).collect();
        let mut state = serializer.serialize_struct("NamedMatrix", 3)?;
        state.serialize_field("rows", &self.rows)?;
        state.serialize_field("columns", &self.columns)?;
        state.serialize_field("values", &values)?;
        state.end()
    }
}

impl fmt::Display for NamedMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells =
            self.values.row_iter().map(|row| row.iter().map(|value| figure(*value)).collect()).collect::<Vec<_>>();
        table(f, &self.rows, &self.columns, &cells)
    }
}

/// A figure with three decimals, a point for none.
pub(crate) fn figure(value: f64) -> String {
    if value.is_nan() { ".".to_owned() } else { format!("{value:.3}") }
}

/// Rows of cells under their headings: names to the left, figures to the right.
fn table(f: &mut fmt::Formatter<'_>, rows: &[String], columns: &[String], cells: &[Vec<String>]) -> fmt::Result {
    let wide = |text: &String| text.chars().count();
    let first = rows.iter().map(wide).max().unwrap_or(0);
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, name)| cells.iter().filter_map(|row| row.get(at)).map(wide).chain([wide(name)]).max().unwrap_or(0))
        .collect();
    let line = |f: &mut fmt::Formatter<'_>, name: &str, cells: &[String]| {
        write!(f, "{name:<first$}")?;
        for (cell, width) in cells.iter().zip(&widths) {
            write!(f, "   {cell:>width$}")?;
        }
        writeln!(f)
    };
    line(f, "", columns)?;
    rows.iter().zip(cells).try_for_each(|(name, row)| line(f, name, row))
}
