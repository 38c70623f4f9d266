//! `iwmo partner`: adding one, trying the way to it, holding it, and what is shown of it.

use iwmo_codec::messages::MessageKind;
use serde_json::{Value, json};

use crate::harness::{
    Caller, Envelope, HVB, Klant, LINDE, Order, Run, Site, day, iwmo, until, wmo301, wmo305,
};

fn partner(site: &Site, arguments: &[&str]) -> Run {
    let config = site.config();
    let config = config.to_str().unwrap().to_owned();
    let all = ["partner"].iter().chain(arguments).map(|one| (*one).to_owned());
    iwmo(all.chain(["--config".to_owned(), config]))
}

const WHY: [&str; 3] = ["--yes", "--reason", "een nieuwe aanbieder"];

/// A preview writes nothing; with --yes the file is there, a running gateway knows the partner at once, and it sends.
#[tokio::test]
async fn a_partner_is_added_while_the_gateway_runs() {
    let site = Site::new();
    let daemon = site.start();
    let certificate = site.authority.client("Zorg \"Nieuw\" BV", None).unwrap();
    let pem = site.path("nieuw.pem");
    std::fs::write(&pem, &certificate.certificate_pem).unwrap();
    let caller = Caller::partner(Some(&certificate.identity), &site.authority);
    let message = wmo305(&Envelope::new("0222", "98000009", "S1"), &Klant::new(1), &Order::new(1), &day(-9));
    let add =
        ["add", "nieuw", "--kind", "aanbieder", "--agb", "98000009", "--certificate", pem.to_str().unwrap()];
    let add = [&add[..], &["--gemeente", "0222"]].concat();
    let preview = partner(&site, &[&add[..], &["--format", "json"]].concat()).exits(0).json();
    assert_eq!((&preview[0]["uitgevoerd"], &preview[0]["van_kracht"]), (&json!(false), &json!(false)));
    assert_eq!(preview[0]["certificaten"][0]["fingerprint"], certificate.fingerprint.to_string());
    assert!(!site.path("partners.d").exists());
    caller.post(&daemon.exchange, &message).await.problem(403, "onbekende-partner");

    let done = partner(&site, &[&add[..], &WHY].concat()).exits(0);
    assert!(done.out.contains("geschreven en van kracht"), "{}", done.out);
    let text = std::fs::read_to_string(site.path("partners.d/nieuw.toml")).unwrap();
    assert!(
        text.contains("# Why: een nieuwe aanbieder\n") && text.contains("gemeenten = [\"0222\"]\n"),
        "{text}"
    );
    caller.post(&daemon.exchange, &message).await.receipt();
    let audit = site.iwmo(&["audit", "--only", "acts", "--format", "json"]).exits(0).json();
    assert_eq!(audit[0]["tekst"], "configuratie: partner nieuw was added");
    assert_eq!(audit[0]["reden"], "een nieuwe aanbieder");

    // What is there is not written over; what cannot be is not written, and every mistake is told.
    let again = partner(&site, &[&add[..], &WHY].concat()).exits(2);
    assert!(again.reason().contains("is there already"), "{}", again.err);
    let wrong =
        ["add", "ander", "--kind", "aanbieder", "--agb", "98000009", "--oin", "123", "--gemeente", "9999"];
    let told = partner(&site, &[&wrong[..], &WHY, &["--format", "json"]].concat()).exits(1).json();
    let keys: Vec<_> =
        told.iter().map(|one| (one["key"].as_str().unwrap(), one["code"].as_str().unwrap())).collect();
    for wanted in [
        ("partner[1].agb", "duplicate"),
        ("partner[1].oin", "unusable-value"),
        ("partner[1].gemeenten", "unknown-name"),
    ] {
        assert!(keys.contains(&wanted), "{wanted:?} is not among {keys:?}");
    }
    assert!(!site.path("partners.d/ander.toml").exists());
    // A server's certificate is not what a partner shows.
    let server = site.path("server.pem");
    let wrong = [
        "add",
        "ander",
        "--kind",
        "aanbieder",
        "--agb",
        "98000010",
        "--certificate",
        server.to_str().unwrap(),
    ];
    let told = partner(&site, &[&wrong[..], &WHY].concat()).exits(2);
    assert!(told.reason().contains("cannot be shown by a client"), "{}", told.err);
    daemon.stop();
    site.verify();

    // Without a gateway the file is written all the same.
    let pin = "5e8f0c1b2a394857667584930a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
    let later = ["add", "later", "--kind", "aanbieder", "--agb", "98000010", "--fingerprint", pin];
    let done = partner(&site, &[&later[..], &WHY].concat()).exits(0);
    assert!(done.out.contains("zodra de gateway start"), "{}", done.out);
    site.start().stop();
}

