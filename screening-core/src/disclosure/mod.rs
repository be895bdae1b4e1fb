//! Statistical disclosure control: the one step that every table and plot of counts passes before anybody outside sees it.
//!
//! A [`Population`] says how many people there are of each kind, a [`TableSpec`] which counts are to be shown, and
//! [`protect`] decides for all tables of a release together which counts are shown, which are *small* (primary
//! suppression) and which are *withheld* so that no small one can be worked out (complementary suppression).
//!
//! The rules and the proof are those of `docs/suppression.md`, in short:
//!
//! * counts of what everybody knows (how many girls are in grade 7 of a school) are shown; the reader is taken to know them;
//! * a count below the threshold (10 by default) of anything sensitive is shown as "<10"; by default that includes zero, unless
//!   nobody could be counted there at all. Where this mark tells too much, the cell bears the mark of withheld ones;
//! * for every small cell there are two *possible worlds*: two other populations of whole people that give exactly the same
//!   release, cell for cell and mark for mark, and in which the cell differs by at least the protection width. The true
//!   count may be either, so no arithmetic over the published tables, linear or other, narrows it further. The worlds keep
//!   the roster as it is: knowing who is in which class does not help;
//! * the proofs are checked again before the release is given. A cell without a proof refuses the whole release.
//!
//! Tables about different sensitive dimensions share nothing but the roster, which no world changes. So the release falls
//! apart into independent components, one for the sensitive dimensions that stand in one table, and each is protected by
//! itself, the widest groups first.
//!
//! Shares and means follow their counts ([`Shown::share_of`], [`Shown::figure`]).
//!
//! Willenborg & de Waal 2001, *Elements of Statistical Disclosure Control*; Fischetti & Salazar-Gonzalez 2001, Management
//! Science 47:1008 (protection by two feasible tables for each sensitive cell); Repsilber 2002 (hypercubes); Dalenius & Reiss
//! 1982, J Stat Plan Inference 6:73 (swaps leave margins alone).

mod cells;
mod component;
mod coordinates;
mod error;
mod population;
mod proof;
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
