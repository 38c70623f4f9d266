//! A record with what names a person sealed: the payload of entries of version 2.
//!
//! A record is written as `record.rs` says (version 1); then ranges of its bytes are sealed in place, each under
//! the key of the person that it is about, and what stands in it twice is left out. Numbers are little-endian.
//!
//! | at | bytes | what |
//! | ---: | ---: | --- |
//! | 0 | 4 | which key store: [`store_of`] |
//! | 4 | 4 | length of the record as written |
//! | 8 | 2 | number of sealed parts, s |
//! | 10 | 2 | number of copies, c |
//! | 12 | 52 s | the sealed parts, ascending: offset (4), length (4), name of the key (16), nonce (12), tag (16) |
//! | … | 12 c | the copies, ascending: offset (4), length (4), offset of the original (4), which lies wholly before it |
//! | … | | the record, without its copies, the sealed parts as ciphertext |
//!
//! Offsets and lengths count bytes of the record as written. A part is sealed with AES-256-GCM; its associated data is
//! the chain (4), the number in the chain (8), the kind (2), and offset and length of the part (8), so that no part can
//! be taken for one of another entry, kind or place.

use std::fmt;
use std::io;

use bytes::Bytes;
use memchr::memmem;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

use super::parts::{Copied, PARTS_MAX, Part, Parts};
use super::{Key, KeyId, Secret, Vault};
use crate::journal::{BATCH_BYTES_MAX, EntryId};

/// The version of entries whose record is sealed as this module says.
pub const SEALED_VERSION: u16 = 2;

/// The version of entries whose record stands as it was written.
pub const PLAIN_VERSION: u16 = 1;

const HEAD: usize = 12;
const SEALED: usize = 52;
const COPY: usize = 12;

/// The longest record; only a damaged entry can ask for more.
const RECORD_BYTES_MAX: usize = BATCH_BYTES_MAX;

/// How what stood under a key that was destroyed begins when it is read.
pub const GONE: &str = "<!--verwijderd";

/// A record, opened.
#[derive(PartialEq, Eq)]
pub struct Opened {
    /// Its bytes.
    pub plain: Bytes,
    /// Something of it stood under a key that was destroyed.
    pub gone: bool,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may hold personal data.
        f.debug_struct("Opened").field("bytes", &self.plain.len()).field("gone", &self.gone).finish()
    }
}

/// Why a sealed entry cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenFailure {
    /// The key that a part stands under is not there.
    #[error("the key that it is sealed under is not in the key file")]
    NoKey,
    /// The payload is not of the form that its version says.
    #[error("its sealed form cannot be read")]
    Form,
    /// The payload, its place or the key is not the one that it was sealed with.
    #[error("it is not what was sealed at this place")]
    Forged,
}

impl OpenFailure {
    /// Says what an operator should do.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoKey => {
                "The folder of the keys is older than the journal: put back the newer copy. Throw nothing away."
            }
            Self::Form => "Use the release that wrote it, or a later one; if that says the same, report it.",
            Self::Forged => "iwmo journal verify: someone may have rewritten the journal.",
        }
    }
}

/// Returns which key store a payload was sealed under.
pub(super) fn store_of(payload: &[u8]) -> Option<[u8; 4]> {
    payload.first_chunk().copied()
}

/// Returns the names of the keys that the parts of a payload stand under, in their order.
pub(super) fn keys_of(payload: &[u8]) -> Vec<KeyId> {
    let count =
        payload.get(8..10).and_then(|bytes| bytes.first_chunk()).copied().map_or(0, u16::from_le_bytes);
    let rows = payload.get(HEAD..HEAD + SEALED * usize::from(count)).unwrap_or_default();
    rows.chunks_exact(SEALED).filter_map(|row| row[8..24].try_into().ok()).collect()
}

