//! The server over real sockets: what it answers, what it refuses, what it takes in streams, and what it does not say in its
//! log.

mod arrow;
mod batch;
mod client;
mod district;
mod documents;
mod log;
mod operations;
mod refusals;
mod reload;
mod same;
mod score;
mod store;
