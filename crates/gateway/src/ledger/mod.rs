//! What the rows of the ledger mean, and how a journal entry changes them.
//!
//! [`Applier`] is the only code that writes rows. The engine calls it for a new entry, replay for a recorded
//! one; so the journal alone always gives the same ledger.

pub mod keys;

mod acts;
mod ahead;
mod apply;
mod cak;
mod eb_beleid;
pub mod envelop;
mod geparkeerd;
mod heen;
mod ontvangst;
mod opgave;
mod opmerking;
mod outgoing;
mod rebuild;
mod rows;
pub mod statistiek;
mod te_doen;
mod termijn;
mod verwijderd;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::journal::{Chain, EntryId, OpenError, ReadError};
use crate::record::RecordError;
use crate::store::{self, Ledger, Overlay, StoreError, Value};
use crate::vault::KeyId;

pub use apply::{Applier, Gevolg};
pub use opgave::{Gegevens, gegevens, juiste_bsn};

pub(crate) use geparkeerd::wachtend;
pub(crate) use heen::{declared, events};
pub(crate) use ontvangst::bekend;
#[cfg(test)]
pub(crate) use rebuild::bring_up;
pub(crate) use rebuild::not_ahead;
pub use rebuild::{
    CatchUp, Horizon, Progress, catch_up, open, rebuild, temporary, temporary_at, temporary_until,
};
pub use rows::{
    Afgehandeld, CakStil, Declaratie, EbKeuzes, EbMelding, Geparkeerd, Heenbericht, Opmerking, Persoon,
    Sleutel, Stand, Tellers, Uitgaand, Vasthouding, Verzending,
};

pub(crate) use cak::GEMEENTE_ONBEKEND;
pub(crate) use outgoing::{RETOUREN, made_on};
pub(crate) use te_doen::persoon_wacht;
pub(crate) use verwijderd::tellingen_meer;
pub use verwijderd::{GEANNULEERD, Verzoek, VerzoekStand};

/// The format of the rows; another one in the store means that it is rebuilt.
pub const FORMAT: u32 = 23;

/// The place and moment of a journal entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The chain: a gemeente, or none.
    pub chain: Chain,
    /// The number in the chain.
    pub seq: u64,
    /// When it was written.
    pub time: jiff::Timestamp,
}

impl At {
    /// Returns the entry's name, `GEMEENTE:SEQ`.
    #[must_use]
    pub fn name(&self) -> String {
        EntryId { chain: self.chain, seq: self.seq }.to_string()
    }
}

/// Why the ledger could not be read, written or rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// An entry could not be understood.
    #[error("{entry}: {source}")]
    Entry {
        /// The entry, `GEMEENTE:SEQ`.
        entry: String,
        /// Why.
        source: RecordError,
    },
    /// An entry does not fit what came before it.
    #[error("{entry}: {what}")]
    Inconsistent {
        /// The entry, `GEMEENTE:SEQ`.
        entry: String,
        /// What does not fit.
        what: String,
    },
    /// The ledger stands for an entry that the journal does not have.
    #[error(
        "the ledger stands for {entry}, which the journal does not have or has with another content: entries that \
         were acknowledged are missing. Put back the journal from a backup; to go on without them, run `iwmo replay --accept-loss --reason TEXT`"
    )]
    Ahead {
        /// The entry, `GEMEENTE:SEQ`.
        entry: String,
    },
    /// The journal says that keys were destroyed, and they are here still: that was cut short.
    #[error("a removal was cut short: the next start of the gateway completes it")]
    Unfinished {
        /// The keys.
        sleutels: Vec<KeyId>,
    },
    /// Keys were destroyed after the place that the ledger stands for, and its rows are from before.
    #[error("the ledger is from before a removal and must be rebuilt")]
    BeforeRemoval,
    /// There is no such entry.
    #[error("the journal has no entry {entry}")]
    NoEntry {
        /// The entry, `GEMEENTE:SEQ`.
        entry: String,
    },
    /// A row is not what its key says.
    #[error("a row of kind `{kind}` cannot be read; rebuild the ledger with `iwmo replay`")]
    Row {
        /// The letter of the key.
        kind: char,
    },
}

/// Reads rows: the ledger itself, or the ledger with pending writes over it.
pub trait Rows {
    /// Returns the bytes of a row.
    ///
    /// # Errors
    ///
    /// The store failed.
    fn bytes(&self, key: &[u8]) -> Result<Option<Value>, StoreError>;

    /// Returns a row.
    ///
    /// # Errors
    ///
    /// The store failed, or the row is not of this type.
    fn row<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, LedgerError> {
        match self.bytes(key)? {
            None => Ok(None),
            Some(value) => decode_row(key, &value).map(Some),
        }
    }

