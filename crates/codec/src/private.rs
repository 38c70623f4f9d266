//! Values that must not reach a log, an error text or a URL.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A personal value. `Debug` prints a mask and there is no `Display`: only [`Private::expose`] sees through,
/// so that every place that shows a person's data can be found by that name.
///
/// Serialising exposes it, because the encoders are the purpose of the data.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Shows the value: for encoders, rules and explicit commands of an operator.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize> Serialize for Private<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Private<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::Private;

    #[test]
    fn debug_shows_nothing() {
        let bsn = Private::new(String::from("999900006"));
        assert_eq!(format!("{bsn:?} {:?}", Some(&bsn)), "*** Some(***)");
        assert_eq!(bsn.expose(), "999900006");
    }
}
