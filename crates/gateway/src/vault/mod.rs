//! The vault: what names a person stands in the journal under a key of that person alone.
//!
//! | file | what |
//! | --- | --- |
//! | `parts.rs` | which bytes of a record are about whom |
//! | `keyring.rs` | which keys there are, and which were destroyed |
//! | `table.rs`, `rows.rs` | where each stands in the file, and what stands there |
//! | `sealed.rs` | a record with those bytes sealed, to the byte |
//! | `file.rs`, `form.rs` | the files in which the keys stand, to the byte |
//! | `error.rs` | what can be wrong with them, in words |
//!
//! Limits: a record has at most [`PARTS_MAX`] sealed parts. A key is 256 bits; a part is sealed with AES-256-GCM under
//! a nonce of 96 random bits, so that no key sees a nonce twice, even when an append is taken back and another entry
//! comes to stand in its place.
//!
//! The name of a key, which is all that the journal says of whom a part is about, is random. The key file leads to it by
//! the first half of HMAC-SHA-256, under a key of the store, over the gemeente and the BSN: who has the journal alone can
//! neither read a message nor try BSNs against it, and once a key is destroyed nothing leads from a BSN to what stood
//! under it. A person who is written to after that has a new key under a new name.
//!
//! What stood under a key that was destroyed opens as [`GONE`], filled up to the length that it had, where that is long
//! enough, and else as hyphens; an entry says whether it has any.
//!
//! Recovery: a key is durable before the entry that needs it is written, so an entry without its key is a loss of
//! keys, never of order. What a crash leaves half is cut (`file.rs`).

mod error;
mod file;
mod form;
mod keyring;
mod parts;
mod rows;
mod sealed;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use ring::hmac;

pub use error::VaultError;
use file::KeyFile;
pub use file::Status;
use keyring::{Held, Keyring, Lookup};
pub use parts::PARTS_MAX;
pub use sealed::{GONE, OpenFailure, Opened, PLAIN_VERSION, SEALED_VERSION, is_gone};

use crate::journal::{AppendError, Disk, Entry, EntryId, Position, ReadError, Reader, RealDisk};
use crate::record::Record;

/// The folder of the keys in the folder of a store.
pub const KEYS_DIR: &str = "keys";

/// The name of a key.
pub type KeyId = [u8; 16];

/// A key of a person or of a gemeente.
pub(crate) type Secret = [u8; 32];

/// The keys of a store; shared by who writes its journal and all who read it.
pub struct Vault {
    index: hmac::Key,
    store: [u8; 4],
    keys: Arc<RwLock<Keyring>>,
    file: Arc<Mutex<KeyFile>>,
    /// Keys that this view does as if they were destroyed.
    withheld: BTreeSet<KeyId>,
}

