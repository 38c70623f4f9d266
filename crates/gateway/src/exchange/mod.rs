//! The exchange: `POST /uitwisseling/v1/berichten` over mutual TLS; [`Pull`] is for partners that fetch.
//!
//! The listener does the least: it knows the partner by its certificate, bounds what is received, hands the
//! bytes to an [`Intake`] and answers when that says they are durable. Anything else is an
//! `application/problem+json`:
//!
//! | status | when |
//! | --- | --- |
//! | 202 | the message is on disk: `{"ontvangst":"<id>","sha256":"…","dubbel":false}` |
//! | 403 | the certificate names no partner, or the message another sender |
//! | 404, 405 | another path, another method |
//! | 408 | the body did not arrive in time |
//! | 413 | more bytes than configured |
//! | 415 | not `application/xml` in UTF-8 without content coding |
//! | 422 | breaks XML or schema, with all diagnostics |
//! | 429 | more messages, or more connections, than this partner may have, with `Retry-After` |
//! | 503 | the store cannot commit, memory is short or too many messages wait, with `Retry-After`; the last two before the message is read |
//!
//! A client that goes away before its answer learns nothing; it sends the same bytes again and gets the
//! first receipt.

mod access;
mod directory;
mod gate;
mod pace;
mod pull;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;

use crate::engine::{Inbound, Intake, PartnerId, Receipt, Route};
use crate::hex::hex;
use crate::listener::Peer;
use crate::listener::body::{BodyReader, content_is, shed};
use crate::problem::{Problem, WRONG_SENDER};

pub(crate) use access::{Asker, log_access};
pub(crate) use directory::asking;
pub use directory::{Directory, DirectorySource};
pub use gate::{PartnerGate, TOLD_MAX, Tell};
pub use pace::{AllowanceSource, Allowances, Pacer, Rate};
pub use pull::{DIGEST_HEADER, Pull};

/// The path that takes messages, here and at partners.
pub const BERICHTEN_PATH: &str = "/uitwisseling/v1/berichten";

/// The header in which a sender names a delivery; the same at every attempt.
pub const DELIVERY_HEADER: &str = "iwmo-levering";

/// The one content type of messages.
pub(crate) const APPLICATION_XML: &str = "application/xml";

/// What the exchange works with.
#[derive(Debug)]
pub struct Exchange<I> {
    intake: Arc<I>,
    directory: DirectorySource,
    bodies: BodyReader,
    pacer: Arc<Pacer>,
}

impl<I: Intake> Exchange<I> {
    /// Returns an exchange that hands messages of partners in the directory to `intake`.
    #[must_use]
    pub fn new(intake: Arc<I>, directory: DirectorySource, bodies: BodyReader, rate: Rate) -> Self {
        Self { intake, directory, bodies, pacer: Arc::new(Pacer::new(rate)) }
    }

    /// Keeps partners at the pace of another pacer.
    #[must_use]
    pub fn paced(mut self, pacer: Arc<Pacer>) -> Self {
        self.pacer = pacer;
        self
    }

    /// Returns the routes, to be served by a [`crate::listener::Listener`] with mutual TLS.
    pub fn router(self) -> Router {
        Router::new()
            .route(BERICHTEN_PATH, post(receive::<I>))
            .fallback(async || Problem::not_found())
            .method_not_allowed_fallback(async || Problem::method_not_allowed())
            .layer(axum::middleware::from_fn(log_access))
            .with_state(Arc::new(self))
    }
}

async fn receive<I: Intake>(State(exchange): State<Arc<Exchange<I>>>, request: Request) -> Response {
    let partner = match asking(&exchange.directory, &request) {
        Ok(partner) => partner,
        Err(problem) => return problem.into_response(),
    };
    let origin = request.extensions().get::<Peer>().map(|peer| peer.address.ip());
    let mut response = match take(&exchange, partner.clone(), request).await {
        Ok(receipt) => accepted(&receipt),
        Err(problem) => {
            if problem.kind() == WRONG_SENDER {
                tracing::warn!(code = "SenderNotAllowed", partner = %partner, peer = origin.map(tracing::field::display), "A message was refused: the certificate does not speak for its sender.");
            }
            problem.into_response()
        }
    };
    response.extensions_mut().insert(Asker(partner));
    response
}

async fn take<I: Intake>(
    exchange: &Exchange<I>,
    partner: PartnerId,
    request: Request,
) -> Result<Receipt, Problem> {
    exchange.pacer.admit(&partner)?;
    shed(exchange.intake.is_busy(), "exchange")?;
    let (head, body) = request.into_parts();
    if !content_is(&head.headers, APPLICATION_XML) {
        return Err(Problem::unsupported_media_type(APPLICATION_XML));
    }
    let received = exchange.pacer.read(&partner, &exchange.bodies, &head.headers, body).await?;
    let inbound = Inbound {
        partner,
        route: Route::Direct,
        bytes: received.bytes.clone(),
        key: None,
        bevestigd: Vec::new(),
    };
    Ok(exchange.intake.receive(inbound).await?)
}

#[derive(Serialize)]
struct Ontvangst<'a> {
    ontvangst: &'a str,
    sha256: String,
    dubbel: bool,
}

/// The answer to a message that is on disk.
pub(crate) fn accepted(receipt: &Receipt) -> Response {
    let body = Ontvangst { ontvangst: &receipt.id, sha256: hex(&receipt.sha256), dubbel: receipt.dubbel };
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    response.extensions_mut().insert(access::Given(receipt.id.clone()));
    response
}

#[cfg(test)]
pub(crate) mod tests;
