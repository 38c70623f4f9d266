//! From the journal to the ledger: the tail at a start, everything when rows are missing or doubtful.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use jiff::Timestamp;

use super::ahead::{self, CHUNKS_WAITING, Ready};
use super::{Applier, At, FORMAT, LedgerError, keys};
use crate::journal::{Entry, EntryId, Position, Reader, Tips};
use crate::record::{Record, Verwijdering};
use crate::store::{Ledger, Opening, Overlay, StoreError, Writes};
use crate::vault::Vault;

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
            not_ahead(&ledger.tips(), reader)?;
            (ledger, None)
        }
        Opening::NeedsRebuild(reason) => (Ledger::create(dir, FORMAT)?, Some(reason.to_string())),
    };
    bring_up(ledger, reason, &mut || Ledger::create(dir, FORMAT), reader, applier, progress)
}

/// Brings a ledger up to the journal, and completes a removal that was cut short; where its rows are from before one,
/// another takes its place.
pub(crate) fn bring_up<L: Borrow<Ledger>>(
    mut ledger: L,
    mut reason: Option<String>,
    another: &mut dyn FnMut() -> Result<L, StoreError>,
    reader: &Reader,
    applier: &Applier,
    progress: &mut dyn FnMut(Progress),
) -> Result<(L, CatchUp), LedgerError> {
    let applied = loop {
        match catch_up(ledger.borrow(), reader, applier, progress) {
            Err(error @ (LedgerError::Unfinished { .. } | LedgerError::BeforeRemoval)) => {
                if let (LedgerError::Unfinished { sleutels }, Some(vault)) = (&error, reader.vault()) {
                    vault.destroy(sleutels).map_err(StoreError::from)?;
                }
                reason.get_or_insert_with(|| error.to_string());
                // Rows of the person were made of what is gone now.
                drop(ledger);
                ledger = another()?;
            }
            applied => break applied?,
        }
    };
    destroyed(ledger.borrow(), reader)?;
    Ok((ledger, CatchUp { applied, rebuilt: reason }))
}

/// Destroys keys that the ledger says were destroyed and that are here still: it was cut short after the rows were
/// written, or an old copy of the keys was put back.
fn destroyed(ledger: &Ledger, reader: &Reader) -> Result<(), LedgerError> {
    let Some(vault) = reader.vault() else { return Ok(()) };
    let mut sleutels = Vec::new();
    for row in ledger.scan(&keys::sleutels_vernietigd()) {
        sleutels.extend(keys::sleutel_vernietigd_naam(&row?.0));
    }
    let alive = vault.alive(&sleutels);
    if !alive.is_empty() {
        vault.destroy(&alive).map_err(StoreError::from)?;
    }
    Ok(())
}

/// Replays a journal in which a removal may have been cut short, as it is once that is completed.
fn completed<T>(
    reader: &Reader,
    mut replay: impl FnMut(&Reader) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let mut reader = reader.clone();
    loop {
        match replay(&reader) {
            Err(LedgerError::Unfinished { sleutels }) => reader = reader.withholding(sleutels),
            replayed => return replayed,
        }
    }
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
    completed(reader, |reader| {
        let ledger = Ledger::create(dir, FORMAT)?;
        let applied = catch_up(&ledger, reader, applier, progress)?;
        Ok((ledger, applied))
    })
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
    completed(reader, |reader| {
        let ledger = Ledger::temporary(FORMAT, reader.entries())?;
        catch_up(&ledger, reader, applier, progress)?;
        Ok(ledger)
    })
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
    completed(reader, |reader| {
        let ledger = Ledger::temporary(FORMAT, reader.entries())?;
        let mut wanted = |entry: &Entry| match tips.get(&entry.id.chain) {
            Some(tip) if entry.id.seq <= tip.seq => Wanted::Yes,
            _ => Wanted::No,
        };
        apply_wanted(&ledger, reader, applier, &mut wanted, progress)?;
        Ok(ledger)
    })
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
    completed(reader, |reader| until(horizon, reader, applier, progress))
}

fn until(
    horizon: Horizon,
    reader: &Reader,
    applier: &Applier,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Ledger, Timestamp), LedgerError> {
    let ledger = Ledger::temporary(FORMAT, reader.entries())?;
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
    let tips = ledger.tips();
    if tips == reader.tips() {
        return Ok(0);
    }
    let from = if tips.is_empty() { Position::START } else { reader.position_after(&tips) };
    let entries = reader.read_all(from);
    thread::scope(|scope| {
        let (sender, chunks) = sync_channel(CHUNKS_WAITING);
        let has = tips.clone();
        thread::Builder::new()
            .name("replay".to_owned())
            .spawn_scoped(scope, move || ahead::decode(entries, applier, &has, &sender))
            .map_err(StoreError::from)?;
        let (loads, to_load) = sync_channel(0);
        let loader = thread::Builder::new()
            .name("load".to_owned())
            .spawn_scoped(scope, move || load(ledger, &to_load))
            .map_err(StoreError::from)?;
        let mut applying = Applying {
            applier,
            loads,
            vault: reader.vault().map(|vault| &**vault),
            had_rows: !tips.is_empty(),
            tips,
            total: reader.entries(),
            applied: 0,
            overlay: Overlay::new(ledger),
            rows_pending: ROWS_OF_THE_FIRST,
            bytes: 0,
        };
        // The other side ends when nobody takes its chunks any more.
        for chunk in chunks {
            if applying.chunk(chunk?, wanted, progress)? {
                break;
            }
        }
        let Applying { overlay, tips, applied, loads, .. } = applying;
        // Who has no more for it ends it.
        drop(loads);
        loader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        write(ledger, &overlay.into_writes(), &tips)?;
        Ok(applied)
    })
}

