//! The names the standard gives to parties, people, toewijzingen and products.
//!
//! Each type has one constructor, and that checks; whoever holds a value holds a well-formed one. Reading
//! a stored value goes through the same constructor. Numbers that the standard writes with leading zeros
//! are kept as digits, ToewijzingNummer as an integer because `000667899` and `667899` are the same number.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The text given is not a well-formed value of the named type.
///
/// The text itself is left out: it may be personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: {expected}")]
pub struct Malformed {
    /// The type that was asked for.
    pub what: &'static str,
    /// What it looks like.
    pub expected: &'static str,
}

/// Has a value stored as its text, without a copy of that on the way.
macro_rules! as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text(Self::new))
            }
        }
    };
}

/// Reads a value from its text.
struct Text<T>(fn(&str) -> Result<T, Malformed>);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

macro_rules! digits {
    ($(#[$doc:meta])* $name:ident, $len:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Takes the digits as the message writes them.
            ///
            /// # Errors
            ///
            /// The text has another length, or something else than digits.
            pub fn new(text: &str) -> Result<Self, Malformed> {
                let fault = Malformed { what: stringify!($name), expected: $expected };
                let digits: [u8; $len] = text.as_bytes().try_into().map_err(|_| fault)?;
                if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(fault) }
            }

            fn text(&self) -> &str {
                // Only ASCII digits get in, so this never falls back.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                Self::new(text)
            }
        }

        as_text!($name);
    };
}

macro_rules! readable {
    ($name:ident) => {
        impl $name {
            /// Returns the value as a message writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.text()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }
    };
}

digits! {
    /// A municipality, by its CBS code.
    Gemeente, 4, "four digits"
}
readable!(Gemeente);

digits! {
    /// A care provider, by its AGB code.
    Aanbieder, 8, "eight digits"
}
readable!(Aanbieder);

digits! {
    /// The citizen service number of a client. Never shown, unless someone asks with [`Bsn::expose`].
    ///
    /// The 11-proef is rule CS002 of the messages and not a property of this type: a message with a
    /// wrong sum still gets an answer.
    Bsn, 9, "nine digits"
}

impl Bsn {
    /// Nobody: a 319 names no client, and one that answers no known request belongs to nobody's dossier.
    pub const NIEMAND: Self = Self(*b"000000000");

    /// Returns the digits. For encoders, keys and what an operator asked to see.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text()
    }
}

impl fmt::Debug for Bsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bsn(*********)")
    }
}

digits! {
    /// A product category of code list WMO020.
    Categorie, 2, "two digits"
}
readable!(Categorie);

digits! {
    /// Why a toewijzing was changed, a code of list WMO002.
    RedenWijziging, 2, "two digits"
}
readable!(RedenWijziging);

impl RedenWijziging {
    /// `13`: the toewijzing counts as never sent (OP033x1).
    pub const VERWIJDERD: Self = Self(*b"13");
    /// `01`: withdrawn code of earlier releases, now refused by CS336.
    pub const ADMINISTRATIEVE_CORRECTIE_OUD: Self = Self(*b"01");
}

digits! {
    /// Why a delivery stopped, a code of list WMO588.
    RedenBeeindiging, 2, "two digits"
}
readable!(RedenBeeindiging);

impl RedenBeeindiging {
    /// `20`: the only temporary stop.
    pub const TIJDELIJK: Self = Self(*b"20");

    /// True for the one code that stops a delivery for a while (OP377, OP378).
    #[must_use]
    pub fn is_tijdelijk(self) -> bool {
        self == Self::TIJDELIJK
    }
}

macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $max:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(SmolStr);

        impl $name {
            /// The greatest number of characters.
            pub const CHARS_MAX: usize = $max;

            /// Takes the text as the message writes it; comparison is exact and case-sensitive (D20).
            ///
            /// # Errors
            ///
            /// The text is blank or longer than [`Self::CHARS_MAX`].
            pub fn new(text: &str) -> Result<Self, Malformed> {
                if text.trim().is_empty() || text.chars().count() > Self::CHARS_MAX {
                    return Err(Malformed { what: stringify!($name), expected: $expected });
                }
                Ok(Self(text.into()))
            }

            fn text(&self) -> &str {
                &self.0
            }
        }

        as_text!($name);

        readable!($name);
    };
}

bounded_text! {
    /// The number of a Prestatie, given by the aanbieder.
    ReferentieNummer, 20, "1 to 20 characters, not blank"
}

bounded_text! {
    /// The code of a product within its category.
    ProductCode, 5, "1 to 5 characters, not blank"
}
bounded_text! {
    /// BerichtIdentificatie/Identificatie: what its sender calls a message.
    Identificatie, 12, "1 to 12 characters, not blank"
}
bounded_text! {
    /// ReferentieAanbieder: what the aanbieder calls its request.
    ReferentieAanbieder, 36, "1 to 36 characters, not blank"
}
bounded_text! {
    /// What the backoffice calls a voorziening that it states itself.
    VoorzieningNaam, 36, "1 to 36 characters, not blank"
}

