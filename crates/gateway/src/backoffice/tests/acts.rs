//! What a system may change about outgoing messages, and the figures.

use serde_json::Value;

use super::played::Played;
use super::*;

/// Everything of the demonstration was delivered; a new 301 waits, and can be held, released and cancelled, each once.
#[tokio::test]
async fn outgoing_messages_are_held_released_and_cancelled() {
    let played = Played::start().await;
    let message = played.wmo301("222050", "API-1").await;
    let id = played.post("/berichten", None, &message).await.body["ontvangst"].as_str().unwrap().to_owned();
    let name = format!("{id}/0");
    let stand = async || {
        let rows = played.ask("/uitgaand?gemeente=0222").await.body["uitgaand"].clone();
        rows.as_array().unwrap().iter().find(|row| row["id"] == name).map(|row| row["stand"].clone())
    };
    let hold = json!({ "wat": "vasthouden", "reden": "wacht op overleg", "berichten": [name] });
    let mut preview = hold.clone();
    preview["proef"] = true.into();
    let shown = played.post("/uitgaand", None, &preview).await;
    assert_eq!(
        (shown.status, &shown.body["uitgevoerd"], &shown.body["aantal"]),
        (200, &json!(false), &json!(1))
    );
    assert_eq!(stand().await, Some("wacht".into()));

    let first = played.post("/uitgaand", Some("act-1"), &hold).await.body;
    assert_eq!(
        (&first["uitgevoerd"], &first["aantal"], &first["dubbel"]),
        (&json!(true), &json!(1), &json!(false))
    );
    assert_eq!(stand().await, Some("vastgehouden".into()));
    let release =
        json!({ "wat": "vrijgeven", "reden": "klaar", "gemeente": "0222", "stand": "vastgehouden" });
    assert_eq!(played.post("/uitgaand", None, &release).await.body["aantal"], 1);
    assert_eq!(stand().await, Some("wacht".into()));
    // The first request again changes nothing and has its first answer.
    let again = played.post("/uitgaand", Some("act-1"), &hold).await.body;
    assert_eq!(
        (&again["dubbel"], &again["handeling"], &again["aantal"]),
        (&json!(true), &first["handeling"], &json!(1))
    );
    assert_eq!(stand().await, Some("wacht".into()));
    assert_eq!(played.post("/uitgaand", Some("act-1"), &release).await.problem(), "422 sleutel-hergebruikt");
    assert_eq!(played.post("/berichten", Some("act-1"), &message).await.problem(), "422 sleutel-hergebruikt");

    let cancel = json!({ "wat": "annuleren", "reden": "vergissing", "berichten": [name] });
    let cancelled = played.post("/uitgaand", None, &cancel).await.body;
    assert_eq!(cancelled["aantal"], 1);
    let warning = cancelled["waarschuwingen"].to_string();
    assert!(warning.contains("blijft hier staan als aangeboden"), "a 301 that never leaves: {warning}");
    assert_eq!(stand().await, None, "what is final is not listed");
    let nothing = played.post("/uitgaand", None, &cancel).await.body;
    assert_eq!(
        (&nothing["aantal"], &nothing["ongewijzigd"], &nothing["handeling"]),
        (&json!(0), &json!(1), &Value::Null)
    );
    assert_eq!(played.post("/uitgaand", None, &release).await.body["aantal"], 0);
    assert_eq!(played.post("/uitgaand", None, &hold).await.problem(), "422 handeling-geweigerd");
}

