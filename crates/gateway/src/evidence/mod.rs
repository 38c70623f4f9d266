//! Evidence: one toewijzing with all messages and decisions, bound to the hash chain and signed, to be checked without
//! the store.
//!
//! Limits: a line has at most [`LINE_BYTES_MAX`] bytes, a bundle at most [`ENTRIES_MAX`] entries.
//!
//! Layout: UTF-8 lines that end in a line feed; each is a JSON object without spaces, its members in this order.
//!
//! | line | members |
//! | --- | --- |
//! | first | `bewijs`: 1, the form; `toewijzing`: `GEMEENTE/NUMMER`; `gemaakt`: when, UTC; `programma`: its version; `keten`, `seq`, `hash`: the tip of the chain then; `regels`: how many entries follow; `sleutel`: the public key |
//! | `regels` lines | `entry`; `tijd` (microseconds since 1970 UTC), `soort`, `versie`, `vorige`, `hash`, `inhoud` (base64): the entry as it stands in the journal; `overzicht`, `tekst`: what was decided, for programs and in words; `xml`: the message as it was received; `uitgaand`: partner, kind and XML of what was sent |
//! | then | `van`: a number in the chain; `hashes`: the hashes from that entry on, [`HASHES_A_LINE`] at most; together those of all entries of the chain, from the first to the tip |
//! | last | `handtekening`: Ed25519 over the SHA-256 of every byte before this line |
//!
//! What is proved: whoever knows a hash of the chain, as `iwmo journal verify` prints it, finds it here, and the entries
//! here are those of that chain: the hash of each follows from its content and the hash before it, and stands at its place
//! in the row. What an entry holds about a person is sealed there, and is given in clear beside it; that the one is the
//! other is what the signature says. Of a message about several persons only the part about this one is in clear.
//!
//! A flipped byte anywhere is noticed: every byte is signed, and the signature has one form.

mod build;
mod check;
mod key;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use build::build;
#[cfg(test)]
use check::signature_fits as check_signature;
pub use check::{Checked, check};
pub use key::{KEY_FILE, SigningKey};

/// Longest line.
pub const LINE_BYTES_MAX: usize = 256 << 20;

/// Most entries of a bundle.
pub const ENTRIES_MAX: usize = 10_000;

/// Most hashes in a line.
pub const HASHES_A_LINE: usize = 1_024;

/// How the parts of others in a message about several are shown; as long as what it stands in place of.
const LEFT_OUT: &str = "<!--weggelaten";

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// There is no such toewijzing.
    #[error("there is no toewijzing {0}")]
    Unknown(String),
    /// It has more entries than a bundle takes.
    #[error("this toewijzing has more than {ENTRIES_MAX} entries")]
    TooMany,
    /// The store cannot be read.
    #[error(transparent)]
    Ledger(#[from] crate::ledger::LedgerError),
    /// The key cannot be read or made.
    #[error("{0}")]
    Key(String),
    /// The bundle cannot be written or read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    bewijs: u32,
    toewijzing: String,
    gemaakt: String,
    programma: String,
    keten: String,
    seq: u64,
    hash: String,
    regels: usize,
    sleutel: String,
}

/// An entry.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    entry: String,
    tijd: i64,
    soort: u16,
    versie: u16,
    vorige: String,
    hash: String,
    inhoud: String,
    overzicht: serde_json::Value,
    tekst: Vec<String>,
    xml: Option<String>,
    uitgaand: Vec<Sent>,
}

/// A message that was sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    partner: String,
    bericht: String,
    xml: String,
}

/// A row of hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashes {
    van: u64,
    hashes: Vec<String>,
}
