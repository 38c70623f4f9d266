//! A file system in memory that fails, crashes and fills up when told to.
//!
//! It keeps what programs see apart from what would be there after a power cut. What was not synced may be
//! there, may be lost or may be torn after a crash, and a `sync_data` that fails forgets what it should have
//! made durable, as Linux does. Everything it does by chance comes from a seed.
//!
//! Operations that change something or sync are counted; reading is not.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{Disk, DiskFile};

/// What survives of a write that was not synced, survives in pieces of this size.
const SECTOR_BYTES: usize = 512;

/// A file system in memory; clones are the same one.
#[derive(Clone)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

/// What goes wrong, and at which operation, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation fails, those after it succeed again.
    Fail {
        /// The operation.
        at: u64,
    },
    /// The operation fails, and so does every one after it until the next [`SimulatedDisk::mend`].
    FailFrom {
        /// The operation.
        at: u64,
    },
    /// The power goes: from this operation on, nothing works until [`SimulatedDisk::restart`].
    Crash {
        /// The operation.
        at: u64,
    },
}

struct State {
    inodes: Vec<Inode>,
    /// The names as programs see them.
    names: BTreeMap<PathBuf, usize>,
    /// The names as they would be after a power cut.
    durable_names: BTreeMap<PathBuf, usize>,
    /// The changes to names that are not durable yet, in order.
    pending_names: Vec<NameChange>,
    dirs: Vec<PathBuf>,
    locked: Vec<usize>,
    operations: u64,
    fault: Option<Fault>,
    crashed: bool,
    /// Counts the restarts: files opened before one are gone.
    boot: u64,
    ignores_syncs: bool,
    bytes_max: Option<u64>,
    random: u64,
}

#[derive(Default)]
struct Inode {
    seen: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

enum NameChange {
    Set(PathBuf, usize),
    Remove(PathBuf),
}

impl SimulatedDisk {
    /// Returns an empty file system.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending_names: Vec::new(),
            dirs: Vec::new(),
            locked: Vec::new(),
            operations: 0,
            fault: None,
            crashed: false,
            boot: 0,
            ignores_syncs: false,
            bytes_max: None,
            random: seed,
        })))
    }

    /// Sets what goes wrong next.
    pub fn fail(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    /// Lets nothing go wrong from now on.
    pub fn mend(&self) {
        self.state().fault = None;
    }

    /// Sets how many bytes all files together may have.
    pub fn limit(&self, bytes_max: Option<u64>) {
        self.state().bytes_max = bytes_max;
    }

    /// Makes `sync_data` say that it worked and do nothing, as a disk that lies does. With this, a test shows
    /// that it would see the loss.
    pub fn ignore_syncs(&self) {
        self.state().ignores_syncs = true;
    }

    /// Returns how many operations were done.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Returns whether the power went.
    pub fn has_crashed(&self) -> bool {
        self.state().crashed
    }

    /// Cuts the power, if it has not gone yet, and comes back with what survived. Nothing goes wrong from
    /// then on.
    pub fn restart(&self) {
        let mut state = self.state();
        let state = &mut *state;
        let random = &mut state.random;
        // A journalling file system keeps a beginning of the changes to names.
        let kept = chance(random, state.pending_names.len() as u64 + 1) as usize;
        for change in state.pending_names.drain(..).take(kept) {
            change.apply(&mut state.durable_names);
        }
        for inode in &mut state.inodes {
            for change in std::mem::take(&mut inode.pending) {
                change.apply_in_part(&mut inode.durable, random);
            }
            inode.seen.clone_from(&inode.durable);
        }
        state.names.clone_from(&state.durable_names);
        state.locked.clear();
        state.crashed = false;
        state.fault = None;
        state.boot += 1;
    }

    /// Lets the program die that had files open, as `kill -9` does: what it wrote is there, its locks are gone.
    pub fn kill(&self) {
        let mut state = self.state();
        state.locked.clear();
        state.boot += 1;
    }

    /// Returns the content of a file as programs see it.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(path).map(|inode| state.inodes[*inode].seen.clone())
    }

    /// Puts a file there, durably.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = self.state();
        state.inodes.push(Inode { seen: bytes.clone(), durable: bytes, pending: Vec::new() });
        let inode = state.inodes.len() - 1;
        state.names.insert(path.to_owned(), inode);
        state.durable_names.insert(path.to_owned(), inode);
        state.dirs.extend(path.parent().map(Path::to_owned));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, state: &State, inode: usize, holds_lock: bool) -> Box<dyn DiskFile> {
        Box::new(SimulatedFile { disk: self.clone(), inode, boot: state.boot, holds_lock })
    }
}

impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedDisk").field("operations", &self.operations()).finish_non_exhaustive()
    }
}

impl State {
    /// Counts an operation and says whether it is one that goes wrong.
    fn operation(&mut self) -> io::Result<()> {
        self.alive()?;
        let now = self.operations;
        self.operations += 1;
        match self.fault {
            Some(Fault::Crash { at }) if now >= at => {
                self.crashed = true;
                Err(io::Error::other("simulated power cut"))
            }
            Some(Fault::Fail { at }) if now == at => Err(io::Error::other("simulated failure")),
            Some(Fault::FailFrom { at }) if now >= at => Err(io::Error::other("simulated failure")),
            _ => Ok(()),
        }
    }

    fn alive(&self) -> io::Result<()> {
        if self.crashed { Err(io::Error::other("simulated power cut")) } else { Ok(()) }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.alive()?;
        self.names.get(path).copied().ok_or(io::ErrorKind::NotFound.into())
    }

