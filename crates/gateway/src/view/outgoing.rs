//! Outgoing messages: where each stands and why it waits.

use iwmo_toewijzing::identity::Gemeente;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::page::Page;
use crate::clock::Moment;
use crate::engine::OutgoingId;
use crate::journal::EntryId;
use crate::ledger::{LedgerError, Rows, Stand, Uitgaand, decode_row, keys, made_on};
use crate::record::OUTGOING_MAX;
use crate::store::Ledger;

/// Most rows that one page looks at: what was delivered stays on record.
const SCAN_ROWS_MAX: usize = 200_000;

/// An outgoing message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutgoingView {
    /// Its name, `GEMEENTE:SEQ/N`.
    pub id: String,
    /// The kind of message, as `WMO306`.
    pub bericht: String,
    /// To whom.
    pub partner: String,
    /// `wacht`, `doorgegeven`, `bezorgd`, `geparkeerd`, `vastgehouden` or `geannuleerd`.
    pub stand: &'static str,
    /// Why it waits or is parked; in a freeze of the partner, the freeze.
    pub reden: Option<String>,
    /// How often it was tried.
    pub pogingen: u32,
    /// When it was made.
    pub gemaakt: Moment,
    /// Since when it stands so.
    pub sinds: Moment,
    /// When the next attempt is due; in a freeze of the partner, not before its end.
    pub volgende: Option<Moment>,
    /// The receipt of who has it.
    pub ontvangst: Option<String>,
}

/// Which outgoing messages to show.
#[derive(Clone, Debug, Default)]
pub struct OutgoingFilter {
    /// Of these gemeenten; none: all.
    pub gemeenten: Option<Vec<Gemeente>>,
    /// To this partner.
    pub partner: Option<String>,
    /// Of this kind, as `WMO306`.
    pub bericht: Option<String>,
    /// That stand so; none: all but those delivered, unless `all`.
    pub stand: Option<String>,
    /// Those delivered too.
    pub all: bool,
    /// After this one, for the next page.
    pub after: Option<OutgoingId>,
    /// At most so many.
    pub limit: usize,
}

impl OutgoingFilter {
    /// Whether only messages are wanted that are not final.
    fn open(&self) -> bool {
        let finals = [Stand::Bezorgd.word(), Stand::Geannuleerd.word()];
        match self.stand.as_deref() {
            None => !self.all,
            Some(stand) => !finals.contains(&stand),
        }
    }

    fn takes(&self, view: &OutgoingView) -> bool {
        let other =
            |wanted: &Option<String>, found: &str| wanted.as_ref().is_some_and(|wanted| wanted != found);
        let is_final = [Stand::Bezorgd.word(), Stand::Geannuleerd.word()].contains(&view.stand);
        !(other(&self.partner, &view.partner)
            || other(&self.bericht, &view.bericht)
            || other(&self.stand, view.stand)
            || (is_final && !self.all && self.stand.is_none()))
    }
}

/// Returns outgoing messages in order of gemeente and entry; of one partner if given; without those delivered
/// unless `all`.
///
/// # Errors
///
/// The store cannot be read.
#[cfg(test)]
pub(crate) fn outgoing(
    ledger: &Ledger,
    partner: Option<&str>,
    all: bool,
    limit: usize,
) -> Result<Vec<OutgoingView>, LedgerError> {
    let filter =
        OutgoingFilter { partner: partner.map(str::to_owned), all, limit, ..OutgoingFilter::default() };
    outgoing_by(ledger, &filter)
}

/// Returns outgoing messages in order of gemeente and entry, however many rows that takes to go through.
///
/// # Errors
///
/// The store cannot be read.
pub fn outgoing_by(ledger: &Ledger, filter: &OutgoingFilter) -> Result<Vec<OutgoingView>, LedgerError> {
    Ok(page(ledger, filter, usize::MAX)?.rows)
}

/// Returns a page of outgoing messages in order of gemeente and entry; of those that are not final in order of gemeente, day
/// and entry.
///
/// It may have fewer rows than asked, or none, while there is more.
///
/// # Errors
///
/// The store cannot be read.
pub fn outgoing_page(
    ledger: &Ledger,
    filter: &OutgoingFilter,
) -> Result<Page<OutgoingView, OutgoingId>, LedgerError> {
    page(ledger, filter, SCAN_ROWS_MAX)
}

