//! What the loop has decided on its way to the disk: sealed and encoded beside the loop, written, put into the ledger, then
//! answered. The loop decides on meanwhile, on top of what is under way.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::{broadcast, watch};

use crate::engine::Health;
use crate::engine::batch::{Open, Reply, words};
use crate::engine::daily::Day;
use crate::journal::{
    AppendError, Chain, Conclude, Draft, Encoded, Encoder, EntryId, Fate, Load, Reader, Tip,
};
use crate::metrics::{
    ENGINE_TAKEN_MESSAGES, JOURNAL_COMMIT_DURATION, JOURNAL_COMMITTED_ENTRIES, JOURNAL_FAILED_COMMITS,
};
use crate::record::{RECORD_VERSION, Record};
#[cfg(test)]
use crate::simulation::{Canary, is_broken};
use crate::store::{Ledger, Writes};
use crate::traces::{self, Kind, Recorder};
use crate::vault::{SEALED_VERSION, Vault};

/// Said to who waits for what cannot be written any more.
pub(super) const OVER: &str = "the ledger could not be written; the gateway must be started again";

/// An entry that is decided.
pub(super) struct Pending {
    pub(super) chain: Chain,
    pub(super) seq: u64,
    pub(super) time: Timestamp,
    pub(super) kind: u16,
    /// The record as written.
    pub(super) plain: Vec<u8>,
    /// What sealing needs to know.
    pub(super) sealing: Option<Sealing>,
    /// Of a message: its kind and the verdict, to be counted.
    pub(super) taken: Option<(String, &'static str)>,
}

#[expect(clippy::large_enum_variant, reason = "one for each entry, and nearly all are the large one")]
pub(super) enum Sealing {
    /// The record, and whom it is about when no message in it names anybody.
    Of(Record, Option<String>),
    /// It is done already.
    Done(Vec<u8>),
}

/// A batch on its way.
pub(super) struct Decided {
    ledger: Arc<Ledger>,
    vault: Option<Arc<Vault>>,
    entries: Arc<Vec<Pending>>,
    writes: Arc<Writes>,
    replies: Vec<Reply>,
    outgoing: bool,
    acts: u64,
    since: Instant,
    careful: Arc<AtomicBool>,
}

impl Decided {
    fn sealed(&self, entry: &Pending) -> Result<Option<Vec<u8>>, AppendError> {
        let (Some(vault), Some(sealing)) = (self.vault.as_deref(), &entry.sealing) else { return Ok(None) };
        let id = EntryId { chain: entry.chain, seq: entry.seq };
        match sealing {
            Sealing::Of(record, about) => {
                let sealed = vault.seal(id, record, &entry.plain, about.as_deref());
                sealed.map(Some).map_err(|source| {
                    self.careful.store(true, Ordering::Relaxed);
                    vault.unreadable(source)
                })
            }
            Sealing::Done(sealed) => Ok(Some(sealed.clone())),
        }
    }
}

impl Load for Decided {
    fn encode(&mut self, encoder: &mut Encoder) -> Result<Encoded, AppendError> {
        // Rows that find no room on the disk stay in memory. What was decided before that has its place there; no more is added.
        if let Some((rows, why)) = self.ledger.lacking().filter(|_| !self.entries.is_empty()) {
            let (path, source) = (rows.to_owned(), io::Error::other(why));
            return Err(AppendError::Unavailable { doing: "making tables in", path, source });
        }
        let sealed: Result<Vec<Option<Vec<u8>>>, _> =
            self.entries.iter().map(|entry| self.sealed(entry)).collect();
        let sealed = sealed?;
        // Keys that were made for these entries are on the disk before them.
        if let Some(vault) = &self.vault {
            vault.harden()?;
        }
        let mut drafts: BTreeMap<Chain, Vec<Draft<'_>>> = BTreeMap::new();
        for (entry, sealed) in self.entries.iter().zip(&sealed) {
            drafts.entry(entry.chain).or_default().push(Draft {
                time: entry.time,
                kind: entry.kind,
                version: if sealed.is_some() { SEALED_VERSION } else { RECORD_VERSION },
                payload: sealed.as_deref().unwrap_or(&entry.plain),
            });
        }
        let chains: Vec<_> = drafts.iter().map(|(chain, drafts)| (*chain, &drafts[..])).collect();
        encoder.encode(&chains)
    }
}

/// Puts what is durable into the ledger, and answers.
pub(super) struct Committer {
    pub(super) ledger: Arc<Ledger>,
    pub(super) changed: watch::Sender<u64>,
    pub(super) feed: broadcast::Sender<EntryId>,
    pub(super) health: Health,
    pub(super) acts: Arc<AtomicU64>,
}

impl Conclude<Decided> for Committer {
    fn conclude(&mut self, decided: Decided, fate: Fate<'_>) -> ControlFlow<()> {
        JOURNAL_COMMIT_DURATION.observe(&[], decided.since.elapsed());
        match fate {
            Fate::Durable(tips) => self.durable(decided, &tips),
            Fate::Failed(error) => {
                self.health.set(Some(format!("the journal does not take entries: {}", words(error))));
                tracing::error!(code = "JournalAppendError", error = %words(error), "The journal does not take entries; senders are told to come back.");
                failed(decided, &words(error))
            }
            #[cfg(test)]
            Fate::Forlorn(_) if is_broken(Canary::AnswersTheForlorn) => {
                decided.replies.into_iter().for_each(Reply::done);
                ControlFlow::Continue(())
            }
            Fate::Forlorn(error) => failed(decided, &words(error)),
            Fate::Over => failed(decided, OVER),
        }
    }
}

impl Committer {
    fn durable(&self, decided: Decided, tips: &[Tip]) -> ControlFlow<()> {
        let Decided { entries, writes, replies, outgoing, acts, since, .. } = decided;
        JOURNAL_COMMITTED_ENTRIES.add(&[], entries.len() as u64);
        for (message, verdict) in entries.iter().filter_map(|entry| entry.taken.as_ref()) {
            ENGINE_TAKEN_MESSAGES.count(&[message, verdict]);
        }
        // The journal has it, so it is acknowledged whatever becomes of the ledger.
        let applied = self.ledger.commit_shared(&writes, tips);
        if let Some(recorder) = traces::recorder() {
            committed(recorder, &entries, since);
        }
        for reply in replies {
            reply.done();
        }
        if let Err(error) = applied {
            self.health.set(Some(format!("the ledger does not take rows: {error}")));
            // The journal has the entries, so they are acknowledged; the rows are not written. Going on
            // would judge against a ledger that lags. The next start applies what is missing.
            tracing::error!(code = "LedgerCommitError", %error, "The ledger does not take rows; the gateway must be started again.");
            return ControlFlow::Break(());
        }
        if !tips.is_empty() {
            self.health.set(None);
        }
        for tip in tips {
            // Chain by chain, as they stand in the journal.
            for entry in entries.iter().filter(|entry| entry.chain == tip.chain) {
                // Nobody need be listening.
                let _ = self.feed.send(EntryId { chain: entry.chain, seq: entry.seq });
            }
        }
        self.acts.fetch_add(acts, Ordering::Release);
        if outgoing || acts > 0 {
            self.changed.send_modify(|count| *count += 1);
        }
        ControlFlow::Continue(())
    }
}

/// Tells of the messages of a batch that they are durable.
fn committed(recorder: &Recorder, entries: &[Pending], since: Instant) {
    for entry in entries {
        let Some((message, verdict)) = &entry.taken else { continue };
        let name = EntryId { chain: entry.chain, seq: entry.seq }.to_string();
        let span = recorder.within(&name, "commit", Kind::Internal, since.elapsed());
        recorder.take(span.text("iwmo.message", message.as_str()).text("iwmo.verdict", *verdict));
    }
}

fn failed(decided: Decided, reason: &str) -> ControlFlow<()> {
    JOURNAL_FAILED_COMMITS.count(&[]);
    for reply in decided.replies {
        reply.failed(reason);
    }
    ControlFlow::Continue(())
}

/// What the loop knows of what it decided and handed over: it goes on from there, not from the ledger.
#[derive(Clone)]
pub(super) struct Ahead {
    reader: Reader,
    /// The last number of each chain.
    seqs: BTreeMap<Chain, u64>,
    /// What may not be in the ledger yet, oldest first.
    under_way: VecDeque<UnderWay>,
    /// An entry could not be sealed, for want of a key that can be read.
    careful: Arc<AtomicBool>,
}

#[derive(Clone)]
struct UnderWay {
    number: u64,
    entries: Arc<Vec<Pending>>,
    writes: Arc<Writes>,
    /// How far the daily run had come before this batch.
    day: Option<Day>,
}

impl Ahead {
    pub(super) fn new(reader: Reader) -> Self {
        let mut ahead =
            Self { reader, seqs: BTreeMap::new(), under_way: VecDeque::new(), careful: Arc::default() };
        ahead.begin_anew();
        ahead
    }

