//! Messages that come before what they build on (D8): they wait, and get one retour.

use super::*;
use crate::engine::decide::GEPARKEERD_MAX;
use crate::journal::simulated::Fault;

const HOUR: Duration = Duration::from_secs(60 * 60);

fn parking(minutes: u32) -> Settings {
    let mut settings = settings(Duration::ZERO);
    for gemeente in settings.gemeenten.values_mut() {
        gemeente.beleid.parkeertijd_minuten = minutes;
    }
    settings
}

fn start(disk: &SimulatedDisk, ledger: &Arc<Ledger>, minutes: u32) -> Result<Gateway, String> {
    let journal = open_journal(disk).map_err(|error| error.to_string())?;
    Gateway::run_under(journal, Arc::clone(ledger), parking(minutes))
}

fn open(minutes: u32) -> Gateway {
    let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
    start(&SimulatedDisk::new(5), &ledger, minutes).unwrap()
}

/// Codes of every retour of a kind, in order, without 0200.
fn retours(gateway: &Gateway, kind: &str) -> Vec<Vec<String>> {
    let codes = |message: &Message| {
        let codes = translate::retour_codes(message).unwrap();
        codes.iter().map(ToString::to_string).filter(|code| code != "0200").collect()
    };
    gateway.outgoing(kind).iter().map(|(_, message)| codes(message)).collect()
}

fn entries(gateway: &Gateway) -> Vec<String> {
    let shown = |entry: Result<_, _>| {
        let view = view::summarize(&entry.unwrap()).unwrap();
        format!("{} {} {}", view.soort, view.bericht.unwrap_or_default(), view.uitkomst)
    };
    let all = gateway.engine.journal().read_all(Position::START).map(shown);
    all.filter(|line| !line.starts_with("start") && !line.starts_with("planning")).collect()
}

/// A stop and a start that overtake the toewijzing, in the wrong order, are approved once it is there.
#[test]
fn what_overtook_its_toewijzing_is_judged_when_it_comes() {
    let gateway = open(60);
    for step in [Step::Stop, Step::Start] {
        let (receipt, bytes) = play(&gateway, step).unwrap().unwrap();
        assert!(!receipt.dubbel);
        assert!(gateway.send("hvb", bytes).unwrap().dubbel, "it is on record, and answered once");
    }
    assert_eq!((retours(&gateway, "WMO306"), retours(&gateway, "WMO308")), (vec![], vec![]));
    assert_eq!(gateway.toewijzingen(), [] as [&str; 0]);
    play(&gateway, Step::Order).unwrap();
    let approved = [Vec::<String>::new()];
    assert_eq!(
        (retours(&gateway, "WMO306"), retours(&gateway, "WMO308")),
        (approved.to_vec(), approved.to_vec())
    );
    assert!(gateway.toewijzingen()[0].contains("BEEINDIGD"));
    assert_eq!(
        entries(&gateway),
        [
            "bericht WMO307 geparkeerd",
            "bericht WMO305 geparkeerd",
            "bericht WMO301 goedgekeurd",
            "oordeel WMO305 0222:2 goedgekeurd",
            "oordeel WMO307 0222:1 goedgekeurd",
        ]
    );
    assert_eq!(gateway.outgoing("WMO401").len(), 1, "the CAK hears of what was approved");
    gateway.stop();
}

/// Under the default nothing waits.
#[test]
fn by_default_an_early_message_is_refused_at_once() {
    let gateway = open(0);
    play(&gateway, Step::Start).unwrap();
    assert_eq!(retours(&gateway, "WMO306"), [["9019"]]);
    gateway.stop();
}

/// What never comes is waited for until the time is over, and then refused; not a moment earlier, and once.
#[test]
fn when_the_time_is_over_it_is_refused() {
    let gateway = open(60);
    play(&gateway, Step::Stop).unwrap();
    gateway.clock.advance(HOUR - Duration::from_secs(1));
    gateway.engine.due();
    // Another job is done after it.
    gateway.send("backoffice", numbered(1)).unwrap();
    assert_eq!(retours(&gateway, "WMO308"), [] as [Vec<String>; 0]);
    gateway.clock.advance(Duration::from_secs(1));
    gateway.engine.due();
    gateway.wait_for(|gateway| !gateway.outgoing("WMO308").is_empty());
    gateway.engine.due();
    gateway.send("backoffice", numbered(2)).unwrap();
    assert_eq!(retours(&gateway, "WMO308"), [["9019", "9069"]]);
    let all = entries(&gateway);
    assert_eq!(all.iter().filter(|line| line.starts_with("oordeel")).count(), 1, "{all:?}");
    gateway.stop();
}

