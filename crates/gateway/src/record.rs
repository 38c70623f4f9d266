//! What a journal entry says: the payloads, as CBOR (RFC 8949) with numbered fields.
//!
//! Limits: a payload is at most the journal's entry size; a message in it at most the configured message
//! size.
//!
//! Layout: the entry's `kind` names the type below, its `version` the revision of that type. Each type is a
//! CBOR array whose element `n` is the field marked `#[n(n)]`; a field that was added later is absent in old
//! entries and then has its default. Numbers of fields are never reused. Dates are text (`2026-11-25`),
//! moments are the entry's own time.
//!
//! One entry is one transaction: the message as received, what was decided about it and everything that is
//! to be sent because of it stand together, so that no crash can part them.
//!
//! Recovery: there is none to do here. What cannot be read is a damaged or newer journal, and
//! [`RecordError`] says which.

mod eb;
mod handeling;
mod inzage;
mod names;
mod retour;
mod verklaring;
mod verwijdering;

use minicbor::{Decode, Encode};

use crate::vault::SEALED_VERSION;

pub use eb::{EbBesluit, EbUitkomst};
pub use handeling::{
    ACT_MESSAGES_MAX, Handeling, OPERATOR_BYTES_MAX, Plek, REASON_BYTES_MAX, TermijnPlek, Wat, Wie,
};
pub use inzage::{Blik, Inzage};
pub use names::{OutgoingId, Route};
pub use retour::Retour;
pub use verklaring::{OPGAVE_BYTES_MAX, Verklaring};
pub use verwijdering::{Grond, REMOVAL_PERSONS_MAX, Rest, Verwijdering, Verwijderverzoek, VerzoekStap};

/// The revision of the records below. In the journal they are sealed, which is version 2 (`vault/sealed.rs`); who
/// reads it with the keys gets them as they are here.
pub const RECORD_VERSION: u16 = 1;

/// The kind of entries that record a look; they change nothing and are no event.
pub const KIND_INZAGE: u16 = 6;

/// The kind of entries that destroy keys.
pub const KIND_VERWIJDERING: u16 = 7;

/// Longest list of outgoing messages in one entry.
pub const OUTGOING_MAX: usize = 64;

/// One journal entry's payload.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A message came in, was judged, and what follows from it.
    Bericht(Box<Bericht>),
    /// An attempt to deliver an outgoing message ended.
    Bezorging(Bezorging),
    /// The CAK planner was run for a person because a day came.
    Planning(Planning),
    /// The gateway started.
    Start(Start),
    /// The configuration was changed while the gateway ran.
    Instelling(Instelling),
    /// An envelope was taken in that cannot be processed.
    Terzijde(Box<Terzijde>),
    /// Somebody decided to change something.
    Handeling(Box<Handeling>),
    /// Somebody looked at what is about a person.
    Inzage(Inzage),
    /// A message that waited was judged.
    Oordeel(Oordeel),
    /// What is about persons was removed.
    Verwijdering(Box<Verwijdering>),
    /// Somebody asked for that.
    Verwijderverzoek(Box<Verwijderverzoek>),
}

/// A message that came in, with the decision.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Bericht {
    /// Which partner sent it.
    #[n(0)]
    pub partner: String,
    /// 0: direct mutual TLS. 1: backoffice API. 2: an envelope of the GGk. 3: a folder. 4: an
    /// envelope in which VECOZO answers in the place of the partner. Since 0.2.0.
    #[n(1)]
    pub route: u8,
    /// SHA-256 of `bytes`.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub sha256: [u8; 32],
    /// The message, unaltered.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// The kind of message, as `WMO305`.
    #[n(4)]
    pub soort: String,
    /// The calendar date in Europe/Amsterdam on which it was judged.
    #[n(5)]
    pub vandaag: String,
    /// What was decided.
    #[n(6)]
    pub uitspraak: Uitspraak,
    /// The rules that decided it, ascending.
    #[n(7)]
    pub regels: Vec<String>,
    /// Findings without a retourcode, for people.
    #[n(8)]
    pub waarschuwingen: Vec<String>,
    /// What is to be sent because of it.
    #[n(9)]
    pub uitgaand: Vec<Uitgaand>,
    /// What the CAK planner decided because of it.
    #[n(10)]
    pub eb: Option<EbBesluit>,
    /// For a retour: the entry of the heenbericht that it answers.
    #[n(11)]
    pub heenbericht: Option<u64>,
    /// How the sender named the request. Since 0.1.0, absent in entries written before.
    #[n(12)]
    pub sleutel: Option<Sleutel>,
    /// What the sender was warned of and confirmed, before it was sent (D4). Since 0.2.0, absent in entries written before.
    #[n(13)]
    pub bevestigd: Option<Vec<String>>,
    /// For a retour: what it says. Since 0.3.0, absent in entries written before.
    #[n(14)]
    pub retour: Option<Retour>,
}

