//! Rules on starts and stops (305, 307).

use super::Findings;
use super::view::{START, STOP};
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::StatusAanlevering;

/// TR018: a stop does not end before it began, deletions included.
pub(super) fn tr018(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo307(bericht) = message else { return };
    for (index, product) in bericht.client.stop_producten.iter().enumerate() {
        findings.require(product.einddatum >= product.begindatum, STOP.item(index).below("Einddatum"));
    }
}

/// CS058: a delivery is a first one (1) or a deletion (3).
pub(super) fn cs058(message: &Message, findings: &mut Findings<'_>) {
    let allowed = |status| matches!(status, StatusAanlevering::C1 | StatusAanlevering::C3);
    match message {
        Message::Wmo305(bericht) => {
            for (index, product) in bericht.client.start_producten.iter().enumerate() {
                findings.require(
                    allowed(product.status_aanlevering),
                    START.item(index).below("StatusAanlevering"),
                );
            }
        }
        Message::Wmo307(bericht) => {
            for (index, product) in bericht.client.stop_producten.iter().enumerate() {
                findings.require(
                    allowed(product.status_aanlevering),
                    STOP.item(index).below("StatusAanlevering"),
                );
            }
        }
        _ => {}
    }
}
