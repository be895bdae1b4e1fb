//! Pupils by pseudonym, and, apart from them and encrypted, who they are.

use jiff::civil::Date;
use screening_core::answers::{Context, Sex, age_in_months};
use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::organisations::{self, check_text};
use super::vault::Place;
use super::{PAGE, Permission, Work, in_scope};

/// A pupil, without anything that tells who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Pupil {
    /// The pseudonym.
    pub(crate) id: String,
    #[serde(skip)]
    pub(crate) person_key: String,
    pub(crate) school_id: String,
    pub(crate) class_id: String,
    pub(crate) grade: i64,
    pub(crate) sex: Option<String>,
    /// `enrolled`, `left` or `erased`.
    pub(crate) status: String,
}

impl Pupil {
    pub(super) fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            person_key: row.try_get("person_key")?,
            school_id: row.try_get("school_id")?,
            class_id: row.try_get("class_id")?,
            grade: row.try_get("grade")?,
            sex: row.try_get("sex")?,
            status: row.try_get("status")?,
        })
    }
}

/// Who a pupil is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) student_id: String,
    pub(crate) birth_date: Option<Date>,
    /// Whom the school reaches, and how.
    pub(crate) contact: Option<String>,
}

/// A pupil as a roster tells it.
#[derive(Debug, Clone)]
pub(crate) struct Enrolled {
    /// The class, which must lie within the scope.
    pub(crate) class_id: String,
    /// `male`, `female` or `other`.
    pub(crate) sex: Option<String>,
    pub(crate) identity: Identity,
}

/// What came of a pupil of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Put {
    /// New in this school.
    Entered,
    /// Was in another class, whose id this is.
    Moved(String),
    /// Had left, and is back.
    Returned,
    /// Another name, birth date, contact or sex.
    Corrected,
    /// Nothing is different.
    Same,
}

impl Put {
    /// The word for it in answers and in the audit log.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Moved(_) => "moved",
            Self::Returned => "returned",
            Self::Corrected => "corrected",
            Self::Same => "same",
        }
    }
}

/// Puts a pupil of a roster into the store. The same student id in the same school is the same pupil.
pub(crate) async fn put(work: &mut Work, pupil: &Enrolled) -> Result<(String, Put), StoreError> {
    work.require(Permission::RostersWrite)?;
    check_text("name", &pupil.identity.name)?;
    check_text("student_id", &pupil.identity.student_id)?;
    let class = organisations::get(work, &pupil.class_id).await?;
    let (Some(school_id), Some(grade), "class") = (class.school_id, class.grade, class.kind.as_str()) else {
        return Err(StoreError::Invalid { field: "class", wanted: "wanted-class" });
    };
    let student_id = pupil.identity.student_id.trim();
    let id = work.store().vault().pseudonym(&school_id, student_id);
    let person = work.store().vault().person(&class.district_id, student_id);
    let now = work.now();
    let known = sqlx::query("SELECT * FROM pupil WHERE id = $1").bind(&id).fetch_optional(work.connection()).await?;
    let known = known.as_ref().map(Pupil::read).transpose()?;
    // Who acts for one class does not take pupils out of another.
    if matches!(&work.caller().scope, super::Scope::Class(own) if known.as_ref().is_some_and(|known| known.class_id != *own))
    {
        return Err(StoreError::Missing("what-pupil"));
    }
    let query = match &known {
        None => sqlx::query(
            "INSERT INTO pupil (id, person_key, district_id, school_id, class_id, grade, sex, status, entered_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'enrolled', $8)",
        ),
        Some(_) => sqlx::query(
            "UPDATE pupil SET person_key = $2, district_id = $3, school_id = $4, class_id = $5, grade = $6, sex = $7,
             status = 'enrolled', left_at = NULL, entered_at = CASE WHEN status = 'enrolled' THEN entered_at ELSE $8 END
             WHERE id = $1",
        ),
    };
    let query = query.bind(&id).bind(&person).bind(&class.district_id).bind(&school_id).bind(&pupil.class_id);
    query.bind(grade).bind(&pupil.sex).bind(now).execute(work.connection()).await?;
    let corrected = write_identity(work, &id, &pupil.identity).await?;
    let done = match known {
        None => Put::Entered,
        Some(known) if known.status != "enrolled" => Put::Returned,
        Some(known) if known.class_id != pupil.class_id => Put::Moved(known.class_id),
        Some(known) if corrected || known.sex != pupil.sex => Put::Corrected,
        Some(_) => Put::Same,
    };
    work.note("pupil.write", &id, done.word());
    Ok((id, done))
}

