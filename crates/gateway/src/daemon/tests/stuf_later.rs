//! What becomes of envelopes that were taken in: the rows of bad input that a retour, a person or nobody answers
//! (ggk-transport 8, column B).

use iwmo_codec::MessageKind;
use iwmo_codec::stuf::Envelope as Ggk;
use serde_json::{Value, json};

use super::*;
use crate::config::{Partner, PartnerKind};
use crate::engine::Settings;
use crate::outbox::{Attempt, DirectRoute, Parcel, Route, StufRoute};
use crate::record::Record;
use crate::view::{self, WerkFilter, werk};
use stuf::{Chain, approved, di01, fo01, payload, refnummer, start_on, vrij, wrapped};

fn codes(retour: &Ggk) -> Value {
    assert!(matches!(retour, Ggk::Du01(_)), "{retour:?}");
    let json: Value = serde_json::from_str(&payload(retour).to_json()).unwrap();
    json["Bericht"]["Header"]["RetourCodes"].clone()
}

fn start_in_days(number: u128, days: i64) -> Vec<u8> {
    wrapped(&Ggk::Di01(vrij(MessageKind::Wmo305, LINDE, "0222", number, start_on(LINDE, "0222", 7, days))))
}

/// A start that is reported ahead breaks a rule of level 2: acknowledged, and then a retour with 0001; no Fo01.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_39_a_payload_that_breaks_the_rules() {
    let chain = Chain::new().await;
    assert_eq!(chain.post(&chain.world.linde, start_in_days(1, 30)).await.short(), "200 Bv03");
    assert_eq!(codes(&chain.peer.wait(1).await), json!(["0001"]));
    chain.until("delivered", |chain| chain.outgoing().iter().all(|one| one.stand == "bezorgd")).await;
    assert_eq!((chain.peer.got().len(), chain.entries().len()), (1, 1), "one retour and nothing else");
    chain.daemon.stop().await;
}

/// A second retour on what was answered: acknowledged, kept, and work for a person; the first one counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_40_a_second_retour() {
    let chain = Chain::new().await;
    let sent = toewijzing("0222", LINDE, 1);
    order(&chain.daemon, "backoffice", sent.clone()).await;
    let heen = chain.peer.wait(1).await;
    let work = |chain: &Chain| {
        let filter = WerkFilter { limit: 10, ..WerkFilter::default() };
        let today = crate::clock::dutch_date(jiff::Timestamp::now());
        werk(chain.daemon.engine().ledger(), &Settings::default(), &filter, today).unwrap().rows
    };
    let mut received = Vec::new();
    for number in [1_u128, 2] {
        let retour = vrij(MessageKind::Wmo302, LINDE, "0222", number, approved(&sent, &format!("R{number}")));
        let retour = Ggk::Du01(retour.answering(heen.refnummer().clone()));
        assert_eq!(chain.post(&chain.world.linde, wrapped(&retour)).await.short(), "200 Bv03");
        received.push(chain.outgoing()[0].ontvangst.clone());
        assert_eq!(work(&chain).len(), usize::from(number == 2), "{:?}", work(&chain));
    }
    assert_eq!(work(&chain)[0].code, "RETOUR_UNMATCHED");
    assert_eq!(received[0], received[1], "the first retour confirmed it");
    assert_eq!(chain.entries().len(), 3, "both are kept");
    chain.daemon.stop().await;
}

/// VECOZO answers what it found wrong itself (ggk-transport 4.4): it counts as the retour of the aanbieder, and is shown as what
/// it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retour_of_vecozo_says_that_it_is_one() {
    let chain = Chain::new().await;
    let sent = toewijzing("0222", LINDE, 1);
    order(&chain.daemon, "backoffice", sent.clone()).await;
    let heen = chain.peer.wait(1).await;
    let retour = vrij(MessageKind::Wmo302, "VECOZO", "0222", 1, approved(&sent, "R1"));
    let retour = Ggk::Du01(retour.answering(heen.refnummer().clone()));
    assert_eq!(chain.post(&chain.world.linde, wrapped(&retour)).await.short(), "200 Bv03");
    let engine = chain.daemon.engine();
    let entries = engine.journal().read_all(crate::journal::Position::START).map(Result::unwrap);
    let is_retour = |entry: &crate::journal::Entry| {
        let record = Record::decode(entry.kind, entry.version, &entry.payload).unwrap();
        matches!(record, Record::Bericht(bericht) if bericht.soort == "WMO302")
    };
    let answer = { entries }.find(is_retour).unwrap();
    let shown = view::bericht(engine.ledger(), engine.journal(), engine.schemas(), &answer).unwrap();
    let [line] = &shown.tijdlijn[..] else { panic!("{shown:?}") };
    assert!(
        line.text.starts_with("VECOZO (in plaats van ") && line.text.ends_with("confirms the toewijzing"),
        "{line:?}"
    );
    assert_eq!(chain.outgoing()[0].stand, "bezorgd");
    chain.daemon.stop().await;
}

