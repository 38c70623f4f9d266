//! Reading a journal, beside the one that writes it.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;

use super::catalog::{Catalog, Located, READ_BYTES, Rest, follows, look_through};
use super::disk::{Disk, DiskFile, RealDisk};
use super::error::{DamageKind, OpenError, ReadError};
use super::format::{ENTRY_HEADER, EntryHeader, is_zero};
use super::scan::{Found, Scanner, Segment};
use super::words::{Chain, Entry, EntryId, Position, Tip, Tips};
use crate::vault::{KeyId, PLAIN_VERSION, SEALED_VERSION, Vault};

/// How much of an entry is read before its length is known.
const FIRST_READ_BYTES: usize = 8 << 10;

/// Reads the entries of a journal; any number of them, in any thread, beside the writer.
///
/// Of a journal that this process writes it sees what is durable.
#[derive(Clone)]
pub struct Reader {
    disk: Arc<dyn Disk>,
    catalog: Arc<RwLock<Catalog>>,
    vault: Option<Arc<Vault>>,
}

impl Reader {
    pub(super) fn new(disk: Arc<dyn Disk>, catalog: Catalog) -> Self {
        Self { disk, catalog: Arc::new(RwLock::new(catalog)), vault: None }
    }

    /// Gives the keys with which sealed entries are opened; without them those come as they are on disk.
    pub fn set_vault(&mut self, vault: Arc<Vault>) {
        self.vault = Some(vault);
    }

    /// Returns a reader to which some keys are as if they were destroyed.
    #[must_use]
    pub fn withholding(&self, ids: impl IntoIterator<Item = KeyId>) -> Self {
        let vault = self.vault.as_ref().map(|vault| vault.withholding(ids));
        Self { vault, ..self.clone() }
    }

    /// Returns the keys with which sealed entries are opened.
    pub fn vault(&self) -> Option<&Arc<Vault>> {
        self.vault.as_ref()
    }

    /// Returns one entry as it is on disk, or nothing when the chain does not have it.
    ///
    /// # Errors
    ///
    /// As [`Reader::get`].
    pub fn get_sealed(&self, chain: Chain, seq: u64) -> Result<Option<Entry>, ReadError> {
        self.get_raw(EntryId { chain, seq }, &mut None)
    }

    /// Returns the entries of a chain from a sequence number on, in order, up to the tip it has now.
    pub fn read(&self, chain: Chain, from: u64) -> ChainEntries {
        let until = self.catalog().tip(chain).seq;
        ChainEntries { reader: self.clone(), chain, next: from.max(1), until, open: None }
    }

    /// Returns one entry, or nothing when the chain does not have it.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when the entry cannot be read or is damaged.
    pub fn get(&self, chain: Chain, seq: u64) -> Result<Option<Entry>, ReadError> {
        self.get_with(EntryId { chain, seq }, &mut None)
    }

    /// Returns all entries in the order of the files, from a position up to the end as it is now.
    pub fn read_all(&self, from: Position) -> Entries {
        let catalog = self.catalog();
        let at = catalog.segments.partition_point(|segment| segment.first < from.segment);
        let segments = catalog.segments.iter().skip(at).cloned().collect();
        let entries = Entries::over(Arc::clone(&self.disk), segments, catalog.end_position());
        Entries { from, vault: self.vault.clone(), ..entries }
    }

    /// Returns the tip of every chain that has an entry.
    pub fn tips(&self) -> Tips {
        self.catalog().tips.clone()
    }

    /// Returns from where to read so as to see every entry beyond these tips.
    ///
    /// Entries that are not beyond them may be among those that follow.
    pub fn position_after(&self, tips: &Tips) -> Position {
        self.catalog().position_after(tips)
    }

    /// Returns how many entries there are.
    pub fn entries(&self) -> u64 {
        self.catalog().next - 1
    }

    /// Returns the segment files in order and how many bytes of each are written, for a copy of the journal
    /// as it is now.
    ///
    /// All but the last never change again; of the last, what lies beyond may be cut.
    pub fn files(&self) -> Vec<(PathBuf, Option<u64>)> {
        let catalog = self.catalog();
        let mut files: Vec<_> = catalog.segments.iter().map(|segment| (segment.path.clone(), None)).collect();
        if let Some((_, written)) = files.last_mut() {
            *written = Some(catalog.end);
        }
        files
    }

