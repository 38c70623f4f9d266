//! The same parts of different messages, seen alike.

use super::Place;
use crate::Private;
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::{Geboortedatum, Omvang, Product, VolledigeNaam};
use crate::messages::iwmo_3_2::wmo301;
use crate::value::{Bsn, Datum, Nummer};

pub(super) const CLIENT: Place = Place::new("/Bericht/Client");
pub(super) const TOEGEWEZEN: Place = Place::new("/Bericht/Client/ToegewezenProducten/ToegewezenProduct[#]");
pub(super) const START: Place = Place::new("/Bericht/Client/StartProducten/StartProduct[#]");
pub(super) const STOP: Place = Place::new("/Bericht/Client/StopProducten/StopProduct[#]");
pub(super) const AANGEVRAAGD: Place =
    Place::new("/Bericht/Client/AangevraagdeProducten/AangevraagdProduct[#]");
pub(super) const ONGEWIJZIGD: Place =
    Place::new("/Bericht/Client/Verzoek/OngewijzigdeProducten/OngewijzigdProduct[#]");
pub(super) const TE_WIJZIGEN: Place =
    Place::new("/Bericht/Client/Verzoek/TeWijzigenProducten/TeWijzigenProduct[#]");
pub(super) const NIEUW: Place = Place::new("/Bericht/Client/Verzoek/NieuweProducten/NieuwProduct[#]");
const RELATIE: Place = Place::new("/Bericht/Client/Relaties/Relatie[#]");
const RELATIE_CONTACT: Place = Place::new("/Bericht/Client/Relaties/Relatie[#]/Contact");
const CONTACT: Place = Place::new("/Bericht/Client/Contactgegevens/Contact[#]");

/// The BSN of every client.
pub(super) fn bsns(message: &Message) -> Vec<(Place, &Private<Bsn>)> {
    const DECLARATIE: Place = Place::new("/Bericht/Declaratie/Clienten/Client[#]/Bsn");
    const ANTWOORD: Place = Place::new("/Bericht/DeclaratieAntwoord/Clienten/Client[#]/Bsn");
    let one = |bsn| vec![(CLIENT.below("Bsn"), bsn)];
    match message {
        Message::Wmo301(bericht) => one(&bericht.client.bsn),
        Message::Wmo305(bericht) => one(&bericht.client.bsn),
        Message::Wmo307(bericht) => one(&bericht.client.bsn),
        Message::Wmo315(bericht) => one(&bericht.client.bsn),
        Message::Wmo317(bericht) => one(&bericht.client.bsn),
        Message::Wmo323(bericht) => {
            let clienten = bericht.declaratie.clienten.iter().enumerate();
            clienten.map(|(index, client)| (DECLARATIE.item(index), &client.bsn)).collect()
        }
        Message::Wmo325(bericht) => {
            let clienten = bericht.declaratie_antwoord.iter().flat_map(|antwoord| &antwoord.clienten);
            clienten.enumerate().map(|(index, client)| (ANTWOORD.item(index), &client.bsn)).collect()
        }
        _ => Vec::new(),
    }
}

/// The birth date of the client and of each relatie.
pub(super) fn geboortedatums(message: &Message) -> Vec<(Place, &Geboortedatum)> {
    const OF_CLIENT: Place = Place::new("/Bericht/Client/Geboortedatum");
    const OF_RELATIE: Place = Place::new("/Bericht/Client/Relaties/Relatie[#]/Geboortedatum");
    let client = match message {
        Message::Wmo301(bericht) => &bericht.client.geboortedatum,
        Message::Wmo305(bericht) => &bericht.client.geboortedatum,
        Message::Wmo307(bericht) => &bericht.client.geboortedatum,
        Message::Wmo315(bericht) => &bericht.client.geboortedatum,
        _ => return Vec::new(),
    };
    let mut found = vec![(OF_CLIENT, client)];
    if let Message::Wmo301(bericht) = message {
        for (index, relatie) in bericht.client.relaties.iter().enumerate() {
            found.extend(relatie.geboortedatum.as_ref().map(|datum| (OF_RELATIE.item(index), datum)));
        }
    }
    found
}