#[tokio::test]
async fn acts_that_cannot_be_are_refused_with_the_reason() {
    let played = Played::start().await;
    let act = |more: Value| {
        let mut act = json!({ "wat": "opnieuw", "reden": "r" });
        more.as_object().unwrap().iter().for_each(|(name, value)| act[name] = value.clone());
        act
    };
    for (body, expected) in [
        (act(json!({})), "422 handeling-geweigerd"),
        (act(json!({ "berichten": ["0222:1/0"] })), "422 handeling-geweigerd"),
        (act(json!({ "berichten": ["0222:1"] })), "422 handeling-geweigerd"),
        (act(json!({ "berichten": ["0222:1/0", "1586:1/0"] })), "422 handeling-geweigerd"),
        (act(json!({ "berichten": ["9999:1/0"] })), "404 niet-gevonden"),
        (act(json!({ "gemeente": "0222", "onbekend": 1 })), "422 handeling-geweigerd"),
        (act(json!({ "gemeente": 222 })), "422 handeling-geweigerd"),
        (json!({ "wat": "opnieuw" }), "422 handeling-geweigerd"),
        (json!([]), "422 handeling-geweigerd"),
    ] {
        assert_eq!(played.post("/uitgaand", None, &body).await.problem(), expected, "{body}");
    }
    // Another gemeente's message does not exist for this token.
    let request = played.client().post(played.url("/uitgaand")).bearer_auth(&played.voorst);
    let body = act(json!({ "berichten": ["0222:1/0"] })).to_string();
    let answer =
        Answer::of(request.header("content-type", "application/json").body(body).send().await.unwrap()).await;
    assert_eq!(answer.problem(), "404 niet-gevonden");
    let mut many = act(json!({}));
    many["berichten"] = vec!["0222:1/0"; 1001].into();
    let refused = played.post("/uitgaand", None, &many).await;
    assert_eq!(refused.body["detail"], "berichten: at most 1000 names");
}

/// The figures add up to what the demonstration did, each gemeente's for its own token.
#[tokio::test]
async fn figures_say_what_happened() {
    let played = Played::start().await;
    let all = played.ask("/statistiek").await;
    assert_eq!(all.status, 200);
    let sum = |table: &str, count: &str, wanted: &dyn Fn(&Value) -> bool| -> u64 {
        let rows = all.body[table].as_array().unwrap().iter().filter(|row| wanted(row));
        rows.map(|row| row[count].as_u64().unwrap()).sum()
    };
    let entries =
        played.ask("/berichten?aantal=500").await.body["berichten"].as_array().unwrap().len() as u64;
    assert_eq!(sum("berichten", "aantal", &|_| true), entries);
    let refused =
        played.ask("/berichten?aantal=500&retourcode=9019").await.body["berichten"].as_array().unwrap().len();
    assert_eq!(sum("afkeuringen", "aantal", &|row| row["code"] == "9019"), refused as u64);
    let starts = sum("producten", "gestart", &|_| true);
    assert!(starts > 0);
    assert!(sum("doorlooptijden", "aantal", &|row| row["soort"] == "toewijzing_start") <= starts);
    for row in all.body["doorlooptijden"].as_array().unwrap() {
        let classes = row["verdeling"].as_array().unwrap();
        let total: u64 = classes.iter().map(|class| class["aantal"].as_u64().unwrap()).sum();
        assert_eq!(total, row["aantal"].as_u64().unwrap(), "{row}");
        assert_eq!(classes.last().unwrap()["tot"], Value::Null);
    }
    assert!(sum("doorlooptijden", "aantal", &|row| row["soort"] == "retour_bezorgd") > 0);
    assert!(sum("doorlooptijden", "aantal", &|row| row["soort"] == "heen_retour") > 0);

    assert_eq!(played.ask("/statistiek?van=2120-01").await.body["berichten"], json!([]));
    assert_eq!(played.ask("/statistiek?tot=2020-01").await.body["producten"], json!([]));
    let own = played.ask_voorst("/statistiek").await.body["berichten"].clone();
    let own = own.as_array().unwrap();
    assert!(!own.is_empty() && own.iter().all(|row| row["gemeente"] == "0285"), "{own:?}");
    for bad in ["van=2026", "van=2026-13", "tot=2026-1", "van=2026-11-25", "gemeente=22"] {
        assert_eq!(played.ask(&format!("/statistiek?{bad}")).await.problem(), "400 ongeldige-vraag", "{bad}");
    }
}
