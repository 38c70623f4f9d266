//! The checks on a finished retour (header-and-identification.md, section 4.4), over every heenbericht and every
//! kind of outcome; and what a retour read back means.

use proptest::prelude::*;
use serde_json::Value;

use super::{
    HeenKey, Oordeel, RetourError, RetourView, Uitspraak, Verdict, XsdVersies, judged_classes, retour,
};
use crate::messages::{Message, MessageKind};
use crate::schema::Schemas;
use crate::testing::shared;
use crate::value::RetourCode;

fn fixture(name: &str) -> Message {
    let path = format!("{}/../../fixtures/valid/{name}.xml", env!("CARGO_MANIFEST_DIR"));
    Schemas::bundled().decode(&std::fs::read(path).unwrap()).unwrap()
}

fn heenberichten() -> Vec<Message> {
    MessageKind::ALL.iter().filter(|kind| kind.retour().is_some()).map(|kind| fixture(kind.name())).collect()
}

fn codes(texts: &[&str]) -> Vec<RetourCode> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn verdict(uitspraak: Uitspraak) -> Verdict {
    Verdict {
        identificatie_retour: "R-0001".to_owned(),
        dagtekening_retour: "2026-12-01".parse().unwrap(),
        xsd_versie_retour: None,
        uitspraak,
    }
}

fn json(message: &Message) -> Value {
    serde_json::from_str(&message.to_json()).unwrap()
}

/// Removes what a retour adds, at any depth.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for added in
                ["IdentificatieRetour", "DagtekeningRetour", "XsltVersie", "XsdVersieRetour", "RetourCodes"]
            {
                map.remove(added);
            }
            map.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}

/// The five checks.
fn holds(heenbericht: &Message, answer: &Message) {
    let report = Schemas::bundled().validate_schema(&answer.encode());
    assert!(report.is_valid(), "1: {:?}", report.diagnostics);
    let view = RetourView::of(answer).unwrap();
    if view.codes().any(|code| code == RetourCode::TECHNISCH) {
        assert!(view.klassen.is_empty(), "2: nothing but the header");
        assert_eq!(view.header.retour_codes, [RetourCode::TECHNISCH], "2: 0001 alone");
    }
    if !view.klassen.is_empty() {
        assert_eq!(view.header.retour_codes, [RetourCode::GEEN_OPMERKING], "3: 0200 in the header");
        let remarks = [RetourCode::GEEN_OPMERKING, RetourCode::NIET_BEOORDEELD];
        let classes = view.klassen.iter().flat_map(|klasse| klasse.retour_codes);
        assert!(classes.into_iter().any(|code| !remarks.contains(code)), "3: some class is wrong");
        let mut back = json(answer);
        strip(&mut back);
        back["message"] = Value::from(heenbericht.kind().name());
        back["Bericht"]["Header"]["BerichtCode"] = Value::from(heenbericht.kind().bericht_code().to_string());
        assert_eq!(back, json(heenbericht), "4: the heenbericht comes back");
    }
    assert_eq!(Some(answer.kind()), heenbericht.kind().retour(), "5: one retour, of the one kind");
    assert_eq!(HeenKey::of(answer), HeenKey::of(heenbericht), "5: it finds its heenbericht");
}

/// A code that each kind can refuse a class with.
fn refusing(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Wmo301 => "9332",
        MessageKind::Wmo305 | MessageKind::Wmo307 => "9019",
        MessageKind::Wmo315 => "9347",
        MessageKind::Wmo317 => "9351",
        MessageKind::Wmo319 => "9355",
        MessageKind::Wmo401 => "9102",
        _ => "9330",
    }
}

#[test]
fn approval_is_a_header_without_codes() {
    for heenbericht in heenberichten() {
        let answer = retour(&heenbericht, &verdict(Uitspraak::Goedgekeurd)).unwrap();
        holds(&heenbericht, &answer);
        let view = RetourView::of(&answer).unwrap();
        assert_eq!((view.codes().count(), view.klassen.len()), (0, 0));
        assert_eq!(view.oordeel(), Oordeel::Goedgekeurd);
        assert!(!String::from_utf8(answer.encode()).unwrap().contains("RetourCode"));
    }
}

#[test]
fn a_refusal_by_the_header_has_no_body() {
    for heenbericht in heenberichten() {
        for (given, expected) in
            [(vec!["0001"], vec!["0001"]), (vec!["S300", "8848", "S300"], vec!["8848", "S300"])]
        {
            let answer = retour(&heenbericht, &verdict(Uitspraak::Header(codes(&given)))).unwrap();
            holds(&heenbericht, &answer);
            let view = RetourView::of(&answer).unwrap();
            assert_eq!(view.header.retour_codes, codes(&expected));
            assert!(view.klassen.is_empty());
            assert_eq!(view.oordeel(), Oordeel::Afgekeurd);
        }
    }
}

