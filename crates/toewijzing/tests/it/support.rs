//! Short ways to write identities and events.

use iwmo_toewijzing::event::{Bericht, DossierKey, Event, Inhoud};
use iwmo_toewijzing::identity::{Aanbieder, Bsn, Gemeente, Identificatie};
use jiff::civil::Date;

pub(crate) fn key(gemeente: &str, aanbieder: &str, bsn: &str) -> DossierKey {
    DossierKey {
        gemeente: Gemeente::new(gemeente).unwrap(),
        aanbieder: Aanbieder::new(aanbieder).unwrap(),
        bsn: Bsn::new(bsn).unwrap(),
    }
}

pub(crate) fn event(
    key: &DossierKey,
    entry: u64,
    id: &str,
    dagtekening: Date,
    dag: Date,
    inhoud: Inhoud,
) -> Event {
    let bericht = Bericht { entry, identificatie: Identificatie::new(id).unwrap(), dagtekening, dag };
    Event { dossier: key.clone(), bericht, inhoud }
}
