//! Screenings: prepared, released, closed.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::wave::Frozen;

use super::error::{StoreError, is_taken};
use super::sources::{self, SourceChange};
use super::{Permission, Work, new_id, rosters, shown, shown_if};

/// How far a screening has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Its definition can still be changed, and nobody can hand in a sheet.
    Draft,
    /// Frozen; sheets are taken.
    Released,
    /// No sheet is taken any more.
    Closed,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Released => "released",
            Self::Closed => "closed",
        }
    }

    fn named(word: &str) -> Result<Self, StoreError> {
        let known = [Self::Draft, Self::Released, Self::Closed].into_iter().find(|state| state.word() == word);
        known.ok_or(StoreError::State("state-unknown"))
    }
}

/// A screening.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Screening {
    pub(crate) id: String,
    pub(crate) district_id: String,
    pub(crate) wave: String,
    pub(crate) administered_on: String,
    pub(crate) state: State,
    /// The definition as it was written.
    #[serde(skip)]
    pub(crate) definition: String,
    /// What it rests on, from its release on.
    pub(crate) frozen: Option<Frozen>,
    /// Corrections of how answers are read, since its release.
    pub(crate) source_changes: Vec<SourceChange>,
    pub(crate) created_by: String,
    pub(crate) created_at: String,
    pub(crate) released_by: Option<String>,
    pub(crate) released_at: Option<String>,
    pub(crate) closed_by: Option<String>,
    pub(crate) closed_at: Option<String>,
}

impl Screening {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let frozen: Option<String> = row.try_get("frozen")?;
        let broken = |_| StoreError::State("state-citations");
        Ok(Self {
            id: row.try_get("id")?,
            district_id: row.try_get("district_id")?,
            wave: row.try_get("wave")?,
            administered_on: row.try_get("administered_on")?,
            state: State::named(&row.try_get::<String, _>("state")?)?,
            definition: row.try_get("definition")?,
            frozen: frozen.map(|text| serde_json::from_str(&text).map_err(broken)).transpose()?,
            source_changes: Vec::new(),
            created_by: row.try_get("created_by")?,
            created_at: shown(row.try_get("created_at")?),
            released_by: row.try_get("released_by")?,
            released_at: shown_if(row.try_get("released_at")?),
            closed_by: row.try_get("closed_by")?,
            closed_at: shown_if(row.try_get("closed_at")?),
        })
    }
}

/// Screenings belong to the district: everybody within it sees them, and only who acts on the whole district changes them.
fn of_district(work: &Work) -> Result<String, StoreError> {
    match &work.caller().scope {
        super::Scope::District(id) => Ok(id.clone()),
        _ => Err(StoreError::Missing("what-district")),
    }
}

/// Adds a screening in preparation.
pub(crate) async fn add(work: &mut Work, wave: &str, on: &str, definition: &str) -> Result<Screening, StoreError> {
    work.require(Permission::ScreeningsWrite)?;
    let district = of_district(work)?;
    let id = new_id();
    let query = sqlx::query(
        "INSERT INTO screening (id, district_id, wave, administered_on, state, definition, created_by, created_at)
         VALUES ($1, $2, $3, $4, 'draft', $5, $6, $7)",
    );
    let (now, by) = (work.now(), work.caller().name());
    let query = query.bind(&id).bind(district).bind(wave).bind(on).bind(definition).bind(by).bind(now);
    match query.execute(work.connection()).await {
        Err(error) if is_taken(&error) => return Err(StoreError::Exists("what-wave")),
        other => other?,
    };
    work.note("screening.add", &id, wave);
    find(work, &id).await
}

/// Writes another definition of a screening in preparation.
pub(crate) async fn rewrite(
    work: &mut Work,
    id: &str,
    (wave, on): (&str, &str),
    definition: &str,
) -> Result<Screening, StoreError> {
    work.require(Permission::ScreeningsWrite)?;
    of_district(work)?;
    let known = find(work, id).await?;
    if known.state != State::Draft {
        return Err(StoreError::State("state-frozen"));
    }
    let query = sqlx::query("UPDATE screening SET wave = $1, administered_on = $2, definition = $3 WHERE id = $4");
    match query.bind(wave).bind(on).bind(definition).bind(id).execute(work.connection()).await {
        Err(error) if is_taken(&error) => return Err(StoreError::Exists("what-wave")),
        other => other?,
    };
    work.note("screening.change", id, wave);
    find(work, id).await
}

