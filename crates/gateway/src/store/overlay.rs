//! Writes that are not committed yet, and reading through them.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;

use super::error::StoreError;
use super::kept::Kept;
use super::ledger::Ledger;
use super::scan::{Key, Value, of_data, tree_key, with_data_key};

/// Writes for one commit: the last one to a key counts. The keys are those of the tree, so that a commit takes them as they
/// are. In no order: a message asks for some ten rows and writes as many, and hardly anything goes through them.
#[derive(Clone, Default)]
pub struct Writes(pub(super) HashMap<Key, Option<Value>>);

impl Writes {
    /// Sets the value of a key.
    pub fn put(&mut self, key: impl AsRef<[u8]>, value: impl Into<Value>) {
        self.0.insert(tree_key(key.as_ref()), Some(value.into()));
    }

    /// Removes a key.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) {
        self.0.insert(tree_key(key.as_ref()), None);
    }

    /// Returns what is written under a key of the tree; the inner option says whether that is a value.
    fn under(&self, key: &[u8]) -> Option<&Option<Value>> {
        self.0.get(key)
    }

    /// Adds other writes, which count where a key is written in both.
    #[cfg(test)]
    pub(crate) fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(key, value)| (key.clone(), value.clone())));
    }

    /// Returns how many keys are written.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys and values may hold personal data.
        write!(f, "Writes({} keys)", self.0.len())
    }
}

/// A ledger as it will be once pending writes are committed.
pub struct Overlay<'l> {
    ledger: &'l Ledger,
    /// Writes that come before these and may not be in the ledger yet, latest first.
    ahead: Vec<Arc<Writes>>,
    writes: Writes,
    /// What was pending under the keys written since the savepoint, latest last.
    undo: Option<Vec<Undo>>,
    /// What was read out of rows, as they are here.
    kept: RefCell<Kept>,
    scratch: Vec<u8>,
}

/// A key of the tree, and what was pending under it: nothing, a removal or a value.
type Undo = (Key, Option<Option<Value>>);

impl<'l> Overlay<'l> {
    /// Returns a ledger with no pending writes.
    pub fn new(ledger: &'l Ledger) -> Self {
        Self::with(ledger, Writes::default())
    }

    /// Returns a ledger with these pending writes.
    pub fn with(ledger: &'l Ledger, writes: Writes) -> Self {
        Self { ledger, ahead: Vec::new(), writes, undo: None, kept: RefCell::default(), scratch: Vec::new() }
    }

    /// Returns a ledger with these pending writes on top of others, latest first, that are on their way into it. It is right
    /// for as long as it has all of those that are not in the ledger, whichever of them come to be there.
    pub fn on(ledger: &'l Ledger, ahead: Vec<Arc<Writes>>, writes: Writes) -> Self {
        Self { ahead, ..Self::with(ledger, writes) }
    }

    /// Returns the value of a key.
    ///
    /// # Errors
    ///
    /// As [`Ledger::get`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let mut pending = std::iter::once(&self.writes).chain(self.ahead.iter().map(|writes| &**writes));
        with_data_key(key, |key| match pending.find_map(|writes| writes.under(key)) {
            Some(pending) => Ok(pending.clone()),
            None => self.ledger.get_data(key),
        })
    }

    /// Returns the keys that begin with `prefix` and are to be set, in order.
    pub fn pending<'k>(&'k self, prefix: &'k [u8]) -> impl Iterator<Item = &'k [u8]> {
        let mut found: Vec<&[u8]> = with_data_key(prefix, |prefix| {
            let set = self.writes.0.iter().filter(|(key, value)| value.is_some() && key.starts_with(prefix));
            set.map(|(key, _)| of_data(key)).collect()
        });
        found.sort_unstable();
        found.into_iter()
    }

    /// Returns the keys that begin with `prefix`, are to be set, and were written since the savepoint, one as often as
    /// that; without a savepoint all that are to be set.
    pub fn recent<'k>(&'k self, prefix: &'k [u8]) -> Box<dyn Iterator<Item = &'k [u8]> + 'k> {
        let Some(undo) = &self.undo else { return Box::new(self.pending(prefix)) };
        let keys = undo.iter().map(|(key, _)| key).filter(move |key| of_data(key).starts_with(prefix));
        Box::new(
            keys.filter(|key| self.writes.under(key).is_some_and(Option::is_some)).map(|key| of_data(key)),
        )
    }

    /// Sets the value of a key.
    pub fn put(&mut self, key: impl AsRef<[u8]>, value: impl Into<Value>) {
        self.write(key.as_ref(), Some(value.into()));
    }

    /// Removes a key.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) {
        self.write(key.as_ref(), None);
    }

    /// Gives a buffer in which a value can be made, for [`Overlay::put`]; whoever gives it back spares the next one the
    /// making.
    pub fn scratch(&mut self) -> &mut Vec<u8> {
        self.scratch.clear();
        &mut self.scratch
    }

    /// Returns what was read out of the row under this key, if that is still known; the inner option says whether there is
    /// such a row.
    pub fn remembered<T: Send + Sync + 'static>(&self, key: &[u8]) -> Option<Option<Arc<T>>> {
        self.kept.borrow().get(key)
    }

    /// Remembers what was read out of the row under this key, or is written there.
    pub fn remember<T: Send + Sync + 'static>(&self, key: Vec<u8>, row: Option<Arc<T>>) {
        self.kept.borrow_mut().keep(key, row);
    }

    /// As [`Overlay::remembered`], for who is about to write another one there.
    pub fn take_remembered<T: Send + Sync + 'static>(&self, key: &[u8]) -> Option<Option<Arc<T>>> {
        let mut kept = self.kept.borrow_mut();
        let found = kept.get(key);
        kept.forget(key);
        found
    }

    fn write(&mut self, key: &[u8], value: Option<Value>) {
        self.kept.get_mut().forget(key);
        let key = tree_key(key);
        let Some(undo) = &mut self.undo else {
            self.writes.0.insert(key, value);
            return;
        };
        let before = self.writes.0.insert(key.clone(), value);
        undo.push((key, before));
    }

    /// Remembers what is pending now, for [`Overlay::rollback`]; an earlier savepoint is forgotten.
    pub fn savepoint(&mut self) {
        self.undo = Some(Vec::new());
    }

    /// Takes back everything written since the savepoint, if there is one.
    pub fn rollback(&mut self) {
        self.kept.get_mut().clear();
        for (key, before) in self.undo.take().into_iter().flatten().rev() {
            match before {
                Some(pending) => self.writes.0.insert(key, pending),
                None => self.writes.0.remove(&key[..]),
            };
        }
    }

    /// Returns how many keys have something pending.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Returns whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Begins anew on top of what is pending, which is on its way into the ledger from now on, and of those of the earlier
    /// ones that are.
    pub fn pass_on(&mut self) -> Arc<Writes> {
        let writes = Arc::new(std::mem::take(&mut self.writes));
        // What others still hold is not in the ledger yet.
        self.ahead.retain(|earlier| Arc::strong_count(earlier) > 1);
        self.ahead.insert(0, Arc::clone(&writes));
        self.undo = None;
        writes
    }

    /// Returns the pending writes, to be committed.
    pub fn into_writes(self) -> Writes {
        self.writes
    }
}

impl fmt::Debug for Overlay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("writes", &self.writes).finish_non_exhaustive()
    }
}
