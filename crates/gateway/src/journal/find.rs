//! Looking for entries by what they are like: by the indexes of the segments, and where there is none, by reading; and by
//! when they were written.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::browse::Browser;
use super::disk::DiskFile;
use super::error::ReadError;
use super::index::{IndexHead, Wanted};
use super::indexer::Label;
use super::read::{Entries, Reader, opened, read_entry};
use super::scan::Segment;
use super::words::{Chain, Entry, Position};

impl Browser {
    /// Returns the entries that may be wanted, in the order of the files; others may be among them. `label` says what an
    /// entry is like that no index covers.
    pub fn find<'a>(&'a self, wanted: Wanted<'a>, label: Label) -> Find<'a> {
        Find { browser: self, wanted, label, next: 0, places: None, rest: None, failed: false }
    }
}

/// Entries that may be wanted. Ends after the first error.
pub struct Find<'a> {
    browser: &'a Browser,
    wanted: Wanted<'a>,
    label: Label,
    /// The segment that comes next.
    next: usize,
    /// Where wanted entries begin in the segment before it.
    places: Option<Places>,
    /// What no index covers of it, or of a run of segments.
    rest: Option<Entries>,
    failed: bool,
}

struct Places {
    segment: Arc<Segment>,
    file: Box<dyn DiskFile>,
    offsets: std::vec::IntoIter<u32>,
}

impl Find<'_> {
    fn step(&mut self) -> Result<Option<Entry>, ReadError> {
        let vault = self.browser.vault();
        loop {
            if let Some(places) = &mut self.places {
                if let Some(offset) = places.offsets.next() {
                    let found = read_entry(places.file.as_ref(), &places.segment, offset.into(), None)?;
                    return opened(found, vault.as_deref()).map(Some);
                }
                self.places = None;
            }
            while let Some(entry) = self.rest.as_mut().and_then(Iterator::next) {
                let entry = entry?;
                if self.wants(&entry) {
                    return opened(entry, vault.as_deref()).map(Some);
                }
            }
            self.rest = None;
            let at = self.next;
            let Some((segment, _)) = self.browser.segments.get(at) else { return Ok(None) };
            self.next += 1;
            if self.browser.may_have(at, self.wanted.chain) && self.browser.may_reach(at, self.wanted.from) {
                self.enter(at, segment)?;
            }
        }
    }

    /// Begins with a segment.
    fn enter(&mut self, at: usize, segment: &Arc<Segment>) -> Result<(), ReadError> {
        let disk = &self.browser.disk;
        let file = disk.open_read(&segment.path).map_err(ReadError::io(&segment.path))?;
        let head = IndexHead::open(disk.as_ref(), segment, file.as_ref());
        let found = head.and_then(|head| head.find(&self.wanted).map(|offsets| (head, offsets)));
        let mut begin = Position::START;
        let mut covered = false;
        if let Some((head, offsets)) = found {
            let next = self.browser.segments.get(at + 1).map(|(next, _)| next.first);
            covered = next == Some(segment.first + head.entries as u64);
            begin = Position { segment: segment.first, offset: u32::try_from(head.end).unwrap_or(u32::MAX) };
            let offsets = offsets.into_iter();
            self.places = Some(Places { segment: Arc::clone(segment), file, offsets });
        }
        if !covered {
            let run = vec![Arc::clone(segment)];
            let run = Entries::over(Arc::clone(disk), run, self.browser.end());
            self.rest = Some(run.starting(begin));
        }
        Ok(())
    }

    fn wants(&self, entry: &Entry) -> bool {
        let Wanted { chain, from, label } = &self.wanted;
        chain.is_none_or(|chain| chain == entry.id.chain)
            && from.is_none_or(|from| entry.time >= from)
            && label.is_none_or(|takes| takes(&(self.label)(entry)))
    }
}

impl Iterator for Find<'_> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let entry = self.step().transpose();
        self.failed = matches!(entry, Some(Err(_)));
        entry
    }
}

impl fmt::Debug for Find<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Find").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl Reader {
    /// Returns the first entry of a chain, among those up to `last`, that was written at or after a moment, if the clock
    /// never went back; the one after `last` when there is none.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when an entry cannot be read or is damaged.
    pub(crate) fn first_at(&self, chain: Chain, last: u64, moment: Timestamp) -> Result<u64, ReadError> {
        let (mut low, mut high) = (1, last + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(chain, middle)? {
                Some(entry) if entry.time < moment => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }
}
