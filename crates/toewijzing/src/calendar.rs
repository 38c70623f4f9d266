//! Dutch working days (D14).

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// Which days are working days: Monday to Friday without the recognised public holidays and what a gemeente adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kalender {
    /// Good Friday is a holiday here. By default it is a working day.
    pub goede_vrijdag_vrij: bool,
    /// 5 May is a holiday here. By default it is a working day.
    pub bevrijdingsdag_vrij: bool,
    /// Other days on which the gemeente is closed.
    pub sluitingsdagen: BTreeSet<Date>,
}

impl Kalender {
    /// True for a working day.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.is_holiday(day)
            && !self.sluitingsdagen.contains(&day)
    }

    /// True for a recognised public holiday, whatever its weekday.
    #[must_use]
    pub fn is_holiday(&self, day: Date) -> bool {
        let fixed = match (day.month(), day.day()) {
            (1, 1) | (12, 25 | 26) => true,
            (5, 5) => self.bevrijdingsdag_vrij,
            _ => day == kings_day(day.year()),
        };
        // Days relative to Easter Sunday: Good Friday, Easter Monday, Ascension Day, Whit Monday.
        let moving = match days_since(easter(day.year()), day) {
            -2 => self.goede_vrijdag_vrij,
            0 | 1 | 39 | 49 | 50 => true,
            _ => false,
        };
        fixed || moving
    }

    /// Returns the `n`-th working day after `day`; the day itself is not counted.
    ///
    /// At the end of the calendar of this program the last day is returned.
    #[must_use]
    pub fn add_working_days(&self, day: Date, n: u16) -> Date {
        let mut day = day;
        let mut left = n;
        while left > 0 {
            let Ok(next) = day.tomorrow() else { return day };
            day = next;
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        day
    }
}

/// King's Day: 27 April, or the day before when that is a Sunday.
fn kings_day(year: i16) -> Date {
    let day = jiff::civil::date(year, 4, 27);
    if day.weekday() == Weekday::Sunday { jiff::civil::date(year, 4, 26) } else { day }
}

/// Easter Sunday of the Gregorian calendar, by the computus of Meeus, Jones and Butcher.
fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let a = y.rem_euclid(19);
    let (b, c) = (y.div_euclid(100), y.rem_euclid(100));
    let (d, e) = (b.div_euclid(4), b.rem_euclid(4));
    let f = (b + 8).div_euclid(25);
    let g = (b - f + 1).div_euclid(3);
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c.div_euclid(4), c.rem_euclid(4));
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l).div_euclid(451);
    let n = h + l - 7 * m + 114;
    let (month, day) = (n.div_euclid(31), n.rem_euclid(31) + 1);
    // The computus gives 22 March to 25 April only, so both conversions hold.
    jiff::civil::date(year, i8::try_from(month).unwrap_or(4), i8::try_from(day).unwrap_or(1))
}

fn days_since(from: Date, day: Date) -> i32 {
    day.since((jiff::Unit::Day, from)).map_or(i32::MAX, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn easter_falls_where_almanacs_say() {
        for (year, month, day) in [
            (1961, 4, 2),
            (2000, 4, 23),
            (2008, 3, 23),
            (2011, 4, 24),
            (2019, 4, 21),
            (2023, 4, 9),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2038, 4, 25),
            (2285, 3, 22),
        ] {
            assert_eq!(easter(year), date(year, month, day));
        }
    }

    #[test]
    fn holidays_of_2025_and_2026() {
        let holidays = |year| -> Vec<Date> {
            date(year, 1, 1)
                .series(jiff::Span::new().days(1))
                .take_while(|day| day.year() == year)
                .filter(|day| {
                    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
                        && !Kalender::default().is_working_day(*day)
                })
                .collect()
        };
        // 27 April 2025 is a Sunday: King's Day is Saturday the 26th.
        assert_eq!(
            holidays(2025),
            [
                date(2025, 1, 1),
                date(2025, 4, 21),
                date(2025, 5, 29),
                date(2025, 6, 9),
                date(2025, 12, 25),
                date(2025, 12, 26)
            ]
        );
        assert_eq!(
            holidays(2026),
            [
                date(2026, 1, 1),
                date(2026, 4, 6),
                date(2026, 4, 27),
                date(2026, 5, 14),
                date(2026, 5, 25),
                date(2026, 12, 25)
            ]
        );
    }

    #[test]
    fn the_optional_days_are_optional() {
        let strict = Kalender { goede_vrijdag_vrij: true, bevrijdingsdag_vrij: true, ..Kalender::default() };
        for day in [date(2023, 4, 7), date(2023, 5, 5)] {
            assert!(Kalender::default().is_working_day(day));
            assert!(!strict.is_working_day(day));
        }
    }

    #[test]
    fn a_gemeente_closes_on_days_of_its_own() {
        // The Friday after Ascension Day.
        let bridge = date(2026, 5, 15);
        let own = Kalender { sluitingsdagen: BTreeSet::from([bridge]), ..Kalender::default() };
        assert!(Kalender::default().is_working_day(bridge));
        assert!(!own.is_working_day(bridge));
        assert!(!own.is_holiday(bridge));
        assert_eq!(Kalender::default().add_working_days(date(2026, 5, 13), 1), bridge);
        assert_eq!(own.add_working_days(date(2026, 5, 13), 1), date(2026, 5, 18));
    }

    #[test]
    fn the_day_itself_is_not_counted() {
        let kalender = Kalender::default();
        assert_eq!(kalender.add_working_days(date(2023, 7, 4), 5), date(2023, 7, 11));
        assert_eq!(kalender.add_working_days(date(2023, 12, 31), 5), date(2024, 1, 8));
        assert_eq!(kalender.add_working_days(date(2023, 3, 31), 5), date(2023, 4, 7));
        assert_eq!(kalender.add_working_days(date(2023, 4, 26), 1), date(2023, 4, 28));
        assert_eq!(kalender.add_working_days(Date::MAX, 3), Date::MAX);
    }
}
