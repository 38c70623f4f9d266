//! What goes wrong in a run, and when.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::gateway::{self, LedgerFate, Snapshot};
use super::network::Mood;
use super::operator;
use super::script::Size;
use super::world::{BACKOFFICE, PARTNERS, World};
use crate::journal::simulated::Fault;

/// Lets things go wrong until the storm is over.
pub(super) async fn storm(world: Arc<World>, size: Size) {
    weather(&world);
    let begin = Instant::now();
    let count = world.between(0, size.faults);
    let storm = size.storm.as_millis() as u64;
    let mut moments: Vec<u64> = (0..count).map(|_| world.between(0, storm)).collect();
    moments.sort_unstable();
    let mut snapshot = None;
    for moment in moments {
        tokio::time::sleep_until(begin + Duration::from_millis(moment)).await;
        strike(&world, &mut snapshot).await;
    }
    tokio::time::sleep_until(begin + size.storm).await;
    calm(&world);
    operator::put_right(&world);
}

/// Draws how the lines are in this run.
fn weather(world: &World) {
    let mut state = world.state();
    for name in PARTNERS.into_iter().chain([BACKOFFICE]) {
        let line = [0, 0, 1, 5, 20].map(|loss| (loss, state.random.between(0, loss)));
        let (loss, doubling) = *state.random.pick(&line);
        let delay_ms = *state.random.pick(&[0, 50, 500, 20_000]);
        let line = state.line(name);
        (line.loss, line.doubling, line.delay_ms) = (loss, doubling, delay_ms);
    }
}

/// Ends everything that is wrong.
fn calm(world: &World) {
    world.say(|| "the storm is over".to_owned());
    world.disk.mend();
    world.disk.limit(None);
    world.clock.set_right();
    let mut state = world.state();
    state.calm = true;
    for line in state.lines.values_mut() {
        (line.cut, line.mood) = (false, Mood::Well);
    }
}

async fn strike(world: &Arc<World>, snapshot: &mut Option<Snapshot>) {
    let dice = world.between(0, 99);
    match dice {
        0..=3 => {
            let at = world.disk.operations() + world.between(0, 6);
            world.say(|| format!("the disk goes away in the first sync from operation {at} on"));
            world.disk.fail(Fault::FailFromSync { at });
            tokio::spawn(unsynced(Arc::clone(world)));
        }
        4..=17 => {
            let at = world.disk.operations() + world.between(0, 12);
            world.say(|| format!("the power will go at operation {at}"));
            world.disk.fail(Fault::Crash { at });
        }
        18..=26 => {
            let at = world.disk.operations() + world.between(0, 4);
            world.say(|| format!("the gateway will be killed at operation {at}"));
            world.disk.fail(Fault::Die { at });
            // What the next process finds may be in the memory of the system alone.
            if world.percent(50) {
                after(world, |world| {
                    if world.state().up.is_some() {
                        gateway::kill(world, true, LedgerFate::Kept, None);
                    }
                });
            }
        }
        27..=34 => {
            let dies = *world.state().random.pick(&[LedgerFate::Kept, LedgerFate::Behind, LedgerFate::Lost]);
            let power = world.percent(50);
            if world.state().up.is_some() {
                gateway::kill(world, power, dies, snapshot.as_ref());
            }
        }
        35..=40 => gateway::stop(world).await,
        41..=50 => {
            let at = world.disk.operations() + world.between(0, 12);
            let lasts = world.percent(50);
            world.say(|| format!("operation {at} fails, and what follows: {lasts}"));
            world.disk.fail(if lasts { Fault::FailFrom { at } } else { Fault::Fail { at } });
            // What could not be written is in the memory of the system when the next process looks, and gone when the power
            // goes after that.
            if world.percent(40) {
                for power in [false, true] {
                    after(world, move |world| {
                        if world.state().up.is_some() {
                            gateway::kill(world, power, LedgerFate::Kept, None);
                        }
                    });
                }
            }
            after(world, |world| world.disk.mend());
        }
        51..=56 => {
            world.say(|| "the disk is full".to_owned());
            world.disk.limit(Some(0));
            after(world, |world| world.disk.limit(None));
        }
        57..=68 => {
            let name = *world.state().random.pick(&[PARTNERS[0], PARTNERS[1], PARTNERS[2], BACKOFFICE]);
            world.say(|| format!("the line to {name} is cut"));
            world.state().line(name).cut = true;
            after(world, move |world| world.state().line(name).cut = false);
        }
        69..=78 => {
            let name = *world.state().random.pick(&PARTNERS);
            // What the CAK is told and refuses at its door is for an operator, and would end the planning.
            let refuses = name != PARTNERS[2] && world.percent(40);
            let mood = if refuses { Mood::Refusing } else { Mood::Busy };
            world.say(|| format!("{name} is {mood:?}"));
            world.state().line(name).mood = mood;
            after(world, move |world| world.state().line(name).mood = Mood::Well);
        }
        79..=89 => {
            let most = *world.state().random.pick(&[5_u64, 600, 90_000]);
            let by = SignedDuration::from_secs(world.between(0, 2 * most) as i64 - most as i64);
            world.say(|| format!("the clock jumps by {by}"));
            world.clock.jump(by);
        }
        _ => *snapshot = Some(Snapshot::take(&world.shelves.ledger)),
    }
}

/// Waits until a sync has failed. Then the process ends, the next one finds in the memory of the system what is not on the
/// disk, and once it has gone on from there the power goes.
async fn unsynced(world: Arc<World>) {
    for _ in 0..120 {
        if world.disk.is_failing() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let kill = |power| {
        if world.state().up.is_some() {
            gateway::kill(&world, power, LedgerFate::Kept, None);
        }
    };
    kill(false);
    world.disk.mend();
    tokio::time::sleep(Duration::from_secs(world.between(1, 90))).await;
    kill(true);
}

/// Does something after a while, in the background.
fn after(world: &Arc<World>, what: impl FnOnce(&World) + Send + 'static) {
    let (world, time) = (Arc::clone(world), Duration::from_secs(world.between(1, 240)));
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        what(&world);
    });
}
