//! From the journal to the ledger: the tail at a start, everything when rows are missing or doubtful.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use super::{Applier, At, FORMAT, LedgerError};
use crate::engine::record::Record;
use crate::journal::{Entry, EntryId, Position, Reader, Tips};
use crate::store::{Ledger, Opening, Overlay};

/// Entries applied in one commit.
const COMMIT_ENTRIES: usize = 512;

/// How far a catch-up has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Entries applied.
    pub applied: u64,
    /// Entries in the journal.
    pub entries: u64,
}

/// What a catch-up did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// Entries applied.
    pub applied: u64,
    /// Why everything was applied again, when it was.
    pub rebuilt: Option<String>,
}

/// Opens the ledger in a folder and brings it up to the journal.
///
/// A ledger that is missing, damaged or of another format is dropped and rebuilt.
///
/// # Errors
///
/// The store is locked by another process, the journal cannot be read, an entry cannot be applied, or the ledger
/// stands for entries that the journal does not have: then the journal has lost what was acknowledged.
pub fn open(
    dir: &Path,
    reader: &Reader,
    applier: &Applier,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Ledger, CatchUp), LedgerError> {
    let (ledger, reason) = match Ledger::open(dir, FORMAT)? {
        Opening::Opened(ledger) => {
            ahead(&ledger.tips(), reader)?;
            (ledger, None)
        }
        Opening::NeedsRebuild(reason) => (Ledger::create(dir, FORMAT)?, Some(reason.to_string())),
    };
    let applied = catch_up(&ledger, reader, applier, progress)?;
    Ok((ledger, CatchUp { applied, rebuilt: reason }))
}

/// Drops the ledger in a folder and builds it from the journal.
///
/// # Errors
///
/// As [`open`].
pub fn rebuild(
    dir: &Path,
    reader: &Reader,
    applier: &Applier,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Ledger, u64), LedgerError> {
    let ledger = Ledger::create(dir, FORMAT)?;
    let applied = catch_up(&ledger, reader, applier, progress)?;
    Ok((ledger, applied))
}

/// Builds a ledger from the journal that is gone when it is dropped.
///
/// # Errors
///
/// The journal cannot be read, or an entry cannot be applied.
pub fn temporary(
    reader: &Reader,
    applier: &Applier,
    progress: &mut dyn FnMut(Progress),
) -> Result<Ledger, LedgerError> {
    let ledger = Ledger::temporary(FORMAT)?;
    catch_up(&ledger, reader, applier, progress)?;
    Ok(ledger)
}

/// Builds the ledger as it was when its tips were these; gone when it is dropped.
///
/// # Errors
///
/// As [`temporary`].
pub fn temporary_at(
    tips: &Tips,
    reader: &Reader,
    applier: &Applier,
    progress: &mut dyn FnMut(Progress),
) -> Result<Ledger, LedgerError> {
    let ledger = Ledger::temporary(FORMAT)?;
    let mut wanted = |entry: &Entry| match tips.get(&entry.id.chain) {
        Some(tip) if entry.id.seq <= tip.seq => Wanted::Yes,
        _ => Wanted::No,
    };
    apply_wanted(&ledger, reader, applier, &mut wanted, progress)?;
    Ok(ledger)
}

/// A point in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Horizon {
    /// What was written before this moment.
    Before(Timestamp),
    /// This entry and all that stood before it in the files.
    Through(EntryId),
}

