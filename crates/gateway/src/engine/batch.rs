//! What the loop decides: rows, journal entries and answers that wait to be made durable together.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use iwmo_toewijzing::event::DossierKey;
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::engine::commit::{Ahead, Pending, Sealing};
use crate::engine::{ActError, Acted, OutgoingId, Receipt, Refusal, Unavailable};
use crate::journal::{Chain, EntryId, PAYLOAD_BYTES_MAX};
use crate::ledger::{At, LedgerError, keys};
use crate::record::{RECORD_VERSION, Record, RecordError, Uitspraak};
#[cfg(test)]
use crate::simulation::{Canary, is_broken};
use crate::store::{Ledger, Overlay, StoreError, Writes};
use crate::vault::Vault;

/// Seconds after which a refused sender may try again while the store cannot commit.
const RETRY_AFTER_SECONDS: u32 = 30;

/// Most entries made durable together, about.
const ENTRIES_MAX: usize = 256;

/// Most jobs done before what is decided is made durable, whatever came of them.
const JOBS_MAX: usize = 1024;

/// How large an entry is, more or less.
const PAYLOAD_BYTES_EXPECTED: usize = 8 << 10;

/// With this much to write a batch takes no more. One entry more still fits in one append of the journal.
const BYTES_MAX: usize = 32 << 20;

/// Someone who waits for the batch to be durable.
pub(super) enum Reply {
    /// A listener waits for a receipt.
    Receipt(oneshot::Sender<Result<Receipt, Refusal>>, Receipt),
    /// A listener waits for a refusal, which may rest on what is in the batch.
    Refused(oneshot::Sender<Result<Receipt, Refusal>>, Refusal),
    /// A sender waits until an outcome is recorded.
    Recorded(oneshot::Sender<Result<(), Unavailable>>),
    /// Somebody waits until an act is recorded.
    Acted(oneshot::Sender<Result<Acted, ActError>>, Acted),
}

/// Decisions that are not on their way to the disk yet.
#[derive(Default)]
pub(super) struct Open {
    pub(super) writes: Writes,
    pub(super) entries: Vec<Pending>,
    pub(super) replies: Vec<Reply>,
    /// Payload bytes to be written.
    bytes: usize,
    jobs: usize,
    /// Whether something has begun to wait for a partner.
    pub(super) outgoing: bool,
    /// Dossiers in which something happened that a message may have waited for (D8).
    woken: Vec<DossierKey>,
    /// Acts that are recorded.
    pub(super) acts: u64,
}

impl Open {
    /// Returns whether there is nothing to be made durable and nobody to be answered.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.replies.is_empty() && self.writes.is_empty()
    }

    /// Returns whether what there is should be handed over before more is taken.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= ENTRIES_MAX || self.jobs >= JOBS_MAX || self.bytes >= BYTES_MAX
    }

    /// Answers before anything is durable, when a test wants to see that somebody notices.
    #[cfg(test)]
    pub(super) fn broken(mut self) -> Self {
        if is_broken(Canary::AnswersFirst) {
            std::mem::take(&mut self.replies).into_iter().for_each(Reply::done);
        }
        self
    }

    /// Tells everybody who waits that nothing has changed.
    pub(super) fn fail(self, reason: &str) {
        for reply in self.replies {
            reply.failed(reason);
        }
    }
}

/// Decisions in the making.
pub(super) struct Batch<'l> {
    /// The ledger as it is after everything in this batch.
    pub(super) overlay: Overlay<'l>,
    /// What was handed over before.
    ahead: &'l Ahead,
    vault: Option<&'l Vault>,
    entries: Vec<Pending>,
    added: BTreeMap<Chain, u64>,
    replies: Vec<Reply>,
    bytes: usize,
    jobs: usize,
    /// As in [`Open`].
    pub(super) outgoing: bool,
    woken: Vec<DossierKey>,
    /// As in [`Open`].
    pub(super) acts: u64,
}

