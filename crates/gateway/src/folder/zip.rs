//! Zip files, of the simple kind that portals hand out, from who may be hostile.
//!
//! Limits: [`ENTRIES_MAX`] files, [`ENTRY_BYTES_MAX`] bytes each and [`TOTAL_BYTES_MAX`] together, both as declared and
//! as inflated. No folders, no paths in names, no passwords, one level, no Zip64, no two entries over the same bytes.
//! Nothing is written anywhere: the files are returned.

use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// Files in a Zip (ggk-transport 6.4).
pub const ENTRIES_MAX: usize = 30;
/// Bytes of one file, and of the Zip itself.
pub const ENTRY_BYTES_MAX: usize = 25 * 1024 * 1024;
/// Bytes of all files together.
pub(super) const TOTAL_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Characters of a name.
const NAME_BYTES_MAX: usize = 255;

const END: u32 = 0x0605_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const LOCAL: u32 = 0x0403_4b50;
const END_BYTES: usize = 22;
const CENTRAL_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;

/// Why a Zip is not taken. The codes are those of the hub (Fo01 code list).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZipProblem {
    /// It is no Zip, or not one that we read.
    #[error("IB901: this is no valid Zip file")]
    Invalid,
    /// More files than allowed.
    #[error("IB902: the Zip has more than {ENTRIES_MAX} files")]
    TooMany,
    /// A password.
    #[error("IB903: the Zip has a password")]
    Password,
    /// A file is larger than allowed, or all together are.
    #[error("IB904: a file in the Zip, or all together, is larger than allowed")]
    TooLarge,
    /// No file at all.
    #[error("IB905: the Zip is empty")]
    Empty,
    /// A folder, or a name with a path in it.
    #[error("the Zip has folders, or a name that is a path")]
    Path,
}

/// Takes the files out of a Zip, in the order of its directory.
///
/// # Errors
///
/// [`ZipProblem`] when anything about it is not as it should be; then nothing of it is taken.
pub fn unzip(zip: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ZipProblem> {
    let end = find_end(zip).ok_or(ZipProblem::Invalid)?;
    let (entries, size, start) = (word(zip, end + 10)?, long(zip, end + 12)?, long(zip, end + 16)?);
    let on_disk = (word(zip, end + 4)?, word(zip, end + 6)?, word(zip, end + 8)?);
    // All ones stand for Zip64; another number on this disk for a Zip in parts.
    if entries == u16::MAX as usize || on_disk != (0, 0, entries) || start.checked_add(size) != Some(end) {
        return Err(ZipProblem::Invalid);
    }
    if entries == 0 {
        return Err(ZipProblem::Empty);
    }
    if entries > ENTRIES_MAX {
        return Err(ZipProblem::TooMany);
    }
    let mut files = Vec::with_capacity(entries);
    let mut spans: Vec<(usize, usize)> = Vec::with_capacity(entries);
    let (mut place, mut total) = (start, 0_usize);
    for _ in 0..entries {
        let (entry, next) = Entry::read(zip, place)?;
        place = next;
        total = total.checked_add(entry.bytes).ok_or(ZipProblem::TooLarge)?;
        if entry.bytes > ENTRY_BYTES_MAX || total > TOTAL_BYTES_MAX {
            return Err(ZipProblem::TooLarge);
        }
        let span = entry.span(zip, start)?;
        // Entries over the same bytes are how a small file becomes a large one.
        if spans.iter().any(|(from, to)| entry.header < *to && *from < span.1) {
            return Err(ZipProblem::Invalid);
        }
        spans.push((entry.header, span.1));
        let packed = zip.get(span.0..span.1).ok_or(ZipProblem::Invalid)?;
        files.push((entry.name.clone(), entry.unpack(packed)?));
    }
    if place == end { Ok(files) } else { Err(ZipProblem::Invalid) }
}

/// The end record stands at the end, before a comment.
fn find_end(zip: &[u8]) -> Option<usize> {
    let last = zip.len().checked_sub(END_BYTES)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last).rev().find(|at| {
        long(zip, *at) == Ok(END as usize)
            && word(zip, at + 20).is_ok_and(|comment| at + END_BYTES + comment == zip.len())
    })
}

struct Entry {
    name: String,
    deflated: bool,
    checksum: usize,
    packed: usize,
    bytes: usize,
    header: usize,
}

