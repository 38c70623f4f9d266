//! What a person must do: it comes when it should, says why, and is gone when it is done.

use super::*;
use crate::demo::requests::{Declared, Month, wmo315, wmo319, wmo323, wmo325};
use crate::record::Wat;
use crate::view::{ArrangementView, PlaceCursor, WerkFilter, WerkSoort, WerkView};

fn work(gateway: &Gateway) -> Vec<WerkView> {
    let filter = WerkFilter { limit: 100, ..WerkFilter::default() };
    view::werk(&gateway.ledger, &settings(Duration::ZERO), &filter, today()).unwrap().rows
}

fn kinds(gateway: &Gateway) -> Vec<String> {
    work(gateway).iter().map(|row| format!("{} {}", row.soort, row.code)).collect()
}

fn refuse(message: &Message, identificatie: &str, code: &str) -> Vec<u8> {
    answer(message, identificatie, retour::Uitspraak::Header(vec![code.parse().unwrap()]))
}

/// The CAK must know of a start of 2 November by 2 December: from five working days before it is work, until it does.
#[test]
fn what_the_cak_must_know_soon() {
    let gateway = Gateway::open(&SimulatedDisk::new(90));
    for step in [Step::Order, Step::OrderRetour, Step::Start] {
        play(&gateway, step).unwrap();
    }
    let mut settings = settings(Duration::ZERO);
    for own in settings.gemeenten.values_mut() {
        own.eb = iwmo_toewijzing::cak::EbBeleid::default();
    }
    let on = |day: &str| {
        let filter = WerkFilter { soort: Some(WerkSoort::Cak), limit: 100, ..WerkFilter::default() };
        let rows = view::werk(&gateway.ledger, &settings, &filter, date(day)).unwrap().rows;
        rows.into_iter().map(|row| (row.code, row.uiterlijk, row.verlopen, row.regels)).collect::<Vec<_>>()
    };
    let soon =
        |code: &str, late| vec![(code.to_owned(), Some("2026-12-02".to_owned()), late, vec!["Regeling-2f"])];
    assert_eq!(on("2026-11-24"), []);
    assert_eq!(on("2026-11-25"), soon("CAK_DATA", false));
    assert_eq!(on("2026-12-02"), soon("CAK_DATA", false));
    assert_eq!(on("2026-12-03"), soon("CAK_DATA", true));
    // Refused, it is the work that it was, with the day.
    let told = gateway.outgoing("WMO401");
    gateway.send("cak", refuse(&told[0].1, "C1", "0001")).unwrap();
    assert_eq!(on("2026-11-25"), soon("DEFECT", false));
    assert_eq!(on("2026-11-24"), [("DEFECT".to_owned(), None, false, vec![])]);
    gateway.stop();
}

/// What the CAK accepted is no work, however late.
#[test]
fn what_the_cak_knows_in_time() {
    let gateway = Gateway::open(&SimulatedDisk::new(91));
    for step in [Step::Order, Step::OrderRetour, Step::Start, Step::CakRetour(0)] {
        play(&gateway, step).unwrap();
    }
    let mut settings = settings(Duration::ZERO);
    for own in settings.gemeenten.values_mut() {
        own.eb = iwmo_toewijzing::cak::EbBeleid::default();
    }
    let filter = WerkFilter { soort: Some(WerkSoort::Cak), limit: 100, ..WerkFilter::default() };
    assert_eq!(view::werk(&gateway.ledger, &settings, &filter, date("2026-12-03")).unwrap().rows, []);
    gateway.stop();
}

fn arrangement(gateway: &Gateway) -> ArrangementView {
    let bsn = iwmo_toewijzing::identity::Bsn::new(PERSON.bsn).unwrap();
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    let (journal, schemas) = (gateway.engine.journal(), gateway.engine.schemas());
    view::arrangement(&gateway.ledger, journal, schemas, gemeente, &bsn, today()).unwrap().unwrap()
}

