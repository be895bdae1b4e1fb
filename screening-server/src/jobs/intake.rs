//! A sheet that did not come from a form: a row of a file, or a push. It finds its pupil and is stored, or waits in the inbox;
//! its critical answers are told either way.

use jiff::civil::Date;
use screening_core::answers::Context;
use screening_core::screening::Battery;
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::problem::Problem;
use crate::store::pupils::{self, Pupil};
use crate::store::screenings::Screening;
use crate::store::sheets::{self, NewSheet, Taken};
use crate::store::{StoreError, Work, alerts, inbox};
use crate::wave::{HandedIn, Prepared, ReadSheet, critical, hash};

/// Where sheets go.
pub(crate) struct Intake<'a> {
    pub(crate) screening: &'a Screening,
    pub(crate) prepared: &'a Prepared,
    pub(crate) catalogue: &'a Catalogue,
    /// `push:<source>`, or the name of a file.
    pub(crate) source: &'a str,
}

/// A sheet that waits, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) battery: String,
    pub(crate) student_id: Option<String>,
    pub(crate) answers: String,
    pub(crate) administered_on: Option<String>,
    pub(crate) duration_s: Option<f64>,
    pub(crate) row: u32,
}

/// What came of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    In(Taken),
    /// It waits for its pupil.
    Waits,
}

/// What came of it, and the alerts that were raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) came: Came,
    pub(crate) alerts: usize,
}

impl Intake<'_> {
    /// Takes a sheet. `id` is its id in the screening, the same each time it comes.
    pub(crate) async fn take(
        &self,
        work: &mut Work,
        id: &str,
        battery: &Battery,
        sheet: &ReadSheet,
        pupil: Option<&Pupil>,
    ) -> Result<Outcome, Problem> {
        let pupil = match (pupil, &sheet.student_id) {
            (Some(pupil), _) => Some(pupil.clone()),
            (None, Some(student)) => match sheets::pupil_of(work, student).await {
                Ok(pupil) => Some(pupil),
                Err(StoreError::Missing(_)) => None,
                Err(error) => return Err(error.into()),
            },
            (None, None) => None,
        };
        let day = sheet.administered_on.clone().unwrap_or_else(|| self.prepared.definition.administered_on.to_string());
        let context = match &pupil {
            Some(pupil) => context(work, pupil, &day).await?,
            None => Context::default(),
        };
        let filled = HandedIn::stored(&sheet.answers, self.prepared)?;
        let found = critical(&filled, self.prepared, self.catalogue, &context, false)?;
        let hash = hash(pupil.as_ref().map_or("", |pupil| &pupil.id), &sheet.answers, &day, sheet.duration_s);
        let source = self.source.strip_prefix("push:").unwrap_or(self.source);
        let came = match &pupil {
            Some(pupil) => {
                let new = NewSheet {
                    screening_id: &self.screening.id,
                    id,
                    pupil,
                    battery: battery.id(),
                    source: self.source,
                    row: sheet.row,
                    answers: &sheet.answers,
                    hash: &hash,
                    administered_on: &day,
                    duration_s: sheet.duration_s,
                    critical: found.len(),
                    may_change: true,
                };
                Came::In(sheets::put(work, &new).await?)
            }
            None => Came::Waits,
        };
        let kept = Kept {
            battery: battery.id().to_owned(),
            student_id: sheet.student_id.clone(),
            answers: sheet.answers.clone(),
            administered_on: sheet.administered_on.clone(),
            duration_s: sheet.duration_s,
            row: sheet.row,
        };
        let body = serde_json::to_vec(&kept).unwrap_or_default();
        let incoming = inbox::Incoming {
            screening: &self.screening.id,
            id,
            source,
            hash: &hash,
            body: &body,
            why: if pupil.is_none() { "unknown-pupil" } else { "" },
            sheet: pupil.is_some().then_some(id),
            deleted: false,
        };
        inbox::put(work, &incoming).await?;
        let raise = alerts::Raise {
            screening_id: &self.screening.id,
            sheet_id: id,
            pupil: pupil.as_ref(),
            open: false,
            critical: &found,
            duty: &self.prepared.definition.duty,
        };
        Ok(Outcome { came, alerts: alerts::raise(work, &raise).await? })
    }
}

/// What scoring has to know about a pupil on a day.
pub(crate) async fn context(work: &mut Work, pupil: &Pupil, day: &str) -> Result<Context, StoreError> {
    let on: Date = day.parse().map_err(|_| StoreError::Invalid { field: "administered_on", wanted: "wanted-day" })?;
    pupils::context(work, pupil, on).await
}
