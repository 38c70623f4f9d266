//! The sweeps of `crash.rs` while batches overlap: one is written, one is encoded, and one was decided on top of both. The
//! stages are driven by hand, and which of them goes on is drawn from the seed.

use std::collections::BTreeSet;

use tokio::task::JoinHandle;

use super::*;
use crate::engine::stepped::{Stepped, Turn};
use crate::journal::simulated::Fault;
use crate::simulation::{Broken, Canary, Random};

/// A message and who sends it.
type Sent = (&'static str, Vec<u8>);

/// What is sent together, in order: much of it builds on what is under way still.
fn script() -> Vec<Vec<Sent>> {
    let person = |number: u32| Person { bsn: bsn(number).leak(), ..PERSON };
    let one = |number: u32| order(100_000 + number);
    let begin = date("2026-11-02");
    let ordered = |number| ("backoffice", numbered(number));
    let approved = |number: u32| {
        let message = wmo301(envelope(&format!("T{number}")), &person(number), &one(number)).unwrap();
        ("hvb", approve(&message, &format!("H2{number}")))
    };
    let started = |number: u32| {
        let name = format!("H5{number}");
        let message = wmo305(envelope(&name), &person(number), &one(number), &[(begin, "1")]);
        ("hvb", message.unwrap().encode())
    };
    let stopped = |number: u32| {
        let (name, end) = (format!("H7{number}"), date("2026-11-20"));
        let message = wmo307(envelope(&name), &person(number), &one(number), begin, end, "19");
        ("hvb", message.unwrap().encode())
    };
    vec![
        vec![ordered(1)],
        vec![approved(1), ordered(2)],
        vec![started(1), approved(2)],
        vec![stopped(1), started(2), ordered(1)],
        vec![ordered(3)],
        vec![approved(3)],
        vec![started(3), ordered(4)],
    ]
}

/// A gateway of which every stage is driven.
struct Driven {
    engine: Engine,
    stepped: Stepped,
    runtime: tokio::runtime::Runtime,
    random: Random,
    /// The most batches that were under way at once.
    overlapped: u64,
    /// What was acknowledged, and whether anything was not.
    acknowledged: Vec<Receipt>,
    refused: bool,
}

impl Driven {
    fn start(disk: &SimulatedDisk, ledger: &Arc<Ledger>, seed: u64) -> Result<Self, String> {
        let journal = open_journal(disk).map_err(|error| error.to_string())?;
        let clock: Arc<dyn Clock> = HandClock::new();
        let (settings, schemas) = (settings(Duration::ZERO), Schemas::bundled());
        let begun = Stepped::begin(journal, Arc::clone(ledger), settings, schemas, clock);
        let (engine, stepped) = begun.map_err(|error| error.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let random = Random::new(seed);
        Ok(Self { engine, stepped, runtime, random, overlapped: 0, acknowledged: vec![], refused: false })
    }

    /// Lets whoever is told something go on.
    fn heard(&self) {
        self.runtime.block_on(async {
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        });
    }

    /// Plays the script until something is refused or the process is gone, and then what was delivered is reported.
    fn play(&mut self, disk: &SimulatedDisk) {
        let gone = || disk.has_crashed() || disk.has_died();
        let mut waiting: Vec<JoinHandle<Result<Receipt, Refusal>>> = Vec::new();
        for together in script() {
            for (partner, bytes) in together {
                let (partner, engine) = (PartnerId(partner.to_owned()), self.engine.clone());
                let inbound = Inbound {
                    partner,
                    route: Route::Direct,
                    bytes: bytes.into(),
                    key: None,
                    bevestigd: vec![],
                };
                waiting.push(self.runtime.spawn(async move { engine.receive(inbound).await }));
            }
            self.heard();
            self.turn();
            for _ in 0..self.random.between(0, 2) {
                self.stage();
                self.answers(&mut waiting);
            }
            if self.refused || gone() {
                break;
            }
        }
        self.drain(&gone);
        self.answers(&mut waiting);
        if self.refused || gone() {
            return;
        }
        let mut reports = Vec::new();
        for partner in ["hvb", "cak"] {
            for message in self.engine.waiting(&PartnerId(partner.to_owned()), 10) {
                let engine = self.engine.clone();
                let outcome = Outcome::Delivered { receipt: Some("gotten".to_owned()) };
                reports.push(self.runtime.spawn(async move { engine.outcome(message.id, outcome).await }));
                self.heard();
                self.turn();
                if self.random.percent(50) {
                    self.stage();
                }
                if gone() {
                    return;
                }
            }
        }
        self.drain(&gone);
    }

    fn turn(&mut self) {
        self.stepped.turn();
        self.overlapped = self.overlapped.max(self.stepped.under_way());
    }

    /// One of the stages beside the loop does its next batch.
    fn stage(&mut self) {
        if self.random.percent(60) {
            self.stepped.encode()
        } else {
            self.stepped.write()
        };
    }

    fn drain(&mut self, gone: &dyn Fn() -> bool) {
        while !gone() {
            self.heard();
            let turned = self.stepped.turn() == Turn::Done;
            if !(self.stepped.encode() | self.stepped.write() | turned) {
                break;
            }
        }
    }

    fn answers(&mut self, waiting: &mut Vec<JoinHandle<Result<Receipt, Refusal>>>) {
        self.heard();
        for answer in waiting.extract_if(.., |answer| answer.is_finished()) {
            match self.runtime.block_on(answer).unwrap() {
                Ok(receipt) => self.acknowledged.push(receipt),
                Err(Refusal::Unavailable { .. }) => self.refused = true,
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// Plays the script on a disk of this seed while something goes wrong; who is told to come back does. Returns what was
/// acknowledged.
fn broken(disk: &SimulatedDisk, ledger: &Arc<Ledger>, seed: u64) -> Vec<Receipt> {
    let Ok(mut driven) = Driven::start(disk, ledger, seed) else { return Vec::new() };
    driven.play(disk);
    if std::mem::take(&mut driven.refused) && !disk.is_failing() {
        driven.play(disk);
    }
    driven.acknowledged
}

/// Starts again: everything acknowledged is there once, what is sent again has the end of an undisturbed run, and the journal
/// alone gives the ledger.
fn goes_on(
    disk: &SimulatedDisk,
    ledger: Arc<Ledger>,
    acknowledged: &[Receipt],
    expected: &[String],
    what: &str,
) {
    let gateway =
        Gateway::start(disk, ledger, Duration::ZERO).unwrap_or_else(|error| panic!("{what}: {error}"));
    let recorded = gateway.recorded();
    for receipt in acknowledged {
        assert_eq!(recorded.get(&receipt.sha256), Some(&1), "{what}: {} is lost", receipt.id);
    }
    for (partner, bytes) in script().into_iter().flatten() {
        let receipt = gateway.send(partner, bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
        if let Some(before) = acknowledged.iter().find(|before| before.sha256 == receipt.sha256) {
            assert!(receipt.dubbel && receipt.id == before.id, "{what}: {receipt:?} after {before:?}");
        }
    }
    gateway.deliver().unwrap();
    assert!(gateway.recorded().values().all(|count| *count == 1), "{what}: taken twice");
    assert_eq!(gateway.toewijzingen(), expected, "{what}");
    gateway.stop();
}

fn in_memory() -> Arc<Ledger> {
    Arc::new(Ledger::in_memory(ledger::FORMAT))
}

/// How many operations the script takes when nothing goes wrong, and how it ends.
fn undisturbed(seed: u64) -> (u64, Vec<String>, u64) {
    let (disk, ledger) = (SimulatedDisk::new(0), in_memory());
    let mut driven = Driven::start(&disk, &ledger, seed).unwrap();
    driven.play(&disk);
    assert!(!driven.refused && driven.acknowledged.len() == script().concat().len());
    let ids: BTreeSet<&String> = driven.acknowledged.iter().map(|receipt| &receipt.id).collect();
    assert_eq!(ids.len() + 1, driven.acknowledged.len(), "one is a copy");
    let (operations, acknowledged) = (disk.operations(), driven.acknowledged);
    let overlapped = driven.overlapped;
    drop((driven.engine, driven.stepped));
    disk.kill();
    let gateway = Gateway::start(&disk, ledger, Duration::ZERO).unwrap();
    let expected = gateway.toewijzingen();
    gateway.stop();
    disk.kill();
    goes_on(&disk, in_memory(), &acknowledged, &expected, "undisturbed");
    (operations, expected, overlapped)
}

/// Does something at every operation of several schedules.
fn sweep(seeds: std::ops::Range<u64>, each: impl Fn(u64, u64, &[String])) {
    let mut most = 0;
    for seed in seeds {
        let (operations, expected, overlapped) = undisturbed(seed);
        assert!(operations > 25, "the script does too little: {operations}");
        most = most.max(overlapped);
        (0..operations).for_each(|at| each(seed, at, &expected));
    }
    assert_eq!(most, 3, "as many batches are under way as may be");
}

/// The power goes.
fn power_cut(seed: u64, at: u64, expected: &[String]) {
    let what = format!("schedule {seed}, crash at {at}");
    let (disk, ledger) = (SimulatedDisk::new(at * 10 + seed), in_memory());
    disk.fail(Fault::Crash { at });
    let acknowledged = broken(&disk, &ledger, seed);
    assert!(disk.has_crashed(), "{what}");
    disk.restart();
    let ledger = if seed.is_multiple_of(2) { ledger } else { in_memory() };
    goes_on(&disk, ledger, &acknowledged, expected, &what);
}

/// The process is killed, the next one finds what is in the memory of the system, and then the power goes.
fn kill(seed: u64, at: u64, expected: &[String]) {
    let what = format!("schedule {seed}, killed at {at}");
    let (disk, ledger) = (SimulatedDisk::new(at * 10 + seed), in_memory());
    disk.fail(Fault::Die { at });
    let mut acknowledged = broken(&disk, &ledger, seed);
    assert!(disk.has_died(), "{what}");
    disk.kill();
    if let Ok(gateway) = Gateway::start(&disk, Arc::clone(&ledger), Duration::ZERO) {
        // What is known is acknowledged now, as copies are.
        let known = gateway.recorded();
        let copies = script().into_iter().flatten().filter(|(_, bytes)| {
            known.contains_key(&<[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(bytes)))
        });
        acknowledged.extend(copies.map(|(partner, bytes)| gateway.send(partner, bytes).unwrap()));
        gateway.engine.stop();
    }
    disk.restart();
    let ledger = if seed.is_multiple_of(2) { ledger } else { in_memory() };
    goes_on(&disk, ledger, &acknowledged, expected, &what);
}

/// An operation fails once, all do until the disk is mended, or the disk goes away in a sync; nothing that was decided upon
/// what was not written is taken.
fn failure(seed: u64, at: u64, expected: &[String]) {
    let faults = [Fault::Fail { at }, Fault::FailFrom { at }, Fault::FailFromSync { at }];
    for (way, fault) in faults.into_iter().enumerate() {
        let what = format!("schedule {seed}, {fault:?}");
        let (disk, ledger) = (SimulatedDisk::new(at * 10 + seed), in_memory());
        disk.fail(fault);
        let acknowledged = broken(&disk, &ledger, seed);
        disk.mend();
        // Some lose power too.
        if (way as u64 + at).is_multiple_of(2) {
            disk.restart()
        } else {
            disk.kill()
        }
        let ledger = if at.is_multiple_of(3) { in_memory() } else { ledger };
        goes_on(&disk, Arc::clone(&ledger), &acknowledged, expected, &what);
        disk.restart();
        goes_on(&disk, ledger, &acknowledged, expected, &format!("{what}, and a power cut later"));
    }
}

#[test]
fn a_power_cut_anywhere_in_overlapping_batches_loses_nothing() {
    sweep(0..3, power_cut);
}

#[test]
fn a_kill_anywhere_in_overlapping_batches_loses_nothing() {
    sweep(3..6, kill);
}

#[test]
fn a_failure_anywhere_in_overlapping_batches_loses_nothing() {
    sweep(0..3, failure);
}

type Way = fn(u64, u64, &[String]);

/// The sweeps see what they are for: broken in each of these ways, one of them fails.
#[test]
fn an_overlap_that_is_broken_is_heard() {
    let ways: [(Canary, Way); 4] = [
        (Canary::AnswersFirst, power_cut),
        (Canary::AnswersTheForlorn, failure),
        (Canary::KeepsTheForlorn, failure),
        (Canary::TrustsWhatItFinds, failure),
    ];
    for (canary, way) in ways {
        let heard = std::panic::catch_unwind(|| {
            sweep(0..3, |seed, at, expected| {
                let _broken = Broken::begin(canary);
                way(seed, at, expected);
            });
        });
        assert!(heard.is_err(), "nobody hears {canary:?}");
    }
}
