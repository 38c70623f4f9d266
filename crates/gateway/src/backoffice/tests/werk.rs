//! The work queue and a person's timeline, over real TLS, of a gateway with a history.

use serde_json::Value;

use super::played::{Played, values};
use super::*;

/// What was odd about messages of the demonstration is work; filters, pages and tokens leave out what they should.
#[tokio::test]
async fn work_is_listed_filtered_and_paged() {
    let played = Played::start().await;
    let all = played.ask("/werk").await;
    assert_eq!((all.status, &all.body["volgende"]), (200, &Value::Null));
    assert_eq!(values(&all.body["werk"], "code"), ["STOP_LATE", "STOP_LATE"]);
    assert_eq!(values(&all.body["werk"], "gemeente"), ["0222", "1586"]);
    let first = &all.body["werk"][0];
    assert_eq!((&first["soort"], &first["regels"]), (&json!("waarschuwing"), &json!(["OP272"])));
    assert!(first["tekst"].as_str().unwrap().contains("te laat"));

    let page = played.ask("/werk?aantal=1").await;
    let next = page.body["volgende"].as_str().unwrap();
    let rest = played.ask(&format!("/werk?aantal=1&na={next}")).await;
    assert_eq!((&page.body["werk"][0], &rest.body["werk"][0]), (first, &all.body["werk"][1]));
    for (query, rows) in [
        ("soort=waarschuwing&code=stop_late&gemeente=1586", 1),
        ("soort=verzoek", 0),
        ("code=TWO_OPEN_STARTS", 0),
        ("aanbieder=98000002", 0),
        ("verlopen=true", 0),
    ] {
        let found = played.ask(&format!("/werk?{query}")).await;
        assert_eq!(found.body["werk"].as_array().unwrap().len(), rows, "{query}");
    }
    assert_eq!(played.ask_voorst("/werk").await.body["werk"], json!([]));
    for bad in ["soort=klus", "aanbieder=1", "na=!", "gemeente=22"] {
        assert_eq!(played.ask(&format!("/werk?{bad}")).await.problem(), "400 ongeldige-vraag", "{bad}");
    }
    assert_eq!(played.ask("/werk?onbekend=1").await.problem(), "400 verzoek");
}

/// The arrangement says what was asked and, in order, what happened over all aanbieders, by which message.
#[tokio::test]
async fn an_arrangement_has_requests_and_a_timeline() {
    let played = Played::start().await;
    let search = async |bsn: &str| {
        let found = played.post("/clienten/zoek", None, &json!({ "bsn": bsn })).await;
        assert!(!found.body.to_string().contains(bsn));
        found.body["arrangementen"][0].clone()
    };
    let asked = search("999990020").await;
    assert_eq!(values(&asked["verzoeken"], "soort"), ["toewijzing", "wijziging"]);
    assert_eq!(values(&asked["verzoeken"], "status"), ["ANSWERED", "ANSWERED"]);
    let two = search("999900018").await;
    let lines = two["tijdlijn"].as_array().unwrap();
    let partners = ["coalitie-hvb meldt start", "zorg-de-linde meldt start", "het CAK aanvaardt"];
    let places = partners.map(|text| {
        lines.iter().position(|line| line["tekst"].as_str().unwrap().contains(text)).unwrap_or(usize::MAX)
    });
    assert!(places.iter().all(|place| *place < lines.len()), "{lines:#?}");
    let late = lines.iter().find(|line| line["bericht"] == "WMO307" && line["waarschuwingen"].is_array());
    assert_eq!(late.unwrap()["waarschuwingen"], json!(["STOP_LATE"]));
}

/// What was odd is dealt with over the API as on the command line: shown first, done once, with a reason, by who may.
#[tokio::test]
async fn work_is_dealt_with() {
    let played = Played::start().await;
    let entry = played.ask("/werk?gemeente=0222").await.body["werk"][0]["entry"].clone();
    let act = |more: Value| {
        let mut act = json!({ "wat": "afhandelen", "reden": "gebeld met de aanbieder" });
        more.as_object().unwrap().iter().for_each(|(name, value)| act[name] = value.clone());
        act
    };
    let shown = played.post("/werk", None, &act(json!({ "werk": [entry], "proef": true }))).await;
    assert_eq!(
        (shown.status, &shown.body["uitgevoerd"], &shown.body["aantal"]),
        (200, &json!(false), &json!(1))
    );
    assert_eq!(played.ask("/werk?gemeente=0222").await.body["werk"].as_array().unwrap().len(), 1);
    let asked = act(json!({ "werk": [entry] }));
    let done = played.post("/werk", Some("werk-1"), &asked).await.body;
    assert_eq!((&done["uitgevoerd"], &done["aantal"]), (&json!(true), &json!(1)));
    assert_eq!(played.ask("/werk?gemeente=0222").await.body["werk"], json!([]));
    let again = played.post("/werk", Some("werk-1"), &asked).await.body;
    assert_eq!((&again["dubbel"], &again["aantal"]), (&json!(true), &json!(1)));
    assert_eq!(again["handeling"], done["handeling"]);
    let other = act(json!({ "gemeente": "1586" }));
    assert_eq!(played.post("/werk", Some("werk-1"), &other).await.problem(), "422 sleutel-hergebruikt");
    let filtered = act(json!({ "gemeente": "1586", "code": "stop_late" }));
    assert_eq!(played.post("/werk", None, &filtered).await.body["aantal"], 1);
    assert_eq!(played.post("/werk", None, &filtered).await.body["handeling"], Value::Null, "nothing is left");
    for (body, expected) in [
        (act(json!({})), "422 handeling-geweigerd"),
        (json!({ "wat": "afhandelen", "gemeente": "0222" }), "422 handeling-geweigerd"),
        (act(json!({ "reden": " ", "gemeente": "0222" })), "422 handeling-geweigerd"),
        (act(json!({ "werk": ["0222:1/0"] })), "422 handeling-geweigerd"),
        (act(json!({ "werk": ["0222:999999"] })), "422 handeling-geweigerd"),
        (act(json!({ "werk": ["0222/1/CONTACT"] })), "422 handeling-geweigerd"),
        (act(json!({ "werk": ["0222:1", "1586:1"] })), "422 handeling-geweigerd"),
        (act(json!({ "werk": ["0222:1"], "code": "X" })), "422 handeling-geweigerd"),
        (act(json!({ "werk": vec!["0222:1"; 1001] })), "422 handeling-geweigerd"),
        (act(json!({ "gemeente": "9999" })), "404 niet-gevonden"),
        (act(json!({ "wat": "vrijgeven", "werk": ["0222:1/0"] })), "422 handeling-geweigerd"),
        (act(json!({ "wat": "opruimen", "gemeente": "0222" })), "422 handeling-geweigerd"),
    ] {
        assert_eq!(played.post("/werk", None, &body).await.problem(), expected, "{body}");
    }
    // Another gemeente's work does not exist for this token.
    let request = played.client().post(played.url("/werk")).bearer_auth(&played.voorst);
    let body = act(json!({ "werk": ["0222:1"] })).to_string();
    let answer =
        Answer::of(request.header("content-type", "application/json").body(body).send().await.unwrap()).await;
    assert_eq!(answer.problem(), "404 niet-gevonden");
}