fn associated(id: EntryId, kind: u16, offset: u32, length: u32) -> [u8; 22] {
    let mut data = [0; 22];
    data[..4].copy_from_slice(&id.chain.code());
    data[4..12].copy_from_slice(&id.seq.to_le_bytes());
    data[12..14].copy_from_slice(&kind.to_le_bytes());
    data[14..18].copy_from_slice(&offset.to_le_bytes());
    data[18..].copy_from_slice(&length.to_le_bytes());
    data
}

pub(super) fn cipher(secret: &Secret) -> Option<LessSafeKey> {
    // A key of another length there is none.
    UnboundKey::new(&AES_256_GCM, secret).ok().map(LessSafeKey::new)
}

/// Writes the sealed form of a record.
pub(super) fn seal(
    vault: &Vault,
    id: EntryId,
    kind: u16,
    plain: &[u8],
    parts: &Parts,
) -> io::Result<Vec<u8>> {
    let (sealed, copies) = (&parts.sealed, &parts.copies);
    let saved: usize = copies.iter().map(|copy| copy.length).sum();
    let table = HEAD + SEALED * sealed.len() + COPY * copies.len();
    let mut out = Vec::with_capacity(table + plain.len() - saved);
    // A record is smaller than 4 GiB, and has at most PARTS_MAX parts.
    let word = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    let half = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
    out.extend_from_slice(&vault.store);
    out.extend_from_slice(&word(plain.len()));
    out.extend_from_slice(&half(sealed.len()));
    out.extend_from_slice(&half(copies.len()));
    out.resize(HEAD + SEALED * sealed.len(), 0);
    for Copied { offset, length, original } in copies {
        out.extend_from_slice(&word(*offset));
        out.extend_from_slice(&word(*length));
        out.extend_from_slice(&word(*original));
    }
    let mut at = 0;
    for copy in copies {
        out.extend_from_slice(&plain[at..copy.offset]);
        at = copy.offset + copy.length;
    }
    out.extend_from_slice(&plain[at..]);
    let (rows, body) = out.split_at_mut(table);
    for (row, part) in rows[HEAD..].chunks_exact_mut(SEALED).zip(sealed) {
        let Part { offset, length, owner } = part;
        let start = offset - parts.left_out(*offset);
        let (key, secret) = vault.key_for(id.chain.code(), owner.as_ref().map(|bsn| &bsn[..]))?;
        let nonce: [u8; 12] = rand::random();
        let (offset_word, length_word) = (word(*offset), word(*length));
        let associated =
            associated(id, kind, u32::from_le_bytes(offset_word), u32::from_le_bytes(length_word));
        let range = &mut body[start..start + length];
        let tag = cipher(&secret).and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            cipher.seal_in_place_separate_tag(nonce, Aad::from(associated), range).ok()
        });
        // Only a part of 64 GiB cannot be sealed; were there one, nothing of it is kept rather than all in clear.
        match &tag {
            Some(tag) => row[36..].copy_from_slice(tag.as_ref()),
            None => range.fill(0),
        }
        row[..4].copy_from_slice(&offset_word);
        row[4..8].copy_from_slice(&length_word);
        row[8..24].copy_from_slice(&key);
        row[24..36].copy_from_slice(&nonce);
    }
    Ok(out)
}

/// Returns the record of a sealed payload.
pub(super) fn open(vault: &Vault, id: EntryId, kind: u16, payload: &[u8]) -> Result<Opened, OpenFailure> {
    if store_of(payload) != Some(vault.store) {
        return Err(OpenFailure::NoKey);
    }
    open_with(&|key| vault.key(key), id, kind, payload)
}

