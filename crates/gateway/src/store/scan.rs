//! Values, and going through pairs in the order of their keys.

use std::fmt;
use std::ops::Deref;

use lsm_tree::Slice;
use smallvec::SmallVec;

use super::error::{StoreError, guarded};
use super::tree::{self, Pairs};

/// Bytes of a key or a value; a clone shares them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value(pub(super) Slice);

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Value {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys and values may hold personal data.
        write!(f, "Value({} bytes)", self.0.len())
    }
}

/// A key and its value.
pub type Pair = (Value, Value);

/// Pairs in the order of their keys. Ends after the first error.
///
/// What is committed while it goes on is not among them.
pub struct Scan {
    pairs: Pairs,
    failed: bool,
}

impl Scan {
    /// Goes through the pairs of the data that begin with `prefix`, from the key `from` on; `range` takes a range of
    /// keys of the tree.
    pub(super) fn new(prefix: &[u8], from: &[u8], range: impl FnOnce(&[u8], &[u8]) -> Pairs) -> Self {
        let lower = data_key(from.max(prefix));
        let end = after_prefix(data_key(prefix));
        // A range that ends before it begins is empty; the tree wants it in order.
        let end = end.max(lower.clone());
        Self { pairs: range(&lower, &end), failed: false }
    }

    fn step(
        &mut self,
        step: impl FnOnce(&mut Pairs) -> Option<lsm_tree::Result<tree::Pair>>,
    ) -> Option<Result<Pair, StoreError>> {
        if self.failed {
            return None;
        }
        let pair = guarded(|| step(&mut self.pairs).transpose()).transpose();
        self.failed = matches!(pair, Some(Err(_)));
        pair.map(|pair| pair.map(|(key, value)| (Value(of_data(&key).into()), Value(value))))
    }
}

impl Iterator for Scan {
    type Item = Result<Pair, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Pairs::next)
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(Pairs::next_back)
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("failed", &self.failed).finish_non_exhaustive()
    }
}

/// The first byte of the keys of the data; those of the store itself begin with 0.
pub(super) const DATA: u8 = 1;

/// Most keys are no longer than this.
const KEY_BYTES_USUAL: usize = 95;

/// Returns the key under which the tree has a key of the data.
pub(super) fn data_key(key: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(key.len() + 1);
    whole.push(DATA);
    whole.extend_from_slice(key);
    whole
}

/// Gives the key under which the tree has a key of the data, without taking memory for it where it is as short as most.
pub(super) fn with_data_key<T>(key: &[u8], look: impl FnOnce(&[u8]) -> T) -> T {
    let mut whole = [DATA; KEY_BYTES_USUAL + 1];
    match whole.get_mut(1..=key.len()) {
        Some(place) => {
            place.copy_from_slice(key);
            look(&whole[..=key.len()])
        }
        None => look(&data_key(key)),
    }
}

/// A key as the tree has it, in place where it is as short as most of those that are written.
pub(super) type Key = SmallVec<[u8; 48]>;

/// Returns the key under which the tree has a key of the data, to be kept.
pub(super) fn tree_key(key: &[u8]) -> Key {
    with_data_key(key, Key::from_slice)
}

/// Returns the key of the data that the tree has under a key.
pub(super) fn of_data(key: &[u8]) -> &[u8] {
    key.get(1..).unwrap_or_default()
}

/// Returns the first key that comes after all keys with this prefix.
fn after_prefix(mut prefix: Vec<u8>) -> Vec<u8> {
    // The first byte is `DATA`, so this ends with at least that byte raised.
    while let Some(last) = prefix.pop() {
        if last < u8::MAX {
            prefix.push(last + 1);
            break;
        }
    }
    prefix
}
