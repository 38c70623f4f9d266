//! Deadlines as they stand, agreements and missing starts (D26), confirmation when sending (D4), and the rules behind an
//! approval, through the whole engine.

use iwmo_toewijzing::deadline::{Afspraak, Stand};

use super::*;
use crate::control::{Change, WorkChange, WorkVerb};
use crate::demo::requests::wmo301_granting;
use crate::record::{TermijnPlek, Wat};
use crate::view::{TermijnFilter, TermijnView, WerkFilter};

/// The policy of these tests: contact within a week, a start within ten working days and reported within three weeks,
/// and a day on which the gemeente is closed.
fn agreed() -> Settings {
    let mut settings = settings(Duration::ZERO);
    let beleid = &mut settings.gemeenten.get_mut(&Gemeente::new(GEMEENTE).unwrap()).unwrap().beleid;
    beleid.geen_start_dagen = Some(21);
    beleid.kalender.sluitingsdagen.insert(date("2026-11-27"));
    beleid.afspraken = vec![
        Afspraak { contact_dagen: Some(99), tot: Some(date("2026-11-24")), ..Afspraak::default() },
        Afspraak {
            aanbieder: Some(Aanbieder::new(HVB).unwrap()),
            vanaf: Some(date("2026-11-25")),
            tot: None,
            contact_dagen: Some(7),
            start_werkdagen: Some(10),
        },
    ];
    settings
}

fn started(disk: &SimulatedDisk, settings: Settings) -> Gateway {
    let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
    Gateway::run_under(open_journal(disk).unwrap(), ledger, settings).unwrap()
}

fn terms(gateway: &Gateway, today: Date, standen: &[Stand]) -> Vec<TermijnView> {
    let filter = TermijnFilter { limit: 100, standen: standen.to_vec(), ..TermijnFilter::default() };
    view::termijnen(&gateway.ledger, &agreed(), &filter, today).unwrap().rows
}

fn stands(gateway: &Gateway, today: Date) -> Vec<String> {
    let rows = terms(gateway, today, &Stand::ALL);
    rows.iter().map(|row| format!("{} {} {}", row.termijn, row.uiterlijk, row.stand)).collect()
}

fn starts(gateway: &Gateway, today: Date) -> Vec<String> {
    let filter = WerkFilter { limit: 100, soort: Some("start".parse().unwrap()), ..WerkFilter::default() };
    let page = view::werk(&gateway.ledger, &agreed(), &filter, today).unwrap();
    page.rows.iter().map(|row| row.entry.clone().unwrap()).collect()
}

