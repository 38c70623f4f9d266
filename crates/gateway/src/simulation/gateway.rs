//! The gateway in a run: what the daemon puts together, on a disk, a clock and lines that are not real.

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use iwmo_codec::Schemas;
use iwmo_toewijzing::deadline::Afspraak;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use iwmo_toewijzing::judge::Beleid;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;

use super::network::Lines;
use super::prices;
use super::world::{AGBS, BACKOFFICE, GEMEENTEN, PARTNERS, World, digest, short};
use crate::clock::Clock;
use crate::config;
use crate::engine::stepped::{Stepped, Turn};
use crate::engine::{
    Engine, GemeenteSettings, Inbound, Intake, Outcome, Outgoing, OutgoingId, PartnerId, PartnerKind,
    PartnerSettings, Receipt, Refusal, Route, Settings, Standing, Unavailable, Waiting,
};
use crate::journal::{FileJournal, Options, Reader, SEGMENT_BYTES_MIN, Tip};
use crate::ledger::{self, Applier};
use crate::listener::Stopper;
use crate::outbox::Outbox;
use crate::outbox::tests::{pace, partner};
use crate::store::{Ledger, Overlay};
use crate::vault::Vault;

/// How often the daemon looks whether something is due; a second in the real one.
const DUE_CHECK: Duration = Duration::from_secs(20);
/// How long a failed daily run waits.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How long a stop waits for deliveries.
const DRAIN: Duration = Duration::from_secs(5);
/// Longest pause before the gateway is tried again after it did not start.
const START_AGAIN: Duration = Duration::from_secs(5);

pub(super) fn folder() -> &'static Path {
    Path::new("/data/journal")
}

/// The two stores of a thread: making one takes longer than a run.
#[derive(Clone)]
pub(super) struct Shelves {
    /// The gateway's.
    pub(super) ledger: Arc<Ledger>,
    /// For what the journal alone gives.
    pub(super) other: Arc<Ledger>,
    pub(super) schemas: Schemas,
}

impl Shelves {
    /// In memory: what a crash does to the store is not what a run is about.
    pub(super) fn in_memory() -> Self {
        let store = || Arc::new(Ledger::in_memory(ledger::FORMAT));
        Self { ledger: store(), other: store(), schemas: Schemas::bundled() }
    }

    /// The store of the product.
    pub(super) fn real() -> Self {
        let store = || Arc::new(Ledger::temporary(ledger::FORMAT, 0).expect("a store"));
        Self { ledger: store(), other: store(), schemas: Schemas::bundled() }
    }
}

/// The rows of a ledger at some moment.
pub(super) struct Snapshot {
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    tips: Vec<Tip>,
}

impl Snapshot {
    pub(super) fn take(ledger: &Ledger) -> Self {
        let pairs = ledger.scan(b"").map(|pair| pair.expect("a row"));
        let pairs = pairs.map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
        Self { pairs, tips: ledger.tips().into_values().collect() }
    }

    fn restore(&self, ledger: &Ledger) {
        ledger.clear().expect("a store");
        let mut overlay = Overlay::new(ledger);
        for (key, value) in &self.pairs {
            overlay.put(key.clone(), value.clone());
        }
        ledger.commit(overlay.into_writes(), &self.tips).expect("a store");
    }
}

/// A gateway that runs. Dropping it is what `kill -9` does.
pub(super) struct Up {
    engine: Engine,
    /// Something waits for the engine's loop.
    work: Arc<Notify>,
    tasks: JoinSet<()>,
    stopper: Stopper,
    _partners: watch::Sender<Arc<Vec<config::Partner>>>,
}

/// What becomes of the ledger when the gateway dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LedgerFate {
    Kept,
    /// It is as it was at an earlier moment.
    Behind,
    Lost,
}

/// Days after which a start that did not come is told of (D26).
pub(super) const NO_START_DAYS: u16 = 7;

