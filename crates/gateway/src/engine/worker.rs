//! The one ordered loop.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use iwmo_codec::messages::Message;
use jiff::civil::Date;
use tokio::sync::{broadcast, oneshot, watch};

use crate::clock::Clock;
use crate::engine::batch::{Batch, CommitError, Reply, unavailable};
use crate::engine::decide::Decider;
use crate::engine::record::{BezorgUitkomst, Bezorging, Record, Start};
use crate::engine::{Health, Inbound, Outcome, OutgoingId, Receipt, Refusal, Settings, Unavailable};
use crate::journal::{Chain, EntryId, FileJournal, Journal, Tips};
use crate::ledger::{Applier, At, LedgerError, keys};
use crate::store::Ledger;

/// Most entries made durable together.
const BATCH_MAX: usize = 256;

/// Persons of the daily run between two batches, so that messages need not wait for it.
const DAY_PERSONS: usize = 256;

/// Something for the loop to do.
pub(super) enum Job {
    /// A decoded message waits for its receipt.
    Message {
        inbound: Inbound,
        message: Box<Message>,
        sha256: [u8; 32],
        reply: oneshot::Sender<Result<Receipt, Refusal>>,
    },
    /// An attempt to deliver ended.
    Outcome { id: OutgoingId, outcome: Outcome, reply: oneshot::Sender<Result<(), Unavailable>> },
    /// It is this day: plan for everybody.
    Day(Date),
    /// Plan for whom a hold is over.
    Due,
    /// Finish.
    Stop,
}

/// The daily run of the CAK planner, as far as it has come.
struct Day {
    today: Date,
    from: Vec<u8>,
}

/// The thread that judges and writes.
pub(super) struct Worker {
    pub(super) journal: FileJournal,
    pub(super) ledger: Arc<Ledger>,
    pub(super) settings: Arc<Settings>,
    pub(super) applier: Applier,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) jobs: Receiver<Job>,
    pub(super) changed: watch::Sender<u64>,
    pub(super) feed: broadcast::Sender<EntryId>,
    pub(super) health: Health,
}

impl Worker {
    /// Writes that the gateway started, or went on; the policy it judges under stands in the entry.
    pub(super) fn begin(&mut self) -> Result<(), CommitError> {
        let start = Record::Start(Start {
            versie: env!("CARGO_PKG_VERSION").to_owned(),
            beleid: self.settings.policy_text(),
        });
        let tips = self.journal.tips();
        let mut batch = Batch::new(&self.ledger, &tips);
        let at = batch.next(Chain::NONE, self.clock.now());
        batch.push(&at, &start);
        batch.commit(&mut self.journal).map(|_| ())
    }

