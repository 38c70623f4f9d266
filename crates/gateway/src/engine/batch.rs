//! What the loop has decided and not yet made durable: pending rows, journal drafts and answers.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use iwmo_toewijzing::event::DossierKey;
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::engine::record::{RECORD_VERSION, Record, RecordError, Uitspraak};
use crate::engine::{ActError, Acted, OutgoingId, Receipt, Refusal, Unavailable};
use crate::journal::{AppendError, Chain, ChainBatch, Draft, EntryId, Journal, PAYLOAD_BYTES_MAX, Tip, Tips};
use crate::ledger::{At, LedgerError, keys};
use crate::metrics::{ENGINE_TAKEN_MESSAGES, JOURNAL_COMMITTED_ENTRIES, JOURNAL_FAILED_COMMITS};
#[cfg(test)]
use crate::simulation::{Canary, is_broken};
use crate::store::{Ledger, Overlay, StoreError};
use crate::vault::{SEALED_VERSION, Vault};

/// Seconds after which a refused sender may try again while the store cannot commit.
const RETRY_AFTER_SECONDS: u32 = 30;

/// Most entries made durable together, about.
const ENTRIES_MAX: usize = 256;

/// Most jobs done before what is decided is made durable, whatever came of them.
const JOBS_MAX: usize = 1024;

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

struct Pending {
    chain: Chain,
    time: Timestamp,
    kind: u16,
    payload: Vec<u8>,
    /// Of a message: its kind and the verdict, to be counted.
    taken: Option<(String, &'static str)>,
}

/// Decisions on their way to the disk.
pub(super) struct Batch<'l> {
    ledger: &'l Ledger,
    /// The ledger as it is after everything in this batch.
    pub(super) overlay: Overlay<'l>,
    tips: &'l Tips,
    vault: Option<&'l Vault>,
    pending: Vec<Pending>,
    added: BTreeMap<Chain, u64>,
    replies: Vec<Reply>,
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

impl<'l> Batch<'l> {
    pub(super) fn new(ledger: &'l Ledger, tips: &'l Tips) -> Self {
        Self {
            ledger,
            overlay: Overlay::new(ledger),
            tips,
            vault: None,
            pending: Vec::new(),
            added: BTreeMap::new(),
            replies: Vec::new(),
            bytes: 0,
            jobs: 0,
            outgoing: false,
            woken: Vec::new(),
            acts: 0,
        }
    }

    /// Seals what is about persons with these keys.
    pub(super) fn sealed_by(self, vault: Option<&'l Vault>) -> Self {
        Self { vault, ..self }
    }

    /// Says that something happened in a dossier.
    pub(super) fn wake(&mut self, dossier: DossierKey) {
        self.woken.push(dossier);
    }

    /// Returns the dossiers in which something happened since this was asked last.
    pub(super) fn woken(&mut self) -> Vec<DossierKey> {
        std::mem::take(&mut self.woken)
    }

    /// Returns an entry of this batch.
    pub(super) fn entry(&self, chain: Chain, seq: u64) -> Option<Result<Record, RecordError>> {
        let place = usize::try_from(seq.checked_sub(self.tip(chain).seq + 1)?).ok()?;
        let entry = self.pending.iter().filter(|entry| entry.chain == chain).nth(place)?;
        let Some(vault) = self.vault else {
            return Some(Record::decode(entry.kind, RECORD_VERSION, &entry.payload));
        };
        let opened = vault.unseal(EntryId { chain, seq }, entry.kind, &entry.payload);
        let opened = opened.map_err(|why| RecordError::Damaged(why.to_string()));
        Some(opened.and_then(|opened| Record::decode(entry.kind, RECORD_VERSION, &opened.plain)))
    }

    /// Returns how many entries there are.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Returns whether what there is should be made durable before more is taken.
    pub(super) fn is_full(&self) -> bool {
        self.pending.len() >= ENTRIES_MAX || self.jobs >= JOBS_MAX || self.bytes >= BYTES_MAX
    }

    /// Makes one decision. When it fails, or runs into a fault of ours, the batch is as before it: an answer
    /// that says that nothing has changed must be true, and whoever stands behind in the queue must not suffer.
    pub(super) fn attempt<T, E>(
        &mut self,
        decision: impl FnOnce(&mut Self) -> Result<T, E>,
        fault: impl FnOnce() -> E,
    ) -> Result<T, E> {
        let (entries, outgoing, woken, acts) =
            (self.pending.len(), self.outgoing, self.woken.len(), self.acts);
        self.jobs += 1;
        self.overlay.savepoint();
        let decided = catch_unwind(AssertUnwindSafe(|| decision(self))).unwrap_or_else(|_| Err(fault()));
        if decided.is_err() {
            self.overlay.rollback();
            (self.outgoing, self.acts) = (outgoing, acts);
            self.woken.truncate(woken);
            for entry in self.pending.drain(entries..) {
                self.bytes -= entry.payload.len();
                if let Some(added) = self.added.get_mut(&entry.chain) {
                    *added -= 1;
                }
            }
        }
        decided
    }

    fn tip(&self, chain: Chain) -> Tip {
        self.tips.get(&chain).copied().unwrap_or_else(|| Tip::start(chain))
    }

