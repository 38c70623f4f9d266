//! Tells tasks to stop.

use tokio::sync::watch;

/// Tells every [`Stop`] made from it to stop; dropping it does the same.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Returns the two ends.
    #[must_use]
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Stop(receiver))
    }

    /// Tells all to stop. A second time changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// Learns when to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Returns once it is time to stop.
    pub async fn stopped(&mut self) {
        // An error means that the stopper is gone, which is the same message.
        let _gone = self.0.wait_for(|stopped| *stopped).await;
    }

    /// Returns whether it is time to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}