/// Writes who a pupil is, encrypted with the current key; yes when it differs from what was known.
pub(crate) async fn write_identity(work: &mut Work, id: &str, identity: &Identity) -> Result<bool, StoreError> {
    let known = read_identity(work, id).await?;
    if known.as_ref() == Some(identity) {
        return Ok(false);
    }
    let vault = work.store().vault().clone();
    let place = |column| Place { table: "identity", column, row: id };
    let key_id = vault.current();
    let sealed = |column, text: &str| vault.seal(place(column), &key_id, text.as_bytes());
    let (name, student_id) = (sealed("name", &identity.name)?, sealed("student_id", &identity.student_id)?);
    let birth_date = identity.birth_date.map(|date| sealed("birth_date", &date.to_string())).transpose()?;
    let contact = identity.contact.as_deref().map(|contact| sealed("contact", contact)).transpose()?;
    let query = sqlx::query(
        "INSERT INTO identity (pupil_id, key_id, name, student_id, birth_date, contact, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (pupil_id) DO UPDATE SET key_id = excluded.key_id, name = excluded.name,
         student_id = excluded.student_id, birth_date = excluded.birth_date, contact = excluded.contact,
         changed_at = excluded.changed_at",
    );
    let query = query.bind(id).bind(&key_id).bind(name).bind(student_id).bind(birth_date).bind(contact);
    let now = work.now();
    query.bind(now).execute(work.connection()).await?;
    Ok(known.is_some())
}

/// Who a pupil is, without any check: for this module and its neighbours, after theirs.
pub(super) async fn read_identity(work: &mut Work, id: &str) -> Result<Option<Identity>, StoreError> {
    let query = sqlx::query("SELECT * FROM identity WHERE pupil_id = $1").bind(id);
    let row = query.fetch_optional(work.connection()).await?;
    row.map(|row| opened(work, id, &row)).transpose()
}

fn opened(work: &Work, id: &str, row: &AnyRow) -> Result<Identity, StoreError> {
    let key_id: String = row.try_get("key_id")?;
    let vault = work.store().vault();
    let open = |column: &'static str| -> Result<Option<String>, StoreError> {
        let sealed: Option<Vec<u8>> = row.try_get(column)?;
        let place = Place { table: "identity", column, row: id };
        sealed.map(|bytes| vault.open_text(place, &key_id, &bytes)).transpose()
    };
    let birth_date = open("birth_date")?.map(|text| text.parse().map_err(|_| StoreError::Sealed("identity")));
    Ok(Identity {
        name: open("name")?.ok_or(StoreError::Sealed("identity"))?,
        student_id: open("student_id")?.ok_or(StoreError::Sealed("identity"))?,
        birth_date: birth_date.transpose()?,
        contact: open("contact")?,
    })
}

/// A pupil has left the school.
pub(crate) async fn leave(work: &mut Work, id: &str) -> Result<(), StoreError> {
    const QUERY: &str = concat!(
        "UPDATE pupil SET status = 'left', left_at = $3 WHERE id = $2 AND status = 'enrolled' AND ",
        in_scope!("pupil")
    );
    work.require(Permission::RostersWrite)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(id).bind(work.now());
    if query.execute(work.connection()).await?.rows_affected() == 0 {
        return Err(StoreError::Missing("what-pupil"));
    }
    work.note("pupil.write", id, "left");
    Ok(())
}

/// One pupil within the scope, without a check of permissions and without an entry in the log: for repositories, which add
/// theirs.
pub(crate) async fn find(work: &mut Work, id: &str) -> Result<Pupil, StoreError> {
    const QUERY: &str = concat!("SELECT * FROM pupil p WHERE p.id = $2 AND p.status <> 'erased' AND ", in_scope!("p"));
    let query = sqlx::query(QUERY).bind(work.scope()).bind(id);
    let row = query.fetch_optional(work.connection()).await?;
    row.map_or(Err(StoreError::Missing("what-pupil")), |row| Ok(Pupil::read(&row)?))
}

/// One pupil within the scope.
pub(crate) async fn get(work: &mut Work, id: &str) -> Result<Pupil, StoreError> {
    work.require(Permission::PupilsRead)?;
    let pupil = find(work, id).await?;
    work.note("pupil.read", id, "");
    Ok(pupil)
}

