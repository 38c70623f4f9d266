//! The parts of a key file: blocks with a checksum, and keys wrapped under another.

use std::io;

use ring::aead::{Aad, LessSafeKey, Nonce};
use ring::hmac;

use super::keyring::{Held, Lookup};
use super::{KeyId, Secret};
use crate::journal::DiskFile;

pub(super) const MASTER_MAGIC: &[u8; 8] = b"IWMOMSTR";
pub(super) const HEAD: usize = 96;
pub(super) const ROW: usize = 96;
/// How much is read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// A row of the file, without the key in it.
pub(super) struct Row {
    pub(super) lookup: Lookup,
    pub(super) id: KeyId,
    /// The key was destroyed.
    pub(super) is_gone: bool,
}

impl Row {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let is_gone = bytes.get(32..92).is_some_and(|wrapped| wrapped.iter().all(|byte| *byte == 0));
        Self { lookup: array(bytes, 0), id: array(bytes, 16), is_gone }
    }

    pub(super) fn is_whole(bytes: &[u8; ROW]) -> bool {
        whole(bytes)
    }
}

/// Returns the key in a row.
pub(super) fn unwrap_row(lid: &LessSafeKey, store: [u8; 4], bytes: &[u8; ROW]) -> Option<Secret> {
    let Row { lookup, id, is_gone } = Row::of(bytes);
    if is_gone { None } else { unwrap(lid, &associated(store, id, Some(lookup)), &bytes[32..92]) }
}

/// Returns the number of the row that begins there.
pub(super) fn row_at(offset: u64) -> Option<u32> {
    u32::try_from(offset.checked_sub(HEAD as u64)? / ROW as u64).ok()
}

/// Gives each good row of a file from an offset on; returns where those end, or where it is damaged.
pub(super) fn each_row(
    file: &dyn DiskFile,
    from: u64,
    length: usize,
    each: &mut dyn FnMut(u32, &[u8]),
) -> io::Result<Result<u64, u64>> {
    let mut buffer = vec![0; CHUNK_BYTES / length * length];
    let (mut at, mut number) = (from, 0);
    let mut bad = None;
    loop {
        let read = file.read_at(&mut buffer, at)?;
        for row in buffer[..read].chunks_exact(length) {
            match (whole(row), bad) {
                (true, None) => each(number, row),
                (true, Some(offset)) => return Ok(Err(offset)),
                (false, _) => bad = bad.or(Some(from + u64::from(number) * length as u64)),
            }
            number += 1;
        }
        if read < buffer.len() {
            return Ok(Ok(bad.unwrap_or(from + u64::from(number) * length as u64)));
        }
        at += read as u64;
    }
}

pub(super) fn row(
    bytes: &mut Vec<u8>,
    lid: &LessSafeKey,
    store: [u8; 4],
    id: KeyId,
    held: &Held,
) -> io::Result<()> {
    let start = bytes.len();
    bytes.extend_from_slice(&held.lookup);
    bytes.extend_from_slice(&id);
    wrap(bytes, lid, &associated(store, id, Some(held.lookup)), &held.secret)?;
    seal_block(bytes, start);
    Ok(())
}

pub(super) fn associated(store: [u8; 4], id: KeyId, lookup: Option<Lookup>) -> Vec<u8> {
    let mut data = store.to_vec();
    data.extend_from_slice(&id);
    data.extend_from_slice(lookup.as_ref().map_or(&[][..], |lookup| lookup));
    data
}

pub(super) fn wrap(bytes: &mut Vec<u8>, lid: &LessSafeKey, data: &[u8], secret: &Secret) -> io::Result<()> {
    let nonce: [u8; 12] = rand::random();
    let mut wrapped = *secret;
    let sealed =
        lid.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(data), &mut wrapped);
    let tag = sealed.map_err(|_| unwrappable())?;
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&wrapped);
    bytes.extend_from_slice(tag.as_ref());
    Ok(())
}

pub(super) fn unwrap(lid: &LessSafeKey, data: &[u8], wrapped: &[u8]) -> Option<Secret> {
    let (nonce, rest) = wrapped.split_at_checked(12)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut bytes = rest.to_vec();
    let secret = lid.open_in_place(nonce, Aad::from(data), &mut bytes).ok()?;
    Secret::try_from(&*secret).ok()
}

pub(super) fn unwrappable() -> io::Error {
    io::Error::other("a key cannot be wrapped")
}

pub(super) fn master_bytes(master: &Secret) -> Vec<u8> {
    let mut bytes = MASTER_MAGIC.to_vec();
    bytes.extend_from_slice(master);
    seal_block(&mut bytes, 0);
    bytes
}

pub(super) fn master_name(master: &Secret) -> [u8; 8] {
    let name = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, master), b"iwmo master");
    array(name.as_ref(), 0)
}

/// Adds the checksum of what was written from here on.
pub(super) fn seal_block(bytes: &mut Vec<u8>, start: usize) {
    let sum = crc32c::crc32c(&bytes[start..]);
    bytes.extend_from_slice(&sum.to_le_bytes());
}

/// Returns whether a block ends in its checksum.
pub(super) fn whole(block: &[u8]) -> bool {
    block.split_last_chunk().is_some_and(|(rest, sum)| crc32c::crc32c(rest) == u32::from_le_bytes(*sum))
}

/// Returns bytes of a block that was measured before.
pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().unwrap_or([0; N])
}
