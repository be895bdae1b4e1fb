//! The sockets: taking connections, serving them, and stopping without losing what was accepted.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::catalogue::{Definitions, LoadError, Reloaded};
use crate::config::Config;
use crate::routes::router;
use crate::state::App;
use crate::store::{Store, StoreError, accounts, retention};
use crate::tls::{Tls, TlsError};

/// Time between two runs of the retention rules.
const DAY: Duration = Duration::from_hours(24);
/// Longest head of a request, in bytes.
const HEAD: usize = 32 * 1024;

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Definitions cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Scoring is to be held to accounts, and there is no store to hold them.
    #[error("accounts need a store: give a data folder (--data DIR)")]
    NoStore,
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {source}; choose another address, or stop what listens there")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Cause.
        source: io::Error,
    },
    /// The operating system refuses what the server needs.
    #[error("the server cannot start: {0}")]
    System(#[from] io::Error),
}

/// A server that listens and does not answer yet.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use screening_server::{Config, Server};
/// let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
/// runtime.block_on(async {
///     let server = Server::bind(Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() }).await?;
///     assert_ne!(server.address().port(), 0);
///     let stop = server.stop();
///     let running = tokio::spawn(server.run());
///     stop.stop();
///     running.await?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: App,
    config: Config,
    stop: Stop,
    beside: Router,
    setup_code: Option<String>,
    tls: Option<Tls>,
}

/// Asks a server to stop.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Nothing new is taken from now on; what was accepted is finished.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    async fn asked(&self) {
        // The sender lives as long as this does, so the wait ends only when somebody asks.
        let mut receiver = self.0.subscribe();
        let _ = receiver.wait_for(|stop| *stop).await;
    }
}

impl Server {
    /// Loads the definitions and listens.
    ///
    /// # Errors
    /// When definitions are broken or the address is taken.
    pub async fn bind(config: Config) -> Result<Self, ServeError> {
        let folder = config.instruments.clone();
        let loading = tokio::task::spawn_blocking(move || Definitions::load(folder));
        let definitions = loading.await.map_err(io::Error::other)??;
        let tls = config.tls.as_ref().map(Tls::load).transpose()?;
        let wrong = |source| ServeError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(wrong)?;
        let address = listener.local_addr()?;
        if config.store.is_none() && config.scoring_needs_a_token() {
            return Err(ServeError::NoStore);
        }
        let store = match &config.store {
            Some(store) => Some(Store::open(store).await?),
            None => None,
        };
        let setup_code = match &store {
            Some(store) => accounts::setup_code(store).await?,
            None => None,
        };
        let app = App::new(definitions, config.limits, store, config.scoring_needs_a_token(), config.provider.clone());
        count(&app);
        Ok(Self {
            listener,
            address,
            app,
            config,
            stop: Stop(Arc::new(watch::Sender::new(false))),
            beside: Router::new(),
            setup_code,
            tls,
        })
    }

