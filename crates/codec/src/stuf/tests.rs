//! Envelopes: the official examples, the facts of the specification, and what comes back of what is written.

use std::fs;

use super::*;
use crate::messages::MessageKind;
use crate::testing::shared;

fn refnummer(number: u128) -> Refnummer {
    Refnummer::from_random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
}

fn tijdstip() -> Tijdstip {
    "20260115093012345".parse().unwrap()
}

fn adres() -> Adres {
    Adres { zender: Systeem::new("0222", "Zorgsuite"), ontvanger: Systeem::new("99990001", "GGk") }
}

fn heenbericht() -> Vrijbericht {
    let payload = b"<a>\xC3\xA9</a>".to_vec();
    Vrijbericht::wrap(MessageKind::Wmo301, payload, adres(), refnummer(1), tijdstip(), Versie::new(4, 12))
}

fn all() -> Vec<Envelope> {
    let heen = Envelope::Di01(heenbericht());
    let mut retour = heenbericht().answering(refnummer(2));
    retour.functie = "WMO302".into();
    let tekst = Vrijbericht {
        bestand: Bestand::Tekst { bestandsnaam: "Q1.csv".into(), inhoud: b"a;b\n".to_vec().into() },
        ..heenbericht()
    };
    let fout =
        Fout::invalid_payload("element Begindatum <ontbreekt> op regel 41", Some("WMO305-00010000".into()));
    let Envelope::Bv03(bevestiging) = heen.acknowledge(refnummer(3), tijdstip()) else { panic!("no Bv03") };
    vec![
        heen.acknowledge(refnummer(4), tijdstip()),
        Envelope::Bv04(bevestiging),
        heen.refuse(fout.clone(), refnummer(5), tijdstip()),
        heen.reject(fout, refnummer(6), tijdstip()).unwrap(),
        heen,
        Envelope::Du01(retour),
        Envelope::Di01(tekst),
    ]
}

#[test]
fn what_is_written_comes_back() {
    for envelope in all() {
        let xml = envelope.encode();
        let text = String::from_utf8(xml.clone()).unwrap();
        let report = validate(&xml);
        assert!(report.is_valid(), "{text}\n{report:?}");
        let read = Envelope::read(&xml).unwrap();
        assert_eq!(read, envelope, "{text}");
        assert_eq!(read.encode(), xml);
        assert!(text.contains(&format!("<StUF:berichtcode>{}</StUF:berichtcode>", envelope.berichtcode())));
    }
}

#[test]
fn answers_go_back_to_who_asked() {
    let heen = Envelope::Di01(heenbericht());
    for envelope in &all()[..4] {
        assert_eq!(envelope.adres(), &adres().reversed());
        assert_eq!(envelope.cross_refnummer(), Some(heen.refnummer()));
        assert_ne!(envelope.refnummer(), heen.refnummer());
        // An error is never answered with an error.
        assert_eq!(envelope.reject(Fout::invalid_payload("x", None), refnummer(9), tijdstip()), None);
    }
}

#[test]
fn the_official_examples_are_read() {
    let Some(shared) = shared("the_official_examples_are_read") else { return };
    let read = |name: &str| {
        let path = shared.join("reference/ggk-0210/voorbeeldberichten").join(name);
        Envelope::read(&fs::read(path).unwrap()).unwrap_or_else(|report| panic!("{name}: {report:?}"))
    };
    let Envelope::Di01(heen) = read("envelopHeenbericht-ggk_Di01_v21-xml.xml") else { panic!("no Di01") };
    let (kind, payload) = heen.payload(false).unwrap();
    assert_eq!((kind, payload), (MessageKind::Wmo301, &b"Hier staat een iWmo/iJw-heenbericht."[..]));
    assert_eq!(heen.adres.zender.organisatie.as_deref(), Some("0548"));
    assert_eq!((heen.applicatie_versie, heen.functie_versie), (Versie::new(4, 3), Versie::new(2, 2)));
    assert!(heen.tijdstip.exists() && heen.refnummer.is_uuid4());

    let Envelope::Du01(retour) = read("envelopRetourbericht-ggk_Du01-v21.xml") else { panic!("no Du01") };
    assert_eq!(retour.cross_refnummer.as_ref(), Some(&heen.refnummer));
    assert_eq!(retour.payload(true).unwrap().0, MessageKind::Wmo302);

    let Envelope::Di01(tekst) = read("envelopHeenbericht-ggk_Di01_v21-tekst.xml") else { panic!("no Di01") };
    let Bestand::Tekst { bestandsnaam, inhoud } = &tekst.bestand else { panic!("no tekstBestand") };
    assert_eq!(bestandsnaam, "AanleveringQ1.csv");
    assert_eq!(inhoud.expose(), b"Hier staat een dummy-tekstbericht.");

    let error = read("Fo01.xml");
    // The number in it is a UUID of another version, which only an error may have.
    assert!(!error.cross_refnummer().unwrap().is_uuid4());
    let Envelope::Fo01(fout) = &error else { panic!("no Fo01") };
    assert_eq!(
        (fout.fout.code.as_str(), fout.fout.plek, fout.fout.details_xml),
        ("IB210", Plek::Client, true)
    );
    assert!(!format!("{error:?}").contains("99999"), "descriptions are masked");
}

