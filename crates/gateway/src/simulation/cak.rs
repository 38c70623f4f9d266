//! The simulated CAK: it keeps periods, and judges by the rules of iEb 1.0 that need what was sent before (TR102 to
//! TR104, TR071, TR328 to TR330, OP291). It is written from those rules and shares nothing with the planner.

use std::collections::{BTreeMap, BTreeSet};

use iwmo_codec::messages::Message;
use jiff::civil::Date;

use super::expected::{Month, charged};
use super::messages::{BSNS, RIGHT, WRONG};
use super::prices::amount;

/// A period as the CAK holds it. Dates compare as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) bsn: String,
    pub(super) start: String,
    pub(super) stop: Option<String>,
    pub(super) deleted: bool,
    /// The price that is guarded, in cents, and from when on.
    pub(super) price: Option<(u64, String)>,
    /// A stop was deleted: the next is a first one.
    had_stop: bool,
}

impl Period {
    fn charges(&self) -> bool {
        let day = |text: &str| text.parse().expect("a date");
        let last = self.stop.as_deref().map_or(Date::MAX, day);
        !self.deleted && charged(day(&self.start), last, Month::MAX).next().is_some()
    }

    /// Returns one that the CAK has from before.
    pub(super) fn known(bsn: &str, start: Date, stop: Option<Date>) -> Self {
        let (start, stop) = (start.to_string(), stop.map(|stop| stop.to_string()));
        Self { bsn: bsn.to_owned(), start, stop, deleted: false, price: None, had_stop: false }
    }
}

/// What the CAK holds, by gemeente and EbStartNummer.
#[derive(Debug, Default)]
pub(super) struct Cak {
    pub(super) periods: BTreeMap<(String, u64), Period>,
    /// Somebody's BSN was corrected more than once, or a correction taken back.
    pub(super) corrected_again: bool,
    /// What it refused once for a reason of its own: the number, and whether it was a stop.
    grumbled: BTreeSet<(String, u64, bool)>,
}

impl Cak {
    /// Takes a notification. Returns the code that refuses it, if it is refused.
    pub(super) fn judge(&mut self, message: &Message) -> Option<&'static str> {
        match message {
            Message::Wmo401(m) => {
                let start = &m.client.start_eigen_bijdrage;
                let number = (m.header.afzender.to_string(), start.eb_start_nummer.value());
                let bsn = m.client.bsn.expose().as_str().to_owned();
                let price = start
                    .eb_kostprijs
                    .as_ref()
                    .map(|price| (price.kostprijs_bedrag.value(), price.kostprijs_startdatum.to_string()));
                let date = start.eb_startdatum.to_string();
                if let Some((cents, from)) = &price {
                    let year = from.get(..4).and_then(|year| year.parse().ok()).expect("a year");
                    // CS333, CS334
                    if *cents <= u64::from(amount(year)) || *from < date {
                        return Some("S333");
                    }
                }
                if start.status_aanlevering.as_str() == "1" && self.has_under_the_wrong_bsn(&number.0, &bsn) {
                    return Some("9102");
                }
                self.start(number, bsn, date, price, start.status_aanlevering.as_str())
            }
            Message::Wmo403(m) => {
                let stop = &m.client.stop_eigen_bijdrage;
                let number = (m.header.afzender.to_string(), stop.eb_start_nummer.value());
                self.stop(&number, stop.eb_stopdatum.to_string(), stop.status_aanlevering.as_str())
            }
            _ => Some("0001"),
        }
    }

    /// Returns whether a notification about this start or stop may be refused without a reason: once. After a second
    /// time the planner leaves the person to an operator.
    pub(super) fn may_grumble(&mut self, message: &Message) -> bool {
        let about = match message {
            Message::Wmo401(m) => {
                (m.header.afzender.to_string(), m.client.start_eigen_bijdrage.eb_start_nummer.value(), false)
            }
            Message::Wmo403(m) => {
                (m.header.afzender.to_string(), m.client.stop_eigen_bijdrage.eb_start_nummer.value(), true)
            }
            _ => return false,
        };
        self.grumbled.insert(about)
    }

    /// P13: who has another BSN than was said is told of under that one when nothing is left under the first. Nobody says anything
    /// of the other one before.
    fn has_under_the_wrong_bsn(&self, gemeente: &str, bsn: &str) -> bool {
        let stands = |period: &Period| period.bsn == BSNS[WRONG] && period.charges();
        !self.corrected_again
            && bsn == BSNS[RIGHT]
            && self.periods.iter().any(|((of, _), period)| of == gemeente && stands(period))
    }

    fn start(
        &mut self,
        number: (String, u64),
        bsn: String,
        date: String,
        price: Option<(u64, String)>,
        status: &str,
    ) -> Option<&'static str> {
        if status == "1" {
            let open = |(key, period): (&(String, u64), &Period)| {
                key.0 == number.0 && period.bsn == bsn && !period.deleted && period.stop.is_none()
            };
            // OP290, OP291
            if self.periods.contains_key(&number) || self.periods.iter().any(open) {
                return Some("9102");
            }
            let period = Period { bsn, start: date, stop: None, deleted: false, price, had_stop: false };
            self.periods.insert(number, period);
            return None;
        }
        let Some(period) = self.periods.get_mut(&number) else { return Some("9103") };
        match status {
            _ if period.deleted => Some("9104"),
            "2" if period.stop.as_ref().is_some_and(|stop| *stop < date) => Some("9328"),
            "2" => {
                (period.start, period.price) = (date, price);
                None
            }
            _ if period.stop.is_some() => Some("9071"),
            _ if period.start != date || period.price != price => Some("9329"),
            _ => {
                period.deleted = true;
                None
            }
        }
    }

    fn stop(&mut self, number: &(String, u64), date: String, status: &str) -> Option<&'static str> {
        let Some(period) = self.periods.get_mut(number).filter(|period| !period.deleted) else {
            return Some("9330");
        };
        match status {
            "1" if period.stop.is_some() => Some("9102"),
            "2" if period.stop.is_none() => Some(if period.had_stop { "9104" } else { "9103" }),
            "3" if period.stop.as_ref() != Some(&date) => Some("9329"),
            "3" => {
                (period.stop, period.had_stop) = (None, true);
                None
            }
            _ if date < period.start => Some("9328"),
            _ => {
                period.stop = Some(date);
                None
            }
        }
    }
}
