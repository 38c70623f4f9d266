//! Removing what is about persons: what is gone, what stays, and what a crash leaves.

use super::requests::story;
use super::*;
use crate::demo::requests::{Declared, Month, wmo301_granting, wmo323, wmo325};
use crate::engine::worker::Job;
use crate::engine::{Erase, ErasePersons};
use crate::journal::Entry;
use crate::journal::simulated::Fault;
use crate::record::{KIND_VERWIJDERING, REASON_BYTES_MAX, Verklaring, Wat, Wie};
use crate::removal::{self, Hindernis, Opdracht, Verslag};
use crate::view::Inhoud;

const ALL: [Hindernis; 4] = [Hindernis::Lopend, Hindernis::Cak, Hindernis::Uitgaand, Hindernis::Wachtend];

fn person() -> iwmo_toewijzing::identity::Bsn {
    iwmo_toewijzing::identity::Bsn::new(PERSON.bsn).unwrap()
}

fn order_to(gateway: &Gateway, opdracht: &Opdracht) -> Result<Verslag, crate::control::Refused> {
    gateway.runtime.block_on(removal::perform(&gateway.engine, &Wie::Gateway, "toets", opdracht, today()))
}

pub(super) fn ask(gateway: &Gateway) -> Verslag {
    let order = Opdracht::Verzoek { bsn: person(), gemeenten: None, ontvangen: date("2026-11-20") };
    order_to(gateway, &order).unwrap()
}

fn erase_with(gateway: &Gateway, ondanks: &[Hindernis]) -> Result<Verslag, crate::control::Refused> {
    order_to(gateway, &Opdracht::Verwijder { bsn: person(), gemeenten: None, ondanks: ondanks.to_vec() })
}

pub(super) fn erase(gateway: &Gateway) -> Result<Verslag, crate::control::Refused> {
    erase_with(gateway, &ALL)
}

fn entries(gateway: &Gateway) -> Vec<Entry> {
    gateway.engine.journal().read_all(Position::START).map(Result::unwrap).collect()
}

