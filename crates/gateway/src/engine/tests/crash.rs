//! The power goes at every operation of the disk during a whole exchange.

use super::*;
use crate::journal::simulated::Fault;

/// What was acknowledged before the power went.
fn play_until_it_fails(gateway: &Gateway) -> Vec<(Receipt, Vec<u8>)> {
    let mut acknowledged = Vec::new();
    for step in STORY {
        match play(gateway, step) {
            Ok(sent) => acknowledged.extend(sent),
            Err(Refusal::Unavailable { .. }) => {}
            // Without what was lost, a later step may not fit; nothing of it was taken.
            Err(Refusal::Unacceptable { .. }) => {}
            Err(other) => panic!("{step:?}: {other}"),
        }
    }
    acknowledged
}

fn operations() -> (u64, Vec<String>) {
    let disk = SimulatedDisk::new(0);
    let gateway = Gateway::open(&disk);
    play_all(&gateway);
    let toewijzingen = gateway.toewijzingen();
    gateway.stop();
    (disk.operations(), toewijzingen)
}

/// After each crash everything acknowledged is there once and is answered as before; what was not is taken when
/// it is sent again; the end is that of a run without a crash; and the journal alone gives the ledger, one that
/// kept everything and one that was lost.
#[test]
fn a_power_cut_anywhere_loses_no_message_and_takes_none_twice() {
    let (all, expected) = operations();
    assert!(all > 30, "the script does too little: {all}");
    for at in 0..all {
        let disk = SimulatedDisk::new(at);
        disk.fail(Fault::Crash { at });
        let kept = Arc::new(Ledger::temporary(ledger::FORMAT).unwrap());
        let acknowledged = match Gateway::start(&disk, Arc::clone(&kept), Duration::ZERO) {
            Ok(gateway) => {
                let acknowledged = play_until_it_fails(&gateway);
                gateway.engine.stop();
                acknowledged
            }
            Err(_) => Vec::new(),
        };
        assert!(disk.has_crashed(), "crash at {at}");
        disk.restart();

        let lost = Arc::new(Ledger::temporary(ledger::FORMAT).unwrap());
        let ledger = if at % 2 == 0 { kept } else { lost };
        let gateway = Gateway::start(&disk, ledger, Duration::ZERO)
            .unwrap_or_else(|error| panic!("crash at {at}: {error}"));
        let recorded = gateway.recorded();
        for (receipt, _) in &acknowledged {
            assert_eq!(recorded.get(&receipt.sha256), Some(&1), "crash at {at}: {} is lost", receipt.id);
        }
        let again = play_all(&gateway);
        for (receipt, _) in &acknowledged {
            let copy = again.iter().find(|(copy, _)| copy.sha256 == receipt.sha256);
            let (copy, _) = copy.unwrap_or_else(|| panic!("crash at {at}: {} is not known", receipt.id));
            assert!(copy.dubbel && copy.id == receipt.id, "crash at {at}: {copy:?} after {receipt:?}");
        }
        assert!(gateway.recorded().values().all(|count| *count == 1), "crash at {at}: taken twice");
        assert_eq!(gateway.toewijzingen(), expected, "crash at {at}");
        gateway.stop();
    }
}
