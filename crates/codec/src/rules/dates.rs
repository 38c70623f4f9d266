//! Rules on dates.

use super::declaration::prestaties;
use super::view::{START, STOP, TOEGEWEZEN, contacten, geboortedatums, inzet};
use super::{Findings, Place};
use crate::messages::{Message, Sink, local_name};
use crate::value::{Datum, Leaf};

/// LDT_Datum: a year has four digits (header-and-identification.md, section 6). The schema allows others.
pub(super) fn ldt_datum(message: &Message, findings: &mut Findings<'_>) {
    message.visit(&mut Years { path: vec![("Bericht", None)], findings });
}

struct Years<'a, 'b> {
    path: Vec<(&'static str, Option<usize>)>,
    findings: &'a mut Findings<'b>,
}

impl Sink for Years<'_, '_> {
    fn value(&mut self, tag: &'static str, number: Option<usize>, value: &impl Leaf) {
        if value.datum().is_some_and(|datum| !datum.has_four_digit_year()) {
            let last = (local_name(tag), number);
            self.findings.add_path(|| path(self.path.iter().chain([&last])));
        }
    }

    fn begin(&mut self, tag: &'static str, number: Option<usize>) {
        self.path.push((local_name(tag), number));
    }

    fn end(&mut self, _tag: &'static str) {
        self.path.pop();
    }
}

fn path<'a>(parts: impl Iterator<Item = &'a (&'static str, Option<usize>)>) -> String {
    let mut text = String::new();
    for (name, number) in parts {
        text.push('/');
        text.push_str(name);
        if let Some(number) = number {
            text.push_str(&format!("[{number}]"));
        }
    }
    text
}

/// TR134: what is reported lies on or before Dagtekening.
pub(super) fn tr134(message: &Message, findings: &mut Findings<'_>) {
    let dagtekening = message.header().dagtekening;
    let mut require = |datum: Datum, place: Place| findings.require(datum <= dagtekening, place);
    for (place, geboortedatum) in geboortedatums(message) {
        require(*geboortedatum.datum.expose(), place.below("Datum"));
    }
    match message {
        Message::Wmo301(bericht) => {
            for (index, product) in bericht.client.toegewezen_producten.iter().enumerate() {
                require(product.toewijzingsdatum, TOEGEWEZEN.item(index).below("Toewijzingsdatum"));
            }
        }
        Message::Wmo305(bericht) => {
            for (index, product) in bericht.client.start_producten.iter().enumerate() {
                require(product.begindatum, START.item(index).below("Begindatum"));
            }
        }
        Message::Wmo307(bericht) => {
            for (index, product) in bericht.client.stop_producten.iter().enumerate() {
                require(product.einddatum, STOP.item(index).below("Einddatum"));
            }
        }
        Message::Wmo323(bericht) => {
            const PERIODE: Place = Place::new("/Bericht/Declaratie/DeclaratiePeriode/Begindatum");
            require(bericht.declaratie.declaratie_periode.begindatum, PERIODE);
        }
        _ => {}
    }
    for prestatie in prestaties(message) {
        require(prestatie.periode.begindatum, prestatie.place.below("ProductPeriode/Begindatum"));
    }
}

/// CS003: an end date is not before the begin date of its class.
pub(super) fn cs003(message: &Message, findings: &mut Findings<'_>) {
    if let Message::Wmo301(bericht) = message {
        for (place, contact) in contacten(bericht) {
            // With an end date alone there is nothing to compare.
            if let Some(periode) = &contact.periode
                && let (Some(begin), Some(eind)) = (periode.begindatum, periode.einddatum)
            {
                findings.require(eind >= begin, place.below("Periode/Einddatum"));
            }
        }
    }
    inzet(message, |item| {
        let holds = item.eind.is_none_or(|eind| eind >= item.begin);
        findings.require(holds, item.place.below(item.eind_element()));
    });
}
