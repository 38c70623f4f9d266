//! Municipal systems that show a certificate in place of a token.

use iwmo_gateway::pki::DemoAuthority;
use serde_json::json;

use crate::harness::{Caller, Envelope, Klant, Order, Site, wmo301};

const OIN: &str = "00000003333333333333";

/// A certificate opens what the configuration says, as a token does; what belongs to another gemeente does not exist for
/// it. One of another authority ends the handshake, one that names nobody opens nothing.
#[tokio::test]
async fn a_certificate_opens_its_gemeenten_alone() {
    let site = Site::new();
    let pinned = DemoAuthority::new("its own").unwrap().client("pinned", None).unwrap();
    let named = site.authority.client("named", Some(OIN)).unwrap();
    let more = format!(
        "[[system]]\nname = \"zaken-0222\"\nfingerprint = \"{}\"\ngemeenten = [\"0222\"]\n\n\
         [[system]]\nname = \"zaken-1586\"\noin = \"{OIN}\"\ngemeenten = [\"1586\"]\n",
        pinned.fingerprint
    );
    let text = site.configuration(&[], &more);
    let backoffice = "[backoffice]\n";
    let asking = format!("{backoffice}client_ca = [\"ca.pem\"]\n");
    std::fs::write(site.config(), text.replacen(backoffice, &asking, 1)).unwrap();
    let daemon = site.start();
    let order = wmo301(&Envelope::new("0222", "98000001", "T1"), &Klant::new(1), &Order::new(1));
    let own = Caller::backoffice_with(Some(&pinned.identity), None, &site.authority);
    let other = Caller::backoffice_with(Some(&named.identity), None, &site.authority);

    other.post(&daemon.backoffice, &order).await.problem(403, "verkeerde-afzender");
    let (id, _) = own.post(&daemon.backoffice, &order).await.receipt();
    for path in [
        "/api/v1/toewijzingen/0222/1".to_owned(),
        format!("/api/v1/berichten/{id}"),
        format!("/api/v1/berichten/{id}/xml"),
    ] {
        own.get(&daemon.backoffice, &path).await.is(200);
        other.get(&daemon.backoffice, &path).await.problem(404, "niet-gevonden");
    }
    let list = other.get(&daemon.backoffice, "/api/v1/toewijzingen").await.is(200);
    assert_eq!(list.body["toewijzingen"], json!([]));

    // Nobody vouches for the OIN of another authority, nor for a certificate that has run out.
    let stranger = DemoAuthority::new("another").unwrap().client("named", Some(OIN)).unwrap();
    let expired = site.authority.client_expired("named", Some(OIN)).unwrap();
    for certificate in [&stranger, &expired] {
        let caller = Caller::backoffice_with(Some(&certificate.identity), None, &site.authority);
        assert!(caller.try_post(&daemon.backoffice, &order).await.is_err());
    }
    let nobody = site.authority.client("nobody", None).unwrap();
    let caller = Caller::backoffice_with(Some(&nobody.identity), None, &site.authority);
    caller.get(&daemon.backoffice, "/api/v1/toewijzingen").await.problem(401, "niet-aangemeld");
    Caller::backoffice(None, &site.authority)
        .get(&daemon.backoffice, "/api/v1/toewijzingen")
        .await
        .problem(401, "niet-aangemeld");

    // Who looked is on record by its name.
    let audit = site.iwmo(&["audit", "--format", "json"]).exits(0).json();
    assert!(audit.iter().any(|line| line["wie"] == "token zaken-0222"), "{audit:?}");
    daemon.stop();
    site.verify();
}

/// A token and a certificate together open what both open, and neither makes up for the other.
#[tokio::test]
async fn a_token_and_a_certificate_open_what_both_open() {
    let site = Site::new();
    let certificate = site.authority.client("zaken", None).unwrap();
    let more = format!(
        "[[system]]\nname = \"zaken-1586\"\nfingerprint = \"{}\"\ngemeenten = [\"1586\", \"0384\"]\n",
        certificate.fingerprint
    );
    site.configure(&[], &more);
    let daemon = site.start();
    let order = wmo301(&Envelope::new("0222", "98000001", "T1"), &Klant::new(1), &Order::new(1));
    site.backoffice().post(&daemon.backoffice, &order).await.receipt();
    let path = "/api/v1/toewijzingen/0222/1";
    site.backoffice().get(&daemon.backoffice, path).await.is(200);

    let both =
        |token: &str| Caller::backoffice_with(Some(&certificate.identity), Some(token), &site.authority);
    // The token opens 0222, the certificate does not.
    both(site.token()).get(&daemon.backoffice, path).await.problem(404, "niet-gevonden");
    both(site.token()).get(&daemon.backoffice, "/api/v1/toewijzingen").await.is(200);
    for bad in ["wrong", ""] {
        both(bad).get(&daemon.backoffice, "/api/v1/toewijzingen").await.problem(401, "niet-aangemeld");
    }
    daemon.stop();
}
