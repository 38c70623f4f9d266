//! Indexes of segments: files beside them that say where each entry begins, when it was written, of which chain it is,
//! and what it is like.
//!
//! An index is derived, like the ledger: it can be deleted, and whoever finds none reads the segment. What an entry is like
//! is a label, which means nothing here; who makes indexes says what to write, and who looks for entries which labels to
//! take. Entries are looked at themselves before they are shown, so an index can hide an entry but not make one up.
//!
//! # Layout
//!
//! `journal-<N>.iwx` beside `journal-<N>.iwj`. Numbers are little-endian, checksums CRC32C.
//!
//! | size | what |
//! | --- | --- |
//! | 8 | `iwmoindx` |
//! | 4 | format, 2 |
//! | 4 | length of what is before the columns |
//! | 8 | N |
//! | 4 | n, the number of entries that it covers: the first of the segment |
//! | 4 | where the last of them begins |
//! | 4 | where the entry after them begins |
//! | 32 | the hash of the last of them |
//! | 8, 8 | the earliest and the latest time of them |
//! | 2, 2 | how many chains, how many labels |
//! | 4 × chains | the chains |
//! | for each label 2 and its length | its length, the label |
//! | 4 | CRC of all before it |
//! | 4 × n | where each entry begins |
//! | 8 × n | its time |
//! | 2 × n | its label, by place; 65,535: one that found no room |
//! | 2 × n | its chain, by place |
//! | 4 | CRC of the columns |
//!
//! # Recovery
//!
//! An index is written under another name and put in place at once, and never synced. One that a crash leaves wrong, or that
//! is of another journal, does not have its checksum or the hash of its last entry, and is as none.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::disk::{Disk, DiskFile};
use super::format::{ENTRY_HEADER, EntryHeader};
use super::scan::Segment;
use super::words::{Chain, Entry, EntryHash};

const MAGIC: &[u8; 8] = b"iwmoindx";
const FORMAT: u32 = 2;
/// What stands before the chains.
const FIXED: usize = 88;
/// How much is read of an index before it is known how long its first part is.
const FIRST_READ_BYTES: usize = 32 << 10;
/// The longest first part that is read.
const HEAD_BYTES_MAX: usize = 16 << 20;
/// Bytes of an entry in the columns.
const ENTRY_BYTES: usize = 16;
/// The label of entries for whose own there was no room.
const ANY: u16 = u16::MAX;
const LABEL_BYTES_MAX: usize = 1 << 12;

/// Returns the path of the index of a segment.
pub(super) fn index_path(segment: &Path) -> PathBuf {
    segment.with_extension("iwx")
}

/// The first part of an index.
pub(super) struct IndexHead {
    pub(super) entries: usize,
    /// Where the first entry begins that it does not cover.
    pub(super) end: u64,
    latest: i64,
    chains: Vec<Chain>,
    labels: Vec<Vec<u8>>,
    last: u32,
    hash: EntryHash,
    columns_at: u64,
    file: Box<dyn DiskFile>,
}

impl IndexHead {
    /// Opens the index of a segment; nothing when there is none that is right. `file` is the segment.
    pub(super) fn open(disk: &dyn Disk, segment: &Segment, file: &dyn DiskFile) -> Option<Self> {
        let index = disk.open_read(&index_path(&segment.path)).ok()?;
        let mut bytes = vec![0; FIRST_READ_BYTES];
        let mut read = index.read_at(&mut bytes, 0).ok()?;
        let length = usize::try_from(u32::from_le_bytes(array(&bytes, 12)?)).ok()?;
        if !(FIXED..=HEAD_BYTES_MAX).contains(&length) {
            return None;
        }
        if length > read {
            bytes.resize(length, 0);
            read += index.read_at(&mut bytes[read..], read as u64).ok()?;
        }
        let head = Self::decode(bytes.get(..length.min(read))?, length, index)?;
        (head.first(&bytes)? == segment.first && head.fits(segment, file)).then_some(head)
    }

    fn first(&self, bytes: &[u8]) -> Option<u64> {
        Some(u64::from_le_bytes(array(bytes, 16)?))
    }

