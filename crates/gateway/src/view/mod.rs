//! What people and systems see: toewijzingen with their state and timeline, outgoing messages, journal entries.
//!
//! The command line and the backoffice API show the same values; only the form differs. Everything here reads.

mod bekend;
mod berichten;
mod choices;
mod cursor;
mod eigen_bijdrage;
mod entry;
mod findings;
mod handelingen;
mod inzagen;
mod label;
mod listing;
mod outgoing;
mod page;
mod persoon;
mod place;
mod queues;
mod reason;
mod requests;
mod statistiek;
mod termijnen;
mod timeline;
mod toewijzing;
mod werk;
mod words;

pub use bekend::{BekendView, known_periods};
pub use berichten::{BerichtFilter, BerichtView, Inhoud, Order, bericht, berichten, entries_after, xml};
pub use choices::{NotAChoice, bericht as soort_bericht, levering, stand, termijn};
pub use cursor::{Cursor, NotACursor};
pub use eigen_bijdrage::{
    AanvaardView, EigenBijdrageView, GewenstView, GrondslagView, MeldingView, NietBelastView, StapView,
    VergelijkingView, eigen_bijdrage,
};
pub use entry::{EntryView, summarize};
pub use findings::{finding, finding_rules};
pub use handelingen::{act_words, handeling_words};
pub use inzagen::{AuditView, audit};
pub use label::{EntryFilter, EntryLabel, label};
#[cfg(test)]
pub(crate) use outgoing::outgoing;
pub use outgoing::{OutgoingFilter, OutgoingView, outgoing_by, outgoing_id, outgoing_of, outgoing_page};
pub use page::Page;
pub use persoon::{ArrangementView, VerzoekView, arrangement};
pub use place::PlaceCursor;
pub use queues::{HeldView, QueueView, frozen, held, queues, say_still};
pub use reason::reason;
pub use statistiek::{
    Aantal, Afkeuring, Doorlooptijd, Klasse, ProductCijfers, Statistiek, StatistiekFilter, month, statistiek,
};
pub use termijnen::{TermijnFilter, TermijnView, termijnen};
pub use timeline::{Line, lines, timeline};
pub use toewijzing::{
    EbPeriodeView, LeveringView, ToewijzingFilter, ToewijzingView, toewijzing, toewijzingen,
};

#[cfg(test)]
pub(crate) use termijnen::walk as termijnen_walk;
#[cfg(test)]
pub(crate) use werk::walk as werk_walk;
pub use werk::{NotAKind, WerkFilter, WerkSoort, WerkView, werk};

/// A text in both languages that the gateway speaks.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
