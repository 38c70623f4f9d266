//! Requests (315, 317, 319) and declarations (323, 325) through the whole engine.

use iwmo_codec::messages::iwmo_3_2::wmo325;

use super::*;
use crate::demo::requests::{Declared, Month, wmo301_granting, wmo315, wmo317, wmo319, wmo323, wmo325};
use crate::journal::simulated::Fault;
use crate::view::{TermijnFilter, TermijnView};

/// Another client of the test series.
const OTHER: Person = Person { bsn: "999900018", achternaam: "Bos", ..PERSON };

const OCTOBER: Month = Month { first: Date::constant(2026, 10, 1), last: Date::constant(2026, 10, 31) };

fn encoded(message: Message) -> Vec<u8> {
    message.encode()
}

fn open() -> Gateway {
    Gateway::open(&SimulatedDisk::new(7))
}

/// Hands a message in and returns the codes of the retour on it, of header and classes, without 0200 and 0233.
fn judged(gateway: &Gateway, message: &Message) -> Vec<String> {
    let receipt = gateway.send("hvb", message.encode()).unwrap();
    let retour = message.kind().retour().unwrap();
    let answers = gateway.outgoing(retour.name());
    let (_, answer) = answers.iter().find(|(id, _)| receipt.id == format!("{GEMEENTE}:{}", id.seq)).unwrap();
    assert!(iwmo_codec::rules::check(answer).is_empty());
    let codes = translate::retour_codes(answer).unwrap();
    let mut codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
    codes.retain(|code| code != "0200" && code != "0233");
    codes.sort();
    codes.dedup();
    codes
}

/// Hands in a message of the gemeente that may not leave, and returns the rules that keep it here.
fn held(gateway: &Gateway, message: &Message) -> Vec<String> {
    let entries = gateway.engine.journal().entries();
    match gateway.send("backoffice", message.encode()) {
        Err(Refusal::Unacceptable { rules, .. }) => {
            assert_eq!(gateway.engine.journal().entries(), entries, "a refusal leaves no entry");
            rules
        }
        other => panic!("{other:?}"),
    }
}

fn send(gateway: &Gateway, message: &Message) {
    gateway.send("backoffice", message.encode()).unwrap();
}

fn answer(gateway: &Gateway, message: &Message, identificatie: &str) {
    gateway.send("hvb", approve(message, identificatie)).unwrap();
}

/// What is due about requests and declarations.
fn due(gateway: &Gateway) -> Vec<(String, String)> {
    let filter = TermijnFilter { limit: 100, ..TermijnFilter::default() };
    let page = view::termijnen(&gateway.ledger, &settings(Duration::ZERO), &filter, today()).unwrap();
    let asked = |row: &TermijnView| row.termijn.starts_with("OP");
    page.rows
        .iter()
        .filter(|row| asked(row))
        .map(|row| (row.termijn.to_owned(), row.uiterlijk.clone()))
        .collect()
}

/// A request waits as work for the gemeente until a 301 grants it; meanwhile the aanbieder may not ask again, and
/// afterwards the reference is spent.
#[test]
fn a_request_for_a_toewijzing_is_answered_with_one() {
    let gateway = open();
    let one = order(100_101);
    let request = wmo315(envelope("H315"), &PERSON, &one, "R1").unwrap();
    assert_eq!(judged(&gateway, &request), [] as [&str; 0]);
    assert_eq!(due(&gateway), [("OP274".to_owned(), "2026-12-02".to_owned())]);
    let again = wmo315(envelope("H315B"), &PERSON, &one, "R1").unwrap();
    assert_eq!(judged(&gateway, &again), ["9347", "9374"]);
    let elsewhere = wmo315(envelope("H315C"), &OTHER, &one, "R1").unwrap();
    assert_eq!(judged(&gateway, &elsewhere), ["9347"], "TR347: over all clients of the aanbieder");
    let same = wmo315(envelope("H315"), &OTHER, &one, "R9").unwrap();
    assert_eq!(judged(&gateway, &same), ["9056"]);

    let unknown = wmo301_granting(envelope("T1"), &PERSON, &[(&one, Some("R2"), None)]).unwrap();
    assert_eq!(held(&gateway, &unknown), ["TR379"]);
    let granted = wmo301_granting(envelope("T1"), &PERSON, &[(&one, Some("R1"), None)]).unwrap();
    send(&gateway, &granted);
    assert_eq!(due(&gateway), []);
    answer(&gateway, &granted, "H302");
    let twice = Order { nummer: 100_102, code: "02A06", ..one };
    let spent =
        wmo301_granting(envelope("T2"), &PERSON, &[(&one, None, None), (&twice, Some("R1"), None)]).unwrap();
    assert_eq!(held(&gateway, &spent), ["TR379"]);
    assert_eq!(held(&gateway, &wmo319(envelope("A1"), "R1", "1").unwrap()), ["TR359"]);
    gateway.stop();
}

