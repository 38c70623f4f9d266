//! What each message is answered.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::*;
use serde_json::json;

#[tokio::test]
async fn a_partner_gets_a_receipt_and_a_duplicate_says_so() {
    let house = house().await;
    let client = house.partner();
    let first = house.post(&client, "<message/>").await;
    assert_eq!((first.status, first.content_type.as_str()), (202, "application/json"));
    let digest = "ab".repeat(32);
    assert_eq!(first.body, json!({ "ontvangst": "0222:1", "sha256": digest, "dubbel": false }));
    let second = house.post(&client, "<message/>").await;
    assert_eq!((second.status, &second.body["dubbel"]), (202, &json!(true)));
    let taken = house.intake.taken.lock().unwrap();
    assert_eq!(taken[0], (PartnerId("by-oin".into()), "<message/>".into()));
}

/// The pinned partner's certificate claims the OIN of another: the pin decides.
#[tokio::test]
async fn a_pin_decides_before_an_oin() {
    let house = house().await;
    let client = house.client(Some(&house.pinned));
    assert_eq!(house.post(&client, "<message/>").await.status, 202);
    assert_eq!(house.intake.taken.lock().unwrap()[0].0, PartnerId("by-pin".into()));
}

#[tokio::test]
async fn refusals_become_problems() {
    let house = house().await;
    let client = house.partner();
    let invalid = house.post(&client, "<invalid/>").await;
    assert_eq!(invalid.problem(), "422 ongeldig-bericht");
    assert_eq!((&invalid.body["valid"], &invalid.body["diagnostics"]), (&json!(false), &json!([])));
    let unacceptable = house.post(&client, "<unacceptable/>").await;
    assert_eq!(unacceptable.problem(), "422 onaanvaardbaar");
    assert_eq!(unacceptable.body["rules"], json!(["TR001"]));
    assert_eq!(house.post(&client, "<wrong-sender/>").await.problem(), "403 verkeerde-afzender");
    assert_eq!(house.post(&client, "<large/>").await.problem(), "413 te-groot");
    let full = house.post(&client, "<full/>").await;
    assert_eq!((full.problem().as_str(), full.retry_after.as_deref()), ("503 niet-beschikbaar", Some("7")));
    assert!(
        !full.body.to_string().contains("/secret"),
        "what is wrong with our disk is not the partner's business"
    );
    assert!(house.intake.taken.lock().unwrap().is_empty());
}

#[tokio::test]
async fn only_xml_in_utf8_is_taken() {
    let house = house().await;
    let client = house.partner();
    let send = async |headers: &[(&str, &str)]| {
        let mut request = client.post(house.url()).body("<message/>");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    };
    for good in ["application/xml", "Application/XML; charset=UTF-8", "application/xml;charset=\"utf-8\""] {
        assert_eq!(send(&[("content-type", good)]).await.status, 202, "{good}");
    }
    for bad in ["text/xml", "application/json", "application/xml; charset=iso-8859-1", "application/xmlish"] {
        assert_eq!(send(&[("content-type", bad)]).await.problem(), "415 inhoudstype", "{bad}");
    }
    assert_eq!(send(&[]).await.problem(), "415 inhoudstype");
    let coded = [("content-type", "application/xml"), ("content-encoding", "gzip")];
    assert_eq!(send(&coded).await.problem(), "415 inhoudstype");
    // Said twice, it is not said.
    let twice = [("content-type", "application/xml"), ("content-type", "text/plain")];
    assert_eq!(send(&twice).await.problem(), "415 inhoudstype");
    let coded =
        [("content-type", "application/xml"), ("content-encoding", "identity"), ("content-encoding", "gzip")];
    assert_eq!(send(&coded).await.problem(), "415 inhoudstype");
}

#[tokio::test]
async fn other_paths_and_methods_are_problems() {
    let house = house().await;
    let client = house.partner();
    let get = client.get(house.url()).send().await.unwrap();
    assert_eq!(get.headers()["allow"], "POST");
    assert_eq!(Answer::of(get).await.problem(), "405 methode");
    let path = format!("https://{}/elsewhere", house.address);
    assert_eq!(Answer::of(client.post(path).send().await.unwrap()).await.problem(), "404 niet-gevonden");
}