    fn decode(bytes: &[u8], length: usize, file: Box<dyn DiskFile>) -> Option<Self> {
        let (content, sum) = bytes.split_last_chunk::<4>()?;
        let known = bytes.len() == length
            && content.starts_with(MAGIC)
            && u32::from_le_bytes(array(content, 8)?) == FORMAT
            && crc32c::crc32c(content) == u32::from_le_bytes(*sum);
        if !known {
            return None;
        }
        let half = |at| Some(usize::from(u16::from_le_bytes(array(content, at)?)));
        let (chains, labels) = (half(84)?, half(86)?);
        let mut rest = content.get(FIXED..)?;
        let mut take = |bytes: usize| {
            let (taken, after) = rest.split_at_checked(bytes)?;
            rest = after;
            Some(taken)
        };
        let chains: Option<Vec<Chain>> =
            (0..chains).map(|_| take(4)?.try_into().ok().and_then(Chain::new)).collect();
        let mut found = Vec::with_capacity(labels);
        for _ in 0..labels {
            let length = u16::from_le_bytes(array(take(2)?, 0)?);
            found.push(take(usize::from(length))?.to_vec());
        }
        Some(Self {
            entries: usize::try_from(u32::from_le_bytes(array(content, 24)?)).ok()?,
            last: u32::from_le_bytes(array(content, 28)?),
            end: u32::from_le_bytes(array(content, 32)?).into(),
            hash: EntryHash(array(content, 36)?),
            latest: i64::from_le_bytes(array(content, 76)?),
            chains: chains?,
            labels: found,
            columns_at: length as u64,
            file,
        })
    }

    /// Returns whether its last entry stands in the segment where it says.
    fn fits(&self, segment: &Segment, file: &dyn DiskFile) -> bool {
        let mut bytes = [0; ENTRY_HEADER];
        let read = file.read_at(&mut bytes, self.last.into());
        read.is_ok_and(|read| read == ENTRY_HEADER)
            && EntryHeader::decode(&bytes, segment.marker).is_some_and(|header| {
                header.hash == self.hash
                    && header.number == segment.first + self.entries as u64 - 1
                    && u64::from(self.last) + header.entry_bytes() as u64 == self.end
            })
    }
}

/// Says whether a label is one that is wanted.
pub type Takes<'a> = &'a dyn Fn(&[u8]) -> bool;

/// Which entries are looked for; others may be found with them.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Of this chain.
    pub chain: Option<Chain>,
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// With a label that this takes.
    pub label: Option<Takes<'a>>,
}

impl std::fmt::Debug for Wanted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wanted").field("chain", &self.chain).field("from", &self.from).finish_non_exhaustive()
    }
}

impl IndexHead {
    /// Returns where the wanted entries begin, in order; nothing when the index turns out to be wrong.
    pub(super) fn find(&self, wanted: &Wanted<'_>) -> Option<Vec<u32>> {
        let from = wanted.from.map_or(i64::MIN, Timestamp::as_microsecond);
        let chain = wanted.chain.map(|chain| self.chains.iter().position(|has| *has == chain));
        let takes = |label: &Vec<u8>| wanted.label.is_none_or(|takes| takes(label));
        let labels: Vec<bool> = self.labels.iter().map(takes).collect();
        // Only a table that is full has entries that found no room in it.
        let some = labels.contains(&true) || labels.len() >= usize::from(ANY);
        if self.latest < from || chain == Some(None) || !some {
            return Some(Vec::new());
        }
        let columns = self.columns()?;
        let chain = chain.flatten();
        let found = (0..self.entries).filter(|at| {
            let label = columns.label(*at);
            (label == ANY || labels.get(usize::from(label)) == Some(&true))
                && chain.is_none_or(|chain| usize::from(columns.chain(*at)) == chain)
                && columns.time(*at) >= from
        });
        Some(found.map(|at| columns.offset(at)).collect())
    }

    /// Returns where the entries of each chain begin, in order; nothing when the index turns out to be wrong.
    pub(super) fn places(&self) -> Option<Vec<(Chain, Vec<u32>)>> {
        let columns = self.columns()?;
        let mut places: Vec<(Chain, Vec<u32>)> =
            self.chains.iter().map(|chain| (*chain, Vec::new())).collect();
        for at in 0..self.entries {
            places.get_mut(usize::from(columns.chain(at)))?.1.push(columns.offset(at));
        }
        Some(places)
    }

    fn columns(&self) -> Option<Columns> {
        let length = self.entries.checked_mul(ENTRY_BYTES)?;
        let mut bytes = vec![0; length + 4];
        let read = self.file.read_at(&mut bytes, self.columns_at).ok()?;
        let (content, sum) = bytes.split_last_chunk::<4>()?;
        let right = read == length + 4 && crc32c::crc32c(content) == u32::from_le_bytes(*sum);
        bytes.truncate(length);
        right.then_some(Columns { bytes, entries: self.entries })
    }
}

/// What an index says of each entry.
struct Columns {
    bytes: Vec<u8>,
    entries: usize,
}

impl Columns {
    fn offset(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.at(4 * at))
    }

    fn time(&self, at: usize) -> i64 {
        i64::from_le_bytes(self.at(4 * self.entries + 8 * at))
    }

    fn label(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.at(12 * self.entries + 2 * at))
    }

    fn chain(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.at(14 * self.entries + 2 * at))
    }

    /// The columns were measured when they were read.
    fn at<const N: usize>(&self, at: usize) -> [u8; N] {
        array(&self.bytes, at).unwrap_or([0; N])
    }
}

