//! Getting what was removed out of the files, not only out of sight.
//!
//! fjall keeps what is removed until it happens to join the tables that have it, and in its own journal until that is
//! full. So the journal is filled up with zeros, which makes it begin another one and drop this one once its rows stand
//! in tables, and then all tables are joined.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use fjall::{Database, Keyspace};

use super::error::{StoreError, guarded};
use super::ledger::Ledger;
use super::tree::Tree;

/// In the directory of the rows, while something was removed that may still stand in the files.
const UNSETTLED: &str = "unsettled";
/// The key of the zeros; its first byte is that of the store's own keys.
const FILL_KEY: &[u8] = b"\0fill";
const FILL_BYTES: usize = 8 << 20;
/// fjall begins another journal once this one has 64 MB.
const FILLS: usize = 9;
/// How long fjall may take for it. Nothing is lost when it takes longer: it is tried again at the next start.
const TIME_MAX: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(5);

impl Ledger {
    /// Says that what is committed next removes what must not stay in the files, so that [`Ledger::settle`] is done
    /// also when this process ends before it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    pub fn unsettle(&self) -> Result<(), StoreError> {
        let Some(rows) = self.rows() else { return Ok(()) };
        File::create(rows.join(UNSETTLED))?;
        Ok(File::open(rows)?.sync_all()?)
    }

    /// Leaves nothing in the files of what was removed or overwritten before, but for what a reader still looks at.
    /// Takes a while in a large store; commits go on.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] or [`StoreError::Io`]; what was removed may still stand in the files then.
    pub fn settle(&self) -> Result<(), StoreError> {
        let (Some(dir), Tree::Fjall { rows, database }) = (self.rows(), self.tree()) else { return Ok(()) };
        self.marked(guarded(|| joined(dir, rows, database)))?;
        match fs::remove_file(dir.join(UNSETTLED)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Settles what the process before this one did not.
    pub(super) fn settled(self) -> Result<Self, StoreError> {
        if self.rows().is_some_and(|rows| rows.join(UNSETTLED).exists()) {
            self.settle()?;
        }
        Ok(self)
    }
}

fn joined(dir: &Path, rows: &Keyspace, database: &Database) -> fjall::Result<()> {
    let (begin, journals) = (Instant::now(), journals(dir)?);
    for _ in 0..FILLS {
        let mut fill = database.batch();
        fill.insert(rows, FILL_KEY, vec![0; FILL_BYTES]);
        fill.commit()?;
    }
    while journals.iter().any(|journal| journal.exists()) {
        flushed(begin, rows, database)?;
    }
    rows.major_compact()?;
    // What was joined goes with the last version that has it, and those are looked through at a flush.
    flushed(begin, rows, database)
}

/// Writes all rows into tables.
fn flushed(begin: Instant, rows: &Keyspace, database: &Database) -> fjall::Result<()> {
    let mut batch = database.batch();
    batch.remove(rows, FILL_KEY);
    batch.commit()?;
    rows.rotate_memtable()?;
    loop {
        thread::sleep(LOOK);
        if rows.sealed_memtable_count() == 0 {
            return Ok(());
        }
        if begin.elapsed() > TIME_MAX {
            return Err(io::Error::from(io::ErrorKind::TimedOut).into());
        }
    }
}

fn journals(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path()));
    let paths = paths.filter(|path| {
        path.as_ref().map_or(true, |path| path.extension().is_some_and(|ending| ending == "jnl"))
    });
    paths.collect()
}
