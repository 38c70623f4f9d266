//! Callers of the exchange that do not behave: what they were acknowledged stands, what they were not is as if it never
//! came, they are cut off in time, and nobody else waits for them.

use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::harness::{
    Envelope, HVB, Klant, LINDE, Order, PATIENCE, Raw, Site, day, head, kept, plain, raw_rest, until, wmo301,
    wmo305,
};

/// How long a daemon of these tests waits for anybody.
const SHORT: &str =
    "[limits]\nhandshake = \"1s\"\nhead = \"1s\"\nbody = \"1s\"\nidle = \"1s\"\nanswer = \"1s\"\n";
/// A daemon that waits for longer than any test takes.
const LONG: &str =
    "[limits]\nhandshake = \"10m\"\nhead = \"10m\"\nbody = \"10m\"\nidle = \"10m\"\nanswer = \"10m\"\n";
/// Between two bytes of a sender that trickles.
const TRICKLE: Duration = Duration::from_millis(100);

fn start(identificatie: &str, number: u32) -> Vec<u8> {
    let envelope = Envelope::new("0222", "98000001", identificatie);
    wmo305(&envelope, &Klant::new(number), &Order::new(1000 + number), &day(-20))
}

fn start_of_linde(identificatie: &str) -> Vec<u8> {
    let envelope = Envelope::new("0222", "98000002", identificatie);
    wmo305(&envelope, &Klant::new(90), &Order::new(590), &day(-20))
}

/// A sender that goes away in the middle: with a goodbye or without, after the head, in the body, in a chunk. Nothing of
/// it is kept, and the whole message is new when it comes.
#[tokio::test]
async fn a_message_that_breaks_off_is_as_if_it_never_came() {
    let site = Site::new();
    let daemon = site.start();
    let certificate = site.certificate(HVB);
    let chunked = head(0).replace("content-length: 0", "transfer-encoding: chunked");
    let mut number = 0;
    for reset in [false, true] {
        for cut in ["head", "body", "all but one byte", "chunk"] {
            number += 1;
            let message = start(&format!("S{number}"), number);
            let mut raw = Raw::connect(&site, &daemon.exchange, certificate).await;
            match cut {
                "head" => raw.write(&head(message.len())[..40]).await,
                "body" => {
                    raw.write(head(message.len())).await;
                    raw.write(&message[..message.len() / 2]).await;
                }
                "chunk" => {
                    raw.write(&chunked).await;
                    raw.write(format!("{:x}\r\n", message.len())).await;
                    raw.write(&message[..message.len() / 2]).await;
                }
                _ => {
                    raw.write(head(message.len())).await;
                    raw.write(&message[..message.len() - 1]).await;
                }
            }
            if reset {
                raw.reset();
            } else {
                raw.half_close().await;
                // It is told, or the connection ends; a receipt it does not get.
                let answer = raw.rest().await;
                assert!(!answer.starts_with("HTTP/1.1 202"), "{cut}: {answer}");
            }
            let (_, dubbel) = site.partner(HVB).post(&daemon.exchange, &message).await.receipt();
            assert!(!dubbel, "{cut}: the half that came was taken");
            assert_eq!(kept(&site.data()).len(), number as usize, "{cut}");
        }
    }
    daemon.stop();
    site.verify();
}

