//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Semaphore;

use crate::catalogue::Definitions;
use crate::config::Limits;
use crate::guard::Gate;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::problem::{Problem, ProblemKind};
use crate::store::Store;

/// What all requests share.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Shared>);

/// The parts.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) definitions: Definitions,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) requests: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    /// What outlasts requests, when the server keeps anything.
    pub(crate) store: Option<Store>,
    /// Who scores without storing has to show a token too.
    pub(crate) scoring_needs_a_token: bool,
    pub(crate) gate: Gate,
    /// What goes on between requests.
    pub(crate) live: Live,
    /// The server takes nothing new.
    pub(crate) stopping: AtomicBool,
}

impl App {
    pub(crate) fn new(
        definitions: Definitions,
        limits: Limits,
        store: Option<Store>,
        scoring_needs_a_token: bool,
    ) -> Self {
        Self(Arc::new(Shared {
            store,
            scoring_needs_a_token,
            gate: Gate::new(&limits),
            live: Live::default(),
            definitions,
            limits,
            metrics: Metrics::default(),
            requests: Arc::new(Semaphore::new(limits.requests)),
            streams: Arc::new(Semaphore::new(limits.streams)),
            stopping: AtomicBool::new(false),
        }))
    }

    /// The store, or the problem that this server keeps none.
    pub(crate) fn store(&self) -> Result<&Store, Problem> {
        self.store.as_ref().ok_or_else(|| ProblemKind::NoStore.into())
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
