//! Dates (`LDT_Datum`).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::{LexicalError, leaf};

const EXPECTED: &str = "a date (YYYY-MM-DD)";

/// A date without time zone, as `xs:date` has it: also years outside 1 to 9999, which the schema allows and the
/// message rules then refuse. Its lexical form is always canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Datum {
    year: i32,
    month: u8,
    day: u8,
}

impl Datum {
    /// A date of the calendar (proleptic Gregorian); `None` when there is no such day. There is no year 0.
    #[must_use]
    pub const fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        if year == 0 || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        Some(Self { year, month, day })
    }

    /// The year; negative before the common era.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Returns whether the year has four digits (header-and-identification.md, section 6).
    #[must_use]
    pub const fn has_four_digit_year(self) -> bool {
        1 <= self.year && self.year <= 9999
    }

    /// The same day so many years later; 29 February becomes 28 February where it must, as adding a year-month
    /// duration does in XPath.
    #[must_use]
    pub const fn add_years(self, years: i32) -> Self {
        self.add_months(years.saturating_mul(12))
    }

    /// The same day so many months later, cut to the end of the month where it must.
    #[must_use]
    pub const fn add_months(self, months: i32) -> Self {
        // Counted from year 0 of the calendar, which XSD calls -1.
        let years = self.year as i64 + (self.year < 0) as i64;
        let months = years * 12 + self.month as i64 - 1 + months as i64;
        let years = months.div_euclid(12);
        let year = if years <= 0 { years - 1 } else { years };
        let month = (months.rem_euclid(12) + 1) as u8;
        let year = if year > i32::MAX as i64 {
            i32::MAX
        } else if year < i32::MIN as i64 {
            i32::MIN
        } else {
            year as i32
        };
        let last = days_in_month(year, month);
        Self { year, month, day: if self.day > last { last } else { self.day } }
    }

    /// Returns whether this is the last day of its month.
    #[must_use]
    pub const fn is_last_of_month(self) -> bool {
        self.day == days_in_month(self.year, self.month)
    }
}

const fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => {
            // Without a year 0, year -1 stands where the calendar counts 0.
            let astronomical = if year < 0 { year.saturating_add(1) } else { year };
            let leap = astronomical % 4 == 0 && (astronomical % 100 != 0 || astronomical % 400 == 0);
            if leap { 29 } else { 28 }
        }
        _ => 0,
    }
}

impl FromStr for Datum {
    type Err = LexicalError;

    fn from_str(text: &str) -> Result<Self, LexicalError> {
        parse(text).ok_or(LexicalError::new(EXPECTED))
    }
}

fn parse(text: &str) -> Option<Datum> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (rest, day) = unsigned.rsplit_once('-')?;
    let (year, month) = rest.rsplit_once('-')?;
    // xs:date: at least four digits, and no leading zero when there are more.
    if year.len() < 4 || (year.len() > 4 && year.starts_with('0')) {
        return None;
    }
    let year = i32::try_from(digits(year)?).ok()?;
    Datum::new(if negative { -year } else { year }, two(month)?, two(day)?)
}

fn two(text: &str) -> Option<u8> {
    if text.len() == 2 { u8::try_from(digits(text)?).ok() } else { None }
}

fn digits(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.year < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}-{:02}-{:02}", self.year.unsigned_abs(), self.month, self.day)
    }
}

leaf!(
    Datum,
    EXPECTED,
    |datum| Cow::Owned(datum.to_string()),
    fn datum(&self) -> Option<Datum> {
        Some(*self)
    }
);

#[cfg(test)]
mod tests {
    use super::Datum;

    fn datum(text: &str) -> Datum {
        text.parse().unwrap()
    }

    #[test]
    fn only_days_that_exist() {
        for text in
            ["2024-02-29", "2000-02-29", "0001-01-01", "-0001-02-29", "12345-12-31", "2147483647-01-01"]
        {
            assert_eq!(datum(text).to_string(), text);
        }
        for text in [
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-01-00",
            "2024-04-31",
            "0000-01-01",
            "24-01-01",
            "02024-01-01",
            "2024-1-1",
            "2024-01-01Z",
            "2024-01-01+01:00",
            "+2024-01-01",
            "2024-+1-01",
            " 2024-01-01",
            "",
            "-",
            "--",
            "99999999999-01-01",
            "２０２４-01-01",
        ] {
            assert!(text.parse::<Datum>().is_err(), "{text}");
        }
    }

    #[test]
    fn order_is_that_of_the_calendar() {
        let sorted = ["-0002-12-31", "-0001-01-01", "0001-01-01", "1999-12-31", "2000-01-01", "10000-01-01"];
        assert!(sorted.windows(2).all(|pair| datum(pair[0]) < datum(pair[1])));
    }

    #[test]
    fn years_are_added_as_xpath_does() {
        assert_eq!(datum("1904-02-29").add_years(120), datum("2024-02-29"));
        assert_eq!(datum("1904-02-29").add_years(119), datum("2023-02-28"));
        assert_eq!(datum("-0001-06-01").add_years(1), datum("0001-06-01"));
        assert_eq!(datum("0001-06-01").add_years(-1), datum("-0001-06-01"));
    }

    #[test]
    fn months_are_cut_to_the_end_of_the_month() {
        assert_eq!(datum("2024-02-29").add_months(-12), datum("2023-02-28"));
        assert_eq!(datum("2025-01-31").add_months(1), datum("2025-02-28"));
        assert_eq!(datum("2024-12-15").add_months(1), datum("2025-01-15"));
        assert_eq!(datum("2147483647-12-31").add_months(1).year(), i32::MAX);
    }

    #[test]
    fn years_of_other_than_four_digits_are_told_apart() {
        assert!(datum("0001-01-01").has_four_digit_year());
        assert!(!datum("10000-01-01").has_four_digit_year());
        assert!(!datum("-0044-03-15").has_four_digit_year());
    }
}
