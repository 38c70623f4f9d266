//! A heenbericht of iWmo (301, 305, 307, 315, 317, 319, 323, 325): whom it concerns, and its effect once approved.
//!
//! Most name their client. A 319 names the request that it answers, a 325 the declaration, and the rows say whose those
//! are.

use std::sync::Arc;

use iwmo_codec::messages::Message;
use iwmo_toewijzing::event::{DossierKey, Event, Inhoud};
use iwmo_toewijzing::identity::Bsn;
use jiff::civil::Date;

use super::apply::{Gevolg, persoon, record_event, untranslatable};
use super::{
    At, Declaratie, Heenbericht, LedgerError, Persoon, Rows, geparkeerd, keep_row, keys, ontvangst, put_row,
    statistiek, te_doen,
};
use crate::record::{Bericht, Uitspraak};
use crate::store::Overlay;
use crate::translate::{self, Beantwoord, Parties};

/// Returns what a heenbericht says, to each dossier that it concerns.
///
/// # Errors
///
/// The store failed, or the message did not pass level 2.
pub(crate) fn events(
    rows: &impl Rows,
    message: &Message,
    at: &At,
    dag: Date,
) -> Result<Vec<Event>, LedgerError> {
    let seq = at.seq;
    let events = match message {
        // A request that nobody made belongs to nobody's dossier, and the guards refuse its answer (TR355).
        Message::Wmo319(_) => {
            let bsn = requested_for(rows, message, at)?.unwrap_or(Bsn::NIEMAND);
            translate::antwoord(message, bsn, seq, dag).map(|event| vec![event])
        }
        Message::Wmo323(_) => translate::declaraties(message, seq, dag),
        Message::Wmo325(_) => {
            let (gemeente, aanbieder) =
                translate::sides(message).map_err(|error| untranslatable(at, &error))?;
            let clienten = declared(rows, message, at)?.map(|(_, row)| row.clienten).unwrap_or_default();
            let event = |bsn| {
                let key = DossierKey { gemeente, aanbieder, bsn };
                translate::declaratie_antwoord(message, key, seq, dag)
            };
            clienten.into_iter().map(event).collect()
        }
        _ => translate::event(message, seq, dag).map(|event| vec![event]),
    };
    events.map_err(|error| untranslatable(at, &error))
}

/// Whom the request was made for that a 319 answers.
fn requested_for(rows: &impl Rows, message: &Message, at: &At) -> Result<Option<Bsn>, LedgerError> {
    let (gemeente, aanbieder) = translate::sides(message).map_err(|error| untranslatable(at, &error))?;
    match translate::referentie(message) {
        Some(referentie) => rows.row(&keys::referentie(gemeente, aanbieder, &referentie)),
        None => Ok(None),
    }
}

/// The declaration that a 325 answers, with its key: of this aanbieder, by Identificatie and Dagtekening.
pub(crate) fn declared(
    rows: &impl Rows,
    message: &Message,
    at: &At,
) -> Result<Option<(Vec<u8>, Declaratie)>, LedgerError> {
    let (gemeente, aanbieder) = translate::sides(message).map_err(|error| untranslatable(at, &error))?;
    let op = Beantwoord::of(message).map_err(|error| untranslatable(at, &error))?;
    let key = keys::declaratie(gemeente, aanbieder, op.identificatie);
    let row: Option<Declaratie> = rows.row(&key)?;
    Ok(row.filter(|row| row.dagtekening == op.dagtekening).map(|row| (key, row)))
}

/// Whom a heenbericht concerns, whether it is approved or not.
fn personen(rows: &impl Rows, message: &Message, at: &At) -> Result<Vec<Bsn>, LedgerError> {
    Ok(match message {
        Message::Wmo319(_) => requested_for(rows, message, at)?.into_iter().collect(),
        Message::Wmo323(_) => translate::clienten(message),
        Message::Wmo325(_) => declared(rows, message, at)?.map(|(_, row)| row.clienten).unwrap_or_default(),
        _ => {
            let Parties { bsn, .. } =
                translate::parties(message).map_err(|error| untranslatable(at, &error))?;
            vec![bsn]
        }
    })
}

