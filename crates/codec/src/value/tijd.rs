//! Times of day (`LDT_Tijd`).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::{LexicalError, leaf};

const EXPECTED: &str = "a time (HH:MM:SS)";
const SECONDS_A_DAY: u32 = 24 * 60 * 60;

/// A time without time zone, as `xs:time` has it: to any fraction of a second, and with `24:00:00`, which is the
/// same time of day as `00:00:00`. Times are equal and ordered by the time of day; the form is kept.
#[derive(Clone)]
pub struct Tijd {
    /// Whole seconds as written: 86 400 for 24:00:00.
    seconds: u32,
    /// The digits after the point as written; empty without a point.
    fraction: Box<str>,
}

impl Tijd {
    /// A time on the second; `None` when there is no such time.
    #[must_use]
    pub fn new(hour: u8, minute: u8, second: u8) -> Option<Self> {
        let in_day = hour < 24 && minute < 60 && second < 60;
        if !in_day && (hour, minute, second) != (24, 0, 0) {
            return None;
        }
        let seconds = u32::from(hour) * 3600 + u32::from(minute) * 60 + u32::from(second);
        Some(Self { seconds, fraction: Box::default() })
    }

    /// Whole seconds since midnight, below 86 400.
    #[must_use]
    pub const fn seconds_of_day(&self) -> u32 {
        self.seconds % SECONDS_A_DAY
    }

    fn key(&self) -> (u32, &str) {
        // Digits after the point order like text once closing zeros are gone.
        (self.seconds_of_day(), self.fraction.trim_end_matches('0'))
    }
}

impl FromStr for Tijd {
    type Err = LexicalError;

    fn from_str(text: &str) -> Result<Self, LexicalError> {
        parse(text).ok_or(LexicalError::new(EXPECTED))
    }
}

fn parse(text: &str) -> Option<Tijd> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let mut parts = whole.split(':');
    let time = Tijd::new(two(parts.next()?)?, two(parts.next()?)?, two(parts.next()?)?)?;
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let after_midnight = time.seconds == SECONDS_A_DAY && fraction.bytes().any(|byte| byte != b'0');
    if parts.next().is_some() || !digits || after_midnight {
        return None;
    }
    Some(Tijd { fraction: fraction.into(), ..time })
}

fn two(text: &str) -> Option<u8> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Display for Tijd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, fraction } = self;
        write!(f, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if fraction.is_empty() { Ok(()) } else { write!(f, ".{fraction}") }
    }
}

impl fmt::Debug for Tijd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Tijd {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Tijd {}

impl PartialOrd for Tijd {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Tijd {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Tijd {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

leaf!(Tijd, EXPECTED, |tijd| Cow::Owned(tijd.to_string()));

#[cfg(test)]
mod tests {
    use super::Tijd;

    fn tijd(text: &str) -> Tijd {
        text.parse().unwrap()
    }

    #[test]
    fn written_as_it_came() {
        for text in
            ["00:00:00", "12:34:56", "23:59:59.999", "24:00:00", "24:00:00.000", "12:00:00.50", "12:00:00.0"]
        {
            assert_eq!(tijd(text).to_string(), text);
        }
        for text in [
            "",
            "12:00",
            "12:00:60",
            "24:00:01",
            "24:00:00.1",
            "25:00:00",
            "1:00:00",
            "12:00:00.",
            "12:00:00Z",
            "12:00:00+01:00",
            "12:00:00:00",
            "12:0a:00",
        ] {
            assert!(text.parse::<Tijd>().is_err(), "{text}");
        }
    }

    #[test]
    fn equal_and_ordered_by_time_of_day() {
        assert_eq!(tijd("12:00:00"), tijd("12:00:00.000"));
        assert_eq!(tijd("24:00:00"), tijd("00:00:00"));
        let sorted = ["00:00:00", "00:00:00.05", "00:00:00.5", "00:00:00.51", "00:00:01", "23:59:59.9"];
        assert!(sorted.windows(2).all(|pair| tijd(pair[0]) < tijd(pair[1])));
    }
}
