//! Dates and times of XML Schema 1.0 (part 2, sections 3.2.7 to 3.2.14).

use std::cmp::Ordering;

/// The types on the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calendar {
    DateTime,
    Date,
    Time,
    Year,
    YearMonth,
    Month,
    MonthDay,
    Day,
}

/// A point in time, or on the calendar of no particular year, with or without time zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'t> {
    /// Seconds from the start of year 0, in UTC when zoned.
    seconds: i64,
    /// Decimals of the second, no needless zeros.
    fraction: &'t str,
    zoned: bool,
}

/// Digits of a year that are read; the standard asks for at least four.
const YEAR_DIGITS_MAX: usize = 9;
/// The widest time zone, in seconds: a value without zone may lie this far to either side.
const ZONE_MAX: i64 = 14 * 3600;
const DAY: i64 = 24 * 3600;

impl<'t> Moment<'t> {
    /// Reads a lexical value, white space already collapsed.
    pub(crate) fn parse(calendar: Calendar, text: &'t str) -> Option<Self> {
        let mut cursor = Cursor { rest: text };
        // Year 2000 stands in where there is none: it is a leap year, so `--02-29` exists.
        let (mut year, mut month, mut day) = (2000, 1, 1);
        let (mut seconds, mut fraction) = (0, "");
        match calendar {
            Calendar::DateTime | Calendar::Date => {
                year = cursor.year()?;
                cursor.literal("-")?;
                month = cursor.two()?;
                cursor.literal("-")?;
                day = cursor.two()?;
                if calendar == Calendar::DateTime {
                    cursor.literal("T")?;
                    (seconds, fraction) = cursor.time()?;
                }
            }
            Calendar::Time => (seconds, fraction) = cursor.time()?,
            Calendar::Year => year = cursor.year()?,
            Calendar::YearMonth => {
                year = cursor.year()?;
                cursor.literal("-")?;
                month = cursor.two()?;
            }
            Calendar::Month => {
                cursor.literal("--")?;
                month = cursor.two()?;
            }
            Calendar::MonthDay => {
                cursor.literal("--")?;
                month = cursor.two()?;
                cursor.literal("-")?;
                day = cursor.two()?;
            }
            Calendar::Day => {
                cursor.literal("---")?;
                day = cursor.two()?;
            }
        }
        let zone = cursor.zone()?;
        if !cursor.rest.is_empty() || !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
            return None;
        }
        // 24:00:00 is the first moment of the next day; a time of day has no next day.
        if calendar == Calendar::Time {
            seconds %= DAY;
        }
        let seconds = days_before(year, month, day) * DAY + seconds - zone.unwrap_or(0);
        Some(Self { seconds, fraction, zoned: zone.is_some() })
    }

    /// Compares by part 2, section 3.2.7.4: none when one has a zone and the other may lie on either side.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        let order = |a: i64, b: i64| a.cmp(&b).then_with(|| self.fraction.cmp(other.fraction));
        if self.zoned == other.zoned {
            return Some(order(self.seconds, other.seconds));
        }
        let (early, late) = if self.zoned {
            (order(self.seconds, other.seconds + ZONE_MAX), order(self.seconds, other.seconds - ZONE_MAX))
        } else {
            (order(self.seconds - ZONE_MAX, other.seconds), order(self.seconds + ZONE_MAX, other.seconds))
        };
        (early == late).then_some(early)
    }
}

struct Cursor<'t> {
    rest: &'t str,
}

impl<'t> Cursor<'t> {
    fn literal(&mut self, literal: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(literal)?;
        Some(())
    }

