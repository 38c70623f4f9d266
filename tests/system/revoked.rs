//! Certificates that their authority took back.

use iwmo_gateway::pki::{DemoAuthority, DemoCertificate};

use crate::harness::{Caller, Daemon, Envelope, HVB, Klant, LINDE, Order, Site, day, iwmo, until, wmo305};

const OIN_ONE: &str = "00000001111111111111";
const OIN_TWO: &str = "00000002222222222222";

/// Two aanbieders that are known by their OIN.
struct Two {
    site: Site,
    one: DemoCertificate,
    two: DemoCertificate,
}

impl Two {
    fn new(crl: &str) -> Self {
        let site = Site::new();
        let one = site.authority.client("one", Some(OIN_ONE)).unwrap();
        let two = site.authority.client("two", Some(OIN_TWO)).unwrap();
        let partner = |name: &str, agb: &str, oin: &str| {
            format!(
                "[[partner]]\nid = \"{name}\"\nkind = \"aanbieder\"\nagb = \"{agb}\"\noin = \"{oin}\"\n\n"
            )
        };
        let more = partner("one", "98000011", OIN_ONE) + &partner("two", "98000012", OIN_TWO);
        let text = site.configuration(&[], &more);
        let ca = "client_ca = [\"ca.pem\"]\n";
        std::fs::write(site.config(), text.replacen(ca, &format!("{ca}{crl}"), 1)).unwrap();
        Self { site, one, two }
    }

    fn list(&self, name: &str, revoked: &[&DemoCertificate], days: i64) {
        let list = self.site.authority.revocation_list(revoked, days).unwrap();
        // Renamed into place, as whoever fetches lists should do.
        let path = self.site.path(name);
        std::fs::write(path.with_extension("new"), list).unwrap();
        std::fs::rename(path.with_extension("new"), path).unwrap();
    }

    /// Whether a certificate completes a handshake on a new connection.
    async fn gets_in(&self, daemon: &Daemon, certificate: &DemoCertificate) -> bool {
        let caller = Caller::partner(Some(&certificate.identity), &self.site.authority);
        match caller.try_post(&daemon.exchange, b"<x/>").await {
            Ok(answer) => {
                answer.problem(422, "ongeldig-bericht");
                true
            }
            Err(_) => false,
        }
    }
}

/// Who is on the list does not get in, others do. A list that is replaced counts without being asked for, and a pinned key
/// is refused when its certificate is on it too.
#[tokio::test]
async fn a_revoked_certificate_is_refused_and_others_are_not() {
    let two = Two::new("client_crl = [\"crl.der\"]\n");
    two.list("crl.der", &[&two.one], 30);
    let daemon = two.site.start();
    assert!(!two.gets_in(&daemon, &two.one).await);
    assert!(two.gets_in(&daemon, &two.two).await);
    let message = wmo305(&Envelope::new("0222", "98000001", "S1"), &Klant::new(1), &Order::new(1), &day(-9));
    let hvb = two.site.partner(HVB);
    hvb.post(&daemon.exchange, &message).await.receipt();

    two.list("crl.der", &[&two.two, two.site.certificate(HVB)], 30);
    until("the new list counts", || daemon.log().contains("client_crl of exchange changed").then_some(()))
        .await;
    assert!(two.gets_in(&daemon, &two.one).await);
    assert!(!two.gets_in(&daemon, &two.two).await);
    let pinned = two.site.certificate(HVB);
    assert!(!two.gets_in(&daemon, pinned).await, "a pin does not make a revoked certificate good");
    assert!(two.gets_in(&daemon, two.site.certificate(LINDE)).await);
    daemon.stop();
}

/// A connection that is open when the list changes: the next request on it is refused, without a new handshake, and the
/// gateway says so in its log. Who is not on the list goes on over the connection that it has.
#[tokio::test]
async fn an_open_connection_is_refused_when_its_certificate_is_taken_back() {
    let two = Two::new("client_crl = [\"crl.der\"]\n");
    two.list("crl.der", &[], 30);
    let daemon = two.site.start();
    let callers = [&two.one, &two.two]
        .map(|certificate| Caller::partner(Some(&certificate.identity), &two.site.authority));
    for caller in &callers {
        caller.post(&daemon.exchange, b"<x/>").await.problem(422, "ongeldig-bericht");
    }
    two.list("crl.der", &[&two.one], 30);
    until("the new list counts", || daemon.log().contains("client_crl of exchange changed").then_some(()))
        .await;
    callers[0].post(&daemon.exchange, b"<x/>").await.problem(403, "certificaat");
    callers[1].post(&daemon.exchange, b"<x/>").await.problem(422, "ongeldig-bericht");
    assert!(!two.gets_in(&daemon, &two.one).await);
    let log = daemon.stop();
    assert_eq!(log.matches("CertificateRefused").count(), 1, "{log}");
}

