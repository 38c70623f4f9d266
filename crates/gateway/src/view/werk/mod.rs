//! The work queue: what a person of the gemeente must do or look at, over everything on record.
//!
//! Most of it is not stored: it follows from the records and is gone when they are mended. Only what was odd about a
//! message stays until somebody says that it was dealt with. The index of what waits says where work is, so that a page
//! costs what it shows; of what the CAK is told it looks at everybody about whom the CAK does not have all that it should.
//!
//! | file | what |
//! | --- | --- |
//! | `index.rs` | the kinds of row that work comes from |
//! | `persons.rs` | what the CAK is told |
//! | `sources.rs` | what a row says |

mod index;
mod persons;
mod sources;
#[cfg(test)]
pub(crate) mod walk;

use std::str::FromStr;

use iwmo_toewijzing::deadline::Deadline;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::listing::Asked;
use super::page::Page;
use super::place::{SEPARATOR, entry_place};
use super::termijnen::gemeenten;
use super::{PlaceCursor, Words};
use crate::clock::Moment;
use crate::engine::Settings;
use crate::ledger::LedgerError;
use crate::store::Ledger;

/// Sorts what has no last day behind what has one.
const NO_DAY: &str = "9999-12-31";

/// Kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WerkSoort {
    /// A request waits for its answer.
    Verzoek,
    /// A declaration waits for its answer.
    Declaratie,
    /// The aanbieder refused a toewijzing: correct it and send it again.
    Afgekeurd,
    /// A stop is overdue.
    Stop,
    /// A start is overdue, by agreement or because the gemeente wants to know (D26).
    Start,
    /// Something is on record that should not be.
    Anomalie,
    /// What the CAK is told needs a person.
    Cak,
    /// An outgoing message was refused or given up.
    Uitgaand,
    /// A message that came too early waits.
    Geparkeerd,
    /// Something was odd about a message.
    Waarschuwing,
}

impl WerkSoort {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Verzoek,
        Self::Declaratie,
        Self::Afgekeurd,
        Self::Stop,
        Self::Start,
        Self::Anomalie,
        Self::Cak,
        Self::Uitgaand,
        Self::Geparkeerd,
        Self::Waarschuwing,
    ];

    /// Returns the name that interfaces use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verzoek => "verzoek",
            Self::Declaratie => "declaratie",
            Self::Afgekeurd => "afgekeurd",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Anomalie => "anomalie",
            Self::Cak => "cak",
            Self::Uitgaand => "uitgaand",
            Self::Geparkeerd => "geparkeerd",
            Self::Waarschuwing => "waarschuwing",
        }
    }
}

/// The name is no kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no kind of work; one of verzoek, declaratie, afgekeurd, stop, start, anomalie, cak, uitgaand, geparkeerd, waarschuwing"
)]
pub struct NotAKind;

impl FromStr for WerkSoort {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.to_lowercase();
        Self::ALL.into_iter().find(|soort| soort.as_str() == text).ok_or(NotAKind)
    }
}

/// Something for a person to do or look at. Nothing in it says who it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WerkView {
    /// verzoek, declaratie, afgekeurd, stop, start, anomalie, cak, uitgaand, geparkeerd or waarschuwing.
    pub soort: &'static str,
    /// What exactly, as TWO_OPEN_STARTS or TRANSPORT.
    pub code: String,
    /// Gemeentecode.
    pub gemeente: String,
    /// AGB code of the aanbieder on the other side.
    pub aanbieder: Option<String>,
    /// ToewijzingNummer.
    pub toewijzing: Option<u32>,
    /// The entry or outgoing message that it is about, `GEMEENTE:SEQ` or `GEMEENTE:SEQ/N`; of a start that is overdue the
    /// deadline, `GEMEENTE/NUMMER/TIMER`.
    pub entry: Option<String>,
    /// The last day, if there is one.
    pub uiterlijk: Option<String>,
    /// Whether the last day has passed.
    pub verlopen: bool,
    /// Since when, where that is known.
    pub sinds: Option<Moment>,
    /// What is to be done, in Dutch.
    pub tekst: String,
    /// What is to be done, in English.
    pub text: String,
    /// The rules and decisions that it rests on.
    pub regels: Vec<&'static str>,
    /// The day from which its period counts; it only puts in order.
    #[serde(skip)]
    vanaf: Option<Date>,
}

