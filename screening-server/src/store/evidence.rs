//! What has to be shown: whom a breach concerns, and how a year's records were handled.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::Offset;
use serde::Serialize;
use sqlx::Row;

use super::error::StoreError;
use super::pupils;
use super::roles::Permission;
use super::verification::Verified;
use super::{Work, in_scope, organisations, retention};

/// A pupil whom a breach concerns, with whom to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Concerned {
    pub(crate) pupil_id: String,
    pub(crate) school: String,
    pub(crate) class: String,
    pub(crate) name: Option<String>,
    /// `under-14`, `14-to-17`, `adult` or `unknown`: of whom the guardian is told first.
    pub(crate) age_group: &'static str,
    pub(crate) contact: Option<String>,
    /// Who read or wrote anything of the pupil in the time.
    pub(crate) accessed_by: Vec<String>,
}

/// Of what time and place a breach is.
#[derive(Debug, Clone)]
pub(crate) struct Breach {
    /// From and before, in milliseconds.
    pub(crate) from: i64,
    pub(crate) before: i64,
    /// A school or class within the scope; empty for the whole of it.
    pub(crate) organisation: String,
    /// Only pupils of whom somebody read or wrote something in the time; by one actor, or by anybody.
    pub(crate) accessed: bool,
    pub(crate) actor: String,
    pub(crate) after: String,
    pub(crate) limit: i64,
}

/// Whom a breach concerns, in the order of their pseudonyms.
pub(crate) async fn breach(work: &mut Work, breach: &Breach) -> Result<Vec<Concerned>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT p.id, s.name AS school, c.name AS class FROM pupil p
         JOIN organisation s ON s.id = p.school_id JOIN organisation c ON c.id = p.class_id
         WHERE p.status <> 'erased' AND p.entered_at < $2 AND p.id > $3
         AND ($4 = '' OR $4 = p.school_id OR $4 = p.class_id)
         AND ($5 = 0 OR EXISTS (SELECT 1 FROM audit_entry a WHERE a.subject = p.id AND a.at >= $6 AND a.at < $2
              AND ($7 = '' OR a.actor = $7))) AND ",
        in_scope!("p"),
        " ORDER BY p.id LIMIT $8"
    );
    work.require(Permission::EvidenceRead)?;
    work.require(Permission::SubjectRequests)?;
    work.require_step_up()?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(breach.before).bind(&breach.after);
    let query = query.bind(&breach.organisation).bind(i64::from(breach.accessed)).bind(breach.from);
    let rows = query.bind(&breach.actor).bind(breach.limit).fetch_all(work.connection()).await?;
    let today = day(work.now());
    let mut concerned = Vec::with_capacity(rows.len());
    for row in &rows {
        let pupil_id: String = row.try_get("id")?;
        let identity = pupils::read_identity(work, &pupil_id).await?;
        let accessed_by = actors(work, &pupil_id, breach).await?;
        work.note("identity.breach-list", &pupil_id, "");
        let born = identity.as_ref().and_then(|identity| identity.birth_date);
        concerned.push(Concerned {
            pupil_id,
            school: row.try_get("school")?,
            class: row.try_get("class")?,
            age_group: age_group(born, today),
            contact: identity.as_ref().and_then(|identity| identity.contact.clone()),
            name: identity.map(|identity| identity.name),
            accessed_by,
        });
    }
    Ok(concerned)
}

async fn actors(work: &mut Work, pupil_id: &str, breach: &Breach) -> Result<Vec<String>, StoreError> {
    let query = sqlx::query_scalar(
        "SELECT DISTINCT actor FROM audit_entry WHERE subject = $1 AND at >= $2 AND at < $3 ORDER BY actor",
    );
    let query = query.bind(pupil_id).bind(breach.from).bind(breach.before);
    Ok(query.fetch_all(work.connection()).await?)
}

fn age_group(born: Option<Date>, on: Date) -> &'static str {
    match born.and_then(|born| pupils::age(born, on)) {
        None => "unknown",
        Some(..14) => "under-14",
        Some(14..18) => "14-to-17",
        Some(_) => "adult",
    }
}

fn day(at: i64) -> Date {
    let at = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    Offset::UTC.to_datetime(at).date()
}

/// How a year's records were handled: what the yearly audit of compliance asks for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Evidence {
    pub(crate) year: i16,
    pub(crate) organisation: organisations::Organisation,
    /// Pupils on record today, by age on the last day of the year: those under 14 apart.
    pub(crate) pupils: BTreeMap<&'static str, i64>,
    /// Accounts that were enabled at the end, and tokens that were good, by role.
    pub(crate) accounts: BTreeMap<String, i64>,
    pub(crate) tokens: BTreeMap<String, i64>,
    /// Entries of the audit log by action, and by role.
    pub(crate) actions: BTreeMap<String, i64>,
    pub(crate) actions_by_role: BTreeMap<String, i64>,
    /// Requests to view identities by state; emergencies, and those nobody reviewed.
    pub(crate) identity_requests: BTreeMap<String, i64>,
    pub(crate) emergencies: i64,
    pub(crate) emergencies_without_review: i64,
    /// Requests of pupils and guardians by kind and state.
    pub(crate) subject_requests: BTreeMap<String, i64>,
    pub(crate) retention: Vec<retention::Rule>,
    /// Pupils of whom records were deleted by the rules, and on request.
    pub(crate) deleted_by_rule: i64,
    pub(crate) erased_on_request: i64,
    pub(crate) audit_log: AuditState,
}

/// Whether the audit log is whole.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuditState {
    pub(crate) entries: i64,
    pub(crate) head: String,
    pub(crate) faults: Vec<String>,
}

