//! The time, behind a trait so that tests can drive it.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Returns this moment.
    fn now(&self) -> Timestamp;

    /// Returns the calendar date in the Netherlands, which the standard's rules speak of (TR135).
    fn today(&self) -> Date {
        dutch_date(self.now())
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Returns the calendar date of a moment in Europe/Amsterdam.
#[must_use]
pub fn dutch_date(moment: Timestamp) -> Date {
    dutch_clock(moment).date()
}

/// Returns a moment as a Dutch clock shows it, `2026-11-25 14:03:11`.
#[must_use]
pub fn dutch_time(moment: Timestamp) -> String {
    dutch_clock(moment).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns what a Dutch clock shows at a moment.
#[must_use]
pub fn dutch_clock(moment: Timestamp) -> DateTime {
    DUTCH.to_datetime(moment)
}

/// Returns the moment at which a day begins in the Netherlands.
#[must_use]
pub fn dutch_midnight(date: Date) -> Option<Timestamp> {
    date.to_zoned_datetime(DUTCH.clone()).ok().map(|zoned| zoned.timestamp())
}

/// Reads a moment: a day (its beginning), a time of a Dutch clock, or a time with the zone that it is in.
#[must_use]
pub fn dutch_moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let clock: DateTime = text.parse().ok()?;
    // 9999-12-31 stands for no end in many systems, and lies beyond what a moment can be.
    DUTCH.to_timestamp(clock).ok().or((clock.year() == 9999).then_some(Timestamp::MAX))
}

/// The zone is bundled with the program; UTC is at most two hours off should it ever be missing.
static DUTCH: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/Amsterdam").unwrap_or(TimeZone::UTC));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dutch_day_begins_before_the_utc_day() {
        let moment: Timestamp = "2026-06-30T22:30:00Z".parse().unwrap();
        assert_eq!(dutch_date(moment).to_string(), "2026-07-01");
        assert_eq!(dutch_time(moment), "2026-07-01 00:30:00");
    }

    #[test]
    fn a_moment_without_a_zone_is_on_a_dutch_clock() {
        let read = |text: &str| dutch_moment(text).map(|moment| moment.to_string());
        for (text, moment) in [
            ("2026-11-30", "2026-11-29T23:00:00Z"),
            ("2026-06-30", "2026-06-29T22:00:00Z"),
            ("2026-11-30 19:24:01", "2026-11-30T18:24:01Z"),
            ("2026-11-30T19:24", "2026-11-30T18:24:00Z"),
            ("2026-06-30T19:24:00.5", "2026-06-30T17:24:00.5Z"),
            ("2026-11-30T19:24:01Z", "2026-11-30T19:24:01Z"),
            ("2026-11-30T13:24:01-05:00", "2026-11-30T18:24:01Z"),
            ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"), // twice: the first
            ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"), // never: as if the clock had gone on
            ("9999-12-31", "9999-12-30T22:00:00.999999999Z"), // the last moment that there is
        ] {
            assert_eq!(read(text).as_deref(), Some(moment), "{text}");
        }
        for text in ["", "now", "19:24", "2026", "2026-11", "2026-13-01", "2026-02-30", "2026-11-30T25:00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
