//! Elements whose value the schema fixes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Leaf, LexicalError};

/// An element that can have one value only, the number `N`: BerichtCode, BerichtVersie, BerichtSubversie.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vast<const N: u32>;

impl<const N: u32> Vast<N> {
    /// The value.
    #[must_use]
    pub const fn value(self) -> u32 {
        N
    }
}

impl<const N: u32> FromStr for Vast<N> {
    type Err = LexicalError;

    fn from_str(text: &str) -> Result<Self, LexicalError> {
        if text == N.to_string() { Ok(Self) } else { Err(LexicalError::new("the value fixed by the schema")) }
    }
}

impl<const N: u32> fmt::Display for Vast<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        N.fmt(f)
    }
}

impl<const N: u32> fmt::Debug for Vast<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        N.fmt(f)
    }
}

impl<const N: u32> Leaf for Vast<N> {
    fn from_lexical(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn lexical(&self) -> Cow<'_, str> {
        Cow::Owned(N.to_string())
    }
}

impl<const N: u32> Serialize for Vast<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: u32> Deserialize<'de> for Vast<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Vast;

    #[test]
    fn one_value_only() {
        assert!("414".parse::<Vast<414>>().is_ok());
        assert!("3".parse::<Vast<414>>().is_err());
        assert!("03".parse::<Vast<3>>().is_err());
        assert_eq!(serde_json::to_string(&Vast::<3>).unwrap(), "\"3\"");
        assert!(serde_json::from_str::<Vast<3>>("\"4\"").is_err());
    }
}
