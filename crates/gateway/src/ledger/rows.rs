//! The rows of the ledger.

use iwmo_toewijzing::cak::EbDossier;
use iwmo_toewijzing::event::Event;
use iwmo_toewijzing::identity::{Aanbieder, Bsn, ToewijzingNummer};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A person as one gemeente knows them, over all aanbieders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Persoon {
    /// The first entry that concerned them; what is sent about them keeps its order under this number.
    pub sinds: u64,
    /// Who supports them, ascending.
    pub aanbieders: Vec<Aanbieder>,
    /// Date of birth, as the latest message gave it.
    #[serde(with = "iwmo_toewijzing::compact::optional_date")]
    pub geboortedatum: Option<Date>,
    /// What the CAK was told and answered.
    pub eb: EbDossier,
    /// Something was stated about them: there is a row that says what.
    pub opgaven: bool,
    /// From when on the CAK planner must run again, in microseconds since 1970 UTC.
    pub plan_op_us: Option<i64>,
    /// Why the planner waits, or what a person must decide.
    pub eb_reden: Option<String>,
}

/// A heenbericht, received or sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heenbericht {
    /// The entry that recorded it.
    pub seq: u64,
    /// The aanbieder on the other side.
    pub aanbieder: Aanbieder,
    /// The client; none for a declaration and its answer, which have many.
    pub bsn: Option<Bsn>,
    /// Dagtekening; none when it has no year of four digits, which no approved message has.
    #[serde(with = "iwmo_toewijzing::compact::optional_date")]
    pub dagtekening: Option<Date>,
    /// The toewijzingen it speaks of.
    pub nummers: Vec<ToewijzingNummer>,
    /// The entry that recorded its retour.
    pub antwoord: Option<u64>,
    /// Of one that came in: from whom, and SHA-256 of it. Its receipt is this row.
    pub ontvangst: Option<(String, [u8; 32])>,
}

/// A declaration (323) that was taken, until and after its answer (325).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Declaratie {
    /// The entry that recorded it.
    pub seq: u64,
    /// The day it was received.
    #[serde(with = "iwmo_toewijzing::compact::date")]
    pub dag: Date,
    /// Dagtekening.
    #[serde(with = "iwmo_toewijzing::compact::date")]
    pub dagtekening: Date,
    /// XsdVersie: of the basisschema and of the message (TR371).
    pub xsd_versie: (String, String),
    /// Whose Prestaties it has, ascending.
    pub clienten: Vec<Bsn>,
    /// The entry that recorded its answer.
    pub antwoord: Option<u64>,
    /// The day of its answer.
    #[serde(with = "iwmo_toewijzing::compact::optional_date")]
    pub beantwoord_op: Option<Date>,
}

/// A deadline that somebody dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Afgehandeld {
    /// The entry of the act.
    pub seq: u64,
    /// The day on which it was said.
    #[serde(with = "iwmo_toewijzing::compact::date")]
    pub dag: Date,
}

/// A message that came before what it builds on and waits to be judged (D8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Geparkeerd {
    /// The partner that sent it.
    pub partner: String,
    /// The kind of message, as `WMO307`.
    pub soort: String,
    /// At the latest at this moment, in microseconds since 1970 UTC.
    pub tot_us: i64,
    /// What it says.
    pub event: Event,
    /// The client's date of birth, as it gives it.
    #[serde(with = "iwmo_toewijzing::compact::optional_date")]
    pub geboortedatum: Option<Date>,
}

/// What was odd about a message, though no reason to refuse it (OP095): work for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opmerking {
    /// The kind of message.
    pub soort: String,
    /// What was odd.
    pub codes: Vec<String>,
    /// The aanbieder on the other side; none: the CAK.
    pub aanbieder: Option<Aanbieder>,
    /// The toewijzingen it speaks of.
    pub nummers: Vec<ToewijzingNummer>,
    /// When, in microseconds since 1970 UTC.
    pub sinds_us: i64,
    /// Somebody said that it was dealt with.
    pub afgehandeld: bool,
}

/// A notification to the CAK.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EbMelding {
    /// The entry that recorded it.
    pub seq: u64,
    /// Its place among the outgoing messages of the entry.
    pub plaats: u16,
    /// Whom it is about.
    pub bsn: Bsn,
    /// A stop (WMO403) and not a start (WMO401).
    pub stop: bool,
    /// Dagtekening.
    #[serde(with = "iwmo_toewijzing::compact::date")]
    pub dagtekening: Date,
    /// The entry that recorded its retour.
    pub antwoord: Option<u64>,
    /// The day of its retour.
    #[serde(with = "iwmo_toewijzing::compact::optional_date")]
    pub beantwoord_op: Option<Date>,
}

impl EbMelding {
    /// Returns the kind of message that answers it.
    #[must_use]
    pub fn retour_soort(&self) -> &'static str {
        if self.stop { "WMO404" } else { "WMO402" }
    }
}

