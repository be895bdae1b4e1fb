//! A unit of work: a transaction, whoever does it, and what the audit log will say about it.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use sqlx::{Any, AnyConnection, Transaction};
use tokio::sync::OwnedMutexGuard;

use super::audit::{self, Entry};
use super::caller::Caller;
use super::error::StoreError;
use super::roles::Permission;
use super::{Store, repeated};

/// A transaction with its caller. What is not committed did not happen, and nothing that was read in it may be handed out
/// before: the entry in the audit log and the work are committed together.
#[derive(Debug)]
pub(crate) struct Work {
    store: Store,
    transaction: Transaction<'static, Any>,
    caller: Caller,
    action: &'static str,
    entries: Vec<Entry>,
    /// In SQLite, the turn to write.
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Work {
    pub(super) fn new(
        store: Store,
        transaction: Transaction<'static, Any>,
        caller: Caller,
        action: &'static str,
        turn: Option<OwnedMutexGuard<()>>,
    ) -> Self {
        Self { store, transaction, caller, action, entries: Vec::new(), _turn: turn }
    }

    /// The connection, for queries of repositories.
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Id of the organisation that the caller is held to: `$1` of every query with `in_scope!`.
    pub(crate) fn scope(&self) -> String {
        self.caller.scope.id().to_owned()
    }

    /// Now, in milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.store.clock().now()
    }

    /// The caller may do it, or this is refused.
    pub(crate) fn require(&self, permission: Permission) -> Result<(), StoreError> {
        if self.caller.may(permission) { Ok(()) } else { Err(StoreError::forbidden(permission)) }
    }

    /// The caller has given a second factor a moment ago, or this is refused. The server itself needs none.
    pub(crate) fn require_step_up(&self) -> Result<(), StoreError> {
        let system = matches!(self.caller.holder, super::caller::Holder::System(_));
        let fresh = self.caller.step_up_until.is_some_and(|until| until > self.now());
        if system || fresh { Ok(()) } else { Err(StoreError::StepUp) }
    }

    /// From now on the work is about this district: for what is begun before it is known which.
    pub(crate) fn within(&mut self, district_id: &str) {
        district_id.clone_into(&mut self.caller.district_id);
        for entry in self.entries.iter_mut().filter(|entry| entry.district_id.is_empty()) {
            district_id.clone_into(&mut entry.district_id);
        }
    }

    /// Says in the audit log what is done to whom: `what` is for example `pupil.read`. Neither a name nor an answer belongs
    /// into `detail`.
    pub(crate) fn note(&mut self, what: &str, subject: &str, detail: impl Into<String>) {
        let entry = Entry {
            seq: 0,
            at: self.now(),
            actor: self.caller.name(),
            role: self.caller.role.id().to_owned(),
            district_id: self.caller.district_id.clone(),
            scope: format!("{}:{}", self.caller.scope.kind(), self.caller.scope.id()),
            work: self.action.to_owned(),
            action: what.to_owned(),
            subject: subject.to_owned(),
            detail: detail.into(),
            request_id: self.caller.request_id.clone(),
            hash: Vec::new(),
        };
        self.entries.push(entry);
    }

    /// Ends what only looked things up, and gives what it noted.
    pub(crate) async fn noted(self) -> Result<Vec<Entry>, StoreError> {
        self.transaction.rollback().await?;
        Ok(self.entries)
    }

    /// Says in the audit log what was looked up for this work.
    pub(crate) fn adopt(&mut self, noted: Vec<Entry>) {
        self.entries.extend(noted);
    }

    /// Appends the entries to the audit log and commits everything in one transaction.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        if self.entries.is_empty() {
            return Ok(self.transaction.commit().await?);
        }
        let engine = self.store.engine();
        let vault = self.store.vault().clone();
        let head = audit::append(&mut self.transaction, engine, &vault, &mut self.entries).await?;
        self.transaction.commit().await?;
        // The work is done: a head that could not be noted is told, and noted with the next entry.
        if let Err(error) = self.store.witness().note(&head) {
            tracing::error!(error = %error, "the head of the audit log was not noted");
        }
        Ok(())
    }

    /// Commits, and answers with JSON. When the request may be repeated, the answer is kept in the same transaction: the
    /// repetition is answered with the same bytes, and the work is done once.
    pub(crate) async fn answer(mut self, status: StatusCode, body: &impl Serialize) -> Result<Response, StoreError> {
        // Values of this program: there is nothing that could not be written.
        let bytes = serde_json::to_vec(body).unwrap_or_default();
        if self.caller.repeatable.is_some() {
            repeated::keep(&mut self, status, &bytes).await?;
        }
        self.commit().await?;
        Ok(repeated::response(status, bytes))
    }
}
