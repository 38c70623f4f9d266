//! What becomes of a message on its way, in both directions.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::gateway;
use super::peers;
use super::world::{PARTNERS, World, digest, short};
use crate::config::Partner;
use crate::engine::{Receipt, Refusal};
use crate::outbox::{Attempt, Parcel, Route};

/// After this long a caller gives up.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How the line between the gateway and a partner is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    /// Nothing gets through.
    pub(super) cut: bool,
    /// How many messages or answers in a hundred are lost.
    pub(super) loss: u64,
    /// How many messages in a hundred arrive twice.
    pub(super) doubling: u64,
    /// The longest delay, in milliseconds.
    pub(super) delay_ms: u64,
    pub(super) mood: Mood,
}

/// How a partner answers what it gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    #[default]
    Well,
    /// It answers 503 and keeps nothing.
    Busy,
    /// It now and then answers 422 and keeps what it got all the same.
    Refusing,
}

/// What happens to one message.
struct Journey {
    there: Duration,
    back: Duration,
    lost: bool,
    answer_lost: bool,
    twice: Option<Duration>,
}

fn journey(world: &World, name: &'static str) -> Journey {
    let mut state = world.state();
    let calm = state.calm;
    let line = *state.line(name);
    let random = &mut state.random;
    let mut delay = || Duration::from_millis(if calm { 5 } else { random.between(1, 20 + line.delay_ms) });
    let (there, back, copy) = (delay(), delay(), delay());
    let mut of = |percent| !calm && random.percent(percent);
    let (lost, answer_lost) = (of(line.loss) || line.cut, of(line.loss));
    Journey { there, back, lost, answer_lost, twice: of(line.doubling).then_some(copy) }
}

fn is_cut(world: &World, name: &'static str) -> bool {
    world.state().line(name).cut
}

/// What a partner hears when it sends something.
#[derive(Debug)]
pub(super) enum Answer {
    Taken(Receipt),
    Refused(Refusal),
    /// 503, or nothing at all.
    Again,
}

/// Sends a message to the gateway, once.
pub(super) async fn call(world: &Arc<World>, from: &'static str, bytes: &Bytes) -> Answer {
    let journey = journey(world, from);
    tokio::time::sleep(journey.there).await;
    if journey.lost || is_cut(world, from) {
        tokio::time::sleep(TIMEOUT).await;
        return Answer::Again;
    }
    if let Some(later) = journey.twice {
        let (world, bytes) = (Arc::clone(world), bytes.clone());
        tokio::spawn(async move {
            tokio::time::sleep(later).await;
            drop(gateway::receive(&world, from, bytes));
        });
    }
    let Some(answer) = gateway::receive(world, from, bytes.clone()) else {
        // The connection is refused.
        return Answer::Again;
    };
    let answer = match tokio::time::timeout(TIMEOUT, answer).await {
        Ok(Ok(answer)) => answer,
        // It died, or was too slow.
        Ok(Err(_)) | Err(_) => return Answer::Again,
    };
    tokio::time::sleep(journey.back).await;
    if journey.answer_lost || is_cut(world, from) {
        return Answer::Again;
    }
    match answer {
        Ok(receipt) => Answer::Taken(receipt),
        Err(Refusal::Unavailable { .. }) => {
            world.state().counts.unavailable += 1;
            Answer::Again
        }
        Err(refusal) => Answer::Refused(refusal),
    }
}

/// The lines to the partners, as the outbox uses them.
pub(super) struct Lines(pub(super) Arc<World>);

impl Route for Lines {
    async fn deliver(&self, parcel: &Parcel, partner: &Partner) -> Attempt {
        let world = &self.0;
        let retry = |reason: &str, after| Attempt::Retry { reason: reason.to_owned(), after };
        let Some(name) = PARTNERS.into_iter().find(|name| *name == partner.id.0) else {
            return Attempt::Refused { reason: "there is no such partner".to_owned() };
        };
        let journey = journey(world, name);
        tokio::time::sleep(journey.there).await;
        if journey.lost || is_cut(world, name) {
            tokio::time::sleep(TIMEOUT).await;
            return retry("no answer", None);
        }
        let mood = world.state().line(name).mood;
        let calm = world.is_calm();
        if mood == Mood::Busy && !calm {
            let after = world.percent(50).then(|| Duration::from_secs(world.between(1, 60)));
            return retry("the partner answered 503", after);
        }
        world.say(|| {
            format!("{name} gets {} {} {}", parcel.id, parcel.message, short(&digest(&parcel.bytes)))
        });
        peers::take(world, name, &parcel.bytes);
        if let Some(later) = journey.twice {
            let (world, bytes) = (Arc::clone(world), parcel.bytes.clone());
            tokio::spawn(async move {
                tokio::time::sleep(later).await;
                peers::take(&world, name, &bytes);
            });
        }
        tokio::time::sleep(journey.back).await;
        if journey.answer_lost || is_cut(world, name) {
            return retry("no answer", None);
        }
        if mood == Mood::Refusing && !calm && world.percent(20) {
            return Attempt::Refused { reason: "the partner answered 422".to_owned() };
        }
        Attempt::Delivered { receipt: Some("gotten".to_owned()) }
    }
}