/// However long the gemeente would wait, the retour leaves in time (OP090): three working days, an hour to spare.
#[test]
fn it_waits_no_longer_than_the_retour_is_due() {
    let gateway = open(60 * 24 * 30);
    play(&gateway, Step::Stop).unwrap();
    let entry = gateway.engine.journal().read_all(Position::START).nth(1).unwrap().unwrap();
    let Record::Bericht(bericht) = Record::decode(entry.kind, entry.version, &entry.payload).unwrap() else {
        panic!("no message")
    };
    // 25 November 2026 is a Wednesday; the third working day after it is Monday the 30th.
    let until: Timestamp = "2026-11-30T22:00:00Z".parse().unwrap();
    assert_eq!(bericht.uitspraak, Uitspraak::Geparkeerd { tot: until.as_microsecond() });
    gateway.stop();
}

/// What is wrong for another reason than its order does not wait; nor does one more than may wait.
#[test]
fn what_would_be_refused_anyway_does_not_wait() {
    let gateway = open(60);
    let wmo305 = |name: String, status| {
        let one = order(100_101);
        wmo305(envelope(&name), &PERSON, &one, &[(date("2026-11-02"), status)]).unwrap().encode()
    };
    gateway.send("hvb", wmo305("D".to_owned(), "3")).unwrap();
    assert_eq!(retours(&gateway, "WMO306"), [["9063"]]);
    for number in 0..=GEPARKEERD_MAX {
        gateway.send("hvb", wmo305(format!("S{number}"), "1")).unwrap();
    }
    assert_eq!(retours(&gateway, "WMO306"), [["9063"], ["9019"]]);
    // The first takes the place, the others come second.
    play(&gateway, Step::Order).unwrap();
    let after = retours(&gateway, "WMO306");
    assert_eq!(after.len(), 2 + GEPARKEERD_MAX);
    assert_eq!(after[2], [] as [&str; 0]);
    assert!(after[3..].iter().all(|codes| *codes == ["9074", "9326"]), "{after:?}");
    gateway.stop();
}

/// The policy that parks makes no difference to what it decided; one that does not shows what it would have refused.
#[test]
fn what_if_knows_of_parking() {
    let gateway = open(60);
    for step in [Step::Stop, Step::Start, Step::Order] {
        play(&gateway, step).unwrap();
    }
    let ask = |policy: &str| {
        let mut found = Vec::new();
        let policy = Policy::read(policy).unwrap();
        let (journal, schemas) = (gateway.engine.journal(), gateway.engine.schemas());
        what_if(&policy, journal, schemas, &mut |different| found.push(different), &mut |_| {}).unwrap();
        found
    };
    assert_eq!(ask("[beleid]\nparkeertijd_minuten = 30\n"), []);
    let found = ask("");
    let [stop, start] = &found[..] else { panic!("{found:?}") };
    for (different, code) in [(stop, "9069"), (start, "9019")] {
        let What::Uitspraak { was, zou, .. } = &different.what else { panic!("{different:?}") };
        assert!(matches!(was, Uitspraak::Geparkeerd { .. }));
        assert!(format!("{zou:?}").contains(code), "{zou:?}");
    }
    gateway.stop();
}

/// The steps of a story in which everything comes too early; each can be done again and then changes nothing.
const EARLY: [Step; 5] = [Step::Stop, Step::Start, Step::StartAgain, Step::Order, Step::OrderRetour];

fn play_early(gateway: &Gateway) -> Vec<Result<Receipt, Refusal>> {
    EARLY.iter().map(|step| play(gateway, *step).map(|sent| sent.unwrap().0)).collect()
}

