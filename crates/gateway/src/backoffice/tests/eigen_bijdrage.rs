//! What a system states about a person, and what it may see of what the CAK holds.

use serde_json::Value;

use super::played::Played;
use super::*;

/// A statement is shown, made once whatever comes again, refused when it cannot be, and does not exist for another token.
#[tokio::test]
async fn statements_about_a_person() {
    let played = Played::start().await;
    let path = "/eigen-bijdrage/opgaven";
    let opgave = json!({ "voorziening": { "naam": "PGB-1", "leveringsvorm": "pgb", "categorie": "02",
        "ingangsdatum": "2026-11-01" } });
    let state = json!({ "gemeente": "0222", "bsn": "999990020", "reden": "beschikking", "opgave": opgave });
    let mut preview = state.clone();
    preview["proef"] = true.into();
    let shown = played.post(path, None, &preview).await.body;
    assert_eq!((&shown["uitgevoerd"], &shown["aantal"]), (&json!(false), &json!(1)));
    let first = played.post(path, Some("opgave-1"), &state).await.body;
    assert_eq!(
        (&first["uitgevoerd"], &first["aantal"], &first["dubbel"]),
        (&json!(true), &json!(1), &json!(false))
    );
    let again = played.post(path, Some("opgave-1"), &state).await.body;
    assert_eq!(
        (&again["dubbel"], &again["handeling"], &again["aantal"]),
        (&json!(true), &first["handeling"], &json!(1))
    );
    assert_eq!(played.post(path, Some("opgave-1"), &preview).await.problem(), "422 sleutel-hergebruikt");
    let nothing = played.post(path, None, &state).await.body;
    assert_eq!((&nothing["aantal"], &nothing["ongewijzigd"]), (&json!(0), &json!(1)));

    let with = |member: &str, value: Value| {
        let mut other = state.clone();
        other[member] = value;
        other
    };
    for wrong in [
        with("bsn", json!("12345678x")),
        with("opgave", json!({ "voorzienig": {} })),
        with("opgave", json!("vasthouden")),
        with("opgave", json!({ "eigen_datums": [{ "start": "2026-11-02", "eind": "2026-11-01" }] })),
        // What happened lies not ahead, and nobody dies before they are born.
        with("opgave", json!({ "client": { "overleden_op": "9000-11-20" } })),
        with("opgave", json!({ "client": { "geboortedatum": "9000-11-20" } })),
        with("opgave", json!({ "client": { "geboortedatum": "1960-01-02", "overleden_op": "1960-01-01" } })),
        with("opgave", json!({ "intake": { "aanbieder": "98000001", "gehouden_op": "9000-11-20" } })),
    ] {
        assert_eq!(played.post(path, None, &wrong).await.problem(), "422 handeling-geweigerd", "{wrong}");
    }
    // What is not known yet, as a move, may lie ahead.
    let moves = with("opgave", json!({ "client": { "verhuisd_na": "9000-11-20" } }));
    assert_eq!(played.post(path, None, &moves).await.status, 200);
    let mut unreasoned = with("opgave", json!({ "voorziening_ingetrokken": "PGB-1" }));
    unreasoned["reden"] = json!(" ");
    assert_eq!(played.post(path, None, &unreasoned).await.problem(), "422 handeling-geweigerd");
    assert_eq!(
        played.post(path, None, &with("gemeente", json!("9999"))).await.problem(),
        "404 niet-gevonden"
    );
}

/// The periods that stand at the CAK, a page at a time, for the gemeenten of the token alone.
#[tokio::test]
async fn periods_at_the_cak() {
    let played = Played::start().await;
    let whole = played.ask("/eigen-bijdrage/perioden?gemeente=0222").await.body;
    let rows = whole["perioden"].as_array().unwrap();
    assert!(!rows.is_empty(), "the demonstration told the CAK");
    assert!(rows.iter().all(|row| row["bsn"].as_str().unwrap().len() == 9));
    let mut paged = Vec::new();
    let mut after = String::new();
    loop {
        let page = played.ask(&format!("/eigen-bijdrage/perioden?gemeente=0222&aantal=1{after}")).await.body;
        paged.extend(page["perioden"].as_array().unwrap().clone());
        let Some(next) = page["volgende"].as_u64() else { break };
        after = format!("&na={next}");
    }
    assert_eq!(&paged, rows);
    assert_eq!(
        played.ask_voorst("/eigen-bijdrage/perioden?gemeente=0222").await.problem(),
        "404 niet-gevonden"
    );
}

/// A person's eigen bijdrage, for the gemeenten of the token alone, by a BSN in the body.
#[tokio::test]
async fn the_eigen_bijdrage_of_a_person() {
    let played = Played::start().await;
    let path = "/eigen-bijdrage/zoek";
    let ask = |gemeente: &str, bsn: &str| json!({ "gemeente": gemeente, "bsn": bsn });
    let opgave = json!({ "voorziening": { "naam": "PGB-1", "leveringsvorm": "pgb", "categorie": "02",
        "ingangsdatum": "2026-11-01" } });
    let state = json!({ "gemeente": "0222", "bsn": "999990020", "reden": "beschikking", "opgave": opgave });
    played.post("/eigen-bijdrage/opgaven", None, &state).await;
    let found = played.post(path, None, &ask("0222", "999990020")).await.body;
    let period = &found["perioden"][0];
    assert_eq!((&period["gewenst"]["start"], &period["aanvaard"]), (&json!("2026-11-01"), &Value::Null));
    assert_eq!(
        (&period["waarom"][0]["waarover"], &period["waarom"][0]["leveringsvorm"]),
        (&json!("voorziening PGB-1"), &json!("pgb"))
    );
    assert!(!found.to_string().contains("999990020"));
    assert_eq!(played.post(path, None, &ask("0222", "999990032")).await.problem(), "404 niet-gevonden");
    assert_eq!(played.post(path, None, &ask("9999", "999990020")).await.problem(), "404 niet-gevonden");
    assert_eq!(played.post(path, None, &ask("0222", "99999002")).await.problem(), "422 ongeldig-bsn");
}

/// Telling the CAK about a gemeente is stopped and resumed, once each.
#[tokio::test]
async fn telling_the_cak_about_a_gemeente() {
    let played = Played::start().await;
    let path = "/eigen-bijdrage/verkeer";
    let ask = |what: &str| json!({ "gemeente": "0222", "handeling": what, "reden": "herindeling" });
    for (what, count) in [("stilleggen", 1), ("stilleggen", 0), ("hervatten", 1), ("hervatten", 0)] {
        assert_eq!(played.post(path, None, &ask(what)).await.body["aantal"], json!(count), "{what}");
    }
    assert_eq!(played.post(path, None, &ask("wachten")).await.problem(), "422 handeling-geweigerd");
}
