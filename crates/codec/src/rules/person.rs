//! Rules on persons: BSN, birth dates, names.

use super::Findings;
use super::view::{CLIENT, bsns, geboortedatums, namen};
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::{DatumGebruik, Geboortedatum, NaamGebruik};

/// The birth date that stands for an unknown one (IV009).
const UNKNOWN: (i32, u8, u8) = (1900, 1, 1);
const AGE_MAX: i32 = 120;

/// CS002: the BSN passes the eleven test.
pub(super) fn cs002(message: &Message, findings: &mut Findings<'_>) {
    for (place, bsn) in bsns(message) {
        findings.require(bsn.expose().passes_eleven_test(), place);
    }
}

/// TR002: a birth date is at most 120 years before Dagtekening, unless it is the unknown one.
pub(super) fn tr002(message: &Message, findings: &mut Findings<'_>) {
    let dagtekening = message.header().dagtekening;
    for (place, geboortedatum) in geboortedatums(message) {
        let in_reach = geboortedatum.datum.expose().add_years(AGE_MAX) >= dagtekening;
        let unknown = geboortedatum.datum_gebruik == Some(DatumGebruik::C3) && is_unknown(geboortedatum);
        findings.require(in_reach || unknown, place.below("Datum"));
    }
}

/// CS139: the unknown parts of a birth date are 01, an unknown year makes it 1900-01-01.
pub(super) fn cs139(message: &Message, findings: &mut Findings<'_>) {
    for (place, geboortedatum) in geboortedatums(message) {
        let datum = geboortedatum.datum.expose();
        let holds = match geboortedatum.datum_gebruik {
            None => true,
            Some(DatumGebruik::C1) => datum.day() == 1,
            Some(DatumGebruik::C2) => datum.day() == 1 && datum.month() == 1,
            Some(DatumGebruik::C3) => is_unknown(geboortedatum),
        };
        findings.require(holds, place.below("DatumGebruik"));
    }
}

fn is_unknown(geboortedatum: &Geboortedatum) -> bool {
    let datum = geboortedatum.datum.expose();
    (datum.year(), datum.month(), datum.day()) == UNKNOWN
}

/// CS050: NaamGebruik fits the presence of a Partnernaam.
pub(super) fn cs050(message: &Message, findings: &mut Findings<'_>) {
    use NaamGebruik::{C1, C2, C3, C4, C6};
    let Message::Wmo301(bericht) = message else { return };
    for (place, naam) in namen(bericht) {
        let holds = match naam.partnernaam {
            Some(_) => matches!(naam.naam_gebruik, C1 | C2 | C3 | C4),
            None => matches!(naam.naam_gebruik, C1 | C6),
        };
        findings.require(holds, place.below("Naam/NaamGebruik"));
    }
}

/// CS318: a client is not an organisation.
pub(super) fn cs318(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo301(bericht) = message else { return };
    let organisation = bericht.client.naam.naam_gebruik == NaamGebruik::C6;
    findings.require(!organisation, CLIENT.below("Naam/NaamGebruik"));
}
