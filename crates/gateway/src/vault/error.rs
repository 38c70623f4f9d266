//! What can be wrong with the keys of a store, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::journal::ReadError;

/// Why the keys of a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The journal has sealed entries and the keys are gone.
    #[error("{}: the keys of this journal are not here, and without them its messages cannot be read", .dir.display())]
    Lost {
        /// The folder of the keys.
        dir: PathBuf,
    },
    /// The keys are there and the key above them is not.
    #[error("{}: the master key that these keys stand under is not here", .dir.display())]
    MasterLost {
        /// The folder of the keys.
        dir: PathBuf,
    },
    /// The keys are those of another journal.
    #[error("{}: these are the keys of another journal", .dir.display())]
    Foreign {
        /// The folder of the keys.
        dir: PathBuf,
    },
    /// A file is not what was written.
    #[error("{}: damaged at byte {offset}", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where.
        offset: u64,
    },
    /// A file is of a later release.
    #[error("{}: written by a later release (format {format})", .file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// The system failed.
    #[error("{doing} {}", .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl VaultError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// Returns what an operator should do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Lost { .. } | Self::MasterLost { .. } => {
                "Put back the folder of the keys from its own copy. Nothing was changed; new keys would not open what the old ones closed."
            }
            Self::Foreign { .. } => "Put the folder of the keys beside the journal that it belongs to.",
            Self::Damaged { .. } => "Put back the folder of the keys from its own copy; nothing was changed.",
            Self::Newer { .. } => "Use the release that wrote it.",
            Self::Journal(_) => "Look at the journal first: iwmo journal verify.",
            Self::Io { .. } => {
                "Check that the disk is there, has room and that this user may read and write it."
            }
        }
    }
}
