//! For which periods a person owes the contribution (sections 8.2 to 8.4 of the iEb description).

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::command::Kostprijs;
use super::dagen::Dagen;
use super::kostprijs::Prijzen;
use super::layers::EbBeleid;
use super::months::{Maand, birthday, whole_month_between};
use super::opgave::{Grond, Opgaven, Waarover};
use super::policy::{Belasting, Brug, Leveringsvorm, Melding, Minderjarig, Regime, StartDatumBron, Trigger};
use super::sources::{Interval, Vraag, intervals};
use crate::dossier::Dossier;

/// No contribution of this kind was due before this day.
const ABONNEMENTSTARIEF_VANAF: Date = date(2020, 1, 1);

/// A period for which the contribution is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Periode {
    /// The first day.
    pub start: Date,
    /// The last day; absent while it runs.
    pub eind: Option<Date>,
    /// The price the CAK is to guard.
    pub kostprijs: Option<Kostprijs>,
}

/// What a person owes, and what somebody must look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gewenst {
    /// The periods, ascending and disjoint.
    pub perioden: Vec<Periode>,
    /// By when the CAK must know of each of them (UVR 2f).
    pub melden_voor: Vec<Date>,
    /// The leveringsvorm by which that day is counted.
    pub melden_als: Vec<Leveringsvorm>,
    /// From what support each of them follows; none for the own dates of the backoffice.
    pub gronden: Vec<Vec<Grondslag>>,
    /// Support for which nothing is due, and why.
    pub buiten: Vec<(Grondslag, Belasting)>,
    /// What the gateway cannot decide, in a fixed order.
    pub taken: Vec<Taak>,
}

/// Support that a person has or had.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grondslag {
    /// Which.
    pub waarover: Waarover,
    /// How it is provided.
    pub leveringsvorm: Leveringsvorm,
    /// The first day.
    pub vanaf: Date,
    /// The last day; absent while it runs.
    pub tot_en_met: Option<Date>,
    /// What says when it begins.
    pub start_trigger: Trigger,
    /// What says when it ends.
    pub stop_trigger: Trigger,
    /// The entries of the messages from which it follows, ascending; none for what the backoffice stated.
    pub entries: Vec<u64>,
}

impl From<&Interval> for Grondslag {
    fn from(interval: &Interval) -> Self {
        Self {
            waarover: interval.waarover.clone(),
            leveringsvorm: interval.vorm,
            vanaf: interval.dagen.first,
            tot_en_met: interval.dagen.last,
            start_trigger: interval.trigger.0,
            stop_trigger: interval.trigger.1,
            entries: interval.entries.clone(),
        }
    }
}

impl Gewenst {
    /// Returns by when the CAK must know of the period that begins on a day.
    #[must_use]
    pub fn melden_voor(&self, start: Date) -> Option<Date> {
        let index = self.perioden.iter().position(|period| period.start == start)?;
        self.melden_voor.get(index).copied()
    }
}

/// What somebody must decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Taak {
    /// Beschermd wonen has its own contribution and its own messages.
    BeschermdWonen(Waarover),
    /// Nobody decided whether this product is chargeable.
    BelastingOnbekend(Waarover),
    /// A woonvoorziening of a minor: a parent may owe the contribution.
    WoonvoorzieningMinderjarige(Waarover),
    /// An exemption that no message can tell the CAK.
    Vrijstelling(Grond, Date),
    /// What is left of a price is no more than a month's amount: nothing is left to guard (S333).
    KostprijsOp(Waarover),
    /// What is left of a price cannot be computed: the amount a month is not known for all years.
    TariefOnbekend(Waarover),
}

