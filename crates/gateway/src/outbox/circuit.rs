//! Stops asking a partner that does not answer.

use jiff::Timestamp;

/// Failures in a row after which the partner gets a pause.
pub(super) const FAILURES_TO_OPEN: u32 = 5;

/// The state of the connection to one partner.
///
/// Neither state is final: a failure after enough others opens it, a success closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Circuit {
    /// Messages flow.
    Closed {
        /// Failures in a row.
        failures: u32,
    },
    /// Nothing is sent before `until`; after it, one message at a time until one succeeds.
    Open {
        /// Failures in a row.
        failures: u32,
        /// End of the pause.
        until: Timestamp,
    },
}

impl Circuit {
    pub(super) const fn failures(self) -> u32 {
        match self {
            Self::Closed { failures } | Self::Open { failures, .. } => failures,
        }
    }

    /// Returns how many messages may be in flight now; none in a pause.
    pub(super) fn allows(self, now: Timestamp, concurrent: usize) -> usize {
        match self {
            Self::Closed { .. } => concurrent,
            Self::Open { until, .. } if now < until => 0,
            Self::Open { .. } => 1,
        }
    }

    /// Returns when the pause ends, if there is one.
    pub(super) fn paused_until(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Open { until, .. } if now < until => Some(until),
            Self::Open { .. } | Self::Closed { .. } => None,
        }
    }

    /// Ends a pause now; one message shows whether the partner is there again.
    pub(super) fn spur(&mut self, now: Timestamp) {
        if let Self::Open { until, .. } = self {
            *until = now.min(*until);
        }
    }

    pub(super) const fn succeeded(&mut self) {
        *self = Self::Closed { failures: 0 };
    }

    /// Notes a failure; `until` is when trying again makes sense.
    pub(super) fn failed(&mut self, until: Timestamp) {
        let failures = self.failures().saturating_add(1);
        *self = if failures >= FAILURES_TO_OPEN {
            Self::Open { failures, until }
        } else {
            Self::Closed { failures }
        };
    }
}
