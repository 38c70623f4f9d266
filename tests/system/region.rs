//! A region: several gemeenten in one gateway, and nothing of one visible to another, whichever way it is asked.

use iwmo_codec::messages::MessageKind;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Caller, Daemon, Envelope, HVB, Klant, LINDE, Mood, Order, Site, day, until, wmo301, wmo305,
    wmo315,
};

/// The toewijzing of 0222 that nobody else may hear of.
const OWN: u32 = 100_777;
/// Its key, and what is done under it.
const KEY: &str = "7d2f8f5e-0f0e-4a63-9f4c-2b7f6a1d9c11";

/// Everything that a system may ask for without naming what belongs to another.
const QUESTIONS: [&str; 9] = [
    "/api/v1/toewijzingen",
    "/api/v1/berichten",
    "/api/v1/werk",
    "/api/v1/termijnen",
    "/api/v1/uitgaand",
    "/api/v1/uitgaand?alle=true",
    "/api/v1/statistiek",
    "/api/v1/statistiek?gemeente=0222",
    "/api/v1/gebeurtenissen?na=begin&aantal=500",
];

/// Two gemeenten with one person in both, an aanbieder that is down, a request that waits.
async fn played(site: &Site, daemon: &Daemon) -> String {
    let all = site.backoffice();
    let klant = Klant::new(7);
    let mut own = String::new();
    for (gemeente, nummer, name) in [("0222", OWN, "T1"), ("1586", 200_888, "T2")] {
        let message = wmo301(&Envelope::new(gemeente, "98000001", name), &klant, &Order::new(nummer));
        let (id, _) = all
            .post_to(
                &daemon.backoffice,
                "/api/v1/berichten",
                Some(KEY).filter(|_| gemeente == "0222"),
                &message,
            )
            .await
            .receipt();
        if gemeente == "0222" {
            own = id;
        }
        let start = wmo305(&Envelope::new(gemeente, "98000001", name), &klant, &Order::new(nummer), &day(-9));
        site.partner(HVB).post(&daemon.exchange, &start).await.receipt();
    }
    let request =
        wmo315(&Envelope::new("0222", "98000002", "V1"), &Klant::new(8), &Order::new(1), "vraag-0222");
    site.partner(LINDE).post(&daemon.exchange, &request).await.receipt();
    own
}

/// What must stand in no answer to another gemeente.
#[track_caller]
fn tells_nothing(what: &str, answer: &Answer) {
    let text = &answer.text;
    let own = Klant::new(8);
    for secret in ["0222:", "\"0222\"", "100777", "vraag-0222", own.bsn.as_str()] {
        assert!(!text.contains(secret), "{what} tells {secret}: {text}");
    }
}