/// When the running gateway does not take the configuration, the file is taken away again.
#[tokio::test]
async fn a_partner_that_the_gateway_refuses_leaves_no_file() {
    let site = Site::new();
    let daemon = site.start();
    let text = site.configuration(&[], "");
    std::fs::write(site.config(), text.replacen("127.0.0.1:0", "127.0.0.2:0", 1)).unwrap();
    let pin = "5e8f0c1b2a394857667584930a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
    let add = ["add", "nieuw", "--kind", "aanbieder", "--agb", "98000010", "--fingerprint", pin];
    let told = partner(&site, &[&add[..], &WHY].concat()).exits(2);
    assert!(told.reason().contains("the running gateway refuses: exchange.address"), "{}", told.err);
    assert!(!site.path("partners.d/nieuw.toml").exists());
    // Nor when it reads another configuration than the one that is named.
    std::fs::write(site.config(), &text).unwrap();
    let other = site.path("other.toml");
    std::fs::write(&other, &text).unwrap();
    let other = ["--lang", "en", "--config", other.to_str().unwrap()];
    let told = iwmo([&["partner"], &add[..], &WHY, &other].concat()).exits(2);
    assert!(told.reason().contains("other.toml"), "{}", told.err);
    assert!(!site.path("partners.d/nieuw.toml").exists());
    daemon.stop();
}

/// Each step of the way is told; one that fails says why, and is the last. No message is sent.
#[tokio::test(flavor = "multi_thread")]
async fn the_way_to_a_partner_is_tried() {
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    let other = iwmo_gateway::pki::DemoAuthority::new("another").unwrap().server("linde").unwrap();
    let linde = site.endpoint_as(LINDE, &other).await;
    site.configure(&[(HVB, hvb.address), (LINDE, linde.address)], "");
    let steps = |name: &str, code: i32| -> Vec<(String, bool, String)> {
        let lines = partner(&site, &["test", name, "--format", "json"]).exits(code).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        lines
            .iter()
            .map(|line| (text(&line["stap"]), line["goed"].as_bool().unwrap(), text(&line["text"])))
            .collect()
    };
    let found = steps("coalitie-hvb", 0);
    let names: Vec<_> = found.iter().map(|(step, good, _)| (step.as_str(), *good)).collect();
    assert_eq!(names, [("naam", true), ("verbinding", true), ("tls", true), ("antwoord", true)], "{found:?}");
    assert!(found[2].2.contains("server CN=coalitie-hvb, key "), "{found:?}");

    let found = steps("zorg-de-linde", 1);
    let (step, good, text) = found.last().unwrap();
    assert_eq!((step.as_str(), *good, found.len()), ("tls", false, 3), "{found:?}");
    assert!(text.contains("UnknownIssuer"), "{text}");
    hvb.close();
    until("nobody listens", || std::net::TcpStream::connect(hvb.address).is_err().then_some(())).await;
    let found = steps("coalitie-hvb", 1);
    let last = found.last().unwrap();
    assert_eq!((last.0.as_str(), last.1), ("verbinding", false), "{found:?}");
    // One that does not know us says so once we ask.
    let stranger = site.authority.client("stranger", None).unwrap();
    std::fs::write(site.path("client.pem"), &stranger.certificate_pem).unwrap();
    std::fs::write(site.path("client-key.pem"), &stranger.key_pem).unwrap();
    let hvb = site.endpoint(HVB, None).await;
    site.configure(&[(HVB, hvb.address)], "");
    let found = steps("coalitie-hvb", 1);
    let last = found.last().unwrap();
    assert!(last.2.contains(&stranger.fingerprint.to_string()), "{found:?}");
    assert!(hvb.got().is_empty(), "nothing was sent");
    assert!(partner(&site, &["test", "cak"]).exits(1).out.contains("nog niet gemeld"));
    assert!(partner(&site, &["test", "niemand"]).exits(2).reason().contains("there is no partner"));
}

