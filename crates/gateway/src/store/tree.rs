//! What the pairs are kept in: a tree of sled, or in tests one in memory, for a simulation of which thousands run.

#[cfg(test)]
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, PoisonError, RwLock},
};

use sled::IVec;

/// A map of bytes in order. Clones are the same one.
#[derive(Clone)]
pub(super) enum Tree {
    Sled(sled::Tree),
    #[cfg(test)]
    Memory(Arc<RwLock<BTreeMap<IVec, IVec>>>),
}

/// Writes that happen together.
#[derive(Default)]
pub(super) struct Batch {
    sled: sled::Batch,
    #[cfg(test)]
    memory: Vec<(IVec, Option<IVec>)>,
}

/// Goes through a range of pairs, from both ends.
pub(super) enum Pairs {
    Sled(sled::Iter),
    #[cfg(test)]
    Memory {
        map: Arc<RwLock<BTreeMap<IVec, IVec>>>,
        range: (Bound<IVec>, Bound<IVec>),
    },
}

type Pair = (IVec, IVec);

impl Tree {
    pub(super) fn get(&self, key: &[u8]) -> sled::Result<Option<IVec>> {
        match self {
            Self::Sled(tree) => tree.get(key),
            #[cfg(test)]
            Self::Memory(map) => Ok(map.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()),
        }
    }

    pub(super) fn insert(&self, key: &[u8], value: &[u8]) -> sled::Result<()> {
        let mut batch = Batch::default();
        batch.insert(key.to_vec(), value.into());
        self.apply(batch)
    }

    pub(super) fn remove(&self, key: &[u8]) -> sled::Result<()> {
        let mut batch = Batch::default();
        batch.remove(key.to_vec());
        self.apply(batch)
    }

    pub(super) fn clear(&self) -> sled::Result<()> {
        match self {
            Self::Sled(tree) => tree.clear(),
            #[cfg(test)]
            Self::Memory(map) => {
                map.write().unwrap_or_else(PoisonError::into_inner).clear();
                Ok(())
            }
        }
    }

    pub(super) fn apply(&self, batch: Batch) -> sled::Result<()> {
        match self {
            Self::Sled(tree) => tree.apply_batch(batch.sled),
            #[cfg(test)]
            Self::Memory(map) => {
                let mut map = map.write().unwrap_or_else(PoisonError::into_inner);
                for (key, value) in batch.memory {
                    match value {
                        Some(value) => map.insert(key, value),
                        None => map.remove(&key),
                    };
                }
                Ok(())
            }
        }
    }

    /// Goes through the pairs from the key `from` up to and without `to`, which is not before it.
    pub(super) fn range(&self, from: Vec<u8>, to: Vec<u8>) -> Pairs {
        match self {
            Self::Sled(tree) => Pairs::Sled(tree.range(from..to)),
            #[cfg(test)]
            Self::Memory(map) => {
                let range = (Bound::Included(from.into()), Bound::Excluded(to.into()));
                Pairs::Memory { map: Arc::clone(map), range }
            }
        }
    }
}

impl Batch {
    pub(super) fn insert(&mut self, key: Vec<u8>, value: IVec) {
        #[cfg(test)]
        self.memory.push((key.as_slice().into(), Some(value.clone())));
        self.sled.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        #[cfg(test)]
        self.memory.push((key.as_slice().into(), None));
        self.sled.remove(key);
    }
}

impl Pairs {
    pub(super) fn next(&mut self) -> Option<sled::Result<Pair>> {
        match self {
            Self::Sled(pairs) => pairs.next(),
            #[cfg(test)]
            Self::Memory { map, range } => {
                let map = map.read().unwrap_or_else(PoisonError::into_inner);
                let found = map.range::<IVec, _>((*range).clone()).next();
                let (key, value) = found.map(|(key, value)| (key.clone(), value.clone()))?;
                range.0 = Bound::Excluded(key.clone());
                end_if_empty(range);
                Some(Ok((key, value)))
            }
        }
    }

    pub(super) fn next_back(&mut self) -> Option<sled::Result<Pair>> {
        match self {
            Self::Sled(pairs) => pairs.next_back(),
            #[cfg(test)]
            Self::Memory { map, range } => {
                let map = map.read().unwrap_or_else(PoisonError::into_inner);
                let found = map.range::<IVec, _>((*range).clone()).next_back();
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
fn end_if_empty(range: &mut (Bound<IVec>, Bound<IVec>)) {
    if let (Bound::Excluded(from), Bound::Excluded(to)) = &*range
        && from >= to
    {
        range.0 = Bound::Included(to.clone());
    }
}
