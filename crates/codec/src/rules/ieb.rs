//! Rules on the notifications to the CAK (401, 403), as iEb 1.0.3 has them (ieb-cak.md, 5.1 and 5.3).

use super::{Findings, Place};
use crate::Private;
use crate::messages::Message;
use crate::messages::ieb_1_0::basisschema::StatusAanlevering;
use crate::value::{Bsn, Datum};

const START: Place = Place::new("/Bericht/Client/StartEigenBijdrage");
const STOP: Place = Place::new("/Bericht/Client/StopEigenBijdrage");
/// Where the abonnementstarief begins: year, month, day.
const FIRST_DAY: (i32, u8, u8) = (2020, 1, 1);
const NO_BSN: &str = "000000000";
const AHEAD_MONTHS_MAX: i32 = 1;
const FIRST_BACK_MONTHS_MAX: i32 = 12;
const CHANGE_BACK_MONTHS_MAX: i32 = 36;

/// What 401 and 403 share.
struct Melding<'a> {
    bsn: &'a Private<Bsn>,
    status: StatusAanlevering,
    datum: Datum,
    dagtekening: Datum,
    place: Place,
    datum_element: &'static str,
}

fn melding(message: &Message) -> Option<Melding<'_>> {
    match message {
        Message::Wmo401(bericht) => Some(Melding {
            bsn: &bericht.client.bsn,
            status: bericht.client.start_eigen_bijdrage.status_aanlevering,
            datum: bericht.client.start_eigen_bijdrage.eb_startdatum,
            dagtekening: bericht.header.bericht_identificatie.dagtekening,
            place: START,
            datum_element: "EbStartdatum",
        }),
        Message::Wmo403(bericht) => Some(Melding {
            bsn: &bericht.client.bsn,
            status: bericht.client.stop_eigen_bijdrage.status_aanlevering,
            datum: bericht.client.stop_eigen_bijdrage.eb_stopdatum,
            dagtekening: bericht.header.bericht_identificatie.dagtekening,
            place: STOP,
            datum_element: "EbStopdatum",
        }),
        _ => None,
    }
}

/// CS002: the BSN passes the eleven test; nine zeros, which pass it, are no BSN to the CAK.
pub(super) fn cs002(message: &Message, findings: &mut Findings<'_>) {
    if let Some(melding) = melding(message) {
        let bsn = melding.bsn.expose();
        let holds = bsn.passes_eleven_test() && bsn.as_str() != NO_BSN;
        findings.require(holds, super::view::CLIENT.below("Bsn"));
    }
}

/// CS125: a delivery is a first one, a change or a deletion.
pub(super) fn cs125(message: &Message, findings: &mut Findings<'_>) {
    if let Some(melding) = melding(message) {
        let holds = melding.status != StatusAanlevering::C9;
        findings.require(holds, melding.place.below("StatusAanlevering"));
    }
}

/// CS332: nothing before 2020.
pub(super) fn cs332(message: &Message, findings: &mut Findings<'_>) {
    if let Some(melding) = melding(message) {
        let Melding { datum, place, datum_element, .. } = melding;
        findings.require((datum.year(), datum.month(), datum.day()) >= FIRST_DAY, place.below(datum_element));
    }
}

/// CS334: a kostprijs counts from the start on.
pub(super) fn cs334(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo401(bericht) = message else { return };
    let start = &bericht.client.start_eigen_bijdrage;
    if let Some(kostprijs) = &start.eb_kostprijs {
        let holds = kostprijs.kostprijs_startdatum >= start.eb_startdatum;
        findings.require(holds, START.below("EbKostprijs/KostprijsStartdatum"));
    }
}

fn within(
    message: &Message,
    status: StatusAanlevering,
    findings: &mut Findings<'_>,
    holds: fn(&Melding<'_>) -> bool,
) {
    if let Some(melding) = melding(message).filter(|melding| melding.status == status) {
        findings.require(holds(&melding), melding.place.below(melding.datum_element));
    }
}

/// TR112: a first start lies at most twelve months back; iEb 1.0.3 sets no such bound to a first stop.
pub(super) fn tr112(message: &Message, findings: &mut Findings<'_>) {
    within(message, StatusAanlevering::C1, findings, |melding| {
        melding.datum >= melding.dagtekening.add_months(-FIRST_BACK_MONTHS_MAX)
    });
}

/// TR113: a first date lies at most one month ahead.
pub(super) fn tr113(message: &Message, findings: &mut Findings<'_>) {
    within(message, StatusAanlevering::C1, findings, is_near);
}

/// TR116: a changed stop lies at most 36 months back.
pub(super) fn tr116(message: &Message, findings: &mut Findings<'_>) {
    within(message, StatusAanlevering::C2, findings, |melding| {
        melding.datum >= melding.dagtekening.add_months(-CHANGE_BACK_MONTHS_MAX)
    });
}

/// TR117: a changed stop lies at most one month ahead.
pub(super) fn tr117(message: &Message, findings: &mut Findings<'_>) {
    within(message, StatusAanlevering::C2, findings, is_near);
}

fn is_near(melding: &Melding<'_>) -> bool {
    melding.datum <= melding.dagtekening.add_months(AHEAD_MONTHS_MAX)
}
