//! Which partner a certificate names.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use tokio::sync::watch;

use crate::config::Partner;
use crate::engine::PartnerId;
use crate::listener::Peer;
use crate::pki::{Fingerprint, PeerCertificate};
use crate::problem::Problem;

/// Where the exchange finds its partners; a new value counts from the next request on.
pub type DirectorySource = watch::Receiver<Arc<Directory>>;

/// Partners by what their certificates show.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    fingerprints: HashMap<Fingerprint, PartnerId>,
    oins: HashMap<String, PartnerId>,
}

impl Directory {
    /// Returns the directory of these partners. The configuration check has made sure that no two share a
    /// fingerprint or OIN.
    #[must_use]
    pub fn new(partners: &[Partner]) -> Self {
        let mut directory = Self::default();
        for partner in partners {
            for fingerprint in &partner.fingerprints {
                directory.fingerprints.insert(*fingerprint, partner.id.clone());
            }
            if let Some(oin) = &partner.oin {
                directory.oins.insert(oin.to_string(), partner.id.clone());
            }
        }
        directory
    }

    /// Returns the partner that a certificate names.
    ///
    /// A pinned key decides before an OIN does: the handshake asks no authority about a pinned
    /// certificate, so nobody vouches for the OIN that it claims.
    #[must_use]
    pub fn partner(&self, certificate: &PeerCertificate) -> Option<&PartnerId> {
        let by_oin = || certificate.serial_number.as_ref().and_then(|oin| self.oins.get(oin));
        self.fingerprints.get(&certificate.fingerprint).or_else(by_oin)
    }
}

/// Returns the partner that asks.
///
/// # Errors
///
/// 403 when its certificate names none.
pub(crate) fn asking(directory: &DirectorySource, request: &Request) -> Result<PartnerId, Problem> {
    let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_deref());
    let partner = certificate.and_then(|certificate| directory.borrow().partner(certificate).cloned());
    partner.ok_or_else(|| {
        Problem::new(StatusCode::FORBIDDEN, "onbekende-partner", "This certificate names no partner here")
            .detail("ask the gemeente to add its fingerprint or OIN to the configuration")
    })
}