impl<'l> Batch<'l> {
    /// Goes on with a batch.
    pub(super) fn resume(ledger: &'l Ledger, ahead: &'l Ahead, vault: Option<&'l Vault>, open: Open) -> Self {
        let Open { writes, entries, replies, bytes, jobs, outgoing, woken, acts } = open;
        let mut added: BTreeMap<Chain, u64> = BTreeMap::new();
        for entry in &entries {
            *added.entry(entry.chain).or_default() += 1;
        }
        let overlay = Overlay::on(ledger, ahead.writes(), writes);
        Self { overlay, ahead, vault, entries, added, replies, bytes, jobs, outgoing, woken, acts }
    }

    /// Leaves it for later.
    pub(super) fn suspend(self) -> Open {
        let Self { overlay, entries, replies, bytes, jobs, outgoing, woken, acts, .. } = self;
        Open { writes: overlay.into_writes(), entries, replies, bytes, jobs, outgoing, woken, acts }
    }

    /// Says that something happened in a dossier.
    pub(super) fn wake(&mut self, dossier: DossierKey) {
        self.woken.push(dossier);
    }

    /// Returns the dossiers in which something happened since this was asked last.
    pub(super) fn woken(&mut self) -> Vec<DossierKey> {
        std::mem::take(&mut self.woken)
    }

    /// Returns an entry of this batch, or of one that was handed over.
    pub(super) fn entry(&self, chain: Chain, seq: u64) -> Option<Result<Record, RecordError>> {
        let mut entries = self.entries.iter();
        let here = entries.find(|entry| (entry.chain, entry.seq) == (chain, seq));
        let entry = here.or_else(|| self.ahead.entry(chain, seq))?;
        Some(Record::decode(entry.kind, RECORD_VERSION, &entry.plain))
    }

    /// Returns how many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// As [`Open::is_full`].
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= ENTRIES_MAX || self.jobs >= JOBS_MAX || self.bytes >= BYTES_MAX
    }

    /// Makes one decision. When it fails, or runs into a fault of ours, the batch is as before it: an answer
    /// that says that nothing has changed must be true, and whoever stands behind in the queue must not suffer.
    pub(super) fn attempt<T, E>(
        &mut self,
        decision: impl FnOnce(&mut Self) -> Result<T, E>,
        fault: impl FnOnce() -> E,
    ) -> Result<T, E> {
        let (entries, outgoing, woken, acts) =
            (self.entries.len(), self.outgoing, self.woken.len(), self.acts);
        self.jobs += 1;
        self.overlay.savepoint();
        let decided = catch_unwind(AssertUnwindSafe(|| decision(self))).unwrap_or_else(|_| Err(fault()));
        if decided.is_err() {
            self.overlay.rollback();
            (self.outgoing, self.acts) = (outgoing, acts);
            self.woken.truncate(woken);
            for entry in self.entries.drain(entries..) {
                self.bytes -= entry.plain.len();
                if let Some(added) = self.added.get_mut(&entry.chain) {
                    *added -= 1;
                }
            }
        }
        decided
    }

    /// Returns the place the next entry of a chain will have.
    pub(super) fn next(&self, chain: Chain, time: Timestamp) -> At {
        let added = self.added.get(&chain).copied().unwrap_or(0);
        At { chain, seq: self.ahead.seq(chain) + added + 1, time }
    }

    /// Adds an entry at the place that [`Batch::next`] gave.
    ///
    /// # Errors
    ///
    /// It is larger than the journal takes.
    pub(super) fn push(&mut self, at: &At, record: Record) -> Result<(), LedgerError> {
        let mut plain = Vec::with_capacity(PAYLOAD_BYTES_EXPECTED);
        record.encode(&mut plain);
        let (kind, taken) = (record.kind(), taken(&record));
        // It is sealed beside the loop, unless it may become too large by that, or keys could not be read: then who
        // cannot be sealed is refused alone, and not with all that is decided after.
        let sealing = match self.vault {
            None => None,
            Some(vault) => {
                let about = self.concerned(at);
                Some(if plain.len() > PAYLOAD_BYTES_MAX / 2 || self.ahead.is_careful() {
                    let id = EntryId { chain: at.chain, seq: at.seq };
                    let sealed = vault.seal(id, &record, &plain, about.as_deref());
                    Sealing::Done(sealed.map_err(StoreError::from)?)
                } else {
                    Sealing::Of(record, about)
                })
            }
        };
        let bytes = match &sealing {
            Some(Sealing::Done(sealed)) => sealed.len(),
            _ => plain.len(),
        };
        if bytes > PAYLOAD_BYTES_MAX {
            let (what, bytes_max) = ("an entry", PAYLOAD_BYTES_MAX);
            return Err(StoreError::TooLarge { what, bytes, bytes_max }.into());
        }
        self.bytes += plain.len();
        *self.added.entry(at.chain).or_default() += 1;
        let At { chain, seq, time } = *at;
        self.entries.push(Pending { chain, seq, time, kind, plain, sealing, taken });
        Ok(())
    }

    /// Returns whom the entry at a place concerns, when it is one person: the rows that it wrote say so.
    fn concerned(&self, at: &At) -> Option<String> {
        let prefix = keys::persoon_entries_van(at.chain.code());
        // What an entry writes is written in the decision that pushes it; a batch may have the rows of hundreds before.
        let mut persons = self.overlay.recent(&prefix).filter_map(|key| {
            let (bsn, seq) = keys::persoon_entry_delen(key)?;
            (seq == at.seq).then_some(bsn)
        });
        let first = persons.next()?;
        persons.all(|one| one == first).then(|| first.to_owned())
    }

    /// Answers once the batch is durable.
    pub(super) fn reply(&mut self, reply: Reply) {
        self.replies.push(reply);
    }
}

