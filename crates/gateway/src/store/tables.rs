//! Rows on disk: tables of lsm-tree, in front of them what is not in a table yet (`collection.rs`); `making.rs` has the thread
//! that makes and joins tables, `range.rs` goes through both as one.
//!
//! There is no journal under it. A table is made of the whole of what was collected in memory up to a commit, and it
//! comes into force at once, so that what is on disk is always the rows as they were after some commit, with the tips
//! that this commit gave. What came after that is gone with the process, and stands in the journal of the gateway.

mod collection;
mod making;
mod range;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hashbrown::DefaultHashBuilder;
use lsm_tree::config::{
    BloomConstructionPolicy, CompressionPolicy, FilterPolicy, FilterPolicyEntry, RestartIntervalPolicy,
};
use lsm_tree::{
    AbstractTree, AnyTree, Cache, Config, DescriptorTable, Result, SeqNo, SequenceNumberCounter, Slice,
};

use self::collection::{Collection, Rows, Run};
use super::tree::{Batch, Write};

pub(super) use self::range::Range;

/// How much of the tables is kept in memory.
const CACHE_BYTES: u64 = 96 << 20;
/// How much is collected in memory before it becomes a table. What stands for it is what a start after a crash applies
/// again.
const COLLECTED_BYTES: usize = 32 << 20;
/// With so many collections that wait to become tables, commits wait too.
const COLLECTIONS_WAITING: usize = 3;
/// What is in memory alone at most: the collection that is full and those that wait, each with one commit too many.
#[cfg(test)]
pub(super) const IN_MEMORY_BYTES_MAX: u64 =
    (COLLECTIONS_WAITING as u64 + 1) * (COLLECTED_BYTES as u64 + (4 << 20));
/// With so many tables that were not joined, commits wait too: a read may have to look into each of them.
const UNJOINED: usize = 24;
/// Files of tables held open, well below what a process may hold.
const OPEN_FILES: usize = 256;
/// How large the tables are that all others are joined into.
const TABLE_BYTES: u64 = 64 << 20;
/// How long a commit that waits goes without looking.
const LOOK: Duration = Duration::from_millis(100);

/// The tables of a directory. The last one to let go of it writes down what is in memory.
pub(super) struct Tables {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    tree: AnyTree,
    seqno: SequenceNumberCounter,
    /// What has a lower number can be seen.
    visible: SequenceNumberCounter,
    /// The moments that somebody looks at, and how many do.
    looked_at: Mutex<BTreeMap<SeqNo, usize>>,
    memory: RwLock<InMemory>,
    /// Who has this is the only one that adds to what is in memory or seals it.
    collecting: Mutex<()>,
    hasher: DefaultHashBuilder,
    work: Mutex<Work>,
    /// Somebody wants something of the thread, or it did something.
    turn: Condvar,
    /// What is in memory is not wanted any more.
    discarded: AtomicBool,
}

/// What is in no table yet.
#[derive(Default)]
struct InMemory {
    collection: Collection,
    /// Those that become tables, oldest first.
    sealed: Vec<Arc<Collection>>,
    /// The runs of all, latest first.
    runs: Arc<[Arc<Run>]>,
}

#[derive(Default)]
struct Work {
    wanted: bool,
    busy: bool,
    stop: bool,
    failed: bool,
    /// Why tables cannot be made now. What would be in them stays in memory, and it is tried again.
    lacking: Option<String>,
}

/// A moment that somebody looks at.
pub(super) struct Moment {
    shared: Arc<Shared>,
    /// What was in memory, latest first.
    runs: Arc<[Arc<Run>]>,
    /// What was in tables has a lower number.
    seqno: SeqNo,
}

