//! Keeps one partner from taking all the capacity.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::Instant;

use crate::engine::PartnerId;
use crate::problem::Problem;

/// A burst may have as many messages as so many seconds allow.
const BURST_SECONDS: u32 = 10;

/// How many messages a partner may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Averaged; a short burst may have ten times as many.
    pub messages_per_second: u32,
}

/// Admits messages of partners, each at its own pace (generic cell rate algorithm).
#[derive(Debug)]
pub struct Pacer {
    interval: Duration,
    burst: Duration,
    /// Per partner the moment at which its allowance is whole again. Only configured partners get in.
    whole_at: Mutex<HashMap<PartnerId, Instant>>,
}

impl Pacer {
    /// Returns a pacer with one rate for all partners.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let interval = Duration::from_secs(1) / rate.messages_per_second.max(1);
        let burst = Duration::from_secs(u64::from(BURST_SECONDS));
        Self { interval, burst, whole_at: Mutex::new(HashMap::new()) }
    }

    /// Admits one message.
    ///
    /// # Errors
    ///
    /// 429 with the moment at which the next one is welcome.
    pub fn admit(&self, partner: &PartnerId) -> Result<(), Problem> {
        let now = Instant::now();
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = whole_at.get(partner).copied().unwrap_or(now).max(now) + self.interval;
        let debt = whole - now;
        if debt > self.burst {
            let wait = (debt - self.burst).as_secs() + 1;
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
