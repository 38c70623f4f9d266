//! The direct route against real servers.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::Oin;
use crate::exchange::tests::{House, OIN, house};
use crate::pki::{DemoAuthority, Revocation, client_config, client_config_for, server_config};

const ATTEMPT: Duration = Duration::from_millis(1500);

fn parcel(bytes: &'static str) -> Parcel {
    let id = OutgoingId { gemeente: *b"0222", seq: 14, index: 1 };
    Parcel { id, message: "WMO306".into(), bytes: bytes.into(), traceparent: None }
}

fn at(address: std::net::SocketAddr) -> Partner {
    Partner { url: Some(format!("https://{address}/")), ..partner("one") }
}

fn route(house: &House) -> DirectRoute {
    let own = house.authority.client("gateway", Some(OIN)).unwrap();
    DirectRoute::new(house.tls(Some(&own)), ATTEMPT).unwrap()
}

/// The gateway delivers to a gateway, and each answer means what it should.
#[tokio::test]
async fn answers_of_an_exchange_are_understood() {
    let house = house().await;
    let route = route(&house);
    let to = at(house.address);
    // The test's intake gives a receipt for other bytes than were sent.
    let reason = "the partner's receipt is for other bytes than were sent".to_owned();
    assert_eq!(route.deliver(&parcel("<message/>"), &to).await, Attempt::Retry { reason, after: None });
    assert_eq!(house.intake.taken.lock().unwrap().len(), 1);
    let refused = |reason: &str| Attempt::Refused { reason: reason.to_owned() };
    let status = "the partner answered 422 Unprocessable Entity";
    assert_eq!(route.deliver(&parcel("<invalid/>"), &to).await, refused(status));
    assert_eq!(route.deliver(&parcel("<unacceptable/>"), &to).await, refused(&format!("{status}: TR001")));
    let forbidden = refused("the partner answered 403 Forbidden");
    assert_eq!(route.deliver(&parcel("<wrong-sender/>"), &to).await, forbidden);
    let large = refused("the partner answered 413 Payload Too Large");
    assert_eq!(route.deliver(&parcel("<large/>"), &to).await, large);
    let reason = "the partner answered 503 Service Unavailable".to_owned();
    let later = Attempt::Retry { reason, after: Some(Duration::from_secs(7)) };
    assert_eq!(route.deliver(&parcel("<full/>"), &to).await, later);
}

/// A server that gives one fixed answer to everything; no answer: it is silent.
async fn server(answer: Option<&'static str>) -> (DirectRoute, Partner) {
    let authority = DemoAuthority::new("Test CA").unwrap();
    let tls = server_config(&authority.server("peer").unwrap().identity).unwrap();
    let mut tls = (**tls.config()).clone();
    tls.alpn_protocols.clear();
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    tokio::spawn(async move {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = Vec::new();
            while !request.ends_with(b"<message/>") {
                let mut byte = [0; 1024];
                match stream.read(&mut byte).await {
                    Ok(read) if read > 0 => request.extend_from_slice(&byte[..read]),
                    _ => break,
                }
            }
            let head = String::from_utf8(request).unwrap();
            assert!(head.starts_with("POST /uitwisseling/v1/berichten HTTP/1.1\r\n"), "{head}");
            assert!(head.contains("content-type: application/xml\r\n"), "{head}");
            assert!(head.contains("iwmo-levering: 0222:14/1\r\n"), "{head}");
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => std::future::pending().await,
            }
            // The peer may be gone already.
            let _closed = stream.shutdown().await;
        }
    });
    let tls = client_config(None, &[authority.certificate()]).unwrap();
    (DirectRoute::new(tls, ATTEMPT).unwrap(), at(address))
}

async fn meaning(answer: &'static str) -> Attempt {
    let (route, to) = server(Some(answer)).await;
    route.deliver(&parcel("<message/>"), &to).await
}

#[tokio::test]
async fn receipts_are_read_with_care() {
    let plain = meaning("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(plain, Attempt::Delivered { receipt: None });
    // Cut short: the status says that the message is there.
    let short = meaning("HTTP/1.1 202 Accepted\r\ncontent-length: 500\r\n\r\n{\"ontv").await;
    assert_eq!(short, Attempt::Delivered { receipt: None });
    let whole =
        meaning("HTTP/1.1 202 Accepted\r\nconnection: close\r\n\r\n{\"ontvangst\":\"0222:9 \\u001b[31m\"}")
            .await;
    assert_eq!(whole, Attempt::Delivered { receipt: Some("0222:9[31m".into()) });
}

#[tokio::test]
async fn odd_answers_are_tried_again() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 308 Permanent Redirect\r\nlocation: https://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: soon\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n",
        "SMTP ready\r\n",
        "",
    ] {
        let meaning = meaning(answer).await;
        assert!(matches!(meaning, Attempt::Retry { after: None, .. }), "{answer:?}: {meaning:?}");
    }
}

/// What a partner writes may hold anything; of its prose nothing is kept.
#[tokio::test]
async fn a_refusal_tells_rules_and_nothing_else() {
    let meaning = meaning(concat!(
        "HTTP/1.1 422 Unprocessable Entity\r\nconnection: close\r\n\r\n",
        r#"{"title":"BSN 999990019 of Jansen","detail":"Jansen","diagnostics":[{"rule":"TR056"},{"rule":"TR056"},"#,
        r#"{"rule":"cvc-pattern-valid"},{"rule":"B999990019"},{"rule":"van der Jansen"}]}"#
    ))
    .await;
    let reason = "the partner answered 422 Unprocessable Entity: TR056, cvc-pattern-valid".to_owned();
    assert_eq!(meaning, Attempt::Refused { reason });
}