/// Freezes a screening and opens it for sheets.
pub(crate) async fn release(work: &mut Work, id: &str, frozen: &Frozen) -> Result<Screening, StoreError> {
    work.require(Permission::ScreeningsWrite)?;
    of_district(work)?;
    let cited = serde_json::to_string(frozen).map_err(|_| StoreError::State("state-citations-unwritten"))?;
    let (now, by) = (work.now(), work.caller().name());
    let query = sqlx::query(
        "UPDATE screening SET state = 'released', frozen = $1, released_by = $2, released_at = $3
         WHERE id = $4 AND state = 'draft'",
    );
    step(work, id, query.bind(cited).bind(by).bind(now).bind(id), "state-not-draft").await?;
    work.note("screening.release", id, frozen.definition.get(..12).unwrap_or_default());
    find(work, id).await
}

/// Closes a screening: no sheet is taken any more, and its class list is set down as it stands.
pub(crate) async fn close(work: &mut Work, id: &str) -> Result<Screening, StoreError> {
    work.require(Permission::ScreeningsWrite)?;
    of_district(work)?;
    let (now, by) = (work.now(), work.caller().name());
    let query = sqlx::query(
        "UPDATE screening SET state = 'closed', closed_by = $1, closed_at = $2 WHERE id = $3 AND state = 'released'",
    );
    step(work, id, query.bind(by).bind(now).bind(id), "state-not-released").await?;
    let pupils = rosters::freeze(work, id).await?;
    work.note("screening.close", id, format!("{pupils} pupils"));
    find(work, id).await
}

async fn step(
    work: &mut Work,
    id: &str,
    query: sqlx::query::Query<'_, sqlx::Any, <sqlx::Any as sqlx::Database>::Arguments>,
    why: &'static str,
) -> Result<(), StoreError> {
    find(work, id).await?;
    let moved = query.execute(work.connection()).await?.rows_affected();
    if moved == 1 { Ok(()) } else { Err(StoreError::State(why)) }
}

/// A screening of the caller's district, for repositories and handlers that ask for their own permission.
pub(crate) async fn find(work: &mut Work, id: &str) -> Result<Screening, StoreError> {
    let district = work.caller().district_id.clone();
    let query = sqlx::query("SELECT * FROM screening WHERE id = $1 AND district_id = $2").bind(id).bind(district);
    let row = query.fetch_optional(work.connection()).await?;
    let mut screening = row.map_or(Err(StoreError::Missing("what-screening")), |row| Screening::read(&row))?;
    screening.source_changes = sources::of_screening(work, id).await?;
    Ok(screening)
}

/// A screening.
pub(crate) async fn get(work: &mut Work, id: &str) -> Result<Screening, StoreError> {
    work.require(Permission::ScreeningsRead)?;
    find(work, id).await
}

/// The screenings of the caller's district, the newest first.
pub(crate) async fn list(work: &mut Work) -> Result<Vec<Screening>, StoreError> {
    work.require(Permission::ScreeningsRead)?;
    let district = work.caller().district_id.clone();
    let query = sqlx::query("SELECT * FROM screening WHERE district_id = $1 ORDER BY administered_on DESC, id DESC");
    let rows = query.bind(district).fetch_all(work.connection()).await?;
    let mut list: Vec<Screening> = rows.iter().map(Screening::read).collect::<Result<_, _>>()?;
    for screening in &mut list {
        screening.source_changes = sources::of_screening(work, &screening.id).await?;
    }
    Ok(list)
}

/// Whether somebody has this account name or id, and can log in.
pub(crate) async fn is_account(work: &mut Work, name: &str) -> Result<bool, StoreError> {
    let query = sqlx::query(
        "SELECT 1 FROM account a JOIN organisation o ON o.id = a.organisation_id
         WHERE (a.id = $1 OR a.name = $1) AND a.disabled_at IS NULL AND o.district_id = $2",
    );
    let district = work.caller().district_id.clone();
    Ok(query.bind(name).bind(district).fetch_optional(work.connection()).await?.is_some())
}
