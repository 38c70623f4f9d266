//! Acts of operators: what they change, that the journal gives the same again, and what is refused.

use super::*;
use crate::journal::Chain;
use crate::ledger::{Rows, Stand};
use crate::record::{ACT_MESSAGES_MAX, Handeling, Plek, REASON_BYTES_MAX, Wat, Wie};

impl Gateway {
    pub(super) fn act(&self, chain: &str, wat: Wat) -> Result<Acted, ActError> {
        self.act_for(chain, wat, "onderhoud bij de aanbieder")
    }

    fn act_for(&self, chain: &str, wat: Wat, reden: &str) -> Result<Acted, ActError> {
        let wie = Wie::Operator { uid: 1000, naam: Some("jan".to_owned()), namens: None };
        let chain = chain.parse().unwrap();
        let act = Act { chain, wie, wat, reden: reden.to_owned(), gekozen: false, sleutel: None };
        self.runtime.block_on(self.engine.act(act))
    }

    fn stand(&self, id: &OutgoingId) -> Stand {
        self.ledger.row::<Uitgaand>(&keys::uitgaand(id)).unwrap().unwrap().stand
    }

    fn waits(&self, partner: &str) -> Vec<OutgoingId> {
        let waiting = self.engine.waiting(&PartnerId(partner.to_owned()), 100);
        waiting.into_iter().map(|waiting| waiting.id).collect()
    }

    /// The aanbieder starts for the n-th person; the retour has the key of what was sent about them before.
    fn begin(&self, number: u32) {
        let person = Person { bsn: bsn(number).leak(), ..PERSON };
        let begun = [(date("2026-11-02"), "1")];
        let start = wmo305(envelope("H305"), &person, &order(100_000 + number), &begun).unwrap();
        self.send("hvb", start.encode()).unwrap();
    }

    fn outcome(&self, id: &OutgoingId, outcome: Outcome) {
        self.runtime.block_on(self.engine.outcome(id.clone(), outcome)).unwrap();
    }
}

pub(super) fn place(id: &OutgoingId) -> Vec<Plek> {
    vec![Plek { seq: id.seq, index: id.index }]
}

fn refused() -> Outcome {
    Outcome::Refused { reason: "the partner answered 422".to_owned() }
}

/// A held message is not sent and holds up its own key alone; released, it comes first again. An act that is done already
/// leaves no entry.
#[test]
fn a_held_message_waits_with_its_key_until_it_is_released() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    for number in [1, 2] {
        gateway.send("backoffice", numbered(number)).unwrap();
    }
    gateway.begin(1);
    let waits = gateway.waits("hvb");
    assert_eq!(waits.len(), 3);
    let hold = || Wat::UitgaandVasthouden { berichten: place(&waits[0]) };
    let acted = gateway.act(GEMEENTE, hold()).unwrap();
    assert_eq!((acted.gewijzigd, acted.ongewijzigd, acted.entry.is_some()), (1, 0, true));
    assert_eq!(gateway.stand(&waits[0]), Stand::Vastgehouden);
    assert_eq!(
        gateway.waits("hvb"),
        [waits[1].clone()],
        "the younger one of the same person waits behind it"
    );
    let entries = gateway.engine.journal().entries();
    assert_eq!(gateway.act(GEMEENTE, hold()).unwrap(), Acted { ongewijzigd: 1, ..Acted::default() });
    assert_eq!(gateway.engine.journal().entries(), entries);
    gateway.act(GEMEENTE, Wat::UitgaandVrijgeven { berichten: place(&waits[0]) }).unwrap();
    assert_eq!(gateway.waits("hvb"), waits);
    gateway.stop();
}

/// A younger held message does not hold up an older one with its key.
#[test]
fn what_is_older_than_a_held_message_goes_on() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.begin(1);
    let waits = gateway.waits("hvb");
    gateway.act(GEMEENTE, Wat::UitgaandVasthouden { berichten: place(&waits[1]) }).unwrap();
    assert_eq!(gateway.waits("hvb"), [waits[0].clone()]);
    gateway.stop();
}

