//! Declarations (323) and their outcome (325), as far as a toewijzing cares: which Prestaties were approved.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::identity::{Identificatie, ReferentieNummer, ToewijzingNummer};

/// One Prestatie of a 323.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prestatie {
    /// ProductReferentie/ReferentieNummer.
    pub referentie: ReferentieNummer,
    /// ProductReferentie/VorigReferentieNummer: the debit that a credit takes back (IV091).
    pub vorige: Option<ReferentieNummer>,
    /// ToewijzingNummer.
    pub nummer: ToewijzingNummer,
    /// DebetCredit is C.
    pub credit: bool,
    /// ProductPeriode/Begindatum.
    #[serde(with = "crate::compact::date")]
    pub begin: Date,
    /// ProductPeriode/Einddatum.
    #[serde(with = "crate::compact::date")]
    pub eind: Date,
}

/// What a 325 says of the Prestaties of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaratieUitkomst {
    /// Identificatie of the 323.
    pub op: Identificatie,
    /// Which of them it refuses; the others are approved (IV087).
    pub afgewezen: Afgewezen,
}

/// Prestaties that are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Afgewezen {
    /// All: the header, the declaration or the client was refused.
    Alle,
    /// These; none when the declaration was granted in full.
    Enkele(BTreeSet<ReferentieNummer>),
}
