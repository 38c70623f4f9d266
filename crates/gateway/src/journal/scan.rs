//! Reading a segment file from one end to the other.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::{Disk, DiskFile};
use super::error::{Damage, DamageKind, OpenError, ReadError};
use super::format::{
    ENTRY_ALIGN, ENTRY_HEADER, EntryHeader, SEGMENT_FIXED, SegmentHeader, SegmentHeaderError, is_zero,
};
use super::words::EntryId;

/// How much is read at a time; more when an entry is larger.
const CHUNK_BYTES: usize = 1 << 20;

/// A segment file whose header was read and found right.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// The number of its first entry.
    pub(super) first: u64,
    pub(super) marker: u64,
    /// Where its first entry begins.
    pub(super) start: u64,
}

impl Segment {
    /// Returns the damage of this kind at a place of this segment.
    pub(super) fn damage(&self, offset: u64, entry: Option<EntryId>, kind: DamageKind) -> Damage {
        Damage { file: self.path.clone(), offset, entry, kind }
    }
}

/// Returns the path of the segment that begins with this entry.
pub(super) fn segment_path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("journal-{first:020}.iwj"))
}

/// Returns the numbers in the names of the segment files of a directory, in order.
pub(super) fn list_segments(disk: &dyn Disk, dir: &Path) -> Result<Vec<u64>, OpenError> {
    let names = disk.list(dir).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => OpenError::Missing { dir: dir.to_owned() },
        _ => OpenError::Io { doing: "listing", path: dir.to_owned(), source },
    })?;
    let mut segments: Vec<u64> = names.iter().filter_map(|name| segment_number(name)).collect();
    segments.sort_unstable();
    Ok(segments)
}

fn segment_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("journal-")?.strip_suffix(".iwj")?;
    let whole = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| digits.parse().ok()).flatten()
}

/// Opens a segment and reads its header.
pub(super) fn open_segment(
    disk: &dyn Disk,
    dir: &Path,
    first: u64,
) -> Result<(Segment, SegmentHeader, Box<dyn DiskFile>), ReadError> {
    let path = segment_path(dir, first);
    let damage = |error| {
        let kind = match error {
            SegmentHeaderError::Damaged => DamageKind::SegmentHeader,
            SegmentHeaderError::UnknownFormat(found) => DamageKind::UnknownFormat { found },
        };
        Damage { file: path.clone(), offset: 0, entry: None, kind }
    };
    let file = disk.open_read(&path).map_err(ReadError::io(&path))?;
    let mut fixed = [0; SEGMENT_FIXED];
    file.read_at(&mut fixed, 0).map_err(ReadError::io(&path))?;
    let mut bytes = vec![0; SegmentHeader::length_from(&fixed).map_err(damage)?];
    let read = file.read_at(&mut bytes, 0).map_err(ReadError::io(&path))?;
    let header = SegmentHeader::decode(&bytes[..read]).map_err(damage)?;
    if header.first != first {
        return Err(damage(SegmentHeaderError::Damaged).into());
    }
    let segment = Segment { path, first, marker: header.marker, start: bytes.len() as u64 };
    Ok((segment, header, file))
}

/// Reads the entries of a segment one after the other.
pub(super) struct Scanner {
    file: Box<dyn DiskFile>,
    marker: u64,
    buffer: Vec<u8>,
    /// How much of the buffer was read from the file.
    filled: usize,
    /// Where in the file the buffer begins.
    base: u64,
    /// Where in the file the next entry begins.
    at: u64,
}

/// What stands at a place of a segment.
pub(super) enum Found<'a> {
    /// An entry whose checksums are right.
    Entry {
        /// Its header.
        header: EntryHeader,
        /// Its payload.
        payload: &'a [u8],
    },
    /// Zeros where a header would be, or too little room for one.
    End,
    /// Something else.
    Wrong {
        /// What is wrong with it.
        kind: DamageKind,
        /// Its header, if that is right.
        header: Option<EntryHeader>,
    },
}

impl Scanner {
    /// Begins to read at an offset.
    pub(super) fn new(file: Box<dyn DiskFile>, marker: u64, at: u64) -> Self {
        Self { file, marker, buffer: Vec::new(), filled: 0, base: at, at }
    }

    /// Returns where the next entry begins.
    pub(super) fn offset(&self) -> u64 {
        self.at
    }

    /// Goes on reading at another offset, with nothing buffered.
    pub(super) fn seek(&mut self, at: u64) {
        self.filled = 0;
        self.base = at;
        self.at = at;
    }

