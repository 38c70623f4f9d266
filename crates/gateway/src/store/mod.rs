//! The key-value store under the ledger: sled, with the journal tips that its content stands for.
//!
//! # What it promises
//!
//! A [`Ledger::commit`] is atomic, for readers of a [`View`] and through a crash of the process, and it is
//! not durable: sled's `flush` does not survive a power cut on Linux, so nothing here calls it for an
//! acknowledgement and nothing outside may count on it. What is acknowledged is in the journal. The tips
//! are committed with the writes they stand for, so that after any crash the store says itself from where
//! the journal must be applied again; and it can be dropped and rebuilt at any time. Who opens it must
//! compare the tips with the journal's: a tip beyond the journal's means that the journal has lost
//! something.
//!
//! # Limits
//!
//! Keys up to [`KEY_BYTES_MAX`], values up to [`VALUE_BYTES_MAX`]. Values are best kept small, since sled
//! rewrites a node of several of them at a time; what is large stays in the journal.
//!
//! # Layout
//!
//! A directory with the file `in-use`, locked by the process that has the store open, and sled's own files.
//! One sled tree, because a sled batch is atomic in one tree only:
//!
//! | key | value |
//! | --- | --- |
//! | 0, `format` | format of the store (u32) and of the content (u32), little-endian |
//! | 0, `tip`, chain (4) | seq (u64, little-endian), hash (32) |
//! | 1, key | value |
//!
//! # Recovery
//!
//! A store that is missing, damaged, of another format or half cleared opens as [`Opening::NeedsRebuild`];
//! [`Ledger::create`] then drops it and begins with an empty one, to which the journal is applied from its
//! beginning. Interrupted, it is a store that lags.

mod difference;
mod error;
mod ledger;
mod overlay;
mod scan;
#[cfg(test)]
mod tests;
mod tree;

pub use error::{Reason, StoreError};
pub use ledger::{Difference, KEY_BYTES_MAX, Ledger, Opening, VALUE_BYTES_MAX, View, check_size};
pub use overlay::{Overlay, OverlayScan, Writes};
pub use scan::{Pair, Scan, Value};
