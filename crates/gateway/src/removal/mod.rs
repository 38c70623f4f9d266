//! Removing what is kept about persons: because they asked, or because the term for keeping it is over.
//!
//! | file | what |
//! | --- | --- |
//! | `bsns.rs` | under which BSNs a person is on record |
//! | `held.rs` | what is kept about a person, and what stands against removing it |
//! | `expired.rs` | about whom the term is over |
//! | `perform.rs` | what is asked, shown or done |
//! | `daily.rs` | the daily run |
//!
//! Limits: [`crate::record::REMOVAL_PERSONS_MAX`] persons in one go.
//!
//! How: the key that everything about the person stands under in the journal is destroyed (`vault/`), and no row of the
//! ledger is about them any more (`ledger/verwijderd.rs`). The order is: the entry that says so is durable; the rows are
//! written; the key is destroyed; only then is the answer given. Whatever cuts that short after the entry, the next start
//! completes it before anything else is done.

mod bsns;
mod daily;
mod expired;
mod held;
mod perform;

use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub(crate) use daily::day;
pub use expired::{Verlopen, expired};
pub use held::held;
pub(crate) use perform::due;
pub use perform::{perform, plan, requests};

/// How many years what is about a person is kept after the last change, at least (Wmo 2015 art. 5.3.4).
pub const TERM_YEARS: u16 = 15;

/// Within how many months a request to remove is to be met (Wmo 2015 art. 5.3.5).
pub const REQUEST_MONTHS: i8 = 3;

/// What stands against removing what is about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[value(rename_all = "kebab-case")]
pub enum Hindernis {
    /// A toewijzing runs, or is still to begin.
    Lopend,
    /// The CAK holds a period that has no end, or owes an answer.
    Cak,
    /// A message about the person has not left, or its delivery is not confirmed.
    Uitgaand,
    /// A message about the person waits to be judged.
    Wachtend,
    /// The term for keeping is not over, and the person did not ask. Nothing overrides it.
    #[value(skip)]
    Termijn,
    /// Entries were written before there were keys and stand in clear. Nothing overrides it.
    #[value(skip)]
    KlareTekst,
}

impl Hindernis {
    /// Returns whether an operator may decide to remove in spite of it.
    #[must_use]
    pub fn is_te_negeren(self) -> bool {
        !matches!(self, Self::Termijn | Self::KlareTekst)
    }

    /// Returns the word for it, for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lopend => "lopend",
            Self::Cak => "cak",
            Self::Uitgaand => "uitgaand",
            Self::Wachtend => "wachtend",
            Self::Termijn => "termijn",
            Self::KlareTekst => "klare-tekst",
        }
    }
}

/// What a gemeente keeps about a person. Nothing in it says who that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gehouden {
    /// Gemeentecode.
    pub gemeente: Gemeente,
    /// This is under a BSN that was stated to be wrong: the person has another.
    pub eerdere_bsn: bool,
    /// Entries about the person.
    pub entries: u64,
    /// Messages in them, received and sent.
    pub berichten: u64,
    /// Of those: messages about other persons too, of which only this person's part is removed.
    pub met_anderen: u64,
    /// Toewijzingen.
    pub toewijzingen: u64,
    /// Of those: which run or are still to begin.
    pub lopend: u64,
    /// Periods of eigen bijdrage that the CAK accepted.
    pub perioden: u64,
    /// Messages that have not left or whose delivery is not confirmed; removed, they never leave.
    pub niet_verzonden: u64,
    /// The day of the last change.
    pub laatste: Option<Date>,
    /// Until when it is to be kept, unless the person asks.
    pub bewaren_tot: Option<Date>,
    /// The request that is open, `GEMEENTE:SEQ`.
    pub verzoek: Option<String>,
    /// What stands against removing it.
    pub hindernissen: Vec<Hindernis>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Opdracht {
    /// Remove what is about a person.
    Verwijder {
        /// The person.
        bsn: Bsn,
        /// At these gemeenten; none: wherever they are known.
        gemeenten: Option<Vec<Gemeente>>,
        /// In spite of this.
        ondanks: Vec<Hindernis>,
    },
    /// Remove what is about everybody of whom the term is over.
    Verlopen {
        /// At these gemeenten; none: at all.
        gemeenten: Option<Vec<Gemeente>>,
    },
    /// Record that a person asked.
    Verzoek {
        /// The person.
        bsn: Bsn,
        /// At these gemeenten; none: wherever they are known.
        gemeenten: Option<Vec<Gemeente>>,
        /// The day the request was received.
        ontvangen: Date,
    },
    /// Record that a request is not met.
    Afwijzen {
        /// The entry of the request, `GEMEENTE:SEQ`.
        verzoek: String,
    },
}

/// What an order does or did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verslag {
    /// Whether it was done, and not only shown.
    pub uitgevoerd: bool,
    /// What is or was kept about the person, by gemeente.
    pub gehouden: Vec<Gehouden>,
    /// About whom the term is over, by gemeente.
    pub verlopen: Vec<Verlopen>,
    /// Requests that are recorded or closed.
    pub verzoeken: Vec<VerzoekView>,
    /// The journal entries that record it.
    pub handelingen: Vec<String>,
}

/// A request to remove what is kept about a person. Nothing in it says who that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerzoekView {
    /// The entry that recorded it, `GEMEENTE:SEQ`; none yet in a preview.
    pub entry: Option<String>,
    /// Gemeentecode.
    pub gemeente: Gemeente,
    /// The day it was received.
    pub ontvangen: Date,
    /// The last day to meet it.
    pub uiterlijk: Date,
    /// Whether that day has passed while it was open.
    pub verlopen: bool,
    /// `open`, `ingewilligd` or `afgewezen`.
    pub stand: String,
}
