//! Stores that are gone when they are dropped, and what is left of those whose process was killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::StoreError;
use super::ledger::{Ledger, lock};

/// In memory, where the system has that.
const IN_MEMORY: &str = "/dev/shm";
/// How the directories are called, so that those are known that were left behind.
const PREFIX: &str = "iwmo-ledger-";
/// What the rows of a journal entry take, about, while tables are being joined.
const ENTRY_BYTES: u64 = 4 << 10;
/// A directory may be so old without being locked: its process is about to do that.
const UNLOCKED_MAX: Duration = Duration::from_secs(60);

impl Ledger {
    /// Makes an empty store for the rows of about so many journal entries, that is gone when it is dropped: in memory when
    /// that leaves half of what is free to others, else where the system keeps what is temporary (`TMPDIR`).
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when the system fails.
    pub fn temporary(format: u32, entries: u64) -> Result<Self, StoreError> {
        let bytes = entries.saturating_mul(ENTRY_BYTES);
        let fits = fs4::available_space(IN_MEMORY).is_ok_and(|free| free / 2 >= bytes);
        let place = if fits { PathBuf::from(IN_MEMORY) } else { std::env::temp_dir() };
        Self::temporary_in(&place, format)
    }

    pub(super) fn temporary_in(place: &Path, format: u32) -> Result<Self, StoreError> {
        sweep(place);
        let home = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place)?;
        let mut ledger = Self::create(home.path(), format)?;
        ledger.tree().discard();
        ledger.temporary = Some(home);
        Ok(ledger)
    }
}

/// Removes what killed processes left behind: rows of persons, who may be removed from the ledger meanwhile.
fn sweep(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let is_old = || {
            let made = entry.metadata().and_then(|found| found.modified()).ok();
            made.is_some_and(|made| made.elapsed().is_ok_and(|age| age > UNLOCKED_MAX))
        };
        // Who uses it has the lock. What belongs to another user stays.
        if is_ours
            && entry.file_type().is_ok_and(|found| found.is_dir())
            && is_old()
            && let Ok(_lock) = lock(&entry.path())
        {
            // The next one tries again.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
