//! Copies of a store: made while the gateway runs, checked, and put back.
//!
//! # What a backup is
//!
//! A folder with the segment files of the journal, as they stood when it was made, and nothing else: the ledger is
//! derived from them. Segments but the last never change, so a backup into a folder that has one already copies
//! what is new. What it has and the journal has not is never written over. The last is copied up to its last complete entry. An entry that the gateway had not acknowledged
//! yet may be in it or not; one that was acknowledged before the backup began always is.
//!
//! # How it is made
//!
//! Each file is written under another name, synced, and renamed; the folder is synced at the end; then every
//! checksum and hash of the copy is verified. Interrupted, it leaves a backup that lags, and a `.part` file that
//! the next one replaces.
//!
//! # How it is put back
//!
//! A restore verifies the backup, copies it into a folder that has no journal, verifies the copy and only then gives
//! it its name, `journal`. A ledger that is there is dropped: it may stand for entries that the backup does not
//! have. What was received after the backup is not in it: partners send again what they got no receipt for, but
//! what they got a receipt for is gone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::journal::{EntryId, OpenError, ReadOnlyJournal, VerifyReport, verify};
use crate::ledger::{FORMAT, LedgerError};
use crate::store::{Ledger, StoreError};

/// The folder in a restored store that becomes the journal.
const RESTORING: &str = "journal.restoring";

/// Why a backup could not be made or put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The journal could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The system failed.
    #[error("{doing} {}", .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What was copied is not right; the report says what. The copy was left where it is.
    #[error("{} is not a journal that verifies: {}", .dir.display(), first_fault(.report))]
    NotClean {
        /// The folder.
        dir: PathBuf,
        /// What is wrong.
        report: Box<VerifyReport>,
    },
    /// Not one entry of a journal is there.
    #[error("{} has no entry of a journal", .dir.display())]
    Empty {
        /// The folder.
        dir: PathBuf,
    },
    /// What would be made stands in what it is made of, and would be lost with it.
    #[error("{} is in {of}", .to.display())]
    Inside {
        /// Where it was to be.
        to: PathBuf,
        /// What that is in.
        of: &'static str,
    },
    /// A journal is already there.
    #[error("{} has a journal already; nothing was changed", .dir.display())]
    Occupied {
        /// The folder.
        dir: PathBuf,
    },
    /// The backup folder has a journal that is not an earlier state of this one.
    #[error("{} has the backup of another journal: {file} is not the same; nothing was changed", .dir.display())]
    Foreign {
        /// The folder.
        dir: PathBuf,
        /// The segment file that differs.
        file: String,
    },
    /// The backup has an entry that the journal has not: to write over it may be to lose its last copy.
    #[error("{} has {entry}, which the journal does not have; nothing was changed", .dir.display())]
    Less {
        /// The folder.
        dir: PathBuf,
        /// The last entry of a chain in the backup.
        entry: EntryId,
    },
    /// The old ledger could not be dropped.
    #[error(transparent)]
    Ledger(#[from] StoreError),
}

impl BackupError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// Returns what an operator should do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Open(error) => error.advice(),
            Self::Io { .. } => {
                "Check that the disk is there, has room and that this user may read and write it."
            }
            Self::NotClean { .. } => {
                "Run `iwmo journal verify` on the store, and `iwmo store check` on earlier backups; do not throw any away."
            }
            Self::Empty { .. } => "Check the path, and whether the disk is mounted.",
            Self::Inside { .. } => {
                "Name a folder outside it, best on another disk: a backup is to be there when this one is not."
            }
            Self::Less { .. } => {
                "Keep that backup as it is and run `iwmo store check` on the store: entries may be gone from it that the backup has. If none are, begin a new folder."
            }
            Self::Occupied { .. } => {
                "Restore into an empty folder; or move the old journal away, and keep it."
            }
            Self::Foreign { .. } => "Give every store a backup folder of its own.",
            Self::Ledger(error) => error.advice(),
        }
    }
}

fn first_fault(report: &VerifyReport) -> String {
    let fault = report.faults.first().or(report.torn_tail.as_ref());
    fault.map_or_else(String::new, ToString::to_string)
}

/// What was copied.
#[derive(Clone, Debug)]
pub struct Copied {
    /// Files copied; those that were there already are not counted.
    pub files: u64,
    /// Bytes copied.
    pub bytes: u64,
    /// What verifying the copy found.
    pub report: VerifyReport,
}

