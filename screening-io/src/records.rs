//! Tables of records about pupils, and of decisions: one row each, words of a closed vocabulary, no free text.

use std::path::Path;

use jiff::civil::Date;
use screening_core::instrument::Text;
use screening_core::risk::{Policy, PupilRecord, RecordPlace, evidence_kinds};
use screening_core::screening::{Decision, decision_reasons};

use crate::error::{IoError, Problem};
use crate::parse::{cell_date, cell_id, holds_identity_number};
use crate::table::{Table, Value, read_list};
use crate::words::{narrow, words};

/// A column: its key, and whether the table needs it.
type Wanted = (&'static str, bool);

const RECORD: [Wanted; 5] = [("student_id", true), ("kind", true), ("source", false), ("value", true), ("date", false)];
const DECISION: [Wanted; 5] =
    [("student_id", true), ("decided_by", true), ("decided_on", true), ("tier", true), ("reason", true)];

/// Reads a table of records about pupils (csv, xlsx, ods): `student_id`, `kind`, `value`, and where they are needed `source` and
/// `date`, one row a record. Kinds, sources and values are the words of the vocabulary or their names in either language; a kind
/// may be written with its source, `nomination.teacher`. A row without a student id is read and told by the engine.
///
/// A table with any other column is refused, whatever is in it: notes about a pupil do not belong in a screening.
///
/// # Errors
/// When the file cannot be read, a column is missing or too many, or a cell is not understood.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("records.csv");
/// std::fs::write(&path, "student_id,kind,source,value,date\n007,nomination,teacher,concern,2026-10-01\n")?;
/// assert_eq!(screening_io::read_evidence(&path)?[0].value, "concern");
/// std::fs::write(&path, "student_id,kind,source,value,date\n007,nomination,teacher,seems sad,2026-10-01\n")?;
/// assert_eq!(screening_io::read_evidence(&path).unwrap_err().id(), "evidence-value");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_evidence(path: &Path) -> Result<Vec<PupilRecord>, IoError> {
    let Some(table) = read_list(path)? else { return Ok(Vec::new()) };
    let columns = Columns::find(&table, &RECORD)?;
    (0..table.height()).map(|row| record(&columns, row, path)).collect()
}

/// Reads a table of decisions (csv, xlsx, ods): `student_id`, `decided_by`, `decided_on`, `tier` and `reason`, one row a decision.
/// Tiers are those of `policy` and reasons those of [`decision_reasons`], by id or by their names in either language.
///
/// # Errors
/// As [`read_evidence`].
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("decisions.csv");
/// use screening_core::risk::Policy;
/// let policy = Policy::bundled("district-default").expect("bundled")?;
/// std::fs::write(&path, "student_id,decided_by,decided_on,tier,reason\n007,T12,2026-10-14,soon,interview\n")?;
/// assert_eq!(screening_io::read_decisions(&path, &policy)?[0].tier, "soon");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_decisions(path: &Path, policy: &Policy) -> Result<Vec<Decision>, IoError> {
    let Some(table) = read_list(path)? else { return Ok(Vec::new()) };
    let columns = Columns::find(&table, &DECISION)?;
    (0..table.height()).map(|row| decision(&columns, row, path, policy)).collect()
}

/// The columns of a table that may have no others.
struct Columns<'t> {
    table: &'t Table,
    places: Vec<(&'static str, usize)>,
}

impl<'t> Columns<'t> {
    fn find(table: &'t Table, wanted: &[Wanted]) -> Result<Self, IoError> {
        let known: Vec<&str> = wanted.iter().map(|(key, _)| *key).collect();
        let mut places: Vec<(&'static str, usize)> = Vec::new();
        for (at, heading) in table.headings().iter().enumerate().filter(|(_, heading)| !heading.trim().is_empty()) {
            let key = wanted.iter().map(|(key, _)| *key).find(|key| words().names_column(key, heading));
            let Some(key) = key else {
                let problem = Problem::new("record-column", table.column_place(at)).value(heading.clone());
                return Err(problem.with("columns", known.join(", ")).into());
            };
            if places.iter().any(|(known, _)| *known == key) {
                return Err(Problem::new("record-column-twice", table.column_place(at)).with("column", key).into());
            }
            places.push((key, at));
        }
        for (key, _) in wanted.iter().filter(|(_, needed)| *needed) {
            if !places.iter().any(|(known, _)| known == key) {
                let problem = Problem::new("record-missing", table.place()).with("column", key);
                return Err(problem.with("columns", known.join(", ")).into());
            }
        }
        Ok(Self { table, places })
    }

    fn column(&self, key: &str) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == key).map(|(_, at)| *at)
    }

    fn text(&self, key: &str, row: usize) -> String {
        self.column(key).map(|column| narrow(&self.table.cell(row, column).to_text())).unwrap_or_default()
    }

    fn refuse(&self, id: &'static str, key: &str, row: usize) -> Problem {
        let column = self.column(key).unwrap_or_default();
        Problem::new(id, self.table.cell_place(row, column)).value(self.table.cell(row, column).to_text())
    }

    /// The id; blank where the row has none.
    fn student_id(&self, row: usize) -> Result<String, IoError> {
        let Some(column) = self.column("student_id") else { return Ok(String::new()) };
        let cell = self.table.cell(row, column);
        if *cell == Value::Blank {
            return Ok(String::new());
        }
        cell_id(cell).map_err(|_| self.refuse("record-student", "student_id", row).into())
    }

    fn date(&self, key: &str, row: usize) -> Result<Option<Date>, IoError> {
        let Some(column) = self.column(key) else { return Ok(None) };
        let cell = self.table.cell(row, column);
        if *cell == Value::Blank {
            return Ok(None);
        }
        cell_date(cell).map(Some).ok_or_else(|| self.refuse("person-not-a-date", key, row).into())
    }

    fn place(&self, path: &Path, row: usize) -> RecordPlace {
        let number = self.table.cell_place(row, 0).row.unwrap_or_default();
        RecordPlace { file: path.display().to_string(), row: u64::from(number) }
    }
}