#[test]
fn a_refusal_by_classes_copies_the_body() {
    for heenbericht in heenberichten() {
        let paths = judged_classes(&heenbericht);
        let mut klassen = vec![Vec::new(); paths.len()];
        *klassen.last_mut().unwrap() = codes(&[refusing(heenbericht.kind())]);
        let answer = retour(&heenbericht, &verdict(Uitspraak::Klassen(klassen))).unwrap();
        holds(&heenbericht, &answer);
        let view = RetourView::of(&answer).unwrap();
        for klasse in &view.klassen {
            let wrong = Some(&klasse.path) == paths.last();
            let expected = if wrong { refusing(heenbericht.kind()) } else { "0200" };
            assert_eq!(klasse.retour_codes, codes(&[expected]), "{}", klasse.path);
        }
        assert!(paths.iter().all(|path| view.klassen.iter().any(|klasse| klasse.path == *path)));
        assert!(!view.is_approved());
    }
}

#[test]
fn numbers_are_copied_as_they_were_written() {
    let heenbericht = fixture("WMO301");
    let klassen = vec![codes(&["9332"]), Vec::new(), Vec::new()];
    let answer = retour(&heenbericht, &verdict(Uitspraak::Klassen(klassen))).unwrap();
    let xml = String::from_utf8(answer.encode()).unwrap();
    for written in [">000222002<", ">0012<", ">01</wmo302:Volgorde>", ">09:15:00.250<", ">24:00:00<"] {
        assert!(xml.contains(written), "{written}");
    }
}

#[test]
fn the_versions_of_a_retour() {
    let of = |name: &str, versies: Option<XsdVersies>| {
        let mut verdict = verdict(Uitspraak::Goedgekeurd);
        verdict.xsd_versie_retour = versies;
        let answer = retour(&fixture(name), &verdict).unwrap();
        let header = &json(&answer)["Bericht"]["Header"];
        assert!(header.get("XsltVersie").is_none());
        let versie = &header["XsdVersieRetour"];
        format!("{} {}", versie["BasisschemaXsdVersie"], versie["BerichtXsdVersie"]).replace('"', "")
    };
    assert_eq!(of("WMO305", None), "1.0.0 1.0.0");
    assert_eq!(of("WMO401", None), "1.2.0 1.2.0");
    let other = XsdVersies { basisschema: "1.0.1".to_owned(), bericht: "2.0.0".to_owned() };
    assert_eq!(of("WMO305", Some(other)), "1.0.1 2.0.0");
}

#[test]
fn a_verdict_that_contradicts_itself_makes_no_retour() {
    let heenbericht = fixture("WMO305");
    let refuse = |uitspraak| retour(&heenbericht, &verdict(uitspraak)).unwrap_err();
    let code = |text: &str| text.parse().unwrap();
    let klassen = |list: &[&[&str]]| Uitspraak::Klassen(list.iter().map(|texts| codes(texts)).collect());
    for (uitspraak, error) in [
        (Uitspraak::Header(Vec::new()), RetourError::NothingWrong),
        (Uitspraak::Header(codes(&["0001", "8848"])), RetourError::Misplaced(code("0001"))),
        (Uitspraak::Header(codes(&["0200"])), RetourError::Misplaced(code("0200"))),
        (Uitspraak::Header(codes(&["9102"])), RetourError::UnknownCode(code("9102"))),
        (klassen(&[&["9019"]]), RetourError::Classes { expected: 3, found: 1 }),
        (klassen(&[&[], &[], &[]]), RetourError::NothingWrong),
        (klassen(&[&["0233"], &[], &[]]), RetourError::NothingWrong),
        (klassen(&[&["0001"], &[], &[]]), RetourError::Misplaced(code("0001"))),
        (klassen(&[&["0200", "9019"], &[], &[]]), RetourError::Misplaced(code("0200"))),
        (klassen(&[&["9999"], &[], &[]]), RetourError::UnknownCode(code("9999"))),
    ] {
        assert_eq!(refuse(uitspraak), error);
    }
    for identificatie in ["", "   ", "1234567890123"] {
        let mut verdict = verdict(Uitspraak::Goedgekeurd);
        verdict.identificatie_retour = identificatie.to_owned();
        assert_eq!(retour(&heenbericht, &verdict), Err(RetourError::Identificatie), "{identificatie:?}");
    }
    for kind in ["WMO306", "WMO323", "WMO325", "WMO404"] {
        let message = fixture(kind);
        let error = retour(&message, &verdict(Uitspraak::Goedgekeurd)).unwrap_err();
        assert_eq!(error, RetourError::NoRetour(message.kind()));
    }
}

/// A retour of a fixture with codes put in as some other party might.
fn with_codes(name: &str, header: &[&str], classes: Option<&str>) -> Oordeel {
    let mut json = json(&fixture(name));
    json["Bericht"]["Header"]["RetourCodes"] = header.iter().map(|code| Value::from(*code)).collect();
    fn set(value: &mut Value, code: &str) {
        match value {
            Value::Object(map) => map.iter_mut().for_each(|(key, value)| {
                if key == "RetourCodes" { *value = serde_json::json!([code]) } else { set(value, code) }
            }),
            Value::Array(list) => list.iter_mut().for_each(|value| set(value, code)),
            _ => {}
        }
    }
    match classes {
        Some(code) => set(&mut json["Bericht"]["Client"], code),
        None => drop(json["Bericht"].as_object_mut().unwrap().remove("Client")),
    }
    RetourView::of(&Message::from_json(&json.to_string()).unwrap()).unwrap().oordeel()
}

