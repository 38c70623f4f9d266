//! What the backoffice stated about a person, as an act has it.

use iwmo_toewijzing::cak::Opgave;
use minicbor::{Decode, Encode};

/// Longest statement, as JSON.
pub const OPGAVE_BYTES_MAX: usize = 16 * 1024;

/// A statement about a person. It is sealed under the key of that person.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Verklaring {
    /// The person.
    #[n(0)]
    pub bsn: String,
    /// The [`Opgave`], as JSON.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub opgave: Vec<u8>,
    /// The word for what is stated.
    #[n(2)]
    pub soort: String,
}

impl Verklaring {
    /// Makes a statement.
    ///
    /// # Errors
    ///
    /// It has no form in JSON, which none of ours lacks.
    pub fn new(bsn: &str, opgave: &Opgave) -> Result<Self, serde_json::Error> {
        let soort = opgave.word().to_owned();
        Ok(Self { bsn: bsn.to_owned(), opgave: serde_json::to_vec(opgave)?, soort })
    }

    /// Returns whether what follows is told at once, and not held back for a correction.
    #[must_use]
    pub fn is_at_once(&self) -> bool {
        matches!(self.opgave(), Ok(Opgave::Vrijgeven {} | Opgave::Herplannen {}))
    }

    /// Returns what is stated.
    ///
    /// # Errors
    ///
    /// The JSON is none, or of another shape.
    pub fn opgave(&self) -> Result<Opgave, serde_json::Error> {
        serde_json::from_slice(&self.opgave)
    }
}

impl std::fmt::Debug for Verklaring {
    /// Neither who nor what.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verklaring").field("soort", &self.soort).finish_non_exhaustive()
    }
}
