//! Where alerts are sent, and what is still to be sent.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::vault::Place;
use super::{PAGE, Permission, Work, new_id, organisations, shown, shown_if};

/// An address that alerts of an organisation are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) organisation: String,
    pub(crate) url: String,
    pub(crate) created_by: String,
    pub(crate) created_at: String,
    pub(crate) disabled_at: Option<String>,
}

impl Webhook {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            organisation: row.try_get("organisation_id")?,
            url: row.try_get("url")?,
            created_by: row.try_get("created_by")?,
            created_at: shown(row.try_get("created_at")?),
            disabled_at: shown_if(row.try_get("disabled_at")?),
        })
    }
}

fn place(id: &str) -> Place<'_> {
    Place { table: "webhook", column: "secret", row: id }
}

/// Adds an address for an organisation within the scope. The secret is shown by whoever made it, once.
pub(crate) async fn add(work: &mut Work, organisation: &str, url: &str, secret: &str) -> Result<Webhook, StoreError> {
    work.require(Permission::AlertsWrite)?;
    let organisation = organisations::get(work, organisation).await?;
    let id = new_id();
    let vault = work.store().vault().clone();
    let key_id = vault.current();
    let sealed = vault.seal(place(&id), &key_id, secret.as_bytes())?;
    let (now, by) = (work.now(), work.caller().name());
    let query = sqlx::query(
        "INSERT INTO webhook (id, district_id, organisation_id, url, key_id, secret, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let query = query.bind(&id).bind(&organisation.district_id).bind(&organisation.id).bind(url).bind(&key_id);
    query.bind(sealed).bind(by).bind(now).execute(work.connection()).await?;
    work.note("webhook.add", &id, &organisation.id);
    find(work, &id).await
}

async fn find(work: &mut Work, id: &str) -> Result<Webhook, StoreError> {
    let query = sqlx::query("SELECT * FROM webhook WHERE id = $1").bind(id);
    let row = query.fetch_optional(work.connection()).await?.ok_or(StoreError::Missing("what-webhook"))?;
    let webhook = Webhook::read(&row)?;
    // The scope is that of its organisation.
    organisations::get(work, &webhook.organisation).await.map_err(|_| StoreError::Missing("what-webhook"))?;
    Ok(webhook)
}

/// Addresses within the scope.
pub(crate) async fn list(work: &mut Work) -> Result<Vec<Webhook>, StoreError> {
    work.require(Permission::AlertsWrite)?;
    let query = sqlx::query(
        "SELECT w.* FROM webhook w JOIN organisation o ON o.id = w.organisation_id
         WHERE ($1 = o.district_id OR $1 = o.school_id OR $1 = o.class_id) ORDER BY w.id",
    );
    let rows = query.bind(work.scope()).fetch_all(work.connection()).await?;
    Ok(rows.iter().map(Webhook::read).collect::<Result<_, _>>()?)
}

/// Nothing more is sent to an address.
pub(crate) async fn disable(work: &mut Work, id: &str) -> Result<Webhook, StoreError> {
    work.require(Permission::AlertsWrite)?;
    find(work, id).await?;
    let query = sqlx::query("UPDATE webhook SET disabled_at = COALESCE(disabled_at, $1) WHERE id = $2");
    let now = work.now();
    query.bind(now).bind(id).execute(work.connection()).await?;
    work.note("webhook.disable", id, "");
    find(work, id).await
}

/// Queues an event for every address of its places: part of the transaction of the event.
pub(super) async fn queue(work: &mut Work, seq: i64, places: [Option<&String>; 3]) -> Result<(), StoreError> {
    let [district, school, class] = places.map(|place| place.cloned().unwrap_or_default());
    let query = sqlx::query(
        "SELECT id FROM webhook WHERE disabled_at IS NULL AND district_id = $1 AND organisation_id IN ($1, $2, $3)",
    );
    let rows = query.bind(&district).bind(school).bind(class).fetch_all(work.connection()).await?;
    let now = work.now();
    for row in rows {
        let webhook: String = row.try_get("id")?;
        let query = sqlx::query(
            "INSERT INTO webhook_delivery (id, webhook_id, district_id, seq, state, attempts, next_at)
             VALUES ($1, $2, $3, $4, 'waiting', 0, $5)",
        );
        let query = query.bind(new_id()).bind(webhook).bind(&district).bind(seq);
        query.bind(now).execute(work.connection()).await?;
    }
    Ok(())
}

/// Something that is to be sent now.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) id: String,
    pub(crate) webhook_id: String,
    pub(crate) district_id: String,
    pub(crate) seq: i64,
    pub(crate) attempts: i64,
}

