//! The messages of the demonstration, written as their senders would. Everybody in them is invented; the BSNs are
//! of the test series.

use iwmo_codec::messages::Message;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::DemoError;

/// An invented client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    pub(crate) bsn: &'static str,
    pub(crate) achternaam: &'static str,
    pub(crate) voorletters: &'static str,
    pub(crate) geboortedatum: &'static str,
    pub(crate) geslacht: &'static str,
    pub(crate) straat: &'static str,
    pub(crate) plaats: &'static str,
    pub(crate) postcode: &'static str,
}

/// The header of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) gemeente: &'a str,
    pub(crate) agb: &'a str,
    pub(crate) identificatie: &'a str,
    pub(crate) today: Date,
}

/// A toewijzing as ordered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) nummer: u32,
    pub(crate) categorie: &'static str,
    pub(crate) code: &'static str,
    pub(crate) ingangsdatum: Date,
    pub(crate) einddatum: Date,
}

/// A start as reported: date and StatusAanlevering.
pub(crate) type Start = (Date, &'static str);

pub(super) fn header(code: &str, from: &str, to: &str, envelope: Envelope<'_>) -> Value {
    json!({
        "BerichtCode": code,
        "BerichtVersie": "3",
        "BerichtSubversie": "2",
        "Afzender": from,
        "Ontvanger": to,
        "BerichtIdentificatie": {
            "Identificatie": envelope.identificatie,
            "Dagtekening": envelope.today.to_string(),
        },
        "XsdVersie": { "BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0" },
    })
}

fn message(kind: &str, header: Value, client: Value) -> Result<Message, DemoError> {
    built(kind, json!({ "Header": header, "Client": client }))
}

pub(super) fn built(kind: &str, bericht: Value) -> Result<Message, DemoError> {
    let json = json!({ "message": kind, "release": "iWmo 3.2", "Bericht": bericht });
    Message::from_json(&json.to_string()).map_err(|error| DemoError::Message(error.to_string()))
}

pub(super) fn product(order: &Order) -> Value {
    json!({ "Categorie": order.categorie, "Code": order.code })
}

/// The gemeente orders support.
pub(crate) fn wmo301(envelope: Envelope<'_>, person: &Person, order: &Order) -> Result<Message, DemoError> {
    wmo301_of(envelope, person, json!([toegewezen(envelope, order)]))
}

/// A product as the gemeente assigns it.
pub(super) fn toegewezen(envelope: Envelope<'_>, order: &Order) -> Value {
    json!({
        "ToewijzingNummer": order.nummer.to_string(),
        "Product": product(order),
        "Toewijzingsdatum": envelope.today.to_string(),
        "Toewijzingstijd": "09:00:00",
        "Ingangsdatum": order.ingangsdatum.to_string(),
        "Einddatum": order.einddatum.to_string(),
        "Omvang": { "Volume": "4", "Eenheid": "04", "Frequentie": "2" },
    })
}

/// A 301 with these products.
pub(super) fn wmo301_of(
    envelope: Envelope<'_>,
    person: &Person,
    producten: Value,
) -> Result<Message, DemoError> {
    let client = json!({
        "Bsn": person.bsn,
        "Geboortedatum": { "Datum": person.geboortedatum },
        "Geslacht": person.geslacht,
        "Naam": {
            "Geslachtsnaam": { "Achternaam": person.achternaam },
            "Voorletters": person.voorletters,
            "NaamGebruik": "1",
        },
        "Contactgegevens": [{
            "Soort": "01",
            "Adres": {
                "Huis": { "Huisnummer": "12" },
                "Postcode": person.postcode,
                "Straatnaam": person.straat,
                "Plaatsnaam": person.plaats,
                "LandCode": "NL",
            },
        }],
        "ToegewezenProducten": producten,
    });
    message("WMO301", header("414", envelope.gemeente, envelope.agb, envelope), client)
}

pub(super) fn delivery_client(person: &Person) -> Value {
    json!({
        "Bsn": person.bsn,
        "Geboortedatum": { "Datum": person.geboortedatum },
        "Geslacht": person.geslacht,
        "Naam": {
            "Geslachtsnaam": { "Achternaam": person.achternaam },
            "Voorletters": person.voorletters,
        },
    })
}

/// The aanbieder reports starts.
pub(crate) fn wmo305(
    envelope: Envelope<'_>,
    person: &Person,
    order: &Order,
    starts: &[Start],
) -> Result<Message, DemoError> {
    let classes: Vec<Value> = starts
        .iter()
        .map(|(date, status)| {
            json!({
                "ToewijzingNummer": order.nummer.to_string(),
                "Product": product(order),
                "ToewijzingIngangsdatum": order.ingangsdatum.to_string(),
                "Begindatum": date.to_string(),
                "StatusAanlevering": status,
            })
        })
        .collect();
    let mut client = delivery_client(person);
    client["StartProducten"] = Value::Array(classes);
    message("WMO305", header("418", envelope.agb, envelope.gemeente, envelope), client)
}

/// The aanbieder reports a stop.
pub(crate) fn wmo307(
    envelope: Envelope<'_>,
    person: &Person,
    order: &Order,
    begin: Date,
    end: Date,
    reden: &str,
) -> Result<Message, DemoError> {
    let mut client = delivery_client(person);
    client["StopProducten"] = json!([{
        "ToewijzingNummer": order.nummer.to_string(),
        "Product": product(order),
        "ToewijzingIngangsdatum": order.ingangsdatum.to_string(),
        "Begindatum": begin.to_string(),
        "RedenBeeindiging": reden,
        "Einddatum": end.to_string(),
        "StatusAanlevering": "1",
    }]);
    message("WMO307", header("420", envelope.agb, envelope.gemeente, envelope), client)
}
