//! The task that sends to one partner.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::task::{Id, JoinError, JoinSet};

use super::circuit::{Circuit, FAILURES_TO_OPEN};
use super::{Attempt, Clock, Parcel, Route, backoff};
use crate::config::{Pace, Partner, is_awake_for, stilte_at};
use crate::engine::{Outcome, Outgoing, OutgoingId, Standing, Waiting};
use crate::listener::Stop;
use crate::metrics::OUTBOX_ENDED_ATTEMPTS;
#[cfg(test)]
use crate::simulation::{Canary, is_broken};
use crate::traces::{self, Kind};

/// Messages taken from the store at once; more only when all of these are held up by older ones.
const WINDOW: usize = 64;
/// Messages looked through for one that is not held up.
const WINDOW_MAX: usize = 1024;
/// The longest sleep: the wall clock, by which messages are due, may be put forward.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// Waits between tries to record an outcome.
const RECORD_WAIT_FIRST: Duration = Duration::from_millis(100);
const RECORD_WAIT_MAX: Duration = Duration::from_secs(5);

/// Sends to one partner.
pub(super) struct Sender<O, R, C> {
    hands: Arc<Hands<O, R, C>>,
    drain: Duration,
    circuit: Circuit,
    /// What operators decided, as it was last looked up.
    standing: Standing,
    /// Taken from the store and not started, oldest first.
    queue: VecDeque<Waiting>,
    /// The store may have what the queue has not.
    stale: bool,
    window: usize,
    /// The last look at the store showed as much as was asked for.
    full: bool,
    flying: JoinSet<Landed>,
    /// Each message in flight, with its key.
    under_way: HashMap<Id, (OutgoingId, String)>,
}

/// What one attempt needs.
struct Hands<O, R, C> {
    outgoing: Arc<O>,
    route: Arc<R>,
    clock: Arc<C>,
    pace: Pace,
    partner: Partner,
}

/// An attempt has ended and its outcome is recorded.
enum Landed {
    /// The message waits no more.
    Done,
    /// The partner answered that it does not want the message: it is up, and the message waits no more.
    Refused,
    /// The message waits again.
    Failed { reason: String, after: Option<Duration> },
    /// The message waited for too long and is parked.
    Parked { reason: String },
}

impl<O: Outgoing, R: Route, C: Clock> Sender<O, R, C> {
    pub(super) fn new(
        outgoing: Arc<O>,
        route: Arc<R>,
        clock: Arc<C>,
        pace: Pace,
        drain: Duration,
        partner: Partner,
    ) -> Self {
        Self {
            hands: Arc::new(Hands { outgoing, route, clock, pace, partner }),
            drain,
            circuit: Circuit::Closed { failures: 0 },
            standing: Standing::default(),
            queue: VecDeque::new(),
            stale: true,
            window: WINDOW,
            full: false,
            flying: JoinSet::new(),
            under_way: HashMap::new(),
        }
    }

    /// Sends until told to stop, then waits for what is in flight.
    pub(super) async fn run(mut self, mut stop: Stop) {
        let mut changed = self.hands.outgoing.changed();
        let mut following = true;
        loop {
            let sleep = self.fill();
            tokio::select! {
                // In this order and not by lot, so that a run can be done again.
                biased;
                () = stop.stopped() => break,
                Some(landed) = self.flying.join_next_with_id() => self.land(landed),
                news = changed.changed(), if following => {
                    following = news.is_ok();
                    self.stale = true;
                }
                () = tokio::time::sleep(sleep) => self.stale = true,
            }
        }
        let drain = self.drain;
        let landing = async {
            while let Some(landed) = self.flying.join_next_with_id().await {
                self.land(landed);
            }
        };
        if tokio::time::timeout(drain, landing).await.is_err() {
            let partner = &self.hands.partner.id;
            tracing::warn!(%partner, "Deliveries were cut off; they are made again after the next start.");
        }
    }

    /// Starts what may be started and returns how long nothing else will be due.
    fn fill(&mut self) -> Duration {
        let now = self.hands.clock.now();
        self.heed(now);
        if self.circuit.paused_until(now).is_some_and(|until| until > self.latest(now)) {
            // The clock was set back.
            self.circuit.spur(now);
        }
        // C-43: what was announced long before needs no operator.
        let frozen = stilte_at(&self.hands.partner.stilte, now).map(|(_, until)| until);
        let room = match self.standing.held || frozen.is_some() {
            true => 0,
            false => self.circuit.allows(now, self.hands.pace.concurrent),
        };
        let mut due = self.circuit.paused_until(now).max(frozen);
        if self.flying.len() < room {
            due = self.start(now, room);
            while self.flying.len() < room && self.stale {
                self.fetch();
                due = self.start(now, room);
            }
        }
        let sleep = due.and_then(|due| Duration::try_from(due.duration_since(now)).ok());
        // Beyond a due moment, not before it: a timer that fires early would only be set again.
        sleep.map_or(SLEEP_MAX, |sleep| (sleep + Duration::from_millis(1)).min(SLEEP_MAX))
    }

