//! The outbox against a store and a route that do as they are told, on a clock that is driven; and the
//! direct route against real servers.

mod direct;
mod scheduler;

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use super::*;
use crate::config::{PartnerKind, PartnerRoute};
use crate::engine::{Outcome, Standing, Unavailable, Waiting};

/// A clock that runs with tokio's, so that pausing one pauses both.
#[derive(Debug)]
pub(super) struct DrivenClock(Instant);

impl DrivenClock {
    pub(super) fn start() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for DrivenClock {
    fn now(&self) -> Timestamp {
        start() + self.0.elapsed()
    }
}

pub(super) fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// A store in memory: what waits, and every outcome in order.
#[derive(Debug)]
pub(super) struct Shelf {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    standing: Mutex<Standing>,
    /// Of the partner of that name, where others are behind it.
    hub: Mutex<Standing>,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: BTreeMap<OutgoingId, Waiting>,
    log: Vec<(String, Outcome)>,
    unavailable: u32,
    looks: usize,
}

impl Shelf {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::default(),
            changed: watch::channel(0).0,
            standing: Mutex::default(),
            hub: Mutex::default(),
        })
    }

    /// Puts a message to wait; its content is the partner, the key and a number.
    pub(super) fn put(&self, partner: &str, order: &str, seq: u64) {
        let id = OutgoingId { gemeente: *b"0222", seq, index: 0 };
        let waiting = Waiting {
            id: id.clone(),
            partner: PartnerId(partner.to_owned()),
            order: order.to_owned(),
            message: "WMO306".to_owned(),
            attempts: 0,
            since: start(),
            not_before: start(),
            bytes: format!("{partner}/{order}/{seq}").into(),
        };
        self.inner.lock().unwrap().waiting.insert(id, waiting);
        self.changed.send_modify(|count| *count += 1);
    }

    /// Puts a message off.
    pub(super) fn put_off(&self, seq: u64, until: Timestamp) {
        let id = OutgoingId { gemeente: *b"0222", seq, index: 0 };
        self.inner.lock().unwrap().waiting.get_mut(&id).unwrap().not_before = until;
        self.changed.send_modify(|count| *count += 1);
    }

    /// The next outcomes cannot be recorded.
    pub(super) fn break_down(&self, times: u32) {
        self.inner.lock().unwrap().unavailable = times;
    }

    /// An operator decides: what waits for every partner is held or not, or to be tried now.
    pub(super) fn act(&self, change: impl FnOnce(&mut Standing)) {
        let mut standing = self.standing.lock().unwrap();
        standing.acts += 1;
        change(&mut standing);
        drop(standing);
        self.changed.send_modify(|count| *count += 1);
    }

    /// An operator decides about the hub.
    pub(super) fn act_on_hub(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut self.hub.lock().unwrap());
        self.act(|_| {});
    }

    /// An operator cancels a message.
    pub(super) fn cancel(&self, seq: u64) {
        let id = OutgoingId { gemeente: *b"0222", seq, index: 0 };
        self.inner.lock().unwrap().waiting.remove(&id);
        self.act(|_| {});
    }

    /// Everything that waits is due.
    pub(super) fn retry_all(&self, now: Timestamp) {
        self.inner.lock().unwrap().waiting.values_mut().for_each(|waiting| waiting.not_before = now);
        self.act(|_| {});
    }

    pub(super) fn log(&self) -> Vec<(String, Outcome)> {
        self.inner.lock().unwrap().log.clone()
    }

    /// The seq numbers delivered, in order.
    pub(super) fn delivered(&self) -> Vec<String> {
        let log = self.log().into_iter();
        log.filter(|(_, outcome)| matches!(outcome, Outcome::Delivered { .. })).map(|(id, _)| id).collect()
    }

    pub(super) fn left(&self) -> usize {
        self.inner.lock().unwrap().waiting.len()
    }

    pub(super) fn looks(&self) -> usize {
        self.inner.lock().unwrap().looks
    }
}

impl Outgoing for Shelf {
    fn waiting(&self, partner: &PartnerId, limit: usize) -> Vec<Waiting> {
        let mut inner = self.inner.lock().unwrap();
        inner.looks += 1;
        inner.waiting.values().filter(|waiting| waiting.partner == *partner).take(limit).cloned().collect()
    }

    fn standing(&self, partner: &PartnerId) -> Standing {
        let of = if partner.0 == "hub" { &self.hub } else { &self.standing };
        *of.lock().unwrap()
    }

