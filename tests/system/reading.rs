//! Reading commands beside a running daemon: they work, and change nothing.

use std::time::Duration;

use iwmo_codec::Schemas;
use iwmo_codec::messages::MessageKind;
use iwmo_codec::retour::RetourView;
use iwmo_gateway::ledger::FORMAT;
use iwmo_gateway::store::{Ledger, Opening};

use crate::harness::{Caller, Envelope, HVB, Klant, Order, Site, day, kept, root, snapshot, wmo301, wmo305};

/// Every reading command sees what the running daemon has acknowledged, keeps it from nothing, and adds nothing.
#[tokio::test]
async fn reading_commands_work_beside_a_running_daemon() {
    let site = Site::new();
    let daemon = site.start();
    // A list with nothing in it is no finding: exit code 0, and nothing that a program takes for a row.
    for empty in
        ["toewijzing list", "journal export --gemeente 9999", "audit", "outbox list", "deadlines", "stats"]
    {
        let words: Vec<&str> = empty.split(' ').chain(["--format", "json"]).collect();
        let words = if empty.starts_with("journal") { &words[..words.len() - 2] } else { &words[..] };
        assert_eq!(site.iwmo(words).exits(0).out, "", "{empty}");
    }
    let (klant, order) = (Klant::new(1), Order::new(100_101));
    let toewijzing = wmo301(&Envelope::new("0222", "98000001", "T1"), &klant, &order);
    let (id, _) = site.backoffice().post(&daemon.backoffice, &toewijzing).await.receipt();
    // That somebody looked is recorded; nothing else is.
    let list = || {
        let mut all = site.iwmo(&["journal", "list", "--format", "json"]).exits(0).json();
        all.retain(|entry| entry["soort"] != "inzage");
        all.into_iter().map(|entry| entry["uitkomst"].clone()).collect::<Vec<_>>()
    };
    let entries = list();

    let show = site.iwmo(&["toewijzing", "show", "0222/100101", "--format", "json"]).exits(0).json();
    assert_eq!(show[0]["levering"]["status"], "NIET_GESTART");
    assert_eq!(show[0]["impliciet_bevestigd"], false);
    assert_eq!(show[0]["tijdlijn"][0]["entry"], id);
    assert_eq!(site.iwmo(&["toewijzing", "list", "--format", "json"]).exits(0).json().len(), 1);
    let xml = site.iwmo(&["journal", "show", &id, "--xml"]).exits(0);
    assert_eq!(xml.out.as_bytes(), toewijzing);
    let waiting = site.iwmo(&["outbox", "list", "--format", "json"]).exits(0).json();
    assert_eq!((waiting.len(), &waiting[0]["stand"]), (1, &"wacht".into()));
    site.iwmo(&["journal", "verify"]).exits(0);
    // The API says the same as the command.
    let api = site.backoffice().get(&daemon.backoffice, "/api/v1/toewijzingen/0222/100101").await.is(200);
    assert_eq!(api.body, show[0]);
    let api = site.backoffice().get(&daemon.backoffice, &format!("/api/v1/berichten/{id}/xml")).await.is(200);
    assert_eq!(api.text.as_bytes(), toewijzing);

    // A retour judged against the store stores nothing.
    let start = wmo305(&Envelope::new("0222", "98000001", "S1"), &klant, &order, &day(-20));
    let file = site.path("start.xml");
    std::fs::write(&file, &start).unwrap();
    let retour = site.iwmo(&["retour", file.to_str().unwrap()]).exits(0);
    let retour = Schemas::bundled().decode(retour.out.as_bytes()).unwrap();
    assert_eq!((retour.kind(), retour.header().identificatie), (MessageKind::Wmo306, "S1"));
    assert_eq!(RetourView::of(&retour).unwrap().codes().count(), 0, "it would be approved");
    assert_eq!(list(), entries);

    // What the journal makes is what the daemon has; and that is compared, not what a stopped one left.
    let replayed = site.iwmo(&["replay", "--verify", "--format", "json"]).exits(0).json();
    assert_eq!((replayed.len(), &replayed[0]["equal"]), (1, &true.into()));
    assert!(replayed[0]["entries"].as_u64().unwrap() > 1, "{replayed:?}");

    // The daemon goes on as if nobody had looked.
    site.partner(HVB).post(&daemon.exchange, &start).await.receipt();
    let show = site.iwmo(&["toewijzing", "show", "0222/100101", "--format", "json"]).exits(0).json();
    assert_eq!(show[0]["levering"]["status"], "GESTART");
    // D9: the 302 is out, and the aanbieder acted on the toewijzing.
    assert_eq!((&show[0]["status"], &show[0]["impliciet_bevestigd"]), (&"AANGEBODEN".into(), &true.into()));
    assert_eq!(kept(&site.data()).len(), 2);

    // What came in and was answered is not judged again: it has its retour (D19).
    let again = site.iwmo(&["retour", file.to_str().unwrap()]).exits(0).out;
    assert_eq!(site.iwmo(&["retour", file.to_str().unwrap()]).exits(0).out, again, "made once");
    let retour = Schemas::bundled().decode(again.as_bytes()).unwrap();
    assert_eq!(RetourView::of(&retour).unwrap().codes().count(), 0);
    // The same Identificatie over other content is another message.
    std::fs::write(&file, wmo305(&Envelope::new("0222", "98000001", "S1"), &klant, &order, &day(-19)))
        .unwrap();
    assert!(site.iwmo(&["retour", file.to_str().unwrap()]).exits(1).out.contains(">9056<"));

    // Both of a daemon that was killed and of one that has stopped.
    daemon.kill();
    assert_eq!(site.iwmo(&["toewijzing", "show", "0222/100101", "--format", "json"]).exits(0).json(), show);
    site.start().stop();
    assert_eq!(site.iwmo(&["toewijzing", "show", "0222/100101", "--format", "json"]).exits(0).json(), show);
    site.verify();
}

