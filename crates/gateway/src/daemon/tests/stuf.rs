//! Envelopes of the GGk in both directions: the conformance checklist (ggk-transport 7).

use iwmo_codec::soap;
use iwmo_codec::stuf::{Adres, Envelope as Ggk, Fout, Plek, Refnummer, Systeem, Versie, Vrijbericht};
use iwmo_codec::{Message, MessageKind, Private};

use super::peer::{Peer, bv03};
use super::*;
use crate::demo::messages::wmo305;
use crate::journal::Position;
use crate::record::Record;

/// A gateway with two aanbieders that speak StUF: one behind the hub, one by itself.
pub(crate) struct Chain {
    pub(crate) world: World,
    pub(crate) hub: DemoCertificate,
    pub(crate) peer: Peer,
    pub(crate) daemon: Daemon,
}

impl Chain {
    pub(crate) async fn new() -> Self {
        let world = World::new();
        let peer = Peer::open(&world).await;
        let hub = world.authority.client("hub", Some("00000003333333330000")).unwrap();
        let daemon = world.start(&Self::partners(&world, &hub, &peer)).await;
        Self { world, hub, peer, daemon }
    }

    /// The same gateway, started anew with more in its configuration.
    pub(crate) async fn restarted(self, more: &str) -> Self {
        let Self { world, hub, peer, daemon } = self;
        daemon.stop().await;
        let partners = Self::partners(&world, &hub, &peer) + more;
        let daemon = world.start(&partners).await;
        Self { world, hub, peer, daemon }
    }

    fn partners(world: &World, hub: &DemoCertificate, peer: &Peer) -> String {
        let (hub, linde) = (hub.fingerprint, world.linde.fingerprint);
        let address = peer.address;
        format!(
            "[[partner]]\nid = \"hub\"\nkind = \"ggk\"\nurl = \"https://{address}/adapter\"\nfingerprint = \"{hub}\"\n\
             [[partner]]\nid = \"hvb\"\nkind = \"aanbieder\"\nagb = \"{HVB}\"\nvia = \"hub\"\ngemeenten = [\"0222\"]\n\
             [[partner]]\nid = \"linde\"\nkind = \"aanbieder\"\nagb = \"{LINDE}\"\nroute = \"stuf\"\nurl = \"https://{address}\"\nfingerprint = \"{linde}\"\n"
        )
    }

    pub(crate) async fn post(
        &self,
        certificate: &DemoCertificate,
        body: impl Into<reqwest::Body>,
    ) -> Answered {
        self.post_as(certificate, body, "", "text/xml; charset=utf-8").await
    }

    pub(crate) async fn post_as(
        &self,
        certificate: &DemoCertificate,
        body: impl Into<reqwest::Body>,
        action: &str,
        content_type: &str,
    ) -> Answered {
        let url = format!("https://{}/uitwisseling/v1/ggk", self.daemon.exchange());
        let request = self.world.client(Some(certificate)).post(url).header("content-type", content_type);
        let request = if action.is_empty() { request } else { request.header("soapaction", action) };
        let response = request.body(body).send().await.unwrap();
        let status = response.status().as_u16();
        Answered { status, body: response.bytes().await.unwrap().to_vec() }
    }

    /// The entries that tell of messages and envelopes, as their kind.
    pub(crate) fn entries(&self) -> Vec<Record> {
        let entries = self.daemon.engine().journal().read_all(Position::START).map(|entry| entry.unwrap());
        let records = entries.map(|entry| Record::decode(entry.kind, entry.version, &entry.payload).unwrap());
        records.filter(|record| matches!(record, Record::Bericht(_) | Record::Terzijde(_))).collect()
    }

    pub(crate) fn outgoing(&self) -> Vec<crate::view::OutgoingView> {
        crate::view::outgoing(self.daemon.engine().ledger(), None, true, 100).unwrap()
    }

