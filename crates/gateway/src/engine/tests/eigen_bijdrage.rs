//! The eigen bijdrage from end to end (the last vectors of the iEb description, section 13), and what is shown of it.

use iwmo_toewijzing::identity::Bsn;

use super::*;
use crate::ledger::{Persoon, Rows};
use crate::record::{Verklaring, Wat};
use crate::view::EigenBijdrageView;

fn persoon(gateway: &Gateway, bsn: &str) -> Persoon {
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    gateway.ledger.row(&keys::persoon(gemeente, &Bsn::new(bsn).unwrap())).unwrap().unwrap()
}

fn shown(gateway: &Gateway, bsn: &str) -> EigenBijdrageView {
    let (gemeente, bsn) = (Gemeente::new(GEMEENTE).unwrap(), Bsn::new(bsn).unwrap());
    view::eigen_bijdrage(&gateway.ledger, &settings(Duration::ZERO), gemeente, &bsn, today())
        .unwrap()
        .unwrap()
}

/// Vector 6: the process is killed after the entry with the number is in the journal and before anything is sent. After the
/// restart it is the same number and the same Identificatie, and one message; also when the power goes then.
#[test]
fn e2e_6_a_kill_between_the_number_and_the_sending() {
    let disk = SimulatedDisk::new(6);
    let gateway = Gateway::open(&disk);
    for step in [Step::Order, Step::OrderRetour, Step::Start] {
        play(&gateway, step).unwrap();
    }
    let told = |gateway: &Gateway| {
        let all = gateway.outgoing("WMO401");
        let [(id, message)] = &all[..] else { panic!("{} notifications", all.len()) };
        let number = persoon(gateway, PERSON.bsn).eb.onderweg().unwrap().opdracht.nummer().value();
        (id.to_string(), message.header().identificatie.to_owned(), number, message.encode())
    };
    let before = told(&gateway);
    gateway.engine.stop();
    for kill in [true, false] {
        if kill {
            disk.kill();
        } else {
            disk.restart();
        }
        let gateway = Gateway::open(&disk);
        assert_eq!(told(&gateway), before);
        let waiting = gateway.engine.waiting(&PartnerId("cak".to_owned()), 10);
        assert_eq!(
            waiting.iter().map(|one| one.id.to_string()).collect::<Vec<_>>(),
            std::slice::from_ref(&before.0)
        );
        // The next number is another one.
        let other = bsn(7);
        let pgb = r#"{"voorziening": {"naam": "P", "leveringsvorm": "pgb", "categorie": "02", "ingangsdatum": "2026-11-05"}}"#;
        let verklaring = Verklaring::new(&other, &serde_json::from_str(pgb).unwrap()).unwrap();
        if kill {
            gateway.engine.stop();
            continue;
        }
        gateway.act(GEMEENTE, Wat::Opgave { verklaring }).unwrap();
        assert_eq!(persoon(&gateway, &other).eb.onderweg().unwrap().opdracht.nummer().value(), before.2 + 1);
        gateway.stop();
    }
}

/// Vector 7: the same 305 twice, as the same bytes and under another Identificatie, gives one start.
#[test]
fn e2e_7_the_same_305_twice_gives_one_start() {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    for step in [Step::Order, Step::OrderRetour, Step::Start, Step::Start, Step::StartAgain, Step::Start] {
        play(&gateway, step).unwrap();
    }
    assert_eq!(gateway.outgoing("WMO401").len(), 1);
    play(&gateway, Step::CakRetour(0)).unwrap();
    assert_eq!((gateway.outgoing("WMO401").len(), gateway.outgoing("WMO403").len()), (1, 0));
    assert_eq!(persoon(&gateway, PERSON.bsn).eb.aanvaard().len(), 1);
    gateway.stop();
}

