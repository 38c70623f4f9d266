//! The files in which the keys of a store stand. Numbers are little-endian; every block ends in its CRC32C.
//!
//! `master.key`, 44 bytes: `IWMOMSTR` (8), the master key (32), checksum (4).
//!
//! `persons.iwk`: a head of 96 bytes and then one row of 100 per key, in no order.
//!
//! | at | bytes | what |
//! | ---: | ---: | --- |
//! | 0 | 8 | `IWMOKEYS` |
//! | 8 | 4 | format: 3 |
//! | 12 | 4 | which key store this is; every sealed entry says it |
//! | 16 | 8 | which master key: the start of HMAC-SHA-256 under it over `iwmo master` |
//! | 24 | 4 | how many rows were put in place with it; the others were added later |
//! | 28 | 4 | zero |
//! | 32 | 60 | the index key, wrapped: nonce (12), key (32), tag (16) |
//! | 92 | 4 | checksum |
//!
//! A row: lookup (16), name of the key (16), nonce (12), key (32), tag (16), how many rows of the same append stand before
//! it (4; 0 for one that was put in place with the file), checksum (4). Keys are wrapped with AES-256-GCM under the master
//! key; the associated data is the key store (4), the name (16) and the lookup (16); for the index key the key store and 16
//! zeros. A row that is zero but for its name and checksum says that the key of that name was destroyed; nothing in it leads
//! to whom it was of.
//!
//! Format 2 has rows of 96: none says how many stand before it, and the head does not say how many there were. Format 1 has
//! rows of 80: those have no lookup either, which was the name itself, also in the associated data. Both are read, and written
//! anew in format 3 with the first change.
//!
//! A key is destroyed by writing the file anew without it, as below; then the bytes of the old file, which has no name
//! any more, are overwritten with zeros.
//!
//! Recovery: rows are added at the end, at most 1 MiB of them, and made durable before any other is added and before the
//! journal names them. Whatever a crash leaves of them, in whatever order the disk wrote its sectors, was never named: from
//! the first bad row on it is dropped, and the next write puts the whole file anew in place of the old one. It is told from
//! damage by what follows: when a row after the bad one is of a later append, that of the bad one was durable. A row that was
//! put in place with the file is damage when it is bad or not there; so is a bad row in format 1 and 2 before a good one. Of
//! the last append alone nothing in the file says whether it was durable: who opens the keys to write looks, when something is
//! dropped, whether the journal names a key that is not here, and does not start when it does.
//!
//! After a write that failed nothing is assumed: the whole file is written anew; a process that starts cannot know whether one
//! failed, and writes the last 1 MiB that it finds again. A new master key stands in `master.new` until the file is under it;
//! whichever of the two fits the head is the one.
//!
//! To open the file is to check each row and to remember where it stands ([`super::keyring`]).

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::aead::LessSafeKey;

use super::error::VaultError;
use super::form::{
    HEAD, MASTER_MAGIC, ROW, Row, Span, alone, array, associated, each_row, master_bytes, master_name, row,
    row_at, seal_block, unwrap, unwrappable, whole, wrap,
};
use super::keyring::{Held, Keyring, Lookup, Placed};
use super::rows::Rows;
use super::sealed::cipher;
use super::{KeyId, Secret};
use crate::journal::{Disk, DiskFile};

const PERSONS: &str = "persons.iwk";
const MASTER: &str = "master.key";
const MASTER_NEXT: &str = "master.new";
const MAGIC: &[u8; 8] = b"IWMOKEYS";
const FORMAT: u32 = 3;
/// The format of which a row does not say where in its append it stands,
const FORMAT_LOOSE: u32 = 2;
const ROW_LOOSE: usize = 96;
/// and the one of which the lookup is the name besides.
const FORMAT_PLAIN: u32 = 1;
const ROW_PLAIN: usize = 80;
const MASTER_BYTES: usize = 44;
/// Where the head says how many rows were put in place with it.
const COMPLETE: usize = 24;
const INDEX: KeyId = [0; 16];
/// How much is added before it is made durable; a whole number of rows.
const ADDED_BYTES: usize = (1 << 20) / ROW * ROW;

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
    /// How the file begins; another, when it was written anew.
    head: [u8; HEAD],
    /// Bytes that are known to be good and durable.
    written: u64,
    /// Something lay beyond them when they were read.
    torn: bool,
    /// What lies beyond is not known; the file must be written anew.
    unsure: bool,
    /// Keys that were destroyed and may be in the file still.
    doomed: bool,
}

