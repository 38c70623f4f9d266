//! The backoffice API over real TLS.

mod acts;
mod api;
mod eigen_bijdrage;
mod feed;
mod idempotency;
mod metrics;
mod played;
mod werk;

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::Path;
use axum::routing::get;
use serde_json::json;
use tokio::sync::watch;

use super::*;
use crate::config::Token;
use crate::exchange::tests::{Answer, BOUNDS, Script};
use crate::hex::hex;
use crate::listener::{Listener, Stopper};
use crate::pki::{DemoAuthority, client_config, server_config};
use sha2::{Digest, Sha256};

struct House {
    client: reqwest::Client,
    address: SocketAddr,
    intake: Arc<Script>,
    tokens: watch::Sender<Arc<Vec<Token>>>,
    _stopper: Stopper,
}

fn token(name: &str, secret: &str, gemeente: &str) -> Token {
    let gemeenten = vec![gemeente.parse().unwrap()];
    Token { name: name.to_owned(), sha256: Sha256::digest(secret).into(), gemeenten }
}

/// Stands for the conversion of the codec.
fn convert(json: &[u8]) -> Result<Vec<u8>, Refusal> {
    match json {
        b"{}" => Ok(b"<from-json/>".to_vec()),
        _ => Err(Refusal::Invalid(Box::default())),
    }
}

async fn whoami(Extension(principal): Extension<Principal>) -> String {
    let [doetinchem, voorst] = ["0222", "0285"].map(|code| principal.may_see(code.parse().unwrap()));
    json!({ "name": principal.name, "0222": doetinchem, "0285": voorst }).to_string()
}

async fn house() -> House {
    let authority = DemoAuthority::new("Test CA").unwrap();
    let (_, tls) = watch::channel(server_config(&authority.server("gateway").unwrap().identity).unwrap());
    let all = vec![token("one", "secret-one", "0222"), token("two", "secret-two", "0285")];
    let (tokens, source) = watch::channel(Arc::new(all));
    let listener = Listener::bind("backoffice", ([127, 0, 0, 1], 0).into(), Some(tls), BOUNDS).await.unwrap();
    let address = listener.address().unwrap();
    let intake = Arc::new(Script::default());
    let bodies = BodyReader::new(1024, Duration::from_secs(5), 0);
    let backoffice = Backoffice::new(Arc::clone(&intake), source, bodies, Arc::new(convert));
    let more = Router::new()
        .route("/api/v1/wie", get(whoami))
        .route("/api/v1/getal/{number}", get(async |Path(number): Path<u8>| number.to_string()))
        .route(BERICHTEN_PATH, get(async || "a list"));
    let (stopper, stop) = Stopper::new();
    tokio::spawn(listener.serve(backoffice.router(more), stop));
    let tls = client_config(None, &[authority.certificate()]).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap();
    House { client, address, intake, tokens, _stopper: stopper }
}

impl House {
    fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    async fn post(&self, secret: &str, content_type: &str, body: &'static str) -> Answer {
        let request = self.client.post(self.url(BERICHTEN_PATH)).bearer_auth(secret);
        Answer::of(request.header("content-type", content_type).body(body).send().await.unwrap()).await
    }

    async fn whoami(&self, authorization: Option<&str>) -> Answer {
        let mut request = self.client.get(self.url("/api/v1/wie"));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        Answer::of(request.send().await.unwrap()).await
    }
}

#[tokio::test]
async fn messages_come_in_as_xml_or_json() {
    let house = house().await;
    let answer = house.post("secret-one", "application/xml", "<message/>").await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.body, json!({ "ontvangst": "0222:1", "sha256": hex(&[0xab; 32]), "dubbel": false }));
    assert_eq!(house.post("secret-two", "application/json", "{}").await.status, 202);
    assert_eq!(house.post("secret-two", "application/json", "[]").await.problem(), "422 ongeldig-bericht");
    assert_eq!(house.post("secret-two", "text/plain", "x").await.problem(), "415 inhoudstype");
    let taken = house.intake.taken.lock().unwrap();
    assert_eq!(taken[0], (PartnerId("one".into()), "<message/>".into()));
    assert_eq!(taken[1], (PartnerId("two".into()), "<from-json/>".into()));
    assert_eq!(taken.len(), 2);
}

