//! Where deadlines come from: each kind of row from which one follows.

use std::borrow::Cow;

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::EbBeleid;
use iwmo_toewijzing::deadline::{self, Deadline, RETOUR_WERKDAGEN, Subject, Timer, Wie};
use iwmo_toewijzing::dossier::{Onderwerp, VersieStatus};
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Bsn, Gemeente, Identificatie};
use iwmo_toewijzing::judge::Beleid;
use jiff::civil::Date;

use super::Listing;
use crate::engine::{GemeenteSettings, Settings, wanted};
use crate::ledger::keys::{self, Soort};
use crate::ledger::{
    Afgehandeld, Declaratie, EbMelding, Geparkeerd, LedgerError, Persoon, Rows, decode_row, gegevens,
    persoon_wacht,
};
use crate::store::Ledger;

/// OP090, OP271, OP272, OP288, requests and agreements, from what one gemeente and one aanbieder have on record.
pub(super) fn of_dossiers(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    let agreements = [Timer::Contact, Timer::StartAfspraak, Timer::NoStart];
    for row in ledger.scan(&keys::dossiers(gemeente, listing.filter.aanbieder)) {
        let (key, value) = row?;
        let dossier: Dossier = decode_row(&key, &value)?;
        let owner = dossier.key();
        let beleid = listing.beleid(owner.gemeente);
        let mut all = deadline::all_of_dossier(&dossier, Wie::Gemeente, &beleid.kalender);
        if listing.asks_any(&agreements) {
            all.extend(agreed(ledger, &dossier, beleid)?);
        }
        // Five years ahead, so only who asks for it sees it.
        if listing.filter.termijn.as_deref() == Some(Timer::Declarabel.as_str()) {
            all.extend(deadline::declarable(&dossier));
        }
        for found in all {
            let entry = match &found.subject {
                Subject::Bericht(identificatie) => sent_entry(&dossier, identificatie, found.start),
                Subject::Verzoek(referentie) => dossier
                    .verzoek(referentie)
                    .map(|verzoek| format!("{}:{}", owner.gemeente, verzoek.bericht.entry)),
                _ => None,
            };
            listing.add(owner.gemeente, Some(owner.aanbieder), entry, &found);
        }
    }
    Ok(())
}

/// What was agreed about the toewijzingen of a dossier (D26), with what somebody said was dealt with.
pub(in crate::view) fn agreed(
    ledger: &Ledger,
    dossier: &Dossier,
    beleid: &Beleid,
) -> Result<Vec<Deadline>, LedgerError> {
    let mut all = deadline::agreed(dossier, beleid);
    for found in &mut all {
        if let Subject::Onderwerp(Onderwerp::Toewijzing(nummer)) = &found.subject {
            let key = keys::termijn(dossier.key().gemeente, *nummer, found.timer.as_str());
            let said = ledger.row::<Afgehandeld>(&key)?.map(|row| row.dag);
            // Whichever shows it first: a start that comes later does not make late what was said in time.
            found.voldaan = [found.voldaan, said].into_iter().flatten().min();
        }
    }
    Ok(all)
}

/// The entry of the 301 or 319 that waits for its retour, or waited.
fn sent_entry(dossier: &Dossier, identificatie: &Identificatie, dag: Date) -> Option<String> {
    let versions = dossier.nummers().flat_map(|nummer| dossier.versies(nummer));
    let reactions = dossier.verzoeken().iter().flat_map(|verzoek| &verzoek.reacties);
    let sent = versions
        .map(|version| (&version.bericht, version.status))
        .chain(reactions.map(|reactie| (&reactie.bericht, reactie.status)))
        .filter(|(bericht, _)| bericht.identificatie == *identificatie && bericht.dag == dag);
    // 301 and 319 are numbered apart: of two with one number that which waits is meant.
    let (found, _) = sent.min_by_key(|(_, status)| *status != VersieStatus::Pending)?;
    Some(format!("{}:{}", dossier.key().gemeente, found.entry))
}

/// Uitvoeringsregeling Wmo 2015 art. 2f, for the gemeenten that tell the CAK through this gateway.
pub(super) fn of_persons(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    if eb_beleid(listing.settings, gemeente).is_none() {
        return Ok(());
    }
    for row in ledger.scan(&keys::personen_van(gemeente)) {
        let (key, value) = row?;
        let Some((_, bsn)) = keys::persoon_delen(&key) else { continue };
        of_person(ledger, gemeente, &bsn, &decode_row(&key, &value)?, listing)?;
    }
    Ok(())
}

