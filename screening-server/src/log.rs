//! The log: one JSON object a line on standard error. It holds no body, no query, no path that somebody asked for, and no
//! address.

use std::io;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

/// A subscriber that writes the log of the server to `writer`: for whoever embeds it, and for tests that read the log.
///
/// ```
/// let subscriber = screening_server::log_subscriber(std::io::stderr);
/// tracing::subscriber::with_default(subscriber, || tracing::info!(definitions = 3, "definitions are loaded again"));
/// ```
pub fn subscriber<W>(writer: W) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false).with_writer(writer);
    tracing_subscriber::registry().with(LevelFilter::INFO).with(layer)
}

/// Starts the log of the process, unless whoever embeds the server has one already; and makes a defect tell where it is, but
/// not what it was about: the message could hold a value.
pub(crate) fn start() {
    if tracing::subscriber::set_global_default(subscriber(io::stderr)).is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "a defect was met");
        }));
    }
}
