//! Keys of what is about the eigen bijdrage of a whole gemeente.

use iwmo_toewijzing::identity::Gemeente;

use super::key;

/// Whether the CAK is told nothing about anybody in a gemeente.
pub fn cak_stil(gemeente: Gemeente) -> Vec<u8> {
    key(b'E', &[b"s", gemeente.as_str().as_bytes()])
}

/// The same, of every gemeente or of one.
pub fn cak_stil_van(gemeente: Option<Gemeente>) -> Vec<u8> {
    match gemeente {
        Some(gemeente) => cak_stil(gemeente),
        None => key(b'E', &[b"s"]),
    }
}

/// The gemeente in such a key.
pub fn cak_stil_gemeente(key: &[u8]) -> Option<Gemeente> {
    Gemeente::new(std::str::from_utf8(key.get(2..6)?).ok()?).ok()
}