/// 319: looked into once, refused once, and only what was asked; a 320 that refuses it makes the request open again.
#[test]
fn a_request_is_looked_into_and_refused() {
    let gateway = open();
    let one = order(100_101);
    judged(&gateway, &wmo315(envelope("H315"), &PERSON, &one, "R1").unwrap());
    assert_eq!(held(&gateway, &wmo319(envelope("A0"), "R2", "1").unwrap()), ["TR355"]);
    let looked_into = wmo319(envelope("A1"), "R1", "2").unwrap();
    send(&gateway, &looked_into);
    assert_eq!(gateway.outgoing("WMO319").len(), 1);
    // OP274: eight weeks after Dagtekening of the request.
    assert_eq!(due(&gateway), [("OP274".to_owned(), "2027-01-20".to_owned())]);
    assert_eq!(held(&gateway, &wmo319(envelope("A2"), "R1", "2").unwrap()), ["TR360"]);
    answer(&gateway, &looked_into, "H320");
    let refused = wmo319(envelope("A2"), "R1", "1").unwrap();
    send(&gateway, &refused);
    assert_eq!(due(&gateway), []);
    assert_eq!(held(&gateway, &wmo319(envelope("A3"), "R1", "1").unwrap()), ["TR365"]);
    let no = Verdict {
        identificatie_retour: "H320B".to_owned(),
        dagtekening_retour: translate::datum(today()).unwrap(),
        xsd_versie_retour: None,
        uitspraak: retour::Uitspraak::Header(vec!["0001".parse().unwrap()]),
    };
    gateway.send("hvb", retour::retour(&refused, &no).unwrap().encode()).unwrap();
    assert_eq!(due(&gateway).len(), 1, "refused by the aanbieder, it counts as never sent");
    gateway.stop();
}

/// 317: about a client of this aanbieder, naming every actual toewijzing, and granted by a 301 with its reference.
#[test]
fn a_request_for_a_change_is_granted() {
    let gateway = open();
    let (one, two) = (order(100_101), Order { nummer: 100_102, categorie: "07", code: "07A12", ..order(0) });
    let wanted = Order { einddatum: date("2027-12-31"), ..one };
    let change = |name: &'static str, person: &Person, unchanged: &[u32]| {
        wmo317(envelope(name), person, &wanted, one.ingangsdatum, unchanged, name).unwrap()
    };
    assert_eq!(judged(&gateway, &change("W0", &PERSON, &[])), ["8187"]);
    let both = [(&one, None, None), (&two, None, None)];
    send(&gateway, &wmo301_granting(envelope("T1"), &PERSON, &both).unwrap());
    let others = Order { nummer: 100_103, ..one };
    send(&gateway, &wmo301_granting(envelope("T2"), &OTHER, &[(&others, None, None)]).unwrap());
    // TR304: the other client is known here, but not by these numbers.
    assert_eq!(judged(&gateway, &change("W1", &OTHER, &[])), ["8187"]);
    assert_eq!(judged(&gateway, &change("W2", &PERSON, &[])), ["9349"]);
    assert_eq!(judged(&gateway, &change("W4", &PERSON, &[100_102, 100_199])), ["9350"]);
    let soon = |name: &'static str, order: &Order| {
        wmo317(envelope(name), &PERSON, order, today(), &[100_102], name).unwrap()
    };
    assert_eq!(
        judged(&gateway, &soon("W5", &wanted)),
        ["9357"],
        "neither from the start nor later than today"
    );
    let nowhere = Order { nummer: 100_198, ..wanted };
    assert_eq!(judged(&gateway, &soon("W6", &nowhere)), ["9349", "9351"]);
    assert_eq!(judged(&gateway, &change("W3", &PERSON, &[100_102])), [] as [&str; 0]);
    assert_eq!(due(&gateway), [("OP346".to_owned(), "2026-12-02".to_owned())]);

    gateway.clock.advance(Duration::from_secs(24 * 60 * 60));
    let later = Envelope { today: date("2026-11-26"), ..envelope("T3") };
    let granted =
        wmo301_granting(later, &PERSON, &[(&wanted, Some("W3"), Some("12")), (&two, Some("W3"), None)]);
    send(&gateway, &granted.unwrap());
    assert_eq!(due(&gateway), []);
    gateway.stop();
}

