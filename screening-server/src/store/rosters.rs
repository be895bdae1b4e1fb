//! What class lists say beside the pupils themselves, and the pupils of a wave.

use std::collections::HashSet;

use screening_core::answers::Sex;
use screening_core::screening::Pupil as EnginePupil;
use sqlx::Row;

use super::error::StoreError;
use super::organisations::Organisation;
use super::screenings::{Screening, State};
use super::{Permission, Work, in_scope, new_id, organisations, pupils};

/// What a class list says of taking part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Participation {
    pub(crate) consent: Option<String>,
    pub(crate) attendance: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) scope_reason: Option<String>,
}

impl Participation {
    fn is_blank(&self) -> bool {
        *self == Self::default()
    }
}

/// Writes what a class list says of a pupil; what it leaves blank takes the place of what was there.
pub(crate) async fn write_participation(work: &mut Work, pupil: &str, new: &Participation) -> Result<(), StoreError> {
    work.require(Permission::RostersWrite)?;
    let now = work.now();
    if new.is_blank() {
        let query = sqlx::query("DELETE FROM participation WHERE pupil_id = $1").bind(pupil);
        query.execute(work.connection()).await?;
        return Ok(());
    }
    let query = sqlx::query(
        "INSERT INTO participation (pupil_id, consent, attendance, scope, scope_reason, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (pupil_id) DO UPDATE SET consent = excluded.consent, attendance = excluded.attendance,
         scope = excluded.scope, scope_reason = excluded.scope_reason, changed_at = excluded.changed_at",
    );
    let query = query.bind(pupil).bind(&new.consent).bind(&new.attendance).bind(&new.scope).bind(&new.scope_reason);
    query.bind(now).execute(work.connection()).await?;
    Ok(())
}

/// Whom the school reaches, as it is known of a pupil of a student id.
pub(crate) async fn known_contact(
    work: &mut Work,
    school: &str,
    student_id: &str,
) -> Result<Option<String>, StoreError> {
    work.require(Permission::RostersWrite)?;
    let id = work.store().vault().pseudonym(school, student_id.trim());
    Ok(pupils::read_identity(work, &id).await?.and_then(|identity| identity.contact))
}

/// The school of a name or code in the caller's district and scope.
pub(crate) async fn school(work: &mut Work, name: &str) -> Result<Option<Organisation>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT o.id FROM organisation o WHERE o.kind = 'school' AND (o.code = $2 OR o.name = $2) AND ",
        in_scope!("o"),
        " ORDER BY CASE WHEN o.code = $2 THEN 0 ELSE 1 END, o.id LIMIT 1"
    );
    let query = sqlx::query(QUERY).bind(work.scope()).bind(name);
    let Some(row) = query.fetch_optional(work.connection()).await? else { return Ok(None) };
    let id: String = row.try_get("id")?;
    organisations::get(work, &id).await.map(Some)
}

/// The code of a class: grade and spelling, which no other class of the school has.
pub(crate) fn class_code(grade: u8, class: &str) -> String {
    format!("{grade}:{class}")
}

/// The class of a grade and name in a school, which is added when it is not there.
pub(crate) async fn class(
    work: &mut Work,
    school: &str,
    grade: u8,
    class: &str,
) -> Result<(Organisation, bool), StoreError> {
    work.require(Permission::RostersWrite)?;
    let code = class_code(grade, class);
    if let Some(known) = organisations::of_code(work, school, &code).await? {
        return Ok((known, false));
    }
    let parent = organisations::get(work, school).await?;
    organisations::check_text("class", class)?;
    let id = new_id();
    let query = sqlx::query(
        "INSERT INTO organisation (id, kind, parent_id, district_id, school_id, class_id, grade, code, name, created_at)
         VALUES ($1, 'class', $2, $3, $2, $1, $4, $5, $6, $7)",
    );
    let now = work.now();
    let query = query.bind(&id).bind(school).bind(&parent.district_id).bind(i64::from(grade)).bind(code).bind(class);
    query.bind(now).execute(work.connection()).await?;
    work.note("organisation.add", &id, "class");
    Ok((organisations::get(work, &id).await?, true))
}

/// The pupils of schools or classes who are enrolled and stand in no class list that holds these as a whole, with their classes.
pub(crate) async fn not_listed(
    work: &mut Work,
    whole: &[String],
    listed: &HashSet<String>,
) -> Result<Vec<(String, String)>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT p.id, p.class_id FROM pupil p WHERE p.status = 'enrolled' AND (p.class_id = $2 OR p.school_id = $2) AND ",
        in_scope!("p"),
        " ORDER BY p.id"
    );
    let mut missing = Vec::new();
    for organisation in whole {
        let query = sqlx::query(QUERY).bind(work.scope()).bind(organisation);
        for row in query.fetch_all(work.connection()).await? {
            let id: String = row.try_get("id")?;
            if !listed.contains(&id) {
                missing.push((id, row.try_get("class_id")?));
            }
        }
    }
    Ok(missing)
}

/// A pupil of a wave with the organisations it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Enrolled {
    /// As the engine sees it; the id is the pseudonym, school and class go by their names.
    pub(crate) pupil: EnginePupil,
    pub(crate) school_id: String,
    pub(crate) class_id: String,
    /// What tells apart the pupils of a class to somebody who knows them.
    pub(crate) label: Option<pupils::Label>,
}