/// A list that has run out is told when the configuration is checked. Under the strict policy, which is the default, it
/// lets nobody of its authority in; under the lenient one it still counts.
#[tokio::test]
async fn a_list_that_has_run_out_is_strict_or_lenient() {
    let two = Two::new("client_crl = [\"crl.der\"]\n");
    two.list("crl.der", &[&two.one], -2);
    let config = two.site.config();
    let checked = iwmo(["check-config", config.to_str().unwrap(), "--lang", "en"]).exits(1);
    assert!(checked.out.contains("nobody under this authority gets in like this"), "{}", checked.out);
    let daemon = two.site.start();
    assert!(!two.gets_in(&daemon, &two.two).await);
    assert!(two.gets_in(&daemon, two.site.certificate(HVB)).await, "a pin asks no authority");
    let ready = two.site.backoffice().get_plain(&daemon.ops, "/readyz").await.is(503);
    let reason = ready.body["reasons"][0].as_str().unwrap();
    assert!(reason.starts_with("The revocation list exchange.client_crl[1] ran out on "), "{reason}");
    daemon.stop();

    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replacen("client_crl", "crl_policy = \"lenient\"\nclient_crl", 1)).unwrap();
    let checked = iwmo(["check-config", config.to_str().unwrap(), "--lang", "en"]).exits(1);
    assert!(checked.out.contains("ran out on") && checked.out.contains("still counts"), "{}", checked.out);
    let daemon = two.site.start();
    assert!(!two.gets_in(&daemon, &two.one).await);
    assert!(two.gets_in(&daemon, &two.two).await);
    two.site.backoffice().get_plain(&daemon.ops, "/readyz").await.is(200);
    daemon.stop();
}

/// Strict means that each authority needs a list: one without is told, and lets nobody in. What is no list is a mistake.
#[tokio::test]
async fn an_authority_without_a_list_is_told() {
    let two = Two::new("client_crl = [\"crl.pem\"]\n");
    let other = DemoAuthority::new("another authority").unwrap();
    std::fs::write(two.site.path("crl.pem"), other.revocation_list(&[], 30).unwrap()).unwrap();
    let config = two.site.config();
    let config = config.to_str().unwrap();
    let checked = iwmo(["check-config", config, "--lang", "en"]).exits(1);
    assert!(checked.out.contains("has no list of CN=system test"), "{}", checked.out);
    let daemon = two.site.start();
    assert!(!two.gets_in(&daemon, &two.two).await);
    daemon.stop();
    for bad in ["", "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n", "garbage"] {
        std::fs::write(two.site.path("crl.pem"), bad).unwrap();
        let checked = iwmo(["check-config", config, "--format", "json"]).exits(1).json();
        assert!(checked.iter().any(|one| one["code"] == "unusable-file"), "{bad:?}: {checked:?}");
    }
}

/// A server whose certificate was taken back gets nothing: the message waits, and says why.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_server_gets_nothing() {
    use crate::harness::wmo301;
    let two = Two::new("");
    let server = two.site.authority.server("partner").unwrap();
    let hvb = two.site.endpoint_as(HVB, &server).await;
    two.list("crl.der", &[&server], 30);
    let text = two.site.configuration(&[(HVB, hvb.address)], "");
    let sending = "[sending]\n";
    let with = format!("{sending}server_crl = [\"crl.der\"]\n");
    std::fs::write(two.site.config(), text.replacen(sending, &with, 1)).unwrap();
    let daemon = two.site.start();
    let message = wmo301(&Envelope::new("0222", "98000001", "T1"), &Klant::new(1), &Order::new(100_101));
    two.site.backoffice().post(&daemon.backoffice, &message).await.receipt();
    let reason = until("the attempt fails", || {
        let list = two.site.iwmo(&["outbox", "list", "--format", "json"]).exits(0).json();
        list.first().and_then(|one| one["reden"].as_str()).map(str::to_owned)
    });
    let reason = reason.await;
    assert!(reason.contains("Revoked"), "{reason}");
    two.list("crl.der", &[], 30);
    hvb.expect(iwmo_codec::messages::MessageKind::Wmo301, "T1").await;
    daemon.stop();
}
