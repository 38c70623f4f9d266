//! What can go wrong with the store and what to do.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use crate::journal::{Chain, Tip};

/// Why an operation on the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the store open.
    #[error("the store {} is in use by another process", .dir.display())]
    Locked {
        /// The store's directory.
        dir: PathBuf,
    },
    /// The store is damaged; it must be rebuilt from the journal.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The system failed. The store must be opened again before it is used further.
    #[error("the store cannot read or write")]
    Io(#[from] io::Error),
    /// The caller's fault: a key or value is larger than the store takes. Nothing was written.
    #[error("{what} has {bytes} bytes, more than the {bytes_max} that the store takes")]
    TooLarge {
        /// Key or value.
        what: &'static str,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        bytes_max: usize,
    },
    /// The caller's fault: the commit would take a chain back. Nothing was written.
    #[error("chain {} of the store stands at entry {}, a commit wanted to take it to {}", .held.chain, .held.seq, .given.seq)]
    TipBackwards {
        /// Where the chain stands.
        held: Tip,
        /// Where the commit wanted it.
        given: Tip,
    },
    /// The caller's fault: the commit names a chain twice. Nothing was written.
    #[error("chain {0} was given twice in one commit")]
    ChainTwice(Chain),
}

impl StoreError {
    /// Returns what an operator should do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Locked { .. } => {
                "Stop the other process first, or use a command that works beside a running daemon."
            }
            Self::Damaged(_) => "Rebuild it with `iwmo replay`; nothing is lost, the journal has everything.",
            Self::Io(_) => "Check that the disk is there, has room and that this user may read and write it.",
            Self::TooLarge { .. } | Self::TipBackwards { .. } | Self::ChainTwice(_) => {
                "This is a mistake in the program; please report it."
            }
        }
    }
}

/// Why a store must be rebuilt from the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It cannot be read.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// It was written by another release, or it is half cleared.
    #[error("the store has another format than this release")]
    Format,
    /// There is none.
    #[error("there is no store yet")]
    Missing,
}

impl From<lsm_tree::Error> for StoreError {
    fn from(error: lsm_tree::Error) -> Self {
        match error {
            lsm_tree::Error::Io(error) if !is_damage(&error) => Self::Io(error),
            lsm_tree::Error::Io(error) => Self::Damaged(error.to_string()),
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// Returns whether lsm-tree means damage by an I/O error.
pub(super) fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::NotFound
            // A place in a file that no file has.
            | io::ErrorKind::InvalidInput
            // What is left of a store whose making was cut short.
            | io::ErrorKind::AlreadyExists
    ) || (error.kind() == io::ErrorKind::Other && error.raw_os_error().is_none())
}

/// Runs an operation of lsm-tree, which panics on some kinds of damage.
pub(super) fn guarded<T>(operation: impl FnOnce() -> lsm_tree::Result<T>) -> Result<T, StoreError> {
    // After a panic the store is not used further: the error says that it must be rebuilt.
    match catch_unwind(AssertUnwindSafe(operation)) {
        Ok(result) => Ok(result?),
        Err(panic) => Err(StoreError::Damaged(panic_text(panic.as_ref()))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    // Only the first line: some messages go on with what was found.
    let line = text.and_then(|text| text.lines().next()).unwrap_or_default();
    format!(
        "lsm-tree stopped ({})",
        line.chars().take(80).filter(|c| !c.is_ascii_digit()).collect::<String>()
    )
}
