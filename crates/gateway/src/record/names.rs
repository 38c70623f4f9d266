//! What records name: the way of a message, and a message that they send.

use std::fmt;

/// A way by which messages come in and go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `POST /uitwisseling/v1/berichten` over mutual TLS.
    Direct,
    /// The backoffice API.
    Backoffice,
    /// An envelope of the GGk.
    Stuf,
    /// A file in a folder.
    Map,
    /// An envelope of the GGk in which VECOZO answers in the place of who was asked (ggk-transport 4.4).
    Vecozo,
}

impl Route {
    /// Returns the word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Stuf => "stuf",
            Self::Map => "map",
            Self::Vecozo => "vecozo",
            Self::Backoffice => "backoffice",
        }
    }
}

/// Names one outgoing message: the journal entry that made it and its place there, `GEMEENTE:SEQ/N`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutgoingId {
    /// The chain of the journal entry.
    pub gemeente: [u8; 4],
    /// The entry's number in that chain.
    pub seq: u64,
    /// The message's place among those of the entry, from 0.
    pub index: u16,
}

impl fmt::Display for OutgoingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", String::from_utf8_lossy(&self.gemeente), self.seq, self.index)
    }
}
