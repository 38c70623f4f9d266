//! What time asks of the loop: holds that are over, messages that waited, and the daily run of the CAK planner.

use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::clock::dutch_date;
use crate::engine::batch::Batch;
use crate::engine::worker::Worker;
use crate::ledger::{LedgerError, keys};

/// Persons of the daily run between two batches, so that messages need not wait for it.
const DAY_PERSONS: usize = 256;

/// The daily run of the CAK planner, as far as it has come.
#[derive(Clone)]
pub(super) struct Day {
    pub(super) today: Date,
    pub(super) from: Vec<u8>,
}

impl Day {
    /// Of two moments of the run, where both have to go on from: of the later day, the place that comes first.
    pub(super) fn before(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => {
                Some(Self { today: one.today.max(other.today), from: one.from.min(other.from) })
            }
            (one, other) => one.or(other),
        }
    }
}

impl Worker {
    /// Does what time has come for: judges messages that waited, plans for whom a hold is over.
    pub(super) fn due(&self, batch: &mut Batch<'_>) {
        let now = self.clock.now();
        self.overdue(now, batch);
        let full = batch.len() + DAY_PERSONS;
        for row in self.ledger.queue(&keys::alle_planning()) {
            let key = match row {
                Ok((key, _)) => key,
                Err(error) => return not_planned(&error.into()),
            };
            let Some((moment, gemeente, bsn)) = keys::planning_delen(&key) else { continue };
            // What is left over is due still when this is asked again.
            if moment > now.as_microsecond() || batch.len() >= full {
                return;
            }
            self.plan(gemeente, &bsn, dutch_date(now), now, batch);
        }
    }

    /// Plans for the next persons of the daily run. Returns where to go on, if it is not done.
    pub(super) fn day(&self, day: &Day, batch: &mut Batch<'_>) -> Option<Day> {
        let now = self.clock.now();
        let mut rows = self.ledger.range(&keys::personen(), &day.from);
        for row in rows.by_ref().take(DAY_PERSONS) {
            match row {
                Ok((key, _)) => {
                    if let Some((gemeente, bsn)) = keys::persoon_delen(&key) {
                        self.plan(gemeente, &bsn, day.today, now, batch);
                    }
                }
                Err(error) => {
                    not_planned(&error.into());
                    return None;
                }
            }
        }
        match rows.next()? {
            Ok((key, _)) => Some(Day { today: day.today, from: key.to_vec() }),
            Err(error) => {
                not_planned(&error.into());
                None
            }
        }
    }

    /// Plans for one person; a failure is theirs alone.
    pub(super) fn plan(
        &self,
        gemeente: Gemeente,
        bsn: &Bsn,
        today: Date,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) {
        let decider = self.decider();
        let fault = || LedgerError::Inconsistent {
            entry: format!("gemeente {gemeente}"),
            what: "a fault of the gateway".to_owned(),
        };
        if let Err(error) = batch.attempt(|batch| decider.planning(gemeente, bsn, today, now, batch), fault) {
            not_planned(&error);
        }
    }
}

fn not_planned(error: &LedgerError) {
    tracing::error!(code = "PlanningRunError", %error, "The CAK planner failed for a person.");
}