    /// Returns the latest moment until which anything is put off now.
    fn latest(&self, now: Timestamp) -> Timestamp {
        later(now, self.hands.pace.backoff_max.max(backoff::RETRY_AFTER_MAX))
    }

    /// Heeds what operators decided since the last look: what was taken from the store before may be held or cancelled,
    /// and who asks to send now does not wait for the end of a pause.
    fn heed(&mut self, now: Timestamp) {
        let standing = self.standing();
        if standing.acts != self.standing.acts {
            self.queue.clear();
            self.stale = true;
        }
        if standing.spurred > self.standing.spurred {
            self.circuit.spur(now);
        }
        self.standing = standing;
    }

    /// How sending stands; who is behind a hub is sent nothing while the hub is held.
    fn standing(&self) -> Standing {
        let Hands { outgoing, partner, .. } = &*self.hands;
        let own = outgoing.standing(&partner.id);
        let Some(hub) = &partner.via else { return own };
        let hub = outgoing.standing(hub);
        Standing {
            acts: own.acts,
            held: own.held || hub.held,
            spurred: own.spurred.max(hub.spurred),
            released: own.released.max(hub.released),
        }
    }

    /// Takes a new look at the store, and a longer one if the last showed nothing but messages held up.
    fn fetch(&mut self) {
        let held_up = self.full && self.queue.len() + self.flying.len() >= self.window;
        self.window = if held_up { (self.window * 2).min(WINDOW_MAX) } else { WINDOW };
        let waiting = self.hands.outgoing.waiting(&self.hands.partner.id, self.window);
        self.full = waiting.len() >= self.window;
        // A message in flight still waits as far as the store knows; it must not be started again when it
        // has landed.
        let under_way: HashSet<&OutgoingId> = self.under_way.values().map(|(id, _)| id).collect();
        self.queue = waiting.into_iter().filter(|waiting| !under_way.contains(&waiting.id)).collect();
        // A full window in which everything is held up deserves a longer look at once.
        self.stale = self.full && self.window < WINDOW_MAX;
    }

    /// Starts messages from the queue and returns when the first of the others is due.
    fn start(&mut self, now: Timestamp, room: usize) -> Option<Timestamp> {
        let mut due: Option<Timestamp> = None;
        // What was put off for longer than is ever done was put off by a clock that has been set back since.
        let latest = self.latest(now);
        let mut taken: HashSet<String> = self.under_way.values().map(|(_, order)| order.clone()).collect();
        let mut rest = VecDeque::with_capacity(self.queue.len());
        while let Some(mut waiting) = self.queue.pop_front() {
            if self.flying.len() >= room {
                rest.push_back(waiting);
                break;
            }
            // One that is in flight, or held up by an older one with its key.
            let is_free = taken.insert(waiting.order.clone());
            #[cfg(test)]
            let is_free = is_free || is_broken(Canary::OvertakesItsKey);
            if !is_free {
                rest.push_back(waiting);
            } else if waiting.not_before > now && waiting.not_before <= latest {
                due = Some(due.map_or(waiting.not_before, |due| due.min(waiting.not_before)));
                rest.push_back(waiting);
            } else {
                waiting.since = waiting.since.max(self.standing.released);
                let lane = (waiting.id.clone(), waiting.order.clone());
                let hands = Arc::clone(&self.hands);
                let id = self.flying.spawn(async move { hands.send(waiting).await }).id();
                self.under_way.insert(id, lane);
            }
        }
        rest.append(&mut self.queue);
        self.queue = rest;
        due
    }

    fn land(&mut self, landed: Result<(Id, Landed), JoinError>) {
        let now = self.hands.clock.now();
        let (id, landed) = match landed {
            Ok(landed) => landed,
            Err(error) => {
                tracing::error!(%error, "An attempt to deliver ended unexpectedly. This is a bug.");
                (error.id(), Landed::Failed { reason: "the attempt ended unexpectedly".into(), after: None })
            }
        };
        self.under_way.remove(&id);
        match landed {
            Landed::Done => {
                self.circuit.succeeded();
                self.stale |= self.queue.is_empty();
            }
            Landed::Refused => {
                self.circuit.succeeded();
                self.stale = true;
            }
            Landed::Failed { reason, after } => self.fail(now, reason, after),
            Landed::Parked { reason } => self.fail(now, reason, None),
        }
    }

    fn fail(&mut self, now: Timestamp, reason: String, after: Option<Duration>) {
        let beyond = (self.circuit.failures() + 1).saturating_sub(FAILURES_TO_OPEN) + 1;
        let wait = backoff::wait(&self.hands.pace, beyond).max(after.unwrap_or_default());
        let was_open = matches!(self.circuit, Circuit::Open { .. });
        self.circuit.failed(later(now, wait));
        let partner = &self.hands.partner.id;
        // One outage, one warning.
        if !was_open && let Circuit::Open { failures, .. } = self.circuit {
            tracing::warn!(%partner, failures, reason, "Sending to a partner pauses: it keeps failing.");
        }
        // The queue has younger messages with the key of the one that failed, but not that one any more.
        self.queue.clear();
        self.stale = true;
    }
}

