//! A large journal made by the engine itself: every message is validated, judged, sealed and written, as in the program.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that fails should say where")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use iwmo_codec::Schemas;
use iwmo_gateway::clock::Clock;
use iwmo_gateway::engine::{
    Engine, GemeenteSettings, Inbound, Intake, Outcome, Outgoing, OutgoingId, PartnerId, PartnerKind,
    PartnerSettings, Route, Settings,
};
use iwmo_gateway::journal::{EntryId, Indexer};
use iwmo_gateway::view;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};

use super::crowd::{AGBS, Crowd, GEMEENTEN, Person, approval};
use super::measure::{Spent, memory};

/// Months that the journal spans.
const STEPS: u32 = 60;
/// When it begins.
const BEGIN: Date = date(2020, 1, 6);
/// What is about so many persons is under way at once.
const AT_ONCE: usize = 512;

/// A clock that stands still until it is set, but for a microsecond at each look.
pub(super) struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.fetch_add(1, Ordering::Relaxed)).unwrap()
    }
}

/// Returns the settings that the journal is made under.
pub(super) fn settings() -> Settings {
    let gemeenten: Vec<Gemeente> = GEMEENTEN.iter().map(|code| Gemeente::new(code).unwrap()).collect();
    let mut settings = Settings::default();
    let partner = |kind| PartnerSettings { kind, gemeenten: gemeenten.clone() };
    let cak = PartnerId("cak".to_owned());
    for gemeente in &gemeenten {
        // What the CAK must hear is told at once.
        let own = GemeenteSettings {
            cak: Some(cak.clone()),
            bedenktijd: Some(Duration::ZERO),
            ..Default::default()
        };
        settings.gemeenten.insert(*gemeente, own);
    }
    settings.partners.insert(cak, partner(PartnerKind::Cak));
    settings.partners.insert(PartnerId("backoffice".to_owned()), partner(PartnerKind::Backoffice));
    for (place, agb) in AGBS.iter().enumerate() {
        let kind = PartnerKind::Aanbieder(Aanbieder::new(agb).unwrap());
        settings.partners.insert(PartnerId(hvb(place)), partner(kind));
    }
    settings
}

/// The name of an aanbieder.
pub(super) fn hvb(place: usize) -> String {
    format!("hvb{place}")
}

/// Opens a store at a moment after everything in it.
pub(super) fn open(dir: &Path) -> Engine {
    let hands = Arc::new(Hands(AtomicI64::new(at(day(STEPS + 3), 0).as_microsecond())));
    Engine::open(dir, settings(), hands, &mut |_| {}).unwrap().0
}

fn day(step: u32) -> Date {
    BEGIN.saturating_add((30 * i64::from(step)).days())
}

fn at(day: Date, hours: i64) -> Timestamp {
    let noon = day.at(9, 0, 0, 0).to_zoned_datetime(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    noon.saturating_add(hours.hours()).unwrap()
}

/// What is played of each person.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Order,
    Start,
    Stop,
}

/// Makes a journal of about so many entries in a folder; with `orders`, of nothing but orders and their confirmation.
pub(super) fn grow(dir: &Path, entries: u64, orders: bool) {
    // An order takes three entries, a start four, a stop three.
    let persons = if orders { entries / 3 } else { entries * 100 / 925 };
    let crowd = Crowd::new(persons.max(STEPS.into()) as u32);
    let hands = Arc::new(Hands(AtomicI64::new(at(BEGIN, 0).as_microsecond())));
    let clock: Arc<dyn Clock> = Arc::clone(&hands) as _;
    let engine = Engine::open(dir, settings(), clock, &mut |_| {}).unwrap().0;
    let stage = Stage { engine: engine.clone(), schemas: Schemas::bundled(), crowd };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (begin, begun) = (Instant::now(), Spent::now());
    let (mut fifth, mut fifth_begun) = (engine.journal().entries(), Spent::now());
    for step in 0..STEPS + 2 {
        let today = day(step);
        hands.0.fetch_max(at(today, 0).as_microsecond(), Ordering::Relaxed);
        let mut acts: Vec<Act> = vec![Act::Order];
        if !orders {
            acts.extend([Act::Start, Act::Stop]);
        }
        for (ago, act) in acts.into_iter().enumerate() {
            let Some(home) = step.checked_sub(ago as u32).filter(|home| *home < STEPS) else { continue };
            runtime.block_on(stage.play(act, home, today));
        }
        if (step + 1) % 12 == 0 {
            let now = engine.journal().entries();
            let (spent, count) = (fifth_begun.since(), (now - fifth).max(1));
            println!(
                "    to entry {now:>9}: {:>5.1} µs of processor an entry   memory {}",
                spent * 1e6 / count as f64,
                memory("VmRSS")
            );
            (fifth, fifth_begun) = (now, Spent::now());
        }
    }
    let (entries, took) = (engine.journal().entries(), begin.elapsed().as_secs_f64());
    println!(
        "  made         {entries:>9} entries, {:>8.0}/s   {:>5.1} µs of processor an entry   memory {} at most",
        entries as f64 / took,
        begun.since() * 1e6 / entries as f64,
        memory("VmHWM")
    );
    indexed(&engine);
    engine.stop();
}

