//! The time, behind a trait so that tests can drive it.

use std::fmt;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

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

/// A moment as systems and people see it: in JSON by RFC 3339 with the offset of the Netherlands
/// (`2026-11-25T14:03:11+01:00`), in text as a Dutch clock shows it (`2026-11-25 14:03:11`), with its offset in the hour
/// that comes twice. [`dutch_moment`] reads each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// The moment so many microseconds after 1970, as rows and records have it; one beyond all time is the nearest
    /// that there is.
    #[must_use]
    pub fn of_us(us: i64) -> Self {
        let nearest = if us < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Self(Timestamp::from_microsecond(us).unwrap_or(nearest))
    }

    /// As in JSON, to the fraction of a second.
    #[must_use]
    pub fn exact(self) -> String {
        self.form("%Y-%m-%dT%H:%M:%S%.f%:z")
    }

    fn form(self, form: &str) -> String {
        self.0.to_zoned_datetime(DUTCH.clone()).strftime(form).to_string()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let twice = DUTCH.to_ambiguous_timestamp(dutch_clock(self.0)).is_ambiguous();
        f.pad(&self.form(if twice { "%Y-%m-%d %H:%M:%S%:z" } else { "%Y-%m-%d %H:%M:%S" }))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.form("%Y-%m-%dT%H:%M:%S%:z"))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("A moment (RFC 3339) with the offset that the Netherlands have then."))
            .examples(["2026-11-25T14:03:11+01:00"])
            .into()
    }
}

impl ToSchema for Moment {}

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
        assert_eq!(Moment(moment).to_string(), "2026-07-01 00:30:00");
    }

    #[test]
    fn a_moment_is_one_moment_however_it_is_shown() {
        for (moment, json, text) in [
            ("2026-03-01T09:00:00Z", "2026-03-01T10:00:00+01:00", "2026-03-01 10:00:00"),
            ("2026-06-30T22:30:00Z", "2026-07-01T00:30:00+02:00", "2026-07-01 00:30:00"),
            ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00", "2026-10-25 02:30:00+02:00"),
            ("2026-10-25T01:30:00Z", "2026-10-25T02:30:00+01:00", "2026-10-25 02:30:00+01:00"),
            ("2026-10-25T02:00:00Z", "2026-10-25T03:00:00+01:00", "2026-10-25 03:00:00"),
            ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00", "2026-03-29 03:00:00"),
        ] {
            let shown = Moment(moment.parse().unwrap());
            assert_eq!(serde_json::to_value(shown).unwrap(), json);
            assert_eq!(shown.to_string(), text);
            assert_eq!((dutch_moment(json), dutch_moment(text)), (Some(shown.0), Some(shown.0)), "{moment}");
        }
        let exact = Moment::of_us(1_772_355_600_000_250).exact();
        assert_eq!(exact, "2026-03-01T10:00:00.00025+01:00");
        assert_eq!(Moment::of_us(i64::MAX).0, Timestamp::MAX);
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
