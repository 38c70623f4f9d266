//! Somebody asks that everything about them is removed, and what must hold then: what was recorded of them before can be
//! read nowhere.

use std::sync::Arc;
use std::time::Duration;

use iwmo_toewijzing::identity::{Bsn, Gemeente};
use memchr::memmem;

use super::messages::{BSN_BEGIN, BSNS};
use super::world::World;
use crate::clock::Clock;
use crate::engine::{ActError, Erase, ErasePersons};
use crate::journal::{Position, Reader};
use crate::ledger::keys;
use crate::record::{Record, Verwijderverzoek, VerzoekStap, Wie};
use crate::removal::{Hindernis, held};

/// What an operator may remove in spite of.
const ALL: [Hindernis; 4] = [Hindernis::Lopend, Hindernis::Cak, Hindernis::Uitgaand, Hindernis::Wachtend];

const AGAIN: Duration = Duration::from_secs(15);

/// Removes a person, however often it takes.
pub(super) async fn remove(world: &Arc<World>, gemeente: &'static str, person: usize) {
    world.state().removed = Some((gemeente.to_owned(), BSNS[person].to_owned()));
    let (code, bsn) = (Gemeente::new(gemeente).expect("a gemeente"), Bsn::new(BSNS[person]).expect("a BSN"));
    while !is_removed(world, code, &bsn).await {
        tokio::time::sleep(AGAIN).await;
    }
}

/// Does what is left to do; true when nothing is.
async fn is_removed(world: &Arc<World>, gemeente: Gemeente, bsn: &Bsn) -> bool {
    let Some((engine, work)) = world.engine() else { return false };
    let (chain, today) = (keys::chain(gemeente), world.clock.today());
    let held = match held(engine.ledger(), engine.journal(), gemeente, bsn, today, engine.term_years()) {
        Ok(Some(held)) => held,
        // Removed, or never known.
        Ok(None) => return true,
        Err(_) => return false,
    };
    if held.gehouden.hindernissen.contains(&Hindernis::Termijn) {
        let stap = VerzoekStap::Ontvangen { sleutel: held.sleutel.into(), ontvangen: today.to_string() };
        let record = Verwijderverzoek { wie: Wie::Gateway, reden: "simulation".to_owned(), stap };
        work.notify_one();
        if engine.request_removal(chain, record).await.is_err() {
            return false;
        }
    }
    let erase = Erase {
        persons: vec![ErasePersons { chain, personen: vec![*bsn] }],
        wie: Wie::Gateway,
        reden: "simulation".to_owned(),
        ondanks: ALL.to_vec(),
        today,
    };
    work.notify_one();
    match engine.erase_here(erase).await {
        Ok(_) => {
            world.say(|| "a person is removed".to_owned());
            true
        }
        Err(ActError::NoKeys) => {
            world.violated("a removal finds no keys".to_owned());
            true
        }
        Err(error) => {
            world.say(|| format!("a removal does not succeed: {error}"));
            false
        }
    }
}

/// Nobody stands in clear on the disk; and of who was removed nothing is left in the entries of before, nor in the rows,
/// unless they came to be known again.
pub(super) fn removed(world: &World, journal: &Reader) {
    // All of them begin like this, and nothing else does.
    if world.disk.holds(BSN_BEGIN.as_bytes()) {
        world.violated("somebody stands in clear on the disk".to_owned());
    }
    let Some((gemeente, bsn)) = world.state().removed.clone() else { return };
    let names = |bytes: &[u8]| memmem::find(bytes, bsn.as_bytes()).is_some();
    let (mut before, mut after, mut was_removed) = (0, 0, false);
    for entry in journal.read_all(Position::START).filter_map(Result::ok) {
        if entry.id.chain.to_string() != gemeente {
            continue;
        }
        if let Ok(Record::Verwijdering(_)) = Record::decode(entry.kind, entry.version, &entry.payload) {
            was_removed = true;
            world.state().counts.removed += 1;
            (before, after) = (before + after, 0);
        } else if names(&entry.payload) {
            after += 1;
        }
    }
    if !was_removed {
        return;
    }
    if before > 0 {
        world.violated(format!("{before} entries still name a person who was removed"));
    }
    // Another gemeente never knew them.
    let rows = world.shelves.ledger.scan(b"").filter_map(Result::ok);
    let named = rows.filter(|(key, value)| names(key) || names(value)).count();
    if after == 0 && named > 0 {
        world.violated(format!("{named} rows still name a person who was removed"));
    }
}
