//! Removals: what somebody asked to be removed, and the keys that were destroyed for it.
//!
//! Both name persons by the key that what is about them stands under. Its name is random, and once the key is destroyed
//! nothing leads from it to a person.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::{Plek, Wie};

/// Most persons of one removal.
pub const REMOVAL_PERSONS_MAX: usize = 1_000;

/// The keys of persons are destroyed: what stands under them in this chain can never be read again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Verwijdering {
    /// Who.
    #[n(0)]
    pub wie: Wie,
    /// Why, in their words.
    #[n(1)]
    pub reden: String,
    /// What gives the right to.
    #[n(2)]
    pub grond: Grond,
    /// The keys.
    #[n(3)]
    pub sleutels: Vec<ByteArray<16>>,
    /// How many entries had something under them.
    #[n(4)]
    pub entries: u64,
    /// Messages that had not left and never will.
    #[n(5)]
    pub geannuleerd: Vec<Plek>,
    /// Counts that came from what was removed, and stay.
    #[n(6)]
    pub tellingen: Vec<Rest>,
    /// The requests that are met by it: their entries.
    #[n(7)]
    pub verzoeken: Vec<u64>,
    /// The highest EbStartNummer given out, whoever it was given to (OP290).
    #[n(8)]
    pub eb_start_nummer: u32,
}

/// What gives the right to remove what is about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Grond {
    /// The person asked (Wmo 2015 art. 5.3.5).
    #[n(0)]
    Verzoek,
    /// The term for keeping it is over (Wmo 2015 art. 5.3.4).
    #[n(1)]
    Termijn,
}

impl Grond {
    /// Returns the word for it, for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Verzoek => "verzoek",
            Self::Termijn => "termijn",
        }
    }
}

/// What a count keeps of what was removed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Rest {
    /// What is counted: the key of the row behind the gemeente.
    #[n(0)]
    pub wat: String,
    /// How many.
    #[n(1)]
    pub aantal: u64,
    /// What they come to.
    #[n(2)]
    pub som: i64,
    /// The volume.
    #[n(3)]
    pub volume: i64,
    /// How many in each class.
    #[n(4)]
    pub verdeling: Vec<u32>,
}

/// A person asked that what is kept about them is removed, or that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Verwijderverzoek {
    /// Who recorded it.
    #[n(0)]
    pub wie: Wie,
    /// What for or why, in their words.
    #[n(1)]
    pub reden: String,
    /// What is recorded.
    #[n(2)]
    pub stap: VerzoekStap,
}

/// A step in the life of such a request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum VerzoekStap {
    /// It came in.
    #[n(0)]
    Ontvangen {
        /// The key of the person.
        #[n(0)]
        sleutel: ByteArray<16>,
        /// The day it was received, from which the three months count.
        #[n(1)]
        ontvangen: String,
    },
    /// It is not met: keeping the data matters greatly to another, or the law forbids their destruction.
    #[n(1)]
    Afgewezen {
        /// The entry that recorded the request.
        #[n(0)]
        verzoek: u64,
    },
}
