//! What the pairs are kept in: tables on disk, or in tests a map in memory, for a simulation of which thousands run.

use std::path::Path;
use std::sync::Arc;
#[cfg(test)]
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{PoisonError, RwLock},
};

use lsm_tree::{Result, Slice};

use super::beside::{Beside, BesidePairs};
use super::tables::{Moment, Range, Tables};

/// A map of bytes in order. Clones are the same one.
#[derive(Clone)]
pub(super) enum Tree {
    Tables(Arc<Tables>),
    /// Held by another process; it is only read.
    Beside(Beside),
    #[cfg(test)]
    Memory(Map),
}

#[cfg(test)]
type Map = Arc<RwLock<BTreeMap<Slice, Slice>>>;

/// A tree as it was at a moment.
pub(super) enum Still {
    Tables(Moment),
    Beside(Beside),
    #[cfg(test)]
    Memory(Map),
}

/// Writes that happen together; each key is written once.
#[derive(Default)]
pub(super) struct Batch<'w>(Vec<Write<'w>>);

/// A key, and its value unless it is removed.
pub(super) type Write<'w> = (&'w [u8], Option<&'w [u8]>);

/// Goes through a range of pairs as they were at a moment, from both ends.
pub(super) enum Pairs {
    Tables(Range),
    Beside(BesidePairs),
    #[cfg(test)]
    Memory {
        map: Map,
        range: (Bound<Slice>, Bound<Slice>),
    },
}

pub(super) type Pair = (Slice, Slice);

impl Tree {
    /// Opens what is in a directory of its own, or begins it.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        Ok(Self::Tables(Arc::new(Tables::open(dir)?)))
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slice>> {
        match self {
            Self::Tables(tables) => tables.get(key),
            Self::Beside(beside) => beside.get(key),
            #[cfg(test)]
            Self::Memory(map) => Ok(map.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()),
        }
    }

    pub(super) fn clear(&self) -> Result<()> {
        match self {
            Self::Tables(tables) => tables.clear(),
            Self::Beside(_) => Err(read_only()),
            #[cfg(test)]
            Self::Memory(map) => {
                map.write().unwrap_or_else(PoisonError::into_inner).clear();
                Ok(())
            }
        }
    }

    /// Writes all or nothing: through a crash of the process too, which may lose all.
    pub(super) fn apply(&self, batch: Batch<'_>) -> Result<()> {
        match self {
            Self::Tables(tables) => tables.apply(batch),
            Self::Beside(_) => Err(read_only()),
            #[cfg(test)]
            Self::Memory(map) => {
                let mut map = map.write().unwrap_or_else(PoisonError::into_inner);
                for (key, value) in batch.0 {
                    match value {
                        Some(value) => map.insert(key.into(), value.into()),
                        None => map.remove(key),
                    };
                }
                Ok(())
            }
        }
    }

    /// As [`Tree::apply`], for many pairs: they become a table at once, and never stand in memory.
    pub(super) fn load(&self, batch: Batch<'_>) -> Result<()> {
        match self {
            Self::Tables(tables) => tables.load(batch),
            Self::Beside(_) => Err(read_only()),
            #[cfg(test)]
            Self::Memory(_) => self.apply(batch),
        }
    }

    pub(super) fn still(&self) -> Still {
        match self {
            Self::Tables(tables) => Still::Tables(tables.now()),
            // The other process answers from one moment anyway.
            Self::Beside(beside) => Still::Beside(beside.clone()),
            #[cfg(test)]
            Self::Memory(map) => {
                let now = map.read().unwrap_or_else(PoisonError::into_inner).clone();
                Still::Memory(Arc::new(RwLock::new(now)))
            }
        }
    }

    /// Goes through the pairs from the key `from` up to and without `to`, which is not before it.
    pub(super) fn range(&self, from: &[u8], to: &[u8]) -> Pairs {
        match self {
            Self::Tables(tables) => Pairs::Tables(tables.now().range(from, to)),
            Self::Beside(beside) => Pairs::Beside(beside.range(from, to)),
            #[cfg(test)]
            Self::Memory(map) => memory(map, from, to),
        }
    }

    /// See [`Tables::lacking`].
    pub(super) fn lacking(&self) -> Option<String> {
        match self {
            Self::Tables(tables) => tables.lacking(),
            Self::Beside(_) => None,
            #[cfg(test)]
            Self::Memory(_) => None,
        }
    }

    #[cfg(test)]
    pub(super) fn lack(&self, why: Option<String>) {
        if let Self::Tables(tables) = self {
            tables.lack(why);
        }
    }

