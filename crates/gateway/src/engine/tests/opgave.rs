//! What the backoffice states about a person, from the act to the notification.

use iwmo_toewijzing::cak::Opgave;
use iwmo_toewijzing::identity::Bsn;

use super::*;
use crate::engine::{ActError, Acted};
use crate::journal::EntryId;
use crate::ledger::{Persoon, Rows};
use crate::record::{Verklaring, Wat};

fn persoon(gateway: &Gateway, bsn: &str) -> Persoon {
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    gateway.ledger.row(&keys::persoon(gemeente, &Bsn::new(bsn).unwrap())).unwrap().unwrap()
}

fn state(gateway: &Gateway, bsn: &str, json: &str) -> Result<Acted, ActError> {
    let opgave: Opgave = serde_json::from_str(json).unwrap();
    gateway.act(GEMEENTE, Wat::Opgave { verklaring: Verklaring::new(bsn, &opgave).unwrap() })
}

/// What was told the CAK, as `401/1 2026-11-01`, in order.
fn told(gateway: &Gateway) -> Vec<String> {
    let mut told: Vec<(u64, String)> = Vec::new();
    for kind in ["WMO401", "WMO403"] {
        for (id, message) in gateway.outgoing(kind) {
            let text = message.to_json();
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let client = &json["Bericht"]["Client"];
            let (class, day) = match kind {
                "WMO401" => (&client["StartEigenBijdrage"], "EbStartdatum"),
                _ => (&client["StopEigenBijdrage"], "EbStopdatum"),
            };
            let field = |name: &str| class[name].to_string().replace('"', "");
            told.push((id.seq, format!("{}/{} {}", &kind[3..], field("StatusAanlevering"), field(day))));
        }
    }
    told.sort();
    told.into_iter().map(|(_, text)| text).collect()
}

fn answered(gateway: &Gateway, which: usize) {
    play(gateway, Step::CakRetour(which)).unwrap();
}

const PGB: &str = r#"{"voorziening": {"naam": "PGB-17", "leveringsvorm": "pgb", "categorie": "02",
    "ingangsdatum": "2026-10-05"}}"#;

/// E8: a person whom no message named gets a pgb, which is told, ended, and told again; the same again changes nothing.
#[test]
fn a_pgb_is_told_like_any_support() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    let acted = state(&gateway, PERSON.bsn, PGB).unwrap();
    assert_eq!((acted.gewijzigd, acted.entry.is_some()), (1, true));
    assert_eq!(told(&gateway), ["401/1 2026-10-05"]);
    let again = state(&gateway, PERSON.bsn, PGB).unwrap();
    assert_eq!((again.gewijzigd, again.ongewijzigd, again.entry), (0, 1, None));
    answered(&gateway, 0);
    let ended = PGB.replace("\"2026-10-05\"", "\"2026-10-05\", \"einddatum\": \"2026-11-20\"");
    state(&gateway, PERSON.bsn, &ended).unwrap();
    assert_eq!(told(&gateway), ["401/1 2026-10-05", "403/1 2026-11-20"]);
    assert!(matches!(
        state(
            &gateway,
            PERSON.bsn,
            r#"{"voorziening": {"naam": "X", "leveringsvorm": "pgb", "code": "02A01", "ingangsdatum": "2026-10-05"}}"#
        ),
        Err(ActError::Opgave(_))
    ));
    gateway.stop();
}

