//! The frame of the backoffice API: TLS, bearer tokens, and the way in for messages.
//!
//! Each request needs `Authorization: Bearer <token>`. The configuration has only the SHA-256 of tokens;
//! the comparison looks at every configured token and takes the same time whichever fits. Handlers find
//! the [`Principal`] as a request extension and show only what belongs to its gemeenten.

mod auth;
pub mod reads;

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Router, middleware};
use bytes::Bytes;

use crate::engine::{Inbound, Intake, PartnerId, Receipt, Refusal, Route};
use crate::exchange::{APPLICATION_XML, accepted, log_access};
use crate::listener::body::{BodyReader, content_is};
use crate::problem::{Problem, only_problems};

pub use auth::{Principal, TokenSource};

/// The path that takes messages.
pub const BERICHTEN_PATH: &str = "/api/v1/berichten";

const APPLICATION_JSON: &str = "application/json";

/// Turns a message in the JSON of `iwmo show --format json` into XML.
pub type FromJson = dyn Fn(&[u8]) -> Result<Vec<u8>, Refusal> + Send + Sync;

/// What the backoffice listener works with.
pub struct Backoffice<I> {
    intake: Arc<I>,
    tokens: TokenSource,
    bodies: BodyReader,
    from_json: Arc<FromJson>,
}

impl<I> std::fmt::Debug for Backoffice<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backoffice").finish_non_exhaustive()
    }
}

impl<I> Clone for Backoffice<I> {
    fn clone(&self) -> Self {
        Self {
            intake: Arc::clone(&self.intake),
            tokens: self.tokens.clone(),
            bodies: self.bodies.clone(),
            from_json: Arc::clone(&self.from_json),
        }
    }
}

impl<I: Intake> Backoffice<I> {
    /// Returns a backoffice API that hands messages of token holders to `intake`, as from the
    /// [`PartnerId`] of the token's name.
    #[must_use]
    pub fn new(intake: Arc<I>, tokens: TokenSource, bodies: BodyReader, from_json: Arc<FromJson>) -> Self {
        Self { intake, tokens, bodies, from_json }
    }

    /// Returns the routes, to be served by a [`crate::listener::Listener`] with TLS.
    ///
    /// `more` has routes with their whole paths; they get the same authentication, and the
    /// [`Principal`] as a request extension. It may add methods to [`BERICHTEN_PATH`].
    pub fn router(self, more: Router) -> Router {
        let tokens = self.tokens.clone();
        Router::new()
            .route(BERICHTEN_PATH, post(receive::<I>))
            .with_state(self)
            .merge(more)
            .fallback(async || Problem::not_found())
            .method_not_allowed_fallback(async || Problem::method_not_allowed())
            .layer(middleware::map_response(only_problems))
            .layer(middleware::from_fn_with_state(tokens, auth::authenticate))
            .layer(middleware::from_fn(log_access))
    }
}

async fn receive<I: Intake>(
    State(backoffice): State<Backoffice<I>>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Response {
    match take(&backoffice, &principal, request).await {
        Ok(receipt) => accepted(&receipt),
        Err(problem) => problem.into_response(),
    }
}

async fn take<I: Intake>(
    backoffice: &Backoffice<I>,
    principal: &Principal,
    request: Request,
) -> Result<Receipt, Problem> {
    let (head, body) = request.into_parts();
    let json = content_is(&head.headers, APPLICATION_JSON);
    if !json && !content_is(&head.headers, APPLICATION_XML) {
        return Err(Problem::unsupported_media_type("application/xml, application/json"));
    }
    let received = backoffice.bodies.read(&head.headers, body).await?;
    let bytes =
        if json { from_json(backoffice, received.bytes.clone()).await? } else { received.bytes.clone() };
    let inbound = Inbound { partner: PartnerId(principal.name.clone()), route: Route::Backoffice, bytes };
    Ok(backoffice.intake.receive(inbound).await?)
}

/// A large message takes a while to convert, which must not hold up other requests.
async fn from_json<I>(backoffice: &Backoffice<I>, json: Bytes) -> Result<Bytes, Problem> {
    let convert = Arc::clone(&backoffice.from_json);
    let converted = tokio::task::spawn_blocking(move || convert(&json)).await;
    match converted {
        Ok(xml) => Ok(xml?.into()),
        Err(error) => {
            tracing::error!(%error, "A JSON message could not be converted. This is a bug.");
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "intern", "Something went wrong here"))
        }
    }
}

#[cfg(test)]
mod tests;