    fn digits(&mut self) -> &'t str {
        let end = self.rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits
    }

    fn two(&mut self) -> Option<i64> {
        let digits = self.digits();
        if digits.len() == 2 { digits.parse().ok() } else { None }
    }

    /// Four digits or more; there is no year 0000 in XML Schema 1.0, and a longer year has no leading zero.
    fn year(&mut self) -> Option<i64> {
        let negative = self.literal("-").is_some();
        let digits = self.digits();
        let length = digits.len();
        if !(4..=YEAR_DIGITS_MAX).contains(&length) || (length > 4 && digits.starts_with('0')) {
            return None;
        }
        let year: i64 = digits.parse().ok().filter(|year| *year != 0)?;
        // Before year 1 comes -1: astronomically year 0, which has a 29 February.
        Some(if negative { 1 - year } else { year })
    }

    fn time(&mut self) -> Option<(i64, &'t str)> {
        let hour = self.two()?;
        self.literal(":")?;
        let minute = self.two()?;
        self.literal(":")?;
        let second = self.two()?;
        let mut fraction = "";
        if self.literal(".").is_some() {
            let digits = self.digits();
            if digits.is_empty() {
                return None;
            }
            fraction = digits.trim_end_matches('0');
        }
        let midnight = hour == 24 && minute == 0 && second == 0 && fraction.is_empty();
        let valid = (hour < 24 && minute < 60 && second < 60) || midnight;
        valid.then_some((hour * 3600 + minute * 60 + second, fraction))
    }

    /// The outer option: whether what follows is right; the inner: whether there is a zone.
    fn zone(&mut self) -> Option<Option<i64>> {
        let sign = match self.rest.as_bytes().first() {
            None => return Some(None),
            Some(b'Z') => {
                self.rest = &self.rest[1..];
                return Some(Some(0));
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.rest = &self.rest[1..];
        let hours = self.two()?;
        self.literal(":")?;
        let minutes = self.two()?;
        let valid = (hours < 14 && minutes < 60) || (hours == 14 && minutes == 0);
        valid.then_some(Some(sign * (hours * 3600 + minutes * 60)))
    }
}

const fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

pub(super) const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1 January of year 0 to a date.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let years = year * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    years + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(calendar: Calendar, texts: &[&str]) {
        for text in texts {
            assert!(Moment::parse(calendar, text).is_some(), "{calendar:?} {text} was refused");
        }
    }

    fn refused(calendar: Calendar, texts: &[&str]) {
        for text in texts {
            assert!(Moment::parse(calendar, text).is_none(), "{calendar:?} {text} was accepted");
        }
    }

    #[test]
    fn dates() {
        accepted(
            Calendar::Date,
            &[
                "2025-04-05",
                "2024-02-29",
                "2000-02-29",
                "-0001-02-29",
                "12025-01-01",
                "2025-01-01Z",
                "2025-01-01+14:00",
                "0001-01-01-13:59",
            ],
        );
        refused(
            Calendar::Date,
            &[
                "",
                "2025-4-5",
                "2025-02-29",
                "1900-02-29",
                "2025-13-01",
                "2025-00-10",
                "2025-06-31",
                "2025-01-00",
                "0000-01-01",
                "02025-01-01",
                "25-01-01",
                "+2025-01-01",
                "2025-01-01+14:01",
                "2025-01-01T00:00:00",
                "2025-01-01z",
                "20250101",
                "2025-01-01 ",
                "2025/01/01",
                "2025-01-01+1:00",
                "-2025",
                "２０２５-01-01",
            ],
        );
    }

    #[test]
    fn times() {
        accepted(
            Calendar::Time,
            &["00:00:00", "23:59:59.999", "24:00:00", "24:00:00.000", "12:00:00Z", "12:00:00-05:30"],
        );
        refused(
            Calendar::Time,
            &[
                "24:00:01",
                "24:01:00",
                "12:00",
                "12:60:00",
                "12:00:60",
                "25:00:00",
                "1:00:00",
                "12:00:00.",
                "12:00:00,5",
                "",
            ],
        );
        accepted(Calendar::DateTime, &["2025-12-31T24:00:00", "2025-01-01T00:00:00.5Z"]);
        refused(
            Calendar::DateTime,
            &["2025-01-01", "2025-01-01 00:00:00", "2025-01-01T", "2025-02-30T00:00:00"],
        );
    }

    #[test]
    fn parts_of_dates() {
        accepted(Calendar::Year, &["2025", "-0044", "2025Z"]);
        refused(Calendar::Year, &["25", "0000", "2025-01"]);
        accepted(Calendar::YearMonth, &["2025-12"]);
        accepted(Calendar::MonthDay, &["--02-29", "--12-31Z"]);
        refused(Calendar::MonthDay, &["--02-30", "-02-20", "--13-01"]);
        accepted(Calendar::Month, &["--12"]);
        accepted(Calendar::Day, &["---31"]);
        refused(Calendar::Day, &["---32", "--31"]);
    }

    #[test]
    fn order_across_zones_and_midnight() {
        let order = |a, b| {
            Moment::parse(Calendar::DateTime, a)
                .unwrap()
                .compare(&Moment::parse(Calendar::DateTime, b).unwrap())
        };
        assert_eq!(order("2025-01-01T24:00:00", "2025-01-02T00:00:00"), Some(Ordering::Equal));
        assert_eq!(order("2025-01-01T12:00:00+01:00", "2025-01-01T11:00:00Z"), Some(Ordering::Equal));
        assert_eq!(order("2025-01-01T12:00:00.1", "2025-01-01T12:00:00.09"), Some(Ordering::Greater));
        assert_eq!(order("2025-01-01T12:00:00", "2025-01-01T12:00:00Z"), None);
        assert_eq!(order("2025-01-01T12:00:00", "2025-01-03T12:00:00Z"), Some(Ordering::Less));
        assert_eq!(order("-0001-12-31T00:00:00", "0001-01-01T00:00:00"), Some(Ordering::Less));
    }
}