/// Vector 8: the retours of two clients come in reverse order, one of them a refusal: neither has anything to do with the other.
#[test]
fn e2e_8_retours_in_reverse_order_of_two_clients() {
    let gateway = Gateway::open(&SimulatedDisk::new(8));
    let (one, other) = (PERSON.bsn.to_owned(), bsn(7));
    for who in [&one, &other] {
        let pgb = r#"{"voorziening": {"naam": "P", "leveringsvorm": "pgb", "categorie": "02", "ingangsdatum": "2026-11-05"}}"#;
        let verklaring = Verklaring::new(who, &serde_json::from_str(pgb).unwrap()).unwrap();
        gateway.act(GEMEENTE, Wat::Opgave { verklaring }).unwrap();
    }
    let told = gateway.outgoing("WMO401");
    assert_eq!(told.len(), 2);
    let verdict = Verdict {
        identificatie_retour: "C2".to_owned(),
        dagtekening_retour: translate::datum(today()).unwrap(),
        xsd_versie_retour: None,
        uitspraak: retour::Uitspraak::Header(vec!["0001".parse().unwrap()]),
    };
    gateway.send("cak", retour::retour(&told[1].1, &verdict).unwrap().encode()).unwrap();
    assert!(persoon(&gateway, &one).eb.onderweg().is_some(), "its answer is still to come");
    assert_eq!(persoon(&gateway, &other).eb_reden.as_deref(), Some("DEFECT"));
    gateway.send("cak", approve(&told[0].1, "C1")).unwrap();
    assert_eq!((persoon(&gateway, &one).eb.aanvaard().len(), persoon(&gateway, &one).eb_reden), (1, None));
    assert_eq!(persoon(&gateway, &other).eb_reden.as_deref(), Some("DEFECT"));
    assert!(persoon(&gateway, &other).eb.aanvaard().is_empty());
    gateway.stop();
}

