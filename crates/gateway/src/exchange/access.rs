//! One line a request, without personal data: no body, no path that we do not know, no header.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::engine::PartnerId;
use crate::listener::Peer;
use crate::metrics::{HTTP_ANSWER_DURATION, HTTP_ANSWERED_REQUESTS};
use crate::problem::ProblemKind;
use crate::traces;

/// Travels with a response: who asked.
#[derive(Clone, Debug)]
pub(crate) struct Asker(pub(crate) PartnerId);

/// Travels with a response: the receipt given.
#[derive(Clone, Debug)]
pub(crate) struct Given(pub(crate) String);

/// Writes the line when the answer is known.
pub(crate) async fn log_access(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let address = request.extensions().get::<Peer>().map(|peer| peer.address.ip());
    // The pattern of the route, never what the peer typed.
    let path = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let response = match traces::recorder() {
        None => next.run(request).await,
        Some(_) => {
            let headers = request.headers().clone();
            traces::called(&headers, next.run(request)).await
        }
    };
    let elapsed = start.elapsed();
    let pattern = path.as_ref().map_or("unknown", MatchedPath::as_str);
    let known_method = if method.as_str().len() <= 7 { method.as_str() } else { "OTHER" };
    HTTP_ANSWERED_REQUESTS.count(&[pattern, known_method, response.status().as_str()]);
    HTTP_ANSWER_DURATION.observe(&[pattern], elapsed);
    let extensions = response.extensions();
    tracing::debug!(
        peer = address.map(tracing::field::display),
        partner = extensions.get::<Asker>().map(|asker| tracing::field::display(&asker.0)),
        method = known_method,
        path = pattern,
        status = response.status().as_u16(),
        problem = extensions.get::<ProblemKind>().map(|kind| kind.0),
        trace = extensions.get::<Given>().and_then(|given| traces::of_entry(&given.0)),
        ontvangst = extensions.get::<Given>().map(|given| given.0.as_str()),
        microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "A request was answered."
    );
    response
}
