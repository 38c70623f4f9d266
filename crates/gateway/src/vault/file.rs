//! The files in which the keys of a store stand. Numbers are little-endian; every block ends in its CRC32C.
//!
//! `master.key`, 44 bytes: `IWMOMSTR` (8), the master key (32), checksum (4).
//!
//! `persons.iwk`: a head of 96 bytes and then one row of 96 per key, in no order.
//!
//! | at | bytes | what |
//! | ---: | ---: | --- |
//! | 0 | 8 | `IWMOKEYS` |
//! | 8 | 4 | format: 2 |
//! | 12 | 4 | which key store this is; every sealed entry says it |
//! | 16 | 8 | which master key: the start of HMAC-SHA-256 under it over `iwmo master` |
//! | 24 | 8 | zero |
//! | 32 | 60 | the index key, wrapped: nonce (12), key (32), tag (16) |
//! | 92 | 4 | checksum |
//!
//! A row: lookup (16), name of the key (16), nonce (12), key (32), tag (16), checksum (4). Keys are wrapped with
//! AES-256-GCM under the master key; the associated data is the key store (4), the name (16) and the lookup (16); for the
//! index key the key store and 16 zeros. A row that is zero but for its name and checksum says that the key of that name
//! was destroyed; nothing in it leads to whom it was of.
//!
//! Format 1 has rows of 80: without a lookup, which was the name itself, also in the associated data. It is read, and
//! written anew in format 2 with the first change.
//!
//! A key is destroyed by writing the file anew without it, as below; then the bytes of the old file, which has no name
//! any more, are overwritten with zeros.
//!
//! Recovery: rows are added at the end and made durable before the journal names them. Rows at the very end that a
//! crash left half were never named and are dropped at the next write; a bad row before a good one is damage. After
//! a write that failed nothing is assumed: the whole file is written anew and put in place of the old one; a process that
//! starts cannot know whether one failed, and writes what it finds again. A new
//! master key stands in `master.new` until the file is under it; whichever of the two fits the head is the one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::aead::{Aad, LessSafeKey, Nonce};
use ring::hmac;

use super::error::VaultError;
use super::keyring::{Held, Keyring, Lookup};
use super::sealed::cipher;
use super::{KeyId, Secret};
use crate::journal::Disk;

const PERSONS: &str = "persons.iwk";
const MASTER: &str = "master.key";
const MASTER_NEXT: &str = "master.new";
const MASTER_MAGIC: &[u8; 8] = b"IWMOMSTR";
const MAGIC: &[u8; 8] = b"IWMOKEYS";
const FORMAT: u32 = 2;
/// The format of which the lookup is the name.
const FORMAT_PLAIN: u32 = 1;
const MASTER_BYTES: usize = 44;
const HEAD: usize = 96;
const ROW: usize = 96;
const ROW_PLAIN: usize = 80;
const INDEX: KeyId = [0; 16];
/// How much is written again at once.
const AGAIN_BYTES: usize = 1 << 16;

/// How the keys of a store stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The folder.
    pub dir: PathBuf,
    /// How many keys there are, those of the gemeenten among them.
    pub keys: usize,
    /// How many were destroyed.
    pub destroyed: usize,
    /// The name of the master key.
    pub master: [u8; 8],
}

/// What the files hold, opened.
pub(super) struct Contents {
    pub(super) store: [u8; 4],
    pub(super) index: Secret,
    pub(super) keys: Keyring,
}

/// The files, and what of them is to be written.
pub(super) struct KeyFile {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    master: Secret,
    store: [u8; 4],
    index: Secret,
    /// Bytes that are known to be good and durable.
    written: u64,
    /// What lies beyond is not known; the file must be written anew.
    unsure: bool,
    /// Keys that are not in the file yet.
    fresh: Vec<KeyId>,
    /// Keys that were destroyed and may be in the file still.
    doomed: bool,
}

