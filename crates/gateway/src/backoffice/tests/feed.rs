//! The feed: complete, in order, and the same after a restart.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::played::{Played, values};
use super::*;

#[tokio::test]
async fn a_reader_sees_everything_once_and_goes_on_after_a_restart() {
    let mut played = Played::start().await;
    let whole = played.ask("/gebeurtenissen?aantal=500").await.body;
    let entries = values(&whole["gebeurtenissen"], "entry");
    assert!(entries.len() > 30);
    let mut found = Vec::new();
    let mut cursor = "begin".to_owned();
    for _ in 0..200 {
        let page = played.ask(&format!("/gebeurtenissen?aantal=9&na={cursor}")).await.body;
        let rows = values(&page["gebeurtenissen"], "entry");
        if rows.is_empty() {
            break;
        }
        found.extend(rows);
        cursor = page["cursor"].as_str().unwrap().to_owned();
        if found.len() == 18 {
            played.restart().await;
        }
    }
    assert_eq!(found, entries);
    // What an event gives to go on with is as good as what the page gives.
    let tenth = whole["gebeurtenissen"][9]["cursor"].as_str().unwrap();
    let rest = played.ask(&format!("/gebeurtenissen?aantal=500&na={tenth}")).await.body;
    assert_eq!(values(&rest["gebeurtenissen"], "entry"), entries[10..]);
    assert_eq!(played.ask("/gebeurtenissen?na=0222.99999").await.problem(), "409 cursor-voorbij-einde");
    assert_eq!(played.ask("/gebeurtenissen?na=x").await.problem(), "400 ongeldige-vraag");
    // A cursor of another gemeente opens nothing.
    let other = played.ask_voorst("/gebeurtenissen?na=0222.1&aantal=500").await.body;
    assert!(values(&other["gebeurtenissen"], "entry").iter().all(|entry| entry.starts_with("0285:")));
}

#[tokio::test]
async fn a_question_waits_until_something_happens() {
    let played = Played::start().await;
    let start = Instant::now();
    let nothing = played.ask("/gebeurtenissen?na=nu&wacht=1").await.body;
    assert_eq!(nothing["gebeurtenissen"], json!([]));
    assert!(start.elapsed() >= Duration::from_millis(900));
    let message = played.wmo301("222050", "API-1").await;
    let (waited, receipt) = tokio::join!(played.ask("/gebeurtenissen?na=nu&wacht=30"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        played.post("/berichten", None, &message).await
    });
    let event = &waited.body["gebeurtenissen"][0];
    assert_eq!(event["entry"], receipt.body["ontvangst"]);
    assert!(event["tijdlijn"][0]["tekst"].as_str().unwrap().starts_with("toegewezen: 01/01A03"));
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_stream_tells_events_and_goes_on_from_the_last_id() {
    let mut played = Played::start().await;
    let whole = played.ask("/gebeurtenissen?aantal=500").await.body["gebeurtenissen"].clone();
    let first = read_events(&played, None, 5).await;
    assert_eq!(
        first.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>(),
        whole.as_array().unwrap()[..5]
    );
    let next = read_events(&played, Some(&first[4].0), 1).await;
    assert_eq!(next[0].1, whole[5]);
    // A browser that was never given an id sends none, or an empty one: from the beginning, as without.
    assert_eq!(read_events(&played, Some(""), 1).await, first[..1]);
    // Who follows does not hold up a stop.
    let open = stream(&played, None).await;
    let start = Instant::now();
    played.stop().await;
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(open);
}

async fn stream(played: &Played, last: Option<&str>) -> reqwest::Response {
    let mut request = played.get(&played.all, "/gebeurtenissen").header("accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

async fn read_events(played: &Played, last: Option<&str>, count: usize) -> Vec<(String, Value)> {
    let mut response = stream(played, last).await;
    let mut text = String::new();
    while text.matches("\n\n").count() < count {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    let field = |event: &str, name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start().to_owned()
    };
    let events = text.split("\n\n").take(count);
    events.map(|event| (field(event, "id:"), serde_json::from_str(&field(event, "data:")).unwrap())).collect()
}