async fn sees_nothing(who: &str, system: &Caller, all: &Caller, daemon: &Daemon, own: &str) {
    let address = &daemon.backoffice;
    for path in QUESTIONS {
        let answer = system.get(address, path).await;
        let answer = if path.ends_with("gemeente=0222") { answer } else { answer.is(200) };
        tells_nothing(&format!("{who}: {path}"), &answer);
    }
    let found = system.get(address, "/api/v1/toewijzingen").await;
    assert_eq!(found.body["toewijzingen"].as_array().unwrap().len(), 1, "{who} sees its own");
    for path in [
        format!("/api/v1/toewijzingen/0222/{OWN}"),
        format!("/api/v1/berichten/{own}"),
        format!("/api/v1/berichten/{own}/xml"),
        format!("/api/v1/uitgaand/{own}/0/xml"),
    ] {
        all.get(address, &path).await.is(200);
        let answer = system.get(address, &path).await;
        let none = system.get(address, &path.replace(own, "0222:999").replace("100777", "999999")).await;
        assert_eq!(
            (answer.status, &answer.text),
            (404, &none.text),
            "{who}: what is another's is as what is not there"
        );
    }
    // The same person in both: only what is of 1586; one in 0222 alone is nobody.
    let zoek = |bsn: String| json!({ "bsn": bsn }).to_string().into_bytes();
    let found =
        system.post_to(address, "/api/v1/clienten/zoek", None, &zoek(Klant::new(7).bsn)).await.is(200);
    tells_nothing(&format!("{who}: clienten/zoek"), &found);
    assert!(found.text.contains("200888"), "{}", found.text);
    let found = system.post_to(address, "/api/v1/clienten/zoek", None, &zoek(Klant::new(8).bsn)).await;
    let nobody = system.post_to(address, "/api/v1/clienten/zoek", None, &zoek(Klant::new(99).bsn)).await;
    assert_eq!((found.status, &found.text), (nobody.status, &nobody.text), "{who}");

    // A cursor of another's feed or list is a place, and opens nothing.
    let feed = all.get(address, "/api/v1/gebeurtenissen?na=begin&aantal=1").await.is(200);
    let cursor = feed.body["cursor"].as_str().or(feed.body["volgende"].as_str()).unwrap().to_owned();
    let answer = system.get(address, &format!("/api/v1/gebeurtenissen?na={cursor}&aantal=500")).await;
    tells_nothing(&format!("{who}: another's cursor"), &answer);
    for list in ["toewijzingen", "berichten", "uitgaand"] {
        let page = all.get(address, &format!("/api/v1/{list}?aantal=1")).await.is(200);
        let Some(next) = page.body["volgende"].as_str() else { continue };
        let answer = system.get(address, &format!("/api/v1/{list}?aantal=500&na={next}")).await;
        tells_nothing(&format!("{who}: another's page of {list}"), &answer);
    }

    // What it may not see it may not change either, and is not told whether it is there.
    let named = |id: &str| json!({ "wat": "vasthouden", "reden": "proef", "berichten": [format!("{id}/0")] });
    let act = async |body: Value| {
        system.post_to(address, "/api/v1/uitgaand", None, body.to_string().as_bytes()).await
    };
    let (there, gone) = (act(named(own)).await, act(named("0222:999")).await);
    assert_eq!(there.status, gone.status, "{who}: {} {}", there.text, gone.text);
    assert!((400..500).contains(&there.status), "{}", there.text);
    assert_eq!(there.text.replace(own, "X"), gone.text.replace("0222:999", "X"), "{who}");
    let all_of_it =
        json!({ "wat": "annuleren", "reden": "proef", "gemeente": "0222", "stand": "wacht", "proef": true });
    let answer = act(all_of_it).await;
    assert!(!answer.text.contains("\"aantal\":1"), "{who}: {}", answer.text);
    // A message for another gemeente is refused, whatever its key; the key of another's request is free for it.
    let strange = wmo301(&Envelope::new("0222", "98000001", "T9"), &Klant::new(9), &Order::new(9));
    let answer = system.post_to(address, "/api/v1/berichten", Some(KEY), &strange).await;
    answer.problem(403, "verkeerde-afzender");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_one_gemeente_is_visible_to_another() {
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    hvb.mood(Mood::Busy);
    let certificate = site.authority.client("zaken-1586", None).unwrap();
    let more = format!(
        "[[system]]\nname = \"zaken-1586\"\nfingerprint = \"{}\"\ngemeenten = [\"1586\"]\n",
        certificate.fingerprint
    );
    site.configure(&[(HVB, hvb.address)], &more);
    let daemon = site.start();
    let own = played(&site, &daemon).await;
    let (all, token) = (site.backoffice(), site.backoffice_1586());
    let system = Caller::backoffice_with(Some(&certificate.identity), None, &site.authority);
    sees_nothing("a token", &token, &all, &daemon, &own).await;
    sees_nothing("a certificate", &system, &all, &daemon, &own).await;

    // The key of another's request names nothing here: the same key is free for a message of its own, each time.
    for (number, (who, caller)) in (0..).zip([("a token", &token), ("a certificate", &system)]) {
        let name = format!("K{number}");
        let message = wmo301(
            &Envelope::new("1586", "98000001", &name),
            &Klant::new(20 + number),
            &Order::new(300 + number),
        );
        let (id, dubbel) =
            caller.post_to(&daemon.backoffice, "/api/v1/berichten", Some(KEY), &message).await.receipt();
        assert!(id.starts_with("1586:") && !dubbel, "{who}: {id} {dubbel}");
    }
    // An aanbieder fetches what is for it, and nothing of another; what it may confirm is its own.
    let list = site.partner(LINDE).get(&daemon.exchange, "/uitwisseling/v1/berichten").await.is(200);
    assert!(!list.text.contains("WMO301") && list.text.contains("WMO316"), "{}", list.text);
    let path = format!("/uitwisseling/v1/berichten/{}-0", own.replace(':', "-"));
    site.partner(HVB).get(&daemon.exchange, &path).await.is(200);
    site.partner(LINDE).get(&daemon.exchange, &path).await.problem(404, "niet-gevonden");
    hvb.mood(Mood::Well);
    site.iwmo(&["outbox", "retry", "--partner", "coalitie-hvb", "--yes", "--reason", "klaar"]).exits(0);
    hvb.expect(MessageKind::Wmo301, "T1").await;
    until("everything is sent", || {
        site.iwmo(&["outbox", "list", "--partner", "coalitie-hvb"]).out.contains("niets").then_some(())
    })
    .await;
    daemon.stop();
    site.verify();
}
