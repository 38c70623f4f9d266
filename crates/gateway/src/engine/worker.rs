//! What the loop does for each job.

use std::sync::Arc;
use std::time::Instant;

use iwmo_codec::messages::Message;
use iwmo_toewijzing::identity::Gemeente;
use jiff::civil::Date;
use tokio::sync::{oneshot, watch};

use crate::clock::{Clock, dutch_date};
use crate::engine::act::{Act, ActError, Acted, Narrowed, agreed_upon, done_before, narrow_to};
use crate::engine::batch::{Batch, Reply, unavailable};
use crate::engine::commit::{Ahead, Decided, OVER};
use crate::engine::daily::Day;
use crate::engine::decide::Decider;
use crate::engine::erase::Prepared;
use crate::engine::in_force::in_force;
use crate::engine::inbox::{Found, Inbox};
use crate::engine::plan::Hold;
use crate::engine::rounds::Going;
use crate::engine::{
    Aside, Health, Inbound, Noted, Outcome, OutgoingId, Receipt, Refusal, Settings, Unavailable,
};
use crate::journal::{Chain, EntryId, Pipeline, Reader};
use crate::ledger::{Applier, Gevolg, LedgerError, Rows, Stand, Uitgaand, keys};
use crate::record::{Bezorging, Instelling, Inzage, Record, Verwijderverzoek, Wat};
#[cfg(test)]
use crate::simulation::{Canary, is_broken};
use crate::store::Ledger;
use crate::traces::{self, Kind};
use crate::vault::Vault;

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

/// The thread that judges.
pub(super) struct Worker {
    pub(super) pipeline: Pipeline<Decided>,
    pub(super) reader: Reader,
    pub(super) ledger: Arc<Ledger>,
    pub(super) vault: Option<Arc<Vault>>,
    /// In force: those of the configuration, but for choices that wait for a look (E13).
    pub(super) settings: Arc<Settings>,
    /// Those of the configuration.
    pub(super) configured: Arc<Settings>,
    /// Tells them to who plans.
    pub(super) known: watch::Sender<Arc<Settings>>,
    pub(super) applier: Applier,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) jobs: Inbox,
    pub(super) health: Health,
    pub(super) going: Going,
    pub(super) ahead: Arc<Ahead>,
}

impl Job {
    /// Returns whether this is done alone.
    pub(super) fn is_alone(&self) -> bool {
        match self {
            Self::Settings { .. } | Self::Erase(_) => true,
            Self::Act { act, .. } => act.wat == Wat::CakBeleid,
            _ => false,
        }
    }
}

impl Worker {
    /// Refuses what has arrived. What arrives later finds nobody any more.
    pub(super) fn refuse_waiting(&self) {
        let reason = OVER;
        while let Found::Job(job) = self.jobs.look() {
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
    pub(super) fn take(&mut self, job: Job, batch: &mut Batch<'_>, day: &mut Option<Day>) -> bool {
        match job {
            Job::Stop => return true,
            Job::Message { inbound, message, sha256, reply } => {
                let traced = traces::recorder().map(|recorder| (recorder, Instant::now()));
                let decided = batch.attempt(
                    |batch| self.message(&inbound, &message, sha256, batch),
                    || unavailable("a fault of the gateway: the message could not be judged"),
                );
                self.settle(batch);
                if let (Some((recorder, began)), Ok(receipt)) = (traced, &decided)
                    && !receipt.dubbel
                {
                    let span = recorder.within(&receipt.id, "judge", Kind::Internal, began.elapsed());
                    recorder.take(span.text("iwmo.message", message.kind().name()));
                }
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
                match batch.push(&at, Record::Inzage(inzage)) {
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
                        self.known.send_replace(Arc::clone(&settings));
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
            // It is done alone.
            Job::Erase(_) => {}
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
        batch.push(&at, record)?;
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
        batch.push(&at, record)?;
        match gevolg {
            // The CAK does not take a notification: what comes next is for the planner to say.
            Some(Gevolg { gemeente, bsn, .. }) => {
                let (decider, now) = (self.decider(), self.clock.now());
                decider.planning(gemeente, &bsn, dutch_date(now), now, batch)?;
                decider.successor(gemeente, &bsn, dutch_date(now), now, Hold::Freed, batch)
            }
            None => Ok(()),
        }
    }

    fn act(&self, act: Act, batch: &mut Batch<'_>) -> Result<Acted, ActError> {
        if let Some(before) = done_before(&batch.overlay, &act)? {
            return Ok(before);
        }
        let Narrowed { wat, gewijzigd, ongewijzigd } =
            narrow_to(&batch.overlay, act.chain, &act.wat, act.gekozen)?;
        let Some(wat) = wat else { return Ok(Acted { gewijzigd, ongewijzigd, ..Acted::default() }) };
        if let Wat::TermijnAfgehandeld { termijnen } = &wat {
            agreed_upon(&batch.overlay, &self.settings, act.chain, termijnen)?;
        }
        let at = batch.next(act.chain, self.clock.now());
        let hold = match &wat {
            Wat::Opgave { verklaring } if !verklaring.is_at_once() => Hold::Begin,
            _ => Hold::Over,
        };
        let handeling = act.handeling(wat);
        let gevolgen = self.applier.handeling(&mut batch.overlay, &at, &handeling)?;
        batch.push(&at, Record::Handeling(Box::new(handeling)))?;
        batch.acts += 1;
        // A notification that is never sent, or something that was stated: what comes next is for the planner to say.
        let (decider, now) = (self.decider(), self.clock.now());
        for Gevolg { gemeente, bsn, .. } in gevolgen {
            decider.planning_held(gemeente, &bsn, dutch_date(now), now, hold, batch)?;
            let hold = if hold == Hold::Over { Hold::Freed } else { hold };
            decider.successor(gemeente, &bsn, dutch_date(now), now, hold, batch)?;
        }
        let entry = Some(EntryId { chain: at.chain, seq: at.seq });
        Ok(Acted { entry, gewijzigd, ongewijzigd, dubbel: false })
    }

    pub(super) fn decider(&self) -> Decider<'_> {
        Decider { settings: &self.settings, applier: &self.applier, journal: Some(&self.reader) }
    }
}
