//! The number that names an organisation in a certificate.

use std::fmt;
use std::str::FromStr;

/// A text is not an OIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {DIGITS} digits")]
pub struct NotAnOin;

const DIGITS: usize = 20;

/// An Organisatie-identificatienummer: twenty digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oin([u8; DIGITS]);

impl Oin {
    /// Returns the number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only digits get in, so this is never the empty text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Oin {
    type Err = NotAnOin;

    fn from_str(text: &str) -> Result<Self, NotAnOin> {
        let bytes = <[u8; DIGITS]>::try_from(text.as_bytes());
        let bytes = bytes.ok().filter(|bytes| bytes.iter().all(u8::is_ascii_digit));
        bytes.map(Self).ok_or(NotAnOin)
    }
}

impl fmt::Display for Oin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Oin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