    fn add(&mut self, path: &Path) -> usize {
        self.inodes.push(Inode::default());
        let inode = self.inodes.len() - 1;
        self.change_name(NameChange::Set(path.to_owned(), inode));
        inode
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }

    fn change(&mut self, inode: usize, change: Change) -> io::Result<()> {
        let length_now = self.inodes[inode].seen.len();
        let length = match &change {
            Change::Write { offset, bytes } => length_now.max(offset + bytes.len()),
            Change::Length(length) => *length,
        };
        let others: u64 = self
            .names
            .values()
            .filter(|name| **name != inode)
            .map(|name| self.inodes[*name].seen.len() as u64)
            .sum();
        if length > length_now && self.bytes_max.is_some_and(|max| others + length as u64 > max) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let inode = &mut self.inodes[inode];
        change.apply(&mut inode.seen);
        inode.pending.push(change);
        Ok(())
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    set_len(content, end);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
            Self::Length(length) => set_len(content, *length),
        }
    }

    /// Applies what a power cut leaves of it: all, nothing, or some sectors.
    fn apply_in_part(&self, content: &mut Vec<u8>, random: &mut u64) {
        match (chance(random, 4), self) {
            (0, _) => {}
            (1, _) | (_, Self::Length(_)) => self.apply(content),
            (how, Self::Write { offset, bytes }) => {
                let cut = chance(random, bytes.len() as u64 + 1) as usize;
                let mut at = 0;
                while at < bytes.len() {
                    // Sectors have fixed places in the file.
                    let end = ((offset + at + 1).next_multiple_of(SECTOR_BYTES) - offset).min(bytes.len());
                    let (kept, end) = if how == 2 {
                        (at < cut, end.min(cut.max(at + 1)))
                    } else {
                        (chance(random, 2) == 0, end)
                    };
                    if kept {
                        Self::Write { offset: offset + at, bytes: bytes[at..end].to_vec() }.apply(content);
                    }
                    at = end;
                }
            }
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Set(path, inode) => {
                // A rename: the file has one name.
                names.retain(|_, other| other != inode);
                names.insert(path.clone(), *inode);
            }
            Self::Remove(path) => {
                names.remove(path);
            }
        }
    }
}

fn set_len(content: &mut Vec<u8>, length: usize) {
    let kept = content.len().min(length);
    let mut other = vec![0; length];
    other[..kept].copy_from_slice(&content[..kept]);
    *content = other;
}

/// Returns a number below `bound`, and moves on.
fn chance(random: &mut u64, bound: u64) -> u64 {
    // SplitMix64.
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *random;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % bound
}

impl Disk for SimulatedDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.dirs.iter().any(|dir| dir == path) {
            return state.alive();
        }
        state.operation()?;
        state.dirs.push(path.to_owned());
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        state.alive()?;
        if !state.dirs.iter().any(|known| known == dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let state = self.state();
        let inode = state.find(path)?;
        Ok(self.file(&state, inode, false))
    }

    fn open_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open_read(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        state.operation()?;
        let inode = match state.find(path) {
            Ok(inode) => {
                state.change(inode, Change::Length(0))?;
                inode
            }
            Err(_) => state.add(path),
        };
        Ok(self.file(&state, inode, false))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        state.operation()?;
        let inode = state.find(path).unwrap_or_else(|_| state.add(path));
        if state.locked.contains(&inode) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.locked.push(inode);
        Ok(self.file(&state, inode, true))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        let inode = state.find(from)?;
        state.change_name(NameChange::Set(to.to_owned(), inode));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        state.find(path)?;
        state.change_name(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operation()?;
        let state = &mut *state;
        for change in state.pending_names.drain(..) {
            change.apply(&mut state.durable_names);
        }
        Ok(())
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    inode: usize,
    boot: u64,
    holds_lock: bool,
}

impl SimulatedFile {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        state.alive()?;
        if state.boot == self.boot { Ok(state) } else { Err(io::Error::other("opened before the power cut")) }
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.state()?;
        let failure = state.operation();
        if let (Err(_), Change::Write { offset, bytes }) = (&failure, &change) {
            // A write that fails, or that the power cut ends, may have done a part.
            let done = chance(&mut state.random, bytes.len() as u64 + 1) as usize;
            state.change(self.inode, Change::Write { offset: *offset, bytes: bytes[..done].to_vec() })?;
        }
        failure?;
        state.change(self.inode, change)
    }
}

impl DiskFile for SimulatedFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state()?.inodes[self.inode].seen.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.state()?;
        let content = &state.inodes[self.inode].seen;
        let from = usize::try_from(offset).map_or(content.len(), |offset| offset.min(content.len()));
        let read = buffer.len().min(content.len() - from);
        buffer[..read].copy_from_slice(&content[from..from + read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.change(Change::Write { offset: offset as usize, bytes: bytes.to_vec() })
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state()?;
        let done = state.operation();
        if state.crashed || state.ignores_syncs {
            return done;
        }
        let state = &mut *state;
        let inode = &mut state.inodes[self.inode];
        for change in std::mem::take(&mut inode.pending) {
            match done {
                Ok(()) => change.apply(&mut inode.durable),
                // What could not be written is forgotten; the next sync will not try it again.
                Err(_) => change.apply_in_part(&mut inode.durable, &mut state.random),
            }
        }
        done
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.change(Change::Length(bytes as usize))
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        if self.len()? < bytes { self.change(Change::Length(bytes as usize)) } else { Ok(()) }
    }
}

impl Drop for SimulatedFile {
    fn drop(&mut self) {
        if self.holds_lock {
            let mut state = self.disk.state();
            if state.boot == self.boot {
                state.locked.retain(|inode| *inode != self.inode);
            }
        }
    }
}
