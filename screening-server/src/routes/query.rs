//! The parameters of a query, none unknown and none twice.

use axum::http::Uri;

use crate::order::shown;
use crate::problem::{Fault, Problem, ProblemKind};

/// The parameters of a query.
#[derive(Debug)]
pub(super) struct Query {
    values: Vec<(String, String)>,
    allowed: &'static [&'static str],
}

impl Query {
    pub(super) fn read(uri: &Uri, allowed: &'static [&'static str]) -> Result<Self, Problem> {
        let mut query = Self { values: Vec::new(), allowed };
        for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !allowed.contains(&key.as_ref()) || query.get(&key).is_some() {
                return Err(query.refuse(&key));
            }
            query.values.push((key.into_owned(), value.into_owned()));
        }
        Ok(query)
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The value of a key, read; an error when it cannot be.
    pub(super) fn parsed<T>(&self, key: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        self.get(key).map(|value| read(value).ok_or_else(|| self.refuse(key))).transpose()
    }

    /// The problem that a key is unknown, comes twice, is needed, or cannot be read.
    pub(super) fn refuse(&self, key: &str) -> Problem {
        let allowed = if self.allowed.is_empty() { "-".to_owned() } else { self.allowed.join(", ") };
        Fault::new(ProblemKind::InvalidQuery).with("key", shown(key)).with("allowed", allowed).into()
    }
}
