//! Traces: the way of a message as spans, for whoever follows it over several systems. Off unless the configuration has
//! `[telemetry]`; then nothing here costs more than a look at a flag.
//!
//! | span | kind | from, until |
//! | --- | --- | --- |
//! | `receive` | server | the head of the request, the head of its answer |
//! | `judge` | internal, in `receive` | the decision in the loop |
//! | `commit` | internal, in `receive` | the batch is handed over, it is durable and applied |
//! | `deliver` | client, in `receive` | one attempt to send what the entry gave to send |
//!
//! **Limits.** 8192 spans wait for the collector; more are lost and counted. Nothing waits for them.
//!
//! **Ids.** The trace of an entry and the id of its `receive` follow from the name of the entry and from the key of the
//! gateway: an attempt after a restart is in the trace of the message all the same, and nothing need be kept. Who sends
//! `traceparent` finds a link to it on `receive`: whoever is outside does not choose our ids. What is delivered has a
//! `traceparent` that names the attempt.
//!
//! **What is told.** Names of entries, of partners and of kinds of message, words of our own and numbers: never what a
//! message or an address says, nor why an attempt failed.

mod exporter;
mod otlp;

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use axum::http::HeaderMap;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

pub use exporter::Exporter;

use crate::engine::{Receipt, Refusal};
use crate::hex::{hex, unhex};
use crate::metrics::TELEMETRY_LOST_SPANS;
use crate::pki::Fingerprint;

/// Most spans that wait for the collector.
const WAITING_MAX: usize = 8192;

/// The header of W3C Trace Context.
pub(crate) const TRACEPARENT: &str = "traceparent";

static RECORDER: OnceLock<Recorder> = OnceLock::new();

tokio::task_local! {
    /// The request that is answered in this task.
    static CALL: Call;
}

/// When a request began, and the span of who made it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    start: Instant,
    link: Option<Context>,
}

/// Answers a request as one whose messages have traces.
pub(crate) async fn called<T>(headers: &HeaderMap, answer: impl Future<Output = T>) -> T {
    CALL.scope(Call { start: Instant::now(), link: Context::of(headers) }, answer).await
}

/// The trace of an entry, for the log; none when nobody wants traces.
pub(crate) fn of_entry(entry: &str) -> Option<String> {
    recorder().map(|recorder| hex(&recorder.entry(entry).trace.0))
}

/// Takes spans.
#[derive(Debug)]
pub(crate) struct Recorder {
    spans: mpsc::Sender<Span>,
    /// Tells gateways apart whose entries have the same names.
    key: Fingerprint,
}

/// Returns what takes spans, if anybody wants them.
pub(crate) fn recorder() -> Option<&'static Recorder> {
    RECORDER.get()
}

/// Begins to record, for the rest of the life of the process. None: it does already.
#[must_use]
pub(crate) fn begin(key: Fingerprint) -> Option<mpsc::Receiver<Span>> {
    let (spans, waiting) = mpsc::channel(WAITING_MAX);
    RECORDER.set(Recorder { spans, key }).ok().map(|()| waiting)
}

/// The id of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceId(pub(crate) [u8; 16]);

/// The id of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanId(pub(crate) [u8; 8]);

/// A span of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
}

/// What a span says besides its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Internal = 1,
    Server = 2,
    Client = 3,
}

/// One step on the way of a message.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) own: Context,
    pub(crate) parent: Option<SpanId>,
    /// A span elsewhere that it goes on from.
    pub(crate) link: Option<Context>,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) start: SystemTime,
    pub(crate) end: SystemTime,
    pub(crate) attributes: Vec<(&'static str, Value)>,
    pub(crate) failed: bool,
}

impl Recorder {
    /// The span in which an entry was received.
    pub(crate) fn entry(&self, entry: &str) -> Context {
        let mut hash = Sha256::new();
        hash.update(self.key.0);
        hash.update(entry);
        let hash: [u8; 32] = hash.finalize().into();
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        trace.copy_from_slice(&hash[..16]);
        span.copy_from_slice(&hash[16..24]);
        Context { trace: TraceId(trace), span: SpanId(span) }
    }

    /// Takes the span in which a message was received, since its request or since it was handed in.
    pub(crate) fn received(
        &self,
        partner: &str,
        route: &'static str,
        began: Instant,
        answer: &Result<Receipt, Refusal>,
    ) {
        let call = CALL.try_with(|call| *call).ok();
        let took = call.map_or(began, |call| call.start).elapsed();
        let (entry, repeated) = match answer {
            Ok(receipt) => (Some(receipt.id.as_str()), receipt.dubbel),
            Err(_) => (None, false),
        };
        let mut span = self.within(entry.unwrap_or_default(), "receive", Kind::Server, took);
        span.link = call.and_then(|call| call.link);
        match (entry, answer) {
            (Some(entry), _) if !repeated => {
                span.own = self.entry(entry);
                span.parent = None;
            }
            (None, Err(refusal)) => {
                span.own.trace = TraceId(rand::random());
                span.parent = None;
                span.attributes = vec![("iwmo.refusal", Value::Text(refusal.word().to_owned()))];
                span.failed = true;
            }
            _ => {}
        }
        let repeated = i64::from(repeated);
        self.take(
            span.text("iwmo.partner", partner).text("iwmo.route", route).number("iwmo.repeated", repeated),
        );
    }

    /// A span within that of an entry, or its repetition, that took so long until now.
    pub(crate) fn within(&self, entry: &str, name: &'static str, kind: Kind, took: Duration) -> Span {
        let receive = self.entry(entry);
        let end = SystemTime::now();
        Span {
            own: Context { trace: receive.trace, span: SpanId(rand::random()) },
            parent: Some(receive.span),
            link: None,
            name,
            kind,
            start: end.checked_sub(took).unwrap_or(end),
            end,
            attributes: vec![("iwmo.entry", Value::Text(entry.to_owned()))],
            failed: false,
        }
    }

    /// Takes a span; loses it when too many wait.
    pub(crate) fn take(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            TELEMETRY_LOST_SPANS.count(&[]);
        }
    }
}

impl Span {
    /// The same, of so long since its start.
    pub(crate) fn lasting(mut self, took: Duration) -> Self {
        self.end = self.start.checked_add(took).unwrap_or(self.start);
        self
    }

    /// Adds a text.
    pub(crate) fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, Value::Text(value.into())));
        self
    }

    /// Adds a number.
    pub(crate) fn number(mut self, name: &'static str, value: impl Into<i64>) -> Self {
        self.attributes.push((name, Value::Number(value.into())));
        self
    }
}

impl Context {
    /// Reads what a caller says about its own span; nothing of a header that is not as the standard has it.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
        // A later version may have more parts.
        let mut parts = value.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (version, _flags) = (digits::<1>(version)?, digits::<1>(flags)?);
        if version == [0xff] || (version == [0] && parts.next().is_some()) {
            return None;
        }
        let found = Self { trace: TraceId(digits(trace)?), span: SpanId(digits(span)?) };
        (found.trace.0 != [0; 16] && found.span.0 != [0; 8]).then_some(found)
    }

    /// The header that tells a partner of this span.
    pub(crate) fn header(self) -> String {
        format!("00-{}-{}-01", hex(&self.trace.0), hex(&self.span.0))
    }
}

/// Reads so many bytes exactly.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    unhex(text)?.try_into().ok()
}

#[cfg(test)]
mod tests;
