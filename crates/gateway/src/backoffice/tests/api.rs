//! What may be asked, over real TLS, of a gateway with a history.

use std::collections::BTreeSet;

use jiff::ToSpan;
use serde_json::Value;

use super::played::{Played, values};
use super::*;
use crate::clock::{Clock, Moment, SystemClock, dutch_moment};
use crate::config::Config;

#[tokio::test]
async fn messages_are_listed_filtered_and_paged() {
    let played = Played::start().await;
    let all = played.ask("/berichten?volgorde=oudste&aantal=500").await;
    assert_eq!(all.status, 200);
    let entries = values(&all.body["berichten"], "entry");
    assert_eq!(all.body["volgende"], Value::Null);
    assert!(entries.contains(&"0222:1".to_owned()) && entries.contains(&"1586:1".to_owned()));

    // The same rows in both directions, whatever the size of the pages.
    for (order, aantal) in [("oudste", 3), ("nieuwste", 4)] {
        let mut found = Vec::new();
        let mut path = format!("/berichten?volgorde={order}&aantal={aantal}");
        loop {
            let page = played.ask(&path).await;
            found.extend(values(&page.body["berichten"], "entry"));
            let Some(next) = page.body["volgende"].as_str() else { break };
            path = format!("/berichten?volgorde={order}&aantal={aantal}&na={next}");
        }
        if order == "nieuwste" {
            found.reverse();
        }
        assert_eq!(found, entries, "{order}");
    }

    let only = async |query: &str| played.ask(&format!("/berichten?{query}")).await.body["berichten"].clone();
    assert_eq!(values(&only("bericht=WMO307&gemeente=1586").await, "bericht"), ["WMO307"]);
    let refused = only("retourcode=9019").await;
    assert_eq!(values(&refused, "uitkomst"), ["afgekeurd"]);
    assert_eq!(values(&refused, "bericht"), ["WMO305"]);
    assert!(
        values(&only("partner=zorg-de-linde").await, "partner").iter().all(|name| name == "zorg-de-linde")
    );
    // The start and the stop of the other aanbieder are about another toewijzing of the same person.
    let about = only("toewijzing=0222/222003&volgorde=oudste").await;
    let kinds = values(&about, "bericht");
    assert_eq!(kinds.iter().filter(|kind| *kind == "WMO305").count(), 1, "{kinds:?}");
    assert_eq!(kinds.first().map(String::as_str), Some("WMO301"));
    let said = only("retour=goedgekeurd&aantal=500").await;
    assert!(values(&said, "bericht").contains(&"WMO302".to_owned()), "{said}");
    assert!(said.as_array().unwrap().iter().all(|row| row["uitkomst"] == "verwerkt"), "{said}");
    assert_eq!(only("retour=afgekeurd").await, json!([]));
    assert_eq!(only("tot=2020-01-01").await, json!([]));
    assert_eq!(values(&only("van=2020-01-01&volgorde=oudste&aantal=500").await, "entry"), entries);
    assert_eq!(only("van=2120-01-01").await, json!([]));
    // A `+` that nobody escaped.
    assert_eq!(
        values(&only("van=2020-01-01T00:00+01:00&volgorde=oudste&aantal=500").await, "entry"),
        entries
    );
    assert_eq!(played.ask("/berichten?van=2026-11-02&tot=2026-11-01").await.problem(), "400 ongeldige-vraag");
    assert_eq!(values(&only("tot=9999-12-31&volgorde=oudste&aantal=500").await, "entry"), entries);
    // The `tijd` of a row can be given back as it is; a second later it is before.
    let first = only("volgorde=oudste&aantal=1").await[0]["tijd"].as_str().unwrap().to_owned();
    assert_eq!(values(&only(&format!("van={first}&volgorde=oudste&aantal=500")).await, "entry"), entries);
    let later = first.parse::<jiff::Timestamp>().unwrap() + jiff::Span::new().seconds(1);
    assert!(values(&only(&format!("tot={later}&aantal=500")).await, "entry").contains(&entries[0]));

    assert_eq!(only("bericht=wmo307&gemeente=1586").await, only("bericht=WMO307&gemeente=1586").await);
    for bad in ["van=gisteren", "na=0222", "gemeente=22", "toewijzing=222003"] {
        assert_eq!(played.ask(&format!("/berichten?{bad}")).await.problem(), "400 ongeldige-vraag", "{bad}");
    }
    assert_eq!(played.ask("/berichten?retour=misschien").await.problem(), "400 verzoek");
    let unknown = played.ask("/berichten?onbekend=1").await;
    assert_eq!(unknown.problem(), "400 verzoek");
    assert!(unknown.body["detail"].as_str().unwrap().contains("known here: `gemeente`"), "{unknown:?}");
}

