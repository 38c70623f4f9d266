//! Files that appear at once and whole, and move without writing over another.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Names tried for a file when its own is taken.
const NAMES_MAX: u32 = 10_000;
/// Bytes of the name that a file is dealt with under: a file system takes 255, and what is made of it is longer, as that
/// of a result that is being written.
const NAME_BYTES_MAX: usize = 230;
/// Bytes of an extension that is kept when a name is cut.
const EXTENSION_BYTES_MAX: usize = 16;
/// Ends the name of a file that is being dealt with; a dot begins it.
const CLAIMED: &str = ".bezig";

/// Makes a folder in that of a partner, which is made for its owner and group: messages stand in it.
pub(super) fn make(folder: &Path, name: impl AsRef<Path>) -> io::Result<()> {
    if !folder.is_dir() {
        DirBuilder::new().recursive(true).mode(0o770).create(folder)?;
    }
    fs::create_dir_all(folder.join(name))
}

/// Writes a file: first under a hidden name, then, when it is on disk, under its own.
pub(super) fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let hidden = folder.join(format!(".{name}.part"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&hidden)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&hidden, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// Reads a file of at most so many bytes; none if it is larger. Anything but a plain file is an error.
pub(super) fn read(path: &Path, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let file = File::open(path)?;
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= bytes_max).then_some(bytes))
}

/// Takes a file for oneself, under a hidden name: whoever puts another one there under the same name does not change
/// what is being read, and is not moved away unread with it. One that was taken before, and not settled, comes first.
/// Returns where it is and the name that its result gets; none: it is not there any more.
pub(super) fn claim(folder: &Path, found: &OsStr) -> io::Result<Option<(PathBuf, String)>> {
    let hidden = |name: &str| folder.join(format!(".{name}{CLAIMED}"));
    let there = |path: &Path| fs::symlink_metadata(path).is_ok();
    let mut name = writable(found);
    if found == OsStr::new(&name) {
        if there(&hidden(&name)) {
            return Ok(Some((hidden(&name), name)));
        }
    } else {
        name = first_free(&name, |name| !there(&folder.join(name)) && !there(&hidden(name)))?;
    }
    match fs::rename(folder.join(found), hidden(&name)) {
        Ok(()) => Ok(Some((hidden(&name), name))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The name that a file is dealt with under: its own, unless that is no text or leaves no room for what is made of it.
fn writable(found: &OsStr) -> String {
    let name = found.to_string_lossy();
    if name.len() <= NAME_BYTES_MAX {
        return name.into_owned();
    }
    let extension = name.rfind('.').map_or("", |dot| &name[dot..]);
    let extension = if extension.len() <= EXTENSION_BYTES_MAX { extension } else { "" };
    let stem = name.floor_char_boundary(NAME_BYTES_MAX - extension.len());
    format!("{}{extension}", &name[..stem])
}

/// Moves a claimed file into a folder with its result beside it, under its own name or, if that is taken, one with a
/// number. The result comes first: a crash in between leaves the file where it was, and the next look writes it again.
pub(super) fn settle(file: &Path, name: &str, folder: &Path, result: &[u8]) -> io::Result<()> {
    let free = |name: &str| !folder.join(name).exists();
    let name = first_free(name, free)?;
    write(folder, &format!("{name}.json"), result)?;
    fs::rename(file, folder.join(&name))?;
    File::open(folder)?.sync_all()
}

fn first_free(name: &str, free: impl Fn(&str) -> bool) -> io::Result<String> {
    (0..NAMES_MAX)
        .map(|number| if number == 0 { name.to_owned() } else { numbered(name, number) })
        .find(|name| free(name))
        .ok_or_else(|| io::Error::other("there are too many files of this name"))
}

fn numbered(name: &str, number: u32) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{number}.{extension}"),
        None => format!("{name}.{number}"),
    }
}

/// Returns the names of the files that are there to be taken: those still being written are left alone.
pub(super) fn waiting(folder: &Path, max: usize) -> io::Result<Vec<OsString>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found_name = entry.file_name();
        let name = found_name.to_string_lossy();
        if let Some(claimed) = name.strip_prefix('.').and_then(|name| name.strip_suffix(CLAIMED)) {
            found.insert(claimed.into());
            continue;
        }
        let unfinished = name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".part");
        if !unfinished && !entry.file_type()?.is_dir() {
            found.insert(found_name);
        }
    }
    Ok(found.into_iter().take(max).collect())
}
