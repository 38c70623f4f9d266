//! What the gemeente and the aanbieders set out to do, and the odd things that they do besides.

use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;

use super::asked;
use super::messages::{self, Name, Toewijzing};
use super::peers::{deliver, send};
use super::removal;
use super::stated;
use super::world::{AGBS, BACKOFFICE, GEMEENTEN, World};
use crate::clock::dutch_date;

/// How large a run is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// The most toewijzingen.
    pub(super) toewijzingen: u64,
    /// The most things that an aanbieder says about one of them.
    pub(super) steps: u64,
    /// The most faults.
    pub(super) faults: u64,
    /// How long faults may begin.
    pub(super) storm: Duration,
}

/// The number of the first toewijzing.
pub(super) const FIRST_NUMMER: u32 = 100_000;

/// Who asks that everything about them is removed.
const LEAVER: usize = 3;

/// A delivery as its aanbieder believes it to be.
#[derive(Clone, Copy, Debug, Default)]
struct Belief {
    begin: Option<Date>,
    end: Option<Date>,
}

/// Draws the toewijzingen of a run and lets them happen.
pub(super) fn begin(world: &Arc<World>, size: &Size) {
    let count = world.between(1, size.toewijzingen);
    for number in 0..count {
        let (_, agb) = *world.state().random.pick(&AGBS);
        let gemeente = *world.state().random.pick(&GEMEENTEN);
        let toewijzing = Toewijzing {
            gemeente,
            agb,
            person: world.between(0, 2) as usize,
            nummer: FIRST_NUMMER + number as u32,
            ingangsdatum: today(world).saturating_sub((world.between(60, 200) as i64).days()),
        };
        world.state().busy += 1;
        let (world, steps) = (Arc::clone(world), size.steps);
        tokio::spawn(async move {
            live(&world, &toewijzing, steps).await;
            world.state().busy -= 1;
        });
    }
    if world.percent(20) {
        leave(world, size.steps);
    }
    if world.percent(10) {
        stated::take_over(world, size.steps);
    }
}

/// Somebody whom nobody else is like: everything about them is removed once their aanbieder has said all it has to say.
fn leave(world: &Arc<World>, steps: u64) {
    let ((aanbieder, agb), gemeente) = {
        let mut state = world.state();
        (*state.random.pick(&AGBS), *state.random.pick(&GEMEENTEN))
    };
    let ingangsdatum = today(world).saturating_sub((world.between(60, 200) as i64).days());
    let toewijzing = Toewijzing { gemeente, agb, person: LEAVER, nummer: 900_000, ingangsdatum };
    world.state().busy += 1;
    let world = Arc::clone(world);
    tokio::spawn(async move {
        pause(&world, 60).await;
        let identificatie = world.state().identificatie(BACKOFFICE);
        let name = Name { identificatie: &identificatie, dagtekening: today(&world) };
        deliver(&world, BACKOFFICE, messages::order(name, &toewijzing)).await;
        let mut belief = Belief::default();
        for _ in 0..world.between(0, steps) {
            pause(&world, 90).await;
            step(&world, &toewijzing, aanbieder, &mut belief).await;
        }
        pause(&world, 120).await;
        removal::remove(&world, gemeente, LEAVER).await;
        world.state().busy -= 1;
    });
}

pub(super) fn today(world: &World) -> Date {
    dutch_date(world.clock.right())
}

pub(super) async fn pause(world: &World, most: u64) {
    let pause = Duration::from_secs(world.between(0, most));
    tokio::time::sleep(pause).await;
}

/// The life of one toewijzing.
pub(super) async fn live(world: &Arc<World>, toewijzing: &Toewijzing, steps: u64) {
    let aanbieder = AGBS.iter().find(|(_, agb)| *agb == toewijzing.agb).map_or("hvb", |(name, _)| *name);
    pause(world, 120).await;
    if world.percent(25) {
        if !asked::granted(world, toewijzing, aanbieder).await {
            return;
        }
    } else {
        let identificatie = world.state().identificatie(BACKOFFICE);
        let name = Name { identificatie: &identificatie, dagtekening: today(world) };
        send(world, BACKOFFICE, messages::order(name, toewijzing));
    }
    // Some do not wait for the order.
    if !world.percent(15) {
        for _ in 0..40 {
            if world.state().partner(aanbieder).ordered.contains(&toewijzing.nummer) {
                break;
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    }
    let mut belief = Belief::default();
    for _ in 0..world.between(1, steps) {
        pause(world, 150).await;
        match world.between(0, 99) {
            0..=7 => asked::changed(world, toewijzing, aanbieder).await,
            8..=15 => asked::declared(world, toewijzing, aanbieder).await,
            _ => step(world, toewijzing, aanbieder, &mut belief).await,
        }
    }
}

/// One thing that an aanbieder says.
async fn step(world: &Arc<World>, toewijzing: &Toewijzing, aanbieder: &'static str, belief: &mut Belief) {
    let identificatie = world.state().identificatie(aanbieder);
    let name = Name { identificatie: &identificatie, dagtekening: today(world) };
    let ago = |world: &World, most| today(world).saturating_sub((world.between(0, most) as i64).days());
    let dice = world.between(0, 99);
    let bytes = match (belief.begin, belief.end, dice) {
        // A message that is not valid, once with the name of one that is.
        (_, _, 0..=3) => {
            let valid = messages::start(name, toewijzing, ago(world, 20), false);
            deliver(world, aanbieder, messages::invalid(&valid)).await;
            return;
        }
        // A stop of what never began, or a deletion of nothing.
        (None, _, 4..=11) => messages::stop(name, toewijzing, ago(world, 30), today(world), false),
        (None, _, 12..=15) => messages::start(name, toewijzing, ago(world, 30), true),
        (None, _, _) => {
            let begin = ago(world, 55);
            (belief.begin, belief.end) = (Some(begin), None);
            messages::start(name, toewijzing, begin, false)
        }
        // The same start once more under another name.
        (Some(begin), _, 4..=9) => messages::start(name, toewijzing, begin, false),
        (Some(begin), None, 10..=29) => {
            let right = ago(world, 55);
            belief.begin = Some(right);
            messages::other_start(name, toewijzing, begin, right)
        }
        (Some(begin), None, 30..=39) => {
            belief.begin = None;
            messages::start(name, toewijzing, begin, true)
        }
        (Some(begin), None, _) => {
            let end = ago(world, 20).max(begin);
            belief.end = Some(end);
            messages::stop(name, toewijzing, begin, end, false)
        }
        (Some(begin), Some(end), 10..=49) => {
            belief.end = None;
            messages::stop(name, toewijzing, begin, end, true)
        }
        (Some(_), Some(end), _) => {
            let begin = end.saturating_add((world.between(1, 40) as i64).days()).min(today(world));
            (belief.begin, belief.end) = (Some(begin), None);
            messages::start(name, toewijzing, begin, false)
        }
    };
    // Some say the next thing before they heard of this one; nothing is said of who is about to leave.
    let leaves = toewijzing.person == LEAVER;
    if !leaves && world.percent(25) {
        send(world, aanbieder, bytes);
    } else {
        deliver(world, aanbieder, bytes).await;
    }
    // A name used twice for different things.
    if !leaves && world.percent(4) {
        send(world, aanbieder, messages::start(name, toewijzing, ago(world, 40), false));
    }
}