#[tokio::test]
async fn a_message_is_shown_in_words_and_as_xml() {
    let played = Played::start().await;
    let refused = played.ask("/berichten?retourcode=9019").await.body["berichten"][0]["entry"].clone();
    let id = refused.as_str().unwrap();
    let shown = played.ask(&format!("/berichten/{id}")).await;
    assert_eq!(shown.body["retourcodes"], json!(["9019"]));
    assert!(shown.body["tijdlijn"][0]["tekst"].as_str().unwrap().contains("306 afgekeurd: 9019"));
    assert_eq!(values(&shown.body["verzonden"], "bericht"), ["WMO306"]);
    assert_eq!(values(&shown.body["verzonden"], "stand"), ["bezorgd"]);
    for path in [format!("/berichten/{id}/xml"), format!("/uitgaand/{id}/0/xml")] {
        let xml = played.get(&played.all, &path).send().await.unwrap();
        assert_eq!(xml.headers()["content-type"], "application/xml");
        assert_eq!(xml.headers()["cache-control"], "no-store");
        assert!(iwmo_codec::Schemas::bundled().decode(&xml.bytes().await.unwrap()).is_ok(), "{path}");
    }
    for nowhere in ["0222:99999", "0222:0", "0333:1", "x", "0222:1x"] {
        assert_eq!(played.ask(&format!("/berichten/{nowhere}")).await.problem(), "404 niet-gevonden");
        assert_eq!(played.ask(&format!("/berichten/{nowhere}/xml")).await.problem(), "404 niet-gevonden");
    }
    // A delivery is an entry, but no message.
    let feed = played.ask("/gebeurtenissen?aantal=500").await.body["gebeurtenissen"].clone();
    let delivery = feed.as_array().unwrap().iter().find(|event| event["soort"] == "bezorging").unwrap();
    let path = format!("/berichten/{}/xml", delivery["entry"].as_str().unwrap());
    assert_eq!(played.ask(&path).await.problem(), "404 niet-gevonden");
}

#[tokio::test]
async fn a_token_sees_its_own_gemeenten_only() {
    let played = Played::start().await;
    let list = played.ask_voorst("/berichten?aantal=500").await;
    let entries = values(&list.body["berichten"], "entry");
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry.starts_with("0285:")), "{entries:?}");
    assert_eq!(played.ask_voorst("/berichten?gemeente=0222").await.body["berichten"], json!([]));
    assert_eq!(played.ask_voorst("/berichten?toewijzing=0222/222001").await.body["berichten"], json!([]));
    for hidden in
        ["/berichten/0222:1", "/berichten/0222:1/xml", "/toewijzingen/0222/222001", "/uitgaand/0222:1/0/xml"]
    {
        assert_eq!(played.ask_voorst(hidden).await.problem(), "404 niet-gevonden", "{hidden}");
    }
    for (path, rows, field) in [
        ("/toewijzingen", "toewijzingen", "gemeente"),
        ("/termijnen", "termijnen", "gemeente"),
        ("/uitgaand?alle=true", "uitgaand", "id"),
        ("/gebeurtenissen?aantal=500", "gebeurtenissen", "entry"),
    ] {
        let found = values(&played.ask_voorst(path).await.body[rows], field);
        assert!(found.iter().all(|value| value.starts_with("0285")), "{path}: {found:?}");
    }
    let search = played.get(&played.voorst, "/clienten/zoek").build().unwrap().url().clone();
    let body = json!({ "bsn": "999900006" }).to_string();
    let post = played.client().post(search).bearer_auth(&played.voorst);
    let answer = post.header("content-type", "application/json").body(body).send().await.unwrap();
    assert_eq!(Answer::of(answer).await.body, json!({ "arrangementen": [] }));
}

