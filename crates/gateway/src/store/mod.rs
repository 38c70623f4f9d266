//! The key-value store under the ledger: lsm-tree, with the journal tips that its content stands for.
//!
//! # What it promises
//!
//! A [`Ledger::commit`] is atomic, for readers of a [`View`] and through a crash of the process or the machine, and it
//! is not durable: a crash of either takes what was not in a table yet. What is acknowledged is in the journal. The tips
//! are committed with the writes they stand for, so that after any crash the store says itself from where the journal
//! must be applied again; and it can be dropped and rebuilt at any time. Who closes a store loses nothing. Who opens it
//! must compare the tips with the journal's: a tip beyond the journal's means that the journal has lost something.
//!
//! Who reads sees the rows of one moment, and no commit waits for them.
//!
//! # Why lsm-tree
//!
//! A message writes a dozen small rows, most under keys that are scattered (receipts, persons, counts). A tree that is kept
//! in order on disk rewrites a page for each: sled, which was here first, took 300 to 470 µs for such a message. Here rows
//! are collected in memory and written in order now and then, as tables of lsm-tree. To look for what is not there, which is
//! most of what a new message asks, takes about 1 µs. It checks what it reads from disk against checksums, and it is
//! maintained.
//!
//! It is what fjall is made of, which was here after sled. fjall adds a journal, which a ledger that can be applied again
//! does not need: it wrote every row twice, and every table had commits wait for a sync of that journal.
//!
//! What is collected is in a structure of our own: that of lsm-tree, a list with levels, took a tenth of what a message takes.
//!
//! # Limits
//!
//! Keys up to [`KEY_BYTES_MAX`], values up to [`VALUE_BYTES_MAX`]. Values are best kept small, since each is rewritten
//! several times until it has come to rest; what is large stays in the journal. Memory: 96 MiB of tables that were read,
//! and at most four times 32 MiB of rows that are not in a table yet; no more than that is applied again after a crash.
//!
//! # Layout
//!
//! A directory with the file `in-use`, locked by the process that has the store open, and the directory `rows`, which is
//! lsm-tree's but for the file `doubtful`: with it the store is not opened again, and the file `unsettled`: what was removed
//! may still stand in the tables, and an opening sees to it:
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
//! beginning. Interrupted, it is a store that lags. While the disk is full or refuses, rows stay in memory and
//! [`Ledger::lacking`] says so; it is tried again. Work in the background that failed otherwise (a damaged table) shows at
//! the next commit, and leaves a mark so that a start rebuilds.
//!
//! # Removal
//!
//! What is removed is out of sight at once and stands in the files until tables are joined. [`Ledger::settle`] joins them.

mod beside;
mod difference;
mod error;
mod kept;
mod ledger;
mod overlay;
mod queue;
mod scan;
mod settle;
mod tables;
mod temporary;
#[cfg(test)]
mod tests;
mod tree;

pub use beside::Ask;
pub use difference::{Difference, Watch};
pub use error::{Reason, StoreError};
pub use ledger::{KEY_BYTES_MAX, Ledger, Opening, VALUE_BYTES_MAX, View, check_size};
pub use overlay::{Overlay, Writes};
pub use queue::Queue;
pub use scan::{Pair, Scan, Value};
