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
use iwmo_toewijzing::judge::Beleid;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::berichten::Page;
use super::page::{Rows, Seen};
use super::place::{SEPARATOR, entry_place};
use super::termijnen::{Begin, gemeenten};
use super::{PlaceCursor, Words};
use crate::engine::Settings;
use crate::ledger::LedgerError;
use crate::store::{Ledger, Value};

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
    /// Since when, on a Dutch clock, where that is known.
    pub sinds: Option<String>,
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

    /// The place of a row: what is due first comes first, then as the index has them. No personal data is in it.
    fn place(&self) -> String {
        let day = self.uiterlijk.as_deref().unwrap_or(NO_DAY);
        let nummer = self.toewijzing.map(|nummer| format!("{nummer:0>10}")).unwrap_or_default();
        let vanaf = self.vanaf.map(|day| day.to_string()).unwrap_or_default();
        let (aanbieder, entry) = (self.aanbieder.as_deref(), entry_place(self.entry.as_deref()));
        let aanbieder = aanbieder.unwrap_or_default();
        [day, &self.gemeente, self.soort, &vanaf, aanbieder, &entry, &nummer, &self.code].join(SEPARATOR)
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
    let mut queue = Queue::new(settings, filter, today);
    fill(ledger, &mut queue)?;
    Ok(queue.rows.page())
}

fn fill(ledger: &Ledger, queue: &mut Queue<'_>) -> Result<(), LedgerError> {
    for gemeente in gemeenten(ledger, queue.settings, queue.filter.gemeenten.as_deref()) {
        index::of_deadlines(ledger, gemeente, queue)?;
        index::of_waiting(ledger, gemeente, queue)?;
        persons::of_gemeente(ledger, gemeente, queue)?;
    }
    Ok(())
}

/// The rows that come first.
struct Queue<'f> {
    filter: &'f WerkFilter,
    settings: &'f Settings,
    /// Of gemeenten that are not configured.
    standard: Beleid,
    today: Date,
    begin: Begin,
    rows: Rows<'f, WerkView>,
}

impl<'f> Queue<'f> {
    fn new(settings: &'f Settings, filter: &'f WerkFilter, today: Date) -> Self {
        let begin = Begin::new(filter.after.as_ref(), None);
        let rows = Rows::new(filter.after.as_ref(), filter.limit);
        Self { filter, settings, standard: Beleid::default(), today, begin, rows }
    }

    /// The choices of a gemeente: its working days and what it agreed.
    fn beleid(&self, gemeente: Gemeente) -> &Beleid {
        self.settings.gemeenten.get(&gemeente).map_or(&self.standard, |own| &own.beleid)
    }

    fn wants(&self, soort: WerkSoort) -> bool {
        self.filter.soort.is_none_or(|asked| asked == soort)
    }

    /// Whether the filters let a row through.
    fn takes(&self, row: &WerkView) -> bool {
        let filter = self.filter;
        filter.aanbieder.is_none_or(|wanted| row.aanbieder.as_deref() == Some(wanted.as_str()))
            && filter.soort.is_none_or(|wanted| row.soort == wanted.as_str())
            && filter.code.as_ref().is_none_or(|wanted| row.code.split(',').any(|code| code == wanted))
            && (row.verlopen || !filter.verlopen)
    }

    /// Keeps a row, if it is asked for.
    fn add(&mut self, row: WerkView) {
        if self.takes(&row) {
            self.rows.keep(row.place(), row);
        }
    }

    /// Takes rows from an index.
    fn follow(
        &mut self,
        ledger: &Ledger,
        prefix: &[u8],
        from: &[u8],
        see: impl Fn(&Self, &[u8], &Value) -> Result<Option<Seen<WerkView>>, LedgerError>,
    ) -> Result<(), LedgerError> {
        let mut rows = std::mem::replace(&mut self.rows, Rows::new(None, 0));
        let result = rows.take(ledger, prefix, from, |key, value| see(self, key, value));
        self.rows = rows;
        result
    }
}
