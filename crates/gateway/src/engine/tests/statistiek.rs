//! The figures that a gemeente steers on.

use super::*;
use crate::view::StatistiekFilter;

/// An aanbieder that answers within two days took two days, however old the message says that it is.
#[test]
fn an_answer_is_timed_from_the_day_the_message_was_given_to_send() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    let old = Envelope { today: date("2026-11-02"), ..envelope("T1") };
    let message = wmo301(old, &PERSON, &order(100_001)).unwrap();
    gateway.send("backoffice", message.encode()).unwrap();
    gateway.clock.advance(Duration::from_secs(2 * 24 * 3600));
    gateway.send("hvb", approve(&message, "H2")).unwrap();
    let filter =
        StatistiekFilter { gemeenten: vec![Gemeente::new(GEMEENTE).unwrap()], ..StatistiekFilter::default() };
    let figures = view::statistiek(&gateway.ledger, &filter).unwrap();
    let took: Vec<_> = figures.doorlooptijden.iter().map(|row| (row.soort, row.aantal, row.totaal)).collect();
    assert_eq!(took, [("heen_retour", 1, 2)]);
    gateway.stop();
}