    /// Returns the first segment after the one that begins with this entry, and with which entry the one after it begins.
    pub(super) fn segment_after(&self, first: u64) -> Option<(Arc<Segment>, Option<u64>)> {
        let catalog = self.catalog();
        let at = catalog.segments.partition_point(|segment| segment.first <= first);
        let next = catalog.segments.get(at + 1).map(|segment| segment.first);
        Some((Arc::clone(catalog.segments.get(at)?), next))
    }

    /// Returns where the entry after the last begins.
    pub(super) fn end(&self) -> Position {
        self.catalog().end_position()
    }

    /// Returns the entries between two positions as they are on disk.
    pub(super) fn read_sealed(&self, from: Position, end: Position) -> Entries {
        let catalog = self.catalog();
        let at = catalog.segments.partition_point(|segment| segment.first < from.segment);
        let segments = catalog.segments.iter().skip(at).take(1).cloned().collect();
        Entries { from, ..Entries::over(Arc::clone(&self.disk), segments, end) }
    }

    pub(super) fn disk(&self) -> &dyn Disk {
        self.disk.as_ref()
    }

    pub(super) fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        // Nothing panics while it changes the catalog half.
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn catalog_mut(&self) -> RwLockWriteGuard<'_, Catalog> {
        self.catalog.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the entries of a segment that is known by its header alone.
    fn look_through(&self, at: usize) -> Result<(), ReadError> {
        let known = self.catalog().known(at);
        let Some(known) = known else { return Ok(()) };
        let entries = look_through(self.disk.as_ref(), known)?;
        self.catalog_mut().look(at, entries);
        Ok(())
    }

    /// Returns whether a chain has, or had at some time, this tip.
    ///
    /// # Errors
    ///
    /// As [`Reader::get`].
    pub fn had(&self, tip: &Tip) -> Result<bool, ReadError> {
        if self.catalog().has_at_an_end(tip) {
            return Ok(true);
        }
        Ok(self.get_sealed(tip.chain, tip.seq)?.is_some_and(|entry| entry.tip() == *tip))
    }

    /// Returns the last entry, when it is known without reading more than was read at opening.
    pub fn last(&self) -> Option<EntryId> {
        self.catalog().last
    }

    fn get_with(&self, id: EntryId, open: &mut Option<OpenSegment>) -> Result<Option<Entry>, ReadError> {
        self.get_raw(id, open)?.map(|entry| opened(entry, self.vault.as_deref())).transpose()
    }

    fn get_raw(&self, id: EntryId, open: &mut Option<OpenSegment>) -> Result<Option<Entry>, ReadError> {
        let (segment, offset) = loop {
            let located = self.catalog().locate(id.chain, id.seq);
            match located {
                Located::Nowhere => return Ok(None),
                Located::At(segment, offset) => break (segment, offset),
                Located::In(at) => self.look_through(at)?,
            }
        };
        let file = match open {
            Some(open) if open.segment.first == segment.first => &open.file,
            _ => {
                let file = self.disk.open_read(&segment.path).map_err(ReadError::io(&segment.path))?;
                &open.insert(OpenSegment { segment: Arc::clone(&segment), file }).file
            }
        };
        read_entry(file.as_ref(), &segment, offset, Some(id)).map(Some)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("entries", &self.entries()).finish_non_exhaustive()
    }
}

struct OpenSegment {
    segment: Arc<Segment>,
    file: Box<dyn DiskFile>,
}

/// Reads the entry at an offset of a segment; which it should be, where that is known.
pub(super) fn read_entry(
    file: &dyn DiskFile,
    segment: &Segment,
    offset: u64,
    id: Option<EntryId>,
) -> Result<Entry, ReadError> {
    let io = || ReadError::io(&segment.path);
    let damage = |kind| ReadError::from(segment.damage(offset, id, kind));
    let mut bytes = vec![0; FIRST_READ_BYTES];
    let mut read = file.read_at(&mut bytes, offset).map_err(io())?;
    let header = bytes[..read]
        .first_chunk::<ENTRY_HEADER>()
        .and_then(|header| EntryHeader::decode(header, segment.marker))
        .filter(|header| id.is_none_or(|id| header.id == id))
        .ok_or_else(|| damage(DamageKind::EntryHeader))?;
    let length = header.entry_bytes();
    if length > read {
        bytes.resize(length, 0);
        read += file.read_at(&mut bytes[read..], offset + read as u64).map_err(io())?;
    }
    if read < length {
        return Err(damage(DamageKind::Payload));
    }
    let (payload, padding) = bytes[ENTRY_HEADER..length].split_at(header.payload_bytes);
    if crc32c::crc32c(payload) != header.payload_crc || !is_zero(padding) {
        return Err(damage(DamageKind::Payload));
    }
    Ok(entry(segment, offset, &header, payload))
}

