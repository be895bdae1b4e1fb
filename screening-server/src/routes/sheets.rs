//! Sheets and drafts, as forms hand them in.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use screening_core::answers::Context;
use screening_core::screening::Battery;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::answer::{self, Shape};
use crate::jobs::intake::context;
use crate::live::drafts::{Begun, Save, Saved};
use crate::middleware::Asked;
use crate::order::Person;
use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;
use crate::store::audit::Entry;
use crate::store::pupils::{self, Pupil};
use crate::store::screenings;
use crate::store::sheets::{self, Draft, NewSheet, Taken};
use crate::store::{Caller, StoreError, Work, alerts, shown};
use crate::wave::{HandedIn, Prepared, Whose, critical, order};

use super::form;
use super::score::json;

/// Screening and sheet of a path.
type Ids = Result<Path<(String, String)>, PathRejection>;

/// Those of a sheet that may have come from a file or a platform.
fn known_ids(path: Ids) -> Result<(String, String), Problem> {
    path.map(|Path(ids)| ids).map_err(|_| ProblemKind::NotFound.into())
}

/// Those of a sheet that a form hands in.
fn ids_of(path: Ids) -> Result<(String, String), Problem> {
    let (screening, sheet) = known_ids(path)?;
    let fits = (1..=64).contains(&sheet.len())
        && sheet.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if fits { Ok((screening, sheet)) } else { Err(ProblemKind::InvalidId.into()) }
}

/// The pupil of a sheet within the scope.
async fn pupil_of(work: &mut Work, whose: &Whose) -> Result<Pupil, Problem> {
    let (found, place) = match whose {
        Whose::Pupil(id) => (pupils::find(work, id).await, "/pupil"),
        Whose::StudentId(id) => (sheets::pupil_of(work, id).await, "/student_id"),
    };
    found.map_err(|error| match error {
        StoreError::Missing(what) => Fault::new(ProblemKind::NotInScope).at(place).with("what", what).into(),
        error => error.into(),
    })
}

/// The battery of a pupil's grade.
fn battery_of<'p>(prepared: &'p Prepared, pupil: &Pupil) -> Result<&'p Battery, Problem> {
    let battery = u8::try_from(pupil.grade).ok().and_then(|grade| prepared.battery_of(grade));
    battery.ok_or_else(|| Fault::new(ProblemKind::NoBattery).with("grade", pupil.grade).into())
}

/// What a form is told: that the sheet is there, and nothing of what it says.
#[derive(Serialize)]
struct Receipt<'a> {
    sheet: &'a str,
    state: &'static str,
    /// `new`, or `same` when it was there already.
    taken: &'static str,
    /// The day lies outside the windows of the screening.
    outside_window: bool,
    received_at: String,
}

/// `PUT /api/v1/screenings/{screening}/sheets/{sheet}`
pub(super) async fn hand_in(
    State(app): State<App>,
    caller: Caller,
    path: Ids,
    request: Request,
) -> Result<Response, Problem> {
    let (screening_id, id) = ids_of(path)?;
    let Ok(_permit) = app.requests.try_acquire() else { return Err(Problem::busy()) };
    let bytes = form::json_of(request, &app.limits).await?;
    let (screening, prepared) = app.live.waves.open(&app, &caller, &screening_id).await?;
    let handed = HandedIn::read(&bytes, &prepared, false)?;
    // Those who write wait for each other, so nothing is looked up or scored then that can be before.
    let mut look = app.store()?.look(&caller, "sheet.write").await?;
    let pupil = pupil_of(&mut look, &handed.whose).await?;
    let battery = battery_of(&prepared, &pupil)?;
    handed.fits(battery, false)?;
    let day = handed.administered_on.unwrap_or(prepared.definition.administered_on);
    let context = context(&mut look, &pupil, &day.to_string()).await?;
    let noted = look.noted().await?;
    // The same call that scores without storing, on the same sheets.
    let found = critical(&handed.sheets, &prepared, &app.definitions.now(), &context, false)?;
    let hash = handed.hash(&pupil.id);
    let mut work = app.store()?.begin(&caller, "sheet.write").await?;
    work.adopt(noted);
    // It may have been closed since it was made ready, and the pupil have moved or been erased since a moment ago.
    let now = screenings::find(&mut work, &screening.id).await?;
    if now.state != screenings::State::Released {
        return Err(Fault::new(ProblemKind::ScreeningNotOpen).with("state", now.state.word()).into());
    }
    if pupils::find(&mut work, &pupil.id).await? != pupil {
        return Err(Problem::busy());
    }
    let new = NewSheet {
        screening_id: &screening.id,
        id: &id,
        pupil: &pupil,
        battery: battery.id(),
        source: "form",
        row: 0,
        answers: &handed.answers,
        hash: &hash,
        administered_on: &day.to_string(),
        duration_s: handed.duration_s,
        critical: found.len(),
        may_change: false,
    };
    let taken = sheets::put(&mut work, &new).await.map_err(|error| match error {
        StoreError::Exists(_) => ProblemKind::SheetDiffers.into(),
        error => Problem::from(error),
    })?;
    let raise = alerts::Raise {
        screening_id: &screening.id,
        sheet_id: &id,
        pupil: Some(&pupil),
        open: false,
        critical: &found,
        duty: &prepared.definition.duty,
    };
    let raised = alerts::raise(&mut work, &raise).await?;
    let receipt = Receipt {
        sheet: &id,
        state: "handed-in",
        taken: if taken == Taken::Same { "same" } else { "new" },
        outside_window: !prepared.definition.expects(day),
        received_at: shown(work.now()),
    };
    let response = work.answer(StatusCode::OK, &receipt).await?;
    if raised > 0 {
        app.live.hub.alert();
    }
    Ok(response)
}

