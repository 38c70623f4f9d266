//! Reading a whole journal and listing everything that is wrong with it.

use std::path::Path;

use super::catalog::follows;
use super::disk::{Disk, RealDisk};
use super::error::{Damage, DamageKind, OpenError, ReadError};
use super::format::EntryHeader;
use super::scan::{Found, Scanner, Segment, list_segments, open_segment, segment_path};
use super::words::{EntryId, Tip, Tips};

/// The largest number of faults that a report lists.
pub const FAULTS_MAX: usize = 1_000;

/// How many entries go by between two calls of the progress function.
const PROGRESS_ENTRIES: u64 = 1_000;

/// How far a verification is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Bytes of segment files read.
    pub bytes: u64,
    /// Bytes of segment files there are.
    pub bytes_total: u64,
    /// Entries seen.
    pub entries: u64,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Everything that is wrong, in the order of the files, at most [`FAULTS_MAX`].
    pub faults: Vec<Damage>,
    /// There are more faults than are listed.
    pub truncated: bool,
    /// Where the last segment ends in something incomplete: an append that a crash cut short, which the next
    /// opening removes, or one that is being written now, or, if the ledger has it, damage.
    pub torn_tail: Option<Damage>,
    /// How many entries are right.
    pub entries: u64,
    /// How many bytes of segment files there are.
    pub bytes: u64,
    /// The tips, as far as they are right.
    pub tips: Tips,
}

impl VerifyReport {
    /// Returns whether nothing is wrong and nothing incomplete.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty() && self.torn_tail.is_none()
    }
}

/// Reads the journal in a directory and checks every checksum, every hash, and that no entry is missing.
///
/// It takes no lock and changes nothing.
///
/// # Errors
///
/// [`OpenError`] when there is no journal or the system fails; damage is in the report.
pub fn verify(dir: &Path, progress: &mut dyn FnMut(&VerifyProgress)) -> Result<VerifyReport, OpenError> {
    verify_on(&RealDisk, dir, progress)
}

/// Verifies the journal in a directory of another file system.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_on(
    disk: &dyn Disk,
    dir: &Path,
    progress: &mut dyn FnMut(&VerifyProgress),
) -> Result<VerifyReport, OpenError> {
    let firsts = list_segments(disk, dir)?;
    let mut lengths = Vec::with_capacity(firsts.len());
    for first in &firsts {
        let path = segment_path(dir, *first);
        let length = disk.open_read(&path).and_then(|file| file.len());
        lengths.push(length.map_err(OpenError::io("reading", &path))?);
    }
    let bytes_total = lengths.iter().sum();
    let mut verifier = Verifier {
        report: VerifyReport { bytes: bytes_total, ..VerifyReport::default() },
        progress: VerifyProgress { bytes_total, ..VerifyProgress::default() },
        tell: progress,
        next: 1,
        unread: 0,
    };
    for (at, first) in firsts.iter().enumerate() {
        let before = verifier.progress.bytes;
        match open_segment(disk, dir, *first) {
            Ok((segment, header, file)) => {
                if *first != verifier.next {
                    let kind = if at == 0 {
                        DamageKind::SegmentMissing { found: *first }
                    } else {
                        DamageKind::SegmentEndsEarly { expected: verifier.next, next: *first }
                    };
                    verifier.fault(segment.damage(0, None, kind));
                } else if !verifier.leads_to(&header.tips) {
                    verifier.fault(segment.damage(0, None, DamageKind::Tips));
                }
                // Each segment is judged by itself: what one lacks is reported once.
                verifier.next = *first;
                verifier.report.tips = header.tips;
                verifier.unread = 0;
                let scanner = Scanner::new(file, segment.marker, segment.start);
                verifier.segment(&segment, scanner, firsts.get(at + 1).copied(), before)?;
            }
            Err(ReadError::Damaged(damage)) => {
                verifier.fault(*damage);
                // The header of the next segment says where it goes on.
                if let Some(following) = firsts.get(at + 1) {
                    verifier.unread = verifier.unread.saturating_add(following - first);
                    verifier.next = *following;
                }
            }
            Err(error) => return Err(error.into()),
        }
        verifier.progress.bytes = before + lengths[at];
        (verifier.tell)(&verifier.progress);
    }
    Ok(verifier.report)
}

struct Verifier<'a> {
    report: VerifyReport,
    progress: VerifyProgress,
    tell: &'a mut dyn FnMut(&VerifyProgress),
    /// The number of the entry that comes next.
    next: u64,
    /// So many entries stood in what cannot be read, of chains that nothing after it told yet.
    unread: u64,
}

