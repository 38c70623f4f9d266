//! The thread that makes tables of what was collected, and joins them.
//!
//! What the disk refuses stays in memory and is tried again: whoever asks [`Tables::lacking`](super::Tables::lacking) makes no more
//! meanwhile. Room is looked for first; where it is not seen beforehand that there is none, as with a quota, what a try had written is
//! taken away at once. Anything else that goes wrong ends it, and the store with it.

use std::any::Any;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use lsm_tree::compaction::Leveled;
use lsm_tree::{AbstractTree, InternalValue, Result, SeqNo, TableId, ValueType};

use super::super::error::is_damage;
use super::collection::Run;
use super::{Shared, UNJOINED, no_room};

/// So many tables are joined with those before them at once: each join writes those again.
const JOINED: u8 = 8;
/// How far the thread that makes tables steps back: it has a tenth of what another has.
const NICENESS: i32 = 10;
/// The folder in which lsm-tree has tables, each under its number.
const TABLES: &str = "tables";
/// Left on the disk beside what a table or a join takes, for who else writes there.
const SPARE_BYTES: u64 = 16 << 20;
/// How long it takes at first until what the disk refused is tried again, and in the end.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(8);

impl Shared {
    /// Makes tables and joins them until told to stop.
    pub(super) fn run(&self) {
        step_back();
        let mut pause = Duration::ZERO;
        loop {
            let mut work = self.work();
            if work.lacking.is_some() {
                let waited = self.turn.wait_timeout_while(work, pause, |work| !work.stop);
                (work, _) = waited.unwrap_or_else(PoisonError::into_inner);
                work.wanted = true;
            }
            while !work.wanted && !work.stop {
                work = self.turn.wait(work).unwrap_or_else(PoisonError::into_inner);
            }
            (work.wanted, work.busy) = (false, true);
            let last = work.stop;
            drop(work);
            if last && self.discarded.load(Ordering::Acquire) {
                return;
            }
            let done = catch_unwind(AssertUnwindSafe(|| if last { self.close() } else { self.round() }));
            let lacking = match &done {
                Ok(Err(lsm_tree::Error::Io(error))) if !last && !is_damage(error) => Some(error.to_string()),
                _ => None,
            };
            if let Some(error) = &lacking {
                pause = (pause * 2).clamp(RETRY, RETRY_MAX);
                if self.work().lacking.replace(error.clone()).is_none() {
                    tracing::error!(code = "LedgerTablesWait", %error, "Tables of the ledger cannot be written now: senders are told to come back, and it is tried again.");
                }
            } else if self.work().lacking.take().is_some() {
                pause = Duration::ZERO;
                tracing::info!(code = "LedgerTablesWritten", "Tables of the ledger are written again.");
            }
            if lacking.is_none() && !matches!(done, Ok(Ok(()))) {
                tracing::error!(code = "LedgerTablesError", error = %words(done), "Tables of the ledger could not be written or joined.");
                self.work().failed = true;
            }
            let mut work = self.work();
            work.busy = false;
            let ended = last || work.failed;
            drop(work);
            self.turn.notify_all();
            if ended {
                return;
            }
        }
    }

    fn round(&self) -> Result<()> {
        self.has_room(self.memory().sealed.iter().map(|sealed| sealed.bytes() as u64).sum())?;
        self.flush()?;
        while !self.work().stop {
            let version = self.tree.current_version();
            let joined =
                [0, 1].into_iter().filter_map(|level| version.level(level)).map(|level| level.size()).sum();
            drop(version);
            match self.has_room(joined) {
                // They can go on being apart for a while, and what room there is better goes to the journal.
                Err(_) if self.tree.l0_run_count() < UNJOINED => break,
                other => other?,
            }
            let before = self.shape();
            let leveled = Arc::new(Leveled::default().with_l0_threshold(JOINED));
            self.tried(|| self.tree.compact(leveled, self.watermark()))?;
            if self.shape() == before {
                break;
            }
            // What waits meanwhile goes before the next join.
            self.flush()?;
        }
        Ok(())
    }

    /// Says whether the disk has room for so much, before part of it is written.
    fn has_room(&self, bytes: u64) -> Result<()> {
        let free = fs4::available_space(&self.tree.tree_config().path)?;
        if bytes > 0 && free < bytes + SPARE_BYTES { Err(no_room()) } else { Ok(()) }
    }

    fn close(&self) -> Result<()> {
        self.seal();
        self.flush()
    }

    /// Makes a table of what was collected, when a collection is closed.
    pub(super) fn flush(&self) -> Result<()> {
        // One after the other, so that later rows are in later tables.
        let lock = self.tree.get_flush_lock();
        let sealed = self.memory().sealed.clone();
        if let Some(run) = Run::of_all(&sealed) {
            // Who looks at a moment before the table has a lower number, and does not see it.
            let seqno = self.seqno.next();
            let rows = (0..run.len()).map(|number| Ok(internal(run.key(number), run.value(number), seqno)));
            self.tried(|| match self.tree.flush_to_tables(rows)? {
                None => Ok(()),
                Some((tables, blobs)) => {
                    self.tree.register_tables(&tables, blobs.as_deref(), None, &[], self.watermark())
                }
            })?;
            let mut memory = self.change();
            let gone: Vec<_> = memory.sealed.drain(..sealed.len()).collect();
            memory.see();
            drop(memory);
            drop(gone);
        }
        drop(lock);
        self.turn.notify_all();
        Ok(())
    }

    /// Makes tables. What it had written of them when there was no more room is taken away.
    fn tried<T>(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        let first = self.tree.next_table_id();
        let made = make();
        if let Err(lsm_tree::Error::Io(error)) = &made
            && is_no_room(error)
            && let Err(error) = self.take_away(first)
        {
            // The next start does it.
            tracing::warn!(%error, "Half a table of the ledger could not be removed.");
        }
        made
    }

    /// Removes the tables from this number on that are none of the tree: only this thread makes any.
    fn take_away(&self, first: TableId) -> io::Result<()> {
        let version = self.tree.current_version();
        let known: HashSet<TableId> = version.iter_tables().map(|table| table.id()).collect();
        for entry in fs::read_dir(self.tree.tree_config().path.join(TABLES))? {
            let entry = entry?;
            let id = entry.file_name().to_str().and_then(|name| name.parse::<TableId>().ok());
            if id.is_some_and(|id| id >= first && !known.contains(&id)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Ends the collection: what comes from now on is in another one.
    pub(super) fn seal(&self) {
        let _collecting = self.collecting();
        self.change().seal();
    }

    /// How many tables each level has; a join changes it.
    fn shape(&self) -> Vec<usize> {
        (0..).map_while(|level| self.tree.level_table_count(level)).collect()
    }
}

/// Whether a disk, or what this user may have of it, has no room.
fn is_no_room(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// Returns a row as a table has it.
fn internal(key: &[u8], value: Option<&[u8]>, seqno: SeqNo) -> InternalValue {
    match value {
        Some(value) => InternalValue::from_components(key, value, seqno, ValueType::Value),
        None => InternalValue::new_tombstone(key, seqno),
    }
}

/// Lets the other threads go before this one: nobody waits for tables, until too much waits to become some.
fn step_back() {
    // To Linux that is the thread that asks, not the process. Where it is refused, nothing is lost but promptness.
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

fn words(done: std::result::Result<Result<()>, Box<dyn Any + Send>>) -> String {
    match done {
        Ok(Err(error)) => error.to_string(),
        _ => "it panicked".to_owned(),
    }
}
