//! What operators do while things go wrong, and how they put everything right in the end.
//!
//! They hold a partner, messages, a person or the CAK, send again what failed or what was delivered, and plan at once. None
//! of that changes what must be true once all is released.

use std::sync::Arc;
use std::time::Duration;

use iwmo_toewijzing::cak::Opgave;
use iwmo_toewijzing::identity::{Bsn, Gemeente};

use super::messages::BSNS;
use super::script::Size;
use super::world::{GEMEENTEN, PARTNERS, World};
use crate::control::{
    CakChange, CakVerb, Change, OpgaveChange, OutboxChange, OutboxVerb, PartnerChange, PartnerVerb,
};
use crate::engine::{Act, ActError};
use crate::ledger::keys;
use crate::record::Wie;

/// Pause of an operator who could not do what is to be done.
const AGAIN: Duration = Duration::from_secs(20);

/// Draws what operators do in the storm.
pub(super) fn begin(world: &Arc<World>, size: &Size) {
    // Most runs need no operator.
    let most = if world.percent(60) { 0 } else { size.faults / 2 };
    for _ in 0..world.between(0, most) {
        let moment = Duration::from_millis(world.between(0, size.storm.as_millis() as u64));
        let world = Arc::clone(world);
        tokio::spawn(async move {
            tokio::time::sleep(moment).await;
            if !world.is_calm()
                && let Some(change) = odd(&world)
            {
                perform(&world, &change).await;
            }
        });
    }
}

/// Draws one thing that an operator does.
fn odd(world: &World) -> Option<Change> {
    let partner = PARTNERS[world.between(0, 2) as usize].to_owned();
    let gemeente = GEMEENTEN[world.between(0, 1) as usize];
    Some(match world.between(0, 6) {
        0 => Change::Partner(PartnerChange { verb: PartnerVerb::Vasthouden, partner, achter: Vec::new() }),
        1 => messages(OutboxVerb::Vasthouden, Some(partner)),
        2 => messages(OutboxVerb::Opnieuw, None),
        3 => Change::Cak(CakChange { verb: CakVerb::Stilleggen, gemeente: gemeente.to_owned() }),
        4 => {
            let entries = world.journal().map_or(0, |journal| journal.entries());
            let change = OutboxChange {
                berichten: vec![format!("{gemeente}:{}", world.between(1, entries.max(1)))],
                ..filter(OutboxVerb::Herhalen, None)
            };
            Change::Uitgaand(change)
        }
        dice => {
            let person = BSNS[world.between(0, 2) as usize];
            let opgave = if dice == 5 { Opgave::Vasthouden {} } else { Opgave::Herplannen {} };
            return stated(world, gemeente, person, opgave);
        }
    })
}

fn filter(verb: OutboxVerb, partner: Option<String>) -> OutboxChange {
    OutboxChange { verb, berichten: Vec::new(), gemeenten: None, partner, bericht: None, stand: None }
}

fn messages(verb: OutboxVerb, partner: Option<String>) -> Change {
    Change::Uitgaand(filter(verb, partner))
}

/// A statement about a person who is known.
fn stated(world: &World, gemeente: &str, bsn: &str, opgave: Opgave) -> Option<Change> {
    let (code, bsn) = (Gemeente::new(gemeente).expect("a gemeente"), Bsn::new(bsn).expect("a BSN"));
    world.shelves.ledger.get(&keys::persoon(code, &bsn)).expect("a store")?;
    Some(Change::Opgave(Box::new(OpgaveChange { gemeente: gemeente.to_owned(), bsn, opgave })))
}

/// Does what is to be done; false when the gateway could not be asked.
pub(super) async fn perform(world: &Arc<World>, change: &Change) -> bool {
    let Some((engine, work)) = world.engine() else { return false };
    // What is refused cannot be done as things are.
    let Ok(plan) = change.plan(engine.ledger(), &engine.settings()) else { return true };
    for (chain, wat) in plan.acts {
        let reden = "simulation".to_owned();
        let act = Act { chain, wie: Wie::Gateway, wat, reden, gekozen: false, sleutel: None };
        work.notify_one();
        match engine.act(act).await {
            Ok(acted) if acted.entry.is_some() => {
                world.say(|| format!("an operator: {change:?}"));
                let mut state = world.state();
                state.counts.acts += 1;
                state.acted.extend(acted.entry);
            }
            Err(ActError::Unavailable(_)) => return false,
            _ => {}
        }
    }
    true
}

/// Releases everything that is held and sends again what was given up, until that is done.
pub(super) fn put_right(world: &Arc<World>) {
    world.state().busy += 1;
    let world = Arc::clone(world);
    tokio::spawn(async move {
        // What was under way when the storm ended may still fail.
        tokio::time::sleep(AGAIN).await;
        while !release_all(&world).await {
            tokio::time::sleep(AGAIN).await;
        }
        world.state().busy -= 1;
    });
}

async fn release_all(world: &Arc<World>) -> bool {
    let mut changes: Vec<Change> = PARTNERS
        .map(|partner| {
            let partner = partner.to_owned();
            Change::Partner(PartnerChange { verb: PartnerVerb::Vrijgeven, partner, achter: Vec::new() })
        })
        .into();
    changes.extend([OutboxVerb::Vrijgeven, OutboxVerb::Opnieuw].map(|verb| messages(verb, None)));
    for gemeente in GEMEENTEN {
        changes.push(Change::Cak(CakChange { verb: CakVerb::Hervatten, gemeente: gemeente.to_owned() }));
        changes.extend(BSNS.iter().filter_map(|bsn| stated(world, gemeente, bsn, Opgave::Vrijgeven {})));
    }
    for change in &changes {
        if !perform(world, change).await {
            return false;
        }
    }
    true
}
