//! The one place where messages become events: the codec's types on one side, the machine's on the other.
//!
//! Only what matters to a dossier crosses over. A message that passed the schema and the rules within the
//! message (level 2) always translates; [`Untranslatable`] says what does not when it did not pass.

mod declaratie;
mod verzoek;

use iwmo_codec::messages::Message;
use iwmo_codec::messages::iwmo_3_2::{basisschema, wmo301, wmo305, wmo307};
use iwmo_codec::retour::RetourView;
use iwmo_codec::value::{Datum, Nummer, Tijd};
use iwmo_toewijzing::event::{
    Bericht, DossierKey, Event, Inhoud, StartKey, StartProduct, StatusAanlevering, StopKey, StopProduct,
    ToegewezenProduct, ToewijzingRetour,
};
use iwmo_toewijzing::identity::{
    Aanbieder, Bsn, Categorie, Gemeente, Identificatie, Malformed, Omvang, Product, ProductCode,
    RedenBeeindiging, RedenWijziging, ReferentieAanbieder, Retourcode, ToewijzingNummer,
};
use jiff::civil::{Date, Time};

pub use declaratie::{Beantwoord, clienten, declaratie_antwoord, declaraties};
pub use verzoek::{antwoord, referentie};

/// A message that says nothing to the machine, or says it with values outside what the machine knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untranslatable {
    /// The kind of message does not concern a dossier.
    #[error("a {0} says nothing about a toewijzing")]
    Kind(&'static str),
    /// A value is outside what the machine knows.
    #[error(transparent)]
    Value(#[from] Malformed),
    /// A date has a year of other than four digits.
    #[error("a date or time is outside the years 1 to 9999")]
    Moment,
}

/// The parties of a message and the person it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    /// The gemeente.
    pub gemeente: Gemeente,
    /// The aanbieder.
    pub aanbieder: Aanbieder,
    /// The client.
    pub bsn: Bsn,
}

/// Returns the gemeente and the aanbieder between which a heenbericht of iWmo goes.
///
/// # Errors
///
/// The message is of another kind.
pub fn sides(message: &Message) -> Result<(Gemeente, Aanbieder), Untranslatable> {
    let (gemeente, aanbieder) = match message {
        Message::Wmo301(m) => (&m.header.afzender, &m.header.ontvanger),
        Message::Wmo305(m) => (&m.header.ontvanger, &m.header.afzender),
        Message::Wmo307(m) => (&m.header.ontvanger, &m.header.afzender),
        Message::Wmo315(m) => (&m.header.ontvanger, &m.header.afzender),
        Message::Wmo317(m) => (&m.header.ontvanger, &m.header.afzender),
        Message::Wmo319(m) => (&m.header.afzender, &m.header.ontvanger),
        Message::Wmo323(m) => (&m.header.ontvanger, &m.header.afzender),
        Message::Wmo325(m) => (&m.header.afzender, &m.header.ontvanger),
        other => return Err(Untranslatable::Kind(other.kind().name())),
    };
    Ok((Gemeente::new(gemeente.as_str())?, Aanbieder::new(aanbieder.as_str())?))
}

/// Returns the parties of a 301, 305, 307, 315 or 317.
///
/// # Errors
///
/// The message is of another kind.
pub fn parties(message: &Message) -> Result<Parties, Untranslatable> {
    let bsn = match message {
        Message::Wmo301(m) => &m.client.bsn,
        Message::Wmo305(m) => &m.client.bsn,
        Message::Wmo307(m) => &m.client.bsn,
        Message::Wmo315(m) => &m.client.bsn,
        Message::Wmo317(m) => &m.client.bsn,
        other => return Err(Untranslatable::Kind(other.kind().name())),
    };
    let (gemeente, aanbieder) = sides(message)?;
    Ok(Parties { gemeente, aanbieder, bsn: Bsn::new(bsn.expose().as_str())? })
}

/// Translates a 301, 305, 307, 315 or 317.
///
/// `entry` is the number of the journal entry that records it, `dag` the Dutch date of receipt.
///
/// # Errors
///
/// The message is of another kind, or did not pass level 2.
pub fn event(message: &Message, entry: u64, dag: Date) -> Result<Event, Untranslatable> {
    let Parties { gemeente, aanbieder, bsn } = parties(message)?;
    let inhoud = match message {
        Message::Wmo301(m) => {
            let products = &m.client.toegewezen_producten;
            Inhoud::Toewijzen(products.iter().map(toegewezen_product).collect::<Result<_, _>>()?)
        }
        Message::Wmo305(m) => {
            let starts = &m.client.start_producten;
            Inhoud::Starten(starts.iter().map(start_product).collect::<Result<_, _>>()?)
        }
        Message::Wmo307(m) => {
            let stops = &m.client.stop_producten;
            Inhoud::Stoppen(stops.iter().map(stop_product).collect::<Result<_, _>>()?)
        }
        Message::Wmo315(m) => {
            let products = &m.client.aangevraagde_producten;
            Inhoud::Aanvragen(products.iter().map(verzoek::aangevraagd_product).collect::<Result<_, _>>()?)
        }
        Message::Wmo317(m) => Inhoud::Wijzigen(verzoek::wijzigingsverzoek(&m.client.verzoek)?),
        other => return Err(Untranslatable::Kind(other.kind().name())),
    };
    let bericht = mark(message, entry, dag)?;
    Ok(Event { dossier: DossierKey { gemeente, aanbieder, bsn }, bericht, inhoud })
}

