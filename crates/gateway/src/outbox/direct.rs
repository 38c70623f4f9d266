//! The direct route: `POST` to the partner's exchange over mutual TLS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header;
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use tokio::sync::watch;

use super::{Attempt, Parcel, Route, reply};
use crate::config::{Oin, Partner};
use crate::exchange::{APPLICATION_XML, BERICHTEN_PATH, DELIVERY_HEADER};
use crate::traces::TRACEPARENT;

/// For setting up a connection, TLS included.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Idle connections kept for each partner.
const IDLE_CONNECTIONS: usize = 8;
/// Silence after which an idle connection is closed; less than servers usually wait, so that a request seldom
/// meets a connection that the partner is just closing.
const IDLE_TIME: Duration = Duration::from_secs(30);

/// Why the direct route cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTPS client cannot be made: {0}")]
pub struct DirectError(#[from] reqwest::Error);

/// Delivers with `POST` over mutual TLS.
#[derive(Clone, Debug)]
pub struct DirectRoute {
    caller: watch::Receiver<Caller>,
}

/// What calls partners, with our certificate and what we trust.
#[derive(Clone, Debug)]
pub struct Caller {
    client: reqwest::Client,
    /// For servers whose certificate must have an OIN: that is judged before anything is sent.
    of_oin: Arc<BTreeMap<Oin, reqwest::Client>>,
    pub(super) attempt: Duration,
}

impl Caller {
    /// Returns a caller with this TLS; `attempt` is the time for one attempt as a whole.
    ///
    /// # Errors
    ///
    /// [`DirectError`] when the client cannot be made from this TLS.
    pub fn new(tls: ClientConfig, attempt: Duration) -> Result<Self, DirectError> {
        Ok(Self { client: https_client(tls, attempt)?, of_oin: Arc::default(), attempt })
    }

    /// Adds the TLS for servers with these OINs.
    ///
    /// # Errors
    ///
    /// [`DirectError`] when a client cannot be made from it.
    pub fn with_oins(mut self, tls: BTreeMap<Oin, ClientConfig>) -> Result<Self, DirectError> {
        let clients = tls.into_iter().map(|(oin, tls)| Ok((oin, https_client(tls, self.attempt)?)));
        self.of_oin = Arc::new(clients.collect::<Result<_, DirectError>>()?);
        Ok(self)
    }

    /// Returns what calls a partner; never one that looks less closely than the partner asks for.
    pub(super) fn client_of(&self, partner: &Partner) -> Result<&reqwest::Client, Attempt> {
        match &partner.server_oin {
            None => Ok(&self.client),
            Some(oin) => self.of_oin.get(oin).ok_or_else(|| Attempt::Retry {
                reason: "the OIN of the partner's server is not in force yet".to_owned(),
                after: None,
            }),
        }
    }
}

impl DirectRoute {
    /// Returns a route with this TLS; `attempt` is the time for one attempt as a whole.
    ///
    /// It follows no redirects, which would carry personal data to an address nobody configured, and
    /// uses no proxy from the environment.
    ///
    /// # Errors
    ///
    /// [`DirectError`] when the client cannot be made from this TLS.
    pub fn new(tls: ClientConfig, attempt: Duration) -> Result<Self, DirectError> {
        Ok(Self::following(watch::channel(Caller::new(tls, attempt)?).1))
    }

    /// Returns a route by a caller that may change; a new one counts for attempts from then on.
    #[must_use]
    pub fn following(caller: watch::Receiver<Caller>) -> Self {
        Self { caller }
    }

    /// Returns who calls now.
    pub(super) fn caller(&self) -> Caller {
        self.caller.borrow().clone()
    }
}

/// Returns an HTTPS client with this TLS; `attempt` is the time for one request as a whole.
///
/// # Errors
///
/// [`DirectError`] when the client cannot be made from this TLS.
pub(crate) fn https_client(tls: ClientConfig, attempt: Duration) -> Result<reqwest::Client, DirectError> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .user_agent(concat!("iwmo/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIME.min(attempt))
        .timeout(attempt)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_TIME)
        .build()?;
    Ok(client)
}

impl Route for DirectRoute {
    async fn deliver(&self, parcel: &Parcel, partner: &Partner) -> Attempt {
        let Some(url) = &partner.url else {
            return Attempt::Retry { reason: "the partner has no address".to_owned(), after: None };
        };
        let caller = self.caller();
        let client = match caller.client_of(partner) {
            Ok(client) => client,
            Err(later) => return later,
        };
        let request = client
            .post(format!("{}{BERICHTEN_PATH}", url.trim_end_matches('/')))
            .header(header::CONTENT_TYPE, APPLICATION_XML)
            .header(header::ACCEPT, "application/json, application/problem+json")
            .header(DELIVERY_HEADER, parcel.id.to_string())
            .body(parcel.bytes.clone());
        match traced(request, parcel).send().await {
            Ok(response) => reply::read(response, &parcel.bytes).await,
            Err(error) => Attempt::Retry { reason: failure(caller.attempt, &error), after: None },
        }
    }
}

/// Tells the partner of the span that the attempt is, when there are traces.
pub(super) fn traced(request: reqwest::RequestBuilder, parcel: &Parcel) -> reqwest::RequestBuilder {
    match &parcel.traceparent {
        Some(trace) => request.header(TRACEPARENT, trace),
        None => request,
    }
}

/// What went wrong before there was an answer. The address stays out of it.
pub(super) fn failure(attempt: Duration, error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} seconds", attempt.as_secs());
    }
    let what = if error.is_connect() { "no connection" } else { "the connection broke" };
    // The innermost cause is the one that tells: a refused connection, a certificate.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("{what}: {cause}")
}
