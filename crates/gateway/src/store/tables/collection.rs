//! What was committed and is in no table yet.
//!
//! The rows of a commit stay together as they came, in one piece of memory, and nothing changes them. Two things lead to
//! them: an index by hash, which has the last row of each key, for who asks for one key; and runs, in the order of the keys, for
//! who goes through a range or looks at a moment. Each commit adds a run, and runs of about a size become one, so that there are
//! few of them and a row takes part in some ten joins. A run has the places of rows and nothing changes it either: who keeps the
//! runs of a moment sees that moment for as long as he likes, and nobody waits for him.
//!
//! A list with levels, which lsm-tree has for this, took 8 µs of a message to find the places of its dozen rows, and half of that
//! again to go through them and to let go of them; this takes a fifth of it.

use std::cmp::Ordering;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use super::super::tree::Write;
use hashbrown::{DefaultHashBuilder, HashTable};

/// What a row takes beside its bytes: where it is, its place in a run, and in the index.
const ROW_BYTES: usize = size_of::<At>() + size_of::<Place>() + size_of::<Entry>();
/// Stands for the length of the value where the key is removed.
const REMOVED: u32 = u32::MAX;

/// The rows of one commit in the order of their keys, each key once.
pub(super) struct Rows {
    bytes: Vec<u8>,
    at: Vec<At>,
}

/// Where the bytes of a row are: the key, and behind it the value.
struct At {
    from: usize,
    key: u32,
    value: u32,
    hash: u64,
}

/// Rows of several commits in the order of their keys, each key once, as the last of those commits left it.
pub(super) struct Run {
    rows: Vec<Arc<Rows>>,
    places: Vec<Place>,
}

/// Where a row is, with how its key begins, as numbers, so that most keys are compared without going after them.
#[derive(Clone, Copy)]
struct Place {
    begin: (u64, u64),
    rows: u32,
    row: u32,
}

/// The last row of a key in a collection.
struct Entry {
    hash: u64,
    rows: u32,
    row: u32,
}

/// The rows of the commits since the last collection was closed.
#[derive(Default)]
pub(super) struct Collection {
    rows: Vec<Arc<Rows>>,
    index: HashTable<Entry>,
    /// Oldest first.
    runs: Vec<Arc<Run>>,
    bytes: usize,
}

impl Rows {
    /// Takes pairs in the order of their keys, each key once.
    ///
    /// A key is at most 1 KiB and a value at most 16 MiB, as the store sees to.
    pub(super) fn of(pairs: &[Write<'_>], hasher: &DefaultHashBuilder) -> Self {
        let length = |(key, value): &Write<'_>| key.len() + value.map_or(0, <[u8]>::len);
        let mut bytes = Vec::with_capacity(pairs.iter().map(length).sum());
        let at = pairs.iter().map(|(key, value)| {
            let from = bytes.len();
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(value.unwrap_or_default());
            let value = value.map_or(REMOVED, |value| short(value.len()));
            At { from, key: short(key.len()), value, hash: hasher.hash_one(key) }
        });
        let at = at.collect();
        Self { bytes, at }
    }

    fn key(&self, row: u32) -> &[u8] {
        let at = &self.at[row as usize];
        &self.bytes[at.from..][..at.key as usize]
    }

    /// Returns the value of a row, unless its key is removed.
    fn value(&self, row: u32) -> Option<&[u8]> {
        let at = &self.at[row as usize];
        let value = || &self.bytes[at.from + at.key as usize..][..at.value as usize];
        (at.value != REMOVED).then(value)
    }

    fn bytes(&self) -> usize {
        self.bytes.len() + self.at.len() * ROW_BYTES
    }
}

/// A length of a key or a value, or a number of rows: the store takes no larger values, and memory holds no more rows.
fn short(length: usize) -> u32 {
    length as u32
}

impl Place {
    fn of(key: &[u8], row: u32) -> Self {
        Self { begin: begin(key), rows: 0, row }
    }
}

/// Returns how a key begins, so that one that comes before another never begins with more.
fn begin(key: &[u8]) -> (u64, u64) {
    let mut begin = [0; 16];
    let length = key.len().min(begin.len());
    begin[..length].copy_from_slice(&key[..length]);
    let (first, second) = begin.split_at(8);
    let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
    (number(first), number(second))
}

impl Run {
    fn of(rows: Arc<Rows>) -> Self {
        let places = (0..short(rows.at.len())).map(|row| Place::of(rows.key(row), row)).collect();
        Self { rows: vec![rows], places }
    }

    /// Returns what the runs of a collection are with these rows.
    pub(super) fn added(mut runs: Vec<Arc<Self>>, rows: &Arc<Rows>) -> Vec<Arc<Self>> {
        let mut last = Self::of(Arc::clone(rows));
        while let Some(before) = runs.pop_if(|before| before.len() < 2 * last.len()) {
            last = Self::joined(&before, &last);
        }
        runs.push(Arc::new(last));
        runs
    }

