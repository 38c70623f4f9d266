//! What the CAK was told and what it answered, on record with the person.

use std::collections::BTreeSet;

use iwmo_codec::messages::Message;
use iwmo_toewijzing::cak::{EbStartNummer, Kostprijs, Onderdeel, Opdracht};
use iwmo_toewijzing::identity::{Bsn, Gemeente, Identificatie};

use super::apply::{Gevolg, gemeente, inconsistent, parse_date, persoon, untranslatable};
use super::{
    At, CakStil, EbMelding, LedgerError, Persoon, Rows, Tellers, keys, put_row, te_doen, verwijderd,
};
use crate::clock::dutch_date;
use crate::record::{Bericht, EbBesluit, EbUitkomst};
use crate::store::Overlay;
use crate::translate;

/// The rule under which a retour stands that stops a gemeente: the CAK does not know it.
pub(crate) const GEMEENTE_ONBEKEND: &str = "CS300";

/// A retour that says that the CAK does not know the gemeente stops what is told of it (6.2). That is of nobody: it holds
/// also when the person of the message is removed.
pub(super) fn stilgelegd(overlay: &mut Overlay<'_>, at: &At, bericht: &Bericht) -> Result<(), LedgerError> {
    let is_retour = matches!(bericht.soort.as_str(), "WMO402" | "WMO404") && bericht.heenbericht.is_some();
    if is_retour && bericht.regels.iter().any(|regel| regel == GEMEENTE_ONBEKEND) {
        stop(overlay, at, None)?;
    }
    Ok(())
}

/// From now on the CAK is told nothing about anybody in the gemeente; what stopped it first stays the reason.
pub(super) fn stop(overlay: &mut Overlay<'_>, at: &At, reden: Option<String>) -> Result<(), LedgerError> {
    let key = keys::cak_stil(gemeente(at)?);
    if overlay.row::<CakStil>(&key)?.is_some() {
        return Ok(());
    }
    put_row(overlay, key, &CakStil { seq: at.seq, sinds_us: at.time.as_microsecond(), reden })?;
    count_stil(overlay, at, true)
}

/// The counters, which are at hand for every message, say whether there is such a row.
fn count_stil(overlay: &mut Overlay<'_>, at: &At, stil: bool) -> Result<(), LedgerError> {
    let key = keys::tellers(gemeente(at)?);
    let tellers: Tellers = overlay.row(&key)?.unwrap_or_default();
    put_row(overlay, key, &Tellers { cak_stil: stil, ..tellers })
}

/// The CAK is told again.
pub(super) fn resume(overlay: &mut Overlay<'_>, at: &At) -> Result<(), LedgerError> {
    overlay.delete(keys::cak_stil(gemeente(at)?));
    count_stil(overlay, at, false)
}

/// A 402 or 404 on a notification of ours.
pub(super) fn retour(
    overlay: &mut Overlay<'_>,
    at: &At,
    bericht: &Bericht,
    message: &Message,
) -> Result<Option<Gevolg>, LedgerError> {
    if bericht.heenbericht.is_none() {
        return Ok(None);
    }
    let gemeente = gemeente(at)?;
    let key = keys::eb_melding(gemeente, message.header().identificatie);
    let Some(mut melding) = overlay.row::<EbMelding>(&key)? else {
        return verwijderd::or_inconsistent(overlay, at, bericht.heenbericht);
    };
    // A second retour on the same message is ignored when it says the same, else it is for a person (ieb-cak 6.1).
    if melding.antwoord.is_none() {
        overlay.delete(te_doen::melding(gemeente, &melding));
    }
    melding.antwoord.get_or_insert(at.seq);
    melding.beantwoord_op.get_or_insert(dutch_date(at.time));
    put_row(overlay, key, &melding)?;
    overlay.put(keys::persoon_entry(gemeente, &melding.bsn, at.seq), Vec::new());
    let mut persoon = persoon(overlay, at, gemeente, &melding.bsn)?;
    let waited = te_doen::persoon_wacht(&persoon);
    let identificatie = Identificatie::new(message.header().identificatie)
        .map_err(|error| inconsistent(at, &error.to_string()))?;
    let codes = translate::retour_codes(message).map_err(|error| untranslatable(at, &error))?;
    // What the retour led to stands in the record itself; the plan that follows reads it there.
    let before = numbers(&persoon);
    let _ = persoon.eb.retour(&identificatie, &codes);
    index(overlay, gemeente, &melding.bsn, &before, &persoon);
    te_doen::put_persoon(overlay, gemeente, &melding.bsn, waited, persoon)?;
    Ok(Some(Gevolg { gemeente, bsn: melding.bsn, aanbieder: None }))
}

