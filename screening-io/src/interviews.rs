//! The table of interviews: what came of each, and nothing more.

use std::path::Path;

use screening_core::risk::evaluate::{Interview, InterviewOutcome};

use crate::error::{IoError, Problem};
use crate::parse::{cell_date, cell_id};
use crate::table::{Table, Value, read_list};

/// The columns; a table with any other is refused.
const COLUMNS: [&str; 4] = ["student_id", "date", "outcome", "interviewer_role"];

/// Reads a table of interviews (csv, xlsx): `student_id`, `date`, `outcome` (`needs-support`, `no-need`, `cannot-say`,
/// `not-held`) and `interviewer_role`, one row an interview.
///
/// A table with any other column is refused, whatever is in it: notes, names and diagnoses of an interview do not belong in an
/// evaluation.
///
/// # Errors
/// When the file cannot be read, a column is missing or too many, or a cell is blank or not understood.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("interviews.csv");
/// std::fs::write(&path, "student_id,date,outcome,interviewer_role\n007,2026-10-12,no-need,counsellor\n")?;
/// assert_eq!(screening_io::read_interviews(&path)?[0].student_id, "007");
/// std::fs::write(&path, "student_id,date,outcome,interviewer_role,notes\n007,2026-10-12,no-need,counsellor,cried\n")?;
/// assert_eq!(screening_io::read_interviews(&path).unwrap_err().id(), "interviews-column");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_interviews(path: &Path) -> Result<Vec<Interview>, IoError> {
    let Some(table) = read_list(path)? else { return Ok(Vec::new()) };
    let places = columns(&table)?;
    (0..table.height()).map(|row| interview(&table, row, places)).collect()
}

fn columns(table: &Table) -> Result<[usize; 4], IoError> {
    let mut seen: Vec<&str> = Vec::new();
    for (at, heading) in table.headings().iter().enumerate() {
        let name = heading.trim();
        // A column without a heading may hold notes all the same.
        let empty = name.is_empty() && (0..table.height()).all(|row| *table.cell(row, at) == Value::Blank);
        if !empty && (!COLUMNS.contains(&name) || seen.contains(&name)) {
            return Err(Problem::new("interviews-column", table.column_place(at)).value(heading.clone()).into());
        }
        seen.push(name);
    }
    let mut places = [0; 4];
    for (place, wanted) in places.iter_mut().zip(COLUMNS) {
        let found = table.headings().iter().position(|heading| heading.trim() == wanted);
        *place = found.ok_or_else(|| Problem::new("interviews-missing", table.place()).with("column", wanted))?;
    }
    Ok(places)
}

fn interview(table: &Table, row: usize, [id, date, outcome, role]: [usize; 4]) -> Result<Interview, IoError> {
    let refuse = |problem: &'static str, column: usize| -> IoError {
        let cell = table.cell(row, column);
        Problem::new(problem, table.cell_place(row, column)).value(cell.to_text()).into()
    };
    let student_id = cell_id(table.cell(row, id)).map_err(|_| refuse("interviews-student", id))?;
    if student_id.trim().is_empty() {
        return Err(refuse("interviews-student", id));
    }
    let day = cell_date(table.cell(row, date)).ok_or_else(|| refuse("interviews-date", date))?;
    let word = table.cell(row, outcome).to_text();
    let known = InterviewOutcome::ALL.into_iter().find(|known| known.word() == word.trim());
    let outcome = known.ok_or_else(|| refuse("interviews-outcome", outcome))?;
    let role_cell = table.cell(row, role);
    if role_cell.to_text().trim().is_empty() {
        return Err(refuse("interviews-role", role));
    }
    Ok(Interview { student_id, date: day, outcome, interviewer_role: role_cell.to_text() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Interview>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("interviews.csv");
        std::fs::write(&path, text).unwrap();
        read_interviews(&path).map_err(|error| error.id().to_owned())
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        let head = "student_id,date,outcome,interviewer_role";
        let good = read(&format!("{head}\n 007 ,2026-10-12,needs-support,心理教师\n")).unwrap();
        assert_eq!((good[0].student_id.trim(), good[0].outcome), ("007", InterviewOutcome::NeedsSupport));
        assert!(read(&format!("{head}\n")).unwrap().is_empty());
        // An empty column that a spreadsheet left behind does no harm.
        assert_eq!(read(&format!("{head},\n1,2026-10-12,no-need,a,\n")).unwrap().len(), 1);
        for (text, id) in [
            (format!("{head},notes\n1,2026-10-12,no-need,a,cried\n"), "interviews-column"),
            (format!("{head},\n1,2026-10-12,no-need,a,cried\n"), "heading-missing"),
            (format!("{head},outcome\n1,2026-10-12,no-need,a,no-need\n"), "heading-duplicate"),
            ("student_id,date,outcome\n1,2026-10-12,no-need\n".to_owned(), "interviews-missing"),
            (format!("{head}\n,2026-10-12,no-need,a\n"), "interviews-student"),
            (format!("{head}\n1,soon,no-need,a\n"), "interviews-date"),
            (format!("{head}\n1,2026-10-12,depression,a\n"), "interviews-outcome"),
            (format!("{head}\n1,2026-10-12,no-need,\n"), "interviews-role"),
        ] {
            assert_eq!(read(&text).unwrap_err(), id, "{text}");
        }
    }
}
