//! Destroying the keys of persons, and bringing the ledger to what the journal then gives.
//!
//! A second ledger is built from the journal as if the keys were destroyed already, and compared with the ledger, beside
//! the loop. The loop brings that up to now, makes one entry per chain and takes over every row in which the two differ,
//! in the same commit as the entries; then it destroys the keys. It looks at the rows that differed and at those that
//! were written since, so that what it does is as long as the person's record, not as the store. So what the gateway has
//! afterwards is what a replay gives, by construction, for every kind of row there is or will be.
//!
//! At last the files of the ledger are written anew without the rows that went, beside the loop.
//!
//! Cut short before the entries are durable, nothing has happened. Cut short after, the next start finds keys that the
//! journal or the ledger says are destroyed, and destroys them (`ledger/rebuild.rs`), and the store writes its files anew.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::civil::Date;
use tokio::sync::oneshot;

use crate::engine::act::check_reason;
use crate::engine::batch::Batch;
use crate::engine::rounds::Committed;
use crate::engine::worker::{Job, Worker};
use crate::engine::{ActError, Engine};
use crate::journal::{Chain, EntryId, Reader};
use crate::ledger::{self, Applier, LedgerError, Rows, Tellers, keys};
use crate::record::{Grond, Plek, Record, Verwijdering, Verwijderverzoek, Wie};
use crate::removal::{Hindernis, held};
#[cfg(test)]
use crate::simulation::{self, Canary};
use crate::store::{Ledger, Overlay, StoreError, Value, Watch};
use crate::vault::KeyId;

/// What is about persons is to be removed.
#[derive(Clone, Debug)]
pub struct Erase {
    /// The persons, by chain.
    pub persons: Vec<ErasePersons>,
    /// Who.
    pub wie: Wie,
    /// Why.
    pub reden: String,
    /// In spite of this.
    pub ondanks: Vec<Hindernis>,
    /// The day it is.
    pub today: Date,
}

/// Persons of one chain.
#[derive(Clone, Debug)]
pub struct ErasePersons {
    /// The chain of the gemeente.
    pub chain: Chain,
    /// The persons.
    pub personen: Vec<Bsn>,
}

/// A removal that is ready for the loop.
pub(super) struct Prepared {
    erase: Erase,
    /// The keys to be destroyed.
    keys: Vec<KeyId>,
    /// The journal as if they were.
    reader: Reader,
    /// The ledger that it gives, up to some place.
    after: Ledger,
    /// The ledger as it was when this was prepared, and what is written to it since.
    here: Watch,
    /// The same of `after`.
    there: Watch,
    /// The keys in which the two differed then.
    differing: Vec<Value>,
    term_years: u16,
    pub(super) reply: oneshot::Sender<Result<Vec<EntryId>, ActError>>,
}

impl Engine {
    /// Returns how many years what is about a person is kept.
    #[must_use]
    pub fn term_years(&self) -> u16 {
        self.term_years.load(Ordering::Acquire)
    }

    /// Sets how many years what is about a person is kept; never less than the law demands.
    pub fn set_term_years(&self, years: u16) {
        self.term_years.store(years.max(crate::removal::TERM_YEARS), Ordering::Release);
    }

    /// Removes what is about persons: destroys their keys, and every row about them. Durable when it returns.
    ///
    /// # Errors
    ///
    /// [`ActError`] says why not; nothing has changed then, unless it is [`ActError::Unfinished`].
    pub async fn erase(&self, erase: Erase) -> Result<Vec<EntryId>, ActError> {
        check_reason(&erase.reden)?;
        let fault = || ActError::Unavailable("a fault of the gateway".to_owned());
        // One at a time: what is built for one would not know of another.
        let _only = self.erasing.lock().await;
        let (engine, term_years) = (self.clone(), self.term_years());
        let (reply, answer) = oneshot::channel();
        let prepare = move || engine.prepare(erase, term_years, reply);
        let Some(prepared) = tokio::task::spawn_blocking(prepare).await.map_err(|_| fault())?? else {
            return Ok(Vec::new());
        };
        let entries = self.hand_over(prepared, answer).await?;
        let engine = self.clone();
        let settled = tokio::task::spawn_blocking(move || engine.ledger().settle()).await;
        match settled.map_err(|_| fault())? {
            Ok(()) => Ok(entries),
            Err(error) => {
                tracing::error!(code = "RemovalLedgerError", %error, "A removal is recorded and the files of the ledger could not be written anew; it is tried again at the next start.");
                Err(ActError::Unfinished(error.to_string()))
            }
        }
    }

