//! What goes on between requests: saves of drafts, alerts on their way, jobs.

pub(crate) mod drafts;
mod escalation;
mod hub;
mod waves;
pub(crate) mod webhook;

use tokio::task::JoinHandle;

use crate::state::App;

use drafts::Drafts;
use hub::Hub;
use waves::Waves;

/// What requests and background tasks share.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) hub: Hub,
    pub(crate) waves: Waves,
    pub(crate) drafts: Drafts,
}

/// Starts the tasks of a server that has a store.
pub(crate) fn start(app: &App) -> Vec<JoinHandle<()>> {
    if app.store.is_none() {
        return Vec::new();
    }
    let mut tasks = vec![
        tokio::spawn(escalation::run(app.clone())),
        tokio::spawn(webhook::run(app.clone())),
        tokio::spawn(crate::jobs::work(app.clone())),
    ];
    tasks.extend(app.live.drafts.receiver().map(|receive| tokio::spawn(drafts::write(app.clone(), receive))));
    tasks
}
