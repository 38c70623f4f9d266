//! Spans in the bytes of OTLP: the protobuf message `ExportTraceServiceRequest` of opentelemetry-proto 1.x.
//!
//! Only what a span of ours has is written, in the order of the field numbers, as every writer of protobuf does.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Context, Span, Value};

/// What the collector knows the gateway by.
pub(super) const SCOPE: &str = "iwmo-gateway";

/// The flag of a span that is recorded.
const SAMPLED: u32 = 1;
/// `STATUS_CODE_ERROR`.
const STATUS_ERROR: u64 = 2;

/// Returns the request for some spans of a service.
pub(super) fn request(service: &str, version: &str, spans: &[Span]) -> Vec<u8> {
    let mut resource = Message::default();
    resource.message(1, &attribute("service.name", &Value::Text(service.to_owned())));
    resource.message(1, &attribute("service.version", &Value::Text(version.to_owned())));
    let mut scope = Message::default();
    scope.bytes(1, SCOPE.as_bytes());
    scope.bytes(2, version.as_bytes());
    let mut scoped = Message::default();
    scoped.message(1, &scope);
    for one in spans {
        scoped.message(2, &span(one));
    }
    let mut all = Message::default();
    all.message(1, &resource);
    all.message(2, &scoped);
    let mut request = Message::default();
    request.message(1, &all);
    request.0
}

fn span(span: &Span) -> Message {
    let mut out = Message::default();
    out.bytes(1, &span.own.trace.0);
    out.bytes(2, &span.own.span.0);
    if let Some(parent) = span.parent {
        out.bytes(4, &parent.0);
    }
    out.bytes(5, span.name.as_bytes());
    out.number(6, span.kind as u64);
    out.fixed64(7, nanos(span.start));
    out.fixed64(8, nanos(span.end));
    for (name, value) in &span.attributes {
        out.message(9, &attribute(name, value));
    }
    if let Some(Context { trace, span }) = span.link {
        let mut link = Message::default();
        link.bytes(1, &trace.0);
        link.bytes(2, &span.0);
        out.message(13, &link);
    }
    if span.failed {
        let mut status = Message::default();
        status.number(3, STATUS_ERROR);
        out.message(15, &status);
    }
    out.fixed32(16, SAMPLED);
    out
}

fn attribute(name: &str, value: &Value) -> Message {
    let mut any = Message::default();
    match value {
        Value::Text(text) => any.bytes(1, text.as_bytes()),
        Value::Number(number) => any.number(3, number.cast_unsigned()),
    }
    let mut out = Message::default();
    out.bytes(1, name.as_bytes());
    out.message(2, &any);
    out
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A protobuf message in the making.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn tag(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn number(&mut self, field: u64, value: u64) {
        self.tag(field, 0);
        self.varint(value);
    }

    fn fixed64(&mut self, field: u64, value: u64) {
        self.tag(field, 1);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn fixed32(&mut self, field: u64, value: u32) {
        self.tag(field, 5);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.tag(field, 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn message(&mut self, field: u64, value: &Self) {
        self.bytes(field, &value.0);
    }
}
