//! Partners that fetch.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::*;
use crate::demo::messages::wmo305;
use crate::engine::{Act, Route};
use crate::record::{Plek, Wat, Wie};

struct Puller {
    client: reqwest::Client,
    address: SocketAddr,
}

impl Puller {
    fn new(world: &World, daemon: &Daemon, certificate: &DemoCertificate) -> Self {
        Self { client: world.client(Some(certificate)), address: daemon.exchange() }
    }

    async fn call(&self, method: reqwest::Method, rest: &str) -> reqwest::Response {
        let url = format!("https://{}/uitwisseling/v1/berichten{rest}", self.address);
        self.client.request(method, url).send().await.unwrap()
    }

    async fn get(&self, rest: &str) -> (u16, Value) {
        let response = self.call(reqwest::Method::GET, rest).await;
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn confirm(&self, id: &str) -> u16 {
        self.call(reqwest::Method::POST, &format!("/{id}/ontvangen")).await.status().as_u16()
    }

    async fn ids(&self, rest: &str) -> Vec<String> {
        let (status, page) = self.get(rest).await;
        assert_eq!(status, 200, "{page}");
        page["berichten"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_fetches_and_confirms_once() {
    let world = World::new();
    let daemon = world.start(&world.partners()).await;
    let hvb = Puller::new(&world, &daemon, &world.hvb);
    assert_eq!(hvb.ids("").await, Vec::<String>::new());
    let sent = toewijzing("0222", HVB, 1);
    order(&daemon, "backoffice", sent.clone()).await;
    let (_, page) = hvb.get("").await;
    let one = &page["berichten"][0];
    assert_eq!((one["bericht"].as_str(), one["bytes"].as_u64()), (Some("WMO301"), Some(sent.len() as u64)));
    assert_eq!(one["sha256"], crate::hex::hex(&Sha256::digest(&sent)));
    assert!(page["volgende"].is_null(), "{page}");
    let id = one["id"].as_str().unwrap();
    let response = hvb.call(reqwest::Method::GET, &format!("/{id}")).await;
    assert_eq!(response.headers()["content-type"], "application/xml");
    assert_eq!(response.headers()[crate::exchange::DIGEST_HEADER].to_str().ok(), one["sha256"].as_str());
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.bytes().await.unwrap(), sent);
    // Fetching alone changes nothing: an answer may be lost on its way.
    assert_eq!(hvb.ids("").await, [id]);
    assert_eq!((hvb.confirm(id).await, hvb.confirm(id).await), (204, 204));
    assert_eq!(hvb.ids("").await, Vec::<String>::new());
    let outgoing = crate::view::outgoing(daemon.engine().ledger(), Some("hvb"), true, 9).unwrap();
    assert_eq!((outgoing[0].stand, outgoing[0].pogingen), ("bezorgd", 1), "recorded once");
    daemon.stop().await;
}

/// A 302 says that the 301 has arrived, also from a partner that never says so itself; that it does so later changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retour_proves_that_its_message_was_fetched() {
    let world = World::new();
    let daemon = world.start(&world.partners()).await;
    let hvb = Puller::new(&world, &daemon, &world.hvb);
    let messages = [1, 2].map(|nummer| toewijzing("0222", HVB, nummer));
    for message in &messages {
        order(&daemon, "backoffice", message.clone()).await;
    }
    let ids = hvb.ids("").await;
    let url = format!("https://{}/uitwisseling/v1/berichten", daemon.exchange());
    let answer = hvb.client.post(url).header("content-type", "application/xml");
    let answer = answer.body(stuf::approved(&messages[0], "R1")).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    assert_eq!(hvb.ids("").await, ids[1..], "the other still waits");
    let shown = || crate::view::outgoing(daemon.engine().ledger(), Some("hvb"), true, 9).unwrap();
    let outgoing = shown();
    assert_eq!((outgoing[0].stand, outgoing[1].stand), ("bezorgd", "wacht"));
    let reason = "answered by 0222:3, which proves that it has arrived";
    assert_eq!(outgoing[0].reden.as_deref(), Some(reason));
    assert_eq!(hvb.confirm(&ids[0]).await, 204);
    assert_eq!(shown(), outgoing);
    daemon.stop().await;
}

/// Ids are easy to guess, so it must not help.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_what_is_for_another() {
    let world = World::new();
    let daemon = world.start(&world.partners()).await;
    order(&daemon, "backoffice", toewijzing("0222", HVB, 1)).await;
    let (hvb, linde) = (Puller::new(&world, &daemon, &world.hvb), Puller::new(&world, &daemon, &world.linde));
    let ids = hvb.ids("").await;
    let [id] = ids.as_slice() else { panic!("one message: {ids:?}") };
    assert_eq!(linde.ids("").await, Vec::<String>::new());
    let (status, theirs) = linde.get(&format!("/{id}")).await;
    let (_, nobodys) = linde.get("/0222-999-0").await;
    assert_eq!((status, &theirs), (404, &nobodys), "as if it did not exist");
    assert_eq!(linde.confirm(id).await, 404);
    assert_eq!(hvb.ids("").await, [id.as_str()], "the other's confirmation counts for nothing");
    // A cursor of one is a place, not a permission.
    let cursor = hvb.get("?aantal=1").await.1["volgende"].clone();
    assert!(cursor.is_null());
    let stranger = world.authority.client("stranger", None).unwrap();
    assert_eq!(Puller::new(&world, &daemon, &stranger).get("").await.0, 403);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_follow_each_other() {
    let world = World::new();
    let daemon = world.start(&world.partners()).await;
    for nummer in 1..=5 {
        order(&daemon, "backoffice", toewijzing("0222", HVB, nummer)).await;
    }
    let hvb = Puller::new(&world, &daemon, &world.hvb);
    let all = hvb.ids("").await;
    assert_eq!(all.len(), 5);
    let (mut paged, mut na) = (Vec::new(), String::new());
    loop {
        let (_, page) = hvb.get(&format!("?aantal=2&na={na}")).await;
        let ids =
            page["berichten"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        paged.extend(ids);
        match page["volgende"].as_str() {
            Some(next) => na = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(paged, all);
    for bad in ["?aantal=0", "?aantal=501", "?na=x", "?na=AAAA", "?bsn=1", "?aantal=x"] {
        let (status, problem) = hvb.get(bad).await;
        assert_eq!((status, problem["type"].as_str()), (400, Some("urn:iwmo:probleem:verzoek")), "{bad}");
    }
    assert_eq!(hvb.ids("?aantal=500").await.len(), 5);
    for bad in ["/0222-1", "/0222:1/0", "/x-1-0", "/0222-1-99999", "/0222--1-0"] {
        assert_eq!(hvb.get(bad).await.0, 404, "{bad}");
    }
    assert_eq!(hvb.call(reqwest::Method::DELETE, "").await.status(), 405);
    daemon.stop().await;
}

/// A partner that fetches is shown nothing that is younger than what an operator holds about the person, as nothing of it
/// would be posted to one that receives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_holds_up_what_is_younger_about_the_person() {
    let world = World::new();
    let daemon = world.start(&world.partners()).await;
    for nummer in [1, 2] {
        order(&daemon, "backoffice", toewijzing("0222", HVB, nummer)).await;
    }
    let hvb = Puller::new(&world, &daemon, &world.hvb);
    let orders = hvb.ids("").await;
    report_start(&daemon, 1).await;
    let all = hvb.ids("").await;
    assert_eq!((all.len(), &all[..2]), (3, &orders[..]), "the 306 is the youngest");

    let berichten = || vec![Plek { seq: 1, index: 0 }];
    act(&daemon, Wat::UitgaandVasthouden { berichten: berichten() }).await;
    assert_eq!(hvb.ids("").await, [all[1].as_str()], "only what is about another person");
    act(&daemon, Wat::UitgaandVrijgeven { berichten: berichten() }).await;
    assert_eq!(hvb.ids("").await, all);
    daemon.stop().await;
}

/// The aanbieder says that support began under a toewijzing of [`toewijzing`].
async fn report_start(daemon: &Daemon, nummer: u32) {
    let today = crate::clock::dutch_date(jiff::Timestamp::now());
    let envelope = Envelope { gemeente: "0222", agb: HVB, identificatie: "S1", today };
    let product = Order { nummer, categorie: "02", code: "02A05", ingangsdatum: today, einddatum: today };
    let person = Person { bsn: crate::engine::tests::bsn(nummer).leak(), ..PERSON };
    let bytes = wmo305(envelope, &person, &product, &[(today, "1")]).unwrap().encode().into();
    let (partner, route) = (PartnerId("hvb".to_owned()), Route::Direct);
    daemon
        .engine()
        .receive(Inbound { partner, route, bytes, key: None, bevestigd: Vec::new() })
        .await
        .unwrap();
}

async fn act(daemon: &Daemon, wat: Wat) {
    let wie = Wie::Operator { uid: 1000, naam: None, namens: None };
    let (chain, reden) = ("0222".parse().unwrap(), "they are moving".to_owned());
    daemon.engine().act(Act { chain, wie, wat, reden, gekozen: false, sleutel: None }).await.unwrap();
}