    /// As [`Engine::erase`], prepared by the caller in memory: where time is driven there is no other thread.
    ///
    /// # Errors
    ///
    /// As [`Engine::erase`].
    #[cfg(test)]
    pub(crate) async fn erase_here(&self, erase: Erase) -> Result<Vec<EntryId>, ActError> {
        check_reason(&erase.reden)?;
        let _only = self.erasing.lock().await;
        let (reply, answer) = oneshot::channel();
        let build = |reader: &Reader, applier: &Applier| {
            let ledger = Ledger::in_memory(ledger::FORMAT);
            ledger::catch_up(&ledger, reader, applier, &mut |_| {}).map(|_| ledger)
        };
        let Some(prepared) = self.prepare_on(build, erase, self.term_years(), reply)? else {
            return Ok(Vec::new());
        };
        let entries = self.hand_over(prepared, answer).await?;
        self.ledger().settle().map_err(|error| ActError::Unfinished(error.to_string()))?;
        Ok(entries)
    }

    async fn hand_over(
        &self,
        prepared: Prepared,
        answer: oneshot::Receiver<Result<Vec<EntryId>, ActError>>,
    ) -> Result<Vec<EntryId>, ActError> {
        let unavailable = |reason: &str| ActError::Unavailable(reason.to_owned());
        self.submit(Job::Erase(Box::new(prepared))).map_err(unavailable)?;
        answer.await.unwrap_or_else(|_| Err(unavailable("the gateway is stopping")))
    }

    /// Does all of a removal that the loop need not wait for; nothing when the persons have no key.
    pub(super) fn prepare(
        &self,
        erase: Erase,
        term_years: u16,
        reply: oneshot::Sender<Result<Vec<EntryId>, ActError>>,
    ) -> Result<Option<Prepared>, ActError> {
        let build = |reader: &Reader, applier: &Applier| ledger::temporary(reader, applier, &mut |_| {});
        self.prepare_on(build, erase, term_years, reply)
    }

    /// As [`Engine::prepare`]; the second ledger is built by `build`.
    fn prepare_on(
        &self,
        build: impl FnOnce(&Reader, &Applier) -> Result<Ledger, LedgerError>,
        erase: Erase,
        term_years: u16,
        reply: oneshot::Sender<Result<Vec<EntryId>, ActError>>,
    ) -> Result<Option<Prepared>, ActError> {
        let vault = self.journal().vault().ok_or(ActError::NoKeys)?;
        let mut keys = Vec::new();
        for ErasePersons { chain, personen } in &erase.persons {
            for bsn in personen {
                let key = vault.of_person(chain.code(), bsn.expose());
                keys.extend(key.map_err(StoreError::from).map_err(LedgerError::from)?);
            }
        }
        if keys.is_empty() {
            return Ok(None);
        }
        let reader = self.journal().withholding(keys.iter().copied());
        let applier = Applier::new(self.schemas().clone());
        let after = build(&reader, &applier)?;
        let (here, there) = (self.ledger().watch(), after.watch());
        let differing = here.view().differing_keys(there.view()).map_err(LedgerError::from)?;
        Ok(Some(Prepared { erase, keys, reader, after, here, there, differing, term_years, reply }))
    }

    /// Records a step in the life of a request to remove.
    ///
    /// # Errors
    ///
    /// [`ActError`] says why not; nothing has changed then.
    pub async fn request_removal(&self, chain: Chain, record: Verwijderverzoek) -> Result<EntryId, ActError> {
        check_reason(&record.reden)?;
        let (reply, answer) = oneshot::channel();
        let unavailable = |reason: &str| ActError::Unavailable(reason.to_owned());
        self.submit(Job::RemovalRequest { chain, record, reply }).map_err(unavailable)?;
        let acted = answer.await.unwrap_or_else(|_| Err(unavailable("the gateway is stopping")))?;
        acted.entry.ok_or_else(|| unavailable("nothing was recorded"))
    }
}

impl Worker {
    /// Does a removal that was prepared, on a ledger with nothing pending. True when the loop cannot go on.
    pub(super) fn erase(&mut self, prepared: Prepared) -> bool {
        let Prepared { erase, keys, reader, after, here, there, differing, term_years, reply } = prepared;
        let ledger = Arc::clone(&self.ledger);
        let plan =
            Removal { erase: &erase, reader: &reader, after: &after, here, there, differing, term_years };
        let removal = self.decide(|worker, batch| worker.removal(&plan, &keys, &ledger, batch));
        let entries = match removal {
            Ok(entries) => entries,
            Err(error) => {
                self.forget();
                drop(reply.send(Err(error)));
                return false;
            }
        };
        // What is seen through its views is kept in the files of the store.
        drop(plan);
        // Before the rows go: who is interrupted then finds it at the next start.
        if let Err(error) = ledger.unsettle() {
            self.forget();
            drop(reply.send(Err(LedgerError::from(error).into())));
            return false;
        }
        let result = match self.flush() {
            #[cfg(test)]
            Committed::Done if simulation::is_broken(Canary::KeepsTheKey) => Ok(entries),
            Committed::Done => match self.vault.as_deref().map(|vault| vault.destroy(&keys)) {
                Some(Err(error)) => {
                    tracing::error!(code = "RemovalKeyError", %error, "A removal is recorded and the key file could not be written; it is tried again.");
                    Err(ActError::Unfinished(error.to_string()))
                }
                _ => Ok(entries),
            },
            Committed::Refused => Err(ActError::Unavailable("the journal does not take entries".to_owned())),
            Committed::Broken => {
                let why = "the removal is recorded and completed at the next start";
                drop(reply.send(Err(ActError::Unfinished(why.to_owned()))));
                return true;
            }
        };
        drop(reply.send(result));
        false
    }

