//! Keeps one partner from taking all the capacity.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::engine::PartnerId;
use crate::metrics::EXCHANGE_LIMITED_REQUESTS;
use crate::problem::Problem;

/// A burst may have as many messages as so many seconds allow, unless a partner has a burst of its own.
const BURST_SECONDS: u32 = 10;

/// How many messages a partner may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Averaged; a short burst may have ten times as many.
    pub messages_per_second: u32,
}

/// What one partner may send: a message per interval on average, and so much of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Allowance {
    interval: Duration,
    burst: Duration,
}

/// How many messages each partner may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    all: Allowance,
    own: HashMap<PartnerId, Allowance>,
}

impl Rates {
    /// Returns one rate for all partners.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let interval = Duration::from_secs(1) / rate.messages_per_second.max(1);
        let burst = Duration::from_secs(u64::from(BURST_SECONDS));
        Self { all: Allowance { interval, burst }, own: HashMap::new() }
    }

    /// Gives a partner a rate of its own: so many a minute, and so many at once.
    #[must_use]
    pub fn with(mut self, partner: PartnerId, messages_per_minute: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(60) / messages_per_minute.max(1);
        let allowance = Allowance { interval, burst: interval * burst.max(1) };
        self.own.insert(partner, allowance);
        self
    }

    fn of(&self, partner: &PartnerId) -> Allowance {
        self.own.get(partner).copied().unwrap_or(self.all)
    }
}

/// Admits messages of partners, each at its own pace (generic cell rate algorithm).
#[derive(Debug)]
pub struct Pacer {
    rates: watch::Receiver<Arc<Rates>>,
    /// Per partner the moment at which its allowance is whole again. Only configured partners get in.
    whole_at: Mutex<HashMap<PartnerId, Instant>>,
}

impl Pacer {
    /// Returns a pacer with one rate for all partners.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self::following(watch::channel(Arc::new(Rates::new(rate))).1)
    }

    /// Returns a pacer with rates that may change; a new value counts from the next message on.
    #[must_use]
    pub fn following(rates: watch::Receiver<Arc<Rates>>) -> Self {
        Self { rates, whole_at: Mutex::new(HashMap::new()) }
    }

    /// Admits one message.
    ///
    /// # Errors
    ///
    /// 429 with the moment at which the next one is welcome.
    pub fn admit(&self, partner: &PartnerId) -> Result<(), Problem> {
        let Allowance { interval, burst } = self.rates.borrow().of(partner);
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
}
