//! Rules beyond level 2 that a message can be judged by with little from outside: the date (TR135, CS064: 8848), known
//! gemeentecodes (TR378, CS300: S300), agreed product codes (TR381: S329), or nothing at all (TR314 within the
//! message: 8021, TR319: 9319). Each has a retourcode of its own.
//!
//! The lists are data that a gemeente replaces without another release of the program; `deploy/lists` has them in the
//! form read here. Texts come in as arguments. The form: one entry a line, columns separated by tabs and named by the
//! first line, lines that begin with `#` are left out, columns that are not asked for may stand there.

mod parse;

use std::collections::{HashMap, HashSet};

use super::declaration::prestaties;
use super::view::{AANGEVRAAGD, NIEUW, START, STOP, TOEGEWEZEN};
use super::{Findings, Place};
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::{Product, ProductCategorie, StatusAanlevering};
use crate::value::Datum;
pub use parse::{ListError, ListProblem};

/// Entries of one list.
pub const LIST_ENTRIES_MAX: usize = 100_000;

/// What is known from outside the message; a rule whose part is not there is not judged.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Today in the Netherlands, for TR135 and CS064.
    pub vandaag: Option<Datum>,
    /// For TR378 and CS300.
    pub gemeenten: Option<Gemeentecodes>,
    /// For TR381.
    pub producten: Option<Productcodes>,
}

/// The codes of gemeenten, each with the days on which it is in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gemeentecodes(HashMap<String, Vec<Period>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Period {
    van: Option<Datum>,
    tot: Option<Datum>,
}

impl Gemeentecodes {
    /// Reads a list with the columns `code`, `van` (the first day, may be empty) and `tot` (the last day, may be
    /// empty).
    ///
    /// # Errors
    ///
    /// The first line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, ListError> {
        let mut codes: HashMap<String, Vec<Period>> = HashMap::new();
        parse::rows(text, ["code", "van", "tot"], |[code, van, tot]| {
            if code.len() != 4 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(ListProblem::NotAGemeentecode);
            }
            let period = Period { van: parse::day(van)?, tot: parse::day(tot)? };
            if let (Some(van), Some(tot)) = (period.van, period.tot)
                && tot < van
            {
                return Err(ListProblem::EndsBeforeItBegins);
            }
            codes.entry(code.to_owned()).or_default().push(period);
            Ok(())
        })?;
        Ok(Self(codes))
    }

    /// Returns whether a code was or will be in use on any day.
    #[must_use]
    pub fn knows(&self, code: &str) -> bool {
        self.0.contains_key(code)
    }

    /// Returns whether a code is in use on a day.
    #[must_use]
    pub fn contains(&self, code: &str, day: Datum) -> bool {
        self.0.get(code).is_some_and(|periods| {
            periods.iter().any(|period| {
                period.van.is_none_or(|van| van <= day) && period.tot.is_none_or(|tot| day <= tot)
            })
        })
    }

    /// Returns every code with its first and its last day.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Datum>, Option<Datum>)> {
        self.0.iter().flat_map(|(code, periods)| {
            periods.iter().map(move |period| (code.as_str(), period.van, period.tot))
        })
    }
}

/// The product codes that a gemeente and its aanbieders agreed on, by category.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Productcodes(HashMap<ProductCategorie, HashSet<String>>);

impl Productcodes {
    /// Reads a list with the columns `categorie` (two characters, WMO020) and `code`.
    ///
    /// # Errors
    ///
    /// The first line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, ListError> {
        let mut codes: HashMap<ProductCategorie, HashSet<String>> = HashMap::new();
        parse::rows(text, ["categorie", "code"], |[categorie, code]| {
            let categorie = categorie.parse().map_err(|_| ListProblem::NotACategorie)?;
            if code.is_empty() || code.chars().count() > 5 {
                return Err(ListProblem::NotAProductcode);
            }
            codes.entry(categorie).or_default().insert(code.to_owned());
            Ok(())
        })?;
        Ok(Self(codes))
    }

    /// Returns whether a code belongs to a category.
    #[must_use]
    pub fn contains(&self, categorie: ProductCategorie, code: &str) -> bool {
        self.0.get(&categorie).is_some_and(|codes| codes.contains(code))
    }

    /// Returns every code with its category.
    pub fn iter(&self) -> impl Iterator<Item = (ProductCategorie, &str)> {
        self.0.iter().flat_map(|(categorie, codes)| codes.iter().map(|code| (*categorie, code.as_str())))
    }
}

/// TR135 and CS064: Dagtekening does not lie after today.
pub(super) fn dagtekening(message: &Message, outside: &Outside, findings: &mut Findings<'_>) {
    const DAGTEKENING: Place = Place::new("/Bericht/Header/BerichtIdentificatie/Dagtekening");
    let holds = outside.vandaag.is_none_or(|vandaag| message.header().dagtekening <= vandaag);
    findings.require(holds, DAGTEKENING);
}