/// A 325 that refuses the first Prestatie of a 323 and grants the rest.
fn refusing(granted: &Message, declared: &Message) -> Message {
    let (Message::Wmo325(answer), Message::Wmo323(declared)) = (granted, declared) else { unreachable!() };
    let (mut answer, client) = (answer.clone(), &declared.declaratie.clienten[0]);
    let mut line = serde_json::to_value(&client.prestaties[0]).unwrap();
    line["RetourCodes"] = serde_json::json!(["9338"]);
    let antwoord = answer.declaratie_antwoord.as_mut().unwrap();
    let amount = client.prestaties[0].ingediend_bedrag.bedrag.value();
    let total = &mut antwoord.totaal_toegekend_bedrag.totaal_bedrag;
    *total = iwmo_codec::value::Nummer::new(total.value() - amount);
    let right = vec!["0200".parse().unwrap()];
    antwoord.retour_codes.clone_from(&right);
    let prestaties = vec![serde_json::from_value(line).unwrap()];
    antwoord.clienten = vec![wmo325::Client { bsn: client.bsn.clone(), prestaties, retour_codes: right }];
    Message::Wmo325(answer)
}

/// A toewijzing with an approved Prestatie may not be deleted (TR385) until the Prestatie was credited.
#[test]
fn a_declared_toewijzing_is_not_deleted() {
    let gateway = open();
    let (one, other) = (order(100_101), order(100_103));
    send(&gateway, &wmo301_granting(envelope("T1"), &PERSON, &[(&one, None, None)]).unwrap());
    send(&gateway, &wmo301_granting(envelope("T2"), &OTHER, &[(&other, None, None)]).unwrap());
    let line =
        |person, order, referentie, vorige| Declared { person, order, referentie, vorige, cent: 12_000 };
    let lines = [line(&PERSON, &one, "P1", None), line(&OTHER, &other, "P2", None)];
    let declared = wmo323(envelope("D1"), OCTOBER, &lines).unwrap();
    gateway.send("hvb", declared.encode()).unwrap();
    assert!(gateway.outgoing("WMO325").is_empty(), "the gemeente answers");
    // OP090x4: ten working days.
    assert_eq!(due(&gateway), [("OP090x4".to_owned(), "2026-12-09".to_owned())]);

    let mut strange = wmo325(envelope("A1"), &declared).unwrap();
    if let Message::Wmo325(m) = &mut strange {
        m.header.xsd_versie_declaratie.bericht_xsd_versie = "1.0.1".to_owned();
    }
    assert_eq!(held(&gateway, &strange), ["TR371"]);
    // There is no retour on a 325: what does not fit the 323 does not leave.
    let changed = |change: fn(&mut wmo325::Bericht)| {
        let mut answer = wmo325(envelope("A1"), &declared).unwrap();
        let Message::Wmo325(m) = &mut answer else { unreachable!() };
        change(m);
        held(&gateway, &answer)
    };
    assert_eq!(changed(|m| m.declaratie_antwoord = None), ["IV087"]);
    assert_eq!(changed(|m| m.declaratie_antwoord.as_mut().unwrap().declaratie_nummer.push('X')), ["TR376"]);
    let more = |m: &mut wmo325::Bericht| {
        let antwoord = m.declaratie_antwoord.as_mut().unwrap();
        antwoord.totaal_ingediend_bedrag.totaal_bedrag = iwmo_codec::value::Nummer::new(48_000);
        antwoord.totaal_toegekend_bedrag.totaal_bedrag = iwmo_codec::value::Nummer::new(48_000);
    };
    assert_eq!(changed(more), ["IV087"]);
    let refusing = |change: fn(&mut wmo325::Prestatie)| {
        let mut answer = refusing(&wmo325(envelope("A1"), &declared).unwrap(), &declared);
        let Message::Wmo325(m) = &mut answer else { unreachable!() };
        change(&mut m.declaratie_antwoord.as_mut().unwrap().clienten[0].prestaties[0]);
        held(&gateway, &answer)
    };
    assert_eq!(refusing(|line| line.product_referentie.referentie_nummer = "P9".to_owned()), ["TR366"]);
    assert_eq!(
        refusing(|line| line.product_referentie.referentie_nummer = "P2".to_owned()),
        ["TR366"],
        "another's"
    );
    assert_eq!(refusing(|line| line.product_code = "02A09".to_owned()), ["TR367"]);
    let unknown = wmo323(envelope("D9"), OCTOBER, &lines).unwrap();
    assert_eq!(held(&gateway, &wmo325(envelope("A1"), &unknown).unwrap()), [] as [&str; 0]);

    let delete = |name: &'static str| {
        let gone = Order { einddatum: one.ingangsdatum, ..one };
        let later = Envelope { today: date("2026-11-26"), ..envelope(name) };
        wmo301_granting(later, &PERSON, &[(&gone, None, Some("13"))]).unwrap()
    };
    gateway.clock.advance(Duration::from_secs(24 * 60 * 60));
    send(&gateway, &wmo325(envelope("A1"), &declared).unwrap());
    assert_eq!(due(&gateway), []);
    assert_eq!(held(&gateway, &wmo325(envelope("A2"), &declared).unwrap()), [] as [&str; 0], "answered");
    assert_eq!(held(&gateway, &delete("T3")), ["TR385"]);

    let credit = wmo323(envelope("D2"), OCTOBER, &[line(&PERSON, &one, "P3", Some("P1"))]).unwrap();
    gateway.send("hvb", credit.encode()).unwrap();
    assert_eq!(held(&gateway, &delete("T3")), ["TR385"], "until the credit is approved");
    send(&gateway, &wmo325(envelope("A2"), &credit).unwrap());
    send(&gateway, &delete("T3"));
    gateway.stop();
}

