//! What the CAK must guard of the price of a hulpmiddel, reckoned slowly: of those that somebody has in a period the one that takes
//! longest to pay off, less what every month paid that was charged since.

use std::collections::{BTreeMap, BTreeSet};

use iwmo_toewijzing::cak::{DienstErnaast, EbBeleid, KostprijsBeleid, KostprijsOpgave, Laag, Lagen};
use jiff::ToSpan;
use jiff::civil::Date;

use super::expected::{Month, Row, Support, first_charged};
use super::world::GEMEENTEN;

/// The category of what has a price in a run.
pub(super) const GOODS: &str = "12";

/// The gemeenten in which a price is guarded although a service runs.
pub(super) const BESIDE_A_SERVICE: [&str; 1] = [GEMEENTEN[1]];

/// The amount a month from a year on, in cents. The second is that of the policy of the runs, the first of the law.
const AMOUNTS: [(i16, u32); 2] = [(2025, 2_100), (2026, 2_250)];

/// What the gemeenten of the runs chose.
pub(super) fn policy(gemeente: &str) -> EbBeleid {
    let beside = match BESIDE_A_SERVICE.contains(&gemeente) {
        true => DienstErnaast::MetKostprijs,
        false => DienstErnaast::ZonderKostprijs,
    };
    let tarief = BTreeMap::from([AMOUNTS[1], (2030, AMOUNTS[1].1)]);
    EbBeleid::new(Lagen {
        basis: Laag {
            kostprijs: Some(KostprijsBeleid::Aanleveren),
            dienst_ernaast: Some(beside),
            tarief,
            ..Laag::default()
        },
        ..Lagen::default()
    })
}

/// The amount of a month.
pub(super) fn amount(year: i16) -> u32 {
    let (_, cents) = AMOUNTS.into_iter().rfind(|(from, _)| *from <= year).expect("no run goes back further");
    cents
}

/// What is left of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Price {
    /// There is none, or it is not guarded.
    None,
    /// No more than a month pays.
    UsedUp,
    /// So much, from this day on.
    Left(u32, Date),
}

/// From what prices follow.
pub(super) struct Prices<'a> {
    pub(super) support: &'a Support<'a>,
    /// The months that are charged.
    pub(super) charged: &'a BTreeSet<Month>,
    /// They are guarded although a service runs.
    pub(super) beside: bool,
}

impl Prices<'_> {
    /// Returns what is guarded in a period.
    pub(super) fn of(&self, (start, end): (Date, Date)) -> Price {
        let stated = &self.support.stated.kostprijzen;
        let known = stated.iter().filter_map(|price| {
            let (cents, begin) = (price.bedrag_cent?, self.begin(price, start, end)?);
            Some((paid_off(cents, begin), price, cents, begin))
        });
        // Of two that take as long that with the lower name.
        let longest =
            known.max_by(|one, other| one.0.cmp(&other.0).then(other.1.waarover.cmp(&one.1.waarover)));
        let Some((_, _, cents, begin)) = longest else { return Price::None };
        let mut from = begin.max(start);
        if !self.beside
            && let Some(busy) = self.last_day(start, end, |row| !row.is_goods)
        {
            if busy == Date::MAX {
                return Price::None;
            }
            from = from.max(busy.saturating_add(1.days()));
        }
        if from > end {
            return Price::None;
        }
        let mut left = cents;
        for month in first_charged(begin)..first_charged(from) {
            if self.charged.contains(&month) {
                left = left.saturating_sub(amount((month / 12) as i16));
            }
        }
        if left > amount(from.year()) { Price::Left(left, from) } else { Price::UsedUp }
    }

    /// Returns from when on a price is paid off, when somebody has in a period what it is about.
    fn begin(&self, price: &KostprijsOpgave, start: Date, end: Date) -> Option<Date> {
        let goods = |row: &Row| row.is_goods && row.waarover == price.waarover;
        self.last_day(start, end, goods)?;
        let mut day = self.support.first;
        while !self.support.rows.iter().any(|row| goods(row) && self.support.counts(row, day)) {
            day = day.saturating_add(1.days());
        }
        Some(price.startdatum.unwrap_or(day))
    }

    /// The last day of a period on which somebody has something that is chargeable; the last there is, when for good.
    fn last_day(&self, start: Date, end: Date, which: impl Fn(&Row) -> bool) -> Option<Date> {
        if self.support.rows.is_empty() {
            return None;
        }
        let until = end.min(self.support.last.max(start));
        let (mut day, mut last) = (start, None);
        while day <= until {
            if self.support.rows.iter().any(|row| which(row) && self.support.counts(row, day)) {
                last = Some(day);
            }
            day = day.saturating_add(1.days());
        }
        last.map(|last| if last == until && until < end { Date::MAX } else { last })
    }
}

/// The month before which a price is paid off, if every month pays.
fn paid_off(cents: u32, begin: Date) -> Month {
    let (mut left, mut month) = (cents, first_charged(begin));
    while let Some(after) = left.checked_sub(amount((month / 12) as i16)) {
        (left, month) = (after, month + 1);
    }
    month
}
