//! What the file system knows: what programs see, and what would be there after a power cut.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::Fault;
use super::change::Change;

pub(super) struct State {
    pub(super) inodes: Vec<Inode>,
    /// The names as programs see them.
    pub(super) names: BTreeMap<PathBuf, usize>,
    /// The names as they would be after a power cut.
    pub(super) durable_names: BTreeMap<PathBuf, usize>,
    /// The changes to names that are not durable yet, in order.
    pub(super) pending_names: Vec<NameChange>,
    pub(super) dirs: Vec<PathBuf>,
    pub(super) locked: Vec<usize>,
    pub(super) operations: u64,
    pub(super) fault: Option<Fault>,
    pub(super) crashed: bool,
    /// The process that had the files open was killed.
    pub(super) dead: bool,
    /// Counts the restarts: files opened before one are gone.
    pub(super) boot: u64,
    pub(super) ignores_syncs: bool,
    pub(super) bytes_max: Option<u64>,
    pub(super) random: u64,
}

#[derive(Default)]
pub(super) struct Inode {
    pub(super) seen: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

pub(super) enum NameChange {
    Set(PathBuf, usize),
    Remove(PathBuf),
}

impl State {
    /// Counts an operation and says whether it is one that goes wrong.
    pub(super) fn operation(&mut self) -> io::Result<()> {
        self.alive()?;
        let now = self.operations;
        self.operations += 1;
        match self.fault {
            Some(Fault::Crash { at }) if now >= at => {
                self.crashed = true;
                Err(io::Error::other("simulated power cut"))
            }
            Some(Fault::Die { at }) if now >= at => {
                self.dead = true;
                Err(io::Error::other("simulated kill"))
            }
            Some(Fault::Fail { at }) if now == at => Err(io::Error::other("simulated failure")),
            Some(Fault::FailFrom { at }) if now >= at => Err(io::Error::other("simulated failure")),
            _ => Ok(()),
        }
    }

    pub(super) fn alive(&self) -> io::Result<()> {
        match (self.crashed, self.dead) {
            (true, _) => Err(io::Error::other("simulated power cut")),
            (_, true) => Err(io::Error::other("simulated kill")),
            _ => Ok(()),
        }
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<usize> {
        self.alive()?;
        self.names.get(path).copied().ok_or(io::ErrorKind::NotFound.into())
    }

    pub(super) fn add(&mut self, path: &Path) -> usize {
        self.inodes.push(Inode::default());
        let inode = self.inodes.len() - 1;
        self.change_name(NameChange::Set(path.to_owned(), inode));
        inode
    }

    pub(super) fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }

    pub(super) fn change(&mut self, inode: usize, change: Change) -> io::Result<()> {
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

impl NameChange {
    pub(super) fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
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
