//! What was acknowledged is never lost and takes effect once, whatever is killed; what is to be sent is sent.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use iwmo_codec::messages::{Message, MessageKind};
use iwmo_gateway::record::Uitspraak;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::harness::{
    CAK, Caller, Envelope, HVB, Klant, LINDE, Mood, Order, Site, Stop, day, kept, until, wmo301, wmo305,
    wmo307,
};

/// People in the burst between two kills; each has a 301, a 305 and a 307.
const PEOPLE_PER_KILL: u32 = 10;
/// Senders at the same time.
const SENDERS: u32 = 6;
/// How often the daemon is killed, unless `IWMO_KILLS` says how often.
const KILLS: usize = 6;
/// Which of so many is a SIGTERM.
const TOLD: usize = 3;
/// Wait between two looks whether the daemon is back.
const AGAIN: Duration = Duration::from_millis(20);

/// Where the daemon listens now; nothing while it is down.
type Addresses = Option<(String, String)>;

/// What a sender remembers of a message.
struct Acknowledged {
    bytes: Vec<u8>,
    receipt: String,
    /// Attempts without an answer before it.
    unanswered: usize,
}

/// Sends until there is an answer, as a partner does.
async fn deliver(
    caller: &Caller,
    exchange: bool,
    bytes: Vec<u8>,
    addresses: &watch::Receiver<Addresses>,
) -> Acknowledged {
    let mut unanswered = 0;
    loop {
        let now = addresses.borrow().clone();
        let Some((partners, backoffice)) = now else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        let address = if exchange { partners } else { backoffice };
        match caller.try_post(&address, &bytes).await {
            Ok(answer) if answer.status == 503 => tokio::time::sleep(AGAIN).await,
            Ok(answer) => {
                let (receipt, dubbel) = answer.receipt();
                // Taken before only if an answer was lost.
                assert!(!dubbel || unanswered > 0, "{receipt} was taken twice");
                return Acknowledged { bytes, receipt, unanswered };
            }
            Err(_) => {
                unanswered += 1;
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

/// The daemon is killed again and again while partners send. Every acknowledged message is in the journal exactly
/// once under the name that was acknowledged, what was sent again took effect once, each heenbericht has one
/// retour, each retour arrived, and journal and ledger agree.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kill_9() {
    let kills =
        std::env::var("IWMO_KILLS").map_or(KILLS, |kills| kills.parse().expect("IWMO_KILLS is a number"));
    let people = PEOPLE_PER_KILL * kills as u32;
    let site = Site::new();
    let (hvb, cak) = (site.endpoint(HVB, None).await, site.endpoint(CAK, None).await);
    site.configure(&[(HVB, hvb.address), (CAK, cak.address)], "");
    let (addresses, seen) = watch::channel(None);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let (backoffice, partner) = (site.backoffice(), site.partner(HVB));
        let (seen, acknowledged) = (seen.clone(), Arc::clone(&acknowledged));
        senders.spawn(async move {
            let mut done = Vec::new();
            for number in (sender..people).step_by(SENDERS as usize) {
                let (klant, order) = (Klant::new(number), Order::new(1000 + number));
                let names = ["T", "S", "E"].map(|letter| format!("{letter}{number}"));
                let envelope = |name| Envelope::new("0222", "98000001", name);
                let stop = Stop { begindatum: day(-60), einddatum: day(-2), reden: "19" };
                let messages = [
                    (&backoffice, false, wmo301(&envelope(&names[0]), &klant, &order)),
                    (&partner, true, wmo305(&envelope(&names[1]), &klant, &order, &day(-60))),
                    (&partner, true, wmo307(&envelope(&names[2]), &klant, &order, &stop)),
                ];
                for (caller, exchange, bytes) in messages {
                    done.push(deliver(caller, exchange, bytes, &seen).await);
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            }
            done
        });
    }

    let mut daemon = site.start();
    for kill in 1..=kills {
        addresses.send_replace(Some((daemon.exchange.clone(), daemon.backoffice.clone())));
        // Not before some of this life were acknowledged; spread over the burst.
        let wanted = kill * (people as usize * 3) / (kills + 1);
        until("the burst goes on", || (acknowledged.load(Ordering::SeqCst) >= wanted).then_some(())).await;
        addresses.send_replace(None);
        // One of them is told to stop: it must be as good.
        if kill % KILLS == TOLD {
            daemon.stop()
        } else {
            daemon.kill()
        };
        // At this very moment too: a write that was cut short is no fault, and the ledger is behind, never wrong.
        site.verify();
        daemon = site.start();
    }
    addresses.send_replace(Some((daemon.exchange.clone(), daemon.backoffice.clone())));
    let mut done = Vec::new();
    while let Some(sender) = senders.join_next().await {
        done.extend(sender.unwrap());
    }
    let outbox_is_empty = || {
        site.iwmo(&["outbox", "list", "--format", "json"]).out.lines().all(|line| {
            // The CAK of this test answers nothing, so that nothing follows on its messages.
            !line.contains("\"stand\":\"wacht\"")
        })
    };
    until("everything is delivered", || outbox_is_empty().then_some(())).await;
    daemon.stop();
    site.verify();

    assert_eq!(done.len(), people as usize * 3);
    let repeated = done.iter().filter(|message| message.unanswered > 0).count();
    assert!(repeated > 0, "no kill met a message under way: this run showed nothing");
    let mut journal: HashMap<Vec<u8>, Vec<String>> = HashMap::new();
    let messages = kept(&site.data());
    for kept in &messages {
        journal.entry(kept.bericht.bytes.clone()).or_default().push(kept.id.clone());
        assert_eq!(kept.bericht.uitspraak, Uitspraak::Goedgekeurd, "{}: {:?}", kept.id, kept.bericht.regels);
        let retours = kept.outgoing().into_iter().filter(|kind| ["WMO306", "WMO308"].contains(kind)).count();
        let wanted = usize::from(kept.bericht.soort != "WMO301");
        assert_eq!(retours, wanted, "{}: {:?}", kept.id, kept.outgoing());
    }
    for message in &done {
        let once = std::slice::from_ref(&message.receipt);
        assert_eq!(journal[&message.bytes], once, "once, under the name acknowledged");
    }
    assert_eq!(messages.len(), done.len(), "and nothing else");

    // Each message of ours arrived, with the bytes of the journal.
    let mut arrived: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for (bytes, _) in hvb.got().into_iter().chain(cak.got()) {
        *arrived.entry(bytes.to_vec()).or_default() += 1;
    }
    let mut sent = 0;
    for uitgaand in messages.iter().flat_map(|kept| &kept.bericht.uitgaand) {
        assert!(arrived.contains_key(&uitgaand.bytes), "a {} did not arrive", uitgaand.soort);
        sent += 1;
    }
    assert_eq!(sent, arrived.len(), "and nothing arrived that is not in the journal");
    for number in 0..people {
        assert!(!hvb.find(MessageKind::Wmo306, &format!("S{number}")).is_empty());
        assert!(!hvb.find(MessageKind::Wmo308, &format!("E{number}")).is_empty());
    }
    let list = site.iwmo(&["toewijzing", "list", "--format", "json"]).exits(0).json();
    assert_eq!(list.len(), people as usize);
    assert!(list.iter().all(|row| row["levering"]["status"] == "BEEINDIGD"), "{list:?}");
}

/// A partner that is down: what is for it waits with the reason, another partner is not delayed, and when it comes
/// up everything arrives, in order for each person.
#[tokio::test]
async fn a_partner_that_is_down_gets_everything_in_order_later() {
    const NUMBERS: u32 = 4;
    let site = Site::new();
    // Bound and not listening: the port is ours and every connection is refused.
    let held = TcpSocket::new_v4().unwrap();
    held.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address: SocketAddr = held.local_addr().unwrap();
    let linde = site.endpoint(LINDE, None).await;
    site.configure(&[(HVB, address), (LINDE, linde.address)], "");
    let daemon = site.start();
    let mut names = Vec::new();
    for number in 0..NUMBERS {
        let (klant, order) = (Klant::new(number), Order::new(500 + number));
        let name = [format!("T{number}"), format!("S{number}"), format!("E{number}")];
        let envelope = |at: usize| Envelope::new("0222", "98000001", &name[at]);
        let stop = Stop { begindatum: day(-60), einddatum: day(-2), reden: "19" };
        site.backoffice().post(&daemon.backoffice, &wmo301(&envelope(0), &klant, &order)).await.receipt();
        let partner = site.partner(HVB);
        partner.post(&daemon.exchange, &wmo305(&envelope(1), &klant, &order, &day(-60))).await.receipt();
        partner.post(&daemon.exchange, &wmo307(&envelope(2), &klant, &order, &stop)).await.receipt();
        names.push(name);
    }
    // The other partner gets its message while the first one is down.
    let other = wmo305(&Envelope::new("0222", "98000002", "L1"), &Klant::new(90), &Order::new(590), &day(-9));
    site.partner(LINDE).post(&daemon.exchange, &other).await.receipt();
    linde.expect(MessageKind::Wmo306, "L1").await;

    let waiting = until("the reason is known", || {
        let waiting = site.iwmo(&["outbox", "list", "--partner", HVB.0, "--format", "json"]).exits(0).json();
        waiting.iter().any(|row| row["reden"].is_string()).then_some(waiting)
    })
    .await;
    assert_eq!(waiting.len(), NUMBERS as usize * 3);
    assert!(waiting.iter().all(|row| row["stand"] == "wacht"), "{waiting:?}");
    let tried: Vec<_> = waiting.iter().filter(|row| row["pogingen"].as_u64().unwrap() > 0).collect();
    for row in tried {
        let reason = row["reden"].as_str().unwrap();
        assert!(reason.starts_with("no connection: "), "{reason}");
        assert!(row["volgende"].is_string());
    }
    // It waits through a restart too.
    daemon.kill();
    let daemon = site.start();

    drop(held);
    let hvb = site.endpoint(HVB, Some(address)).await;
    hvb.mood(Mood::Forgetful);
    until("something arrived", || (!hvb.got().is_empty()).then_some(())).await;
    hvb.mood(Mood::Busy);
    tokio::time::sleep(Duration::from_millis(150)).await;
    hvb.mood(Mood::Well);
    for name in &names {
        hvb.expect(MessageKind::Wmo301, &name[0]).await;
        hvb.expect(MessageKind::Wmo306, &name[1]).await;
        hvb.expect(MessageKind::Wmo308, &name[2]).await;
    }
    until("nothing waits", || {
        site.iwmo(&["outbox", "list", "--partner", HVB.0, "--format", "json"]).out.is_empty().then_some(())
    })
    .await;
    daemon.stop();
    hvb.close();

    // The first arrivals of each person are in order, and what came twice came with the same bytes.
    let got = hvb.got();
    for number in 0..NUMBERS {
        let person = Klant::new(number).bsn;
        let mut kinds: Vec<MessageKind> = Vec::new();
        for (_, message) in got.iter().filter(|(_, message)| bsn_of(message).is_none_or(|bsn| bsn == person))
        {
            if names[number as usize].contains(&message.header().identificatie.to_owned())
                && kinds.last() != Some(&message.kind())
            {
                kinds.push(message.kind());
            }
        }
        assert_eq!(kinds, [MessageKind::Wmo301, MessageKind::Wmo306, MessageKind::Wmo308], "person {number}");
        for (name, kind) in names[number as usize].iter().zip(kinds) {
            let same = hvb.find(kind, name);
            assert!(same.iter().all(|(bytes, _)| *bytes == same[0].0), "a retry sends the same bytes");
        }
    }
    assert_eq!(linde.got().len(), 1);
    site.verify();
}

fn bsn_of(message: &Message) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(&message.to_json()).unwrap();
    json["Bericht"]["Client"]["Bsn"].as_str().map(str::to_owned)
}

/// C-45: a backup that was made while the gateway ran, put back in an empty folder with its keys: what was delivered
/// before it was made is not sent again, and what waited then is.
#[tokio::test]
async fn c_45_a_restored_backup_sends_nothing_again() {
    let site = Site::new();
    let hvb = site.endpoint(HVB, None).await;
    site.configure(&[(HVB, hvb.address)], "");
    let daemon = site.start();
    let order = |agb: &str, name: &str, number: u32| {
        wmo301(&Envelope::new("0222", agb, name), &Klant::new(number), &Order::new(number))
    };
    site.backoffice().post(&daemon.backoffice, &order("98000001", "T1", 1)).await.receipt();
    hvb.expect(MessageKind::Wmo301, "T1").await;
    until("the delivery is recorded", || {
        site.iwmo(&["outbox", "list", "--format", "json"]).out.is_empty().then_some(())
    })
    .await;
    hvb.mood(Mood::Busy);
    site.backoffice().post(&daemon.backoffice, &order("98000001", "T2", 2)).await.receipt();
    let backup = site.path("backup");
    site.iwmo(&["store", "backup", "--to", backup.to_str().unwrap()]).exits(0);
    daemon.kill();
    std::fs::rename(site.data(), site.path("lost")).unwrap();
    site.iwmo(&["store", "restore", "--from", backup.to_str().unwrap()]).exits(0);
    std::fs::rename(site.path("lost").join("keys"), site.data().join("keys")).unwrap();
    hvb.mood(Mood::Well);
    let daemon = site.start();
    hvb.expect(MessageKind::Wmo301, "T2").await;
    until("nothing waits", || {
        site.iwmo(&["outbox", "list", "--format", "json"]).out.is_empty().then_some(())
    })
    .await;
    daemon.stop();
    assert_eq!(hvb.find(MessageKind::Wmo301, "T1").len(), 1, "it was delivered before");
    assert_eq!(kept(&site.data()).len(), 2);
    site.verify();
}
