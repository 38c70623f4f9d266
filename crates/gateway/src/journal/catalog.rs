//! What a journal has, held in memory: its segments, the tips, and where each entry is.
//!
//! An entry costs four bytes: its offset in its segment. The entries of one chain in one segment form a run. Of the segments
//! before the last few, what was not looked at lately is forgotten, so that memory does not grow with the journal.
//!
//! Of a long journal only the last segments are read at opening. Those before them are known by their headers, which say
//! which entries of each chain they have; one of them is looked through when somebody wants an entry of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::disk::{Disk, DiskFile};
use super::error::{Damage, DamageKind, OpenError, ReadError};
use super::format::{EntryHeader, SegmentHeader};
use super::index::IndexHead;
use super::scan::{Found, Scanner, Segment, list_segments, open_segment, segment_path};
use super::words::{Chain, EntryId, Position, Tip, Tips};

/// How much of a journal is read at opening; the last segment always is.
pub(super) const READ_BYTES: u64 = 256 << 20;

/// Of so many of the last segments the entries are known for good,
const KEPT_SEGMENTS: usize = 8;
/// and of so many before them as long as others are not wanted more.
const LOOKED_SEGMENTS: usize = 32;

/// The segments, tips and places of a journal, up to a number.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) segments: Vec<Arc<Segment>>,
    /// The tips before each segment.
    before: Vec<Tips>,
    /// So many of the first segments are known by their headers alone,
    unread: usize,
    /// but for these, which were looked through since.
    looked: BTreeSet<usize>,
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
    /// The last entry, if it is in a segment that was read.
    pub(super) last: Option<EntryId>,
    rest: Rest,
}

/// How it is found out that nothing follows the last entry: a segment is reserved whole, and is zeros where nothing was
/// written yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// All of it is read: whoever goes on writing there cuts off what is no entry.
    Read,
    /// The file system says where something was written: whoever only looks need not wait.
    Asked,
}

/// Where an entry is.
pub(super) enum Located {
    /// There is no such entry.
    Nowhere,
    /// At this offset of a segment.
    At(Arc<Segment>, u64),
    /// Somewhere in the segment with this place in the list.
    In(usize),
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
    fn new(rest: Rest) -> Self {
        Self {
            segments: Vec::new(),
            before: Vec::new(),
            unread: 0,
            looked: BTreeSet::new(),
            runs: BTreeMap::new(),
            tips: Tips::new(),
            next: 1,
            end: 0,
            last_append: None,
            epoch: 0,
            last: None,
            rest,
        }
    }

    /// Returns the catalog of the journal in a directory, of which the last segments are read, with so many bytes
    /// together if there are as many, and what follows the last entry.
    pub(super) fn open(
        disk: &dyn Disk,
        dir: &Path,
        read_bytes: u64,
        rest: Rest,
    ) -> Result<(Self, Tail), OpenError> {
        let firsts = list_segments(disk, dir)?;
        let (mut bytes, mut read) = (0, firsts.len());
        while read > 0 && bytes < read_bytes {
            read -= 1;
            let path = segment_path(dir, firsts[read]);
            let file = disk.open_read(&path).map_err(OpenError::io("opening", &path))?;
            bytes += file.len().map_err(OpenError::io("looking at", &path))?;
        }
        let mut known: Vec<(Arc<Segment>, SegmentHeader)> = Vec::new();
        // With nothing before them, all that is read is taken up from its beginning.
        for first in firsts.iter().take(if read == 0 { 0 } else { read + 1 }) {
            let (segment, header, _) = open_segment(disk, dir, *first)?;
            if known.is_empty() && *first != 1 {
                return Err(segment.damage(0, None, DamageKind::SegmentMissing { found: *first }).into());
            }
            let entries: u64 = header.tips.values().map(|tip| tip.seq).sum();
            let later = known.last().is_none_or(|(_, before)| is_later(&before.tips, &header.tips));
            if entries + 1 != *first || !later {
                return Err(segment.damage(0, None, DamageKind::Tips).into());
            }
            known.push((Arc::new(segment), header));
        }
        let mut catalog = Self::from_headers(known, rest);
        let tail = catalog.extend(disk, dir)?;
        Ok((catalog, tail))
    }