/// Which pupils of a list are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Only those of a school or class, by its id; it narrows the scope and never widens it.
    pub(crate) organisation: Option<String>,
    pub(crate) after: String,
    pub(crate) limit: i64,
}

/// Pupils within the scope who are enrolled, in the order of their pseudonyms.
pub(crate) async fn list(work: &mut Work, wanted: &Wanted) -> Result<Vec<Pupil>, StoreError> {
    const QUERY: &str = concat!(
        "SELECT * FROM pupil p WHERE p.status = 'enrolled' AND p.id > $2 AND ",
        in_scope!("p"),
        " AND ($3 = '' OR $3 = p.school_id OR $3 = p.class_id) ORDER BY p.id LIMIT $4"
    );
    work.require(Permission::PupilsRead)?;
    let query = sqlx::query(QUERY).bind(work.scope()).bind(&wanted.after);
    let query = query.bind(wanted.organisation.clone().unwrap_or_default()).bind(wanted.limit.clamp(1, PAGE));
    let rows = query.fetch_all(work.connection()).await?;
    let pupils = rows.iter().map(Pupil::read).collect::<Result<Vec<_>, _>>()?;
    for pupil in &pupils {
        work.note("pupil.read", &pupil.id, "list");
    }
    Ok(pupils)
}

/// What tells apart the pupils of a class to somebody who knows them, and little to anybody else: the first character of the
/// name, and the last three of the student id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) student_id: String,
}

/// Labels of a pupil within the scope, for lists. Class teachers have [`Permission::CompletionRead`] only, which is enough.
pub(crate) async fn label(work: &mut Work, id: &str) -> Result<Option<Label>, StoreError> {
    if !work.caller().may(Permission::PupilsRead) {
        work.require(Permission::CompletionRead)?;
    }
    find(work, id).await?;
    let label = read_identity(work, id).await?.as_ref().map(label_of);
    work.note("identity.label", id, "");
    Ok(label)
}

/// The label of somebody.
pub(super) fn label_of(identity: &Identity) -> Label {
    Label { name: masked_name(&identity.name), student_id: masked_end(&identity.student_id) }
}

fn masked_name(name: &str) -> String {
    let mut characters = name.trim().chars();
    let first = characters.next().map(String::from).unwrap_or_default();
    first + &"*".repeat(characters.count().clamp(1, 2))
}

fn masked_end(text: &str) -> String {
    let characters: Vec<char> = text.trim().chars().collect();
    // Of a short number nothing is left out otherwise.
    let shown = characters.len().saturating_sub(1).min(3);
    let end: String = characters.iter().skip(characters.len() - shown).collect();
    format!("*{end}")
}

/// What scoring has to know about a pupil within the scope, on the day of the test. The birth date stays in the store.
pub(crate) async fn context(work: &mut Work, pupil: &Pupil, on: Date) -> Result<Context, StoreError> {
    let born = read_identity(work, &pupil.id).await?.and_then(|identity| identity.birth_date);
    work.note("pupil.context", &pupil.id, "");
    Ok(Context {
        sex: pupil.sex.as_deref().and_then(Sex::parse),
        grade: u8::try_from(pupil.grade).ok(),
        age_months: born.and_then(|born| age_in_months(born, on).ok()),
    })
}

/// Completed years; none where the dates cannot be right.
pub(crate) fn age(born: Date, on: Date) -> Option<u16> {
    age_in_months(born, on).ok().map(|months| months / 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_tell_little() {
        assert_eq!(masked_name("王小明"), "王**");
        assert_eq!(masked_name("李丽"), "李*");
        assert_eq!(masked_name(" Amina Yusuf "), "A**");
        assert_eq!(masked_name("王"), "王*");
        assert_eq!(
            (masked_end("20260123"), masked_end("7"), masked_end("12")),
            ("*123".into(), "*".into(), "*2".into())
        );
    }

    #[test]
    fn an_age_is_completed_on_the_birthday() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(age(date("2012-09-15"), date("2026-09-14")), Some(13));
        assert_eq!(age(date("2012-09-15"), date("2026-09-15")), Some(14));
        assert_eq!(age(date("2012-02-29"), date("2026-02-28")), Some(13));
        assert_eq!(age(date("2026-09-16"), date("2026-09-15")), None);
    }
}
