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
use crate::provider::{IdentityProvider, Provider};
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
    /// Where accounts may sign in beside the log-in of this server.
    provider: Option<Arc<Provider>>,
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
        provider: Option<IdentityProvider>,
    ) -> Self {
        Self(Arc::new(Shared {
            store,
            provider: provider.map(|provider| Arc::new(Provider::new(provider))),
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

    /// The identity provider, or the problem that there is none.
    pub(crate) fn provider(&self) -> Result<&Arc<Provider>, Problem> {
        self.provider.as_ref().ok_or_else(|| ProblemKind::NoProvider.into())
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