/// Returns for which periods a person owes the contribution of one gemeente.
///
/// `dossiers` are all dossiers of the person at that gemeente. Without a date of birth nobody is a minor.
#[must_use]
pub fn wanted(
    dossiers: &[&Dossier],
    geboortedatum: Option<Date>,
    opgaven: &Opgaven,
    beleid: &EbBeleid,
    today: Date,
) -> Gewenst {
    if opgaven.juiste_bsn.is_some() {
        // P13: under the wrong BSN nothing is due.
        return Gewenst::default();
    }
    let mut gewenst = Gewenst::default();
    let birth = opgaven.client.geboortedatum.or(geboortedatum);
    let mut due: Vec<Interval> = Vec::new();
    for interval in intervals(dossiers, Vraag { opgaven, beleid, today }) {
        let categorie = interval.product.as_ref().map_or("", |product| product.categorie.as_str());
        let first = interval.dagen.first;
        if of_age(birth, first, beleid).is_some_and(|adult| first < adult) && categorie == "13" {
            gewenst.taken.push(Taak::WoonvoorzieningMinderjarige(interval.waarover.clone()));
        }
        let Some(interval) = until_paid_off(interval, opgaven) else { continue };
        for (dagen, belasting) in by_belasting(&interval, opgaven, beleid) {
            let waarover = || interval.waarover.clone();
            if belasting != Belasting::Belast {
                let grondslag = Grondslag::from(&Interval { dagen, ..interval.clone() });
                gewenst.buiten.push((grondslag, belasting));
            }
            match belasting {
                Belasting::Belast => due.push(Interval { dagen, ..interval.clone() }),
                Belasting::Vrij => {}
                Belasting::AnderRegime => gewenst.taken.push(Taak::BeschermdWonen(waarover())),
                Belasting::Handmatig => gewenst.taken.push(Taak::BelastingOnbekend(waarover())),
            }
        }
    }
    let days = responsible(&due, birth, opgaven, beleid);
    gewenst.perioden = union(days, beleid)
        .into_iter()
        .filter_map(|period| next_month(period, &due, beleid))
        .map(|period| Periode { start: period.first, eind: period.last, kostprijs: None })
        .collect();
    if let Some(own) = &opgaven.eigen_datums {
        let period = |period: &super::opgave::EigenPeriode| Periode {
            start: period.start,
            eind: period.eind,
            kostprijs: None,
        };
        gewenst.perioden = own.iter().map(period).collect();
    }
    let of_period = |period: &Periode| {
        let days = Dagen { first: period.start, last: period.eind };
        let mut found: Vec<Grondslag> =
            due.iter().filter(|interval| interval.dagen.meets(days)).map(Grondslag::from).collect();
        found.sort();
        found
    };
    gewenst.gronden = gewenst.perioden.iter().map(of_period).collect();
    gewenst.buiten.sort_by(|(one, _), (other, _)| one.cmp(other));
    for period in &gewenst.perioden {
        let (due, vorm) = known_by(period, &due, beleid);
        gewenst.melden_voor.push(due);
        gewenst.melden_als.push(vorm);
    }
    Prijzen { due: &due, opgaven, beleid }.put_on(&mut gewenst);
    let open = opgaven.vrijstellingen.iter().filter(|vrijstelling| !vrijstelling.gemeld);
    gewenst.taken.extend(open.map(|vrijstelling| Taak::Vrijstelling(vrijstelling.grond, vrijstelling.vanaf)));
    gewenst.taken.sort();
    gewenst.taken.dedup();
    gewenst
}

/// P15: what is paid off is due to the end of the month in which it was.
fn until_paid_off(interval: Interval, opgaven: &Opgaven) -> Option<Interval> {
    let price = opgaven.kostprijzen.iter().find(|price| price.waarover == interval.waarover);
    let last = price.and_then(|price| price.bereikt_op).map(Date::last_of_month);
    Some(Interval { dagen: interval.dagen.clip(None, last)?, ..interval })
}

/// Cuts an interval where it becomes chargeable, or no longer is.
fn by_belasting(interval: &Interval, opgaven: &Opgaven, beleid: &EbBeleid) -> Vec<(Dagen, Belasting)> {
    let decided: Vec<_> =
        opgaven.belasting.iter().filter(|besluit| besluit.waarover == interval.waarover).collect();
    let cuts = decided.iter().flat_map(|besluit| [besluit.geldig_vanaf, besluit.geldig_tot]).flatten();
    let parts = interval.dagen.cut(beleid.dagen().chain(cuts));
    let judge = |part: Dagen| {
        let day = part.first;
        let on_day = |besluit: &&&super::opgave::BelastingBesluit| {
            besluit.geldig_vanaf.is_none_or(|from| from <= day)
                && besluit.geldig_tot.is_none_or(|until| day < until)
        };
        let decision = decided.iter().rev().find(on_day).and_then(|besluit| besluit.belasting);
        decision.unwrap_or_else(|| beleid.op(day).belasting_of(interval.product.as_ref(), day))
    };
    parts.into_iter().map(|part| (part, judge(part))).collect()
}