impl Tables {
    /// Opens those in a directory of its own, or begins them.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let (seqno, visible) = (SequenceNumberCounter::default(), SequenceNumberCounter::default());
        let bloom = |policy| FilterPolicyEntry::Bloom(policy);
        let tree = Config::new(dir, seqno.clone(), visible.clone())
            .use_cache(Arc::new(Cache::with_capacity_bytes(CACHE_BYTES)))
            .use_descriptor_table(Some(Arc::new(DescriptorTable::new(OPEN_FILES))))
            .data_block_compression_policy(CompressionPolicy::disabled())
            .data_block_restart_interval_policy(RestartIntervalPolicy::new([10, 16]))
            // Most of what a new message asks for is not there.
            .filter_policy(FilterPolicy::new([
                bloom(BloomConstructionPolicy::FalsePositiveRate(0.001)),
                bloom(BloomConstructionPolicy::BitsPerKey(10.0)),
            ]))
            .open()?;
        let next = tree.get_highest_seqno().map_or(1, |seqno| seqno + 1);
        seqno.fetch_max(next);
        visible.fetch_max(next);
        let shared = Arc::new(Shared {
            tree,
            seqno,
            visible,
            looked_at: Mutex::default(),
            memory: RwLock::default(),
            collecting: Mutex::default(),
            hasher: DefaultHashBuilder::default(),
            work: Mutex::default(),
            turn: Condvar::new(),
            discarded: AtomicBool::new(false),
        });
        let worker = Arc::clone(&shared);
        let thread = thread::Builder::new().name("tables".to_owned()).spawn(move || worker.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slice>> {
        let found = self.shared.memory().get(self.shared.hasher.hash_one(key), key);
        match found {
            Some(found) => Ok(found),
            // What became a table meanwhile is in one before it is gone from memory.
            None => self.shared.tree.get(key, SeqNo::MAX),
        }
    }

    /// Writes all or nothing, for who looks at a moment.
    pub(super) fn apply(&self, batch: Batch<'_>) -> Result<()> {
        let shared = &*self.shared;
        shared.whole()?;
        let rows = Arc::new(Rows::of(&in_order(batch), &shared.hasher));
        let collecting = shared.collecting();
        let runs = shared.memory().collection.runs().to_vec();
        // Nobody waits for the joining of them.
        let runs = Run::added(runs, &rows);
        let mut memory = shared.change();
        let replaced = memory.collection.add(rows, runs);
        memory.see();
        // Between two commits, so that no table has half of one.
        let full = memory.collection.bytes() >= COLLECTED_BYTES;
        if full {
            memory.seal();
        }
        drop(memory);
        drop((replaced, collecting));
        if full {
            shared.wake();
        }
        shared.wait_for_room()
    }

    /// As [`Tables::apply`], for many pairs: they become a table at once, and what was collected before another one.
    pub(super) fn load(&self, batch: Batch<'_>) -> Result<()> {
        let pairs = in_order(batch);
        self.write_down()?;
        let mut table = self.shared.tree.ingestion()?;
        for (key, value) in pairs {
            match value {
                Some(value) => table.write(key, value)?,
                None => table.write_tombstone(key)?,
            }
        }
        table.finish()?;
        self.shared.wake();
        self.shared.wait_for_room()
    }

    pub(super) fn clear(&self) -> Result<()> {
        let _collecting = self.shared.collecting();
        // Nothing of what is in memory becomes a table any more.
        let _flush = self.shared.tree.get_flush_lock();
        *self.shared.change() = InMemory::default();
        self.shared.tree.clear()
    }

    /// Returns this moment.
    pub(super) fn now(&self) -> Moment {
        let memory = self.shared.memory();
        let mut looked_at = self.shared.looked_at();
        let seqno = self.shared.visible.get();
        *looked_at.entry(seqno).or_default() += 1;
        Moment { shared: Arc::clone(&self.shared), runs: Arc::clone(&memory.runs), seqno }
    }

    /// Makes a table of what is in memory.
    pub(super) fn write_down(&self) -> Result<()> {
        self.shared.whole()?;
        self.shared.seal();
        self.shared.flush()
    }

    /// Leaves nothing in the files of what was removed or overwritten before, but for what somebody still looks at.
    pub(super) fn join(&self) -> Result<()> {
        self.write_down()?;
        let shared = &*self.shared;
        shared.tree.major_compact(TABLE_BYTES, shared.watermark())?;
        // The tables that were joined go with the last version that has them, and a version goes once nobody can see
        // the one after it otherwise.
        let seqno = shared.seqno.next();
        shared.visible.fetch_max(seqno + 1);
        let watermark = shared.watermark();
        let dir = &shared.tree.tree_config().path;
        shared.tree.get_version_history_lock().maintenance(dir, watermark)
    }

    /// Says why tables cannot be made now, as on a full disk. Commits go on for a while; whoever has a choice makes none.
    pub(super) fn lacking(&self) -> Option<String> {
        self.shared.work().lacking.clone()
    }

    #[cfg(test)]
    pub(super) fn lack(&self, why: Option<String>) {
        self.shared.work().lacking = why;
    }

    /// Waits until nothing is done in the background.
    #[cfg(test)]
    pub(super) fn idle(&self) {
        let mut work = self.shared.work();
        while work.wanted || work.busy {
            work = self.shared.turn.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Returns how many collections are in memory that no more is added to.
    #[cfg(test)]
    pub(super) fn collections(&self) -> usize {
        self.shared.memory().sealed.len()
    }

    /// What is in memory need not be written down in the end.
    pub(super) fn discard(&self) {
        self.shared.discarded.store(true, Ordering::Release);
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        self.shared.work().stop = true;
        self.shared.turn.notify_all();
        if let Some(thread) = self.thread.take() {
            // It catches what panics.
            drop(thread.join());
        }
    }
}

impl Moment {
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slice>> {
        match self.runs.iter().find_map(|run| run.get(key)) {
            Some(found) => Ok(found.map(Slice::from)),
            None => self.shared.tree.get(key, self.seqno),
        }
    }

    pub(super) fn range(&self, from: &[u8], to: &[u8]) -> Range {
        Range::new(&self.runs, from, to, self.shared.tree.range(from..to, self.seqno, None))
    }
}

impl Drop for Moment {
    fn drop(&mut self) {
        let mut looked_at = self.shared.looked_at();
        if let Some(count) = looked_at.get_mut(&self.seqno) {
            *count -= 1;
            if *count == 0 {
                looked_at.remove(&self.seqno);
            }
        }
    }
}

impl InMemory {
    /// Returns what stands under a key, if it is here; the inner option says whether that is a value.
    fn get(&self, hash: u64, key: &[u8]) -> Option<Option<Slice>> {
        let sealed = self.sealed.iter().rev().map(|sealed| &**sealed);
        let found = std::iter::once(&self.collection).chain(sealed).find_map(|one| one.get(hash, key))?;
        Some(found.map(Slice::from))
    }

    /// Has moments from now on see what there is.
    fn see(&mut self) {
        let sealed = self.sealed.iter().rev().map(|sealed| &**sealed);
        let all = std::iter::once(&self.collection).chain(sealed);
        self.runs = all.flat_map(|one| one.runs().iter().rev().cloned()).collect();
    }

    /// Ends the collection: what comes from now on is in another one, of about the same size.
    fn seal(&mut self) {
        if self.collection.keys() > 0 {
            let next = Collection::with_room(self.collection.keys());
            self.sealed.push(Arc::new(std::mem::replace(&mut self.collection, next)));
        }
    }
}

impl Shared {
    fn memory(&self) -> RwLockReadGuard<'_, InMemory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, InMemory> {
        self.memory.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn collecting(&self) -> MutexGuard<'_, ()> {
        self.collecting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn looked_at(&self) -> MutexGuard<'_, BTreeMap<SeqNo, usize>> {
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        self.work().wanted = true;
        self.turn.notify_all();
    }

    /// Says whether the work in the background failed.
    fn whole(&self) -> Result<()> {
        if self.work().failed { Err(failed()) } else { Ok(()) }
    }

    /// The earliest moment that somebody looks at or may begin to look at.
    fn watermark(&self) -> SeqNo {
        let looked_at = self.looked_at();
        let earliest = looked_at.keys().next().copied();
        earliest.unwrap_or_else(|| self.visible.get())
    }

    fn is_full(&self) -> bool {
        self.memory().sealed.len() >= COLLECTIONS_WAITING || self.tree.l0_run_count() >= UNJOINED
    }

    fn wait_for_room(&self) -> Result<()> {
        while self.is_full() {
            let mut work = self.work();
            if work.failed {
                return Err(failed());
            }
            if work.lacking.is_some() {
                // Nothing becomes of waiting. What is under way is taken, and no more than that.
                let many = self.memory().sealed.len() >= 2 * COLLECTIONS_WAITING;
                return if many { Err(no_room()) } else { Ok(()) };
            }
            work.wanted = true;
            self.turn.notify_all();
            drop(self.turn.wait_timeout(work, LOOK));
        }
        Ok(())
    }
}

/// Returns pairs in the order of their keys. Most keys are told apart by what they begin with, which is compared as one
/// number, without going after the key itself.
fn in_order(batch: Batch<'_>) -> Vec<Write<'_>> {
    let begin = |key: &[u8]| {
        let mut begin = [0; 16];
        let length = key.len().min(begin.len());
        begin[..length].copy_from_slice(&key[..length]);
        u128::from_be_bytes(begin)
    };
    let mut pairs: Vec<_> =
        batch.into_pairs().into_iter().map(|(key, value)| (begin(key), key, value)).collect();
    pairs.sort_unstable_by(|left, right| left.0.cmp(&right.0).then_with(|| left.1.cmp(right.1)));
    pairs.into_iter().map(|(_, key, value)| (key, value)).collect()
}

fn no_room() -> lsm_tree::Error {
    io::Error::from(rustix::io::Errno::NOSPC).into()
}

fn failed() -> lsm_tree::Error {
    lsm_tree::Error::Io(io::Error::other("its work in the background failed"))
}