/// What is known of a partner is listed and shown: its certificate as it showed it, its queue, and how it went last.
#[tokio::test(flavor = "multi_thread")]
async fn partners_are_listed_with_how_it_goes() {
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    site.configure(&[(HVB, hvb.address)], "");
    assert_eq!(
        partner(&site, &["list", "--format", "json"]).exits(0).json().len(),
        5,
        "before there is a store"
    );
    let daemon = site.start();
    let own =
        partner(&site, &["hold", "coalitie-hvb", "--yes", "--reason", "onderhoud bij de aanbieder"]).exits(0);
    assert!(own.out.contains("0000:"), "{}", own.out);
    let message = wmo301(&Envelope::new("0222", "98000001", "T1"), &Klant::new(1), &Order::new(100_101));
    site.backoffice().post(&daemon.backoffice, &message).await.receipt();
    site.partner(HVB).get(&daemon.exchange, "/uitwisseling/v1/berichten").await.is(200);
    let shown = || partner(&site, &["show", "coalitie-hvb", "--format", "json"]).exits(0).json().remove(0);
    until("its certificate is remembered", || shown()["certificaat"].is_object().then_some(())).await;
    let seen = shown();
    assert_eq!((&seen["wacht"], &seen["route"]), (&json!(1), &json!("direct")));
    assert_eq!(seen["gehouden"]["reden"], "onderhoud bij de aanbieder");
    // The message says as well why it waits, to commands and to the API.
    let waits = |row: &Value| {
        let reason = "the partner is held: onderhoud bij de aanbieder";
        assert_eq!((&row["reden"], &row["volgende"]), (&json!(reason), &Value::Null), "{row}");
    };
    waits(&site.iwmo(&["outbox", "list", "--format", "json"]).exits(0).json()[0]);
    let page = site.backoffice().get(&daemon.backoffice, "/api/v1/uitgaand").await.is(200).body;
    waits(&page["uitgaand"][0]);
    assert_eq!(
        (&page["stil"][0]["partner"], &page["stil"][0]["tot"]),
        (&json!("coalitie-hvb"), &Value::Null)
    );
    assert_eq!(seen["certificaat"]["houder"], "CN=coalitie-hvb");
    assert!((80..=90).contains(&seen["dagen_geldig"].as_i64().unwrap()), "{seen}");
    assert_eq!((&seen["bezorgd"], &seen["mislukt"]), (&Value::Null, &Value::Null));
    let text = partner(&site, &["list", "--lang", "en"]).exits(0).out;
    assert!(text.lines().any(|line| line.starts_with("coalitie-hvb") && line.ends_with("held")), "{text}");
    let page = partner(&site, &["show", "coalitie-hvb"]).exits(0).out;
    assert!(page.contains("geldig tot") && page.contains("onderhoud bij de aanbieder"), "{page}");
    let metrics = site.backoffice().get_plain(&daemon.ops, "/metrics").await.text;
    assert!(metrics.contains("tls_partner_certificate_left_seconds{partner=\"coalitie-hvb\"} "), "{metrics}");
    for part in [
        "tls_authority_left_seconds{authority=\"exchange.client_ca[1]\"} ",
        "tls_certificate_left_seconds{certificate=\"exchange\"} ",
    ] {
        assert!(metrics.contains(part), "{metrics}");
    }

    partner(&site, &["release", "coalitie-hvb", "--yes", "--reason", "klaar"]).exits(0);
    hvb.expect(MessageKind::Wmo301, "T1").await;
    until("the delivery is remembered", || shown()["bezorgd"].is_string().then_some(())).await;
    daemon.stop();
    assert_eq!(shown()["wacht"], 0, "without a gateway too");
    partner(&site, &["hold", "niemand", "--yes", "--reason", "x"]).exits(2);
    let status = iwmo(["status", "--config", site.config().to_str().unwrap(), "--format", "json"]).json();
    let kinds: Vec<_> =
        status[0]["certificates"].as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
    for kind in ["own", "authority", "partner"] {
        assert!(kinds.contains(&json!(kind)), "{status:?}");
    }
    site.verify();
}

