//! TR101: no class twice with the same logical key. StatusAanlevering is in no key (IV008). What is absent equals
//! what is absent.

use std::collections::HashSet;
use std::hash::Hash;

use super::declaration::{ANTWOORD_CLIENT, DECLARATIE_CLIENT, prestaties};
use super::view::{AANGEVRAAGD, NIEUW, ONGEWIJZIGD, START, STOP, TE_WIJZIGEN, TOEGEWEZEN, relaties};
use super::{Findings, Place};
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::Product;

/// TR101: the logical key of a class is unique in the message.
pub(super) fn tr101(message: &Message, findings: &mut Findings<'_>) {
    let mut unique = Unique { findings };
    match message {
        Message::Wmo301(bericht) => {
            let client = &bericht.client;
            unique.check(relaties(bericht).map(|(place, relatie)| (relatie.nummer.expose(), place)));
            let contact = Place::new("/Bericht/Client/Contactgegevens/Contact[#]");
            unique.list(contact, &client.contactgegevens, |contact| contact.soort);
            unique.list(TOEGEWEZEN, &client.toegewezen_producten, |product| &product.toewijzing_nummer);
        }
        Message::Wmo305(bericht) => unique.list(START, &bericht.client.start_producten, |start| {
            (&start.toewijzing_nummer, product(start.product.as_ref()), start.begindatum)
        }),
        Message::Wmo307(bericht) => unique.list(STOP, &bericht.client.stop_producten, |stop| {
            let start = (&stop.toewijzing_nummer, product(stop.product.as_ref()), stop.begindatum);
            (start, stop.reden_beeindiging, stop.einddatum)
        }),
        Message::Wmo315(bericht) => {
            let asked = &bericht.client.aangevraagde_producten;
            unique.list(AANGEVRAAGD, asked, |product| &product.referentie_aanbieder);
        }
        Message::Wmo317(bericht) => {
            // There is one Verzoek, so that its own key cannot occur twice.
            let verzoek = &bericht.client.verzoek;
            unique.list(ONGEWIJZIGD, &verzoek.ongewijzigde_producten, |product| &product.toewijzing_nummer);
            unique.list(TE_WIJZIGEN, &verzoek.te_wijzigen_producten, |product| &product.toewijzing_nummer);
            unique.list(NIEUW, &verzoek.nieuwe_producten, |new| {
                (product(new.product.as_ref()), new.gewenste_ingangsdatum)
            });
        }
        Message::Wmo323(bericht) => {
            unique.list(DECLARATIE_CLIENT, &bericht.declaratie.clienten, |client| *client.bsn.expose());
            unique.prestaties(message);
        }
        Message::Wmo325(bericht) => {
            if let Some(antwoord) = &bericht.declaratie_antwoord {
                unique.list(ANTWOORD_CLIENT, &antwoord.clienten, |client| *client.bsn.expose());
            }
            unique.prestaties(message);
        }
        _ => {}
    }
}

fn product(product: Option<&Product>) -> Option<(&'static str, Option<&str>)> {
    product.map(|product| (product.categorie.as_str(), product.code.as_deref()))
}

struct Unique<'a, 'b> {
    findings: &'a mut Findings<'b>,
}

impl Unique<'_, '_> {
    /// Finds the second and every later holder of a key.
    fn check<K: Hash + Eq>(&mut self, keys: impl Iterator<Item = (K, Place)>) {
        let mut seen = HashSet::with_capacity(keys.size_hint().0);
        for (key, place) in keys {
            self.findings.require(seen.insert(key), place);
        }
    }

    fn list<'c, T, K: Hash + Eq>(&mut self, place: Place, items: &'c [T], key: impl Fn(&'c T) -> K) {
        self.check(items.iter().enumerate().map(|(index, item)| (key(item), place.item(index))));
    }

    /// The key of a Prestatie is combined with that of its client.
    fn prestaties(&mut self, message: &Message) {
        self.check(prestaties(message).into_iter().map(|prestatie| {
            let referentie = prestatie.referentie;
            let key = (&referentie.referentie_nummer, referentie.vorig_referentie_nummer.as_ref());
            ((*prestatie.bsn.expose(), key), prestatie.place)
        }));
    }
}
