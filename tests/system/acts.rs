//! The operator's hand on the outbox, beside a running daemon and without one.

use iwmo_codec::messages::MessageKind;

use crate::harness::{Envelope, HVB, Klant, Mood, Order, Site, until, wmo301};

/// A preview changes nothing; a held message stays until it is released, through a restart; the journal says who and why.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_holds_releases_and_cancels() {
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    hvb.mood(Mood::Busy);
    site.configure(&[(HVB, hvb.address)], "");
    let daemon = site.start();
    for number in [1, 2, 3] {
        let envelope = format!("T{number}");
        let (klant, order) = (Klant::new(number), Order::new(100_100 + number));
        let message = wmo301(&Envelope::new("0222", "98000001", &envelope), &klant, &order);
        site.backoffice().post(&daemon.backoffice, &message).await.receipt();
    }
    let waiting = |stand: &str| -> Vec<String> {
        let list = site.iwmo(&["outbox", "list", "--format", "json"]).exits(0).json();
        let named = |row: &serde_json::Value| row["id"].as_str().unwrap().to_owned();
        list.iter().filter(|row| row["stand"] == stand).map(named).collect()
    };
    let ids = waiting("wacht");
    assert_eq!(ids.len(), 3);

    // Beside the daemon.
    let preview = site.iwmo(&["outbox", "hold", &ids[0], "--format", "json"]).exits(0).json();
    assert_eq!((&preview[0]["uitgevoerd"], &preview[0]["aantal"]), (&false.into(), &1.into()));
    assert!(waiting("vastgehouden").is_empty());
    let why = ["--yes", "--reason", "in overleg met de aanbieder"];
    let act = |arguments: &[&str]| {
        let all: Vec<&str> = ["outbox"].iter().chain(arguments).chain(&why).copied().collect();
        site.iwmo(&all).exits(0).out
    };
    assert!(act(&["hold", &ids[0]]).contains("gedaan, vastgelegd als 0222:"));
    assert!(act(&["hold", &ids[0]]).contains("niets te doen"), "the second time it is so already");
    act(&["cancel", &ids[1]]);
    assert_eq!(waiting("vastgehouden"), [ids[0].clone()]);

    // What cannot be is refused, and why.
    let refused = site.iwmo(&["outbox", "release", &ids[1], "--yes", "--reason", "x"]).exits(2);
    assert!(refused.reason().contains("is geannuleerd: it cannot be released"), "{}", refused.err);
    site.iwmo(&["outbox", "hold"]).exits(2);
    site.iwmo(&["outbox", "hold", "--all", "--yes"]).exits(2);
    site.iwmo(&["outbox", "hold", "0222:1"]).exits(2);

    // The partner is there again: what is not held arrives.
    hvb.mood(Mood::Well);
    // The gateway may have tried by itself in between: then there is nothing to do, and no act.
    let retried = !act(&["retry", "--partner", "coalitie-hvb"]).contains("niets te doen");
    hvb.expect(MessageKind::Wmo301, "T3").await;
    daemon.stop();
    let got: Vec<String> = hvb.got().iter().map(|(_, m)| m.header().identificatie.to_owned()).collect();
    assert_eq!(got, ["T3"]);
    site.verify();

    // Without a daemon.
    let daemon = site.start();
    daemon.stop();
    assert_eq!(waiting("vastgehouden"), [ids[0].clone()]);
    act(&["release", "--all"]);
    assert_eq!(waiting("wacht"), [ids[0].clone()]);
    site.verify();
    let daemon = site.start();
    hvb.expect(MessageKind::Wmo301, "T1").await;
    until("nothing waits", || waiting("wacht").is_empty().then_some(())).await;
    daemon.stop();
    assert_eq!(hvb.got().len(), 2, "the cancelled one never arrives");
    site.verify();

    let journal = site.iwmo(&["journal", "list", "--format", "json"]).exits(0).json();
    let acts: Vec<&str> = journal
        .iter()
        .filter(|entry| entry["soort"] == "handeling")
        .map(|entry| entry["uitkomst"].as_str().unwrap())
        .collect();
    assert_eq!(acts.len(), 3 + usize::from(retried), "{acts:?}");
    assert!(
        acts.iter().all(|act| act.contains("uid ") && act.ends_with("in overleg met de aanbieder")),
        "{acts:?}"
    );
}

/// A reason stays readable when what is about a person is removed: a BSN is not taken in one, by whatever command, and not
/// repeated. A kind of message that there is none of is no filter.
#[tokio::test]
async fn what_no_command_takes() {
    let site = Site::new();
    let daemon = site.start();
    let bsn = Klant::new(1).bsn;
    let reason = format!("gebeld over {bsn}");
    let why = ["--yes", "--reason", reason.as_str(), "--lang", "en"];
    for (verb, code) in [(&["reload"][..], 1), (&["partner", "hold", HVB.0], 2)] {
        let told = site.iwmo(&[verb, &why[..]].concat()).exits(code);
        let told = told.out + &told.err;
        assert!(told.contains("a BSN stands in the reason") && !told.contains(&bsn), "{told}");
        // The number of a toewijzing that happens to look like one has a way to be named.
        assert!(told.contains("behind its gemeente, as 0222/100101"), "{told}");
    }
    for verb in [["journal", "list"], ["outbox", "list"]] {
        let told = site.iwmo(&[&verb[..], &["--message", "WMO999"]].concat()).exits(2);
        assert!(told.err.contains("WMO999"), "{}", told.err);
    }
    assert!(site.iwmo(&["audit", "--only", "acts", "--format", "json"]).exits(0).json().is_empty());
    daemon.stop();
}
