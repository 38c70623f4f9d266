//! Keeps one partner from taking all the connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{AllowanceSource, DirectorySource};
use crate::engine::PartnerId;
use crate::listener::{Entry, Gate};
use crate::metrics::EXCHANGE_LIMITED_REQUESTS;
use crate::pki::PeerCertificate;

/// Connections past the limit that are told so; more of them are closed without a word.
pub const TOLD_MAX: usize = 8;

type Open = Arc<Mutex<HashMap<PartnerId, usize>>>;

/// Counts the connections of each partner.
pub struct PartnerGate {
    directory: DirectorySource,
    allowances: AllowanceSource,
    open: Open,
    tell: Option<Box<Tell>>,
}

/// Hears which certificate a partner showed.
pub type Tell = dyn Fn(&PartnerId, &PeerCertificate) + Send + Sync;

impl std::fmt::Debug for PartnerGate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartnerGate").finish_non_exhaustive()
    }
}

impl PartnerGate {
    /// Returns a gate for the partners in the directory.
    #[must_use]
    pub fn new(directory: DirectorySource, allowances: AllowanceSource) -> Self {
        Self { directory, allowances, open: Open::default(), tell: None }
    }

    /// Tells which certificate a partner showed.
    #[must_use]
    pub fn telling(mut self, tell: Box<Tell>) -> Self {
        self.tell = Some(tell);
        self
    }
}

impl Gate for PartnerGate {
    fn enter(&self, certificate: &PeerCertificate) -> Entry {
        // Who is nobody is told so at each request.
        let Some(partner) = self.directory.borrow().partner(certificate).cloned() else {
            return Entry::Welcome(Box::new(()));
        };
        if let Some(tell) = &self.tell {
            tell(&partner, certificate);
        }
        let most = self.allowances.borrow().of(&partner).connections;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(partner.clone()).or_default();
        if *count >= most {
            EXCHANGE_LIMITED_REQUESTS.count(&[&partner.0, "connections"]);
        }
        if *count >= most.saturating_add(TOLD_MAX) {
            return Entry::Closed;
        }
        *count += 1;
        let place = Place { partner, open: Arc::clone(&self.open) };
        if *count > most { Entry::TooMany(Box::new(place)) } else { Entry::Welcome(Box::new(place)) }
    }
}

/// A connection that counts, until it is dropped.
struct Place {
    partner: PartnerId,
    open: Open,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.partner) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.partner);
            }
        }
    }
}
