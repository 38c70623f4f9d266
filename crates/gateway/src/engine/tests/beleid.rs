//! New choices about the eigen bijdrage come into force when somebody has looked at what they do (ieb-cak E13).

use iwmo_toewijzing::cak::{EbBeleid, Laag, Lagen, Regime};

use super::*;
use crate::control::{CakChange, CakVerb, Change};
use crate::ledger::{EbKeuzes, Rows};
use crate::record::{Verklaring, Wat};
use crate::view::WerkFilter;

/// The usual settings, with choices that a configuration may have.
pub(super) fn usual() -> Settings {
    let mut usual = settings(Duration::ZERO);
    for own in usual.gemeenten.values_mut() {
        own.eb = Laag { melding_termijn: Some(Termijnen::all(24)), ..Laag::default() }.into();
    }
    usual
}

pub(super) fn open(disk: &SimulatedDisk) -> Gateway {
    let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
    Gateway::run_under(open_journal(disk).unwrap(), ledger, usual()).unwrap()
}

/// The usual settings, and no contribution at all from a day on.
fn none_from(day: &str) -> Settings {
    let mut changed = usual();
    for own in changed.gemeenten.values_mut() {
        let Lagen { basis, .. } = own.eb.lagen().clone();
        let none = Laag { geldig_vanaf: Some(date(day)), regime: Some(Regime::Geen), ..Laag::default() };
        own.eb = EbBeleid::new(Lagen { basis, wijziging: vec![none], ..Lagen::default() });
    }
    changed
}

fn pgb(gateway: &Gateway, bsn: &str) {
    let text = r#"{"voorziening": {"naam": "P", "leveringsvorm": "pgb", "categorie": "02", "ingangsdatum": "2026-10-05"}}"#;
    let verklaring = Verklaring::new(bsn, &serde_json::from_str(text).unwrap()).unwrap();
    gateway.act(GEMEENTE, Wat::Opgave { verklaring }).unwrap();
}

fn keuzes(gateway: &Gateway) -> EbKeuzes {
    gateway.ledger.row(&keys::eb_beleid(Gemeente::new(GEMEENTE).unwrap())).unwrap().unwrap()
}

fn work(gateway: &Gateway) -> Vec<String> {
    let filter = WerkFilter { limit: 100, ..WerkFilter::default() };
    let rows = view::werk(&gateway.ledger, &settings(Duration::ZERO), &filter, today()).unwrap().rows;
    rows.into_iter().map(|row| row.code).collect()
}

fn set(gateway: &Gateway, settings: Settings) {
    gateway.runtime.block_on(gateway.engine.set(settings, Noted::default())).unwrap();
}

/// One client whom the CAK knows.
fn known(disk: &SimulatedDisk) -> Gateway {
    let gateway = open(disk);
    pgb(&gateway, PERSON.bsn);
    let told = gateway.outgoing("WMO401");
    gateway.send("cak", approve(&told[0].1, "C0")).unwrap();
    gateway
}

/// The CAK is told by the choices before, whatever day comes; the change shows what would be told otherwise, and once it is
/// made everybody is planned for.
#[test]
fn e13_new_choices_wait_for_a_look() {
    let gateway = known(&SimulatedDisk::new(13));
    assert_eq!(keuzes(&gateway).voorgesteld, None);
    set(&gateway, none_from("2026-11-20"));
    assert!(keuzes(&gateway).voorgesteld.is_some());
    assert_eq!(work(&gateway), ["BELEID"]);
    assert!(gateway.engine.day(today()));
    pgb(&gateway, &bsn(7));
    assert_eq!(gateway.outgoing("WMO401").len(), 2, "another client is told of as before");
    assert!(gateway.outgoing("WMO403").is_empty());

    let change = CakChange { verb: CakVerb::BeleidInvoeren, gemeente: GEMEENTE.to_owned() };
    let plan = Change::Cak(change.clone()).plan(&gateway.ledger, &gateway.engine.settings()).unwrap();
    let told: Vec<_> = plan.summary.groepen.iter().map(|one| (one.bericht.as_deref(), one.aantal)).collect();
    assert_eq!(told, [(Some("WMO403/1"), 1)], "the other's start is under way");
    let acted = gateway.act(GEMEENTE, plan.acts[0].1.clone()).unwrap();
    assert_eq!(acted.gewijzigd, 1);
    gateway.wait_for(|gateway| gateway.outgoing("WMO403").len() == 1);
    assert!(work(&gateway).is_empty());
    let again = gateway.act(GEMEENTE, Wat::CakBeleid).unwrap();
    assert_eq!((again.entry, again.ongewijzigd), (None, 1));
    assert!(Change::Cak(change).plan(&gateway.ledger, &gateway.engine.settings()).unwrap().acts.is_empty());
    gateway.stop();
}

/// A start with a new configuration waits as a reload does, and what was approved stays so after the next start.
#[test]
fn what_waits_and_what_was_approved_outlive_a_start() {
    let disk = SimulatedDisk::new(14);
    let gateway = known(&disk);
    gateway.stop();
    let start = || {
        let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
        Gateway::run_under(open_journal(&disk).unwrap(), ledger, none_from("2026-11-20")).unwrap()
    };
    let gateway = start();
    assert!(gateway.engine.day(today()));
    assert_eq!(work(&gateway), ["BELEID"]);
    assert!(gateway.outgoing("WMO403").is_empty());
    gateway.stop();
    let gateway = start();
    assert_eq!(work(&gateway), ["BELEID"]);
    gateway.act(GEMEENTE, Wat::CakBeleid).unwrap();
    gateway.wait_for(|gateway| gateway.outgoing("WMO403").len() == 1);
    gateway.stop();
    let gateway = start();
    assert!(work(&gateway).is_empty());
    gateway.stop();
}

/// A configuration that says again what is in force ends the wait; without clients there is nothing to look at.
#[test]
fn nothing_waits_when_nothing_differs() {
    let gateway = open(&SimulatedDisk::new(15));
    set(&gateway, none_from("2026-11-20"));
    assert!(work(&gateway).is_empty(), "nobody is known");
    set(&gateway, usual());
    pgb(&gateway, PERSON.bsn);
    set(&gateway, none_from("2026-11-20"));
    assert_eq!(work(&gateway), ["BELEID"]);
    set(&gateway, usual());
    assert!(work(&gateway).is_empty());
    assert!(matches!(gateway.act("0000", Wat::CakBeleid), Err(ActError::WrongChain(_))));
    gateway.stop();
}
