//! What the pairs are kept in: a keyspace of fjall, or in tests a map in memory, for a simulation of which thousands
//! run.

use std::path::Path;
#[cfg(test)]
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, PoisonError, RwLock},
};

use fjall::config::CompressionPolicy;
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Slice, Snapshot,
};

/// How much of the tables is kept in memory; fjall's own default is 32 MiB.
const CACHE_BYTES: u64 = 256 << 20;
/// How much is collected in memory before it becomes a table. There are at most five such collections at a time.
const MEMTABLE_BYTES: u64 = 32 << 20;
/// For flushes and compactions, one after the other: both at once take two cores from the loop, and answers then wait twice
/// as long. Commits wait for a flush only once four collections are full, seconds after the first.
const WORKERS: usize = 1;
/// Files of tables held open, well below what a process may hold.
const OPEN_FILES: usize = 256;

/// A map of bytes in order. Clones are the same one.
#[derive(Clone)]
pub(super) enum Tree {
    /// The keyspace goes before its database, so that dropping the latter closes it.
    Fjall { rows: Keyspace, database: Database },
    #[cfg(test)]
    Memory(Map),
}

#[cfg(test)]
type Map = Arc<RwLock<BTreeMap<Slice, Slice>>>;

/// A tree as it was at a moment.
pub(super) enum Still {
    Fjall {
        rows: Keyspace,
        snapshot: Snapshot,
    },
    #[cfg(test)]
    Memory(Map),
}

/// Writes that happen together; each key is written once.
#[derive(Default)]
pub(super) struct Batch(Vec<(Slice, Option<Slice>)>);

/// Goes through a range of pairs as they were at a moment, from both ends.
pub(super) enum Pairs {
    Fjall(fjall::Iter),
    #[cfg(test)]
    Memory {
        map: Map,
        range: (Bound<Slice>, Bound<Slice>),
    },
}

pub(super) type Pair = (Slice, Slice);

impl Tree {
    /// Opens what is in a directory of its own, or begins it.
    pub(super) fn open(dir: &Path) -> fjall::Result<Self> {
        let database = Database::builder(dir)
            .cache_size(CACHE_BYTES)
            .max_cached_files(Some(OPEN_FILES))
            .worker_threads(WORKERS)
            .journal_compression(CompressionType::None)
            .open()?;
        let options = || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(MEMTABLE_BYTES)
                .data_block_compression_policy(CompressionPolicy::disabled())
        };
        let rows = database.keyspace("ledger", options)?;
        Ok(Self::Fjall { rows, database })
    }

    pub(super) fn get(&self, key: &[u8]) -> fjall::Result<Option<Slice>> {
        match self {
            Self::Fjall { rows, .. } => rows.get(key),
            #[cfg(test)]
            Self::Memory(map) => Ok(map.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()),
        }
    }

    pub(super) fn clear(&self) -> fjall::Result<()> {
        match self {
            Self::Fjall { rows, .. } => rows.clear(),
            #[cfg(test)]
            Self::Memory(map) => {
                map.write().unwrap_or_else(PoisonError::into_inner).clear();
                Ok(())
            }
        }
    }

    /// Writes all or nothing. It is the system's when this returns, which survives this process and not the machine.
    pub(super) fn apply(&self, batch: Batch) -> fjall::Result<()> {
        match self {
            Self::Fjall { rows, database } => {
                let mut writes = database.batch().durability(Some(PersistMode::Buffer));
                for (key, value) in batch.0 {
                    match value {
                        Some(value) => writes.insert(rows, key, value),
                        None => writes.remove(rows, key),
                    }
                }
                writes.commit()
            }
            #[cfg(test)]
            Self::Memory(map) => {
                let mut map = map.write().unwrap_or_else(PoisonError::into_inner);
                for (key, value) in batch.0 {
                    match value {
                        Some(value) => map.insert(key, value),
                        None => map.remove(&key),
                    };
                }
                Ok(())
            }
        }
    }

    /// As [`Tree::apply`], for many pairs: they become a table at once, in no journal and in no memory.
    pub(super) fn load(&self, mut batch: Batch) -> fjall::Result<()> {
        match self {
            Self::Fjall { rows, .. } => {
                batch.0.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
                let mut table = rows.start_ingestion()?;
                for (key, value) in batch.0 {
                    match value {
                        Some(value) => table.write(key, value)?,
                        None => table.write_tombstone(key)?,
                    }
                }
                table.finish()
            }
            #[cfg(test)]
            Self::Memory(_) => self.apply(batch),
        }
    }

    pub(super) fn still(&self) -> Still {
        match self {
            Self::Fjall { rows, database } => {
                Still::Fjall { rows: rows.clone(), snapshot: database.snapshot() }
            }
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
            Self::Fjall { rows, database } => Pairs::Fjall(database.snapshot().range(rows, from..to)),
            #[cfg(test)]
            Self::Memory(map) => memory(map, from, to),
        }
    }

    pub(super) fn bytes_on_disk(&self) -> fjall::Result<u64> {
        match self {
            Self::Fjall { database, .. } => database.disk_space(),
            #[cfg(test)]
            Self::Memory(_) => Ok(0),
        }
    }
}

impl Still {
    pub(super) fn get(&self, key: &[u8]) -> fjall::Result<Option<Slice>> {
        match self {
            Self::Fjall { rows, snapshot } => snapshot.get(rows, key),
            #[cfg(test)]
            Self::Memory(map) => Ok(map.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()),
        }
    }

    /// As [`Tree::range`].
    pub(super) fn range(&self, from: &[u8], to: &[u8]) -> Pairs {
        match self {
            Self::Fjall { rows, snapshot } => Pairs::Fjall(snapshot.range(rows, from..to)),
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

impl Batch {
    /// Returns the keys that are set.
    pub(super) fn inserted(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(|(_, value)| value.is_some()).map(|(key, _)| &key[..])
    }

    pub(super) fn insert(&mut self, key: impl Into<Slice>, value: impl Into<Slice>) {
        self.0.push((key.into(), Some(value.into())));
    }

    pub(super) fn remove(&mut self, key: impl Into<Slice>) {
        self.0.push((key.into(), None));
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Slice> {
        self.0.iter().map(|(key, _)| key)
    }
}

impl Pairs {
    pub(super) fn next(&mut self) -> Option<fjall::Result<Pair>> {
        match self {
            Self::Fjall(pairs) => pairs.next().map(fjall::Guard::into_inner),
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

    pub(super) fn next_back(&mut self) -> Option<fjall::Result<Pair>> {
        match self {
            Self::Fjall(pairs) => pairs.next_back().map(fjall::Guard::into_inner),
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