    /// As [`Rows::row`], of a row that one decision asks for more than once.
    ///
    /// # Errors
    ///
    /// As [`Rows::row`].
    fn kept<T>(&self, key: Vec<u8>) -> Result<Option<Arc<T>>, LedgerError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        Ok(self.row(&key)?.map(Arc::new))
    }
}

impl Rows for Ledger {
    fn bytes(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.get(key)
    }
}

impl Rows for Overlay<'_> {
    fn bytes(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.get(key)
    }

    fn kept<T>(&self, key: Vec<u8>) -> Result<Option<Arc<T>>, LedgerError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        if let Some(found) = self.remembered(&key) {
            return Ok(found);
        }
        let row = self.row(&key)?.map(Arc::new);
        self.remember(key, row.clone());
        Ok(row)
    }
}

/// Returns a row that is about to be written.
fn take_row<T>(overlay: &Overlay<'_>, key: &[u8]) -> Result<Option<T>, LedgerError>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    match overlay.take_remembered(key) {
        Some(found) => Ok(found.map(Arc::unwrap_or_clone)),
        None => overlay.row(key),
    }
}

/// As [`put_row`], of a row that the same decision asks for again. Returns it.
fn keep_row<T>(overlay: &mut Overlay<'_>, key: Vec<u8>, row: T) -> Result<Arc<T>, LedgerError>
where
    T: Serialize + Send + Sync + 'static,
{
    put_row(overlay, key.clone(), &row)?;
    let row = Arc::new(row);
    overlay.remember(key, Some(Arc::clone(&row)));
    Ok(row)
}

/// Says which row a key is of, without the person in it.
#[must_use]
pub fn row_words(key: &[u8]) -> String {
    let gemeente = key.get(1..5).map(String::from_utf8_lossy).unwrap_or_default();
    match key.first() {
        Some(b'd') => format!("a dossier of gemeente {gemeente}"),
        Some(b'p') => format!("a person of gemeente {gemeente}"),
        Some(b'q') => format!("the entries of a person of gemeente {gemeente}"),
        Some(b't') => match keys::toewijzing_delen(key) {
            Some((gemeente, nummer)) => format!("toewijzing {gemeente}/{nummer}"),
            None => "a toewijzing".to_owned(),
        },
        Some(b'E') => "the eigen bijdrage of a gemeente".to_owned(),
        Some(b'k') => format!("what was stated about a person of gemeente {gemeente}"),
        Some(b'h') => format!("a heenbericht of gemeente {gemeente}"),
        Some(b'r') => format!("a request to gemeente {gemeente}"),
        Some(b'c') => format!("a declaration to gemeente {gemeente}"),
        Some(b'g') => format!("a message to gemeente {gemeente} that waits to be judged"),
        Some(b'j') => format!("the messages to gemeente {gemeente} that wait to be judged"),
        Some(b'v') => "when a message must be judged".to_owned(),
        Some(b'm') => format!("what was odd about a message of gemeente {gemeente}"),
        Some(b'e') => format!("a notification to the CAK of gemeente {gemeente}"),
        Some(b'n') => format!("the counters of gemeente {gemeente}"),
        Some(b'x') => "a receipt".to_owned(),
        Some(b'i') => "an idempotency key".to_owned(),
        Some(b'o') => match keys::uitgaand_id(key) {
            Some(id) => format!("outgoing message {id}"),
            None => "an outgoing message".to_owned(),
        },
        Some(b'u') => "the queue of a partner".to_owned(),
        Some(b'a') => "what is not sent yet".to_owned(),
        Some(b'b') => "what is held for a partner".to_owned(),
        Some(b'l') => "what is known of removals".to_owned(),
        Some(b's') => format!("a count of gemeente {gemeente}"),
        Some(b'T') => format!("what waits for somebody in gemeente {gemeente}"),
        Some(b'z') => "how sending to a partner stands".to_owned(),
        Some(b'w') => "a planned run of the CAK planner".to_owned(),
        _ => "a row of no known kind".to_owned(),
    }
}

/// Reads a row from its bytes.
///
/// # Errors
///
/// The bytes are not such a row.
pub fn decode_row<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, LedgerError> {
    let kind = key.first().map_or('?', |byte| char::from(*byte));
    postcard::from_bytes(value).map_err(|_| LedgerError::Row { kind })
}

/// Writes a row into pending writes.
fn put_row<T: Serialize>(overlay: &mut Overlay<'_>, key: Vec<u8>, row: &T) -> Result<(), LedgerError> {
    let kind = key.first().map_or('?', |byte| char::from(*byte));
    let made = postcard::to_extend(row, std::mem::take(overlay.scratch()));
    let made = made.map_err(|_| LedgerError::Row { kind })?;
    // Found here, nothing has been written; found at the commit, the journal would have what no ledger can take.
    store::check_size(&key, &made)?;
    overlay.put(key, &made[..]);
    *overlay.scratch() = made;
    Ok(())
}
