//! The place of a row in a list that is put in order by text, as a cursor: the text in hexadecimal digits.

use crate::hex::unhex;
use std::fmt;
use std::str::FromStr;

use super::NotACursor;

/// Most digits of a cursor.
const DIGITS_MAX: usize = 1024;

/// Where a page ends. Places that no row has are places all the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlaceCursor(String);

impl PlaceCursor {
    /// The place of a row.
    #[must_use]
    pub fn new(place: String) -> Self {
        Self(place)
    }

    /// Returns the place.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlaceCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for PlaceCursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        if text.is_empty() || text.len() > DIGITS_MAX {
            return Err(NotACursor);
        }
        let bytes = unhex(&text.to_ascii_lowercase()).ok_or(NotACursor)?;
        Ok(Self(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// Stands between the parts of a place, and sorts before all that a part has: what lacks a part comes first, as in the index.
pub(super) const SEPARATOR: &str = " ";

/// Returns the name of an entry or outgoing message, `GEMEENTE:SEQ` or `GEMEENTE:SEQ/N`, as text that sorts as they do;
/// empty for another name.
pub(super) fn entry_place(name: Option<&str>) -> String {
    let Some((_, number)) = name.and_then(|name| name.split_once(':')) else { return String::new() };
    match number.split_once('/') {
        Some((seq, index)) => format!("{seq:0>20}/{index:0>5}"),
        None => format!("{number:0>20}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_and_nothing_else_is_one() {
        let place = PlaceCursor::new("2026-11-25|0222|RETOUR_IN".to_owned());
        assert_eq!(place.to_string().parse(), Ok(place));
        let longest = "41".repeat(DIGITS_MAX / 2);
        assert!(longest.parse::<PlaceCursor>().is_ok());
        for wrong in ["", "4", "4g", "é1", &format!("{longest}41")] {
            assert!(wrong.parse::<PlaceCursor>().is_err(), "{wrong}");
        }
    }
}
