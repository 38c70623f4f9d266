//! Dates and times where no person reads them: numbers, that take a third of the bytes and no parsing.
//!
//! For `#[serde(with = "…")]`. In a format that people read (JSON) they stay as they are (ISO 8601); in others a date is
//! its year, month and day in one number, and a time its second of the day and its nanosecond.

use jiff::civil::{Date, Time};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A date.
pub mod date {
    use super::*;

    /// Writes a date.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            date.serialize(serializer)
        } else {
            pack(*date).serialize(serializer)
        }
    }

    /// Reads a date.
    ///
    /// # Errors
    ///
    /// Those of the deserializer; also when there is no such date.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        if deserializer.is_human_readable() {
            return Date::deserialize(deserializer);
        }
        unpack(i32::deserialize(deserializer)?)
    }
}

/// A date, or none.
pub mod optional_date {
    use super::*;

    /// Writes a date, or that there is none.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return date.serialize(serializer);
        }
        date.map(pack).serialize(serializer)
    }

    /// Reads a date, or that there is none.
    ///
    /// # Errors
    ///
    /// Those of the deserializer; also when there is no such date.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
        if deserializer.is_human_readable() {
            return Option::deserialize(deserializer);
        }
        Option::<i32>::deserialize(deserializer)?.map(unpack).transpose()
    }
}

/// A time of day.
pub mod time {
    use super::*;

    /// Writes a time.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return time.serialize(serializer);
        }
        (second_of_day(*time), time.subsec_nanosecond()).serialize(serializer)
    }

    /// Reads a time.
    ///
    /// # Errors
    ///
    /// Those of the deserializer; also when there is no such time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        if deserializer.is_human_readable() {
            return Time::deserialize(deserializer);
        }
        let (second, nanosecond) = <(i32, i32)>::deserialize(deserializer)?;
        let part = |value: i32| i8::try_from(value).map_err(D::Error::custom);
        let (hour, minute) = (part(second / 3600)?, part(second / 60 % 60)?);
        Time::new(hour, minute, part(second % 60)?, nanosecond).map_err(D::Error::custom)
    }
}

fn pack(date: Date) -> i32 {
    i32::from(date.year()) << 9 | i32::from(date.month()) << 5 | i32::from(date.day())
}

fn unpack<E: serde::de::Error>(packed: i32) -> Result<Date, E> {
    let year = i16::try_from(packed >> 9).map_err(E::custom)?;
    Date::new(year, (packed >> 5 & 15) as i8, (packed & 31) as i8).map_err(E::custom)
}

fn second_of_day(time: Time) -> i32 {
    (i32::from(time.hour()) * 60 + i32::from(time.minute())) * 60 + i32::from(time.second())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        #[serde(with = "super::date")]
        date: Date,
        #[serde(with = "super::optional_date")]
        other: Option<Date>,
        #[serde(with = "super::time")]
        time: Time,
    }

    #[test]
    fn what_was_written_is_read_and_people_read_dates() {
        let dates =
            [Date::MIN, date(-1, 2, 28), date(0, 1, 1), date(1999, 12, 31), date(2024, 2, 29), Date::MAX];
        let times = [Time::MIN, time(9, 0, 0, 0), time(23, 59, 58, 1), Time::MAX];
        for (at, date) in dates.into_iter().enumerate() {
            let row = Row { date, other: (at % 2 == 0).then_some(date), time: times[at % 4] };
            let bytes = postcard::to_allocvec(&row).unwrap();
            assert_eq!(postcard::from_bytes::<Row>(&bytes).unwrap(), row);
            let numbers =
                (pack(date), row.other.map(pack), second_of_day(row.time), row.time.subsec_nanosecond());
            assert_eq!(bytes, postcard::to_allocvec(&numbers).unwrap());
            let text = serde_json::to_string(&row).unwrap();
            assert!(text.starts_with(&format!("{{\"date\":\"{date}\"")), "{text}");
            assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row);
        }
    }

    #[test]
    fn what_is_no_date_or_time_is_refused() {
        let thirtieth_of_february = 2024 << 9 | 2 << 5 | 30;
        for packed in [thirtieth_of_february, 2024 << 9, 2024 << 9 | 13 << 5 | 1, i32::MAX, i32::MIN] {
            let bytes = postcard::to_allocvec(&(packed, None::<i32>, 0, 0)).unwrap();
            assert!(postcard::from_bytes::<Row>(&bytes).is_err(), "{packed}");
        }
        for (second, nanosecond) in [(86_400, 0), (-1, 0), (0, 1_000_000_000), (0, -1)] {
            let bytes =
                postcard::to_allocvec(&(pack(date(2024, 1, 1)), None::<i32>, second, nanosecond)).unwrap();
            assert!(postcard::from_bytes::<Row>(&bytes).is_err(), "{second} {nanosecond}");
        }
    }
}
