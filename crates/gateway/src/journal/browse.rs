//! Reading a journal of any size without reading all of it first.
//!
//! The headers of the segments are the index: each names the tips of all chains before it, so that a segment
//! without entries of a chain is passed over and an entry is looked for in one segment only; and the time of a
//! segment's first entry says which segments lie before a moment. Only the last segment is read at opening.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::catalog::{Catalog, Rest};
use super::disk::{Disk, RealDisk};
use super::error::{OpenError, ReadError};
use super::format::{ENTRY_HEADER, EntryHeader, SegmentHeader};
use super::read::{Entries, ReadOnlyJournal, Reader};
use super::scan::{Segment, list_segments, open_segment};
use super::words::{Chain, Entry, Position, Tips};
use crate::vault::Vault;

/// Clocks are set back now and then; an entry may be this much older than one before it.
pub const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(1);

/// A journal known by the headers of its segments; another process may be writing it.
///
/// Damage shows where it is read, not at opening; [`verify`](super::verify()) reads everything.
pub struct Browser {
    pub(super) disk: Arc<dyn Disk>,
    /// Knows all segments, and the entries of the last only.
    recent: ReadOnlyJournal,
    pub(super) segments: Vec<(Arc<Segment>, Tips)>,
}

impl Browser {
    /// Opens the journal in a directory.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when there is none, when a header or the last segment is damaged, or when the system fails.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(RealDisk), dir)
    }

    /// Opens the journal in a directory of another file system.
    ///
    /// # Errors
    ///
    /// As [`Browser::open`].
    pub fn open_on(disk: Arc<dyn Disk>, dir: &Path) -> Result<Self, OpenError> {
        let mut segments: Vec<(Arc<Segment>, SegmentHeader)> = Vec::new();
        for first in list_segments(disk.as_ref(), dir)? {
            let (segment, header, _) = open_segment(disk.as_ref(), dir, first)?;
            segments.push((Arc::new(segment), header));
        }
        let mut catalog = Catalog::from_headers(segments.clone(), Rest::Asked);
        catalog.extend(disk.as_ref(), dir)?;
        let recent = ReadOnlyJournal::with(dir, Arc::clone(&disk), catalog);
        let segments = segments.into_iter().map(|(segment, header)| (segment, header.tips)).collect();
        Ok(Self { disk, recent, segments })
    }

    /// Returns the tip of every chain that has an entry.
    pub fn tips(&self) -> Tips {
        self.reader().tips()
    }

    /// Returns how many entries there are.
    pub fn entries(&self) -> u64 {
        self.reader().entries()
    }

    /// Returns where the entry after the last will begin.
    pub fn end(&self) -> Position {
        self.reader().catalog().end_position()
    }

    /// Takes up what was written since, and returns the entries from a position on.
    ///
    /// # Errors
    ///
    /// As [`Browser::open`].
    pub fn since(&self, position: Position) -> Result<Entries, OpenError> {
        self.recent.refresh()?;
        Ok(self.reader().read_all(position))
    }

    /// Returns the entries that may be of this chain and not before this moment, in the order of the files; others
    /// may be among them.
    pub fn select(&self, chain: Option<Chain>, from: Option<Timestamp>) -> Selection {
        let mut runs: Vec<Vec<Arc<Segment>>> = Vec::new();
        let mut joined = false;
        for (at, (segment, _)) in self.segments.iter().enumerate() {
            if self.may_have(at, chain) && self.may_reach(at, from) {
                match runs.last_mut().filter(|_| joined) {
                    Some(run) => run.push(Arc::clone(segment)),
                    None => runs.push(vec![Arc::clone(segment)]),
                }
                joined = true;
            } else {
                joined = false;
            }
        }
        let end = self.end();
        let disk = Arc::clone(&self.disk);
        let runs: Vec<Entries> = runs
            .into_iter()
            .map(|run| Entries::over(Arc::clone(&disk), run, end).with(self.vault()))
            .collect();
        Selection { runs: runs.into_iter(), now: None }
    }

    /// Returns the last entries, oldest first.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when an entry cannot be read or is damaged.
    pub fn last(&self, count: usize) -> Result<Vec<Entry>, ReadError> {
        let wanted = self.entries().saturating_sub(count as u64);
        let at = self.segments.partition_point(|(segment, _)| segment.first <= wanted + 1).saturating_sub(1);
        let run: Vec<Arc<Segment>> =
            self.segments[at..].iter().map(|(segment, _)| Arc::clone(segment)).collect();
        let mut last = Vec::new();
        for entry in Entries::over(Arc::clone(&self.disk), run, self.end()).with(self.vault()) {
            let entry = entry?;
            if entry.number > wanted {
                last.push(entry);
            }
        }
        Ok(last)
    }

    /// Gives the keys with which sealed entries are opened.
    pub fn set_vault(&mut self, vault: Arc<Vault>) {
        self.recent.set_vault(vault);
    }

    pub(super) fn vault(&self) -> Option<Arc<Vault>> {
        self.reader().vault().cloned()
    }

    /// Returns what reads the journal as it is now.
    pub fn reader(&self) -> &Reader {
        self.recent.reader()
    }

    /// Returns whether a segment has entries of a chain.
    pub(super) fn may_have(&self, at: usize, chain: Option<Chain>) -> bool {
        let Some(chain) = chain else { return true };
        let seq = |tips: &Tips| tips.get(&chain).map_or(0, |tip| tip.seq);
        let before = self.segments.get(at).map_or(0, |(_, tips)| seq(tips));
        let after = self.segments.get(at + 1).map_or_else(|| seq(&self.tips()), |(_, tips)| seq(tips));
        before < after
    }

    /// Returns whether a segment may have an entry that is not before a moment.
    pub(super) fn may_reach(&self, at: usize, from: Option<Timestamp>) -> bool {
        let (Some(from), Some((next, _))) = (from, self.segments.get(at + 1)) else { return true };
        // What cannot be told is read: damage shows there.
        self.first_time(next).is_none_or(|time| time.checked_add(CLOCK_SLACK).is_ok_and(|end| end >= from))
    }

    fn first_time(&self, segment: &Segment) -> Option<Timestamp> {
        let file = self.disk.open_read(&segment.path).ok()?;
        let mut bytes = [0; ENTRY_HEADER];
        file.read_at(&mut bytes, segment.start).ok()?;
        EntryHeader::decode(&bytes, segment.marker).map(|header| header.time)
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("entries", &self.entries()).finish_non_exhaustive()
    }
}

/// Entries of some segments, in order. Ends after the first error.
#[derive(Debug)]
pub struct Selection {
    runs: std::vec::IntoIter<Entries>,
    now: Option<Entries>,
}

impl Iterator for Selection {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(run) = &mut self.now {
                match run.next() {
                    Some(Err(error)) => {
                        (self.runs, self.now) = (Vec::new().into_iter(), None);
                        return Some(Err(error));
                    }
                    Some(entry) => return Some(entry),
                    None => self.now = None,
                }
            }
            self.now = Some(self.runs.next()?);
        }
    }
}
