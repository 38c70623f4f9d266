//! A journal that has lost entries at its end, with a ledger that still stands for them: every command says so that could
//! make somebody believe that all is well, and no backup that has them is written over.

use serde_json::json;

use crate::harness::{Envelope, HVB, Klant, LINDE, Order, Site, iwmo, snapshot, wmo301};

/// The journal is put back to a backup from before the last entries, and the ledger stays as it was.
#[test]
fn entries_that_are_gone_are_told_and_their_backup_is_kept() {
    let site = Site::new();
    let copies = (site.path("earlier"), site.path("later"), site.path("new"));
    let [earlier, later, new] = [&copies.0, &copies.1, &copies.2].map(|path| path.to_str().unwrap());
    site.start().stop();
    site.iwmo(&["store", "backup", "--to", earlier]).exits(0);
    site.start().stop();
    site.iwmo(&["store", "backup", "--to", later]).exits(0);
    assert!(site.iwmo(&["status", "--format", "json"]).json()[0]["lost"].is_null());
    let journal = site.data().join("journal");
    std::fs::remove_dir_all(&journal).unwrap();
    std::fs::create_dir(&journal).unwrap();
    for file in std::fs::read_dir(&copies.0).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), journal.join(file.file_name())).unwrap();
    }

    // The file ends between two entries: nothing in the journal itself is wrong.
    let verified = site.iwmo(&["journal", "verify"]).exits(1).out;
    assert!(verified.contains("entries that were acknowledged are missing"), "{verified}");
    assert!(!verified.contains("de keten is heel"), "{verified}");
    let verified = site.iwmo(&["journal", "verify", "--format", "json"]).exits(1).json().remove(0);
    assert_eq!((&verified["valid"], &verified["faults"]), (&json!(false), &json!([])));
    assert!(verified["lost"].as_str().is_some_and(|lost| lost.contains("0000:")), "{verified}");

    let screen = site.iwmo(&["status"]).exits(1);
    assert!(screen.out.contains("entries that were acknowledged are missing"), "{}", screen.out);
    assert!(site.iwmo(&["status", "--format", "json"]).exits(1).json()[0]["lost"].is_string());
    // What is left is shown.
    for arguments in [&["toewijzing", "list"] as &[&str], &["outbox", "list"], &["stats"]] {
        let run = site.iwmo(arguments).exits(0);
        assert!(run.err.contains("entries that were acknowledged are missing"), "{arguments:?}: {}", run.err);
    }
    // A rebuild would wipe out what shows it, and is not advised.
    let replayed = site.iwmo(&["replay", "--verify"]).exits(1).out;
    assert!(replayed.contains("entries that were acknowledged are missing"), "{replayed}");
    assert!(!replayed.contains("iwmo replay --data DIR"), "{replayed}");
    site.iwmo(&["replay"]).exits(2);

    let kept = snapshot(&copies.1);
    let refused = site.iwmo(&["store", "backup", "--to", later]).exits(2).err;
    assert!(refused.contains("which the journal does not have; nothing was changed"), "{refused}");
    assert!(refused.contains("iwmo store check"), "{refused}");
    assert!(snapshot(&copies.1) == kept, "the backup was changed");
    // What is left is copied all the same, and not as if all were well.
    let copied = site.iwmo(&["store", "backup", "--to", new]).exits(1).out;
    assert!(copied.contains("bevestigde regels zijn weg"), "{copied}");
    let copied = site.iwmo(&["store", "backup", "--to", new, "--format", "json"]).exits(1).json().remove(0);
    assert_eq!(copied["ledger"]["state"], "ahead", "{copied}");

    std::fs::remove_dir_all(&journal).unwrap();
    iwmo(["store", "restore", "--from", later, "--data", site.data().to_str().unwrap()]).exits(0);
    site.start().stop();
    site.iwmo(&["store", "backup", "--to", later]).exits(0);
    assert!(site.iwmo(&["status", "--format", "json"]).json()[0]["lost"].is_null());
    site.verify();
}

/// What an operator does to a store that no gateway runs on is on record with who and why, and not done without a reason.
#[test]
fn what_is_done_to_a_stopped_store_is_on_record() {
    let site = Site::new();
    let copy = site.path("copy");
    let audit = || site.iwmo(&["audit", "--format", "json"]).exits(0).json();
    site.start().stop();
    site.iwmo(&["keys", "rotate"]).exits(2);
    assert_eq!(audit(), [] as [serde_json::Value; 0]);
    let reason = ["--reason", "a laptop was lost"];
    let status = site.iwmo(&["keys", "rotate", reason[0], reason[1], "--format", "json"]).exits(0).json();
    let found = audit();
    let [act] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&act["wat"], &act["reden"]), (&json!("sleutels_vernieuwd"), &json!(reason[1])));
    assert!(act["tekst"].as_str().unwrap().ends_with(status[0]["master"].as_str().unwrap()), "{act}");
    assert!(act["door"]["operator"]["uid"].is_number(), "{act}");
    site.verify();

    site.iwmo(&["store", "backup", "--to", copy.to_str().unwrap()]).exits(0);
    site.start().stop();
    let last = site.iwmo(&["journal", "list", "--format", "json"]).exits(0).json().pop().unwrap();
    let journal = site.data().join("journal");
    std::fs::remove_dir_all(&journal).unwrap();
    std::fs::create_dir(&journal).unwrap();
    for file in std::fs::read_dir(&copy).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), journal.join(file.file_name())).unwrap();
    }
    site.iwmo(&["replay", "--accept-loss"]).exits(2);
    site.iwmo(&["replay", "--accept-loss", "--reason", " "]).exits(2);
    assert!(site.iwmo(&["status"]).exits(1).out.contains("entries that were acknowledged are missing"));
    site.iwmo(&["replay", "--accept-loss", "--reason", "there is no newer copy"]).exits(0);
    let found = audit();
    let act = found.iter().find(|act| act["wat"] == "verlies_aanvaard").unwrap();
    assert_eq!(act["reden"], "there is no newer copy");
    assert!(act["text"].as_str().unwrap().contains(last["entry"].as_str().unwrap()), "{act}");
    site.verify();
    // Nothing is lost now: there is nothing to accept.
    site.iwmo(&["replay", "--accept-loss", "--reason", "once more"]).exits(0);
    assert_eq!(audit().len(), found.len());
}

