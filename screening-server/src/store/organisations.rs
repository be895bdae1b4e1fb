//! Districts, schools and classes.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::{StoreError, is_taken};
use super::{PAGE, Permission, Work, in_scope, new_id};

/// A district, a school or a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Organisation {
    pub(crate) id: String,
    pub(crate) kind: String,
    #[serde(skip)]
    pub(crate) district_id: String,
    pub(crate) school_id: Option<String>,
    /// Of a class.
    pub(crate) grade: Option<i64>,
    /// The code that rosters use.
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) closed: bool,
}

impl Organisation {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            district_id: row.try_get("district_id")?,
            school_id: row.try_get("school_id")?,
            grade: row.try_get("grade")?,
            code: row.try_get("code")?,
            name: row.try_get("name")?,
            closed: row.try_get::<Option<i64>, _>("closed_at")?.is_some(),
        })
    }
}

/// An organisation to be added.
#[derive(Debug, Clone)]
pub(crate) struct New<'a> {
    /// School of a class, district of a school; none of a district.
    pub(crate) parent: Option<&'a str>,
    pub(crate) code: &'a str,
    pub(crate) name: &'a str,
    /// Of a class.
    pub(crate) grade: Option<i64>,
}

const LONGEST: usize = 200;

/// A text that is there and not too long.
pub(crate) fn check_text(field: &'static str, text: &str) -> Result<(), StoreError> {
    let fits = !text.trim().is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(StoreError::Invalid { field, wanted: "wanted-text" }) }
}

/// Adds a school to a district, or a class to a school, within the scope. Only the server itself adds a district.
pub(crate) async fn add(work: &mut Work, new: &New<'_>) -> Result<Organisation, StoreError> {
    work.require(Permission::OrganisationsWrite)?;
    check_text("code", new.code)?;
    check_text("name", new.name)?;
    if new.grade.is_some_and(|grade| !(1..=12).contains(&grade)) {
        return Err(StoreError::Invalid { field: "grade", wanted: "wanted-grade" });
    }
    let parent = match new.parent {
        Some(parent) => Some(get(work, parent).await?),
        None => None,
    };
    let id = new_id();
    let kind = match parent.as_ref().map(|parent| parent.kind.as_str()) {
        None if matches!(work.caller().holder, super::Holder::System(_)) => "district",
        None => return Err(StoreError::Invalid { field: "parent", wanted: "wanted-parent" }),
        Some("district") => "school",
        Some("school") => "class",
        Some(_) => return Err(StoreError::Invalid { field: "parent", wanted: "wanted-parent" }),
    };
    if (kind == "class") != new.grade.is_some() {
        return Err(StoreError::Invalid { field: "grade", wanted: "wanted-class-grade" });
    }
    let district_id = parent.as_ref().map_or_else(|| id.clone(), |parent| parent.district_id.clone());
    let school_id = match kind {
        "school" => Some(id.clone()),
        "class" => new.parent.map(str::to_owned),
        _ => None,
    };
    let query = sqlx::query(
        "INSERT INTO organisation (id, kind, parent_id, district_id, school_id, class_id, grade, code, name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    );
    let query = query.bind(&id).bind(kind).bind(new.parent.unwrap_or_default()).bind(&district_id).bind(&school_id);
    let query = query.bind((kind == "class").then(|| id.clone())).bind(new.grade).bind(new.code).bind(new.name);
    let now = work.now();
    match query.bind(now).execute(work.connection()).await {
        Err(error) if is_taken(&error) => return Err(StoreError::Exists("what-organisation-code")),
        other => other?,
    };
    work.note("organisation.add", &id, kind);
    let (code, name) = (new.code.to_owned(), new.name.to_owned());
    Ok(Organisation { id, kind: kind.to_owned(), district_id, school_id, grade: new.grade, code, name, closed: false })
}

/// One organisation within the scope.
pub(crate) async fn get(work: &mut Work, id: &str) -> Result<Organisation, StoreError> {
    const QUERY: &str = concat!("SELECT * FROM organisation o WHERE o.id = $2 AND ", in_scope!("o"));
    let query = sqlx::query(QUERY).bind(work.scope()).bind(id);
    let row = query.fetch_optional(work.connection()).await?;
    row.map_or(Err(StoreError::Missing("what-organisation")), |row| Ok(Organisation::read(&row)?))
}

/// The school or class of a code below a parent, within the scope; none when there is none.
pub(crate) async fn of_code(work: &mut Work, parent: &str, code: &str) -> Result<Option<Organisation>, StoreError> {
    const QUERY: &str =
        concat!("SELECT * FROM organisation o WHERE o.parent_id = $2 AND o.code = $3 AND ", in_scope!("o"));
    let query = sqlx::query(QUERY).bind(work.scope()).bind(parent).bind(code);
    let row = query.fetch_optional(work.connection()).await?;
    Ok(row.as_ref().map(Organisation::read).transpose()?)
}

/// Organisations within the scope, in the order of their ids, after one of them.
pub(crate) async fn list(work: &mut Work, after: &str, limit: i64) -> Result<Vec<Organisation>, StoreError> {
    const QUERY: &str =
        concat!("SELECT * FROM organisation o WHERE o.id > $2 AND ", in_scope!("o"), " ORDER BY o.id LIMIT $3");
    work.require(Permission::OrganisationsRead)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(after).bind(limit.clamp(1, PAGE));
    let rows = query.fetch_all(work.connection()).await?;
    Ok(rows.iter().map(Organisation::read).collect::<Result<_, _>>()?)
}

/// Gives another name, or closes or opens an organisation. What is closed stays in the records and takes nothing new.
pub(crate) async fn change(
    work: &mut Work,
    id: &str,
    name: Option<&str>,
    closed: Option<bool>,
) -> Result<Organisation, StoreError> {
    work.require(Permission::OrganisationsWrite)?;
    let before = get(work, id).await?;
    let name = name.unwrap_or(&before.name);
    check_text("name", name)?;
    let closed = closed.unwrap_or(before.closed);
    let closed_at = closed.then(|| work.now());
    let query = sqlx::query("UPDATE organisation SET name = $1, closed_at = $2 WHERE id = $3");
    query.bind(name).bind(closed_at).bind(id).execute(work.connection()).await?;
    work.note("organisation.change", id, if closed { "closed" } else { "open" });
    Ok(Organisation { name: name.to_owned(), closed, ..before })
}
