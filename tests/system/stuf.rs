//! Envelopes of the GGk at a running gateway.

use iwmo_codec::MessageKind;
use iwmo_codec::soap;
use iwmo_codec::stuf::{Adres, Envelope as Ggk, Refnummer, Systeem, Versie, Vrijbericht};
use iwmo_gateway::pki::DemoCertificate;

use crate::harness::{
    Caller, Daemon, Envelope, GGK, Klant, Order, Raw, Site, day, head_to, kept, until, wmo305,
};

/// AGB code of the aanbieder that speaks StUF.
const AGB: &str = "98000021";

/// A gateway with an aanbieder that speaks StUF.
pub(crate) struct Stuf {
    pub(crate) site: Site,
    certificate: DemoCertificate,
}

impl Stuf {
    pub(crate) fn new() -> Self {
        let site = Site::new();
        let certificate = site.authority.client("stuf", None).unwrap();
        let more = format!(
            "[[partner]]\nid = \"stuf\"\nkind = \"aanbieder\"\nagb = \"{AGB}\"\nroute = \"stuf\"\n\
             url = \"https://127.0.0.1:9\"\nfingerprint = \"{}\"\n\n",
            certificate.fingerprint
        );
        site.configure(&[], &more);
        Self { site, certificate }
    }

    pub(crate) async fn post(&self, daemon: &Daemon, envelope: &[u8]) -> (u16, String) {
        let caller = Caller::partner(Some(&self.certificate.identity), &self.site.authority);
        let answer = caller.post_soap(&daemon.exchange, envelope).await;
        (answer.status, answer.text)
    }
}

/// A 305 in an envelope, from this organisation.
pub(crate) fn envelope(from: &str, number: u32) -> Vec<u8> {
    let name = format!("S{number}");
    let message =
        wmo305(&Envelope::new("0222", AGB, &name), &Klant::new(number), &Order::new(number), &day(-9));
    let adres = Adres { zender: Systeem::new(from, "Zorgpakket"), ontvanger: Systeem::new("0222", "GGk") };
    let (refnummer, tijdstip) = (Refnummer::from_random(number.into()), "20260115093012345".parse().unwrap());
    let bericht =
        Vrijbericht::wrap(MessageKind::Wmo305, message, adres, refnummer, tijdstip, Versie::new(1, 0));
    soap::wrap(&Ggk::Di01(bericht).encode())
}

/// C-21: an envelope is acknowledged when it is on disk, and not before. Killed before its last byte came, nothing of it
/// is there; killed when it was stored and the acknowledgement not yet read, it is there once. Both are acknowledged when
/// they come again.
#[tokio::test]
async fn c_21_an_acknowledgement_stands_for_what_is_on_disk() {
    let stuf = Stuf::new();
    let data = stuf.site.data();
    let mut daemon = stuf.site.start();
    for (number, whole) in [(1, false), (2, true), (3, false), (4, true)] {
        let bytes = envelope(AGB, number);
        let mut raw = Raw::connect(&stuf.site, &daemon.exchange, &stuf.certificate).await;
        raw.write(head_to(GGK, "text/xml; charset=utf-8", bytes.len())).await;
        raw.write(&bytes[..bytes.len() - usize::from(!whole)]).await;
        if whole {
            until("it is stored", || (kept(&data).len() == number as usize).then_some(())).await;
        }
        daemon.kill();
        assert_eq!(kept(&data).len(), number as usize - usize::from(!whole));
        daemon = stuf.site.start();
        let (status, text) = stuf.post(&daemon, &bytes).await;
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("Bv03"), "{text}");
        assert_eq!(kept(&data).len(), number as usize, "once");
    }
    daemon.stop();
    stuf.site.verify();
}

/// C-53: the right certificate and another organisation as sender: StUF013, and a line in the log that says who and from
/// where, and nothing of the message.
#[tokio::test]
async fn c_53_another_sender_is_refused_and_told() {
    let stuf = Stuf::new();
    let daemon = stuf.site.start();
    let (status, text) = stuf.post(&daemon, &envelope("98000001", 1)).await;
    assert!(status == 500 && text.contains("StUF013") && text.contains("Fo03"), "{status} {text}");
    assert!(kept(&stuf.site.data()).is_empty());
    let log = daemon.stop();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("SenderNotAllowed")).collect();
    let [line] = lines.as_slice() else { panic!("{log}") };
    for part in [" WARN ", "partner=stuf", "peer=127.0.0.1", "refnummer=00000000-0000-4000-8000-000000000001"]
    {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert!(!log.contains(&Klant::new(1).bsn));
}
