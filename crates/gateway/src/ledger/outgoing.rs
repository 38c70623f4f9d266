//! The row of an outgoing message, and the indexes that follow from where it stands.

use iwmo_codec::messages::MessageKind;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{At, LedgerError, Rows, Stand, Uitgaand, keys, put_row, te_doen};
use crate::clock::dutch_date;
use crate::record::{Bericht, BezorgUitkomst, OUTGOING_MAX, OutgoingId, Route};
use crate::store::Overlay;

/// The retours that the gemeente owes (OP090).
pub(crate) const RETOUREN: [&str; 4] = ["WMO306", "WMO308", "WMO316", "WMO318"];

/// Writes the row and brings its indexes from where it stood to where it stands; `was` is none for a new one.
pub(super) fn put(
    overlay: &mut Overlay<'_>,
    id: &OutgoingId,
    was: Option<Stand>,
    row: &Uitgaand,
) -> Result<(), LedgerError> {
    let mut index = |key: Vec<u8>, value: &[u8], holds: fn(Stand) -> bool| match (
        was.is_some_and(holds),
        holds(row.stand),
    ) {
        (false, true) => overlay.put(key, value.to_vec()),
        (true, false) => overlay.delete(key),
        (false, false) | (true, true) => {}
    };
    let owed = RETOUREN.contains(&row.soort.as_str());
    index(keys::uitgaand_open(made_on(row), id), &[u8::from(owed)], |stand| !stand.is_final());
    index(keys::wachtrij(row, id), &[], |stand| stand == Stand::Wacht);
    let held = keys::vastgehouden(row, id);
    index(held, row.volgorde.as_bytes(), |stand| stand == Stand::Vastgehouden);
    index(te_doen::uitgaand(id), &[], |stand| stand == Stand::Geparkeerd);
    put_row(overlay, keys::uitgaand(id), row)
}

/// Returns the day on which a message was made.
pub(crate) fn made_on(row: &Uitgaand) -> Date {
    dutch_date(Timestamp::from_microsecond(row.gemaakt_us).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// A retour proves that the message that it answers has arrived, whatever else is known of it: a partner that fetches may
/// never have said so. What came in an envelope is confirmed with the number of that. All that it goes by stays when
/// what is about the person is removed.
pub(super) fn answered(overlay: &mut Overlay<'_>, at: &At, retour: &Bericht) -> Result<(), LedgerError> {
    let Some(seq) = retour.heenbericht else { return Ok(()) };
    if [Route::Stuf.code(), Route::Vecozo.code()].contains(&retour.route) {
        return Ok(());
    }
    let Some(heen) = retour.soort.parse().ok().and_then(MessageKind::heenbericht) else { return Ok(()) };
    for index in 0..OUTGOING_MAX {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        let id = OutgoingId { gemeente: at.chain.code(), seq, index };
        let Some(mut row) = overlay.row::<Uitgaand>(&keys::uitgaand(&id))? else { break };
        if row.soort != heen.name() || row.stand == Stand::Bezorgd {
            continue;
        }
        let was = row.stand;
        row.stand = Stand::Bezorgd;
        row.reden = Some(format!("answered by {}, which proves that it has arrived", at.name()));
        row.sinds_us = at.time.as_microsecond();
        put(overlay, &id, Some(was), &row)?;
    }
    Ok(())
}

/// Notes the end of an attempt. One that was under way when an operator held or cancelled the message does not
/// overrule that, unless the message has left.
pub(super) fn attempted(row: &mut Uitgaand, at: &At, uitkomst: &BezorgUitkomst) {
    row.pogingen = row.pogingen.saturating_add(1);
    let (stand, reden, ontvangst) = match (uitkomst, row.stand) {
        (BezorgUitkomst::Bezorgd { ontvangst }, _) => (Stand::Bezorgd, None, ontvangst.clone()),
        (BezorgUitkomst::Doorgegeven { ontvangst }, _) => (Stand::Doorgegeven, None, ontvangst.clone()),
        (_, Stand::Geannuleerd) => return,
        (BezorgUitkomst::Geweigerd { reden } | BezorgUitkomst::Opgegeven { reden }, _) => {
            (Stand::Geparkeerd, Some(reden.clone()), None)
        }
        (BezorgUitkomst::Opnieuw { .. }, Stand::Vastgehouden) => return,
        (BezorgUitkomst::Opnieuw { reden, niet_voor }, _) => {
            row.niet_voor_us = *niet_voor;
            (Stand::Wacht, Some(reden.clone()), None)
        }
    };
    row.stand = stand;
    row.reden = reden;
    row.ontvangst = ontvangst;
    row.sinds_us = at.time.as_microsecond();
}