/// Nothing is sent to a hub that is held, nor to who is behind it: the preview counts both, and what waits, the queues and the
/// metric say it of both. A message comes to lie with who is behind the hub.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_behind_a_hub_is_held_with_it() {
    let site = Site::new();
    let hub = site.authority.client("knooppunt", None).unwrap();
    let more = format!(
        "[[partner]]\nid = \"knooppunt\"\nkind = \"ggk\"\nurl = \"https://127.0.0.1:9\"\nfingerprint = \"{}\"\n\n\
         [[partner]]\nid = \"erachter\"\nkind = \"aanbieder\"\nagb = \"98000021\"\nvia = \"knooppunt\"\n\n",
        hub.fingerprint
    );
    site.configure(&[], &more);
    let daemon = site.start();
    partner(&site, &["hold", "erachter", "--yes", "--reason", "eerst dit"]).exits(0);
    let message = wmo301(&Envelope::new("0222", "98000021", "T1"), &Klant::new(1), &Order::new(100_101));
    site.backoffice().post(&daemon.backoffice, &message).await.receipt();
    // Held, nothing of it is tried; released while the hub is held, nothing either.
    let preview = partner(&site, &["hold", "knooppunt", "--format", "json"]).exits(0).json().remove(0);
    let groups: Vec<(&str, u64)> = preview["groepen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["partner"].as_str().unwrap(), group["aantal"].as_u64().unwrap()))
        .collect();
    assert_eq!(groups, [("knooppunt", 0), ("erachter", 1)]);
    partner(&site, &["hold", "knooppunt", "--yes", "--reason", "storing"]).exits(0);
    partner(&site, &["release", "erachter", "--yes", "--reason", "klaar"]).exits(0);

    let config = site.config();
    let config = config.to_str().unwrap();
    let row = iwmo(["outbox", "list", "--format", "json", "--config", config]).exits(0).json().remove(0);
    assert_eq!(
        (&row["partner"], &row["reden"], &row["pogingen"]),
        (&json!("erachter"), &json!("the partner is held: storing"), &json!(0))
    );
    let status = iwmo(["status", "--format", "json", "--config", config]).json().remove(0);
    let held = |name: &str| {
        let all = status["held"].as_array().unwrap();
        all.iter().find(|one| one["partner"] == name).map(|one| one["reden"].clone())
    };
    assert_eq!((held("knooppunt"), held("erachter")), (Some(json!("storing")), Some(json!("storing"))));
    let text = iwmo(["status", "--config", config]).out;
    let says = |name: &str| text.lines().any(|line| line.contains(name) && line.contains("storing"));
    assert!(says("knooppunt") && says("erachter"), "{text}");
    let state = |metrics: &str, name: &str| {
        let line = format!("outbox_held_state{{partner=\"{name}\"}} ");
        metrics.lines().find_map(|one| one.strip_prefix(&line)).map(str::to_owned)
    };
    let metrics = site.backoffice().get_plain(&daemon.ops, "/metrics").await.text;
    for (name, wanted) in [("knooppunt", "1"), ("erachter", "1"), ("coalitie-hvb", "0")] {
        assert_eq!(state(&metrics, name).as_deref(), Some(wanted), "{name}: {metrics}");
    }

    partner(&site, &["release", "knooppunt", "--yes", "--reason", "over"]).exits(0);
    let metrics = site.backoffice().get_plain(&daemon.ops, "/metrics").await.text;
    assert_eq!(state(&metrics, "erachter").as_deref(), Some("0"), "{metrics}");
    let status = iwmo(["status", "--format", "json", "--config", config]).json().remove(0);
    assert_eq!(status["held"], json!([]));
    daemon.stop();
}