/// Copies the journal of a store into a folder, while the gateway runs or not.
///
/// # Errors
///
/// [`BackupError`]; an earlier backup in the folder stays usable.
pub fn backup(data: &Path, to: &Path) -> Result<Copied, BackupError> {
    let journal = ReadOnlyJournal::open(&data.join("journal"))?;
    outside(to, data, "the data folder")?;
    make_dir(to)?;
    let files = journal.reader().files();
    let present = segments(to)?;
    // The last one that was copied may have grown since, or have lost what was never acknowledged.
    let complete = present.len().saturating_sub(1);
    for (at, name) in present.iter().enumerate() {
        let path = files.get(at).map(|(path, _)| path);
        if path.and_then(|path| path.file_name()).is_none_or(|ours| ours != name.as_str()) {
            return Err(BackupError::Foreign { dir: to.to_owned(), file: name.clone() });
        }
    }
    if let (Some(name), Some((path, _))) = (present.first(), files.first()) {
        // The marker of a segment is the same in no two journals.
        if head(&to.join(name))? != head(path)? {
            return Err(BackupError::Foreign { dir: to.to_owned(), file: name.clone() });
        }
    }
    // Damage to the last file of the backup is mended by copying it anew.
    if let (false, Ok(kept)) = (present.is_empty(), ReadOnlyJournal::open_last(to)) {
        for tip in kept.reader().tips().values() {
            if !journal.reader().had(tip).map_err(OpenError::from)? {
                let entry = EntryId { chain: tip.chain, seq: tip.seq };
                return Err(BackupError::Less { dir: to.to_owned(), entry });
            }
        }
    }
    let copied = copy(&files[complete.min(files.len())..], to)?;
    verified(to, copied)
}

/// Refuses a place that is in the folder that is read from.
fn outside(to: &Path, from: &Path, of: &'static str) -> Result<(), BackupError> {
    let real = from.canonicalize().map_err(BackupError::io("reading", from))?;
    // What is not there yet is where the folder above it is.
    let whole = std::path::absolute(to).map_err(BackupError::io("reading", to))?;
    let above = whole.ancestors().find_map(|above| above.canonicalize().ok());
    match above.is_some_and(|above| above.starts_with(real)) {
        true => Err(BackupError::Inside { to: to.to_owned(), of }),
        false => Ok(()),
    }
}

/// Puts a backup into a folder that has no journal.
///
/// # Errors
///
/// [`BackupError`]; the folder has no journal then, and can be tried again.
pub fn restore(from: &Path, data: &Path) -> Result<Copied, BackupError> {
    let (dir, part) = (data.join("journal"), data.join(RESTORING));
    if dir.exists() {
        return Err(BackupError::Occupied { dir: data.to_owned() });
    }
    verified(from, (0, 0))?;
    outside(data, from, "the folder of the backup")?;
    make_dir(data)?;
    if part.exists() {
        fs::remove_dir_all(&part).map_err(BackupError::io("removing", &part))?;
    }
    make_dir(&part)?;
    let files: Vec<_> = segments(from)?.iter().map(|name| (from.join(name), None)).collect();
    let copied = copy(&files, &part)?;
    let copied = verified(&part, copied)?;
    let ledger = data.join("ledger");
    if ledger.exists() {
        drop(Ledger::create(&ledger, FORMAT)?);
    }
    fs::rename(&part, &dir).map_err(BackupError::io("naming", &dir))?;
    sync_dir(data)?;
    Ok(copied)
}

/// How the ledger of a store stands to its journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerStand {
    /// It is what the journal says.
    InStep,
    /// It lags by so many entries; the next start applies them.
    Lags(u64),
    /// There is none, or it must be rebuilt; the next start does.
    NeedsRebuild(String),
    /// The gateway has it open.
    InUse,
    /// Whoever opens it must be able to write there, and this user cannot.
    NotWritable,
    /// It stands for an entry that the journal does not have: the journal has lost what was acknowledged.
    Ahead(String),
}

/// Whether a store could be read by who may write it: opening takes a lock.
#[must_use]
pub fn is_unwritable(error: &StoreError) -> bool {
    let kinds = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
    matches!(error, StoreError::Io(error) if kinds.contains(&error.kind()))
}