    /// See [`Tables::write_down`].
    pub(super) fn write_down(&self) -> Result<()> {
        match self {
            Self::Tables(tables) => tables.write_down(),
            Self::Beside(_) => Ok(()),
            #[cfg(test)]
            Self::Memory(_) => Ok(()),
        }
    }

    /// See [`Tables::join`].
    pub(super) fn join(&self) -> Result<()> {
        match self {
            Self::Tables(tables) => tables.join(),
            Self::Beside(_) => Ok(()),
            #[cfg(test)]
            Self::Memory(_) => Ok(()),
        }
    }

    /// See [`Tables::idle`].
    #[cfg(test)]
    pub(super) fn idle(&self) {
        if let Self::Tables(tables) = self {
            tables.idle();
        }
    }

    /// See [`Tables::collections`].
    #[cfg(test)]
    pub(super) fn collections(&self) -> usize {
        match self {
            Self::Tables(tables) => tables.collections(),
            Self::Beside(_) | Self::Memory(_) => 0,
        }
    }

    /// See [`Tables::discard`].
    pub(super) fn discard(&self) {
        match self {
            Self::Tables(tables) => tables.discard(),
            Self::Beside(_) => {}
            #[cfg(test)]
            Self::Memory(_) => {}
        }
    }
}

fn read_only() -> lsm_tree::Error {
    std::io::Error::from(std::io::ErrorKind::ReadOnlyFilesystem).into()
}

impl Still {
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slice>> {
        match self {
            Self::Tables(moment) => moment.get(key),
            Self::Beside(beside) => beside.get(key),
            #[cfg(test)]
            Self::Memory(map) => Ok(map.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()),
        }
    }

    /// As [`Tree::range`].
    pub(super) fn range(&self, from: &[u8], to: &[u8]) -> Pairs {
        match self {
            Self::Tables(moment) => Pairs::Tables(moment.range(from, to)),
            Self::Beside(beside) => Pairs::Beside(beside.range(from, to)),
            #[cfg(test)]
            Self::Memory(map) => memory(map, from, to),
        }
    }
}

#[cfg(test)]
fn memory(map: &Map, from: &[u8], to: &[u8]) -> Pairs {
    let range = (Bound::Included(from.into()), Bound::Excluded(to.into()));
    Pairs::Memory { map: Arc::clone(map), range }
}

impl<'w> Batch<'w> {
    pub(super) fn with_room(keys: usize) -> Self {
        Self(Vec::with_capacity(keys))
    }

    /// Returns the keys that are set.
    pub(super) fn inserted(&self) -> impl Iterator<Item = &'w [u8]> {
        self.0.iter().filter(|(_, value)| value.is_some()).map(|(key, _)| *key)
    }

    pub(super) fn insert(&mut self, key: &'w [u8], value: &'w [u8]) {
        self.0.push((key, Some(value)));
    }

    pub(super) fn remove(&mut self, key: &'w [u8]) {
        self.0.push((key, None));
    }

    pub(super) fn into_pairs(self) -> Vec<Write<'w>> {
        self.0
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'w [u8]> {
        self.0.iter().map(|(key, _)| *key)
    }
}

impl Pairs {
    pub(super) fn next(&mut self) -> Option<Result<Pair>> {
        match self {
            Self::Tables(pairs) => pairs.next(),
            Self::Beside(pairs) => pairs.next(),
            #[cfg(test)]
            Self::Memory { map, range } => {
                let map = map.read().unwrap_or_else(PoisonError::into_inner);
                let found = map.range::<Slice, _>((*range).clone()).next();
                let (key, value) = found.map(|(key, value)| (key.clone(), value.clone()))?;
                range.0 = Bound::Excluded(key.clone());
                end_if_empty(range);
                Some(Ok((key, value)))
            }
        }
    }

    pub(super) fn next_back(&mut self) -> Option<Result<Pair>> {
        match self {
            Self::Tables(pairs) => pairs.next_back(),
            Self::Beside(pairs) => pairs.next_back(),
            #[cfg(test)]
            Self::Memory { map, range } => {
                let map = map.read().unwrap_or_else(PoisonError::into_inner);
                let found = map.range::<Slice, _>((*range).clone()).next_back();
                let (key, value) = found.map(|(key, value)| (key.clone(), value.clone()))?;
                range.1 = Bound::Excluded(key.clone());
                end_if_empty(range);
                Some(Ok((key, value)))
            }
        }
    }
}

/// A range between a key and itself, without both, is not one that a map takes.
#[cfg(test)]
fn end_if_empty(range: &mut (Bound<Slice>, Bound<Slice>)) {
    if let (Bound::Excluded(from), Bound::Excluded(to)) = &*range
        && from >= to
    {
        range.0 = Bound::Included(to.clone());
    }
}
