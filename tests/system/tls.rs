//! Who does not get in, and what a partner may not say.

use iwmo_gateway::pki::DemoAuthority;

use crate::harness::{AMSTEL, Caller, Envelope, HVB, Klant, LINDE, Order, Site, day, kept, wmo301, wmo305};

fn start_of_hvb() -> Vec<u8> {
    wmo305(&Envelope::new("0222", "98000001", "S1"), &Klant::new(1), &Order::new(1), &day(-20))
}

/// No certificate, one of another authority, one that has run out: the handshake fails. One of our authority
/// that is nobody's: 403. Nothing of it stands in the journal, and the daemon serves on.
#[tokio::test]
async fn only_known_certificates_get_in() {
    let site = Site::new();
    let daemon = site.start();
    let message = start_of_hvb();
    let stranger = DemoAuthority::new("another authority").unwrap().client("coalitie-hvb", None).unwrap();
    let expired = site.authority.client_expired("coalitie-hvb", None).unwrap();
    for (what, identity) in
        [("none", None), ("another authority", Some(&stranger)), ("expired", Some(&expired))]
    {
        let identity = identity.map(|certificate| &certificate.identity);
        let caller = Caller::partner(identity, &site.authority);
        let refused = caller.try_post(&daemon.exchange, &message).await;
        assert!(refused.is_err(), "{what}: {refused:?}");
    }
    let nobody = site.authority.client("nobody", None).unwrap();
    let caller = Caller::partner(Some(&nobody.identity), &site.authority);
    let problem = caller.post(&daemon.exchange, &message).await.problem(403, "onbekende-partner");
    assert_eq!(problem["title"], "This certificate names no partner here");
    // A token opens the backoffice, not the exchange, and a certificate the exchange alone.
    let token = site.backoffice().try_post(&daemon.exchange, &message).await;
    assert!(token.is_err());
    site.partner(HVB).post(&daemon.backoffice, &message).await.problem(401, "niet-aangemeld");

    assert!(kept(&site.data()).is_empty());
    site.partner(HVB).post(&daemon.exchange, &message).await.receipt();
    assert_eq!(kept(&site.data()).len(), 1);
    daemon.stop();
    site.verify();
}

/// A message whose Afzender is not the partner of the certificate is refused and leaves nothing.
#[tokio::test]
async fn a_partner_speaks_for_itself_alone() {
    let site = Site::new();
    let daemon = site.start();
    let message = start_of_hvb();
    for other in [LINDE, AMSTEL] {
        let answer = site.partner(other).post(&daemon.exchange, &message).await;
        answer.problem(403, "verkeerde-afzender");
    }
    // A 301 is a gemeente's to send.
    let order = wmo301(&Envelope::new("0222", "98000001", "T1"), &Klant::new(1), &Order::new(1));
    site.partner(HVB).post(&daemon.exchange, &order).await.problem(403, "verkeerde-afzender");
    // And a 305 is not.
    site.backoffice().post(&daemon.backoffice, &message).await.problem(403, "verkeerde-afzender");
    assert!(kept(&site.data()).is_empty());
    // Whoever watches the log hears of it: who tried, and from where.
    let log = daemon.stop();
    let told = log.lines().filter(|line| line.contains("SenderNotAllowed"));
    let partners = ["zorg-de-linde", "amstel", "coalitie-hvb"];
    for (line, partner) in told.clone().zip(partners) {
        assert!(line.contains(&format!("partner={partner}")) && line.contains("peer=127.0.0.1"), "{line}");
    }
    assert_eq!(told.count(), partners.len(), "{log}");
}

/// An unknown token or none: 401. A token of another gemeente neither sends nor sees.
#[tokio::test]
async fn a_token_opens_its_gemeenten_alone() {
    let site = Site::new();
    let daemon = site.start();
    let order = wmo301(&Envelope::new("0222", "98000001", "T1"), &Klant::new(1), &Order::new(1));
    for token in [None, Some("wrong"), Some("")] {
        let caller = Caller::backoffice(token, &site.authority);
        caller.post(&daemon.backoffice, &order).await.problem(401, "niet-aangemeld");
        caller.get(&daemon.backoffice, "/api/v1/toewijzingen").await.problem(401, "niet-aangemeld");
    }
    let other = site.backoffice_1586();
    other.post(&daemon.backoffice, &order).await.problem(403, "verkeerde-afzender");
    assert!(kept(&site.data()).is_empty());

    let (id, _) = site.backoffice().post(&daemon.backoffice, &order).await.receipt();
    let own = site.backoffice().get(&daemon.backoffice, "/api/v1/toewijzingen/0222/1").await.is(200);
    assert_eq!(own.body["nummer"], 1);
    for path in [
        "/api/v1/toewijzingen/0222/1".to_owned(),
        format!("/api/v1/berichten/{id}"),
        format!("/api/v1/berichten/{id}/xml"),
    ] {
        site.backoffice().get(&daemon.backoffice, &path).await.is(200);
        other.get(&daemon.backoffice, &path).await.problem(404, "niet-gevonden");
    }
    let list = other.get(&daemon.backoffice, "/api/v1/toewijzingen").await.is(200);
    assert_eq!(list.body["toewijzingen"], serde_json::json!([]));
    let list = site.backoffice().get(&daemon.backoffice, "/api/v1/toewijzingen").await.is(200);
    assert_eq!(list.body["toewijzingen"].as_array().unwrap().len(), 1);
    daemon.stop();
}