/// TR314, as far as the message itself shows it: a ReferentieNummer is not used twice.
pub(super) fn tr314(message: &Message, _: &Outside, findings: &mut Findings<'_>) {
    let mut seen = HashSet::new();
    for prestatie in prestaties(message) {
        let place = prestatie.place.below("ProductReferentie/ReferentieNummer");
        findings.require(seen.insert(&prestatie.referentie.referentie_nummer), place);
    }
}

/// TR319: what is declared was delivered in the declared period, or before it.
pub(super) fn tr319(message: &Message, _: &Outside, findings: &mut Findings<'_>) {
    let Message::Wmo323(bericht) = message else { return };
    let declared = &bericht.declaratie.declaratie_periode;
    for prestatie in prestaties(message) {
        let holds = prestatie.periode.einddatum <= declared.einddatum;
        findings.require(holds, prestatie.place.below("ProductPeriode"));
    }
}

/// TR378 and CS300: the gemeente is on the list of Dagtekening, or of a day on which support in the message begins. A
/// message that only refers to a toewijzing does not say when that began: there any day will do.
pub(super) fn gemeentecode(message: &Message, outside: &Outside, findings: &mut Findings<'_>) {
    let Some(list) = &outside.gemeenten else { return };
    const AFZENDER: Place = Place::new("/Bericht/Header/Afzender");
    const ONTVANGER: Place = Place::new("/Bericht/Header/Ontvanger");
    let header = message.header();
    let (code, place) = match message {
        Message::Wmo301(_)
        | Message::Wmo319(_)
        | Message::Wmo325(_)
        | Message::Wmo401(_)
        | Message::Wmo403(_) => (header.afzender, AFZENDER),
        _ => (header.ontvanger.unwrap_or_default(), ONTVANGER),
    };
    let on = |day: &Datum| list.contains(code, *day);
    let began = |day: Option<Datum>| day.map_or(list.knows(code), |day| list.contains(code, day));
    let holds = on(&header.dagtekening)
        || match message {
            Message::Wmo301(bericht) => {
                bericht.client.toegewezen_producten.iter().any(|product| on(&product.ingangsdatum))
            }
            Message::Wmo315(bericht) => bericht
                .client
                .aangevraagde_producten
                .iter()
                .any(|product| on(&product.toewijzing_ingangsdatum)),
            Message::Wmo305(bericht) => {
                bericht.client.start_producten.iter().any(|start| began(start.toewijzing_ingangsdatum))
            }
            Message::Wmo307(bericht) => {
                bericht.client.stop_producten.iter().any(|stop| began(stop.toewijzing_ingangsdatum))
            }
            Message::Wmo401(_) | Message::Wmo403(_) => false,
            _ => list.knows(code),
        };
    findings.require(holds, place);
}

/// TR381: a product code belongs to its category. A delete is not looked at: what was accepted can be taken back.
pub(super) fn tr381(message: &Message, outside: &Outside, findings: &mut Findings<'_>) {
    let Some(list) = &outside.producten else { return };
    const PRESTATIE: Place =
        Place::new("/Bericht/Declaratie/Clienten/Client[#]/Prestaties/Prestatie[#]/ProductCode");
    let mut require = |product: Option<&Product>, place: Place| {
        if let Some(Product { categorie, code: Some(code), .. }) = product {
            findings.require(list.contains(*categorie, code), place.below("Product/Code"));
        }
    };
    let deleted = |status: &StatusAanlevering| *status == StatusAanlevering::C3;
    match message {
        Message::Wmo301(bericht) => {
            for (index, item) in bericht.client.toegewezen_producten.iter().enumerate() {
                require(item.product.as_ref(), TOEGEWEZEN.item(index));
            }
        }
        Message::Wmo305(bericht) => {
            let starts = bericht.client.start_producten.iter().enumerate();
            for (index, item) in starts.filter(|(_, item)| !deleted(&item.status_aanlevering)) {
                require(item.product.as_ref(), START.item(index));
            }
        }
        Message::Wmo307(bericht) => {
            let stops = bericht.client.stop_producten.iter().enumerate();
            for (index, item) in stops.filter(|(_, item)| !deleted(&item.status_aanlevering)) {
                require(item.product.as_ref(), STOP.item(index));
            }
        }
        Message::Wmo315(bericht) => {
            for (index, item) in bericht.client.aangevraagde_producten.iter().enumerate() {
                require(item.product.as_ref(), AANGEVRAAGD.item(index));
            }
        }
        Message::Wmo317(bericht) => {
            for (index, item) in bericht.client.verzoek.nieuwe_producten.iter().enumerate() {
                require(item.product.as_ref(), NIEUW.item(index));
            }
        }
        Message::Wmo323(bericht) => {
            for (outer, client) in bericht.declaratie.clienten.iter().enumerate() {
                for (inner, item) in client.prestaties.iter().enumerate() {
                    let known = list.contains(item.product_categorie, &item.product_code);
                    findings.require(known, PRESTATIE.item(outer).item(inner));
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
