//! The parts of a key file: blocks with a checksum, and keys wrapped under another.

use std::io;

use ring::aead::{Aad, LessSafeKey, Nonce};
use ring::hmac;

use super::keyring::{Held, Lookup};
use super::{KeyId, Secret};
use crate::journal::DiskFile;

pub(super) const MASTER_MAGIC: &[u8; 8] = b"IWMOMSTR";
pub(super) const HEAD: usize = 96;
pub(super) const ROW: usize = 100;
/// Where in a row the number of those before it in its append stands.
const PLACE: usize = 92;
/// How much is read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// A row of the file, without the key in it.
pub(super) struct Row {
    pub(super) lookup: Lookup,
    pub(super) id: KeyId,
    /// The key was destroyed.
    pub(super) is_gone: bool,
    /// So many rows of the same append stand before it.
    place: u32,
}

impl Row {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let is_gone = bytes.get(32..92).is_some_and(|wrapped| wrapped.iter().all(|byte| *byte == 0));
        let place = u32::from_le_bytes(array(bytes, PLACE));
        Self { lookup: array(bytes, 0), id: array(bytes, 16), is_gone, place }
    }

    pub(super) fn is_whole(bytes: &[u8; ROW]) -> bool {
        whole(bytes)
    }
}

/// Returns the key in a row.
pub(super) fn unwrap_row(lid: &LessSafeKey, store: [u8; 4], bytes: &[u8; ROW]) -> Option<Secret> {
    let Row { lookup, id, is_gone, .. } = Row::of(bytes);
    if is_gone { None } else { unwrap(lid, &associated(store, id, Some(lookup)), &bytes[32..92]) }
}

/// Returns the number of the row that begins there.
pub(super) fn row_at(offset: u64) -> Option<u32> {
    u32::try_from(offset.checked_sub(HEAD as u64)? / ROW as u64).ok()
}

/// Returns a row as one that is no part of an append.
pub(super) fn alone(mut bytes: [u8; ROW]) -> [u8; ROW] {
    bytes[PLACE..PLACE + 4].fill(0);
    let sum = crc32c::crc32c(&bytes[..ROW - 4]);
    bytes[ROW - 4..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Rows of a file, from one on.
pub(super) struct Span {
    /// The number of the first of them.
    pub(super) first: u32,
    /// So many rows of the file were put in its place with it, and are there.
    pub(super) complete: u32,
    /// How long a row is.
    pub(super) length: usize,
    /// The rows say how many of the same append stand before them.
    pub(super) placed: bool,
}

impl Span {
    fn offset(&self, number: u32) -> u64 {
        HEAD as u64 + u64::from(number) * self.length as u64
    }

    /// Returns whether this row was added after the append that this other one is of was durable.
    fn is_later(&self, (number, row): (u32, &[u8]), other: u32) -> bool {
        !self.placed || number.saturating_sub(Row::of(row).place) > other
    }
}

/// Gives each good row of a file, and its number, up to what a crash left of the last append; returns where those end, or
/// where the file is damaged.
pub(super) fn each_row(
    file: &dyn DiskFile,
    span: &Span,
    each: &mut dyn FnMut(u32, &[u8]),
) -> io::Result<Result<u64, u64>> {
    let (mut at, mut number) = (span.offset(span.first), span.first);
    let rest = usize::try_from(file.len()?.saturating_sub(at)).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
    // One row more than there are, so that one read says where they end.
    let mut buffer = vec![0; (rest / span.length + 1) * span.length];
    let mut bad = None;
    loop {
        let read = file.read_at(&mut buffer, at)?;
        for row in buffer[..read].chunks_exact(span.length) {
            match (whole(row), bad) {
                (true, None) => each(number, row),
                (true, Some(bad)) if span.is_later((number, row), bad) => return Ok(Err(span.offset(bad))),
                (true, Some(_)) => {}
                (false, _) if number < span.complete => return Ok(Err(span.offset(number))),
                (false, _) => bad = bad.or(Some(number)),
            }
            number += 1;
        }
        if read < buffer.len() {
            let end = span.offset(bad.unwrap_or(number));
            return Ok(if number < span.complete { Err(end) } else { Ok(end) });
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
    place: u32,
) -> io::Result<()> {
    let start = bytes.len();
    bytes.extend_from_slice(&held.lookup);
    bytes.extend_from_slice(&id);
    wrap(bytes, lid, &associated(store, id, Some(held.lookup)), &held.secret)?;
    bytes.extend_from_slice(&place.to_le_bytes());
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
