//! Partners that do not behave while the gateway sends to them: whatever they do, each message arrives, the same bytes
//! under the same name every time, every attempt ends in time, and no other partner waits for them.

use std::collections::BTreeMap;

use iwmo_codec::messages::MessageKind;

use crate::harness::{Envelope, HVB, Klant, LINDE, Odd, OddPeer, Order, Site, kept, until, wmo301};

/// Attempts that must end before the partner behaves again.
const ATTEMPTS: usize = 3;

/// A 301 to an aanbieder.
fn order(agb: &str, name: &str, number: u32) -> Vec<u8> {
    wmo301(&Envelope::new("0222", agb, name), &Klant::new(number), &Order::new(number))
}

/// Runs a gateway with a partner that is odd in each of these ways in turn. `again` says that an attempt with it is no
/// delivery, so that the message is sent again.
async fn odd_in_turn(odds: &[(Odd, bool)]) {
    let site = Site::new();
    let hvb = OddPeer::open(&site, HVB).await;
    let linde = site.endpoint(LINDE, None).await;
    let text = site.configuration(&[(HVB, hvb.address), (LINDE, linde.address)], "");
    std::fs::write(site.config(), text.replace("[sending]\n", "[sending]\nattempt = \"1s\"\n")).unwrap();
    let daemon = site.start();
    let mut sent = Vec::new();
    for (number, (odd, again)) in (1..).zip(odds) {
        let (name, other) = (format!("T{number}"), format!("L{number}"));
        let (first, second) = (order("98000001", &name, number), order("98000002", &other, 100 + number));
        hvb.is(*odd);
        site.backoffice().post(&daemon.backoffice, &first).await.receipt();
        let wanted = if *again { ATTEMPTS } else { 1 };
        until(&format!("{odd:?}: attempts end"), || (hvb.met() >= wanted).then_some(())).await;
        // The other one has its message while this one is as it is.
        site.backoffice().post(&daemon.backoffice, &second).await.receipt();
        linde.expect(MessageKind::Wmo301, &other).await;
        let list = || site.iwmo(&["outbox", "list", "--partner", HVB.0, "--format", "json"]).exits(0).json();
        if *again {
            let waiting = list();
            assert_eq!((waiting.len(), &waiting[0]["stand"]), (1, &"wacht".into()), "{odd:?}: {waiting:?}");
            assert!(waiting[0]["reden"].is_string(), "{odd:?}: {waiting:?}");
            hvb.is(Odd::Well);
        }
        until(&format!("{odd:?}: delivered"), || list().is_empty().then_some(())).await;
        sent.push(first);
    }
    daemon.stop();
    site.verify();

    // Each arrived whole, and what came more than once came as the same delivery with the same bytes.
    let mut arrived: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
    for (name, bytes) in hvb.taken() {
        arrived.entry(bytes).or_default().push(name);
    }
    for (message, (odd, again)) in sent.iter().zip(odds) {
        let names = arrived.remove(message).unwrap_or_else(|| panic!("{odd:?}: it never arrived"));
        assert!(names.iter().all(|name| *name == names[0]), "{odd:?}: {names:?}");
        assert!(*again || names.len() == 1, "{odd:?}: delivered, and sent again: {names:?}");
    }
    assert!(arrived.is_empty(), "something else arrived");
    assert_eq!(
        kept(&site.data()).len(),
        2 * odds.len(),
        "an entry for each message, and none for an attempt"
    );
    let outgoing = site.iwmo(&["outbox", "list", "--all", "--format", "json"]).exits(0).json();
    assert_eq!(outgoing.len(), 2 * odds.len());
    assert!(outgoing.iter().all(|one| one["stand"] == "bezorgd"), "{outgoing:?}");
}

/// No answer in time, half an answer, a trickling one, and something else than an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partners_that_answer_badly_get_it_again() {
    odd_in_turn(&[(Odd::Late, true), (Odd::HalfHead, true), (Odd::Trickle, true), (Odd::Gibberish, true)])
        .await;
}

/// Connections that end without a word: before the message, in it, and after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partners_that_reset_get_it_again() {
    odd_in_turn(&[
        (Odd::ResetAfterBody, true),
        (Odd::ResetInBody, true),
        (Odd::ResetAtOnce, true),
        (Odd::NoHandshake, true),
    ])
    .await;
}

/// Who answers 202 has the message, though the receipt is cut off or comes twice; and the second answer is not taken for
/// the answer to the next message, which has to arrive itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_too_many_answers_nothing_else() {
    odd_in_turn(&[
        (Odd::HalfReceipt, false),
        (Odd::Twice, false),
        (Odd::Twice, false),
        (Odd::Well, false),
        (Odd::Twice, false),
        (Odd::HalfReceipt, false),
    ])
    .await;
}

/// C-55: a server under the right authority that is another than the address says gets nothing, and the message says why
/// it waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c_55_a_server_of_another_name_gets_nothing() {
    let site = Site::new();
    // Its certificate is for localhost and 127.0.0.1.
    let hvb = site.endpoint(HVB, Some(([127, 0, 0, 2], 0).into())).await;
    site.configure(&[(HVB, hvb.address)], "");
    let daemon = site.start();
    site.backoffice().post(&daemon.backoffice, &order("98000001", "T1", 1)).await.receipt();
    let reason = until("the attempt fails", || {
        let list = site.iwmo(&["outbox", "list", "--format", "json"]).exits(0).json();
        list.first().and_then(|one| one["reden"].as_str()).map(str::to_owned)
    });
    let reason = reason.await;
    assert!(reason.contains("NotValidForName") || reason.contains("not valid for name"), "{reason}");
    assert!(hvb.got().is_empty());
    daemon.stop();
}
