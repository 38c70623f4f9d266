//! What the CAK must hold, reckoned from the recorded messages and statements by a slow and simple model.
//!
//! It knows the policy of the runs and nothing else: support itself begins the contribution, a whole calendar month
//! without support ends it, a start on the first day of a month is charged from that month and any other from the
//! next, and the month of the stop is charged in full. Support counts on the days on which it is chargeable and the person is
//! grown, alive and here. Every day is asked by itself. Who has another BSN than was said owes nothing under the wrong one, and
//! all of it under the right one.

use std::collections::{BTreeMap, BTreeSet};

use iwmo_codec::messages::Message;
use iwmo_toewijzing::cak::{Belasting, BelastingBesluit, Opgave, Opgaven, Waarover};
use iwmo_toewijzing::identity::{Bsn, ToewijzingNummer};
use jiff::ToSpan;
use jiff::civil::Date;

use super::prices::{BESIDE_A_SERVICE, GOODS, Price, Prices};
use crate::translate;

/// A month, counted from year 0.
pub(super) type Month = i32;

/// By number of the toewijzing and begin, the end of a delivery if it has one.
type Deliveries = BTreeMap<(u64, Date), Option<Date>>;

/// What somebody owes, and what is left to somebody.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Owed {
    /// The months that are charged.
    pub(super) months: BTreeSet<Month>,
    /// The prices that are guarded, by the first month that their periods charge: what is left, and from when on.
    pub(super) prices: BTreeMap<Month, (u32, Date)>,
    /// Why somebody must look.
    pub(super) tasks: BTreeSet<String>,
}

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
    pub(super) fn stated(&mut self, (gemeente, bsn): (String, String), opgave: &Opgave) {
        let of = self.stated.entry((gemeente.clone(), bsn.clone())).or_default();
        let was = of.juiste_bsn;
        of.apply(opgave).expect("few statements");
        let Opgave::Bsn(right) = opgave else { return };
        let wrong = Bsn::new(&bsn).expect("a BSN");
        if let Some(was) = was.filter(|was| was != right) {
            self.give_back(&gemeente, &was, wrong);
        }
        if let Some(was) = self.of(&gemeente, right).juiste_bsn.take() {
            self.give_back(&gemeente, &was, *right);
        }
        let earlier = std::mem::take(&mut self.of(&gemeente, &wrong).eerdere_bsns);
        let stated = self.of(&gemeente, &wrong).clone();
        self.of(&gemeente, right).take_over(wrong, &stated);
        for bsn in earlier {
            self.of(&gemeente, &bsn).juiste_bsn = Some(*right);
            self.of(&gemeente, right).eerdere_bsns.push(bsn);
        }
    }

    fn of(&mut self, gemeente: &str, bsn: &Bsn) -> &mut Opgaven {
        self.stated.entry((gemeente.to_owned(), bsn.expose().to_owned())).or_default()
    }

    /// What was said to be of somebody is not.
    fn give_back(&mut self, gemeente: &str, person: &Bsn, bsn: Bsn) {
        let stated = self.of(gemeente, &bsn).clone();
        self.of(gemeente, person).give_back(bsn, &stated);
    }

    /// Returns what each person of a gemeente owes, until the horizon, if it is anything.
    pub(super) fn owed(&self, horizon: Month) -> BTreeMap<(String, String), Owed> {
        let persons: BTreeSet<_> = self.deliveries.keys().chain(self.stated.keys()).collect();
        let all = persons.into_iter().map(|person| (person.clone(), self.owed_by(person, horizon)));
        all.filter(|(_, owed)| *owed != Owed::default()).collect()
    }

    fn owed_by(&self, person: &(String, String), horizon: Month) -> Owed {
        let none = Opgaven::default();
        let stated = self.stated.get(person).unwrap_or(&none);
        let mut owed = Owed::default();
        if stated.juiste_bsn.is_some() {
            return owed;
        }
        let support = self.support(person, stated);
        let periods = support.periods();
        for (begin, end) in &periods {
            owed.months.extend(charged(*begin, *end, horizon));
        }
        let beside = BESIDE_A_SERVICE.contains(&person.0.as_str());
        for period in periods {
            let price = Prices { support: &support, charged: &owed.months, beside }.of(period);
            if matches!(price, Price::UsedUp) {
                owed.tasks.insert("KOSTPRIJS_OP".to_owned());
            }
            if let (Price::Left(cents, from), Some(first)) =
                (price, charged(period.0, period.1, horizon).next())
            {
                owed.prices.insert(first, (cents, from));
            }
        }
        if stated.vrijstellingen.iter().any(|one| !one.gemeld) {
            owed.tasks.insert("VRIJSTELLING".to_owned());
        }
        owed
    }

    /// Returns what somebody has and had, under whichever BSN it was reported.
    fn support<'a>(&self, person: &(String, String), stated: &'a Opgaven) -> Support<'a> {
        let mut rows = Vec::new();
        let before = stated.eerdere_bsns.iter().map(|bsn| (person.0.clone(), bsn.expose().to_owned()));
        for person in before.chain([person.clone()]) {
            for ((nummer, begin), stop) in self.deliveries.get(&person).into_iter().flatten() {
                let nummer =
                    u32::try_from(*nummer).ok().and_then(|nummer| ToewijzingNummer::new(nummer).ok());
                let waarover = Waarover::Toewijzing(nummer.expect("a number"));
                rows.push(Row { waarover, begin: *begin, end: stop.unwrap_or(Date::MAX), is_goods: false });
            }
        }
        for voorziening in &stated.voorzieningen {
            rows.push(Row {
                waarover: Waarover::Voorziening(voorziening.naam.clone()),
                begin: voorziening.ingangsdatum,
                end: voorziening.einddatum.unwrap_or(Date::MAX),
                is_goods: voorziening.categorie.is_some_and(|categorie| categorie.as_str() == GOODS),
            });
        }
        for price in &stated.kostprijzen {
            let Some(reached) = price.bereikt_op.map(Date::last_of_month) else { continue };
            for row in rows.iter_mut().filter(|row| row.waarover == price.waarover) {
                row.end = row.end.min(reached);
            }
        }
        rows.retain(|row| row.begin <= row.end);
        Support::new(stated, rows)
    }
}