/// A sender that goes away before it has its answer, at once or when the message has long been taken. It sends again, and
/// gets the receipt that it missed; there is one entry and one retour.
#[tokio::test]
async fn who_missed_its_answer_gets_the_same_one_later() {
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    site.configure(&[(HVB, hvb.address)], "");
    let daemon = site.start();
    let certificate = site.certificate(HVB);
    for (number, wait) in [(1, false), (2, true), (3, false), (4, true)] {
        let name = format!("S{number}");
        let message = start(&name, number);
        let find = || kept(&site.data()).into_iter().find(|kept| kept.bericht.bytes == message);
        let mut raw = Raw::connect(&site, &daemon.exchange, certificate).await;
        raw.write(head(message.len())).await;
        raw.write(&message).await;
        let first = match wait {
            true => Some(until("the message is taken", find).await.id),
            false => None,
        };
        raw.reset();
        let (id, dubbel) = site.partner(HVB).post(&daemon.exchange, &message).await.receipt();
        if let Some(first) = first {
            assert_eq!((first, true), (id.clone(), dubbel), "the first receipt");
        }
        let again = site.partner(HVB).post(&daemon.exchange, &message).await.receipt();
        assert_eq!(again, (id, true));
        hvb.expect(iwmo_codec::messages::MessageKind::Wmo306, &name).await;
    }
    let all = kept(&site.data());
    assert_eq!(all.len(), 4, "each once");
    for kept in &all {
        assert_eq!(kept.outgoing(), ["WMO306"]);
    }
    until("nothing waits", || {
        site.iwmo(&["outbox", "list", "--format", "json"]).out.is_empty().then_some(())
    })
    .await;
    daemon.stop();
    assert_eq!(hvb.got().len(), 4, "one retour each");
    site.verify();
}

/// Opens connections of every slow kind, and keeps writing to those that trickle. Each task ends when the gateway ends
/// its connection; what it returns is what came back.
async fn slow_ones(site: &Site, address: &str) -> JoinSet<(&'static str, String)> {
    let certificate = site.certificate(HVB);
    let mut all = JoinSet::new();
    for (what, first) in [("no handshake", &[][..]), ("half a handshake", &[22, 3, 1, 2, 0, 1, 0][..])] {
        let mut stream = plain(address).await;
        stream.write_all(first).await.unwrap();
        all.spawn(async move { (what, raw_rest(&mut stream).await) });
    }
    for (what, first, trickle) in [
        ("silence", String::new(), &b""[..]),
        ("half a head", head(10_000)[..60].to_owned(), &b""[..]),
        ("half a body", head(10_000) + "<x>", &b""[..]),
        ("a trickling head", head(10_000)[..60].to_owned(), &b"x"[..]),
        ("a trickling body", head(10_000) + "<x>", &b"x"[..]),
    ] {
        let mut raw = Raw::connect(site, address, certificate).await;
        raw.write(first).await;
        all.spawn(async move {
            while !trickle.is_empty() && raw.try_write(trickle).await.is_ok() {
                tokio::time::sleep(TRICKLE).await;
            }
            (what, raw.rest().await)
        });
    }
    all
}

/// A handshake that never ends, a head or body that stops or trickles, a connection that says nothing: each is ended by
/// the gateway, and nothing of it is kept.
#[tokio::test]
async fn slow_callers_are_cut_off() {
    let site = Site::new();
    site.configure(&[], SHORT);
    let daemon = site.start();
    let mut all = slow_ones(&site, &daemon.exchange).await;
    let ended = async {
        let mut count = 0;
        while let Some(one) = all.join_next().await {
            let (what, answer) = one.unwrap();
            assert!(!answer.starts_with("HTTP/1.1 202"), "{what}: {answer}");
            count += 1;
        }
        count
    };
    let ended = tokio::time::timeout(PATIENCE * 2, ended).await.expect("a slow caller was not cut off");
    assert_eq!(ended, 7);
    assert!(kept(&site.data()).is_empty());
    site.partner(HVB).post(&daemon.exchange, &start("S1", 1)).await.receipt();
    daemon.stop();
}

/// While they are all there, and would be for minutes, another partner is answered, and so is the partner itself.
#[tokio::test]
async fn slow_callers_delay_nobody() {
    let site = Site::new();
    site.configure(&[], LONG);
    let daemon = site.start();
    let mut kinds = Vec::new();
    for _ in 0..4 {
        kinds.push(slow_ones(&site, &daemon.exchange).await);
    }
    for number in 0..3 {
        let name = format!("L{number}");
        site.partner(LINDE).post(&daemon.exchange, &start_of_linde(&name)).await.receipt();
        site.partner(HVB).post(&daemon.exchange, &start(&format!("S{number}"), number)).await.receipt();
    }
    for all in &mut kinds {
        assert!(all.try_join_next().is_none(), "the slow ones were there all the time");
    }
    assert_eq!(kept(&site.data()).len(), 6);
    for mut all in kinds {
        all.shutdown().await;
    }
    daemon.stop();
}

