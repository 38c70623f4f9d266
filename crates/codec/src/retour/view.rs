//! Reading a retour.

use crate::messages::{Header, Message, MessageKind, Release, RetourHeader};
use crate::value::{Datum, RetourCode};

/// The paths of the classes of a heenbericht that a rule can give a code to, in document order: the products (in a
/// 317 after Client and Verzoek, in a 319 the Antwoord). All other classes of a retour have 0200.
#[must_use]
pub fn judged_classes(heenbericht: &Message) -> Vec<String> {
    let list = |path: &str, count: usize| (1..=count).map(|n| format!("{path}[{n}]")).collect();
    match heenbericht {
        Message::Wmo301(m) => {
            list("/Bericht/Client/ToegewezenProducten/ToegewezenProduct", m.client.toegewezen_producten.len())
        }
        Message::Wmo305(m) => {
            list("/Bericht/Client/StartProducten/StartProduct", m.client.start_producten.len())
        }
        Message::Wmo307(m) => {
            list("/Bericht/Client/StopProducten/StopProduct", m.client.stop_producten.len())
        }
        Message::Wmo315(m) => list(
            "/Bericht/Client/AangevraagdeProducten/AangevraagdProduct",
            m.client.aangevraagde_producten.len(),
        ),
        Message::Wmo317(m) => {
            let verzoek = &m.client.verzoek;
            let mut paths = vec!["/Bericht/Client".to_owned(), "/Bericht/Client/Verzoek".to_owned()];
            for (path, count) in [
                ("OngewijzigdeProducten/OngewijzigdProduct", verzoek.ongewijzigde_producten.len()),
                ("TeWijzigenProducten/TeWijzigenProduct", verzoek.te_wijzigen_producten.len()),
                ("NieuweProducten/NieuwProduct", verzoek.nieuwe_producten.len()),
            ] {
                let path = format!("/Bericht/Client/Verzoek/{path}");
                paths.extend((1..=count).map(|n| format!("{path}[{n}]")));
            }
            paths
        }
        Message::Wmo319(_) => vec!["/Bericht/Antwoord".to_owned()],
        Message::Wmo401(_) => vec!["/Bericht/Client/StartEigenBijdrage".to_owned()],
        Message::Wmo403(_) => vec!["/Bericht/Client/StopEigenBijdrage".to_owned()],
        _ => Vec::new(),
    }
}

/// A retour, read for its codes. Any code is accepted at any class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetourView<'a> {
    /// The kind of message it answers.
    pub heenbericht: MessageKind,
    /// What its header adds to that of the heenbericht.
    pub header: RetourHeader<'a>,
    /// The classes of the body, in document order; none when there is no body.
    pub klassen: Vec<Klasse<'a>>,
}

/// A class of a retour with its codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Klasse<'a> {
    /// The element, as `/Bericht/Client/StartProducten/StartProduct[2]`.
    pub path: String,
    /// Its codes.
    pub retour_codes: &'a [RetourCode],
}

/// What a retour means for its heenbericht.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Oordeel {
    /// Approved: its classes take effect.
    Goedgekeurd,
    /// Approved, in a form that the standard does not foresee (D24): worth a warning.
    GoedgekeurdAfwijkend,
    /// Refused as a whole: as if it was never sent.
    Afgekeurd,
}

impl<'a> RetourView<'a> {
    /// Reads a retour; none when the message is none.
    #[must_use]
    pub fn of(message: &'a Message) -> Option<Self> {
        let heenbericht = message.kind().heenbericht()?;
        let header = message.header().retour?;
        Some(Self { heenbericht, header, klassen: klassen(message) })
    }

    /// All codes: of the header, then of the classes.
    pub fn codes(&self) -> impl Iterator<Item = RetourCode> {
        let classes = self.klassen.iter().flat_map(|klasse| klasse.retour_codes);
        self.header.retour_codes.iter().chain(classes).copied()
    }

    /// What it means (section 4.5; for iEb ieb-cak.md 6.2, where 0200 everywhere is approval also with a body).
    #[must_use]
    pub fn oordeel(&self) -> Oordeel {
        let refused = self.codes().any(|code| code != RetourCode::GEEN_OPMERKING);
        let with_body = !self.klassen.is_empty();
        match (refused, with_body, self.heenbericht.release()) {
            (true, ..) | (false, true, Release::Iwmo3_2) => Oordeel::Afgekeurd,
            (false, false, _) if self.header.retour_codes.is_empty() => Oordeel::Goedgekeurd,
            (false, ..) => Oordeel::GoedgekeurdAfwijkend,
        }
    }

    /// Returns whether the heenbericht is approved.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        self.oordeel() != Oordeel::Afgekeurd
    }
}