    /// Returns the place the next entry of a chain will have.
    pub(super) fn next(&self, chain: Chain, time: Timestamp) -> At {
        let added = self.added.get(&chain).copied().unwrap_or(0);
        At { chain, seq: self.tip(chain).seq + added + 1, time }
    }

    /// Adds an entry at the place that [`Batch::next`] gave.
    ///
    /// # Errors
    ///
    /// It is larger than the journal takes.
    pub(super) fn push(&mut self, at: &At, record: &Record) -> Result<(), LedgerError> {
        let mut payload = Vec::with_capacity(512);
        record.encode(&mut payload);
        if let Some(vault) = self.vault {
            let about = self.concerned(at);
            let sealed =
                vault.seal(EntryId { chain: at.chain, seq: at.seq }, record, payload, about.as_deref());
            payload = sealed.map_err(StoreError::from)?;
        }
        if payload.len() > PAYLOAD_BYTES_MAX {
            let (what, bytes, bytes_max) = ("an entry", payload.len(), PAYLOAD_BYTES_MAX);
            return Err(StoreError::TooLarge { what, bytes, bytes_max }.into());
        }
        self.bytes += payload.len();
        *self.added.entry(at.chain).or_default() += 1;
        let taken = match record {
            Record::Bericht(bericht) => Some((bericht.soort.clone(), verdict(&bericht.uitspraak))),
            _ => None,
        };
        self.pending.push(Pending { chain: at.chain, time: at.time, kind: record.kind(), payload, taken });
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

    /// Makes everything durable, applies it to the ledger, then answers. Returns the new tips.
    ///
    /// On failure nothing has changed and everybody who waits is told so.
    pub(super) fn commit(self, journal: &mut dyn Journal) -> Result<Vec<Tip>, CommitError> {
        #[cfg(test)]
        let this = self.broken();
        #[cfg(not(test))]
        let this = self;
        this.committed(journal)
    }

    /// Answers before anything is durable, when a test wants to see that somebody notices.
    #[cfg(test)]
    fn broken(mut self) -> Self {
        if is_broken(Canary::AnswersFirst) {
            std::mem::take(&mut self.replies).into_iter().for_each(Reply::done);
        }
        self
    }

    fn committed(self, journal: &mut dyn Journal) -> Result<Vec<Tip>, CommitError> {
        match self.append(journal) {
            Ok(tips) => {
                JOURNAL_COMMITTED_ENTRIES.add(&[], self.pending.len() as u64);
                for (message, verdict) in self.pending.iter().filter_map(|entry| entry.taken.as_ref()) {
                    ENGINE_TAKEN_MESSAGES.count(&[message, verdict]);
                }
                let writes = self.overlay.into_writes();
                // The journal has it, so it is acknowledged whatever becomes of the ledger.
                let applied = self.ledger.commit(writes, &tips);
                for reply in self.replies {
                    reply.done();
                }
                applied.map_err(CommitError::Ledger)?;
                Ok(tips)
            }
            Err(error) => {
                JOURNAL_FAILED_COMMITS.count(&[]);
                let reason = words(&error);
                // The next batch is decided anew, from the ledger as it is.
                for reply in self.replies {
                    reply.failed(&reason);
                }
                Err(CommitError::Journal(error))
            }
        }
    }

    fn append(&self, journal: &mut dyn Journal) -> Result<Vec<Tip>, AppendError> {
        if self.pending.is_empty() {
            return Ok(Vec::new());
        }
        let mut drafts: BTreeMap<Chain, Vec<Draft<'_>>> = BTreeMap::new();
        for entry in &self.pending {
            drafts.entry(entry.chain).or_default().push(Draft {
                time: entry.time,
                kind: entry.kind,
                version: if self.vault.is_some() { SEALED_VERSION } else { RECORD_VERSION },
                payload: &entry.payload,
            });
        }
        let batches: Vec<ChainBatch<'_>> =
            drafts.iter().map(|(chain, drafts)| ChainBatch { tip: self.tip(*chain), drafts }).collect();
        if let Some(vault) = self.vault {
            vault.harden()?;
        }
        let epoch = journal.epoch();
        journal.append(epoch, &batches)
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
    fn done(self) {
        match self {
            Reply::Receipt(sender, receipt) => drop(sender.send(Ok(receipt))),
            Reply::Refused(sender, refusal) => drop(sender.send(Err(refusal))),
            Reply::Recorded(sender) => drop(sender.send(Ok(()))),
            Reply::Acted(sender, acted) => drop(sender.send(Ok(acted))),
        }
    }

    fn failed(self, reason: &str) {
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
fn words(error: &dyn std::error::Error) -> String {
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

/// Why a batch is not in the ledger.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommitError {
    /// An entry could not be made: nothing has changed.
    #[error("{0}")]
    Entry(LedgerError),
    /// The journal did not take it: nothing has changed.
    #[error("{}", words(.0))]
    Journal(AppendError),
    /// The journal has it, the ledger has not: the ledger must be rebuilt.
    #[error("the ledger could not be written: {0}")]
    Ledger(StoreError),
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
