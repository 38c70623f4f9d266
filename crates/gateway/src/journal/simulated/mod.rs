//! A file system in memory that fails, crashes and fills up when told to.
//!
//! It keeps what programs see apart from what would be there after a power cut. What was not synced may be
//! there, may be lost or may be torn after a crash, and a `sync_data` that fails forgets what it should have
//! made durable, as Linux does. Everything it does by chance comes from a seed.
//!
//! Operations that change something or sync are counted; reading is not.

mod change;
mod file;
mod state;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::change::{Change, chance};
use self::file::SimulatedFile;
use self::state::{Inode, NameChange, State};
use super::disk::{Disk, DiskFile};

/// A file system in memory; clones are the same one.
#[derive(Clone)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

/// What goes wrong, and at which operation, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
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
    /// The disk goes away in a sync: the first one from this operation on fails, and so does everything after it until the
    /// next [`SimulatedDisk::mend`]. What was written before it is seen, and is not durable.
    FailFromSync {
        /// The operation.
        at: u64,
    },
    /// The process is killed: from this operation on nothing works for it until [`SimulatedDisk::kill`] has made room for
    /// the next. What it wrote is there, synced or not.
    Die {
        /// The operation.
        at: u64,
    },
    /// The power goes: from this operation on, nothing works until [`SimulatedDisk::restart`].
    Crash {
        /// The operation.
        at: u64,
    },
}

impl SimulatedDisk {
    /// Returns an empty file system.
    pub(crate) fn new(seed: u64) -> Self {
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
            dead: false,
            boot: 0,
            ignores_syncs: false,
            bytes_max: None,
            random: seed,
        })))
    }

    /// Sets what goes wrong next.
    pub(crate) fn fail(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    /// Lets nothing go wrong from now on.
    pub(crate) fn mend(&self) {
        self.state().fault = None;
    }

    /// Sets how many bytes all files together may have.
    pub(crate) fn limit(&self, bytes_max: Option<u64>) {
        self.state().bytes_max = bytes_max;
    }

    /// Makes `sync_data` say that it worked and do nothing, as a disk that lies does. With this, a test shows
    /// that it would see the loss.
    pub(crate) fn ignore_syncs(&self) {
        self.state().ignores_syncs = true;
    }

    /// Returns how many operations were done.
    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Returns whether an operation fails now, and those after it.
    pub(crate) fn is_failing(&self) -> bool {
        let state = self.state();
        matches!(state.fault, Some(Fault::FailFrom { at }) if state.operations > at)
    }

    /// Returns whether the power went.
    pub(crate) fn has_crashed(&self) -> bool {
        self.state().crashed
    }

    /// Cuts the power, if it has not gone yet, and comes back with what survived. Nothing goes wrong from
    /// then on.
    pub(crate) fn restart(&self) {
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
        (state.crashed, state.dead) = (false, false);
        state.fault = None;
        state.boot += 1;
    }

    /// Lets the program die that had files open, as `kill -9` does: what it wrote is there, its locks are gone.
    pub(crate) fn kill(&self) {
        let mut state = self.state();
        state.locked.clear();
        if std::mem::take(&mut state.dead) {
            state.fault = None;
        }
        state.boot += 1;
    }

    /// Returns whether the process was killed.
    pub(crate) fn has_died(&self) -> bool {
        self.state().dead
    }

    /// Returns the content of a file as programs see it.
    pub(crate) fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(path).map(|inode| state.inodes[*inode].seen.clone())
    }

    /// Returns whether any file holds these bytes, as it is seen or as it would be found after a power cut.
    pub(crate) fn holds(&self, bytes: &[u8]) -> bool {
        let finder = memchr::memmem::Finder::new(bytes);
        let state = self.state();
        let mut inodes = state.names.values().chain(state.durable_names.values());
        inodes.any(|inode| {
            let inode = &state.inodes[*inode];
            finder.find(&inode.seen).is_some() || finder.find(&inode.durable).is_some()
        })
    }

    /// Puts a file there, durably.
    pub(crate) fn put(&self, path: &Path, bytes: Vec<u8>) {
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
