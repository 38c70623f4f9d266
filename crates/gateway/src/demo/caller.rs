//! How a simulated partner, and the simulated backoffice, call the gateway: HTTPS, as anybody would.

use std::time::Duration;

use bytes::Bytes;
use rustls::pki_types::CertificateDer;
use serde_json::Value;

use super::DemoError;
use crate::outbox::https_client;
use crate::pki::{self, Identity};

/// For one call as a whole.
const CALL_TIME: Duration = Duration::from_secs(10);

/// Calls one listener of the gateway.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What the gateway answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body, when it is JSON.
    pub(super) body: Value,
}

impl Caller {
    /// A caller with a client certificate, for the exchange.
    pub(super) fn partner(
        base: String,
        identity: &Identity,
        authority: CertificateDer<'static>,
    ) -> Result<Self, DemoError> {
        let tls = pki::client_config(Some(identity), &[authority])?;
        Ok(Self { client: https_client(tls, CALL_TIME)?, base, token: None })
    }

    /// A caller with a bearer token, for the backoffice API.
    pub(super) fn backoffice(
        base: String,
        token: String,
        authority: CertificateDer<'static>,
    ) -> Result<Self, DemoError> {
        let tls = pki::client_config(None, &[authority])?;
        Ok(Self { client: https_client(tls, CALL_TIME)?, base, token: Some(token) })
    }

    /// Posts a message.
    pub(super) async fn post(&self, path: &str, bytes: Bytes) -> Result<Answer, DemoError> {
        let mut request = self.client.post(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.header("content-type", "application/xml").body(bytes).send().await?;
        let status = response.status().as_u16();
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
        Ok(Answer { status, body })
    }
}