impl KeyFile {
    /// Makes the files with no keys in them.
    pub(super) fn create(disk: Arc<dyn Disk>, dir: &Path) -> Result<(Self, Contents), VaultError> {
        let io = |source| VaultError::io("making keys in", dir)(source);
        disk.create_dir(dir).map_err(io)?;
        let mut file = Self {
            disk,
            dir: dir.to_owned(),
            master: rand::random(),
            store: rand::random(),
            index: rand::random(),
            head: [0; HEAD],
            written: 0,
            torn: false,
            unsure: true,
            doomed: false,
        };
        file.put(MASTER, &master_bytes(&file.master)).map_err(io)?;
        let mut keys = Keyring::default();
        file.rewrite(&mut keys, None).map_err(io)?;
        let contents = Contents { store: file.store, index: file.index, keys };
        Ok((file, contents))
    }

    /// Reads the files; nothing when there are none. Changes nothing.
    pub(super) fn read(disk: Arc<dyn Disk>, dir: &Path) -> Result<Option<(Self, Contents)>, VaultError> {
        let path = dir.join(PERSONS);
        let io = || VaultError::io("reading", &path);
        let persons = match disk.open_read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            persons => persons.map_err(io())?,
        };
        let bytes = persons.len().map_err(io())?;
        let mut head = [0; HEAD];
        let read = persons.read_at(&mut head, 0).map_err(io())?;
        let damaged = |offset: u64| VaultError::Damaged { file: path.clone(), offset };
        if read < HEAD || !head.starts_with(MAGIC) {
            return Err(damaged(0));
        }
        let format = u32::from_le_bytes(array(&head, 8));
        let length = match format {
            FORMAT => ROW,
            FORMAT_LOOSE => ROW_LOOSE,
            FORMAT_PLAIN => ROW_PLAIN,
            _ => return Err(VaultError::Newer { file: path.clone(), format }),
        };
        if !whole(&head) {
            return Err(damaged(0));
        }
        let store: [u8; 4] = array(&head, 12);
        let named: [u8; 8] = array(&head, 16);
        let Some(master) = find_master(disk.as_ref(), dir, named)? else {
            return Err(VaultError::MasterLost { dir: dir.to_owned() });
        };
        let lid = cipher(&master).ok_or_else(|| damaged(16))?;
        let index =
            unwrap(&lid, &associated(store, INDEX, None), &head[32..92]).ok_or_else(|| damaged(32))?;
        let old = format != FORMAT;
        let room = if old { 0 } else { usize::try_from(bytes).unwrap_or(0) / ROW };
        let mut gone = BTreeSet::new();
        // Rows of an old form are held in memory until the file is written anew.
        let mut fresh = Vec::new();
        let again = disk.open_read(&path).map_err(io())?;
        let mut placed = Placed::new(Rows::new(again, HEAD as u64, lid.clone(), store), room);
        let complete = u32::from_le_bytes(array(&head, COMPLETE));
        let span = Span { first: 0, complete: if old { 0 } else { complete }, length, placed: !old };
        let name_at = if format == FORMAT_PLAIN { 0 } else { 16 };
        let mut bad = None;
        let good = each_row(persons.as_ref(), &span, &mut |number, row| {
            let (lookup, id): (Lookup, KeyId) = (array(row, 0), array(row, name_at));
            let wrapped = &row[name_at + 16..name_at + 76];
            let under = || associated(store, id, (format != FORMAT_PLAIN).then_some(lookup));
            if wrapped.iter().all(|byte| *byte == 0) {
                gone.insert(id);
            } else if !old {
                placed.take(number, &id, &lookup);
            } else if let Some(secret) = unwrap(&lid, &under(), wrapped) {
                fresh.push((id, Held { lookup, secret }));
            } else {
                bad = bad.or(Some(HEAD as u64 + u64::from(number) * length as u64));
            }
        })
        .map_err(io())?;
        let good = good.map_err(damaged)?;
        if let Some(offset) = bad {
            return Err(damaged(offset));
        }
        let mut keys = Keyring::of(placed, gone);
        fresh.into_iter().for_each(|(id, held)| keys.insert(id, held));
        let file = Self {
            disk,
            dir: dir.to_owned(),
            master,
            store,
            index,
            head,
            written: if old { HEAD as u64 } else { good },
            torn: good != bytes,
            unsure: good != bytes || old,
            doomed: false,
        };
        Ok(Some((file, Contents { store, index, keys })))
    }

    /// Makes durable what was read and may not be. Written again and not only synced: what a failed sync could not write
    /// the system takes for written, and then a row would be missing before those that are added.
    pub(super) fn settle(&self) -> io::Result<()> {
        for name in [PERSONS, MASTER] {
            let file = self.disk.open_write(&self.dir.join(name))?;
            let end = if name == PERSONS { self.written } else { file.len()? };
            let mut at = end.saturating_sub(ADDED_BYTES as u64);
            let mut buffer = vec![0; usize::try_from(end - at).map_err(io::Error::other)?];
            while at < end {
                let rest = usize::try_from(end - at).unwrap_or(buffer.len()).min(buffer.len());
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

    /// Says, when a part of the file was dropped as what a crash left of an append, that it is damage.
    pub(super) fn torn_is_damage(&self) -> Result<(), VaultError> {
        let file = || self.dir.join(PERSONS);
        if self.torn { Err(VaultError::Damaged { file: file(), offset: self.written }) } else { Ok(()) }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn status(&self, keys: &Keyring) -> Status {
        let (keys, destroyed) = (keys.len(), keys.gone().len());
        Status { dir: self.dir.clone(), keys, destroyed, master: master_name(&self.master) }
    }

    /// Takes up what another process has written since. False when that cannot be known.
    pub(super) fn refresh(&mut self, keys: &mut Keyring) -> bool {
        self.appended(keys).unwrap_or_else(|| self.reread(keys))
    }

    /// Takes up rows that were added to the file that was read. Nothing when it is another file.
    fn appended(&mut self, keys: &mut Keyring) -> Option<bool> {
        let file = self.disk.open_read(&self.dir.join(PERSONS)).ok()?;
        let mut head = [0; HEAD];
        file.read_at(&mut head, 0).ok().filter(|read| *read == HEAD)?;
        if head != self.head || self.unsure {
            return None;
        }
        let span = Span { first: row_at(self.written)?, complete: 0, length: ROW, placed: true };
        let mut gone = false;
        let good = each_row(file.as_ref(), &span, &mut |number, row| {
            let Row { lookup, id, is_gone, .. } = Row::of(row);
            gone |= is_gone;
            keys.taken(number, id, lookup);
        });
        self.written = good.ok()?.ok()?;
        // Only a file that was written anew says so.
        (!gone).then_some(true)
    }

    fn reread(&mut self, keys: &mut Keyring) -> bool {
        let Ok(Some((file, contents))) = Self::read(Arc::clone(&self.disk), &self.dir) else { return false };
        if file.store != self.store {
            return false;
        }
        keys.replace(contents.keys);
        (self.head, self.written, self.unsure) = (file.head, file.written, file.unsure);
        self.master = file.master;
        true
    }

    /// Says that keys were destroyed, and takes them out of the file. What fails is done again with the next keys.
    pub(super) fn destroy(&mut self, keys: &mut Keyring) -> io::Result<()> {
        self.doomed = true;
        let old = self.disk.open_write(&self.dir.join(PERSONS))?;
        self.rewrite(keys, None)?;
        // The old file has no name any more; its bytes would stay on the disk until something else takes their place.
        let (mut at, end) = (0, old.len()?);
        let zeros = vec![0; usize::try_from(end).unwrap_or(ADDED_BYTES).min(ADDED_BYTES)];
        while at < end {
            let rest = usize::try_from(end - at).unwrap_or(ADDED_BYTES).min(ADDED_BYTES);
            old.write_at(&zeros[..rest], at)?;
            at += rest as u64;
        }
        old.sync_data()?;
        self.doomed = false;
        Ok(())
    }

    /// Returns whether keys were destroyed that may be in the file still.
    pub(super) fn is_doomed(&self) -> bool {
        self.doomed
    }

    /// Returns whether keys can only be added by writing the whole file anew.
    pub(super) fn is_to_be_rewritten(&self) -> bool {
        self.unsure || self.doomed
    }

    /// Writes the whole file anew, because keys cannot be added to it as it is.
    pub(super) fn mend(&mut self, keys: &mut Keyring) -> io::Result<()> {
        if self.doomed { self.destroy(keys) } else { self.rewrite(keys, None) }
    }

    /// Adds keys to the file, durably. Returns in which row the first stands.
    pub(super) fn append(&mut self, fresh: &[(KeyId, Held)]) -> io::Result<u32> {
        let first = row_at(self.written + (fresh.len() * ROW) as u64)
            .and_then(|end| end.checked_sub(u32::try_from(fresh.len()).ok()?))
            .ok_or_else(|| io::Error::other("the key file is full"))?;
        let lid = cipher(&self.master).ok_or_else(unwrappable)?;
        self.unsure = true;
        let file = self.disk.open_write(&self.dir.join(PERSONS))?;
        for some in fresh.chunks(ADDED_BYTES / ROW) {
            let mut bytes = Vec::with_capacity(some.len() * ROW);
            for (place, (id, held)) in (0..).zip(some) {
                row(&mut bytes, &lid, self.store, *id, held, place)?;
            }
            file.write_at(&bytes, self.written)?;
            file.sync_data()?;
            self.written += bytes.len() as u64;
        }
        self.unsure = false;
        Ok(first)
    }

    /// Puts everything under a new master key.
    pub(super) fn rotate(&mut self, keys: &mut Keyring) -> Result<(), VaultError> {
        let dir = self.dir.clone();
        let io = |source| VaultError::io("making keys in", &dir)(source);
        let old = self.master;
        let next: Secret = rand::random();
        self.put(MASTER_NEXT, &master_bytes(&next)).map_err(io)?;
        self.master = next;
        if let Err(error) = self.rewrite(keys, Some(&old)) {
            self.master = old;
            return Err(io(error));
        }
        let renamed = self.disk.rename(&dir.join(MASTER_NEXT), &dir.join(MASTER));
        renamed.and_then(|()| self.disk.sync_dir(&dir)).map_err(io)
    }

    /// Writes the whole file anew; `from`: the rows that there are stand under this master key.
    fn rewrite(&mut self, keys: &mut Keyring, from: Option<&Secret>) -> io::Result<()> {
        let lid = cipher(&self.master).ok_or_else(unwrappable)?;
        let mut rows = self.rows(keys, from.map(|_| &lid))?;
        for (id, held) in keys.fresh() {
            let mut bytes = Vec::with_capacity(ROW);
            row(&mut bytes, &lid, self.store, id, &held, 0)?;
            rows.push(array(&bytes, 0));
        }
        // An order that does not say which came first. A key that was added and not known to be is there twice.
        rows.sort_unstable_by_key(|row| Row::of(row).id);
        rows.dedup_by_key(|row| Row::of(row).id);
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&FORMAT.to_le_bytes());
        head.extend_from_slice(&self.store);
        head.extend_from_slice(&master_name(&self.master));
        let complete = u32::try_from(rows.len() + keys.gone().len()).map_err(io::Error::other)?;
        head.extend_from_slice(&complete.to_le_bytes());
        head.extend_from_slice(&[0; 4]);
        wrap(&mut head, &lid, &associated(self.store, INDEX, None), &self.index)?;
        seal_block(&mut head, 0);
        let mut bytes = head.clone();
        rows.iter().for_each(|row| bytes.extend_from_slice(row));
        for id in keys.gone() {
            let start = bytes.len();
            bytes.extend_from_slice(&[0; 16]);
            bytes.extend_from_slice(id);
            bytes.resize(start + ROW - 4, 0);
            seal_block(&mut bytes, start);
        }
        self.unsure = true;
        let file = self.put(PERSONS, &bytes)?;
        let mut placed = Placed::new(Rows::new(file, HEAD as u64, lid, self.store), rows.len());
        for (number, row) in rows.iter().enumerate() {
            let Row { lookup, id, .. } = Row::of(row);
            placed.take(u32::try_from(number).map_err(io::Error::other)?, &id, &lookup);
        }
        let gone = keys.gone().clone();
        *keys = Keyring::of(placed, gone);
        self.unsure = false;
        self.written = bytes.len() as u64;
        self.head = array(&head, 0);
        Ok(())
    }

    /// Returns the rows of the file whose keys there are still; `under`: put under this key.
    fn rows(&self, keys: &Keyring, under: Option<&LessSafeKey>) -> io::Result<Vec<[u8; ROW]>> {
        let mut rows = Vec::with_capacity(keys.len());
        let Some(placed) = keys.placed() else { return Ok(rows) };
        let end = row_at(self.written).ok_or_else(|| io::Error::other("the key file is full"))?;
        for number in 0..end {
            let bytes = placed.rows.bytes(number)?;
            let Row { id, is_gone, .. } = Row::of(&bytes);
            if is_gone || keys.is_gone(&id) {
                continue;
            }
            rows.push(match under {
                None => alone(bytes),
                Some(lid) => {
                    let (id, held) = placed.rows.get(number)?;
                    let mut other = Vec::with_capacity(ROW);
                    row(&mut other, lid, self.store, id, &held, 0)?;
                    array(&other, 0)
                }
            });
        }
        Ok(rows)
    }

    /// Puts a file in place of the one of that name, durably.
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<Box<dyn DiskFile>> {
        let (path, part) = (self.dir.join(name), self.dir.join(format!("{name}.part")));
        let file = self.disk.create(&part)?;
        file.write_at(bytes, 0)?;
        file.sync_data()?;
        self.disk.rename(&part, &path)?;
        self.disk.sync_dir(&self.dir)?;
        Ok(file)
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

/// Returns a file as an older release wrote it.
#[cfg(test)]
pub(super) fn in_format(format: u32, file: &KeyFile, keys: &Keyring) -> Vec<u8> {
    let lid = cipher(&file.master).unwrap();
    let mut bytes = file.head.to_vec();
    bytes[8..12].copy_from_slice(&format.to_le_bytes());
    bytes[COMPLETE..COMPLETE + 4].fill(0);
    bytes.truncate(HEAD - 4);
    seal_block(&mut bytes, 0);
    for (id, held) in keys.fresh() {
        let start = bytes.len();
        let lookup = (format != FORMAT_PLAIN).then_some(held.lookup);
        bytes.extend_from_slice(lookup.as_ref().map_or(&[], |lookup| &lookup[..]));
        bytes.extend_from_slice(&id);
        wrap(&mut bytes, &lid, &associated(file.store, id, lookup), &held.secret).unwrap();
        seal_block(&mut bytes, start);
    }
    bytes
}
