//! The bytes of a journal on disk.
//!
//! # Limits
//!
//! | what | limit |
//! | --- | --- |
//! | payload of an entry | 64 MiB ([`PAYLOAD_BYTES_MAX`]) |
//! | entries in one append | 65,536 ([`BATCH_ENTRIES_MAX`](super::BATCH_ENTRIES_MAX)) |
//! | bytes of one append | 128 MiB ([`BATCH_BYTES_MAX`](super::BATCH_BYTES_MAX)) |
//! | segment file | configured, 64 KiB to 1 GiB; larger by as much as one append needs |
//! | chains | 10,000 (four digits) |
//!
//! # Layout
//!
//! Numbers are little-endian. Checksums are CRC32C (Castagnoli). A directory has a file `lock` and segment
//! files `journal-<N>.iwj`, where N is the number of the segment's first entry in the order of all chains,
//! with 20 digits, the first being 1. A file `journal-<N>.iwj.new` is a segment in the making and holds
//! nothing yet.
//!
//! A segment is a header, entries one after the other, and zeros. A header:
//!
//! | byte | size | what |
//! | --- | --- | --- |
//! | 0 | 8 | `iwmojrnl` |
//! | 8 | 2 | format, 1 |
//! | 10 | 2 | zero |
//! | 12 | 4 | T, the number of tips |
//! | 16 | 8 | N |
//! | 24 | 8 | epoch of the writer that made the segment |
//! | 32 | 8 | marker: random, the same in no two segments |
//! | 40 | 44 × T | tips of all chains before this segment, by chain: chain (4), seq (8), hash (32) |
//! | 40 + 44 × T | 4 | CRC of all before it |
//!
//! and zeros up to a multiple of 4096 bytes, where the first entry begins. An entry begins at a multiple of
//! 8 bytes:
//!
//! | byte | size | what |
//! | --- | --- | --- |
//! | 0 | 4 | length of the payload |
//! | 4 | 4 | how many entries of the same append stand before this one |
//! | 8 | 8 | number in the order of all chains, from 1 |
//! | 16 | 8 | seq: number in the chain, from 1 |
//! | 24 | 8 | time, signed microseconds since 1970-01-01 UTC |
//! | 32 | 4 | chain, four ASCII digits |
//! | 36 | 2 | kind of the payload |
//! | 38 | 2 | version of that kind's form |
//! | 40 | 32 | hash of the entry before it in the chain; zeros for the first |
//! | 72 | 32 | hash |
//! | 104 | 4 | CRC of the payload |
//! | 108 | 4 | CRC of the segment's marker (8 bytes) and bytes 0 to 108 |
//! | 112 | | payload, and zeros up to a multiple of 8 bytes |
//!
//! The hash is SHA-256 over: the hash of the entry before it, chain, seq, time, kind, version, length of the
//! payload, payload, each as it stands in the entry. It holds no file, number or marker, so that a chain
//! keeps its hashes when it is exported or moved.
//!
//! The file `lock` is locked by the process that writes, and holds `epoch <20 digits> pid <10 digits>` and
//! a line feed.
//!
//! # Recovery
//!
//! An append is one write after the last entry, followed by one `fdatasync`; it is acknowledged after that.
//! A segment is made under its `.new` name, synced, renamed, and the directory synced, before the first
//! entry is written to it; the segment before it is never written again.
//!
//! So whatever a crash leaves unfinished lies after the last acknowledged entry of the last segment, and
//! belongs to one append: a batch of any number of entries, of which the disk may have written any sectors and not
//! others. At open, the last segments are read, 256 MiB of them, and the headers of all others, whose
//! tips must go on from each other; `iwmo journal verify` reads all. Where an entry of the last segment is not right,
//! the rest of the file is searched, at every multiple of 8 bytes, for the header of an entry that was
//! written by a later append. If there is none, the rest is a torn tail: the file is cut there and
//! lengthened again with zeros. If there is one, something that was acknowledged has been damaged, and the
//! open fails with a [`Damage`](super::Damage) that names the place; so it does for anything that is not
//! right in an earlier segment that is read, and so does a read of an entry in one that was not. The marker makes sure that nobody can put into a payload what looks like an
//! entry of the segment it will be written to.
//!
//! What is read at open need not be on the disk yet: the process that wrote it may have died between the write and
//! its `fdatasync`, or after one that failed. So the directory is synced, and the last append is written again and
//! synced, before anybody can be answered because of it.
//!
//! Nothing on the disk tells a last append that a crash tore from one that was acknowledged and damaged
//! later. Who holds the tips elsewhere must compare: a ledger whose tip is beyond the journal's is such a
//! case.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::words::{Chain, Draft, EntryHash, EntryId, PAYLOAD_BYTES_MAX, Tip, Tips};

