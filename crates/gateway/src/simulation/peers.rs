//! What partners do with what they get, and how they get rid of what they have to say.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use iwmo_codec::messages::Message;
use iwmo_codec::retour::Uitspraak;
use iwmo_codec::value::RetourCode;

use super::messages::{self, Name};
use super::network::{self, Answer};
use super::world::{World, digest, short};
use crate::clock::dutch_date;

/// Longest wait of a sender between two attempts.
const AGAIN_MAX: Duration = Duration::from_secs(45);

/// Sends a message until it is answered, in the background.
pub(super) fn send(world: &Arc<World>, from: &'static str, bytes: Bytes) {
    world.state().busy += 1;
    let world = Arc::clone(world);
    tokio::spawn(async move {
        deliver(&world, from, bytes).await;
        world.state().busy -= 1;
    });
}

/// Sends a message until it is answered; true when it was taken. Some send it once more, to be sure.
pub(super) async fn deliver(world: &Arc<World>, from: &'static str, bytes: Bytes) -> bool {
    let mut wait = Duration::from_secs(1);
    let mut taken = None;
    world.say(|| format!("{from} sends {}", short(&digest(&bytes))));
    loop {
        match network::call(world, from, &bytes).await {
            Answer::Taken(receipt) => {
                let again = taken.is_none() && !world.is_calm() && world.percent(5);
                taken = Some(receipt);
                if !again {
                    return true;
                }
            }
            Answer::Refused(refusal) => {
                world.say(|| format!("{from} is refused: {refusal}"));
                if taken.is_some() {
                    world.violated(format!("a copy of what was taken is refused: {refusal}"));
                }
                world.state().counts.refused += 1;
                return false;
            }
            Answer::Again => {}
        }
        let part = world.between(500, 1_000) as f64 / 1_000.0;
        tokio::time::sleep(wait.mul_f64(part)).await;
        wait = (wait * 2).min(AGAIN_MAX);
    }
}

/// A message of the gateway has come to a partner.
pub(super) fn take(world: &Arc<World>, name: &'static str, bytes: &Bytes) {
    let sha256 = digest(bytes);
    let first = {
        let mut state = world.state();
        state.counts.deliveries += 1;
        let partner = state.partner(name);
        let first = partner.seen.insert(sha256);
        if first {
            partner.received.push(bytes.clone());
        }
        state.counts.again += u64::from(!first);
        first
    };
    // What comes again gets the same answer, sometimes once more.
    if !first {
        let known = world.state().partner(name).answers.get(&sha256).cloned();
        if let Some(answer) = known.filter(|_| !world.is_calm() && world.percent(30)) {
            send(world, name, answer);
        }
        return;
    }
    let message = match world.shelves.schemas.decode(bytes) {
        Ok(message) => message,
        Err(report) => {
            let faults = report.diagnostics.len();
            return world.violated(format!("{name} got a message with {faults} faults"));
        }
    };
    let kind = message.kind().name();
    match &message {
        Message::Wmo301(m) => {
            let numbers = m.client.toegewezen_producten.iter().map(|p| p.toewijzing_nummer.value() as u32);
            world.state().partner(name).ordered.extend(numbers);
            answer(world, name, &message, sha256);
        }
        Message::Wmo319(_) | Message::Wmo401(_) | Message::Wmo403(_) => answer(world, name, &message, sha256),
        Message::Wmo306(_) | Message::Wmo308(_) | Message::Wmo316(_) | Message::Wmo318(_) => {}
        Message::Wmo325(_) => {}
        _ => world.violated(format!("{name} got a {kind}")),
    }
}

/// Answers a message with its retour, after a while.
fn answer(world: &Arc<World>, name: &'static str, message: &Message, sha256: [u8; 32]) {
    let uitspraak = match message {
        Message::Wmo301(_) | Message::Wmo319(_) if world.percent(8) && !world.is_calm() => {
            Uitspraak::Header(vec![RetourCode::TECHNISCH])
        }
        Message::Wmo301(_) | Message::Wmo319(_) => Uitspraak::Goedgekeurd,
        _ => judge(world, message),
    };
    let bytes = {
        let mut state = world.state();
        let identificatie = state.identificatie(name);
        let dagtekening = dutch_date(world.clock.right());
        let name_of = Name { identificatie: &identificatie, dagtekening };
        let bytes = messages::answer(message, name_of, uitspraak);
        state.partner(name).answers.insert(sha256, bytes.clone());
        state.busy += 1;
        bytes
    };
    let world = Arc::clone(world);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(world.between(1, 40_000))).await;
        deliver(&world, name, bytes).await;
        world.state().busy -= 1;
    });
}

fn judge(world: &World, message: &Message) -> Uitspraak {
    // Now and then the CAK refuses for a reason of its own; the same message under another name is then as good.
    if world.percent(5) && !world.is_calm() && world.state().cak.may_grumble(message) {
        return refusal("8848");
    }
    let code = world.state().cak.judge(message);
    match code {
        None => Uitspraak::Goedgekeurd,
        Some(code) => {
            world.violated(format!("the CAK refuses a {} with {code}", message.kind().name()));
            refusal(code)
        }
    }
}

fn refusal(code: &str) -> Uitspraak {
    let code: RetourCode = code.parse().expect("a code");
    Uitspraak::Klassen(vec![vec![code]])
}
