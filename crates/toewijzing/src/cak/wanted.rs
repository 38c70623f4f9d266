//! For which periods a person owes the contribution (sections 8.2 to 8.4 of the iEb description).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::command::Kostprijs;
use super::months::{Maand, birthday_18};
use super::policy::{Belasting, Brug, EbBeleid, Minderjarig, Overlijden, Pauze, Trigger};
use crate::dossier::{Dossier, Levering, Onderwerp, Start, Stop, VersieStatus};
use crate::event::ToegewezenProduct;
use crate::identity::{Product, ToewijzingNummer};

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
    /// What the gateway cannot decide, in a fixed order.
    pub taken: Vec<Taak>,
}

/// What somebody must decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Taak {
    /// Beschermd wonen has its own contribution and its own messages.
    BeschermdWonen(Onderwerp),
    /// Nobody decided whether this product is chargeable.
    BelastingOnbekend(Onderwerp),
    /// A woonvoorziening of a minor: a parent may owe the contribution.
    WoonvoorzieningMinderjarige(Onderwerp),
}

/// The days of one delivery or toewijzing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Days {
    first: Date,
    last: Option<Date>,
}

/// Returns for which periods a person owes the contribution of one gemeente.
///
/// `dossiers` are all dossiers of the person at that gemeente. Without a date of birth nobody is a minor.
#[must_use]
pub fn wanted(dossiers: &[&Dossier], geboortedatum: Option<Date>, beleid: &EbBeleid, today: Date) -> Gewenst {
    let mut days = Vec::new();
    let mut tasks = Vec::new();
    let adult = geboortedatum.map(birthday_18).filter(|_| beleid.minderjarig == Minderjarig::KnipOp18);
    for dossier in dossiers {
        for (onderwerp, product, interval) in intervals(dossier, beleid, today) {
            if adult.is_some_and(|adult| interval.first < adult)
                && product.as_ref().is_some_and(|product| product.categorie.as_str() == "13")
            {
                tasks.push(Taak::WoonvoorzieningMinderjarige(onderwerp.clone()));
            }
            for (part, belasting) in by_belasting(beleid, product.as_ref(), interval) {
                match belasting {
                    Belasting::Belast => days.push(part),
                    Belasting::Vrij => {}
                    Belasting::AnderRegime => tasks.push(Taak::BeschermdWonen(onderwerp.clone())),
                    Belasting::Handmatig => tasks.push(Taak::BelastingOnbekend(onderwerp.clone())),
                }
            }
        }
    }
    // UVB 3.8: nothing is due before the 18th birthday; nothing of this regime before it began.
    let from = adult.map_or(beleid.regime_vanaf, |adult| adult.max(beleid.regime_vanaf));
    let clipped = days.into_iter().filter_map(|part| part.clip(Some(from), None)).collect();
    tasks.sort();
    tasks.dedup();
    let perioden = union(clipped, beleid.brug)
        .into_iter()
        .map(|part| Periode { start: part.first, eind: part.last, kostprijs: None })
        .collect();
    Gewenst { perioden, taken: tasks }
}

/// Every interval that the triggers of one dossier give.
fn intervals(dossier: &Dossier, beleid: &EbBeleid, today: Date) -> Vec<(Onderwerp, Option<Product>, Days)> {
    let mut found = Vec::new();
    for nummer in dossier.nummers() {
        let Some(version) = approved(dossier, nummer) else { continue };
        if beleid.trigger_for(version.product.as_ref()) == Trigger::Toewijzing {
            let days = Days { first: version.ingangsdatum, last: version.einddatum };
            found.push((Onderwerp::Toewijzing(nummer), version.product.clone(), days));
        }
    }
    for onderwerp in dossier.onderwerpen() {
        let Some(levering) = dossier.levering(onderwerp) else { continue };
        let mut version = None;
        if let Onderwerp::Toewijzing(nummer) = onderwerp {
            version = dossier.effectief(*nummer).map(|version| &version.inhoud);
            // E2: what counts as never sent has no period, whatever was delivered on it.
            if version.is_some_and(ToegewezenProduct::is_void) {
                continue;
            }
        }
        let over = version
            .and_then(|version| version.einddatum)
            .filter(|end| beleid.einde_bij_toewijzing && *end < today);
        for start in levering.live_starts() {
            if beleid.trigger_for(start.key.product.as_ref()) != Trigger::Levering {
                continue;
            }
            let days = Days { first: start.key.begindatum, last: end_of(levering, start, beleid, today) };
            // E2b: a delivery cannot outlive its toewijzing.
            if let Some(days) = days.clip(None, over) {
                found.push((onderwerp.clone(), start.key.product.clone(), days));
            }
        }
    }
    found
}