/// The same Identificatie for another message: acknowledged, and then a retour with 9056.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_41_an_identificatie_that_was_used() {
    let chain = Chain::new().await;
    assert_eq!(chain.post(&chain.world.linde, start_in_days(1, 0)).await.short(), "200 Bv03");
    assert_ne!(codes(&chain.peer.wait(1).await), json!(["9056"]));
    assert_eq!(chain.post(&chain.world.linde, start_in_days(2, -1)).await.short(), "200 Bv03");
    let retour = chain.peer.wait(2).await;
    assert_eq!(codes(&retour), json!(["9056"]));
    assert_eq!(retour.cross_refnummer(), Some(&refnummer(2)));
    chain.daemon.stop().await;
}

/// A Fo01 that does not follow its schema: a fault without detail, and nothing is done about what it names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_42_an_error_that_breaks_its_schema() {
    let chain = Chain::new().await;
    order(&chain.daemon, "backoffice", toewijzing("0222", HVB, 1)).await;
    let sent = chain.peer.wait(1).await;
    chain.until("handed over", |chain| chain.outgoing()[0].stand == "doorgegeven").await;
    let good = String::from_utf8(wrapped(&fo01(sent.refnummer(), "IB001"))).unwrap();
    for bad in [good.replace(">client<", ">Client<"), good.replace(">IB001<", ">IB001234<")] {
        assert_ne!(bad, good);
        assert_eq!(chain.post(&chain.hub, bad).await.short(), "500 Client");
        assert_eq!(chain.outgoing()[0].stand, "doorgegeven");
    }
    assert_eq!(chain.post(&chain.hub, good).await.short(), "200 Bv03");
    assert_eq!(chain.outgoing()[0].stand, "geparkeerd");
    chain.daemon.stop().await;
}

/// C-11: what cannot stand in an envelope as it is, is refused when the backoffice hands it in, and nothing is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c_11_a_payload_that_is_not_plain_utf_8_is_not_sent() {
    let chain = Chain::new().await;
    let good = String::from_utf8(toewijzing("0222", LINDE, 1)).unwrap();
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(good.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let declared = good.replace("encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\"");
    assert_ne!(declared, good);
    let marked = format!("\u{FEFF}{good}");
    for bad in [utf16, declared.into_bytes(), marked.into_bytes()] {
        let partner = PartnerId("backoffice".to_owned());
        let (route, bytes) = (crate::engine::Route::Backoffice, bad.into());
        let inbound = Inbound { partner, route, bytes, key: None, bevestigd: Vec::new() };
        assert!(chain.daemon.engine().receive(inbound).await.is_err());
    }
    assert!(chain.entries().is_empty() && chain.outgoing().is_empty());
    order(&chain.daemon, "backoffice", good.into_bytes()).await;
    chain.peer.wait(1).await;
    assert_eq!(chain.peer.got().len(), 1);
    chain.daemon.stop().await;
}

/// Row 16 and 17 as they are named: the same again is acknowledged again, something else under the same number is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_16_and_17_the_same_number_again() {
    let chain = Chain::new().await;
    let one = wrapped(&di01(LINDE, 1));
    let first = chain.post(&chain.world.linde, one.clone()).await;
    let second = chain.post(&chain.world.linde, one).await;
    assert_eq!((first.short(), second.short()), ("200 Bv03".to_owned(), "200 Bv03".to_owned()));
    assert_eq!(first.envelope().refnummer(), second.envelope().refnummer(), "the same acknowledgement");
    assert_eq!(chain.post(&chain.world.linde, start_in_days(1, -3)).await.short(), "500 Client StUF016");
    assert_eq!(chain.entries().len(), 1);
    chain.daemon.stop().await;
}

/// An attempt that is a span tells the partner of it beside the envelope, which is the same with and without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_traceparent_is_sent_when_there_is_one() {
    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let chain = Chain::new().await;
    let sent = toewijzing("0222", LINDE, 1);
    order(&chain.daemon, "backoffice", sent.clone()).await;
    chain.peer.wait(1).await;
    let own = chain.world.authority.client("gateway", None).unwrap();
    let tls = pki::client_config(Some(&own.identity), &[chain.world.authority.certificate()]).unwrap();
    let direct = DirectRoute::new(tls, Duration::from_secs(20)).unwrap();
    let route = StufRoute::new(&direct, chain.daemon.engine().clone());
    let partner = Partner {
        agb: LINDE.parse().ok(),
        url: Some(format!("https://{}", chain.peer.address)),
        ..Partner::new("linde", PartnerKind::Aanbieder)
    };
    let id = view::outgoing_id(&chain.outgoing()[0].id).unwrap();
    let traceparent = Some(GIVEN.to_owned());
    let parcel = Parcel { id, message: "WMO301".into(), bytes: sent.into(), traceparent };
    let attempt = route.deliver(&parcel, &partner).await;
    assert!(matches!(attempt, Attempt::HandedOver { .. }), "{attempt:?}");
    assert_eq!(chain.peer.traces(), [None, Some(GIVEN.to_owned())]);
    assert_eq!(chain.peer.got()[0], chain.peer.got()[1], "the same envelope");
    chain.daemon.stop().await;
}
