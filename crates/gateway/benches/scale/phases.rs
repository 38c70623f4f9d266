//! One thing done to a large journal, in a process of its own.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that fails should say where")]

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use iwmo_codec::Schemas;
use iwmo_gateway::control::Control;
use iwmo_gateway::journal::{Position, ReadOnlyJournal, verify};
use iwmo_gateway::ledger::{self, Applier};
use iwmo_gateway::listener::Stopper;
use iwmo_gateway::vault::Vault;

use super::grow;
use super::measure::{Spent, memory};

/// Entries that are looked up one by one.
const LOOKED_UP: u64 = 2_000;

/// Does the phase of this name.
pub(super) fn run(phase: &str, dir: &Path, entries: u64) {
    match phase {
        "grow" => grow::grow(dir, entries, false),
        "orders" => grow::grow(dir, entries, true),
        "start" => start(dir),
        "read" => read(dir),
        "verify" => verified(dir),
        "memory" => replayed("in memory", dir),
        "disk" => replayed("on disk", dir),
        "index" => {
            let engine = grow::open(dir);
            grow::indexed(&engine);
            engine.stop();
        }
        "serve" => serve(dir),
        other => panic!("no phase {other}"),
    }
}

/// Opens the store, as a start of the gateway does.
fn start(dir: &Path) {
    let begin = Instant::now();
    let engine = grow::open(dir);
    let took = begin.elapsed();
    println!("  started      in {:>6.0} ms   memory {} at most", took.as_secs_f64() * 1e3, memory("VmHWM"));
    engine.stop();
}

fn journal(dir: &Path) -> ReadOnlyJournal {
    let mut journal = ReadOnlyJournal::open(&dir.join("journal")).unwrap();
    let vault = Vault::read(dir, journal.reader()).unwrap().unwrap();
    journal.set_vault(vault);
    journal
}

/// Reads every entry with what is sealed in it, then some by name.
fn read(dir: &Path) {
    let journal = journal(dir);
    let (begin, spent) = (Instant::now(), Spent::now());
    let mut count = 0;
    for entry in journal.reader().read_all(Position::START) {
        entry.unwrap();
        count += 1;
    }
    tell("read", count, begin, spent);
    let tips = journal.reader().tips();
    let (begin, spent, mut found) = (Instant::now(), Spent::now(), 0);
    let mut slowest = 0_f64;
    for turn in 0..LOOKED_UP {
        let tip = tips.values().nth(turn as usize % tips.len()).unwrap();
        let one = Instant::now();
        found += u64::from(journal.reader().get(tip.chain, 1 + turn * 7_919 % tip.seq).unwrap().is_some());
        slowest = slowest.max(one.elapsed().as_secs_f64());
    }
    tell("looked up", found, begin, spent);
    println!("               the slowest in {:.2} ms", slowest * 1e3);
}

fn verified(dir: &Path) {
    let (begin, spent) = (Instant::now(), Spent::now());
    let report = verify(&dir.join("journal"), &mut |_| {}).unwrap();
    assert!(report.faults.is_empty());
    tell("verified", report.entries, begin, spent);
}

/// Replays the journal, and compares what comes of it with the ledger.
fn replayed(place: &str, dir: &Path) {
    let journal = journal(dir);
    let applier = Applier::new(Schemas::bundled());
    let (begin, spent) = (Instant::now(), Spent::now());
    let again = dir.join("again");
    let ledger = if place == "on disk" {
        ledger::rebuild(&again, journal.reader(), &applier, &mut |_| {}).unwrap().0
    } else {
        ledger::temporary(journal.reader(), &applier, &mut |_| {}).unwrap()
    };
    tell(&format!("replayed {place}"), journal.reader().entries(), begin, spent);
    let kept = match iwmo_gateway::store::Ledger::open(&dir.join("ledger"), ledger::FORMAT).unwrap() {
        iwmo_gateway::store::Opening::Opened(kept) => kept,
        other => panic!("{other:?}"),
    };
    // Of a large journal that takes longer than the replay.
    if journal.reader().entries() < 200_000 {
        assert!(ledger.first_difference(&kept).unwrap().is_none(), "a replay gives another ledger");
    }
    drop(ledger);
    if again.exists() {
        fs::remove_dir_all(again).unwrap();
    }
}

fn tell(what: &str, count: u64, begin: Instant, spent: Spent) {
    let took = begin.elapsed().as_secs_f64();
    println!(
        "  {what:<20} {:>9.0}/s   {:>6.2} µs of processor each   memory {} at most",
        count as f64 / took,
        spent.since() * 1e6 / count as f64,
        memory("VmHWM")
    );
}

/// Holds the store, with a control socket, until standard input ends.
fn serve(dir: &Path) {
    let engine = grow::open(dir);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (stopper, stop) = Stopper::new();
    let control = runtime.block_on(async { Control::bind(dir, engine.clone()).unwrap() });
    let served = runtime.spawn(control.serve(stop));
    println!("  serving");
    // Ends when the other side goes away.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    stopper.stop();
    runtime.block_on(served).unwrap();
    engine.stop();
}
