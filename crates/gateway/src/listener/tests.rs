//! Bounds and graceful stop of the listeners.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::body::BodyReader;
use super::paced::Paced;
use super::{Stop, Stopper};

/// A body that is sent piece by piece.
fn body() -> (mpsc::UnboundedSender<&'static [u8]>, Body) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let pieces = stream::unfold(receiver, async |mut pieces: mpsc::UnboundedReceiver<&'static [u8]>| {
        let piece = pieces.recv().await?;
        Some((Ok::<_, Infallible>(piece), pieces))
    });
    (sender, Body::from_stream(pieces))
}

#[tokio::test]
async fn memory_is_shared_and_given_back() {
    const PIECE: &[u8] = &[b'x'; 64 * 1024];
    let reader = BodyReader::new(128 * 1024, Duration::from_secs(60), 192 * 1024);
    let headers = HeaderMap::new();
    let read = async |pieces: usize| {
        let (sender, body) = body();
        for _ in 0..pieces {
            sender.send(PIECE).unwrap();
        }
        drop(sender);
        reader.clone().read(&headers, body).await
    };
    let first = read(2).await.unwrap();
    assert_eq!(first.bytes.len(), 128 * 1024);
    let busy = read(2).await.unwrap_err();
    assert_eq!((busy.status(), busy.kind()), (StatusCode::SERVICE_UNAVAILABLE, "niet-beschikbaar"));
    let small = read(1).await.unwrap();
    drop((first, small));
    assert!(read(2).await.is_ok(), "what was held is free again");
    assert_eq!(read(3).await.unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(start_paused = true)]
async fn a_body_has_a_time() {
    let reader = BodyReader::new(1024, Duration::from_secs(60), 0);
    let (sender, slow) = body();
    let trickle = tokio::spawn(async move {
        while sender.send(b"x").is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let problem = reader.read(&HeaderMap::new(), slow).await.unwrap_err();
    assert_eq!(problem.status(), StatusCode::REQUEST_TIMEOUT);
    trickle.await.unwrap();
}

#[tokio::test]
async fn a_declared_length_is_refused_before_a_byte_is_read() {
    let reader = BodyReader::new(1024, Duration::from_secs(60), 0);
    let mut headers = HeaderMap::new();
    headers.insert("content-length", "1025".parse().unwrap());
    let (_sender, never) = body();
    assert_eq!(reader.read(&headers, never).await.unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_stopper_stops_all_and_so_does_its_end() {
    let stopped = async |mut stop: Stop| {
        tokio::time::timeout(Duration::from_secs(5), stop.stopped()).await.unwrap();
        assert!(stop.is_stopped());
    };
    let (stopper, stop) = Stopper::new();
    assert!(!stop.is_stopped());
    stopper.stop();
    stopped(stop.clone()).await;
    stopped(stop).await;
    let (stopper, stop) = Stopper::new();
    drop(stopper);
    stopped(stop).await;
}

/// A reader that takes a byte a second is never silent, and is given up all the same; one that reads on is not, however
/// much there is.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_given_up() {
    const IDLE: Duration = Duration::from_secs(20);
    const ANSWER: Duration = Duration::from_secs(60);
    let served = async |pause: Duration, bytes: usize| {
        let (near, mut far) = tokio::io::duplex(16);
        let reading = tokio::spawn(async move {
            while let Ok(1..) = far.read(&mut [0; 1]).await {
                tokio::time::sleep(pause).await;
            }
        });
        let start = tokio::time::Instant::now();
        let mut stream = Paced::new(near, IDLE, ANSWER);
        let written = async {
            stream.write_all(&vec![b'x'; bytes]).await?;
            stream.flush().await
        };
        let written = written.await.map_err(|error| error.kind());
        reading.abort();
        (written, start.elapsed())
    };
    let (written, elapsed) = served(Duration::from_secs(1), 100_000).await;
    assert_eq!(written, Err(std::io::ErrorKind::TimedOut));
    assert!((ANSWER..ANSWER + IDLE).contains(&elapsed), "{elapsed:?}");
    let (written, elapsed) = served(Duration::from_millis(1), 50_000).await;
    assert!(written.is_ok() && elapsed < ANSWER, "{written:?} {elapsed:?}");
    let (written, elapsed) = served(Duration::from_secs(30), 100).await;
    assert_eq!(written, Err(std::io::ErrorKind::TimedOut), "silence counts as before");
    assert!(elapsed < Duration::from_secs(30), "{elapsed:?}");
}
