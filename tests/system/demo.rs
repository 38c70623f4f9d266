//! `iwmo demo`, and that the other commands agree with what it told.

use std::time::{Duration, Instant};

use crate::harness::{Site, iwmo, json_lines};

/// What the issue of the demonstration promises with `--fast`.
const FAST: Duration = Duration::from_secs(10);

/// The demonstration ends well and in time, each story is told, and every other command agrees with it.
#[test]
fn the_demonstration_is_what_the_other_commands_see() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let data = data.to_str().unwrap();
    let start = Instant::now();
    let demo = iwmo(["demo", "--fast", "--data", data]).exits(0);
    assert!(start.elapsed() < FAST, "{:?}", start.elapsed());
    assert_eq!(demo.err, "");
    let stories: Vec<&str> =
        demo.out.lines().filter(|line| line.contains("): ") && !line.starts_with(' ')).collect();
    assert_eq!(
        stories,
        [
            "Doetinchem (0222): van toewijzing tot stop",
            "Oost Gelre (1586): tijdelijke stop en hervatting",
            "Voorst (0285): een start die wordt gecorrigeerd",
            "Doetinchem (0222): twee aanbieders, een eigen bijdrage",
            "Doetinchem (0222): een start zonder toewijzing wordt afgekeurd",
            "Doetinchem (0222): een bericht dat het schema breekt",
            "Oost Gelre (1586): een aanvraag en een verzoek om wijziging",
            "Doetinchem (0222): een declaratie",
        ]
    );
    assert!(demo.out.contains("Alle 60 stappen kwamen uit zoals het hoort."), "{}", demo.out);
    assert!(!demo.out.contains("FOUT"));
    for next in [
        format!("  iwmo toewijzing show 0222/222001 --data {data}"),
        format!("  iwmo journal verify --data {data}"),
        format!("  iwmo replay --verify --data {data}"),
    ] {
        assert!(demo.out.lines().any(|line| line == next), "{next}");
    }

    let list = iwmo(["toewijzing", "list", "--format", "json", "--data", data]).exits(0).json();
    let states: Vec<(&str, u64, &str, &str)> = list
        .iter()
        .map(|row| {
            assert_eq!(row["status"], "BEVESTIGD");
            assert_eq!(row["anomalieen"].as_array().unwrap().len(), 0);
            let text = |name: &str| row[name].as_str().unwrap();
            let levering = row["levering"]["status"].as_str().unwrap();
            (text("gemeente"), row["nummer"].as_u64().unwrap(), text("aanbieder"), levering)
        })
        .collect();
    assert_eq!(
        states,
        [
            ("0222", 222_001, "98000001", "BEEINDIGD"),
            ("0222", 222_002, "98000001", "BEEINDIGD"),
            ("0222", 222_003, "98000002", "BEEINDIGD"),
            ("0285", 28_501, "98000001", "GESTART"),
            ("1586", 158_601, "98000001", "GESTART"),
            ("1586", 158_602, "98000001", "NIET_GESTART"),
        ]
    );

    let show =
        iwmo(["toewijzing", "show", "0222/222001", "--format", "json", "--data", data]).exits(0).json();
    let timeline = show[0]["tijdlijn"].as_array().unwrap();
    let mut kinds: Vec<&str> = timeline.iter().map(|line| line["bericht"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    // Each that is sent stands there twice: made, and delivered.
    #[rustfmt::skip]
    assert_eq!(kinds, [
        "WMO301", "WMO301", "WMO302", "WMO305", "WMO306", "WMO307", "WMO308", "WMO323", "WMO325", "WMO325",
        "WMO401", "WMO401", "WMO402", "WMO403", "WMO403", "WMO404",
    ]);
    let periods = show[0]["eigen_bijdrage"].as_array().unwrap();
    assert_eq!(periods.len(), 1);
    assert_eq!(periods[0]["start"], show[0]["levering"]["begindatum"]);
    assert_eq!(periods[0]["stop"], show[0]["levering"]["einddatum"]);

    // The person with two toewijzingen has one period: from the first start to the last stop.
    let show =
        |name: &str| iwmo(["toewijzing", "show", name, "--format", "json", "--data", data]).exits(0).json();
    let (first, second) = (show("0222/222002"), show("0222/222003"));
    let periods = first[0]["eigen_bijdrage"].as_array().unwrap();
    assert_eq!(first[0]["eigen_bijdrage"], second[0]["eigen_bijdrage"]);
    assert_eq!(periods.len(), 1);
    assert_eq!(periods[0]["start"], first[0]["levering"]["begindatum"]);
    assert_eq!(periods[0]["stop"], second[0]["levering"]["einddatum"]);
    // The temporary stop made two; the corrected start kept one.
    assert_eq!(show("1586/158601")[0]["eigen_bijdrage"].as_array().unwrap().len(), 2);
    assert_eq!(show("0285/28501")[0]["eigen_bijdrage"].as_array().unwrap().len(), 1);

    let journal = iwmo(["journal", "list", "--format", "json", "--data", data]).exits(0).json();
    let of = |kind: &str, what: &str| {
        journal.iter().filter(|entry| entry["bericht"] == kind && entry["uitkomst"] == what).count()
    };
    assert_eq!(of("WMO301", "goedgekeurd"), 7);
    assert_eq!(of("WMO302", "verwerkt"), 7);
    let said = |kind: &str, word: &str| {
        journal.iter().filter(|entry| entry["bericht"] == kind && entry["retour"] == word).count()
    };
    assert_eq!(
        (said("WMO302", "goedgekeurd"), said("WMO320", "goedgekeurd"), said("WMO301", "goedgekeurd")),
        (7, 1, 0)
    );
    assert_eq!(of("WMO305", "goedgekeurd"), 7);
    assert_eq!(of("WMO307", "goedgekeurd"), 4);
    for kind in ["WMO315", "WMO317", "WMO319", "WMO323", "WMO325"] {
        assert_eq!(of(kind, "goedgekeurd"), 1, "{kind}");
    }
    // A moment says its offset, and is taken as it is shown.
    let last = journal.iter().map(|entry| entry["tijd"].as_str().unwrap()).max().unwrap();
    let offset = &last[19..];
    assert!(["+01:00", "+02:00"].contains(&offset) && last.as_bytes()[10] == b'T', "{last}");
    let listed = |option: &str, moment: &str| {
        iwmo(["journal", "list", option, moment, "--format", "json", "--data", data]).exits(0).json().len()
    };
    let first = journal[0]["tijd"].as_str().unwrap();
    assert_eq!((listed("--from", first), listed("--until", first)), (journal.len(), 0));
    iwmo(["toewijzing", "list", "--until", last, "--data", data]).exits(0);
    iwmo(["audit", "--from", first, "--until", last, "--data", data]).exits(0);

    let refused: Vec<_> = journal.iter().filter(|entry| entry["uitkomst"] == "afgekeurd").collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["retourcodes"], serde_json::json!(["9019"]));
    let id = refused[0]["entry"].as_str().unwrap();
    let one = iwmo(["journal", "show", id, "--format", "json", "--data", data]).exits(0).json();
    assert_eq!(one[0]["hash"], refused[0]["hash"]);
    assert_eq!(one[0]["uitgaand"], serde_json::json!(["WMO306"]));
    let xml = iwmo(["journal", "show", id, "--xml", "--data", data]).exits(0);
    assert!(xml.out.contains(">222999<"), "the message as it was received");

    let verified = iwmo(["journal", "verify", "--format", "json", "--data", data]).exits(0).json();
    assert_eq!(verified[0]["valid"], true);
    assert_eq!(verified[0]["entries"], journal.len());
    assert_eq!(iwmo(["outbox", "list", "--format", "json", "--data", data]).exits(0).out, "");
    let sent = iwmo(["outbox", "list", "--all", "--format", "json", "--data", data]).exits(0).json();
    let made: usize = journal.iter().map(|entry| entry["uitgaand"].as_array().unwrap().len()).sum();
    assert_eq!(sent.len(), made);
    assert!(sent.iter().all(|row| row["stand"] == "bezorgd"), "{sent:?}");
    let replay = iwmo(["replay", "--verify", "--format", "json", "--data", data]).exits(0).json();
    assert_eq!((&replay[0]["equal"], &replay[0]["entries"]), (&true.into(), &journal.len().into()));

    // Rebuilt from the journal, the ledger says the same.
    iwmo(["replay", "--data", data]).exits(0);
    let again = iwmo(["toewijzing", "list", "--format", "json", "--data", data]).exits(0);
    assert_eq!(json_lines(&again.out), list);
    let verified = iwmo(["replay", "--verify", "--format", "json", "--data", data]).exits(0).json();
    assert_eq!(verified, replay, "byte for byte the same ledger");

    // A second demonstration replaces the first.
    iwmo(["demo", "--fast", "--data", data]).exits(0);
    let journal_again = iwmo(["journal", "list", "--format", "json", "--data", data]).exits(0).json();
    let starts = journal_again.iter().filter(|entry| entry["soort"] == "start").count();
    assert_eq!(starts, 1, "the second demonstration starts from nothing");
    assert_eq!(iwmo(["toewijzing", "list", "--format", "json", "--data", data]).exits(0).json(), list);
    iwmo(["replay", "--verify", "--data", data]).exits(0);
}

