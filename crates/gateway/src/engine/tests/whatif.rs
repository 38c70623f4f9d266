//! Recorded messages judged again.

use super::*;
use crate::journal::{ChainBatch, Draft, Tip};
use crate::ledger::Horizon;

fn ask(gateway: &Gateway, policy: &str) -> (Looked, Vec<Different>) {
    let mut found = Vec::new();
    let looked = what_if(
        &Policy::read(policy).unwrap(),
        gateway.engine.journal(),
        gateway.engine.schemas(),
        &mut |different| found.push(different),
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(looked.differences, found.len() as u64);
    (looked, found)
}

/// Under the policy it was decided by, nothing differs: refusals, held notifications and all.
#[test]
fn the_same_policy_makes_no_difference() {
    for bedenktijd in [Duration::ZERO, Duration::from_secs(3600)] {
        let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
        let gateway = Gateway::start(&SimulatedDisk::new(3), ledger, bedenktijd).unwrap();
        if bedenktijd.is_zero() {
            play_all(&gateway);
        } else {
            for step in [Step::Order, Step::OrderRetour, Step::Start, Step::StartAgain] {
                play(&gateway, step).unwrap();
            }
            assert!(gateway.outgoing("WMO401").is_empty(), "it is held back");
            gateway.clock.advance(bedenktijd * 2);
            gateway.engine.due();
        }
        gateway.wait_for(|gateway| !gateway.outgoing("WMO401").is_empty());
        let (looked, found) = ask(&gateway, "");
        assert_eq!(found, [], "{bedenktijd:?}");
        assert!(looked.messages >= 4 && looked.plans >= 1, "{looked:?}");
        gateway.stop();
    }
}

/// Each choice of the policy shows where it matters, and the journal is as before.
#[test]
fn another_policy_shows_what_it_would_change() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    for step in [Step::Order, Step::Start, Step::OrderRetour] {
        play(&gateway, step).unwrap();
    }
    let entries = gateway.engine.journal().entries();
    let (_, found) = ask(&gateway, "[beleid]\nwacht_op_bevestiging = true\n");
    let [Different { entry, soort: Some(soort), what: What::Uitspraak { was, zou, .. }, .. }] = &found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!((entry.to_string().as_str(), soort.as_str()), ("0222:2", "WMO305"));
    assert_eq!(*was, Uitspraak::Goedgekeurd);
    assert!(matches!(zou, Uitspraak::Klassen { codes } if codes == &[vec!["9019".to_owned()]]), "{zou:?}");

    let (_, other) = ask(&gateway, "[gemeente.0222.beleid]\nwacht_op_bevestiging = true\n");
    assert_eq!(other, found);
    let (_, other) = ask(&gateway, "[gemeente.0363.beleid]\nwacht_op_bevestiging = true\n");
    assert_eq!(other, []);

    let (_, found) =
        ask(&gateway, "[eigen_bijdrage]\nstart_trigger = \"toewijzing\"\nstop_trigger = \"toewijzing\"\n");
    assert!(found.iter().all(|different| matches!(different.what, What::Cak { .. })), "{found:?}");
    assert!(!found.is_empty());
    assert_eq!(gateway.engine.journal().entries(), entries);
    gateway.stop();
}

/// A release of the gateway that judges by other rules of the message: made up here by a journal that says that a message was
/// refused which breaks none, and that one was approved which breaks one.
#[test]
fn other_rules_within_a_message_show() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    for step in [Step::Order, Step::OrderRetour] {
        play(&gateway, step).unwrap();
    }
    let start = |name: &str, begin: &str| {
        let starts = [(date(begin), "1")];
        wmo305(envelope(name), &PERSON, &order(100_101), &starts).unwrap().encode()
    };
    gateway.send("hvb", start("A", "2030-01-01")).unwrap();
    gateway.send("hvb", start("B", "2026-11-02")).unwrap();
    assert_eq!(ask(&gateway, "").1, []);

    let mut journal =
        FileJournal::open_on(Arc::new(SimulatedDisk::new(4)), Path::new("/data/journal"), Options::default())
            .unwrap();
    let refused = || Uitspraak::Kop { codes: vec!["0001".to_owned()] };
    let approved = || Uitspraak::Klassen { codes: vec![vec!["9019".to_owned()]] };
    for entry in gateway.engine.journal().read_all(Position::START) {
        let entry = entry.unwrap();
        let mut record = Record::decode(entry.kind, entry.version, &entry.payload).unwrap();
        if let Record::Bericht(bericht) = &mut record
            && bericht.soort == "WMO305"
        {
            let was = bericht.uitspraak.clone();
            bericht.uitspraak = if was == refused() { approved() } else { refused() };
            bericht.eb = None;
            bericht.uitgaand.truncate(1);
        }
        let mut payload = Vec::new();
        record.encode(&mut payload);
        let drafts =
            [Draft { time: entry.time, kind: entry.kind, version: entry.version, payload: &payload }];
        let tip = journal.reader().tips().get(&entry.id.chain).copied().unwrap_or(Tip::start(entry.id.chain));
        let epoch = journal.epoch();
        journal.append(epoch, &[ChainBatch { tip, drafts: &drafts }]).unwrap();
    }
    let mut found = Vec::new();
    let policy = Policy::read("").unwrap();
    let schemas = gateway.engine.schemas();
    what_if(&policy, &journal.reader(), schemas, &mut |one| found.push(one), &mut |_| {}).unwrap();
    let found: Vec<_> = found
        .into_iter()
        .filter_map(|one| match one.what {
            What::Uitspraak { was, zou, regels } => Some((was, zou, regels)),
            _ => None,
        })
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], (approved(), refused(), vec!["TR134".to_owned()]));
    assert_eq!((&found[1].0, &found[1].1), (&refused(), &Uitspraak::Goedgekeurd));
    gateway.stop();
}

