//! Who is asking.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use tokio::sync::watch;

use crate::config::{Gemeentecode, System, Token};
use crate::engine::PartnerId;
use crate::exchange::Asker;
use crate::listener::Peer;
use crate::pki::PeerCertificate;
use crate::problem::Problem;

/// Where the backoffice finds its tokens; a new value counts from the next request on.
pub type TokenSource = watch::Receiver<Arc<Vec<Token>>>;

/// Where the backoffice finds the systems that show a certificate; a new value counts from the next request on.
pub type SystemSource = watch::Receiver<Arc<Vec<System>>>;

/// Bytes of a token that are looked at.
const TOKEN_BYTES_MAX: usize = 512;

/// The holder of a token, or a system known by its certificate; an extension of every request behind authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its name in the configuration.
    pub name: String,
    /// The gemeenten that it opens; nothing of another may be shown or changed.
    pub gemeenten: Arc<[Gemeentecode]>,
}

impl Principal {
    /// Returns whether it opens this gemeente.
    #[must_use]
    pub fn may_see(&self, gemeente: Gemeentecode) -> bool {
        self.gemeenten.contains(&gemeente)
    }
}

/// What opens the backoffice.
#[derive(Clone, Debug)]
pub(super) struct Doors {
    pub(super) tokens: TokenSource,
    pub(super) systems: SystemSource,
}

impl Doors {
    /// Returns who asks. A token and a certificate together must both be good, and open what both of them open; a token
    /// that is not good is never made up for.
    fn principal(&self, request: &Request) -> Option<Principal> {
        let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_deref());
        let system = certificate.and_then(|certificate| known(&self.systems.borrow(), certificate));
        if !request.headers().contains_key(header::AUTHORIZATION) {
            return system;
        }
        let mut holder = find(&self.tokens.borrow(), bearer(request.headers())?)?;
        if let Some(system) = system {
            holder.gemeenten =
                holder.gemeenten.iter().copied().filter(|code| system.may_see(*code)).collect();
        }
        Some(holder)
    }
}

/// Lets a request with a known token or certificate through.
pub(super) async fn authenticate(State(doors): State<Doors>, mut request: Request, next: Next) -> Response {
    let Some(principal) = doors.principal(&request) else {
        return Problem::new(StatusCode::UNAUTHORIZED, "niet-aangemeld", "A known bearer token is needed")
            .detail("send `Authorization: Bearer TOKEN`, or show a certificate that a [[system]] of the configuration names")
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"iwmo\""))
            .into_response();
    };
    let asker = Asker(PartnerId(principal.name.clone()));
    request.extensions_mut().insert(principal);
    let mut response = next.run(request).await;
    // What is about persons is for who asked, and for no cache on the way.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(asker);
    response
}

/// The system that a certificate names; a pinned key decides before an OIN does, for which nobody vouches then.
fn known(systems: &[System], certificate: &PeerCertificate) -> Option<Principal> {
    let by_key = systems.iter().find(|system| system.fingerprints.contains(&certificate.fingerprint));
    let number = certificate.serial_number.as_deref();
    let by_oin = || {
        let is = |system: &&System| system.oin.is_some_and(|oin| number == Some(oin.as_str()));
        systems.iter().find(is)
    };
    let system = by_key.or_else(by_oin)?;
    Some(Principal { name: system.name.clone(), gemeenten: system.gemeenten.as_slice().into() })
}

/// The token of the one `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.as_bytes();
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    let token = token.trim_ascii();
    let usable =
        scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty() && token.len() <= TOKEN_BYTES_MAX;
    usable.then_some(token)
}

fn find(tokens: &[Token], token: &[u8]) -> Option<Principal> {
    let digest = Sha256::digest(token);
    let mut found = None;
    for candidate in tokens {
        let same: Choice = candidate.sha256.as_slice().ct_eq(digest.as_slice());
        if bool::from(same) {
            found = Some(candidate);
        }
    }
    found.map(|token| Principal { name: token.name.clone(), gemeenten: token.gemeenten.as_slice().into() })
}
