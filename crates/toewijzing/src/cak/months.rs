//! Months for which the contribution is due (section 2.2 of the iEb description) and month arithmetic.

use jiff::Span;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

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

/// Returns the last month charged: that of the stop, in full (UVB 3.10a).
#[must_use]
pub fn last_month(stop: Date) -> Maand {
    Maand::of(stop)
}

/// Shifts a day by months; the day is cut to the end of the month.
#[must_use]
pub fn shift_months(day: Date, months: i32) -> Date {
    let limit = if months < 0 { Date::MIN } else { Date::MAX };
    Span::new().try_months(months).ok().and_then(|span| day.checked_add(span).ok()).unwrap_or(limit)
}

/// A set of charged months as ascending, disjoint, non-adjacent runs; the last may have no end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maanden(Vec<(Maand, Option<Maand>)>);

impl Maanden {
    /// Collects the months that periods charge together.
    #[must_use]
    pub fn of(periods: impl IntoIterator<Item = (Date, Option<Date>)>) -> Self {
        let mut runs: Vec<(Maand, Option<Maand>)> = periods
            .into_iter()
            .map(|(start, stop)| (first_month(start), stop.map(last_month)))
            .filter(|(first, last)| last.is_none_or(|last| *first <= last))
            .collect();
        runs.sort();
        let mut merged: Vec<(Maand, Option<Maand>)> = Vec::new();
        for (first, last) in runs {
            match merged.last_mut() {
                Some((_, None)) => {}
                Some((_, end @ Some(_))) if end.is_some_and(|end| first <= end.plus(1)) => {
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

    /// True when this month is charged.
    #[must_use]
    pub fn contains(&self, month: Maand) -> bool {
        self.0.iter().any(|(first, last)| *first <= month && last.is_none_or(|last| month <= last))
    }

    /// True when no month is charged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// True when at least one whole calendar month lies between two days.
pub(super) fn whole_month_between(end: Date, next: Date) -> bool {
    Maand::of(next).since(Maand::of(end)) >= 2
}

/// Returns the day on which someone is 18: who was born on 29 February is 18 on 1 March of a common year.
pub(super) fn birthday_18(birth: Date) -> Date {
    let year = birth.year().saturating_add(18);
    let fallback = || Date::new(year, 3, 1).unwrap_or(date(9999, 12, 31));
    Date::new(year, birth.month(), birth.day()).unwrap_or_else(|_| fallback())
}