/// What the specification says of documents near the edge, and what the official schemas say where they are here.
#[test]
fn verdicts_are_those_of_the_specification() {
    let heen = String::from_utf8(Envelope::Di01(heenbericht()).encode()).unwrap();
    let [bv03, _, _, fo01, _, du01, tekst] =
        <[Vec<u8>; 7]>::try_from(all().iter().map(|envelope| envelope.encode()).collect::<Vec<_>>())
            .unwrap()
            .map(|xml| String::from_utf8(xml).unwrap());
    let official = shared("verdicts_are_those_of_the_specification").map(|shared| {
        let folder = shared.join("reference/ggk-0210/resolved");
        let texts =
            ["ggk0210_msg_ggkberichten_resolved.xsd", "ggk0210_stuf0301_msg_ggkberichten_resolved.xsd"]
                .map(|name| (name, fs::read_to_string(folder.join(name)).unwrap()));
        Schemas::load(&texts.each_ref().map(|(name, text)| SchemaSource { name, text })).unwrap()
    });
    let uuid = heenbericht().refnummer;
    let upper = uuid.as_str().to_uppercase();
    let version = uuid.as_str().replacen("-4", "-1", 1);
    let long = "x".repeat(201);
    for (document, from, to, valid) in [
        (&heen, "<StUF:organisatie>0222", "<StUF:organisatie>", true),
        (&heen, "<StUF:organisatie>0222</StUF:organisatie>", "", false),
        (&heen, "0222", &long, false),
        (&heen, "Zorgsuite", "ab", false),
        (&heen, "WMO301", "", true),
        (&heen, "WMO301", "WMO301-0302", true),
        (&heen, "Di01<", "Du01<", false),
        (&heen, "Di01<", "<", false),
        (&heen, uuid.as_str(), &upper, false),
        (&heen, uuid.as_str(), &version, false),
        (&heen, "20260115093012345", "20261315", true),
        (&heen, "20260115093012345", "2026011", false),
        (&heen, "20260115093012345", "202601150", true),
        (&heen, "0012", "12", false),
        (&heen, "PGE+w6k8L2E+", "", true),
        (&heen, "PGE+w6k8L2E+", "PGE+\r\n w6k8 L2E+", true),
        (&heen, "PGE+w6k8L2E+", "<![CDATA[PGE+w6k8L2E+]]>", true),
        (&heen, "PGE+w6k8L2E+", "PGE-w6k8L2E_", false),
        (&heen, "PGE+w6k8L2E+", "PGE+w6k8L2E", false),
        (&heen, "PGE+w6k8L2E+", "PGE+w6k8L2F=", false),
        (&heen, "<GGK:xmlBestand>", "<GGK:xmlBestand x=\"1\">", false),
        (
            &heen,
            "PGE+w6k8L2E+",
            "<xop:Include xmlns:xop='http://www.w3.org/2004/08/xop/include' href='cid:1'/>",
            false,
        ),
        (&du01, "<StUF:functie>", "<StUF:functie >", true),
        (&du01, "crossRefnummer", "kruisRefnummer", false),
        (&tekst, " bestandsnaam=\"Q1.csv\"", "", false),
        (&tekst, "Q1.csv", "Q1 csv", false),
        (&tekst, "Q1.csv", "....", true),
        (&tekst, "Q1.csv", "a.c", false),
        (&bv03, "Bv03</", "</", true),
        (&bv03, "Bv03</", "Bv04</", false),
        (&bv03, "</StUF:stuurgegevens>", "</StUF:stuurgegevens><StUF:melding>x</StUF:melding>", false),
        (&fo01, "client", "Client", false),
        (&fo01, "StUF055", "StUF0555", false),
        (&fo01, "</StUF:body>", "<StUF:detailsXML/></StUF:body>", true),
        (&fo01, "</StUF:body>", "<StUF:detailsXML> <x y='1'>z</x> </StUF:detailsXML></StUF:body>", true),
        (&fo01, "</StUF:body>", "<StUF:detailsXML>z</StUF:detailsXML></StUF:body>", false),
        (&fo01, "</StUF:stuurgegevens>", "<StUF:functie>WMO301</StUF:functie></StUF:stuurgegevens>", false),
        (&heen, "koppelvlak/ggk0210", "koppelvlak/ggk0310", false),
        (&heen, "<?xml", "<!DOCTYPE x><?xml", false),
    ] {
        let xml = document.replace(from, to);
        assert_ne!(&xml, document, "{from}");
        let report = validate(xml.as_bytes());
        assert_eq!(report.is_valid(), valid, "{from} -> {to}: {:?}", report.diagnostics);
        assert_eq!(Envelope::read(xml.as_bytes()).is_ok(), valid, "{from} -> {to}");
        if let Some(official) = &official {
            assert_eq!(
                official.validate_schema(xml.as_bytes()).is_valid(),
                valid,
                "official: {from} -> {to}"
            );
        }
    }
}