/// How a sender named a request, so that it takes effect once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Sleutel {
    /// The Idempotency-Key.
    #[n(0)]
    pub sleutel: String,
    /// SHA-256 of the request's body, which is not the message when that came as JSON.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub inhoud: [u8; 32],
}

/// The judgement on a message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Uitspraak {
    /// Everything approved; for a retour: taken into account.
    #[n(0)]
    Goedgekeurd,
    /// Rejected with codes in the header; 0001 for rules within the message.
    #[n(1)]
    Kop {
        /// The codes, ascending.
        #[n(0)]
        codes: Vec<String>,
    },
    /// Rejected with codes at classes.
    #[n(2)]
    Klassen {
        /// Per class in document order; empty: no remark.
        #[n(0)]
        codes: Vec<Vec<String>>,
    },
    /// A retour that no heenbericht matches, or that was given before: kept, without effect.
    #[n(3)]
    ZonderGevolg,
    /// It came before what it builds on and is judged later (D8), by an [`Oordeel`]; until then it has no effect and
    /// no retour.
    #[n(4)]
    Geparkeerd {
        /// At the latest at this moment, in microseconds since 1970 UTC.
        #[n(0)]
        tot: i64,
    },
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Uitgaand {
    /// To which partner.
    #[n(0)]
    pub partner: String,
    /// Messages of one partner with the same key leave in order.
    #[n(1)]
    pub volgorde: String,
    /// The kind of message, as `WMO306`.
    #[n(2)]
    pub soort: String,
    /// The message.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// The message leaves in an envelope of the GGk. Since 0.1.0, absent in entries written before.
    #[n(8)]
    pub envelop: Option<Envelop>,
}

/// What is known of the envelope when the message is made; number and time follow from the entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Envelop {
    /// The number of the envelope that it answers.
    #[n(0)]
    pub antwoord_op: Option<String>,
}

/// The end of one delivery attempt.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Bezorging {
    /// The entry, in the same chain, that made the message.
    #[n(0)]
    pub seq: u64,
    /// Its place among those of the entry.
    #[n(1)]
    pub index: u16,
    /// How it ended.
    #[n(2)]
    pub uitkomst: BezorgUitkomst,
}

/// How a delivery attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum BezorgUitkomst {
    /// The partner has it.
    #[n(0)]
    Bezorgd {
        /// The partner's receipt.
        #[n(0)]
        ontvangst: Option<String>,
    },
    /// The next hop has it.
    #[n(1)]
    Doorgegeven {
        /// The next hop's receipt.
        #[n(0)]
        ontvangst: Option<String>,
    },
    /// To be tried again.
    #[n(2)]
    Opnieuw {
        /// Why.
        #[n(0)]
        reden: String,
        /// Not before, in microseconds since 1970 UTC.
        #[n(1)]
        niet_voor: i64,
    },
    /// Refused; parked.
    #[n(3)]
    Geweigerd {
        /// Why.
        #[n(0)]
        reden: String,
    },
    /// It failed for too long, and nobody knows whether it arrived; parked. Since 0.2.0, before that `Geweigerd`.
    #[n(4)]
    Opgegeven {
        /// Why it failed last.
        #[n(0)]
        reden: String,
    },
}

/// A run of the CAK planner for one person.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Planning {
    /// The calendar date in Europe/Amsterdam.
    #[n(0)]
    pub vandaag: String,
    /// The decision.
    #[n(1)]
    pub eb: EbBesluit,
    /// The notification, if there is one.
    #[n(2)]
    pub uitgaand: Vec<Uitgaand>,
}