fn klassen(message: &Message) -> Vec<Klasse<'_>> {
    let mut found = Vec::new();
    match message {
        Message::Wmo302(m) => {
            if let Some(client) = &m.client {
                push(&mut found, "/Bericht/Client", &client.retour_codes);
                for (index, relatie) in client.relaties.iter().enumerate() {
                    let path = format!("/Bericht/Client/Relaties/Relatie[{}]", index + 1);
                    push(&mut found, &path, &relatie.retour_codes);
                    push(&mut found, &format!("{path}/Contact"), &relatie.contact.retour_codes);
                }
                list(&mut found, "Client/Contactgegevens/Contact", &client.contactgegevens, |c| {
                    &c.retour_codes
                });
                let producten = &client.toegewezen_producten;
                list(&mut found, "Client/ToegewezenProducten/ToegewezenProduct", producten, |p| {
                    &p.retour_codes
                });
            }
        }
        Message::Wmo306(m) => {
            if let Some(client) = &m.client {
                push(&mut found, "/Bericht/Client", &client.retour_codes);
                let producten = &client.start_producten;
                list(&mut found, "Client/StartProducten/StartProduct", producten, |p| &p.retour_codes);
            }
        }
        Message::Wmo308(m) => {
            if let Some(client) = &m.client {
                push(&mut found, "/Bericht/Client", &client.retour_codes);
                let producten = &client.stop_producten;
                list(&mut found, "Client/StopProducten/StopProduct", producten, |p| &p.retour_codes);
            }
        }
        Message::Wmo316(m) => {
            if let Some(client) = &m.client {
                push(&mut found, "/Bericht/Client", &client.retour_codes);
                let producten = &client.aangevraagde_producten;
                list(&mut found, "Client/AangevraagdeProducten/AangevraagdProduct", producten, |p| {
                    &p.retour_codes
                });
            }
        }
        Message::Wmo318(m) => {
            if let Some(client) = &m.client {
                let verzoek = &client.verzoek;
                push(&mut found, "/Bericht/Client", &client.retour_codes);
                push(&mut found, "/Bericht/Client/Verzoek", &verzoek.retour_codes);
                let path = "Client/Verzoek/OngewijzigdeProducten/OngewijzigdProduct";
                list(&mut found, path, &verzoek.ongewijzigde_producten, |p| &p.retour_codes);
                let path = "Client/Verzoek/TeWijzigenProducten/TeWijzigenProduct";
                list(&mut found, path, &verzoek.te_wijzigen_producten, |p| &p.retour_codes);
                let path = "Client/Verzoek/NieuweProducten/NieuwProduct";
                list(&mut found, path, &verzoek.nieuwe_producten, |p| &p.retour_codes);
            }
        }
        Message::Wmo320(m) => {
            if let Some(antwoord) = &m.antwoord {
                push(&mut found, "/Bericht/Antwoord", &antwoord.retour_codes);
            }
        }
        Message::Wmo402(m) => {
            if let Some(client) = &m.client {
                push(&mut found, "/Bericht/Client", &client.retour_codes);
                let start = &client.start_eigen_bijdrage;
                push(&mut found, "/Bericht/Client/StartEigenBijdrage", &start.retour_codes);
            }
        }
        Message::Wmo404(m) => {
            if let Some(client) = &m.client {
                push(&mut found, "/Bericht/Client", &client.retour_codes);
                let stop = &client.stop_eigen_bijdrage;
                push(&mut found, "/Bericht/Client/StopEigenBijdrage", &stop.retour_codes);
            }
        }
        _ => {}
    }
    found
}

fn push<'a>(found: &mut Vec<Klasse<'a>>, path: &str, retour_codes: &'a [RetourCode]) {
    found.push(Klasse { path: path.to_owned(), retour_codes });
}

fn list<'a, T>(
    found: &mut Vec<Klasse<'a>>,
    path: &str,
    items: &'a [T],
    codes: impl Fn(&'a T) -> &'a Vec<RetourCode>,
) {
    for (index, item) in items.iter().enumerate() {
        push(found, &format!("/Bericht/{path}[{}]", index + 1), codes(item));
    }
}

/// What a retour and its heenbericht have in common: two messages with the same key belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeenKey<'a> {
    /// The kind of the heenbericht.
    pub kind: MessageKind,
    /// Afzender of the heenbericht.
    pub afzender: &'a str,
    /// Ontvanger of the heenbericht.
    pub ontvanger: Option<&'a str>,
    /// Identificatie of the heenbericht.
    pub identificatie: &'a str,
    /// Dagtekening of the heenbericht.
    pub dagtekening: Datum,
}

impl<'a> HeenKey<'a> {
    /// Returns the key of a message that has a retour, or that is one; none for a 323 and a 325.
    #[must_use]
    pub fn of(message: &'a Message) -> Option<Self> {
        let kind = message.kind();
        let kind = kind.heenbericht().or(kind.retour().map(|_| kind))?;
        let Header { afzender, ontvanger, identificatie, dagtekening, .. } = message.header();
        Some(Self { kind, afzender, ontvanger, identificatie, dagtekening })
    }
}
