//! The keys of a store: where in the file each stands, which are not in it yet, and which were destroyed.
//!
//! A key in the file takes some twenty bytes of memory: the number of its row in two tables, by its name and by the lookup.
//! The row is read when the key is wanted, and the last ones are kept.

use std::collections::{BTreeSet, HashMap};
use std::io;

use super::rows::Rows;
use super::table::Table;
use super::{KeyId, Secret};

/// The keyed hash of a person or a gemeente by which their key is found.
pub(super) type Lookup = [u8; 16];

/// A key, and the lookup that leads to it.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) lookup: Lookup,
    pub(super) secret: Secret,
}

/// All keys of a store.
#[derive(Default)]
pub(super) struct Keyring {
    placed: Option<Placed>,
    /// Those that are not in the file yet.
    fresh: HashMap<KeyId, Held>,
    found: HashMap<Lookup, KeyId>,
    gone: BTreeSet<KeyId>,
    /// How many of those in the file were destroyed since it was read.
    gone_placed: usize,
}

/// The keys in the file.
pub(super) struct Placed {
    pub(super) rows: Rows,
    by_id: Table,
    by_lookup: Table,
}

impl Placed {
    /// Returns an index of rows, with room for so many.
    pub(super) fn new(rows: Rows, room: usize) -> Self {
        Self { rows, by_id: Table::with_room(room), by_lookup: Table::with_room(room) }
    }

    /// Takes up a row.
    pub(super) fn take(&mut self, row: u32, id: &KeyId, lookup: &Lookup) {
        self.by_id.insert(hash(id), row);
        self.by_lookup.insert(hash(lookup), row);
    }

    fn get(&self, id: &KeyId) -> io::Result<Option<Held>> {
        for row in self.by_id.rows(hash(id)) {
            let (found, held) = self.rows.get(row)?;
            if found == *id {
                return Ok(Some(held));
            }
        }
        Ok(None)
    }
}

/// Both are random.
fn hash(bytes: &[u8; 16]) -> u32 {
    let [a, b, c, d, ..] = *bytes;
    u32::from_le_bytes([a, b, c, d])
}

impl Keyring {
    /// Returns what a file has.
    pub(super) fn of(placed: Placed, gone: BTreeSet<KeyId>) -> Self {
        Self { placed: Some(placed), gone, ..Self::default() }
    }

    /// Adds a key that is not in the file yet.
    pub(super) fn insert(&mut self, id: KeyId, held: Held) {
        // What was destroyed does not come back.
        if self.gone.contains(&id) {
            return;
        }
        self.fresh.insert(id, held);
        self.found.insert(held.lookup, id);
    }

    /// Says that a key that was not in the file stands in this row of it.
    pub(super) fn place(&mut self, row: u32, id: KeyId, held: Held) {
        let Some(placed) = &mut self.placed else { return };
        placed.take(row, &id, &held.lookup);
        if self.gone.contains(&id) {
            self.gone_placed += 1;
            return;
        }
        placed.rows.keep(row, (id, held));
        self.fresh.remove(&id);
        if self.found.get(&held.lookup) == Some(&id) {
            self.found.remove(&held.lookup);
        }
    }

    /// Takes up a row that another process has added.
    pub(super) fn taken(&mut self, row: u32, id: KeyId, lookup: Lookup) {
        if let Some(placed) = &mut self.placed {
            placed.take(row, &id, &lookup);
            self.gone_placed += usize::from(self.gone.contains(&id));
        }
    }

    /// Forgets a key for good.
    pub(super) fn destroy(&mut self, id: KeyId) {
        if let Some(Held { lookup, .. }) = self.fresh.remove(&id)
            && self.found.get(&lookup) == Some(&id)
        {
            self.found.remove(&lookup);
        }
        let placed = self.placed.as_ref();
        let in_file = placed.is_some_and(|placed| matches!(placed.get(&id), Ok(Some(_))));
        if let Some(placed) = placed {
            placed.rows.forget();
        }
        if self.gone.insert(id) && in_file {
            self.gone_placed += 1;
        }
    }

    /// Takes the keys of another file in place of those of this one.
    pub(super) fn replace(&mut self, other: Self) {
        let before = std::mem::replace(self, other);
        for id in before.gone {
            if !self.gone.contains(&id) {
                self.destroy(id);
            }
        }
        for (id, held) in before.fresh {
            if !matches!(self.get(&id), Ok(Some(_))) {
                self.insert(id, held);
            }
        }
    }

    /// Returns a key that there is.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not what it was.
    pub(super) fn get(&self, id: &KeyId) -> io::Result<Option<Held>> {
        if let Some(held) = self.fresh.get(id) {
            return Ok(Some(*held));
        }
        if self.gone.contains(id) {
            return Ok(None);
        }
        self.placed.as_ref().map_or(Ok(None), |placed| placed.get(id))
    }

    /// Returns the key that a lookup leads to.
    ///
    /// # Errors
    ///
    /// As [`Keyring::get`].
    pub(super) fn find(&self, lookup: &Lookup) -> io::Result<Option<(KeyId, Secret)>> {
        if let Some(id) = self.found.get(lookup) {
            return Ok(self.fresh.get(id).map(|held| (*id, held.secret)));
        }
        let Some(placed) = &self.placed else { return Ok(None) };
        for row in placed.by_lookup.rows(hash(lookup)) {
            let (id, held) = placed.rows.get(row)?;
            // Whose key was destroyed has another one under the same lookup.
            if held.lookup == *lookup && !self.gone.contains(&id) {
                return Ok(Some((id, held.secret)));
            }
        }
        Ok(None)
    }

    pub(super) fn is_gone(&self, id: &KeyId) -> bool {
        self.gone.contains(id)
    }

    /// Returns the keys that are not in the file yet.
    pub(super) fn fresh(&self) -> Vec<(KeyId, Held)> {
        self.fresh.iter().map(|(id, held)| (*id, *held)).collect()
    }

    pub(super) fn placed(&self) -> Option<&Placed> {
        self.placed.as_ref()
    }

    pub(super) fn gone(&self) -> &BTreeSet<KeyId> {
        &self.gone
    }

    pub(super) fn len(&self) -> usize {
        let placed = self.placed.as_ref().map_or(0, |placed| placed.by_id.len());
        placed.saturating_sub(self.gone_placed) + self.fresh.len()
    }
}
