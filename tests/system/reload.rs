//! A new configuration for a running gateway.

use std::time::Duration;

use iwmo_gateway::pki::DemoAuthority;
use serde_json::json;

use crate::harness::{
    Caller, Daemon, Envelope, HVB, Klant, LINDE, Mood, Order, Site, day, iwmo, kept, until, wmo301, wmo305,
};

const WHY: [&str; 3] = ["--yes", "--reason", "afgesproken"];

fn start_of_hvb(number: u32) -> Vec<u8> {
    let (name, klant, order) = (format!("S{number}"), Klant::new(number), Order::new(number));
    wmo305(&Envelope::new("0222", "98000001", &name), &klant, &order, &day(-20))
}

fn hangup(daemon: &Daemon) {
    let told = std::process::Command::new("kill").args(["-HUP", &daemon.id().to_string()]).status().unwrap();
    assert!(told.success());
}

/// A section for one more aanbieder.
fn newcomer(site: &Site) -> (Caller, String) {
    let certificate = site.authority.client("nieuwkomer", None).unwrap();
    let text = format!(
        "[[partner]]\nid = \"nieuwkomer\"\nkind = \"aanbieder\"\nagb = \"98000009\"\nfingerprint = \"{}\"\n",
        certificate.fingerprint
    );
    (Caller::partner(Some(&certificate.identity), &site.authority), text)
}

/// A configuration that the gateway does not read is not put in force by naming it, nor is the one that it reads instead.
#[tokio::test]
async fn another_file_than_the_gateway_reads_is_refused() {
    let site = Site::new();
    let daemon = site.start();
    let text = std::fs::read_to_string(site.config()).unwrap();
    let (own, other) = (site.config(), site.path("other.toml"));
    let changed = format!("{text}\n{}", newcomer(&site).1);
    std::fs::write(&other, &changed).unwrap();
    std::fs::write(&own, changed.replace("98000009", "98000008")).unwrap();
    let reload = |file: &std::path::Path| {
        iwmo([&["reload", "--lang", "en", "--config", file.to_str().unwrap()], &WHY[..]].concat())
    };
    let refused = reload(&other).exits(1).out;
    assert!(refused.contains("iwmo.toml, not ") && refused.contains("other.toml"), "{refused}");
    assert!(!daemon.log().contains("partner nieuwkomer was added"));
    let link = site.path("link.toml");
    std::os::unix::fs::symlink(&own, &link).unwrap();
    assert!(reload(&link).exits(0).out.contains("partner nieuwkomer was added"));
    daemon.stop();
}

