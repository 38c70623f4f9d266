//! Keys of what is about the eigen bijdrage of a whole gemeente.

use iwmo_toewijzing::cak::EbStartNummer;
use iwmo_toewijzing::identity::{Bsn, Gemeente};

use super::key;

/// Whether the CAK is told nothing about anybody in a gemeente.
pub fn cak_stil(gemeente: Gemeente) -> Vec<u8> {
    key(b'E', &[b"s", gemeente.as_str().as_bytes()])
}

/// Whose period with this number stands at the CAK.
pub fn eb_nummer(gemeente: Gemeente, nummer: EbStartNummer, bsn: &Bsn) -> Vec<u8> {
    let mut key = eb_nummers_vanaf(gemeente, nummer.value());
    key.extend_from_slice(bsn.expose().as_bytes());
    key
}

/// Every period of a gemeente that stands at the CAK, by number.
pub fn eb_nummers(gemeente: Gemeente) -> Vec<u8> {
    key(b'E', &[b"n", gemeente.as_str().as_bytes()])
}

/// The first of them from a number on.
pub fn eb_nummers_vanaf(gemeente: Gemeente, nummer: u32) -> Vec<u8> {
    key(b'E', &[b"n", gemeente.as_str().as_bytes(), &nummer.to_be_bytes()])
}

/// The number and the person in such a key.
pub fn eb_nummer_delen(key: &[u8]) -> Option<(u32, Bsn)> {
    let number: [u8; 4] = key.get(6..10)?.try_into().ok()?;
    let bsn = Bsn::new(std::str::from_utf8(key.get(10..)?).ok()?).ok()?;
    Some((u32::from_be_bytes(number), bsn))
}

/// What the backoffice stated about every person of a gemeente.
pub fn alle_opgaven(gemeente: Gemeente) -> Vec<u8> {
    super::of(b'k', Some(gemeente))
}

/// The person in such a key.
pub fn opgaven_bsn(key: &[u8]) -> Option<Bsn> {
    Bsn::new(std::str::from_utf8(key.get(5..)?).ok()?).ok()
}

/// The choices of a gemeente about the eigen bijdrage.
pub fn eb_beleid(gemeente: Gemeente) -> Vec<u8> {
    key(b'E', &[b"b", gemeente.as_str().as_bytes()])
}
