//! Figures for Prometheus: how many, how long, and nothing about anybody.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Media type of [`Metrics::text`].
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper ends in seconds: a score is a matter of a fraction of a millisecond.
const SECONDS: [f64; 12] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

/// One kind of request. The route is the pattern, never the path that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    version: String,
}

/// All figures.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Asked, Counter>,
    seconds: Family<Route, Histogram>,
    in_flight: Gauge,
    connections: Gauge,
    lines: Family<Outcome, Counter>,
    reloads: Family<Outcome, Counter>,
    definitions: Gauge,
    panics: Counter<u64, AtomicU64>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("screening");
        let requests = Family::<Asked, Counter>::default();
        let seconds = Family::<Route, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let (in_flight, connections, definitions) = (Gauge::default(), Gauge::default(), Gauge::default());
        let (lines, reloads) = (Family::default(), Family::default());
        let panics = Counter::<u64, AtomicU64>::default();
        let build = Family::<Version, Gauge>::default();
        build.get_or_create(&Version { version: screening_core::scoring::ENGINE_VERSION.to_owned() }).set(1);
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register_with_unit("http_request_duration", "Time to answer", Unit::Seconds, seconds.clone());
        registry.register("http_in_flight", "Requests being answered", in_flight.clone());
        registry.register("connections", "Open connections", connections.clone());
        registry.register("stream_lines", "Lines of streams", lines.clone());
        registry.register("definition_reloads", "Attempts to load definitions again", reloads.clone());
        registry.register(
            "definitions",
            "Definitions that can be scored with, every version counted",
            definitions.clone(),
        );
        registry.register("panics", "Defects that were caught", panics.clone());
        registry.register("build", "The engine", build);
        Self { registry, requests, seconds, in_flight, connections, lines, reloads, definitions, panics }
    }
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let asked = Asked { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&asked).inc();
        self.seconds.get_or_create(&Route { route: route.to_owned() }).observe(seconds);
    }

    /// Lines of streams were answered.
    pub(crate) fn lines(&self, scored: u64, refused: u64) {
        self.lines.get_or_create(&Outcome { outcome: "scored".to_owned() }).inc_by(scored);
        self.lines.get_or_create(&Outcome { outcome: "refused".to_owned() }).inc_by(refused);
    }

    /// Definitions were loaded again, or could not be.
    pub(crate) fn reloaded(&self, went_well: bool) {
        let outcome = if went_well { "done" } else { "refused" };
        self.reloads.get_or_create(&Outcome { outcome: outcome.to_owned() }).inc();
    }

    pub(crate) fn definitions(&self, count: usize) {
        self.definitions.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }

    /// Counts something for as long as the guard lives.
    pub(crate) fn in_flight(&self) -> Counted {
        Counted::new(&self.in_flight)
    }

    pub(crate) fn connection(&self) -> Counted {
        Counted::new(&self.connections)
    }

    /// Everything in the text form of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(8192);
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// One more in a gauge, until it is dropped.
pub(crate) struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