/// The length of the fixed part of a segment header.
pub(super) const SEGMENT_FIXED: usize = 40;
/// The length of a tip in a segment header.
const TIP_BYTES: usize = 44;
/// The largest number of tips: chains have four digits.
const TIPS_MAX: usize = 10_000;
/// Entries of a segment begin at a multiple of this.
const SEGMENT_HEADER_ALIGN: usize = 4096;
/// The length of an entry's header.
pub(super) const ENTRY_HEADER: usize = 112;
/// Entries begin at multiples of this.
pub(super) const ENTRY_ALIGN: usize = 8;
const MAGIC: &[u8; 8] = b"iwmojrnl";
/// The format that this release writes.
const FORMAT: u16 = 1;

/// The header of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) first: u64,
    pub(super) epoch: u64,
    pub(super) marker: u64,
    pub(super) tips: Tips,
}

/// Why a segment header could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SegmentHeaderError {
    /// It is not whole.
    Damaged,
    /// It is of another format.
    UnknownFormat(u16),
}

impl SegmentHeader {
    /// Returns the whole header, up to where the first entry begins.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::length(self.tips.len()));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&(self.tips.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.extend_from_slice(&self.marker.to_le_bytes());
        for tip in self.tips.values() {
            bytes.extend_from_slice(&tip.chain.code());
            bytes.extend_from_slice(&tip.seq.to_le_bytes());
            bytes.extend_from_slice(&tip.hash.0);
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes.resize(Self::length(self.tips.len()), 0);
        bytes
    }

    /// Returns the length of the whole header, from its fixed part.
    pub(super) fn length_from(fixed: &[u8; SEGMENT_FIXED]) -> Result<usize, SegmentHeaderError> {
        if fixed[..8] != *MAGIC {
            return Err(SegmentHeaderError::Damaged);
        }
        let format = u16::from_le_bytes(field(fixed, 8));
        if format != FORMAT {
            return Err(SegmentHeaderError::UnknownFormat(format));
        }
        let tips = u32::from_le_bytes(field(fixed, 12)) as usize;
        if tips > TIPS_MAX {
            return Err(SegmentHeaderError::Damaged);
        }
        Ok(Self::length(tips))
    }

    /// Reads a whole header.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, SegmentHeaderError> {
        let fixed = bytes.first_chunk().ok_or(SegmentHeaderError::Damaged)?;
        let length = Self::length_from(fixed)?;
        if bytes.len() != length {
            return Err(SegmentHeaderError::Damaged);
        }
        let count = u32::from_le_bytes(field(fixed, 12)) as usize;
        let tips_end = SEGMENT_FIXED + count * TIP_BYTES;
        let (content, rest) = bytes.split_at(tips_end);
        let (crc, rest) = rest.split_first_chunk().ok_or(SegmentHeaderError::Damaged)?;
        if u32::from_le_bytes(*crc) != crc32c::crc32c(content) || !is_zero(rest) {
            return Err(SegmentHeaderError::Damaged);
        }
        let mut tips = Tips::new();
        for tip in content[SEGMENT_FIXED..].chunks_exact(TIP_BYTES) {
            let chain = Chain::new(field(tip, 0)).ok_or(SegmentHeaderError::Damaged)?;
            let seq = u64::from_le_bytes(field(tip, 4));
            tips.insert(chain, Tip { chain, seq, hash: EntryHash(field(tip, 12)) });
        }
        Ok(Self {
            first: u64::from_le_bytes(field(fixed, 16)),
            epoch: u64::from_le_bytes(field(fixed, 24)),
            marker: u64::from_le_bytes(field(fixed, 32)),
            tips,
        })
    }

    /// Returns the length of a header with this many tips.
    pub(super) fn length(tips: usize) -> usize {
        (SEGMENT_FIXED + tips * TIP_BYTES + 4).next_multiple_of(SEGMENT_HEADER_ALIGN)
    }
}

