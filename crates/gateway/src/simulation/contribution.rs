//! The CAK holds what the gateway believes it holds, and that charges and guards what the model says.

use std::collections::{BTreeMap, BTreeSet};

use iwmo_toewijzing::cak::EbPeriode;
use iwmo_toewijzing::identity::Gemeente;
use jiff::civil::{Date, date};

use super::cak::Period;
use super::expected::{Expected, Month, charged, month};
use super::world::World;
use crate::ledger::{Persoon, Rows, decode_row, gegevens, keys};

/// Months are compared until this one, far after every run.
const HORIZON: Month = 2030 * 12;

/// Number, first day, last day and price of a period.
type Held = (u64, Date, Option<Date>, Option<(u32, Date)>);

/// `given_up`: the gemeenten in which a notification was given up.
pub(super) fn hold(world: &World, expected: &Expected, given_up: &BTreeSet<[u8; 4]>) {
    let mut expected = expected.owed(HORIZON);
    let ledger = &world.shelves.ledger;
    for row in ledger.scan(&keys::personen()) {
        let (key, value) = row.expect("a row");
        let Some((gemeente, bsn)) = keys::persoon_delen(&key) else { continue };
        let persoon: Persoon = decode_row(&key, &value).expect("a row");
        let person = (gemeente.to_string(), bsn.expose().to_owned());
        let wanted = expected.remove(&person).unwrap_or_default();
        if world.state().removed.as_ref() == Some(&person) {
            // They came to be known again: what the CAK has of before is not known here.
            continue;
        }
        let before = gegevens(&**ledger, gemeente, &bsn, &persoon).expect("a row").opgaven.eerdere_bsns;
        let before =
            before.iter().filter_map(|bsn| ledger.row(&keys::persoon(gemeente, bsn)).expect("a row"));
        let stuck = |persoon: &Persoon| persoon.eb.onderweg().is_some();
        if given_up.contains(&keys::chain(gemeente).code())
            && (stuck(&persoon) || before.into_iter().any(|persoon: Persoon| stuck(&persoon)))
        {
            continue;
        }
        let believed = sorted(persoon.eb.aanvaard().into_iter().map(believed).collect());
        let held = held(world, gemeente, bsn.expose());
        if believed != held {
            world.violated(format!("the CAK holds {held:?} and the gateway believes {believed:?}"));
        }
        let reasons = persoon.eb_reden.iter().flat_map(|reasons| reasons.split(','));
        let reasons: BTreeSet<String> = reasons.map(str::to_owned).collect();
        if reasons != wanted.tasks {
            world.violated(format!("left to an operator is {reasons:?}, and should be {:?}", wanted.tasks));
        }
        let months = |(_, start, stop, _): &Held| charged(*start, stop.unwrap_or(Date::MAX), HORIZON);
        let charges: BTreeSet<Month> = held.iter().flat_map(months).collect();
        if charges != wanted.months {
            world.violated(format!(
                "the CAK charges {} months (base {}) and what was said comes to {}: {held:?}",
                name(&charges),
                month(date(2026, 1, 1)),
                name(&wanted.months)
            ));
        }
        let priced = held.iter().filter_map(|period| Some((months(period).next()?, period.3?)));
        let prices: BTreeMap<Month, (u32, Date)> = priced.collect();
        if prices != wanted.prices {
            world.violated(format!("the CAK guards {prices:?}, and should {:?}: {held:?}", wanted.prices));
        }
        world.state().counts.priced += prices.len() as u64;
    }
    let removed = world.state().removed.clone();
    for (person, owed) in expected {
        if removed.as_ref() != Some(&person) {
            world.violated(format!("nobody knows of a person who owes {} months", owed.months.len()));
        }
    }
}

fn believed(period: &EbPeriode) -> Held {
    let price = period.start.kostprijs.map(|price| (price.bedrag_cent, price.startdatum));
    (u64::from(period.nummer.value()), period.start.datum, period.stop, price)
}

/// What the CAK has of a person.
fn held(world: &World, gemeente: Gemeente, bsn: &str) -> Vec<Held> {
    let day = |text: &String| text.parse().expect("a date");
    let held = |((_, number), period): (&(String, u64), &Period)| {
        let price = period.price.as_ref().map(|(cents, from)| (*cents as u32, day(from)));
        (*number, day(&period.start), period.stop.as_ref().map(day), price)
    };
    let state = world.state();
    let own = |((code, _), period): &(&(String, u64), &Period)| {
        code == gemeente.as_str() && period.bsn == bsn && !period.deleted
    };
    sorted(state.cak.periods.iter().filter(own).map(held).collect())
}

fn sorted(mut periods: Vec<Held>) -> Vec<Held> {
    periods.sort();
    periods
}

fn name(months: &BTreeSet<Month>) -> String {
    match (months.first(), months.last()) {
        (Some(first), Some(last)) => format!("{} from {first} to {last}", months.len()),
        _ => "none".to_owned(),
    }
}
