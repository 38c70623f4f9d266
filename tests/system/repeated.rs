//! What comes twice, or out of order.

use iwmo_codec::messages::MessageKind;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{
    Answer, Envelope, HVB, Klant, Order, Site, Stop, day, kept, until, wmo301, wmo305, wmo307,
};

/// The same bytes a second time get the first receipt and no second effect; the same Identificatie with other
/// bytes gets 9056 in the header and changes nothing; a stop before its start gets 9069.
#[tokio::test]
async fn what_comes_twice_takes_effect_once() {
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    site.configure(&[(HVB, hvb.address)], "");
    let daemon = site.start();
    let (klant, order) = (Klant::new(1), Order::new(100_101));
    let caller = site.partner(HVB);

    let toewijzing = wmo301(&Envelope::new("0222", "98000001", "T1"), &klant, &order);
    let first = site.backoffice().post(&daemon.backoffice, &toewijzing).await.receipt();
    let second = site.backoffice().post(&daemon.backoffice, &toewijzing).await.receipt();
    assert_eq!((first.1, second.1), (false, true));
    assert_eq!(first.0, second.0);

    // A 307 before its 305.
    let stop = Stop { begindatum: day(-20), einddatum: day(-2), reden: "19" };
    let early = wmo307(&Envelope::new("0222", "98000001", "E1"), &klant, &order, &stop);
    caller.post(&daemon.exchange, &early).await.receipt();
    let retour = hvb.expect(MessageKind::Wmo308, "E1").await;
    let client = bericht(&retour)["Client"].clone();
    assert_eq!(client["StopProducten"][0]["RetourCodes"], json!(["9069"]));
    assert_eq!(levering(&site), "NIET_GESTART");

    let start = wmo305(&Envelope::new("0222", "98000001", "S1"), &klant, &order, &day(-20));
    // The first times at the same time: one of them is the first.
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let (caller, address, start) = (caller.clone(), daemon.exchange.clone(), start.clone());
        all.spawn(async move { caller.post(&address, &start).await });
    }
    let receipts: Vec<(String, bool)> = all.join_all().await.into_iter().map(Answer::receipt).collect();
    let first = receipts[0].clone();
    assert!(receipts.iter().all(|receipt| receipt.0 == first.0), "{receipts:?}");
    assert_eq!(receipts.iter().filter(|receipt| !receipt.1).count(), 1, "{receipts:?}");
    hvb.expect(MessageKind::Wmo306, "S1").await;
    assert_eq!(caller.post(&daemon.exchange, &start).await.receipt(), (first.0.clone(), true));
    assert_eq!(levering(&site), "GESTART");

    // The same name for something else: 9056 in the header, and nothing of it is done (TR056).
    let other = wmo305(&Envelope::new("0222", "98000001", "S1"), &klant, &order, &day(-10));
    let (id, dubbel) = caller.post(&daemon.exchange, &other).await.receipt();
    assert!(!dubbel && id != first.0);
    let all = until("the second 306", || {
        let found = hvb.find(MessageKind::Wmo306, "S1");
        (found.len() == 2).then_some(found)
    })
    .await;
    let refused = bericht(&all[1].1);
    assert_eq!(refused["Header"]["RetourCodes"], json!(["9056"]));
    assert_eq!(refused["Client"], Value::Null, "the header only");
    let show = site.iwmo(&["toewijzing", "show", "0222/100101", "--format", "json"]).exits(0).json();
    assert_eq!(show[0]["levering"]["begindatum"], day(-20));

    let messages = kept(&site.data());
    let kinds: Vec<&str> = messages.iter().map(|kept| kept.bericht.soort.as_str()).collect();
    assert_eq!(kinds, ["WMO301", "WMO307", "WMO305", "WMO305"], "one entry each");
    assert_eq!(messages[2].bericht.bytes, start);
    for kept in &messages[1..] {
        let retours = kept.outgoing().into_iter().filter(|kind| *kind == "WMO306" || *kind == "WMO308");
        assert_eq!(retours.count(), 1, "one retour each");
    }
    daemon.stop();
    site.verify();
    let got = hvb.got().len();

    // After a restart it is still known.
    let daemon = site.start();
    assert_eq!(caller.post(&daemon.exchange, &start).await.receipt(), (first.0, true));
    daemon.stop();
    assert_eq!(kept(&site.data()).len(), 4);
    assert_eq!(hvb.got().len(), got, "and nothing is sent again");
}

fn bericht(message: &iwmo_codec::messages::Message) -> Value {
    serde_json::from_str::<Value>(&message.to_json()).unwrap()["Bericht"].clone()
}

fn levering(site: &Site) -> String {
    let show = site.iwmo(&["toewijzing", "show", "0222/100101", "--format", "json"]).exits(0).json();
    show[0]["levering"]["status"].as_str().unwrap().to_owned()
}
