//! Which derived scores the cells of a scale can give.

use super::model::{NormCellDef, TableT};
use super::set::NormSet;

/// Which derived scores some cell of a scale can give.
pub(super) struct Gives {
    pub(super) linear: bool,
    pub(super) t: bool,
    pub(super) percentile: bool,
    pub(super) normalised: bool,
    pub(super) limits: bool,
    pub(super) interval: bool,
}

impl Gives {
    pub(super) fn of(set: &NormSet, scale: &str) -> Self {
        let any = |test: &dyn Fn(&NormCellDef) -> bool| set.cells_of(scale).any(test);
        let linear_table = set.scale(scale).is_some_and(|scale| scale.table_t == TableT::Linear);
        let linear = any(&|cell| cell.mean.is_some());
        let table_t = any(&|cell| cell.table.as_ref().is_some_and(|table| !table.t.is_empty()));
        let model = any(&|cell| cell.model.is_some());
        Self {
            linear,
            t: linear || (linear_table && table_t),
            percentile: model || any(&|cell| cell.table.as_ref().is_some_and(|table| !table.percentile.is_empty())),
            normalised: model || (table_t && !linear_table),
            limits: model || table_t,
            interval: set.scale(scale).is_some_and(|scale| scale.reliability.is_some()),
        }
    }
}

impl NormSet {
    /// Whether some cell of a scale can give a derived score: `z`, `t`, `percentile`, `t_normalised`, `stanine` or `sten`.
    ///
    /// ```
    /// use screening_core::norms::NormSet;
    /// let set = NormSet::bundled("cdi-zh-chongqing-2020").expect("bundled")?;
    /// assert!(set.gives("cdi-zh.total", "t") && !set.gives("cdi-zh.total", "percentile"));
    /// # Ok::<(), screening_core::instrument::Diagnostics>(())
    /// ```
    pub fn gives(&self, scale: &str, derived: &str) -> bool {
        let gives = Gives::of(self, scale);
        match derived {
            "z" => gives.linear,
            "t" => gives.t,
            "percentile" => gives.percentile,
            "t_normalised" => gives.normalised,
            "stanine" | "sten" => gives.linear || gives.t || gives.percentile || gives.normalised,
            _ => false,
        }
    }
}