    /// Returns a catalog that knows these segments by their headers, and no entry of them; the last is read next.
    pub(super) fn from_headers(known: Vec<(Arc<Segment>, SegmentHeader)>, rest: Rest) -> Self {
        let Some((last, header)) = known.last() else { return Self::new(rest) };
        let (end, next, tips) = (last.start, header.first, header.tips.clone());
        let epoch = known.iter().map(|(_, header)| header.epoch).max().unwrap_or(0);
        let unread = known.len() - 1;
        let (segments, before) = known.into_iter().map(|(segment, header)| (segment, header.tips)).unzip();
        Self { segments, before, unread, end, next, tips, epoch, ..Self::new(rest) }
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
            let zero = match self.rest {
                Rest::Read => scanner.is_zero_from(offset),
                Rest::Asked => scanner.is_unwritten_from(offset),
            };
            let zero = zero.map_err(io)?;
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
        if self.segments.pop_if(|last| last.first == segment.first).is_some() {
            self.before.pop();
        }
        self.before.push(self.tips.clone());
        self.end = segment.start;
        self.last_append = None;
        self.segments.push(segment);
        if let Some(unread) = self.segments.len().checked_sub(KEPT_SEGMENTS).filter(|at| *at > self.unread) {
            let before = std::mem::replace(&mut self.unread, unread);
            self.forget(|segment| (before..unread).contains(&segment));
        }
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
        self.last = Some(EntryId { chain: tip.chain, seq: tip.seq });
    }

    /// Returns the tip of a chain.
    pub(super) fn tip(&self, chain: Chain) -> Tip {
        self.tips.get(&chain).copied().unwrap_or_else(|| Tip::start(chain))
    }

    /// Returns where an entry is.
    pub(super) fn locate(&self, chain: Chain, seq: u64) -> Located {
        if seq == 0 || seq > self.tip(chain).seq {
            return Located::Nowhere;
        }
        let runs = self.runs.get(&chain).map_or(&[][..], Vec::as_slice);
        let run = runs.partition_point(|run| run.first_seq <= seq).checked_sub(1).and_then(|at| runs.get(at));
        let found = run.and_then(|run| {
            let offset = run.offsets.get(usize::try_from(seq - run.first_seq).ok()?)?;
            Some((Arc::clone(self.segments.get(run.segment as usize)?), u64::from(*offset)))
        });
        if let Some((segment, offset)) = found {
            return Located::At(segment, offset);
        }
        let has = |tips: &Tips| tips.get(&chain).map_or(0, |tip| tip.seq) >= seq;
        match self.before.partition_point(|tips| !has(tips)).checked_sub(1) {
            Some(at) if at < self.unread && !self.looked.contains(&at) => Located::In(at),
            _ => Located::Nowhere,
        }
    }

    /// Returns a segment that is known by its header, with the tips before it, and where and with which tips the next
    /// begins.
    pub(super) fn known(&self, at: usize) -> Option<(Arc<Segment>, Tips, u64, Tips)> {
        let (segment, next) = (self.segments.get(at)?, self.segments.get(at + 1)?);
        Some((
            Arc::clone(segment),
            self.before.get(at)?.clone(),
            next.first,
            self.before.get(at + 1)?.clone(),
        ))
    }

    /// Takes up the entries of a segment that was known by its header, with their offsets.
    pub(super) fn look(&mut self, at: usize, entries: Places) {
        if at >= self.unread || !self.looked.insert(at) {
            return;
        }
        if self.looked.len() > LOOKED_SEGMENTS {
            // Any but this one will do.
            let other = self.looked.iter().copied().find(|other| *other != at);
            self.forget(|segment| Some(segment) == other);
        }
        for (chain, (first_seq, offsets)) in entries.0 {
            let run = Run { segment: at as u32, first_seq, offsets };
            let runs = self.runs.entry(chain).or_default();
            let place = runs.partition_point(|one| one.first_seq < run.first_seq);
            runs.insert(place, run);
        }
    }

    /// Forgets where the entries of some segments are.
    fn forget(&mut self, of: impl Fn(usize) -> bool) {
        self.looked.retain(|at| !of(*at));
        for runs in self.runs.values_mut() {
            runs.retain(|run| !of(run.segment as usize));
        }
    }

