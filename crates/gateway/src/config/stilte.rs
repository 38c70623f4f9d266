//! Freezes: times in which nothing is sent to a partner, announced long before (a release of the standard, an adapter that is
//! out of service). What waits then leaves by itself when they end.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// Freezes that follow on each other count as one, up to so many.
const CHAINED_MAX: usize = 16;

/// The zone of a freeze that names none.
const ZONE: &str = "Europe/Amsterdam";

const DAYS: [(&str, &str, Weekday); 7] = [
    ("ma", "mo", Weekday::Monday),
    ("di", "tu", Weekday::Tuesday),
    ("wo", "we", Weekday::Wednesday),
    ("do", "th", Weekday::Thursday),
    ("vr", "fr", Weekday::Friday),
    ("za", "sa", Weekday::Saturday),
    ("zo", "su", Weekday::Sunday),
];

/// A time in which nothing is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Stilte {
    from: Moment,
    until: Moment,
    zone: TimeZone,
    text: String,
}

/// When a freeze begins or ends; both ends are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Every(Weekday, Time),
    Once(DateTime),
}

/// The text is no freeze.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no time in which nothing is sent; as `vr 18:00 - ma 06:00` or `2026-12-31 17:00 - 2027-01-02 08:00`"
)]
pub struct NotAStilte;

impl Stilte {
    /// Returns since when and until when this freeze lasts, if it does now.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (from, until) = match (self.from, self.until) {
            (Moment::Once(from), Moment::Once(until)) => (from, until),
            (Moment::Every(first, from), Moment::Every(last, until)) => {
                let begin = self.begun(now, first, from)?;
                let on = i64::from(first.until(last));
                let mut end = begin.date().checked_add(on.days()).ok()?.to_datetime(until);
                if end <= begin {
                    end = end.checked_add(7.days()).ok()?;
                }
                (begin, end)
            }
            _ => return None,
        };
        let (from, until) = (self.moment(from)?, self.moment(until)?);
        (from <= now && now < until).then_some((from, until))
    }

    /// Returns when this freeze begins for the first time after now.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let mut begin = match self.from {
            Moment::Once(from) => from,
            Moment::Every(day, time) => self.begun(now, day, time)?,
        };
        // The last one by the clock of the zone; where that goes back, it may be ahead.
        while matches!(self.from, Moment::Every(..)) && self.moment(begin)? <= now {
            begin = begin.checked_add(7.days()).ok()?;
        }
        self.moment(begin).filter(|begin| *begin > now)
    }

    /// Returns the last time that a weekday and time came.
    fn begun(&self, now: Timestamp, day: Weekday, time: Time) -> Option<DateTime> {
        let clock = self.zone.to_datetime(now);
        let back = i64::from(day.until(clock.date().weekday()));
        let begin = clock.date().checked_sub(back.days()).ok()?.to_datetime(time);
        if begin > clock { begin.checked_sub(7.days()).ok() } else { Some(begin) }
    }

    fn moment(&self, clock: DateTime) -> Option<Timestamp> {
        self.zone.to_timestamp(clock).ok()
    }
}

/// Returns since when and until when nothing is sent, by any of these freezes.
#[must_use]
pub fn stilte_at(all: &[Stilte], now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let mut found: Option<(Timestamp, Timestamp)> = None;
    for _ in 0..CHAINED_MAX {
        let moment = found.map_or(now, |(_, until)| until);
        let Some((from, until)) = all.iter().filter_map(|one| one.at(moment)).max_by_key(|(_, until)| *until)
        else {
            break;
        };
        found = Some((found.map_or(from, |(first, _)| first), until));
    }
    found
}

/// Returns whether between two moments there was so much time outside these freezes.
#[must_use]
pub fn is_awake_for(all: &[Stilte], from: Timestamp, until: Timestamp, wanted: SignedDuration) -> bool {
    if until.duration_since(from) < wanted {
        return false;
    }
    let mut awake = SignedDuration::ZERO;
    let mut moment = from;
    while moment < until && awake < wanted {
        if let Some((_, end)) = stilte_at(all, moment) {
            moment = end;
            continue;
        }
        let next = all.iter().filter_map(|one| one.next(moment)).min().map_or(until, |next| next.min(until));
        awake += next.duration_since(moment);
        moment = next;
    }
    awake >= wanted
}

impl FromStr for Stilte {
    type Err = NotAStilte;

    fn from_str(text: &str) -> Result<Self, NotAStilte> {
        let (from, rest) = text.split_once(" - ").ok_or(NotAStilte)?;
        let mut parts = rest.split_whitespace();
        let (day, time) = (parts.next().ok_or(NotAStilte)?, parts.next().ok_or(NotAStilte)?);
        let zone = parts.next().unwrap_or(ZONE);
        if parts.next().is_some() {
            return Err(NotAStilte);
        }
        let zone = TimeZone::get(zone).map_err(|_| NotAStilte)?;
        let (from, until) = (moment(from.trim())?, moment(&format!("{day} {time}"))?);
        let fits = match (from, until) {
            // A whole week would never end.
            (Moment::Every(..), Moment::Every(..)) => from != until,
            (Moment::Once(from), Moment::Once(until)) => from < until,
            _ => false,
        };
        fits.then(|| Self { from, until, zone, text: text.to_owned() }).ok_or(NotAStilte)
    }
}