    /// Returns whether entries are to be sealed before they are handed over.
    pub(super) fn is_careful(&self) -> bool {
        self.careful.load(Ordering::Relaxed)
    }

    /// Returns the last number of a chain.
    pub(super) fn seq(&self, chain: Chain) -> u64 {
        self.seqs.get(&chain).copied().unwrap_or(0)
    }

    /// Returns the writes that may not be in the ledger yet, latest first.
    pub(super) fn writes(&self) -> Vec<Arc<Writes>> {
        self.under_way.iter().rev().map(|batch| Arc::clone(&batch.writes)).collect()
    }

    /// Returns an entry that may not be in the journal yet.
    pub(super) fn entry(&self, chain: Chain, seq: u64) -> Option<&Pending> {
        let mut entries = self.under_way.iter().flat_map(|batch| batch.entries.iter());
        entries.find(|entry| (entry.chain, entry.seq) == (chain, seq))
    }

    /// Returns whether a part of the daily run is under way.
    pub(super) fn has_run(&self) -> bool {
        self.under_way.iter().any(|batch| batch.day.is_some())
    }

    /// Closes a batch. `give` hands it over and returns its number.
    pub(super) fn add(
        &mut self,
        open: Open,
        ledger: Arc<Ledger>,
        vault: Option<Arc<Vault>>,
        day: Option<Day>,
        give: impl FnOnce(Decided) -> u64,
    ) {
        for entry in &open.entries {
            self.seqs.insert(entry.chain, entry.seq);
        }
        let (entries, writes) = (Arc::new(open.entries), Arc::new(open.writes));
        let decided = Decided {
            ledger,
            vault,
            entries: Arc::clone(&entries),
            writes: Arc::clone(&writes),
            replies: open.replies,
            outgoing: open.outgoing,
            acts: open.acts,
            since: Instant::now(),
            careful: Arc::clone(&self.careful),
        };
        let number = give(decided);
        self.under_way.push_back(UnderWay { number, entries, writes, day });
    }

