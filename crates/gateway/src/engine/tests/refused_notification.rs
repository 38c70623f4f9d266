//! A notification that the CAK's side does not take (ieb-cak 6.3): a task for a person, not a person who waits for ever.

use super::*;
use crate::ledger::{Persoon, Rows};

fn persoon(gateway: &Gateway) -> Persoon {
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    let bsn = iwmo_toewijzing::identity::Bsn::new(PERSON.bsn).unwrap();
    gateway.ledger.row(&keys::persoon(gemeente, &bsn)).unwrap().unwrap()
}

fn started(gateway: &Gateway) -> OutgoingId {
    for step in [Step::Order, Step::OrderRetour, Step::Start] {
        play(gateway, step).unwrap();
    }
    let told = gateway.outgoing("WMO401");
    assert_eq!(told.len(), 1);
    told[0].0.clone()
}

fn report(gateway: &Gateway, id: OutgoingId, outcome: Outcome) {
    gateway.runtime.block_on(gateway.engine.outcome(id, outcome)).unwrap();
}

#[test]
fn a_notification_that_is_refused_becomes_a_task() {
    let gateway = Gateway::open(&SimulatedDisk::new(2));
    let id = started(&gateway);
    report(&gateway, id, Outcome::Refused { reason: "the partner answered 422".to_owned() });
    assert_eq!(persoon(&gateway).eb_reden.as_deref(), Some("TRANSPORT"));
    // What happens later tells the CAK nothing until somebody looked.
    play(&gateway, Step::Stop).unwrap();
    assert!(gateway.outgoing("WMO403").is_empty());
    assert_eq!(gateway.outgoing("WMO401").len(), 1);
    assert_eq!(persoon(&gateway).eb_reden.as_deref(), Some("TRANSPORT"));
    gateway.stop();
}

/// One that could not be delivered may have arrived: it is not taken for refused, and waits in the outbox.
#[test]
fn a_notification_that_was_given_up_still_waits_for_its_retour() {
    let gateway = Gateway::open(&SimulatedDisk::new(2));
    let id = started(&gateway);
    report(&gateway, id, Outcome::GivenUp { reason: "timed out".to_owned() });
    assert_eq!(persoon(&gateway).eb_reden, None);
    assert!(persoon(&gateway).eb.onderweg().is_some());
    let row = &view::outgoing(&gateway.ledger, Some("cak"), false, 10).unwrap()[0];
    assert_eq!((row.stand, row.reden.as_deref()), ("geparkeerd", Some("timed out")));
    // The retour comes after all.
    play(&gateway, Step::CakRetour(0)).unwrap();
    assert_eq!(persoon(&gateway).eb.aanvaard().len(), 1);
    gateway.stop();
}

/// A message to another partner that is refused is no matter of the CAK.
#[test]
fn a_refused_retour_leaves_the_person_alone() {
    let gateway = Gateway::open(&SimulatedDisk::new(2));
    started(&gateway);
    let (id, _) = gateway.outgoing("WMO306").remove(0);
    report(&gateway, id, Outcome::Refused { reason: "the partner answered 422".to_owned() });
    assert_eq!(persoon(&gateway).eb_reden, None);
    gateway.stop();
}
