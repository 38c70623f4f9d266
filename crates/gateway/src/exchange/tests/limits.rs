//! What one partner may take, at the limit and one past it.

use super::*;
use crate::config::PartnerLimits;

fn rate() -> Allowances {
    Allowances::new(Rate { messages_per_second: 1000 })
}

fn by_oin(limits: PartnerLimits) -> Allowances {
    rate().with(&PartnerId("by-oin".to_owned()), &limits)
}

/// A burst is taken, the next message is told when to come back, and another partner does not notice.
#[tokio::test]
async fn a_partner_has_a_rate_of_its_own() {
    let limits = PartnerLimits { messages: Some((6, 3)), ..PartnerLimits::default() };
    let house = house_allowing(BOUNDS, by_oin(limits)).await;
    let partner = house.partner();
    for _ in 0..3 {
        assert_eq!(house.post(&partner, "<message/>").await.status, 202);
    }
    let answer = house.post(&partner, "<message/>").await;
    assert_eq!(answer.problem(), "429 te-veel");
    let wait: u32 = answer.retry_after.unwrap().parse().unwrap();
    assert!((1..=11).contains(&wait), "six a minute is one in ten seconds: {wait}");
    let other = house.client(Some(&house.pinned));
    for _ in 0..10 {
        assert_eq!(house.post(&other, "<message/>").await.status, 202);
    }
    assert_eq!(house.intake.taken.lock().unwrap().len(), 13);
}

/// A message of as many bytes as a partner may send is taken, one of a byte more is not; another partner may send it.
#[tokio::test]
async fn a_partner_has_a_size_of_its_own() {
    const BYTES: usize = 2048;
    let limits = PartnerLimits { message_bytes: Some(BYTES), ..PartnerLimits::default() };
    let house = house_allowing(BOUNDS, by_oin(limits)).await;
    let partner = house.partner();
    assert_eq!(house.post(&partner, vec![b'x'; BYTES]).await.status, 202);
    let answer = house.post(&partner, vec![b'x'; BYTES + 1]).await;
    assert_eq!(answer.problem(), "413 te-groot");
    assert_eq!(answer.body["bytes_max"], BYTES);
    let other = house.client(Some(&house.pinned));
    assert_eq!(house.post(&other, vec![b'x'; BYTES + 1]).await.status, 202);
}

/// As many connections as a partner may have are served; one more is told that it is too many, many more are closed, and
/// another partner gets in. A place that is given up can be taken again.
#[tokio::test]
async fn a_partner_has_connections_of_its_own() {
    const MOST: usize = 2;
    let limits = PartnerLimits { connections: Some(MOST), ..PartnerLimits::default() };
    let house = house_allowing(BOUNDS, by_oin(limits)).await;
    let ask = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..MOST {
        let mut stream = house.raw().await;
        write(&mut stream, ask).await;
        let mut begun = [0; 12];
        stream.read_exact(&mut begun).await.unwrap();
        assert_eq!(&begun, b"HTTP/1.1 404");
        open.push(stream);
    }
    let mut one_more = house.raw().await;
    write(&mut one_more, ask).await;
    let told = rest(&mut one_more).await;
    assert!(told.starts_with("HTTP/1.1 429 ") && told.contains("te-veel-verbindingen"), "{told}");
    assert!(told.to_lowercase().contains("retry-after: 10"), "{told}");
    drop(one_more);

    let mut silent = Vec::new();
    for _ in 0..TOLD_MAX {
        silent.push(house.raw().await);
    }
    // Until every one of those has passed the gate, the next may be among those that are told.
    let closed = async {
        loop {
            let mut stream = house.raw().await;
            let _broken = stream.write_all(ask.as_bytes()).await;
            if rest(&mut stream).await.is_empty() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(4), closed).await.expect("a connection far too many is closed");
    let other = house.client(Some(&house.pinned));
    assert_eq!(house.post(&other, "<message/>").await.status, 202);

    drop((open, silent));
    let again = async {
        loop {
            let mut stream = house.raw().await;
            let _broken = stream.write_all(ask.as_bytes()).await;
            let mut begun = [0; 12];
            if stream.read_exact(&mut begun).await.is_ok() && &begun == b"HTTP/1.1 404" {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("there is room again");
}
