//! The row of an outgoing message, and the indexes that follow from where it stands.

use super::{At, LedgerError, Stand, Uitgaand, keys, put_row};
use crate::engine::OutgoingId;
use crate::engine::record::BezorgUitkomst;
use crate::store::Overlay;

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
    index(keys::uitgaand_open(id), &[], |stand| !stand.is_final());
    index(keys::wachtrij(row, id), &[], |stand| stand == Stand::Wacht);
    let held = keys::vastgehouden(row, id);
    index(held, row.volgorde.as_bytes(), |stand| stand == Stand::Vastgehouden);
    put_row(overlay, keys::uitgaand(id), row)
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
