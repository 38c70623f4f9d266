//! What people and systems see: toewijzingen with their state and timeline, outgoing messages, journal entries.
//!
//! The command line and the backoffice API show the same values; only the form differs. Everything here reads.

mod entry;
mod outgoing;
mod reason;
mod timeline;
mod toewijzing;

pub use entry::{EntryView, summarize};
pub use outgoing::{OutgoingView, outgoing};
pub use reason::reason;
pub use timeline::{Line, lines, timeline};
pub use toewijzing::{
    EbPeriodeView, LeveringView, ToewijzingFilter, ToewijzingView, toewijzing, toewijzingen,
};

/// A text in both languages that the gateway speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Dutch.
    pub nl: String,
    /// English.
    pub en: String,
}

impl Words {
    /// Both languages.
    pub fn new(nl: impl Into<String>, en: impl Into<String>) -> Self {
        Self { nl: nl.into(), en: en.into() }
    }
}
