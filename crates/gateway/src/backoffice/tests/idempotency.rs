//! A request with a key takes effect once, and the journal is what remembers it.

use super::played::Played;
use super::*;

#[tokio::test]
async fn a_request_with_a_key_takes_effect_once() {
    let mut played = Played::start().await;
    let message = played.wmo301("222050", "API-1").await;
    let first = played.post("/berichten", Some("key-1"), &message).await;
    assert_eq!(first.status, 202, "{first:?}");
    assert_eq!(played.post("/berichten", Some("key-1"), &message).await.body, first.body);
    let other = played.wmo301("222051", "API-2").await;
    let reused = played.post("/berichten", Some("key-1"), &other).await;
    assert_eq!(reused.problem(), "422 sleutel-hergebruikt");
    // Without the key the gateway still knows the message.
    let again = played.post("/berichten", None, &message).await;
    assert_eq!((again.status, &again.body["dubbel"]), (202, &json!(true)));

    // The rows come from the journal: without them, and after a restart, the answers are the same.
    played.stop().await;
    std::fs::remove_dir_all(played.file("ledger")).unwrap();
    played.restart().await;
    assert_eq!(played.post("/berichten", Some("key-1"), &message).await.body, first.body);
    assert_eq!(played.post("/berichten", Some("key-1"), &other).await.problem(), "422 sleutel-hergebruikt");
    let second = played.post("/berichten", Some("key-2"), &other).await;
    assert_eq!(second.status, 202);
    assert_ne!(second.body["ontvangst"], first.body["ontvangst"]);
}

/// What was refused was not stored: the same key may bring the message put right.
#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let played = Played::start().await;
    let good = played.wmo301("222050", "API-1").await;
    let mut bad = good.clone();
    // No partner has this AGB code.
    bad["Bericht"]["Header"]["Ontvanger"] = json!("98000009");
    assert_eq!(played.post("/berichten", Some("key-1"), &bad).await.problem(), "422 onaanvaardbaar");
    assert_eq!(played.post("/berichten", Some("key-1"), &good).await.status, 202);
    let long = "k".repeat(256);
    for unusable in ["two words", "", &long] {
        let answer = played.post("/berichten", Some(unusable), &good).await;
        assert_eq!(answer.problem(), "400 sleutel", "{unusable}");
    }
}
