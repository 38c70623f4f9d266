//! The words the parts of the gateway use with each other.

use crate::hex::hex;
use std::fmt;
use std::future::Future;

use jiff::Timestamp;

pub use crate::record::{OutgoingId, Route};

/// Names a configured counterparty: an aanbieder, the CAK, a hub or a backoffice system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartnerId(pub String);

impl fmt::Display for PartnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message as a listener received it, with who sent it proved.
#[derive(Debug)]
pub struct Inbound {
    /// The partner that the client certificate or token names.
    pub partner: PartnerId,
    /// The way it came in.
    pub route: Route,
    /// The message, unaltered.
    pub bytes: bytes::Bytes,
    /// How the sender names the request, if it does.
    pub key: Option<IdempotencyKey>,
    /// What the sender was warned of and wants all the same (D4), by the names of the warnings.
    pub bevestigd: Vec<String>,
}

/// What a sender names a request with: however often it is sent, it takes effect once and has one answer.
///
/// A key is bound to a request when the journal records its message, and as long as the journal is kept. A request
/// that was refused leaves its key free.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    key: String,
    body: [u8; 32],
}

/// How keys begin that envelopes are.
const OF_ENVELOPE: &str = "ggk:";

/// Returns the number of the envelope that a key is, when it is one.
pub(crate) fn envelope_of(key: &str) -> Option<&str> {
    key.strip_prefix(OF_ENVELOPE)?.split(':').next()
}

/// Longest key that is taken.
pub const KEY_BYTES_MAX: usize = 255;

impl IdempotencyKey {
    /// Returns the key of a request with a body of this SHA-256; nothing when the text is empty, too long or has
    /// other characters than visible ASCII.
    #[must_use]
    pub fn new(key: &str, body: [u8; 32]) -> Option<Self> {
        let usable = !key.is_empty()
            && key.len() <= KEY_BYTES_MAX
            && key.bytes().all(|b| b.is_ascii_graphic())
            && !key.starts_with(OF_ENVELOPE);
        usable.then(|| Self { key: key.to_owned(), body })
    }

    /// Returns the key that an envelope of the GGk is: its number and its sender, which together are never used twice
    /// (ggk-transport 3.4). `zender` is the SHA-256 of the sender, `content` that of the envelope.
    #[must_use]
    pub fn of_envelope(refnummer: &str, zender: &[u8; 32], content: [u8; 32]) -> Option<Self> {
        let zender = hex(&zender[..16]);
        let usable = !refnummer.is_empty() && refnummer.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        usable.then(|| Self { key: format!("{OF_ENVELOPE}{refnummer}:{zender}"), body: content })
    }

    /// Returns the number of the envelope, when the key is one.
    #[must_use]
    pub fn envelope(&self) -> Option<&str> {
        envelope_of(&self.key)
    }

    /// Returns the text of the key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the SHA-256 of the request's body.
    #[must_use]
    pub fn body(&self) -> &[u8; 32] {
        &self.body
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The sender chose the text; anything may stand in it.
        f.write_str("IdempotencyKey")
    }
}

/// Says that a message is on disk and will take effect exactly once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The journal entry, `GEMEENTE:SEQ`.
    pub id: String,
    /// SHA-256 of the bytes received.
    pub sha256: [u8; 32],
    /// The same bytes were received before; `id` is that of the first time.
    pub dubbel: bool,
}

/// Why a message was not taken. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The peer broke the standard: XML or schema. The report has every fault.
    #[error("the message is not valid: {} faults", .0.diagnostics.len())]
    Invalid(Box<iwmo_codec::Report>),
    /// A message that we are asked to send breaks rules that need nothing but the message: it would be answered with
    /// 0001. The report has every fault.
    #[error("the message breaks rules of the standard: {} faults", .0.diagnostics.len())]
    BreaksRules(Box<iwmo_codec::Report>),
    /// The peer sent a message that is valid but not for this listener, or a pre-flight check failed.
    #[error("{title}: {detail}")]
    Unacceptable {
        /// One line, the same for every occurrence.
        title: String,
        /// What was wrong with this one, without personal data.
        detail: String,
        /// The rules that decided it.
        rules: Vec<String>,
        /// The retourcodes the message would have had.
        retourcodes: Vec<String>,
    },
    /// The message names another sender than the certificate or token does.
    #[error("{0}")]
    WrongSender(String),
    /// The sender used a key again for another request.
    #[error("the idempotency key was used before for another request")]
    KeyReused,
    /// The message is longer than the configured size.
    #[error("the message is larger than {bytes_max} bytes")]
    TooLarge {
        /// The configured size.
        bytes_max: usize,
    },
    /// The store cannot commit now. Try again.
    #[error("the store cannot commit now: {reason}")]
    Unavailable {
        /// For operators; no personal data.
        reason: String,
        /// Seconds after which another try makes sense.
        retry_after_seconds: u32,
    },
}