/// A folder with something else in it is refused and stays as it is.
#[test]
fn the_demonstration_leaves_a_foreign_folder_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter.txt"), "kept").unwrap();
    std::fs::create_dir(folder.path().join("journal")).unwrap();
    std::fs::write(folder.path().join("journal/000.log"), "of another").unwrap();
    let run = iwmo(["demo", "--fast", "--data", folder.path().to_str().unwrap()]).exits(2);
    assert_eq!(run.out, "");
    assert!(run.reason().contains("the folder is not empty and holds no demonstration"), "{}", run.err);
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["journal", "letter.txt"]);
    assert_eq!(std::fs::read(folder.path().join("letter.txt")).unwrap(), b"kept");
    assert_eq!(std::fs::read(folder.path().join("journal/000.log")).unwrap(), b"of another");
}

/// A gateway that somebody tries out on the store of a demonstration keeps it.
#[test]
fn a_store_in_use_is_not_replaced() {
    let site = Site::new();
    let daemon = site.start();
    std::fs::write(site.data().join("iwmo-demo"), "").unwrap();
    let refused = site.iwmo(&["demo", "--fast"]).exits(2).err;
    assert!(refused.contains("is in use") && refused.contains("stop the gateway"), "{refused}");
    daemon.stop();
    assert_eq!(site.iwmo(&["journal", "list"]).exits(0).out.lines().count(), 1);
    site.verify();
}
