//! The CAK does not know the gemeente (S300, ieb-cak 6.2): nothing about anybody in it is told until a person lets it go on.

use iwmo_toewijzing::identity::Bsn;

use super::*;
use crate::engine::ActError;
use crate::ledger::{Persoon, Rows};
use crate::record::{Verklaring, Wat};
use crate::view::{WerkFilter, WerkView};

const PGB: &str = r#"{"voorziening": {"naam": "PGB-17", "leveringsvorm": "pgb", "categorie": "02",
    "ingangsdatum": "2026-10-05"}}"#;

fn reden(gateway: &Gateway, bsn: &str) -> Option<String> {
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    let row: Option<Persoon> = gateway.ledger.row(&keys::persoon(gemeente, &Bsn::new(bsn).unwrap())).unwrap();
    row.unwrap().eb_reden
}

fn pgb(gateway: &Gateway, bsn: &str) {
    let verklaring = Verklaring::new(bsn, &serde_json::from_str(PGB).unwrap()).unwrap();
    gateway.act(GEMEENTE, Wat::Opgave { verklaring }).unwrap();
}

fn answered(message: &Message, identificatie: &str, code: Option<&str>) -> Vec<u8> {
    let Some(code) = code else { return approve(message, identificatie) };
    let verdict = Verdict {
        identificatie_retour: identificatie.to_owned(),
        dagtekening_retour: translate::datum(today()).unwrap(),
        xsd_versie_retour: None,
        uitspraak: retour::Uitspraak::Header(vec![code.parse().unwrap()]),
    };
    retour::retour(message, &verdict).unwrap().encode()
}

fn work(gateway: &Gateway) -> Vec<WerkView> {
    let filter = WerkFilter { limit: 100, ..WerkFilter::default() };
    view::werk(&gateway.ledger, &settings(Duration::ZERO), &filter, today()).unwrap().rows
}

/// How many notifications the outbox would send now.
fn waiting(gateway: &Gateway) -> usize {
    gateway.engine.waiting(&PartnerId("cak".to_owned()), 100).len()
}

fn started() -> Gateway {
    let gateway = Gateway::open(&SimulatedDisk::new(5));
    pgb(&gateway, PERSON.bsn);
    // Another person's start waits in the outbox still when the answer comes.
    pgb(&gateway, &bsn(7));
    assert_eq!(waiting(&gateway), 2);
    let told = gateway.outgoing("WMO401");
    gateway.send("cak", answered(&told[0].1, "C0", Some("S300"))).unwrap();
    gateway
}

/// It stops for everybody: what waits stays, what comes is not made, and it is work once, of the gemeente.
#[test]
fn an_unknown_gemeente_is_told_nothing_more_about() {
    let gateway = started();
    assert_eq!(waiting(&gateway), 0);
    pgb(&gateway, &bsn(9));
    assert_eq!(gateway.outgoing("WMO401").len(), 2);
    assert_eq!(reden(&gateway, PERSON.bsn).as_deref(), Some("GEMEENTE_STIL"));
    assert_eq!(reden(&gateway, &bsn(9)).as_deref(), Some("GEMEENTE_STIL"));
    let rows = work(&gateway);
    let [row] = &rows[..] else { panic!("{rows:#?}") };
    assert_eq!((row.soort, row.code.as_str(), &row.regels[..]), ("cak", "GEMEENTE_STIL", &["CS300"][..]));
    assert!(row.text.contains("iwmo cak resume --gemeente 0222"), "{}", row.text);
    // No day and no other answer lets it go on.
    assert!(gateway.engine.day(today()));
    let told = gateway.outgoing("WMO401");
    gateway.send("cak", answered(&told[1].1, "C1", None)).unwrap();
    assert_eq!((gateway.outgoing("WMO401").len(), waiting(&gateway)), (2, 0));
    gateway.stop();
}

/// A person lets it go on: what was not told is told, under the same number and with another Identificatie, and what had
/// been refused is no reason to give up.
#[test]
fn it_goes_on_when_a_person_says_so() {
    let gateway = started();
    pgb(&gateway, &bsn(9));
    let acted = gateway.act(GEMEENTE, Wat::CakHervatten).unwrap();
    assert_eq!((acted.gewijzigd, acted.entry.is_some()), (1, true));
    gateway.wait_for(|gateway| gateway.outgoing("WMO401").len() == 4);
    assert_eq!(work(&gateway), []);
    assert_eq!(reden(&gateway, PERSON.bsn), None);
    let again = gateway.act(GEMEENTE, Wat::CakHervatten).unwrap();
    assert_eq!((again.entry, again.ongewijzigd), (None, 1));
    let told = gateway.outgoing("WMO401");
    let number = |message: &Message| match message {
        Message::Wmo401(m) => m.client.start_eigen_bijdrage.eb_start_nummer.value(),
        other => panic!("{other:?}"),
    };
    let anew = told.iter().filter(|(_, message)| number(message) == number(&told[0].1)).collect::<Vec<_>>();
    assert_eq!(anew.len(), 2);
    assert_ne!(anew[0].1.header().identificatie, anew[1].1.header().identificatie);
    // However often the CAK says so, it is the gemeente that stops, and never the person who needs a task.
    gateway.send("cak", answered(&anew[1].1, "C2", Some("S300"))).unwrap();
    gateway.act(GEMEENTE, Wat::CakHervatten).unwrap();
    gateway.wait_for(|gateway| gateway.outgoing("WMO401").len() == 5);
    assert_eq!(reden(&gateway, PERSON.bsn), None);
    gateway.stop();
}

/// It can be stopped and resumed by hand; no other chain takes such an act.
#[test]
fn a_person_stops_it() {
    let gateway = Gateway::open(&SimulatedDisk::new(5));
    assert!(matches!(gateway.act("0000", Wat::CakStilleggen), Err(ActError::WrongChain(_))));
    gateway.act(GEMEENTE, Wat::CakStilleggen).unwrap();
    assert_eq!(gateway.act(GEMEENTE, Wat::CakStilleggen).unwrap().ongewijzigd, 1);
    pgb(&gateway, PERSON.bsn);
    assert!(gateway.outgoing("WMO401").is_empty());
    assert!(work(&gateway)[0].regels.is_empty());
    gateway.act(GEMEENTE, Wat::CakHervatten).unwrap();
    gateway.wait_for(|gateway| gateway.outgoing("WMO401").len() == 1);
    gateway.stop();
}

/// A retour that answers nothing of ours stops nothing.
#[test]
fn only_an_answer_stops_it() {
    let gateway = Gateway::open(&SimulatedDisk::new(5));
    pgb(&gateway, PERSON.bsn);
    let told = gateway.outgoing("WMO401");
    let text = String::from_utf8(answered(&told[0].1, "C0", Some("S300"))).unwrap();
    let own = told[0].1.header().identificatie.to_owned();
    gateway.send("cak", text.replace(&own, "EB9999999999")).unwrap();
    assert_eq!(waiting(&gateway), 1);
    gateway.stop();
}