impl WerkView {
    fn new(soort: WerkSoort, code: &str, gemeente: Gemeente, words: Words) -> Self {
        Self {
            soort: soort.as_str(),
            code: code.to_owned(),
            gemeente: gemeente.to_string(),
            aanbieder: None,
            toewijzing: None,
            entry: None,
            uiterlijk: None,
            verlopen: false,
            sinds: None,
            tekst: words.nl,
            text: words.en,
            regels: Vec::new(),
            vanaf: None,
        }
    }

    fn due(mut self, found: &Deadline, today: Date) -> Self {
        self.uiterlijk = Some(found.due.to_string());
        self.verlopen = today > found.due;
        self.vanaf = Some(found.start);
        self
    }
}

/// Which work to show.
#[derive(Clone, Debug, Default)]
pub struct WerkFilter {
    /// Of these gemeenten; none: all.
    pub gemeenten: Option<Vec<Gemeente>>,
    /// With this aanbieder.
    pub aanbieder: Option<Aanbieder>,
    /// Of this kind.
    pub soort: Option<WerkSoort>,
    /// With this code.
    pub code: Option<String>,
    /// Only what is overdue.
    pub verlopen: bool,
    /// After the place of this cursor.
    pub after: Option<PlaceCursor>,
    /// At most so many.
    pub limit: usize,
}

/// Returns the work, what is due first in front.
///
/// # Errors
///
/// The store cannot be read.
pub fn werk(
    ledger: &Ledger,
    settings: &Settings,
    filter: &WerkFilter,
    today: Date,
) -> Result<Page<WerkView, PlaceCursor>, LedgerError> {
    let mut listing = Listing::begin(settings, filter, today, None);
    fill(ledger, &mut listing)?;
    Ok(listing.page())
}

fn fill(ledger: &Ledger, listing: &mut Listing<'_>) -> Result<(), LedgerError> {
    for gemeente in gemeenten(ledger, listing.settings, listing.filter.gemeenten.as_deref()) {
        index::of_deadlines(ledger, gemeente, listing)?;
        index::of_waiting(ledger, gemeente, listing)?;
        persons::of_gemeente(ledger, gemeente, listing)?;
    }
    Ok(())
}

/// The rows that come first.
type Listing<'f> = super::listing::Listing<'f, WerkFilter>;

impl Asked for WerkFilter {
    type Row = WerkView;

    fn page(&self) -> (Option<&PlaceCursor>, usize) {
        (self.after.as_ref(), self.limit)
    }

    fn takes(&self, row: &WerkView, _: Date) -> bool {
        self.aanbieder.is_none_or(|wanted| row.aanbieder.as_deref() == Some(wanted.as_str()))
            && self.soort.is_none_or(|wanted| row.soort == wanted.as_str())
            && self.code.as_ref().is_none_or(|wanted| row.code.split(',').any(|code| code == wanted))
            && (row.verlopen || !self.verlopen)
    }

    /// What is due first comes first, then as the index has them.
    fn place(row: &WerkView) -> String {
        let day = row.uiterlijk.as_deref().unwrap_or(NO_DAY);
        let nummer = row.toewijzing.map(|nummer| format!("{nummer:0>10}")).unwrap_or_default();
        let vanaf = row.vanaf.map(|day| day.to_string()).unwrap_or_default();
        let (aanbieder, entry) = (row.aanbieder.as_deref(), entry_place(row.entry.as_deref()));
        let aanbieder = aanbieder.unwrap_or_default();
        [day, &row.gemeente, row.soort, &vanaf, aanbieder, &entry, &nummer, &row.code].join(SEPARATOR)
    }
}

impl Listing<'_> {
    fn wants(&self, soort: WerkSoort) -> bool {
        self.filter.soort.is_none_or(|asked| asked == soort)
    }
}