/// A partner that is put into a file of its own is unknown until the signal, sends after it, and is unknown again when its
/// file is gone. The journal says what changed.
#[tokio::test]
async fn a_partner_that_is_added_sends() {
    let site = Site::new();
    let daemon = site.start();
    let (caller, text) = newcomer(&site);
    let message = wmo305(&Envelope::new("0222", "98000009", "S1"), &Klant::new(1), &Order::new(1), &day(-9));
    // Whoever is under no pin is let in by the authority, and is nobody.
    caller.post(&daemon.exchange, &message).await.problem(403, "onbekende-partner");
    std::fs::create_dir(site.path("partners.d")).unwrap();
    std::fs::write(site.path("partners.d/nieuwkomer.toml"), &text).unwrap();
    caller.post(&daemon.exchange, &message).await.problem(403, "onbekende-partner");
    hangup(&daemon);
    until("the new partner is known", || daemon.log().contains("partner nieuwkomer was added").then_some(()))
        .await;
    caller.post(&daemon.exchange, &message).await.receipt();

    std::fs::remove_file(site.path("partners.d/nieuwkomer.toml")).unwrap();
    let preview = site.iwmo(&["reload", "--format", "json"]).exits(0).json();
    assert_eq!(
        preview,
        [json!({ "uitgevoerd": false, "wat": ["partner nieuwkomer was removed"], "let_op":
            ["1 messages wait for partner nieuwkomer, to whom nothing is sent then"] })]
    );
    caller.post(&daemon.exchange, &message).await.receipt();
    let all: Vec<&str> = ["reload"].into_iter().chain(WHY).collect();
    assert!(site.iwmo(&all).exits(0).out.contains("van kracht"));
    caller.post(&daemon.exchange, &message).await.problem(403, "onbekende-partner");
    // What waits for it says why.
    let config = site.config();
    let list = ["outbox", "list", "--format", "json", "--config", config.to_str().unwrap()];
    let page = site.backoffice().get(&daemon.backoffice, "/api/v1/uitgaand").await.is(200).body;
    for row in [&iwmo(list).exits(0).json()[0], &page["uitgaand"][0]] {
        assert_eq!(row["reden"], "the partner is not in the configuration", "{row}");
    }
    assert!(site.iwmo(&["reload", "--lang", "en"]).exits(0).out.contains("nothing changes"));

    let audit = site.iwmo(&["audit", "--only", "acts", "--format", "json"]).exits(0).json();
    let told: Vec<_> = audit.iter().map(|line| (&line["tekst"], &line["reden"])).collect();
    assert_eq!(
        told,
        [
            (&json!("configuratie: partner nieuwkomer was added"), &json!(null)),
            (&json!("configuratie: partner nieuwkomer was removed"), &json!("afgesproken")),
        ]
    );
    assert_eq!(audit[0]["wie"], "gateway");
    assert!(audit[1]["wie"].as_str().unwrap().contains("uid "), "{}", audit[1]);
    daemon.stop();
    site.verify();
}

/// A configuration with mistakes changes nothing, says everything that is wrong with its file and line, and is counted. So
/// does one that wants what only a restart can give.
#[tokio::test]
async fn a_broken_configuration_changes_nothing() {
    let site = Site::new();
    let daemon = site.start();
    let good = site.configuration(&[], "");
    let bad = good.replace("agb = \"98000002\"", "agb = \"98\"").replace("kind = \"cak\"", "kin = \"cak\"");
    std::fs::write(site.config(), &bad).unwrap();
    std::fs::create_dir(site.path("partners.d")).unwrap();
    let extra = site.path("partners.d/x.toml");
    std::fs::write(&extra, "\n[limits]\nconnections = 5\n").unwrap();
    let config = site.config();
    let config = config.to_str().unwrap();
    let told = iwmo(["reload", "--config", config, "--yes", "--reason", "x", "--format", "json"]).exits(1);
    let lines = told.json();
    let places: Vec<_> =
        lines.iter().map(|line| (line["file"].clone(), line["key"].clone(), line["line"].clone())).collect();
    let line_of = |part: &str| bad.lines().position(|line| line.contains(part)).unwrap() + 1;
    for wanted in [
        (json!(config), json!("partner[2].agb"), json!(line_of("agb = \"98\""))),
        (json!(config), json!("partner[5].kin"), json!(line_of("kin = "))),
        (json!(extra), json!("limits"), json!(2)),
    ] {
        assert!(places.contains(&wanted), "{wanted:?} is not among {places:?}");
    }
    let last = lines.last().unwrap();
    assert_eq!((&last["uitgevoerd"], &last["wat"]), (&json!(false), &json!([])));
    let text = iwmo(["reload", "--config", config, "--yes", "--reason", "x"]).exits(1);
    assert!(text.out.contains("x.toml:2:") && text.out.contains("er is niets gewijzigd"), "{}", text.out);
    hangup(&daemon);
    let refused = |log: &str| log.matches("ConfigReloadError").count() == 3;
    until("the refusal is told", || refused(&daemon.log()).then_some(())).await;
    assert!(daemon.log().contains("ConfigMistake"), "{}", daemon.log());

    // What was in force is.
    site.partner(HVB).post(&daemon.exchange, &start_of_hvb(1)).await.receipt();
    site.partner(LINDE).get(&daemon.exchange, "/uitwisseling/v1/berichten").await.is(200);
    let metrics = site.backoffice().get_plain(&daemon.ops, "/metrics").await.text;
    assert!(metrics.contains("gateway_config_reloads_total{outcome=\"refused\"} 3\n"), "{metrics}");

    std::fs::remove_file(&extra).unwrap();
    let moved = good.replace("data = \"store\"", "data = \"elsewhere\"");
    let moved = moved.replacen("127.0.0.1:0", "127.0.0.2:0", 1);
    std::fs::write(site.config(), moved).unwrap();
    let all: Vec<&str> = ["reload"].into_iter().chain(WHY).collect();
    let told = site.iwmo(&all).exits(1);
    for part in ["exchange.address is 127.0.0.1:0 and cannot become 127.0.0.2:0", "restart the gateway"] {
        assert!(told.out.contains(part), "{}", told.out);
    }
    assert!(kept(&site.data()).len() == 1, "the message alone: nothing changed");
    daemon.stop();
    let told = site.iwmo(&["reload"]).exits(2);
    assert!(told.reason().contains("no gateway runs on"), "{}", told.err);
    site.verify();
}

