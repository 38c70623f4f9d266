//! Reference numbers and times of StUF.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::schema::{Calendar, Moment};
use crate::value::{Leaf, LexicalError};

/// Characters of a reference number at most.
const REFNUMMER_CHARS_MAX: usize = 40;
/// Lengths that a time may have: date, hour, minute, second, and one to three decimals (StUF 03.01).
const TIJDSTIP_LENGTHS: &[usize] = &[8, 10, 12, 14, 15, 16, 17];

/// A reference number, which identifies an envelope for its sender. In a Di01 or Du01 it is a UUID of version 4; in
/// what others send it may be any text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refnummer(String);

impl Refnummer {
    /// Makes a UUID of version 4 out of random bits, which the caller has to fetch: the codec knows no chance.
    #[must_use]
    pub fn from_random(bits: u128) -> Self {
        let version = bits & !(0xF << 76) | 4 << 76;
        let variant = version & !(0b11 << 62) | 0b10 << 62;
        let hex = format!("{variant:032x}");
        Self(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
    }

    /// Returns whether it is a UUID of version 4 in lower case, as a Di01 or Du01 must have.
    #[must_use]
    pub fn is_uuid4(&self) -> bool {
        let bytes = self.0.as_bytes();
        bytes.len() == 36
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => *byte == b'-',
                14 => *byte == b'4',
                19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            })
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Refnummer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Refnummer {
    type Err = LexicalError;

    fn from_str(text: &str) -> Result<Self, LexicalError> {
        if text.chars().count() <= REFNUMMER_CHARS_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(LexicalError::new("a reference number of at most 40 characters"))
        }
    }
}

impl Leaf for Refnummer {
    fn from_lexical(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn lexical(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }
}

/// A time as `yyyymmddhhmmssddd`, in Dutch civil time; parts at its end may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tijdstip(String);

impl Tijdstip {
    /// Returns whether such a time exists; the schema asks for digits alone.
    #[must_use]
    pub fn exists(&self) -> bool {
        let text = &self.0;
        if !TIJDSTIP_LENGTHS.contains(&text.len()) {
            return false;
        }
        let part = |from: usize| text.get(from..from + 2).unwrap_or("00");
        let (date, time) = (&text[..8], [part(8), part(10), part(12)]);
        let moment =
            format!("{}-{}-{}T{}:{}:{}", &date[..4], &date[4..6], &date[6..], time[0], time[1], time[2]);
        // Midnight at the end of a day is written as the next day.
        time[0] != "24" && Moment::parse(Calendar::DateTime, &moment).is_some()
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tijdstip {
    type Err = LexicalError;

    fn from_str(text: &str) -> Result<Self, LexicalError> {
        if (8..=17).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(LexicalError::new("a time of 8 to 17 digits (YYYYMMDDhhmmssddd)"))
        }
    }
}

impl Leaf for Tijdstip {
    fn from_lexical(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn lexical(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }
}
