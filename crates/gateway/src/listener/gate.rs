//! Who may have one more connection.

use std::any::Any;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};

use crate::pki::PeerCertificate;
use crate::problem::Problem;

/// After how long somebody with too many connections may try again.
const RETRY_AFTER_SECONDS: u32 = 10;

/// A place that is given back when it is dropped.
pub type Place = Box<dyn Any + Send>;

/// What becomes of a connection.
pub enum Entry {
    /// It is served.
    Welcome(Place),
    /// It is one too many, and whoever has it is told so.
    TooMany(Place),
    /// It is closed.
    Closed,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Welcome(_) => "Welcome",
            Self::TooMany(_) => "TooMany",
            Self::Closed => "Closed",
        })
    }
}

/// Decides on connections by the certificate that was shown.
pub trait Gate: Send + Sync + 'static {
    /// Decides on one more.
    fn enter(&self, certificate: &PeerCertificate) -> Entry;
}

/// What a connection too many gets, whatever it asks.
pub(super) fn too_many() -> Router {
    Router::new().fallback(async || {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "te-veel-verbindingen", "Too many connections")
            .detail("use the connections that are open, or close some first")
            .retry_after(RETRY_AFTER_SECONDS)
            .header(header::CONNECTION, HeaderValue::from_static("close"))
    })
}