/// A caller that asks on and on and reads no answer: the gateway stops reading, gives the connection up, and holds
/// nobody else up with it.
#[tokio::test]
async fn a_caller_that_reads_nothing_is_cut_off() {
    let site = Site::new();
    site.configure(&[], &format!("{SHORT}messages_per_second = 1000000\n"));
    let daemon = site.start();
    let mut raw = Raw::connect(&site, &daemon.exchange, site.certificate(HVB)).await;
    // A refusal is longer than what it refuses, so the answers fill every buffer first.
    let bad = format!("<x>{}</x>", "<y/>".repeat(100));
    let request = head(bad.len()) + &bad;
    let asking = async { while raw.try_write(&request).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, asking).await.expect("it was served for ever");
    site.partner(LINDE).post(&daemon.exchange, &start_of_linde("L1")).await.receipt();
    assert_eq!(kept(&site.data()).len(), 1);
    daemon.stop();
}

/// HTTP without TLS and TLS 1.1 get no answer of HTTP on either port, and leave the gateway serving.
#[tokio::test]
async fn plain_http_and_old_tls_get_nowhere() {
    let site = Site::new();
    site.configure(&[], SHORT);
    let daemon = site.start();
    // A ClientHello of TLS 1.1: version 3.2, one suite, no extensions.
    let mut hello = vec![22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0, 0x2f, 1, 0]);
    let message = start("S1", 1);
    let plain_http = [head(message.len()).as_bytes(), &message].concat();
    for address in [&daemon.exchange, &daemon.backoffice] {
        for (what, bytes) in [("plain HTTP", &plain_http), ("TLS 1.1", &hello)] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            let answer = raw_rest(&mut stream).await;
            // An alert, or nothing at all.
            assert!(answer.is_empty() || answer.as_bytes()[0] == 21, "{what}: {answer:?}");
        }
    }
    assert!(kept(&site.data()).is_empty());
    let (_, dubbel) = site.partner(HVB).post(&daemon.exchange, &message).await.receipt();
    assert!(!dubbel);
    let told: Value = site.iwmo(&["journal", "verify", "--format", "json"]).exits(0).json().remove(0);
    assert_eq!(told["valid"], true);
    daemon.stop();
}

/// Callers that connect and say nothing, more than the process may have files open: there is room for the store and for who
/// comes in by another door. Of a limit that a shell sets the gateway takes all that may be had.
#[tokio::test]
async fn silent_callers_leave_room_for_files() {
    // Of one address half of the connections may be without a handshake: 31 of 62, and 512 of 1024.
    for (limit, few, taken) in [("ulimit -n 700", true, 40), ("ulimit -S -n 128", false, 500)] {
        let site = Site::new();
        site.configure(&[], LONG);
        let daemon = site.start_through(&["bash", "-c", &format!("{limit}; exec \"$@\""), "bash"]);
        let mut silent = Vec::new();
        for _ in 0..750 {
            silent.push(TcpStream::connect(&daemon.exchange).await.unwrap());
        }
        let files = || std::fs::read_dir(format!("/proc/{}/fd", daemon.id())).unwrap().count();
        until("connections are taken", || (files() > taken).then_some(())).await;
        let readiness = site.backoffice().get_plain(&daemon.ops, "/readyz").await;
        assert_eq!(readiness.status, 200, "{readiness:?}");
        let order = wmo301(&Envelope::new("0222", "98000001", "S1"), &Klant::new(1), &Order::new(1));
        let (_, again) = site.backoffice().post(&daemon.backoffice, &order).await.receipt();
        assert!(!again);
        assert!(files() < 100 || !few, "{}", files());
        assert_eq!(daemon.log().contains("FewOpenFiles"), few, "{}", daemon.log());
        drop(silent);
        let log = daemon.stop();
        assert!(!log.contains("Too many open files"), "{log}");
        site.verify();
        assert_eq!(kept(&site.data()).len(), 1);
    }
}