/// Looks how the ledger of a store stands to its journal, without changing either.
///
/// # Errors
///
/// The journal or the ledger cannot be read.
pub fn ledger_stand(data: &Path) -> Result<LedgerStand, LedgerError> {
    use crate::store::Opening;
    let journal = ReadOnlyJournal::open(&data.join("journal"))?;
    let reader = journal.reader();
    let ledger = match Ledger::open(&data.join("ledger"), FORMAT) {
        Ok(Opening::Opened(ledger)) => ledger,
        Ok(Opening::NeedsRebuild(reason)) => return Ok(LedgerStand::NeedsRebuild(reason.to_string())),
        Err(StoreError::Locked { .. }) => return Ok(LedgerStand::InUse),
        Err(error) if is_unwritable(&error) => return Ok(LedgerStand::NotWritable),
        Err(error) => return Err(error.into()),
    };
    let tips = ledger.tips();
    match crate::ledger::not_ahead(&tips, reader) {
        Err(LedgerError::Ahead { entry }) => return Ok(LedgerStand::Ahead(entry)),
        other => other?,
    }
    let applied: u64 = tips.values().map(|tip| tip.seq).sum();
    match reader.entries().saturating_sub(applied) {
        0 => Ok(LedgerStand::InStep),
        lag => Ok(LedgerStand::Lags(lag)),
    }
}

fn verified(dir: &Path, (files, bytes): (u64, u64)) -> Result<Copied, BackupError> {
    let report = verify(dir, &mut |_| {})?;
    if report.is_clean() && report.entries == 0 {
        return Err(BackupError::Empty { dir: dir.to_owned() });
    }
    if !report.is_clean() {
        return Err(BackupError::NotClean { dir: dir.to_owned(), report: Box::new(report) });
    }
    Ok(Copied { files, bytes, report })
}

/// Copies segment files, each up to where it is written.
fn copy(files: &[(PathBuf, Option<u64>)], to: &Path) -> Result<(u64, u64), BackupError> {
    let mut bytes = 0;
    for (from, written) in files {
        let Some(name) = from.file_name() else { continue };
        let target = to.join(name);
        let part = target.with_extension("iwj.part");
        let source = File::open(from).map_err(BackupError::io("reading", from))?;
        let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
        let mut copy = options.map_err(BackupError::io("making", &part))?;
        bytes += io::copy(&mut source.take(written.unwrap_or(u64::MAX)), &mut copy)
            .map_err(BackupError::io("copying to", &part))?;
        copy.sync_all().map_err(BackupError::io("making durable", &part))?;
        fs::rename(&part, &target).map_err(BackupError::io("naming", &target))?;
    }
    sync_dir(to)?;
    Ok((files.len() as u64, bytes))
}

/// Returns the names of the segment files in a folder, in order.
fn segments(dir: &Path) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(BackupError::io("listing", dir))? {
        let name = entry.map_err(BackupError::io("listing", dir))?.file_name();
        names.extend(name.into_string().ok().filter(|name| name.ends_with(".iwj")));
    }
    names.sort_unstable();
    Ok(names)
}

/// Returns the first bytes of a segment, which tell it from every other.
fn head(path: &Path) -> Result<[u8; 40], BackupError> {
    let mut bytes = [0; 40];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(BackupError::io("reading", path))?;
    Ok(bytes)
}

fn make_dir(dir: &Path) -> Result<(), BackupError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(BackupError::io("making", dir))
}

