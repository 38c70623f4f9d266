//! What the CAK must hold, reckoned from the recorded messages and statements by a slow and simple model.
//!
//! It knows the policy of the runs and nothing else: support itself begins the contribution, a whole calendar month
//! without support ends it, a start on the first day of a month is charged from that month and any other from the
//! next, and the month of the stop is charged in full. Support counts on the days on which it is chargeable and the person is
//! grown, alive and here. Every day is asked by itself.

use std::collections::{BTreeMap, BTreeSet};

use iwmo_codec::messages::Message;
use iwmo_toewijzing::cak::{Belasting, BelastingBesluit, Opgave, Opgaven, Waarover};
use jiff::ToSpan;
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
    /// By person: what was stated last about each thing.
    stated: BTreeMap<(String, String), Opgaven>,
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

    /// Takes a statement about a person into account.
    pub(super) fn stated(&mut self, person: (String, String), opgave: &Opgave) {
        self.stated.entry(person).or_default().apply(opgave).expect("few statements");
    }

    /// Returns the months charged for each person of a gemeente, until the horizon.
    pub(super) fn months(&self, horizon: Month) -> BTreeMap<(String, String), BTreeSet<Month>> {
        let persons: BTreeSet<_> = self.deliveries.keys().chain(self.stated.keys()).collect();
        let mut all = BTreeMap::new();
        for person in persons {
            let mut months = BTreeSet::new();
            for (begin, end) in self.periods(person) {
                months.extend(charged(begin, end, horizon));
            }
            if !months.is_empty() {
                all.insert(person.clone(), months);
            }
        }
        all
    }

    /// Returns the periods of a person.
    fn periods(&self, person: &(String, String)) -> Vec<(Date, Date)> {
        let none = Opgaven::default();
        let stated = self.stated.get(person).unwrap_or(&none);
        if let Some(own) = &stated.eigen_datums {
            return own.iter().map(|period| (period.start, period.eind.unwrap_or(Date::MAX))).collect();
        }
        let mut rows: Vec<(Option<u64>, Date, Date)> = Vec::new();
        for ((nummer, begin), stop) in self.deliveries.get(person).into_iter().flatten() {
            rows.push((Some(*nummer), *begin, stop.unwrap_or(Date::MAX)));
        }
        for voorziening in &stated.voorzieningen {
            let end = voorziening.einddatum.unwrap_or(Date::MAX);
            rows.push((None, voorziening.ingangsdatum, end));
        }
        let Some(first) = rows.iter().map(|(_, begin, _)| *begin).min() else { return Vec::new() };
        let ends = rows.iter().flat_map(|(_, begin, end)| [*begin, *end]).filter(|day| *day != Date::MAX);
        let decided = stated.belasting.iter().filter_map(|besluit| besluit.geldig_vanaf);
        let grown = stated.client.geboortedatum.map(|born| born.saturating_add(18.years()));
        let gone = [stated.client.overleden_op, stated.client.verhuisd_na];
        let last = ends.chain(decided).chain(grown).chain(gone.into_iter().flatten()).max().unwrap_or(first);
        // Whoever is charged long after everything was said is charged for good.
        let last = last.saturating_add(100.days());
        let mut periods: Vec<(Date, Date)> = Vec::new();
        let mut day = first;
        while day <= last {
            let within = |row: &&(Option<u64>, Date, Date)| row.1 <= day && day <= row.2;
            let charged = rows.iter().filter(within).any(|row| is_chargeable(stated, row.0, day));
            if charged && grown.is_none_or(|grown| grown <= day) && is_here(stated, day) {
                match periods.last_mut() {
                    Some((_, end)) if month(day) - month(*end) < 2 => *end = day,
                    _ => periods.push((day, day)),
                }
            }
            day = day.saturating_add(1.days());
        }
        for (_, end) in periods.iter_mut().filter(|(_, end)| *end == last) {
            *end = Date::MAX;
        }
        periods
    }
}

/// Returns what was decided about a toewijzing, of all that holds on the day what was stated last.
fn is_chargeable(stated: &Opgaven, nummer: Option<u64>, day: Date) -> bool {
    let about = |waarover: &Waarover| match (waarover, nummer) {
        (Waarover::Toewijzing(about), Some(nummer)) => u64::from(about.value()) == nummer,
        _ => false,
    };
    let holds = |besluit: &&BelastingBesluit| {
        about(&besluit.waarover) && besluit.geldig_vanaf.is_none_or(|from| from <= day)
    };
    let last = stated.belasting.iter().rfind(holds);
    last.is_none_or(|besluit| besluit.belasting == Some(Belasting::Belast))
}

/// Returns whether a person lives, and lives here.
fn is_here(stated: &Opgaven, day: Date) -> bool {
    let client = &stated.client;
    let until = |last: Option<Date>| last.is_none_or(|last| day <= last);
    until(client.overleden_op) && until(client.verhuisd_na)
}

/// Returns the months for which a period is charged, until the horizon.
pub(super) fn charged(begin: Date, end: Date, horizon: Month) -> impl Iterator<Item = Month> {
    let first = month(begin) + Month::from(begin.day() != 1);
    first..=month(end).min(horizon)
}

pub(super) fn month(day: Date) -> Month {
    Month::from(day.year()) * 12 + Month::from(day.month()) - 1
}