    async fn outcome(&self, id: OutgoingId, outcome: Outcome) -> Result<(), Unavailable> {
        tokio::task::yield_now().await;
        let mut inner = self.inner.lock().unwrap();
        if inner.unavailable > 0 {
            inner.unavailable -= 1;
            return Err(Unavailable { reason: "disk full".into() });
        }
        inner.log.push((id.to_string(), outcome.clone()));
        match outcome {
            Outcome::Retry { not_before, .. } => {
                let waiting = inner.waiting.get_mut(&id).unwrap();
                waiting.attempts += 1;
                waiting.not_before = not_before;
            }
            _ => assert!(inner.waiting.remove(&id).is_some(), "{id} had an outcome already"),
        }
        Ok(())
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

/// What the peer does with an attempt, by its content and how often it was tried before.
type Behaviour = dyn Fn(&str, usize) -> (Duration, Attempt) + Send + Sync;

/// A route to partners that do as they are told; it checks what must never happen.
pub(super) struct Peers {
    behaviour: Box<Behaviour>,
    tried: Mutex<Vec<(String, Timestamp)>>,
    /// Partner and key of what is under way.
    under_way: Mutex<Vec<String>>,
    most: Mutex<usize>,
    clock: Arc<DrivenClock>,
}

impl Peers {
    pub(super) fn new(
        clock: &Arc<DrivenClock>,
        behaviour: impl Fn(&str, usize) -> (Duration, Attempt) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            behaviour: Box::new(behaviour),
            tried: Mutex::default(),
            under_way: Mutex::default(),
            most: Mutex::default(),
            clock: Arc::clone(clock),
        })
    }

    /// Every attempt: what was sent, and when in seconds from the start.
    pub(super) fn tried(&self) -> Vec<(String, f64)> {
        let tried = self.tried.lock().unwrap();
        tried.iter().map(|(what, when)| (what.clone(), when.duration_since(start()).as_secs_f64())).collect()
    }

    /// The most attempts at the same time.
    pub(super) fn most(&self) -> usize {
        *self.most.lock().unwrap()
    }
}

impl Route for Peers {
    async fn deliver(&self, parcel: &Parcel, partner: &Partner) -> Attempt {
        let what = String::from_utf8(parcel.bytes.to_vec()).unwrap();
        assert!(what.starts_with(&partner.id.0), "sent to the wrong partner");
        let lane = what.rsplit_once('/').unwrap().0.to_owned();
        let before = {
            let mut under_way = self.under_way.lock().unwrap();
            assert!(!under_way.contains(&lane), "two messages with one key at once");
            under_way.push(lane.clone());
            let mut most = self.most.lock().unwrap();
            *most = (*most).max(under_way.len());
            let mut tried = self.tried.lock().unwrap();
            let before = tried.iter().filter(|(tried, _)| *tried == what).count();
            tried.push((what.clone(), self.clock.now()));
            before
        };
        let (time, attempt) = (self.behaviour)(&what, before);
        tokio::time::sleep(time).await;
        self.under_way.lock().unwrap().retain(|other| *other != lane);
        attempt
    }
}

pub(super) fn delivered() -> Attempt {
    Attempt::Delivered { receipt: Some("0222:1".into()) }
}

pub(super) fn retry() -> Attempt {
    Attempt::Retry { reason: "the partner answered 503".into(), after: None }
}

pub(crate) fn partner(id: &str) -> Partner {
    let url = Some(format!("https://{id}.example"));
    Partner { route: PartnerRoute::Direct, url, ..Partner::new(id, PartnerKind::Aanbieder) }
}

pub(crate) fn pace() -> Pace {
    Pace {
        backoff_first: Duration::from_secs(1),
        backoff_max: Duration::from_secs(64),
        park_after: Duration::from_secs(3600),
        concurrent: 4,
        attempt: Duration::from_secs(60),
    }
}

/// An outbox that runs.
pub(super) struct Running {
    pub(super) partners: watch::Sender<Arc<Vec<Partner>>>,
    pub(super) stopper: Stopper,
    pub(super) task: tokio::task::JoinHandle<()>,
}

pub(super) fn run(shelf: &Arc<Shelf>, peers: &Arc<Peers>, partners: &[&str]) -> Running {
    run_with(shelf, peers, partners.iter().map(|id| partner(id)).collect())
}

pub(super) fn run_with(shelf: &Arc<Shelf>, peers: &Arc<Peers>, partners: Vec<Partner>) -> Running {
    let clock = Arc::clone(&peers.clock);
    let drain = Duration::from_secs(10);
    let outbox = Outbox::with_clock(Arc::clone(shelf), Arc::clone(peers), clock, pace(), drain);
    let (stopper, stop) = Stopper::new();
    let (partners, source) = watch::channel(Arc::new(partners));
    let task = tokio::spawn(outbox.run(source, stop));
    Running { partners, stopper, task }
}

/// Lets the time pass until nothing waits.
pub(super) async fn drained(shelf: &Shelf) {
    let empty = async {
        while shelf.left() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(100_000), empty).await.expect("everything leaves in the end");
}
