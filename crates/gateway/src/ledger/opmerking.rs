//! What was odd about a message, kept until somebody dealt with it.

use iwmo_codec::messages::Message;
use iwmo_toewijzing::dossier::AnomalieSoort;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente, ToewijzingNummer};

use super::apply::{gemeente, inconsistent};
use super::{At, Geparkeerd, LedgerError, Opmerking, Rows, keys, put_row, te_doen, verwijderd};
use crate::record::{Bericht, Oordeel, Terzijde, Uitspraak};
use crate::store::Overlay;
use crate::translate;

/// What stands in the place of a kind of message.
const ENVELOP: &str = "envelop";
/// The finding about an envelope that waits for a person.
const ENVELOPE_SET_ASIDE: &str = "ENVELOPE_SET_ASIDE";

/// Keeps what was odd about a message; about one that waits nothing is said yet.
pub(super) fn of_message(
    overlay: &mut Overlay<'_>,
    at: &At,
    gemeente: Gemeente,
    bericht: &Bericht,
    message: &Message,
) -> Result<(), LedgerError> {
    if matches!(bericht.uitspraak, Uitspraak::Geparkeerd { .. }) {
        return Ok(());
    }
    let aanbieder = match message {
        Message::Wmo302(_) | Message::Wmo320(_) => {
            message.header().ontvanger.and_then(|agb| Aanbieder::new(agb).ok())
        }
        _ => translate::sides(message).ok().map(|(_, aanbieder)| aanbieder),
    };
    let about = About { soort: &bericht.soort, aanbieder, nummers: translate::nummers(message) };
    keep(overlay, at, gemeente, about, &bericht.waarschuwingen)
}

/// Keeps what was odd about a message that waited.
pub(super) fn of_judgement(
    overlay: &mut Overlay<'_>,
    at: &At,
    oordeel: &Oordeel,
    parked: &Geparkeerd,
) -> Result<(), LedgerError> {
    let dossier = &parked.event.dossier;
    let about = About {
        soort: &oordeel.soort,
        aanbieder: Some(dossier.aanbieder),
        nummers: parked.event.inhoud.nummers(),
    };
    keep(overlay, at, dossier.gemeente, about, &oordeel.waarschuwingen)
}

/// An envelope of the GGk that cannot be processed and that nobody is told of waits for a person.
pub(super) fn of_envelope(
    overlay: &mut Overlay<'_>,
    at: &At,
    terzijde: &Terzijde,
) -> Result<(), LedgerError> {
    if !terzijde.uitgaand.is_empty() {
        return Ok(());
    }
    let about = About { soort: ENVELOP, aanbieder: None, nummers: Vec::new() };
    keep(overlay, at, gemeente(at)?, about, &[ENVELOPE_SET_ASIDE.to_owned()])
}

/// Somebody dealt with what was odd about these messages.
pub(super) fn done(overlay: &mut Overlay<'_>, at: &At, entries: &[u64]) -> Result<(), LedgerError> {
    let gemeente = gemeente(at)?;
    for seq in entries {
        let key = keys::opmerking(gemeente, *seq);
        let row: Option<Opmerking> = overlay.row(&key)?;
        if row.is_none() && verwijderd::is_verwijderd(overlay, at, *seq)? {
            continue;
        }
        let mut row = row.ok_or_else(|| inconsistent(at, "nothing odd is known about the entry"))?;
        row.afgehandeld = true;
        overlay.delete(te_doen::opmerking(gemeente, *seq, &row));
        put_row(overlay, key, &row)?;
    }
    Ok(())
}

struct About<'a> {
    soort: &'a str,
    aanbieder: Option<Aanbieder>,
    nummers: Vec<ToewijzingNummer>,
}

fn keep(
    overlay: &mut Overlay<'_>,
    at: &At,
    gemeente: Gemeente,
    about: About<'_>,
    found: &[String],
) -> Result<(), LedgerError> {
    // An anomaly follows from the records, and is gone when they are mended.
    let follows = |code: &&String| AnomalieSoort::ALL.iter().any(|soort| soort.as_str() == code.as_str());
    let codes: Vec<String> = found.iter().filter(|code| !follows(code)).cloned().collect();
    if codes.is_empty() {
        return Ok(());
    }
    let row = Opmerking {
        soort: about.soort.to_owned(),
        codes,
        aanbieder: about.aanbieder,
        nummers: about.nummers,
        sinds_us: at.time.as_microsecond(),
        afgehandeld: false,
    };
    overlay.put(te_doen::opmerking(gemeente, at.seq, &row), Vec::new());
    put_row(overlay, keys::opmerking(gemeente, at.seq), &row)
}