/// The evidence of a year, of the district of the caller. The caller answers for a district.
pub(crate) async fn year(work: &mut Work, year: i16, verified: &Verified) -> Result<Evidence, StoreError> {
    work.require(Permission::EvidenceRead)?;
    let district = work.caller().district_id.clone();
    if work.caller().scope.id() != district {
        return Err(StoreError::forbidden(Permission::EvidenceRead));
    }
    let wrong = || StoreError::Invalid { field: "year", wanted: "wanted-year" };
    let begin = |year: i16| {
        let date = Date::new(year, 1, 1).ok().filter(|_| (2000..=2200).contains(&year))?;
        Some(Offset::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).ok()?.as_millisecond())
    };
    let (from, before) = (begin(year).ok_or_else(wrong)?, begin(year + 1).ok_or_else(wrong)?);
    let organisation = organisations::get(work, &district).await?;
    let last = Date::new(year, 12, 31).map_err(|_| wrong())?;
    let span = Span { district, from, before };
    let pupils = ages(work, &span.district, last).await?;
    let accounts = span.accounts(work, "account", "disabled_at").await?;
    let tokens = span.accounts(work, "token", "revoked_at").await?;
    let actions = span
        .grouped(
            work,
            "SELECT action AS word, COUNT(*) AS n FROM audit_entry WHERE district_id = $1
        AND at >= $2 AND at < $3 GROUP BY action",
        )
        .await?;
    let actions_by_role = span
        .grouped(
            work,
            "SELECT role AS word, COUNT(*) AS n FROM audit_entry WHERE district_id = $1
        AND at >= $2 AND at < $3 GROUP BY role",
        )
        .await?;
    let identity_requests = span
        .grouped(
            work,
            "SELECT r.state AS word, COUNT(*) AS n FROM identity_request r
        JOIN pupil p ON p.id = r.pupil_id WHERE p.district_id = $1 AND r.requested_at >= $2 AND r.requested_at < $3
        GROUP BY r.state",
        )
        .await?;
    let emergencies = span
        .grouped(
            work,
            "SELECT CASE WHEN r.state = 'open' THEN 'open' ELSE 'reviewed' END AS word,
        COUNT(*) AS n FROM identity_request r JOIN pupil p ON p.id = r.pupil_id WHERE p.district_id = $1
        AND r.requested_at >= $2 AND r.requested_at < $3 AND r.emergency = 1
        GROUP BY CASE WHEN r.state = 'open' THEN 'open' ELSE 'reviewed' END",
        )
        .await?;
    let subject_requests = span
        .grouped(
            work,
            "SELECT r.kind || ' ' || r.state AS word, COUNT(*) AS n
        FROM subject_request r JOIN pupil p ON p.id = r.pupil_id WHERE p.district_id = $1 AND r.received_at >= $2
        AND r.received_at < $3 GROUP BY r.kind || ' ' || r.state",
        )
        .await?;
    let retention = retention::read(work).await?;
    work.note("evidence.read", &span.district, year.to_string());
    Ok(Evidence {
        year,
        organisation,
        pupils,
        accounts,
        tokens,
        deleted_by_rule: actions.get("retention.delete").copied().unwrap_or(0),
        erased_on_request: actions.get("pupil.erase").copied().unwrap_or(0),
        actions,
        actions_by_role,
        identity_requests,
        emergencies: emergencies.values().sum(),
        emergencies_without_review: emergencies.get("open").copied().unwrap_or(0),
        subject_requests,
        retention,
        audit_log: AuditState {
            entries: verified.entries,
            head: verified.head.clone(),
            faults: verified.faults.iter().map(ToString::to_string).collect(),
        },
    })
}

/// A district and a time.
struct Span {
    district: String,
    from: i64,
    before: i64,
}

impl Span {
    async fn grouped(&self, work: &mut Work, query: &'static str) -> Result<BTreeMap<String, i64>, StoreError> {
        let query = sqlx::query(query).bind(&self.district).bind(self.from).bind(self.before);
        let rows = query.fetch_all(work.connection()).await?;
        rows.iter().map(|row| Ok((row.try_get("word")?, row.try_get("n")?))).collect()
    }

    /// Accounts or tokens that were good at the end of the time, by role.
    async fn accounts(
        &self,
        work: &mut Work,
        table: &'static str,
        ended: &'static str,
    ) -> Result<BTreeMap<String, i64>, StoreError> {
        let text = format!(
            "SELECT t.role AS word, COUNT(*) AS n FROM {table} t JOIN organisation o ON o.id = t.organisation_id
             WHERE o.district_id = $1 AND t.created_at < $2 AND (t.{ended} IS NULL OR t.{ended} >= $2) GROUP BY t.role"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(&self.district).bind(self.before);
        let rows = query.fetch_all(work.connection()).await?;
        rows.iter().map(|row| Ok((row.try_get("word")?, row.try_get("n")?))).collect()
    }
}

/// Pupils on record by age group.
async fn ages(work: &mut Work, district: &str, on: Date) -> Result<BTreeMap<&'static str, i64>, StoreError> {
    let query = sqlx::query_scalar("SELECT id FROM pupil WHERE district_id = $1 AND status <> 'erased'");
    let pupils: Vec<String> = query.bind(district).fetch_all(work.connection()).await?;
    let mut groups = BTreeMap::from([("under-14", 0), ("14-to-17", 0), ("adult", 0), ("unknown", 0)]);
    for pupil in &pupils {
        let born = pupils::read_identity(work, pupil).await?.and_then(|identity| identity.birth_date);
        *groups.entry(age_group(born, on)).or_insert(0) += 1;
    }
    work.note("identity.age-groups", district, pupils.len().to_string());
    Ok(groups)
}
