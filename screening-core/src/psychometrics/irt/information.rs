//! How precisely a test measures, theta by theta.

use serde::Serialize;

use super::{IrtError, ItemBank};

/// One theta.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct InformationRow {
    /// Where.
    pub theta: f64,
    /// Sum of the items' Fisher information.
    pub information: f64,
    /// `1 / sqrt(information)`: the error of a maximum likelihood estimate here.
    pub se: f64,
    /// Expected sum of the keyed categories, counted from 0.
    pub expected_sum: f64,
}

/// Information, error and expected sum of a test over a range of theta.
///
/// ```
/// use screening_core::psychometrics::irt::{BankItem, ItemBank, TestInformation};
/// use screening_core::stats::ItemParameters;
/// let item = |name| BankItem::new(name, 0, ItemParameters::Graded { a: 2.0, b: vec![0.0] });
/// let found = TestInformation::of(&ItemBank::new(vec![item("1"), item("2")])?, -1.0, 1.0, 5)?;
/// // Two items with a^2 P (1 - P) = 1 each at their difficulty.
/// assert!((found.rows[2].information - 2.0).abs() < 1e-12);
/// assert!((found.rows[2].se - 0.5_f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), screening_core::psychometrics::irt::IrtError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestInformation {
    /// From the lowest theta to the highest.
    pub rows: Vec<InformationRow>,
}

impl TestInformation {
    /// `count` thetas from `low` to `high`.
    ///
    /// # Errors
    /// Fewer than 5 or more than 2001 thetas, or ends that are not finite and ascending.
    pub fn of(bank: &ItemBank, low: f64, high: f64, count: usize) -> Result<Self, IrtError> {
        let grid = super::Quadrature::new(count, low, high)?;
        let row = |theta: f64| {
            let information = bank.information(theta);
            let se = information.sqrt().recip();
            InformationRow { theta, information, se, expected_sum: bank.expected_sum(theta) }
        };
        Ok(Self { rows: grid.nodes().into_iter().map(row).collect() })
    }
}
