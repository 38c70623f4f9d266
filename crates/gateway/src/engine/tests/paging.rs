//! What a page of deadlines or work costs does not grow with what is on record.

use iwmo_toewijzing::deadline::Stand;
use jiff::ToSpan;

use super::*;
use crate::demo::requests::wmo315;
use crate::view::{PlaceCursor, TermijnFilter, WerkFilter, termijnen_walk, werk_walk};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn with_requests(count: u32) -> Gateway {
    let gateway = Gateway::open(&SimulatedDisk::new(91));
    for number in 1..=count {
        let person = Person { bsn: bsn(number).leak(), ..PERSON };
        let (name, reference) = (format!("H{number}"), format!("R{number}"));
        let request = wmo315(envelope(&name), &person, &order(100_101), &reference).unwrap();
        gateway.send("hvb", request.encode()).unwrap();
    }
    gateway
}

/// All requests came on one day from one aanbieder, so that nothing but the index tells pages apart: the first page, one
/// behind a cursor and one with filters look at as many rows of a small store as of a large one.
#[test]
fn a_page_costs_what_it_shows() {
    let settings = settings(Duration::ZERO);
    let costs = [60, 600].map(|count| {
        let gateway = with_requests(count);
        let ledger = &gateway.ledger;
        let mut costs = Vec::new();
        let mut after: Option<PlaceCursor> = None;
        for _ in 0..4 {
            let filter = TermijnFilter { limit: 10, after: after.clone(), ..TermijnFilter::default() };
            costs.push(termijnen_walk::looks(ledger, &settings, &filter, today()));
            after = view::termijnen(ledger, &settings, &filter, today()).unwrap().next;
        }
        let mut after = None;
        for _ in 0..4 {
            let filter = WerkFilter { limit: 10, after, ..WerkFilter::default() };
            costs.push(werk_walk::looks(ledger, &settings, &filter, today()));
            after = view::werk(ledger, &settings, &filter, today()).unwrap().next;
        }
        let soon = TermijnFilter { limit: 10, tot: Some(today()), ..TermijnFilter::default() };
        costs.push(termijnen_walk::looks(ledger, &settings, &soon, today()));
        gateway.stop();
        costs
    });
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].iter().all(|looks| *looks < 40), "{costs:?}");
}

/// Retours that were delivered: a page looks at what was sent in the days that it shows, and not at what was sent before.
#[test]
fn met_retours_cost_the_days_that_are_asked_for() {
    let settings = settings(Duration::ZERO);
    let costs = [20, 200].map(|days| {
        let gateway = Gateway::open(&SimulatedDisk::new(92));
        let end = gateway.clock.today();
        gateway.clock.set_back(DAY * days);
        for number in 1..=days {
            let person = Person { bsn: bsn(number).leak(), ..PERSON };
            let (name, reference) = (format!("H{number}"), format!("R{number}"));
            let request = wmo315(envelope(&name), &person, &order(100_101), &reference).unwrap();
            gateway.send("hvb", request.encode()).unwrap();
            gateway.deliver().unwrap();
            gateway.clock.advance(DAY);
        }
        let ledger = &gateway.ledger;
        let all = TermijnFilter {
            termijn: Some("RETOUR_OUT".to_owned()),
            standen: vec![Stand::Gehaald],
            limit: 4,
            ..TermijnFilter::default()
        };
        let shown = |filter: &TermijnFilter| view::termijnen(ledger, &settings, filter, end).unwrap();
        let last = TermijnFilter { vanaf: Some(end.saturating_sub(7.days())), ..all.clone() };
        let first = shown(&last);
        assert_eq!(first.rows.len(), 4, "{first:?}");
        let next = TermijnFilter { after: first.next, ..last.clone() };
        assert!(!shown(&next).rows.is_empty());
        // By itself a list goes back three months.
        let without = TermijnFilter { limit: 500, ..all.clone() };
        let every = TermijnFilter { vanaf: Some(Date::MIN), ..without.clone() };
        let count = |filter: &TermijnFilter| shown(filter).rows.len() as u32;
        assert_eq!(count(&every), days);
        // The days of three months and three working days.
        assert!((days.min(92)..=days.min(99)).contains(&count(&without)), "{}", count(&without));
        let walked = termijnen_walk::walk(ledger, &settings, &without, end).unwrap();
        assert_eq!(shown(&without).rows, walked);
        let costs = [&last, &next].map(|filter| termijnen_walk::looks(ledger, &settings, filter, end));
        gateway.stop();
        costs
    });
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].iter().all(|looks| *looks < 20), "{costs:?}");
}

/// A clock that was weeks ahead, set right in steps, and wrong again: what was delivered stands in its day on every page.
#[test]
fn met_retours_stand_in_order_though_the_clock_was_set_back() {
    let settings = settings(Duration::ZERO);
    let gateway = Gateway::open(&SimulatedDisk::new(93));
    gateway.clock.advance(DAY * 60);
    for number in 1..=60 {
        let person = Person { bsn: bsn(number).leak(), ..PERSON };
        let (name, reference) = (format!("H{number}"), format!("R{number}"));
        let request = wmo315(envelope(&name), &person, &order(100_101), &reference).unwrap();
        gateway.send("hvb", request.encode()).unwrap();
        match number {
            10 => gateway.clock.set_back(DAY * 45),
            20 | 30 => gateway.clock.set_back(Duration::from_secs(22 * 3600)),
            40 => gateway.clock.advance(DAY * 2),
            50 => gateway.clock.set_back(DAY),
            _ => {}
        }
    }
    gateway.deliver().unwrap();
    let (ledger, end) = (&gateway.ledger, gateway.clock.today());
    for (termijn, limit) in [(Some("RETOUR_OUT"), 3), (Some("RETOUR_OUT"), 50), (None, 3)] {
        let all = TermijnFilter {
            termijn: termijn.map(str::to_owned),
            standen: Stand::ALL.to_vec(),
            limit,
            ..TermijnFilter::default()
        };
        let walked = termijnen_walk::walk(ledger, &settings, &all, end).unwrap();
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page =
                view::termijnen(ledger, &settings, &TermijnFilter { after, ..all.clone() }, end).unwrap();
            rows.extend(page.rows);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(rows.iter().filter(|row| row.termijn == "RETOUR_OUT").count(), 60);
        assert_eq!(rows, walked);
    }
    gateway.stop();
}

/// Where the filters leave out more rows than a page looks at, it ends before it is full and the next goes on.
#[test]
fn filters_that_leave_out_much_end_a_page_early() {
    let gateway = with_requests(120);
    let settings = settings(Duration::ZERO);
    let (mut pages, mut after) = (0, None);
    loop {
        let filter =
            WerkFilter { code: Some("NOTHING".to_owned()), limit: 3, after, ..WerkFilter::default() };
        let page = view::werk(&gateway.ledger, &settings, &filter, today()).unwrap();
        assert_eq!(page.rows, []);
        assert!(werk_walk::looks(&gateway.ledger, &settings, &filter, today()) < 30);
        pages += 1;
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert!((5..=120).contains(&pages), "{pages}");
    gateway.stop();
}