/// The version that counts for trigger toewijzing: approved, or acted upon by the aanbieder (E1, D9).
fn approved(dossier: &Dossier, nummer: ToewijzingNummer) -> Option<&ToegewezenProduct> {
    let effective = dossier.effectief(nummer)?;
    let version = if effective.inhoud.is_void()
        || effective.status == VersieStatus::Accepted
        || dossier.is_impliciet_bevestigd(nummer)
    {
        effective
    } else {
        dossier.aanvaard(nummer)?
    };
    Some(&version.inhoud).filter(|version| !version.is_void())
}

/// The last day of the period that a start begins (E5, E6); `None`: it runs.
fn end_of(levering: &Levering, start: &Start, beleid: &EbBeleid, today: Date) -> Option<Date> {
    let stop = levering.deciding_stop(&start.key)?;
    if stop.key.reden.as_str() == "02" && beleid.overlijden == Overlijden::Niets {
        return None;
    }
    if stop.key.reden.is_tijdelijk() {
        return pause_end(levering, stop, beleid.pauze, today);
    }
    // OP377: the definitive stop decides, unless the pause had ended the period before it came.
    let pause =
        levering.stops_of(&start.key).filter(|s| s.key.reden.is_tijdelijk()).map(|s| s.key.einddatum).max();
    match (pause, beleid.pauze) {
        (Some(pause), Pauze::Direct) => Some(pause),
        (Some(pause), Pauze::NaVolleMaand)
            if whole_month_between(pause, stop.key.einddatum)
                || whole_month_between(pause, stop.bericht.dag) =>
        {
            Some(pause)
        }
        _ => Some(stop.key.einddatum),
    }
}

/// Section 8.4: a pause ends the period when it is known to last long enough, or has lasted long enough.
fn pause_end(levering: &Levering, stop: &Stop, pauze: Pauze, today: Date) -> Option<Date> {
    let end = stop.key.einddatum;
    let resumed = levering
        .live_starts()
        .map(|start| start.key.begindatum)
        .filter(|begin| *begin > stop.key.start.begindatum)
        .min();
    let through = |begin: Date| Some(begin.yesterday().unwrap_or(begin).max(end));
    match (pauze, resumed) {
        (Pauze::Direct, _) => Some(end),
        (Pauze::Nooit, Some(begin)) => through(begin),
        (Pauze::Nooit, None) => None,
        (Pauze::NaVolleMaand, Some(begin)) if whole_month_between(end, begin) => Some(end),
        (Pauze::NaVolleMaand, Some(begin)) => through(begin),
        (Pauze::NaVolleMaand, None) => whole_month_between(end, today).then_some(end),
    }
}

/// True when at least one whole calendar month lies between two days.
fn whole_month_between(end: Date, next: Date) -> bool {
    Maand::of(next).since(Maand::of(end)) >= 2
}

impl Days {
    /// Returns what lies within the bounds.
    fn clip(self, from: Option<Date>, until: Option<Date>) -> Option<Self> {
        let first = from.map_or(self.first, |from| from.max(self.first));
        let last = match (self.last, until) {
            (Some(last), Some(until)) => Some(last.min(until)),
            (last, until) => last.or(until),
        };
        last.is_none_or(|last| first <= last).then_some(Self { first, last })
    }
}

/// Cuts an interval where the policy about the product changes.
fn by_belasting(beleid: &EbBeleid, product: Option<&Product>, days: Days) -> Vec<(Days, Belasting)> {
    let mut cuts: Vec<Date> = beleid
        .belasting
        .iter()
        .flat_map(|rule| [rule.vanaf, rule.tot])
        .flatten()
        .filter(|cut| *cut > days.first && days.last.is_none_or(|last| *cut <= last))
        .collect();
    cuts.sort();
    cuts.dedup();
    let mut parts = Vec::new();
    let mut first = days.first;
    for cut in cuts {
        let last = cut.yesterday().unwrap_or(cut);
        parts.push((Days { first, last: Some(last) }, beleid.belasting_on(product, first)));
        first = cut;
    }
    parts.push((Days { first, last: days.last }, beleid.belasting_on(product, first)));
    parts
}

/// Joins what overlaps, touches or is bridged.
fn union(mut days: Vec<Days>, brug: Brug) -> Vec<Days> {
    days.sort();
    let mut joined: Vec<Days> = Vec::new();
    for next in days {
        match joined.last_mut() {
            Some(before) if before.last.is_none_or(|last| bridged(last, next.first, brug)) => {
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
