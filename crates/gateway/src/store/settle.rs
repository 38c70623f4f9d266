//! Getting what was removed out of the files, not only out of sight.
//!
//! lsm-tree keeps what is removed until it happens to join the tables that have it. So what is in memory is made a table,
//! and then all tables are joined.

use std::fs::{self, File};
use std::io;

use super::error::{StoreError, guarded};
use super::ledger::Ledger;

/// In the directory of the rows, while something was removed that may still stand in the files.
const UNSETTLED: &str = "unsettled";

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
        let Some(dir) = self.rows() else { return Ok(()) };
        self.marked(guarded(|| self.tree().join()))?;
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
