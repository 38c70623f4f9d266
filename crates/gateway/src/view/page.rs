//! A page of a list that several indexes fill: each stands in the order of the list, and a page takes from each what
//! comes first.
//!
//! A page looks at so many rows of an index as it can show, at those that its filters leave out, up to a limit, and at one
//! more. So its cost does not grow with what is on record. A page that came to the limit may have fewer rows than asked, or
//! none, while there is more: who pages goes on until there is no cursor.

use std::collections::BTreeMap;

use super::PlaceCursor;
use crate::ledger::LedgerError;

/// Most rows of one index that a page looks at, unless its limit asks for more; few in tests, so that they come to it.
const LOOKS_MAX: usize = if cfg!(test) { 8 } else { 20_000 };

/// How much more than its limit a page looks at.
const LOOKS_PER_ROW: usize = if cfg!(test) { 3 } else { 20 };

/// Rows, and where to go on.
#[derive(Clone, Debug)]
pub struct Page<T, C> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where to go on; none: there is no more.
    pub next: Option<C>,
}

/// What one row of an index comes to.
pub(super) enum Seen<T> {
    /// Nothing here is asked for, nor in any row after it.
    End,
    /// No row of this index from here on comes before `bound`.
    Row {
        /// The place of the row, or one before it.
        bound: String,
        /// The row, if the filters let it through.
        row: Option<(String, T)>,
    },
}

/// The rows that come first.
pub(super) struct Rows<'f, T> {
    after: Option<&'f PlaceCursor>,
    limit: usize,
    rows: BTreeMap<String, T>,
    more: bool,
    /// An index was read as far as this and has more.
    ceiling: Option<String>,
    /// How many rows of indexes were looked at.
    looks: usize,
}

impl<'f, T> Rows<'f, T> {
    pub(super) fn new(after: Option<&'f PlaceCursor>, limit: usize) -> Self {
        Self { after, limit, rows: BTreeMap::new(), more: false, ceiling: None, looks: 0 }
    }

    /// Keeps a row that is asked for, if it is on this page.
    pub(super) fn keep(&mut self, place: String, row: T) {
        if self.after.is_some_and(|after| place.as_str() <= after.place()) {
            return;
        }
        self.rows.insert(place, row);
        if self.rows.len() > self.limit {
            self.rows.pop_last();
            self.more = true;
        }
    }

    /// True when nothing from this place on is on the page.
    fn is_beyond(&self, bound: &str) -> bool {
        let last = self.rows.last_key_value().filter(|_| self.rows.len() >= self.limit);
        last.is_some_and(|(last, _)| bound > last.as_str()) || self.limit == 0
    }

    /// Takes from the rows of an index what is on the page.
    pub(super) fn take<I>(
        &mut self,
        items: impl Iterator<Item = Result<I, LedgerError>>,
        mut see: impl FnMut(I) -> Result<Option<Seen<T>>, LedgerError>,
    ) -> Result<(), LedgerError> {
        let looks_max = LOOKS_MAX.max(self.limit.saturating_mul(LOOKS_PER_ROW));
        let mut last: Option<String> = None;
        for (looked, item) in items.enumerate() {
            let item = item?;
            self.looks += 1;
            let (bound, row) = match see(item)? {
                Some(Seen::Row { bound, row }) => (bound, row),
                Some(Seen::End) => break,
                None => continue,
            };
            if row.is_some() && self.is_beyond(&bound) {
                self.more = true;
                break;
            }
            if looked >= looks_max
                && let Some(ceiling) =
                    last.take_if(|last| self.after.is_none_or(|after| last.as_str() > after.place()))
            {
                if self.ceiling.as_ref().is_none_or(|lower| ceiling < *lower) {
                    self.ceiling = Some(ceiling);
                }
                break;
            }
            if let Some((place, row)) = row {
                self.keep(place, row);
            }
            last = Some(bound);
        }
        Ok(())
    }

    /// Returns how many rows of indexes were looked at.
    #[cfg(test)]
    pub(super) fn looks(&self) -> usize {
        self.looks
    }

    pub(super) fn page(mut self) -> Page<T, PlaceCursor> {
        if let Some(ceiling) = self.ceiling.take() {
            // What lies behind it may come after rows that were not looked at.
            let full = self.more && self.rows.last_key_value().is_some_and(|(last, _)| *last <= ceiling);
            if !full {
                let behind: Vec<String> =
                    self.rows.keys().filter(|place| **place > ceiling).cloned().collect();
                for place in behind {
                    self.rows.remove(&place);
                }
                return Page {
                    rows: self.rows.into_values().collect(),
                    next: Some(PlaceCursor::new(ceiling)),
                };
            }
        }
        let last = self.rows.last_key_value().filter(|_| self.more);
        let next = last.map(|(place, _)| PlaceCursor::new(place.clone()));
        Page { rows: self.rows.into_values().collect(), next }
    }
}