#[tokio::test]
async fn a_person_is_found_over_all_aanbieders() {
    let played = Played::start().await;
    let found = played.post("/clienten/zoek", None, &json!({ "bsn": "999900018" })).await;
    assert_eq!(found.status, 200);
    let arrangement = &found.body["arrangementen"][0];
    assert_eq!(arrangement["gemeente"], "0222");
    assert_eq!(arrangement["aanbieders"], json!(["98000001", "98000002"]));
    assert_eq!(values(&arrangement["toewijzingen"], "nummer"), ["222002", "222003"]);
    assert_eq!(arrangement["toewijzingen"][0]["levering"]["status"], "BEEINDIGD");
    assert_eq!(arrangement["eigen_bijdrage"].as_array().unwrap().len(), 1);
    assert!(!found.body.to_string().contains("999900018"));
    let unknown = played.post("/clienten/zoek", None, &json!({ "bsn": "111222333" })).await;
    assert_eq!(unknown.body, json!({ "arrangementen": [] }));
    let wrong = played.post("/clienten/zoek", None, &json!({ "bsn": "11122233" })).await;
    assert_eq!(wrong.problem(), "422 ongeldig-bsn");
    assert!(!wrong.body.to_string().contains("11122233"));
    for bad in [json!({}), json!({ "bsn": 1 }), json!({ "bsn": "111222333", "naam": "x" }), json!([])] {
        assert_eq!(played.post("/clienten/zoek", None, &bad).await.problem(), "422 verzoek");
    }
    let large = json!({ "bsn": "1".repeat(5000) });
    let refused = played.post("/clienten/zoek", None, &large).await;
    assert_eq!(refused.problem(), "413 verzoek");
    assert_eq!(refused.body["detail"], "a question has at most 4096 bytes");
}

#[tokio::test]
async fn work_is_listed_what_is_due_and_what_waits() {
    let played = Played::start().await;
    assert_eq!(played.ask("/uitgaand").await.body["uitgaand"], json!([]), "everything was delivered");
    let message = played.wmo301("222050", "API-1").await;
    assert_eq!(played.post("/berichten", None, &message).await.status, 202);
    let waiting = played.ask("/uitgaand").await.body["uitgaand"].clone();
    assert_eq!(values(&waiting, "bericht"), ["WMO301"]);
    assert_eq!(played.ask("/uitgaand?stand=wacht&partner=cak").await.body["uitgaand"], json!([]));
    // Pages of one row have the rows of one page.
    let delivered = played.ask("/uitgaand?alle=true&aantal=500").await.body["uitgaand"].clone();
    let mut found = Vec::new();
    let mut path = "/uitgaand?alle=true&aantal=7".to_owned();
    loop {
        let page = played.ask(&path).await;
        found.extend(values(&page.body["uitgaand"], "id"));
        let Some(next) = page.body["volgende"].as_str() else { break };
        path = format!("/uitgaand?alle=true&aantal=7&na={next}");
    }
    assert_eq!(found, values(&delivered, "id"));
    assert!(found.len() > 10);

    // The 301 waits for its retour; the open deliveries of the others end with their toewijzing.
    let due = played.ask("/termijnen").await.body["termijnen"].clone();
    let kinds: BTreeSet<String> = values(&due, "termijn").into_iter().collect();
    assert_eq!(kinds, ["RETOUR_IN", "STOP_MISSING"].map(str::to_owned).into(), "{due}");
    let mut sorted = values(&due, "uiterlijk");
    sorted.sort();
    assert_eq!(sorted, values(&due, "uiterlijk"));
    let retour = played.ask("/termijnen?termijn=RETOUR_IN").await.body["termijnen"].clone();
    assert_eq!(values(&retour, "aanbieder"), ["98000001"]);
    assert_eq!(played.ask("/termijnen?verlopen=true").await.body["termijnen"], json!([]));
    let first = played.ask("/termijnen?aantal=1").await;
    let next = first.body["volgende"].as_str().unwrap();
    let second = played.ask(&format!("/termijnen?aantal=1&na={next}")).await;
    assert_eq!(second.body["termijnen"][0], due[1]);
}

