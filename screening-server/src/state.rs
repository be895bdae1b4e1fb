//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Semaphore;

use crate::catalogue::Definitions;
use crate::config::Limits;
use crate::metrics::Metrics;

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
    /// The server takes nothing new.
    pub(crate) stopping: AtomicBool,
}

impl App {
    pub(crate) fn new(definitions: Definitions, limits: Limits) -> Self {
        Self(Arc::new(Shared {
            definitions,
            limits,
            metrics: Metrics::default(),
            requests: Arc::new(Semaphore::new(limits.requests)),
            streams: Arc::new(Semaphore::new(limits.streams)),
            stopping: AtomicBool::new(false),
        }))
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