    /// Returns what comes next, and goes past it if it is an entry.
    pub(super) fn next(&mut self) -> io::Result<Found<'_>> {
        let offset = self.at;
        let Some(bytes) = self.bytes(offset, ENTRY_HEADER)?.first_chunk::<ENTRY_HEADER>() else {
            return Ok(if is_zero(self.bytes(offset, ENTRY_HEADER)?) {
                Found::End
            } else {
                Found::Wrong { kind: DamageKind::EntryHeader, header: None }
            });
        };
        let bytes = *bytes;
        if is_zero(&bytes) {
            return Ok(Found::End);
        }
        let Some(header) = EntryHeader::decode(&bytes, self.marker) else {
            return Ok(Found::Wrong { kind: DamageKind::EntryHeader, header: None });
        };
        let length = header.entry_bytes();
        let whole = self.bytes(offset, length)?;
        let right = whole.len() == length && {
            let (payload, padding) = whole[ENTRY_HEADER..].split_at(header.payload_bytes);
            is_zero(padding) && crc32c::crc32c(payload) == header.payload_crc
        };
        if !right {
            return Ok(Found::Wrong { kind: DamageKind::Payload, header: Some(header) });
        }
        self.at += length as u64;
        let payload = &self.bytes(offset, length)?[ENTRY_HEADER..ENTRY_HEADER + header.payload_bytes];
        Ok(Found::Entry { header, payload })
    }

    /// Returns whether there is nothing but zeros from an offset to the end of the file, all of which is read.
    pub(super) fn is_zero_from(&mut self, offset: u64) -> io::Result<bool> {
        let mut at = offset;
        loop {
            let bytes = self.bytes(at, CHUNK_BYTES)?;
            if bytes.is_empty() {
                return Ok(true);
            }
            if !is_zero(bytes) {
                return Ok(false);
            }
            at += bytes.len() as u64;
        }
    }

    /// As [`Scanner::is_zero_from`], but what the file system says was never written is not read.
    pub(super) fn is_unwritten_from(&mut self, offset: u64) -> io::Result<bool> {
        let mut buffer = Vec::new();
        let mut part = self.file.written_from(offset)?;
        while !part.is_empty() {
            buffer.resize(usize::try_from(part.end - part.start).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES), 0);
            let read = self.file.read_at(&mut buffer, part.start)?;
            if !is_zero(&buffer[..read]) {
                return Ok(false);
            }
            if read < buffer.len() {
                // The file ends there by now.
                return Ok(true);
            }
            part.start += read as u64;
            if part.is_empty() {
                part = self.file.written_from(part.start)?;
            }
        }
        Ok(true)
    }

    /// Returns the first header, from an offset on, that `wanted` takes, and where it stands.
    pub(super) fn find_header(
        &mut self,
        offset: u64,
        wanted: impl Fn(&EntryHeader) -> bool,
    ) -> io::Result<Option<(u64, EntryHeader)>> {
        let marker = self.marker;
        let mut at = offset;
        loop {
            let bytes = self.bytes(at, CHUNK_BYTES)?;
            for (place, window) in bytes.windows(ENTRY_HEADER).step_by(ENTRY_ALIGN).enumerate() {
                // No entry has the number zero: most of a file that is not full is passed over here.
                if is_zero(&window[8..16]) {
                    continue;
                }
                let header = window.first_chunk().and_then(|bytes| EntryHeader::decode(bytes, marker));
                if let Some(header) = header.filter(&wanted) {
                    return Ok(Some((at + (place * ENTRY_ALIGN) as u64, header)));
                }
            }
            if bytes.len() < CHUNK_BYTES {
                return Ok(None);
            }
            at += (CHUNK_BYTES - ENTRY_HEADER) as u64;
        }
    }

    /// Returns this many bytes from an offset on, fewer only when the file ends before.
    fn bytes(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let filled_end = self.base + self.filled as u64;
        if offset < self.base || offset + length as u64 > filled_end {
            // What is already there moves to the front; the file is read on from its end.
            let kept = if (self.base..filled_end).contains(&offset) {
                (offset - self.base) as usize..self.filled
            } else {
                0..0
            };
            let kept_bytes = kept.len();
            // Never larger than what is left of the file.
            let rest = usize::try_from(self.file.len()?.saturating_sub(offset)).unwrap_or(usize::MAX);
            if self.buffer.len() < length.min(rest) {
                let mut larger = vec![0; length.max(CHUNK_BYTES).min(rest)];
                larger[..kept_bytes].copy_from_slice(&self.buffer[kept]);
                self.buffer = larger;
            } else {
                self.buffer.copy_within(kept, 0);
            }
            self.base = offset;
            let read = self.file.read_at(&mut self.buffer[kept_bytes..], offset + kept_bytes as u64)?;
            self.filled = kept_bytes + read;
        }
        let from = (offset - self.base) as usize;
        let to = (from + length).min(self.filled);
        Ok(&self.buffer[from..to])
    }
}
