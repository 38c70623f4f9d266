//! HTTPS callers: with a client certificate, or with a token.

use std::time::Duration;

use iwmo_gateway::pki::{DemoAuthority, Identity, client_config};
use serde_json::Value;

/// For one call as a whole; longer than any answer takes.
const CALL_TIME: Duration = Duration::from_secs(10);

/// The path of the exchange.
pub(crate) const UITWISSELING: &str = "/uitwisseling/v1/berichten";
/// The path of the StUF endpoint.
pub(crate) const GGK: &str = "/uitwisseling/v1/ggk";
/// The path of the backoffice API.
pub(crate) const BERICHTEN: &str = "/api/v1/berichten";

/// Calls a daemon.
#[derive(Clone)]
pub(crate) struct Caller {
    client: reqwest::Client,
    token: Option<String>,
    path: &'static str,
}

/// What the daemon answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) retry_after: Option<u64>,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// The answer, if it has this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The problem document, if it is one of this status and kind.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, kind: &str) -> Value {
        let answer = self.is(status);
        assert_eq!(answer.content_type, "application/problem+json");
        assert_eq!(answer.body["type"], format!("urn:iwmo:probleem:{kind}"), "{}", answer.text);
        assert_eq!(answer.body["status"], status);
        answer.body
    }

    /// The receipt, if the message was taken.
    #[track_caller]
    pub(crate) fn receipt(self) -> (String, bool) {
        let answer = self.is(202);
        assert_eq!(answer.content_type, "application/json");
        let id = answer.body["ontvangst"].as_str().unwrap().to_owned();
        (id, answer.body["dubbel"].as_bool().unwrap())
    }
}

impl Caller {
    /// A caller of the exchange, with a client certificate or without.
    pub(crate) fn partner(identity: Option<&Identity>, authority: &DemoAuthority) -> Self {
        Self { client: client(identity, authority), token: None, path: UITWISSELING }
    }

    /// A caller of the backoffice API.
    pub(crate) fn backoffice(token: Option<&str>, authority: &DemoAuthority) -> Self {
        Self { client: client(None, authority), token: token.map(str::to_owned), path: BERICHTEN }
    }

    /// A caller of the backoffice API that shows a certificate.
    pub(crate) fn backoffice_with(
        identity: Option<&Identity>,
        token: Option<&str>,
        authority: &DemoAuthority,
    ) -> Self {
        Self { client: client(identity, authority), token: token.map(str::to_owned), path: BERICHTEN }
    }

    /// Posts a message.
    pub(crate) async fn post(&self, address: &str, bytes: &[u8]) -> Answer {
        self.try_post(address, bytes).await.unwrap()
    }

    /// Posts a message; an error when there was no answer.
    pub(crate) async fn try_post(&self, address: &str, bytes: &[u8]) -> reqwest::Result<Answer> {
        self.try_post_as(address, "application/xml", bytes).await
    }

    /// Posts anything.
    pub(crate) async fn post_as(&self, address: &str, content_type: &str, bytes: &[u8]) -> Answer {
        self.try_post_as(address, content_type, bytes).await.unwrap()
    }

    /// Posts an envelope in SOAP to the StUF endpoint.
    pub(crate) async fn post_soap(&self, address: &str, bytes: &[u8]) -> Answer {
        let request = self.client.post(format!("https://{address}{GGK}"));
        let request = request.header("content-type", "text/xml; charset=utf-8");
        self.send(request.body(bytes.to_vec())).await.unwrap()
    }

    /// Posts to a path, under a key if there is one; messages are XML and everything else JSON.
    pub(crate) async fn post_to(&self, address: &str, path: &str, key: Option<&str>, bytes: &[u8]) -> Answer {
        let content_type = if bytes.starts_with(b"<") { "application/xml" } else { "application/json" };
        let mut request =
            self.client.post(format!("https://{address}{path}")).header("content-type", content_type);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(bytes.to_vec())).await.unwrap()
    }

    async fn try_post_as(&self, address: &str, content_type: &str, bytes: &[u8]) -> reqwest::Result<Answer> {
        let request = self.client.post(format!("https://{address}{}", self.path));
        self.send(request.header("content-type", content_type).body(bytes.to_vec())).await
    }

    /// Asks for something.
    pub(crate) async fn get(&self, address: &str, path: &str) -> Answer {
        self.send(self.client.get(format!("https://{address}{path}"))).await.unwrap()
    }

    /// Asks for something over plain HTTP.
    pub(crate) async fn get_plain(&self, address: &str, path: &str) -> Answer {
        self.send(self.client.get(format!("http://{address}{path}"))).await.unwrap()
    }

    async fn send(&self, mut request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let content_type = header("content-type").unwrap_or_default().to_owned();
        let retry_after = header("retry-after").map(|seconds| seconds.parse().unwrap());
        let text = String::from_utf8_lossy(&response.bytes().await?).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, content_type, retry_after, text, body })
    }
}

fn client(identity: Option<&Identity>, authority: &DemoAuthority) -> reqwest::Client {
    let tls = client_config(identity, &[authority.certificate()]).unwrap();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(CALL_TIME).build().unwrap()
}