/// A parked message gets another try with all its time; a cancelled one none; what was under way meanwhile does not
/// overrule the operator unless the partner has the message.
#[test]
fn parked_messages_are_sent_again_or_cancelled() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    for number in [1, 2, 3] {
        gateway.send("backoffice", numbered(number)).unwrap();
    }
    let waits = gateway.waits("hvb");
    gateway.outcome(&waits[0], refused());
    gateway.clock.advance(Duration::from_secs(3600));
    gateway.act(GEMEENTE, Wat::UitgaandOpnieuw { berichten: place(&waits[0]) }).unwrap();
    let again = gateway.engine.waiting(&PartnerId("hvb".to_owned()), 1).remove(0);
    assert_eq!((again.id, again.since, again.not_before, again.attempts), {
        let now = gateway.clock.now();
        (waits[0].clone(), now, now, 1)
    });
    let spurred = gateway.engine.standing(&PartnerId("hvb".to_owned())).spurred;
    assert_eq!(spurred, gateway.clock.now());

    for id in &waits[1..] {
        gateway.act(GEMEENTE, Wat::UitgaandAnnuleren { berichten: place(id) }).unwrap();
        assert_eq!(gateway.stand(id), Stand::Geannuleerd);
    }
    let late = Outcome::Retry { reason: "timed out".to_owned(), not_before: NOW.parse().unwrap() };
    gateway.outcome(&waits[1], late);
    assert_eq!(gateway.stand(&waits[1]), Stand::Geannuleerd);
    gateway.outcome(&waits[2], Outcome::Delivered { receipt: None });
    assert_eq!(gateway.stand(&waits[2]), Stand::Bezorgd, "the partner has it: that is the truth");
    assert_eq!(gateway.waits("hvb"), [waits[0].clone()]);
    let open = view::outgoing(&gateway.ledger, None, false, 10).unwrap();
    assert_eq!(open.len(), 1, "what is final is not listed");
    gateway.stop();
}

/// While a message is held, an attempt that fails leaves it held, and one that is refused parks it.
#[test]
fn an_attempt_that_ends_while_its_message_is_held() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    gateway.send("backoffice", numbered(1)).unwrap();
    let id = gateway.waits("hvb").remove(0);
    gateway.act(GEMEENTE, Wat::UitgaandVasthouden { berichten: place(&id) }).unwrap();
    let late = Outcome::Retry { reason: "timed out".to_owned(), not_before: NOW.parse().unwrap() };
    gateway.outcome(&id, late);
    assert_eq!(gateway.stand(&id), Stand::Vastgehouden);
    gateway.outcome(&id, refused());
    assert_eq!(gateway.stand(&id), Stand::Geparkeerd);
    assert_eq!(gateway.waits("hvb"), []);
    gateway.stop();
}

/// Nothing goes to a held partner, others go on; how long its messages waited counts from its release.
#[test]
fn a_held_partner_gets_nothing_until_it_is_released() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    gateway.send("backoffice", numbered(1)).unwrap();
    let (hvb, cak) = (PartnerId("hvb".to_owned()), PartnerId("cak".to_owned()));
    let hold = || Wat::PartnerVasthouden { partner: "hvb".to_owned() };
    gateway.act("0000", hold()).unwrap();
    assert!(gateway.engine.standing(&hvb).held && !gateway.engine.standing(&cak).held);
    assert_eq!(gateway.act("0000", hold()).unwrap().entry, None);
    gateway.clock.advance(Duration::from_secs(7 * 86_400));
    gateway.act("0000", Wat::PartnerVrijgeven { partner: "hvb".to_owned() }).unwrap();
    assert!(!gateway.engine.standing(&hvb).held);
    assert_eq!(gateway.engine.waiting(&hvb, 1)[0].since, gateway.clock.now());
    gateway.stop();
}

