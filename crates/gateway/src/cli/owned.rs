//! Whom the files of a store belong to when root had something to do with it.
//!
//! The gateway runs as a user of its own, and its operators often as root. A file that root makes in the store is then one
//! that the gateway can no longer open, and it does not start. So what became root's goes to whom the folder belongs to.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Dir, Mode, OFlags, openat};
use rustix::io::Errno;

use crate::control::own_uid;
use crate::vault::KEYS_DIR;

const ROOT: u32 = 0;

/// What a store has; nothing else in its folder is looked at.
const FOLDERS: [&str; 3] = ["journal", KEYS_DIR, "ledger"];

/// A store that this process may write in. When it is let go of, what became root's meanwhile, or before that, belongs to whom
/// the folder belongs to. A process that is killed leaves it; the next one gives it back.
#[derive(Debug)]
pub(super) struct Owned {
    /// The folder and who has it, when this process is root and that is somebody else.
    others: Option<(PathBuf, u32, u32)>,
}

impl Owned {
    /// The store in a folder. A folder that is not there yet, as before the first `serve`, is made by this process and stays
    /// its own.
    pub(super) fn of(folder: &Path) -> Self {
        let root = own_uid().is_ok_and(|uid| uid == ROOT);
        let others = folder.metadata().ok().filter(|owner| root && owner.uid() != ROOT);
        Self { others: others.map(|owner| (folder.to_owned(), owner.uid(), owner.gid())) }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let Some((folder, uid, gid)) = &self.others else { return };
        if let Err(error) = give_back(folder, *uid, *gid) {
            // Standard error may be closed; there is nowhere left to say so.
            let _ = writeln!(
                io::stderr().lock(),
                "iwmo: files in {} may be root's now, and keep the gateway from starting: {error}\n  \
                 do: chown -R {uid}:{gid} {}",
                folder.display(),
                folder.display()
            );
        }
    }
}

/// Gives what is root's in a store to somebody else.
fn give_back(folder: &Path, uid: u32, gid: u32) -> io::Result<()> {
    let folder = openat(CWD, folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    for name in FOLDERS {
        give(&folder, &CString::new(name)?, (uid, gid))?;
    }
    Ok(())
}

/// Whoever has the folder may put into it what is none of theirs, under a name of the store: a link is not followed, and what
/// has another name elsewhere is left alone.
fn give(within: impl AsFd, name: &CStr, to: (u32, u32)) -> io::Result<()> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(within, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        // Gone meanwhile, a link, a socket.
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let about = file.metadata()?;
    if about.uid() == ROOT && (about.is_dir() || about.is_file() && about.nlink() == 1) {
        fchown(&file, Some(to.0), Some(to.1))?;
    }
    if about.is_dir() {
        let folder = OwnedFd::from(file);
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                give(&folder, name, to)?;
            }
        }
    }
    Ok(())
}
