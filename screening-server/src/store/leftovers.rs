//! What is kept of a wave outside of the rows of pupils: files that computations wrote, and sheets that found no pupil.
//!
//! A file holds rows of all pupils of a wave. It must not outlive what is kept of any of them: with the first pupil whose rows are
//! deleted, files of counts are left, and the results that later waves are compared with, without that pupil.

use std::collections::HashSet;

use sqlx::{Any, Pool};

use super::Work;
use super::error::StoreError;

/// Class of record of the files that computations wrote, counted from the day on which they were written.
pub(crate) const FILES: &str = "files";
/// Class of record of sheets that found no pupil, and of pushes that cannot be read, counted from the day on which they came.
pub(crate) const WAITING: &str = "waiting";
/// The file with the results that later waves are compared with: rows are taken out of it, and the others stay.
pub(crate) const RESULTS: &str = "results.parquet";
/// Both.
pub(crate) const CLASSES: [&str; 2] = [FILES, WAITING];

/// Classes whose rows also stand in the files of a wave.
const IN_FILES: [&str; 3] = ["identity", "results", "sheets"];

/// What is kept of the files of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    All,
    /// Files of counts, and the results of those of whom the store still has one.
    Aggregates,
    None,
}

impl Kept {
    fn named(word: &str) -> Self {
        match word {
            "aggregates" => Self::Aggregates,
            "none" => Self::None,
            _ => Self::All,
        }
    }

    /// Whether a file of this name is kept.
    pub(crate) fn keeps(self, name: &str) -> bool {
        let counts =
            [RESULTS, "coverage.csv", "summary.json", "tally.json"].contains(&name) || name.starts_with("published-");
        match self {
            Self::All => true,
            Self::Aggregates => counts,
            Self::None => false,
        }
    }
}

/// What is kept of the files of a job, and whether the job has ended; none when there is no such job.
pub(crate) async fn of_job(pool: &Pool<Any>, job: &str) -> Result<Option<(Kept, bool)>, StoreError> {
    let query = sqlx::query_as::<_, (String, String)>("SELECT files_kept, state FROM job WHERE id = $1").bind(job);
    let row = query.fetch_optional(pool).await?;
    Ok(row.map(|(kept, state)| (Kept::named(&kept), !["queued", "running"].contains(&state.as_str()))))
}

/// Pupils of whom the store has a result in the wave of a job.
pub(crate) async fn pupils_of(pool: &Pool<Any>, job: &str) -> Result<HashSet<String>, StoreError> {
    let query = sqlx::query_scalar(
        "SELECT r.pupil_id FROM wave_result r JOIN job j ON j.screening_id = r.screening_id WHERE j.id = $1",
    );
    Ok(query.bind(job).fetch_all(pool).await?.into_iter().collect())
}

/// What is due of one of [`CLASSES`] by a rule: jobs with files, or sheets that wait.
pub(super) async fn count_due(work: &mut Work, class: &str, district: &str, before: i64) -> Result<i64, StoreError> {
    let text = match class {
        FILES => {
            "SELECT COUNT(*) FROM job WHERE district_id = $1 AND finished_at < $2 AND files_kept <> 'none'
             AND kind IN ('wave', 'rescore')"
        }
        _ => "SELECT COUNT(*) FROM inbox WHERE district_id = $1 AND changed_at < $2 AND state = 'waiting'",
    };
    Ok(sqlx::query_scalar(text).bind(district).bind(before).fetch_one(work.connection()).await?)
}

/// Deletes what is due of one of [`CLASSES`]; gives how many. Alerts of sheets that found no pupil go with them: no other rule
/// reaches them.
pub(super) async fn delete_due(work: &mut Work, class: &str, district: &str, before: i64) -> Result<u64, StoreError> {
    const ALERTS: &str = "DELETE FROM alert WHERE pupil_id IS NULL AND district_id = $1 AND EXISTS (SELECT 1 FROM inbox i
         WHERE i.screening_id = alert.screening_id AND i.id = alert.sheet_id AND i.state = 'waiting' AND i.changed_at < $2)";
    let text = match class {
        FILES => {
            "UPDATE job SET files_kept = 'none' WHERE district_id = $1 AND finished_at < $2 AND files_kept <> 'none'
             AND kind IN ('wave', 'rescore')"
        }
        _ => {
            sqlx::query(ALERTS).bind(district).bind(before).execute(work.connection()).await?;
            "DELETE FROM inbox WHERE district_id = $1 AND changed_at < $2 AND state = 'waiting'"
        }
    };
    let rows = sqlx::query(text).bind(district).bind(before).execute(work.connection()).await?.rows_affected();
    if rows > 0 {
        work.note("retention.part", district, format!("{class}: {rows}"));
    }
    Ok(rows)
}

/// Rows of a pupil are about to be deleted: files with such rows are kept no longer.
pub(super) async fn with_rows_of(
    work: &mut Work,
    pupil: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), StoreError> {
    if !IN_FILES.into_iter().any(wanted) {
        return Ok(());
    }
    let query = sqlx::query_scalar(
        "UPDATE job SET files_kept = 'aggregates' WHERE files_kept = 'all' AND kind IN ('wave', 'rescore')
         AND screening_id IN (SELECT screening_id FROM wave_result WHERE pupil_id = $1
                              UNION SELECT screening_id FROM sheet WHERE pupil_id = $1) RETURNING id",
    );
    let jobs: Vec<String> = query.bind(pupil).fetch_all(work.connection()).await?;
    for job in jobs {
        work.note("job.files", &job, "kept: aggregates");
    }
    Ok(())
}
