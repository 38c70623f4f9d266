//! Messages as their senders write them. Everybody in them is invented; the BSNs are of the test series.

use iwmo_codec::messages::Message;
use iwmo_gateway::clock::{Clock, SystemClock};
use jiff::ToSpan;
use serde_json::{Value, json};

/// An invented client, with values that stand nowhere else: the test of privacy looks for them.
#[derive(Clone, Debug)]
pub(crate) struct Klant {
    pub(crate) bsn: String,
    pub(crate) achternaam: String,
    pub(crate) geboortedatum: String,
}

impl Klant {
    /// The client with this number.
    pub(crate) fn new(number: u32) -> Self {
        Self {
            bsn: bsn(number),
            achternaam: "Verstraaten".to_owned(),
            geboortedatum: format!("19{:02}-03-17", 30 + number % 60),
        }
    }
}

/// A BSN of the test series 9999xxxxx that passes the eleven test.
fn bsn(number: u32) -> String {
    let fits = |digits: &str| {
        let sum: i32 = digits
            .bytes()
            .zip([9, 8, 7, 6, 5, 4, 3, 2, -1])
            .map(|(digit, weight)| i32::from(digit - b'0') * weight)
            .sum();
        sum % 11 == 0
    };
    let mut series = (0..100_000).map(|rest| format!("9999{rest:05}")).filter(|digits| fits(digits));
    series.nth(number as usize).unwrap()
}

/// The day so many days from today.
pub(crate) fn day(offset: i64) -> String {
    SystemClock.today().saturating_add(offset.days()).to_string()
}

/// The parties of a message and its name.
#[derive(Clone, Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) gemeente: &'a str,
    pub(crate) agb: &'a str,
    pub(crate) identificatie: &'a str,
    pub(crate) dagtekening: String,
}

impl<'a> Envelope<'a> {
    /// A message of today.
    pub(crate) fn new(gemeente: &'a str, agb: &'a str, identificatie: &'a str) -> Self {
        Self { gemeente, agb, identificatie, dagtekening: day(0) }
    }
}

/// A toewijzing as ordered.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) nummer: u32,
    pub(crate) categorie: &'static str,
    pub(crate) code: &'static str,
    pub(crate) ingangsdatum: String,
    pub(crate) einddatum: String,
}

impl Order {
    /// An order that began a hundred days ago and goes on for a while.
    pub(crate) fn new(nummer: u32) -> Self {
        Self { nummer, categorie: "02", code: "02A05", ingangsdatum: day(-100), einddatum: day(180) }
    }
}

/// A stop as reported.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) begindatum: String,
    pub(crate) einddatum: String,
    pub(crate) reden: &'static str,
}

pub(super) fn header(code: &str, from: &str, to: &str, envelope: &Envelope<'_>) -> Value {
    json!({
        "BerichtCode": code,
        "BerichtVersie": "3",
        "BerichtSubversie": "2",
        "Afzender": from,
        "Ontvanger": to,
        "BerichtIdentificatie": {
            "Identificatie": envelope.identificatie,
            "Dagtekening": envelope.dagtekening,
        },
        "XsdVersie": { "BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0" },
    })
}

fn encode(kind: &str, header: Value, client: Value) -> Vec<u8> {
    let message =
        json!({ "message": kind, "release": "iWmo 3.2", "Bericht": { "Header": header, "Client": client } });
    Message::from_json(&message.to_string()).unwrap().encode()
}

pub(super) fn client(klant: &Klant) -> Value {
    json!({
        "Bsn": klant.bsn,
        "Geboortedatum": { "Datum": klant.geboortedatum },
        "Geslacht": "2",
        "Naam": {
            "Geslachtsnaam": { "Achternaam": klant.achternaam },
            "Voorletters": "Q",
        },
    })
}

pub(super) fn product(order: &Order) -> Value {
    json!({ "Categorie": order.categorie, "Code": order.code })
}

/// The gemeente orders support.
pub(crate) fn wmo301(envelope: &Envelope<'_>, klant: &Klant, order: &Order) -> Vec<u8> {
    let mut client = client(klant);
    client["Naam"]["NaamGebruik"] = json!("1");
    client["Contactgegevens"] = json!([{
        "Soort": "01",
        "Adres": {
            "Huis": { "Huisnummer": "4711" },
            "Postcode": "7041QX",
            "Straatnaam": "Zwanenbloemhof",
            "Plaatsnaam": "Wijnbergen",
            "LandCode": "NL",
        },
    }]);
    client["ToegewezenProducten"] = json!([{
        "ToewijzingNummer": order.nummer.to_string(),
        "Product": product(order),
        "Toewijzingsdatum": envelope.dagtekening,
        "Toewijzingstijd": "09:00:00",
        "Ingangsdatum": order.ingangsdatum,
        "Einddatum": order.einddatum,
        "Omvang": { "Volume": "4", "Eenheid": "04", "Frequentie": "2" },
    }]);
    encode("WMO301", header("414", envelope.gemeente, envelope.agb, envelope), client)
}

/// The aanbieder reports a start.
pub(crate) fn wmo305(envelope: &Envelope<'_>, klant: &Klant, order: &Order, begindatum: &str) -> Vec<u8> {
    let mut client = client(klant);
    client["StartProducten"] = json!([{
        "ToewijzingNummer": order.nummer.to_string(),
        "Product": product(order),
        "ToewijzingIngangsdatum": order.ingangsdatum,
        "Begindatum": begindatum,
        "StatusAanlevering": "1",
    }]);
    encode("WMO305", header("418", envelope.agb, envelope.gemeente, envelope), client)
}

/// The aanbieder reports a stop.
pub(crate) fn wmo307(envelope: &Envelope<'_>, klant: &Klant, order: &Order, stop: &Stop) -> Vec<u8> {
    let mut client = client(klant);
    client["StopProducten"] = json!([{
        "ToewijzingNummer": order.nummer.to_string(),
        "Product": product(order),
        "ToewijzingIngangsdatum": order.ingangsdatum,
        "Begindatum": stop.begindatum,
        "RedenBeeindiging": stop.reden,
        "Einddatum": stop.einddatum,
        "StatusAanlevering": "1",
    }]);
    encode("WMO307", header("420", envelope.agb, envelope.gemeente, envelope), client)
}

/// What these messages say of a person.
pub(crate) fn personal(klant: &Klant) -> Vec<String> {
    let place = ["Zwanenbloemhof", "Wijnbergen", "7041QX"].map(str::to_owned);
    [klant.bsn.clone(), klant.achternaam.clone(), klant.geboortedatum.clone()]
        .into_iter()
        .chain(place)
        .collect()
}