/// An index in the making.
#[derive(Default)]
pub(super) struct Draft {
    offsets: Vec<u32>,
    times: Vec<i64>,
    labels: Vec<u16>,
    chains: Vec<u16>,
    label_places: HashMap<Vec<u8>, u16>,
    chain_places: HashMap<Chain, u16>,
    last: Option<(u32, EntryHash)>,
}

impl Draft {
    /// Goes on from an index that there is; nothing when that turns out to be wrong.
    pub(super) fn after(head: &IndexHead) -> Option<Self> {
        let columns = head.columns()?;
        let all = 0..head.entries;
        let place = |at: usize| u16::try_from(at).unwrap_or(ANY);
        Some(Self {
            offsets: all.clone().map(|at| columns.offset(at)).collect(),
            times: all.clone().map(|at| columns.time(at)).collect(),
            labels: all.clone().map(|at| columns.label(at)).collect(),
            chains: all.map(|at| columns.chain(at)).collect(),
            label_places: head
                .labels
                .iter()
                .enumerate()
                .map(|(at, label)| (label.clone(), place(at)))
                .collect(),
            chain_places: head.chains.iter().enumerate().map(|(at, chain)| (*chain, place(at))).collect(),
            last: Some((head.last, head.hash)),
        })
    }

    pub(super) fn entries(&self) -> usize {
        self.offsets.len()
    }

    /// Adds the entry that comes next in the segment.
    pub(super) fn add(&mut self, entry: &Entry, label: Vec<u8>) {
        self.offsets.push(entry.position.offset);
        self.times.push(entry.time.as_microsecond());
        let next = self.label_places.len();
        let label = match self.label_places.get(&label) {
            Some(place) => *place,
            None if next >= usize::from(ANY) || label.len() > LABEL_BYTES_MAX => ANY,
            None => *self.label_places.entry(label).or_insert(next as u16),
        };
        self.labels.push(label);
        // There are at most 10,000 chains.
        let next = self.chain_places.len() as u16;
        self.chains.push(*self.chain_places.entry(entry.id.chain).or_insert(next));
        self.last = Some((entry.position.offset, entry.hash));
    }

    /// Writes the index of a segment, in place of one that is there; `end`: where the entry after the last begins.
    pub(super) fn write(&self, disk: &dyn Disk, segment: &Segment, end: u32) -> io::Result<()> {
        let Some((last, hash)) = self.last else { return Ok(()) };
        let mut bytes = Vec::with_capacity(FIXED + self.offsets.len() * ENTRY_BYTES + (4 << 10));
        let count = |length: usize| u16::try_from(length).map_err(io::Error::other);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&segment.first.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(self.offsets.len()).map_err(io::Error::other)?.to_le_bytes());
        bytes.extend_from_slice(&last.to_le_bytes());
        bytes.extend_from_slice(&end.to_le_bytes());
        bytes.extend_from_slice(&hash.0);
        bytes.extend_from_slice(&self.times.iter().min().copied().unwrap_or(i64::MIN).to_le_bytes());
        bytes.extend_from_slice(&self.times.iter().max().copied().unwrap_or(i64::MAX).to_le_bytes());
        bytes.extend_from_slice(&count(self.chain_places.len())?.to_le_bytes());
        bytes.extend_from_slice(&count(self.label_places.len())?.to_le_bytes());
        let mut chains: Vec<_> = self.chain_places.iter().collect();
        chains.sort_unstable_by_key(|(_, place)| **place);
        chains.iter().for_each(|(chain, _)| bytes.extend_from_slice(&chain.code()));
        let mut labels: Vec<_> = self.label_places.iter().collect();
        labels.sort_unstable_by_key(|(_, place)| **place);
        for (label, _) in labels {
            bytes.extend_from_slice(&count(label.len())?.to_le_bytes());
            bytes.extend_from_slice(label);
        }
        let length = u32::try_from(bytes.len() + 4).map_err(io::Error::other)?;
        bytes[12..16].copy_from_slice(&length.to_le_bytes());
        sum(&mut bytes, 0);
        let columns = bytes.len();
        self.offsets.iter().for_each(|offset| bytes.extend_from_slice(&offset.to_le_bytes()));
        self.times.iter().for_each(|time| bytes.extend_from_slice(&time.to_le_bytes()));
        self.labels.iter().for_each(|label| bytes.extend_from_slice(&label.to_le_bytes()));
        self.chains.iter().for_each(|chain| bytes.extend_from_slice(&chain.to_le_bytes()));
        sum(&mut bytes, columns);
        let path = index_path(&segment.path);
        let unfinished = path.with_extension("iwx.new");
        disk.create(&unfinished)?.write_at(&bytes, 0)?;
        disk.rename(&unfinished, &path)
    }
}

fn sum(bytes: &mut Vec<u8>, from: usize) {
    let sum = crc32c::crc32c(&bytes[from..]);
    bytes.extend_from_slice(&sum.to_le_bytes());
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}