    /// Runs until told to stop or until nobody can ask anything any more.
    pub(super) fn run(mut self) {
        let ledger = Arc::clone(&self.ledger);
        let mut day = None;
        while let Some(first) = self.next(day.is_some()) {
            if matches!(first, Some(Job::Due)) && self.health.reason().is_some() {
                self.resume();
            }
            let tips = self.journal.tips();
            let mut batch = Batch::new(&ledger, &tips);
            let mut stop = first.is_some_and(|job| self.take(job, &mut batch, &mut day));
            while !stop && batch.len() < BATCH_MAX {
                match self.jobs.try_recv() {
                    Ok(job) => stop = self.take(job, &mut batch, &mut day),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            if let Some(run) = day.take().filter(|_| !stop) {
                day = self.day(run, &mut batch).unwrap_or_else(|error| {
                    tracing::error!(code = "PlanningRunError", %error, "The daily run of the CAK planner failed.");
                    None
                });
            }
            self.commit(batch, &tips);
            if stop {
                return;
            }
        }
    }

    /// Waits for a job, unless the daily run has work. Nothing: nobody can ask anything any more.
    fn next(&self, busy: bool) -> Option<Option<Job>> {
        if !busy {
            return self.jobs.recv().ok().map(Some);
        }
        match self.jobs.try_recv() {
            Ok(job) => Some(Some(job)),
            Err(TryRecvError::Empty) => Some(None),
            Err(TryRecvError::Disconnected) => None,
        }
    }

    /// Looks whether the journal takes entries again. The entry that shows it tells when the gateway went on.
    fn resume(&mut self) {
        if self.begin().is_ok() {
            self.health.set(None);
            tracing::info!(code = "JournalResumed", "The journal takes entries again.");
        }
    }

    fn commit(&mut self, batch: Batch<'_>, before: &Tips) {
        let outgoing = batch.outgoing;
        match batch.commit(&mut self.journal) {
            Ok(tips) => {
                if !tips.is_empty() {
                    self.health.set(None);
                }
                for tip in tips {
                    let from = before.get(&tip.chain).map_or(0, |tip| tip.seq);
                    for seq in from + 1..=tip.seq {
                        // Nobody need be listening.
                        let _ = self.feed.send(EntryId { chain: tip.chain, seq });
                    }
                }
                if outgoing {
                    self.changed.send_modify(|count| *count += 1);
                }
            }
            Err(CommitError::Journal(error)) => {
                self.health.set(Some(format!("the journal does not take entries: {error}")));
                tracing::error!(code = "JournalAppendError", %error, "The journal does not take entries; senders are told to come back.");
            }
            Err(CommitError::Ledger(error)) => {
                self.health.set(Some(format!("the ledger does not take rows: {error}")));
                // The journal has the entries, so they are acknowledged; the rows are not written. Going on
                // would judge against a ledger that lags. The next start applies what is missing.
                tracing::error!(code = "LedgerCommitError", %error, "The ledger does not take rows; stop the gateway and start it again.");
                self.ledger_failed();
            }
        }
    }

    /// Refuses everything until the gateway is started again.
    fn ledger_failed(&mut self) {
        while let Ok(job) = self.jobs.recv() {
            let reason = "the ledger could not be written; the gateway must be started again";
            match job {
                // Who no longer waits needs no answer.
                Job::Message { reply, .. } => drop(reply.send(Err(unavailable(reason)))),
                Job::Outcome { reply, .. } => {
                    drop(reply.send(Err(Unavailable { reason: reason.to_owned() })));
                }
                Job::Day(_) | Job::Due => {}
                Job::Stop => return,
            }
        }
    }

    /// Does one job within the batch; true when it was the last.
    fn take(&self, job: Job, batch: &mut Batch<'_>, day: &mut Option<Day>) -> bool {
        match job {
            Job::Stop => return true,
            Job::Message { inbound, message, sha256, reply } => {
                match self.message(&inbound, &message, sha256, batch) {
                    Ok(receipt) => batch.reply(Reply::Receipt(reply, receipt)),
                    // The sender may have gone; then nobody needs the refusal.
                    Err(refusal) => drop(reply.send(Err(refusal))),
                }
            }
            Job::Outcome { id, outcome, reply } => match self.outcome(&id, outcome, batch) {
                Ok(()) => batch.reply(Reply::Recorded(reply)),
                Err(error) => drop(reply.send(Err(Unavailable { reason: error.to_string() }))),
            },
            Job::Due => {
                if let Err(error) = self.due(batch) {
                    tracing::error!(code = "PlanningRunError", %error, "The CAK planner failed for held messages.");
                }
            }
            Job::Day(today) => *day = Some(Day { today, from: keys::personen() }),
        }
        false
    }

    fn message(
        &self,
        inbound: &Inbound,
        message: &Message,
        sha256: [u8; 32],
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let decider = Decider { settings: &self.settings, applier: &self.applier };
        let now = self.clock.now();
        decider.message(inbound, message, sha256, now, batch)
    }

    fn outcome(&self, id: &OutgoingId, outcome: Outcome, batch: &mut Batch<'_>) -> Result<(), LedgerError> {
        let Some(chain) = Chain::new(id.gemeente) else { return Ok(()) };
        let at = batch.next(chain, self.clock.now());
        let record = Record::Bezorging(Bezorging { seq: id.seq, index: id.index, uitkomst: outcome.into() });
        self.applier.apply(&mut batch.overlay, &at, &record, None)?;
        batch.push(&at, &record);
        Ok(())
    }

    /// Plans for whom a hold is over.
    fn due(&self, batch: &mut Batch<'_>) -> Result<(), LedgerError> {
        let decider = Decider { settings: &self.settings, applier: &self.applier };
        let now = self.clock.now();
        for row in self.ledger.scan(&keys::alle_planning()).take(DAY_PERSONS) {
            let (key, _) = row?;
            let Some((moment, gemeente, bsn)) = keys::planning_delen(&key) else { continue };
            if moment > now.as_microsecond() {
                break;
            }
            decider.planning(gemeente, &bsn, self.clock.today(), now, batch)?;
        }
        Ok(())
    }

    /// Plans for the next persons of the daily run. Returns where to go on, if it is not done.
    fn day(&self, day: Day, batch: &mut Batch<'_>) -> Result<Option<Day>, LedgerError> {
        let decider = Decider { settings: &self.settings, applier: &self.applier };
        let now = self.clock.now();
        let prefix = keys::personen();
        let mut rows = self.ledger.range(&prefix, &day.from);
        for row in rows.by_ref().take(DAY_PERSONS) {
            let (key, _) = row?;
            if let Some((gemeente, bsn)) = keys::persoon_delen(&key) {
                decider.planning(gemeente, &bsn, day.today, now, batch)?;
            }
        }
        let next = rows.next().transpose()?;
        Ok(next.map(|(key, _)| Day { today: day.today, from: key.to_vec() }))
    }
}

impl From<Outcome> for BezorgUitkomst {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Delivered { receipt } => BezorgUitkomst::Bezorgd { ontvangst: receipt },
            Outcome::HandedOver { receipt } => BezorgUitkomst::Doorgegeven { ontvangst: receipt },
            Outcome::Retry { reason, not_before } => {
                BezorgUitkomst::Opnieuw { reden: reason, niet_voor: not_before.as_microsecond() }
            }
            Outcome::Refused { reason } => BezorgUitkomst::Geweigerd { reden: reason },
        }
    }
}

/// Returns the place of an entry as the journal names it.
pub(super) fn entry_name(at: &At) -> String {
    EntryId { chain: at.chain, seq: at.seq }.to_string()
}