/// Sets down the class list of a screening as it stands; gives how many pupils are in it.
pub(super) async fn freeze(work: &mut Work, screening: &str) -> Result<u64, StoreError> {
    let query = sqlx::query(
        "INSERT INTO wave_pupil (screening_id, pupil_id, district_id, school_id, class_id, grade, consent, attendance, scope)
         SELECT s.id, p.id, p.district_id, p.school_id, p.class_id, p.grade, t.consent, t.attendance, t.scope
         FROM screening s JOIN pupil p ON p.district_id = s.district_id LEFT JOIN participation t ON t.pupil_id = p.id
         WHERE s.id = $1 AND p.status = 'enrolled'",
    );
    Ok(query.bind(screening).execute(work.connection()).await?.rows_affected())
}

/// The pupils of a wave within the scope, as the engine needs them: those who are enrolled, or, of a closed screening, those who were when
/// it was closed (a screening that was closed before class lists were set down has those of today). Birth dates are opened for it
/// and go no further.
pub(crate) async fn of_wave(work: &mut Work, screening: &Screening) -> Result<Vec<Enrolled>, StoreError> {
    const NOW: &str = concat!(
        "SELECT p.id, p.school_id, p.class_id, p.grade, p.sex, o.name AS school, c.name AS class, t.consent, t.attendance, t.scope
         FROM pupil p JOIN organisation o ON o.id = p.school_id JOIN organisation c ON c.id = p.class_id
         LEFT JOIN participation t ON t.pupil_id = p.id WHERE p.status = 'enrolled' AND ",
        in_scope!("p"),
        " ORDER BY o.name, p.grade, c.name, p.id"
    );
    const THEN: &str = concat!(
        "SELECT w.pupil_id AS id, w.school_id, w.class_id, w.grade, p.sex, o.name AS school, c.name AS class, w.consent, w.attendance,
         w.scope FROM wave_pupil w JOIN pupil p ON p.id = w.pupil_id JOIN organisation o ON o.id = w.school_id
         JOIN organisation c ON c.id = w.class_id WHERE w.screening_id = $2 AND ",
        in_scope!("w"),
        " ORDER BY o.name, w.grade, c.name, w.pupil_id"
    );
    work.require(Permission::ResultsRead)?;
    let (scope, mut rows) = (work.scope(), Vec::new());
    if screening.state == State::Closed {
        rows = sqlx::query(THEN).bind(&scope).bind(&screening.id).fetch_all(work.connection()).await?;
    }
    if rows.is_empty() {
        rows = sqlx::query(NOW).bind(&scope).fetch_all(work.connection()).await?;
    }
    let mut enrolled = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: String = row.try_get("id")?;
        let identity = pupils::read_identity(work, &id).await?;
        let (label, born) =
            (identity.as_ref().map(pupils::label_of), identity.and_then(|identity| identity.birth_date));
        let word = |column: &str| row.try_get::<Option<String>, _>(column);
        let sex = word("sex")?.and_then(|word| Sex::parse(&word));
        let pupil = EnginePupil {
            student_id: id,
            school: row.try_get("school")?,
            grade: u8::try_from(row.try_get::<i64, _>("grade")?).ok(),
            class: row.try_get("class")?,
            sex,
            birth_date: born,
            consent: named(word("consent")?)?,
            attendance: named(word("attendance")?)?,
            scope: named(word("scope")?)?,
        };
        let (school_id, class_id) = (row.try_get("school_id")?, row.try_get("class_id")?);
        enrolled.push(Enrolled { pupil, school_id, class_id, label });
    }
    work.note("pupil.context", "wave", enrolled.len().to_string());
    Ok(enrolled)
}

/// A word of the store as the engine's own.
fn named<T: serde::de::DeserializeOwned + Default>(word: Option<String>) -> Result<T, StoreError> {
    word.map_or(Ok(T::default()), |word| {
        serde_json::from_value(word.into()).map_err(|_| StoreError::State("state-word"))
    })
}

/// The class list that the readers of files match against, of every enrolled pupil within the scope, and the pseudonyms in it.
/// The pseudonym stands in the place of the first number, and the student id in that of the second, which counts where one pupil
/// alone has it. It holds identities: it is used and dropped.
pub(crate) async fn to_match(work: &mut Work) -> Result<(Vec<u8>, HashSet<String>), StoreError> {
    const QUERY: &str = concat!(
        "SELECT p.id, p.grade, o.name AS school, c.name AS class FROM pupil p JOIN organisation o ON o.id = p.school_id
         JOIN organisation c ON c.id = p.class_id WHERE p.status = 'enrolled' AND ",
        in_scope!("p"),
        " ORDER BY p.id"
    );
    work.require(Permission::SheetsWrite)?;
    let query = sqlx::query(QUERY).bind(work.scope());
    let rows = query.fetch_all(work.connection()).await?;
    let (mut list, mut pseudonyms) = (Vec::with_capacity(rows.len()), HashSet::with_capacity(rows.len()));
    for row in &rows {
        let id: String = row.try_get("id")?;
        let Some(identity) = pupils::read_identity(work, &id).await? else { continue };
        let grade: i64 = row.try_get("grade")?;
        let (school, class): (String, String) = (row.try_get("school")?, row.try_get("class")?);
        list.push(serde_json::json!({
            "学籍号": id, "学号": identity.student_id, "姓名": identity.name, "学校": school, "年级": grade.to_string(), "班级": class,
        }));
        pseudonyms.insert(id);
    }
    work.note("identity.match", "wave", list.len().to_string());
    // Texts only: there is nothing that could not be written.
    Ok((serde_json::to_vec(&list).unwrap_or_default(), pseudonyms))
}