/// The id that a word stands for: itself, or the name of something in either language.
fn id_of<'k>(word: &str, known: impl Iterator<Item = (&'k String, &'k Text)>) -> Option<String> {
    let same = |name: &str| narrow(name).eq_ignore_ascii_case(word);
    known.into_iter().find(|(id, name)| same(id) || same(&name.en) || same(&name.zh_cn)).map(|(id, _)| id.clone())
}

fn list<'k>(ids: impl Iterator<Item = &'k String>) -> String {
    ids.map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn record(columns: &Columns<'_>, row: usize, path: &Path) -> Result<PupilRecord, IoError> {
    let written = columns.text("kind", row);
    let (word, with_source) =
        written.split_once('.').map_or((written.as_str(), None), |(kind, source)| (kind, Some(source)));
    let kinds = evidence_kinds();
    let kind = id_of(word.trim(), kinds.iter().map(|(id, kind)| (id, &kind.name)));
    let definition = kind.as_ref().and_then(|kind| kinds.get(kind));
    let (Some(kind), Some(definition)) = (kind, definition) else {
        return Err(columns.refuse("evidence-kind", "kind", row).with("known", list(kinds.keys())).into());
    };
    let named = columns.text("source", row);
    let source = match (with_source.map(str::trim), named.as_str()) {
        (Some(_), other) if !other.is_empty() => {
            return Err(columns.refuse("evidence-source-twice", "source", row).into());
        }
        (Some(source), _) => Some(source.to_owned()),
        (None, "") => None,
        (None, source) => Some(source.to_owned()),
    };
    let source = match source {
        None if definition.sources.is_empty() => None,
        None => {
            let problem = columns.refuse("evidence-no-source", "kind", row);
            return Err(problem.with("known", list(definition.sources.keys())).into());
        }
        Some(word) => {
            let known = id_of(&word, definition.sources.iter());
            let key = if with_source.is_some() { "kind" } else { "source" };
            let refuse = || columns.refuse("evidence-source", key, row).with("known", list(definition.sources.keys()));
            Some(known.ok_or_else(refuse)?)
        }
    };
    let value = id_of(&columns.text("value", row), definition.values.iter().map(|(id, value)| (id, &value.name)));
    let refuse = || {
        let problem = columns.refuse("evidence-value", "value", row).with("kind", &kind);
        problem.with("known", list(definition.values.keys()))
    };
    Ok(PupilRecord {
        student_id: columns.student_id(row)?,
        value: value.ok_or_else(refuse)?,
        date: columns.date("date", row)?,
        place: columns.place(path, row),
        kind,
        source,
    })
}

fn decision(columns: &Columns<'_>, row: usize, path: &Path, policy: &Policy) -> Result<Decision, IoError> {
    let tiers = &policy.definition().tiers;
    let tier = id_of(&columns.text("tier", row), tiers.iter().map(|tier| (&tier.id, &tier.name)));
    let no_tier =
        || columns.refuse("decision-tier", "tier", row).with("known", list(tiers.iter().map(|tier| &tier.id)));
    let reason = id_of(&columns.text("reason", row), decision_reasons().iter());
    let no_reason = || columns.refuse("decision-reason", "reason", row).with("known", list(decision_reasons().keys()));
    let decided_by = columns.text("decided_by", row);
    if decided_by.is_empty() || decided_by.chars().count() > 40 || holds_identity_number(&decided_by) {
        return Err(columns.refuse("decision-by", "decided_by", row).into());
    }
    let day = columns.date("decided_on", row)?;
    Ok(Decision {
        student_id: columns.student_id(row)?,
        decided_by,
        decided_on: day.ok_or_else(|| columns.refuse("person-not-a-date", "decided_on", row))?,
        tier: tier.ok_or_else(no_tier)?,
        reason: reason.ok_or_else(no_reason)?,
        place: columns.place(path, row),
    })
}