/// Returns the record of a sealed payload, its parts opened with these keys.
pub(super) fn open_with(
    keys: &dyn Fn(&KeyId) -> Key,
    id: EntryId,
    kind: u16,
    payload: &[u8],
) -> Result<Opened, OpenFailure> {
    let word = |bytes: &[u8], at: usize| {
        let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk()).ok_or(OpenFailure::Form)?;
        Ok::<u32, OpenFailure>(u32::from_le_bytes(*bytes))
    };
    let length = word(payload, 4)? as usize;
    let counts = word(payload, 8)?;
    let (sealed, copies) = ((counts & 0xffff) as usize, (counts >> 16) as usize);
    if length > RECORD_BYTES_MAX || sealed > PARTS_MAX || copies > PARTS_MAX {
        return Err(OpenFailure::Form);
    }
    let body = HEAD + SEALED * sealed + COPY * copies;
    let rows = payload.get(HEAD..HEAD + SEALED * sealed).ok_or(OpenFailure::Form)?;
    let doubles = payload.get(HEAD + SEALED * sealed..body).ok_or(OpenFailure::Form)?;
    let mut rest = &payload[body..];
    let mut plain = Vec::with_capacity(length.min(rest.len() * 2 + 64));
    for double in doubles.chunks_exact(COPY) {
        let (offset, bytes) = (word(double, 0)? as usize, word(double, 4)? as usize);
        let gap = offset.checked_sub(plain.len()).filter(|gap| *gap <= rest.len());
        let (before, after) = rest.split_at(gap.ok_or(OpenFailure::Form)?);
        plain.extend_from_slice(before);
        rest = after;
        if bytes > length.saturating_sub(plain.len()) {
            return Err(OpenFailure::Form);
        }
        plain.resize(plain.len() + bytes, 0);
    }
    plain.extend_from_slice(rest);
    if plain.len() != length {
        return Err(OpenFailure::Form);
    }
    let mut gone = false;
    for row in rows.chunks_exact(SEALED) {
        let (offset, bytes) = (word(row, 0)?, word(row, 4)?);
        let part = (offset as usize).checked_add(bytes as usize).map(|end| offset as usize..end);
        let range = part.and_then(|part| plain.get_mut(part)).ok_or(OpenFailure::Form)?;
        let (key, nonce, tag) = (&row[8..24], &row[24..36], &row[36..]);
        let (Ok(key), Ok(nonce), Ok(tag)) =
            (KeyId::try_from(key), Nonce::try_assume_unique_for_key(nonce), Tag::try_from(tag))
        else {
            return Err(OpenFailure::Form);
        };
        let secret = match keys(&key) {
            Key::Held(secret) => secret,
            Key::Missing => return Err(OpenFailure::NoKey),
            Key::Gone => {
                blank(range);
                gone = true;
                continue;
            }
        };
        let cipher = cipher(&secret).ok_or(OpenFailure::NoKey)?;
        let associated = Aad::from(associated(id, kind, offset, bytes));
        cipher
            .open_in_place_separate_tag(nonce, associated, tag, range, 0..)
            .map_err(|_| OpenFailure::Forged)?;
    }
    for double in doubles.chunks_exact(COPY) {
        let (offset, bytes, original) =
            (word(double, 0)? as usize, word(double, 4)? as usize, word(double, 8)? as usize);
        if original.checked_add(bytes).is_none_or(|end| end > offset) {
            return Err(OpenFailure::Form);
        }
        plain.copy_within(original..original + bytes, offset);
    }
    Ok(Opened { plain: plain.into(), gone })
}

/// Writes in place of what stood under a key that was destroyed, in a form that XML and text alike can have there.
fn blank(range: &mut [u8]) {
    let (begin, end) = (GONE.as_bytes(), b"-->");
    match range.len().checked_sub(begin.len() + end.len()) {
        Some(between) => {
            let (head, rest) = range.split_at_mut(begin.len());
            head.copy_from_slice(begin);
            rest[..between].fill(b' ');
            rest[between..].copy_from_slice(end);
        }
        None => range.fill(b'-'),
    }
}

/// Returns whether a message, or a part of it, stood under a key that was destroyed. Anybody can write such words, so this
/// is asked only of the messages of an entry that has something that is gone.
#[must_use]
pub fn is_gone(message: &[u8]) -> bool {
    memmem::find(message, GONE.as_bytes()).is_some()
}
