//! Keeps one partner from taking all the capacity.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::config::PartnerLimits;
use crate::engine::PartnerId;
use crate::listener::body::{BodyReader, Received};
use crate::metrics::EXCHANGE_LIMITED_REQUESTS;
use crate::problem::Problem;

/// A burst may have as many messages as so many seconds allow, unless a partner has a burst of its own.
const BURST_SECONDS: u32 = 10;

/// Where the allowances of partners come from.
pub type AllowanceSource = watch::Receiver<Arc<Allowances>>;

/// How many messages a partner may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Averaged; a short burst may have ten times as many.
    pub messages_per_second: u32,
}

/// What one partner may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// A message per interval on average.
    interval: Duration,
    /// So much of them at once.
    burst: Duration,
    /// The most bytes of a message, if that is less than for every partner.
    pub(super) bytes: Option<usize>,
    /// Connections at the same time.
    pub(super) connections: usize,
}

/// What each partner may take of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowances {
    all: Allowance,
    own: HashMap<PartnerId, Allowance>,
}

impl Allowances {
    /// Returns one rate for all partners, and no other limit.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let interval = Duration::from_secs(1) / rate.messages_per_second.max(1);
        let burst = Duration::from_secs(u64::from(BURST_SECONDS));
        let all = Allowance { interval, burst, bytes: None, connections: usize::MAX };
        Self { all, own: HashMap::new() }
    }

    /// Bounds the connections of each partner.
    #[must_use]
    pub fn connections(mut self, most: usize) -> Self {
        self.all.connections = most;
        self
    }

    /// Gives a partner limits of its own, where it has any.
    #[must_use]
    pub fn with(mut self, partner: &PartnerId, limits: &PartnerLimits) -> Self {
        if *limits == PartnerLimits::default() {
            return self;
        }
        let mut own = self.all;
        if let Some((per_minute, burst)) = limits.messages {
            own.interval = Duration::from_secs(60) / per_minute.max(1);
            own.burst = own.interval * burst.max(1);
        }
        own.bytes = limits.message_bytes;
        own.connections = limits.connections.unwrap_or(self.all.connections);
        self.own.insert(partner.clone(), own);
        self
    }

    pub(super) fn of(&self, partner: &PartnerId) -> Allowance {
        self.own.get(partner).copied().unwrap_or(self.all)
    }
}

/// Admits messages of partners, each at its own pace (generic cell rate algorithm).
#[derive(Debug)]
pub struct Pacer {
    allowances: AllowanceSource,
    /// Per partner the moment at which its allowance is whole again. Only configured partners get in.
    whole_at: Mutex<HashMap<PartnerId, Instant>>,
}

impl Pacer {
    /// Returns a pacer with one rate for all partners.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self::following(watch::channel(Arc::new(Allowances::new(rate))).1)
    }

    /// Returns a pacer with allowances that may change; a new value counts from the next message on.
    #[must_use]
    pub fn following(allowances: AllowanceSource) -> Self {
        Self { allowances, whole_at: Mutex::new(HashMap::new()) }
    }

    /// Admits one message.
    ///
    /// # Errors
    ///
    /// 429 with the moment at which the next one is welcome.
    pub fn admit(&self, partner: &PartnerId) -> Result<(), Problem> {
        let Allowance { interval, burst, .. } = self.allowances.borrow().of(partner);
        let now = Instant::now();
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = whole_at.get(partner).copied().unwrap_or(now).max(now) + interval;
        let debt = whole - now;
        if debt > burst {
            EXCHANGE_LIMITED_REQUESTS.count(&[&partner.0, "rate"]);
            let wait = (debt - burst).as_secs() + 1;
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "te-veel", "Too many messages")
                .retry_after(u32::try_from(wait).unwrap_or(u32::MAX)));
        }
        match whole_at.get_mut(partner) {
            Some(moment) => *moment = whole,
            None => drop(whole_at.insert(partner.clone(), whole)),
        }
        Ok(())
    }

    /// Reads the body of a message, of as many bytes as this partner may send.
    ///
    /// # Errors
    ///
    /// As [`BodyReader::read`].
    pub async fn read(
        &self,
        partner: &PartnerId,
        bodies: &BodyReader,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Received, Problem> {
        let most = self.allowances.borrow().of(partner).bytes;
        let read = bodies.read_at_most(most.unwrap_or(usize::MAX), headers, body).await;
        if read.as_ref().is_err_and(|problem| problem.status() == StatusCode::PAYLOAD_TOO_LARGE) {
            EXCHANGE_LIMITED_REQUESTS.count(&[&partner.0, "bytes"]);
        }
        read
    }
}