/// What is written while applying goes on: rows, and the tips they stand for.
struct Load {
    writes: Arc<Writes>,
    tips: Tips,
}

/// Writes what it is given, one after the other. Ends at the first that fails: who gives more then finds nobody.
fn load(ledger: &Ledger, loads: &Receiver<Load>) -> Result<(), LedgerError> {
    for Load { writes, tips } in loads {
        write(ledger, &writes, &tips)?;
        // Held until it is in the ledger.
        drop(writes);
    }
    Ok(())
}

fn write(ledger: &Ledger, writes: &Writes, tips: &Tips) -> Result<(), LedgerError> {
    let all: Vec<_> = tips.values().copied().collect();
    match writes.len() {
        0 if ledger.tips() == *tips => Ok(()),
        rows if rows < ROWS_OF_A_TABLE => Ok(ledger.commit_shared(writes, &all)?),
        _ => Ok(ledger.load(writes, &all)?),
    }
}

/// A ledger on its way through the journal.
struct Applying<'a> {
    applier: &'a Applier,
    /// To who writes.
    loads: SyncSender<Load>,
    vault: Option<&'a Vault>,
    /// The ledger had rows before.
    had_rows: bool,
    tips: Tips,
    total: u64,
    applied: u64,
    /// What is applied and not in the ledger yet.
    overlay: Overlay<'a>,
    /// With so many rows pending they are written.
    rows_pending: usize,
    /// How many bytes the entries have that it stands for.
    bytes: usize,
}

/// With so many rows pending they are written at the latest. Many at once are quicker, and what is written again and again
/// (counts, persons) is written once; they take some 200 bytes each until then, twice: while these are written others come.
const ROWS_PENDING: usize = 200_000;

/// The first are written with so many, and each time with twice as many, so that a short journal is not applied first and
/// written after that.
const ROWS_OF_THE_FIRST: usize = if cfg!(test) { 16 } else { 50_000 };

/// From so many rows on, a table of their own is quicker than a commit.
const ROWS_OF_A_TABLE: usize = if cfg!(test) { 100 } else { 10_000 };

/// With so many bytes of entries their rows are written, however few they are: large messages may make large rows.
const BYTES_PENDING: usize = 64 << 20;

impl Applying<'_> {
    /// Checks that what is applied so far is without what stood under keys that were destroyed.
    fn removal(&self, verwijdering: &Verwijdering) -> Result<(), LedgerError> {
        let sleutels: Vec<_> = verwijdering.sleutels.iter().map(|sleutel| **sleutel).collect();
        let alive = self.vault.map(|vault| vault.alive(&sleutels)).unwrap_or_default();
        if !alive.is_empty() {
            return Err(LedgerError::Unfinished { sleutels: alive });
        }
        if self.had_rows { Err(LedgerError::BeforeRemoval) } else { Ok(()) }
    }

    /// Applies what is wanted of a chunk. True when nothing more is wanted.
    fn chunk(
        &mut self,
        chunk: Vec<Ready>,
        wanted: &mut dyn FnMut(&Entry) -> Wanted,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<bool, LedgerError> {
        let before = self.applied;
        let mut done = false;
        for Ready { entry, record, message } in chunk {
            match wanted(&entry) {
                Wanted::Yes => {}
                Wanted::No => continue,
                Wanted::Nothing => {
                    done = true;
                    break;
                }
            }
            let at = At { chain: entry.id.chain, seq: entry.id.seq, time: entry.time };
            let record = record?;
            if let Record::Verwijdering(verwijdering) = &record {
                self.removal(verwijdering)?;
            }
            if entry.gone {
                self.applier.apply_gone(&mut self.overlay, &at, &record, message.as_ref())?;
            } else {
                self.applier.apply(&mut self.overlay, &at, &record, message.as_ref())?;
            }
            self.tips.insert(entry.id.chain, entry.tip());
            self.applied += 1;
            self.bytes += entry.payload.len();
        }
        if self.overlay.len() >= self.rows_pending || self.bytes >= BYTES_PENDING {
            self.rows_pending = (self.rows_pending * 2).min(ROWS_PENDING);
            self.bytes = 0;
            let load = Load { writes: self.overlay.pass_on(), tips: self.tips.clone() };
            if self.loads.send(load).is_err() {
                // The writing failed, and says why when it is waited for.
                return Ok(true);
            }
        }
        if self.applied > before {
            progress(Progress { applied: self.applied, entries: self.total });
        }
        Ok(done)
    }
}

/// Rows are written after the entry is durable, so a ledger that stands for an entry that the journal does not have
/// proves that the journal lost one. Nobody but an operator may go on from there.
pub(crate) fn not_ahead(ledger: &Tips, reader: &Reader) -> Result<(), LedgerError> {
    for (chain, tip) in ledger {
        if !reader.had(tip)? {
            return Err(LedgerError::Ahead { entry: EntryId { chain: *chain, seq: tip.seq }.to_string() });
        }
    }
    Ok(())
}
