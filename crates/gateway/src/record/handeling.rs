//! Acts: what somebody decided to change, who that was, and why.
//!
//! An act is one journal entry, in the chain of the gemeente whose messages it is about, or in `0000` when it is about
//! no gemeente. It names what it changes one by one; how that was chosen is gone by then. An act that would change
//! nothing is no entry.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{Sleutel, Verklaring};

/// Most messages that one act names.
pub const ACT_MESSAGES_MAX: usize = 10_000;

/// Longest reason.
pub const REASON_BYTES_MAX: usize = 1_000;

/// Longest name of an operator that is kept.
pub const OPERATOR_BYTES_MAX: usize = 64;

/// Somebody decided to change something.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Handeling {
    /// Who.
    #[n(0)]
    pub wie: Wie,
    /// What is changed.
    #[n(1)]
    pub wat: Wat,
    /// Why, in their words.
    #[n(2)]
    pub reden: String,
    /// How the request was named, if it came over the API with a key.
    #[n(3)]
    pub sleutel: Option<Sleutel>,
}

/// Who acts or looks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wie {
    /// The gateway itself.
    #[n(0)]
    Gateway,
    /// Someone on the machine.
    #[n(1)]
    Operator {
        /// The user that the system vouches for.
        #[n(0)]
        uid: u32,
        /// Its name, when the system knows one.
        #[n(1)]
        naam: Option<String>,
        /// Who became that user with sudo, by what sudo says.
        #[n(2)]
        namens: Option<String>,
    },
    /// A backoffice system, by the name of its token.
    #[n(2)]
    Token {
        /// The token's name.
        #[n(0)]
        naam: String,
    },
    /// A partner, proved by its certificate.
    #[n(3)]
    Partner {
        /// The partner's name.
        #[n(0)]
        naam: String,
    },
}

impl std::fmt::Display for Wie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gateway => f.write_str("gateway"),
            Self::Operator { uid, naam, namens } => {
                match naam {
                    Some(naam) => write!(f, "{naam} (uid {uid})")?,
                    None => write!(f, "uid {uid}")?,
                }
                match namens {
                    Some(namens) => write!(f, ", sudo by {namens}"),
                    None => Ok(()),
                }
            }
            Self::Token { naam } => write!(f, "token {naam}"),
            Self::Partner { naam } => write!(f, "partner {naam}"),
        }
    }
}

/// An outgoing message of the entry's gemeente: the entry that made it and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
pub struct Plek {
    /// The entry.
    #[n(0)]
    pub seq: u64,
    /// The place among those of the entry, from 0.
    #[n(1)]
    pub index: u16,
}

/// What an act changes. Numbers are never used again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[non_exhaustive]
pub enum Wat {
    /// Messages are to be sent again at once, and get all the time that a new message has.
    #[n(0)]
    UitgaandOpnieuw {
        /// The messages.
        #[n(0)]
        berichten: Vec<Plek>,
    },
    /// Messages are not sent until they are released, nor are younger ones with their order key.
    #[n(1)]
    UitgaandVasthouden {
        /// The messages.
        #[n(0)]
        berichten: Vec<Plek>,
    },
    /// Held messages are sent again.
    #[n(2)]
    UitgaandVrijgeven {
        /// The messages.
        #[n(0)]
        berichten: Vec<Plek>,
    },
    /// Messages are never sent.
    #[n(3)]
    UitgaandAnnuleren {
        /// The messages.
        #[n(0)]
        berichten: Vec<Plek>,
    },
    /// Nothing is sent to a partner until it is released. In chain `0000`.
    #[n(4)]
    PartnerVasthouden {
        /// The partner.
        #[n(0)]
        partner: String,
    },
    /// Messages to a partner are sent again. In chain `0000`.
    #[n(5)]
    PartnerVrijgeven {
        /// The partner.
        #[n(0)]
        partner: String,
    },
    /// The CAK planner goes on for the persons of these notifications, after someone dealt with what was wrong.
    #[n(6)]
    CakVrijgeven {
        /// The notifications.
        #[n(0)]
        meldingen: Vec<Plek>,
    },
    /// What was odd about messages was dealt with.
    #[n(7)]
    WerkAfgehandeld {
        /// The entries of the messages, or of the judgements on them.
        #[n(0)]
        entries: Vec<u64>,
    },
    /// The backoffice stated something about a person from which the eigen bijdrage follows.
    #[n(12)]
    Opgave {
        /// The person and what is stated.
        #[n(0)]
        verklaring: Verklaring,
    },
    /// Messages that have left go out once more, as they were. One that waits is left alone.
    #[n(8)]
    UitgaandHerhalen {
        /// The messages.
        #[n(0)]
        berichten: Vec<Plek>,
    },
    /// What was agreed with an aanbieder was done, or is dealt with, though no message shows it (D26). Since 0.2.0.
    #[n(14)]
    TermijnAfgehandeld {
        /// The deadlines.
        #[n(0)]
        termijnen: Vec<TermijnPlek>,
    },
    /// Nothing about anybody in the gemeente is told the CAK until somebody lets it go on. Since 0.2.0.
    #[n(15)]
    CakStilleggen,
    /// The CAK is told again. Since 0.2.0.
    #[n(16)]
    CakHervatten,
    /// The choices about the eigen bijdrage that the configuration has are put in force. Since 0.2.0.
    #[n(17)]
    CakBeleid,
    /// The keys of the store were put under a new master key. In chain `0000`. Since 0.3.0.
    #[n(18)]
    SleutelsVernieuwd {
        /// The name of the new one, which is a digest.
        #[n(0)]
        hoofdsleutel: String,
    },
    /// The journal goes on without entries that it has lost. In chain `0000`. Since 0.3.0.
    #[n(19)]
    VerliesAanvaard {
        /// The last entry of each chain that the ledger stood for and the journal does not have.
        #[n(0)]
        ontbreekt: Vec<String>,
    },
}

