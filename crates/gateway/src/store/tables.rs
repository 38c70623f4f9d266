//! Rows on disk: tables of lsm-tree, in front of them what is not in a table yet; `making.rs` has the thread that makes and
//! joins tables.
//!
//! There is no journal under it. A table is made of the whole of what was collected in memory up to a commit, and it
//! comes into force at once, so that what is on disk is always the rows as they were after some commit, with the tips
//! that this commit gave. What came after that is gone with the process, and stands in the journal of the gateway.

mod making;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lsm_tree::config::{
    BloomConstructionPolicy, CompressionPolicy, FilterPolicy, FilterPolicyEntry, RestartIntervalPolicy,
};
use lsm_tree::{
    AbstractTree, AnyTree, Cache, Config, DescriptorTable, Guard, InternalValue, IterGuardImpl, Memtable,
    Result, SeqNo, SequenceNumberCounter, Slice, ValueType,
};

use super::tree::{Batch, Pair};

/// How much of the tables is kept in memory.
const CACHE_BYTES: u64 = 96 << 20;
/// How much is collected in memory before it becomes a table. What stands for it is what a start after a crash applies
/// again.
const COLLECTED_BYTES: u64 = 32 << 20;
/// With so many collections that wait to become tables, commits wait too.
const COLLECTIONS_WAITING: usize = 3;
/// What is in memory alone at most: the collection that is full and those that wait, each with one commit too many.
#[cfg(test)]
pub(super) const IN_MEMORY_BYTES_MAX: u64 = (COLLECTIONS_WAITING as u64 + 1) * (COLLECTED_BYTES + (4 << 20));
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
    /// The collections that become tables, and those that became some and are not let go of. Who has this is the only one
    /// that collects or seals.
    sealed: Mutex<Vec<Arc<Memtable>>>,
    work: Mutex<Work>,
    /// Somebody wants something of the thread, or it did something.
    turn: Condvar,
    /// What is in memory is not wanted any more.
    discarded: AtomicBool,
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
    seqno: SeqNo,
}

/// Pairs in the order of their keys, from both ends.
pub(super) type Range = Box<dyn DoubleEndedIterator<Item = IterGuardImpl> + Send>;

/// Takes the pair out of a range.
pub(super) fn pair(found: IterGuardImpl) -> Result<Pair> {
    found.into_inner()
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
            sealed: Mutex::default(),
            work: Mutex::default(),
            turn: Condvar::new(),
            discarded: AtomicBool::new(false),
        });
        let worker = Arc::clone(&shared);
        let thread = thread::Builder::new().name("tables".to_owned()).spawn(move || worker.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slice>> {
        self.shared.tree.get(key, SeqNo::MAX)
    }

    /// Writes all or nothing, for who looks at a moment.
    pub(super) fn apply(&self, batch: Batch) -> Result<()> {
        let shared = &*self.shared;
        shared.whole()?;
        let mut sealed = shared.sealed();
        let seqno = shared.seqno.next();
        // The tree would look for it again for each row. Nobody seals it meanwhile.
        let collection = shared.tree.active_memtable();
        // In order, so that each finds its place near the one before, which the processor still has at hand.
        for (key, value) in in_order(batch) {
            collection.insert(match value {
                Some(value) => InternalValue::from_components(key, value, seqno, ValueType::Value),
                None => InternalValue::new_tombstone(key, seqno),
            });
        }
        shared.visible.fetch_max(seqno + 1);
        // Between two commits, so that no table has half of one.
        if collection.size() >= COLLECTED_BYTES {
            sealed.extend(shared.tree.rotate_memtable());
            shared.wake();
        }
        drop(sealed);
        shared.wait_for_room()
    }

    /// As [`Tables::apply`], for many pairs: they become a table at once, and what was collected before another one.
    pub(super) fn load(&self, batch: Batch) -> Result<()> {
        self.shared.whole()?;
        let pairs = in_order(batch);
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
        self.shared.tree.clear()
    }

    /// Returns this moment.
    pub(super) fn now(&self) -> Moment {
        let mut looked_at = self.shared.looked_at();
        let seqno = self.shared.visible.get();
        *looked_at.entry(seqno).or_default() += 1;
        Moment { shared: Arc::clone(&self.shared), seqno }
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
        self.shared.sealed().len()
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
        self.shared.tree.get(key, self.seqno)
    }

    pub(super) fn range(&self, from: &[u8], to: &[u8]) -> Range {
        self.shared.tree.range(from..to, self.seqno, None)
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

impl Shared {
    fn looked_at(&self) -> MutexGuard<'_, BTreeMap<SeqNo, usize>> {
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sealed(&self) -> MutexGuard<'_, Vec<Arc<Memtable>>> {
        self.sealed.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.tree.sealed_memtable_count() >= COLLECTIONS_WAITING || self.tree.l0_run_count() >= UNJOINED
    }

    fn wait_for_room(&self) -> Result<()> {
        while self.is_full() {
            let mut work = self.work();
            if work.failed {
                return Err(failed());
            }
            if work.lacking.is_some() {
                // Nothing becomes of waiting. What is under way is taken, and no more than that.
                let many = self.tree.sealed_memtable_count() >= 2 * COLLECTIONS_WAITING;
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
fn in_order(batch: Batch) -> impl Iterator<Item = (Slice, Option<Slice>)> {
    let begin = |key: &[u8]| {
        let mut begin = [0; 16];
        let length = key.len().min(begin.len());
        begin[..length].copy_from_slice(&key[..length]);
        u128::from_be_bytes(begin)
    };
    let mut pairs: Vec<_> =
        batch.into_pairs().into_iter().map(|(key, value)| (begin(&key), key, value)).collect();
    pairs.sort_unstable_by(|left, right| left.0.cmp(&right.0).then_with(|| left.1.cmp(&right.1)));
    pairs.into_iter().map(|(_, key, value)| (key, value))
}

fn no_room() -> lsm_tree::Error {
    io::Error::from(rustix::io::Errno::NOSPC).into()
}

fn failed() -> lsm_tree::Error {
    lsm_tree::Error::Io(io::Error::other("its work in the background failed"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Also of keys that are short, that begin alike, and that have zeros where others end.
        #[test]
        fn pairs_are_put_in_the_order_of_their_keys(
            keys in proptest::collection::btree_set(proptest::collection::vec(0_u8..3, 1..20), 0..60),
            seed: u64,
        ) {
            let mut shuffled: Vec<_> = keys.iter().cloned().collect();
            shuffled.sort_by_key(|key| key.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)));
            let mut batch = Batch::default();
            for key in shuffled {
                batch.insert(key, "");
            }
            let found: Vec<_> = in_order(batch).map(|(key, _)| key.to_vec()).collect();
            prop_assert_eq!(found, keys.into_iter().collect::<Vec<_>>());
        }
    }
}