/// What somebody has or had, from day to day.
pub(super) struct Row {
    pub(super) waarover: Waarover,
    begin: Date,
    end: Date,
    pub(super) is_goods: bool,
}

/// All that somebody has and had.
pub(super) struct Support<'a> {
    pub(super) stated: &'a Opgaven,
    pub(super) rows: Vec<Row>,
    pub(super) first: Date,
    /// Nothing changes after it.
    pub(super) last: Date,
}

impl<'a> Support<'a> {
    fn new(stated: &'a Opgaven, rows: Vec<Row>) -> Self {
        let first = rows.iter().map(|row| row.begin).min().unwrap_or(Date::MAX);
        let ends = rows.iter().flat_map(|row| [row.begin, row.end]).filter(|day| *day != Date::MAX);
        let decided = stated.belasting.iter().filter_map(|besluit| besluit.geldig_vanaf);
        let grown = grown(stated);
        let gone = [stated.client.overleden_op, stated.client.verhuisd_na];
        let last = ends.chain(decided).chain(grown).chain(gone.into_iter().flatten()).max().unwrap_or(first);
        // Whoever is charged long after everything was said is charged for good.
        Self { stated, rows, first, last: last.saturating_add(100.days()) }
    }

    /// Returns whether a row is chargeable on a day.
    pub(super) fn counts(&self, row: &Row, day: Date) -> bool {
        row.begin <= day && day <= row.end && is_chargeable(self.stated, &row.waarover, day)
    }

    fn periods(&self) -> Vec<(Date, Date)> {
        if let Some(own) = &self.stated.eigen_datums {
            return own.iter().map(|period| (period.start, period.eind.unwrap_or(Date::MAX))).collect();
        }
        let grown = grown(self.stated);
        let mut periods: Vec<(Date, Date)> = Vec::new();
        let mut day = self.first;
        while day <= self.last && !self.rows.is_empty() {
            let charged = self.rows.iter().any(|row| self.counts(row, day));
            if charged && grown.is_none_or(|grown| grown <= day) && is_here(self.stated, day) {
                match periods.last_mut() {
                    Some((_, end)) if month(day) - month(*end) < 2 => *end = day,
                    _ => periods.push((day, day)),
                }
            }
            day = day.saturating_add(1.days());
        }
        for (_, end) in periods.iter_mut().filter(|(_, end)| *end == self.last) {
            *end = Date::MAX;
        }
        periods
    }
}

fn grown(stated: &Opgaven) -> Option<Date> {
    stated.client.geboortedatum.map(|born| born.saturating_add(18.years()))
}

/// Returns what was decided about something, of all that holds on the day what was stated last.
fn is_chargeable(stated: &Opgaven, waarover: &Waarover, day: Date) -> bool {
    let holds = |besluit: &&BelastingBesluit| {
        besluit.waarover == *waarover && besluit.geldig_vanaf.is_none_or(|from| from <= day)
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
    first_charged(begin)..=month(end).min(horizon)
}

/// The first month that is charged when a period begins on a day.
pub(super) fn first_charged(begin: Date) -> Month {
    month(begin) + Month::from(begin.day() != 1)
}

pub(super) fn month(day: Date) -> Month {
    Month::from(day.year()) * 12 + Month::from(day.month()) - 1
}