fn page(
    ledger: &Ledger,
    filter: &OutgoingFilter,
    scan_max: usize,
) -> Result<Page<OutgoingView, OutgoingId>, LedgerError> {
    let open = filter.open();
    let prefix_of = if open { keys::uitgaand_open_van } else { keys::uitgaand_van };
    let mut prefixes: Vec<Vec<u8>> = match &filter.gemeenten {
        Some(gemeenten) => gemeenten.iter().map(|gemeente| prefix_of(Some(*gemeente))).collect(),
        None => vec![prefix_of(None)],
    };
    prefixes.sort_unstable();
    let from = match &filter.after {
        Some(after) if open => Some(open_place(ledger, after)?),
        Some(after) => Some(keys::uitgaand(after)),
        None => None,
    };
    let mut rows = Vec::new();
    let mut last = None;
    let mut looked = 0;
    for prefix in prefixes {
        let start = from.as_deref().unwrap_or(&prefix).max(prefix.as_slice()).to_vec();
        for row in ledger.range(&prefix, &start) {
            let (key, value) = row?;
            let id = if open { keys::uitgaand_open_id(&key) } else { keys::uitgaand_id(&key) };
            let Some(id) = id else { continue };
            if filter.after.as_ref() == Some(&id) {
                continue;
            }
            if rows.len() >= filter.limit || looked >= scan_max {
                return Ok(Page { rows, next: last });
            }
            looked += 1;
            let found: Option<Uitgaand> =
                if open { ledger.row(&keys::uitgaand(&id))? } else { Some(decode_row(&key, &value)?) };
            last = Some(id.clone());
            // Delivered between the scan and the read.
            let Some(found) = found else { continue };
            let view = view(&id, found);
            if filter.takes(&view) {
                rows.push(view);
            }
        }
    }
    Ok(Page { rows, next: None })
}

/// The place of a message among those that are not final, also of one that is.
fn open_place(ledger: &Ledger, id: &OutgoingId) -> Result<Vec<u8>, LedgerError> {
    // One that was removed has the day of the message after it.
    let mut rows = ledger.range(&keys::uitgaand_van_gemeente(&id.gemeente), &keys::uitgaand(id));
    let Some((key, value)) = rows.next().transpose()? else {
        return Ok(keys::uitgaand_open(Date::MAX, id));
    };
    let row: Uitgaand = decode_row(&key, &value)?;
    Ok(keys::uitgaand_open(made_on(&row), id))
}

/// Returns what an entry gave to send, and where that stands.
///
/// # Errors
///
/// The store cannot be read.
pub fn outgoing_of(ledger: &Ledger, entry: EntryId) -> Result<Vec<OutgoingView>, LedgerError> {
    let mut found = Vec::new();
    for index in 0..OUTGOING_MAX {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        let id = OutgoingId { gemeente: entry.chain.code(), seq: entry.seq, index };
        let Some(row) = ledger.row::<Uitgaand>(&keys::uitgaand(&id))? else { break };
        found.push(view(&id, row));
    }
    Ok(found)
}

/// Reads the name of an outgoing message, `GEMEENTE:SEQ/N`.
#[must_use]
pub fn outgoing_id(text: &str) -> Option<OutgoingId> {
    let (entry, index) = text.split_once('/')?;
    let entry: EntryId = entry.parse().ok()?;
    let digits = index.bytes().all(|byte| byte.is_ascii_digit());
    let index = index.parse().ok().filter(|_| digits)?;
    Some(OutgoingId { gemeente: entry.chain.code(), seq: entry.seq, index })
}

fn view(id: &OutgoingId, row: Uitgaand) -> OutgoingView {
    let time = Moment::of_us;
    OutgoingView {
        id: id.to_string(),
        bericht: row.soort,
        partner: row.partner,
        stand: row.stand.word(),
        reden: row.reden,
        pogingen: row.pogingen,
        gemaakt: time(row.gemaakt_us),
        sinds: time(row.sinds_us),
        volgende: (row.stand == Stand::Wacht).then(|| time(row.niet_voor_us)),
        ontvangst: row.ontvangst,
    }
}