#[test]
fn a_policy_with_a_mistake_is_refused_with_its_place() {
    assert!(Policy::read("[beleid]\nstrikt = true\n").unwrap_err().contains("line 2"));
    assert!(Policy::read("[gemeente.9.beleid]\n").unwrap_err().contains("gemeente.9"));
}

/// The ledger of the past is the one that was there then.
#[test]
fn the_past_is_shown_as_it_was() {
    let gateway = Gateway::open(&SimulatedDisk::new(3));
    let applier = Applier::new(gateway.engine.schemas().clone());
    let mut then = Vec::new();
    for step in STORY {
        if let Some((receipt, _)) = play(&gateway, step).unwrap() {
            let moment = gateway.clock.now();
            gateway.clock.advance(Duration::from_secs(1));
            then.push((receipt.id, moment, gateway.ledger.tips(), gateway.ledger.content_hash().unwrap()));
        }
    }
    for (id, moment, tips, hash) in then {
        let reader = gateway.engine.journal();
        for horizon in [
            Horizon::Through(id.parse().unwrap()),
            Horizon::Before(moment + jiff::SignedDuration::from_millis(1)),
        ] {
            let (past, at) = ledger::temporary_until(horizon, reader, &applier, &mut |_| {}).unwrap();
            assert_eq!((past.tips(), past.content_hash().unwrap()), (tips.clone(), hash), "{id} {horizon:?}");
            assert!(at >= moment && at <= moment + jiff::SignedDuration::from_millis(1));
        }
    }
    let missing = Horizon::Through("0222:9999".parse().unwrap());
    let error =
        ledger::temporary_until(missing, gateway.engine.journal(), &applier, &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "the journal has no entry 0222:9999");
    gateway.stop();
}

/// Under the schemas of the time nothing differs; under those that know no 305, every 305 does, and the store is as it was.
#[test]
fn other_schemas_tell_which_messages_they_do_not_know() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    play_all(&gateway);
    let look = |schemas: &Schemas| {
        let mut found = Vec::new();
        let looked =
            what_if_schemas(gateway.engine.journal(), schemas, &mut |one| found.push(one), &mut |_| {})
                .unwrap();
        assert_eq!(looked.differences, found.len() as u64);
        for kind in ["WMO301", "WMO305", "WMO401"] {
            assert_eq!(looked.bundled.contains(kind), !schemas.have(kind), "{kind}");
        }
        (looked.messages, found)
    };
    let (messages, found) = look(&Schemas::bundled());
    assert!(messages > 10 && found.is_empty(), "{messages} {found:?}");
    // A release that has a 305 and a 306 that nothing fits; what it does not have is held against the bundled ones.
    let schema = |kind: &str| {
        format!(
            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:iwmo/3_9/{kind}/schema\">\
             <xs:element name=\"Bericht\" type=\"xs:string\"/></xs:schema>"
        )
    };
    let (start, retour) = (schema("wmo305"), schema("wmo306"));
    let only = [
        iwmo_codec::SchemaSource { name: "WMO305.xsd", text: &start },
        iwmo_codec::SchemaSource { name: "WMO306.xsd", text: &retour },
    ];
    let other = Schemas::load(&only).unwrap();
    assert!(other.have("WMO305") && !other.have("WMO301") && !other.have("wmo30"));
    let (again, found) = look(&other);
    assert!(again == messages && !found.is_empty() && (found.len() as u64) < messages, "{found:?}");
    assert!(matches!(&found[0].what, What::Ongeldig { regels, .. } if !regels.is_empty()));
    assert!(
        found.iter().all(|one| ["WMO305", "WMO306"].contains(&one.soort.as_deref().unwrap())),
        "{found:?}"
    );
    let was = |kind: &str| {
        let of = |one: &&Different| one.soort.as_deref() == Some(kind);
        match &found.iter().find(of).unwrap().what {
            What::Ongeldig { was, .. } => was.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((was("WMO305"), was("WMO306")), (Some(Uitspraak::Goedgekeurd), None));
    gateway.stop();
}
