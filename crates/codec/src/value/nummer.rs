//! Whole numbers (`xs:integer` with bounds).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::{LexicalError, leaf};

const EXPECTED: &str = "a whole number of zero or more";

/// A whole number of zero or more. Numbers are equal when their values are: `007`, `+7` and `7` name one
/// toewijzing (TR101). The form it came in is kept for the copy in a retour, only where it is not the plain one.
#[derive(Clone)]
pub struct Nummer {
    value: u64,
    unusual: Option<Box<str>>,
}

impl Nummer {
    /// A number in its plain form.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self { value, unusual: None }
    }

    /// The value.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.value
    }
}

impl From<u64> for Nummer {
    fn from(value: u64) -> Self {
        Self::new(value)
    }
}

impl FromStr for Nummer {
    type Err = LexicalError;

    fn from_str(text: &str) -> Result<Self, LexicalError> {
        let error = LexicalError::new(EXPECTED);
        let (digits, negative) = match text.as_bytes() {
            [b'-', rest @ ..] => (rest, true),
            [b'+', rest @ ..] => (rest, false),
            rest => (rest, false),
        };
        if digits.is_empty() {
            return Err(error);
        }
        let mut value: u64 = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return Err(error);
            }
            value =
                value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit - b'0'))).ok_or(error)?;
        }
        if negative && value != 0 {
            return Err(error);
        }
        let plain = digits.len() == text.len() && (digits.len() == 1 || digits[0] != b'0');
        Ok(Self { value, unusual: if plain { None } else { Some(text.into()) } })
    }
}

impl fmt::Display for Nummer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unusual {
            Some(text) => f.write_str(text),
            None => self.value.fmt(f),
        }
    }
}

impl fmt::Debug for Nummer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Nummer {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Nummer {}

impl PartialOrd for Nummer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Nummer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl Hash for Nummer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

leaf!(Nummer, EXPECTED, |nummer| match &nummer.unusual {
    Some(text) => Cow::Borrowed(&**text),
    None => Cow::Owned(nummer.value.to_string()),
});

#[cfg(test)]
mod tests {
    use super::Nummer;

    #[test]
    fn equal_by_value_written_as_it_came() {
        for text in ["0", "7", "007", "+7", "-0", "+0", "999999999999", "00"] {
            assert_eq!(text.parse::<Nummer>().unwrap().to_string(), text);
        }
        assert_eq!("007".parse::<Nummer>().unwrap(), Nummer::new(7));
        assert_eq!("-0".parse::<Nummer>().unwrap(), Nummer::new(0));
    }

    #[test]
    fn what_is_no_whole_number() {
        for text in ["", "+", "-", "-1", "1.0", "1e3", " 1", "0x1", "٣", "18446744073709551616"] {
            assert!(text.parse::<Nummer>().is_err(), "{text}");
        }
    }
}
