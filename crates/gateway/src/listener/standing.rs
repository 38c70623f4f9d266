//! Whether who opened a connection may still ask for something on it.
//!
//! A handshake is judged once, and a connection may last for as long as it is used. So when the TLS side of the listener
//! is another than it was, as after a revocation list was replaced, the chain is judged again before the next request;
//! and a certificate that has run out is noticed at once.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use tower::Service;

use super::TlsSource;
use crate::pki::{PeerCertificate, ServerTls};
use crate::problem::Problem;

/// What a client showed in its handshake, and by what that was judged last.
#[derive(Clone)]
pub(super) struct Standing(Arc<Shown>);

struct Shown {
    listener: &'static str,
    certificate: Arc<PeerCertificate>,
    chain: Vec<CertificateDer<'static>>,
    source: TlsSource,
    judged: Mutex<Judged>,
}

struct Judged {
    tls: ServerTls,
    /// Once it is not, it never is again on this connection.
    good: bool,
}

impl Standing {
    /// Returns the standing after a handshake with `tls`.
    pub(super) fn new(
        listener: &'static str,
        certificate: Arc<PeerCertificate>,
        chain: Vec<CertificateDer<'static>>,
        tls: ServerTls,
        source: TlsSource,
    ) -> Self {
        let judged = Mutex::new(Judged { tls, good: true });
        Self(Arc::new(Shown { listener, certificate, chain, source, judged }))
    }

    fn is_good(&self, now: Timestamp) -> bool {
        let shown = &*self.0;
        let mut judged = shown.judged.lock().unwrap_or_else(PoisonError::into_inner);
        if !judged.good {
            return false;
        }
        let changed = {
            let tls = shown.source.borrow();
            (!Arc::ptr_eq(tls.config(), judged.tls.config())).then(|| tls.clone())
        };
        if let Some(tls) = changed {
            judged.good = tls.accepts(&shown.chain);
            judged.tls = tls;
        }
        judged.good &= now <= shown.certificate.not_after;
        if !judged.good {
            tracing::warn!(
                code = "CertificateRefused",
                listener = shown.listener,
                "A connection is refused that was open when its certificate was taken back or ran out."
            );
        }
        judged.good
    }
}

/// Hands requests to the routes for as long as the standing is good.
#[derive(Clone)]
pub(super) struct Standings {
    router: Router,
    refused: Router,
    standing: Option<Standing>,
}

impl Standings {
    pub(super) fn new(router: Router, standing: Option<Standing>) -> Self {
        let refused = Router::new().fallback(async || {
            Problem::new(StatusCode::FORBIDDEN, "certificaat", "This certificate is not accepted any more")
                .detail("it was taken back or has run out since the connection was opened")
                .header(header::CONNECTION, HeaderValue::from_static("close"))
        });
        Self { router, refused, standing }
    }
}

impl Service<Request<Body>> for Standings {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.router, cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let good = self.standing.as_ref().is_none_or(|standing| standing.is_good(Timestamp::now()));
        if good { self.router.call(request) } else { self.refused.call(request) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use tokio::sync::watch;

    use super::*;
    use crate::pki::{ClientTrust, DemoAuthority, server_config_mutual};

    /// A certificate is good to its last second, and once refused nothing makes it good again.
    #[test]
    fn a_standing_ends_with_the_certificate() {
        let authority = DemoAuthority::new("Test CA").unwrap();
        let client = authority.client("partner", None).unwrap();
        let server = authority.server("gateway").unwrap();
        let trust = ClientTrust { authorities: vec![authority.certificate()], pinned: Vec::new() };
        let tls = server_config_mutual(&server.identity, &trust).unwrap();
        let (_sender, source) = watch::channel(tls.clone());
        let chain = client.identity.chain().to_vec();
        let certificate = Arc::new(client.identity.certificate().unwrap());
        let last = certificate.not_after;
        let standing = Standing::new("test", certificate, chain, tls, source);
        assert!(standing.is_good(Timestamp::now()));
        assert!(standing.is_good(last));
        assert!(!standing.is_good(last + 1.second()));
        assert!(!standing.is_good(Timestamp::now()));
    }
}
