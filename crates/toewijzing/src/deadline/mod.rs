//! What is due from whom and when (section 11 of the lifecycle), as data.
//!
//! Nothing sleeps here: deadlines follow from records and the calendar, and the caller compares them with today.
//! A message that comes late is judged like any other; no rule refuses it.
//!
//! | file | what |
//! | --- | --- |
//! | `records.rs` | what follows from a dossier |
//! | `agreed.rs` | what gemeente and aanbieder agreed (D26 too) |
//! | `reality.rs` | what an aanbieder owes, given what really happened |
//! | `contribution.rs` | what the CAK must be told |
//! | `open.rs` | what waits for somebody, without calendar, agreement or today |
//!
//! `tests/it/deadlines.rs` walks the list of deadlines and holds each row against these.

mod agreed;
mod contribution;
mod open;
mod reality;
mod records;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use agreed::{Afspraak, agreed};
pub use contribution::{VERGELIJKING_MAANDEN, cak_data, comparison};
pub use open::{Open, OpenStart, OpenVerzoek, due, open};
pub use reality::{Werkelijk, intake, of_reality};
pub use records::{all_of_dossier, declarable, declaratie, of_dossier, retour};

use crate::dossier::Onderwerp;
use crate::identity::{Identificatie, ReferentieAanbieder};

/// Working days in which a retour is to be sent (OP090).
pub const RETOUR_WERKDAGEN: u16 = 3;

/// Working days in which a start or stop is to be reported (OP271, OP272, OP288).
pub const MELDING_WERKDAGEN: u16 = 5;

/// Working days in which a request is to be answered (OP274, OP346), or sent after the intake (FAQ).
pub const VERZOEK_WERKDAGEN: u16 = 5;

/// Days after Dagtekening of a request in which it is to be answered once it is looked into: eight weeks (OP274, OP346).
pub const ONDERZOEK_DAGEN: i32 = 56;

/// Working days in which a declaration is to be answered (OP090x4).
pub const DECLARATIE_WERKDAGEN: u16 = 10;

/// Months after the end of a ProductPeriode in which it may be declared: five years (TR335).
pub const DECLARABEL_MAANDEN: i32 = 60;

/// Something that is or was due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Deadline {
    /// The last day.
    pub due: Date,
    /// The day from which the period counts; it is not counted itself.
    pub start: Date,
    /// Which timer.
    pub timer: Timer,
    /// What it is about.
    pub subject: Subject,
    /// Who must act, or is told that another did not.
    pub wie: Wie,
    /// The day on which it was met, as far as the records show; absent while it is not.
    pub voldaan: Option<Date>,
}

impl Deadline {
    /// True when the last day has passed and it is not met.
    #[must_use]
    pub fn is_expired(&self, today: Date) -> bool {
        self.stand(today) == Stand::Verlopen
    }

    /// Returns how it stands. The last day itself is in time.
    #[must_use]
    pub fn stand(&self, today: Date) -> Stand {
        match self.voldaan {
            Some(day) if day > self.due => Stand::TeLaat,
            Some(_) => Stand::Gehaald,
            None if today > self.due => Stand::Verlopen,
            None => Stand::Loopt,
        }
    }
}

/// How a deadline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stand {
    /// Not met, and there is time.
    Loopt,
    /// Not met, and the last day has passed.
    Verlopen,
    /// Met in time.
    Gehaald,
    /// Met after the last day.
    TeLaat,
}

impl Stand {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Loopt, Self::Verlopen, Self::Gehaald, Self::TeLaat];

    /// Returns the name that reports and interfaces use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loopt => "loopt",
            Self::Verlopen => "verlopen",
            Self::Gehaald => "gehaald",
            Self::TeLaat => "te_laat",
        }
    }

    /// True when nothing is to be done any more.
    #[must_use]
    pub fn is_met(self) -> bool {
        matches!(self, Self::Gehaald | Self::TeLaat)
    }
}

macro_rules! timers {
    ($($(#[$doc:meta])* $name:ident = $text:literal [$($regel:literal),*];)*) => {
        /// The timers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Timer {
            $($(#[$doc])* $name,)*
        }

        impl Timer {
            /// Every timer.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the name that reports and interfaces use.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Returns the rules, laws and decisions (Dn) that it rests on.
            #[must_use]
            pub fn regels(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($regel),*],)*
                }
            }
        }
    };
}

timers! {
    /// A message was received and its retour not yet sent: our own obligation.
    RetourOut = "RETOUR_OUT" ["OP090"];
    /// A message was sent and its retour has not come.
    RetourIn = "RETOUR_IN" ["OP090"];
    /// Support began and the 305 was not sent.
    StartDue = "START_DUE" ["OP271"];
    /// Support ended, or a pause proved to be the end, and the 307 was not sent.
    StopDue = "STOP_DUE" ["OP272"];
    /// The toewijzing ends while a start is open.
    StopMissing = "STOP_MISSING" ["OP288", "OP272"];
    /// A toewijzing has no start on record in the days that the gemeente allows (D26).
    NoStart = "NO_START" ["D26"];
    /// Support began and the CAK does not know of it (Uitvoeringsregeling Wmo 2015 art. 2f).
    CakData = "CAK_DATA" ["Regeling-2f"];
    /// A 315 waits for its answer (OP274).
    Antwoord = "OP274" ["OP274"];
    /// A 317 waits for its answer (OP346).
    AntwoordWijziging = "OP346" ["OP346"];
    /// A 323 waits for its 325 (OP090x4).
    Declaratie = "OP090x4" ["OP090x4"];
    /// The intake is done and the 315 was not sent.
    Aanvraag = "FAQ-315" ["FAQ-315"];
    /// The aanbieder is to have spoken with the client, as agreed.
    Contact = "CONTACT" ["afspraak"];
    /// Support is to have begun, as agreed.
    StartAfspraak = "START_AGREED" ["afspraak"];
    /// The last day on which support can be declared (TR335).
    Declarabel = "TR335" ["TR335"];
    /// A pgb was granted and the CAK does not know of it (Uitvoeringsregeling Wmo 2015 art. 2f).
    CakPgb = "CAK_PGB" ["Regeling-2f-pgb"];
    /// Gemeente and CAK compare their administrations of sheltered housing (Uitvoeringsregeling Wmo 2015 art. 2h).
    Vergelijking = "CAK_COMPARE" ["Regeling-2h"];
}

/// What a deadline is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A message, by its Identificatie.
    Bericht(Identificatie),
    /// A toewijzing or taakgericht delivery.
    Onderwerp(Onderwerp),
    /// The person, from this day on: the own contribution, or an intake.
    EigenBijdrage(Date),
    /// A request, by its ReferentieAanbieder.
    Verzoek(ReferentieAanbieder),
}

/// One of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Wie {
    /// The gemeente.
    Gemeente,
    /// The aanbieder.
    Aanbieder,
}
