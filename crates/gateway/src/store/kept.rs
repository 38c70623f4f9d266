//! Rows as they were last read or written, read out: one decision asks for the same few again and again.

use std::any::Any;
use std::sync::Arc;

/// How many rows are kept: those of one decision, about.
const ROWS: usize = 8;

/// A row that was read out, or that there is none.
type Row = Option<Arc<dyn Any + Send + Sync>>;

/// The rows that were asked for last, each as the overlay has it.
#[derive(Default)]
pub(super) struct Kept {
    rows: Vec<(Vec<u8>, Row)>,
    /// Which is replaced next.
    next: usize,
}

impl Kept {
    /// Returns a row, if it is here and of this type; the inner option says whether there is one.
    pub(super) fn get<T: Send + Sync + 'static>(&self, key: &[u8]) -> Option<Option<Arc<T>>> {
        match &self.rows.iter().find(|(kept, _)| kept == key)?.1 {
            None => Some(None),
            Some(row) => Arc::clone(row).downcast().ok().map(Some),
        }
    }

    pub(super) fn keep<T: Send + Sync + 'static>(&mut self, key: Vec<u8>, row: Option<Arc<T>>) {
        let row: Row = row.map(|row| row as _);
        if let Some(slot) = self.rows.iter_mut().find(|(kept, _)| *kept == key) {
            slot.1 = row;
        } else if self.rows.len() < ROWS {
            self.rows.push((key, row));
        } else if let Some(slot) = self.rows.get_mut(self.next) {
            *slot = (key, row);
            self.next = (self.next + 1) % ROWS;
        }
    }

    /// The row is written otherwise, or about to be.
    pub(super) fn forget(&mut self, key: &[u8]) {
        // An empty key has no row; the slot stays for another.
        if let Some(slot) = self.rows.iter_mut().find(|(kept, _)| kept == key) {
            *slot = (Vec::new(), None);
        }
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.next = 0;
    }
}
