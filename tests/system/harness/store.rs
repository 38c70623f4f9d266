//! What stands in a store, read as the program reads it.

use std::collections::BTreeMap;
use std::path::Path;

use iwmo_gateway::journal::{Position, ReadOnlyJournal};
use iwmo_gateway::record::{Bericht, Record};
use iwmo_gateway::vault::Vault;
use sha2::{Digest, Sha256};

/// A message in the journal.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) id: String,
    pub(crate) bericht: Bericht,
}

impl Kept {
    /// The kinds of message that it made go out.
    pub(crate) fn outgoing(&self) -> Vec<&str> {
        self.bericht.uitgaand.iter().map(|uitgaand| uitgaand.soort.as_str()).collect()
    }
}

/// Returns every message that a journal holds.
pub(crate) fn kept(data: &Path) -> Vec<Kept> {
    let mut journal = ReadOnlyJournal::open(&data.join("journal")).unwrap();
    if let Some(vault) = Vault::read(data, journal.reader()).unwrap() {
        journal.set_vault(vault);
    }
    let mut kept = Vec::new();
    for entry in journal.reader().read_all(Position::START) {
        let entry = entry.unwrap();
        if let Record::Bericht(bericht) = Record::decode(entry.kind, entry.version, &entry.payload).unwrap() {
            kept.push(Kept { id: entry.id.to_string(), bericht: *bericht });
        }
    }
    kept
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Every file of a store with its content, but for the lock, in which each opening leaves its number.
pub(crate) fn snapshot(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "lock") {
                files.insert(path.display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}
