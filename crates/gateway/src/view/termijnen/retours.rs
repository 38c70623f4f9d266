//! Retours of ours, in the order in which they were made: those that are not delivered, and those that were.

use iwmo_toewijzing::deadline::{self, Deadline, Subject, Timer, Wie};
use iwmo_toewijzing::identity::Gemeente;
use jiff::Timestamp;
use jiff::civil::Date;

use super::index::first_day;
use super::{Begin, Listing, Shown};
use crate::clock::dutch_date;
use crate::engine::OutgoingId;
use crate::ledger::keys;
use crate::ledger::{LedgerError, RETOUREN, Stand, Uitgaand, decode_row, made_on};
use crate::store::{Ledger, Scan};
use crate::view::page::Seen;

const TIMER: Timer = Timer::RetourOut;

/// Adds those that are not delivered.
pub(super) fn of_waiting(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    if !listing.asks(TIMER.as_str()) {
        return Ok(());
    }
    let prefix = keys::uitgaand_open_van(Some(gemeente));
    let from = match begin(gemeente, listing, listing.begin.due) {
        None => prefix.clone(),
        Some((day, None)) => keys::uitgaand_open_dag(gemeente, day),
        Some((day, Some(seq))) => keys::uitgaand_open(day, &id(gemeente, seq)),
    };
    listing.follow(ledger, &prefix, &from, |listing, key, value| {
        let made = keys::uitgaand_open_gemaakt(key).zip(keys::uitgaand_open_id(key));
        let Some((made, id)) = made else { return Ok(None) };
        let found = due(gemeente, made, None, listing);
        if listing.is_past(found.due) {
            return Ok(Some(Seen::End));
        }
        let row = listing.row(gemeente, None, Some(id.to_string()), &found);
        let owed = value.first() == Some(&1);
        Ok(Some(if owed { listing.seen(row) } else { listing.passed(&row) }))
    })
}

/// Adds those that were delivered.
pub(super) fn of_met(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    if !listing.filter.wants_met() {
        return Ok(());
    }
    let wanted = listing.filter.first_day(true, listing.today).max(listing.begin.due);
    let (first, behind) = begin(gemeente, listing, wanted).unwrap_or((Date::MIN, None));
    let made = Made::from(ledger, gemeente, first, behind.unwrap_or_default());
    listing.follow_all(made, |listing, (id, row)| {
        let met = row.stand == Stand::Bezorgd;
        let found = due(gemeente, made_on(&row), met.then_some(row.sinds_us), listing);
        if listing.is_past(found.due) {
            return Ok(Some(Seen::End));
        }
        let view = listing.row(gemeente, None, Some(id.to_string()), &found);
        Ok(Some(if met && is_retour(&row) { listing.seen(view) } else { listing.passed(&view) }))
    })
}

/// Retours of ours, whether they are delivered or not: what the indexes must be equal to.
#[cfg(test)]
pub(super) fn of_all(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::uitgaand_van(Some(gemeente))) {
        let (key, value) = row?;
        let Some(id) = keys::uitgaand_id(&key) else { continue };
        let row: Uitgaand = decode_row(&key, &value)?;
        let met = row.stand == Stand::Bezorgd;
        if is_retour(&row) && (met || !row.stand.is_final()) {
            let found = due(gemeente, made_on(&row), met.then_some(row.sinds_us), listing);
            listing.add(gemeente, None, Some(id.to_string()), &found);
        }
    }
    Ok(())
}

fn is_retour(row: &Uitgaand) -> bool {
    RETOUREN.contains(&row.soort.as_str())
}

/// OP090.
fn due(gemeente: Gemeente, made: Date, met_us: Option<i64>, listing: &Listing<'_>) -> Deadline {
    let day = |micros| dutch_date(Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH));
    Deadline {
        due: deadline::due(TIMER, false, made, &listing.beleid(gemeente).kalender),
        start: made,
        timer: TIMER,
        subject: Subject::EigenBijdrage(made),
        wie: Wie::Gemeente,
        voldaan: met_us.map(day),
    }
}

/// The first day whose messages are wanted, and from which entry on; none: all.
fn begin(gemeente: Gemeente, listing: &Listing<'_>, wanted: Option<Date>) -> Option<(Date, Option<u64>)> {
    let wanted = wanted?;
    let due = |made| deadline::due(TIMER, false, made, &listing.beleid(gemeente).kalender);
    let Begin { due: shown_due, shown } = &listing.begin;
    // What has an aanbieder comes after these.
    let same = |shown: &&Shown| {
        shown.gemeente == gemeente && shown.termijn == TIMER.as_str() && shown.aanbieder.is_none()
    };
    let shown = shown.as_ref().filter(|_| *shown_due == Some(wanted)).filter(same);
    Some(match shown.and_then(|shown| Some((shown.vanaf?, shown.seq))) {
        Some((day, seq)) if due(day) == wanted => (day, Some(seq)),
        _ => (first_day(wanted, due), None),
    })
}

fn id(gemeente: Gemeente, seq: u64) -> OutgoingId {
    let mut id = OutgoingId { gemeente: [0; 4], seq, index: 0 };
    id.gemeente.copy_from_slice(gemeente.as_str().as_bytes());
    id
}

/// The outgoing messages of a gemeente, by the day on which they were made and then as they were numbered, also where the
/// clock was set back.
struct Made<'l> {
    ledger: &'l Ledger,
    gemeente: Gemeente,
    days: Scan,
    /// Of this day no message before this entry.
    place: (Date, u64),
    /// The day that is gone through, and what was made from an entry of it on.
    day: Option<(Date, Scan)>,
}

impl<'l> Made<'l> {
    fn from(ledger: &'l Ledger, gemeente: Gemeente, first: Date, behind: u64) -> Self {
        let days = ledger.range(&keys::gemaakt_van(gemeente), &keys::gemaakt(gemeente, first, 0));
        Self { ledger, gemeente, days, place: (first, behind), day: None }
    }

    fn step(&mut self) -> Result<Option<(OutgoingId, Uitgaand)>, LedgerError> {
        loop {
            if let Some((day, messages)) = &mut self.day {
                if let Some((key, value)) = messages.next().transpose()? {
                    let row: Uitgaand = decode_row(&key, &value)?;
                    let id = keys::uitgaand_id(&key).filter(|_| made_on(&row) == *day);
                    if let Some(id) = id {
                        self.place = (*day, id.seq);
                        return Ok(Some((id, row)));
                    }
                }
                self.day = None;
            }
            let Some((key, _)) = self.days.next().transpose()? else { return Ok(None) };
            let Some((day, mut seq)) = keys::gemaakt_delen(&key) else { continue };
            if day == self.place.0 {
                seq = seq.max(self.place.1);
            }
            let from = keys::uitgaand(&id(self.gemeente, seq));
            self.day = Some((day, self.ledger.range(&keys::uitgaand_van(Some(self.gemeente)), &from)));
        }
    }
}

impl Iterator for Made<'_> {
    type Item = Result<(OutgoingId, Uitgaand), LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