fn has(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

/// How many files of a folder have a text.
fn files_with(dir: &Path, text: &str) -> usize {
    let paths = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths
        .map(|path| match path.is_dir() {
            true => files_with(&path, text),
            false => usize::from(has(&std::fs::read(&path).unwrap(), text)),
        })
        .sum()
}

/// The counts, which people steer on.
fn counts(ledger: &Ledger) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = ledger.scan(b"s").map(Result::unwrap);
    rows.map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

/// Nothing that can be read names the person any more: no entry, no row, no outgoing message.
fn assert_gone(gateway: &Gateway, what: &str) {
    for entry in entries(gateway) {
        // Others of these tests have the same name.
        let names = [PERSON.achternaam, PERSON.straat].iter().filter(|_| entry.gone);
        for text in names.chain([&PERSON.bsn]) {
            assert!(!has(&entry.payload, text), "{what}: {} has it still", entry.id);
        }
        let view = view::summarize(&entry).unwrap();
        assert_eq!(view.verwijderd, entry.gone);
        view::lines(&*gateway.ledger, gateway.engine.journal(), gateway.engine.schemas(), &entry).unwrap();
    }
    for row in gateway.ledger.scan(b"") {
        let (key, value) = row.unwrap();
        assert!(!has(&key, PERSON.bsn) && !has(&value, PERSON.bsn), "{what}: {}", ledger::row_words(&key));
    }
    let vault = gateway.engine.journal().vault().unwrap();
    assert_eq!(vault.of_person(*b"0222", PERSON.bsn).unwrap(), None, "{what}");
}

/// What is kept about the person.
fn held(gateway: &Gateway) -> removal::Gehouden {
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    let held =
        removal::held(&gateway.ledger, gateway.engine.journal(), gemeente, &person(), today(), 15).unwrap();
    held.unwrap().gehouden
}

/// The whole exchange about a person is gone, what is about others and what counts is not, and the person can come back.
#[test]
fn what_is_about_a_person_is_gone_and_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    play_all(&gateway);
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.send("backoffice", numbered(2)).unwrap();
    let (before, counted, unsent) = (entries(&gateway), counts(&gateway.ledger), gateway.unsent());
    let others = gateway.toewijzingen();
    gateway.ledger.settle().unwrap();
    assert!(files_with(&data.path().join("ledger"), PERSON.bsn) > 0);
    let held = held(&gateway);
    assert_eq!((held.toewijzingen, held.lopend, held.perioden), (1, 1, 1));
    assert!(held.entries > 6 && held.berichten > 10, "{held:?}");
    assert_eq!(held.hindernissen, [Hindernis::Lopend, Hindernis::Termijn]);
    assert_eq!(held.bewaren_tot, Some(date("2041-11-25")));

    assert!(erase(&gateway).unwrap_err().melding.contains("termijn"), "nobody asked");
    let asked = ask(&gateway);
    assert_eq!(asked.verzoeken[0].uiterlijk, date("2027-02-20"));
    assert!(ask(&gateway).handelingen.is_empty(), "asked once");
    assert!(erase_with(&gateway, &[]).unwrap_err().melding.contains("lopend"), "it runs");
    let done = erase(&gateway).unwrap();
    assert_eq!((done.handelingen.len(), done.uitgevoerd), (1, true));

    assert_gone(&gateway, "live");
    assert_eq!(files_with(data.path(), PERSON.bsn), 0, "neither journal nor ledger has it anywhere");
    assert_eq!(counts(&gateway.ledger), counted, "what was counted stays counted");
    let bytes = |unsent: &[Waiting]| unsent.iter().map(|one| one.bytes.clone()).collect::<Vec<_>>();
    assert_eq!(bytes(&gateway.unsent()), bytes(&unsent), "others' messages go on");
    let left: Vec<String> = others.into_iter().filter(|one| !one.contains("100101")).collect();
    assert_eq!(gateway.toewijzingen(), left);
    let after = entries(&gateway);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.hash, before.time, before.kind), (after.hash, after.time, after.kind));
        assert!(after.gone || before.payload == after.payload, "{}", after.id);
    }
    assert!(after.iter().filter(|entry| entry.gone).count() as u64 <= held.entries);
    let last = after.last().unwrap();
    assert_eq!(last.kind, KIND_VERWIJDERING);
    let audit = view::audit(last).unwrap().unwrap();
    assert_eq!((audit.soort, audit.reden.as_deref()), ("verwijdering", Some("toets")));
    let requests = removal::requests(&gateway.ledger, today(), true).unwrap();
    assert_eq!(requests[0].stand, "ingewilligd");
    assert!(erase(&gateway).unwrap().gehouden.is_empty(), "there is nothing left");

    // What comes later has a key of its own.
    let again = wmo301(envelope("T302"), &PERSON, &order(100_102)).unwrap().encode();
    let receipt = gateway.send("backoffice", again.clone()).unwrap();
    let entry = entries(&gateway).pop().unwrap();
    assert_eq!(entry.id.to_string(), receipt.id);
    assert_eq!(view::xml(&entry).unwrap(), Inhoud::Xml(again));
    let old = after.iter().find(|entry| entry.gone && entry.kind == 1).unwrap();
    assert!(matches!(view::xml(old).unwrap(), Inhoud::Verwijderd(_)));
    assert_eq!(gateway.toewijzingen().len(), left.len() + 1);
    gateway.stop();
    let report = crate::journal::verify(&data.path().join("journal"), &mut |_| {}).unwrap();
    assert!(report.is_clean());
    // The same again after a restart, from the files alone.
    let gateway = Gateway::in_folder(data.path());
    assert!(entries(&gateway).iter().filter(|entry| entry.gone).count() > 6);
    gateway.stop();
}

/// What was stated about a person no message names, and what the CAK was told because of it.
#[test]
fn statements_are_gone_too() {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    let pgb = r#"{"voorziening": {"naam": "PGB-17", "leveringsvorm": "pgb", "categorie": "02",
        "ingangsdatum": "2026-10-05"}}"#;
    for bsn in [PERSON.bsn, &bsn(1)] {
        let verklaring = Verklaring::new(bsn, &serde_json::from_str(pgb).unwrap()).unwrap();
        gateway.act(GEMEENTE, Wat::Opgave { verklaring }).unwrap();
    }
    let statements = |gateway: &Gateway| gateway.ledger.scan(b"k").map(Result::unwrap).count();
    assert_eq!(statements(&gateway), 2);
    ask(&gateway);
    erase(&gateway).unwrap();
    assert_gone(&gateway, "statements");
    assert_eq!(statements(&gateway), 1, "that about the other stays");
    gateway.stop();
}

