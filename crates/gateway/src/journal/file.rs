//! The writer of a journal in files.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::catalog::{Catalog, READ_BYTES, Rest, Tail};
use super::disk::{Disk, DiskFile, RealDisk};
use super::encode::{Buffers, Encoded, Encoder, encode};
use super::error::{AppendError, Damage, OpenError};
use super::format::{SegmentHeader, mark_entry};
use super::read::Reader;
use super::scan::{Segment, segment_path};
use super::words::{ChainBatch, Epoch, Tip};
#[cfg(test)]
use crate::simulation::{Canary, is_broken};
use crate::vault::Vault;

/// The smallest segment size that can be asked for.
pub const SEGMENT_BYTES_MIN: u64 = 64 << 10;
/// The largest segment size that can be asked for.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// What an opening writes again at once.
const AGAIN_BYTES: usize = 1 << 20;
/// The length of the content of the lock file.
const LOCK_BYTES: usize = 42;

/// A journal in the files of a directory, open for writing.
pub struct FileJournal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segment_bytes: u64,
    /// Held, and nothing else, for as long as the journal is open.
    _lock: Box<dyn DiskFile>,
    epoch: Epoch,
    /// Every append adds to its catalog; nothing else does.
    reader: Reader,
    active: Option<Active>,
    /// Buffers for what is written in one append.
    spare: Buffers,
    recovery: Recovery,
}

/// How a journal is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The size of a segment file, reserved when it is made.
    pub segment_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20 }
    }
}

/// What the opening of a journal found to repair. Nothing is cut before the next append: whoever opens the journal
/// may know better, and then what is there must still be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Where the next append cuts the file because one was not finished.
    pub torn_tail: Option<Damage>,
}

/// The segment that is written to.
struct Active {
    segment: Arc<Segment>,
    file: Box<dyn DiskFile>,
    /// How far the file reaches.
    capacity: u64,
    /// What must be done before the next append.
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing.
    Ready,
    /// A write or sync failed or was cut short, now or before this opening: what lies after the last acknowledged entry
    /// must go.
    Unsure,
    /// A segment that follows this one may already be on disk: this one must not be written again.
    Closed,
}