/// A token that is withdrawn opens nothing from the moment on that the command returns; another gemeente's goes on.
#[tokio::test]
async fn a_token_that_is_withdrawn_gets_401_at_once() {
    let site = Site::new();
    let daemon = site.start();
    let list = "/api/v1/toewijzingen";
    site.backoffice().get(&daemon.backoffice, list).await.is(200);
    let text = site.configuration(&[], "");
    let (before, rest) = text.split_once("[[token]]\nname = \"zaaksysteem\"").unwrap();
    let (_, after) = rest.split_once("[[token]]").unwrap();
    std::fs::write(site.config(), format!("{before}[[token]]{after}")).unwrap();
    let all: Vec<&str> = ["reload"].into_iter().chain(WHY).collect();
    let told = site.iwmo(&all).exits(0);
    assert!(told.out.contains("token zaaksysteem was removed"), "{}", told.out);
    site.backoffice().get(&daemon.backoffice, list).await.problem(401, "niet-aangemeld");
    site.backoffice_1586().get(&daemon.backoffice, list).await.is(200);
    daemon.stop();
}

/// A certificate that is replaced is served without being asked for, to new connections; one that is open goes on. A file
/// that is half written is not taken.
#[tokio::test]
async fn a_certificate_that_is_replaced_is_served() {
    let site = Site::new();
    let daemon = site.start();
    let open = site.backoffice();
    open.get(&daemon.backoffice, "/api/v1/toewijzingen").await.is(200);
    // An edit that nobody asked for yet does not come with the certificate.
    let edited = site.configuration(&[], "").replace("name = \"Diemen\"", "name = \"Diemen en meer\"");
    std::fs::write(site.config(), edited).unwrap();

    std::fs::write(site.path("server.pem"), "-----BEGIN CERTIFICATE-----\nMIIB").unwrap();
    until("the broken file is refused", || daemon.log().contains("ConfigReloadError").then_some(())).await;
    open.get(&daemon.backoffice, "/api/v1/toewijzingen").await.is(200);

    let other = DemoAuthority::new("next year").unwrap();
    let server = other.server("gateway").unwrap();
    std::fs::write(site.path("server-key.pem"), &server.key_pem).unwrap();
    std::fs::write(site.path("server.pem"), &server.certificate_pem).unwrap();
    until("the new one is taken", || daemon.log().contains("exchange was replaced").then_some(())).await;
    assert!(!daemon.log().contains("gemeente 0384 changed"), "{}", daemon.log());
    let fresh = Caller::backoffice(None, &other);
    fresh.get(&daemon.backoffice, "/api/v1/toewijzingen").await.problem(401, "niet-aangemeld");
    // The connection from before is used again.
    open.get(&daemon.backoffice, "/api/v1/toewijzingen").await.is(200);
    let stale = Caller::backoffice(None, &site.authority);
    assert!(stale.try_post(&daemon.backoffice, b"x").await.is_err(), "the old certificate is gone");
    daemon.stop();
}