fn sync_dir(dir: &Path) -> Result<(), BackupError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(BackupError::io("making durable", dir))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::engine::tests::{Gateway, numbered};
    use crate::vault::KEYS_DIR;

    /// A backup made while messages come in has every message acknowledged before it began; a second one into the
    /// same folder adds what is new; put back, the store is a whole store and knows every copy.
    #[test]
    fn a_backup_of_a_running_gateway_is_put_back_whole() {
        let (store, copy, other) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let gateway = Gateway::in_folder(store.path());
        for number in 0..30 {
            gateway.send("backoffice", numbered(number)).unwrap();
        }
        let stop = Arc::new(AtomicBool::new(false));
        let sent = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut number = 30;
                while !stop.load(Ordering::SeqCst) {
                    gateway.send("backoffice", numbered(number)).unwrap();
                    number += 1;
                }
                number
            });
            for _ in 0..3 {
                let made = backup(store.path(), copy.path()).unwrap();
                assert!(made.report.entries > 30);
            }
            stop.store(true, Ordering::SeqCst);
            writer.join().unwrap()
        });
        let last = backup(store.path(), copy.path()).unwrap();
        assert!(last.files <= 2, "{} files copied again", last.files);
        assert_eq!(ledger_stand(store.path()).unwrap(), LedgerStand::InUse);
        gateway.stop();
        assert_eq!(ledger_stand(store.path()).unwrap(), LedgerStand::InStep);

        let restored = restore(copy.path(), other.path()).unwrap();
        assert_eq!(restored.report.tips, last.report.tips);
        assert!(matches!(restore(copy.path(), other.path()), Err(BackupError::Occupied { .. })));
        assert!(matches!(ledger_stand(other.path()).unwrap(), LedgerStand::NeedsRebuild(_)));
        // A backup has no keys: those are copied apart, or destroying one would destroy nothing.
        assert!(!copy.path().join(KEYS_DIR).exists());
        let keys = |store: &Path| store.join(KEYS_DIR);
        DirBuilder::new().mode(0o700).create(keys(other.path())).unwrap();
        for file in fs::read_dir(keys(store.path())).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), keys(other.path()).join(file.file_name())).unwrap();
        }
        let gateway = Gateway::in_folder(other.path());
        for number in 0..sent {
            assert!(gateway.send("backoffice", numbered(number)).unwrap().dubbel, "message {number} is lost");
        }
        gateway.stop();
    }

    /// A ledger that stands for entries that the restored journal does not have is dropped, and until then shown.
    #[test]
    fn a_ledger_ahead_of_its_journal_is_seen_and_a_restore_drops_it() {
        let (store, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let gateway = Gateway::in_folder(store.path());
        gateway.send("backoffice", numbered(1)).unwrap();
        backup(store.path(), copy.path()).unwrap();
        gateway.send("backoffice", numbered(2)).unwrap();
        gateway.stop();
        let journal = store.path().join("journal");
        fs::remove_dir_all(&journal).unwrap();
        DirBuilder::new().create(&journal).unwrap();
        for name in segments(copy.path()).unwrap() {
            fs::copy(copy.path().join(&name), journal.join(&name)).unwrap();
        }
        assert_eq!(ledger_stand(store.path()).unwrap(), LedgerStand::Ahead("0222:2".to_owned()));
        fs::remove_dir_all(&journal).unwrap();
        restore(copy.path(), store.path()).unwrap();
        let gateway = Gateway::in_folder(store.path());
        assert!(gateway.send("backoffice", numbered(1)).unwrap().dubbel);
        assert!(!gateway.send("backoffice", numbered(2)).unwrap().dubbel);
        gateway.stop();
    }

    /// An empty folder is no backup, and a backup in the folder that it is of would be lost with it.
    #[test]
    fn an_empty_folder_and_one_inside_the_store_are_refused() {
        let (store, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let other = store.path().with_extension("other");
        assert!(matches!(restore(empty.path(), &other), Err(BackupError::Empty { .. })));
        assert!(!other.exists());
        let gateway = Gateway::in_folder(store.path());
        gateway.send("backoffice", numbered(1)).unwrap();
        let inside = store.path().join("a/backup");
        assert!(matches!(backup(store.path(), &inside), Err(BackupError::Inside { .. })));
        assert!(!store.path().join("a").exists());
        gateway.stop();
    }

    /// A damaged backup is not put back, and the backup of one store does not mix with that of another.
    #[test]
    fn a_damaged_or_foreign_backup_is_refused() {
        let (one, two, copy) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for dir in [&one, &two] {
            let gateway = Gateway::in_folder(dir.path());
            gateway.send("backoffice", numbered(1)).unwrap();
            gateway.stop();
        }
        backup(one.path(), copy.path()).unwrap();
        assert!(matches!(backup(two.path(), copy.path()), Err(BackupError::Foreign { .. })));
        let path = copy.path().join(&segments(copy.path()).unwrap()[0]);
        let mut bytes = fs::read(&path).unwrap();
        bytes[4096 + 150] ^= 1;
        fs::write(&path, bytes).unwrap();
        let other = tempfile::tempdir().unwrap();
        assert!(matches!(restore(copy.path(), other.path()), Err(BackupError::NotClean { .. })));
        assert!(!other.path().join("journal").exists());
    }
}
