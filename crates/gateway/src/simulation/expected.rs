//! What the CAK must hold, reckoned from the recorded messages by a slow and simple model.
//!
//! It knows the policy of the runs and nothing else: support itself begins the contribution, a whole calendar month
//! without support ends it, a start on the first day of a month is charged from that month and any other from the
//! next, and the month of the stop is charged in full.

use std::collections::{BTreeMap, BTreeSet};

use iwmo_codec::messages::Message;
use jiff::civil::Date;

use crate::translate;

/// A month, counted from year 0.
type Month = i32;

/// By number of the toewijzing and begin, the end of a delivery if it has one.
type Deliveries = BTreeMap<(u64, Date), Option<Date>>;

/// For each person of a gemeente, what was delivered.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// By person and toewijzing: the starts that stand, each with the stop that stands.
    deliveries: BTreeMap<(String, String), Deliveries>,
}

impl Expected {
    /// Takes an approved 305 or 307 into account.
    pub(super) fn approved(&mut self, message: &Message) {
        let date = |datum| translate::date(datum).expect("an approved message has dates");
        match message {
            Message::Wmo305(m) => {
                let key = (m.header.ontvanger.to_string(), m.client.bsn.expose().as_str().to_owned());
                let starts = self.deliveries.entry(key).or_default();
                for class in &m.client.start_producten {
                    let number = class.toewijzing_nummer.as_ref().map_or(0, |number| number.value());
                    let start = (number, date(class.begindatum));
                    match class.status_aanlevering.as_str() {
                        "3" => drop(starts.remove(&start)),
                        _ => drop(starts.entry(start).or_default()),
                    }
                }
            }
            Message::Wmo307(m) => {
                let key = (m.header.ontvanger.to_string(), m.client.bsn.expose().as_str().to_owned());
                let starts = self.deliveries.entry(key).or_default();
                for class in &m.client.stop_producten {
                    let number = class.toewijzing_nummer.as_ref().map_or(0, |number| number.value());
                    if let Some(stop) = starts.get_mut(&(number, date(class.begindatum))) {
                        let deletes = class.status_aanlevering.as_str() == "3";
                        *stop = (!deletes).then(|| date(class.einddatum));
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the months charged for each person of a gemeente, until the horizon.
    pub(super) fn months(&self, horizon: Month) -> BTreeMap<(String, String), BTreeSet<Month>> {
        let mut all = BTreeMap::new();
        for (person, starts) in &self.deliveries {
            let mut days: Vec<(Date, Date)> =
                starts.iter().map(|((_, begin), stop)| (*begin, stop.unwrap_or(Date::MAX))).collect();
            days.sort();
            let mut months = BTreeSet::new();
            let mut run: Option<(Date, Date)> = None;
            for (begin, end) in days {
                run = Some(match run {
                    Some((first, last)) if last == Date::MAX || month(begin) - month(last) < 2 => {
                        (first, last.max(end))
                    }
                    Some((first, last)) => {
                        months.extend(charged(first, last, horizon));
                        (begin, end)
                    }
                    None => (begin, end),
                });
            }
            if let Some((first, last)) = run {
                months.extend(charged(first, last, horizon));
            }
            if !months.is_empty() {
                all.insert(person.clone(), months);
            }
        }
        all
    }
}

/// Returns the months for which a period is charged, until the horizon.
pub(super) fn charged(begin: Date, end: Date, horizon: Month) -> impl Iterator<Item = Month> {
    let first = month(begin) + Month::from(begin.day() != 1);
    first..=month(end).min(horizon)
}

pub(super) fn month(day: Date) -> Month {
    Month::from(day.year()) * 12 + Month::from(day.month()) - 1
}
