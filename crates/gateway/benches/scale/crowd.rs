//! The persons of a large journal, and what is sent about them.
//!
//! Everything follows from a person's number, so that two journals of one size have the same messages at the same moments.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails should say where")]

use iwmo_codec::messages::Message;
use iwmo_codec::retour::{Uitspraak, Verdict, retour};
use iwmo_gateway::translate;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value, json};

/// The gemeenten, each with a chain of its own.
pub(super) const GEMEENTEN: [&str; 5] = ["0222", "0225", "0150", "1586", "0193"];
/// The aanbieders.
pub(super) const AGBS: [&str; 4] = ["98000001", "98000002", "98000003", "98000004"];

/// What stands in a template where a message has its own.
const BSN: &str = "123456782";
const NUMMER: &str = "987654321";
const NAAM: &str = "XIDENT";
const TODAY: Date = date(1902, 2, 2);
const INGANG: Date = date(1901, 1, 1);
const BEGIN: Date = date(1903, 3, 3);
const EIND: Date = date(1904, 4, 4);
const STOP: Date = date(1905, 5, 5);

/// One person.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    /// From 0.
    pub(super) number: u32,
    bsn: u32,
    /// When support was ordered.
    pub(super) ingang: Date,
}

impl Person {
    /// Returns the BSN.
    pub(super) fn bsn(&self) -> String {
        self.bsn.to_string()
    }

    /// Returns the gemeente.
    pub(super) fn gemeente(&self) -> &'static str {
        GEMEENTEN[self.number as usize % GEMEENTEN.len()]
    }

    /// Returns the place of the aanbieder among all.
    pub(super) fn aanbieder(&self) -> usize {
        self.number as usize / GEMEENTEN.len() % AGBS.len()
    }

    /// Returns the ToewijzingNummer.
    pub(super) fn nummer(&self) -> u32 {
        self.number + 1
    }

    /// Returns whether the support ends within what is played.
    pub(super) fn stops(&self) -> bool {
        !self.number.is_multiple_of(4)
    }

    /// Returns whether the aanbieder first reports a start that nobody ordered.
    pub(super) fn errs(&self) -> bool {
        self.number % 500 == 250
    }
}

/// Numbers of the test series that pass the 11-proef.
fn bsns() -> impl Iterator<Item = u32> {
    (10_000_000..).filter_map(|head: u32| {
        let digits = (0..8).map(|place| head / 10_u32.pow(7 - place) % 10);
        let sum: u32 = digits.zip([9, 8, 7, 6, 5, 4, 3, 2]).map(|(digit, weight)| digit * weight).sum();
        (sum % 11 < 10).then_some(head * 10 + sum % 11)
    })
}

/// All persons, and the messages about them.
pub(super) struct Crowd {
    bsns: Vec<u32>,
    order: String,
    confirmation: String,
    start: String,
    stop: String,
}

