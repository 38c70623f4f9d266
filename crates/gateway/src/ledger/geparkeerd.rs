//! Messages that came before what they build on and wait to be judged (D8).

use iwmo_codec::messages::Message;
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::Gemeente;
use jiff::civil::Date;

use super::apply::{Gevolg, gemeente, inconsistent, untranslatable};
use super::{At, Geparkeerd, LedgerError, Rows, Tellers, heen, keys, opmerking, put_row, te_doen};
use crate::record::{Bericht, Oordeel, Uitspraak};
use crate::store::Overlay;
use crate::translate;

/// Returns the messages of a dossier that wait, oldest first. The loop asks after every message and hardly ever finds any:
/// so the counters of the gemeente, which are at hand, say whether there are any to be looked for, and one row has all
/// of a dossier.
///
/// # Errors
///
/// The store failed.
pub(crate) fn wachtend(rows: &impl Rows, dossier: &DossierKey) -> Result<Vec<u64>, LedgerError> {
    let tellers: Option<Tellers> = rows.row(&keys::tellers(dossier.gemeente))?;
    if tellers.is_none_or(|tellers| tellers.geparkeerd == 0) {
        return Ok(Vec::new());
    }
    Ok(rows.row(&keys::wachtend(dossier))?.unwrap_or_default())
}

/// Counts those of a gemeente that wait.
fn count(
    overlay: &mut Overlay<'_>,
    gemeente: Gemeente,
    change: impl FnOnce(u32) -> u32,
) -> Result<(), LedgerError> {
    let key = keys::tellers(gemeente);
    let tellers: Tellers = overlay.row(&key)?.unwrap_or_default();
    put_row(overlay, key, &Tellers { geparkeerd: change(tellers.geparkeerd), ..tellers })
}

/// Sets a message aside.
pub(super) fn park(
    overlay: &mut Overlay<'_>,
    at: &At,
    bericht: &Bericht,
    message: &Message,
    tot_us: i64,
    dag: Date,
) -> Result<(), LedgerError> {
    let event = translate::event(message, at.seq, dag).map_err(|error| untranslatable(at, &error))?;
    let (dossier, gemeente) = (event.dossier.clone(), event.dossier.gemeente);
    let row = Geparkeerd {
        partner: bericht.partner.clone(),
        soort: bericht.soort.clone(),
        tot_us,
        event,
        geboortedatum: translate::geboortedatum(message),
    };
    put_row(overlay, keys::geparkeerd(gemeente, at.seq), &row)?;
    overlay.put(te_doen::geparkeerd(&row), Vec::new());
    let mut waiting = wachtend(overlay, &dossier)?;
    waiting.push(at.seq);
    put_row(overlay, keys::wachtend(&dossier), &waiting)?;
    overlay.put(keys::oordeel(tot_us, gemeente, at.seq), Vec::new());
    count(overlay, gemeente, |waiting| waiting.saturating_add(1))
}

/// Applies the judgement on a message that waited: it waits no more, and takes effect when it is approved.
pub(super) fn judge(
    overlay: &mut Overlay<'_>,
    at: &At,
    oordeel: &Oordeel,
) -> Result<Option<Gevolg>, LedgerError> {
    let missing = || inconsistent(at, "the message that is judged does not wait");
    let key = keys::geparkeerd(gemeente(at)?, oordeel.seq);
    let row: Geparkeerd = overlay.row(&key)?.ok_or_else(missing)?;
    let dossier = &row.event.dossier;
    overlay.delete(key);
    overlay.delete(te_doen::geparkeerd(&row));
    let mut waiting = wachtend(overlay, dossier)?;
    waiting.retain(|seq| *seq != oordeel.seq);
    match waiting.is_empty() {
        true => overlay.delete(keys::wachtend(dossier)),
        false => put_row(overlay, keys::wachtend(dossier), &waiting)?,
    }
    overlay.delete(keys::oordeel(row.tot_us, dossier.gemeente, oordeel.seq));
    count(overlay, dossier.gemeente, |waiting| waiting.saturating_sub(1))?;
    overlay.put(keys::persoon_entry(dossier.gemeente, &dossier.bsn, at.seq), Vec::new());
    opmerking::of_judgement(overlay, at, oordeel, &row)?;
    if oordeel.uitspraak != Uitspraak::Goedgekeurd {
        return Ok(None);
    }
    heen::effect(overlay, at, &row.event)?;
    heen::known(overlay, at, dossier, row.geboortedatum)?;
    Ok(Some(Gevolg::of(dossier)))
}
