//! Looks: who saw what about a person.
//!
//! A look is one journal entry in the chain of the gemeente, made durable with whatever else the loop writes. It names a
//! person by the entry that first concerned them, never by BSN, so that what is erased elsewhere need not be erased here.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{Plek, Wie};

/// Somebody looked at what is about a person.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Inzage {
    /// Who.
    #[n(0)]
    pub wie: Wie,
    /// At what.
    #[n(1)]
    pub wat: Blik,
}

/// What was looked at. Numbers are never used again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Blik {
    /// A received message, or what was decided about it, in words.
    #[n(0)]
    Bericht {
        /// The entry.
        #[n(0)]
        seq: u64,
        /// The message itself, and not only what was decided.
        #[n(1)]
        inhoud: bool,
    },
    /// An outgoing message.
    #[n(1)]
    Uitgaand {
        /// The message.
        #[n(0)]
        bericht: Plek,
    },
    /// A toewijzing with its timeline.
    #[n(2)]
    Toewijzing {
        /// ToewijzingNummer.
        #[n(0)]
        nummer: u32,
    },
    /// A person was looked up by BSN.
    #[n(3)]
    Persoon {
        /// The first entry that concerned the person; none: nobody was found.
        #[n(0)]
        sinds: Option<u64>,
    },
    /// Entries were exported with their messages.
    #[n(4)]
    Uitvoer {
        /// How many.
        #[n(0)]
        entries: u64,
    },
}
