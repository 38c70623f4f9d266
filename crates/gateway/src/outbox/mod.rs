//! Sends what waits: at least once, in order per key, one partner never in another's way.
//!
//! [`Outbox::run`] keeps one task per partner (`sender`). A task takes what [`Outgoing::waiting`] has, in
//! that order, and gives messages to a [`Route`]: at most [`Pace::concurrent`] at the same time, never two
//! with the same `order` key, and none past an older one with its key. Each attempt's end goes back through
//! [`Outgoing::outcome`] before the key is free again. Failures double the wait of that message, with jitter; after
//! some failures in a row the partner as a whole gets a pause, ended by one probe. What operators held or cancelled is
//! not started; what is under way then goes on to its end.
//!
//! Nothing is kept here that must survive: after a crash the store still has every message whose outcome was
//! not recorded, and it is sent again with the same bytes under the same id.

mod backoff;
mod circuit;
mod direct;
mod reply;
mod sender;
mod stuf;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

use crate::clock::{Clock, SystemClock};
use crate::config::{Pace, Partner, PartnerRoute};
use crate::engine::{Outgoing, OutgoingId, PartnerId};
use crate::folder::FolderRoute;
use crate::listener::{Stop, Stopper};
use sender::Sender;

pub(crate) use direct::https_client;
pub use direct::{Caller, DirectError, DirectRoute};
pub use stuf::StufRoute;
pub(crate) use stuf::address as stuf_address;

/// One message as a route gets it.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The same at every attempt.
    pub id: OutgoingId,
    /// The kind of message, as `WMO306`.
    pub message: String,
    /// The same at every attempt.
    pub bytes: bytes::Bytes,
    /// The value of `traceparent` of this attempt, when there are traces.
    pub traceparent: Option<String>,
}

/// How one attempt ended. Whether it may be tried again is decided where the failure is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The partner has it.
    Delivered {
        /// The partner's receipt, if it gave one.
        receipt: Option<String>,
    },
    /// The next hop has it; the confirmation is still to come.
    HandedOver {
        /// The next hop's receipt, if it gave one.
        receipt: Option<String>,
    },
    /// It may succeed later.
    Retry {
        /// What went wrong, without personal data.
        reason: String,
        /// Not before so long from now, if the partner said so.
        after: Option<Duration>,
    },
    /// The partner does not want it; the same bytes will never do.
    Refused {
        /// What the partner said, without personal data.
        reason: String,
    },
}

/// A way to a partner.
pub trait Route: Send + Sync + 'static {
    /// Makes one attempt to deliver. Dropping the future gives the attempt up; the partner may have the
    /// message then, and will get it again.
    fn deliver(&self, parcel: &Parcel, partner: &Partner) -> impl Future<Output = Attempt> + Send;
}

/// All ways to partners: each goes by the one that its configuration names.
#[derive(Clone)]
pub struct Routes {
    /// To the exchange of a partner.
    pub direct: DirectRoute,
    /// In envelopes of the GGk.
    pub stuf: StufRoute,
    /// Into a folder.
    pub folder: FolderRoute,
}

impl Route for Routes {
    async fn deliver(&self, parcel: &Parcel, partner: &Partner) -> Attempt {
        match partner.route {
            PartnerRoute::Direct => self.direct.deliver(parcel, partner).await,
            PartnerRoute::Stuf => self.stuf.deliver(parcel, partner).await,
            PartnerRoute::Map => self.folder.deliver(parcel, partner).await,
            PartnerRoute::Ophalen => Attempt::Retry { reason: "the partner fetches".to_owned(), after: None },
        }
    }
}

/// Sends what waits, for all partners that have an address.
#[derive(Debug)]
pub struct Outbox<O, R, C = SystemClock> {
    outgoing: Arc<O>,
    route: Arc<R>,
    clock: Arc<C>,
    pace: watch::Receiver<Pace>,
    drain: Duration,
}

impl<O: Outgoing, R: Route> Outbox<O, R> {
    /// Returns an outbox on the clock of this machine. `drain` is the time for what is in flight when it
    /// stops.
    #[must_use]
    pub fn new(outgoing: Arc<O>, route: Arc<R>, pace: Pace, drain: Duration) -> Self {
        Self::with_clock(outgoing, route, Arc::new(SystemClock), pace, drain)
    }
}

impl<O: Outgoing, R: Route, C: Clock> Outbox<O, R, C> {
    /// Returns an outbox on another clock.
    #[must_use]
    pub fn with_clock(outgoing: Arc<O>, route: Arc<R>, clock: Arc<C>, pace: Pace, drain: Duration) -> Self {
        let pace = watch::channel(pace).1;
        Self { outgoing, route, clock, pace, drain }
    }

    /// Follows a pace that may change.
    #[must_use]
    pub fn following(mut self, pace: watch::Receiver<Pace>) -> Self {
        self.pace = pace;
        self
    }

    /// Sends until told to stop, then lets what is in flight end and returns. A new list of partners
    /// starts, changes and ends their tasks; the next task of a partner begins when what the one before had in flight has
    /// landed, so that nothing is sent twice because of it.
    pub async fn run(mut self, mut partners: watch::Receiver<Arc<Vec<Partner>>>, mut stop: Stop) {
        let mut tasks = JoinSet::new();
        let mut running: BTreeMap<PartnerId, (Partner, Stopper)> = BTreeMap::new();
        // Tasks that have not ended, whether they were told to or not.
        let mut of: HashMap<Id, PartnerId> = HashMap::new();
        let mut busy: BTreeSet<PartnerId> = BTreeSet::new();
        let (mut following, mut keeping) = (true, true);
        loop {
            let wanted = partners.borrow_and_update().clone();
            // Dropping its stopper ends a task.
            running.retain(|_, (partner, _)| wanted.contains(partner));
            for partner in wanted.iter().filter(|partner| partner.is_served()) {
                // One that ended by a fault keeps its place: the log says what to do.
                if running.contains_key(&partner.id) || busy.contains(&partner.id) {
                    continue;
                }
                let (stopper, stop) = Stopper::new();
                let task = tasks.spawn(self.sender(partner.clone()).run(stop));
                of.insert(task.id(), partner.id.clone());
                busy.insert(partner.id.clone());
                running.insert(partner.id.clone(), (partner.clone(), stopper));
            }
            tokio::select! {
                biased;
                () = stop.stopped() => break,
                changed = partners.changed(), if following => following = changed.is_ok(),
                changed = self.pace.changed(), if keeping => {
                    keeping = changed.is_ok();
                    if keeping {
                        running.clear();
                    }
                }
                Some(ended) = tasks.join_next_with_id(), if !tasks.is_empty() => {
                    let id = match &ended {
                        Ok((id, ())) => *id,
                        Err(error) => error.id(),
                    };
                    if let Some(partner) = of.remove(&id) {
                        busy.remove(&partner);
                    }
                    log_panic(ended.map(|_| ()));
                }
            }
        }
        running.clear();
        while let Some(ended) = tasks.join_next().await {
            log_panic(ended);
        }
    }

    fn sender(&self, partner: Partner) -> Sender<O, R, C> {
        Sender::new(
            Arc::clone(&self.outgoing),
            Arc::clone(&self.route),
            Arc::clone(&self.clock),
            self.pace.borrow().clone(),
            self.drain,
            partner,
        )
    }
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "The task that sends to a partner ended unexpectedly. Restart the daemon.");
    }
}

#[cfg(test)]
pub(crate) mod tests;
