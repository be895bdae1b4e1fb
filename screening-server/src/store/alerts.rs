//! Alerts: raised in the transaction of the answer, told in one order, acknowledged by a named person.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::wave::{Critical, Duty};

use super::error::StoreError;
use super::pupils::Pupil;
use super::{PAGE, Permission, Work, in_scope, new_id, shown, shown_if};

/// A critical answer that is to be told.
#[derive(Debug, Clone)]
pub(crate) struct Raise<'a> {
    pub(crate) screening_id: &'a str,
    pub(crate) sheet_id: &'a str,
    /// None when nobody was found whose sheet it is.
    pub(crate) pupil: Option<&'a Pupil>,
    /// The sheet is still being filled in.
    pub(crate) open: bool,
    pub(crate) critical: &'a [Critical],
    pub(crate) duty: &'a Duty,
}

/// Raises alerts that are not there yet, and gives their number. It belongs to the transaction that stores the answers.
pub(crate) async fn raise(work: &mut Work, raise: &Raise<'_>) -> Result<usize, StoreError> {
    let (now, district) = (work.now(), work.caller().district_id.clone());
    let mut raised = 0;
    for critical in raise.critical {
        let id = new_id();
        let query = sqlx::query(
            "INSERT INTO alert (id, screening_id, sheet_id, pupil_id, district_id, school_id, class_id, instrument, flag,
             open_sheet, raised_at, level, escalate_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12)
             ON CONFLICT (screening_id, sheet_id, instrument, flag) DO NOTHING",
        );
        let query = query.bind(&id).bind(raise.screening_id).bind(raise.sheet_id).bind(raise.pupil.map(|p| &p.id));
        let query =
            query.bind(&district).bind(raise.pupil.map(|p| &p.school_id)).bind(raise.pupil.map(|p| &p.class_id));
        let query = query.bind(&critical.instrument).bind(&critical.flag).bind(i64::from(raise.open)).bind(now);
        let clock = now + i64::from(raise.duty.escalate_after_s) * 1000;
        if query.bind(clock).execute(work.connection()).await?.rows_affected() == 0 {
            continue;
        }
        raised += 1;
        let places = Places {
            district: district.clone(),
            school: raise.pupil.map(|p| p.school_id.clone()),
            class: raise.pupil.map(|p| p.class_id.clone()),
        };
        event(work, &id, &places, "raised", raise.duty.contacts.first().map(String::as_str)).await?;
        work.note("alert.raise", raise.pupil.map_or("", |pupil| pupil.id.as_str()), &id);
    }
    Ok(raised)
}

/// The organisations of an alert.
struct Places {
    district: String,
    school: Option<String>,
    class: Option<String>,
}

/// Adds an event, and what is to be sent of it.
async fn event(
    work: &mut Work,
    alert: &str,
    places: &Places,
    kind: &str,
    contact: Option<&str>,
) -> Result<i64, StoreError> {
    let next = sqlx::query("UPDATE counter SET value = value + 1 WHERE name = 'alert' RETURNING value");
    let seq: i64 = next.fetch_one(work.connection()).await?.try_get("value")?;
    let (now, by) = (work.now(), work.caller().name());
    let query = sqlx::query(
        "INSERT INTO alert_event (seq, alert_id, district_id, school_id, class_id, kind, contact, actor, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    let query = query.bind(seq).bind(alert).bind(&places.district).bind(&places.school).bind(&places.class);
    query.bind(kind).bind(contact).bind(by).bind(now).execute(work.connection()).await?;
    super::webhooks::queue(work, seq, [Some(&places.district), places.school.as_ref(), places.class.as_ref()]).await?;
    Ok(seq)
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Alert {
    pub(crate) id: String,
    pub(crate) screening: String,
    pub(crate) sheet: String,
    /// Pseudonym; none when nobody was found whose sheet it is.
    pub(crate) pupil: Option<String>,
    pub(crate) school: Option<String>,
    pub(crate) class: Option<String>,
    pub(crate) instrument: String,
    pub(crate) flag: String,
    /// The sheet was still being filled in.
    pub(crate) open_sheet: bool,
    pub(crate) raised_at: String,
    /// How often it went to the next contact.
    pub(crate) level: i64,
    pub(crate) escalates_at: Option<String>,
    pub(crate) acknowledged_by: Option<String>,
    pub(crate) acknowledged_at: Option<String>,
}

impl Alert {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            screening: row.try_get("screening_id")?,
            sheet: row.try_get("sheet_id")?,
            pupil: row.try_get("pupil_id")?,
            school: row.try_get("school_id")?,
            class: row.try_get("class_id")?,
            instrument: row.try_get("instrument")?,
            flag: row.try_get("flag")?,
            open_sheet: row.try_get::<i64, _>("open_sheet")? != 0,
            raised_at: shown(row.try_get("raised_at")?),
            level: row.try_get("level")?,
            escalates_at: shown_if(row.try_get("escalate_at")?),
            acknowledged_by: row.try_get("acknowledged_by")?,
            acknowledged_at: shown_if(row.try_get("acknowledged_at")?),
        })
    }
}