/// The judgement on a message that waited (D8). Since 0.2.0.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Oordeel {
    /// The entry, in the same chain, that recorded the message.
    #[n(0)]
    pub seq: u64,
    /// The partner that sent it.
    #[n(1)]
    pub partner: String,
    /// The kind of message, as `WMO307`.
    #[n(2)]
    pub soort: String,
    /// The calendar date in Europe/Amsterdam on which it was judged.
    #[n(3)]
    pub vandaag: String,
    /// Whether it was judged because its time was over, and not because what it waited for had come.
    #[n(4)]
    pub tijd_om: bool,
    /// What was decided.
    #[n(5)]
    pub uitspraak: Uitspraak,
    /// The rules that decided it, ascending.
    #[n(6)]
    pub regels: Vec<String>,
    /// Findings without a retourcode, for people.
    #[n(7)]
    pub waarschuwingen: Vec<String>,
    /// What is to be sent because of it.
    #[n(8)]
    pub uitgaand: Vec<Uitgaand>,
    /// What the CAK planner decided because of it.
    #[n(9)]
    pub eb: Option<EbBesluit>,
}

/// A start of the gateway, or its going on after the journal took no entries; in chain `0000`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Start {
    /// The program's version.
    #[n(0)]
    pub versie: String,
    /// The policy that messages are judged under from here on, as TOML.
    #[n(1)]
    pub beleid: String,
    /// The policy of the configuration, as TOML, where it is not in force yet for a gemeente because somebody must look first
    /// what it does (ieb-cak E13); none: there is no difference. Since 0.2.0, absent in entries written before.
    #[n(2)]
    pub voorgesteld: Option<String>,
}

/// An envelope of the GGk that was taken in and whose message cannot be processed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Terzijde {
    /// From which partner.
    #[n(0)]
    pub partner: String,
    /// Which envelope.
    #[n(1)]
    pub sleutel: Option<Sleutel>,
    /// Why, without personal data.
    #[n(2)]
    pub reden: String,
    /// SHA-256 of what came.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub sha256: [u8; 32],
    /// What came; empty when an error went back, since then the sender still has it.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// The error that goes back.
    #[n(5)]
    pub uitgaand: Vec<Uitgaand>,
}

/// The configuration was changed while the gateway ran; in chain `0000`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Instelling {
    /// What changed, a line each.
    #[n(0)]
    pub wat: Vec<String>,
    /// The policy that messages are judged under from here on, as TOML.
    #[n(1)]
    pub beleid: String,
    /// Who asked for it; none: a signal, or a file that was replaced.
    #[n(2)]
    pub wie: Option<Wie>,
    /// Why, in their words.
    #[n(3)]
    pub reden: Option<String>,
    /// The policy of the configuration, as TOML, where it is not in force yet for a gemeente because somebody must look first
    /// what it does (ieb-cak E13); none: there is no difference. Since 0.2.0, absent in entries written before.
    #[n(4)]
    pub voorgesteld: Option<String>,
}

/// Why a payload could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The entry was written by a later release.
    #[error(
        "the entry has kind {kind}, version {version}, which this release does not know; use the release that wrote it"
    )]
    Newer {
        /// The entry's kind.
        kind: u16,
        /// The entry's version.
        version: u16,
    },
    /// The keys that open it were not given.
    #[error("the entry is sealed and the keys are not here")]
    Sealed,
    /// The payload is not what its kind and version say.
    #[error("the entry's payload cannot be read: {0}")]
    Damaged(String),
}

impl Record {
    /// Returns the number that names this kind of entry in the journal.
    #[must_use]
    pub fn kind(&self) -> u16 {
        match self {
            Record::Bericht(_) => 1,
            Record::Bezorging(_) => 2,
            Record::Planning(_) => 3,
            Record::Start(_) => 4,
            Record::Handeling(_) => 5,
            Record::Inzage(_) => KIND_INZAGE,
            Record::Verwijdering(_) => KIND_VERWIJDERING,
            Record::Oordeel(_) => 9,
            Record::Instelling(_) => 10,
            Record::Terzijde(_) => 11,
            Record::Verwijderverzoek(_) => 13,
        }
    }

