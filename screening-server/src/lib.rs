//! Scoring over HTTP.
//!
//! The server is thin: it reads a request strictly, calls the engine, and writes what the engine says. It scores one sheet,
//! a battery with norms, a validity plan and a policy, or a stream of any length, and stores nothing of it. With a data folder
//! it has a store: organisations, accounts, pupils by pseudonym and, apart from them, encrypted identities, held to scopes and
//! told in an audit log.
//!
//! ```no_run
//! use screening_server::{Config, serve};
//! serve(Config::default())?;
//! # Ok::<(), screening_server::ServeError>(())
//! ```
//!
//! # Floors
//!
//! A module uses what stands below it in this list, never what stands above: `net`, `operations`, `routes`, `guard`, `middleware`, `answer`, `order`,
//! `provider`, `store`, `catalogue`, `problem`, `json`, `language`, `metrics`, `config`.

mod answer;
mod catalogue;
mod config;
mod guard;
mod jobs;
mod json;
mod language;
mod live;
mod log;
mod metrics;
mod middleware;
mod net;
mod openapi;
pub mod operations;
mod order;
mod problem;
mod provider;
mod push;
mod routes;
mod state;
mod store;
mod tls;
mod wave;

pub use catalogue::LoadError;
pub use config::{Config, Limits, Scoring};
pub use log::subscriber as log_subscriber;
pub use net::{ServeError, Server, Stop, serve};
pub use openapi::document as openapi_document;
pub use problem::ProblemKind;
pub use provider::IdentityProvider;
pub use routes::reference as problem_reference;
pub use store::{AuditFault, Clock, Deleted, KeySource, Manifest, Rotated, StoreConfig, StoreError, Verified};
pub use tls::{TlsError, TlsFiles};
