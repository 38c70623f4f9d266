//! Ids, what is read of a caller, and the bytes.

use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn context(text: &str) -> Option<Context> {
    let mut headers = HeaderMap::new();
    headers.append(TRACEPARENT, text.parse().unwrap());
    Context::of(&headers)
}

const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn a_traceparent_is_read_as_the_standard_has_it() {
    let found = context(GOOD).unwrap();
    assert_eq!(found.header(), GOOD);
    assert!(
        context(&GOOD.replace("-01", "-00")).is_some(),
        "whether it is recorded there does not matter here"
    );
    assert!(context(&format!("{}-more", GOOD.replacen("00-", "01-", 1))).is_some(), "a later version");
    for wrong in [
        "",
        "00",
        &GOOD[..54],
        &format!("{GOOD}-more"),
        &GOOD.replacen("00-", "ff-", 1),
        &GOOD.to_uppercase(),
        &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
        &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
        &GOOD.replace("4bf92f35", "4bf92f3g"),
        &GOOD.replace("00f067aa0ba902b7", "00f067aa0ba902b"),
    ] {
        assert_eq!(context(wrong), None, "{wrong}");
    }
    let mut twice = HeaderMap::new();
    twice.append(TRACEPARENT, GOOD.parse().unwrap());
    twice.append(TRACEPARENT, GOOD.parse().unwrap());
    assert_eq!(Context::of(&twice), None);
}

#[test]
fn the_trace_of_an_entry_is_always_the_same_and_that_of_no_other() {
    let recorder = |key| Recorder { spans: mpsc::channel(1).0, key: Fingerprint([key; 32]) };
    let own = recorder(1).entry("0222:17");
    assert_eq!(own, recorder(1).entry("0222:17"));
    for other in [recorder(1).entry("0222:18"), recorder(2).entry("0222:17")] {
        assert!(own.trace != other.trace && own.span != other.span);
    }
}

/// A full queue loses spans and holds nothing up.
#[test]
fn a_span_too_many_is_lost() {
    let (spans, mut waiting) = mpsc::channel(1);
    let recorder = Recorder { spans, key: Fingerprint([1; 32]) };
    for _ in 0..3 {
        recorder.take(recorder.within("0222:1", "judge", Kind::Internal, Duration::ZERO));
    }
    assert_eq!(waiting.try_recv().unwrap().name, "judge");
    assert!(waiting.try_recv().is_err());
}

/// The bytes are those that the protobuf library of OpenTelemetry for Python writes for the same spans
/// (`opentelemetry-proto` 1.x, `SerializeToString`).
#[test]
fn the_bytes_are_those_of_the_protocol() {
    let context = context(GOOD).unwrap();
    let at = |nanos| UNIX_EPOCH + Duration::from_nanos(nanos);
    let plain = Span {
        own: context,
        parent: None,
        link: None,
        name: "receive",
        kind: Kind::Server,
        start: at(1_800_000_000_000_000_001),
        end: at(1_800_000_000_250_000_000),
        attributes: vec![("iwmo.entry", Value::Text("0222:17".to_owned()))],
        failed: false,
    };
    let own = Context { trace: context.trace, span: SpanId([9; 8]) };
    let whole = Span {
        own,
        parent: Some(context.span),
        link: Some(context),
        name: "deliver",
        kind: Kind::Client,
        attributes: vec![("iwmo.attempt", Value::Number(300)), ("iwmo.other", Value::Number(-1))],
        failed: true,
        ..plain.clone()
    };
    let bytes = otlp::request("gateway", "0.1.0", &[plain, whole]);
    assert_eq!(hex(&bytes), WRITTEN_BY_OTHERS);
}

const WRITTEN_BY_OTHERS: &str = "0acb020a370a190a0c736572766963652e6e616d6512090a07676174657761790a1a0a0f736572766963652e76657273696f\
    6e12070a05302e312e30128f020a150a0c69776d6f2d676174657761791205302e312e3012580a104bf92f3577b34da6a3ce\
    929d0e0e4736120800f067aa0ba902b72a07726563656976653002390100b49376e2fa184180b29aa276e2fa184a170a0a69\
    776d6f2e656e74727912090a07303232323a3137850101000000129b010a104bf92f3577b34da6a3ce929d0e0e4736120809\
    09090909090909220800f067aa0ba902b72a0764656c697665723003390100b49376e2fa184180b29aa276e2fa184a130a0c\
    69776d6f2e617474656d7074120318ac024a190a0a69776d6f2e6f74686572120b18ffffffffffffffffff016a1c0a104bf9\
    2f3577b34da6a3ce929d0e0e4736120800f067aa0ba902b77a021802850101000000";
