//! Settings that a batch changed go back when it is not written: what is judged after it, and what the journal says of the
//! policy, is by those of before.

use iwmo_toewijzing::cak::{EbBeleid, Laag, Lagen, Regime};

use super::beleid::{open, usual};
use super::*;
use crate::journal::simulated::Fault;
use crate::ledger::{EbKeuzes, Rows};
use crate::record::{Verklaring, Wat};

fn gemeente() -> Gemeente {
    Gemeente::new(GEMEENTE).unwrap()
}

/// Settings without the aanbieder, under which nobody owes a contribution.
fn others() -> Settings {
    let mut others = usual();
    others.partners.remove(&PartnerId("hvb".to_owned()));
    for own in others.gemeenten.values_mut() {
        let Lagen { basis, .. } = own.eb.lagen().clone();
        let basis = Laag { regime: Some(Regime::Geen), ..basis };
        own.eb = EbBeleid::new(Lagen { basis, ..Lagen::default() });
        own.beleid.geen_start_dagen = Some(13);
    }
    others
}

fn set(gateway: &Gateway, settings: Settings) -> Result<(), Unavailable> {
    let noted = Noted { wat: vec!["others".to_owned()], ..Noted::default() };
    gateway.runtime.block_on(gateway.engine.set(settings, noted))
}

fn pgb(gateway: &Gateway, bsn: &str) {
    let text = r#"{"voorziening": {"naam": "P", "leveringsvorm": "pgb", "categorie": "02", "ingangsdatum": "2026-10-05"}}"#;
    let verklaring = Verklaring::new(bsn, &serde_json::from_str(text).unwrap()).unwrap();
    gateway.act(GEMEENTE, Wat::Opgave { verklaring }).unwrap();
}

fn proposed(gateway: &Gateway) -> bool {
    let row: EbKeuzes = gateway.ledger.row(&keys::eb_beleid(gemeente())).unwrap().unwrap();
    row.voorgesteld.is_some()
}

/// The policy texts in the journal, in order: of each start or going on, and of each change.
fn policies(gateway: &Gateway) -> Vec<(bool, String)> {
    let entries = gateway.engine.journal().read_all(Position::START).map(Result::unwrap);
    let policy =
        |entry: crate::journal::Entry| match Record::decode(entry.kind, entry.version, &entry.payload)
            .unwrap()
        {
            Record::Start(start) => Some((false, start.beleid)),
            Record::Instelling(instelling) => Some((true, instelling.beleid)),
            _ => None,
        };
    entries.filter_map(policy).collect()
}

/// The disk takes nothing while the settings change: the aanbieder is taken in as before, the journal tells of the policy of
/// before when it goes on, and nothing waits for a look. The same change is in force when it is made again.
#[test]
fn a_change_that_is_not_written_is_not_in_force() {
    let disk = SimulatedDisk::new(5);
    let gateway = open(&disk);
    play(&gateway, Step::Order).unwrap();
    play(&gateway, Step::OrderRetour).unwrap();
    let before = policies(&gateway);
    disk.fail(Fault::FailFrom { at: disk.operations() });
    set(&gateway, others()).unwrap_err();
    disk.mend();
    // The loop looks whether the journal takes entries again.
    gateway.engine.due();
    play(&gateway, Step::Start).unwrap();
    let after = policies(&gateway);
    assert_eq!(after.len(), before.len() + 1, "it says that it went on");
    assert!(after.iter().all(|one| *one == before[0]), "{after:?}");
    assert!(!proposed(&gateway));
    assert_eq!(gateway.outgoing("WMO401").len(), 1, "there is a contribution");

    set(&gateway, others()).unwrap();
    assert!(proposed(&gateway));
    play(&gateway, Step::Stop).unwrap_err();
    assert_eq!(policies(&gateway).last().map(|(changed, _)| *changed), Some(true));
    gateway.stop();
}

/// Any operation of the disk fails once, with a message under way before the change: what the answer says is in force.
#[test]
fn what_is_in_force_is_what_was_answered() {
    let mut refused = 0;
    for at in 0..12 {
        let disk = SimulatedDisk::new(at);
        let gateway = open(&disk);
        play(&gateway, Step::Order).unwrap();
        play(&gateway, Step::OrderRetour).unwrap();
        disk.fail(Fault::Fail { at: disk.operations() + at });
        let engine = gateway.engine.clone();
        let inbound = Inbound {
            partner: PartnerId("backoffice".to_owned()),
            route: Route::Backoffice,
            bytes: numbered(9).into(),
            key: None,
            bevestigd: Vec::new(),
        };
        let (_, changed) = gateway.runtime.block_on(async {
            let noted = Noted::default();
            tokio::join!(engine.receive(inbound), engine.set(others(), noted))
        });
        disk.mend();
        refused += u32::from(changed.is_err());
        assert_eq!(play(&gateway, Step::Start).is_err(), changed.is_ok(), "operation {at}: {changed:?}");
        assert_eq!(proposed(&gateway), changed.is_ok(), "operation {at}");
        assert_eq!(policies(&gateway).last().map(|(told, _)| *told), Some(changed.is_ok()), "operation {at}");
        gateway.stop();
    }
    assert!((1..8).contains(&refused), "{refused}");
}

/// Choices that somebody looked at and put in force are not when the entry is not written: nobody is told by them.
#[test]
fn choices_that_were_not_written_are_not_in_force() {
    let disk = SimulatedDisk::new(6);
    let gateway = open(&disk);
    pgb(&gateway, PERSON.bsn);
    let told = gateway.outgoing("WMO401");
    gateway.send("cak", approve(&told[0].1, "C0")).unwrap();
    let mut changed = others();
    changed.partners = usual().partners;
    set(&gateway, changed).unwrap();
    assert!(proposed(&gateway));
    disk.fail(Fault::FailFrom { at: disk.operations() });
    gateway.act(GEMEENTE, Wat::CakBeleid).unwrap_err();
    disk.mend();
    assert!(gateway.engine.day(today()));
    pgb(&gateway, &bsn(7));
    assert_eq!(gateway.outgoing("WMO401").len(), 2, "another is told of as before");
    assert!(proposed(&gateway));

    gateway.act(GEMEENTE, Wat::CakBeleid).unwrap();
    gateway.wait_for(|gateway| gateway.outgoing("WMO401").len() == 3);
    assert!(!proposed(&gateway));
    gateway.stop();
}