/// A word that is no choice of a filter is refused: an empty list would say that all is well.
#[tokio::test]
async fn a_misspelt_choice_is_refused_and_not_an_empty_list() {
    let played = Played::start().await;
    for (good, bad) in [
        ("/uitgaand?stand=Bezorgd", "/uitgaand?stand=afgeleverd"),
        ("/uitgaand?bericht=wmo301", "/uitgaand?bericht=WMO3O1"),
        ("/berichten?bericht=fo01", "/berichten?bericht=WMO303"),
        ("/toewijzingen?levering=gestart", "/toewijzingen?levering=gestopt"),
        ("/termijnen?termijn=op090X4", "/termijnen?termijn=OP090X5"),
    ] {
        assert_eq!(played.ask(good).await.status, 200, "{good}");
        let refused = played.ask(bad).await;
        assert_eq!(refused.problem(), "400 ongeldige-vraag", "{bad}");
        assert!(refused.body["detail"].as_str().unwrap().contains("give one of "), "{refused:?}");
    }
    // What is described is what is known.
    let document = played.ask("/openapi.json").await.body;
    for (path, name) in [
        ("uitgaand", "stand"),
        ("uitgaand", "bericht"),
        ("berichten", "bericht"),
        ("toewijzingen", "levering"),
        ("termijnen", "termijn"),
    ] {
        let parameters = document["paths"][format!("/api/v1/{path}")]["get"]["parameters"].clone();
        let parameter =
            parameters.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone();
        let refused = played.ask(&format!("/{path}?{name}=x")).await;
        let detail = refused.body["detail"].as_str().unwrap().to_owned();
        let known = detail.split("give one of ").nth(1).unwrap().replace(", ", "|");
        assert_eq!(parameter["schema"]["pattern"], format!("^({known})$"), "{path}");
    }
    let delivered = played.ask("/uitgaand?stand=Bezorgd").await;
    assert!(!delivered.body["uitgaand"].as_array().unwrap().is_empty());
    let act =
        json!({ "wat": "opnieuw", "reden": "x", "gemeente": "0222", "stand": "geparkeert", "proef": true });
    assert_eq!(played.post("/uitgaand", None, &act).await.problem(), "422 handeling-geweigerd");
    let act =
        json!({ "wat": "opnieuw", "reden": "x", "gemeente": "0222", "bericht": "WMO303", "proef": true });
    assert_eq!(played.post("/uitgaand", None, &act).await.problem(), "422 handeling-geweigerd");
    let message = played.wmo301("222050", "API-1").await;
    assert_eq!(played.post("/berichten?bevestig=X", None, &message).await.problem(), "400 verzoek");
    assert_eq!(played.post("/berichten?bevestigd=X", None, &message).await.status, 202);
}

/// A parameter where none is known is not passed over: `proef` behind the address would do what it should only show.
#[tokio::test]
async fn parameters_are_refused_where_there_are_none() {
    let played = Played::start().await;
    for path in [
        "/toewijzingen/0222/222001?until=2026-01-01",
        "/berichten/0222:1?taal=nl",
        "/berichten/0222:1/xml?x",
        "/uitgaand/0222:1/0/xml?x=1",
    ] {
        let refused = played.ask(path).await;
        assert_eq!(refused.problem(), "400 verzoek", "{path}");
        let (plain, _) = path.split_once('?').unwrap();
        let plain = played.request(reqwest::Method::GET, plain).send().await.unwrap();
        assert_eq!(plain.status(), 200, "{path}");
    }
    let before = played.ask("/gebeurtenissen?na=nu").await.body["cursor"].clone();
    let hold = json!({ "wat": "opnieuw", "reden": "x", "gemeente": "0222" });
    assert_eq!(played.post("/uitgaand?proef=true", None, &hold).await.problem(), "400 verzoek");
    let person = json!({ "bsn": "999900006" });
    assert_eq!(played.post("/clienten/zoek?gemeente=0222", None, &person).await.problem(), "400 verzoek");
    assert_eq!(played.ask("/gebeurtenissen?na=nu").await.body["cursor"], before);
}

/// A message with faults of its own says which and where, as one that breaks the schema does.
#[tokio::test]
async fn what_breaks_rules_within_the_message_says_where() {
    let played = Played::start().await;
    let mut message = played.wmo301("222050", "API-1").await;
    message["Bericht"]["Client"]["Bsn"] = json!("123456789");
    let product = message["Bericht"]["Client"]["ToegewezenProducten"][0].clone();
    message["Bericht"]["Client"]["ToegewezenProducten"].as_array_mut().unwrap().push(product);
    let refused = played.post("/berichten", None, &message).await;
    assert_eq!(refused.problem(), "422 onaanvaardbaar");
    assert_eq!(refused.body["retourcodes"], json!(["0001"]));
    let found = refused.body["diagnostics"].as_array().unwrap();
    let bsn = found.iter().find(|one| one["rule"] == "CS002").unwrap();
    assert_eq!((&bsn["path"], &bsn["stage"]), (&json!("/Bericht/Client/Bsn"), &json!("rule")));
    assert!(bsn["line"].as_u64().unwrap() > 1, "{bsn}");
    // Each rule once, however often it is broken.
    let rules: Vec<&str> =
        refused.body["rules"].as_array().unwrap().iter().filter_map(|rule| rule.as_str()).collect();
    let mut once = rules.clone();
    once.dedup();
    assert_eq!(rules, once);
    assert!(rules.contains(&"CS002") && rules.contains(&"TR302"), "{rules:?}");
    assert!(!refused.body.to_string().contains("123456789"), "{refused:?}");
}