#[test]
fn requests_and_declarations_are_work_until_they_are_answered() {
    let gateway = Gateway::open(&SimulatedDisk::new(4));
    assert_eq!(work(&gateway), []);
    let one = order(100_101);
    let request = wmo315(envelope("H315"), &PERSON, &one, "R1").unwrap();
    gateway.send("hvb", request.encode()).unwrap();
    let month = Month { first: date("2026-10-01"), last: date("2026-10-31") };
    let line = Declared { person: &PERSON, order: &one, referentie: "P1", vorige: None, cent: 12_000 };
    let declared = wmo323(envelope("D1"), month, &[line]).unwrap();
    gateway.send("hvb", declared.encode()).unwrap();
    assert_eq!(kinds(&gateway), ["verzoek PENDING", "declaratie 323"], "what is due first comes first");
    let row = &work(&gateway)[0];
    assert_eq!(
        (row.entry.as_deref(), row.uiterlijk.as_deref(), &row.regels[..]),
        (Some("0222:1"), Some("2026-12-02"), &["OP274"][..])
    );
    gateway.send("backoffice", wmo319(envelope("A1"), "R1", "2").unwrap().encode()).unwrap();
    assert_eq!(kinds(&gateway), ["declaratie 323", "verzoek UNDER_INVESTIGATION"]);
    gateway.send("backoffice", wmo319(envelope("A2"), "R1", "1").unwrap().encode()).unwrap();
    gateway.send("backoffice", wmo325(envelope("A3"), &declared).unwrap().encode()).unwrap();
    assert_eq!(work(&gateway), []);
    let arrangement = arrangement(&gateway);
    assert_eq!(arrangement.verzoeken[0].status, "ANSWERED");
    let said: Vec<&str> = arrangement.tijdlijn.iter().map(|line| line.tekst.as_str()).collect();
    assert!(said.iter().any(|text| text.contains("hvb declareert € 120,00 (1 prestatie)")), "{said:#?}");
    assert!(said.iter().any(|text| text.contains("verzoek R1 afgewezen (2: ")), "{said:#?}");
    gateway.stop();
}

/// D9: the 302 refuses what a start rests on. The anomaly and the refused toewijzing are work until the gemeente sends
/// it again.
#[test]
fn a_refused_toewijzing_with_a_delivery_is_work_until_it_is_sent_again() {
    let sent = wmo301(envelope("T301"), &PERSON, &order(100_101)).unwrap();
    work_until_sent_again(refuse(&sent, "H302", "0001"));
}

/// Only a refusal has the classes of its message: it is one, also when every code says that there is nothing to remark.
#[test]
fn a_retour_with_classes_refuses_whatever_its_codes() {
    let sent = wmo301(envelope("T301"), &PERSON, &order(100_101)).unwrap();
    let klassen = vec![vec!["S329".parse().unwrap()]; retour::judged_classes(&sent).len()];
    let refused = answer(&sent, "H302", retour::Uitspraak::Klassen(klassen));
    let refused = String::from_utf8(refused).unwrap();
    assert!(refused.contains("S329"));
    work_until_sent_again(refused.replace("S329", "0200").into_bytes());
}

fn work_until_sent_again(refusal: Vec<u8>) {
    let gateway = Gateway::open(&SimulatedDisk::new(4));
    for step in [Step::Order, Step::Start] {
        play(&gateway, step).unwrap();
    }
    gateway.send("hvb", refusal).unwrap();
    let found = kinds(&gateway);
    assert_eq!(found, ["afgekeurd 302", "anomalie REJECTED_WITH_DELIVERY"]);
    let [refused, anomaly] = &work(&gateway)[..] else { panic!("{found:?}") };
    assert_eq!((refused.toewijzing, refused.entry.as_deref()), (Some(100_101), Some("0222:1")));
    assert_eq!(anomaly.regels, ["D9"]);
    let story = arrangement(&gateway).tijdlijn;
    let told = story.iter().find(|line| line.bericht == "WMO302").unwrap();
    assert!(!told.retourcodes.is_empty() && !told.tekst.contains("bevestigt"), "{}", told.tekst);

    gateway.clock.advance(Duration::from_secs(24 * 60 * 60));
    let again = Envelope { today: date("2026-11-26"), ..envelope("T302") };
    let again = wmo301(again, &PERSON, &order(100_101)).unwrap();
    gateway.send("backoffice", again.encode()).unwrap();
    assert_eq!(work(&gateway), []);
    gateway.stop();
}