#[tokio::test]
async fn a_partner_that_cannot_be_reached_is_tried_again() {
    let house = house().await;
    let route = route(&house);
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let attempt = route.deliver(&parcel("<message/>"), &at(unused)).await;
    let Attempt::Retry { reason, .. } = attempt else { panic!("{attempt:?}") };
    assert!(reason.starts_with("no connection: ") && !reason.contains("127.0.0.1"), "{reason}");

    // A server of an authority that we do not trust.
    let (_, stranger) = server(Some("")).await;
    let attempt = route.deliver(&parcel("<message/>"), &stranger).await;
    let Attempt::Retry { reason, .. } = attempt else { panic!("{attempt:?}") };
    assert!(reason.contains("certificate"), "{reason}");
}

#[tokio::test]
async fn a_silent_partner_is_given_up_in_time() {
    let (route, to) = server(None).await;
    let attempt = route.deliver(&parcel("<message/>"), &to).await;
    assert_eq!(attempt, Attempt::Retry { reason: "no answer within 1 seconds".into(), after: None });
}

/// Scheduler, route and exchange together: a partner that says 503 first gets the message later.
#[tokio::test]
async fn the_outbox_delivers_over_tls() {
    let house = house().await;
    let shelf = Shelf::new();
    shelf.put("one", "key", 1);
    let pace = Pace { backoff_first: Duration::from_millis(50), ..pace() };
    let outbox = Outbox::with_clock(
        Arc::clone(&shelf),
        Arc::new(route(&house)),
        DrivenClock::start(),
        pace,
        Duration::from_secs(1),
    );
    let (stopper, stop) = Stopper::new();
    let (_, partners) = watch::channel(Arc::new(vec![at(house.address)]));
    let task = tokio::spawn(outbox.run(partners, stop));
    while house.intake.taken.lock().unwrap().len() < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stopper.stop();
    task.await.unwrap();
    // The receipts were for other bytes, so it kept trying with the same ones.
    assert!(house.intake.taken.lock().unwrap().iter().all(|(_, bytes)| *bytes == "one/key/1"));
    assert!(shelf.log().len() >= 2);
}

/// C-55: a server whose certificate has the right chain and name, but another OIN than is configured or none, gets
/// nothing, not even a request; with the right one it gets the message.
#[tokio::test]
async fn c_55_a_server_of_another_oin_gets_nothing() {
    const OTHER: &str = "00000001234567890999";
    let authority = DemoAuthority::new("Test CA").unwrap();
    for (shown, wanted) in [(Some(OIN), OIN), (Some(OTHER), OIN), (None, OIN)] {
        let tls = server_config(&authority.server_of("peer", shown).unwrap().identity).unwrap();
        let mut tls = (**tls.config()).clone();
        tls.alpn_protocols.clear();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = at(socket.local_addr().unwrap());
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let server = tokio::spawn(async move {
            let (stream, _) = socket.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { return 0 };
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            let _gone = stream
                .write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .await;
            read
        });
        let authorities = [authority.certificate()];
        let oin: Oin = wanted.parse().unwrap();
        let tls = client_config_for(None, &authorities, &Revocation::default(), Some(wanted)).unwrap();
        let caller = Caller::new(client_config(None, &authorities).unwrap(), ATTEMPT).unwrap();
        let caller = caller.with_oins([(oin, tls)].into()).unwrap();
        let route = DirectRoute::following(watch::channel(caller).1);
        let to = Partner { server_oin: Some(oin), ..to };
        let attempt = route.deliver(&parcel("<message/>"), &to).await;
        let received = server.await.unwrap();
        if shown == Some(wanted) {
            assert!(matches!(attempt, Attempt::Delivered { .. }) && received > 0, "{attempt:?}");
        } else {
            let Attempt::Retry { reason, .. } = attempt else { panic!("{attempt:?}") };
            assert!(reason.contains("OIN"), "{reason}");
            assert_eq!(received, 0, "nothing was sent");
        }
    }
    // An OIN that the TLS in force does not know yet is no reason to look less closely.
    let caller = Caller::new(client_config(None, &[authority.certificate()]).unwrap(), ATTEMPT).unwrap();
    let route = DirectRoute::following(watch::channel(caller).1);
    let to = Partner { server_oin: OIN.parse().ok(), ..at("127.0.0.1:1".parse().unwrap()) };
    let attempt = route.deliver(&parcel("<message/>"), &to).await;
    assert!(
        matches!(&attempt, Attempt::Retry { reason, .. } if reason.contains("not in force")),
        "{attempt:?}"
    );
}

/// An attempt that is a span tells the partner of it; without traces there is no such header.
#[tokio::test]
async fn a_traceparent_is_sent_when_there_is_one() {
    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let authority = DemoAuthority::new("Test CA").unwrap();
    let tls = server_config(&authority.server("peer").unwrap().identity).unwrap();
    let mut tls = (**tls.config()).clone();
    tls.alpn_protocols.clear();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let route = DirectRoute::new(client_config(None, &[authority.certificate()]).unwrap(), ATTEMPT).unwrap();
    for given in [Some(GIVEN.to_owned()), None] {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = at(socket.local_addr().unwrap());
        let acceptor = acceptor.clone();
        let server = tokio::spawn(async move {
            let (stream, _) = socket.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            let (mut got, mut buffer) = (String::new(), [0; 1024]);
            while !got.contains("<message/>") {
                let read = stream.read(&mut buffer).await.unwrap();
                got.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
            got
        });
        let parcel = Parcel { traceparent: given.clone(), ..parcel("<message/>") };
        let _ended_without_an_answer = route.deliver(&parcel, &to).await;
        let got = server.await.unwrap();
        let header = got.lines().find_map(|line| line.strip_prefix("traceparent: ")).map(str::to_owned);
        assert_eq!(header, given, "{got}");
    }
}