impl Vault {
    /// Opens the keys beside a journal, for the process that writes it; makes them when the journal never had any.
    ///
    /// # Errors
    ///
    /// [`VaultError`] when the keys are gone, damaged or those of another journal, or the system fails.
    pub fn open(data: &Path, journal: &Reader) -> Result<Arc<Self>, VaultError> {
        let dir = data.join(KEYS_DIR);
        if !dir.exists() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
            made.map_err(VaultError::io("making", &dir))?;
        }
        Self::open_on(Arc::new(RealDisk), &dir, journal)
    }

    /// Opens the keys in a folder of another file system.
    ///
    /// # Errors
    ///
    /// As [`Vault::open`].
    pub fn open_on(disk: Arc<dyn Disk>, dir: &Path, journal: &Reader) -> Result<Arc<Self>, VaultError> {
        let owner = sealed_under(journal)?;
        let (file, contents) = match KeyFile::read(Arc::clone(&disk), dir)? {
            Some(found) => {
                if found.0.torn_is_damage().is_err() && names_others(journal, &found.1.keys)? {
                    found.0.torn_is_damage()?;
                }
                // What a process that was killed wrote may not be on the disk yet.
                found.0.settle().map_err(VaultError::io("making keys durable in", dir))?;
                found
            }
            None if owner.is_some() => return Err(VaultError::Lost { dir: dir.to_owned() }),
            None => KeyFile::create(disk, dir)?,
        };
        Self::with(file, contents, owner)
    }

    /// Reads the keys beside a journal, for a process that only reads; nothing, when the journal never had any.
    ///
    /// # Errors
    ///
    /// As [`Vault::open`].
    pub fn read(data: &Path, journal: &Reader) -> Result<Option<Arc<Self>>, VaultError> {
        let (dir, owner) = (data.join(KEYS_DIR), sealed_under(journal)?);
        match KeyFile::read(Arc::new(RealDisk), &dir)? {
            Some((file, contents)) => Self::with(file, contents, owner).map(Some),
            None if owner.is_some() => Err(VaultError::Lost { dir }),
            None => Ok(None),
        }
    }

    fn with(
        file: KeyFile,
        contents: file::Contents,
        owner: Option<[u8; 4]>,
    ) -> Result<Arc<Self>, VaultError> {
        if owner.is_some_and(|owner| owner != contents.store) {
            return Err(VaultError::Foreign { dir: file.dir().to_owned() });
        }
        Ok(Arc::new(Self {
            index: hmac::Key::new(hmac::HMAC_SHA256, &contents.index),
            store: contents.store,
            keys: Arc::new(RwLock::new(contents.keys)),
            file: Arc::new(Mutex::new(file)),
            withheld: BTreeSet::new(),
        }))
    }

    /// Returns how the keys stand.
    #[must_use]
    pub fn status(&self) -> Status {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.status(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts all keys under a new master key. Nobody else may write the store meanwhile.
    ///
    /// # Errors
    ///
    /// The system failed; the keys stand under the old master key or under the new one, and either is found.
    pub fn rotate(&self) -> Result<(), VaultError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.rotate(&mut self.keys.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns these keys as they are when some are destroyed, to see what that comes to; nothing is destroyed.
    #[must_use]
    pub fn withholding(&self, ids: impl IntoIterator<Item = KeyId>) -> Arc<Self> {
        Arc::new(Self {
            index: self.index.clone(),
            store: self.store,
            keys: Arc::clone(&self.keys),
            file: Arc::clone(&self.file),
            withheld: self.withheld.iter().copied().chain(ids).collect(),
        })
    }

    /// Returns the name of the key of a person, if they have one.
    ///
    /// # Errors
    ///
    /// The keys cannot be read.
    pub fn of_person(&self, gemeente: [u8; 4], bsn: &str) -> io::Result<Option<KeyId>> {
        Ok(self.ring().find(&self.lookup(gemeente, Some(bsn.as_bytes())))?.map(|(id, _)| id))
    }

    /// Returns the name of the key of a gemeente, if it has one.
    ///
    /// # Errors
    ///
    /// The keys cannot be read.
    pub fn of_gemeente(&self, gemeente: [u8; 4]) -> io::Result<Option<KeyId>> {
        Ok(self.ring().find(&self.lookup(gemeente, None))?.map(|(id, _)| id))
    }

    /// Returns the names of the keys that a payload stands under, once each.
    #[must_use]
    pub fn keys_of(&self, version: u16, payload: &[u8]) -> Vec<KeyId> {
        let mut keys = if version == SEALED_VERSION { sealed::keys_of(payload) } else { Vec::new() };
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Returns which of these keys are not destroyed, here or in this view.
    #[must_use]
    pub fn alive(&self, ids: &[KeyId]) -> Vec<KeyId> {
        let ring = self.ring();
        ids.iter().copied().filter(|id| !self.withheld.contains(id) && !ring.is_gone(id)).collect()
    }

    /// Destroys keys, durably, also those that are not here: a copy that has them must not bring them back.
    ///
    /// # Errors
    ///
    /// The system failed. The keys are gone from memory; they are taken out of the file with the next keys that are made
    /// durable, or at the next start.
    pub fn destroy(&self, ids: &[KeyId]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        ids.iter().for_each(|id| keys.destroy(*id));
        file.destroy(&mut keys)
    }

    fn ring(&self) -> RwLockReadGuard<'_, Keyring> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what leads to a person's key; to the gemeente's own, when no BSN is given.
    fn lookup(&self, gemeente: [u8; 4], bsn: Option<&[u8]>) -> Lookup {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(if bsn.is_some() { b"p" } else { b"g" });
        context.update(&gemeente);
        context.update(bsn.unwrap_or_default());
        let mut lookup = Lookup::default();
        lookup.copy_from_slice(&context.sign().as_ref()[..16]);
        lookup
    }

    /// Returns the key of a person, or of the gemeente; makes it when there is none.
    ///
    /// # Errors
    ///
    /// The keys cannot be read, so nobody knows whether there is one.
    fn key_for(&self, gemeente: [u8; 4], bsn: Option<&[u8]>) -> io::Result<(KeyId, Secret)> {
        let lookup = self.lookup(gemeente, bsn);
        if let Some(found) = self.ring().find(&lookup)? {
            return Ok(found);
        }
        let (id, secret): (KeyId, Secret) = (rand::random(), rand::random());
        self.keys.write().unwrap_or_else(PoisonError::into_inner).insert(id, Held { lookup, secret });
        Ok((id, secret))
    }

    /// Returns a key, looking into the file again for one that another process has made or destroyed since.
    fn key(&self, id: &KeyId) -> Key {
        if self.withheld.contains(id) {
            return Key::Gone;
        }
        let of = |ring: &Keyring| match ring.get(id) {
            Ok(Some(held)) => Some(Key::Held(held.secret)),
            // What cannot be read may be, once the file is looked at again: another process may have written it anew.
            Ok(None) | Err(_) => ring.is_gone(id).then_some(Key::Gone),
        };
        if let Some(found) = of(&self.ring()) {
            return found;
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if !file.refresh(&mut keys) {
            return Key::Missing;
        }
        of(&keys).unwrap_or(Key::Missing)
    }

    /// Returns the payload of an entry in which what names a person is sealed; `about`: whom the entry concerns when no
    /// message in it names anybody.
    ///
    /// # Errors
    ///
    /// The keys cannot be read.
    pub(crate) fn seal(
        &self,
        id: EntryId,
        record: &Record,
        plain: &[u8],
        about: Option<&str>,
    ) -> io::Result<Vec<u8>> {
        let parts = parts::of(record, plain, about.and_then(|bsn| bsn.as_bytes().try_into().ok()));
        sealed::seal(self, id, record.kind(), plain, &parts)
    }

    /// Says that the keys could not be read.
    pub(crate) fn unreadable(&self, source: io::Error) -> AppendError {
        let path = self.file.lock().unwrap_or_else(PoisonError::into_inner).dir().to_owned();
        AppendError::Unavailable { doing: "reading keys in", path, source }
    }

    /// Makes the keys durable that were made since the last time. Must come before the entries that need them.
    pub(crate) fn harden(&self) -> Result<(), AppendError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        self.hardened(&mut file).map_err(|source| {
            let path = file.dir().to_owned();
            AppendError::Unavailable { doing: "making keys durable in", path, source }
        })
    }

    fn hardened(&self, file: &mut KeyFile) -> io::Result<()> {
        let fresh = self.ring().fresh();
        if fresh.is_empty() && !file.is_doomed() {
            return Ok(());
        }
        if file.is_to_be_rewritten() {
            return file.mend(&mut self.keys.write().unwrap_or_else(PoisonError::into_inner));
        }
        // Who reads goes on meanwhile.
        let first = file.append(&fresh)?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        for (row, (id, held)) in (first..).zip(fresh) {
            keys.place(row, id, held);
        }
        Ok(())
    }

    /// Opens the payload of an entry.
    pub(crate) fn unseal(&self, id: EntryId, kind: u16, payload: &[u8]) -> Result<Opened, OpenFailure> {
        sealed::open(self, id, kind, payload)
    }
}

/// Returns an entry that was not opened as it is without any key: everything sealed in it as if its key were destroyed. What
/// is not about a person stands in it as it is. Nothing, when it is not what its version says.
#[must_use]
pub(crate) fn outline(entry: &Entry) -> Option<Entry> {
    if entry.version != SEALED_VERSION {
        return Some(entry.clone());
    }
    let opened = sealed::open_with(&|_| Key::Gone, entry.id, entry.kind, &entry.payload).ok()?;
    Some(Entry { payload: opened.plain, version: PLAIN_VERSION, gone: opened.gone, ..entry.clone() })
}

/// What there is of a key that was asked for by name.
enum Key {
    Held(Secret),
    Gone,
    Missing,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

/// Returns whether a journal names keys that are not here and were not destroyed.
fn names_others(journal: &Reader, keys: &Keyring) -> Result<bool, ReadError> {
    for entry in journal.read_all(Position::START) {
        let entry = entry?;
        let named =
            if entry.version == SEALED_VERSION { sealed::keys_of(&entry.payload) } else { Vec::new() };
        if named.iter().any(|id| !keys.is_gone(id) && !matches!(keys.get(id), Ok(Some(_)))) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the key store under which the last entry of a journal is sealed; none, when it is from before there were
/// keys. Every entry since says so, also those about nobody.
fn sealed_under(journal: &Reader) -> Result<Option<[u8; 4]>, ReadError> {
    let store =
        |entry: &Entry| (entry.version >= SEALED_VERSION).then(|| sealed::store_of(&entry.payload)).flatten();
    if let Some(EntryId { chain, seq }) = journal.last() {
        return Ok(journal.get_sealed(chain, seq)?.as_ref().and_then(store));
    }
    let mut last = None;
    for (chain, tip) in journal.tips() {
        let Some(entry) = journal.get_sealed(chain, tip.seq)? else { continue };
        if last.as_ref().is_none_or(|(number, _)| *number < entry.number) {
            last = Some((entry.number, store(&entry)));
        }
    }
    Ok(last.and_then(|(_, store)| store))
}