/// Translates a 302 or 320: its codes, for the dossier of the 301 or 319 that it answers.
///
/// # Errors
///
/// The message is of another kind, or not a retour of the standard.
pub fn retour(
    message: &Message,
    dossier: DossierKey,
    entry: u64,
    dag: Date,
) -> Result<Event, Untranslatable> {
    let inhoud = match message {
        Message::Wmo302(_) => Inhoud::ToewijzingRetour,
        Message::Wmo320(_) => Inhoud::AntwoordRetour,
        other => return Err(Untranslatable::Kind(other.kind().name())),
    };
    let codes = retour_codes(message)?;
    let bericht = mark(message, entry, dag)?;
    let op = bericht.identificatie.clone();
    let met_klassen = RetourView::of(message).is_some_and(|view| !view.klassen.is_empty());
    Ok(Event { dossier, bericht, inhoud: inhoud(ToewijzingRetour { op, codes, met_klassen }) })
}

/// Returns every code in a retour, of header and classes together.
///
/// # Errors
///
/// A code is not of the form that the machine knows.
pub fn retour_codes(message: &Message) -> Result<Vec<Retourcode>, Untranslatable> {
    let view = RetourView::of(message);
    let codes = view.iter().flat_map(RetourView::codes);
    Ok(codes.map(|code| Retourcode::new(code.as_str())).collect::<Result<_, _>>()?)
}

/// Returns the client's date of birth, when it is complete enough to reckon with.
#[must_use]
pub fn geboortedatum(message: &Message) -> Option<Date> {
    let geboortedatum = match message {
        Message::Wmo301(m) => &m.client.geboortedatum,
        Message::Wmo305(m) => &m.client.geboortedatum,
        Message::Wmo307(m) => &m.client.geboortedatum,
        Message::Wmo315(m) => &m.client.geboortedatum,
        _ => return None,
    };
    // DatumGebruik 3: nothing is known, 1900-01-01 stands in for it (CS139).
    if geboortedatum.datum_gebruik.is_some_and(|gebruik| gebruik.as_str() == "3") {
        return None;
    }
    date(*geboortedatum.datum.expose()).ok()
}

/// Translates a date.
///
/// # Errors
///
/// The year has other than four digits.
pub fn date(datum: Datum) -> Result<Date, Untranslatable> {
    let year = i16::try_from(datum.year()).map_err(|_| Untranslatable::Moment)?;
    let month = i8::try_from(datum.month()).map_err(|_| Untranslatable::Moment)?;
    let day = i8::try_from(datum.day()).map_err(|_| Untranslatable::Moment)?;
    Date::new(year, month, day).map_err(|_| Untranslatable::Moment)
}

/// Translates a date back.
///
/// # Errors
///
/// There is no such date, which only a date before the year 1 can bring about.
pub fn datum(date: Date) -> Result<Datum, Untranslatable> {
    let month = u8::try_from(date.month()).map_err(|_| Untranslatable::Moment)?;
    let day = u8::try_from(date.day()).map_err(|_| Untranslatable::Moment)?;
    Datum::new(i32::from(date.year()), month, day).ok_or(Untranslatable::Moment)
}

fn time(tijd: &Tijd) -> Result<Time, Untranslatable> {
    let seconds = tijd.seconds_of_day();
    let part = |value: u32| i8::try_from(value).map_err(|_| Untranslatable::Moment);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let nanoseconds = i32::try_from(tijd.nanoseconds()).map_err(|_| Untranslatable::Moment)?;
    Time::new(part(hour)?, part(minute)?, part(second)?, nanoseconds).map_err(|_| Untranslatable::Moment)
}

fn mark(message: &Message, entry: u64, dag: Date) -> Result<Bericht, Untranslatable> {
    Ok(Bericht {
        entry,
        identificatie: Identificatie::new(message.header().identificatie)?,
        dagtekening: date(message.header().dagtekening)?,
        dag,
    })
}