impl KeyFile {
    /// Makes the files with no keys in them.
    pub(super) fn create(disk: Arc<dyn Disk>, dir: &Path) -> Result<(Self, Contents), VaultError> {
        let io = |source| VaultError::io("making keys in", dir)(source);
        disk.create_dir(dir).map_err(io)?;
        let file = Self {
            disk,
            dir: dir.to_owned(),
            master: rand::random(),
            store: rand::random(),
            index: rand::random(),
            written: 0,
            unsure: true,
            fresh: Vec::new(),
            doomed: false,
        };
        let mut file = file;
        file.put(MASTER, &master_bytes(&file.master)).map_err(io)?;
        let keys = Keyring::default();
        file.rewrite(&keys).map_err(io)?;
        let contents = Contents { store: file.store, index: file.index, keys };
        Ok((file, contents))
    }

    /// Reads the files; nothing when there are none. Changes nothing.
    pub(super) fn read(disk: Arc<dyn Disk>, dir: &Path) -> Result<Option<(Self, Contents)>, VaultError> {
        let path = dir.join(PERSONS);
        let Some(bytes) = load(disk.as_ref(), &path).map_err(VaultError::io("reading", &path))? else {
            return Ok(None);
        };
        let damaged = |offset: usize| VaultError::Damaged { file: path.clone(), offset: offset as u64 };
        let head = bytes.get(..HEAD).filter(|head| head.starts_with(MAGIC)).ok_or_else(|| damaged(0))?;
        let format = u32::from_le_bytes(array(head, 8));
        if format != FORMAT && format != FORMAT_PLAIN {
            return Err(VaultError::Newer { file: path.clone(), format });
        }
        if !whole(head) {
            return Err(damaged(0));
        }
        let store: [u8; 4] = array(head, 12);
        let named: [u8; 8] = array(head, 16);
        let Some(master) = find_master(disk.as_ref(), dir, named)? else {
            return Err(VaultError::MasterLost { dir: dir.to_owned() });
        };
        let lid = cipher(&master).ok_or_else(|| damaged(16))?;
        let index =
            unwrap(&lid, &associated(store, INDEX, None), &head[32..92]).ok_or_else(|| damaged(32))?;
        let length = if format == FORMAT { ROW } else { ROW_PLAIN };
        let (rows, good) = rows(&bytes, length).map_err(damaged)?;
        let mut keys = Keyring::default();
        for (at, row) in rows.iter().enumerate() {
            let (lookup, id): (Lookup, KeyId) = (array(row, 0), array(row, length - 80));
            let wrapped = &row[length - 64..length - 4];
            if wrapped.iter().all(|byte| *byte == 0) {
                keys.destroy(id);
                continue;
            }
            let data = if format == FORMAT {
                associated(store, id, Some(lookup))
            } else {
                associated(store, id, None)
            };
            let secret = unwrap(&lid, &data, wrapped).ok_or_else(|| damaged(HEAD + at * length))?;
            keys.insert(id, Held { lookup, secret });
        }
        let file = Self {
            disk,
            dir: dir.to_owned(),
            master,
            store,
            index,
            written: good as u64,
            unsure: good != bytes.len() || format != FORMAT,
            fresh: Vec::new(),
            doomed: false,
        };
        Ok(Some((file, Contents { store, index, keys })))
    }

