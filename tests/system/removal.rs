//! Removing what is about a person beside a running daemon and after it; evidence for a toewijzing; sending once more.

use iwmo_codec::messages::MessageKind;

use crate::harness::{Envelope, HVB, Klant, Order, Site, wmo301};

/// What is about a person is shown, asked for, removed and gone, for commands and API alike, through a restart; what is
/// about another stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_removed_beside_a_running_daemon() {
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    site.configure(&[(HVB, hvb.address)], "");
    let daemon = site.start();
    let mut ids = Vec::new();
    for number in [1, 2] {
        let (klant, order) = (Klant::new(number), Order::new(100_100 + number));
        let name = format!("T{number}");
        let message = wmo301(&Envelope::new("0222", "98000001", &name), &klant, &order);
        ids.push(site.backoffice().post(&daemon.backoffice, &message).await.receipt().0);
        hvb.expect(MessageKind::Wmo301, &name).await;
    }
    let file = site.path("bsn");
    std::fs::write(&file, format!("{}\n", Klant::new(1).bsn)).unwrap();
    let file = file.to_str().unwrap();

    // Sent once more, byte for byte; a preview sends nothing, and what waits is not queued twice.
    let shown = site.iwmo(&["replay", "--resend", &ids[1], "--format", "json"]).exits(0).json();
    assert_eq!((&shown[0]["uitgevoerd"], &shown[0]["aantal"]), (&false.into(), &1.into()));
    site.iwmo(&["replay", "--resend", &ids[1], "--yes", "--reason", "kwijt bij de aanbieder"]).exits(0);
    site.iwmo(&["replay", "--resend", "0222:999"]).exits(2);

    // Evidence, and what is wrong with a changed one.
    let bundle = site.path("bewijs.jsonl");
    let (output, key) = (bundle.to_str().unwrap(), site.iwmo(&["keys", "evidence"]).exits(0).out);
    site.iwmo(&["journal", "export", "--evidence", "0222/100101", "--output", output]).exits(0);
    let alone = |extra: &[&str]| {
        let all: Vec<&str> =
            ["journal", "verify", "--evidence", output].iter().chain(extra).copied().collect();
        crate::harness::iwmo(&all)
    };
    alone(&["--key", key.trim()]).exits(0);
    alone(&["--key", &"00".repeat(32)]).exits(1);
    site.iwmo(&["journal", "export", "--evidence", "0222/100101", "--output", output]).exits(2);
    let mut bytes = std::fs::read(&bundle).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&bundle, &bytes).unwrap();
    alone(&[]).exits(1);

    // Nobody asked: only shown, and refused. Who had it shown is on record.
    let looks =
        || site.iwmo(&["audit", "--only", "looks", "--gemeente", "0222"]).exits(0).out.lines().count();
    let before = looks();
    let shown = site.iwmo(&["erase", "--bsn-from", file]).exits(1).out;
    assert!(shown.contains("--request") && shown.contains("niets gewijzigd"), "{shown}");
    assert_eq!(looks(), before + 1);
    // Nor does --yes show it to anybody without a record: it is refused, and says why.
    site.iwmo(&["erase", "--bsn-from", file, "--yes", "--reason", "x"]).exits(2);
    assert_eq!(looks(), before + 2);
    site.iwmo(&["erase", "--bsn-from", file, "--yes", "--reason", "x"]).exits(2);
    let why = ["--yes", "--reason", "verzoek van de klant"];
    let act = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["erase", "--bsn-from", file].iter().chain(arguments).chain(&why).copied().collect();
        site.iwmo(&all).exits(0).out
    };
    act(&["--request", "--received", "2026-11-02"]);
    let due = site.iwmo(&["erase", "--list", "--format", "json"]).json();
    assert_eq!((due.len(), &due[0]["uiterlijk"]), (1, &"2027-02-02".into()));
    assert!(site.iwmo(&["deadlines"]).out.contains("VERWIJDERING"));
    let done = act(&["--despite", "lopend", "--despite", "uitgaand"]);
    assert!(done.contains("vastgelegd als 0222:"), "{done}");
    site.iwmo(&["erase", "--bsn-from", file]).exits(1);

    let shown = site.iwmo(&["journal", "show", &ids[0]]).exits(0).out;
    assert!(shown.contains("verwijderd"), "{shown}");
    let xml = site.iwmo(&["journal", "show", &ids[0], "--xml"]).exits(0);
    assert!(xml.out.starts_with("<!--verwijderd"), "{}", xml.out);
    assert!(xml.err.contains(&format!("{}: verwijderd", ids[0])), "{}", xml.err);
    let exported = site.iwmo(&["journal", "export"]).exits(0).out;
    assert!(!exported.contains(&Klant::new(1).bsn) && exported.contains(&Klant::new(2).bsn));
    let path = |id: &str| format!("/api/v1/berichten/{id}/xml");
    site.backoffice().get(&daemon.backoffice, &path(&ids[0])).await.is(410);
    site.backoffice().get(&daemon.backoffice, &path(&ids[1])).await.is(200);
    site.backoffice().get(&daemon.backoffice, &format!("/api/v1/berichten/{}", ids[0])).await.is(200);
    site.backoffice().get(&daemon.backoffice, "/api/v1/gebeurtenissen").await.is(200);
    site.backoffice().get(&daemon.backoffice, "/api/v1/toewijzingen/0222/100101").await.is(404);
    assert!(site.iwmo(&["audit"]).exits(0).out.contains("verwijderd"));
    site.iwmo(&["journal", "verify"]).exits(0);
    site.iwmo(&["stats"]).exits(0);
    site.iwmo(&["status", "--until", &ids[1]]);
    // What the person is sent afterwards stands under a new key.
    let again = wmo301(&Envelope::new("0222", "98000001", "T9"), &Klant::new(1), &Order::new(100_109));
    let (id, _) = site.backoffice().post(&daemon.backoffice, &again).await.receipt();
    hvb.expect(MessageKind::Wmo301, "T9").await;
    let log = daemon.stop();
    assert!(!log.contains(&Klant::new(1).bsn));
    site.verify();

    let daemon = site.start();
    site.backoffice().get(&daemon.backoffice, &path(&ids[0])).await.is(410);
    let kept = site.backoffice().get(&daemon.backoffice, &path(&id)).await.is(200);
    assert_eq!(kept.text.as_bytes(), again);
    daemon.stop();
    site.verify();
}
