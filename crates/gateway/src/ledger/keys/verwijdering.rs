//! Keys of the rows about what was removed, and about whom entries are.

use iwmo_toewijzing::identity::Gemeente;

use super::{key, laatste_seq, of};

/// Prefix of what says which entries concern whom, of a gemeente.
pub fn persoon_entries_van(gemeente: [u8; 4]) -> Vec<u8> {
    key(b'q', &[&gemeente])
}

/// Reads back the BSN and the entry from the key that says that an entry concerns a person.
pub fn persoon_entry_delen(key: &[u8]) -> Option<(&str, u64)> {
    let rest = key.strip_prefix(b"q")?.get(4..)?;
    let (bsn, seq) = rest.split_last_chunk::<8>()?;
    Some((std::str::from_utf8(bsn).ok()?, u64::from_be_bytes(*seq)))
}

/// Prefix of the outgoing messages of an entry.
pub fn uitgaand_van_entry(gemeente: [u8; 4], seq: u64) -> Vec<u8> {
    key(b'o', &[&gemeente, &seq.to_be_bytes()])
}

/// Key that says that something of an entry stood under a key that was destroyed.
pub fn verwijderd(gemeente: [u8; 4], seq: u64) -> Vec<u8> {
    key(b'l', &[b"e", &gemeente, &seq.to_be_bytes()])
}

/// Key of a key that was destroyed.
pub fn sleutel_vernietigd(sleutel: &[u8; 16]) -> Vec<u8> {
    key(b'l', &[b"s", sleutel])
}

/// Prefix of the keys that were destroyed.
pub fn sleutels_vernietigd() -> Vec<u8> {
    key(b'l', &[b"s"])
}

/// Reads back the key that was destroyed.
pub fn sleutel_vernietigd_naam(key: &[u8]) -> Option<[u8; 16]> {
    key.strip_prefix(b"ls")?.try_into().ok()
}

/// Key of a request to remove what is kept about a person.
pub fn verzoek_verwijdering(gemeente: [u8; 4], seq: u64) -> Vec<u8> {
    key(b'l', &[b"v", &gemeente, &seq.to_be_bytes()])
}

/// Prefix of the requests to a gemeente to remove what is kept about a person; to all gemeenten without one.
pub fn verzoeken_verwijdering(gemeente: Option<Gemeente>) -> Vec<u8> {
    let mut key = of(b'l', None);
    key.push(b'v');
    key.extend_from_slice(gemeente.as_ref().map_or(&[][..], |gemeente| gemeente.as_str().as_bytes()));
    key
}

/// Reads back gemeente and entry from the key of a request to remove what is kept about a person.
pub fn verzoek_verwijdering_delen(key: &[u8]) -> Option<(Gemeente, u64)> {
    let rest = key.strip_prefix(b"lv")?;
    let gemeente = Gemeente::new(std::str::from_utf8(rest.get(..4)?).ok()?).ok()?;
    Some((gemeente, laatste_seq(rest.get(4..)?)?))
}