    pub(crate) async fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        for _ in 0..2000 {
            if done(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never: {what}: {:?}", self.outgoing());
    }
}

pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    /// In short: `200 Bv03`, `500 Client`, `500 Client StUF013`, `413`.
    pub(crate) fn short(&self) -> String {
        let Ok(body) = soap::open(&self.body, 1 << 20) else { return self.status.to_string() };
        if body.name != "Fault" {
            assert!(iwmo_codec::stuf::validate(body.document.as_bytes()).is_valid(), "C-01");
            return format!("{} {}", self.status, self.envelope().berichtcode());
        }
        let code = body.document.split("faultcode>soapenv:").nth(1).unwrap().split('<').next().unwrap();
        assert!(!body.document.contains("faultactor"), "C-23");
        let Some(detail) = soap::child(&body.document, &["detail", "Fo03Bericht"]) else {
            return format!("{} {code}", self.status);
        };
        assert!(iwmo_codec::stuf::validate(detail.as_bytes()).is_valid(), "C-23: {detail}");
        let Ok(Ggk::Fo03(error)) = Ggk::read(detail.as_bytes()) else { panic!("{detail}") };
        let expected = if error.fout.plek == Plek::Client { "Client" } else { "Server" };
        assert_eq!(code, expected, "C-23");
        assert!(
            body.document
                .contains(&format!("<faultstring>{}</faultstring>", error.fout.omschrijving.expose()))
        );
        let details = error.fout.details.map(|details| format!(" {}", details.expose())).unwrap_or_default();
        format!("{} {code} {}{details}", self.status, error.fout.code)
    }

    pub(crate) fn envelope(&self) -> Ggk {
        Ggk::read(soap::open(&self.body, 1 << 20).unwrap().document.as_bytes()).unwrap()
    }
}

pub(crate) fn refnummer(number: u128) -> Refnummer {
    Refnummer::from_random(number)
}

/// An envelope of an aanbieder to a gemeente.
pub(crate) fn vrij(
    kind: MessageKind,
    agb: &str,
    gemeente: &str,
    number: u128,
    payload: Vec<u8>,
) -> Vrijbericht {
    let adres = Adres { zender: Systeem::new(agb, "Zorgpakket"), ontvanger: Systeem::new(gemeente, "GGk") };
    let tijdstip = "20260115093012345".parse().unwrap();
    Vrijbericht::wrap(kind, payload, adres, refnummer(number), tijdstip, Versie::new(1, 0))
}

pub(crate) fn start(agb: &str, gemeente: &str, nummer: u32) -> Vec<u8> {
    start_on(agb, gemeente, nummer, 0)
}

/// A 305 with a start so many days from today.
pub(crate) fn start_on(agb: &str, gemeente: &str, nummer: u32, days: i64) -> Vec<u8> {
    use jiff::ToSpan;
    let today = crate::clock::dutch_date(jiff::Timestamp::now());
    let begin = today.saturating_add(days.days());
    let envelope = Envelope { gemeente, agb, identificatie: &format!("S{nummer}"), today };
    let order = Order { nummer, categorie: "02", code: "02A05", ingangsdatum: today, einddatum: today };
    let person = Person { bsn: crate::engine::tests::bsn(nummer).leak(), ..PERSON };
    wmo305(envelope, &person, &order, &[(begin, "1")]).unwrap().encode()
}

pub(crate) fn di01(agb: &str, number: u128) -> Ggk {
    Ggk::Di01(vrij(MessageKind::Wmo305, agb, "0222", number, start(agb, "0222", 7)))
}

pub(crate) fn wrapped(envelope: &Ggk) -> Vec<u8> {
    soap::wrap(&envelope.encode())
}

pub(crate) fn approved(message: &[u8], identificatie: &str) -> Vec<u8> {
    let message = iwmo_codec::Schemas::bundled().decode(message).unwrap();
    let verdict = iwmo_codec::retour::Verdict {
        identificatie_retour: identificatie.to_owned(),
        dagtekening_retour: crate::translate::datum(crate::clock::dutch_date(jiff::Timestamp::now()))
            .unwrap(),
        xsd_versie_retour: None,
        uitspraak: iwmo_codec::retour::Uitspraak::Goedgekeurd,
    };
    iwmo_codec::retour::retour(&message, &verdict).unwrap().encode()
}

pub(crate) fn payload(envelope: &Ggk) -> Message {
    let (bericht, retour) = match envelope {
        Ggk::Di01(bericht) => (bericht, false),
        Ggk::Du01(bericht) => (bericht, true),
        other => panic!("{other:?}"),
    };
    iwmo_codec::Schemas::bundled().decode(bericht.payload(retour).unwrap().1).unwrap()
}

