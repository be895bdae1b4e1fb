//! The clock of alerts: what nobody has acknowledged in time goes to the next contact.

use std::time::Duration;

use crate::state::App;
use crate::store::{Caller, Store, StoreError, alerts, screenings};

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(app: App) {
    let Some(store) = app.store.clone() else { return };
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match pass_on(&app, &store).await {
            Ok(0) => {}
            Ok(_) => app.live.hub.alert(),
            Err(_) => tracing::error!("alerts were not passed on; it is tried again"),
        }
    }
}

/// Passes on what is overdue; gives the number.
async fn pass_on(app: &App, store: &Store) -> Result<usize, StoreError> {
    let mut passed = 0;
    for overdue in alerts::overdue(store.pool(), store.clock().now()).await? {
        let caller = Caller::system("escalation", overdue.district_id);
        let mut work = store.begin(&caller, "alert.escalate").await?;
        let screening = screenings::find(&mut work, &overdue.screening_id).await?;
        let prepared = app.live.waves.of(app, &screening).map_err(|_| StoreError::State("state-definitions"));
        // A screening whose definitions are gone still has its contacts.
        let duty = match prepared {
            Ok(prepared) => prepared.definition.duty.clone(),
            Err(_) => {
                crate::wave::Definition::read(screening.definition.as_bytes()).map(|own| own.duty).unwrap_or_default()
            }
        };
        if alerts::escalate(&mut work, &overdue.id, &duty).await? {
            passed += 1;
        }
        work.commit().await?;
    }
    Ok(passed)
}
