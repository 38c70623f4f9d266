//! Making the indexes of a journal's segments, beside the one that writes it.

use std::io;
use std::time::{Duration, Instant};

use super::format::entry_bytes;
use super::index::{Draft, IndexHead};
use super::read::Reader;
use super::words::{Entry, Position};

/// So many bytes of a segment that is written to make its index be written again: that many are read by whoever looks for
/// entries.
const BEHIND_BYTES: u64 = 4 << 20;

/// Says what an entry is like.
pub type Label = fn(&Entry) -> Vec<u8>;

/// Makes and keeps indexes.
pub struct Indexer {
    reader: Reader,
    label: Label,
    /// The segment that is worked on, by the number of its first entry, and where its index ends.
    now: Option<(u64, Draft, u64)>,
    /// Segments up to this one have an index that covers them.
    done: u64,
    /// See [`BEHIND_BYTES`].
    behind: u64,
}

impl Indexer {
    /// Returns what makes the indexes of the journal that this reads.
    #[must_use]
    pub fn new(reader: &Reader, label: Label) -> Self {
        Self { reader: reader.clone(), label, now: None, done: 0, behind: BEHIND_BYTES }
    }

    /// As [`Indexer::new`], for an index that never lags.
    #[cfg(test)]
    pub(crate) fn eager(reader: &Reader, label: Label) -> Self {
        Self { behind: 1, ..Self::new(reader, label) }
    }

    /// Brings the index of one segment up to what is written of it. True when there is more to do; an index that lags a
    /// little is left as it is.
    ///
    /// # Errors
    ///
    /// The index cannot be written, or the segment cannot be read: then there is no index of it, and this goes on with the
    /// next.
    pub fn step(&mut self) -> io::Result<bool> {
        let Some((segment, until)) = self.reader.segment_after(self.done) else { return Ok(false) };
        let end = self.reader.end();
        let closed = until.is_some();
        let disk = self.reader.disk();
        let (mut draft, from) = match self.now.take() {
            Some((first, draft, from)) if first == segment.first => (draft, from),
            _ => {
                let head = disk.open_read(&segment.path).ok();
                let head = head.and_then(|file| IndexHead::open(disk, &segment, file.as_ref()));
                let draft = head.as_ref().and_then(Draft::after);
                match head.zip(draft) {
                    Some((head, draft)) => (draft, head.end),
                    None => (Draft::default(), segment.start),
                }
            }
        };
        let whole = until.is_some_and(|next| draft.entries() as u64 == next - segment.first);
        if whole || (!closed && u64::from(end.offset).saturating_sub(from) < self.behind) {
            if whole {
                self.done = segment.first;
            } else {
                self.now = Some((segment.first, draft, from));
            }
            return Ok(whole);
        }
        if closed {
            // Whatever comes of it.
            self.done = segment.first;
        }
        let mut reached = from;
        let begin = Position { segment: segment.first, offset: u32::try_from(from).unwrap_or(u32::MAX) };
        for entry in self.reader.read_sealed(begin, end) {
            let entry = entry.map_err(io::Error::other)?;
            if entry.position.segment != segment.first {
                break;
            }
            draft.add(&entry, (self.label)(&entry));
            reached = u64::from(entry.position.offset) + entry_bytes(entry.payload.len()) as u64;
        }
        draft.write(disk, &segment, u32::try_from(reached).map_err(io::Error::other)?)?;
        if !closed {
            self.now = Some((segment.first, draft, reached));
        }
        Ok(true)
    }

    /// Makes indexes until told to stop, and takes no more than a part of a processor for it.
    pub fn run(mut self, pause: Duration, is_stopped: &dyn Fn() -> bool) {
        while !is_stopped() {
            let begin = Instant::now();
            match self.step() {
                Ok(true) => std::thread::sleep(begin.elapsed().min(pause)),
                Ok(false) => std::thread::sleep(pause),
                Err(error) => {
                    tracing::warn!(code = "JournalIndexError", %error, "The index of a part of the journal could not be made; lists read that part itself.");
                    std::thread::sleep(pause);
                }
            }
        }
    }
}

impl std::fmt::Debug for Indexer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Indexer").field("done", &self.done).finish_non_exhaustive()
    }
}