/// From the 301 to the start: what is due, overdue, dealt with by hand, met and met late; a replay says the same.
#[test]
fn d26_and_agreements_from_the_301_to_the_start() {
    let disk = SimulatedDisk::new(4);
    let gateway = started(&disk, agreed());
    play(&gateway, Step::Order).unwrap();
    let (sent, late) = (today(), date("2026-12-31"));
    assert_eq!(
        stands(&gateway, sent),
        [
            // The 27th does not count.
            "RETOUR_IN 2026-12-01 loopt",
            "CONTACT 2026-12-02 loopt",
            "START_AGREED 2026-12-10 loopt",
            "NO_START 2026-12-16 loopt",
        ]
    );
    assert_eq!(starts(&gateway, sent), [] as [&str; 0]);
    let nummer = 100_101;
    let name = |termijn: &str| format!("{GEMEENTE}/{nummer}/{termijn}");
    assert_eq!(
        starts(&gateway, late),
        [name("CONTACT"), name("START_AGREED"), name("NO_START")],
        "overdue, it is work"
    );
    let row = terms(&gateway, late, &[Stand::Verlopen]).remove(3);
    assert_eq!((row.termijn, &row.regels[..]), ("NO_START", &["D26"][..]));

    let done = |termijn: &str| Wat::TermijnAfgehandeld {
        termijnen: vec![TermijnPlek { nummer, termijn: termijn.to_owned() }],
    };
    assert_eq!(gateway.act(GEMEENTE, done("CONTACT")).unwrap().gewijzigd, 1);
    assert_eq!(gateway.act(GEMEENTE, done("CONTACT")).unwrap().ongewijzigd, 1, "said before");
    for (chain, wat) in [
        (GEMEENTE, done("OP274")),
        ("0000", done("CONTACT")),
        (GEMEENTE, Wat::TermijnAfgehandeld { termijnen: Vec::new() }),
        (
            GEMEENTE,
            Wat::TermijnAfgehandeld {
                termijnen: vec![TermijnPlek { nummer: 999, termijn: "CONTACT".to_owned() }],
            },
        ),
    ] {
        let refused = gateway.act(chain, wat.clone());
        assert!(refused.is_err(), "{chain} {wat:?}");
    }
    assert_eq!(starts(&gateway, late), [name("START_AGREED"), name("NO_START")]);
    // What the command shows before it does it.
    let asked = |name: String| {
        let change = WorkChange {
            verb: WorkVerb::Afhandelen,
            namen: vec![name],
            gemeente: None,
            aanbieder: None,
            code: None,
        };
        Change::Werk(change).plan(&gateway.ledger, &gateway.engine.settings())
    };
    let plan = asked(name("start_agreed")).unwrap();
    let group = &plan.summary.groepen[0];
    assert_eq!((plan.summary.aantal, group.partner.as_str(), group.aantal), (1, HVB, 1));
    assert_eq!(asked(name("CONTACT")).unwrap().summary.ongewijzigd, 1);
    for wrong in ["0222/100101", "0222/100101/CONTACT/1", "0222/x/CONTACT", "100101/CONTACT"] {
        assert!(asked(wrong.to_owned()).is_err(), "{wrong}");
    }

    gateway.clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
    let order = order(nummer);
    let start = Envelope { today: date("2026-12-25"), ..envelope("H305") };
    let begun = wmo305(start, &PERSON, &order, &[(date("2026-12-10"), "1")]).unwrap();
    gateway.send("hvb", begun.encode()).unwrap();
    assert_eq!(starts(&gateway, late), [] as [&str; 0]);
    // What a start showed to be met is in no queue: neither what shows it first nor the loop takes it for work.
    let refused = asked(name("START_AGREED")).unwrap_err();
    assert!(refused.melding.contains("names no deadline"), "{}", refused.melding);
    assert!(gateway.act(GEMEENTE, done("START_AGREED")).is_err());
    let shown = stands(&gateway, late);
    for row in [
        "CONTACT 2026-12-02 gehaald",
        "START_AGREED 2026-12-10 gehaald",
        "NO_START 2026-12-16 te_laat",
        "START_DUE 2026-12-17 te_laat",
    ] {
        assert!(shown.iter().any(|found| found == row), "{row} in {shown:#?}");
    }
    // Without asking for what is met, nothing of it is shown.
    let open = terms(&gateway, late, &[]);
    assert!(open.iter().all(|row| row.gehaald_op.is_none() && row.termijn != "CONTACT"), "{open:#?}");
    gateway.stop();

    let again = started(&disk, agreed());
    let replayed = ledger::temporary(again.engine.journal(), &Applier::new(Schemas::bundled()), &mut |_| {});
    let filter = TermijnFilter { limit: 100, standen: Stand::ALL.to_vec(), ..TermijnFilter::default() };
    let page = view::termijnen(&replayed.unwrap(), &agreed(), &filter, late).unwrap();
    assert_eq!(page.rows, terms(&again, late, &Stand::ALL));
    again.stop();
}

/// D4: a delete under a delivery waits for a confirmation, which the journal keeps; nothing is recorded before.
#[test]
fn d4_a_delete_under_a_delivery_is_sent_when_confirmed() {
    let gateway = started(&SimulatedDisk::new(4), settings(Duration::ZERO));
    play(&gateway, Step::Order).unwrap();
    let order = order(100_101);
    let begun = wmo305(envelope("H305"), &PERSON, &order, &[(today(), "1")]).unwrap();
    gateway.send("hvb", begun.encode()).unwrap();
    let gone = Order { einddatum: order.ingangsdatum, ..order };
    let delete = wmo301_granting(envelope("T9"), &PERSON, &[(&gone, None, Some("13"))]).unwrap().encode();
    let before = gateway.engine.journal().entries();
    for confirmed in [&[][..], &["OUTSIDE_PERIOD"][..]] {
        let Err(Refusal::Unacceptable { title, detail, rules, .. }) =
            gateway.send_confirmed(delete.clone(), confirmed)
        else {
            panic!("it was sent");
        };
        assert_eq!(
            (title.as_str(), &rules[..]),
            ("The message needs a confirmation", &["DELETE_WITH_DELIVERY".to_owned()][..])
        );
        assert!(detail.contains("?bevestigd=DELETE_WITH_DELIVERY"), "{detail}");
    }
    assert_eq!(gateway.engine.journal().entries(), before);
    let receipt = gateway.send_confirmed(delete, &["DELETE_WITH_DELIVERY"]).unwrap();
    let seq = receipt.id.split(':').nth(1).unwrap().parse().unwrap();
    let chain = keys::chain(Gemeente::new(GEMEENTE).unwrap());
    let entry = gateway.engine.journal().get(chain, seq).unwrap().unwrap();
    let Ok(Record::Bericht(bericht)) = Record::decode(entry.kind, entry.version, &entry.payload) else {
        panic!("no message");
    };
    assert_eq!(bericht.bevestigd, Some(vec!["DELETE_WITH_DELIVERY".to_owned()]));
    gateway.stop();
}