/// On a store that nobody has open, reading commands leave the journal alone, and the ledger says what it said.
#[tokio::test]
async fn reading_commands_change_nothing() {
    let site = Site::new();
    let daemon = site.start();
    let (klant, order) = (Klant::new(1), Order::new(100_101));
    let toewijzing = wmo301(&Envelope::new("0222", "98000001", "T1"), &klant, &order);
    let (id, _) = site.backoffice().post(&daemon.backoffice, &toewijzing).await.receipt();
    let read = |how: &str| {
        let before = snapshot(&site.data().join("journal"));
        for arguments in [
            &["toewijzing", "list"] as &[&str],
            &["toewijzing", "show", "0222/100101"],
            &["journal", "list"],
            &["journal", "show", &id],
            &["journal", "verify"],
            &["outbox", "list"],
            &["replay", "--verify"],
        ] {
            site.iwmo(arguments).exits(0);
        }
        assert!(snapshot(&site.data().join("journal")) == before, "{how}: the journal was changed");
        site.verify();
    };
    daemon.kill();
    read("after kill -9");
    site.start().stop();
    read("after a stop");
}

/// A reading command that has the ledger open at that moment does not keep a daemon from starting.
#[test]
fn a_daemon_starts_although_a_reading_command_has_the_ledger() {
    let site = Site::new();
    site.start().stop();
    let Opening::Opened(reading) = Ledger::open(&site.data().join("ledger"), FORMAT).unwrap() else {
        panic!("the ledger cannot be read");
    };
    let done = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        drop(reading);
    });
    let daemon = site.start();
    done.join().unwrap();
    daemon.stop();
    site.verify();
}

/// A daemon that said `ready` says so to monitoring too, over plain HTTP and to whoever is on this machine.
#[tokio::test]
async fn a_ready_daemon_says_so_to_monitoring() {
    let site = Site::new();
    let daemon = site.start();
    let anybody = Caller::backoffice(None, &site.authority);
    for path in ["/healthz", "/readyz"] {
        anybody.get_plain(&daemon.ops, path).await.is(200);
    }
    // What is behind a token or a certificate is not there.
    anybody.get_plain(&daemon.ops, "/api/v1/toewijzingen").await.problem(404, "niet-gevonden");
    daemon.stop();
}

/// A policy for a gemeente of which nothing is recorded judges nothing, and says so; a folder without the schema of a message is
/// refused, where everything would have been held against the bundled ones.
#[tokio::test]
async fn what_judges_nothing_says_so() {
    let site = Site::new();
    let daemon = site.start();
    let message = wmo301(&Envelope::new("0222", "98000001", "T1"), &Klant::new(1), &Order::new(100_101));
    site.backoffice().post(&daemon.backoffice, &message).await.receipt();
    daemon.stop();
    let policy = site.path("policy.toml");
    for (code, heard) in [("0222", true), ("0223", false)] {
        std::fs::write(&policy, format!("[gemeente.{code}.beleid]\nstrikt_product = true\n")).unwrap();
        let run = site.iwmo(&["replay", "--what-if", policy.to_str().unwrap()]).exits(0);
        assert_eq!(run.err.contains(&format!("van gemeente {code} staat niets")), !heard, "{}", run.err);
    }
    let folder = site.path("schemas");
    std::fs::create_dir(&folder).unwrap();
    let other = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:other\">\
                 <xs:element name=\"Iets\" type=\"xs:string\"/></xs:schema>";
    std::fs::write(folder.join("iets.xsd"), other).unwrap();
    let folder = folder.to_str().unwrap();
    let refused = site.iwmo(&["replay", "--what-if-schemas", folder]).exits(2).err;
    assert!(refused.contains("there is no schema of a message here"), "{refused}");
    // Of one standard: the other is held against the schemas of the program.
    let ieb = root().join("schemas/ieb/1.0");
    let run = site.iwmo(&["replay", "--what-if-schemas", ieb.to_str().unwrap(), "--format", "json"]).exits(0);
    let told = run.json();
    assert_eq!((&told[0]["differences"], &told[0]["bundled"]), (&0.into(), &serde_json::json!(["WMO301"])));
    let words = site.iwmo(&["replay", "--what-if-schemas", ieb.to_str().unwrap()]).exits(0).out;
    assert!(words.contains("van WMO301 staat daar geen schema"), "{words}");
}
