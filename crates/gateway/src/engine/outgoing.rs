//! What waits to be sent, as the outbox reads it and reports on it.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use iwmo_toewijzing::identity::Gemeente;
use jiff::Timestamp;
use tokio::sync::{oneshot, watch};

use crate::engine::handle::{STOPPING, not_taken};
use crate::engine::worker::Job;
use crate::engine::{Engine, Outcome, Outgoing, OutgoingId, PartnerId, Standing, Unavailable, Waiting};
use crate::journal::{Chain, EntryId, Reader};
use crate::ledger::envelop::Envelop;
use crate::ledger::{EbMelding, Heenbericht, LedgerError, Rows, Uitgaand, Verzending, keys};
use crate::record::{BezorgUitkomst, Record};
use crate::store::Ledger;
use crate::vault::is_gone;

/// Messages that wait behind held ones and are passed over in one look at a queue.
const BEHIND_MAX: usize = 10_000;

impl Outgoing for Engine {
    fn waiting(&self, partner: &PartnerId, limit: usize) -> Vec<Waiting> {
        self.waiting_rows(partner, limit).unwrap_or_else(|error| {
            tracing::error!(code = "OutboxReadError", %error, partner = %partner, "The outbox could not be read.");
            Vec::new()
        })
    }

    fn standing(&self, partner: &PartnerId) -> Standing {
        let row: Result<Option<Verzending>, _> = self.ledger.row(&keys::verzending(&partner.0));
        let row = row.unwrap_or_else(|error| {
            tracing::error!(code = "OutboxReadError", %error, partner = %partner, "The outbox could not be read.");
            None
        });
        let row = row.unwrap_or_default();
        let moment = |micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
        Standing {
            acts: self.acts.load(Ordering::Acquire),
            held: row.vastgehouden.is_some(),
            spurred: moment(row.aangespoord_us),
            released: moment(row.vrijgegeven_us),
        }
    }

    async fn outcome(&self, id: OutgoingId, outcome: Outcome) -> Result<(), Unavailable> {
        let (reply, answer) = oneshot::channel();
        let refused = |reason: &str| Unavailable { reason: reason.to_owned() };
        let job = Job::Outcome { id, outcome, reply };
        self.jobs.try_send(job).map_err(|error| refused(not_taken(error)))?;
        answer.await.unwrap_or_else(|_| Err(refused(STOPPING)))
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}

impl Engine {
    fn waiting_rows(&self, partner: &PartnerId, limit: usize) -> Result<Vec<Waiting>, LedgerError> {
        let held = Held::of(&self.ledger, partner)?;
        let sending: Verzending = self.ledger.row(&keys::verzending(&partner.0))?.unwrap_or_default();
        let mut waiting = Vec::new();
        let mut behind = 0;
        let mut stopped = Stopped::default();
        for row in self.ledger.queue(&keys::wachtrij_van(partner)) {
            if waiting.len() >= limit || behind >= BEHIND_MAX {
                break;
            }
            let (key, _) = row?;
            let Some(id) = keys::wachtrij_id(&key) else { continue };
            // Delivered between the scan and the read.
            let Some(mut row) = self.ledger.row::<Uitgaand>(&keys::uitgaand(&id))? else { continue };
            row.geduld_us = row.geduld_us.max(sending.vrijgegeven_us);
            if held.keeps(&key, &row) {
                behind += 1;
                continue;
            }
            if stopped.stops(&self.ledger, &id, &row)? {
                behind += 1;
                continue;
            }
            waiting.push(self.waiting_row(id, row)?);
        }
        Ok(waiting)
    }

    fn waiting_row(&self, id: OutgoingId, row: Uitgaand) -> Result<Waiting, LedgerError> {
        let bytes = self.outgoing_bytes(&id).ok_or_else(|| LedgerError::Inconsistent {
            entry: id.to_string(),
            what: "the journal has no such outgoing message".to_owned(),
        })?;
        let moment = |micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Waiting {
            partner: PartnerId(row.partner),
            order: row.volgorde,
            message: row.soort,
            attempts: row.pogingen,
            since: moment(row.geduld_us),
            not_before: moment(row.niet_voor_us),
            bytes,
            id,
        })
    }
}

impl Engine {
    /// Reads the bytes of an outgoing message from the journal.
    #[must_use]
    pub fn outgoing_bytes(&self, id: &OutgoingId) -> Option<Bytes> {
        outgoing_bytes(&self.reader, id)
    }

