//! Seeds by the thousand, and the proof that they would show what is wrong.
//!
//! `IWMO_SIMULATION_SEEDS=1000000` and `IWMO_SIMULATION_FROM=1` set how many seeds `a_seed_keeps_every_promise` runs and
//! where it begins; `IWMO_SIMULATION_TRACE=1` prints what happens in each. `docs/proofs.md` has the commands.
#![expect(clippy::print_stdout, reason = "a long run by hand tells how far it is")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::gateway::Shelves;
use super::hooks::Canary;
use super::run::{Failure, run};
use super::script::Size;
use super::world::Counts;

/// Runs of a few minutes with a handful of messages: many of them fit into a second.
const SMALL: Size = Size { toewijzingen: 3, steps: 4, faults: 6, storm: Duration::from_secs(420) };
/// An hour with many messages and much that goes wrong.
const LARGE: Size = Size { toewijzingen: 12, steps: 10, faults: 30, storm: Duration::from_secs(3600) };
/// One seed in so many is a large one.
const LARGE_EVERY: u64 = 50;
/// Seeds that every test run does.
const SEEDS: u64 = 2_000;
/// Most seeds until a break of the core must have been seen.
const CANARY_SEEDS: u64 = 200;
/// How often a run by hand tells how far it is.
const TELL_EVERY: Duration = Duration::from_secs(60);

fn size(seed: u64) -> &'static Size {
    if seed.is_multiple_of(LARGE_EVERY) { &LARGE } else { &SMALL }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Says how to see a failing seed again, and what happened in it.
fn told(seed: u64, failure: &Failure) -> String {
    let (_, _, trace) = run(seed, size(seed), &Shelves::in_memory(), None, true);
    format!(
        "seed {seed} breaks promises:\n  {}\n\n{trace}\nTo run it again:\n  IWMO_SIMULATION_FROM={seed} \
         IWMO_SIMULATION_SEEDS=1 IWMO_SIMULATION_TRACE=1 cargo test -p iwmo-gateway --lib \
         a_seed_keeps_every_promise -- --nocapture\n",
        failure.violations.join("\n  ")
    )
}

/// Runs seeds on as many threads as there are processors, until one fails. Returns what happened in all of them.
fn run_all(from: u64, count: u64) -> Result<Counts, String> {
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let (next, stop) = (AtomicU64::new(from), AtomicBool::new(false));
    let (total, failed) = (Mutex::new(Counts::default()), Mutex::new(None));
    let told_at = Mutex::new(Instant::now());
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            scope.spawn(|| {
                let shelves = Shelves::in_memory();
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + count {
                        return;
                    }
                    let (counts, failure, _) = run(seed, size(seed), &shelves, None, false);
                    total.lock().unwrap_or_else(PoisonError::into_inner).add(&counts);
                    if let Some(failure) = failure {
                        stop.store(true, Ordering::Relaxed);
                        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((seed, failure));
                    }
                    let mut told_at = told_at.lock().unwrap_or_else(PoisonError::into_inner);
                    if told_at.elapsed() > TELL_EVERY {
                        *told_at = Instant::now();
                        println!("seed {seed} after {:?}", begin.elapsed());
                    }
                }
            });
        }
    });
    let total = *total.lock().unwrap_or_else(PoisonError::into_inner);
    println!("{count} seeds from {from} in {:?}: {total:?}", begin.elapsed());
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((seed, failure)) => Err(told(seed, &failure)),
        None => Ok(total),
    }
}

/// Every promise, over thousands of made-up worlds.
#[test]
fn a_seed_keeps_every_promise() {
    let from = number("IWMO_SIMULATION_FROM").unwrap_or(1);
    let count = number("IWMO_SIMULATION_SEEDS").unwrap_or(SEEDS);
    if number("IWMO_SIMULATION_TRACE").is_some() {
        for seed in from..from + count {
            let (counts, failure, trace) = run(seed, size(seed), &Shelves::in_memory(), None, true);
            println!("{trace}{counts:?}");
            assert!(failure.is_none(), "seed {seed}: {failure:#?}");
        }
        return;
    }
    let counts = run_all(from, count).unwrap_or_else(|told| panic!("{told}"));
    if count < SEEDS {
        return;
    }
    // Runs in which nothing happens would show nothing.
    let seen = [
        counts.copies,
        counts.again,
        counts.deaths,
        counts.ledgers_behind,
        counts.refused,
        counts.unavailable,
        counts.waited,
        counts.requests,
        counts.acts,
        counts.stated,
        counts.removed,
    ];
    assert!(seen.iter().all(|seen| *seen > count / 50), "{counts:?}");
    assert!(counts.acknowledged > 3 * count && counts.deliveries > 3 * count, "{counts:?}");
}

/// Seeds that broke a promise once, with what was wrong. What a seed makes happen changes with the simulation; each of
/// them is a run like any other then.
const FOUND: &[(u64, &str)] = &[
    (133, "what was said under a wrong BSN was told under the right one the next day only"),
    (300, "work with no aanbieder stood last on its page and first in its index, so that paging lost it"),
    (
        795,
        "a period that charges nothing, under a wrong BSN, held up all that was to be told under the right one",
    ),
    (27_986, "what was made while the clock was ahead waited for hours"),
    (
        100_045_700,
        "retours that were delivered stood on no page after the clock was set back by more than a day",
    ),
    (110_244, "the cut of a torn tail whose sync failed was taken for durable by the next process"),
];

#[test]
fn seeds_that_were_found_keep_every_promise() {
    for (seed, what) in FOUND {
        run_all(*seed, 1).unwrap_or_else(|told| panic!("{what}: {told}"));
    }
}

/// The store of the product under the same runs, some of them: the others keep their rows in a map.
#[test]
fn a_seed_keeps_every_promise_on_the_store() {
    let shelves = Shelves::real();
    for seed in 1_000_000..1_000_040 {
        let (counts, failure, _) = run(seed, &SMALL, &shelves, None, false);
        assert!(failure.is_none(), "seed {seed}: {failure:#?}");
        assert_eq!(
            (counts, true),
            (run(seed, &SMALL, &Shelves::in_memory(), None, false).0, failure.is_none())
        );
    }
}

/// The same seed gives the same run, to the letter of its trace.
#[test]
fn a_seed_gives_one_run() {
    for seed in (1..40).chain([LARGE_EVERY]) {
        let (counts, _, trace) = run(seed, size(seed), &Shelves::in_memory(), None, true);
        let (again, _, trace_again) = run(seed, size(seed), &Shelves::in_memory(), None, true);
        for (one, other) in trace.lines().zip(trace_again.lines()) {
            assert_eq!(one, other, "seed {seed}");
        }
        assert_eq!((counts, trace.len()), (again, trace_again.len()), "seed {seed}");
    }
}

/// The net catches fish: whichever way the core is broken on purpose, few seeds are needed to see it.
#[test]
fn every_canary_is_heard() {
    let shelves = Shelves::in_memory();
    for canary in Canary::ALL {
        let heard = (1..=CANARY_SEEDS).find_map(|seed| {
            let (_, failure, _) = run(seed, &SMALL, &shelves, Some(canary), false);
            Some((seed, failure?.violations))
        });
        let (seed, violations) = heard.unwrap_or_else(|| panic!("nobody hears {canary:?}"));
        println!("{canary:?}: seed {seed}: {}", violations[0]);
    }
}
