//! Rows by a hash of what stands in them: eight bytes a row and some room, whatever a row has.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Slots for each row, at least, in quarters.
const QUARTERS: usize = 5;
/// Slots of a table with nothing in it.
const SLOTS_MIN: usize = 16;
/// How many hashes are looked for in all rows before there are slots. A command that shows one person asks for a few, and
/// slots take it longer than all the rest.
const WALKS: usize = 16;

/// Finds rows by 32 bits of what is random in them. It does not say what a row has: who asks compares.
#[derive(Default)]
pub(super) struct Table {
    /// The number of a row plus one, and below it its hash: each row, while there are no slots.
    added: Vec<u64>,
    /// The same, by place; zero: none. As many as a power of two.
    slots: OnceLock<Vec<u64>>,
    /// How many hashes were looked for.
    asked: AtomicUsize,
    rows: usize,
}

impl Table {
    /// Returns a table with room for so many rows.
    pub(super) fn with_room(rows: usize) -> Self {
        Self { added: Vec::with_capacity(rows), ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Adds a row.
    pub(super) fn insert(&mut self, hash: u32, row: u32) {
        let slot = (u64::from(row) + 1) << 32 | u64::from(hash);
        self.rows += 1;
        let Some(slots) = self.slots.get_mut() else { return self.added.push(slot) };
        self.added = Vec::new();
        if slots.len() < room(self.rows) {
            *slots = filled(slots.iter().copied().filter(|slot| *slot != 0), self.rows * 2);
        }
        put(slots, slot);
    }

    /// Returns the rows that were added under a hash.
    pub(super) fn rows(&self, hash: u32) -> impl Iterator<Item = u32> {
        let walks = self.slots.get().is_none() && self.asked.fetch_add(1, Ordering::Relaxed) < WALKS;
        let slots: &[u64] = if walks { &[] } else { self.slots() };
        let mask = slots.len().wrapping_sub(1);
        let places = (0..slots.len()).map(move |step| (hash as usize).wrapping_add(step) & mask);
        let placed = places.map(|place| slots[place]).take_while(|slot| *slot != 0);
        let all: &[u64] = if walks { &self.added } else { &[] };
        let found = all.iter().copied().chain(placed).filter(move |slot| *slot as u32 == hash);
        found.map(|slot| ((slot >> 32) - 1) as u32)
    }

    fn slots(&self) -> &[u64] {
        self.slots.get_or_init(|| filled(self.added.iter().copied(), self.rows))
    }
}

/// Puts rows in slots, with room for so many.
fn filled(rows: impl Iterator<Item = u64>, many: usize) -> Vec<u64> {
    let mut slots = vec![0; room(many)];
    rows.for_each(|slot| put(&mut slots, slot));
    slots
}

fn put(slots: &mut [u64], slot: u64) {
    let mask = slots.len() - 1;
    let mut place = slot as u32 as usize & mask;
    while slots[place] != 0 {
        place = (place + 1) & mask;
    }
    slots[place] = slot;
}

fn room(rows: usize) -> usize {
    (rows * QUARTERS / 4 + 1).next_power_of_two().max(SLOTS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_under_its_hash_and_no_other() {
        let hash = |row: u32| row.wrapping_mul(0x9e37_79b1) & 0xffff_00ff;
        for room in [0, 3, 5_000] {
            let mut table = Table::with_room(room);
            assert_eq!(table.rows(7).count(), 0);
            for row in 0..2_000 {
                table.insert(hash(row), row);
                // Some before there are slots, and some after.
                if row % 100 == 99 {
                    assert!(table.rows(hash(row)).any(|found| found == row));
                    assert_eq!(table.slots.get().is_some(), row as usize + 1 >= WALKS * 100);
                }
            }
            assert_eq!(table.len(), 2_000);
            for row in 0..2_000 {
                let mut found: Vec<u32> = table.rows(hash(row)).collect();
                found.sort_unstable();
                let same: Vec<u32> = (0..2_000).filter(|other| hash(*other) == hash(row)).collect();
                assert_eq!(found, same);
            }
            assert_eq!(table.rows(0x0000_ff00).count(), 0);
        }
    }
}