/// What is due, the oldest first.
pub(crate) async fn due(pool: &sqlx::Pool<sqlx::Any>, now: i64) -> Result<Vec<Due>, StoreError> {
    let query = sqlx::query(
        "SELECT * FROM webhook_delivery WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, seq LIMIT 50",
    );
    let rows = query.bind(now).fetch_all(pool).await?;
    let read = |row: &AnyRow| -> Result<Due, sqlx::Error> {
        Ok(Due {
            id: row.try_get("id")?,
            webhook_id: row.try_get("webhook_id")?,
            district_id: row.try_get("district_id")?,
            seq: row.try_get("seq")?,
            attempts: row.try_get("attempts")?,
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Where something is sent: URL and secret; none when the address was disabled.
pub(crate) async fn address(work: &mut Work, webhook_id: &str) -> Result<Option<(String, String)>, StoreError> {
    let query = sqlx::query("SELECT * FROM webhook WHERE id = $1 AND disabled_at IS NULL").bind(webhook_id);
    let Some(row) = query.fetch_optional(work.connection()).await? else { return Ok(None) };
    let (key_id, sealed): (String, Vec<u8>) = (row.try_get("key_id")?, row.try_get("secret")?);
    let secret = work.store().vault().open_text(place(webhook_id), &key_id, &sealed)?;
    Ok(Some((row.try_get("url")?, secret)))
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attempted {
    Delivered,
    /// To be tried again at this time.
    Again(i64, String),
    /// Given up.
    Dead(String),
}

/// Notes what came of an attempt.
pub(crate) async fn attempted(work: &mut Work, due: &Due, outcome: &Attempted) -> Result<(), StoreError> {
    let now = work.now();
    let (state, next, error, done) = match outcome {
        Attempted::Delivered => ("delivered", now, None, Some(now)),
        Attempted::Again(at, why) => ("waiting", *at, Some(why), None),
        Attempted::Dead(why) => ("dead", now, Some(why), Some(now)),
    };
    let query = sqlx::query(
        "UPDATE webhook_delivery SET state = $1, attempts = attempts + 1, next_at = $2, last_error = $3, done_at = $4
         WHERE id = $5 AND state = 'waiting'",
    );
    query.bind(state).bind(next).bind(error).bind(done).bind(&due.id).execute(work.connection()).await?;
    if state != "waiting" {
        work.note("webhook.send", &due.webhook_id, format!("{state} {}", due.seq));
    }
    Ok(())
}

/// A delivery, for the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) seq: i64,
    pub(crate) state: String,
    pub(crate) attempts: i64,
    pub(crate) next_at: String,
    pub(crate) last_error: Option<String>,
    pub(crate) done_at: Option<String>,
}

/// Deliveries of an address, the newest first; of one state when it is given.
pub(crate) async fn deliveries(work: &mut Work, id: &str, state: &str) -> Result<Vec<Delivery>, StoreError> {
    work.require(Permission::AlertsWrite)?;
    find(work, id).await?;
    let query = sqlx::query(
        "SELECT * FROM webhook_delivery WHERE webhook_id = $1 AND ($2 = '' OR state = $2) ORDER BY seq DESC LIMIT $3",
    );
    let rows = query.bind(id).bind(state).bind(PAGE).fetch_all(work.connection()).await?;
    let read = |row: &AnyRow| -> Result<Delivery, sqlx::Error> {
        Ok(Delivery {
            id: row.try_get("id")?,
            seq: row.try_get("seq")?,
            state: row.try_get("state")?,
            attempts: row.try_get("attempts")?,
            next_at: shown(row.try_get("next_at")?),
            last_error: row.try_get("last_error")?,
            done_at: shown_if(row.try_get("done_at")?),
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Sends again what was given up, and everything from an event on when one is given. Gives the number.
pub(crate) async fn replay(work: &mut Work, id: &str, from: Option<i64>) -> Result<u64, StoreError> {
    work.require(Permission::AlertsWrite)?;
    find(work, id).await?;
    let now = work.now();
    let query = sqlx::query(
        "UPDATE webhook_delivery SET state = 'waiting', attempts = 0, next_at = $1, done_at = NULL
         WHERE webhook_id = $2 AND (state = 'dead' OR ($3 >= 0 AND seq >= $3 AND state = 'delivered'))",
    );
    let query = query.bind(now).bind(id).bind(from.unwrap_or(-1));
    let count = query.execute(work.connection()).await?.rows_affected();
    work.note("webhook.replay", id, count.to_string());
    Ok(count)
}