pub(super) fn settings(bedenktijd: Option<Duration>, parkeertijd_minuten: u32) -> Settings {
    let mut settings = Settings::default();
    let gemeenten: Vec<Gemeente> =
        GEMEENTEN.iter().map(|code| Gemeente::new(code).expect("a gemeente")).collect();
    let cak = PartnerId("cak".to_owned());
    for gemeente in &gemeenten {
        // The policy of a start is part of the journal, agreements and the days without a start (D26) too.
        let contact = Afspraak { contact_dagen: Some(7), start_werkdagen: Some(10), ..Afspraak::default() };
        let beleid = Beleid {
            parkeertijd_minuten,
            geen_start_dagen: Some(NO_START_DAYS),
            afspraken: vec![contact],
            ..Beleid::default()
        };
        let eb = prices::policy(gemeente.as_str());
        let of = GemeenteSettings { cak: Some(cak.clone()), bedenktijd, beleid, eb, ..Default::default() };
        settings.gemeenten.insert(*gemeente, of);
    }
    let mut add = |name: &str, kind| {
        let partner = PartnerSettings { kind, gemeenten: gemeenten.clone() };
        settings.partners.insert(PartnerId(name.to_owned()), partner);
    };
    add("cak", PartnerKind::Cak);
    add(BACKOFFICE, PartnerKind::Backoffice);
    for (name, agb) in AGBS {
        add(name, PartnerKind::Aanbieder(Aanbieder::new(agb).expect("an AGB code")));
    }
    settings
}

/// Starts the gateway, as the daemon does.
pub(super) fn start(world: &Arc<World>, settings: &Settings) -> Result<(), String> {
    let disk = Arc::new(world.disk.clone());
    let options = Options { segment_bytes: SEGMENT_BYTES_MIN };
    let mut journal =
        FileJournal::open_on(Arc::clone(&disk) as _, folder(), options).map_err(|error| words(&error))?;
    let vault = Vault::open_on(disk, Path::new("/data/keys"), &journal.reader());
    journal.set_vault(vault.map_err(|error| words(&error))?);
    let (ledger, schemas) = (Arc::clone(&world.shelves.ledger), world.shelves.schemas.clone());
    let applier = Applier::new(schemas.clone());
    let reader = journal.reader();
    ledger::not_ahead(&ledger.tips(), &reader).map_err(|error| words(&error))?;
    // There is no other store to take its place: it is emptied.
    let another = &mut || world.shelves.ledger.clear().map(|()| Arc::clone(&world.shelves.ledger));
    let (ledger, _) = ledger::bring_up(ledger, None, another, &reader, &applier, &mut |_| {})
        .map_err(|error| words(&error))?;
    let clock: Arc<dyn Clock> = Arc::clone(&world.clock) as _;
    let (engine, stepped) =
        Stepped::begin(journal, ledger, settings.clone(), schemas, clock).map_err(|error| words(&error))?;
    let (work, bells) = (Arc::new(Notify::new()), Bells::default());
    let mut tasks = JoinSet::new();
    let changed = engine.changed();
    tasks.spawn(rounds(Arc::clone(world), stepped, Arc::clone(&work), changed, bells.clone()));
    tasks.spawn(days(Arc::clone(world), engine.clone(), Arc::clone(&work)));
    let door = Arc::new(Door { engine: engine.clone(), work: Arc::clone(&work), bells });
    let outbox =
        Outbox::with_clock(door, Arc::new(Lines(Arc::clone(world))), Arc::clone(&world.clock), pace(), DRAIN);
    let partners = PARTNERS.iter().map(|name| partner(name)).collect();
    let (partners, source) = watch::channel(Arc::new(partners));
    let (stopper, stop) = Stopper::new();
    tasks.spawn(outbox.run(source, stop));
    let mut state = world.state();
    state.starts += 1;
    state.up = Some(Up { engine, work, tasks, stopper, _partners: partners });
    Ok(())
}