    /// Forgets what is in the ledger by now: every batch up to this one. Returns whether there was any.
    pub(super) fn done(&mut self, number: u64) -> bool {
        let before = self.under_way.len();
        while self.under_way.pop_front_if(|batch| batch.number <= number).is_some() {}
        self.under_way.len() < before
    }

    /// Forgets everything: what is decided next goes on from what is durable. Returns how far the daily run was before the
    /// batch of this number and those after it, of all the moments the one that is safe to go on from.
    pub(super) fn fail(&mut self, from: u64) -> Option<Day> {
        let batches = std::mem::take(&mut self.under_way);
        self.begin_anew();
        batches
            .into_iter()
            .filter(|batch| batch.number >= from)
            .fold(None, |day, batch| Day::before(day, batch.day))
    }

    /// Returns the writes of the batches from this one on, when a test wants to see that somebody notices.
    #[cfg(test)]
    pub(super) fn forlorn(&self, from: u64) -> Writes {
        let mut all = Writes::default();
        for batch in self.under_way.iter().filter(|batch| batch.number >= from) {
            all.extend(&batch.writes);
        }
        all
    }

    fn begin_anew(&mut self) {
        self.seqs = self.reader.tips().into_iter().map(|(chain, tip)| (chain, tip.seq)).collect();
    }
}