#[tokio::test]
async fn a_message_may_be_as_large_as_configured_and_no_larger() {
    let house = house().await;
    let client = house.partner();
    assert_eq!(house.post(&client, vec![b'x'; MESSAGE_BYTES_MAX]).await.status, 202);
    assert_eq!(house.post(&client, vec![b'x'; MESSAGE_BYTES_MAX + 1]).await.problem(), "413 te-groot");
    assert_eq!(house.intake.taken.lock().unwrap().len(), 1);
}

/// A sender in the middle of a long body still hears why it is not wanted, over both versions of HTTP.
#[tokio::test]
async fn a_far_too_large_message_is_answered_before_the_connection_goes() {
    let house = house().await;
    let certificate = house.authority.client("partner", Some(OIN)).unwrap();
    for http1 in [true, false] {
        let mut builder = reqwest::Client::builder().no_proxy();
        builder = if http1 { builder.http1_only() } else { builder };
        let client = builder.tls_backend_preconfigured(house.tls(Some(&certificate))).build().unwrap();
        for _ in 0..3 {
            let answer = house.post(&client, vec![b'x'; 128 * MESSAGE_BYTES_MAX]).await;
            assert_eq!(answer.problem(), "413 te-groot");
        }
    }
}

/// Some clients of HTTP/2, curl 7.88 among them, lose an answer when the stream is reset behind it while they still send.
#[tokio::test]
async fn what_was_answered_early_is_read_on_over_http2_as_well() {
    const PIECE: Bytes = Bytes::from_static(&[b'x'; 64 * 1024]);
    let house = house().await;
    let mut tls = house.tls(Some(&house.authority.client("partner", Some(OIN)).unwrap()));
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let builder = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
    let client = builder.tls_backend_preconfigured(tls).build().unwrap();
    // Also when the sender would rather have waited for "100 Continue".
    for expect in [false, true] {
        let request = client.post(house.url()).header("content-type", "text/plain");
        let request = if expect { request.header("expect", "100-continue") } else { request };
        goes_on(request, PIECE).await;
    }
}

/// Sends pieces behind a request that is answered before they came: each is taken.
async fn goes_on(request: reqwest::RequestBuilder, piece: Bytes) {
    let (sender, pieces) = mpsc::channel(1);
    sender.send(piece.clone()).await.unwrap();
    // It goes on for as long as somebody takes a piece.
    let body = StreamBody::new(stream::unfold(pieces, async |mut pieces: mpsc::Receiver<Bytes>| {
        let piece = pieces.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(piece)), pieces))
    }));
    let response = request.body(reqwest::Body::wrap(body)).send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    assert_eq!(Answer::of(response).await.problem(), "415 inhoudstype");
    // Far more than one side may send before the other has read any of it.
    for number in 0..128 {
        let sent = tokio::time::timeout(PATIENCE, sender.send(piece.clone())).await.expect("somebody reads");
        assert!(sent.is_ok(), "the stream was reset before piece {number}");
    }
}

/// Without a length up front the limit holds while reading.
#[tokio::test]
async fn a_message_without_length_is_cut_off_at_the_limit() {
    let house = house().await;
    let mut stream = house.raw().await;
    let head = "POST /uitwisseling/v1/berichten HTTP/1.1\r\nhost: x\r\ncontent-type: application/xml\r\ntransfer-encoding: chunked\r\n\r\n";
    write(&mut stream, head).await;
    let chunk = format!("{:x}\r\n{}\r\n", 16 * 1024, "x".repeat(16 * 1024));
    for _ in 0..5 {
        // The last may meet a closed connection: the answer is already on its way.
        let _maybe_closed = stream.write_all(chunk.as_bytes()).await;
    }
    let answer = head_of(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(house.intake.taken.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_partner_that_sends_too_much_is_slowed_down() {
    let house = house_with(BOUNDS, 1).await;
    let client = house.partner();
    let mut answers = Vec::new();
    for number in 0..12 {
        answers.push(house.post(&client, format!("<message>{number}</message>")).await);
    }
    let taken = answers.iter().filter(|answer| answer.status == 202).count();
    assert!((10..12).contains(&taken), "{taken}");
    let last = answers.last().unwrap();
    assert_eq!(last.problem(), "429 te-veel");
    assert!(last.retry_after.is_some());
    // Another partner has its own allowance.
    let other = house.client(Some(&house.pinned));
    assert_eq!(house.post(&other, "<message/>").await.status, 202);
}