/// 9.7: what is held is not told, and a release tells it.
#[test]
fn a_person_is_held_and_released() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    state(&gateway, PERSON.bsn, r#"{"vasthouden": {}}"#).unwrap();
    state(&gateway, PERSON.bsn, PGB).unwrap();
    assert!(told(&gateway).is_empty());
    assert_eq!(persoon(&gateway, PERSON.bsn).eb_reden.as_deref(), Some("VASTGEHOUDEN"));
    state(&gateway, PERSON.bsn, r#"{"vrijgeven": {}}"#).unwrap();
    assert_eq!(told(&gateway), ["401/1 2026-10-05"]);
    assert_eq!(state(&gateway, PERSON.bsn, r#"{"vrijgeven": {}}"#).unwrap().ongewijzigd, 1);
    gateway.stop();
}

/// With a bedenktijd a statement waits like a message does; `herplannen` tells it at once.
#[test]
fn a_statement_waits_for_its_correction() {
    let disk = SimulatedDisk::new(3);
    let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
    let gateway = Gateway::start(&disk, ledger, Duration::from_secs(4 * 60 * 60)).unwrap();
    state(&gateway, PERSON.bsn, PGB).unwrap();
    assert!(told(&gateway).is_empty());
    assert_eq!(persoon(&gateway, PERSON.bsn).eb_reden.as_deref(), Some("BEDENKTIJD"));
    state(&gateway, PERSON.bsn, r#"{"herplannen": {}}"#).unwrap();
    assert_eq!(told(&gateway), ["401/1 2026-10-05"]);
    gateway.stop();
}

/// Take-over: what the CAK has from an earlier system is changed and not told again, and no number of it is given out.
#[test]
fn what_the_cak_has_is_taken_over() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    let known = r#"{"bekend_bij_cak": [{"nummer": 4711, "start": "2026-10-01"}]}"#;
    state(&gateway, PERSON.bsn, r#"{"vasthouden": {}}"#).unwrap();
    state(&gateway, PERSON.bsn, known).unwrap();
    state(&gateway, PERSON.bsn, PGB).unwrap();
    state(&gateway, PERSON.bsn, r#"{"vrijgeven": {}}"#).unwrap();
    assert_eq!(told(&gateway), ["401/2 2026-10-05"], "the period that is there is changed");
    assert!(
        matches!(state(&gateway, PERSON.bsn, known), Err(ActError::Opgave(_))),
        "its answer is still to come"
    );
    answered(&gateway, 0);
    let other = bsn(7);
    state(&gateway, &other, PGB).unwrap();
    assert_eq!(persoon(&gateway, &other).eb.onderweg().unwrap().opdracht.nummer().value(), 4712);
    gateway.stop();
}

/// P13: under the wrong BSN all is taken back, and only then it is told under the right one, with a new number.
#[test]
fn a_corrected_bsn() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    let right = bsn(7);
    for step in [Step::Order, Step::OrderRetour, Step::Start, Step::CakRetour(0)] {
        play(&gateway, step).unwrap();
    }
    assert_eq!(told(&gateway), ["401/1 2026-11-02"]);
    assert!(matches!(
        state(&gateway, PERSON.bsn, &format!(r#"{{"bsn": "{}"}}"#, PERSON.bsn)),
        Err(ActError::Opgave(_))
    ));
    state(&gateway, PERSON.bsn, &format!(r#"{{"bsn": "{right}"}}"#)).unwrap();
    assert_eq!(told(&gateway), ["401/1 2026-11-02", "401/3 2026-11-02"]);
    assert_eq!(persoon(&gateway, &right).eb_reden.as_deref(), Some("EERDERE_BSN"));
    answered(&gateway, 1);
    assert_eq!(told(&gateway), ["401/1 2026-11-02", "401/3 2026-11-02", "401/1 2026-11-02"]);
    let (before, after) = (persoon(&gateway, PERSON.bsn), persoon(&gateway, &right));
    assert!(before.eb.aanvaard().is_empty());
    assert_eq!(after.eb.onderweg().unwrap().opdracht.nummer().value(), 2);
    gateway.stop();
}

/// P13: who is corrected a second time is told of under the last BSN alone; and so is who was corrected to one that is wrong itself.
/// A correction that was wrong is taken back by one the other way round.
#[test]
fn a_bsn_corrected_again() {
    let correct = |gateway: &Gateway, from: &str, to: &str| {
        state(gateway, from, &format!(r#"{{"bsn": "{to}"}}"#)).unwrap();
    };
    let stands = |gateway: &Gateway, bsn: &str| {
        let persoon = persoon(gateway, bsn);
        persoon.eb.onderweg().is_some() || !persoon.eb.aanvaard().is_empty()
    };
    let (first, second) = (bsn(7), bsn(8));
    for (corrections, right) in [
        (vec![(PERSON.bsn, &*first), (PERSON.bsn, &*second)], &*second),
        (vec![(PERSON.bsn, &*first), (&*first, &*second)], &*second),
        (vec![(PERSON.bsn, &*first), (&*first, PERSON.bsn)], PERSON.bsn),
        (vec![(PERSON.bsn, &*first), (&*first, PERSON.bsn), (PERSON.bsn, &*first)], &*first),
    ] {
        let gateway = Gateway::open(&SimulatedDisk::new(3));
        for step in [Step::Order, Step::OrderRetour] {
            play(&gateway, step).unwrap();
        }
        let pgb = r#"{"belasting": {"waarover": {"toewijzing": 100}, "belasting": "belast"}}"#;
        state(&gateway, PERSON.bsn, pgb).unwrap();
        for (from, to) in &corrections {
            correct(&gateway, from, to);
        }
        play(&gateway, Step::Start).unwrap();
        assert_eq!(told(&gateway), ["401/1 2026-11-02"], "{corrections:?}");
        for person in [PERSON.bsn, &*first, &*second] {
            let known = gateway
                .ledger
                .get(&keys::persoon(Gemeente::new(GEMEENTE).unwrap(), &Bsn::new(person).unwrap()));
            if known.unwrap().is_some() {
                assert_eq!(stands(&gateway, person), person == right, "{person} of {corrections:?}");
            }
        }
        let applier = Applier::new(Schemas::bundled());
        let again = ledger::temporary(gateway.engine.journal(), &applier, &mut |_| {}).unwrap();
        assert_eq!(again.content_hash().unwrap(), gateway.ledger.content_hash().unwrap());
        gateway.stop();
    }
}

/// P13: a period that charges nothing stays under the wrong BSN, and holds nothing up.
#[test]
fn what_charges_nothing_under_the_wrong_bsn_holds_nothing_up() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    let right = bsn(7);
    let known = r#"{"bekend_bij_cak": [{"nummer": 1, "start": "2026-10-05", "stop": "2026-10-20"}]}"#;
    state(&gateway, PERSON.bsn, known).unwrap();
    for step in [Step::Order, Step::OrderRetour] {
        play(&gateway, step).unwrap();
    }
    state(&gateway, PERSON.bsn, &format!(r#"{{"bsn": "{right}"}}"#)).unwrap();
    play(&gateway, Step::Start).unwrap();
    assert_eq!(told(&gateway), ["401/1 2026-11-02"]);
    assert_eq!(persoon(&gateway, &right).eb_reden, None);
    assert_eq!(persoon(&gateway, PERSON.bsn).eb.aanvaard().len(), 1);
    gateway.stop();
}

/// P13: what aanbieders go on to say under the wrong BSN is told under the right one, at once.
#[test]
fn what_is_said_under_the_wrong_bsn_is_about_the_right_one() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    let right = bsn(7);
    for step in [Step::Order, Step::OrderRetour] {
        play(&gateway, step).unwrap();
    }
    state(&gateway, PERSON.bsn, &format!(r#"{{"bsn": "{right}"}}"#)).unwrap();
    assert_eq!(told(&gateway), [""; 0]);
    play(&gateway, Step::Start).unwrap();
    assert_eq!(told(&gateway), ["401/1 2026-11-02"]);
    assert!(persoon(&gateway, &right).eb.onderweg().is_some());
    assert!(persoon(&gateway, PERSON.bsn).eb.berichten().is_empty());
    gateway.stop();
}

/// E10: no message can tell the CAK of an exemption, so a person must, and says when it was done.
#[test]
fn an_exemption_is_a_task() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    state(&gateway, PERSON.bsn, r#"{"vrijstelling": {"grond": "g", "vanaf": "2026-11-01", "maanden": 6}}"#)
        .unwrap();
    assert_eq!(persoon(&gateway, PERSON.bsn).eb_reden.as_deref(), Some("VRIJSTELLING"));
    let done = r#"{"vrijstelling": {"grond": "g", "vanaf": "2026-11-01", "maanden": 6, "gemeld": true}}"#;
    state(&gateway, PERSON.bsn, done).unwrap();
    assert_eq!(persoon(&gateway, PERSON.bsn).eb_reden, None);
    gateway.stop();
}

/// Who it is about and what is stated are sealed; the act is in the audit, and replay gives the same ledger.
#[test]
fn statements_are_sealed_and_replayed() {
    let disk = SimulatedDisk::new(3);
    let gateway = Gateway::open(&disk);
    let acted = state(&gateway, PERSON.bsn, PGB).unwrap();
    state(&gateway, PERSON.bsn, &format!(r#"{{"bsn": "{}"}}"#, bsn(7))).unwrap();
    let id: EntryId = acted.entry.unwrap();
    let entry = gateway.engine.journal().get(id.chain, id.seq).unwrap().unwrap();
    let record = Record::decode(entry.kind, entry.version, &entry.payload).unwrap();
    let words = format!("{record:?}");
    assert!(!words.contains(PERSON.bsn) && !words.contains("2026-10-05"), "{words}");
    let applier = Applier::new(Schemas::bundled());
    let again = ledger::temporary(gateway.engine.journal(), &applier, &mut |_| {}).unwrap();
    assert_eq!(again.content_hash().unwrap(), gateway.ledger.content_hash().unwrap());
    gateway.stop();
}

/// CS002 of iEb: no message to the CAK is about a BSN that nobody can have; an iWmo message about 000000000 is taken (D23).
#[test]
fn nothing_is_told_about_a_bsn_that_nobody_has() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    for bsn in ["123456789", "000000000"] {
        assert!(matches!(state(&gateway, bsn, PGB), Err(ActError::BsnFails)), "{bsn}");
    }
    let wrong = r#"{"bsn": "123456789"}"#;
    assert!(matches!(state(&gateway, PERSON.bsn, wrong), Err(ActError::BsnFails)));

    let zeros = Person { bsn: "000000000", ..PERSON };
    gateway.send("backoffice", wmo301(envelope("T1"), &zeros, &order(1)).unwrap().encode()).unwrap();
    let start = wmo305(envelope("H1"), &zeros, &order(1), &[(date("2026-11-02"), "1")]).unwrap();
    gateway.send("hvb", start.encode()).unwrap();
    assert_eq!(told(&gateway), Vec::<String>::new());
    assert_eq!(persoon(&gateway, zeros.bsn).eb_reden.as_deref(), Some("BSN_ONGELDIG"));
    let right = format!(r#"{{"bsn": "{}"}}"#, PERSON.bsn);
    state(&gateway, zeros.bsn, &right).unwrap();
    assert_eq!(told(&gateway), ["401/1 2026-11-02"], "under the right one");
    gateway.stop();
}
