//! The listener for operators and monitoring: plain HTTP, on loopback.
//!
//! `/healthz` says that the process answers; `/readyz` whether it can do its work, with the reasons if
//! not. Nothing here needs a token, so nothing here tells about messages or people. A request must name
//! this machine as its host, so that a web page elsewhere cannot read along through a name that
//! resolves to loopback.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::problem::Problem;

/// Knows whether the gateway can do its work.
pub trait Readiness: Send + Sync + 'static {
    /// Returns why it cannot, one sentence each, without personal data; nothing when it can.
    fn reasons(&self) -> Vec<String>;
}

impl<F: Fn() -> Vec<String> + Send + Sync + 'static> Readiness for F {
    fn reasons(&self) -> Vec<String> {
        self()
    }
}

/// Returns the routes, to be served by a [`crate::listener::Listener`] without TLS.
///
/// `more` has routes with their whole paths, under the same protection.
pub fn router(readiness: Arc<dyn Readiness>, more: Router) -> Router {
    Router::new()
        .route("/healthz", get(async || Json(json!({ "status": "ok" }))))
        .route("/readyz", get(ready))
        .with_state(readiness)
        .merge(more)
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(middleware::from_fn(local_host))
}

async fn ready(State(readiness): State<Arc<dyn Readiness>>) -> Response {
    let reasons = readiness.reasons();
    let (code, status) = match reasons.is_empty() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    (code, Json(json!({ "status": status, "reasons": reasons }))).into_response()
}

async fn local_host(request: Request, next: Next) -> Response {
    if names_address(request.headers()) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "verkeerde-host", "Ask by IP address or as localhost")
        .into_response()
}

/// A host that is an address or `localhost` cannot have been resolved by someone else.
fn names_address(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests;