/// A 301 through the hub is handed over, and delivered when its 302 comes (C-05 to C-10, C-14, C-17, C-22).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_heenbericht_is_handed_over_until_its_retour_comes() {
    let chain = Chain::new().await;
    let sent = toewijzing("0222", HVB, 1);
    order(&chain.daemon, "backoffice", sent.clone()).await;
    let envelope = chain.peer.wait(1).await;
    assert_eq!(chain.peer.got()[0].0, "\"http://www.stufstandaarden.nl/koppelvlak/ggk0210/ggk_Di01\"");
    let Ggk::Di01(bericht) = &envelope else { panic!("{envelope:?}") };
    assert_eq!(bericht.payload(false).unwrap(), (MessageKind::Wmo301, &sent[..]), "C-10");
    assert_eq!(bericht.adres.zender, Systeem::new("0222", "iwmo-gateway"));
    assert_eq!(bericht.adres.ontvanger, Systeem::new(HVB, "GGk"), "C-05");
    assert!(
        bericht.refnummer.is_uuid4() && bericht.tijdstip.exists() && bericht.tijdstip.as_str().len() == 17
    );
    assert_eq!(
        (bericht.functie.as_str(), bericht.functie_versie),
        ("WMO301", Versie::new(3, 2)),
        "C-07, C-08"
    );
    chain.until("handed over", |chain| chain.outgoing()[0].stand == "doorgegeven").await;

    let retour = vrij(MessageKind::Wmo302, HVB, "0222", 9, approved(&sent, "R1"));
    let retour = Ggk::Du01(retour.answering(bericht.refnummer.clone()));
    let answer = chain.post(&chain.hub, wrapped(&retour)).await;
    assert_eq!(answer.short(), "200 Bv03");
    let bevestiging = answer.envelope();
    assert_eq!(bevestiging.cross_refnummer(), Some(retour.refnummer()), "C-22");
    assert_eq!(bevestiging.adres(), &retour.adres().reversed(), "C-22");
    let outgoing = chain.outgoing();
    let expected = ("bezorgd", Some(retour.refnummer().to_string()));
    assert_eq!((outgoing[0].stand, outgoing[0].ontvangst.clone()), expected);
    // C-24: the same again changes nothing.
    let entries = chain.entries().len();
    assert_eq!(chain.post(&chain.hub, wrapped(&retour)).await.short(), "200 Bv03");
    assert_eq!(chain.entries().len(), entries);
    chain.daemon.stop().await;
}

/// C-15: the retour that we make answers the envelope of the heenbericht; C-02 to C-04 over several.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_retour_names_the_envelope_that_it_answers() {
    let chain = Chain::new().await;
    let mut times = Vec::new();
    for number in 1..=4 {
        let message = start(LINDE, "0222", number);
        // A delivery on a toewijzing that is not ours is refused, at the latest when its time is over; one that breaks a
        // rule at once. So the toewijzing comes first.
        order(&chain.daemon, "backoffice", toewijzing("0222", LINDE, number)).await;
        let heen = chain.peer.wait(2 * number as usize - 1).await;
        let envelope = Ggk::Di01(vrij(MessageKind::Wmo305, LINDE, "0222", u128::from(number), message));
        assert_eq!(chain.post(&chain.world.linde, wrapped(&envelope)).await.short(), "200 Bv03");
        let retour = chain.peer.wait(2 * number as usize).await;
        assert_eq!(retour.cross_refnummer(), Some(envelope.refnummer()), "C-15");
        assert_eq!(payload(&retour).kind(), MessageKind::Wmo306);
        assert_eq!(chain.peer.got()[1].0, "\"http://www.stufstandaarden.nl/koppelvlak/ggk0210/ggk_Du01\"");
        let (Ggk::Di01(one) | Ggk::Du01(one)) = &heen else { panic!() };
        let (Ggk::Di01(other) | Ggk::Du01(other)) = &retour else { panic!() };
        times.extend([one.tijdstip.as_str().to_owned(), other.tijdstip.as_str().to_owned()]);
    }
    assert!(times.is_sorted_by(|one, other| one < other), "C-04: {times:?}");
    // What nothing ever follows on is delivered when it is taken in.
    chain
        .until("retours delivered", |chain| {
            chain.outgoing().iter().filter(|one| one.bericht == "WMO306").all(|one| one.stand == "bezorgd")
        })
        .await;
    chain.daemon.stop().await;
}