/// Something that happened to an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Event {
    pub(crate) seq: i64,
    pub(crate) kind: String,
    /// Whose turn it is.
    pub(crate) contact: Option<String>,
    pub(crate) by: String,
    pub(crate) at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alert: Option<Alert>,
}

impl Event {
    fn read(row: &AnyRow, alert: Option<Alert>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get("seq")?,
            kind: row.try_get("kind")?,
            contact: row.try_get("contact")?,
            by: row.try_get("actor")?,
            at: shown(row.try_get("at")?),
            alert,
        })
    }
}

const EVENTS: &str =
    "SELECT e.seq, e.kind, e.contact, e.actor, e.at, a.* FROM alert_event e JOIN alert a ON a.id = e.alert_id";

/// Events within the scope after one of them, in their order.
pub(crate) async fn events_after(work: &mut Work, after: i64) -> Result<Vec<Event>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT e.seq, e.kind, e.contact, e.actor, e.at, a.* FROM alert_event e JOIN alert a ON a.id = e.alert_id
         WHERE e.seq > $2 AND ",
        in_scope!("e"),
        " ORDER BY e.seq LIMIT $3"
    );
    work.require(Permission::AlertsRead)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(after).bind(PAGE);
    let rows = query.fetch_all(work.connection()).await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in &rows {
        let alert = Alert::read(row)?;
        work.note("alert.read", alert.pupil.as_deref().unwrap_or_default(), &alert.id);
        events.push(Event::read(row, Some(alert))?);
    }
    Ok(events)
}

/// One event, for what is sent of it.
pub(crate) async fn event_of(work: &mut Work, seq: i64) -> Result<Event, StoreError> {
    let query = sqlx::query(sqlx::AssertSqlSafe(format!("{EVENTS} WHERE e.seq = $1"))).bind(seq);
    let row = query.fetch_optional(work.connection()).await?.ok_or(StoreError::Missing("what-event"))?;
    Ok(Event::read(&row, Some(Alert::read(&row)?))?)
}

/// The number of the last event.
async fn last_event(work: &mut Work) -> Result<i64, StoreError> {
    let query = sqlx::query("SELECT value FROM counter WHERE name = 'alert'");
    Ok(query.fetch_one(work.connection()).await?.try_get("value")?)
}

/// Which alerts of a list are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) screening: Option<String>,
    /// Only those that nobody has acknowledged.
    pub(crate) open: bool,
    pub(crate) after: String,
}

/// Alerts within the scope, in the order in which they were raised.
pub(crate) async fn list(work: &mut Work, wanted: &Wanted) -> Result<Vec<Alert>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT * FROM alert a WHERE a.id > $2 AND ($3 = '' OR a.screening_id = $3)
         AND ($4 = 0 OR a.acknowledged_at IS NULL) AND ",
        in_scope!("a"),
        " ORDER BY a.id LIMIT $5"
    );
    work.require(Permission::AlertsRead)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(&wanted.after);
    let query = query.bind(wanted.screening.clone().unwrap_or_default()).bind(i64::from(wanted.open)).bind(PAGE);
    let rows = query.fetch_all(work.connection()).await?;
    let alerts = rows.iter().map(Alert::read).collect::<Result<Vec<_>, _>>()?;
    for alert in &alerts {
        work.note("alert.read", alert.pupil.as_deref().unwrap_or_default(), &alert.id);
    }
    Ok(alerts)
}

/// An alert within the scope with everything that happened to it.
pub(crate) async fn get(work: &mut Work, id: &str) -> Result<(Alert, Vec<Event>), StoreError> {
    work.require(Permission::AlertsRead)?;
    let alert = find(work, id).await?;
    work.note("alert.read", alert.pupil.as_deref().unwrap_or_default(), id);
    let query = sqlx::query("SELECT * FROM alert_event WHERE alert_id = $1 ORDER BY seq").bind(id);
    let rows = query.fetch_all(work.connection()).await?;
    let events = rows.iter().map(|row| Event::read(row, None)).collect::<Result<Vec<_>, _>>()?;
    Ok((alert, events))
}

async fn find(work: &mut Work, id: &str) -> Result<Alert, StoreError> {
    const QUERY: &str = concat!("SELECT * FROM alert a WHERE a.id = $2 AND ", in_scope!("a"));
    let query = sqlx::query(QUERY).bind(work.scope()).bind(id);
    let row = query.fetch_optional(work.connection()).await?;
    row.map_or(Err(StoreError::Missing("what-alert")), |row| Ok(Alert::read(&row)?))
}

fn places(alert: &Alert, district: String) -> Places {
    Places { district, school: alert.school.clone(), class: alert.class.clone() }
}

