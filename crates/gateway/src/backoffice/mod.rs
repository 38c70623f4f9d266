//! The backoffice API: its frame with TLS and bearer tokens, the way in for messages, and what may be asked.
//!
//! Each request needs `Authorization: Bearer <token>`, or a certificate that names a system. The configuration has only
//! the SHA-256 of tokens; the comparison looks at every configured token and takes the same time whichever fits. Handlers find
//! the [`Principal`] as a request extension and show only what belongs to its gemeenten.
//!
//! | file | what |
//! | --- | --- |
//! | `auth.rs` | who is asking |
//! | `api.rs`, `openapi.rs` | the routes with their descriptions, what they share |
//! | `asked.rs` | how what is asked is read |
//! | `berichten.rs`, `toewijzingen.rs`, `clienten.rs` | messages, toewijzingen, persons |
//! | `eigen_bijdrage.rs`, `opgave.rs` | what is stated about a person and in what shape, and what the CAK holds |
//! | `werk.rs`, `termijnen.rs`, `uitgaand.rs` | work: what a person must do, what is due, what waits |
//! | `afhandelen.rs`, `acts.rs` | that work was dealt with; what every request that changes something goes through |
//! | `statistiek.rs` | figures |
//! | `gebeurtenissen.rs` | the feed |

mod acts;
mod afhandelen;
mod api;
mod asked;
mod auth;
mod berichten;
mod clienten;
mod eigen_bijdrage;
mod gebeurtenissen;
mod openapi;
mod opgave;
mod statistiek;
mod termijnen;
mod toewijzingen;
mod uitgaand;
mod werk;

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Router, middleware};
use bytes::Bytes;

use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::engine::{IdempotencyKey, Inbound, Intake, KEY_BYTES_MAX, PartnerId, Receipt, Refusal, Route};
use crate::exchange::{APPLICATION_XML, accepted, log_access};
use crate::listener::body::{BodyReader, content_is, shed};
use crate::problem::{Problem, only_problems};
use openapi::Problems;

pub use api::{Api, document};
use auth::Doors;
pub use auth::{Principal, SystemSource, TokenSource};

/// Most warnings that one request confirms.
const CONFIRMED_MAX: usize = 16;

/// The path that takes messages.
pub const BERICHTEN_PATH: &str = "/api/v1/berichten";

/// The header with which a client names a request.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A receipt.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Ontvangst)]
struct Ontvangst {
    /// The journal entry, `GEMEENTE:SEQ`.
    ontvangst: String,
    /// SHA-256 of the message, in hexadecimal digits.
    sha256: String,
    /// Whether the same message was received before; `ontvangst` is that of the first time.
    dubbel: bool,
}

const APPLICATION_JSON: &str = "application/json";

/// Turns a message in the JSON of `iwmo show --format json` into XML.
pub type FromJson = dyn Fn(&[u8]) -> Result<Vec<u8>, Refusal> + Send + Sync;

/// What the backoffice listener works with.
pub struct Backoffice<I> {
    intake: Arc<I>,
    doors: Doors,
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
            doors: self.doors.clone(),
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
        let doors = Doors { tokens, systems: watch::channel(Arc::default()).1 };
        Self { intake, doors, bodies, from_json }
    }

    /// Lets systems in that show a certificate, on a listener that asks for one.
    #[must_use]
    pub fn with_systems(mut self, systems: SystemSource) -> Self {
        self.doors.systems = systems;
        self
    }

    /// Returns the routes, to be served by a [`crate::listener::Listener`] with TLS.
    ///
    /// `more` has routes with their whole paths; they get the same authentication, and the
    /// [`Principal`] as a request extension. It may add methods to [`BERICHTEN_PATH`].
    pub fn router(self, more: Router) -> Router {
        let doors = self.doors.clone();
        Router::new()
            .route(BERICHTEN_PATH, post(receive::<I>))
            .with_state(self)
            .merge(more)
            .fallback(async || Problem::not_found())
            .method_not_allowed_fallback(async || Problem::method_not_allowed())
            .layer(middleware::map_response(only_problems))
            .layer(middleware::from_fn_with_state(doors, auth::authenticate))
            .merge(api::description())
            .layer(middleware::from_fn(log_access))
    }
}