impl Refusal {
    /// Returns the word that stands for this kind of refusal in metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::BreaksRules(_) | Self::Unacceptable { .. } => "unacceptable",
            Self::WrongSender(_) => "wrong_sender",
            Self::KeyReused => "key_reused",
            Self::TooLarge { .. } => "too_large",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

/// Why an envelope is set aside, and what goes back.
#[derive(Clone, Debug)]
pub struct Aside {
    /// Why, without personal data.
    pub reason: String,
    /// The Fo01 that tells its sender.
    pub answer: Option<Vec<u8>>,
}

/// Takes messages from a listener.
pub trait Intake: Send + Sync + 'static {
    /// Takes a message and answers once it is durable.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] says why the message was not taken; nothing has changed then.
    fn receive(&self, inbound: Inbound) -> impl Future<Output = Result<Receipt, Refusal>> + Send;

    /// Returns whether so much waits that one more message is better not read: its sender is told to come back.
    fn is_busy(&self) -> bool {
        false
    }
}

/// A message that waits to be sent.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its name.
    pub id: OutgoingId,
    /// To whom.
    pub partner: PartnerId,
    /// Messages of one partner with the same key leave in order; another key is not held up.
    pub order: String,
    /// The kind of message, as `WMO306`.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when it waits; a message that waits for too long is parked.
    pub since: Timestamp,
    /// Not before this moment.
    pub not_before: Timestamp,
    /// The message, the same bytes at every attempt.
    pub bytes: bytes::Bytes,
}

/// How one attempt to deliver ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The partner has it.
    Delivered {
        /// The partner's receipt, if it gave one.
        receipt: Option<String>,
    },
    /// The next hop has it; the confirmation is still to come.
    HandedOver {
        /// The next hop's receipt, if it gave one.
        receipt: Option<String>,
    },
    /// It may succeed later.
    Retry {
        /// What went wrong, without personal data.
        reason: String,
        /// When to try again.
        not_before: Timestamp,
    },
    /// The partner does not want it; trying again is useless. It is parked for an operator.
    Refused {
        /// What the partner said, without personal data.
        reason: String,
    },
    /// The partner had taken it, and says later that it will not do. It is parked for an operator.
    Rejected {
        /// What the partner said, without personal data.
        reason: String,
    },
    /// It failed for too long; whether the partner has it is not known. It is parked for an operator.
    GivenUp {
        /// What went wrong last, without personal data.
        reason: String,
    },
}

/// How sending to a partner stands as a whole, as operators decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Counts what operators changed: another number means that what was looked up before may not hold.
    pub acts: u64,
    /// Nothing is sent.
    pub held: bool,
    /// When an operator last asked to try at once, whatever failed before.
    pub spurred: Timestamp,
    /// When it was last released: what waited until then has all its time from there on.
    pub released: Timestamp,
}

/// The store could not record something now.
#[derive(Debug, thiserror::Error)]
#[error("the store cannot commit now: {reason}")]
pub struct Unavailable {
    /// For operators; no personal data.
    pub reason: String,
}

/// Holds what waits to be sent and records what became of it.
pub trait Outgoing: Send + Sync + 'static {
    /// Returns at most `limit` messages that wait for this partner, oldest first, whatever their
    /// `not_before`. Once [`Outgoing::outcome`] has returned, what it recorded shows here: a message that was
    /// delivered, handed over or refused does not wait any more.
    fn waiting(&self, partner: &PartnerId, limit: usize) -> Vec<Waiting>;

    /// Returns how sending to this partner stands.
    fn standing(&self, partner: &PartnerId) -> Standing;

    /// Records how an attempt ended; durable when it returns.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store cannot commit; the message then stays waiting.
    fn outcome(
        &self,
        id: OutgoingId,
        outcome: Outcome,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Changes whenever something may have begun to wait.
    fn changed(&self) -> tokio::sync::watch::Receiver<u64>;
}