    /// Makes what was read durable. Written again and not only synced: what a failed sync could not write the system takes
    /// for written, and then a row would be missing before those that are added.
    pub(super) fn settle(&self) -> io::Result<()> {
        for name in [PERSONS, MASTER] {
            let file = self.disk.open_write(&self.dir.join(name))?;
            let end = if name == PERSONS { self.written } else { file.len()? };
            let mut buffer = vec![0; AGAIN_BYTES];
            let mut at = 0;
            while at < end {
                let rest = usize::try_from(end - at).unwrap_or(AGAIN_BYTES).min(AGAIN_BYTES);
                let read = file.read_at(&mut buffer[..rest], at)?;
                if read == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                file.write_at(&buffer[..read], at)?;
                at += read as u64;
            }
            file.sync_data()?;
        }
        self.disk.sync_dir(&self.dir)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn status(&self, keys: &Keyring) -> Status {
        let (keys, destroyed) = (keys.len(), keys.gone().len());
        Status { dir: self.dir.clone(), keys, destroyed, master: master_name(&self.master) }
    }

    /// Says that a key was made.
    pub(super) fn add(&mut self, id: KeyId) {
        self.fresh.push(id);
    }

    /// Returns the keys as another process has left them since; nothing, when that cannot be known.
    pub(super) fn refresh(&mut self) -> Option<Keyring> {
        let (file, contents) = Self::read(Arc::clone(&self.disk), &self.dir).ok()??;
        (file.store == self.store).then(|| {
            self.written = file.written;
            contents.keys
        })
    }

    /// Says that keys were destroyed, and takes them out of the file. What fails is done again with the next keys.
    pub(super) fn destroy(&mut self, keys: &Keyring) -> io::Result<()> {
        self.doomed = true;
        let old = self.disk.open_write(&self.dir.join(PERSONS))?;
        self.rewrite(keys)?;
        // The old file has no name any more; its bytes would stay on the disk until something else takes their place.
        let length = usize::try_from(old.len()?).map_err(io::Error::other)?;
        old.write_at(&vec![0; length], 0)?;
        old.sync_data()?;
        self.doomed = false;
        Ok(())
    }

    /// Makes the keys durable that were made since the last time; those are among `keys`.
    pub(super) fn harden(&mut self, keys: &Keyring) -> io::Result<()> {
        if self.doomed {
            return self.destroy(keys);
        }
        if self.fresh.is_empty() {
            return Ok(());
        }
        if self.unsure {
            return self.rewrite(keys);
        }
        let mut bytes = Vec::with_capacity(self.fresh.len() * ROW);
        for id in &self.fresh {
            let held = keys.get(id).ok_or_else(unwrappable)?;
            row(&mut bytes, &self.master, self.store, *id, held)?;
        }
        self.unsure = true;
        let file = self.disk.open_write(&self.dir.join(PERSONS))?;
        file.write_at(&bytes, self.written)?;
        file.sync_data()?;
        self.unsure = false;
        self.written += bytes.len() as u64;
        self.fresh.clear();
        Ok(())
    }

    /// Puts everything under a new master key.
    pub(super) fn rotate(&mut self, keys: &Keyring) -> Result<(), VaultError> {
        let dir = self.dir.clone();
        let io = |source| VaultError::io("making keys in", &dir)(source);
        let old = self.master;
        let next: Secret = rand::random();
        self.put(MASTER_NEXT, &master_bytes(&next)).map_err(io)?;
        self.master = next;
        if let Err(error) = self.rewrite(keys) {
            self.master = old;
            return Err(io(error));
        }
        let renamed = self.disk.rename(&dir.join(MASTER_NEXT), &dir.join(MASTER));
        renamed.and_then(|()| self.disk.sync_dir(&dir)).map_err(io)
    }

    /// Writes the whole file anew.
    fn rewrite(&mut self, keys: &Keyring) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(HEAD + (keys.len() + keys.gone().len()) * ROW);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&self.store);
        bytes.extend_from_slice(&master_name(&self.master));
        bytes.extend_from_slice(&[0; 8]);
        wrap(&mut bytes, &self.master, &associated(self.store, INDEX, None), &self.index)?;
        seal_block(&mut bytes, 0);
        for (id, held) in keys.sorted() {
            row(&mut bytes, &self.master, self.store, *id, held)?;
        }
        for id in keys.gone() {
            let start = bytes.len();
            bytes.extend_from_slice(&[0; 16]);
            bytes.extend_from_slice(id);
            bytes.resize(start + ROW - 4, 0);
            seal_block(&mut bytes, start);
        }
        self.unsure = true;
        self.put(PERSONS, &bytes)?;
        self.unsure = false;
        self.written = bytes.len() as u64;
        self.fresh.clear();
        Ok(())
    }

    /// Puts a file in place of the one of that name, durably.
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let (path, part) = (self.dir.join(name), self.dir.join(format!("{name}.part")));
        let file = self.disk.create(&part)?;
        file.write_at(bytes, 0)?;
        file.sync_data()?;
        drop(file);
        self.disk.rename(&part, &path)?;
        self.disk.sync_dir(&self.dir)
    }
}