/// The numbers of a person's periods that stand at the CAK.
pub(super) fn numbers(persoon: &Persoon) -> BTreeSet<EbStartNummer> {
    persoon.eb.aanvaard().iter().map(|period| period.nummer).collect()
}

/// Brings the index of what stands at the CAK from what stood to what stands.
pub(super) fn index(
    overlay: &mut Overlay<'_>,
    gemeente: Gemeente,
    bsn: &Bsn,
    before: &BTreeSet<EbStartNummer>,
    persoon: &Persoon,
) {
    let after = numbers(persoon);
    for gone in before.difference(&after) {
        overlay.delete(keys::eb_nummer(gemeente, *gone, bsn));
    }
    for new in after.difference(before) {
        overlay.put(keys::eb_nummer(gemeente, *new, bsn), Vec::new());
    }
}

/// A notification that the transport refused for good has no retour to come (ieb-cak 6.3): somebody must look.
pub(super) fn niet_aangenomen(
    overlay: &mut Overlay<'_>,
    at: &At,
    identificatie: &str,
) -> Result<Option<Gevolg>, LedgerError> {
    let gemeente = gemeente(at)?;
    let melding: EbMelding = overlay
        .row(&keys::eb_melding(gemeente, identificatie))?
        .ok_or_else(|| inconsistent(at, "the notification is not on record"))?;
    let mut persoon = persoon(overlay, at, gemeente, &melding.bsn)?;
    let waited = te_doen::persoon_wacht(&persoon);
    let naam = Identificatie::new(identificatie).map_err(|error| inconsistent(at, &error.to_string()))?;
    // What it led to stands in the record itself; the plan that follows reads it there.
    let _ = persoon.eb.niet_aangenomen(&naam);
    te_doen::put_persoon(overlay, gemeente, &melding.bsn, waited, persoon)?;
    overlay.put(keys::persoon_entry(gemeente, &melding.bsn, at.seq), Vec::new());
    Ok(Some(Gevolg { gemeente, bsn: melding.bsn, aanbieder: None }))
}

/// The planner goes on for the person of a notification, after someone dealt with what was wrong.
pub(super) fn vrijgeven(
    overlay: &mut Overlay<'_>,
    at: &At,
    identificatie: &str,
) -> Result<Gevolg, LedgerError> {
    let gemeente = gemeente(at)?;
    let melding: EbMelding = overlay
        .row(&keys::eb_melding(gemeente, identificatie))?
        .ok_or_else(|| inconsistent(at, "the notification is not on record"))?;
    let mut persoon = persoon(overlay, at, gemeente, &melding.bsn)?;
    let waited = te_doen::persoon_wacht(&persoon);
    persoon.eb.vrijgeven();
    te_doen::put_persoon(overlay, gemeente, &melding.bsn, waited, persoon)?;
    overlay.put(keys::persoon_entry(gemeente, &melding.bsn, at.seq), Vec::new());
    Ok(Gevolg { gemeente, bsn: melding.bsn, aanbieder: None })
}

