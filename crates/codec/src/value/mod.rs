//! The values at the leaves of a message: small, copied where possible, equal when they mean the same, and
//! written back exactly as they came, because a retour copies its heenbericht unchanged.

mod code_list;
mod datum;
mod digits;
mod nummer;
mod tijd;
mod vast;

use std::borrow::Cow;
use std::fmt;

pub use datum::Datum;
pub use digits::{AgbCode, Bsn, Gemeentecode, RetourCode};
pub use nummer::Nummer;
pub use tijd::Tijd;
pub use vast::Vast;

pub(crate) use code_list::code_list;

use crate::Private;

/// A text that is not a value of its type. It names the type, never the text, which may be personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexicalError {
    expected: &'static str,
}

impl LexicalError {
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self { expected }
    }

    /// Returns what was expected, as `a date (YYYY-MM-DD)`.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        self.expected
    }
}

impl fmt::Display for LexicalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for LexicalError {}

/// What decoder and encoder need of a leaf.
pub(crate) trait Leaf: Sized {
    /// Reads the lexical form; `None` only for what the schema refuses too, or what is beyond our limits.
    fn from_lexical(text: &str) -> Option<Self>;

    /// Returns the text to write.
    fn lexical(&self) -> Cow<'_, str>;

    /// The value if it is a date.
    fn datum(&self) -> Option<Datum> {
        None
    }
}

impl Leaf for String {
    fn from_lexical(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn lexical(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl<T: Leaf> Leaf for Private<T> {
    fn from_lexical(text: &str) -> Option<Self> {
        T::from_lexical(text).map(Self::new)
    }

    fn lexical(&self) -> Cow<'_, str> {
        self.expose().lexical()
    }

    fn datum(&self) -> Option<Datum> {
        self.expose().datum()
    }
}

/// Makes a type a leaf and a JSON string out of its `FromStr` and an expression for its text.
macro_rules! leaf {
    ($type:ty, $expected:expr, |$value:ident| $text:expr $(, $($more:item)*)?) => {
        impl $crate::value::Leaf for $type {
            fn from_lexical(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn lexical(&self) -> std::borrow::Cow<'_, str> {
                let $value = self;
                $text
            }

            $($($more)*)?
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&$crate::value::Leaf::lexical(self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        // Not `invalid_value`: that would put the value into the error.
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }
    };
}
pub(crate) use leaf;
