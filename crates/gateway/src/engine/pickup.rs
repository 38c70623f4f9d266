//! What a partner fetches by itself.

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::engine::outgoing::{Held, Stopped};
use crate::engine::{Engine, Outcome, Outgoing, OutgoingId, PartnerId, Unavailable};
use crate::ledger::{LedgerError, Rows, Stand, Uitgaand, keys};

/// Bytes of messages that one page looks at, about: the digest of each is computed.
const PAGE_BYTES: usize = 64 << 20;

/// The receipt that is kept of a message that a partner says it has fetched.
const FETCHED: &str = "opgehaald";

/// A message that waits to be fetched.
#[derive(Clone, Debug)]
pub struct Fetchable {
    /// Its name.
    pub id: OutgoingId,
    /// The kind of message, as `WMO306`.
    pub message: String,
    /// When it was made.
    pub made: Timestamp,
    /// The message.
    pub bytes: Bytes,
}

impl Fetchable {
    /// Returns the SHA-256 of the message.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }
}

/// A place in what waits for a partner.
pub type Place = (i64, OutgoingId);

/// Some of what waits for a partner.
#[derive(Debug, Default)]
pub struct FetchPage {
    /// The messages, oldest first.
    pub messages: Vec<Fetchable>,
    /// Where the next page begins; none: there is no more now.
    pub next: Option<Place>,
}

/// What came of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// It is recorded, now or before.
    Recorded,
    /// There is no such message for this partner.
    Unknown,
    /// An operator has taken the message back.
    Withdrawn,
}

impl Engine {
    /// Returns what waits for a partner after a place, oldest first.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn fetchable(
        &self,
        partner: &PartnerId,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<FetchPage, LedgerError> {
        if self.standing(partner).held {
            return Ok(FetchPage::default());
        }
        let held = Held::of(self.ledger(), partner)?;
        let prefix = keys::wachtrij_van(partner);
        let start = after.map(|(moment, id)| keys::wachtrij_plaats(partner, *moment, id));
        let now = Timestamp::now().as_microsecond();
        let mut page = FetchPage::default();
        let (mut last, mut bytes) = (None, 0);
        let mut stopped = Stopped::default();
        for row in self.ledger().range(&prefix, start.as_deref().unwrap_or(&prefix)) {
            let (key, _) = row?;
            if start.as_deref() == Some(&key) {
                continue;
            }
            let Some((id, moment)) = keys::wachtrij_id(&key).zip(keys::wachtrij_moment(&key)) else {
                continue;
            };
            if page.messages.len() >= limit || bytes >= PAGE_BYTES {
                page.next = last;
                break;
            }
            last = Some((moment, id.clone()));
            let Some((row, found)) = self.addressed(partner, &id)? else { continue };
            // What is held back is not shown yet, nor what is younger about the same person.
            if row.stand == Stand::Wacht
                && !held.keeps(&key, &row)
                && row.niet_voor_us <= now
                && !stopped.stops(self.ledger(), &id, &row)?
            {
                bytes += found.bytes.len();
                page.messages.push(found);
            }
        }
        Ok(page)
    }

    /// Returns a message that is for this partner and was not taken back.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn fetch(&self, partner: &PartnerId, id: &OutgoingId) -> Result<Option<Fetchable>, LedgerError> {
        let found = self.addressed(partner, id)?;
        Ok(found
            .filter(|(row, _)| matches!(row.stand, Stand::Wacht | Stand::Doorgegeven | Stand::Bezorgd))
            .map(|(_, found)| found))
    }

    /// Records that a partner has fetched a message. However often it says so, it is recorded once.
    ///
    /// # Errors
    ///
    /// The store cannot be read or cannot commit.
    pub async fn fetched(&self, partner: &PartnerId, id: OutgoingId) -> Result<Confirmed, Unavailable> {
        let unread = |error: LedgerError| Unavailable { reason: error.to_string() };
        let row: Option<Uitgaand> = self.ledger().row(&keys::uitgaand(&id)).map_err(unread)?;
        match row.filter(|row| row.partner == partner.0).map(|row| row.stand) {
            None => Ok(Confirmed::Unknown),
            Some(Stand::Bezorgd) => Ok(Confirmed::Recorded),
            Some(Stand::Geparkeerd | Stand::Vastgehouden | Stand::Geannuleerd) => Ok(Confirmed::Withdrawn),
            Some(Stand::Wacht | Stand::Doorgegeven) => {
                self.outcome(id, Outcome::Delivered { receipt: Some(FETCHED.to_owned()) }).await?;
                Ok(Confirmed::Recorded)
            }
        }
    }

    /// Returns a message if it is for this partner: nobody learns even that another's exists.
    fn addressed(
        &self,
        partner: &PartnerId,
        id: &OutgoingId,
    ) -> Result<Option<(Uitgaand, Fetchable)>, LedgerError> {
        let row: Option<Uitgaand> = self.ledger().row(&keys::uitgaand(id))?;
        let Some(row) = row.filter(|row| row.partner == partner.0) else { return Ok(None) };
        let Some(bytes) = self.outgoing_bytes(id) else { return Ok(None) };
        let made = Timestamp::from_microsecond(row.gemaakt_us).unwrap_or(Timestamp::UNIX_EPOCH);
        let found = Fetchable { id: id.clone(), message: row.soort.clone(), made, bytes };
        Ok(Some((row, found)))
    }
}