impl Crowd {
    /// Makes so many persons.
    pub(super) fn new(persons: u32) -> Self {
        let order = order();
        let approved = Verdict {
            identificatie_retour: NAAM.to_owned(),
            dagtekening_retour: translate::datum(TODAY).unwrap(),
            xsd_versie_retour: None,
            uitspraak: Uitspraak::Goedgekeurd,
        };
        Self {
            bsns: bsns().take(persons as usize).collect(),
            confirmation: text(&retour(&order, &approved).unwrap()),
            order: text(&order),
            start: text(&start()),
            stop: text(&stop()),
        }
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> u32 {
        self.bsns.len() as u32
    }

    /// Returns the person with a number, for whom support was ordered then.
    pub(super) fn person(&self, number: u32, ingang: Date) -> Person {
        Person { number, bsn: self.bsns[number as usize], ingang }
    }

    /// The 301.
    pub(super) fn order(&self, person: &Person, today: Date) -> Vec<u8> {
        filled(&self.order, person, person.nummer(), "T", today)
    }

    /// The 302.
    pub(super) fn confirmation(&self, person: &Person, today: Date) -> Vec<u8> {
        filled(&self.confirmation, person, person.nummer(), "T", today)
    }

    /// The 305.
    pub(super) fn start(&self, person: &Person, today: Date) -> Vec<u8> {
        filled(&self.start, person, person.nummer(), "S", today)
    }

    /// A 305 about a toewijzing that there is not.
    pub(super) fn mistaken(&self, person: &Person, today: Date) -> Vec<u8> {
        filled(&self.start, person, 900_000_000 + person.number, "F", today)
    }

    /// The 307.
    pub(super) fn stop(&self, person: &Person, today: Date) -> Vec<u8> {
        filled(&self.stop, person, person.nummer(), "E", today)
    }
}

/// Approves a message, as its receiver would.
pub(super) fn approval(message: &Message, name: String, today: Date) -> Vec<u8> {
    let approved = Verdict {
        identificatie_retour: name,
        dagtekening_retour: translate::datum(today).unwrap(),
        xsd_versie_retour: None,
        uitspraak: Uitspraak::Goedgekeurd,
    };
    retour(message, &approved).unwrap().encode()
}

fn filled(template: &str, person: &Person, nummer: u32, kind: &str, today: Date) -> Vec<u8> {
    let day = |days: i64| person.ingang.saturating_add(days.days());
    let mut out = String::with_capacity(template.len() + 32);
    // Every place of a template begins with a digit or this letter after the end of a tag.
    let mut rest = template;
    while let Some(at) = rest.find('>') {
        out.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        let end = rest.find('<').unwrap_or(rest.len());
        let (value, after) = rest.split_at(end);
        rest = after;
        match value {
            BSN => out.push_str(&person.bsn()),
            NUMMER => out.push_str(&nummer.to_string()),
            NAAM => out.push_str(&format!("{kind}{}", person.number)),
            "0222" => out.push_str(person.gemeente()),
            "98000001" => out.push_str(AGBS[person.aanbieder()]),
            "1902-02-02" => out.push_str(&today.to_string()),
            "1901-01-01" => out.push_str(&day(0).to_string()),
            "1903-03-03" => out.push_str(&day(7).to_string()),
            "1904-04-04" => out.push_str(&day(360).to_string()),
            "1905-05-05" => out.push_str(&day(40).to_string()),
            other => out.push_str(other),
        }
    }
    out.push_str(rest);
    out.into_bytes()
}

fn text(message: &Message) -> String {
    String::from_utf8(message.encode()).unwrap()
}

fn product() -> Value {
    json!({ "Categorie": "02", "Code": "02A05" })
}

fn naam() -> Value {
    json!({ "Geslachtsnaam": { "Achternaam": "Jansen" }, "Voorletters": "A" })
}

fn order() -> Message {
    let mut naam = naam();
    naam["NaamGebruik"] = "1".into();
    let client = json!({
        "Bsn": BSN, "Geboortedatum": { "Datum": "1950-01-01" }, "Geslacht": "1", "Naam": naam,
        "Contactgegevens": [{ "Soort": "01", "Adres": {
            "Huis": { "Huisnummer": "12" }, "Postcode": "7001AA", "Straatnaam": "Lindelaan",
            "Plaatsnaam": "Doetinchem", "LandCode": "NL" } }],
        "ToegewezenProducten": [{
            "ToewijzingNummer": NUMMER, "Product": product(), "Toewijzingsdatum": TODAY.to_string(),
            "Toewijzingstijd": "09:00:00", "Ingangsdatum": INGANG.to_string(), "Einddatum": EIND.to_string(),
            "Omvang": { "Volume": "4", "Eenheid": "04", "Frequentie": "2" } }],
    });
    message("WMO301", header("414", GEMEENTEN[0], AGBS[0]), client)
}

fn start() -> Message {
    let client = json!({
        "Bsn": BSN, "Geboortedatum": { "Datum": "1950-01-01" }, "Geslacht": "1", "Naam": naam(),
        "StartProducten": [{
            "ToewijzingNummer": NUMMER, "Product": product(), "ToewijzingIngangsdatum": INGANG.to_string(),
            "Begindatum": BEGIN.to_string(), "StatusAanlevering": "1" }],
    });
    message("WMO305", header("418", AGBS[0], GEMEENTEN[0]), client)
}

fn stop() -> Message {
    let client = json!({
        "Bsn": BSN, "Geboortedatum": { "Datum": "1950-01-01" }, "Geslacht": "1", "Naam": naam(),
        "StopProducten": [{
            "ToewijzingNummer": NUMMER, "Product": product(), "ToewijzingIngangsdatum": INGANG.to_string(),
            "Begindatum": BEGIN.to_string(), "RedenBeeindiging": "02", "Einddatum": STOP.to_string(),
            "StatusAanlevering": "1" }],
    });
    message("WMO307", header("420", AGBS[0], GEMEENTEN[0]), client)
}

fn header(code: &str, from: &str, to: &str) -> Value {
    json!({
        "BerichtCode": code, "BerichtVersie": "3", "BerichtSubversie": "2", "Afzender": from, "Ontvanger": to,
        "BerichtIdentificatie": { "Identificatie": NAAM, "Dagtekening": TODAY.to_string() },
        "XsdVersie": { "BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0" },
    })
}

fn message(kind: &str, header: Value, client: Value) -> Message {
    let value = json!({
        "message": kind, "release": "iWmo 3.2", "Bericht": { "Header": header, "Client": client },
    });
    Message::from_json(&value.to_string()).unwrap()
}
