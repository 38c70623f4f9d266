//! A notification that the CAK's side does not take (ieb-cak 6.3): a task for a person, not a person who waits for ever.

use super::acts::place;
use super::*;
use crate::control::{OutboxChange, OutboxVerb, WorkChange, WorkVerb};
use crate::ledger::{Persoon, Rows};
use crate::record::Wat;

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

/// Once the cause is mended the person is released: the planner sends what the CAK should know anew, with another
/// Identificatie and the number that it never received. The refused message itself is never sent again.
#[test]
fn a_released_person_is_told_about_anew() {
    let gateway = Gateway::open(&SimulatedDisk::new(2));
    let id = started(&gateway);
    report(&gateway, id.clone(), Outcome::Refused { reason: "the partner answered 422".to_owned() });
    let again = gateway.act(GEMEENTE, Wat::UitgaandOpnieuw { berichten: place(&id) }).unwrap_err();
    assert!(again.to_string().contains("iwmo work release"), "{again}");
    // By filter it is passed over, so that others are sent again.
    let all = OutboxChange {
        verb: OutboxVerb::Opnieuw,
        berichten: Vec::new(),
        gemeenten: None,
        partner: Some("cak".to_owned()),
        bericht: None,
        stand: None,
    };
    let plan =
        crate::control::Change::Uitgaand(all).plan(&gateway.ledger, &gateway.engine.settings()).unwrap();
    assert_eq!((plan.acts.len(), plan.summary.aantal), (0, 0));

    let choose = |namen: Vec<String>| {
        let change = WorkChange {
            verb: WorkVerb::Vrijgeven,
            namen,
            gemeente: None,
            aanbieder: None,
            code: Some("transport".to_owned()),
        };
        crate::control::Change::Werk(change).plan(&gateway.ledger, &gateway.engine.settings())
    };
    let plan = choose(Vec::new()).unwrap();
    assert_eq!((plan.summary.aantal, plan.summary.groepen[0].bericht.as_deref()), (1, Some("TRANSPORT")));
    assert_eq!(choose(vec![id.to_string()]).unwrap().acts, plan.acts, "the work queue names it so");
    let acted = gateway.act(GEMEENTE, plan.acts[0].1.clone()).unwrap();
    assert_eq!((acted.gewijzigd, acted.ongewijzigd), (1, 0));
    let told = gateway.outgoing("WMO401");
    let [(_, first), (_, second)] = &told[..] else { panic!("{}", told.len()) };
    assert_ne!(first.header().identificatie, second.header().identificatie);
    let number = |message: &Message| match message {
        Message::Wmo401(m) => m.client.start_eigen_bijdrage.eb_start_nummer.value(),
        other => panic!("{other:?}"),
    };
    assert_eq!(number(first), number(second));
    play(&gateway, Step::CakRetour(1)).unwrap();
    assert_eq!(persoon(&gateway).eb.aanvaard().len(), 1);
    assert_eq!(persoon(&gateway).eb_reden, None);

    let entries = gateway.engine.journal().entries();
    let twice = gateway.act(GEMEENTE, Wat::CakVrijgeven { meldingen: place(&id) }).unwrap();
    assert_eq!((twice.entry, twice.ongewijzigd), (None, 1));
    assert_eq!(gateway.engine.journal().entries(), entries);
    let (retour, _) = gateway.outgoing("WMO306").remove(0);
    let wrong = gateway.act(GEMEENTE, Wat::CakVrijgeven { meldingen: place(&retour) }).unwrap_err();
    assert!(wrong.to_string().contains("no notification to the CAK"), "{wrong}");
    gateway.stop();
}

/// A notification that the CAK took is not sent once more, and nobody is told that it did not take it.
#[test]
fn what_the_cak_took_is_not_sent_again() {
    let gateway = Gateway::open(&SimulatedDisk::new(2));
    play_all(&gateway);
    let (id, _) = gateway.outgoing("WMO401").remove(0);
    for wat in
        [Wat::UitgaandHerhalen { berichten: place(&id) }, Wat::UitgaandOpnieuw { berichten: place(&id) }]
    {
        let refused = gateway.act(GEMEENTE, wat).unwrap_err().to_string();
        assert_eq!(refused, format!("{id} was answered by the CAK: it is not sent again"));
    }
    gateway.stop();
}