/// Returns what is counted of a message.
fn taken(record: &Record) -> Option<(String, &'static str)> {
    match record {
        Record::Bericht(bericht) => {
            let refuses = bericht.retour.as_ref().is_some_and(|retour| !retour.goedgekeurd);
            let word = match verdict(&bericht.uitspraak) {
                // Of a retour that was taken into account it is what it says.
                "approved" if refuses => "rejected",
                word => word,
            };
            Some((bericht.soort.clone(), word))
        }
        _ => None,
    }
}

/// The word for a verdict in metrics.
fn verdict(uitspraak: &Uitspraak) -> &'static str {
    match uitspraak {
        Uitspraak::Goedgekeurd => "approved",
        Uitspraak::Kop { .. } | Uitspraak::Klassen { .. } => "rejected",
        Uitspraak::ZonderGevolg => "without_effect",
        Uitspraak::Geparkeerd { .. } => "parked",
    }
}

impl Reply {
    // Who no longer waits needs no answer: every failure to send one is that.
    pub(super) fn done(self) {
        match self {
            Reply::Receipt(sender, receipt) => drop(sender.send(Ok(receipt))),
            Reply::Refused(sender, refusal) => drop(sender.send(Err(refusal))),
            Reply::Recorded(sender) => drop(sender.send(Ok(()))),
            Reply::Acted(sender, acted) => drop(sender.send(Ok(acted))),
        }
    }

    pub(super) fn failed(self, reason: &str) {
        match self {
            Reply::Receipt(sender, _) | Reply::Refused(sender, _) => {
                drop(sender.send(Err(unavailable(reason))))
            }
            Reply::Recorded(sender) => drop(sender.send(Err(Unavailable { reason: reason.to_owned() }))),
            Reply::Acted(sender, _) => drop(sender.send(Err(ActError::Unavailable(reason.to_owned())))),
        }
    }
}

/// Returns an error with its causes, in one line.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// The answer while the store cannot commit.
pub(super) fn unavailable(reason: &str) -> Refusal {
    Refusal::Unavailable { reason: reason.to_owned(), retry_after_seconds: RETRY_AFTER_SECONDS }
}

impl At {
    /// Returns the name of an outgoing message of this entry.
    #[must_use]
    pub fn outgoing(&self, index: usize) -> OutgoingId {
        // An entry has at most OUTGOING_MAX outgoing messages.
        OutgoingId {
            gemeente: self.chain.code(),
            seq: self.seq,
            index: u16::try_from(index).unwrap_or(u16::MAX),
        }
    }
}
