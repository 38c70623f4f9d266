//! Reading and decoding recorded entries ahead of who applies them, on the other processors.
//!
//! Applying is strictly one after the other; reading a message is the larger part of the work and is not.

use std::num::NonZero;
use std::sync::mpsc::SyncSender;
use std::thread;

use iwmo_codec::messages::Message;

use super::{Applier, LedgerError};
use crate::journal::{Entries, Entry, Tips};
use crate::record::Record;

/// Entries that are decoded together.
const CHUNK_ENTRIES: usize = if cfg!(test) { 8 } else { 256 };

/// With this much in it a chunk takes no more, so that memory stays flat whatever the messages are.
const CHUNK_BYTES: usize = 8 << 20;

/// Chunks that may wait to be applied.
pub(super) const CHUNKS_WAITING: usize = 2;

/// An entry ready to be applied.
pub(super) struct Ready {
    pub(super) entry: Entry,
    /// What it says; an error counts only if the entry is to be applied.
    pub(super) record: Result<Record, LedgerError>,
    /// Its message, if it has one that can be read.
    pub(super) message: Option<Message>,
}

/// Sends the entries that these tips do not have yet, in order, until all are sent or nobody takes them any more.
pub(super) fn decode(
    mut entries: Entries,
    applier: &Applier,
    has: &Tips,
    to: &SyncSender<Result<Vec<Ready>, LedgerError>>,
) {
    // One processor applies.
    let workers = thread::available_parallelism().map_or(1, NonZero::get).saturating_sub(1).max(1);
    loop {
        let (mut chunk, mut bytes, mut failure) = (Vec::new(), 0, None);
        while chunk.len() < CHUNK_ENTRIES && bytes < CHUNK_BYTES {
            match entries.next() {
                // Entries of other chains may stand between those that the ledger has.
                Some(Ok(entry)) if has.get(&entry.id.chain).is_some_and(|tip| entry.id.seq <= tip.seq) => {}
                Some(Ok(entry)) => {
                    bytes += entry.payload.len();
                    chunk.push(entry);
                }
                Some(Err(error)) => {
                    failure = Some(error);
                    break;
                }
                None => break,
            }
        }
        let last = failure.is_some() || chunk.len() < CHUNK_ENTRIES && bytes < CHUNK_BYTES;
        if !chunk.is_empty() && to.send(Ok(ready(chunk, applier, workers))).is_err() {
            return;
        }
        if let Some(error) = failure {
            // Who no longer listens has a failure of their own.
            drop(to.send(Err(error.into())));
        }
        if last {
            return;
        }
    }
}

fn ready(chunk: Vec<Entry>, applier: &Applier, workers: usize) -> Vec<Ready> {
    if workers == 1 {
        return chunk.into_iter().map(|entry| one(entry, applier)).collect();
    }
    let share = chunk.len().div_ceil(workers);
    let mut rest = chunk;
    let mut shares = Vec::with_capacity(workers);
    while !rest.is_empty() {
        let after = rest.split_off(share.min(rest.len()));
        shares.push(std::mem::replace(&mut rest, after));
    }
    thread::scope(|scope| {
        let decode =
            |share: Vec<Entry>| share.into_iter().map(|entry| one(entry, applier)).collect::<Vec<_>>();
        let threads: Vec<_> = shares.into_iter().map(|share| scope.spawn(move || decode(share))).collect();
        let mut ready = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(share) => ready.extend(share),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        ready
    })
}

fn one(entry: Entry, applier: &Applier) -> Ready {
    let record = Record::decode(entry.kind, entry.version, &entry.payload)
        .map_err(|source| LedgerError::Entry { entry: entry.id.to_string(), source });
    let message = match &record {
        Ok(Record::Bericht(bericht)) => applier.message(bericht),
        _ => None,
    };
    Ready { entry, record, message }
}