/// A named person takes an alert on. Whoever comes second is told who was first.
pub(crate) async fn acknowledge(work: &mut Work, id: &str) -> Result<Alert, StoreError> {
    work.require(Permission::AlertsWrite)?;
    let alert = find(work, id).await?;
    let Some(account) = work.caller().account().map(str::to_owned) else {
        return Err(StoreError::State("state-person"));
    };
    if alert.acknowledged_at.is_some() {
        return Ok(alert);
    }
    let now = work.now();
    let query = sqlx::query(
        "UPDATE alert SET acknowledged_by = $1, acknowledged_at = $2, escalate_at = NULL
         WHERE id = $3 AND acknowledged_at IS NULL",
    );
    query.bind(account).bind(now).bind(id).execute(work.connection()).await?;
    let places = places(&alert, work.caller().district_id.clone());
    event(work, id, &places, "acknowledged", None).await?;
    work.note("alert.acknowledge", alert.pupil.as_deref().unwrap_or_default(), id);
    find(work, id).await
}

/// An alert whose time is over: id, screening, district.
#[derive(Debug, Clone)]
pub(crate) struct Overdue {
    pub(crate) id: String,
    pub(crate) screening_id: String,
    pub(crate) district_id: String,
}

/// Alerts that nobody acknowledged in time, the oldest first.
pub(crate) async fn overdue(pool: &sqlx::Pool<sqlx::Any>, now: i64) -> Result<Vec<Overdue>, StoreError> {
    let query = sqlx::query(
        "SELECT id, screening_id, district_id FROM alert WHERE escalate_at <= $1 AND acknowledged_at IS NULL
         ORDER BY escalate_at LIMIT $2",
    );
    let rows = query.bind(now).bind(PAGE).fetch_all(pool).await?;
    let read = |row: &AnyRow| -> Result<Overdue, sqlx::Error> {
        Ok(Overdue {
            id: row.try_get("id")?,
            screening_id: row.try_get("screening_id")?,
            district_id: row.try_get("district_id")?,
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Passes an alert on to the next contact, the first again after the last: it goes round until somebody takes it on.
pub(crate) async fn escalate(work: &mut Work, id: &str, duty: &Duty) -> Result<bool, StoreError> {
    let alert = find(work, id).await?;
    let now = work.now();
    let query = sqlx::query(
        "UPDATE alert SET level = level + 1, escalate_at = $1
         WHERE id = $2 AND acknowledged_at IS NULL AND escalate_at <= $3",
    );
    let next = now + i64::from(duty.escalate_after_s) * 1000;
    if query.bind(next).bind(id).bind(now).execute(work.connection()).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let turn = usize::try_from(alert.level + 1).unwrap_or_default().checked_rem(duty.contacts.len());
    let contact = turn.and_then(|turn| duty.contacts.get(turn));
    let places = places(&alert, work.caller().district_id.clone());
    event(work, id, &places, "escalated", contact.map(String::as_str)).await?;
    work.note("alert.escalate", alert.pupil.as_deref().unwrap_or_default(), id);
    Ok(true)
}

/// A pupil was found for alerts of a sheet that had none: from now on those who are near see them.
pub(crate) async fn found(work: &mut Work, screening: &str, sheet: &str, pupil: &Pupil) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT * FROM alert WHERE screening_id = $1 AND sheet_id = $2 AND pupil_id IS NULL");
    let rows = query.bind(screening).bind(sheet).fetch_all(work.connection()).await?;
    for row in &rows {
        let alert = Alert::read(row)?;
        let query = sqlx::query("UPDATE alert SET pupil_id = $1, school_id = $2, class_id = $3 WHERE id = $4");
        let query = query.bind(&pupil.id).bind(&pupil.school_id).bind(&pupil.class_id).bind(&alert.id);
        query.execute(work.connection()).await?;
        let places = Places {
            district: work.caller().district_id.clone(),
            school: Some(pupil.school_id.clone()),
            class: Some(pupil.class_id.clone()),
        };
        if alert.acknowledged_at.is_none() {
            event(work, &alert.id, &places, "raised", None).await?;
        }
        work.note("alert.found", &pupil.id, &alert.id);
    }
    Ok(())
}

/// The number before the first event of an alert within the scope that nobody has acknowledged; that of the last event when all
/// are acknowledged.
pub(crate) async fn first_open(work: &mut Work) -> Result<i64, StoreError> {
    const QUERY: &str = concat!(
        "SELECT MIN(e.seq) AS first FROM alert_event e JOIN alert a ON a.id = e.alert_id WHERE a.acknowledged_at IS NULL AND ",
        in_scope!("e")
    );
    work.require(Permission::AlertsRead)?;
    let query = sqlx::query(QUERY).bind(work.scope());
    let first: Option<i64> = query.fetch_one(work.connection()).await?.try_get("first")?;
    match first {
        Some(first) => Ok(first - 1),
        None => last_event(work).await,
    }
}
