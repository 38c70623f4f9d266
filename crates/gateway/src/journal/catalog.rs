//! What a journal has, held in memory: its segments, the tips, and where each entry is.
//!
//! An entry costs four bytes: its offset in its segment. The entries of one chain in one segment form a run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::disk::Disk;
use super::error::{Damage, DamageKind, OpenError, ReadError};
use super::format::{EntryHeader, SegmentHeader};
use super::scan::{Found, Scanner, Segment, list_segments, open_segment};
use super::words::{Chain, Position, Tip, Tips};

/// The segments, tips and places of a journal, up to a number.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) segments: Vec<Arc<Segment>>,
    runs: BTreeMap<Chain, Vec<Run>>,
    pub(super) tips: Tips,
    /// The number of the entry after the last.
    pub(super) next: u64,
    /// Where in the last segment the entry after the last begins.
    pub(super) end: u64,
    /// Where in the last segment the last append begins, as far as it was found and not made by this process.
    pub(super) last_append: Option<u64>,
    /// The highest epoch that the headers name.
    pub(super) epoch: u64,
}

#[derive(Debug)]
struct Run {
    segment: u32,
    first_seq: u64,
    offsets: Vec<u32>,
}

/// What follows the last entry.
pub(super) enum Tail {
    /// Nothing.
    Clean,
    /// What an unfinished append left, or is just writing.
    Torn(Damage),
}

impl Catalog {
    /// Returns the catalog of a journal without entries.
    pub(super) fn new() -> Self {
        Self {
            segments: Vec::new(),
            runs: BTreeMap::new(),
            tips: Tips::new(),
            next: 1,
            end: 0,
            last_append: None,
            epoch: 0,
        }
    }

    /// Returns a catalog that knows these segments, the last by its header, and no entry before it.
    pub(super) fn from_last(segments: Vec<Arc<Segment>>, header: &SegmentHeader) -> Self {
        let end = segments.last().map_or(0, |segment| segment.start);
        let (tips, next, epoch) = (header.tips.clone(), header.first, header.epoch);
        Self { segments, runs: BTreeMap::new(), tips, next, end, last_append: None, epoch }
    }

    /// Takes up what the files have beyond what the catalog already knows.
    pub(super) fn extend(&mut self, disk: &dyn Disk, dir: &Path) -> Result<Tail, OpenError> {
        // A segment that is in the list stands after segments that are complete, so the list comes first.
        let known = self.segments.last().map_or(0, |segment| segment.first);
        let mut ahead = list_segments(disk, dir)?.into_iter().filter(|first| *first > known).peekable();
        if let Some(known) = self.segments.last() {
            let (segment, _, file) = open_segment(disk, dir, known.first)?;
            if segment.marker != known.marker {
                // A segment without entries may have been made anew.
                if segment.first != self.next {
                    return Err(segment.damage(0, None, DamageKind::SegmentHeader).into());
                }
                self.add_segment(Arc::new(segment.clone()));
            }
            let scanner = Scanner::new(file, segment.marker, self.end);
            if let Some(tail) = self.take(&segment, scanner, ahead.peek().copied())? {
                return Ok(tail);
            }
        }
        while let Some(first) = ahead.next() {
            let (segment, header, file) = open_segment(disk, dir, first)?;
            if first != self.next {
                // Only the very first can get here: `take` compares with the one that follows.
                return Err(segment.damage(0, None, DamageKind::SegmentMissing { found: first }).into());
            }
            if header.tips != self.tips {
                return Err(segment.damage(0, None, DamageKind::Tips).into());
            }
            self.epoch = self.epoch.max(header.epoch);
            let scanner = Scanner::new(file, segment.marker, segment.start);
            let segment = Arc::new(segment);
            self.add_segment(Arc::clone(&segment));
            if let Some(tail) = self.take(&segment, scanner, ahead.peek().copied())? {
                return Ok(tail);
            }
        }
        Ok(Tail::Clean)
    }