/// What cannot be done is refused as a whole, names the message, and changes nothing.
#[test]
fn acts_that_cannot_be_done_are_refused_whole() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    for number in [1, 2] {
        gateway.send("backoffice", numbered(number)).unwrap();
    }
    let waits = gateway.waits("hvb");
    gateway.outcome(&waits[0], Outcome::Delivered { receipt: None });
    let entries = gateway.engine.journal().entries();
    let both: Vec<Plek> = waits.iter().flat_map(place).collect();
    let error = gateway.act(GEMEENTE, Wat::UitgaandAnnuleren { berichten: both }).unwrap_err();
    assert_eq!(error.to_string(), format!("{} is bezorgd: it cannot be cancelled", waits[0]));
    let one = || place(&waits[1]);
    let none = Plek { seq: 99, index: 0 };
    for (chain, wat, expected) in [
        (
            GEMEENTE,
            Wat::UitgaandVrijgeven { berichten: vec![none] },
            "there is no outgoing message 0222:99/0",
        ),
        (GEMEENTE, Wat::UitgaandVrijgeven { berichten: Vec::new() }, "an act names 1 to 10000 messages"),
        ("0000", Wat::UitgaandVasthouden { berichten: one() }, "does not belong in chain 0000"),
        (GEMEENTE, Wat::PartnerVasthouden { partner: "hvb".to_owned() }, "does not belong in chain 0222"),
        ("0000", Wat::PartnerVasthouden { partner: "x".repeat(65) }, "longer than 64 bytes"),
    ] {
        let error = gateway.act(chain, wat).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(gateway.act("0000", Wat::PartnerVasthouden { partner: "x".repeat(64) }).is_ok());
    let hold = || Wat::UitgaandVasthouden { berichten: one() };
    assert!(matches!(gateway.act_for(GEMEENTE, hold(), " "), Err(ActError::NoReason)));
    let long = "x".repeat(REASON_BYTES_MAX + 1);
    assert!(matches!(gateway.act_for(GEMEENTE, hold(), &long), Err(ActError::TooLong { .. })));
    for named in ["999900006 belde", "over 999900006", "(999900006)", "1/2 999900006/x", "0222/1,999900006"] {
        let refused = gateway.act_for(GEMEENTE, hold(), named);
        assert!(matches!(refused, Err(ActError::NamesPerson)), "{named}");
    }
    assert_eq!(gateway.engine.journal().entries(), entries + 1);
    for (number, good) in
        (1..).zip(["0222/999900006", "999900007", "9999000060", "x1999900006", "op 2026-11-25"])
    {
        gateway.act_for(GEMEENTE, hold(), good).unwrap();
        let release = Wat::UitgaandVrijgeven { berichten: one() };
        gateway.act_for(GEMEENTE, release, good).unwrap();
        assert_eq!(gateway.engine.journal().entries(), entries + 1 + 2 * number);
    }
    gateway.act_for(GEMEENTE, hold(), &long[1..]).unwrap();
    gateway.stop();
}

/// An act may name so many messages and not one more.
#[test]
fn the_number_of_messages_of_an_act_is_bounded() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    gateway.send("backoffice", numbered(1)).unwrap();
    let one = place(&gateway.waits("hvb")[0])[0];
    let many = |count: usize| Wat::UitgaandVasthouden { berichten: vec![one; count] };
    assert!(matches!(gateway.act(GEMEENTE, many(ACT_MESSAGES_MAX + 1)), Err(ActError::Count(10_001))));
    assert_eq!(gateway.act(GEMEENTE, many(ACT_MESSAGES_MAX)).unwrap().gewijzigd, 1);
    gateway.stop();
}

/// The record is read back as it was written, every kind of act and of actor.
#[test]
fn acts_go_through_the_journal() {
    let berichten = vec![Plek { seq: 7, index: 0 }, Plek { seq: 8, index: 3 }];
    let operator = Wie::Operator { uid: 0, naam: Some("root".to_owned()), namens: Some("jan".to_owned()) };
    for (wie, wat) in [
        (Wie::Gateway, Wat::UitgaandOpnieuw { berichten: berichten.clone() }),
        (operator, Wat::UitgaandVasthouden { berichten: berichten.clone() }),
        (
            Wie::Token { naam: "zaaksysteem".to_owned() },
            Wat::UitgaandVrijgeven { berichten: berichten.clone() },
        ),
        (Wie::Partner { naam: "hvb".to_owned() }, Wat::UitgaandAnnuleren { berichten }),
        (Wie::Gateway, Wat::PartnerVasthouden { partner: "hvb".to_owned() }),
        (Wie::Gateway, Wat::PartnerVrijgeven { partner: "hvb".to_owned() }),
    ] {
        let sleutel = Some(crate::record::Sleutel { sleutel: "a-1".to_owned(), inhoud: [9; 32] });
        let record = Record::Handeling(Box::new(Handeling { wie, wat, reden: "waarom".to_owned(), sleutel }));
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        assert_eq!(record.kind(), 5);
        assert_eq!(Record::decode(5, crate::record::RECORD_VERSION, &bytes).unwrap(), record);
    }
    assert_eq!(Chain::NONE.to_string(), "0000");
}

