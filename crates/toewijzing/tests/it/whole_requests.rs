//! Requests beside toewijzingen against the slow model: every 317 on every toewijzing, and every short history of 315, 317,
//! 319, the 301s that grant, and the retours.

use std::collections::HashSet;

use crate::reference::{BASE, Changed, Kind, Message, Version, Wish, World};
use crate::whole::{Machine, NAMEN, compare};

/// How many messages the exhaustive histories have.
const DEPTH: usize = 6;

/// A 317 that leaves number 100 as it is.
const KEEP: Wish = Wish { unchanged: true, stranger: false, changed: None, new: None };

/// Every 317 that differs in something that a rule asks about: what becomes of number 100, and what is new.
pub(crate) fn wishes() -> Vec<Wish> {
    let mut kept: Vec<(bool, Option<Changed>)> = vec![(false, None), (true, None)];
    // The day itself, the day after, the Ingangsdatum, and another in the past.
    for from in [290, 291, 0, 31] {
        for end in [None, Some(340), Some(291)] {
            for volume in [None, Some(80), Some(81)] {
                for budget in [None, Some(1)] {
                    kept.push((false, Some(Changed { from, end, volume, budget })));
                }
            }
        }
    }
    let mut new: Vec<Option<(&str, i32)>> = vec![None];
    for text in ["01/01A11", "01/01A12", "01", "02", "", "12/12X01"] {
        new.extend([300, 301, 341].map(|from| Some((text, from))));
    }
    let mut all = Vec::new();
    for (unchanged, changed) in kept {
        for stranger in [false, true] {
            all.extend(new.iter().map(|new| Wish { unchanged, stranger, changed, new: *new }));
        }
    }
    all
}

/// TR304, TR347, TR349 to TR351, TR357, TR361, TR373 to TR375, TR411 and TR412 on every kind of toewijzing: one that runs,
/// ends, has ended, was deleted, was refused, was never sent; and with a request that waits or was answered.
#[test]
fn every_change_that_is_asked_for() {
    let mut judged = 0;
    let mut refused = HashSet::new();
    for kind in [Kind::Code, Kind::Categorie, Kind::Generic] {
        let ends = [Some(300), None, Some(290), Some(289)];
        let versions = ends.into_iter().map(|end| Version { end, ..BASE });
        let versions = versions.chain([
            Version { budget: Some(1), ..BASE },
            Version { begin: 1, ..BASE },
            Version { reden: Some("13"), ..BASE },
        ]);
        let mut places = vec![(Machine::new(), World { kind, ..World::default() })];
        for version in versions {
            let world = World { kind, ..World::default() };
            let (machine, world) = compare(&Machine::new(), &world, &Message::Assign(version));
            for approve in [true, false] {
                places.push(compare(&machine, &world, &Message::Answer { of: 0, approve }));
            }
        }
        for (machine, world) in places {
            for wish in wishes() {
                let (_, after) = compare(&machine, &world, &Message::Change("A", wish));
                refused.insert(after.requests.is_empty());
                judged += 1;
            }
            let (machine, world) = compare(&machine, &world, &Message::Ask(vec!["A"]));
            for naam in ["A", "B"] {
                compare(&machine, &world, &Message::Change(naam, KEEP));
            }
            let (machine, world) = compare(&machine, &world, &Message::Reply { naam: "A", refuse: true });
            for naam in ["A", "B"] {
                compare(&machine, &world, &Message::Change(naam, KEEP));
            }
        }
    }
    assert!(judged > 50_000 && refused.len() == 2, "{judged} {refused:?}");
}

/// The messages that may follow on a world: each kind of request and answer, the 301s that grant one or none, and every
/// retour that something waits for.
fn alphabet(world: &World) -> Vec<Message> {
    let known = world.effective().map_or(BASE, |index| world.sent[index].0);
    let last = world.sent.iter().map(|(version, _)| version.day).max().unwrap_or(BASE.day - 1);
    let later = Version { reden: None, day: last + 1, grants: None, ..known };
    let changed = Changed { from: 300, end: Some(340), volume: Some(known.volume), budget: known.budget };
    let mut letters: Vec<Message> = [
        later,
        Version { grants: Some("A"), ..later },
        Version { grants: Some("B"), ..later },
        // The same version again, with the reference it had and with another.
        known,
        Version { grants: Some("A"), ..known },
        Version { end: Some(280), reden: Some("02"), ..later },
        Version { reden: Some("13"), ..later },
        Version { begin: 1 - known.begin, grants: Some("A"), ..later },
    ]
    .map(Message::Assign)
    .into();
    letters.extend([
        Message::Ask(vec!["A"]),
        Message::Ask(vec!["B", "C"]),
        Message::Change("A", KEEP),
        Message::Change("B", Wish { unchanged: false, changed: Some(changed), ..KEEP }),
        Message::Change("B", Wish { unchanged: false, new: Some(("02", 300)), ..KEEP }),
    ]);
    for naam in ["A", "B"] {
        letters.extend([true, false].map(|refuse| Message::Reply { naam, refuse }));
    }
    for approve in [true, false] {
        letters.extend(world.open_301s().into_iter().map(|of| Message::Answer { of, approve }));
        letters.extend(world.open_319s().into_iter().map(|of| Message::ReplyAnswer { of, approve }));
    }
    letters.push(Message::ReplyAnswer { of: world.replied, approve: false });
    letters
}

#[test]
fn every_short_history_of_requests() {
    let depth = std::env::var("IWMO_MODEL_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(DEPTH);
    let mut judged = 0_u64;
    let mut states = HashSet::new();
    let mut seen = HashSet::new();
    let mut front = vec![(Machine::new(), World::default())];
    for length in 1..=depth {
        let mut next = Vec::new();
        for (machine, world) in &front {
            for message in alphabet(world) {
                let (machine, after) = compare(machine, world, &message);
                judged += 1;
                if length < depth && after.place() != world.place() && seen.insert(after.place()) {
                    states.extend(NAMEN.map(|naam| after.request_status(naam)));
                    next.push((machine, after));
                }
            }
        }
        front = next;
    }
    println!("{judged} messages, {} places, {depth} deep", seen.len());
    assert!(depth < DEPTH || judged > 200_000, "only {judged} messages");
    assert_eq!(states.len(), 4, "{states:?}");
}
