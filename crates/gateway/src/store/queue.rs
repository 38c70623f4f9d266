//! Queues: rows that come at one end of a prefix and leave at the other.
//!
//! What left stays in the tables as a removal until tables are joined, and a scan from the front goes through all of them:
//! behind a hundred thousand messages that were delivered it would take tens of milliseconds to come to the first that
//! waits. So the store remembers where each queue began when it was looked at last, and takes that back when a row is
//! written before it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::StoreError;
use super::ledger::Ledger;
use super::scan::{DATA, Pair, Scan};

/// The first bytes of the keys of queues: what is sent (`u`), held (`b`) and not final (`a`), and what is to be done at
/// some moment (`v`, `w`).
const LETTERS: &[u8] = b"abuvw";

/// Where queues begin; nothing stands before that.
#[derive(Default)]
pub(super) struct Fronts(Mutex<BTreeMap<Vec<u8>, Front>>);

struct Front {
    from: Vec<u8>,
    /// How often something was written in the queue since somebody looked.
    changes: u64,
}

impl Fronts {
    /// Returns those of some keys that are in queues.
    pub(super) fn in_queues<'k>(keys: impl Iterator<Item = &'k [u8]>) -> Vec<&'k [u8]> {
        let keys = keys.filter_map(|key| key.strip_prefix(&[DATA]));
        keys.filter(|key| key.first().is_some_and(|letter| LETTERS.contains(letter))).collect()
    }

    /// These rows were written, and can be seen now.
    pub(super) fn wrote(&self, keys: Vec<&[u8]>) {
        let mut fronts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            for (_, front) in fronts.iter_mut().filter(|(prefix, _)| key.starts_with(prefix)) {
                front.changes += 1;
                if key < &front.from[..] {
                    front.from.clear();
                    front.from.extend_from_slice(key);
                }
            }
        }
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Where the next look at a queue begins.
    #[cfg(test)]
    pub(super) fn front(&self, prefix: &[u8]) -> Option<Vec<u8>> {
        let fronts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fronts.get(prefix).map(|front| front.from.clone())
    }

    fn begin(&self, prefix: &[u8]) -> (Vec<u8>, u64) {
        let mut fronts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Front { from: prefix.to_vec(), changes: 0 };
        let front = fronts.entry(prefix.to_vec()).or_insert_with(new);
        (front.from.clone(), front.changes)
    }

    /// The first row of a queue was this one, when so much had been written in it.
    fn first(&self, prefix: &[u8], changes: u64, key: &[u8]) {
        let mut fronts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What was written meanwhile may stand before it.
        if let Some(front) = fronts.get_mut(prefix).filter(|front| front.changes == changes) {
            front.from = key.to_vec();
        }
    }
}

impl Ledger {
    /// As [`Ledger::scan`], of a prefix from which rows leave at the front: those that left cost nothing.
    pub fn queue(&self, prefix: &[u8]) -> Queue {
        debug_assert!(prefix.first().is_some_and(|letter| LETTERS.contains(letter)), "a prefix of a queue");
        // Before the scan begins, so that what is written after that is not overlooked by the next one.
        let (from, changes) = self.fronts().begin(prefix);
        let look = Look { fronts: Arc::clone(self.fronts()), prefix: prefix.to_vec(), changes };
        Queue { scan: self.range(prefix, &from), look: Some(look) }
    }
}

struct Look {
    fronts: Arc<Fronts>,
    prefix: Vec<u8>,
    changes: u64,
}

/// The pairs of a queue, from the front. Ends after the first error.
pub struct Queue {
    scan: Scan,
    look: Option<Look>,
}

impl Iterator for Queue {
    type Item = Result<Pair, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let pair = self.scan.next();
        if let (Some(Look { fronts, prefix, changes }), Some(Ok((key, _)))) = (self.look.take(), &pair) {
            fronts.first(&prefix, changes, key);
        }
        pair
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("scan", &self.scan).finish_non_exhaustive()
    }
}
