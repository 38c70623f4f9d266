//! What was last seen of each partner: the certificate that it showed, and how the last delivery to it went.
//!
//! It is kept in `DATA/partners.json`, so that commands can tell of it. Nothing depends on it: it may be thrown away, and
//! what is lost with a crash is a few seconds of it. It has no place in the journal, since none of it decides anything.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Partner;
use crate::engine::PartnerId;
use crate::listener::Stop;
use crate::outbox::{Attempt, Parcel, Route};
use crate::pki::PeerCertificate;

/// The file, in the data folder.
const FILE: &str = "partners.json";
/// How often it is written, when there is something new.
const WRITE: Duration = Duration::from_secs(3);
/// Partners that are remembered; those of a configuration are fewer.
const PARTNERS_MAX: usize = 20_000;
/// A certificate that was seen again is only noted again after so long.
const AGAIN_SECONDS: i64 = 60;

/// What was last seen of one partner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeenPartner {
    /// The certificate that it showed.
    pub certificaat: Option<SeenCertificate>,
    /// When it last took something.
    pub bezorgd: Option<Timestamp>,
    /// When and why a delivery to it last failed.
    pub mislukt: Option<Failed>,
}

/// A certificate that a partner showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCertificate {
    /// Whose it is, as people read it.
    pub houder: String,
    /// The SHA-256 of its key.
    pub fingerprint: String,
    /// First moment of validity.
    pub van: Timestamp,
    /// Last moment of validity.
    pub tot: Timestamp,
    /// When it was shown.
    pub gezien: Timestamp,
}

/// A delivery that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// When.
    pub tijd: Timestamp,
    /// Why, without personal data.
    pub reden: String,
}

/// Remembers what is seen of partners.
#[derive(Debug)]
pub struct Seen {
    path: PathBuf,
    partners: Mutex<BTreeMap<String, SeenPartner>>,
    news: AtomicBool,
}

impl Seen {
    /// Goes on with what was seen before, if that can be read.
    #[must_use]
    pub fn open(data: &Path) -> Self {
        let partners = Mutex::new(Self::read(data));
        Self { path: data.join(FILE), partners, news: AtomicBool::new(false) }
    }

    /// Returns what was last seen of partners by the gateway of this data folder.
    #[must_use]
    pub fn read(data: &Path) -> BTreeMap<String, SeenPartner> {
        let text = fs::read_to_string(data.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Returns what was seen.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, SeenPartner> {
        self.partners.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A partner showed a certificate.
    pub fn certificate(&self, partner: &PartnerId, certificate: &PeerCertificate) {
        let now = Timestamp::now();
        self.note(partner, |seen| {
            let known = seen.certificaat.as_ref().is_some_and(|before| {
                before.tot == certificate.not_after
                    && before.gezien.duration_since(now).as_secs().abs() < AGAIN_SECONDS
                    && before.fingerprint == certificate.fingerprint.to_string()
            });
            if known {
                return false;
            }
            seen.certificaat = Some(SeenCertificate {
                houder: certificate.subject.clone(),
                fingerprint: certificate.fingerprint.to_string(),
                van: certificate.not_before,
                tot: certificate.not_after,
                gezien: now,
            });
            true
        });
    }

    fn attempt(&self, partner: &PartnerId, attempt: &Attempt) {
        let tijd = Timestamp::now();
        self.note(partner, |seen| {
            match attempt {
                Attempt::Delivered { .. } | Attempt::HandedOver { .. } => seen.bezorgd = Some(tijd),
                Attempt::Retry { reason, .. } | Attempt::Refused { reason } => {
                    seen.mislukt = Some(Failed { tijd, reden: reason.clone() });
                }
            }
            true
        });
    }

    fn note(&self, partner: &PartnerId, change: impl FnOnce(&mut SeenPartner) -> bool) {
        let mut partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        if partners.len() >= PARTNERS_MAX && !partners.contains_key(&partner.0) {
            return;
        }
        if change(partners.entry(partner.0.clone()).or_default()) {
            self.news.store(true, Ordering::Release);
        }
    }

    /// Writes the file when there is news, until told to stop.
    pub(super) async fn keep(self: Arc<Self>, mut stop: Stop) {
        loop {
            let stopped = tokio::select! {
                () = tokio::time::sleep(WRITE) => false,
                () = stop.stopped() => true,
            };
            let seen = Arc::clone(&self);
            let written = tokio::task::spawn_blocking(move || seen.write()).await;
            if let Ok(Err(error)) = written {
                tracing::warn!(code = "PartnersSeenError", %error, "What was seen of partners could not be written.");
            }
            if stopped {
                return;
            }
        }
    }

    fn write(&self) -> io::Result<()> {
        if !self.news.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let text = serde_json::to_string(&self.all()).map_err(io::Error::from)?;
        let fresh = self.path.with_extension("json.new");
        fs::write(&fresh, text)?;
        fs::rename(fresh, &self.path)
    }
}

/// A way to partners that remembers how it went.
pub(super) struct Watched<R> {
    pub(super) route: R,
    pub(super) seen: Arc<Seen>,
}

impl<R: Route> Route for Watched<R> {
    async fn deliver(&self, parcel: &Parcel, partner: &Partner) -> Attempt {
        let attempt = self.route.deliver(parcel, partner).await;
        self.seen.attempt(&partner.id, &attempt);
        attempt
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::DemoAuthority;

    #[test]
    fn what_was_seen_is_there_after_a_start() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Seen::read(folder.path()), BTreeMap::new());
        let seen = Seen::open(folder.path());
        let client = DemoAuthority::new("Test CA").unwrap().client("hvb", None).unwrap();
        let hvb = PartnerId("hvb".to_owned());
        seen.certificate(&hvb, &client.identity.certificate().unwrap());
        seen.attempt(&hvb, &Attempt::Retry { reason: "no connection".to_owned(), after: None });
        seen.attempt(&hvb, &Attempt::Delivered { receipt: None });
        seen.write().unwrap();
        assert_eq!(Seen::open(folder.path()).all(), seen.all());
        let one = &Seen::read(folder.path())["hvb"];
        assert_eq!(one.certificaat.as_ref().unwrap().fingerprint, client.fingerprint.to_string());
        assert_eq!(one.mislukt.as_ref().unwrap().reden, "no connection");
        assert!(one.bezorgd.is_some());
        // A file that is damaged is as none.
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(Seen::read(folder.path()), BTreeMap::new());
    }
}
