//! Declarations (323) and their outcome (325).

use std::collections::BTreeSet;

use iwmo_codec::messages::Message;
use iwmo_codec::messages::iwmo_3_2::{wmo323, wmo325};
use iwmo_codec::value::RetourCode;
use iwmo_toewijzing::event::{Afgewezen, DeclaratieUitkomst, DossierKey, Event, Inhoud, Prestatie};
use iwmo_toewijzing::identity::{Aanbieder, Bsn, Gemeente, Identificatie, Malformed, ReferentieNummer};
use jiff::civil::Date;

use super::{Untranslatable, date, mark, nummer};

/// The codes of IV087 that refuse nothing: 8001 (granted in full) and 0200.
fn is_granted(codes: &[RetourCode]) -> bool {
    codes.iter().all(|code| matches!(code.as_str(), "8001" | "0200"))
}

/// Translates a 323: an event for the dossier of each client in it.
///
/// # Errors
///
/// The message is of another kind, or did not pass level 2.
pub fn declaraties(message: &Message, entry: u64, dag: Date) -> Result<Vec<Event>, Untranslatable> {
    let Message::Wmo323(m) = message else { return Err(Untranslatable::Kind(message.kind().name())) };
    let bericht = mark(message, entry, dag)?;
    let (gemeente, aanbieder) =
        (Gemeente::new(m.header.ontvanger.as_str())?, Aanbieder::new(m.header.afzender.as_str())?);
    let events = m.declaratie.clienten.iter().map(|client| {
        let bsn = Bsn::new(client.bsn.expose().as_str())?;
        let prestaties = client.prestaties.iter().map(prestatie).collect::<Result<_, _>>()?;
        Ok(Event {
            dossier: DossierKey { gemeente, aanbieder, bsn },
            bericht: bericht.clone(),
            inhoud: Inhoud::Declareren(prestaties),
        })
    });
    events.collect()
}

fn prestatie(class: &wmo323::Prestatie) -> Result<Prestatie, Untranslatable> {
    let product = &class.product_referentie;
    Ok(Prestatie {
        referentie: ReferentieNummer::new(&product.referentie_nummer)?,
        vorige: product.vorig_referentie_nummer.as_deref().map(ReferentieNummer::new).transpose()?,
        nummer: nummer(&class.toewijzing_nummer)?,
        credit: class.ingediend_bedrag.debet_credit.as_str() == "C",
        begin: date(class.product_periode.begindatum)?,
        eind: date(class.product_periode.einddatum)?,
    })
}

/// Returns whom a 323 or 325 names, ascending and once each.
#[must_use]
pub fn clienten(message: &Message) -> Vec<Bsn> {
    let texts: Vec<&str> = match message {
        Message::Wmo323(m) => m.declaratie.clienten.iter().map(|c| c.bsn.expose().as_str()).collect(),
        Message::Wmo325(m) => {
            let answered = m.declaratie_antwoord.iter().flat_map(|antwoord| &antwoord.clienten);
            answered.map(|client| client.bsn.expose().as_str()).collect()
        }
        _ => Vec::new(),
    };
    let mut found: Vec<Bsn> = texts.into_iter().filter_map(|text| Bsn::new(text).ok()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The 323 that a 325 answers, as its header names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beantwoord<'m> {
    /// DeclaratieIdentificatie/Identificatie.
    pub identificatie: &'m str,
    /// DeclaratieIdentificatie/Dagtekening.
    pub dagtekening: Date,
    /// XsdVersieDeclaratie.
    pub xsd_versie: (&'m str, &'m str),
}

impl<'m> Beantwoord<'m> {
    /// Returns the 323 that a 325 answers.
    ///
    /// # Errors
    ///
    /// The message is of another kind, or names a day outside the years 1 to 9999.
    pub fn of(message: &'m Message) -> Result<Self, Untranslatable> {
        let Message::Wmo325(m) = message else { return Err(Untranslatable::Kind(message.kind().name())) };
        let versie = &m.header.xsd_versie_declaratie;
        Ok(Self {
            identificatie: &m.header.declaratie_identificatie.identificatie,
            dagtekening: date(m.header.declaratie_identificatie.dagtekening)?,
            xsd_versie: (&versie.basisschema_xsd_versie, &versie.bericht_xsd_versie),
        })
    }
}

/// Translates a 325, for one of the dossiers that the 323 it answers has Prestaties in (IV087).
///
/// # Errors
///
/// The message is of another kind, or did not pass level 2.
pub fn declaratie_antwoord(
    message: &Message,
    dossier: DossierKey,
    entry: u64,
    dag: Date,
) -> Result<Event, Untranslatable> {
    let Message::Wmo325(m) = message else { return Err(Untranslatable::Kind(message.kind().name())) };
    let uitkomst = DeclaratieUitkomst {
        op: Identificatie::new(&m.header.declaratie_identificatie.identificatie)?,
        afgewezen: afgewezen(m, &dossier.bsn)?,
    };
    Ok(Event { dossier, bericht: mark(message, entry, dag)?, inhoud: Inhoud::DeclaratieAntwoord(uitkomst) })
}

fn afgewezen(bericht: &wmo325::Bericht, bsn: &Bsn) -> Result<Afgewezen, Malformed> {
    let Some(antwoord) = &bericht.declaratie_antwoord else { return Ok(Afgewezen::Alle) };
    if !is_granted(&bericht.header.retour_codes) || !is_granted(&antwoord.retour_codes) {
        return Ok(Afgewezen::Alle);
    }
    let mut refused = BTreeSet::new();
    for client in antwoord.clienten.iter().filter(|client| client.bsn.expose().as_str() == bsn.expose()) {
        if !is_granted(&client.retour_codes) {
            return Ok(Afgewezen::Alle);
        }
        for prestatie in client.prestaties.iter().filter(|prestatie| !is_granted(&prestatie.retour_codes)) {
            refused.insert(ReferentieNummer::new(&prestatie.product_referentie.referentie_nummer)?);
        }
    }
    Ok(Afgewezen::Enkele(refused))
}