fn moment(text: &str) -> Result<Moment, NotAStilte> {
    let (day, time) = text.split_once(' ').ok_or(NotAStilte)?;
    let (hours, minutes) = time.split_once(':').ok_or(NotAStilte)?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i8>().ok().filter(|_| digits).ok_or(NotAStilte)
    };
    let time = Time::new(number(hours)?, number(minutes)?, 0, 0).map_err(|_| NotAStilte)?;
    let day = day.to_lowercase();
    if let Some((.., weekday)) = DAYS.iter().find(|(dutch, english, _)| day == *dutch || day == *english) {
        return Ok(Moment::Every(*weekday, time));
    }
    let date: jiff::civil::Date = day.parse().map_err(|_| NotAStilte)?;
    Ok(Moment::Once(date.to_datetime(time)))
}

impl fmt::Display for Stilte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Stilte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, now: &str) -> Option<String> {
        let all: Vec<Stilte> = text.split(';').map(|one| one.parse().unwrap()).collect();
        stilte_at(&all, now.parse().unwrap()).map(|(from, until)| format!("{from} {until}"))
    }

    #[test]
    fn a_week_comes_again_on_the_clock_of_its_zone() {
        let weekend = "vr 18:00 - ma 06:00";
        // 27 November 2026 is a Friday.
        let whole = Some("2026-11-27T17:00:00Z 2026-11-30T05:00:00Z".to_owned());
        assert_eq!(at(weekend, "2026-11-27T16:59:59Z"), None);
        assert_eq!(at(weekend, "2026-11-27T17:00:00Z"), whole);
        assert_eq!(at(weekend, "2026-11-30T04:59:59Z"), whole);
        assert_eq!(at(weekend, "2026-11-30T05:00:00Z"), None);
        assert_eq!(at("fr 18:00 - mo 06:00 UTC", "2026-11-30T05:30:00Z").unwrap().len(), 41);
        // The clock goes forward in the night of 28 to 29 March 2026: the freeze is an hour shorter.
        let spring = at(weekend, "2026-03-29T12:00:00Z");
        assert_eq!(spring.unwrap(), "2026-03-27T17:00:00Z 2026-03-30T04:00:00Z");
        // Within one day, and nearly a whole week.
        assert_eq!(
            at("di 01:00 - di 02:00", "2026-12-01T00:30:00Z").unwrap(),
            "2026-12-01T00:00:00Z 2026-12-01T01:00:00Z"
        );
        assert_eq!(at("di 02:00 - di 01:00", "2026-12-01T00:30:00Z"), None);
        assert_eq!(
            at("di 02:00 - di 01:00", "2026-12-01T01:30:00Z").unwrap(),
            "2026-12-01T01:00:00Z 2026-12-08T00:00:00Z"
        );
    }

    #[test]
    fn a_dated_one_comes_once_and_what_follows_on_it_belongs_to_it() {
        let release = "2026-12-31 17:00 - 2027-01-02 08:00";
        assert_eq!(at(release, "2026-12-31T15:59:59Z"), None);
        assert_eq!(at(release, "2027-01-01T00:00:00Z").unwrap(), "2026-12-31T16:00:00Z 2027-01-02T07:00:00Z");
        assert_eq!(at(release, "2027-12-31T18:00:00Z"), None);
        let both = format!("{release};za 08:00 - za 10:00");
        assert_eq!(at(&both, "2027-01-01T00:00:00Z").unwrap(), "2026-12-31T16:00:00Z 2027-01-02T09:00:00Z");
    }

    /// Beside a walk through every minute.
    #[test]
    fn time_outside_freezes_is_counted() {
        let from: Timestamp = "2026-10-22T07:30:00Z".parse().unwrap();
        let minutes = |minutes: i64| SignedDuration::from_mins(minutes);
        for text in [
            "vr 18:00 - ma 06:00",
            "vr 18:00 - ma 06:00;ma 06:00 - ma 07:00;wo 12:00 - wo 11:00",
            // Over the night in which the clock goes back.
            "za 23:00 - zo 02:30;2026-10-23 10:00 - 2026-10-23 11:00",
            "2026-10-01 00:00 - 2026-10-22 12:00",
            "2026-10-01 00:00 - 2026-10-02 12:00",
            "do 09:00 - do 08:59",
        ] {
            let all: Vec<Stilte> = text.split(';').map(|one| one.parse().unwrap()).collect();
            let mut awake = 0;
            for passed in 0..15 * 24 * 60 {
                if passed % 97 == 0 {
                    let until = from + minutes(passed);
                    assert!(is_awake_for(&all, from, until, minutes(awake)), "{text} {until} {awake}");
                    assert!(!is_awake_for(&all, from, until, minutes(awake + 1)), "{text} {until} {awake}");
                }
                awake += i64::from(stilte_at(&all, from + minutes(passed)).is_none());
            }
        }
        assert!(is_awake_for(&[], from, from, SignedDuration::ZERO));
        assert!(!is_awake_for(&[], from, from - minutes(1), SignedDuration::ZERO), "the clock was set back");
    }

    #[test]
    fn what_is_no_freeze() {
        for wrong in [
            "",
            "vr 18:00",
            "vr 18:00 - vr 18:00",
            "vr 18:00 - 2026-12-31 17:00",
            "2026-12-31 17:00 - 2026-12-31 17:00",
            "2026-12-31 17:00 - 2026-12-30 17:00",
            "vr 25:00 - ma 06:00",
            "vr 6:00 - ma 06:00",
            "xx 06:00 - ma 06:00",
            "vr 18:00 - ma 06:00 Europe/Nergens",
            "vr 18:00 - ma 06:00 UTC UTC",
            "2026-02-30 17:00 - 2026-12-30 17:00",
        ] {
            assert_eq!(wrong.parse::<Stilte>(), Err(NotAStilte), "{wrong}");
        }
    }
}
