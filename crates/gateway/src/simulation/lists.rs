//! The lists of deadlines and work: their pages, which an index fills, together are what everything on record says.

use std::fmt::Debug;

use iwmo_toewijzing::deadline::{Afspraak, Stand};
use iwmo_toewijzing::identity::Aanbieder;
use jiff::ToSpan;
use jiff::civil::Date;

use super::gateway;
use super::world::{AGBS, World};
use crate::clock::Clock;
use crate::engine::Settings;
use crate::view::{self, Page, PlaceCursor, TermijnFilter, WerkFilter, WerkSoort, termijnen_walk, werk_walk};

/// Days after the run on which the lists are asked for: nothing is overdue yet, some is, all is.
const LATER: [i64; 3] = [0, 6, 400];

/// Rows on a page: as few as there can be, some, and more than most lists have.
const LIMITS: [usize; 3] = [1, 3, 50];

/// Compares every list under every filter. To walk and to page is most of what a run would cost, so what was agreed, and for
/// each list the day and the length of a page, are drawn: over many runs there is every one of them.
pub(super) fn hold(world: &World) {
    let (settings, which) = match world.percent(50) {
        true => (gateway::settings(None, 0), "as they are"),
        false => (agreed(), "agreements"),
    };
    deadlines(world, &settings, which);
    work(world, &settings, which);
}

fn drawn(world: &World) -> (Date, usize) {
    let mut state = world.state();
    let later = *state.random.pick(&LATER);
    (world.clock.today().saturating_add(later.days()), *state.random.pick(&LIMITS))
}

/// What was agreed differs by aanbieder, so that last days are not in the order of the days from which periods count.
fn agreed() -> Settings {
    let mut settings = gateway::settings(None, 0);
    for own in settings.gemeenten.values_mut() {
        own.beleid.geen_start_dagen = Some(9);
        let all = Afspraak { contact_dagen: Some(2), start_werkdagen: Some(4), ..Afspraak::default() };
        let one = Aanbieder::new(AGBS[0].1).ok();
        let own_days = Afspraak { aanbieder: one, contact_dagen: Some(12), start_werkdagen: Some(1), ..all };
        own.beleid.afspraken = vec![all, own_days];
    }
    settings
}

fn deadlines(world: &World, settings: &Settings, which: &str) {
    let (ledger, all) = (&world.shelves.ledger, TermijnFilter::default());
    let met = TermijnFilter { standen: Stand::ALL.to_vec(), ..all.clone() };
    let retours = TermijnFilter { termijn: Some("RETOUR_OUT".to_owned()), ..met.clone() };
    let day = drawn(world).0;
    let mut filters = vec![
        all.clone(),
        TermijnFilter { verlopen: true, ..all.clone() },
        TermijnFilter { standen: vec![Stand::Loopt], ..all.clone() },
        TermijnFilter { tot: Some(day), ..all.clone() },
        TermijnFilter { vanaf: Some(day), ..all.clone() },
    ];
    // They have no index: each page goes through what is on record.
    filters.push(match world.between(0, 3) {
        0 => TermijnFilter { vanaf: Some(Date::MIN), tot: Some(day), ..retours },
        1 => retours,
        2 => TermijnFilter { vanaf: Some(Date::MIN), ..met },
        _ => met,
    });
    let one = Aanbieder::new(AGBS[world.between(0, 1) as usize].1).ok();
    filters.push(TermijnFilter { aanbieder: one, ..all.clone() });
    filters.push(TermijnFilter {
        aanbieder: one,
        vanaf: Some(Date::MIN),
        standen: Stand::ALL.to_vec(),
        ..all.clone()
    });
    for timer in ["RETOUR_IN", "RETOUR_OUT", "CONTACT", "START_AGREED", "STOP_MISSING", "OP274", "CAK_DATA"] {
        filters.push(TermijnFilter { termijn: Some(timer.to_owned()), ..all.clone() });
    }
    for filter in filters {
        let (today, limit) = drawn(world);
        let limit = if filter.standen.is_empty() { limit } else { limit.max(3) };
        let filter = TermijnFilter { limit, ..filter };
        let wanted = termijnen_walk::walk(ledger, settings, &filter, today).expect("a store");
        let found = paged(|after| {
            let asked = TermijnFilter { after, ..filter.clone() };
            view::termijnen(ledger, settings, &asked, today).expect("a store")
        });
        compare(world, &found, &wanted, &format!("{today}, {which}: pages of {limit} of {filter:?}"));
    }
}

fn work(world: &World, settings: &Settings, which: &str) {
    let (ledger, all) = (&world.shelves.ledger, WerkFilter::default());
    let mut filters = vec![all.clone(), WerkFilter { verlopen: true, ..all.clone() }];
    filters.extend(WerkSoort::ALL.map(|soort| WerkFilter { soort: Some(soort), ..all.clone() }));
    for filter in filters {
        let (today, limit) = drawn(world);
        let filter = WerkFilter { limit, ..filter };
        let wanted = werk_walk::walk(ledger, settings, &filter, today).expect("a store");
        let found = paged(|after| {
            let asked = WerkFilter { after, ..filter.clone() };
            view::werk(ledger, settings, &asked, today).expect("a store")
        });
        compare(world, &found, &wanted, &format!("{today}, {which}: pages of {limit} of {filter:?}"));
    }
}

/// Returns the rows of every page, each asked for with the cursor of the one before as a caller would write it.
fn paged<T>(ask: impl Fn(Option<PlaceCursor>) -> Page<T, PlaceCursor>) -> Vec<T> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = ask(after);
        found.extend(page.rows);
        let Some(next) = page.next else { return found };
        after = Some(next.to_string().parse().expect("a cursor"));
    }
}

fn compare<T: PartialEq + Debug>(world: &World, found: &[T], wanted: &[T], what: &str) {
    if found != wanted {
        let missing: Vec<_> = wanted.iter().filter(|row| !found.contains(row)).collect();
        let more: Vec<_> = found.iter().filter(|row| !wanted.contains(row)).collect();
        world.violated(format!("{what} lack {missing:?}, have besides {more:?}, of {}", wanted.len()));
    }
}
