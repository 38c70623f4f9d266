//! Slow, silent and many clients, and stopping.

use super::*;

/// What a test waits for to run out.
const SHORT: Duration = Duration::from_millis(700);

const HEAD: &str = "POST /uitwisseling/v1/berichten HTTP/1.1\r\nhost: x\r\ncontent-type: application/xml\r\n";

#[tokio::test]
async fn a_handshake_that_does_not_come_is_cut_off() {
    let house = house_with(Bounds { handshake: SHORT, ..BOUNDS }, 1000).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_head_that_trickles_is_cut_off() {
    let house = house_with(Bounds { head: SHORT, ..BOUNDS }, 1000).await;
    let mut stream = house.raw().await;
    let trickle = async {
        for byte in HEAD.bytes().cycle() {
            if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, trickle).await.expect("the connection was cut");
}

#[tokio::test]
async fn a_body_that_trickles_gets_a_408() {
    let house = house().await;
    let mut stream = house.raw().await;
    write(&mut stream, &format!("{HEAD}content-length: 10000\r\n\r\n")).await;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let trickle = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() && writer.flush().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    // It is read on for a while, so that the answer arrives; the end of the connection is not waited for.
    let answer = head_of(&mut reader).await;
    trickle.abort();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(house.intake.taken.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let house = house().await;
    let mut stream = house.raw().await;
    write(&mut stream, &format!("{HEAD}content-length: 10000\r\n\r\n<message")).await;
    drop(stream);
    assert_eq!(house.post(&house.partner(), "<message/>").await.status, 202);
    assert_eq!(house.intake.taken.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let house = house_with(Bounds { idle: SHORT, ..BOUNDS }, 1000).await;
    let mut stream = house.raw().await;
    write(&mut stream, &format!("{HEAD}content-length: 10\r\n\r\n<message/>")).await;
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let house = house().await;
    let mut stream = house.raw().await;
    write(&mut stream, &format!("{HEAD}padding: {}\r\n\r\n", "x".repeat(64 * 1024))).await;
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// One connection fits; the next waits its turn and then gets it.
/// RFC 9112 section 3.2: HTTP/1.1 says which host it asks, and says it once.
#[tokio::test]
async fn a_request_that_names_no_host_is_refused() {
    let house = house().await;
    let ask = |hosts: &str| format!("GET / HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
    for (hosts, status) in [
        ("", "400"),
        ("host: a\r\nhost: a\r\n", "400"),
        ("host: a b\r\n", "400"),
        ("host: a\r\n", "404"),
        ("host:\r\n", "404"),
    ] {
        let mut stream = house.raw().await;
        write(&mut stream, &ask(hosts)).await;
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{hosts:?}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
    let mut stream = house.raw().await;
    write(&mut stream, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.0 404 "));
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_a_place() {
    let house = house_with(Bounds { connections: 1, ..BOUNDS }, 1000).await;
    let first = house.raw().await;
    let second = house.raw();
    tokio::pin!(second);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
    assert!(early.is_err(), "two connections at once");
    drop(first);
    let mut second = second.await;
    write(&mut second, &format!("{HEAD}content-length: 10\r\nconnection: close\r\n\r\n<message/>")).await;
    assert!(rest(&mut second).await.starts_with("HTTP/1.1 202 "));
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight_and_takes_nothing_new() {
    let house = house().await;
    let client = house.partner();
    let url = house.url();
    let request = client.post(&url).header("content-type", "application/xml").body("<slow/>");
    let under_way = tokio::spawn(request.send());
    house.intake.entered.notified().await;
    house.stopper.stop();
    // The listener's socket goes first.
    while TcpStream::connect(house.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!house.served.is_finished(), "it waits for what is in flight");
    house.intake.proceed.notify_one();
    assert_eq!(under_way.await.unwrap().unwrap().status().as_u16(), 202);
    tokio::time::timeout(PATIENCE, house.served).await.expect("idle connections are let go").unwrap();
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let house = house_with(Bounds { drain: Duration::from_millis(200), ..BOUNDS }, 1000).await;
    let client = house.partner();
    let request = client.post(house.url()).header("content-type", "application/xml").body("<slow/>");
    let under_way = tokio::spawn(request.send());
    house.intake.entered.notified().await;
    house.stopper.stop();
    tokio::time::timeout(PATIENCE, house.served).await.expect("it was cut off").unwrap();
    assert!(under_way.await.unwrap().is_err(), "without an answer the partner sends again");
    assert!(house.intake.taken.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_address_in_use_is_an_error_with_its_name() {
    let house = house().await;
    let error = Listener::bind("exchange", house.address, None, BOUNDS).await.unwrap_err();
    assert!(
        error.to_string().starts_with(&format!("cannot listen on {} (exchange)", house.address)),
        "{error}"
    );
}
