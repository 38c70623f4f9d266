//! Codes that name a party.

use std::fmt;
use std::str::FromStr;

/// A text is not the code it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {digits} digits")]
pub struct NotACode {
    /// How many digits the code has.
    pub digits: usize,
}

macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $digits:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $digits]);

        impl $name {
            /// Returns the code as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                // Only digits get in, so this is never the empty text.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }

            /// Returns the digits as ASCII.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; $digits] {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotACode;

            fn from_str(text: &str) -> Result<Self, NotACode> {
                let bytes = <[u8; $digits]>::try_from(text.as_bytes());
                let bytes = bytes.ok().filter(|bytes| bytes.iter().all(u8::is_ascii_digit));
                bytes.map(Self).ok_or(NotACode { digits: $digits })
            }
        }

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
    };
}

code!(
    /// The CBS code of a gemeente: four digits.
    Gemeentecode,
    4
);
code!(
    /// The AGB code of an aanbieder: eight digits.
    AgbCode,
    8
);
code!(
    /// An Organisatie-identificatienummer: twenty digits.
    Oin,
    20
);
