//! A gateway that has been through the demonstration, started again, with tokens for one gemeente and for all.
//!
//! The partners of the demonstration are gone, so what is to be sent now waits.

use std::path::PathBuf;

use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::clock::SystemClock;
use crate::config;
use crate::daemon::Daemon;
use crate::demo::{self, Narrator};

/// The token of gemeente 0285 alone.
const VOORST: &str = "secret-voorst";

pub(super) struct Played {
    folder: TempDir,
    daemon: Option<Daemon>,
    client: reqwest::Client,
    pub(super) all: String,
    pub(super) voorst: String,
}

impl Played {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        // The demonstration has a runtime of its own: when that ends, nothing of it holds the store any more.
        let play = move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(demo::play(&data, true, Narrator::new(|_| {}))).unwrap()
        };
        let report =
            tokio::task::spawn_blocking(move || std::thread::spawn(play).join().unwrap()).await.unwrap();
        assert!(report.is_good(), "{report:?}");
        let all = std::fs::read_to_string(folder.path().join("tls/backoffice-token")).unwrap();
        let pem = std::fs::read(folder.path().join("tls/ca.pem")).unwrap();
        let authority = rustls::pki_types::CertificateDer::from_pem_slice(&pem).unwrap();
        let tls = client_config(None, &[authority]).unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap();
        let mut played = Self { folder, daemon: None, client, all, voorst: VOORST.to_owned() };
        played.restart().await;
        played
    }

    /// Stops the gateway, if it runs, and starts it again.
    pub(super) async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    pub(super) async fn restart_with(&mut self, change: impl FnOnce(&mut config::Config)) {
        self.stop().await;
        let mut config = config::check(&self.file("iwmo.toml")).unwrap().config.unwrap();
        change(&mut config);
        config.tokens.push(token("voorst", VOORST, "0285"));
        config.ops = Some(([127, 0, 0, 1], 0).into());
        self.daemon = Some(Daemon::start(config, Arc::new(SystemClock), &mut |_| {}).await.unwrap());
    }

    pub(super) async fn stop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.stop().await;
        }
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(super) fn url(&self, path: &str) -> String {
        let address = self.daemon.as_ref().unwrap().backoffice().unwrap();
        format!("https://{address}/api/v1{path}")
    }

    pub(super) fn get(&self, secret: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.get(self.url(path)).bearer_auth(secret)
    }

    pub(super) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.url(path)).bearer_auth(&self.all)
    }

    /// What monitoring sees.
    pub(super) async fn metrics(&self) -> String {
        let address = self.daemon.as_ref().unwrap().ops().unwrap();
        let answer = self.client.get(format!("http://{address}/metrics")).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        answer.text().await.unwrap()
    }

    /// Asks with the token of all gemeenten.
    pub(super) async fn ask(&self, path: &str) -> Answer {
        Answer::of(self.get(&self.all, path).send().await.unwrap()).await
    }

    /// Asks with the token of one gemeente.
    pub(super) async fn ask_voorst(&self, path: &str) -> Answer {
        Answer::of(self.get(&self.voorst, path).send().await.unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Answer {
        let mut request =
            self.request(reqwest::Method::POST, path).header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        Answer::of(request.body(body.to_string()).send().await.unwrap()).await
    }

    /// A 301 as JSON, made of the first of the demonstration: a toewijzing of somebody new.
    pub(super) async fn wmo301(&self, nummer: &str, identificatie: &str) -> Value {
        let xml = self.get(&self.all, "/berichten/0222:1/xml").send().await.unwrap().bytes().await.unwrap();
        let message = iwmo_codec::Schemas::bundled().decode(&xml).unwrap();
        let mut json: Value = serde_json::from_str(&message.to_json()).unwrap();
        let bericht = &mut json["Bericht"];
        bericht["Header"]["BerichtIdentificatie"]["Identificatie"] = json!(identificatie);
        bericht["Client"]["Bsn"] = json!(if nummer == "222050" { "999990019" } else { "999990020" });
        let product = &mut bericht["Client"]["ToegewezenProducten"][0];
        product["ToewijzingNummer"] = json!(nummer);
        product["Product"] = json!({ "Categorie": "01", "Code": "01A03" });
        json
    }
}

/// The values of a field of the rows.
pub(super) fn values(rows: &Value, field: &str) -> Vec<String> {
    let text = |row: &Value| match &row[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    rows.as_array().unwrap().iter().map(text).collect()
}
