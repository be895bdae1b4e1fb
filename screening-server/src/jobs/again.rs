//! What waits is tried again: sheets whose pupil was not found, when a class list has come; pushes that could not be read, when the
//! mapping of their source was corrected.

use serde::Serialize;

use crate::problem::{Problem, ProblemKind};
use crate::push;
use crate::state::App;
use crate::store::inbox::{self, Entry};
use crate::store::pupils::Pupil;
use crate::store::screenings::Screening;
use crate::store::{Caller, StoreError, Work, alerts, sheets};
use crate::wave::ReadSheet;

use super::intake::{Came, Intake, Kept};
use super::pushed;

/// Entries of one transaction.
const TOGETHER: i64 = 100;

/// What came of trying again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tried {
    /// Entries that waited.
    #[serde(rename = "tried")]
    pub(crate) entries: usize,
    /// Pushes that could not be read before, and now were.
    pub(crate) read: usize,
    /// Sheets that have their pupil now.
    pub(crate) matched: usize,
    /// Sheets that still wait for their pupil.
    pub(crate) waiting: usize,
    /// Pushes that still cannot be read.
    pub(crate) unreadable: usize,
}

/// What came of one entry.
enum Again {
    Matched,
    Waits,
    Unreadable,
}

/// Tries again everything that waits in a screening, a part at a time: broken off, it is gone on with by trying again.
pub(crate) async fn again(app: &App, caller: &Caller, screening: &Screening) -> Result<Tried, Problem> {
    let prepared = app.live.waves.of(app, screening)?;
    let catalogue = app.definitions.now();
    let intake = Intake { screening, prepared: &prepared, catalogue: &catalogue, source: "" };
    let (mut tried, mut after) = (Tried::default(), String::new());
    loop {
        let mut work = app.store()?.begin(caller, "inbox.again").await?;
        let entries = inbox::waiting(&mut work, &screening.id, &after, TOGETHER).await?;
        let Some((last, _)) = entries.last() else { break };
        after.clone_from(&last.id);
        for (entry, body) in &entries {
            let unread = entry.why == inbox::UNREADABLE;
            let came = intake.again(&mut work, entry, body).await?;
            tried.entries += 1;
            tried.read += usize::from(unread && !matches!(came, Again::Unreadable));
            match came {
                Again::Matched => tried.matched += 1,
                Again::Waits => tried.waiting += 1,
                Again::Unreadable => tried.unreadable += 1,
            }
        }
        work.commit().await?;
    }
    // Whether there was an alert or not: a look costs little.
    app.live.hub.alert();
    Ok(tried)
}

impl Intake<'_> {
    async fn again(&self, work: &mut Work, entry: &Entry, body: &[u8]) -> Result<Again, Problem> {
        if entry.why == inbox::UNREADABLE {
            self.read_again(work, entry, body).await
        } else {
            self.match_again(work, entry, body).await
        }
    }

    /// A push that could not be read. Its signature was right when it came.
    async fn read_again(&self, work: &mut Work, entry: &Entry, body: &[u8]) -> Result<Again, Problem> {
        let source = self.prepared.definition.sources.get(&entry.source);
        let Some((source, platform)) = source.and_then(|source| Some((source, source.platform()?))) else {
            return Ok(Again::Unreadable);
        };
        let Ok(pushed) = push::kept(platform, body) else { return Ok(Again::Unreadable) };
        let Ok((sheet, battery)) = pushed::sheet(&pushed, source, &entry.source, self.prepared) else {
            return Ok(Again::Unreadable);
        };
        let named = format!("push:{}", entry.source);
        let outcome = Intake { source: &named, ..*self }.take(work, &entry.id, battery, &sheet, None).await?;
        Ok(if outcome.came == Came::Waits { Again::Waits } else { Again::Matched })
    }

    /// A sheet whose pupil was not found.
    async fn match_again(&self, work: &mut Work, entry: &Entry, body: &[u8]) -> Result<Again, Problem> {
        // What this program has written is read by it.
        let kept: Kept = serde_json::from_slice(body).map_err(|_| Problem::from(ProblemKind::Internal))?;
        let Some(battery) = self.prepared.battery(&kept.battery) else { return Ok(Again::Waits) };
        let Some(student) = &kept.student_id else { return Ok(Again::Waits) };
        let pupil: Pupil = match sheets::pupil_of(work, student).await {
            Ok(pupil) => pupil,
            Err(StoreError::Missing(_)) => return Ok(Again::Waits),
            Err(error) => return Err(error.into()),
        };
        let sheet = ReadSheet {
            student_id: kept.student_id.clone(),
            external: None,
            answers: kept.answers,
            administered_on: kept.administered_on,
            duration_s: kept.duration_s,
            row: kept.row,
        };
        let pushes =
            self.prepared.definition.sources.get(&entry.source).is_some_and(|source| source.platform().is_some());
        let source = if pushes { format!("push:{}", entry.source) } else { entry.source.clone() };
        let own = Intake { source: &source, ..*self };
        own.take(work, &entry.id, battery, &sheet, Some(&pupil)).await?;
        alerts::found(work, &self.screening.id, &entry.id, &pupil).await?;
        Ok(Again::Matched)
    }
}
