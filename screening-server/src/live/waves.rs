//! Screenings that are made ready, by id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::problem::{Fault, Problem, ProblemKind};
use crate::state::App;
use crate::store::screenings::{Screening, State};
use crate::store::{Caller, screenings};
use crate::wave::Prepared;

/// As many screenings as are held ready.
const MOST: usize = 64;

/// Screenings that are made ready.
#[derive(Debug, Default)]
pub(crate) struct Waves {
    ready: Mutex<HashMap<String, (Arc<Screening>, Arc<Prepared>)>>,
}

impl Waves {
    /// A released screening with everything that it rests on.
    pub(crate) fn of(&self, app: &App, screening: &Screening) -> Result<Arc<Prepared>, Problem> {
        if let Some((_, known)) = self.known(&screening.id) {
            return Ok(known);
        }
        let catalogue = app.definitions.now();
        let text = screening.definition.as_bytes();
        let prepared = match &screening.frozen {
            Some(frozen) => Prepared::as_released(text, &catalogue, frozen),
            None => Prepared::newest(text, &catalogue),
        };
        let prepared = Arc::new(prepared.map_err(|why| Fault::new(ProblemKind::InvalidScreening).with("why", why))?);
        if screening.state == State::Released {
            let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
            if ready.len() >= MOST {
                ready.clear();
            }
            ready.insert(screening.id.clone(), (Arc::new(screening.clone()), prepared.clone()));
        }
        Ok(prepared)
    }

    /// A screening that takes sheets, for a caller of its district. Known ones are not looked up again.
    pub(crate) async fn open(
        &self,
        app: &App,
        caller: &Caller,
        id: &str,
    ) -> Result<(Arc<Screening>, Arc<Prepared>), Problem> {
        if let Some(known) = self.known(id).filter(|(screening, _)| screening.district_id == caller.district_id) {
            return Ok(known);
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

    fn known(&self, id: &str) -> Option<(Arc<Screening>, Arc<Prepared>)> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Nothing is held ready any more: a screening has changed.
    pub(crate) fn forget(&self) {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