/// A store in the folder of its backup would be lost with it.
#[test]
fn nothing_is_put_back_into_the_folder_of_the_backup() {
    let site = Site::new();
    site.start().stop();
    let copy = site.path("copy");
    site.iwmo(&["store", "backup", "--to", copy.to_str().unwrap()]).exits(0);
    for data in [copy.clone(), copy.join("a/b")] {
        let restored =
            iwmo(["store", "restore", "--from", copy.to_str().unwrap(), "--data", data.to_str().unwrap()]);
        let said = restored.exits(2).err;
        assert!(said.contains("is in the folder of the backup"), "{said}");
    }
    assert_eq!(std::fs::read_dir(&copy).unwrap().count(), 1);
}

/// The keys are put back from a copy that is older than the journal, and then not at all.
#[tokio::test]
async fn keys_that_do_not_open_the_journal_are_told() {
    let site = Site::new();
    let check = |code: i32| site.iwmo(&["store", "check", "--format", "json"]).exits(code).json().remove(0);
    let mut daemon = site.start();
    daemon.stop();
    assert_eq!(check(0)["keys"]["state"], "right");
    let (keys, older) = (site.data().join("keys"), site.path("older"));
    std::fs::create_dir(&older).unwrap();
    for number in [1, 2] {
        daemon = site.start();
        let agb = [HVB, LINDE][number as usize - 1].1.unwrap();
        let name = format!("T{number}");
        let message = wmo301(&Envelope::new("0222", agb, &name), &Klant::new(number), &Order::new(number));
        site.backoffice().post(&daemon.backoffice, &message).await.receipt();
        daemon.stop();
        if number == 1 {
            for file in std::fs::read_dir(&keys).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), older.join(file.file_name())).unwrap();
            }
        }
    }
    assert_eq!(check(0)["keys"]["state"], "right");
    let whole = site.path("whole");
    std::fs::rename(&keys, &whole).unwrap();
    std::fs::rename(&older, &keys).unwrap();
    let checked = check(1);
    let fault = checked["keys"]["fault"].as_str().unwrap();
    assert!(fault.contains("the key that it is sealed under is not in the key file"), "{checked}");
    assert_eq!((&checked["good"], &checked["faults"]), (&json!(false), &json!([])));
    std::fs::rename(&keys, &older).unwrap();
    let words = site.iwmo(&["store", "check"]).exits(1).out;
    assert!(words.contains("the keys of this journal are not here") && words.contains("Put back"), "{words}");
    std::fs::rename(&whole, &keys).unwrap();
    assert!(site.iwmo(&["store", "check"]).exits(0).out.contains("sleutels: openen elke regel"));
}

/// What is damaged is told with what to do: rows of the ledger, entries of the journal, and the key that evidence is signed with.
#[test]
fn what_is_damaged_is_told_with_what_to_do() {
    let site = Site::new();
    site.start().stop();
    // The last entry would be taken for a write that was cut short.
    site.start().stop();
    let wrong = |arguments: &[&str], code: i32, advice: &str| {
        let run = site.iwmo(arguments).exits(code);
        let told = run.out + &run.err;
        assert!(told.contains(advice), "{arguments:?}: {told}");
    };
    let flip = |path: &std::path::Path, at: usize| {
        let mut bytes = std::fs::read(path).unwrap();
        bytes[at] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    site.iwmo(&["keys", "evidence"]).exits(0);
    let key = site.data().join("keys/evidence.key");
    let whole = std::fs::read(&key).unwrap();
    std::fs::write(&key, &whole[..whole.len() / 2]).unwrap();
    wrong(&["keys", "evidence"], 2, "copy of the folder of the keys");
    std::fs::write(&key, whole).unwrap();

    let rows = snapshot(&site.data().join("ledger"));
    let (table, _) = rows.iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
    flip(std::path::Path::new(table), rows[table].len() / 3);
    let verified = site.iwmo(&["replay", "--verify"]);
    // What is flipped may be a byte that is never read.
    if verified.out.contains("wijkt af") {
        wrong(&["replay", "--verify"], 1, "iwmo replay --data DIR");
    } else {
        verified.exits(0);
    }
    site.iwmo(&["replay"]).exits(0);
    site.iwmo(&["replay", "--verify"]).exits(0);

    let segment = std::fs::read_dir(site.data().join("journal"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "iwj"))
        .unwrap();
    flip(&segment, 4096 + 150);
    for arguments in
        [&["journal", "list"] as &[&str], &["journal", "export"], &["audit"], &["journal", "tail"]]
    {
        wrong(arguments, 2, "Keep a copy of the directory");
    }
}