/// Who has a full name in a 301: the client, then each relatie.
pub(super) fn namen(bericht: &wmo301::Bericht) -> impl Iterator<Item = (Place, &VolledigeNaam)> {
    let relaties = bericht.client.relaties.iter().enumerate();
    let relaties = relaties.map(|(index, relatie)| (RELATIE.item(index), &relatie.naam));
    std::iter::once((CLIENT, &bericht.client.naam)).chain(relaties)
}

/// The contacts of a 301: of each relatie, then of the client.
pub(super) fn contacten(bericht: &wmo301::Bericht) -> impl Iterator<Item = (Place, &wmo301::Contact)> {
    let relaties = bericht.client.relaties.iter().enumerate();
    let relaties = relaties.map(|(index, relatie)| (RELATIE_CONTACT.item(index), &relatie.contact));
    let client = bericht.client.contactgegevens.iter().enumerate();
    relaties.chain(client.map(|(index, contact)| (CONTACT.item(index), contact)))
}

/// The relaties of a 301.
pub(super) fn relaties(bericht: &wmo301::Bericht) -> impl Iterator<Item = (Place, &wmo301::Relatie)> {
    bericht.client.relaties.iter().enumerate().map(|(index, relatie)| (RELATIE.item(index), relatie))
}

/// Which class support was found in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Granted (301).
    Toegewezen,
    /// Asked for (315).
    Aangevraagd,
    /// To be changed (317); has no Product.
    TeWijzigen,
    /// New (317).
    Nieuw,
}

/// Support that is granted or asked for, in the parts that these classes share.
#[derive(Clone, Copy)]
pub(super) struct Inzet<'a> {
    pub(super) class: Class,
    pub(super) place: Place,
    pub(super) product: Option<&'a Product>,
    pub(super) begin: Datum,
    pub(super) eind: Option<Datum>,
    pub(super) omvang: Option<&'a Omvang>,
    pub(super) budget: Option<&'a Nummer>,
}

impl Inzet<'_> {
    /// The name of the element of the end date.
    pub(super) fn eind_element(&self) -> &'static str {
        if self.class == Class::Aangevraagd { "ToewijzingEinddatum" } else { "Einddatum" }
    }

    /// Returns whether Product has a Code.
    pub(super) fn is_specific(&self) -> bool {
        self.product.is_some_and(|product| product.code.is_some())
    }
}

/// Calls `judge` for the support in a 301, 315 or 317, in the order of the document.
pub(super) fn inzet<'m>(message: &'m Message, mut judge: impl FnMut(Inzet<'m>)) {
    macro_rules! inzet {
        ($class:ident, $place:expr, $list:expr, $item:ident => $product:expr, $begin:ident, $eind:ident) => {
            for (index, $item) in $list.iter().enumerate() {
                judge(Inzet {
                    class: Class::$class,
                    place: $place.item(index),
                    product: $product,
                    begin: $item.$begin,
                    eind: $item.$eind,
                    omvang: $item.omvang.as_ref(),
                    budget: $item.budget.as_ref(),
                });
            }
        };
    }
    match message {
        Message::Wmo301(bericht) => {
            let list = &bericht.client.toegewezen_producten;
            inzet!(Toegewezen, TOEGEWEZEN, list, item => item.product.as_ref(), ingangsdatum, einddatum);
        }
        Message::Wmo315(bericht) => {
            let list = &bericht.client.aangevraagde_producten;
            inzet!(Aangevraagd, AANGEVRAAGD, list, item => item.product.as_ref(), toewijzing_ingangsdatum,
                toewijzing_einddatum);
        }
        Message::Wmo317(bericht) => {
            let verzoek = &bericht.client.verzoek;
            let change = &verzoek.te_wijzigen_producten;
            let new = &verzoek.nieuwe_producten;
            inzet!(TeWijzigen, TE_WIJZIGEN, change, item => None, gewenste_ingangsdatum, einddatum);
            inzet!(Nieuw, NIEUW, new, item => item.product.as_ref(), gewenste_ingangsdatum, einddatum);
        }
        _ => {}
    }
}
