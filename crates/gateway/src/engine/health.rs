//! Whether the engine can do its work, for who asks `/readyz`.

use std::sync::{Arc, Mutex};

/// The reason why the engine cannot do its work, if there is one. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Health {
    reason: Arc<Mutex<Option<String>>>,
}

impl Health {
    /// Returns why messages are refused, in one sentence without personal data.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        // A thread that panicked while it held the lock left a whole value behind.
        self.reason.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, reason: Option<String>) {
        *self.reason.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = reason;
    }
}