    /// Serves routes of an embedder beside those of the server, with the same log, figures and limits around them. They are
    /// not in the OpenAPI document.
    #[must_use]
    pub fn with_routes(self, beside: Router) -> Self {
        Self { beside, ..self }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The code for the first account, as long as a store has none: to be sent once to `POST /api/v1/setup`. A new one is made
    /// at every start.
    pub fn setup_code(&self) -> Option<&str> {
        self.setup_code.as_deref()
    }

    /// A handle that stops it.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Answers until it is asked to stop and everything that was accepted is finished, or the time for that is over.
    pub async fn run(self) {
        let router = router(&self.app, self.beside);
        let connections = Arc::new(Semaphore::new(self.config.limits.connections));
        let graceful = GracefulShutdown::new();
        let reloading = self.config.reload.filter(|_| self.config.instruments.is_some());
        let watching = reloading.map(|every| tokio::spawn(keep_looking(self.app.clone(), every)));
        let deleting = self.app.store.clone().map(|store| tokio::spawn(delete_daily(store)));
        let working = crate::live::start(&self.app);
        let hanging_up = tokio::spawn(on_hangup(self.app.clone(), self.tls.clone()));
        tracing::info!(address = %self.address, "listening");
        loop {
            let taken = tokio::select! {
                () = self.stop.asked() => break,
                taken = take(&self.listener, &connections) => taken,
            };
            let (socket, permit) = match taken {
                Ok(taken) => taken,
                Err(error) => {
                    // The process is out of descriptors or memory, or the caller is gone already: the next may go well.
                    tracing::warn!(error = %error, "a connection was not taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let held = (permit, self.app.metrics.connection());
            let (router, idle, watcher) = (router.clone(), self.config.limits.idle, graceful.watcher());
            match &self.tls {
                None => tokio::spawn(served(socket, router, idle, watcher, held)),
                Some(tls) => {
                    let shaken = tokio::time::timeout(idle, tls.acceptor().accept(socket));
                    tokio::spawn(async move {
                        // Who does not speak TLS, or stops in the middle of it, is hung up on.
                        if let Ok(Ok(socket)) = shaken.await {
                            served(socket, router, idle, watcher, held).await;
                        }
                    })
                }
            };
        }
        self.app.stopping.store(true, Ordering::Relaxed);
        self.app.live.hub.end();
        drop(self.listener);
        tracing::info!("stopping");
        let finished = tokio::time::timeout(self.config.grace, graceful.shutdown()).await.is_ok();
        watching.into_iter().chain(deleting).chain([hanging_up]).chain(working).for_each(|task| task.abort());
        if let Some(store) = &self.app.store {
            store.close().await;
        }
        if finished {
            tracing::info!("stopped");
        } else {
            tracing::warn!("stopped before everything was finished");
        }
    }
}

/// The next connection, when there may be another one.
async fn take(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = connections.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (socket, _) = listener.accept().await?;
    socket.set_nodelay(true)?;
    Ok((socket, permit))
}

/// Serves one connection to its end; what is held is counted until then.
async fn served<S, H>(socket: S, router: Router, idle: Duration, watcher: Watcher, held: H)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router));
    // A caller who hangs up is nothing to tell.
    let _ = watcher.watch(connection).await;
    drop(held);
}

/// Deletes what the retention rules make due, every day.
async fn delete_daily(store: Store) {
    let mut days = tokio::time::interval(DAY);
    days.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick is at once: not in the middle of a start.
    days.tick().await;
    loop {
        days.tick().await;
        let deleted = match retention::run(&store).await {
            Ok(deleted) => crate::jobs::files::sweep(&store).await.map(|()| deleted),
            Err(error) => Err(error),
        };
        match deleted {
            Ok(deleted) => {
                let (rows, pupils) = deleted.iter().fold((0, 0), |sum, of| (sum.0 + of.rows, sum.1 + of.pupils));
                tracing::info!(rows, pupils, "retention rules were applied");
            }
            Err(error) => tracing::error!(error = %error, "retention rules were not applied"),
        }
    }
}

/// Looks at the folder again and again.
async fn keep_looking(app: App, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        reload(&app, Definitions::reload_if_changed).await;
    }
}

/// Loads definitions, certificate and keys again whenever the process is told to (SIGHUP).
async fn on_hangup(app: App, tls: Option<Tls>) {
    let Ok(mut signals) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else { return };
    while signals.recv().await.is_some() {
        reload(&app, Definitions::reload).await;
        match tls.as_ref().map(Tls::reload) {
            Some(Err(error)) => {
                tracing::error!(error = %error, "the certificate is not loaded again; the last one stays")
            }
            Some(Ok(())) => tracing::info!("the certificate is loaded again"),
            None => {}
        }
        match app.store.as_ref().map(|store| store.vault().reload()) {
            Some(Err(error)) => tracing::error!(error = %error, "the keys are not loaded again; the last ones stay"),
            Some(Ok(())) => tracing::info!("the keys are loaded again"),
            None => {}
        }
    }
}

async fn reload(app: &App, how: fn(&Definitions) -> Result<Reloaded, LoadError>) {
    let shared = app.clone();
    let done = tokio::task::spawn_blocking(move || how(&shared.definitions)).await;
    match done {
        Ok(Ok(Reloaded::Unchanged)) => {}
        Ok(Ok(Reloaded::Done { definitions })) => {
            app.metrics.reloaded(true);
            count(app);
            tracing::info!(definitions, "definitions are loaded again");
        }
        Ok(Err(error)) => {
            app.metrics.reloaded(false);
            tracing::error!(error = %error, "definitions are not loaded again; the last ones stay in use");
        }
        Err(_) => app.metrics.reloaded(false),
    }
}

fn count(app: &App) {
    let now = app.definitions.now();
    app.metrics.definitions(now.instruments.len() + now.policies.len() + now.norms.len() + now.plans.len());
}

/// Serves until the process is asked to end (SIGTERM or SIGINT). This is `screening serve`.
///
/// # Errors
/// When definitions are broken, the address is taken, or the system refuses what the server needs.
pub fn serve(config: Config) -> Result<(), ServeError> {
    crate::log::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Server::bind(config).await?;
        if let Some(code) = server.setup_code() {
            // On the terminal and not in the log: logs are kept, and read by many.
            eprintln!("no account yet; the code for POST /api/v1/setup is {code}");
        }
        let stop = server.stop();
        let asked = asked_to_end()?;
        tokio::spawn(async move {
            asked.await;
            stop.stop();
        });
        server.run().await;
        Ok(())
    })
}

/// Ends when the process is asked to end.
fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
