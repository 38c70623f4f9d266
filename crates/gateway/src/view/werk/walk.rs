//! The same list from everything on record, without the index: what a page must be equal to.

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::deadline::{self, OpenVerzoek, Subject, Timer, Wie};
use iwmo_toewijzing::dossier::{Onderwerp, VersieStatus};

use super::*;
use crate::ledger::{Declaratie, Geparkeerd, Opmerking, Stand, Uitgaand, decode_row, keys};
use crate::view::termijnen::agreed;

/// Returns all work that the filters let through.
pub(crate) fn walk(
    ledger: &Ledger,
    settings: &Settings,
    filter: &WerkFilter,
    today: Date,
) -> Result<Vec<WerkView>, LedgerError> {
    let filter = &WerkFilter { after: None, limit: usize::MAX, ..filter.clone() };
    let mut listing = Listing::begin(settings, filter, today, None);
    for gemeente in gemeenten(ledger, settings, filter.gemeenten.as_deref()) {
        of_dossiers(ledger, gemeente, &mut listing)?;
        of_rows(ledger, gemeente, &mut listing)?;
        if listing.wants(WerkSoort::Cak) {
            persons::of_choices(ledger, gemeente, &mut listing)?;
            for row in ledger.scan(&keys::personen_van(gemeente)) {
                let (key, value) = row?;
                let (_, bsn) = keys::persoon_delen(&key).expect("the key of a person");
                persons::of_person(ledger, gemeente, &bsn, &decode_row(&key, &value)?, &mut listing)?;
            }
        }
    }
    Ok(listing.page().rows)
}

/// Returns how many rows of indexes a page looks at.
pub(crate) fn looks(ledger: &Ledger, settings: &Settings, filter: &WerkFilter, today: Date) -> usize {
    let mut listing = Listing::begin(settings, filter, today, None);
    fill(ledger, &mut listing).expect("a store");
    listing.looks()
}

fn of_dossiers(ledger: &Ledger, gemeente: Gemeente, listing: &mut Listing<'_>) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::dossiers(gemeente, None)) {
        let (key, value) = row?;
        let dossier: Dossier = decode_row(&key, &value)?;
        let aanbieder = Some(dossier.key().aanbieder);
        for anomaly in dossier.anomalieen() {
            let nummer = match &anomaly.onderwerp {
                Onderwerp::Toewijzing(nummer) => Some(*nummer),
                Onderwerp::Taakgericht(_) => None,
            };
            listing.keep(sources::anomaly(gemeente, anomaly.soort).with(aanbieder, nummer));
        }
        for nummer in dossier.nummers() {
            let last = dossier.versies(nummer).last().filter(|v| v.status == VersieStatus::Rejected);
            if let Some(version) = last {
                let row = sources::refused(gemeente).with(aanbieder, Some(nummer));
                listing.keep(row.entry(gemeente, version.bericht.entry));
            }
        }
        let beleid = listing.beleid(gemeente).clone();
        let mut deadlines = deadline::of_dossier(&dossier, Wie::Gemeente, &beleid.kalender);
        deadlines.extend(agreed(ledger, &dossier, &beleid)?);
        deadlines.retain(|found| found.voldaan.is_none());
        for found in deadlines {
            match &found.subject {
                Subject::Verzoek(referentie) => {
                    let verzoek = dossier.verzoek(referentie).expect("the request");
                    let open = OpenVerzoek {
                        vanaf: found.start,
                        entry: verzoek.bericht.entry,
                        soort: verzoek.soort,
                        referentie: verzoek.referentie.clone(),
                        status: verzoek.status(),
                        in_onderzoek: false,
                    };
                    let row = sources::request(gemeente, &open, &found, listing.today);
                    listing.keep(row.with(aanbieder, None).entry(gemeente, open.entry));
                }
                Subject::Onderwerp(Onderwerp::Toewijzing(nummer)) if found.is_expired(listing.today) => {
                    let row = match found.timer {
                        Timer::StopMissing => sources::late_stop(gemeente, &found, listing.today),
                        _ => sources::late_start(gemeente, *nummer, &found, listing.today),
                    };
                    listing.keep(row.with(aanbieder, Some(*nummer)));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn of_rows(ledger: &Ledger, gemeente: Gemeente, listing: &mut Listing<'_>) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::declaraties(gemeente, None)) {
        let (key, value) = row?;
        let (_, aanbieder, identificatie) = keys::declaratie_delen(&key).expect("the key of a declaration");
        let declaratie: Declaratie = decode_row(&key, &value)?;
        if declaratie.antwoord.is_none() {
            let kalender = listing.beleid(gemeente).kalender.clone();
            let found = deadline::declaratie(&identificatie, declaratie.dag, &kalender);
            let row = sources::declaration(gemeente, &found, listing.today);
            listing.keep(row.with(Some(aanbieder), None).entry(gemeente, declaratie.seq));
        }
    }
    for row in ledger.scan(&keys::uitgaand_van(Some(gemeente))) {
        let (key, value) = row?;
        let id = keys::uitgaand_id(&key).expect("the key of a message");
        let message: Uitgaand = decode_row(&key, &value)?;
        if message.stand == Stand::Geparkeerd && !sources::is_a_task(ledger, gemeente, &message)? {
            listing.keep(sources::outgoing(gemeente, &id, &message));
        }
    }
    for row in ledger.scan(&keys::alle_geparkeerd(Some(gemeente))) {
        let (key, value) = row?;
        listing.keep(sources::parked(&decode_row::<Geparkeerd>(&key, &value)?));
    }
    for row in ledger.scan(&keys::opmerkingen(gemeente)) {
        let (key, value) = row?;
        let (_, seq) = keys::opmerking_delen(&key).expect("the key of a remark");
        let found: Opmerking = decode_row(&key, &value)?;
        if !found.afgehandeld {
            listing.keep(sources::remark(gemeente, seq, &found));
        }
    }
    Ok(())
}