/// Where an outgoing message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stand {
    /// It waits to be sent, for the first time or again. Not final.
    Wacht,
    /// The next hop has it, the confirmation is still to come. Not final.
    Doorgegeven,
    /// The partner has it. Final.
    Bezorgd,
    /// The partner refused it; an operator must look. Not final.
    Geparkeerd,
    /// An operator keeps it back, and younger messages with its order key with it. Not final.
    Vastgehouden,
    /// An operator decided that it is never sent. Final.
    Geannuleerd,
}

impl Stand {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Wacht,
        Self::Doorgegeven,
        Self::Bezorgd,
        Self::Geparkeerd,
        Self::Vastgehouden,
        Self::Geannuleerd,
    ];

    /// Returns the word for it, for programs and people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wacht => "wacht",
            Self::Doorgegeven => "doorgegeven",
            Self::Bezorgd => "bezorgd",
            Self::Geparkeerd => "geparkeerd",
            Self::Vastgehouden => "vastgehouden",
            Self::Geannuleerd => "geannuleerd",
        }
    }

    /// Returns whether nothing more is to happen with the message.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Bezorgd | Self::Geannuleerd => true,
            Self::Wacht | Self::Doorgegeven | Self::Geparkeerd | Self::Vastgehouden => false,
        }
    }
}

/// An outgoing message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Uitgaand {
    /// To which partner.
    pub partner: String,
    /// Messages of one partner with the same key leave in order.
    pub volgorde: String,
    /// The kind of message, as `WMO306`.
    pub soort: String,
    /// When it was made, in microseconds since 1970 UTC.
    pub gemaakt_us: i64,
    /// Its place in the queue: when it was made, but never before what its gemeente made earlier. A clock that was set
    /// back must not let it overtake.
    pub plaats_us: i64,
    /// How often it was tried.
    pub pogingen: u32,
    /// Not before this moment, in microseconds since 1970 UTC.
    pub niet_voor_us: i64,
    /// Where it stands.
    pub stand: Stand,
    /// Why it waits or is parked.
    pub reden: Option<String>,
    /// The receipt of who has it.
    pub ontvangst: Option<String>,
    /// When it came to stand so, in microseconds since 1970 UTC.
    pub sinds_us: i64,
    /// From when on it counts how long it waits, in microseconds since 1970 UTC: when it was made, or when an operator
    /// last gave it new time.
    pub geduld_us: i64,
    /// Of a notification to the CAK: its Identificatie.
    pub melding: Option<String>,
    /// It was delivered before, and goes out once more.
    pub herhaald: bool,
}

/// How sending to a partner stands as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verzending {
    /// Nothing is sent until an operator releases it.
    pub vastgehouden: Option<Vasthouding>,
    /// When an operator last asked to send at once, in microseconds since 1970 UTC.
    pub aangespoord_us: i64,
    /// When it was last released, in microseconds since 1970 UTC; how long messages wait counts from then.
    pub vrijgegeven_us: i64,
}

/// Since when and why an operator keeps something back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vasthouding {
    /// Since when, in microseconds since 1970 UTC.
    pub sinds_us: i64,
    /// Why, in the operator's words.
    pub reden: String,
}

/// Why the CAK is told nothing about anybody in a gemeente.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CakStil {
    /// The entry that stopped it.
    pub seq: u64,
    /// Since when, in microseconds since 1970 UTC.
    pub sinds_us: i64,
    /// Why, in the words of who stopped it; none: the CAK does not know the gemeente (S300).
    pub reden: Option<String>,
}

/// The choices of a gemeente about the eigen bijdrage, as TOML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EbKeuzes {
    /// By which the CAK is told.
    pub in_kracht: String,
    /// Those of the configuration, when somebody must look first what they do.
    pub voorgesteld: Option<String>,
    /// The entry since which they wait.
    pub seq: u64,
    /// When that was, in microseconds since 1970 UTC.
    pub sinds_us: i64,
}

/// What an Idempotency-Key of a partner is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sleutel {
    /// The chain of the entry that recorded the request.
    pub chain: [u8; 4],
    /// The entry's number.
    pub seq: u64,
    /// SHA-256 of the request's body.
    pub inhoud: [u8; 32],
    /// SHA-256 of the message.
    pub bericht: [u8; 32],
}

/// Counters of a gemeente.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tellers {
    /// The highest EbStartNummer given out.
    pub eb_start_nummer: u32,
    /// The last place given out in the queues of partners.
    pub plaats_us: i64,
    /// A message is gone whose receipt is known.
    pub weg: bool,
    /// The CAK is told nothing about anybody.
    pub cak_stil: bool,
    /// How many messages wait to be judged (D8).
    pub geparkeerd: u32,
    /// The day on which the last message was made, as keys have it; zero: there is none.
    pub gemaakt_op: u32,
}