    /// Returns whether a tip is one that a chain has now or had at the end of a segment.
    pub(super) fn has_at_an_end(&self, tip: &Tip) -> bool {
        let seq = |tips: &Tips| tips.get(&tip.chain).map_or(0, |tip| tip.seq);
        let at = self.before.partition_point(|tips| seq(tips) < tip.seq);
        let ends = [self.before.get(at), Some(&self.tips)];
        ends.into_iter().flatten().any(|tips| tips.get(&tip.chain) == Some(tip))
    }

    /// Returns a place from which on every entry beyond these tips stands.
    pub(super) fn position_after(&self, tips: &Tips) -> Position {
        self.tips
            .keys()
            .filter_map(|chain| match self.locate(*chain, tips.get(chain).map_or(0, |tip| tip.seq) + 1) {
                Located::Nowhere => None,
                Located::At(segment, offset) => Some((segment.first, offset)),
                Located::In(at) => self.segments.get(at).map(|segment| (segment.first, segment.start)),
            })
            .map(|(segment, offset)| Position { segment, offset: offset as u32 })
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

/// Of each chain the number of its first entry in a segment, and where that and those after it begin.
#[derive(Default)]
pub(super) struct Places(BTreeMap<Chain, (u64, Vec<u32>)>);

impl Places {
    /// Adds the entry of a chain that comes next.
    fn push(&mut self, id: EntryId, offset: u32) {
        self.0.entry(id.chain).or_insert_with(|| (id.seq, Vec::new())).1.push(offset);
    }
}

/// Reads the entries of a segment that the one with these tips and this number follows.
pub(super) fn look_through(
    disk: &dyn Disk,
    (segment, mut tips, next, after): (Arc<Segment>, Tips, u64, Tips),
) -> Result<Places, ReadError> {
    let io = || ReadError::io(&segment.path);
    let file = disk.open_read(&segment.path).map_err(io())?;
    if let Some(entries) = by_index(disk, &segment, file.as_ref(), (&tips, next, &after)) {
        return Ok(entries);
    }
    let mut scanner = Scanner::new(file, segment.marker, segment.start);
    let (mut entries, mut number) = (Places::default(), segment.first);
    loop {
        let offset = scanner.offset();
        let (kind, id) = match scanner.next().map_err(io())? {
            Found::Entry { header, .. } => {
                let chain = header.id.chain;
                let tip = tips.get(&chain).copied().unwrap_or_else(|| Tip::start(chain));
                match follows(number, tip, &header) {
                    None => {
                        tips.insert(chain, Tip { chain, seq: header.id.seq, hash: header.hash });
                        entries.push(header.id, offset as u32);
                        number += 1;
                        continue;
                    }
                    Some(kind) => (kind, Some(header.id)),
                }
            }
            Found::End if number == next && tips == after => return Ok(entries),
            Found::End if number == next => (DamageKind::Tips, None),
            Found::End => (DamageKind::SegmentEndsEarly { expected: number, next }, None),
            Found::Wrong { kind, header } => (kind, header.map(|header| header.id)),
        };
        return Err(segment.damage(offset, id, kind).into());
    }
}

/// Returns the entries of a segment as its index has them, when that covers it and goes from the tips before it to those
/// after it.
fn by_index(
    disk: &dyn Disk,
    segment: &Segment,
    file: &dyn DiskFile,
    (before, next, after): (&Tips, u64, &Tips),
) -> Option<Places> {
    let head = IndexHead::open(disk, segment, file)?;
    if segment.first + head.entries as u64 != next {
        return None;
    }
    let seq = |tips: &Tips, chain: &Chain| tips.get(chain).map_or(0, |tip| tip.seq);
    let mut entries = Places::default();
    for (chain, offsets) in head.places()?.into_iter().filter(|(_, offsets)| !offsets.is_empty()) {
        entries.0.insert(chain, (seq(before, &chain) + 1, offsets));
    }
    let length = |chain: &Chain| entries.0.get(chain).map_or(0, |(_, offsets)| offsets.len() as u64);
    let mut chains = before.keys().chain(after.keys()).chain(entries.0.keys());
    let same = chains.all(|chain| seq(before, chain) + length(chain) == seq(after, chain));
    same.then_some(entries)
}

/// Returns whether every chain has come as far or farther.
fn is_later(before: &Tips, after: &Tips) -> bool {
    before.iter().all(|(chain, tip)| after.get(chain).is_some_and(|later| later.seq >= tip.seq))
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
