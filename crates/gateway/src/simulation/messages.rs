//! What partners write: the messages of the demonstration with other values filled in.

use std::sync::OnceLock;

use bytes::Bytes;
use iwmo_codec::messages::Message;
use iwmo_codec::retour::{Uitspraak, Verdict, retour};
use jiff::civil::{Date, date};

use crate::demo::messages::{Envelope, Order, Person, wmo301, wmo305, wmo307};
use crate::demo::requests as demo;
use crate::translate;

/// People by number of the test series; all of them have one name.
pub(super) const BSNS: [&str; 7] =
    ["999900018", "999900031", "999900043", "999900055", "999900067", "999900079", "999900080"];

/// Whose BSN turns out to be another one, and which; and one that it may be after all.
pub(super) const WRONG: usize = 2;
pub(super) const RIGHT: usize = 5;
pub(super) const OTHER: usize = 6;

/// How each of them begins.
pub(super) const BSN_BEGIN: &str = "9999000";

/// A toewijzing of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Toewijzing {
    pub(super) gemeente: &'static str,
    pub(super) agb: &'static str,
    pub(super) person: usize,
    pub(super) nummer: u32,
    pub(super) ingangsdatum: Date,
}

/// The header of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    pub(super) identificatie: &'a str,
    pub(super) dagtekening: Date,
}

/// Values that stand nowhere else in a message, to be replaced.
const PERSON: Person = Person {
    bsn: "999900006",
    achternaam: "Wit",
    voorletters: "T",
    geboortedatum: "1951-08-13",
    geslacht: "1",
    straat: "Lindelaan",
    plaats: "Doetinchem",
    postcode: "7001AA",
};
const GEMEENTE: &str = "0003";
const AGB: &str = "98000077";
const IDENTIFICATIE: &str = "IDENTIFICATI";
const NUMMER: u32 = 987_654_321;
const TODAY: Date = date(1901, 1, 1);
const INGANGSDATUM: Date = date(1902, 2, 2);
const EINDDATUM: Date = date(1903, 3, 3);
const FIRST: Date = date(1904, 4, 4);
const SECOND: Date = date(1905, 5, 5);

struct Templates {
    wmo301: String,
    one_start: String,
    two_starts: String,
    stop: String,
}

fn templates() -> &'static Templates {
    static TEMPLATES: OnceLock<Templates> = OnceLock::new();
    TEMPLATES.get_or_init(|| {
        let envelope = Envelope { gemeente: GEMEENTE, agb: AGB, identificatie: IDENTIFICATIE, today: TODAY };
        let order = Order {
            nummer: NUMMER,
            categorie: "02",
            code: "02A05",
            ingangsdatum: INGANGSDATUM,
            einddatum: EINDDATUM,
        };
        let text = |message: Message| String::from_utf8(message.encode()).expect("XML is text");
        let starts = |starts| text(wmo305(envelope, &PERSON, &order, starts).expect("a message"));
        Templates {
            wmo301: text(wmo301(envelope, &PERSON, &order).expect("a message")),
            one_start: starts(&[(FIRST, "1")]),
            two_starts: starts(&[(FIRST, "3"), (SECOND, "1")]),
            stop: text(wmo307(envelope, &PERSON, &order, FIRST, SECOND, "19").expect("a message")),
        }
    })
}

fn filled(template: &str, name: Name<'_>, toewijzing: &Toewijzing, others: &[(&str, &str)]) -> Bytes {
    let end = toewijzing.ingangsdatum.saturating_add(jiff::Span::new().years(2));
    let mut text = template
        .replace(PERSON.bsn, BSNS[toewijzing.person])
        .replace(GEMEENTE, toewijzing.gemeente)
        .replace(AGB, toewijzing.agb)
        .replace(IDENTIFICATIE, name.identificatie)
        .replace(&NUMMER.to_string(), &toewijzing.nummer.to_string())
        .replace(&TODAY.to_string(), &name.dagtekening.to_string())
        .replace(&INGANGSDATUM.to_string(), &toewijzing.ingangsdatum.to_string())
        .replace(&EINDDATUM.to_string(), &end.to_string());
    for (from, to) in others {
        text = text.replace(from, to);
    }
    Bytes::from(text)
}

fn envelope<'a>(name: Name<'a>, toewijzing: &Toewijzing) -> Envelope<'a> {
    let Toewijzing { gemeente, agb, .. } = *toewijzing;
    Envelope { gemeente, agb, identificatie: name.identificatie, today: name.dagtekening }
}

/// What is ordered, and for whom.
fn ordered(toewijzing: &Toewijzing) -> (Person, Order) {
    let Toewijzing { nummer, ingangsdatum, person, .. } = *toewijzing;
    let einddatum = ingangsdatum.saturating_add(jiff::Span::new().years(2));
    let order = Order { nummer, categorie: "02", code: "02A05", ingangsdatum, einddatum };
    (Person { bsn: BSNS[person], ..PERSON }, order)
}

