//! No BSN, name, address or birth date of a person in logs, errors or names.

use crate::harness::{
    Answer, CAK, Envelope, HVB, Klant, Mood, Order, Site, Stop, day, iwmo, personal, until, wmo301, wmo305,
    wmo307, wmo315, wmo319, wmo323,
};

#[track_caller]
fn says_nothing(what: &str, text: &str, personal: &[String]) {
    for value in personal {
        let found = text.lines().find(|line| line.contains(value));
        assert!(found.is_none(), "{what} has {value}: {}", found.unwrap_or_default());
    }
}

/// A whole life of messages, good and bad, under a daemon that logs everything it can: nothing personal in its
/// logs, in the answers it gives, or in the names of its files.
#[tokio::test]
async fn a_daemon_that_logs_everything_tells_nothing_personal() {
    let site = Site::new();
    let (hvb, cak) = (site.endpoint(HVB, None).await, site.endpoint(CAK, None).await);
    site.configure(
        &[(HVB, hvb.address), (CAK, cak.address)],
        "[logging]\nfilter = \"trace\"\nformat = \"json\"\n",
    );
    let daemon = site.start();
    let (klant, order) = (Klant::new(7), Order::new(700));
    let ended = Order { einddatum: day(-200), ..Order::new(701) };
    let personal = personal(&klant);
    let (backoffice, partner) = (site.backoffice(), site.partner(HVB));
    let envelope = |name| Envelope::new("0222", "98000001", name);
    hvb.mood(Mood::Busy);

    let toewijzing = wmo301(&envelope("T1"), &klant, &order);
    let mut answers: Vec<Answer> = vec![
        backoffice.post(&daemon.backoffice, &toewijzing).await.is(202),
        backoffice.post(&daemon.backoffice, &toewijzing).await.is(202),
        // The pre-flight: it ends before it begins.
        backoffice.post(&daemon.backoffice, &wmo301(&envelope("T2"), &klant, &ended)).await.is(422),
    ];
    let start = wmo305(&envelope("S1"), &klant, &order, &day(-20));
    let stop = Stop { begindatum: day(-20), einddatum: day(-2), reden: "19" };
    answers
        .push(partner.post(&daemon.exchange, &wmo307(&envelope("E1"), &klant, &order, &stop)).await.is(202));
    answers.push(partner.post(&daemon.exchange, &start).await.is(202));
    answers.push(
        partner.post(&daemon.exchange, &wmo305(&envelope("S1"), &klant, &order, &day(-9))).await.is(202),
    );
    let (asked, declared) = (
        wmo315(&envelope("V1"), &klant, &Order::new(702), "HVB-1"),
        wmo323(&envelope("D1"), &[(&klant, &order)]),
    );
    for (name, message) in [("V2", &asked), ("D2", &declared)] {
        answers.push(partner.post(&daemon.exchange, message).await.is(202));
        // The same Identificatie again, otherwise: refused, and answered.
        let again = String::from_utf8(message.clone()).unwrap().replace("HVB-1", name).replace("P700", name);
        answers.push(partner.post(&daemon.exchange, again.as_bytes()).await.is(202));
    }
    answers.push(backoffice.post(&daemon.backoffice, &wmo319(&envelope("A1"), "HVB-9", "1")).await.is(422));
    answers.push(backoffice.get(&daemon.backoffice, "/api/v1/werk").await.is(200));
    // Broken in every personal place: the diagnostics name the places, not the values.
    let text = String::from_utf8(start.clone()).unwrap();
    for (from, to) in [
        (format!("{}<", klant.bsn), format!("{}0<", klant.bsn)),
        (format!("{}<", klant.geboortedatum), format!("{}x<", klant.geboortedatum)),
        (format!("{}<", klant.achternaam), format!("{}<", klant.achternaam.repeat(40))),
        ("<wmo305:Bsn>".to_owned(), "<wmo305:Bsx>".to_owned()),
        ("<wmo305:Geslacht>2".to_owned(), format!("<wmo305:Geslacht x=\"{0}\">{0}", klant.achternaam)),
    ] {
        let broken = text.replacen(&from, &to, 1);
        assert_ne!(broken, text, "{from}");
        answers.push(partner.post(&daemon.exchange, broken.as_bytes()).await.is(422));
    }
    let json =
        format!("{{\"message\":\"WMO301\",\"Bericht\":{{\"Client\":{{\"Bsn\":[\"{}\"]}}}}}}", klant.bsn);
    answers.push(backoffice.post_as(&daemon.backoffice, "application/json", json.as_bytes()).await.is(422));
    // A caller that puts personal data where it does not belong reads none of it back.
    for path in [
        format!("/api/v1/toewijzingen/0222/{}", klant.bsn),
        format!("/api/v1/{}", klant.achternaam),
        format!("/api/v1/toewijzingen?bsn={}", klant.bsn),
    ] {
        let answer = backoffice.get(&daemon.backoffice, &path).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.text);
        answers.push(answer);
    }
    until("sending was tried in vain", || {
        let waiting = site.iwmo(&["outbox", "list", "--partner", HVB.0, "--format", "json"]).json();
        waiting.iter().any(|row| row["reden"].is_string()).then_some(())
    })
    .await;
    hvb.mood(Mood::Well);
    until("everything is delivered", || {
        site.iwmo(&["outbox", "list", "--format", "json"]).out.is_empty().then_some(())
    })
    .await;

    for answer in &answers {
        // What the backoffice sent in its own path stands in no answer.
        says_nothing("an answer", &answer.text, &personal);
    }
    let lists = [
        site.iwmo(&["journal", "list", "--format", "json"]).exits(0).out,
        site.iwmo(&["outbox", "list", "--all", "--format", "json"]).exits(0).out,
        site.iwmo(&["toewijzing", "show", "0222/700", "--format", "json"]).exits(0).out,
        site.iwmo(&["toewijzing", "show", "0222/700", "--why"]).exits(0).out,
    ];
    for list in &lists {
        says_nothing("a list", list, &personal);
    }
    let log = daemon.stop();
    assert!(log.contains("A request was answered."), "the daemon does log requests at this level");
    says_nothing("the log", &log, &personal);
    let mut folders = vec![site.data()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            says_nothing("a file name", &path.display().to_string(), &personal);
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
}

/// The demonstration shows no personal data either; its people are invented, real ones would be shown the same way.
#[test]
fn the_demonstration_tells_nothing_personal() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let data = data.to_str().unwrap();
    let demo = iwmo(["demo", "--fast", "--data", data]).exits(0);
    let xml = iwmo(["journal", "show", "0222:1", "--xml", "--data", data]).exits(0).out;
    // The people are those of the messages: read them from there, so that this test cannot look for the wrong ones.
    let mut personal = Vec::new();
    for name in ["Bsn", "Achternaam", "Datum", "Straatnaam", "Postcode"] {
        let open = format!(":{name}>");
        let at = xml.find(&open).unwrap_or_else(|| panic!("{name} in {xml}")) + open.len();
        personal.push(xml[at..].split('<').next().unwrap().to_owned());
    }
    assert_eq!(personal[0].len(), 9);
    says_nothing("the demonstration", &demo.out, &personal);
    let all = iwmo(["toewijzing", "list", "--data", data]).exits(0).out;
    says_nothing("the list", &all, &personal);
}
