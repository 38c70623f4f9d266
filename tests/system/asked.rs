//! Requests, declarations and messages that come too early, through a running daemon.

use iwmo_codec::messages::MessageKind;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Envelope, HVB, Klant, Order, Site, Stop, approval, day, iwmo_in, kept, until, with, wmo301,
    wmo305, wmo307, wmo315, wmo319, wmo323, wmo325,
};

fn envelope(identificatie: &str) -> Envelope<'_> {
    Envelope::new("0222", "98000001", identificatie)
}

/// What the commands and the API both say must be done.
async fn work(site: &Site, address: &str) -> Vec<String> {
    let page = site.backoffice().get(address, "/api/v1/werk?gemeente=0222").await.is(200).body;
    let rows = page["werk"].as_array().unwrap();
    let listed = site.iwmo(&["work", "list", "--gemeente", "0222", "--format", "json"]);
    assert_eq!(&listed.exits(i32::from(!rows.is_empty())).json(), rows);
    let said = |row: &Value| format!("{} {}", row["soort"].as_str().unwrap(), row["code"].as_str().unwrap());
    rows.iter().map(said).collect()
}

/// Asserts that nothing differs under the policy that everything was decided by.
fn same_policy(site: &Site, policy: &str) {
    let file = site.path("policy.toml");
    std::fs::write(&file, policy).unwrap();
    site.iwmo(&["replay", "--what-if", file.to_str().unwrap(), "--format", "json"]).exits(0);
}

#[track_caller]
fn rules(answer: Answer) -> Value {
    answer.problem(422, "onaanvaardbaar")["rules"].clone()
}

