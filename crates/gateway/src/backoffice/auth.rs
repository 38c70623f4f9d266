//! Who is asking.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use tokio::sync::watch;

use crate::config::{Gemeentecode, Token};
use crate::engine::PartnerId;
use crate::exchange::Asker;
use crate::problem::Problem;

/// Where the backoffice finds its tokens; a new value counts from the next request on.
pub type TokenSource = watch::Receiver<Arc<Vec<Token>>>;

/// Bytes of a token that are looked at.
const TOKEN_BYTES_MAX: usize = 512;

/// The holder of a token; an extension of every request behind authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The token's name in the configuration.
    pub name: String,
    /// The gemeenten that the token opens; nothing of another may be shown or changed.
    pub gemeenten: Arc<[Gemeentecode]>,
}

impl Principal {
    /// Returns whether the token opens this gemeente.
    #[must_use]
    pub fn may_see(&self, gemeente: Gemeentecode) -> bool {
        self.gemeenten.contains(&gemeente)
    }
}

/// Lets a request with a known token through.
pub(super) async fn authenticate(
    State(tokens): State<TokenSource>,
    mut request: Request,
    next: Next,
) -> Response {
    let principal = bearer(request.headers()).and_then(|token| find(&tokens.borrow(), token));
    let Some(principal) = principal else {
        return Problem::new(StatusCode::UNAUTHORIZED, "niet-aangemeld", "A known bearer token is needed")
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"iwmo\""))
            .into_response();
    };
    let asker = Asker(PartnerId(principal.name.clone()));
    request.extensions_mut().insert(principal);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(asker);
    response
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
