//! Sends spans to a collector, some at a time, beside everything else. What a collector does not take is lost and counted.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Span, otlp};
use crate::config::Telemetry;
use crate::listener::{Stop, Stopper};
use crate::metrics::TELEMETRY_LOST_SPANS;
use crate::pki::{self, Fingerprint, PkiError};

/// Most spans in one request.
const BATCH_MAX: usize = 512;
/// How long the first span of a request waits for others.
const GATHER_TIME: Duration = Duration::from_secs(1);
/// How long a collector has to answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// How long the last spans have when the gateway stops.
const LAST_TIME: Duration = Duration::from_secs(2);

/// What sends spans, until it is told to end.
#[derive(Debug)]
pub struct Exporter {
    stopper: Stopper,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Begins to record and to send where the settings say. None: this process does already.
    ///
    /// # Errors
    ///
    /// The client cannot be made.
    pub(crate) fn begin(settings: &Telemetry, key: Fingerprint) -> Result<Option<Self>, PkiError> {
        let tls = pki::client_config(None, &[])?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(Policy::none())
            .timeout(ANSWER_TIME)
            .build()
            .map_err(|error| PkiError::Trust(error.to_string()))?;
        let Some(spans) = super::begin(key) else { return Ok(None) };
        let (stopper, stop) = Stopper::new();
        let sending = Sending { client, settings: settings.clone(), spans, down: false };
        Ok(Some(Self { stopper, task: tokio::spawn(sending.run(stop)) }))
    }

    /// Sends what is left, for a short while. It is called when nothing is done any more.
    pub(crate) async fn end(self) {
        self.stopper.stop();
        // A collector that is slow does not hold up the end.
        let _late = tokio::time::timeout(LAST_TIME, self.task).await;
    }
}

struct Sending {
    client: reqwest::Client,
    settings: Telemetry,
    spans: mpsc::Receiver<Span>,
    /// The collector took nothing the last time.
    down: bool,
}

impl Sending {
    async fn run(mut self, mut stop: Stop) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while !stop.is_stopped() {
            tokio::select! {
                Some(first) = self.spans.recv() => batch.push(first),
                () = stop.stopped() => break,
            }
            tokio::select! {
                () = gather(&mut self.spans, &mut batch) => {}
                () = tokio::time::sleep(GATHER_TIME) => {}
                () = stop.stopped() => break,
            }
            self.send(&mut batch).await;
        }
        loop {
            while batch.len() < BATCH_MAX
                && let Ok(span) = self.spans.try_recv()
            {
                batch.push(span);
            }
            if batch.is_empty() {
                return;
            }
            self.send(&mut batch).await;
        }
    }

    async fn send(&mut self, batch: &mut Vec<Span>) {
        let body = otlp::request(&self.settings.service, env!("CARGO_PKG_VERSION"), batch);
        let request = self.client.post(&self.settings.otlp).header(CONTENT_TYPE, "application/x-protobuf");
        let answer = request.body(body).send().await.and_then(reqwest::Response::error_for_status);
        match answer {
            Ok(_) => self.down = false,
            Err(error) => {
                TELEMETRY_LOST_SPANS.add(&[], batch.len() as u64);
                // One outage, one warning.
                if !self.down {
                    let why = error.without_url();
                    tracing::warn!(code = "TelemetryExportError", error = %why, "The collector of [telemetry] takes no spans; they are lost meanwhile, messages are not.");
                }
                self.down = true;
            }
        }
        batch.clear();
    }
}

/// Takes what comes until a request is full.
async fn gather(spans: &mut mpsc::Receiver<Span>, batch: &mut Vec<Span>) {
    while batch.len() < BATCH_MAX
        && let Some(span) = spans.recv().await
    {
        batch.push(span);
    }
}