impl FileJournal {
    /// Opens the journal in a directory for writing, and makes one if there is none.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when another process has it, when the last 256 MiB of it are damaged before their end or any
    /// header is, or when the system fails. Damage before that shows where it is read, or to
    /// [`verify`](super::verify()).
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(RealDisk), dir, options)
    }

    /// Opens the journal in a directory of another file system.
    ///
    /// # Errors
    ///
    /// As [`FileJournal::open`].
    pub fn open_on(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Result<Self, OpenError> {
        Self::open_reading(disk, dir, options, READ_BYTES)
    }

    /// Opens the journal and reads so much of its end.
    pub(super) fn open_reading(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: Options,
        read_bytes: u64,
    ) -> Result<Self, OpenError> {
        if !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&options.segment_bytes) {
            return Err(OpenError::SegmentSize {
                given: options.segment_bytes,
                min: SEGMENT_BYTES_MIN,
                max: SEGMENT_BYTES_MAX,
            });
        }
        disk.create_dir(dir).map_err(OpenError::io("making", dir))?;
        let (lock, epoch_before) = take_lock(disk.as_ref(), dir)?;
        remove_unfinished(disk.as_ref(), dir)?;
        let (catalog, tail) = Catalog::open(disk.as_ref(), dir, read_bytes, Rest::Read)?;
        let torn_tail = match tail {
            Tail::Clean => None,
            Tail::Torn(damage) => Some(damage),
        };
        let active = match catalog.segments.last() {
            Some(segment) => Some(
                Active::find(disk.as_ref(), segment, options.segment_bytes)
                    .map_err(OpenError::io("opening", &segment.path))?,
            ),
            None => None,
        };
        harden(disk.as_ref(), dir, &catalog)?;
        let epoch = Epoch(epoch_before.max(catalog.epoch) + 1);
        write_epoch(lock.as_ref(), epoch).map_err(OpenError::io("writing", &lock_path(dir)))?;
        Ok(Self {
            reader: Reader::new(Arc::clone(&disk), catalog),
            disk,
            dir: dir.to_owned(),
            segment_bytes: options.segment_bytes,
            _lock: lock,
            epoch,
            active,
            spare: Buffers::default(),
            recovery: Recovery { torn_tail },
        })
    }

    /// Returns what the opening had to repair.
    pub fn recovered(&self) -> &Recovery {
        &self.recovery
    }

    /// Gives the keys with which sealed entries are opened, and new ones sealed.
    pub fn set_vault(&mut self, vault: Arc<Vault>) {
        self.reader.set_vault(vault);
    }

    /// Returns a reader for other threads; it sees every append once that has returned.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Returns what encodes batches for this journal, from where it ends now.
    pub fn encoder(&self) -> Encoder {
        Encoder::new(self.epoch, self.reader.clone(), self.spare.clone())
    }

    /// Writes what was encoded to follow the last entry that there is, and returns the new tip of each chain, in the order
    /// given, once all is durable.
    ///
    /// # Errors
    ///
    /// As [`FileJournal::append`].
    pub fn write(&mut self, encoded: Encoded) -> Result<Vec<Tip>, AppendError> {
        let Encoded { epoch, first, mut bytes, entries, before, after } = encoded;
        self.check(epoch, first, &before)?;
        if entries.is_empty() {
            return Ok(after);
        }
        self.prepare(bytes.len() as u64)?;
        let Some(active) = &mut self.active else {
            // `prepare` has made one.
            return Err(unavailable("finding a segment in", &self.dir)(io::ErrorKind::NotFound.into()));
        };
        for (offset, _) in &entries {
            mark_entry(&mut bytes[*offset as usize..], active.segment.marker);
        }

        // One write and one sync for all chains. After a failure nothing is taken as written, whatever the
        // file seems to hold: pages that could not be written are marked clean by the system.
        let end = self.reader.catalog().end;
        let written = active.file.write_at(&bytes, end).and_then(|()| active.file.sync_data());
        let new_end = end + bytes.len() as u64;
        self.spare.give_back(bytes);
        if let Err(error) = written {
            active.state = State::Unsure;
            let failure = unavailable("writing", &active.segment.path)(error);
            // Taking it back now leaves the least to a crash; if that fails, the next append begins with it.
            let _ = self.prepare(0);
            return Err(failure);
        }

        let mut catalog = self.reader.catalog_mut();
        for (offset, tip) in entries {
            catalog.add(end + u64::from(offset), tip);
        }
        catalog.end = new_end;
        Ok(after)
    }

    /// Says whether what comes is meant to follow the last entry that there is.
    fn check(&self, epoch: Epoch, first: u64, before: &[Tip]) -> Result<(), AppendError> {
        if epoch != self.epoch {
            return Err(AppendError::StaleEpoch { held: self.epoch, given: epoch });
        }
        let catalog = self.reader.catalog();
        for given in before {
            let held = catalog.tip(given.chain);
            if held != *given {
                return Err(AppendError::StaleTip { held, given: *given });
            }
        }
        if first != catalog.next {
            return Err(AppendError::StaleNumber { held: catalog.next, given: first });
        }
        Ok(())
    }

    /// Makes sure that the active segment may be written to and has room for this many bytes.
    fn prepare(&mut self, bytes: u64) -> Result<(), AppendError> {
        let end = self.reader.catalog().end;
        if let Some(active) = self.active.as_mut().filter(|active| active.state == State::Unsure) {
            let capacity = active.capacity;
            *active = Active::cut(self.disk.as_ref(), &active.segment, end, capacity)
                .map_err(unavailable("taking back a failed write to", &active.segment.path))?;
        }
        match &self.active {
            Some(active) if active.state == State::Ready && end + bytes <= active.capacity => Ok(()),
            _ => self.add_segment(bytes),
        }
    }

    /// Makes a segment with room for this many bytes, and writes to that from now on.
    fn add_segment(&mut self, bytes: u64) -> Result<(), AppendError> {
        let header = {
            let catalog = self.reader.catalog();
            let (tips, epoch) = (catalog.tips.clone(), self.epoch.0);
            SegmentHeader { first: catalog.next, epoch, marker: rand::random(), tips }
        };
        let path = segment_path(&self.dir, header.first);
        let unfinished = path.with_extension("iwj.new");
        let head = header.encode();
        let start = head.len() as u64;
        let capacity = self.segment_bytes.max(start + bytes);
        let made = self.disk.create(&unfinished).and_then(|file| {
            file.allocate(capacity)?;
            file.write_at(&head, 0)?;
            file.sync_data()?;
            Ok(file)
        });
        let file = made.map_err(|error| {
            // It only takes room now; if it cannot be removed, the next opening does.
            let _ = self.disk.remove(&unfinished);
            unavailable("making", &path)(error)
        })?;
        // From here on the new segment may be found after a crash.
        let old_end = self.reader.catalog().end;
        if let Some(active) = &mut self.active {
            active.state = State::Closed;
        }
        self.disk.rename(&unfinished, &path).map_err(unavailable("naming", &path))?;
        self.disk.sync_dir(&self.dir).map_err(unavailable("making durable", &self.dir))?;
        if let Some(active) = &self.active {
            // Gives back room that was reserved and not used. If it fails, zeros stay there.
            let _ = active.file.set_len(old_end);
        }
        let segment = Arc::new(Segment { path, first: header.first, marker: header.marker, start });
        self.reader.catalog_mut().add_segment(Arc::clone(&segment));
        self.active = Some(Active { segment, file, capacity, state: State::Ready });
        Ok(())
    }
}

