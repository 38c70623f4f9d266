//! Entries of which something stood under a key that was destroyed, and the entries that destroyed keys.
//!
//! A replay finds such an entry as it is now, without what named the person, also where it stands before the entry that
//! destroyed the key. What it says without that is applied: receipts, what was sent and its delivery, what the message
//! says of others. No row of the person comes to be. The gateway that destroys a key brings its ledger to what a replay
//! then gives, row by row, so that both are the same.
//!
//! Counts are the exception: what was counted of the person stays counted. The entry that destroys the key says how much
//! that was.

use iwmo_codec::messages::Message;
use iwmo_toewijzing::identity::Bsn;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::apply::{bind, inconsistent, parse_date};
use super::statistiek::{self, Telling};
use super::{
    Applier, At, Gevolg, LedgerError, Rows, Stand, Tellers, Uitgaand, acts, apply, cak, keys, ontvangst,
    outgoing, put_row, te_doen,
};
use crate::record::OutgoingId;
use crate::record::{
    Bericht, EbBesluit, EbUitkomst, Oordeel, Record, Rest, Verwijdering, Verwijderverzoek, VerzoekStap,
};
use crate::store::{Ledger, Overlay};
use crate::vault::is_gone;

/// Why an outgoing message is not sent that was cancelled because it was removed.
pub const GEANNULEERD: &str = "verwijderd";

/// A request to remove what is kept about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verzoek {
    /// The key of the person.
    pub sleutel: [u8; 16],
    /// The day it was received.
    pub ontvangen: Date,
    /// What became of it.
    pub stand: VerzoekStand,
}

/// What became of a request to remove what is kept about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VerzoekStand {
    /// It is still to be met. Not final.
    Open,
    /// It was met by this entry. Final.
    Ingewilligd(u64),
    /// It was refused by this entry. Final.
    Afgewezen(u64),
}

impl VerzoekStand {
    /// Returns the word for it, for programs and people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ingewilligd(_) => "ingewilligd",
            Self::Afgewezen(_) => "afgewezen",
        }
    }
}

impl Applier {
    /// Applies what is left of an entry of which something is gone; `message` is its message when the caller has it
    /// decoded.
    ///
    /// # Errors
    ///
    /// As [`Applier::apply`].
    pub fn apply_gone(
        &self,
        overlay: &mut Overlay<'_>,
        at: &At,
        record: &Record,
        message: Option<&Message>,
    ) -> Result<(), LedgerError> {
        overlay.put(keys::verwijderd(at.chain.code(), at.seq), Vec::new());
        match record {
            Record::Bericht(bericht) => {
                let decoded;
                let message = match message {
                    Some(message) => Some(message),
                    None => {
                        decoded = self.message(bericht);
                        decoded.as_ref()
                    }
                };
                match message {
                    Some(message) => self.bericht(overlay, at, bericht, message).map(drop)?,
                    None if is_gone(&bericht.bytes) => zonder_bericht(overlay, at, bericht)?,
                    None => return Err(inconsistent(at, "the recorded message is not valid")),
                }
                self.rest(overlay, at, &bericht.uitgaand, bericht.eb.as_ref())
            }
            Record::Planning(planning) => self.rest(overlay, at, &planning.uitgaand, Some(&planning.eb)),
            Record::Oordeel(oordeel) => {
                if is_verwijderd(overlay, at, oordeel.seq)? {
                    zonder_oordeel(overlay, at, oordeel)?;
                } else {
                    self.oordeel(overlay, at, oordeel).map(drop)?;
                }
                self.rest(overlay, at, &oordeel.uitgaand, oordeel.eb.as_ref())
            }
            // What was stated about a person; that the request was made stays known.
            Record::Handeling(handeling) => acts::bind(overlay, at, handeling),
            other => self.apply(overlay, at, other, message),
        }
    }

    /// Applies what follows from a record of which something is gone.
    fn rest(
        &self,
        overlay: &mut Overlay<'_>,
        at: &At,
        uitgaand: &[crate::record::Uitgaand],
        eb: Option<&EbBesluit>,
    ) -> Result<(), LedgerError> {
        let known = eb.filter(|besluit| Bsn::new(&besluit.bsn).is_ok());
        self.vervolg(overlay, at, uitgaand, known)?;
        match eb.map(|besluit| &besluit.uitkomst) {
            // OP290: a number given out is never given out again, whatever becomes of it.
            Some(EbUitkomst::Melding { nummer, .. }) if known.is_none() => higher(overlay, at, *nummer),
            _ => Ok(()),
        }
    }
}

/// Keeps the highest EbStartNummer given out.
fn higher(overlay: &mut Overlay<'_>, at: &At, nummer: u32) -> Result<(), LedgerError> {
    let key = keys::tellers(apply::gemeente(at)?);
    let row: Option<Tellers> = overlay.row(&key)?;
    if row.unwrap_or_default().eb_start_nummer >= nummer {
        return Ok(());
    }
    put_row(overlay, key, &Tellers { eb_start_nummer: nummer, ..row.unwrap_or_default() })
}

/// What is left of a message that is gone as a whole: that it came, from whom, and what was decided.
fn zonder_bericht(overlay: &mut Overlay<'_>, at: &At, bericht: &Bericht) -> Result<(), LedgerError> {
    ontvangst::gone(overlay, at, bericht)?;
    if let Some(sleutel) = &bericht.sleutel {
        bind(overlay, at, (&bericht.partner, &bericht.sha256), sleutel)?;
    }
    outgoing::answered(overlay, at, bericht)?;
    cak::stilgelegd(overlay, at, bericht)?;
    statistiek::zonder_bericht(overlay, at, bericht, parse_date(at, &bericht.vandaag)?)
}

