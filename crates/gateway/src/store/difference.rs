//! Where two stores are not the same, while both go on.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use lsm_tree::Slice;

use super::error::StoreError;
use super::ledger::{Ledger, View};
use super::scan::{DATA, Value};

/// Most keys that a watch remembers, about 100 MB of them.
const KEYS_MAX: usize = 1_000_000;

/// A view, and which keys were written since.
pub struct Watch {
    view: View,
    written: Arc<Mutex<Written>>,
}

/// Keys as the store has them.
#[derive(Default)]
struct Written {
    keys: BTreeSet<Slice>,
    too_many: bool,
}

/// The other end of a watch, at the store.
#[derive(Default)]
pub(super) struct Watched(Weak<Mutex<Written>>);

impl Watched {
    pub(super) fn begin(&mut self, view: View) -> Watch {
        if let Some(before) = self.0.upgrade() {
            before.lock().unwrap_or_else(PoisonError::into_inner).too_many = true;
        }
        let written = Arc::default();
        self.0 = Arc::downgrade(&written);
        Watch { view, written }
    }

    /// Remembers what is about to be written, if anybody wants to know.
    pub(super) fn note<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) {
        let Some(written) = self.0.upgrade() else { return };
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.too_many {
            return;
        }
        written.keys.extend(keys.filter(|key| key.first() == Some(&DATA)).map(Slice::from));
        if written.keys.len() > KEYS_MAX {
            *written = Written { keys: BTreeSet::new(), too_many: true };
        }
    }
}

impl Watch {
    /// Returns the view.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Returns the keys that were written since, in order; nothing when they were too many to remember.
    pub fn written(&self) -> Option<Vec<Value>> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let key = |key: &Slice| Value(key[1..].into());
        (!written.too_many).then(|| written.keys.iter().map(key).collect())
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// A key whose value is not the same in two stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key.
    pub key: Value,
    /// The value in the first store, if it has one.
    pub here: Option<Value>,
    /// The value in the second store, if it has one.
    pub there: Option<Value>,
}

impl Ledger {
    /// Returns the first key, in order, whose value is not the same in another store.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] or [`StoreError::Io`].
    pub fn first_difference(&self, other: &Self) -> Result<Option<Difference>, StoreError> {
        let (mut here, mut there) = (self.scan(b""), other.scan(b""));
        loop {
            let (left, right) = (here.next().transpose()?, there.next().transpose()?);
            if left == right {
                if left.is_none() {
                    return Ok(None);
                }
                continue;
            }
            // The smaller key is missing on the other side, unless both have it.
            let key = left.iter().chain(&right).map(|(key, _)| key).min().cloned();
            let Some(key) = key else { return Ok(None) };
            let of = |pair: Option<(Value, Value)>| {
                pair.filter(|(found, _)| *found == key).map(|(_, value)| value)
            };
            return Ok(Some(Difference { here: of(left), there: of(right), key }));
        }
    }
}

impl View {
    /// Returns every key, in order, whose value is not the same in another view.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] or [`StoreError::Io`].
    pub fn differing_keys(&self, other: &Self) -> Result<Vec<Value>, StoreError> {
        let (mut here, mut there) = (self.scan(b""), other.scan(b""));
        let (mut left, mut right) = (here.next().transpose()?, there.next().transpose()?);
        let mut keys = Vec::new();
        loop {
            let order = match (&left, &right) {
                (None, None) => return Ok(keys),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((one, _)), Some((other, _))) => one.cmp(other),
            };
            let same = order.is_eq() && left == right;
            let (mut one, mut other) = (None, None);
            if order.is_le() {
                one = std::mem::replace(&mut left, here.next().transpose()?);
            }
            if order.is_ge() {
                other = std::mem::replace(&mut right, there.next().transpose()?);
            }
            keys.extend(one.or(other).filter(|_| !same).map(|(key, _)| key));
        }
    }
}
