//! The operations listener over plain HTTP.

use std::sync::Mutex;

use super::*;
use crate::exchange::tests::{Answer, BOUNDS};
use crate::listener::{Listener, Stopper};

#[tokio::test]
async fn readiness_has_reasons() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&reasons);
    let readiness = move || told.lock().unwrap().clone();
    let listener = Listener::bind("ops", ([127, 0, 0, 1], 0).into(), None, BOUNDS).await.unwrap();
    let address = listener.address().unwrap();
    let (_stopper, stop) = Stopper::new();
    tokio::spawn(listener.serve(router(Arc::new(readiness), Router::new()), stop));
    let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls()).build().unwrap();
    let ask = async |path: &str| {
        Answer::of(client.get(format!("http://{address}{path}")).send().await.unwrap()).await
    };
    assert_eq!(ask("/healthz").await.body, json!({ "status": "ok" }));
    let ready = ask("/readyz").await;
    assert_eq!((ready.status, ready.body), (200, json!({ "status": "ready", "reasons": [] })));
    reasons.lock().unwrap().push("The disk is full.".to_owned());
    let ready = ask("/readyz").await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.body, json!({ "status": "not ready", "reasons": ["The disk is full."] }));
    assert_eq!(ask("/healthz").await.status, 200, "a full disk is no reason to kill the process");
    assert_eq!(ask("/metrics").await.problem(), "404 niet-gevonden");
    let posted = client.post(format!("http://{address}/healthz")).send().await.unwrap();
    assert_eq!(Answer::of(posted).await.problem(), "405 methode");
    let rebound = client.get(format!("http://{address}/readyz")).header("host", "evil.example:80");
    assert_eq!(Answer::of(rebound.send().await.unwrap()).await.problem(), "421 verkeerde-host");
}

/// The client must have some TLS, though it is not used here.
fn tls() -> rustls::ClientConfig {
    let authority = crate::pki::DemoAuthority::new("Test CA").unwrap();
    crate::pki::client_config(None, &[authority.certificate()]).unwrap()
}

#[test]
fn a_host_is_this_machine_or_not() {
    let names = |host: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        names_address(&headers)
    };
    for good in
        ["localhost", "LOCALHOST:8445", "127.0.0.1", "127.0.0.1:8445", "[::1]:8445", "[::1]", "10.0.0.5:80"]
    {
        assert!(names(good), "{good}");
    }
    for bad in ["evil.example", "evil.example:80", "localhost.evil.example", "", "127.0.0.1.evil:80"] {
        assert!(!names(bad), "{bad}");
    }
    assert!(names_address(&HeaderMap::new()));
}
