//! A disk that is full for a while.

use serde_json::json;

use crate::harness::{Daemon, Envelope, HVB, Klant, Order, Site, day, kept, wmo305};
use crate::stuf::{Stuf, envelope};

async fn ready(site: &Site, daemon: &Daemon) -> (u16, serde_json::Value) {
    let answer = site.backoffice().get_plain(&daemon.ops, "/readyz").await;
    (answer.status, answer.body)
}

/// While nothing can be written, everybody is told to come back: 503 with Retry-After, StUF046 in an envelope (row 25),
/// and `/readyz` says why. With room again the same messages are taken, once, and nothing that was acknowledged is gone.
#[tokio::test]
async fn a_full_disk_takes_nothing_and_loses_nothing() {
    let stuf = Stuf::new();
    let site = &stuf.site;
    let daemon = site.start_on_a_small_disk();
    let message = |number: u32| {
        let name = format!("H{number}");
        wmo305(
            &Envelope::new("0222", "98000001", &name),
            &Klant::new(50 + number),
            &Order::new(50 + number),
            &day(-9),
        )
    };
    let caller = site.partner(HVB);
    let before = caller.post(&daemon.exchange, &message(1)).await.receipt();
    assert_eq!(ready(site, &daemon).await, (200, json!({ "status": "ready", "reasons": [] })));

    daemon.disk(true);
    for _ in 0..2 {
        let answer = caller.post(&daemon.exchange, &message(2)).await;
        assert!(answer.retry_after.is_some(), "{answer:?}");
        answer.problem(503, "niet-beschikbaar");
        let (status, text) = stuf.post(&daemon, &envelope("98000021", 3)).await;
        assert!(status == 500 && text.contains("StUF046") && text.contains("Server"), "{status} {text}");
        let (status, body) = ready(site, &daemon).await;
        assert_eq!((status, &body["status"]), (503, &json!("not ready")));
        assert_eq!(body["reasons"].as_array().unwrap().len(), 1, "{body}");
    }

    daemon.disk(false);
    assert_eq!(caller.post(&daemon.exchange, &message(1)).await.receipt(), (before.0, true));
    assert!(!caller.post(&daemon.exchange, &message(2)).await.receipt().1);
    let (status, text) = stuf.post(&daemon, &envelope("98000021", 3)).await;
    assert!(status == 200 && text.contains("Bv03"), "{status} {text}");
    assert_eq!(ready(site, &daemon).await.0, 200);
    daemon.stop();
    site.verify();
    assert_eq!(kept(&site.data()).len(), 3);
}
