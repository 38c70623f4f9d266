//! Checking a bundle, without the store.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{ENTRIES_MAX, HASHES_A_LINE, Hashes, Head, LINE_BYTES_MAX, Line};
use crate::hex::unhex;
use crate::journal::{EntryHash, EntryId, hash_of};

/// How the last line begins and ends.
const SIGNATURE: (&str, &str) = ("{\"handtekening\":\"", "\"}\n");

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The toewijzing, `GEMEENTE/NUMMER`.
    pub toewijzing: Option<String>,
    /// When the bundle was made.
    pub gemaakt: Option<String>,
    /// How many entries it holds.
    pub entries: usize,
    /// The last entry of the chain then, `GEMEENTE:SEQ`.
    pub tip: Option<String>,
    /// The hash of that.
    pub hash: Option<String>,
    /// The public key that it says it is signed with.
    pub sleutel: Option<String>,
    /// What is wrong, a line each; nothing: all is well.
    pub fouten: Vec<String>,
}

/// Checks a bundle. With `key` it must be signed with that one; without, the bundle names its key, and who made it is not
/// proved.
#[must_use]
pub fn check(bundle: &[u8], key: Option<&str>) -> Checked {
    let mut checked = Checked::default();
    let Some((signed, last)) = cut(bundle) else {
        checked.fouten.push("the last line is missing or incomplete".to_owned());
        return checked;
    };
    let mut lines = signed.split_inclusive(|byte| *byte == b'\n');
    let head: Option<Head> = lines.next().and_then(|line| read(line, "line 1", &mut checked.fouten));
    let Some(head) = head else { return checked };
    checked.toewijzing = Some(head.toewijzing.clone());
    checked.gemaakt = Some(head.gemaakt.clone());
    checked.tip = Some(format!("{}:{}", head.keten, head.seq));
    checked.hash = Some(head.hash.clone());
    checked.sleutel = Some(head.sleutel.clone());
    if head.bewijs != 1 {
        checked.fouten.push(format!("form {} is of a later release", head.bewijs));
        return checked;
    }
    if key.is_some_and(|key| key != head.sleutel) {
        checked.fouten.push(format!("it names the key {} and not the one that was given", head.sleutel));
    }
    if !is_signed(signed, last, key.unwrap_or(&head.sleutel)) {
        checked.fouten.push("the signature is not that of this key over this bundle".to_owned());
    }
    content(&head, lines, &mut checked);
    checked
}

/// Returns whether the last line is the signature of this key over what stands before it.
fn is_signed(signed: &[u8], last: &[u8], key: &str) -> bool {
    let signature = last
        .strip_prefix(SIGNATURE.0.as_bytes())
        .and_then(|rest| rest.strip_suffix(SIGNATURE.1.as_bytes()))
        .and_then(|digits| unhex(std::str::from_utf8(digits).ok()?))
        .filter(|signature| signature.len() == 64);
    match (signature, unhex(key).filter(|key| key.len() == 32)) {
        (Some(signature), Some(public)) => {
            let digest = Sha256::digest(signed);
            UnparsedPublicKey::new(&ED25519, public).verify(&digest, &signature).is_ok()
        }
        _ => false,
    }
}

/// Returns whether a bundle is signed with this key, and nothing else.
#[cfg(test)]
pub(super) fn signature_fits(bundle: &[u8], key: &str) -> bool {
    cut(bundle).is_some_and(|(signed, last)| is_signed(signed, last, key))
}

/// Parts the last line from what is signed.
fn cut(bundle: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, body) = bundle.split_last().filter(|(end, _)| **end == b'\n')?;
    let at = body.iter().rposition(|byte| *byte == b'\n')? + 1;
    Some(bundle.split_at(at))
}

/// Checks the entries and their place in the chain.
fn content<'b>(head: &Head, mut lines: impl Iterator<Item = &'b [u8]>, checked: &mut Checked) {
    if head.regels > ENTRIES_MAX {
        checked.fouten.push(format!("a bundle has at most {ENTRIES_MAX} entries"));
        return;
    }
    let mut entries: BTreeMap<u64, (EntryHash, EntryHash)> = BTreeMap::new();
    for number in 0..head.regels {
        let place = format!("line {}", number + 2);
        let Some(line) = lines.next() else {
            checked.fouten.push(format!("{place}: an entry is missing"));
            return;
        };
        let Some(line) = read::<Line>(line, &place, &mut checked.fouten) else { continue };
        match entry(&line) {
            Ok((id, previous, hash)) if id.chain.to_string() == head.keten => {
                entries.insert(id.seq, (previous, hash));
            }
            Ok((id, ..)) => checked.fouten.push(format!("{id}: it is not of chain {}", head.keten)),
            Err(why) => checked.fouten.push(format!("{}: {why}", line.entry)),
        }
    }
    checked.entries = entries.len();
    let mut next = 1;
    let mut before = EntryHash::START;
    for line in lines {
        let place = format!("hashes from {next} on");
        let Some(row) = read::<Hashes>(line, &place, &mut checked.fouten) else { return };
        if row.van != next || row.hashes.is_empty() || row.hashes.len() > HASHES_A_LINE {
            checked.fouten.push(format!("{place}: the row does not go on there"));
            return;
        }
        for text in &row.hashes {
            let Some(hash) = hash(text) else {
                checked.fouten.push(format!("{}:{next}: this is no hash", head.keten));
                return;
            };
            if let Some((previous, own)) = entries.remove(&next)
                && (previous != before || own != hash)
            {
                checked
                    .fouten
                    .push(format!("{}:{next}: it is not the entry of the chain at this place", head.keten));
            }
            before = hash;
            next += 1;
        }
    }
    if next != head.seq + 1 || before.to_string() != head.hash {
        checked
            .fouten
            .push(format!("{}:{}: the row of hashes does not end in the tip", head.keten, head.seq));
    }
    for seq in entries.keys() {
        checked.fouten.push(format!("{}:{seq}: the row of hashes does not have it", head.keten));
    }
}

/// Returns the name of an entry, the hash before it and its own, if its content has that.
fn entry(line: &Line) -> Result<(EntryId, EntryHash, EntryHash), String> {
    let id: EntryId = line.entry.parse().map_err(|_| "this names no entry".to_owned())?;
    let previous = hash(&line.vorige).ok_or("the hash before it cannot be read")?;
    let own = hash(&line.hash).ok_or("its hash cannot be read")?;
    let payload = STANDARD.decode(&line.inhoud).map_err(|_| "its content cannot be read".to_owned())?;
    let found = hash_of(id, previous, line.tijd, line.soort, line.versie, &payload);
    if found == own { Ok((id, previous, own)) } else { Err("its hash is not that of its content".to_owned()) }
}

fn hash(text: &str) -> Option<EntryHash> {
    unhex(text).and_then(|bytes| bytes.try_into().ok()).map(EntryHash)
}

fn read<T: DeserializeOwned>(line: &[u8], place: &str, faults: &mut Vec<String>) -> Option<T> {
    if line.len() > LINE_BYTES_MAX {
        faults.push(format!("{place}: a line has at most {LINE_BYTES_MAX} bytes"));
        return None;
    }
    let read = serde_json::from_slice(line).ok();
    if read.is_none() {
        faults.push(format!("{place}: it is not of the form that it should have"));
    }
    read
}
