//! The time, behind a trait so that tests can drive it.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
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
pub fn dutch_clock(moment: Timestamp) -> jiff::civil::DateTime {
    DUTCH.to_datetime(moment)
}

/// Returns the moment at which a day begins in the Netherlands.
#[must_use]
pub fn dutch_midnight(date: Date) -> Option<Timestamp> {
    date.to_zoned_datetime(DUTCH.clone()).ok().map(|zoned| zoned.timestamp())
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
}