/// The header of an entry, its checksum proved.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryHeader {
    pub(super) payload_bytes: usize,
    /// How many entries of the same append stand before it.
    pub(super) place: u32,
    pub(super) number: u64,
    pub(super) id: EntryId,
    pub(super) time: Timestamp,
    pub(super) kind: u16,
    pub(super) version: u16,
    pub(super) previous: EntryHash,
    pub(super) hash: EntryHash,
    pub(super) payload_crc: u32,
}

impl EntryHeader {
    /// Reads a header, or returns nothing when it is not a whole header of the segment with this marker.
    pub(super) fn decode(bytes: &[u8; ENTRY_HEADER], marker: u64) -> Option<Self> {
        if u32::from_le_bytes(field(bytes, 108)) != header_crc(bytes, marker) {
            return None;
        }
        let payload_bytes = u32::from_le_bytes(field(bytes, 0)) as usize;
        if payload_bytes > PAYLOAD_BYTES_MAX {
            return None;
        }
        Some(Self {
            payload_bytes,
            place: u32::from_le_bytes(field(bytes, 4)),
            number: u64::from_le_bytes(field(bytes, 8)),
            id: EntryId { chain: Chain::new(field(bytes, 32))?, seq: u64::from_le_bytes(field(bytes, 16)) },
            time: Timestamp::from_microsecond(i64::from_le_bytes(field(bytes, 24))).ok()?,
            kind: u16::from_le_bytes(field(bytes, 36)),
            version: u16::from_le_bytes(field(bytes, 38)),
            previous: EntryHash(field(bytes, 40)),
            hash: EntryHash(field(bytes, 72)),
            payload_crc: u32::from_le_bytes(field(bytes, 104)),
        })
    }

    /// Returns the length of the whole entry, its padding included.
    pub(super) fn entry_bytes(&self) -> usize {
        entry_bytes(self.payload_bytes)
    }

    /// Returns the number of the first entry of the append that wrote this one.
    pub(super) fn append_first(&self) -> u64 {
        self.number.saturating_sub(u64::from(self.place))
    }

    /// Computes the hash that an entry with this header and this payload should have.
    pub(super) fn hash_of(&self, payload: &[u8]) -> EntryHash {
        hash(self.previous, self.id, self.time.as_microsecond(), self.kind, self.version, payload)
    }
}

/// Returns the length of an entry with a payload of this length, its padding included.
pub(super) fn entry_bytes(payload_bytes: usize) -> usize {
    (ENTRY_HEADER + payload_bytes).next_multiple_of(ENTRY_ALIGN)
}

/// Writes an entry at the end of a buffer, all but the mark of its segment, and returns the tip after it.
pub(super) fn encode_entry(
    buffer: &mut Vec<u8>,
    number: u64,
    place: u32,
    tip: Tip,
    draft: &Draft<'_>,
) -> Tip {
    let id = EntryId { chain: tip.chain, seq: tip.seq + 1 };
    let time = draft.time.as_microsecond();
    let hash = hash(tip.hash, id, time, draft.kind, draft.version, draft.payload);
    let mut header = [0; ENTRY_HEADER];
    put(&mut header, 0, (draft.payload.len() as u32).to_le_bytes());
    put(&mut header, 4, place.to_le_bytes());
    put(&mut header, 8, number.to_le_bytes());
    put(&mut header, 16, id.seq.to_le_bytes());
    put(&mut header, 24, time.to_le_bytes());
    put(&mut header, 32, id.chain.code());
    put(&mut header, 36, draft.kind.to_le_bytes());
    put(&mut header, 38, draft.version.to_le_bytes());
    put(&mut header, 40, tip.hash.0);
    put(&mut header, 72, hash.0);
    put(&mut header, 104, crc32c::crc32c(draft.payload).to_le_bytes());
    buffer.extend_from_slice(&header);
    buffer.extend_from_slice(draft.payload);
    buffer.resize(buffer.len().next_multiple_of(ENTRY_ALIGN), 0);
    Tip { chain: id.chain, seq: id.seq, hash }
}