    /// Puts the entries and every row that differs into a batch.
    fn removal(
        &self,
        plan: &Removal<'_>,
        keys: &[KeyId],
        ledger: &Ledger,
        batch: &mut Batch<'_>,
    ) -> Result<Vec<EntryId>, ActError> {
        let Removal { erase, reader, after, .. } = plan;
        ledger::catch_up(after, reader, &self.applier, &mut |_| {})?;
        let mut entries = Vec::new();
        let mut rows = Overlay::new(after);
        let mut named = 0;
        for ErasePersons { chain, personen } in &erase.persons {
            let Some(mut record) = plan.record(ledger, &self.reader, *chain, personen)? else {
                continue;
            };
            record.tellingen = ledger::tellingen_meer(ledger, after, chain.code())?;
            named += record.sleutels.len();
            let at = batch.next(*chain, self.clock.now());
            let record = Record::Verwijdering(Box::new(record));
            self.applier.apply(&mut rows, &at, &record, None)?;
            batch.push(&at, record)?;
            entries.push(EntryId { chain: at.chain, seq: at.seq });
        }
        let changed = || ActError::Unavailable("the store changed meanwhile; ask again".to_owned());
        if named != keys.len() {
            // Somebody came to be known, or was removed, meanwhile.
            return Err(changed());
        }
        after.commit(rows.into_writes(), &[]).map_err(LedgerError::from)?;
        let (Some(here), Some(there)) = (plan.here.written(), plan.there.written()) else {
            return Err(changed());
        };
        // What differs is among what differed before and what was written since.
        for key in plan.differing.iter().chain(&here).chain(&there) {
            let now = after.get(key).map_err(LedgerError::from)?;
            if now != ledger.get(key).map_err(LedgerError::from)? {
                match now {
                    Some(value) => batch.overlay.put(key, value.to_vec()),
                    None => batch.overlay.delete(key),
                }
            }
        }
        batch.acts += 1;
        Ok(entries)
    }

    /// Adds the entry of a step in the life of a request to remove.
    pub(super) fn removal_request(
        &self,
        chain: Chain,
        record: Verwijderverzoek,
        batch: &mut Batch<'_>,
    ) -> Result<crate::engine::Acted, ActError> {
        let at = batch.next(chain, self.clock.now());
        let record = Record::Verwijderverzoek(Box::new(record));
        self.applier.apply(&mut batch.overlay, &at, &record, None)?;
        batch.push(&at, record)?;
        let entry = Some(EntryId { chain, seq: at.seq });
        Ok(crate::engine::Acted { entry, gewijzigd: 1, ..crate::engine::Acted::default() })
    }
}

/// A removal, as the loop looks at it.
struct Removal<'a> {
    erase: &'a Erase,
    reader: &'a Reader,
    after: &'a Ledger,
    here: Watch,
    there: Watch,
    differing: Vec<Value>,
    term_years: u16,
}

impl Removal<'_> {
    /// Returns the entry for the persons of a chain, after looking again whether they may be removed.
    fn record(
        &self,
        ledger: &Ledger,
        reader: &Reader,
        chain: Chain,
        personen: &[Bsn],
    ) -> Result<Option<Verwijdering>, ActError> {
        let Erase { wie, reden, ondanks, today, .. } = self.erase;
        let gemeente = Gemeente::new(&chain.to_string()).map_err(|_| ActError::WrongChain(chain))?;
        let mut record = Verwijdering {
            wie: wie.clone(),
            reden: reden.clone(),
            grond: Grond::Termijn,
            sleutels: Vec::new(),
            entries: 0,
            geannuleerd: Vec::new(),
            tellingen: Vec::new(),
            verzoeken: Vec::new(),
            eb_start_nummer: ledger
                .row::<Tellers>(&keys::tellers(gemeente))?
                .unwrap_or_default()
                .eb_start_nummer,
        };
        for bsn in personen {
            let Some(held) = held(ledger, reader, gemeente, bsn, *today, self.term_years)? else { continue };
            let hindered = |one: &&Hindernis| !one.is_te_negeren() || !ondanks.contains(one);
            if let Some(hindernis) = held.gehouden.hindernissen.iter().find(hindered) {
                return Err(ActError::Hindered(hindernis.word()));
            }
            if !held.verzoeken.is_empty() {
                record.grond = Grond::Verzoek;
            }
            record.sleutels.push(held.sleutel.into());
            record.entries += held.gehouden.entries;
            record.geannuleerd.extend(held.niet_verzonden);
            record.verzoeken.extend(held.verzoeken);
        }
        // A message about several of them is named once.
        record.geannuleerd.sort_unstable();
        record.geannuleerd.dedup_by_key(|plek: &mut Plek| *plek);
        Ok((!record.sleutels.is_empty()).then_some(record))
    }
}
