//! Messages received, page by page, and the feed of everything that happens.
//!
//! Both read the journal, which has no index but its own order. A page therefore looks at a bounded number of
//! entries and may have fewer rows than asked, or none, while there is more: who pages goes on until there is no
//! cursor. The messages of one toewijzing are found through the entries of its person.

use iwmo_codec::Schemas;
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Gemeente, ToewijzingNummer};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::outgoing::{OutgoingView, outgoing_of};
use super::page::Page;
use super::timeline::{Line, lines};
use super::{Cursor, EntryView, summarize};
use crate::journal::{Chain, Entry, ReadError, Reader};
use crate::ledger::{LedgerError, Rows, keys};
use crate::record::Record;
use crate::store::Ledger;
use crate::vault::is_gone;

/// Most entries that one page looks at.
const SCAN_ENTRIES_MAX: usize = 20_000;

/// How far the machine's clock may have been set back without a message being missed.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(24);

/// A journal entry with what it means in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BerichtView {
    /// What was decided.
    #[serde(flatten)]
    pub entry: EntryView,
    /// What happened, in words.
    pub tijdlijn: Vec<Line>,
    /// What was to be sent because of it, and where that stands.
    pub verzonden: Vec<OutgoingView>,
}

/// Which end of the journal comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The latest first.
    #[default]
    Newest,
    /// The earliest first.
    Oldest,
}

/// Which messages to show.
#[derive(Clone, Debug, Default)]
pub struct BerichtFilter {
    /// Of these gemeenten.
    pub gemeenten: Vec<Gemeente>,
    /// Of this kind, as `WMO305`.
    pub bericht: Option<String>,
    /// From this partner.
    pub partner: Option<String>,
    /// Retours that say this: `goedgekeurd` or `afgekeurd`.
    pub retour: Option<&'static str>,
    /// Given this retourcode, or retours that give it.
    pub retourcode: Option<String>,
    /// About this toewijzing, of one of the gemeenten.
    pub toewijzing: Option<ToewijzingNummer>,
    /// Not before this moment.
    pub van: Option<Timestamp>,
    /// Before this moment.
    pub tot: Option<Timestamp>,
}

/// One chain, as far as it was walked.
struct Lane {
    chain: Chain,
    seqs: Box<dyn Iterator<Item = u64>>,
    entry: Option<Entry>,
}

impl Lane {
    fn advance(&mut self, reader: &Reader) -> Result<(), ReadError> {
        self.entry = match self.seqs.next() {
            Some(seq) => reader.get(self.chain, seq)?,
            None => None,
        };
        Ok(())
    }
}

/// Returns messages received, `limit` at most, from a cursor on.
///
/// # Errors
///
/// The store or the journal cannot be read.
pub fn berichten(
    ledger: &Ledger,
    reader: &Reader,
    schemas: &Schemas,
    filter: &BerichtFilter,
    order: Order,
    from: Option<&Cursor>,
    limit: usize,
) -> Result<Page<EntryView, Cursor>, LedgerError> {
    let mut cursor = Cursor::default();
    let mut lanes = Vec::new();
    for gemeente in &filter.gemeenten {
        let chain = keys::chain(*gemeente);
        let (first, last) = bounds(reader, chain, filter)?;
        let seen = from.and_then(|from| from.seen(chain));
        let (low, high) = match order {
            Order::Oldest => (seen.map_or(first, |seen| first.max(seen.saturating_add(1))), last),
            Order::Newest => (first, seen.map_or(last, |seen| last.min(seen.saturating_sub(1)))),
        };
        // What arrives later in a chain that was not begun yet must not come in between.
        cursor.see(
            chain,
            seen.unwrap_or(if order == Order::Oldest { low.saturating_sub(1) } else { high + 1 }),
        );
        let seqs: Box<dyn Iterator<Item = u64>> = match (filter.toewijzing, order) {
            (None, Order::Oldest) => Box::new(low..=high),
            (None, Order::Newest) => Box::new((low..=high).rev()),
            (Some(nummer), _) => {
                let mut seqs = person_entries(ledger, *gemeente, nummer)?;
                seqs.retain(|seq| (low..=high).contains(seq));
                if order == Order::Newest {
                    seqs.reverse();
                }
                Box::new(seqs.into_iter())
            }
        };
        let mut lane = Lane { chain, seqs, entry: None };
        lane.advance(reader)?;
        lanes.push(lane);
    }
    let mut rows = Vec::new();
    for _ in 0..SCAN_ENTRIES_MAX {
        let waiting = lanes.iter_mut().filter(|lane| lane.entry.is_some());
        let number = |lane: &&mut Lane| lane.entry.as_ref().map_or(0, |entry| entry.number);
        let next = match order {
            Order::Oldest => waiting.min_by_key(number),
            Order::Newest => waiting.max_by_key(number),
        };
        let Some(lane) = next else { return Ok(Page { rows, next: None }) };
        if rows.len() >= limit {
            break;
        }
        let Some(entry) = lane.entry.take() else { continue };
        cursor.see(entry.id.chain, entry.id.seq);
        lane.advance(reader)?;
        rows.extend(matching(ledger, reader, schemas, filter, &entry)?);
    }
    Ok(Page { rows, next: Some(cursor) })
}

