//! FAQ-315: intakes that the backoffice knows of, since no message tells of them.

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::Opgaven;
use iwmo_toewijzing::deadline;
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::Gemeente;

use super::Listing;
use crate::ledger::{LedgerError, Persoon, Rows, decode_row, keys};
use crate::store::Ledger;

pub(super) fn of_intakes(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::alle_opgaven(gemeente)) {
        let (key, value) = row?;
        let Some(bsn) = keys::opgaven_bsn(&key) else { continue };
        let opgaven: Opgaven = decode_row(&key, &value)?;
        for intake in &opgaven.intakes {
            let Some(day) = intake.gehouden_op else { continue };
            let aanbieder = intake.aanbieder;
            let dossier: Option<Dossier> = ledger.row(&keys::dossier(gemeente, aanbieder, &bsn))?;
            let dossier = dossier.unwrap_or_else(|| Dossier::new(DossierKey { gemeente, aanbieder, bsn }));
            let found = deadline::intake(&dossier, day, &listing.beleid(gemeente).kalender);
            // The entry that brought the person tells apart whose intakes were on one day.
            let persoon: Option<Persoon> = ledger.row(&keys::persoon(gemeente, &bsn))?;
            let entry = persoon.map(|persoon| format!("{gemeente}:{}", persoon.sinds));
            listing.add(gemeente, Some(aanbieder), entry, &found);
        }
    }
    Ok(())
}