fn entry(segment: &Segment, offset: u64, header: &EntryHeader, payload: &[u8]) -> Entry {
    Entry {
        id: header.id,
        position: Position { segment: segment.first, offset: offset as u32 },
        number: header.number,
        time: header.time,
        kind: header.kind,
        version: header.version,
        previous: header.previous,
        hash: header.hash,
        payload: Bytes::copy_from_slice(payload),
        gone: false,
    }
}

/// Opens what is sealed in an entry.
pub(super) fn opened(mut entry: Entry, vault: Option<&Vault>) -> Result<Entry, ReadError> {
    if let Some(vault) = vault.filter(|_| entry.version == SEALED_VERSION) {
        let opened = vault.unseal(entry.id, entry.kind, &entry.payload);
        let opened = opened.map_err(|why| ReadError::Sealed { entry: entry.id, why })?;
        (entry.payload, entry.gone) = (opened.plain, opened.gone);
        entry.version = PLAIN_VERSION;
    }
    Ok(entry)
}

/// The entries of one chain, in order. Ends after the first error.
pub struct ChainEntries {
    reader: Reader,
    chain: Chain,
    next: u64,
    until: u64,
    open: Option<OpenSegment>,
}

impl Iterator for ChainEntries {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next > self.until {
            return None;
        }
        let id = EntryId { chain: self.chain, seq: self.next };
        let entry = self.reader.get_with(id, &mut self.open).transpose();
        self.next = if matches!(entry, Some(Ok(_))) { self.next + 1 } else { u64::MAX };
        entry
    }
}

impl fmt::Debug for ChainEntries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainEntries")
            .field("chain", &self.chain)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// The entries of all chains, in the order of the files. Ends after the first error.
pub struct Entries {
    disk: Arc<dyn Disk>,
    segments: VecDeque<Arc<Segment>>,
    open: Option<(Arc<Segment>, Scanner)>,
    from: Position,
    /// Where the entry after the last begins.
    end: Position,
    /// The number of the entry that comes next, once one was seen.
    number: Option<u64>,
    /// The tips of the chains seen, to check that each entry follows.
    tips: Tips,
    failed: bool,
    vault: Option<Arc<Vault>>,
}

impl Entries {
    /// Returns the entries of consecutive segments, up to the end of the journal if the last of them is its last.
    pub(super) fn over(disk: Arc<dyn Disk>, segments: Vec<Arc<Segment>>, end: Position) -> Self {
        Self {
            disk,
            segments: segments.into(),
            open: None,
            from: Position::START,
            end,
            number: None,
            tips: Tips::new(),
            failed: false,
            vault: None,
        }
    }

    /// Begins at a position in the first of them.
    pub(super) fn starting(self, from: Position) -> Self {
        Self { from, ..self }
    }

    /// Opens what is sealed with these keys.
    pub(super) fn with(self, vault: Option<Arc<Vault>>) -> Self {
        Self { vault, ..self }
    }