fn nummer(nummer: &Nummer) -> Result<ToewijzingNummer, Untranslatable> {
    let number = u32::try_from(nummer.value()).unwrap_or(u32::MAX);
    Ok(ToewijzingNummer::new(number)?)
}

fn product(product: &basisschema::Product) -> Result<Product, Untranslatable> {
    Ok(Product {
        categorie: Categorie::new(product.categorie.as_str())?,
        code: product.code.as_deref().map(ProductCode::new).transpose()?,
    })
}

fn omvang(omvang: &basisschema::Omvang) -> Omvang {
    // The code lists of Eenheid and Frequentie are numbers of one or two digits, Volume has at most eight.
    Omvang {
        volume: u32::try_from(omvang.volume.value()).unwrap_or(u32::MAX),
        eenheid: omvang.eenheid.as_str().parse().unwrap_or(0),
        frequentie: omvang.frequentie.as_str().parse().unwrap_or(0),
    }
}

fn status(status: basisschema::StatusAanlevering) -> StatusAanlevering {
    match status.as_str() {
        "1" => StatusAanlevering::Eerste,
        "2" => StatusAanlevering::Gewijzigd,
        "3" => StatusAanlevering::Verwijderen,
        _ => StatusAanlevering::Ongewijzigd,
    }
}

fn toegewezen_product(class: &wmo301::ToegewezenProduct) -> Result<ToegewezenProduct, Untranslatable> {
    Ok(ToegewezenProduct {
        nummer: nummer(&class.toewijzing_nummer)?,
        referentie_aanbieder: class
            .referentie_aanbieder
            .as_deref()
            .map(ReferentieAanbieder::new)
            .transpose()?,
        product: class.product.as_ref().map(product).transpose()?,
        toewijzingsdatum: date(class.toewijzingsdatum)?,
        toewijzingstijd: time(&class.toewijzingstijd)?,
        ingangsdatum: date(class.ingangsdatum)?,
        einddatum: class.einddatum.map(date).transpose()?,
        reden_wijziging: class
            .reden_wijziging
            .map(|reden| RedenWijziging::new(reden.as_str()))
            .transpose()?,
        omvang: class.omvang.as_ref().map(omvang),
        budget: class.budget.as_ref().map(Nummer::value),
    })
}

fn start_product(class: &wmo305::StartProduct) -> Result<StartProduct, Untranslatable> {
    Ok(StartProduct {
        key: StartKey {
            nummer: class.toewijzing_nummer.as_ref().map(nummer).transpose()?,
            product: class.product.as_ref().map(product).transpose()?,
            begindatum: date(class.begindatum)?,
        },
        toewijzing_ingangsdatum: class.toewijzing_ingangsdatum.map(date).transpose()?,
        status: status(class.status_aanlevering),
    })
}

fn stop_product(class: &wmo307::StopProduct) -> Result<StopProduct, Untranslatable> {
    Ok(StopProduct {
        key: StopKey {
            start: StartKey {
                nummer: class.toewijzing_nummer.as_ref().map(nummer).transpose()?,
                product: class.product.as_ref().map(product).transpose()?,
                begindatum: date(class.begindatum)?,
            },
            reden: RedenBeeindiging::new(class.reden_beeindiging.as_str())?,
            einddatum: date(class.einddatum)?,
        },
        toewijzing_ingangsdatum: class.toewijzing_ingangsdatum.map(date).transpose()?,
        status: status(class.status_aanlevering),
    })
}

/// Returns the toewijzingen that a 301, 305, 307 or 317 speaks of, ascending and once each.
#[must_use]
pub fn nummers(message: &Message) -> Vec<ToewijzingNummer> {
    let mut nummers: Vec<ToewijzingNummer> = match message {
        Message::Wmo301(m) => {
            let products = m.client.toegewezen_producten.iter();
            products.filter_map(|product| nummer(&product.toewijzing_nummer).ok()).collect()
        }
        Message::Wmo305(m) => {
            let starts = m.client.start_producten.iter().filter_map(|start| start.toewijzing_nummer.as_ref());
            starts.filter_map(|number| nummer(number).ok()).collect()
        }
        Message::Wmo307(m) => {
            let stops = m.client.stop_producten.iter().filter_map(|stop| stop.toewijzing_nummer.as_ref());
            stops.filter_map(|number| nummer(number).ok()).collect()
        }
        Message::Wmo317(m) => {
            let unchanged = m.client.verzoek.ongewijzigde_producten.iter().map(|p| &p.toewijzing_nummer);
            let changed = m.client.verzoek.te_wijzigen_producten.iter().map(|p| &p.toewijzing_nummer);
            unchanged.chain(changed).filter_map(|number| nummer(number).ok()).collect()
        }
        _ => Vec::new(),
    };
    nummers.sort_unstable();
    nummers.dedup();
    nummers
}
