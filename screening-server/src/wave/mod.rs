//! One wave of a district: its definition, what it rests on, the sheets that are handed in, and the frames of the engine.

mod definition;
mod frames;
mod handed_in;
mod prepared;

pub(crate) use definition::{Definition, Duty, Frozen, Source};
pub(crate) use frames::{ReadSheet, StoredSheet, batches, rows};
pub(crate) use handed_in::{Critical, HandedIn, Whose, critical, hash, order};
pub(crate) use prepared::Prepared;
