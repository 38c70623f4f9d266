//! The journal's narrow view of the file system, so that a test can break it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{Advice, SeekFrom, fadvise, seek};
use rustix::io::Errno;

/// What the journal asks of a file system.
pub trait Disk: Send + Sync + 'static {
    /// Makes a directory and those above it, and makes them durable in their parents.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Returns the names of the files in a directory, in any order.
    ///
    /// # Errors
    ///
    /// What the system said; `NotFound` when there is no such directory.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Opens an existing file for reading only.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file for reading and writing.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn open_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Makes an empty file for reading and writing, in place of one of that name.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file for reading and writing, made if it is not there, and locks it against other
    /// processes for as long as the result lives.
    ///
    /// # Errors
    ///
    /// What the system said; `WouldBlock` when another holds the lock.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name in the same directory, in place of one of that name.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// What the journal asks of an open file.
pub trait DiskFile: Send + Sync {
    /// Returns the length in bytes.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn len(&self) -> io::Result<u64>;

    /// Returns whether there is nothing in it.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads at an offset until the buffer is full or the file ends; returns how many bytes it read.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Returns the first part, from an offset on, where something may have been written; an empty one, when from there on
    /// only room is reserved, which reads as zeros. A file system that does not know names all of it.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn written_from(&self, offset: u64) -> io::Result<Range<u64>> {
        Ok(offset..self.len()?.max(offset))
    }

    /// Writes all bytes at an offset.
    ///
    /// # Errors
    ///
    /// What the system said; any part may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes content and length durable (`fdatasync`).
    ///
    /// # Errors
    ///
    /// What the system said; nothing written since the last success may be taken as durable, then or later.
    fn sync_data(&self) -> io::Result<()>;

    /// Cuts or lengthens the file; new bytes are zero.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn set_len(&self, bytes: u64) -> io::Result<()>;

    /// Reserves room and lengthens the file to at least this size; new bytes are zero.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut missing = Vec::new();
        for dir in path.ancestors() {
            if dir.as_os_str().is_empty() || dir.is_dir() {
                break;
            }
            missing.push(dir);
        }
        for dir in missing.into_iter().rev() {
            match DirBuilder::new().mode(0o700).create(dir) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
            self.sync_dir(parent.unwrap_or(Path::new(".")))?;
        }
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            // A name that is not UTF-8 is none of ours.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(RealFile(File::open(path)?)))
    }

    fn open_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(RealFile(OpenOptions::new().read(true).write(true).open(path)?)))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            TryLockError::Error(error) => error,
        })?;
        Ok(Box::new(RealFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            match self.0.read_at(&mut buffer[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(bytes) => read += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn written_from(&self, offset: u64) -> io::Result<Range<u64>> {
        // Zeros that the system read ahead are in its memory, and count as written as long as they are. Advice may be ignored.
        let _ = fadvise(&self.0, offset, None, Advice::DontNeed);
        let part = seek(&self.0, SeekFrom::Data(offset))
            .and_then(|from| Ok(from..seek(&self.0, SeekFrom::Hole(from))?));
        match part {
            Ok(part) => Ok(part),
            Err(Errno::NXIO) => Ok(offset..offset),
            // Not every file system knows.
            Err(_) => Ok(offset..self.len()?.max(offset)),
        }
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        match fs4::FileExt::allocate(&self.0, bytes) {
            // Not every file system can reserve; the room is then taken as it is written.
            Err(error) if error.kind() != io::ErrorKind::Unsupported => return Err(error),
            _ => {}
        }
        // Reserved blocks may lie beyond the end of a file that was cut.
        if self.len()? < bytes { self.set_len(bytes) } else { Ok(()) }
    }
}