    /// Returns the entry of the retour that answers an outgoing message, when it has come.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn answer_on(&self, id: &OutgoingId) -> Result<Option<EntryId>, LedgerError> {
        let gemeente = Gemeente::new(&String::from_utf8_lossy(&id.gemeente)).ok();
        let Some((chain, gemeente)) = Chain::new(id.gemeente).zip(gemeente) else { return Ok(None) };
        let row: Option<Uitgaand> = self.ledger.row(&keys::uitgaand(id))?;
        let answer = match row.and_then(|row| row.melding) {
            Some(melding) => {
                let melding: Option<EbMelding> = self.ledger.row(&keys::eb_melding(gemeente, &melding))?;
                melding.and_then(|melding| melding.antwoord)
            }
            None => {
                let bytes = self.outgoing_bytes(id);
                let Some(message) = bytes.and_then(|bytes| self.schemas().decode(&bytes).ok()) else {
                    return Ok(None);
                };
                let (header, kind) = (message.header(), message.kind());
                let key =
                    keys::heenbericht(gemeente, header.afzender, kind.bericht_code(), header.identificatie);
                let heen: Option<Heenbericht> = self.ledger.row(&key)?;
                // The same name may be that of a message of another entry.
                heen.filter(|heen| heen.seq == id.seq).and_then(|heen| heen.antwoord)
            }
        };
        Ok(answer.map(|seq| EntryId { chain, seq }))
    }

    /// Returns the envelope that an outgoing message leaves in.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn envelope(&self, id: &OutgoingId) -> Result<Option<Envelop>, LedgerError> {
        self.ledger.row(&keys::envelop(id))
    }

    /// Returns the outgoing message that leaves or left in the envelope with this number.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn in_envelope(&self, referentienummer: &str) -> Result<Option<OutgoingId>, LedgerError> {
        let row: Option<([u8; 4], u64, u16)> = self.ledger.row(&keys::envelop_nummer(referentienummer))?;
        Ok(row.map(|(gemeente, seq, index)| OutgoingId { gemeente, seq, index }))
    }
}

/// Of each order key the oldest message to a partner that is held; younger ones wait behind it.
#[derive(Debug)]
pub(super) struct Held(HashMap<String, Vec<u8>>);

impl Held {
    /// Reads what is held.
    pub(super) fn of(ledger: &Ledger, partner: &PartnerId) -> Result<Self, LedgerError> {
        let mut held = HashMap::new();
        for row in ledger.queue(&keys::vastgehouden_van(partner)) {
            let (key, order) = row?;
            held.entry(String::from_utf8_lossy(&order).into_owned()).or_insert_with(|| key[1..].to_vec());
        }
        Ok(Self(held))
    }

    /// Returns whether a message, by its key in the queue, must wait behind an older one.
    pub(super) fn keeps(&self, key: &[u8], row: &Uitgaand) -> bool {
        self.0.get(&row.volgorde).is_some_and(|oldest| key[1..] > oldest[..])
    }
}

/// The gemeenten about which the CAK is told nothing, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct Stopped(HashMap<[u8; 4], bool>);

impl Stopped {
    /// Returns whether a message is a notification that must wait until the gemeente goes on.
    pub(super) fn stops(
        &mut self,
        ledger: &Ledger,
        id: &OutgoingId,
        row: &Uitgaand,
    ) -> Result<bool, LedgerError> {
        if row.melding.is_none() {
            return Ok(false);
        }
        if let Some(known) = self.0.get(&id.gemeente) {
            return Ok(*known);
        }
        let gemeente = Gemeente::new(&String::from_utf8_lossy(&id.gemeente)).ok();
        let found = match gemeente {
            Some(gemeente) => ledger.bytes(&keys::cak_stil(gemeente))?.is_some(),
            None => false,
        };
        self.0.insert(id.gemeente, found);
        Ok(found)
    }
}

/// Reads the bytes of an outgoing message from a journal.
#[must_use]
fn outgoing_bytes(reader: &Reader, id: &OutgoingId) -> Option<Bytes> {
    let entry = reader.get(Chain::new(id.gemeente)?, id.seq).ok()??;
    let mut uitgaand = Record::decode(entry.kind, entry.version, &entry.payload).ok()?.into_uitgaand();
    let index = usize::from(id.index);
    let bytes = (index < uitgaand.len()).then(|| uitgaand.swap_remove(index).bytes)?;
    // What is left of a message is not that message, and is never sent.
    (!(entry.gone && is_gone(&bytes))).then(|| Bytes::from(bytes))
}

impl From<Outcome> for BezorgUitkomst {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Delivered { receipt } => BezorgUitkomst::Bezorgd { ontvangst: receipt },
            Outcome::HandedOver { receipt } => BezorgUitkomst::Doorgegeven { ontvangst: receipt },
            Outcome::Retry { reason, not_before } => {
                BezorgUitkomst::Opnieuw { reden: reason, niet_voor: not_before.as_microsecond() }
            }
            Outcome::Refused { reason } | Outcome::Rejected { reason } => {
                BezorgUitkomst::Geweigerd { reden: reason }
            }
            Outcome::GivenUp { reason } => BezorgUitkomst::Opgegeven { reden: reason },
        }
    }
}