impl Entry {
    fn read(zip: &[u8], at: usize) -> Result<(Self, usize), ZipProblem> {
        if long(zip, at)? != CENTRAL as usize {
            return Err(ZipProblem::Invalid);
        }
        let (flags, method) = (word(zip, at + 8)?, word(zip, at + 10)?);
        // Bit 0: a password; bit 6: a stronger one; bit 13: hidden headers.
        if flags & (1 | 1 << 6 | 1 << 13) != 0 {
            return Err(ZipProblem::Password);
        }
        let length = word(zip, at + 28)?;
        let name = zip.get(at + CENTRAL_BYTES..at + CENTRAL_BYTES + length).ok_or(ZipProblem::Invalid)?;
        let name = std::str::from_utf8(name).map_err(|_| ZipProblem::Invalid)?;
        if !is_plain(name) {
            return Err(ZipProblem::Path);
        }
        let deflated = match method {
            0 => false,
            8 => true,
            _ => return Err(ZipProblem::Invalid),
        };
        let entry = Self {
            name: name.to_owned(),
            deflated,
            checksum: long(zip, at + 16)?,
            packed: long(zip, at + 20)?,
            bytes: long(zip, at + 24)?,
            header: long(zip, at + 42)?,
        };
        let next = at + CENTRAL_BYTES + length + word(zip, at + 30)? + word(zip, at + 32)?;
        Ok((entry, next))
    }

    /// Where the packed bytes stand, before the directory.
    fn span(&self, zip: &[u8], directory: usize) -> Result<(usize, usize), ZipProblem> {
        if long(zip, self.header)? != LOCAL as usize {
            return Err(ZipProblem::Invalid);
        }
        let start = self.header + LOCAL_BYTES + word(zip, self.header + 26)? + word(zip, self.header + 28)?;
        let end = start.checked_add(self.packed).filter(|end| *end <= directory);
        end.map(|end| (start, end)).ok_or(ZipProblem::Invalid)
    }

    fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, ZipProblem> {
        let bytes = if self.deflated {
            // What is declared is the limit: a bomb stops there.
            decompress_to_vec_with_limit(packed, self.bytes).map_err(|_| ZipProblem::Invalid)?
        } else {
            packed.to_vec()
        };
        let whole = bytes.len() == self.bytes && crc32(&bytes) as usize == self.checksum;
        if whole { Ok(bytes) } else { Err(ZipProblem::Invalid) }
    }
}

/// A file name and nothing more: no folder, no drive, nothing hidden.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.starts_with('.')
        && !name.chars().any(|c| matches!(c, '/' | '\\' | ':') || c.is_control())
}

fn word(zip: &[u8], at: usize) -> Result<usize, ZipProblem> {
    let bytes = zip.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or(ZipProblem::Invalid)?;
    Ok(usize::from(u16::from_le_bytes(*bytes)))
}