/// What a form is told of a draft.
#[derive(Serialize)]
struct DraftReceipt<'a> {
    sheet: &'a str,
    /// No when a later save is there already, or the sheet was handed in.
    saved: bool,
    revision: i64,
}

/// `PUT /api/v1/screenings/{screening}/sheets/{sheet}/draft`: answered when it is on the disk.
pub(super) async fn save_draft(
    State(app): State<App>,
    caller: Caller,
    path: Ids,
    request: Request,
) -> Result<Response, Problem> {
    let (screening_id, id) = ids_of(path)?;
    let bytes = form::json_of(request, &app.limits).await?;
    let (screening, prepared) = app.live.waves.open(&app, &caller, &screening_id).await?;
    let handed = HandedIn::read(&bytes, &prepared, true)?;
    let (begun, noted) = begun(&app, &caller, &prepared, (&screening.id, &id), &handed).await?;
    if let Some(battery) = prepared.battery(&begun.battery) {
        handed.fits(battery, true)?;
    }
    let found = critical(&handed.sheets, &prepared, &app.definitions.now(), &begun.context, true)?;
    let (done, saved) = oneshot::channel();
    let save = Save {
        draft: Draft {
            screening_id: screening.id.clone(),
            sheet_id: id.clone(),
            district_id: screening.district_id.clone(),
            pupil: begun.pupil.clone(),
            revision: handed.revision,
            answers: handed.answers,
        },
        critical: found,
        duty: prepared.definition.duty.clone(),
        noted,
        done,
    };
    if !app.live.drafts.save(save) {
        return Err(Problem::busy());
    }
    let saved = match saved.await {
        // Of a save that was refused nothing was noted, so the next one looks everything up again.
        Ok(Saved::Yes) => {
            app.live.drafts.remember(&screening.id, &id, begun);
            true
        }
        Ok(Saved::Late) => false,
        Ok(Saved::Failed) | Err(_) => return Err(ProblemKind::StoreUnavailable.into()),
    };
    let receipt = DraftReceipt { sheet: &id, saved, revision: handed.revision };
    Ok(json(serde_json::to_vec(&receipt).unwrap_or_default()))
}

/// What is known of an open sheet, and what was noted when it was looked up: of the first save of a caller. The others are held
/// to it.
async fn begun(
    app: &App,
    caller: &Caller,
    prepared: &Prepared,
    (screening, sheet): (&str, &str),
    handed: &HandedIn,
) -> Result<(Arc<Begun>, Vec<Entry>), Problem> {
    let holder = caller.name();
    let known = app.live.drafts.begun(screening, sheet);
    if let Some(known) = known.filter(|known| known.holder == holder && known.whose == handed.whose) {
        return Ok((known, Vec::new()));
    }
    let mut work = app.store()?.look(caller, "sheet.begin").await?;
    let pupil = pupil_of(&mut work, &handed.whose).await?;
    let battery = battery_of(prepared, &pupil)?.id().to_owned();
    let day = handed.administered_on.unwrap_or(prepared.definition.administered_on);
    let context: Context = context(&mut work, &pupil, &day.to_string()).await?;
    work.note("sheet.begin", &pupil.id, sheet);
    let noted = work.noted().await?;
    Ok((Arc::new(Begun { holder, whose: handed.whose.clone(), pupil, battery, context }), noted))
}

#[derive(Serialize)]
struct DraftWhole {
    revision: i64,
    answers: serde_json::Value,
}

/// `GET /api/v1/screenings/{screening}/sheets/{sheet}/draft`
pub(super) async fn draft(State(app): State<App>, caller: Caller, path: Ids) -> Result<Response, Problem> {
    let (screening, id) = ids_of(path)?;
    let mut work = app.store()?.begin(&caller, "draft.read").await?;
    screenings::find(&mut work, &screening).await?;
    let (revision, answers) = sheets::draft(&mut work, &screening, &id).await?;
    let answers = serde_json::from_str(&answers).map_err(|_| ProblemKind::Internal)?;
    Ok(work.answer(StatusCode::OK, &DraftWhole { revision, answers }).await?)
}

/// `GET /api/v1/screenings/{screening}/sheets/{sheet}`: the sheet, scored by what the screening was released with.
pub(super) async fn scored(
    State(app): State<App>,
    Extension(asked): Extension<Asked>,
    caller: Caller,
    path: Ids,
) -> Result<Response, Problem> {
    let (screening_id, id) = known_ids(path)?;
    let mut work = app.store()?.begin(&caller, "sheet.read").await?;
    let screening = screenings::find(&mut work, &screening_id).await?;
    let sheet = sheets::get(&mut work, &screening_id, &id).await?;
    let pupil = pupils::find(&mut work, &sheet.pupil_id).await?;
    let context = context(&mut work, &pupil, &sheet.administered_on).await?;
    work.commit().await?;
    let (prepared, catalogue) = (app.live.waves.of(&app, &screening)?, app.definitions.now());
    let filled = HandedIn::stored(&sheet.answers, &prepared)?;
    let person = Person { context, administered_on: sheet.administered_on.parse().ok() };
    let order = order(filled, &prepared, &catalogue, person, sheet.duration_s)?;
    let mut out = Vec::with_capacity(8192);
    answer::write(&order, &catalogue, Shape { language: asked.language, line: None, single: false }, &mut out)?;
    Ok(json(out))
}
