//! The words of the journal: chains, tips, entries, and their limits.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use jiff::Timestamp;

/// The largest payload of an entry.
pub const PAYLOAD_BYTES_MAX: usize = 64 << 20;

/// The largest number of entries in one append.
pub const BATCH_ENTRIES_MAX: usize = 65_536;

/// The largest number of bytes that one append may write, headers and padding included.
pub const BATCH_BYTES_MAX: usize = 128 << 20;

/// The tip of every chain that has an entry.
pub type Tips = BTreeMap<Chain, Tip>;

/// Names a chain: the CBS code of a gemeente, or `0000` for what belongs to none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chain([u8; 4]);

impl Chain {
    /// The chain of what belongs to no gemeente: configuration, operators, partners.
    pub const NONE: Self = Self(*b"0000");

    /// Returns the chain with this code, or nothing when it is not four ASCII digits.
    pub fn new(code: [u8; 4]) -> Option<Self> {
        code.iter().all(u8::is_ascii_digit).then_some(Self(code))
    }

    /// Returns the four digits.
    pub fn code(self) -> [u8; 4] {
        self.0
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Chain {
    type Err = NotAChain;

    fn from_str(text: &str) -> Result<Self, NotAChain> {
        text.as_bytes().try_into().ok().and_then(Self::new).ok_or(NotAChain)
    }
}

/// The text does not name a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a chain is named by four digits")]
pub struct NotAChain;

/// Counts the openings of a journal for writing; a writer of an earlier one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A SHA-256 over an entry and all before it in its chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryHash(pub [u8; 32]);

impl EntryHash {
    /// What the first entry of a chain has for the hash before it.
    pub const START: Self = Self([0; 32]);
}

impl fmt::Display for EntryHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EntryHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Names an entry: `GEMEENTE:SEQ`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId {
    /// The chain it is in.
    pub chain: Chain,
    /// Its number in that chain, from 1.
    pub seq: u64,
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.chain, self.seq)
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EntryId {
    type Err = NotAnEntryId;

    fn from_str(text: &str) -> Result<Self, NotAnEntryId> {
        let (chain, seq) = text.split_once(':').ok_or(NotAnEntryId)?;
        let chain = chain.parse().map_err(|NotAChain| NotAnEntryId)?;
        // `u64::from_str` would also take a sign.
        if !seq.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAnEntryId);
        }
        match seq.parse() {
            Ok(seq) if seq > 0 => Ok(Self { chain, seq }),
            _ => Err(NotAnEntryId),
        }
    }
}

/// The text does not name a journal entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a journal entry is named as GEMEENTE:SEQ, for example 0363:17")]
pub struct NotAnEntryId;

/// The last entry of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tip {
    /// The chain.
    pub chain: Chain,
    /// The number of its last entry; 0 when it has none.
    pub seq: u64,
    /// The hash of its last entry; [`EntryHash::START`] when it has none.
    pub hash: EntryHash,
}

impl Tip {
    /// Returns the tip of a chain that has no entry.
    pub fn start(chain: Chain) -> Self {
        Self { chain, seq: 0, hash: EntryHash::START }
    }
}

/// What is to be appended to one chain.
#[derive(Clone, Copy, Debug)]
pub struct ChainBatch<'a> {
    /// The last entry that the writer knows of; it also names the chain.
    pub tip: Tip,
    /// The entries, in order.
    pub drafts: &'a [Draft<'a>],
}

/// An entry that is not yet in a chain.
#[derive(Clone, Copy)]
pub struct Draft<'a> {
    /// When it happened; kept to the microsecond.
    pub time: Timestamp,
    /// What kind of payload it is. The journal gives it no meaning.
    pub kind: u16,
    /// The version of that kind's form, so that a later release reads it.
    pub version: u16,
    /// The content. The journal gives it no meaning.
    pub payload: &'a [u8],
}

impl fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The payload may hold personal data.
        f.debug_struct("Draft")
            .field("time", &self.time)
            .field("kind", &self.kind)
            .field("version", &self.version)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}

/// An entry of the journal.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// Its place in the files.
    pub position: Position,
    /// Its place in the order of all chains, from 1.
    pub number: u64,
    /// When it happened.
    pub time: Timestamp,
    /// What kind of payload it is.
    pub kind: u16,
    /// The version of that kind's form.
    pub version: u16,
    /// The hash of the entry before it in its chain.
    pub previous: EntryHash,
    /// Its own hash.
    pub hash: EntryHash,
    /// The content, in a buffer of its own: keeping it keeps nothing else.
    pub payload: Bytes,
    /// Something of the content stood under a key that was destroyed.
    pub gone: bool,
}

impl Entry {
    /// Returns the tip of its chain as it was just after this entry.
    pub fn tip(&self) -> Tip {
        Tip { chain: self.id.chain, seq: self.id.seq, hash: self.hash }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The payload may hold personal data.
        f.debug_struct("Entry")
            .field("id", &self.id)
            .field("number", &self.number)
            .field("time", &self.time)
            .field("kind", &self.kind)
            .field("version", &self.version)
            .field("hash", &self.hash)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// A place in the files of a journal from which to read on. Later places compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub(super) segment: u64,
    pub(super) offset: u32,
}

impl Position {
    /// Before the first entry.
    pub const START: Self = Self { segment: 0, offset: 0 };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_strictly() {
        assert_eq!("0363:17".parse(), Ok(EntryId { chain: Chain(*b"0363"), seq: 17 }));
        for wrong in
            ["", "0363", "363:1", "0363:", "0363:0", "0363:+1", "03a3:1", "0363:99999999999999999999"]
        {
            assert_eq!(wrong.parse::<EntryId>(), Err(NotAnEntryId), "{wrong}");
        }
    }

    #[test]
    fn debug_output_masks_payloads() {
        let draft = Draft { time: Timestamp::UNIX_EPOCH, kind: 1, version: 1, payload: b"999990019" };
        assert!(!format!("{draft:?}").contains("999990019"));
    }
}
