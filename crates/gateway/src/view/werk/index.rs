//! The kinds of row that work comes from, in the order in which the list shows them.

use iwmo_toewijzing::deadline::{Deadline, Timer};
use iwmo_toewijzing::identity::Gemeente;

use super::{Listing, NO_DAY, WerkSoort, WerkView, sources};
use crate::engine::OutgoingId;
use crate::ledger::keys::{self, Plaats, Soort};
use crate::ledger::{LedgerError, Rows, decode_row};
use crate::store::{Ledger, Value};
use crate::view::page::Seen;
use crate::view::termijnen::Stroom;

/// Which work the rows of a kind are, when they have a last day.
fn dated(soort: Soort) -> Option<WerkSoort> {
    match soort {
        Soort::Aanvraag | Soort::AanvraagInOnderzoek | Soort::Wijziging | Soort::WijzigingInOnderzoek => {
            Some(WerkSoort::Verzoek)
        }
        Soort::Declaratie => Some(WerkSoort::Declaratie),
        Soort::Stop => Some(WerkSoort::Stop),
        Soort::Start | Soort::Contact => Some(WerkSoort::Start),
        _ => None,
    }
}

/// Adds what has a last day.
pub(super) fn of_deadlines(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    let beleid = listing.beleid(gemeente).clone();
    for stroom in Stroom::all(gemeente, &beleid) {
        let Some(werk) = dated(stroom.soort).filter(|werk| listing.wants(*werk)) else { continue };
        let only_overdue = listing.filter.verlopen || matches!(werk, WerkSoort::Stop | WerkSoort::Start);
        let (prefix, from) = stroom.range(&listing.begin, werk.as_str());
        listing.follow(ledger, &prefix, &from, |listing, key, value| {
            let Some((plaats, bound, found)) = stroom.read(ledger, key, value)? else { return Ok(None) };
            if only_overdue && bound >= listing.today {
                return Ok(Some(Seen::End));
            }
            let row = match found {
                Some(found) if !only_overdue || found.is_expired(listing.today) => {
                    row(werk, &plaats, &found, key, value, listing)?
                }
                _ => None,
            };
            Ok(Some(match row {
                Some(row) if stroom.is_exact() => listing.seen(row),
                row => listing.seen_from(bound, row),
            }))
        })?;
    }
    Ok(())
}

fn row(
    werk: WerkSoort,
    plaats: &Plaats,
    found: &Deadline,
    key: &[u8],
    value: &Value,
    listing: &Listing<'_>,
) -> Result<Option<WerkView>, LedgerError> {
    let (gemeente, today) = (plaats.gemeente, listing.today);
    Ok(Some(match (werk, plaats.nummer) {
        (WerkSoort::Verzoek, _) => {
            let row = sources::request(gemeente, &decode_row(key, value)?, found, today);
            row.with(plaats.aanbieder, None).entry(gemeente, plaats.seq)
        }
        (WerkSoort::Declaratie, _) => {
            let row = sources::declaration(gemeente, found, today);
            row.with(plaats.aanbieder, None).entry(gemeente, plaats.seq)
        }
        (_, Some(nummer)) if found.timer == Timer::StopMissing => {
            sources::late_stop(gemeente, found, today).with(plaats.aanbieder, Some(nummer))
        }
        (_, Some(nummer)) => {
            sources::late_start(gemeente, nummer, found, today).with(plaats.aanbieder, Some(nummer))
        }
        (_, None) => return Ok(None),
    }))
}

/// The kinds without a last day, and which work they are.
const UNDATED: [(Soort, WerkSoort); 5] = [
    (Soort::Afgekeurd, WerkSoort::Afgekeurd),
    (Soort::Anomalie, WerkSoort::Anomalie),
    (Soort::Uitgaand, WerkSoort::Uitgaand),
    (Soort::Geparkeerd, WerkSoort::Geparkeerd),
    (Soort::Opmerking, WerkSoort::Waarschuwing),
];

/// Adds what has no last day.
pub(super) fn of_waiting(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    if listing.filter.verlopen {
        return Ok(());
    }
    for (soort, werk) in UNDATED {
        if !listing.wants(werk) {
            continue;
        }
        let prefix = keys::wachtenden(gemeente, soort);
        let from = begin(gemeente, soort, werk, listing).unwrap_or_else(|| prefix.clone());
        listing.follow(ledger, &prefix, &from, |listing, key, _| {
            Ok(undated(ledger, soort, key)?.map(|row| listing.seen(row)))
        })?;
    }
    Ok(())
}

/// The key behind what the page before showed of a kind.
fn begin(gemeente: Gemeente, soort: Soort, werk: WerkSoort, listing: &Listing<'_>) -> Option<Vec<u8>> {
    let day = listing.begin.due?.to_string();
    let shown = listing.begin.shown.as_ref();
    let shown =
        shown.filter(|one| day == NO_DAY && one.gemeente == gemeente && one.termijn == werk.as_str())?;
    let plaats = Plaats {
        gemeente,
        dag: shown.vanaf,
        aanbieder: shown.aanbieder,
        seq: shown.seq,
        nummer: shown.nummer,
    };
    Some(plaats.key(soort, &[]))
}

fn undated(ledger: &Ledger, soort: Soort, key: &[u8]) -> Result<Option<WerkView>, LedgerError> {
    let Some((plaats, rest)) = Plaats::read(key) else { return Ok(None) };
    let (gemeente, seq) = (plaats.gemeente, plaats.seq);
    Ok(match soort {
        Soort::Afgekeurd => {
            Some(sources::refused(gemeente).with(plaats.aanbieder, plaats.nummer).entry(gemeente, seq))
        }
        Soort::Anomalie => keys::anomalie_soort(rest)
            .map(|soort| sources::anomaly(gemeente, soort).with(plaats.aanbieder, plaats.nummer)),
        Soort::Geparkeerd => {
            ledger.row(&keys::geparkeerd(gemeente, seq))?.map(|parked| sources::parked(&parked))
        }
        Soort::Opmerking => {
            let found = ledger.row(&keys::opmerking(gemeente, seq))?;
            found.map(|found| sources::remark(gemeente, seq, &found))
        }
        Soort::Uitgaand => {
            let Some(index) = rest.try_into().ok().map(u16::from_be_bytes) else { return Ok(None) };
            let mut id = OutgoingId { gemeente: [0; 4], seq, index };
            id.gemeente.copy_from_slice(gemeente.as_str().as_bytes());
            let Some(message) = ledger.row(&keys::uitgaand(&id))? else { return Ok(None) };
            let elsewhere = sources::is_a_task(ledger, gemeente, &message)?;
            (!elsewhere).then(|| sources::outgoing(gemeente, &id, &message))
        }
        _ => None,
    })
}