/// 9.7: what should be beside what is, how they differ and from which messages; what is under way, what comes next, and what
/// was answered.
#[test]
fn the_view_of_a_client() {
    let gateway = Gateway::open(&SimulatedDisk::new(9));
    for step in [Step::Order, Step::OrderRetour, Step::Start] {
        play(&gateway, step).unwrap();
    }
    let view = shown(&gateway, PERSON.bsn);
    let [period] = &view.perioden[..] else { panic!("{view:#?}") };
    let wanted = period.gewenst.as_ref().unwrap();
    assert_eq!((wanted.start.as_str(), wanted.melden_voor.as_deref()), ("2026-11-02", Some("2036-11-02")));
    assert_eq!((&period.aanvaard, &period.verschil[..]), (&None, &["ontbreekt"][..]));
    let why = &period.waarom[0];
    assert_eq!((why.waarover.as_str(), why.start_trigger), ("toewijzing 100101", "levering"));
    assert_eq!(why.entries, ["0222:1", "0222:3"], "the 301 and the 305");
    let under_way = view.onderweg.unwrap();
    assert_eq!(
        (under_way.stap.bericht, under_way.stap.status, under_way.uitkomst),
        ("WMO401", 1, "onderweg")
    );
    assert_eq!((view.meldingen.len(), view.stappen.len()), (1, 0));

    play(&gateway, Step::CakRetour(0)).unwrap();
    let view = shown(&gateway, PERSON.bsn);
    assert!(view.perioden[0].verschil.is_empty(), "{:#?}", view.perioden);
    assert_eq!(view.perioden[0].aanvaard.as_ref().unwrap().staat, "actief");
    assert_eq!((view.onderweg, view.meldingen[0].uitkomst), (None, "aanvaard"));
    assert_eq!(view.meldingen[0].beantwoord_op.as_deref(), Some("2026-11-25"));

    play(&gateway, Step::Stop).unwrap();
    let view = shown(&gateway, PERSON.bsn);
    let period = &view.perioden[0];
    assert_eq!(
        (period.verschil.as_slice(), period.text.as_str()),
        (&["stop"][..], "should stop on 2026-11-20")
    );
    assert_eq!(period.aanvaard.as_ref().unwrap().staat, "stop_onderweg");

    // What is not told says why: it charges nothing, or it begins too far ahead.
    for (number, days, said, missing) in [
        (
            8,
            r#""ingangsdatum": "2026-11-02", "einddatum": "2026-11-20""#,
            "charges no month: the CAK is not told",
            false,
        ),
        (
            9,
            r#""ingangsdatum": "2027-03-01""#,
            "begins too far ahead to be told now: the CAK hears it as soon as it may",
            true,
        ),
    ] {
        let (other, pgb) =
            (bsn(number), r#"{"voorziening": {"naam": "P", "leveringsvorm": "pgb", "categorie": "02", "#);
        let opgave = serde_json::from_str(&format!("{pgb}{days}}}}}")).unwrap();
        let verklaring = Verklaring::new(&other, &opgave).unwrap();
        gateway.act(GEMEENTE, Wat::Opgave { verklaring }).unwrap();
        let view = shown(&gateway, &other);
        let [period] = &view.perioden[..] else { panic!("{view:#?}") };
        assert_eq!((period.text.as_str(), !period.verschil.is_empty()), (said, missing));
    }

    // Something that is held is planned, and the plan is shown.
    let held = bsn(7);
    for text in [
        r#"{"vasthouden": {}}"#,
        r#"{"voorziening": {"naam": "P", "leveringsvorm": "pgb", "categorie": "11", "ingangsdatum": "2026-11-05"}}"#,
    ] {
        let verklaring = Verklaring::new(&held, &serde_json::from_str(text).unwrap()).unwrap();
        gateway.act(GEMEENTE, Wat::Opgave { verklaring }).unwrap();
    }
    let view = shown(&gateway, &held);
    assert_eq!((view.perioden.len(), view.niet_belast.len()), (0, 1));
    assert_eq!(
        (view.niet_belast[0].hulp.waarover.as_str(), view.niet_belast[0].belasting),
        ("voorziening P", "vrij")
    );
    assert_eq!(view.wacht.as_deref(), Some("VASTGEHOUDEN"));
    gateway.stop();
}

/// What no message tells of and the backoffice states is watched like the rest: a pgb until the CAK has it, an intake until the
/// 315 comes.
#[test]
fn deadlines_that_follow_from_statements() {
    let gateway = Gateway::open(&SimulatedDisk::new(10));
    let state = |bsn: &str, text: &str| {
        let verklaring = Verklaring::new(bsn, &serde_json::from_str(text).unwrap()).unwrap();
        gateway.act(GEMEENTE, Wat::Opgave { verklaring }).unwrap()
    };
    let pgb = r#"{"voorziening": {"naam": "P", "leveringsvorm": "pgb", "categorie": "02", "ingangsdatum": "2026-11-05"}}"#;
    state(&bsn(7), pgb);
    let intake = format!(r#"{{"intake": {{"aanbieder": "{HVB}", "gehouden_op": "2026-11-20"}}}}"#);
    state(PERSON.bsn, &intake);
    assert_eq!(state(PERSON.bsn, &intake).ongewijzigd, 1, "the same again changes nothing");
    let shown = |standen: &[iwmo_toewijzing::deadline::Stand]| {
        let filter = view::TermijnFilter { limit: 100, standen: standen.to_vec(), ..Default::default() };
        let rows =
            view::termijnen(&gateway.ledger, &settings(Duration::ZERO), &filter, today()).unwrap().rows;
        let told = rows.into_iter().filter(|row| row.termijn != "RETOUR_IN");
        told.map(|row| format!("{} {} {} {:?}", row.termijn, row.wie, row.uiterlijk, row.regels))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&[]),
        [r#"FAQ-315 aanbieder 2026-11-27 ["FAQ-315"]"#, r#"CAK_PGB gemeente 2036-11-05 ["Regeling-2f-pgb"]"#]
    );
    let request = crate::demo::requests::wmo315(envelope("H315"), &PERSON, &order(100_101), "R1").unwrap();
    gateway.send("hvb", request.encode()).unwrap();
    let told = gateway.outgoing("WMO401");
    gateway.send("cak", approve(&told[0].1, "C1")).unwrap();
    assert!(!shown(&[]).iter().any(|row| row.starts_with("FAQ-315") || row.starts_with("CAK_PGB")));
    assert_eq!(
        shown(&[iwmo_toewijzing::deadline::Stand::Gehaald]),
        [r#"FAQ-315 aanbieder 2026-11-27 ["FAQ-315"]"#, r#"CAK_PGB gemeente 2036-11-05 ["Regeling-2f-pgb"]"#]
    );
    gateway.stop();
}