/// The same, of those about whom the CAK does not have all that it should: of others everything is met.
pub(super) fn of_waiting_persons(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::wachtenden(gemeente, Soort::Persoon)) {
        let (key, _) = row?;
        let Some(bsn) = keys::wachtende_persoon(&key) else { continue };
        let Some(persoon) = ledger.row(&keys::persoon(gemeente, &bsn))? else { continue };
        of_person(ledger, gemeente, &bsn, &persoon, listing)?;
    }
    Ok(())
}

/// By which the CAK is told; none: not through this gateway.
fn eb_beleid(settings: &Settings, gemeente: Gemeente) -> Option<Cow<'_, EbBeleid>> {
    match settings.gemeenten.get(&gemeente) {
        Some(GemeenteSettings { cak: None, .. }) => None,
        Some(own) => Some(Cow::Borrowed(&own.eb)),
        None => Some(Cow::Owned(EbBeleid::default())),
    }
}

fn of_person(
    ledger: &Ledger,
    gemeente: Gemeente,
    bsn: &Bsn,
    persoon: &Persoon,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    let Some(beleid) = eb_beleid(listing.settings, gemeente) else { return Ok(()) };
    let gegevens = gegevens(ledger, gemeente, bsn, persoon)?;
    let wanted = wanted(&gegevens, &beleid, listing.today);
    // What charges nothing, or lies too far ahead to be told, is not late: the planner waits for nothing.
    let waits = persoon_wacht(persoon);
    for found in
        deadline::cak_data(&wanted, &persoon.eb).into_iter().filter(|one| waits || one.voldaan.is_some())
    {
        // The entry that brought the person tells apart whose periods begin on one day.
        listing.add(gemeente, None, Some(format!("{gemeente}:{}", persoon.sinds)), &found);
    }
    Ok(())
}

/// Notifications that the CAK has not answered: OP090 as a threshold (ieb-cak 6), since iEb gives none.
pub(super) fn of_notifications(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::eb_meldingen(gemeente)) {
        let (key, value) = row?;
        let melding: EbMelding = decode_row(&key, &value)?;
        if melding.antwoord.is_some() && !listing.filter.wants_met() {
            continue;
        }
        let found = Deadline {
            due: listing.beleid(gemeente).kalender.add_working_days(melding.dagtekening, RETOUR_WERKDAGEN),
            start: melding.dagtekening,
            timer: Timer::RetourIn,
            subject: Subject::EigenBijdrage(melding.dagtekening),
            wie: Wie::Gemeente,
            voldaan: melding.beantwoord_op,
        };
        listing.add(gemeente, None, Some(format!("{gemeente}:{}", melding.seq)), &found);
    }
    Ok(())
}

/// OP090x4: declarations without answer.
pub(super) fn of_declarations(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::declaraties(gemeente, listing.filter.aanbieder)) {
        let (key, value) = row?;
        let Some((_, aanbieder, identificatie)) = keys::declaratie_delen(&key) else { continue };
        let declaratie: Declaratie = decode_row(&key, &value)?;
        if declaratie.antwoord.is_none() || listing.filter.wants_met() {
            let kalender = listing.beleid(gemeente).kalender.clone();
            let mut found = deadline::declaratie(&identificatie, declaratie.dag, &kalender);
            found.voldaan = declaratie.beantwoord_op;
            listing.add(gemeente, Some(aanbieder), Some(format!("{gemeente}:{}", declaratie.seq)), &found);
        }
    }
    Ok(())
}

/// OP090: messages that wait to be judged have no retour yet (D8).
pub(super) fn of_parked(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::alle_geparkeerd(Some(gemeente))) {
        let (key, value) = row?;
        let Geparkeerd { event, .. } = decode_row(&key, &value)?;
        let DossierKey { gemeente, aanbieder, .. } = event.dossier;
        let bericht = event.bericht;
        let found = deadline::retour(
            Timer::RetourOut,
            &bericht.identificatie,
            bericht.dag,
            Wie::Gemeente,
            &listing.beleid(gemeente).kalender,
        );
        listing.add(gemeente, Some(aanbieder), Some(format!("{gemeente}:{}", bericht.entry)), &found);
    }
    Ok(())
}

/// Uitvoeringsregeling Wmo 2015 art. 2h: the next comparison with the CAK, for gemeenten that keep a rhythm.
pub(super) fn of_comparison(gemeente: Gemeente, listing: &mut Listing<'_>) {
    let own = listing.settings.gemeenten.get(&gemeente);
    if let Some(vanaf) = own.and_then(|own| own.beleid.cak_vergelijking_vanaf) {
        let found = deadline::comparison(vanaf, listing.today);
        listing.add(gemeente, None, None, &found);
    }
}
