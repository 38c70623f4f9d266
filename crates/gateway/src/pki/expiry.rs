//! When certificates and revocation lists end, and when that is worth a word.
//!
//! The levels are 30, 14, 7 and 1 days before the end, and the end. Something that lives so short that a level lies in the
//! first half of its life has no such level: a list that is made anew every week is told about a day before it ends.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

/// Days before the end at which it is told.
pub const LEVELS: [i64; 4] = [1, 7, 14, 30];

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What it is that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EndKind {
    /// A certificate of ours.
    Own,
    /// A certificate of an authority that we trust.
    Authority,
    /// A list of certificates that were taken back.
    List,
    /// The certificate that a partner showed last.
    Partner,
}

impl EndKind {
    /// Returns the word for it in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Authority => "authority",
            Self::List => "list",
            Self::Partner => "partner",
        }
    }
}

/// Something with an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What it is.
    pub kind: EndKind,
    /// Where it is configured, as `exchange` or `exchange.client_ca[1]`, or the partner.
    pub name: String,
    /// Whose it is, as people read it.
    pub of: String,
    /// When it begins to count.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
}

impl End {
    /// Returns how many whole days are left; fewer than none when it is over.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.until.duration_since(now).as_secs().div_euclid(DAY_SECONDS)
    }

    /// Returns the level that has been reached: the days of it, or 0 when it is over; nothing while that is far off.
    #[must_use]
    pub fn level(&self, now: Timestamp) -> Option<i64> {
        let left = self.until.duration_since(now).as_secs();
        if left <= 0 {
            return Some(0);
        }
        let life = self.until.duration_since(self.from).as_secs();
        LEVELS.into_iter().find(|days| left <= days * DAY_SECONDS && days * DAY_SECONDS < life / 2)
    }
}

/// Knows what has been told already.
#[derive(Debug, Default)]
pub struct Teller {
    /// Per thing: its end, the level that was told, and on which day.
    told: HashMap<(EndKind, String), (Timestamp, i64, Date)>,
}

impl Teller {
    /// Returns what is to be told now: each level once when it is reached, and once a day from the last one on.
    pub fn due(&mut self, ends: Vec<End>, now: Timestamp, today: Date) -> Vec<End> {
        let mut due = Vec::new();
        for end in ends {
            let Some(level) = end.level(now) else { continue };
            let key = (end.kind, end.name.clone());
            let known = self.told.get(&key).is_some_and(|(until, before, day)| {
                *until == end.until && *before == level && (level > LEVELS[0] || *day == today)
            });
            if !known {
                self.told.insert(key, (end.until, level, today));
                due.push(end);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    fn end(name: &str, life_days: i64, until: Timestamp) -> End {
        let from = until - (24 * life_days).hours();
        End { kind: EndKind::Own, name: name.to_owned(), of: String::new(), from, until }
    }

    /// What is told on each day before the end and after it, of something with this life.
    fn told(life_days: i64) -> Vec<i64> {
        let until: Timestamp = "2026-06-30T12:00:00Z".parse().unwrap();
        let mut teller = Teller::default();
        let mut days = Vec::new();
        // Every hour, from sixty days before the end to two days after it.
        for hour in (-48..=60 * 24_i64).rev() {
            let now = until - hour.hours();
            let today = now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
            days.extend(teller.due(vec![end("x", life_days, until)], now, today).iter().map(|_| hour));
        }
        days
    }

    #[test]
    fn each_level_is_told_once_and_the_last_day_by_day() {
        // The hours before the end: 30, 14, 7 and 1 days, at midnight before it, the end, and the midnights after it.
        assert_eq!(told(365), [720, 336, 168, 24, 12, 0, -12, -36]);
    }

    #[test]
    fn what_lives_short_is_told_late() {
        assert_eq!(told(28), [168, 24, 12, 0, -12, -36], "a fortnight is half its life");
        assert_eq!(told(29), [336, 168, 24, 12, 0, -12, -36]);
        assert_eq!(told(7), [24, 12, 0, -12, -36]);
        assert_eq!(told(2), [0, -12, -36]);
    }

    #[test]
    fn a_new_one_is_told_of_anew() {
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let today = jiff::civil::date(2026, 6, 1);
        let mut teller = Teller::default();
        let soon = end("x", 365, now + 100.hours());
        assert_eq!(teller.due(vec![soon.clone()], now, today).len(), 1);
        assert_eq!(teller.due(vec![soon.clone()], now, today).len(), 0);
        assert_eq!(teller.due(vec![end("x", 365, now + 101.hours())], now, today).len(), 1);
        assert_eq!(teller.due(vec![end("x", 365, now + 9000.hours())], now, today).len(), 0);
        assert_eq!((soon.days_left(now), soon.level(now)), (4, Some(7)));
    }
}
