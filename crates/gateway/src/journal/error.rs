//! What can go wrong with a journal, whose fault it is and what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::vault::OpenFailure;

use super::words::{Chain, EntryHash, EntryId, Epoch, Tip};

/// Why an append was refused.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The caller's fault: the batch is larger than the journal takes. Nothing was written.
    #[error("{what} has {found}, more than the {max} that a journal takes")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        found: usize,
        /// How large it may be.
        max: usize,
    },
    /// The caller's fault: one chain was given twice. Nothing was written.
    #[error("chain {0} was given twice in one append")]
    ChainTwice(Chain),
    /// Another writer has taken over since. Nothing was written; the caller must stop writing.
    #[error("this writer's epoch {given} is over, the journal is at epoch {held}")]
    StaleEpoch {
        /// The epoch of the journal.
        held: Epoch,
        /// The epoch of the caller.
        given: Epoch,
    },
    /// The chain is not where the caller thinks. Nothing was written; the caller must read the tip.
    #[error("chain {} is at entry {}, the writer thought it at {}", .held.chain, .held.seq, .given.seq)]
    StaleTip {
        /// The tip of the chain.
        held: Tip,
        /// The tip that the caller gave.
        given: Tip,
    },
    /// The caller's fault: it was encoded to stand at another place in the order of all chains. Nothing was written.
    #[error("the next entry of the journal is {held}, what is to be written begins at {given}")]
    StaleNumber {
        /// The number of the next entry.
        held: u64,
        /// The number that was given.
        given: u64,
    },
    /// The machine's fault, and temporary: the disk is full or failed. Nothing is taken as written and the
    /// tips are as before; the same batch may be given again later. The journal recovers by itself as soon
    /// as the disk allows.
    #[error("the journal cannot write now: {doing} {}", .path.display())]
    Unavailable {
        /// What it was doing.
        doing: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the journal open for writing.
    #[error("the journal {} is in use by another process{}", .dir.display(), Holder(*.pid))]
    Locked {
        /// The journal's directory.
        dir: PathBuf,
        /// That process, if it said so.
        pid: Option<u32>,
    },
    /// There is no journal here.
    #[error("there is no journal in {}", .dir.display())]
    Missing {
        /// The journal's directory.
        dir: PathBuf,
    },
    /// What is on disk is not what was written. Nothing was changed.
    #[error(transparent)]
    Damaged(Box<Damage>),
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
    /// An entry is whole, and its content cannot be opened.
    #[error("{entry} cannot be opened: {why}")]
    Sealed {
        /// The entry.
        entry: EntryId,
        /// Why.
        why: OpenFailure,
    },
    /// The caller's fault: an option outside its bounds.
    #[error("the segment size of a journal is between {min} and {max} bytes, not {given}")]
    SegmentSize {
        /// The size given.
        given: u64,
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
}

impl OpenError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// Returns what an operator should do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Locked { .. } => {
                "Stop the other process first, or use a command that works beside a running daemon."
            }
            Self::Missing { .. } => "Check the path of the data directory.",
            Self::Damaged(damage) => damage.kind.advice(),
            Self::Io { .. } => {
                "Check that the disk is there, has room and that this user may read and write it."
            }
            Self::Sealed { .. } => {
                "Put back the folder of the keys that belongs to this journal, from its own copy."
            }
            Self::SegmentSize { .. } => "Correct the segment size in the configuration.",
        }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged(damage) => Self::Damaged(damage),
            ReadError::Io { path, source } => Self::Io { doing: "reading", path, source },
            ReadError::Sealed { entry, why } => Self::Sealed { entry, why },
        }
    }
}

/// Why an entry could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// What is on disk is not what was written.
    #[error(transparent)]
    Damaged(Box<Damage>),
    /// The system failed.
    #[error("reading {}", .path.display())]
    Io {
        /// The file concerned.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The entry is whole, and its content cannot be opened.
    #[error("{entry} cannot be opened: {why}")]
    Sealed {
        /// The entry.
        entry: EntryId,
        /// Why.
        why: OpenFailure,
    },
}

impl ReadError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

impl From<Damage> for OpenError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(Box::new(damage))
    }
}

impl From<Damage> for ReadError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(Box::new(damage))
    }
}

