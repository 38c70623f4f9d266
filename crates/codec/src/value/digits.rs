//! Codes of a fixed number of characters: BSN, AGB code, gemeentecode, retourcode.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::{LexicalError, leaf};

macro_rules! fixed_code {
    ($(#[$doc:meta])* $name:ident, $length:literal, $class:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Returns the code as it stands in a message.
            #[must_use]
            pub fn as_str(&self) -> &str {
                // The constructor admits ASCII only.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        impl FromStr for $name {
            type Err = LexicalError;

            fn from_str(text: &str) -> Result<Self, LexicalError> {
                match <[u8; $length]>::try_from(text.as_bytes()) {
                    Ok(bytes) if bytes.iter().all(u8::$class) => Ok(Self(bytes)),
                    _ => Err(LexicalError::new($expected)),
                }
            }
        }

        leaf!($name, $expected, |code| Cow::Borrowed(code.as_str()));
    };
}

macro_rules! shown {
    ($($name:ident),+) => {
        $(
            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(self.as_str())
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(self.as_str())
                }
            }
        )+
    };
}

fixed_code! {
    /// A burgerservicenummer: nine digits (RS015). That it passes the eleven test is rule CS002, not the type's
    /// matter, because a message with a wrong one still gets a retour. Never shown: no `Display`, masked `Debug`.
    Bsn, 9, is_ascii_digit, "a BSN (nine digits)"
}

fixed_code! {
    /// The AGB code of an aanbieder: eight digits (RS036).
    AgbCode, 8, is_ascii_digit, "an AGB code (eight digits)"
}

fixed_code! {
    /// The CBS code of a gemeente: four digits (RS035).
    Gemeentecode, 4, is_ascii_digit, "a gemeentecode (four digits)"
}

fixed_code! {
    /// A retourcode (WJ001, EB001): four characters. Which codes a retour may carry depends on its standard.
    RetourCode, 4, is_ascii_alphanumeric, "a retourcode (four characters)"
}

shown!(AgbCode, Gemeentecode, RetourCode);

impl fmt::Debug for Bsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Bsn {
    /// The eleven test (CS002). 000000000 passes it, and no rule forbids that (D23).
    #[must_use]
    pub fn passes_eleven_test(&self) -> bool {
        const WEIGHTS: [i32; 9] = [9, 8, 7, 6, 5, 4, 3, 2, -1];
        let sum: i32 =
            WEIGHTS.iter().zip(self.0).map(|(weight, digit)| weight * i32::from(digit - b'0')).sum();
        sum % 11 == 0
    }
}

impl RetourCode {
    /// 0001: refused for technical reasons, only ever in the header of a retour without body.
    pub const TECHNISCH: Self = Self(*b"0001");
    /// 0200: nothing to remark on this class.
    pub const GEEN_OPMERKING: Self = Self(*b"0200");
    /// 0233: the class was not judged.
    pub const NIET_BEOORDEELD: Self = Self(*b"0233");
    /// 8848: Dagtekening lies in the future (TR135, CS064).
    pub const DAGTEKENING: Self = Self(*b"8848");
    /// 8021: the ReferentieNummer was used before (TR314).
    pub const REFERENTIE_GEBRUIKT: Self = Self(*b"8021");
    /// 9319: the support lies after the declared period (TR319).
    pub const BUITEN_PERIODE: Self = Self(*b"9319");
    /// S300: the gemeentecode is not known (TR378, CS300).
    pub const GEMEENTE_ONBEKEND: Self = Self(*b"S300");
    /// S329: the product code is not of its category (TR381).
    pub const PRODUCTCODE_ONBEKEND: Self = Self(*b"S329");
}

#[cfg(test)]
mod tests {
    use super::{AgbCode, Bsn, Gemeentecode, RetourCode};

    #[test]
    fn codes_have_their_length_and_characters() {
        assert_eq!("0222".parse::<Gemeentecode>().unwrap().as_str(), "0222");
        assert_eq!("S300".parse::<RetourCode>().unwrap().to_string(), "S300");
        for text in ["", "222", "02222", "022a", "０222", " 222"] {
            assert!(text.parse::<Gemeentecode>().is_err(), "{text}");
        }
        assert!("4242424".parse::<AgbCode>().is_err());
        assert!("99990000".parse::<Bsn>().is_err());
    }

    #[test]
    fn the_eleven_test() {
        for good in ["123456782", "999900006", "999900018", "999996770", "999996782", "000000000"] {
            assert!(good.parse::<Bsn>().unwrap().passes_eleven_test(), "{good}");
        }
        for wrong in ["123456789", "999900007", "000000001"] {
            assert!(!wrong.parse::<Bsn>().unwrap().passes_eleven_test(), "{wrong}");
        }
    }

    #[test]
    fn a_bsn_is_never_shown() {
        assert_eq!(format!("{:?}", "999900006".parse::<Bsn>().unwrap()), "***");
    }
}