/// Makes the indexes of the journal, as the daemon does meanwhile.
pub(super) fn indexed(engine: &Engine) {
    let (begin, spent) = (Instant::now(), Spent::now());
    let mut indexer = Indexer::new(engine.journal(), view::label);
    while indexer.step().unwrap() {}
    let entries = engine.journal().entries();
    println!(
        "  indexed in   {:>6.0} ms   {:.2} µs of processor an entry",
        begin.elapsed().as_secs_f64() * 1e3,
        spent.since() * 1e6 / entries as f64
    );
}

struct Stage {
    engine: Engine,
    schemas: Schemas,
    crowd: Crowd,
}

impl Stage {
    /// Plays one act of everybody whose support was ordered in a step.
    async fn play(&self, act: Act, home: u32, today: Date) {
        let first = |step: u32| (u64::from(self.crowd.len()) * u64::from(step) / u64::from(STEPS)) as u32;
        let numbers = first(home)..first(home + 1);
        let persons = numbers.map(|number| self.crowd.person(number, day(home)));
        let mut work = futures_util::stream::iter(persons)
            .map(|person| async move {
                match act {
                    Act::Order => self.order(&person, today).await,
                    Act::Start => self.start(&person, today).await,
                    Act::Stop if person.stops() => self.stop(&person, today).await,
                    Act::Stop => {}
                }
            })
            .buffered(AT_ONCE);
        while work.next().await.is_some() {}
    }

    async fn order(&self, person: &Person, today: Date) {
        let entry = self.send("backoffice", self.crowd.order(person, today)).await;
        self.delivered(entry, 0).await;
        self.send(&hvb(person.aanbieder()), self.crowd.confirmation(person, today)).await;
    }

    async fn start(&self, person: &Person, today: Date) {
        if person.errs() {
            let entry = self.send(&hvb(person.aanbieder()), self.crowd.mistaken(person, today)).await;
            self.delivered(entry, 0).await;
        }
        let entry = self.send(&hvb(person.aanbieder()), self.crowd.start(person, today)).await;
        self.answered(entry, today).await;
    }

    async fn stop(&self, person: &Person, today: Date) {
        let entry = self.send(&hvb(person.aanbieder()), self.crowd.stop(person, today)).await;
        self.answered(entry, today).await;
    }

    /// The retour of an entry arrives, and the CAK hears what it must and approves.
    async fn answered(&self, entry: EntryId, today: Date) {
        self.delivered(entry, 0).await;
        let id = OutgoingId { gemeente: entry.chain.code(), seq: entry.seq, index: 1 };
        if let Some(bytes) = self.engine.outgoing_bytes(&id) {
            self.delivered(entry, 1).await;
            let message = self.schemas.decode(&bytes).unwrap();
            let name = format!("{}{}", if entry.seq.is_multiple_of(2) { "C" } else { "D" }, entry.seq);
            self.send("cak", approval(&message, name, today)).await;
        }
    }

    async fn send(&self, partner: &str, bytes: Vec<u8>) -> EntryId {
        let route = if partner == "backoffice" { Route::Backoffice } else { Route::Direct };
        let partner = PartnerId(partner.to_owned());
        let inbound = Inbound { partner, route, key: None, bytes: bytes.into(), bevestigd: Vec::new() };
        self.engine.receive(inbound).await.unwrap().id.parse().unwrap()
    }

    async fn delivered(&self, entry: EntryId, index: u16) {
        let id = OutgoingId { gemeente: entry.chain.code(), seq: entry.seq, index };
        self.engine.outcome(id, Outcome::Delivered { receipt: None }).await.unwrap();
    }
}