fn long(zip: &[u8], at: usize) -> Result<usize, ZipProblem> {
    let bytes = zip.get(at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(ZipProblem::Invalid)?;
    usize::try_from(u32::from_le_bytes(*bytes)).map_err(|_| ZipProblem::Invalid)
}

/// The checksum of Zip (IEEE 802.3), a byte at a time.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !bytes.iter().fold(u32::MAX, |crc, byte| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ *byte)])
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let (mut crc, mut bit) = (at as u32, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Writes a Zip; `deflate` packs its files.
    pub(crate) fn zip(files: &[(&str, &[u8])], deflate: bool) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, bytes) in files {
            let packed =
                if deflate { miniz_oxide::deflate::compress_to_vec(bytes, 6) } else { bytes.to_vec() };
            let header = out.len() as u32;
            let mut common = Vec::new();
            common.extend(20_u16.to_le_bytes());
            common.extend(0_u16.to_le_bytes());
            common.extend((if deflate { 8_u16 } else { 0 }).to_le_bytes());
            common.extend([0; 4]);
            common.extend(crc32(bytes).to_le_bytes());
            common.extend((packed.len() as u32).to_le_bytes());
            common.extend((bytes.len() as u32).to_le_bytes());
            common.extend((name.len() as u16).to_le_bytes());
            common.extend(0_u16.to_le_bytes());
            out.extend(LOCAL.to_le_bytes());
            out.extend(&common);
            out.extend(name.as_bytes());
            out.extend(&packed);
            directory.extend(CENTRAL.to_le_bytes());
            directory.extend(20_u16.to_le_bytes());
            directory.extend(&common);
            directory.extend([0; 10]);
            directory.extend(header.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let start = out.len() as u32;
        out.extend(&directory);
        out.extend(END.to_le_bytes());
        out.extend([0; 4]);
        out.extend((files.len() as u16).to_le_bytes());
        out.extend((files.len() as u16).to_le_bytes());
        out.extend((directory.len() as u32).to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend(0_u16.to_le_bytes());
        out
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let files: [(&str, &[u8]); 2] = [("a.xml", b"<a/>"), ("b.xml", &[b'x'; 5000])];
        for deflate in [false, true] {
            let out = unzip(&zip(&files, deflate)).unwrap();
            assert_eq!(out.len(), 2);
            for ((name, bytes), (expected, content)) in out.iter().zip(files) {
                assert_eq!((name.as_str(), bytes.as_slice()), (expected, content));
            }
        }
    }

    /// C-60: folders, passwords, path traversal and oversize entries are refused.
    #[test]
    fn c_60_what_a_zip_may_not_have() {
        for name in
            ["map/a.xml", "../a.xml", "/etc/passwd", "..\\a.xml", "c:a.xml", ".a", "map/", "a\0.xml", ""]
        {
            assert_eq!(unzip(&zip(&[(name, b"x")], false)), Err(ZipProblem::Path), "{name:?}");
        }
        assert_eq!(unzip(&zip(&[], false)), Err(ZipProblem::Empty));
        let many: Vec<(&str, &[u8])> = vec![("a.xml", b"x"); ENTRIES_MAX];
        assert_eq!(unzip(&zip(&many, false)).unwrap().len(), ENTRIES_MAX);
        let more: Vec<(&str, &[u8])> = vec![("a.xml", b"x"); ENTRIES_MAX + 1];
        assert_eq!(unzip(&zip(&more, false)), Err(ZipProblem::TooMany));
        let good = zip(&[("a.xml", b"x")], false);
        let central = good.windows(4).position(|found| found == CENTRAL.to_le_bytes()).unwrap();
        let mut locked = good.clone();
        locked[central + 8] |= 1;
        assert_eq!(unzip(&locked), Err(ZipProblem::Password));
        let mut odd = good.clone();
        odd[central + 10] = 12;
        assert_eq!(unzip(&odd), Err(ZipProblem::Invalid), "another way of packing");
    }

    /// A file of the largest size comes out; one byte more does not, and a bomb stops at what it declares.
    #[test]
    fn sizes_have_an_edge_and_bombs_stop() {
        let edge = vec![b'x'; ENTRY_BYTES_MAX];
        assert_eq!(unzip(&zip(&[("a.xml", &edge)], true)).unwrap()[0].1.len(), ENTRY_BYTES_MAX);
        let over = vec![b'x'; ENTRY_BYTES_MAX + 1];
        assert_eq!(unzip(&zip(&[("a.xml", &over)], true)), Err(ZipProblem::TooLarge));
        let mut bomb = zip(&[("a.xml", &[b'x'; 1 << 20])], true);
        let central = bomb.windows(4).position(|found| found == CENTRAL.to_le_bytes()).unwrap();
        bomb[central + 24..central + 28].copy_from_slice(&10_u32.to_le_bytes());
        assert_eq!(unzip(&bomb), Err(ZipProblem::Invalid));
        let six = vec![("a.xml", edge.as_slice()); 6];
        assert_eq!(
            unzip(&zip(&six, true)),
            Err(ZipProblem::TooLarge),
            "together more than {TOTAL_BYTES_MAX}"
        );
    }

    /// Two entries over the same bytes.
    #[test]
    fn overlapping_entries_are_refused() {
        let mut twice = zip(&[("a.xml", b"x"), ("a.xml", b"x")], false);
        let last = twice.windows(4).rposition(|found| found == CENTRAL.to_le_bytes()).unwrap();
        twice[last + 42..last + 46].copy_from_slice(&0_u32.to_le_bytes());
        assert_eq!(unzip(&twice), Err(ZipProblem::Invalid));
    }

    #[test]
    fn garbage_is_an_error_and_no_panic() {
        let good = zip(&[("a.xml", b"<a/>"), ("b.xml", b"<b/>")], true);
        for length in 0..good.len() {
            assert!(unzip(&good[..length]).is_err());
        }
        for place in 0..good.len() {
            for mask in [0xff, 0x80, 0x01] {
                let mut broken = good.clone();
                broken[place] ^= mask;
                // Whatever it says, it says so without a panic.
                let _any = unzip(&broken);
            }
        }
    }
}