    fn step(&mut self) -> Result<Option<Entry>, ReadError> {
        loop {
            let (segment, scanner) = match &mut self.open {
                Some(open) => open,
                None => {
                    let Some(segment) = self.segments.pop_front() else { return Ok(None) };
                    let file = self.disk.open_read(&segment.path).map_err(ReadError::io(&segment.path))?;
                    let here = segment.first == self.from.segment;
                    let at =
                        if here { u64::from(self.from.offset).max(segment.start) } else { segment.start };
                    let scanner = Scanner::new(file, segment.marker, at);
                    self.open.insert((segment, scanner))
                }
            };
            let offset = scanner.offset();
            if segment.first == self.end.segment && offset >= u64::from(self.end.offset) {
                return Ok(None);
            }
            let (kind, id) = match scanner.next().map_err(ReadError::io(&segment.path))? {
                Found::Entry { header, payload } => {
                    let number = self.number.unwrap_or(header.number);
                    // Of a chain not seen yet, the first entry is taken as it is.
                    let first = Tip { chain: header.id.chain, seq: header.id.seq - 1, hash: header.previous };
                    let tip = self.tips.get(&header.id.chain).copied().unwrap_or(first);
                    if let Some(kind) = follows(number, tip, &header) {
                        return Err(segment.damage(offset, Some(header.id), kind).into());
                    }
                    let entry = entry(segment, offset, &header, payload);
                    self.tips.insert(header.id.chain, entry.tip());
                    self.number = Some(number + 1);
                    return Ok(Some(entry));
                }
                Found::End => match self.segments.front().map(|next| next.first) {
                    Some(next) if self.number.is_none_or(|number| number == next) => {
                        self.number = Some(next);
                        self.open = None;
                        continue;
                    }
                    Some(next) => {
                        let expected = self.number.unwrap_or(segment.first);
                        (DamageKind::SegmentEndsEarly { expected, next }, None)
                    }
                    // Whoever reads on finds whether the next segment follows.
                    None if segment.first != self.end.segment => return Ok(None),
                    None => (DamageKind::EntryHeader, None),
                },
                Found::Wrong { kind, header } => (kind, header.map(|header| header.id)),
            };
            return Err(segment.damage(offset, id, kind).into());
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let entry = self.step().transpose();
        let entry = entry.map(|entry| entry.and_then(|entry| opened(entry, self.vault.as_deref())));
        self.failed = matches!(entry, Some(Err(_)));
        entry
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("from", &self.from)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// A journal that this process does not write; another may.
///
/// It takes no lock. It ends quietly where the last complete entry ends, which may be one that the writer
/// has not acknowledged yet.
#[derive(Clone, Debug)]
pub struct ReadOnlyJournal {
    dir: PathBuf,
    reader: Reader,
}

impl ReadOnlyJournal {
    /// Opens the journal in a directory and reads its end; damage before that shows where it is read, or to
    /// [`verify`](super::verify()).
    ///
    /// # Errors
    ///
    /// [`OpenError`] when there is none, when it is damaged before its end, or when the system fails.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(RealDisk), dir)
    }

    /// Opens the journal in a directory and reads its last segment alone: for who wants a few entries.
    ///
    /// # Errors
    ///
    /// As [`ReadOnlyJournal::open`].
    pub fn open_last(dir: &Path) -> Result<Self, OpenError> {
        Self::open_reading(Arc::new(RealDisk), dir, 1)
    }

    /// Opens the journal in a directory of another file system.
    ///
    /// # Errors
    ///
    /// As [`ReadOnlyJournal::open`].
    pub fn open_on(disk: Arc<dyn Disk>, dir: &Path) -> Result<Self, OpenError> {
        Self::open_reading(disk, dir, READ_BYTES)
    }

    /// Opens the journal and reads so much of its end.
    pub(super) fn open_reading(disk: Arc<dyn Disk>, dir: &Path, read_bytes: u64) -> Result<Self, OpenError> {
        let (catalog, _) = Catalog::open(disk.as_ref(), dir, read_bytes, Rest::Asked)?;
        Ok(Self { dir: dir.to_owned(), reader: Reader::new(disk, catalog) })
    }

    pub(super) fn with(dir: &Path, disk: Arc<dyn Disk>, catalog: Catalog) -> Self {
        Self { dir: dir.to_owned(), reader: Reader::new(disk, catalog) }
    }

    /// Takes up what was written since.
    ///
    /// # Errors
    ///
    /// As [`ReadOnlyJournal::open`]; what was known before stays readable.
    pub fn refresh(&self) -> Result<(), OpenError> {
        let disk = self.reader.disk.as_ref();
        let extended = self.reader.catalog_mut().extend(disk, &self.dir);
        if extended.is_err() {
            // The writer may have taken back an append that it could not acknowledge. A fresh look tells.
            let (catalog, _) = Catalog::open(disk, &self.dir, READ_BYTES, Rest::Asked)?;
            *self.reader.catalog_mut() = catalog;
        }
        Ok(())
    }

    /// Gives the keys with which sealed entries are opened.
    pub fn set_vault(&mut self, vault: Arc<Vault>) {
        self.reader.set_vault(vault);
    }

    /// Returns a reader of what is known.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}