/// Returns the master key of this name, wherever a rotation left it.
fn find_master(disk: &dyn Disk, dir: &Path, named: [u8; 8]) -> Result<Option<Secret>, VaultError> {
    for name in [MASTER, MASTER_NEXT] {
        let path = dir.join(name);
        let Some(bytes) = load(disk, &path).map_err(VaultError::io("reading", &path))? else { continue };
        if bytes.len() != MASTER_BYTES || !bytes.starts_with(MASTER_MAGIC) || !whole(&bytes) {
            // A rotation that was cut short; only the other can be the one.
            if name == MASTER_NEXT {
                continue;
            }
            return Err(VaultError::Damaged { file: path, offset: 0 });
        }
        let master: Secret = array(&bytes, 8);
        if master_name(&master) == named {
            return Ok(Some(master));
        }
    }
    Ok(None)
}

/// Cuts a key file into its good rows; returns where those end, or where it is damaged.
fn rows(bytes: &[u8], length: usize) -> Result<(Vec<&[u8]>, usize), usize> {
    let mut good: Vec<&[u8]> = Vec::with_capacity(bytes.len() / length);
    let mut bad = None;
    for (at, row) in bytes[HEAD..].chunks_exact(length).enumerate() {
        match (whole(row), bad) {
            (true, None) => good.push(row),
            (true, Some(offset)) => return Err(offset),
            (false, _) => bad = bad.or(Some(HEAD + at * length)),
        }
    }
    let end = HEAD + good.len() * length;
    Ok((good, end))
}

fn row(bytes: &mut Vec<u8>, master: &Secret, store: [u8; 4], id: KeyId, held: &Held) -> io::Result<()> {
    let start = bytes.len();
    bytes.extend_from_slice(&held.lookup);
    bytes.extend_from_slice(&id);
    wrap(bytes, master, &associated(store, id, Some(held.lookup)), &held.secret)?;
    seal_block(bytes, start);
    Ok(())
}

fn associated(store: [u8; 4], id: KeyId, lookup: Option<Lookup>) -> Vec<u8> {
    let mut data = store.to_vec();
    data.extend_from_slice(&id);
    data.extend_from_slice(lookup.as_ref().map_or(&[][..], |lookup| lookup));
    data
}

fn wrap(bytes: &mut Vec<u8>, master: &Secret, data: &[u8], secret: &Secret) -> io::Result<()> {
    let nonce: [u8; 12] = rand::random();
    let mut wrapped = *secret;
    let tag = cipher(master)
        .and_then(|lid| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            lid.seal_in_place_separate_tag(nonce, Aad::from(data), &mut wrapped).ok()
        })
        .ok_or_else(unwrappable)?;
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&wrapped);
    bytes.extend_from_slice(tag.as_ref());
    Ok(())
}

fn unwrap(lid: &LessSafeKey, data: &[u8], wrapped: &[u8]) -> Option<Secret> {
    let (nonce, rest) = wrapped.split_at_checked(12)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut bytes = rest.to_vec();
    let secret = lid.open_in_place(nonce, Aad::from(data), &mut bytes).ok()?;
    Secret::try_from(&*secret).ok()
}

fn unwrappable() -> io::Error {
    io::Error::other("a key cannot be wrapped")
}

fn master_bytes(master: &Secret) -> Vec<u8> {
    let mut bytes = MASTER_MAGIC.to_vec();
    bytes.extend_from_slice(master);
    seal_block(&mut bytes, 0);
    bytes
}

fn master_name(master: &Secret) -> [u8; 8] {
    let name = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, master), b"iwmo master");
    array(name.as_ref(), 0)
}

/// Adds the checksum of what was written from here on.
fn seal_block(bytes: &mut Vec<u8>, start: usize) {
    let sum = crc32c::crc32c(&bytes[start..]);
    bytes.extend_from_slice(&sum.to_le_bytes());
}

/// Returns whether a block ends in its checksum.
fn whole(block: &[u8]) -> bool {
    block.split_last_chunk().is_some_and(|(rest, sum)| crc32c::crc32c(rest) == u32::from_le_bytes(*sum))
}

/// Returns bytes of a block that was measured before.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().unwrap_or([0; N])
}

fn load(disk: &dyn Disk, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open_read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = vec![0; usize::try_from(file.len()?).map_err(io::Error::other)?];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(Some(bytes))
}