/// Who was known under a wrong BSN is removed under that as well.
#[test]
fn a_person_is_gone_under_every_bsn() {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    let wrong = bsn(1);
    let right = serde_json::from_str(&format!(r#"{{"bsn": "{}"}}"#, PERSON.bsn)).unwrap();
    let verklaring = Verklaring::new(&wrong, &right).unwrap();
    gateway.act(GEMEENTE, Wat::Opgave { verklaring }).unwrap();
    let asked = ask(&gateway);
    assert_eq!(asked.gehouden.iter().map(|one| one.eerdere_bsn).collect::<Vec<_>>(), [false, true]);
    assert_eq!(asked.handelingen.len(), 2);
    erase(&gateway).unwrap();
    assert_gone(&gateway, "a wrong BSN");
    let vault = gateway.engine.journal().vault().unwrap();
    assert_eq!(vault.of_person(*b"0222", &wrong).unwrap(), None);
    assert_eq!(gateway.ledger.scan(b"k").count(), 0);
    gateway.stop();
}

/// What comes in while a removal is prepared, about the person and about others, is afterwards as a replay gives it.
#[test]
fn what_comes_in_meanwhile_is_not_missed() {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    let (before, meanwhile) = STORY.split_at(3);
    let play = |steps: &[_]| steps.iter().for_each(|step| drop(play(&gateway, *step).unwrap()));
    play(before);
    ask(&gateway);
    let persons =
        vec![ErasePersons { chain: keys::chain(Gemeente::new(GEMEENTE).unwrap()), personen: vec![person()] }];
    let (wie, reden, ondanks) = (Wie::Gateway, "toets".to_owned(), ALL.to_vec());
    let erase = Erase { persons, wie, reden, ondanks, today: today() };
    let (reply, answer) = tokio::sync::oneshot::channel();
    let prepared = gateway.engine.prepare(erase, 15, reply).unwrap().unwrap();
    gateway.send("backoffice", numbered(1)).unwrap();
    play(meanwhile);
    gateway.deliver().unwrap();
    gateway.engine.submit(Job::Erase(Box::new(prepared))).unwrap();
    assert_eq!(gateway.runtime.block_on(answer).unwrap().unwrap().len(), 1);
    assert_gone(&gateway, "meanwhile");
    assert_eq!(gateway.toewijzingen().len(), 1, "that of the other");
    gateway.stop();
}

/// Requests, their answers, which name nobody, and declarations.
#[test]
fn requests_and_declarations_are_gone_too() {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    assert!(story(&gateway).iter().all(Result::is_ok));
    let counted = counts(&gateway.ledger);
    ask(&gateway);
    erase(&gateway).unwrap();
    assert_gone(&gateway, "requests");
    assert_eq!(counts(&gateway.ledger), counted);
    // Every message of the exchange was about the person, also those that do not say so.
    assert!(entries(&gateway).iter().filter(|entry| entry.kind == 1).all(|entry| entry.gone));
    let (mut found, policy) = (Vec::new(), Policy::default());
    let (journal, schemas) = (gateway.engine.journal(), gateway.engine.schemas());
    let looked = what_if(&policy, journal, schemas, &mut |one| found.push(one), &mut |_| {}).unwrap();
    assert_eq!((looked.messages, found), (0, vec![]));
    gateway.stop();
}

/// Of a message about several only the part about one is gone; what the others declared stands.
#[test]
fn of_a_message_about_several_only_one_part_is_gone() {
    let other = Person { bsn: "999900018", achternaam: "Bos", straat: "Eikenweg", ..PERSON };
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    let (one, two) = (order(100_101), order(100_103));
    let send = |message: &Message| gateway.send("backoffice", message.encode()).unwrap();
    send(&wmo301_granting(envelope("T1"), &PERSON, &[(&one, None, None)]).unwrap());
    send(&wmo301_granting(envelope("T2"), &other, &[(&two, None, None)]).unwrap());
    let line = |person, order, referentie| Declared { person, order, referentie, vorige: None, cent: 12_000 };
    let lines = [line(&PERSON, &one, "P1"), line(&other, &two, "P2")];
    let october = Month { first: date("2026-10-01"), last: date("2026-10-31") };
    let declared = wmo323(envelope("D1"), october, &lines).unwrap();
    gateway.send("hvb", declared.encode()).unwrap();
    let counted = counts(&gateway.ledger);
    gateway.deliver().unwrap();
    let delivered = counts(&gateway.ledger);
    let held = held(&gateway);
    assert_eq!(held.met_anderen, 1);
    ask(&gateway);
    erase(&gateway).unwrap();
    assert_gone(&gateway, "several");
    assert_eq!((counts(&gateway.ledger), counted.is_empty()), (delivered, false));
    let entry = entries(&gateway).into_iter().find(|entry| has(&entry.payload, "WMO323")).unwrap();
    assert!(entry.gone && has(&entry.payload, "999900018"));
    let Inhoud::Verwijderd(rest) = view::xml(&entry).unwrap() else { panic!("nothing is gone") };
    assert!(has(&rest, "<!--verwijderd") && has(&rest, "P2") && !has(&rest, "P1"));
    // The declaration is still to be answered, for who is left.
    let answer = wmo325(envelope("A1"), &declared).unwrap();
    gateway.send("backoffice", answer.encode()).unwrap();

    // The evidence for the other's toewijzing is whole, and says of the part that is gone that it is; of what is gone there is
    // none.
    let data = tempfile::tempdir().unwrap();
    let key = crate::evidence::SigningKey::open(&data.path().join("evidence.key")).unwrap();
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    let bundle = |nummer: u32| {
        let name = (gemeente, iwmo_toewijzing::identity::ToewijzingNummer::new(nummer).unwrap());
        let (ledger, reader, schemas) =
            (gateway.engine.ledger(), gateway.engine.journal(), gateway.engine.schemas());
        let mut out = Vec::new();
        let now = gateway.clock.now();
        crate::evidence::build(ledger, reader, schemas, name, &key, now, &mut out).map(|_| out)
    };
    let out = bundle(100_103).unwrap();
    let checked = crate::evidence::check(&out, Some(&key.public()));
    assert_eq!(checked.fouten, Vec::<String>::new());
    assert!(has(&out, "WMO323") && has(&out, "999900018") && has(&out, "P2") && has(&out, "verwijderd"));
    assert!(!has(&out, "P1<") && !has(&out, PERSON.bsn) && !has(&out, PERSON.achternaam));
    assert!(matches!(bundle(100_101), Err(crate::evidence::EvidenceError::Unknown(_))));
    gateway.stop();
}

/// What has not left never leaves, and the order key of the person is not in anybody's way.
#[test]
fn what_has_not_left_never_leaves() {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    play(&gateway, Step::Order).unwrap();
    gateway.send("backoffice", numbered(1)).unwrap();
    ask(&gateway);
    let refused = erase_with(&gateway, &[Hindernis::Lopend, Hindernis::Cak]).unwrap_err();
    assert!(refused.melding.ends_with(": uitgaand"), "{refused}");
    erase(&gateway).unwrap();
    assert_gone(&gateway, "unsent");
    let hvb = PartnerId("hvb".to_owned());
    let waiting = gateway.engine.waiting(&hvb, 10);
    assert_eq!(waiting.len(), 1, "the other's message waits still");
    let rows = view::outgoing(&gateway.ledger, None, true, 10).unwrap();
    let cancelled = rows.iter().find(|row| row.stand == "geannuleerd").unwrap();
    assert_eq!(cancelled.reden.as_deref(), Some("verwijderd"));
    let id = view::outgoing_id(&cancelled.id).unwrap();
    assert_eq!(gateway.engine.outgoing_bytes(&id), None);
    gateway.stop();
}

#[test]
fn an_erasure_has_a_reason_of_bounded_length() {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    play(&gateway, Step::Order).unwrap();
    ask(&gateway);
    let with = |reden: String| {
        let order = Opdracht::Verwijder { bsn: person(), gemeenten: None, ondanks: ALL.to_vec() };
        gateway.runtime.block_on(removal::perform(&gateway.engine, &Wie::Gateway, &reden, &order, today()))
    };
    assert!(with(" ".to_owned()).is_err());
    assert!(with("x".repeat(REASON_BYTES_MAX + 1)).is_err());
    assert!(with("x".repeat(REASON_BYTES_MAX)).is_ok());
    gateway.stop();
}

/// The term is over after fifteen years, and not a day before; what runs is kept.
#[test]
fn the_term_ends_after_fifteen_years() {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    play_all(&gateway);
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.deliver().unwrap();
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    let on = |day: &str| {
        removal::expired(&gateway.ledger, gateway.engine.journal(), gemeente, date(day), 15).unwrap().0
    };
    assert_eq!((on("2041-11-25").personen, on("2041-11-25").tegengehouden), (0, 0));
    assert_eq!((on("2041-11-26").personen, on("2041-11-26").tegengehouden), (2, 0));
    let late = |day| {
        let order = Opdracht::Verlopen { gemeenten: None };
        gateway.runtime.block_on(removal::perform(
            &gateway.engine,
            &Wie::Gateway,
            "termijn",
            &order,
            date(day),
        ))
    };
    assert!(late("2041-11-25").unwrap().handelingen.is_empty());
    assert_eq!(late("2041-11-26").unwrap().handelingen.len(), 1);
    assert_gone(&gateway, "term");
    assert!(gateway.toewijzingen().is_empty());
    gateway.stop();
}

/// An old copy of the keys that is put back has the key destroyed again at the next start.
#[test]
fn an_old_copy_of_the_keys_brings_nobody_back() {
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    play_all(&gateway);
    ask(&gateway);
    let file = data.path().join("keys/persons.iwk");
    let copy = std::fs::read(&file).unwrap();
    erase(&gateway).unwrap();
    gateway.stop();
    for keeps_ledger in [true, false] {
        std::fs::write(&file, &copy).unwrap();
        if !keeps_ledger {
            std::fs::remove_dir_all(data.path().join("ledger")).unwrap();
        }
        let gateway = Gateway::in_folder(data.path());
        assert_gone(&gateway, "an old copy");
        gateway.stop();
        assert_ne!(std::fs::read(&file).unwrap(), copy);
    }
}

/// What a removal that was cut short leaves, and how the next start finds it.
fn after_a_fault(at: u64, fault: fn(u64) -> Fault, keeps_ledger: bool) -> bool {
    let what = format!("operation {at}, {:?}, ledger kept: {keeps_ledger}", fault(at));
    let disk = SimulatedDisk::new(at);
    let kept = Arc::new(Ledger::in_memory(ledger::FORMAT));
    let gateway = Gateway::start(&disk, Arc::clone(&kept), Duration::ZERO).unwrap();
    play_all(&gateway);
    ask(&gateway);
    disk.fail(fault(disk.operations() + at));
    let done = erase(&gateway);
    gateway.engine.stop();
    let failed = disk.has_crashed() || disk.has_died();
    let others = gateway.engine;
    drop(others);
    disk.mend();
    match fault(at) {
        Fault::Die { .. } => disk.kill(),
        Fault::Crash { .. } => disk.restart(),
        _ => disk.kill(),
    }
    drop((gateway.runtime, gateway.ledger));
    let journal = open_journal(&disk).unwrap();
    let reader = journal.reader();
    let fresh = || Ok(Ledger::in_memory(ledger::FORMAT));
    let start = match Arc::try_unwrap(kept) {
        Ok(ledger) if keeps_ledger => ledger,
        _ => Ledger::in_memory(ledger::FORMAT),
    };
    let applier = Applier::new(Schemas::bundled());
    let (ledger, _) = ledger::bring_up(start, None, &mut { fresh }, &reader, &applier, &mut |_| {}).unwrap();
    let gateway = Gateway::run(journal, Arc::new(ledger), Duration::ZERO).unwrap();
    let removed = entries(&gateway).iter().any(|entry| entry.kind == KIND_VERWIJDERING);
    assert!(removed || done.is_err(), "{what}: an acknowledged removal is lost");
    if removed {
        assert_gone(&gateway, &what);
    } else {
        assert!(entries(&gateway).iter().any(|entry| has(&entry.payload, PERSON.bsn)), "{what}");
        assert!(!entries(&gateway).iter().any(|entry| entry.gone), "{what}");
        erase(&gateway).unwrap();
        assert_gone(&gateway, &what);
    }
    gateway.stop();
    // The power goes after all: the key is not in what was durable.
    disk.restart();
    let journal = open_journal(&disk).unwrap();
    assert_eq!(journal.reader().vault().unwrap().of_person(*b"0222", PERSON.bsn).unwrap(), None, "{what}");
    failed
}

/// Whatever goes wrong at any operation of the disk during a removal: before or after, and never between.
#[test]
fn a_removal_cut_short_is_either_not_begun_or_completed() {
    let crash = |at| Fault::Crash { at };
    let die = |at| Fault::Die { at };
    for keeps_ledger in [true, false] {
        for fault in [crash as fn(u64) -> Fault, die] {
            let mut at = 0;
            while after_a_fault(at, fault, keeps_ledger) {
                at += 1;
            }
            assert!(at > 8, "the sweep does too little: {at}");
        }
        for at in 0..16 {
            after_a_fault(at, |at| Fault::Fail { at }, keeps_ledger);
        }
    }
}