/// Of messages that somebody names each must fit; of those that a filter chose, one that was delivered meanwhile is left out.
#[test]
fn what_a_filter_chose_may_have_gone_meanwhile() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.send("backoffice", numbered(2)).unwrap();
    let ids = gateway.waits("hvb");
    gateway.outcome(&ids[0], Outcome::Delivered { receipt: None });
    let act = |gekozen: bool| {
        let wat = Wat::UitgaandVasthouden { berichten: [place(&ids[0]), place(&ids[1])].concat() };
        let chain = GEMEENTE.parse().unwrap();
        let act = Act { chain, wie: Wie::Gateway, wat, reden: "r".to_owned(), gekozen, sleutel: None };
        gateway.runtime.block_on(gateway.engine.act(act))
    };
    assert!(matches!(act(false), Err(ActError::Unfit { .. })));
    let acted = act(true).unwrap();
    assert_eq!((acted.gewijzigd, acted.ongewijzigd), (1, 0));
    assert_eq!([gateway.stand(&ids[0]), gateway.stand(&ids[1])], [Stand::Bezorgd, Stand::Vastgehouden]);
    gateway.stop();
}

/// An operator's acts on a store without a gateway leave nothing but themselves.
#[test]
fn attending_records_no_start() {
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    gateway.send("backoffice", numbered(1)).unwrap();
    let id = gateway.waits("hvb").remove(0);
    let entries = gateway.engine.journal().entries();
    gateway.stop();
    let engine = Engine::attend(data.path(), HandClock::new(), &mut |_| {}).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let wat = Wat::UitgaandVasthouden { berichten: place(&id) };
    let act = Act {
        chain: GEMEENTE.parse().unwrap(),
        wie: Wie::Gateway,
        wat,
        reden: "r".to_owned(),
        gekozen: false,
        sleutel: None,
    };
    runtime.block_on(engine.act(act)).unwrap();
    assert_eq!(engine.journal().entries(), entries + 1);
    engine.stop();
}

/// A notification to the CAK that an operator cancels leaves the person to somebody's decision: its retour never comes.
#[test]
fn a_cancelled_notification_becomes_a_task() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.begin(1);
    let id = gateway.waits("cak").remove(0);
    gateway.act(GEMEENTE, Wat::UitgaandAnnuleren { berichten: place(&id) }).unwrap();
    let persoon = keys::persoon(Gemeente::new(GEMEENTE).unwrap(), &{
        iwmo_toewijzing::identity::Bsn::new(&bsn(1)).unwrap()
    });
    let row: ledger::Persoon = gateway.ledger.row(&persoon).unwrap().unwrap();
    assert_eq!(row.eb_reden.as_deref(), Some("TRANSPORT"));
    gateway.stop();
}

/// What was delivered goes out once more with the same bytes, once however often it is asked, beside everything else;
/// how long the first delivery took stays what it was.
#[test]
fn a_delivered_message_goes_out_once_more_as_it_was() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.begin(1);
    let first = gateway.unsent();
    gateway.deliver().unwrap();
    assert!(gateway.unsent().is_empty());
    let counted: Vec<_> = gateway.ledger.scan(b"s").map(|row| row.unwrap().1.to_vec()).collect();
    for one in &first {
        let again = || Wat::UitgaandHerhalen { berichten: place(&one.id) };
        let acted = gateway.act(GEMEENTE, again()).unwrap();
        assert_eq!((acted.gewijzigd, acted.ongewijzigd), (1, 0));
        let acted = gateway.act(GEMEENTE, again()).unwrap();
        assert_eq!((acted.gewijzigd, acted.ongewijzigd, acted.entry), (0, 1, None), "it waits already");
    }
    let bytes = |waiting: &[Waiting]| waiting.iter().map(|one| one.bytes.clone()).collect::<Vec<_>>();
    assert_eq!(bytes(&gateway.unsent()), bytes(&first));
    gateway.deliver().unwrap();
    assert!(gateway.unsent().is_empty());
    let now: Vec<_> = gateway.ledger.scan(b"s").map(|row| row.unwrap().1.to_vec()).collect();
    assert_eq!(now, counted);
    let held = Wat::UitgaandHerhalen { berichten: vec![Plek { seq: 999, index: 0 }] };
    assert!(matches!(gateway.act(GEMEENTE, held), Err(ActError::NoMessage(_))));
    gateway.stop();
}