    /// Returns whether entries of this kind say who did or saw what.
    #[must_use]
    pub fn is_audit(kind: u16) -> bool {
        matches!(kind, 5 | 10 | 13 | KIND_INZAGE | KIND_VERWIJDERING)
    }

    /// Returns what is to be sent because of it.
    #[must_use]
    pub fn into_uitgaand(self) -> Vec<Uitgaand> {
        match self {
            Record::Bericht(bericht) => bericht.uitgaand,
            Record::Planning(planning) => planning.uitgaand,
            Record::Oordeel(oordeel) => oordeel.uitgaand,
            Record::Terzijde(terzijde) => terzijde.uitgaand,
            Record::Bezorging(_)
            | Record::Start(_)
            | Record::Handeling(_)
            | Record::Inzage(_)
            | Record::Verwijdering(_)
            | Record::Verwijderverzoek(_)
            | Record::Instelling(_) => Vec::new(),
        }
    }

    /// Appends the payload to `buffer`.
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        // Writing to a `Vec` cannot fail, and no field has a fallible encoder.
        let result = match self {
            Record::Bericht(bericht) => minicbor::encode(bericht, buffer),
            Record::Bezorging(bezorging) => minicbor::encode(bezorging, buffer),
            Record::Planning(planning) => minicbor::encode(planning, buffer),
            Record::Start(start) => minicbor::encode(start, buffer),
            Record::Handeling(handeling) => minicbor::encode(handeling, buffer),
            Record::Inzage(inzage) => minicbor::encode(inzage, buffer),
            Record::Oordeel(oordeel) => minicbor::encode(oordeel, buffer),
            Record::Instelling(instelling) => minicbor::encode(instelling, buffer),
            Record::Terzijde(terzijde) => minicbor::encode(terzijde, buffer),
            Record::Verwijdering(verwijdering) => minicbor::encode(verwijdering, buffer),
            Record::Verwijderverzoek(verzoek) => minicbor::encode(verzoek, buffer),
        };
        debug_assert!(result.is_ok(), "a Vec takes every byte");
    }

    /// Reads a payload.
    ///
    /// # Errors
    ///
    /// [`RecordError`] when the entry is of a later release or damaged.
    pub fn decode(kind: u16, version: u16, payload: &[u8]) -> Result<Self, RecordError> {
        if version == SEALED_VERSION {
            return Err(RecordError::Sealed);
        }
        if version > RECORD_VERSION {
            return Err(RecordError::Newer { kind, version });
        }
        let damaged = |error: minicbor::decode::Error| RecordError::Damaged(error.to_string());
        match kind {
            1 => minicbor::decode(payload).map(|b| Record::Bericht(Box::new(b))).map_err(damaged),
            2 => minicbor::decode(payload).map(Record::Bezorging).map_err(damaged),
            3 => minicbor::decode(payload).map(Record::Planning).map_err(damaged),
            4 => minicbor::decode(payload).map(Record::Start).map_err(damaged),
            5 => minicbor::decode(payload).map(|h| Record::Handeling(Box::new(h))).map_err(damaged),
            KIND_INZAGE => minicbor::decode(payload).map(Record::Inzage).map_err(damaged),
            KIND_VERWIJDERING => {
                minicbor::decode(payload).map(|v| Record::Verwijdering(Box::new(v))).map_err(damaged)
            }
            9 => minicbor::decode(payload).map(Record::Oordeel).map_err(damaged),
            10 => minicbor::decode(payload).map(Record::Instelling).map_err(damaged),
            11 => minicbor::decode(payload).map(|t| Record::Terzijde(Box::new(t))).map_err(damaged),
            13 => minicbor::decode(payload).map(|v| Record::Verwijderverzoek(Box::new(v))).map_err(damaged),
            _ => Err(RecordError::Newer { kind, version }),
        }
    }
}

impl Route {
    /// Returns the number that stands for this route in the journal.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Route::Direct => 0,
            Route::Backoffice => 1,
            Route::Stuf => 2,
            Route::Map => 3,
            Route::Vecozo => 4,
        }
    }
}

#[cfg(test)]
mod tests;