#[test]
fn what_a_retour_means() {
    for iwmo in ["WMO302", "WMO306", "WMO308"] {
        assert_eq!(with_codes(iwmo, &[], None), Oordeel::Goedgekeurd);
        assert_eq!(with_codes(iwmo, &["0200"], None), Oordeel::GoedgekeurdAfwijkend, "D24");
        assert_eq!(with_codes(iwmo, &["0001"], None), Oordeel::Afgekeurd);
        assert_eq!(with_codes(iwmo, &["0200"], Some("9019")), Oordeel::Afgekeurd);
        assert_eq!(with_codes(iwmo, &["0200"], Some("0200")), Oordeel::Afgekeurd);
        assert_eq!(with_codes(iwmo, &["0200"], Some("0233")), Oordeel::Afgekeurd);
    }
    for ieb in ["WMO402", "WMO404"] {
        assert_eq!(with_codes(ieb, &[], None), Oordeel::Goedgekeurd);
        assert_eq!(with_codes(ieb, &["0200"], Some("0200")), Oordeel::GoedgekeurdAfwijkend);
        assert_eq!(with_codes(ieb, &["0001"], None), Oordeel::Afgekeurd);
        assert_eq!(with_codes(ieb, &["0200"], Some("9102")), Oordeel::Afgekeurd);
        assert_eq!(with_codes(ieb, &["0200"], Some("0233")), Oordeel::Afgekeurd);
    }
}

#[test]
fn only_retours_are_read_as_such() {
    for kind in ["WMO301", "WMO305", "WMO323", "WMO325", "WMO401"] {
        assert_eq!(RetourView::of(&fixture(kind)), None);
    }
}

#[test]
fn a_retour_finds_its_own_heenbericht_only() {
    let (start, stop) = (fixture("WMO305"), fixture("WMO307"));
    let answer = retour(&start, &verdict(Uitspraak::Goedgekeurd)).unwrap();
    assert_eq!(HeenKey::of(&answer), HeenKey::of(&start));
    assert_ne!(HeenKey::of(&answer), HeenKey::of(&stop));
    let mut other = json(&start);
    for (path, value) in [
        ("/Afzender", "42424243"),
        ("/Ontvanger", "0285"),
        ("/BerichtIdentificatie/Identificatie", "d305-0001"),
        ("/BerichtIdentificatie/Dagtekening", "2026-03-11"),
    ] {
        let pointer = format!("/Bericht/Header{path}");
        let kept = std::mem::replace(other.pointer_mut(&pointer).unwrap(), Value::from(value));
        let message = Message::from_json(&other.to_string()).unwrap();
        assert_ne!(HeenKey::of(&answer), HeenKey::of(&message), "{path}");
        *other.pointer_mut(&pointer).unwrap() = kept;
    }
    assert_eq!(HeenKey::of(&fixture("WMO323")), None);
}

#[test]
fn the_official_retours_are_read() {
    let Some(shared) = shared("the_official_retours_are_read") else { return };
    for kind in ["WMO402", "WMO404"] {
        let xml = std::fs::read(shared.join(format!("reference/ieb-1.0/xml/{kind}.xml"))).unwrap();
        let message = Schemas::bundled().decode(&xml).unwrap();
        assert_eq!(RetourView::of(&message).unwrap().oordeel(), Oordeel::Goedgekeurd);
    }
}

proptest! {
    /// Whatever codes are chosen, a retour that is made passes all checks.
    #[test]
    fn every_retour_passes_the_checks(
        which in 0..8_usize,
        classes in proptest::collection::vec(proptest::collection::vec(0..80_usize, 0..4), 8),
        header in proptest::collection::vec(0..80_usize, 1..4),
        body in any::<bool>(),
    ) {
        use crate::messages::iwmo_3_2::basisschema::RETOUR_CODES;
        let heenbericht = heenberichten().swap_remove(which);
        let pick = |index: &usize| RETOUR_CODES[index % RETOUR_CODES.len()].parse::<RetourCode>().unwrap();
        let uitspraak = if body {
            let count = judged_classes(&heenbericht).len();
            Uitspraak::Klassen(classes.iter().take(count).map(|codes| codes.iter().map(pick).collect()).collect())
        } else {
            Uitspraak::Header(header.iter().map(pick).collect())
        };
        if let Ok(answer) = retour(&heenbericht, &verdict(uitspraak)) {
            holds(&heenbericht, &answer);
            let view = RetourView::of(&answer).unwrap();
            prop_assert!(!view.is_approved());
            let sorted = |codes: &[RetourCode]| codes.windows(2).all(|pair| pair[0] < pair[1]);
            prop_assert!(view.klassen.iter().all(|klasse| sorted(klasse.retour_codes)), "D18");
        }
    }
}