#[test]
fn what_an_envelope_may_not_carry() {
    let mut bericht = heenbericht();
    assert_eq!(bericht.payload(true), Err(PayloadProblem::FunctieMisplaced));
    bericht.bestand = Bestand::Xml(Vec::new().into());
    assert_eq!(bericht.payload(false), Err(PayloadProblem::Empty));
    for functie in ["", "wmo301", "WMO301-0302", "WMO399"] {
        bericht.functie = functie.into();
        assert_eq!(bericht.payload(false), Err(PayloadProblem::FunctieUnknown));
    }
    bericht.functie = "WMO325".into();
    bericht.bestand = Bestand::Tekst { bestandsnaam: "a.csv".into(), inhoud: vec![1].into() };
    for retour in [false, true] {
        assert_eq!(bericht.payload(retour), Err(PayloadProblem::NotXml));
    }
    assert_eq!(PayloadProblem::FunctieMisplaced.stuf_code(), "StUF040");
}

#[test]
fn numbers_and_times() {
    for bits in [0, u128::MAX, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef] {
        assert!(Refnummer::from_random(bits).is_uuid4(), "{bits:x}");
    }
    assert_eq!(Refnummer::from_random(0).as_str(), "00000000-0000-4000-8000-000000000000");
    for other in ["", "00000000-0000-1000-8000-000000000000", "00000000-0000-4000-c000-000000000000"] {
        assert!(!other.parse::<Refnummer>().unwrap().is_uuid4());
    }
    assert!("x".repeat(40).parse::<Refnummer>().is_ok() && "x".repeat(41).parse::<Refnummer>().is_err());
    for (text, exists) in [
        ("20260228", true),
        ("20260229", false),
        ("2026022823", true),
        ("202602282359", true),
        ("20260228235959999", true),
        ("2026022824", false),
        ("202602282360", false),
        ("202602281", false),
        ("00000101", false),
    ] {
        assert_eq!(text.parse::<Tijdstip>().unwrap().exists(), exists, "{text}");
    }
    for wrong in ["", "2026", "202601150930123456", "2026-01-15", "２０２６０１１５"] {
        assert!(wrong.parse::<Tijdstip>().is_err(), "{wrong}");
    }
    assert_eq!(Versie::new(12_345, 7).numbers(), (9_999, 7));
}

#[test]
fn the_limit_of_size_is_that_of_the_hub() {
    let rule = |length: usize| validate(&vec![b'<'; length]).diagnostics[0].rule;
    assert_eq!(rule(RECEIVED_BYTES_MAX), "xml-name");
    assert_eq!(rule(RECEIVED_BYTES_MAX + 1), "xml-limit-bytes");
}