pub(crate) fn fo01(about: &Refnummer, code: &str) -> Ggk {
    let heen = vrij(MessageKind::Wmo305, "IB", "0222", 77, b"<x/>".to_vec());
    let mut error =
        Ggk::Di01(heen).reject(Fout::invalid_payload("x", None), refnummer(78), "20260115".parse().unwrap());
    if let Some(Ggk::Fo01(error)) = &mut error {
        error.kop.cross_refnummer = about.clone();
        error.kop.adres =
            Adres { zender: Systeem::new("IB", "GGKWebservice"), ontvanger: Systeem::new("0222", "GGk") };
        error.fout.code = code.to_owned();
        error.fout.omschrijving = Private::new("BSN 999900006 onbekend".to_owned());
    }
    error.unwrap()
}

/// A Fo01 that comes late parks the message with the code as reason; the description, in which anything may stand, is
/// kept out. Sent again it leaves in another envelope (C-30, C-31, 3.7).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_fo01_parks_with_its_reason() {
    let chain = Chain::new().await;
    order(&chain.daemon, "backoffice", toewijzing("0222", HVB, 1)).await;
    let envelope = chain.peer.wait(1).await;
    chain.until("handed over", |chain| chain.outgoing()[0].stand == "doorgegeven").await;
    let first = envelope.refnummer().clone();
    // Numbers compare without regard to case.
    let shouted: Refnummer = first.as_str().to_uppercase().parse().unwrap();
    let error = fo01(&shouted, "IB999");
    assert_eq!(chain.post(&chain.hub, wrapped(&error)).await.short(), "200 Bv03");
    let parked = chain.outgoing();
    let expected = ("geparkeerd", Some("refused later: Fo01 IB999"));
    assert_eq!((parked[0].stand, parked[0].reden.as_deref()), expected);
    assert_eq!(chain.post(&chain.hub, wrapped(&error)).await.short(), "200 Bv03", "again");
    assert_eq!(chain.outgoing(), parked, "and nothing has changed");
    let id = crate::view::outgoing_id(&parked[0].id).unwrap();
    let next = chain.daemon.engine().envelope(&id).unwrap().unwrap();
    assert_ne!(next.referentienummer, first.to_string(), "the number is used up");
    // C-28: nothing goes back.
    assert_eq!(chain.peer.got().len(), 1);
    // C-31: about nothing that we sent, or about what another sent.
    assert_eq!(
        chain.post(&chain.hub, wrapped(&fo01(&refnummer(1), "IB001"))).await.short(),
        "500 Client StUF043"
    );
    let other = chain.post(&chain.world.linde, wrapped(&fo01(&first, "IB001"))).await;
    assert!(other.short().starts_with("500 Client StUF0"), "{}", other.short());
    chain.daemon.stop().await;
}

