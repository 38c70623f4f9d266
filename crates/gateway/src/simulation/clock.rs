//! The wall clock of a run: it goes with the driven time, and jumps when told to.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::clock::Clock;

/// When every run begins: a day before the clock goes forward in the Netherlands.
const BEGIN: &str = "2026-03-28T08:00:00Z";

pub(super) struct SimulatedClock {
    begin: Timestamp,
    started: Instant,
    /// How far the clock is off, in microseconds.
    off_us: AtomicI64,
}

impl SimulatedClock {
    pub(super) fn start() -> Self {
        let begin = BEGIN.parse().expect("a moment");
        Self { begin, started: Instant::now(), off_us: AtomicI64::new(0) }
    }

    /// Puts the clock forward, or back.
    pub(super) fn jump(&self, by: SignedDuration) {
        self.off_us.fetch_add(i64::try_from(by.as_micros()).expect("a jump within reason"), Ordering::SeqCst);
    }

    /// Puts a clock that is behind right.
    pub(super) fn set_right(&self) {
        self.off_us.fetch_max(0, Ordering::SeqCst);
    }

    /// The right time, whatever the gateway's clock shows.
    pub(super) fn right(&self) -> Timestamp {
        self.begin.saturating_add(self.started.elapsed()).expect("a moment")
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        let off = SignedDuration::from_micros(self.off_us.load(Ordering::SeqCst));
        self.right().saturating_add(off).expect("a moment")
    }
}
