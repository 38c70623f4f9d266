//! Receipts: what is known of bytes that came before.

use super::erase::{ask, erase};
use super::*;

fn start(name: &str, nummer: u32, begin: &str) -> Vec<u8> {
    wmo305(envelope(name), &PERSON, &order(nummer), &[(date(begin), "1")]).unwrap().encode()
}

/// A second message under one Identificatie is refused, and has a receipt of its own; another partner knows neither.
#[test]
fn a_second_message_under_one_identificatie_has_its_own_receipt() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    play(&gateway, STORY[0]).unwrap();
    let (one, other) = (start("S1", 100_101, "2026-11-02"), start("S1", 100_101, "2026-11-03"));
    let receipts = [&one, &other].map(|bytes| gateway.send("hvb", bytes.clone()).unwrap());
    assert!(receipts[0].id != receipts[1].id && receipts.iter().all(|receipt| !receipt.dubbel));
    let entries = gateway.engine.journal().entries();
    for (bytes, receipt) in [&one, &other].into_iter().zip(&receipts) {
        let again = gateway.send("hvb", bytes.clone()).unwrap();
        assert_eq!((again.id, again.dubbel), (receipt.id.clone(), true));
    }
    assert!(gateway.send("backoffice", one).is_err(), "it may not send a 305, and has no receipt of one");
    assert_eq!(gateway.engine.journal().entries(), entries);
    let rows = |letter: &[u8]| gateway.ledger.scan(letter).count();
    assert_eq!(
        (rows(b"x"), rows(b"h")),
        (1, 2),
        "the 301 and the first 305 need no row for the receipt alone"
    );
    gateway.stop();
}

/// Whose message is gone gets its receipt all the same when it comes again: it must not bring the person back.
#[test]
fn the_receipt_of_a_message_outlives_it() {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    let first = play_all(&gateway);
    ask(&gateway);
    erase(&gateway).unwrap();
    let entries = gateway.engine.journal().entries();
    let bytes = wmo301(envelope("T301"), &PERSON, &order(100_101)).unwrap().encode();
    let again = gateway.send("backoffice", bytes).unwrap();
    assert_eq!((again.dubbel, again.id), (true, first[0].0.id.clone()));
    assert_eq!(gateway.engine.journal().entries(), entries);
    // Another that nobody sent before is new.
    let bytes = wmo301(envelope("T999"), &PERSON, &order(100_999)).unwrap().encode();
    assert!(!gateway.send("backoffice", bytes).unwrap().dubbel);
    gateway.stop();
}
