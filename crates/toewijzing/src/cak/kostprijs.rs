//! The price that the CAK guards (section 2.6 of the iEb description).
//!
//! Of several hulpmiddelen and woningaanpassingen one is guarded, the one that lasts longest; prices are not added up. What
//! is left of a price is that price less the national amount of every month charged since.

use jiff::civil::Date;

use super::command::Kostprijs;
use super::dagen::Dagen;
use super::layers::EbBeleid;
use super::months::{Maand, Maanden};
use super::opgave::{Opgaven, Waarover};
use super::policy::{DienstErnaast, KostprijsBeleid, Regime};
use super::sources::Interval;
use super::wanted::{Gewenst, Periode, Taak};

/// What periods and their prices follow from.
pub(super) struct Prijzen<'a> {
    pub(super) due: &'a [Interval],
    pub(super) opgaven: &'a Opgaven,
    pub(super) beleid: &'a EbBeleid,
}

/// A price, and what is left of it.
struct Rest {
    cents: u32,
    /// Every month was subtracted at an amount that is known.
    known: bool,
}

impl Prijzen<'_> {
    /// Gives each period its price, and tells what a person must look at.
    pub(super) fn put_on(&self, gewenst: &mut Gewenst) {
        let charged =
            Maanden::under(self.beleid, gewenst.perioden.iter().map(|period| (period.start, period.eind)));
        for index in 0..gewenst.perioden.len() {
            let mut tasks = Vec::new();
            let price = self.of(&gewenst.perioden[index], &charged, &mut tasks);
            gewenst.perioden[index].kostprijs = price;
            gewenst.taken.append(&mut tasks);
        }
    }

    fn of(&self, period: &Periode, charged: &Maanden, tasks: &mut Vec<Taak>) -> Option<Kostprijs> {
        let days = Dagen { first: period.start, last: period.eind };
        // The one that lasts longest; of equals the first.
        let (waarover, price) = self
            .opgaven
            .kostprijzen
            .iter()
            .filter_map(|price| {
                let goods: Vec<Dagen> = self
                    .due
                    .iter()
                    .filter(|interval| interval.waarover == price.waarover && is_goods(interval))
                    .map(|interval| interval.dagen)
                    .collect();
                if !goods.iter().any(|goods| goods.meets(days)) {
                    return None;
                }
                // Paid off from its first day on, in whichever period that was.
                let begin = goods.iter().map(|goods| goods.first).min()?;
                let startdatum = price.startdatum.unwrap_or(begin);
                let delivered = self.beleid.op(startdatum).kostprijs == KostprijsBeleid::Aanleveren;
                let kostprijs = Kostprijs { bedrag_cent: price.bedrag_cent?, startdatum };
                delivered.then_some((&price.waarover, kostprijs))
            })
            .max_by_key(|(waarover, price)| (self.paid_off(price), std::cmp::Reverse(*waarover)))?;
        let mut from = price.startdatum.max(period.start);
        if self.beleid.op(from).dienst_ernaast == DienstErnaast::ZonderKostprijs {
            let services =
                self.due.iter().filter(|interval| !is_goods(interval) && interval.dagen.meets(days));
            for service in services {
                // While a service runs the price ends nothing.
                from = from.max(service.dagen.last?.tomorrow().ok()?);
            }
        }
        if period.eind.is_some_and(|eind| eind < from) {
            return None;
        }
        self.rest(waarover, price, from, charged, tasks)
    }

    /// CS333: a price that the CAK guards is more than a month's amount.
    fn rest(
        &self,
        waarover: &Waarover,
        price: Kostprijs,
        from: Date,
        charged: &Maanden,
        tasks: &mut Vec<Taak>,
    ) -> Option<Kostprijs> {
        let left = rest(self.beleid, price, from, Some(charged));
        let (tarief, known) = self.beleid.op(from).tarief_in(from.year())?;
        if !left.known || (!known && left.cents != price.bedrag_cent) {
            tasks.push(Taak::TariefOnbekend(waarover.clone()));
            return None;
        }
        if left.cents <= tarief {
            tasks.push(Taak::KostprijsOp(waarover.clone()));
            return None;
        }
        Some(Kostprijs { bedrag_cent: left.cents, startdatum: from })
    }

    /// How many months after its beginning a price is paid off, if each is charged.
    fn paid_off(&self, price: &Kostprijs) -> i32 {
        let mut month = first_month(self.beleid, price.startdatum);
        let mut left = price.bedrag_cent;
        while let Some(after) =
            self.tarief(month).filter(|tarief| *tarief > 0).and_then(|tarief| left.checked_sub(tarief))
        {
            left = after;
            month = month.plus(1);
        }
        month.since(Maand::of(Date::MIN))
    }

    fn tarief(&self, month: Maand) -> Option<u32> {
        self.beleid.op(month.first_day()?).tarief_in(month.year()).map(|(cents, _)| cents)
    }
}

fn first_month(beleid: &EbBeleid, start: Date) -> Maand {
    beleid.op(start).maandregel.first_month(start)
}

/// What is left of a price from a day on; `charged`: only of these months something was paid.
fn rest(beleid: &EbBeleid, price: Kostprijs, from: Date, charged: Option<&Maanden>) -> Rest {
    let mut rest = Rest { cents: price.bedrag_cent, known: true };
    let mut month = first_month(beleid, price.startdatum);
    let until = first_month(beleid, from);
    while month < until && rest.cents > 0 {
        let regels = month.first_day().map(|day| beleid.op(day));
        if charged.is_none_or(|charged| charged.contains(month)) {
            let tarief = regels.and_then(|regels| regels.tarief_in(month.year()));
            rest.known &= tarief.is_some_and(|(_, known)| known)
                // By income nobody but the CAK knows what was paid.
                && regels.is_some_and(|regels| regels.regime == Regime::Abonnementstarief);
            rest.cents = rest.cents.saturating_sub(tarief.map_or(0, |(cents, _)| cents));
        }
        month = month.plus(1);
    }
    rest
}

/// The price of a period that carries on another one from a day on (9.6); none: too little is left.
pub(super) fn carried_on(beleid: &EbBeleid, price: Kostprijs, from: Date) -> Option<Kostprijs> {
    if from <= price.startdatum {
        return Some(price);
    }
    let left = rest(beleid, price, from, None);
    let (tarief, _) = beleid.op(from).tarief_in(from.year())?;
    (left.known && left.cents > tarief).then_some(Kostprijs { bedrag_cent: left.cents, startdatum: from })
}

/// Vervoervoorzieningen, woonvoorzieningen and other hulpmiddelen (2.4).
fn is_goods(interval: &Interval) -> bool {
    let categorie = interval.product.as_ref().map_or("", |product| product.categorie.as_str());
    matches!(categorie, "12" | "13" | "14")
}