/// What was answered stays answered: a Fo01 about it changes nothing, is on record with what it is about, and is work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fo01_about_what_was_answered_is_set_aside() {
    let chain = Chain::new().await;
    let sent = toewijzing("0222", HVB, 1);
    order(&chain.daemon, "backoffice", sent.clone()).await;
    let envelope = chain.peer.wait(1).await;
    chain.until("handed over", |chain| chain.outgoing()[0].stand == "doorgegeven").await;
    let retour = vrij(MessageKind::Wmo302, HVB, "0222", 9, approved(&sent, "R1"));
    let retour = Ggk::Du01(retour.answering(envelope.refnummer().clone()));
    assert_eq!(chain.post(&chain.hub, wrapped(&retour)).await.short(), "200 Bv03");
    let (outgoing, entries) = (chain.outgoing(), chain.entries().len());
    assert_eq!(outgoing[0].stand, "bezorgd");

    let error = fo01(envelope.refnummer(), "IB999");
    for _ in 0..2 {
        assert_eq!(chain.post(&chain.hub, wrapped(&error)).await.short(), "200 Bv03");
        assert_eq!(chain.outgoing(), outgoing);
        assert_eq!(chain.entries().len(), entries + 1, "recorded once");
    }
    let Some(Record::Terzijde(aside)) = chain.entries().pop() else { panic!("set aside") };
    let about = &outgoing[0].id;
    assert!(
        aside.reden.starts_with(&format!("Fo01 IB999 about {about}, which was answered before by 0222:"))
    );
    assert!(!aside.reden.contains("999900006"));
    let filter = crate::view::WerkFilter { limit: 9, ..Default::default() };
    let engine = chain.daemon.engine();
    let today = crate::clock::dutch_date(jiff::Timestamp::now());
    let work = crate::view::werk(engine.ledger(), &engine.settings(), &filter, today).unwrap().rows;
    let found: Vec<_> = work.iter().map(|row| (row.soort, row.code.as_str())).collect();
    assert_eq!(found, [("waarschuwing", "ENVELOPE_SET_ASIDE")]);
    assert_eq!(chain.peer.got().len(), 1, "nothing goes back");
    chain.daemon.stop().await;
}

/// C-42: an error at once parks, but one that says that the other cannot store now only waits, and then leaves byte for
/// byte the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fo03_parks_unless_it_passes_by_itself() {
    let chain = Chain::new().await;
    let fo03 = |code: &'static str, plek: Plek| {
        move |envelope: &Ggk| {
            let fout = Fout {
                code: code.to_owned(),
                plek,
                omschrijving: Private::new("x".to_owned()),
                details: None,
                details_xml: false,
            };
            let answer = envelope.refuse(fout, refnummer(3), "20260101".parse().unwrap());
            let faultcode = if plek == Plek::Client { "Client" } else { "Server" };
            (500, soap::fault(faultcode, "x", Some(&answer.encode())))
        }
    };
    chain.peer.answers(fo03("StUF046", Plek::Server));
    order(&chain.daemon, "backoffice", toewijzing("0222", HVB, 1)).await;
    chain.peer.wait(1).await;
    chain.peer.answers(bv03);
    chain.peer.wait(2).await;
    let got = chain.peer.got();
    assert_eq!(got[0], got[1], "C-40: the same bytes");
    chain.until("handed over", |chain| chain.outgoing()[0].stand == "doorgegeven").await;
    chain.peer.answers(fo03("StUF010", Plek::Client));
    order(&chain.daemon, "backoffice", toewijzing("0222", HVB, 2)).await;
    let reason = |chain: &Chain| chain.outgoing().iter().find_map(|one| one.reden.clone());
    chain.until("parked", |chain| chain.outgoing().iter().any(|one| one.stand == "geparkeerd")).await;
    assert_eq!(reason(&chain).as_deref(), Some("the partner answered Fo03 StUF010"));
    // An acknowledgement of something else acknowledges nothing.
    chain.peer.answers(|envelope| {
        let answer = envelope.acknowledge(refnummer(4), "20260101".parse().unwrap());
        let Ggk::Bv03(mut answer) = answer else { panic!() };
        answer.cross_refnummer = refnummer(5);
        (200, soap::wrap(&Ggk::Bv03(answer).encode()))
    });
    order(&chain.daemon, "backoffice", toewijzing("0222", HVB, 3)).await;
    chain
        .until("waits", |chain| {
            chain
                .outgoing()
                .iter()
                .any(|one| one.reden.as_deref() == Some("the answer does not acknowledge this envelope"))
        })
        .await;
    chain.daemon.stop().await;
}