/// Returns one entry with what it means in words.
///
/// # Errors
///
/// The store or the journal cannot be read.
pub fn bericht(
    ledger: &Ledger,
    reader: &Reader,
    schemas: &Schemas,
    entry: &Entry,
) -> Result<BerichtView, LedgerError> {
    Ok(BerichtView {
        entry: summary(entry)?,
        tijdlijn: lines(ledger, reader, schemas, entry)?,
        verzonden: outgoing_of(ledger, entry.id)?,
    })
}

/// Returns the entries of some chains that a cursor has not seen, in the order in which they were written.
///
/// # Errors
///
/// The journal cannot be read.
pub fn entries_after(
    reader: &Reader,
    chains: &[Chain],
    cursor: &Cursor,
    limit: usize,
) -> Result<Vec<Entry>, ReadError> {
    let mut lanes = Vec::new();
    for chain in chains {
        let from = cursor.seen(*chain).unwrap_or(0).saturating_add(1);
        let mut entries = reader.read(*chain, from);
        if let Some(entry) = entries.next().transpose()? {
            lanes.push((entry, entries));
        }
    }
    let mut found = Vec::new();
    while found.len() < limit {
        let first = lanes.iter().enumerate().min_by_key(|(_, (entry, _))| entry.number);
        let Some(index) = first.map(|(index, _)| index) else { break };
        match lanes[index].1.next().transpose()? {
            Some(entry) => found.push(std::mem::replace(&mut lanes[index].0, entry)),
            None => found.push(lanes.swap_remove(index).0),
        }
    }
    Ok(found)
}

fn matching(
    ledger: &Ledger,
    reader: &Reader,
    schemas: &Schemas,
    filter: &BerichtFilter,
    entry: &Entry,
) -> Result<Option<EntryView>, LedgerError> {
    let outside =
        filter.van.is_some_and(|van| entry.time < van) || filter.tot.is_some_and(|tot| entry.time >= tot);
    if outside {
        return Ok(None);
    }
    let view = summary(entry)?;
    let other = |wanted: &Option<String>, found: &Option<String>| wanted.is_some() && wanted != found;
    if view.soort != "bericht"
        || other(&filter.bericht, &view.bericht)
        || other(&filter.partner, &view.partner)
        || (filter.retour.is_some() && filter.retour != view.retour)
        || filter.retourcode.as_ref().is_some_and(|code| !view.retourcodes.contains(code))
    {
        return Ok(None);
    }
    if let Some(nummer) = filter.toewijzing {
        let lines = lines(ledger, reader, schemas, entry)?;
        // A message that names no toewijzing is about the person as a whole.
        let mut named = lines.iter().flat_map(|line| &line.toewijzingen).peekable();
        if named.peek().is_some() && !named.any(|named| *named == nummer.value()) {
            return Ok(None);
        }
    }
    Ok(Some(view))
}

fn summary(entry: &Entry) -> Result<EntryView, LedgerError> {
    summarize(entry).map_err(|source| LedgerError::Entry { entry: entry.id.to_string(), source })
}

/// A message as it was received, as far as it is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inhoud {
    /// The entry has no message.
    Geen,
    /// The message was removed; of one about several persons, what is left.
    Verwijderd(Vec<u8>),
    /// The message.
    Xml(Vec<u8>),
}

/// Returns the XML of a message received.
///
/// # Errors
///
/// The entry was written by a later release, or is damaged.
pub fn xml(entry: &Entry) -> Result<Inhoud, LedgerError> {
    let record = Record::decode(entry.kind, entry.version, &entry.payload)
        .map_err(|source| LedgerError::Entry { entry: entry.id.to_string(), source })?;
    Ok(match record {
        Record::Bericht(bericht) if entry.gone && is_gone(&bericht.bytes) => {
            Inhoud::Verwijderd(bericht.bytes)
        }
        Record::Bericht(bericht) => Inhoud::Xml(bericht.bytes),
        _ => Inhoud::Geen,
    })
}

/// The entries about the person of a toewijzing, ascending.
fn person_entries(
    ledger: &Ledger,
    gemeente: Gemeente,
    nummer: ToewijzingNummer,
) -> Result<Vec<u64>, LedgerError> {
    let owner: Option<DossierKey> = ledger.row(&keys::toewijzing(gemeente, nummer))?;
    let Some(owner) = owner else { return Ok(Vec::new()) };
    let mut seqs = Vec::new();
    for row in ledger.scan(&keys::persoon_entries(gemeente, &owner.bsn)) {
        let (key, _) = row?;
        seqs.extend(key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes)));
    }
    Ok(seqs)
}

/// The entries of a chain between which the wanted ones are.
fn bounds(reader: &Reader, chain: Chain, filter: &BerichtFilter) -> Result<(u64, u64), ReadError> {
    let last = reader.tips().get(&chain).map_or(0, |tip| tip.seq);
    let moment = |moment: Option<Timestamp>, slack| moment.and_then(|moment| moment.checked_add(slack).ok());
    let from = match moment(filter.van, -CLOCK_SLACK) {
        Some(moment) => reader.first_at(chain, last, moment)?,
        None => 1,
    };
    let until = match moment(filter.tot, CLOCK_SLACK) {
        Some(moment) => reader.first_at(chain, last, moment)?.saturating_sub(1),
        None => last,
    };
    Ok((from, until))
}