#[tokio::test]
async fn only_a_known_token_gets_in() {
    let house = house().await;
    let bad = [
        None,
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer secret-three"),
        Some("Bearer secret-on"),
        Some("Bearer secret-one-"),
        Some("Basic secret-one"),
        Some("secret-one"),
    ];
    for authorization in bad {
        assert_eq!(house.whoami(authorization).await.problem(), "401 niet-aangemeld", "{authorization:?}");
    }
    // The hash is no token.
    let hash = hex(&Sha256::digest("secret-one"));
    assert_eq!(house.whoami(Some(&format!("Bearer {hash}"))).await.status, 401);
    assert_eq!(house.whoami(Some(&format!("Bearer {}", "x".repeat(600)))).await.status, 401);
    assert_eq!(house.post("secret-three", "application/xml", "<message/>").await.status, 401);
    assert!(house.intake.taken.lock().unwrap().is_empty());
    // Without a token nobody learns which paths there are.
    let nowhere = house.client.get(house.url("/nowhere")).send().await.unwrap();
    assert_eq!(nowhere.headers()["www-authenticate"], "Bearer realm=\"iwmo\"");
    assert_eq!(nowhere.status().as_u16(), 401);
}

/// Tools that make a client of it fetch it before there is a token.
#[tokio::test]
async fn the_openapi_document_is_open_to_everybody() {
    let house = house().await;
    let described =
        |request: reqwest::RequestBuilder| async { Answer::of(request.send().await.unwrap()).await };
    let url = house.url("/api/v1/openapi.json");
    let new = described(house.client.get(&url)).await;
    assert_eq!((new.status, &new.body), (200, &serde_json::to_value(document()).unwrap()));
    let old = described(house.client.get(&url).bearer_auth("no token of ours")).await;
    assert_eq!(old.body, new.body);
    assert_eq!(described(house.client.post(&url)).await.problem(), "405 methode");
    assert_eq!(described(house.client.get(house.url("/api/v1/"))).await.problem(), "401 niet-aangemeld");
}

#[tokio::test]
async fn a_token_opens_its_own_gemeenten() {
    let house = house().await;
    let one = house.whoami(Some("Bearer secret-one")).await;
    assert_eq!(one.body, json!({ "name": "one", "0222": true, "0285": false }));
    let two = house.whoami(Some("bearer secret-two")).await;
    assert_eq!(two.body, json!({ "name": "two", "0222": false, "0285": true }));
}

#[tokio::test]
async fn a_token_can_be_withdrawn_while_it_runs() {
    let house = house().await;
    assert_eq!(house.whoami(Some("Bearer secret-one")).await.status, 200);
    house.tokens.send_replace(Arc::new(vec![token("two", "secret-two", "0285")]));
    assert_eq!(house.whoami(Some("Bearer secret-one")).await.status, 401);
}

#[tokio::test]
async fn added_routes_share_a_path_and_unknown_ones_are_problems() {
    let house = house().await;
    let get = house.client.get(house.url(BERICHTEN_PATH)).bearer_auth("secret-one").send().await.unwrap();
    assert_eq!(get.text().await.unwrap(), "a list");
    let delete =
        house.client.delete(house.url(BERICHTEN_PATH)).bearer_auth("secret-one").send().await.unwrap();
    assert_eq!(Answer::of(delete).await.problem(), "405 methode");
    let nowhere = house.client.get(house.url("/nowhere")).bearer_auth("secret-one").send().await.unwrap();
    assert_eq!(Answer::of(nowhere).await.problem(), "404 niet-gevonden");
}

/// What an extractor refuses is a problem too, and does not repeat what was sent.
#[tokio::test]
async fn refused_parameters_are_problems() {
    let house = house().await;
    let url = house.url("/api/v1/getal/999990019");
    let answer = Answer::of(house.client.get(url).bearer_auth("secret-one").send().await.unwrap()).await;
    assert_eq!(answer.problem(), "400 verzoek");
    assert!(!answer.body.to_string().contains("999990019"), "{answer:?}");
    let good = house.client.get(house.url("/api/v1/getal/7")).bearer_auth("secret-one").send().await.unwrap();
    assert_eq!(good.text().await.unwrap(), "7");
}

#[test]
fn tokens_are_not_in_debug_output() {
    let token = token("one", "secret-one", "0222");
    let shown = format!("{token:?}");
    assert!(shown.contains("one") && !shown.contains("sha256"), "{shown}");
}