/// C-43: what waits for a partner in a freeze says so and until when; other partners are not told of.
#[tokio::test]
async fn a_freeze_is_shown_with_its_end() {
    let mut played = Played::start().await;
    let today = SystemClock.today();
    let (from, until) = (today.yesterday().unwrap(), today.saturating_add(2.days()));
    let freeze = format!("{from} 00:00 - {until} 08:00");
    let everybody = |config: &mut Config| {
        for partner in &mut config.partners {
            partner.stilte = vec![freeze.parse().unwrap()];
        }
    };
    played.restart_with(everybody).await;
    let message = played.wmo301("222050", "API-1").await;
    assert_eq!(played.post("/berichten", None, &message).await.status, 202);
    let page = played.ask("/uitgaand").await.body;
    let at = |day, time| json!(Moment(dutch_moment(&format!("{day}T{time}")).unwrap()));
    let (row, end) = (&page["uitgaand"][0], at(until, "08:00"));
    assert_eq!((&row["stand"], &row["pogingen"]), (&json!("wacht"), &json!(0)));
    assert_eq!(row["reden"], format!("stilte {freeze}"));
    assert_eq!(row["volgende"], end);
    let begin = at(from, "00:00");
    let held = json!({ "partner": row["partner"], "sinds": begin, "reden": row["reden"], "tot": end });
    assert_eq!(page["stil"], json!([held]));
    assert_eq!(played.ask_voorst("/uitgaand").await.body["stil"], json!([]));

    played.restart().await;
    let page = played.ask("/uitgaand").await.body;
    assert_eq!(page["stil"], json!([]));
    assert!(!page["uitgaand"][0].to_string().contains(&freeze), "{page}");
}

/// Every route is registered with its description; here every described route answers, and the document is one.
#[tokio::test]
async fn the_openapi_document_describes_what_answers() {
    let played = Played::start().await;
    let document = played.ask("/openapi.json").await.body;
    assert_eq!(document, serde_json::to_value(super::document()).unwrap());
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let (mut described, mut moments) = (0, 0);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described += 1;
            // An id that no route takes for a known one: the route answers 404 as a problem of its own.
            let known = path.replace("{gemeente}/{nummer}", "0222/222001");
            let known = known.replace("{id}", "0222:1").replace("{entry}", "0222:1").replace("{nummer}", "0");
            let path_below = known.strip_prefix("/api/v1").unwrap();
            let method = method.to_uppercase().parse().unwrap();
            let answer = played.request(method, path_below).send().await.unwrap();
            let status = answer.status().as_u16();
            let body = answer.bytes().await.unwrap();
            moments += moments_of(&serde_json::from_slice(&body).unwrap_or_default());
            assert!(status != 404 && status != 405, "{path}: {status}");
            assert!(
                operation["responses"][status.to_string()].is_object(),
                "{path}: {status} is not described"
            );
            assert!(operation["summary"].is_string(), "{path} has no summary");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{path}: {parameter}");
            }
        }
    }
    assert!(described >= 11, "{described}");
    assert!(moments > 20, "{moments}");
    for (view, member) in [("EntryView", "tijd"), ("Line", "tijd"), ("OutgoingView", "gemaakt")] {
        let described = &document["components"]["schemas"][view]["properties"][member];
        let described =
            document.pointer(described["$ref"].as_str().unwrap().trim_start_matches('#')).unwrap();
        assert_eq!((&described["type"], &described["format"]), (&json!("string"), &json!("date-time")));
    }
    resolve(&document, &document);
}

/// Counts the moments in an answer; each says its offset.
fn moments_of(part: &Value) -> usize {
    match part {
        Value::Object(members) => members.values().map(moments_of).sum(),
        Value::Array(items) => items.iter().map(moments_of).sum(),
        Value::String(text) if text.parse::<jiff::civil::DateTime>().is_ok() && text.len() > 10 => {
            assert!(text.contains('T') && text.parse::<jiff::Timestamp>().is_ok(), "{text}");
            1
        }
        _ => 0,
    }
}

/// Every `$ref` leads somewhere.
fn resolve(part: &Value, document: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(to) = members.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to}");
            }
            members.values().for_each(|member| resolve(member, document));
        }
        Value::Array(items) => items.iter().for_each(|item| resolve(item, document)),
        _ => {}
    }
}
