//! The one ordered loop.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use iwmo_codec::messages::Message;
use jiff::civil::Date;
use tokio::sync::{broadcast, oneshot, watch};

use crate::clock::Clock;
use crate::engine::batch::{Batch, CommitError, Reply, unavailable};
use crate::engine::decide::Decider;
use crate::engine::record::{Bezorging, BezorgUitkomst, Record, Start};
use crate::engine::{Inbound, Outcome, OutgoingId, Receipt, Refusal, Settings, Unavailable};
use crate::journal::{Chain, EntryId, FileJournal, Journal, Tips};
use crate::ledger::{Applier, At, LedgerError, keys};
use crate::store::Ledger;

/// Most entries made durable together.
const BATCH_MAX: usize = 256;

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
    /// It is this day: plan for everybody whose turn it is.
    Day(Date),
    /// Finish.
    Stop,
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
}

impl Worker {
    /// Writes that the gateway started; the policy it judges under stands in the entry.
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
        while let Ok(first) = self.jobs.recv() {
            let tips = self.journal.tips();
            let mut batch = Batch::new(&ledger, &tips);
            let mut stop = self.take(first, &mut batch);
            while !stop && batch.len() < BATCH_MAX {
                match self.jobs.try_recv() {
                    Ok(job) => stop = self.take(job, &mut batch),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            self.commit(batch, &tips);
            if stop {
                return;
            }
        }
    }

    fn commit(&mut self, batch: Batch<'_>, before: &Tips) {
        let outgoing = batch.outgoing;
        match batch.commit(&mut self.journal) {
            Ok(tips) => {
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
                tracing::error!(code = "JournalAppendError", %error, "The journal does not take entries; senders are told to come back.");
            }
            Err(CommitError::Ledger(error)) => {
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
                Job::Day(_) => {}
                Job::Stop => return,
            }
        }
    }

    /// Does one job within the batch; true when it was the last.
    fn take(&self, job: Job, batch: &mut Batch<'_>) -> bool {
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
            Job::Day(today) => {
                if let Err(error) = self.day(today, batch) {
                    tracing::error!(code = "PlanningRunError", %error, "The daily run of the CAK planner failed.");
                }
            }
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

    /// Plans for everybody whose day has come.
    fn day(&self, today: Date, batch: &mut Batch<'_>) -> Result<(), LedgerError> {
        let decider = Decider { settings: &self.settings, applier: &self.applier };
        let now = self.clock.now();
        for row in self.ledger.scan(&keys::alle_planning()) {
            let (key, _) = row?;
            let Some((datum, gemeente, bsn)) = keys::planning_delen(&key) else { continue };
            if datum > today {
                break;
            }
            decider.planning(gemeente, &bsn, today, now, batch)?;
        }
        Ok(())
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
