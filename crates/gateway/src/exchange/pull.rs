//! What a partner that cannot receive fetches by itself.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /uitwisseling/v1/berichten?na=<cursor>&aantal=<n>` | what waits for the partner, oldest first |
//! | `GET /uitwisseling/v1/berichten/{id}` | the message, byte for byte |
//! | `POST /uitwisseling/v1/berichten/{id}/ontvangen` | 204: it is recorded that the partner has it; then it waits no more |
//!
//! An id is `GEMEENTE-SEQ-N`. A message of another partner does not exist (404). What is confirmed leaves the list, so
//! a partner begins each round without a cursor.

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;

use super::{APPLICATION_XML, Asker, BERICHTEN_PATH, DirectorySource, Pacer, access, directory};
use crate::clock::Moment;
use crate::engine::{Confirmed, Engine, Fetchable, OutgoingId, PartnerId, Place};
use crate::hex::hex;
use crate::ledger::LedgerError;
use crate::problem::Problem;

/// Messages of a page, if the partner does not say how many.
const PAGE_MESSAGES: usize = 50;
/// Messages of a page at most.
const PAGE_MESSAGES_MAX: usize = 500;
/// Bytes of a place: moment, gemeente, number of the entry, place in the entry.
const PLACE_BYTES: usize = 8 + 4 + 8 + 2;
/// After which a partner may ask again while the store cannot be read or written.
const RETRY_AFTER_SECONDS: u32 = 30;

/// The header with the digest of a message that is fetched.
pub const DIGEST_HEADER: &str = "iwmo-sha256";

/// What fetching works with.
#[derive(Clone)]
pub struct Pull {
    engine: Engine,
    directory: DirectorySource,
    pacer: Arc<Pacer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    na: Option<String>,
    aantal: Option<usize>,
}

impl Pull {
    /// Returns the fetching side for the partners in the directory.
    #[must_use]
    pub fn new(engine: Engine, directory: DirectorySource, pacer: Arc<Pacer>) -> Self {
        Self { engine, directory, pacer }
    }

    /// Returns the routes, to be merged with those of the [`super::Exchange`].
    pub fn router(self) -> Router {
        Router::new()
            .route(BERICHTEN_PATH, get(list))
            .route("/uitwisseling/v1/berichten/{id}", get(fetch))
            .route("/uitwisseling/v1/berichten/{id}/ontvangen", post(confirm))
            .layer(axum::middleware::from_fn(access::log_access))
            .with_state(self)
    }

    fn admit(&self, request: &Request) -> Result<PartnerId, Problem> {
        let partner = directory::asking(&self.directory, request)?;
        self.pacer.admit(&partner)?;
        Ok(partner)
    }
}

async fn list(
    State(pull): State<Pull>,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Response {
    let answer = |pull: &Pull| -> Result<(PartnerId, Response), Problem> {
        let partner = pull.admit(&request)?;
        let bad = |detail: &str| {
            Problem::new(StatusCode::BAD_REQUEST, "verzoek", "The request is not understood").detail(detail)
        };
        let known = "known are `na` and `aantal`, a number from 1 to 500, each once";
        let Query(query) = query.map_err(|_| bad(known))?;
        let limit = query.aantal.unwrap_or(PAGE_MESSAGES);
        if !(1..=PAGE_MESSAGES_MAX).contains(&limit) {
            return Err(bad("`aantal` is a number from 1 to 500"));
        }
        let after = match query.na.as_deref() {
            None | Some("") => None,
            Some(text) => {
                Some(place(text).ok_or_else(|| bad("`na` is the value of `volgende` of the page before"))?)
            }
        };
        let page = pull.engine.fetchable(&partner, after.as_ref(), limit).map_err(|error| unread(&error))?;
        let berichten: Vec<_> = page.messages.iter().map(entry).collect();
        let volgende = page.next.as_ref().map(cursor);
        Ok((partner, Json(json!({ "berichten": berichten, "volgende": volgende })).into_response()))
    };
    told(answer(&pull))
}

async fn fetch(State(pull): State<Pull>, Path(id): Path<String>, request: Request) -> Response {
    let answer = || -> Result<(PartnerId, Response), Problem> {
        let partner = pull.admit(&request)?;
        let id = outgoing(&id).ok_or_else(Problem::not_found)?;
        let found = pull.engine.fetch(&partner, &id).map_err(|error| unread(&error))?;
        let found = found.ok_or_else(Problem::not_found)?;
        let digest = HeaderValue::from_str(&hex(&found.sha256()));
        let mut response = found.bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(APPLICATION_XML));
        if let Ok(digest) = digest {
            headers.insert(HeaderName::from_static(DIGEST_HEADER), digest);
        }
        Ok((partner, response))
    };
    told(answer())
}