/// Hand in a message: a 301 and the like.
///
/// The message is XML, or JSON as `iwmo show --format json` prints. The answer comes once it is on disk. The same
/// message again gets the first receipt with `dubbel`. A request with an `Idempotency-Key` that is sent again with the
/// same body gets its first answer; another body under that key is refused. A message that may do harm, as one that deletes
/// a toewijzing under a delivery, is refused until it comes with `?bevestigd=` and what it was warned of.
#[utoipa::path(
    post,
    path = "/api/v1/berichten",
    tag = "berichten",
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "Names the request, as a UUID"),
        (
            "bevestigd" = Option<String>,
            Query,
            description = "What the sender was warned of and wants all the same, as DELETE_WITH_DELIVERY; several with commas between"
        )
    ),
    request_body(content((String = "application/xml"), (serde_json::Map<String, serde_json::Value> = "application/json"))),
    responses(
        (status = 202, body = Ontvangst, description = "The message is on disk."),
        (status = 403, description = "The token may not send this message."),
        (status = 408, description = "The message did not arrive in time."),
        (status = 413, description = "The message is too large."),
        (status = 415, description = "The message is neither XML nor JSON."),
        (status = 422, description = "The message breaks XML, the schema or the rules, or the receiver would refuse it."),
        Problems
    )
)]
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
    let bevestigd = confirmed(head.uri.query())?;
    shed(backoffice.intake.is_busy(), "backoffice")?;
    let received = backoffice.bodies.read(&head.headers, body).await?;
    let key = idempotency_key(&head.headers, &received.bytes)?;
    let bytes =
        if json { from_json(backoffice, received.bytes.clone()).await? } else { received.bytes.clone() };
    let partner = PartnerId(principal.name.clone());
    let inbound = Inbound { partner, route: Route::Backoffice, bytes, key, bevestigd };
    Ok(backoffice.intake.receive(inbound).await?)
}

/// What the sender confirms (D4), by the names of the warnings.
fn confirmed(query: Option<&str>) -> Result<Vec<String>, Problem> {
    let mut confirmed = Vec::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let Some(value) = pair.strip_prefix("bevestigd=") else {
            let what = "a name that is not known; known here: `bevestigd`";
            return Err(Problem::not_as_described(StatusCode::BAD_REQUEST).detail(what));
        };
        confirmed.extend(value.split(',').flat_map(|value| value.split("%2C")).map(str::to_uppercase));
    }
    confirmed.truncate(CONFIRMED_MAX);
    Ok(confirmed)
}

/// The key of the request, if it has one.
fn idempotency_key(headers: &HeaderMap, body: &[u8]) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let one = values.next().is_none();
    let key = value.to_str().ok().filter(|_| one);
    let key = key.and_then(|key| IdempotencyKey::new(key, Sha256::digest(body).into()));
    key.map(Some).ok_or_else(|| {
        let what = format!("give one key of at most {KEY_BYTES_MAX} visible ASCII characters");
        Problem::new(StatusCode::BAD_REQUEST, "sleutel", "The Idempotency-Key cannot be used").detail(what)
    })
}

/// A large message takes a while to convert, which must not hold up other requests.
async fn from_json<I>(backoffice: &Backoffice<I>, json: Bytes) -> Result<Bytes, Problem> {
    let convert = Arc::clone(&backoffice.from_json);
    let converted = tokio::task::spawn_blocking(move || convert(&json)).await;
    match converted {
        Ok(xml) => Ok(xml?.into()),
        Err(error) => {
            tracing::error!(%error, "A JSON message could not be converted. This is a bug.");
            Err(Problem::internal("the JSON could not be turned into a message"))
        }
    }
}

#[cfg(test)]
mod tests;
