//! The rows of a key file, read one by one when they are needed.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use ring::aead::LessSafeKey;

use super::KeyId;
use super::form::{ROW, Row, unwrap_row};
use super::keyring::Held;
use crate::journal::DiskFile;

/// Rows that are kept in memory once they were read, about; half of them go at a time.
const KEPT_MAX: usize = 1 << 15;

/// The rows of a file.
pub(super) struct Rows {
    file: Box<dyn DiskFile>,
    /// Where the first begins.
    begin: u64,
    lid: LessSafeKey,
    store: [u8; 4],
    kept: Mutex<Kept>,
}

/// What was read last.
#[derive(Default)]
struct Kept {
    young: HashMap<u32, (KeyId, Held)>,
    old: HashMap<u32, (KeyId, Held)>,
}

impl Rows {
    pub(super) fn new(file: Box<dyn DiskFile>, begin: u64, lid: LessSafeKey, store: [u8; 4]) -> Self {
        Self { file, begin, lid, store, kept: Mutex::default() }
    }

    /// Returns the key in a row.
    pub(super) fn get(&self, row: u32) -> io::Result<(KeyId, Held)> {
        if let Some(found) = self.kept(row) {
            return Ok(found);
        }
        let bytes = self.bytes(row)?;
        let Row { lookup, id, .. } = Row::of(&bytes);
        let secret = unwrap_row(&self.lid, self.store, &bytes).ok_or(io::ErrorKind::InvalidData)?;
        let found = (id, Held { lookup, secret });
        self.keep(row, found);
        Ok(found)
    }

    /// Returns a row as it stands in the file.
    pub(super) fn bytes(&self, row: u32) -> io::Result<[u8; ROW]> {
        let mut bytes = [0; ROW];
        let read = self.file.read_at(&mut bytes, self.begin + u64::from(row) * ROW as u64)?;
        // It was whole when it was found, so another process has put another file in place of this one.
        if read == ROW && Row::is_whole(&bytes) { Ok(bytes) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// Keeps a key in memory that was put in a row.
    pub(super) fn keep(&self, row: u32, key: (KeyId, Held)) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.young.len() >= KEPT_MAX {
            kept.old = std::mem::take(&mut kept.young);
        }
        kept.young.insert(row, key);
    }

    /// Keeps nothing in memory any more.
    pub(super) fn forget(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }

    fn kept(&self, row: u32) -> Option<(KeyId, Held)> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.young.get(&row) {
            return Some(*found);
        }
        // What is wanted again stays.
        let found = kept.old.remove(&row)?;
        kept.young.insert(row, found);
        Some(found)
    }
}