/// The power goes at every operation of the disk: what was acknowledged is there once, what waited has exactly one
/// retour, and the journal alone gives the ledger. The last judgements are made when the gateway starts again.
#[test]
fn a_power_cut_anywhere_leaves_one_retour_for_each() {
    let disk = SimulatedDisk::new(0);
    let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
    let gateway = start(&disk, &ledger, 60).unwrap();
    play_early(&gateway);
    let (all, expected) = (disk.operations(), gateway.toewijzingen());
    gateway.stop();
    for at in 0..all {
        let disk = SimulatedDisk::new(at);
        disk.fail(Fault::Crash { at });
        let kept = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
        let mut acknowledged = Vec::new();
        if let Ok(gateway) = start(&disk, &kept, 60) {
            acknowledged = play_early(&gateway);
            gateway.engine.stop();
        }
        disk.restart();
        let lost = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
        let gateway = start(&disk, if at % 2 == 0 { &kept } else { &lost }, 60).unwrap();
        let again: Vec<_> = play_early(&gateway).into_iter().map(Result::unwrap).collect();
        for (before, after) in acknowledged.into_iter().zip(&again) {
            let Ok(before) = before else { continue };
            assert!(after.dubbel && after.id == before.id, "crash at {at}: {after:?} after {before:?}");
        }
        assert!(gateway.recorded().values().all(|count| *count == 1), "crash at {at}");
        assert_eq!(gateway.toewijzingen(), expected, "crash at {at}");
        let (starts, stops) = (retours(&gateway, "WMO306"), retours(&gateway, "WMO308"));
        assert_eq!((starts.len(), stops.len()), (2, 1), "crash at {at}: {starts:?} {stops:?}");
        assert_eq!(gateway.ledger.scan(&keys::alle_geparkeerd(None)).count(), 0, "crash at {at}");
        gateway.stop();
    }
}

/// What arrives together is decided in one batch: a message that waits is judged from that batch, before it is on disk.
#[test]
fn what_arrives_together_is_judged_together() {
    let gateway = open(60);
    let (one, begin, end) = (order(100_101), date("2026-11-02"), date("2026-11-20"));
    let messages = [
        ("hvb", wmo307(envelope("H307"), &PERSON, &one, begin, end, "19").unwrap().encode()),
        ("hvb", wmo305(envelope("H305"), &PERSON, &one, &[(begin, "1")]).unwrap().encode()),
        ("backoffice", wmo301(envelope("T301"), &PERSON, &one).unwrap().encode()),
    ];
    // While the loop is busy with others, these wait in its queue and are taken up together.
    let mut all: Vec<(&str, Vec<u8>)> = (1..40).map(|number| ("backoffice", numbered(number))).collect();
    all.extend(messages);
    assert!(gateway.send_at_once(&all).iter().all(Result::is_ok));
    let approved = [Vec::<String>::new()];
    assert_eq!(
        (retours(&gateway, "WMO306"), retours(&gateway, "WMO308")),
        (approved.to_vec(), approved.to_vec())
    );
    gateway.stop();
}

/// Opened without its configuration, for an operator's acts, the engine has no policy to judge by: what waits, waits.
#[test]
fn without_its_policy_nothing_is_judged() {
    let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
    let disk = SimulatedDisk::new(6);
    let mut strict = parking(60);
    for gemeente in strict.gemeenten.values_mut() {
        gemeente.beleid.wacht_op_bevestiging = true;
    }
    let gateway =
        Gateway::run_under(open_journal(&disk).unwrap(), Arc::clone(&ledger), strict.clone()).unwrap();
    for step in [Step::Order, Step::Start] {
        play(&gateway, step).unwrap();
    }
    assert_eq!(retours(&gateway, "WMO306"), [] as [Vec<String>; 0], "D9: it waits for the 302");
    gateway.stop();
    for settings in [Settings::default(), strict] {
        let journal = open_journal(&disk).unwrap();
        let gateway = Gateway::run_under(journal, Arc::clone(&ledger), settings).unwrap();
        assert_eq!(gateway.ledger.scan(&keys::alle_geparkeerd(None)).count(), 1);
        gateway.stop();
    }
    let gateway = start(&disk, &ledger, 60).unwrap();
    gateway.wait_for(|gateway| !gateway.outgoing("WMO306").is_empty());
    assert_eq!(
        retours(&gateway, "WMO306"),
        [Vec::<String>::new()],
        "under a policy that does not wait for it"
    );
    gateway.stop();
}
