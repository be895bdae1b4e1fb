//! Numbers and lists as JSON shows them.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A score: whole numbers without a point, what has no value as null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure(pub(crate) f64);

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0;
        if value.fract() == 0.0 && value.abs() < 9e15 {
            serializer.serialize_i64(value as i64)
        } else if value.is_finite() {
            serializer.serialize_f64(value)
        } else {
            serializer.serialize_unit()
        }
    }
}

/// An object whose keys come in this order.
#[derive(Debug)]
pub(crate) struct Entries<'a, T>(pub(crate) Vec<(&'a str, T)>);

impl<T: Serialize> Serialize for Entries<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_look_like_the_scores_they_are() {
        let shown = [10.0, 0.1, -3.0, f64::NAN, f64::INFINITY].map(Figure);
        assert_eq!(serde_json::to_string(&shown).unwrap(), "[10,0.1,-3,null,null]");
    }
}
