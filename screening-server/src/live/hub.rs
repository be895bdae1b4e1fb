//! Who waits for news: streams of alerts, the sender of webhooks, the runner of jobs. What the news are stands in the store; here
//! is only told that there are some.

use tokio::sync::watch;

/// Tells that there are news.
#[derive(Debug)]
pub(crate) struct Hub {
    alerts: watch::Sender<u64>,
    jobs: watch::Sender<u64>,
    ending: watch::Sender<bool>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { alerts: watch::Sender::new(0), jobs: watch::Sender::new(0), ending: watch::Sender::new(false) }
    }
}

impl Hub {
    /// There is a new event of an alert.
    pub(crate) fn alert(&self) {
        self.alerts.send_modify(|count| *count += 1);
    }

    /// A job was queued, went on, or ended.
    pub(crate) fn job(&self) {
        self.jobs.send_modify(|count| *count += 1);
    }

    /// The server ends: streams end too.
    pub(crate) fn end(&self) {
        self.ending.send_replace(true);
    }

    pub(crate) fn alerts(&self) -> watch::Receiver<u64> {
        self.alerts.subscribe()
    }

    pub(crate) fn jobs(&self) -> watch::Receiver<u64> {
        self.jobs.subscribe()
    }

    /// Ends when the server ends.
    pub(crate) async fn ended(&self) {
        let mut ending = self.ending.subscribe();
        // The sender lives as long as this does.
        let _ = ending.wait_for(|ending| *ending).await;
    }
}