/// 25 MB may be sent, and not a byte more; the payload grows by four for each three bytes.
#[test]
fn what_is_too_large_is_not_written() {
    let of = |bytes: usize| {
        Envelope::Di01(Vrijbericht { bestand: Bestand::Xml(vec![b' '; bytes].into()), ..heenbericht() })
    };
    let empty = of(0).encode_to_send().unwrap().len();
    let fits = (SENT_BYTES_MAX - empty) / 4 * 3;
    let written = of(fits).encode_to_send().unwrap().len();
    assert!(written <= SENT_BYTES_MAX && written + 4 > SENT_BYTES_MAX);
    assert_eq!(of(fits + 1).encode_to_send(), Err(EnvelopeTooLarge { bytes: written + 4 }));
    // To the byte: the name of the application fills what the payload leaves.
    for (more, expected) in [(SENT_BYTES_MAX - written, true), (SENT_BYTES_MAX - written + 1, false)] {
        let Envelope::Di01(mut bericht) = of(fits) else { unreachable!() };
        bericht.adres.zender.applicatie.push_str(&"x".repeat(more));
        let sent = Envelope::Di01(bericht).encode_to_send();
        assert_eq!(sent.is_ok(), expected, "{more}");
        assert!(sent.map_or(true, |sent| sent.len() == SENT_BYTES_MAX));
    }
}

fn carrying(functie: &str, payload: &[u8]) -> Vrijbericht {
    Vrijbericht { functie: functie.into(), bestand: Bestand::Xml(payload.to_vec().into()), ..heenbericht() }
}

#[test]
fn an_envelope_is_opened_with_what_is_wrong_about_its_message() {
    let wmo301 = include_bytes!("../../../../fixtures/valid/WMO301.xml");
    let wmo302 = include_bytes!("../../../../fixtures/valid/WMO302.xml");
    let whole = Envelope::Di01(carrying("WMO301", wmo301)).encode();
    assert!(is_envelope(&whole) && !is_envelope(wmo301) && !is_envelope(b"<a") && !is_envelope(b""));
    let unpacked = unpack(&whole);
    assert!(unpacked.report.is_valid(), "{:?}", unpacked.report);
    assert_eq!((unpacked.report.message, unpacked.carried), (Some("Di01"), Some(MessageKind::Wmo301)));
    assert_eq!(unpacked.message(), Some(&wmo301[..]));

    let functie = "stuurgegevens/functie";
    let bestand = "parameters/bericht/xmlBestand";
    let heen = |functie, payload: &[u8]| Envelope::Di01(carrying(functie, payload));
    let retour = |functie, payload: &[u8]| Envelope::Du01(carrying(functie, payload).answering(refnummer(2)));
    for (envelope, code, at) in [
        (heen("WMO399", &wmo301[..]), "StUF034", functie),
        (heen("wmo301", wmo301), "StUF034", functie),
        (heen("WMO302", wmo302), "StUF040", functie),
        (retour("WMO301", wmo301), "StUF040", functie),
        (heen("WMO305", wmo301), "StUF055", bestand),
        (heen("WMO301", b""), "StUF055", bestand),
    ] {
        let xml = envelope.encode();
        let unpacked = unpack(&xml);
        let [found] = &unpacked.report.diagnostics[..] else { panic!("{code} {:?}", unpacked.report) };
        assert_eq!(found.rule, code);
        assert!(found.path.ends_with(at), "{}", found.path);
        let element = at.rsplit_once('/').unwrap().1;
        assert!(
            std::str::from_utf8(&xml[found.offset..]).unwrap()[1..]
                .split_once(':')
                .unwrap()
                .1
                .starts_with(element)
        );
        assert!(unpacked.message().is_none() && unpacked.carried.is_none());
    }
    // What is no message at all is for the judgement of the message to say.
    let unpacked = unpack(&heen("WMO301", b"<a/>").encode());
    assert!(unpacked.report.is_valid() && unpacked.message() == Some(b"<a/>"));
    // Nothing is taken out of an envelope that is not valid.
    let broken =
        String::from_utf8(whole).unwrap().replace("<StUF:berichtcode>Di01", "<StUF:berichtcode>Di02");
    let unpacked = unpack(broken.as_bytes());
    assert!(!unpacked.report.is_valid() && unpacked.envelope.is_none() && unpacked.message().is_none());
    assert_eq!(unpacked.report.message, Some("Di01"));
}