    /// Joins two runs, of which the second is the later one.
    fn joined(earlier: &Self, later: &Self) -> Self {
        let behind = short(earlier.rows.len());
        let mut places = Vec::with_capacity(earlier.places.len() + later.places.len());
        let (mut left, mut right) = (&earlier.places[..], &later.places[..]);
        while let ([one, rest_left @ ..], [other, rest_right @ ..]) = (left, right) {
            let order =
                one.begin.cmp(&other.begin).then_with(|| earlier.key_of(one).cmp(later.key_of(other)));
            if order == Ordering::Less {
                places.push(*one);
            } else {
                places.push(Place { rows: other.rows + behind, ..*other });
                right = rest_right;
            }
            // Of two rows under one key the later one counts.
            if order != Ordering::Greater {
                left = rest_left;
            }
        }
        places.extend_from_slice(left);
        places.extend(right.iter().map(|other| Place { rows: other.rows + behind, ..*other }));
        Self { rows: [&earlier.rows[..], &later.rows].concat(), places }
    }

    /// Joins all the runs of collections, which are in the order they were closed in.
    pub(super) fn of_all(collections: &[Arc<Collection>]) -> Option<Arc<Self>> {
        let runs = collections.iter().flat_map(|collection| &collection.runs);
        // The last ones are the smallest.
        runs.cloned().rev().reduce(|later, earlier| Arc::new(Self::joined(&earlier, &later)))
    }

    fn key_of(&self, place: &Place) -> &[u8] {
        self.rows[place.rows as usize].key(place.row)
    }

    /// Returns a key by its number in the order of all.
    pub(super) fn key(&self, number: usize) -> &[u8] {
        self.key_of(&self.places[number])
    }

    /// Returns the value under a key, by its number in the order of all; nothing where the key is removed.
    pub(super) fn value(&self, number: usize) -> Option<&[u8]> {
        let place = &self.places[number];
        self.rows[place.rows as usize].value(place.row)
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns how many keys come before this one.
    pub(super) fn before(&self, key: &[u8]) -> usize {
        let begin = begin(key);
        self.places.partition_point(|place| {
            place.begin.cmp(&begin).then_with(|| self.key_of(place).cmp(key)) == Ordering::Less
        })
    }

    /// Compares two keys of runs by their numbers.
    pub(super) fn compare(&self, number: usize, other: &Self, other_number: usize) -> Ordering {
        let (one, two) = (&self.places[number], &other.places[other_number]);
        one.begin.cmp(&two.begin).then_with(|| self.key_of(one).cmp(other.key_of(two)))
    }

    /// Returns what stands under a key, if it is here; the inner option says whether that is a value.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        let number = self.before(key);
        (number < self.len() && self.key(number) == key).then(|| self.value(number))
    }
}

impl Collection {
    /// Makes one with room for so many keys.
    pub(super) fn with_room(keys: usize) -> Self {
        Self { index: HashTable::with_capacity(keys), ..Self::default() }
    }

    /// Takes the rows of a commit, with [`Run::added`] them; returns the runs that were.
    pub(super) fn add(&mut self, rows: Arc<Rows>, runs: Vec<Arc<Run>>) -> Vec<Arc<Run>> {
        self.bytes += rows.bytes();
        let number = short(self.rows.len());
        let earlier = &self.rows;
        for (row, at) in (0..).zip(&rows.at) {
            let key = rows.key(row);
            let same =
                |entry: &Entry| entry.hash == at.hash && earlier[entry.rows as usize].key(entry.row) == key;
            let entry = Entry { hash: at.hash, rows: number, row };
            match self.index.find_mut(at.hash, same) {
                Some(found) => *found = entry,
                None => drop(self.index.insert_unique(at.hash, entry, |entry| entry.hash)),
            }
        }
        self.rows.push(rows);
        std::mem::replace(&mut self.runs, runs)
    }

    /// Returns what stands under a key, if it is here; the inner option says whether that is a value.
    pub(super) fn get(&self, hash: u64, key: &[u8]) -> Option<Option<&[u8]>> {
        let same = |entry: &Entry| entry.hash == hash && self.rows[entry.rows as usize].key(entry.row) == key;
        let entry = self.index.find(hash, same)?;
        Some(self.rows[entry.rows as usize].value(entry.row))
    }

    /// Returns the runs, oldest first.
    pub(super) fn runs(&self) -> &[Arc<Run>] {
        &self.runs
    }

    /// Returns how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns how many keys it has.
    pub(super) fn keys(&self) -> usize {
        self.index.len()
    }
}