impl<O: Outgoing, R: Route, C: Clock> Hands<O, R, C> {
    /// Makes one attempt and records how it ended.
    async fn send(&self, waiting: Waiting) -> Landed {
        let Waiting { id, message, attempts, since, bytes, .. } = waiting;
        let trace = traces::recorder().map(|recorder| {
            // What an entry gave to send is on its way: GEMEENTE:SEQ of GEMEENTE:SEQ/N.
            let (name, began) = (id.to_string(), Instant::now());
            let entry = name.split('/').next().unwrap_or_default();
            (recorder, recorder.within(entry, "deliver", Kind::Client, Duration::ZERO), began)
        });
        let traceparent = trace.as_ref().map(|(_, span, _)| span.own.header());
        let parcel = Parcel { id: id.clone(), message, bytes, traceparent };
        let attempt = self.route.deliver(&parcel, &self.partner).await;
        #[cfg(test)]
        let attempt = match attempt {
            Attempt::Retry { .. } if is_broken(Canary::LosesOutgoing) => Attempt::Delivered { receipt: None },
            attempt => attempt,
        };
        let now = self.clock.now();
        let (outcome, landed) = match attempt {
            Attempt::Delivered { receipt } => (Outcome::Delivered { receipt }, Landed::Done),
            Attempt::HandedOver { receipt } => (Outcome::HandedOver { receipt }, Landed::Done),
            Attempt::Refused { reason } => {
                let partner = &self.partner.id;
                tracing::error!(%partner, id = %id, message = parcel.message, reason, "A message was refused and is parked. See `iwmo outbox list`.");
                (Outcome::Refused { reason }, Landed::Refused)
            }
            Attempt::Retry { reason, .. } if self.out_of_patience(since, now) => {
                let partner = &self.partner.id;
                let told =
                    format!("given up after {} attempts; the last: {reason}", attempts.saturating_add(1));
                tracing::error!(%partner, id = %id, message = parcel.message, reason, "A message could not be delivered for too long and is parked. See `iwmo outbox list`.");
                (Outcome::GivenUp { reason: told }, Landed::Parked { reason })
            }
            Attempt::Retry { reason, after } => {
                let wait = backoff::wait(&self.pace, attempts.saturating_add(1));
                let not_before = later(now, wait.max(after.unwrap_or_default()));
                (Outcome::Retry { reason: reason.clone(), not_before }, Landed::Failed { reason, after })
            }
        };
        tracing::debug!(partner = %self.partner.id, id = %id, message = parcel.message, attempt = attempts.saturating_add(1), ?outcome, "An attempt to deliver ended.");
        let word = match &outcome {
            Outcome::Delivered { .. } => "delivered",
            Outcome::HandedOver { .. } => "handed_over",
            Outcome::Retry { .. } => "failed",
            Outcome::Refused { .. } | Outcome::Rejected { .. } | Outcome::GivenUp { .. } => "parked",
        };
        OUTBOX_ENDED_ATTEMPTS.count(&[&self.partner.id.0, &parcel.message, word]);
        if let Some((recorder, span, began)) = trace {
            let span = span.lasting(began.elapsed()).text("iwmo.partner", self.partner.id.0.as_str());
            let span = span.text("iwmo.message", parcel.message.as_str()).text("iwmo.outcome", word);
            let span = span.text("iwmo.outgoing", id.to_string());
            let mut span = span.number("iwmo.attempt", i64::from(attempts.saturating_add(1)));
            span.failed = matches!(word, "failed" | "parked");
            recorder.take(span);
        }
        self.record(id, outcome).await;
        landed
    }

    /// Nobody could deliver in a freeze: that time does not count. What comes of it goes into the journal with the outcome.
    fn out_of_patience(&self, since: Timestamp, now: Timestamp) -> bool {
        SignedDuration::try_from(self.pace.park_after)
            .is_ok_and(|patience| is_awake_for(&self.partner.stilte, since, now, patience))
    }

    /// Records an outcome, however long it takes. Until then the message and its key are not free, and
    /// the number of attempts in flight is limited: a store that is down stops the sending.
    async fn record(&self, id: OutgoingId, outcome: Outcome) {
        let mut wait = RECORD_WAIT_FIRST;
        let mut told = false;
        while let Err(error) = self.outgoing.outcome(id.clone(), outcome.clone()).await {
            if !told {
                tracing::warn!(id = %id, %error, "The outcome of a delivery cannot be recorded yet.");
                told = true;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RECORD_WAIT_MAX);
        }
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
