//! The journal: the truth about everything received, decided, sent and delivered.
//!
//! An append-only stream of entries with one SHA-256 chain per gemeente, written by one thread and read by
//! any number. It gives payloads no meaning. The bytes on disk are documented in `format.rs`, how batches come to them
//! while others are encoded in `pipeline.rs`.

mod browse;
mod catalog;
mod disk;
mod encode;
mod error;
mod file;
mod find;
mod format;
mod index;
mod indexer;
mod pipeline;
mod read;
mod scan;
#[cfg(test)]
pub(crate) mod simulated;
#[cfg(test)]
mod tests;
mod verify;
mod words;

pub use browse::{Browser, CLOCK_SLACK, Selection};
pub use disk::{Disk, DiskFile, RealDisk};
pub use encode::{Encoded, Encoder};
pub use error::{AppendError, Damage, DamageKind, OpenError, ReadError};
pub use file::{FileJournal, Options, Recovery, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
pub use find::Find;
pub use format::hash_of;
pub use index::{Takes, Wanted};
pub use indexer::{Indexer, Label};
pub use pipeline::{Conclude, Failed, Fate, Load, Pipeline, Seen};
pub use read::{ChainEntries, Entries, ReadOnlyJournal, Reader};
pub use verify::{FAULTS_MAX, VerifyProgress, VerifyReport, verify, verify_on};
pub use words::{
    BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, Chain, ChainBatch, Draft, Entry, EntryHash, EntryId, Epoch,
    NotAChain, NotAnEntryId, PAYLOAD_BYTES_MAX, Position, Tip, Tips,
};
