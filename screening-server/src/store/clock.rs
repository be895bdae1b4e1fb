//! The time of the store, which tests and drills can move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// The clock that lock-outs, expiries and retention go by: that of the system, plus what it was moved by.
///
/// ```
/// use std::time::Duration;
/// let clock = screening_server::Clock::default();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(3600));
/// assert!(clock.now() - before >= 3_600_000);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn now(&self) -> i64 {
        Timestamp::now().as_millisecond().saturating_add(self.0.load(Ordering::Relaxed))
    }

    /// Moves this clock, and every copy of it, forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

/// A time of the store as it stands in JSON: RFC 3339 in UTC.
pub(crate) fn shown(at: i64) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

/// [`shown`] of a time that may not be there.
pub(crate) fn shown_if(at: Option<i64>) -> Option<String> {
    at.map(shown)
}