async fn confirm(State(pull): State<Pull>, Path(id): Path<String>, request: Request) -> Response {
    let admitted = pull.admit(&request);
    // Nothing is read from the body: the path says it all.
    drop(request);
    let answer = async {
        let partner = admitted?;
        let id = outgoing(&id).ok_or_else(Problem::not_found)?;
        let confirmed = pull.engine.fetched(&partner, id).await;
        match confirmed.map_err(|error| {
            tracing::warn!(reason = error.reason, "A confirmation could not be stored.");
            Problem::unavailable("the store cannot commit now", RETRY_AFTER_SECONDS)
        })? {
            Confirmed::Recorded => Ok((partner, StatusCode::NO_CONTENT.into_response())),
            Confirmed::Unknown => Err(Problem::not_found()),
            Confirmed::Withdrawn => Err(Problem::new(
                StatusCode::CONFLICT,
                "ingetrokken",
                "The message was taken back before it was confirmed",
            )),
        }
    };
    told(answer.await)
}

fn told(answer: Result<(PartnerId, Response), Problem>) -> Response {
    match answer {
        Ok((partner, mut response)) => {
            let no_store = HeaderValue::from_static("no-store");
            response.headers_mut().insert(header::CACHE_CONTROL, no_store);
            response.extensions_mut().insert(Asker(partner));
            response
        }
        Err(problem) => problem.into_response(),
    }
}

fn unread(error: &LedgerError) -> Problem {
    tracing::error!(code = "OutboxReadError", %error, "The outbox could not be read.");
    Problem::unavailable("the store cannot be read now", RETRY_AFTER_SECONDS)
}

fn entry(found: &Fetchable) -> serde_json::Value {
    json!({
        "id": name(&found.id),
        "bericht": found.message,
        "gemaakt": Moment(found.made),
        "bytes": found.bytes.len(),
        "sha256": hex(&found.sha256()),
    })
}

/// The name of a message in a path, where it can have no `:` or `/`.
fn name(id: &OutgoingId) -> String {
    format!("{}-{}-{}", String::from_utf8_lossy(&id.gemeente), id.seq, id.index)
}

fn outgoing(text: &str) -> Option<OutgoingId> {
    let mut parts = text.splitn(3, '-');
    let (gemeente, seq, index) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if ![gemeente, seq, index].into_iter().all(digits) {
        return None;
    }
    let gemeente = gemeente.as_bytes().try_into().ok()?;
    Some(OutgoingId { gemeente, seq: seq.parse().ok()?, index: index.parse().ok()? })
}

fn cursor((moment, id): &Place) -> String {
    let mut bytes = Vec::with_capacity(PLACE_BYTES);
    bytes.extend_from_slice(&moment.to_be_bytes());
    bytes.extend_from_slice(&id.gemeente);
    bytes.extend_from_slice(&id.seq.to_be_bytes());
    bytes.extend_from_slice(&id.index.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn place(text: &str) -> Option<Place> {
    let bytes: [u8; PLACE_BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let (moment, rest) = bytes.split_first_chunk::<8>()?;
    let (gemeente, rest) = rest.split_first_chunk::<4>()?;
    let (seq, index) = rest.split_first_chunk::<8>()?;
    let (seq, index) = (u64::from_be_bytes(*seq), u16::from_be_bytes(index.try_into().ok()?));
    Some((i64::from_be_bytes(*moment), OutgoingId { gemeente: *gemeente, seq, index }))
}
