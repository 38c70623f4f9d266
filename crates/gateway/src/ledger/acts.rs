//! How an act changes the rows. Whether it may was decided before it was written ([`crate::engine::narrow`]).

use super::apply::inconsistent;
use super::{
    At, Gevolg, LedgerError, Rows, Sleutel, Stand, Uitgaand, Vasthouding, Verzending, cak, eb_beleid, keys,
    opgave, opmerking, outgoing, put_row, termijn, verwijderd,
};
use crate::record::OutgoingId;
use crate::record::{Handeling, Plek, Wat, Wie};
use crate::store::Overlay;

/// Applies an act. Returns whose notification to the CAK is never sent.
pub(super) fn apply(
    overlay: &mut Overlay<'_>,
    at: &At,
    handeling: &Handeling,
) -> Result<Vec<Gevolg>, LedgerError> {
    bind(overlay, at, handeling)?;
    let now = at.time.as_microsecond();
    let mut gevolgen = Vec::new();
    match &handeling.wat {
        Wat::UitgaandOpnieuw { berichten } => each(overlay, at, berichten, &mut |overlay, row| {
            row.stand = Stand::Wacht;
            (row.niet_voor_us, row.geduld_us) = (now, now);
            row.ontvangst = None;
            spur(overlay, &row.partner, now)
        }),
        Wat::UitgaandHerhalen { berichten } => each(overlay, at, berichten, &mut |overlay, row| {
            row.herhaald |= row.stand == Stand::Bezorgd;
            row.stand = Stand::Wacht;
            (row.niet_voor_us, row.geduld_us) = (now, now);
            row.ontvangst = None;
            row.reden = None;
            spur(overlay, &row.partner, now)
        }),
        Wat::UitgaandVasthouden { berichten } => each(overlay, at, berichten, &mut |_, row| {
            row.stand = Stand::Vastgehouden;
            row.reden = Some(handeling.reden.clone());
            Ok(())
        }),
        Wat::UitgaandVrijgeven { berichten } => each(overlay, at, berichten, &mut |_, row| {
            row.stand = Stand::Wacht;
            (row.niet_voor_us, row.geduld_us) = (now, now);
            row.reden = None;
            Ok(())
        }),
        Wat::UitgaandAnnuleren { berichten } => each(overlay, at, berichten, &mut |overlay, row| {
            row.stand = Stand::Geannuleerd;
            row.reden = Some(handeling.reden.clone());
            if let Some(melding) = &row.melding {
                gevolgen.extend(cak::niet_aangenomen(overlay, at, melding)?);
            }
            Ok(())
        }),
        Wat::PartnerVasthouden { partner } => {
            let held = Vasthouding { sinds_us: now, reden: handeling.reden.clone() };
            sending(overlay, partner, |row| row.vastgehouden = Some(held))
        }
        Wat::PartnerVrijgeven { partner } => sending(overlay, partner, |row| {
            row.vastgehouden = None;
            row.aangespoord_us = row.aangespoord_us.max(now);
            row.vrijgegeven_us = now;
        }),
        Wat::CakVrijgeven { meldingen } => {
            for plek in meldingen {
                let id = OutgoingId { gemeente: at.chain.code(), seq: plek.seq, index: plek.index };
                let row: Option<Uitgaand> = overlay.row(&keys::uitgaand(&id))?;
                let melding = row.and_then(|row| row.melding);
                if melding.is_none() && verwijderd::is_verwijderd(overlay, at, plek.seq)? {
                    continue;
                }
                let melding = melding.ok_or_else(|| inconsistent(at, "there is no such notification"))?;
                gevolgen.push(cak::vrijgeven(overlay, at, &melding)?);
            }
            Ok(())
        }
        Wat::Opgave { verklaring } => {
            gevolgen.extend(opgave::apply(overlay, at, verklaring)?);
            Ok(())
        }
        Wat::CakStilleggen => cak::stop(overlay, at, Some(handeling.reden.clone())),
        Wat::CakHervatten => cak::resume(overlay, at),
        // What was done stands beside the rows.
        Wat::SleutelsVernieuwd { .. } | Wat::VerliesAanvaard { .. } => Ok(()),
        Wat::CakBeleid => eb_beleid::approved(overlay, at),
        Wat::WerkAfgehandeld { entries } => opmerking::done(overlay, at, entries),
        Wat::TermijnAfgehandeld { termijnen } => termijn::done(overlay, at, termijnen),
    }?;
    Ok(gevolgen)
}

/// Binds the key of the request, if it had one.
pub(super) fn bind(overlay: &mut Overlay<'_>, at: &At, handeling: &Handeling) -> Result<(), LedgerError> {
    let (Some(sleutel), Wie::Token { naam }) = (&handeling.sleutel, &handeling.wie) else { return Ok(()) };
    let row =
        Sleutel { chain: at.chain.code(), seq: at.seq, inhoud: sleutel.inhoud, bericht: sleutel.inhoud };
    put_row(overlay, keys::sleutel(naam, &sleutel.sleutel), &row)
}

type Change<'c> = dyn FnMut(&mut Overlay<'_>, &mut Uitgaand) -> Result<(), LedgerError> + 'c;

fn each(
    overlay: &mut Overlay<'_>,
    at: &At,
    berichten: &[Plek],
    change: &mut Change<'_>,
) -> Result<(), LedgerError> {
    for plek in berichten {
        let id = OutgoingId { gemeente: at.chain.code(), seq: plek.seq, index: plek.index };
        let row: Option<Uitgaand> = overlay.row(&keys::uitgaand(&id))?;
        let mut row =
            row.ok_or_else(|| inconsistent(at, &format!("outgoing message {id} is not on record")))?;
        let was = row.stand;
        row.sinds_us = at.time.as_microsecond();
        change(overlay, &mut row)?;
        outgoing::put(overlay, &id, Some(was), &row)?;
    }
    Ok(())
}

/// Notes that an operator wants what waits for a partner to be tried now.
fn spur(overlay: &mut Overlay<'_>, partner: &str, now: i64) -> Result<(), LedgerError> {
    sending(overlay, partner, |row| row.aangespoord_us = row.aangespoord_us.max(now))
}

fn sending(
    overlay: &mut Overlay<'_>,
    partner: &str,
    change: impl FnOnce(&mut Verzending),
) -> Result<(), LedgerError> {
    let key = keys::verzending(partner);
    let mut row: Verzending = overlay.row(&key)?.unwrap_or_default();
    change(&mut row);
    put_row(overlay, key, &row)
}
