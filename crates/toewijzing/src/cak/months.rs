//! Months for which the contribution is due (section 2.2 of the iEb description) and month arithmetic.

use jiff::Span;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::layers::EbBeleid;
use super::policy::Maandregel;

/// A calendar month, counted from year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Maand(i32);

impl Maand {
    /// Returns the month of a day.
    #[must_use]
    pub fn of(day: Date) -> Self {
        Self(i32::from(day.year()) * 12 + i32::from(day.month()) - 1)
    }

    /// Returns the month that many months later, or earlier when negative.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self(self.0.saturating_add(months))
    }

    /// Returns how many months this one lies after another.
    #[must_use]
    pub fn since(self, other: Self) -> i32 {
        self.0.saturating_sub(other.0)
    }

    /// Returns the year.
    #[must_use]
    pub fn year(self) -> i16 {
        i16::try_from(self.0.div_euclid(12)).unwrap_or(i16::MAX)
    }

    /// Returns the first day, if the calendar reaches that far.
    #[must_use]
    pub fn first_day(self) -> Option<Date> {
        let year = i16::try_from(self.0.div_euclid(12)).ok()?;
        let month = i8::try_from(self.0.rem_euclid(12) + 1).ok()?;
        Date::new(year, month, 1).ok()
    }
}

/// Returns the first month charged: a start on day 1 counts from that month, any other from the next (UVB 3.5).
#[must_use]
pub fn first_month(start: Date) -> Maand {
    if start.day() == 1 { Maand::of(start) } else { Maand::of(start).plus(1) }
}

/// Shifts a day by months; the day is cut to the end of the month.
#[must_use]
pub fn shift_months(day: Date, months: i32) -> Date {
    let limit = if months < 0 { Date::MIN } else { Date::MAX };
    Span::new().try_months(months).ok().and_then(|span| day.checked_add(span).ok()).unwrap_or(limit)
}

impl Maandregel {
    /// Returns the first day charged of a period that starts on a day; none: the calendar ends before.
    #[must_use]
    pub fn first_day(self, start: Date) -> Option<Date> {
        match self {
            Self::VolgendeMaand => first_month(start).first_day(),
            Self::ZelfdeMaand => Some(start.first_of_month()),
            Self::Dag => Some(start),
        }
    }

    /// Returns the last day charged of a period that stops on a day, which is its last.
    #[must_use]
    pub fn last_day(self, stop: Date) -> Date {
        match self {
            Self::VolgendeMaand | Self::ZelfdeMaand => stop.last_of_month(),
            Self::Dag => stop,
        }
    }

    /// Returns the first month of which something is charged.
    pub(super) fn first_month(self, start: Date) -> Maand {
        match self {
            Self::VolgendeMaand => first_month(start),
            Self::ZelfdeMaand | Self::Dag => Maand::of(start),
        }
    }
}

/// What is charged, as ascending, disjoint, non-adjacent runs of days; the last may have no end. Under the rules for months
/// these are whole months.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maanden(Vec<(Date, Option<Date>)>);

impl Maanden {
    /// Collects what periods charge together under the law as it is.
    #[must_use]
    pub fn of(periods: impl IntoIterator<Item = (Date, Option<Date>)>) -> Self {
        Self::under(&EbBeleid::default(), periods)
    }

    /// Collects what periods charge together: each end of one counts under what holds on its day.
    #[must_use]
    pub fn under(beleid: &EbBeleid, periods: impl IntoIterator<Item = (Date, Option<Date>)>) -> Self {
        let charged = periods.into_iter().filter_map(|(start, stop)| {
            let first = beleid.op(start).maandregel.first_day(start)?;
            Some((first, stop.map(|stop| beleid.op(stop).maandregel.last_day(stop))))
        });
        let mut runs: Vec<(Date, Option<Date>)> =
            charged.filter(|(first, last)| last.is_none_or(|last| *first <= last)).collect();
        runs.sort();
        let mut merged: Vec<(Date, Option<Date>)> = Vec::new();
        for (first, last) in runs {
            match merged.last_mut() {
                Some((_, None)) => {}
                Some((_, end @ Some(_)))
                    if end.is_some_and(|end| end.tomorrow().is_ok_and(|next| first <= next)) =>
                {
                    *end = match (*end, last) {
                        (Some(one), Some(other)) => Some(one.max(other)),
                        _ => None,
                    };
                }
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// True when something of this month is charged.
    #[must_use]
    pub fn contains(&self, month: Maand) -> bool {
        let Some(first_day) = month.first_day() else { return false };
        let last_day = first_day.last_of_month();
        self.0.iter().any(|(first, last)| *first <= last_day && last.is_none_or(|last| first_day <= last))
    }

    /// Returns the first day charged here that is not charged there.
    pub(super) fn first_beyond(&self, other: &Self) -> Option<Date> {
        let covered = |day: Date| {
            let holds =
                |(first, last): &&(Date, Option<Date>)| *first <= day && last.is_none_or(|last| day <= last);
            other.0.iter().find(holds).map(|(_, last)| *last)
        };
        self.0.iter().find_map(|(first, last)| match covered(*first) {
            None => Some(*first),
            // Runs never touch: the day after one lies in no other.
            Some(end) => end?.tomorrow().ok().filter(|next| last.is_none_or(|last| *next <= last)),
        })
    }

    /// True when nothing is charged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// True when at least one whole calendar month lies between two days.
pub(super) fn whole_month_between(end: Date, next: Date) -> bool {
    Maand::of(next).since(Maand::of(end)) >= 2
}

/// Returns the day on which someone reaches an age: who was born on 29 February does on 1 March of a common year.
pub(super) fn birthday(birth: Date, age: u8) -> Date {
    let year = birth.year().saturating_add(i16::from(age));
    let fallback = || Date::new(year, 3, 1).unwrap_or(date(9999, 12, 31));
    Date::new(year, birth.month(), birth.day()).unwrap_or_else(|_| fallback())
}