/// A notification that the CAK did not take is one item, with the person; any other refused message is its own.
#[test]
fn what_was_not_taken_is_one_item_each() {
    let gateway = Gateway::open(&SimulatedDisk::new(4));
    for step in [Step::Order, Step::Start] {
        play(&gateway, step).unwrap();
    }
    for partner in ["hvb", "cak"] {
        for waiting in gateway.engine.waiting(&PartnerId(partner.to_owned()), 100) {
            let outcome = Outcome::Refused { reason: "the partner answered 422".to_owned() };
            gateway.runtime.block_on(gateway.engine.outcome(waiting.id, outcome)).unwrap();
        }
    }
    assert_eq!(kinds(&gateway), ["cak TRANSPORT", "uitgaand WMO301", "uitgaand WMO306"]);
    gateway.stop();
}

/// A retour that nobody waits for is work, because there is no retour on a retour.
#[test]
fn a_retour_that_answers_nothing_is_work() {
    let gateway = Gateway::open(&SimulatedDisk::new(4));
    play(&gateway, Step::OrderRetour).unwrap();
    assert_eq!(kinds(&gateway), ["waarschuwing RETOUR_UNMATCHED"]);
    let row = &work(&gateway)[0];
    assert_eq!((row.aanbieder.as_deref(), row.entry.as_deref()), (Some(HVB), Some("0222:1")));
    let done = |entries: &[u64]| Wat::WerkAfgehandeld { entries: entries.to_vec() };
    let nothing = gateway.act(GEMEENTE, done(&[1, 2])).unwrap_err();
    assert!(nothing.to_string().contains("nothing odd is known about 0222:2"), "{nothing}");
    assert_eq!(kinds(&gateway).len(), 1, "one that cannot be refuses the whole");
    assert_eq!(gateway.act(GEMEENTE, done(&[1])).unwrap().gewijzigd, 1);
    assert_eq!(work(&gateway), []);
    let twice = gateway.act(GEMEENTE, done(&[1])).unwrap();
    assert_eq!((twice.entry, twice.ongewijzigd), (None, 1));
    for (chain, wat) in [(GEMEENTE, done(&[])), ("0000", done(&[1]))] {
        assert!(gateway.act(chain, wat).is_err());
    }
    gateway.stop();
}

/// Filters leave out, pages go on, and together they show each row once.
#[test]
fn work_is_filtered_and_paged() {
    let gateway = Gateway::open(&SimulatedDisk::new(4));
    for number in 1..=7 {
        let person = Person { bsn: bsn(number).leak(), ..PERSON };
        let (name, reference) = (format!("H{number}"), format!("R{number}"));
        let request = wmo315(envelope(&name), &person, &order(100_101), &reference).unwrap();
        gateway.send("hvb", request.encode()).unwrap();
    }
    play(&gateway, Step::OrderRetour).unwrap();
    let ask = |filter: WerkFilter| {
        view::werk(&gateway.ledger, &settings(Duration::ZERO), &filter, today()).unwrap()
    };
    let all = ask(WerkFilter { limit: 100, ..WerkFilter::default() }).rows;
    assert_eq!(all.len(), 8);
    let (mut found, mut after) = (Vec::new(), None::<PlaceCursor>);
    loop {
        let page = ask(WerkFilter { limit: 3, after: after.take(), ..WerkFilter::default() });
        found.extend(page.rows);
        let Some(next) = page.next else { break };
        after = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(found, all);
    let count = |filter: WerkFilter| ask(WerkFilter { limit: 100, ..filter }).rows.len();
    assert_eq!(count(WerkFilter { soort: Some(WerkSoort::Verzoek), ..WerkFilter::default() }), 7);
    assert_eq!(count(WerkFilter { code: Some("RETOUR_UNMATCHED".to_owned()), ..WerkFilter::default() }), 1);
    assert_eq!(count(WerkFilter { verlopen: true, ..WerkFilter::default() }), 0);
    let other = Aanbieder::new("98000002").unwrap();
    assert_eq!(count(WerkFilter { aanbieder: Some(other), ..WerkFilter::default() }), 0);
    let elsewhere = Some(vec![Gemeente::new("0363").unwrap()]);
    assert_eq!(count(WerkFilter { gemeenten: elsewhere, ..WerkFilter::default() }), 0);
    let later = WerkFilter { verlopen: true, limit: 100, ..WerkFilter::default() };
    assert_eq!(
        view::werk(&gateway.ledger, &settings(Duration::ZERO), &later, date("2026-12-03"))
            .unwrap()
            .rows
            .len(),
        7
    );
    gateway.stop();
}