/// What is left of a judgement on a message that is gone.
pub(super) fn zonder_oordeel(
    overlay: &mut Overlay<'_>,
    at: &At,
    oordeel: &Oordeel,
) -> Result<(), LedgerError> {
    statistiek::oordeel(overlay, at, oordeel, parse_date(at, &oordeel.vandaag)?)
}

/// Returns whether something of an entry of this gemeente is gone, so that what refers to it finds nothing.
pub(super) fn is_verwijderd(overlay: &Overlay<'_>, at: &At, seq: u64) -> Result<bool, LedgerError> {
    Ok(overlay.bytes(&keys::verwijderd(at.chain.code(), seq))?.is_some())
}

/// What a retour comes to whose message is not on record: nothing when that is gone.
pub(super) fn or_inconsistent(
    overlay: &Overlay<'_>,
    at: &At,
    heenbericht: Option<u64>,
) -> Result<Option<Gevolg>, LedgerError> {
    match heenbericht {
        Some(seq) if is_verwijderd(overlay, at, seq)? => Ok(None),
        _ => Err(inconsistent(at, "the message it answers is not on record")),
    }
}

/// Applies the destruction of keys.
pub(super) fn verwijdering(
    overlay: &mut Overlay<'_>,
    at: &At,
    verwijdering: &Verwijdering,
) -> Result<(), LedgerError> {
    for sleutel in &verwijdering.sleutels {
        put_row(overlay, keys::sleutel_vernietigd(sleutel), &(at.chain.code(), at.seq))?;
    }
    for plek in &verwijdering.geannuleerd {
        let id = OutgoingId { gemeente: at.chain.code(), seq: plek.seq, index: plek.index };
        let row: Option<Uitgaand> = overlay.row(&keys::uitgaand(&id))?;
        let mut row =
            row.ok_or_else(|| inconsistent(at, &format!("outgoing message {id} is not on record")))?;
        let was = row.stand;
        row.sinds_us = at.time.as_microsecond();
        row.stand = Stand::Geannuleerd;
        row.reden = Some(GEANNULEERD.to_owned());
        outgoing::put(overlay, &id, Some(was), &row)?;
    }
    for rest in &verwijdering.tellingen {
        let mut key = keys::telling(at.chain.code(), rest.wat.len());
        key.extend_from_slice(rest.wat.as_bytes());
        let mut row: Telling = overlay.row(&key)?.unwrap_or_default();
        row.aantal = row.aantal.saturating_add(rest.aantal);
        row.som = row.som.saturating_add(rest.som);
        row.volume = row.volume.saturating_add(rest.volume);
        row.verdeling.resize(row.verdeling.len().max(rest.verdeling.len()), 0);
        for (count, more) in row.verdeling.iter_mut().zip(&rest.verdeling) {
            *count = count.saturating_add(*more);
        }
        put_row(overlay, key, &row)?;
    }
    higher(overlay, at, verwijdering.eb_start_nummer)?;
    for seq in &verwijdering.verzoeken {
        close(overlay, at, *seq, VerzoekStand::Ingewilligd(at.seq))?;
    }
    Ok(())
}

/// Applies a step in the life of a request.
pub(super) fn verzoek(
    overlay: &mut Overlay<'_>,
    at: &At,
    verzoek: &Verwijderverzoek,
) -> Result<(), LedgerError> {
    match &verzoek.stap {
        VerzoekStap::Ontvangen { sleutel, ontvangen } => {
            let row = Verzoek {
                sleutel: **sleutel,
                ontvangen: parse_date(at, ontvangen)?,
                stand: VerzoekStand::Open,
            };
            overlay.put(te_doen::verwijdering(apply::gemeente(at)?, at.seq, &row), Vec::new());
            put_row(overlay, keys::verzoek_verwijdering(at.chain.code(), at.seq), &row)
        }
        VerzoekStap::Afgewezen { verzoek } => close(overlay, at, *verzoek, VerzoekStand::Afgewezen(at.seq)),
    }
}

fn close(overlay: &mut Overlay<'_>, at: &At, seq: u64, stand: VerzoekStand) -> Result<(), LedgerError> {
    let key = keys::verzoek_verwijdering(at.chain.code(), seq);
    let row: Option<Verzoek> = overlay.row(&key)?;
    let mut row = row.ok_or_else(|| inconsistent(at, "there is no such request"))?;
    row.stand = stand;
    overlay.delete(te_doen::verwijdering(apply::gemeente(at)?, seq, &row));
    put_row(overlay, key, &row)
}

/// Returns by how much the counts of a gemeente in one ledger are more than in another.
///
/// # Errors
///
/// The store failed.
pub(crate) fn tellingen_meer(
    here: &Ledger,
    there: &Ledger,
    gemeente: [u8; 4],
) -> Result<Vec<Rest>, LedgerError> {
    let mut found = Vec::new();
    for pair in here.scan(&keys::telling(gemeente, 0)) {
        let (key, value) = pair?;
        let more: Telling = super::decode_row(&key, &value)?;
        let less: Telling = there.row(&key)?.unwrap_or_default();
        if more == less {
            continue;
        }
        let Some(wat) = keys::telling_rest(&key) else { continue };
        let classes = more.verdeling.iter().enumerate();
        let verdeling = classes
            .map(|(at, count)| count.saturating_sub(less.verdeling.get(at).copied().unwrap_or_default()));
        found.push(Rest {
            wat: wat.to_owned(),
            aantal: more.aantal.saturating_sub(less.aantal),
            som: more.som.saturating_sub(less.som),
            volume: more.volume.saturating_sub(less.volume),
            verdeling: verdeling.collect(),
        });
    }
    Ok(found)
}