/// Returns an error with its causes.
fn words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Keeps the gateway running: starts it again when it has died, as its supervisor does.
pub(super) async fn supervise(world: Arc<World>, settings: Settings) {
    loop {
        world.died.notified().await;
        loop {
            let down = Duration::from_millis(world.between(10, 30_000));
            tokio::time::sleep(down).await;
            let error = match start(&world, &settings) {
                Ok(()) => break world.say(|| "the gateway runs again".to_owned()),
                Err(error) => error,
            };
            world.say(|| format!("the gateway does not start: {error}"));
            if world.disk.has_crashed() {
                world.disk.restart();
            } else if world.disk.has_died() {
                world.disk.kill();
            } else if !error.contains("simulated") && !error.contains("storage") {
                world.violated(format!("the gateway does not start: {error}"));
                return;
            }
            tokio::time::sleep(START_AGAIN).await;
        }
    }
}

/// Ends the gateway at once, whatever it is doing. The power goes too, if the disk says so or it is asked for.
pub(super) fn kill(world: &World, power: bool, fate: LedgerFate, snapshot: Option<&Snapshot>) {
    let power = power || world.disk.has_crashed();
    let up = {
        let mut state = world.state();
        state.counts.deaths += 1;
        state.counts.ledgers_behind += u64::from(fate != LedgerFate::Kept);
        state.up.take()
    };
    drop(up);
    match (fate, snapshot) {
        (LedgerFate::Behind, Some(snapshot)) => snapshot.restore(&world.shelves.ledger),
        (LedgerFate::Lost, _) => world.shelves.ledger.clear().expect("a store"),
        (LedgerFate::Kept | LedgerFate::Behind, _) => {}
    }
    if power {
        world.disk.restart();
    } else {
        world.disk.kill();
    }
    world.say(|| format!("the gateway dies: power cut {power}, ledger {fate:?}"));
    world.died.notify_one();
}

/// Tells the gateway to stop and waits until it has.
pub(super) async fn stop(world: &World) {
    let stopping = {
        let state = world.state();
        let Some(up) = &state.up else { return };
        up.stopper.stop();
        (Arc::clone(&up.work), up.engine.clone(), state.starts)
    };
    let (work, engine, starts) = stopping;
    tokio::time::sleep(DRAIN + Duration::from_secs(1)).await;
    // It may have died meanwhile.
    let same = |world: &World| world.state().up.is_some() && world.state().starts == starts;
    if same(world) {
        engine.stop();
        work.notify_one();
        engine.ended().await;
    }
    if same(world) {
        let up = world.state().up.take();
        drop(up);
        world.disk.kill();
        world.say(|| "the gateway stops".to_owned());
        world.died.notify_one();
    }
}

/// Brings a message in, if the gateway runs. The answer is gone if the gateway dies first.
pub(super) fn receive(
    world: &Arc<World>,
    from: &'static str,
    bytes: Bytes,
) -> Option<oneshot::Receiver<Result<Receipt, Refusal>>> {
    let (sender, receiver) = oneshot::channel();
    let world_then = Arc::clone(world);
    let mut state = world.state();
    let up = state.up.as_mut()?;
    let (engine, work) = (up.engine.clone(), Arc::clone(&up.work));
    up.tasks.spawn(async move {
        let route = if from == BACKOFFICE { Route::Backoffice } else { Route::Direct };
        let sha256 = digest(&bytes);
        let inbound = Inbound {
            partner: PartnerId(from.to_owned()),
            route,
            bytes,
            key: None,
            bevestigd: vec!["DELETE_WITH_DELIVERY".to_owned()],
        };
        // The loop looks a moment later, so it finds what is handed over after this.
        work.notify_one();
        let answer = engine.receive(inbound).await;
        if let Ok(receipt) = &answer {
            acknowledged(&world_then, from, sha256, receipt);
        }
        // Who no longer waits needs no answer.
        let _ = sender.send(answer);
    });
    Some(receiver)
}

/// From here on the gateway has said that it has the message.
fn acknowledged(world: &World, from: &'static str, sha256: [u8; 32], receipt: &Receipt) {
    world.say(|| format!("{from} is told that {} is {}, {}", short(&sha256), receipt.id, receipt.dubbel));
    let before = {
        let mut state = world.state();
        state.counts.acknowledged += 1;
        state.counts.copies += u64::from(receipt.dubbel);
        state.acknowledged.insert((from, sha256), receipt.id.clone())
    };
    if receipt.sha256 != sha256 {
        world.violated(format!("{} has another digest than was sent", receipt.id));
    }
    if before.is_some_and(|before| before != receipt.id) {
        world.violated(format!("a copy has the name {} and not that of the first time", receipt.id));
    }
}