/// Makes an entry one of the segment with this marker.
pub(super) fn mark_entry(entry: &mut [u8], marker: u64) {
    if let Some(header) = entry.first_chunk_mut() {
        let crc = header_crc(header, marker);
        put(header, 108, crc.to_le_bytes());
    }
}

/// Returns whether all bytes are zero.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    // Block by block, because comparing blocks is much quicker than looking at each byte.
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|block| *block == ZEROS[..block.len()])
}

/// Returns the hash of an entry with this content and this entry before it.
#[must_use]
pub fn hash_of(
    id: EntryId,
    previous: EntryHash,
    time_us: i64,
    kind: u16,
    version: u16,
    payload: &[u8],
) -> EntryHash {
    hash(previous, id, time_us, kind, version, payload)
}

fn hash(previous: EntryHash, id: EntryId, time: i64, kind: u16, version: u16, payload: &[u8]) -> EntryHash {
    let mut hasher = Sha256::new();
    hasher.update(previous.0);
    hasher.update(id.chain.code());
    hasher.update(id.seq.to_le_bytes());
    hasher.update(time.to_le_bytes());
    hasher.update(kind.to_le_bytes());
    hasher.update(version.to_le_bytes());
    hasher.update((payload.len() as u32).to_le_bytes());
    hasher.update(payload);
    EntryHash(hasher.finalize().into())
}

fn header_crc(header: &[u8; ENTRY_HEADER], marker: u64) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&marker.to_le_bytes()), &header[..108])
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, field: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_laid_out_as_documented() {
        let chain = Chain::new(*b"0363").unwrap();
        let draft =
            Draft { time: Timestamp::from_microsecond(7).unwrap(), kind: 3, version: 2, payload: b"abc" };
        let mut bytes = Vec::new();
        let tip = encode_entry(&mut bytes, 5, 1, Tip { chain, seq: 8, hash: EntryHash([1; 32]) }, &draft);
        assert!(EntryHeader::decode(bytes.first_chunk().unwrap(), 99).is_none(), "of no segment yet");
        mark_entry(&mut bytes, 99);
        assert_eq!(bytes.len(), 120);
        assert_eq!(bytes[0..8], [3, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(bytes[8..16], 5u64.to_le_bytes());
        assert_eq!(bytes[16..24], 9u64.to_le_bytes());
        assert_eq!(bytes[24..32], 7u64.to_le_bytes());
        assert_eq!(bytes[32..40], *b"0363\x03\0\x02\0");
        assert_eq!(bytes[40..72], [1; 32]);
        assert_eq!(bytes[112..], *b"abc\0\0\0\0\0");
        // The hash can be computed by anyone from what the documentation says.
        let mut said = bytes[40..72].to_vec();
        said.extend_from_slice(&bytes[32..36]);
        said.extend_from_slice(&bytes[16..24]);
        said.extend_from_slice(&bytes[24..32]);
        said.extend_from_slice(&bytes[36..40]);
        said.extend_from_slice(&bytes[0..4]);
        said.extend_from_slice(b"abc");
        assert_eq!(bytes[72..104], Sha256::digest(&said)[..]);
        assert_eq!(tip.hash.0, bytes[72..104]);

        let header = EntryHeader::decode(bytes.first_chunk().unwrap(), 99).unwrap();
        assert_eq!((header.id, header.number, header.append_first()), (EntryId { chain, seq: 9 }, 5, 4));
        assert_eq!(header.hash_of(b"abc"), header.hash);
        assert!(EntryHeader::decode(bytes.first_chunk().unwrap(), 98).is_none(), "another segment's entry");
    }

    #[test]
    fn a_segment_header_reads_back_and_knows_its_format() {
        let tips = (1..=100)
            .map(|n: u64| {
                let chain: Chain = format!("{n:04}").parse().unwrap();
                (chain, Tip { chain, seq: n, hash: EntryHash([n as u8; 32]) })
            })
            .collect();
        let header = SegmentHeader { first: 17, epoch: 3, marker: 4, tips };
        let mut bytes = header.encode();
        assert_eq!(bytes.len(), 8192);
        assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert!(SegmentHeader::decode(&bytes).is_err(), "byte {at}");
            bytes[at] ^= 1;
        }
        bytes[8] = 2;
        assert_eq!(SegmentHeader::decode(&bytes), Err(SegmentHeaderError::UnknownFormat(2)));
    }
}
