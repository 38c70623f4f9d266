//! Every operation of the disk during a whole exchange goes wrong in every way: the power goes, the process is killed
//! and the power goes after the next start, or the operation fails, once or until somebody mends the disk.

use super::*;
use crate::journal::simulated::Fault;

/// What was acknowledged before something went wrong for good; who is told to come back does, once.
fn play_until_it_fails(gateway: &Gateway) -> Vec<(Receipt, Vec<u8>)> {
    let mut acknowledged = Vec::new();
    for step in STORY {
        let played = match play(gateway, step) {
            Err(Refusal::Unavailable { .. }) => play(gateway, step),
            played => played,
        };
        match played {
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

/// What a run left behind, and what it was acknowledged.
struct Left {
    disk: SimulatedDisk,
    ledger: Arc<Ledger>,
    acknowledged: Vec<(Receipt, Vec<u8>)>,
}

/// Plays the story on a disk of this seed while something goes wrong. The ledger stays behind, or is lost.
fn broken(seed: u64, fault: Fault, keeps_ledger: bool) -> Left {
    let disk = SimulatedDisk::new(seed);
    disk.fail(fault);
    let kept = Arc::new(Ledger::in_memory(ledger::FORMAT));
    let acknowledged = match Gateway::start(&disk, Arc::clone(&kept), Duration::ZERO) {
        Ok(gateway) => {
            let acknowledged = play_until_it_fails(&gateway);
            gateway.engine.stop();
            acknowledged
        }
        Err(_) => Vec::new(),
    };
    let ledger = if keeps_ledger { kept } else { Arc::new(Ledger::in_memory(ledger::FORMAT)) };
    Left { disk, ledger, acknowledged }
}

impl Left {
    /// Starts again. Everything acknowledged is there once and is answered as before, what was not is taken when it is
    /// sent again, and the end is that of a run in which nothing goes wrong; journal and ledger agree.
    fn goes_on(self, expected: &[String], what: &str) -> Self {
        let gateway = Gateway::start(&self.disk, Arc::clone(&self.ledger), Duration::ZERO)
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let recorded = gateway.recorded();
        for (receipt, _) in &self.acknowledged {
            assert_eq!(recorded.get(&receipt.sha256), Some(&1), "{what}: {} is lost", receipt.id);
        }
        let again = play_all(&gateway);
        for (receipt, _) in &self.acknowledged {
            let copy = again.iter().find(|(copy, _)| copy.sha256 == receipt.sha256);
            let (copy, _) = copy.unwrap_or_else(|| panic!("{what}: {} is not known", receipt.id));
            assert!(copy.dubbel && copy.id == receipt.id, "{what}: {copy:?} after {receipt:?}");
        }
        assert!(gateway.recorded().values().all(|count| *count == 1), "{what}: taken twice");
        assert_eq!(gateway.toewijzingen(), expected, "{what}");
        assert!(gateway.unsent().is_empty(), "{what}: something still waits to be sent");
        gateway.stop();
        Self { acknowledged: again, ..self }
    }
}

#[test]
fn a_power_cut_anywhere_loses_no_message_and_takes_none_twice() {
    let (all, expected) = operations();
    assert!(all > 30, "the script does too little: {all}");
    for at in 0..all {
        for seed in 0..3 {
            let left = broken(at * 10 + seed, Fault::Crash { at }, seed % 2 == 0);
            assert!(left.disk.has_crashed(), "crash at {at}");
            left.disk.restart();
            left.goes_on(&expected, &format!("crash at {at}, seed {seed}"));
        }
    }
}

/// The process is killed; the next one finds what is in the memory of the system, and answers by it; then the power
/// goes and takes what was not made durable.
#[test]
fn a_kill_anywhere_and_a_power_cut_after_the_next_start_lose_nothing() {
    let (all, expected) = operations();
    for at in 0..all {
        for seed in 0..2 {
            let what = format!("killed at {at}, seed {seed}");
            let mut left = broken(at * 10 + seed, Fault::Die { at }, seed == 0);
            assert!(left.disk.has_died(), "{what}");
            left.disk.kill();
            let gateway = Gateway::start(&left.disk, Arc::clone(&left.ledger), Duration::ZERO).unwrap();
            // What is known is acknowledged now, as copies are.
            let first = play(&gateway, Step::Order).unwrap();
            left.acknowledged.extend(first);
            gateway.engine.stop();
            left.disk.restart();
            left.goes_on(&expected, &what);
        }
    }
}

/// An operation fails once, or all do until the disk is mended; deliveries and the ledger are part of it.
#[test]
fn a_failure_anywhere_in_an_exchange_loses_no_message_and_takes_none_twice() {
    let (all, expected) = operations();
    for at in 0..all {
        for (seed, lasts) in [(0, false), (1, false), (2, true), (3, true)] {
            let fault = if lasts { Fault::FailFrom { at } } else { Fault::Fail { at } };
            let left = broken(at * 10 + seed, fault, seed % 2 == 0);
            left.disk.mend();
            // Half of them lose power too.
            if seed > 1 {
                left.disk.restart();
            } else {
                left.disk.kill();
            }
            let left = left.goes_on(&expected, &format!("failure at {at}, seed {seed}"));
            left.disk.restart();
            left.goes_on(&expected, &format!("power cut after a failure at {at}, seed {seed}"));
        }
    }
}
