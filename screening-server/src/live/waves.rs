//! Screenings that are made ready, by id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;
use crate::store::screenings::{Screening, State};
use crate::store::{Caller, screenings};
use crate::wave::Prepared;

/// As many screenings as are held ready.
const MOST: usize = 64;
/// How long a screening is taken for what it was: so long it may take until what another process changed is heard. Changed here,
/// it is heard at once.
const HELD: Duration = Duration::from_secs(5);

/// Screenings that are made ready.
#[derive(Debug, Default)]
pub(crate) struct Waves {
    ready: Mutex<HashMap<String, Ready>>,
}

/// A screening that is made ready, and when it was looked up.
#[derive(Debug, Clone)]
struct Ready {
    screening: Arc<Screening>,
    prepared: Arc<Prepared>,
    at: Instant,
}

impl Waves {
    /// A released screening with everything that it rests on.
    pub(crate) fn of(&self, app: &App, screening: &Screening) -> Result<Arc<Prepared>, Problem> {
        if let Some(known) = self.known(&screening.id).filter(|known| *known.screening == *screening) {
            self.hold(known.screening, &known.prepared);
            return Ok(known.prepared);
        }
        let catalogue = app.definitions.now();
        let text = screening.definition.as_bytes();
        let prepared = match &screening.frozen {
            Some(frozen) => Prepared::as_released(text, &catalogue, frozen),
            None => Prepared::newest(text, &catalogue),
        };
        let changes = screening.source_changes.iter().map(|change| (change.source.as_str(), change.text.as_str()));
        let prepared = prepared.and_then(|prepared| prepared.corrected(changes));
        let prepared = Arc::new(prepared.map_err(|why| Fault::new(ProblemKind::InvalidScreening).with("why", why))?);
        if screening.state == State::Released {
            self.hold(Arc::new(screening.clone()), &prepared);
        }
        Ok(prepared)
    }

    /// A screening that takes sheets, for a caller of its district. Those that were looked up a moment ago are not looked up again.
    pub(crate) async fn open(
        &self,
        app: &App,
        caller: &Caller,
        id: &str,
    ) -> Result<(Arc<Screening>, Arc<Prepared>), Problem> {
        let known = self.known(id).filter(|known| known.screening.district_id == caller.district_id);
        if let Some(known) = known.filter(|known| known.at.elapsed() < HELD) {
            return Ok((known.screening, known.prepared));
        }
        let mut look = app.store()?.look(caller, "screening.open").await?;
        let screening = screenings::find(&mut look, id).await?;
        look.noted().await?;
        if screening.state != State::Released {
            return Err(Fault::new(ProblemKind::ScreeningNotOpen).with("state", screening.state.word()).into());
        }
        let prepared = self.of(app, &screening)?;
        Ok((Arc::new(screening), prepared))
    }

    fn known(&self, id: &str) -> Option<Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn hold(&self, screening: Arc<Screening>, prepared: &Arc<Prepared>) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.len() >= MOST && !ready.contains_key(&screening.id) {
            ready.clear();
        }
        let id = screening.id.clone();
        ready.insert(id, Ready { screening, prepared: prepared.clone(), at: Instant::now() });
    }

    /// Nothing is held ready any more: a screening has changed.
    pub(crate) fn forget(&self) {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