impl FileJournal {
    /// Returns the epoch under which this journal was opened.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Appends batches to their chains and returns the new tip of each, in the order given, once all of
    /// them are durable.
    ///
    /// Each entry is one transaction. After a crash during the call a beginning of what was given may be
    /// there, in order; nothing is ever missing in the middle. A commit whose outcome is unknown is settled by reading the
    /// tip or by appending the identical batch again, never by a new batch.
    ///
    /// # Errors
    ///
    /// See [`AppendError`]: the caller's mistakes change nothing; [`AppendError::Unavailable`] is
    /// temporary.
    pub fn append(&mut self, epoch: Epoch, batches: &[ChainBatch<'_>]) -> Result<Vec<Tip>, AppendError> {
        let first = self.reader.catalog().next;
        let encoded = encode(epoch, first, batches, &self.spare)?;
        self.write(encoded)
    }
}

impl fmt::Debug for FileJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileJournal")
            .field("dir", &self.dir)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl Active {
    /// Opens the last segment for writing and leaves it as it is. What lies after its last entry is cut before the
    /// first append, also when it reads as zeros: the process before this one may have cut a torn tail and failed to
    /// make that durable, and then the tail is still on the disk, behind what the memory of the system shows.
    fn find(disk: &dyn Disk, segment: &Arc<Segment>, capacity: u64) -> io::Result<Self> {
        let file = disk.open_write(&segment.path)?;
        let capacity = capacity.max(file.len()?);
        Ok(Self { segment: Arc::clone(segment), file, capacity, state: State::Unsure })
    }

    /// Opens the last segment for writing, cut off at its durable end.
    fn cut(disk: &dyn Disk, segment: &Arc<Segment>, end: u64, capacity: u64) -> io::Result<Self> {
        let file = disk.open_write(&segment.path)?;
        file.set_len(end)?;
        // On a full disk there is no room to reserve; the next append then asks for a new segment, and
        // until then everything can be read.
        let _ = file.allocate(capacity.max(end));
        // Until this has succeeded, nothing may be written there.
        file.sync_data()?;
        let capacity = file.len()?;
        Ok(Self { segment: Arc::clone(segment), file, capacity, state: State::Ready })
    }
}

fn unavailable(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AppendError {
    let path = path.to_owned();
    move |source| AppendError::Unavailable { doing, path, source }
}

fn lock_path(dir: &Path) -> PathBuf {
    dir.join("lock")
}

/// Locks the directory; returns the lock and the epoch of who had it last.
fn take_lock(disk: &dyn Disk, dir: &Path) -> Result<(Box<dyn DiskFile>, u64), OpenError> {
    let path = lock_path(dir);
    match disk.lock(&path) {
        Ok(file) => {
            // A lock file that cannot be read is as one that was removed: the segments also name the epoch.
            let content = lock_content(file.as_ref()).map_err(OpenError::io("reading", &path))?;
            Ok((file, content.map_or(0, |(epoch, _)| epoch)))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            let content = disk.open_read(&path).and_then(|file| lock_content(file.as_ref()));
            let pid = content.ok().flatten().map(|(_, pid)| pid);
            Err(OpenError::Locked { dir: dir.to_owned(), pid })
        }
        Err(source) => Err(OpenError::Io { doing: "locking", path, source }),
    }
}

fn lock_content(file: &dyn DiskFile) -> io::Result<Option<(u64, u32)>> {
    let mut bytes = [0; LOCK_BYTES];
    let read = file.read_at(&mut bytes, 0)?;
    let text = str::from_utf8(&bytes[..read]).ok();
    Ok(text.and_then(|text| {
        let (epoch, pid) = text.strip_prefix("epoch ")?.strip_suffix('\n')?.split_once(" pid ")?;
        Some((epoch.parse().ok()?, pid.parse().ok()?))
    }))
}

fn write_epoch(lock: &dyn DiskFile, epoch: Epoch) -> io::Result<()> {
    let content = format!("epoch {:020} pid {:010}\n", epoch.0, std::process::id());
    lock.write_at(content.as_bytes(), 0)?;
    lock.sync_data()
}

/// Makes durable what was found. The process before this one may have died between a write and its sync, or after a
/// sync that failed: then what is read here is in the memory of the system alone, and whoever is answered because of
/// it would be answered too early. An append begins only after the one before it was made durable, so it is the
/// last append, and the name of the last segment.
fn harden(disk: &dyn Disk, dir: &Path, catalog: &Catalog) -> Result<(), OpenError> {
    let (Some(segment), Some(from)) = (catalog.segments.last(), catalog.last_append) else {
        return disk.sync_dir(dir).map_err(OpenError::io("making durable", dir));
    };
    #[cfg(test)]
    if is_broken(Canary::TrustsWhatItFinds) {
        return Ok(());
    }
    let again = || -> io::Result<()> {
        disk.sync_dir(dir)?;
        let file = disk.open_write(&segment.path)?;
        let mut at = from;
        let left = |at: u64| usize::try_from(catalog.end - at).unwrap_or(AGAIN_BYTES).min(AGAIN_BYTES);
        let mut buffer = vec![0; left(from)];
        while at < catalog.end {
            let rest = left(at);
            let read = file.read_at(&mut buffer[..rest], at)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // Written again and not only synced: what a failed sync could not write the system takes for written.
            file.write_at(&buffer[..read], at)?;
            at += read as u64;
        }
        file.sync_data()
    };
    again().map_err(OpenError::io("making durable", &segment.path))
}

/// Removes segments that were never finished; no entry was ever written to them.
fn remove_unfinished(disk: &dyn Disk, dir: &Path) -> Result<(), OpenError> {
    for name in disk.list(dir).map_err(OpenError::io("listing", dir))? {
        if name.starts_with("journal-") && name.ends_with(".iwj.new") {
            let path = dir.join(name);
            disk.remove(&path).map_err(OpenError::io("removing", &path))?;
        }
    }
    Ok(())
}
