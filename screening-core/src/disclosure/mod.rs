//! Statistical disclosure control: the one step that every table and plot of counts passes before anybody outside sees it.
//!
//! A [`Population`] says how many people there are of each kind, a [`TableSpec`] which counts are to be shown, and
//! [`protect`] decides for all tables of a release together which counts are shown, which are *small* (primary
//! suppression) and which are *withheld* so that no small one can be worked out (complementary suppression).
//!
//! The rules and the proof are those of `docs/suppression.md`, in short:
//!
//! * a count below the threshold (10 by default) is shown as "<10"; by default that includes zero, unless nobody could be
//!   counted there at all. Where even this mark tells too much, all suppressed cells bear the same one;
//! * for every small cell there are two *possible worlds*: two other populations of whole people that give exactly the same
//!   release, cell for cell and mark for mark, and in which the cell differs by at least the protection width. The true
//!   count may be either, so no arithmetic over the published tables, linear or other, narrows it further. Where a cell tells
//!   something sensitive, the worlds keep the roster as it is: knowing who is in which class does not help;
//! * the proofs are checked again before the release is given. A cell without a proof refuses the whole release.
//!
//! Shares and means follow their counts ([`Shown::share_of`], [`Shown::figure`]).
//!
//! Willenborg & de Waal 2001, *Elements of Statistical Disclosure Control*; Fischetti & Salazar-Gonzalez 2001, Management
//! Science 47:1008 (protection by two feasible tables for each sensitive cell); Repsilber 2002 (hypercubes); Dalenius & Reiss
//! 1982, J Stat Plan Inference 6:73 (swaps leave margins alone).

mod cells;
mod engine;
mod error;
mod population;
mod protect;
mod rule;
mod search;
mod table;
#[cfg(test)]
mod tests;
mod world;

pub use error::DisclosureError;
pub use population::{Dimension, Population};
pub use protect::{Marks, ProtectedRelease, protect, protect_after};
pub use rule::{Rule, Zeros};
pub use table::{CellView, ProtectedTable, Shown, TableSpec};