/// Applies a heenbericht: its Identificatie is used up whatever became of it (D19); the rest only when approved.
pub(super) fn apply(
    overlay: &mut Overlay<'_>,
    at: &At,
    bericht: &Bericht,
    message: &Message,
    dag: Date,
) -> Result<Option<Gevolg>, LedgerError> {
    let (gemeente, aanbieder) = translate::sides(message).map_err(|error| untranslatable(at, &error))?;
    let personen = personen(overlay, message, at)?;
    use_up(overlay, at, message, &personen, Some(bericht))?;
    for bsn in &personen {
        overlay.put(keys::persoon_entry(gemeente, bsn, at.seq), Vec::new());
    }
    match bericht.uitspraak {
        Uitspraak::Goedgekeurd => {}
        Uitspraak::Geparkeerd { tot } => {
            geparkeerd::park(overlay, at, bericht, message, tot, dag)?;
            return Ok(None);
        }
        _ => return Ok(None),
    }
    if personen.is_empty() && matches!(message, Message::Wmo319(_)) {
        // The request that it answers is gone, and with it whose it is.
        return Ok(None);
    }
    let events = events(overlay, message, at, dag)?;
    for event in &events {
        effect(overlay, at, event)?;
    }
    match message {
        // The gemeente's answers change nothing that the CAK must hear of, nor who supports whom.
        Message::Wmo319(_) => return Ok(None),
        Message::Wmo325(_) => {
            if let Some((key, mut row)) = declared(overlay, message, at)? {
                row.antwoord = Some(at.seq);
                row.beantwoord_op = Some(dag);
                overlay.delete(te_doen::declaratie(gemeente, aanbieder, &row));
                put_row(overlay, key, &row)?;
            }
            return Ok(None);
        }
        Message::Wmo323(m) => {
            let dagtekening = translate::date(message.header().dagtekening);
            let versie = &m.header.xsd_versie;
            let row = Declaratie {
                seq: at.seq,
                dag,
                dagtekening: dagtekening.map_err(|error| untranslatable(at, &error))?,
                xsd_versie: (versie.basisschema_xsd_versie.clone(), versie.bericht_xsd_versie.clone()),
                clienten: personen,
                antwoord: None,
                beantwoord_op: None,
            };
            overlay.put(te_doen::declaratie(gemeente, aanbieder, &row), Vec::new());
            put_row(overlay, keys::declaratie(gemeente, aanbieder, message.header().identificatie), &row)?;
        }
        _ => {}
    }
    for event in &events {
        known(overlay, at, &event.dossier, translate::geboortedatum(message))?;
    }
    // A declaration has many clients; where it matters to the CAK the daily run finds it.
    let one = events.first().filter(|_| !matches!(message, Message::Wmo323(_)));
    Ok(one.map(|event| Gevolg::of(&event.dossier)))
}

/// Puts on record that the aanbieder supports the person, or wants to.
pub(super) fn known(
    overlay: &mut Overlay<'_>,
    at: &At,
    dossier: &DossierKey,
    geboortedatum: Option<Date>,
) -> Result<(), LedgerError> {
    let DossierKey { gemeente, aanbieder, bsn } = dossier;
    let key = keys::persoon(*gemeente, bsn);
    let known: Option<Arc<Persoon>> = overlay.kept(key.clone())?;
    let says = |persoon: &Persoon| {
        persoon.aanbieders.binary_search(aanbieder).is_ok()
            && geboortedatum.is_none_or(|date| persoon.geboortedatum == Some(date))
    };
    if known.is_some_and(|persoon| says(&persoon)) {
        return Ok(());
    }
    let mut persoon = persoon(overlay, at, *gemeente, bsn)?;
    if let Err(place) = persoon.aanbieders.binary_search(aanbieder) {
        persoon.aanbieders.insert(place, *aanbieder);
    }
    persoon.geboortedatum = geboortedatum.or(persoon.geboortedatum);
    keep_row(overlay, key, persoon).map(drop)
}

/// Puts on record that the Identificatie was used (TR056), and the receipt of what came in.
pub(super) fn use_up(
    overlay: &mut Overlay<'_>,
    at: &At,
    message: &Message,
    personen: &[Bsn],
    bericht: Option<&Bericht>,
) -> Result<(), LedgerError> {
    let (gemeente, aanbieder) = translate::sides(message).map_err(|error| untranslatable(at, &error))?;
    let header = message.header();
    let key =
        keys::heenbericht(gemeente, header.afzender, message.kind().bericht_code(), header.identificatie);
    // The first message with an Identificatie keeps it: a later one with the same was refused (9056).
    if overlay.kept::<Heenbericht>(key.clone())?.is_some() {
        return bericht.map_or(Ok(()), |bericht| ontvangst::own(overlay, at, bericht));
    }
    let bsn = match message {
        Message::Wmo323(_) | Message::Wmo325(_) => None,
        _ => personen.first().copied(),
    };
    let row = Heenbericht {
        seq: at.seq,
        aanbieder,
        bsn,
        dagtekening: translate::date(header.dagtekening).ok(),
        nummers: translate::nummers(message),
        antwoord: None,
        ontvangst: bericht.map(|bericht| (bericht.partner.clone(), bericht.sha256)),
    };
    put_row(overlay, key, &row)
}

/// Puts the effect of an approved message on one dossier on record.
pub(super) fn effect(overlay: &mut Overlay<'_>, at: &At, event: &Event) -> Result<(), LedgerError> {
    let dossier = record_event(overlay, at, event)?;
    statistiek::effect(overlay, at, event, &dossier)?;
    let key = &event.dossier;
    let mut asked =
        |referentie| put_row(overlay, keys::referentie(key.gemeente, key.aanbieder, referentie), &key.bsn);
    match &event.inhoud {
        Inhoud::Toewijzen(products) => {
            for product in products {
                put_row(overlay, keys::toewijzing(key.gemeente, product.nummer), key)?;
            }
            Ok(())
        }
        Inhoud::Aanvragen(products) => products.iter().try_for_each(|product| asked(&product.referentie)),
        Inhoud::Wijzigen(verzoek) => asked(&verzoek.referentie),
        _ => Ok(()),
    }
}
