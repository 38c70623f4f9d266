//! Who did and saw what: through the API, through commands, and what `iwmo audit` makes of it.

use serde_json::Value;

use crate::harness::{Envelope, Klant, Order, Site, wmo301};

/// Every look is recorded before it is shown, named without the person; the feed does not tell of it, and a store that no
/// gateway holds is read without a record, which is said.
#[tokio::test(flavor = "multi_thread")]
async fn looks_are_recorded_and_are_no_events() {
    let site = Site::new();
    let daemon = site.start();
    let (klant, order) = (Klant::new(1), Order::new(100_101));
    let message = wmo301(&Envelope::new("0222", "98000001", "T1"), &klant, &order);
    let api = site.backoffice();
    let (id, _) = api.post(&daemon.backoffice, &message).await.receipt();
    let get = async |path: &str| api.get(&daemon.backoffice, &format!("/api/v1{path}")).await;
    get(&format!("/berichten/{id}/xml")).await.is(200);
    get(&format!("/berichten/{id}")).await.is(200);
    get("/toewijzingen/0222/100101").await.is(200);
    get(&format!("/uitgaand/{id}/0/xml")).await.is(200);
    // What is not shown is no look.
    get("/toewijzingen/0222/999").await.is(404);
    site.backoffice_1586().get(&daemon.backoffice, &format!("/api/v1/berichten/{id}/xml")).await.is(404);
    site.iwmo(&["toewijzing", "show", "0222/100101"]).exits(0);
    site.iwmo(&["journal", "export"]).exits(0);
    let bsn = site.path("bsn");
    std::fs::write(&bsn, &klant.bsn).unwrap();
    let person = ["--gemeente", "0222", "--bsn-from", bsn.to_str().unwrap()];
    site.iwmo(&[&["client"], &person[..]].concat()).exits(0);
    site.iwmo(&[&["cak", "show"], &person[..]].concat()).exits(0);
    site.iwmo(&["journal", "list", "--bsn-from", bsn.to_str().unwrap()]).exits(0);
    site.iwmo(&["outbox", "cancel", "--all", "--yes", "--reason", "vergissing"]).exits(0);

    let audit = |more: &[&str]| -> Vec<Value> {
        let arguments: Vec<&str> = ["audit", "--format", "json"].iter().chain(more).copied().collect();
        site.iwmo(&arguments).json()
    };
    let what: Vec<String> = audit(&[]).iter().map(|row| row["wat"].as_str().unwrap().to_owned()).collect();
    let expected = [
        "bericht_inhoud",
        "bericht",
        "toewijzing",
        "uitgaand_inhoud",
        "toewijzing",
        "uitvoer",
        "uitvoer",
        "persoon",
        "persoon",
        "persoon",
        "persoon",
        "uitgaand_annuleren",
    ];
    let (mut found, mut wanted) = (what.clone(), expected.map(str::to_owned).to_vec());
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted, "{what:?}");
    assert_eq!(audit(&["--who", "token zaaksysteem"]).len(), 4);
    assert_eq!(audit(&["--only", "acts"])[0]["reden"], "vergissing");
    assert_eq!(audit(&["--about", "0222/100101"]).len(), 2);
    assert_eq!(audit(&["--about", &format!("{id}/0")]).len(), 2);
    assert_eq!(audit(&["--until", "2020-01-01"]).len(), 0);
    let text = site.iwmo(&["audit"]).exits(0).out;
    assert!(text.contains("toewijzing 0222/100101 bekeken") && !text.contains(&klant.bsn), "{text}");

    // A reader of the feed that looks at everything comes to an end.
    let feed = get("/gebeurtenissen?na=begin&gemeente=0222").await.is(200).body;
    let kinds: Vec<&str> = feed["gebeurtenissen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["soort"].as_str().unwrap())
        .collect();
    assert!(!kinds.contains(&"inzage") && kinds.contains(&"handeling"), "{kinds:?}");
    let rest = format!("/gebeurtenissen?na={}", feed["cursor"].as_str().unwrap());
    get(&format!("/berichten/{id}")).await.is(200);
    assert_eq!(get(&rest).await.is(200).body["gebeurtenissen"].as_array().unwrap().len(), 0);
    daemon.stop();
    site.verify();

    let before = audit(&[]).len();
    let client = [&["client"], &person[..]].concat();
    for show in [&["toewijzing", "show", "0222/100101"][..], &client] {
        let show = site.iwmo(show).exits(0);
        assert!(show.err.contains("deze inzage is niet vastgelegd"), "{}", show.err);
    }
    assert_eq!(audit(&[]).len(), before, "reading changes nothing");
}

/// Who stops an export midway, or whose export fails, has seen messages all the same: they are on record before they are shown.
/// A long one makes a few records, not one for each entry.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_stopped_is_on_record() {
    let site = Site::new();
    let daemon = site.start();
    for number in 1..=40 {
        let name = format!("T{number}");
        let order = Order::new(100_100 + number);
        let message = wmo301(&Envelope::new("0222", "98000001", &name), &Klant::new(number), &order);
        site.backoffice().post(&daemon.backoffice, &message).await.receipt();
    }
    let looks = || {
        let rows = site.iwmo(&["audit", "--only", "looks", "--gemeente", "0222", "--format", "json"]).json();
        rows.iter().map(|row| row["tekst"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (data, messages) = (site.data(), ["--gemeente", "0222", "--message", "WMO301"]);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_iwmo"))
        .args(["journal", "export", "--data", data.to_str().unwrap()])
        .args(messages)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody reads: what is written fills the pipe, or finds it closed.
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(looks().first().map(String::as_str), Some("16 regels met hun berichten uitgevoerd"));

    let folder = site.path("xml");
    let export = [&["journal", "export", "--xml", folder.to_str().unwrap()], &messages[..]].concat();
    let before = looks().len();
    site.iwmo(&export).exits(0);
    assert_eq!(
        looks()[before..].iter().map(|one| one.split(' ').next().unwrap()).collect::<Vec<_>>(),
        ["16", "24"]
    );
    let before = looks().len();
    let refused = site.iwmo(&export).exits(2).err;
    assert!(refused.contains("nothing is overwritten"), "{refused}");
    assert_eq!(looks().len(), before + 1, "what may have been written is on record");
    daemon.stop();
    let unrecorded = site.iwmo(&["journal", "export"]).exits(0).err;
    assert_eq!(unrecorded.matches("deze inzage is niet vastgelegd").count(), 1, "{unrecorded}");
}