/// What comes in while the configuration is read again and again, and what waits to be sent, arrives once.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_flight_is_lost() {
    const MESSAGES: u32 = 40;
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    hvb.mood(Mood::Well);
    site.configure(&[(HVB, hvb.address)], "");
    let daemon = site.start();
    let backoffice = site.backoffice();
    let address = daemon.backoffice.clone();
    let sending = tokio::spawn(async move {
        for number in 1..=MESSAGES {
            let name = format!("T{number}");
            let (klant, order) = (Klant::new(number), Order::new(100_000 + number));
            let message = wmo301(&Envelope::new("0222", "98000001", &name), &klant, &order);
            backoffice.post(&address, &message).await.receipt();
        }
    });
    for round in 0..8 {
        // Another pace begins every sender anew; another limit concerns every listener.
        let more = format!("[limits]\nconnections = {}\n", 100 + round);
        let text = site.configuration(&[(HVB, hvb.address)], &more);
        let pace = format!("backoff_max = \"{}s\"", 2 + round);
        std::fs::write(site.config(), text.replace("backoff_max = \"1s\"", &pace)).unwrap();
        let all: Vec<&str> = ["reload"].into_iter().chain(WHY).collect();
        let told = site.iwmo(&all).exits(0);
        assert!(told.out.contains("sending changed: backoff_max") || round == 0, "{}", told.out);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sending.await.unwrap();
    until("everything arrived", || (hvb.got().len() >= MESSAGES as usize).then_some(())).await;
    daemon.stop();
    let mut names: Vec<_> = hvb.got().iter().map(|(_, one)| one.header().identificatie.to_owned()).collect();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), hvb.got().len()), (MESSAGES as usize, MESSAGES as usize), "each arrived once");
    site.verify();
}

/// C-55: which OIN the server of a partner must have is in force from the reload on, one that is new to the gateway too.
#[tokio::test]
async fn the_oin_of_a_server_is_asked_for_from_the_reload_on() {
    const OIN: &str = "00000001111111111111";
    let site = Site::new();
    let server = site.authority.server_of("hvb", Some(OIN)).unwrap();
    let hvb = site.endpoint_as(HVB, &server).await;
    hvb.mood(Mood::Well);
    let url = format!("url = \"https://{}\"\n", hvb.address);
    let configure = |oin: &str| {
        let text = site.configuration(&[(HVB, hvb.address)], "");
        std::fs::write(site.config(), text.replacen(&url, &format!("{url}server_oin = \"{oin}\"\n"), 1))
            .unwrap();
    };
    site.configure(&[(HVB, hvb.address)], "");
    let daemon = site.start();
    let backoffice = site.backoffice();
    let all: Vec<&str> = ["reload"].into_iter().chain(WHY).collect();
    for (number, (oin, arrives)) in (1..).zip([(OIN, true), ("00000002222222222222", false), ("geen", true)])
    {
        configure(oin);
        let told = site.iwmo(&all).exits(0);
        assert!(told.out.contains("server_oin"), "{}", told.out);
        let (name, klant, order) = (format!("T{number}"), Klant::new(number), Order::new(100_000 + number));
        let message = wmo301(&Envelope::new("0222", "98000001", &name), &klant, &order);
        backoffice.post(&daemon.backoffice, &message).await.receipt();
        until("it arrived, or waits for the OIN", || {
            let waits = site.iwmo(&["outbox", "list", "--format", "json"]).json();
            let why = waits.iter().any(|row| row["reden"].as_str().is_some_and(|why| why.contains("OIN")));
            (if arrives { waits.is_empty() } else { why }).then_some(())
        })
        .await;
    }
    assert_eq!(hvb.got().len(), 3, "what waited arrived too");
    daemon.stop();
}