fn encoded(message: Result<Message, impl std::fmt::Debug>) -> Bytes {
    Bytes::from(message.expect("a message").encode())
}

/// The aanbieder asks for the toewijzing (315).
pub(super) fn request(name: Name<'_>, toewijzing: &Toewijzing, referentie: &str) -> Bytes {
    let (person, order) = ordered(toewijzing);
    encoded(demo::wmo315(envelope(name, toewijzing), &person, &order, referentie))
}

/// The aanbieder asks for another end of the toewijzing, from a day on (317).
pub(super) fn change(name: Name<'_>, toewijzing: &Toewijzing, from: Date, referentie: &str) -> Bytes {
    let (person, order) = ordered(toewijzing);
    let order = Order { einddatum: order.einddatum.saturating_add(jiff::Span::new().months(1)), ..order };
    encoded(demo::wmo317(envelope(name, toewijzing), &person, &order, from, &[], referentie))
}

/// The gemeente refuses what was asked, or looks into it (319).
pub(super) fn reply(name: Name<'_>, toewijzing: &Toewijzing, referentie: &str, refuses: bool) -> Bytes {
    let answer = if refuses { "1" } else { "2" };
    encoded(demo::wmo319(envelope(name, toewijzing), referentie, answer))
}

/// The gemeente grants what was asked (301).
pub(super) fn grant(name: Name<'_>, toewijzing: &Toewijzing, referentie: &str) -> Bytes {
    let (person, order) = ordered(toewijzing);
    encoded(demo::wmo301_granting(envelope(name, toewijzing), &person, &[(&order, Some(referentie), None)]))
}

/// The aanbieder declares the month in which this day lies (323).
pub(super) fn declaration(name: Name<'_>, toewijzing: &Toewijzing, day: Date, referentie: &str) -> Message {
    let (person, order) = ordered(toewijzing);
    let month = demo::Month { first: day.first_of_month(), last: day.last_of_month() };
    let line = demo::Declared { person: &person, order: &order, referentie, vorige: None, cent: 10_000 };
    demo::wmo323(envelope(name, toewijzing), month, &[line]).expect("a message")
}

/// The gemeente grants a declaration (325).
pub(super) fn settled(name: Name<'_>, toewijzing: &Toewijzing, declaration: &Message) -> Bytes {
    encoded(demo::wmo325(envelope(name, toewijzing), declaration))
}

/// The gemeente orders.
pub(super) fn order(name: Name<'_>, toewijzing: &Toewijzing) -> Bytes {
    filled(&templates().wmo301, name, toewijzing, &[])
}

/// The aanbieder reports a start, or deletes it.
pub(super) fn start(name: Name<'_>, toewijzing: &Toewijzing, begin: Date, delete: bool) -> Bytes {
    let (begin, status) = (begin.to_string(), status(delete));
    let others = [(&*FIRST.to_string(), &*begin), ("StatusAanlevering>1<", status)];
    filled(&templates().one_start, name, toewijzing, &others)
}

/// The aanbieder deletes a start and reports another in one message.
pub(super) fn other_start(name: Name<'_>, toewijzing: &Toewijzing, wrong: Date, right: Date) -> Bytes {
    let (wrong, right) = (wrong.to_string(), right.to_string());
    let others = [(&*FIRST.to_string(), &*wrong), (&*SECOND.to_string(), &*right)];
    filled(&templates().two_starts, name, toewijzing, &others)
}

/// The aanbieder reports a stop, or deletes it.
pub(super) fn stop(name: Name<'_>, toewijzing: &Toewijzing, begin: Date, end: Date, delete: bool) -> Bytes {
    let (begin, end) = (begin.to_string(), end.to_string());
    let others = [
        (&*FIRST.to_string(), &*begin),
        (&*SECOND.to_string(), &*end),
        ("StatusAanlevering>1<", status(delete)),
    ];
    filled(&templates().stop, name, toewijzing, &others)
}

/// A message that the schema does not allow.
pub(super) fn invalid(bytes: &Bytes) -> Bytes {
    let text = String::from_utf8_lossy(bytes).replace("Begindatum>2", "Begindatum>X");
    Bytes::from(text)
}

fn status(delete: bool) -> &'static str {
    if delete { "StatusAanlevering>3<" } else { "StatusAanlevering>1<" }
}

/// The retour on a message.
pub(super) fn answer(message: &Message, name: Name<'_>, uitspraak: Uitspraak) -> Bytes {
    let verdict = Verdict {
        identificatie_retour: name.identificatie.to_owned(),
        dagtekening_retour: translate::datum(name.dagtekening).expect("a date"),
        xsd_versie_retour: None,
        uitspraak,
    };
    Bytes::from(retour(message, &verdict).expect("a retour").encode())
}