/// What the CAK planner decided.
pub(super) fn besluit(
    overlay: &mut Overlay<'_>,
    at: &At,
    besluit: &EbBesluit,
    plaats: u16,
) -> Result<(), LedgerError> {
    let gemeente = gemeente(at)?;
    let bsn = Bsn::new(&besluit.bsn).map_err(|error| inconsistent(at, &error.to_string()))?;
    let mut persoon = persoon(overlay, at, gemeente, &bsn)?;
    let waited = te_doen::persoon_wacht(&persoon);
    if let Some(moment) = persoon.plan_op_us.take() {
        overlay.delete(keys::planning(moment, gemeente, &bsn));
    }
    persoon.eb_reden = None;
    match &besluit.uitkomst {
        EbUitkomst::Niets => {}
        EbUitkomst::Melding { identificatie, dagtekening, .. } => {
            let opdracht = opdracht(at, &besluit.uitkomst)?;
            let dagtekening = parse_date(at, dagtekening)?;
            let naam =
                Identificatie::new(identificatie).map_err(|error| inconsistent(at, &error.to_string()))?;
            persoon
                .eb
                .sent(opdracht, naam, dagtekening)
                .map_err(|error| inconsistent(at, &error.to_string()))?;
            let melding = EbMelding {
                seq: at.seq,
                plaats,
                bsn,
                stop: opdracht.onderdeel() == Onderdeel::Stop,
                dagtekening,
                antwoord: None,
                beantwoord_op: None,
            };
            overlay.put(te_doen::melding(gemeente, &melding), Vec::new());
            put_row(overlay, keys::eb_melding(gemeente, identificatie), &melding)?;
            // OP290: a number given out is never given out again, whatever becomes of it.
            let mut tellers: Tellers = overlay.row(&keys::tellers(gemeente))?.unwrap_or_default();
            tellers.eb_start_nummer = tellers.eb_start_nummer.max(opdracht.nummer().value());
            put_row(overlay, keys::tellers(gemeente), &tellers)?;
        }
        EbUitkomst::Wacht { tot, reden } => {
            overlay.put(keys::planning(*tot, gemeente, &bsn), Vec::new());
            persoon.plan_op_us = Some(*tot);
            persoon.eb_reden = Some(reden.clone());
        }
        EbUitkomst::Handmatig { reden } => persoon.eb_reden = Some(reden.clone()),
    }
    overlay.put(keys::persoon_entry(gemeente, &bsn, at.seq), Vec::new());
    te_doen::put_persoon(overlay, gemeente, &bsn, waited, persoon)
}

/// Reads back the command of a notification.
fn opdracht(at: &At, uitkomst: &EbUitkomst) -> Result<Opdracht, LedgerError> {
    let EbUitkomst::Melding { soort, status, nummer, datum, kostprijs_cent, kostprijs_vanaf, .. } = uitkomst
    else {
        return Err(inconsistent(at, "the decision is no notification"));
    };
    let nummer = EbStartNummer::new(*nummer).map_err(|error| inconsistent(at, &error.to_string()))?;
    let datum = parse_date(at, datum)?;
    let kostprijs = match (kostprijs_cent, kostprijs_vanaf) {
        (Some(bedrag_cent), Some(vanaf)) => {
            Some(Kostprijs { bedrag_cent: *bedrag_cent, startdatum: parse_date(at, vanaf)? })
        }
        _ => None,
    };
    match (soort, status) {
        (0, 1) => Ok(Opdracht::MeldStart { nummer, datum, kostprijs }),
        (0, 2) => Ok(Opdracht::WijzigStart { nummer, datum, kostprijs }),
        (0, 3) => Ok(Opdracht::VerwijderStart { nummer, datum, kostprijs }),
        (1, 1) => Ok(Opdracht::MeldStop { nummer, datum }),
        (1, 2) => Ok(Opdracht::WijzigStop { nummer, datum }),
        (1, 3) => Ok(Opdracht::VerwijderStop { nummer, datum }),
        _ => Err(inconsistent(at, "the notification has a kind or status that is not known")),
    }
}
