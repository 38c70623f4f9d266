//! An open file.

use std::io;
use std::sync::MutexGuard;

use super::change::{Change, chance};
use super::state::State;
use super::{Fault, SimulatedDisk};
use crate::journal::disk::DiskFile;

pub(super) struct SimulatedFile {
    pub(super) disk: SimulatedDisk,
    pub(super) inode: usize,
    pub(super) boot: u64,
    pub(super) holds_lock: bool,
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
        if let Some(Fault::FailFromSync { at }) = state.fault
            && state.operations >= at
        {
            state.fault = Some(Fault::FailFrom { at });
        }
        let done = state.operation();
        if state.crashed || state.dead || state.ignores_syncs {
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
