//! The disk is full or fails while the gateway runs.

use super::*;
use crate::journal::simulated::Fault;

fn is_unavailable(answer: &Result<Receipt, Refusal>) -> bool {
    matches!(answer, Err(Refusal::Unavailable { retry_after_seconds: 1.., .. }))
}

/// On a full disk senders are told to come back and nothing changes; once there is room the same message is taken,
/// by itself and once.
#[test]
fn a_full_disk_refuses_and_takes_the_same_message_when_there_is_room() {
    let disk = SimulatedDisk::new(7);
    let gateway = Gateway::open(&disk);
    let room = 3 * SEGMENT_BYTES_MIN;
    disk.limit(Some(room));
    let mut number = 0;
    let refused = loop {
        number += 1;
        let answer = gateway.send("backoffice", numbered(number));
        if is_unavailable(&answer) {
            break answer;
        }
        answer.unwrap();
        assert!(number < 500, "the disk never filled up");
    };
    let Err(Refusal::Unavailable { reason, .. }) = refused else { unreachable!() };
    assert!(reason.contains("storage"), "the reason does not say that the disk is full: {reason}");
    let (entries, seen) = (gateway.engine.journal().entries(), gateway.toewijzingen());
    for _ in 0..3 {
        assert!(is_unavailable(&gateway.send("backoffice", numbered(number))));
    }
    // What is there stays there, and copies of it are still answered.
    assert!(gateway.send("backoffice", numbered(1)).unwrap().dubbel);
    assert_eq!((gateway.engine.journal().entries(), gateway.toewijzingen()), (entries, seen));

    disk.limit(None);
    assert!(!gateway.send("backoffice", numbered(number)).unwrap().dubbel);
    assert!(gateway.recorded().values().all(|count| *count == 1));
    assert_eq!(gateway.recorded().len(), number as usize);
    assert_eq!(gateway.toewijzingen().len(), number as usize);
    gateway.stop();
}

/// While the rows of the ledger find no room on the disk, nothing more is acknowledged: they are in memory, and there they may
/// not become ever more. Once there is room the same message is taken.
#[test]
fn a_ledger_without_room_refuses_and_takes_the_same_message_when_there_is_room() {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    gateway.send("backoffice", numbered(1)).unwrap();
    let entries = gateway.engine.journal().entries();
    gateway.ledger.lack(Some("no room".to_owned()));
    for _ in 0..3 {
        let refused = gateway.send("backoffice", numbered(2));
        let Err(Refusal::Unavailable { reason, .. }) = &refused else { panic!("{refused:?}") };
        assert!(reason.contains("making tables") && reason.contains("no room"), "{reason}");
    }
    assert!(gateway.send("backoffice", numbered(1)).unwrap().dubbel);
    assert_eq!(gateway.engine.journal().entries(), entries);

    gateway.ledger.lack(None);
    assert!(!gateway.send("backoffice", numbered(2)).unwrap().dubbel);
    assert_eq!(gateway.toewijzingen().len(), 2);
    gateway.stop();
}

/// Every operation fails once: who is refused then is taken at the second attempt, once.
#[test]
fn a_failure_anywhere_is_over_with_the_next_attempt() {
    let count = |disk: &SimulatedDisk| {
        let gateway = Gateway::open(disk);
        (1..4).for_each(|number| drop(gateway.send("backoffice", numbered(number)).unwrap()));
        gateway.stop();
        disk.operations()
    };
    let start = {
        let disk = SimulatedDisk::new(0);
        Gateway::open(&disk).stop();
        disk.operations()
    };
    for at in start..count(&SimulatedDisk::new(0)) {
        let disk = SimulatedDisk::new(at);
        let gateway = Gateway::open(&disk);
        disk.fail(Fault::Fail { at });
        let mut refused = 0;
        for number in 1..4 {
            let answer = gateway.send("backoffice", numbered(number));
            if answer.is_err() {
                assert!(is_unavailable(&answer), "failure at {at}: {answer:?}");
                refused += 1;
                assert!(!gateway.send("backoffice", numbered(number)).unwrap().dubbel);
            }
        }
        assert_eq!(refused, 1, "failure at {at}");
        assert_eq!(gateway.recorded().len(), 3);
        gateway.stop();
    }
}

/// The outcome of a delivery that cannot be recorded leaves the message waiting.
#[test]
fn an_outcome_that_cannot_be_recorded_leaves_the_message_waiting() {
    let disk = SimulatedDisk::new(3);
    let gateway = Gateway::open(&disk);
    play(&gateway, Step::Order).unwrap();
    disk.fail(Fault::FailFrom { at: disk.operations() });
    gateway.deliver().unwrap_err();
    let hvb = PartnerId("hvb".to_owned());
    assert_eq!(gateway.engine.waiting(&hvb, 10).len(), 1);
    disk.mend();
    gateway.deliver().unwrap();
    assert!(gateway.engine.waiting(&hvb, 10).is_empty());
    gateway.stop();
}

/// The daily run goes back to whom it could not plan for.
#[test]
fn the_daily_run_is_not_lost_to_a_full_disk() {
    let disk = SimulatedDisk::new(3);
    let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
    let gateway = Gateway::start(&disk, ledger, Duration::from_secs(3600)).unwrap();
    for step in [Step::Order, Step::OrderRetour, Step::Start] {
        play(&gateway, step).unwrap();
    }
    assert!(gateway.outgoing("WMO401").is_empty(), "it is held back");
    gateway.clock.advance(Duration::from_secs(7200));
    disk.fail(Fault::FailFrom { at: disk.operations() });
    assert!(gateway.engine.day(today()));
    // Answered after the daily run has failed: the loop takes one thing after the other.
    assert!(is_unavailable(&play(&gateway, Step::Stop).map(|sent| sent.unwrap().0)));
    disk.mend();
    gateway.wait_for(|gateway| gateway.outgoing("WMO401").len() == 1);
    gateway.stop();
}