/// Builds the ledger as it was at a point in the past; gone when it is dropped. Returns that moment too.
///
/// # Errors
///
/// As [`temporary`]; [`LedgerError::NoEntry`] when the journal does not have the entry that is named.
pub fn temporary_until(
    horizon: Horizon,
    reader: &Reader,
    applier: &Applier,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Ledger, Timestamp), LedgerError> {
    let ledger = Ledger::temporary(FORMAT)?;
    let moment = match horizon {
        Horizon::Before(moment) => {
            // The clock may have been set back: a chain ends at the first entry that is not before the moment.
            let mut ended = BTreeSet::new();
            let mut wanted = |entry: &Entry| {
                if ended.contains(&entry.id.chain) {
                    return Wanted::No;
                }
                if entry.time < moment {
                    return Wanted::Yes;
                }
                ended.insert(entry.id.chain);
                Wanted::No
            };
            apply_wanted(&ledger, reader, applier, &mut wanted, progress)?;
            moment
        }
        Horizon::Through(id) => {
            let last = reader.get(id.chain, id.seq)?;
            let last = last.ok_or_else(|| LedgerError::NoEntry { entry: id.to_string() })?;
            let mut wanted =
                |entry: &Entry| if entry.number <= last.number { Wanted::Yes } else { Wanted::Nothing };
            apply_wanted(&ledger, reader, applier, &mut wanted, progress)?;
            last.time
        }
    };
    Ok((ledger, moment))
}

/// Applies the entries after the ledger's tips. Returns how many those were.
///
/// # Errors
///
/// The journal cannot be read, or an entry cannot be applied.
pub fn catch_up(
    ledger: &Ledger,
    reader: &Reader,
    applier: &Applier,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, LedgerError> {
    apply_wanted(ledger, reader, applier, &mut |_| Wanted::Yes, progress)
}

/// Whether an entry is to be applied.
enum Wanted {
    Yes,
    No,
    /// Neither this nor any that follows.
    Nothing,
}

fn apply_wanted(
    ledger: &Ledger,
    reader: &Reader,
    applier: &Applier,
    wanted: &mut dyn FnMut(&Entry) -> Wanted,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, LedgerError> {
    let mut tips = ledger.tips();
    let from = if tips.is_empty() { Position::START } else { reader.position_after(&tips) };
    let entries = reader.entries();
    let mut applied = 0;
    let mut all = reader.read_all(from);
    loop {
        let mut overlay = Overlay::new(ledger);
        let mut taken = 0;
        let mut done = true;
        for entry in all.by_ref() {
            let entry = entry?;
            // Entries of other chains may stand between those that the ledger has.
            let has = tips.get(&entry.id.chain).is_some_and(|tip| entry.id.seq <= tip.seq);
            if has {
                continue;
            }
            match wanted(&entry) {
                Wanted::Yes => {}
                Wanted::No => continue,
                Wanted::Nothing => break,
            }
            apply_entry(&mut overlay, applier, &entry)?;
            tips.insert(entry.id.chain, entry.tip());
            taken += 1;
            if taken == COMMIT_ENTRIES {
                done = false;
                break;
            }
        }
        if taken > 0 {
            let tips: Vec<_> = tips.values().copied().collect();
            ledger.commit(overlay.into_writes(), &tips)?;
            applied += taken as u64;
            progress(Progress { applied, entries });
        }
        if done {
            return Ok(applied);
        }
    }
}

fn apply_entry(overlay: &mut Overlay<'_>, applier: &Applier, entry: &Entry) -> Result<(), LedgerError> {
    let at = At { chain: entry.id.chain, seq: entry.id.seq, time: entry.time };
    let record = Record::decode(entry.kind, entry.version, &entry.payload)
        .map_err(|source| LedgerError::Entry { entry: entry.id.to_string(), source })?;
    applier.apply(overlay, &at, &record, None)
}

/// Rows are written after the entry is durable, so a ledger that stands for an entry that the journal does not have
/// proves that the journal lost one. Nobody but an operator may go on from there.
pub(crate) fn ahead(ledger: &Tips, reader: &Reader) -> Result<(), LedgerError> {
    for (chain, tip) in ledger {
        let entry = reader.get(*chain, tip.seq)?;
        if entry.is_none_or(|entry| entry.tip() != *tip) {
            return Err(LedgerError::Ahead { entry: EntryId { chain: *chain, seq: tip.seq }.to_string() });
        }
    }
    Ok(())
}
