//! The one ordered loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use iwmo_codec::messages::Message;
use iwmo_toewijzing::identity::Gemeente;
use jiff::civil::Date;
use tokio::sync::{broadcast, oneshot, watch};

use crate::clock::{Clock, dutch_date};
use crate::engine::act::{Act, ActError, Acted, Narrowed, done_before, narrow};
use crate::engine::batch::{Batch, CommitError, Reply, unavailable};
use crate::engine::daily::Day;
use crate::engine::decide::Decider;
use crate::engine::erase::Prepared;
use crate::engine::in_force::in_force;
use crate::engine::plan::Hold;
use crate::engine::record::{Bezorging, Instelling, Inzage, Record, Start, Verwijderverzoek, Wat};
use crate::engine::{
    Aside, Health, Inbound, Noted, Outcome, OutgoingId, Receipt, Refusal, Settings, Unavailable,
};
use crate::journal::{Chain, EntryId, FileJournal, Journal, Tips};
use crate::ledger::{Applier, Gevolg, LedgerError, Rows, Stand, Uitgaand, keys};
use crate::metrics::JOURNAL_COMMIT_DURATION;
#[cfg(test)]
use crate::simulation::{Canary, is_broken};
use crate::store::Ledger;
use crate::vault::Vault;

/// How long the daily run waits before it goes on after the journal took nothing.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

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
    /// An envelope is set aside.
    Aside {
        inbound: Inbound,
        gemeente: Gemeente,
        aside: Aside,
        reply: oneshot::Sender<Result<Receipt, Refusal>>,
    },
    /// The configuration has changed.
    Settings { settings: Arc<Settings>, what: Noted, reply: oneshot::Sender<Result<(), Unavailable>> },
    /// Somebody decided to change something.
    Act { act: Act, reply: oneshot::Sender<Result<Acted, ActError>> },
    /// Somebody wants to look at what is about a person.
    Look { chain: Chain, inzage: Inzage, reply: oneshot::Sender<Result<(), Unavailable>> },
    /// It is this day: plan for everybody.
    Day(Date),
    /// What is about persons is to be removed.
    Erase(Box<Prepared>),
    /// Somebody asked for that.
    RemovalRequest { chain: Chain, record: Verwijderverzoek, reply: oneshot::Sender<Result<Acted, ActError>> },
    /// Plan for whom a hold is over.
    Due,
    /// Finish.
    Stop,
}

/// What became of a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Committed {
    /// Everything is durable and in the ledger.
    Done,
    /// The journal took nothing, and nothing has changed.
    Refused,
    /// The journal has it and the ledger does not: there is no going on.
    Broken,
}

/// The thread that judges and writes.
pub(super) struct Worker {
    pub(super) journal: FileJournal,
    pub(super) ledger: Arc<Ledger>,
    pub(super) vault: Option<Arc<Vault>>,
    /// In force: those of the configuration, but for choices that wait for a look (E13).
    pub(super) settings: Arc<Settings>,
    /// Those of the configuration.
    pub(super) configured: Arc<Settings>,
    pub(super) applier: Applier,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) jobs: Receiver<Job>,
    pub(super) changed: watch::Sender<u64>,
    pub(super) feed: broadcast::Sender<EntryId>,
    pub(super) health: Health,
    pub(super) going: Going,
    pub(super) acts: Arc<AtomicU64>,
}

/// What the loop carries from one round to the next.
#[derive(Default)]
pub(super) struct Going {
    day: Option<Day>,
    /// The journal took nothing: the daily run waits a little before it goes on.
    pause: bool,
    /// A removal that is done when nothing else is pending.
    erase: Option<Box<Prepared>>,
}

impl Going {
    /// Returns whether the daily run has work.
    pub(super) fn is_busy(&self) -> bool {
        self.day.is_some()
    }

    /// Returns whether the daily run waits before it goes on.
    pub(super) fn pauses(&self) -> bool {
        self.day.is_some() && self.pause
    }
}

impl Worker {
    /// Writes that the gateway started, or went on; the policy it judges under stands in the entry.
    pub(super) fn begin(&mut self) -> Result<(), CommitError> {
        let (settings, voorgesteld) =
            in_force(&self.configured, &*self.ledger, &self.ledger).map_err(CommitError::Entry)?;
        self.settings = settings;
        let start = Record::Start(Start {
            versie: env!("CARGO_PKG_VERSION").to_owned(),
            beleid: self.settings.policy_text(),
            voorgesteld,
        });
        let tips = self.journal.tips();
        let ledger = Arc::clone(&self.ledger);
        let mut batch = Batch::new(&ledger, &tips).sealed_by(self.vault.as_deref());
        let at = batch.next(Chain::NONE, self.clock.now());
        self.applier.apply(&mut batch.overlay, &at, &start, None).map_err(CommitError::Entry)?;
        batch.push(&at, &start).map_err(CommitError::Entry)?;
        batch.commit(&mut self.journal).map(|_| ())
    }

