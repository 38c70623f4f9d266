//! Requests, the answers on them, and declarations: what the aanbieder asks, and what the gemeente makes of it.

use std::sync::Arc;

use bytes::Bytes;
use jiff::ToSpan;

use super::messages::{self, Name, Toewijzing};
use super::peers::{deliver, send};
use super::script::{pause, today};
use super::world::{BACKOFFICE, World};

/// The aanbieder asks for a toewijzing (315); the gemeente looks into it, refuses it, or grants it (301). Returns whether it
/// is there to be delivered.
pub(super) async fn granted(world: &Arc<World>, toewijzing: &Toewijzing, aanbieder: &'static str) -> bool {
    let referentie = format!("R{}", toewijzing.nummer);
    let asks = named(world, aanbieder, |name| messages::request(name, toewijzing, &referentie));
    deliver(world, aanbieder, asks).await;
    pause(world, 60).await;
    if world.percent(40) {
        let looks = named(world, BACKOFFICE, |name| messages::reply(name, toewijzing, &referentie, false));
        deliver(world, BACKOFFICE, looks).await;
        pause(world, 60).await;
    }
    if world.percent(30) {
        let refuses = named(world, BACKOFFICE, |name| messages::reply(name, toewijzing, &referentie, true));
        deliver(world, BACKOFFICE, refuses).await;
        return false;
    }
    let grants = named(world, BACKOFFICE, |name| messages::grant(name, toewijzing, &referentie));
    deliver(world, BACKOFFICE, grants).await
}

/// The aanbieder asks for a change (317), which the gemeente refuses.
pub(super) async fn changed(world: &Arc<World>, toewijzing: &Toewijzing, aanbieder: &'static str) {
    let number = world.between(0, 9_999);
    let referentie = format!("W{}-{number}", toewijzing.nummer);
    let from = today(world).saturating_add(5.days());
    let asks = named(world, aanbieder, |name| messages::change(name, toewijzing, from, &referentie));
    deliver(world, aanbieder, asks).await;
    pause(world, 60).await;
    let refuses = named(world, BACKOFFICE, |name| messages::reply(name, toewijzing, &referentie, true));
    deliver(world, BACKOFFICE, refuses).await;
}

/// The aanbieder declares a month (323), and the gemeente settles it (325), now and then twice.
pub(super) async fn declared(world: &Arc<World>, toewijzing: &Toewijzing, aanbieder: &'static str) {
    let day = today(world).first_of_month().yesterday().unwrap_or(toewijzing.ingangsdatum);
    let mut declaration = None;
    let bytes = named(world, aanbieder, |name| {
        let referentie = format!("P{}", name.identificatie);
        let message = messages::declaration(name, toewijzing, day, &referentie);
        Bytes::from(declaration.insert(message).encode())
    });
    deliver(world, aanbieder, bytes).await;
    let Some(declaration) = declaration else { return };
    pause(world, 60).await;
    for _ in 0..world.between(1, 2) {
        let settles = named(world, BACKOFFICE, |name| messages::settled(name, toewijzing, &declaration));
        send(world, BACKOFFICE, settles);
    }
}

/// Writes a message under a name of its sender that was not used.
fn named(world: &World, from: &'static str, write: impl FnOnce(Name<'_>) -> Bytes) -> Bytes {
    let identificatie = world.state().identificatie(from);
    write(Name { identificatie: &identificatie, dagtekening: today(world) })
}