/// C-27, C-16: a payload that breaks its schema gets an acknowledgement and then one Fo01, without values.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_payload_is_taken_in_and_refused_later() {
    let chain = Chain::new().await;
    let broken = String::from_utf8(start(LINDE, "0222", 7))
        .unwrap()
        .replace(&crate::engine::tests::bsn(7), "99990000X");
    let di01 = Ggk::Di01(vrij(MessageKind::Wmo305, LINDE, "0222", 1, broken.into_bytes()));
    assert_eq!(chain.post(&chain.world.linde, wrapped(&di01)).await.short(), "200 Bv03");
    let Ggk::Fo01(error) = chain.peer.wait(1).await else { panic!("a Fo01") };
    assert_eq!(chain.peer.got()[0].0, "\"http://www.egem.nl/StUF/StUF0301/Fo01\"");
    assert_eq!((error.fout.code.as_str(), error.fout.plek), ("StUF055", Plek::Client));
    assert_eq!(error.kop.cross_refnummer, *di01.refnummer());
    assert_eq!(error.fout.details.as_ref().map(|details| details.expose().as_str()), Some("WMO305-00010000"));
    let words = error.fout.omschrijving.expose();
    assert!(words.contains("Bsn") && !words.contains("99990000X") && words.chars().count() <= 200, "{words}");
    assert_eq!(error.kop.adres.ontvanger, Systeem::new(LINDE, "GGk"));
    // The same again: acknowledged, and no second error.
    assert_eq!(chain.post(&chain.world.linde, wrapped(&di01)).await.short(), "200 Bv03");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((chain.peer.got().len(), chain.entries().len()), (1, 1));
    chain.until("delivered", |chain| chain.outgoing()[0].stand == "bezorgd").await;
    chain.daemon.stop().await;
}

/// C-24: two at the same moment are one; the same number with other content is refused; spelling does not matter.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn duplicates_are_known_by_number_and_content() {
    let chain = Chain::new().await;
    let one = di01(LINDE, 1);
    let (first, second) = tokio::join!(
        chain.post(&chain.world.linde, wrapped(&one)),
        chain.post(&chain.world.linde, wrapped(&one))
    );
    assert_eq!((first.short(), second.short()), ("200 Bv03".to_owned(), "200 Bv03".to_owned()));
    assert_eq!(chain.entries().len(), 1);
    let respelled =
        String::from_utf8(wrapped(&one)).unwrap().replace("GGK:", "g:").replace("xmlns:GGK", "xmlns:g");
    assert_eq!(chain.post(&chain.world.linde, respelled).await.short(), "200 Bv03");
    let other = Ggk::Di01(vrij(MessageKind::Wmo305, LINDE, "0222", 1, start(LINDE, "0222", 8)));
    assert_eq!(chain.post(&chain.world.linde, wrapped(&other)).await.short(), "500 Client StUF016");
    assert_eq!(chain.entries().len(), 1);
    chain.daemon.stop().await;
}

/// C-20: the official examples are read, and each gets the answer that its parties and content deserve.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c_20_the_official_examples_are_understood() {
    let shared = std::env::var_os("IWMO_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let folder = shared.join("reference/ggk-0210");
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "no official examples at {}", folder.display());
        return;
    }
    let chain = Chain::new().await;
    // Their parties are not ours, so the first objection is about the receiver: all before it was understood.
    for name in ["di01", "du01", "fo01"] {
        let text = std::fs::read(folder.join(format!("soap-voorbeelden/soap-envelope-{name}.xml"))).unwrap();
        assert_eq!(chain.post(&chain.hub, text).await.short(), "500 Client StUF010", "{name}");
    }
    for entry in std::fs::read_dir(folder.join("voorbeeldberichten")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        let envelope = Ggk::read(&text).unwrap_or_else(|report| panic!("{}: {report:?}", path.display()));
        let answer = chain.post(&chain.hub, soap::wrap(&text)).await;
        assert_eq!(answer.short(), "500 Client StUF010", "{}: {}", path.display(), envelope.berichtcode());
    }
    chain.daemon.stop().await;
}

/// An envelope whose parties are not those of the message is taken in, and kept for a person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_38_other_parties_in_the_header() {
    let chain = Chain::new().await;
    let other = Ggk::Di01(vrij(MessageKind::Wmo305, LINDE, "0222", 1, start(HVB, "0222", 7)));
    assert_eq!(chain.post(&chain.world.linde, wrapped(&other)).await.short(), "200 Bv03");
    let entries = chain.entries();
    let [Record::Terzijde(aside)] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(aside.reden, "WMO305: de partijen in de kop zijn niet die van de envelop");
    assert_eq!(Ggk::read(&aside.bytes).unwrap(), other, "nothing of it is lost");
    assert!(aside.uitgaand.is_empty());
    chain.daemon.stop().await;
}
