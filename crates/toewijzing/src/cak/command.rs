//! What a message to the CAK says (section 3 of the iEb description).

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::identity::Malformed;

/// The number of a start, unique within the gemeente and never used again (OP290).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct EbStartNummer(u32);

impl EbStartNummer {
    /// The greatest number the schema takes.
    pub const MAX: u32 = 999_999_999;

    /// Takes a number.
    ///
    /// # Errors
    ///
    /// The number is 0 or greater than [`Self::MAX`].
    pub fn new(number: u32) -> Result<Self, Malformed> {
        if number == 0 || number > Self::MAX {
            return Err(Malformed { what: "EbStartNummer", expected: "1 to 999999999" });
        }
        Ok(Self(number))
    }

    /// Returns the number.
    #[must_use]
    pub fn value(self) -> u32 {
        self.0
    }

    /// Returns the number after this one, if there is one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::new(self.0 + 1).ok()
    }
}

impl TryFrom<u32> for EbStartNummer {
    type Error = Malformed;

    fn try_from(number: u32) -> Result<Self, Malformed> {
        Self::new(number)
    }
}

impl From<EbStartNummer> for u32 {
    fn from(number: EbStartNummer) -> Self {
        number.0
    }
}

impl fmt::Display for EbStartNummer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The price of a hulpmiddel or woningaanpassing that the CAK is to guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Kostprijs {
    /// KostprijsBedrag in eurocents.
    pub bedrag_cent: u32,
    /// KostprijsStartdatum.
    #[serde(with = "crate::compact::date")]
    pub startdatum: Date,
}

/// The part of a record that a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Onderdeel {
    /// The start: WMO401.
    Start,
    /// The stop: WMO403.
    Stop,
}

/// One message to the CAK: one fact (release 1.0 has one Client and one start or stop in a message).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Opdracht {
    /// WMO401, StatusAanlevering 1.
    MeldStart {
        /// EbStartNummer.
        nummer: EbStartNummer,
        /// EbStartdatum.
        #[serde(with = "crate::compact::date")]
        datum: Date,
        /// EbKostprijs.
        kostprijs: Option<Kostprijs>,
    },
    /// WMO401, StatusAanlevering 2: the full new record.
    WijzigStart {
        /// EbStartNummer.
        nummer: EbStartNummer,
        /// EbStartdatum.
        #[serde(with = "crate::compact::date")]
        datum: Date,
        /// EbKostprijs.
        kostprijs: Option<Kostprijs>,
    },
    /// WMO401, StatusAanlevering 3: the values as accepted (TR329).
    VerwijderStart {
        /// EbStartNummer.
        nummer: EbStartNummer,
        /// EbStartdatum.
        #[serde(with = "crate::compact::date")]
        datum: Date,
        /// EbKostprijs.
        kostprijs: Option<Kostprijs>,
    },
    /// WMO403, StatusAanlevering 1.
    MeldStop {
        /// EbStartNummer.
        nummer: EbStartNummer,
        /// EbStopdatum.
        #[serde(with = "crate::compact::date")]
        datum: Date,
    },
    /// WMO403, StatusAanlevering 2.
    WijzigStop {
        /// EbStartNummer.
        nummer: EbStartNummer,
        /// EbStopdatum.
        #[serde(with = "crate::compact::date")]
        datum: Date,
    },
    /// WMO403, StatusAanlevering 3: the value as accepted (TR329).
    VerwijderStop {
        /// EbStartNummer.
        nummer: EbStartNummer,
        /// EbStopdatum.
        #[serde(with = "crate::compact::date")]
        datum: Date,
    },
}

impl Opdracht {
    /// Returns the EbStartNummer.
    #[must_use]
    pub fn nummer(&self) -> EbStartNummer {
        match self {
            Self::MeldStart { nummer, .. }
            | Self::WijzigStart { nummer, .. }
            | Self::VerwijderStart { nummer, .. }
            | Self::MeldStop { nummer, .. }
            | Self::WijzigStop { nummer, .. }
            | Self::VerwijderStop { nummer, .. } => *nummer,
        }
    }

    /// Returns EbStartdatum or EbStopdatum.
    #[must_use]
    pub fn datum(&self) -> Date {
        match self {
            Self::MeldStart { datum, .. }
            | Self::WijzigStart { datum, .. }
            | Self::VerwijderStart { datum, .. }
            | Self::MeldStop { datum, .. }
            | Self::WijzigStop { datum, .. }
            | Self::VerwijderStop { datum, .. } => *datum,
        }
    }

    /// Returns EbKostprijs.
    #[must_use]
    pub fn kostprijs(&self) -> Option<Kostprijs> {
        match self {
            Self::MeldStart { kostprijs, .. }
            | Self::WijzigStart { kostprijs, .. }
            | Self::VerwijderStart { kostprijs, .. } => *kostprijs,
            Self::MeldStop { .. } | Self::WijzigStop { .. } | Self::VerwijderStop { .. } => None,
        }
    }

    /// Returns which message it takes.
    #[must_use]
    pub fn onderdeel(&self) -> Onderdeel {
        match self {
            Self::MeldStart { .. } | Self::WijzigStart { .. } | Self::VerwijderStart { .. } => {
                Onderdeel::Start
            }
            Self::MeldStop { .. } | Self::WijzigStop { .. } | Self::VerwijderStop { .. } => Onderdeel::Stop,
        }
    }

    /// Returns StatusAanlevering: 1, 2 or 3.
    #[must_use]
    pub fn status_aanlevering(&self) -> u8 {
        match self {
            Self::MeldStart { .. } | Self::MeldStop { .. } => 1,
            Self::WijzigStart { .. } | Self::WijzigStop { .. } => 2,
            Self::VerwijderStart { .. } | Self::VerwijderStop { .. } => 3,
        }
    }
}