/// The engine's thread: it takes a moment for each round.
async fn rounds(
    world: Arc<World>,
    mut stepped: Stepped,
    work: Arc<Notify>,
    mut changed: watch::Receiver<u64>,
    bells: Bells,
) {
    loop {
        work.notified().await;
        loop {
            let slow = world.percent(3);
            tokio::time::sleep(Duration::from_millis(world.between(1, if slow { 3_000 } else { 20 }))).await;
            // The loop does its next round, or one of the stages beside it its next batch.
            let turn = match world.between(0, 3) {
                0 if stepped.encode() => Turn::Done,
                1 if stepped.write() => Turn::Done,
                2 if stepped.write() || stepped.encode() => Turn::Done,
                _ => match stepped.turn() {
                    // What is under way comes to its end, also when nothing else comes.
                    Turn::Idle if stepped.write() || stepped.encode() => Turn::Done,
                    turn => turn,
                },
            };
            if world.disk.has_crashed() {
                // Nothing that this round answered leaves the machine.
                let fate = *world.state().random.pick(&[LedgerFate::Kept, LedgerFate::Lost]);
                return kill(&world, true, fate, None);
            }
            if world.disk.has_died() {
                return kill(&world, false, LedgerFate::Kept, None);
            }
            if changed.has_changed().is_ok_and(|changed| changed) {
                changed.mark_unchanged();
                bells.ring();
            }
            match turn {
                Turn::Idle => break,
                Turn::Ended => return,
                Turn::Done if stepped.pauses() => tokio::time::sleep(RETRY_PAUSE).await,
                Turn::Done => {}
            }
        }
    }
}

/// The daemon's daily run, and its look at what is due.
async fn days(world: Arc<World>, engine: Engine, work: Arc<Notify>) {
    let mut today = None;
    loop {
        let now = world.clock.today();
        if today == Some(now) {
            engine.due();
        } else if engine.day(now) {
            today = Some(now);
        }
        work.notify_one();
        tokio::time::sleep(DUE_CHECK).await;
    }
}

/// The engine as the outbox sees it; what the outbox reports wakes the loop.
struct Door {
    engine: Engine,
    work: Arc<Notify>,
    bells: Bells,
}

/// A bell for each task of the outbox. One channel for all would wake them in an order that is left to chance.
#[derive(Clone, Default)]
struct Bells(Arc<Mutex<Vec<watch::Sender<u64>>>>);

impl Bells {
    fn hang(&self) -> watch::Receiver<u64> {
        let (sender, receiver) = watch::channel(0);
        self.0.lock().expect("no panic").push(sender);
        receiver
    }

    fn ring(&self) {
        for bell in self.0.lock().expect("no panic").iter() {
            bell.send_modify(|count| *count += 1);
        }
    }
}

impl Outgoing for Door {
    fn waiting(&self, partner: &PartnerId, limit: usize) -> Vec<Waiting> {
        self.engine.waiting(partner, limit)
    }

    fn standing(&self, partner: &PartnerId) -> Standing {
        self.engine.standing(partner)
    }

    async fn outcome(&self, id: OutgoingId, outcome: Outcome) -> Result<(), Unavailable> {
        self.work.notify_one();
        self.engine.outcome(id, outcome).await
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.bells.hang()
    }
}

impl World {
    /// Returns the engine while the gateway runs, as operators and the backoffice reach it. Whoever hands it something wakes
    /// the loop, which looks a moment later.
    pub(super) fn engine(&self) -> Option<(Engine, Arc<Notify>)> {
        self.state().up.as_ref().map(|up| (up.engine.clone(), Arc::clone(&up.work)))
    }

    /// Returns the journal, for reading, while the gateway runs.
    pub(super) fn journal(&self) -> Option<Reader> {
        self.state().up.as_ref().map(|up| up.engine.journal().clone())
    }
}