/// What the header or the rules within the message refuse is answered at once with a 325 of a header alone (IV087),
/// whose Identificatie is used up like any other.
#[test]
fn a_declaration_that_is_not_taken_is_answered_at_once() {
    let gateway = open();
    let one = order(100_101);
    let line = Declared { person: &PERSON, order: &one, referentie: "P1", vorige: None, cent: 12_000 };
    let declared = |name, lines: &[Declared<'_>]| wmo323(envelope(name), OCTOBER, lines).unwrap();
    gateway.send("hvb", declared("D1", &[line]).encode()).unwrap();
    let mut wrong = declared("D2", &[line]);
    if let Message::Wmo323(m) = &mut wrong {
        // TR358
        m.declaratie.totaal_ingediend_bedrag.totaal_bedrag = iwmo_codec::value::Nummer::new(1);
    }
    gateway.send("hvb", wrong.encode()).unwrap();
    let second = Declared { referentie: "P2", ..line };
    gateway.send("hvb", declared("D1", &[second]).encode()).unwrap();
    let answers = gateway.outgoing("WMO325");
    let codes = |message: &Message| match message {
        Message::Wmo325(m) => {
            assert!(m.declaratie_antwoord.is_none());
            let op = m.header.declaratie_identificatie.identificatie.clone();
            (op, m.header.retour_codes.iter().map(ToString::to_string).collect::<Vec<_>>())
        }
        other => panic!("{other:?}"),
    };
    let found: Vec<_> = answers.iter().map(|(_, message)| codes(message)).collect();
    assert_eq!(
        found,
        [("D2".to_owned(), vec!["0001".to_owned()]), ("D1".to_owned(), vec!["9056".to_owned()])]
    );
    for (_, answer) in &answers {
        assert!(iwmo_codec::rules::check(answer).is_empty());
    }
    // The backoffice cannot use the name of an answer of ours.
    let name = answers[0].1.header().identificatie.to_owned();
    let taken = wmo325(envelope(&name), &declared("D1", &[line])).unwrap();
    assert_eq!(held(&gateway, &taken), ["TR056"]);
    gateway.stop();
}

/// Who may send what: each only what is theirs.
#[test]
fn requests_and_answers_come_from_whom_they_belong_to() {
    let gateway = open();
    let one = order(100_101);
    let request = wmo315(envelope("H315"), &PERSON, &one, "R1").unwrap();
    let answer = wmo319(envelope("A1"), "R1", "1").unwrap();
    let line = Declared { person: &PERSON, order: &one, referentie: "P1", vorige: None, cent: 12_000 };
    let declared = wmo323(envelope("D1"), OCTOBER, &[line]).unwrap();
    let settled = wmo325(envelope("A2"), &declared).unwrap();
    for (partner, message) in
        [("backoffice", request), ("hvb", answer), ("backoffice", declared), ("cak", settled)]
    {
        let kind = message.kind();
        let refusal = gateway.send(partner, encoded(message)).unwrap_err();
        assert!(matches!(refusal, Refusal::WrongSender(_)), "{kind} of {partner}: {refusal}");
    }
    gateway.stop();
}

/// Plays requests and declarations; each step can be done again and then changes nothing.
pub(super) fn story(gateway: &Gateway) -> Vec<Result<Receipt, Refusal>> {
    let one = order(100_101);
    let asked = wmo315(envelope("H315"), &PERSON, &one, "R1").unwrap();
    let looked_into = wmo319(envelope("A1"), "R1", "2").unwrap();
    let granted = wmo301_granting(envelope("T1"), &PERSON, &[(&one, Some("R1"), None)]).unwrap();
    let wanted = Order { einddatum: date("2027-12-31"), ..one };
    let change = wmo317(envelope("W1"), &PERSON, &wanted, one.ingangsdatum, &[], "W1").unwrap();
    let no = wmo319(envelope("A2"), "W1", "1").unwrap();
    let line = Declared { person: &PERSON, order: &one, referentie: "P1", vorige: None, cent: 12_000 };
    let declared = wmo323(envelope("D1"), OCTOBER, &[line]).unwrap();
    let copied = wmo323(envelope("D1"), OCTOBER, &[Declared { referentie: "P2", ..line }]).unwrap();
    let settled = wmo325(envelope("A3"), &declared).unwrap();
    let steps = [
        ("hvb", asked.encode()),
        ("backoffice", looked_into.encode()),
        ("hvb", approve(&looked_into, "H320")),
        ("backoffice", granted.encode()),
        ("hvb", approve(&granted, "H302")),
        ("hvb", change.encode()),
        ("backoffice", no.encode()),
        ("hvb", declared.encode()),
        ("hvb", copied.encode()),
        ("backoffice", settled.encode()),
    ];
    steps.into_iter().map(|(partner, bytes)| gateway.send(partner, bytes)).collect()
}

/// Under the policy it was decided by, nothing differs.
#[test]
fn the_same_policy_makes_no_difference_to_requests() {
    let gateway = open();
    assert!(story(&gateway).iter().all(Result::is_ok));
    let mut found = Vec::new();
    let policy = Policy::default();
    let looked = what_if(
        &policy,
        gateway.engine.journal(),
        gateway.engine.schemas(),
        &mut |d| found.push(d),
        &mut |_| {},
    );
    assert_eq!((looked.unwrap().messages, found), (10, vec![]));
    gateway.stop();
}

/// The power goes at every operation of the disk; what was acknowledged is there once, and the end is the same.
#[test]
fn a_power_cut_anywhere_loses_no_request() {
    let disk = SimulatedDisk::new(0);
    let gateway = Gateway::open(&disk);
    story(&gateway);
    let (all, expected) = (disk.operations(), due(&gateway));
    gateway.stop();
    for at in 0..all {
        let disk = SimulatedDisk::new(at);
        disk.fail(Fault::Crash { at });
        let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
        let mut acknowledged = Vec::new();
        if let Ok(gateway) = Gateway::start(&disk, Arc::clone(&ledger), Duration::ZERO) {
            acknowledged = story(&gateway);
            gateway.engine.stop();
        }
        disk.restart();
        let gateway = Gateway::start(&disk, ledger, Duration::ZERO).unwrap();
        let again = story(&gateway);
        for (before, after) in acknowledged.iter().zip(&again).filter(|(before, _)| before.is_ok()) {
            let (before, after) = (before.as_ref().unwrap(), after.as_ref().unwrap());
            assert!(after.dubbel && after.id == before.id, "crash at {at}: {after:?} after {before:?}");
        }
        assert!(again.iter().all(Result::is_ok), "crash at {at}: {again:?}");
        assert!(gateway.recorded().values().all(|count| *count == 1), "crash at {at}");
        assert_eq!(due(&gateway), expected, "crash at {at}");
        gateway.stop();
    }
}