/// Returns from when on nothing is held back for age, by the age that counts on a day (UVB 3.8).
fn of_age(birth: Option<Date>, day: Date, beleid: &EbBeleid) -> Option<Date> {
    let adult = birthday(birth?, beleid.op(day).leeftijd);
    Some(adult).filter(|adult| beleid.op(*adult).minderjarig == Minderjarig::KnipOp18)
}

/// Cuts off and takes out the days for which this gemeente has nothing to charge (2.3, 8.3).
fn responsible(due: &[Interval], birth: Option<Date>, opgaven: &Opgaven, beleid: &EbBeleid) -> Vec<Dagen> {
    let client = &opgaven.client;
    let death = client.overleden_op.filter(|day| beleid.op(*day).overlijden == Melding::Stop);
    let until = [death, client.verhuisd_na].into_iter().flatten().min();
    let elsewhere = |from: Option<Date>, last: Option<Date>, stops: Melding| {
        from.filter(|_| stops == Melding::Stop).map(|first| Dagen { first, last })
    };
    let wlz = client.wlz_vanaf.map_or(Melding::Niets, |day| beleid.op(day).wlz);
    let bw = client.bw_vanaf.map_or(Melding::Niets, |day| beleid.op(day).bw);
    let taken: Vec<Dagen> = [
        elsewhere(client.wlz_vanaf, client.wlz_tot_en_met, wlz),
        elsewhere(client.bw_vanaf, client.bw_tot_en_met, bw),
    ]
    .into_iter()
    .flatten()
    .collect();
    // Nothing of this regime is due before it began.
    let clipped = due.iter().filter_map(|interval| interval.dagen.clip(Some(ABONNEMENTSTARIEF_VANAF), until));
    let charged = clipped.flat_map(|days| {
        let parts = days.cut(beleid.dagen()).into_iter();
        let parts = parts.filter(|part| beleid.op(part.first).regime != Regime::Geen);
        parts.filter_map(|part| part.clip(of_age(birth, part.first, beleid), None)).collect::<Vec<_>>()
    });
    charged
        .flat_map(|days| {
            let mut left = vec![days];
            for out in &taken {
                left = left.into_iter().flat_map(|days| days.without(*out)).collect();
            }
            left
        })
        .collect()
}

/// Joins what overlaps, touches or is bridged (8.4).
fn union(mut days: Vec<Dagen>, beleid: &EbBeleid) -> Vec<Dagen> {
    days.sort();
    let mut joined: Vec<Dagen> = Vec::new();
    for next in days {
        match joined.last_mut() {
            Some(before)
                if before.last.is_none_or(|last| bridged(last, next.first, beleid.op(last).brug)) =>
            {
                before.last = match (before.last, next.last) {
                    (Some(one), Some(other)) => Some(one.max(other)),
                    _ => None,
                };
            }
            _ => joined.push(next),
        }
    }
    joined
}

/// True when a period that begins on `next` carries on one that ended on `last`.
fn bridged(last: Date, next: Date, brug: Brug) -> bool {
    if last.tomorrow().is_ok_and(|day| next <= day) {
        return true;
    }
    match brug {
        Brug::VolleKalendermaand => !whole_month_between(last, next),
        Brug::Dagen(days) => next
            .since((jiff::Unit::Day, last))
            .is_ok_and(|gap| gap.get_days().saturating_sub(1) <= i32::from(days)),
        Brug::Geen => false,
    }
}

/// Moves a period to the month after the one in which support began, where policy says so (8.3). A period that begins for
/// another reason, such as a birthday, stays.
fn next_month(period: Dagen, due: &[Interval], beleid: &EbBeleid) -> Option<Dagen> {
    let moves = beleid.op(period.first).start_datum_bron == StartDatumBron::VolgendeMaand
        && due.iter().any(|interval| interval.dagen.first == period.first);
    if !moves {
        return Some(period);
    }
    period.clip(Maand::of(period.first).plus(1).first_day(), None)
}

/// UVR 2f: a month after the support was provided, four for a pgb.
fn known_by(period: &Periode, due: &[Interval], beleid: &EbBeleid) -> (Date, Leveringsvorm) {
    let termijn = beleid.op(period.start).melding_termijn;
    let begins = due.iter().filter(|interval| interval.dagen.contains(period.start));
    let due = |vorm: Leveringsvorm| (termijn.of(vorm).after(period.start), vorm);
    begins.map(|interval| due(interval.vorm)).min().unwrap_or_else(|| due(Leveringsvorm::Zin))
}