    /// Takes up the rest of a segment. Returns what follows it if it is the last.
    fn take(
        &mut self,
        segment: &Segment,
        mut scanner: Scanner,
        following: Option<u64>,
    ) -> Result<Option<Tail>, OpenError> {
        let io = |error| OpenError::from(ReadError::io(&segment.path)(error));
        let mut seen_wrong_at = None;
        loop {
            let offset = scanner.offset();
            let (kind, entry) = match scanner.next().map_err(io)? {
                Found::Entry { header, .. } => {
                    if let Some(kind) = follows(self.next, self.tip(header.id.chain), &header) {
                        return Err(segment.damage(offset, Some(header.id), kind).into());
                    }
                    self.add_entry(offset, &header);
                    self.end = scanner.offset();
                    continue;
                }
                Found::End => (DamageKind::NotEmpty, None),
                Found::Wrong { kind, header } => (kind, header.map(|header| header.id)),
            };
            let zero = scanner.is_zero_from(offset).map_err(io)?;
            if let Some(next) = following {
                if !zero {
                    return Err(segment.damage(offset, entry, kind).into());
                }
                if next != self.next {
                    let kind = DamageKind::SegmentEndsEarly { expected: self.next, next };
                    return Err(segment.damage(offset, None, kind).into());
                }
                return Ok(None);
            }
            if zero {
                return Ok(Some(Tail::Clean));
            }
            let next = self.next;
            let later = scanner.find_header(offset, |header| header.append_first() > next).map_err(io)?;
            if later.is_none() {
                return Ok(Some(Tail::Torn(segment.damage(offset, entry, kind))));
            }
            // Beside a process that writes, what was incomplete a moment ago may be complete by now, with a
            // later append after it. A second look tells that from damage.
            if seen_wrong_at == Some(offset) {
                return Err(segment.damage(offset, entry, kind).into());
            }
            seen_wrong_at = Some(offset);
            scanner.seek(offset);
        }
    }

    /// Adds a segment that follows what the catalog has, in place of one without entries.
    pub(super) fn add_segment(&mut self, segment: Arc<Segment>) {
        self.segments.pop_if(|last| last.first == segment.first);
        self.end = segment.start;
        self.last_append = None;
        self.segments.push(segment);
    }

    /// Adds an entry of the last segment; it must follow what the catalog has.
    fn add_entry(&mut self, offset: u64, header: &EntryHeader) {
        if header.append_first() == header.number {
            self.last_append = Some(offset);
        }
        self.add(offset, Tip { chain: header.id.chain, seq: header.id.seq, hash: header.hash });
    }

    /// Adds the entry that makes this tip, at this offset of the last segment.
    pub(super) fn add(&mut self, offset: u64, tip: Tip) {
        let segment = self.segments.len().saturating_sub(1) as u32;
        let runs = self.runs.entry(tip.chain).or_default();
        match runs.last_mut() {
            Some(run) if run.segment == segment => run.offsets.push(offset as u32),
            _ => runs.push(Run { segment, first_seq: tip.seq, offsets: vec![offset as u32] }),
        }
        self.tips.insert(tip.chain, tip);
        self.next += 1;
    }

    /// Returns the tip of a chain.
    pub(super) fn tip(&self, chain: Chain) -> Tip {
        self.tips.get(&chain).copied().unwrap_or_else(|| Tip::start(chain))
    }

    /// Returns where an entry is.
    pub(super) fn locate(&self, chain: Chain, seq: u64) -> Option<(Arc<Segment>, u64)> {
        let runs = self.runs.get(&chain)?;
        let run = &runs[runs.partition_point(|run| run.first_seq <= seq).checked_sub(1)?];
        let offset = run.offsets.get(usize::try_from(seq - run.first_seq).ok()?)?;
        Some((Arc::clone(self.segments.get(run.segment as usize)?), u64::from(*offset)))
    }

    /// Returns the first place that has an entry beyond these tips.
    pub(super) fn position_after(&self, tips: &Tips) -> Position {
        self.tips
            .keys()
            .filter_map(|chain| self.locate(*chain, tips.get(chain).map_or(0, |tip| tip.seq) + 1))
            .map(|(segment, offset)| Position { segment: segment.first, offset: offset as u32 })
            .min()
            .unwrap_or_else(|| self.end_position())
    }

    /// Returns where the entry after the last begins.
    pub(super) fn end_position(&self) -> Position {
        Position {
            segment: self.segments.last().map_or(0, |segment| segment.first),
            offset: u32::try_from(self.end).unwrap_or(u32::MAX),
        }
    }
}

/// Returns what is wrong with an entry in this place, if it does not follow.
pub(super) fn follows(number: u64, tip: Tip, header: &EntryHeader) -> Option<DamageKind> {
    if header.number != number {
        Some(DamageKind::Number { expected: number, found: header.number })
    } else if header.id.seq != tip.seq + 1 {
        Some(DamageKind::Sequence { expected: tip.seq + 1, found: header.id.seq })
    } else if header.previous != tip.hash {
        Some(DamageKind::ChainBroken { expected: tip.hash, found: header.previous })
    } else {
        None
    }
}