/// The number of a toewijzing, unique within its gemeente (TR332).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct ToewijzingNummer(u32);

impl ToewijzingNummer {
    /// The greatest number the schema takes.
    pub const MAX: u32 = 999_999_999;

    /// Takes the number.
    ///
    /// # Errors
    ///
    /// The number is greater than [`Self::MAX`].
    pub fn new(number: u32) -> Result<Self, Malformed> {
        if number > Self::MAX {
            return Err(Malformed { what: "ToewijzingNummer", expected: "0 to 999999999" });
        }
        Ok(Self(number))
    }

    /// Returns the number.
    #[must_use]
    pub fn value(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for ToewijzingNummer {
    type Error = Malformed;

    fn try_from(number: u32) -> Result<Self, Malformed> {
        Self::new(number)
    }
}

impl From<ToewijzingNummer> for u32 {
    fn from(number: ToewijzingNummer) -> Self {
        number.0
    }
}

impl fmt::Debug for ToewijzingNummer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for ToewijzingNummer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A code of list WJ001 (iWmo) or of the retourcodes of iEb: four characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Retourcode([u8; 4]);

impl Retourcode {
    /// `0200`: nothing wrong with this class.
    pub const GEEN_OPMERKINGEN: Self = Self(*b"0200");
    /// `0001`: the message breaks a rule that can be judged from the message alone.
    pub const TECHNISCH_ONJUIST: Self = Self(*b"0001");
    /// `0233`: not judged.
    pub const NIET_BEOORDEELD: Self = Self(*b"0233");
    /// `S300`: the CAK does not know the gemeente.
    pub const GEMEENTE_ONBEKEND: Self = Self(*b"S300");

    /// Takes the code as the message writes it.
    ///
    /// # Errors
    ///
    /// The code is not four ASCII letters and digits.
    pub fn new(text: &str) -> Result<Self, Malformed> {
        let fault = Malformed { what: "Retourcode", expected: "four letters or digits" };
        let code: [u8; 4] = text.as_bytes().try_into().map_err(|_| fault)?;
        if code.iter().all(u8::is_ascii_alphanumeric) { Ok(Self(code)) } else { Err(fault) }
    }

    /// Only for codes written in this crate.
    pub(crate) const fn known(code: &[u8; 4]) -> Self {
        Self(*code)
    }

    fn text(&self) -> &str {
        // Only ASCII gets in, so this never falls back.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
readable!(Retourcode);

as_text!(Retourcode);

/// A category, or one product of it. A generic toewijzing has no Product at all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Product {
    /// The category.
    pub categorie: Categorie,
    /// The product; absent when the whole category is meant.
    pub code: Option<ProductCode>,
}

impl Product {
    /// True for devices, of which a client may have several at once (categories 11 to 14).
    #[must_use]
    pub fn is_hulpmiddel(&self) -> bool {
        matches!(self.categorie.as_str(), "11" | "12" | "13" | "14")
    }
}

/// How much is assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Omvang {
    /// How many units.
    pub volume: u32,
    /// The unit, a code of WJ756.
    pub eenheid: u8,
    /// Per which period, a code of WJ758; 6 is the whole toewijzing.
    pub frequentie: u8,
}

impl Omvang {
    /// The Frequentie "in total within the toewijzing", whose Volume may change under one number (OP033x1).
    pub const TOTAAL_BINNEN_GELDIGHEIDSDUUR: u8 = 6;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_values_get_in() {
        assert!(Gemeente::new("0384").is_ok());
        for wrong in ["384", "00384", "03a4", "", "０３"] {
            assert!(Gemeente::new(wrong).is_err(), "{wrong}");
        }
        assert!(Aanbieder::new("42420001").is_ok());
        assert!(Aanbieder::new("4242000").is_err());
        assert!(Identificatie::new("   ").is_err());
        assert!(Identificatie::new("1234567890123").is_err());
        assert!(ToewijzingNummer::new(1_000_000_000).is_err());
        assert!(Retourcode::new("S329").is_ok());
        assert!(Retourcode::new("S3 9").is_err());
    }

    #[test]
    fn a_bsn_is_never_shown_by_accident() {
        let bsn = Bsn::new("999900006").expect("nine digits");
        assert_eq!(format!("{bsn:?}"), "Bsn(*********)");
        assert_eq!(bsn.expose(), "999900006");
    }

    #[test]
    fn stored_values_pass_the_same_check() {
        assert!(serde_json::from_str::<Bsn>("\"12345678x\"").is_err());
        assert!(serde_json::from_str::<ToewijzingNummer>("1000000000").is_err());
        assert!(serde_json::from_str::<ProductCode>("\"01A11\"").is_ok());
    }
}