impl Verifier<'_> {
    fn fault(&mut self, damage: Damage) {
        if self.report.faults.len() < FAULTS_MAX {
            self.report.faults.push(damage);
        } else {
            self.report.truncated = true;
        }
    }

    fn segment(
        &mut self,
        segment: &Segment,
        mut scanner: Scanner,
        following: Option<u64>,
        bytes_before: u64,
    ) -> Result<(), OpenError> {
        let io = |error| OpenError::from(ReadError::io(&segment.path)(error));
        let mut seen_wrong_at = None;
        loop {
            let offset = scanner.offset();
            let (kind, header) = match scanner.next().map_err(io)? {
                Found::Entry { header, payload } => {
                    let right = header.hash_of(payload) == header.hash;
                    self.entry(segment, offset, &header, right);
                    self.progress.bytes = bytes_before + offset;
                    if self.progress.entries.is_multiple_of(PROGRESS_ENTRIES) {
                        (self.tell)(&self.progress);
                    }
                    continue;
                }
                Found::End => (DamageKind::NotEmpty, None),
                Found::Wrong { kind, header } => (kind, header),
            };
            if scanner.is_zero_from(offset).map_err(io)? {
                return Ok(());
            }
            let entry = header.map(|header| header.id);
            let damage = segment.damage(offset, entry, kind);
            let next = self.next;
            let later = scanner.find_header(offset, |found| found.append_first() > next).map_err(io)?;
            if later.is_none() && following.is_none() {
                self.report.torn_tail = Some(damage);
                return Ok(());
            }
            // Beside a process that writes, a second look tells damage from what was incomplete.
            if following.is_none() && seen_wrong_at != Some(offset) {
                seen_wrong_at = Some(offset);
                scanner.seek(offset);
                continue;
            }
            self.fault(damage);
            // Goes on behind it: by its own length if its header is right, else at the next header. How many were
            // between its number says, and of which chains the entries behind it.
            let resume = match header {
                Some(header) => {
                    self.entry_after_damage(&header);
                    offset + header.entry_bytes() as u64
                }
                None => match scanner.find_header(offset + 8, |found| found.number >= next).map_err(io)? {
                    Some((resume, header)) => {
                        self.unread = self.unread.saturating_add(header.number - next);
                        self.next = header.number;
                        resume
                    }
                    None => {
                        if let Some(following) = following.filter(|following| *following >= next) {
                            self.unread = self.unread.saturating_add(following - next);
                            self.next = following;
                        }
                        return Ok(());
                    }
                },
            };
            scanner.seek(resume);
        }
    }

    /// Judges an entry whose checksums are right, and goes on from it whatever it is.
    fn entry(&mut self, segment: &Segment, offset: u64, header: &EntryHeader, hash_is_right: bool) {
        self.progress.entries += 1;
        let chain = header.id.chain;
        let mut tip = self.report.tips.get(&chain).copied().unwrap_or_else(|| Tip::start(chain));
        // Its own chain lacks no more than what cannot be read: that was said.
        let lacking = header.id.seq.saturating_sub(tip.seq + 1);
        if (1..=self.unread).contains(&lacking) {
            self.unread -= lacking;
            tip = Tip { chain, seq: header.id.seq - 1, hash: header.previous };
        }
        let at = |kind| segment.damage(offset, Some(header.id), kind);
        let wrong = follows(self.next, tip, header);
        let right = wrong.is_none() && hash_is_right;
        if let Some(kind) = wrong {
            self.fault(at(kind));
        }
        if !hash_is_right {
            self.fault(at(DamageKind::Hash));
        }
        self.report.entries += u64::from(right);
        self.entry_after_damage(header);
    }

    /// Returns whether the next segment goes on from here, but for what cannot be read.
    fn leads_to(&self, tips: &Tips) -> bool {
        let mut lacking = 0_u64;
        for (chain, tip) in tips {
            let here = self.report.tips.get(chain).copied().unwrap_or_else(|| Tip::start(*chain));
            match tip.seq.checked_sub(here.seq) {
                Some(0) if here == *tip => {}
                None | Some(0) => return false,
                Some(more) => lacking = lacking.saturating_add(more),
            }
        }
        lacking == self.unread && self.report.tips.keys().all(|chain| tips.contains_key(chain))
    }

    /// Takes an entry for what it says, so that those behind it are judged by themselves.
    fn entry_after_damage(&mut self, header: &EntryHeader) {
        let EntryId { chain, seq } = header.id;
        self.next = header.number.saturating_add(1);
        self.report.tips.insert(chain, Tip { chain, seq, hash: header.hash });
    }
}