/// A deadline of a toewijzing of the entry's gemeente.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct TermijnPlek {
    /// ToewijzingNummer.
    #[n(0)]
    pub nummer: u32,
    /// Which timer, as CONTACT.
    #[n(1)]
    pub termijn: String,
}

impl Wat {
    /// Returns the word for what is done, for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::UitgaandOpnieuw { .. } => "uitgaand_opnieuw",
            Self::UitgaandHerhalen { .. } => "uitgaand_herhalen",
            Self::UitgaandVasthouden { .. } => "uitgaand_vasthouden",
            Self::UitgaandVrijgeven { .. } => "uitgaand_vrijgeven",
            Self::UitgaandAnnuleren { .. } => "uitgaand_annuleren",
            Self::PartnerVasthouden { .. } => "partner_vasthouden",
            Self::PartnerVrijgeven { .. } => "partner_vrijgeven",
            Self::CakVrijgeven { .. } => "cak_vrijgeven",
            Self::WerkAfgehandeld { .. } => "werk_afgehandeld",
            Self::Opgave { .. } => "eigen_bijdrage_opgave",
            Self::TermijnAfgehandeld { .. } => "termijn_afgehandeld",
            Self::CakStilleggen => "cak_stilleggen",
            Self::CakHervatten => "cak_hervatten",
            Self::CakBeleid => "cak_beleid",
            Self::SleutelsVernieuwd { .. } => "sleutels_vernieuwd",
            Self::VerliesAanvaard { .. } => "verlies_aanvaard",
        }
    }

    /// Returns how many things it changes.
    #[must_use]
    pub fn aantal(&self) -> u64 {
        let count = match self {
            Self::WerkAfgehandeld { entries } => entries.len(),
            Self::TermijnAfgehandeld { termijnen } => termijnen.len(),
            Self::PartnerVasthouden { .. }
            | Self::PartnerVrijgeven { .. }
            | Self::CakStilleggen
            | Self::CakHervatten
            | Self::CakBeleid
            | Self::SleutelsVernieuwd { .. }
            | Self::VerliesAanvaard { .. }
            | Self::Opgave { .. } => 1,
            _ => self.berichten().len(),
        };
        count as u64
    }

    /// Returns the outgoing messages that it names.
    #[must_use]
    pub fn berichten(&self) -> &[Plek] {
        match self {
            Self::UitgaandOpnieuw { berichten }
            | Self::UitgaandHerhalen { berichten }
            | Self::UitgaandVasthouden { berichten }
            | Self::UitgaandVrijgeven { berichten }
            | Self::UitgaandAnnuleren { berichten } => berichten,
            Self::CakVrijgeven { meldingen } => meldingen,
            Self::PartnerVasthouden { .. }
            | Self::PartnerVrijgeven { .. }
            | Self::WerkAfgehandeld { .. }
            | Self::TermijnAfgehandeld { .. }
            | Self::CakStilleggen
            | Self::CakHervatten
            | Self::CakBeleid
            | Self::SleutelsVernieuwd { .. }
            | Self::VerliesAanvaard { .. }
            | Self::Opgave { .. } => &[],
        }
    }
}
