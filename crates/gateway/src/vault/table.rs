//! Rows by a hash of what stands in them: eight bytes a row and some room, whatever a row has.

/// Slots for each row, at least, in quarters.
const QUARTERS: usize = 5;
/// Slots of a table with nothing in it.
const SLOTS_MIN: usize = 16;

/// Finds rows by 32 bits of what is random in them. It does not say what a row has: who asks compares.
#[derive(Default)]
pub(super) struct Table {
    /// The number of a row plus one, and below it its hash; zero: none. As many as a power of two.
    slots: Vec<u64>,
    rows: usize,
}

impl Table {
    /// Returns a table with room for so many rows.
    pub(super) fn with_room(rows: usize) -> Self {
        Self { slots: vec![0; slots(rows)], rows: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Adds a row.
    pub(super) fn insert(&mut self, hash: u32, row: u32) {
        if self.slots.len() < slots(self.rows + 1) {
            let larger = vec![0; slots((self.rows + 1) * 2).max(SLOTS_MIN)];
            for slot in std::mem::replace(&mut self.slots, larger) {
                if slot != 0 {
                    self.put(slot);
                }
            }
        }
        self.put((u64::from(row) + 1) << 32 | u64::from(hash));
        self.rows += 1;
    }

    /// Returns the rows that were added under a hash.
    pub(super) fn rows(&self, hash: u32) -> impl Iterator<Item = u32> {
        let mask = self.slots.len().wrapping_sub(1);
        let places = (0..self.slots.len()).map(move |step| (hash as usize).wrapping_add(step) & mask);
        let filled = places.map(|place| self.slots[place]).take_while(|slot| *slot != 0);
        filled.filter(move |slot| *slot as u32 == hash).map(|slot| ((slot >> 32) - 1) as u32)
    }

    fn put(&mut self, slot: u64) {
        let mask = self.slots.len() - 1;
        let mut place = slot as u32 as usize & mask;
        while self.slots[place] != 0 {
            place = (place + 1) & mask;
        }
        self.slots[place] = slot;
    }
}

fn slots(rows: usize) -> usize {
    if rows == 0 { 0 } else { (rows * QUARTERS / 4 + 1).next_power_of_two() }
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