/// A place where the journal is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal is damaged: {}, byte {offset}{}: {kind}", .file.display(), AtEntry(*.entry))]
pub struct Damage {
    /// The segment file.
    pub file: PathBuf,
    /// The byte in it.
    pub offset: u64,
    /// The entry concerned, as far as it is known.
    pub entry: Option<EntryId>,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What is wrong at a place of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// An entry does not follow the one before it in its chain: its previous hash is another.
    ChainBroken {
        /// The hash of the entry before it.
        expected: EntryHash,
        /// The hash it names.
        found: EntryHash,
    },
    /// The checksum of an entry's header is wrong, so that where the next entry begins is not known.
    EntryHeader,
    /// The hash of an entry is not the hash of its content.
    Hash,
    /// The place where nothing was written is not zero.
    NotEmpty,
    /// An entry is out of the order of the file.
    Number {
        /// The number that belongs here.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// The checksum of an entry's payload is wrong.
    Payload,
    /// The header of a segment cannot be read.
    SegmentHeader,
    /// A segment ends before the entries that the next one follows.
    SegmentEndsEarly {
        /// The number of the entry that should be next.
        expected: u64,
        /// The number of the first entry in the segment that follows.
        next: u64,
    },
    /// Segments are missing.
    SegmentMissing {
        /// The number of the entry that the segment file found begins with.
        found: u64,
    },
    /// An entry's number in its chain does not follow the one before it.
    Sequence {
        /// The number that belongs here.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// The header of a segment names other tips than the segments before it have.
    Tips,
    /// The segment is of a format that this release does not know.
    UnknownFormat {
        /// The format number found.
        found: u16,
    },
}

impl DamageKind {
    /// Returns what an operator should do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::UnknownFormat { .. } => "Use the release of iwmo that wrote it, or a later one.",
            Self::SegmentMissing { .. } => {
                "Put the missing segment files back, from where they were moved to or from the last backup."
            }
            Self::ChainBroken { .. } | Self::Hash | Self::Sequence { .. } => {
                "The checksums are right and the hash chain is not: someone or something rewrote the journal. \
                 Keep a copy of the directory, run `iwmo journal verify` for the full list, find out who \
                 had access, and restore the last backup that verifies."
            }
            Self::EntryHeader
            | Self::NotEmpty
            | Self::Number { .. }
            | Self::Payload
            | Self::SegmentEndsEarly { .. }
            | Self::SegmentHeader
            | Self::Tips => {
                "The disk or memory is failing, or the file was changed. Keep a copy of the directory, run \
                 `iwmo journal verify` for the full list, check the disk, and restore the damaged segment \
                 file from the last backup."
            }
        }
    }
}

impl fmt::Display for DamageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChainBroken { expected, found } => {
                write!(f, "the entry follows hash {found}, the entry before it has hash {expected}")
            }
            Self::EntryHeader => f.write_str("the checksum of the entry's header is wrong"),
            Self::Hash => f.write_str("the entry's hash is not that of its content"),
            Self::NotEmpty => f.write_str("there are bytes where nothing was written"),
            Self::Number { expected, found } => {
                write!(f, "entry {expected} of the file order belongs here, entry {found} is here")
            }
            Self::Payload => f.write_str("the checksum of the entry's payload is wrong"),
            Self::SegmentHeader => f.write_str("the header of the segment cannot be read"),
            Self::SegmentEndsEarly { expected, next } => write!(
                f,
                "the segment ends before entry {expected} of the file order, the next segment begins with entry {next}"
            ),
            Self::SegmentMissing { found } => {
                write!(
                    f,
                    "the segment begins with entry {found} of the file order, those before it are missing"
                )
            }
            Self::Sequence { expected, found } => {
                write!(f, "entry {expected} of the chain belongs here, entry {found} is here")
            }
            Self::Tips => f.write_str("the segment follows other entries than the segments before it have"),
            Self::UnknownFormat { found } => {
                write!(f, "the segment has format {found}, which this release does not know")
            }
        }
    }
}

struct AtEntry(Option<EntryId>);

impl fmt::Display for AtEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |id| write!(f, ", entry {id}"))
    }
}

struct Holder(Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |pid| write!(f, " (process {pid})"))
    }
}
