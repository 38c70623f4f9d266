//! Rules on contacts and addresses (301).

use super::view::{CLIENT, contacten};
use super::{Findings, Place};
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::{Adres, AdresSoort, Communicatievorm, LandCode};
use crate::messages::iwmo_3_2::wmo301::Contact;

fn each_contact(message: &Message, mut judge: impl FnMut(Place, &Contact)) {
    if let Message::Wmo301(bericht) = message {
        contacten(bericht).for_each(|(place, contact)| judge(place, contact));
    }
}

fn each_adres(message: &Message, mut judge: impl FnMut(Place, &Contact, &Adres)) {
    each_contact(message, |place, contact| {
        if let Some(adres) = &contact.adres {
            judge(place, contact, adres);
        }
    });
}

fn is_dutch(adres: &Adres) -> bool {
    adres.land_code.as_ref().is_some_and(|code| *code.expose() == LandCode::Nl)
}

/// TR006: a contact has a telephone number, or a house number with postcode.
pub(super) fn tr006(message: &Message, findings: &mut Findings<'_>) {
    each_contact(message, |place, contact| {
        let adres = contact.adres.as_ref();
        let found = adres.is_some_and(|adres| adres.huis.is_some() && adres.postcode.is_some());
        findings.require(contact.telefoon.is_some() || found, place);
    });
}

/// TR061: the client has at least one contact of soort 01, 02 or 03.
pub(super) fn tr061(message: &Message, findings: &mut Findings<'_>) {
    use AdresSoort::{C01, C02, C03};
    let Message::Wmo301(bericht) = message else { return };
    let contacts = &bericht.client.contactgegevens;
    let found = contacts.iter().any(|contact| matches!(contact.soort, C01 | C02 | C03));
    findings.require(found, CLIENT.below("Contactgegevens"));
}

/// CD005: LandCode is there exactly when Postcode is.
pub(super) fn cd005(message: &Message, findings: &mut Findings<'_>) {
    each_adres(message, |place, _, adres| {
        findings
            .require(adres.land_code.is_some() == adres.postcode.is_some(), place.below("Adres/LandCode"));
    });
}

/// CD007: Taal is there exactly when Vorm is 1, an interpreter.
pub(super) fn cd007(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo301(bericht) = message else { return };
    if let Some(communicatie) = &bericht.client.communicatie {
        let interpreted = *communicatie.vorm.expose() == Communicatievorm::C1;
        findings.require(communicatie.taal.is_some() == interpreted, CLIENT.below("Communicatie/Taal"));
    }
}

/// CD009: only a temporary address, soort 04, has a Periode.
pub(super) fn cd009(message: &Message, findings: &mut Findings<'_>) {
    each_contact(message, |place, contact| {
        let temporary = contact.soort == AdresSoort::C04;
        findings.require(contact.periode.is_none() || temporary, place.below("Periode"));
    });
}

/// CD025: an address in the Netherlands has a house number.
pub(super) fn cd025(message: &Message, findings: &mut Findings<'_>) {
    each_adres(message, |place, _, adres| {
        findings.require(!is_dutch(adres) || adres.huis.is_some(), place.below("Adres/Huis"));
    });
}

/// CD034: the address of a contact of soort 01 or 03 has a Postcode.
pub(super) fn cd034(message: &Message, findings: &mut Findings<'_>) {
    each_adres(message, |place, contact, adres| {
        let needed = matches!(contact.soort, AdresSoort::C01 | AdresSoort::C03);
        findings.require(!needed || adres.postcode.is_some(), place.below("Adres/Postcode"));
    });
}

/// CS089: a Dutch Postcode is four digits, not beginning with 0, and two letters, without space.
pub(super) fn cs089(message: &Message, findings: &mut Findings<'_>) {
    each_adres(message, |place, _, adres| {
        let postcode = adres.postcode.as_ref().filter(|_| is_dutch(adres));
        if let Some(postcode) = postcode {
            findings.require(is_dutch_postcode(postcode.expose()), place.below("Adres/Postcode"));
        }
    });
}

fn is_dutch_postcode(text: &str) -> bool {
    match text.as_bytes() {
        [b'1'..=b'9', digits @ .., first, second] if digits.len() == 3 => {
            digits.iter().all(u8::is_ascii_digit)
                && first.is_ascii_alphabetic()
                && second.is_ascii_alphabetic()
        }
        _ => false,
    }
}