/// An approval stands in the journal with the rules that it keeps, a refusal with those that it breaks.
#[test]
fn the_journal_has_the_rules_of_approvals_too() {
    let gateway = started(&SimulatedDisk::new(4), settings(Duration::ZERO));
    play(&gateway, Step::Order).unwrap();
    let order = order(100_101);
    for name in ["H1", "H2"] {
        let begun = wmo305(envelope(name), &PERSON, &order, &[(today(), "1")]).unwrap();
        gateway.send("hvb", begun.encode()).unwrap();
    }
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    let nummer = iwmo_toewijzing::identity::ToewijzingNummer::new(100_101).unwrap();
    let (journal, schemas) = (gateway.engine.journal(), gateway.engine.schemas());
    let shown =
        view::toewijzing(&gateway.ledger, journal, schemas, gemeente, nummer, today()).unwrap().unwrap();
    let judged: Vec<(&str, Option<&str>, String)> = shown
        .tijdlijn
        .iter()
        .filter(|line| line.oordeel.is_some())
        .map(|line| (line.bericht.as_str(), line.oordeel, line.regels.join(" ")))
        .collect();
    let wanted = [
        ("WMO301", Some("goedgekeurd"), "TR056 TR135 TR332"),
        ("WMO305", Some("goedgekeurd"), "CS058 TR019 TR056 TR074 TR135 TR326"),
        ("WMO305", Some("afgekeurd"), "TR074 TR326"),
    ];
    assert_eq!(judged, wanted.map(|(kind, verdict, rules)| (kind, verdict, rules.to_owned())));
    gateway.stop();
}

/// D21: another version of the schema is odd and no more.
#[test]
fn d21_another_version_of_the_schema_is_odd() {
    let gateway = started(&SimulatedDisk::new(4), settings(Duration::ZERO));
    play(&gateway, Step::Order).unwrap();
    let begun = wmo305(envelope("H1"), &PERSON, &order(100_101), &[(today(), "1")]).unwrap();
    let text = String::from_utf8(begun.encode())
        .unwrap()
        .replace("BerichtXsdVersie>1.0.0<", "BerichtXsdVersie>1.0.1<");
    gateway.send("hvb", text.into_bytes()).unwrap();
    let filter = WerkFilter { limit: 100, ..WerkFilter::default() };
    let page = view::werk(&gateway.ledger, &settings(Duration::ZERO), &filter, today()).unwrap();
    let odd: Vec<_> = page.rows.iter().map(|row| (row.code.as_str(), &row.regels[..])).collect();
    assert_eq!(odd, [("XSD_VERSION", &["IV034", "D21"][..])]);
    gateway.stop();
}

/// Nothing was agreed with an aanbieder: a deadline of that kind does not exist for its toewijzingen.
#[test]
fn what_nobody_agreed_on_is_not_dealt_with() {
    let mut settings = settings(Duration::ZERO);
    settings.gemeenten.get_mut(&Gemeente::new(GEMEENTE).unwrap()).unwrap().beleid.geen_start_dagen = Some(21);
    let gateway = started(&SimulatedDisk::new(5), settings);
    play(&gateway, Step::Order).unwrap();
    let done = |termijn: &str| Wat::TermijnAfgehandeld {
        termijnen: vec![TermijnPlek { nummer: 100_101, termijn: termijn.to_owned() }],
    };
    for (termijn, there) in [("CONTACT", false), ("START_AGREED", false), ("NO_START", true)] {
        let change = WorkChange {
            verb: WorkVerb::Afhandelen,
            namen: vec![format!("{GEMEENTE}/100101/{termijn}")],
            gemeente: None,
            aanbieder: None,
            code: None,
        };
        let plan = Change::Werk(change).plan(&gateway.ledger, &gateway.engine.settings());
        assert_eq!(plan.is_ok(), there, "{termijn}");
        assert_eq!(gateway.act(GEMEENTE, done(termijn)).is_ok(), there, "{termijn}");
    }
    gateway.stop();
}
