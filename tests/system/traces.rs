//! Traces of a running gateway, as a collector gets them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{
    CAK, Envelope, HVB, Klant, Mood, Order, Raw, Site, day, personal, until, wmo301, wmo305,
};

const OURS: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A collector that keeps what it gets.
struct Collector {
    address: String,
    got: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    async fn open() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = socket.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
                    loop {
                        let Ok(read @ 1..) = stream.read(&mut buffer).await else { return };
                        bytes.extend_from_slice(&buffer[..read]);
                        while let Some(body) = whole(&mut bytes) {
                            kept.lock().unwrap().push(body);
                            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                        }
                    }
                });
            }
        });
        Self { address, got }
    }

    fn spans(&self) -> Vec<Span> {
        let got = self.got.lock().unwrap();
        got.iter().flat_map(|body| spans(body)).collect()
    }
}

/// Takes a request from the front, when it is there as a whole, and returns its body.
fn whole(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-type: application/x-protobuf\r\n"), "{head}");
    let length = head.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap();
    let length: usize = length.parse().unwrap();
    if bytes.len() < end + length {
        return None;
    }
    let body = bytes[end..end + length].to_vec();
    bytes.drain(..end + length);
    Some(body)
}

#[derive(Clone, Debug, Default)]
struct Span {
    service: String,
    trace: String,
    id: String,
    parent: String,
    name: String,
    kind: u64,
    times: (u64, u64),
    attributes: BTreeMap<String, String>,
    link: Option<String>,
    failed: bool,
}

impl Span {
    fn is(&self, name: &str, value: &str) -> bool {
        self.attributes.get(name).is_some_and(|found| found == value)
    }
}

/// A field of a protobuf message: its number, and its bytes or its value.
type Field<'b> = (u64, &'b [u8], u64);

/// Reads the fields of a protobuf message.
fn fields(mut bytes: &[u8]) -> Vec<Field<'_>> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let (byte, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return value;
            }
            shift += 7;
        }
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let (content, value): (&[u8], u64) = match tag & 7 {
            0 => (&[], varint(&mut bytes)),
            wire => {
                let length = match wire {
                    1 => 8,
                    2 => usize::try_from(varint(&mut bytes)).unwrap(),
                    5 => 4,
                    other => panic!("wire type {other}"),
                };
                let (content, rest) = bytes.split_at(length);
                bytes = rest;
                let value =
                    content.iter().rev().take(8).fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
                (content, value)
            }
        };
        found.push((tag >> 3, content, value));
    }
    found
}

fn spans(request: &[u8]) -> Vec<Span> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let attribute = |bytes: &[u8]| {
        let pair = fields(bytes);
        let (_, content, value) = fields(pair[1].1)[0];
        let value = if content.is_empty() { value.to_string() } else { text(content) };
        (text(pair[0].1), value)
    };
    let mut found = Vec::new();
    for (_, resource, _) in fields(request) {
        let mut service = String::new();
        for (number, content, _) in fields(resource) {
            if number == 1 {
                let named = fields(content).into_iter().map(|(_, one, _)| attribute(one));
                service = named.into_iter().find(|(name, _)| name == "service.name").unwrap().1;
                continue;
            }
            for (_, span, _) in fields(content).into_iter().filter(|(number, ..)| *number == 2) {
                let mut one = Span { service: service.clone(), ..Span::default() };
                for (number, content, value) in fields(span) {
                    match number {
                        1 => one.trace = hex(content),
                        2 => one.id = hex(content),
                        4 => one.parent = hex(content),
                        5 => one.name = text(content),
                        6 => one.kind = value,
                        7 => one.times.0 = value,
                        8 => one.times.1 = value,
                        9 => drop(one.attributes.insert(attribute(content).0, attribute(content).1)),
                        13 => one.link = Some(hex(fields(content)[0].1)),
                        15 => one.failed = true,
                        _ => {}
                    }
                }
                found.push(one);
            }
        }
    }
    found
}