    /// Runs until told to stop, until nobody can ask anything any more, or until the ledger fails.
    pub(super) fn run(mut self) {
        if !self.enter() {
            return self.refuse_waiting();
        }
        while let Some(first) = self.next() {
            if self.round(first) {
                return;
            }
        }
    }

    /// Looks at what waited when the process before this one ended. False when the loop cannot go on.
    pub(super) fn enter(&mut self) -> bool {
        let ledger = Arc::clone(&self.ledger);
        self.settle_all(&ledger) != Committed::Broken
    }

    /// Does one round: a job and what else has arrived, made durable together. True when it was the last.
    pub(super) fn round(&mut self, first: Option<Job>) -> bool {
        if matches!(first, Some(Job::Due)) && self.health.reason().is_some() {
            self.resume();
        }
        let ledger = Arc::clone(&self.ledger);
        let tips = self.journal.tips();
        let vault = self.vault.clone();
        let mut batch = Batch::new(&ledger, &tips).sealed_by(vault.as_deref());
        let mut day = self.going.day.take();
        let mut stop = first.is_some_and(|job| self.take(job, &mut batch, &mut day));
        while !stop && self.going.erase.is_none() && !batch.is_full() {
            match self.jobs.try_recv() {
                Ok(job) => stop = self.take(job, &mut batch, &mut day),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        let (before, erase) = (day.clone(), self.going.erase.take());
        if let Some(run) = day.take().filter(|_| !stop) {
            day = self.day(&run, &mut batch);
        }
        match self.commit(batch, &tips) {
            Committed::Done => self.going = Going { day, pause: false, erase: None },
            // The persons of this batch were not planned for: the run goes back to them.
            Committed::Refused => self.going = Going { day: before, pause: true, erase: None },
            Committed::Broken => {
                self.refuse_waiting();
                return true;
            }
        }
        if let Some(prepared) = erase
            && self.erase(*prepared)
        {
            self.refuse_waiting();
            return true;
        }
        stop
    }

    /// Waits for a job, unless the daily run has work. Nothing: nobody can ask anything any more.
    fn next(&self) -> Option<Option<Job>> {
        if !self.going.is_busy() {
            return self.jobs.recv().ok().map(Some);
        }
        match self.jobs.recv_timeout(if self.going.pauses() { RETRY_PAUSE } else { Duration::ZERO }) {
            Ok(job) => Some(Some(job)),
            Err(RecvTimeoutError::Timeout) => Some(None),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Looks whether the journal takes entries again. The entry that shows it tells when the gateway went on.
    fn resume(&mut self) {
        if self.begin().is_ok() {
            self.health.set(None);
            tracing::info!(code = "JournalResumed", "The journal takes entries again.");
        }
    }

    pub(super) fn commit(&mut self, batch: Batch<'_>, before: &Tips) -> Committed {
        let (outgoing, acts) = (batch.outgoing, batch.acts);
        let start = std::time::Instant::now();
        let committed = batch.commit(&mut self.journal);
        JOURNAL_COMMIT_DURATION.observe(&[], start.elapsed());
        match committed {
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
                self.acts.fetch_add(acts, Ordering::Release);
                if outgoing || acts > 0 {
                    self.changed.send_modify(|count| *count += 1);
                }
                Committed::Done
            }
            Err(CommitError::Journal(error)) => {
                self.health.set(Some(format!("the journal does not take entries: {error}")));
                tracing::error!(code = "JournalAppendError", %error, "The journal does not take entries; senders are told to come back.");
                Committed::Refused
            }
            Err(error) => {
                self.health.set(Some(format!("the ledger does not take rows: {error}")));
                // The journal has the entries, so they are acknowledged; the rows are not written. Going on
                // would judge against a ledger that lags. The next start applies what is missing.
                tracing::error!(code = "LedgerCommitError", %error, "The ledger does not take rows; the gateway must be started again.");
                Committed::Broken
            }
        }
    }

    /// Refuses what has arrived. What arrives later finds nobody any more.
    fn refuse_waiting(&self) {
        let reason = "the ledger could not be written; the gateway must be started again";
        while let Ok(job) = self.jobs.try_recv() {
            match job {
                // Who no longer waits needs no answer.
                Job::Message { reply, .. } | Job::Aside { reply, .. } => {
                    drop(reply.send(Err(unavailable(reason))))
                }
                Job::Outcome { reply, .. } | Job::Look { reply, .. } | Job::Settings { reply, .. } => {
                    drop(reply.send(Err(Unavailable { reason: reason.to_owned() })));
                }
                Job::Act { reply, .. } => drop(reply.send(Err(ActError::Unavailable(reason.to_owned())))),
                Job::RemovalRequest { reply, .. } => {
                    drop(reply.send(Err(ActError::Unavailable(reason.to_owned()))))
                }
                Job::Erase(prepared) => {
                    drop(prepared.reply.send(Err(ActError::Unavailable(reason.to_owned()))))
                }
                Job::Day(_) | Job::Due | Job::Stop => {}
            }
        }
    }

    /// Does one job within the batch; true when it was the last.
    fn take(&mut self, job: Job, batch: &mut Batch<'_>, day: &mut Option<Day>) -> bool {
        match job {
            Job::Stop => return true,
            Job::Message { inbound, message, sha256, reply } => {
                let decided = batch.attempt(
                    |batch| self.message(&inbound, &message, sha256, batch),
                    || unavailable("a fault of the gateway: the message could not be judged"),
                );
                self.settle(batch);
                match decided {
                    Ok(receipt) => batch.reply(Reply::Receipt(reply, receipt)),
                    Err(refusal) => batch.reply(Reply::Refused(reply, refusal)),
                }
            }
            Job::Outcome { id, outcome, reply } => {
                let fault = || LedgerError::Inconsistent {
                    entry: id.to_string(),
                    what: "a fault of the gateway".to_owned(),
                };
                match batch.attempt(|batch| self.outcome(&id, outcome, batch), fault) {
                    Ok(()) => batch.reply(Reply::Recorded(reply)),
                    Err(error) => drop(reply.send(Err(Unavailable { reason: error.to_string() }))),
                }
            }
            Job::Look { chain, inzage, reply } => {
                let at = batch.next(chain, self.clock.now());
                // It changes no row, so there is nothing to apply.
                match batch.push(&at, &Record::Inzage(inzage)) {
                    Ok(()) => batch.reply(Reply::Recorded(reply)),
                    Err(error) => drop(reply.send(Err(Unavailable { reason: error.to_string() }))),
                }
            }
            Job::Aside { inbound, gemeente, aside, reply } => {
                let now = self.clock.now();
                let decided = batch.attempt(
                    |batch| self.decider().terzijde(&inbound, gemeente, &aside, now, batch),
                    || unavailable("a fault of the gateway: the envelope could not be kept"),
                );
                match decided {
                    Ok(receipt) => batch.reply(Reply::Receipt(reply, receipt)),
                    Err(refusal) => batch.reply(Reply::Refused(reply, refusal)),
                }
            }
            Job::Settings { settings, what, reply } => {
                let fault = || LedgerError::Inconsistent {
                    entry: Chain::NONE.to_string(),
                    what: "a fault of the gateway".to_owned(),
                };
                match batch.attempt(|batch| self.noted(&settings, what, batch), fault) {
                    // What was decided before in this batch was decided under the old settings, as the journal says.
                    Ok(in_force) => {
                        self.settings = in_force;
                        self.configured = settings;
                        batch.reply(Reply::Recorded(reply));
                    }
                    Err(error) => drop(reply.send(Err(Unavailable { reason: error.to_string() }))),
                }
            }
            Job::Act { act, reply } => {
                let fault = || ActError::Unavailable("a fault of the gateway".to_owned());
                let resumes = matches!(act.wat, Wat::CakHervatten | Wat::CakBeleid);
                let approves = (act.wat == Wat::CakBeleid).then_some(act.chain);
                match batch.attempt(|batch| self.act(act, batch), fault) {
                    Ok(acted) => {
                        if let Some(chain) = approves.filter(|_| acted.gewijzigd > 0) {
                            self.approve(chain);
                        }
                        if resumes && acted.gewijzigd > 0 {
                            // What was not told meanwhile is told now, and not only tomorrow.
                            let today = dutch_date(self.clock.now());
                            *day = Some(Day { today, from: keys::personen() });
                        }
                        batch.reply(Reply::Acted(reply, acted));
                    }
                    Err(error) => drop(reply.send(Err(error))),
                }
            }
            Job::RemovalRequest { chain, record, reply } => {
                let fault = || ActError::Unavailable("a fault of the gateway".to_owned());
                match batch.attempt(|batch| self.removal_request(chain, record, batch), fault) {
                    Ok(acted) => batch.reply(Reply::Acted(reply, acted)),
                    Err(error) => drop(reply.send(Err(error))),
                }
            }
            Job::Erase(prepared) => self.going.erase = Some(prepared),
            Job::Due => self.due(batch),
            Job::Day(today) => *day = Some(Day { today, from: keys::personen() }),
        }
        false
    }

    /// Adds the entry that tells of a change of the configuration.
    fn noted(
        &self,
        configured: &Arc<Settings>,
        what: Noted,
        batch: &mut Batch<'_>,
    ) -> Result<Arc<Settings>, LedgerError> {
        let (settings, voorgesteld) = in_force(configured, &batch.overlay, &self.ledger)?;
        let at = batch.next(Chain::NONE, self.clock.now());
        let Noted { wat, wie, reden } = what;
        let beleid = settings.policy_text();
        let record = Record::Instelling(Instelling { wat, beleid, wie, reden, voorgesteld });
        self.applier.apply(&mut batch.overlay, &at, &record, None)?;
        batch.push(&at, &record)?;
        Ok(settings)
    }

    /// Puts in force for a gemeente what its configuration says about the eigen bijdrage.
    fn approve(&mut self, chain: Chain) {
        let gemeente = Gemeente::new(&chain.to_string()).ok();
        let own = gemeente.and_then(|gemeente| Some((gemeente, self.configured.gemeenten.get(&gemeente)?)));
        let Some((gemeente, own)) = own else { return };
        let mut settings = Settings::clone(&self.settings);
        if let Some(in_force) = settings.gemeenten.get_mut(&gemeente) {
            in_force.eb = own.eb.clone();
        }
        self.settings = Arc::new(settings);
    }

    fn message(
        &self,
        inbound: &Inbound,
        message: &Message,
        sha256: [u8; 32],
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let now = self.clock.now();
        self.decider().message(inbound, message, sha256, now, batch)
    }

    fn outcome(&self, id: &OutgoingId, outcome: Outcome, batch: &mut Batch<'_>) -> Result<(), LedgerError> {
        let Some(chain) = Chain::new(id.gemeente) else { return Ok(()) };
        let row: Option<Uitgaand> = batch.overlay.row(&keys::uitgaand(id))?;
        let rejected = matches!(outcome, Outcome::Rejected { .. });
        if row.is_some_and(|row| row.stand == Stand::Bezorgd) && !rejected {
            // The partner has it, whatever a later attempt met; only the partner itself can say otherwise.
            return Ok(());
        }
        let at = batch.next(chain, self.clock.now());
        let record = Record::Bezorging(Bezorging { seq: id.seq, index: id.index, uitkomst: outcome.into() });
        let Record::Bezorging(bezorging) = &record else { return Ok(()) };
        let gevolg = self.applier.bezorging(&mut batch.overlay, &at, bezorging)?;
        #[cfg(test)]
        if is_broken(Canary::DeliveryOutsideTheJournal) {
            return Ok(());
        }
        batch.push(&at, &record)?;
        match gevolg {
            // The CAK does not take a notification: what comes next is for the planner to say.
            Some(Gevolg { gemeente, bsn, .. }) => {
                let (decider, now) = (self.decider(), self.clock.now());
                decider.planning(gemeente, &bsn, dutch_date(now), now, batch)
            }
            None => Ok(()),
        }
    }

    fn act(&self, act: Act, batch: &mut Batch<'_>) -> Result<Acted, ActError> {
        if let Some(before) = done_before(&batch.overlay, &act)? {
            return Ok(before);
        }
        let Narrowed { wat, gewijzigd, ongewijzigd } = narrow(&batch.overlay, act.chain, &act.wat)?;
        let Some(wat) = wat else { return Ok(Acted { gewijzigd, ongewijzigd, ..Acted::default() }) };
        let at = batch.next(act.chain, self.clock.now());
        let hold = match &wat {
            Wat::Opgave { verklaring } if !verklaring.is_at_once() => Hold::Begin,
            _ => Hold::Over,
        };
        let handeling = act.handeling(wat);
        let gevolgen = self.applier.handeling(&mut batch.overlay, &at, &handeling)?;
        batch.push(&at, &Record::Handeling(Box::new(handeling)))?;
        batch.acts += 1;
        // A notification that is never sent, or something that was stated: what comes next is for the planner to say.
        let (decider, now) = (self.decider(), self.clock.now());
        for Gevolg { gemeente, bsn, .. } in gevolgen {
            decider.planning_held(gemeente, &bsn, dutch_date(now), now, hold, batch)?;
        }
        let entry = Some(EntryId { chain: at.chain, seq: at.seq });
        Ok(Acted { entry, gewijzigd, ongewijzigd, dubbel: false })
    }

    pub(super) fn decider(&self) -> Decider<'_> {
        Decider { settings: &self.settings, applier: &self.applier }
    }
}
