//! One seed from beginning to end.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::gateway::{self, LedgerFate, Shelves, settings};
use super::hooks::{Canary, Simulated};
use super::script::{self, Size};
use super::world::{Counts, World};
use super::{check, faults, lists, operator, stated};
use crate::clock::Clock;
use crate::ledger::keys;

/// How long it may take until nothing happens any more.
const QUIET_ROUNDS: u32 = 400;
const QUIET_ROUND: Duration = Duration::from_secs(30);

/// One seed in so many compares the lists of deadlines and work with what is on record.
const LISTS_EVERY: u64 = 20;

/// A run that broke a promise.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) violations: Vec<String>,
}

/// Runs a seed.
pub(super) fn run(
    seed: u64,
    size: &Size,
    shelves: &Shelves,
    broken: Option<Canary>,
    traced: bool,
) -> (Counts, Option<Failure>, String) {
    let simulated = Simulated::begin(seed, broken);
    shelves.ledger.clear().expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let world = runtime.block_on(async {
        let world = World::new(seed, shelves.clone(), traced);
        play(&world, size, seed.is_multiple_of(LISTS_EVERY)).await;
        world
    });
    // What is left of the run goes with it.
    drop(runtime);
    let trace = world.trace();
    let mut state = world.state();
    let mut violations = std::mem::take(&mut state.violations);
    violations.extend(simulated.panics());
    let failure = (!violations.is_empty()).then_some(Failure { violations });
    (state.counts, failure, trace)
}

async fn play(world: &Arc<World>, size: &Size, lists: bool) {
    // Some gemeenten hold what the CAK must hear, some do not.
    let holds = [Some(Duration::ZERO), Some(Duration::from_secs(300)), None];
    let (hold, parks) = {
        let mut state = world.state();
        (*state.random.pick(&holds), *state.random.pick(&[0, 2, 60]))
    };
    let settings = settings(hold, parks);
    tokio::spawn(gateway::supervise(Arc::clone(world), settings.clone()));
    if let Err(error) = gateway::start(world, &settings) {
        return world.violated(format!("the gateway does not start: {error}"));
    }
    script::begin(world, size);
    operator::begin(world, size);
    stated::begin(world, size);
    faults::storm(Arc::clone(world), *size).await;
    if lists && world.state().up.is_some() {
        // In the middle of things most waits.
        lists::hold(world);
    }
    if world.percent(50) && world.state().up.is_some() {
        gateway::kill(world, true, LedgerFate::Kept, None);
    }
    let quiet = quiet(world).await;
    if let Err(reason) = &quiet {
        world.violated(format!("it never becomes quiet: {reason}"));
    }
    if world.state().violations.is_empty() {
        check::all(world);
        if lists {
            lists::hold(world);
        }
    }
    let up = world.state().up.take();
    drop(up);
}

/// Waits until nothing happens any more and nothing will.
async fn quiet(world: &World) -> Result<(), String> {
    let mut reason = String::new();
    let mut entries = 0;
    for _ in 0..QUIET_ROUNDS {
        tokio::time::sleep(QUIET_ROUND).await;
        let Some(journal) = world.journal() else {
            reason = "the gateway is down".to_owned();
            continue;
        };
        let busy = world.state().busy;
        let ledger = &world.shelves.ledger;
        let waiting = ledger.scan(b"u").count();
        let first = |prefix: &[u8]| ledger.scan(prefix).next().and_then(Result::ok);
        let planned = first(&keys::alle_planning()).and_then(|(key, _)| keys::planning_delen(&key));
        let parked = first(&keys::alle_oordelen()).and_then(|(key, _)| keys::oordeel_delen(&key));
        let due =
            planned.map(|(moment, ..)| moment).into_iter().chain(parked.map(|(moment, ..)| moment)).min();
        let before = std::mem::replace(&mut entries, journal.entries());
        reason = if busy > 0 {
            format!("{busy} messages and scripts are under way")
        } else if waiting > 0 {
            format!("{waiting} messages wait")
        } else if before != entries {
            format!("entry {entries} was just written")
        } else if let Some(moment) = due {
            // Nobody has to wait for a day here.
            let now = world.clock.now();
            let due = Timestamp::from_microsecond(moment).expect("a moment");
            if due > now {
                world.clock.jump(due.duration_since(now) + SignedDuration::from_secs(1));
            }
            "something is due later".to_owned()
        } else {
            return Ok(());
        };
    }
    Err(reason)
}
