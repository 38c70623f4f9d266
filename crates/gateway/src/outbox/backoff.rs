//! How long to wait after a failure.

use std::time::Duration;

use rand::RngExt;

use crate::config::Pace;

/// The longest wait that a partner may ask for with `Retry-After`.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// Returns the wait after this many failures (from 1): doubling from the first to the longest, then between
/// half and all of that at random, so that many that failed together do not come back together.
pub(super) fn wait(pace: &Pace, failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    let whole = pace.backoff_first.saturating_mul(1 << doublings).min(pace.backoff_max);
    whole.mul_f64(jitter())
}

fn jitter() -> f64 {
    #[cfg(test)]
    if let Some(share) = crate::simulation::lot() {
        return 0.5 + share / 2.0;
    }
    rand::rng().random_range(0.5..=1.0)
}
