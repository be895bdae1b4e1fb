//! Drafts: many saves in one transaction.
//!
//! A district at work saves more than a thousand drafts a second, and a commit waits for the disk. One task takes everything
//! that has come in, writes it in one transaction, and answers when that is on the disk: whoever is told that a draft is saved
//! finds it again after a power cut. A critical answer becomes an alert in the same transaction.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use screening_core::answers::Context;
use tokio::sync::{mpsc, oneshot};

use crate::state::App;
use crate::store::audit::Entry;
use crate::store::sheets::{self, Draft};
use crate::store::{Caller, StoreError, alerts};
use crate::wave::{Critical, Duty};

/// As many saves as wait; beyond it whoever saves is told to come again.
const WAITING: usize = 20_000;
/// As many saves as are written together.
const TOGETHER: usize = 512;
/// As many open sheets as are remembered.
const MOST: usize = 100_000;

/// A save.
pub(crate) struct Save {
    pub(crate) draft: Draft,
    pub(crate) critical: Vec<Critical>,
    pub(crate) duty: Duty,
    /// What was noted when the sheet was begun: it stands in the audit log when the save is there, and not before.
    pub(crate) noted: Vec<Entry>,
    pub(crate) done: oneshot::Sender<Saved>,
}

/// What came of a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saved {
    Yes,
    /// A later save is there, or the sheet was handed in.
    Late,
    /// The store refused; nothing of this save is there.
    Failed,
}

/// What is known of a sheet that is being filled in, so that not every save looks it up.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Who saved it first.
    pub(crate) holder: String,
    pub(crate) whose: crate::wave::Whose,
    pub(crate) pupil: crate::store::pupils::Pupil,
    pub(crate) battery: String,
    pub(crate) context: Context,
}

/// The way to the task that writes.
#[derive(Debug)]
pub(crate) struct Drafts {
    send: mpsc::Sender<Save>,
    receive: Mutex<Option<mpsc::Receiver<Save>>>,
    begun: Mutex<HashMap<(String, String), Arc<Begun>>>,
}

impl Default for Drafts {
    fn default() -> Self {
        let (send, receive) = mpsc::channel(WAITING);
        Self { send, receive: Mutex::new(Some(receive)), begun: Mutex::default() }
    }
}

impl Drafts {
    /// Hands a save over; no when too many wait.
    pub(crate) fn save(&self, save: Save) -> bool {
        self.send.try_send(save).is_ok()
    }

    pub(crate) fn begun(&self, screening: &str, sheet: &str) -> Option<Arc<Begun>> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.get(&(screening.to_owned(), sheet.to_owned())).cloned()
    }

    pub(crate) fn remember(&self, screening: &str, sheet: &str, known: Arc<Begun>) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.len() >= MOST {
            begun.clear();
        }
        begun.insert((screening.to_owned(), sheet.to_owned()), known);
    }

    /// Nothing is known any more: a class list or a screening has changed.
    pub(crate) fn forget(&self) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn receiver(&self) -> Option<mpsc::Receiver<Save>> {
        self.receive.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Writes what comes in until nobody can hand anything over any more.
pub(super) async fn write(app: App, mut receive: mpsc::Receiver<Save>) {
    let mut together = Vec::with_capacity(TOGETHER);
    while receive.recv_many(&mut together, TOGETHER).await > 0 {
        let mut by_district: HashMap<String, Vec<Save>> = HashMap::new();
        for save in together.drain(..) {
            by_district.entry(save.draft.district_id.clone()).or_default().push(save);
        }
        for (district, mut saves) in by_district {
            let outcomes = write_all(&app, &district, &mut saves).await.unwrap_or_else(|error| {
                tracing::error!(error = %kind(&error), "drafts were not saved");
                vec![Saved::Failed; saves.len()]
            });
            for (save, outcome) in saves.into_iter().zip(outcomes) {
                // Whoever saved may have hung up.
                let _ = save.done.send(outcome);
            }
        }
    }
}

/// A word for an error of the store, without a value.
fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Database(_) => "the database refused",
        _ => "the store refused",
    }
}

async fn write_all(app: &App, district: &str, saves: &mut [Save]) -> Result<Vec<Saved>, StoreError> {
    let Some(store) = &app.store else { return Ok(vec![Saved::Failed; saves.len()]) };
    let caller = Caller::system("drafts", district);
    let mut work = store.begin(&caller, "draft.save").await?;
    let (mut outcomes, mut raised) = (Vec::with_capacity(saves.len()), 0);
    for save in saves.iter_mut() {
        work.adopt(std::mem::take(&mut save.noted));
        let saved = sheets::save_draft(&mut work, &save.draft).await?;
        outcomes.push(if saved { Saved::Yes } else { Saved::Late });
    }
    // Sheets before alerts, as everywhere: who holds the one and waits for the other never meets who does it the other way.
    // Also of a save that came late: what was answered was answered.
    for save in saves.iter().filter(|save| !save.critical.is_empty()) {
        let raise = alerts::Raise {
            screening_id: &save.draft.screening_id,
            sheet_id: &save.draft.sheet_id,
            pupil: Some(&save.draft.pupil),
            open: true,
            critical: &save.critical,
            duty: &save.duty,
        };
        raised += alerts::raise(&mut work, &raise).await?;
    }
    // Each sheet is noted when it is begun and when it is handed in; the saves between are counted.
    work.note("draft.save", "", saves.len().to_string());
    work.commit().await?;
    if raised > 0 {
        app.live.hub.alert();
    }
    Ok(outcomes)
}