/// A request is answered, waits as work, is looked into and granted; a declaration is answered, and then the
/// toewijzing cannot be deleted. A kill -9 in between changes nothing, and the journal alone gives the ledger.
#[tokio::test]
async fn requests_and_declarations_go_all_the_way() {
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    site.configure(&[(HVB, hvb.address)], "");
    let mut daemon = site.start();
    let (klant, other, order) = (Klant::new(3), Klant::new(4), Order::new(300));
    let (backoffice, caller) = (site.backoffice(), site.partner(HVB));

    let request = wmo315(&envelope("V1"), &klant, &order, "HVB-1");
    let first = caller.post(&daemon.exchange, &request).await.receipt();
    let retour = hvb.expect(MessageKind::Wmo316, "V1").await;
    assert!(!retour.to_json().contains("RetourCode"), "approved");
    assert_eq!(work(&site, &daemon.backoffice).await, ["verzoek PENDING"]);
    let unknown = wmo319(&envelope("A0"), "HVB-2", "1");
    assert_eq!(rules(backoffice.post(&daemon.backoffice, &unknown).await), json!(["TR355"]));
    daemon.kill();
    site.verify();
    daemon = site.start();
    assert_eq!(caller.post(&daemon.exchange, &request).await.receipt(), (first.0, true));

    backoffice.post(&daemon.backoffice, &wmo319(&envelope("A1"), "HVB-1", "2")).await.receipt();
    let looked_into = hvb.expect(MessageKind::Wmo319, "A1").await;
    caller.post(&daemon.exchange, &approval(&looked_into, "R1")).await.receipt();
    assert_eq!(work(&site, &daemon.backoffice).await, ["verzoek UNDER_INVESTIGATION"]);
    let granted = with(&wmo301(&envelope("T1"), &klant, &order), "ReferentieAanbieder", "HVB-1");
    backoffice.post(&daemon.backoffice, &granted).await.receipt();
    let toewijzing = hvb.expect(MessageKind::Wmo301, "T1").await;
    caller.post(&daemon.exchange, &approval(&toewijzing, "R2")).await.receipt();
    let second = Order::new(301);
    backoffice.post(&daemon.backoffice, &wmo301(&envelope("T2"), &other, &second)).await.receipt();
    assert_eq!(work(&site, &daemon.backoffice).await, [] as [&str; 0]);

    let lines = [(&klant, &order), (&other, &second)];
    caller.post(&daemon.exchange, &wmo323(&envelope("D1"), &lines)).await.receipt();
    assert_eq!(work(&site, &daemon.backoffice).await, ["declaratie 323"]);
    let settled = wmo325(&envelope("A2"), &envelope("D1"), lines.len());
    backoffice.post(&daemon.backoffice, &settled).await.receipt();
    hvb.expect(MessageKind::Wmo325, "A2").await;
    daemon.kill();
    daemon = site.start();
    assert!(backoffice.post(&daemon.backoffice, &settled).await.receipt().1, "known after the kill");
    let gone = Order { einddatum: order.ingangsdatum.clone(), ..order.clone() };
    let delete = with(&wmo301(&envelope("T3"), &klant, &gone), "RedenWijziging", "13");
    assert_eq!(rules(backoffice.post(&daemon.backoffice, &delete).await), json!(["TR385"]));

    // The whole of it, for who has the BSN, and for nobody else.
    let found = iwmo_in(
        ["client", "--bsn-from", "-", "--format", "json", "--data", site.data().to_str().unwrap()],
        klant.bsn.as_bytes(),
    )
    .exits(0);
    let arrangement = &found.json()[0];
    assert_eq!(arrangement["verzoeken"][0]["status"], "ANSWERED");
    assert_eq!(arrangement["toewijzingen"][0]["nummer"], 300);
    let kinds: Vec<&str> = arrangement["tijdlijn"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| !line["entry"].as_str().unwrap().contains('/'))
        .map(|line| line["bericht"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["WMO315", "WMO319", "WMO320", "WMO301", "WMO302", "WMO323", "WMO325"]);
    let asked = json!({ "bsn": klant.bsn, "gemeente": "0222" }).to_string();
    assert!(!found.out.contains(&klant.bsn) && !found.out.contains(&other.bsn) && asked.len() > 20);
    daemon.stop();
    site.verify();
    same_policy(&site, "");
}

/// With `parkeertijd` a stop and a start that overtake the toewijzing wait for it, through a kill -9, and have one
/// retour each.
#[tokio::test]
async fn what_comes_too_early_waits_where_the_gemeente_allows_it() {
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    let text = site.configuration(&[(HVB, hvb.address)], "");
    let text = text.replace("bedenktijd = \"0s\"", "bedenktijd = \"0s\"\nparkeertijd = \"2h\"");
    std::fs::write(site.config(), text).unwrap();
    let mut daemon = site.start();
    let (klant, order) = (Klant::new(5), Order::new(500));
    let (backoffice, caller) = (site.backoffice(), site.partner(HVB));
    let stop = Stop { begindatum: day(-20), einddatum: day(-2), reden: "19" };
    for bytes in
        [wmo307(&envelope("E1"), &klant, &order, &stop), wmo305(&envelope("S1"), &klant, &order, &day(-20))]
    {
        caller.post(&daemon.exchange, &bytes).await.receipt();
    }
    assert_eq!(
        work(&site, &daemon.backoffice).await,
        ["geparkeerd WMO307", "geparkeerd WMO305"],
        "the first that came first"
    );
    daemon.kill();
    site.verify();
    daemon = site.start();
    backoffice.post(&daemon.backoffice, &wmo301(&envelope("T1"), &klant, &order)).await.receipt();
    for (kind, name) in [(MessageKind::Wmo306, "S1"), (MessageKind::Wmo308, "E1")] {
        let retour = hvb.expect(kind, name).await;
        assert!(!retour.to_json().contains("RetourCode"), "{name} is approved");
        assert_eq!(hvb.find(kind, name).len(), 1);
    }
    until("the work is done", || {
        let left = site.iwmo(&["work", "list", "--kind", "geparkeerd", "--format", "json"]);
        left.out.is_empty().then_some(())
    })
    .await;
    let show = site.iwmo(&["toewijzing", "show", "0222/500", "--format", "json"]).exits(0).json();
    assert_eq!(show[0]["levering"]["status"], "BEEINDIGD");
    let told: Vec<&str> =
        show[0]["tijdlijn"].as_array().unwrap().iter().map(|line| line["tekst"].as_str().unwrap()).collect();
    assert!(told.iter().any(|text| text.contains("te vroeg, wacht uiterlijk tot")), "{told:#?}");
    assert!(told.iter().any(|text| text.ends_with("(beoordeeld na wachten)")), "{told:#?}");
    daemon.stop();
    assert_eq!(kept(&site.data()).len(), 3, "one entry for each message");
    site.verify();
    same_policy(&site, "[beleid]\nparkeertijd_minuten = 120\n");
}