/// A message is followed from its request to the delivery of what came of it, under ids that the log has too, and nothing of
/// what it says comes along.
///
/// The collector has threads of its own: the gateway is waited for without letting go of this one.
#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_a_message_is_one_trace_without_personal_data() {
    let collector = Collector::open().await;
    let site = Site::new();
    let (hvb, cak) = (site.endpoint(HVB, None).await, site.endpoint(CAK, None).await);
    let telemetry = format!("[telemetry]\notlp = \"http://{}\"\nservice = \"proef\"\n", collector.address);
    let more = format!("{telemetry}[logging]\nfilter = \"iwmo_gateway=debug\"\nformat = \"json\"\n");
    site.configure(&[(HVB, hvb.address), (CAK, cak.address)], &more);
    let daemon = site.start();
    let (klant, order) = (Klant::new(7), Order::new(700));
    let envelope = |name| Envelope::new("0222", "98000001", name);
    let toewijzing = wmo301(&envelope("T1"), &klant, &order);
    site.backoffice().post(&daemon.backoffice, &toewijzing).await.receipt();
    until("the 301 is there", || (!hvb.got().is_empty()).then_some(())).await;
    hvb.mood(Mood::Busy);
    let start = wmo305(&envelope("S1"), &klant, &order, &day(-20));
    let mut raw = Raw::connect(&site, &daemon.exchange, site.certificate(HVB)).await;
    let head = format!(
        "POST /uitwisseling/v1/berichten HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/xml\r\n\
         traceparent: 00-{OURS}-00f067aa0ba902b7-00\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        start.len()
    );
    raw.write(head).await;
    raw.write(&start).await;
    assert!(raw.rest().await.starts_with("HTTP/1.1 202"));
    let caller = site.partner(HVB);
    let (entry, again) = caller.post(&daemon.exchange, &start).await.receipt();
    assert!(again);
    caller.post(&daemon.exchange, b"<x/>").await.is(422);
    until("an attempt failed", || {
        collector.spans().into_iter().find(|span| span.is("iwmo.outcome", "failed"))
    })
    .await;
    hvb.mood(Mood::Well);
    until("everything is delivered", || {
        site.iwmo(&["outbox", "list", "--format", "json"]).out.is_empty().then_some(())
    })
    .await;
    // What is left is sent when the gateway stops.
    let log = daemon.stop();

    let all = collector.spans();
    assert!(all.iter().all(|span| span.service == "proef" && span.times.0 <= span.times.1), "{all:#?}");
    let first = all.iter().find(|span| span.link.is_some()).expect("the request that had a traceparent");
    assert_eq!((first.name.as_str(), first.kind, first.link.as_deref()), ("receive", 2, Some(OURS)));
    assert!(first.is("iwmo.entry", &entry) && first.parent.is_empty(), "{first:?}");
    assert_ne!(first.trace, OURS, "whoever calls does not choose our trace");
    assert!(log.contains(&first.trace), "the log names the trace");
    let of: Vec<&Span> = all.iter().filter(|span| span.trace == first.trace).collect();
    assert!(of.iter().all(|span| span.id == first.id || span.parent == first.id), "{of:#?}");
    let one = |name: &str, attributes: &[(&str, &str)]| {
        let fits =
            |span: &&&Span| span.name == name && attributes.iter().all(|(key, value)| span.is(key, value));
        let found: Vec<_> = of.iter().filter(fits).collect();
        assert!(!found.is_empty(), "{name} {attributes:?}: {of:#?}");
        found[0].times
    };
    let judged = one("judge", &[("iwmo.message", "WMO305")]);
    let durable = one("commit", &[("iwmo.message", "WMO305"), ("iwmo.verdict", "approved")]);
    one("receive", &[("iwmo.repeated", "1")]);
    let failed = one("deliver", &[("iwmo.message", "WMO306"), ("iwmo.outcome", "failed")]);
    let done = one("deliver", &[("iwmo.message", "WMO306"), ("iwmo.outcome", "delivered")]);
    assert!(first.times.0 <= judged.0 && judged.1 <= durable.1, "{judged:?} {durable:?} {first:?}");
    assert!(durable.0 <= failed.1 && failed.0 <= done.0);
    assert!(all.iter().any(|span| span.is("iwmo.message", "WMO401") && span.name == "deliver"), "{all:#?}");
    let refused: Vec<&Span> =
        all.iter().filter(|span| span.attributes.contains_key("iwmo.refusal")).collect();
    assert!(refused.len() == 1 && refused[0].failed && refused[0].trace != first.trace, "{refused:?}");
    for body in collector.got.lock().unwrap().iter() {
        let text = String::from_utf8_lossy(body);
        for value in personal(&klant).iter().chain([&hvb.address.to_string(), &"127.0.0.1".to_owned()]) {
            assert!(!text.contains(value.as_str()), "a span has {value}");
        }
    }
}

/// A collector that is down costs spans, which are counted and told of once, and no message.
#[tokio::test]
async fn a_collector_that_is_down_holds_nothing_up() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let site = Site::new();
    site.configure(&[], &format!("[telemetry]\notlp = \"http://{address}\"\n"));
    let daemon = site.start();
    let caller = site.partner(HVB);
    let mut number = 0;
    let start = tokio::time::Instant::now();
    // Two requests to the collector at least.
    while daemon.log().matches("TelemetryExportError").count() == 0 || number < 40 {
        number += 1;
        let (name, klant, order) = (format!("S{number}"), Klant::new(number), Order::new(number));
        let message = wmo305(&Envelope::new("0222", "98000001", &name), &klant, &order, &day(-9));
        caller.post(&daemon.exchange, &message).await.receipt();
        assert!(start.elapsed() < crate::harness::PATIENCE, "{}", daemon.log());
    }
    let lost = site.backoffice().get_plain(&daemon.ops, "/metrics").await.is(200).text;
    let lost = lost.lines().find(|line| line.starts_with("telemetry_lost_spans_total ")).unwrap();
    assert_ne!(lost, "telemetry_lost_spans_total 0");
    let log = daemon.stop();
    assert_eq!(log.matches("TelemetryExportError").count(), 1, "{log}");
    assert!(!log.contains(&address.to_string()), "{log}");
    site.verify();
}
